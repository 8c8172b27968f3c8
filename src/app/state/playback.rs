//! Slow motion: the cursor plays through the recorded steps at its own speed.

use std::time::Duration;

/// The playback of the cursor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Playback {
    /// Whether the cursor moves.
    pub playing: bool,
    /// Whether it loops over the displayed steps.
    pub looping: bool,
    /// Steps per second; positive. Infinite: every frame shows the next step, and no step is skipped.
    pub speed: f64,
    /// The fraction of a step that has passed since the cursor last moved; in 0..1.
    passed: f64,
}

impl Default for Playback {
    fn default() -> Self {
        Self { playing: false, looping: false, speed: 10.0, passed: 0.0 }
    }
}

impl Playback {
    /// The position of the cursor after `time`, starting at `cursor`, within the steps `first..=last`. At the
    /// end it starts over if it loops, and stops otherwise.
    pub fn advance(&mut self, cursor: usize, [first, last]: [usize; 2], time: Duration) -> usize {
        if !self.playing || last < first {
            return cursor;
        }
        if cursor < first || (cursor > last && self.looping) {
            self.passed = 0.0;
            return first;
        }
        let moved = if self.speed.is_finite() { self.passed + self.speed * time.as_secs_f64() } else { 1.0 };
        self.passed = moved.fract();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
        let next = cursor.saturating_add(moved as usize);
        if next <= last {
            next
        } else if self.looping {
            first + (next - last - 1) % (last - first + 1)
        } else {
            self.playing = false;
            last
        }
    }

    /// The time until the cursor moves next; `None` while it is stopped.
    pub fn due(&self) -> Option<Duration> {
        let seconds = (1.0 - self.passed) / self.speed;
        self.playing.then(|| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playing(looping: bool, speed: f64) -> Playback {
        Playback { playing: true, looping, speed, ..Playback::default() }
    }

    #[test]
    fn parts_of_a_step_add_up() {
        let mut playback = playing(false, 0.5);
        let mut cursor = 3;
        for expected in [3, 4, 4, 5] {
            cursor = playback.advance(cursor, [0, 9], Duration::from_secs(1));
            assert_eq!(cursor, expected);
        }
        assert_eq!(playback.due(), Some(Duration::from_secs(2)));
    }

    #[test]
    fn without_a_limit_every_picture_shows_the_next_step() {
        let mut unlimited = playing(false, f64::INFINITY);
        assert_eq!(unlimited.due(), Some(Duration::ZERO));
        assert_eq!(unlimited.advance(5, [0, 9], Duration::from_secs(7)), 6);
        assert_eq!(unlimited.advance(6, [0, 9], Duration::ZERO), 7);
        let mut looped = playing(true, f64::INFINITY);
        assert_eq!(looped.advance(9, [4, 9], Duration::from_millis(1)), 4);
    }

    #[test]
    fn it_stops_at_the_end_or_starts_anew() {
        let mut once = playing(false, 10.0);
        assert_eq!(once.advance(5, [0, 9], Duration::from_secs(1)), 9);
        assert_eq!((once.playing, once.due()), (false, None));
        let mut looped = playing(true, 1.0);
        assert_eq!(looped.advance(9, [4, 9], Duration::from_secs(1)), 4);
        assert_eq!(looped.advance(20, [4, 9], Duration::from_secs(1)), 4, "outside the loop");
        assert_eq!(looped.advance(1, [4, 9], Duration::from_secs(1)), 4, "before the loop");
        assert!(looped.playing);
    }
}
