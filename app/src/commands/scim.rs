//! `people scim-token`.

use anyhow::{Context as _, Result};
use people::account::Token;
use people::scim::{self, KeepOverScim};
use serde_json::json;

use crate::commands::context::Context;
use crate::process::portal;

/// Makes a system's token and shows it once, ends one, or lists which systems there are.
pub fn run(context: &Context, name: Option<&str>, end: bool) -> Result<()> {
    let records = context.records()?;
    let permit = context.permit::<KeepOverScim>(())?;
    let Some(name) = name else {
        let clients = context.wait(async {
            let mut tx = records.read().await?;
            let clients = scim::clients(&mut tx).await?;
            tx.roll_back().await?;
            anyhow::Ok(clients)
        })?;
        if clients.is_empty() {
            context
                .output
                .say("No system keeps people over SCIM. `fivebar people scim-token NAME` lets one in.");
        }
        for client in clients {
            let stands = if client.ended_at.is_some() { "ended" } else { "let in" };
            context.output.say(format!("{:<30} {stands}, made {}", client.source, client.made.1));
            context.output.object(&json!({
                "source": client.source, "made_at": client.made.1.to_string(), "ended": client.ended_at.is_some(),
                "used_at": client.used_at.map(|at| at.to_string()),
            }));
        }
        return Ok(());
    };
    if end {
        context.wait(async {
            let mut tx = records.begin().await?;
            scim::end_client(&mut tx, &permit, name, context.at).await?;
            tx.commit().await?;
            anyhow::Ok(())
        })?;
        context.output.say(format!("The token of {name} is ended. Whom it keeps stays on the roll."));
        context.output.object(&json!({ "name": name, "ended": true }));
        return Ok(());
    }
    let mut random = [0; Token::BYTES];
    getrandom::fill(&mut random).context("no random numbers can be had")?;
    let token = Token::of(random);
    let address = format!("{}/scim/v2", portal::url_now(&context.home, &context.config)?);
    let client = context.wait(async {
        let mut tx = records.begin().await?;
        let client = scim::make_client(&mut tx, &permit, name, &token, context.at).await?;
        tx.commit().await?;
        anyhow::Ok(client)
    })?;
    context.output.say(format!(
        "Address: {address}\nToken:   {}\nCopy it now: it is shown this once, and whoever has it can write people of the roll.",
        token.reveal()
    ));
    context.output.object(&json!({ "source": client.source, "address": address, "token": token.reveal() }));
    Ok(())
}
