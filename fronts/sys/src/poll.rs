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

/// A set of descriptors that one thread waits on (`epoll`, level-triggered, for reading).
#[derive(Debug)]
pub struct Poll {
    epoll: OwnedFd,
    events: Vec<libc::epoll_event>,
}

impl Poll {
    /// An empty set that reports at most 64 descriptors a wait.
    pub fn new() -> io::Result<Self> {
        // SAFETY: takes no pointer; the result is checked.
        let fd = checked(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        Ok(Self { epoll: owned(fd), events: vec![libc::epoll_event { events: 0, u64: 0 }; 64] })
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
    /// puts the tokens into `ready`. An interruption by a signal counts as nothing being ready.
    pub fn wait(&mut self, at_most: Option<Duration>, ready: &mut Vec<u64>) -> io::Result<()> {
        ready.clear();
        let millis =
            at_most.map_or(-1, |wait| i32::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX));
        let room = i32::try_from(self.events.len()).unwrap_or(i32::MAX);
        // SAFETY: `events` is a live buffer of `room` entries, which is all the kernel may write.
        let count = checked(unsafe {
            libc::epoll_wait(self.epoll.as_raw_fd(), self.events.as_mut_ptr(), room, millis)
        });
        match count {
            Ok(count) => {
                ready.extend(
                    self.events.iter().take(usize::try_from(count).unwrap_or(0)).map(|event| event.u64),
                );
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
        }
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
    use std::sync::Arc;

    #[test]
    fn a_wake_from_another_thread_ends_a_wait_once() {
        let mut poll = Poll::new().unwrap();
        let wake = Arc::new(Wake::new().unwrap());
        poll.add(&*wake, 7).unwrap();
        let mut ready = Vec::new();
        poll.wait(Some(Duration::ZERO), &mut ready).unwrap();
        assert!(ready.is_empty());

        let other = Arc::clone(&wake);
        let thread = std::thread::spawn(move || {
            other.wake();
            other.wake();
        });
        poll.wait(Some(Duration::from_secs(10)), &mut ready).unwrap();
        assert_eq!(ready, [7]);
        thread.join().unwrap();
        wake.clear();
        poll.wait(Some(Duration::ZERO), &mut ready).unwrap();
        assert!(ready.is_empty());
    }
}
