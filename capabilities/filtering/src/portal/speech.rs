//! In which language whoever comes is spoken to, and how they choose another.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE, HeaderMap, HeaderName, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use kit::Zone;
use web::page::{OtherLanguage, Spoken};
use web::{Mistakes, Page, Shell};
use words::{SOURCE, Say};

use super::Portal;

/// What remembers a choice. There is nothing in it but the tag of a language.
const COOKIE_NAME: &str = "fivebar-language";
/// The same over HTTPS: a browser keeps it for this host alone.
const SECURE_COOKIE_NAME: &str = "__Host-fivebar-language";
/// For how long, in seconds: a year.
const REMEMBERED: u32 = 365 * 86_400;
/// The longest address that is gone back to.
const LONGEST_BACK: usize = 1_024;

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

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
}

/// What was chosen before. Of two that say so neither counts, as with every cookie.
fn chosen(cookies: &str) -> Option<&str> {
    let pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    let mut tags =
        pairs.filter(|(name, _)| *name == COOKIE_NAME || *name == SECURE_COOKIE_NAME).map(|(_, tag)| tag);
    tags.next().filter(|_| tags.next().is_none())
}

impl Portal {
    /// A page in the language of whoever asks for it.
    pub(crate) fn respond_to(&self, visit: &Visit, page: &Page) -> Response {
        self.shell_for(visit).respond(page)
    }

    fn shell_for(&self, visit: &Visit) -> Shell {
        let say = &visit.say;
        let links = [
            ("link.why", "/why"),
            ("link.ask", "/requests"),
            ("link.report", "/reports"),
            ("link.help", "/help"),
            ("link.who", "/who-sees"),
            ("link.staff", web::error::SIGN_IN),
        ];
        let links = links.map(|(key, href)| (say.say(key).to_owned(), href.to_owned())).to_vec();
        Shell { links, spoken: Some(spoken(say, &visit.here)), ..self.shell() }
    }
}

/// What the shell says in a language.
pub fn spoken(say: &Say, here: &str) -> Spoken {
    let label = |key: &str| say.say(key).to_owned();
    let others = say.words().languages().iter().map(|language| OtherLanguage {
        tag: language.tag.clone(),
        name: language.name.clone(),
        right_to_left: language.right_to_left,
        href: (language.tag != say.tag())
            .then(|| format!("/language?to={}&back={}", language.tag, web::form::in_a_query(here))),
    });
    Spoken {
        tag: say.tag().to_owned(),
        right_to_left: say.direction() == "rtl",
        skip: label("page.skip"),
        error: label("page.error"),
        way_back: label("page.way-back"),
        footer: label("page.footer"),
        languages: label("page.languages"),
        others: others.collect(),
        note: say.is_draft().then(|| (label("page.draft"), say.in_english("page.draft").to_owned())),
    }
}

/// Remembers a choice, and goes back to where it was made: to a page of this portal and to no other.
async fn choose(
    State(portal): State<Portal>,
    asked: Result<Query<BTreeMap<String, String>>, QueryRejection>,
) -> Response {
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    let text = |name: &str| asked.get(name).map_or("", String::as_str);
    let back = text("back");
    let back = if is_here(back) { back } else { "/" };
    let policy = portal.filter.policy();
    let mut response = Redirect::to(back).into_response();
    if let Some(language) = policy.words().language(text("to")) {
        let (name, secure) = if portal.own.url.starts_with("https://") {
            (SECURE_COOKIE_NAME, "; Secure")
        } else {
            (COOKIE_NAME, "")
        };
        let cookie =
            format!("{name}={}; Path=/; Max-Age={REMEMBERED}; HttpOnly; SameSite=Lax{secure}", language.tag);
        if let Ok(cookie) = cookie.parse() {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
    }
    response
}

/// Whether an address is of this portal: it begins with one slash, and holds nothing that a browser reads as another beginning.
fn is_here(back: &str) -> bool {
    let rest = back.strip_prefix('/');
    back.len() <= LONGEST_BACK
        && rest.is_some_and(|rest| !rest.starts_with(['/', '\\']))
        && back.chars().all(|sign| sign.is_ascii_graphic() && sign != '\\')
}

/// A moment in somebody's language: in words in English, elsewhere in figures that read the same everywhere.
pub fn moment(say: &Say, at: kit::Timestamp, zone: &Zone) -> String {
    if say.tag() == SOURCE {
        return web::page::moment(at, zone);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_chooses_a_language_goes_back_to_this_portal_alone() {
        for (back, here) in [
            ("/", true),
            ("/why?t=abc", true),
            ("", false),
            ("//elsewhere.example", false),
            ("/\\elsewhere.example", false),
            ("https://elsewhere.example", false),
            ("/a\r\nSet-Cookie: x", false),
            ("/\tx", false),
        ] {
            assert_eq!(is_here(back), here, "{back:?}");
        }
        assert!(!is_here(&format!("/{}", "a".repeat(LONGEST_BACK))));
    }

    #[test]
    fn a_choice_is_found_among_other_cookies() {
        assert_eq!(chosen("a=b; fivebar-language=cy; c=d"), Some("cy"));
        assert_eq!(chosen("__Host-fivebar-language=ur"), Some("ur"));
        assert_eq!(chosen("fivebar-language=cy; fivebar-language=ur"), None);
        assert_eq!(chosen("fivebar-languages=cy"), None);
        assert_eq!(chosen(""), None);
    }
}
