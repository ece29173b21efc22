//! Where browsers find the portal.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use lists::url::CanonicalHost;

use crate::config::Config;
use crate::process::supervisor::Bind;

/// Where browsers reach the portal. One that listens on every address of this machine is reached at the address from
/// which the machine asks its name server: that is the one on the school's network.
pub fn address(config: &Config, bind: &Bind) -> SocketAddr {
    let address = bind.portal.unwrap_or(config.portal.listen);
    if !address.ip().is_unspecified() {
        return address;
    }
    let own = config.dns.upstreams.iter().find_map(|upstream| own_address(*upstream));
    SocketAddr::new(own.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), address.port())
}

/// The address of this machine that packets to `peer` would leave from. Nothing is sent to find out.
pub fn own_address(peer: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr =
        if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(peer).ok()?;
    socket.local_addr().ok().map(|own| own.ip())
}

/// How the portal is named in links.
pub fn url(config: &Config, bind: &Bind) -> String {
    config.portal.url.clone().map_or_else(
        || format!("http://{}", address(config, bind)),
        |url| url.trim_end_matches('/').to_owned(),
    )
}

/// The hosts by which browsers know it, for what is published: by the name that `[portal] url` gives it, else by its
/// address and port, since an address may serve other things too. Every command and process comes to the same.
///
/// Beside it stand the zones that the school's own servers answer for, as `*.zone`.
pub fn hosts(config: &Config) -> Vec<String> {
    let zones = config.dns.forwards().flat_map(|(zones, _)| zones).map(|zone| format!("*.{zone}"));
    portal_hosts(config).into_iter().chain(zones).collect()
}

fn portal_hosts(config: &Config) -> Vec<String> {
    let url = config.portal.url.as_deref();
    let secure = url.is_some_and(|url| url.starts_with("https:"));
    let (ip, port) = match url.and_then(lists::url::canonical).map(|url| (url.host, url.port)) {
        Some((CanonicalHost::Name(name), _)) => return vec![name],
        Some((CanonicalHost::Address(ip), port)) => (ip, port.unwrap_or(if secure { 443 } else { 80 })),
        None => {
            let at = address(config, &Bind::default());
            (at.ip().to_canonical(), at.port())
        }
    };
    // A port that the machine is to choose is known to nobody yet.
    vec![if port == 0 { ip.to_string() } else { SocketAddr::new(ip, port).to_string() }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(portal: &str) -> Config {
        Config::parse(&format!(
            "[school]\nname = \"Hillside\"\n[dns]\nlisten = [\"127.0.0.1:5353\"]\nupstreams = [\"127.0.0.1:9\"]\n\
             [proxy]\nlisten = [\"127.0.0.1:3128\"]\n[portal]\n{portal}\n"
        ))
        .unwrap()
    }

    #[test]
    fn a_block_page_never_links_to_an_address_that_is_none() {
        for (portal, named) in [
            ("listen = \"0.0.0.0:8080\"", "http://127.0.0.1:8080"),
            ("listen = \"[::]:8080\"", "http://127.0.0.1:8080"),
            ("listen = \"127.0.0.7:81\"", "http://127.0.0.7:81"),
            ("listen = \"0.0.0.0:8080\"\nurl = \"https://portal.example/\"", "https://portal.example"),
        ] {
            assert_eq!(url(&config(portal), &Bind::default()), named, "{portal}");
        }
    }

    #[test]
    fn what_is_published_names_the_host_that_links_name() {
        for (portal, host) in [
            ("listen = \"127.0.0.7:81\"", "127.0.0.7:81"),
            ("listen = \"127.0.0.7:0\"", "127.0.0.7"),
            ("listen = \"0.0.0.0:8080\"", "127.0.0.1:8080"),
            ("listen = \"[fd00::7]:81\"", "[fd00::7]:81"),
            ("listen = \"127.0.0.1:81\"\nurl = \"https://Portal.School.example./\"", "portal.school.example"),
            ("listen = \"127.0.0.1:81\"\nurl = \"http://fivebar:81\"", "fivebar"),
            ("listen = \"127.0.0.1:81\"\nurl = \"http://[::ffff:192.0.2.7]:81/x\"", "192.0.2.7:81"),
            ("listen = \"127.0.0.1:81\"\nurl = \"https://192.0.2.7/\"", "192.0.2.7:443"),
        ] {
            assert_eq!(hosts(&config(portal)), [host], "{portal}");
        }
    }
}
