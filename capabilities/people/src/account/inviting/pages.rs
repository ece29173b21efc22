//! The pages of whoever gives adults a way in.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use engine::PersonNo;
use kit::Timestamp;
use store::Tx;
use web::speech::say;
use web::{Mistakes, PageError, Submitted, filled};

use super::super::actions::{Invite, InviteError};
use super::super::card::{MOST_AT_ONCE, pdf, set_in_print};
use super::super::door::SignedIn;
use super::super::house::{House, printed_at};
use super::super::model::{INVITED_MS, Name, Token};
use super::super::pages::token;
use super::super::{store as table, welcome_link};
use super::actions::{self, Adult, Slip};
use super::print::{self, OnSlip, SLIPS};
use super::views::{self, Listed};
use crate::kind::Kind;

pub(in super::super) fn routes() -> Router<House> {
    Router::new()
        .route("/staff/ways-in", get(all).post(print_slips))
        .route("/staff/roll/{person}/invitation", get(form).post(make))
        .route("/staff/roll/{person}/invitation/slip", post(slip))
}

fn unexpected(error: store::StoreError) -> PageError {
    PageError::unexpected(error)
}

fn person(path: Result<Path<u32>, PathRejection>) -> Result<PersonNo, PageError> {
    path.map(|Path(number)| PersonNo(number)).map_err(|_| PageError::NotFound)
}

async fn all(
    State(house): State<House>,
    who: SignedIn,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    who.must_offer::<Invite>()?;
    let kind = query.as_deref().and_then(|query| query.strip_prefix("kind=")).and_then(Kind::of_id);
    listed(&house, &who, kind, &Submitted::default(), &Mistakes::default()).await
}

async fn adults(house: &House, at: Timestamp) -> Result<Vec<Adult>, PageError> {
    let mut tx = house.db.read().await.map_err(unexpected)?;
    let adults = actions::adults(&mut tx, house.checks_in_a_directory(), at).await.map_err(unexpected)?;
    tx.roll_back().await.map_err(unexpected)?;
    Ok(adults)
}

async fn listed(
    house: &House,
    who: &SignedIn,
    kind: Option<Kind>,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let adults = adults(house, who.at()).await?;
    let shown = Listed { adults: &adults, kind, most: MOST_AT_ONCE, zone: &house.zone };
    Ok(who.respond(&views::all(&shown, form, mistakes)))
}

/// Prints a slip for each who is ticked. Nothing is kept before it is in print.
async fn print_slips(
    State(house): State<House>,
    who: SignedIn,
    form: Submitted,
) -> Result<Response, PageError> {
    // Whoever may not invite is told nothing of who is on the roll.
    who.could::<Invite>(who.person())?;
    let kind = Kind::of_id(form.text("kind"));
    let mut mistakes = Mistakes::default();
    let ticked = |adult: &Adult| form.text(&views::field(adult.person)) == "yes" && views::is_offered(adult);
    let mut slips = Vec::new();
    for adult in adults(&house, who.at()).await?.into_iter().filter(ticked).take(MOST_AT_ONCE) {
        if adult.sign_in.is_some() || adult.proposed.is_some() {
            slips.push(Slip { adult, token: token()? });
        }
    }
    let Some(first) = slips.first() else {
        mistakes.add("who", say("ways-in.tick-whom-to-print"));
        return listed(&house, &who, kind, &form, &mistakes).await;
    };
    let pdf_bytes = printed(&house, &slips, who.at()).await?;
    let (mut tx, permit) = who.begin::<Invite>(first.adult.person).await?;
    for slip in &slips {
        let permit = who.also::<Invite>(&mut tx, &permit, slip.adult.person).await?;
        match actions::invite(&mut tx, &permit, slip, permit.at()).await {
            Ok(_) => {}
            Err(InviteError::Store(error)) => return Err(unexpected(error)),
            Err(error) => {
                drop(tx);
                let name = slip.adult.name.reveal();
                let why = views::said(&error);
                mistakes.add("who", filled!("ways-in.nothing-was-printed", name = name, why = why));
                return listed(&house, &who, kind, &form, &mistakes).await;
            }
        }
    }
    tx.commit().await.map_err(unexpected)?;
    Ok(pdf(pdf_bytes, "slips.pdf"))
}

