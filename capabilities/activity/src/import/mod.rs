//! Other filters' logs, read line by line: what somebody asked for, when, and whether it was blocked there.
//!
//! Pure: bytes in, [`Heard`] out. A line is read, or says nothing of a request, or is not read and says [`Why`]; none makes
//! anything panic. Who somebody is, which sites are left out, and what becomes of it, is for whoever asks.

mod address;
mod adguard_home;
mod e2guardian;
mod pi_hole;
mod sealing;
mod squid;
mod stamp;
mod zeek;

use std::net::IpAddr;

use engine::searching::words_of;
use engine::{Fact, Front, Host, HostName, KnownBy, Origin, PersonNo, Verdict};
use kit::host::normalise_host_name;
use kit::{Timestamp, Zone};
use serde::{Deserialize, Serialize};

use crate::event::moment;
use crate::sealed::RecordRef;
pub use pi_hole::{Query, is_blocked};
pub use sealing::{LONGEST_HANDED, Sealing};

/// Longer lines are not read.
pub const LONGEST_LINE: usize = 64 << 10;

/// One request as another filter's log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The line that told it, from 1 on; of a database its own number of the request.
    pub line: u64,
    /// When it was.
    pub at: Timestamp,
    /// The device's address.
    pub client: Option<IpAddr>,
    /// Who had signed in, as the other filter calls them.
    pub user: Option<String>,
    /// The host asked for, in its one form; an address as text.
    pub host: String,
    /// The path with its query, where one was seen.
    pub path: Option<String>,
    /// What the browser calls itself.
    pub agent: Option<String>,
    /// What kind of request it was.
    pub front: Front,
    /// What the other filter did.
    pub verdict: Verdict,
    /// Bytes that were sent back.
    pub bytes: u64,
}

impl Heard {
    /// The host asked for.
    pub fn host(&self) -> Option<Host<'_>> {
        host_of(&self.host)
    }

    /// As the activity log takes it: with a person and how surely they are known.
    pub fn imported(
        self,
        person: Option<PersonNo>,
        device: Option<engine::DeviceNo>,
        known_by: KnownBy,
    ) -> Imported {
        let searched = self.path.as_deref().zip(self.host()).and_then(|(path, host)| words_of(host, path));
        let path = self.path.map(|path| path.split('?').next().unwrap_or_default().to_owned());
        Imported {
            line: self.line,
            at: self.at,
            client: self.client,
            person,
            device,
            known_by,
            host: Some(self.host),
            sealed: None,
            path,
            searched,
            agent: self.agent,
            front: self.front.id().to_owned(),
            verdict: self.verdict,
            bytes: self.bytes,
        }
    }
}

/// A host as it is kept: a name in its one form, or an address as text.
pub fn host_of(text: &str) -> Option<Host<'_>> {
    kit::address::literal(text).map(Host::Address).or_else(|| HostName::new(text).map(Host::Name))
}

/// One request on its way into the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imported {
    /// As [`Heard::line`].
    pub line: u64,
    /// When it was.
    #[serde(with = "moment")]
    pub at: Timestamp,
    /// The device's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<IpAddr>,
    /// The person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonNo>,
    /// The device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<engine::DeviceNo>,
    /// How surely they are known.
    pub known_by: KnownBy,
    /// The host; none where it is sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// What there is in the host's place where that is sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<SealedRow>,
    /// The path without its query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What was searched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub searched: Option<String>,
    /// What the browser calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// What kind of request it was.
    pub front: String,
    /// What the other filter did.
    pub verdict: Verdict,
    /// Bytes that were sent back.
    pub bytes: u64,
}

/// What a row says of an address that is sealed: as much as one of a gate does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedRow {
    /// What of the request is sealed.
    pub fact: Fact,
    /// The encrypted record of it, where one was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordRef>,
}

impl Imported {
    /// What it takes in the log, its texts as long as they are kept.
    pub fn bytes_at_most(&self) -> usize {
        let texts = [self.path.as_ref(), self.searched.as_ref(), self.agent.as_ref()];
        200 + self.host.as_ref().map_or(0, String::len)
            + texts.into_iter().flatten().map(String::len).sum::<usize>()
    }
}

/// Why a line was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// It has not the form of this kind of log.
    Form,
    /// Its time cannot be read.
    Time,
    /// What it names is no host: a service of the local network, a question about an address, or nothing.
    Host,
    /// It is longer than [`LONGEST_LINE`].
    Long,
    /// Nothing was asked for yet: the proxy wanted to know who asks.
    SignIn,
    /// The file says that it is another kind of log.
    Kind,
    /// A row of a database that has not the fields that it should have.
    Damaged,
}

impl Why {
    /// The word used for scripts.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Time => "time",
            Self::Host => "host",
            Self::Long => "too-long",
            Self::SignIn => "sign-in",
            Self::Kind => "kind",
            Self::Damaged => "damaged",
        }
    }

    /// In words, after "not read because".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Form => "it has not the form of this kind of log",
            Self::Time => "its time cannot be read",
            Self::Host => "it names no host of the web",
            Self::Long => "it is too long",
            Self::SignIn => "the proxy only asked who it was",
            Self::Kind => "the file says that it is another kind of log",
            Self::Damaged => "its fields cannot be read",
        }
    }
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A request.
    Request(Heard),
    /// Nothing of a request: a comment, a heading, an empty line, or more about a request that another line told.
    Nothing,
    /// It was not read.
    Unread(Why),
}

