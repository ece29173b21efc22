//! Starting a gate that outlives whoever started it: what a service manager runs to upgrade one (`ExecReload`). It fails where
//! the new gate does, and ends when it serves; the gate then belongs to the manager.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::unistd::getppid;

use crate::process::notify::Manager;
use crate::process::supervisor::Ready;

/// Says to a process that whoever started it is about to go.
const APART: &str = "FIVEBAR_APART";
/// How long whoever started it may take to go.
const GOING: Duration = Duration::from_secs(5);

/// Starts this program again as it was started, but for `without`, and waits until it serves.
pub fn start(without: &str) -> Result<()> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let mut child = Command::new(program)
        .args(std::env::args_os().skip(1).filter(|argument| argument != without))
        .env(APART, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the new gate")?;
    let said = child.stdout.take().context("the new gate has no standard output")?;
    let lines = BufReader::new(said).lines().map_while(Result::ok);
    for line in lines {
        if serde_json::from_str::<Ready>(&line).is_ok() {
            return Ok(());
        }
    }
    let ended = child.wait()?;
    bail!("the new gate did not come to serve ({ended}); the one before it goes on")
}

/// Where this process was started apart: waits until whoever started it has gone, and tells the manager who serves now.
pub fn settle_in(manager: &Manager) -> Result<()> {
    if std::env::var_os(APART).is_none() {
        return Ok(());
    }
    let starter = getppid();
    let _ = std::io::stdin().lock().read(&mut [0]);
    let until = Instant::now() + GOING;
    while getppid() == starter && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    manager.is_main_process()
}
