//! UDP in batches: many datagrams a system call, and answers that leave from the address that was asked.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, TcpListener, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;

use crate::poll::{checked, owned};

/// Room for one datagram. No DNS query that a device sends is larger; a longer one arrives cut.
pub const FRAME_BYTES: usize = 1536;
/// How many datagrams one call moves.
pub const BATCH: usize = 64;

const NAME_BYTES: usize = size_of::<libc::sockaddr_in6>();
const CONTROL_BYTES: usize = 64;
/// Where a control message's payload begins: after its length, level and type.
const CONTROL_HEAD: usize = size_of::<libc::cmsghdr>();

/// Opens a socket bound to `address` that other threads may bind as well (`SO_REUSEPORT`); the kernel spreads the
/// senders over them. An IPv6 wildcard takes IPv4 too when `dual` is set. Never blocks.
///
/// On a wildcard the kernel is asked to say which address each datagram was sent to, so that the answer can leave from
/// there; elsewhere that is known and its cost is saved.
///
/// What it sends is never cut into fragments, and no message from outside can make it be (RFC 9715 §3.1): whoever can
/// forge such a message could otherwise have answers cut where it suits them.
pub fn bind_shared(address: SocketAddr, dual: bool, buffer_bytes: usize) -> io::Result<UdpSocket> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: takes no pointer; the result is checked.
    let fd = owned(checked(unsafe { libc::socket(family, kind, 0) })?);
    set_option(&fd, libc::SOL_SOCKET, libc::SO_REUSEPORT, 1)?;
    if address.is_ipv6() {
        set_option(&fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, i32::from(!dual))?;
    }
    if address.ip().is_unspecified() {
        match address {
            SocketAddr::V4(_) => set_option(&fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?,
            SocketAddr::V6(_) => set_option(&fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)?,
        }
    }
    set_option(&fd, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_PROBE)?;
    if address.is_ipv6() {
        set_option(&fd, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_PROBE)?;
    }
    let socket = UdpSocket::from(fd);
    set_buffers(&socket, buffer_bytes)?;
    let (name, length) = encode_name(address);
    // SAFETY: `name` is a live socket address of `length` bytes.
    checked(unsafe { libc::bind(socket.as_raw_fd(), name.as_ptr().cast(), length as libc::socklen_t) })?;
    Ok(socket)
}

/// Listens for streams at `address`. Unlike the standard library's own, it says whether an IPv6 wildcard takes IPv4 too
/// (`dual`), so that both wildcards can be listened on side by side. Never blocks.
pub fn listen_stream(address: SocketAddr, dual: bool) -> io::Result<TcpListener> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: takes no pointer; the result is checked.
    let fd = owned(checked(unsafe { libc::socket(family, kind, 0) })?);
    set_option(&fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    if address.is_ipv6() {
        set_option(&fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, i32::from(!dual))?;
    }
    let (name, length) = encode_name(address);
    // SAFETY: `name` is a live socket address of `length` bytes.
    checked(unsafe { libc::bind(fd.as_raw_fd(), name.as_ptr().cast(), length as libc::socklen_t) })?;
    // SAFETY: takes no pointer; the result is checked.
    checked(unsafe { libc::listen(fd.as_raw_fd(), 1024) })?;
    Ok(TcpListener::from(fd))
}

/// Asks for receive and send buffers of that size; the kernel caps both silently.
pub fn set_buffers(socket: &UdpSocket, bytes: usize) -> io::Result<()> {
    let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
    set_option(socket, libc::SOL_SOCKET, libc::SO_RCVBUF, bytes)?;
    set_option(socket, libc::SOL_SOCKET, libc::SO_SNDBUF, bytes)
}

fn set_option(fd: &impl AsFd, level: i32, option: i32, value: i32) -> io::Result<()> {
    // SAFETY: the option's value is a live `int` of the length given.
    checked(unsafe {
        libc::setsockopt(
            fd.as_fd().as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            size_of::<i32>() as libc::socklen_t,
        )
    })?;
    Ok(())
}

/// Where a datagram came from, and which of our addresses it was sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The sender, as the socket's family writes it (an IPv4 sender of a dual socket is a mapped address).
    address: SocketAddr,
    /// The address that was asked, and the interface where that is needed to send back (link-local); only on a
    /// wildcard socket.
    asked: Option<(IpAddr, u32)>,
}

