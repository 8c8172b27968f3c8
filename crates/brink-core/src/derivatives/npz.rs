//! Writer of NumPy archives. It supports f64 and text arrays; candle's writer has no text arrays.

use std::io::{self, BufWriter, Seek, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A NumPy archive under construction.
pub(super) struct NpzWriter<W: Write + Seek> {
    zip: ZipWriter<W>,
}

impl<W: Write + Seek> NpzWriter<W> {
    pub(super) fn new(out: W) -> Self {
        Self { zip: ZipWriter::new(out) }
    }

    /// Adds an f64 array in row-major order. The number of values must match the shape.
    pub(super) fn numbers<'a>(
        &mut self,
        name: &str,
        shape: &[usize],
        values: impl IntoIterator<Item = &'a f64>,
    ) -> io::Result<()> {
        let mut out = self.begin(name, "<f8", shape)?;
        for value in values {
            out.write_all(&value.to_le_bytes())?;
        }
        out.flush()
    }

    /// Adds a list of strings as an array of NumPy type `U`, which can be read without pickle.
    pub(super) fn texts(&mut self, name: &str, texts: &[String]) -> io::Result<()> {
        let longest = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1);
        let mut out = self.begin(name, &format!("<U{longest}"), &[texts.len()])?;
        for text in texts {
            for char in text.chars().map(u32::from).chain(std::iter::repeat(0)).take(longest) {
                out.write_all(&char.to_le_bytes())?;
            }
        }
        out.flush()
    }

    /// Writes the central directory of the archive and returns the writer.
    pub(super) fn finish(self) -> io::Result<W> {
        Ok(self.zip.finish()?)
    }

    /// Starts an entry and writes its NumPy header (version 1.0, padded to a multiple of 64 bytes).
    fn begin(&mut self, name: &str, kind: &str, shape: &[usize]) -> io::Result<BufWriter<&mut ZipWriter<W>>> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(zip::DateTime::default())
            .large_file(true);
        self.zip.start_file(format!("{name}.npy"), options)?;
        let shape = match shape {
            [one] => format!("{one},"),
            several => several.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
        };
        let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}");
        let prefix = 10; // magic string, version, length
        header.extend(std::iter::repeat_n(' ', 63 - (prefix + header.len()) % 64));
        header.push('\n');
        let length = u16::try_from(header.len()).map_err(io::Error::other)?;
        let mut out = BufWriter::new(&mut self.zip);
        out.write_all(b"\x93NUMPY\x01\x00")?;
        out.write_all(&length.to_le_bytes())?;
        out.write_all(header.as_bytes())?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::npy::NpzTensors;

    #[test]
    fn other_readers_understand_what_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.npz");
        let mut writer = NpzWriter::new(std::fs::File::create(&path).unwrap());
        let values = [1.5, f64::NAN, -3.0, 0.0, f64::INFINITY, 1e-300];
        writer.numbers("block", &[2, 3], &values).unwrap();
        writer.numbers("one", &[], &[7.0]).unwrap();
        writer.texts("names", &["a.weight".into(), "β".into()]).unwrap();
        writer.finish().unwrap();

        let read = NpzTensors::new(&path).unwrap();
        let block = read.get("block").unwrap().unwrap();
        assert_eq!(block.dims(), [2, 3]);
        let found: Vec<f64> = block.flatten_all().unwrap().to_vec1().unwrap();
        assert!(found.iter().zip(values).all(|(a, b)| a.to_bits() == b.to_bits()));
        assert_eq!(read.get("one").unwrap().unwrap().to_scalar::<f64>().unwrap(), 7.0);
        // The strings, character by character: UTF-32, zero-padded to the longest string.
        let bytes = std::fs::read(&path).unwrap();
        let header = b"{'descr': '<U8', 'fortran_order': False, 'shape': (2,), }";
        let at = bytes.windows(header.len()).position(|w| w == header).unwrap();
        let start = at - 10 + 128;
        assert_eq!(start % 64, (at - 10) % 64);
        let chars: String = bytes[start..start + 64]
            .chunks_exact(4)
            .map(|c| char::from_u32(u32::from_le_bytes(c.try_into().unwrap())).unwrap())
            .collect();
        assert_eq!(chars, "a.weightβ\0\0\0\0\0\0\0");
    }
}
