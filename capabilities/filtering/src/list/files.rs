//! Finding lists in files and folders, and keeping what was read.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::model::RefusedPart;

/// The largest a list's files may be together, unpacked: about thirty million names. A small file that unpacks to more
/// is an attack or a mistake.
pub const MOST_BYTES: u64 = 1 << 30;

/// The source of the lists that come with the program.
pub const BUILT_IN: &str = "built-in";

/// A list found at a path, not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id: the folder above, a slash, and its own name, as in `ut1/games`.
    pub id: String,
    /// The path it was found by: a file, or a folder in squidGuard's form, or the start of the names of several files.
    pub source: String,
    /// Its files.
    pub files: Vec<PathBuf>,
}

/// A list's text: the name of each file with what is in it, unpacked.
pub struct Text {
    /// Name and content, in the order of the names.
    pub files: Vec<(String, Vec<u8>)>,
}

/// The files of a text that are in use.
pub struct Used<'t> {
    files: Vec<&'t (String, Vec<u8>)>,
}

/// Why a path could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It could not be read.
    #[error("{}: {source}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is too large.
    #[error("{}: larger than {} MiB unpacked; split it, or check that it is a list", .0.display(), MOST_BYTES >> 20)]
    TooLarge(PathBuf),
    /// There is nothing in it.
    #[error("{}: no list is in it; give a file, a folder in squidGuard's form, or a folder of such", .0.display())]
    Nothing(PathBuf),
    /// It was read before and is there no more.
    #[error("{}: it is not there any more; put it back, or take its list out of use with `fivebar lists remove`", .0.display())]
    Gone(PathBuf),
}

fn read_error(path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    move |source| FileError::Read { path, source }
}

/// The files of a list in squidGuard's form. UT1 gives its list of adult sites the last of them beside the first two.
const SQUIDGUARD: [&str; 4] = ["domains", "urls", "expressions", "very_restrictive_expression"];

/// Whether a file lies beside lists and is none, by its name without `.gz`: UT1's notes on what each of its lists is for,
/// what an update of UT1 leaves behind (`domains.24733`), what squidGuard makes of a list (`domains.db`), and papers. A
/// page of the web is not among them: that is a download that failed.
fn is_no_list(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ending =
        name.rsplit_once('.').filter(|(stem, _)| SQUIDGUARD.contains(stem)).map(|(_, ending)| ending);
    matches!(name.as_str(), "usage" | "global_usage")
        || name.starts_with("readme")
        || name.ends_with(".pdf")
        || ending.is_some_and(|end| {
            end == "db" || !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Looked {
    /// Every list, in the order of their places.
    pub lists: Vec<Found>,
    /// Files beside them that are none.
    pub passed_over: Vec<PathBuf>,
}

/// Finds every list at a path.
pub fn find(path: &Path) -> Result<Vec<Found>, FileError> {
    Ok(look(path)?.lists)
}

/// Looks for lists at a path. A folder that holds `domains`, `urls` or `expressions` is one list; `games.domains.gz` and
/// `games.urls.gz` are the parts of one list; any other file is a list of its own. Files that begin with a dot are not
/// looked at, and those that are known to be no list are passed over.
pub fn look(path: &Path) -> Result<Looked, FileError> {
    let path = &fs::canonicalize(path).map_err(read_error(path))?;
    let (mut lists, mut passed_over) = (BTreeMap::new(), Vec::new());
    if path.is_dir() {
        walk(path, &mut lists, &mut passed_over)?;
    } else {
        add_file(path, &mut lists);
    }
    if lists.is_empty() {
        return Err(FileError::Nothing(path.clone()));
    }
    let mut found: Vec<Found> = lists
        .into_iter()
        .map(|(source, mut files): (String, Vec<PathBuf>)| {
            files.sort();
            Found { id: id_of(Path::new(&source)), source, files }
        })
        .collect();
    tell_apart(&mut found);
    Ok(Looked { lists: found, passed_over })
}

/// Gives lists that would share an id, such as `gambling.txt` and `gambling.hosts` in one folder, their endings back.
fn tell_apart(found: &mut [Found]) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for list in found.iter() {
        *counts.entry(list.id.clone()).or_default() += 1;
    }
    for list in found.iter_mut().filter(|list| counts.get(&list.id).is_some_and(|count| *count > 1)) {
        let source = Path::new(&list.source);
        list.id = with_folder(source, &source.file_name().unwrap_or_default().to_string_lossy());
    }
}

fn walk(
    folder: &Path,
    lists: &mut BTreeMap<String, Vec<PathBuf>>,
    passed_over: &mut Vec<PathBuf>,
) -> Result<(), FileError> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(read_error(folder))?;
    entries.sort();
    let parts: Vec<PathBuf> =
        entries.iter().filter(|entry| SQUIDGUARD.contains(&bare_name(entry).as_str())).cloned().collect();
    if !parts.is_empty() {
        lists.entry(folder.display().to_string()).or_default().extend(parts);
    }
    for entry in entries {
        let name = bare_name(&entry);
        if name.starts_with('.') || SQUIDGUARD.contains(&name.as_str()) {
            continue;
        }
        // A link to a folder is squidGuard's other name for a list that is read under its own.
        if entry.is_dir() && !entry.is_symlink() {
            walk(&entry, lists, passed_over)?;
        } else if entry.is_file() && is_no_list(&name) {
            passed_over.push(entry);
        } else if entry.is_file() {
            add_file(&entry, lists);
        }
    }
    Ok(())
}

fn add_file(path: &Path, lists: &mut BTreeMap<String, Vec<PathBuf>>) {
    let name = bare_name(path);
    let source = match name.rsplit_once('.') {
        Some((stem, part)) if SQUIDGUARD.contains(&part) => path.with_file_name(stem),
        _ => path.to_owned(),
    };
    lists.entry(source.display().to_string()).or_default().push(path.to_owned());
}

/// The file's name without `.gz`.
fn bare_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(".gz").unwrap_or(&name).to_owned()
}

