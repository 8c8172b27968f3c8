//! The expansion on landscapes with known terms, and on a network.

use super::expansion::{Term, expand};
use super::{Center, InspectError, Inspection};
use crate::calculus::Block;
use crate::calculus::block::pair_index;
use crate::dynamics::Dynamics;
use crate::dynamics::settings::{Processes, Settings};
use crate::objective::check::check_against_finite_differences;
use crate::objective::{Landscape, Objective};

/// A cubic loss `⟨g, w⟩ + ½ Σ λ_i w_i² + ⅙ Σ_m ⟨c_m, w⟩³`.
struct Cubic {
    g: Vec<f64>,
    lambda: Vec<f64>,
    c: Vec<Vec<f64>>,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Cubic {
    /// A cubic in five dimensions, without symmetry.
    fn sample() -> Self {
        let wave = |f: f64| (0..5).map(|i| (f * (f64::from(i) + 1.0)).sin()).collect::<Vec<_>>();
        Self {
            g: wave(0.7),
            lambda: vec![2.1, 2.0, 1.1, 0.4, -0.2],
            c: vec![wave(1.3), wave(2.9), wave(0.4)],
        }
    }
}

impl Objective<f64> for Cubic {
    fn dim(&self) -> usize {
        self.g.len()
    }

    fn loss(&mut self, w: &[f64]) -> f64 {
        let quadratic: f64 = self.lambda.iter().zip(w).map(|(l, w)| 0.5 * l * w * w).sum();
        dot(&self.g, w) + quadratic + self.c.iter().map(|c| dot(c, w).powi(3) / 6.0).sum::<f64>()
    }

    fn gradient(&mut self, w: &[f64], nabla_l: &mut [f64]) -> f64 {
        for i in 0..w.len() {
            nabla_l[i] = self.g[i]
                + self.lambda[i] * w[i]
                + self.c.iter().map(|c| 0.5 * dot(c, w).powi(2) * c[i]).sum::<f64>();
        }
        self.loss(w)
    }

    fn hessian_vector_products(&mut self, w: &[f64], v: &Block<f64>, hv: &mut Block<f64>) {
        hv.reshape(w.len(), v.count());
        for j in 0..v.count() {
            for i in 0..w.len() {
                hv.column_mut(j)[i] = self.lambda[i] * v.column(j)[i]
                    + self.c.iter().map(|c| dot(c, w) * dot(c, v.column(j)) * c[i]).sum::<f64>();
            }
        }
    }

    fn third_derivatives(&mut self, w: &[f64], u: &Block<f64>, t: &mut Block<f64>) {
        let k = u.count();
        t.reshape(w.len(), k * (k + 1) / 2);
        for i in 0..k {
            for j in i..k {
                let out = t.column_mut(pair_index(i, j, k));
                for (e, out) in out.iter_mut().enumerate() {
                    *out =
                        self.c.iter().map(|c| dot(c, u.column(i)) * dot(c, u.column(j)) * c[e]).sum::<f64>();
                }
            }
        }
    }

