//! safetensors files: our own check of sizes, then candle's reader.

use super::{Arrays, MAX_ARRAY_BYTES, Wanted, list};
use crate::data::DataError;
use candle_core::safetensors::BufferedSafetensors;
use candle_core::{DType, Device};
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Longest header accepted.
const MAX_HEADER: u64 = 16 * 1024 * 1024;

/// Reads the wanted arrays.
pub(super) fn read(path: &Path, wanted: Wanted) -> Result<Arrays, DataError> {
    let damaged = |what: String| DataError::Damaged { path: path.into(), what };
    let unreadable = |source| DataError::Unreadable { path: path.into(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|_| damaged(format!("{size} bytes are too few for a header")))?;
    let header = u64::from_le_bytes(length);
    if header > MAX_HEADER || header > size - 8 {
        return Err(damaged(format!(
            "at byte 0: a header of {header} bytes in a file of {size}; at most {MAX_HEADER} are accepted"
        )));
    }
    if size > MAX_ARRAY_BYTES {
        return Err(damaged(format!("{size} bytes; at most {MAX_ARRAY_BYTES} are read")));
    }
    // The buffer is as large as the file, and the reader checks every shape and offset against it.
    let mut buffer = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    buffer.extend(length);
    file.take(size).read_to_end(&mut buffer).map_err(unreadable)?;
    let tensors = BufferedSafetensors::new(buffer).map_err(|e| damaged(e.to_string()))?;
    let mut by_name = HashMap::new();
    let mut names = Vec::new();
    for (name, view) in tensors.tensors() {
        if wanted.includes(&name) {
            let readable = DType::try_from(view.dtype()).is_ok_and(|d| {
                matches!(
                    d,
                    DType::F32 | DType::F64 | DType::U8 | DType::I16 | DType::I32 | DType::I64 | DType::U32
                )
            });
            if !readable {
                return Err(DataError::Array {
                    path: path.into(),
                    array: name,
                    what: format!(
                        "has the type {}; F32, F64, U8, I16, I32, I64 and U32 can be read",
                        view.dtype()
                    ),
                });
            }
            let tensor = tensors.load(&name, &Device::Cpu).map_err(|e| damaged(format!("`{name}`: {e}")))?;
            by_name.insert(name.clone(), tensor);
        }
        names.push(name);
    }
    Ok(Arrays { path: path.into(), by_name, has: list(names) })
}
