//! What a person sees when a page cannot be shown.

use std::error::Error;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kit::{Private, Unavailable};
use maud::html;

use crate::page::Page;

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
        let (status, title, say) = match &self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Page not found",
                "Check the address. If you followed a link, it may have ended.".to_owned(),
            ),
            Self::ForeignForm => (
                StatusCode::FORBIDDEN,
                "That form was not sent from this site",
                "Go back, open the page again and send the form from there.".to_owned(),
            ),
            Self::OtherName(url) => (
                StatusCode::MISDIRECTED_REQUEST,
                "This page has another address",
                format!("Open {url} instead."),
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "That was too long to send",
                "Go back, shorten what you wrote and send it again.".to_owned(),
            ),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "That took too long to arrive",
                "Nothing was changed. Go back a page and send the form again: what you wrote is still there.".to_owned(),
            ),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Others are sending files just now",
                "Nothing was changed. Go back a page and send it again in a minute.".to_owned(),
            ),
            Self::Unreadable => (
                StatusCode::BAD_REQUEST,
                "That form cannot be read",
                "Go back, open the page again and send the form from there.".to_owned(),
            ),
            Self::SignedOut | Self::SignInFirst { .. } | Self::ProveAgain { .. } | Self::Instead(_) => (
                StatusCode::UNAUTHORIZED,
                "You have been signed out",
                "Nothing was changed. Sign in again in another window, come back to this one, go back a page and send \
                 the form again: what you wrote is still there."
                    .to_owned(),
            ),
            Self::WrongMethod => (
                StatusCode::METHOD_NOT_ALLOWED,
                "That cannot be done here",
                "Go back to the first page and start again.".to_owned(),
            ),
            Self::Unexpected(error) if let Some(why) = Unavailable::among(error.as_ref()) => {
                let reference = logged(error.as_ref());
                let (title, say) = not_now(why);
                (StatusCode::SERVICE_UNAVAILABLE, title, format!("{say} If it goes on, tell the network manager: {reference}."))
            }
            Self::Unexpected(error) => {
                let reference = logged(error.as_ref());
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Sorry, there is a problem",
                    format!("Try again in a moment. If it goes on, tell the network manager: {reference}."),
                )
            }
        };
        let content = html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (say) }
            p .govuk-body { a .govuk-link href="/" { "Go to the first page" } }
        };
        bare(Page::new(title, content).status(status))
    }
}

/// What somebody reads while something is in the way that passes. Where an answer was lost on its way, what they sent may be kept.
const fn not_now(why: Unavailable) -> (&'static str, &'static str) {
    match why {
        Unavailable::OutOfReach => (
            "The school’s records do not answer just now",
            "Filtering goes on. Nothing is half done: wait a minute, open the page again, and look whether what you sent is there before \
             you send it again.",
        ),
        Unavailable::Full => (
            "There is no room left on the school’s server",
            "Filtering goes on. Nothing was changed: what you sent was not kept. The network manager has to make room before anything new \
             can be kept.",
        ),
        Unavailable::Busy => (
            "Something large is being written just now",
            "Nothing was changed. Go back a page and send it again in a minute.",
        ),
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
