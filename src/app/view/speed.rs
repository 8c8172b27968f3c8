//! The slider for the training speed: dragging snaps to notches; any other speed can be typed and is shown as
//! it is.

use super::widgets::{short, slider_ui};
use crate::app::command::Command;
use crate::app::state::Model;
use egui::{Key, Slider, SliderClamping, Ui};

/// The speeds of the notches, in steps per second; beyond the last notch, the speed is unlimited.
const SPEEDS: [f64; 13] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0];

/// The slider position of the last notch.
const LAST: f64 = (SPEEDS.len() - 1) as f64;

/// The slider position of the unlimited speed; positions from half way to it are unlimited too.
const UNLIMITED: f64 = SPEEDS.len() as f64;

/// Minimum speed that can be typed, in steps per second.
const SLOWEST: f64 = 0.01;

pub(super) fn speed_ui(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let named = Command::SetSpeed(model.runs.speed);
    let before = model.runs.speed.map_or(UNLIMITED, place_of);
    let mut place = before;
    // The slider's own stepping and clamping would change every speed between notches as soon as it is drawn.
    let slider = Slider::new(&mut place, 0.0..=UNLIMITED)
        .clamping(SliderClamping::Never)
        .smart_aim(false)
        .update_while_editing(false)
        .custom_formatter(|place, _| {
            speed_of(place).map_or("max".into(), |speed| format!("{} /s", short(speed)))
        })
        .custom_parser(parse);
    if slider_ui(ui, &named, 90.0, slider).changed() {
        let (pointer, keys) = ui.input(|input| {
            let count = |keys: [Key; 2]| keys.map(|key| input.num_presses(key)).iter().sum::<usize>() as f64;
            let keys = count([Key::ArrowRight, Key::ArrowUp]) - count([Key::ArrowLeft, Key::ArrowDown]);
            (input.pointer.any_down() || input.pointer.any_released(), keys)
        });
        let place = match (pointer, keys) {
            (true, _) => place.round(),
            (false, keys) if keys > 0.0 => (before.floor() + keys).min(UNLIMITED),
            (false, keys) if keys < 0.0 => (before.ceil() + keys).max(0.0),
            (false, _) => place,
        };
        let speed = speed_of(place);
        if speed != model.runs.speed {
            commands.push(Command::SetSpeed(speed));
        }
    }
}

/// The slider position of a speed. A notch has an integer position, and the scale between notches is
/// logarithmic. Speeds below the first notch lie below 0; speeds above the last notch lie less than half a
/// notch above it.
fn place_of(speed: f64) -> f64 {
    let [slowest, fastest] = [SPEEDS[0], SPEEDS[SPEEDS.len() - 1]];
    if speed <= slowest {
        return (speed / slowest).log2();
    }
    if speed >= fastest {
        return LAST + 0.5 * (1.0 - fastest / speed);
    }
    let above = SPEEDS.partition_point(|&notch| notch < speed);
    let (low, high) = (SPEEDS[above - 1], SPEEDS[above]);
    (above - 1) as f64 + (speed / low).ln() / (high / low).ln()
}

/// The speed at a slider position, rounded to six digits; `None` if unlimited.
fn speed_of(place: f64) -> Option<f64> {
    let speed = if place >= LAST + 0.5 {
        return None;
    } else if place >= LAST {
        SPEEDS[SPEEDS.len() - 1] / (1.0 - 2.0 * (place - LAST))
    } else if place <= 0.0 {
        SPEEDS[0] * place.exp2()
    } else {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two notches")]
        let below = place as usize;
        let (low, high) = (SPEEDS[below], SPEEDS[below + 1]);
        low * (high / low).powf(place.fract())
    };
    format!("{speed:.5e}").parse().ok()
}

/// The slider position of a typed speed.
fn parse(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches("/s").trim();
    if matches!(text, "max" | "∞" | "inf") {
        return Some(UNLIMITED);
    }
    let speed: f64 = text.parse().ok()?;
    (speed.is_finite() && speed >= SLOWEST).then(|| place_of(speed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_survive_the_slider() {
        for speed in
            SPEEDS.into_iter().chain([0.01, 0.07, 0.3, 3.0, 4.0, 7.5, 15.0, 40.0, 60.0, 999.0, 2500.0, 1e6])
        {
            assert_eq!(speed_of(place_of(speed)), Some(speed));
            assert_eq!(parse(&format!("{speed} /s")).map(speed_of), Some(Some(speed)));
        }
        assert_eq!(speed_of(UNLIMITED), None);
        for (place, speed) in SPEEDS.into_iter().enumerate() {
            assert_eq!(place_of(speed), place as f64, "a notch");
        }
        assert_eq!(parse("max").map(speed_of), Some(None));
        for refused in ["-1", "0", "nan", "0.001", "fast"] {
            assert_eq!(parse(refused), None);
        }
    }
}
