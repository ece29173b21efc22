//! A site as somebody types or pastes it into a form.

use engine::document::target::{Target, TargetError, TargetText};
use kit::HostName;
use kit::address::{is_public, literal};
use kit::host::normalise_host_name;

/// The host and, where they gave one, the path. The query is thrown away: it can hold what a person searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// A host name in its one form, or an address.
    pub host: String,
    /// The path, without query and fragment; none for the whole site.
    pub path: Option<String>,
}

/// Longer paths are cut off here, in bytes at most.
const LONGEST_PATH: usize = 500;

impl Site {
    /// Reads what a person typed: with or without scheme, port, path. `None` where no site can be made of it.
    pub fn typed(text: &str) -> Option<Self> {
        let text = text.trim();
        let scheme = text.get(..8).filter(|start| start.eq_ignore_ascii_case("https://")).map(str::len);
        let scheme = scheme
            .or_else(|| text.get(..7).filter(|start| start.eq_ignore_ascii_case("http://")).map(str::len));
        let rest = text.get(scheme.unwrap_or(0)..)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = (rest.get(..end)?, rest.get(end..)?);
        let host = host(authority)?;
        let path = rest.split(['?', '#']).next().filter(|path| path.len() > 1).map(shortened);
        Some(Self { host, path })
    }
}

/// There is no such site.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}. {remedy}")]
pub struct NoSite {
    /// What is wrong with what was written.
    pub why: String,
    /// What to write.
    pub remedy: String,
}

impl From<TargetError> for NoSite {
    fn from(error: TargetError) -> Self {
        Self { why: error.message, remedy: error.remedy }
    }
}

/// A site or a part of one, as the engine reads it: `example.org`, or `example.org/part`.
pub fn target(text: &str) -> TargetText {
    if text.contains('/') { TargetText::url(text) } else { TargetText::site(text) }
}

/// Whether the engine can read it.
pub fn check_target(text: &str) -> Result<Target, NoSite> {
    Ok(target(text).read()?)
}

/// Names that a machine or a network gives itself (RFC 6761, RFC 6762, RFC 8375), with all below them.
const OWN_NAMES: [&str; 4] = ["localhost", "local", "internal", "home.arpa"];

/// Whether it is one site of the internet, or a part of one: what can be asked for, and opened or closed for a time. A public
/// suffix stands for every site below it, and what is inside a network is no site.
pub fn check_one_site(text: &str) -> Result<(), NoSite> {
    match check_target(text)? {
        Target::Site(name) => one_site(&name),
        Target::Url(part) => one_site(&part.host),
        Target::Address(address) if !is_public(address) => Err(inside(&address.to_string())),
        Target::Address(_) | Target::Expression { .. } | Target::Category(_) => Ok(()),
    }
}

fn one_site(name: &str) -> Result<(), NoSite> {
    let is_own =
        |own: &str| name.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if OWN_NAMES.into_iter().any(is_own) {
        return Err(inside(name));
    }
    if HostName::new(name).is_some_and(lists::url::is_suffix) {
        return Err(NoSite {
            why: format!("{name} is not one site: every site whose name ends in .{name} would be meant"),
            remedy: format!("Write the one that is needed, like name.{name}."),
        });
    }
    Ok(())
}

fn inside(what: &str) -> NoSite {
    NoSite {
        why: format!("{what} is inside a network, or this machine itself, and no site of the internet"),
        remedy: "Write the name of a site; whoever looks after the network can open a service of the school’s own."
            .to_owned(),
    }
}

/// The host of what names a part of a site; nothing where it names the whole of one.
pub fn host_of_part(target: &str) -> Option<&str> {
    let target = target.split_once("://").map_or(target, |(_, rest)| rest);
    target.split_once('/').filter(|(host, path)| !host.is_empty() && !path.is_empty()).map(|(host, _)| host)
}

/// What a person types as a site or a part of one, in the form that is kept.
pub fn typed_target(text: &str) -> Result<String, NoSite> {
    let site = Site::typed(text).ok_or_else(|| NoSite {
        why: format!("{text:?} is not a site"),
        remedy: "Write it like bbc.co.uk, or a part of a site like bbc.co.uk/bitesize.".to_owned(),
    })?;
    // A site has everything below it in any case. A star elsewhere stands for no host.
    let is_whole = site.path.is_none();
    let host = if is_whole { site.host.strip_prefix("*.").unwrap_or(&site.host) } else { &site.host };
    if host.contains('*') {
        return Err(NoSite {
            why: format!("{text:?} has a * where none can stand"),
            remedy: "Write the site alone, like bbc.co.uk: it stands for itself and everything below it."
                .to_owned(),
        });
    }
    let kept = format!("{host}{}", site.path.unwrap_or_default());
    check_target(&kept)?;
    Ok(kept)
}

