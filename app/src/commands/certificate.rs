//! `certificate`: what encrypted DNS shows devices.

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::commands::context::Context;
use crate::process::certificate::{Files, MUST_TRUST, Pair, make};
use crate::process::supervisor::Bind;

#[derive(Debug, Subcommand)]
pub enum Certificate {
    /// Print it as PEM, as devices take it, with its SHA-256.
    Show,
    /// Make another in place of the one that was made here. Every device must then trust the new one.
    Renew,
}

/// Runs the command.
pub fn run(context: &Context, asked: Certificate) -> Result<()> {
    let config = &context.config;
    if !config.dns.is_encrypted() {
        bail!(
            "this school has no encrypted DNS; give [dns] of fivebar.toml a line `tls = \"0.0.0.0:853\"` or `https = …`"
        );
    }
    let files = Files::of(&context.home, config);
    if let Certificate::Renew = asked {
        if !files.made {
            bail!(
                "{} is the school's own: put the new one in its place and send the running `fivebar run` SIGHUP",
                files.certificate.display()
            );
        }
        // Ports say nothing in a certificate, and addresses are those of the file.
        make(&context.home, config, &Bind::default(), context.at)?;
        context
            .output
            .say("Another certificate was made. It is shown after a SIGHUP to the running `fivebar run`.");
    }
    if files.made && !files.certificate.exists() {
        bail!("no certificate was made yet; `fivebar run` makes it when it starts");
    }
    let pair = Pair::read(&context.home, config)?;
    let usable = pair.usable().with_context(|| format!("{} cannot be used", files.certificate.display()))?;
    let hash = Sha256::digest(usable.first());
    let hash: Vec<String> = hash.iter().map(|byte| format!("{byte:02X}")).collect();
    let hash = hash.join(":");
    let ends = pair.ends(context.at).map(|(day, _)| day);
    context.output.say(pair.certificate().trim_end());
    context.output.say(format!("SHA-256 {hash}"));
    context.output.say(format!("From {}", files.certificate.display()));
    if files.made {
        context.output.say_lines(MUST_TRUST);
    }
    context.output.object(&json!({
        "file": files.certificate,
        "pem": pair.certificate(),
        "sha256": hash,
        "made_here": files.made,
        "ends_on": ends,
        "name": config.dns.name,
    }));
    Ok(())
}
