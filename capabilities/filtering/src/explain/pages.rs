//! Asking at the portal why a site is open or closed for somebody.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use ::store::Tx;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use engine::explain::{flip, trace};
use engine::{FilterPolicy, Identity, Live, Step};
use kit::{Private, Timestamp};
use people::account::SignedIn;
use web::speech::say;
use web::{Mistakes, PageError, Submitted, filled};

use super::now::{category, service};
use super::{Target, identity_in, identity_of_person, views};
use crate::filter_policy;
use crate::lesson::actions::{Ground, LessonError};
use crate::list;
use crate::overrides;
use crate::portal::Portal;
use crate::sealed::telling::Secret;

kit::reading!(
    /// Asking why a site is open or closed for a class, a room or a pupil.
    ExplainForClass(()) = "explain.class"
);
kit::reading!(
    /// The same for anybody, and for a device.
    ExplainForAnybody(()) = "explain.anybody"
);

pub(crate) fn routes() -> Router<Portal> {
    Router::new().route("/staff/explain", get(form).post(answer))
}

/// Said where so many answers told of sealed sites within the hour that none may be given.
fn not_now() -> String {
    say("explain.not-now")
}

async fn form(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.may::<ExplainForClass>(())?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let only = only(&mut tx, &who).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let groups = groups(&portal.filter.policy(), only.as_ref());
    Ok(asking(&who, &groups, &Submitted::default(), &Mistakes::default()))
}

fn asking(who: &SignedIn, groups: &[(String, String)], form: &Submitted, mistakes: &Mistakes) -> Response {
    who.respond(&views::form(groups, who.offers::<ExplainForAnybody>(), form, mistakes))
}

/// The ids of the groups that somebody may ask about, where they teach by a lanyard alone; all for whoever does not.
async fn only(tx: &mut Tx, who: &SignedIn) -> Result<Option<BTreeSet<String>>, PageError> {
    if who.offers::<ExplainForAnybody>() {
        return Ok(None);
    }
    people::guest::classes_of(tx, who.person(), who.at()).await.map_err(PageError::unexpected)
}

/// The groups that can be asked about, with their names.
fn groups(policy: &FilterPolicy, only: Option<&BTreeSet<String>>) -> Vec<(String, String)> {
    let all = policy.groups().all().map(|(_, id, name)| (id.to_owned(), name.to_owned()));
    all.filter(|(id, _)| only.is_none_or(|only| only.contains(id))).collect()
}

async fn answer(State(portal): State<Portal>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    who.may::<ExplainForClass>(())?;
    let (policy, live) = portal.filter.both();
    let mut mistakes = Mistakes::default();
    let target = target(&form, &mut mistakes);
    let at = when(&portal, &form, who.at(), &mut mistakes);
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let groups = groups(&policy, only(&mut tx, &who).await?.as_ref());
    let whom = whom(&mut tx, (&policy, &live, &groups), &who, &form, &mut mistakes).await?;
    let lists = list::in_use(&mut tx).await.map_err(PageError::unexpected)?;
    let version = filter_policy::current(&mut tx).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let (Some(target), Some(at), Some(whom), true) = (target, at, whom, mistakes.none()) else {
        return Ok(asking(&who, &groups, &form, &mistakes));
    };
    let actor = who.standing().actor();
    if !portal.may_answer(&policy, actor, "portal explain", 0, who.at()).await? {
        mistakes.add_whole(not_now());
        return Ok(asking(&who, &groups, &form, &mistakes));
    }
    let local = portal.zone.local(at);
    let (told, change) = {
        let Some(request) = target.request(&whom.identity) else {
            mistakes.add("site", say("explain.enter-the-sites-address"));
            return Ok(asking(&who, &groups, &form, &mistakes));
        };
        let told = trace(&policy, &live, &request, local);
        let change = flip(&policy, &live, &request, local);
        (told, change)
    };
    let secret = Secret::of(policy.sealed().state(who.at()));
    if secret.is_told_by(told.step, &target.host)
        && !portal.may_answer(&policy, actor, "portal explain", 1, who.at()).await?
    {
        mistakes.add_whole(not_now());
        return Ok(asking(&who, &groups, &form, &mistakes));
    }
    // Nothing is said of what lists say about a sealed site.
    let named = if told.step == Step::Sealed { Vec::new() } else { named(&portal, &target.host).await };
    let lines = named.into_iter().map(|one| {
        let list = lists.iter().find(|list| list.id == one.list);
        views::NamedIn {
            version: list.map(|list| list.version),
            read_at: list.map(|list| list.imported_at),
            named: one,
        }
    });
    let answer = views::Answer {
        target: &target,
        whom: &whom.words,
        is_person: whom.identity.person.is_some(),
        name: whom.name.as_ref(),
        at,
        is_now: form.text("when").is_empty(),
        told: &told,
        categories: told.categories.iter().map(|id| category(&policy, id)).collect(),
        services: told.services.iter().map(|id| service(&policy, id)).collect(),
        named: lines.collect(),
        policy: version.map(|version| (version.number, version.at)),
        change: change.map(|change| change.words),
        may_open: who.offers::<crate::lesson::actions::OpenForLesson>(),
    };
    let anybody = who.offers::<ExplainForAnybody>();
    Ok(who.respond(&views::answer(&answer, &groups, anybody, &form, &portal.zone)))
}

