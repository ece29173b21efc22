//! What the proxy has done, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// Counts since the start. They only rise, but for those that say how many there are now.
        #[derive(Debug, Default)]
        pub struct Counters { $($(#[doc = $doc])* pub $name: AtomicU64,)* }

        /// The counts at one moment.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Counts { $($(#[doc = $doc])* pub $name: u64,)* }

        impl Counts {
            /// Each with its name and what it counts.
            pub fn named(&self) -> Vec<(&'static str, u64, &'static str)> {
                vec![$((stringify!($name), self.$name, concat!($($doc,)*).trim_ascii()),)*]
            }
        }

        impl Counters {
            /// The counts now.
            pub fn now(&self) -> Counts {
                Counts { $($name: self.$name.load(Ordering::Relaxed),)* }
            }
        }
    };
}

counters! {
    /// Connections accepted.
    connections,
    /// Connections there are now.
    open,
    /// Connections turned away with a 503 because there were too many.
    turned_away,
    /// Plain requests forwarded.
    forwarded,
    /// Tunnels opened.
    tunnels,
    /// Bytes that passed through tunnels and upgraded connections, both ways.
    tunnel_bytes,
    /// Bytes of answers passed on.
    answer_bytes,
    /// Requests that the policy blocked.
    blocked,
    /// Requests refused because they were not proper HTTP.
    refused,
    /// Requests refused because they led to the school's own services.
    private,
    /// Open connections closed because the policy changed.
    closed_by_change,
    /// Connections closed because a time limit passed.
    timed_out,
    /// Requests whose site could not be found or reached.
    unreachable,
    /// Accepts that failed, for want of file descriptors for instance.
    accept_errors,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, by: u64) {
        counter.fetch_add(by, Ordering::Relaxed);
    }
}
