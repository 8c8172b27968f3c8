//! Seeded randomness of data: `ChaCha8` on a stream of its own, so that data and initial weights drawn from one
//! seed are independent.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The stream of the generator that data is drawn from; stream 0 is left to initial weights.
const DATA_STREAM: u64 = 1;

/// The generator of data for `seed`: the same numbers on every machine.
pub fn generator(seed: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(DATA_STREAM);
    rng
}

/// Replaces each label, with probability `p`, by a uniformly random one of `count` classes (which may be the true
/// one). A larger `p` at the same seed replaces the same labels and further ones.
pub fn replace_labels(labels: &mut [i64], p: f64, count: usize, seed: u64) {
    let mut rng = generator(seed);
    for label in labels {
        let replace = rng.random::<f64>() < p;
        let other = rng.random_range(0..i64::try_from(count).unwrap_or(i64::MAX));
        if replace {
            *label = other;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_replaces_the_share_asked_for_and_is_nested_in_p() {
        let clean = vec![3_i64; 4000];
        let noisy = |p, seed| {
            let mut y = clean.clone();
            replace_labels(&mut y, p, 10, seed);
            y
        };
        let changed = |y: &[i64]| y.iter().filter(|&&v| v != 3).count() as f64 / 4000.0;
        assert_eq!(noisy(0.0, 1), clean);
        // Of the replaced ones a tenth stay what they were: 0.27 ± 4·0.007.
        assert!((changed(&noisy(0.3, 1)) - 0.27).abs() < 0.028);
        assert!((changed(&noisy(1.0, 1)) - 0.9).abs() < 0.02);
        assert_ne!(noisy(0.3, 1), noisy(0.3, 2));
        let (little, much) = (noisy(0.2, 5), noisy(0.6, 5));
        assert!(little.iter().zip(&much).all(|(a, b)| *a == 3 || a == b));
    }
}
