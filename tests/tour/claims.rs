//! The claims of the cards: relations between live numbers that must hold when a card is shown.

use super::{Quantity, RunView, Series};

/// The numbers and words at a card's moment.
pub struct Moment<'a, 'b>(&'a RunView<'b>);

impl Moment<'_, '_> {
    /// A live number.
    fn n(&self, name: &str) -> f64 {
        Quantity::named(name).unwrap().number(self.0).unwrap_or(f64::NAN)
    }

    /// A live word.
    fn said(&self, name: &str) -> String {
        Quantity::named(name).unwrap().value(self.0).unwrap_or_default()
    }

    /// Whether a live number is within a relative tolerance of another value.
    fn near(&self, name: &str, value: f64, share: f64) -> bool {
        (self.n(name) - value).abs() <= share * value.abs()
    }

    /// Gradient descent's lowest loss before a step.
    fn lowest_before(&self, step: f64) -> f64 {
        let rows = (0..self.0.history.rows()).take_while(|&row| (row as f64) < step);
        rows.filter_map(|row| self.0.history.value(Series::GdLoss, row)).fold(f64::INFINITY, f64::min)
    }
}

/// A chapter, the heading of its card, its claim, and whether the claim holds.
pub type Claim = (&'static str, &'static str, &'static str, fn(&Moment) -> bool);

/// The claims of a card that do not hold, with its numbers; removes all claims of the card from the list.
pub fn broken(
    chapter: &str,
    heading: &str,
    view: &RunView,
    claims: &mut Vec<(&'static str, &'static str)>,
) -> Vec<String> {
    let mut broken = Vec::new();
    for (_, _, what, holds) in CLAIMS.iter().filter(|claim| claim.0 == chapter && claim.1 == heading) {
        let moment = Moment(view);
        let values: Vec<String> = super::chapters()
            .unwrap()
            .iter()
            .filter(|found| found.id == chapter)
            .flat_map(|found| found.cards.iter().filter(|card| card.heading == heading))
            .flat_map(|card| {
                card.numbers().map(|one| format!("{} = {}", one.name(), moment.said(one.name())))
            })
            .collect();
        if !holds(&moment) {
            broken.push(format!("{chapter}, {heading:?} claims: {what}; {}", values.join(", ")));
        }
    }
    claims.retain(|claim| *claim != (chapter, heading));
    broken
}

/// Every card that makes a claim.
pub fn all() -> Vec<(&'static str, &'static str)> {
    CLAIMS.iter().map(|claim| (claim.0, claim.1)).collect()
}

/// Deviation of the central flow's locked eigenvalues from 2/η.
const LOCKED: f64 = 0.005;

const CLAIMS: &[Claim] = &[
    ("quadratics", "Below and above the edge", "left S is above the edge, right below", |m| {
        m.n("S·η/2") > 1.0 && m.said("grows or shrinks") == "grows" && m.said("S above or below") == "above"
    }),
    ("quadratics", "Below and above the edge", "on the right x shrinks", |m| {
        m.n("λ₂·η/2") < 1.0 && m.said("grows or shrinks along u₂") == "shrinks"
    }),
    ("quadratics", "What theory used to ask for", "above the edge the loss grows", |m| {
        m.n("L") > m.n("L start")
    }),
    ("dimensions", "Two directions", "λ₁ is above 2/η, λ₂ below", |m| {
        m.n("S") > m.n("2/η") && m.n("λ₂") < 0.5 * m.n("2/η")
    }),
    ("dimensions", "The sharpest direction decides", "the loss has risen again", |m| {
        m.n("L") > m.n("L lowest")
    }),
    ("stable-region", "A picture from a textbook", "it starts inside the stable region", |m| {
        m.n("start S·η/2") < 1.0
    }),
    ("stable-region", "At the border", "S has reached 2/η", |m| m.n("S·η/2") >= 1.0),
    ("stable-region", "It comes back by itself", "S is below the edge again", |m| m.n("S·η/2") < 1.0),
    ("stable-region", "And again", "a cycle is complete; S goes above the edge, and not far", |m| {
        m.n("cycles") >= 1.0 && (1.0..1.6).contains(&m.n("overshoot"))
    }),
    ("sharpening", "A real network", "the number of digits is known", |m| m.n("n") >= 100.0),
    (
        "sharpening",
        "At the edge",
        "S has risen to the edge, the loss has fallen and shows nothing of it",
        |m| {
            m.n("S") > 1.5 * m.n("S start")
                && m.n("S·η/2") >= 1.0
                && m.n("L") < m.n("L start")
                && m.n("rises of L") < 1.0
        },
    ),
    ("blow-up", "The moment of crossing", "S has reached 2/η, and x is tiny", |m| {
        m.n("S·η/2") >= 1.0 && m.n("|x|") < 0.01
    }),
    ("blow-up", "The loss goes up", "the step went uphill, and x has grown", |m| {
        m.n("L") > m.n("L before") && m.n("|x|") > 0.01
    }),
    ("magic", "The peak", "S has fallen from its highest", |m| {
        m.n("overshoot") > 1.0 && m.n("⟨S⟩·η/2") < m.n("overshoot") && m.n("edge step") < m.n("step")
    }),
    ("magic", "The loss returns", "the loss is below all before the crossing, cycles are complete", |m| {
        m.n("cycles") >= 1.0 && m.n("L") < m.lowest_before(m.n("edge step"))
    }),
    ("magic", "Half the learning rate", "the edge is as much higher as η is smaller, and reached", |m| {
        m.near("times higher", 2.0, 1e-9) && m.n("S·η/2") >= 1.0
    }),
    ("magic", "The same again", "S stays near the new edge", |m| m.near("⟨S⟩·η/2", 1.0, 0.05)),
    ("everywhere", "A vision transformer arrives", "S has risen to the edge", |m| {
        m.n("S·η/2") >= 1.0 && m.n("S start") < m.n("S")
    }),
    ("third-term", "The terms, now", "it oscillates, about a point that is sharper than w(t)", |m| {
        m.n("x").abs() > 1e-3 && (1.0..1.25).contains(&(m.n("⟨S⟩·η/2") / m.n("S(w(t))·η/2")))
    }),
    ("third-term", "A push on the sharpness", "the oscillation is strong, and S falls", |m| {
        m.said("S rises or falls") == "falls"
    }),
    ("cycle", "At its strongest", "S has come down from its highest", |m| {
        m.n("overshoot") > 1.0 && m.n("⟨S⟩·η/2") < m.n("overshoot")
    }),
    ("cycle", "In slow motion, looped", "S peaks above the edge and falls", |m| {
        m.n("cycle peak S·η/2") > 1.0 && m.n("cycle drop") > 1.0
    }),
    ("cycle", "From orbit to orbit", "there are cycles to compare", |m| m.n("cycles") >= 2.0),
    ("several", "The second one", "S is at the edge, λ₂ still below", |m| {
        m.near("S·η/2", 1.0, 0.2) && m.n("λ₂·η/2") < 1.0
    }),
    ("several", "Two", "λ₂ has reached 2/η", |m| m.n("λ₂") >= m.n("2/η")),
    ("several", "Three", "three eigenvalues have reached the edge", |m| {
        m.n("λ₃·η/2") >= 1.0 && m.n("k") >= 3.0
    }),
    ("several", "Held together", "none leaves", |m| {
        ["S·η/2", "λ₂·η/2", "λ₃·η/2"].iter().all(|name| m.near(name, 1.0, 0.1)) && m.n("overshoot") < 1.3
    }),
    ("several", "Held together", "the largest is mostly a little above the edge", |m| {
        let sharpness = |row| m.0.history.value(Series::GdLambda(0), row);
        let above = (0..620).filter(|&row| sharpness(row) > Some(m.n("2/η"))).count();
        above > 310
    }),
    ("gradient-flow", "The parting", "both were the same up to here", |m| m.n("distance to the flow") < 1e-2),
    ("gradient-flow", "Somewhere else", "the flow is far and sharp, the central flow near", |m| {
        m.n("S of the flow·η/2") > 1.5 && m.n("distance to the flow") > 3.0 * m.n("distance")
    }),
    ("gradient-flow", "Why it ends early", "it has ended, above the limit of the chapter", |m| {
        m.n("end of the flow") < m.n("step") && m.n("ηS at the end of the flow") > 4.0
    }),
    (
        "central-flow-one",
        "Compare",
        "S is locked, σ² is about what is measured, GD is nearer than to the flow",
        |m| {
            m.near("S(w(t))·η/2", 1.0, LOCKED)
                && m.near("σ₁²", m.n("⟨x²⟩"), 0.2)
                && m.n("distance") < m.n("distance to the flow")
        },
    ),
    ("central-flow-many", "A matrix of variances", "nothing oscillates", |m| m.n("first rank Σ") == 0.0),
    ("central-flow-many", "Rank one", "one eigenvalue is locked, the second is below", |m| {
        m.n("rank Σ") == 1.0 && m.near("S(w(t))·η/2", 1.0, LOCKED) && m.n("λ₂(w(t))·η/2") < 0.99
    }),
    ("central-flow-many", "Rank two", "two are locked, the third is below", |m| {
        m.n("rank Σ") == 2.0
            && m.near("λ₂(w(t))·η/2", 1.0, LOCKED)
            && m.n("λ₃(w(t))·η/2") < 0.995
            && m.n("σ₂²") > 0.0
    }),
    ("central-flow-many", "Rank three", "three are locked", |m| {
        m.n("rank Σ") == 3.0
            && ["S(w(t))·η/2", "λ₂(w(t))·η/2", "λ₃(w(t))·η/2"].iter().all(|name| m.near(name, 1.0, LOCKED))
            && m.n("σ₃²") > 0.0
    }),
    (
        "central-flow-many",
        "Chaos, followed",
        "GD is much nearer than to the flow, which was nearer before",
        |m| {
            let at = |series| m.0.history.value(series, 140).unwrap_or(f64::NAN);
            let (central, flow) = (at(Series::DistanceGdCf), at(Series::DistanceGdGf));
            m.n("rank Σ") >= 2.0 && m.n("times nearer") > 2.0 && flow < central && flow > 0.7 * central
        },
    ),
    ("covariance", "Along each of the three", "each prediction is about what is measured", |m| {
        [("σ₁²", "⟨x²⟩"), ("σ₂²", "⟨x₂²⟩"), ("σ₃²", "⟨x₃²⟩")]
            .iter()
            .all(|(predicted, measured)| m.near(predicted, m.n(measured), 0.6))
    }),
    ("true-process", "The trend", "gradient descent's loss rises, the central flow's does not", |m| {
        m.n("rises of L") > 20.0 && m.n("rises of L(w(t))") == 0.0
    }),
    ("loss", "Valley floor", "the central flow's loss falls at every step", |m| {
        m.n("rises of L(w(t))") == 0.0 && m.n("rises of L") > 5.0
    }),
    ("loss", "Valley walls", "the prediction is right within some percent", |m| {
        m.n("trΣ/η") > 0.0 && m.n("error of L") < 5.0
    }),
    ("loss", "Averaging the weights", "averaging lowers the loss to that of the central flow", |m| {
        let (raw, average, flow) = (m.n("L"), m.n("L of the average"), m.n("L(w(t))"));
        average < raw && (average - flow).abs() < 0.1 * (raw - flow)
    }),
    ("gradient-norm", "Mostly bouncing", "most of the gradient is bouncing, as predicted", |m| {
        m.n("share of the bounce") > 50.0 && m.near("predicted ‖∇L‖²", m.n("⟨‖∇L‖²⟩"), 0.2)
    }),
    ("gradient-norm", "A small lesson", "the central flow's gradient is small", |m| {
        m.n("‖∇L(w(t))‖²") < 0.5 * m.n("‖∇L‖²")
    }),
    ("networks", "At the edge", "S has reached 2/η", |m| m.n("S·η/2") >= 1.0),
    ("networks", "The prediction", "it is right within a tenth", |m| m.n("error of L") < 10.0),
    ("limits", "A start above the edge", "nothing can be predicted there", |m| {
        m.n("start S·η/2") > 1.0
            && m.said("verdict") == "does not hold"
            && m.said("why").contains("above 2/η")
    }),
    ("limits", "After the leap", "S has come below the edge", |m| m.n("S·η/2") < 1.05),
    ("limits", "Kinks", "the run is at the edge, and the kinks are a reservation", |m| {
        m.n("edge step") < m.n("step") && m.said("verdict") != "holds" && !m.said("why").is_empty()
    }),
    (
        "limits",
        "A learning rate too large",
        "several eigenvalues were above the edge, and it does not hold",
        |m| m.n("most k") >= 2.0 && m.n("overshoot") > 1.3 && m.said("verdict") == "does not hold",
    ),
];