    fn outputs(&mut self, _w: &[f64], _examples: &[usize]) -> Vec<Vec<f64>> {
        Vec::new()
    }
}

/// Orthonormal directions without symmetry. (The expansion of the gradient does not require eigenvectors.)
fn directions(dim: usize, k: usize) -> Block<f64> {
    let mut u = Block::zeros(dim, k);
    for j in 0..k {
        for i in 0..dim {
            u.column_mut(j)[i] = (1.9 * i as f64 + 3.1 * j as f64 + 0.2).cos();
        }
        for other in 0..j {
            let overlap = dot(u.column(j), u.column(other));
            let other = u.column(other).to_vec();
            u.column_mut(j).iter_mut().zip(other).for_each(|(x, o)| *x -= overlap * o);
        }
        let length = dot(u.column(j), u.column(j)).sqrt();
        u.column_mut(j).iter_mut().for_each(|x| *x /= length);
    }
    u
}

/// Leading eigenpairs of a small Hessian, computed densely.
fn eigenpairs(objective: &mut dyn Objective<f64>, w: &[f64], k: usize) -> (Block<f64>, Vec<f64>) {
    let settings = crate::spectrum::TrackerSettings {
        track_threshold: None,
        max_tracked: k,
        tolerance: 1e-10,
        max_hvps: None,
    };
    let mut tracker = crate::spectrum::Tracker::new(k);
    let pairs = tracker.solve(objective, w, &crate::spectrum::Preconditioner::Uniform(1.0), &settings);
    (pairs.vectors.clone(), pairs.values.clone())
}

#[test]
fn on_a_cubic_nothing_remains() {
    let mut cubic = Cubic::sample();
    check_against_finite_differences(&mut cubic, &[0.1, -0.3, 0.2, 0.5, -0.1]);
    let center = [0.2, -0.1, 0.3, 0.05, -0.2];
    for k in 1..=3 {
        let (u, lambda) = eigenpairs(&mut cubic, &center, k);
        let w: Vec<f64> = (0..5)
            .map(|i| center[i] + (0..k).map(|j| 0.4 * (1.0 + j as f64) * u.column(j)[i]).sum::<f64>())
            .collect();
        let found = expand(&mut cubic, 0.7, &w, &center, &u, &lambda);
        assert!(found.term(Term::Remainder).norm < 1e-14, "{found:?}");
        assert!(found.term(Term::Orthogonal).norm < 1e-14 && found.orthogonal_distance < 1e-14);
        assert!(found.term(Term::Push).norm > 1e-2 && found.term(Term::Oscillation).norm > 0.1);
        for (j, x) in found.x.iter().enumerate() {
            assert!((x - 0.4 * (1.0 + j as f64)).abs() < 1e-14);
        }
    }
}

#[test]
fn with_one_direction_the_terms_are_those_of_the_formula() {
    let mut cubic = Cubic::sample();
    let center = [0.2, -0.1, 0.3, 0.05, -0.2];
    let (u, lambda) = eigenpairs(&mut cubic, &center, 1);
    let (eta, x, off) = (0.7, 0.3, 0.01);
    let perpendicular = directions(5, 1);
    let overlap = dot(perpendicular.column(0), u.column(0));
    let d: Vec<f64> = (0..5).map(|i| off * (perpendicular.column(0)[i] - overlap * u.column(0)[i])).collect();
    let w: Vec<f64> = (0..5).map(|i| center[i] + x * u.column(0)[i] + d[i]).collect();
    let found = expand(&mut cubic, eta, &w, &center, &u, &lambda);
    let mut t = Block::default();
    cubic.third_derivatives(&center, &u, &mut t);
    let nabla_s = t.column(0);
    let size = dot(nabla_s, nabla_s).sqrt();
    let mut g = vec![0.0; 5];
    cubic.gradient(&center, &mut g);
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} for {b}");
    close(found.x[0], x);
    close(found.nabla_s_norm, size);
    close(found.term(Term::Gradient).norm, eta * dot(&g, &g).sqrt());
    close(found.term(Term::Gradient).along_u, -eta * dot(&g, u.column(0)));
    close(found.term(Term::Oscillation).along_u, -eta * x * lambda[0]);
    close(found.term(Term::Oscillation).norm, eta * x * lambda[0]);
    close(found.term(Term::Push).along_nabla_s, -0.5 * eta * x * x * size);
    close(found.term(Term::Orthogonal).along_u, 0.0);
    close(found.orthogonal_distance, dot(&d, &d).sqrt());
    let [sharpening, alternating, push, across] = found.sharpness_parts;
    close(sharpening, -eta * dot(nabla_s, &g));
    close(alternating, -eta * x * lambda[0] * dot(u.column(0), nabla_s));
    close(push, -0.5 * eta * x * x * size * size);
    close(across, found.term(Term::Orthogonal).along_nabla_s * size);
    // The products of x with d are of third order and belong to the remainder.
    assert!(found.term(Term::Remainder).norm > 1e-5);
}

