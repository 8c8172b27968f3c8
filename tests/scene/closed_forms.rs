//! The two-parameter landscapes, each with everything that is drawn of it: gradient descent compared with its
//! recursion, the flows with their solutions, the loss, its contours and the region S ≤ 2/η with the formulas.
//!
//! The gradient flow has a closed-form solution on all landscapes except the tilted hyperbola; there, like the
//! central flow everywhere, it is compared with an integration by another method, whose own error is determined by
//! halving its steps.

use super::run;
use brink::picture::scene::contour::contour;
use brink::picture::scene::figure::Figure;
use brink::picture::scene::landscape::of_landscape;
use brink::picture::style::theme::{Palette, Role};
use brink::picture::view::ViewState;
use brink::picture::view::scene::{Scene, SceneGrid, ScenePath};
use brink::preset::Preset;
use egui::Theme;

/// Value, gradient, and the entries xx, xy, yy of the Hessian.
type Jet = (f64, [f64; 2], [f64; 3]);

/// Substeps of the flows for a negligible error of their own.
const FINE: usize = 1000;
/// Drawn points are in single precision: equal points may differ by this much, relative to the weights.
const SAME: f64 = 2e-6;
/// Minimum permitted error of Euler's method with that number of substeps.
const FINELY: f64 = 1e-4;

/// Given a start and a point: the time at which the gradient flow is there, and the distance of the point from its
/// path.
type Solution = fn([f64; 2], [f64; 2]) -> (f64, f64);

struct Case {
    name: &'static str,
    preset: Preset,
    jet: fn(f64, f64) -> Jet,
    flow: Option<Solution>,
    steps: usize,
}

/// ½(1 − xy)².
fn hyperbola(x: f64, y: f64) -> Jet {
    let r = 1.0 - x * y;
    (0.5 * r * r, [-y * r, -x * r], [y * y, 2.0 * x * y - 1.0, x * x])
}

/// ½(1 − xy)² + 0.005(x − 3)².
fn tilted(x: f64, y: f64) -> Jet {
    let (value, [gx, gy], [xx, xy, yy]) = hyperbola(x, y);
    let (c, d) = (0.005, x - 3.0);
    (value + c * d * d, [gx + 2.0 * c * d, gy], [xx + 2.0 * c, xy, yy])
}

/// (1 − x²/2 − y²)².
fn ellipse(x: f64, y: f64) -> Jet {
    let r = 1.0 - 0.5 * x * x - y * y;
    (r * r, [-2.0 * x * r, -4.0 * y * r], [2.0 * x * x - 2.0 * r, 4.0 * x * y, 8.0 * y * y - 4.0 * r])
}

/// ½(22 x² + 18 y²).
fn bowl(x: f64, y: f64) -> Jet {
    (11.0 * x * x + 9.0 * y * y, [22.0 * x, 18.0 * y], [22.0, 0.0, 18.0])
}

/// c = x² − y² is constant, and dp/dt = (1 − p)√(c² + 4p²) for p = xy.
fn along_hyperbola(start: [f64; 2], at: [f64; 2]) -> (f64, f64) {
    let conserved = |[x, y]: [f64; 2]| x * x - y * y;
    let c = conserved(start);
    let antiderivative = |[x, y]: [f64; 2]| {
        let (u, root) = (1.0 - x * y, (4.0 + c * c).sqrt());
        let square = 4.0 * u * u - 8.0 * u + root * root;
        ((2.0 * root * square.sqrt() - 8.0 * u + 2.0 * root * root) / u).ln() / root
    };
    let beside = (conserved(at) - c).abs() / (2.0 * at[0].hypot(at[1]));
    (antiderivative(at) - antiderivative(start), beside)
}

/// y = kx² is constant, and ds/dt = 4s(1 − s/2 − k²s²) for s = x².
fn along_ellipse(start: [f64; 2], at: [f64; 2]) -> (f64, f64) {
    let k = start[1] / (start[0] * start[0]);
    let root = (0.25 + 4.0 * k * k).sqrt();
    let [near, far] = [(root - 0.5) / (2.0 * k * k), (-root - 0.5) / (2.0 * k * k)];
    let share = |zero: f64, other: f64| -1.0 / (k * k * zero * (zero - other));
    let antiderivative = |[x, _]: [f64; 2]| {
        let s = x * x;
        let logarithms = share(near, far) * (s - near).abs().ln() + share(far, near) * (s - far).abs().ln();
        0.25 * (s.ln() + logarithms)
    };
    let beside = (at[1] - k * at[0] * at[0]).abs() / (2.0 * k * at[0]).hypot(1.0);
    (antiderivative(at) - antiderivative(start), beside)
}

