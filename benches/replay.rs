//! Going back: the cost of a jump of the cursor, and of inspecting the step there, anywhere in a run of digits-mlp.
//!
//! `cargo bench --bench replay --no-default-features`

use brink::preset::Preset;
use brink::run::engine::assemble::assemble;
use brink::run::engine::problem::Sources;
use brink::run::live::replay::{Moment, Replay, Reply};
use brink::run::live::worker::{Options, Worker};
use brink::run::record::history::History;
use std::sync::Arc;
use std::time::{Duration, Instant};

const STEPS: usize = 2_000;
const JUMPS: usize = 60;

fn main() {
    let preset = Preset::load("digits-mlp").expect("it is built in");
    let engine = || assemble(&preset, &Sources::default()).expect("it is valid");
    let mut worker =
        Worker::spawn(engine(), &Options::new(STEPS, preset.optimizer.eta), || ()).expect("threads start");
    let mut history = History::new(preset.eigen.max_tracked);
    let start = Instant::now();
    while history.rows() < STEPS {
        worker.try_drain(&mut history);
        std::thread::sleep(Duration::from_millis(5));
    }
    println!("{STEPS} steps at {:.0} a second", STEPS as f64 / start.elapsed().as_secs_f64());

    let made = {
        let preset = preset.clone();
        Box::new(move || assemble(&preset, &Sources::default()).map_err(|error| error.to_string()))
    };
    let replay = Replay::spawn(Arc::clone(worker.past()), made, || ()).expect("threads start");
    replay.ask(0, |_: &mut Moment<'_>| ()).wait();
    // Steps at multiples of the golden section: spread over the run, and never near the previous one.
    let anywhere = (1..=JUMPS).map(|i| i * STEPS * 618 / 1000 % STEPS);
    let (mut jumps, mut inspections) = (Vec::new(), Vec::new());
    for step in anywhere {
        let begun = Instant::now();
        let answer = replay.ask(step, |moment: &mut Moment<'_>| {
            let arrived = Instant::now();
            moment.inspect().expect("the step is in the record");
            arrived.elapsed()
        });
        let Reply::Ready(Ok(inspection)) = answer.wait() else { panic!("step {step} is in the record") };
        jumps.push(begun.elapsed().saturating_sub(inspection));
        inspections.push(inspection);
    }
    for (name, mut times) in [("jump", jumps), ("inspection", inspections)] {
        times.sort_unstable();
        println!("{name}: median {:.0?}, longest {:.0?}", times[JUMPS / 2], times[JUMPS - 1]);
    }
    worker.shut_down();
}
