//! Problems as programs are told them (RFC 9457): what is wrong, and what to do next, in plain words.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// After how many seconds a program asks again where something does not answer.
const RETRY_S: i64 = 30;

/// What kind of problem it is. Its id is the end of the problem's `type`, and an anchor on the page `/api`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request cannot be understood.
    Unreadable,
    /// There is no token that holds.
    NoToken,
    /// The connection is not private.
    NotPrivate,
    /// The token lacks the scope.
    NoScope,
    /// The maker's duties do not permit it.
    NotYours,
    /// It needs a fresh proof.
    AtThePortal,
    /// There is no such thing.
    NotFound,
    /// It cannot be done there.
    WrongMethod,
    /// It did not arrive in time.
    TooSlow,
    /// It is understood, and cannot be done as things stand.
    NotNow,
    /// It is too large.
    TooLarge,
    /// It is no JSON.
    WrongType,
    /// It was asked for under a name that is not ours.
    OtherName,
    /// The key stands for another request.
    KeyUsed,
    /// Too many requests.
    TooMany,
    /// Something we did not foresee.
    Unexpected,
    /// Something that is needed does not answer.
    Unavailable,
}

impl Kind {
    /// All of them, as the page explains them.
    pub const ALL: [Self; 17] = [
        Self::Unreadable,
        Self::NoToken,
        Self::NotPrivate,
        Self::NoScope,
        Self::NotYours,
        Self::AtThePortal,
        Self::NotFound,
        Self::WrongMethod,
        Self::TooSlow,
        Self::NotNow,
        Self::TooLarge,
        Self::WrongType,
        Self::OtherName,
        Self::KeyUsed,
        Self::TooMany,
        Self::Unexpected,
        Self::Unavailable,
    ];

    /// Its id, its status, and its title.
    pub const fn parts(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::Unreadable => ("unreadable", 400, "The request cannot be understood"),
            Self::NoToken => ("no-token", 401, "A token is needed"),
            Self::NotPrivate => ("not-private", 403, "The connection is not private"),
            Self::NoScope => ("no-scope", 403, "The token may not do this"),
            Self::NotYours => ("not-yours", 403, "The token’s maker may not do this"),
            Self::AtThePortal => ("at-the-portal", 403, "This is done at the portal"),
            Self::NotFound => ("not-found", 404, "There is nothing here"),
            Self::WrongMethod => ("wrong-method", 405, "That cannot be done here"),
            Self::TooSlow => ("too-slow", 408, "That took too long to arrive"),
            Self::NotNow => ("not-now", 409, "That cannot be done as things stand"),
            Self::TooLarge => ("too-large", 413, "That was too long to send"),
            Self::WrongType => ("wrong-type", 415, "The message is no JSON"),
            Self::OtherName => ("other-name", 421, "This has another address"),
            Self::KeyUsed => ("key-used", 422, "The key stands for another request"),
            Self::TooMany => ("too-many", 429, "Too many requests"),
            Self::Unexpected => ("unexpected", 500, "Sorry, there is a problem"),
            Self::Unavailable => ("unavailable", 503, "Something does not answer just now"),
        }
    }

    /// What to do about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Unreadable => {
                "Hold the request against the description at /api/v1/openapi.json, and correct it."
            }
            Self::NoToken => {
                "Send the header Authorization: Bearer with a token that has not ended. Somebody whose duties allow it makes one at the portal, under Tokens for other programs."
            }
            Self::NotPrivate => {
                "Use HTTPS. A token that was sent without it may be known to others: end it at the portal, and make another."
            }
            Self::NoScope => "Make a token with this scope at the portal, if the program needs it.",
            Self::NotYours => {
                "A token can do what its maker’s duties allow at this moment. Have somebody make one whose duties allow this."
            }
            Self::AtThePortal => {
                "Somebody must prove who they are for this. Sign in at the portal and do it there."
            }
            Self::NotFound => "Check the address and the id. It may have ended.",
            Self::WrongMethod => "The header Allow says what can be done here.",
            Self::TooSlow => "Nothing was changed. Send it again.",
            Self::NotNow => "Read how things stand, and decide again.",
            Self::TooLarge => "Send at most 64 KiB.",
            Self::WrongType => "Send JSON with the header Content-Type: application/json.",
            Self::OtherName => "Ask under the portal’s own name.",
            Self::KeyUsed => "Use another Idempotency-Key for another request.",
            Self::TooMany => "Wait as long as the header Retry-After says.",
            Self::Unexpected => {
                "Try again in a moment. If it goes on, tell the school’s network manager the reference."
            }
            Self::Unavailable => {
                "Try again in a minute; with the same Idempotency-Key nothing is done twice."
            }
        }
    }
}

/// Why there is no other answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind it is.
    pub kind: Kind,
    /// What is so in this case; empty where the title says it all.
    pub says: String,
    /// After how many seconds to try again.
    pub retry_after: Option<i64>,
}

/// A problem as it is sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// What kind of problem it is: an address on the portal's page about the API.
    #[serde(rename = "type")]
    #[schema(example = "/api#no-scope")]
    pub kind: String,
    /// The same in a few words.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// What is so, and what to do next.
    pub detail: String,
}

impl Problem {
    /// A problem of that kind.
    pub fn of(kind: Kind) -> Self {
        Self { kind, says: String::new(), retry_after: None }
    }

    /// The same with what is so in this case.
    pub fn saying(kind: Kind, says: impl Into<String>) -> Self {
        Self { says: says.into(), ..Self::of(kind) }
    }

    /// What cannot be understood.
    pub fn unreadable(says: impl Into<String>) -> Self {
        Self::saying(Kind::Unreadable, says)
    }

    /// What cannot be done as things stand.
    pub fn not_now(says: impl Into<String>) -> Self {
        Self::saying(Kind::NotNow, says)
    }

    /// There is no such thing.
    pub fn not_found() -> Self {
        Self::of(Kind::NotFound)
    }

    /// Something we did not foresee, or that passes by itself: logged once, with a reference that can be passed on.
    pub fn unexpected(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let error = error.into();
        let reference = web::error::logged(error.as_ref());
        match kit::Unavailable::among(error.as_ref()) {
            Some(why) => Self {
                retry_after: Some(RETRY_S),
                ..Self::saying(
                    Kind::Unavailable,
                    format!("{}. Its reference is {reference}", in_the_way(why)),
                )
            },
            None => Self::saying(Kind::Unexpected, format!("Its reference is {reference}")),
        }
    }
}

/// What is in the way, for whoever looks after the other program.
const fn in_the_way(why: kit::Unavailable) -> &'static str {
    match why {
        kit::Unavailable::OutOfReach => "The school’s records do not answer just now",
        kit::Unavailable::Full => "There is no room left on the school’s server",
        kit::Unavailable::Busy => "Something large is being written just now",
    }
}

impl From<store::StoreError> for Problem {
    fn from(error: store::StoreError) -> Self {
        Self::unexpected(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (id, status, title) = self.kind.parts();
        let says = self.says.trim_end_matches('.');
        let detail = if says.is_empty() {
            self.kind.remedy().to_owned()
        } else {
            format!("{says}. {}", self.kind.remedy())
        };
        let body = ProblemBody { kind: format!("/api#{id}"), title: title.to_owned(), status, detail };
        let text = serde_json::to_string(&body).unwrap_or_default();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.kind == Kind::NoToken {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"fivebar\""));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(u64::try_from(seconds).unwrap_or(1).max(1)));
        }
        response
    }
}
