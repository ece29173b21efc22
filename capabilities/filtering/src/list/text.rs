//! The text of a list: read and unpacked from its files, and kept as it was read.
//!
//! A text can be larger than the machine's memory, so only short files are held in memory. Longer ones are unpacked into a
//! file without a name beside the lists that are kept, which goes with whoever holds it, however that ends.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use lists::{Foreign, Format, ReadError, Report, Sample, Sink};
use sha2::{Digest, Sha256};

use super::files::{FileError, Found, bare_name, read_error};
use super::model::RefusedPart;

/// The largest a list's files may be together, unpacked: about fifty million names. A small file that unpacks to more
/// is an attack or a mistake.
pub const MOST_BYTES: u64 = 1 << 30;

/// The source of the lists that come with the program.
pub const BUILT_IN: &str = "built-in";

/// A list's text: its files, unpacked, in the order of their names.
pub struct Text {
    files: Vec<TextFile>,
}

/// One file of a text.
pub struct TextFile {
    /// Its name, without `.gz`.
    pub name: String,
    /// Where it was read from.
    path: PathBuf,
    content: Content,
}

pub(super) enum Content {
    /// At most [`Sample::BYTES`] long.
    Short(Vec<u8>),
    /// As a file of so many bytes.
    Long(File, u64),
}

/// The files of a text that are in use.
pub struct Used<'t> {
    files: Vec<&'t TextFile>,
}

impl Found {
    /// Reads all files, unpacking what is packed, up to `most` bytes together. `beside` is the folder for what is too long
    /// for memory. Of a file that begins like no text, no more than the start is read.
    pub fn read(&self, beside: &Path, most: u64) -> Result<Text, FileError> {
        let mut left = most;
        let mut files: Vec<TextFile> = Vec::new();
        for path in &self.files {
            let content = unpack(path, beside, left)?;
            let too_large = || FileError::TooLarge { path: path.clone(), most };
            left = left.checked_sub(content.bytes()).ok_or_else(too_large)?;
            let name = Text::free_name(&files, &bare_name(path));
            files.push(TextFile { name, path: path.clone(), content });
        }
        Ok(Text::of(files))
    }
}

/// Unpacks a file where it is packed, up to one byte more than `most`. A file that is only named like a packed one is read
/// as it is.
fn unpack(path: &Path, beside: &Path, most: u64) -> Result<Content, FileError> {
    let file = File::open(path).map_err(read_error(path))?;
    unpack_from(file, path, path.extension().is_some_and(|end| end == "gz"), beside, most)
}

