//! NumPy archives (`.npz`): strict validation of names, headers and sizes, then candle's reader.

use super::npy::{self, Header, HeaderError};
use super::{Arrays, Count, WantedArrays, list};
use crate::data::error::DataError;
use candle_core::npy::NpzTensors;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read, copy, sink};
use std::path::Path;
use zip::{CompressionMethod, ZipArchive};

/// Reads the requested arrays.
pub(super) fn read(path: &Path, wanted: WantedArrays) -> Result<Arrays, DataError> {
    let damaged = |what: String| DataError::Damaged { path: path.into(), what };
    let open = File::open(path).map_err(|source| DataError::Unreadable { path: path.into(), source })?;
    let size = open.metadata().map_err(|source| DataError::Unreadable { path: path.into(), source })?.len();
    let mut archive = ZipArchive::new(BufReader::new(open)).map_err(|e| {
        damaged(format!(
            "{size} bytes, and the archive's directory, which is expected at their end, is missing or broken there: cut \
             short? ({e})"
        ))
    })?;
    // candle opens the file again; these checks make the reading of its directory unambiguous.
    if archive.has_duplicate_names() {
        return Err(damaged("two of its arrays have the same name".into()));
    }
    if archive.offset() != 0 || !archive.comment().is_empty() {
        return Err(damaged("there are bytes before or after the archive".into()));
    }
    let mut names = Vec::new();
    for name in archive.file_names() {
        let name = name.map_err(|e| damaged(format!("a name in its directory: {e}")))?;
        names.push(name.strip_suffix(".npy").unwrap_or(&name).to_owned());
    }
    if names.iter().collect::<HashSet<_>>().len() != names.len() {
        return Err(damaged("two of its arrays have the same name".into()));
    }
    let (mut headers, mut count) = (Vec::new(), Count::default());
    for name in names.iter().filter(|name| wanted.includes(name)) {
        headers.push((name, check(path, &mut archive, name, &mut count)?));
    }
    drop(archive);

    let candle = |name: &str, e: candle_core::Error| damaged(format!("array `{name}`: {e}"));
    let tensors = NpzTensors::new(path).map_err(|e| candle("*", e))?;
    let mut by_name = HashMap::new();
    for (name, header) in headers {
        let shape_and_dtype = tensors.get_shape_and_dtype(name).map_err(|e| candle(name, e))?;
        if (shape_and_dtype.0.dims(), shape_and_dtype.1) != (header.shape.as_slice(), header.dtype) {
            return Err(damaged(format!("array `{name}` changed while it was read")));
        }
        let tensor = tensors.get(name).map_err(|e| candle(name, e))?;
        by_name.insert(name.clone(), tensor.expect("an array whose shape was just read is there"));
    }
    Ok(Arrays { path: path.into(), by_name, has: list(names) })
}

/// Validates one array without storing it: its type, its header, and the presence of exactly as many bytes as
/// its shape requires.
fn check(
    path: &Path,
    archive: &mut ZipArchive<BufReader<File>>,
    name: &str,
    count: &mut Count,
) -> Result<Header, DataError> {
    let damaged =
        |what: String| DataError::Damaged { path: path.into(), what: format!("array `{name}`: {what}") };
    let unusable = |what: String| DataError::Array { path: path.into(), array: name.into(), what };
    let mut entry = archive.by_name(&format!("{name}.npy")).map_err(|e| damaged(e.to_string()))?;
    if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
        return Err(unusable(format!(
            "is compressed with {}; numpy.savez and savez_compressed can be read",
            entry.compression()
        )));
    }
    let start = entry.data_start().unwrap_or(0);
    let claimed = entry.size();
    let header = npy::read_header(&mut entry).map_err(|e| match e {
        HeaderError::Damaged(what) => damaged(what),
        HeaderError::Unusable(what) => unusable(what),
    })?;
    count.add(&header.shape).map_err(unusable)?;
    let expected = header.own_bytes + header.data_bytes;
    let shape = &header.shape;
    if claimed != expected {
        return Err(damaged(format!(
            "shape {shape:?} needs {expected} bytes with its header, but its entry has {claimed}"
        )));
    }
    let present = copy(&mut (&mut entry).take(header.data_bytes + 1), &mut sink())
        .map_err(|e| damaged(format!("at byte {start} of the file and after: {e}")))?;
    if present == header.data_bytes {
        Ok(header)
    } else {
        Err(damaged(format!(
            "shape {shape:?} needs {} bytes of numbers, but {present} are there (from byte {start} of the file)",
            header.data_bytes
        )))
    }
}
