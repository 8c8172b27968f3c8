//! Strict reader of the header of a NumPy array (`.npy`, versions 1 and 2).
//!
//! Only headers as written by `numpy.save` for a plain array are accepted, so that later readers cannot
//! interpret them differently.

use candle_core::DType;
use std::io::Read;

/// Largest accepted header in bytes; NumPy writes 118 bytes for a plain array.
const MAX_HEADER: usize = 64 * 1024;

/// Contents of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Type of the entries.
    pub dtype: DType,
    /// Shape; empty for a scalar.
    pub shape: Vec<usize>,
    /// Size of the header in bytes, including the magic string.
    pub own_bytes: u64,
    /// Size of the data in bytes: the number of entries times the size of an entry.
    pub data_bytes: u64,
}

/// A rejected header, with a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// The header is invalid or truncated.
    Damaged(String),
    /// The header describes an array of an unsupported type.
    Unusable(String),
}

fn damaged<T>(what: impl Into<String>) -> Result<T, HeaderError> {
    Err(HeaderError::Damaged(what.into()))
}

fn unusable<T>(what: impl Into<String>) -> Result<T, HeaderError> {
    Err(HeaderError::Unusable(what.into()))
}

/// Reads a header and positions the reader at the first entry.
///
/// # Errors
/// A description of the problem, with the byte position if it is a single byte.
pub fn read_header(reader: &mut impl Read) -> Result<Header, HeaderError> {
    let short = |what: &str| HeaderError::Damaged(what.into());
    let mut fixed = [0_u8; 8];
    reader.read_exact(&mut fixed).map_err(|_| short("it ends before its NumPy header is complete"))?;
    if &fixed[..6] != b"\x93NUMPY" {
        return damaged(format!("at byte 0: no NumPy header, but the bytes {:02x?}", &fixed[..6]));
    }
    let length_bytes = match fixed[6] {
        1 => 2,
        2 => 4,
        version => {
            return damaged(format!("at byte 6: version {version} of the NumPy format; 1 and 2 can be read"));
        }
    };
    let mut length = [0_u8; 4];
    reader.read_exact(&mut length[..length_bytes]).map_err(|_| short("it ends inside its NumPy header"))?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_HEADER {
        return damaged(format!("at byte 8: a header of {length} bytes; at most {MAX_HEADER} are accepted"));
    }
    let mut text = vec![0; length];
    reader
        .read_exact(&mut text)
        .map_err(|_| HeaderError::Damaged(format!("its NumPy header of {length} bytes is cut short")))?;
    let Ok(text) = str::from_utf8(&text) else { return damaged("its NumPy header is not text") };
    let (dtype, shape) = parse(text)?;
    let size = dtype.size_in_bytes() as u64;
    let Some(data_bytes) = shape.iter().try_fold(size, |bytes, &n| bytes.checked_mul(n as u64)) else {
        return damaged(format!("shape {shape:?} has more entries than any file can hold"));
    };
    Ok(Header { dtype, shape, own_bytes: (8 + length_bytes + length) as u64, data_bytes })
}

/// Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }` with each key exactly once, in any
/// order.
fn parse(text: &str) -> Result<(DType, Vec<usize>), HeaderError> {
    let malformed =
        || HeaderError::Damaged(format!("its NumPy header cannot be understood: {:?}", shortened(text)));
    let mut rest = text.trim_end().strip_prefix('{').ok_or_else(malformed)?;
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    loop {
        rest = rest.trim_start();
        if rest == "}" {
            break;
        }
        let (key, after) = rest.strip_prefix('\'').and_then(|r| r.split_once("':")).ok_or_else(malformed)?;
        rest = after.trim_start();
        let value;
        match key {
            "descr" if descr.is_none() => {
                if rest.starts_with('[') {
                    return unusable("is a structured array; plain numbers are allowed");
                }
                (value, rest) =
                    rest.strip_prefix('\'').and_then(|r| r.split_once('\'')).ok_or_else(malformed)?;
                descr = Some(value);
            }
            "fortran_order" if fortran.is_none() => {
                (value, rest) = rest.split_at(rest.find([',', '}']).ok_or_else(malformed)?);
                fortran = Some(value.trim());
            }
            "shape" if shape.is_none() => {
                (value, rest) =
                    rest.strip_prefix('(').and_then(|r| r.split_once(')')).ok_or_else(malformed)?;
                shape = Some(parse_shape(value).ok_or_else(malformed)?);
            }
            _ => return Err(malformed()),
        }
        rest = rest.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest == "}" => {}
            None => return Err(malformed()),
        }
    }
    let (Some(descr), Some(fortran), Some(shape)) = (descr, fortran, shape) else { return Err(malformed()) };
    match fortran {
        "False" => {}
        "True" => {
            return unusable(format!(
                "is stored in Fortran order (shape {shape:?}); save numpy.ascontiguousarray(a)"
            ));
        }
        _ => return Err(malformed()),
    }
    Ok((dtype(descr)?, shape))
}

