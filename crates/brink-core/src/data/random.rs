//! Seeded random numbers for data. Data uses its own stream of the `ChaCha8` generator, so that data and
//! initial weights with the same seed are independent.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Stream of the generator for data; initial weights use stream 0.
const DATA_STREAM: u64 = 1;

/// The random number generator of data for `seed`. Its output is identical on all machines.
pub fn generator(seed: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(DATA_STREAM);
    rng
}

/// Replaces each label with probability `p` by a uniformly random label of `count` classes (possibly the true
/// one). For a fixed seed, the labels replaced at a smaller `p` are also replaced, identically, at a larger
/// `p`.
///
/// # Panics
/// If `count` is 0 and there are labels.
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
        // One tenth of the replaced labels are unchanged: 0.27 ± 4·0.007.
        assert!((changed(&noisy(0.3, 1)) - 0.27).abs() < 0.028);
        assert!((changed(&noisy(1.0, 1)) - 0.9).abs() < 0.02);
        assert_ne!(noisy(0.3, 1), noisy(0.3, 2));
        let (little, much) = (noisy(0.2, 5), noisy(0.6, 5));
        assert!(little.iter().zip(&much).all(|(a, b)| *a == 3 || a == b));
    }
}
