//! One append-only column of numbers with a min–max pyramid, so that querying a range takes logarithmic time and
//! drawing it takes time proportional to pixels, not rows.
//!
//! Non-finite contract: a row is absent (not computed), NaN, infinite or finite. All four are returned as stored.
//! Extremes use finite values only; in a polyline everything else is a gap.

use super::chunks::{CHUNK, Chunks};
use std::ops::Range;

/// Rows below one node of the lowest level. Buckets smaller than this are scanned; larger ones are single nodes.
const BLOCK: usize = 32;

/// The bit pattern that stands for "not computed": a quiet NaN that no arithmetic produces. Incoming NaNs are
/// replaced by the canonical one.
const ABSENT: u64 = 0x7ff8_ab5e_0ab5_e000;

/// No row.
const NONE: u32 = u32::MAX;

/// Summary of a range of rows: the positions of its finite extremes, and its first row without a finite value.
#[derive(Clone, Copy, Debug)]
struct Summary {
    min: f64,
    max: f64,
    min_row: u32,
    max_row: u32,
    gap_row: u32,
}

impl Summary {
    const EMPTY: Self =
        Self { min: f64::INFINITY, max: f64::NEG_INFINITY, min_row: NONE, max_row: NONE, gap_row: NONE };

    fn include(&mut self, row: usize, value: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a column holds fewer than 2^32 - 1 rows (see `push`)"
        )]
        let row = row as u32;
        if !value.is_finite() {
            self.gap_row = self.gap_row.min(row);
            return;
        }
        if value < self.min {
            (self.min, self.min_row) = (value, row);
        }
        if value > self.max {
            (self.max, self.max_row) = (value, row);
        }
    }

    fn merge(&mut self, later: &Self) {
        if later.min < self.min {
            (self.min, self.min_row) = (later.min, later.min_row);
        }
        if later.max > self.max {
            (self.max, self.max_row) = (later.max, later.max_row);
        }
        self.gap_row = self.gap_row.min(later.gap_row);
    }

    /// Appends the extremes, and the gap if there is one, in the order of their rows.
    fn draw(&self, out: &mut Vec<[f64; 2]>) {
        let mut points = [(self.min_row, self.min), (self.max_row, self.max), (self.gap_row, f64::NAN)];
        points.sort_unstable_by_key(|&(row, _)| row);
        let mut previous = NONE;
        for (row, value) in points {
            if row != NONE && row != previous {
                draw_point(f64::from(row), value, out);
            }
            previous = row;
        }
    }
}

/// Appends a point; a gap directly after a gap, without a value in between, belongs to the first.
fn draw_point(row: f64, value: f64, out: &mut Vec<[f64; 2]>) {
    if value.is_finite() {
        out.push([row, value]);
    } else if out.last().is_none_or(|last| !last[1].is_nan()) {
        out.push([row, f64::NAN]);
    }
}

/// One level of the pyramid: nodes over `BLOCK << level` rows each, aligned to absolute rows.
#[derive(Clone, Debug, Default)]
struct Level {
    /// Absolute index of the first stored node.
    first: usize,
    nodes: Vec<Summary>,
}

/// An append-only column with its pyramid. Rows before the first value and after the last one are absent and take no
/// memory.
///
/// Appending costs O(log rows), [`Column::extremes`] O(log rows), [`Column::polyline`] O(buckets). Memory is 8 bytes
/// per row, which copies share, and at most 2.5 for the pyramid (times the growth reserve of a vector).
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// Row of the first value, a multiple of `BLOCK`: a block lies in one chunk.
    first: usize,
    values: Chunks,
    levels: Vec<Level>,
}

impl Column {
    /// One row past the last one with a value (or a computed NaN or infinity); 0 for a column without any.
    pub fn end(&self) -> usize {
        if self.values.is_empty() { 0 } else { self.first + self.values.len() }
    }

    /// The first row that is stored; rows before it are absent.
    pub fn start(&self) -> usize {
        self.first
    }

    /// Whether no row was ever set.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Maximum number of rows of a column.
    pub const MOST_ROWS: usize = NONE as usize;

