//! The columns of a run, by name: one enum for the history, `run.csv`, the plots and the exports.

/// One scalar recorded at every step. Indices count from 0; names in `run.csv` count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Series {
    /// Learning rate.
    Eta,
    /// L(w_t) of gradient descent.
    GdLoss,
    /// ‖∇L(w_t)‖² of gradient descent.
    GdGradNormSq,
    /// λ_i of H(w_t).
    GdLambda(usize),
    /// L of the gradient flow.
    GfLoss,
    /// ‖∇L‖² of the gradient flow.
    GfGradNormSq,
    /// λ1 of the gradient flow.
    GfLambda1,
    /// Euler substeps of the gradient flow.
    GfSubsteps,
    /// L(w(t)) of the central flow.
    CfLoss,
    /// ‖∇L(w(t))‖² of the central flow.
    CfGradNormSq,
    /// λ_i of H(w(t)).
    CfLambda(usize),
    /// Size of the complementarity problem.
    CfCritical,
    /// i-th eigenvalue of Σ.
    CfSigma(usize),
    /// tr Σ.
    CfSigmaTrace,
    /// L(w(t)) + tr Σ/η.
    CfPredictedLoss,
    /// ‖∇L(w(t))‖² + (4/η²) tr Σ.
    CfPredictedGradNormSq,
    /// ‖w_GD − w_CF‖.
    DistanceGdCf,
    /// ‖w_GD − w_GF‖.
    DistanceGdGf,
    /// Displacement of GD from the central flow along the i-th eigenvector.
    Displacement(usize),
    /// Hessian-vector products this step.
    Hvps,
    /// Loss on the test split.
    TestLoss,
    /// Accuracy on the training split.
    TrainAccuracy,
    /// Accuracy on the test split.
    TestAccuracy,
    /// Loss at the moving average of GD's weights.
    GdEmaLoss,
}

impl Series {
    /// Every series of a run that tracks at most `k` eigenvalues, in the order of `run.csv` (without `step`).
    pub fn all(k: usize) -> Vec<Self> {
        let each = |f: fn(usize) -> Self| (0..k).map(f);
        let mut all = vec![Self::Eta, Self::GdLoss, Self::GdGradNormSq];
        all.extend(each(Self::GdLambda));
        all.extend([Self::GfLoss, Self::GfGradNormSq, Self::GfLambda1, Self::GfSubsteps]);
        all.extend([Self::CfLoss, Self::CfGradNormSq]);
        all.extend(each(Self::CfLambda));
        all.push(Self::CfCritical);
        all.extend(each(Self::CfSigma));
        all.extend([Self::CfSigmaTrace, Self::CfPredictedLoss, Self::CfPredictedGradNormSq]);
        all.extend([Self::DistanceGdCf, Self::DistanceGdGf]);
        all.extend(each(Self::Displacement));
        all.push(Self::Hvps);
        all.extend([Self::TestLoss, Self::TrainAccuracy, Self::TestAccuracy, Self::GdEmaLoss]);
        all
    }

    /// Its column name in `run.csv`.
    pub fn column_name(self) -> String {
        match self {
            Self::Eta => "eta".into(),
            Self::GdLoss => "gd_loss".into(),
            Self::GdGradNormSq => "gd_grad_norm_sq".into(),
            Self::GdLambda(i) => format!("gd_lambda_{}", i + 1),
            Self::GfLoss => "gf_loss".into(),
            Self::GfGradNormSq => "gf_grad_norm_sq".into(),
            Self::GfLambda1 => "gf_lambda_1".into(),
            Self::GfSubsteps => "gf_substeps".into(),
            Self::CfLoss => "cf_loss".into(),
            Self::CfGradNormSq => "cf_grad_norm_sq".into(),
            Self::CfLambda(i) => format!("cf_lambda_{}", i + 1),
            Self::CfCritical => "cf_critical".into(),
            Self::CfSigma(i) => format!("cf_sigma_{}", i + 1),
            Self::CfSigmaTrace => "cf_sigma_trace".into(),
            Self::CfPredictedLoss => "cf_predicted_loss".into(),
            Self::CfPredictedGradNormSq => "cf_predicted_grad_norm_sq".into(),
            Self::DistanceGdCf => "distance_gd_cf".into(),
            Self::DistanceGdGf => "distance_gd_gf".into(),
            Self::Displacement(i) => format!("displacement_{}", i + 1),
            Self::Hvps => "hvps".into(),
            Self::TestLoss => "test_loss".into(),
            Self::TrainAccuracy => "train_accuracy".into(),
            Self::TestAccuracy => "test_accuracy".into(),
            Self::GdEmaLoss => "gd_ema_loss".into(),
        }
    }
}
