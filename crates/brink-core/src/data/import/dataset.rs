//! Import of a data set: arrays `x`, `y` and optionally `x_test`, `y_test`.

use super::{Arrays, WantedArrays, index_in, read_arrays};
use crate::data::error::DataError;
use crate::data::images::round;
use crate::data::{Dataset, MOST_NUMBERS, Split, Targets};
use candle_core::{DType, Tensor};
use std::path::Path;

/// Interpretation of the arrays of a file as a data set.
#[derive(Clone, Copy, Debug, Default)]
pub struct DatasetOptions {
    /// Number of examples to use, counted from the first; `None` for all.
    pub n: Option<usize>,
    /// Whether to treat two classes as a binary task with one output.
    pub binary: bool,
    /// Whether x consists of tokens: integers of shape `[n, length]`, with one label in y per token.
    pub tokens: bool,
    /// Number of classes; `None` derives it as max(y) + 1.
    pub outputs: Option<usize>,
}

/// Reads a data set.
///
/// - `x`: inputs, f32 or f64, shape `[n, …]`. Images can be given as `x_u8` with `mean` and `std` per
///   channel; then `x = (x_u8 − mean)/std`, rounded to f32.
/// - `y`: integers of shape `[n]` for classification, where −1 leaves a row out of the loss; floats of shape
///   `[n]` or `[n, outputs]` for regression.
/// - For networks that read tokens, `x` has integer entries and shape `[n, length]`, and `y` has the same
///   shape. The number of classes equals the vocabulary size: the largest entry of x and y, plus 1.
/// - The test split has the same format, with names `x_test` and `y_test`.
///
/// # Errors
/// The errors of [`read_arrays`]; inconsistent shapes or types, a label out of range, a non-finite entry, or
/// fewer examples than requested.
pub fn load_dataset(path: &Path, options: DatasetOptions) -> Result<Dataset, DataError> {
    const NAMES: [&str; 7] = ["x", "y", "x_test", "y_test", "x_u8", "mean", "std"];
    let arrays = read_arrays(path, WantedArrays::Named(&NAMES))?;
    let x = if arrays.get("x").is_none() && arrays.get("x_u8").is_some() {
        images(&arrays)?
    } else {
        inputs(&arrays, "x", options)?
    };
    let mut train = Split { targets: targets(&arrays, "y", &x, options)?, x };
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
        let x = inputs(&arrays, "x_test", options)?;
        if x.dims()[1..] != train.x.dims()[1..] {
            let what = format!("has shape {:?}, but x has {:?}", x.dims(), train.x.dims());
            return Err(arrays.error("x_test", what));
        }
        let options = DatasetOptions { outputs: classes, ..options };
        Some(Split { targets: targets(&arrays, "y_test", &x, options)?, x })
    } else {
        None
    };
    Ok(Dataset { train, test })
}

/// Inputs of at least one example; shape `[n]` becomes `[n, 1]`.
fn inputs(arrays: &Arrays, name: &str, options: DatasetOptions) -> Result<Tensor, DataError> {
    let x = if options.tokens { tokens(arrays, name)? } else { arrays.floats(name)? };
    match x.dims() {
        [] => Err(arrays.error(name, "is a single number; shape [n, …] is needed".into())),
        shape if shape.contains(&0) => Err(arrays.error(name, format!("is empty: shape {shape:?}"))),
        [_] => Ok(x.unsqueeze(1)?),
        _ => Ok(x),
    }
}

/// Non-negative integers of shape `[n, length]`, as f64.
fn tokens(arrays: &Arrays, name: &str) -> Result<Tensor, DataError> {
    let x = arrays.require(name)?;
    if x.dtype().is_float() || x.rank() != 2 {
        let (kind, shape) = (x.dtype().as_str(), x.dims());
        let what =
            format!("is {kind} of shape {shape:?}; the network reads tokens, integers of shape [n, length]");
        return Err(arrays.error(name, what));
    }
    let tokens: Vec<i64> = x.to_dtype(DType::I64)?.flatten_all()?.to_vec1()?;
    if let Some(i) = tokens.iter().position(|&token| token < 0) {
        let what = format!("holds {} at index {:?}; tokens count from 0", tokens[i], index_in(x.dims(), i));
        return Err(arrays.error(name, what));
    }
    let tokens: Vec<f64> = tokens.into_iter().map(|token| token as f64).collect();
    Ok(Tensor::from_vec(tokens, x.dims(), x.device())?)
}

