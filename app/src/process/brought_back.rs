//! Whether the records were brought back to an earlier state: from a back-up, by hand, or by a tool of PostgreSQL's.
//!
//! In `hub/known-trail`, beside the records and in no back-up, stands how far their access trail had come when this home last knew
//! it. Records whose trail does not go on from there are older ones, or others: sessions stand in them that somebody ended since,
//! invitations that were used, passwords that were changed because somebody had learned them. Nobody can say which, so all of them
//! end. Whoever opens the records looks, before anything else: nobody can forget it, and a copy that is put in their place by hand is
//! found as surely as a restore.
//!
//! What is not known is taken for other records: a home that is made anew by a restore has no such file.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use kit::Timestamp;
use people::account::{self, Ended};
use store::trail::{self, Known};
use store::{Actor, Db};

use crate::home::Home;

/// Who ends it all.
const RESTORED: Actor = Actor::Job("records-brought-back");

/// How far a trail had come.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Head {
    entries: i64,
    hash: String,
}

/// Ends whatever anybody could come in by, where the records were brought back; what ended. Then remembers how far they have come.
pub async fn look(home: &Home, db: &Db, at: Timestamp) -> Result<Option<Ended>> {
    let path = path(home);
    let known = read(&path)?;
    let goes_on = match &known {
        Some(head) => trail::compare(db, head.entries, &head.hash).await? == Known::Held,
        None => false,
    };
    let mut ended = None;
    if !goes_on {
        let mut tx = db.begin().await?;
        ended = account::end_all(&mut tx, &RESTORED, at).await?;
        api::webhook::pause_all(&mut tx, &RESTORED, at).await?;
        jobs::give_up_all(&mut tx, "the records were brought back to an earlier state", at).await?;
        tx.commit().await?;
    }
    if let Some(Ended { sessions, invitations, passwords }) = ended {
        tracing::warn!(
            sessions,
            invitations,
            passwords,
            "The records are not those that this home knew: everybody is signed out, and every invitation and password has ended"
        );
    }
    remember(&path, known.as_ref(), db).await;
    Ok(ended)
}

fn path(home: &Home) -> PathBuf {
    home.hub().join("known-trail")
}

/// What is known; `None` where there is no file, or none that says anything.
fn read(path: &Path) -> Result<Option<Head>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    Ok(text
        .trim()
        .split_once(' ')
        .and_then(|(entries, hash)| Some(Head { entries: entries.parse().ok()?, hash: hash.to_owned() })))
}

/// Writes down how far the trail has come. Where that cannot be written the older one stays, which is as true.
async fn remember(path: &Path, known: Option<&Head>, db: &Db) {
    let written = async {
        let mut tx = db.read().await?;
        let newest = trail::newest(&mut tx, None, 1).await?;
        tx.roll_back().await?;
        let head = newest.first().map_or_else(
            || Head { entries: 0, hash: trail::NOTHING_BEFORE.to_owned() },
            |entry| Head { entries: entry.seq, hash: entry.hash.clone() },
        );
        if known != Some(&head) {
            write(path, &head)?;
        }
        anyhow::Ok(())
    };
    if let Err(error) = written.await {
        tracing::warn!(
            error = format!("{error:#}"),
            "How far the access trail has come cannot be written down"
        );
    }
}

fn write(path: &Path, head: &Head) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "{} {}", head.entries, head.hash)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