/// The same for what is open already and comes from `path`; `may_be_packed` where its name says so.
pub(super) fn unpack_from(
    mut file: impl Read,
    path: &Path,
    may_be_packed: bool,
    beside: &Path,
    most: u64,
) -> Result<Content, FileError> {
    let mut start = Vec::new();
    Read::by_ref(&mut file).take(2).read_to_end(&mut start).map_err(read_error(path))?;
    let is_packed = start == [0x1f, 0x8b] && may_be_packed;
    // Joined rather than wound back: what is named may be a pipe.
    let file = io::Cursor::new(start).chain(file);
    let reader: Box<dyn Read + '_> =
        if is_packed { Box::new(flate2::read::MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut reader = reader.take(most.saturating_add(1));
    let not_read = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof if is_packed => FileError::CutShort(path.to_owned()),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData if is_packed => {
            FileError::Damaged(path.to_owned())
        }
        _ => read_error(path)(error),
    };
    let mut start = Vec::new();
    reader.by_ref().take(Sample::BYTES as u64 + 1).read_to_end(&mut start).map_err(not_read)?;
    if start.len() <= Sample::BYTES {
        return Ok(Content::Short(start));
    }
    if Sample::not_text(&start).is_some() {
        start.truncate(Sample::BYTES);
        return Ok(Content::Short(start));
    }
    let no_room = |source| FileError::NoRoom { folder: beside.to_owned(), source };
    let mut out = fs::create_dir_all(beside).and_then(|()| tempfile::tempfile_in(beside)).map_err(no_room)?;
    let mut bytes = 0;
    let mut buffer = start;
    loop {
        out.write_all(&buffer).map_err(no_room)?;
        bytes += buffer.len() as u64;
        buffer.clear();
        reader.by_ref().take(lists::PIECE as u64).read_to_end(&mut buffer).map_err(not_read)?;
        if buffer.is_empty() {
            return Ok(Content::Long(out, bytes));
        }
    }
}

impl Content {
    pub(super) const fn bytes(&self) -> u64 {
        match self {
            Self::Short(bytes) => bytes.len() as u64,
            Self::Long(_, bytes) => *bytes,
        }
    }
}

impl TextFile {
    pub(super) const fn new(name: String, path: PathBuf, content: Content) -> Self {
        Self { name, path, content }
    }

    /// How many bytes of it are in memory.
    fn in_memory(&self) -> usize {
        match &self.content {
            Content::Short(bytes) => bytes.capacity(),
            Content::Long(..) => 0,
        }
    }

    fn reader(&self) -> Result<Box<dyn Read + '_>, FileError> {
        self.open().map_err(read_error(&self.path))
    }

    /// Its text, from the start.
    pub fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match &self.content {
            Content::Short(bytes) => Box::new(bytes.as_slice()),
            Content::Long(file, _) => {
                let mut file: &File = file;
                file.seek(SeekFrom::Start(0))?;
                Box::new(file)
            }
        })
    }

    /// Its format, or why it is no list.
    pub fn format(&self) -> Result<Result<Format, Foreign>, FileError> {
        match &self.content {
            Content::Short(bytes) => Ok(lists::detect(&self.name, bytes)),
            Content::Long(file, bytes) => {
                let (mut start, mut middle) = (vec![0; Sample::BYTES], vec![0; Sample::BYTES]);
                for (piece, at) in [(&mut start, 0), (&mut middle, Sample::middle_of(*bytes))] {
                    let room = usize::try_from(bytes.saturating_sub(at)).unwrap_or(usize::MAX);
                    piece.truncate(room);
                    file.read_exact_at(piece, at).map_err(read_error(&self.path))?;
                }
                Ok(lists::detect_by(&self.name, Sample::pieces(&start, &middle, *bytes)))
            }
        }
    }

    /// Reads it as a list, line by line.
    pub fn read_into(&self, sink: &mut impl Sink) -> Result<Result<Report, Foreign>, ReadIntoError> {
        let format = match self.format()? {
            Ok(format) => format,
            Err(why) => return Ok(Err(why)),
        };
        match lists::read_from(|| self.open(), format, sink) {
            Ok(report) => Ok(Ok(report)),
            Err(ReadError::Full) => Err(ReadIntoError::Full(self.path.clone())),
            Err(ReadError::Io(error)) => Err(read_error(&self.path)(error).into()),
        }
    }

    /// How many of its lines hold anything.
    pub fn lines(&self) -> Result<u64, FileError> {
        lists::count_lines(&mut *self.reader()?).map_err(read_error(&self.path))
    }
}

/// Why a file was not read as a list.
#[derive(Debug, thiserror::Error)]
pub enum ReadIntoError {
    /// It could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It holds more than the sink takes.
    #[error("{}: it holds more than one list may", .0.display())]
    Full(PathBuf),
}

impl Text {
    /// The lists that come with the program: their ids and texts.
    pub fn built_in() -> Vec<(String, Self)> {
        let mut lists: BTreeMap<String, Vec<TextFile>> = BTreeMap::new();
        for name in Starter::iter() {
            let Some(file) = Starter::get(&name) else { continue };
            let Some((stem, end)) = name.rsplit_once('.') else { continue };
            let part = match end {
                "txt" => "domains",
                "urls" => "urls",
                _ => continue,
            };
            let content = Content::Short(file.data.into_owned());
            let file = TextFile { name: part.to_owned(), path: PathBuf::from(BUILT_IN), content };
            lists.entry(format!("starter/{stem}")).or_default().push(file);
        }
        lists.into_iter().map(|(id, files)| (id, Self { files })).collect()
    }

    pub(super) fn of(mut files: Vec<TextFile>) -> Self {
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Self { files }
    }

    /// The name of one more file. `domains` beside `domains.gz`: both count, and the last part of a name says the format.
    pub(super) fn free_name(files: &[TextFile], bare: &str) -> String {
        let mut name = bare.to_owned();
        let mut number = 1;
        while files.iter().any(|file| file.name == name) {
            number += 1;
            name = format!("{number}.{bare}");
        }
        name
    }

    /// Its files, in the order of their names.
    pub fn files(&self) -> &[TextFile] {
        &self.files
    }

