//! Lines of equal value on a grid, and the part of a cell below a level: marching squares.
//!
//! Values are linear between two nodes. A cell with a node that is not finite has no lines and no parts. In a saddle
//! the mean of the four nodes determines which corners belong together.

use crate::picture::view::scene::SceneGrid;
use std::collections::HashMap;

/// The lines on which a grid has the value `level`, in plane coordinates. A closed line ends where it begins. Lines
/// end at the border and at omitted cells.
pub fn contour(grid: &SceneGrid, level: f32) -> Vec<Vec<[f32; 2]>> {
    let mut pieces = Pieces::default();
    for row in 1..grid.rows {
        for column in 1..grid.columns {
            cell(grid, [column - 1, row - 1], level, &mut pieces);
        }
    }
    pieces.join()
}

/// An edge between two neighbouring nodes: the lower node's index, and whether the edge runs along the rows
/// (upwards).
type Edge = (usize, bool);

/// The pieces of lines in the cells, by the edges at which they end.
#[derive(Default)]
struct Pieces {
    crossings: HashMap<Edge, [f32; 2]>,
    ends: HashMap<Edge, [Option<Edge>; 2]>,
    order: Vec<Edge>,
}

impl Pieces {
    fn add(&mut self, from: (Edge, [f32; 2]), to: (Edge, [f32; 2])) {
        for ((edge, at), (other, _)) in [(from, to), (to, from)] {
            self.crossings.insert(edge, at);
            let ends = self.ends.entry(edge).or_insert_with(|| {
                self.order.push(edge);
                [None; 2]
            });
            if let Some(free) = ends.iter_mut().find(|end| end.is_none()) {
                *free = Some(other);
            }
        }
    }

    /// Joins pieces that share an edge: open lines first, from their ends, then closed ones.
    fn join(mut self) -> Vec<Vec<[f32; 2]>> {
        let order = std::mem::take(&mut self.order);
        let mut lines = Vec::new();
        for closed in [false, true] {
            for &start in &order {
                let open = self.ends.get(&start).is_some_and(|ends| ends.iter().flatten().count() == 1);
                if self.ends.contains_key(&start) && (open || closed) {
                    lines.push(self.follow(start));
                }
            }
        }
        lines
    }

    fn follow(&mut self, start: Edge) -> Vec<[f32; 2]> {
        let mut line = vec![self.crossings[&start]];
        let mut at = start;
        let mut ends = self.ends.remove(&start).unwrap_or_default();
        loop {
            let Some(next) = ends.into_iter().flatten().find(|next| self.ends.contains_key(next)) else {
                // Back at the beginning of a closed line?
                if line.len() > 2 && ends.contains(&Some(start)) && at != start {
                    line.push(line[0]);
                }
                return line;
            };
            line.push(self.crossings[&next]);
            at = next;
            ends = self.ends.remove(&next).unwrap_or_default();
        }
    }
}

/// The nodes of a cell, anticlockwise from the lower left.
fn corners([column, row]: [usize; 2]) -> [[usize; 2]; 4] {
    [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]]
}

fn cell(grid: &SceneGrid, at: [usize; 2], level: f32, pieces: &mut Pieces) {
    let corners = corners(at);
    let values = corners.map(|[column, row]| grid.at(column, row));
    if values.iter().any(|value| !value.is_finite()) {
        return;
    }
    let below = values.map(|value| value < level);
    let crossing = |side: usize| {
        let (from, to) = (side, (side + 1) % 4);
        (below[from] != below[to]).then(|| {
            // Both cells at an edge compute its crossing from the same end, to the same bits.
            let (from, to) = if corners[from] < corners[to] { (from, to) } else { (to, from) };
            let edge = (corners[from][1] * grid.columns + corners[from][0], side % 2 == 1);
            let [a, b] = [from, to].map(|corner| grid.node(corners[corner][0], corners[corner][1]));
            (edge, between(a, b, values[from], values[to], level))
        })
    };
    let sides: Vec<_> = (0..4).filter_map(crossing).collect();
    match sides[..] {
        [a, b] => pieces.add(a, b),
        [a, b, c, d] => {
            // Side i lies between corners i and i + 1: the pieces cut off corners 1 and 3, or 0 and 2.
            let middle = 0.25 * values.iter().sum::<f32>() < level;
            if middle == below[0] {
                pieces.add(a, b);
                pieces.add(c, d);
            } else {
                pieces.add(b, c);
                pieces.add(d, a);
            }
        }
        _ => {}
    }
}

/// The position between two nodes at which the value is `level`.
fn between(a: [f32; 2], b: [f32; 2], value_a: f32, value_b: f32, level: f32) -> [f32; 2] {
    let share = ((level - value_a) / (value_b - value_a)).clamp(0.0, 1.0);
    [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])]
}

/// One corner of a part of a cell: its position within the cell, 0 to 1 along both axes.
pub type Corner = [f32; 2];

/// Cuts a cell along a level: polygons, each with a flag for at or below the level. `values` are those of the nodes,
/// anticlockwise from the lower left, all finite.
pub fn parts(values: [f32; 4], level: f32, out: &mut Vec<(bool, Vec<Corner>)>) {
    const UNIT: [Corner; 4] = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
    out.clear();
    let below = values.map(|value| value <= level);
    if below == [below[0]; 4] {
        out.push((below[0], UNIT.to_vec()));
        return;
    }
    let saddle = below[0] == below[2] && below[1] == below[3];
    if saddle {
        let middle = 0.25 * values.iter().sum::<f32>() <= level;
        // The corners on the other side of the level than the middle are cut off; the rest is one part.
        let mut rest = Vec::new();
        for corner in 0..4 {
            let (before, after) = ((corner + 3) % 4, (corner + 1) % 4);
            let cut = |other: usize| between(UNIT[corner], UNIT[other], values[corner], values[other], level);
            if below[corner] == middle {
                rest.push(UNIT[corner]);
            } else {
                let ends = [cut(before), cut(after)];
                out.push((below[corner], vec![ends[0], UNIT[corner], ends[1]]));
                rest.extend(ends);
            }
        }
        out.push((middle, rest));
        return;
    }
    for side in [true, false] {
        let mut part = Vec::new();
        for corner in 0..4 {
            let next = (corner + 1) % 4;
            if below[corner] == side {
                part.push(UNIT[corner]);
            }
            if below[corner] != below[next] {
                part.push(between(UNIT[corner], UNIT[next], values[corner], values[next], level));
            }
        }
        out.push((side, part));
    }
}

#[cfg(test)]
mod tests;
