//! Back-ups where and as `[backup]` says: made, listed, fetched, and let go.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use backups::kept::{self, Made, Problem};
use backups::{Archive, Place, Progress, Proof, school_of};
use clap::Args;
use kit::{Clock, Timestamp};
use notices::Where;
use people::account::notices::{kinds, tell_duties};
use serde_json::json;
use store::Db;
use store::backup::{BackUp, Watch, back_up};

use super::INCLUDED;
use crate::commands::context::Context;
use crate::commands::lasting::school_zone;
use crate::config::Backup;
use crate::home::Home;

#[derive(Debug, Args)]
pub struct Now {
    /// Only where one is owed by the rule: for a timer of the machine's own.
    #[arg(long)]
    pub if_due: bool,
}

#[derive(Debug, Args)]
pub struct Fetch {
    /// Its name, as `fivebar backup list` says it; the newest if left out.
    pub name: Option<String>,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
}

/// The rule; a command about it makes no sense without one.
pub(super) fn rule(context: &Context) -> Result<&Backup> {
    let Some(backup) = &context.config.backup else {
        bail!(
            "{} has no section [backup], which says where back-ups lie; docs/operations/back-ups.md shows one",
            context.home.config().display()
        )
    };
    Ok(backup)
}

/// Whose records they are.
pub(super) fn school(context: &Context, records: &Db) -> Result<String> {
    let first = context.wait(async {
        let mut tx = records.read().await?;
        let first = kept::first_hash(&mut tx).await;
        tx.roll_back().await?;
        first
    })?;
    let first = first.context("the records have nothing in them yet that could be backed up")?;
    Ok(school_of(&first))
}

pub(super) fn prepare(context: &Context) -> Result<()> {
    let backup = rule(context)?;
    let records = context.records()?;
    let place = backup.place(&context.home)?;
    context.wait(place.prepare(&school(context, &records)?))?;
    context.output.say_lines(format!(
        "{} is ready for this school's back-ups.\nMake the first now: `fivebar backup now`.",
        place.words()
    ));
    context.output.object(&json!({ "place": place.words(), "prepared": true }));
    Ok(())
}

pub(super) fn list(context: &Context) -> Result<()> {
    let place = rule(context)?.place(&context.home)?;
    let records = context.records()?;
    let school = school(context, &records)?;
    let all = context.wait(place.list(&school))?;
    let mut rows = Vec::new();
    for archive in &all {
        let proof = context.wait(place.proof(archive))?;
        let (bytes, encrypted) = proof.map_or((0, false), |proof| (proof.bytes, proof.encrypted));
        context.output.say(format!(
            "{} made {}, {bytes} bytes, {}",
            archive.name(),
            archive.made_at,
            if encrypted { "encrypted" } else { "NOT encrypted" }
        ));
        rows.push(json!({
            "name": archive.name(), "made_at": archive.made_at.to_string(), "bytes": bytes, "encrypted": encrypted,
        }));
    }
    if all.is_empty() {
        context.output.say(format!("No back-up of this school lies in {}.", place.words()));
    }
    context.output.object(&json!({ "place": place.words(), "back_ups": rows }));
    Ok(())
}

/// The one of that name, or the newest.
pub(super) fn chosen(context: &Context, place: &Place, school: &str, name: Option<&str>) -> Result<Archive> {
    let all = context.wait(place.list(school))?;
    let found = match name {
        Some(name) => all.into_iter().find(|archive| archive.name() == name),
        None => all.into_iter().next_back(),
    };
    found.with_context(|| match name {
        Some(name) => format!(
            "{name}: no such back-up of this school lies in {}; `fivebar backup list` says which do",
            place.words()
        ),
        None => {
            format!("no back-up of this school lies in {}; `fivebar backup now` makes one", place.words())
        }
    })
}

/// What these records kept of a back-up when they made it.
pub(super) fn kept_of(context: &Context, records: &Db, archive: &Archive) -> Result<Option<kept::Made>> {
    context.wait(async {
        let mut tx = records.read().await?;
        let made = kept::named(&mut tx, &archive.name()).await?;
        tx.roll_back().await?;
        anyhow::Ok(made)
    })
}

