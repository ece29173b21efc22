//! Taking lists into use, and reading them again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::store::{Actor, StoreError, Subject, Tx, trail};
use kit::Timestamp;
use lists::{Foreign, Gathered};
use serde_json::json;

use super::files::{FileError, Found, bare_name, find};
use super::intake::{Blocks, Intake};
use super::model::{List, ListReport, RefusedPart, State};
use super::store;
use super::text::{BUILT_IN, ReadIntoError, Text};
use super::web::{self, Download, DownloadError, Downloads};

/// Why a list was not taken. Nothing else is held up by it, and a list that was in use stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It could not be fetched.
    #[error(transparent)]
    Download(#[from] Arc<DownloadError>),
    /// A file is in another format, or no list at all.
    #[error("{file}: {why}")]
    Foreign {
        /// Which.
        file: String,
        /// What it is.
        why: Foreign,
    },
    /// Nobody says what it is a list of.
    #[error(
        "{id}: nothing says what this is a list of; say it with --category, one of those that `fivebar lists status` shows"
    )]
    NoCategory {
        /// The list.
        id: String,
    },
    /// There is no such category.
    #[error("there is no category {0:?}")]
    UnknownCategory(String),
    /// It is held.
    #[error("{id}: this list is held; `fivebar lists release {id}` lets it be changed")]
    Held {
        /// The list.
        id: String,
    },
    /// Another list has its name.
    #[error(
        "{id} is the name of a list that is in use and read from {other}; rename this file or its folder (of one from the \
         web, say --name), or take the other out first with `fivebar lists remove {id} --reason WHY`"
    )]
    SameName {
        /// The name of both.
        id: String,
        /// Where the other one comes from.
        other: String,
    },
    /// Nothing in it could be used: a download that failed, as a rule.
    #[error("{id}: not one of its {lines} lines could be used, so it was left as it was")]
    Nothing {
        /// The list.
        id: String,
        /// How many.
        lines: u64,
    },
    /// With the other lists it would take more memory than the machine is asked for.
    #[error(
        "{id}: with the lists in use it would need more than {} MiB of memory; use a smaller edition of it, or take out a list \
         that repeats others with `fivebar lists remove`", .most >> 20
    )]
    TooMuchTogether {
        /// The list.
        id: String,
        /// How many bytes all lists may need.
        most: u64,
    },
    /// An update would change it too much for nobody to look at it.
    #[error(
        "{id}: the update would take it from {before} entries to {now}, so it was left as it was; if that is right, \
         `fivebar lists import {path}` takes it"
    )]
    ChangesTooMuch {
        /// The list.
        id: String,
        /// Where it comes from.
        path: String,
        /// How many entries it has.
        before: u64,
        /// How many it would have.
        now: u64,
    },
    /// An update would newly block too much of what the school asked for before, for nobody to look at it.
    #[error(
        "{id}: the update would newly block {} of {} visits in the last days, of {}, so it was left as it was; if that is right, \
         `fivebar lists import {path}` takes it", .blocks.visits, .blocks.of, .blocks.whose()
    )]
    BlocksTooMuch {
        /// The list.
        id: String,
        /// Where it comes from.
        path: String,
        /// How much.
        blocks: Blocks,
    },
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// As it is in use now.
    pub list: List,
    /// Whether it is another version than before.
    pub changed: bool,
    /// The files of it that could not be used.
    pub parts: Vec<RefusedPart>,
    /// The public suffixes of which it closes all below, because their registry keeps them for one kind. Known where it was
    /// read now.
    pub meant: Vec<String>,
}

/// Takes a list into use. `categories` in place of what its name says. Publish afterwards.
pub async fn import(
    tx: &mut Tx,
    actor: &Actor,
    kept: &Path,
    found: &Found,
    categories: Option<&[String]>,
    intake: &mut Intake,
    at: Timestamp,
) -> Result<Imported, ImportError> {
    // A list keeps its id for as long as it is read from the same place, whatever appears beside it.
    let id = store::id_from(tx, &found.source).await?.unwrap_or_else(|| found.id.clone());
    // Before it is read: what nobody says the kind of is never unpacked.
    let settled = settle(tx, id, &found.source, categories, intake).await?;
    let text = found.read(kept, intake.limits.unpacked)?;
    take(tx, actor, kept, settled, &text, intake, Watched::ByAPerson, at).await
}

/// What became of a list that comes with the program, by its id.
pub type BuiltIn = (String, Result<Imported, ImportError>);

