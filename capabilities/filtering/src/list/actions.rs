//! What people do with lists.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use ::store::{Actor, StoreError, Subject, Tx, trail};
use kit::Timestamp;
use lists::{Foreign, Gathered, Kinds, Seed};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::files::{FileError, Found, bare_name, find};
use super::model::{List, ListReport, RefusedPart, State};
use super::store;
use super::text::{BUILT_IN, MOST_BYTES, ReadIntoError, Text};

/// Why a list was not taken. Nothing else is held up by it, and a list that was in use stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
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
        "{id} is the name of a list that is in use and read from {other}; rename this file or its folder, or take the other \
         out first with `fivebar lists remove {id} --reason WHY`"
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

/// What lists are taken in with: what their names say, and room for what was read of each in the form the index takes, so
/// that publishing in the same command reads none of them again.
pub struct Intake {
    kinds: Kinds,
    seed: Seed,
    limits: Limits,
    gathered: HashMap<(String, u32), Gathered>,
}

/// How much one list may be. What is beyond is refused rather than let the machine run out of memory or disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all its files, unpacked, on disk.
    pub unpacked: u64,
    /// Bytes of memory for what was read of it: twelve for a name, as long as they are for URLs and expressions.
    pub gathered: usize,
}

impl Default for Limits {
    /// A GiB on disk, half as much in memory: about forty million names.
    fn default() -> Self {
        Self { unpacked: MOST_BYTES, gathered: 512 << 20 }
    }
}

impl Intake {
    /// For an index under a fresh seed.
    pub fn new(kinds: Kinds) -> Result<Self, NoRandomness> {
        let mut seed = [0u8; 16];
        getrandom::fill(&mut seed).map_err(|_| NoRandomness)?;
        Ok(Self { kinds, seed: Seed(seed), limits: Limits::default(), gathered: HashMap::new() })
    }

