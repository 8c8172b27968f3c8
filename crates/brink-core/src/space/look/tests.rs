//! Surveys of losses for which all results are known.

use super::*;
use crate::dynamics::Process;
use crate::objective::{Landscape, Objective, Quadratic};
use crate::space::probe::{ObjectiveProbe, ProbeMemory, Solved};
use crate::space::trail::Budget;
use std::time::Duration;

const GO_ON: Stop<'static> = &|| false;

/// Completes a request in slices of one millisecond.
fn complete(objective: &mut dyn Objective<f64>, trail: &Trail, request: SurveyRequest) -> SpaceView {
    let mut memory = ProbeMemory::default();
    let mut look = Survey::new(request, trail).expect("the step is kept");
    let mut slices = 0;
    while !look.done() {
        let mut probe = ObjectiveProbe::new(objective, &mut memory);
        look.advance(&mut probe, trail, Instant::now() + Duration::from_millis(1), GO_ON);
        slices += 1;
        assert!(slices < 100_000, "it ends");
    }
    assert_eq!(look.view().progress, 1.0);
    look.view().clone()
}

fn request(step: usize, axes: &[Axis]) -> SurveyRequest {
    SurveyRequest { step, eta: 0.5, axes: axes.to_vec(), most: 21, rows: Vec::new(), earlier: None }
}

/// The weights of an artificial run on a landscape at a step.
fn on_landscape(step: usize) -> [[f64; 2]; 3] {
    let t = step as f64;
    let wall = if step.is_multiple_of(2) { 0.1 } else { -0.1 };
    [
        [2.0 - 0.01 * t + wall, 0.5 + 0.005 * t - wall],
        [2.0 + 0.01 * t, 0.5],
        [2.0 - 0.01 * t, 0.5 + 0.005 * t],
    ]
}

fn landscape_trail(steps: usize) -> Trail {
    let mut trail = Trail::new(Budget::default());
    for step in 0..steps {
        let [a, b, c] = on_landscape(step);
        trail.push(Row::new(step, [Some(&a), Some(&b), Some(&c)]));
    }
    trail
}

