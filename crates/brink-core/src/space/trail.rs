//! What paths are drawn from: the weights of the newest steps, anchors from before, and a sketch of every step, each within
//! a budget of memory.

use super::row::{PROCESSES, Row};
use super::sketch::Sketch;
use std::collections::VecDeque;
use std::sync::Arc;

/// Most anchors.
const ANCHORS: usize = 64;

/// Steps between two anchors at first.
const ANCHOR_STEPS: usize = 16;

/// By how much thinning thins. It is odd: gradient descent at the edge jumps between two walls, and a third of its steps
/// still shows both.
const THINNING: usize = 3;

/// Bytes that a trail may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Weights of the newest steps; beyond it the oldest go. The newest is always kept.
    pub rows: usize,
    /// Anchors; beyond it every other one goes. There are none where it holds fewer than two.
    pub anchors: usize,
    /// Sketches; beyond it two of three go.
    pub sketches: usize,
}

impl Default for Budget {
    /// 192 MiB of weights, some 4,800 steps of the digits MLP; 64 MiB of anchors; 128 MiB of sketches, some 43,000 steps
    /// before the first thinning.
    fn default() -> Self {
        Self { rows: 192 << 20, anchors: 64 << 20, sketches: 128 << 20 }
    }
}

/// What is kept of the paths.
#[derive(Clone, Debug, PartialEq)]
pub struct Trail {
    budget: Budget,
    /// Consecutive steps, the newest last.
    rows: VecDeque<Arc<Row>>,
    rows_bytes: usize,
    /// Ascending in steps; those of the newest steps are in `rows` too.
    anchors: Vec<Arc<Row>>,
    anchors_bytes: usize,
    anchor_steps: usize,
    sketches: Option<Sketches>,
}

/// Sketches of every `stride`-th step from `first` on.
#[derive(Clone, Debug, PartialEq)]
struct Sketches {
    sketch: Sketch,
    first: usize,
    stride: usize,
    /// Shape `[count, processes, width]`; NaN where a process is absent.
    numbers: Vec<f32>,
}

impl Trail {
    /// Nothing kept yet.
    pub fn new(budget: Budget) -> Self {
        Self {
            budget,
            rows: VecDeque::new(),
            rows_bytes: 0,
            anchors: Vec::new(),
            anchors_bytes: 0,
            anchor_steps: ANCHOR_STEPS,
            sketches: None,
        }
    }

    /// Takes in the next step; a step out of order begins anew.
    pub fn push(&mut self, row: Row) {
        let next = self.rows.back().map_or(row.step(), |last| last.step() + 1);
        if row.step() != next {
            *self = Self::new(self.budget);
        }
        self.sketch(&row);
        let row = Arc::new(row);
        if row.step().is_multiple_of(self.anchor_steps) {
            self.anchor(Arc::clone(&row));
        }
        self.rows_bytes += row.bytes();
        self.rows.push_back(row);
        while self.rows_bytes > self.budget.rows && self.rows.len() > 1 {
            let oldest = self.rows.pop_front();
            self.rows_bytes -= oldest.map_or(0, |row| row.bytes());
        }
    }

    fn anchor(&mut self, row: Arc<Row>) {
        if 2 * row.bytes() > self.budget.anchors {
            return;
        }
        self.anchors_bytes += row.bytes();
        self.anchors.push(row);
        self.thin_anchors();
    }

    fn thin_anchors(&mut self) {
        while self.anchors.len() > ANCHORS || self.anchors_bytes > self.budget.anchors {
            self.anchor_steps *= 2;
            let steps = self.anchor_steps;
            let first = self.anchors[0].step();
            self.anchors.retain(|anchor| anchor.step() == first || anchor.step().is_multiple_of(steps));
            self.anchors_bytes = self.anchors.iter().map(|row| row.bytes()).sum();
        }
    }

    fn sketch(&mut self, row: &Row) {
        let Some(dim) = row.dim() else {
            // A step without any process has no place before the first sketch, and none of its own after it.
            if let Some(sketches) = &mut self.sketches {
                sketches.push(row);
            }
            return;
        };
        let first = row.step();
        let sketches = self.sketches.get_or_insert_with(|| Sketches {
            sketch: Sketch::new(dim),
            first,
            stride: 1,
            numbers: Vec::new(),
        });
        sketches.make_room(self.budget.sketches);
        sketches.push(row);
        while size_of_val(sketches.numbers.as_slice()) > self.budget.sketches && sketches.count() > THINNING {
            sketches.thin();
        }
    }

