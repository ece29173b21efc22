//! Proposing to take a list out of use, and the second person's answer.
//!
//! A list's id holds slashes, so that the pages of a proposal bear the id of the proposal.

use ::store::Tx;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use people::account::SignedIn;
use register::approval::{Approval, ApprovalId};
use web::second::{AGREEMENT, DISAGREEMENT};
use web::speech::say;
use web::{Mistakes, PageError, Submitted, checked_words, sentence};

use super::keeping_pages::{reason, to_page};
use super::pages::{ReadLists, line_of, one};
use super::removal::{self, AgreeRemoval, RemovalError, RemoveList};
use super::removal_views;
use crate::lasting::second_views::Waiting;
use crate::naming;
use crate::portal::{NotPublished, Portal, not_kept};

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/staff/lists/removal", post(propose))
        .route("/staff/lists/removals/{proposal}", get(show))
        .route("/staff/lists/removals/{proposal}/agreement", get(agree_form).post(agree))
        .route("/staff/lists/removals/{proposal}/disagreement", post(disagree))
        .route("/staff/lists/removals/{proposal}/withdrawal", post(withdraw))
}

async fn propose(
    State(portal): State<Portal>,
    who: SignedIn,
    form: Submitted,
) -> Result<Response, PageError> {
    let id = form.line("list");
    who.could::<RemoveList>(id.clone())?;
    let mut mistakes = reason(&form);
    if !mistakes.none() {
        return one(&portal, &who, &id, &form, &mistakes).await;
    }
    let (mut tx, permit) = who.begin::<RemoveList>(id.clone()).await?;
    match removal::propose(&mut tx, &permit, form.text("why"), permit.at()).await {
        Ok(proposed) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            Ok(Redirect::to(&removal_views::page(&proposed)).into_response())
        }
        Err(RemovalError::NothingWaits) => Err(PageError::NotFound),
        Err(error) => {
            drop(tx);
            mistakes.add_whole(told(error)?);
            one(&portal, &who, &id, &form, &mistakes).await
        }
    }
}

/// What waits under that id: the list and the proposal.
async fn found(tx: &mut Tx, who: &SignedIn, proposal: &str) -> Result<Option<Approval>, PageError> {
    let Ok(id) = proposal.parse::<ApprovalId>() else { return Ok(None) };
    let waiting = removal::waiting(tx, who.at()).await.map_err(PageError::unexpected)?;
    Ok(waiting.into_iter().find(|proposed| proposed.id == id))
}

/// The list whose removal waits under that id, read before a change begins. It was there a moment ago, as a rule.
async fn list_of(portal: &Portal, who: &SignedIn, proposal: &str) -> Result<Option<String>, PageError> {
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let found = found(&mut tx, who, proposal).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(found.map(|proposed| proposed.subject))
}

async fn show(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    who.may::<ReadLists>(())?;
    let Path(proposal) = path.map_err(|_| PageError::NotFound)?;
    page(&portal, &who, &proposal, &Submitted::default(), &Mistakes::default(), false).await
}

/// The page of a proposal; where none waits any more, that of the lists.
async fn page(
    portal: &Portal,
    who: &SignedIn,
    proposal: &str,
    form: &Submitted,
    mistakes: &Mistakes,
    answering: bool,
) -> Result<Response, PageError> {
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let Some(proposed) = found(&mut tx, who, proposal).await? else {
        tx.roll_back().await.map_err(PageError::unexpected)?;
        return Ok(back());
    };
    let line = line_of(&mut tx, portal, &proposed.subject).await?;
    let actor = who.standing().actor();
    let waiting = Waiting {
        proposer: naming::by(&mut tx, &proposed.proposed_by, Some(actor)).await?,
        own: proposed.proposed_by == actor.to_string(),
        may_agree: who.offers::<AgreeRemoval>(),
        answering,
        proposed,
    };
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&removal_views::removal(&line, &waiting, form, mistakes, &portal.zone)))
}

/// A page of its own, so that whoever must prove again who they are does so before they have written anything.
async fn agree_form(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let Path(proposal) = path.map_err(|_| PageError::NotFound)?;
    who.could::<AgreeRemoval>(String::new())?;
    page(&portal, &who, &proposal, &Submitted::default(), &Mistakes::default(), true).await
}

