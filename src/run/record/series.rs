//! The columns of a run, by name: one enum for the history, `run.csv`, the plots and the exports.

use brink_core::dynamics::Process;

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
    /// Largest relative eigen-residual ‖Hu − λu‖/|λ| of GD's tracked pairs.
    GdEigenResidual,
    /// Largest relative eigen-residual of the gradient flow's tracked pairs.
    GfEigenResidual,
    /// Largest relative eigen-residual of the central flow's tracked pairs.
    CfEigenResidual,
    /// Loss on the test split.
    TestLoss,
    /// Accuracy on the training split.
    TrainAccuracy,
    /// Accuracy on the test split.
    TestAccuracy,
    /// Loss at the moving average of GD's weights.
    GdEmaLoss,
    /// Relative KKT residual of the complementarity problem. Kept in the history, but not part of `run.csv`.
    CfComplementarityResidual,
    /// The first or the second weight of a process, for problems with two weights. Not part of `run.csv`.
    Position(Process, usize),
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
        all.extend([Self::GdEigenResidual, Self::GfEigenResidual, Self::CfEigenResidual]);
        all.extend([Self::TestLoss, Self::TrainAccuracy, Self::TestAccuracy, Self::GdEmaLoss]);
        all
    }

    /// Every series that a history keeps, in the order of [`Series::index`]: those of [`Series::all`], then those
    /// outside `run.csv`.
    pub fn kept(k: usize) -> Vec<Self> {
        let mut kept = Self::all(k);
        kept.push(Self::CfComplementarityResidual);
        kept.extend(Process::ALL.into_iter().flat_map(|process| [0, 1].map(|i| Self::Position(process, i))));
        kept
    }

    /// Number of series of a run that tracks at most `k` eigenvalues, including those outside `run.csv`.
    pub fn count(k: usize) -> usize {
        4 * k + 30
    }

    /// Its index among the [`Series::count`] series: first those of [`Series::all`] in that order, then those outside
    /// `run.csv`. `None` for an eigenvalue beyond the k-th.
    pub fn index(self, k: usize) -> Option<usize> {
        let each = |start: usize, i: usize| (i < k).then_some(start + i);
        match self {
            Self::Eta => Some(0),
            Self::GdLoss => Some(1),
            Self::GdGradNormSq => Some(2),
            Self::GdLambda(i) => each(3, i),
            Self::GfLoss => Some(k + 3),
            Self::GfGradNormSq => Some(k + 4),
            Self::GfLambda1 => Some(k + 5),
            Self::GfSubsteps => Some(k + 6),
            Self::CfLoss => Some(k + 7),
            Self::CfGradNormSq => Some(k + 8),
            Self::CfLambda(i) => each(k + 9, i),
            Self::CfCritical => Some(2 * k + 9),
            Self::CfSigma(i) => each(2 * k + 10, i),
            Self::CfSigmaTrace => Some(3 * k + 10),
            Self::CfPredictedLoss => Some(3 * k + 11),
            Self::CfPredictedGradNormSq => Some(3 * k + 12),
            Self::DistanceGdCf => Some(3 * k + 13),
            Self::DistanceGdGf => Some(3 * k + 14),
            Self::Displacement(i) => each(3 * k + 15, i),
            Self::Hvps => Some(4 * k + 15),
            Self::GdEigenResidual => Some(4 * k + 16),
            Self::GfEigenResidual => Some(4 * k + 17),
            Self::CfEigenResidual => Some(4 * k + 18),
            Self::TestLoss => Some(4 * k + 19),
            Self::TrainAccuracy => Some(4 * k + 20),
            Self::TestAccuracy => Some(4 * k + 21),
            Self::GdEmaLoss => Some(4 * k + 22),
            Self::CfComplementarityResidual => Some(4 * k + 23),
            Self::Position(process, i) => {
                let place = Process::ALL.iter().position(|&other| other == process)?;
                (i < 2).then_some(4 * k + 24 + 2 * place + i)
            }
        }
    }

    /// Its column name, as in `run.csv` if it is part of it.
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
            Self::GdEigenResidual => "gd_eigen_residual".into(),
            Self::GfEigenResidual => "gf_eigen_residual".into(),
            Self::CfEigenResidual => "cf_eigen_residual".into(),
            Self::CfComplementarityResidual => "cf_complementarity_residual".into(),
            Self::Position(Process::GradientDescent, i) => format!("gd_weight_{}", i + 1),
            Self::Position(Process::GradientFlow, i) => format!("gf_weight_{}", i + 1),
            Self::Position(Process::CentralFlow, i) => format!("cf_weight_{}", i + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Series;

    #[test]
    fn indices_follow_the_order_of_the_columns() {
        for k in [0, 1, 3, 8] {
            let kept = Series::kept(k);
            assert_eq!(kept.len(), Series::count(k));
            for (position, series) in kept.into_iter().enumerate() {
                assert_eq!(series.index(k), Some(position), "{series:?} with k = {k}");
            }
            assert_eq!(Series::GdLambda(k).index(k), None);
        }
    }
}
