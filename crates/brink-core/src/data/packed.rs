//! Decompression of bundled assets, each a single zlib stream.

use super::error::DataError;
use flate2::read::ZlibDecoder;
use std::io::Read;

/// Decompresses the asset `name` to exactly `expected` bytes.
pub(super) fn unpack(name: &str, compressed: &[u8], expected: usize) -> Result<Vec<u8>, DataError> {
    let mut raw = Vec::with_capacity(expected);
    let damaged = |what: String| DataError::Damaged { path: name.into(), what };
    ZlibDecoder::new(compressed)
        .take(expected as u64 + 1)
        .read_to_end(&mut raw)
        .map_err(|e| damaged(e.to_string()))?;
    if raw.len() == expected {
        Ok(raw)
    } else {
        Err(damaged(format!("{} bytes instead of {expected}", raw.len())))
    }
}
