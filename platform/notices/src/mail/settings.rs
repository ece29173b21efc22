//! What `fivebar.toml` says of mail.

use std::net::IpAddr;
use std::path::{Component, PathBuf};

use serde::{Deserialize, Serialize};

use crate::address;

/// `[mail]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The relay's name, as in `smtp.school.example`.
    pub relay: String,
    /// Its port; 465 for `wrapped`, 587 for `starttls` and 25 for `none`, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How what is sent there is kept from others.
    #[serde(default)]
    pub tls: Tls,
    /// The name that the program signs in to the relay by; it does not, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The file in the folder `keys` that holds the password, on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The address that mail comes from.
    pub from: String,
    /// The name beside it; the school's, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A file of certificates, as PEM, that the relay is believed by; those that this machine trusts, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<PathBuf>,
}

/// How what is sent to a relay is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// By TLS from the first byte.
    #[default]
    Wrapped,
    /// By TLS that begins after a greeting; without it nothing is sent.
    Starttls,
    /// Not at all: for a relay on this very machine.
    None,
}

impl Settings {
    /// Its port.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            Tls::Wrapped => 465,
            Tls::Starttls => 587,
            Tls::None => 25,
        })
    }

    /// Whether the relay is on this very machine.
    fn is_here(&self) -> bool {
        self.relay == "localhost" || self.relay.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Everything that is wrong with them: each with its key and what to do.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let mut say = |key: &'static str, what: &str| problems.push((key, what.to_owned()));
        let host = |sign: char| sign.is_ascii_alphanumeric() || ".-:".contains(sign);
        if self.relay.is_empty() || self.relay.len() > 253 || !self.relay.chars().all(host) {
            say("relay", "name the relay alone, as in \"smtp.school.example\"");
        }
        if self.port == Some(0) {
            say("port", "use 1 to 65535, or leave this out for the usual one");
        }
        if self.tls == Tls::None && !self.is_here() {
            say(
                "tls",
                "without TLS mail is sent to a relay on this machine alone; use \"wrapped\" or \"starttls\"",
            );
        }
        match (&self.user, &self.secret) {
            (Some(_), None) => say(
                "user",
                "give its password too: write it into a file in keys/, and that file's name here as secret",
            ),
            (None, Some(_)) => {
                say("secret", "say whose password it is, as in user = \"fivebar@school.example\"")
            }
            _ => {}
        }
        if self.user.as_ref().is_some_and(|user| user.is_empty() || user.chars().any(char::is_control)) {
            say("user", "this is no name that a relay knows somebody by; it is on one line");
        }
        if self.secret.as_ref().is_some_and(|name| !is_one_name(name)) {
            say("secret", "name a file in keys/ alone, as in \"mail.secret\"");
        }
        if address::check(&self.from).is_err() || self.from.trim() != self.from {
            say("from", "give an address alone, as in \"fivebar@school.example\"");
        }
        if self.name.as_ref().is_some_and(|name| !is_a_line(name)) {
            say("name", "write it on one line of at most 100 characters");
        }
        problems
    }
}

/// A name that can stand in a header.
pub(super) fn is_a_line(name: &str) -> bool {
    !name.trim().is_empty() && name.chars().count() <= 100 && !name.chars().any(char::is_control)
}

fn is_one_name(name: &str) -> bool {
    let mut parts = std::path::Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) && !name.ends_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "relay = \"smtp.school.example\"\nfrom = \"fivebar@school.example\"\n";

    fn wrong(text: &str) -> Vec<&'static str> {
        let settings: Settings = toml::from_str(text).unwrap();
        settings.problems().into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn what_is_wrong_is_said_all_at_once() {
        assert_eq!(wrong(GOOD), Vec::<&str>::new());
        let all = "relay = \"smtp school\"\nport = 0\ntls = \"none\"\nuser = \"a\\nb\"\nfrom = \"A <a@b.example>\"\nname = \"\"\n";
        assert_eq!(wrong(all), ["relay", "port", "tls", "user", "user", "from", "name"]);
    }

    #[test]
    fn each_setting_is_looked_at() {
        for (lines, expected) in [
            ("tls = \"starttls\"\nuser = \"fivebar\"\nsecret = \"mail.secret\"", vec![]),
            ("secret = \"mail.secret\"", vec!["secret"]),
            ("user = \"fivebar\"\nsecret = \"../mail.secret\"", vec!["secret"]),
            ("user = \"fivebar\"\nsecret = \"keys/mail.secret\"", vec!["secret"]),
            ("user = \"fivebar\"\nsecret = \"\"", vec!["secret"]),
            ("tls = \"none\"", vec!["tls"]),
            ("name = \"School\\r\\nBcc: bo@school.example\"", vec!["name"]),
        ] {
            assert_eq!(wrong(&format!("{GOOD}{lines}\n")), expected, "{lines}");
        }
        for here in ["localhost", "127.0.0.1", "::1"] {
            let text = GOOD.replace("smtp.school.example", here) + "tls = \"none\"\n";
            assert_eq!(wrong(&text), Vec::<&str>::new(), "{here}");
        }
        let from =
            GOOD.replace("fivebar@school.example", "fivebar@school.example\\r\\nBcc: bo@school.example");
        assert_eq!(wrong(&from), ["from"]);
        assert!(toml::from_str::<Settings>(&format!("{GOOD}tls = \"maybe\"")).is_err());
        assert!(
            toml::from_str::<Settings>(&format!("{GOOD}password = \"x\"")).is_err(),
            "no password stands in the file"
        );
    }

    #[test]
    fn a_port_that_is_left_out_is_the_usual_one() {
        for (tls, port) in [("wrapped", 465), ("starttls", 587), ("none", 25)] {
            let settings: Settings = toml::from_str(&format!("{GOOD}tls = {tls:?}\n")).unwrap();
            assert_eq!(settings.port(), port);
        }
    }
}
