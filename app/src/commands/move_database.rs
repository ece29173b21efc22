//! `move-database`: the records of a school carried across to another database.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::json;
use store::DatabaseUrl;
use store::moving::move_records;

use crate::commands::context::{Context, database_url};
use crate::config::Config;
use crate::process::lock;

#[derive(Debug, Args)]
pub struct MoveDatabase {
    /// Where to: `sqlite:` with a path inside `hub/` of the home folder, or `postgres://…`; `-` reads it from standard input.
    #[arg(long, value_name = "ADDRESS")]
    pub to: String,
}

/// The longest address that is read.
const LONGEST: u64 = 4_096;

/// Moves the records, and has the school use them from now on.
pub fn run(context: &Context, asked: &MoveDatabase) -> Result<()> {
    let address = if asked.to == "-" { typed()? } else { asked.to.clone() };
    let file = context.home.config();
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let new = with_database(&text, &address);
    // What the file would say is known before anything is done.
    let config = Config::parse(&new).ok().filter(|config| config.records.database == address);
    let to = match &config {
        Some(config) => database_url(&context.home, config)?,
        // It parses the address, for a better word than that about the file.
        None => match address.parse::<DatabaseUrl>()? {
            DatabaseUrl::Sqlite(path) => DatabaseUrl::sqlite(context.home.path().join(path)),
            other => other,
        },
    };
    in_the_hub(context, &to)?;
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

/// The hub writes in its own folder and nowhere else: it could not open a SQLite file in another place, or keep what SQLite puts
/// beside it. Whatever links lead to is what counts.
fn in_the_hub(context: &Context, to: &DatabaseUrl) -> Result<()> {
    let Some(file) = to.file() else { return Ok(()) };
    let real = |path: &Path| path.canonicalize().ok();
    let folder = file.parent().and_then(real);
    let is_inside =
        folder.zip(real(&context.home.hub())).is_some_and(|(folder, hub)| folder.starts_with(hub));
    // A file that is there already may itself be a link.
    let is_link = file.symlink_metadata().is_ok_and(|seen| seen.file_type().is_symlink());
    if is_inside && !is_link {
        return Ok(());
    }
    bail!(
        "{}: the hub may open a SQLite file in {} alone, so a school there could not start; name one in it, such as \
         sqlite:hub/records.db. Nothing was moved",
        file.display(),
        context.home.hub().display()
    )
}

fn typed() -> Result<String> {
    let mut address = String::new();
    std::io::stdin().take(LONGEST).read_to_string(&mut address).context("cannot read the address")?;
    Ok(address.trim().to_owned())
}

/// The settings with another address of the records, everything else in them as it was.
fn with_database(text: &str, address: &str) -> String {
    let line = format!("database = {}", toml::Value::String(address.to_owned()));
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let head = lines.iter().position(|line| line.trim() == "[records]");
    let Some(head) = head else {
        if lines.last().is_some_and(|last| !last.trim().is_empty()) {
            lines.push(String::new());
        }
        lines.extend(["[records]".to_owned(), line]);
        return lines.join("\n") + "\n";
    };
    let is_database = |line: &String| {
        line.trim_start().strip_prefix("database").is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let inside = lines.iter().skip(head + 1).take_while(|line| !line.trim_start().starts_with('['));
    match inside.enumerate().find(|(_, line)| is_database(line)).map(|(place, _)| head + 1 + place) {
        Some(place) => {
            if let Some(old) = lines.get_mut(place) {
                *old = line;
            }
        }
        None => lines.insert(head + 1, line),
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_name_the_new_records_and_are_otherwise_as_they_were() {
        let new = "postgres://hub:a\"b@localhost/school";
        let said = "database = 'postgres://hub:a\"b@localhost/school'";
        for (before, after) in [
            ("[portal]\nlisten = \"x\"\n", format!("[portal]\nlisten = \"x\"\n\n[records]\n{said}\n")),
            (
                "[records]\n# here\ndatabase = \"sqlite:a\" # old\n[dns]\n",
                format!("[records]\n# here\n{said}\n[dns]\n"),
            ),
            ("[records]\n[other]\ndatabase = 1\n", format!("[records]\n{said}\n[other]\ndatabase = 1\n")),
        ] {
            let changed = with_database(before, new);
            assert_eq!(changed, after);
            let table: toml::Table = toml::from_str(&changed).unwrap();
            assert_eq!(table["records"]["database"].as_str(), Some(new));
        }
    }
}
