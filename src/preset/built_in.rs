//! The presets compiled into the program.

/// The preset that opens if no preset is named.
pub const DEFAULT: &str = "digits-noise";

macro_rules! presets {
    ($($name:literal),+ $(,)?) => {
        /// Name and text of every built-in preset; the default comes first.
        pub const BUILT_IN: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../presets/", $name, ".toml")))),+];
    };
}

presets![
    "digits-noise",
    "digits-mlp",
    "digits-tanh",
    "chebyshev",
    "random-targets",
    "moons",
    "digits-ce",
    "digits-too-sharp",
    "cnn",
    "resnet",
    "vit",
    "lstm",
    "transformer",
    "mamba",
    "copying",
    "cifar-mlp",
    "cifar-cnn",
    "cifar-resnet",
    "cifar-vit",
    "cifar-vit-half-eta",
    "sorting-lstm",
    "sorting-transformer",
    "sorting-mamba",
    "copying-lstm",
    "copying-transformer",
    "copying-mamba",
    "valley",
    "parabola",
    "digits-three",
    "digits-three-before-edge",
    "digits-three-at-edge",
];

/// The text of a built-in preset.
pub(super) fn text(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}
