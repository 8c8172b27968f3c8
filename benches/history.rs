//! A million recorded steps: the cost of one frame of the window for the interface, and of recording for the
//! training.
//!
//! `cargo bench --bench history`

use brink::run::record::history::History;
use brink::run::record::series::Series;
use brink_core::dynamics::{CentralFlowRecord, ProcessRecord, StepRecord};
use divan::{Bencher, black_box};
use std::sync::OnceLock;

const STEPS: usize = 1_000_000;
const TRACKED: usize = 3;

/// A step in which every series moves.
fn record(step: usize) -> StepRecord {
    let wiggle = |i: usize| ((step * (i + 7)) as f64 * 0.37).sin();
    let process = |i: usize| ProcessRecord {
        loss: wiggle(i),
        grad_norm_sq: wiggle(i + 1),
        lambda: (0..TRACKED).map(|j| wiggle(i + 2 + j)).collect(),
        eigen_residual: 1e-5,
        substeps: 4,
    };
    StepRecord {
        step,
        eta: 0.12,
        gradient_descent: Some(process(0)),
        gradient_flow: Some(process(10)),
        central_flow: Some(CentralFlowRecord {
            state: process(20),
            critical: TRACKED,
            sigma: (0..TRACKED).map(|j| wiggle(30 + j)).collect(),
            sigma_trace: wiggle(40),
            predicted_loss: Some(wiggle(41)),
            predicted_grad_norm_sq: Some(wiggle(42)),
            complementarity_residual: 1e-12,
        }),
        distance_gd_cf: Some(wiggle(43)),
        distance_gd_gf: Some(wiggle(44)),
        displacement: (0..TRACKED).map(|j| wiggle(45 + j)).collect(),
        hvps: 30,
        ..StepRecord::default()
    }
}

fn history() -> &'static History {
    static HISTORY: OnceLock<History> = OnceLock::new();
    HISTORY.get_or_init(|| {
        let mut history = History::new(TRACKED);
        (0..STEPS).for_each(|step| history.push(&record(step)));
        history
    })
}

/// Twenty-four series over all their steps, in as many buckets as a wide panel has pixels.
#[divan::bench]
fn polylines_of_24_series(bencher: Bencher) {
    let history = history();
    let series: Vec<Series> = Series::all(TRACKED).into_iter().filter(|&s| history.has(s)).take(24).collect();
    assert_eq!(series.len(), 24);
    let mut line = Vec::new();
    bencher.bench_local(|| {
        for &series in &series {
            history.polyline(series, 0..STEPS, 1000, &mut line);
            black_box(&line);
        }
    });
}

/// The same over a range that starts and ends anywhere.
#[divan::bench]
fn extremes_of_24_series(bencher: Bencher) {
    let history = history();
    let series: Vec<Series> = Series::all(TRACKED).into_iter().filter(|&s| history.has(s)).take(24).collect();
    bencher.bench_local(|| {
        series.iter().map(|&s| history.extremes(black_box(s), 12_345..987_654)).collect::<Vec<_>>()
    });
}

/// A whole frame: all panels laid out over the million steps, and turned into triangles.
#[cfg(feature = "picture")]
#[divan::bench]
fn frame_of_all_panels(bencher: Bencher) {
    use brink::picture::file::dashboard::dashboard_ui;
    use brink::picture::style::theme;
    use brink::picture::view::run_view::RunView;
    use brink::picture::view::{Facts, ViewState};
    use brink::run::analysis::curves::Curves;
    let history = history();
    let state = ViewState::default();
    let (facts, curves) = (Facts::default(), Curves::of(history, state.smoothing_steps));
    let view = RunView { controls: true, ..RunView::still(history, &curves, &facts, &state) };
    let context = egui::Context::default();
    theme::install(&context);
    let size = egui::vec2(1280.0, 700.0);
    let input = || egui::RawInput {
        screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, size)),
        ..egui::RawInput::default()
    };
    let frame = || {
        let output = context.run_ui(input(), |ui| {
            egui::CentralPanel::default().show(ui, |ui| dashboard_ui(ui, &view, &mut Vec::new()));
        });
        black_box(context.tessellate(output.shapes, output.pixels_per_point));
    };
    frame();
    bencher.bench_local(frame);
}

/// Recording a thousand steps.
#[divan::bench]
fn push_1000_steps(bencher: Bencher) {
    let records: Vec<StepRecord> = (0..1000).map(record).collect();
    bencher.bench_local(|| {
        let mut history = History::new(TRACKED);
        for record in &records {
            history.push(record);
        }
        history
    });
}

fn main() {
    divan::main();
}
