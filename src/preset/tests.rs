use super::*;
use brink_core::network::Architecture;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;
use toml::{Table, Value};

const SHORTEST: &str = "[data]\nname = \"digits\"\n[optimizer]\neta = 0.1\n";

fn error(text: &str) -> String {
    Preset::parse(text).unwrap_err().to_string()
}

/// The error of the minimal preset with one change.
fn error_of(set: &str) -> String {
    let mut preset = Preset::parse(SHORTEST).unwrap();
    preset.set(set).and_then(|()| preset.validate()).unwrap_err().to_string()
}

/// The paths of a table's leaves.
fn leaves(table: &Table) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for (name, value) in table {
        match value {
            Value::Table(section) => paths.extend(section.keys().map(|key| format!("{name}.{key}"))),
            _ => {
                paths.insert(name.clone());
            }
        }
    }
    paths
}

/// A preset with every key given (it is not valid, because some keys exclude each other).
fn everything() -> Preset {
    let mut preset = Preset::parse(SHORTEST).unwrap();
    for text in [
        "version=0.1.0",
        "model.width=3",
        "model.stages=[1, 2]",
        "model.patch=2",
        "model.dim=8",
        "model.depth=1",
        "model.mlp=8",
        "model.heads=2",
        "model.layers=1",
        "model.embedding=8",
        "model.hidden=8",
        "model.activation=tanh",
        "data.path=a",
        "data.n=1",
        "data.classes=2",
        "data.label_noise=0.1",
        "data.degree=2",
        "data.noise=0.1",
        "data.dimension=2",
        "data.binary=true",
        "data.vocabulary=4",
        "data.length=8",
        "data.seed=1",
        "run.checkpoint=digits-three-440",
        "run.init=weights.npz",
        "run.ema=0.5",
        "run.test_every=10",
        "run.examples=[3, 0]",
        "eigen.max_hvps=10",
        "view.speed=10",
    ] {
        preset.set(text).unwrap();
    }
    preset.loss = Some(Loss { kind: LossKind::Ce });
    preset.landscape = Some(LandscapeSettings {
        name: LandscapeName::Ellipse,
        start: vec![1.0, 2.0],
        c: Some(1.0),
        x0: Some(1.0),
        a: Some(1.0),
        eigenvalues: Some(vec![1.0]),
    });
    preset
}

#[test]
fn the_table_of_keys_is_the_preset_s_own() {
    let of_structs = leaves(&Table::try_from(everything()).unwrap());
    let of_table: BTreeSet<String> = KEYS.iter().map(|k| k.path.to_owned()).collect();
    assert_eq!(of_structs, of_table);
}

#[test]
fn the_table_of_the_documentation_is_the_declaration() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("presets/README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once("| key | default |").expect("the table begins");
    let (_, after) = rest.split_once("\n\n").expect("the table ends");
    let generated = format!("{before}{}\n{after}", keys::table());
    if std::env::var_os("BRINK_WRITE_README").is_some() {
        std::fs::write(&path, generated).unwrap();
    } else {
        assert!(
            readme == generated,
            "BRINK_WRITE_README=1 cargo test the_table_of_the_documentation writes the table anew"
        );
    }
}

#[test]
fn every_declared_name_is_accepted_and_no_other() {
    for Key { path, range, .. } in KEYS {
        let allowed::Range::OneOf { names, .. } = range else { continue };
        for name in *names {
            let mut preset = Preset::parse(SHORTEST).unwrap();
            // another key may be missing in this case
            if let Err(error) = preset.set(&format!("{path}=\"{name}\"")) {
                assert!(!error.to_string().starts_with(&format!("{path} =")), "{error}");
            }
        }
        assert!(
            Preset::parse(SHORTEST).unwrap().set(&format!("{path}=\"{}x\"", names[0])).is_err(),
            "{path}"
        );
    }
}