/// What the names of lists may end in without it being part of the id.
pub(super) const ENDINGS: [&str; 10] =
    [".txt", ".hosts", ".list", ".domains", ".dat", ".md", ".urls", ".conf", ".rpz", ".zone"];

/// `ut1/games` for `…/ut1/games`, `blocklistproject/drugs` for `…/blocklistproject/drugs.hosts.gz`.
fn id_of(source: &Path) -> String {
    let name = bare_name(source);
    with_folder(source, ENDINGS.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name))
}

/// The name behind that of the folder the source lies in.
fn with_folder(source: &Path, name: &str) -> String {
    let above = source.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let clean = |text: &str| -> String {
        text.chars()
            .map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' })
            .collect()
    };
    if above.is_empty() { clean(name) } else { format!("{}/{}", clean(&above), clean(name)) }
}

impl Found {
    /// Reads all files, unpacking what is packed.
    pub fn read(&self) -> Result<Text, FileError> {
        let mut left = MOST_BYTES;
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        for path in &self.files {
            let file = fs::File::open(path).map_err(read_error(path))?;
            let mut content = Vec::new();
            let reader: Box<dyn Read> = if path.extension().is_some_and(|end| end == "gz") {
                Box::new(flate2::read::MultiGzDecoder::new(file))
            } else {
                // All at once, so that a large text is not moved about while it grows.
                let length = file.metadata().map_or(0, |about| about.len()).min(left);
                content.reserve_exact(usize::try_from(length).unwrap_or(0) + 1);
                Box::new(file)
            };
            let length = reader.take(left + 1).read_to_end(&mut content).map_err(read_error(path))?;
            left = left.checked_sub(length as u64).ok_or_else(|| FileError::TooLarge(path.clone()))?;
            let bare = bare_name(path);
            // `domains` beside `domains.gz`: both count, and the last part of a name says the format.
            let mut name = bare.clone();
            let mut number = 1;
            while files.iter().any(|(taken, _)| *taken == name) {
                number += 1;
                name = format!("{number}.{bare}");
            }
            files.push((name, content));
        }
        files.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Text { files })
    }
}

