//! A fixed random projection of weight space to a few hundred dimensions (Johnson–Lindenstrauss). Inner
//! products are preserved up to an error of order `1/√width`.
//!
//! Each parameter is added, with a random sign, to one entry of each of `BLOCKS` blocks (the sparse
//! Johnson–Lindenstrauss transform of Kane and Nelson, 2014). Signs and positions are hashes of the index of
//! the parameter: nothing is stored, and the projection is the same in all runs.

/// Number of entries of a sketch.
pub const WIDTH: usize = 256;

/// Number of blocks, and thus of entries to which each parameter is added.
const BLOCKS: usize = 4;

/// Number of entries of a block; a power of two.
const BLOCK: usize = WIDTH / BLOCKS;

/// A random projection for vectors of a fixed length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sketch {
    dim: usize,
}

impl Sketch {
    /// A projection for vectors of length `dim`.
    pub fn new(dim: usize) -> Self {
        Self { dim }
    }

    /// Number of entries of a sketch.
    pub fn width(&self) -> usize {
        self.dim.min(WIDTH)
    }

    /// Whether the sketch of a vector is the vector itself, which holds for short vectors.
    pub fn is_exact(&self) -> bool {
        self.dim <= WIDTH
    }

    /// Standard deviation of a sketched inner product, in units of the product of the norms, for vectors that
    /// are far from parallel. For parallel vectors it is larger by a factor of √2.
    pub fn error(&self) -> f64 {
        if self.is_exact() { 0.0 } else { 1.0 / (WIDTH as f64).sqrt() }
    }

    /// The sketch of a vector of length `dim`. Shape `[width]`.
    #[expect(clippy::cast_possible_truncation, reason = "a place within a block")]
    pub fn of(&self, x: impl IntoIterator<Item = f64>) -> Vec<f64> {
        if self.is_exact() {
            return x.into_iter().collect();
        }
        let mut sketch = vec![0.0; WIDTH];
        for (i, x) in x.into_iter().enumerate() {
            let mut bits = hash(i as u64);
            for block in sketch.chunks_exact_mut(BLOCK) {
                let place = (bits as usize) % BLOCK;
                block[place] += if bits & BLOCK as u64 == 0 { x } else { -x };
                bits >>= BLOCK.ilog2() + 1;
            }
        }
        for x in &mut sketch {
            *x /= (BLOCKS as f64).sqrt();
        }
        sketch
    }
}

/// 64 pseudo-random bits for a number (splitmix64).
fn hash(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectrum::{dot, norm};
    use rand::{RngExt, SeedableRng};

    #[test]
    fn a_short_vector_is_its_own_sketch() {
        let sketch = Sketch::new(3);
        assert_eq!(sketch.of([1.0, -2.0, 0.5]), [1.0, -2.0, 0.5]);
        assert_eq!((sketch.width(), sketch.error()), (3, 0.0));
    }

    #[test]
    fn it_is_linear() {
        let sketch = Sketch::new(1000);
        let x: Vec<f64> = (0..1000).map(|i| f64::from(i).sin()).collect();
        let y: Vec<f64> = (0..1000).map(|i| f64::from(i).cos()).collect();
        let sum = sketch.of(x.iter().zip(&y).map(|(x, y)| 2.0 * x - y));
        for ((sum, x), y) in sum.iter().zip(sketch.of(x)).zip(sketch.of(y)) {
            assert!((sum - (2.0 * x - y)).abs() < 1e-12);
        }
    }

    const PAIRS: usize = 400;

    /// Mean and root mean square of the error of sketched inner products, in units of [`Sketch::error`].
    fn errors(mut pair: impl FnMut(&mut rand_chacha::ChaCha8Rng) -> [Vec<f64>; 2]) -> (f64, f64) {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let (mut mean, mut square) = (0.0, 0.0);
        for _ in 0..PAIRS {
            let [x, y] = pair(&mut rng);
            let sketch = Sketch::new(x.len());
            let (sx, sy) = (sketch.of(x.iter().copied()), sketch.of(y.iter().copied()));
            let error = (dot(&sx, &sy) - dot(&x, &y)) / (norm(&x) * norm(&y) * sketch.error());
            mean += error / PAIRS as f64;
            square += error * error / PAIRS as f64;
        }
        (mean, square.sqrt())
    }

    #[test]
    fn the_error_of_inner_products_is_what_is_stated() {
        let dense = |rng: &mut rand_chacha::ChaCha8Rng| -> Vec<f64> {
            (0..3466).map(|_| rng.random_range(-1.0..1.0)).collect()
        };
        let (mean, rms) = errors(|rng| [dense(rng), dense(rng)]);
        assert!(mean.abs() < 0.2 && (0.85..1.15).contains(&rms), "dense: {mean} {rms}");
        // a direction with few nonzero parameters, the worst case of a sparse transform
        let few = |rng: &mut rand_chacha::ChaCha8Rng| -> Vec<f64> {
            let mut x = vec![0.0; 3466];
            (0..8).for_each(|_| x[rng.random_range(0..3466)] = rng.random_range(-1.0..1.0));
            x
        };
        let (mean, rms) = errors(|rng| [few(rng), dense(rng)]);
        assert!(mean.abs() < 0.2 && (0.8..1.2).contains(&rms), "few: {mean} {rms}");
        let (mean, rms) = errors(|rng| {
            let x = dense(rng);
            [x.clone(), x]
        });
        assert!(mean.abs() < 0.3 && (1.1..1.7).contains(&rms), "parallel: {mean} {rms}");
    }
}
