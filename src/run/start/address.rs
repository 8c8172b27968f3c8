//! The address of a moment: one command line that opens a run again with its steering, its forks and its cursor.
//!
//! `Display` writes the line, and the derived arguments of the same type read it, so that the two always agree.

use crate::preset::Preset;
use crate::preset::built_in::DEFAULT;
use crate::preset::data::DataName;
use crate::preset::error::PresetError;
use crate::preset::read::Overrides;
use crate::run::engine::branch::{Branch, EtaAt};
use crate::run::engine::course::Course;
use crate::run::file::recording::Recording;
use clap::Args;
use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

/// A preset with changes, as the command line names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Chosen {
    /// A built-in preset (see `brink presets`), a path to a .toml file, or a saved session or a recording NAME.brink
    /// [default: digits-noise]
    #[arg(value_name = "PRESET")]
    pub name: Option<String>,
    /// Change one key of the preset; may be given again. presets/README.md lists the keys
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// How a run is steered after step 0.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct Steering {
    /// Change the learning rate at the start of a step; may be given again
    #[arg(long = "eta-at", value_name = "STEP=VALUE")]
    pub eta_at: Vec<EtaAt>,
    /// Anchor central and gradient flow anew at the start of a step; may be given again
    #[arg(long = "restart-flows-at", value_name = "STEP")]
    pub restart_flows_at: Vec<usize>,
}

/// A moment of a run.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct Address {
    /// Which run.
    #[command(flatten)]
    pub chosen: Chosen,
    /// Data in place of the preset's own, as of `brink run`
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// How it is steered.
    #[command(flatten)]
    pub steering: Steering,
    /// Let a second run leave this one at a step with another learning rate, and change it later: 20=0.2,90=0.1; up to
    /// four
    #[arg(long = "fork", value_name = "STEP=VALUE")]
    pub forks: Vec<Branch>,
    /// Stop there, the cursor at this step
    #[arg(long = "at", value_name = "STEP")]
    pub at: Option<usize>,
}

impl Steering {
    /// The course of a run that begins with the given learning rate.
    pub fn course(&self, eta: f64) -> Course {
        let Self { eta_at, restart_flows_at } = self;
        let mut course = Course::new(eta);
        let mut changes = eta_at.clone();
        changes.sort_by_key(|change| change.step);
        for EtaAt { step, eta } in changes {
            course.set_eta(step, eta);
        }
        for &step in restart_flows_at {
            course.restart_flows(step);
        }
        course
    }
}

impl Chosen {
    /// The name of the preset.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(DEFAULT)
    }

    /// Whether it names a saved session.
    pub fn is_session(&self) -> bool {
        let extension = std::path::Path::new(self.name()).extension();
        extension
            .is_some_and(|extension| extension.eq_ignore_ascii_case(crate::run::file::session::EXTENSION))
    }

    /// The preset it names.
    ///
    /// # Errors
    /// If there is none, or it is not valid.
    pub fn preset(&self) -> Result<Preset, PresetError> {
        Preset::load_with(self.name(), &Overrides { data: None, set: self.set.clone() })
    }
}

impl Address {
    /// The address of a run of this preset (`name` is its origin) with this course and these forks.
    pub fn of(
        name: &str,
        preset: &Preset,
        course: &Course,
        forks: &[(usize, Course)],
        at: Option<usize>,
    ) -> Self {
        let mut preset = preset.clone();
        preset.optimizer.eta = course.eta_at(0);
        let own = Preset::load(name);
        // a file replaces the whole of [data]: no single change can express that
        let file = preset.data.as_ref().filter(|data| data.name == DataName::File);
        let is_own =
            own.as_ref().is_ok_and(|own| own.data.as_ref().map(|data| data.name) == Some(DataName::File));
        let data = file.filter(|_| !is_own).and_then(|data| data.path.clone());
        let base = match &data {
            Some(path) => Preset::load_with(name, &Overrides { data: Some(path.clone()), set: Vec::new() }),
            None => own,
        };
        let set = base.map(|base| preset.differences(&base)).unwrap_or_default();
        let changes = |course: &Course, from: usize| -> Vec<EtaAt> {
            let later = course.eta_changes().iter().filter(|&&(step, _)| step >= from);
            later.map(|&(step, eta)| EtaAt { step, eta }).collect()
        };
        let branch = |(step, course): &(usize, Course)| {
            let first = EtaAt { step: *step, eta: course.eta_at(*step) };
            Branch(std::iter::once(first).chain(changes(course, step + 1)).collect())
        };
        Self {
            chosen: Chosen { name: Some(name.into()), set },
            data,
            steering: Steering {
                eta_at: changes(course, 1),
                restart_flows_at: course.flow_restarts().to_vec(),
            },
            forks: forks.iter().map(branch).collect(),
            at,
        }
    }

    /// The address of a recording.
    pub fn of_recording(recording: &Recording, at: Option<usize>) -> Self {
        let name = recording.file.display().to_string();
        Self { chosen: Chosen { name: Some(name), set: Vec::new() }, at, ..Self::default() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chosen, data, steering, forks, at } = self;
        let Chosen { name, set } = chosen;
        let Steering { eta_at, restart_flows_at } = steering;
        let mut words = vec!["brink".to_owned()];
        words.extend(name.clone());
        let mut option =
            |name: &str, value: &dyn fmt::Display| words.extend([format!("--{name}"), value.to_string()]);
        if let Some(path) = data {
            option("data", &path.display());
        }
        for set in set {
            option("set", set);
        }
        for change in eta_at {
            option("eta-at", change);
        }
        for step in restart_flows_at {
            option("restart-flows-at", step);
        }
        for fork in forks {
            option("fork", fork);
        }
        if let Some(step) = at {
            option("at", step);
        }
        let quoted: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        write!(f, "{}", quoted.join(" "))
    }
}