/// `(x_u8 − mean)/std` per channel, computed in f64, rounded to f32 and converted back. Shape
/// `[n, channels, height, width]`.
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
    let [means, deviations]: [Vec<f64>; 2] = [mean.flatten_all()?.to_vec1()?, std.flatten_all()?.to_vec1()?];
    if let Some(channel) = deviations.iter().position(|&std| std <= 0.0) {
        let what = format!("holds {} for channel {channel}; a number > 0 is needed", deviations[channel]);
        return Err(arrays.error("std", what));
    }
    // a lookup table of the 256 values per channel avoids a second converted copy
    let table = |(mean, std): (&f64, &f64)| -> Vec<f64> {
        (0..=u8::MAX).map(|v| round((f64::from(v) - mean) / std)).collect()
    };
    let tables: Vec<Vec<f64>> = means.iter().zip(&deviations).map(table).collect();
    let bytes: Vec<u8> = bytes.flatten_all()?.to_vec1()?;
    let mut x = Vec::with_capacity(bytes.len());
    for (plane, table) in bytes.chunks_exact(shape[2] * shape[3]).zip(tables.iter().cycle()) {
        x.extend(plane.iter().map(|&v| table[usize::from(v)]));
    }
    Ok(Tensor::from_vec(x, shape, mean.device())?)
}

/// Targets of the inputs x.
fn targets(arrays: &Arrays, name: &str, x: &Tensor, options: DatasetOptions) -> Result<Targets, DataError> {
    let y = arrays.require(name)?;
    let n = x.dim(0)?;
    if y.dims().first() != Some(&n) {
        let what = format!("has shape {:?}, but there are {n} rows of inputs", y.dims());
        return Err(arrays.error(name, what));
    }
    if options.tokens {
        return following_tokens(arrays, name, x, options.outputs);
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
    let count = options.outputs.unwrap_or_else(|| count_to(most));
    check_labels(arrays, name, &labels, options.outputs)?;
    Ok(Targets::Classes { labels, count })
}

/// One label per token: the class of the following token. The number of classes is max(x, y) + 1 unless
/// given.
fn following_tokens(
    arrays: &Arrays,
    name: &str,
    x: &Tensor,
    vocabulary: Option<usize>,
) -> Result<Targets, DataError> {
    let y = arrays.require(name)?;
    if y.dtype().is_float() || y.dims() != x.dims() {
        let (kind, found) = (y.dtype().as_str(), y.dims());
        let what =
            format!("is {kind} of shape {found:?}; integers of shape {:?} are needed, one a token", x.dims());
        return Err(arrays.error(name, what));
    }
    let labels: Vec<i64> = y.to_dtype(DType::I64)?.flatten_all()?.to_vec1()?;
    check_labels(arrays, name, &labels, vocabulary)?;
    let tokens: Vec<f64> = x.flatten_all()?.to_vec1()?;
    let allowed = vocabulary.unwrap_or_else(|| most_classes(labels.len()));
    if let Some(i) = tokens.iter().position(|&token| token >= allowed as f64) {
        let what = format!(
            "holds {} at index {:?}; tokens are 0 to {}",
            tokens[i],
            index_in(x.dims(), i),
            allowed - 1
        );
        return Err(arrays.error(&name.replace('y', "x"), what));
    }
    #[expect(clippy::cast_possible_truncation, reason = "a small integer, as just checked")]
    let most = tokens.iter().map(|&token| token as i64).chain(labels.iter().copied()).max().unwrap_or(0);
    Ok(Targets::Classes { labels, count: vocabulary.unwrap_or_else(|| count_to(most)) })
}

/// Number of classes 0 to `most`; at least one.
fn count_to(most: i64) -> usize {
    usize::try_from(most.saturating_add(1)).unwrap_or(0).max(1)
}

/// Largest accepted number of classes for a given number of labels. More classes than examples indicate a
/// forged or incorrect label, which would create a network of that width and outputs of that number for each
/// label.
fn most_classes(labels: usize) -> usize {
    labels.max(1000).min((MOST_NUMBERS / labels.max(1)).max(2))
}

fn check_labels(
    arrays: &Arrays,
    name: &str,
    labels: &[i64],
    outputs: Option<usize>,
) -> Result<(), DataError> {
    let allowed = outputs.unwrap_or_else(|| most_classes(labels.len()));
    let bad = labels.iter().position(|&y| y < -1 || usize::try_from(y).is_ok_and(|y| y >= allowed));
    let Some(i) = bad else { return Ok(()) };
    let shape = arrays.require(name)?.dims();
    let why = match outputs {
        Some(_) => "",
        None => " (at most 1000 or as many as labels, and labels × classes at most 268435456)",
    };
    let what = format!(
        "holds {} at index {:?}; classes are 0 to {}{why}, and −1 leaves a row out",
        labels[i],
        index_in(shape, i),
        allowed - 1
    );
    Err(arrays.error(name, what))
}

/// The first n examples. The number of classes remains that of the entire file.
fn first(split: Split, n: usize) -> Result<Split, DataError> {
    let rows = split.x.dim(0)?;
    let start = |mut labels: Vec<i64>| {
        labels.truncate(labels.len() / rows * n);
        labels
    };
    let targets = match split.targets {
        Targets::Classes { labels, count } => Targets::Classes { labels: start(labels), count },
        Targets::Binary { labels } => Targets::Binary { labels: start(labels) },
        Targets::Regression(y) => Targets::Regression(y.narrow(0, 0, n)?),
    };
    Ok(Split { x: split.x.narrow(0, 0, n)?.contiguous()?, targets })
}
