//! `backup`, `restore` and `verify`.

mod by_rule;
mod drill;
mod log;
mod restore;
mod tier;
mod verify;

pub use by_rule::{doing_now, make_by_rule};
pub use drill::{drill_by_rule, read_by_rule};
pub use restore::{AskedRestore, restore};
pub use verify::{Verify, prove};

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use serde_json::json;
use store::backup::{BackUp, BackupIdentity, BackupKey, Progress, Watch, back_up};

use crate::commands::context::Context;
use crate::output::Output;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Backup {
    #[command(subcommand)]
    pub by_rule: Option<ByRule>,
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

/// Back-ups that `[backup]` in fivebar.toml describes.
#[derive(Debug, Subcommand)]
pub enum ByRule {
    /// Make one now where [backup] says, read it back there, and let old ones go by the rule.
    Now(by_rule::Now),
    /// Make the place ready that [backup] names: tries to write, read and remove there, and leaves the mark without which no back-up
    /// is written.
    Prepare,
    /// Say which back-ups lie there.
    List,
    /// Fetch one from there, and hold it against what was put there: `fivebar restore` puts it in place.
    Fetch(by_rule::Fetch),
    /// Restore the newest into a scratch folder to try it, and keep what was found as evidence. The school goes on meanwhile.
    Drill(drill::Asked),
}

/// Does what was asked.
pub fn run(context: &Context, asked: &Backup) -> Result<()> {
    match &asked.by_rule {
        None => make(context, asked),
        Some(ByRule::Now(asked)) => by_rule::now(context, asked),
        Some(ByRule::Prepare) => by_rule::prepare(context),
        Some(ByRule::List) => by_rule::list(context),
        Some(ByRule::Fetch(asked)) => by_rule::fetch(context, asked),
        Some(ByRule::Drill(asked)) => drill::run(context, asked),
    }
}

/// What of the home folder goes into a back-up beside the records. The published snapshots and the activity log do not:
/// the first are made again from the records and lists, the second has its own retention, which a back-up must not
/// outlive. The keys do: without the certificate of encrypted DNS every device would have to trust another, and without them the sealed entries and the links of block pages could not be read again, so
/// whoever holds a back-up can read both.
const INCLUDED: [&str; 7] =
    ["fivebar.toml", "keys", "certificate", "lists", "hub/words", "hub/portal.pem", "hub/portal.key"];

/// Makes a back-up and proves it.
fn make(context: &Context, asked: &Backup) -> Result<()> {
    let Some(file) = asked.file.as_ref().or(asked.to.as_ref()) else {
        bail!("say which file to write, as in `fivebar backup --to school.fivebar-backup`")
    };
    let records = context.records()?;
    let wanted = BackUp {
        home: context.home.path().to_owned(),
        include: INCLUDED.iter().map(PathBuf::from).collect(),
        target: std::path::absolute(file)?,
        kept_as: None,
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

/// Shows long work on standard error.
fn watch(output: Output) -> Watch {
    let bar = output.progress(0, "");
    Arc::new(move |progress: Progress| {
        bar.set_length(progress.of_bytes.max(progress.done_bytes));
        bar.set_position(progress.done_bytes);
        bar.set_message(progress.doing.words());
    })
}
