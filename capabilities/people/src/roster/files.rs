//! What somebody gave: a file, a folder or an archive, held to sizes before anything of it is read.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

use super::table::{Table, header_of};
use super::{Complaint, Options, Shape};

/// More than any school's roll, in bytes.
pub const LARGEST_UPLOAD_BYTES: usize = 16 * 1024 * 1024;
/// Unpacked, all files together.
const MOST_BYTES: u64 = 96 * 1024 * 1024;
/// How many files an archive or a folder may hold.
const MOST_FILES: usize = 200;

/// Files by their names in small letters, without folders.
#[derive(Clone, Default)]
pub struct Files {
    files: BTreeMap<String, Vec<u8>>,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Files({})", self.files.len())
    }
}

/// Why something cannot be read as a roll at all.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The file or folder cannot be opened.
    #[error("{0}: {1}")]
    Unreadable(String, #[source] std::io::Error),
    /// More than is taken.
    #[error(
        "that is more than a school's roll can be: at most 16 MB as it is sent, 96 MB unpacked and 200 files; nothing was read"
    )]
    TooLarge,
    /// A name in an archive leads out of it.
    #[error(
        "the archive holds a name that leads out of its folder; it was not made by a school's system, and nothing was read"
    )]
    LeadsOut,
    /// Two files of one name.
    #[error("two files are called {0}; send those of one export alone")]
    Twice(String),
    /// The archive is damaged, or encrypted, or packed in a way that is not known.
    #[error("the archive cannot be unpacked; make it again as a plain zip file without a password")]
    NotUnpacked,
    /// There is no file of a roll.
    #[error("there is no CSV file in it")]
    Nothing,
}

