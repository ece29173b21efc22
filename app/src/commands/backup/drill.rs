//! Drills: a back-up restored beside the school, to see whether it would bring the school back.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use backups::kept::{self, Depth, Drill, Found};
use backups::{Archive, Place, Progress};
use clap::Args;
use filtering::filter_policy;
use filtering::publish::Published;
use kit::Clock;
use serde_json::json;
use store::backup::{BackupIdentity, Rehearsed, rehearse, unwatched};
use store::trail::{Known, compare};
use store::{DatabaseUrl, Db};

use super::by_rule::{Alone, chosen, kept_of, rule, school, tell_failed};
use super::identity;
use crate::commands::context::Context;
use crate::commands::records::publish;
use crate::config::{Backup, Config};
use crate::home::Home;
use crate::output::{Failure, Output};

#[derive(Debug, Args)]
#[command(
    after_help = "An encrypted back-up needs the identity of one of its recipients. Bring it on a stick for the drill, name the file \
                  on it, and take the stick away again: the identity is read into memory and nothing of it is written here."
)]
pub struct Asked {
    /// The name of a back-up, as `fivebar backup list` says it; the newest if left out.
    pub name: Option<String>,
    /// The file with the identity that opens it, where it is encrypted.
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
}

pub(super) fn run(context: &Context, asked: &Asked) -> Result<()> {
    let backup = rule(context)?;
    // Before anything is fetched: a file that is none says so at once.
    let identity = identity(asked.identity.as_ref())?;
    let drill = drill_by_rule(context, backup, asked.name.as_deref(), identity.as_ref())?;
    let took = drill.took_ms / 1000;
    let backup = &drill.backup;
    context.output.object(&json!({
        "number": drill.number, "back_up": backup, "passed": drill.passed, "took_ms": drill.took_ms, "says": drill.says,
    }));
    if !drill.passed {
        return Err(Failure::Problems(format!(
            "drill {} of {backup} failed: {}. Make a new back-up now, try that one, and keep this one until it is known what is wrong.",
            drill.number, drill.says
        ))
        .into());
    }
    context.output.say_lines(format!(
        "Drill {}: {backup} would bring the school back. It took {took} seconds.\n{}\nIt is kept as evidence; nothing of it is left here.",
        drill.number, drill.says
    ));
    Ok(())
}

/// Restores one beside the school, proves it, and keeps what was found.
pub fn drill_by_rule(
    context: &Context,
    backup: &Backup,
    name: Option<&str>,
    identity: Option<&BackupIdentity>,
) -> Result<Drill> {
    with_one(context, backup, name, Depth::Restored, &|place, archive, alone| {
        let proof = context.wait(place.proof(archive))?.context("it was never proved")?;
        if proof.encrypted && identity.is_none() {
            return Err(NeedsIdentity(archive.name()).into());
        }
        try_whole(context, place, archive, alone, identity)
    })
}

/// It is encrypted and nobody's identity is at hand: no drill failed, none was begun.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0} is encrypted: bring the identity of one of its recipients on a stick and say `fivebar backup drill --identity FILE`. It is \
     read, and never written here"
)]
struct NeedsIdentity(String);

/// Reads the newest whole where it lies: what can be done by itself where nobody's identity is at hand.
pub fn read_by_rule(context: &Context, backup: &Backup) -> Result<Drill> {
    with_one(context, backup, None, Depth::Read, &|place, archive, alone| {
        let proof = {
            let kept = kept_of(context, &context.records()?, archive)?;
            context.wait(place.still_whole(
                archive,
                kept.as_ref(),
                &watch(alone, "reading it where it lies"),
            ))?
        };
        Ok(format!(
            "It was read whole in {}, {} bytes, and is what was put there. What is in it nobody has seen: that takes a drill with an \
             identity.",
            place.words(),
            proof.bytes
        ))
    })
}

fn watch<'a>(alone: &'a Alone, doing: &'static str) -> impl Fn(Progress) + Send + Sync + 'a {
    move |progress| {
        let (Progress::Reading(done, of) | Progress::Sending(done, of)) = progress;
        alone.says(doing, done.saturating_mul(100).checked_div(of).unwrap_or(0).min(100));
    }
}

/// What a drill does with one; it says what it found.
type Trial<'t> = &'t dyn Fn(&Place, &Archive, &Alone) -> Result<String>;

