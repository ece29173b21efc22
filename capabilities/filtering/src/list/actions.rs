//! What people do with lists.

use std::path::{Path, PathBuf};

use ::store::{Actor, StoreError, Subject, Tx, trail};
use kit::Timestamp;
use lists::{Entry, Foreign};
use serde_json::json;

use super::files::{BUILT_IN, FileError, Found, Text, find};
use super::kinds::Kinds;
use super::model::{List, ListReport, State};
use super::store;

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
}

/// Takes a list into use. `categories` in place of what its name says. Publish afterwards.
pub async fn import(
    tx: &mut Tx,
    actor: &Actor,
    kept: &Path,
    found: &Found,
    categories: Option<&[String]>,
    kinds: &Kinds,
    at: Timestamp,
) -> Result<Imported, ImportError> {
    let text = found.read()?;
    take(tx, actor, kept, &found.id, &found.source, &text, categories, kinds, Watched::ByAPerson, at).await
}

/// Takes the lists that come with the program into use.
pub async fn import_built_in(
    tx: &mut Tx,
    actor: &Actor,
    kept: &Path,
    kinds: &Kinds,
    at: Timestamp,
) -> Result<Vec<Imported>, ImportError> {
    let mut all = Vec::new();
    for (id, text) in Text::built_in() {
        all.push(take(tx, actor, kept, &id, BUILT_IN, &text, None, kinds, Watched::ByAPerson, at).await?);
    }
    Ok(all)
}

#[expect(
    clippy::too_many_arguments,
    reason = "the one place where a list's text, name and categories come together"
)]
async fn take(
    tx: &mut Tx,
    actor: &Actor,
    kept: &Path,
    id: &str,
    source: &str,
    text: &Text,
    categories: Option<&[String]>,
    kinds: &Kinds,
    watched: Watched,
    at: Timestamp,
) -> Result<Imported, ImportError> {
    let before = store::one(tx, id).await?;
    if before.as_ref().is_some_and(|before| before.state == State::Held) {
        return Err(ImportError::Held { id: id.to_owned() });
    }
    let categories: Vec<String> = match (categories, &before) {
        (Some(given), _) => given.to_vec(),
        (None, Some(before)) => before.categories.clone(),
        (None, None) => kinds.of(id).to_vec(),
    };
    if let Some(unknown) = categories.iter().find(|category| !kinds.knows(category)) {
        return Err(ImportError::UnknownCategory(unknown.clone()));
    }
    if categories.is_empty() {
        return Err(ImportError::NoCategory { id: id.to_owned() });
    }
    let sha256 = text.sha256();
    if let Some(before) = &before
        && before.sha256 == sha256
        && before.categories == categories
        && before.source == source
    {
        return Ok(Imported { list: before.clone(), changed: false });
    }
    let mut report = ListReport::default();
    for (name, content) in &text.files {
        // The entries themselves are taken when everything is published.
        let one = lists::read_file(name, content, &mut |_: Entry<'_>| {})
            .map_err(|why| ImportError::Foreign { file: format!("{source} ({name})"), why })?;
        report.add(&one);
    }
    if report.accepted == 0 {
        return Err(ImportError::Nothing { id: id.to_owned(), lines: report.lines });
    }
    let had = before.map(|before| before.report.accepted);
    if let (Some(before), Watched::ByNobody) = (had, watched)
        && changes_too_much(before, report.accepted)
    {
        let (id, source) = (id.to_owned(), source.to_owned());
        return Err(ImportError::ChangesTooMuch { id, path: source, before, now: report.accepted });
    }
    let version = store::highest(tx, id).await? + 1;
    // The text first: a version in the records always has its text, and a text without its record is written over.
    text.keep(kept, id, version)?;
    let list = List {
        id: id.to_owned(),
        version,
        categories,
        source: source.to_owned(),
        state: State::Active,
        sha256,
        report,
        imported_at: at,
    };
    store::put(tx, &list).await?;
    let detail = json!({
        "version": version,
        "sha256": list.sha256,
        "accepted": list.report.accepted,
        "refused": list.report.refused_count(),
    });
    trail::changed(tx, actor, "list.import", &Subject::new("list", id), &detail, at).await?;
    Text::forget_before(kept, id, version);
    Ok(Imported { list, changed: true })
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
    kinds: &Kinds,
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
        let text = if list.source == BUILT_IN {
            let texts = built_in.get_or_insert_with(Text::built_in);
            let text = texts.iter().position(|(id, _)| *id == list.id).map(|at| texts.swap_remove(at).1);
            text.ok_or_else(|| FileError::Nothing(PathBuf::from(&list.source)).into())
        } else {
            again(&list).map_err(ImportError::from)
        };
        let outcome = match text {
            Ok(text) => {
                let watched = if list.source == BUILT_IN { Watched::ByAPerson } else { Watched::ByNobody };
                take(tx, actor, kept, &list.id, &list.source, &text, None, kinds, watched, at).await
            }
            Err(error) => Err(error),
        };
        if let Err(ImportError::Store(error)) = outcome {
            return Err(error);
        }
        outcomes.push((list, outcome));
    }
    Ok(outcomes)
}

/// Reads a list from the place it was found at.
fn again(list: &List) -> Result<Text, FileError> {
    let source = Path::new(&list.source);
    // The parts of one list in several files have no path of their own; they are found by the folder they lie in.
    let look = if source.exists() { source } else { source.parent().unwrap_or(source) };
    find(look)?
        .into_iter()
        .find(|found| found.source == list.source)
        .ok_or_else(|| FileError::Nothing(source.to_owned()))?
        .read()
}

/// Why a list was neither held nor released.
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

/// Every list that is in use, with the reason for which it was last held or released.
pub async fn status(tx: &mut Tx) -> Result<Vec<(List, Option<String>)>, StoreError> {
    let mut all = Vec::new();
    for list in store::in_use(tx).await? {
        let note = store::noted(tx, &list.id).await?;
        all.push((list, note));
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
