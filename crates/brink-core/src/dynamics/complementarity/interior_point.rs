//! Primal-dual interior-point iteration for the scaled problem, on flat row-major buffers that are allocated
//! once.
//!
//! With r = A + B\[X\] − R, the HKM direction solves `½(R ΔX X⁻¹ + X⁻¹ ΔX R) + B[ΔX] = σμ X⁻¹ − R − r − C`
//! and `ΔR = B[ΔX] + r`, where μ = ⟨X, R⟩/k and C is Mehrotra's second-order correction.

use nalgebra::DMatrix;

use super::Scaled;

/// The iterate (X, R). Both matrices are positive definite.
pub(super) struct InteriorPoint {
    k: usize,
    x: Vec<f64>,
    r: Vec<f64>,
    /// X⁻¹, the buffer of its Cholesky factor, and products.
    x_inverse: Vec<f64>,
    factor: Vec<f64>,
    product: Vec<f64>,
    /// The Newton system. Shape `[n, n]`.
    system: Vec<f64>,
    rhs: Vec<f64>,
    dx: Vec<f64>,
    dr: Vec<f64>,
    /// Residual r of the linear equation, as a matrix.
    defect: Vec<f64>,
}

impl InteriorPoint {
    /// The cold start X = R = I, appropriate for a problem scaled to ‖A‖ = ‖B‖ = 1.
    pub(super) fn start(problem: &Scaled) -> Self {
        let (k, n) = (problem.k, problem.pairs.len());
        let mut identity = vec![0.0; k * k];
        (0..k).for_each(|i| identity[i * k + i] = 1.0);
        let square = || vec![0.0; k * k];
        Self {
            k,
            x: identity.clone(),
            r: identity,
            x_inverse: square(),
            factor: square(),
            product: square(),
            system: vec![0.0; n * n],
            rhs: vec![0.0; n],
            dx: square(),
            dr: square(),
            defect: square(),
        }
    }

    /// X − R. Its positive part is the solution once the duality gap has closed.
    pub(super) fn difference(&self) -> DMatrix<f64> {
        DMatrix::from_fn(self.k, self.k, |i, j| self.x[i * self.k + j] - self.r[i * self.k + j])
    }

    /// Relative duality gap plus relative residual of the linear equation.
    pub(super) fn gap(&mut self, problem: &Scaled) -> f64 {
        apply_affine(problem, &self.x, Some(&self.r), &mut self.defect);
        let norm = |m: &[f64]| m.iter().map(|x| x * x).sum::<f64>().sqrt();
        let scale = norm(&self.r).max(1e-3);
        dot(&self.x, &self.r) / (norm(&self.x).max(1e-3) * scale) + norm(&self.defect) / scale
    }

    /// One predictor-corrector step. [`InteriorPoint::gap`] must have been called for the current iterate.
    /// Returns false if no further progress is possible.
    pub(super) fn advance(&mut self, problem: &Scaled) -> bool {
        let k = self.k;
        let mu = dot(&self.x, &self.r) / k as f64;
        if !invert(k, &self.x, &mut self.factor, &mut self.x_inverse) {
            return false;
        }
        self.assemble(problem);
        if !cholesky(problem.pairs.len(), &mut self.system) {
            return false;
        }
        // Predictor: σ = 0, C = 0.
        self.direction(problem, 0.0, false);
        let affine = self.step_length(1.0);
        let mut mu_affine = 0.0;
        for i in 0..k * k {
            mu_affine += (self.x[i] + affine * self.dx[i]) * (self.r[i] + affine * self.dr[i]);
        }
        let ratio = (mu_affine / k as f64 / mu).clamp(0.0, 1.0);
        let sigma = (ratio * ratio * ratio).max(1e-8);
        self.direction(problem, sigma * mu, true);
        // Close to the boundary if the predictor took a long step, otherwise cautious.
        let step = self.step_length((1.0 - 0.1 * ratio).clamp(0.9, 0.9995));
        if !step.is_finite() || step < 1e-10 {
            return false;
        }
        for i in 0..k * k {
            self.x[i] += step * self.dx[i];
            self.r[i] += step * self.dr[i];
        }
        true
    }

