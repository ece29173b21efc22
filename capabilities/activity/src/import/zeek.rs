//! Zeek's `dns.log` and `http.log`, in columns with a heading or as an object a line. Zeek blocks nothing.

use std::collections::HashMap;

use engine::{Front, Verdict};
use kit::Timestamp;
use serde_json::Value;

use super::address::{Asked, asked, host_of, path_of};
use super::{Heard, Said, Why, given, stamp, web_host};

/// Which of its logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Dns,
    Http,
}

/// Reads lines by the heading before them.
#[derive(Debug)]
pub struct Zeek {
    kind: Kind,
    separator: String,
    /// Where each field stands.
    places: HashMap<String, usize>,
    is_other: bool,
}

impl Zeek {
    pub fn new(kind: Kind) -> Self {
        Self { kind, separator: "\t".to_owned(), places: HashMap::new(), is_other: false }
    }

    pub fn line(&mut self, text: &str, line: u64) -> Said {
        if let Some(heading) = text.strip_prefix('#') {
            self.heading(heading);
            return Said::Nothing;
        }
        if text.starts_with('{') {
            let Ok(Value::Object(object)) = serde_json::from_str(text) else {
                return Said::Unread(Why::Form);
            };
            let field = |name: &str| match object.get(name) {
                Some(Value::String(text)) => given(text).map(str::to_owned),
                Some(Value::Number(number)) => Some(number.to_string()),
                _ => None,
            };
            return self.said(line, field).into();
        }
        if self.is_other {
            return Said::Unread(Why::Kind);
        }
        let fields: Vec<&str> = text.split(&self.separator).collect();
        let field = |name: &str| {
            let field = fields.get(*self.places.get(name)?)?;
            given(field).map(unescaped)
        };
        self.said(line, field).into()
    }

    fn heading(&mut self, text: &str) {
        if let Some(separator) = text.strip_prefix("separator ") {
            self.separator = unescaped(separator.trim());
            return;
        }
        let mut words = text.split(&self.separator);
        match words.next() {
            Some("fields") => {
                self.places = words.enumerate().map(|(place, name)| (name.to_owned(), place)).collect();
            }
            Some("path") => {
                let wanted = match self.kind {
                    Kind::Dns => "dns",
                    Kind::Http => "http",
                };
                self.is_other = words.next().is_some_and(|path| path != wanted);
            }
            _ => {}
        }
    }

    fn said(&self, line: u64, field: impl Fn(&str) -> Option<String>) -> Result<Heard, Why> {
        let when = field("ts").ok_or(Why::Form)?;
        let asked = match self.kind {
            Kind::Dns => {
                let name = field("query").ok_or(Why::Host)?;
                Asked { host: web_host(&name)?, path: None, front: Front::Dns }
            }
            Kind::Http => requested(&field)?,
        };
        let at = stamp::epoch(&when).or_else(|| Timestamp::parse(&when).and_then(stamp::sensible));
        Ok(Heard {
            line,
            at: at.ok_or(Why::Time)?,
            client: field("id.orig_h").and_then(|client| client.parse().ok()),
            // Its `username` is what a browser sends to any website: whoever writes it says who they are.
            user: None,
            host: asked.host,
            path: asked.path,
            agent: field("user_agent"),
            front: asked.front,
            verdict: Verdict::Allow,
            bytes: field("response_body_len").and_then(|bytes| bytes.parse().ok()).unwrap_or(0),
        })
    }
}

/// What a line of `http.log` asks for: of a proxy with the whole address, of a website with the path alone.
fn requested(field: &impl Fn(&str) -> Option<String>) -> Result<Asked, Why> {
    let method = field("method").ok_or(Why::Host)?;
    let uri = field("uri").unwrap_or_else(|| "/".to_owned());
    if uri.contains("://") && !uri.starts_with('/') || method.eq_ignore_ascii_case("CONNECT") {
        return asked(&method, &uri);
    }
    let host = field("host").or_else(|| field("id.resp_h")).ok_or(Why::Host)?;
    Ok(Asked { host: web_host(host_of(&host))?, path: Some(path_of(&uri)), front: Front::Proxy })
}

/// `\x09` and its like are the bytes that they stand for.
fn unescaped(text: &str) -> String {
    if !text.contains("\\x") {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        match after.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.extend_from_slice(b"\\x");
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}
