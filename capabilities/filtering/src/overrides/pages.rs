//! "Open and closed for a time": what holds beside the policy, ending it before its time, and closing a site now.

use ::store::Tx;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use engine::LiveDocument;
use kit::{Actor, Private, Timestamp};
use people::account::SignedIn;
use web::speech::say;
use web::{Mistakes, PageError, Submitted, filled};

use super::closing::{self, CloseError, CloseSite, EndError, EndOverride, ReadOverrides, may_end};
use super::ending::{self, AgreeEnd, AgreeEndError};
use super::views::{self, Ended, Line};
use super::{GrantError, Override, Whom};
use crate::lasting;
use crate::naming;
use crate::portal::{NotPublished, Portal, not_kept};
use crate::site::Site;
use crate::site_request::staff_pages::{checked_words, sentence};

/// So many that are over are shown.
const ENDED: u32 = 20;

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/staff/overrides", get(all))
        .route("/staff/overrides/close", get(close_form).post(close))
        .route("/staff/overrides/{number}", get(show))
        .route("/staff/overrides/{number}/ending", post(end))
        .route("/staff/overrides/{number}/withdrawal", post(withdraw))
        .route("/staff/overrides/{number}/agreement", get(agree_form).post(agree))
        .route("/staff/overrides/{number}/disagreement", post(disagree))
}

/// Whether they see everything; whoever may only be the second person sees what waits for one.
fn sees_all(who: &SignedIn) -> Result<bool, PageError> {
    match who.may::<ReadOverrides>(()) {
        Ok(_) => Ok(true),
        Err(_) if who.offers::<AgreeEnd>() => Ok(false),
        Err(refused) => Err(refused),
    }
}

async fn all(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    let sees_all = sees_all(&who)?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let holds = lasting::not_over::<Override>(&mut tx, who.at()).await.map_err(PageError::unexpected)?;
    let mut lines = Vec::new();
    for one in holds {
        let line = line(&mut tx, &portal, &who, one).await?;
        if sees_all || line.proposed.is_some() {
            lines.push(line);
        }
    }
    let mut over = Vec::new();
    if sees_all {
        let ended =
            lasting::ended::<Override>(&mut tx, who.at(), ENDED).await.map_err(PageError::unexpected)?;
        for one in ended {
            let by = match &one.withdrawn {
                Some(withdrawn) => {
                    Some(naming::by(&mut tx, &withdrawn.by, Some(who.standing().actor())).await?)
                }
                None => None,
            };
            let whom = naming::whom(&mut tx, &portal.filter.policy(), &one.grant.whom).await?;
            over.push(Ended { one, whom, by });
        }
    }
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::all(&lines, &over, who.offers::<CloseSite>(), &portal.zone)))
}

async fn line(tx: &mut Tx, portal: &Portal, who: &SignedIn, one: Override) -> Result<Line, PageError> {
    let actor = who.standing().actor();
    let proposed = ending::of(tx, &one, who.at()).await.map_err(PageError::unexpected)?;
    let proposer = match &proposed {
        Some(proposed) => Some(naming::by(tx, &proposed.proposed_by, Some(actor)).await?),
        None => None,
    };
    let reads = who.offers::<ReadOverrides>();
    let whom = match &one.grant.whom {
        // Whoever is asked to be the second person needs no name for that.
        Whom::Person(_) if !reads => Private::new(say("overrides.one-person")),
        whom => naming::whom(tx, &portal.filter.policy(), whom).await?,
    };
    Ok(Line {
        whom,
        by: naming::by(tx, &one.granted_by, Some(actor)).await?,
        own: proposed.as_ref().is_some_and(|proposed| proposed.proposed_by == actor.to_string()),
        alone: may_end(&one, &actor.to_string()),
        may_end: who.offers::<EndOverride>(),
        may_agree: who.offers::<AgreeEnd>(),
        proposed,
        proposer,
        one,
    })
}

async fn show(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    sees_all(&who)?;
    let number = number(path)?;
    match one(&portal, &who, number, &Submitted::default(), &Mistakes::default(), false).await {
        // It was there a moment ago, as a rule: whoever comes back to it sees what holds now.
        Err(PageError::NotFound) => Ok(back()),
        answer => answer,
    }
}

/// The page of one that holds, with whatever words stand in its forms.
async fn one(
    portal: &Portal,
    who: &SignedIn,
    number: u32,
    form: &Submitted,
    mistakes: &Mistakes,
    answering: bool,
) -> Result<Response, PageError> {
    let sees_all = sees_all(who)?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let found = ending::find(&mut tx, number, who.at()).await.map_err(PageError::unexpected)?;
    let line = line(&mut tx, portal, who, found.ok_or(PageError::NotFound)?).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    if (!sees_all || answering) && line.proposed.is_none() {
        return Err(PageError::NotFound);
    }
    Ok(who.respond(&views::one(&line, answering, form, mistakes, &portal.zone)))
}

