//! Requests as those see them who answer: all that wait, and one with its answer.

use ::store::Tx;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use engine::LiveDocument;
use kit::{Actor, Private, Timestamp, Zone};
use people::account::SignedIn;
use web::speech::say;
use web::{Mistakes, PageError, Submitted, checked_words, sentence};

use super::actions::{self, AnswerError, ReadRequests, RefuseRequest};
use super::agreeing::{self, AgreeError, AgreeRequest, ProposeRequest, Terms};
use super::alone::{self, OpenAlone};
use super::alone_pages;
use super::replaying::{self, Told};
use super::{SiteRequest, State as Answered, staff_views as views};
use crate::explain::now::{self, Said};
use crate::lasting;
use crate::overrides::closing::EndOverride;
use crate::overrides::{Override, Whom};
use crate::portal::{NotPublished, Portal};
use crate::reference::Reference;
use crate::site_note::pages::reference;

/// How many are shown.
const SHOWN: u32 = 100;

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/staff/requests", get(waiting))
        .route("/staff/requests/{reference}", get(show))
        .route("/staff/requests/{reference}/refusal", post(refuse))
        .route("/staff/requests/{reference}/proposal", post(propose))
        .route("/staff/requests/{reference}/withdrawal", post(withdraw))
        .route("/staff/requests/{reference}/agreement", get(agree_form).post(agree))
        .route("/staff/requests/{reference}/disagreement", post(disagree))
        .merge(super::alone_pages::routes())
}

/// What somebody sees of requests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sees {
    /// All, and who asked.
    All,
    /// What another proposed and they may agree to: what a second person needs, and no more.
    Proposed,
}

impl Sees {
    fn of(who: &SignedIn) -> Result<Self, PageError> {
        match who.may::<ReadRequests>(()) {
            Ok(_) => Ok(Self::All),
            Err(_) if who.offers::<AgreeRequest>() => Ok(Self::Proposed),
            Err(refused) => Err(refused),
        }
    }
}

async fn waiting(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    let sees = Sees::of(&who)?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let only_open = sees == Sees::Proposed;
    let requests = actions::list(&mut tx, only_open, SHOWN).await.map_err(PageError::unexpected)?;
    let mut all = agreeing::all(&mut tx, who.at()).await.map_err(PageError::unexpected)?;
    let unseen = alone::all_unseen(&mut tx).await.map_err(PageError::unexpected)?;
    let mut lines = Vec::new();
    for request in requests {
        let id = request.id.to_string();
        let proposed = all.remove(&id).filter(|_| request.state == Answered::Open);
        let alone = unseen.contains(&id);
        if sees == Sees::All || proposed.is_some() || alone {
            lines.push(views::Line { request, proposed, alone });
        }
    }
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::waiting(&lines, &portal.zone)))
}

async fn show(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let reference = reference(path)?;
    let page = one(&portal, &who, &reference, &Submitted::default(), &Mistakes::default(), false).await?;
    Ok(page.into_response())
}