#[test]
fn on_a_landscape_paths_losses_and_region_are_the_closed_forms() {
    let mut landscape = Landscape::TiltedHyperbola { c: 0.005, x0: 3.0 };
    let mut asked = request(40, &[Axis::Eigenvector(0), Axis::Eigenvector(1)]);
    asked.most = 200;
    let view = complete(&mut landscape, &landscape_trail(100), asked);
    assert!(view.notes.is_empty() && view.sketch_error.is_none(), "{:?}", view.notes);
    assert!((view.captured.unwrap() - 1.0).abs() < 1e-12);
    // the eigenvectors at (x, y), up to signs that the paths reveal
    let [x, y] = on_landscape(40)[2];
    let second = |x: f64, y: f64| [y * y + 0.01, 2.0 * x * y - 1.0, x * x];
    let top = |[xx, xy, yy]: [f64; 3]| 0.5 * (xx + yy) + (0.25 * (xx - yy) * (xx - yy) + xy * xy).sqrt();
    let [xx, xy, yy] = second(x, y);
    let u = [xy, top([xx, xy, yy]) - xx];
    let u = u.map(|a| a / u[0].hypot(u[1]));
    let axes = [u, [-u[1], u[0]]];
    let mut signs = [0.0_f64; 2];
    assert_eq!(view.paths.len(), 3);
    for (process, path) in view.paths.iter().enumerate() {
        assert_eq!(
            (path.points.len(), path.exact.clone(), path.first_step, path.stride),
            (100, 0..100, 0, 1)
        );
        for (step, point) in path.points.iter().enumerate() {
            let w = on_landscape(step)[process];
            for (axis, sign) in signs.iter_mut().enumerate() {
                let exact = (w[0] - x) * axes[axis][0] + (w[1] - y) * axes[axis][1];
                let shown = f64::from(point[axis]);
                if *sign == 0.0 && exact.abs() > 1e-3 {
                    *sign = (shown * exact).signum();
                }
                assert!((shown - *sign * exact).abs() < 1e-6, "{process} {step} {axis}: {shown} {exact}");
            }
        }
    }
    let (surface, region) = (view.surface.unwrap(), view.region.unwrap());
    assert!(surface.columns >= 64 && region.columns >= 24 && view.edge == 4.0);
    let at = |grid: &Grid, column: usize, row: usize| {
        let [a, b] = grid.node(column, row);
        [0, 1].map(|i| [x, y][i] + signs[0] * a * axes[0][i] + signs[1] * b * axes[1][i])
    };
    for (column, row) in
        (0..surface.rows).flat_map(|row| (0..surface.columns).map(move |column| (column, row)))
    {
        let [x, y] = at(&surface, column, row);
        let loss = 0.5 * (1.0 - x * y).powi(2) + 0.005 * (x - 3.0).powi(2);
        assert!((f64::from(surface.at(column, row)) - loss).abs() < 1e-6 * (1.0 + loss));
    }
    let mut stable = 0;
    for (column, row) in (0..region.rows).flat_map(|row| (0..region.columns).map(move |column| (column, row)))
    {
        let [x, y] = at(&region, column, row);
        let sharpness = top(second(x, y));
        let shown = f64::from(region.at(column, row));
        // interpolated only far from the edge
        assert!(
            (shown - sharpness).abs() < 1e-6 * sharpness
                || (shown - sharpness).abs() < 0.1 * (sharpness - 4.0).abs()
        );
        assert_eq!(shown <= view.edge, sharpness <= 4.0, "{shown} {sharpness}");
        stable += usize::from(sharpness <= 4.0);
    }
    assert!(stable > 100 && stable < region.values.len() - 100, "the edge crosses the picture: {stable}");
}

/// A run in many dimensions: oscillation along the first eigenvector, steady motion along the second, and
/// along a third direction outside the axes. The gradient flow departs.
fn quadratic_trail(objective: &Quadratic, budget: Budget, steps: usize) -> (Trail, Vec<[Vec<f64>; 3]>) {
    let dim = Objective::<f64>::dim(objective);
    let [u, v, r] = [0, 1, 7].map(|i| objective.eigenvector(i));
    let at = |a: f64, b: f64, c: f64| -> Vec<f64> {
        (0..dim).map(|i| 1.0 + a * u[i] + b * v[i] + c * r[i]).collect()
    };
    let mut trail = Trail::new(budget);
    let mut all = Vec::new();
    for step in 0..steps {
        let t = step as f64 / steps as f64;
        let wall = if step.is_multiple_of(2) { 0.2 } else { -0.2 };
        let w = [at(wall, 3.0 * t, t), at(0.0, 5.0 * t, 4.0 * t), at(0.0, 3.0 * t, t)];
        trail.push(Row::new(step, w.each_ref().map(|w| Some(w.as_slice()))));
        all.push(w);
    }
    (trail, all)
}

fn quadratic(dim: usize) -> Quadratic {
    let mut eigenvalues = vec![5.0, 3.0];
    eigenvalues.extend((2..dim).map(|i| 1.0 / (1.0 + i as f64)));
    Quadratic::rotated(eigenvalues)
}

type Sketched = (SpaceView, Vec<[Vec<f64>; 3]>, [Vec<f64>; 2], f64);

