//! What devices did: found, read on, printed, taken out as a file, and counted by day.

use std::ops::ControlFlow;

use ::store::{Subject, trail};
use activity::export::{CSV_HEAD, Told, Whom, write_csv};
use activity::{Client, ClientError, Event, Report, Search, TimeRange};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use engine::{FilterPolicy, Live, PersonNo, Verdict};
use kit::Timestamp;
use people::account::SignedIn;
use serde_json::json;
use web::speech::say;
use web::{Mistakes, PageError, Submitted, filled};

use super::asked::{self, Cursor, Ground, Names};
use super::views::{self, Found};
use super::{OpeningError, write_down};
use crate::portal::Portal;

kit::reading!(
    /// Reading what devices did, with pseudonyms.
    ReadActivity(()) = "activity.read"
);
kit::reading!(
    /// Opening who persons and devices are.
    OpenIdentities(()) = "activity.open-identities"
);

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/staff/activity", get(form).post(found))
        .route("/staff/activity/days", get(days))
        .route("/staff/activity/opening", get(opening_form).post(opened))
}

/// How many events a page shows.
const SHOWN: usize = 30;
/// How many an export has at most: the newest.
const EXPORTED: u64 = 50_000;
/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;
/// How many days are counted.
const DAYS: u16 = 7;
/// How many sites are named that were blocked most.
const MOST: u32 = 10;

async fn form(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.may::<ReadActivity>(())?;
    Ok(asking(&portal, &who, &Submitted::default(), &Mistakes::default(), false))
}

async fn opening_form(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.may::<OpenIdentities>(())?;
    Ok(asking(&portal, &who, &Submitted::default(), &Mistakes::default(), true))
}

fn asking(portal: &Portal, who: &SignedIn, form: &Submitted, mistakes: &Mistakes, opening: bool) -> Response {
    let choices = views::Choices::of(&portal.filter.policy());
    who.respond(&views::form(&choices, form, mistakes, opening, who.offers::<OpenIdentities>()))
}

async fn found(State(portal): State<Portal>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    who.may::<ReadActivity>(())?;
    answer(&portal, &who, &form, None).await
}

/// The same with names. Each answer is an opening of its own, and written down before it is given.
async fn opened(State(portal): State<Portal>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    who.may::<OpenIdentities>(())?;
    let reason = form.text("reason").to_owned();
    let mut mistakes = Mistakes::default();
    if reason.is_empty() {
        mistakes.add("reason", say("activity.enter-why-identities-are"));
    } else if reason.chars().count() > LONGEST_REASON {
        mistakes.add("reason", filled!("common.shorten-this", n = LONGEST_REASON));
    }
    if !mistakes.none() {
        return Ok(asking(&portal, &who, &form, &mistakes, true));
    }
    answer(&portal, &who, &form, Some(reason)).await
}

