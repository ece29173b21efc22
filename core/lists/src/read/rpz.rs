//! Response policy zones: rules for names, written as a DNS zone.
//!
//! Source: Vixie and Schryver, draft-vixie-dnsop-dns-rpz-00 (2018), and RFC 1035 section 5 for the zone file. Triggers on the
//! name asked for and on the addresses of an answer are taken; those on who asks and on name servers are not, since lists
//! know neither. An action that answers nothing lists a name, `rpz-passthru.` takes it out, and data that leads elsewhere
//! is a rewrite.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kit::HostName;

use super::dnsmasq::goes_nowhere;
use super::lines::{self, Line};
use super::names::{self, check_below};
use super::under::Under;
use super::{LineResult, Outcome};
use crate::entry::{Entry, Says, Sink};
use crate::report::{Refusal, Report};

/// Reads the records of one zone.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// What a name without a dot at its end stands below, with none at its end; empty for the zone itself.
    origin: String,
    /// What `$ORIGIN` and the owner of the `SOA` record name the zone.
    zone: Option<String>,
    /// The owner that a record without one has.
    owner: String,
    /// How many parentheses are open: a record goes on over lines until they close.
    open: u32,
    /// A name that was listed for itself, until it is known that all below it is listed too.
    alone: Option<String>,
    under: Under,
}

/// What is done about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Block,
    Pass,
}

impl Reader {
    pub(crate) fn read(
        &mut self,
        line: &Line<'_>,
        scratch: &mut String,
        sink: &mut impl Sink,
        report: &mut Report,
    ) -> LineResult {
        if line.raw.len() > lines::LONGEST_LINE {
            return Err(Refusal::LineTooLong);
        }
        let text = std::str::from_utf8(line.raw).map_err(|_| Refusal::NotText)?;
        let text = without_comment(text);
        if std::mem::take(&mut self.open) > 0 {
            self.open = parentheses(text, 1);
            return Ok(Outcome::Blank);
        }
        let mut words = text.split_ascii_whitespace().peekable();
        let Some(&first) = words.peek() else { return Ok(Outcome::Blank) };
        if let "$TTL" | "$ORIGIN" | "$INCLUDE" | "$GENERATE" = first {
            let value = words.nth(1).unwrap_or_default();
            return match first {
                "$TTL" => Ok(Outcome::Blank),
                "$ORIGIN" => {
                    self.name_zone(value);
                    Ok(Outcome::Blank)
                }
                "$INCLUDE" => Err(Refusal::Include),
                _ => Err(Refusal::OtherSetting),
            };
        }
        if !text.starts_with([' ', '\t']) {
            self.owner = first.to_owned();
            words.next();
        }
        // The life and the class may stand in either order, and may be missing.
        while words.next_if(|word| is_life(word) || matches!(*word, "IN" | "in" | "CH" | "HS")).is_some() {}
        let Some(kind) = words.next() else { return Err(Refusal::AnotherFormat) };
        let to = words.next().unwrap_or_default();
        self.open = parentheses(text, 0);
        match kind.to_ascii_uppercase().as_str() {
            "SOA" => {
                if self.zone.is_none() && self.owner != "@" {
                    let owner = self.owner.clone();
                    self.name_zone(&owner);
                }
                Ok(Outcome::Blank)
            }
            "NS" | "RRSIG" | "NSEC" | "NSEC3" | "NSEC3PARAM" | "DNSKEY" => Ok(Outcome::Blank),
            _ if matches!(self.owner.as_str(), "@" | "") => Ok(Outcome::Blank),
            "CNAME" => {
                let action = match to.to_ascii_lowercase().as_str() {
                    "." | "*." | "rpz-drop." | "rpz-drop" => Action::Block,
                    "rpz-passthru." | "rpz-passthru" => Action::Pass,
                    // Asking again over TCP neither opens nor blocks.
                    "rpz-tcp-only." | "rpz-tcp-only" => return Ok(Outcome::Blank),
                    // The oldest way to let a name pass is to send it to itself.
                    itself if self.is_owner(itself) => Action::Pass,
                    _ => return Err(Refusal::Rewrite),
                };
                self.rule(action, scratch, sink, report)
            }
            "A" | "AAAA" if to.parse().is_ok_and(goes_nowhere) => {
                self.rule(Action::Block, scratch, sink, report)
            }
            _ => Err(Refusal::Rewrite),
        }
    }

    /// How many bytes of memory wait for the end of the text.
    pub(crate) fn held_bytes(&self) -> usize {
        self.under.held_bytes()
    }

    /// Gives what had to wait for the next record, or for the whole file.
    pub(crate) fn finish(&mut self, sink: &mut impl Sink) {
        self.let_alone(sink);
        self.under.finish(sink);
    }

    fn name_zone(&mut self, name: &str) {
        name.strip_suffix('.').unwrap_or(name).clone_into(&mut self.origin);
        self.origin.make_ascii_lowercase();
        self.zone.get_or_insert_with(|| self.origin.clone());
    }