impl Peer {
    /// The sender's address and port; an IPv4-mapped address is shown as IPv4.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.address.ip().to_canonical(), self.address.port())
    }

    /// The address that was asked, where the socket is bound to a wildcard.
    pub fn asked(&self) -> Option<IpAddr> {
        self.asked.map(|(address, _)| address.to_canonical())
    }
}

/// Sends one datagram to `peer` from the address that it asked.
pub fn send(socket: &UdpSocket, peer: &Peer, bytes: &[u8]) -> io::Result<()> {
    let (name, name_length) = encode_name(peer.address);
    let (control, control_length) = encode_asked(peer.asked);
    let mut vector = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let mut header = empty_header();
    header.msg_name = name.as_ptr().cast_mut().cast();
    header.msg_namelen = name_length as libc::socklen_t;
    header.msg_iov = &raw mut vector;
    header.msg_iovlen = 1;
    if control_length > 0 {
        header.msg_control = control.0.as_ptr().cast_mut().cast();
        header.msg_controllen = control_length;
    }
    // SAFETY: every pointer in `header` is to a local or to `bytes`, all alive here; sending writes to none of them.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const header, libc::MSG_DONTWAIT) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Control bytes, aligned as the kernel wants them.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; CONTROL_BYTES]);

/// One datagram's memory: the header points into it for as long as the batch lives.
#[repr(C)]
struct Frame {
    name: [u8; NAME_BYTES],
    control: Control,
    vector: libc::iovec,
    bytes: [u8; FRAME_BYTES],
}

/// What became of a batch that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// How many the kernel took.
    pub count: usize,
    /// Why it did not take the last that it refused.
    pub error: Option<io::ErrorKind>,
}

/// A reusable batch of datagrams: receive, answer some of them in place, send the answers.
pub struct Batch {
    /// [`BATCH`] frames, owned by this batch. Held as a raw pointer because the headers point into them.
    frames: *mut Frame,
    incoming: Box<[libc::mmsghdr]>,
    outgoing: Box<[libc::mmsghdr]>,
    /// How many headers of `incoming` the last call has used and the next must make ready again.
    received: usize,
    queued: usize,
}

// SAFETY: the pointers in a batch all lead to memory that it alone owns, so it may move to another thread.
unsafe impl Send for Batch {}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