/// Takes lists that come with the program into use, or back into it: those with these ids, or all. Publish afterwards.
pub async fn import_built_in(
    tx: &mut Tx,
    actor: &Actor,
    kept: &Path,
    only: &[String],
    intake: &mut Intake,
    at: Timestamp,
) -> Result<Vec<BuiltIn>, StoreError> {
    let mut all = Vec::new();
    for (id, text) in Text::built_in().into_iter().filter(|(id, _)| only.is_empty() || only.contains(id)) {
        let outcome = match settle(tx, id.clone(), BUILT_IN, None, intake).await {
            Ok(settled) => take(tx, actor, kept, settled, &text, intake, Watched::ByAPerson, at).await,
            Err(error) => Err(error),
        };
        if let Err(ImportError::Store(error)) = outcome {
            return Err(error);
        }
        all.push((id, outcome));
    }
    Ok(all)
}

/// The ids of the lists that come with the program.
pub fn built_in() -> Vec<String> {
    Text::built_in().into_iter().map(|(id, _)| id).collect()
}

/// What is known of a list before it is read.
pub(super) struct Settled {
    id: String,
    source: String,
    categories: Vec<String>,
    /// As it is in use.
    before: Option<List>,
}

/// Whether a list may be taken under that name, and which categories it fills.
pub(super) async fn settle(
    tx: &mut Tx,
    id: String,
    source: &str,
    categories: Option<&[String]>,
    intake: &Intake,
) -> Result<Settled, ImportError> {
    let before = store::one(tx, &id).await?;
    if let Some(other) = &before
        && other.source != source
        && (other.source == BUILT_IN || web::is_web(&other.source) || place_of(other).is_ok())
    {
        return Err(ImportError::SameName { id, other: other.source.clone() });
    }
    if before.as_ref().is_some_and(|before| before.state == State::Held) {
        return Err(ImportError::Held { id });
    }
    let categories: Vec<String> = match (categories, &before) {
        (Some(given), _) => given.to_vec(),
        (None, Some(before)) => before.categories.clone(),
        (None, None) => intake.kinds.of(&id).to_vec(),
    };
    if let Some(unknown) = categories.iter().find(|category| !intake.kinds.knows(category)) {
        return Err(ImportError::UnknownCategory(unknown.clone()));
    }
    if categories.is_empty() {
        return Err(ImportError::NoCategory { id });
    }
    Ok(Settled { id, source: source.to_owned(), categories, before })
}

#[expect(
    clippy::too_many_arguments,
    reason = "the one place where a list's text, name and categories come together"
)]
pub(super) async fn take(
    tx: &mut Tx,
    actor: &Actor,
    kept: &Path,
    settled: Settled,
    text: &Text,
    intake: &mut Intake,
    watched: Watched,
    at: Timestamp,
) -> Result<Imported, ImportError> {
    let Settled { id, source, categories, before } = settled;
    let id = id.as_str();
    let sha256 = text.sha256()?;
    if let Some(before) = &before
        && before.sha256 == sha256
        && before.categories == categories
        && before.source == source
    {
        store::wait(tx, id, None).await?;
        let parts = refused_parts(text)?;
        // What is kept may be damaged or gone; the text at hand is the same.
        let used = text.without(&parts);
        if !used.is_kept(kept, id, before.version) {
            used.keep(kept, id, before.version)?;
        }
        return Ok(Imported { list: before.clone(), changed: false, parts, meant: Vec::new() });
    }
    let room = intake.room(tx, id).await?;
    let mut gathered = Gathered::new(intake.seed, room.bytes);
    let (report, parts, meant) = read_parts(text, &mut gathered).map_err(|error| match error {
        ReadIntoError::File(error) => ImportError::File(error),
        ReadIntoError::Full(_) if room.is_shared => {
            ImportError::TooMuchTogether { id: id.to_owned(), most: intake.limits.together as u64 }
        }
        ReadIntoError::Full(path) => FileError::TooMuch { path, most: intake.limits.gathered as u64 }.into(),
    })?;
    // A part that is no list takes its siblings with it only where it has none.
    if let Some(refused) = parts.first()
        && parts.len() == text.files().len()
    {
        // A list that is one file has its name in its source.
        let is_named =
            Path::new(&source).file_name().is_some_and(|name| bare_name(Path::new(name)) == refused.file);
        let file = if is_named { source } else { format!("{source} ({})", refused.file) };
        return Err(ImportError::Foreign { file, why: refused.why });
    }
    if report.accepted == 0 {
        return Err(ImportError::Nothing { id: id.to_owned(), lines: report.lines });
    }
    let had = before.map(|before| before.report.accepted);
    if let (Some(before), Watched::ByNobody) = (had, watched)
        && changes_too_much(before, report.accepted)
    {
        let id = id.to_owned();
        return Err(ImportError::ChangesTooMuch { id, path: source, before, now: report.accepted });
    }
    let version = store::highest(tx, id).await? + 1;
    // The text first: a version in the records always has its text, and a text without its record is written over.
    text.without(&parts).keep(kept, id, version)?;
    let list = List {
        id: id.to_owned(),
        version,
        categories,
        source,
        state: State::Active,
        sha256,
        report,
        imported_at: at,
    };
    store::put(tx, &list).await?;
    store::wait(tx, id, None).await?;
    let detail = json!({
        "version": version,
        "sha256": list.sha256,
        "accepted": list.report.accepted,
        "refused": list.report.refused_count(),
    });
    trail::changed(tx, actor, "list.import", &Subject::new("list", id), &detail, at).await?;
    Text::forget_before(kept, id, version);
    intake.keep(id, version, gathered);
    Ok(Imported { list, changed: true, parts, meant })
}

