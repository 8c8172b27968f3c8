//! The finite-difference test of the primitives: derivatives compared with central differences of the
//! derivatives one order lower, in f64.

use crate::calculus::block::Block;
use crate::calculus::evaluator::Evaluator;
use crate::calculus::tape::{NodeId, Tape};

/// Numbers in (−1, 1) without a pattern.
pub fn numbers(count: usize) -> Vec<f64> {
    (0..count)
        .map(|i| (i as f64 + 1.0) * 0.754_877_666)
        .map(|x| 2.0 * (x * (1.0 + x)).fract() - 1.0)
        .collect()
}

fn shifted(w: &[f64], u: &[f64], h: f64) -> Vec<f64> {
    w.iter().zip(u).map(|(w, u)| w + h * u).collect()
}

fn assert_close(what: &str, exact: &[f64], difference: &[f64], tolerance: f64) {
    let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>().sqrt();
    let error = norm(&mut exact.iter().zip(difference).map(|(a, b)| a - b));
    let size = norm(&mut difference.iter().copied()).max(1e-3);
    assert!(error <= tolerance * size, "{what}: off by {error:e} of {size:e}");
}

/// Central difference with Richardson extrapolation: error O(h⁴).
fn difference(mut f: impl FnMut(f64) -> Vec<f64>) -> Vec<f64> {
    let mut central = |h: f64| -> Vec<f64> {
        f(h).iter().zip(f(-h)).map(|(plus, minus)| (plus - minus) / (2.0 * h)).collect()
    };
    let (fine, coarse) = (central(1e-3), central(2e-3));
    fine.iter().zip(coarse).map(|(fine, coarse)| (4.0 * fine - coarse) / 3.0).collect()
}

/// Checks gradient, Hessian-vector products and third derivatives of a tape, with one, two and three directions.
pub fn check(tape: Tape<f64>, data: &[(NodeId, Vec<f64>)], samples: usize) {
    let mut evaluator = Evaluator::new(tape, data, samples);
    let p = evaluator.dim();
    let all = numbers(4 * p + 7);
    let w = &all[7..7 + p];
    let directions: Vec<&[f64]> = (1..4).map(|i| &all[7 + i * p..7 + (i + 1) * p]).collect();
    let mut gradient = vec![0.0; p];
    evaluator.gradient(w, &mut gradient);
    let gradient_at = |e: &mut Evaluator<f64>, w: &[f64]| {
        let mut g = vec![0.0; p];
        e.gradient(w, &mut g);
        g
    };
    let hv_at = |e: &mut Evaluator<f64>, w: &[f64], v: &[f64]| {
        let (mut block, mut hv) = (Block::zeros(p, 0), Block::default());
        block.push(v);
        e.hessian_vector_products(w, &block, &mut hv);
        hv.as_slice().to_vec()
    };
    for i in 0..p {
        let mut e_i = vec![0.0; p];
        e_i[i] = 1.0;
        let slope = difference(|h| vec![evaluator.loss(&shifted(w, &e_i, h))]);
        assert_close("gradient", &gradient[i..=i], &slope, 1e-8);
    }
    for k in 1..=3 {
        let mut block = Block::zeros(p, 0);
        directions[..k].iter().for_each(|u| block.push(u));
        let (mut hv, mut t) = (Block::default(), Block::default());
        evaluator.hessian_vector_products(w, &block, &mut hv);
        evaluator.third_derivatives(w, &block, &mut t);
        let mut pair = 0;
        for i in 0..k {
            let slope = difference(|h| gradient_at(&mut evaluator, &shifted(w, directions[i], h)));
            assert_close("Hessian-vector product", hv.column(i), &slope, 1e-8);
            for j in i..k {
                let slope =
                    difference(|h| hv_at(&mut evaluator, &shifted(w, directions[j], h), directions[i]));
                assert_close("third derivative", t.column(pair), &slope, 1e-8);
                pair += 1;
            }
        }
    }
}
