//! Where whoever signed in begins: what waits for them.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use kit::Standing;
use maud::html;
use people::account::SignedIn;
use people::duty::Duties;
use web::component::InsetText;
use web::{Page, PageError};

use super::Portal;
use crate::site_request::actions::{self, ReadRequests};
use crate::site_request::agreeing::{self, AgreeRequest};

pub(super) fn routes() -> Router<Portal> {
    Router::new().route("/today", get(today))
}

/// The links of whoever is signed in.
pub fn offered(standing: &Standing) -> Vec<(String, String)> {
    let authority = Duties::built_in().authority();
    let mut links = vec![("Today", "/today")];
    if authority.offers::<ReadRequests>(standing) || authority.offers::<AgreeRequest>(standing) {
        links.push(("Requests", "/staff/requests"));
    }
    links.into_iter().map(|(words, href)| (words.to_owned(), href.to_owned())).collect()
}

async fn today(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    let mut waiting = None;
    let reads = who.may::<ReadRequests>(()).is_ok();
    if reads || who.offers::<AgreeRequest>() {
        let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
        let open = actions::list(&mut tx, true, 100).await.map_err(PageError::unexpected)?;
        let (mut new, mut second) = (0_usize, 0_usize);
        for request in &open {
            let proposed =
                agreeing::of(&mut tx, &request.reference, who.at()).await.map_err(PageError::unexpected)?;
            match proposed {
                None => new += 1,
                Some(proposed) if proposed.by != who.standing().actor().to_string() => second += 1,
                Some(_) => {}
            }
        }
        tx.roll_back().await.map_err(PageError::unexpected)?;
        waiting = Some((if reads { new } else { 0 }, if who.offers::<AgreeRequest>() { second } else { 0 }));
    }
    Ok(who.respond(&page(waiting)))
}

/// What waits: new requests, and those that wait for a second person.
pub fn page(waiting: Option<(usize, usize)>) -> Page {
    let title = "Today";
    let requests =
        |count: usize| if count == 1 { "1 request".to_owned() } else { format!("{count} requests") };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @match waiting {
                None => (InsetText::new("Nothing waits for you.")),
                Some((0, 0)) => (InsetText::new("Nothing waits for you.")),
                Some((new, second)) => {
                    h2 .govuk-heading-m { "Waiting for you" }
                    ul .govuk-list.govuk-list--bullet {
                        @if new > 0 {
                            li { a .govuk-link href="/staff/requests" { (requests(new)) " for sites to answer" } }
                        }
                        @if second > 0 {
                            li {
                                a .govuk-link href="/staff/requests" {
                                    (requests(second)) " that another proposed to open, to agree to or not"
                                }
                            }
                        }
                    }
                }
            }
        },
    )
}