    /// Sets the value of `row`; skipped rows since the last one remain absent.
    ///
    /// # Panics
    /// If `row` precedes the next free row, or does not fit in 32 bits.
    pub fn push(&mut self, row: usize, value: f64) {
        assert!(row >= self.end() && row < NONE as usize, "row {row} after {} rows", self.end());
        if self.values.is_empty() {
            self.first = row - row % BLOCK;
        }
        for absent in self.first + self.values.len()..row {
            self.append(absent, f64::from_bits(ABSENT));
        }
        self.append(row, if value.is_nan() { f64::NAN } else { value });
    }

    fn append(&mut self, row: usize, value: f64) {
        self.values.push(value);
        let (first_block, block) = (self.first / BLOCK, row / BLOCK);
        // As many levels as make the topmost one a single node.
        let wanted = (block ^ first_block).checked_ilog2().map_or(1, |bit| bit as usize + 2);
        while self.levels.len() < wanted {
            self.raise();
        }
        for (height, level) in self.levels.iter_mut().enumerate() {
            if level.first + level.nodes.len() <= block >> height {
                level.nodes.push(Summary::EMPTY);
            }
            if let Some(node) = level.nodes.last_mut() {
                node.include(row, value);
            }
        }
    }

    /// Adds one level above the present ones.
    fn raise(&mut self) {
        let level = match self.levels.last() {
            None => Level { first: self.first / BLOCK, nodes: Vec::new() },
            Some(below) => {
                let first = below.first / 2;
                let mut nodes: Vec<Summary> = Vec::new();
                for (i, node) in below.nodes.iter().enumerate() {
                    let parent = ((below.first + i) >> 1) - first;
                    if parent == nodes.len() {
                        nodes.push(Summary::EMPTY);
                    }
                    nodes[parent].merge(node);
                }
                Level { first, nodes }
            }
        };
        self.levels.push(level);
    }

    /// Removes every row from `rows` on, in O(log rows) plus one step for each absent row before them: a derived
    /// column (a smoothed one) replaces its last rows when their neighbours arrive.
    pub fn truncate(&mut self, rows: usize) {
        if rows >= self.end() {
            return;
        }
        // absent rows at the end were never set
        let last = (self.first..rows).rev().find(|&row| self.get(row).is_some());
        let rows = last.map_or(0, |last| last + 1);
        if rows <= self.first {
            *self = Self::default();
            return;
        }
        self.values.truncate(rows - self.first);
        let last_block = (rows - 1) / BLOCK;
        let mut rest = self.scan(last_block * BLOCK..rows);
        for height in 0..self.levels.len() {
            let node = last_block >> height;
            if height > 0 {
                // The last node of this level: its left child, if the right one is the last, and the remainder of the
                // latter.
                let below = &self.levels[height - 1];
                let left = (node * 2).checked_sub(below.first).map(|i| below.nodes[i]);
                if let (1, Some(mut whole)) = ((last_block >> (height - 1)) % 2, left) {
                    whole.merge(&rest);
                    rest = whole;
                }
            }
            let level = &mut self.levels[height];
            level.nodes.truncate(node + 1 - level.first);
            level.nodes[node - level.first] = rest;
        }
    }

    /// Releases the reserve for future rows.
    pub fn shrink_to_fit(&mut self) {
        self.values.shrink_to_fit();
        self.levels.iter_mut().for_each(|level| level.nodes.shrink_to_fit());
    }

    /// The value at a row; `None` when it is absent.
    pub fn get(&self, row: usize) -> Option<f64> {
        let value = self.values.get(row.checked_sub(self.first)?)?;
        (value.to_bits() != ABSENT).then_some(value)
    }

    /// Smallest and largest finite value among the rows, in O(log rows).
    pub fn extremes(&self, rows: Range<usize>) -> Option<(f64, f64)> {
        let summary = self.summarize(rows);
        (summary.min_row != NONE).then_some((summary.min, summary.max))
    }

