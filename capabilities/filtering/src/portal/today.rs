//! Where whoever signed in begins: what waits for them, what changed in the last week, and what they may leave alone.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use kit::Standing;
use maud::{Markup, html};
use people::account::SignedIn;
use people::account::card::{AnyClass, OwnClass};
use people::account::notices::views::seen_them;
use people::account::recovery::Recover;
use people::duty::Duties;
use people::guest::ReadGuests;
use people::intake::ReadRoll;
use people::programs::{OwnTokens, ReadTrail, ReadWebhooks};
use people::timetable::ReadTimetable;
use register::task::ReadTasks;
use web::component::InsetText;
use web::speech::say;
use web::{Page, PageError, marked};

use super::Portal;
use super::monday::{self, Line, Monday};
use crate::activity_log::pages::ReadActivity;
use crate::devices::pages::ReadDevices;
use crate::explain::pages::ExplainForClass;
use crate::filter_policy::pages::ReadPolicy;
use crate::filter_test::pages::ReadFilterTests;
use crate::health::pages::{ReadHealth, ReadKept};
use crate::lesson::actions::ReadLessons;
use crate::list::pages::ReadLists;
use crate::observing::pages::ReadObserving;
use crate::overrides::closing::ReadOverrides;
use crate::own_words::actions::ReadWords;
use crate::site_report::actions::ReadReports;
use crate::site_request::actions::ReadRequests;
use crate::site_request::agreeing::AgreeRequest;
use crate::withheld::deciding::ReadWithheld;

pub(super) fn routes() -> Router<Portal> {
    Router::new().route("/today", get(today))
}

/// The links of whoever is signed in, which stand on each of their pages: what is used every day.
pub fn offered(standing: &Standing) -> Vec<(String, String)> {
    let authority = Duties::built_in().authority();
    let requests = authority.offers::<ReadRequests>(standing) || authority.offers::<AgreeRequest>(standing);
    let offers = [
        (true, say("monday.today"), "/today"),
        (authority.offers::<ReadTasks>(standing), say("common.your-work"), "/tasks"),
        (requests, say("monday.requests"), "/staff/requests"),
        (authority.offers::<ReadReports>(standing), say("monday.reports"), "/staff/reports"),
        (authority.offers::<ReadLessons>(standing), say("monday.for-a-lesson"), "/staff/lessons"),
        (authority.offers::<ExplainForClass>(standing), say("monday.why-open-or-closed"), "/staff/explain"),
        (authority.offers::<ReadActivity>(standing), say("monday.activity"), "/staff/activity"),
        (authority.offers::<ReadRoll>(standing), say("monday.people"), "/staff/roll"),
        (
            authority.offers::<AnyClass>(standing) || authority.offers::<OwnClass>(standing),
            say("monday.cards-and-names"),
            "/staff/cards",
        ),
        (authority.offers::<ReadGuests>(standing), say("monday.guests"), "/staff/guests"),
        (authority.offers::<Recover>(standing), say("monday.let-in-again"), "/staff/recoveries"),
    ];
    named(&offers)
}

/// What is looked up now and then.
fn look_up(who: &SignedIn) -> Vec<(String, String)> {
    named(&[
        (who.offers::<ReadHealth>(), say("monday.how-the-filter-fares"), "/staff/health"),
        (who.offers::<ReadPolicy>(), say("monday.the-filter-policy-and"), "/staff/policy"),
        (who.offers::<ReadOverrides>(), say("monday.open-and-closed-for"), "/staff/overrides"),
        (who.offers::<ReadWithheld>(), say("monday.withheld-internet-access"), "/staff/withheld"),
        (who.offers::<ReadLists>(), say("monday.lists-of-sites"), "/staff/lists"),
        (who.offers::<ReadFilterTests>(), say("monday.tests-of-the-filter"), "/staff/filter-tests"),
        (who.offers::<ReadDevices>(), say("common.devices"), "/staff/devices"),
        (who.offers::<ReadTimetable>(), say("monday.timetable"), "/staff/timetable"),
        (who.offers::<ReadObserving>(), say("monday.observing-only"), "/staff/observe"),
        (who.offers::<ReadTrail>(), say("trail.the-access-trail"), "/staff/trail"),
        (who.offers::<ReadKept>(), say("health.how-long-things-are"), "/staff/kept"),
        (who.offers::<ReadWords>(), say("monday.words-and-languages-of"), "/staff/words"),
        (who.offers::<OwnTokens>(), say("monday.tokens-for-other-programs"), "/staff/tokens"),
        (who.offers::<ReadWebhooks>(), say("monday.webhooks-who-is-told"), "/staff/webhooks"),
    ])
}

fn named(offers: &[(bool, String, &str)]) -> Vec<(String, String)> {
    let offered = offers.iter().filter(|(is_offered, ..)| *is_offered);
    offered.map(|(_, words, href)| ((*words).to_owned(), (*href).to_owned())).collect()
}

async fn today(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let monday = monday::gather(&mut tx, &portal, &who).await?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&page(&monday, &look_up(&who))))
}

/// What anybody may do, in the words of the first page.
const FOR_EVERYBODY: [(&str, &str); 6] = [
    ("first.ask", "/requests"),
    ("monday.what-you-asked-for", "/me/asked"),
    ("first.report", "/reports"),
    ("first.why", "/why"),
    ("first.help", "/help"),
    ("first.who", "/who-sees"),
];

/// The page; `look_up` are words and addresses.
pub fn page(monday: &Monday, look_up: &[(String, String)]) -> Page {
    let title = &say("monday.today");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if !monday.told.is_empty() {
                h2 .govuk-heading-m { (say("monday.new-for-you")) }
                (lines(&monday.told))
                (seen_them(web::form::HOME))
            }
            h2 .govuk-heading-m { (say("monday.waiting-for-you")) }
            @if monday.waiting.is_empty() { (InsetText::new(say("monday.nothing-waits-for-you"))) } @else { (lines(&monday.waiting)) }
            @if !monday.changed.is_empty() {
                h2 .govuk-heading-m { (marked!("monday.what-changed-since", since = monday.since)) }
                (lines(&monday.changed))
            }
            @if !monday.ignore.is_empty() {
                h2 .govuk-heading-m { (say("monday.what-you-may-leave")) }
                (lines(&monday.ignore))
            }
            @if look_up.is_empty() {
                // Whoever has no duty: a pupil for the most part.
                h2 .govuk-heading-m { (say("monday.what-you-can-do")) }
                ul .govuk-list {
                    @for (key, href) in FOR_EVERYBODY { li { a .govuk-link href=(href) { (say(key)) } } }
                }
            } @else {
                h2 .govuk-heading-m { (say("monday.look-up")) }
                ul .govuk-list {
                    @for (words, href) in look_up { li { a .govuk-link href=(href) { (words) } } }
                }
            }
        },
    )
}

fn lines(lines: &[Line]) -> Markup {
    html! {
        ul .govuk-list.govuk-list--bullet {
            @for line in lines {
                li {
                    @match line.href {
                        Some(href) => a .govuk-link href=(href) { (line.words) },
                        None => (line.words),
                    }
                    @if let Some(why) = &line.why { ": " (why) }
                }
            }
        }
    }
}
