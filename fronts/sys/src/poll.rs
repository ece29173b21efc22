//! Waiting for sockets, and waking a thread that waits.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// Turns what a system call returned into a result.
pub(crate) fn checked(returned: libc::c_int) -> io::Result<libc::c_int> {
    if returned < 0 { Err(io::Error::last_os_error()) } else { Ok(returned) }
}

/// Takes over a descriptor that a system call just made.
pub(crate) fn owned(fd: RawFd) -> OwnedFd {
    // SAFETY: the callers pass a descriptor that the kernel returned to them a moment ago and that nothing else holds.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// A set of descriptors that one thread waits on, level-triggered, for reading.
///
/// Those that are seldom ready are watched by `epoll`. Busy ones are handed to each wait, which is one `poll` over them
/// and the set: a socket in an `epoll` set has somebody waiting for it for ever, and so the kernel takes the set's lock
/// for every datagram that is sent through it, a tenth of an answer's whole cost.
#[derive(Debug)]
pub struct Poll {
    epoll: OwnedFd,
    events: Vec<libc::epoll_event>,
    polled: Vec<libc::pollfd>,
}

impl Poll {
    /// An empty set that reports at most 64 descriptors a wait.
    pub fn new() -> io::Result<Self> {
        // SAFETY: takes no pointer; the result is checked.
        let fd = checked(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        Ok(Self {
            epoll: owned(fd),
            events: vec![libc::epoll_event { events: 0, u64: 0 }; 64],
            polled: Vec::new(),
        })
    }

    /// Watches `fd` until it is closed; `token` comes back whenever it can be read.
    pub fn add(&self, fd: &impl AsFd, token: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: token };
        // SAFETY: both descriptors are open (they are borrowed), and `event` lives until the call returns.
        checked(unsafe {
            libc::epoll_ctl(
                self.epoll.as_raw_fd(),
                libc::EPOLL_CTL_ADD,
                fd.as_fd().as_raw_fd(),
                &raw mut event,
            )
        })?;
        Ok(())
    }

    /// Waits until something can be read or `at_most` has passed (rounded up to a millisecond; `None` waits on), and
    /// puts the tokens into `ready`. Each of `busy` comes with the token that says it can be read. An interruption by a
    /// signal counts as nothing being ready.
    pub fn wait<F: AsFd>(
        &mut self,
        busy: impl IntoIterator<Item = (F, u64)> + Clone,
        at_most: Option<Duration>,
        ready: &mut Vec<u64>,
    ) -> io::Result<()> {
        ready.clear();
        let millis =
            at_most.map_or(-1, |wait| i32::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX));
        let readable = |fd: RawFd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        self.polled.clear();
        self.polled.push(readable(self.epoll.as_raw_fd()));
        self.polled.extend(busy.clone().into_iter().map(|(fd, _)| readable(fd.as_fd().as_raw_fd())));
        // SAFETY: `polled` is a live buffer of that many entries, in which alone the kernel writes.
        let polled = checked(unsafe {
            libc::poll(self.polled.as_mut_ptr(), self.polled.len() as libc::nfds_t, millis)
        });
        match polled {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        }
        let mut polled = self.polled.iter().map(|polled| polled.revents != 0);
        let seldom = polled.next().unwrap_or(false);
        ready.extend(
            busy.into_iter().zip(polled).filter(|(_, is_ready)| *is_ready).map(|((_, token), _)| token),
        );
        if seldom {
            let room = i32::try_from(self.events.len()).unwrap_or(i32::MAX);
            // SAFETY: `events` is a live buffer of `room` entries, which is all the kernel may write.
            let count = checked(unsafe {
                libc::epoll_wait(self.epoll.as_raw_fd(), self.events.as_mut_ptr(), room, 0)
            });
            match count {
                Ok(count) => {
                    let count = usize::try_from(count).unwrap_or(0);
                    ready.extend(self.events.iter().take(count).map(|event| event.u64));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Wakes a thread that waits in a [`Poll`] (`eventfd`). Many wakes before the thread looks are one.
#[derive(Debug)]
pub struct Wake(OwnedFd);

impl Wake {
    /// A wake that has not been given.
    pub fn new() -> io::Result<Self> {
        // SAFETY: takes no pointer; the result is checked.
        let fd = checked(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
        Ok(Self(owned(fd)))
    }

    /// Wakes the thread.
    pub fn wake(&self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: `one` is eight readable bytes. The only failure is a counter that is full, which wakes just as well.
        let _ = unsafe { libc::write(self.0.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    /// Takes the wakes given so far, so that the next wait sleeps again.
    pub fn clear(&self) {
        let mut count = [0u8; 8];
        // SAFETY: `count` is eight writable bytes, what an eventfd gives. "Nothing to read" is no failure here.
        let _ = unsafe { libc::read(self.0.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::sync::Arc;

    const NOTHING_BUSY: [(&UdpSocket, u64); 0] = [];

    #[test]
    fn a_wake_from_another_thread_ends_a_wait_once() {
        let mut poll = Poll::new().unwrap();
        let wake = Arc::new(Wake::new().unwrap());
        poll.add(&*wake, 7).unwrap();
        let mut ready = Vec::new();
        poll.wait(NOTHING_BUSY, Some(Duration::ZERO), &mut ready).unwrap();
        assert!(ready.is_empty());

        let other = Arc::clone(&wake);
        let thread = std::thread::spawn(move || {
            other.wake();
            other.wake();
        });
        poll.wait(NOTHING_BUSY, Some(Duration::from_secs(10)), &mut ready).unwrap();
        assert_eq!(ready, [7]);
        thread.join().unwrap();
        wake.clear();
        poll.wait(NOTHING_BUSY, Some(Duration::ZERO), &mut ready).unwrap();
        assert!(ready.is_empty());
    }

    #[test]
    fn busy_sockets_and_seldom_ones_are_told_apart_and_each_is_heard() {
        let socket = || UdpSocket::bind("127.0.0.1:0").unwrap();
        let (first, second, seldom) = (socket(), socket(), socket());
        let mut poll = Poll::new().unwrap();
        poll.add(&seldom, 3).unwrap();
        let mut ready = Vec::new();
        let mut heard = |to: &[&UdpSocket]| {
            for socket in to {
                first.send_to(b"x", socket.local_addr().unwrap()).unwrap();
            }
            poll.wait([(&first, 1), (&second, 2)], Some(Duration::from_secs(10)), &mut ready).unwrap();
            for socket in to {
                socket.recv(&mut [0; 8]).unwrap();
            }
            ready.clone()
        };
        assert_eq!(heard(&[&second]), [2]);
        assert_eq!(heard(&[&seldom]), [3]);
        assert_eq!(heard(&[&seldom, &first]), [1, 3]);
        poll.wait([(&first, 1)], Some(Duration::ZERO), &mut ready).unwrap();
        assert!(ready.is_empty());
    }
}
