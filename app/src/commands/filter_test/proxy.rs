//! Asking the running proxy, as a device of a group would.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use engine::test_pass::{Asked, FIELD, to_text, write_pass};
use filtering::filter_test::Answer;
use kit::{Clock, Private};

use super::asking::another;

/// How long one answer is waited for: longer than the proxy waits for an origin.
const PATIENCE: Duration = Duration::from_secs(20);
/// How much of an answer is read: a block page is a few KiB.
const MOST: u64 = 64 << 10;

/// How it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `GET http://site/`.
    Plain,
    /// `CONNECT site:443`.
    Tunnel,
}

impl Way {
    pub const fn words(self) -> &'static str {
        match self {
            Self::Plain => "as a page",
            Self::Tunnel => "as a tunnel",
        }
    }
}

/// The proxy, and the school's key of passes.
pub struct Proxy {
    pub server: SocketAddr,
    pub key: Private<[u8; 32]>,
}

impl Proxy {
    /// Asks for a site as somebody of a group: what came, and whether a refusal came with the page that says why.
    pub fn ask(&self, group: &str, site: &str, way: Way) -> (Answer, bool) {
        self.answer(group, site, way).map_or((Answer::Nothing, false), |answer| read(&answer))
    }

    fn answer(&self, group: &str, site: &str, way: Way) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&self.server, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let client: IpAddr = stream.local_addr()?.ip().to_canonical();
        let asked = match way {
            Way::Plain => Asked::Page { host: site, port: 80, path: "/" },
            Way::Tunnel => Asked::Tunnel { host: site, port: 443 },
        };
        let now = Clock::System.now();
        let pass = to_text(&write_pass(self.key.reveal(), group, client, asked, now, another()?));
        let (line, host) = match way {
            Way::Plain => (format!("GET http://{site}/ HTTP/1.1"), site.to_owned()),
            Way::Tunnel => (format!("CONNECT {site}:443 HTTP/1.1"), format!("{site}:443")),
        };
        write!(
            stream,
            "{line}\r\nHost: {host}\r\nAccept: text/html\r\nConnection: close\r\n{FIELD}: {pass}\r\n\r\n"
        )?;
        let mut answer = Vec::new();
        match way {
            Way::Plain => {
                stream.take(MOST).read_to_end(&mut answer)?;
            }
            // What is open stays open: its first line says so.
            Way::Tunnel => {
                let mut piece = [0; 4096];
                while answer.len() as u64 <= MOST {
                    let n = stream.read(&mut piece)?;
                    answer.extend(piece.get(..n).unwrap_or_default());
                    if n == 0 || answer.starts_with(b"HTTP/1.1 2") {
                        break;
                    }
                }
            }
        }
        Ok(answer)
    }
}

/// What an answer says, and whether it is the page that says why.
fn read(answer: &[u8]) -> (Answer, bool) {
    let text = String::from_utf8_lossy(answer);
    let Some(status) = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)) else {
        return (Answer::Nothing, false);
    };
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let says = |line: &str| {
        line.to_ascii_lowercase().starts_with("proxy-status:") && line.contains("http_request_denied")
    };
    let denied = head.lines().any(says);
    match status {
        "403" if denied => (Answer::Refused, body.contains("/why?t=")),
        "502" | "504" => (Answer::Failed, false),
        _ => (Answer::Records, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_from_a_site_that_says_no() {
        let denied = "HTTP/1.1 403 Forbidden\r\nProxy-Status: fivebar; error=http_request_denied\r\n\r\n";
        let page = format!("{denied}<a href=\"http://portal/why?t=abc\">See why</a>");
        for (answer, said) in [
            (page.as_str(), (Answer::Refused, true)),
            (denied, (Answer::Refused, false)),
            ("HTTP/1.1 403 Forbidden\r\n\r\n/why?t=", (Answer::Records, false)),
            ("HTTP/1.1 200 OK\r\n\r\nhello", (Answer::Records, false)),
            ("HTTP/1.1 502 Bad Gateway\r\n\r\n", (Answer::Failed, false)),
            ("", (Answer::Nothing, false)),
            ("SSH-2.0", (Answer::Nothing, false)),
        ] {
            assert_eq!(read(answer.as_bytes()), said, "{answer:?}");
        }
    }
}
