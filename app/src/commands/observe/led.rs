//! What safe search would have led elsewhere while the filter observed only.

use std::collections::BTreeMap;
use std::net::IpAddr;

use activity::columns::Table;
use activity::{Client, Report, TimeRange};
use anyhow::Result;
use engine::catalogue::Engine;
use engine::live::Roll;
use engine::{FilterPolicy, Live, LiveDocument, PersonNo, PolicyDocument};
use serde::Serialize;
use serde_json::Value;

use super::report::{Asker, Counted, Sum, counted, most_first};
use crate::commands::activity::not_running;
use crate::commands::context::Context;

/// Requests to search engines and YouTube that were let through as they were, and that the policy would lead elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Led {
    requests: u64,
    /// Of how many people, and devices of nobody known.
    people: usize,
    /// By engine.
    engines: Vec<Counted>,
    /// Requests of somebody who is not on the roll any more.
    gone: u64,
}

/// Finds them: who is held to what by the policy and the roll of today.
pub fn find(client: &Client, policy: &FilterPolicy, roll: &Roll, time: TimeRange) -> Result<Led> {
    let alone = LiveDocument { roll: roll.clone(), ..LiveDocument::default() };
    let (live, _) = Live::compile(&alone, policy);
    let table = opened(client, policy, time, None)?;
    Ok(sum(policy, &live, table.rows.iter().filter_map(|row| read(row))))
}

/// How often each host of an engine was opened, by whom.
fn opened(
    client: &Client,
    policy: &FilterPolicy,
    time: TimeRange,
    brought_in: Option<bool>,
) -> Result<Table> {
    let hosts = policy.catalogue().engines.iter().flat_map(Engine::every_host).collect();
    client.report(&Report::Opened { hosts, time, brought_in }).map_err(not_running)
}

/// A host, whoever opened it, from where, and how often.
type Row<'a> = (&'a str, Option<PersonNo>, Option<IpAddr>, u64);

fn read(row: &[Value]) -> Option<Row<'_>> {
    let [host, person, address, requests] = row else { return None };
    let person = person.as_u64().and_then(|number| u32::try_from(number).ok()).map(PersonNo);
    let address = address.as_str().and_then(|text| text.parse::<IpAddr>().ok());
    Some((host.as_str()?, person, address, requests.as_u64()?))
}

/// Requests that another policy would lead otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Way {
    requests: u64,
    /// Of how many people, and devices of nobody known.
    people: usize,
    /// By engine.
    engines: Vec<Counted>,
}

/// What a draft's safe search would have made of requests to search engines and YouTube that went through.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LedOtherwise {
    /// Led by the draft alone.
    newly: Way,
    /// Led by the policy in force alone.
    no_longer: Way,
    /// Led by both, each to another name: YouTube's two modes.
    to_another: Way,
    /// Requests of somebody who is not on the roll any more.
    gone: u64,
}

/// Holds the policy in force against a draft: whom each would have led, by the roll of today. `None` where neither safe search nor
/// who is in which group differs.
pub fn compare(
    client: &Client,
    [in_force, draft]: [&FilterPolicy; 2],
    roll: &Roll,
    (time, brought_in): (TimeRange, bool),
) -> Result<Option<LedOtherwise>> {
    let (before, after) = (in_force.document(), draft.document());
    let cells = |document: &PolicyDocument| {
        (document.safe_search.search.clone(), document.safe_search.youtube.clone())
    };
    if cells(before) == cells(after)
        && before.groups == after.groups
        && before.unidentified == after.unidentified
    {
        return Ok(None);
    }
    let alone = LiveDocument { roll: roll.clone(), ..LiveDocument::default() };
    let [was, is] = [in_force, draft].map(|policy| (policy, Live::compile(&alone, policy).0));
    let table = opened(client, in_force, time, Some(brought_in))?;
    Ok(Some(otherwise([&was, &is], table.rows.iter().filter_map(|row| read(row)))))
}