    fn is_owner(&self, name: &str) -> bool {
        let owner = self.owner.strip_prefix("*.").unwrap_or(&self.owner);
        let name = name.strip_prefix("*.").unwrap_or(name);
        self.within(owner)
            .is_some_and(|owner| owner.eq_ignore_ascii_case(name.strip_suffix('.').unwrap_or(name)))
    }

    /// An owner as it is within the zone; `None` where it lies outside.
    fn within<'o>(&self, owner: &'o str) -> Option<&'o str> {
        let Some(absolute) = owner.strip_suffix('.') else { return Some(owner) };
        let zone = self.zone.as_deref().unwrap_or_default();
        if zone.is_empty() {
            return Some(absolute);
        }
        let start = absolute.len().checked_sub(zone.len() + 1)?;
        let (inside, rest) = (absolute.get(..start)?, absolute.get(start..)?);
        rest.strip_prefix('.')?.eq_ignore_ascii_case(zone).then_some(inside)
    }

    fn rule(
        &mut self,
        action: Action,
        scratch: &mut String,
        sink: &mut impl Sink,
        report: &mut Report,
    ) -> LineResult {
        let owner = self.within(&self.owner).ok_or(Refusal::OutsideTheZone)?.to_ascii_lowercase();
        let (rest, last) = owner.rsplit_once('.').unwrap_or(("", &owner));
        match last {
            "rpz-client-ip" => return Err(Refusal::ByWhoAsks),
            "rpz-nsdname" | "rpz-nsip" => return Err(Refusal::ByNameServer),
            "rpz-ip" if action == Action::Pass => return Err(Refusal::ExceptionByPattern),
            "rpz-ip" => {
                let (first, last) = range(rest)?;
                sink.take(Says::Listed, Entry::Range(first, last));
                return Ok(Outcome::Taken(1));
            }
            _ => {}
        }
        let (bare, below) = match owner.strip_prefix("*.") {
            Some(bare) => (bare, true),
            None => (owner.as_str(), false),
        };
        let name = lines::host_name(bare, scratch)?;
        match (action, below) {
            (Action::Pass, false) => sink.take(Says::Excepted, Entry::Exact(name)),
            // The name itself would have its own rule; taking it out with all below it errs on the open side, where the
            // zone's author stands.
            (Action::Pass, true) => {
                check_below(name, Says::Excepted, report)?;
                sink.take(Says::Excepted, Entry::Below(name));
            }
            (Action::Block, false) => {
                if self.alone.as_deref() != Some(name.as_str()) {
                    self.let_alone(sink);
                    self.alone = Some(name.as_str().to_owned());
                }
            }
            (Action::Block, true) if self.alone.as_deref() == Some(name.as_str()) => {
                check_below(name, Says::Listed, report)?;
                self.alone = None;
                sink.take(Says::Listed, Entry::Below(name));
            }
            (Action::Block, true) => self.under.take(name, report)?,
        }
        Ok(Outcome::Taken(1))
    }

    fn let_alone(&mut self, sink: &mut impl Sink) {
        if let Some(name) = self.alone.take()
            && let Some(name) = HostName::new(&name)
        {
            sink.take(Says::Listed, Entry::Exact(name));
        }
    }
}

fn without_comment(text: &str) -> &str {
    text.split(';').next().unwrap_or(text).trim_ascii_end()
}

/// How many parentheses are open at the end of a line.
fn parentheses(text: &str, open: u32) -> u32 {
    text.bytes().fold(open, |open, byte| match byte {
        b'(' => open + 1,
        b')' => open.saturating_sub(1),
        _ => open,
    })
}

/// Whether a word is a record's life: seconds, or BIND's `1h30m`.
fn is_life(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        && word.bytes().all(|byte| {
            byte.is_ascii_digit() || matches!(byte.to_ascii_lowercase(), b's' | b'm' | b'h' | b'd' | b'w')
        })
}

/// The addresses of `24.0.2.0.192` and `48.zz.db8.2001`: the length, then the address from its end.
fn range(owner: &str) -> Result<(IpAddr, IpAddr), Refusal> {
    let (bits, reversed) = owner.split_once('.').ok_or(Refusal::NotARange)?;
    let parts: Vec<&str> = reversed.rsplit('.').collect();
    let address: IpAddr = if parts.len() == 4 && parts.iter().all(|part| part.parse::<u8>().is_ok()) {
        IpAddr::V4(parts.join(".").parse::<Ipv4Addr>().map_err(|_| Refusal::NotARange)?)
    } else {
        let text: Vec<&str> = parts.iter().map(|part| if *part == "zz" { "" } else { part }).collect();
        let mut text = text.join(":");
        if text.starts_with(':') {
            text.insert(0, ':');
        }
        if text.ends_with(':') {
            text.push(':');
        }
        IpAddr::V6(text.parse::<Ipv6Addr>().map_err(|_| Refusal::NotARange)?)
    };
    names::addresses(&format!("{address}/{bits}"))?.ok_or(Refusal::NotARange)
}
