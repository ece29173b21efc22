//! What other threads hand to one that answers.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use front_sys::Wake;

use crate::resolver::{Source, Ticket};
use crate::stream::Reply;

/// One thing handed over.
pub enum Letter {
    /// A device's question that came over a stream.
    Question {
        /// The message.
        bytes: Vec<u8>,
        /// The device, and how it asked.
        source: Source,
        /// Where the answer goes.
        to: Reply,
    },
    /// An upstream's answer over a stream; `None` if there was none.
    Answer {
        /// Which question.
        ticket: Ticket,
        /// The message.
        bytes: Option<Vec<u8>>,
    },
}

/// The letters for one thread, and the bell that wakes it.
pub struct Inbox {
    letters: Mutex<Vec<Letter>>,
    wake: Wake,
    stopping: AtomicBool,
    greeted: AtomicU64,
    heard: AtomicU64,
    leaving: AtomicBool,
    waiting: AtomicUsize,
}

impl Inbox {
    /// An empty inbox.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            letters: Mutex::default(),
            wake: Wake::new()?,
            stopping: AtomicBool::new(false),
            greeted: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            leaving: AtomicBool::new(false),
            waiting: AtomicUsize::new(usize::MAX),
        })
    }

    fn letters(&self) -> MutexGuard<'_, Vec<Letter>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a letter over. Streams bound how many there can be. The first of those that wait wakes the thread: it takes
    /// all, and stops the bell before that.
    pub fn put(&self, letter: Letter) {
        let is_first = {
            let mut letters = self.letters();
            letters.push(letter);
            letters.len() == 1
        };
        if is_first {
            self.wake.wake();
        }
    }

    /// Takes all letters.
    pub fn take(&self) -> Vec<Letter> {
        self.wake.clear();
        self.heard.store(self.greeted.load(Ordering::Acquire), Ordering::Release);
        std::mem::take(&mut *self.letters())
    }

    /// Greets the thread, and says whether it heard the greeting before this one.
    pub fn greet(&self) -> bool {
        let greeted = self.greeted.fetch_add(1, Ordering::AcqRel);
        let heard = self.heard.load(Ordering::Acquire) >= greeted;
        self.wake.wake();
        heard
    }

    /// Asks the thread to take no more datagrams: another program reads them from now on.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
        self.wake.wake();
    }

    /// Whether the thread should take no more datagrams.
    pub fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    /// The thread takes no more datagrams, and that many questions still wait for their answers.
    pub fn still_waiting(&self, questions: usize) {
        self.waiting.store(questions, Ordering::Release);
    }

    /// How many questions a thread that leaves has still to answer; very many before it has come round.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    /// Asks the thread to end.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.wake.wake();
    }

    /// Whether the thread should end.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

impl AsFd for Inbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_does_not_come_round_is_noticed_at_the_second_greeting() {
        let inbox = Inbox::new().unwrap();
        assert!(inbox.greet(), "nothing was said before");
        assert!(!inbox.greet(), "the first was not heard");
        assert!(inbox.take().is_empty());
        assert!(inbox.greet());
    }
}