fn otherwise<'a>(sides: [&(&FilterPolicy, Live); 2], rows: impl Iterator<Item = Row<'a>>) -> LedOtherwise {
    let mut sums: [(Sum, BTreeMap<&str, Sum>); 3] = Default::default();
    let mut gone = 0;
    for (host, person, client, requests) in rows {
        let identities = sides.map(|(_, live)| live.identity_of(person, client));
        let [Some(before), Some(after)] = &identities else {
            gone += requests;
            continue;
        };
        let [(was, _), (is, _)] = sides;
        let way = match (was.safe_target_for(host, before), is.safe_target_for(host, after)) {
            (None, Some(target)) => Some((0, target)),
            (Some(target), None) => Some((1, target)),
            (Some(one), Some(other)) if one.name != other.name => Some((2, other)),
            _ => None,
        };
        let Some((sum, target)) = way.and_then(|(way, target)| Some((sums.get_mut(way)?, target))) else {
            continue;
        };
        let asker = person.map_or(Asker::Device(client), Asker::Person);
        sum.0.add_many(asker, requests);
        sum.1.entry(&target.engine).or_default().add_many(asker, requests);
    }
    let [newly, no_longer, to_another] = sums.map(|(all, engines)| {
        let engines = engines.into_iter().map(|(name, sum)| sum.counted(None, name.to_owned()));
        Way { requests: all.requests, people: all.people.len(), engines: most_first(engines) }
    });
    LedOtherwise { newly, no_longer, to_another, gone }
}

/// Says so, for people, with what is not compared.
pub fn say_otherwise(context: &Context, led: &LedOtherwise) {
    let out = context.output;
    out.say(
        "\nSafe search: the draft has another [safe-search], or other groups. It closes and opens nothing, so it is not among what is newly \
         blocked or open. Of requests to search engines and YouTube that went through:",
    );
    for (words, way) in [
        ("newly led to where the engine leaves out what is not for children", &led.newly),
        ("no longer led there", &led.no_longer),
        ("led to YouTube's other mode", &led.to_another),
    ] {
        let people = counted(way.people as u64, "person or device", "people or devices");
        out.say(format!("  {words}: {} by {people}", counted(way.requests, "request", "requests")));
        for engine in &way.engines {
            out.say(format!("    {:<38} {:>8}", engine.name, engine.requests));
        }
    }
    if led.gone > 0 {
        out.say(format!("  Of {} it is not known: whoever asked is not on the roll any more.", led.gone));
    }
    out.say(
        "  Not compared: what an engine would have shown or left out, which is its own, and requests that were refused then.",
    );
}

fn sum<'a>(policy: &FilterPolicy, live: &Live, rows: impl Iterator<Item = Row<'a>>) -> Led {
    let (mut all, mut gone) = (Sum::default(), 0);
    let mut engines = BTreeMap::<&str, Sum>::new();
    for (host, person, client, requests) in rows {
        let Some(identity) = live.identity_of(person, client) else {
            gone += requests;
            continue;
        };
        let Some(target) = policy.safe_target_for(host, &identity) else { continue };
        let asker = person.map_or(Asker::Device(client), Asker::Person);
        all.add_many(asker, requests);
        engines.entry(&target.engine).or_default().add_many(asker, requests);
    }
    let engines = engines.into_iter().map(|(name, sum)| sum.counted(None, name.to_owned()));
    Led { requests: all.requests, people: all.people.len(), engines: most_first(engines), gone }
}

/// Says so, for people.
pub fn say(context: &Context, led: &Led) {
    let out = context.output;
    if led.requests > 0 {
        out.say(format!(
            "\nSafe search would have led {} by {} elsewhere, where the engine leaves out what is not for children:",
            counted(led.requests, "request", "requests"),
            counted(led.people as u64, "person or device", "people or devices")
        ));
        for engine in &led.engines {
            let people = counted(engine.people as u64, "person or device", "people or devices");
            out.say(format!("  {:<40} {:>8} by {people}", engine.name, engine.requests));
        }
    }
    if led.gone > 0 {
        out.say(format!(
            "Of {} to engines it is not known: whoever asked is not on the roll any more.",
            counted(led.gone, "request", "requests")
        ));
    }
}