    /// How many bytes there are in all.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.content.bytes()).sum()
    }

    /// How many bytes of it are in memory: those of short files alone.
    pub fn in_memory(&self) -> usize {
        self.files.iter().map(TextFile::in_memory).sum()
    }

    /// The text without the files that were refused.
    pub fn without(&self, refused: &[RefusedPart]) -> Used<'_> {
        let used = |name: &str| refused.iter().all(|part| part.file != name);
        Used { files: self.files.iter().filter(|file| used(&file.name)).collect() }
    }

    /// SHA-256 over all names and contents, in hexadecimal.
    pub fn sha256(&self) -> Result<String, FileError> {
        sha256(self.files.iter())
    }

    /// What was kept.
    pub fn kept(folder: &Path, id: &str, version: u32) -> Result<Self, FileError> {
        let place = kept_at(folder, id, version);
        let mut paths: Vec<PathBuf> = fs::read_dir(&place)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
            .map_err(read_error(&place))?;
        paths.sort();
        let mut files = Vec::new();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let file = File::open(&path).map_err(read_error(&path))?;
            let bytes = file.metadata().map_err(read_error(&path))?.len();
            files.push(TextFile { name, path, content: Content::Long(file, bytes) });
        }
        Ok(Self { files })
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
        for file in &self.files {
            let path = place.join(&file.name);
            let mut reader = file.reader()?;
            let mut write = || {
                let mut out = File::create(&path)?;
                io::copy(&mut reader, &mut out)?;
                out.sync_all()
            };
            write().map_err(read_error(&path))?;
        }
        Ok(())
    }

    /// Whether what is kept is the same.
    pub fn is_kept(&self, folder: &Path, id: &str, version: u32) -> bool {
        let kept = Text::kept(folder, id, version).and_then(|kept| kept.sha256());
        let used = sha256(self.files.iter().copied());
        matches!((kept, used), (Ok(kept), Ok(used)) if kept == used)
    }
}