    /// Takes in what is kept of the same run before the first step of this one, which must follow on it. Nothing changes where
    /// a step is missing between them, or their sketches are of steps that do not meet.
    pub fn precede(&mut self, earlier: &Self) {
        if self.rows.is_empty() && self.sketches.is_none() {
            // no step has been taken since: what follows is still to come
            (self.anchors_bytes, self.anchor_steps) = (earlier.anchors_bytes, earlier.anchor_steps);
            self.anchors.clone_from(&earlier.anchors);
            self.sketches.clone_from(&earlier.sketches);
            self.thin_anchors();
            return;
        }
        let (Some(ours), Some(theirs)) = (&mut self.sketches, &earlier.sketches) else { return };
        if theirs.first >= ours.first || theirs.sketch != ours.sketch {
            return;
        }
        let (mut before, mut after) = (theirs.clone(), ours.clone());
        before.coarsen(after.first, after.stride);
        after.coarsen(before.first, before.stride);
        if !before.join(&after) {
            return;
        }
        while size_of_val(before.numbers.as_slice()) > self.budget.sketches && before.count() > THINNING {
            before.thin();
        }
        *ours = before;
        let first = self.anchors.first().map_or(usize::MAX, |anchor| anchor.step());
        let mut anchors: Vec<Arc<Row>> =
            earlier.anchors.iter().filter(|anchor| anchor.step() < first).cloned().collect();
        anchors.append(&mut self.anchors);
        self.anchor_steps = self.anchor_steps.max(earlier.anchor_steps);
        self.anchors_bytes = anchors.iter().map(|row| row.bytes()).sum();
        self.anchors = anchors;
        self.thin_anchors();
    }

    /// The first step that an earlier stretch which ends at `end` had better keep of `dim` parameters: so that however much
    /// it is thinned, it meets what follows.
    pub fn first_before(end: usize, dim: usize, budget: Budget) -> usize {
        let step = PROCESSES.len() * Sketch::new(dim).width() * size_of::<f32>();
        let mut stride = 1;
        while (end / stride).saturating_mul(step) > budget.sketches {
            stride *= THINNING;
        }
        end % stride
    }

    /// The weights at a step, where they are kept.
    pub fn row(&self, step: usize) -> Option<&Arc<Row>> {
        let first = self.rows.front()?.step();
        self.rows.get(step.checked_sub(first)?)
    }

    /// The newest step.
    pub fn newest(&self) -> Option<&Arc<Row>> {
        self.rows.back()
    }

    /// At most `most` kept steps around a step that is kept, in its middle as far as there are any on both sides.
    pub fn window(&self, step: usize, most: usize) -> Vec<Arc<Row>> {
        let Some(place) = self.row(step).zip(self.rows.front()).map(|(row, first)| row.step() - first.step())
        else {
            return Vec::new();
        };
        let count = most.min(self.rows.len());
        let begin = place.saturating_sub(count / 2).min(self.rows.len() - count);
        self.rows.range(begin..begin + count).cloned().collect()
    }

    /// The first step that anything is known of.
    pub fn first_step(&self) -> Option<usize> {
        let sketched = self.sketches.as_ref().map(|sketches| sketches.first);
        sketched.or_else(|| self.rows.front().map(|row| row.step()))
    }

    /// At most `most` steps with their weights, evenly over the whole run.
    pub fn sample(&self, most: usize) -> Vec<Arc<Row>> {
        let mut all = self.anchors.clone();
        let last = all.last().map(|row| row.step());
        // the rows that came since the last anchor, at the anchors' spacing or finer where there are hardly any anchors
        let spacing = if all.len() < most / 2 { 1 } else { self.anchor_steps };
        all.extend(
            self.rows
                .iter()
                .filter(|row| last.is_none_or(|last| row.step() > last))
                .filter(|row| row.step().is_multiple_of(spacing))
                .cloned(),
        );
        let stride = all.len().div_ceil(most.max(1)).max(1);
        all.into_iter().step_by(stride).collect()
    }

    /// The anchors, ascending in steps.
    pub fn anchors(&self) -> &[Arc<Row>] {
        &self.anchors
    }

    /// What makes the sketches; `None` before the first.
    pub fn sketcher(&self) -> Option<Sketch> {
        self.sketches.as_ref().map(|sketches| sketches.sketch)
    }

    /// Number of sketched steps.
    pub fn sketched(&self) -> usize {
        self.sketches.as_ref().map_or(0, Sketches::count)
    }