pub(super) fn fetch(context: &Context, asked: &Fetch) -> Result<()> {
    let place = rule(context)?.place(&context.home)?;
    let records = context.records()?;
    let archive = chosen(context, &place, &school(context, &records)?, asked.name.as_deref())?;
    let kept = kept_of(context, &records, &archive)?;
    let bar = context.output.progress(0, "fetching");
    let watch = |progress: Progress| {
        let (Progress::Reading(done, of) | Progress::Sending(done, of)) = progress;
        bar.set_length(of);
        bar.set_position(done);
    };
    let fetched = context.wait(place.get(&archive, kept.as_ref(), &asked.to, &watch));
    bar.finish_and_clear();
    if fetched.is_err() {
        // Half of one is none.
        let _ = fs::remove_file(&asked.to);
    }
    let proof = fetched?;
    let how = match kept {
        Some(_) => "as these records made it",
        None => {
            "as the proof beside it says. These records did not make it, so nobody here can say whether somebody changed both: hold the              newest checkpoint of its access trail against the one on the governors' report"
        }
    };
    context.output.say(format!(
        "{} is in {}, {} bytes, {how}.",
        archive.name(),
        asked.to.display(),
        proof.bytes
    ));
    context.output.object(
        &json!({ "name": archive.name(), "file": asked.to, "bytes": proof.bytes, "sha256": proof.sha256 }),
    );
    Ok(())
}

pub(super) fn now(context: &Context, asked: &Now) -> Result<()> {
    let backup = rule(context)?;
    if asked.if_due && !is_due(context, backup)? {
        context.output.say("No back-up is owed just now.");
        context.output.object(&json!({ "due": false }));
        return Ok(());
    }
    let bar = context.output.progress(100, "backing up");
    let made = make_by_rule(context, backup, &|doing, percent| {
        bar.set_message(doing.to_owned());
        bar.set_position(percent);
    });
    bar.finish_and_clear();
    let Outcome { made, removed, beside } = made?;
    let missing =
        if made.left_out.is_empty() { String::new() } else { format!("\nNot in it: {}", made.left_out) };
    context.output.say_lines(format!(
        "{} lies in {}, {} bytes, and was read back there: it is as it was made. {} {} older went by the rule.{missing}",
        made.name,
        made.place,
        made.bytes,
        if made.encrypted { "It is encrypted." } else { "It is NOT encrypted." },
        removed,
    ));
    context.output.object(&json!({
        "name": made.name, "place": made.place, "bytes": made.bytes, "sha256": made.sha256, "encrypted": made.encrypted,
        "took_ms": made.took_ms, "removed": removed, "left_out": made.left_out, "beside": beside,
    }));
    beside.map_or(Ok(()), |why| Err(anyhow::anyhow!("the back-up is made; {why}")))
}

