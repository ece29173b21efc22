//! `fivebar.toml`: what the machine needs to know. One typed struct a section; everything is checked before anything
//! starts, and all problems are said together, each with its line and what to do.

use std::fmt;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use filtering::list::web::Every;
use front_proxy::{NotAPort, Ports};
use kit::host::normalise_host_name;
use kit::network::Network;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::de::DeTable;

use crate::output::Failure;

mod filter_test;
mod metrics;

pub use filter_test::FilterTest;
pub use metrics::Metrics;

/// The whole file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    pub school: School,
    pub dns: Dns,
    pub proxy: Proxy,
    pub portal: Portal,
    #[serde(default)]
    pub records: Records,
    #[serde(default)]
    pub activity: Activity,
    #[serde(default)]
    pub lists: Lists,
    #[serde(default, skip_serializing_if = "Metrics::is_off")]
    pub metrics: Metrics,
    #[serde(default, skip_serializing_if = "FilterTest::is_off")]
    pub filter_test: FilterTest,
    /// The parts run as whoever starts them where this is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Users>,
}

/// Whose school it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct School {
    /// As it stands on pages.
    pub name: String,
}

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

/// The portal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Portal {
    /// Where its pages are.
    pub listen: SocketAddr,
    /// How browsers reach it, as in `http://fivebar.school.example`; the listening address if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// The records.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Records {
    /// `sqlite:` with a path inside the home folder, or `postgres://…`.
    #[serde(default = "default_database")]
    pub database: String,
}

/// The activity log.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Activity {
    /// How long events are kept.
    #[serde(default = "default_keep_days")]
    pub keep_days: u32,
    /// How long encrypted records of sealed addresses are kept.
    #[serde(default = "default_keep_sealed_days")]
    pub keep_sealed_days: u32,
}

/// The lists.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Lists {
    /// How often those from the web are fetched again: `hourly`, `daily`, `weekly`, or `off` for never by themselves.
    pub update: Every,
}

/// The system users that the parts run as, one each. An empty section takes the usual names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Users {
    /// Reads bytes of devices.
    pub gate: String,
    /// Keeps the activity log.
    pub log: String,
    /// Keeps the records.
    pub hub: String,
}

impl Default for Users {
    fn default() -> Self {
        let name = |part: &str| format!("fivebar-{part}");
        Self { gate: name("gate"), log: name("log"), hub: name("hub") }
    }
}

impl Users {
    /// All three.
    pub fn all(&self) -> [&str; 3] {
        [&self.gate, &self.log, &self.hub]
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
fn default_database() -> String {
    "sqlite:hub/fivebar.db".to_owned()
}
const fn default_keep_days() -> u32 {
    90
}
const fn default_keep_sealed_days() -> u32 {
    366
}
impl Default for Records {
    fn default() -> Self {
        Self { database: default_database() }
    }
}
impl Default for Activity {
    fn default() -> Self {
        Self { keep_days: default_keep_days(), keep_sealed_days: default_keep_sealed_days() }
    }
}

/// One thing that is wrong with the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Counted from 1; 0 where it is not about a line.
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.what),
            line => write!(f, "line {line}: {}", self.what),
        }
    }
}

/// What the file may hold.
const SECTIONS: [&str; 10] =
    ["school", "dns", "proxy", "portal", "records", "activity", "lists", "metrics", "filter-test", "users"];

