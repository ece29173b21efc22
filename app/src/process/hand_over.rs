//! One gate takes another's place without a lost answer: it is given the very sockets that the other reads from, gets
//! ready beside it, and only when it serves does the other take nothing more. One that cannot start is gone, and nobody
//! has noticed. `docs/adr/0013-units-and-hand-over.md` says why it is done so.
//!
//! ```text
//! the new one connects to run/hand-over/gate.sock
//! the old one: `+` with each of its sockets and its lock, then `.`
//! the new one, once it answers devices: `!`
//! ```
//!
//! The socket is opened by gates alone and by root, and one who connects has to be one of them. Nothing is read of whoever
//! connects but that one byte.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use front_sys::{Passed, Sockets, passing};
use nix::unistd::getuid;

use crate::home::Home;

/// How long a gate may take to give its sockets to another.
const GIVING: Duration = Duration::from_secs(5);
/// How long the other may take until it serves; it may have to wait a minute for a first snapshot.
const READY: Duration = Duration::from_secs(120);

const ONE: u8 = b'+';
const ALL: u8 = b'.';
const SERVES: u8 = b'!';

/// Where gates are asked for their sockets.
pub fn folder(home: &Home) -> PathBuf {
    home.run().join("hand-over")
}

fn path(home: &Home) -> PathBuf {
    folder(home).join("gate.sock")
}

/// What the gate that serves has given to one that is to take its place.
#[derive(Debug, Default)]
pub struct Taken {
    /// Its sockets.
    pub sockets: Sockets,
    /// Its lock, which is held by both from now on.
    pub lock: Option<File>,
    /// Where it was asked.
    door: Option<UnixListener>,
    /// Where it waits for word.
    line: Option<UnixStream>,
}

/// Asks the gate that serves for its sockets; `None` where none does.
pub fn ask(home: &Home) -> Result<Option<Taken>> {
    let path = path(home);
    let line = match UnixStream::connect(&path) {
        Ok(line) => line,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => {
            return Err(error).with_context(|| format!("cannot ask the gate at {}", path.display()));
        }
    };
    line.set_read_timeout(Some(GIVING))?;
    let mut taken = Taken::default();
    loop {
        match passing::receive(&line).context("the gate that serves does not give its sockets")? {
            Some((ONE, Some(fd))) => match taken.sockets.add(fd) {
                Passed::Socket => {}
                Passed::Local(door) => taken.door = Some(door),
                Passed::Other(file) => taken.lock = Some(File::from(file)),
            },
            Some((ALL, _)) => break,
            _ => bail!("the gate that serves gave only some of its sockets, or another took its place first"),
        }
    }
    taken.line = Some(line);
    Ok(Some(taken))
}

/// Where this gate will be asked for its sockets, and what it tells the one before it.
#[derive(Debug)]
pub struct Door {
    listener: UnixListener,
    line: Option<UnixStream>,
}

impl Door {
    /// The door of the gate before this one, or one of its own. Call it as the gate's own user.
    pub fn open(home: &Home, taken: Option<(Option<UnixListener>, Option<UnixStream>)>) -> Result<Self> {
        if let Some((Some(listener), line)) = taken {
            return Ok(Self { listener, line });
        }
        let path = path(home);
        let why = || format!("cannot listen at {}", path.display());
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).with_context(why),
            _ => {}
        }
        let listener = UnixListener::bind(&path).with_context(why)?;
        // Its group is root's, where the parts have users of their own: root asks without any right beside.
        fs::set_permissions(&path, Permissions::from_mode(0o660)).with_context(why)?;
        Ok(Self { listener, line: None })
    }

    /// Tells the gate before this one, if there was one, that devices are answered here now.
    pub fn say_serving(&mut self) -> io::Result<()> {
        match self.line.take() {
            Some(line) => passing::send(&line, &[SERVES], None),
            None => Ok(()),
        }
    }

    /// Gives the sockets to whoever asks, and returns once one of those serves. Never returns otherwise.
    pub fn wait_for_another(&self, mut given: Vec<OwnedFd>) -> io::Result<()> {
        given.push(self.listener.as_fd().try_clone_to_owned()?);
        self.listener.set_nonblocking(false)?;
        loop {
            let (line, _) = self.listener.accept()?;
            match give(&line, &given) {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    tracing::warn!(
                        "Another gate asked for the sockets and did not come to serve; this one goes on"
                    );
                }
                Err(error) => tracing::warn!(%error, "Another gate could not be given the sockets"),
            }
        }
    }
}

impl Taken {
    /// What the door needs of it.
    pub fn door(&mut self) -> (Option<UnixListener>, Option<UnixStream>) {
        (self.door.take(), self.line.take())
    }
}

/// Whether the one at the other end was given everything and then served.
fn give(line: &UnixStream, given: &[OwnedFd]) -> io::Result<bool> {
    let user = passing::peer_user(line)?;
    if user != 0 && user != getuid().as_raw() {
        return Ok(false);
    }
    line.set_write_timeout(Some(GIVING))?;
    line.set_read_timeout(Some(READY))?;
    for fd in given {
        passing::send(line, &[ONE], Some(fd.as_fd()))?;
    }
    passing::send(line, &[ALL], None)?;
    Ok(matches!(passing::receive(line), Ok(Some((SERVES, None)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_gate_gets_the_sockets_and_one_that_fails_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(Some(folder.path().to_owned()));
        home.make_folders().unwrap();
        assert!(ask(&home).unwrap().is_none(), "no gate serves");
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let lock = File::create(folder.path().join("lock")).unwrap();
        let door = Door::open(&home, None).unwrap();
        let left = std::thread::spawn(move || {
            door.wait_for_another(vec![socket.into(), lock.into()]).unwrap();
        });

        let failing = ask(&home).unwrap().unwrap();
        drop(failing);
        let mut next = ask(&home).unwrap().unwrap();
        assert!(next.lock.is_some());
        assert_eq!(next.sockets.take_udp(address).len(), 1);
        let mut door = Door::open(&home, Some(next.door())).unwrap();
        assert!(!left.is_finished());
        door.say_serving().unwrap();
        left.join().unwrap();
        // The door is the same one, and a third finds it.
        let third = std::thread::spawn(move || door.wait_for_another(Vec::new()));
        ask(&home).unwrap().unwrap().line.unwrap();
        assert!(!third.is_finished());
    }
}
