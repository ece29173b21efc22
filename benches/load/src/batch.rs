//! Datagrams in batches: recvmmsg and sendmmsg over buffers that are set up once.

use std::io;
use std::mem;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

/// Datagrams a batch.
pub const BATCH: usize = 64;
const BYTES: usize = 1536;
const SOCKET_BYTES: libc::c_int = 4 << 20;

/// A UDP socket on 127.0.0.1, not blocking unless a receive says otherwise.
pub struct Socket(OwnedFd);

impl Socket {
    /// Bound to `port` (0: any), connected to `peer` where there is one.
    pub fn open(port: u16, peer: Option<u16>) -> io::Result<Self> {
        // SAFETY: plain system calls on a descriptor that is owned from its first moment; the addresses outlive them.
        unsafe {
            let raw = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
            if raw < 0 {
                return Err(io::Error::last_os_error());
            }
            let owned = OwnedFd::from_raw_fd(raw);
            for option in [libc::SO_RCVBUF, libc::SO_SNDBUF] {
                let size: *const libc::c_int = &SOCKET_BYTES;
                libc::setsockopt(raw, libc::SOL_SOCKET, option, size.cast(), 4);
            }
            let own = loopback(port);
            check(libc::bind(raw, ptr::from_ref(&own).cast(), mem::size_of_val(&own) as u32))?;
            if let Some(peer) = peer {
                let peer = loopback(peer);
                check(libc::connect(raw, ptr::from_ref(&peer).cast(), mem::size_of_val(&peer) as u32))?;
            }
            Ok(Self(owned))
        }
    }

    /// Waits until something has come, at most so many microseconds.
    pub fn wait<'a>(sockets: impl Iterator<Item = &'a Self>, microseconds: i64) {
        let mut polled: Vec<libc::pollfd> = sockets
            .map(|socket| libc::pollfd { fd: socket.0.as_raw_fd(), events: libc::POLLIN, revents: 0 })
            .collect();
        let time = libc::timespec { tv_sec: 0, tv_nsec: microseconds * 1000 };
        // SAFETY: the array and the time outlive the call.
        unsafe { libc::ppoll(polled.as_mut_ptr(), polled.len() as u64, &time, ptr::null()) };
    }
}

fn loopback(port: u16) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as u16,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(Ipv4Addr::LOCALHOST.octets()) },
        sin_zero: [0; 8],
    }
}

fn check(answer: libc::c_int) -> io::Result<()> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Buffers for one batch and what the system needs to know of them.
pub struct Batch {
    bytes: Box<[[u8; BYTES]; BATCH]>,
    // Both hold pointers into the boxes beside them, which never move; the first is only ever read by the system.
    _addresses: Box<[libc::sockaddr_in; BATCH]>,
    vectors: Box<[libc::iovec; BATCH]>,
    headers: Box<[libc::mmsghdr; BATCH]>,
}

impl Batch {
    /// With room for the senders' addresses unless the socket is connected.
    pub fn new(connected: bool) -> Self {
        let mut bytes = Box::new([[0_u8; BYTES]; BATCH]);
        // SAFETY: all three are plain C structs for which zero is a valid value.
        let (mut addresses, mut vectors, mut headers): (
            Box<[libc::sockaddr_in; BATCH]>,
            Box<[libc::iovec; BATCH]>,
            Box<[libc::mmsghdr; BATCH]>,
        ) = unsafe { (Box::new(mem::zeroed()), Box::new(mem::zeroed()), Box::new(mem::zeroed())) };
        for at in 0..BATCH {
            vectors[at] = libc::iovec { iov_base: bytes[at].as_mut_ptr().cast(), iov_len: BYTES };
            headers[at].msg_hdr.msg_iov = &mut vectors[at];
            headers[at].msg_hdr.msg_iovlen = 1;
            if !connected {
                headers[at].msg_hdr.msg_name = ptr::from_mut(&mut addresses[at]).cast();
                headers[at].msg_hdr.msg_namelen = mem::size_of::<libc::sockaddr_in>() as u32;
            }
        }
        Self { bytes, _addresses: addresses, vectors, headers }
    }

    /// Receives what is there; with `wait`, at least one. Gives how many came.
    pub fn receive(&mut self, socket: &Socket, wait: bool) -> usize {
        self.vectors.iter_mut().for_each(|vector| vector.iov_len = BYTES);
        let flags = if wait { libc::MSG_WAITFORONE } else { libc::MSG_DONTWAIT };
        // SAFETY: every header points into boxes of this batch, which outlive the call.
        let came = unsafe {
            libc::recvmmsg(
                socket.0.as_raw_fd(),
                self.headers.as_mut_ptr(),
                BATCH as u32,
                flags,
                ptr::null_mut(),
            )
        };
        came.max(0) as usize
    }

    /// Sends the first `count` buffers, to whom the batch came from or to the connected peer. Gives how many went.
    pub fn send(&mut self, socket: &Socket, count: usize) -> usize {
        let mut sent = 0;
        while sent < count {
            // SAFETY: as in `receive`; `sent` is below BATCH.
            let went = unsafe {
                let first = self.headers.as_mut_ptr().add(sent);
                libc::sendmmsg(socket.0.as_raw_fd(), first, (count - sent) as u32, 0)
            };
            if went <= 0 {
                break;
            }
            sent += went as usize;
        }
        sent
    }

    /// The received datagram at that place.
    pub fn datagram(&mut self, at: usize) -> &mut [u8] {
        let length = (self.headers[at].msg_len as usize).min(BYTES);
        &mut self.bytes[at][..length]
    }

    /// The whole buffer at that place, and its length as received.
    pub fn buffer(&mut self, at: usize) -> (&mut [u8; BYTES], usize) {
        (&mut self.bytes[at], self.headers[at].msg_len as usize)
    }

    /// How many bytes of the buffer at that place will be sent.
    pub fn set_length(&mut self, at: usize, length: usize) {
        self.vectors[at].iov_len = length;
    }
}
