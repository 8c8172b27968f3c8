//! A data set from a file: `x`, `y`, and where it has them `x_test`, `y_test`.

use super::{Arrays, index_in, read_arrays};
use crate::data::{DataError, Dataset, Split, Targets};
use candle_core::{DType, Tensor};
use std::path::Path;

/// How a file's arrays become a data set.
#[derive(Clone, Copy, Debug, Default)]
pub struct DatasetOptions {
    /// Take the first n examples; `None` takes all.
    pub n: Option<usize>,
    /// Two classes and one output.
    pub binary: bool,
    /// Number of classes where the network's last layer is given; `None` counts them: max(y) + 1.
    pub outputs: Option<usize>,
}

/// Reads a data set: `x` (f32 or f64, shape `[n, …]`) and `y` (integers of shape `[n]`: classes, −1 leaves a row out
/// of the loss; floats of shape `[n]` or `[n, outputs]`: regression), and the same under `x_test`, `y_test` for the
/// test split. Images may come as `x_u8` with `mean` and `std` per channel:
/// `x = (x_u8 − mean)/std`, rounded to f32.
///
/// # Errors
/// As [`read_arrays`]; when shapes or types do not fit together, a label is out of range, an entry is not finite, or
/// there are fewer examples than asked for.
pub fn load_dataset(path: &Path, options: DatasetOptions) -> Result<Dataset, DataError> {
    let arrays = read_arrays(path, &["x", "y", "x_test", "y_test", "x_u8", "mean", "std"])?;
    let x = if arrays.get("x").is_none() && arrays.get("x_u8").is_some() {
        images(&arrays)?
    } else {
        inputs(&arrays, "x")?
    };
    let mut train = Split { targets: targets(&arrays, "y", x.dim(0)?, options)?, x };
    if let Some(n) = options.n {
        let available = train.x.dim(0)?;
        if n == 0 || n > available {
            return Err(DataError::TooFewExamples { n, what: path.display().to_string(), available });
        }
        train = first(train, n)?;
    }
    let classes = match &mut train.targets {
        Targets::Classes { labels, count } => {
            if labels.iter().all(|&y| y < 0) {
                let what = "has only −1, so that no row counts; one row at least needs a class".to_owned();
                return Err(arrays.error("y", what));
            }
            Some(*count)
        }
        _ => None,
    };
    let test = if arrays.get("x_test").is_some() && arrays.get("y_test").is_some() {
        let x = inputs(&arrays, "x_test")?;
        if x.dims()[1..] != train.x.dims()[1..] {
            let what = format!("has shape {:?}, but x has {:?}", x.dims(), train.x.dims());
            return Err(arrays.error("x_test", what));
        }
        let options = DatasetOptions { outputs: classes, ..options };
        Some(Split { targets: targets(&arrays, "y_test", x.dim(0)?, options)?, x })
    } else {
        None
    };
    Ok(Dataset { train, test })
}

/// Inputs of at least one example; `[n]` becomes `[n, 1]`.
fn inputs(arrays: &Arrays, name: &str) -> Result<Tensor, DataError> {
    let x = arrays.floats(name)?;
    match x.dims() {
        [] => Err(arrays.error(name, "is a single number; shape [n, …] is needed".into())),
        shape if shape.contains(&0) => Err(arrays.error(name, format!("is empty: shape {shape:?}"))),
        [_] => Ok(x.unsqueeze(1)?),
        _ => Ok(x),
    }
}

/// `(x_u8 − mean)/std` per channel, in f64, rounded to f32 and widened. Shape `[n, channels, height, width]`.
fn images(arrays: &Arrays) -> Result<Tensor, DataError> {
    let bytes = arrays.require("x_u8")?;
    let (mean, std) = (arrays.floats("mean")?, arrays.floats("std")?);
    let shape = bytes.dims();
    if bytes.dtype() != DType::U8 || shape.len() != 4 || shape.contains(&0) {
        let what = format!(
            "is {} of shape {shape:?}; uint8 of shape [n, c, h, w] is needed",
            bytes.dtype().as_str()
        );
        return Err(arrays.error("x_u8", what));
    }
    for (name, per_channel) in [("mean", &mean), ("std", &std)] {
        if per_channel.elem_count() != shape[1] {
            let what = format!(
                "has shape {:?}; one number for each of the {} channels is needed",
                per_channel.dims(),
                shape[1]
            );
            return Err(arrays.error(name, what));
        }
    }
    let per_channel = (1, shape[1], 1, 1);
    let x = bytes
        .to_dtype(DType::F64)?
        .broadcast_sub(&mean.reshape(per_channel)?)?
        .broadcast_div(&std.reshape(per_channel)?)?;
    Ok(x.to_dtype(DType::F32)?.to_dtype(DType::F64)?)
}

fn targets(arrays: &Arrays, name: &str, n: usize, options: DatasetOptions) -> Result<Targets, DataError> {
    let y = arrays.require(name)?;
    if y.dims().first() != Some(&n) {
        let what = format!("has shape {:?}, but there are {n} rows of inputs", y.dims());
        return Err(arrays.error(name, what));
    }
    if y.dtype().is_float() {
        if options.binary {
            let what = "holds floating-point numbers; data.binary = true needs integers 0 and 1".to_owned();
            return Err(arrays.error(name, what));
        }
        let y = arrays.floats(name)?;
        return match *y.dims() {
            [_] => Ok(Targets::Regression(y.unsqueeze(1)?)),
            [_, outputs] if outputs > 0 => Ok(Targets::Regression(y)),
            _ => Err(arrays.error(name, format!("has shape {:?}; [n] or [n, outputs] is needed", y.dims()))),
        };
    }
    if y.rank() != 1 {
        let what = format!("holds integers (classes) of shape {:?}; shape [{n}] is needed", y.dims());
        return Err(arrays.error(name, what));
    }
    let labels: Vec<i64> = y.to_dtype(DType::I64)?.to_vec1()?;
    if options.binary {
        return match labels.iter().position(|y| !(0..=1).contains(y)) {
            None => Ok(Targets::Binary { labels }),
            Some(i) => {
                let what = format!("holds {} at index [{i}]; data.binary = true allows 0 and 1", labels[i]);
                Err(arrays.error(name, what))
            }
        };
    }
    let most = labels.iter().copied().max().unwrap_or(0);
    let count = match options.outputs {
        Some(outputs) => outputs,
        None => usize::try_from(most.saturating_add(1)).unwrap_or(0).max(1),
    };
    // A class more than there are examples is a forged or mistaken label, and would make a network of that width.
    let allowed = options.outputs.unwrap_or_else(|| n.max(1000));
    let bad = labels.iter().position(|&y| y < -1 || usize::try_from(y).is_ok_and(|y| y >= allowed));
    if let Some(i) = bad {
        let what = format!(
            "holds {} at index {:?}; classes are 0 to {}, and −1 leaves a row out",
            labels[i],
            index_in(&[n], i),
            allowed - 1
        );
        return Err(arrays.error(name, what));
    }
    Ok(Targets::Classes { labels, count })
}

/// The first n examples. The number of classes stays that of the whole file.
fn first(split: Split, n: usize) -> Result<Split, DataError> {
    let targets = match split.targets {
        Targets::Classes { mut labels, count } => {
            labels.truncate(n);
            Targets::Classes { labels, count }
        }
        Targets::Binary { mut labels } => {
            labels.truncate(n);
            Targets::Binary { labels }
        }
        Targets::Regression(y) => Targets::Regression(y.narrow(0, 0, n)?),
    };
    Ok(Split { x: split.x.narrow(0, 0, n)?.contiguous()?, targets })
}
