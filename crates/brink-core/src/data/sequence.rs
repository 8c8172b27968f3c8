//! Sequence tasks: after ℓ random tokens, repeat them in sorted or in original order.

use super::error::DataError;
use super::random::generator;
use super::{Dataset, MOST_NUMBERS, Split, Targets};
use candle_core::{Device, Tensor};
use rand::{Rng, RngExt};

/// Largest total number of tokens of all sequences.
pub const MOST_TOKENS: usize = 20_000_000;

/// The task: defines the answer that follows the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// The answer consists of the input tokens in ascending order.
    Sorting,
    /// The answer is a copy of the input.
    Copying,
}

/// Generates `n` sequences of 2ℓ tokens: ℓ uniformly random tokens below `vocabulary`, followed by the answer
/// of the task. Inputs x are the sequences without their last token, of shape `[n, 2ℓ−1]`. The label of each
/// position is the following token. The first ℓ−1 positions, whose next token is random, are left out of the
/// loss (label −1). Labels are row-major, of shape `[n·(2ℓ−1)]`. The test split consists of another n
/// sequences from the same seed.
///
/// # Errors
/// `n` or `length` is 0, `vocabulary` is below 2, the sequences have more than [`MOST_TOKENS`] tokens, or the
/// network would have more than [`MOST_NUMBERS`] outputs (one per position and token of the vocabulary).
pub fn dataset(
    task: Task,
    vocabulary: usize,
    length: usize,
    n: usize,
    seed: u64,
) -> Result<Dataset, DataError> {
    for (key, value, least) in
        [("data.vocabulary", vocabulary, 2), ("data.length", length, 1), ("data.n", n, 1)]
    {
        if value < least {
            let allowed = format!("a whole number, {least} or more");
            return Err(DataError::Setting { key, value: value.to_string(), allowed });
        }
    }
    let tokens = length.checked_mul(2).and_then(|t| t.checked_mul(n));
    if tokens.is_none_or(|tokens| tokens > MOST_TOKENS) {
        let allowed = format!("{n} sequences of 2·{length} tokens are more than {MOST_TOKENS} in all");
        return Err(DataError::Setting { key: "data.n", value: n.to_string(), allowed });
    }
    let outputs = tokens.unwrap_or(usize::MAX).saturating_mul(vocabulary);
    if outputs > MOST_NUMBERS {
        let allowed = format!(
            "{n} sequences of 2·{length} tokens out of {vocabulary} need {outputs} outputs; data.n · 2·data.length · \
             data.vocabulary is at most {MOST_NUMBERS}"
        );
        return Err(DataError::Setting { key: "data.n", value: n.to_string(), allowed });
    }
    let mut rng = generator(seed);
    let train = draw(task, vocabulary, length, n, &mut rng)?;
    let test = draw(task, vocabulary, length, n, &mut rng)?;
    Ok(Dataset { train, test: Some(test) })
}

fn draw(
    task: Task,
    vocabulary: usize,
    length: usize,
    n: usize,
    rng: &mut impl Rng,
) -> Result<Split, DataError> {
    let positions = 2 * length - 1;
    let most = i64::try_from(vocabulary).unwrap_or(i64::MAX);
    let mut x = Vec::with_capacity(n * positions);
    let mut labels = Vec::with_capacity(n * positions);
    for _ in 0..n {
        let input: Vec<i64> = (0..length).map(|_| rng.random_range(0..most)).collect();
        let mut answer = input.clone();
        if task == Task::Sorting {
            answer.sort_unstable();
        }
        x.extend(input.iter().chain(&answer[..length - 1]).map(|&token| token as f64));
        labels.extend(std::iter::repeat_n(-1, length - 1));
        labels.extend(answer);
    }
    let x = Tensor::from_vec(x, (n, positions), &Device::Cpu)?;
    Ok(Split { x, targets: Targets::Classes { labels, count: vocabulary } })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rows = Vec<Vec<i64>>;

    #[expect(clippy::cast_possible_truncation, reason = "tokens are small integers")]
    fn rows(split: &Split) -> (Rows, Rows) {
        let x: Vec<Vec<f64>> = split.x.to_vec2().unwrap();
        let Targets::Classes { labels, .. } = &split.targets else { panic!("classes") };
        let positions = x[0].len();
        assert_eq!(labels.len(), x.len() * positions);
        let x = x.iter().map(|row| row.iter().map(|&v| v as i64).collect()).collect();
        (x, labels.chunks(positions).map(<[i64]>::to_vec).collect())
    }

    fn make(task: Task, seed: u64) -> Dataset {
        dataset(task, 4, 8, 200, seed).unwrap()
    }

    #[test]
    fn each_position_is_labelled_with_the_next_token_of_the_answer() {
        for task in [Task::Sorting, Task::Copying] {
            let data = make(task, 5);
            for split in [&data.train, data.test.as_ref().unwrap()] {
                assert_eq!(split.x.dims(), [200, 15]);
                assert!(matches!(split.targets, Targets::Classes { count: 4, .. }));
                let (x, y) = rows(split);
                for (x, y) in x.iter().zip(&y) {
                    assert!(x.iter().all(|token| (0..4).contains(token)));
                    let mut expected = x[..8].to_vec();
                    if task == Task::Sorting {
                        expected.sort_unstable();
                    }
                    assert_eq!(y[..7], [-1; 7]);
                    assert_eq!(y[7..], expected);
                    assert_eq!(x[8..], expected[..7]);
                }
            }
        }
    }

    #[test]
    fn the_seed_decides_and_the_tokens_are_uniform() {
        let inputs =
            |task, seed| rows(&make(task, seed).train).0.iter().map(|x| x[..8].to_vec()).collect::<Rows>();
        assert_eq!(inputs(Task::Sorting, 1), inputs(Task::Copying, 1));
        assert_ne!(inputs(Task::Sorting, 1), inputs(Task::Sorting, 2));
        let data = make(Task::Copying, 1);
        assert_ne!(rows(&data.train), rows(data.test.as_ref().unwrap()));
        // 1,600 tokens, a quarter of each value: 400 ± 4·17.
        for token in 0..4 {
            let count = inputs(Task::Copying, 1).concat().iter().filter(|&&t| t == token).count();
            assert!((332..468).contains(&count), "{count} of token {token}");
        }
    }

    #[test]
    fn one_token_has_no_masked_position() {
        let (x, y) = rows(&dataset(Task::Copying, 3, 1, 4, 0).unwrap().train);
        assert_eq!(x, y);
    }

    #[test]
    fn sizes_are_checked_before_anything_is_drawn() {
        let refused = |v, l, n| dataset(Task::Sorting, v, l, n, 0).unwrap_err().to_string();
        assert!(refused(1, 8, 10).contains("data.vocabulary = 1"));
        assert!(refused(4, 0, 10).contains("data.length = 0"));
        assert!(refused(4, 8, 0).contains("data.n = 0"));
        assert!(refused(4, usize::MAX, 10).contains("20000000"));
        assert!(refused(4, 1000, 10_001).contains("10001 sequences"));
        let message = refused(10_000, 1000, 10_000);
        assert!(message.contains("200000000000 outputs") && message.contains("268435456"), "{message}");
    }
}
