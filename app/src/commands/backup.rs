//! `backup`, `restore` and `verify`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use activity::log::{Acknowledged, Loss};
use activity::sealed::Shelf;
use anyhow::{Context as _, Result, bail};
use clap::{ArgGroup, Args};
use engine::{Sealed, SealedKey};
use filtering::publish::Published;
use serde_json::{Value, json};
use store::Db;
use store::backup::{BackUp, BackupIdentity, BackupKey, Progress, Restore, TrailLine, Watch, back_up, check};
use store::trail::{Known, Verified, compare, verify};

use crate::commands::context::{Context, database_url};
use crate::commands::trail::prove_checkpoint;
use crate::config::Config;
use crate::home::{Home, read_key};
use crate::output::{Failure, Output};

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("where").args(["file", "to"]).required(true))]
pub struct Backup {
    /// The file to write.
    pub file: Option<PathBuf>,
    /// The same.
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Encrypt it to this public key, as in age1…, which `age-keygen` makes; may be given several times, and each of their
    /// identities opens it.
    #[arg(long = "recipient", value_name = "KEY")]
    pub recipients: Vec<BackupKey>,
}

#[derive(Debug, Args)]
pub struct AskedRestore {
    /// The back-up.
    pub file: PathBuf,
    /// The file with the identity that opens it, where it is encrypted.
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    /// Replace a school that is already in the home folder; it is moved aside, not deleted. Its activity log, which no
    /// back-up has, stays in use.
    #[arg(long)]
    pub replace: bool,
}

#[derive(Debug, Args)]
pub struct Verify {
    /// A back-up to verify instead of the running school, and to compare the school's access trail with.
    pub file: Option<PathBuf>,
    /// The file with the identity that opens the back-up, where it is encrypted.
    #[arg(long, value_name = "FILE", requires = "file")]
    pub identity: Option<PathBuf>,
    /// A checkpoint of the access trail to compare the school's with, as `fivebar trail checkpoint` printed it.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub checkpoint: Option<PathBuf>,
}

/// What of the home folder goes into a back-up beside the records. The published snapshots and the activity log do not:
/// the first are made again from the records and lists, the second has its own retention, which a back-up must not
/// outlive. The keys do: without the certificate of encrypted DNS every device would have to trust another, and without them the sealed entries and the links of block pages could not be read again, so
/// whoever holds a back-up can read both.
const INCLUDED: [&str; 6] =
    ["fivebar.toml", "keys", "certificate", "lists", "hub/portal.pem", "hub/portal.key"];

