//! Finding lists in files and folders.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lists::{ENDINGS, WORDS_ANYWHERE};

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
    #[error("{}: larger than {} MiB unpacked; check that it is a list, and split it if it is", .path.display(), .most >> 20)]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// How many bytes a list's files may have together.
        most: u64,
    },
    /// It holds too much.
    #[error(
        "{}: it holds more names and addresses than one list may, which needs more than {} MiB of memory; use a smaller \
         edition of it",
        .path.display(),
        .most >> 20
    )]
    TooMuch {
        /// Which.
        path: PathBuf,
        /// How many bytes of memory one list may need.
        most: u64,
    },
    /// It is packed and ends too early.
    #[error("{}: the packed file is cut short, as by a download that failed; fetch it again", .0.display())]
    CutShort(PathBuf),
    /// It is packed and cannot be unpacked.
    #[error("{}: the packed file is damaged and cannot be unpacked; fetch it again", .0.display())]
    Damaged(PathBuf),
    /// There is no room to unpack it.
    #[error("{}: a list cannot be unpacked here ({source}); make room, and check that this account may write there", .folder.display())]
    NoRoom {
        /// Where.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("{}: no list is in it; give a file, a folder in squidGuard's form, or a folder of such", .0.display())]
    Nothing(PathBuf),
    /// It was read before and is there no more.
    #[error("{}: it is not there any more; put it back, or take its list out of use with `fivebar lists remove`", .0.display())]
    Gone(PathBuf),
}

pub(super) fn read_error(path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    move |source| FileError::Read { path, source }
}

/// The files of a list in squidGuard's form. What UT1 gives beside them, [`WORDS_ANYWHERE`], is a list of its own: such words
/// say little of what a page is about, and a school decides about them apart.
const SQUIDGUARD: [&str; 3] = ["domains", "urls", "expressions"];

/// Whether a file lies beside lists and is none, by its name without `.gz`: UT1's notes on what each of its lists is for,
/// what an update of UT1 leaves behind (`domains.24733`), what squidGuard makes of a list (`domains.db`), and papers. A
/// page of the web is not among them: that is a download that failed.
fn is_no_list(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ending = name
        .rsplit_once('.')
        .filter(|(stem, _)| SQUIDGUARD.contains(stem) || *stem == WORDS_ANYWHERE)
        .map(|(_, ending)| ending);
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
    let sources: Vec<String> = lists.keys().cloned().collect();
    let found = lists.into_iter().zip(ids_of(&sources)).map(
        |((source, mut files), id): ((String, Vec<PathBuf>), String)| {
            files.sort();
            Found { id, source, files }
        },
    );
    Ok(Looked { lists: found.collect(), passed_over })
}

/// The ids of lists with these places. Those that would share one, such as `gambling.txt` and `gambling.hosts` in one
/// folder, get their endings back.
pub(super) fn ids_of(sources: &[String]) -> Vec<String> {
    let mut ids: Vec<String> = sources.iter().map(|source| id_of(Path::new(source))).collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for id in &ids {
        *counts.entry(id.clone()).or_default() += 1;
    }
    for (id, source) in
        ids.iter_mut().zip(sources).filter(|(id, _)| counts.get(*id).is_some_and(|count| *count > 1))
    {
        let source = Path::new(source);
        *id = with_folder(source, &source.file_name().unwrap_or_default().to_string_lossy());
    }
    ids
}

/// The place of the list that a file in an archive is a part of; `None` where it is no list, as in a folder.
pub(super) fn list_of(path: &Path) -> Option<String> {
    if path.components().any(|part| part.as_os_str().to_string_lossy().starts_with('.')) {
        return None;
    }
    let name = bare_name(path);
    if SQUIDGUARD.contains(&name.as_str()) {
        return path.parent().map(|folder| folder.display().to_string());
    }
    (!is_no_list(&name)).then(|| place_of_file(path))
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
    lists.entry(place_of_file(path)).or_default().push(path.to_owned());
}

/// Where the list of a file is: the file itself, or the start of its name where it is one of several parts.
fn place_of_file(path: &Path) -> String {
    let name = bare_name(path);
    let source = match name.rsplit_once('.') {
        Some((stem, part)) if SQUIDGUARD.contains(&part) => path.with_file_name(stem),
        _ => path.to_owned(),
    };
    source.display().to_string()
}

/// The file's name without `.gz`.
pub(super) fn bare_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(".gz").unwrap_or(&name).to_owned()
}

/// `ut1/games` for `…/ut1/games`, `blocklistproject/drugs` for `…/blocklistproject/drugs.hosts.gz`, and
/// `ut1/adult.very_restrictive_expression` for `…/ut1/adult/very_restrictive_expression`.
fn id_of(source: &Path) -> String {
    let name = bare_name(source);
    if name == WORDS_ANYWHERE
        && let Some(folder) = source.parent()
    {
        return with_folder(folder, &format!("{}.{name}", bare_name(folder)));
    }
    with_folder(source, ENDINGS.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name))
}

/// What the list at a place is called, without the folder before it: `games` for `…/games.txt.gz` and for `…/games/domains`.
pub(super) fn list_name(path: &Path) -> String {
    let source = list_of(path).map_or_else(|| path.to_owned(), PathBuf::from);
    id_of(&source).rsplit('/').next().unwrap_or_default().to_owned()
}

/// A text as a part of an id.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' }).collect()
}

/// The name behind that of the folder the source lies in.
pub(super) fn with_folder(source: &Path, name: &str) -> String {
    let above = source.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    if above.is_empty() { clean(name) } else { format!("{}/{}", clean(&above), clean(name)) }
}

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
            "toulouse/adult/very_restrictive_expression.db",
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
        assert_eq!(
            lists,
            [
                ("toulouse/adult", 3),
                ("toulouse/adult.very_restrictive_expression", 1),
                ("toulouse/games", 1),
                ("toulouse/index.html", 1)
            ]
        );
        // It is found again by its own path, packed or not, in a folder or beside the others.
        fs::create_dir(folder.path().join("flat")).unwrap();
        for path in
            ["toulouse/adult/very_restrictive_expression", "flat/adult.very_restrictive_expression.gz"]
        {
            let path = folder.path().join(path);
            fs::write(&path, "(a|b)\n").unwrap();
            let found = find(&path).unwrap();
            assert_eq!(
                (found.len(), found[0].source.as_str()),
                (1, path.canonicalize().unwrap().to_str().unwrap())
            );
            assert!(found[0].id.ends_with("/adult.very_restrictive_expression"), "{}", found[0].id);
        }
        let mut passed: Vec<_> =
            looked.passed_over.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        passed.sort_unstable();
        assert_eq!(
            passed,
            [
                "README",
                "cc-by-sa-4-0.pdf",
                "domains.24733",
                "domains.db",
                "global_usage",
                "usage",
                "usage",
                "very_restrictive_expression.db"
            ]
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
        fs::write(vendor.join("games/domains.gz"), "packed").unwrap();
        let found = find(folder.path()).unwrap();
        let ids: Vec<&str> = found.iter().map(|list| list.id.as_str()).collect();
        assert_eq!(ids, ["vendor/gambling.hosts", "vendor/gambling.txt", "vendor/games"]);
        assert_eq!(found[2].files.len(), 2);
    }
}