    /// A polyline over the rows, (row, value), ascending in row. `out` is cleared first.
    ///
    /// The rows are divided into at most `buckets + 1` buckets, each of 2^j rows and aligned to multiples of its
    /// size, so that a growing line does not shimmer. A bucket contributes its smallest and its largest finite value,
    /// and a point whose value is NaN at its first row without a finite value; neighbouring gaps are one point.
    pub fn polyline(&self, rows: Range<usize>, buckets: usize, out: &mut Vec<[f64; 2]>) {
        out.clear();
        if rows.is_empty() {
            return;
        }
        let size = rows.len().div_ceil(buckets.max(1)).next_power_of_two();
        let (start, end) = (rows.start.max(self.first), rows.end.min(self.end()));
        if start > rows.start || start >= end {
            draw_point(rows.start as f64, f64::NAN, out);
        }
        if size == 1 {
            for row in start..end {
                draw_point(row as f64, self.get(row).unwrap_or(f64::NAN), out);
            }
        } else {
            let mut row = start;
            while row < end {
                let next = (row / size + 1).saturating_mul(size).min(end);
                self.summarize(row..next).draw(out);
                row = next;
            }
        }
        if start < end && end < rows.end {
            draw_point(end as f64, f64::NAN, out);
        }
    }

    /// Maximum number of bytes per number: 8 for itself, 2.5 for the pyramid, and the same again for the growth of
    /// the vectors that hold both, while the column is short.
    pub const BYTES_PER_VALUE: usize = 21;

    /// Maximum number of bytes until more rows arrive: a growing vector takes up to twice its content.
    pub fn most_bytes(&self) -> usize {
        let nodes: usize = self.levels.iter().map(|level| level.nodes.len()).sum();
        // the chunk being filled, and the list of full chunks
        let reserve = if self.is_empty() { 0 } else { CHUNK.min(self.values.len()) * size_of::<f64>() };
        let list = self.values.len() / 64;
        self.values.len() * size_of::<f64>() + list + reserve + 2 * nodes * size_of::<Summary>()
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let nodes: usize = self.levels.iter().map(|level| level.nodes.capacity()).sum();
        self.values.heap_bytes() + nodes * size_of::<Summary>()
    }

    /// The summary of the rows, from the largest aligned nodes that fit.
    fn summarize(&self, rows: Range<usize>) -> Summary {
        let (mut row, end) = (rows.start.max(self.first), rows.end.min(self.end()));
        let mut whole = Summary::EMPTY;
        while row < end {
            let blocks = (end - row) / BLOCK;
            if row.is_multiple_of(BLOCK) && blocks > 0 {
                let block = row / BLOCK;
                let height = (block.trailing_zeros().min(blocks.ilog2()) as usize).min(self.levels.len() - 1);
                let level = &self.levels[height];
                whole.merge(&level.nodes[(block >> height) - level.first]);
                row += BLOCK << height;
            } else {
                let next = (row / BLOCK + 1).saturating_mul(BLOCK).min(end);
                whole.merge(&self.scan(row..next));
                row = next;
            }
        }
        whole
    }

