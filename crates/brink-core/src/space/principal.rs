//! Principal components of the paths, computed from sketches.
//!
//! First the principal components of the sketches of all steps are computed. Then linear combinations of the
//! stored weights are formed whose sketches best approximate these components. If the sketch of a vector is
//! the vector itself, the result consists of the exact components of the paths.

use super::row::PROCESSES;
use super::trail::Trail;
use crate::calculus::Stop;
use crate::spectrum::{axpy, dot};
use nalgebra::{DMatrix, DVector, SymmetricEigen};

/// Largest number of sketched steps used; other steps are skipped with an odd stride.
const MOST_STEPS: usize = 700;

/// Directions in which the stored weights vary by less than this fraction of the largest variation are
/// ignored.
const LEAST_SHARE: f64 = 1e-7;

/// The leading principal components of the paths in weight space, unnormalized, as linear combinations of the
/// weights of at most `sample` steps. There are fewer than `count` components if the paths span fewer
/// dimensions, and none if `stop` returned true; it is polled between two sketches.
pub(super) fn components(trail: &Trail, sample: usize, count: usize, stop: Stop<'_>) -> Vec<Vec<f64>> {
    let Some(sketch) = trail.sketcher() else { return Vec::new() };
    let stride = trail.sketched().div_ceil(MOST_STEPS).max(1) | 1;
    let mut all = Vec::new();
    for i in (0..trail.sketched()).step_by(stride) {
        for process in 0..PROCESSES.len() {
            let s = trail.sketch_of(i, process);
            if s.first().is_some_and(|x| !x.is_nan()) {
                all.push(s.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>());
            }
        }
    }
    let Some(directions) = leading(&mut all, sketch.width(), count, stop) else { return Vec::new() };
    if sketch.is_exact() {
        return directions;
    }
    let rows = trail.sample(sample);
    let (mut w, mut points, mut sketches) = (Vec::new(), Vec::new(), Vec::new());
    for (row, process) in rows.iter().flat_map(|row| (0..PROCESSES.len()).map(move |process| (row, process)))
    {
        if stop() {
            return Vec::new();
        }
        if row.read(process, &mut w) {
            points.push((row, process));
            sketches.push(sketch.of(w.iter().copied()));
        }
    }
    if points.len() < 2 {
        return Vec::new();
    }
    center(&mut sketches, sketch.width());
    let coefficients = nearest(&sketches, &directions);
    let mut components = vec![Vec::new(); directions.len()];
    for (i, (row, process)) in points.iter().enumerate() {
        if stop() {
            return Vec::new();
        }
        row.read(*process, &mut w);
        for (component, c) in components.iter_mut().zip(&coefficients) {
            // the coefficients sum to 0, so that the mean of the weights cancels
            component.resize(w.len(), 0.0);
            axpy(c[i], &w, component);
        }
    }
    components
}

/// Subtracts the mean.
fn center(points: &mut [Vec<f64>], width: usize) {
    let count = points.len() as f64;
    let mean: Vec<f64> =
        (0..width).map(|i| points.iter().map(|point| point[i]).sum::<f64>() / count).collect();
    for point in points {
        point.iter_mut().zip(&mean).for_each(|(x, mean)| *x -= mean);
    }
}

/// Unit vectors of largest variance of the points. `None` if `stop` returned true.
fn leading(points: &mut [Vec<f64>], width: usize, count: usize, stop: Stop<'_>) -> Option<Vec<Vec<f64>>> {
    if points.len() < 2 {
        return Some(Vec::new());
    }
    center(points, width);
    let mut covariance = DMatrix::<f64>::zeros(width, width);
    for point in points {
        if stop() {
            return None;
        }
        for (j, &b) in point.iter().enumerate() {
            for (i, &a) in point.iter().enumerate().skip(j) {
                covariance[(i, j)] += a * b;
            }
        }
    }
    covariance.fill_upper_triangle_with_lower_triangle();
    let eigen = SymmetricEigen::new(covariance);
    let mut order: Vec<usize> = (0..width).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    // the sketches are in single precision
    let least = LEAST_SHARE * LEAST_SHARE * eigen.eigenvalues.max().max(0.0);
    let real = order.into_iter().take(count).filter(|&k| eigen.eigenvalues[k] > least);
    Some(real.map(|k| eigen.eigenvectors.column(k).iter().copied().collect()).collect())
}

/// Coefficients of linear combinations of the centred points that best approximate the directions. Each row
/// sums to 0. Shape `[directions, points]`.
fn nearest(points: &[Vec<f64>], directions: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = points.len();
    let gram = SymmetricEigen::new(DMatrix::from_fn(n, n, |i, j| dot(&points[i], &points[j])));
    let least = LEAST_SHARE * gram.eigenvalues.max().max(0.0);
    let of = |direction: &Vec<f64>| {
        let seen = DVector::from_fn(n, |i, _| dot(&points[i], direction));
        let mut c = DVector::<f64>::zeros(n);
        for (k, &eigenvalue) in gram.eigenvalues.iter().enumerate().filter(|(_, value)| **value > least) {
            let along = gram.eigenvectors.column(k);
            c.axpy(along.dot(&seen) / eigenvalue, &along, 1.0);
        }
        let mean = c.mean();
        c.iter().map(|c| c - mean).collect()
    };
    directions.iter().map(of).collect()
}

