//! What a service manager is told: that a part serves, that it ends, that it is alive. The protocol is that of
//! `sd_notify(3)`: lines in datagrams to the socket that the manager named. Where there is no manager, nobody is told.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Where the manager listens.
const SOCKET: &str = "NOTIFY_SOCKET";
/// How long it waits for a sign of life, in microseconds, and of whom.
const PATIENCE: &str = "WATCHDOG_USEC";
const WATCHED: &str = "WATCHDOG_PID";

/// What the manager says to one process, and no other may take for its own.
pub const OF_ONE_PROCESS: [&str; 3] = [SOCKET, PATIENCE, WATCHED];

/// The service manager that started this process, if one did.
#[derive(Debug, Clone, Default)]
pub struct Manager {
    socket: Option<Arc<UnixDatagram>>,
    patience: Option<Duration>,
}

impl Manager {
    /// As the manager named itself. Call it while this process may still reach the socket.
    pub fn of_this_process() -> Result<Self> {
        let Some(name) = std::env::var_os(SOCKET) else { return Ok(Self::default()) };
        let text = name.to_string_lossy();
        let address = match text.strip_prefix('@') {
            Some(hidden) => SocketAddr::from_abstract_name(hidden),
            None => SocketAddr::from_pathname(&name),
        }
        .with_context(|| format!("{SOCKET} names no socket"))?;
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address).with_context(|| format!("nobody listens at {SOCKET}"))?;
        // A manager that does not read is not waited for.
        socket.set_nonblocking(true)?;
        let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
        let meant = number(WATCHED).is_none_or(|pid| pid == u64::from(std::process::id()));
        let patience = number(PATIENCE).filter(|_| meant).map(Duration::from_micros);
        Ok(Self { socket: Some(Arc::new(socket)), patience })
    }

    /// How often it wants a sign of life: in half the time that it waits for one.
    pub fn beat(&self) -> Option<Duration> {
        self.patience.map(|patience| patience / 2)
    }

    /// This part serves.
    pub fn serving(&self) {
        self.say("READY=1\nSTATUS=Serving");
    }

    /// This part lives.
    pub fn alive(&self) {
        self.say("WATCHDOG=1");
    }

    /// Gives signs of life for as long as `lives` says yes, and never ends.
    pub async fn keep_telling(&self, lives: impl Fn() -> bool) {
        let Some(beat) = self.beat() else { return std::future::pending().await };
        loop {
            if lives() {
                self.alive();
            }
            tokio::time::sleep(beat).await;
        }
    }

    /// One datagram of lines. A manager that has gone is no reason to stop serving.
    pub fn say(&self, lines: &str) {
        if let Some(socket) = &self.socket
            && let Err(error) = socket.send(lines.as_bytes())
        {
            tracing::warn!(%error, "The service manager could not be told how this part fares");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_manager_nothing_is_told() {
        let nobody = Manager::default();
        nobody.serving();
        assert!(nobody.beat().is_none());
    }
}
