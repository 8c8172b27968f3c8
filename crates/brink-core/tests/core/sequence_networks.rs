//! Networks that read tokens: rejected inputs and masked positions.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use brink_core::data::{Split, Targets};
use brink_core::network::{Architecture, NetworkError, Parameter};
use brink_core::objective::Objective;
use brink_core::objective::network::{LossKind, NetworkObjective, ObjectiveError};
use candle_core::{Device, Tensor};

const LSTM: Architecture = Architecture::Lstm { layers: 2, embedding: 3, hidden: 5 };

const TRANSFORMER: Architecture = Architecture::Transformer { layers: 2, dim: 4, heads: 2 };

/// Sequences of four tokens from a vocabulary of three, and the class of every position.
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
    let mamba = |layers, dim| Architecture::Mamba { layers, dim };
    let zero = [lstm(0, 1, 1), lstm(1, 0, 1), lstm(1, 1, 0)];
    let zero = zero.into_iter().chain([transformer(0, 2, 1), transformer(1, 0, 1), transformer(1, 2, 0)]);
    for zero in zero.chain([mamba(0, 1), mamba(1, 0)]) {
        assert!(matches!(zero.parameters(&[4], 3), Err(NetworkError::Zero { .. })), "{zero:?}");
    }
    let large = [lstm(1, 1, 1 << 40), lstm(1, usize::MAX, 1), lstm(usize::MAX, 3, 3), lstm(1 << 20, 1, 64)];
    let huge = 1 << 40;
    for large in large.into_iter().chain([
        transformer(1, huge, 1),
        transformer(huge, 2, 2),
        mamba(1, huge),
        mamba(huge, 1),
    ]) {
        assert!(matches!(large.parameters(&[4], 3), Err(NetworkError::TooLarge { .. })), "{large:?}");
    }
    assert!(matches!(TRANSFORMER.parameters(&[huge], 3), Err(NetworkError::Table { .. })));
    let uneven = transformer(1, 6, 4).parameters(&[4], 3);
    assert_eq!(uneven, Err(NetworkError::Heads { dim: 6, heads: 4 }));
    assert!(matches!(transformer(1, 1, 1).parameters(&[4], 3), Err(NetworkError::TooSmall { .. })));
}

/// The output for a sequence depends on this sequence only, and at a position on the earlier positions only.
/// Masked positions and their labels do not contribute.
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

/// Initial weights by name.
struct Drawn(Vec<(String, Vec<f32>)>);

impl Drawn {
    fn new(architecture: &Architecture) -> Self {
        let w = architecture.initialize(&[7], 5, 3).unwrap();
        let mut rest = w.into_iter();
        let of = |parameter: Parameter| {
            let entries: Vec<f32> = rest.by_ref().take(parameter.shape.iter().product()).collect();
            (parameter.name, entries)
        };
        let drawn = Self(architecture.parameters(&[7], 5).unwrap().into_iter().map(of).collect());
        assert!(rest.next().is_none());
        drawn
    }

