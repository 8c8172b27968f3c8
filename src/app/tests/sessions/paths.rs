//! Weight space of a session that is opened again, with the engine of a network: its earlier steps are taken once more.

use super::*;
use crate::picture::view::scene::Scene;
use std::sync::Arc;

/// Steps of the run when it is saved.
const STEPS: usize = 600;

/// How far off a sketched point may be, as a share of its distance from the origin; what is shown is about a tenth.
const OFF: f32 = 0.5;

/// A window on `chebyshev` with weight space alone.
fn window() -> Window {
    let mut window = on_real_engines(Opening::default());
    let place = presets().iter().position(|(name, _)| name == "chebyshev").expect("built in");
    lab(&mut window).apply(Command::OpenPreset(place));
    window.run_steps(3);
    window
}

/// The whole picture at the last step, seen along axes that do not depend on rounding.
fn complete(window: &mut Window) -> Arc<Scene> {
    lab(window).apply(Command::Arrange(Arrangement::WeightSpace));
    lab(window).apply(Command::View(ViewChange::PlaceCursor(Some(STEPS - 20))));
    let is_whole = |scene: &Scene| {
        let said = scene.note.as_deref().unwrap_or_default();
        scene.progress.is_none()
            && scene.paths.iter().any(|path| path.first_step == 0)
            && !said.contains("taken once more")
    };
    let begun = Instant::now();
    while !model(window).runs.first.scene.as_deref().is_some_and(is_whole) {
        let scene = model(window).runs.first.scene.as_deref();
        let said = scene.map(|scene| {
            let first: Vec<_> = scene.paths.iter().map(|path| (path.first_step, path.points.len())).collect();
            (scene.progress, scene.note.clone(), first)
        });
        assert!(begun.elapsed() < Duration::from_secs(30), "not whole: {said:?}");
        std::thread::sleep(Duration::from_millis(2));
        window.step();
    }
    Arc::clone(model(window).runs.first.scene.as_ref().expect("a scene"))
}

/// The points of gradient descent by their steps, exact ones apart.
fn points(scene: &Scene) -> Vec<(usize, [f32; 3], bool)> {
    let descent =
        scene.paths.iter().filter(|path| path.role == crate::picture::style::theme::Role::GradientDescent);
    let of_path = |path: &crate::picture::view::scene::ScenePath| {
        let (first, stride, exact) = (path.first_step, path.stride, path.exact.clone());
        let point = move |(place, &point): (usize, &[f32; 3])| {
            (first + place * stride, point, exact.contains(&place))
        };
        path.points.iter().enumerate().map(point).collect::<Vec<_>>()
    };
    descent.flat_map(of_path).collect()
}

#[test]
fn the_earlier_paths_of_a_network_come_back_with_its_session() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("paths.brink");
    let mut before = window();
    lab(&mut before).apply(Command::TrainTo(STEPS));
    until(&mut before, "the end", |model| model.runs.first.phase == RunPhase::Ended(Ending::AllSteps));
    assert_eq!(rows(&before), STEPS);
    let was = complete(&mut before);
    assert!(was.paths.iter().all(|path| path.exact.len() == path.points.len()), "all weights are at hand");
    form(&mut before, &path);
    press(&mut before, "Save session");
    until(&mut before, "the file", |model| model.forms.session.known);
    drop(before);

    let mut after = window();
    form(&mut after, &path);
    press(&mut after, "Open session");
    until(&mut after, "the session", |model| model.forms.session.known);
    assert_eq!(rows(&after), STEPS);
    let is = complete(&mut after);
    let (was, is) = (points(&was), points(&is));
    assert!(is[0].0 == 0 && is.iter().any(|&(.., exact)| exact), "{:?}", is.first());
    let mut sketched = 0;
    for (step, point, exact) in is {
        let Some(&(_, expected, _)) = was.iter().find(|(other, ..)| *other == step) else {
            panic!("step {step} was not there")
        };
        let length = |p: [f32; 3]| p[0].hypot(p[1]);
        let off = length([point[0] - expected[0], point[1] - expected[1], 0.0]);
        let may_be = if exact { 1e-3 } else { OFF } * length(expected) + 1e-4;
        assert!(off <= may_be, "step {step}, exact: {exact}: {point:?}, not {expected:?}");
        sketched += usize::from(!exact);
    }
    assert!(sketched > 100, "{sketched} points are from the sketch");
}
