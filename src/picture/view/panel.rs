//! The panels by name.

/// The panels, in the order of the dashboard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Panel {
    /// Leading eigenvalues and 2/η.
    #[default]
    Sharpness,
    /// Training loss.
    Loss,
    /// Squared gradient norm.
    GradientNorm,
    /// Eigenvalues of Σ compared with the measured squared displacement.
    Variance,
    /// Displacement of gradient descent along the central flow's top eigenvector.
    Displacement,
    /// Distances between the processes.
    Distance,
    /// The detected cycles, and the events at the cursor, in words.
    Cycles,
    /// The terms of one step.
    Terms,
    /// Parts of the change of the sharpness, and the growth of the oscillation, predicted and measured.
    SharpnessChange,
    /// Σ compared with the measured covariance.
    Covariance,
    /// Whether the theory holds at this step.
    Validity,
    /// The network's outputs on an example.
    Predictions,
    /// The eigenvalues of the Hessian, all of them or their density.
    Spectrum,
    /// The processes in weight space, over the loss and the region of stability.
    WeightSpace,
    /// The sharpness of this run and of every recording, as a wall of small plots.
    Wall,
    /// The real and the predicted loss of this run and of every recording.
    LossWall,
    /// Gradient descent on the quadratic model along the two largest eigenvectors.
    Parabola,
}

impl Panel {
    /// Every panel: the plots, then the inspector's.
    pub const ALL: [Self; 17] = [
        Self::Sharpness,
        Self::Loss,
        Self::GradientNorm,
        Self::Variance,
        Self::Displacement,
        Self::Distance,
        Self::Cycles,
        Self::Terms,
        Self::SharpnessChange,
        Self::Covariance,
        Self::Validity,
        Self::WeightSpace,
        Self::Wall,
        Self::LossWall,
        Self::Parabola,
        Self::Predictions,
        Self::Spectrum,
    ];

    /// The plots over the steps, in the order of the dashboard.
    pub const PLOTS: [Self; 6] =
        [Self::Sharpness, Self::Loss, Self::GradientNorm, Self::Variance, Self::Displacement, Self::Distance];

    /// The inspector's panels, which examine one step.
    pub const INSPECTOR: [Self; 5] =
        [Self::Cycles, Self::Terms, Self::SharpnessChange, Self::Covariance, Self::Validity];

    /// The inspector's panels that need the weights.
    pub const INSPECTED: [Self; 3] = [Self::Terms, Self::SharpnessChange, Self::Validity];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Sharpness => "Hessian eigenvalues",
            Self::Loss => "Train loss",
            Self::GradientNorm => "Squared gradient norm ‖∇L‖²",
            Self::Variance => "Variance along Σ’s eigenvectors",
            Self::Displacement => "Displacement along v₁",
            Self::Distance => "Distance from gradient descent",
            Self::Cycles => "Cycles at the edge",
            Self::Terms => "One step, term by term",
            Self::SharpnessChange => "Change of the sharpness",
            Self::Covariance => "Σ against the measured covariance",
            Self::Validity => "Does the theory hold here?",
            Self::Predictions => "Predictions of the network",
            Self::Spectrum => "Spectrum of the Hessian",
            Self::WeightSpace => "Weight space",
            Self::Wall => "Sharpness across networks, 2/η = 1",
            Self::LossWall => "Loss across networks: real and predicted",
            Self::Parabola => "The quadratic model at this step",
        }
    }

    /// An identifier, used in file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sharpness => "sharpness",
            Self::Loss => "loss",
            Self::GradientNorm => "gradient-norm",
            Self::Variance => "variance",
            Self::Displacement => "displacement",
            Self::Distance => "distance",
            Self::Cycles => "cycles",
            Self::Terms => "terms",
            Self::SharpnessChange => "sharpness-change",
            Self::Covariance => "covariance",
            Self::Validity => "validity",
            Self::Predictions => "predictions",
            Self::Spectrum => "spectrum",
            Self::WeightSpace => "weight-space",
            Self::Wall => "wall",
            Self::LossWall => "loss-wall",
            Self::Parabola => "parabola",
        }
    }

    /// Default width and height of its picture in points: a wall of many plots needs more.
    pub fn picture_size(self) -> [f32; 2] {
        match self {
            Self::Wall | Self::LossWall => [1280.0, 800.0],
            _ => [640.0, 400.0],
        }
    }

    /// Whether a logarithmic axis makes sense: not for a quantity that can be negative.
    pub fn may_be_log(self) -> bool {
        self != Self::Displacement && Self::PLOTS.contains(&self)
    }
}