/// (e^−22t, e^−18t): y gives the time, the rest the distance.
fn along_bowl(_: [f64; 2], [x, y]: [f64; 2]) -> (f64, f64) {
    (-y.ln() / 18.0, (x - y.powf(22.0 / 18.0)).abs())
}

fn landscape(name: &str, start: [f64; 2], eta: f64) -> Preset {
    let text = format!(
        "title = \"{name}\"\n[model]\narchitecture = \"landscape\"\n[landscape]\nname = \"{name}\"\nstart = {start:?}\n\
         [optimizer]\neta = {eta}\n[run]\nprecision = \"f64\"\n[eigen]\nmax_tracked = 2\ntolerance = 1e-10\n"
    );
    Preset::parse(&text).unwrap()
}

fn cases() -> [Case; 4] {
    let mut parabola = Preset::load("parabola").unwrap();
    // its Hessian is the same everywhere: above the edge there is no central flow
    parabola.set("run.processes=[\"gd\", \"gf\"]").unwrap();
    let of = |name, preset, jet, flow, steps| Case { name, preset, jet, flow, steps };
    [
        of("tilted hyperbola", Preset::load("valley").unwrap(), tilted, None, 200),
        of("hyperbola", landscape("hyperbola", [1.9, 0.2], 0.52), hyperbola, Some(along_hyperbola), 80),
        of("ellipse", landscape("ellipse", [0.5, 0.5], 0.3), ellipse, Some(along_ellipse), 60),
        of("bowl", parabola, bowl, Some(along_bowl), 30),
    ]
}

impl Case {
    fn eta(&self) -> f64 {
        self.preset.optimizer.eta
    }

    fn start(&self) -> [f64; 2] {
        self.preset.landscape.as_ref().unwrap().start.clone().try_into().unwrap()
    }

    /// λ1 by the formula for two by two.
    fn sharpness(&self, x: f64, y: f64) -> f64 {
        let (_, _, [a, b, d]) = (self.jet)(x, y);
        0.5 * (a + d) + (0.5 * (a - d)).hypot(b)
    }

    /// Permitted error of Euler's method: its error per step is proportional to (ηS)² and to the length of a substep.
    fn finely(&self) -> f64 {
        let [x, y] = self.start();
        FINELY.max(0.1 * (self.eta() * self.sharpness(x, y)).powi(2) / FINE as f64)
    }

    fn slope(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        (self.jet)(x, y).1.map(|g| -g)
    }

    fn scene(&self, sets: &[&str]) -> Scene {
        let mut preset = self.preset.clone();
        for set in sets {
            preset.set(set).unwrap();
        }
        of_landscape(&preset, &run(&preset, self.steps), self.steps - 1).unwrap()
    }

    /// The gradient flow for the time of one step: Euler's method with the number of substeps that the presets'
    /// README states.
    fn euler(&self, mut w: [f64; 2], least: f64) -> [f64; 2] {
        let substeps = (2.0 * self.eta() * self.sharpness(w[0], w[1])).ceil().max(least);
        let mut left = substeps;
        while left > 0.0 {
            w = add(w, self.slope(w), self.eta() / substeps);
            left -= 1.0;
        }
        w
    }

    /// The same by the classical Runge–Kutta method.
    fn runge_kutta(&self, mut w: [f64; 2], substeps: usize) -> [f64; 2] {
        let h = self.eta() / substeps as f64;
        for _ in 0..substeps {
            let k1 = self.slope(w);
            let k2 = self.slope(add(w, k1, 0.5 * h));
            let k3 = self.slope(add(w, k2, 0.5 * h));
            let k4 = self.slope(add(w, k3, h));
            for (k, share) in [(k1, 1.0), (k2, 2.0), (k3, 2.0), (k4, 1.0)] {
                w = add(w, k, share * h / 6.0);
            }
        }
        w
    }

