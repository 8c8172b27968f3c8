//! Principal components of the paths, from their sketches.

use super::row::{PROCESSES, Row};
use super::sketch::Sketch;
use crate::spectrum::{axpy, dot};
use nalgebra::{DMatrix, SymmetricEigen};
use std::sync::Arc;

/// The leading principal components of all points of these steps, in weight space, not normalized. The inner products of
/// the points come from their sketches, the directions from their weights. There are fewer than `count` where the points
/// span less.
pub(super) fn components(sketch: Sketch, rows: &[Arc<Row>], count: usize) -> Vec<Vec<f64>> {
    let mut w = Vec::new();
    let mut points = Vec::new();
    for (row, process) in rows.iter().flat_map(|row| (0..PROCESSES.len()).map(move |process| (row, process)))
    {
        if row.read(process, &mut w) {
            points.push((row, process, sketch.of(w.iter().copied())));
        }
    }
    let n = points.len();
    if n < 2 {
        return Vec::new();
    }
    let width = sketch.width();
    let mean: Vec<f64> =
        (0..width).map(|i| points.iter().map(|(.., s)| s[i]).sum::<f64>() / n as f64).collect();
    for (.., s) in &mut points {
        s.iter_mut().zip(&mean).for_each(|(s, mean)| *s -= mean);
    }
    let gram = DMatrix::from_fn(n, n, |i, j| dot(&points[i].2, &points[j].2));
    let eigen = SymmetricEigen::new(gram);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let least = 1e-12 * eigen.eigenvalues.max().max(0.0);
    let real = order.into_iter().take(count).filter(|&k| eigen.eigenvalues[k] > least);
    // the coefficients sum to 0, so that the mean need not be taken off the weights
    real.map(|k| {
        let mut direction = Vec::new();
        for (i, (row, process, _)) in points.iter().enumerate() {
            row.read(*process, &mut w);
            direction.resize(w.len(), 0.0);
            axpy(eigen.eigenvectors[(i, k)], &w, &mut direction);
        }
        direction
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectrum::norm;

    #[test]
    fn components_of_a_synthetic_path_are_its_directions() {
        let dim = 4000_usize;
        let unit = |frequency: f64| -> Vec<f64> {
            let x: Vec<f64> = (0..dim).map(|i| (i as f64 * frequency).sin()).collect();
            let length = norm(&x);
            x.iter().map(|x| x / length).collect()
        };
        let (a, b) = (unit(0.37), unit(1.91));
        let rows: Vec<Arc<Row>> = (0..40)
            .map(|step| {
                let t = step as f64 / 39.0;
                let mut w = vec![0.3; dim];
                axpy(3.0 * t, &a, &mut w);
                axpy(0.5 * (7.0 * t).cos(), &b, &mut w);
                Arc::new(Row::new(step, [Some(&w), None, None]))
            })
            .collect();
        let found = components(Sketch::new(dim), &rows, 3);
        assert!(found.len() >= 2);
        let along = |x: &[f64], u: &[f64]| (dot(x, u) / norm(x)).abs();
        // both lie in the plane of the path, and the first is nearly its longest direction
        for x in &found[..2] {
            assert!(
                (along(x, &a).hypot(along(x, &b)) - 1.0).abs() < 1e-3,
                "{}",
                along(x, &a).hypot(along(x, &b))
            );
        }
        assert!(along(&found[0], &a) > 0.98, "{}", along(&found[0], &a));
        assert!(components(Sketch::new(dim), &rows[..1], 2).is_empty());
    }
}
