//! The page that explains how another program begins. Anybody may read it: it says nothing of the school.

use axum::Router;
use axum::extract::{FromRef as _, State};
use axum::response::Response;
use axum::routing::get;
use maud::html;
use people::account::House;
use web::Page;
use web::component::{BackLink, Cell, Table};

use crate::Api;
use crate::content::Content;
use crate::problem::Kind;

pub(crate) fn routes() -> Router<Api> {
    Router::new().route("/api", get(page))
}

async fn page(State(api): State<Api>) -> Response {
    (House::from_ref(&api).shell)().respond(&begin(&api.url()))
}

fn table(caption: &str, head: &[&str], rows: Vec<Vec<Cell>>) -> maud::Markup {
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label=(caption) {
            (Table {
                caption: Some(caption.to_owned()), caption_classes: "govuk-visually-hidden".into(),
                head: head.iter().map(Cell::new).collect(), rows, ..Table::default()
            })
        }
    }
}

/// The page; `url` is where the API is.
pub fn begin(url: &str) -> Page {
    let content = Content::built_in();
    let title = "For other programs: the API";
    let scopes = content.scopes().iter();
    let scopes = scopes
        .map(|scope| vec![Cell::new(html! { code .fivebar-host { (scope.id) } }), Cell::new(&scope.about)]);
    let events = content.events().iter();
    let events = events
        .map(|event| vec![Cell::new(html! { code .fivebar-host { (event.id) } }), Cell::new(&event.about)]);
    let page = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body {
            "Another program of the school can do here what somebody lets it do: show how the filter fares, keep the device register, hear that \
             somebody asked for a site. It acts for whoever made its token, and can never do more than they may at that moment."
        }
        h2 .govuk-heading-m { "How to begin" }
        ol .govuk-list.govuk-list--number {
            li { "Somebody whose duties allow it signs in, opens " a .govuk-link href="/staff/tokens" { "Tokens for other programs" } ", ticks what the program needs, and copies the token." }
            li { "Give the program the token and this address: " code .fivebar-host { (url) } }
            li { "The program sends the token with each request, in the header " code .fivebar-host { "Authorization: Bearer fivebar_…" } ", over HTTPS. Never in an address." }
            li { "A first request that needs no scope: " code .fivebar-host { "GET " (url) "/token" } }
        }
        p .govuk-body { a .govuk-link href="/api/v1/openapi.json" { "The whole description (OpenAPI 3.1, JSON)" } }
        h2 .govuk-heading-m { "Lists, times and changes" }
        ul .govuk-list.govuk-list--bullet {
            li { "A list comes in pages: ask on with what stands under " code { "next" } " as " code { "cursor" } ". " code { "limit" } " is from 1 to 200." }
            li { "Times are RFC 3339 in UTC. Ids tell nothing and stay the same." }
            li { "What is sent and not described is refused, so that nothing is passed over in silence." }
            li { "Send " code .fivebar-host { "Idempotency-Key" } " with a POST: where an answer was lost, the same again is done once, for " (content.limits.answers_hours) " hours." }
        }
        h2 .govuk-heading-m { "What a token may be let do" }
        (table("Scopes", &["Scope", "What it lets do"], scopes.collect()))
        h2 .govuk-heading-m { "Webhooks" }
        p .govuk-body {
            "A webhook is told of these events by a POST, signed as Standard Webhooks are (" code .fivebar-host { "webhook-id" } ", "
            code .fivebar-host { "webhook-timestamp" } ", " code .fivebar-host { "webhook-signature" } "). Check the signature and the time, answer with any 2xx within 15 \
             seconds, and do the work afterwards. The same id may come twice."
        }
        (table("Events", &["Event", "When"], events.collect()))
        h2 .govuk-heading-m { "Problems" }
        p .govuk-body { "What cannot be done is answered as RFC 9457 says. The end of " code { "type" } " is one of these." }
        dl .govuk-summary-list {
            @for kind in Kind::ALL {
                @let (id, status, title) = kind.parts();
                div .govuk-summary-list__row id=(id) {
                    dt .govuk-summary-list__key { (status) " " (id) }
                    dd .govuk-summary-list__value { (title) ". " (kind.remedy()) }
                }
            }
        }
    };
    Page::new(title, page).before(BackLink::new("/"))
}
