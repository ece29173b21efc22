//! What people do with the sealed tier.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use ::store::{Actor, StoreError, Subject, Tx, trail};
use engine::catalogue::Catalogue;
use engine::sealed::{SealedEntryError, SealedHashes};
use engine::{Sealed, SealedKey};
use kit::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::feed::Reading;
use super::model::{FeedVersion, How, Kind, Opening, Recipient, is_duty, test_entries};
use super::store;

kit::id_kind!(RecipientId, SealedRecipientKind, "recipient");
kit::id_kind!(OpeningId, SealedOpeningKind, "opening");

/// Of an update that lacks more than one in so many of the entries before, the union is kept.
const MOST_LACKING: usize = 10;

/// Why the sealed entries cannot be had. The gate goes on with what it has, and does not start without.
#[derive(Debug, thiserror::Error)]
pub enum InForceError {
    /// The kept hashes are gone or are not those that were taken.
    #[error(
        "the sealed entries in {} cannot be verified; load them again from their source with `fivebar sealed import`", .0.display()
    )]
    Unverifiable(PathBuf),
    /// The program's own test entries are none: a fault of the program.
    #[error(transparent)]
    Entry(#[from] SealedEntryError),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a feed was not taken. What was in force stays.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Not one line could be used: a wrong file, as a rule.
    #[error("not one of {0} lines is an entry, so what is in force was left as it is")]
    Nothing(u64),
    /// Test entries in place of a live feed.
    #[error(
        "a live feed is loaded, and entries for testing do not take its place; the program's own are beside it"
    )]
    TestOverLive,
    /// Freshness of no days, or of years.
    #[error("say for how many days the feed counts as fresh, 1 to 366")]
    Freshness,
    /// A feed of the future would never grow stale.
    #[error("the feed says that it was made later than now; correct --as-of or this machine's clock")]
    NotYet,
    /// A replacement that nobody can explain later.
    #[error("say why entries are to be given up; the reason is kept for good")]
    NoReason,
    /// The hashes could not be written.
    #[error("{}: {why}; check that there is room, and that this account may write there", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the machine said.
        why: io::Error,
    },
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of a feed.
#[derive(Debug)]
pub struct Imported {
    /// As it is in force now.
    pub version: FeedVersion,
    /// What reading it came to.
    pub reading: Vec<(super::RefusedLine, super::feed::Refused)>,
    /// Entries before that the update did not hold: kept where it was joined, given up where it was replaced.
    pub lacking: usize,
    /// Whether what was there before could not be read, and so could not be kept.
    pub lost_earlier: bool,
    /// The entries in force.
    pub sealed: Sealed,
}

/// The newest loading of a feed; `None` while only the program's own test entries are there.
pub async fn newest_feed(tx: &mut Tx) -> Result<Option<FeedVersion>, StoreError> {
    store::newest_feed(tx).await
}

/// The sealed entries in force, verified. `kept` is the folder of lists.
pub async fn in_force(tx: &mut Tx, kept: &Path, key: SealedKey) -> Result<Sealed, InForceError> {
    match store::newest_feed(tx).await? {
        None => Ok(test_entries(key)?),
        Some(version) => open(&version, kept, key),
    }
}

fn open(version: &FeedVersion, kept: &Path, key: SealedKey) -> Result<Sealed, InForceError> {
    let path = path_of(kept, version.number);
    let unverifiable = || InForceError::Unverifiable(path.clone());
    let bytes = fs::read(&path).map_err(|_| unverifiable())?;
    if sha256(&bytes) != version.sha256 {
        return Err(unverifiable());
    }
    let hashes: SealedHashes = serde_json::from_slice(&bytes).map_err(|_| unverifiable())?;
    Sealed::open(key, &hashes).map_err(|_| unverifiable())
}

/// Takes a feed. Additions are in force at once, whatever else there is; an update that has shrunk is joined with what
/// was there before, unless a person gives `replace` as the reason why not. Publish afterwards.
#[expect(
    clippy::too_many_arguments,
    reason = "the one place where a feed's text, kind and key come together"
)]
pub async fn import(
    tx: &mut Tx,
    actor: &Actor,
    kept: &Path,
    key: SealedKey,
    catalogue: &Catalogue,
    text: &str,
    kind: Kind,
    replace: Option<&str>,
    at: Timestamp,
) -> Result<Imported, ImportError> {
    if let Kind::Live { as_of, fresh_for_days } = kind {
        if !(1..=366).contains(&fresh_for_days) {
            return Err(ImportError::Freshness);
        }
        if as_of > at {
            return Err(ImportError::NotYet);
        }
    }
    if replace.is_some_and(|reason| reason.trim().is_empty()) {
        return Err(ImportError::NoReason);
    }
    let before = store::newest_feed(tx).await?;
    let was_live = before.as_ref().filter(|before| matches!(before.kind, Kind::Live { .. }));
    if was_live.is_some() && kind == Kind::Test {
        return Err(ImportError::TestOverLive);
    }
    let Reading { writer, lines, accepted, refused } = Reading::of(text, key.clone(), kind.feed(), catalogue);
    if accepted == 0 {
        return Err(ImportError::Nothing(lines));
    }
    let earlier = was_live.map(|before| (before.accepted, open(before, kept, key)));
    let lost_earlier = matches!(earlier, Some((_, Err(_))));
    let earlier = earlier.and_then(|(accepted, sealed)| Some((accepted, sealed.ok()?)));
    let lacking = earlier.as_ref().map_or(0, |(_, earlier)| writer.lacks(earlier));
    let shrunk = earlier.as_ref().filter(|(before, earlier)| {
        lacking > 0 && (accepted < *before || lacking * MOST_LACKING > earlier.len())
    });
    let (sealed, how) = match shrunk {
        Some((_, earlier)) if replace.is_none() => (writer.finish_with(earlier), How::Joined),
        _ => (writer.finish(), How::Replaced),
    };
    let number = before.map_or(0, |before| before.number) + 1;
    let path = path_of(kept, number);
    let sha256 = write(&path, &sealed).map_err(|why| ImportError::File { path, why })?;
    let version = FeedVersion {
        number,
        kind,
        lines,
        accepted,
        refused: refused.values().map(|refused| refused.count).sum(),
        how,
        reason: replace.map(|reason| reason.trim().to_owned()),
        sha256,
        imported_by: actor.to_string(),
        at,
    };
    store::insert_feed(tx, &version).await?;
    let detail = json!({
        "kind": kind.id(), "lines": lines, "accepted": accepted, "refused": version.refused, "how": how.id(),
        "lacking": lacking, "sha256": version.sha256,
    });
    trail::changed(tx, actor, "sealed.import", &Subject::new("sealed-feed", number), &detail, at).await?;
    // The version before stays, so that a transaction that fails leaves what its records name.
    if number > 2 {
        let _ = fs::remove_file(path_of(kept, number - 2));
    }
    Ok(Imported { version, reading: refused.into_iter().collect(), lacking, lost_earlier, sealed })
}

