//! `trail`: signed statements of how far the access trail has come, and what they prove later.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use clap::Subcommand;
use serde_json::json;
use store::trail::{Checkpoint, CheckpointKey, NotACheckpoint, Stands, changed};
use store::{Db, Subject};

use crate::commands::context::Context;
use crate::home::{Home, make_key, read_key};
use crate::output::Failure;

/// The key that signs checkpoints.
pub const KEY: &str = "checkpoint.key";

#[derive(Debug, Subcommand)]
pub enum Trail {
    /// Sign how far the access trail has come: keep what this prints where nobody who runs the machine can change it, as on
    /// the governors' report. `fivebar verify --checkpoint FILE` compares the trail with it.
    Checkpoint {
        /// The file to write; it must not be there yet. Standard output if left out.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
}

/// Runs the command.
pub fn run(context: &Context, asked: &Trail) -> Result<()> {
    let Trail::Checkpoint { to } = asked;
    let key = key(&context.home)?;
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| anyhow!("the machine has no random numbers: {error}"))?;
    let records = context.records()?;
    let made = context.wait(async {
        let made = Checkpoint::sign(&records, &key, salt, context.at).await?;
        let mut tx = records.begin().await?;
        let detail = json!({ "entries": made.entries, "head": made.head, "key": made.key });
        let subject = Subject::new("checkpoint", &made.id);
        changed(&mut tx, &context.actor, "trail.checkpoint", &subject, &detail, context.at).await?;
        tx.commit().await?;
        anyhow::Ok(made)
    })?;
    if let Some(file) = to {
        let out = fs::File::options().write(true).create_new(true).open(file);
        let mut out = out.with_context(|| format!("cannot write {} as a new file", file.display()))?;
        writeln!(out, "{made}")?;
        out.sync_all()?;
        context.output.say(format!(
            "Checkpoint {} of {} entries is in {}. Keep it away from this machine.",
            made.id,
            made.entries,
            file.display()
        ));
    } else {
        context.output.say_lines(made.to_string());
    }
    context.output.object(&json!({ "checkpoint": made, "text": made.to_string(), "file": to }));
    Ok(())
}

/// The school's key, made where there is none yet: an older home has none.
fn key(home: &Home) -> Result<CheckpointKey> {
    make_key(home, KEY)?;
    Ok(CheckpointKey::new(&read_key(home, KEY)?))
}

/// Compares the school's trail with a checkpoint.
pub fn prove_checkpoint(context: &Context, file: &Path) -> Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let checkpoint: Checkpoint = text
        .parse()
        .map_err(|error: NotACheckpoint| Failure::Problems(format!("{}: {error}", file.display())))?;
    let records = context.wait(Db::look(&context.database()?)).context("cannot open the records")?;
    let stands = context.wait(checkpoint.compare(&records))?;
    // Nothing is made here: whoever proves a school changes nothing of it.
    let own = read_key(&context.home, KEY).ok().map(|secret| CheckpointKey::new(&secret).public());
    let is_own = own.as_ref() == Some(&checkpoint.key);
    let Checkpoint { id, entries, at, key, .. } = &checkpoint;
    context.output.object(&json!({
        "checkpoint": checkpoint, "held": stands == Stands::Held, "signed_by_this_home": is_own,
        "found": match stands {
            Stands::Held => json!({ "as": "held" }),
            Stands::Shortened { entries } => json!({ "as": "shortened", "entries": entries }),
            Stands::Rewritten => json!({ "as": "rewritten" }),
            Stands::Broken { seq } => json!({ "as": "broken", "at": seq }),
        },
    }));
    let home = context.home.path().display();
    let mut problems = Vec::new();
    match stands {
        Stands::Held => {}
        Stands::Shortened { entries: there } => problems.push(format!(
            "the access trail in {home} has {there} entries, and had {entries} at {at}: the last {} of them are missing",
            entries - there
        )),
        Stands::Rewritten => problems.push(format!(
            "entry {entries} of the access trail in {home} is not the one that checkpoint {id} was signed over at {at}: it, or \
             what came before it, was written anew"
        )),
        Stands::Broken { seq } => problems.push(format!(
            "the access trail in {home} is broken at entry {seq}, which checkpoint {id} covers: it was altered after {at}"
        )),
    }
    if !is_own {
        problems.push(format!(
            "checkpoint {id} is signed with the key {key}, which is not this home's: it is of another school, somebody made it \
             up, or the key of this home was exchanged. Compare the key with an earlier checkpoint"
        ));
    }
    if problems.is_empty() {
        context.output.say(format!(
            "The access trail in {home} still has all {entries} entries of checkpoint {id}, as they were at {at}."
        ));
        return Ok(());
    }
    problems.push(
        "unless the school was brought back from an older back-up, keep every back-up and checkpoint and tell the data \
         protection officer"
            .to_owned(),
    );
    Err(Failure::Problems(problems.join(".\n")).into())
}
