//! The answers to a proposal to end something before its time, alike for whatever takes two people to end.

use ::store::Tx;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use engine::LiveDocument;
use kit::{Actor, Timestamp};
use people::account::SignedIn;
use web::second::{AGREEMENT, DISAGREEMENT};
use web::speech::say;
use web::{Mistakes, PageError, Submitted, checked_words, sentence};

use super::second::{self, EndedByTwo, SecondError};
use super::second_views::Waiting;
use crate::naming;
use crate::portal::Portal;

/// What has such pages.
pub trait Pages: EndedByTwo + Send + Sync + 'static {
    /// The page of all of them; one of them is below it, by its number.
    const PAGES: &'static str;

    /// The page of one that holds, with whatever words stand in its forms; `answering` as the second person.
    fn page(
        portal: &Portal,
        who: &SignedIn,
        number: u32,
        form: &Submitted,
        mistakes: &Mistakes,
        answering: bool,
    ) -> impl Future<Output = Result<Response, PageError>> + Send;
}

/// What is proposed about one, for whoever looks at its page.
pub async fn waiting<T: EndedByTwo>(
    tx: &mut Tx,
    who: &SignedIn,
    one: &T,
    answering: bool,
) -> Result<Option<Waiting>, PageError> {
    let Some(proposed) = second::of(tx, one, who.at()).await.map_err(PageError::unexpected)? else {
        return Ok(None);
    };
    let actor = who.standing().actor();
    Ok(Some(Waiting {
        proposer: naming::by(tx, &proposed.proposed_by, Some(actor)).await?,
        own: proposed.proposed_by == actor.to_string(),
        may_agree: who.offers::<T::Agree>(),
        answering,
        proposed,
    }))
}

/// Proposes to end one, in the transaction of its permit.
pub async fn propose<T: Pages>(
    mut tx: Tx,
    permit: &kit::Permit<T::End>,
    why: &str,
    mistakes: &mut Mistakes,
) -> Result<Option<Response>, PageError> {
    match second::propose::<T>(&mut tx, permit, why, permit.at()).await {
        Ok(_) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            Ok(Some(to::<T>(*permit.subject())))
        }
        Err(error) => {
            mistakes.add_whole(told(error)?);
            Ok(None)
        }
    }
}

pub async fn withdraw<T: Pages>(
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    let number = number(path)?;
    let (mut tx, permit) = who.begin::<T::End>(number).await?;
    match second::withdraw::<T>(&mut tx, &permit, permit.at()).await {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(SecondError::Store(error)) => return Err(PageError::unexpected(error)),
        // Somebody else answered it meanwhile: the page says so.
        Err(_) => drop(tx),
    }
    Ok(to::<T>(number))
}

/// A page of its own, so that whoever must prove again who they are does so before they have written anything.
pub async fn agree_form<T: Pages>(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    let number = number(path)?;
    who.could::<T::Agree>(number)?;
    T::page(&portal, &who, number, &Submitted::default(), &Mistakes::default(), true).await
}

pub async fn agree<T: Pages>(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let number = number(path)?;
    who.could::<T::Agree>(number)?;
    let mut mistakes = Mistakes::default();
    checked_words(&form, AGREEMENT, &say("overrides.enter-why-you-agree"), &mut mistakes);
    if !mistakes.none() {
        return T::page(&portal, &who, number, &form, &mistakes, true).await;
    }
    let (mut tx, permit) = who.begin::<T::Agree>(number).await?;
    let agreed = match form.text("proposal").parse() {
        Ok(shown) => second::agree::<T>(&mut tx, &permit, shown, form.text(AGREEMENT), permit.at()).await,
        Err(_) => Err(SecondError::Changed),
    };
    match agreed {
        Ok(_) => {
            publish(&portal, tx, permit.actor().clone(), permit.at()).await?;
            Ok(back::<T>())
        }
        Err(error) => {
            drop(tx);
            mistakes.add_whole(told(error)?);
            T::page(&portal, &who, number, &form, &mistakes, true).await
        }
    }
}

pub async fn disagree<T: Pages>(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let number = number(path)?;
    who.could::<T::Agree>(number)?;
    let mut mistakes = Mistakes::default();
    checked_words(&form, DISAGREEMENT, &say("request.enter-why-for-whoever-proposed"), &mut mistakes);
    if !mistakes.none() {
        return T::page(&portal, &who, number, &form, &mistakes, true).await;
    }
    let (mut tx, permit) = who.begin::<T::Agree>(number).await?;
    let disagreed = match form.text("proposal").parse() {
        Ok(shown) => {
            second::disagree::<T>(&mut tx, &permit, shown, form.text(DISAGREEMENT), permit.at()).await
        }
        Err(_) => Err(SecondError::Changed),
    };
    match disagreed {
        Ok(()) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            Ok(back::<T>())
        }
        Err(error) => {
            drop(tx);
            mistakes.add_whole(told(error)?);
            T::page(&portal, &who, number, &form, &mistakes, true).await
        }
    }
}

/// Commits, and gates know within a second.
pub async fn publish(portal: &Portal, tx: Tx, actor: Actor, at: Timestamp) -> Result<(), PageError> {
    portal.publishes.live(tx, LiveDocument::default(), actor, at).await.map_err(PageError::unexpected)
}

pub fn number(path: Result<Path<u32>, PathRejection>) -> Result<u32, PageError> {
    path.map(|Path(number)| number).map_err(|_| PageError::NotFound)
}

pub fn to<T: Pages>(number: u32) -> Response {
    Redirect::to(&format!("{}/{number}", T::PAGES)).into_response()
}

pub fn back<T: Pages>() -> Response {
    Redirect::to(T::PAGES).into_response()
}

/// What is said of an error that is somebody's to mend; what is nobody's is a page of its own.
fn told(error: SecondError) -> Result<String, PageError> {
    match error {
        SecondError::Store(error) | SecondError::Approval(register::approval::AnswerError::Store(error)) => {
            Err(PageError::unexpected(error))
        }
        SecondError::NothingWaits => Ok(say("overrides.nothing-waits-for-an")),
        SecondError::Proposed => Ok(say("overrides.somebody-has-proposed")),
        SecondError::Changed => Ok(say("overrides.what-is-proposed-has")),
        SecondError::YoursAlone => Ok(say("overrides.you-can-end-this")),
        SecondError::Approval(error) => Ok(sentence(&error.to_string())),
    }
}
