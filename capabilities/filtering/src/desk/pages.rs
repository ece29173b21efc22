//! "Your work": what waits for whoever is signed in, and what they do with it.

use std::collections::BTreeMap;

use ::store::Tx;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use engine::PersonNo;
use kit::{Private, Timestamp};
use people::account::SignedIn;
use people::duty::{self, Duties};
use register::calendar::Run;
use register::task::{
    self, CloseTask, HandTask, Kind, Kinds, Me, Owner, ReadTasks, State as TaskState, TakeTask, Task,
    TaskError, TaskId, Whose,
};
use web::speech::say;
use web::{Mistakes, PageError, Submitted, filled, sentence};

use super::{me, school_year, views};
use crate::naming;
use crate::portal::Portal;
use crate::site_note::pages::LONGEST_WORDS;

/// So much of what they ended is shown.
const ENDED: usize = 10;

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/tasks", get(work))
        .route("/tasks/{id}", get(show))
        .route("/tasks/{id}/taking", post(take))
        .route("/tasks/{id}/handing", post(hand))
        .route("/tasks/{id}/ending", post(end))
}

async fn work(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    let permit = who.may::<ReadTasks>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let me = me::signed_in(&mut tx, &who, who.at()).await.map_err(PageError::unexpected)?;
    let mut lines = Vec::new();
    for (task, kind, whose) in theirs(&mut tx, &me).await? {
        lines.push(line(&mut tx, &portal, task, kind, whose).await?);
    }
    let ended = task::ended_lately(&mut tx, &permit, &me, ENDED).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let known = ended.into_iter().filter_map(|task| Some((Kinds::built_in().named(&task.kind)?, task)));
    let ended: Vec<_> = known.map(|(kind, task)| (task, kind)).collect();
    Ok(who.respond(&views::work(&lines, &ended, who.at(), &portal.zone)))
}

/// Everything that is open and theirs, the first due first.
pub(crate) async fn theirs(tx: &mut Tx, me: &Me) -> Result<Vec<(Task, &'static Kind, Whose)>, PageError> {
    let open = task::open(tx).await.map_err(PageError::unexpected)?;
    let known = open.into_iter().filter_map(|task| Some((Kinds::built_in().named(&task.kind)?, task)));
    let theirs = known.filter_map(|(kind, task)| task.whose(kind, me).map(|whose| (task, kind, whose)));
    Ok(theirs.collect())
}

async fn line(
    tx: &mut Tx,
    portal: &Portal,
    task: Task,
    kind: &'static Kind,
    whose: Whose,
) -> Result<views::Line, PageError> {
    let owner = match (&task.owner, whose) {
        (Some(Owner::Person(number)), Whose::Cover | Whose::Late) => {
            people::name_of(tx, PersonNo(*number)).await.map_err(PageError::unexpected)?
        }
        _ => None,
    };
    let run = run(portal, &task, kind);
    Ok(views::Line { task, kind, whose, run, owner })
}

/// The clock of a task, as the calendar is now; where that has changed since it was opened, it is due when it was said to be.
fn run(portal: &Portal, task: &Task, kind: &Kind) -> Run {
    let policy = portal.filter.policy();
    let run = kind.clock.start(task.opened_at, &school_year(&policy.document().calendar));
    if run.due_at == task.due_at { run } else { Run::until(task.opened_at, task.due_at) }
}

async fn show(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    one(&portal, &who, id(path)?, &Submitted::default(), &Mistakes::default()).await
}

async fn one(
    portal: &Portal,
    who: &SignedIn,
    id: TaskId,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let permit = who.may::<ReadTasks>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let me = me::signed_in(&mut tx, who, who.at()).await.map_err(PageError::unexpected)?;
    let found = task::find(&mut tx, &permit, id, &me).await.map_err(PageError::unexpected)?;
    let task = found.ok_or(PageError::NotFound)?;
    let kind = Kinds::built_in().named(&task.kind).ok_or(PageError::NotFound)?;
    let whose = task.whose(kind, &me).unwrap_or(Whose::Mine);
    let seen = seen(&mut tx, portal, &task, kind, &me, who.at()).await?;
    let ended_by = match &task.state {
        TaskState::Open => None,
        TaskState::Done(ending) | TaskState::Dropped(ending) => {
            Some(naming::by(&mut tx, &ending.by, Some(who.standing().actor())).await?)
        }
    };
    let seen = views::Seen { ended_by, ..seen };
    let line = line(&mut tx, portal, task, kind, whose).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::one(&line, &seen, form, mistakes, who.at(), &portal.zone)))
}

