//! `certificate`: what encrypted DNS shows devices, and the portal browsers.

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::commands::context::Context;
use crate::process::certificate::{Files, Pair, Shows, make};
use crate::process::supervisor::Bind;

#[derive(Debug, Subcommand)]
pub enum Certificate {
    /// Print it as PEM, as devices take it, with its SHA-256.
    Show {
        /// That of the portal, instead of that of encrypted DNS.
        #[arg(long)]
        portal: bool,
    },
    /// Make another in place of the one that was made here. Every device must then trust the new one.
    Renew {
        /// That of the portal, instead of that of encrypted DNS.
        #[arg(long)]
        portal: bool,
    },
}

/// Runs the command.
pub fn run(context: &Context, asked: Certificate) -> Result<()> {
    let config = &context.config;
    let (Certificate::Show { portal } | Certificate::Renew { portal }) = asked;
    let shows = if portal { Shows::Portal } else { Shows::Dns };
    // What is done once there is another, where the running program does not read it by itself.
    let again = match shows {
        Shows::Dns => "send the running `fivebar run` SIGHUP",
        Shows::Portal => "start `fivebar run`, or its hub, again",
    };
    if portal && config.portal.https.is_none() {
        bail!(
            "the portal is not served over HTTPS; give [portal] of fivebar.toml a line `https = \"0.0.0.0:443\"`"
        );
    }
    if !portal && !config.dns.is_encrypted() {
        bail!(
            "this school has no encrypted DNS; give [dns] of fivebar.toml a line `tls = \"0.0.0.0:853\"` or `https = …`"
        );
    }
    let files = Files::of(&context.home, config, shows);
    if let Certificate::Renew { .. } = asked {
        if !files.made {
            bail!(
                "{} is the school's own: put the new one in its place and {again}",
                files.certificate.display()
            );
        }
        // Ports say nothing in a certificate, and addresses are those of the file.
        make(&context.home, config, &Bind::default(), shows, context.at)?;
        context.output.say(format!("Another certificate was made. To have it shown, {again}."));
    }
    if files.made && !files.certificate.exists() {
        bail!("no certificate was made yet; `fivebar run` makes it when it starts");
    }
    let pair = Pair::read(&context.home, config, shows)?;
    let usable = pair.usable().with_context(|| format!("{} cannot be used", files.certificate.display()))?;
    let hash = Sha256::digest(usable.first());
    let hash: Vec<String> = hash.iter().map(|byte| format!("{byte:02X}")).collect();
    let hash = hash.join(":");
    let ends = pair.ends(context.at).map(|(day, _)| day);
    context.output.say(pair.certificate().trim_end());
    context.output.say(format!("SHA-256 {hash}"));
    context.output.say(format!("From {}", files.certificate.display()));
    if files.made {
        context.output.say_lines(shows.must_trust());
    }
    context.output.object(&json!({
        "file": files.certificate,
        "pem": pair.certificate(),
        "sha256": hash,
        "made_here": files.made,
        "ends_on": ends,
        "name": match shows {
            Shows::Dns => config.dns.name.clone(),
            Shows::Portal => config.portal.url.clone(),
        },
    }));
    Ok(())
}
