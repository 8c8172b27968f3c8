//! Networks that read tokens: what they refuse, and what they leave out.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use brink::data::{Split, Targets};
use brink::network::{Architecture, NetworkError};
use brink::objective::Objective;
use brink::objective::network::{LossKind, NetworkObjective, ObjectiveError};
use candle_core::{Device, Tensor};

const LSTM: Architecture = Architecture::Lstm { layers: 2, embedding: 3, hidden: 5 };

/// Sequences of four tokens of a vocabulary of three, and the class of every position.
fn split(tokens: &[f64], labels: &[i64]) -> Split {
    let x = Tensor::from_slice(tokens, (tokens.len() / 4, 4), &Device::Cpu).unwrap();
    Split { x, targets: Targets::Classes { labels: labels.to_vec(), count: 3 } }
}

fn refused(architecture: &Architecture, split: &Split) -> ObjectiveError {
    NetworkObjective::<f64>::new(architecture, split, LossKind::CrossEntropy).unwrap_err()
}

#[test]
fn tokens_out_of_the_vocabulary_are_named() {
    for (token, written) in [(3.0, "3"), (-1.0, "-1"), (0.5, "0.5"), (1e300, "1")] {
        let error = refused(&LSTM, &split(&[0.0, 1.0, 2.0, 0.0, 1.0, 1.0, token, 0.0], &[0; 8]));
        assert!(
            matches!(error, ObjectiveError::Token { row: 1, position: 2, vocabulary: 3, .. }),
            "{error:?}"
        );
        let message = error.to_string();
        for word in ["sequence 1 ", "position 2", &format!("holds {written}"), "0 to 2"] {
            assert!(message.contains(word), "{word:?} is not in {message:?}");
        }
    }
}

#[test]
fn inputs_that_are_no_sequence_are_refused() {
    let image = LSTM.parameters(&[3, 4], 3);
    assert_eq!(image, Err(NetworkError::NoSequence { found: vec![3, 4] }));
    assert!(image.unwrap_err().to_string().contains("[length]"));
    assert!(matches!(LSTM.parameters(&[], 3), Err(NetworkError::NoSequence { .. })));
    let error = refused(&LSTM, &split(&[0.0; 8], &[0; 2]));
    assert_eq!(error, ObjectiveError::RowCount { rows: 8, targets: 2 });
}

#[test]
fn sizes_are_checked_before_anything_is_allocated() {
    let lstm = |layers, embedding, hidden| Architecture::Lstm { layers, embedding, hidden };
    for zero in [lstm(0, 1, 1), lstm(1, 0, 1), lstm(1, 1, 0)] {
        assert!(matches!(zero.parameters(&[4], 3), Err(NetworkError::Zero { .. })), "{zero:?}");
    }
    for large in [lstm(1, 1, 1 << 40), lstm(1, usize::MAX, 1), lstm(usize::MAX, 3, 3), lstm(1 << 20, 1, 64)] {
        assert!(matches!(large.parameters(&[4], 3), Err(NetworkError::TooLarge { .. })), "{large:?}");
    }
}

/// The answer to a sequence depends on it alone, and to a position on the earlier ones; masked positions count for
/// nothing, nor do their labels.
#[test]
fn masked_positions_are_left_out() {
    let labels = [-1, -1, 2, 0, -1, 1, -1, 2];
    let tokens = [0.0, 1.0, 2.0, 0.0, 1.0, 1.0, 2.0, 0.0];
    let mut both =
        NetworkObjective::<f64>::new(&LSTM, &split(&tokens, &labels), LossKind::CrossEntropy).unwrap();
    let w: Vec<f64> = LSTM.initialize(&[4], 3, 7).unwrap().into_iter().map(f64::from).collect();
    let mean = both.loss(&w);
    let mut sum = 0.0;
    for (row, counted) in [(0, 2.0), (1, 2.0)] {
        let range = 4 * row..4 * row + 4;
        let alone = split(&tokens[range.clone()], &labels[range]);
        let mut alone = NetworkObjective::<f64>::new(&LSTM, &alone, LossKind::CrossEntropy).unwrap();
        sum += counted * alone.loss(&w);
        for (alone, both) in alone.outputs(&w, &[0])[0].iter().zip(&both.outputs(&w, &[row])[0]) {
            assert!((alone - both).abs() < 1e-14, "{alone} alone, {both} together");
        }
    }
    assert!((mean - sum / 4.0).abs() < 1e-14, "{mean} against {}", sum / 4.0);
    assert_eq!(both.outputs(&w, &[0])[0].len(), 4 * 3);
    assert!(both.accuracy(&w).is_some_and(|share| [0.0, 0.25, 0.5, 0.75, 1.0].contains(&share)));
}
