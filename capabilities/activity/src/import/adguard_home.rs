//! AdGuard Home's `querylog.json`: an object a line.

use std::net::IpAddr;

use engine::{Front, Verdict};
use kit::Timestamp;
use serde::Deserialize;

use super::{Heard, Why, stamp, web_host};

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "T", default)]
    at: Option<String>,
    #[serde(rename = "QH", default)]
    host: Option<String>,
    #[serde(rename = "IP", default)]
    client: Option<String>,
    /// The name that the device's encrypted questions came with.
    #[serde(rename = "Result", default)]
    result: Outcome,
}

#[derive(Default, Deserialize)]
struct Outcome {
    #[serde(rename = "IsFiltered", default)]
    is_filtered: bool,
    #[serde(rename = "Reason", default)]
    reason: i64,
}

/// Blocked by a list, as dangerous, as not for children, as invalid, as a service. The others let through, or lead elsewhere:
/// a safe search, a rewriting.
const REFUSED: [i64; 5] = [3, 4, 5, 6, 8];

/// Reads a line. Its answer is not looked at.
pub fn line(text: &str, line: u64) -> Result<Heard, Why> {
    let said: Line = serde_json::from_str(text).map_err(|_| Why::Form)?;
    let host = said.host.ok_or(Why::Form)?;
    let at = said.at.as_deref().and_then(Timestamp::parse).and_then(stamp::sensible).ok_or(Why::Time)?;
    let blocked = said.result.is_filtered && REFUSED.contains(&said.result.reason);
    Ok(Heard {
        line,
        at,
        client: said.client.and_then(|client| client.parse::<IpAddr>().ok()),
        // A device chooses its `CID` itself.
        user: None,
        host: web_host(&host)?,
        path: None,
        agent: None,
        front: Front::Dns,
        verdict: if blocked { Verdict::Block } else { Verdict::Allow },
        bytes: 0,
    })
}
