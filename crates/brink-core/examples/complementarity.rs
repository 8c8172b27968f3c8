//! Time of the complementarity solver on the recorded problems, in microseconds: the median and the maximum for each
//! size, with the best of 50 repetitions for each problem.
//!
//! `cargo run --release --no-default-features --example complementarity`

#[path = "../tests/core/common.rs"]
mod common;

use std::collections::BTreeMap;
use std::time::Instant;

use brink_core::dynamics::complementarity::solve;

fn main() {
    let mut times = BTreeMap::<usize, Vec<f64>>::new();
    for case in common::complementarity_problems() {
        let best = (0..50)
            .map(|_| {
                let begin = Instant::now();
                let solution = solve(&case.a, &case.b);
                let elapsed = begin.elapsed().as_secs_f64();
                assert!(solution.is_ok(), "every recorded problem has a solution");
                1e6 * elapsed
            })
            .fold(f64::INFINITY, f64::min);
        times.entry(case.a.nrows()).or_default().push(best);
    }
    for (k, mut times) in times {
        times.sort_by(f64::total_cmp);
        println!(
            "k = {k}: median {:6.1} µs, worst {:6.1} µs",
            times[times.len() / 2],
            times[times.len() - 1]
        );
    }
}
