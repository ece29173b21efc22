//! Whose internet access is withheld, and looking at it again.

use ::store::Tx;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use engine::LiveDocument;
use kit::{Private, Timestamp, Zone};
use people::account::SignedIn;
use register::approval;
use web::speech::say;
use web::{Mistakes, PageError, Submitted, checked_words, sentence};

use super::Withheld;
use super::deciding::{self, DecideAnew, DecideError, GiveBack, ReadWithheld};
use super::views::{self, Line};
use crate::lasting::second;
use crate::lasting::second_pages::{self, Pages, agree, agree_form, back, disagree, number, to, withdraw};
use crate::naming;
use crate::overrides::Whom;
use crate::portal::{NotPublished, Portal, not_kept};

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/staff/withheld", get(all))
        .route("/staff/withheld/{number}", get(show))
        .route("/staff/withheld/{number}/ending", post(propose))
        .route("/staff/withheld/{number}/withdrawal", post(withdraw::<Withheld>))
        .route("/staff/withheld/{number}/agreement", get(agree_form::<Withheld>).post(agree::<Withheld>))
        .route("/staff/withheld/{number}/disagreement", post(disagree::<Withheld>))
        .route("/staff/withheld/{number}/renewal", post(decide_anew))
}

async fn all(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.may::<ReadWithheld>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let holds = deciding::of_others(&mut tx, who.standing().actor(), who.at())
        .await
        .map_err(PageError::unexpected)?;
    let mut lines = Vec::new();
    for one in holds {
        lines.push(line(&mut tx, &portal, &who, one, false).await?);
    }
    tx.roll_back().await.map_err(PageError::unexpected)?;
    // What somebody must look at comes first.
    lines.sort_by_key(|line| !line.one.review_is_due(who.at()));
    Ok(who.respond(&views::all(&lines, who.at(), &portal.zone)))
}

async fn line(
    tx: &mut Tx,
    portal: &Portal,
    who: &SignedIn,
    one: Withheld,
    answering: bool,
) -> Result<Line, PageError> {
    let whose: Private<String> = naming::whom(tx, &portal.filter.policy(), &Whom::Person(one.person)).await?;
    let by = naming::by(tx, &one.made_by, Some(who.standing().actor())).await?;
    let waiting = second_pages::waiting(tx, who, &one, answering).await?;
    Ok(Line { one, whose, by, waiting })
}

async fn show(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    who.may::<ReadWithheld>(())?;
    let number = number(path)?;
    still_there(
        Withheld::page(&portal, &who, number, &Submitted::default(), &Mistakes::default(), false).await,
    )
}

/// It was there a moment ago, as a rule: whoever comes back to it sees what holds now.
fn still_there(answer: Result<Response, PageError>) -> Result<Response, PageError> {
    match answer {
        Err(PageError::NotFound) => Ok(back::<Withheld>()),
        answer => answer,
    }
}

impl Pages for Withheld {
    const PAGES: &'static str = "/staff/withheld";

    async fn page(
        portal: &Portal,
        who: &SignedIn,
        number: u32,
        form: &Submitted,
        mistakes: &Mistakes,
        answering: bool,
    ) -> Result<Response, PageError> {
        who.may::<ReadWithheld>(())?;
        let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
        let found = second::find(&mut tx, who.standing().actor(), number, who.at()).await;
        let found = found.map_err(PageError::unexpected)?.ok_or(PageError::NotFound)?;
        let line = line(&mut tx, portal, who, found, answering).await?;
        tx.roll_back().await.map_err(PageError::unexpected)?;
        if answering && line.waiting.is_none() {
            return Err(PageError::NotFound);
        }
        let may = (who.offers::<GiveBack>(), who.offers::<DecideAnew>());
        Ok(who.respond(&views::one(&line, may, form, mistakes, who.at(), &portal.zone)))
    }
}

/// Proposes to give it back.
async fn propose(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let number = number(path)?;
    who.could::<GiveBack>(number)?;
    let mut mistakes = Mistakes::default();
    checked_words(&form, "why", &say("withheld.enter-why-it-is"), &mut mistakes);
    if !mistakes.none() {
        return Withheld::page(&portal, &who, number, &form, &mistakes, false).await;
    }
    let (tx, permit) = who.begin::<GiveBack>(number).await?;
    match second_pages::propose::<Withheld>(tx, &permit, form.text("why"), &mut mistakes).await? {
        Some(answer) => Ok(answer),
        None => still_there(Withheld::page(&portal, &who, number, &form, &mistakes, false).await),
    }
}

async fn decide_anew(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let number = number(path)?;
    who.could::<DecideAnew>(number)?;
    let mut mistakes = Mistakes::default();
    let review_at = review(form.text("review"), who.at(), &portal.zone);
    if review_at.is_none() {
        mistakes.add("review", say("withheld.select-when-it-is"));
    }
    checked_words(&form, "reason", &say("withheld.enter-why-it-goes"), &mut mistakes);
    let Some(review_at) = review_at.filter(|_| mistakes.none()) else {
        return Withheld::page(&portal, &who, number, &form, &mistakes, false).await;
    };
    let (mut tx, permit) = who.begin::<DecideAnew>(number).await?;
    let decided = deciding::decide_anew(&mut tx, &permit, form.text("reason"), review_at, permit.at()).await;
    let made = match decided {
        Ok(made) => made,
        Err(DecideError::NotThere) => return Ok(back::<Withheld>()),
        Err(error) => {
            drop(tx);
            mistakes.add("reason", told(error)?);
            return Withheld::page(&portal, &who, number, &form, &mistakes, false).await;
        }
    };
    let new = LiveDocument { withheld: vec![made.published()], ..LiveDocument::default() };
    match portal.publishes.live(tx, new, permit.actor().clone(), permit.at()).await {
        Ok(()) => Ok(to::<Withheld>(made.number)),
        Err(NotPublished::CannotBe(why)) => {
            mistakes.add_whole(sentence(&why));
            Withheld::page(&portal, &who, number, &form, &mistakes, false).await
        }
        Err(NotPublished::Failed(error)) => {
            mistakes.add_whole(not_kept(error.as_ref()));
            Withheld::page(&portal, &who, number, &form, &mistakes, false).await
        }
    }
}

/// When it is looked at again: so many weeks on, at the school's own midnight.
fn review(id: &str, at: Timestamp, zone: &Zone) -> Option<Timestamp> {
    let days = views::REVIEWS.iter().find(|(known, ..)| *known == id).map(|(_, days, _)| *days)?;
    Some(zone.midnight_after(at, days))
}

/// What is said of an error that is somebody's to mend.
fn told(error: DecideError) -> Result<String, PageError> {
    match error {
        DecideError::Store(error) | DecideError::Approval(approval::AnswerError::Store(error)) => {
            Err(PageError::unexpected(error))
        }
        error => Ok(sentence(&error.to_string())),
    }
}
