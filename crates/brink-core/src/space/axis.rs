//! The axes of weight space that a view can have.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A direction in weight space, defined by its meaning at the step of the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Axis {
    /// The i-th eigenvector of the Hessian, counted from 0.
    Eigenvector(usize),
    /// The gradient of the sharpness, ∇S.
    SharpnessGradient,
    /// The direction of motion of the central flow, or of gradient descent without a central flow.
    Drift,
    /// The i-th principal component of the paths, counted from 0.
    Principal(usize),
    /// The direction from the central flow to the gradient flow. Before the two have separated, the direction
    /// of motion of the central flow.
    Departure,
}

impl Axis {
    /// All axes, in the order of menus.
    pub const ALL: [Self; 9] = [
        Self::Eigenvector(0),
        Self::Eigenvector(1),
        Self::Eigenvector(2),
        Self::SharpnessGradient,
        Self::Drift,
        Self::Departure,
        Self::Principal(0),
        Self::Principal(1),
        Self::Principal(2),
    ];

    /// Substitutes for an axis that does not exist, in order of preference.
    pub(super) const SUBSTITUTES: [Self; 5] = [
        Self::Eigenvector(0),
        Self::Eigenvector(1),
        Self::Drift,
        Self::Eigenvector(2),
        Self::SharpnessGradient,
    ];

    /// Number of leading eigenvectors that the axis requires.
    pub(super) fn eigenvectors(self) -> usize {
        match self {
            Self::Eigenvector(i) => i + 1,
            Self::SharpnessGradient => 1,
            Self::Drift | Self::Departure | Self::Principal(_) => 0,
        }
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Eigenvector(0) => write!(f, "u₁ top eigenvector"),
            Self::Eigenvector(i) => write!(f, "u{} eigenvector", Subscript(i + 1)),
            Self::SharpnessGradient => write!(f, "∇S sharpness gradient"),
            Self::Drift => write!(f, "drift"),
            Self::Departure => write!(f, "departure, central → gradient flow"),
            Self::Principal(i) => write!(f, "principal component {}", i + 1),
        }
    }
}

/// A number in subscript digits.
struct Subscript(usize);

impl fmt::Display for Subscript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let subscript =
            |digit: char| ['₀', '₁', '₂', '₃', '₄', '₅', '₆', '₇', '₈', '₉'][digit as usize - '0' as usize];
        digits.chars().try_for_each(|digit| write!(f, "{}", subscript(digit)))
    }
}

#[cfg(test)]
mod tests {
    use super::Axis;

    #[test]
    fn labels_count_from_one() {
        assert_eq!(Axis::Eigenvector(11).to_string(), "u₁₂ eigenvector");
        assert_eq!(Axis::Principal(0).to_string(), "principal component 1");
    }
}