/// Which lists name a site. Reads files, so it is asked where nobody waits for it.
async fn named(portal: &Portal, host: &str) -> Vec<crate::portal::NamedBy> {
    let (named, host) = (Arc::clone(&portal.named), host.to_owned());
    tokio::task::spawn_blocking(move || named(&host)).await.unwrap_or_default()
}

fn target(form: &Submitted, mistakes: &mut Mistakes) -> Option<Target> {
    let typed = form.line("site");
    let target = Target::read(&typed);
    if typed.is_empty() {
        mistakes.add("site", say("explain.enter-the-sites-address"));
    } else if target.is_none() {
        mistakes.add("site", say("explain.enter-the-sites-address-like"));
    }
    target
}

fn when(portal: &Portal, form: &Submitted, at: Timestamp, mistakes: &mut Mistakes) -> Option<Timestamp> {
    let typed = form.line("when");
    if typed.is_empty() {
        return Some(at);
    }
    let written = portal.zone.written(&typed);
    if written.is_none() {
        mistakes.add("when", say("explain.enter-the-day-and"));
    }
    written
}

/// Whom an answer is about.
struct Whom {
    identity: Identity,
    /// As people say it.
    words: Private<String>,
    /// The person's name, where it is one person.
    name: Option<Private<String>>,
}

async fn whom(
    tx: &mut Tx,
    (policy, live, groups): (&FilterPolicy, &Live, &[(String, String)]),
    who: &SignedIn,
    form: &Submitted,
    mistakes: &mut Mistakes,
) -> Result<Option<Whom>, PageError> {
    let anybody = who.offers::<ExplainForAnybody>();
    let (group, person) = (form.text("group"), form.line("person"));
    let device = if anybody { form.line("device") } else { String::new() };
    match (group, person.as_str(), device.as_str()) {
        ("", "", "") => mistakes.add("group", say("explain.choose-whom-it-is")),
        (group, "", "") => match groups.iter().find(|(id, _)| id == group).zip(identity_in(policy, group)) {
            Some(((_, name), identity)) => {
                return Ok(Some(Whom { identity, words: Private::new(name.clone()), name: None }));
            }
            None => mistakes.add("group", say("explain.choose-one-of-the")),
        },
        ("", name, "") => return person_called(tx, (policy, live), who, name, mistakes).await,
        ("", "", device) => match device.parse::<IpAddr>() {
            Ok(address) => {
                let identity = live.identify(address);
                let words = Private::new(filled!("explain.the-device-at", address));
                return Ok(Some(Whom { identity, words, name: None }));
            }
            Err(_) => mistakes.add("device", say("explain.enter-the-devices-address")),
        },
        _ => mistakes.add("group", say("explain.choose-a-group-or")),
    }
    Ok(None)
}

async fn person_called(
    tx: &mut Tx,
    (policy, live): (&FilterPolicy, &Live),
    who: &SignedIn,
    name: &str,
    mistakes: &mut Mistakes,
) -> Result<Option<Whom>, PageError> {
    let mut called = people::people_called(tx, name).await.map_err(PageError::unexpected)?;
    let anybody = who.offers::<ExplainForAnybody>();
    if !anybody {
        // What holds for another adult alone is theirs to know, and of whom they do not teach whether there is such a one.
        let ground =
            Ground::of(tx, policy, live, who.person(), who.at()).await.map_err(PageError::unexpected)?;
        let mut theirs = Vec::new();
        for person in called {
            let may = person.number == who.person()
                || match ground.pupil(tx, &overrides::Whom::Person(person.number), who.at()).await {
                    Ok(_) => true,
                    Err(LessonError::Store(error)) => return Err(PageError::unexpected(error)),
                    Err(_) => false,
                };
            theirs.extend(may.then_some(person));
        }
        called = theirs;
    }
    let [person] = called.as_slice() else {
        let say = match (anybody, called.is_empty()) {
            (false, _) => say("explain.not-one-of-yours"),
            (true, true) => say("explain.nobody-on-the-roll"),
            (true, false) => say("explain.several-people-are-called"),
        };
        mistakes.add("person", say);
        return Ok(None);
    };
    let identity = identity_of_person(policy, live, person);
    Ok(Some(Whom { identity, words: person.name.clone(), name: Some(person.name.clone()) }))
}