fn is_due(context: &Context, backup: &Backup) -> Result<bool> {
    let records = context.records()?;
    let (known, zone) = context.wait(async {
        let mut tx = records.read().await?;
        let known = kept::known(&mut tx).await?;
        let zone = school_zone(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok((known, zone))
    })?;
    let failed = known.problem.filter(|problem| problem.no_backup).map(|problem| problem.at);
    let wanted = backup.rule().wanted;
    Ok(wanted.is_some_and(|wanted| wanted.is_due(known.last_made, failed, &zone, context.at)))
}

/// What making one came to.
pub struct Outcome {
    pub made: Made,
    /// How many older ones went.
    pub removed: usize,
    /// What went wrong beside it.
    pub beside: Option<String>,
}

/// Is told what is being done, and how much of it in percent.
pub type Tells<'t> = &'t (dyn Fn(&str, u64) + Send + Sync);

/// Makes one, reads it back where it lies, and lets old ones go. How it went is in the records afterwards, whatever came of it.
pub fn make_by_rule(context: &Context, backup: &Backup, tells: Tells<'_>) -> Result<Outcome> {
    let alone = Alone::take(&context.home)?;
    let records = context.records()?;
    let done = make(context, backup, &records, &alone, tells).map(|(made, place, school)| {
        let (removed, beside) = let_go(context, backup, &records, &place, &school);
        Outcome { made, removed, beside }
    });
    let problem = match &done {
        Ok(Outcome { beside: None, .. }) => None,
        Ok(Outcome { beside: Some(why), .. }) => Some((why.clone(), false)),
        Err(error) => Some((format!("{error:#}"), true)),
    };
    let problem = problem.map(|(why, no_backup)| Problem { at: context.at, why, no_backup });
    context.wait(async {
        let mut tx = records.begin().await?;
        kept::keep_problem(&mut tx, problem.as_ref()).await?;
        if problem.as_ref().is_some_and(|problem| problem.no_backup) {
            tell_failed(&mut tx, context).await?;
            people::event::happened(&mut tx, "back-up.failed", ("", String::new()), context.at).await?;
        }
        anyhow::Ok(tx.commit().await?)
    })?;
    done
}

/// Tells whoever looks after back-ups that one failed, where nobody at the command line reads it.
pub(super) async fn tell_failed(tx: &mut store::Tx, context: &Context) -> Result<()> {
    if !matches!(context.actor, store::Actor::CommandLine(_)) {
        tell_duties(tx, kinds::BACK_UP_FAILED, Where::BackUps, None, context.at).await?;
    }
    Ok(())
}

fn make(
    context: &Context,
    backup: &Backup,
    records: &Db,
    alone: &Alone,
    tells: Tells<'_>,
) -> Result<(Made, Place, String)> {
    let place = backup.place(&context.home)?;
    let school = school(context, records)?;
    // Before anything is worked out: a disk that is not there makes no work.
    context.wait(place.ready(&school))?;
    let archive = Archive::new(&school, context.at);
    let work = alone.work()?;
    let file = work.join(archive.name());
    let (include, left_out) = included(&context.home);
    let keys = backup.keys();
    let wanted = BackUp {
        home: context.home.path().to_owned(),
        include,
        target: file.clone(),
        kept_as: Some(archive.name()),
        keys,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        actor: context.actor.clone(),
        at: context.at,
    };
    let manifest = watched(alone, tells, |watch| context.wait(back_up(records, &wanted, watch)))?;
    let proof = Proof::of(&file, !wanted.keys.is_empty())?;
    let watch = |progress: Progress| {
        let (doing, done, of) = match progress {
            Progress::Sending(done, of) => ("putting it where it lies", done, of),
            Progress::Reading(done, of) => ("reading it back where it lies", done, of),
        };
        let percent = percent(done, of);
        alone.says(doing, percent);
        tells(doing, percent);
    };
    let put = context.wait(place.put(&archive, &file, &proof, &watch));
    alone.clear();
    put?;
    let ended = Clock::System.now();
    let made = Made {
        name: archive.name(),
        made_at: archive.made_at,
        place: place.words(),
        bytes: proof.bytes,
        sha256: proof.sha256,
        encrypted: proof.encrypted,
        entries: manifest.trail.entries,
        took_ms: ended.as_millis() - context.at.as_millis(),
        left_out,
        removed_at: None,
    };
    context.wait(async {
        let mut tx = records.begin().await?;
        kept::insert(&mut tx, &made).await?;
        anyhow::Ok(tx.commit().await?)
    })?;
    Ok((made, place, school))
}

fn percent(done: u64, of: u64) -> u64 {
    done.saturating_mul(100).checked_div(of).unwrap_or(0).min(100)
}

/// Runs work on an archive whose progress is told here and to whoever looks at the school.
fn watched<T>(alone: &Alone, tells: Tells<'_>, work: impl FnOnce(&Watch) -> T) -> T {
    // The work may tell of it from another thread, and outlives nothing here.
    let (sender, said) = std::sync::mpsc::channel::<(&'static str, u64)>();
    let sender = Mutex::new(sender);
    let watch: Watch = std::sync::Arc::new(move |progress: store::backup::Progress| {
        let percent = percent(progress.done_bytes, progress.of_bytes);
        if let Ok(sender) = sender.lock() {
            let _ = sender.send((progress.doing.words(), percent));
        }
    });
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for (doing, percent) in said {
                alone.says(doing, percent);
                tells(doing, percent);
            }
        });
        let done = work(&watch);
        drop(watch);
        done
    })
}