impl Config {
    /// Reads and checks the file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).map_err(|problems| {
            let lines: Vec<String> =
                problems.iter().map(|problem| format!("{}: {problem}", path.display())).collect();
            Failure::Problems(lines.join("\n")).into()
        })
    }

    /// Parses and checks, gathering every problem of every section.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let (_, wrong) = DeTable::parse_recoverable(text);
        if !wrong.is_empty() {
            return Err(wrong.iter().map(|error| not_toml(text, error)).collect());
        }
        let table: toml::Table = toml::from_str(text).map_err(|error| vec![not_toml(text, &error)])?;
        let mut problems = Vec::new();
        for key in table.keys() {
            if !SECTIONS.contains(&key.as_str()) {
                problems.push(Problem {
                    line: line_of(text, key, None),
                    what: format!("there is no section called {key:?}; take it out or correct its name"),
                });
            }
        }
        let school = section::<School>(&table, text, "school", &mut problems);
        let dns = section::<Dns>(&table, text, "dns", &mut problems);
        let proxy = section::<Proxy>(&table, text, "proxy", &mut problems);
        let portal = section::<Portal>(&table, text, "portal", &mut problems);
        let records = optional::<Records>(&table, text, "records", &mut problems);
        let activity = optional::<Activity>(&table, text, "activity", &mut problems);
        let lists = optional::<Lists>(&table, text, "lists", &mut problems);
        let metrics = optional::<Metrics>(&table, text, "metrics", &mut problems);
        let filter_test = optional::<FilterTest>(&table, text, "filter-test", &mut problems);
        let users =
            table.contains_key("users").then(|| section::<Users>(&table, text, "users", &mut problems));
        let (Some(school), Some(dns), Some(proxy), Some(portal)) = (school, dns, proxy, portal) else {
            return Err(problems);
        };
        let (Some(records), Some(activity), Some(lists), Some(metrics), Some(filter_test)) =
            (records, activity, lists, metrics, filter_test)
        else {
            return Err(problems);
        };
        let users = users.flatten();
        let config =
            Self { school, dns, proxy, portal, records, activity, lists, metrics, filter_test, users };
        config.check(text, &mut problems);
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// What is wrong with settings that come from no file.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.check("", &mut problems);
        problems
    }

    fn check_forward(&self, say: &mut impl FnMut(&str, &str, String)) {
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

    fn check(&self, text: &str, problems: &mut Vec<Problem>) {
        let mut say = |section: &str, key: &str, what: String| {
            problems.push(Problem { line: line_of(text, section, Some(key)), what });
        };
        if self.school.name.trim().is_empty() {
            say("school", "name", "the school needs a name; it stands on every page".to_owned());
        }
        if self.dns.listen.is_empty() {
            say(
                "dns",
                "listen",
                "name at least one address where devices ask, as in \"0.0.0.0:53\"".to_owned(),
            );
        }
        if self.dns.upstreams.is_empty() {
            say("dns", "upstreams", "name at least one server where names are looked up".to_owned());
        }
        for upstream in &self.dns.upstreams {
            if self.dns.listen.iter().any(|own| leads_to(*upstream, *own)) {
                say(
                    "dns",
                    "upstreams",
                    format!("{upstream} is this gate itself: every question would go round in a ring"),
                );
            }
        }
        for router in &self.dns.routers {
            if router.is_unspecified() || router.is_multicast() {
                say("dns", "routers", format!("{router} is no router's address; write the one it asks from"));
            }
        }
        self.check_forward(&mut say);
        for (key, threads) in [("dns", self.dns.threads), ("proxy", self.proxy.threads)] {
            if threads.is_some_and(|threads| threads == 0 || threads > 256) {
                say(key, "threads", "use 1 to 256 threads, or leave this out for one a core".to_owned());
            }
        }
        if self.dns.cache_mb == 0 || self.dns.cache_mb > 65_536 {
            say("dns", "cache-mb", "use 1 to 65536 megabytes".to_owned());
        }
        for odd in &self.dns.rate_except {
            if let Err(error) = odd.parse::<Network>() {
                say("dns", "rate-except", error.to_string());
            }
        }
        self.check_encrypted(&mut say);
        self.check_metrics(&mut say);
        self.check_filter_test(&mut say);
        if self.proxy.listen.is_empty() {
            say("proxy", "listen", "name at least one address where browsers send their requests".to_owned());
        }
        for (key, ports) in
            [("connect-ports", &self.proxy.connect_ports), ("web-ports", &self.proxy.web_ports)]
        {
            let Some(ports) = ports else { continue };
            if ports.is_empty() {
                say("proxy", key, "name at least one port, or leave this out for the usual ones".to_owned());
            }
            for odd in ports.iter().filter_map(|port| port.ports().err()) {
                say("proxy", key, odd.to_string());
            }
        }
        for (place, one) in self.dns.listen.iter().enumerate() {
            let both_are_wild = |other: &SocketAddr| one.ip().is_unspecified() && other.ip().is_unspecified();
            let before = self.dns.listen.iter().take(place);
            if let Some(other) =
                before.clone().find(|other| one == *other || (meet(*one, **other) && !both_are_wild(other)))
            {
                say(
                    "dns",
                    "listen",
                    format!("{one} and {other} want the same port of an address; keep one of them"),
                );
            }
        }
        for (key, listen) in [("proxy", &*self.proxy.listen), ("portal", &[self.portal.listen])] {
            let proxy: &[SocketAddr] = if key == "portal" { &self.proxy.listen } else { &[] };
            let others = proxy
                .iter()
                .map(|other| ("proxy", other))
                .chain(self.dns.listen.iter().map(|other| ("DNS", other)));
            let all = listen.iter().flat_map(|one| others.clone().map(move |other| (one, other)));
            for (one, (whose, other)) in all.filter(|(one, (_, other))| meet(**one, **other)) {
                let whose = if whose == "DNS" { "the DNS front's" } else { "the proxy's" };
                say(
                    key,
                    "listen",
                    format!("{one} cannot be had beside {whose} {other}; give one of them another port"),
                );
            }
        }
        if let Some(url) = &self.portal.url {
            if !(url.starts_with("http://") || url.starts_with("https://")) {
                say(
                    "portal",
                    "url",
                    format!("{url:?} is not a web address; it begins with http:// or https://"),
                );
            } else if lists::url::canonical(url).is_none() {
                say(
                    "portal",
                    "url",
                    format!("{url:?} names no host; write it like http://fivebar.school.example"),
                );
            }
        }
        if !self.records.database.starts_with("sqlite:") && !self.records.database.starts_with("postgres") {
            say("records", "database", "use sqlite: with a path, or postgres://…".to_owned());
        }
        if self.activity.keep_sealed_days == 0 {
            say(
                "activity",
                "keep-sealed-days",
                "keep records of sealed addresses for at least one day, or nobody can hand them over"
                    .to_owned(),
            );
        }
        for (key, name) in
            self.users.iter().flat_map(|users| ["gate", "log", "hub"].into_iter().zip(users.all()))
        {
            if name.is_empty() || name.starts_with('-') || name.chars().any(|c| c == ':' || c.is_whitespace())
            {
                say("users", key, format!("{name:?} cannot be the name of a system user"));
            }
        }
        if self.activity.keep_days == 0 {
            say(
                "activity",
                "keep-days",
                "keep events for at least one day, or nothing can be looked into".to_owned(),
            );
        }
    }
}

