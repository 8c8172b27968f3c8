//! Contours of arbitrary grids, and of grids whose contours are known in closed form.

use super::*;
use proptest::prelude::*;

fn grid(columns: usize, rows: usize, value: impl Fn(f32, f32) -> f32) -> SceneGrid {
    let mut grid = SceneGrid { x: -2.0..2.0, y: -1.0..3.0, columns, rows, values: Vec::new() };
    for row in 0..rows {
        for column in 0..columns {
            let [x, y] = grid.node(column, row);
            grid.values.push(value(x, y));
        }
    }
    grid
}

#[test]
fn a_circle_is_one_closed_line_of_its_radius() {
    let grid = grid(65, 65, |x, y| x * x + (y - 1.0) * (y - 1.0));
    let lines = contour(&grid, 1.44);
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(line.first(), line.last());
    for [x, y] in line {
        let radius = x.hypot(y - 1.0);
        assert!((radius - 1.2).abs() < 1e-3, "{radius}");
    }
    let length: f32 =
        line.windows(2).map(|ends| (ends[1][0] - ends[0][0]).hypot(ends[1][1] - ends[0][1])).sum();
    assert!((length - std::f32::consts::TAU * 1.2).abs() < 0.01, "{length}");
}

#[test]
fn a_slope_is_cut_from_border_to_border() {
    let grid = grid(5, 9, |x, _| x);
    let lines = contour(&grid, 0.25);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].len(), 9);
    assert!(lines[0].iter().all(|at| (at[0] - 0.25).abs() < 1e-6));
}

#[test]
fn a_hole_breaks_a_line() {
    let mut grid = grid(5, 9, |x, _| x);
    grid.values[4 * 5 + 2] = f32::NAN;
    assert_eq!(contour(&grid, 0.25).len(), 2);
    assert!(contour(&SceneGrid::default(), 0.0).is_empty());
}

fn area(part: &[Corner]) -> f32 {
    let next = part.iter().cycle().skip(1);
    0.5 * part.iter().zip(next).map(|(a, b)| a[0] * b[1] - a[1] * b[0]).sum::<f32>()
}

proptest! {
    #[test]
    fn lines_part_what_is_below_from_what_is_above(
        values in prop::collection::vec(-3i8..4, 42),
        hole in prop::option::of(0usize..42),
        level in -2.9f32..3.0,
    ) {
        prop_assume!(level.fract() != 0.0);
        let mut grid = SceneGrid { x: 0.0..5.0, y: 0.0..6.0, columns: 6, rows: 7, values: Vec::new() };
        grid.values = values.iter().map(|&value| f32::from(value)).collect();
        if let Some(hole) = hole {
            grid.values[hole] = f32::NAN;
        }
        let lines = contour(&grid, level);
        // Every edge between finite nodes on two sides of the level, with a finite cell next to it, is crossed once.
        let finite = |column: usize, row: usize| {
            corners([column, row]).iter().all(|&[c, r]| grid.at(c, r).is_finite())
        };
        let mut crossed = 0;
        for row in 0..7_usize {
            for column in 0..6_usize {
                for (to, sides) in [
                    ([column + 1, row], [(column, row), (column, row.wrapping_sub(1))]),
                    ([column, row + 1], [(column, row), (column.wrapping_sub(1), row)]),
                ] {
                    if to[0] < 6 && to[1] < 7
                        && (grid.at(column, row) < level) != (grid.at(to[0], to[1]) < level)
                        && sides.iter().any(|&(c, r)| c < 5 && r < 6 && finite(c, r))
                    {
                        crossed += 1;
                    }
                }
            }
        }
        let distinct: usize = lines
            .iter()
            .map(|line| line.len() - usize::from(line.len() > 2 && line.first() == line.last()))
            .sum();
        prop_assert_eq!(distinct, crossed, "{:?}", lines);
        // An open line ends at the border or at a hole.
        for line in &lines {
            prop_assert!(line.len() > 1);
            if line.first() == line.last() || hole.is_some() {
                continue;
            }
            for [x, y] in [line[0], line[line.len() - 1]] {
                prop_assert!(x == 0.0 || y == 0.0 || x == 5.0 || y == 6.0, "{} {}", x, y);
            }
        }
    }

    #[test]
    fn parts_of_a_cell_fill_it(values in prop::array::uniform4(-2i8..3), level in -1.9f32..2.0) {
        let mut out = Vec::new();
        let values = values.map(f32::from);
        parts(values, level, &mut out);
        let areas: Vec<f32> = out.iter().map(|(_, part)| area(part)).collect();
        prop_assert!(areas.iter().all(|&area| area >= -1e-6), "{:?}", out);
        prop_assert!((areas.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{:?}", out);
        let bilinear = |[x, y]: Corner| {
            values[0] * (1.0 - x) * (1.0 - y) + values[1] * x * (1.0 - y) + values[2] * x * y
                + values[3] * (1.0 - x) * y
        };
        for (below, part) in &out {
            for &corner in part.iter().filter(|corner| corner.iter().all(|x| *x == 0.0 || *x == 1.0)) {
                let value = bilinear(corner);
                prop_assert!(value == level || (value <= level) == *below, "{:?}", out);
            }
        }
    }
}
