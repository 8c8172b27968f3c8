//! A column of the history as bytes.
//!
//! The name of the series (as in `run.csv`), the first row and the number of rows, and whether numbers are single or
//! double, as postcard; then the rows' numbers. Each number is exclusive-ored with the one before it, and the first bytes
//! of all come first, then the second ones: what changes slowly becomes zeros, which deflate packs away. Rows that were
//! not computed have a bit pattern of their own, which no arithmetic produces.

use crate::run::record::pyramid::Column;
use crate::run::record::series::Series;
use serde::{Deserialize, Serialize};

/// "Not computed", in double precision.
const ABSENT: u64 = 0x7ff8_ab5e_0ab5_e000;
/// "Not computed", in single precision.
const ABSENT_SINGLE: u32 = 0x7fc0_ab5e;

#[derive(Serialize, Deserialize)]
struct Head<'a> {
    name: &'a str,
    first: u64,
    count: u64,
    single: bool,
}

/// How precisely numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnPrecision {
    /// To the last bit.
    Double,
    /// In single precision; what is beyond it becomes its largest number.
    Single,
    /// In single precision of which twelve bits of the mantissa are left: to 1/2000, for what is only drawn.
    Rough,
}

/// A series' column as bytes.
pub(super) fn encode(series: Series, column: &Column, precision: ColumnPrecision) -> Vec<u8> {
    encode_from(series, column, 0, precision)
}

/// As [`encode`], of the rows from one on.
pub(super) fn encode_from(
    series: Series,
    column: &Column,
    from: usize,
    precision: ColumnPrecision,
) -> Vec<u8> {
    pack(&series.column_name(), column, from, precision)
}

/// A column's rows from one on as bytes, under a name.
pub(super) fn pack(name: &str, column: &Column, from: usize, precision: ColumnPrecision) -> Vec<u8> {
    let rows = column.start().max(from)..column.end().max(from);
    let single = precision != ColumnPrecision::Double;
    let head = Head { name, first: rows.start as u64, count: rows.len() as u64, single };
    // nothing in it can fail to become bytes
    let mut bytes = postcard::to_stdvec(&head).unwrap_or_default();
    if single {
        let bits = |value: Option<f64>| match (value, precision) {
            (None, _) => ABSENT_SINGLE,
            (Some(value), ColumnPrecision::Rough) => roughened(rounded(value)).to_bits(),
            (Some(value), _) => rounded(value).to_bits(),
        };
        shuffle(rows.map(|row| bits(column.get(row)).to_le_bytes()), &mut bytes);
    } else {
        let bits = |value: Option<f64>| value.map_or(ABSENT, f64::to_bits);
        shuffle(rows.map(|row| bits(column.get(row)).to_le_bytes()), &mut bytes);
    }
    bytes
}

/// The nearest number of single precision that is finite where the value is.
#[expect(clippy::cast_possible_truncation, reason = "rounding is what this does")]
fn rounded(value: f64) -> f32 {
    if value.is_finite() { value.clamp(f32::MIN.into(), f32::MAX.into()) as f32 } else { value as f32 }
}

/// A number with twelve bits less, towards zero; NaN and infinities stay.
fn roughened(value: f32) -> f32 {
    if value.is_finite() { f32::from_bits(value.to_bits() & !0xfff) } else { value }
}

/// A column of a run with so many rows and tracked eigenvalues, from its bytes.
pub(super) fn decode(bytes: &[u8], rows: usize, tracked: usize) -> Result<(Series, Column), String> {
    let (name, column) = unpack(bytes, rows)?;
    let named = |series: &Series| series.column_name() == name;
    let series = Series::kept(tracked).into_iter().find(named);
    series.map(|series| (series, column)).ok_or_else(|| format!("there is no column {:?}", shortened(name)))
}

/// A column of at most so many rows and its name, from its bytes.
pub(super) fn unpack(bytes: &[u8], rows: usize) -> Result<(&str, Column), String> {
    let (head, data) =
        postcard::take_from_bytes::<Head>(bytes).map_err(|_| "a column without a heading".to_owned())?;
    let Head { name, first, count, single } = head;
    let size = if single { 4 } else { 8 };
    let place = |number: u64| usize::try_from(number).ok().filter(|&number| number <= rows);
    let (Some(first), Some(count)) = (place(first), place(count)) else {
        let name = shortened(name);
        return Err(format!("column {name:?} has {count} rows from row {first} on, the run {rows}"));
    };
    if first + count > rows || data.len() != size * count {
        let name = shortened(name);
        return Err(format!("column {name:?} has {count} rows from row {first} on in {} bytes", data.len()));
    }
    let mut column = Column::default();
    let mut push = |row: usize, value: Option<f64>| {
        if let Some(value) = value {
            column.push(row, value);
        }
    };
    if single {
        for (row, bytes) in (first..).zip(unshuffle(data)) {
            let bits = u32::from_le_bytes(bytes);
            push(row, (bits != ABSENT_SINGLE).then(|| f32::from_bits(bits).into()));
        }
    } else {
        for (row, bytes) in (first..).zip(unshuffle(data)) {
            let bits = u64::from_le_bytes(bytes);
            push(row, (bits != ABSENT).then(|| f64::from_bits(bits)));
        }
    }
    Ok((name, column))
}

fn shortened(name: &str) -> String {
    name.chars().take(40).collect()
}

/// Appends numbers of N bytes: each exclusive-ored with the one before, first all first bytes, and so on.
fn shuffle<const N: usize>(numbers: impl ExactSizeIterator<Item = [u8; N]>, out: &mut Vec<u8>) {
    let (count, start) = (numbers.len(), out.len());
    out.resize(start + N * count, 0);
    let mut before = [0; N];
    for (i, number) in numbers.enumerate() {
        for (plane, byte) in number.iter().enumerate() {
            out[start + plane * count + i] = byte ^ before[plane];
        }
        before = number;
    }
}

/// The numbers that [`shuffle`] appended.
fn unshuffle<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    let count = bytes.len() / N;
    let mut number = [0; N];
    (0..count).map(move |i| {
        for (plane, byte) in number.iter_mut().enumerate() {
            *byte ^= bytes[plane * count + i];
        }
        number
    })
}
