//! Bytes from one socket to another without a copy through this program: `splice(2)` over a pipe.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

/// A pipe that bytes pass through on their way between two sockets. It costs memory only while bytes are in it, and
/// two file descriptors while it exists.
#[derive(Debug)]
pub struct Pipe {
    out: OwnedFd,
    into: OwnedFd,
}

/// How much one [`Pipe::fill`] asks for at most: what a pipe holds unless told otherwise.
pub const PIPE_BYTES: usize = 64 * 1024;

impl Pipe {
    /// A new, empty pipe, closed when this program runs another.
    pub fn new() -> io::Result<Self> {
        let mut ends: [RawFd; 2] = [-1; 2];
        // SAFETY: `ends` is a valid place for the two descriptors that pipe2 writes.
        let result = unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        let [out, into] = ends;
        // SAFETY: pipe2 succeeded, so this is an open descriptor that nothing else owns.
        let out = unsafe { OwnedFd::from_raw_fd(out) };
        // SAFETY: as above, for the other end.
        let into = unsafe { OwnedFd::from_raw_fd(into) };
        Ok(Self { out, into })
    }

    /// Moves at most `most` bytes from a socket into the pipe; 0 at the socket's end. Never waits: `WouldBlock` means
    /// that the socket has nothing now, as long as the pipe was empty before.
    pub fn fill(&self, from: &impl AsFd, most: usize) -> io::Result<usize> {
        splice(from.as_fd().as_raw_fd(), self.into.as_raw_fd(), most)
    }

    /// Moves at most `most` bytes out of the pipe to a socket. Never waits: `WouldBlock` means that the socket takes
    /// nothing now, as long as the pipe was not empty.
    pub fn drain(&self, to: &impl AsFd, most: usize) -> io::Result<usize> {
        splice(self.out.as_raw_fd(), to.as_fd().as_raw_fd(), most)
    }
}

fn splice(from: RawFd, to: RawFd, most: usize) -> io::Result<usize> {
    let flags = libc::SPLICE_F_MOVE | libc::SPLICE_F_NONBLOCK;
    loop {
        // SAFETY: both descriptors are open, borrowed from owners that outlive the call; null offsets are what splice
        // wants of pipes and sockets; no memory of this program is touched.
        let moved =
            unsafe { libc::splice(from, std::ptr::null_mut(), to, std::ptr::null_mut(), most, flags) };
        if let Ok(moved) = usize::try_from(moved) {
            return Ok(moved);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (near, listener.accept().unwrap().0)
    }

    #[test]
    fn bytes_pass_whole_and_in_order_until_the_end() {
        let (mut client, gate_in) = pair();
        let (gate_out, mut origin) = pair();
        let sent: Vec<u8> = (0..300_000u32).map(|number| (number % 251) as u8).collect();
        let copy = sent.clone();
        let writer = std::thread::spawn(move || client.write_all(&copy).unwrap());
        let reader = std::thread::spawn(move || {
            let mut got = Vec::new();
            origin.read_to_end(&mut got).unwrap();
            got
        });
        let pipe = Pipe::new().unwrap();
        loop {
            let moved = pipe.fill(&gate_in, PIPE_BYTES).unwrap();
            if moved == 0 {
                break;
            }
            let mut left = moved;
            while left > 0 {
                left -= pipe.drain(&gate_out, left).unwrap();
            }
        }
        drop(gate_out);
        writer.join().unwrap();
        assert!(reader.join().unwrap() == sent);
    }

    #[test]
    fn an_empty_socket_is_not_waited_for() {
        let (_client, gate_in) = pair();
        gate_in.set_nonblocking(true).unwrap();
        let error = Pipe::new().unwrap().fill(&gate_in, PIPE_BYTES).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }
}
