//! A sequence of sections, each with a checksum.

use super::error::SessionProblem;
use super::tag::{FORMAT, Tag};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use std::io::{self, Read, Write};

/// The first bytes of a file.
const MAGIC: [u8; 8] = *b"\x89BRINK\r\n";

/// The largest expansion that deflate can produce.
const MOST_EXPANSION: u64 = 1032;

/// Writes the beginning of a file.
pub(super) fn begin(out: &mut impl Write) -> io::Result<()> {
    out.write_all(&MAGIC)?;
    out.write_all(&FORMAT.to_le_bytes())
}

/// Writes the end of a file: the version of the format once more, under a checksum.
pub(super) fn end(out: &mut impl Write) -> io::Result<()> {
    write_section(out, Tag::END, &FORMAT.to_le_bytes())
}

/// Writes a section; a section that the reader would refuse is an error.
pub(super) fn write_section(out: &mut impl Write, tag: Tag, content: &[u8]) -> io::Result<()> {
    if content.len() as u64 > tag.most() {
        let (bytes, most) = (content.len(), tag.most());
        return Err(io::Error::other(format!(
            "section {tag} would have {bytes} bytes, and at most {most} are read"
        )));
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content)?;
    let stored = encoder.finish()?;
    let mut head = [0; 20];
    head[..4].copy_from_slice(&tag.0);
    head[4..12].copy_from_slice(&(content.len() as u64).to_le_bytes());
    head[12..].copy_from_slice(&(stored.len() as u64).to_le_bytes());
    out.write_all(&head)?;
    out.write_all(&checksum(&head, &stored).to_le_bytes())?;
    out.write_all(&stored)
}

fn checksum(head: &[u8; 20], stored: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(head);
    hasher.update(stored);
    hasher.finalize()
}

/// A section as read, with a verified checksum.
#[derive(Debug)]
pub(crate) struct Section {
    pub tag: Tag,
    /// Its position in the file, in bytes.
    pub offset: u64,
    pub content: Vec<u8>,
}

impl Section {
    /// An error in its content.
    pub fn wrong(&self, reason: impl Into<String>) -> SessionProblem {
        SessionProblem::Content { offset: self.offset, section: self.tag, reason: reason.into() }
    }
}

/// Reads sections one by one.
pub(crate) struct Sections<R> {
    from: R,
    format: u32,
    offset: u64,
    ended: bool,
}

impl<R: Read> Sections<R> {
    /// Checks the beginning of the file.
    pub fn open(mut from: R) -> Result<Self, SessionProblem> {
        let mut start = Vec::new();
        from.by_ref().take(12).read_to_end(&mut start).map_err(SessionProblem::Unreadable)?;
        let Some((magic, format)) = start.split_first_chunk::<8>().filter(|(magic, _)| **magic == MAGIC)
        else {
            return Err(SessionProblem::NotASession);
        };
        let offset = magic.len() as u64 + 4;
        let truncated = SessionProblem::Truncated { offset: 8, section: Tag::HEAD };
        let format = u32::from_le_bytes(format.try_into().map_err(|_| truncated)?);
        if format > FORMAT {
            return Err(SessionProblem::Newer { theirs: format });
        }
        Ok(Self { from, format, offset, ended: false })
    }

    /// The next known section; `None` after the last one.
    pub fn next(&mut self) -> Result<Option<Section>, SessionProblem> {
        while !self.ended {
            let section = self.read()?;
            self.ended = section.tag == Tag::END;
            // before format 3, the end was empty
            let said = section.content == self.format.to_le_bytes();
            if self.ended && !said && (self.format > 2 || !section.content.is_empty()) {
                return Err(section.wrong("it names another version of the format than the file's head"));
            }
            if section.tag.is_known() && !self.ended {
                return Ok(Some(section));
            }
        }
        Ok(None)
    }

    fn read(&mut self) -> Result<Section, SessionProblem> {
        let offset = self.offset;
        let head: [u8; 20] = self.bytes(20, Tag::END)?.try_into().unwrap_or([0; 20]);
        let tag = Tag([head[0], head[1], head[2], head[3]]);
        let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| head[at + i]));
        let (length, stored_length) = (number(4), number(12));
        let most = tag.most().max(stored_length.min(1 << 20));
        if length > most || stored_length > most + 1024 + most / 512 {
            let bytes = length.max(stored_length);
            return Err(SessionProblem::TooLong { offset, section: tag, bytes, most });
        }
        let sum = self.bytes(4, tag)?;
        let stored = self.bytes(stored_length, tag)?;
        if sum != checksum(&head, &stored).to_le_bytes() {
            return Err(SessionProblem::Checksum { offset, section: tag });
        }
        let mut section = Section { tag, offset, content: Vec::new() };
        if length > MOST_EXPANSION * (stored_length + 1) {
            return Err(section.wrong(format!("{stored_length} bytes cannot hold {length}")));
        }
        if tag.is_known() {
            // one byte more than expected, to detect surplus data
            let content = &mut section.content;
            let read = ZlibDecoder::new(stored.as_slice()).take(length + 1).read_to_end(content);
            if read.is_err() || content.len() as u64 != length {
                return Err(section.wrong(format!("what is stored does not unpack to {length} bytes")));
            }
        }
        Ok(section)
    }

    /// Reads the given number of bytes. The buffer grows as they arrive, whatever number is claimed.
    fn bytes(&mut self, count: u64, section: Tag) -> Result<Vec<u8>, SessionProblem> {
        let mut bytes = Vec::new();
        self.from.by_ref().take(count).read_to_end(&mut bytes).map_err(SessionProblem::Unreadable)?;
        if bytes.len() as u64 != count {
            return Err(SessionProblem::Truncated { offset: self.offset, section });
        }
        self.offset += count;
        Ok(bytes)
    }
}
