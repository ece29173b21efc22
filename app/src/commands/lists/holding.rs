//! Holding a list as it is, releasing it, and taking it out of use.

use anyhow::Result;
use filtering::list;
use filtering::publish::Scope;
use serde_json::json;

use super::or_near;
use crate::commands::context::Context;
use crate::commands::records::commit_and_publish;

pub(super) fn remove(context: &Context, id: &str, reason: &str) -> Result<()> {
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.begin().await?;
        let removed = list::remove(&mut tx, &context.actor, id, reason, context.at).await;
        or_near(&mut tx, removed).await?;
        commit_and_publish(context, tx, Scope::Everything).await?;
        anyhow::Ok(())
    })?;
    let back = match list::built_in().contains(&id.to_owned()) {
        true => format!(" `fivebar lists import --built-in {id}` brings it back."),
        false => String::new(),
    };
    context.output.say(format!("{id} is out of use; a running gate has that within two seconds.{back}"));
    context.output.object(&json!({ "id": id, "state": "removed" }));
    Ok(())
}

pub(super) fn turn(context: &Context, id: &str, reason: &str, hold: bool) -> Result<()> {
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.begin().await?;
        let turned = if hold {
            list::hold(&mut tx, &context.actor, id, reason, context.at).await
        } else {
            list::release(&mut tx, &context.actor, id, reason, context.at).await
        };
        or_near(&mut tx, turned).await?;
        tx.commit().await?;
        anyhow::Ok(())
    })?;
    let state = if hold {
        "held: it stays as it is until it is released"
    } else {
        "released: the next update is taken"
    };
    context.output.say(format!("{id} is {state}."));
    context.output.object(&json!({ "id": id, "state": if hold { "held" } else { "active" } }));
    Ok(())
}