/// A view of step 390 of 400 in the given dimension, with memory for about thirty steps of weights; the true
/// weights and axes, and the error of the sketched points relative to their displacement.
fn sketched(dim: usize) -> Sketched {
    let mut objective = quadratic(dim);
    let budget = Budget { rows: 30 * 3 * dim * 8, anchors: 8 * 3 * dim * 8, ..Budget::default() };
    let (trail, all) = quadratic_trail(&objective, budget, 400);
    let view = complete(&mut objective, &trail, request(390, &[Axis::Eigenvector(0), Axis::Eigenvector(1)]));
    assert!(view.notes.is_empty(), "{:?}", view.notes);
    let axes = [0, 1].map(|i| objective.eigenvector(i));
    let origin = &all[390][2];
    let exact = |step: usize, process: usize, axis: usize| -> f64 {
        let w = &all[step][process];
        w.iter().zip(origin).zip(&axes[axis]).map(|((w, o), u)| (w - o) * u).sum()
    };
    let (mut error, mut displacement) = (0.0, 0.0);
    for (process, path) in view.paths.iter().enumerate() {
        assert_eq!((path.points.len(), path.first_step), (400, 0));
        assert!(path.exact.contains(&390) && path.exact.len() >= 19, "{:?}", path.exact);
        for (step, point) in path.points.iter().enumerate() {
            let mut square = 0.0;
            for (axis, &at) in point.iter().take(2).enumerate() {
                // the sign of an eigenvector is arbitrary
                let off = (f64::from(at).abs() - exact(step, process, axis).abs()).abs();
                if path.exact.contains(&step) {
                    assert!(off < 2e-3, "{step} {process} {axis}: {off}");
                } else {
                    square += off * off / 2.0;
                }
            }
            if !path.exact.contains(&step) {
                error += square;
                let w = &all[step][process];
                displacement += w.iter().zip(origin).map(|(w, o)| (w - o) * (w - o)).sum::<f64>();
            }
        }
    }
    let measured = (error / displacement).sqrt();
    (view, all, axes, measured)
}

#[test]
fn the_error_of_sketched_points_is_what_is_stated() {
    // Each frame is one draw of the sketch, and the error measured on some points predicts that of others.
    let mut square = 0.0;
    let dims = [900, 1000, 1100, 1200, 1300, 1400, 1500, 1600];
    for dim in dims {
        let (view, .., measured) = sketched(dim);
        let stated = view.sketch_error.expect("a sketch");
        println!("{dim}: measured {measured}, stated {stated}");
        assert!(measured < 1.6 * stated && stated < 1.6 * measured, "{dim}: {measured}, stated {stated}");
        square += (measured / stated).powi(2) / dims.len() as f64;
    }
    assert!((0.8..1.25).contains(&square.sqrt()), "measured is {} of what is stated", square.sqrt());
}

#[test]
fn in_many_dimensions_the_axes_capture_what_they_show() {
    let (view, all, axes, _) = sketched(1200);
    let origin = &all[390][2];
    let exact = |step: usize, process: usize, axis: usize| -> f64 {
        let w = &all[step][process];
        w.iter().zip(origin).zip(&axes[axis]).map(|((w, o), u)| (w - o) * u).sum()
    };
    // fractions of the displacement within the window, in closed form
    let (mut along, mut whole) = ([0.0; 2], 0.0);
    for (step, processes) in all.iter().enumerate().skip(379) {
        for (process, w) in processes.iter().enumerate() {
            (0..2).for_each(|axis| along[axis] += exact(step, process, axis).powi(2));
            whole += w.iter().zip(origin).map(|(w, o)| (w - o) * (w - o)).sum::<f64>();
        }
    }
    for (shown, along) in view.axes.iter().zip(along) {
        assert!((shown.captured.unwrap() - along / whole).abs() < 1e-3);
    }
    assert!((view.captured.unwrap() - (along[0] + along[1]) / whole).abs() < 1e-3);
}