/// What a form asks for, with names where there is a reason for them.
async fn answer(
    portal: &Portal,
    who: &SignedIn,
    form: &Submitted,
    reason: Option<String>,
) -> Result<Response, PageError> {
    let opening = reason.is_some();
    let mut mistakes = Mistakes::default();
    let (roll, names) = known(portal, opening).await?;
    let search = read(portal, who.at(), form, (&roll, names.as_ref()), &mut mistakes).await?;
    let Some(search) = search else { return Ok(asking(portal, who, form, &mistakes, opening)) };
    if let Some(reason) = &reason {
        let subject = Subject::new("activity-log", "identities");
        let mut detail = json!({ "person": search.person });
        if let (Some(device), Some(members)) = (search.device, detail.as_object_mut()) {
            members.insert("device".to_owned(), json!(device));
        }
        let verb = if is_export(form) { "activity.export-opened" } else { "activity.search-opened" };
        let actor = who.standing().actor();
        let written =
            write_down(&portal.db, &portal.log, (actor, verb), (&subject, &detail), reason, who.at());
        match written.await {
            Ok(()) => {}
            Err(OpeningError::Log(error)) => return Ok(no_answer(portal, who, form, &error, opening)),
            Err(error) => return Err(PageError::unexpected(error)),
        }
    }
    let cursor = Cursor::of(form);
    let skip = cursor.map_or(0, |cursor| cursor.shown);
    let limit = if is_export(form) { EXPORTED } else { (skip + SHOWN + 1) as u64 };
    let events = match events(&portal.log, Search { limit: Some(limit), ..search }).await {
        Ok(events) => events,
        Err(error) => return Ok(no_answer(portal, who, form, &error, opening)),
    };
    let told = |event: Event| told(portal, names.as_ref(), event);
    if is_export(form) {
        if !opening {
            // What leaves the portal is written down, pseudonyms too: whoever has the roll can find out whose they are.
            let mut tx = portal.db.begin().await.map_err(PageError::unexpected)?;
            let subject = Subject::new("activity-log", "pseudonyms");
            let (actor, detail) = (who.standing().actor(), json!({ "events": events.len() }));
            trail::changed(&mut tx, actor, "activity.export", &subject, &detail, who.at())
                .await
                .map_err(PageError::unexpected)?;
            tx.commit().await.map_err(PageError::unexpected)?;
        }
        return csv(events.into_iter().map(told), who.at());
    }
    let is_shown = |event: &Event| cursor.is_none_or(|cursor| event.at == cursor.until);
    let already = events.iter().take(skip).take_while(|event| is_shown(event)).count();
    let mut events: Vec<Event> = events.into_iter().skip(already).collect();
    let more = events.len() > SHOWN;
    events.truncate(SHOWN);
    let moments: Vec<Timestamp> = events.iter().map(|event| event.at).collect();
    let found = Found {
        events: events.into_iter().map(told).collect(),
        older: Cursor::after(cursor, &moments).filter(|_| more),
        is_first: cursor.is_none(),
        reason,
    };
    let policy = portal.filter.policy();
    Ok(who.respond(&views::found(&found, form, &policy, who.offers::<OpenIdentities>(), &portal.zone)))
}

fn is_export(form: &Submitted) -> bool {
    form.text("as") == "csv"
}

/// The numbers on the roll, and names where identities are opened: of those who have left too, who are in the log still.
async fn known(portal: &Portal, opening: bool) -> Result<(Vec<PersonNo>, Option<Names>), PageError> {
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let roll = people::people(&mut tx).await.map_err(PageError::unexpected)?;
    let roll = roll.into_iter().map(|person| person.number).collect();
    let mut names = None;
    if opening {
        names = Some(Names {
            people: people::names(&mut tx).await.map_err(PageError::unexpected)?.into_iter().collect(),
            devices: people::device_names(&mut tx)
                .await
                .map_err(PageError::unexpected)?
                .into_iter()
                .collect(),
        });
    }
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok((roll, names))
}

/// The search that a form asks for; none where it has mistakes. Finding whose a pseudonym is takes a while where it is nobody's.
async fn read(
    portal: &Portal,
    at: Timestamp,
    form: &Submitted,
    (roll, names): (&[PersonNo], Option<&Names>),
    mistakes: &mut Mistakes,
) -> Result<Option<Search>, PageError> {
    let (policy, live): (std::sync::Arc<FilterPolicy>, std::sync::Arc<Live>) = portal.filter.both();
    let ground = Ground {
        policy: &policy,
        live: &live,
        zone: &portal.zone,
        pseudonyms: &portal.pseudonyms,
        roll,
        names,
        at,
    };
    let search = asked::search(form, &ground, mistakes);
    Ok(mistakes.none().then_some(search))
}

/// What is found, newest first. The log is asked where nobody else waits for it.
async fn events(log: &Client, search: Search) -> Result<Vec<Event>, ClientError> {
    let log = log.clone();
    let asked = tokio::task::spawn_blocking(move || {
        let mut events = Vec::new();
        log.search(&search, |event| {
            events.push(event);
            ControlFlow::Continue(())
        })?;
        Ok(events)
    });
    asked.await.unwrap_or(Err(ClientError::Unexpected))
}

