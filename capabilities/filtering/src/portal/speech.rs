//! In which language whoever comes is spoken to, and how they choose another.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use kit::Zone;
use web::form::is_an_address_of_ours;
use web::page::Spoken;
use web::speech::{chosen, cookie, text};
use web::{Mistakes, Page, Shell};
use words::{SOURCE, Say};

use super::Portal;

pub(super) fn routes() -> Router<Portal> {
    Router::new().route("/language", get(choose))
}

/// Whoever asks for a page that anybody may open: their language, and where they are.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub say: Say,
    /// The path with what follows it.
    here: String,
}

impl FromRequestParts<Portal> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Self::Rejection> {
        let here = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let accepted = text(&parts.headers, &ACCEPT_LANGUAGE);
        let chosen = chosen(text(&parts.headers, &COOKIE));
        let say = portal.filter.policy().words().speak_to(chosen, accepted);
        Ok(Self { say, here })
    }
}

impl Portal {
    /// A page in the language of whoever asks for it.
    pub(crate) fn respond_to(&self, visit: &Visit, page: &Page) -> Response {
        self.shell_for(visit).respond(page)
    }

    fn shell_for(&self, visit: &Visit) -> Shell {
        let say = &visit.say;
        let links = super::links(say);
        Shell { links, spoken: Some(spoken(say, &visit.here)), ..self.shell() }
    }
}

/// What the shell says in a language, on a page that anybody may open.
pub fn spoken(say: &Say, here: &str) -> Spoken {
    web::speech::shell(say, here, false)
}

/// Remembers a choice, and goes back to where it was made: to a page of this portal and to no other.
async fn choose(
    State(portal): State<Portal>,
    asked: Result<Query<BTreeMap<String, String>>, QueryRejection>,
) -> Response {
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    let text = |name: &str| asked.get(name).map_or("", String::as_str);
    let back = text("back");
    let back = if is_an_address_of_ours(back) { back } else { "/" };
    let policy = portal.filter.policy();
    let mut response = Redirect::to(back).into_response();
    if let Some(language) = policy.words().language(text("to")) {
        let cookie = cookie(&language.tag, portal.own.url.starts_with("https://"));
        if let Ok(cookie) = cookie.parse() {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
    }
    response
}

/// A moment in somebody's language: in words in English and Welsh, elsewhere in figures that read the same everywhere.
pub fn moment(say: &Say, at: kit::Timestamp, zone: &Zone) -> String {
    if say.language().is_some_and(words::Language::has_portal) {
        return web::page::moment_in(say, at, zone);
    }
    zone.local(at).civil().strftime("%Y-%m-%d %H:%M").to_string()
}

/// No mistakes yet, to be told in a language.
pub(crate) fn mistakes(say: &Say) -> Mistakes {
    Mistakes::default().spoken(say.say("page.problem"), say.say("page.error"))
}

/// The language of what is in English on a page that is in another: for `lang`.
pub fn english(say: &Say) -> Option<&'static str> {
    (say.tag() != SOURCE).then_some(SOURCE)
}
