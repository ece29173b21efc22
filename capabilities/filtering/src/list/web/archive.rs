//! What was sent, as lists: one, or those of an archive.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Component, Path, PathBuf};

use super::address::WebAddress;
use super::fetch::Fetched;
use crate::list::files::{self, FileError, bare_name, read_error};
use crate::list::text::{Text, TextFile, unpack_from};

/// One list that was sent.
pub struct Sent {
    pub id: String,
    /// The address; of a list of an archive, with `#` and its place in there.
    pub source: String,
    pub text: Text,
}

/// How many files of lists an archive may hold; those that are long are each held open. UT1's has about 200.
const MOST_FILES: usize = 600;
/// How many entries it may have at all.
const MOST_ENTRIES: usize = 100_000;
/// How many times as long as what is used of it an archive may be unpacked.
const MOST_BESIDE: u64 = 4;

/// The endings of archives.
const ENDINGS: [&str; 3] = [".tar.gz", ".tgz", ".tar"];

/// Whether an address is that of an archive, by its name.
pub fn is_named_archive(address: &WebAddress) -> bool {
    ENDINGS.iter().any(|end| address.file_name().ends_with(end))
}

/// The id of the list at an address, or the name of the folder that an archive's lists lie in: the one given, else server
/// and name, as in `lists.example/games`.
pub fn id_of(address: &WebAddress, name: Option<&str>) -> String {
    if let Some(name) = name {
        return name.split('/').map(files::clean).collect::<Vec<_>>().join("/");
    }
    files::with_folder(&Path::new(address.host()).join("-"), &files::list_name(&address.place()))
}

/// The lists that were sent, unpacked: those whose sources are `wanted`, or all. Of an archive, whatever is no list is passed
/// over as in a folder.
pub fn lists_of(
    fetched: &mut Fetched,
    address: &WebAddress,
    name: Option<&str>,
    wanted: Option<&BTreeSet<String>>,
    beside: &Path,
    most: u64,
) -> Result<Vec<Sent>, FileError> {
    let place = PathBuf::from(address.to_string());
    let failed = |error| read_error(&place)(error);
    let is_packed =
        begins_like(&mut fetched.file, |start| start.starts_with(&[0x1f, 0x8b])).map_err(failed)?;
    // What cannot be unpacked says so below, where it is read whole.
    let is_archive = if is_packed {
        let decoder = flate2::read::MultiGzDecoder::new(&mut fetched.file);
        is_tar(decoder).unwrap_or(false)
    } else {
        is_tar(&mut fetched.file).map_err(failed)?
    };
    fetched.file.seek(SeekFrom::Start(0)).map_err(failed)?;
    if is_archive {
        let most_at_all = most.saturating_mul(MOST_BESIDE);
        let reader: Box<dyn Read + '_> = match is_packed {
            true => Box::new(flate2::read::MultiGzDecoder::new(&mut fetched.file).take(most_at_all)),
            false => Box::new((&mut fetched.file).take(most_at_all)),
        };
        return members(reader, address, name, wanted, beside, most);
    }
    let content = unpack_from(&mut fetched.file, &place, is_packed, beside, most)?;
    if content.bytes() > most {
        return Err(FileError::TooLarge { path: place, most });
    }
    let file = TextFile::new(bare_name(Path::new(address.file_name())), place, content);
    let text = Text::of(vec![file]);
    Ok(vec![Sent { id: id_of(address, name), source: address.to_string(), text }])
}

fn begins_like(file: &mut File, is: impl Fn(&[u8]) -> bool) -> io::Result<bool> {
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    Read::by_ref(file).take(8).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(is(&start))
}

/// Every tar that is still made says so at the same place.
fn is_tar(reader: impl Read) -> io::Result<bool> {
    let mut start = Vec::new();
    reader.take(512).read_to_end(&mut start)?;
    Ok(start.get(257..262) == Some(b"ustar"))
}

fn members(
    reader: impl Read,
    address: &WebAddress,
    name: Option<&str>,
    wanted: Option<&BTreeSet<String>>,
    beside: &Path,
    most: u64,
) -> Result<Vec<Sent>, FileError> {
    let archive = PathBuf::from(address.to_string());
    // Whatever is wrong in here, it is what was sent.
    let damaged = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => FileError::CutShort(archive.clone()),
        _ => FileError::Damaged(archive.clone()),
    };
    let root = root_of(address, name);
    let mut lists: BTreeMap<String, Vec<TextFile>> = BTreeMap::new();
    let (mut left, mut count) = (most, 0usize);
    let mut tar = tar::Archive::new(reader);
    for (number, entry) in tar.entries().map_err(damaged)?.enumerate() {
        let mut entry = entry.map_err(damaged)?;
        if number >= MOST_ENTRIES || count >= MOST_FILES {
            return Err(FileError::TooLarge { path: archive, most });
        }
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().map_err(damaged)?.into_owned();
        // A name that leads out of the archive is no list's.
        if path.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
            continue;
        }
        let path: PathBuf =
            root.join(path.components().filter(|part| *part != Component::CurDir).collect::<PathBuf>());
        let Some(list) = files::list_of(&path) else { continue };
        let inside = Path::new(&list).strip_prefix(&root).unwrap_or(Path::new(&list));
        let source = format!("{address}#{}", inside.display());
        if wanted.is_some_and(|wanted| !wanted.contains(&source)) {
            continue;
        }
        let packed = path.extension().is_some_and(|end| end == "gz");
        let content =
            unpack_from(&mut entry, &archive, packed, beside, left).map_err(|error| match error {
                FileError::Read { source, .. } => damaged(source),
                other => other,
            })?;
        let too_large = || FileError::TooLarge { path: archive.clone(), most };
        left = left.checked_sub(content.bytes()).ok_or_else(too_large)?;
        count += 1;
        let files = lists.entry(list).or_default();
        let name = Text::free_name(files, &bare_name(&path));
        files.push(TextFile::new(name, PathBuf::from(source), content));
    }
    if lists.is_empty() && wanted.is_none() {
        return Err(FileError::Nothing(archive));
    }
    let paths: Vec<String> = lists.keys().cloned().collect();
    let ids = files::ids_of(&paths);
    let sent = lists.into_values().zip(paths).zip(ids).map(|((files, path), id)| {
        let inside = Path::new(&path).strip_prefix(&root).unwrap_or(Path::new(&path));
        let id = if name.is_some() { under(&root, &id) } else { id };
        Sent { id, source: format!("{address}#{}", inside.display()), text: Text::of(files) }
    });
    Ok(sent.collect())
}

/// What the archive unpacks into, as it were: a folder with its name.
fn root_of(address: &WebAddress, name: Option<&str>) -> PathBuf {
    let given = name.map(|name| files::clean(name.rsplit('/').next().unwrap_or(name)));
    let file = address.file_name();
    let own = || ENDINGS.iter().find_map(|end| file.strip_suffix(end)).unwrap_or(file).to_owned();
    PathBuf::from(given.unwrap_or_else(own))
}

/// `ut1/games` for `ut1-all/games`, where the lists of an archive were given the name `ut1`.
fn under(root: &Path, id: &str) -> String {
    format!("{}/{}", root.display(), id.rsplit('/').next().unwrap_or(id))
}
