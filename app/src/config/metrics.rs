//! `[metrics]`.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::Config;
use super::check::meet;

/// Numbers for a monitoring system that reads Prometheus' text form. There is nobody in them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Metrics {
    /// Where they are, under `/metrics`; nowhere if left out. Whoever reaches it may read them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
}

impl Metrics {
    pub(super) const fn is_off(&self) -> bool {
        self.listen.is_none()
    }
}

impl Config {
    pub(super) fn check_metrics(&self, say: &mut dyn FnMut(&str, &str, String)) {
        let Some(own) = self.metrics.listen else { return };
        let dns = self.dns.listen.iter().chain(&self.dns.tls).chain(&self.dns.https);
        let others = dns
            .map(|other| ("DNS", other))
            .chain(self.proxy.listen.iter().map(|other| ("the proxy", other)))
            .chain([("the portal", &self.portal.listen)]);
        for (whose, other) in others.filter(|(_, other)| meet(own, **other)) {
            say(
                "metrics",
                "listen",
                format!("{own} cannot be had beside {whose} at {other}; give it another port"),
            );
        }
    }
}
