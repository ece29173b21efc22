//! Datagrams by the batch, each with the peer it came from or goes to.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;

use super::kernel::{
    CONTROL_BYTES, Control, NAME_BYTES, decode_asked, decode_name, encode_asked, encode_name,
};
use super::{BATCH, FRAME_BYTES};
use crate::poll::checked;

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
