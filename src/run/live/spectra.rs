//! The Hessian's spectra at the weights of gradient descent and of the central flow, and how far their computation is.

use super::replay::Moment;
use brink_core::dynamics::Process;
use brink_core::spectrum::{Distribution, SpectrumError};
use std::time::{Duration, Instant};

/// Why a recording has none.
pub const RECORDED: &str = "a recording has no weights to take the Hessian at; its preset runs live";

/// What is known of the spectra, for the panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spectra {
    /// The last ones computed.
    pub found: Option<FoundSpectra>,
    /// The step under way, and the share done.
    pub progress: Option<(usize, f32)>,
    /// Why there are none at the step asked for last.
    pub trouble: Option<String>,
}

/// The spectra at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundSpectra {
    /// The step, at whose start the weights were.
    pub step: usize,
    /// Its learning rate.
    pub eta: f64,
    /// At gradient descent's weights, where it runs.
    pub gradient_descent: Option<Distribution>,
    /// At the central flow's weights, where it runs.
    pub central_flow: Option<Distribution>,
    /// Why one of them has no spectrum, in words.
    pub troubles: Vec<String>,
    /// What it took.
    pub took: Duration,
}

impl FoundSpectra {
    /// Computes the spectra of a moment; `progress` is told the share done.
    ///
    /// # Errors
    /// When a Hessian is too large, or a request about another step has come.
    pub fn at(
        moment: &mut Moment<'_>,
        progress: &mut (dyn FnMut(f32) + Send),
    ) -> Result<Self, SpectrumError> {
        let begun = Instant::now();
        let mut troubles = Vec::new();
        let mut of = |process: Process, from: f32| {
            let mut halved = |share: f32| progress(from + 0.5 * share);
            match moment.spectrum(process, &mut halved).transpose() {
                // one that blows up leaves the other its own
                Err(error @ (SpectrumError::NotFinite | SpectrumError::NotConverged)) => {
                    troubles.push(format!("{}: {error}", process.name()));
                    Ok(None)
                }
                found => found,
            }
        };
        let gradient_descent = of(Process::GradientDescent, 0.0)?;
        let central_flow = of(Process::CentralFlow, 0.5)?;
        let (step, eta) = (moment.step(), moment.eta());
        Ok(Self { step, eta, gradient_descent, central_flow, troubles, took: begun.elapsed() })
    }
}
