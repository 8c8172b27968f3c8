//! The scene of a run with many weights, from the known data of weight space around a step.

use crate::picture::style::theme::Role;
use crate::picture::view::scene::{Scene, SceneAxis, SceneGrid, ScenePath, StableRegion};
use crate::run::record::history::History;
use crate::run::record::series::Series;
use brink_core::dynamics::Process;
use brink_core::space::{self, SpaceView};

/// Converts a view; the history has the processes' own losses.
pub fn of_view(view: &SpaceView, history: &History) -> Scene {
    let mut axes = [None, None, None];
    for (place, shown) in axes.iter_mut().zip(&view.axes) {
        *place = Some(SceneAxis { label: shown.axis.to_string(), captured: shown.captured.map(to_f32) });
    }
    let region = view.region.as_ref();
    Scene {
        axes,
        captured: view.captured.map(to_f32),
        paths: view.paths.iter().map(|path| scene_path(path, history)).collect(),
        surface: view.surface.as_ref().map(grid),
        region: region.map(|region| StableRegion { sharpness: grid(region), edge: to_f32(view.edge) }),
        progress: (view.progress < 1.0).then(|| to_f32(view.progress)),
        choosable: true,
        note: note(view, history),
    }
}

/// Converts the paths of a recording up to a row of its history.
pub fn of_paths(paths: &SpaceView, history: &History, row: usize) -> Scene {
    let error = paths.sketch_error.map_or(String::new(), |error| {
        format!("; faint points are off by ±{} of their distance from where it is then", percent(error))
    });
    let note = format!(
        "Recorded paths in the plane of step {}{error}. A recording has no weights: no loss around them, no other axes",
        paths.step
    );
    let scene = of_view(&SpaceView { sketch_error: None, ..paths.until(row) }, history);
    Scene { note: Some(note), choosable: false, ..scene }
}

fn scene_path(path: &space::Path, history: &History) -> ScenePath {
    let role = match path.process {
        Process::GradientDescent => Role::GradientDescent,
        Process::GradientFlow => Role::GradientFlow,
        Process::CentralFlow => Role::CentralFlow,
    };
    let series = losses(path.process);
    let step = |place: usize| path.first_step + place * path.stride;
    let loss = |place| history.value(series, step(place)).map_or(f32::NAN, to_f32);
    ScenePath {
        role,
        points: path.points.clone(),
        loss: (0..path.points.len()).map(loss).collect(),
        exact: path.exact.clone(),
        first_step: path.first_step,
        stride: path.stride,
    }
}

/// The loss of a process.
fn losses(process: Process) -> Series {
    match process {
        Process::GradientDescent => Series::GdLoss,
        Process::GradientFlow => Series::GfLoss,
        Process::CentralFlow => Series::CfLoss,
    }
}

/// States that a process has ended before the run.
pub(in crate::picture) fn ending(process: Process, history: &History) -> Option<String> {
    let series = losses(process);
    let goes_on = |row: usize| history.value(series, row).is_some_and(f64::is_finite);
    let newest = history.rows().checked_sub(1).filter(|&newest| !goes_on(newest))?;
    // the last recorded value may be a loss that is not finite
    let recorded = history.column(series)?.end().min(newest);
    let last = (0..recorded).rev().find(|&row| goes_on(row))?;
    Some(format!("{} ends at step {last}", process.name()))
}

fn grid(grid: &space::Grid) -> SceneGrid {
    let range = |[low, high]: [f64; 2]| to_f32(low)..to_f32(high);
    SceneGrid {
        x: range(grid.extent.x),
        y: range(grid.extent.y),
        columns: grid.columns,
        rows: grid.rows,
        values: grid.values.clone(),
    }
}

/// A small share, in two digits.
fn percent(share: f64) -> String {
    let decimals = if share < 1e-3 { 2 } else { 1 };
    format!("{:.decimals$}%", 100.0 * share)
}

/// States the processes that have ended, the substitutes, and the error of the sketched points.
fn note(view: &SpaceView, history: &History) -> Option<String> {
    let mut notes: Vec<String> =
        Process::ALL.into_iter().filter_map(|process| ending(process, history)).collect();
    notes.extend(view.notes.iter().cloned());
    // values that round to zero need no sentence
    if let Some(error) = view.sketch_error.filter(|error| *error >= 5e-5) {
        notes.push(format!(
            "Faint points come from a random sketch: ±{} of their distance from the cursor",
            percent(error)
        ));
    }
    (!notes.is_empty()).then(|| notes.join("; "))
}

#[expect(clippy::cast_possible_truncation, reason = "pictures are in single precision")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use brink_core::dynamics::{ProcessRecord, StepRecord};
    use brink_core::space::grid::Extent;
    use brink_core::space::look::ShownAxis;
    use brink_core::space::{Axis, Path};

    #[test]
    fn everything_known_is_in_the_scene() {
        let mut history = History::new(1);
        for step in 0..5_usize {
            let process = ProcessRecord { loss: step as f64, ..ProcessRecord::default() };
            history.push(&StepRecord { step, gradient_descent: Some(process), ..StepRecord::default() });
        }
        let mut losses = space::Grid::empty(Extent { x: [-1.0, 1.0], y: [0.0, 2.0] }, 3);
        losses.set(2, 1, 7.0);
        let path = Path {
            process: Process::GradientDescent,
            points: vec![[0.5; 3]; 2],
            exact: 1..2,
            first_step: 1,
            stride: 3,
        };
        let axis = |axis| ShownAxis { axis, captured: Some(0.25) };
        let view = SpaceView {
            step: 4,
            axes: vec![axis(Axis::Eigenvector(0)), axis(Axis::Drift)],
            captured: Some(0.5),
            sketch_error: Some(0.012),
            paths: vec![path],
            surface: Some(losses.clone()),
            region: Some(losses),
            edge: 8.0,
            progress: 0.5,
            notes: vec!["Step 4: no ∇S".into()],
        };
        let scene = of_view(&view, &history);
        assert_eq!(
            scene.axes[1].as_ref().map(|axis| (axis.label.as_str(), axis.captured)),
            Some(("drift", Some(0.25)))
        );
        assert!(scene.axes[2].is_none() && scene.progress == Some(0.5) && scene.captured == Some(0.5));
        assert_eq!((scene.paths[0].loss.as_slice(), scene.paths[0].place_at(4)), (&[1.0, 4.0][..], Some(1)));
        let (surface, region) = (scene.surface.expect("losses"), scene.region.expect("a region"));
        assert_eq!((surface.at(2, 1), surface.node(2, 1), region.edge), (7.0, [1.0, 1.0], 8.0));
        assert!(surface.at(0, 0).is_nan());
        let note = scene.note.expect("a note");
        assert!(note.contains("no ∇S") && note.contains("±1.2%") && !note.contains("ends"), "{note}");
    }

    #[test]
    fn a_process_that_diverges_is_said_to_end() {
        let mut history = History::new(1);
        for step in 0..8_usize {
            let process = |loss| ProcessRecord { loss, ..ProcessRecord::default() };
            let descent = match step {
                0..4 => Some(process(10f64.powi(4 * i32::try_from(step).unwrap_or(0)))),
                4 => Some(process(f64::INFINITY)),
                _ => None,
            };
            let gradient_flow = Some(process(1.0));
            history.push(&StepRecord {
                step,
                gradient_descent: descent,
                gradient_flow,
                ..StepRecord::default()
            });
        }
        let note = of_view(&SpaceView::default(), &history).note.expect("a note");
        assert_eq!(note, "gradient descent ends at step 3");
    }
}
