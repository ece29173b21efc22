//! Descriptors that go from one process to another: through a local socket (`SCM_RIGHTS`), or by inheritance from a
//! service manager that keeps them (`LISTEN_FDS`).
//!
//! A socket that was passed is the same socket: what waits in it is lost to nobody when one of its holders ends.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};

use crate::poll::{checked, owned};

/// Room for the one descriptor of a message, aligned as the kernel wants it: `CMSG_SPACE` of a descriptor is 24.
#[repr(C, align(8))]
struct Control([u8; 24]);

/// The length of a control message with one descriptor: its head, and the descriptor.
const CONTROL_LENGTH: usize = size_of::<libc::cmsghdr>() + size_of::<RawFd>();

/// Sends bytes, at least one, and a descriptor with them.
pub fn send(through: &impl AsFd, bytes: &[u8], passed: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let mut control = Control([0; 24]);
    // SAFETY: all-zero is a valid `msghdr`: no name, no parts, no control bytes.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    if let Some(passed) = passed {
        // As the kernel lays it out: length, level, type, descriptor.
        let words = [libc::SOL_SOCKET, libc::SCM_RIGHTS, passed.as_raw_fd()];
        let (length, rest) = control.0.split_at_mut(size_of::<usize>());
        length.copy_from_slice(&CONTROL_LENGTH.to_ne_bytes());
        for (place, word) in rest.chunks_exact_mut(size_of::<i32>()).zip(words) {
            place.copy_from_slice(&word.to_ne_bytes());
        }
        message.msg_control = control.0.as_mut_ptr().cast();
        message.msg_controllen = CONTROL_LENGTH as _;
    }
    // SAFETY: the message points to `part`, `bytes` and `control`, which live until the call returns; the kernel only
    // reads them.
    let sent = unsafe { libc::sendmsg(through.as_fd().as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
    match usize::try_from(sent) {
        Ok(sent) if sent == bytes.len() => Ok(()),
        Ok(_) => Err(io::Error::from(io::ErrorKind::WriteZero)),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

/// Receives one byte, and the descriptor that came with it. `None` where the other end has closed.
pub fn receive(from: &UnixStream) -> io::Result<Option<(u8, Option<OwnedFd>)>> {
    let mut byte = [0u8; 1];
    let mut part = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
    let mut control = Control([0; 24]);
    // SAFETY: all-zero is a valid `msghdr`: no name, no parts, no control bytes.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = control.0.len() as _;
    // SAFETY: the message points to `part`, `byte` and `control`, each live and writable for the length it names.
    let got = unsafe { libc::recvmsg(from.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) };
    if got < 0 {
        return Err(io::Error::last_os_error());
    }
    if got == 0 {
        return Ok(None);
    }
    let word = |at: usize| {
        let bytes: Option<[u8; 4]> = control.0.get(at..at + 4)?.try_into().ok();
        bytes.map(i32::from_ne_bytes)
    };
    let head = size_of::<usize>();
    let is_descriptor = message.msg_controllen as usize >= CONTROL_LENGTH
        && (word(head), word(head + 4)) == (Some(libc::SOL_SOCKET), Some(libc::SCM_RIGHTS));
    let passed = word(head + 8).filter(|_| is_descriptor).map(owned);
    let [byte] = byte;
    Ok(Some((byte, passed)))
}

/// The user of the process at the other end.
pub fn peer_user(stream: &UnixStream) -> io::Result<u32> {
    let mut who = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: `who` is a live `ucred` and `length` its size, in which alone the kernel writes.
    checked(unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut who).cast(),
            &raw mut length,
        )
    })?;
    Ok(who.uid)
}

/// A number that a socket says of itself; an error where the descriptor is no socket.
fn said(fd: &impl AsFd, option: i32) -> io::Result<i32> {
    let mut value = 0i32;
    let mut length = size_of::<i32>() as libc::socklen_t;
    // SAFETY: `value` is a live `int` and `length` its size, in which alone the kernel writes.
    checked(unsafe {
        libc::getsockopt(
            fd.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            (&raw mut value).cast(),
            &raw mut length,
        )
    })?;
    Ok(value)
}

/// What a service manager kept for this process and started it with: `count` descriptors from 3 on.
///
/// # Safety in use
/// Call it once, before anything else is opened that could have those numbers: first thing of a program whose environment
/// says that the descriptors are there.
pub fn kept_by_manager(count: RawFd) -> Vec<OwnedFd> {
    let kept = (3..3i32.saturating_add(count.clamp(0, 4_096))).filter(|fd| {
        // SAFETY: takes no pointer, and a number that is no descriptor is an error that is looked at.
        checked(unsafe { libc::fcntl(*fd, libc::F_SETFD, libc::FD_CLOEXEC) }).is_ok()
    });
    kept.map(owned).collect()
}

/// Sockets that were bound before this process began, to be taken by the addresses that are wanted.
#[derive(Debug, Default)]
pub struct Sockets {
    udp: Vec<(SocketAddr, UdpSocket)>,
    tcp: Vec<(SocketAddr, TcpListener)>,
}

/// What was passed.
#[derive(Debug)]
pub enum Passed {
    /// A socket of the internet's, now among [`Sockets`].
    Socket,
    /// A local one that takes connections.
    Local(UnixListener),
    /// A file.
    Other(OwnedFd),
}

