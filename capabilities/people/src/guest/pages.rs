//! Guests at the portal: giving them their days, printing a lanyard, taking it back at once.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use engine::PersonNo;
use kit::{Private, Timestamp};
use web::speech::say;
use web::{Mistakes, PageError, Submitted};

use super::actions::{self, EndGuest, GiveError, GiveGuest, ReadGuests};
use super::model::{Giving, GuestId, Mistake};
use super::views::{self, Line};
use crate::account::SignedIn;
use crate::account::card::{pdf, set_in_print};
use crate::account::lanyard::{self, Hung};
use crate::by_age::ByAge;
use crate::intake::Office;
use crate::intake::classes::{in_order, in_words};
use crate::intake::pages::not_kept;
use crate::kind::Kind;
use crate::roster::{day_by_hand, written_by_hand};
use crate::{account, store as roll};

/// How many are listed.
const LISTED: u64 = 60;

/// The routes.
pub(crate) fn routes() -> Router<Office> {
    Router::new()
        .route("/staff/guests", get(all))
        .route("/staff/guests/new", get(form).post(give))
        .route("/staff/guests/{id}/end", post(end))
        .route("/staff/guests/{id}/lanyard", post(another))
}

fn id(path: Result<Path<String>, PathRejection>) -> Result<GuestId, PageError> {
    let Path(text) = path.map_err(|_| PageError::NotFound)?;
    text.parse().map_err(|_| PageError::NotFound)
}

async fn all(
    State(office): State<Office>,
    who: SignedIn,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    // Whom they have just given their days.
    let given = query.as_deref().and_then(|query| query.strip_prefix("given=")?.parse().ok());
    listed(&office, &who, given, &Mistakes::default()).await
}

async fn listed(
    office: &Office,
    who: &SignedIn,
    given: Option<GuestId>,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let permit = who.may::<ReadGuests>(())?;
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let guests = actions::guests(&mut tx, &permit, LISTED).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let lines = guests.into_iter().map(|(guest, lanyard, [name, sponsor, supervisor])| Line {
        is_over: guest.is_over(who.at()),
        classes: lanyard.map(|lanyard| lanyard.classes.iter().map(|id| in_words(id)).collect()),
        guest,
        name,
        sponsor,
        supervisor,
    });
    let lines: Vec<Line> = lines.collect();
    let may = (who.offers::<GiveGuest>(), who.offers::<EndGuest>());
    Ok(who.respond(&views::all(&lines, may, given, &office.house.zone, mistakes)))
}

/// The groups that pupils are in, for the classes of a lanyard: those that the policy has.
async fn offered(office: &Office) -> Result<Vec<(String, String)>, PageError> {
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let known = roll::known(&mut tx).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let policy = (office.groups)();
    let content = ByAge::built_in();
    let is_pupil = |one: &&roll::Known| one.facts.here && content.is_pupil(one);
    let groups: BTreeSet<&String> = known.iter().filter(is_pupil).flat_map(|one| &one.facts.groups).collect();
    let mut offered: Vec<&String> = groups.into_iter().filter(|id| policy.contains(*id)).collect();
    offered.sort_by_cached_key(|id| in_order(id));
    Ok(offered.into_iter().map(|id| (id.clone(), in_words(id))).collect())
}

async fn form(State(office): State<Office>, who: SignedIn) -> Result<Response, PageError> {
    who.could::<GiveGuest>(())?;
    form_page(&office, &who, None, &Mistakes::default()).await
}

async fn form_page(
    office: &Office,
    who: &SignedIn,
    form: Option<&Submitted>,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let groups = offered(office).await?;
    let today = written_by_hand(office.house.zone.local(who.at()).date());
    Ok(who.respond(&views::form(&groups, &today, form, mistakes)))
}