/// Makes a back-up and proves it.
pub fn make(context: &Context, asked: &Backup) -> Result<()> {
    let Some(file) = asked.file.as_ref().or(asked.to.as_ref()) else {
        bail!("say which file to write, as in `fivebar backup --to school.fivebar-backup`")
    };
    let records = context.records()?;
    let wanted = BackUp {
        home: context.home.path().to_owned(),
        include: INCLUDED.iter().map(PathBuf::from).collect(),
        target: std::path::absolute(file)?,
        keys: asked.recipients.clone(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        actor: context.actor.clone(),
        at: context.at,
    };
    let manifest = context.wait(back_up(&records, &wanted, &watch(context.output)))?;
    context.output.say_lines(format!(
        "The back-up is in {} and has been proved: {} files, {} entries in the access trail, all as they were written.\n{}\n\
         The activity log and the records of sealed addresses are not in it: they are on this machine alone.",
        file.display(),
        manifest.files.len(),
        manifest.trail.entries,
        how_it_is_kept(&asked.recipients, file),
    ));
    context.output.object(&json!({
        "file": file, "trail": manifest.trail, "rows": manifest.rows, "files": manifest.files.len(),
        "encrypted": !asked.recipients.is_empty(),
        "recipients": asked.recipients.iter().map(ToString::to_string).collect::<Vec<_>>(),
    }));
    Ok(())
}

fn how_it_is_kept(recipients: &[BackupKey], file: &Path) -> String {
    match recipients.len() {
        0 => "It is NOT encrypted: whoever has it has the roll and the keys. Keep it where only those may read it who may read \
              the roll, or encrypt it: `fivebar backup --to FILE --recipient KEY`."
            .to_owned(),
        many => format!(
            "It is encrypted to {}; without an identity that belongs to one nobody opens it, nor does this machine. Try yours: \
             `fivebar verify {} --identity FILE`.",
            if many == 1 { "1 key".to_owned() } else { format!("{many} keys") },
            file.display(),
        ),
    }
}

/// The identity in a file that somebody keeps.
fn identity(file: Option<&PathBuf>) -> Result<Option<BackupIdentity>> {
    let Some(file) = file else { return Ok(None) };
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let identity = BackupIdentity::read(&text).with_context(|| format!("cannot use {}", file.display()))?;
    Ok(Some(identity))
}

/// Brings a school back.
pub fn restore(given: Option<PathBuf>, asked: &AskedRestore, output: Output) -> Result<()> {
    let home = Home::at(given);
    // The settings of a home that is replaced say where its records are; a new home has them inside.
    let url = match Config::read(&home.config()) {
        Ok(config) => database_url(&home, &config)?,
        Err(_) => store::DatabaseUrl::sqlite(home.hub().join("fivebar.db")),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let wanted = Restore {
        archive: asked.file.clone(),
        identity: identity(asked.identity.as_ref())?,
        home: home.path().to_owned(),
        records: url,
        replace: asked.replace,
        stays: vec!["log".to_owned()],
        actor: crate::commands::context::command_line(),
        at: kit::Clock::System.now(),
    };
    let restored = runtime.block_on(store::backup::restore(&wanted, &watch(output)))?;
    drop(runtime);
    home.make_folders()?;
    let context = Context::open(Some(home.path().to_owned()), output)?;
    crate::commands::records::publish(&context)?;
    output.say(format!(
        "The school is back in {}: {} entries in the access trail, all as they were written.",
        home.path().display(),
        restored.manifest.trail.entries
    ));
    for aside in &restored.moved_aside {
        output.say(format!("What was there before is kept in {aside}."));
    }
    if asked.replace {
        output.say(
            "The activity log and the records of sealed addresses are not in a back-up and stay as they are.",
        );
    } else {
        output.say("The activity log and the records of sealed addresses are not in a back-up; both begin anew here.");
    }
    output.object(&json!({ "home": home.path(), "trail": restored.manifest.trail, "moved_aside": restored.moved_aside }));
    Ok(())
}

/// Proves the running school, or a back-up.
pub fn prove(given: Option<PathBuf>, asked: &Verify, output: Output) -> Result<()> {
    match (&asked.file, &asked.checkpoint) {
        (Some(file), _) => prove_archive(given, file, identity(asked.identity.as_ref())?.as_ref(), output),
        (None, Some(checkpoint)) => prove_checkpoint(&Context::open(given, output)?, checkpoint),
        (None, None) => prove_school(&Context::open(given, output)?),
    }
}

fn prove_archive(
    given: Option<PathBuf>,
    file: &Path,
    identity: Option<&BackupIdentity>,
    output: Output,
) -> Result<()> {
    // A school that is named must be there; the usual place may be empty where a back-up is tried on another machine.
    let context = match given {
        Some(home) => Some(Context::open(Some(home), output)?),
        None => Context::open(None, output).ok(),
    };
    // A PostgreSQL dump needs a server to be read back in; the school's own is used where there is one.
    let server = context.as_ref().and_then(|context| context.database().ok());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let manifest = runtime.block_on(check(file, identity, server.as_ref(), &watch(output)))?;
    output.say(format!(
        "{} is whole: made {}, {} files, {} entries in the access trail, all as they were written.",
        file.display(),
        manifest.made_at,
        manifest.files.len(),
        manifest.trail.entries
    ));
    let known = context.as_ref().map(|context| compare_with_school(context, &manifest.trail));
    output.object(&json!({
        "file": file, "whole": true, "trail": manifest.trail, "rows": manifest.rows,
        "held_by_school": known.as_ref().map(|known| matches!(known, Ok(Ok(())))),
    }));
    match (known, context) {
        (Some(Ok(Ok(()))), Some(context)) => output.say(format!(
            "The access trail of the school in {} still has all {} entries of it, as they were.",
            context.home.path().display(),
            manifest.trail.entries
        )),
        (Some(Ok(Err(why))), _) => return Err(Failure::Problems(why).into()),
        (Some(Err(error)), _) => {
            return Err(
                error.context("the back-up is whole; the school's own trail could not be compared with it")
            );
        }
        _ => output.say("No school is here whose trail could be compared with it; --home FOLDER names one."),
    }
    Ok(())
}

/// Whether the school's trail still holds all that the back-up knows of it; the inner error says what it does not.
fn compare_with_school(context: &Context, known: &TrailLine) -> Result<Result<(), String>> {
    let records = context.wait(Db::look(&context.database()?)).context("cannot open the records")?;
    let home = context.home.path().display();
    let what_now = "If the back-up is of this school and the school was not brought back from an older one, keep both and \
                    tell the data protection officer";
    let told = match context.wait(compare(&records, known.entries, &known.head))? {
        Known::Held => None,
        Known::Missing { entries } => Some(format!(
            "the access trail in {home} has {entries} entries, and the back-up knows of {}: the last {} are missing. {what_now}",
            known.entries,
            known.entries - entries
        )),
        Known::Changed => Some(format!(
            "entry {} of the access trail in {home} is not the one that the back-up knows: it, or what came before it, was \
             changed. {what_now}",
            known.entries
        )),
    };
    if let Some(told) = told {
        return Ok(Err(told));
    }
    Ok(match context.wait(verify(&records))? {
        // The newest known entry names the one before, and so on to the first.
        Verified::BrokenAt { seq, why } if seq <= known.entries => {
            Err(format!("the access trail in {home} is broken at entry {seq}: {why}. {what_now}"))
        }
        _ => Ok(()),
    })
}

fn prove_school(context: &Context) -> Result<()> {
    let url = context.database()?;
    let records = context.wait(Db::look(&url)).context("cannot open the records")?;
    let trail = context.wait(verify(&records))?;
    let ((versions, altered), tests) = context.wait(async {
        let mut tx = records.read().await?;
        let proved = filtering::filter_policy::prove(&mut tx).await?;
        let tests = filtering::filter_test::prove(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok((proved, tests))
    })?;
    let altered_tests: Vec<String> = tests.altered.iter().map(ToString::to_string).collect();
    let altered: Vec<String> = altered.iter().map(ToString::to_string).collect();
    let published = filtering::publish::verify(&context.home.gate());
    let tier = prove_sealed(context, &records)?;
    let log = prove_log(context)?;
    let origins = crate::commands::origins::prove(&context.home);
    context.output.object(&json!({
        "origins": match &origins {
            Ok(lists) => json!({ "whole": true, "lists": lists }),
            Err(why) => json!({ "whole": false, "why": why }),
        },
        "sealed": match &tier {
            Ok(tier) => json!({
                "whole": tier.damaged_bytes == 0, "recipients": tier.recipients, "records": tier.records,
                "damaged_bytes": tier.damaged_bytes,
            }),
            Err(why) => json!({ "whole": false, "why": why }),
        },
        "activity": json!({
            "whole": log.damaged.is_empty() && log.lost.is_empty(), "files": log.files,
            "damaged": log.damaged.iter().map(Harmed::object).collect::<Vec<_>>(),
            "lost": log.lost.iter().map(lost_object).collect::<Vec<_>>(),
        }),
        "trail": match &trail {
            Verified::Whole { entries, head } => json!({ "whole": true, "entries": entries, "head": head }),
            Verified::BrokenAt { seq, why } => json!({ "whole": false, "broken_at": seq, "why": why.to_string() }),
        },
        "policy": json!({ "whole": altered.is_empty(), "versions": versions, "altered": altered }),
        "filter_tests": json!({
            "whole": altered_tests.is_empty(), "tests": tests.tests, "before_proofs": tests.before_proofs,
            "altered": altered_tests,
        }),
        "published": match &published {
            Ok(generation) => json!({ "whole": true, "generation": generation }),
            Err(error) => json!({ "whole": false, "why": error.to_string() }),
        },
    }));
    match &trail {
        Verified::Whole { entries, head } => {
            context
                .output
                .say(format!("The access trail is whole: {entries} entries; the last one's hash is {head}."));
        }
        Verified::BrokenAt { seq, why } => {
            return Err(Failure::Problems(format!(
                "the access trail is broken at entry {seq}: {why}. Keep every back-up and tell the data protection officer."
            ))
            .into());
        }
    }
    if !altered.is_empty() {
        return Err(Failure::Problems(format!(
            "the policy was altered in the records: {}. Keep every back-up and tell the data protection officer. What was \
             altered is not published; `fivebar policy apply` puts the school's own policy in force again.",
            altered.join("; ")
        ))
        .into());
    }
    context.output.say(format!("All {versions} versions of the policy are as they were applied."));
    match published {
        Ok(generation) => {
            context.output.say(format!("The published policy and lists are whole: generation {generation}."))
        }
        Err(error) => {
            return Err(Failure::Problems(format!(
                "the published policy or lists are not whole: {error}. `fivebar lists update` publishes them again."
            ))
            .into());
        }
    }
    let mut problems = Vec::new();
    match (altered_tests.as_slice(), tests.tests, tests.before_proofs) {
        ([], 0, _) => {}
        ([], tests, 0) => context.output.say(format!("All {tests} tests of the filter are as they were kept.")),
        ([], tests, before) => context.output.say(format!(
            "All {tests} tests of the filter are as they were kept, as far as can be said: {before} are from before their reports \
             were proved by the access trail."
        )),
        (altered, ..) => problems.push(format!(
            "what was kept of tests of the filter was altered: {}. Keep every back-up and tell the data protection officer.",
            altered.join("; ")
        )),
    }
    match &origins {
        Ok(None) => {}
        Ok(Some(lists)) => context.output.say(format!("Since when {lists} lists hold their entries is whole.")),
        Err(why) => problems.push(format!(
            "what is kept of since when lists hold their entries is not whole: {why}. Filtering does not need it; `fivebar lists \
             update` writes it again, from the file before where that is whole."
        )),
    }
    match tier {
        Ok(tier) => {
            context.output.say(format!(
                "The sealed entries are those that were loaded; {} records of sealed addresses can be read.",
                tier.records
            ));
            if tier.recipients == 0 {
                context.output.say(crate::commands::sealed::NOBODY);
            }
            if tier.damaged_bytes > 0 && tier.damaged_bytes <= log.sealed_acknowledged {
                context.output.say(format!(
                    "{} bytes of log/{} are no records, which was acknowledged.",
                    tier.damaged_bytes,
                    activity::sealed::FILE
                ));
            } else if tier.damaged_bytes > 0 {
                problems.push(format!(
                    "the encrypted records of sealed addresses are damaged: {} bytes of log/{} are no records, and what lay \
                     there cannot be handed over. Keep a copy of the file as it is, tell the designated safeguarding lead, \
                     and have the disk looked at. `fivebar activity acknowledge-damage` says that it was seen to.",
                    tier.damaged_bytes,
                    activity::sealed::FILE
                ));
            }
        }
        Err(why) => problems.push(why),
    }
    if log.damaged.is_empty() && log.lost.is_empty() {
        context.output.say(format!("The activity log is whole: {} files.", log.files));
    }
    for harmed in log.damaged.iter().filter(|harmed| harmed.news.is_none()) {
        for (at, reason) in &harmed.acknowledged {
            context
                .output
                .say(format!("{} is damaged, which was acknowledged at {at}: {reason}", harmed.file));
        }
    }
    for (loss, said) in &log.lost {
        if let Some(said) = said {
            context.output.say(format!(
                "{}, which was acknowledged at {}: {}",
                lost_words(loss),
                said.at,
                said.reason
            ));
        }
    }
    let lost: Vec<String> =
        log.lost.iter().filter(|(_, said)| said.is_none()).map(|(loss, _)| lost_words(loss)).collect();
    if !lost.is_empty() {
        problems.push(format!(
            "the activity log is not whole: {}. They cannot be brought back: searches and reports lack them, and a request that was \
             among them is in no record. Keep a copy of the folder as it is, find out what became of the file (a disk that fails, \
             or somebody who cut it), and tell the data protection officer. `fivebar activity acknowledge-damage` says that \
             it was seen to: it is told as before, and fails no check again.",
            lost.join("; ")
        ));
    }
    let files: Vec<String> = log.damaged.iter().filter_map(Harmed::says).collect();
    if !files.is_empty() {
        problems.push(format!(
            "the activity log is damaged: {}. Searches lack what lay there; `fivebar activity status` counts it as lost. Keep \
             a copy of the folder as it is, and have the disk looked at. `fivebar activity acknowledge-damage` says that it was \
             seen to: what is damaged now is told, and fails no check again.",
            files.join(", ")
        ));
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::Problems(problems.join("\n")).into()) }
}

/// What proving the activity log came to.
struct Log {
    files: usize,
    damaged: Vec<Harmed>,
    /// Events that are gone, whatever became of the bytes, and what was said of that.
    lost: Vec<(Loss, Option<Acknowledged>)>,
    /// How many damaged bytes of the sealed records were acknowledged.
    sealed_acknowledged: u64,
}

fn lost_words(loss: &Loss) -> String {
    let Loss { found, file, events, brought_in, .. } = loss;
    let brought_in = match brought_in {
        0 => String::new(),
        many => format!(" ({many} of them brought in, so that bringing the file in again has them back)"),
    };
    let events = if *events == 1 { "1 event".to_owned() } else { format!("{events} events") };
    format!("{events} that had been written to log/{file} were found missing at {found}{brought_in}")
}

fn lost_object((loss, said): &(Loss, Option<Acknowledged>)) -> Value {
    json!({
        "file": format!("log/{}", loss.file), "found": loss.found.to_string(), "events": loss.events,
        "brought_in": loss.brought_in, "acknowledged": said.is_some(),
        "said": said.as_ref().map(|said| json!({ "at": said.at.to_string(), "reason": said.reason })),
    })
}

/// A file that is damaged.
struct Harmed {
    /// Its path in the home folder.
    file: String,
    /// What is wrong with it that nobody has acknowledged.
    news: Option<String>,
    /// What was said of the rest, and when.
    acknowledged: Vec<(String, String)>,
}

impl Harmed {
    fn says(&self) -> Option<String> {
        self.news.as_ref().map(|what| format!("{} ({what})", self.file))
    }

    fn object(&self) -> Value {
        let said = self.acknowledged.iter().map(|(at, reason)| json!({ "at": at, "reason": reason }));
        json!({
            "file": self.file, "what": self.news.as_deref().unwrap_or("acknowledged"),
            "acknowledged": self.news.is_none(), "said": said.collect::<Vec<_>>(),
        })
    }
}

/// Whether every file of the activity log is whole, and every page that gates count on is one.
fn prove_log(context: &Context) -> Result<Log> {
    let look = activity::log::look(&context.home.log(), &context.home.run())
        .context("cannot read the activity log")?;
    let mut log = Log { files: look.files, damaged: Vec::new(), lost: look.lost, sealed_acknowledged: 0 };
    // Of each, how many bytes nobody has acknowledged.
    let mut news: Vec<u64> = Vec::new();
    for (damage, acknowledged) in look.damaged {
        if damage.file == activity::sealed::FILE {
            log.sealed_acknowledged += acknowledged.map_or(0, |_| damage.bytes());
            continue;
        }
        let folder = if damage.file.ends_with(".page") { "run/pages" } else { "log" };
        let file = format!("{folder}/{}", damage.file);
        if log.damaged.last().is_none_or(|harmed| harmed.file != file) {
            log.damaged.push(Harmed { file, news: None, acknowledged: Vec::new() });
            news.push(0);
        }
        let (Some(harmed), Some(bytes)) = (log.damaged.last_mut(), news.last_mut()) else { continue };
        match acknowledged {
            Some(said) => {
                let said = (said.at.to_string(), said.reason);
                if !harmed.acknowledged.contains(&said) {
                    harmed.acknowledged.push(said);
                }
            }
            None => {
                *bytes += damage.bytes();
                harmed.news = Some(if folder == "log" {
                    format!("{bytes} bytes are no records")
                } else {
                    "not a page that can be read".to_owned()
                });
            }
        }
    }
    Ok(log)
}

/// What proving the sealed tier came to.
struct Tier {
    recipients: usize,
    records: usize,
    damaged_bytes: u64,
}

/// Whether the sealed entries that are kept and those that are published are those that were loaded, under this school's
/// key; the inner error says what is not.
fn prove_sealed(context: &Context, records: &Db) -> Result<Result<Tier, String>> {
    let key = SealedKey::new(read_key(&context.home, "sealed.key")?);
    let kept = context.wait(async {
        let mut tx = records.read().await?;
        let kept = filtering::sealed::in_force(&mut tx, &context.home.lists(), key.clone()).await;
        tx.roll_back().await?;
        anyhow::Ok(kept)
    })?;
    if let Err(error) = kept {
        return Ok(Err(error.to_string()));
    }
    let folder = context.home.gate();
    let shown = Shelf::look(&context.home.log()).context("cannot read the sealed records")?;
    let Ok(Some(published)) = Published::read(&folder) else {
        return Ok(Err("nothing has been published".to_owned()));
    };
    let file = match published.policy(&folder) {
        Ok(file) => file,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let vouched = Sealed::open(key.clone(), &file.sealed).and_then(|_| Ok(file.recipients.open(&key)?.len()));
    Ok(match vouched {
        Ok(recipients) => {
            Ok(Tier { recipients, records: shown.records.len(), damaged_bytes: shown.damaged_bytes })
        }
        Err(error) => Err(format!("{}: {error}", published.policy_path(&folder).display())),
    })
}

/// Shows long work on standard error.
fn watch(output: Output) -> Watch {
    let bar = output.progress(0, "");
    Arc::new(move |progress: Progress| {
        bar.set_length(progress.of_bytes.max(progress.done_bytes));
        bar.set_position(progress.done_bytes);
        bar.set_message(progress.doing.words());
    })
}
