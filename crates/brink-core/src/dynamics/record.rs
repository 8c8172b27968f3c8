//! What one step of the three processes leaves behind: plain numbers, taken at the start of the step.

use serde::{Deserialize, Serialize};

/// One of the three processes that run side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Process {
    /// `w_{t+1} = w_t − η ∇L(w_t)`.
    GradientDescent,
    /// `dw/dt = −η ∇L(w)`.
    GradientFlow,
    /// `dw/dt = −η [∇L(w) + ½ ∇⟨H(w), Σ⟩]`.
    CentralFlow,
}

impl Process {
    /// All three, in the order of lists by process.
    pub const ALL: [Self; 3] = [Self::GradientDescent, Self::GradientFlow, Self::CentralFlow];

    /// Its name within a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::GradientDescent => "gradient descent",
            Self::GradientFlow => "the gradient flow",
            Self::CentralFlow => "the central flow",
        }
    }
}

/// How a step of one process ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum StepOutcome {
    /// The process advanced by one unit of time.
    Advanced,
    /// It advanced, and `k` eigenvalues are now at the edge where fewer were before.
    EnteredEdge {
        /// Number of eigenvalues at the edge.
        k: usize,
    },
    /// The loss or the weights are no longer finite (or passed any reasonable bound); the process stays where it was.
    Diverged {
        /// The loss that ended it.
        loss: f64,
    },
    /// The gradient flow is too stiff to integrate; w stays frozen.
    TooSharp {
        /// η·S at the start of the step.
        eta_s: f64,
    },
}

/// Something worth a mark on the time axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The step of a process ended in another way than before.
    Outcome(Process, StepOutcome),
    /// The learning rate is `eta` from this step on.
    EtaChanged {
        /// The new learning rate.
        eta: f64,
    },
    /// The central flow's λ1 exceeds 2/η: its transient is left out of the predictions until it is back below.
    StartedAboveEdge {
        /// η·λ1 of the central flow.
        eta_s: f64,
    },
    /// The central flow is back at or below the edge; its predictions count again.
    BackBelowEdge,
    /// Central and gradient flow were anchored (anew) at gradient descent's weights.
    FlowsStarted,
    /// Anything that stops or spoils a process, in words that name the thing, the value and the remedy.
    Trouble(Process, String),
}

/// One process at the start of a step. Empty lists and `None` mean: not computed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessRecord {
    /// L(w).
    pub loss: f64,
    /// ‖∇L(w)‖².
    pub grad_norm_sq: f64,
    /// Tracked eigenvalues of H(w), descending.
    pub lambda: Vec<f64>,
    /// Largest relative eigen-residual ‖Hu − λu‖/|λ| among the tracked pairs.
    pub eigen_residual: f64,
    /// Euler substeps taken (flows only).
    pub substeps: usize,
}

/// The central flow at the start of a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CentralFlowRecord {
    /// Loss, gradient norm, eigenvalues.
    pub state: ProcessRecord,
    /// Number of candidates in the complementarity problem.
    pub critical: usize,
    /// Eigenvalues of Σ, descending, one per candidate: the predicted variance along a unit eigenvector.
    pub sigma: Vec<f64>,
    /// tr Σ.
    pub sigma_trace: f64,
    /// L(w) + tr Σ/η. `None` while the flow is above the edge.
    pub predicted_loss: Option<f64>,
    /// ‖∇L(w)‖² + (4/η²) tr Σ. `None` while the flow is above the edge.
    pub predicted_grad_norm_sq: Option<f64>,
    /// Relative KKT residual of the complementarity problem.
    pub complementarity_residual: f64,
}

/// Share of tr Σ below which an eigenvalue of Σ is rounding.
const ROUNDING: f64 = 1e-9;

/// The rank of a Σ with these eigenvalues and this trace: how many are more than rounding.
pub fn rank(sigma: impl IntoIterator<Item = f64>, sigma_trace: f64) -> usize {
    sigma.into_iter().filter(|&sigma| sigma > ROUNDING * sigma_trace).count()
}

impl CentralFlowRecord {
    /// The rank of Σ.
    pub fn rank(&self) -> usize {
        rank(self.sigma.iter().copied(), self.sigma_trace)
    }
}

/// The three processes at the start of step `step`, before their update.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepRecord {
    /// The step t.
    pub step: usize,
    /// The learning rate of this step.
    pub eta: f64,
    /// Gradient descent; `None` when it does not run, or has diverged.
    pub gradient_descent: Option<ProcessRecord>,
    /// Gradient flow; `None` when it does not run, or before it starts.
    pub gradient_flow: Option<ProcessRecord>,
    /// Central flow; `None` when it does not run, or before it starts.
    pub central_flow: Option<CentralFlowRecord>,
    /// ‖w_GD − w_CF‖.
    pub distance_gd_cf: Option<f64>,
    /// ‖w_GD − w_GF‖.
    pub distance_gd_gf: Option<f64>,
    /// ⟨v_i, w_GD − w_CF⟩ along the eigenvectors of Σ, then along those of H, at the central flow's weights.
    pub displacement: Vec<f64>,
    /// Hessian-vector products spent in this step by all processes together.
    pub hvps: usize,
    /// Loss at the exponential moving average of gradient descent's weights, where asked for.
    pub ema_loss: Option<f64>,
    /// Loss on the test split, where asked for and where there is one.
    pub test_loss: Option<f64>,
    /// Share of training examples classified rightly by gradient descent, where asked for.
    pub train_accuracy: Option<f64>,
    /// Share of test examples classified rightly by gradient descent, where asked for.
    pub test_accuracy: Option<f64>,
    /// Where each process is that has started, where there are only two weights; empty otherwise.
    pub positions: Vec<(Process, [f64; 2])>,
    /// The network's outputs on the recorded examples, by process in the order of [`Process::ALL`]; empty where a process
    /// does not run, and where there is no network. Shape `[examples · rows · columns]`.
    pub outputs: [Vec<f64>; 3],
    /// What happened in this step.
    pub events: Vec<Event>,
}
