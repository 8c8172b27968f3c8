//! All keys of a preset, each declared once with its range, default and meaning. The checks of single values,
//! the messages and the table in `presets/README.md` are derived from this declaration.

use super::allowed::{Bound, Range};
use std::fmt::Write as _;

/// A key of a preset.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its path, `section.key`.
    pub path: &'static str,
    /// Its default, as shown in the table of the documentation.
    pub default: &'static str,
    /// Its allowed values.
    pub range: Range,
    /// Its meaning, for the documentation.
    pub about: &'static str,
}

const fn key(path: &'static str, default: &'static str, range: Range, about: &'static str) -> Key {
    Key { path, default, range, about }
}

/// All keys, in the order of the file.
pub const KEYS: &[Key] = &[
    key(
        "version",
        "–",
        Range::Words {
            said: "the version of Brink that wrote the file, as text: \"0.1.0\"",
            listed: "text, such as `\"0.1.0\"`",
        },
        "the version of Brink that wrote the file; a file of a newer version is refused",
    ),
    key("title", "empty", Range::Words { said: "text", listed: "text" }, "one line for the menu"),
    key("note", "empty", Range::Words { said: "text", listed: "text" }, "what the run shows"),
    key(
        "model.architecture",
        "`\"mlp\"`",
        Range::OneOf {
            names: &["mlp", "cnn", "resnet", "vit", "lstm", "transformer", "mamba", "landscape"],
            of: "",
        },
        "the network, see below, or a closed-form loss",
    ),
    key(
        "model.width",
        "mlp 256, cnn 32, resnet 16",
        Range::WholeOrList { least: 1, most: 65_536, of: "mlp, cnn and resnet", longest: 16, list_of: "mlp" },
        "mlp: width of two hidden layers, or of every hidden layer; cnn, resnet: channels of the first layer",
    ),
    key(
        "model.stages",
        "`[3, 3, 3]`",
        Range::Wholes { longest: 8, least: 1, most: 64, of: "resnet only" },
        "resnet: residual blocks of every stage",
    ),
    key(
        "model.patch",
        "4",
        Range::Whole { least: 1, most: 256, of: "vit only" },
        "vit: height and width of a patch, which divide the image",
    ),
    key(
        "model.dim",
        "vit 64, transformer 32, mamba 64",
        Range::Whole { least: 1, most: 65_536, of: "vit, transformer and mamba" },
        "columns of a token",
    ),
    key("model.depth", "4", Range::Whole { least: 1, most: 64, of: "vit only" }, "vit: layers"),
    key(
        "model.mlp",
        "256",
        Range::Whole { least: 1, most: 65_536, of: "vit only" },
        "vit: width of the fully connected layers inside",
    ),
    key(
        "model.heads",
        "vit 8, transformer 4",
        Range::Whole { least: 1, most: 256, of: "vit and transformer" },
        "heads of attention (of 64 columns each in vit, of dim/heads in transformer)",
    ),
    key(
        "model.layers",
        "lstm 2, transformer 4, mamba 2",
        Range::Whole { least: 1, most: 64, of: "lstm, transformer and mamba" },
        "layers",
    ),
    key(
        "model.embedding",
        "48",
        Range::Whole { least: 1, most: 65_536, of: "lstm only" },
        "lstm: columns of the embedding",
    ),
    key(
        "model.hidden",
        "48",
        Range::Whole { least: 1, most: 65_536, of: "lstm only" },
        "lstm: units of a layer",
    ),
    key(
        "model.activation",
        "`\"gelu\"`",
        Range::OneOf { names: &["gelu", "silu", "tanh", "relu"], of: "mlp, cnn and resnet" },
        "mlp, cnn, resnet; ReLU has no third derivative: the central flow misses its kinks",
    ),
    key(
        "landscape.name",
        "required for a landscape",
        Range::OneOf { names: &["hyperbola", "tilted-hyperbola", "ellipse", "quadratic"], of: "" },
        "½(1−xy)², ½(1−xy)² + c(x−x0)², (1−ax²−y²)², ½ Σ λᵢwᵢ²",
    ),
    key(
        "landscape.start",
        "required for a landscape",
        Range::Words {
            said: "a list of finite numbers: two, or as many as a quadratic has eigenvalues",
            listed: "a list of numbers, one a parameter",
        },
        "initial weights (`--init` with an array `w` replaces them)",
    ),
    key(
        "landscape.c",
        "0.005",
        Range::Real {
            noun: "a finite number",
            low: Bound::Closed(0.0),
            high: Bound::None,
            of: "tilted-hyperbola only",
        },
        "weight of the tilt (tilted-hyperbola)",
    ),
    key(
        "landscape.x0",
        "3",
        Range::Real {
            noun: "a finite number",
            low: Bound::None,
            high: Bound::None,
            of: "tilted-hyperbola only",
        },
        "where the tilt pulls to (tilted-hyperbola)",
    ),
    key(
        "landscape.a",
        "0.5",
        Range::Real { noun: "a finite number", low: Bound::Open(0.0), high: Bound::None, of: "ellipse only" },
        "eccentricity (ellipse)",
    ),
    key(
        "landscape.eigenvalues",
        "required for a quadratic",
        Range::Reals { longest: 10_000, of: "quadratic only" },
        "its spectrum (quadratic)",
    ),
    key(
        "data.name",
        "required for a network",
        Range::OneOf {
            names: &[
                "digits",
                "fashion-mnist",
                "cifar10",
                "sorting",
                "copying",
                "chebyshev",
                "moons",
                "random",
                "file",
            ],
            of: "",
        },
        "the data, see below",
    ),
    key(
        "data.path",
        "required for a file; cifar10: see below",
        Range::Words {
            said: "the path of an .npz or .safetensors file or of .npy files (data.name = \"file\"), or the directory of CIFAR-10's binary files (data.name = \"cifar10\")",
            listed: "a path",
        },
        "file: an `.npz` or `.safetensors` file, a directory of `.npy` files or one of them; `--data` sets it. cifar10: the directory of its files",
    ),
    key(
        "data.n",
        "see below",
        Range::Words {
            said: "a whole number, from 1 to the number of examples there are (at most 1000000)",
            listed: "1 to what there is; fashion-mnist and cifar10: a multiple of `data.classes`",
        },
        "number of training examples: the first n, or of images the first n/classes of each class",
    ),
    key(
        "data.classes",
        "10; 2 where `data.binary`",
        Range::Whole { least: 2, most: 10, of: "data.name = \"digits\", \"fashion-mnist\" or \"cifar10\"" },
        "digits, fashion-mnist, cifar10: only the first so many classes",
    ),
    key(
        "data.label_noise",
        "0",
        Range::Real {
            noun: "a number",
            low: Bound::Closed(0.0),
            high: Bound::Closed(1.0),
            of: "data.name = \"digits\" only",
        },
        "digits: probability with which a training label is replaced by a random one",
    ),
    key(
        "data.degree",
        "6",
        Range::Whole { least: 1, most: 1_000, of: "data.name = \"chebyshev\" only" },
        "chebyshev: degree of the polynomial",
    ),
    key(
        "data.noise",
        "0.1",
        Range::Real {
            noun: "a finite number",
            low: Bound::Closed(0.0),
            high: Bound::None,
            of: "data.name = \"moons\" only",
        },
        "moons: standard deviation of the noise on every coordinate",
    ),
    key(
        "data.dimension",
        "8",
        Range::Whole { least: 1, most: 10_000, of: "data.name = \"random\" only" },
        "random: dimension of the inputs",
    ),
    key(
        "data.binary",
        "false",
        Range::Flag { of: "data.name = \"file\", \"fashion-mnist\" or \"cifar10\"" },
        "file, fashion-mnist, cifar10: two classes (labels 0 and 1) and one output",
    ),
    key(
        "data.vocabulary",
        "4",
        Range::Whole { least: 2, most: 10_000, of: "data.name = \"sorting\" or \"copying\"" },
        "sorting, copying: number of different tokens",
    ),
    key(
        "data.length",
        "8",
        Range::Whole { least: 1, most: 1_000, of: "data.name = \"sorting\" or \"copying\"" },
        "sorting, copying: tokens before the answer",
    ),
    key(
        "data.seed",
        "`run.seed`",
        Range::Words {
            said: "a whole number from 0 to 9223372036854775807, or \"bundled\" with digits",
            listed: "0 – 2⁶³−1, `\"bundled\"`",
        },
        "seed of label noise, sorting, copying, moons and random data",
    ),
    key(
        "loss.kind",
        "`\"mse\"`",
        Range::OneOf { names: &["mse", "ce"], of: "" },
        "½·mean over rows of the summed squared error; cross-entropy (logistic for one output)",
    ),
    key(
        "optimizer.kind",
        "`\"gd\"`",
        Range::Words {
            said: "\"gd\" (gradient descent); the adaptive optimizers come later, since their central flow needs the preconditioner's own dynamics",
            listed: "`\"gd\"`",
        },
        "gradient descent; adaptive optimizers come later",
    ),
    key(
        "optimizer.eta",
        "required",
        Range::Real { noun: "a number", low: Bound::Open(0.0), high: Bound::Closed(1_000_000.0), of: "" },
        "learning rate η",
    ),
    key("run.steps", "1000", Range::Whole { least: 1, most: 1_000_000_000, of: "" }, "number of steps"),
    key(
        "run.seed",
        "0",
        Range::Words {
            said: "a whole number from 0 to 9223372036854775807, or \"bundled\"",
            listed: "0 – 2⁶³−1, `\"bundled\"`",
        },
        "seed of the initial weights; `\"bundled\"` takes the weights and noisy labels that come with the program",
    ),
    key(
        "run.processes",
        "`[\"gd\", \"gf\", \"cf\"]`",
        Range::Words {
            said: "a list of \"gd\", \"gf\" and \"cf\", each once, one at least",
            listed: "a list of these",
        },
        "gradient descent, gradient flow, central flow",
    ),
    key(
        "run.precision",
        "`\"f32\"`",
        Range::OneOf { names: &["f32", "f64"], of: "" },
        "precision of all arithmetic; `--precision` sets it",
    ),
    key(
        "run.warm_start",
        "0",
        Range::Whole { least: 0, most: 1_000_000, of: "" },
        "steps of plain gradient descent before step 0",
    ),
    key(
        "run.flows_start",
        "0",
        Range::Words {
            said: "a whole number (a step), or \"edge\"; other than 0 with \"gd\" in run.processes only",
            listed: "a step, `\"edge\"` (with `\"gd\"` running)",
        },
        "when the flows start: at a step, or when the sharpness first reaches 2/η",
    ),
    key(
        "run.checkpoint",
        "off",
        Range::Words {
            said: "\"digits-three-295\" or \"digits-three-440\"; with run.warm_start and run.flows_start 0 only",
            listed: "`\"digits-three-295\"`, `\"digits-three-440\"`",
        },
        "all three processes go on from a checkpoint that comes with the program (`assets/checkpoints`); only with `run.warm_start` and `run.flows_start` 0",
    ),
    key(
        "run.init",
        "off",
        Range::Words {
            said: "the path of a .npz or .safetensors file with the initial weights",
            listed: "a path",
        },
        "initial weights from a file, npz or safetensors, as `--init` of `brink run` names it",
    ),
    key(
        "run.ema",
        "off",
        Range::Real { noun: "a number", low: Bound::Closed(0.0), high: Bound::Open(1.0), of: "" },
        "decay of a moving average of gradient descent's weights, whose loss is recorded (`gd_ema_loss`)",
    ),
    key(
        "run.test_every",
        "off",
        Range::Whole { least: 1, most: 1_000_000, of: "" },
        "measure `test_loss`, `train_accuracy`, `test_accuracy` every so many steps",
    ),
    key(
        "run.examples",
        "a few, one of each class first",
        Range::Words {
            said: "a list of 1 to 16 different places in the training set, from 0 (networks only)",
            listed: "1 to 16 different places from 0",
        },
        "training examples whose outputs are recorded at every step (the panel `Predictions`)",
    ),
    key(
        "eigen.initial",
        "1",
        Range::Words { said: "a whole number from 1 to eigen.max_tracked", listed: "1 – `max_tracked`" },
        "eigenpairs tracked at first",
    ),
    key(
        "eigen.track_threshold",
        "1.5",
        Range::Words {
            said: "a number > 0, at most central_flow.candidate_threshold",
            listed: "> 0, ≤ `central_flow.candidate_threshold`",
        },
        "one more is tracked when the smallest tracked η·λ reaches this",
    ),
    key(
        "eigen.max_tracked",
        "8",
        Range::Whole { least: 1, most: 32, of: "" },
        "most pairs tracked (fewer where `eigen.max_hvps` has no room for them), and eigenvalue columns in `run.csv`",
    ),
    key(
        "eigen.tolerance",
        "1e-5",
        Range::Real { noun: "a number", low: Bound::Closed(1e-14), high: Bound::Closed(0.1), of: "" },
        "relative residual ‖Hu − λu‖/\\|λ\\| at which a pair is solved",
    ),
    key(
        "eigen.max_hvps",
        "unlimited",
        Range::Whole { least: 1, most: 1_000_000, of: "" },
        "most Hessian-vector products that each process spends on eigenpairs in one step; what residual that leaves is in `gd_eigen_residual`, `gf_eigen_residual` and `cf_eigen_residual`, and at most two pairs fewer than this are tracked, but one in any case",
    ),
    key(
        "central_flow.substeps",
        "4",
        Range::Whole { least: 1, most: 1_000, of: "" },
        "Euler substeps a step",
    ),
    key(
        "central_flow.candidate_threshold",
        "1.95",
        Range::Words {
            said: "a number from eigen.track_threshold to 2, below 2",
            listed: "`eigen.track_threshold` – 2, below 2",
        },
        "an eigenvalue enters the complementarity problem when η·λ exceeds this",
    ),
    key(
        "central_flow.resolve_every_substep",
        "false",
        Range::Flag { of: "" },
        "solve for eigenvectors at every substep, until `eigen.max_hvps` is spent, instead of once a step",
    ),
    key(
        "gradient_flow.min_substeps",
        "4",
        Range::Whole { least: 1, most: 1_000, of: "" },
        "least Euler substeps a step (2ηS where that is more)",
    ),
    key(
        "gradient_flow.max_eta_s",
        "100",
        Range::Real { noun: "a number", low: Bound::Open(0.0), high: Bound::Closed(10_000.0), of: "" },
        "the gradient flow stops where η·S exceeds this",
    ),
    key(
        "view.smoothing",
        "50",
        Range::Real {
            noun: "a number of steps",
            low: Bound::Closed(0.0),
            high: Bound::Closed(100_000.0),
            of: "",
        },
        "standard deviation of the Gaussian smoothing, in steps",
    ),
    key(
        "view.log",
        "`[]`",
        Range::Words {
            said: "a list of \"sharpness\", \"loss\", \"gradient-norm\", \"variance\" and \"distance\", each once",
            listed: "a list of `\"sharpness\"`, `\"loss\"`, `\"gradient-norm\"`, `\"variance\"`, `\"distance\"`",
        },
        "panels that open with a logarithmic axis",
    ),
    key(
        "view.speed",
        "unlimited",
        Range::Real {
            noun: "a number of steps a second",
            low: Bound::Open(0.0),
            high: Bound::Closed(1_000_000.0),
            of: "",
        },
        "steps a second in the window",
    ),
];

/// The mandatory keys.
pub(super) const REQUIRED: &[&str] = &["optimizer.eta"];

/// The range of a key.
pub(super) fn range(path: &str) -> Option<&'static Range> {
    KEYS.iter().find(|key| key.path == path).map(|key| &key.range)
}

/// The allowed values of a key in words.
pub(super) fn allowed(path: &str) -> String {
    range(path).map_or_else(|| "nothing".into(), Range::said)
}

/// The table of all keys in `presets/README.md`.
pub fn table() -> String {
    let mut text = "| key | default | allowed | meaning |\n|---|---|---|---|\n".to_owned();
    for Key { path, default, range, about } in KEYS {
        // a string accepts everything
        let _ = writeln!(text, "| `{path}` | {default} | {} | {about} |", range.listed());
    }
    text
}

/// Whether the path is a section.
pub(super) fn is_section(path: &str) -> bool {
    KEYS.iter().any(|k| k.path.split_once('.').is_some_and(|(section, _)| section == path))
}

/// The names that exist in the section of an unknown key, for a message.
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
