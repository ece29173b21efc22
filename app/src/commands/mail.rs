//! `mail`.

use ::notices::mail::Letter;
use anyhow::{Result, bail};
use clap::Subcommand;
use kit::{Ids, Private};
use serde_json::json;

use crate::commands::context::Context;
use crate::process::{notices, portal};

#[derive(Debug, Subcommand)]
pub enum Mail {
    /// Send a mail to an address through the relay of [mail], and say what went wrong where it did.
    Try {
        /// Where it goes.
        address: String,
    },
}

/// Runs the command.
pub fn run(context: &Context, asked: &Mail) -> Result<()> {
    let Mail::Try { address } = asked;
    let Some(relay) = notices::relay(&context.home, &context.config)? else {
        bail!(
            "fivebar.toml has no section [mail], so nothing is sent by mail. Say there which relay mail goes through, as in relay = \
             \"smtp.school.example\", and whom it comes from, as in from = \"fivebar@school.example\""
        );
    };
    let url = portal::url_now(&context.home, &context.config)?;
    let letter = Letter::of_trial(Private::new(address.clone()), &url);
    let id: jobs::MessageId = Ids::default().make(context.at);
    context.wait(relay.send(&letter, &id.to_string(), &url, context.at))?;
    let settings = &relay.settings;
    context.output.say(format!(
        "{}:{} took a mail for {address}, from {}. Whether it arrives is between that relay and theirs: look for it there, also among \
         what is taken for junk.",
        settings.relay,
        settings.port(),
        settings.from,
    ));
    context.output.object(&json!({
        "relay": settings.relay, "port": settings.port(), "from": settings.from, "to": address, "taken": true,
    }));
    Ok(())
}