/// A member of staff whom somebody means by a name or a number.
async fn meant(
    office: &Office,
    (field, words): (&'static str, &str),
    mistakes: &mut Mistakes,
) -> Result<PersonNo, PageError> {
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let found = crate::leaving::meant(&mut tx, words).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    match found.as_slice() {
        [(person, _)] => return Ok(*person),
        [] => mistakes.add(field, say("guest.enter-the-name-of")),
        _ => mistakes.add(field, say("guest.several-people-are-called")),
    }
    Ok(PersonNo(0))
}

async fn give(State(office): State<Office>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    who.could::<GiveGuest>(())?;
    let mut mistakes = Mistakes::default();
    let name = Private::new(form.line("name"));
    if name.reveal().is_empty() {
        mistakes.add("name", Mistake::Name.to_string());
    }
    let kind = Kind::of_id(form.text("kind"));
    if kind.is_none() {
        mistakes.add("kind", Mistake::Kind.to_string());
    }
    if form.line("aim").is_empty() {
        mistakes.add("aim", Mistake::Aim.to_string());
    }
    let day = |field: &str| day_by_hand(form.text(field))?.parse().ok();
    let days = (day("first"), day("last"));
    for (field, day) in [("first", days.0), ("last", days.1)] {
        if day.is_none() {
            mistakes.add(field, say("guest.enter-a-day-as"));
        }
    }
    let sponsor = meant(&office, ("sponsor", &form.line("sponsor")), &mut mistakes).await?;
    let supervisor = meant(&office, ("supervisor", &form.line("supervisor")), &mut mistakes).await?;
    let offered = offered(&office).await?;
    let ticked = |id: &String| form.text(&format!("group-{id}")) == "yes";
    let classes = offered.iter().map(|(id, _)| id).filter(|id| ticked(id)).cloned().collect();
    let (Some(first), Some(last), true) = (days.0, days.1, mistakes.none()) else {
        return form_page(&office, &who, Some(&form), &mistakes).await;
    };
    let aim = form.line("aim");
    let giving = Giving { name, kind, sponsor, supervisor, aim, days: (first, last), classes };
    let house = &office.house;
    // A lanyard of whoever teaches classes is printed from the list, when the office is ready for it: nothing is lost on the way.
    let hung = match giving.classes.is_empty() {
        true => None,
        false => Some(hung(who.at())?),
    };
    let (mut tx, permit) = who.begin::<GiveGuest>(()).await?;
    let policy = (office.groups)();
    let hung = hung.as_ref().map(|hung| (hung, &house.key));
    let guest = match actions::give(&mut tx, &permit, &giving, (&policy, &house.zone), hung).await {
        Ok(guest) => guest,
        Err(GiveError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            mistakes.add(field_of(&error), error.to_string());
            return form_page(&office, &who, Some(&form), &mistakes).await;
        }
    };
    if let Err(error) = office.publishes.roll(tx, permit.actor().clone(), permit.at()).await {
        mistakes.add_whole(not_kept(&error));
        let page = form_page(&office, &who, Some(&form), &mistakes).await?;
        return Ok((StatusCode::SERVICE_UNAVAILABLE, page).into_response());
    }
    Ok(Redirect::to(&format!("/staff/guests?given={}", guest.id)).into_response())
}

const fn field_of(error: &GiveError) -> &'static str {
    match error {
        GiveError::Mistake(Mistake::Name) => "name",
        GiveError::Mistake(Mistake::Kind) => "kind",
        GiveError::Mistake(Mistake::Aim) => "aim",
        GiveError::Mistake(Mistake::Classes) => "classes",
        GiveError::Mistake(_) => "last",
        GiveError::Sponsor => "sponsor",
        GiveError::Supervisor => "supervisor",
        GiveError::Twice => "name",
        GiveError::Over | GiveError::Store(_) => "",
    }
}

/// What a new lanyard says, and nobody else knows.
fn hung(at: Timestamp) -> Result<Hung, PageError> {
    lanyard::make(at).ok_or_else(|| PageError::unexpected("the machine gives no randomness"))
}

/// A new lanyard, in print.
async fn printed(
    office: &Office,
    name: &Private<String>,
    days: (Timestamp, Timestamp),
    classes: &BTreeSet<String>,
    at: Timestamp,
) -> Result<(Hung, Vec<u8>), PageError> {
    let hung = hung(at)?;
    let data = views::lanyard(name, days, classes, &hung, &account::printed_at(&office.house, at));
    let bytes = set_in_print(&views::LANYARD, data, at).await?;
    Ok((hung, bytes))
}

async fn another(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let id = id(path)?;
    who.could::<GiveGuest>(())?;
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let found = actions::with_lanyard(&mut tx, &who.may::<ReadGuests>(())?, id, who.at()).await;
    let name = match &found {
        Ok((guest, _)) => roll::name_of(&mut tx, guest.person).await.map_err(PageError::unexpected)?,
        Err(_) => None,
    };
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let (guest, classes) = match found {
        Ok(found) => found,
        Err(error) => return not_now(&office, &who, error).await,
    };
    let days = (guest.starts_at, guest.ends_at);
    let (hung, bytes) = printed(&office, &name.unwrap_or_default(), days, &classes, who.at()).await?;
    let (mut tx, permit) = who.begin::<GiveGuest>(()).await?;
    match actions::another(&mut tx, &permit, id, (&hung, &office.house.key)).await {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(error) => {
            drop(tx);
            return not_now(&office, &who, error).await;
        }
    }
    Ok(pdf(bytes, "lanyard.pdf"))
}

async fn not_now(office: &Office, who: &SignedIn, error: GiveError) -> Result<Response, PageError> {
    if let GiveError::Store(error) = error {
        return Err(PageError::unexpected(error));
    }
    let mut mistakes = Mistakes::default();
    mistakes.add_whole(error.to_string());
    listed(office, who, None, &mistakes).await
}

async fn end(
    State(office): State<Office>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let (mut tx, permit) = who.begin::<EndGuest>(id(path)?).await?;
    match actions::end(&mut tx, &permit).await {
        Ok(()) => {}
        Err(error) => {
            drop(tx);
            return not_now(&office, &who, error).await;
        }
    }
    if let Err(error) = office.publishes.roll(tx, permit.actor().clone(), permit.at()).await {
        let mut mistakes = Mistakes::default();
        mistakes.add_whole(not_kept(&error));
        let page = listed(&office, &who, None, &mistakes).await?;
        return Ok((StatusCode::SERVICE_UNAVAILABLE, page).into_response());
    }
    Ok(Redirect::to("/staff/guests").into_response())
}
