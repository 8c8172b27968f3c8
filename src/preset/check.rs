//! Checks of ranges, and of the compatibility of keys.

use super::data::DataName;
use super::error::PresetError;
use super::keys::allowed;
use super::model::ArchitectureName;
use crate::preset::range::{integer, integers, misplaced, number, reals, refuse, require, whole};

use super::{FlowsStart, Kind, LandscapeName, LandscapeSettings, Loss, LossKind, Preset, ProcessName, Seed};
use brink_core::data::{bundled, digits};
use brink_core::network::Architecture;

use toml::Value;

/// Maximum number of examples that can be recorded.
pub const MOST_EXAMPLES: usize = 16;

/// Maximum seed that TOML can represent.
const LARGEST_SEED: u64 = i64::MAX as u64;

impl Preset {
    /// Checks every range, and the compatibility of the keys.
    ///
    /// # Errors
    /// The first key that fails a check, with its value and the allowed values.
    pub fn validate(&self) -> Result<(), PresetError> {
        // Every section must be checked: a new section does not compile until it is listed here.
        let Self {
            version: _,
            title: _,
            note: _,
            model,
            landscape: _,
            data,
            loss: _,
            optimizer,
            run,
            eigen,
            central_flow,
            gradient_flow,
            view,
        } = self;
        number("optimizer.eta", optimizer.eta)?;
        match model.architecture {
            ArchitectureName::Landscape => self.validate_landscape()?,
            _ => self.validate_network()?,
        }
        run.validate(data.as_ref().and_then(|d| d.seed))?;
        whole("eigen.max_tracked", eigen.max_tracked)?;
        let initial = eigen.initial;
        require("eigen.initial", integer(initial), (1..=eigen.max_tracked).contains(&initial))?;
        let track = eigen.track_threshold;
        require("eigen.track_threshold", track, track > 0.0 && track < 2.0)?;
        number("eigen.tolerance", eigen.tolerance)?;
        if let Some(max) = eigen.max_hvps {
            whole("eigen.max_hvps", max)?;
        }
        whole("central_flow.substeps", central_flow.substeps)?;
        let candidate = central_flow.candidate_threshold;
        require("central_flow.candidate_threshold", candidate, (track..2.0).contains(&candidate))?;
        whole("gradient_flow.min_substeps", gradient_flow.min_substeps)?;
        number("gradient_flow.max_eta_s", gradient_flow.max_eta_s)?;
        number("view.smoothing", view.smoothing)?;
        for (i, panel) in view.log.iter().enumerate() {
            if view.log[..i].contains(panel) {
                let names = view.log.iter().map(|p| Value::from(p.name()));
                return refuse("view.log", Value::Array(names.collect()));
            }
        }
        if let Some(speed) = view.speed {
            number("view.speed", speed)?;
        }
        Ok(())
    }

    fn validate_landscape(&self) -> Result<(), PresetError> {
        for (section, is_there) in [("data", self.data.is_some()), ("loss", self.loss.is_some())] {
            if is_there {
                return misplaced(section, "…", "model.architecture = \"landscape\" is a loss itself");
            }
        }
        self.model.validate()?;
        let Some(landscape) = &self.landscape else {
            return Err(PresetError::Missing {
                key: "landscape.name".into(),
                allowed: allowed("landscape.name"),
            });
        };
        landscape.validate()?;
        if self.run.seed == Seed::Bundled {
            return misplaced("run.seed", "bundled", "a landscape starts at landscape.start");
        }
        Ok(())
    }

    fn validate_network(&self) -> Result<(), PresetError> {
        if let Some(landscape) = &self.landscape {
            return misplaced(
                "landscape.name",
                landscape.name.name(),
                "model.architecture is not \"landscape\"",
            );
        }
        self.model.validate()?;
        let Some(data) = &self.data else {
            return Err(PresetError::Missing { key: "data.name".into(), allowed: allowed("data.name") });
        };
        data.validate()?;
        let (name, architecture) = (data.name, self.model.architecture);
        if !architecture.reads().includes(name) {
            let reads = match architecture.reads() {
                Kind::Images => "images: digits, fashion-mnist, cifar10 or a file",
                Kind::Tokens => "sequences of tokens: sorting, copying or a file",
                Kind::Numbers => "numbers, not tokens: those are for lstm, transformer and mamba",
            };
            let why = format!("model.architecture = \"{}\" reads {reads}", architecture.name());
            return misplaced("data.name", name.name(), &why);
        }
        let regression = matches!(data.name, DataName::Chebyshev | DataName::Random);
        if regression && self.loss_kind() == LossKind::Ce {
            return misplaced("loss.kind", "ce", "this data is regression; \"mse\" is allowed");
        }
        if self.run.seed == Seed::Bundled
            && (!matches!(self.model.network(), Some(Architecture::Mlp { hidden, .. }) if hidden == [32, 32])
                || data.name != DataName::Digits
                || data.classes.is_some_and(|c| c != 10))
        {
            let why = "the bundled weights are those of a 64-32-32-10 network on all ten digits (model.width = 32); \
                       a whole number draws others";
            return misplaced("run.seed", "bundled", why);
        }
        if self.data_seed() == Seed::Bundled && data.label_noise.unwrap_or(0.0) != 0.0 {
            let noise = data.label_noise.unwrap_or(0.0);
            if noise != bundled::LABEL_NOISE {
                let why = "the bundled labels are those of data.label_noise = 0.3; give data.seed a whole number to \
                           draw others";
                return misplaced("data.label_noise", noise, why);
            }
            let n = data.n.unwrap_or(digits::COUNT);
            if n > bundled::LABELS {
                let why = "the bundled labels are those of the first 500 of the 1797 digits; give data.seed a whole \
                           number to draw others";
                return misplaced("data.n", integer(n), why);
            }
        }
        Ok(())
    }

