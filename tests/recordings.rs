//! Recordings: a recorded run reads back unchanged, and damage is reported.
#![expect(clippy::unwrap_used, reason = "a test")]

use brink::preset::{DataName, Overrides, Preset};
use brink::run::engine::Engine;
use brink::run::engine::assemble::assemble;
use brink::run::engine::problem::Sources;
use brink::run::file::recording::{Recording, bundled, names, take};
use brink::run::record::history::History;
use brink::run::record::predictions::{Input, PredictedOutput};
use brink::run::record::series::Series;
use brink_core::dynamics::Process;

fn recorded(name: &str, set: &[&str]) -> Recording {
    let set = set.iter().map(|set| (*set).to_owned()).collect();
    let preset = Preset::load_with(name, &Overrides { data: None, set }).unwrap();
    let engine = assemble(&preset, &Sources::default()).unwrap();
    take(engine, (name, preset, format!("brink record {name}")), |_, _| true)
}

/// A run that reaches the edge late.
fn small() -> Recording {
    recorded("moons", &["run.steps=560"])
}

/// A few steps on a few digits.
fn short() -> Recording {
    recorded("digits-mlp", &["run.steps=8", "data.n=20", "model.width=[4]"])
}

/// The largest difference between two series, as a share of the largest value.
fn distance(a: &History, b: &History, series: Series) -> f64 {
    let value = |history: &History, row| history.value(series, row);
    let largest = (0..a.rows()).filter_map(|row| value(a, row)).fold(0.0, |most: f64, x| most.max(x.abs()));
    let off = (0..a.rows()).map(|row| match (value(a, row), value(b, row)) {
        (Some(a), Some(b)) => (a - b).abs() / largest.max(f64::MIN_POSITIVE),
        (None, None) => 0.0,
        _ => f64::INFINITY,
    });
    off.fold(0.0, f64::max)
}

#[test]
fn a_recording_comes_back_from_its_file() {
    let taken = small();
    let bytes = taken.session().to_bytes().unwrap();
    let read = Recording::from_bytes("small", &bytes).unwrap();
    assert_eq!((read.history.rows(), read.examples()), (560, Some(200)));
    assert_eq!(
        (read.parameters, &read.command, &read.machine),
        (taken.parameters, &taken.command, &taken.machine)
    );
    assert!(taken.stored.len() < 400, "the quiet beginning is thinned");
    assert_eq!(read.stored, taken.stored);
    assert!(read.outline.edge().is_some(), "{}", read.outline);
    assert_eq!(read.outline.milestones, taken.outline.milestones);
    for series in [Series::GdLoss, Series::GdLambda(0), Series::CfLoss, Series::DistanceGdGf] {
        let off = distance(&taken.history, &read.history, series);
        assert!(off < 1.1e-3, "{series:?} is off by {off}");
    }
    assert_eq!(read.paths.as_deref(), taken.paths.as_deref());
    let paths = read.paths.as_ref().unwrap();
    assert!(paths.paths.iter().any(|path| path.process == Process::CentralFlow) && paths.axes.len() == 2);
    let outputs = |recording: &Recording| {
        let found = recording.history.predictions().unwrap().clone();
        let output = PredictedOutput { process: Process::GradientDescent, example: 2, row: 0, column: 0 };
        [0, 257, 559].map(|step| found.value(output, step).unwrap())
    };
    for (was, is) in outputs(&taken).iter().zip(outputs(&read)) {
        assert!((was - is).abs() <= was.abs() / 2000.0, "{was} became {is}");
    }
    println!("{} bytes: {}", bytes.len(), read.description());
}