async fn seen(
    tx: &mut Tx,
    portal: &Portal,
    task: &Task,
    kind: &Kind,
    me: &Me,
    at: Timestamp,
) -> Result<views::Seen, PageError> {
    let named = |id: &str| Duties::built_in().named(id).map(|duty| duty.said_in(portal.kind));
    let here = |id: &&str| Duties::built_in().named(id).is_some_and(|duty| duty.is_in(portal.kind));
    let now: Vec<&str> = match &task.owner {
        Some(Owner::Duty(id)) => vec![id.as_str()],
        _ => kind.duties_at(task.escalated).filter(here).collect(),
    };
    let mut hand_to = Vec::new();
    if task.state == TaskState::Open {
        let all = kind.all_duties();
        let holding = duty::holding(tx, at).await.map_err(PageError::unexpected)?;
        let is_held = |id: &&&str| holding.values().any(|one| one.duties.contains(**id));
        let duties = all.iter().filter(|id| here(id)).filter(is_held);
        hand_to.extend(
            duties.filter_map(|id| Some((format!("duty:{id}"), filled!("work.whoever-is", id = named(id)?)))),
        );
        let names: BTreeMap<PersonNo, Private<String>> =
            people::names(tx).await.map_err(PageError::unexpected)?.into_iter().collect();
        for (person, holding) in &holding {
            let theirs = holding.duties.iter().find(|duty| all.contains(duty.as_str()));
            let (Some(theirs), Some(name)) = (theirs.and_then(|id| named(id)), names.get(person)) else {
                continue;
            };
            if person.0 != me.person && !task.looks_at(person.0) {
                hand_to.push((format!("person:{}", person.0), format!("{}, {theirs}", name.reveal())));
            }
        }
    }
    Ok(views::Seen { duties: now.into_iter().filter_map(named).collect(), hand_to, ended_by: None })
}

async fn take(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let id = id(path)?;
    let (mut tx, permit) = who.begin::<TakeTask>(id).await?;
    let me = me::signed_in(&mut tx, &who, permit.at()).await.map_err(PageError::unexpected)?;
    let taken = task::take(&mut tx, &permit, &me, permit.at()).await;
    settled(&portal, &who, tx, id, taken, &Submitted::default(), to(id)).await
}

async fn hand(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let id = id(path)?;
    who.could::<HandTask>(id)?;
    let Ok(owner) = form.text("to").parse::<Owner>() else {
        let mut mistakes = Mistakes::default();
        mistakes.add("to", say("work.select-to-whom-you"));
        return one(&portal, &who, id, &form, &mistakes).await;
    };
    let (mut tx, permit) = who.begin::<HandTask>(id).await?;
    let me = me::signed_in(&mut tx, &who, permit.at()).await.map_err(PageError::unexpected)?;
    let mut holding = duty::holding(&mut tx, permit.at()).await.map_err(PageError::unexpected)?;
    let duties = match &owner {
        Owner::Person(number) => holding.remove(&PersonNo(*number)).unwrap_or_default().duties,
        Owner::Duty(duty) if !holding.values().any(|one| one.duties.contains(duty)) => {
            drop(tx);
            let mut mistakes = Mistakes::default();
            mistakes.add("to", say("not-so.nobody-holds-that-duty"));
            return one(&portal, &who, id, &form, &mistakes).await;
        }
        Owner::Duty(_) => Default::default(),
    };
    let handed = task::hand(&mut tx, &permit, &me, owner, &duties, permit.at()).await;
    settled(&portal, &who, tx, id, handed, &form, work_page()).await
}

async fn end(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    let id = id(path)?;
    who.could::<CloseTask>(id)?;
    let (outcome, words) = (form.text("outcome"), form.text("words"));
    let mut mistakes = Mistakes::default();
    if !matches!(outcome, "done" | "dropped") {
        mistakes.add("outcome", say("work.select-what-became-of"));
    }
    if words.is_empty() {
        mistakes.add("words", say("work.enter-what-was-done"));
    } else if words.chars().count() > LONGEST_WORDS {
        mistakes.add("words", filled!("common.shorten-this", n = LONGEST_WORDS));
    }
    if !mistakes.none() {
        return one(&portal, &who, id, &form, &mistakes).await;
    }
    let (mut tx, permit) = who.begin::<CloseTask>(id).await?;
    let me = me::signed_in(&mut tx, &who, permit.at()).await.map_err(PageError::unexpected)?;
    let ended = match outcome {
        "done" => task::done(&mut tx, &permit, &me, words, permit.at()).await,
        _ => task::dropped(&mut tx, &permit, &me, words, permit.at()).await,
    };
    settled(&portal, &who, tx, id, ended, &form, work_page()).await
}

/// Commits what was done, and goes on; or says why it was not.
async fn settled(
    portal: &Portal,
    who: &SignedIn,
    tx: Tx,
    id: TaskId,
    done: Result<Task, TaskError>,
    form: &Submitted,
    next: Response,
) -> Result<Response, PageError> {
    match done {
        Ok(_) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            Ok(next)
        }
        Err(TaskError::NotFound) => Err(PageError::NotFound),
        Err(TaskError::Store(error)) => Err(PageError::unexpected(error)),
        Err(TaskError::Refused(task::Refused::NotTheirs | task::Refused::NotYourOwn)) => {
            Err(PageError::NotFound)
        }
        Err(TaskError::Refused(refused)) => {
            drop(tx);
            let mut mistakes = Mistakes::default();
            mistakes.add_whole(sentence(&refused.to_string()));
            one(portal, who, id, form, &mistakes).await
        }
    }
}

fn id(path: Result<Path<String>, PathRejection>) -> Result<TaskId, PageError> {
    let Path(text) = path.map_err(|_| PageError::NotFound)?;
    text.parse().map_err(|_| PageError::NotFound)
}

fn to(id: TaskId) -> Response {
    Redirect::to(&format!("/tasks/{id}")).into_response()
}

fn work_page() -> Response {
    Redirect::to("/tasks").into_response()
}
