//! What a rule or an override is about: a site, a part of one, an expression, or a category.

use std::net::IpAddr;

use kit::HostName;
use kit::address::literal;
use kit::host::normalise_host_name;
use serde::{Deserialize, Serialize};

use super::table::{Locked, Rule};

/// A target as a person wrote it. Exactly one of `site`, `url`, `expression` and `category` is given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TargetText {
    /// A site and everything below it, or an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// A part of a site: host and the beginning of the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A regular expression over `host/path?query`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// The site that an expression holds on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// A category of sites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

impl From<&Rule> for TargetText {
    fn from(rule: &Rule) -> Self {
        Self {
            site: rule.site.clone(),
            url: rule.url.clone(),
            expression: rule.expression.clone(),
            on: rule.on.clone(),
            category: rule.category.clone(),
        }
    }
}

impl From<&Locked> for TargetText {
    fn from(rule: &Locked) -> Self {
        Self {
            site: rule.site.clone(),
            url: rule.url.clone(),
            expression: rule.expression.clone(),
            on: rule.on.clone(),
            category: rule.category.clone(),
        }
    }
}

/// A target in the one form that is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A site and everything below it: a normalised host name.
    Site(String),
    /// One address.
    Address(IpAddr),
    /// A part of a site.
    Url(UrlPrefix),
    /// A regular expression over `host/path?query`, on one site or everywhere.
    Expression {
        /// The expression, of the `regex` crate's language.
        pattern: String,
        /// The site it holds on.
        on: Option<String>,
    },
    /// A category, by its id in the catalogue.
    Category(String),
}

/// A host, without a `www.` before it, and the beginning of a path. It covers the path itself and what lies below:
/// `/games` covers `/games`, `/games/x` and `/games?x=1`, and not `/gamesroom`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UrlPrefix {
    /// The host without `www.`.
    pub host: String,
    /// The beginning of the path as [`kit::path::canonical`] writes it, starting with `/`.
    pub path: String,
}

impl UrlPrefix {
    /// Whether a canonical path lies under this one's. The host is compared elsewhere.
    pub fn covers(&self, path: &str) -> bool {
        path_is_under(path, &self.path)
    }
}

/// Whether a canonical `path` is `prefix` or lies below it.
pub fn path_is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| {
        rest.is_empty() || rest.starts_with(['/', '?', '&']) || prefix.ends_with(['/', '?', '&', '='])
    })
}

/// The host that a part of a site is filed under: the name without a `www.` before it, since sites answer alike under
/// both and lists name either.
pub fn url_host(name: &str) -> &str {
    name.strip_prefix("www.").filter(|rest| rest.contains('.')).unwrap_or(name)
}

/// Why a target makes no sense, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TargetError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl TargetError {
    fn new(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { message: message.into(), remedy: remedy.into() }
    }
}

impl TargetText {
    /// A site.
    pub fn site(site: impl Into<String>) -> Self {
        Self { site: Some(site.into()), ..Self::default() }
    }

    /// A part of a site.
    pub fn url(url: impl Into<String>) -> Self {
        Self { url: Some(url.into()), ..Self::default() }
    }

    /// A category.
    pub fn category(category: impl Into<String>) -> Self {
        Self { category: Some(category.into()), ..Self::default() }
    }

    /// The target in the form that is compared.
    pub fn read(&self) -> Result<Target, TargetError> {
        let given = [&self.site, &self.url, &self.expression, &self.category];
        if given.iter().filter(|field| field.is_some()).count() != 1 {
            return Err(TargetError::new(
                "a rule is about exactly one of site, url, expression and category",
                "Keep one of them and write another rule for the rest.",
            ));
        }
        if self.on.is_some() && self.expression.is_none() {
            return Err(TargetError::new("on = … belongs to an expression", "Remove it."));
        }
        if let Some(site) = &self.site {
            return read_site(site);
        }
        if let Some(url) = &self.url {
            return read_url(url).map(Target::Url);
        }
        if let Some(pattern) = &self.expression {
            if let Err(error) = regex::Regex::new(pattern) {
                let why = error.to_string().lines().last().unwrap_or_default().to_owned();
                return Err(TargetError::new(
                    format!("the expression {pattern:?} cannot be read: {why}"),
                    "Write it in the language of the Rust regex crate, over host/path.",
                ));
            }
            let on = match &self.on {
                None => None,
                Some(site) => match read_site(site)? {
                    Target::Site(name) => Some(name),
                    _ => return Err(TargetError::new("on = … names a site", "Write a host name.")),
                },
            };
            return Ok(Target::Expression { pattern: pattern.clone(), on });
        }
        Ok(Target::Category(self.category.clone().unwrap_or_default()))
    }
}

/// Reads a site: a host name that covers itself and everything below it, or an address.
pub fn read_site(text: &str) -> Result<Target, TargetError> {
    let bare = text.trim().strip_prefix("*.").unwrap_or(text.trim());
    if let Some(address) = literal(bare) {
        return Ok(Target::Address(address));
    }
    normalise_host_name(bare).map(Target::Site).ok_or_else(|| {
        TargetError::new(
            format!("{text:?} is not a site"),
            "Write the host name alone, as in example.org; a part of a site is written url = \"example.org/part\".",
        )
    })
}

/// Reads a part of a site: `example.org/part`, with or without a scheme, which is ignored.
pub fn read_url(text: &str) -> Result<UrlPrefix, TargetError> {
    let refuse = || {
        TargetError::new(
            format!("{text:?} is not a part of a site"),
            "Write host and path, as in example.org/part; a whole site is written site = \"example.org\".",
        )
    };
    let bare = text.trim();
    let bare = bare.split_once("://").map_or(bare, |(_, rest)| rest);
    let (host, path) = bare.split_once('/').ok_or_else(refuse)?;
    let host = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    let host = normalise_host_name(host).ok_or_else(refuse)?;
    if literal(&host).is_some() || HostName::new(&host).is_none() {
        return Err(refuse());
    }
    let path = kit::path::canonical(&format!("/{path}")).into_owned();
    if path == "/" {
        return Err(refuse());
    }
    Ok(UrlPrefix { host: url_host(&host).to_owned(), path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_site_covers_itself_and_what_lies_below() {
        let part = read_url("https://www.Example.org:443/Games").unwrap();
        assert_eq!((part.host.as_str(), part.path.as_str()), ("example.org", "/Games"));
        for (path, covered) in [
            ("/Games", true),
            ("/Games/", true),
            ("/Games/x", true),
            ("/Games?x", true),
            ("/Gamesroom", false),
            ("/", false),
        ] {
            assert_eq!(part.covers(path), covered, "{path}");
        }
    }

    #[test]
    fn what_is_not_a_site_says_what_to_write() {
        for bad in ["http://example.org/x", "example.org/part", "", "a b"] {
            assert!(read_site(bad).unwrap_err().remedy.contains("example.org"), "{bad}");
        }
        assert_eq!(read_site("*.BÜCHER.example."), Ok(Target::Site("xn--bcher-kva.example".to_owned())));
        for spelling in ["::ffff:192.0.2.1", "[::ffff:c000:201]", "0xc0.0.2.1", "3221225985", "192.0.513"] {
            assert_eq!(read_site(spelling), read_site("192.0.2.1"), "{spelling}");
        }
        assert!(read_url("0xc0.0.513/part").is_err());
        assert!(read_url("example.org/").is_err() && read_url("example.org").is_err());
        let two = TargetText {
            site: Some("a.example".into()),
            category: Some("games".into()),
            ..TargetText::default()
        };
        assert!(two.read().unwrap_err().message.contains("exactly one"));
    }
}
