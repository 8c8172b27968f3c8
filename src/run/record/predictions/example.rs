//! Examples as they are displayed: input, correct answer, and the meaning of the recorded numbers.

use brink_core::data::{Split, Targets};
use brink_core::objective::network::LossKind;
use candle_core::{DType, Tensor};
use serde::{Deserialize, Serialize};

/// The meaning of the recorded numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExampleKind {
    /// Probabilities of classes: the softmax of the outputs, or the logistic function of a single one.
    Probabilities,
    /// The outputs themselves.
    Values,
}

/// The examples whose outputs are recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Examples {
    /// The examples; at least one.
    pub list: Vec<Example>,
    /// Rows of the answer to one example: the number of positions for a network of tokens, otherwise 1.
    pub rows: usize,
    /// Outputs per row.
    pub columns: usize,
    /// Their meaning.
    pub kind: ExampleKind,
    /// Whether a single output decides between two classes.
    pub binary: bool,
}

/// One training example.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Its index in the training set.
    pub index: usize,
    /// The input of the network.
    pub input: Input,
    /// The class of each row; `None` if the row is excluded from the loss or has no class.
    pub labels: Vec<Option<usize>>,
    /// The target of each output; `None` in an excluded row. Shape `[rows · columns]`.
    pub targets: Vec<Option<f64>>,
}

/// The input of an example.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// A picture.
    Picture(ExamplePicture),
    /// Tokens, one per position.
    Tokens(Vec<usize>),
    /// Plain numbers.
    Numbers(Vec<f64>),
    /// Of a recording: an input that may not be redistributed, such as a picture of CIFAR-10.
    Withheld,
}

/// A picture in red, green and blue. In each channel the smallest value of the training set is 0 and the largest 255:
/// the original pixels of a data set that contains black and white.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExamplePicture {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Row by row from the top. Shape `[height · width]`.
    pub pixels: Vec<[u8; 3]>,
}

impl Examples {
    /// The first `most` examples, or all if there are fewer; without the input if it is to be withheld.
    #[must_use]
    pub fn first(&self, most: usize, withheld: bool) -> Self {
        let mut list: Vec<Example> = self.list.iter().take(most.max(1)).cloned().collect();
        if withheld {
            for example in &mut list {
                example.input = Input::Withheld;
            }
        }
        Self { list, ..*self }
    }

    /// Whether all its parts are consistent: data read from a file may be arbitrary.
    pub(in crate::run) fn is_valid(&self) -> bool {
        let Self { list, rows, columns, .. } = self;
        let answers = rows.checked_mul(*columns).filter(|&count| count > 0);
        !list.is_empty()
            && list.iter().all(|Example { index: _, input, labels, targets }| {
                let drawn = match input {
                    Input::Picture(ExamplePicture { width, height, pixels }) => {
                        width.checked_mul(*height) == Some(pixels.len()) && !pixels.is_empty()
                    }
                    Input::Tokens(_) | Input::Numbers(_) | Input::Withheld => true,
                };
                drawn && labels.len() == *rows && Some(targets.len()) == answers
            })
    }

    /// The class that the outputs of a row select; `None` if the outputs are not classes, or not all finite.
    pub fn predicted(&self, outputs: &[f64]) -> Option<usize> {
        let has_classes = self.list.iter().any(|example| example.labels.iter().any(Option::is_some));
        if !has_classes || outputs.iter().any(|x| !x.is_finite()) {
            return None;
        }
        if self.binary {
            let threshold = if self.kind == ExampleKind::Probabilities { 0.5 } else { 0.0 };
            return outputs.first().map(|&x| usize::from(x > threshold));
        }
        (0..outputs.len()).reduce(|best, i| if outputs[i] > outputs[best] { i } else { best })
    }