#[test]
fn every_key_is_documented_with_its_default() {
    let readme = include_str!("../../presets/README.md");
    let preset = Preset::parse(SHORTEST).unwrap();
    let defaults = Table::try_from(&preset).unwrap();
    for key in KEYS {
        let row = readme
            .lines()
            .find(|l| l.starts_with(&format!("| `{}` |", key.path)))
            .unwrap_or_else(|| panic!("presets/README.md has no row for {}", key.path));
        assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "{row}");
        let Some((section, name)) = key.path.split_once('.') else { continue };
        let default = defaults.get(section).and_then(|s| s.get(name));
        let documented = row.split('|').nth(2).unwrap().trim().trim_matches('`');
        if let (Some(default), false) = (default, documented.starts_with("required")) {
            let same = match default {
                Value::Float(x) => documented.parse::<f64>().ok() == Some(*x),
                other => documented == other.to_string(),
            };
            assert!(same, "{}: {default} is documented as {documented}", key.path);
        }
    }
}

#[test]
fn set_reaches_every_key() {
    let table = Table::try_from(everything()).unwrap();
    let mut preset = everything();
    for key in KEYS {
        let value = match key.path.split_once('.') {
            Some((section, name)) => &table[section][name],
            None => &table[key.path],
        };
        preset.set(&format!("{} = {value}", key.path)).unwrap_or_else(|e| panic!("{}: {e}", key.path));
    }
    assert_eq!(preset, everything());
    preset.set("model.landscape.a=0.25").unwrap();
    assert_eq!(preset.landscape.unwrap().a, Some(0.25));
}

#[test]
fn built_in_presets_are_valid_and_come_back_from_what_a_run_writes() {
    let presets = Preset::built_in();
    assert!(presets.len() >= 6);
    assert_eq!(presets[0].0, DEFAULT);
    for (name, preset) in presets {
        assert!(!preset.title.is_empty() && !preset.note.is_empty(), "{name}");
        let text = preset.resolved_toml();
        assert!(text.contains(&format!("version = \"{}\"", env!("CARGO_PKG_VERSION"))), "{text}");
        assert!(text.contains("seed = "), "{text}");
        let mut again = Preset::parse(&text).unwrap();
        again.version = None;
        assert_eq!(again, preset.resolved(), "{name}");
    }
}

#[test]
fn unknown_keys_are_refused_with_their_neighbours() {
    let e = error_of("optimizer.etta=0.1");
    assert!(
        e.contains("optimizer.etta") && e.contains("0.1") && e.contains("[optimizer] has kind, eta"),
        "{e}"
    );
    let e = error(&format!("{SHORTEST}\n[optimiser]\neta = 1\n"));
    assert!(e.contains("optimiser") && e.contains("optimizer"), "{e}");
    let e = error(&format!("colour = 3\n{SHORTEST}"));
    assert!(e.contains("colour") && e.contains("title"), "{e}");
    assert!(error("optimizer = 3").contains("a section"), "a value where a section belongs");
}

