//! e2guardian's and DansGuardian's `access.log`: forms 1 (spaces), 2 (commas), 4 (tabs), 5 to 8 (as Protex), and 3, which is
//! squid's.

use std::borrow::Cow;

use engine::Verdict;
use kit::Zone;

use super::address::asked;
use super::{Heard, Said, Why, given, squid, stamp};

/// How requests begin.
const METHODS: [&str; 9] = ["GET", "POST", "CONNECT", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"];

/// Reads a line.
pub fn line(text: &str, line: u64, zone: &Zone) -> Said {
    read(text, line, zone).into()
}

fn read(text: &str, line: u64, zone: &Zone) -> Result<Heard, Why> {
    let fields: Vec<Cow<'_, str>> = if text.contains('\t') {
        text.split('\t').map(Cow::from).collect()
    } else if text.starts_with('"') || text.split_once(',').is_some_and(|(first, _)| !first.contains("://")) {
        commas(text)
    } else if text.split_ascii_whitespace().next().is_some_and(|first| first.parse::<f64>().is_ok()) {
        return squid::line(text, line, zone);
    } else {
        spaces(text)
    };
    let field = |place: usize| fields.get(place).map(|field| field.trim()).unwrap_or_default();
    let first = field(0);
    match first.split_once(' ') {
        Some((day, time)) => by_day(&fields, stamp::dotted(day, time, zone).ok_or(Why::Time)?, line),
        // Its newest versions part the fields of squid's form by commas.
        None if METHODS.contains(&field(5)) => {
            let squids = fields.iter().map(|field| if field.is_empty() { "-" } else { field.as_ref() });
            squid::line(&squids.collect::<Vec<_>>().join(" "), line, zone)
        }
        None => protex(&fields, stamp::epoch(first).ok_or(Why::Time)?, line),
    }
}

/// When, who, from where, what for, what was said of it, how, size, weight, category, group, status, kind, host, group, agent.
fn by_day(fields: &[Cow<'_, str>], at: kit::Timestamp, line: u64) -> Result<Heard, Why> {
    // What was said may hold what parts fields, so the fields behind it are counted from the method on.
    let how = fields.iter().skip(4).position(|field| METHODS.contains(&field.trim())).ok_or(Why::Form)? + 4;
    let field = |place: usize| fields.get(place).map(|field| field.trim()).unwrap_or_default();
    let said: Vec<&str> = fields.get(4..how).unwrap_or_default().iter().map(AsRef::as_ref).collect();
    let asked = asked(field(how), field(3))?;
    Ok(Heard {
        line,
        at,
        client: field(2).parse().ok(),
        user: user(field(1), field(2)),
        host: asked.host,
        path: asked.path,
        agent: given(field(how + 9)).map(str::to_owned),
        front: asked.front,
        verdict: verdict(&said.join(" "), field(how + 3), field(how + 5)),
        bytes: field(how + 1).parse().unwrap_or(0),
    })
}

/// When, server, who, from, host, what for, how, status, size, kind, agent, squid's result, how long, peer, number, what was said
/// of it, weight, category, group's name and number.
fn protex(fields: &[Cow<'_, str>], at: kit::Timestamp, line: u64) -> Result<Heard, Why> {
    let field = |place: usize| fields.get(place).map(|field| field.trim()).unwrap_or_default();
    let is_method = METHODS.contains(&field(6));
    if !is_method {
        return Err(Why::Form);
    }
    let asked = asked(field(6), field(5))?;
    Ok(Heard {
        line,
        at,
        client: field(3).parse().ok(),
        user: user(field(2), field(3)),
        host: asked.host,
        path: asked.path,
        agent: given(field(10)).map(str::to_owned),
        front: asked.front,
        verdict: verdict(field(15), field(17), field(7)),
        bytes: field(8).parse().unwrap_or(0),
    })
}

/// Who it was; it writes an address where it does not know.
fn user(who: &str, from: &str) -> Option<String> {
    given(who).filter(|who| *who != from && who.parse::<std::net::IpAddr>().is_err()).map(str::to_owned)
}

/// What was said of it begins so; with 403 and a category it was its own refusal too, and without one the website's.
fn verdict(said: &str, category: &str, status: &str) -> Verdict {
    let refused = ["*DENIED", "*INFECTED"].iter().any(|word| said.contains(word));
    if refused || (status == "403" && given(category).is_some_and(|category| category != "N/A")) {
        Verdict::Block
    } else {
        Verdict::Allow
    }
}

/// The fields of a line with commas, quoted or not.
fn commas(text: &str) -> Vec<Cow<'_, str>> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.find("\",").or_else(|| quoted.strip_suffix('"').map(str::len));
                let end = end.unwrap_or(quoted.len());
                let (field, after) = quoted.split_at(end);
                (
                    field,
                    after.strip_prefix("\",").or(after.strip_prefix('"').filter(|after| !after.is_empty())),
                )
            }
            None => rest.split_once(',').map_or((rest, None), |(field, after)| (field, Some(after))),
        };
        fields.push(if field.contains("\"\"") { field.replace("\"\"", "\"").into() } else { field.into() });
        match after {
            Some(after) => rest = after,
            None => return fields,
        }
    }
}

/// The fields of a line with spaces: day and time are one.
fn spaces(text: &str) -> Vec<Cow<'_, str>> {
    let mut words = text.split(' ');
    let when = match (words.next(), words.next()) {
        (Some(day), Some(time)) => format!("{day} {time}"),
        _ => String::new(),
    };
    std::iter::once(Cow::from(when)).chain(words.map(Cow::from)).collect()
}
