//! Every key a preset may have, and what it allows: one table for messages, and for the test of the documentation.

/// One key of a preset.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its path, `section.key`.
    pub path: &'static str,
    /// What it may be, for messages: "… is allowed".
    pub allowed: &'static str,
}

const fn key(path: &'static str, allowed: &'static str) -> Key {
    Key { path, allowed }
}

/// Every key, in the order of the file.
pub const KEYS: &[Key] = &[
    key("version", "the version of Brink that wrote the file, as text: \"0.1.0\""),
    key("title", "text"),
    key("note", "text"),
    key(
        "model.architecture",
        "\"mlp\", \"cnn\", \"resnet\", \"vit\", \"lstm\", \"transformer\", \"mamba\" or \"landscape\"",
    ),
    key(
        "model.width",
        "a whole number from 1 to 65536 (mlp, cnn and resnet), or a list of 1 to 16 of them (mlp only)",
    ),
    key("model.stages", "a list of 1 to 8 whole numbers from 1 to 64 (resnet only)"),
    key("model.patch", "a whole number from 1 to 256 (vit only)"),
    key("model.dim", "a whole number from 1 to 65536 (vit, transformer and mamba)"),
    key("model.depth", "a whole number from 1 to 64 (vit only)"),
    key("model.mlp", "a whole number from 1 to 65536 (vit only)"),
    key("model.heads", "a whole number from 1 to 256 (vit and transformer)"),
    key("model.layers", "a whole number from 1 to 64 (lstm, transformer and mamba)"),
    key("model.embedding", "a whole number from 1 to 65536 (lstm only)"),
    key("model.hidden", "a whole number from 1 to 65536 (lstm only)"),
    key("model.activation", "\"gelu\", \"silu\", \"tanh\" or \"relu\" (mlp, cnn and resnet)"),
    key("landscape.name", "\"hyperbola\", \"tilted-hyperbola\", \"ellipse\" or \"quadratic\""),
    key("landscape.start", "a list of finite numbers: two, or as many as a quadratic has eigenvalues"),
    key("landscape.c", "a finite number, 0 or more (tilted-hyperbola only)"),
    key("landscape.x0", "a finite number (tilted-hyperbola only)"),
    key("landscape.a", "a finite number > 0 (ellipse only)"),
    key("landscape.eigenvalues", "a list of 1 to 10000 finite numbers (quadratic only)"),
    key(
        "data.name",
        "\"digits\", \"fashion-mnist\", \"cifar10\", \"sorting\", \"copying\", \"chebyshev\", \"moons\", \"random\" or \
         \"file\"",
    ),
    key(
        "data.path",
        "the path of an .npz or .safetensors file or of .npy files (data.name = \"file\"), or the directory of CIFAR-10's \
         binary files (data.name = \"cifar10\")",
    ),
    key("data.n", "a whole number, from 1 to the number of examples there are (at most 1000000)"),
    key(
        "data.classes",
        "a whole number from 2 to 10 (data.name = \"digits\", \"fashion-mnist\" or \"cifar10\")",
    ),
    key("data.label_noise", "a number from 0 to 1 (data.name = \"digits\" only)"),
    key("data.degree", "a whole number from 1 to 1000 (data.name = \"chebyshev\" only)"),
    key("data.noise", "a finite number, 0 or more (data.name = \"moons\" only)"),
    key("data.dimension", "a whole number from 1 to 10000 (data.name = \"random\" only)"),
    key("data.binary", "true or false (data.name = \"file\", \"fashion-mnist\" or \"cifar10\")"),
    key("data.vocabulary", "a whole number from 2 to 10000 (data.name = \"sorting\" or \"copying\")"),
    key("data.length", "a whole number from 1 to 1000 (data.name = \"sorting\" or \"copying\")"),
    key("data.seed", "a whole number from 0 to 9223372036854775807, or \"bundled\" with digits"),
    key("loss.kind", "\"mse\" or \"ce\""),
    key(
        "optimizer.kind",
        "\"gd\" (gradient descent); the adaptive optimizers come later, since their central flow needs the \
         preconditioner's own dynamics",
    ),
    key("optimizer.eta", "a number > 0, at most 1000000"),
    key("run.steps", "a whole number from 1 to 1000000000"),
    key("run.seed", "a whole number from 0 to 9223372036854775807, or \"bundled\""),
    key("run.processes", "a list of \"gd\", \"gf\" and \"cf\", each once, one at least"),
    key("run.precision", "\"f32\" or \"f64\""),
    key("run.warm_start", "a whole number from 0 to 1000000"),
    key(
        "run.flows_start",
        "a whole number (a step), or \"edge\"; other than 0 with \"gd\" in run.processes only",
    ),
    key(
        "run.checkpoint",
        "\"digits-three-295\" or \"digits-three-440\"; with run.warm_start and run.flows_start 0 only",
    ),
    key("run.init", "the path of a .npz or .safetensors file with the initial weights"),
    key("run.ema", "a number from 0 to 1, below 1"),
    key("run.test_every", "a whole number from 1 to 1000000"),
    key("run.examples", "a list of 1 to 16 different places in the training set, from 0 (networks only)"),
    key("eigen.initial", "a whole number from 1 to eigen.max_tracked"),
    key("eigen.track_threshold", "a number > 0, at most central_flow.candidate_threshold"),
    key("eigen.max_tracked", "a whole number from 1 to 32"),
    key("eigen.tolerance", "a number from 1e-14 to 0.1"),
    key("eigen.max_hvps", "a whole number from 1 to 1000000"),
    key("central_flow.substeps", "a whole number from 1 to 1000"),
    key("central_flow.candidate_threshold", "a number from eigen.track_threshold to 2, below 2"),
    key("central_flow.resolve_every_substep", "true or false"),
    key("gradient_flow.min_substeps", "a whole number from 1 to 1000"),
    key("gradient_flow.max_eta_s", "a number > 0, at most 10000"),
    key("view.smoothing", "a number of steps from 0 to 100000"),
    key(
        "view.log",
        "a list of \"sharpness\", \"loss\", \"gradient-norm\", \"variance\" and \"distance\", each once",
    ),
    key("view.speed", "a number of steps a second > 0, at most 1000000"),
];

/// Keys without which a preset is not one.
pub(super) const REQUIRED: &[&str] = &["optimizer.eta"];

/// What a key allows.
pub(super) fn allowed(path: &str) -> &'static str {
    KEYS.iter().find(|k| k.path == path).map_or("nothing", |k| k.allowed)
}

/// Whether the path is a section.
pub(super) fn is_section(path: &str) -> bool {
    KEYS.iter().any(|k| k.path.split_once('.').is_some_and(|(section, _)| section == path))
}

/// The names beside which an unknown key should have stood, for a message.
pub(super) fn neighbours(path: &str) -> String {
    let section = path.split_once('.').map(|(section, _)| section).filter(|s| is_section(s));
    let mut names: Vec<&str> = KEYS
        .iter()
        .filter_map(|k| match (section, k.path.split_once('.')) {
            (Some(wanted), Some((section, name))) if section == wanted => Some(name),
            (None, Some((section, _))) => Some(section),
            (None, None) => Some(k.path),
            _ => None,
        })
        .collect();
    names.dedup();
    let of = section.map_or("a preset".to_owned(), |s| format!("[{s}]"));
    format!("{of} has {}", names.join(", "))
}
