//! Encoding of a column of the history as bytes.
//!
//! As postcard: the name of the series (as in `run.csv`), the first row, the number of rows, and the precision,
//! single or double; then the numbers of the rows. Each number is exclusive-ored with its predecessor, and the first
//! bytes of all numbers come first, then the second bytes: slowly changing values become zeros, which deflate
//! compresses. Rows that were not computed have a reserved bit pattern that no arithmetic produces.

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

/// The precision in which numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnPrecision {
    /// Exact to the last bit.
    Double,
    /// In single precision; a number outside its range becomes its largest number.
    Single,
    /// In single precision with twelve bits of the mantissa: to 1/2000, for values that are only drawn.
    Rough,
}

/// Encodes the column of a series.
pub(super) fn encode(series: Series, column: &Column, precision: ColumnPrecision) -> Vec<u8> {
    encode_from(series, column, 0, precision)
}

/// As [`encode`], for the rows from one on.
pub(super) fn encode_from(
    series: Series,
    column: &Column,
    from: usize,
    precision: ColumnPrecision,
) -> Vec<u8> {
    pack(&series.column_name(), column, from, precision)
}

/// Encodes the rows of a column from one on, under a name.
pub(super) fn pack(name: &str, column: &Column, from: usize, precision: ColumnPrecision) -> Vec<u8> {
    let rows = column.start().max(from)..column.end().max(from);
    let single = precision != ColumnPrecision::Double;
    let head = Head { name, first: rows.start as u64, count: rows.len() as u64, single };
    // no part of it can fail to serialize
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

/// The nearest single-precision number, which is finite if the value is.
#[expect(clippy::cast_possible_truncation, reason = "rounding is what this does")]
fn rounded(value: f64) -> f32 {
    if value.is_finite() { value.clamp(f32::MIN.into(), f32::MAX.into()) as f32 } else { value as f32 }
}

/// A number without its lowest twelve bits, rounded towards zero; NaN and infinities are kept.
fn roughened(value: f32) -> f32 {
    if value.is_finite() { f32::from_bits(value.to_bits() & !0xfff) } else { value }
}

/// Decodes a column of a run with the given numbers of rows and tracked eigenvalues.
pub(super) fn decode(bytes: &[u8], rows: usize, tracked: usize) -> Result<(Series, Column), String> {
    let (name, column) = unpack(bytes, rows)?;
    let named = |series: &Series| series.column_name() == name;
    let series = Series::kept(tracked).into_iter().find(named);
    series.map(|series| (series, column)).ok_or_else(|| format!("there is no column {:?}", shortened(name)))
}

/// Decodes a column with at most the given number of rows, and its name.
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

/// Appends numbers of N bytes: each exclusive-ored with its predecessor, all first bytes first, and so on.
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

/// Decodes the numbers that [`shuffle`] appended.
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
