//! Strided views of row-major matrices.

/// A strided view of a matrix: entry (i, j) is `data[i * row_stride + j * column_stride]`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, T> {
    pub(super) data: &'a [T],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// A row-major matrix.
    ///
    /// # Panics
    /// If `data` is too short for the shape.
    pub fn new(data: &'a [T], rows: usize, columns: usize) -> Self {
        assert!(data.len() >= rows * columns, "{rows} × {columns} from {} entries", data.len());
        Self { data, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// A row-major matrix with `row_stride` entries between the starts of consecutive rows; rows may overlap.
    ///
    /// # Panics
    /// If `data` is too short for the shape.
    pub fn strided(data: &'a [T], rows: usize, columns: usize, row_stride: usize) -> Self {
        check(data.len(), rows, columns, row_stride);
        Self { data, rows, columns, row_stride, column_stride: 1 }
    }

    /// The transpose, as a view of the same entries.
    pub fn transposed(self) -> Self {
        Self {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }
}

/// A mutable row-major matrix with `row_stride` entries between the starts of consecutive rows.
#[derive(Debug)]
pub struct MatrixMut<'a, T> {
    pub(super) data: &'a mut [T],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(super) row_stride: usize,
}

impl<'a, T> MatrixMut<'a, T> {
    /// A mutable view of rows of `columns` entries, with `row_stride` entries between the starts of
    /// consecutive rows.
    ///
    /// # Panics
    /// If rows overlap or `data` is too short for the shape.
    pub fn strided(data: &'a mut [T], rows: usize, columns: usize, row_stride: usize) -> Self {
        assert!(row_stride >= columns, "rows of {columns} entries overlap at a stride of {row_stride}");
        check(data.len(), rows, columns, row_stride);
        Self { data, rows, columns, row_stride }
    }
}

/// Asserts that `len` entries contain all rows.
pub(crate) fn check(len: usize, rows: usize, columns: usize, row_stride: usize) {
    let needed = if rows == 0 { 0 } else { (rows - 1) * row_stride + columns };
    assert!(len >= needed, "{rows} × {columns} at a stride of {row_stride} from {len} entries");
}
