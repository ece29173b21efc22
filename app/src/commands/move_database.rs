//! `move-database`: the records of a school carried across to another database.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::json;
use store::moving::move_records;

use crate::commands::context::{Context, database_at, database_url, in_the_hub};
use crate::config::{Config, address_or_typed, with_database};
use crate::process::lock;

#[derive(Debug, Args)]
pub struct MoveDatabase {
    /// Where to: `sqlite:` with a path inside `hub/` of the home folder, or `postgres://…`; `-` reads it from standard input.
    #[arg(long, value_name = "ADDRESS")]
    pub to: String,
}

/// Moves the records, and has the school use them from now on.
pub fn run(context: &Context, asked: &MoveDatabase) -> Result<()> {
    let address = address_or_typed(&asked.to)?;
    let file = context.home.config();
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let new = with_database(&text, &address);
    // What the file would say is known before anything is done.
    let config = Config::parse(&new).ok().filter(|config| config.records.database == address);
    let to = match &config {
        Some(config) => database_url(&context.home, config)?,
        // It parses the address, for a better word than that about the file.
        None => database_at(&context.home, &address)?,
    };
    in_the_hub(&context.home, &to)?;
    let _held = lock::hold_school(&context.home).context("stop the school first")?;
    let from = context.database()?;
    let bar = context.output.progress(0, "moving the records");
    let each = |table: &str| bar.set_message(format!("moving {table}"));
    let moved = context.wait(move_records(&from, &to, &context.actor, context.at, &each));
    bar.finish_and_clear();
    let moved = moved?;
    let rows: u64 = moved.rows.values().sum();
    context.output.say_lines(format!(
        "The records are in {to} now: {rows} rows in {} tables and {} entries of the access trail, every one as it was.\n\
         The old ones stay in {from} as they were. Once the school runs well, remove them: they hold the roll.",
        moved.rows.len(),
        moved.entries,
    ));
    context.output.object(&json!({
        "from": from.to_string(), "to": to.to_string(), "rows": moved.rows, "entries": moved.entries, "head": moved.head,
        "settings_changed": config.is_some(),
    }));
    if config.is_none() {
        bail!(
            "the records are moved, and {} could not be changed by itself: write `database = …` with the new address into its \
             section [records] before you start the school",
            file.display()
        );
    }
    let before = file.with_extension("toml.before-move");
    fs::copy(&file, &before).with_context(|| format!("cannot write {}", before.display()))?;
    let unfinished = file.with_extension("toml.tmp");
    let mode = fs::metadata(&file)?.permissions().mode();
    fs::write(&unfinished, &new).with_context(|| format!("cannot write {}", unfinished.display()))?;
    fs::set_permissions(&unfinished, fs::Permissions::from_mode(mode))?;
    fs::File::open(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, &file).with_context(|| format!("cannot write {}", file.display()))?;
    context.output.say(format!(
        "{} names them now; as it was before it is kept in {}. Start the school again.",
        file.display(),
        before.display()
    ));
    Ok(())
}
