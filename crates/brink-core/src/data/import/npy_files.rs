//! Directories of NumPy files `NAME.npy`, one array per file: strict validation of header and size, then
//! candle's reader.

use super::npy::{self, HeaderError};
use super::{Arrays, Count, WantedArrays, list};
use crate::data::error::DataError;
use candle_core::Tensor;
use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Reads the requested arrays.
pub(super) fn read(directory: &Path, wanted: WantedArrays) -> Result<Arrays, DataError> {
    let unreadable = |source| DataError::Unreadable { path: directory.into(), source };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        names.extend(name.to_str().and_then(|name| name.strip_suffix(".npy")).map(str::to_owned));
    }
    let (mut by_name, mut count) = (HashMap::new(), Count::default());
    for name in names.iter().filter(|name| wanted.includes(name)) {
        by_name.insert(name.clone(), array(&directory.join(format!("{name}.npy")), name, &mut count)?);
    }
    Ok(Arrays { path: directory.into(), by_name, has: list(names) })
}

/// Reads the requested arrays from a `.npy` file and its sibling files. If all arrays are requested, reads
/// this file only.
pub(super) fn beside(path: &Path, wanted: WantedArrays) -> Result<Arrays, DataError> {
    let directory = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let is_npy = path.extension().is_some_and(|e| e == "npy");
    match wanted {
        WantedArrays::All => {
            let by_name = HashMap::from([(name.clone(), array(path, &name, &mut Count::default())?)]);
            Ok(Arrays { path: path.into(), by_name, has: name })
        }
        WantedArrays::Named(_) if is_npy && wanted.includes(&name) => read(directory, wanted),
        WantedArrays::Named(names) => {
            let files: Vec<String> = names.iter().take(3).map(|name| format!("{name}.npy")).collect();
            let what = format!(
                "is none of those needed; .npy files are named for their arrays: {} …",
                files.join(", ")
            );
            Err(DataError::Array { path: path.into(), array: name, what })
        }
    }
}

fn array(path: &Path, name: &str, count: &mut Count) -> Result<Tensor, DataError> {
    let unreadable = |source| DataError::Unreadable { path: path.into(), source };
    let damaged = |what: String| DataError::Damaged { path: path.into(), what };
    let unusable = |what: String| DataError::Array { path: path.into(), array: name.into(), what };
    let kind = std::fs::metadata(path).map_err(unreadable)?;
    if !kind.is_file() {
        return Err(unusable("is not a file".into()));
    }
    let file = File::open(path).map_err(unreadable)?;
    let header = npy::read_header(&mut BufReader::new(file)).map_err(|e| match e {
        HeaderError::Damaged(what) => damaged(what),
        HeaderError::Unusable(what) => unusable(what),
    })?;
    let shape = &header.shape;
    count.add(shape).map_err(unusable)?;
    let expected = header.own_bytes + header.data_bytes;
    if kind.len() != expected {
        return Err(damaged(format!(
            "shape {shape:?} needs {expected} bytes with its header, but the file has {}",
            kind.len()
        )));
    }
    let tensor = Tensor::read_npy(path).map_err(|e| damaged(e.to_string()))?;
    if (tensor.dims(), tensor.dtype()) != (shape.as_slice(), header.dtype) {
        return Err(damaged("it changed while it was read".into()));
    }
    Ok(tensor)
}
