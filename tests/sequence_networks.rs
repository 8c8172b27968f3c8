//! Networks that read tokens: what they refuse, and what they leave out.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use brink::data::{Split, Targets};
use brink::network::{Architecture, NetworkError};
use brink::objective::Objective;
use brink::objective::network::{LossKind, NetworkObjective, ObjectiveError};
use candle_core::{Device, Tensor};

const LSTM: Architecture = Architecture::Lstm { layers: 2, embedding: 3, hidden: 5 };

const TRANSFORMER: Architecture = Architecture::Transformer { layers: 2, dim: 4, heads: 2 };

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
    let transformer = |layers, dim, heads| Architecture::Transformer { layers, dim, heads };
    let zero = [lstm(0, 1, 1), lstm(1, 0, 1), lstm(1, 1, 0)];
    for zero in zero.into_iter().chain([transformer(0, 2, 1), transformer(1, 0, 1), transformer(1, 2, 0)]) {
        assert!(matches!(zero.parameters(&[4], 3), Err(NetworkError::Zero { .. })), "{zero:?}");
    }
    let large = [lstm(1, 1, 1 << 40), lstm(1, usize::MAX, 1), lstm(usize::MAX, 3, 3), lstm(1 << 20, 1, 64)];
    let huge = 1 << 40;
    for large in large.into_iter().chain([transformer(1, huge, 1), transformer(huge, 2, 2)]) {
        assert!(matches!(large.parameters(&[4], 3), Err(NetworkError::TooLarge { .. })), "{large:?}");
    }
    assert!(matches!(TRANSFORMER.parameters(&[huge], 3), Err(NetworkError::TooLarge { .. })));
    let uneven = transformer(1, 6, 4).parameters(&[4], 3);
    assert_eq!(uneven, Err(NetworkError::Heads { dim: 6, heads: 4 }));
    assert!(matches!(transformer(1, 1, 1).parameters(&[4], 3), Err(NetworkError::TooSmall { .. })));
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

/// Where each tensor's entries lie: none, constants, or the largest magnitude below its bound.
#[test]
fn initial_weights_have_their_distributions() {
    let d = 64;
    let transformer = Architecture::Transformer { layers: 3, dim: d, heads: 4 };
    let w = transformer.initialize(&[7], 5, 3).unwrap();
    let parameters = transformer.parameters(&[7], 5).unwrap();
    let mut rest = &w[..];
    let mut drawn = Vec::new();
    for parameter in &parameters {
        let (own, later) = rest.split_at(parameter.shape.iter().product());
        drawn.push((parameter.name.as_str(), own));
        rest = later;
    }
    assert!(rest.is_empty());
    let of = |name: &str| drawn.iter().find(|(other, _)| *other == name).unwrap().1;
    let bound = |name: &str| of(name).iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    let layer = |i: usize, name: &str| format!("decoder.layers.{i}.{name}");
    let near = |found: f32, bound: f64| {
        let share = f64::from(found) / bound;
        assert!((0.9..=1.0).contains(&share), "{found} for a bound of {bound}");
    };
    let d = d as f64;
    near(bound("embedding.weight"), (6.0 / (5.0 + d)).sqrt());
    near(bound(&layer(1, "self_attn.in_proj_weight")), (6.0 / (4.0 * d)).sqrt());
    near(bound(&layer(2, "multihead_attn.out_proj.weight")), (6.0 / (2.0 * d)).sqrt());
    near(bound(&layer(0, "linear1.weight")), (6.0 / (5.0 * d)).sqrt());
    near(bound(&layer(0, "linear1.bias")), 1.0 / d.sqrt());
    near(bound(&layer(0, "linear2.bias")), 0.5 / d.sqrt());
    assert_eq!(bound(&layer(0, "self_attn.in_proj_bias")), 0.0);
    assert_eq!(bound("output_layer.weight"), 0.0);
    assert!(bound("output_layer.bias") > 0.0);
    for name in ["linear1.bias", "linear2.bias"] {
        assert_eq!(of(&layer(0, name)), of(&layer(1, name)), "the layers are copies of one");
        assert_eq!(of(&layer(0, name)), of(&layer(2, name)), "the layers are copies of one");
    }
    assert_ne!(of(&layer(0, "linear1.weight")), of(&layer(1, "linear1.weight")));
    assert!(of(&layer(2, "norm3.gamma")).iter().all(|x| *x == 1.0));
    assert!(of(&layer(2, "norm3.beta")).iter().all(|x| *x == 0.0));
}
