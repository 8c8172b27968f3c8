//! Networks that read images: rejected sizes and initial distributions.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use brink_core::network::{Activation, Architecture, NetworkError};

fn cnn(width: usize) -> Architecture {
    Architecture::Cnn { width, activation: Activation::Gelu }
}

fn resnet(width: usize, stages: &[usize]) -> Architecture {
    Architecture::ResNet { width, stages: stages.to_vec(), activation: Activation::Gelu }
}

fn vit(patch: usize, dim: usize) -> Architecture {
    Architecture::Vit { patch, dim, depth: 2, mlp: 16, heads: 2 }
}

/// Checks the message of a rejection, including its numbers.
fn refused(architecture: &Architecture, input_shape: &[usize], words: &[&str]) {
    let error = architecture.parameters(input_shape, 4).unwrap_err().to_string();
    for word in words {
        assert!(error.contains(word), "{word:?} is not in {error:?}");
    }
}

#[test]
fn inputs_that_are_no_images_are_refused() {
    for architecture in [cnn(4), resnet(4, &[1]), vit(4, 16)] {
        for shape in [&[8][..], &[2, 3, 8, 8], &[]] {
            refused(&architecture, shape, &["[channels, height, width]", &format!("{shape:?}")]);
        }
        assert!(matches!(architecture.parameters(&[3, 0, 8], 4), Err(NetworkError::Zero { .. })));
    }
}

#[test]
fn one_channel_may_be_left_out() {
    for architecture in [cnn(4), resnet(4, &[1]), vit(4, 16)] {
        assert_eq!(architecture.parameters(&[8, 12], 4), architecture.parameters(&[1, 8, 12], 4));
    }
}

#[test]
fn images_that_do_not_fit_are_refused() {
    refused(&vit(5, 16), &[3, 32, 30], &["patch of 5 × 5", "32 × 30"]);
    refused(&cnn(4), &[3, 3, 8], &["3 × 8", "at least 4"]);
    refused(&resnet(4, &[1, 1, 1]), &[3, 12, 16], &["12 × 16", "at least 13", "3 stages"]);
    for (side, features) in [(13, 1), (28, 1), (32, 4)] {
        let parameters = resnet(4, &[1, 1, 1]).parameters(&[3, side, side], 2).unwrap();
        assert_eq!(parameters[parameters.len() - 2].shape, [2, 16 * features], "{side}");
    }
}

#[test]
fn sizes_are_checked_before_anything_is_allocated() {
    refused(&cnn(0), &[3, 8, 8], &["width is 0"]);
    refused(&resnet(0, &[1]), &[3, 8, 8], &["width is 0"]);
    refused(&resnet(4, &[]), &[3, 8, 8], &["the number of stages is 0"]);
    refused(&resnet(4, &[1, 0]), &[3, 8, 8], &["the number of blocks of stage 1 is 0"]);
    refused(&vit(0, 16), &[3, 8, 8], &["patch is 0"]);
    refused(&vit(4, 18), &[3, 8, 8], &["dim is 18", "multiple of 4"]);
    refused(&vit(4, 4), &[3, 8, 8], &["dim is 4", "at least 8"]);
    refused(&vit(1, 8), &[8, 8], &["values in a patch is 1", "at least 2"]);
    let huge = 1 << 40;
    for architecture in [
        cnn(huge),
        resnet(huge, &[1]),
        resnet(4, &[huge]),
        resnet(4, &[1; 70]),
        vit(4, huge),
        Architecture::Vit { patch: 4, dim: 16, depth: huge, mlp: 16, heads: 2 },
        Architecture::Vit { patch: 4, dim: 16, depth: 2, mlp: huge, heads: 2 },
        Architecture::Vit { patch: 4, dim: 16, depth: 2, mlp: 16, heads: huge },
    ] {
        let error = architecture.parameters(&[3, 32, 32], 4).unwrap_err();
        assert!(matches!(error, NetworkError::TooLarge { .. }), "{architecture:?}: {error}");
    }
    let large = [1, 1 << 20, 1 << 20];
    refused(&vit(4, 16), &large, &["the order of pixels in patches", "1099511627776 numbers", "at most"]);
    for architecture in [cnn(4), resnet(4, &[1])] {
        let error = architecture.parameters(&large, 4).unwrap_err();
        assert!(matches!(error, NetworkError::TooLarge { .. }), "{architecture:?}: {error}");
    }
}

/// Mean square of the initial entries of every parameter, with the name of the parameter.
fn mean_squares(architecture: &Architecture) -> Vec<(String, f64)> {
    let shape = [3, 32, 32];
    let w = architecture.initialize(&shape, 10, 3).unwrap();
    let mut rest = w.as_slice();
    let parameters = architecture.parameters(&shape, 10).unwrap();
    parameters
        .into_iter()
        .map(|parameter| {
            let (own, after) = rest.split_at(parameter.shape.iter().product());
            rest = after;
            let square = own.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / own.len() as f64;
            (parameter.name, square)
        })
        .collect()
}

#[test]
fn initial_weights_have_the_variances_of_their_distributions() {
    let check = |found: &[(String, f64)], name: &str, expected: f64| {
        let (_, square) = found.iter().find(|(found, _)| found == name).unwrap();
        assert!((square - expected).abs() <= 0.2 * expected, "{name}: {square} for {expected}");
    };
    let found = mean_squares(&cnn(32));
    check(&found, "0.weight", 1.0 / 27.0 / 3.0);
    check(&found, "3.weight", 1.0 / 288.0 / 3.0);
    check(&found, "7.weight", 1.0 / 4096.0 / 3.0);
    let found = mean_squares(&resnet(16, &[2, 2]));
    check(&found, "in_proj.0.weight", 2.0 / (9.0 * 16.0));
    check(&found, "stages.1.0.conv1.weight", 2.0 / (9.0 * 32.0));
    check(&found, "stages.1.0.shortcut.0.weight", 2.0 / (9.0 * 32.0));
    check(&found, "stages.1.1.bn1.weight", 1.0);
    check(&found, "stages.1.0.shortcut.1.weight", 1.0);
    for zero in ["stages.1.1.bn2.weight", "stages.0.0.bn1.bias", "out_proj.weight", "out_proj.bias"] {
        check(&found, zero, 0.0);
    }
    let found = mean_squares(&vit(4, 64));
    check(&found, "to_patch_embedding.2.weight", 1.0 / 48.0 / 3.0);
    check(&found, "transformer.layers.1.0.to_out.weight", 1.0 / 128.0 / 3.0);
    for one in ["to_patch_embedding.1.gamma", "transformer.norm.gamma", "transformer.layers.0.1.net.0.gamma"]
    {
        check(&found, one, 1.0);
    }
    for zero in ["transformer.norm.beta", "linear_head.weight", "linear_head.bias"] {
        check(&found, zero, 0.0);
    }
}
