//! A bundled subset of Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017): 3,000 images of clothing in ten
//! classes; see `assets/README.md`.

use super::error::DataError;
use super::images::{CLASSES, PixelScale, Quota, Selection};
use super::packed::unpack;
use super::{Dataset, Split};

/// Number of bundled training images, 250 per class.
pub const TRAIN: usize = 2500;
/// Number of bundled test images, 50 per class.
pub const TEST: usize = 500;
/// Height and width of an image in pixels: 28×28 pixels with a black border of two pixels, so that networks
/// for CIFAR-10 accept these images.
pub const SIDE: usize = 32;

const STORED_SIDE: usize = 28;
const STORED: usize = STORED_SIDE * STORED_SIDE;

/// zlib stream of `TRAIN + TEST` images with grey values 0..=255, row by row, followed by the same number of
/// labels, one byte each.
static COMPRESSED: &[u8] = include_bytes!("../../assets/fashion-mnist.zlib");

/// Mean and standard deviation of the pixels of all 60,000 training images of the complete set, without the
/// border.
const SCALE: PixelScale<1> = PixelScale { mean: [0.286_040_6 * 255.0], std: [0.353_024_24 * 255.0] };

/// Loads the first n/classes training images of each of the first `classes` classes, in the original order.
/// The test split consists of the test images of these classes. Inputs have shape `[n, 1, 32, 32]` and are
/// normalized to `(x − 255·mean)/(255·std)`, rounded to f32 and converted to f64.
///
/// # Errors
/// `classes` is not in 2..=10, or `n` is not a multiple of `classes` between `classes` and 250 times
/// `classes`.
pub fn dataset(selection: Selection) -> Result<Dataset, DataError> {
    selection.check(TRAIN / CLASSES * selection.classes)?;
    let raw = unpack("assets/fashion-mnist.zlib", COMPRESSED, (TRAIN + TEST) * (STORED + 1))?;
    let (pixels, labels) = raw.split_at((TRAIN + TEST) * STORED);
    let (train_pixels, test_pixels) = pixels.split_at(TRAIN * STORED);
    let (train_labels, test_labels) = labels.split_at(TRAIN);
    let train = split(train_pixels, train_labels, selection.n / selection.classes, &selection)?;
    let test =
        selection.test.then(|| split(test_pixels, test_labels, TEST / CLASSES, &selection)).transpose()?;
    Ok(Dataset { train, test })
}

fn split(pixels: &[u8], labels: &[u8], per_class: usize, selection: &Selection) -> Result<Split, DataError> {
    let mut quota = Quota::new(per_class, selection.classes);
    let (mut images, mut taken) = (Vec::new(), Vec::new());
    for (image, &label) in pixels.chunks_exact(STORED).zip(labels) {
        if quota.takes(label) {
            images.extend(padded(image));
            taken.push(label);
        }
    }
    SCALE.split(&images, &taken, SIDE, selection)
}

/// An image with its black border.
fn padded(image: &[u8]) -> [u8; SIDE * SIDE] {
    const BORDER: usize = (SIDE - STORED_SIDE) / 2;
    let mut whole = [0; SIDE * SIDE];
    for (to, from) in whole.chunks_exact_mut(SIDE).skip(BORDER).zip(image.chunks_exact(STORED_SIDE)) {
        to[BORDER..BORDER + STORED_SIDE].copy_from_slice(from);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Targets;

    const ALL: Selection = Selection { n: TRAIN, classes: 10, binary: false, test: true };

    fn labels(split: &Split) -> &[i64] {
        match &split.targets {
            Targets::Classes { labels, .. } | Targets::Binary { labels } => labels,
            Targets::Regression(_) => panic!("classes"),
        }
    }

    #[test]
    fn the_whole_set_has_equally_many_images_of_every_class() {
        let data = dataset(ALL).unwrap();
        let test = data.test.unwrap();
        assert_eq!((data.train.x.dims(), test.x.dims()), (&[2500, 1, 32, 32][..], &[500, 1, 32, 32][..]));
        for class in 0..10 {
            let count = |split| labels(split).iter().filter(|&&y| y == class).count();
            assert_eq!((count(&data.train), count(&test)), (250, 50));
        }
        assert_eq!(labels(&data.train)[..12], [9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9]);
    }

    #[test]
    fn pixels_are_those_of_the_set_scaled_within_a_black_border() {
        let data = dataset(ALL).unwrap();
        let sum = |split: &Split, n: usize| {
            let x: Vec<f64> = split.x.flatten_all().unwrap().to_vec1().unwrap();
            let black = -SCALE.mean[0] / SCALE.std[0];
            assert!((x[0] - black).abs() < 1e-6 && x[..66] == [x[0]; 66]);
            x.iter().map(|x| x * SCALE.std[0] + SCALE.mean[0]).sum::<f64>() / (255 * n * STORED) as f64
        };
        // The sums of all pixels in the original files.
        assert!((sum(&data.train, TRAIN) - 142_880_695.0 / (255 * TRAIN * STORED) as f64).abs() < 1e-7);
        assert!((sum(&data.test.unwrap(), TEST) - 28_931_962.0 / (255 * TEST * STORED) as f64).abs() < 1e-7);
    }

    #[test]
    fn the_first_of_the_first_classes_are_taken() {
        let data = dataset(Selection { n: 6, classes: 2, binary: true, test: false }).unwrap();
        assert_eq!(data.train.x.dims(), [6, 1, 32, 32]);
        assert!(data.test.is_none());
        let Targets::Binary { labels } = data.train.targets else { panic!("binary") };
        assert_eq!(labels, [0, 0, 0, 1, 1, 1]);
        let refused = |s: Selection| dataset(s).unwrap_err().to_string();
        assert!(refused(Selection { n: 7, classes: 2, ..ALL }).contains("multiple of data.classes = 2"));
        assert!(refused(Selection { n: 1004, classes: 4, ..ALL }).contains("the set's 1000"));
        assert!(refused(Selection { classes: 1, ..ALL }).contains("data.classes = 1"));
        assert!(refused(Selection { binary: true, ..ALL }).contains("data.binary"));
    }
}
