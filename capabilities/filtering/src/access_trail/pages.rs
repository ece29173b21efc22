//! Who changed or opened what, newest first: looked through by who, what and when, page by page. Each hour in which somebody looks leaves an
//! entry of its own.

use std::collections::BTreeMap;

use ::store::trail::{self, Entry, Wanted};
use ::store::{StoreError, Subject, Tx};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use engine::PersonNo;
use kit::{Actor, Private, Timestamp, Zone};
use people::account::SignedIn;
use people::programs::ReadTrail;
use serde_json::json;
use web::speech::say;
use web::{Mistakes, PageError, Submitted};

use super::views::{self, Line, Looked};
use crate::naming;
use crate::portal::Portal;

/// So many entries are on a page.
const SHOWN: usize = 50;
const HOUR_MS: i64 = 3_600_000;
/// What a look leaves in the trail itself.
const LOOK: &str = "trail.look";

pub(crate) fn routes() -> Router<Portal> {
    Router::new().route("/staff/trail", get(newest).post(found))
}

async fn newest(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    entries(&portal, &who, &Submitted::default()).await
}

/// What is looked for comes as a form: a name stands in no address.
async fn found(State(portal): State<Portal>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    entries(&portal, &who, &form).await
}

async fn entries(portal: &Portal, who: &SignedIn, form: &Submitted) -> Result<Response, PageError> {
    who.may::<ReadTrail>(())?;
    let before: Option<i64> = form.text("before").parse().ok();
    let mut mistakes = Mistakes::default();
    let since = day(form, "from", 0, &portal.zone, &mut mistakes);
    let until = day(form, "until", 1, &portal.zone, &mut mistakes);
    write_down(portal, who).await.map_err(PageError::unexpected)?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let actor = by(&mut tx, &form.line("who"), &mut mistakes).await.map_err(PageError::unexpected)?;
    let what = form.line("what");
    let wanted = Wanted {
        since,
        until,
        actor: actor.as_deref(),
        verb: Some(what.as_str()).filter(|what| !what.is_empty()),
        about: None,
        before,
    };
    let mut found = Vec::new();
    if mistakes.none() {
        let most = u32::try_from(SHOWN).unwrap_or(u32::MAX).saturating_add(1);
        found = trail::find(&mut tx, &wanted, most).await.map_err(PageError::unexpected)?;
    }
    let older = found.len() > SHOWN;
    found.truncate(SHOWN);
    let older = found.last().filter(|_| older).map(|entry| entry.seq);
    let lines = lines(&mut tx, who, found).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let looked = Looked { lines: &lines, older, further: before.is_some() };
    Ok(who.respond(&views::page(&looked, form, &mistakes, &portal.zone)))
}

/// Has the trail say that somebody reads it, once an hour for each.
async fn write_down(portal: &Portal, who: &SignedIn) -> Result<(), StoreError> {
    let (actor, at) = (who.standing().actor().clone(), who.at());
    let written = actor.to_string();
    let mut tx = portal.db.read().await?;
    let since = Some(at.plus_millis(-HOUR_MS));
    let wanted = Wanted { since, actor: Some(&written), verb: Some(LOOK), ..Wanted::default() };
    let said = trail::find(&mut tx, &wanted, 1).await?;
    tx.roll_back().await?;
    if said.is_empty() {
        let mut tx = portal.db.begin().await?;
        let subject = Subject::new("trail", "entries");
        trail::changed(&mut tx, &actor, LOOK, &subject, &json!({}), at).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The midnight at which a day begins, or so many days after it.
fn day(
    form: &Submitted,
    field: &'static str,
    after: u16,
    zone: &Zone,
    mistakes: &mut Mistakes,
) -> Option<Timestamp> {
    let typed = form.line(field);
    if typed.is_empty() {
        return None;
    }
    let begins = people::roster::day_by_hand(&typed).and_then(|day| zone.written(&day));
    if begins.is_none() {
        mistakes.add(field, say("trail.enter-a-day-as"));
    }
    begins.map(|begins| if after == 0 { begins } else { zone.midnight_after(begins, after) })
}

/// Whom the trail writes as that name is written; everybody where none is.
async fn by(tx: &mut Tx, name: &str, mistakes: &mut Mistakes) -> Result<Option<String>, StoreError> {
    if name.is_empty() {
        return Ok(None);
    }
    let called = people::people_called(tx, name).await?;
    match called.as_slice() {
        [person] => return Ok(Some(Actor::Person(person.number.0).to_string())),
        [] => mistakes.add("who", say("trail.nobody-is-called-so")),
        _ => mistakes.add("who", say("lesson.several-people-are-called")),
    }
    Ok(None)
}

async fn lines(tx: &mut Tx, who: &SignedIn, found: Vec<Entry>) -> Result<Vec<Line>, PageError> {
    let mut names: BTreeMap<String, Private<String>> = BTreeMap::new();
    let mut lines = Vec::with_capacity(found.len());
    for entry in found {
        let name = match names.get(&entry.actor) {
            Some(name) => name.clone(),
            None => {
                let name = named(tx, who, &entry.actor).await?;
                names.insert(entry.actor.clone(), name.clone());
                name
            }
        };
        lines.push(Line { entry, by: name });
    }
    Ok(lines)
}

/// Who did something: staff by name, a pupil as one.
async fn named(tx: &mut Tx, who: &SignedIn, actor: &str) -> Result<Private<String>, PageError> {
    if let Some(person) = Actor::person(actor).map(PersonNo)
        && people::is_pupil(tx, person).await.map_err(PageError::unexpected)?
    {
        return Ok(Private::new(say("trail.a-pupil")));
    }
    naming::by(tx, actor, Some(who.standing().actor())).await
}
