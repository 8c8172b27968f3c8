//! The partition, the cache, and groups of directions never change a result.

use super::*;
use crate::calculus::function::Function;
use crate::calculus::op::finite_difference::numbers;

const SAMPLES: usize = 103;
/// Number of samples in a chunk.
const CHUNK: usize = 50;

fn evaluator(lanes: usize, parallel: bool) -> Evaluator<f32> {
    of_width(40, lanes, parallel)
}

fn of_width(width: usize, lanes: usize, parallel: bool) -> Evaluator<f32> {
    let mut tape = Tape::new();
    let x = tape.data(1, 37);
    let h = tape.linear("1", x, width);
    let h = tape.map(Function::Gelu, h);
    let f = tape.linear("3", h, 5);
    let y = tape.data(1, 1);
    tape.cross_entropy(f, y, 1.0 / SAMPLES as f64);
    let inputs = numbers(SAMPLES * 37).into_iter().map(f32::of).collect();
    let labels = (0..SAMPLES).map(|i| f32::of((i * i % 5) as f64)).collect();
    let plan = Plan::with(&tape, SAMPLES, lanes, CHUNK, parallel);
    Evaluator::with_plan(tape, &[(x, inputs), (y, labels)], SAMPLES, plan).with_output(f)
}

/// Loss, gradient, two Hessian-vector products and three third derivatives, in sequence.
fn everything(evaluator: &mut Evaluator<f32>, weights: &[f32]) -> Vec<f32> {
    let p = evaluator.dim();
    let mut result = vec![0.0; p];
    let loss = evaluator.gradient(weights, &mut result);
    let mut v = Block::zeros(p, 2);
    v.as_mut_slice().iter_mut().zip(numbers(2 * p)).for_each(|(v, x)| *v = f32::of(x));
    let (mut hv, mut t) = (Block::default(), Block::default());
    evaluator.hessian_vector_products(weights, &v, &mut hv);
    evaluator.third_derivatives(weights, &v, &mut t);
    result.extend(hv.as_slice());
    result.extend(t.as_slice());
    result.push(f32::of(loss));
    result
}

/// A block of one vector.
fn block(v: &[f64]) -> Block<f64> {
    let mut block = Block::zeros(v.len(), 0);
    block.push(v);
    block
}

fn weights(p: usize) -> Vec<f32> {
    numbers(p).into_iter().map(|x| f32::of(0.3 * x)).collect()
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    // the wide network is large enough for a matrix product on several threads
    for (width, lanes, parallel) in [(40, 8, false), (40, 1, true), (801, 1, true)] {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut evaluator = of_width(width, lanes, parallel);
                let weights = weights(evaluator.dim());
                everything(&mut evaluator, &weights).iter().map(|x| x.to_bits()).collect::<Vec<_>>()
            })
        };
        let one = run(1);
        assert_eq!(one, run(2));
        assert_eq!(one, run(3));
    }
}

#[test]
fn lanes_change_only_rounding() {
    let mut one = evaluator(1, false);
    let weights = weights(one.dim());
    let expected = everything(&mut one, &weights);
    for lanes in [2, 7, 8] {
        let found = everything(&mut evaluator(lanes, false), &weights);
        let error: f32 = found.iter().zip(&expected).map(|(a, b)| (a - b).powi(2)).sum();
        let size: f32 = expected.iter().map(|x| x * x).sum();
        assert!(error.sqrt() < 1e-5 * size.sqrt(), "{lanes} lanes: {error} of {size}");
    }
}

