//! One entry of a list, in the form the index takes, and what the list says of it.

use std::fmt;
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

/// As people read it: `games.example and all below it`.
impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Below(name) => write!(f, "{} and all below it", name.as_str()),
            Self::Exact(name) => write!(f, "{} alone", name.as_str()),
            Self::Range(first, last) if first == last => write!(f, "{first}"),
            Self::Range(first, last) => write!(f, "{first} to {last}"),
            Self::Path(host, path) => write!(f, "{}{path} and all that begins so", host.as_str()),
            Self::Expression(text) => write!(f, "the expression {text}"),
        }
    }
}

/// What a list says of an entry. Exceptions are the list's own: they take a site out of this list and of no other.
///
/// Between them stands AdGuard's order: an exception goes before a listing, an important listing before an exception, and
/// an important exception before everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Says {
    /// It is in the list.
    Listed,
    /// It is in the list, but for what [`Says::ButNot`] takes out of entries such as this one.
    ListedBut,
    /// It is in the list, and no ordinary exception takes it out.
    ListedImportant,
    /// It is not in the list as far as [`Says::ListedBut`] put it there.
    ButNot,
    /// It is not in the list, unless an important entry put it there.
    Excepted,
    /// It is not in the list, whatever else the list says.
    ExceptedImportant,
}

impl Says {
    /// All of them, each at the place of its number.
    pub const ALL: [Self; 6] = [
        Self::Listed,
        Self::ListedBut,
        Self::ListedImportant,
        Self::ButNot,
        Self::Excepted,
        Self::ExceptedImportant,
    ];

    /// What it takes a site out of. Nothing, where it lists it.
    pub const fn excepts(self) -> &'static [Self] {
        match self {
            Self::Listed | Self::ListedBut | Self::ListedImportant => &[],
            Self::ButNot => &[Self::ListedBut],
            Self::Excepted => &[Self::Listed, Self::ListedBut],
            Self::ExceptedImportant => &[Self::Listed, Self::ListedBut, Self::ListedImportant],
        }
    }
}

/// Takes the entries of a list as they are read.
pub trait Sink {
    /// Takes one. Of expressions and parts of hosts a list can only say that they are listed.
    fn take(&mut self, says: Says, entry: Entry<'_>);

    /// Whether it holds as much as it may, so that no more of the list is read.
    fn is_full(&self) -> bool {
        false
    }
}

impl<F: FnMut(Says, Entry<'_>)> Sink for F {
    fn take(&mut self, says: Says, entry: Entry<'_>) {
        self(says, entry);
    }
}