/// Rotates an orthonormal basis within its span: the first vector is the direction of largest mean square of
/// `swings`, and so on. The result depends on the span but, up to signs, not on the given basis. Without
/// swings the basis is unchanged.
pub(super) fn turn(basis: &mut [Vec<f64>], swings: &[Vec<f64>]) {
    let k = basis.len();
    let mut moment = DMatrix::<f64>::zeros(k, k);
    for swing in swings {
        let along = DVector::from_fn(k, |i, _| dot(&basis[i], swing));
        moment.ger(1.0, &along, &along, 1.0);
    }
    if !moment.iter().all(|x| x.is_finite()) || moment.trace() <= 0.0 {
        return;
    }
    let eigen = SymmetricEigen::new(moment);
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let turned: Vec<Vec<f64>> = (order.into_iter())
        .map(|j| {
            let share = eigen.eigenvectors.column(j);
            // the sign of the old vector with the largest coefficient
            let sign = share[share.iamax()].signum();
            let mut u = vec![0.0; basis[0].len()];
            basis.iter().zip(share.iter()).for_each(|(old, &share)| axpy(sign * share, old, &mut u));
            u
        })
        .collect();
    basis.iter_mut().zip(turned).for_each(|(to, u)| *to = u);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::row::Row;
    use crate::space::trail::Budget;
    use crate::spectrum::norm;

    const GO_ON: Stop<'static> = &|| false;
    const DIM: usize = 4000;

    fn unit(frequency: f64) -> Vec<f64> {
        let x: Vec<f64> = (0..DIM).map(|i| (i as f64 * frequency).sin()).collect();
        let length = norm(&x);
        x.iter().map(|x| x / length).collect()
    }

    fn along(x: &[f64], u: &[f64]) -> f64 {
        (dot(x, u) / norm(x)).abs()
    }

    /// Oscillates along `a`, with a smaller amplitude along `b`. Only the weights of the last steps are
    /// stored.
    fn trail(steps: usize, budget: Budget) -> Trail {
        let (a, b) = (unit(0.37), unit(1.91));
        let mut trail = Trail::new(budget);
        for step in 0..steps {
            let t = step as f64 / (steps - 1) as f64;
            let mut w = vec![0.3; DIM];
            axpy(3.0 * t, &a, &mut w);
            axpy(0.5 * (7.0 * t).cos(), &b, &mut w);
            trail.push(Row::new(step, [Some(&w), None, None]));
        }
        trail
    }

    #[test]
    fn components_of_a_synthetic_path_are_its_directions() {
        let (a, b) = (unit(0.37), unit(1.91));
        let found = components(&trail(40, Budget::default()), 64, 3, GO_ON);
        assert!(found.len() >= 2);
        // both lie in the plane of the path, and the first is nearly its direction of largest variance
        for x in &found[..2] {
            let share = along(x, &a).hypot(along(x, &b));
            assert!((share - 1.0).abs() < 1e-3, "{share}");
        }
        assert!(along(&found[0], &a) > 0.98, "{}", along(&found[0], &a));
        assert!(components(&trail(1, Budget::default()), 64, 2, GO_ON).is_empty());
        assert!(components(&trail(40, Budget::default()), 64, 2, &|| true).is_empty());
    }

    #[test]
    fn they_are_those_of_all_steps_though_weights_of_few_are_kept() {
        // along a for nine tenths of the run, then along b: except for one anchor, the stored weights move
        // along b only
        let (a, b) = (unit(0.37), unit(1.91));
        let mut trail = Trail::new(Budget { rows: 8 * DIM * 12, anchors: 8 * DIM * 3, ..Budget::default() });
        for step in 0..300 {
            let mut w = vec![0.3; DIM];
            axpy(f64::from(step.min(270)) / 90.0, &a, &mut w);
            axpy(f64::from((step - 270).max(0)) / 10.0, &b, &mut w);
            trail.push(Row::new(usize::try_from(step).unwrap_or(0), [Some(&w), None, None]));
        }
        let found = components(&trail, 64, 1, GO_ON);
        assert!(along(&found[0], &a) > 0.95, "{} {}", along(&found[0], &a), along(&found[0], &b));
    }

    #[test]
    fn a_turned_basis_is_the_same_whichever_was_given() {
        let [a, b] = [vec![1.0, 0.0, 0.0], vec![0.0, 1.0, 0.0]];
        let swings: Vec<Vec<f64>> =
            (0..9).map(|t| vec![0.3 * if t % 2 == 0 { 1.0 } else { -1.0 }, 0.01, 5.0]).collect();
        for angle in [0.0_f64, 0.4, 1.2, 2.0] {
            let (sin, cos) = angle.sin_cos();
            let mix = |p: f64, q: f64| a.iter().zip(&b).map(|(a, b)| p * a + q * b).collect::<Vec<f64>>();
            let mut basis = [mix(cos, sin), mix(-sin, cos)];
            turn(&mut basis, &swings);
            assert!(
                along(&basis[0], &a).abs() > 0.99 && along(&basis[1], &b).abs() > 0.99,
                "{angle}: {basis:?}"
            );
        }
        let mut basis = [a.clone(), b.clone()];
        turn(&mut basis, &[]);
        assert_eq!(basis, [a, b]);
    }
}
