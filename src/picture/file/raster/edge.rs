//! The edge functions of a triangle.

/// A directed edge a·x + b·y + c in units of 1/256² pixel²; inside is ≥ 0 (with the top-left rule folded into c).
#[derive(Clone, Copy)]
pub(crate) struct Edge {
    pub(super) a: i64,
    pub(super) b: i64,
    pub(super) c: i64,
}

impl Edge {
    pub(crate) fn between([x0, y0]: [i64; 2], [x1, y1]: [i64; 2]) -> Self {
        let (dx, dy) = (x1 - x0, y1 - y0);
        let owns_its_pixels = (dy == 0 && dx > 0) || dy < 0;
        let c = dy * x0 - dx * y0 - i64::from(!owns_its_pixels);
        Self { a: -dy, b: dx, c }
    }

    /// The value at the centre of pixel (0, y), and the increment from one pixel to the next on the right.
    fn at_row(&self, y: i64) -> (i64, i64) {
        let half = SUBPIXELS / 2;
        (self.a * half + self.b * (y * SUBPIXELS + half) + self.c, self.a * SUBPIXELS)
    }

    /// Reduces the columns `from..to` of row y to those whose centre is inside.
    pub(crate) fn narrow(&self, y: i64, from: &mut i64, to: &mut i64) {
        let (start, step) = self.at_row(y);
        if step > 0 {
            *from = (*from).max(-start.div_euclid(step));
        } else if step < 0 {
            *to = (*to).min(start.div_euclid(-step) + 1);
        } else if start < 0 {
            *to = *from;
        }
    }
}

/// Units of the snapped coordinates per pixel.
pub(crate) const SUBPIXELS: i64 = 256;
