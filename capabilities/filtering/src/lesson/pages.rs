//! What teachers do for a lesson at the portal: see what holds, open a site, keep a class to a list, pause a pupil, end it.

use ::store::Tx;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use engine::{FilterPolicy, Live, LiveDocument};
use people::account::SignedIn;
use web::speech::say;
use web::{Mistakes, PageError, Submitted, sentence};

use super::actions::{
    self, EndAnybodys, EndError, EndOwn, Ground, Kind, LessonError, ListForLesson, OpenForLesson,
    PauseForLesson, ReadLessons, Running, Which,
};
use super::filling::{Filled, ForWhom, fill, one_site, sites};
use super::judge::Judged;
use super::views::{self, Line, Offered};
use crate::naming;
use crate::overrides::Whom;
use crate::portal::{NotPublished, Portal};
use crate::site_request::staff_pages::number;
use crate::timetable;

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/staff/lessons", get(all))
        .route("/staff/lessons/open", get(open_form).post(open))
        .route("/staff/lessons/list", get(list_form).post(list))
        .route("/staff/lessons/pause", get(pause_form).post(pause))
        .route("/staff/lessons/{kind}/{number}", get(show))
        .route("/staff/lessons/{kind}/{number}/end", post(end))
}

/// Said where so many answers told of sealed sites within the hour that none may be given.
fn not_now() -> String {
    say("lesson.not-now")
}

async fn all(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.may::<ReadLessons>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let sees_all = who.offers::<EndAnybodys>();
    let actor = who.standing().actor();
    let whose = (!sees_all).then_some(actor);
    let running = actions::running(&mut tx, whose, who.at()).await.map_err(PageError::unexpected)?;
    let policy = portal.filter.policy();
    let mut lines = Vec::new();
    for one in running {
        lines.push(line(&mut tx, &policy, one, actor).await?);
    }
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::all(&lines, &offered(&who), &portal.zone)))
}

fn offered(who: &SignedIn) -> Offered {
    Offered {
        open: who.offers::<OpenForLesson>(),
        list: who.offers::<ListForLesson>(),
        pause: who.offers::<PauseForLesson>(),
    }
}

/// One thing that holds, with the names that go with it.
async fn line(
    tx: &mut Tx,
    policy: &FilterPolicy,
    running: Running,
    actor: &kit::Actor,
) -> Result<Line, PageError> {
    let whom = naming::whom(tx, policy, &running.whom).await?;
    let own = running.by == actor.to_string();
    let by = match number(&running.by).filter(|_| !own) {
        Some(person) => people::name_of(tx, person).await.map_err(PageError::unexpected)?,
        None => None,
    };
    Ok(Line { running, whom, own, by })
}

/// Finds what holds by what an address names. What is somebody else's is not there.
async fn found(
    tx: &mut Tx,
    who: &SignedIn,
    path: Result<Path<(String, u32)>, PathRejection>,
) -> Result<Running, PageError> {
    let Path((kind, number)) = path.map_err(|_| PageError::NotFound)?;
    let which = Which { kind: kind.parse().map_err(|_| PageError::NotFound)?, number };
    let whose = (!who.offers::<EndAnybodys>()).then_some(who.standing().actor());
    let running = actions::running(tx, whose, who.at()).await.map_err(PageError::unexpected)?;
    running.into_iter().find(|one| one.which == which).ok_or(PageError::NotFound)
}

async fn show(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<(String, u32)>, PathRejection>,
) -> Result<Response, PageError> {
    who.may::<ReadLessons>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let running = match found(&mut tx, &who, path).await {
        Ok(running) => running,
        // It was there a moment ago, as a rule: whoever comes back to it sees what holds now.
        Err(PageError::NotFound) => return Ok(Redirect::to("/staff/lessons").into_response()),
        Err(error) => return Err(error),
    };
    let line = line(&mut tx, &portal.filter.policy(), running, who.standing().actor()).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let has = portal.gate.has_newest().await;
    Ok(who.respond(&views::one(&line, has, &portal.zone)))
}