    fn of(&self, name: &str) -> &[f32] {
        let found = self.0.iter().find(|(other, _)| *other == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    }

    /// The largest magnitude is just below the bound of a uniform distribution.
    fn fills(&self, name: &str, bound: f64) {
        let largest = f64::from(self.of(name).iter().fold(0.0_f32, |most, x| most.max(x.abs())));
        assert!((0.9 * bound..=1.000_001 * bound).contains(&largest), "{name}: {largest} for {bound}");
    }

    fn is_constant(&self, name: &str, value: f32) {
        assert!(self.of(name).iter().all(|x| *x == value), "{name}");
    }

    /// Checks mean 0 and the given standard deviation of a normal distribution.
    fn is_normal(&self, name: &str, deviation: f64) {
        let x = self.of(name);
        let moment = |power| x.iter().map(|x| f64::from(*x).powi(power)).sum::<f64>() / x.len() as f64;
        let error = 4.0 / (x.len() as f64).sqrt();
        assert!(moment(1).abs() < error * deviation, "{name}: mean {}", moment(1));
        let ratio = moment(2).sqrt() / deviation;
        assert!((ratio - 1.0).abs() < error, "{name}: {ratio} times the deviation");
        assert!((moment(4) / moment(2).powi(2) - 3.0).abs() < 4.0 * error, "{name} is not normal");
    }
}

#[test]
fn initial_weights_of_a_transformer_have_their_distributions() {
    let drawn = Drawn::new(&Architecture::Transformer { layers: 3, dim: 64, heads: 4 });
    let layer = |i: usize, name: &str| format!("decoder.layers.{i}.{name}");
    let d = 64.0_f64;
    drawn.fills("embedding.weight", (6.0 / (5.0 + d)).sqrt());
    drawn.fills(&layer(1, "self_attn.in_proj_weight"), (6.0 / (4.0 * d)).sqrt());
    drawn.fills(&layer(2, "multihead_attn.out_proj.weight"), (6.0 / (2.0 * d)).sqrt());
    drawn.fills(&layer(0, "linear1.weight"), (6.0 / (5.0 * d)).sqrt());
    drawn.fills(&layer(0, "linear1.bias"), 1.0 / d.sqrt());
    drawn.fills(&layer(0, "linear2.bias"), 0.5 / d.sqrt());
    drawn.is_constant(&layer(0, "self_attn.in_proj_bias"), 0.0);
    drawn.is_constant(&layer(1, "multihead_attn.out_proj.bias"), 0.0);
    drawn.is_constant("output_layer.weight", 0.0);
    assert!(drawn.of("output_layer.bias").iter().all(|x| *x != 0.0 && x.abs() < 0.125));
    for name in ["linear1.bias", "linear2.bias"] {
        assert_eq!(drawn.of(&layer(0, name)), drawn.of(&layer(1, name)), "the layers are copies of one");
        assert_eq!(drawn.of(&layer(0, name)), drawn.of(&layer(2, name)), "the layers are copies of one");
    }
    assert_ne!(drawn.of(&layer(0, "linear1.weight")), drawn.of(&layer(1, "linear1.weight")));
    drawn.is_constant(&layer(2, "norm3.gamma"), 1.0);
    drawn.is_constant(&layer(2, "norm3.beta"), 0.0);
}

#[test]
fn initial_weights_of_an_lstm_have_their_distributions() {
    let drawn = Drawn::new(&Architecture::Lstm { layers: 2, embedding: 64, hidden: 100 });
    drawn.is_normal("embed.weight", 1.0);
    for name in ["Wih", "Whh", "bih", "bhh"] {
        drawn.fills(&format!("lstm.layers.1.{name}"), 0.1);
    }
    drawn.fills("linear.weight", 0.1);
}

#[test]
fn initial_weights_of_mamba_have_their_distributions() {
    let drawn = Drawn::new(&Architecture::Mamba { layers: 2, dim: 64 });
    let mixer = |name: &str| drawn.of(&format!("mamba.layers.1.mixer.{name}"));
    drawn.is_normal("embed.weight", 0.02);
    drawn.is_normal("linear.weight", 0.002);
    for name in ["in_proj", "x_proj", "dt_proj", "out_proj"] {
        drawn.is_normal(&format!("mamba.layers.1.mixer.{name}.weight"), 0.02);
    }
    for row in mixer("A_log").chunks_exact(16) {
        for (n, x) in row.iter().enumerate() {
            assert!((f64::from(*x) - ((n + 1) as f64).ln()).abs() < 1e-6);
        }
    }
    drawn.is_constant("mamba.layers.0.mixer.D", 1.0);
    drawn.is_constant("mamba.layers.0.mixer.dt_proj.bias", 0.0);
    drawn.fills("mamba.layers.0.mixer.conv1d.weight", 0.5);
    drawn.fills("mamba.layers.0.mixer.conv1d.bias", 0.5);
    drawn.is_constant("mamba.layers.1.norm.weight", 1.0);
    drawn.is_constant("norm_f.weight", 1.0);
}