#[test]
fn every_value_out_of_range_is_named_with_what_is_allowed() {
    for (set, says) in [
        ("optimizer.eta=0", "a number > 0"),
        ("optimizer.eta=-0.1", "-0.1"),
        ("optimizer.eta=NaN", "nan"),
        ("optimizer.eta=inf", "inf"),
        ("optimizer.eta=1e300", "at most 1000000"),
        ("optimizer.eta=fast", "\"fast\""),
        ("optimizer.kind=adam", "come later"),
        ("model.architecture=gpt", "\"mlp\""),
        ("model.architecture=lstm", "data.name"),
        ("model.stages=[3]", "it is a key of resnet"),
        ("model.patch=4", "it is a key of vit"),
        ("model.dim=8", "it is a key of vit, transformer and mamba"),
        ("model.width=0", "from 1"),
        ("model.width=[]", "a list"),
        ("model.width=[32, 99999999]", "65536"),
        ("model.width=-3", "-3"),
        ("model.activation=sine", "gelu"),
        ("data.name=mnist", "digits"),
        ("data.n=0", "from 1"),
        ("data.n=1.5", "1.5"),
        ("data.n=99999999999999999999", "allowed"),
        ("data.classes=11", "2 to 10"),
        ("data.label_noise=1.5", "0 to 1"),
        ("data.degree=3", "chebyshev"),
        ("data.binary=true", "fashion-mnist"),
        ("data.vocabulary=3", "sorting"),
        ("data.name=sorting", "not tokens"),
        ("data.seed=-1", "-1"),
        ("data.path=x.npz", "file"),
        ("loss.kind=l1", "mse"),
        ("run.steps=0", "from 1"),
        ("run.seed=random", "random"),
        ("run.processes=[]", "one at least"),
        ("run.processes=[\"gd\", \"gd\"]", "each once"),
        ("run.precision=f16", "f32"),
        ("run.flows_start=late", "edge"),
        ("run.ema=1", "below 1"),
        ("run.examples=[1, 1]", "different"),
        ("eigen.initial=9", "max_tracked"),
        ("eigen.max_tracked=0", "1 to 32"),
        ("eigen.tolerance=0", "1e-14"),
        ("eigen.track_threshold=2.5", "candidate_threshold"),
        ("central_flow.substeps=0", "from 1"),
        ("central_flow.candidate_threshold=1.2", "track_threshold"),
        ("central_flow.resolve_every_substep=1", "true or false"),
        ("gradient_flow.max_eta_s=0", "> 0"),
        ("view.smoothing=-1", "0 to"),
        ("view.speed=0", "> 0"),
        ("view.log=[\"loss\", \"loss\"]", "each once"),
        ("view.log=[\"displacement\"]", "variance"),
        ("landscape.c=1", "landscape.name"),
    ] {
        let e = error_of(set);
        let key = set.split_once('=').unwrap().0;
        assert!(e.contains(key) || e.contains("landscape.name"), "{set}: {e}");
        assert!(e.contains(says), "{set}: {e}");
        assert!(!e.contains('\n'), "{set}: {e}");
    }
    assert!(error_of("optimizer.eta").contains("key=value"));
    assert!(error_of("=3").contains("key=value"));
}

/// A preset with the given architecture, data and changes.
fn network(architecture: &str, data: &str, sets: &[&str]) -> Result<Preset, String> {
    let mut preset = Preset::parse(SHORTEST).unwrap();
    let named = [format!("model.architecture={architecture}"), format!("data.name={data}")];
    let sets = named.iter().map(String::as_str).chain(sets.iter().copied());
    let set = sets.map(str::to_owned).try_for_each(|set| preset.set(&set)).and_then(|()| preset.validate());
    set.map(|()| preset).map_err(|e| e.to_string())
}

#[test]
fn every_architecture_has_its_own_sizes_and_defaults() {
    let lstm = network("lstm", "sorting", &["model.hidden=12"]).unwrap();
    let activation = Activation::Gelu;
    for (preset, built) in [
        (network("mlp", "moons", &["model.width=[3]"]), Architecture::Mlp { hidden: vec![3], activation }),
        (network("cnn", "digits", &[]), Architecture::Cnn { width: 32, activation }),
        (
            network("resnet", "fashion-mnist", &["model.activation=tanh"]),
            Architecture::ResNet { width: 16, stages: vec![3, 3, 3], activation: Activation::Tanh },
        ),
        (
            network("vit", "cifar10", &["model.depth=2"]),
            Architecture::Vit { patch: 4, dim: 64, depth: 2, mlp: 256, heads: 8 },
        ),
        (Ok(lstm.clone()), Architecture::Lstm { layers: 2, embedding: 48, hidden: 12 }),
        (
            network("transformer", "copying", &["model.dim=16"]),
            Architecture::Transformer { layers: 4, dim: 16, heads: 4 },
        ),
        (network("mamba", "file", &["data.path=t.npz"]), Architecture::Mamba { layers: 2, dim: 64 }),
    ] {
        assert_eq!(preset.unwrap().model.network(), Some(built));
    }
    let resolved = lstm.resolved_toml();
    for line in ["layers = 2", "embedding = 48", "hidden = 12", "vocabulary = 4", "length = 8", "n = 1000"] {
        assert!(resolved.contains(line), "{line}: {resolved}");
    }
    assert!(!resolved.contains("width"), "{resolved}");
    for (set, says) in [
        ("model.hidden=0", "model.hidden = 0; allowed is a whole number from 1"),
        ("model.layers=65", "1 to 64"),
        ("model.width=8", "model.architecture is \"lstm\"; it is a key of mlp, cnn and resnet"),
        ("model.heads=2", "it is a key of vit and transformer"),
        ("data.classes=2", "fashion-mnist"),
        ("data.vocabulary=1", "from 2"),
        ("data.length=0", "from 1"),
    ] {
        let e = network("lstm", "copying", &[set]).unwrap_err();
        assert!(e.contains(says), "{set}: {e}");
    }
    for architecture in ["cnn", "resnet", "vit"] {
        assert!(network(architecture, "sorting", &[]).unwrap_err().contains("reads images"));
        assert!(network(architecture, "moons", &[]).unwrap_err().contains("reads images"));
    }
    assert!(network("lstm", "digits", &[]).unwrap_err().contains("sequences of tokens"));
    assert!(network("mlp", "copying", &[]).unwrap_err().contains("lstm"));
}