#[test]
fn the_player_shows_the_outputs_too() {
    let taken = small();
    let mut player = taken.player();
    let mut played = History::new(taken.history.max_tracked());
    played.watch(player.examples().unwrap());
    while !player.finished() {
        played.push(&player.step(0.5));
    }
    let output = PredictedOutput { process: Process::CentralFlow, example: 1, row: 0, column: 0 };
    for step in 0..560 {
        let value = |history: &History| history.predictions().unwrap().value(output, step);
        assert_eq!(value(&played), value(&taken.history), "step {step}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let bytes = short().session().to_bytes().unwrap();
    let said = |bytes: &[u8]| Recording::from_bytes("broken", bytes).map(drop).unwrap_err().to_string();
    for end in (0..bytes.len()).step_by(7) {
        let text = said(&bytes[..end]);
        assert!(text.starts_with("the recording broken cannot be played: "), "{text}");
    }
    for place in (0..bytes.len()).step_by(11) {
        let mut flipped = bytes.clone();
        flipped[place] ^= 1 << (place % 8);
        assert!(said(&flipped).len() > 60, "byte {place}");
    }
    let mut newer = bytes;
    newer[8] += 1;
    assert!(said(&newer).contains("take the newer program"), "{}", said(&newer));
}

#[test]
fn pictures_that_are_not_ours_are_not_passed_on() {
    let taken = short();
    let examples = taken.history.predictions().unwrap().examples();
    assert!(
        examples.list.iter().all(|example| matches!(example.input, Input::Picture(_))),
        "digits are ours"
    );
    let withheld = examples.first(2, true);
    assert!(withheld.list.len() == 2 && withheld.list.iter().all(|example| example.input == Input::Withheld));
}

#[test]
fn every_bundled_recording_reads_and_shows_what_it_is_there_for() {
    let readme = include_str!("../assets/recordings/README.md");
    let (mut bytes, mut several) = (0, Vec::new());
    for (name, recording) in names().zip(bundled()) {
        let recording = recording.as_ref().unwrap_or_else(|error| panic!("{error}"));
        let outline = &recording.outline;
        println!("{name}: {}\n", recording.description());
        bytes += recording.session().to_bytes().unwrap().len();
        assert!(outline.edge().is_some(), "{name}: {outline}");
        assert!(
            outline.loss_error.is_some_and(f64::is_finite) && recording.parameters > 0,
            "{name}: {outline}"
        );
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{name}.brink` |")));
        let row = row.unwrap_or_else(|| panic!("assets/recordings/README.md does not list {name}"));
        assert!(outline.drops >= 3 || row.contains("few drops"), "{name} does not say why: {outline}");
        let rank = format!("; rank {}", outline.milestones.ranks.len());
        assert!(row.contains(&rank), "{name} says another rank: {outline}");
        let architecture = format!("{:?}", recording.preset.model.architecture);
        if outline.k() >= 2 && !several.contains(&architecture) {
            several.push(architecture);
        }
    }
    assert!(bytes < 12 << 20, "{bytes} bytes");
    assert!(several.len() >= 4, "k = 2 is reached by {several:?} only");
}

/// The preset that a recording's command defines.
fn asked_for(command: &str) -> Preset {
    let command = command.strip_prefix("brink record ").unwrap_or_else(|| panic!("{command}"));
    let mut words = command.split_whitespace();
    let name = words.next().unwrap();
    let mut set = Vec::new();
    while let Some(option) = words.next() {
        let value =
            words.next().unwrap_or_else(|| panic!("{command}: {option} has no value")).trim_matches('\'');
        set.push(match option {
            "--set" => value.to_owned(),
            "--steps" => format!("run.steps={value}"),
            _ => panic!("{command}: {option} is no option of `brink record`"),
        });
    }
    Preset::load_with(name, &Overrides { data: None, set })
        .unwrap_or_else(|error| panic!("{command}: {error}"))
}

#[test]
fn the_command_in_a_recording_makes_it_again() {
    for (name, recording) in names().zip(bundled()) {
        let recording = recording.as_ref().unwrap();
        let asked = asked_for(&recording.command);
        // defaults are written out; title, note and version may have changed since
        let plain = |preset: &Preset| Preset {
            version: None,
            title: String::new(),
            note: String::new(),
            ..preset.resolved()
        };
        assert_eq!(plain(&recording.preset), plain(&asked), "{name}");
        if asked.data.as_ref().is_some_and(|data| matches!(data.name, DataName::Cifar10 | DataName::File)) {
            continue;
        }
        let eta = asked.optimizer.eta;
        let mut engine = assemble(&asked, &Sources::default()).unwrap();
        let mut again = History::new(asked.eigen.max_tracked);
        for _ in 0..3 {
            again.push(&engine.step(eta));
        }
        assert_eq!(engine.dim(), recording.parameters, "{name}");
        for series in
            [Series::GdLoss, Series::GdLambda(0), Series::CfLoss, Series::CfLambda(0), Series::GdGradNormSq]
        {
            let off = distance(&again, &recording.history, series);
            assert!(off < 3e-3, "{name}: {series:?} is off by {off}");
        }
    }
}
