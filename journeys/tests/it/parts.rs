//! Parts that are started one by one, as a service manager starts them.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use journeys::program;
use serde::Deserialize;

/// A part that runs until this is dropped.
#[derive(Debug)]
pub struct Part(pub Child);

impl Drop for Part {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg("-TERM").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// What the gate says when it serves.
#[derive(Debug, Clone, Deserialize)]
pub struct GateReady {
    dns: Vec<SocketAddr>,
    proxy: Vec<SocketAddr>,
    #[serde(default)]
    dot: Option<SocketAddr>,
    #[serde(default)]
    doh: Option<SocketAddr>,
}

/// Where a gate answers; of another part, nowhere.
#[derive(Debug, Clone, Copy)]
pub struct Where {
    pub dns: SocketAddr,
    pub proxy: SocketAddr,
    /// Over TLS, and over HTTPS.
    pub dot: Option<SocketAddr>,
    pub doh: Option<SocketAddr>,
}

/// Whether a tool can be called.
pub fn is_there(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok()
}

/// Starts what a command says and waits for the line that says that it serves.
pub fn start(mut command: Command) -> Result<(Part, String)> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let said = child.stdout.take().context("it has a standard output")?;
    let part = Part(child);
    let mut line = String::new();
    BufReader::new(said).read_line(&mut line)?;
    Ok((part, line))
}

/// Starts a part as whoever this is, and waits until it serves.
pub fn start_plain(home: &Path, part: &str, more: &[&str]) -> Result<(Part, Where)> {
    let mut command = Command::new(program()?);
    command.arg("--home").arg(home).args(["--json", "run", "--only", part]).args(more);
    let (part, line) = start(command)?;
    let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let ready: GateReady = serde_json::from_str(&line)
        .or_else(|error| {
            if line.is_empty() {
                Err(error)
            } else {
                Ok(GateReady { dns: vec![], proxy: vec![], dot: None, doh: None })
            }
        })
        .with_context(|| format!("{line:?}"))?;
    let first = |all: &[SocketAddr]| all.first().copied().unwrap_or(nowhere);
    let (dot, doh) = (ready.dot, ready.doh);
    Ok((part, Where { dns: first(&ready.dns), proxy: first(&ready.proxy), dot, doh }))
}