/// The page of one request, with whatever words stand in its forms.
async fn one(
    portal: &Portal,
    who: &SignedIn,
    reference: &Reference,
    form: &Submitted,
    mistakes: &Mistakes,
    answering: bool,
) -> Result<Response, PageError> {
    let sees = Sees::of(who)?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let request = found(&mut tx, reference).await?;
    let proposed = agreeing::of(&mut tx, reference, who.at()).await.map_err(PageError::unexpected)?;
    let alone = alone_pages::of(&mut tx, who, &request).await?;
    let waits = proposed.is_some() || alone.iter().any(|one| one.emergency.reviewed.is_none());
    if sees == Sees::Proposed && !waits {
        return Err(PageError::NotFound);
    }
    let history = agreeing::history(&mut tx, &request).await.map_err(PageError::unexpected)?;
    let asked_by = request.ask.asker;
    let asker = match asked_by.whoever().filter(|_| sees == Sees::All) {
        Some(person) => people::name_of(&mut tx, person).await.map_err(PageError::unexpected)?,
        None => None,
    };
    let device_of = match asked_by.device_of().filter(|_| sees == Sees::All) {
        Some(person) => people::name_of(&mut tx, person).await.map_err(PageError::unexpected)?,
        None => None,
    };
    let whom =
        proposed.as_ref().map(|proposed| proposed.terms.whom.clone()).or_else(|| actions::asker(&request));
    let person = match whom.as_ref().filter(|_| request.state == Answered::Open) {
        Some(Whom::Person(person)) => {
            people::person(&mut tx, *person).await.map_err(PageError::unexpected)?
        }
        _ => None,
    };
    let whom_name = match proposed.as_ref().map(|proposed| &proposed.terms.whom) {
        Some(Whom::Person(person)) if sees == Sees::All => {
            people::name_of(&mut tx, *person).await.map_err(PageError::unexpected)?
        }
        _ => None,
    };
    let proposer = match proposed.as_ref().and_then(|proposed| number(&proposed.by)) {
        Some(person) => people::name_of(&mut tx, person).await.map_err(PageError::unexpected)?,
        None => None,
    };
    let holds = if who.offers::<EndOverride>() {
        let all = lasting::not_over::<Override>(&mut tx, who.at()).await.map_err(PageError::unexpected)?;
        all.iter().find(|one| one.grant.request == Some(request.id)).map(|one| one.number)
    } else {
        None
    };
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let about = match request.state {
        Answered::Open => Some(about(portal, who, &request, whom.as_ref(), person.as_ref()).await?),
        _ => None,
    };
    let policy = portal.filter.policy();
    let groups = policy.document().groups.iter().map(|group| (group.id.clone(), group.name.clone()));
    let seen = views::Seen {
        sees_asker: sees == Sees::All,
        own: proposed.as_ref().is_some_and(|proposed| proposed.by == who.standing().actor().to_string()),
        may_refuse: who.offers::<RefuseRequest>(),
        may_propose: who.offers::<ProposeRequest>(),
        may_agree: who.offers::<AgreeRequest>(),
        may_open_alone: who.offers::<OpenAlone>(),
        answering,
        holds,
        about,
        alone,
        groups: groups.collect(),
        asker,
        device_of,
        whom: whom_name,
        proposer,
    };
    let page = views::one(&request, proposed.as_ref(), &history, &seen, form, mistakes, &portal.zone);
    Ok(who.respond(&page))
}

/// What somebody should know before they propose or agree to open it: how the site stands now, and what last week's requests say. Asked
/// with no transaction open.
async fn about(
    portal: &Portal,
    who: &SignedIn,
    request: &SiteRequest,
    whom: Option<&Whom>,
    person: Option<&people::Person>,
) -> Result<views::About, PageError> {
    let site = &request.ask.site.host;
    let identity = match whom {
        Some(whom) => now::identity_for(portal, whom, person),
        None => now::identity_of(portal, &request.ask.asker, None),
    };
    let said = now::now(portal, who, site, &identity).await?;
    let replayed = match (&said, whom) {
        (_, Some(Whom::Person(_))) => Some(Told::OnePerson),
        (Said::Now(_), Some(whom)) => Some(replaying::told(portal, site, whom, who.at()).await),
        _ => None,
    };
    let policy = portal.filter.policy();
    let words = match whom {
        Some(Whom::Group(id)) => {
            policy.groups().number(id).map_or(id.as_str(), |group| policy.groups().name(group)).to_owned()
        }
        Some(Whom::Everyone) => say("common.everyone"),
        Some(whom) if actions::asker(request).as_ref() != Some(whom) => say("overrides.one-person"),
        _ => say("request.whoever-asked"),
    };
    Ok(views::About { whom: words, said, replayed })
}

