//! Bringing a list up to date by what has changed, where its maker publishes that beside it.
//!
//! This saves its server and the school's line most of what is fetched, no more: whatever is odd about a patch, the whole
//! list is fetched as if there were none, and so it is once a week in any case.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use hyper::StatusCode;
use lists::patch::{DiffPath, Patch, PatchError};
use sha1::{Digest as _, Sha1};

use super::address::WebAddress;
use super::archive::Sent;
use super::fetch::{Answer, FetchError, Fetcher, Watch};
use crate::list::files::{bare_name, read_error};
use crate::list::text::{Text, TextFile, unpack_from};

/// A list that its maker's patches may bring up to date.
#[derive(Debug, Clone)]
pub(super) struct Patchable {
    pub id: String,
    pub version: u32,
    /// Where the next patch lies.
    pub next: DiffPath,
}

/// What came of asking for patches.
pub(super) enum Patched {
    /// There is none yet.
    NotYet,
    /// The list after so many.
    Sent(Sent, usize),
}

/// Why patches came to nothing; the whole list is fetched then.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoPatch {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Patch(#[from] PatchError),
    #[error("what comes out of the patch is not what its maker says")]
    WrongChecksum,
    #[error("the patch names a place on another server")]
    Elsewhere,
    #[error("the patch names itself as the next one")]
    Circle,
    #[error("more than {MOST} patches wait")]
    TooMany,
    #[error("the list that is kept cannot be read: {0}")]
    Kept(io::Error),
}

/// More patches than these are as long as the list.
const MOST: usize = 24;
/// The longest patch: a part of the list, as a rule a thousandth.
const MOST_PATCH: u64 = 16 << 20;
/// How much of a list is read for where its next patch lies.
const START: u64 = 16 << 10;

/// What a list that is kept says of its next patch.
pub(super) fn next_of(kept: &Path, id: &str, version: u32) -> Option<DiffPath> {
    let text = Text::kept(kept, id, version).ok()?;
    let [file] = text.files() else { return None };
    let mut start = Vec::new();
    file.open().ok()?.take(START).read_to_end(&mut start).ok()?;
    DiffPath::of(&start)
}

/// Fetches patch after patch and carries each out.
pub(super) async fn fetch(
    fetcher: &Fetcher,
    address: &WebAddress,
    list: &Patchable,
    kept: &Path,
    watch: Watch<'_>,
) -> Result<Patched, NoPatch> {
    let short = Fetcher { most: MOST_PATCH.min(fetcher.most), ..fetcher.clone() };
    let (mut next, mut newest, mut count) = (list.next.clone(), None::<File>, 0);
    loop {
        let place = address.joined(&next.path).ok_or(NoPatch::Elsewhere)?;
        if place.authority() != address.authority() || place.is_secure() != address.is_secure() {
            return Err(NoPatch::Elsewhere);
        }
        let text = match short.fetch(&place, None, None, kept, watch).await {
            Ok(Answer::Sent(mut fetched)) => {
                let mut text = Vec::new();
                let read =
                    fetched.file.seek(SeekFrom::Start(0)).and_then(|_| fetched.file.read_to_end(&mut text));
                read.map_err(NoPatch::Kept)?;
                text
            }
            Ok(Answer::Unchanged) => Vec::new(),
            // Three ways to say that there is none yet.
            Err(FetchError::Refused { status: StatusCode::NOT_FOUND | StatusCode::NO_CONTENT, .. }) => {
                Vec::new()
            }
            Err(error) => return Err(error.into()),
        };
        if text.trim_ascii().is_empty() {
            break;
        }
        if count == MOST {
            return Err(NoPatch::TooMany);
        }
        let (list, kept, named, most) = (list.clone(), kept.to_owned(), next.name.clone(), fetcher.most);
        let before = newest.take();
        // Whoever waits for a server meanwhile is not held up.
        let work = move || carry_out(&list, &kept, before, &text, named.as_deref(), most);
        let done = tokio::task::spawn_blocking(work).await;
        let file = done.map_err(|_| NoPatch::Kept(io::Error::other("the program ended")))??;
        count += 1;
        let follows = DiffPath::of(&start_of(&file).map_err(NoPatch::Kept)?);
        newest = Some(file);
        match follows {
            Some(follows) if follows == next => return Err(NoPatch::Circle),
            Some(follows) => next = follows,
            // The maker publishes no more of them.
            None => break,
        }
    }
    let Some(file) = newest else { return Ok(Patched::NotYet) };
    let place = PathBuf::from(address.to_string());
    let failed = |error: crate::list::files::FileError| NoPatch::Kept(io::Error::other(error));
    let mut file = file;
    file.seek(SeekFrom::Start(0)).map_err(|error| failed(read_error(&place)(error)))?;
    let content = unpack_from(file, &place, false, kept, fetcher.most).map_err(failed)?;
    let file = TextFile::new(bare_name(Path::new(address.file_name())), place, content);
    let sent = Sent { id: list.id.clone(), source: address.to_string(), text: Text::of(vec![file]) };
    Ok(Patched::Sent(sent, count))
}

fn start_of(mut file: &File) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(START).read_to_end(&mut start)?;
    Ok(start)
}

/// What comes out of a patch, in a file without a name: of the list as it is kept, or as the patch before made it.
fn carry_out(
    list: &Patchable,
    kept: &Path,
    before: Option<File>,
    patch: &[u8],
    named: Option<&str>,
    most: u64,
) -> Result<File, NoPatch> {
    let patch = Patch::of(patch, named)?;
    let out = tempfile::tempfile_in(kept).map_err(NoPatch::Kept)?;
    let mut summed = Summed { out: BufWriter::new(out), sum: Sha1::new() };
    match before {
        Some(mut file) => {
            file.seek(SeekFrom::Start(0)).map_err(NoPatch::Kept)?;
            patch.apply(&mut BufReader::new(file), &mut summed, most)?;
        }
        None => {
            let text = Text::kept(kept, &list.id, list.version)
                .map_err(|error| NoPatch::Kept(io::Error::other(error)))?;
            let file = text.files().first().ok_or_else(|| NoPatch::Kept(io::ErrorKind::NotFound.into()))?;
            let reader = file.open().map_err(NoPatch::Kept)?;
            patch.apply(&mut BufReader::new(reader), &mut summed, most)?;
        }
    }
    let sum: String = summed.sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if patch.checksum.is_some_and(|should| !sum.starts_with(&should.to_ascii_lowercase())) {
        return Err(NoPatch::WrongChecksum);
    }
    summed.out.into_inner().map_err(|error| NoPatch::Kept(error.into_error()))
}

struct Summed<W> {
    out: W,
    sum: Sha1,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.sum.update(bytes.get(..n).unwrap_or(&[]));
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
