//! Opening alone, and looking at what another opened.

use ::store::Tx;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use engine::LiveDocument;
use kit::Timestamp;
use people::account::SignedIn;
use register::emergency::{Emergency, EmergencyError};
use web::speech::say;
use web::{Mistakes, PageError, Submitted, checked_words, sentence};

use super::agreeing::{self, AgreeError};
use super::alone::{self, AloneError, LookAtAlone, OpenAlone};
use super::alone_views::{self as views, Alone};
use super::staff_pages::{back, found, number, to};
use super::{SiteRequest, State as Answered};
use crate::portal::{NotPublished, Portal};
use crate::reference::Reference;
use crate::site_note::pages::reference;

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/staff/requests/{reference}/alone", get(open_form).post(open))
        .route("/staff/requests/{reference}/look", get(look_form).post(look))
}

/// What was opened alone of a request, for whoever looks at its page.
pub(super) async fn of(tx: &mut Tx, who: &SignedIn, request: &SiteRequest) -> Result<Vec<Alone>, PageError> {
    let mut all = Vec::new();
    for emergency in alone::history(tx, request).await.map_err(PageError::unexpected)? {
        all.push(one(tx, who, emergency, who.at()).await?);
    }
    Ok(all)
}

async fn one(tx: &mut Tx, who: &SignedIn, emergency: Emergency, at: Timestamp) -> Result<Alone, PageError> {
    let opener = match number(&emergency.opened_by) {
        Some(person) => people::name_of(tx, person).await.map_err(PageError::unexpected)?,
        None => None,
    };
    let own = emergency.opened_by == who.standing().actor().to_string();
    let may_look = emergency.reviewed.is_none() && !own && who.offers::<LookAtAlone>();
    let is_over = !alone::is_open(tx, &emergency, at).await.map_err(PageError::unexpected)?;
    Ok(Alone { opener, is_over, may_look, emergency })
}

/// A page of its own, so that whoever must prove again who they are does so before they have written anything.
async fn open_form(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let reference = reference(path)?;
    who.could::<OpenAlone>(reference.clone())?;
    open_page(&portal, &who, &reference, &Submitted::default(), &Mistakes::default()).await
}

async fn open_page(
    portal: &Portal,
    who: &SignedIn,
    reference: &Reference,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let request = found(&mut tx, reference).await?;
    let proposed = agreeing::of(&mut tx, reference, who.at()).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let own = who.standing().actor().to_string();
    let proposed = proposed.filter(|proposed| proposed.by == own && request.state == Answered::Open);
    let proposed = proposed.ok_or(PageError::NotFound)?;
    Ok(who.respond(&views::open_form(&request, &proposed, form, mistakes, &portal.zone)))
}

async fn open(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let reference = reference(path)?;
    who.could::<OpenAlone>(reference.clone())?;
    let mut mistakes = Mistakes::default();
    checked_words(&form, "reason", &say("request.enter-why-it-cannot"), &mut mistakes);
    if !mistakes.none() {
        return open_page(&portal, &who, &reference, &form, &mistakes).await;
    }
    let (mut tx, permit) = who.begin::<OpenAlone>(reference.clone()).await?;
    let opened = match form.text("proposal").parse() {
        Ok(shown) => alone::open_alone(&mut tx, &permit, shown, form.text("reason"), permit.at()).await,
        Err(_) => Err(AgreeError::Changed.into()),
    };
    let made = match opened {
        Ok((_, made)) => made,
        Err(error) => {
            drop(tx);
            mistakes.add_whole(told(error)?);
            return open_page(&portal, &who, &reference, &form, &mistakes).await;
        }
    };
    let new = LiveDocument { overrides: vec![made.published()], ..LiveDocument::default() };
    match portal.publishes.live(tx, new, permit.actor().clone(), permit.at()).await {
        Ok(()) => Ok(to(&reference)),
        Err(error) => {
            let failed = not_published(error, &mut mistakes);
            let page = open_page(&portal, &who, &reference, &form, &mistakes).await?;
            Ok(if failed { (StatusCode::SERVICE_UNAVAILABLE, page).into_response() } else { page })
        }
    }
}

async fn look_form(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let reference = reference(path)?;
    who.could::<LookAtAlone>(reference.clone())?;
    look_page(&portal, &who, &reference, &Submitted::default(), &Mistakes::default()).await
}

async fn look_page(
    portal: &Portal,
    who: &SignedIn,
    reference: &Reference,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let request = found(&mut tx, reference).await?;
    let unseen = alone::unseen(&mut tx, &request).await.map_err(PageError::unexpected)?;
    let alone = one(&mut tx, who, unseen.ok_or(PageError::NotFound)?, who.at()).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    if !alone.may_look {
        return Err(PageError::NotFound);
    }
    Ok(who.respond(&views::look_form(&request, &alone, form, mistakes, &portal.zone)))
}

async fn look(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let reference = reference(path)?;
    who.could::<LookAtAlone>(reference.clone())?;
    let mut mistakes = Mistakes::default();
    let was_right = form.text("found") == "right";
    if !was_right && form.text("found") != "end" {
        mistakes.add("found", say("request.select-what-you-find"));
    }
    checked_words(&form, "words", &say("request.enter-why-for-whoever-opened"), &mut mistakes);
    if !mistakes.none() {
        return look_page(&portal, &who, &reference, &form, &mistakes).await;
    }
    let (mut tx, permit) = who.begin::<LookAtAlone>(reference.clone()).await?;
    let looked = match form.text("opened").parse() {
        Ok(shown) => alone::look(&mut tx, &permit, (shown, was_right), form.text("words"), permit.at()).await,
        Err(_) => Err(EmergencyError::NotFound.into()),
    };
    match looked {
        Ok(_) if was_right => {
            tx.commit().await.map_err(PageError::unexpected)?;
            return Ok(back(&who, &reference));
        }
        Ok(_) => {}
        Err(error) => {
            drop(tx);
            mistakes.add_whole(told(error)?);
            return look_page(&portal, &who, &reference, &form, &mistakes).await;
        }
    }
    let nothing_new = LiveDocument::default();
    match portal.publishes.live(tx, nothing_new, permit.actor().clone(), permit.at()).await {
        Ok(()) => Ok(back(&who, &reference)),
        Err(error) => {
            let failed = not_published(error, &mut mistakes);
            let page = look_page(&portal, &who, &reference, &form, &mistakes).await?;
            Ok(if failed { (StatusCode::SERVICE_UNAVAILABLE, page).into_response() } else { page })
        }
    }
}

/// Says why something could not be kept; whether it may work in a moment.
fn not_published(error: NotPublished, mistakes: &mut Mistakes) -> bool {
    match error {
        NotPublished::CannotBe(why) => {
            mistakes.add_whole(sentence(&why));
            false
        }
        NotPublished::Failed(error) => {
            mistakes.add_whole(crate::portal::not_kept(error.as_ref()));
            true
        }
    }
}

/// What is said of an error that is somebody's to mend; what is nobody's is a page of its own.
fn told(error: AloneError) -> Result<String, PageError> {
    match error {
        AloneError::Agree(AgreeError::Store(error))
        | AloneError::Emergency(EmergencyError::Store(error))
        | AloneError::End(crate::lasting::WithdrawError::Store(error)) => Err(PageError::unexpected(error)),
        error => Ok(sentence(&error.to_string())),
    }
}