async fn refuse(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let reference = reference(path)?;
    who.could::<RefuseRequest>(reference.clone())?;
    let mut mistakes = Mistakes::default();
    checked_words(&form, "refusal", &say("request.enter-why-for-whoever"), &mut mistakes);
    if !mistakes.none() {
        return one(&portal, &who, &reference, &form, &mistakes, false).await;
    }
    let (mut tx, permit) = who.begin::<RefuseRequest>(reference.clone()).await?;
    // What waits for a second person has nothing to wait for then.
    let proposed = agreeing::of(&mut tx, &reference, permit.at()).await.map_err(PageError::unexpected)?;
    if proposed.is_some() {
        mistakes.add_whole(say("request.a-second-persons-answer"));
        tx.roll_back().await.map_err(PageError::unexpected)?;
        return one(&portal, &who, &reference, &form, &mistakes, false).await;
    }
    match actions::refuse(&mut tx, &permit, form.text("refusal"), permit.at()).await {
        Ok(_) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(AnswerError::NotFound) => return Err(PageError::NotFound),
        Err(AnswerError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(_) => {
            mistakes.add_whole(say("request.somebody-else-has-answered"));
            drop(tx);
            return one(&portal, &who, &reference, &form, &mistakes, false).await;
        }
    }
    Ok(to(&reference))
}

async fn propose(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let reference = reference(path)?;
    who.could::<ProposeRequest>(reference.clone())?;
    let mut mistakes = Mistakes::default();
    let whom = whom(&form);
    if whom.is_none() {
        mistakes.add("whom", say("request.select-whom-the-site"));
    }
    let ends_at = until(form.text("until"), who.at(), &portal.zone);
    if ends_at.is_none() {
        mistakes.add("until", say("request.select-until-when-it"));
    }
    checked_words(&form, "risk", &say("request.enter-what-opening-it"), &mut mistakes);
    let (Some(whom), Some(ends_at), true) = (whom, ends_at, mistakes.none()) else {
        return one(&portal, &who, &reference, &form, &mistakes, false).await;
    };
    let terms = Terms { whom, ends_at, risk: Private::new(form.text("risk").to_owned()) };
    let (mut tx, permit) = who.begin::<ProposeRequest>(reference.clone()).await?;
    match agreeing::propose(&mut tx, &permit, terms, permit.at()).await {
        Ok(_) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(AgreeError::Request(AnswerError::NotFound)) => return Err(PageError::NotFound),
        Err(AgreeError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => {
            mistakes.add_whole(sentence(&error.to_string()));
            drop(tx);
            return one(&portal, &who, &reference, &form, &mistakes, false).await;
        }
    }
    Ok(to(&reference))
}

async fn withdraw(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let reference = reference(path)?;
    let (mut tx, permit) = who.begin::<ProposeRequest>(reference.clone()).await?;
    match agreeing::withdraw(&mut tx, &permit, permit.at()).await {
        Ok(closed) => keep(&portal, tx, closed, permit.actor().clone(), permit.at()).await?,
        Err(AgreeError::Store(error)) => return Err(PageError::unexpected(error)),
        // Somebody else answered it meanwhile: the page says so.
        Err(_) => drop(tx),
    }
    Ok(to(&reference))
}

/// A page of its own, so that whoever must prove again who they are does so before they have written anything.
async fn agree_form(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let reference = reference(path)?;
    who.could::<AgreeRequest>(reference.clone())?;
    one(&portal, &who, &reference, &Submitted::default(), &Mistakes::default(), true).await
}

async fn agree(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let reference = reference(path)?;
    who.could::<AgreeRequest>(reference.clone())?;
    let mut mistakes = Mistakes::default();
    checked_words(&form, "agreement", &say("request.enter-why-for-whoever"), &mut mistakes);
    if !mistakes.none() {
        return one(&portal, &who, &reference, &form, &mistakes, true).await;
    }
    let (mut tx, permit) = who.begin::<AgreeRequest>(reference.clone()).await?;
    let agreed = match form.text("proposal").parse() {
        Ok(shown) => agreeing::agree(&mut tx, &permit, shown, form.text("agreement"), permit.at()).await,
        Err(_) => Err(AgreeError::Changed),
    };
    let made = match agreed {
        Ok((_, made)) => made,
        Err(AgreeError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => {
            mistakes.add_whole(sentence(&error.to_string()));
            drop(tx);
            return one(&portal, &who, &reference, &form, &mistakes, true).await;
        }
    };
    let new = LiveDocument { overrides: vec![made.published()], ..LiveDocument::default() };
    match portal.publishes.live(tx, new, permit.actor().clone(), permit.at()).await {
        Ok(()) => Ok(back(&who, &reference)),
        Err(NotPublished::CannotBe(why)) => {
            mistakes.add_whole(sentence(&why));
            one(&portal, &who, &reference, &form, &mistakes, true).await
        }
        Err(NotPublished::Failed(error)) => {
            mistakes.add_whole(crate::portal::not_kept(error.as_ref()));
            let page = one(&portal, &who, &reference, &form, &mistakes, true).await?;
            Ok((StatusCode::SERVICE_UNAVAILABLE, page).into_response())
        }
    }
}

async fn disagree(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let reference = reference(path)?;
    who.could::<AgreeRequest>(reference.clone())?;
    let mut mistakes = Mistakes::default();
    checked_words(&form, "disagreement", &say("request.enter-why-for-whoever-proposed"), &mut mistakes);
    if !mistakes.none() {
        return one(&portal, &who, &reference, &form, &mistakes, true).await;
    }
    let (mut tx, permit) = who.begin::<AgreeRequest>(reference.clone()).await?;
    let disagreed = match form.text("proposal").parse() {
        Ok(shown) => {
            agreeing::disagree(&mut tx, &permit, shown, form.text("disagreement"), permit.at()).await
        }
        Err(_) => Err(AgreeError::Changed),
    };
    match disagreed {
        Ok(closed) => keep(&portal, tx, closed, permit.actor().clone(), permit.at()).await?,
        Err(AgreeError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => {
            mistakes.add_whole(sentence(&error.to_string()));
            drop(tx);
            return one(&portal, &who, &reference, &form, &mistakes, true).await;
        }
    }
    Ok(back(&who, &reference))
}

/// Commits; where something was closed with it, gates know within a second.
async fn keep(portal: &Portal, tx: Tx, closed: bool, actor: Actor, at: Timestamp) -> Result<(), PageError> {
    if !closed {
        return tx.commit().await.map_err(PageError::unexpected);
    }
    portal.publishes.live(tx, LiveDocument::default(), actor, at).await.map_err(PageError::unexpected)
}

pub(super) async fn found(tx: &mut Tx, reference: &Reference) -> Result<SiteRequest, PageError> {
    let found = actions::find(tx, reference).await.map_err(PageError::unexpected)?;
    found.ok_or(PageError::NotFound)
}

/// The request again, or what else waits, for whoever sees only that.
pub(super) fn back(who: &SignedIn, reference: &Reference) -> Response {
    match Sees::of(who) {
        Ok(Sees::All) => to(reference),
        _ => Redirect::to("/staff/requests").into_response(),
    }
}

pub(super) fn to(reference: &Reference) -> Response {
    Redirect::to(&format!("/staff/requests/{reference}")).into_response()
}

/// Whom a form names: `person:12`, `group:year-9`, `everyone`.
fn whom(form: &Submitted) -> Option<Whom> {
    form.text("whom").parse().ok()
}

/// The end that a form names, from now.
fn until(id: &str, at: Timestamp, zone: &Zone) -> Option<Timestamp> {
    const HOUR_MS: i64 = 3_600_000;
    match id {
        "hour" => Some(at.plus_millis(HOUR_MS)),
        "day" => Some(zone.midnight_after(at, 1)),
        "week" => Some(zone.midnight_after(at, 7)),
        "month" => Some(zone.midnight_after(at, 28)),
        _ => None,
    }
}

/// The person whom the trail writes so.
pub(crate) fn number(actor: &str) -> Option<engine::PersonNo> {
    Actor::person(actor).map(engine::PersonNo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_one_of_the_school_s_own_days() {
        let london = Zone::named("Europe/London").unwrap();
        // The last Friday before the clocks go back.
        let at = Timestamp::parse("2026-10-23T14:00:00Z").unwrap();
        for (id, end) in [
            ("hour", Some("2026-10-23T15:00:00Z")),
            ("day", Some("2026-10-23T23:00:00Z")),
            ("week", Some("2026-10-30T00:00:00Z")),
            ("month", Some("2026-11-20T00:00:00Z")),
            ("ever", None),
        ] {
            assert_eq!(until(id, at, &london), end.and_then(Timestamp::parse), "{id}");
        }
    }
}
