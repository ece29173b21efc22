//! Duties at the portal: who holds which, which nobody holds, and giving, covering and ending them.

use std::collections::{BTreeMap, BTreeSet};

use ::store::Tx;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use engine::PersonNo;
use kit::{Private, Timestamp, Zone};
use web::speech::say;
use web::{Mistakes, PageError, Submitted, filled, sentence};

use super::actions::{self, DutyError, EndDuty, GiveDuty, ReadDuties};
use super::content::Duties;
use super::model::{Assignment, AssignmentId, Giving, Mistake, Span, gaps};
use super::views::{self, Shown};
use crate::account::{self, Invite, SignedIn};
use crate::intake::pages::{Office, number};
use crate::leaving::meant;
use crate::roster::day_by_hand;

pub(crate) fn routes() -> Router<Office> {
    Router::new()
        .route("/staff/duties", get(all))
        .route("/staff/duties/{duty}", get(one))
        .route("/staff/duties/{duty}/holders", post(give))
        .route("/staff/duties/{duty}/holders/{assignment}", get(holder))
        .route("/staff/duties/{duty}/holders/{assignment}/cover", post(cover))
        .route("/staff/duties/{duty}/holders/{assignment}/end", post(end))
}

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// What people are called who hold what is shown.
async fn names(
    tx: &mut Tx,
    assignments: &[Assignment],
) -> Result<BTreeMap<PersonNo, Private<String>>, PageError> {
    let mut names = BTreeMap::new();
    for one in assignments {
        if let Some(name) =
            crate::store::name_of(tx, one.given.person).await.map_err(PageError::unexpected)?
        {
            names.insert(one.given.person, name);
        }
    }
    Ok(names)
}

async fn all(State(office): State<Office>, who: SignedIn) -> Result<Response, PageError> {
    let permit = who.may::<ReadDuties>(())?;
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let every = actions::all(&mut tx, &permit).await.map_err(PageError::unexpected)?;
    let open: Vec<Assignment> = every.iter().filter(|one| one.is_not_over(who.at())).cloned().collect();
    let names = names(&mut tx, &open).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let gaps = gaps(Duties::built_in(), office.house.kind, &every, who.at());
    let shown = Shown {
        assignments: &open,
        names: &names,
        without: &BTreeSet::new(),
        may_invite: false,
        at: who.at(),
        zone: &office.house.zone,
    };
    Ok(who.respond(&views::all(office.house.kind, &gaps, &shown)))
}

async fn one(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let duty = number(path)?;
    duty_page(&office, &who, &duty, &Submitted::default(), &Mistakes::default()).await
}

async fn duty_page(
    office: &Office,
    who: &SignedIn,
    id: &str,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let permit = who.may::<ReadDuties>(())?;
    let duty = Duties::built_in().given_in(office.house.kind).find(|duty| duty.id == id);
    let duty = duty.ok_or(PageError::NotFound)?;
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let mut of_it = actions::all(&mut tx, &permit).await.map_err(PageError::unexpected)?;
    of_it.retain(|one| one.given.duty == id);
    let names = names(&mut tx, &of_it).await?;
    // What they had to come in by may have ended with it: whoever gave it to them must know, since nobody else does.
    let holders = of_it.iter().filter(|one| duty.second_proof && one.is_not_over(who.at()));
    let holders: BTreeSet<PersonNo> = holders.map(|one| one.given.person).collect();
    let directory = office.house.checks_in_a_directory();
    let without = account::inviting::without_a_way_in(&mut tx, holders, directory, who.at())
        .await
        .map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let shown = Shown {
        assignments: &of_it,
        names: &names,
        without: &without,
        may_invite: who.offers::<Invite>(),
        at: who.at(),
        zone: &office.house.zone,
    };
    let may_give = who.offers::<GiveDuty>();
    Ok(who.respond(&views::one(duty, office.house.kind, &shown, may_give, form, mistakes)))
}

/// What the forms that give something ask alike.
struct Asked {
    to: PersonNo,
    span: Span,
    reason: String,
}

/// Reads such a form: days are whole ones, the last day too.
async fn asked(
    tx: &mut Tx,
    form: &Submitted,
    zone: &Zone,
    at: Timestamp,
    mistakes: &mut Mistakes,
) -> Result<Option<Asked>, PageError> {
    let people = meant(tx, &form.line("to")).await.map_err(PageError::unexpected)?;
    let to = match people.as_slice() {
        [(person, _)] => Some(*person),
        [] => {
            mistakes.add("to", say("duties.enter-the-name-or"));
            None
        }
        _ => {
            let say = say("duties.several-people-are-called");
            mistakes.add("to", say);
            None
        }
    };
    let mut day = |field: &'static str| {
        let text = form.text(field);
        let day = day_by_hand(text).and_then(|day| day.parse::<jiff::civil::Date>().ok());
        if day.is_none() && !text.is_empty() {
            mistakes.add(field, say("duties.enter-a-day-as"));
        }
        day
    };
    let (from, until) = (day("from"), day("until"));
    // What begins today begins now.
    let starts_at = from.map_or(at, |day| zone.moment(day.at(0, 0, 0, 0)).max(at));
    let ends_at = until.and_then(|day| day.tomorrow().ok()).map(|next| zone.moment(next.at(0, 0, 0, 0)));
    let reason = form.text("reason");
    if reason.is_empty() {
        mistakes.add("reason", say("duties.enter-why-as-in"));
    } else if reason.chars().count() > LONGEST_REASON {
        mistakes.add("reason", filled!("duties.enter-at-most-characters", n = LONGEST_REASON));
    }
    let span = Span { starts_at, ends_at };
    Ok(to.filter(|_| mistakes.none()).map(|to| Asked { to, span, reason: reason.to_owned() }))
}

