//! How a question to the name server came.

use serde::{Deserialize, Serialize};

/// How a question to the name server came, and how its answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// One datagram.
    Udp,
    /// A stream.
    Tcp,
    /// An encrypted stream (RFC 7858).
    Tls,
    /// A response of HTTP (RFC 8484).
    Https,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Udp, Self::Tcp, Self::Tls, Self::Https];

    /// The word used in logs. An id is an API: it never changes.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Https => "https",
        }
    }

    /// The one with that word.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|transport| transport.id() == id)
    }

    /// Whether nobody on the way can read along.
    pub const fn is_encrypted(self) -> bool {
        matches!(self, Self::Tls | Self::Https)
    }
}