#[test]
fn directions_in_groups_change_only_rounding() {
    let mut evaluator = evaluator(3, false);
    let p = evaluator.dim();
    let weights = weights(p);
    let mut v = Block::zeros(p, 5);
    v.as_mut_slice().iter_mut().zip(numbers(5 * p)).for_each(|(v, x)| *v = f32::of(x));
    let all = |evaluator: &mut Evaluator<f32>| {
        let (mut hv, mut t, mut hu, mut tu) =
            (Block::default(), Block::default(), Block::default(), Block::default());
        evaluator.hessian_vector_products(&weights, &v, &mut hv);
        evaluator.third_derivatives(&weights, &v, &mut t);
        evaluator.second_and_third_derivatives(&weights, &v, &mut hu, &mut tu);
        [hv, t, hu, tu]
    };
    let expected = all(&mut evaluator);
    evaluator.most_planes = 2;
    for (found, expected) in all(&mut evaluator).iter().zip(&expected) {
        assert_eq!(found.count(), expected.count());
        for (found, expected) in found.columns().zip(expected.columns()) {
            let error: f32 = found.iter().zip(expected).map(|(a, b)| (a - b).powi(2)).sum();
            let size: f32 = expected.iter().map(|x| x * x).sum();
            assert!(error.sqrt() < 1e-5 * size.sqrt(), "{error} of {size}");
        }
    }
}

#[test]
fn what_is_kept_never_changes_a_result() {
    let mut evaluator = evaluator(3, false);
    let p = evaluator.dim();
    let (first, mut second) = (weights(p), weights(p));
    second.reverse();
    let expected = [everything(&mut evaluator, &first), everything(&mut evaluator, &second)];
    evaluator.keeps = false;
    evaluator.kept = Kept::Nothing;
    assert_eq!(everything(&mut evaluator, &first), expected[0]);
    evaluator.keeps = true;
    evaluator.kept = Kept::Nothing;
    // all orders of calls, from every state of the cache
    let mut v = Block::zeros(p, 1);
    v.column_mut(0).copy_from_slice(&expected[0][p..2 * p]);
    let mut hv = Block::default();
    evaluator.hessian_vector_products(&first, &v, &mut hv);
    evaluator.loss(&second);
    let again = everything(&mut evaluator, &second);
    assert_eq!(again, expected[1]);
    evaluator.loss(&first);
    assert_eq!(everything(&mut evaluator, &first), expected[0]);
    assert_eq!(everything(&mut evaluator, &first), expected[0]);
}

#[test]
fn not_a_number_propagates_and_is_forgotten() {
    let mut evaluator = evaluator(2, false);
    let good = weights(evaluator.dim());
    let expected = everything(&mut evaluator, &good);
    let mut bad = good.clone();
    bad[3] = f32::NAN;
    assert!(evaluator.loss(&bad).is_nan());
    assert!(everything(&mut evaluator, &bad)[0].is_nan());
    assert_eq!(everything(&mut evaluator, &good), expected);
}

#[test]
fn outputs_are_there_for_every_sample_whether_kept_or_not() {
    let mut kept = evaluator(2, false);
    let weights = weights(kept.dim());
    kept.loss(&weights);
    let mut forgotten = evaluator(7, false);
    forgotten.keeps = false;
    forgotten.loss(&weights);
    for sample in 0..SAMPLES {
        assert_eq!(kept.output(sample).len(), 5);
        for (a, b) in kept.output(sample).iter().zip(forgotten.output(sample)) {
            assert!((a - b).abs() < 1e-5);
        }
    }
}