/// The files of a list that are in another format, or no list at all.
fn refused_parts(text: &Text) -> Result<Vec<RefusedPart>, FileError> {
    let mut refused = Vec::new();
    for file in text.files() {
        if let Err(why) = file.format()? {
            refused.push(RefusedPart { file: file.name.clone(), why });
        }
    }
    Ok(refused)
}

/// What reading every file of a list came to, what was refused as a whole, and which suffixes are meant.
type Parts = (ListReport, Vec<RefusedPart>, Vec<String>);

/// Reads every file of a list. Of those that are refused as a whole, every line is.
fn read_parts(text: &Text, gathered: &mut Gathered) -> Result<Parts, ReadIntoError> {
    gathered.reserve_for_text(text.bytes());
    let (mut report, mut refused, mut meant) = (ListReport::default(), Vec::new(), Vec::new());
    for file in text.files() {
        match file.read_into(gathered)? {
            Ok(one) => {
                report.add(&one);
                meant.extend(one.meant);
            }
            Err(why) => {
                report.add_refused(file.lines()?);
                refused.push(RefusedPart { file: file.name.clone(), why });
            }
        }
    }
    Ok((report, refused, meant))
}

/// Whether somebody looks at what comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watched {
    /// Somebody imports this very list, or it came with the program and was looked at there.
    ByAPerson,
    /// It is read again as a matter of routine.
    ByNobody,
}

/// A list with fewer entries than this may change as it likes.
const SMALL: u64 = 100;

/// Whether a list loses more than half of its entries or becomes more than ten times as long: a download that failed
/// halfway, or another list under the same name.
const fn changes_too_much(before: u64, now: u64) -> bool {
    before >= SMALL && (now < before / 2 || now / 10 > before)
}

/// What became of each list that was to be read again.
pub type Updated = Vec<(List, Result<Imported, ImportError>)>;

/// Reads lists again from where they came from: those named, or all. A list that cannot be read or used stays as it was.
/// `downloads` holds what was fetched for those from the web ([`web::fetch_all`]).
pub async fn update(
    tx: &mut Tx,
    actor: &Actor,
    kept: &Path,
    only: &[String],
    downloads: &Downloads,
    intake: &mut Intake,
    at: Timestamp,
) -> Result<Updated, StoreError> {
    let is_meant = |list: &List| match web::base_of(&list.source) {
        // Whoever asks for a list of an archive has fetched all of it.
        Some(address) if list.state == State::Active => downloads.contains_key(address),
        _ => only.is_empty() || only.contains(&list.id),
    };
    update_where(tx, actor, kept, is_meant, downloads, intake, at).await
}

/// The same for those alone that were fetched.
pub async fn update_fetched(
    tx: &mut Tx,
    actor: &Actor,
    kept: &Path,
    downloads: &Downloads,
    intake: &mut Intake,
    at: Timestamp,
) -> Result<Updated, StoreError> {
    let is_fetched = |list: &List| {
        let address = web::base_of(&list.source);
        list.state == State::Active && address.is_some_and(|address| downloads.contains_key(address))
    };
    update_where(tx, actor, kept, is_fetched, downloads, intake, at).await
}

async fn update_where(
    tx: &mut Tx,
    actor: &Actor,
    kept: &Path,
    is_meant: impl Fn(&List) -> bool,
    downloads: &Downloads,
    intake: &mut Intake,
    at: Timestamp,
) -> Result<Updated, StoreError> {
    let mut outcomes = Vec::new();
    for list in store::in_use(tx).await?.into_iter().filter(is_meant) {
        if list.state == State::Held {
            let error = ImportError::Held { id: list.id.clone() };
            outcomes.push((list, Err(error)));
            continue;
        }
        let outcome = match intake.left(&list.id) {
            None => update_one(tx, actor, kept, &list, downloads, intake, at).await,
            Some(blocks) => {
                let (id, path) = (list.id.clone(), list.source.clone());
                Err(ImportError::BlocksTooMuch { id, path, blocks })
            }
        };
        match &outcome {
            // What waited is no longer what is there.
            Ok(_) => store::wait(tx, &list.id, None).await?,
            // Nothing is known of what is there, and it is tried again.
            Err(ImportError::Store(_) | ImportError::Download(_)) => {}
            // It is used as it was, and somebody has to look at why, for as long as that is so.
            Err(error) => store::wait(tx, &list.id, Some(&error.to_string())).await?,
        }
        if let Err(ImportError::Store(error)) = outcome {
            return Err(error);
        }
        outcomes.push((list, outcome));
    }
    for (address, download) in downloads {
        note(tx, address, download, &outcomes, at).await?;
    }
    Ok(outcomes)
}

