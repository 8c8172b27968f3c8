//! The scene of a run with two weights: the plane is all of weight space, and everything in it is exact and
//! immediate.

use super::of_view::ending;
use crate::picture::style::theme::Role;
use crate::picture::view::scene::{BLOWN_UP, Scene, SceneAxis, SceneGrid, ScenePath, StableRegion};
use crate::preset::Preset;
use crate::run::record::history::History;
use crate::run::record::series::Series;
use brink_core::calculus::Block;
use brink_core::dynamics::Process;
use brink_core::objective::Objective;
use std::ops::Range;

/// Nodes of the grids along either axis.
const NODES: usize = 129;
/// Margin on either side, as a share of the paths' extent.
const MARGIN: f64 = 0.2;

/// Draws the record over the preset's own loss; `None` if the run does not have two weights, or nothing is recorded.
/// The region is that of the learning rate at `row`.
pub fn of_landscape(preset: &Preset, history: &History, row: usize) -> Option<Scene> {
    of_landscape_after(preset, history, row, None)
}

/// The same; the grids of the scene drawn `before` for the same run are kept as long as the paths are well inside.
pub fn of_landscape_after(
    preset: &Preset,
    history: &History,
    row: usize,
    before: Option<&Scene>,
) -> Option<Scene> {
    let settings = preset.landscape.as_ref().filter(|settings| settings.start.len() == 2)?;
    let eta = history.value(Series::Eta, row)?;
    let mut loss = settings.objective::<f64>();
    let Some([x, y]) = extents(history, settings.eigenvalues.is_some()) else {
        let note =
            Some("No weights are finite: there is nothing to draw; start anew with a smaller η".into());
        return Some(Scene { note, ..Scene::default() });
    };
    let label = |name: &str| Some(SceneAxis { label: name.into(), captured: None });
    let names = match settings.eigenvalues.as_deref() {
        // a bowl is aligned with its eigenvectors; q₁ belongs to the largest eigenvalue
        Some([a, b]) if a >= b => ["q₁, first weight x", "q₂, second weight y"],
        Some(_) => ["q₂, first weight x", "q₁, second weight y"],
        None => ["first weight x", "second weight y"],
    };
    let edge = to_f32(2.0 / eta);
    let kept = before.and_then(|scene| Some((scene.surface.as_ref()?, &scene.region.as_ref()?.sharpness)));
    let (surface, nodes) = match kept.filter(|(surface, _)| holds(surface, [&x, &y])) {
        Some((surface, nodes)) => (surface.clone(), nodes.clone()),
        None => (grid(&x, &y, |w| loss.loss(&w)), grid(&x, &y, |w| sharpness(loss.as_mut(), w))),
    };
    Some(Scene {
        axes: [label(names[0]), label(names[1]), None],
        captured: None,
        paths: paths(history),
        surface: Some(surface),
        region: Some(StableRegion { sharpness: nodes, edge }),
        progress: None,
        choosable: false,
        note: note(history),
    })
}

/// The largest eigenvalue of the Hessian at two weights.
fn sharpness(loss: &mut dyn Objective<f64>, w: [f64; 2]) -> f64 {
    let (mut units, mut columns) = (Block::zeros(2, 2), Block::zeros(2, 2));
    units.column_mut(0)[0] = 1.0;
    units.column_mut(1)[1] = 1.0;
    loss.hessian_vector_products(&w, &units, &mut columns);
    let ([a, b], d) = ([columns.column(0)[0], columns.column(0)[1]], columns.column(1)[1]);
    0.5 * (a + d) + (0.5 * (a - d)).hypot(b)
}

