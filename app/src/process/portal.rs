//! Where browsers find the portal.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use lists::url::CanonicalHost;

use crate::config::Config;
use crate::home::Home;
use crate::process::supervisor::Bind;

/// Where browsers reach the portal. One that listens on every address of this machine is reached at the address from
/// which the machine asks its name server: that is the one on the school's network.
pub fn address(config: &Config, bind: &Bind) -> SocketAddr {
    reached(bind.portal.unwrap_or(config.portal.listen), config)
}

/// The same over HTTPS, where it is served so.
pub fn secure_address(config: &Config, bind: &Bind) -> Option<SocketAddr> {
    bind.portal_https.or(config.portal.https).map(|address| reached(address, config))
}

fn reached(address: SocketAddr, config: &Config) -> SocketAddr {
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
    match (&config.portal.url, secure_address(config, bind)) {
        (Some(url), _) => url.trim_end_matches('/').to_owned(),
        (None, Some(secure)) if secure.port() == 443 => {
            // As browsers write it.
            let shown = secure.to_string();
            format!("https://{}", shown.strip_suffix(":443").unwrap_or(&shown))
        }
        (None, Some(secure)) => format!("https://{secure}"),
        (None, None) => format!("http://{}", address(config, bind)),
    }
}

/// What a made certificate of the portal is for: the name or address in links, and the machine itself.
pub fn certified(config: &Config, bind: &Bind) -> Vec<String> {
    let named = lists::url::canonical(&url(config, bind)).map(|url| match url.host {
        CanonicalHost::Name(name) => name,
        CanonicalHost::Address(address) => address.to_string(),
    });
    let mut names: Vec<String> = named.into_iter().collect();
    names.extend(secure_address(config, bind).map(|address| address.ip().to_string()));
    names.push("localhost".to_owned());
    names.dedup();
    names
}

/// How it is named in a link that is given now. Where the machine chose the port, the hub has written down which.
pub fn url_now(home: &Home, config: &Config) -> Result<String> {
    let mut bind = Bind::default();
    if config.portal.url.is_none() && config.portal.listen.port() == 0 {
        let text = fs::read_to_string(written(home)).ok().and_then(|text| text.trim().parse().ok());
        bind.portal = Some(text.context(
            "the portal's port is chosen when it starts, and nobody has written it down: start `fivebar run` first",
        )?);
    }
    Ok(url(config, &bind))
}

/// Writes down where the hub serves it.
pub fn write_address(home: &Home, address: SocketAddr) -> Result<()> {
    let path = written(home);
    fs::write(&path, format!("{address}\n")).with_context(|| format!("cannot write {}", path.display()))
}

fn written(home: &Home) -> PathBuf {
    home.hub().join("portal-address")
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
            let all = std::iter::once(address(config, &Bind::default()));
            let all = all.chain(secure_address(config, &Bind::default()));
            return all.map(|at| shown(at.ip().to_canonical(), at.port())).collect();
        }
    };
    vec![shown(ip, port)]
}

/// A port that the machine is to choose is known to nobody yet.
fn shown(ip: IpAddr, port: u16) -> String {
    if port == 0 { ip.to_string() } else { SocketAddr::new(ip, port).to_string() }
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
            ("listen = \"127.0.0.7:81\"\nhttps = \"127.0.0.7:8443\"", "https://127.0.0.7:8443"),
            ("listen = \"127.0.0.7:81\"\nhttps = \"0.0.0.0:443\"", "https://127.0.0.1"),
            ("listen = \"0.0.0.0:8080\"\nurl = \"https://portal.example/\"", "https://portal.example"),
        ] {
            assert_eq!(url(&config(portal), &Bind::default()), named, "{portal}");
        }
    }

    #[test]
    fn a_link_has_the_port_that_the_machine_chose() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(Some(folder.path().to_owned()));
        home.make_folders().unwrap();
        let chosen = config("listen = \"127.0.0.1:0\"");
        assert!(url_now(&home, &chosen).unwrap_err().to_string().contains("start `fivebar run` first"));
        write_address(&home, "127.0.0.1:41234".parse().unwrap()).unwrap();
        assert_eq!(url_now(&home, &chosen).unwrap(), "http://127.0.0.1:41234");
        assert_eq!(url_now(&home, &config("listen = \"127.0.0.7:81\"")).unwrap(), "http://127.0.0.7:81");
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