    /// Lower triangle of B + ½(R ⊗ X⁻¹ + X⁻¹ ⊗ R) on svecs.
    fn assemble(&mut self, problem: &Scaled) {
        let (k, n) = (self.k, problem.pairs.len());
        let (r, y) = (&self.r, &self.x_inverse);
        let half_root = std::f64::consts::FRAC_1_SQRT_2;
        for (p, &(i, j)) in problem.pairs.iter().enumerate() {
            let weight_p = if i == j { 0.5 } else { half_root };
            let (ri, rj) = (&r[i * k..][..k], &r[j * k..][..k]);
            let (yi, yj) = (&y[i * k..][..k], &y[j * k..][..k]);
            for (q, &(m, l)) in problem.pairs[..=p].iter().enumerate() {
                let weight_q = if m == l { 0.5 } else { half_root };
                let sum = rj[m] * yi[l]
                    + rj[l] * yi[m]
                    + ri[m] * yj[l]
                    + ri[l] * yj[m]
                    + yj[m] * ri[l]
                    + yj[l] * ri[m]
                    + yi[m] * rj[l]
                    + yi[l] * rj[m];
                self.system[p * n + q] = problem.b[(p, q)] + 0.5 * weight_p * weight_q * sum;
            }
        }
    }

    /// Solves for (ΔX, ΔR) with the factorized system. `target` is σμ; `corrected` adds Mehrotra's correction
    /// from the current (ΔX, ΔR).
    fn direction(&mut self, problem: &Scaled, target: f64, corrected: bool) {
        let k = self.k;
        if corrected {
            // factor ← ΔR ΔX, product ← ΔR ΔX X⁻¹.
            multiply(k, &self.dr, &self.dx, &mut self.factor);
            multiply(k, &self.factor, &self.x_inverse, &mut self.product);
        }
        for (p, &(i, j)) in problem.pairs.iter().enumerate() {
            let at = i * k + j;
            let mut value = target * self.x_inverse[at] - self.r[at] - self.defect[at];
            if corrected {
                value -= 0.5 * (self.product[at] + self.product[j * k + i]);
            }
            self.rhs[p] = if i == j { value } else { value * std::f64::consts::SQRT_2 };
        }
        solve_factored(problem.pairs.len(), &self.system, &mut self.rhs);
        for (p, &(i, j)) in problem.pairs.iter().enumerate() {
            let value = if i == j { self.rhs[p] } else { self.rhs[p] * std::f64::consts::FRAC_1_SQRT_2 };
            self.dx[i * k + j] = value;
            self.dx[j * k + i] = value;
        }
        let defect = std::mem::take(&mut self.defect);
        apply_linear(problem, &self.rhs, &mut self.dr);
        for (dr, d) in self.dr.iter_mut().zip(&defect) {
            *dr += d;
        }
        self.defect = defect;
    }

    /// The fraction `fraction` of the largest step found to stay inside the cone, at most 1. The candidates
    /// are the step for which this fraction is 1, the full step, and then a geometric sequence.
    fn step_length(&mut self, fraction: f64) -> f64 {
        if self.stays_definite(1.0 / fraction) {
            return 1.0;
        }
        let mut trial = 1.0;
        while trial > 1e-12 {
            if self.stays_definite(trial) {
                return fraction * trial;
            }
            trial *= 0.8;
        }
        0.0
    }

    fn stays_definite(&mut self, step: f64) -> bool {
        for (m, d) in [(&self.x, &self.dx), (&self.r, &self.dr)] {
            for ((f, m), d) in self.factor.iter_mut().zip(m).zip(d) {
                *f = m + step * d;
            }
            if !cholesky(self.k, &mut self.factor) {
                return false;
            }
        }
        true
    }
}

/// `out = B[X]` from svec(X).
fn apply_linear(problem: &Scaled, x: &[f64], out: &mut [f64]) {
    let (k, n) = (problem.k, problem.pairs.len());
    let b = problem.b.as_slice();
    for (p, &(i, j)) in problem.pairs.iter().enumerate() {
        let sum: f64 = b[p * n..][..n].iter().zip(x).map(|(b, x)| b * x).sum();
        let value = if i == j { sum } else { sum * std::f64::consts::FRAC_1_SQRT_2 };
        out[i * k + j] = value;
        out[j * k + i] = value;
    }
}

