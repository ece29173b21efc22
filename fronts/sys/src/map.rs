//! A file mapped into memory, to be read.

use std::fs::File;
use std::io;
use std::path::Path;

/// A whole file, mapped read-only. Opening costs a few microseconds whatever its size; pages come in as they are read
/// and are shared by every process that maps the same file.
///
/// The file must never be written to or cut short after it is published: whoever makes one writes a new file beside it
/// and renames. A reader that meets a page the file no longer has is killed by the kernel (`SIGBUS`).
#[derive(Debug)]
pub struct MappedFile(memmap2::Mmap);

impl MappedFile {
    /// Maps the file at `path`.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::of(&File::open(path)?)
    }

    /// Maps an open file.
    pub fn of(file: &File) -> io::Result<Self> {
        // SAFETY: the mapping is private to reading, and published files are replaced by renaming, never written in
        // place (the contract in the type's documentation), so the bytes behind the slice do not change.
        let map = unsafe { memmap2::Mmap::map(file) }?;
        Ok(Self(map))
    }
}

impl AsRef<[u8]> for MappedFile {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_file_outlives_its_replacement() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        std::fs::write(&path, b"first").unwrap();
        let first = MappedFile::open(&path).unwrap();
        std::fs::write(folder.path().join("next"), b"second").unwrap();
        std::fs::rename(folder.path().join("next"), &path).unwrap();
        assert_eq!(first.as_ref(), b"first");
        assert_eq!(MappedFile::open(&path).unwrap().as_ref(), b"second");
    }

    #[test]
    fn an_empty_file_maps_to_nothing_and_a_missing_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty");
        std::fs::write(&path, b"").unwrap();
        assert!(MappedFile::open(&path).unwrap().as_ref().is_empty());
        assert!(MappedFile::open(&folder.path().join("missing")).is_err());
    }
}