    /// The central flow: −∇L − ½σ²∇S with the smallest σ² ≥ 0 that keeps S ≤ 2/η, by Euler's method, with ∇S by
    /// differences.
    fn central_flow(&self, mut w: [f64; 2], substeps: usize) -> [f64; 2] {
        let (h, d) = (self.eta() / substeps as f64, 1e-5);
        for _ in 0..substeps {
            let s = |dx: f64, dy: f64| self.sharpness(w[0] + dx, w[1] + dy);
            let nabla_s = [(s(d, 0.0) - s(-d, 0.0)) / (2.0 * d), (s(0.0, d) - s(0.0, -d)) / (2.0 * d)];
            let dot = |a: [f64; 2], b: [f64; 2]| a[0] * b[0] + a[1] * b[1];
            let slope = self.slope(w);
            let beyond = s(0.0, 0.0) + h * dot(nabla_s, slope) - 2.0 / self.eta();
            let half_variance = (beyond / (h * dot(nabla_s, nabla_s))).max(0.0);
            w = add(add(w, slope, h), nabla_s, -h * half_variance);
        }
        w
    }
}

fn add(w: [f64; 2], step: [f64; 2], share: f64) -> [f64; 2] {
    [w[0] + share * step[0], w[1] + share * step[1]]
}

/// The distance of a drawn point from its correct position, relative to the weights.
fn off(point: &[f32; 3], w: [f64; 2]) -> f64 {
    (f64::from(point[0]) - w[0]).hypot(f64::from(point[1]) - w[1]) / w[0].hypot(w[1]).max(1.0)
}

/// The largest distance of a path from the points reached from its start step by step.
fn farthest(path: &ScenePath, start: [f64; 2], step: impl Fn([f64; 2]) -> [f64; 2]) -> f64 {
    let (mut w, mut most) = (start, 0.0_f64);
    for point in &path.points {
        most = most.max(off(point, w));
        w = step(w);
    }
    most
}

fn path(scene: &Scene, role: Role) -> &ScenePath {
    scene.paths.iter().find(|path| path.role == role).unwrap()
}

#[test]
fn gradient_descent_is_its_recursion() {
    for case in cases() {
        let (scene, eta) = (case.scene(&[]), case.eta());
        let descent = path(&scene, Role::GradientDescent);
        assert_eq!(descent.points.len(), case.steps, "{}", case.name);
        let most = farthest(descent, case.start(), |w| add(w, case.slope(w), eta));
        assert!(most < SAME, "{}: off by {most}", case.name);
        for (&[x, y, _], &loss) in descent.points.iter().zip(&descent.loss) {
            let value = (case.jet)(f64::from(x), f64::from(y)).0;
            assert!(
                (f64::from(loss) - value).abs() < 1e-5 * value.max(1.0),
                "{}: {loss} for {value}",
                case.name
            );
        }
        if case.name == "bowl" {
            for (step, point) in descent.points.iter().enumerate() {
                let t = i32::try_from(step).unwrap();
                let exact = [(1.0 - eta * 22.0).powi(t), (1.0 - eta * 18.0).powi(t)];
                assert!(off(point, exact) < SAME, "step {step}: {point:?} for {exact:?}");
            }
        }
    }
}

#[test]
fn the_gradient_flow_is_its_solution() {
    for case in cases() {
        let start = case.start();
        let scene = case.scene(&[]);
        let most = farthest(path(&scene, Role::GradientFlow), start, |w| case.euler(w, 4.0));
        assert!(most < SAME, "{}: off from Euler's method by {most}", case.name);

        let scene = case.scene(&[&format!("gradient_flow.min_substeps={FINE}")]);
        let flow = path(&scene, Role::GradientFlow);
        let most = farthest(flow, start, |w| case.runge_kutta(w, 40));
        assert!(most < case.finely(), "{}: off by {most}", case.name);
        let own =
            (0..case.steps).fold([start; 2], |[a, b], _| [case.runge_kutta(a, 40), case.runge_kutta(b, 80)]);
        let own = (own[0][0] - own[1][0]).hypot(own[0][1] - own[1][1]);
        assert!(own < 1e-4 * FINELY, "{}: the integration it is held to is off by {own} itself", case.name);

        let Some(solution) = case.flow else { continue };
        let mut told = 0;
        for (step, &[x, y, _]) in flow.points.iter().enumerate() {
            let at = [f64::from(x), f64::from(y)];
            let speed = case.slope(at);
            let speed = speed[0].hypot(speed[1]);
            if speed < 1e-3 {
                // once it has come to rest, a position determines no time
                break;
            }
            told += 1;
            let (time, beside) = solution(start, at);
            let size = x.hypot(y).max(1.0);
            let behind = (time - case.eta() * step as f64).abs() * speed / f64::from(size);
            assert!(
                behind.max(beside) < 2.0 * case.finely(),
                "{}, step {step}: {behind} behind, {beside} beside",
                case.name
            );
        }
        assert!(told > 3, "{}: {told} points", case.name);
    }
}

