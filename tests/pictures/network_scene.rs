//! An artificial scene of a network: a valley across the first axis, gradient descent at its walls, a gradient flow
//! that departs along the second, faint sketched parts, a hole in the grids, work in progress and a note.
//!

use brink::picture::style::theme::Role;
use brink::picture::view::scene::{Scene, SceneAxis, SceneGrid, ScenePath, StableRegion};

/// The number of steps before those whose weights are kept, and the total number of steps.
const SKETCHED: usize = 300;
const STEPS: usize = 400;

/// The position of a process after a fraction of the run.
fn at(role: Role, step: usize) -> [f32; 3] {
    let t = step as f32 / STEPS as f32;
    let rest = 1.0 - t;
    let flow = [0.25 * rest * rest, -0.5 * rest, 0.6 * t];
    let wall = if step.is_multiple_of(2) { 0.1 } else { -0.1 };
    match role {
        Role::GradientFlow => [flow[0] - 0.1 * t, flow[1] + 1.2 * t * t, 0.2 * t],
        Role::GradientDescent => [flow[0] + wall * (9.0 * t).sin(), flow[1] + 0.02, flow[2] + 0.2 * wall],
        _ => flow,
    }
}

fn loss([x, y, _]: [f32; 3]) -> f32 {
    0.02 + 2.0 * x * x + 0.05 * (y - 0.3) * (y - 0.3) + 0.1 * x * y * y
}

/// A value at the nodes of the plane, except in a corner.
fn grid(side: usize, value: impl Fn(f32, f32) -> f32) -> SceneGrid {
    let mut grid = SceneGrid { x: -0.3..0.3, y: -0.4..1.4, columns: side, rows: side, values: Vec::new() };
    for (row, column) in (0..side * side).map(|i| (i / side, i % side)) {
        let [x, y] = grid.node(column, row);
        let hole = 5 * column > 4 * side && 6 * row > 5 * side;
        grid.values.push(if hole { f32::NAN } else { value(x, y) });
    }
    grid
}

/// The scene, with a third direction or without.
pub fn network_scene(third: bool) -> Scene {
    let path = |role: Role, steps: std::ops::RangeInclusive<usize>, stride: usize| {
        let points: Vec<[f32; 3]> = steps.clone().step_by(stride).map(|step| at(role, step)).collect();
        ScenePath {
            role,
            loss: points.iter().map(|&point| loss(point)).collect(),
            exact: if stride == 1 { 0..points.len() } else { 0..0 },
            points,
            first_step: *steps.start(),
            stride,
        }
    };
    let roles = [Role::GradientDescent, Role::GradientFlow, Role::CentralFlow];
    let paths =
        roles.into_iter().flat_map(|role| [path(role, 0..=SKETCHED, 3), path(role, SKETCHED..=STEPS, 1)]);
    let axis = |label: &str, captured| Some(SceneAxis { label: label.to_owned(), captured: Some(captured) });
    Scene {
        axes: [
            axis("u₁ top eigenvector", 0.04),
            axis("departure, central → gradient flow", 0.58),
            third.then(|| axis("drift", 0.31)).flatten(),
        ],
        captured: Some(if third { 0.93 } else { 0.62 }),
        paths: paths.collect(),
        surface: Some(grid(33, |x, y| loss([x, y, 0.0]))),
        region: Some(StableRegion { sharpness: grid(24, |x, y| 20.0 + 6.0 * y - 30.0 * x * x), edge: 20.0 }),
        progress: Some(0.62),
        choosable: true,
        note: Some("Faint points come from a random sketch: ±1.2% of their distance from the cursor".into()),
    }
}