/// Ends it, or proposes to, where that takes two people.
async fn end(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let number = number(path)?;
    who.could::<EndOverride>(number)?;
    let mut mistakes = Mistakes::default();
    checked_words(&form, "why", &say("overrides.enter-why-it-ends"), &mut mistakes);
    if !mistakes.none() {
        return one(&portal, &who, number, &form, &mistakes, false).await;
    }
    let (mut tx, permit) = who.begin::<EndOverride>(number).await?;
    match closing::end(&mut tx, &permit, form.text("why"), permit.at()).await {
        Ok(_) => {
            publish(&portal, tx, permit.actor().clone(), permit.at()).await?;
            return Ok(back());
        }
        Err(EndError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(EndError::TakesTwo) => {
            match ending::propose(&mut tx, &permit, form.text("why"), permit.at()).await {
                Ok(_) => {
                    tx.commit().await.map_err(PageError::unexpected)?;
                    return Ok(to(number));
                }
                Err(error) => mistakes.add_whole(told(error)?),
            }
        }
        Err(EndError::NotThere) => return Ok(back()),
        Err(EndError::NoReason) => mistakes.add("why", say("overrides.enter-why-it-ends")),
    }
    drop(tx);
    one(&portal, &who, number, &form, &mistakes, false).await
}

async fn withdraw(who: SignedIn, path: Result<Path<u32>, PathRejection>) -> Result<Response, PageError> {
    let number = number(path)?;
    let (mut tx, permit) = who.begin::<EndOverride>(number).await?;
    match ending::withdraw(&mut tx, &permit, permit.at()).await {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(AgreeEndError::Store(error)) => return Err(PageError::unexpected(error)),
        // Somebody else answered it meanwhile: the page says so.
        Err(_) => drop(tx),
    }
    Ok(to(number))
}

/// A page of its own, so that whoever must prove again who they are does so before they have written anything.
async fn agree_form(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    let number = number(path)?;
    who.could::<AgreeEnd>(number)?;
    one(&portal, &who, number, &Submitted::default(), &Mistakes::default(), true).await
}

async fn agree(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let number = number(path)?;
    who.could::<AgreeEnd>(number)?;
    let mut mistakes = Mistakes::default();
    checked_words(&form, "agreement", &say("overrides.enter-why-you-agree"), &mut mistakes);
    if !mistakes.none() {
        return one(&portal, &who, number, &form, &mistakes, true).await;
    }
    let (mut tx, permit) = who.begin::<AgreeEnd>(number).await?;
    let agreed = match form.text("proposal").parse() {
        Ok(shown) => ending::agree(&mut tx, &permit, shown, form.text("agreement"), permit.at()).await,
        Err(_) => Err(AgreeEndError::Changed),
    };
    match agreed {
        Ok(_) => {
            publish(&portal, tx, permit.actor().clone(), permit.at()).await?;
            Ok(back())
        }
        Err(error) => {
            drop(tx);
            mistakes.add_whole(told(error)?);
            one(&portal, &who, number, &form, &mistakes, true).await
        }
    }
}

async fn disagree(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let number = number(path)?;
    who.could::<AgreeEnd>(number)?;
    let mut mistakes = Mistakes::default();
    checked_words(&form, "disagreement", &say("request.enter-why-for-whoever-proposed"), &mut mistakes);
    if !mistakes.none() {
        return one(&portal, &who, number, &form, &mistakes, true).await;
    }
    let (mut tx, permit) = who.begin::<AgreeEnd>(number).await?;
    let disagreed = match form.text("proposal").parse() {
        Ok(shown) => ending::disagree(&mut tx, &permit, shown, form.text("disagreement"), permit.at()).await,
        Err(_) => Err(AgreeEndError::Changed),
    };
    match disagreed {
        Ok(()) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            Ok(back())
        }
        Err(error) => {
            drop(tx);
            mistakes.add_whole(told(error)?);
            one(&portal, &who, number, &form, &mistakes, true).await
        }
    }
}

async fn close_form(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.could::<CloseSite>(Whom::Everyone)?;
    Ok(closing_page(&portal, &who, &Submitted::default(), &Mistakes::default()))
}

fn closing_page(portal: &Portal, who: &SignedIn, form: &Submitted, mistakes: &Mistakes) -> Response {
    let policy = portal.filter.policy();
    let groups = policy.document().groups.iter().map(|group| (group.id.clone(), group.name.clone()));
    who.respond(&views::close(&groups.collect::<Vec<_>>(), form, mistakes))
}

