//! Settings of the dynamics. The names of the fields are the keys of a preset.

use crate::spectrum::TrackerSettings;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// All settings of a [`Dynamics`](super::Dynamics).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The processes to run.
    pub processes: Processes,
    /// Settings of the eigensolver.
    pub eigen: EigenSettings,
    /// Settings of the central flow.
    pub central_flow: CentralFlowSettings,
    /// Settings of the gradient flow.
    pub gradient_flow: GradientFlowSettings,
    /// Start of the flows, at the weights of gradient descent.
    pub flows_start: FlowsStart,
    /// Number of unrecorded gradient descent steps before step 0; all processes start after them. Default 0.
    pub warm_start: usize,
    /// Decay β in [0, 1) of an exponential moving average of the weights of gradient descent, whose loss is
    /// recorded. Default: none.
    pub ema: Option<f64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            processes: Processes::default(),
            eigen: EigenSettings::default(),
            central_flow: CentralFlowSettings::default(),
            gradient_flow: GradientFlowSettings::default(),
            flows_start: FlowsStart::Step(0),
            warm_start: 0,
            ema: None,
        }
    }
}

/// Selection of the processes to run. Default: all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Processes {
    /// Gradient descent.
    pub gradient_descent: bool,
    /// Gradient flow.
    pub gradient_flow: bool,
    /// Central flow.
    pub central_flow: bool,
}

impl Default for Processes {
    fn default() -> Self {
        Self { gradient_descent: true, gradient_flow: true, central_flow: true }
    }
}

/// Settings of the eigensolver. Thresholds are in effective units η·λ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EigenSettings {
    /// Number of eigenvalues tracked initially, and by the gradient flow throughout; in 1..=max_tracked.
    /// Default 1.
    pub initial: usize,
    /// The number of tracked eigenvalues grows until the smallest tracked η·λ is below this threshold; in (0,
    /// candidate_threshold]. Default 1.5.
    pub track_threshold: f64,
    /// Largest number of tracked eigenvalues; in 1..=32. The central flow stops if it needs more. Default 8.
    pub max_tracked: usize,
    /// Relative residual ‖Hu − λu‖/|λ| of the eigenpairs; in (0, 0.1]. In f32 values below about 2e-6 are not
    /// attainable. Default 1e-5.
    pub tolerance: f64,
    /// Largest number of Hessian-vector products of the eigensolves of one process in one step, at least one.
    /// The residual reached is recorded. The number of tracked pairs is then at most `max_hvps − 2`, but at
    /// least one. Default: no limit.
    pub max_hvps: Option<usize>,
}

impl EigenSettings {
    /// Settings of the eigenpair tracker.
    pub(super) fn tracker(self) -> TrackerSettings {
        let Self { initial: _, track_threshold, max_tracked, tolerance, max_hvps } = self;
        TrackerSettings { track_threshold: Some(track_threshold), max_tracked, tolerance, max_hvps }
    }
}

impl Default for EigenSettings {
    fn default() -> Self {
        Self { initial: 1, track_threshold: 1.5, max_tracked: 8, tolerance: 1e-5, max_hvps: None }
    }
}

/// Discretization of the central flow.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CentralFlowSettings {
    /// Number of Euler substeps per step; in 1..=1000. Default 4.
    pub substeps: usize,
    /// An eigenvalue is a candidate of the complementarity problem if η·λ strictly exceeds this threshold; in
    /// (0, 2). Default 1.95.
    pub candidate_threshold: f64,
    /// Whether eigenpairs are solved at every substep, as far as the budget of the step permits (true), or
    /// once per step with frozen eigenvectors in between (false). Default false.
    pub resolve_every_substep: bool,
}

impl Default for CentralFlowSettings {
    fn default() -> Self {
        Self { substeps: 4, candidate_threshold: 1.95, resolve_every_substep: false }
    }
}

/// Discretization of the gradient flow.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GradientFlowSettings {
    /// Smallest number of Euler substeps per step; the number taken is at least ⌈2 η S⌉. In 1..=1000.
    /// Default 4.
    pub min_substeps: usize,
    /// The flow is frozen during steps with η·S above this bound; positive. Default 100.
    pub max_eta_s: f64,
}

impl Default for GradientFlowSettings {
    fn default() -> Self {
        Self { min_substeps: 4, max_eta_s: 100.0 }
    }
}

/// Start of central flow and gradient flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FlowsStart {
    /// Start at the given step.
    Step(usize),
    /// Start when the sharpness of gradient descent first reaches 2/η.
    #[serde(with = "edge")]
    Edge,
}

/// Serialization of `FlowsStart::Edge` as "edge".
mod edge {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("edge")
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "edge" {
            Ok(())
        } else {
            Err(D::Error::custom(format!("\"{text}\" is neither a step nor \"edge\"")))
        }
    }
}

