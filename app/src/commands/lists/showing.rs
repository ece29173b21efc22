//! What is in use, what changed of it, and what was taken out.

use anyhow::{Result, bail};
use filtering::list::{self, Kinds};
use serde_json::json;

use super::{no_list, object};
use crate::commands::context::Context;
use crate::commands::fetching;

pub(super) fn status(context: &Context) -> Result<()> {
    let records = context.records()?;
    let lists = context.wait(async {
        let mut tx = records.read().await?;
        let lists = list::status(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok(lists)
    })?;
    if lists.is_empty() {
        context.output.say("No list is in use. `fivebar lists import FOLDER` reads some.");
    }
    for status in &lists {
        let list = &status.list;
        let mut line = object(list);
        if let Some(fields) = line.as_object_mut() {
            fields.insert("state".to_owned(), status.word().into());
            for (key, text) in [("note", &status.note), ("waits", &status.waits)] {
                if let Some(text) = text {
                    fields.insert(key.to_owned(), text.as_str().into());
                }
            }
        }
        if let (Some(fields), Some(web)) = (line.as_object_mut(), &status.web) {
            fields.insert("web".to_owned(), fetching::object(web, context.config.lists.update));
        }
        context.output.object(&line);
        context.output.say(format!(
            "{:<40} {:<8} {:>9} names  {}  read {} from {}{}",
            list.id,
            status.word(),
            list.report.accepted,
            list.categories.join(", "),
            list.imported_at,
            list.source,
            status.note.as_ref().map(|note| format!("  ({note})")).unwrap_or_default(),
        ));
        if let Some(waits) = &status.waits {
            context.output.say(format!("    {waits}"));
        }
        if let Some(web) = &status.web {
            context.output.say(format!(
                "    {}",
                fetching::words(web, status.waits.as_deref(), context.config.lists.update)
            ));
        }
    }
    for one in filtering::publish::damaged(&context.home.gate()) {
        context.output.object(&json!({ "published": "damaged", "problem": one.error.to_string() }));
        context.output.say(format!("What gates go by is damaged: {}", one.error));
    }
    context.output.say(format!("Categories: {}", Kinds::built_in()?.all().join(", ")));
    Ok(())
}

pub(super) fn changes(context: &Context, id: &str, examples: usize) -> Result<()> {
    let records = context.records()?;
    let list = context.wait(async {
        let mut tx = records.read().await?;
        let all = list::in_use(&mut tx).await?;
        let found = match all.into_iter().find(|list| list.id == id) {
            Some(list) => Ok(list),
            None => Err(no_list(&mut tx, id).await?),
        };
        tx.roll_back().await?;
        anyhow::Ok(found)
    })?;
    let list = match list {
        Ok(list) => list,
        Err(problem) => bail!("{problem}"),
    };
    let Some(changes) = list::changes(&context.home.lists(), &list, examples)? else {
        context.output.object(&json!({ "id": id, "version": list.version, "before": null }));
        context.output.say(format!("{id}: no version before {} is kept.", list.version));
        return Ok(());
    };
    context.output.object(&json!({
        "id": id,
        "version": list.version,
        "before": changes.before,
        "read_at": list.imported_at.to_string(),
        "added": changes.added.count,
        "removed": changes.removed.count,
        "kept": changes.kept,
        "added_examples": changes.added.examples,
        "removed_examples": changes.removed.examples,
    }));
    context.output.say(format!(
        "{id}: from version {} to {}, read at {}: {} entries came, {} went, {} stayed.",
        changes.before,
        list.version,
        list.imported_at,
        changes.added.count,
        changes.removed.count,
        changes.kept
    ));
    for (mark, some) in [('+', &changes.added), ('-', &changes.removed)] {
        for example in &some.examples {
            context.output.say(format!("    {mark} {example}"));
        }
        if some.count > some.examples.len() as u64 {
            context.output.say(format!("    {mark} … and {} more", some.count - some.examples.len() as u64));
        }
    }
    Ok(())
}

pub(super) fn removed(context: &Context) -> Result<()> {
    let records = context.records()?;
    let removed = context.wait(async {
        let mut tx = records.read().await?;
        let removed = list::removed(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok(removed)
    })?;
    if removed.is_empty() {
        context.output.say("No list was ever taken out of use.");
    }
    for one in &removed {
        let why = one.reason.as_deref().unwrap_or("the reason was not kept");
        let altered =
            if one.reason.is_some() && !one.is_proved { "  (not the reason that was given)" } else { "" };
        context.output.say(format!("{}  {}  by {}: {why}{altered}", one.id, one.at, one.by));
        context.output.object(&json!({
            "id": one.id, "at": one.at.to_string(), "by": one.by, "reason": one.reason, "proved": one.is_proved,
        }));
    }
    Ok(())
}
