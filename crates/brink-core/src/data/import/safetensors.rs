//! safetensors files: strict validation of sizes, then candle's reader.

use super::{Arrays, Count, MOST_NUMBERS, WantedArrays, list};
use crate::data::error::DataError;
use candle_core::safetensors::BufferedSafetensors;
use candle_core::{DType, Device};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Largest accepted header in bytes.
const MAX_HEADER: u64 = 16 * 1024 * 1024;
/// Largest accepted file in bytes.
const MAX_FILE: u64 = 8 * MOST_NUMBERS;

/// Reads the requested arrays.
pub(super) fn read(path: &Path, wanted: WantedArrays) -> Result<Arrays, DataError> {
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
    if size > MAX_FILE {
        return Err(damaged(format!("{size} bytes; at most {MAX_FILE} are read")));
    }
    // The buffer has the size of the file, and all shapes and offsets are checked against it.
    let mut buffer = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    buffer.extend(length);
    file.take(size - 8).read_to_end(&mut buffer).map_err(unreadable)?;
    let (text, numbers) =
        buffer[8..].split_at_checked(usize::try_from(header).unwrap_or(usize::MAX)).ok_or_else(|| {
            damaged(format!(
                "it ended at byte {} while it was read; {size} bytes were expected",
                buffer.len()
            ))
        })?;
    check(text, numbers.len() as u64).map_err(damaged)?;
    let tensors = BufferedSafetensors::new(buffer).map_err(|e| damaged(e.to_string()))?;
    let (mut by_name, mut count) = (HashMap::new(), Count::default());
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
            let too_many = |what| DataError::Array { path: path.into(), array: name.clone(), what };
            count.add(view.shape()).map_err(too_many)?;
            let tensor = tensors.load(&name, &Device::Cpu).map_err(|e| damaged(format!("`{name}`: {e}")))?;
            by_name.insert(name.clone(), tensor);
        }
        names.push(name);
    }
    Ok(Arrays { path: path.into(), by_name, has: list(names) })
}

/// Checks the header against the `bytes` of data that follow it, array by array. Returns a description of the
/// first mismatch.
fn check(header: &[u8], bytes: u64) -> Result<(), String> {
    let entries: Map<String, Value> = serde_json::from_slice(header)
        .map_err(|e| format!("its header, from byte 8 on, is not a JSON object of arrays: {e}"))?;
    for (name, entry) in entries.iter().filter(|(name, _)| *name != "__metadata__") {
        let said = Entry::of(entry).ok_or_else(|| {
            format!("array `{name}`: its header needs a dtype, a shape of whole numbers, and data_offsets [begin, end]")
        })?;
        said.check(bytes).map_err(|what| format!("array `{name}`: {what}"))?;
    }
    Ok(())
}

/// The header entry of an array.
struct Entry<'a> {
    dtype: &'a str,
    shape: Vec<u64>,
    offsets: [u64; 2],
}

impl<'a> Entry<'a> {
    fn of(entry: &'a Value) -> Option<Self> {
        let numbers = |key| entry.get(key)?.as_array()?.iter().map(Value::as_u64).collect::<Option<Vec<_>>>();
        let [begin, end] = numbers("data_offsets")?[..] else { return None };
        Some(Self { dtype: entry.get("dtype")?.as_str()?, shape: numbers("shape")?, offsets: [begin, end] })
    }

    fn check(&self, bytes: u64) -> Result<(), String> {
        let Self { dtype, shape, offsets: [begin, end] } = self;
        if begin > end || *end > bytes {
            return Err(format!(
                "its data_offsets [{begin}, {end}] do not lie within the {bytes} bytes behind the header"
            ));
        }
        let size = match *dtype {
            "BOOL" | "U8" | "I8" => 1,
            "U16" | "I16" | "F16" | "BF16" => 2,
            "U32" | "I32" | "F32" => 4,
            "U64" | "I64" | "F64" => 8,
            // the reader knows other types and rejects them for requested arrays
            _ => return Ok(()),
        };
        let needed = shape.iter().try_fold(size, |all: u64, &n| all.checked_mul(n));
        if needed == Some(end - begin) {
            return Ok(());
        }
        let needed = needed.map_or_else(|| "more bytes than can be counted".into(), |n| format!("{n} bytes"));
        Err(format!(
            "shape {shape:?} of {dtype} needs {needed}, but its data_offsets [{begin}, {end}] hold {}",
            end - begin
        ))
    }
}
