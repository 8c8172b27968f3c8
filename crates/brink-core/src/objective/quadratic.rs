//! Quadratic losses with a given spectrum in any dimension.

use super::Objective;
use crate::calculus::block::pair_index;
use crate::calculus::{Block, Real};

/// `L(w) = ½ wᵀ Q diag(λ) Qᵀ w`. The orthogonal matrix Q is a product of two Householder reflections, so that
/// a Hessian-vector product costs O(dim).
#[derive(Clone, Debug)]
pub struct Quadratic {
    eigenvalues: Vec<f64>,
    /// Unit vectors r of the reflections I − 2 r rᵀ. Empty for a diagonal Hessian.
    reflections: Vec<Vec<f64>>,
}

impl Quadratic {
    /// A quadratic with diagonal Hessian, `½ Σ λ_i w_i²`. `eigenvalues` has shape `[dim]`.
    pub fn diagonal(eigenvalues: Vec<f64>) -> Self {
        Self { eigenvalues, reflections: Vec::new() }
    }

    /// A quadratic with the same spectrum in rotated axes: no eigenvector is a coordinate axis. `eigenvalues`
    /// has shape `[dim]`.
    pub fn rotated(eigenvalues: Vec<f64>) -> Self {
        let dim = eigenvalues.len();
        let reflections = [1.0, 2.0_f64.sqrt()]
            .map(|frequency| {
                let r: Vec<f64> = (0..dim).map(|i| (frequency * (i as f64 + 1.0)).sin() + 0.3).collect();
                let norm = r.iter().map(|x| x * x).sum::<f64>().sqrt();
                r.into_iter().map(|x| x / norm).collect()
            })
            .to_vec();
        Self { eigenvalues, reflections }
    }

    /// The i-th eigenvector Q e_i, which belongs to the i-th of the given eigenvalues. Shape `[dim]`.
    ///
    /// # Panics
    /// If `i` is not below the dimension.
    pub fn eigenvector(&self, i: usize) -> Vec<f64> {
        let mut e = vec![0.0; self.eigenvalues.len()];
        e[i] = 1.0;
        for r in self.reflections.iter().rev() {
            reflect(r, &mut e);
        }
        e
    }

    fn hessian_times<T: Real>(&self, v: &[T]) -> Vec<f64> {
        let mut x: Vec<f64> = v.iter().map(|x| x.widen()).collect();
        for r in &self.reflections {
            reflect(r, &mut x);
        }
        for (x, lambda) in x.iter_mut().zip(&self.eigenvalues) {
            *x *= lambda;
        }
        for r in self.reflections.iter().rev() {
            reflect(r, &mut x);
        }
        x
    }
}

fn reflect(r: &[f64], x: &mut [f64]) {
    let dot: f64 = r.iter().zip(&*x).map(|(r, x)| r * x).sum();
    for (x, r) in x.iter_mut().zip(r) {
        *x -= 2.0 * dot * r;
    }
}

impl<T: Real> Objective<T> for Quadratic {
    fn dim(&self) -> usize {
        self.eigenvalues.len()
    }

    fn loss(&mut self, w: &[T]) -> f64 {
        let hw = self.hessian_times(w);
        0.5 * hw.iter().zip(w).map(|(h, w)| h * w.widen()).sum::<f64>()
    }

    fn gradient(&mut self, w: &[T], nabla_l: &mut [T]) -> f64 {
        let hw = self.hessian_times(w);
        for (g, h) in nabla_l.iter_mut().zip(&hw) {
            *g = T::of(*h);
        }
        0.5 * hw.iter().zip(w).map(|(h, w)| h * w.widen()).sum::<f64>()
    }

    fn hessian_vector_products(&mut self, _w: &[T], v: &Block<T>, hv: &mut Block<T>) {
        hv.reshape(v.dim(), v.count());
        for i in 0..v.count() {
            for (out, h) in hv.column_mut(i).iter_mut().zip(self.hessian_times(v.column(i))) {
                *out = T::of(h);
            }
        }
    }

    fn third_derivatives(&mut self, _w: &[T], u: &Block<T>, t: &mut Block<T>) {
        let k = u.count();
        let pairs = if k == 0 { 0 } else { pair_index(k - 1, k - 1, k) + 1 };
        t.reshape(self.eigenvalues.len(), pairs);
        t.as_mut_slice().fill(T::zero());
    }

    fn outputs(&mut self, _w: &[T], _examples: &[usize]) -> Vec<Vec<f64>> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{Block, Objective, Quadratic};
    use crate::objective::check::check_against_finite_differences;

    #[test]
    fn derivatives_agree_with_finite_differences() {
        let w = [0.4, -1.0, 2.0, 0.1];
        check_against_finite_differences(&mut Quadratic::diagonal(vec![3.0, 1.0, -0.5, 0.0]), &w);
        check_against_finite_differences(&mut Quadratic::rotated(vec![3.0, 1.0, -0.5, 0.0]), &w);
    }

    #[test]
    fn eigenvectors_are_eigenvectors() {
        let mut quadratic = Quadratic::rotated(vec![3.0, 1.0, -0.5]);
        for (i, lambda) in [3.0, 1.0, -0.5].into_iter().enumerate() {
            let mut v = Block::zeros(3, 0);
            v.push(&quadratic.eigenvector(i));
            let mut hv = Block::default();
            quadratic.hessian_vector_products(&[0.0; 3], &v, &mut hv);
            for (h, x) in hv.column(0).iter().zip(v.column(0)) {
                assert!((h - lambda * x).abs() < 1e-14);
            }
        }
    }
}
