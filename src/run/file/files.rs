//! Files that are either complete or absent: written next to their destination under a temporary name, then renamed.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// A file being written. It appears under its name with [`WholeFile::finish`]; if it is dropped before, nothing
/// remains.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
}

impl WholeFile {
    /// Opens a temporary file in the directory of `path`.
    ///
    /// # Errors
    /// If the directory does not exist or cannot be written.
    pub fn create(path: &Path) -> io::Result<Self> {
        let directory = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if path.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"));
        }
        if !directory.is_dir() {
            // reported without the name of the temporary file
            let reason = format!("there is no directory {}", directory.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, reason));
        }
        let mut builder = Builder::new();
        builder.prefix(".brink-").suffix(".part");
        #[cfg(unix)]
        {
            // Only the owner can read a temporary file; a result is an ordinary file.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = BufWriter::new(builder.tempfile_in(directory)?);
        Ok(Self { path: path.into(), file })
    }

    /// Renames the file to its final name, replacing an earlier file.
    ///
    /// # Errors
    /// If the rest cannot be written or the file cannot be renamed; an earlier file then remains.
    pub fn finish(self) -> io::Result<File> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.persist(&self.path).map_err(|e| e.error)
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for WholeFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Writes a complete file, or leaves the earlier one unchanged.
///
/// # Errors
/// If it cannot be written.
pub fn write_whole(path: &Path, write: impl FnOnce(&mut WholeFile) -> io::Result<()>) -> io::Result<()> {
    let mut file = WholeFile::create(path)?;
    write(&mut file)?;
    file.finish().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("with space ü.csv");
        let failed = write_whole(&path, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("full"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        for text in ["first", "second"] {
            write_whole(&path, |out| out.write_all(text.as_bytes())).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(write_whole(dir.path(), |_| Ok(())).is_err());
        assert!(write_whole(&dir.path().join("none/x"), |_| Ok(())).is_err());
    }
}