#[test]
fn images_have_so_many_of_every_class_unless_told_otherwise() {
    let of = |data: &str, sets: &[&str]| {
        let data = network("mlp", data, sets).unwrap().resolved().data.unwrap();
        (data.n, data.classes)
    };
    assert_eq!(of("cifar10", &[]), (Some(1000), Some(10)));
    assert_eq!(of("cifar10", &["data.classes=3"]), (Some(999), Some(3)));
    assert_eq!(of("fashion-mnist", &["data.binary=true"]), (Some(500), Some(2)));
    assert_eq!(of("fashion-mnist", &["data.classes=4"]), (Some(1000), Some(4)));
    let e = network("mlp", "cifar10", &["data.binary=true", "data.classes=3"]).unwrap_err();
    assert!(e.contains("data.classes = 3") && e.contains("data.binary"), "{e}");
    assert!(network("mlp", "moons", &["data.seed=bundled"]).unwrap_err().contains("with digits"));
}

#[test]
fn the_bundled_start_fits_its_own_network_only() {
    let load = |set: &str| {
        Preset::load_with(DEFAULT, &Overrides { data: None, set: vec![set.to_owned()] })
            .map_err(|e| e.to_string())
    };
    for set in ["run.seed=3", "model.activation=tanh", "data.n=400", "data.label_noise=0", "data.seed=7"] {
        load(set).unwrap();
    }
    assert!(load("model.width=64").unwrap_err().contains("64-32-32-10"));
    assert!(load("data.label_noise=0.5").unwrap_err().contains("0.3"));
    assert!(load("data.n=501").unwrap_err().contains("500 of the 1797"));
}

#[test]
fn text_that_is_no_preset_is_refused_in_words() {
    assert!(error("").contains("empty"));
    assert!(error("\u{feff}  # nothing\n").contains("empty"));
    let e = error("[optimizer]\neta = = 3\n");
    assert!(e.contains("line 2") && e.contains("column 7"), "{e}");
    assert!(error("[optimizer]\nkind = \"gd\"\n").contains("optimizer.eta is missing"));
    assert!(error("[optimizer]\neta = 0.1\n").contains("data.name is missing"));
    assert!(error("[optimizer]\neta = 0.1\neta = 0.2\n[data]\nname = \"digits\"").contains("line 3"));
    assert!(error(&format!("version = \"99.0.0\"\n{SHORTEST}")).contains("99.0.0"));
    assert!(error(&format!("version = \"99.0.0\"\nnewer_key = 1\n{SHORTEST}")).contains("99.0.0"));
    assert!(error(&format!("version = 2\n{SHORTEST}")).contains("version = 2"));
    Preset::parse(&format!("\u{feff}{SHORTEST}")).unwrap();
    let e = Preset::load("nonesuch").unwrap_err().to_string();
    assert!(e.contains("nonesuch") && e.contains("digits-mlp"), "{e}");
    assert!(Preset::load("/nonesuch/x.toml").unwrap_err().to_string().contains("/nonesuch/x.toml"));
}