#[test]
fn the_plane_shows_the_loss_and_the_sharpness_of_a_quadratic() {
    let mut objective = quadratic(300);
    let (trail, all) = quadratic_trail(&objective, Budget::default(), 60);
    let mut wanted = request(30, &[Axis::Eigenvector(0), Axis::Drift]);
    wanted.eta = 0.4;
    let view = complete(&mut objective, &trail, wanted);
    let surface = view.surface.unwrap();
    assert_eq!((surface.columns, view.edge), (crate::space::losses::SIDE, 5.0));
    // along the first axis the loss is L(0) + g x + ½ λ x², for either sign of the axis
    let (u, origin) = (objective.eigenvector(0), &all[30][2]);
    let slope: f64 = 5.0 * u.iter().zip(origin).map(|(u, w)| u * w).sum::<f64>();
    let middle = surface.rows / 2;
    let [_, y] = surface.node(0, middle);
    let at_zero = |value: f64, x: f64, sign: f64| value - sign * slope * x - 2.5 * x * x;
    for sign in [1.0, -1.0] {
        let flat: Vec<f64> = (0..surface.columns)
            .map(|column| {
                at_zero(f64::from(surface.at(column, middle)), surface.node(column, middle)[0], sign)
            })
            .collect();
        let spread = flat.iter().fold(0.0_f64, |most, value| most.max((value - flat[0]).abs()));
        if spread < 1e-3 {
            assert!(y.is_finite());
            assert!(view.region.unwrap().values.iter().all(|&s| (s - 5.0).abs() < 1e-3));
            return;
        }
    }
    panic!("no parabola along the first eigenvector");
}

#[test]
fn axes_that_do_not_exist_are_replaced_and_it_is_said() {
    let mut objective = quadratic(300);
    let (trail, _) = quadratic_trail(&objective, Budget::default(), 60);
    // a quadratic has no ∇S, and u₁ cannot be used twice
    let view =
        complete(&mut objective, &trail, request(30, &[Axis::Eigenvector(0), Axis::SharpnessGradient]));
    let shown: Vec<Axis> = view.axes.iter().map(|axis| axis.axis).collect();
    assert_eq!(shown, [Axis::Eigenvector(0), Axis::Eigenvector(1)]);
    assert!(view.notes[0].contains("∇S") && view.notes[0].contains("length 0"), "{:?}", view.notes);
    let view = complete(&mut objective, &trail, request(30, &[Axis::Eigenvector(0), Axis::Eigenvector(0)]));
    assert!(view.notes[0].contains("span no plane"), "{:?}", view.notes);
    // a single step has no drift
    let mut alone = request(30, &[Axis::Drift, Axis::Eigenvector(1), Axis::Principal(0)]);
    alone.most = 1;
    let view = complete(&mut objective, &trail, alone);
    let shown: Vec<Axis> = view.axes.iter().map(|axis| axis.axis).collect();
    assert_eq!(shown, [Axis::Eigenvector(0), Axis::Eigenvector(1), Axis::Principal(0)]);
}

#[test]
fn without_finite_weights_or_a_plane_it_is_said() {
    let mut trail = Trail::new(Budget::default());
    trail.push(Row::new(0, [Some(&[f64::NAN, 1.0]), None, Some(&[f64::INFINITY, 0.0])]));
    let view = complete(
        &mut Landscape::Hyperbola,
        &trail,
        request(0, &[Axis::Eigenvector(0), Axis::Eigenvector(1)]),
    );
    assert!(
        view.axes.is_empty() && view.notes[0].contains("no earlier")
            || view.notes[0].contains("earlier step")
    );
    assert_eq!(Survey::new(request(7, &[Axis::Drift]), &trail).unwrap_err(), NotKept { step: 7 });
    let mut trail = Trail::new(Budget::default());
    trail.push(Row::new(0, [Some(&[1.0]), None, None]));
    let view = complete(
        &mut Quadratic::diagonal(vec![1.0]),
        &trail,
        request(0, &[Axis::Eigenvector(0), Axis::Drift]),
    );
    assert!(view.notes[0].contains("one parameter"), "{:?}", view.notes);
}