impl Batch {
    /// A batch of [`BATCH`] datagrams of [`FRAME_BYTES`] each: about 110 kB.
    pub fn new() -> Self {
        let frames: Box<[Frame]> = (0..BATCH)
            .map(|_| Frame {
                name: [0; NAME_BYTES],
                control: Control([0; CONTROL_BYTES]),
                vector: libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 },
                bytes: [0; FRAME_BYTES],
            })
            .collect();
        let mut batch = Self {
            frames: Box::into_raw(frames).cast(),
            incoming: headers(),
            outgoing: headers(),
            received: BATCH,
            queued: 0,
        };
        batch.make_ready();
        batch
    }

    /// The frame with that index.
    fn frame(&self, index: usize) -> *mut Frame {
        assert!(index < BATCH, "a batch has {BATCH} frames");
        // SAFETY: `frames` points to BATCH frames and `index` is below that.
        unsafe { self.frames.add(index) }
    }

    /// Points the headers that the last call has used at their frames again, with all their room.
    fn make_ready(&mut self) {
        for index in 0..self.received {
            let frame = self.frame(index);
            // SAFETY: `frame` is one of our live frames; only its address is taken.
            let bytes = unsafe { &raw mut (*frame).bytes };
            // SAFETY: as above, and no reference to the frame is alive: `self` is borrowed mutably.
            unsafe { (*frame).vector = libc::iovec { iov_base: bytes.cast(), iov_len: FRAME_BYTES } };
            let Some(header) = self.incoming.get_mut(index) else { continue };
            // SAFETY: `frame` is one of our live frames; only its address is taken.
            header.msg_hdr.msg_name = unsafe { &raw mut (*frame).name }.cast();
            header.msg_hdr.msg_namelen = NAME_BYTES as libc::socklen_t;
            // SAFETY: as above.
            header.msg_hdr.msg_iov = unsafe { &raw mut (*frame).vector };
            header.msg_hdr.msg_iovlen = 1;
            // SAFETY: as above.
            header.msg_hdr.msg_control = unsafe { &raw mut (*frame).control }.cast();
            header.msg_hdr.msg_controllen = CONTROL_BYTES;
        }
        self.received = 0;
    }

    /// Receives what is there, without waiting. Whatever an earlier call received and was not sent is forgotten.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.make_ready();
        self.queued = 0;
        // SAFETY: the first BATCH headers point at frames of this batch, which live as long as it does, and give the
        // true sizes of their parts; nothing borrows a frame now. The timeout may be null.
        let received = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.incoming.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        self.received = usize::try_from(checked(received)?).unwrap_or(0);
        Ok(self.received)
    }

    /// The length of a received datagram and its buffer, whose rest may be used for an answer. `None` past the last.
    pub fn datagram(&mut self, index: usize) -> Option<(usize, &mut [u8])> {
        if index >= self.received {
            return None;
        }
        let length = self.incoming.get(index)?.msg_len as usize;
        let frame = self.frame(index);
        // SAFETY: the frame lives as long as `self`, whose mutable borrow the slice keeps, so nothing else touches it.
        let bytes = unsafe { &mut (*frame).bytes };
        Some((length.min(FRAME_BYTES), bytes))
    }

    /// Who sent the datagram. `None` past the last, and for a sender of a family that is not IP.
    pub fn peer(&self, index: usize) -> Option<Peer> {
        if index >= self.received {
            return None;
        }
        let header = self.incoming.get(index)?;
        let frame = self.frame(index);
        // SAFETY: the frame is alive and `self` is borrowed, so nobody writes to it.
        let name = unsafe { &(*frame).name };
        Some(Peer { address: decode_name(name)?, asked: self.asked(index, header) })
    }

    /// Which of our addresses the datagram was sent to, where the kernel was asked to say.
    fn asked(&self, index: usize, header: &libc::mmsghdr) -> Option<(IpAddr, u32)> {
        if header.msg_hdr.msg_controllen == 0 {
            return None;
        }
        let frame = self.frame(index);
        // SAFETY: the frame is alive and `self` is borrowed, so nobody writes to it.
        let control = unsafe { &(*frame).control };
        decode_asked(&control.0, header.msg_hdr.msg_controllen)
    }

    /// Marks the first `length` bytes of the datagram's buffer as the answer to its sender.
    pub fn answer(&mut self, index: usize, length: usize) {
        if index >= self.received || self.queued >= BATCH {
            return;
        }
        let Some(asked) = self.incoming.get(index).map(|header| self.asked(index, header)) else { return };
        let frame = self.frame(index);
        let (control, control_length) = match asked {
            None => (None, 0),
            asked => {
                let (control, length) = encode_asked(asked);
                (Some(control), length)
            }
        };
        if let Some(control) = control {
            // SAFETY: the frame is alive and nothing borrows it: `self` is borrowed mutably.
            unsafe { (*frame).control = control };
        }
        // SAFETY: as above.
        unsafe { (*frame).vector.iov_len = length.min(FRAME_BYTES) };
        let Some(source) = self.incoming.get(index).map(|header| header.msg_hdr) else { return };
        if let Some(header) = self.outgoing.get_mut(self.queued) {
            header.msg_hdr = source;
            if control_length == 0 {
                header.msg_hdr.msg_control = ptr::null_mut();
            }
            header.msg_hdr.msg_controllen = control_length;
            header.msg_hdr.msg_flags = 0;
            self.queued += 1;
        }
    }

    /// Adds a datagram of its own to those that the next send takes: to `peer` from the address that it asked, or for
    /// `None` to wherever the socket is connected. False if the batch is full or the datagram is longer than a frame.
    /// A batch that composes does not receive.
    pub fn compose(&mut self, peer: Option<&Peer>, bytes: &[u8]) -> bool {
        if self.queued >= BATCH || bytes.len() > FRAME_BYTES {
            return false;
        }
        let frame = self.frame(self.queued);
        // SAFETY: the frame is alive and nothing borrows it: `self` is borrowed mutably.
        let room = unsafe { &mut (*frame).bytes };
        let Some(place) = room.get_mut(..bytes.len()) else { return false };
        place.copy_from_slice(bytes);
        let start = room.as_mut_ptr();
        // SAFETY: as above; the slice of its bytes is no longer used.
        unsafe { (*frame).vector = libc::iovec { iov_base: start.cast(), iov_len: bytes.len() } };
        let mut header = empty_header();
        // SAFETY: the frame is alive; only an address inside it is taken.
        header.msg_iov = unsafe { &raw mut (*frame).vector };
        header.msg_iovlen = 1;
        if let Some(peer) = peer {
            let (name, name_length) = encode_name(peer.address);
            // SAFETY: the frame is alive and nothing borrows it.
            unsafe { (*frame).name = name };
            // SAFETY: the frame is alive; only an address inside it is taken.
            header.msg_name = unsafe { &raw mut (*frame).name }.cast();
            header.msg_namelen = name_length as libc::socklen_t;
            let (control, control_length) = encode_asked(peer.asked);
            if control_length > 0 {
                // SAFETY: the frame is alive and nothing borrows it.
                unsafe { (*frame).control = control };
                // SAFETY: the frame is alive; only an address inside it is taken.
                header.msg_control = unsafe { &raw mut (*frame).control }.cast();
                header.msg_controllen = control_length;
            }
        }
        if let Some(outgoing) = self.outgoing.get_mut(self.queued) {
            outgoing.msg_hdr = header;
            self.queued += 1;
        }
        // The frame's vector no longer spans the whole frame: a later receive must make it ready again.
        self.received = self.received.max(self.queued);
        true
    }

    /// Forgets what was composed.
    pub const fn forget(&mut self) {
        self.queued = 0;
    }

    /// How many datagrams the next send takes.
    pub const fn queued(&self) -> usize {
        self.queued
    }

    /// Sends the answers marked since the last receive, or what was composed. A peer that cannot be reached loses its
    /// own datagram only.
    pub fn send(&mut self, socket: &UdpSocket) -> Sent {
        let (mut at, mut sent, mut error) = (0, 0, None);
        while at < self.queued {
            let Some(rest) = self.outgoing.get_mut(at..self.queued) else { break };
            let count = rest.len() as libc::c_uint;
            // SAFETY: the headers from `at` on point at live frames of this batch and nothing borrows them; sending
            // reads the frames and writes only `msg_len`.
            let taken =
                unsafe { libc::sendmmsg(socket.as_raw_fd(), rest.as_mut_ptr(), count, libc::MSG_DONTWAIT) };
            match usize::try_from(taken) {
                Ok(taken) if taken > 0 => {
                    at += taken;
                    sent += taken;
                }
                // The first of the rest failed: leave it out. With the buffer full this loses answers, as it must.
                _ => {
                    error = Some(io::Error::last_os_error().kind());
                    at += 1;
                }
            }
        }
        self.queued = 0;
        Sent { count: sent, error }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let frames = ptr::slice_from_raw_parts_mut(self.frames, BATCH);
        // SAFETY: `frames` came from `Box::into_raw` of a slice of BATCH frames and is given back once, here.
        drop(unsafe { Box::from_raw(frames) });
    }
}

