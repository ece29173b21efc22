//! What the front has done, in numbers that hold nothing about anybody.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// The running counters of one thread. Only that thread writes; anyone may read.
        #[derive(Debug, Default)]
        #[repr(align(128))]
        pub struct Counting {
            $(pub(crate) $name: Counter,)*
        }

        /// The counters of all threads at one moment.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Counters {
            $($(#[doc = $doc])* pub $name: u64,)*
        }

        impl Counting {
            /// This thread's counters now.
            pub fn now(&self) -> Counters {
                let mut counters = Counters::default();
                counters.add(self);
                counters
            }
        }

        impl Counters {
            /// Each with its name and what it counts.
            pub fn named(&self) -> Vec<(&'static str, u64, &'static str)> {
                vec![$((stringify!($name), self.$name, concat!($($doc,)*).trim_ascii()),)*]
            }

            /// Adds one thread's counters.
            pub(crate) fn add(&mut self, counting: &Counting) {
                $(self.$name += counting.$name.get();)*
            }
        }
    };
}

counters! {
    /// Messages that came in and could be a question.
    questions,
    /// Answers given, refusals and errors included.
    answers,
    /// Of the answers, those that a decision blocked.
    blocked,
    /// Of the answers, those from the cache.
    cached,
    /// Of the answers, those that say that no upstream could help (`SERVFAIL`).
    failed,
    /// Questions sent to upstreams.
    asked_upstream,
    /// Upstreams that did not answer in time or could not be reached, each time.
    upstream_failures,
    /// Answers of upstreams that did not match what was asked: a wrong id, question or spelling.
    mismatched,
    /// Messages that got no answer: rubbish, responses, and answers that the kernel did not take.
    dropped,
    /// Questions given up because too many waited.
    overflowed,
    /// Datagrams beyond what their address may ask: half of them got a short answer, the others none.
    limited,
    /// Questions over streams that waited for their address's turn, or were not taken since it was too far away.
    slowed,
    /// Questions of which a router said that two registered devices ask at once: the device itself wrote one of them.
    doubted,
}

/// One counter.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// One more. There is one writer, so no locked instruction is needed.
    pub(crate) fn one(&self) {
        self.many(1);
    }

    /// So many more.
    pub(crate) fn many(&self, count: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
