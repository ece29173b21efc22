//! Taking lists from the web into use, and fetching them again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use ::store::{Actor, StoreError, Subject, Tx, trail};
use kit::Timestamp;
use serde_json::json;

use super::address::{WebAddress, base_of};
use super::archive::{Sent, id_of, is_named_archive, lists_of};
use super::checksum::Checksum;
use super::fetch::{Answer, FetchError, Fetched, Fetcher, Validators, Watch};
use super::model::{Every, WebState};
use super::patches::{self, Patchable, Patched};
use super::store::{self, Kept};
use crate::list::actions::{Imported, Watched, settle, take};
use crate::list::files::FileError;
use crate::list::intake::Intake;
use crate::list::model::{List, State};
use crate::list::refusal::ImportError;
use crate::list::store as lists;
use crate::list::text::Text;

/// A list, or an archive of some, that somebody wants from the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Where it is.
    pub address: WebAddress,
    /// The list's id, or the first part of the ids of an archive's lists, in place of what the address says.
    pub name: Option<String>,
    /// What it must match, now and with each update.
    pub checksum: Option<Checksum>,
}

/// Why nothing came of fetching an address.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// It could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// What was sent could not be unpacked.
    #[error(transparent)]
    File(#[from] FileError),
    /// The program is about to end.
    #[error("the program ended while the list was unpacked")]
    Ended,
}

/// Whether a list from there would be taken at all, before anything is fetched.
pub async fn ready(
    tx: &mut Tx,
    asked: &Asked,
    categories: Option<&[String]>,
    intake: &Intake,
) -> Result<(), ImportError> {
    if is_named_archive(&asked.address) {
        return Ok(());
    }
    let source = asked.address.to_string();
    let id = lists::id_from(tx, &source).await?;
    let id = id.unwrap_or_else(|| id_of(&asked.address, asked.name.as_deref()));
    settle(tx, id, &source, categories, intake).await.map(drop)
}

/// Takes what was fetched into use: one list, or those of an archive, each with its outcome. Publish afterwards.
#[expect(clippy::too_many_arguments, reason = "as for a list from a file, and what was asked besides")]
pub async fn import(
    tx: &mut Tx,
    actor: &Actor,
    kept: &Path,
    asked: &Asked,
    mut fetched: Fetched,
    categories: Option<&[String]>,
    intake: &mut Intake,
    at: Timestamp,
) -> Result<Vec<(String, Result<Imported, ImportError>)>, ImportError> {
    let most = intake.limits.unpacked;
    let sent = lists_of(&mut fetched, &asked.address, asked.name.as_deref(), None, kept, most)?;
    let mut outcomes = Vec::new();
    for Sent { id, source, text } in sent {
        // A list keeps its id for as long as it is read from the same place.
        let id = lists::id_from(tx, &source).await?.unwrap_or(id);
        let outcome = match settle(tx, id.clone(), &source, categories, intake).await {
            Ok(settled) => take(tx, actor, kept, settled, &text, intake, Watched::APerson, at).await,
            Err(error) => Err(error),
        };
        if let Err(ImportError::Store(error)) = outcome {
            return Err(error.into());
        }
        outcomes.push((id, outcome));
    }
    if outcomes.iter().any(|(_, outcome)| outcome.is_ok()) {
        let address = asked.address.to_string();
        let before = store::of(tx, &address).await?;
        if asked.checksum != before.as_ref().and_then(|before| before.checksum.clone()) {
            say_checksum(tx, actor, &outcomes, asked, at).await?;
        }
        let changed = outcomes.iter().any(|(_, outcome)| outcome.as_ref().is_ok_and(|one| one.changed));
        // Until every list of it that is in use is as it was sent, it is sent again.
        let all = all_taken(tx, &address, &outcomes).await?;
        let validators = if all { fetched.validators } else { Validators::default() };
        let changed_at = if changed { Some(at) } else { before.and_then(|before| before.state.changed_at) };
        let state = WebState { tried_at: at, changed_at, failures: 0, problem: None };
        store::keep(tx, &address, &Kept { state, validators, checksum: asked.checksum.clone() }).await?;
        store::keep_whole_at(tx, &address, at).await?;
    }
    Ok(outcomes)
}

async fn all_taken(
    tx: &mut Tx,
    address: &str,
    outcomes: &[(String, Result<Imported, ImportError>)],
) -> Result<bool, StoreError> {
    let taken = |id: &str| outcomes.iter().any(|(taken, outcome)| taken == id && outcome.is_ok());
    let in_use = lists::in_use(tx).await?;
    Ok(in_use.iter().filter(|list| base_of(&list.source) == Some(address)).all(|list| taken(&list.id)))
}