#[test]
fn a_landscape_is_checked_as_a_whole() {
    let landscape =
        |of: &str| error(&format!("[model]\narchitecture = \"landscape\"\n[optimizer]\neta = 0.1\n{of}"));
    assert!(landscape("").contains("landscape.name is missing"));
    assert!(landscape("[landscape]\nname = \"ellipse\"").contains("landscape.start is missing"));
    assert!(landscape("[landscape]\nname = \"ellipse\"\nstart = [1.0]").contains("landscape.start = [1.0]"));
    assert!(
        landscape("[landscape]\nname = \"ellipse\"\nstart = [1, 2]\nc = 1").contains("tilted-hyperbola only")
    );
    assert!(landscape("[landscape]\nname = \"quadratic\"\nstart = [1, 2]").contains("landscape.eigenvalues"));
    let e = landscape("[landscape]\nname = \"ellipse\"\nstart = [1, 2]\n[data]\nname = \"digits\"");
    assert!(e.contains("data") && e.contains("is a loss itself"), "{e}");
}

#[test]
fn a_file_replaces_the_data_before_the_settings() {
    let overrides = Overrides { data: Some("x.npz".into()), set: vec!["data.binary=true".into()] };
    let preset = Preset::load_with(DEFAULT, &overrides).unwrap();
    let data = preset.data.unwrap();
    assert_eq!((data.name, data.n, data.binary), (DataName::File, None, Some(true)));
    // The bundled weights belong to the bundled data only.
    assert_eq!(preset.run.seed, Seed::Number(0));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
        let _ = Preset::parse(&text);
    }

    #[test]
    fn no_value_makes_a_key_panic(key in 0..KEYS.len(), value in "[-+0-9a-zA-Z.\\[\\]\"', {}=]{0,20}") {
        let mut preset = Preset::parse(SHORTEST).unwrap();
        if preset.set(&format!("{}={value}", KEYS[key].path)).is_ok() && preset.validate().is_ok() {
            let again = Preset::parse(&preset.resolved_toml());
            prop_assert!(again.is_ok(), "{:?}", again);
        }
    }
}

/// The six presets that run live are limited to a size that an audience can watch: they have the full
/// structure of the large presets, with a limited number of weights and examples. The note of every network
/// states its number of parameters.
#[test]
fn the_small_presets_have_the_structure_of_the_full_ones() {
    for (name, least_layers) in
        [("cnn", 2), ("resnet", 2), ("vit", 2), ("lstm", 2), ("transformer", 2), ("mamba", 2)]
    {
        let preset = Preset::load(name).unwrap();
        let data = preset.resolved().data.unwrap();
        assert!(data.n.unwrap() >= 200, "{name}: n = {:?}", data.n);
        let layers = match preset.model.network().unwrap() {
            // always two convolutions
            Architecture::Cnn { .. } => 2,
            Architecture::ResNet { stages, .. } => stages.iter().sum(),
            Architecture::Vit { depth, .. } => depth,
            Architecture::Lstm { layers, .. }
            | Architecture::Transformer { layers, .. }
            | Architecture::Mamba { layers, .. } => layers,
            Architecture::Mlp { .. } => 0,
        };
        assert!(layers >= least_layers, "{name}: {layers} layers");
        assert!(parameters(&preset) >= 5000, "{name}: {} parameters", parameters(&preset));
    }
    for (name, preset) in Preset::built_in() {
        let is_mlp = matches!(preset.model.network(), Some(Architecture::Mlp { .. }) | None);
        if is_mlp {
            continue;
        }
        let count = parameters(&preset).to_string();
        let (thousands, rest) = count.split_at(count.len() - 3);
        let said = format!("{thousands},{rest} parameters");
        assert!(preset.note.contains(&said), "{name}: the note does not say {said}");
    }
}

/// The number of parameters of a preset's network; the data need not be available.
fn parameters(preset: &Preset) -> usize {
    let data = preset.resolved().data.unwrap();
    let (shape, outputs) = match data.name {
        DataName::Cifar10 => (vec![3, 32, 32], data.classes.unwrap()),
        DataName::FashionMnist => (vec![1, 32, 32], data.classes.unwrap()),
        DataName::Digits => (vec![1, 8, 8], data.classes.unwrap()),
        DataName::Sorting | DataName::Copying => {
            (vec![2 * data.length.unwrap() - 1], data.vocabulary.unwrap())
        }
        other => panic!("no preset of a network other than an MLP is on {other:?}"),
    };
    let parameters = preset.model.network().unwrap().parameters(&shape, outputs).unwrap();
    parameters.iter().map(|p| p.shape.iter().product::<usize>()).sum()
}
