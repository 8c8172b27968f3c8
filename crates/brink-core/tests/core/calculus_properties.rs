//! Properties of the derivatives of any network at any weights.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use brink_core::calculus::Block;
use brink_core::calculus::block::pair_index;
use brink_core::data::{Split, Targets};
use brink_core::network::{Activation, Architecture};
use brink_core::objective::Objective;
use brink_core::objective::network::{LossKind, NetworkObjective};
use candle_core::{Device, Tensor};
use proptest::prelude::*;

const SAMPLES: usize = 6;

/// Seeded random numbers in (−1, 1).
fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    (0..count + 8).map(|_| next()).skip(8).collect()
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

fn norm(x: &[f64]) -> f64 {
    dot(x, x).sqrt()
}

fn assert_close(what: &str, x: f64, y: f64, scale: f64) {
    assert!((x - y).abs() <= 1e-12 * scale.max(1e-6), "{what}: {x} against {y} (scale {scale})");
}

/// An objective and weights at which it is tested.
fn problem(
    hidden: &[usize],
    activation: Activation,
    loss: LossKind,
    seed: u64,
) -> (NetworkObjective<f64>, Vec<f64>) {
    let labels: Vec<i64> =
        (0..SAMPLES).map(|i| if i == 2 { -1 } else { i64::try_from(i % 3).unwrap() }).collect();
    let x = Tensor::from_vec(numbers(SAMPLES * 4, seed), (SAMPLES, 4), &Device::Cpu).unwrap();
    let split = Split { x, targets: Targets::Classes { labels, count: 3 } };
    let architecture = Architecture::Mlp { hidden: hidden.to_vec(), activation };
    let objective = NetworkObjective::new(&architecture, &split, loss).unwrap();
    let w = numbers(objective.dim(), seed ^ 0xabcd);
    (objective, w)
}

fn block(vectors: &[Vec<f64>]) -> Block<f64> {
    let mut block = Block::zeros(vectors[0].len(), 0);
    for v in vectors {
        block.push(v);
    }
    block
}

fn activations() -> impl Strategy<Value = Activation> {
    prop_oneof![Just(Activation::Gelu), Just(Activation::Silu), Just(Activation::Tanh)]
}

fn losses() -> impl Strategy<Value = LossKind> {
    prop_oneof![Just(LossKind::Mse), Just(LossKind::CrossEntropy)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_hessian_is_symmetric_and_linear(
        hidden in prop::collection::vec(1_usize..12, 0..4), activation in activations(), loss in losses(), seed: u64,
    ) {
        let (mut objective, w) = problem(&hidden, activation, loss, seed);
        let p = w.len();
        let (u, v) = (numbers(p, seed ^ 1), numbers(p, seed ^ 2));
        let sum: Vec<f64> = u.iter().zip(&v).map(|(u, v)| 2.0 * u - 3.0 * v).collect();
        let mut h = Block::default();
        objective.hessian_vector_products(&w, &block(&[u.clone(), v.clone(), sum]), &mut h);
        let scale = norm(&u) * norm(h.column(1)) + norm(&v) * norm(h.column(0));
        assert_close("u'Hv and v'Hu", dot(&u, h.column(1)), dot(&v, h.column(0)), scale);
        for ((hu, hv), hsum) in h.column(0).iter().zip(h.column(1)).zip(h.column(2)) {
            assert_close("H(2u − 3v)", 2.0 * hu - 3.0 * hv, *hsum, norm(h.column(0)) + norm(h.column(1)));
        }
        // one direction at a time gives the same result as all directions together
        let mut alone = Block::default();
        objective.hessian_vector_products(&w, &block(std::slice::from_ref(&v)), &mut alone);
        for (together, alone) in h.column(1).iter().zip(alone.as_slice()) {
            assert_close("Hv", *together, *alone, norm(h.column(1)));
        }
    }

    #[test]
    fn third_derivatives_are_symmetric_and_bilinear(
        hidden in prop::collection::vec(1_usize..12, 0..4), activation in activations(), loss in losses(), seed: u64,
    ) {
        let (mut objective, w) = problem(&hidden, activation, loss, seed);
        let p = w.len();
        let vectors: Vec<_> = (1..4).map(|i| numbers(p, seed ^ i)).collect();
        let mut t = Block::default();
        objective.third_derivatives(&w, &block(&vectors), &mut t);
        let at = |i, j| t.column(pair_index(i, j, 3));
        let scale = t.columns().map(norm).fold(0.0, f64::max);
        // ∇³L[u, v, w] is symmetric in its arguments
        assert_close("T_01·w and T_02·v", dot(at(0, 1), &vectors[2]), dot(at(0, 2), &vectors[1]), scale * norm(&vectors[2]));
        assert_close("T_01·w and T_12·u", dot(at(0, 1), &vectors[2]), dot(at(1, 2), &vectors[0]), scale * norm(&vectors[2]));
        assert_close("T_00·v and T_01·u", dot(at(0, 0), &vectors[1]), dot(at(0, 1), &vectors[0]), scale * norm(&vectors[1]));
        // T(2u − 3v, 2u − 3v) = 4 T(u, u) − 12 T(u, v) + 9 T(v, v)
        let sum: Vec<f64> = vectors[0].iter().zip(&vectors[1]).map(|(u, v)| 2.0 * u - 3.0 * v).collect();
        let mut alone = Block::default();
        objective.third_derivatives(&w, &block(&[sum]), &mut alone);
        for (i, alone) in alone.as_slice().iter().enumerate() {
            let expanded = 4.0 * at(0, 0)[i] - 12.0 * at(0, 1)[i] + 9.0 * at(1, 1)[i];
            assert_close("T(2u − 3v)", expanded, *alone, 20.0 * scale);
        }
    }

    #[test]
    fn a_row_left_out_counts_for_nothing(
        activation in activations(), loss in losses(), seed: u64,
    ) {
        let architecture = Architecture::Mlp { hidden: vec![5], activation };
        let labels = [0_i64, 1, -1, 2, 0, -1];
        let x = numbers(6 * 4, seed);
        let split = |rows: &[usize]| Split {
            x: Tensor::from_vec(rows.iter().flat_map(|&r| x[4 * r..4 * r + 4].to_vec()).collect::<Vec<_>>(), (rows.len(), 4), &Device::Cpu).unwrap(),
            targets: Targets::Classes { labels: rows.iter().map(|&r| labels[r]).collect(), count: 3 },
        };
        let mut all = NetworkObjective::<f64>::new(&architecture, &split(&[0, 1, 2, 3, 4, 5]), loss).unwrap();
        let mut counted = NetworkObjective::<f64>::new(&architecture, &split(&[0, 1, 3, 4]), loss).unwrap();
        let p = all.dim();
        let w = numbers(p, seed ^ 7);
        let (mut g, mut h) = (vec![0.0; p], vec![0.0; p]);
        let (a, b) = (all.gradient(&w, &mut g), counted.gradient(&w, &mut h));
        assert_close("loss", a, b, b);
        for (g, h) in g.iter().zip(&h) {
            assert_close("gradient", *g, *h, 1.0);
        }
        prop_assert_eq!(all.accuracy(&w), counted.accuracy(&w));
    }
}