    /// The preset with all defaults written out.
    #[must_use]
    pub fn resolved(&self) -> Self {
        let mut all = self.clone();
        if all.model.architecture != ArchitectureName::Landscape {
            all.model = self.model.resolved();
            all.loss = Some(Loss { kind: self.loss_kind() });
            if let Some(data) = &mut all.data {
                data.fill(self.data_seed());
            }
        }
        all
    }

    /// The loss function; MSE by default.
    pub fn loss_kind(&self) -> LossKind {
        self.loss.map_or(LossKind::Mse, |l| l.kind)
    }
}

impl super::Run {
    fn validate(&self, data_seed: Option<Seed>) -> Result<(), PresetError> {
        whole("run.steps", self.steps)?;
        whole("run.warm_start", self.warm_start)?;
        for process in [ProcessName::Gd, ProcessName::Gf, ProcessName::Cf] {
            if self.processes.iter().filter(|p| **p == process).count() > 1 || self.processes.is_empty() {
                let names = self.processes.iter().map(|p| Value::from(p.name()));
                return refuse("run.processes", Value::Array(names.collect()));
            }
        }
        if self.flows_start != FlowsStart::Step(0) && !self.processes.contains(&ProcessName::Gd) {
            return match self.flows_start {
                FlowsStart::Step(step) => refuse("run.flows_start", integer(step)),
                FlowsStart::Edge => refuse("run.flows_start", "edge"),
            };
        }
        if let Some(name) = &self.checkpoint {
            let known = super::checkpoint::names().any(|known| known == name);
            if !known || self.warm_start > 0 || self.flows_start != FlowsStart::Step(0) {
                return refuse("run.checkpoint", name.as_str());
            }
        }
        if let Some(path) = self.init.as_ref().filter(|path| path.as_os_str().is_empty()) {
            return refuse("run.init", path.display().to_string());
        }
        if let Some(ema) = self.ema {
            number("run.ema", ema)?;
        }
        if let Some(every) = self.test_every {
            whole("run.test_every", every)?;
        }
        if let Some(examples) = &self.examples {
            let twice = examples.iter().enumerate().any(|(i, index)| examples[..i].contains(index));
            if twice || !(1..=MOST_EXAMPLES).contains(&examples.len()) {
                return refuse("run.examples", integers(examples));
            }
        }
        for (key, seed) in [("run.seed", Some(self.seed)), ("data.seed", data_seed)] {
            if let Some(Seed::Number(seed)) = seed
                && seed > LARGEST_SEED
            {
                return refuse(key, seed.to_string());
            }
        }
        Ok(())
    }
}

impl LandscapeSettings {
    fn validate(&self) -> Result<(), PresetError> {
        let Self { name, start, c, x0, a, eigenvalues } = self;
        let list = |values: &[f64]| Value::Array(values.iter().map(|&v| Value::from(v)).collect());
        for (key, value, of) in [
            ("landscape.c", c, LandscapeName::TiltedHyperbola),
            ("landscape.x0", x0, LandscapeName::TiltedHyperbola),
            ("landscape.a", a, LandscapeName::Ellipse),
        ] {
            let Some(value) = *value else { continue };
            if *name != of {
                return misplaced(key, value, &format!("landscape.name is another; {}", allowed(key)));
            }
            number(key, value)?;
        }
        let dimension = match (name, eigenvalues) {
            (LandscapeName::Quadratic, None) => {
                let key = "landscape.eigenvalues";
                return Err(PresetError::Missing { key: key.into(), allowed: allowed(key) });
            }
            (LandscapeName::Quadratic, Some(values)) => {
                reals("landscape.eigenvalues", values)?;
                values.len()
            }
            (_, Some(values)) => {
                let why = "landscape.name is not \"quadratic\"";
                return misplaced("landscape.eigenvalues", list(values), why);
            }
            (_, None) => 2,
        };
        if start.len() != dimension || start.iter().any(|v| !v.is_finite()) {
            return refuse("landscape.start", list(start));
        }
        Ok(())
    }
}
