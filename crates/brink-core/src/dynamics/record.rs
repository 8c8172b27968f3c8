//! The record of one step: plain numbers of all three processes, measured at the start of the step.

use serde::{Deserialize, Serialize};

/// One of the three processes that run in parallel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Process {
    /// Gradient descent, `w_{t+1} = w_t − η ∇L(w_t)`.
    GradientDescent,
    /// Gradient flow, `dw/dt = −η ∇L(w)`.
    GradientFlow,
    /// Central flow, `dw/dt = −η [∇L(w) + ½ ∇⟨H(w), Σ⟩]` (Cohen et al., 2025).
    CentralFlow,
}

impl Process {
    /// All processes, in the order used by all lists with one entry per process.
    pub const ALL: [Self; 3] = [Self::GradientDescent, Self::GradientFlow, Self::CentralFlow];

    /// Name of the process, as used within a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::GradientDescent => "gradient descent",
            Self::GradientFlow => "the gradient flow",
            Self::CentralFlow => "the central flow",
        }
    }
}

/// Outcome of a step of one process.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum StepOutcome {
    /// The process advanced by one unit of time (one step of gradient descent).
    Advanced,
    /// The process advanced, and `k` eigenvalues are at the edge, more than ever before.
    EnteredEdge {
        /// Number of eigenvalues at the edge.
        k: usize,
    },
    /// The loss or the gradient is no longer finite, or the loss exceeds the divergence bound. The process
    /// returns to its last valid weights and stops.
    Diverged {
        /// The loss at the divergence.
        loss: f64,
    },
    /// The gradient flow is too stiff to integrate. Its weights stay frozen.
    TooSharp {
        /// Value of η·S at the start of the step.
        eta_s: f64,
    },
}

/// An event to be marked on the time axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The outcome of a step of a process differs from its previous outcome.
    Outcome(Process, StepOutcome),
    /// The learning rate changes to `eta` at this step.
    EtaChanged {
        /// The new learning rate.
        eta: f64,
    },
    /// The central flow starts above the edge, λ1 > 2/η. Its predictions are omitted until λ1 is at or below
    /// 2/η again.
    StartedAboveEdge {
        /// Value of η·λ1 of the central flow.
        eta_s: f64,
    },
    /// The central flow has returned to the edge or below. Its predictions resume.
    BackBelowEdge,
    /// Central flow and gradient flow start (or restart) at the weights of gradient descent.
    FlowsStarted,
    /// A failure that stops or degrades a process, as text with the cause, the value and the remedy.
    Trouble(Process, String),
}

/// Measurements of one process at the start of a step. Empty lists and `None` mean "not computed".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessRecord {
    /// L(w).
    pub loss: f64,
    /// Squared gradient norm ‖∇L(w)‖².
    pub grad_norm_sq: f64,
    /// Tracked eigenvalues of H(w), descending. Shape `[tracked]`.
    pub lambda: Vec<f64>,
    /// Largest relative residual ‖Hu − λu‖/|λ| of the tracked eigenpairs.
    pub eigen_residual: f64,
    /// Number of Euler substeps taken (flows only).
    pub substeps: usize,
}

/// Measurements of the central flow at the start of a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CentralFlowRecord {
    /// Loss, gradient norm and eigenvalues.
    pub state: ProcessRecord,
    /// Number k of candidate eigenvalues in the complementarity problem.
    pub critical: usize,
    /// Eigenvalues of Σ, descending: predicted variances of the oscillation along the unit eigenvectors of Σ.
    /// Shape `[k]`.
    pub sigma: Vec<f64>,
    /// tr Σ.
    pub sigma_trace: f64,
    /// Predicted time average of the training loss, L(w) + tr Σ/η. `None` while the flow is above the edge.
    pub predicted_loss: Option<f64>,
    /// Predicted time average of the squared gradient norm, ‖∇L(w)‖² + (4/η²) tr Σ. `None` while the flow is
    /// above the edge.
    pub predicted_grad_norm_sq: Option<f64>,
    /// Relative KKT residual of the complementarity problem.
    pub complementarity_residual: f64,
}

/// Fraction of tr Σ below which an eigenvalue of Σ is considered a rounding error.
const ROUNDING: f64 = 1e-9;

/// Numerical rank of Σ, given its eigenvalues and its trace.
pub fn rank(sigma: impl IntoIterator<Item = f64>, sigma_trace: f64) -> usize {
    sigma.into_iter().filter(|&sigma| sigma > ROUNDING * sigma_trace).count()
}

impl CentralFlowRecord {
    /// Numerical rank of Σ.
    pub fn rank(&self) -> usize {
        rank(self.sigma.iter().copied(), self.sigma_trace)
    }
}

/// Measurements of the three processes at the start of a step, before the update.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepRecord {
    /// The step t.
    pub step: usize,
    /// The learning rate of this step.
    pub eta: f64,
    /// Gradient descent; `None` if it does not run or has diverged.
    pub gradient_descent: Option<ProcessRecord>,
    /// Gradient flow; `None` if it does not run or has not started.
    pub gradient_flow: Option<ProcessRecord>,
    /// Central flow; `None` if it does not run or has not started.
    pub central_flow: Option<CentralFlowRecord>,
    /// Distance ‖w_GD − w_CF‖ between gradient descent and central flow.
    pub distance_gd_cf: Option<f64>,
    /// Distance ‖w_GD − w_GF‖ between gradient descent and gradient flow.
    pub distance_gd_gf: Option<f64>,
    /// Displacement ⟨v_i, w_GD − w_CF⟩ along the eigenvectors v_i of Σ, followed by the remaining tracked
    /// eigenvectors of H at the weights of the central flow.
    pub displacement: Vec<f64>,
    /// Number of Hessian-vector products of all processes in this step.
    pub hvps: usize,
    /// Loss at the exponential moving average of the weights of gradient descent, if requested.
    pub ema_loss: Option<f64>,
    /// Loss on the test split, if requested and available.
    pub test_loss: Option<f64>,
    /// Fraction of training examples classified correctly by gradient descent, if requested.
    pub train_accuracy: Option<f64>,
    /// Fraction of test examples classified correctly by gradient descent, if requested.
    pub test_accuracy: Option<f64>,
    /// Positions of the active processes if there are exactly two parameters; otherwise empty.
    pub positions: Vec<(Process, [f64; 2])>,
    /// Network outputs on the recorded examples, per process in the order of [`Process::ALL`]. Empty for a
    /// process that does not run, and for a loss without a network. Shape `[examples · rows · columns]`.
    pub outputs: [Vec<f64>; 3],
    /// Events of this step.
    pub events: Vec<Event>,
}