const fn empty_header() -> libc::msghdr {
    libc::msghdr {
        msg_name: ptr::null_mut(),
        msg_namelen: 0,
        msg_iov: ptr::null_mut(),
        msg_iovlen: 0,
        msg_control: ptr::null_mut(),
        msg_controllen: 0,
        msg_flags: 0,
    }
}

fn headers() -> Box<[libc::mmsghdr]> {
    (0..BATCH).map(|_| libc::mmsghdr { msg_hdr: empty_header(), msg_len: 0 }).collect()
}

/// Reads `N` bytes at `at`.
fn part<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + value.len()) {
        place.copy_from_slice(value);
    }
}

/// A socket address as the kernel lays it out: `sockaddr_in` or `sockaddr_in6`.
fn encode_name(address: SocketAddr) -> ([u8; NAME_BYTES], usize) {
    let mut name = [0; NAME_BYTES];
    put(&mut name, 2, &address.port().to_be_bytes());
    match address {
        SocketAddr::V4(v4) => {
            put(&mut name, 0, &(libc::AF_INET as u16).to_ne_bytes());
            put(&mut name, 4, &v4.ip().octets());
            (name, size_of::<libc::sockaddr_in>())
        }
        SocketAddr::V6(v6) => {
            put(&mut name, 0, &(libc::AF_INET6 as u16).to_ne_bytes());
            put(&mut name, 4, &v6.flowinfo().to_be_bytes());
            put(&mut name, 8, &v6.ip().octets());
            put(&mut name, 24, &v6.scope_id().to_ne_bytes());
            (name, NAME_BYTES)
        }
    }
}

fn decode_name(name: &[u8; NAME_BYTES]) -> Option<SocketAddr> {
    let port = u16::from_be_bytes(part(name, 2)?);
    match i32::from(u16::from_ne_bytes(part(name, 0)?)) {
        libc::AF_INET => Some(SocketAddrV4::new(Ipv4Addr::from(part::<4>(name, 4)?), port).into()),
        libc::AF_INET6 => {
            let address = Ipv6Addr::from(part::<16>(name, 8)?);
            Some(SocketAddrV6::new(address, port, 0, u32::from_ne_bytes(part(name, 24)?)).into())
        }
        _ => None,
    }
}