impl From<Result<Heard, Why>> for Said {
    fn from(read: Result<Heard, Why>) -> Self {
        read.map_or_else(Self::Unread, Self::Request)
    }
}

/// Reads the lines of one log in their order.
#[derive(Debug)]
pub struct Reader {
    format: Format,
    line: u64,
}

#[derive(Debug)]
enum Format {
    Zeek(zeek::Zeek),
    Squid(Zone),
    E2guardian(Zone),
    AdguardHome,
    PiHole(pi_hole::Text),
}

impl Reader {
    /// Begins. `zone` is that of times without an offset, `now` the end of a year that is not said.
    pub fn new(origin: Origin, zone: Zone, now: Timestamp) -> Self {
        let format = match origin {
            Origin::ZeekDns => Format::Zeek(zeek::Zeek::new(zeek::Kind::Dns)),
            Origin::ZeekHttp => Format::Zeek(zeek::Zeek::new(zeek::Kind::Http)),
            Origin::Squid => Format::Squid(zone),
            Origin::E2guardian => Format::E2guardian(zone),
            Origin::AdguardHome => Format::AdguardHome,
            Origin::PiHole => Format::PiHole(pi_hole::Text::new(zone, now)),
        };
        Self { format, line: 0 }
    }

    /// Reads the next line, without its end.
    pub fn line(&mut self, line: &[u8]) -> Said {
        self.line += 1;
        if line.len() > LONGEST_LINE {
            return Said::Unread(Why::Long);
        }
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches(['\r', '\n']).trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Said::Nothing;
        }
        match &mut self.format {
            Format::Zeek(zeek) => zeek.line(text, self.line),
            Format::Squid(zone) => squid::line(text, self.line, zone).into(),
            Format::E2guardian(zone) => e2guardian::line(text, self.line, zone),
            Format::AdguardHome => adguard_home::line(text, self.line).into(),
            Format::PiHole(pi_hole) => pi_hole.line(text, self.line),
        }
    }

    /// A request that earlier lines told and that no further line will change. To be asked after each line until there is none.
    pub fn ready(&mut self) -> Option<Heard> {
        match &mut self.format {
            Format::PiHole(pi_hole) => pi_hole.ready(),
            _ => None,
        }
    }

    /// The log is over: what was waiting for further lines, to be asked until there is none.
    pub fn end(&mut self) -> Option<Heard> {
        match &mut self.format {
            Format::PiHole(pi_hole) => pi_hole.end(),
            _ => None,
        }
    }

    /// How many lines are read and told whole: whatever comes is of a later one.
    pub fn told(&self) -> u64 {
        match &self.format {
            Format::PiHole(pi_hole) => pi_hole.oldest().map_or(self.line, |oldest| oldest - 1),
            _ => self.line,
        }
    }

    /// How many lines have been read.
    pub const fn lines(&self) -> u64 {
        self.line
    }
}

/// The kind of log that some first lines are of.
pub fn recognise(beginning: &[u8]) -> Option<Origin> {
    let text = String::from_utf8_lossy(beginning);
    let lines = text.lines().map(|line| line.trim_start_matches('\u{feff}'));
    lines.filter(|line| !line.trim().is_empty()).take(50).find_map(origin_of)
}

fn origin_of(line: &str) -> Option<Origin> {
    if let Some(path) = line.strip_prefix("#path") {
        return match path.trim() {
            "dns" => Some(Origin::ZeekDns),
            "http" => Some(Origin::ZeekHttp),
            _ => None,
        };
    }
    if line.starts_with('{') {
        let has = |name: &str| line.contains(&format!("\"{name}\":"));
        return match () {
            () if has("QH") && has("T") => Some(Origin::AdguardHome),
            () if has("id.orig_h") && has("uri") => Some(Origin::ZeekHttp),
            () if has("id.orig_h") && has("query") => Some(Origin::ZeekDns),
            () => None,
        };
    }
    if line.contains(" dnsmasq[") {
        return Some(Origin::PiHole);
    }
    let utc = Zone::utc();
    // Its third form is squid's own, and is read the same.
    let is_squid = squid::line(line, 1, &utc).is_ok();
    if !is_squid && matches!(e2guardian::line(line, 1, &utc), Said::Request(_)) {
        return Some(Origin::E2guardian);
    }
    is_squid.then_some(Origin::Squid)
}

/// A host as logs write it, in its one form: what is none has no dot, or is a question about an address.
fn web_host(text: &str) -> Result<String, Why> {
    if let Some(address) = kit::address::literal(text) {
        return Ok(address.to_canonical().to_string());
    }
    let name = normalise_host_name(text).ok_or(Why::Host)?;
    let is_of_the_web = name.contains('.')
        && HostName::new(&name).is_some()
        && ![".arpa", ".local"].iter().any(|end| name.ends_with(end));
    if is_of_the_web { Ok(name) } else { Err(Why::Host) }
}

/// What stands in a field, where `-` stands for nothing.
fn given(text: &str) -> Option<&str> {
    let text = text.trim();
    (!matches!(text, "" | "-" | "(empty)")).then_some(text)
}

#[cfg(test)]
mod tests;
