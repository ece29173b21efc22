//! Squid's `access.log`: its own form (`squid`, with headers behind it too: `squidmime`), and those of web servers
//! (`common`, `combined`), which end with squid's result.

use engine::Verdict;
use kit::Zone;

use super::address::asked;
use super::{Heard, Why, given, stamp};

/// Reads a line.
pub fn line(text: &str, line: u64, zone: &Zone) -> Result<Heard, Why> {
    let mut fields = text.split_ascii_whitespace();
    let first = fields.next().ok_or(Why::Form)?;
    match stamp::epoch(first) {
        Some(_) => own(text, line),
        None => web_server(text, line, zone),
    }
}

/// `1700000000.123    45 10.0.0.7 TCP_MISS/200 1234 GET http://… user HIER_DIRECT/192.0.2.1 text/html`.
fn own(text: &str, line: u64) -> Result<Heard, Why> {
    let mut fields = text.split_ascii_whitespace();
    let mut next = || fields.next().ok_or(Why::Form);
    let at = stamp::epoch(next()?).ok_or(Why::Time)?;
    let took = next()?;
    let (client, result, bytes, method, url) = (next()?, next()?, next()?, next()?, next()?);
    let user = next().ok();
    let has_form = took.parse::<i64>().is_ok() && result.contains('/');
    let bytes = bytes.parse::<u64>().ok().filter(|_| has_form).ok_or(Why::Form)?;
    let verdict = verdict_of(result)?;
    let asked = asked(method, url)?;
    Ok(Heard {
        line,
        at,
        client: client.parse().ok(),
        user: user.and_then(given).map(decoded),
        host: asked.host,
        path: asked.path,
        agent: None,
        front: asked.front,
        verdict,
        bytes,
    })
}

/// `10.0.0.7 - user [25/Nov/2026:10:49:00 +0000] "GET http://… HTTP/1.1" 200 1234 "referrer" "agent" TCP_MISS:HIER_DIRECT`.
fn web_server(text: &str, line: u64, zone: &Zone) -> Result<Heard, Why> {
    let (before, rest) = text.split_once('[').ok_or(Why::Form)?;
    let (when, rest) = rest.split_once(']').ok_or(Why::Form)?;
    let mut who = before.split_ascii_whitespace();
    let (client, _, user) = (who.next().ok_or(Why::Form)?, who.next(), who.next());
    let at = stamp::web_server(when, zone).ok_or(Why::Time)?;
    let quoted: Vec<&str> = rest.split('"').collect();
    let request = quoted.get(1).ok_or(Why::Form)?;
    let mut request = request.split_ascii_whitespace();
    let (method, url) = (request.next().ok_or(Why::Form)?, request.next().ok_or(Why::Form)?);
    let mut numbers = quoted.get(2).ok_or(Why::Form)?.split_ascii_whitespace();
    let status: u16 = numbers.next().and_then(|status| status.parse().ok()).ok_or(Why::Form)?;
    let bytes = numbers.next().and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
    // Squid's result is the last word, and separate from its hierarchy by a colon.
    let last = quoted.last().and_then(|last| last.split_ascii_whitespace().last()).unwrap_or_default();
    let verdict = verdict_of(&format!("{}/{status}", last.split(':').next().unwrap_or_default()))?;
    let asked = asked(method, url)?;
    Ok(Heard {
        line,
        at,
        client: client.parse().ok(),
        user: user.and_then(given).map(decoded),
        host: asked.host,
        path: asked.path,
        agent: quoted.get(5).and_then(|agent| given(agent)).map(str::to_owned),
        front: asked.front,
        verdict,
        bytes,
    })
}

/// What `TCP_DENIED/403` and the others say.
fn verdict_of(result: &str) -> Result<Verdict, Why> {
    let (tag, status) = result.split_once('/').ok_or(Why::Form)?;
    if !tag.contains("DENIED") {
        return Ok(Verdict::Allow);
    }
    // It only wanted to know who asks.
    if matches!(status, "407" | "401") { Err(Why::SignIn) } else { Ok(Verdict::Block) }
}

/// Squid writes what could break a line as percent codes; of those, what stands between a realm and a name.
fn decoded(user: &str) -> String {
    user.replace("%5C", "\\").replace("%5c", "\\").replace("%40", "@")
}