/// The address that was asked, from the one control message the socket asked for.
fn decode_asked(control: &[u8; CONTROL_BYTES], length: usize) -> Option<(IpAddr, u32)> {
    let length = length.min(usize::from_ne_bytes(part(control, 0)?));
    let level = i32::from_ne_bytes(part(control, 8)?);
    let kind = i32::from_ne_bytes(part(control, 12)?);
    match (level, kind) {
        (libc::IPPROTO_IP, libc::IP_PKTINFO) if length >= CONTROL_HEAD + 12 => {
            // `ipi_spec_dst`, the local address; the interface is left to the routing table.
            Some((Ipv4Addr::from(part::<4>(control, CONTROL_HEAD + 4)?).into(), 0))
        }
        (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) if length >= CONTROL_HEAD + 20 => {
            let address = Ipv6Addr::from(part::<16>(control, CONTROL_HEAD)?);
            let interface = u32::from_ne_bytes(part(control, CONTROL_HEAD + 16)?);
            // Only a link-local address means nothing without its interface.
            Some((address.into(), if address.is_unicast_link_local() { interface } else { 0 }))
        }
        _ => None,
    }
}

/// The control message that makes a datagram leave from `asked`, and its length; none for `None`.
fn encode_asked(asked: Option<(IpAddr, u32)>) -> (Control, usize) {
    let mut control = Control([0; CONTROL_BYTES]);
    let bytes = &mut control.0;
    let (level, kind, payload) = match asked {
        None => return (control, 0),
        Some((IpAddr::V4(address), _)) => {
            put(bytes, CONTROL_HEAD + 4, &address.octets());
            (libc::IPPROTO_IP, libc::IP_PKTINFO, 12)
        }
        Some((IpAddr::V6(address), interface)) => {
            put(bytes, CONTROL_HEAD, &address.octets());
            put(bytes, CONTROL_HEAD + 16, &interface.to_ne_bytes());
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, 20)
        }
    };
    put(bytes, 0, &(CONTROL_HEAD + payload).to_ne_bytes());
    put(bytes, 8, &level.to_ne_bytes());
    put(bytes, 12, &kind.to_ne_bytes());
    (control, (CONTROL_HEAD + payload).next_multiple_of(size_of::<usize>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Poll;
    use std::time::Duration;

    /// Waits until `socket` can be read and receives.
    fn receive(batch: &mut Batch, socket: &UdpSocket) -> usize {
        let mut ready = Vec::new();
        let patience = Some(Duration::from_secs(10));
        Poll::new().unwrap().wait([(socket, 0)], patience, &mut ready).unwrap();
        batch.receive(socket).unwrap()
    }

    fn client(address: &str) -> UdpSocket {
        let socket = UdpSocket::bind(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        socket
    }

    /// Asks `ask` from `from`; the gate is bound to `bind`. The answer must come from the address that was asked.
    fn answered_from_the_asked_address(bind: &str, dual: bool, from: &str, ask: &str, now_or_later: bool) {
        let gate = bind_shared(bind.parse().unwrap(), dual, 1 << 20).unwrap();
        let port = gate.local_addr().unwrap().port();
        let asked = SocketAddr::new(ask.parse().unwrap(), port);
        let device = client(from);
        device.send_to(b"question", asked).unwrap();
        let mut batch = Batch::new();
        assert_eq!(receive(&mut batch, &gate), 1);
        let peer = batch.peer(0).unwrap();
        assert_eq!(peer.address(), device.local_addr().unwrap());
        if now_or_later {
            let (length, buffer) = batch.datagram(0).unwrap();
            assert_eq!(&buffer[..length], b"question");
            buffer[..6].copy_from_slice(b"answer");
            batch.answer(0, 6);
            assert_eq!(batch.send(&gate), Sent { count: 1, error: None });
        } else {
            send(&gate, &peer, b"answer").unwrap();
        }
        let mut buffer = [0; 64];
        let (length, sender) = device.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..length], sender), (&b"answer"[..], asked));
    }

    #[test]
    fn an_answer_leaves_from_the_address_that_was_asked() {
        for now in [true, false] {
            answered_from_the_asked_address("0.0.0.0:0", false, "127.0.0.7:0", "127.0.0.53", now);
            answered_from_the_asked_address("127.0.0.1:0", false, "127.0.0.7:0", "127.0.0.1", now);
            answered_from_the_asked_address("[::]:0", false, "[::1]:0", "::1", now);
            answered_from_the_asked_address("[::]:0", true, "[::1]:0", "::1", now);
            answered_from_the_asked_address("[::]:0", true, "127.0.0.9:0", "127.0.0.54", now);
        }
    }

    #[test]
    fn a_batch_answers_some_and_forgets_the_rest() {
        let gate = bind_shared("127.0.0.1:0".parse().unwrap(), false, 1 << 20).unwrap();
        let device = client("127.0.0.1:0");
        device.connect(gate.local_addr().unwrap()).unwrap();
        let mut batch = Batch::new();
        for round in 0..3u8 {
            for number in 0..10u8 {
                device.send(&[round, number]).unwrap();
            }
            let received = receive(&mut batch, &gate);
            assert_eq!(received, 10);
            for index in (0..received).step_by(2) {
                let (length, buffer) = batch.datagram(index).unwrap();
                buffer[length] = 0xff;
                batch.answer(index, length + 1);
            }
            assert_eq!(batch.send(&gate).count, 5);
            for number in (0..10u8).step_by(2) {
                let mut buffer = [0; 8];
                let length = device.recv(&mut buffer).unwrap();
                assert_eq!(buffer[..length], [round, number, 0xff]);
            }
        }
        assert!(batch.datagram(10).is_none() && batch.peer(10).is_none());
    }

    #[test]
    fn composed_datagrams_go_to_their_peers_or_where_the_socket_is_connected() {
        let gate = bind_shared("0.0.0.0:0".parse().unwrap(), false, 1 << 20).unwrap();
        let port = gate.local_addr().unwrap().port();
        let device = client("127.0.0.3:0");
        device.connect(SocketAddr::new("127.0.0.53".parse().unwrap(), port)).unwrap();
        device.send(b"question").unwrap();
        let (mut batch, mut outbox) = (Batch::new(), Batch::new());
        assert_eq!(receive(&mut batch, &gate), 1);
        let peer = batch.peer(0).unwrap();
        for number in 0..BATCH as u8 {
            assert!(outbox.compose(Some(&peer), &[number; 100]));
        }
        assert!(!outbox.compose(Some(&peer), b"one too many"));
        assert_eq!(outbox.send(&gate).count, BATCH);
        let mut buffer = [0; 2048];
        for number in 0..BATCH as u8 {
            assert_eq!(device.recv(&mut buffer).unwrap(), 100);
            assert_eq!(buffer[0], number);
        }
        assert!(outbox.compose(None, b"to the gate"));
        assert!(!outbox.compose(None, &[0; FRAME_BYTES + 1]));
        assert_eq!(outbox.send(&device).count, 1);
        assert_eq!(receive(&mut batch, &gate), 1);
        assert_eq!(batch.datagram(0).unwrap().0, 11);
        // A batch that composed can receive whole datagrams afterwards.
        device.send(&[9; 1400]).unwrap();
        assert_eq!(receive(&mut outbox, &gate), 1);
        assert_eq!(outbox.datagram(0).unwrap().0, 1400);
    }

    #[test]
    fn two_sockets_share_a_port() {
        let first = bind_shared("127.0.0.1:0".parse().unwrap(), false, 4096).unwrap();
        let address = first.local_addr().unwrap();
        assert_eq!(bind_shared(address, false, 4096).unwrap().local_addr().unwrap(), address);
    }

    #[test]
    fn a_long_datagram_arrives_cut_and_nothing_to_read_is_no_wait() {
        let gate = bind_shared("127.0.0.1:0".parse().unwrap(), false, 1 << 20).unwrap();
        let mut batch = Batch::new();
        assert_eq!(batch.receive(&gate).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let device = client("127.0.0.1:0");
        device.send_to(&[1; 4000], gate.local_addr().unwrap()).unwrap();
        assert_eq!(receive(&mut batch, &gate), 1);
        assert_eq!(batch.datagram(0).unwrap().0, FRAME_BYTES);
    }

    #[test]
    fn addresses_go_to_the_kernels_form_and_back() {
        for text in ["127.0.0.1:53", "[2001:db8::1]:65535", "[fe80::1%3]:53"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(decode_name(&encode_name(address).0), Some(address));
        }
        for asked in [("192.0.2.1", 0), ("fe80::1", 4), ("2001:db8::1", 0)] {
            let asked = (asked.0.parse().unwrap(), asked.1);
            let (control, length) = encode_asked(Some(asked));
            assert_eq!(decode_asked(&control.0, length), Some(asked));
        }
    }
}