/// What a list must match is somebody's decision.
async fn say_checksum(
    tx: &mut Tx,
    actor: &Actor,
    outcomes: &[(String, Result<Imported, ImportError>)],
    asked: &Asked,
    at: Timestamp,
) -> Result<(), StoreError> {
    let detail = match &asked.checksum {
        None => json!({ "checksum": "none" }),
        Some(Checksum::Is(sum)) => json!({ "checksum": "given", "sha256": sum.to_string() }),
        Some(Checksum::SaidAt(_)) => json!({ "checksum": "published" }),
    };
    for (id, _) in outcomes.iter().filter(|(_, outcome)| outcome.is_ok()) {
        trail::changed(tx, actor, "list.checksum", &Subject::new("list", id), &detail, at).await?;
    }
    Ok(())
}

/// An address that lists in use are to be fetched from again.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The address.
    pub address: WebAddress,
    /// What was said of the version that is in use.
    known: Option<Validators>,
    checksum: Option<Checksum>,
    /// The sources of the lists that are updated from it.
    sources: BTreeSet<String>,
    /// The list, where what has changed in it is asked for first.
    patchable: Option<Patchable>,
}

/// What the lists in use are fetched from: those named, or all. Held ones are left out.
pub async fn wanted(tx: &mut Tx, kept: &Path, only: &[String]) -> Result<Vec<Wanted>, StoreError> {
    let mut by_address: BTreeMap<String, Vec<List>> = BTreeMap::new();
    for list in lists::in_use(tx).await? {
        if let Some(base) = base_of(&list.source) {
            by_address.entry(base.to_owned()).or_default().push(list);
        }
    }
    let mut all = Vec::new();
    for (base, lists) in by_address {
        let updated: Vec<&List> = lists.iter().filter(|list| list.state == State::Active).collect();
        let is_meant = only.is_empty() || updated.iter().any(|list| only.contains(&list.id));
        let Ok(address) = WebAddress::parse(&base) else { continue };
        if !is_meant || updated.is_empty() {
            continue;
        }
        let before = store::of(tx, &base).await?;
        let known = before.as_ref().map(|before| before.validators.clone());
        let known = known.filter(|known| known.etag.is_some() || known.last_modified.is_some());
        // What is kept may be damaged or gone; then it is sent again whatever the server says.
        let is_whole = || updated.iter().all(|list| is_whole(kept, list));
        all.push(Wanted {
            address,
            known: known.filter(|_| is_whole()),
            checksum: before.and_then(|before| before.checksum),
            sources: updated.iter().map(|list| list.source.clone()).collect(),
            patchable: None,
        });
    }
    Ok(all)
}

fn is_whole(kept: &Path, list: &List) -> bool {
    match Text::kept(kept, &list.id, list.version) {
        // A part of a list in an archive that was no list was not kept.
        Ok(text) if list.source.contains('#') => !text.files().is_empty(),
        Ok(text) => text.sha256().is_ok_and(|sum| sum == list.sha256),
        Err(_) => false,
    }
}

/// The same for those whose time has come.
pub async fn due(tx: &mut Tx, kept: &Path, every: Every, at: Timestamp) -> Result<Vec<Wanted>, StoreError> {
    if every == Every::Off {
        return Ok(Vec::new());
    }
    let mut meant = Vec::new();
    for list in lists::in_use(tx).await? {
        let Some(base) = base_of(&list.source) else { continue };
        let next = state_of(tx, base).await?.and_then(|state| state.next_try(every));
        if next.is_none_or(|next| next <= at) {
            meant.push(list.id);
        }
    }
    if meant.is_empty() {
        return Ok(Vec::new());
    }
    let mut wanted = wanted(tx, kept, &meant).await?;
    let in_use = lists::in_use(tx).await?;
    for one in &mut wanted {
        // Whoever says what the list must match says it of the whole.
        let is_recent = store::whole_at(tx, &one.address.to_string())
            .await?
            .is_some_and(|whole| whole <= at && at < whole.plus_millis(WHOLE_EVERY_MS));
        if !is_recent || one.checksum.is_some() {
            continue;
        }
        let list = in_use.iter().find(|list| list.source == one.address.to_string());
        one.patchable = list.and_then(|list| {
            let next = patches::next_of(kept, &list.id, list.version).filter(|_| is_whole(kept, list))?;
            Some(Patchable { id: list.id.clone(), version: list.version, next })
        });
    }
    Ok(wanted)
}

