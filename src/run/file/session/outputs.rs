//! The outputs on a few examples as a section of a recording: the examples, and a column of each output.

use super::columns::{self, ColumnPrecision};
use crate::run::record::predictions::example::Examples;
use crate::run::record::predictions::store::Predictions;
use serde::{Deserialize, Serialize};

/// What the section holds.
#[derive(Serialize, Deserialize)]
pub(super) struct Outputs {
    examples: Examples,
    stride: u64,
    /// Each as `columns.rs` packs it, without a name.
    columns: Vec<Vec<u8>>,
}

impl Outputs {
    pub fn of(found: &Predictions) -> Self {
        let pack = |column| columns::pack("", column, 0, ColumnPrecision::Rough);
        Self {
            examples: Examples::clone(found.examples()),
            stride: found.stride() as u64,
            columns: found.columns().iter().map(pack).collect(),
        }
    }

    /// Of a run with so many rows; the error says what does not fit.
    pub fn read(self, rows: usize) -> Result<Predictions, String> {
        let Self { examples, stride, columns } = self;
        let stride = usize::try_from(stride).unwrap_or(0);
        let most = rows.div_ceil(stride.max(1));
        let columns = columns.iter().map(|bytes| Ok(columns::unpack(bytes, most)?.1));
        let columns = columns.collect::<Result<Vec<_>, String>>()?;
        Predictions::of(examples, stride, columns)
            .ok_or_else(|| "the examples and their outputs do not fit together".to_owned())
    }
}
