//! Which ports of websites the proxy opens.

use std::str::FromStr;

/// Some ports: single ones and spans.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ports(Vec<(u16, u16)>);

impl Ports {
    /// What `CONNECT` may name. Not 80: a plain page inside a tunnel would be decided by its name alone, though the
    /// proxy could see its whole address.
    pub fn for_tunnels() -> Self {
        [443, 8443].into_iter().collect()
    }

    /// What a plain address may name: those that are kept for the web, and everything above those that are kept for
    /// something else. A web address that names the port of a mail or file server is no web page, and a form sent
    /// there can be taken for that server's own commands. Squid's `Safe_ports` draws the line in the same place.
    pub fn for_pages() -> Self {
        Self(vec![(80, 80), (443, 443), (1024, u16::MAX)])
    }

    /// Whether the port is one of them.
    pub fn contains(&self, port: u16) -> bool {
        self.0.iter().any(|&(first, last)| (first..=last).contains(&port))
    }

    /// Adds one.
    pub fn push(&mut self, port: u16) {
        self.0.push((port, port));
    }
}

impl FromIterator<Self> for Ports {
    fn from_iter<T: IntoIterator<Item = Self>>(several: T) -> Self {
        Self(several.into_iter().flat_map(|ports| ports.0).collect())
    }
}

impl FromIterator<u16> for Ports {
    fn from_iter<T: IntoIterator<Item = u16>>(ports: T) -> Self {
        Self(ports.into_iter().map(|port| (port, port)).collect())
    }
}

/// A text is no port and no span of ports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no port; write one as 443, or several as 1024-65535")]
pub struct NotAPort(String);

impl FromStr for Ports {
    type Err = NotAPort;
    fn from_str(text: &str) -> Result<Self, NotAPort> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let port = |text: &str| text.trim().parse().ok().filter(|&port: &u16| port != 0);
        match (port(first), port(last)) {
            (Some(first), Some(last)) if first <= last => Ok(Self(vec![(first, last)])),
            _ => Err(NotAPort(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_singly_and_in_spans_and_odd_ones_are_refused() {
        let ports: Ports = "1024 - 1030".parse().unwrap();
        assert!(
            ports.contains(1024) && ports.contains(1030) && !ports.contains(1023) && !ports.contains(1031)
        );
        assert!("443".parse::<Ports>().unwrap().contains(443));
        for odd in ["", "0", "65536", "90-80", "80-", "-80", "http", "80,81", "0-80"] {
            assert!(odd.parse::<Ports>().unwrap_err().to_string().contains("1024-65535"), "{odd}");
        }
    }

    #[test]
    fn mail_and_file_servers_are_not_websites() {
        let pages = Ports::for_pages();
        for port in [1, 21, 22, 25, 53, 110, 143, 445, 587, 993] {
            assert!(!pages.contains(port), "{port}");
        }
        assert!([80, 443, 8000, 8080].into_iter().all(|port| pages.contains(port)));
        assert!(!Ports::for_tunnels().contains(80));
    }
}
