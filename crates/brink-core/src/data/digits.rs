//! The bundled data set of 1,797 handwritten digits, 8×8 pixels (Alpaydin and Kaynak, 1998); see
//! `assets/README.md`.

use super::error::DataError;
use super::images::round;
use super::packed::unpack;
use super::random::replace_labels;
use super::{Dataset, Split, Targets};
use candle_core::{Device, Tensor};

/// Number of images.
pub const COUNT: usize = 1797;
/// Height and width of an image in pixels.
pub const SIDE: usize = 8;
/// Number of pixels of an image.
const PIXELS: usize = SIDE * SIDE;
/// Number of classes.
pub const CLASSES: usize = 10;

/// zlib stream of `COUNT × PIXELS` grey values 0..=16 followed by `COUNT` labels, one byte each.
static COMPRESSED: &[u8] = include_bytes!("../../assets/digits.zlib");

/// Labels of the training images.
#[derive(Clone, Copy, Debug)]
pub enum Labels<'a> {
    /// The true labels, each replaced with probability `p` by a uniformly random label drawn from `seed`.
    Drawn {
        /// Probability of replacement, in [0, 1].
        p: f64,
        /// Seed of the random replacement.
        seed: u64,
    },
    /// Given labels of the first images; at least as many as training images.
    Given(&'a [u8]),
}

/// Loads the first `n` images of the first `classes` digits in the original order, normalized by the mean and
/// the population standard deviation of the pixels of these images. Inputs have shape `[n, 1, 8, 8]`. The
/// test split consists of the remaining images of these digits, with the same normalization and true labels.
///
/// Values are rounded to f32 and converted to f64, so that both precisions use the same data.
///
/// # Errors
/// `n` is 0 or exceeds the number of images, or `classes` is not in 2..=10.
pub fn dataset(n: usize, classes: usize, labels: Labels) -> Result<Dataset, DataError> {
    if !(2..=CLASSES).contains(&classes) {
        return Err(DataError::Setting {
            key: "data.classes",
            value: classes.to_string(),
            allowed: format!("the digits have 2 to {CLASSES} classes"),
        });
    }
    let raw = unpack("assets/digits.zlib", COMPRESSED, COUNT * (PIXELS + 1))?;
    let (pixels, truth) = raw.split_at(COUNT * PIXELS);
    let of_class: Vec<usize> = (0..COUNT).filter(|&i| usize::from(truth[i]) < classes).collect();
    let available = of_class.len();
    let given = match labels {
        Labels::Given(given) => Some(given),
        Labels::Drawn { .. } => None,
    };
    let limit = given.map_or(available, <[u8]>::len).min(available);
    if n == 0 || n > limit {
        let what =
            if given.is_some() { "the set of bundled labels" } else { "the set of handwritten digits" };
        return Err(DataError::TooFewExamples { n, what: what.into(), available: limit });
    }
    let (train, test) = of_class.split_at(n);

    let values =
        |rows: &[usize]| -> Vec<u8> { rows.iter().flat_map(|&i| image(pixels, i)).copied().collect() };
    let (mean, std) = mean_and_std(&values(train));
    let split = |rows: &[usize], labels: Vec<i64>| -> Result<Split, DataError> {
        let x: Vec<f64> = values(rows).iter().map(|&v| round((f64::from(v) - mean) / std)).collect();
        Ok(Split {
            x: Tensor::from_vec(x, (rows.len(), 1, SIDE, SIDE), &Device::Cpu)?,
            targets: Targets::Classes { labels, count: classes },
        })
    };
    let true_labels = |rows: &[usize]| rows.iter().map(|&i| i64::from(truth[i])).collect::<Vec<_>>();
    let train_labels = match labels {
        Labels::Given(given) => given[..n].iter().map(|&y| i64::from(y)).collect(),
        Labels::Drawn { p, seed } => {
            let mut y = true_labels(train);
            replace_labels(&mut y, p, classes, seed);
            y
        }
    };
    let test = if test.is_empty() { None } else { Some(split(test, true_labels(test))?) };
    Ok(Dataset { train: split(train, train_labels)?, test })
}

fn image(pixels: &[u8], i: usize) -> &[u8] {
    &pixels[i * PIXELS..(i + 1) * PIXELS]
}

/// Mean and population standard deviation. The sums are taken over small integers, so that both results are
/// exact up to one rounding each.
fn mean_and_std(values: &[u8]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAN: Labels = Labels::Drawn { p: 0.0, seed: 0 };

    fn labels(split: &Split) -> &[i64] {
        match &split.targets {
            Targets::Classes { labels, .. } => labels,
            other => panic!("classes expected, not {other:?}"),
        }
    }

    #[test]
    fn the_training_images_are_standardized_and_the_rest_is_the_test_split() {
        let data = dataset(500, 10, CLEAN).unwrap();
        let x: Vec<f64> = data.train.x.flatten_all().unwrap().to_vec1().unwrap();
        assert_eq!(data.train.x.dims(), [500, 1, 8, 8]);
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let var = x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64;
        assert!(mean.abs() < 1e-7 && (var - 1.0).abs() < 1e-6, "{mean} {var}");
        assert_eq!(&labels(&data.train)[..12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
        let test = data.test.unwrap();
        assert_eq!(test.x.dims(), [1297, 1, 8, 8]);
        // Class counts of the published set: 178 zeros, …, 180 nines.
        let mut counts = [0; 10];
        for &y in labels(&data.train).iter().chain(labels(&test)) {
            counts[usize::try_from(y).unwrap()] += 1;
        }
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    }

    #[test]
    fn fewer_classes_keep_the_order() {
        let data = dataset(6, 3, CLEAN).unwrap();
        assert_eq!(labels(&data.train), [0, 1, 2, 0, 1, 2]);
        assert!(matches!(data.train.targets, Targets::Classes { count: 3, .. }));
        assert_eq!(data.test.unwrap().x.dims(), [178 + 182 + 177 - 6, 1, 8, 8]);
    }

    #[test]
    fn all_images_leave_no_test_split_and_more_are_refused() {
        assert!(dataset(COUNT, 10, CLEAN).unwrap().test.is_none());
        let error = dataset(1798, 10, CLEAN).unwrap_err().to_string();
        assert!(error.contains("1798") && error.contains("1797"), "{error}");
        assert!(dataset(0, 10, CLEAN).is_err());
        assert!(dataset(5, 11, CLEAN).is_err());
    }
}
