//! Pi-hole: the log of its dnsmasq as text, and the queries of its database.
//!
//! In the text a question and what became of it are lines of their own. A question waits until its name is answered, blocked
//! or pushed out by later ones.

use std::collections::VecDeque;
use std::net::IpAddr;

use engine::{Front, Verdict};
use kit::{Timestamp, Zone};

use super::{Heard, Said, Why, given, stamp, web_host};

/// So many questions wait at once; the oldest is let go beyond that.
const WAITING: usize = 256;

/// Reads the text.
#[derive(Debug)]
pub struct Text {
    zone: Zone,
    now: Timestamp,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    heard: Heard,
    is_settled: bool,
}

impl Text {
    pub fn new(zone: Zone, now: Timestamp) -> Self {
        Self { zone, now, waiting: VecDeque::new() }
    }

    pub fn line(&mut self, text: &str, line: u64) -> Said {
        // `Nov 25 10:49:00 dnsmasq[123]: query[A] www.example.org from 10.0.0.7`
        let Some((when, rest)) = text.split_once(" dnsmasq") else { return Said::Unread(Why::Form) };
        let Some((_, said)) = rest.split_once("]: ") else { return Said::Unread(Why::Form) };
        let mut words: Vec<&str> = said.split_ascii_whitespace().collect();
        // With more to say it begins with a number and the address it came from.
        if let [number, from, ..] = *words
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && from.contains('/')
        {
            words.drain(..2);
        }
        match *words {
            [query, name, "from", client, ..] if query.starts_with("query[") => {
                match self.question(when, name, client, line) {
                    Ok(heard) => {
                        self.waiting.push_back(Waiting { heard, is_settled: false });
                        Said::Nothing
                    }
                    Err(why) => Said::Unread(why),
                }
            }
            _ => {
                self.answer(&words);
                Said::Nothing
            }
        }
    }

    fn question(&self, when: &str, name: &str, client: &str, line: u64) -> Result<Heard, Why> {
        let mut parts = when.split_ascii_whitespace();
        let (month, day, time) =
            (parts.next().ok_or(Why::Time)?, parts.next().ok_or(Why::Time)?, parts.next().ok_or(Why::Time)?);
        let at = stamp::without_year(month, day, time, &self.zone, self.now).ok_or(Why::Time)?;
        Ok(Heard {
            line,
            at,
            client: client.parse().ok(),
            user: None,
            host: web_host(name)?,
            path: None,
            agent: None,
            front: Front::Dns,
            verdict: Verdict::Allow,
            bytes: 0,
        })
    }

    /// `gravity blocked NAME is 0.0.0.0`, `regex denied NAME is …` (in other words before version 6), `forwarded NAME to …`,
    /// `cached NAME is …`, `reply NAME is …`, `config NAME is …`.
    fn answer(&mut self, words: &[&str]) {
        let blocks = |word: &&str| matches!(*word, "blocked" | "denied") || word.starts_with("black");
        let (name, verdict) = match *words {
            [_, how, name, ..] if blocks(&how) => (name, Verdict::Block),
            ["forwarded" | "cached" | "reply" | "config" | "cached-stale", name, ..] => {
                (name, Verdict::Allow)
            }
            _ => return,
        };
        // All that wait for the name are answered alike.
        let of_it =
            |waiting: &&mut Waiting| !waiting.is_settled && waiting.heard.host.eq_ignore_ascii_case(name);
        for waiting in self.waiting.iter_mut().filter(of_it) {
            waiting.heard.verdict = verdict;
            waiting.is_settled = true;
        }
    }

    /// In their order, so that whatever comes is of a later line.
    pub fn ready(&mut self) -> Option<Heard> {
        let is_ready = self.waiting.len() > WAITING || self.waiting.front()?.is_settled;
        if is_ready { self.end() } else { None }
    }

    pub fn end(&mut self) -> Option<Heard> {
        self.waiting.pop_front().map(|waiting| waiting.heard)
    }

    pub fn oldest(&self) -> Option<u64> {
        self.waiting.front().map(|waiting| waiting.heard.line)
    }
}

/// A row of the database's `queries`.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Its number.
    pub id: i64,
    /// When, in seconds since 1970.
    pub timestamp: f64,
    /// What became of it.
    pub status: i64,
    /// The name.
    pub domain: String,
    /// The device's address.
    pub client: String,
}

/// Whether a status is one of its refusals: by its lists (1), expressions (4) or the school's own list (5), by the server that
/// it asked (6 to 8, 18), by where a name led (9 to 11), while its lists were busy (15), or as a special name (16).
pub const fn is_blocked(status: i64) -> bool {
    matches!(status, 1 | 4..=11 | 15 | 16 | 18)
}

impl Query {
    /// What it tells.
    pub fn heard(&self) -> Result<Heard, Why> {
        let millis = self.timestamp * 1_000.0;
        let is_moment = millis.is_finite() && (0.0..1e15).contains(&millis);
        let at = is_moment.then(|| Timestamp::from_millis(millis as i64)).and_then(stamp::sensible);
        Ok(Heard {
            line: u64::try_from(self.id).map_err(|_| Why::Form)?,
            at: at.ok_or(Why::Time)?,
            client: given(&self.client).and_then(|client| client.parse::<IpAddr>().ok()),
            user: None,
            host: web_host(&self.domain)?,
            path: None,
            agent: None,
            front: Front::Dns,
            verdict: if is_blocked(self.status) { Verdict::Block } else { Verdict::Allow },
            bytes: 0,
        })
    }
}
