//! The outputs on a few examples as a section of a recording: the examples, and one column per output.

use super::columns::{self, ColumnPrecision};
use crate::run::record::predictions::example::Examples;
use crate::run::record::predictions::store::Predictions;
use serde::{Deserialize, Serialize};

/// The content of the section.
#[derive(Serialize, Deserialize)]
pub(super) struct Outputs {
    examples: Examples,
    stride: u64,
    /// Each encoded as in `columns.rs`, without a name.
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

    /// Decodes the section for a run with the given number of rows; the error states the inconsistency.
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