async fn end(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<(String, u32)>, PathRejection>,
) -> Result<Response, PageError> {
    let Path((kind, number)) = path.map_err(|_| PageError::NotFound)?;
    let which = Which { kind: kind.parse().map_err(|_| PageError::NotFound)?, number };
    let (tx, actor, at, ended) = if who.offers::<EndAnybodys>() {
        let (mut tx, permit) = who.begin::<EndAnybodys>(which).await?;
        let ended = actions::end_anybodys(&mut tx, &permit, permit.at()).await;
        (tx, permit.actor().clone(), permit.at(), ended)
    } else {
        let (mut tx, permit) = who.begin::<EndOwn>(which).await?;
        let ended = actions::end_own(&mut tx, &permit, permit.at()).await;
        (tx, permit.actor().clone(), permit.at(), ended)
    };
    match ended {
        Ok(()) => {}
        // It ended by itself meanwhile, or somebody was quicker: the list says what holds.
        Err(EndError::NotThere) => return Ok(Redirect::to("/staff/lessons").into_response()),
        Err(EndError::Store(error)) => return Err(PageError::unexpected(error)),
    }
    match portal.publishes.live(tx, LiveDocument::default(), actor, at).await {
        Ok(()) => Ok(Redirect::to("/staff/lessons").into_response()),
        Err(NotPublished::CannotBe(why)) => Err(PageError::unexpected(why)),
        Err(NotPublished::Failed(error)) => Err(PageError::unexpected(error)),
    }
}

/// What the forms offer.
async fn choices(
    tx: &mut Tx,
    (policy, live): (&FilterPolicy, &Live),
    who: &SignedIn,
) -> Result<views::Choices, PageError> {
    let ground = Ground::of(tx, policy, live, who.person(), who.at()).await.map_err(PageError::unexpected)?;
    let local = policy.calendar().zone().local(who.at());
    let lesson = policy.calendar().lesson_ends(local);
    let now = match policy.calendar().is_school_day(local.date()) {
        true => {
            let lessons =
                people::timetable::of_teacher(tx, who.person()).await.map_err(PageError::unexpected)?;
            timetable::now(&lessons, &policy.document().calendar, local.date(), local.civil().time())
        }
        false => Vec::new(),
    };
    Ok(views::Choices { classes: ground.classes(), lesson_ends: lesson, now })
}

/// One of the three forms, with whatever words stand in it.
async fn form_page(
    portal: &Portal,
    who: &SignedIn,
    form: &Submitted,
    mistakes: &Mistakes,
    view: fn(&views::Choices, &Submitted, &Mistakes, &kit::Zone) -> web::Page,
) -> Result<Response, PageError> {
    let (policy, live) = portal.filter.both();
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let choices = choices(&mut tx, (&policy, &live), who).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&view(&choices, form, mistakes, &portal.zone)))
}

async fn open_form(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.must_offer::<OpenForLesson>()?;
    form_page(&portal, &who, &Submitted::default(), &Mistakes::default(), views::open).await
}

