//! Reading lists again from where they came from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::store::{Actor, StoreError, Tx};
use kit::Timestamp;
use notices::Where;
use people::account::notices::{kinds, tell_duties};

use super::actions::{Imported, Watched, settle, take};
use super::files::{FileError, Found, find};
use super::intake::Intake;
use super::model::{List, State};
use super::refusal::ImportError;
use super::store;
use super::text::{BUILT_IN, Text};
use super::web::{self, Download, DownloadError, Downloads};

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

/// Takes the update of one list that waits for a person, with an `intake` that says that somebody [looked at
/// it](Intake::looked_at). Nothing else is taken, whatever else lies where it comes from. Nothing where no such list is in use.
pub async fn take_waiting(
    tx: &mut Tx,
    actor: &Actor,
    kept: &Path,
    id: &str,
    downloads: &Downloads,
    intake: &mut Intake,
    at: Timestamp,
) -> Result<Option<Result<Imported, ImportError>>, StoreError> {
    let outcomes = update_where(tx, actor, kept, |list| list.id == id, downloads, intake, at).await?;
    Ok(outcomes.into_iter().next().map(|(_, outcome)| outcome))
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
            Err(error) => {
                store::wait(tx, &list.id, Some(&error.to_string())).await?;
                // Whoever is at the command line reads it there.
                if matches!(actor, Actor::Job(_)) {
                    tell_duties(tx, kinds::LIST_HELD, Where::Lists, None, at).await?;
                }
            }
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
    let watched = intake.watched(&list.id);
    if list.source == BUILT_IN {
        let text = Text::built_in().into_iter().find(|(id, _)| *id == list.id);
        let (_, text) = text.ok_or_else(|| FileError::Nothing(PathBuf::from(&list.source)))?;
        return take(tx, actor, kept, settled, &text, intake, Watched::APerson, at).await;
    }
    let Some(address) = web::base_of(&list.source) else {
        let text = place_of(list)?.read(kept, intake.limits.unpacked)?;
        return take(tx, actor, kept, settled, &text, intake, watched, at).await;
    };
    let gone = || FileError::Gone(PathBuf::from(&list.source));
    match downloads.get(address).ok_or_else(gone)? {
        Err(error) => Err(Arc::clone(error).into()),
        Ok(Download::Unchanged | Download::Patched(None)) => {
            Ok(Imported { list: list.clone(), changed: false, parts: Vec::new(), meant: Vec::new() })
        }
        Ok(Download::Sent(sent, _)) => {
            let sent = sent.iter().find(|sent| sent.source == list.source).ok_or_else(gone)?;
            take(tx, actor, kept, settled, &sent.text, intake, watched, at).await
        }
        Ok(Download::Patched(Some(sent))) => {
            take(tx, actor, kept, settled, &sent.text, intake, watched, at).await
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
    // A held list misses this version, so that it must be sent again when it is released; and so does one that was not looked at.
    let is_missed = |list: &List| {
        web::base_of(&list.source) == Some(address)
            && (list.state == State::Held || of_it().all(|(taken, _)| taken.id != list.id))
    };
    let misses = store::in_use(tx).await?.iter().any(is_missed);
    let sent = match download {
        Ok(Download::Sent(_, validators)) if !misses => Some(validators.clone()),
        Ok(Download::Sent(..)) => Some(web::Validators::default()),
        _ => None,
    };
    let is_whole = matches!(download, Ok(Download::Sent(..) | Download::Unchanged));
    web::note_taken(tx, address, sent, (changed, is_whole), at).await
}

/// The list at the place it was found at, where it is still there.
pub(super) fn place_of(list: &List) -> Result<Found, FileError> {
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