    /// The step of the i-th sketch.
    pub fn sketched_step(&self, i: usize) -> usize {
        self.sketches.as_ref().map_or(0, |sketches| sketches.first + i * sketches.stride)
    }

    /// Steps from one sketch to the next.
    pub fn stride(&self) -> usize {
        self.sketches.as_ref().map_or(1, |sketches| sketches.stride)
    }

    /// The sketch of a process, by its place in [`PROCESSES`], in the i-th sketched step. Shape `[width]`; NaN where it is
    /// absent.
    pub fn sketch_of(&self, i: usize, process: usize) -> &[f32] {
        self.sketches.as_ref().map_or(&[], |sketches| sketches.of(i, process))
    }

    /// Bytes of all that is kept, with the room that is held for more.
    pub fn bytes(&self) -> usize {
        let sketches =
            self.sketches.as_ref().map_or(0, |sketches| sketches.numbers.capacity() * size_of::<f32>());
        self.rows_bytes + self.anchors_bytes + sketches
    }
}

impl Sketches {
    fn row_len(&self) -> usize {
        PROCESSES.len() * self.sketch.width()
    }

    fn count(&self) -> usize {
        self.numbers.len() / self.row_len()
    }

    fn of(&self, i: usize, process: usize) -> &[f32] {
        let width = self.sketch.width();
        &self.numbers[i * self.row_len() + process * width..][..width]
    }

    #[expect(clippy::cast_possible_truncation, reason = "a sketch is far less precise than f32")]
    fn push(&mut self, row: &Row) {
        if row.step() != self.first + self.count() * self.stride {
            return;
        }
        let mut w = Vec::new();
        for process in 0..PROCESSES.len() {
            if row.read(process, &mut w) {
                self.numbers.extend(self.sketch.of(w.iter().copied()).iter().map(|&x| x as f32));
            } else {
                self.numbers.extend(std::iter::repeat_n(f32::NAN, self.sketch.width()));
            }
        }
    }

    /// Room for one more step: twice as much as there is, up to `budget` bytes and this step.
    fn make_room(&mut self, budget: usize) {
        let (len, step) = (self.numbers.len(), self.row_len());
        if self.numbers.capacity() < len + step {
            let most = (budget / size_of::<f32>() + step).max(len + step);
            self.numbers.reserve_exact((2 * len + step).min(most) - len);
        }
    }

    /// As thin as sketches of every `stride`-th step, counted from any step, where it is finer.
    fn coarsen(&mut self, step: usize, stride: usize) {
        if stride <= self.stride {
            return;
        }
        // how far its first step is from the next one of theirs
        let ahead = (step % stride + stride - self.first % stride) % stride;
        let skipped = (ahead / self.stride).min(self.count());
        self.numbers.drain(..skipped * self.row_len());
        self.first += skipped * self.stride;
        while self.stride < stride {
            self.thin();
        }
    }

    /// Adds what follows; whether it does, once what is of the same steps is left out.
    fn join(&mut self, after: &Self) -> bool {
        let Some(distance) = after.first.checked_sub(self.first) else { return false };
        let count = distance / self.stride;
        if self.stride != after.stride || !distance.is_multiple_of(self.stride) || self.count() < count {
            return false;
        }
        self.numbers.truncate(count * self.row_len());
        self.numbers.extend_from_slice(&after.numbers);
        true
    }

