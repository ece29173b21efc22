//! Writing one file, whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::files::PublishError;

/// What can go wrong while a file is written, before it is known which file.
pub(super) enum WriteError {
    Io(io::Error),
    Index(lists::BuildError),
}
impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
impl From<lists::BuildError> for WriteError {
    fn from(error: lists::BuildError) -> Self {
        Self::Index(error)
    }
}

/// Keeps count of what goes through it.
struct Summed<W> {
    out: W,
    bytes: u64,
    sum: crc32fast::Hasher,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let n = self.out.write(buffer)?;
        self.bytes += n as u64;
        self.sum.update(buffer.get(..n).unwrap_or(&[]));
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a file beside its name, syncs it, gives it its name and syncs the folder; gives its length and checksum.
/// Whatever fails leaves what was there.
pub(super) fn write(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> Result<(), WriteError>,
) -> Result<(u64, u32), PublishError> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".tmp");
    let unfinished = PathBuf::from(unfinished);
    let written = (|| {
        // Behind the buffer, so that sums are taken of large pieces.
        let out = Summed { out: File::create(&unfinished)?, bytes: 0, sum: crc32fast::Hasher::new() };
        let mut out = BufWriter::with_capacity(1 << 18, out);
        content(&mut out)?;
        let Summed { out, bytes, sum } = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        out.sync_all()?;
        fs::rename(&unfinished, path)?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok((bytes, sum.finalize()))
    })();
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written.map_err(|error| match error {
        WriteError::Io(source) => PublishError::File { path: path.to_owned(), source },
        WriteError::Index(error) => PublishError::Index(error),
    })
}