impl Config {
    fn check_encrypted(&self, say: &mut dyn FnMut(&str, &str, String)) {
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

/// Whether two listeners would want the same port of the same address. Port 0 is any free one. The wildcard of IPv6 takes
/// IPv4 too; that of IPv4 takes no IPv6.
fn meet(one: SocketAddr, other: SocketAddr) -> bool {
    let takes = |one: IpAddr, other: IpAddr| match one {
        IpAddr::V4(one) => one.is_unspecified() && other.is_ipv4(),
        IpAddr::V6(one) => one.is_unspecified(),
    };
    let (here, there) = (one.ip().to_canonical(), other.ip().to_canonical());
    let same = here == there || takes(here, there) || takes(there, here);
    one.port() != 0 && one.port() == other.port() && same
}

/// Whether a question that is sent to `upstream` comes to a listener of this machine at `own`.
fn leads_to(upstream: SocketAddr, own: SocketAddr) -> bool {
    let is_here = upstream.ip().to_canonical().is_loopback() || upstream.ip().is_unspecified();
    upstream == own || (is_here && own.ip().is_unspecified() && meet(upstream, own))
}

fn section<T: DeserializeOwned>(
    table: &toml::Table,
    text: &str,
    name: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let Some(value) = table.get(name) else {
        problems.push(Problem { line: 0, what: format!("the section [{name}] is missing") });
        return None;
    };
    match value.clone().try_into::<T>() {
        Ok(section) => Some(section),
        Err(error) => {
            let message = error.message().to_owned();
            let key = message.split('`').nth(1).map(str::to_owned).or_else(|| {
                // The key of a wrong value stands on a line of its own below the message.
                error.to_string().lines().find_map(|line| {
                    line.trim()
                        .strip_prefix("in `")
                        .and_then(|rest| rest.strip_suffix('`'))
                        .map(str::to_owned)
                })
            });
            problems.push(Problem {
                line: line_of(text, name, key.as_deref()),
                what: format!("[{name}] {message}"),
            });
            None
        }
    }
}

fn optional<T: DeserializeOwned + Default>(
    table: &toml::Table,
    text: &str,
    name: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    if table.contains_key(name) { section(table, text, name, problems) } else { Some(T::default()) }
}

/// What keeps the file from being read at all.
fn not_toml(text: &str, error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or_default();
    let line = line_at(text, span.start);
    if !error.message().starts_with("duplicate key") {
        return Problem { line, what: format!("this is not TOML: {}", error.message()) };
    }
    let key = text.get(span).unwrap_or_default().trim().trim_matches('"');
    let is_head = text.lines().nth(line.saturating_sub(1)).is_some_and(|line| line.trim().starts_with('['));
    let section = section_at(text, line);
    let first = if is_head { line_of(text, key, None) } else { line_of(text, section, Some(key)) };
    let what = if is_head {
        format!("the section [{key}] begins a second time, first in line {first}; put both into one")
    } else {
        format!("{key} is there twice in [{section}], first in line {first}; keep one of the two lines")
    };
    Problem { line, what }
}

/// The section that a line is in.
fn section_at(text: &str, line: usize) -> &str {
    let heads = text.lines().take(line).filter_map(|line| line.trim().strip_prefix('['));
    heads.last().and_then(|rest| rest.trim_start_matches('[').split(']').next()).unwrap_or("").trim()
}

/// The line a byte offset is in, from 1.
fn line_at(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

/// The line of a key in a section, or of the section's head; 0 if neither stands in the text.
fn line_of(text: &str, section: &str, key: Option<&str>) -> usize {
    let mut inside = false;
    let mut head = 0;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix('[') {
            let name = rest.trim_start_matches('[').split(']').next().unwrap_or("").trim();
            inside = name == section || name.starts_with(&format!("{section}."));
            if name == section && head == 0 {
                head = index + 1;
            }
        } else if inside
            && let Some(key) = key
            && line.split('=').next().is_some_and(|before| before.trim().trim_matches('"') == key)
        {
            return index + 1;
        }
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[school]
name = "Hillside"
[dns]
listen = ["127.0.0.1:5353"]
upstreams = ["127.0.0.1:5300"]
[proxy]
listen = ["127.0.0.1:3128"]
[portal]
listen = "127.0.0.1:8080"
"#;

    #[test]
    fn a_short_file_is_enough() {
        let config = Config::parse(GOOD).unwrap();
        assert_eq!((config.activity.keep_days, config.lists.update), (90, Every::Day));
        assert_eq!(config.records.database, "sqlite:hub/fivebar.db");
        assert_eq!(Config::parse(&toml::to_string(&config).unwrap()).unwrap().dns.cache_mb, 32);
    }

    #[test]
    fn every_problem_is_said_at_once_with_its_line() {
        let text = GOOD
            .replace("Hillside", " ")
            .replace("upstreams = [\"127.0.0.1:5300\"]", "upstreams = [\"127.0.0.1:5353\"]\nthreads = 0")
            + "[activity]\nkeep-days = 0\n";
        let problems = Config::parse(&text).unwrap_err();
        let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [3, 6, 7, 13], "{problems:?}");
    }

    #[test]
    fn the_portal_and_the_proxy_cannot_share_a_port() {
        let with = |portal: &str| Config::parse(&GOOD.replace("127.0.0.1:8080", portal));
        for shared in ["127.0.0.1:3128", "0.0.0.0:3128", "[::]:3128"] {
            let problems = with(shared).unwrap_err();
            assert_eq!(problems.len(), 1, "{shared}: {problems:?}");
            assert!(problems[0].line == 10 && problems[0].what.contains("another port"), "{problems:?}");
        }
        assert!(with("127.0.0.2:3128").is_ok() && with("127.0.0.1:0").is_ok());
    }

    #[test]
    fn no_two_fronts_want_the_same_port_of_an_address_and_no_question_comes_back() {
        let with = |dns: &str, upstream: &str, proxy: &str| {
            let text = GOOD.replace("[\"127.0.0.1:5353\"]", dns);
            let text = text.replace("127.0.0.1:5300", upstream).replace("127.0.0.1:3128", proxy);
            Config::parse(&text).map_or_else(
                |problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
                |_| Vec::new(),
            )
        };
        let (any, here, six) = ("[\"0.0.0.0:53\"]", "[\"127.0.0.1:53\"]", "[\"[::]:53\"]");
        for (dns, upstream, proxy) in [
            (any, "192.0.2.1:53", "127.0.0.1:53"),
            (here, "192.0.2.1:53", "0.0.0.0:53"),
            (six, "192.0.2.1:53", "127.0.0.1:53"),
            (here, "192.0.2.1:53", "[::]:53"),
            (any, "127.0.0.1:53", "127.0.0.1:3128"),
            (six, "127.0.0.1:53", "127.0.0.1:3128"),
            (six, "[::1]:53", "127.0.0.1:3128"),
            ("[\"0.0.0.0:53\", \"127.0.0.1:53\"]", "192.0.2.1:53", "127.0.0.1:3128"),
            ("[\"127.0.0.1:8080\"]", "192.0.2.1:53", "127.0.0.1:3128"),
        ] {
            let problems = with(dns, upstream, proxy);
            assert_eq!(problems.len(), 1, "{dns} {upstream} {proxy}: {problems:?}");
            assert!(problems[0].starts_with("line "), "{problems:?}");
        }
        for (dns, upstream, proxy) in [
            (any, "192.0.2.1:53", "127.0.0.1:3128"),
            ("[\"0.0.0.0:53\", \"[::]:53\"]", "192.0.2.1:53", "127.0.0.1:3128"),
            (any, "192.0.2.1:53", "[::1]:53"),
            (here, "127.0.0.53:53", "127.0.0.2:53"),
        ] {
            assert_eq!(with(dns, upstream, proxy), Vec::<String>::new(), "{dns} {upstream} {proxy}");
        }
    }

    #[test]
    fn ports_are_numbers_or_spans_and_anything_else_is_said_with_its_line() {
        let with = |ports: &str| {
            Config::parse(&GOOD.replace("[portal]", &format!("connect-ports = {ports}\n[portal]")))
        };
        let config = with("[443, \"9000-9010\"]").unwrap();
        assert_eq!(config.proxy.connect_ports.as_ref().unwrap().len(), 2);
        assert!(Config::parse(&toml::to_string(&config).unwrap()).is_ok());
        for odd in ["[]", "[0]", "[\"90-80\"]", "[70000]", "[\"https\"]", "443"] {
            let problems = with(odd).unwrap_err();
            assert_eq!(problems.len(), 1, "{odd}: {problems:?}");
            assert!(problems[0].line == 9 || problems[0].line == 7, "{odd}: {problems:?}");
            assert!(
                problems[0].what.contains("port") || problems[0].what.contains("sequence"),
                "{problems:?}"
            );
        }
    }

    #[test]
    fn encrypted_dns_has_ports_of_its_own_a_name_and_a_certificate_with_its_key() {
        let with = |lines: &str| Config::parse(&GOOD.replace("[proxy]", &format!("{lines}\n[proxy]")));
        let good =
            with("tls = \"[::]:853\"\nhttps = \"0.0.0.0:443\"\nname = \"dns.school.example\"").unwrap();
        assert!(good.dns.is_encrypted() && Config::parse(&toml::to_string(&good).unwrap()).is_ok());
        assert!(!Config::parse(GOOD).unwrap().dns.is_encrypted());
        for odd in [
            "tls = \"127.0.0.1:5353\"",
            "https = \"0.0.0.0:8080\"",
            "https = \"[::]:3128\"",
            "tls = \"127.0.0.1:853\"\nhttps = \"0.0.0.0:853\"",
            "certificate = \"/etc/dns.pem\"",
            "key = \"/etc/dns.key\"",
            "name = \"DNS.school.example\"",
            "name = \"dns school\"",
            "name = \"127.0.0.1\"",
            "tls = \"853\"",
        ] {
            let problems = with(odd).unwrap_err();
            assert_eq!(problems.len(), 1, "{odd}: {problems:?}");
            assert!((7..=8).contains(&problems[0].line), "{odd}: {problems:?}");
        }
    }

    #[test]
    fn an_unknown_key_or_section_is_named() {
        let problems = Config::parse(&(GOOD.replace("name =", "nmae =") + "[prxy]\n")).unwrap_err();
        assert!(
            problems.iter().any(|problem| problem.what.contains("prxy") && problem.line == 11),
            "{problems:?}"
        );
        assert!(
            problems.iter().any(|problem| problem.what.contains("nmae") && problem.line == 3),
            "{problems:?}"
        );
    }

    #[test]
    fn a_key_that_is_there_twice_is_said_with_both_lines() {
        let text = GOOD.replace("name = \"Hillside\"", "name = \"Hillside\"\nname = \"Hilltop\"")
            + "[dns]\nthreads = 2\n";
        let said: Vec<String> = Config::parse(&text).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "line 4: name is there twice in [school], first in line 3; keep one of the two lines",
                "line 12: the section [dns] begins a second time, first in line 5; put both into one",
            ]
        );
    }

    #[test]
    fn what_is_not_toml_is_said_with_its_line() {
        let problems = Config::parse("[school]\nname = \n").unwrap_err();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, 2, "{problems:?}");
    }
}