/// A setting outside its allowed range.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{key} = {value}: {allowed}")]
pub struct SettingsError {
    /// Key of the setting, as in a preset.
    pub key: &'static str,
    /// Value of the setting.
    pub value: String,
    /// Description of the allowed values.
    pub allowed: &'static str,
}

impl Settings {
    /// Checks the ranges of all settings.
    ///
    /// # Errors
    /// The first setting outside its range, with its value and the allowed values.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let Self { processes, eigen, central_flow, gradient_flow, flows_start, warm_start: _, ema } = self;
        let check = |ok: bool, key: &'static str, value: String, allowed: &'static str| {
            if ok { Ok(()) } else { Err(SettingsError { key, value, allowed }) }
        };
        let within = |x: f64, low: f64, high: f64| x > low && x <= high;
        let any = processes.gradient_descent || processes.gradient_flow || processes.central_flow;
        check(any, "run.processes", "none".into(), "at least one process must run")?;
        let later = *flows_start != FlowsStart::Step(0);
        check(
            processes.gradient_descent || !later,
            "run.flows_start",
            format!("{flows_start:?}"),
            "flows that start later start from gradient descent, which must then run",
        )?;
        check(
            (1..=32).contains(&eigen.max_tracked),
            "eigen.max_tracked",
            eigen.max_tracked.to_string(),
            "must be in 1..=32",
        )?;
        check(
            (1..=eigen.max_tracked).contains(&eigen.initial),
            "eigen.initial",
            eigen.initial.to_string(),
            "must be at least 1 and at most eigen.max_tracked",
        )?;
        check(
            within(central_flow.candidate_threshold, 0.0, 2.0) && central_flow.candidate_threshold < 2.0,
            "central_flow.candidate_threshold",
            central_flow.candidate_threshold.to_string(),
            "must be positive and below 2",
        )?;
        check(
            within(eigen.track_threshold, 0.0, central_flow.candidate_threshold),
            "eigen.track_threshold",
            eigen.track_threshold.to_string(),
            "must be positive and at most central_flow.candidate_threshold",
        )?;
        check(
            within(eigen.tolerance, 0.0, 0.1),
            "eigen.tolerance",
            eigen.tolerance.to_string(),
            "must be positive and at most 0.1",
        )?;
        check(eigen.max_hvps != Some(0), "eigen.max_hvps", "0".into(), "must be at least 1")?;
        check(
            (1..=1000).contains(&central_flow.substeps),
            "central_flow.substeps",
            central_flow.substeps.to_string(),
            "must be in 1..=1000",
        )?;
        check(
            (1..=1000).contains(&gradient_flow.min_substeps),
            "gradient_flow.min_substeps",
            gradient_flow.min_substeps.to_string(),
            "must be in 1..=1000",
        )?;
        check(
            gradient_flow.max_eta_s > 0.0 && gradient_flow.max_eta_s.is_finite(),
            "gradient_flow.max_eta_s",
            gradient_flow.max_eta_s.to_string(),
            "must be positive and finite",
        )?;
        let decay = ema.unwrap_or(0.0);
        check((0.0..1.0).contains(&decay), "run.ema", decay.to_string(), "must be at least 0 and below 1")
    }
}

#[cfg(test)]
mod tests {
    use super::{FlowsStart, Processes, Settings};

    #[test]
    fn the_defaults_are_valid_and_survive_toml() {
        let settings = Settings::default();
        settings.validate().unwrap();
        let text = toml::to_string(&settings).unwrap();
        assert_eq!(toml::from_str::<Settings>(&text).unwrap(), settings);
    }

    #[test]
    fn flows_start_is_a_step_or_the_edge() {
        let read = |text: &str| toml::from_str::<Settings>(text).map(|s| s.flows_start);
        assert_eq!(read("flows_start = 7").unwrap(), FlowsStart::Step(7));
        assert_eq!(read("flows_start = \"edge\"").unwrap(), FlowsStart::Edge);
        assert!(read("flows_start = \"soon\"").is_err());
        assert!(read("flows_begin = 7").is_err());
        let text =
            toml::to_string(&Settings { flows_start: FlowsStart::Edge, ..Settings::default() }).unwrap();
        assert!(text.contains("flows_start = \"edge\""));
    }

    #[test]
    fn values_out_of_range_are_named() {
        let mut settings = Settings::default();
        settings.eigen.tolerance = 0.0;
        assert_eq!(settings.validate().unwrap_err().key, "eigen.tolerance");
        let mut settings = Settings::default();
        settings.central_flow.candidate_threshold = f64::NAN;
        assert_eq!(settings.validate().unwrap_err().key, "central_flow.candidate_threshold");
        let mut settings = Settings { ema: Some(1.0), ..Settings::default() };
        assert_eq!(settings.validate().unwrap_err().key, "run.ema");
        settings.processes = Processes { gradient_descent: false, gradient_flow: false, central_flow: false };
        assert_eq!(settings.validate().unwrap_err().key, "run.processes");
    }
}