/// A word quoted for a shell; plain words stay unchanged.
fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=.,/:+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return Cow::Borrowed(word);
    }
    // a word with a zero byte cannot be part of a command line
    shlex::try_quote(word).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use proptest::prelude::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        address: Address,
    }

    fn read(line: &str) -> Address {
        Line::try_parse_from(shlex::split(line).unwrap()).map_err(|error| error.to_string()).unwrap().address
    }

    fn eta_at() -> impl Strategy<Value = EtaAt> {
        (0..1_000_000_usize, 1e-12..1e12_f64).prop_map(|(step, eta)| EtaAt { step, eta })
    }

    prop_compose! {
        fn address()(
            name in prop::option::of("[a-z][ a-z\"'$éπ/.-]{0,12}"),
            set in prop::collection::vec("[a-z]{1,5}\\.[a-z]{1,5}=[ -~é]{1,12}", 0..3),
            eta_at in prop::collection::vec(eta_at(), 0..3),
            restart_flows_at in prop::collection::vec(0..9999_usize, 0..3),
            forks in prop::collection::vec(prop::collection::btree_map(0..9999_usize, 1e-9..1e9_f64, 1..4), 0..3),
            at in prop::option::of(0..1_000_000_usize),
            data in prop::option::of("[a-z][ a-z'é/.]{0,9}"),
        ) -> Address {
            let branch = |fork: std::collections::BTreeMap<usize, f64>| {
                Branch(fork.into_iter().map(|(step, eta)| EtaAt { step, eta }).collect())
            };
            Address {
                chosen: Chosen { name, set },
                data: data.map(PathBuf::from),
                steering: Steering { eta_at, restart_flows_at },
                forks: forks.into_iter().map(branch).collect(),
                at,
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same(address in address()) {
            prop_assert_eq!(read(&address.to_string()), address);
        }

        #[test]
        fn a_steered_run_has_an_address_that_steers_the_same(
            sets in prop::sample::subsequence(
                vec!["model.width=[24, 8]", "run.seed=7", "run.precision=f64", "eigen.tolerance=1e-7", "view.log=[\"loss\"]"],
                0..=5,
            ),
            eta in 1e-3..1.0_f64,
            etas in prop::collection::btree_map(1..1000_usize, 1e-3..1.0_f64, 0..4),
            restarts in prop::collection::btree_set(0..1000_usize, 0..3),
            fork in prop::option::of((0..1000_usize, 1e-3..1.0_f64)),
        ) {
            let set: Vec<String> = sets.into_iter().map(str::to_owned).collect();
            let preset = Preset::load_with("digits-mlp", &Overrides { data: None, set }).unwrap();
            let mut course = Course::new(eta);
            for (step, eta) in etas {
                course.set_eta(step, eta);
            }
            for step in restarts {
                course.restart_flows(step);
            }
            let forks: Vec<_> = fork.into_iter().map(|(step, eta)| {
                let mut left = course.until(step);
                left.set_eta(step, eta);
                (step, left)
            }).collect();
            let again = read(&Address::of("digits-mlp", &preset, &course, &forks, Some(9)).to_string());
            let read_preset = again.chosen.preset().unwrap();
            prop_assert_eq!(again.steering.course(read_preset.optimizer.eta), course.clone());
            prop_assert_eq!(read_preset.optimizer.eta, eta);
            let mut same = preset.clone();
            same.optimizer.eta = eta;
            prop_assert_eq!(read_preset.resolved_toml(), same.resolved_toml());
            for (branch, (step, left)) in again.forks.iter().zip(&forks) {
                let mut steered = course.until(*step);
                branch.steer(&mut steered);
                prop_assert_eq!((branch.step(), &steered), (*step, left));
            }
        }
    }

    #[test]
    fn data_and_weights_of_ones_own_are_part_of_it() {
        let sets = ["model.width=4", "run.init=w.npz"].map(str::to_owned).to_vec();
        let overrides = Overrides { data: Some("my data.npz".into()), set: sets };
        let preset = Preset::load_with("digits-noise", &overrides).unwrap();
        let line = Address::of("digits-noise", &preset, &Course::new(0.12), &[], None).to_string();
        assert!(line.contains("--data 'my data.npz' --set model.width=4"), "{line}");
        let again = read(&line);
        let overrides = Overrides { data: again.data, set: again.chosen.set };
        let same = Preset::load_with("digits-noise", &overrides).unwrap();
        assert_eq!(same.resolved_toml(), preset.resolved_toml());
        // a preset that names its own file needs no further word
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mine.toml");
        std::fs::write(&path, preset.resolved_toml()).unwrap();
        let name = path.display().to_string();
        let preset = Preset::load(&name).unwrap();
        let line = Address::of(&name, &preset, &Course::new(preset.optimizer.eta), &[], None).to_string();
        assert_eq!(line, format!("brink {name}"));
    }

    #[test]
    fn words_that_make_no_sense_are_said() {
        for word in ["400", "x=0.1", "4=nan", "4=-0.1", "4=0", "-1=0.1", ""] {
            let error = word.parse::<EtaAt>().unwrap_err().to_string();
            assert!(error.contains("STEP=VALUE") && error.contains(word), "{error}");
        }
        assert!("9=0.1,4=0.2".parse::<Branch>().unwrap_err().to_string().contains("ascending"));
    }
}
