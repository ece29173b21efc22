//! Counts of what devices did, and the access trail: never who.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use activity::{ClientError, Search, TimeRange};
use engine::Verdict;
use filtering::activity_log::ReadActivity;
use kit::{Actor, Timestamp};
use people::programs::ReadTrail;
use serde::Serialize;
use serde_json::json;
use store::trail::{self, Wanted};
use utoipa::ToSchema;

use crate::door::{Call, Done};
use crate::operation::{Gives, Operation, of};
use crate::paging::{after, limit, page_of, told};
use crate::problem::{Kind, Problem};
use crate::{Api, handled, input, people_ops};

/// So many of the newest refusals are counted by pseudonym.
const REFUSALS: u64 = 20_000;

/// One day.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActivityDay {
    /// The school's date.
    #[schema(format = Date)]
    date: String,
    /// How much was asked for.
    requests: u64,
    /// How much of that was refused.
    refused: u64,
}

/// One pseudonym.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActivityPerson {
    /// The pseudonym, as the portal's pages have it.
    pseudonym: String,
    /// How much was refused.
    refused: u64,
    /// When something was last refused.
    #[schema(format = DateTime)]
    last_at: String,
}

/// An entry of the access trail.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrailEntry {
    /// Its id.
    id: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Who: a person's id in this API, or which part of the program.
    actor: String,
    /// What they did.
    verb: String,
    /// To what kind of thing.
    subject_kind: String,
    /// To which one: an id that tells nothing.
    subject: String,
}

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list-activity-days",
        summary: "How much was asked for and refused each day",
        about: "By days of the school's calendar, oldest first.",
        query: &["days"],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<ActivityDay>),
        handler: handled!(days),
    },
    Operation {
        id: "list-activity-people",
        summary: "How much was refused, by pseudonym",
        about: "Of the newest 20,000 refusals of these days. Whose a pseudonym is, nobody learns here.",
        query: &["days"],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<ActivityPerson>),
        handler: handled!(by_pseudonym),
    },
    Operation {
        id: "list-trail",
        summary: "Entries of the access trail, newest first",
        about: "Who changed or opened what. Ids tell nothing; a person's is the one that the API gives everywhere.",
        query: &["since"],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<TrailEntry>),
        handler: handled!(entries),
    },
];

/// The days that are asked for, oldest first.
fn asked_days(api: &Api, call: &Call) -> Result<Vec<kit::time::Day>, Problem> {
    let wrong = || Problem::unreadable("days is a whole number from 1 to 31");
    let many: u16 = match call.asked("days") {
        None => 7,
        Some(text) if text.bytes().all(|sign| sign.is_ascii_digit()) => text.parse().map_err(|_| wrong())?,
        Some(_) => return Err(wrong()),
    };
    if !(1..=31).contains(&many) {
        return Err(wrong());
    }
    let mut day = api.portal.zone.day(call.at);
    let mut days = Vec::new();
    for _ in 0..many {
        days.push(day);
        day = api.portal.zone.day(day.begins.plus_millis(-1));
    }
    days.reverse();
    Ok(days)
}

fn unanswered(error: &ClientError) -> Problem {
    tracing::warn!(%error, "The API cannot tell what devices did");
    Problem::saying(Kind::Unavailable, "The activity log does not answer just now")
}

async fn days(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (tx, _) = call.read::<ReadActivity>(api, ()).await?;
    tx.roll_back().await?;
    let (days, log) = (asked_days(api, call)?, api.portal.log.clone());
    let counted = tokio::task::spawn_blocking(move || {
        let mut counted = Vec::new();
        for day in days {
            let time = TimeRange { from: Some(day.begins), to: Some(day.ends) };
            let counts = log.counts(&Search { time, ..Search::default() })?;
            let refused = counts.by_verdict.get(Verdict::Block.id()).copied().unwrap_or(0);
            counted.push(ActivityDay { date: day.date.to_string(), requests: counts.events, refused });
        }
        Ok(counted)
    });
    let counted =
        counted.await.unwrap_or(Err(ClientError::Unexpected)).map_err(|error| unanswered(&error))?;
    page_of(api, call, counted, |one| one.date.clone(), |one| json!(one))
}

async fn by_pseudonym(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (tx, _) = call.read::<ReadActivity>(api, ()).await?;
    tx.roll_back().await?;
    let (days, log) = (asked_days(api, call)?, api.portal.log.clone());
    let time = TimeRange { from: days.first().map(|day| day.begins), to: days.last().map(|day| day.ends) };
    let search = Search { time, verdict: Some(Verdict::Block), limit: Some(REFUSALS), ..Search::default() };
    let found = tokio::task::spawn_blocking(move || {
        let mut by_person: BTreeMap<engine::PersonNo, (u64, Timestamp)> = BTreeMap::new();
        log.search(&search, |event| {
            if let Some(person) = event.person {
                let (refused, last) = by_person.entry(person).or_insert((0, event.at));
                *refused += 1;
                *last = (*last).max(event.at);
            }
            ControlFlow::Continue(())
        })?;
        Ok(by_person)
    });
    let found = found.await.unwrap_or(Err(ClientError::Unexpected)).map_err(|error| unanswered(&error))?;
    let mut all: Vec<ActivityPerson> = found
        .into_iter()
        .map(|(person, (refused, last_at))| ActivityPerson {
            pseudonym: api.portal.pseudonyms.person(person).to_string(),
            refused,
            last_at: last_at.to_string(),
        })
        .collect();
    // Not in the order of the roll's numbers, which would tell.
    all.sort_by(|one, other| {
        other.refused.cmp(&one.refused).then_with(|| one.pseudonym.cmp(&other.pseudonym))
    });
    page_of(api, call, all, |one| one.pseudonym.clone(), |one| json!(one))
}

async fn entries(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, _) = call.read::<ReadTrail>(api, ()).await?;
    let limit = limit(call)?;
    let since = match call.asked("since") {
        None => None,
        Some(text) => Some(
            input::moment(text)
                .ok_or_else(|| Problem::unreadable("since is a time like 2026-11-23T10:30:00Z"))?,
        ),
    };
    let ended = || Problem::not_now("The list has changed: ask for it from its beginning");
    let before = after(api, call)?.map(|seq| seq.parse().map_err(|_| ended())).transpose()?;
    let wanted = Wanted { since, before, ..Wanted::default() };
    let most = u32::try_from(limit).unwrap_or(1).saturating_add(1);
    let mut found = trail::find(&mut tx, &wanted, most).await?;
    tx.roll_back().await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| last.seq.to_string());
    let items = found.iter().map(|entry| {
        json!(TrailEntry {
            id: api.opaque.id("entry", &entry.seq.to_string()),
            at: entry.at.to_string(),
            actor: actor(api, &entry.actor),
            verb: entry.verb.clone(),
            subject_kind: entry.subject_kind.clone(),
            subject: subject(api, &entry.subject_kind, &entry.subject_id),
        })
    });
    told(api, call, items.collect(), next)
}

fn actor(api: &Api, written: &str) -> String {
    match Actor::person(written) {
        Some(number) => people_ops::person_id(api, engine::PersonNo(number)),
        // Which account of the machine it was is for whoever has one.
        None => {
            written.split(':').next().filter(|kind| *kind == "command-line").unwrap_or(written).to_owned()
        }
    }
}

fn subject(api: &Api, kind: &str, id: &str) -> String {
    match kind {
        "person" | "device" => api.opaque.id(kind, id),
        _ => api.opaque.id("subject", &format!("{kind}/{id}")),
    }
}
