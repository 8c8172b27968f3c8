//! The stored data of the paths: weights of the newest steps, earlier anchors, and a sketch of every step,
//! each within a memory budget.

use super::row::{PROCESSES, Row};
use super::sketch::Sketch;
use std::collections::VecDeque;
use std::sync::Arc;

/// Largest number of anchors.
const ANCHORS: usize = 64;

/// Initial number of steps between two anchors.
const ANCHOR_STEPS: usize = 16;

/// Thinning factor of the sketches. It is odd, because gradient descent at the edge alternates between two
/// walls: every third step still shows both.
const THINNING: usize = 3;

/// Memory budgets of a [`Trail`], in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Weights of the newest steps. The oldest are dropped first; the newest step is always kept.
    pub rows: usize,
    /// Anchors. Every second anchor is dropped when the budget is exceeded. A budget for fewer than two
    /// anchors disables them.
    pub anchors: usize,
    /// Sketches. Two of every three are dropped when the budget is exceeded.
    pub sketches: usize,
}

impl Default for Budget {
    /// 192 MiB of weights (about 4,800 steps of the MLP on digits), 64 MiB of anchors, and 128 MiB of
    /// sketches (about 43,000 steps before the first thinning).
    fn default() -> Self {
        Self { rows: 192 << 20, anchors: 64 << 20, sketches: 128 << 20 }
    }
}

/// The stored data of the paths of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Trail {
    budget: Budget,
    /// Consecutive steps in ascending order.
    rows: VecDeque<Arc<Row>>,
    rows_bytes: usize,
    /// Anchors in ascending order. Anchors among the newest steps are also in `rows`.
    anchors: Vec<Arc<Row>>,
    anchors_bytes: usize,
    anchor_steps: usize,
    sketches: Option<Sketches>,
}

/// Sketches of every `stride`-th step, starting at `first`.
#[derive(Clone, Debug, PartialEq)]
struct Sketches {
    sketch: Sketch,
    first: usize,
    stride: usize,
    /// Sketches; NaN if a process is absent. Shape `[count, processes, width]`.
    numbers: Vec<f32>,
}

impl Trail {
    /// An empty trail.
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

    /// Appends the next step. A step out of order restarts the trail.
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
            // A step without processes is not stored before the first sketch, and is stored as absent after
            // it.
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

    /// Prepends the trail `earlier` of the same run, which must end where this trail begins. Nothing changes
    /// if a step is missing in between, or if the strides of the sketches are incompatible.
    pub fn precede(&mut self, earlier: &Self) {
        if self.rows.is_empty() && self.sketches.is_none() {
            // no step has been taken yet: all steps are still to come
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

    /// The first step to store in an earlier trail that ends at step `end`, for `dim` parameters. With this
    /// choice the sketches of both trails can be joined after any thinning.
    pub fn first_before(end: usize, dim: usize, budget: Budget) -> usize {
        let step = PROCESSES.len() * Sketch::new(dim).width() * size_of::<f32>();
        let mut stride = 1;
        while (end / stride).saturating_mul(step) > budget.sketches {
            stride *= THINNING;
        }
        end % stride
    }

    /// The weights at a step, if stored.
    pub fn row(&self, step: usize) -> Option<&Arc<Row>> {
        let first = self.rows.front()?.step();
        self.rows.get(step.checked_sub(first)?)
    }

    /// The weights of the newest step; `None` for an empty trail.
    pub fn newest(&self) -> Option<&Arc<Row>> {
        self.rows.back()
    }

    /// At most `most` consecutive stored steps around a stored step, centred on it if there are enough steps
    /// on both sides.
    pub fn window(&self, step: usize, most: usize) -> Vec<Arc<Row>> {
        let Some(place) = self.row(step).zip(self.rows.front()).map(|(row, first)| row.step() - first.step())
        else {
            return Vec::new();
        };
        let count = most.min(self.rows.len());
        let begin = place.saturating_sub(count / 2).min(self.rows.len() - count);
        self.rows.range(begin..begin + count).cloned().collect()
    }

    /// The first step for which data is stored.
    pub fn first_step(&self) -> Option<usize> {
        let sketched = self.sketches.as_ref().map(|sketches| sketches.first);
        sketched.or_else(|| self.rows.front().map(|row| row.step()))
    }

    /// At most `most` steps with weights, distributed evenly over the run.
    pub fn sample(&self, most: usize) -> Vec<Arc<Row>> {
        let mut all = self.anchors.clone();
        let last = all.last().map(|row| row.step());
        // newer steps since the last anchor, at the spacing of the anchors, or finer if there are few anchors
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

    /// The anchors in ascending order.
    pub fn anchors(&self) -> &[Arc<Row>] {
        &self.anchors
    }

    /// The projection that computes the sketches; `None` before the first step.
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

    /// Number of steps between consecutive sketches.
    pub fn stride(&self) -> usize {
        self.sketches.as_ref().map_or(1, |sketches| sketches.stride)
    }

    /// The sketch of a process, given its index in [`PROCESSES`], at the i-th sketched step; NaN if the
    /// process is absent. Shape `[width]`.
    ///
    /// # Panics
    /// If `i` is not below [`Trail::sketched`].
    pub fn sketch_of(&self, i: usize, process: usize) -> &[f32] {
        self.sketches.as_ref().map_or(&[], |sketches| sketches.of(i, process))
    }

    /// Total memory in bytes, including reserved capacity.
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

    /// Reserves memory for one more step by doubling the capacity, up to `budget` bytes plus this step.
    fn make_room(&mut self, budget: usize) {
        let (len, step) = (self.numbers.len(), self.row_len());
        if self.numbers.capacity() < len + step {
            let most = (budget / size_of::<f32>() + step).max(len + step);
            self.numbers.reserve_exact((2 * len + step).min(most) - len);
        }
    }

    /// Thins the sketches to the given stride (and phase), unless they are coarser already.
    fn coarsen(&mut self, step: usize, stride: usize) {
        if stride <= self.stride {
            return;
        }
        // distance from the first step of these sketches to the next step of the other sketches
        let ahead = (step % stride + stride - self.first % stride) % stride;
        let skipped = (ahead / self.stride).min(self.count());
        self.numbers.drain(..skipped * self.row_len());
        self.first += skipped * self.stride;
        while self.stride < stride {
            self.thin();
        }
    }

    /// Appends the sketches `after`, replacing sketches of the same steps. Returns whether the two sequences
    /// are compatible.
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

    /// Two parameters: the step, and the wall at which gradient descent is.
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
            // a sketch of this trail has 24 bytes, and the allocated capacity counts
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
        // thinned by an odd factor, so that both walls are still visible
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
        // with two parameters a sketch takes 24 bytes
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
            // for steps of both trails the later trail is used
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
            // the trail continues, and a repeated prepend has no effect
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