async fn update_one(
    tx: &mut Tx,
    actor: &Actor,
    kept: &Path,
    list: &List,
    downloads: &Downloads,
    intake: &mut Intake,
    at: Timestamp,
) -> Result<Imported, ImportError> {
    let settled = settle(tx, list.id.clone(), &list.source, None, intake).await?;
    if list.source == BUILT_IN {
        let text = Text::built_in().into_iter().find(|(id, _)| *id == list.id);
        let (_, text) = text.ok_or_else(|| FileError::Nothing(PathBuf::from(&list.source)))?;
        return take(tx, actor, kept, settled, &text, intake, Watched::ByAPerson, at).await;
    }
    let Some(address) = web::base_of(&list.source) else {
        let text = place_of(list)?.read(kept, intake.limits.unpacked)?;
        return take(tx, actor, kept, settled, &text, intake, Watched::ByNobody, at).await;
    };
    let gone = || FileError::Gone(PathBuf::from(&list.source));
    match downloads.get(address).ok_or_else(gone)? {
        Err(error) => Err(Arc::clone(error).into()),
        Ok(Download::Unchanged | Download::Patched(None)) => {
            Ok(Imported { list: list.clone(), changed: false, parts: Vec::new(), meant: Vec::new() })
        }
        Ok(Download::Sent(sent, _)) => {
            let sent = sent.iter().find(|sent| sent.source == list.source).ok_or_else(gone)?;
            take(tx, actor, kept, settled, &sent.text, intake, Watched::ByNobody, at).await
        }
        Ok(Download::Patched(Some(sent))) => {
            take(tx, actor, kept, settled, &sent.text, intake, Watched::ByNobody, at).await
        }
    }
}

/// Writes down how fetching an address went, and what became of the lists from there.
async fn note(
    tx: &mut Tx,
    address: &str,
    download: &Result<Download, Arc<DownloadError>>,
    outcomes: &Updated,
    at: Timestamp,
) -> Result<(), StoreError> {
    let of_it = || outcomes.iter().filter(|(list, _)| web::base_of(&list.source) == Some(address));
    // Taken out of use or held meanwhile.
    if of_it().next().is_none() {
        return Ok(());
    }
    let failed = of_it().find_map(|(_, outcome)| match outcome {
        Ok(_) | Err(ImportError::Held { .. }) => None,
        Err(error) => Some(error.to_string()),
    });
    if let Some(why) = failed {
        return web::note_failure(tx, address, &why, at).await;
    }
    let changed = of_it().any(|(_, outcome)| outcome.as_ref().is_ok_and(|one| one.changed));
    // A held list misses this version, so that it must be sent again when it is released.
    let misses = store::in_use(tx)
        .await?
        .into_iter()
        .any(|list| web::base_of(&list.source) == Some(address) && list.state == State::Held);
    let sent = match download {
        Ok(Download::Sent(_, validators)) if !misses => Some(validators.clone()),
        Ok(Download::Sent(..)) => Some(web::Validators::default()),
        _ => None,
    };
    let is_whole = matches!(download, Ok(Download::Sent(..) | Download::Unchanged));
    web::note_taken(tx, address, sent, (changed, is_whole), at).await
}

/// The list at the place it was found at, where it is still there.
fn place_of(list: &List) -> Result<Found, FileError> {
    let source = Path::new(&list.source);
    // The parts of one list in several files have no path of their own; they are found by the folder they lie in.
    let look = if source.exists() { source } else { source.parent().unwrap_or(source) };
    let gone = || FileError::Gone(source.to_owned());
    match find(look) {
        Ok(lists) => lists.into_iter().find(|found| found.source == list.source).ok_or_else(gone),
        Err(FileError::Nothing(_)) => Err(gone()),
        Err(FileError::Read { source: why, .. }) if why.kind() == std::io::ErrorKind::NotFound => Err(gone()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_that_changes_too_much_waits_for_a_person() {
        for (before, now, too_much) in [
            (500, 249, true),
            (500, 250, false),
            (500, 5_000, false),
            (500, 5_010, true),
            // A small list may change as it likes.
            (99, 1, false),
            (99, 5_000, false),
        ] {
            assert_eq!(changes_too_much(before, now), too_much, "{before} to {now}");
        }
    }
}
