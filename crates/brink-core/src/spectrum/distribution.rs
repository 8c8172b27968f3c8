//! Distribution of the eigenvalues of a symmetric operator: all eigenvalues, or an estimate of their density.
//!
//! Non-finite contract: all numbers of a distribution are finite. The functions that construct one reject
//! non-finite input.

/// A distribution of eigenvalues: positions with multiplicities.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// Positions and multiplicities, sorted by position. The multiplicities sum to the dimension.
    pub atoms: Vec<Atom>,
    /// Method of computation.
    pub source: SpectrumMethod,
}

/// One position of a [`Distribution`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Atom {
    /// The eigenvalue.
    pub value: f64,
    /// Number of eigenvalues at this position: 1 for a dense computation; an expected, in general fractional
    /// number for a quadrature.
    pub count: f64,
}

/// Method by which a distribution was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpectrumMethod {
    /// All eigenvalues of the dense matrix.
    Dense,
    /// Stochastic Lanczos quadrature.
    Quadrature {
        /// Number of random probe vectors.
        probes: usize,
        /// Number of Lanczos steps per probe.
        steps: usize,
    },
}

impl Distribution {
    /// A distribution from unsorted atoms.
    pub(super) fn new(mut atoms: Vec<Atom>, source: SpectrumMethod) -> Self {
        atoms.sort_by(|a, b| a.value.total_cmp(&b.value));
        Self { atoms, source }
    }

    /// Smallest and largest eigenvalue, or `None` for an empty distribution. The nodes of a quadrature lie
    /// inside the range of the spectrum.
    pub fn range(&self) -> Option<[f64; 2]> {
        Some([self.atoms.first()?.value, self.atoms.last()?.value])
    }

    /// Total number of eigenvalues, which is the dimension.
    pub fn dim(&self) -> f64 {
        self.atoms.iter().map(|atom| atom.count).sum()
    }

    /// Number of eigenvalues less than or equal to `x`.
    pub fn cumulative(&self, x: f64) -> f64 {
        self.atoms.iter().take_while(|atom| atom.value <= x).map(|atom| atom.count).sum()
    }

    /// Mean of λ^`power` over all eigenvalues.
    pub fn moment(&self, power: i32) -> f64 {
        self.atoms.iter().map(|atom| atom.count * atom.value.powi(power)).sum::<f64>() / self.dim()
    }

    /// Histogram: number of eigenvalues in each of `bins` bins of equal width from `low` to `high`. The last
    /// bin includes `high`. Shape `[bins]`.
    pub fn counts(&self, [low, high]: [f64; 2], bins: usize) -> Vec<f64> {
        let mut counts = vec![0.0; bins];
        for atom in &self.atoms {
            let place = (atom.value - low) / (high - low) * bins as f64;
            if bins > 0 && (0.0..=bins as f64).contains(&place) {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to bins")]
                let bin = (place as usize).min(bins - 1);
                counts[bin] += atom.count;
            }
        }
        counts
    }

    /// Density at `x` in eigenvalues per unit of λ. Each eigenvalue is smoothed by a Gaussian of standard
    /// deviation `width`.
    pub fn density(&self, x: f64, width: f64) -> f64 {
        let scale = 1.0 / (width * std::f64::consts::TAU.sqrt());
        let near = self.atoms.partition_point(|atom| atom.value < x - REACH * width)
            ..self.atoms.partition_point(|atom| atom.value <= x + REACH * width);
        let share = |atom: &Atom| atom.count * (-0.5 * ((x - atom.value) / width).powi(2)).exp();
        scale * self.atoms[near].iter().map(share).sum::<f64>()
    }
}

/// Truncation of the Gaussian in standard deviations; the kernel is 10⁻¹⁴ of its peak there.
const REACH: f64 = 8.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Distribution {
        let atoms = values.iter().map(|&value| Atom { value, count: 1.0 }).collect();
        Distribution::new(atoms, SpectrumMethod::Dense)
    }

    #[test]
    fn counts_and_sums_are_those_of_the_values() {
        let found = of(&[4.0, -1.0, 0.0, 0.5, 4.0]);
        assert_eq!((found.range(), found.dim()), (Some([-1.0, 4.0]), 5.0));
        assert_eq!([-2.0, 0.0, 3.9, 4.0].map(|x| found.cumulative(x)), [0.0, 2.0, 3.0, 5.0]);
        assert_eq!((found.moment(1), found.moment(2)), (1.5, (1.0 + 0.25 + 32.0) / 5.0));
        assert_eq!(found.counts([-1.0, 4.0], 5), [1.0, 2.0, 0.0, 0.0, 2.0]);
        assert_eq!(found.counts([0.0, 1.0], 2), [1.0, 1.0], "what lies outside is left out");
        assert_eq!((of(&[]).range(), found.counts([0.0, 0.0], 3).len()), (None, 3));
    }

    #[test]
    fn a_broadened_density_holds_every_eigenvalue() {
        let found = of(&[-1.0, 0.0, 0.1, 7.0]);
        let (width, step) = (0.2, 0.01);
        let sum: f64 = (-500..1200).map(|i| found.density(f64::from(i) * step, width) * step).sum();
        assert!((sum - 4.0).abs() < 1e-9, "{sum}");
        let peak = 1.0 / (width * std::f64::consts::TAU.sqrt());
        assert!((found.density(7.0, width) - peak).abs() < 1e-12);
    }
}