impl Text {
    /// The lists that come with the program: their ids and texts.
    pub fn built_in() -> Vec<(String, Self)> {
        let mut lists: BTreeMap<String, Vec<(String, Vec<u8>)>> = BTreeMap::new();
        for name in Starter::iter() {
            let Some(file) = Starter::get(&name) else { continue };
            let Some((stem, end)) = name.rsplit_once('.') else { continue };
            let part = match end {
                "txt" => "domains",
                "urls" => "urls",
                _ => continue,
            };
            lists
                .entry(format!("starter/{stem}"))
                .or_default()
                .push((part.to_owned(), file.data.into_owned()));
        }
        lists.into_iter().map(|(id, files)| (id, Self { files })).collect()
    }

    /// The text without the files that were refused.
    pub fn without(&self, refused: &[RefusedPart]) -> Used<'_> {
        let used = |name: &str| refused.iter().all(|part| part.file != name);
        Used { files: self.files.iter().filter(|(name, _)| used(name)).collect() }
    }

    /// SHA-256 over all names and contents, in hexadecimal.
    pub fn sha256(&self) -> String {
        sha256(self.files.iter())
    }

    /// Reads back what was kept.
    pub fn kept(folder: &Path, id: &str, version: u32) -> Result<Self, FileError> {
        let place = kept_at(folder, id, version);
        let mut paths: Vec<PathBuf> = fs::read_dir(&place)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
            .map_err(read_error(&place))?;
        paths.sort();
        Found { id: id.to_owned(), source: String::new(), files: paths }.read()
    }

    /// Forgets versions that are no longer in use; the one before stays, so that an update can be undone.
    pub fn forget_before(folder: &Path, id: &str, version: u32) {
        for old in (1..version.saturating_sub(1)).rev() {
            if fs::remove_dir_all(kept_at(folder, id, old)).is_err() {
                break;
            }
        }
    }
}

impl Used<'_> {
    /// Keeps the text under `folder`, as `<id>/<version>/<file>`, so that what is in use can be built again at any time,
    /// whatever becomes of its source.
    pub fn keep(&self, folder: &Path, id: &str, version: u32) -> Result<(), FileError> {
        let place = kept_at(folder, id, version);
        if place.exists() {
            // What is left of an attempt that was rolled back, or was damaged.
            fs::remove_dir_all(&place).map_err(read_error(&place))?;
        }
        fs::create_dir_all(&place).map_err(read_error(&place))?;
        for (name, content) in self.files.iter().copied() {
            let path = place.join(name);
            let write = || {
                let mut out = fs::File::create(&path)?;
                out.write_all(content)?;
                out.sync_all()
            };
            write().map_err(read_error(&path))?;
        }
        Ok(())
    }

    /// Whether what is kept is the same.
    pub fn is_kept(&self, folder: &Path, id: &str, version: u32) -> bool {
        Text::kept(folder, id, version).is_ok_and(|kept| kept.sha256() == sha256(self.files.iter().copied()))
    }
}

