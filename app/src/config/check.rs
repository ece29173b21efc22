//! What can be wrong with settings that are each well written.

use std::net::{IpAddr, SocketAddr};

use kit::network::Network;

use super::Config;
use super::file::{Problem, line_of};

impl Config {
    pub(super) fn check(&self, text: &str, problems: &mut Vec<Problem>) {
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
        self.check_sign_in(&mut say);
        self.check_mail(&mut say);
        self.check_backup(&mut say);
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
        self.check_portal(&mut say);
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
    fn check_portal(&self, say: &mut impl FnMut(&str, &str, String)) {
        let portal = &self.portal;
        if let Some(url) = &portal.url {
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
        match (&portal.certificate, &portal.key) {
            (Some(_), None) => {
                say("portal", "certificate", "give its key too, as in key = \"portal.key\"".to_owned())
            }
            (None, Some(_)) => {
                say(
                    "portal",
                    "key",
                    "give its certificate too, as in certificate = \"portal.pem\"".to_owned(),
                );
            }
            _ => {}
        }
        let Some(https) = portal.https else {
            if portal.certificate.is_some() {
                let what = "say where HTTPS is served too, as in https = \"0.0.0.0:443\"".to_owned();
                say("portal", "certificate", what);
            }
            return;
        };
        // An address over HTTPS that people are not told of is one at which nobody signs in.
        if portal.url.as_ref().is_some_and(|url| url.starts_with("http://")) {
            say(
                "portal",
                "url",
                "the portal is served over HTTPS: write its address with https://".to_owned(),
            );
        }
        let dns = self.dns.listen.iter().map(|other| ("the DNS front's", *other));
        let encrypted = self.dns.tls.iter().chain(&self.dns.https).map(|other| ("encrypted DNS's", *other));
        let proxy = self.proxy.listen.iter().map(|other| ("the proxy's", *other));
        let plain = std::iter::once(("the portal's own", portal.listen));
        for (whose, other) in dns.chain(encrypted).chain(proxy).chain(plain) {
            if meet(https, other) {
                say(
                    "portal",
                    "https",
                    format!("{https} cannot be had beside {whose} {other}; give one of them another port"),
                );
            }
        }
    }
}

/// Whether two listeners would want the same port of the same address. Port 0 is any free one. The wildcard of IPv6 takes
/// IPv4 too; that of IPv4 takes no IPv6.
pub(super) fn meet(one: SocketAddr, other: SocketAddr) -> bool {
    let takes = |one: IpAddr, other: IpAddr| match one {
        IpAddr::V4(one) => one.is_unspecified() && other.is_ipv4(),
        IpAddr::V6(one) => one.is_unspecified(),
    };
    let (here, there) = (one.ip().to_canonical(), other.ip().to_canonical());
    let same = here == there || takes(here, there) || takes(there, here);
    one.port() != 0 && one.port() == other.port() && same
}

/// Whether a question that is sent to `upstream` comes to a listener of this machine at `own`.
pub(super) fn leads_to(upstream: SocketAddr, own: SocketAddr) -> bool {
    let is_here = upstream.ip().to_canonical().is_loopback() || upstream.ip().is_unspecified();
    upstream == own || (is_here && own.ip().is_unspecified() && meet(upstream, own))
}
