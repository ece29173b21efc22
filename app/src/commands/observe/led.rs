//! What safe search would have led elsewhere while the filter observed only.

use std::collections::BTreeMap;
use std::net::IpAddr;

use activity::{Client, Report, TimeRange};
use anyhow::Result;
use engine::catalogue::Engine;
use engine::live::Roll;
use engine::{FilterPolicy, Live, LiveDocument, PersonNo};
use serde::Serialize;

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
    let hosts = policy.catalogue().engines.iter().flat_map(Engine::every_host).collect();
    let table = client.report(&Report::Opened { hosts, time }).map_err(not_running)?;
    let rows = table.rows.iter().filter_map(|row| match row.as_slice() {
        [host, person, address, requests] => {
            let person = person.as_u64().and_then(|number| u32::try_from(number).ok()).map(PersonNo);
            let address = address.as_str().and_then(|text| text.parse::<IpAddr>().ok());
            Some((host.as_str()?, person, address, requests.as_u64()?))
        }
        _ => None,
    });
    Ok(sum(policy, &live, rows))
}

fn sum<'a>(
    policy: &FilterPolicy,
    live: &Live,
    rows: impl Iterator<Item = (&'a str, Option<PersonNo>, Option<IpAddr>, u64)>,
) -> Led {
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