    fn thin(&mut self) {
        let len = self.row_len();
        let kept = self.count().div_ceil(THINNING);
        for i in 1..kept {
            self.numbers.copy_within(i * THINNING * len..(i * THINNING + 1) * len, i * len);
        }
        self.numbers.truncate(kept * len);
        self.stride *= THINNING;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two parameters: the step, and the wall that gradient descent is at.
    fn row(step: usize) -> Row {
        let w = [step as f64, if step.is_multiple_of(2) { 1.0 } else { -1.0 }];
        Row::new(step, [Some(&w), None, Some(&[step as f64, 0.0])])
    }

    #[test]
    fn everything_stays_within_its_budget_and_is_found() {
        let budget = Budget { rows: 160, anchors: 160, sketches: 2400 };
        let mut trail = Trail::new(budget);
        for step in 5..2000 {
            trail.push(row(step));
            // a sketch of this trail has 24 bytes, and what it was allocated for counts
            assert!(trail.bytes() <= budget.rows + budget.anchors + budget.sketches + 24, "{step}");
        }
        let window = |step: usize, most: usize| -> Vec<usize> {
            trail.window(step, most).iter().map(|row| row.step()).collect()
        };
        // the budget holds ten rows of two processes
        assert_eq!(window(1995, 3), [1994, 1995, 1996]);
        assert_eq!(window(1999, 4), [1996, 1997, 1998, 1999]);
        assert_eq!(window(1999, 100), (1990..2000).collect::<Vec<_>>());
        assert_eq!((window(3, 100), window(1995, 1)), (vec![], vec![1995]));
        assert!(trail.row(1999).is_some() && trail.row(3).is_none() && trail.row(1900).is_none());
        assert_eq!(trail.row(1995).unwrap().step(), 1995);
        // thinned by an odd factor, so that both walls are still there
        assert!(trail.stride() > 1 && !trail.stride().is_multiple_of(2));
        let mut walls = [0_usize; 2];
        for i in 0..trail.sketched() {
            let (step, sketch) = (trail.sketched_step(i), trail.sketch_of(i, 0));
            assert_eq!(sketch, [step as f32, if step.is_multiple_of(2) { 1.0 } else { -1.0 }]);
            assert!(trail.sketch_of(i, 1).iter().all(|x| x.is_nan()));
            walls[step % 2] += 1;
        }
        assert!(walls[0].abs_diff(walls[1]) <= 1 && walls[0] > 10, "{walls:?}");
        let steps: Vec<usize> = trail.anchors().iter().map(|row| row.step()).collect();
        assert!(steps.len() >= 4 && steps[0] == 16 && *steps.last().unwrap() > 1000, "{steps:?}");
        let sample: Vec<usize> = trail.sample(8).iter().map(|row| row.step()).collect();
        assert!(sample.len() <= 8 && sample.is_sorted(), "{sample:?}");
    }

    #[test]
    fn the_default_budget_holds_500_steps_of_the_digits_mlp() {
        let w = vec![0.5; 3466];
        let bytes = Row::new(0, [Some(&w), Some(&w), Some(&w)]).bytes();
        assert!(Budget::default().rows / bytes > 4000);
    }

    #[test]
    fn what_came_before_is_joined_however_much_either_is_thinned() {
        let kept = |steps: std::ops::Range<usize>, sketches: usize| {
            let mut trail = Trail::new(Budget { sketches, ..Budget::default() });
            steps.for_each(|step| trail.push(row(step)));
            trail
        };
        // of two parameters a sketch takes 24 bytes
        for (end, before, after, last) in [
            (50, 9999, 9999, 90),
            (50, 9999, 300, 90),
            (51, 300, 9999, 90),
            (52, 300, 120, 300),
            (400, 120, 900, 500),
        ] {
            let budget = Budget { sketches: before, ..Budget::default() };
            let first = Trail::first_before(end, 2, budget);
            let mut trail = kept(end..last, after);
            // steps of both are those of the later one
            let earlier = kept(first..end + 3, before);
            trail.precede(&earlier);
            let first = trail.first_step().unwrap();
            assert!(first <= end % trail.stride(), "{end} {before} {after}: {first} of {}", trail.stride());
            for i in 0..trail.sketched() {
                assert_eq!(trail.sketch_of(i, 0)[0], trail.sketched_step(i) as f32);
            }
            assert!(trail.sketched_step(trail.sketched() - 1) + trail.stride() >= last, "to its end");
            assert!(size_of_val(trail.sketches.as_ref().unwrap().numbers.as_slice()) <= after.max(72));
            let steps: Vec<usize> = trail.anchors().iter().map(|row| row.step()).collect();
            assert!(steps.is_sorted() && steps[0] < end && steps.len() <= ANCHORS, "{steps:?}");
            // it goes on, and what is joined already is left alone
            trail.push(row(last));
            let whole = format!("{trail:?}");
            trail.precede(&earlier);
            assert_eq!(format!("{trail:?}"), whole);
        }
        let mut trail = kept(50..90, 9999);
        trail.precede(&kept(0..40, 9999));
        assert_eq!(trail.first_step(), Some(50), "ten steps are missing");
    }

    #[test]
    fn a_step_out_of_order_begins_anew() {
        let mut trail = Trail::new(Budget::default());
        (0..20).for_each(|step| trail.push(row(step)));
        trail.push(row(7));
        assert_eq!((trail.sketched(), trail.sketched_step(0), trail.anchors().len()), (1, 7, 0));
    }
}