/// `out = A + B[X] − R`.
fn apply_affine(problem: &Scaled, x: &[f64], r: Option<&[f64]>, out: &mut [f64]) {
    let k = problem.k;
    let svec: Vec<f64> = problem
        .pairs
        .iter()
        .map(|&(i, j)| x[i * k + j] * if i == j { 1.0 } else { std::f64::consts::SQRT_2 })
        .collect();
    apply_linear(problem, &svec, out);
    for (p, &(i, j)) in problem.pairs.iter().enumerate() {
        let a = if i == j { problem.a[p] } else { problem.a[p] * std::f64::consts::FRAC_1_SQRT_2 };
        out[i * k + j] += a;
        if i != j {
            out[j * k + i] += a;
        }
    }
    if let Some(r) = r {
        for (out, r) in out.iter_mut().zip(r) {
            *out -= r;
        }
    }
}

/// ⟨a, b⟩ as four independent partial sums, for instruction-level parallelism.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let (chunks_a, chunks_b) = (a.chunks_exact(4), b.chunks_exact(4));
    let tail: f64 = chunks_a.remainder().iter().zip(chunks_b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in chunks_a.zip(chunks_b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + tail
}

fn multiply(k: usize, a: &[f64], b: &[f64], out: &mut [f64]) {
    for i in 0..k {
        let row = &mut out[i * k..][..k];
        row.fill(0.0);
        for (l, a) in a[i * k..][..k].iter().enumerate() {
            for (out, b) in row.iter_mut().zip(&b[l * k..][..k]) {
                *out += a * b;
            }
        }
    }
}

/// Cholesky factorization of the lower triangle in place: L below the diagonal and the reciprocals of the
/// diagonal of L on it, which avoids later divisions. Returns false if the matrix is not positive definite.
fn cholesky(n: usize, m: &mut [f64]) -> bool {
    for i in 0..n {
        let (above, row) = m.split_at_mut(i * n);
        let row = &mut row[..=i];
        for j in 0..i {
            let other = &above[j * n..][..=j];
            row[j] = (row[j] - dot(&row[..j], &other[..j])) * other[j];
        }
        let pivot = row[i] - dot(&row[..i], &row[..i]);
        if pivot.is_nan() || pivot <= 0.0 || pivot.is_infinite() {
            return false;
        }
        row[i] = 1.0 / pivot.sqrt();
    }
    true
}

/// Solves L Lᵀ x = rhs in place.
fn solve_factored(n: usize, l: &[f64], rhs: &mut [f64]) {
    for i in 0..n {
        let row = &l[i * n..][..=i];
        rhs[i] = (rhs[i] - dot(&row[..i], &rhs[..i])) * row[i];
    }
    for i in (0..n).rev() {
        rhs[i] *= l[i * n + i];
        let x = rhs[i];
        for (rhs, l) in rhs[..i].iter_mut().zip(&l[i * n..][..i]) {
            *rhs -= x * l;
        }
    }
}

/// Inverse of a symmetric positive definite matrix.
fn invert(k: usize, m: &[f64], factor: &mut [f64], inverse: &mut [f64]) -> bool {
    factor.copy_from_slice(m);
    if !cholesky(k, factor) {
        return false;
    }
    // L⁻¹ in place (row i from the rows above it), then L⁻ᵀ L⁻¹.
    for i in 0..k {
        for j in 0..i {
            let sum: f64 = (j..i).map(|l| factor[i * k + l] * inverse[l * k + j]).sum();
            inverse[i * k + j] = -sum * factor[i * k + i];
        }
        inverse[i * k + i] = factor[i * k + i];
    }
    for i in 0..k {
        for j in 0..=i {
            factor[i * k + j] = (i..k).map(|l| inverse[l * k + i] * inverse[l * k + j]).sum();
        }
    }
    for i in 0..k {
        for j in 0..=i {
            inverse[i * k + j] = factor[i * k + j];
            inverse[j * k + i] = factor[i * k + j];
        }
    }
    true
}