async fn agree(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let Path(proposal) = path.map_err(|_| PageError::NotFound)?;
    who.could::<AgreeRemoval>(String::new())?;
    let mut mistakes = Mistakes::default();
    checked_words(&form, AGREEMENT, &say("overrides.enter-why-you-agree"), &mut mistakes);
    if !mistakes.none() {
        return page(&portal, &who, &proposal, &form, &mistakes, true).await;
    }
    let Some(list) = list_of(&portal, &who, &proposal).await? else { return Ok(back()) };
    let (mut tx, permit) = who.begin::<AgreeRemoval>(list).await?;
    let agreed = match form.text("proposal").parse() {
        Ok(shown) => removal::agree(&mut tx, &permit, shown, form.text(AGREEMENT), permit.at()).await,
        Err(_) => Err(RemovalError::Changed),
    };
    if let Err(error) = agreed {
        drop(tx);
        mistakes.add_whole(told(error)?);
        return page(&portal, &who, &proposal, &form, &mistakes, true).await;
    }
    match portal.publishes.lists(tx, permit.at()).await {
        Ok(()) => Ok(back()),
        Err(NotPublished::CannotBe(why)) => {
            mistakes.add_whole(sentence(&why));
            page(&portal, &who, &proposal, &form, &mistakes, true).await
        }
        Err(NotPublished::Failed(error)) => {
            mistakes.add_whole(not_kept(error.as_ref()));
            let page = page(&portal, &who, &proposal, &form, &mistakes, true).await?;
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
    let Path(proposal) = path.map_err(|_| PageError::NotFound)?;
    who.could::<AgreeRemoval>(String::new())?;
    let mut mistakes = Mistakes::default();
    checked_words(&form, DISAGREEMENT, &say("request.enter-why-for-whoever-proposed"), &mut mistakes);
    if !mistakes.none() {
        return page(&portal, &who, &proposal, &form, &mistakes, true).await;
    }
    let Some(list) = list_of(&portal, &who, &proposal).await? else { return Ok(back()) };
    let (mut tx, permit) = who.begin::<AgreeRemoval>(list).await?;
    let disagreed = match form.text("proposal").parse() {
        Ok(shown) => removal::disagree(&mut tx, &permit, shown, form.text(DISAGREEMENT), permit.at()).await,
        Err(_) => Err(RemovalError::Changed),
    };
    match disagreed {
        Ok(()) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            Ok(to_page(permit.subject()))
        }
        Err(error) => {
            drop(tx);
            mistakes.add_whole(told(error)?);
            page(&portal, &who, &proposal, &form, &mistakes, true).await
        }
    }
}

async fn withdraw(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let Path(proposal) = path.map_err(|_| PageError::NotFound)?;
    who.could::<RemoveList>(String::new())?;
    let Some(list) = list_of(&portal, &who, &proposal).await? else { return Ok(back()) };
    let (mut tx, permit) = who.begin::<RemoveList>(list).await?;
    match removal::withdraw(&mut tx, &permit, permit.at()).await {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(RemovalError::Store(error)) => return Err(PageError::unexpected(error)),
        // Somebody else answered it meanwhile: the page says so.
        Err(_) => drop(tx),
    }
    Ok(to_page(permit.subject()))
}

/// What is said of an error that is somebody's to mend; what is nobody's is a page of its own.
fn told(error: RemovalError) -> Result<String, PageError> {
    match error {
        RemovalError::Store(error)
        | RemovalError::Approval(register::approval::AnswerError::Store(error)) => {
            Err(PageError::unexpected(error))
        }
        RemovalError::NothingWaits => Ok(say("overrides.nothing-waits-for-an")),
        RemovalError::Proposed => Ok(say("overrides.somebody-has-proposed")),
        RemovalError::Changed => Ok(say("overrides.what-is-proposed-has")),
        RemovalError::Approval(error) => Ok(sentence(&error.to_string())),
    }
}

fn back() -> Response {
    Redirect::to("/staff/lists").into_response()
}