/// A run on a landscape whose flows separate at step 30, with given losses of gradient descent.
fn parting(steps: usize, loss: impl Fn(usize) -> f64) -> Trail {
    let mut trail = Trail::new(Budget::default());
    for step in 0..steps {
        let t = step as f64;
        let wall = if step.is_multiple_of(2) { 0.1 } else { -0.1 };
        let wild = if loss(step) > 1.0 { 1e3 * loss(step) } else { 0.0 };
        let (a, b, c) =
            ([2.0 + wall + wild, 0.01 * t], [2.0 + 0.2 * (t - 30.0).max(0.0), 0.01 * t], [2.0, 0.01 * t]);
        let row = Row::new(step, [Some(&a), Some(&b), Some(&c)]);
        trail.push(row.with_losses([loss(step), 0.2, 0.2]));
    }
    trail
}

#[test]
fn the_axis_of_departure_is_the_drift_until_the_flows_part_and_holds_the_gradient_flow() {
    let trail = parting(80, |_| 0.2);
    let axes = [Axis::Drift, Axis::Departure];
    let mut landscape = Landscape::Hyperbola;
    let early = complete(&mut landscape, &trail, request(15, &[Axis::Eigenvector(0), Axis::Departure]));
    assert_eq!((early.axes[1].axis, early.notes.len()), (Axis::Drift, 0), "{:?}", early.notes);
    let late = complete(&mut landscape, &trail, request(60, &axes));
    assert_eq!((late.axes[1].axis, late.notes.len()), (Axis::Departure, 0), "{:?}", late.notes);
    // 0.2 · 30 to the right of the central flow
    let surface = late.surface.as_ref().unwrap();
    let [low, high] = surface.extent.y;
    assert!(low < 0.0 && high > 6.0 && high < 8.0, "{low} {high}");
    let flow = late.paths.iter().find(|path| path.process == Process::GradientFlow).unwrap();
    assert!((flow.points[60][1] - 6.0).abs() < 1e-5, "{:?}", flow.points[60]);
    // along other axes it does not extend the view
    let other = complete(&mut landscape, &trail, request(60, &[Axis::Eigenvector(0), Axis::Eigenvector(1)]));
    let extent = other.surface.unwrap().extent;
    assert!(extent.x.into_iter().chain(extent.y).all(|at| at.abs() < 1.0), "{extent:?}");
}

#[test]
fn points_that_blow_up_do_not_stretch_the_picture() {
    let trail =
        parting(60, |step| if step < 50 { 0.2 } else { 10f64.powi(i32::try_from(step).unwrap() - 48) });
    let view = complete(&mut Landscape::Hyperbola, &trail, request(52, &[Axis::Eigenvector(0), Axis::Drift]));
    let extent = view.surface.unwrap().extent;
    assert!(extent.x.into_iter().chain(extent.y).all(|at| at.abs() < 1.0), "{extent:?}");
}

#[test]
fn a_run_that_was_taken_up_again_says_where_its_paths_begin() {
    let mut trail = Trail::new(Budget::default());
    for step in 100..160 {
        let [a, b, c] = on_landscape(step);
        trail.push(Row::new(step, [Some(&a), Some(&b), Some(&c)]));
    }
    let axes = [Axis::Eigenvector(0), Axis::Eigenvector(1)];
    let view = complete(&mut Landscape::Hyperbola, &trail, request(130, &axes));
    assert!(view.notes.iter().any(|note| note.contains("begin at step 100")), "{:?}", view.notes);
}

/// An objective whose eigensolves are slow and do not converge.
struct Slow {
    time: Duration,
    solves: usize,
}

impl Probe for Slow {
    fn dim(&self) -> usize {
        2
    }

    fn loss(&mut self, w: &[f64]) -> f64 {
        w[0] + w[1]
    }

    fn sharpness(&mut self, w: &[f64], _: Stop<'_>) -> Solved {
        std::thread::sleep(self.time);
        self.solves += 1;
        Solved { value: w[0], converged: !self.solves.is_multiple_of(3) }
    }