#[test]
fn what_is_said_of_several_eigenvalues_is_the_same_in_every_basis() {
    let mut cubic = Cubic::sample();
    let center = [0.2, -0.1, 0.3, 0.05, -0.2];
    let (u, _) = eigenpairs(&mut cubic, &center, 2);
    // at the edge both eigenvalues are equal, and every rotation is a basis of eigenvectors
    let lambda = [2.0 / 0.7; 2];
    let w: Vec<f64> =
        (0..5).map(|i| center[i] + 0.3 * u.column(0)[i] - 0.2 * u.column(1)[i] + 0.01 * i as f64).collect();
    let said = expand(&mut cubic, 0.7, &w, &center, &u, &lambda);
    for angle in [0.4_f64, 1.1, 2.5] {
        let (sin, cos) = angle.sin_cos();
        let mut turned = Block::zeros(5, 2);
        for i in 0..5 {
            turned.column_mut(0)[i] = cos * u.column(0)[i] + sin * u.column(1)[i];
            turned.column_mut(1)[i] = cos * u.column(1)[i] - sin * u.column(0)[i];
        }
        let other = expand(&mut cubic, 0.7, &w, &center, &turned, &lambda);
        assert!((other.nabla_s_norm - said.nabla_s_norm).abs() < 1e-14);
        for (a, b) in said.sharpness_parts.iter().zip(other.sharpness_parts) {
            assert!((a - b).abs() < 1e-14, "{a} for {b} turned by {angle}");
        }
        for (a, b) in said.terms.iter().zip(&other.terms) {
            let apart = (a.norm - b.norm).abs() + (a.along_nabla_s - b.along_nabla_s).abs();
            assert!(apart < 1e-13, "{a:?} for {b:?}");
        }
    }
}

/// An MLP on digits in f64, and its weights.
fn network() -> (Box<dyn Objective<f64>>, Vec<f64>) {
    use crate::objective::network::{LossKind, NetworkObjective};
    let split = crate::data::synthetic::moons(64, 0.1, 3).unwrap().train;
    let architecture = crate::network::Architecture::Mlp {
        hidden: vec![12, 12],
        activation: crate::network::Activation::Tanh,
    };
    let objective = NetworkObjective::new(&architecture, &split, LossKind::Mse).unwrap();
    let dim = Objective::<f64>::dim(&objective);
    let w = (0..dim).map(|i| 0.8 * (1.7 * i as f64 + 0.4).sin()).collect();
    (Box::new(objective), w)
}

#[test]
fn on_a_network_the_remainder_is_of_third_order() {
    let (mut objective, center) = network();
    for k in [1, 2] {
        let (u, lambda) = eigenpairs(objective.as_mut(), &center, k);
        let mut remainder = |x: f64| {
            let w: Vec<f64> = (0..center.len())
                .map(|i| center[i] + x * (0..k).map(|j| u.column(j)[i]).sum::<f64>())
                .collect();
            let found = expand(objective.as_mut(), 0.3, &w, &center, &u, &lambda);
            (found.term(Term::Remainder).norm, found.term(Term::Push).norm)
        };
        let [(first, push), (second, half_push), (third, _)] = [0.02, 0.01, 0.005].map(&mut remainder);
        assert!(first > 1e-9 && push > 10.0 * first, "{first} beside {push}");
        for ratio in [first / second, second / third] {
            assert!((7.0..9.0).contains(&ratio), "halving x divides the remainder by {ratio}");
        }
        assert!((push / half_push - 4.0).abs() < 1e-6);
    }
}

const ETA: f64 = 0.5;
const START: [f64; 2] = [1.8, 0.5];

fn valley(steps: usize, processes: Processes) -> (Landscape, Dynamics<f64>) {
    let mut landscape = Landscape::TiltedHyperbola { c: 0.005, x0: 3.0 };
    let mut dynamics = Dynamics::new(START.to_vec(), Settings { processes, ..Settings::default() });
    (0..steps).for_each(|_| {
        dynamics.step(&mut landscape, ETA);
    });
    (landscape, dynamics)
}

fn inspect(step: usize, processes: Processes) -> Inspection {
    let (mut landscape, dynamics) = valley(step, processes);
    dynamics.inspect(&mut landscape, ETA).unwrap()
}

