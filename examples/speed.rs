//! Steps per second and Hessian-vector products per step of a preset, for all its processes and for each alone.
//!
//! `cargo run --release --no-default-features --example speed -- PRESET STEPS [FROM] [key=value]…` averages over the
//! steps from FROM on.

use std::time::Instant;

use brink::preset::Preset;
use brink::run::engine::assemble::assemble;
use brink::run::engine::problem::Sources;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "digits-mlp".into());
    let steps: usize = arguments.next().map_or(Ok(400), |x| x.parse())?;
    let from: usize = arguments.next().map_or(Ok(0), |x| x.parse())?;
    let sets: Vec<String> = arguments.collect();
    for (label, processes) in
        [("all", r#"["gd", "gf", "cf"]"#), ("gd", r#"["gd"]"#), ("gf", r#"["gf"]"#), ("cf", r#"["cf"]"#)]
    {
        let mut preset = Preset::load(&name)?;
        for set in &sets {
            preset.set(set)?;
        }
        preset.set(&format!("run.processes={processes}"))?;
        preset.validate()?;
        let eta = preset.optimizer.eta;
        let mut engine = assemble(&preset, &Sources::default())?;
        let (mut hvps, mut tracked, mut critical, mut residual) = (0, 0, 0, 0.0_f64);
        let mut begin = Instant::now();
        for step in 0..steps {
            if step == from {
                begin = Instant::now();
            }
            let record = engine.step(eta);
            if step >= from {
                hvps += record.hvps;
                let descent = record.gradient_descent.as_ref();
                let flow = record.central_flow.as_ref().map(|flow| &flow.state);
                for state in descent.into_iter().chain(flow).chain(record.gradient_flow.as_ref()) {
                    tracked = tracked.max(state.lambda.len());
                    residual = residual.max(state.eigen_residual);
                }
                critical = critical.max(record.central_flow.as_ref().map_or(0, |flow| flow.critical));
            }
        }
        let count = (steps - from) as f64;
        println!(
            "{label:4} {:8.1} steps/s  {:6.2} HVPs/step  tracked {tracked} critical {critical} residual {residual:.1e}",
            count / begin.elapsed().as_secs_f64(),
            hvps as f64 / count
        );
    }
    Ok(())
}