/// For every architecture and operation, the memory after a pass equals the estimate before it.
#[test]
fn operations_save_as_much_as_they_say() {
    use crate::network::{Activation, Architecture};
    let activation = Activation::Gelu;
    for (architecture, shape) in [
        (Architecture::Mlp { hidden: vec![5], activation }, vec![4]),
        (Architecture::Cnn { width: 2, activation }, vec![1, 8, 8]),
        (Architecture::ResNet { width: 2, stages: vec![1, 1], activation }, vec![1, 8, 8]),
        (Architecture::Vit { patch: 4, dim: 8, depth: 2, mlp: 8, heads: 2 }, vec![1, 8, 8]),
        (Architecture::Lstm { layers: 2, embedding: 3, hidden: 5 }, vec![4]),
        (Architecture::Transformer { layers: 1, dim: 4, heads: 2 }, vec![4]),
        (Architecture::Mamba { layers: 1, dim: 4 }, vec![4]),
    ] {
        let mut tape = Tape::<f64>::new();
        let (input, output) = architecture.build(&mut tape, &shape, 3).unwrap();
        let (rows, samples) = (tape.shape(output).0, 3);
        let y = tape.data(rows, 1);
        tape.cross_entropy(output, y, 1.0);
        let x = (0..samples * shape.iter().product::<usize>()).map(|i| (i % 3) as f64).collect();
        let labels = (0..samples * rows).map(|i| (i % 3) as f64).collect();
        let mut evaluator = Evaluator::new(tape, &[(input, x), (y, labels)], samples);
        assert!(evaluator.keeps);
        let w = numbers(evaluator.dim());
        let v = block(&w);
        let mut hv = Block::default();
        evaluator.hessian_vector_products(&w, &v, &mut hv);
        let nodes = evaluator.tape.nodes();
        for (id, node) in nodes.iter().enumerate() {
            let Some(op) = &node.op else { continue };
            let saved: usize = evaluator
                .lanes
                .iter()
                .flat_map(|lane| &lane.chunks)
                .map(|chunk| chunk.primal.saved[id].len())
                .sum();
            let said = op.memory(nodes, node).primal;
            assert_eq!(saved, samples * said, "{architecture:?}, node {id}: {op:?}");
        }
    }
}

#[test]
fn a_pass_saves_no_more_derivatives_than_it_reads() {
    const WIDTH: usize = 40;
    let mut evaluator = of_width(WIDTH, 1, false);
    evaluator.keeps = false;
    let weights = weights(evaluator.dim());
    let mut v = Block::zeros(evaluator.dim(), 1);
    v.column_mut(0).copy_from_slice(&weights);
    let (mut gradient, mut products) = (weights.clone(), Block::default());
    // for the larger chunk
    let saved = |evaluator: &Evaluator<f32>| {
        let scratch = evaluator.scratch.lock().unwrap();
        let all: usize = scratch.iter().flat_map(|scratch| &scratch.primal.saved).map(Vec::len).sum();
        all - SAMPLES.div_ceil(SAMPLES.div_ceil(CHUNK)) * 5
    };
    let largest = SAMPLES.div_ceil(SAMPLES.div_ceil(CHUNK)) * WIDTH;
    evaluator.loss(&weights);
    assert_eq!(saved(&evaluator), 0);
    evaluator.gradient(&weights, &mut gradient);
    assert_eq!(saved(&evaluator), largest);
    evaluator.hessian_vector_products(&weights, &v, &mut products);
    assert_eq!(saved(&evaluator), 2 * largest);
    evaluator.third_derivatives(&weights, &v, &mut products);
    assert_eq!(saved(&evaluator), 3 * largest);
}

#[test]
fn what_is_stopped_between_chunks_is_given_up_and_leaves_nothing_wrong_behind() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    for lanes in [1, 8] {
        let mut evaluator = evaluator(lanes, false);
        let (p, weights) = (evaluator.dim(), weights(evaluator.dim()));
        let expected = everything(&mut evaluator, &weights);
        let chunks: usize = evaluator.lanes.iter().map(|lane| lane.chunks.len()).sum();
        let other: Vec<f32> = weights.iter().map(|w| 1.1 * w).collect();
        let mut v = Block::zeros(p, 1);
        v.column_mut(0)[0] = 1.0;
        let mut result = Block::default();
        for third in [false, true] {
            for allowed in 0..=chunks {
                let asked = AtomicUsize::new(0);
                let stop = || asked.fetch_add(1, Ordering::Relaxed) >= allowed;
                let whole = if third {
                    evaluator.third_derivatives_unless(&other, &v, &mut result, &stop)
                } else {
                    evaluator.hessian_vector_products_unless(&other, &v, &mut result, &stop)
                };
                assert_eq!(whole, allowed == chunks, "{allowed} of {chunks} chunks");
            }
        }
        let again = everything(&mut evaluator, &weights);
        assert!(again.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}
