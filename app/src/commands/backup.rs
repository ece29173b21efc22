//! `backup`, `restore` and `verify`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use serde_json::json;
use store::Db;
use store::backup::{BackUp, Progress, Restore, Watch, back_up, check};
use store::trail::{Verified, verify};

use crate::cli;
use crate::commands::context::{Context, database_url};
use crate::config::Config;
use crate::home::Home;
use crate::output::{Failure, Output};

/// What of the home folder goes into a back-up beside the records. The published snapshots and the activity log do not:
/// the first are made again from the records and lists, the second has its own retention, which a back-up must not
/// outlive. The keys do: without them the sealed entries and the links of block pages could not be read again, so
/// whoever holds a back-up can read both.
const INCLUDED: [&str; 3] = ["fivebar.toml", "keys", "lists"];

/// Makes a back-up and proves it.
pub fn make(context: &Context, asked: &cli::Backup) -> Result<()> {
    let records = context.records()?;
    let wanted = BackUp {
        home: context.home.path().to_owned(),
        include: INCLUDED.iter().map(PathBuf::from).collect(),
        target: std::path::absolute(&asked.file)?,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        actor: context.actor.clone(),
        at: context.at,
    };
    let manifest = context.wait(back_up(&records, &wanted, &watch(context.output)))?;
    context.output.say(format!(
        "The back-up is in {} and has been proved: {} files, {} entries in the access trail, all as they were written.\n\
         It is not encrypted. Keep it where only those may read it who may read the roll.",
        asked.file.display(),
        manifest.files.len(),
        manifest.trail.entries,
    ));
    context.output.object(&json!({ "file": asked.file, "trail": manifest.trail, "rows": manifest.rows, "files": manifest.files.len() }));
    Ok(())
}

/// Brings a school back.
pub fn restore(given: Option<PathBuf>, asked: &cli::Restore, output: Output) -> Result<()> {
    let home = Home::at(given);
    // The settings of a home that is replaced say where its records are; a new home has them inside.
    let url = match Config::read(&home.config()) {
        Ok(config) => database_url(&home, &config)?,
        Err(_) => store::DatabaseUrl::sqlite(home.hub().join("fivebar.db")),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let wanted = Restore {
        archive: asked.file.clone(),
        home: home.path().to_owned(),
        records: url,
        replace: asked.replace,
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
    output.object(&json!({ "home": home.path(), "trail": restored.manifest.trail, "moved_aside": restored.moved_aside }));
    Ok(())
}

/// Proves the running school, or a back-up.
pub fn prove(given: Option<PathBuf>, asked: &cli::Verify, output: Output) -> Result<()> {
    match &asked.file {
        Some(file) => prove_archive(given, file, output),
        None => prove_school(&Context::open(given, output)?),
    }
}

fn prove_archive(given: Option<PathBuf>, file: &Path, output: Output) -> Result<()> {
    // A PostgreSQL dump needs a server to be read back in; the school's own is used where there is one.
    let server = Context::open(given, output).ok().and_then(|context| context.database().ok());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let manifest = runtime.block_on(check(file, server.as_ref(), &watch(output)))?;
    output.say(format!(
        "{} is whole: made {}, {} files, {} entries in the access trail, all as they were written.",
        file.display(),
        manifest.made_at,
        manifest.files.len(),
        manifest.trail.entries
    ));
    output.object(&json!({ "file": file, "whole": true, "trail": manifest.trail, "rows": manifest.rows }));
    Ok(())
}

fn prove_school(context: &Context) -> Result<()> {
    let url = context.database()?;
    let records = context.wait(Db::look(&url)).context("cannot open the records")?;
    let trail = context.wait(verify(&records))?;
    let published = filtering::publish::verify(&context.home.gate());
    context.output.object(&json!({
        "trail": match &trail {
            Verified::Whole { entries, head } => json!({ "whole": true, "entries": entries, "head": head }),
            Verified::BrokenAt { seq, why } => json!({ "whole": false, "broken_at": seq, "why": why.to_string() }),
        },
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
    Ok(())
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
