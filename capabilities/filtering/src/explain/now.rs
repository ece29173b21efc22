//! How a site stands just now, said on a page about something else: a request, a proposal, a report.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::document::EVERYONE;
use engine::explain::trace;
use engine::{FilterPolicy, Identity, Step};
use maud::{Markup, html};
use people::Person;
use people::account::SignedIn;
use web::component::{InsetText, SummaryList, SummaryRow};
use web::page::host;
use web::speech::say;
use web::{PageError, counted};

use super::{Target, identity_in, identity_of_person, words};
use crate::asker::Asker;
use crate::overrides::Whom;
use crate::portal::Portal;
use crate::sealed::telling::Secret;

/// So many lists are named.
const MOST_LISTS: usize = 12;

/// How a site stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Now {
    /// Whether it is closed.
    pub closed: bool,
    /// The question that decided.
    pub question: String,
    /// Why, in one sentence for staff.
    pub reason: String,
    /// What lists say it is about.
    pub categories: Vec<String>,
    /// The well-known services that it belongs to.
    pub services: Vec<String>,
    /// Parts of it that lists name by themselves: what they are about, and how many.
    pub parts: Vec<(String, usize)>,
    /// The lists that name it.
    pub lists: Vec<String>,
}

/// What can be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// How it stands.
    Now(Box<Now>),
    /// Nothing just now: so many answers told of sealed sites within the hour that none may be given.
    NotNow,
    /// It is no site that can be asked about.
    NoSite,
}

/// How a site stands for somebody. Ask with no transaction open: an answer that tells of a sealed site leaves an entry of its own.
pub async fn now(
    portal: &Portal,
    who: &SignedIn,
    site: &str,
    identity: &Identity,
) -> Result<Said, PageError> {
    let Some(target) = Target::read(site) else { return Ok(Said::NoSite) };
    let (policy, live) = portal.filter.both();
    let actor = who.standing().actor();
    if !portal.may_answer(&policy, actor, "portal explain", 0, who.at()).await? {
        return Ok(Said::NotNow);
    }
    let told = {
        let Some(request) = target.request(identity) else { return Ok(Said::NoSite) };
        trace(&policy, &live, &request, portal.zone.local(who.at()))
    };
    let secret = Secret::of(policy.sealed().state(who.at()));
    if secret.is_told_by(told.step, &target.host)
        && !portal.may_answer(&policy, actor, "portal explain", 1, who.at()).await?
    {
        return Ok(Said::NotNow);
    }
    // Nothing is said of what lists say about a sealed site.
    let sealed = told.step == Step::Sealed;
    let (parts, lists) = if sealed {
        (BTreeMap::new(), Vec::new())
    } else {
        (crate::lesson::judge::parts(&policy, &target), named(portal, &target.host).await)
    };
    Ok(Said::Now(Box::new(Now {
        closed: told.decision.verdict.is_block(),
        question: say(words::of_step(told.step)),
        reason: told.reason,
        categories: told.categories.iter().map(|id| category(&policy, id)).collect(),
        services: told.services.iter().map(|id| service(&policy, id)).collect(),
        parts: parts.into_iter().map(|(id, many)| (category(&policy, &id), many)).collect(),
        lists,
    })))
}

/// Whoever asked, as the gate would know them now; `person` is they, as the roll has them.
pub(crate) fn identity_of(portal: &Portal, asker: &Asker, person: Option<&Person>) -> Identity {
    let (policy, live) = portal.filter.both();
    match person {
        Some(person) => identity_of_person(&policy, &live, person),
        None => live.identify(asker.address),
    }
}

/// Somebody whom something would be for, as the gate would know them now.
pub(crate) fn identity_for(portal: &Portal, whom: &Whom, person: Option<&Person>) -> Identity {
    let (policy, live) = portal.filter.both();
    match (whom, person) {
        (Whom::Person(_), Some(person)) => identity_of_person(&policy, &live, person),
        (Whom::Person(person), None) => live.person(*person).unwrap_or_default(),
        (Whom::Group(id), _) => identity_in(&policy, id).unwrap_or_default(),
        (Whom::Everyone, _) => identity_in(&policy, EVERYONE).unwrap_or_default(),
    }
}

/// The name of a category.
pub(super) fn category(policy: &FilterPolicy, id: &str) -> String {
    let catalogue = policy.catalogue();
    let known = catalogue.category_no(id).and_then(|number| catalogue.category(number));
    known.map_or_else(|| id.to_owned(), |known| known.name.clone())
}

/// The name of a service.
pub(super) fn service(policy: &FilterPolicy, id: &str) -> String {
    let catalogue = policy.catalogue();
    let known = catalogue.service_no(id).and_then(|number| catalogue.service(number));
    known.map_or_else(|| id.to_owned(), |known| known.name.clone())
}

/// Which lists name a site. Reads files, so it is asked where nobody waits for it.
async fn named(portal: &Portal, host: &str) -> Vec<String> {
    let (named, host) = (Arc::clone(&portal.named), host.to_owned());
    let named = tokio::task::spawn_blocking(move || named(&host)).await.unwrap_or_default();
    named.into_iter().map(|one| one.list).take(MOST_LISTS).collect()
}

/// The part of a page that says it; `whom` is whom the answer is about.
pub fn view(said: &Said, whom: &str) -> Markup {
    html! {
        h2 .govuk-heading-m { (say("site-now.the-site-now")) }
        @match said {
            Said::NotNow => (InsetText::new(say("site-now.nothing-can-be-said"))),
            Said::NoSite => (InsetText::new(say("site-now.it-is-not-the"))),
            Said::Now(now) => (SummaryList::new(rows(now, whom))),
        }
    }
}

fn rows(now: &Now, whom: &str) -> Vec<SummaryRow> {
    let state = html! { strong { (say(if now.closed { "explain.closed" } else { "explain.open" })) } br; (now.reason) };
    let or_nothing = |words: &[String]| match words {
        [] => say("site-now.no-list-in-use"),
        words => words.join(", "),
    };
    let mut rows = vec![
        SummaryRow::new(say("explain.for"), whom),
        SummaryRow::new(say("lesson.now"), state),
        SummaryRow::new(say("site-now.what-decided"), &*now.question),
        SummaryRow::new(say("explain.what-it-is-about"), or_nothing(&now.categories)),
    ];
    if !now.services.is_empty() {
        rows.push(SummaryRow::new(say("explain.service"), now.services.join(", ")));
    }
    if !now.lists.is_empty() {
        let lists = html! { ul .govuk-list { @for list in &now.lists { li { (host(list)) } } } };
        rows.push(SummaryRow::new(say("explain.lists-that-name-it"), lists));
    }
    if !now.parts.is_empty() {
        let parts = html! {
            ul .govuk-list {
                @for (category, many) in &now.parts {
                    li { (counted!("site-now.parts-count", *many, category = category)) }
                }
            }
        };
        rows.push(SummaryRow::new(say("site-now.parts-that-lists-name"), parts));
    }
    rows
}