/// The hashes of one version. No feed's text is ever here.
fn path_of(kept: &Path, number: u32) -> PathBuf {
    kept.join("sealed-entries").join(format!("{number}.json"))
}

fn write(path: &Path, sealed: &Sealed) -> io::Result<String> {
    let bytes = serde_json::to_vec(&sealed.publish())?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension("tmp");
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    if let Some(folder) = path.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(sha256(&bytes))
}

/// The hash of something, as the trail writes it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why somebody was not added or removed.
#[derive(Debug, thiserror::Error)]
pub enum RecipientError {
    /// Not a duty.
    #[error(
        "{0:?} is not the name of a duty; use small letters, digits and hyphens, as in head, dsl or police, and nobody's name"
    )]
    Name(String),
    /// There already.
    #[error("{0} is there already; remove them first, or add another name")]
    There(String),
    /// Not there.
    #[error("there is no recipient {0}; `fivebar sealed recipients list` shows them")]
    NotThere(String),
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// To whom the gate encrypts its records, by name.
pub async fn recipients(tx: &mut Tx) -> Result<Vec<Recipient>, StoreError> {
    store::recipients(tx).await
}

/// Adds a recipient. `key` is a public key that the caller has checked. Publish afterwards: records from then on are
/// written for them too.
pub async fn add_recipient(
    tx: &mut Tx,
    actor: &Actor,
    name: &str,
    key: &str,
    at: Timestamp,
) -> Result<Recipient, RecipientError> {
    if !is_duty(name) {
        return Err(RecipientError::Name(name.to_owned()));
    }
    if store::recipients(tx).await?.iter().any(|there| there.name == name) {
        return Err(RecipientError::There(name.to_owned()));
    }
    let recipient = Recipient { name: name.to_owned(), key: key.to_owned(), added_at: at };
    let id: RecipientId = tx.ids().make(at);
    store::insert_recipient(tx, id.to_string(), &recipient, &actor.to_string()).await?;
    let subject = Subject::new("sealed-recipient", name);
    trail::changed(tx, actor, "sealed.recipient-add", &subject, &json!({ "key": key }), at).await?;
    Ok(recipient)
}

/// Removes a recipient: records from the next publication on are not written for them. What was written before stays
/// theirs to open.
pub async fn remove_recipient(
    tx: &mut Tx,
    actor: &Actor,
    name: &str,
    at: Timestamp,
) -> Result<(), RecipientError> {
    if !store::remove_recipient(tx, name, &actor.to_string(), at).await? {
        return Err(RecipientError::NotThere(name.to_owned()));
    }
    let subject = Subject::new("sealed-recipient", name);
    trail::changed(tx, actor, "sealed.recipient-remove", &subject, &json!({}), at).await?;
    Ok(())
}

/// Why an opening was not written down. Nothing is shown then.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    /// An opening that nobody can explain later.
    #[error("say why the record is opened; the reason is kept for good")]
    NoReason,
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes down that somebody opens a record, or tried to with a key it was not written for. Commit before anything is
/// shown.
pub async fn write_opening(
    tx: &mut Tx,
    actor: &Actor,
    reference: &str,
    reason: &str,
    key: &str,
    opened: bool,
    at: Timestamp,
) -> Result<Opening, OpeningError> {
    if reason.trim().is_empty() {
        return Err(OpeningError::NoReason);
    }
    let opening = Opening {
        reference: reference.to_owned(),
        reason: reason.trim().to_owned(),
        key: key.to_owned(),
        opened,
        actor: actor.to_string(),
        at,
    };
    let id: OpeningId = tx.ids().make(at);
    store::insert_opening(tx, id.to_string(), &opening).await?;
    let verb = if opened { "sealed.open" } else { "sealed.open-refused" };
    trail::changed(tx, actor, verb, &Subject::new("sealed-record", reference), &json!({ "key": key }), at)
        .await?;
    Ok(opening)
}

/// Who opened a record, or tried to, oldest first.
pub async fn openings(tx: &mut Tx, reference: &str) -> Result<Vec<Opening>, StoreError> {
    store::openings(tx, reference).await
}