fn sha256<'f>(files: impl Iterator<Item = &'f (String, Vec<u8>)>) -> String {
    let mut hash = Sha256::new();
    for (name, content) in files {
        for part in [name.as_bytes(), content] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn kept_at(folder: &Path, id: &str, version: u32) -> PathBuf {
    // An id holds no dots alone and one slash at most (`id_of`), so it is a folder or two below, never above.
    id.split('/')
        .filter(|part| !matches!(*part, "" | "." | ".."))
        .fold(folder.to_owned(), |path, part| path.join(part))
        .join(version.to_string())
}

/// The lists of `content/starter`.
#[derive(rust_embed::RustEmbed)]
#[folder = "../../content/starter"]
struct Starter;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_found_in_every_form_a_school_has_them() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "a.example\n").unwrap();
        };
        for path in [
            "ut1/games/domains",
            "ut1/games/urls",
            "ut1/README.md",
            "own/bad.txt",
            "flat/drogue.domains",
            "flat/drogue.urls",
            ".git/x",
        ] {
            at(path);
        }
        let found = find(folder.path()).unwrap();
        let ids: Vec<(&str, usize)> = found.iter().map(|list| (list.id.as_str(), list.files.len())).collect();
        assert_eq!(ids, [("flat/drogue", 2), ("own/bad", 1), ("ut1/games", 2)]);
        assert_eq!(find(&folder.path().join("own/bad.txt")).unwrap()[0].id, "own/bad");
        assert!(matches!(find(&folder.path().join(".git/none")), Err(FileError::Read { .. })));
        fs::create_dir(folder.path().join("empty")).unwrap();
        assert!(matches!(find(&folder.path().join("empty")), Err(FileError::Nothing(_))));
    }

    #[test]
    fn what_lies_beside_the_lists_of_an_archive_of_ut1_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            "toulouse/adult/domains",
            "toulouse/adult/urls",
            "toulouse/adult/expressions",
            "toulouse/adult/very_restrictive_expression",
            "toulouse/adult/usage",
            "toulouse/adult/domains.24733",
            "toulouse/adult/domains.db",
            "toulouse/games/domains",
            "toulouse/games/usage",
            "toulouse/global_usage",
            "toulouse/cc-by-sa-4-0.pdf",
            "toulouse/README",
            // Nobody knows what this is, so it is looked at.
            "toulouse/index.html",
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "a.example\n").unwrap();
        }
        let looked = look(folder.path()).unwrap();
        let lists: Vec<(&str, usize)> =
            looked.lists.iter().map(|list| (list.id.as_str(), list.files.len())).collect();
        assert_eq!(lists, [("toulouse/adult", 4), ("toulouse/games", 1), ("toulouse/index.html", 1)]);
        let mut passed: Vec<_> =
            looked.passed_over.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        passed.sort_unstable();
        assert_eq!(
            passed,
            ["README", "cc-by-sa-4-0.pdf", "domains.24733", "domains.db", "global_usage", "usage", "usage"]
        );
        // Whoever names such a file means it.
        assert_eq!(look(&folder.path().join("toulouse/global_usage")).unwrap().lists.len(), 1);
    }

    #[test]
    fn no_list_takes_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let vendor = folder.path().join("vendor");
        fs::create_dir_all(vendor.join("games")).unwrap();
        for (path, text) in [("gambling.txt", "a.example\n"), ("gambling.hosts", "0.0.0.0 b.example\n")] {
            fs::write(vendor.join(path), text).unwrap();
        }
        fs::write(vendor.join("games/domains"), "c.example\n").unwrap();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"d.example\n").unwrap();
        fs::write(vendor.join("games/domains.gz"), packed.finish().unwrap()).unwrap();

        let found = find(folder.path()).unwrap();
        let ids: Vec<&str> = found.iter().map(|list| list.id.as_str()).collect();
        assert_eq!(ids, ["vendor/gambling.hosts", "vendor/gambling.txt", "vendor/games"]);
        // Both parts are read, and kept beside each other.
        let text = found[2].read().unwrap();
        text.without(&[]).keep(folder.path(), "vendor/games", 1).unwrap();
        let kept = Text::kept(folder.path(), "vendor/games", 1).unwrap();
        let texts: Vec<(&str, &[u8])> =
            kept.files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
        assert_eq!(texts, [("2.domains", b"d.example\n".as_slice()), ("domains", b"c.example\n".as_slice())]);
        assert_eq!(kept.sha256(), text.sha256());
    }

    #[test]
    fn what_was_read_is_kept_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let text = Text { files: vec![("domains".to_owned(), b"a.example\n".to_vec())] };
        for version in 1..=4 {
            text.without(&[]).keep(folder.path(), "ut1/games", version).unwrap();
        }
        Text::forget_before(folder.path(), "ut1/games", 4);
        assert_eq!(Text::kept(folder.path(), "ut1/games", 4).unwrap().sha256(), text.sha256());
        assert!(Text::kept(folder.path(), "ut1/games", 3).is_ok());
        assert!(Text::kept(folder.path(), "ut1/games", 2).is_err());
    }

    #[test]
    fn the_program_brings_lists_of_its_own() {
        let built_in = Text::built_in();
        assert!(built_in.len() >= 20, "{}", built_in.len());
        assert!(built_in.iter().any(|(id, text)| id == "starter/games" && text.files.len() == 2));
    }
}
