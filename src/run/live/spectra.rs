//! The Hessian's spectra at the weights of gradient descent and of the central flow, and the progress of their
//! computation.

use super::replay::Moment;
use brink_core::dynamics::Process;
use brink_core::spectrum::{Distribution, SpectrumError};
use std::time::{Duration, Instant};

/// The reason why a recording has none.
pub const RECORDED: &str = "a recording has no weights to take the Hessian at; its preset runs live";

/// The state of the spectra, for the panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spectra {
    /// The last spectra computed.
    pub found: Option<FoundSpectra>,
    /// The step in progress, and the completed share.
    pub progress: Option<(usize, f32)>,
    /// The reason why there are none at the last requested step.
    pub trouble: Option<String>,
}

/// The spectra at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundSpectra {
    /// The step; the weights are those at its start.
    pub step: usize,
    /// Its learning rate.
    pub eta: f64,
    /// The spectrum at gradient descent's weights, if it runs.
    pub gradient_descent: Option<Distribution>,
    /// The spectrum at the central flow's weights, if it runs.
    pub central_flow: Option<Distribution>,
    /// The reason why one of them has no spectrum, in words.
    pub troubles: Vec<String>,
    /// The time it took.
    pub took: Duration,
}

impl FoundSpectra {
    /// Computes the spectra of a moment; `progress` receives the completed share.
    ///
    /// # Errors
    /// If a Hessian is too large, or a request for another step has arrived.
    pub fn at(
        moment: &mut Moment<'_>,
        progress: &mut (dyn FnMut(f32) + Send),
    ) -> Result<Self, SpectrumError> {
        let begun = Instant::now();
        let mut troubles = Vec::new();
        let mut of = |process: Process, from: f32| {
            let mut halved = |share: f32| progress(from + 0.5 * share);
            match moment.spectrum(process, &mut halved).transpose() {
                // if one of them diverges, the other still has its spectrum
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
