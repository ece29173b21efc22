//! What was asked for, as proxies write it.

use engine::Front;
use kit::address::literal;

use super::{Why, web_host};

/// A host with its path, and what kind of request it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub host: String,
    pub path: Option<String>,
    pub front: Front,
}

/// Reads `http://host:port/path?query`, and `host:port` of a tunnel.
pub fn asked(method: &str, url: &str) -> Result<Asked, Why> {
    if let Some((scheme, rest)) = url.split_once("://") {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let host = web_host(host_of(authority))?;
        if method.eq_ignore_ascii_case("CONNECT") {
            return Ok(Asked { host, path: None, front: Front::Connect });
        }
        if !["http", "https", "ftp", "ws", "wss"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(Why::Form);
        }
        return Ok(Asked { host, path: Some(path_of(path)), front: Front::Proxy });
    }
    if url.starts_with("error:") || url.starts_with("cache_object:") || url.starts_with('/') {
        return Err(Why::Host);
    }
    Ok(Asked { host: web_host(host_of(url))?, path: None, front: Front::Connect })
}

/// A path with its query, as the log keeps paths.
pub fn path_of(path: &str) -> String {
    let path = path.split('#').next().unwrap_or_default();
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    kit::path::canonical(&path).into_owned()
}

/// An authority without who signs in and without its port.
pub fn host_of(authority: &str) -> &str {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if literal(host).is_some() {
        return host;
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}
