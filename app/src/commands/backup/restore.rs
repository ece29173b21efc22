//! `restore`: a school brought back from a back-up.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use serde_json::json;
use store::backup::{Restore, Suit, UNFINISHED, moved_aside};

use super::{identity, watch};
use crate::commands::context::{Context, database_at, in_the_hub};
use crate::config::{Config, address_or_typed, default_database, with_database};
use crate::home::Home;
use crate::output::Output;

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
    /// Where its records go, where that is not the place that the settings here name: `sqlite:` with a path inside `hub/` of the home
    /// folder, or `postgres://…`; `-` reads it from standard input.
    #[arg(long, value_name = "ADDRESS")]
    pub database: Option<String>,
}

/// Brings a school back.
pub fn restore(given: Option<PathBuf>, asked: &AskedRestore, output: Output) -> Result<()> {
    let home = Home::at(given);
    // The settings of a home that is replaced say where its records are; a new home has them inside. A restore that was broken off may have
    // moved them aside.
    let mut settings = Config::read(&home.config());
    if home.path().join(UNFINISHED).exists() {
        for aside in moved_aside(home.path()).iter().rev() {
            settings = settings.or_else(|_| Config::read(&Home::at(Some(aside.clone())).config()));
        }
    }
    // Whatever the settings in the back-up say: they may name the database of a machine that still runs.
    let address = match &asked.database {
        Some(given) => address_or_typed(given)?,
        None => settings.map_or_else(|_| default_database(), |config| config.records.database),
    };
    let records = database_at(&home, &address)?;
    if asked.database.is_some() {
        in_the_hub(&home, &records)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let wanted = Restore {
        archive: asked.file.clone(),
        identity: identity(asked.identity.as_ref())?,
        home: home.path().to_owned(),
        records,
        replace: asked.replace,
        stays: vec!["log".to_owned()],
        suit: Some(naming(address)),
        actor: crate::commands::context::command_line(),
        at: kit::Clock::System.now(),
    };
    let restored = runtime.block_on(store::backup::restore(&wanted, &watch(output)))?;
    drop(runtime);
    home.make_folders()?;
    let context = Context::open(Some(home.path().to_owned()), output)?;
    crate::commands::records::publish(&context)?;
    // What was past its time when the back-up was made, or has come to be since, is not brought back for longer than this takes.
    let records = context.records()?;
    let erased = context.wait(crate::process::erasing::erase_now(&records, context.at))?;
    output.say(format!(
        "The school is back in {}: {} entries in the access trail, all as they were written.",
        home.path().display(),
        restored.manifest.trail.entries
    ));
    let rows: u64 = erased.values().sum();
    if rows > 0 {
        output.say(format!("{rows} entries in it were past their time and were erased again."));
    }
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
    output.object(&json!({ "home": home.path(), "trail": restored.manifest.trail, "moved_aside": restored.moved_aside, "erased": erased }));
    Ok(())
}

/// Has the settings that come out of a back-up name the records where they are put.
fn naming(address: String) -> Suit {
    Arc::new(move |home| {
        let file = Home::at(Some(home.to_owned())).config();
        let Ok(text) = fs::read_to_string(&file) else { return Ok(()) };
        let named = Config::parse(&text).is_ok_and(|config| config.records.database == address);
        if named { Ok(()) } else { fs::write(&file, with_database(&text, &address)) }
    })
}