    fn eigenpairs(&mut self, _: &[f64], count: usize, _: Stop<'_>) -> Vec<(f64, Vec<f64>)> {
        (0..count).map(|i| (1.0 / (1.0 + i as f64), vec![1.0, 0.0])).collect()
    }

    fn sharpness_gradient(&mut self, _: &[f64], _: &[f64], _: Stop<'_>) -> Vec<f64> {
        vec![0.0, 1.0]
    }
}

#[test]
fn a_sharpness_that_is_coarse_or_not_converged_is_said_to_be() {
    let trail = parting(60, |_| 0.2);
    let mut look =
        Survey::new(request(30, &[Axis::Eigenvector(0), Axis::SharpnessGradient]), &trail).unwrap();
    let mut probe = Slow { time: Duration::from_millis(36), solves: 0 };
    while !look.done() {
        look.advance(&mut probe, &trail, Instant::now() + Duration::from_millis(5), GO_ON);
    }
    let notes = look.view().notes.join("; ");
    assert!(notes.contains("× 23 nodes") || notes.contains("× 12 nodes"), "{notes}");
    assert!(notes.contains("S is only a lower bound at"), "{notes}");
}

#[test]
fn a_path_that_stops_is_absent_from_there_on() {
    let mut trail = Trail::new(Budget::default());
    for step in 0..50 {
        let [descent, _, flow] = on_landscape(step);
        let descent: Option<&[f64]> = (step < 46).then_some(&descent);
        trail.push(Row::new(step, [descent, None, Some(&flow)]));
    }
    let view = complete(
        &mut Landscape::Hyperbola,
        &trail,
        request(40, &[Axis::Eigenvector(0), Axis::Eigenvector(1)]),
    );
    let descent = view.paths.iter().find(|path| path.process == Process::GradientDescent).unwrap();
    assert!(!descent.points[45][0].is_nan() && descent.points[46][0].is_nan());
    assert!(view.paths.iter().all(|path| path.process != Process::GradientFlow));
    // the last steps, and a step after the divergence of gradient descent
    let view = complete(&mut Landscape::Hyperbola, &trail, request(49, &[Axis::Eigenvector(0), Axis::Drift]));
    assert!(view.notes.is_empty() && view.surface.is_some(), "{:?}", view.notes);
}

#[test]
fn what_is_stopped_is_taken_up_again() {
    let mut objective = quadratic(300);
    let (trail, _) = quadratic_trail(&objective, Budget::default(), 60);
    let asked = request(30, &[Axis::Eigenvector(0), Axis::Eigenvector(1)]);
    let whole = complete(&mut objective, &trail, asked.clone());
    let mut look = Survey::new(asked, &trail).unwrap();
    let mut memory = ProbeMemory::<f64>::default();
    for call in 0.. {
        let mut probe = ObjectiveProbe::new(&mut objective, &mut memory);
        let until = Instant::now() + Duration::from_millis(2);
        look.advance(&mut probe, &trail, until, if call % 2 == 0 { &|| true } else { GO_ON });
        if look.done() {
            break;
        }
    }
    let (region, expected) = (look.view().region.as_ref().unwrap(), whole.region.unwrap());
    for (a, b) in region.values.iter().zip(&expected.values) {
        assert!((a - b).abs() < 1e-2, "{a} {b}");
    }
    // the axes come from a different solve and agree to its tolerance
    let extremes =
        |grid: &Grid| grid.values.iter().fold([f32::MAX, f32::MIN], |[a, b], &x| [a.min(x), b.max(x)]);
    let (surface, expected) = (look.view().surface.as_ref().unwrap(), whole.surface.unwrap());
    assert_eq!(surface.columns, expected.columns);
    for (a, b) in extremes(surface).into_iter().zip(extremes(&expected)) {
        assert!((a - b).abs() < 1e-2 * b.abs(), "{a} {b}");
    }
}
