//! What a service manager is told: that a part serves, that it ends, that it is alive. The protocol is that of
//! `sd_notify(3)`: lines in datagrams to the socket that the manager named. Where there is no manager, nobody is told.

use std::os::fd::{AsFd as _, OwnedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use front_sys::{Passed, Poll, Sockets, passing};

/// Where the manager listens.
const SOCKET: &str = "NOTIFY_SOCKET";
/// How long it waits for a sign of life, in microseconds, and of whom.
const PATIENCE: &str = "WATCHDOG_USEC";
const WATCHED: &str = "WATCHDOG_PID";

/// How many sockets it kept, and for whom.
const KEPT: &str = "LISTEN_FDS";
const KEPT_FOR: &str = "LISTEN_PID";
/// What it keeps them under.
const NAME: &str = "FDNAME=gate";

/// What the manager says to one process, and no other may take for its own.
pub const OF_ONE_PROCESS: [&str; 5] = [SOCKET, PATIENCE, WATCHED, KEPT, KEPT_FOR];

/// How long the manager may take to read what it was told.
const READING: Duration = Duration::from_secs(5);

/// The sockets that the manager kept for this process over its last end. Call it once, before anything is opened.
pub fn kept_sockets() -> Sockets {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    let mut sockets = Sockets::default();
    if number(KEPT_FOR) == Some(std::process::id())
        && let Some(count) = number(KEPT).and_then(|count| i32::try_from(count).ok())
    {
        for fd in passing::kept_by_manager(count) {
            // What is no socket of ours is closed.
            let _: Passed = sockets.add(fd);
        }
    }
    sockets
}

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

    /// Has the manager keep these sockets, and no others, for this part's next beginning.
    pub fn keep(&self, sockets: &[OwnedFd]) {
        let Some(socket) = &self.socket else { return };
        self.say(&format!("FDSTOREREMOVE=1\n{NAME}"));
        for fd in sockets {
            if let Err(error) =
                passing::send(socket, format!("FDSTORE=1\n{NAME}").as_bytes(), Some(fd.as_fd()))
            {
                tracing::warn!(%error, "The service manager could not be given a socket to keep");
                return;
            }
        }
    }

    /// This process is the service from now on. Returns when the manager has taken that in.
    pub fn is_main_process(&self) -> Result<()> {
        let Some(socket) = &self.socket else { return Ok(()) };
        self.say(&format!("MAINPID={}\nREADY=1\nSTATUS=Serving", std::process::id()));
        // The manager closes what comes with a barrier once it has read everything before it.
        let (ours, theirs) = std::io::pipe()?;
        passing::send(socket, b"BARRIER=1", Some(theirs.as_fd()))?;
        drop(theirs);
        let mut closed = Vec::new();
        Poll::new()?.wait([(&ours, 1)], Some(READING), &mut closed)?;
        if closed.is_empty() {
            bail!("the service manager does not read which process serves");
        }
        Ok(())
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
