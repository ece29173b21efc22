//! One entry of a list, in the form the index takes.

use std::net::IpAddr;

use kit::HostName;

/// One entry of a list. Borrowed: reading a list of plain names allocates nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry<'a> {
    /// A name, and everything below it.
    Below(HostName<'a>),
    /// This name only.
    Exact(HostName<'a>),
    /// All addresses from the first to the last, of one family.
    Range(IpAddr, IpAddr),
    /// Every URL on this host (with or without `www.`) whose path starts so. The path starts with `/`, is in canonical
    /// form and in lower case.
    Path(HostName<'a>, &'a str),
    /// An expression on the whole URL, in the syntax of the `regex` crate.
    Expression(&'a str),
}

/// Takes the entries of a list as they are read.
pub trait Sink {
    /// Takes one.
    fn take(&mut self, entry: Entry<'_>);

    /// Whether it holds as much as it may, so that no more of the list is read.
    fn is_full(&self) -> bool {
        false
    }
}

impl<F: FnMut(Entry<'_>)> Sink for F {
    fn take(&mut self, entry: Entry<'_>) {
        self(entry);
    }
}
