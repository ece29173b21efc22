//! Name servers that others wrote, started on a free port of loopback.

use std::io::{Error, ErrorKind, Result};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// `version.bind`, class CHAOS, TXT: whoever runs answers it by itself, be it with a refusal.
const WHO_IS_THERE: &[u8] =
    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07version\x04bind\x00\x00\x10\x00\x03";
const PORTS_TRIED: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(30);

/// A name server that runs until this is dropped.
#[derive(Debug)]
pub struct NameServer {
    pub address: SocketAddr,
    child: Child,
}

impl Drop for NameServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl NameServer {
    /// Starts what `command` makes of a port, and waits until it answers. A port that was free may be taken by another
    /// test before the server has it: then another is tried.
    pub fn start(mut command: impl FnMut(u16) -> Command) -> Result<Self> {
        for _ in 0..PORTS_TRIED {
            let address = free()?;
            let mut command = command(address.port());
            let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
            let mut server = Self { address, child };
            if server.answers()? {
                return Ok(server);
            }
        }
        Err(Error::new(ErrorKind::AddrInUse, "the server ended by itself on each port that was free"))
    }

    /// Debian's dnsmasq, which goes by these arguments alone.
    pub fn dnsmasq(arguments: &[&str]) -> Result<Self> {
        Self::start(|port| dnsmasq(port, arguments))
    }

    /// Whether it answers in time; false when it ended.
    fn answers(&mut self) -> Result<bool> {
        let probe = UdpSocket::bind("127.0.0.1:0")?;
        probe.set_read_timeout(Some(Duration::from_millis(100)))?;
        probe.connect(self.address)?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.child.try_wait()?.is_some() {
                return Ok(false);
            }
            // A refused port fails at once: the wait then is the time that `recv` takes, so give way to others.
            let answered = probe.send(WHO_IS_THERE).is_ok() && probe.recv(&mut [0; 512]).is_ok();
            if answered && self.child.try_wait()?.is_none() {
                return Ok(true);
            }
            std::thread::yield_now();
        }
        Err(Error::new(ErrorKind::TimedOut, "the server does not answer"))
    }
}

fn dnsmasq(port: u16, arguments: &[&str]) -> Command {
    let mut command = Command::new("dnsmasq");
    command
        .args(["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file="])
        .args(["--user=root", "--bind-interfaces", "--listen-address=127.0.0.1"])
        .args(arguments)
        .arg(format!("--port={port}"));
    command
}

/// An address of loopback that a moment ago was free for both transports.
fn free() -> Result<SocketAddr> {
    loop {
        let address = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_port_is_tried_when_one_is_taken() -> Result<()> {
        if Command::new("dnsmasq").arg("--version").output().is_err() {
            println!("skipped: dnsmasq is not installed");
            return Ok(());
        }
        let mut taken = None;
        let server = NameServer::start(|port| {
            if taken.is_none() {
                taken = UdpSocket::bind(("127.0.0.1", port)).ok();
            }
            dnsmasq(port, &[])
        })?;
        let port_taken = taken.and_then(|socket| socket.local_addr().ok()).map(|address| address.port());
        assert!(port_taken.is_some_and(|port| port != server.address.port()));
        Ok(())
    }
}