#[test]
fn what_is_measured_is_what_the_run_then_does() {
    let (mut landscape, mut dynamics) = valley(45, Processes::default());
    let found = dynamics.inspect(&mut landscape, ETA).unwrap();
    assert_eq!((found.step, found.center), (45, Center::CentralFlow));
    let records = [(); 3].map(|()| dynamics.step(&mut landscape, ETA));
    let s = records.each_ref().map(|record| record.gradient_descent.as_ref().unwrap().lambda[0]);
    assert_eq!(found.sharpness.unwrap().measured, s[1] - s[0]);
    assert_eq!(found.two_step.unwrap().measured, 0.5 * (s[2] - s[0]));
    assert_eq!(found.growth_predicted.unwrap(), (1.0 - ETA * 0.5 * (s[0] + s[1])).abs());
    let flow = records[0].central_flow.as_ref().unwrap();
    assert_eq!(
        (found.sigma.as_slice(), found.distance),
        (flow.sigma.as_slice(), records[0].distance_gd_cf.unwrap())
    );
    assert!((found.expansion.x[0].abs() - records[0].displacement[0].abs()).abs() < 1e-12);
    assert!((found.lambda[0] - flow.state.lambda[0]).abs() < 1e-10);
    // The terms sum to the entire step.
    let sum: f64 = Term::ALL.iter().map(|&term| found.expansion.term(term).along_u).sum();
    assert!((sum - found.expansion.step.along_u).abs() < 1e-14);
}

#[test]
fn a_cycle_obeys_its_predictions() {
    // Growth: above 2/η, with an oscillation small enough for the cubic term to dominate the remainder.
    let growing = inspect(42, Processes::default());
    let (predicted, measured) = (growing.growth_predicted.unwrap(), growing.growth_measured.unwrap());
    assert!(predicted > 1.1 && (predicted / measured - 1.0).abs() < 0.03, "{predicted} against {measured}");
    // Reduction: the push of the oscillation exceeds progressive sharpening.
    let reducing = inspect(56, Processes::default());
    let [sharpening, _, push, _] = reducing.two_step.unwrap().parts;
    assert!(sharpening > 0.0 && push < -sharpening, "{reducing:?}");
    // Decay.
    let decaying = inspect(68, Processes::default());
    assert!(decaying.growth_measured.unwrap() < 1.0 && decaying.growth_predicted.unwrap() < 1.0);
}

#[test]
fn gradient_descent_alone_is_expanded_around_its_own_mean() {
    let alone = Processes { gradient_flow: false, central_flow: false, ..Processes::default() };
    let found = inspect(45, alone);
    assert_eq!(found.center, Center::Average);
    let (mut landscape, mut dynamics) = valley(44, alone);
    let w = [(); 4].map(|()| {
        let w = dynamics.weights(crate::dynamics::record::Process::GradientDescent).unwrap().to_vec();
        dynamics.step(&mut landscape, ETA);
        w
    });
    let mean: Vec<f64> = (0..2).map(|i| 0.25 * (w[0][i] + 2.0 * w[1][i] + w[2][i])).collect();
    let off: f64 = (0..2).map(|i| (w[1][i] - mean[i]).powi(2)).sum::<f64>().sqrt();
    assert!((found.distance - off).abs() < 1e-14);
    assert!(found.sigma.is_empty() && found.complementarity_residual.is_none());
    // Around the time-averaged path of gradient descent itself, S agrees with its two-step mean.
    assert!(found.expansion.relative_remainder() < 0.1, "{:?}", found.expansion);

    let (mut landscape, dynamics) = valley(0, alone);
    let error = dynamics.inspect(&mut landscape, ETA).unwrap_err();
    assert_eq!(error, InspectError::NoStepBefore { step: 0 });
    assert!(error.to_string().contains("step 0"));
}

#[test]
fn the_first_step_has_terms_and_no_growth() {
    let found = inspect(0, Processes::default());
    assert_eq!((found.center, found.growth_measured), (Center::CentralFlow, None));
    assert_eq!(found.expansion.x, [0.0]);
    assert!(found.sharpness.is_some() && found.expansion.term(Term::Gradient).norm > 0.0);
}

#[test]
fn what_does_not_run_is_said() {
    let flows = Processes { gradient_descent: false, ..Processes::default() };
    let (mut landscape, dynamics) = valley(3, flows);
    let error = dynamics.inspect(&mut landscape, ETA).unwrap_err();
    assert_eq!(error, InspectError::NoGradientDescent { step: 3 });
}