    /// Reads the given examples of a training set whose network answers with `rows` rows per example.
    pub(crate) fn read(
        split: &Split,
        loss: LossKind,
        (rows, tokens): (usize, bool),
        indices: &[usize],
    ) -> candle_core::Result<Self> {
        let columns = split.targets.outputs();
        let binary = matches!(split.targets, Targets::Binary { .. });
        let classes = !matches!(split.targets, Targets::Regression(_));
        let kind = match loss {
            LossKind::CrossEntropy if classes => ExampleKind::Probabilities,
            _ => ExampleKind::Values,
        };
        let inputs = inputs(&split.x, tokens, indices)?;
        let answers = Answers::read(&split.targets, kind)?;
        let list = indices.iter().zip(inputs).map(|(&index, input)| {
            let rows = index * rows..(index + 1) * rows;
            let labels = rows.clone().map(|row| answers.label(row)).collect();
            let targets = rows.flat_map(|row| answers.targets(row, columns)).collect();
            Example { index, input, labels, targets }
        });
        Ok(Self { list: list.collect(), rows, columns, kind, binary })
    }
}

/// The correct answers, row by row.
struct Answers<'a> {
    targets: &'a Targets,
    kind: ExampleKind,
    /// Real targets. Shape `[rows · outputs]`.
    numbers: Vec<f64>,
}

impl<'a> Answers<'a> {
    fn read(targets: &'a Targets, kind: ExampleKind) -> candle_core::Result<Self> {
        let numbers = match targets {
            Targets::Regression(y) => numbers(y)?,
            Targets::Classes { .. } | Targets::Binary { .. } => Vec::new(),
        };
        Ok(Self { targets, kind, numbers })
    }

    fn label(&self, row: usize) -> Option<usize> {
        match self.targets {
            Targets::Classes { labels, .. } | Targets::Binary { labels } => usize::try_from(labels[row]).ok(),
            Targets::Regression(_) => None,
        }
    }

    fn targets(&self, row: usize, columns: usize) -> Vec<Option<f64>> {
        let one_or_zero = |right: bool| f64::from(u8::from(right));
        match (self.targets, self.label(row)) {
            (Targets::Regression(_), _) => {
                self.numbers[row * columns..(row + 1) * columns].iter().copied().map(Some).collect()
            }
            (_, None) => vec![None; columns],
            (Targets::Binary { .. }, Some(label)) => {
                let y = one_or_zero(label == 1);
                vec![Some(if self.kind == ExampleKind::Probabilities { y } else { 2.0 * y - 1.0 })]
            }
            (Targets::Classes { .. }, Some(label)) => {
                (0..columns).map(|class| Some(one_or_zero(class == label))).collect()
            }
        }
    }
}

fn numbers(tensor: &Tensor) -> candle_core::Result<Vec<f64>> {
    tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()
}

fn inputs(x: &Tensor, tokens: bool, indices: &[usize]) -> candle_core::Result<Vec<Input>> {
    if let (false, &[_, channels @ (1 | 3), height, width]) = (tokens, x.dims())
        && height > 1
        && width > 1
    {
        return pictures(x, [channels, height, width], indices);
    }
    let of = |&i: &usize| {
        let values = numbers(&x.get(i)?)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be tokens")]
        let token = |x: f64| x as usize;
        Ok(if tokens {
            Input::Tokens(values.into_iter().map(token).collect())
        } else {
            Input::Numbers(values)
        })
    };
    indices.iter().map(of).collect()
}

fn pictures(
    x: &Tensor,
    [channels, height, width]: [usize; 3],
    indices: &[usize],
) -> candle_core::Result<Vec<Input>> {
    let all = numbers(x)?;
    let plane = height * width;
    let mut ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); channels];
    for (values, i) in all.chunks_exact(plane).zip((0..channels).cycle()) {
        let (low, high) = &mut ranges[i];
        for &value in values {
            (*low, *high) = (low.min(value), high.max(value));
        }
    }
    let level = |channel: usize, value: f64| {
        let (low, high) = ranges[channel];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
        let level = ((value - low) / (high - low).max(f64::MIN_POSITIVE) * 255.0).round() as u8;
        level
    };
    let picture = |&i: &usize| {
        let image = &all[i * channels * plane..(i + 1) * channels * plane];
        let pixel = |at: usize| {
            std::array::from_fn(|color| {
                let channel = color.min(channels - 1);
                level(channel, image[channel * plane + at])
            })
        };
        Input::Picture(ExamplePicture { width, height, pixels: (0..plane).map(pixel).collect() })
    };
    Ok(indices.iter().map(picture).collect())
}
