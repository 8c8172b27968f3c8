//! The cost of the interface: the time to the first frame, and the time of each frame.
//!
//! `BRINK_TIMING=1` prints a summary to standard error when the window closes. `BRINK_SECONDS=s` closes the
//! window s seconds after the first frame; `BRINK_UNTIL_STOP=1` closes it at the tour's first stop.

use std::time::{Duration, Instant};

/// Number of frames kept for the percentile.
const FRAMES: usize = 100_000;

/// Time spent on the interface thread.
#[derive(Debug)]
pub(super) struct Timing {
    started: Instant,
    created: Instant,
    first_frame: Option<Instant>,
    frame_started: Instant,
    /// Milliseconds spent in logic and layout.
    interface: Vec<f32>,
    /// Milliseconds including tessellation and painting, as measured by eframe.
    whole: Vec<f32>,
    print: bool,
    close_after: Option<Duration>,
    /// Whether the tour's first stop closes the window.
    until_stop: bool,
}

impl Timing {
    /// `started` is the time at which `main` started.
    pub fn new(started: Instant) -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        Self {
            started,
            created: Instant::now(),
            first_frame: None,
            frame_started: Instant::now(),
            interface: Vec::new(),
            whole: Vec::new(),
            print: variable("BRINK_TIMING").is_some_and(|value| !value.is_empty() && value != "0"),
            until_stop: variable("BRINK_UNTIL_STOP").is_some_and(|value| value == "1"),
            close_after: variable("BRINK_SECONDS")
                .and_then(|seconds| seconds.parse().ok())
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        }
    }

    /// Starts a frame; `whole` is the total cost of the previous frame.
    pub fn begin(&mut self, whole: Option<f32>) {
        self.frame_started = Instant::now();
        if self.whole.len() < FRAMES {
            self.whole.extend(whole.map(|seconds| seconds * 1e3));
        }
    }

    /// Ends a frame. Returns its cost.
    pub fn end(&mut self) -> Duration {
        let took = self.frame_started.elapsed();
        if self.interface.len() < FRAMES {
            self.interface.push(took.as_secs_f32() * 1e3);
        }
        self.first_frame.get_or_insert_with(Instant::now);
        took
    }

    /// The tour has reached a stop: prints the time, and closes the window if requested.
    pub fn stopped(&mut self, rows: usize) {
        if std::mem::take(&mut self.until_stop) {
            eprintln!(
                "timing: first stop {:.1} s after main, at step {rows}",
                self.started.elapsed().as_secs_f64()
            );
            self.close_after = Some(Duration::ZERO);
        }
    }

    /// The remaining time until the window closes, if it is to close by itself.
    pub fn remaining(&self) -> Option<Duration> {
        let open = self.first_frame.map_or(Duration::ZERO, |first| first.elapsed());
        self.close_after.map(|after| after.saturating_sub(open))
    }

    /// Prints the summary, if requested.
    pub fn report(&self, rows: usize) {
        if !self.print {
            return;
        }
        let ms = |from: Instant, to: Instant| (to - from).as_secs_f64() * 1e3;
        let first = self.first_frame.unwrap_or(self.created);
        eprintln!(
            "timing: window and renderer ready {:.0} ms after main, first frame {:.0} ms later",
            ms(self.started, self.created),
            ms(self.created, first)
        );
        let seconds = first.elapsed().as_secs_f64();
        eprintln!(
            "timing: {} frames and {rows} steps in {seconds:.2} s ({:.1} frames/s, {:.1} steps/s)",
            self.interface.len(),
            self.interface.len() as f64 / seconds,
            rows as f64 / seconds
        );
        for (what, frames) in
            [("interface (logic and layout)", &self.interface), ("with painting", &self.whole)]
        {
            let mut sorted = frames.clone();
            sorted.sort_unstable_by(f32::total_cmp);
            let at = |share: usize| sorted.get(sorted.len() * share / 100).copied().unwrap_or(0.0);
            let last = sorted.last().copied().unwrap_or(0.0);
            eprintln!("timing: {what}: median {:.1} ms, 95% {:.1} ms, max {last:.1} ms", at(50), at(95));
        }
    }
}
