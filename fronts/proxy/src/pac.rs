//! The file that tells browsers which way to take.

use std::net::SocketAddr;

use crate::config::Config;

/// The type that browsers want.
pub const KIND: &str = "application/x-ns-proxy-autoconfig";

/// The PAC file: the school's own names and the portal directly, everything else through the proxy, and never around
/// it when it does not answer. `here` is the address at which the file was asked for.
///
/// [`Config::check`] has seen that no name in it can end the script's text early.
pub fn file(config: &Config, here: SocketAddr) -> String {
    let proxy = config.pac.proxy.clone().unwrap_or_else(|| here.to_string());
    let portal = crate::portal::named(&config.portal);
    let portal = portal.map(|(host, _)| host.to_string()).unwrap_or_default();
    let direct: Vec<String> = config
        .pac
        .direct
        .iter()
        .map(|domain| domain.trim_matches('.').to_ascii_lowercase())
        .filter(|domain| !domain.is_empty())
        .map(|domain| format!("\"{domain}\""))
        .collect();
    format!(
        "function FindProxyForURL(url, host) {{\n  \
           host = host.toLowerCase();\n  \
           if (host.charAt(host.length - 1) === \".\") host = host.substring(0, host.length - 1);\n  \
           if ((host.indexOf(\":\") < 0 && isPlainHostName(host)) || host === \"{portal}\") return \"DIRECT\";\n  \
           var school = [{}];\n  \
           for (var i = 0; i < school.length; i++) {{\n    \
             if (host === school[i] || dnsDomainIs(host, \".\" + school[i])) return \"DIRECT\";\n  \
           }}\n  \
           return \"PROXY {proxy}\";\n}}\n",
        direct.join(", ")
    )
}