/// How long a list is brought up to date by patches before the whole of it is asked for again, in milliseconds: a week.
const WHOLE_EVERY_MS: i64 = 7 * 24 * 3_600_000;

/// What became of fetching an address.
pub enum Download {
    /// It is as it was.
    Unchanged,
    /// The lists that were sent.
    Sent(Vec<Sent>, Validators),
    /// The list as patches have made it; nothing where there is no patch yet. The whole was not asked for.
    Patched(Option<Sent>),
}

/// What became of each address.
pub type Downloads = BTreeMap<String, Result<Download, Arc<DownloadError>>>;

/// Fetches what is wanted, one after the other, outside of any transaction. One that cannot be fetched holds up no other.
pub async fn fetch_all(fetcher: &Fetcher, wanted: &[Wanted], kept: &Path, watch: Watch<'_>) -> Downloads {
    let mut all = Downloads::new();
    for one in wanted {
        let outcome = fetch_one(fetcher, one, kept, watch).await.map_err(Arc::new);
        all.insert(one.address.to_string(), outcome);
    }
    all
}

async fn fetch_one(
    fetcher: &Fetcher,
    one: &Wanted,
    kept: &Path,
    watch: Watch<'_>,
) -> Result<Download, DownloadError> {
    let Wanted { address, known, checksum, sources, patchable } = one;
    if let Some(list) = patchable {
        match patches::fetch(fetcher, address, list, kept, watch).await {
            Ok(Patched::NotYet) => return Ok(Download::Patched(None)),
            Ok(Patched::Sent(sent, patches)) => {
                tracing::info!(list = list.id, patches, "A list was brought up to date by what has changed");
                return Ok(Download::Patched(Some(sent)));
            }
            Err(error) => {
                tracing::info!(list = list.id, %error, "A list is fetched whole");
            }
        }
    }
    match fetcher.fetch(address, known.as_ref(), checksum.as_ref(), kept, watch).await? {
        Answer::Unchanged => Ok(Download::Unchanged),
        Answer::Sent(mut fetched) => {
            // Whoever waits for a server meanwhile is not held up.
            let (address, sources, kept) = (address.clone(), sources.clone(), kept.to_owned());
            let most = fetcher.most;
            let unpack = move || {
                let sent = lists_of(&mut fetched, &address, None, Some(&sources), &kept, most)?;
                Ok(Download::Sent(sent, fetched.validators))
            };
            tokio::task::spawn_blocking(unpack).await.map_err(|_| DownloadError::Ended)?
        }
    }
}

/// How the fetching of an address goes.
pub async fn state_of(tx: &mut Tx, address: &str) -> Result<Option<WebState>, StoreError> {
    Ok(store::of(tx, address).await?.map(|kept| kept.state))
}

async fn kept_or_new(tx: &mut Tx, address: &str, at: Timestamp) -> Result<Kept, StoreError> {
    let state = WebState { tried_at: at, changed_at: None, failures: 0, problem: None };
    let new = Kept { state, validators: Validators::default(), checksum: None };
    Ok(store::of(tx, address).await?.unwrap_or(new))
}

/// Writes down that an update from there was not taken, and why.
pub async fn note_failure(tx: &mut Tx, address: &str, why: &str, at: Timestamp) -> Result<(), StoreError> {
    let mut kept = kept_or_new(tx, address, at).await?;
    kept.state.tried_at = at;
    kept.state.failures = kept.state.failures.saturating_add(1);
    kept.state.problem = Some(why.to_owned());
    store::keep(tx, address, &kept).await
}

/// Writes down that all is as it was sent; `sent` is what the server said of it, where it sent anything.
pub async fn note_taken(
    tx: &mut Tx,
    address: &str,
    sent: Option<Validators>,
    (changed, is_whole): (bool, bool),
    at: Timestamp,
) -> Result<(), StoreError> {
    if is_whole {
        store::keep_whole_at(tx, address, at).await?;
    }
    let mut kept = kept_or_new(tx, address, at).await?;
    kept.state.tried_at = at;
    (kept.state.failures, kept.state.problem) = (0, None);
    if changed {
        kept.state.changed_at = Some(at);
    }
    if let Some(validators) = sent {
        kept.validators = validators;
    }
    store::keep(tx, address, &kept).await
}