async fn printed(house: &House, slips: &[Slip], at: Timestamp) -> Result<Vec<u8>, PageError> {
    let on_slips: Vec<OnSlip<'_>> = slips
        .iter()
        .map(|slip| OnSlip {
            name: slip.adult.name.reveal(),
            sign_in: slip.adult.sign_in.as_ref().or(slip.adult.proposed.as_ref()).map_or("", Name::reveal),
            token: &slip.token,
        })
        .collect();
    let data = print::data(&on_slips, at.plus_millis(INVITED_MS), &printed_at(house, at));
    set_in_print(&SLIPS, data, at).await
}

async fn found(house: &House, person: PersonNo, at: Timestamp) -> Result<Option<Adult>, PageError> {
    let mut tx = house.db.read().await.map_err(unexpected)?;
    let adult = actions::adult(&mut tx, person, house.checks_in_a_directory(), at).await;
    let adult = adult.map_err(unexpected)?;
    if adult.is_none() && !crate::store::on_the_roll(&mut tx, person).await.map_err(unexpected)? {
        return Err(PageError::NotFound);
    }
    tx.roll_back().await.map_err(unexpected)?;
    Ok(adult)
}

async fn form(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
) -> Result<Response, PageError> {
    let person = person(path)?;
    // Whoever must prove again who they are does so before anything is made.
    who.could::<Invite>(person)?;
    let Some(adult) = found(&house, person, who.at()).await? else {
        return Ok(who.respond(&views::for_pupils(person)));
    };
    if adult.needs_two {
        return Ok(who.respond(&views::needs_two(&adult)));
    }
    Ok(who.respond(&views::one(&adult, &Submitted::default(), &Mistakes::default(), &house.zone)))
}

async fn make(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let person = person(path)?;
    who.could::<Invite>(person)?;
    let Some(adult) = found(&house, person, who.at()).await? else {
        return Ok(who.respond(&views::for_pupils(person)));
    };
    let name = form.line("name");
    let given = if adult.sign_in.is_none() { Some(name.as_str()) } else { None };
    let token = token()?;
    let (mut tx, permit) = who.begin::<Invite>(person).await?;
    match super::super::invite(&mut tx, &permit, given, &token, permit.at()).await {
        Ok(account) => {
            let ends_at = permit.at().plus_millis(INVITED_MS);
            tx.commit().await.map_err(unexpected)?;
            let link = welcome_link(&house.url, &token);
            Ok(who.respond(&views::made(
                &adult,
                &account.name,
                (link.as_str(), &token),
                ends_at,
                &house.zone,
            )))
        }
        Err(InviteError::Store(error)) => Err(unexpected(error)),
        Err(InviteError::NeedsTwo) => {
            drop(tx);
            Ok(who.respond(&views::needs_two(&adult)))
        }
        Err(InviteError::NobodyThere) => Err(PageError::NotFound),
        Err(error) => {
            drop(tx);
            let mut mistakes = Mistakes::default();
            mistakes.add("name", views::said(&error));
            Ok(who.respond(&views::one(&adult, &form, &mistakes, &house.zone)))
        }
    }
}

/// Prints the invitation that a page shows. Its token comes with the form, since nothing of it is kept.
async fn slip(
    State(house): State<House>,
    who: SignedIn,
    path: Result<Path<u32>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let person = person(path)?;
    who.could::<Invite>(person)?;
    let Some(adult) = found(&house, person, who.at()).await? else { return Err(PageError::NotFound) };
    let token = Token::read(form.whole("token"));
    let mut tx: Tx = house.db.read().await.map_err(unexpected)?;
    let ends_at = match &token {
        Some(token) => table::ends(&mut tx, token, person, who.at()).await.map_err(unexpected)?,
        None => None,
    };
    tx.roll_back().await.map_err(unexpected)?;
    let (Some(token), Some(ends_at), Some(sign_in)) = (token, ends_at, &adult.sign_in) else {
        return Ok(who.respond(&views::over(&adult)));
    };
    let one = OnSlip { name: adult.name.reveal(), sign_in: sign_in.reveal(), token: &token };
    let data = print::data(&[one], ends_at, &printed_at(&house, who.at()));
    Ok(pdf(set_in_print(&SLIPS, data, who.at()).await?, "slip.pdf"))
}
