//! One request, with every fact its front has resolved.

use std::net::IpAddr;

use crate::identity::Identity;
use kit::{Host, HostName};

/// Which front is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Front {
    /// A DNS question.
    Dns = 0,
    /// A request through the explicit proxy, with its whole URL.
    Proxy = 1,
    /// A `CONNECT` through the explicit proxy: only the host and port are seen.
    Connect = 2,
    /// A person asking `explain`; nothing is fetched.
    Explain = 3,
}

impl Front {
    /// The word used in logs.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Proxy => "proxy",
            Self::Connect => "connect",
            Self::Explain => "explain",
        }
    }

    /// The front with that word.
    pub fn from_id(id: &str) -> Option<Self> {
        (0..4).filter_map(Self::from_number).find(|front| front.id() == id)
    }

    /// The front with that number, as kept in the activity log.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Dns,
            1 => Self::Proxy,
            2 => Self::Connect,
            3 => Self::Explain,
            _ => return None,
        })
    }
}

/// One request. It is plain borrowed facts: making one costs nothing, and deciding it allocates nothing but
/// for a path with percent codes.
///
/// Two fronts that hold the same identity, host, chain and addresses get the same answer about the host, whichever of
/// them asks and whether or not one of them also sees a path.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The host asked for.
    pub host: Host<'a>,
    /// The port asked for, where the front knows one.
    pub port: Option<u16>,
    /// The canonical path with its query, starting with `/`, where the front sees one: as [`kit::path::canonical`] writes
    /// it. What seals or blocks is asked with [`kit::path::other_readings`] of it too, what opens with this alone.
    pub path: Option<&'a str>,
    /// The path with its query as it was sent, where a front sees one: expressions that block are asked with it too, for
    /// they may be about the very spelling (`//`, `%2e`). It may be missing where it is the same as `path`.
    pub as_sent: Option<&'a str>,
    /// The names that the host's answer went through (`CNAME`), nearest first; empty before an answer is known.
    pub chain: &'a [HostName<'a>],
    /// The addresses that the host resolved to; empty before an answer is known.
    pub addresses: &'a [IpAddr],
    /// Who is asking.
    pub identity: &'a Identity,
    /// Which front is asking.
    pub front: Front,
}