fn sha256<'f>(files: impl Iterator<Item = &'f TextFile>) -> Result<String, FileError> {
    let mut hash = Sha256::new();
    for file in files {
        hash.update((file.name.len() as u64).to_le_bytes());
        hash.update(&file.name);
        hash.update(file.content.bytes().to_le_bytes());
        io::copy(&mut file.reader()?, &mut hash).map_err(read_error(&file.path))?;
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
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
    use super::super::files::find;
    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    /// A list of one file and the folder that what is long goes beside.
    fn list(folder: &Path, name: &str, content: &[u8]) -> Found {
        let path = folder.join("own").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        find(&path).unwrap().remove(0)
    }

    fn content(file: &TextFile) -> Vec<u8> {
        let mut all = Vec::new();
        file.reader().unwrap().read_to_end(&mut all).unwrap();
        all
    }

    fn names(count: usize) -> Vec<u8> {
        (0..count).map(|number| format!("site{number}.example\n")).collect::<String>().into_bytes()
    }

    #[test]
    fn memory_does_not_grow_with_a_list() {
        let folder = tempfile::tempdir().unwrap();
        let beside = folder.path().join("kept");
        let long = names(200_000);
        assert!(long.len() > 50 * Sample::BYTES);
        for (name, bytes) in [("long.txt.gz", packed(&long)), ("long.txt", long.clone())] {
            let text = list(folder.path(), name, &bytes).read(&beside, MOST_BYTES).unwrap();
            assert_eq!((text.bytes(), text.in_memory()), (long.len() as u64, 0), "{name}");
            // It has no name, so nothing is left of it, not even after a crash.
            assert_eq!(fs::read_dir(&beside).unwrap().count(), 0);
            // Once and once more: every reader begins at the start.
            for _ in 0..2 {
                let mut taken = 0;
                let report = text.files()[0]
                    .read_into(&mut |_: lists::Says, _: lists::Entry<'_>| taken += 1)
                    .unwrap()
                    .unwrap();
                assert_eq!((report.accepted, report.format, taken), (200_000, Format::Domains, 200_000));
                assert_eq!(text.files()[0].lines().unwrap(), 200_000);
                assert!(content(&text.files()[0]) == long);
            }
            text.without(&[]).keep(&beside, "own/long", 1).unwrap();
            let kept = Text::kept(&beside, "own/long", 1).unwrap();
            assert_eq!((kept.sha256().unwrap(), kept.in_memory()), (text.sha256().unwrap(), 0));
            fs::remove_dir_all(&beside).unwrap();
        }
        let short = list(folder.path(), "short.txt", &names(10)).read(&beside, MOST_BYTES).unwrap();
        assert!(short.in_memory() <= 2 * Sample::BYTES && !beside.exists());
    }

    #[test]
    fn what_unpacks_to_more_than_a_list_may_be_is_refused_before_it_is_unpacked_whole() {
        let folder = tempfile::tempdir().unwrap();
        let beside = folder.path().join("kept");
        let long = names(200_000);
        let most = long.len() as u64;
        for (name, bytes) in [("long.txt.gz", packed(&long)), ("long.txt", long)] {
            let found = list(folder.path(), name, &bytes);
            assert_eq!(found.read(&beside, most).unwrap().bytes(), most);
            let refused = found.read(&beside, most - 1).map(|_| ()).unwrap_err();
            assert!(matches!(&refused, FileError::TooLarge { .. }), "{refused}");
        }
        // Zeros pack best of all, and nobody needs to unpack them to know that they are no list.
        let text =
            list(folder.path(), "zeros.txt.gz", &packed(&vec![0; 8 << 20])).read(&beside, 1 << 20).unwrap();
        assert_eq!(text.bytes(), Sample::BYTES as u64);
        assert_eq!(text.files()[0].format().unwrap(), Err(Foreign::NotText));
    }

    #[test]
    fn a_packed_file_that_is_not_whole_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let beside = folder.path().join("kept");
        let whole = packed(&names(200_000));
        let damaged = [&whole[..whole.len() / 2], b"xxxxxxxxxxxxxxxx", &whole[whole.len() / 2..]].concat();
        let mut wrong_sum = whole.clone();
        let sum = wrong_sum.len() - 8;
        wrong_sum[sum] ^= 1;
        for (bytes, why) in [
            (&whole[..whole.len() / 2], "cut short"),
            (&whole[..whole.len() - 1], "cut short"),
            (&whole[..5], "cut short"),
            (&damaged, "damaged"),
            (&wrong_sum, "damaged"),
        ] {
            let found = list(folder.path(), "bad.txt.gz", bytes);
            let said = found.read(&beside, MOST_BYTES).map(|_| ()).unwrap_err().to_string();
            assert!(said.contains(why) && said.ends_with("fetch it again"), "{said}");
            assert_eq!(said.matches("bad.txt").count(), 1, "{said}");
        }
        // Text that is only named like a packed file is that text.
        let text = list(folder.path(), "text.txt.gz", b"a.example\n").read(&beside, MOST_BYTES).unwrap();
        assert_eq!(content(&text.files()[0]), b"a.example\n");
    }

    #[test]
    fn the_same_is_found_in_a_text_in_memory_and_in_one_that_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let beside = folder.path().join("kept");
        let filler = |line: &str| line.repeat(200_000 / line.len());
        for (text, format) in [
            (filler("a.example\n"), Ok(Format::Domains)),
            (filler("0.0.0.0 a.example\n"), Ok(Format::Hosts)),
            (filler("a.example/x\n"), Ok(Format::Urls)),
            (filler("server=/a.example/\n"), Ok(Format::Dnsmasq)),
            (format!("{}{}", "# words\n".repeat(20_000), "b.example/x\n".repeat(40_000)), Ok(Format::Urls)),
            (format!("<html>{}", filler("<p>Not found</p>\n")), Err(Foreign::WebPage)),
        ] {
            let found = list(folder.path(), "some.list", text.as_bytes()).read(&beside, MOST_BYTES).unwrap();
            assert_eq!(found.in_memory(), 0);
            assert_eq!(found.files()[0].format().unwrap(), format);
            assert_eq!(lists::detect("some.list", text.as_bytes()), format);
        }
    }

    #[test]
    fn both_parts_of_a_name_are_read_and_kept_beside_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let games = folder.path().join("vendor/games");
        fs::create_dir_all(&games).unwrap();
        fs::write(games.join("domains"), "c.example\n").unwrap();
        fs::write(games.join("domains.gz"), packed(b"d.example\n")).unwrap();
        let text = find(&games).unwrap()[0].read(folder.path(), MOST_BYTES).unwrap();
        text.without(&[]).keep(folder.path(), "vendor/games", 1).unwrap();
        let kept = Text::kept(folder.path(), "vendor/games", 1).unwrap();
        let texts: Vec<(&str, Vec<u8>)> =
            kept.files().iter().map(|file| (file.name.as_str(), content(file))).collect();
        assert_eq!(texts, [("2.domains", b"d.example\n".to_vec()), ("domains", b"c.example\n".to_vec())]);
        assert_eq!(kept.sha256().unwrap(), text.sha256().unwrap());
    }

    #[test]
    fn what_was_read_is_kept_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            list(folder.path(), "games/domains", b"a.example\n").read(folder.path(), MOST_BYTES).unwrap();
        // As versions before this one wrote it down.
        assert_eq!(
            text.sha256().unwrap(),
            "d58e1fd69c9c3d02455d04ff56b7a47cbee9efea98493d24cd358a7b82242df8"
        );
        for version in 1..=4 {
            text.without(&[]).keep(folder.path(), "ut1/games", version).unwrap();
        }
        Text::forget_before(folder.path(), "ut1/games", 4);
        let kept = Text::kept(folder.path(), "ut1/games", 4).unwrap();
        assert_eq!(kept.sha256().unwrap(), text.sha256().unwrap());
        assert!(Text::kept(folder.path(), "ut1/games", 3).is_ok());
        assert!(Text::kept(folder.path(), "ut1/games", 2).is_err());
    }

    #[test]
    fn the_program_brings_lists_of_its_own() {
        let built_in = Text::built_in();
        assert!(built_in.len() >= 20, "{}", built_in.len());
        assert!(built_in.iter().any(|(id, text)| id == "starter/games" && text.files().len() == 2));
    }
}