    fn scan(&self, rows: Range<usize>) -> Summary {
        let mut summary = Summary::EMPTY;
        let values = self.values.part(rows.start - self.first..rows.end - self.first);
        for (row, &value) in rows.zip(values) {
            summary.include(row, value);
        }
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::Column;
    use proptest::prelude::*;

    /// Absent, NaN, infinite, or one of a few finite values, so that ties are common.
    fn rows() -> impl Strategy<Value = Vec<Option<f64>>> {
        let row = prop_oneof![
            1 => Just(None),
            1 => Just(Some(f64::NAN)),
            1 => prop_oneof![Just(Some(f64::INFINITY)), Just(Some(f64::NEG_INFINITY))],
            12 => (-8i32..8).prop_map(|v| Some(f64::from(v))),
            6 => (-1e300f64..1e300).prop_map(Some),
        ];
        (0usize..200, prop::collection::vec(row, 0..700))
            .prop_map(|(lead, tail)| std::iter::repeat_n(None, lead).chain(tail).collect())
    }

    fn column(rows: &[Option<f64>]) -> Column {
        let mut column = Column::default();
        for (row, value) in rows.iter().enumerate() {
            if let Some(value) = value {
                column.push(row, *value);
            }
        }
        column
    }

    fn same(a: Option<f64>, b: Option<f64>) -> bool {
        a == b || (a.is_some_and(f64::is_nan) && b.is_some_and(f64::is_nan))
    }

    fn finite(rows: &[Option<f64>]) -> impl Iterator<Item = f64> {
        rows.iter().flatten().copied().filter(|v| v.is_finite())
    }

    fn extremes(rows: &[Option<f64>]) -> Option<(f64, f64)> {
        let (min, max) = (finite(rows).reduce(f64::min)?, finite(rows).reduce(f64::max)?);
        Some((min, max))
    }

    proptest! {
        #[test]
        fn values_come_back_as_they_went_in(rows in rows()) {
            let column = column(&rows);
            for (row, value) in rows.iter().enumerate() {
                prop_assert!(same(column.get(row), *value), "row {row}: {:?} for {value:?}", column.get(row));
            }
            prop_assert_eq!(column.get(rows.len()), None);
        }

        #[test]
        fn extremes_agree_with_a_scan(rows in rows(), a in 0usize..900, b in 0usize..900) {
            let column = column(&rows);
            let (start, end) = (a.min(b), a.max(b));
            let clipped = &rows[start.min(rows.len())..end.min(rows.len())];
            prop_assert_eq!(column.extremes(start..end), extremes(clipped));
        }

        #[test]
        fn a_polyline_keeps_every_extreme_and_every_gap(
            rows in rows(), a in 0usize..900, b in 0usize..900, buckets in 1usize..300,
        ) {
            let column = column(&rows);
            let (start, end) = (a.min(b).min(rows.len()), a.max(b).min(rows.len()));
            let mut line = Vec::new();
            column.polyline(start..end, buckets, &mut line);

            prop_assert!(line.windows(2).all(|pair| pair[0][0] < pair[1][0]), "rows ascend: {line:?}");
            prop_assert!(line.len() <= 3 * (buckets + 1) + 2);
            for &[row, value] in &line {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows are small")]
                let row = row as usize;
                prop_assert!((start..end).contains(&row));
                let recorded = rows[row].filter(|v| v.is_finite());
                prop_assert_eq!(recorded, (!value.is_nan()).then_some(value), "row {}", row);
            }
            if start == end {
                prop_assert!(line.is_empty());
                return Ok(());
            }
            let size = (end - start).div_ceil(buckets).next_power_of_two();
            for bucket in start / size..=(end - 1) / size {
                let range = (bucket * size).max(start)..((bucket + 1) * size).min(end);
                let drawn: Vec<Option<f64>> = line
                    .iter()
                    .filter(|point| point[0] >= range.start as f64 && point[0] < range.end as f64)
                    .map(|point| Some(point[1]))
                    .collect();
                prop_assert_eq!(extremes(&drawn), extremes(&rows[range]), "bucket {}", bucket);
            }
            let gap_in = |row: usize| rows[row].is_none_or(|v| !v.is_finite());
            prop_assert_eq!((start..end).any(gap_in), line.iter().any(|point| point[1].is_nan()));
            // Without decimation the line shows exactly where the gaps are.
            if size == 1 {
                for pair in line.windows(2).filter(|pair| !pair[0][1].is_nan() && !pair[1][1].is_nan()) {
                    prop_assert_eq!(pair[1][0] - pair[0][0], 1.0);
                }
            }
        }

        #[test]
        fn truncating_is_as_if_the_rows_had_never_come(rows in rows(), keep in 0usize..900, a in 0usize..900) {
            let mut cut = column(&rows);
            cut.truncate(keep);
            for (row, value) in rows.iter().enumerate().skip(keep) {
                if let Some(value) = value {
                    cut.push(row, *value);
                }
            }
            let whole = column(&rows);
            prop_assert_eq!(cut.extremes(a..rows.len()), whole.extremes(a..rows.len()));
            cut.truncate(keep);
            let kept = &rows[..keep.min(rows.len())];
            prop_assert_eq!(cut.end(), kept.iter().rposition(Option::is_some).map_or(0, |last| last + 1));
            prop_assert_eq!(cut.extremes(0..rows.len()), extremes(kept));
            prop_assert_eq!(cut.extremes(a..rows.len()), extremes(kept.get(a..).unwrap_or_default()));
        }
    }

    #[test]
    fn a_long_column_costs_little_memory_and_absent_rows_none() {
        let mut column = Column::default();
        for row in 5_000_000..5_262_144 {
            column.push(row, row as f64);
        }
        assert!(column.heap_bytes() <= 2 * 262_176 * 11, "{} bytes", column.heap_bytes());
        assert_eq!(column.extremes(0..usize::MAX), Some((5_000_000.0, 5_262_143.0)));
    }
}