impl Sockets {
    /// Takes in what was passed, or says what it is instead.
    pub fn add(&mut self, fd: OwnedFd) -> Passed {
        let (Ok(domain), Ok(kind)) = (said(&fd, libc::SO_DOMAIN), said(&fd, libc::SO_TYPE)) else {
            return Passed::Other(fd);
        };
        match (domain, kind) {
            (libc::AF_INET | libc::AF_INET6, libc::SOCK_DGRAM) => {
                let socket = UdpSocket::from(fd);
                if let Ok(address) = socket.local_addr() {
                    self.udp.push((address, socket));
                }
                Passed::Socket
            }
            (libc::AF_INET | libc::AF_INET6, libc::SOCK_STREAM) => {
                let listener = TcpListener::from(fd);
                if let Ok(address) = listener.local_addr() {
                    self.tcp.push((address, listener));
                }
                Passed::Socket
            }
            (libc::AF_UNIX, libc::SOCK_STREAM) => Passed::Local(UnixListener::from(fd)),
            _ => Passed::Other(fd),
        }
    }

    /// All datagram sockets of that address, in the order in which they came. Port 0 takes the first address with that
    /// host.
    pub fn take_udp(&mut self, wanted: SocketAddr) -> Vec<UdpSocket> {
        take(&mut self.udp, wanted)
    }

    /// The same of those that take connections.
    pub fn take_tcp(&mut self, wanted: SocketAddr) -> Vec<TcpListener> {
        take(&mut self.tcp, wanted)
    }

    /// How many nobody has taken.
    pub fn left(&self) -> usize {
        self.udp.len() + self.tcp.len()
    }
}

fn take<S>(all: &mut Vec<(SocketAddr, S)>, wanted: SocketAddr) -> Vec<S> {
    let is_it = |address: &SocketAddr| {
        address.ip() == wanted.ip() && (wanted.port() == 0 || address.port() == wanted.port())
    };
    let Some(address) = all.iter().map(|(address, _)| *address).find(is_it) else { return Vec::new() };
    let (taken, left) = std::mem::take(all).into_iter().partition::<Vec<_>, _>(|(at, _)| *at == address);
    *all = left;
    taken.into_iter().map(|(_, socket)| socket).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    #[test]
    fn what_waits_in_a_socket_reaches_whoever_it_was_passed_to() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let gate = UdpSocket::bind("127.0.0.1:0").unwrap();
        let stream = TcpListener::bind("127.0.0.1:0").unwrap();
        let (datagrams, connections) = (gate.local_addr().unwrap(), stream.local_addr().unwrap());
        let device = UdpSocket::bind("127.0.0.1:0").unwrap();
        device.send_to(b"question", datagrams).unwrap();
        let mut caller = std::net::TcpStream::connect(connections).unwrap();
        caller.write_all(b"request").unwrap();
        for fd in [gate.as_fd(), stream.as_fd(), std::fs::File::open("/dev/null").unwrap().as_fd()] {
            send(&ours, b"+", Some(fd)).unwrap();
        }
        send(&ours, b".", None).unwrap();
        drop((ours, gate, stream));

        let mut sockets = Sockets::default();
        for _ in 0..2 {
            let (byte, fd) = receive(&theirs).unwrap().unwrap();
            assert_eq!(byte, b'+');
            assert!(matches!(sockets.add(fd.unwrap()), Passed::Socket));
        }
        let (_, fd) = receive(&theirs).unwrap().unwrap();
        assert!(matches!(sockets.add(fd.unwrap()), Passed::Other(_)));
        assert!(matches!(receive(&theirs), Ok(Some((b'.', None)))));
        assert!(matches!(receive(&theirs), Ok(None)));
        assert_eq!(sockets.left(), 2);

        assert!(sockets.take_udp("127.0.0.2:0".parse().unwrap()).is_empty());
        let [udp] = &sockets.take_udp("127.0.0.1:0".parse().unwrap())[..] else { panic!("one") };
        let mut buffer = [0; 16];
        let (length, from) = udp.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..length], from), (&b"question"[..], device.local_addr().unwrap()));
        let [tcp] = &sockets.take_tcp(connections)[..] else { panic!("one") };
        tcp.accept().unwrap().0.read_exact(&mut buffer[..7]).unwrap();
        assert_eq!((&buffer[..7], sockets.left()), (&b"request"[..], 0));
    }

    #[test]
    fn several_sockets_of_one_address_are_taken_together() {
        let mut sockets = Sockets::default();
        let first = crate::udp::bind_shared("127.0.0.1:0".parse().unwrap(), false, 4096).unwrap();
        let address = first.local_addr().unwrap();
        let second = crate::udp::bind_shared(address, false, 4096).unwrap();
        for socket in [first, second] {
            assert!(matches!(sockets.add(socket.into()), Passed::Socket));
        }
        assert_eq!(sockets.take_udp(address).len(), 2);
        assert!(sockets.take_udp(address).is_empty());
    }

    #[test]
    fn the_other_end_is_known() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let own = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap());
        assert_eq!(peer_user(&ours).unwrap(), own);
    }
}
