//! Whole steps of the three processes: steps per second and Hessian-vector products per step, at the edge.

use std::time::Instant;

use brink_core::calculus::Real;
use brink_core::data::{self, Dataset};
use brink_core::dynamics::Dynamics;
use brink_core::dynamics::settings::{EigenSettings, Settings};
use brink_core::network::{Activation, Architecture};
use brink_core::objective::Objective;
use brink_core::objective::network::{LossKind, NetworkObjective};

/// Steps timed together: on a busy machine the best of many short blocks is one that was not interrupted.
const BLOCK: usize = 10;

struct Run<'a> {
    name: &'a str,
    data: Dataset,
    hidden: &'a [usize],
    eta: f64,
    /// Steps before the clock starts: until the edge is reached.
    before: usize,
    timed: usize,
    tracked: usize,
}

fn run<T: Real>(run: &Run<'_>) {
    let mut wanted = std::env::args().skip(1).filter(|a| !a.starts_with('-')).peekable();
    if wanted.peek().is_some() && !wanted.any(|a| a == run.name) {
        return;
    }
    let split = &run.data.train;
    let architecture = Architecture::Mlp { hidden: run.hidden.to_vec(), activation: Activation::Tanh };
    let outputs = match &split.targets {
        data::Targets::Classes { count, .. } => *count,
        _ => 1,
    };
    let w = architecture.initialize(&split.x.dims()[1..], outputs, 0).expect("the sizes are right");
    let w: Vec<T> = w.into_iter().map(|x| T::of(f64::from(x))).collect();
    let mut objective =
        NetworkObjective::<T>::new(&architecture, split, LossKind::Mse).expect("the data fits");
    let objective: &mut dyn Objective<T> = &mut objective;
    let eigen = EigenSettings { initial: run.tracked, ..EigenSettings::default() };
    let mut dynamics = Dynamics::new(w, Settings { eigen, ..Settings::default() });
    for _ in 0..run.before {
        dynamics.step(objective, run.eta);
    }
    let (mut hvps, mut best, start) = (0, f64::INFINITY, Instant::now());
    let mut last = None;
    for _ in 0..run.timed / BLOCK {
        let before = Instant::now();
        for _ in 0..BLOCK {
            let record = dynamics.step(objective, run.eta);
            hvps += record.hvps;
            last = Some(record);
        }
        best = best.min(before.elapsed().as_secs_f64() / BLOCK as f64);
    }
    let (steps, seconds) = (run.timed as f64, start.elapsed().as_secs_f64());
    let cf = last.and_then(|r| r.central_flow);
    let (critical, tracked) = cf.map_or((0, 0), |c| (c.critical, c.state.lambda.len()));
    println!(
        "{}: {:.0} steps/s (best {BLOCK} steps: {:.0}), {:.1} HVPs a step, {critical} critical, {tracked} tracked",
        run.name,
        steps / seconds,
        1.0 / best,
        hvps as f64 / steps
    );
}

fn main() {
    // `cargo test` runs benches with this argument: there is nothing to test
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let pool = rayon::ThreadPoolBuilder::new().build().expect("threads start");
    pool.install(|| {
        let digits = data::digits::dataset(1000, 10, data::digits::Labels::Drawn { p: 0.0, seed: 0 })
            .expect("the digits are bundled");
        run::<f32>(&Run {
            name: "digits",
            data: digits,
            hidden: &[32, 32],
            eta: 0.12,
            before: 400,
            timed: 200,
            tracked: 3,
        });
        run::<f64>(&Run {
            name: "chebyshev",
            data: data::synthetic::chebyshev(6, 20).expect("the sizes are right"),
            hidden: &[30, 20],
            eta: 0.2,
            before: 1700,
            timed: 1000,
            tracked: 1,
        });
    });
}
