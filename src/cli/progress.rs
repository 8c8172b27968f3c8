//! A progress bar on a terminal, plain lines elsewhere. All output goes to the error stream: results are files.

use brink::preset::Preset;
use brink::run::start::headless::Progress;
use brink_core::dynamics::StepRecord;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Minimum time between two plain lines.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Progress on the error stream.
#[derive(Debug, Default)]
pub struct Terminal {
    bar: Option<ProgressBar>,
    last_line: Option<Instant>,
    steps: usize,
}

impl Terminal {
    /// Removes the bar.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Terminal {
    fn started(&mut self, preset: &Preset, parameters: usize) {
        self.steps = preset.run.steps;
        eprintln!("{} ({parameters} parameters, {} steps)", preset.title, self.steps);
        if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(self.steps as u64);
            let template = "{bar:30} {pos}/{len} steps, {per_sec}, {eta} left  {msg}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            self.bar = Some(bar);
        } else {
            self.last_line = Some(Instant::now());
        }
    }

    fn advanced(&mut self, rows: usize, last: &StepRecord) {
        let state = state(last);
        if let Some(bar) = &self.bar {
            bar.set_position(rows as u64);
            bar.set_message(state);
        } else if self.last_line.is_none_or(|at| at.elapsed() >= LINE_INTERVAL) {
            self.last_line = Some(Instant::now());
            eprintln!("step {rows} of {}: {state}", self.steps);
        }
    }

    fn said(&mut self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => eprintln!("{line}"),
        }
    }
}

fn state(record: &StepRecord) -> String {
    let mut text = String::new();
    if let Some(gd) = &record.gradient_descent {
        text = format!("loss {:.4}", gd.loss);
        if let Some(lambda) = gd.lambda.first() {
            text = format!("{text}, ηS {:.3}", lambda * record.eta);
        }
    }
    if let Some(cf) = &record.central_flow {
        text = format!("{text}, k = {}", cf.critical);
    }
    text
}
