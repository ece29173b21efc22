//! `run`: the whole school, or one part of it.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use nix::unistd::getuid;

use crate::cli::Part;
use crate::config::Config;
use crate::home::Home;
use crate::output::Output;
use crate::process::notify::{self, Manager};
use crate::process::supervisor::{self, Bind, Ready};
use crate::process::users::{self, Users};
use crate::process::{apart, descriptors, gate, hand_over, hub, lock, log, ownership};

#[derive(Debug, Args)]
pub struct Run {
    /// Start only this part; without it all three start and are kept running.
    #[arg(long, value_enum)]
    pub only: Option<Part>,
    /// With `--only gate`: take the place of the gate that runs, without a lost answer. It goes on where this one cannot
    /// start; where none runs, this one starts as ever.
    #[arg(long, requires = "only")]
    pub take_over: bool,
    /// Start it as a process that stays, and end when it serves.
    #[arg(long, hide = true, requires = "take_over")]
    pub apart: bool,
    /// `fivebar settle` has put the home right, which this process has not the rights to.
    #[arg(long, hide = true, requires = "only")]
    pub settled: bool,
    /// Kept by the parent process, so that a part that starts again has the same addresses.
    #[arg(long, hide = true)]
    pub bind_dns: Vec<SocketAddr>,
    #[arg(long, hide = true)]
    pub bind_proxy: Vec<SocketAddr>,
    #[arg(long, hide = true)]
    pub bind_tls: Option<SocketAddr>,
    #[arg(long, hide = true)]
    pub bind_https: Option<SocketAddr>,
    #[arg(long, hide = true)]
    pub bind_portal: Option<SocketAddr>,
    #[arg(long, hide = true)]
    pub bind_portal_https: Option<SocketAddr>,
}

/// Runs the command.
pub fn run(given: Option<PathBuf>, asked: &Run, output: Output) -> Result<()> {
    if asked.apart {
        return apart::start("--apart");
    }
    let mut kept = notify::kept_sockets();
    let home = Home::existing(given)?;
    home.make_folders()?;
    let config = Config::read(&home.config())?;
    if asked.take_over && asked.only != Some(Part::Gate) {
        bail!("only the gate is taken over while it runs: `fivebar run --only gate --take-over`");
    }
    let mut taken = if asked.take_over { hand_over::ask(&home)? } else { None };
    let held = match (asked.only, taken.as_mut().and_then(|taken| taken.lock.take())) {
        (Some(_), Some(lock)) => lock::hold_together(&home, lock)?,
        (Some(part), None) => lock::hold_part(&home, part)?,
        (None, _) => lock::hold_school(&home)?,
    };
    descriptors::raise();
    let manager = Manager::of_this_process()?;
    let bind = Bind {
        dns: asked.bind_dns.clone(),
        proxy: asked.bind_proxy.clone(),
        tls: asked.bind_tls,
        https: asked.bind_https,
        portal: asked.bind_portal,
        portal_https: asked.bind_portal_https,
    };
    let users = Users::to_become(&config)?;
    if let (Some(part), Some(users), false) = (asked.only, &users, asked.settled) {
        ownership::settle_own(&home, users, users.of(part))?;
    }
    let user = users.as_ref();
    let say_ready = |ready: &Ready| say_ready(ready, &manager);
    match asked.only {
        Some(Part::Gate) => {
            if let Some(taken) = &mut taken {
                kept = std::mem::take(&mut taken.sockets);
            }
            let beginning = gate::Beginning {
                user: user.map(|users| &users.gate),
                manager: &manager,
                sockets: kept,
                taken,
                held: &held,
            };
            gate::run(&home, &config, &bind, beginning, say_ready)
        }
        Some(Part::Log) => log::run(&home, &config, user.map(|users| &users.log), say_ready),
        Some(Part::Hub) => hub::run(&home, &config, &bind, user.map(|users| &users.hub), &manager, say_ready),
        None => {
            match &users {
                Some(users) => {
                    users.can_reach(&home)?;
                    ownership::settle(&home, users)?;
                }
                None if getuid().is_root() => tracing::warn!("{}", users::advice()),
                None => {}
            }
            let bind = fixed(&config, bind)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(supervisor::run(&home, bind, |ready| {
                together(&config, ready, output);
                manager.serving();
            }))
        }
    }
}

/// One line, for the process that started this one or a script; and a word to the service manager.
fn say_ready(ready: &Ready, manager: &Manager) {
    Output::new(true).object(ready);
    manager.serving();
}

/// The portal's addresses must be known before the gate starts, since block pages link to it: a port that the
/// configuration leaves open is chosen here.
pub fn fixed(config: &Config, mut bind: Bind) -> Result<Bind> {
    let chosen = |address: SocketAddr| match address.port() {
        0 => std::net::TcpListener::bind(address)?.local_addr(),
        _ => Ok(address),
    };
    bind.portal = Some(chosen(bind.portal.unwrap_or(config.portal.listen))?);
    bind.portal_https = bind.portal_https.or(config.portal.https).map(chosen).transpose()?;
    Ok(bind)
}

/// What people and scripts are told once everything serves.
fn together(config: &Config, ready: &Ready, output: Output) {
    output.object(&ready.line());
    let list = |addresses: &[std::net::SocketAddr]| {
        addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    output.say(format!("{} is served. Ctrl-C stops it.", config.school.name));
    output.say(format!("  DNS     {}", list(&ready.dns)));
    let name = config.dns.name.as_deref();
    if let Some(dot) = ready.dot {
        output.say(format!(
            "  DNS     {dot} over TLS{}",
            name.map(|name| format!(" ({name})")).unwrap_or_default()
        ));
    }
    if let Some(doh) = ready.doh {
        let host = name.map_or_else(
            || doh.to_string(),
            |name| match doh.port() {
                443 => name.to_owned(),
                port => format!("{name}:{port}"),
            },
        );
        output.say(format!("  DNS     {doh} over HTTPS (https://{host}/dns-query)"));
    }
    output.say(format!(
        "  proxy   {}   (PAC file: http://{}/proxy.pac)",
        list(&ready.proxy),
        list(&ready.proxy)
    ));
    if let Some(portal) = ready.portal {
        output.say(format!("  portal  http://{portal}/"));
    }
    if let Some(portal) = ready.portal_https {
        output.say(format!("  portal  https://{portal}/   (where people sign in)"));
    }
    if let Some(notice) = ready.notices() {
        output.say(notice);
    }
}