/// What goes into it, and what should and cannot: the certificate of encrypted DNS is root's alone where the parts have users of
/// their own.
fn included(home: &Home) -> (Vec<PathBuf>, String) {
    let certificate = home.certificate();
    let is_open = |path: &Path| File::open(path).is_ok();
    let can_be_read = match fs::read_dir(&certificate) {
        Ok(mut inside) => inside.all(|one| one.is_ok_and(|one| is_open(&one.path()))),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    let include =
        INCLUDED.iter().filter(|path| can_be_read || **path != "certificate").map(PathBuf::from).collect();
    let left_out = if can_be_read {
        String::new()
    } else {
        "the certificate of encrypted DNS, which root alone may read. One back-up that root makes has it: `fivebar backup now`."
            .to_owned()
    };
    (include, left_out)
}

/// Lets old ones go. What went wrong is said, and keeps nothing else from going.
fn let_go(
    context: &Context,
    backup: &Backup,
    records: &Db,
    place: &Place,
    school: &str,
) -> (usize, Option<String>) {
    match try_to_let_go(context, backup, records, place, school) {
        Ok((removed, None)) => (removed, None),
        Ok((removed, Some(why))) => (removed, Some(format!("old back-ups could not be removed: {why}"))),
        Err(error) => (0, Some(format!("old back-ups could not be removed: {error:#}"))),
    }
}

/// What was left half done, and is older than any that is still being written.
const HALF_DONE_MS: i64 = 2 * 86_400_000;

fn try_to_let_go(
    context: &Context,
    backup: &Backup,
    records: &Db,
    place: &Place,
    school: &str,
) -> Result<(usize, Option<String>)> {
    let all = context.wait(place.list(school))?;
    let now = Archive::new(school, context.at);
    if !all.contains(&now) {
        bail!("the back-up that was just made is not listed in {}; nothing was removed", place.words());
    }
    let zone = context.wait(async {
        let mut tx = records.read().await?;
        let zone = school_zone(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok(zone)
    })?;
    let made: Vec<Timestamp> = all.iter().map(|archive| archive.made_at).collect();
    let going = backup.rule().keep.going(&made, &zone, context.at);
    let mut problem = None;
    let mut removed = 0;
    for archive in all.iter().filter(|archive| going.contains(&archive.made_at) && **archive != now) {
        match context.wait(place.remove(archive)) {
            Ok(()) => {
                removed += 1;
                let name = archive.name();
                context.wait(async {
                    let mut tx = records.begin().await?;
                    kept::removed(&mut tx, &context.actor, &name, context.at).await?;
                    anyhow::Ok(tx.commit().await?)
                })?;
            }
            Err(error) => problem = Some(format!("{}: {error}", archive.name())),
        }
    }
    for half in context.wait(place.unproved(school))? {
        if half.made_at.plus_millis(HALF_DONE_MS) < context.at {
            context.wait(place.remove(&half))?;
        }
    }
    Ok((removed, problem))
}

/// One back-up or drill at a time, and the folder in which it is worked out.
pub(super) struct Alone {
    home: Home,
    said: Mutex<(String, u64)>,
    _lock: File,
}

/// How often it is tried to be alone: whoever looks what is being done holds the lock for a moment.
const TRIES: u32 = 20;

impl Alone {
    pub fn take(home: &Home) -> Result<Self> {
        let path = lock_path(home);
        let lock = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = lock.with_context(|| format!("cannot open {}", path.display()))?;
        for _ in 0..TRIES {
            match lock.try_lock() {
                Ok(()) => {
                    let alone = Self { home: home.clone(), said: Mutex::default(), _lock: lock };
                    alone.clear();
                    return Ok(alone);
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(25)),
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {}", path.display()));
                }
            }
        }
        bail!("another back-up or drill is under way here; `fivebar status` says how far it is")
    }

    /// A new, empty folder.
    pub fn work(&self) -> Result<PathBuf> {
        use std::os::unix::fs::DirBuilderExt as _;
        self.clear();
        let work = work_path(&self.home);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&work)
            .with_context(|| format!("cannot make {}", work.display()))?;
        Ok(work)
    }

    /// Removes whatever was worked out, by this or by one that was cut off.
    pub fn clear(&self) {
        let _ = fs::remove_dir_all(work_path(&self.home));
    }

    /// Tells whoever looks at the school what is being done.
    pub fn says(&self, doing: &str, percent: u64) {
        let Ok(mut said) = self.said.lock() else { return };
        if (said.0.as_str(), said.1) != (doing, percent) {
            *said = (doing.to_owned(), percent);
            let _ = fs::write(doing_path(&self.home), format!("{doing}, {percent} %\n"));
        }
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.clear();
        let _ = fs::remove_file(doing_path(&self.home));
    }
}

fn lock_path(home: &Home) -> PathBuf {
    home.hub().join("back-ups.lock")
}

fn work_path(home: &Home) -> PathBuf {
    home.hub().join("back-ups")
}

fn doing_path(home: &Home) -> PathBuf {
    home.hub().join("back-up-now")
}

/// What is being done just now, where a back-up or a drill is under way.
pub fn doing_now(home: &Home) -> Option<String> {
    let lock = File::open(lock_path(home)).ok()?;
    match lock.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let said = fs::read_to_string(doing_path(home)).ok()?;
            Some(said.trim().chars().take(100).collect())
        }
        _ => None,
    }
}