#[test]
fn the_central_flow_is_its_solution() {
    for case in cases().into_iter().filter(|case| case.name != "bowl") {
        let fine =
            [format!("central_flow.substeps={FINE}"), "central_flow.resolve_every_substep=true".to_owned()];
        let own = (0..case.steps).fold([case.start(); 2], |[a, b], _| {
            [case.central_flow(a, FINE), case.central_flow(b, 2 * FINE)]
        });
        let own = (own[0][0] - own[1][0]).hypot(own[0][1] - own[1][1]);
        for (sets, tolerance) in [(&fine[..], 2.0 * FINELY), (&[], 3e-2)] {
            let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
            let scene = case.scene(&sets);
            let most =
                farthest(path(&scene, Role::CentralFlow), case.start(), |w| case.central_flow(w, FINE));
            assert!(most + own < tolerance, "{} {sets:?}: off by {most}, the reference by {own}", case.name);
        }
    }
}

/// Bound of the error of bilinear interpolation between the nodes of a grid: an eighth of the function's second
/// differences over a cell in either direction.
fn between_nodes(grid: &SceneGrid, [x, y]: [f64; 2], value: impl Fn(f64, f64) -> f64) -> f64 {
    let cell =
        |range: &std::ops::Range<f32>, count: usize| f64::from(range.end - range.start) / (count - 1) as f64;
    let (dx, dy) = (cell(&grid.x, grid.columns), cell(&grid.y, grid.rows));
    let second = |dx: f64, dy: f64| (value(x + dx, y + dy) - 2.0 * value(x, y) + value(x - dx, y - dy)).abs();
    // over two cells, so that the bound also holds next to the point
    (second(2.0 * dx, 0.0) / 4.0).max(second(0.0, 2.0 * dy) / 4.0) / 8.0 * 1.5
        + 1e-5 * value(x, y).abs().max(1.0)
}

fn nodes_agree(grid: &SceneGrid, what: &str, value: impl Fn(f64, f64) -> f64) {
    for row in (0..grid.rows).step_by(7) {
        for column in (0..grid.columns).step_by(5) {
            let [x, y] = grid.node(column, row).map(f64::from);
            let (exact, drawn) = (value(x, y), f64::from(grid.at(column, row)));
            assert!(
                (drawn - exact).abs() < 1e-5 * exact.abs().max(1.0),
                "{what} at {x}, {y}: {drawn} for {exact}"
            );
        }
    }
}

#[test]
fn the_loss_and_its_contours_are_those_of_the_formulas() {
    for case in cases() {
        let scene = case.scene(&[]);
        let (surface, loss) = (scene.surface.as_ref().unwrap(), |x: f64, y: f64| (case.jet)(x, y).0);
        nodes_agree(surface, case.name, loss);
        let drawn =
            Figure::new(&scene, &ViewState::default().scene, true, Palette::of(Theme::Light)).unwrap();
        assert!(drawn.levels.len() >= 5, "{}: {:?}", case.name, drawn.levels);
        for (_, level) in drawn.levels {
            for [x, y] in contour(surface, level).into_iter().flatten().map(|at| at.map(f64::from)) {
                let (off, bound) =
                    ((loss(x, y) - f64::from(level)).abs(), between_nodes(surface, [x, y], loss));
                assert!(off < bound, "{}: level {level} is off by {off} at {x}, {y}, not {bound}", case.name);
            }
        }
    }
}

#[test]
fn the_stable_region_is_that_of_the_formulas() {
    for case in cases() {
        let scene = case.scene(&[]);
        let region = scene.region.as_ref().unwrap();
        let (nodes, edge) = (&region.sharpness, 2.0 / case.eta());
        assert!((f64::from(region.edge) - edge).abs() < 1e-6 * edge, "{}", case.name);
        nodes_agree(nodes, case.name, |x, y| case.sharpness(x, y));
        let lines = contour(nodes, region.edge);
        // the bowl has the same sharpness everywhere, above 2/η
        assert_eq!(lines.is_empty(), case.name == "bowl", "{}", case.name);
        for [x, y] in lines.into_iter().flatten().map(|at| at.map(f64::from)) {
            let off = (case.sharpness(x, y) - edge).abs();
            let bound = between_nodes(nodes, [x, y], |x, y| case.sharpness(x, y));
            assert!(off < bound, "{}: S is off by {off} at {x}, {y}, not {bound}", case.name);
        }
    }
}
