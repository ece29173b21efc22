//! Hosts files: an address of nowhere, and names that are each refused by themselves.

use super::lines::{self, Line};
use super::{LineResult, Outcome};
use crate::entry::{Entry, Says, Sink};
use crate::report::{Refusal, Report};

/// Names that every machine's own hosts file has.
const LOCAL: [&str; 12] = [
    "localhost",
    "localhost.localdomain",
    "localhost4",
    "localhost6",
    "local",
    "broadcasthost",
    "ip6-localhost",
    "ip6-loopback",
    "ip6-localnet",
    "ip6-mcastprefix",
    "ip6-allnodes",
    "ip6-allrouters",
];

pub(crate) fn read(
    line: &Line<'_>,
    scratch: &mut String,
    sink: &mut impl Sink,
    report: &mut Report,
) -> LineResult {
    let Some(text) = lines::words(line)? else { return Ok(Outcome::Blank) };
    let mut words = text.split_ascii_whitespace();
    let address = words.next().ok_or(Refusal::NoAddress)?;
    let nowhere = match address {
        "0.0.0.0" | "127.0.0.1" | "::" | "::1" => true,
        // A zone may follow: fe80::1%lo0.
        other
            if other.split('%').next().is_some_and(|address| address.parse::<std::net::IpAddr>().is_ok()) =>
        {
            false
        }
        _ => return Err(Refusal::NoAddress),
    };
    let mut words = words.peekable();
    words.peek().ok_or(Refusal::NoName)?;
    let mut taken = 0;
    for word in words {
        if LOCAL.contains(&word) || word == "ip6-allhosts" || word == "0.0.0.0" {
            report.refuse(line.number, Refusal::LocalName);
        } else if !nowhere {
            report.refuse(line.number, Refusal::Rewrite);
        } else {
            match lines::host_name(word, scratch) {
                Ok(name) => {
                    sink.take(Says::Listed, Entry::Exact(name));
                    taken += 1;
                }
                Err(why) => report.refuse(line.number, why),
            }
        }
    }
    Ok(Outcome::Taken(taken))
}