/// Tries one, and keeps what came of it: also that it failed, and even where it could not be found out why.
fn with_one(
    context: &Context,
    rule: &Backup,
    name: Option<&str>,
    depth: Depth,
    trial: Trial<'_>,
) -> Result<Drill> {
    let alone = Alone::take(&context.home)?;
    let records = context.records()?;
    let place = rule.place(&context.home)?;
    let archive = chosen(context, &place, &school(context, &records)?, name);
    let (backup, found) = match archive {
        Ok(archive) => (archive.name(), trial(&place, &archive, &alone)),
        Err(error) => {
            // That there is none where the records know of one is what a drill is there to find.
            let newest = context.wait(async {
                let mut tx = records.read().await?;
                let newest = kept::newest(&mut tx, NEWEST).await?;
                tx.roll_back().await?;
                anyhow::Ok(newest.into_iter().find(|made| made.removed_at.is_none()))
            })?;
            match newest.filter(|_| name.is_none()) {
                Some(made) => (made.name, Err(error)),
                None => return Err(error),
            }
        }
    };
    drop(alone);
    let (passed, says) = match found {
        Ok(says) => (true, says),
        Err(error) if error.is::<NeedsIdentity>() || is_wrong_identity(&error) => return Err(error),
        Err(error) => (false, format!("{error:#}")),
    };
    let took_ms = Clock::System.now().as_millis() - context.at.as_millis();
    let found = Found { backup, depth, passed, took_ms, says };
    context.wait(async {
        let mut tx = records.begin().await?;
        let drill = kept::keep_drill(&mut tx, &context.actor, &found, context.at).await?;
        if !drill.passed {
            tell_failed(&mut tx, context).await?;
        }
        tx.commit().await?;
        anyhow::Ok(drill)
    })
}

/// How many are looked through for one that should be there.
const NEWEST: u32 = 100;

/// Whether whoever runs the drill brought the wrong stick, which says nothing about the back-up.
fn is_wrong_identity(error: &anyhow::Error) -> bool {
    use store::backup::BackupError::{Encrypted, NotForThis};
    matches!(error.downcast_ref(), Some(NotForThis(_) | Encrypted(_)))
}

fn try_whole(
    context: &Context,
    place: &Place,
    archive: &Archive,
    alone: &Alone,
    identity: Option<&BackupIdentity>,
) -> Result<String> {
    let work = alone.work()?;
    let file = work.join(archive.name());
    let kept = kept_of(context, &context.records()?, archive)?;
    let proof =
        context.wait(place.get(archive, kept.as_ref(), &file, &watch(alone, "fetching the back-up")))?;
    alone.says("restoring it beside the school", 0);
    let server = context.database()?;
    let (actor, at) = (&context.actor, context.at);
    let rehearsed = context.wait(rehearse(&file, identity, &work, &server, actor, at, &unwatched()))?;
    let proved = prove(context, &rehearsed);
    let cleared =
        context.wait(rehearsed.clear_away()).context("what was restored to be tried could not be removed");
    let proved = proved?;
    cleared?;
    Ok(format!("It was fetched from {}, {} bytes, as it was put there. {proved}", place.words(), proof.bytes))
}

/// Whether what was restored is the school.
fn prove(context: &Context, rehearsed: &Rehearsed) -> Result<String> {
    let manifest = &rehearsed.manifest;
    let trail = &manifest.trail;
    let records = context.records()?;
    match context.wait(compare(&records, trail.entries, &trail.head))? {
        Known::Held => {}
        Known::Missing { entries } => bail!(
            "the school's own access trail has {entries} entries and the back-up's {}: it is of another school, or entries are missing here",
            trail.entries
        ),
        Known::Changed => bail!(
            "entry {} of the school's own access trail is not the one in the back-up: it is of another school, or was changed",
            trail.entries
        ),
    }
    let version = publishes_equal(context, &records, rehearsed)?;
    let rows: i64 = manifest.rows.values().sum();
    Ok(format!(
        "Restored: {} files, {rows} rows in {} tables, {} entries of the access trail, every one as it was written and as the school has it. \
         Version {version} of the policy was published from it, and is the school's own.",
        manifest.files.len(),
        manifest.rows.len(),
        trail.entries
    ))
}

/// Publishes from what was restored, in its own folder, and holds the policy against the one that the school keeps under that number.
/// Gives the number.
fn publishes_equal(context: &Context, records: &Db, rehearsed: &Rehearsed) -> Result<u32> {
    let home = Home::at(Some(rehearsed.home.clone()));
    home.make_folders()?;
    let mut config = Config::read(&home.config())?;
    // Never what the restored settings name: the school's own records are there.
    config.records.database = match &rehearsed.records {
        DatabaseUrl::Sqlite(file) => format!("sqlite:{}", file.display()),
        DatabaseUrl::Postgres(whole) => whole.reveal().clone(),
    };
    config.users = None;
    let gate = home.gate();
    {
        let beside = Context::of(home, config, Output::new(true))?;
        publish(&beside).context("nothing can be published from it")?;
    }
    let policy = |gate: &Path| -> Result<_> {
        let published = Published::read(gate)?.context("nothing is published")?;
        Ok(published.policy(gate)?)
    };
    let restored = policy(&gate)?;
    let kept = context.wait(async {
        let mut tx = records.read().await?;
        let all = filter_policy::history(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok(all.into_iter().find(|version| version.number == restored.version))
    })?;
    let Some(kept) = kept else {
        bail!(
            "version {} of the policy is in the back-up, and the school has none of that number",
            restored.version
        )
    };
    if kept.text != restored.document {
        bail!("version {} of the policy is another in the back-up than the school keeps", restored.version);
    }
    // Where it is what gates go by just now, to the letter.
    let live = policy(&context.home.gate())?;
    if live.version == restored.version && live.document != restored.document {
        bail!("version {} of the policy is published otherwise from the back-up than here", restored.version);
    }
    Ok(restored.version)
}
