//! Holding a list as it is, releasing it, and taking the update that waits, at the portal.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use people::account::SignedIn;
use web::speech::say;
use web::{Mistakes, PageError, Submitted, checked_words};

use super::pages::one;
use super::{HoldError, State as Kept, holding, store, views, web as from_web};
use crate::errand::{self, Errand};
use crate::portal::Portal;

kit::action!(
    /// Holding a list as it is, and releasing it. Its subject is the list's id.
    HoldList(String) = "list.hold"
);
kit::action!(
    /// Taking the update of a list that waits because it would close much. Its subject is the list's id.
    TakeList(String) = "list.take"
);

pub(super) async fn hold(
    State(portal): State<Portal>,
    who: SignedIn,
    form: Submitted,
) -> Result<Response, PageError> {
    turn(&portal, &who, &form, Kept::Held).await
}

pub(super) async fn release(
    State(portal): State<Portal>,
    who: SignedIn,
    form: Submitted,
) -> Result<Response, PageError> {
    turn(&portal, &who, &form, Kept::Active).await
}

async fn turn(portal: &Portal, who: &SignedIn, form: &Submitted, to: Kept) -> Result<Response, PageError> {
    let id = form.line("list");
    who.could::<HoldList>(id.clone())?;
    let mistakes = reason(form);
    if !mistakes.none() {
        return one(portal, who, &id, form, &mistakes).await;
    }
    let (mut tx, permit) = who.begin::<HoldList>(id).await?;
    let (actor, list, why, at) = (permit.actor(), permit.subject(), form.text("why"), permit.at());
    let turned = match to {
        Kept::Held => holding::hold(&mut tx, actor, list, why, at).await,
        Kept::Active => holding::release(&mut tx, actor, list, why, at).await,
    };
    match turned {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(HoldError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(HoldError::NotFound(_)) => return Err(PageError::NotFound),
        // Somebody else was quicker: the page says how it is.
        Err(HoldError::Already { .. } | HoldError::NoReason) => drop(tx),
    }
    Ok(to_page(permit.subject()))
}

/// Has the hub fetch what waits and take it. Sent twice, it is taken once.
pub(super) async fn take(
    State(portal): State<Portal>,
    who: SignedIn,
    form: Submitted,
) -> Result<Response, PageError> {
    let id = form.line("list");
    who.could::<TakeList>(id.clone())?;
    let mistakes = reason(&form);
    if !mistakes.none() {
        return one(&portal, &who, &id, &form, &mistakes).await;
    }
    let (mut tx, permit) = who.begin::<TakeList>(id).await?;
    let list = store::one(&mut tx, permit.subject()).await.map_err(PageError::unexpected)?;
    let list = list.ok_or(PageError::NotFound)?;
    let waits = store::waits(&mut tx, &list.id).await.map_err(PageError::unexpected)?.is_some();
    // Somebody else was quicker, or held it: the page says how it is.
    if !waits || list.state == Kept::Held || !from_web::is_web(&list.source) {
        tx.roll_back().await.map_err(PageError::unexpected)?;
        return Ok(to_page(permit.subject()));
    }
    match holding::note(&mut tx, &list.id, form.text("why")).await {
        Ok(()) => {}
        Err(HoldError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(_) => return Err(PageError::NotFound),
    }
    errand::send(&portal, tx, Errand::Take(list.id), (permit.actor().clone(), permit.at())).await?;
    Ok(to_page(permit.subject()))
}

pub(super) fn reason(form: &Submitted) -> Mistakes {
    let mut mistakes = Mistakes::default();
    checked_words(form, "why", &say("lists.enter-why"), &mut mistakes);
    mistakes
}

pub(super) fn to_page(id: &str) -> Response {
    Redirect::to(&views::way(id)).into_response()
}