fn parse_shape(text: &str) -> Option<Vec<usize>> {
    let text = text.trim();
    let text = text.strip_suffix(',').unwrap_or(text);
    if text.is_empty() {
        return Some(Vec::new());
    }
    let number = |part: &str| -> Option<usize> {
        let digits = part.trim();
        (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
    };
    text.split(',').map(number).collect()
}

fn dtype(descr: &str) -> Result<DType, HeaderError> {
    const ALLOWED: &str = "float32, float64, uint8, int16, int32, int64 and uint32 can be read";
    Ok(match descr {
        "<f4" => DType::F32,
        "<f8" => DType::F64,
        "|u1" | "<u1" => DType::U8,
        "<i2" => DType::I16,
        "<i4" => DType::I32,
        "<i8" => DType::I64,
        "<u4" => DType::U32,
        other if other.contains('O') => {
            return unusable(format!(
                "holds Python objects (type '{other}'), which are never read; {ALLOWED}"
            ));
        }
        other if other.starts_with(['<', '>', '|']) && other[1..].starts_with(['U', 'S', 'a']) => {
            return unusable(format!("holds text (type '{other}'); {ALLOWED}"));
        }
        other if other.starts_with('>') => {
            return unusable(format!("is big-endian (type '{other}'); save a.astype('<{}')", &other[1..]));
        }
        other => return unusable(format!("has the type '{other}'; {ALLOWED}")),
    })
}

fn shortened(text: &str) -> String {
    text.trim_end().chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(version: u8, text: &str) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY".to_vec();
        bytes.extend([version, 0]);
        let length = u32::try_from(text.len()).unwrap().to_le_bytes();
        bytes.extend(&length[..if version == 1 { 2 } else { 4 }]);
        bytes.extend(text.as_bytes());
        bytes
    }

    fn words(error: HeaderError) -> String {
        let (HeaderError::Damaged(what) | HeaderError::Unusable(what)) = error;
        what
    }

    fn read(text: &str) -> Result<Header, String> {
        read_header(&mut header(1, text).as_slice()).map_err(words)
    }

    #[test]
    fn plain_headers_are_read() {
        for (text, dtype, shape, bytes) in [
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }\n", DType::F32, vec![3, 4], 48),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (5,), }   \n", DType::F64, vec![5], 40),
            ("{'descr': '|u1', 'fortran_order': False, 'shape': (), }", DType::U8, vec![], 1),
            ("{'shape': (0, 2), 'fortran_order': False, 'descr': '<i8'}", DType::I64, vec![0, 2], 0),
        ] {
            for version in [1, 2] {
                let bytes_of = header(version, text);
                let h = read_header(&mut bytes_of.as_slice()).unwrap();
                assert_eq!((h.dtype, &h.shape, h.data_bytes), (dtype, &shape, bytes));
                assert_eq!(h.own_bytes, bytes_of.len() as u64);
            }
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let with = |descr: &str| format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (3,), }}");
        for (text, says) in [
            (with("'|O'"), "Python objects"),
            (with("'<U8'"), "text"),
            (with("'>f8'"), "big-endian"),
            (with("'<c16'"), "'<c16'"),
            (with("[('a', '<f4')]"), "structured"),
            (with("'é'"), "'é'"),
            ("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 4), }".into(), "Fortran"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (-3,), }".into(), "understood"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'shape': (4,)}".into(), "understood"),
            ("{'descr': '<f4', 'fortran_order': False, }".into(), "understood"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), } x".into(), "understood"),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }".into(),
                "more entries",
            ),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,), }".into(),
                "understood",
            ),
            (String::new(), "understood"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
        assert!(words(read_header(&mut header(3, "{}").as_slice()).unwrap_err()).contains("version 3"));
        let long = read_header(&mut [b"\x93NUMPY\x02\x00".as_slice(), &[255; 4]].concat().as_slice());
        assert!(words(long.unwrap_err()).contains("4294967295"));
        assert!(words(read_header(&mut b"\x93NUM".as_slice()).unwrap_err()).contains("ends"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_header(&mut bytes.as_slice());
        }

        #[test]
        fn no_text_makes_it_panic(text in "[{}'(), :a-zé<>|0-9FTO]{0,80}") {
            let _ = read(&text);
            let _ = read(&format!("{{'descr': {text}, 'fortran_order': False, 'shape': ({text}), }}"));
        }

        #[test]
        fn a_shape_is_read_back(shape in proptest::collection::vec(0_usize..1000, 0..5)) {
            let list: String = shape.iter().fold(String::new(), |list, n| format!("{list}{n}, "));
            let h = read(&format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({list}), }}")).unwrap();
            prop_assert_eq!(h.shape, shape);
        }
    }
}