    /// The same with other limits.
    #[must_use]
    pub fn within(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The seed of the index to come.
    pub(crate) const fn seed(&self) -> Seed {
        self.seed
    }

    /// What was read of a version of a list, if it was read here.
    pub(crate) fn take(&mut self, id: &str, version: u32) -> Option<Gathered> {
        self.gathered.remove(&(id.to_owned(), version))
    }
}

/// The machine has no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the machine has no random numbers, which the list index needs")]
pub struct NoRandomness;

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
struct Settled {
    id: String,
    source: String,
    categories: Vec<String>,
    /// As it is in use.
    before: Option<List>,
}

/// Whether a list may be taken under that name, and which categories it fills.
async fn settle(
    tx: &mut Tx,
    id: String,
    source: &str,
    categories: Option<&[String]>,
    intake: &Intake,
) -> Result<Settled, ImportError> {
    let before = store::one(tx, &id).await?;
    if let Some(other) = &before
        && other.source != source
        && (other.source == BUILT_IN || place_of(other).is_ok())
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
async fn take(
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
    let mut gathered = Gathered::new(intake.seed, intake.limits.gathered);
    let (report, parts, meant) = read_parts(text, &mut gathered).map_err(|error| match error {
        ReadIntoError::File(error) => error,
        ReadIntoError::Full(path) => FileError::TooMuch { path, most: intake.limits.gathered as u64 },
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
    intake.gathered.insert((id.to_owned(), version), gathered);
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
enum Watched {
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

/// Reads lists again from where they came from: those named, or all. A list that cannot be read or used stays as it was.
pub async fn update(
    tx: &mut Tx,
    actor: &Actor,
    kept: &Path,
    only: &[String],
    intake: &mut Intake,
    at: Timestamp,
) -> Result<Vec<(List, Result<Imported, ImportError>)>, StoreError> {
    let mut built_in = None;
    let mut outcomes = Vec::new();
    for list in store::in_use(tx).await? {
        if !only.is_empty() && !only.contains(&list.id) {
            continue;
        }
        if list.state == State::Held {
            let error = ImportError::Held { id: list.id.clone() };
            outcomes.push((list, Err(error)));
            continue;
        }
        let outcome = match settle(tx, list.id.clone(), &list.source, None, intake).await {
            Ok(settled) if list.source == BUILT_IN => {
                let texts = built_in.get_or_insert_with(Text::built_in);
                match texts.iter().position(|(id, _)| *id == list.id).map(|at| texts.swap_remove(at).1) {
                    Some(text) => take(tx, actor, kept, settled, &text, intake, Watched::ByAPerson, at).await,
                    None => Err(FileError::Nothing(PathBuf::from(&list.source)).into()),
                }
            }
            Ok(settled) => match place_of(&list).and_then(|found| found.read(kept, intake.limits.unpacked)) {
                Ok(text) => take(tx, actor, kept, settled, &text, intake, Watched::ByNobody, at).await,
                Err(error) => Err(error.into()),
            },
            Err(error) => Err(error),
        };
        match &outcome {
            // What waited is no longer what is there.
            Ok(_) => store::wait(tx, &list.id, None).await?,
            Err(ImportError::Store(_)) => {}
            // It is used as it was, and somebody has to look at why, for as long as that is so.
            Err(error) => store::wait(tx, &list.id, Some(&error.to_string())).await?,
        }
        if let Err(ImportError::Store(error)) = outcome {
            return Err(error);
        }
        outcomes.push((list, outcome));
    }
    Ok(outcomes)
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

/// Why a list was not held, released or taken out.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// There is none.
    #[error("there is no list {0:?} in use; `fivebar lists status` shows them")]
    NotFound(String),
    /// It is so already.
    #[error("the list {id} is {state} already")]
    Already {
        /// The list.
        id: String,
        /// How it is.
        state: &'static str,
    },
    /// Nobody could say later why.
    #[error("say why; the reason is kept and shown with the list")]
    NoReason,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps a list as it is until it is released.
pub async fn hold(
    tx: &mut Tx,
    actor: &Actor,
    id: &str,
    reason: &str,
    at: Timestamp,
) -> Result<(), HoldError> {
    turn(tx, actor, id, reason, State::Held, at).await
}

/// Lets a held list be updated again.
pub async fn release(
    tx: &mut Tx,
    actor: &Actor,
    id: &str,
    reason: &str,
    at: Timestamp,
) -> Result<(), HoldError> {
    turn(tx, actor, id, reason, State::Active, at).await
}

async fn turn(
    tx: &mut Tx,
    actor: &Actor,
    id: &str,
    reason: &str,
    to: State,
    at: Timestamp,
) -> Result<(), HoldError> {
    if reason.trim().is_empty() {
        return Err(HoldError::NoReason);
    }
    let from = match to {
        State::Held => State::Active,
        State::Active => State::Held,
    };
    if !store::set_state(tx, id, from, to).await? {
        return Err(match store::one(tx, id).await? {
            Some(list) => HoldError::Already { id: list.id, state: list.state.id() },
            None => HoldError::NotFound(id.to_owned()),
        });
    }
    store::note(tx, id, reason.trim()).await?;
    let verb = if to == State::Held { "list.hold" } else { "list.release" };
    trail::changed(tx, actor, verb, &Subject::new("list", id), &json!({}), at).await?;
    Ok(())
}

/// Takes a list out of use, such as one imported by mistake. Its versions stay in the records with the reason. Publish
/// afterwards.
pub async fn remove(
    tx: &mut Tx,
    actor: &Actor,
    id: &str,
    reason: &str,
    at: Timestamp,
) -> Result<(), HoldError> {
    if reason.trim().is_empty() {
        return Err(HoldError::NoReason);
    }
    if !store::take_out(tx, id).await? {
        return Err(HoldError::NotFound(id.to_owned()));
    }
    let (version, reason) = (store::highest(tx, id).await?, reason.trim());
    store::wait(tx, id, None).await?;
    store::note(tx, id, reason).await?;
    store::keep_removal(tx, id, version, reason).await?;
    // Words have no place in the trail, where nothing can be erased. Their hash proves those that are kept beside it.
    let detail = json!({ "version": version, "reason_sha256": hash(reason) });
    trail::changed(tx, actor, REMOVE, &Subject::new("list", id), &detail, at).await?;
    Ok(())
}

const REMOVE: &str = "list.remove";

/// A list that was taken out of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Its id.
    pub id: String,
    /// Who took it out, as the trail writes it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why; unknown where it was taken out by a program that kept no reason.
    pub reason: Option<String>,
    /// Whether the reason is the one the trail vouches for.
    pub is_proved: bool,
}

/// Every list that was taken out of use, the last first, with why.
pub async fn removed(tx: &mut Tx) -> Result<Vec<Removed>, StoreError> {
    let mut all = Vec::new();
    for entry in trail::of_kind(tx, "list", REMOVE).await?.into_iter().rev() {
        let detail: serde_json::Value = serde_json::from_str(&entry.detail).unwrap_or_default();
        let version = detail.get("version").and_then(serde_json::Value::as_u64);
        let reason = match version.and_then(|version| u32::try_from(version).ok()) {
            Some(version) => store::removal(tx, &entry.subject_id, version).await?,
            None => None,
        };
        let proof = detail.get("reason_sha256").and_then(serde_json::Value::as_str);
        let is_proved = reason.as_deref().is_some_and(|reason| Some(hash(reason).as_str()) == proof);
        all.push(Removed { id: entry.subject_id, by: entry.actor, at: entry.at, reason, is_proved });
    }
    Ok(all)
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A list in use, and what is known of it besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The list.
    pub list: List,
    /// Why it was last held, released or taken out.
    pub note: Option<String>,
    /// Why the last update was not taken, which waits for a person: what it would change, or why it cannot be used.
    pub waits: Option<String>,
}

impl Status {
    /// The word in reports: `active`, `held`, or `waiting` where the last update was not taken.
    pub const fn word(&self) -> &'static str {
        match (self.list.state, &self.waits) {
            (State::Active, Some(_)) => "waiting",
            (state, _) => state.id(),
        }
    }
}

/// The categories that the lists in use give.
pub async fn categories_in_use(tx: &mut Tx) -> Result<BTreeSet<String>, StoreError> {
    Ok(store::in_use(tx).await?.into_iter().flat_map(|list| list.categories).collect())
}

/// Every list that is in use.
pub async fn status(tx: &mut Tx) -> Result<Vec<Status>, StoreError> {
    let mut all = Vec::new();
    for list in store::in_use(tx).await? {
        let note = store::noted(tx, &list.id).await?;
        let waits = store::waits(tx, &list.id).await?;
        all.push(Status { list, note, waits });
    }
    Ok(all)
}

/// Every list that is in use, for building the index.
pub(crate) async fn in_use(tx: &mut Tx) -> Result<Vec<List>, StoreError> {
    store::in_use(tx).await
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