impl Files {
    /// Reads a CSV file, a zip archive, or a folder of CSV files.
    pub fn open(path: &Path) -> Result<Self, FilesError> {
        let failed = |error| FilesError::Unreadable(path.display().to_string(), error);
        let about = fs::metadata(path).map_err(failed)?;
        if !about.is_dir() {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("roll.csv");
            let bytes = read_at_most(fs::File::open(path).map_err(failed)?, MOST_BYTES).map_err(failed)?;
            return Self::of(name, bytes.ok_or(FilesError::TooLarge)?);
        }
        let (mut files, mut left) = (Self::default(), MOST_BYTES);
        let mut entries: Vec<_> =
            fs::read_dir(path).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            // Links lead elsewhere, and what is no table is none of a roll's.
            if !is_csv(&name) || !entry.file_type().map_err(failed)?.is_file() {
                continue;
            }
            let file = fs::File::open(entry.path()).map_err(failed)?;
            let bytes = read_at_most(file, left).map_err(failed)?.ok_or(FilesError::TooLarge)?;
            left = left.saturating_sub(bytes.len() as u64);
            files.put(&name, bytes)?;
        }
        files.some()
    }

    /// The same of bytes that were sent under a name.
    pub fn of(name: &str, bytes: Vec<u8>) -> Result<Self, FilesError> {
        if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
            return Self::unpack(bytes);
        }
        let mut files = Self::default();
        let name = if is_csv(name) { name } else { "roll.csv" };
        files.put(name, bytes)?;
        files.some()
    }

    /// Files of these names and texts, for tests.
    #[cfg(test)]
    pub(crate) fn of_texts(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
        Self { files: files.collect() }
    }

    fn unpack(bytes: Vec<u8>) -> Result<Self, FilesError> {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| FilesError::NotUnpacked)?;
        if archive.len() > MOST_FILES {
            return Err(FilesError::TooLarge);
        }
        let (mut files, mut left) = (Self::default(), MOST_BYTES);
        for number in 0..archive.len() {
            let entry = archive.by_index(number).map_err(|_| FilesError::NotUnpacked)?;
            let place = entry.name().replace('\\', "/");
            if leads_out(&place) {
                return Err(FilesError::LeadsOut);
            }
            let name = place.rsplit('/').next().unwrap_or("").to_owned();
            if entry.is_dir() || !is_csv(&name) || place.starts_with("__MACOSX/") {
                continue;
            }
            // The size that the archive says is believed only where it is too large.
            if entry.size() > left {
                return Err(FilesError::TooLarge);
            }
            let bytes = read_at_most(entry, left)
                .map_err(|_| FilesError::NotUnpacked)?
                .ok_or(FilesError::TooLarge)?;
            left = left.saturating_sub(bytes.len() as u64);
            files.put(&name, bytes)?;
        }
        files.some()
    }

    fn put(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), FilesError> {
        if self.files.len() >= MOST_FILES {
            return Err(FilesError::TooLarge);
        }
        let name = name.to_lowercase();
        if self.files.contains_key(&name) {
            return Err(FilesError::Twice(name));
        }
        self.files.insert(name, bytes);
        Ok(())
    }

    fn some(self) -> Result<Self, FilesError> {
        if self.files.is_empty() { Err(FilesError::Nothing) } else { Ok(self) }
    }

    /// In which form they are.
    pub(super) fn shape(&self) -> Result<Shape, Vec<Complaint>> {
        let has = |name: &str| self.has(name);
        if has("manifest.csv") {
            return super::oneroster::version(self);
        }
        if has("student.csv") || has("teacher.csv") {
            return Ok(Shape::SdsV1);
        }
        if let Some(bytes) = self.files.get("users.csv") {
            let header = header_of(bytes);
            let names = |name: &str| header.iter().any(|head| head.eq_ignore_ascii_case(name));
            if names("enabledUser") {
                return Err(vec![whole(
                    "manifest.csv",
                    "this looks like OneRoster, and its manifest.csv is missing; export it again with all its files",
                )]);
            }
            if names("sourcedId") {
                return Ok(if has("roles.csv") { Shape::SdsV21 } else { Shape::SdsV2 });
            }
        }
        match self.files.len() {
            1 => Ok(Shape::Table),
            _ => Err(vec![whole(
                "the files",
                "they are no form that is known here: OneRoster has manifest.csv and users.csv, School Data Sync has \
                 users.csv or Student.csv and Teacher.csv; give any other table alone",
            )]),
        }
    }

    /// What stands in the first line of a table that is none of the known forms, for whoever says which column is which; else nothing.
    pub fn headings(&self) -> Vec<String> {
        let is_table = matches!(self.shape(), Ok(Shape::Table));
        let table = self.only().ok().filter(|_| is_table);
        table.map(|table| table.header().to_vec()).unwrap_or_default()
    }

    /// Whether they are a table of lessons.
    pub(super) fn is_timetable(&self, options: &Options) -> Result<bool, Vec<Complaint>> {
        Ok(super::timetable::is_one(self.only()?.header(), options))
    }

    /// Whether there is a file of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// A table that may be missing.
    pub(super) fn table(&self, name: &str) -> Result<Option<Table>, Vec<Complaint>> {
        self.files.get(name).map(|bytes| Table::read(name, bytes).map_err(|wrong| vec![wrong])).transpose()
    }

    /// A table that must be there, with these columns.
    pub(super) fn table_with(&self, name: &str, columns: &[&str]) -> Result<Table, Vec<Complaint>> {
        let missing = || vec![whole(name, "the file is missing; export it again with all its files")];
        let table = self.table(name)?.ok_or_else(missing)?;
        table.must_have(columns)?;
        Ok(table)
    }

    /// The only one.
    pub(super) fn only(&self) -> Result<Table, Vec<Complaint>> {
        match self.files.iter().next() {
            Some((name, bytes)) => Table::read(name, bytes).map_err(|wrong| vec![wrong]),
            None => Err(vec![whole("the file", "there is none")]),
        }
    }
}

/// A complaint about a whole file.
pub(super) fn whole(file: &str, what: impl Into<String>) -> Complaint {
    Complaint { file: file.to_owned(), line: 0, what: what.into() }
}

fn is_csv(name: &str) -> bool {
    let name = name.to_lowercase();
    [".csv", ".txt", ".tsv"].iter().any(|end| name.ends_with(end)) && !name.starts_with('.')
}

/// Nothing is ever written under such a name; but whoever made it did not mean well.
fn leads_out(place: &str) -> bool {
    place.starts_with('/') || place.contains([':', '\0']) || place.split('/').any(|part| part == "..")
}

/// At most so many bytes; none where there are more.
fn read_at_most(from: impl Read, most: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    from.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}