async fn close(State(portal): State<Portal>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    who.could::<CloseSite>(Whom::Everyone)?;
    let mut mistakes = Mistakes::default();
    let site = whole_site(&form, &mut mistakes);
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let whom = whom(&mut tx, &portal, &form, &mut mistakes).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    checked_words(&form, "why", &say("reports.enter-why-it-is"), &mut mistakes);
    let (Some(site), Some(whom), true) = (site, whom, mistakes.none()) else {
        return Ok(closing_page(&portal, &who, &form, &mistakes));
    };
    let (policy, live) = portal.filter.both();
    let (mut tx, permit) = who.begin::<CloseSite>(whom).await?;
    let closed =
        closing::close(&mut tx, &permit, (&policy, &live), &site, form.text("why"), permit.at()).await;
    let made = match closed {
        Ok(made) => made,
        Err(CloseError::Grant(GrantError::Store(error))) => return Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            mistakes.add("site", sentence(&error.to_string()));
            return Ok(closing_page(&portal, &who, &form, &mistakes));
        }
    };
    let new = LiveDocument { overrides: vec![made.published()], ..LiveDocument::default() };
    match portal.publishes.live(tx, new, permit.actor().clone(), permit.at()).await {
        Ok(()) => Ok(to(made.number)),
        Err(NotPublished::CannotBe(why)) => {
            mistakes.add_whole(sentence(&why));
            Ok(closing_page(&portal, &who, &form, &mistakes))
        }
        Err(NotPublished::Failed(error)) => {
            mistakes.add_whole(not_kept(error.as_ref()));
            let page = closing_page(&portal, &who, &form, &mistakes);
            Ok((StatusCode::SERVICE_UNAVAILABLE, page).into_response())
        }
    }
}

/// The site to be closed, whole: the pages of one cannot be closed one by one, since the filter does not see them.
fn whole_site(form: &Submitted, mistakes: &mut Mistakes) -> Option<String> {
    let typed = form.line("site");
    match Site::typed(&typed) {
        _ if typed.is_empty() => mistakes.add("site", say("explain.enter-the-sites-address")),
        None => mistakes.add("site", say("explain.enter-the-sites-address")),
        Some(Site { host, path: Some(path) }) if path != "/" => {
            mistakes.add("site", filled!("overrides.a-page-of-a", host = host));
        }
        Some(site) => return Some(site.host.strip_prefix("*.").unwrap_or(&site.host).to_owned()),
    }
    None
}

/// For whom it is closed: everyone, a group, or one person by name.
async fn whom(
    tx: &mut Tx,
    portal: &Portal,
    form: &Submitted,
    mistakes: &mut Mistakes,
) -> Result<Option<Whom>, PageError> {
    let (chosen, name) = (form.text("whom"), form.line("pupil"));
    match (chosen, name.as_str()) {
        ("", "") => mistakes.add("whom", say("overrides.choose-for-whom-or")),
        ("", name) => {
            let called = people::people_called(tx, name).await.map_err(PageError::unexpected)?;
            match called.as_slice() {
                [person] => return Ok(Some(Whom::Person(person.number))),
                [] => mistakes.add("pupil", say("lesson.nobody-on-the-roll")),
                _ => mistakes.add("pupil", say("lesson.several-people-are-called")),
            }
        }
        (chosen, "") => match chosen.parse() {
            Ok(Whom::Everyone) => return Ok(Some(Whom::Everyone)),
            Ok(Whom::Group(id)) if portal.filter.policy().groups().number(&id).is_some() => {
                return Ok(Some(Whom::Group(id)));
            }
            _ => mistakes.add("whom", say("overrides.choose-one-of-those")),
        },
        _ => mistakes.add("whom", say("overrides.choose-from-the-list")),
    }
    Ok(None)
}

/// Commits, and gates know within a second.
async fn publish(portal: &Portal, tx: Tx, actor: Actor, at: Timestamp) -> Result<(), PageError> {
    portal.publishes.live(tx, LiveDocument::default(), actor, at).await.map_err(PageError::unexpected)
}

/// What is said of an error that is somebody's to mend; what is nobody's is a page of its own.
fn told(error: AgreeEndError) -> Result<String, PageError> {
    match error {
        AgreeEndError::Store(error) => Err(PageError::unexpected(error)),
        AgreeEndError::Approval(register::approval::AnswerError::Store(error)) => {
            Err(PageError::unexpected(error))
        }
        AgreeEndError::NothingWaits => Ok(say("overrides.nothing-waits-for-an")),
        AgreeEndError::Proposed => Ok(say("overrides.somebody-has-proposed")),
        AgreeEndError::Changed => Ok(say("overrides.what-is-proposed-has")),
        AgreeEndError::YoursAlone => Ok(say("overrides.you-can-end-this")),
        AgreeEndError::Approval(error) => Ok(sentence(&error.to_string())),
    }
}

fn number(path: Result<Path<u32>, PathRejection>) -> Result<u32, PageError> {
    path.map(|Path(number)| number).map_err(|_| PageError::NotFound)
}

fn to(number: u32) -> Response {
    Redirect::to(&format!("/staff/overrides/{number}")).into_response()
}

fn back() -> Response {
    Redirect::to("/staff/overrides").into_response()
}
