//! Synthetic data: deterministic or drawn from a seed.

use super::error::DataError;
use super::random::generator;
use super::{Dataset, MOST_NUMBERS, Split, Targets};
use candle_core::{Device, Tensor};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use std::f64::consts::PI;

/// Regression on a Chebyshev polynomial: x on `n` equally spaced points of [−1, 1], y = `T_degree(x)`. Both
/// have shape `[n, 1]`.
///
/// # Errors
/// `n` < 2 or `degree` < 1.
pub fn chebyshev(degree: usize, n: usize) -> Result<Dataset, DataError> {
    at_least("data.n", n, 2)?;
    at_least("data.degree", degree, 1)?;
    let x: Vec<f64> = (0..n).map(|i| -1.0 + 2.0 * i as f64 / (n - 1) as f64).collect();
    let y: Vec<f64> = x.iter().map(|&x| chebyshev_polynomial(degree, x)).collect();
    let column = |v: Vec<f64>| Tensor::from_vec(v, (n, 1), &Device::Cpu);
    Ok(Dataset { train: Split { x: column(x)?, targets: Targets::Regression(column(y)?) }, test: None })
}

/// `T_0 = 1`, `T_1 = x`, `T_{j+1} = 2x T_j − T_{j−1}`.
fn chebyshev_polynomial(degree: usize, x: f64) -> f64 {
    let (mut previous, mut current) = (1.0, x);
    if degree == 0 {
        return previous;
    }
    for _ in 1..degree {
        (previous, current) = (current, 2.0 * x * current - previous);
    }
    current
}

/// Two moons: two interleaved half circles of unit radius. ⌈n/2⌉ points lie on `(cos t, sin t)` (class 0) and
/// the others on `(1 − cos t, ½ − sin t)` (class 1), with t equally spaced on [0, π] and Gaussian noise of
/// standard deviation `noise` on each coordinate. Binary classification; inputs have shape `[n, 2]`. The test
/// split consists of another n points from the same seed.
///
/// # Errors
/// `n` < 2, or `noise` is negative or not finite.
pub fn moons(n: usize, noise: f64, seed: u64) -> Result<Dataset, DataError> {
    at_least("data.n", n, 2)?;
    if !(noise >= 0.0 && noise.is_finite()) {
        return Err(DataError::Setting {
            key: "data.noise",
            value: noise.to_string(),
            allowed: "a finite number, 0 or more".into(),
        });
    }
    let mut rng = generator(seed);
    let train = draw_moons(n, noise, &mut rng)?;
    let test = draw_moons(n, noise, &mut rng)?;
    Ok(Dataset { train, test: Some(test) })
}

fn draw_moons(n: usize, noise: f64, rng: &mut impl Rng) -> Result<Split, DataError> {
    let first = n.div_ceil(2);
    let mut x = Vec::with_capacity(2 * n);
    let mut labels = Vec::with_capacity(n);
    for i in 0..n {
        let (on_second, j, count) = if i < first { (false, i, first) } else { (true, i - first, n - first) };
        let t = if count > 1 { PI * j as f64 / (count - 1) as f64 } else { PI / 2.0 };
        let point = if on_second { [1.0 - t.cos(), 0.5 - t.sin()] } else { [t.cos(), t.sin()] };
        x.extend(point.map(|v| v + noise * normal(rng)));
        labels.push(i64::from(on_second));
    }
    Ok(Split { x: Tensor::from_vec(x, (n, 2), &Device::Cpu)?, targets: Targets::Binary { labels } })
}

/// Regression on noise: x ~ N(0, 1) of shape `[n, dimension]` and y ~ N(0, 1) of shape `[n, 1]`.
///
/// # Errors
/// `n` or `dimension` is 0, or their product exceeds [`MOST_NUMBERS`].
pub fn random_targets(n: usize, dimension: usize, seed: u64) -> Result<Dataset, DataError> {
    at_least("data.n", n, 1)?;
    at_least("data.dimension", dimension, 1)?;
    let numbers = n.saturating_mul(dimension);
    if numbers > MOST_NUMBERS {
        let allowed = format!(
            "with data.dimension = {dimension} that is {numbers} numbers; data.n · data.dimension is at most {MOST_NUMBERS}"
        );
        return Err(DataError::Setting { key: "data.n", value: n.to_string(), allowed });
    }
    let mut rng = generator(seed);
    let mut draw = |count: usize| -> Vec<f64> { (0..count).map(|_| normal(&mut rng)).collect() };
    let x = Tensor::from_vec(draw(numbers), (n, dimension), &Device::Cpu)?;
    let y = Tensor::from_vec(draw(n), (n, 1), &Device::Cpu)?;
    Ok(Dataset { train: Split { x, targets: Targets::Regression(y) }, test: None })
}

fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

fn at_least(key: &'static str, value: usize, least: usize) -> Result<(), DataError> {
    if value >= least {
        Ok(())
    } else {
        Err(DataError::Setting {
            key,
            value: value.to_string(),
            allowed: format!("a whole number, {least} or more"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(t: &Tensor) -> Vec<f64> {
        t.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn chebyshev_polynomials_are_cosines() {
        for degree in 1..9 {
            let data = chebyshev(degree, 20).unwrap().train;
            let Targets::Regression(y) = &data.targets else { panic!("regression") };
            let x = values(&data.x);
            assert_eq!((x[0], x[19], x.len()), (-1.0, 1.0, 20));
            for (x, y) in x.iter().zip(values(y)) {
                assert!((y - (degree as f64 * x.acos()).cos()).abs() < 1e-13);
            }
        }
        assert!(chebyshev(3, 1).is_err() && chebyshev(0, 5).is_err());
    }

    #[test]
    fn moons_interleave_and_their_noise_has_the_size_asked_for() {
        let clean = moons(201, 0.0, 1).unwrap().train;
        let Targets::Binary { labels } = &clean.targets else { panic!("binary") };
        assert_eq!(labels.iter().sum::<i64>(), 100);
        let x = values(&clean.x);
        for (i, p) in x.chunks(2).enumerate() {
            let centre = if labels[i] == 0 { [0.0, 0.0] } else { [1.0, 0.5] };
            assert!(((p[0] - centre[0]).hypot(p[1] - centre[1]) - 1.0).abs() < 1e-12);
        }
        let noisy = moons(201, 0.1, 1).unwrap();
        let spread = x.iter().zip(values(&noisy.train.x)).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / 402.0;
        assert!((spread.sqrt() - 0.1).abs() < 0.015, "{spread}");
        assert_ne!(values(&noisy.train.x), values(&noisy.test.unwrap().x));
        assert!(moons(10, f64::NAN, 1).is_err());
    }

    #[test]
    fn random_targets_follow_the_seed() {
        let draw = |seed| values(&random_targets(50, 8, seed).unwrap().train.x);
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
        let x = draw(3);
        let mean = x.iter().sum::<f64>() / 400.0;
        let var = x.iter().map(|v| v * v).sum::<f64>() / 400.0;
        let message = random_targets(1_000_000, 10_000, 0).unwrap_err().to_string();
        assert!(message.contains("data.n = 1000000") && message.contains("268435456"), "{message}");
        assert!(mean.abs() < 0.2 && (var - 1.0).abs() < 0.3, "{mean} {var}");
    }
}
