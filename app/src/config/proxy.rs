//! `[proxy]`.

use std::net::{IpAddr, SocketAddr};

use front_proxy::{NotAPort, Ports};
use serde::{Deserialize, Serialize};

/// The proxy front.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Proxy {
    /// Where browsers send their requests.
    pub listen: Vec<SocketAddr>,
    /// Worker threads; one a core if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// Private addresses that may be reached through the proxy all the same; everything else inside is refused.
    #[serde(default)]
    pub inside: Vec<Inside>,
    /// Names that browsers fetch without the proxy, as the PAC file tells them.
    #[serde(default)]
    pub direct: Vec<String>,
    /// The ports that an encrypted connection may go to; 443 and 8443 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_ports: Option<Vec<Port>>,
    /// The ports that a plain web address may name; 80, 443 and all from 1024 if left out. What stands in `inside`
    /// needs no place here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_ports: Option<Vec<Port>>,
}

/// One port, or several in a row.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged, expecting = "a port is a number such as 443, or several are a text such as \"1024-65535\"")]
pub enum Port {
    One(u16),
    Several(String),
}

impl Port {
    /// As the proxy takes it.
    pub fn ports(&self) -> Result<Ports, NotAPort> {
        match self {
            Self::One(port) => port.to_string().parse(),
            Self::Several(text) => text.parse(),
        }
    }
}

/// A private address and port that the proxy may connect to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Inside {
    pub address: IpAddr,
    pub port: u16,
}
