//! What a person sees when a page cannot be shown.

use std::error::Error;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kit::{Private, Unavailable};
use maud::html;

use crate::filled;
use crate::page::Page;
use crate::speech::say;

/// A page that was answered in the bare shell, for whoever knows the right one.
#[derive(Clone)]
pub(crate) struct Bare(pub Arc<Page>);

/// Where people sign in.
pub const SIGN_IN: &str = "/sign-in";
/// Where somebody who is signed in proves again who they are.
pub const SIGN_IN_AGAIN: &str = "/sign-in/again";

/// Why there is no page. The one type that turns errors into pages.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// There is nothing at this address, or nothing this person may know of.
    #[error("not found")]
    NotFound,
    /// The form was not sent from one of our pages.
    #[error("the form came from another site")]
    ForeignForm,
    /// The page was asked for under a name that is not ours; ours is this.
    #[error("asked for under a name that is not ours")]
    OtherName(String),
    /// The form is larger than any of ours can be.
    #[error("the form is too large")]
    TooLarge,
    /// The form did not arrive whole in time.
    #[error("the form took too long to arrive")]
    TooSlow,
    /// Too much of it is under way already.
    #[error("too much is under way at once")]
    Busy,
    /// The form cannot be read.
    #[error("the form cannot be read")]
    Unreadable,
    /// The page is for somebody who is signed in; where to go on afterwards.
    #[error("nobody is signed in")]
    SignInFirst {
        /// The path of the page that was asked for.
        back: String,
    },
    /// The page is for somebody who has just proved who they are; where to go on afterwards.
    #[error("a fresh proof of who they are is needed")]
    ProveAgain {
        /// The path of the page that was asked for.
        back: String,
    },
    /// Another page is shown in its place, as one that asks for a proof and keeps the words of a form.
    #[error("another page is shown instead")]
    Instead(Private<Box<Page>>),
    /// A form came from somebody whose session has ended meanwhile.
    #[error("the session has ended")]
    SignedOut,
    /// The page is there, but not for this kind of request.
    #[error("method not allowed")]
    WrongMethod,
    /// Something we did not foresee. Logged once, with a reference that the person can pass on.
    #[error("unexpected")]
    Unexpected(#[source] Box<dyn Error + Send + Sync>),
}

impl PageError {
    /// Anything that a page cannot explain.
    pub fn unexpected(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unexpected(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        if let Self::SignInFirst { back } | Self::ProveAgain { back } = &self {
            let page = if matches!(self, Self::SignInFirst { .. }) { SIGN_IN } else { SIGN_IN_AGAIN };
            return Redirect::to(&format!("{page}?back={}", crate::form::in_a_query(back))).into_response();
        }
        if let Self::Instead(page) = self {
            return bare(*page.into_revealed());
        }
        let (status, key) = match &self {
            Self::NotFound => (StatusCode::NOT_FOUND, "error.not-found"),
            Self::ForeignForm => (StatusCode::FORBIDDEN, "error.foreign-form"),
            Self::OtherName(_) => (StatusCode::MISDIRECTED_REQUEST, "error.other-name"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "error.too-large"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "error.too-slow"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "error.busy"),
            Self::Unreadable => (StatusCode::BAD_REQUEST, "error.unreadable"),
            Self::SignedOut | Self::SignInFirst { .. } | Self::ProveAgain { .. } | Self::Instead(_) => {
                (StatusCode::UNAUTHORIZED, "error.signed-out")
            }
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "error.wrong-method"),
            Self::Unexpected(error) => match Unavailable::among(error.as_ref()) {
                Some(why) => (StatusCode::SERVICE_UNAVAILABLE, not_now(why)),
                None => (StatusCode::INTERNAL_SERVER_ERROR, "error.unexpected"),
            },
        };
        let title = say(key);
        let then = match &self {
            Self::NotFound => say("error.not-found-then"),
            Self::ForeignForm | Self::Unreadable => say("error.open-again"),
            Self::OtherName(url) => filled!("error.other-name-then", url),
            Self::TooLarge => say("error.too-large-then"),
            Self::TooSlow => say("error.too-slow-then"),
            Self::Busy => say("error.busy-then"),
            Self::WrongMethod => say("error.wrong-method-then"),
            Self::Unexpected(error) if Unavailable::among(error.as_ref()).is_some() => {
                filled!(
                    "error.not-now-then",
                    then = say(match Unavailable::among(error.as_ref()) {
                        Some(Unavailable::Full) => "error.full-then",
                        Some(Unavailable::Busy) => "error.locked-then",
                        _ => "error.out-of-reach-then",
                    }),
                    reference = logged(error.as_ref())
                )
            }
            Self::Unexpected(error) => filled!("error.unexpected-then", reference = logged(error.as_ref())),
            Self::SignedOut | Self::SignInFirst { .. } | Self::ProveAgain { .. } | Self::Instead(_) => {
                say("error.signed-out-then")
            }
        };
        let content = html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (then) }
            @if status == StatusCode::UNAUTHORIZED {
                // In another window, so that what was written is still in this one.
                p .govuk-body {
                    a .govuk-link href=(SIGN_IN) target="_blank" rel="noopener noreferrer" { (say("error.sign-in-in-a-new-window")) }
                }
            }
            p .govuk-body { a .govuk-link href="/" { (say("page.first")) } }
        };
        bare(Page::new(title, content).status(status))
    }
}

/// What somebody reads while something is in the way that passes. Where an answer was lost on its way, what they sent may be kept.
const fn not_now(why: Unavailable) -> &'static str {
    match why {
        Unavailable::OutOfReach => "error.out-of-reach",
        Unavailable::Full => "error.full",
        Unavailable::Busy => "error.locked",
    }
}

/// A page without the portal's own shell. The guard knows that, with what must be said on every page.
fn bare(page: Page) -> Response {
    let mut response = page.clone().into_response();
    response.extensions_mut().insert(Bare(Arc::new(page)));
    response
}

/// Logs, once, something we did not foresee, and gives the reference under which it stands in the service log. For a
/// page that has something better to show than [`PageError`], as a form with the person's words still in it.
pub fn logged(error: &(dyn Error + 'static)) -> String {
    let reference = reference();
    tracing::error!(%reference, error = %chain(error), "A page could not be shown");
    reference
}

/// An error with everything that caused it, in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// Eight random letters and digits that cannot be mistaken for each other.
fn reference() -> String {
    const SIGNS: &[u8; 32] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ-";
    let mut bytes = [0_u8; 8];
    if getrandom::fill(&mut bytes).is_err() {
        return "no reference could be made".to_owned();
    }
    bytes.iter().filter_map(|byte| SIGNS.get(usize::from(byte % 31))).map(|sign| char::from(*sign)).collect()
}