fn host(authority: &str) -> Option<String> {
    if let Some(inner) = authority.strip_prefix('[') {
        let (address, port) = inner.split_once(']')?;
        if !(port.is_empty() || is_port(port.strip_prefix(':')?)) {
            return None;
        }
        return literal(address).map(|address| address.to_string());
    }
    if let Some(address) = literal(authority) {
        return Some(address.to_string());
    }
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        Some(_) => return None,
        None => authority,
    };
    if let Some(address) = literal(name) {
        return Some(address.to_string());
    }
    normalise_host_name(name).filter(|name| name.contains('.'))
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

fn shortened(path: &str) -> String {
    let mut end = path.len().min(LONGEST_PATH);
    while !path.is_char_boundary(end) {
        end -= 1;
    }
    path.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_kept_as_the_engine_reads_it() {
        for (typed, kept) in [
            ("https://www.BBC.co.uk/", "www.bbc.co.uk"),
            ("bbc.co.uk/bitesize?page=2", "bbc.co.uk/bitesize"),
            ("2001:db8::1", "2001:db8::1"),
            ("*.bbc.co.uk", "bbc.co.uk"),
        ] {
            assert_eq!(typed_target(typed).as_deref(), Ok(kept), "{typed}");
            assert!(check_target(kept).is_ok(), "{kept}");
        }
        for bad in ["", "the chess one", "192.0.2.7/part", "*.bbc.co.uk/news", "www.*.co.uk"] {
            let refused = typed_target(bad).unwrap_err().to_string();
            assert!(refused.contains("Write"), "{bad}: {refused}");
        }
    }

    #[test]
    fn one_site_of_the_internet_is_meant_or_what_to_write_is_said() {
        for good in [
            "bbc.co.uk",
            "bbc.co.uk/bitesize",
            "www.gov.uk",
            "github.io",
            "93.184.216.34",
            "localhost.example",
        ] {
            assert_eq!(check_one_site(good), Ok(()), "{good}");
        }
        for many in ["co.uk", "sch.uk", "herts.sch.uk", "uk", "co.uk/news"] {
            let refused = check_one_site(many).unwrap_err().to_string();
            let suffix = many.split('/').next().unwrap();
            let said = format!("would be meant. Write the one that is needed, like name.{suffix}.");
            assert!(refused.starts_with(suffix) && refused.ends_with(&said), "{refused}");
        }
        for inside in [
            "127.0.0.1",
            "::1",
            "10.0.0.5",
            "192.168.1.1",
            "0x7f.1",
            "fd12::1",
            "localhost",
            "app.localhost",
            "printer.local",
            "printer.local/status",
            "nas.internal",
            "tv.home.arpa",
        ] {
            let refused = check_one_site(inside).unwrap_err().to_string();
            assert!(refused.contains("no site of the internet. Write the name of a site"), "{refused}");
        }
    }

    #[test]
    fn a_site_is_read_as_people_type_it() {
        for (typed, host, path) in [
            ("chess.example", "chess.example", None),
            (" HTTPS://Chess.Example:8443/Play/1?who=me#top ", "chess.example", Some("/Play/1")),
            ("http://bücher.example/", "xn--bcher-kva.example", None),
            ("chess.example?q=words", "chess.example", None),
            ("192.0.2.7:80/x", "192.0.2.7", Some("/x")),
            ("http://[2001:db8::1]:80/", "2001:db8::1", None),
            ("2001:db8::1", "2001:db8::1", None),
        ] {
            let site = Site { host: host.to_owned(), path: path.map(str::to_owned) };
            assert_eq!(Site::typed(typed), Some(site), "{typed}");
        }
        for bad in [
            "",
            "chess",
            "the chess one",
            "me@chess.example",
            "chess.example:game",
            "ftp://a.example",
            "http://",
            "[::1",
            "a..b",
        ] {
            assert_eq!(Site::typed(bad), None, "{bad}");
        }
        assert_eq!(Site::typed(&format!("a.example/{}", "é".repeat(400))).unwrap().path.unwrap().len(), 499);
    }
}