fn no_answer(
    portal: &Portal,
    who: &SignedIn,
    form: &Submitted,
    error: &ClientError,
    opening: bool,
) -> Response {
    tracing::warn!(%error, "The portal cannot show what devices did");
    let mut mistakes = Mistakes::default();
    mistakes.add_whole(say("activity.the-activity-log-does-not"));
    let page = asking(portal, who, form, &mistakes, opening);
    (StatusCode::SERVICE_UNAVAILABLE, page).into_response()
}

/// An event as it may be seen.
fn told(portal: &Portal, names: Option<&Names>, event: Event) -> Told {
    let Some(names) = names else {
        let person = |person| Whom::Pseudonym(portal.pseudonyms.person(person));
        let device = |device| Whom::Pseudonym(portal.pseudonyms.device(device));
        return Told::new(event, person, device);
    };
    let person = event.person.and_then(|person| names.people.get(&person)).map(|name| name.reveal().clone());
    let device = event.device.and_then(|device| names.devices.get(&device)).map(|name| name.reveal().clone());
    Told::new(event, |person| Whom::Number(person.0), |device| Whom::Number(device.0)).named(person, device)
}

fn csv(told: impl Iterator<Item = Told>, at: Timestamp) -> Result<Response, PageError> {
    let mut out = CSV_HEAD.as_bytes().to_vec();
    for told in told {
        write_csv(&mut out, &told).map_err(PageError::unexpected)?;
    }
    let day = at.to_string();
    let name = format!("attachment; filename=\"activity-{}.csv\"", day.get(..10).unwrap_or_default());
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, name),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, out).into_response())
}

/// What was asked for and refused on each of the last days, and what was refused most.
async fn days(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.may::<ReadActivity>(())?;
    let mut spans = Vec::new();
    let mut day = portal.zone.day(who.at());
    for _ in 0..DAYS {
        spans.push(day);
        day = portal.zone.day(day.begins.plus_millis(-1));
    }
    spans.reverse();
    let (first, last) = match (spans.first(), spans.last()) {
        (Some(first), Some(last)) => (first.begins, last.ends),
        _ => (who.at(), who.at()),
    };
    let zone = portal.filter.policy().document().calendar.zone.clone();
    let log = portal.log.clone();
    let days = spans.clone();
    let asked = tokio::task::spawn_blocking(move || {
        let mut counted = Vec::new();
        for day in days {
            let time = TimeRange { from: Some(day.begins), to: Some(day.ends) };
            let counts = log.counts(&Search { time, ..Search::default() })?;
            let blocked = counts.by_verdict.get(Verdict::Block.id()).copied().unwrap_or(0);
            counted.push((day.date.to_string(), counts.events, blocked));
        }
        let time = TimeRange { from: Some(first), to: Some(last) };
        // A log without columns cannot make it; the days are worth showing all the same.
        let most = log.report(&Report::TopBlocked { most: MOST, time, zone }).ok();
        Ok::<_, ClientError>((counted, most))
    });
    let page = match asked.await.unwrap_or(Err(ClientError::Unexpected)) {
        Ok((counted, most)) => views::days(&counted, most.map(|table| sites(&table)).as_deref()),
        Err(error) => {
            tracing::warn!(%error, "The portal cannot show what devices did");
            views::no_days().status(StatusCode::SERVICE_UNAVAILABLE)
        }
    };
    Ok(who.respond(&page))
}

/// The sites of the report, those of all groups together, the most first.
fn sites(table: &activity::columns::Table) -> Vec<(String, u64)> {
    let place = |name: &str| table.columns.iter().position(|column| column == name);
    let (Some(site), Some(requests)) = (place("site"), place("requests")) else { return Vec::new() };
    let mut all = std::collections::BTreeMap::<String, u64>::new();
    for row in &table.rows {
        let (site, requests) = (row.get(site), row.get(requests));
        if let (Some(site), Some(many)) =
            (site.and_then(|site| site.as_str()), requests.and_then(|many| many.as_u64()))
        {
            *all.entry(site.to_owned()).or_default() += many;
        }
    }
    let mut all: Vec<_> = all.into_iter().collect();
    all.sort_by(|(one, few), (other, many)| many.cmp(few).then_with(|| one.cmp(other)));
    all.truncate(MOST as usize);
    all
}