fn paths(history: &History) -> Vec<ScenePath> {
    let drawn = [
        (Process::GradientDescent, Role::GradientDescent, Series::GdLoss),
        (Process::CentralFlow, Role::CentralFlow, Series::CfLoss),
        (Process::GradientFlow, Role::GradientFlow, Series::GfLoss),
    ];
    let path = |(process, role, series): (Process, Role, Series)| {
        let points: Vec<_> = history.positions(process).map(|[x, y]| [to_f32(x), to_f32(y), 0.0]).collect();
        let loss = |row| history.value(series, row).map_or(f32::NAN, to_f32);
        let is_there = points.iter().any(|[x, ..]| x.is_finite());
        is_there.then(|| ScenePath {
            role,
            loss: (0..points.len()).map(loss).collect(),
            exact: 0..points.len(),
            points,
            first_step: 0,
            stride: 1,
        })
    };
    drawn.into_iter().filter_map(path).collect()
}

/// The part of the plane that contains the paths, except where gradient descent diverges. For a `bowl` it is square
/// and contains the minimum, so that steep directions look steep.
fn extents(history: &History, bowl: bool) -> Option<[Range<f64>; 2]> {
    let rows = history.rows();
    let most = |series| history.extremes(series, 0..rows).map_or(0.0, |(_, most)| most);
    let start = history.value(Series::GdLoss, 0).unwrap_or(0.0);
    let bound = f64::from(BLOWN_UP) * most(Series::CfLoss).max(most(Series::GfLoss)).max(start);
    let seen = |process: Process, series: Series| {
        history.positions(process).enumerate().filter_map(move |(row, at)| {
            let calm = history.value(series, row).is_some_and(|loss| loss <= bound);
            (calm && at.iter().all(|x| x.is_finite())).then_some(at)
        })
    };
    let points = seen(Process::GradientDescent, Series::GdLoss)
        .chain(seen(Process::CentralFlow, Series::CfLoss))
        .chain(seen(Process::GradientFlow, Series::GfLoss))
        .chain(bowl.then_some([0.0; 2]));
    let corners = points.fold(None, |found: Option<[[f64; 2]; 2]>, at| {
        let [low, high] = found.unwrap_or([at; 2]);
        Some([[low[0].min(at[0]), low[1].min(at[1])], [high[0].max(at[0]), high[1].max(at[1])]])
    })?;
    let size = |axis: usize| corners[1][axis] - corners[0][axis];
    let range = |axis: usize| {
        let [low, high] = corners.map(|corner| corner[axis]);
        let larger = if bowl { size(0).max(size(1)) } else { size(axis) };
        let margin = MARGIN * larger.max(0.05 * low.abs().max(high.abs())).max(1e-9);
        let spare = 0.5 * (larger - size(axis)) + margin;
        low - spare..high + spare
    };
    Some([range(0), range(1)])
}

/// Whether a grid contains the required part, apart from half of the margin, and is not much larger.
fn holds(grid: &SceneGrid, wanted: [&Range<f64>; 2]) -> bool {
    [&grid.x, &grid.y].into_iter().zip(wanted).all(|(there, wanted)| {
        let size = wanted.end - wanted.start;
        let rim = 0.5 * MARGIN / (1.0 + 2.0 * MARGIN) * size;
        let (start, end) = (f64::from(there.start), f64::from(there.end));
        start <= wanted.start + rim && end >= wanted.end - rim && end - start <= 1.5 * size
    })
}

fn grid(x: &Range<f64>, y: &Range<f64>, mut value: impl FnMut([f64; 2]) -> f64) -> SceneGrid {
    let single = |range: &Range<f64>| to_f32(range.start)..to_f32(range.end);
    let mut grid = SceneGrid {
        x: single(x),
        y: single(y),
        columns: NODES,
        rows: NODES,
        values: Vec::with_capacity(NODES * NODES),
    };
    for row in 0..NODES {
        for column in 0..NODES {
            let [x, y] = grid.node(column, row);
            grid.values.push(to_f32(value([f64::from(x), f64::from(y)])));
        }
    }
    grid
}

/// The processes that have stopped, and where.
fn note(history: &History) -> Option<String> {
    let stopped: Vec<String> =
        Process::ALL.into_iter().filter_map(|process| ending(process, history)).collect();
    (!stopped.is_empty()).then(|| stopped.join("; "))
}

#[expect(clippy::cast_possible_truncation, reason = "pictures are in single precision")]
fn to_f32(value: f64) -> f32 {
    value as f32
}