/// Shows first what opening it would come to; opens it where the form says so.
async fn open(State(portal): State<Portal>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    who.must_offer::<OpenForLesson>()?;
    let (policy, live) = portal.filter.both();
    let mut mistakes = Mistakes::default();
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let target = one_site(&form.line("site"), "site", &mut mistakes);
    let ground =
        Ground::of(&mut tx, &policy, &live, who.person(), who.at()).await.map_err(PageError::unexpected)?;
    let about = (&form, ForWhom::ClassOrPupil);
    let filled = fill((&mut tx, &ground), about, who.at(), &mut mistakes).await?;
    let (Some(target), Some(Filled { whom, asked })) = (target, filled) else {
        drop(tx);
        return form_page(&portal, &who, &form, &mistakes, views::open).await;
    };
    let actor = who.standing().actor();
    if !portal.may_answer(&policy, actor, "portal lesson.open", 0, who.at()).await? {
        mistakes.add_whole(not_now());
        drop(tx);
        return form_page(&portal, &who, &form, &mistakes, views::open).await;
    }
    let judged = match ground.judge(&mut tx, &target, &whom, who.at()).await {
        Ok(judged) => judged,
        Err(LessonError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => {
            mistakes.add("whom", error.to_string());
            drop(tx);
            return form_page(&portal, &who, &form, &mistakes, views::open).await;
        }
    };
    let words = naming::whom(&mut tx, &policy, &whom).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let told = u32::from(judged.tells);
    if told > 0 && !portal.may_answer(&policy, actor, "portal lesson.open", told, who.at()).await? {
        mistakes.add_whole(not_now());
        return form_page(&portal, &who, &form, &mistakes, views::open).await;
    }
    let preview = |judged: &Judged, mistakes: &Mistakes| {
        let about = views::Preview {
            target: &target,
            has_query: form.line("site").contains('?'),
            whom: &whom,
            whom_words: &words,
            until: form.text("until"),
            asked: &asked,
            categories: &named_categories(&policy, &judged.before.categories),
            parts: &judged.parts.iter().map(|(id, many)| (category(&policy, id), *many)).collect::<Vec<_>>(),
        };
        who.respond(&views::preview(&about, judged, mistakes, &portal.zone))
    };
    if form.text("step") != "open" || judged.may.is_err() {
        return Ok(preview(&judged, &mistakes));
    }
    let (mut tx, permit) = who.begin::<OpenForLesson>(whom.clone()).await?;
    let made = match actions::open(&mut tx, &permit, &ground, &target, asked.clone(), permit.at()).await {
        Ok(made) => made,
        Err(LessonError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => {
            mistakes.add_whole(error.to_string());
            return Ok(preview(&judged, &mistakes));
        }
    };
    let new = LiveDocument { overrides: vec![made.published()], ..LiveDocument::default() };
    match portal.publishes.live(tx, new, permit.actor().clone(), permit.at()).await {
        Ok(()) => Ok(to(Kind::Opening, made.number)),
        Err(error) => {
            let status = not_published(&error, &mut mistakes);
            let page = preview(&judged, &mistakes);
            Ok((status, page).into_response())
        }
    }
}

fn category(policy: &FilterPolicy, id: &str) -> String {
    let catalogue = policy.catalogue();
    let named = catalogue.category_no(id).and_then(|number| catalogue.category(number));
    named.map_or_else(|| id.to_owned(), |category| category.name.clone())
}

fn named_categories(policy: &FilterPolicy, ids: &[String]) -> Vec<String> {
    ids.iter().map(|id| category(policy, id)).collect()
}

fn to(kind: Kind, number: u32) -> Response {
    Redirect::to(&format!("/staff/lessons/{}/{number}", kind.id())).into_response()
}

/// Adds why nothing was published, and gives the status of the page that says so.
fn not_published(error: &NotPublished, mistakes: &mut Mistakes) -> StatusCode {
    match error {
        NotPublished::CannotBe(why) => {
            mistakes.add_whole(sentence(why));
            StatusCode::UNPROCESSABLE_ENTITY
        }
        NotPublished::Failed(error) => {
            mistakes.add_whole(crate::portal::not_kept(error.as_ref()));
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

async fn list_form(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.must_offer::<ListForLesson>()?;
    form_page(&portal, &who, &Submitted::default(), &Mistakes::default(), views::list).await
}

async fn list(State(portal): State<Portal>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    who.must_offer::<ListForLesson>()?;
    let (policy, live) = portal.filter.both();
    let mut mistakes = Mistakes::default();
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let ground =
        Ground::of(&mut tx, &policy, &live, who.person(), who.at()).await.map_err(PageError::unexpected)?;
    let filled = fill((&mut tx, &ground), (&form, ForWhom::Class), who.at(), &mut mistakes).await?;
    let sites = sites(&form, &mut mistakes);
    let class = match filled.as_ref().map(|filled| &filled.whom) {
        Some(Whom::Group(id)) => Some(id.clone()),
        Some(_) => {
            mistakes.add("whom", say("lesson.choose-one-of-the"));
            None
        }
        None => None,
    };
    let (Some(class), Some(filled), true) = (class, filled, mistakes.none()) else {
        drop(tx);
        return form_page(&portal, &who, &form, &mistakes, views::list).await;
    };
    let actor = who.standing().actor();
    // A list without sites opens nothing, and tells nothing.
    if !sites.is_empty() && !portal.may_answer(&policy, actor, "portal lesson.list", 0, who.at()).await? {
        mistakes.add_whole(not_now());
        drop(tx);
        return form_page(&portal, &who, &form, &mistakes, views::list).await;
    }
    let mut told = 0;
    for site in &sites {
        let judged = ground.judge(&mut tx, site, &filled.whom, who.at()).await;
        told += u32::from(judged.is_ok_and(|judged| judged.tells));
    }
    tx.roll_back().await.map_err(PageError::unexpected)?;
    if told > 0 && !portal.may_answer(&policy, actor, "portal lesson.list", told, who.at()).await? {
        mistakes.add_whole(not_now());
        return form_page(&portal, &who, &form, &mistakes, views::list).await;
    }
    let (mut tx, permit) = who.begin::<ListForLesson>(class).await?;
    let made = match actions::list(&mut tx, &permit, &ground, sites, filled.asked, permit.at()).await {
        Ok(made) => made,
        Err(LessonError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => {
            let field = if matches!(error, LessonError::Site { .. } | LessonError::TooManySites) {
                "sites"
            } else {
                ""
            };
            mistakes.add(field, error.to_string());
            drop(tx);
            return form_page(&portal, &who, &form, &mistakes, views::list).await;
        }
    };
    let new = LiveDocument { focus: vec![made.published()], ..LiveDocument::default() };
    match portal.publishes.live(tx, new, permit.actor().clone(), permit.at()).await {
        Ok(()) => Ok(to(Kind::List, made.number)),
        Err(error) => {
            let status = not_published(&error, &mut mistakes);
            let page = form_page(&portal, &who, &form, &mistakes, views::list).await?;
            Ok((status, page).into_response())
        }
    }
}

async fn pause_form(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.must_offer::<PauseForLesson>()?;
    form_page(&portal, &who, &Submitted::default(), &Mistakes::default(), views::pause).await
}

async fn pause(State(portal): State<Portal>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    who.must_offer::<PauseForLesson>()?;
    let (policy, live) = portal.filter.both();
    let mut mistakes = Mistakes::default();
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let ground =
        Ground::of(&mut tx, &policy, &live, who.person(), who.at()).await.map_err(PageError::unexpected)?;
    let filled = fill((&mut tx, &ground), (&form, ForWhom::Pupil), who.at(), &mut mistakes).await?;
    let Some(Filled { whom: Whom::Person(person), asked }) = filled.filter(|_| mistakes.none()) else {
        drop(tx);
        return form_page(&portal, &who, &form, &mistakes, views::pause).await;
    };
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let (mut tx, permit) = who.begin::<PauseForLesson>(person).await?;
    let made = match actions::pause(&mut tx, &permit, &ground, asked, permit.at()).await {
        Ok(made) => made,
        Err(LessonError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(error) => {
            let field = if matches!(error, LessonError::NotTaught) { "pupil" } else { "" };
            mistakes.add(field, error.to_string());
            drop(tx);
            return form_page(&portal, &who, &form, &mistakes, views::pause).await;
        }
    };
    let new = LiveDocument { withheld: vec![made.published()], ..LiveDocument::default() };
    match portal.publishes.live(tx, new, permit.actor().clone(), permit.at()).await {
        Ok(()) => Ok(to(Kind::Pause, made.number)),
        Err(error) => {
            let status = not_published(&error, &mut mistakes);
            let page = form_page(&portal, &who, &form, &mistakes, views::pause).await?;
            Ok((status, page).into_response())
        }
    }
}
