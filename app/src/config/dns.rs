//! `[dns]`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use kit::host::normalise_host_name;
use serde::{Deserialize, Serialize};

use super::Config;
use super::check::{leads_to, meet};

/// The DNS front.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Dns {
    /// Where devices ask.
    pub listen: Vec<SocketAddr>,
    /// Where names are looked up.
    pub upstreams: Vec<SocketAddr>,
    /// Worker threads; one a core if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// Memory for answers, over all threads.
    #[serde(default = "default_cache_mb")]
    pub cache_mb: usize,
    /// What becomes of an answer of the internet's that leads to an address inside.
    #[serde(default)]
    pub answers_inside: AnswersInside,
    /// Routers that pass on the questions of devices behind them, and are believed when they tell which device it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routers: Vec<IpAddr>,
    /// How many questions a second one address may ask in datagrams; 0 for as many as it likes. What is beyond is told to ask
    /// over TCP.
    #[serde(default = "default_rate")]
    pub rate: u32,
    /// Addresses and networks that the rate does not hold for: a resolver or router that asks for many devices. This machine
    /// itself, if left out.
    #[serde(default = "this_machine")]
    pub rate_except: Vec<String>,
    /// Where devices ask over TLS; nowhere if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<SocketAddr>,
    /// Where devices ask over HTTPS; nowhere if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https: Option<SocketAddr>,
    /// The name that devices are given for both, as in `dns.school.example`. A label before it can be somebody's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The certificate for that name with what signed it, as PEM; one that devices must be told to trust is made if left
    /// out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// The certificate's private key, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// Zones of the school's own, and the servers that answer for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forward: Vec<Forward>,
}

/// What becomes of an answer of `upstreams` that leads to an address inside: a private one, or one of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswersInside {
    /// It is refused, unless the policy opens the name itself: a page of the internet could reach the school's own
    /// services with it (DNS rebinding).
    #[default]
    Refuse,
    /// It is given like any other.
    Pass,
}

/// Zones that the school's own servers answer for, such as an Active Directory's.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Forward {
    /// Names; each stands for itself and all below it. Reverse zones are named like any other.
    pub zones: Vec<String>,
    /// Who answers for them.
    pub upstreams: Vec<SocketAddr>,
}

impl Dns {
    /// How much one address may ask. What is no network was complained of.
    pub fn rate(&self) -> front_dns::Rate {
        let except = self.rate_except.iter().filter_map(|text| text.parse().ok()).collect();
        front_dns::Rate { per_second: self.rate, except }
    }

    /// The zones of the school's own in their one form, and who answers for each. What is no name was complained of.
    pub fn forwards(&self) -> impl Iterator<Item = (Vec<String>, Vec<SocketAddr>)> + '_ {
        self.forward.iter().map(|one| {
            let zones = one.zones.iter().filter_map(|zone| normalise_host_name(zone)).collect();
            (zones, one.upstreams.clone())
        })
    }

    /// Whether devices can ask in a way that nobody can read along.
    pub const fn is_encrypted(&self) -> bool {
        self.tls.is_some() || self.https.is_some()
    }
}

/// Far more than any device asks, and little enough that one cannot take the time of all others.
pub const fn default_rate() -> u32 {
    500
}
/// Itself, in both families.
pub fn this_machine() -> Vec<String> {
    vec!["127.0.0.0/8".to_owned(), "::1".to_owned()]
}
/// Holds about 100,000 answers, which is a large school's day; with five million names the whole gate stays below 120 MB.
pub const fn default_cache_mb() -> usize {
    32
}

impl Config {
    pub(super) fn check_forward(&self, say: &mut impl FnMut(&str, &str, String)) {
        let mut seen: Vec<String> = Vec::new();
        for one in &self.dns.forward {
            let names = one.zones.join(", ");
            if one.zones.is_empty() || one.upstreams.is_empty() {
                say(
                    "dns.forward",
                    "zones",
                    format!(
                        "forwarding ({names}) needs at least one zone and one server that answers for it"
                    ),
                );
            }
            for zone in &one.zones {
                let Some(name) = normalise_host_name(zone) else {
                    say(
                        "dns.forward",
                        "zones",
                        format!("{zone:?} is no name; write one such as \"school.local\""),
                    );
                    continue;
                };
                let is_suffix = kit::HostName::new(&name).is_some_and(lists::url::is_registrys);
                if is_suffix {
                    say(
                        "dns.forward",
                        "zones",
                        format!(
                            "{zone} holds names of the whole internet; write the school's own, such as \"ad.school.example\""
                        ),
                    );
                }
                if seen.contains(&name) {
                    say("dns.forward", "zones", format!("{zone} is forwarded twice; keep one of them"));
                }
                seen.push(name);
            }
            for upstream in &one.upstreams {
                if self.dns.listen.iter().any(|own| leads_to(*upstream, *own)) {
                    say(
                        "dns.forward",
                        "upstreams",
                        format!("{upstream} is this gate itself: every question would go round in a ring"),
                    );
                }
            }
        }
        let servers =
            self.dns.upstreams.len() + self.dns.forward.iter().map(|one| one.upstreams.len()).sum::<usize>();
        if servers > front_dns::upstreams::MOST {
            say(
                "dns",
                "upstreams",
                format!("there are {servers} servers with those of the zones; name 64 at most"),
            );
        }
    }

    pub(super) fn check_encrypted(&self, say: &mut dyn FnMut(&str, &str, String)) {
        let dns = &self.dns;
        if dns.certificate.is_some() != dns.key.is_some() {
            let (there, missing) =
                if dns.key.is_some() { ("key", "certificate") } else { ("certificate", "key") };
            say(
                "dns",
                there,
                format!("a certificate and its key go together; give `{missing}` too, or leave both out"),
            );
        }
        if let Some(name) = &dns.name
            && (kit::host::normalise_host_name(name).as_ref() != Some(name)
                || kit::address::literal(name).is_some())
        {
            say(
                "dns",
                "name",
                format!("{name:?} is not a host name in small letters; write it like dns.school.example"),
            );
        }
        let proxy = self.proxy.listen.iter().map(|other| ("the proxy's", other));
        let plain = dns.listen.iter().map(|other| ("the plain DNS front's", other));
        let portal = [("the portal's", &self.portal.listen)];
        let others: Vec<_> = proxy.chain(plain).chain(portal).collect();
        let tls = dns.tls.as_ref().map(|tls| ("DNS over TLS's", tls));
        for (key, one, tls) in [("tls", dns.tls, None), ("https", dns.https, tls)] {
            let Some(one) = one else { continue };
            for (whose, other) in others.iter().copied().chain(tls) {
                if meet(one, *other) {
                    say(
                        "dns",
                        key,
                        format!("{one} cannot be had beside {whose} {other}; give one of them another port"),
                    );
                }
            }
        }
    }
}
