//! `people dns-name`.

use anyhow::{Result, anyhow, bail};
use filtering::publish::Scope;
use kit::nearby::did_you_mean;
use people::Owner;
use serde_json::json;

use crate::commands::context::Context;
use crate::commands::records::commit_and_publish;
use crate::commands::who;

/// Gives a name, or takes all back.
pub fn run(context: &Context, who: &str, revoke: bool) -> Result<()> {
    let owner = owner(context, who)?;
    if revoke { take_back(context, owner) } else { give(context, owner) }
}

/// Whose name it is to be.
fn owner(context: &Context, written: &str) -> Result<Owner> {
    let Some(name) = written.strip_prefix("device:") else {
        let Some(person) = who::on_the_roll(context, written)? else {
            bail!(
                "nobody on the roll has that name, number or id; `fivebar people show` lists them, and a device is written device:NAME"
            )
        };
        return Ok(Owner::Person(person.number));
    };
    let records = context.records()?;
    let devices = context.wait(async {
        let mut tx = records.read().await?;
        let devices = people::devices(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok(devices)
    })?;
    let found = devices.iter().find(|one| one.name.reveal().eq_ignore_ascii_case(name));
    let Some(device) = found else {
        let close = did_you_mean(name, devices.iter().map(|one| one.name.reveal().as_str()), "device:");
        bail!("no device on the roll is called {name:?}{close}; `fivebar people show` lists them")
    };
    Ok(Owner::Device(device.number))
}

fn give(context: &Context, owner: Owner) -> Result<()> {
    let dns = &context.config.dns;
    let Some(gate) = dns.name.as_ref().filter(|_| dns.is_encrypted()) else {
        bail!(
            "this school has no encrypted DNS under a name: say in [dns] of fivebar.toml where it is answered (tls, https) and what devices call it (name)"
        )
    };
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| anyhow!("the machine has no random numbers: {error}"))?;
    let records = context.records()?;
    let (token, names) = context.wait(async {
        let mut tx = records.begin().await?;
        let token = people::give_dns_name(&mut tx, &context.actor, owner, random, context.at).await?;
        let names = people::dns_names_of(&mut tx, owner).await?;
        commit_and_publish(context, tx, Scope::Live).await?;
        anyhow::Ok((token, names))
    })?;
    let name = format!("{}.{gate}", token.reveal());
    let https = dns.https.map(|at| match at.port() {
        443 => format!("https://{gate}/dns-query/{}", token.reveal()),
        port => format!("https://{gate}:{port}/dns-query/{}", token.reveal()),
    });
    if dns.tls.is_some() {
        context.output.say(format!("DNS over TLS (as in Android's \"private DNS\"): {name}"));
    }
    if let Some(https) = &https {
        context.output.say(format!("DNS over HTTPS (as in a browser's \"secure DNS\"): {https}"));
    }
    context.output.say(
        "Put it on one device and nowhere else: whoever asks through it is taken for them. It is not shown again; only its hash is kept.",
    );
    if names > 1 {
        context.output.say(format!(
            "They have {names} such names now, which all hold; --revoke takes all of them back."
        ));
    }
    context.output.object(&json!({ "name": name, "https": https, "names": names }));
    Ok(())
}

fn take_back(context: &Context, owner: Owner) -> Result<()> {
    let records = context.records()?;
    let revoked = context.wait(async {
        let mut tx = records.begin().await?;
        let revoked = people::revoke_dns_names(&mut tx, &context.actor, owner, context.at).await?;
        commit_and_publish(context, tx, Scope::Live).await?;
        anyhow::Ok(revoked)
    })?;
    context.output.say(match revoked {
        0 => "They have no such name; nothing changed.".to_owned(),
        1 => "Their name is taken back: whoever asks through it is known by the address alone.".to_owned(),
        many => format!("All {many} of their names are taken back: whoever asks through one is known by the address alone."),
    });
    context.output.object(&json!({ "revoked": revoked }));
    Ok(())
}