/// Beside which field an error is said; none where no page can say it.
fn refused(error: DutyError, mistakes: &mut Mistakes) -> Result<(), PageError> {
    let field = match &error {
        DutyError::Store(_) => return Err(PageError::unexpected(error)),
        DutyError::Mistake(Mistake::Ends | Mistake::CoverWithoutEnd) => "until",
        DutyError::Mistake(Mistake::NothingToCover) | DutyError::NotHeld | DutyError::Rests => "",
        _ => "to",
    };
    mistakes.add(field, sentence(&error.to_string()));
    Ok(())
}

async fn give(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let duty = number(path)?;
    let mut mistakes = Mistakes::default();
    if gives(&office, &who, &duty, None, &form, &mut mistakes).await? {
        return Ok(Redirect::to(&format!("/staff/duties/{duty}")).into_response());
    }
    duty_page(&office, &who, &duty, &form, &mistakes).await
}

/// Gives what a form asks for; whether it was.
async fn gives(
    office: &Office,
    who: &SignedIn,
    duty: &str,
    covers: Option<AssignmentId>,
    form: &Submitted,
    mistakes: &mut Mistakes,
) -> Result<bool, PageError> {
    // Whoever may not give it is told nothing of who is on the roll.
    who.could::<GiveDuty>(who.person())?;
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let asked = asked(&mut tx, form, &office.house.zone, who.at(), mistakes).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let Some(Asked { to, mut span, reason }) = asked else { return Ok(false) };
    let (mut tx, permit) = who.begin::<GiveDuty>(to).await?;
    let at = permit.at();
    // What begins now begins at the moment of the change.
    span.starts_at = span.starts_at.max(at);
    let giving = Giving { person: to, duty: duty.to_owned(), span, covers, reason };
    match actions::give(&mut tx, &permit, giving, office.house.kind, at).await {
        Ok(_) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            Ok(true)
        }
        Err(error) => refused(error, mistakes).map(|()| false),
    }
}

/// The assignment that an address names, with its duty.
async fn found(
    office: &Office,
    who: &SignedIn,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<(Assignment, Private<String>), PageError> {
    let permit = who.may::<ReadDuties>(())?;
    let (duty, id) = number(path)?;
    let id: AssignmentId = id.parse().map_err(|_| PageError::NotFound)?;
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let all = actions::all(&mut tx, &permit).await.map_err(PageError::unexpected)?;
    let one = all.into_iter().find(|one| one.id == id && one.given.duty == duty);
    let one = one.filter(|one| one.is_not_over(who.at())).ok_or(PageError::NotFound)?;
    let name = crate::store::name_of(&mut tx, one.given.person).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok((one, name.unwrap_or_default()))
}

async fn holder(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, PageError> {
    holder_page(&office, &who, path, &Submitted::default(), &Mistakes::default()).await
}

async fn holder_page(
    office: &Office,
    who: &SignedIn,
    path: Result<Path<(String, String)>, PathRejection>,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let (one, name) = found(office, who, path).await?;
    who.could::<EndDuty>(one.id)?;
    Ok(who.respond(&views::holder(&one, &name, office.house.kind, &office.house.zone, form, mistakes)))
}

async fn cover(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<(String, String)>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let Ok(Path((duty, id))) = &path else { return Err(PageError::NotFound) };
    let (duty, covers): (_, AssignmentId) = (duty.clone(), id.parse().map_err(|_| PageError::NotFound)?);
    let mut mistakes = Mistakes::default();
    if gives(&office, &who, &duty, Some(covers), &form, &mut mistakes).await? {
        return Ok(Redirect::to(&format!("/staff/duties/{duty}")).into_response());
    }
    holder_page(&office, &who, path, &form, &mistakes).await
}

async fn end(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<(String, String)>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let Ok(Path((duty, id))) = &path else { return Err(PageError::NotFound) };
    let (duty, id): (_, AssignmentId) = (duty.clone(), id.parse().map_err(|_| PageError::NotFound)?);
    who.could::<EndDuty>(id)?;
    if form.text("end") != "yes" {
        let mut mistakes = Mistakes::default();
        mistakes.add("end", say("duties.select-that-it-ends"));
        return holder_page(&office, &who, path, &form, &mistakes).await;
    }
    let (mut tx, permit) = who.begin::<EndDuty>(id).await?;
    match actions::end(&mut tx, &permit, permit.at()).await {
        Ok(_) => tx.commit().await.map_err(PageError::unexpected)?,
        // Somebody was quicker: the duty's page says how it stands.
        Err(DutyError::NotHeld) => drop(tx),
        Err(error) => {
            drop(tx);
            let mut mistakes = Mistakes::default();
            refused(error, &mut mistakes)?;
            return holder_page(&office, &who, path, &form, &mistakes).await;
        }
    }
    Ok(Redirect::to(&format!("/staff/duties/{duty}")).into_response())
}
