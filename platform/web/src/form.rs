//! Forms as they arrive, and what is said when one cannot be taken.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use kit::Private;
use maud::Render as _;

use crate::PageError;
use crate::component::{ErrorLine, ErrorMessage, ErrorSummary};

/// What a person sent: every field with their words, nothing interpreted. A missing field is an empty one, so that a
/// form is never lost to a parser's complaint. Printing it shows nothing.
#[derive(Debug, Clone, Default)]
pub struct Submitted(Private<BTreeMap<String, String>>);

impl Submitted {
    /// Fields with these words, for samples and tests.
    pub fn of<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(Private::new(
            fields.into_iter().map(|(name, words)| (name.to_owned(), words.to_owned())).collect(),
        ))
    }

    /// The words of a field without the space around them; empty where there are none.
    pub fn text(&self, name: &str) -> &str {
        self.0.reveal().get(name).map_or("", |words| words.trim())
    }

    /// The words of a field as they are, for a password: the space around it is part of it.
    pub fn whole(&self, name: &str) -> &str {
        self.0.reveal().get(name).map_or("", String::as_str)
    }

    /// The same on one line: runs of white space and control signs are one space.
    pub fn line(&self, name: &str) -> String {
        let words = self.text(name).split(|sign: char| sign.is_whitespace() || sign.is_control());
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// Every field's name and words, for what hands all of them on.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.reveal().iter().map(|(name, words)| (name.as_str(), words.as_str()))
    }

    /// The fields of a form of several parts: the first value of a name stands.
    pub(crate) fn of_parts(parts: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut fields = BTreeMap::new();
        for (name, words) in parts {
            fields.entry(name).or_insert_with(|| words.replace("\r\n", "\n"));
        }
        Self(Private::new(fields))
    }

    pub(crate) fn parse(body: &[u8]) -> Self {
        let mut fields = BTreeMap::new();
        for (name, words) in form_urlencoded::parse(body) {
            // Browsers send line ends as CRLF. The first value of a name stands, so that nothing appended wins.
            fields.entry(name.into_owned()).or_insert_with(|| words.replace("\r\n", "\n"));
        }
        Self(Private::new(fields))
    }
}

impl<S: Send + Sync> FromRequest<S> for Submitted {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        if !is_a_form(request.headers()) {
            return Err(PageError::Unreadable);
        }
        let body = Bytes::from_request(request, state).await.map_err(|refused| {
            if refused.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
                PageError::TooLarge
            } else {
                PageError::Unreadable
            }
        })?;
        Ok(Self::parse(&body))
    }
}

/// Whether what comes with these headers is a form as browsers send it.
pub(crate) fn is_a_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    kind.split(';').next().map(str::trim) == Some("application/x-www-form-urlencoded")
}

/// The fields of an address, after `?`: every name with its value, in order.
pub fn fields(query: &str) -> Vec<(String, String)> {
    let fields = form_urlencoded::parse(query.as_bytes());
    fields.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// A text as the value of a field in an address.
pub fn in_a_query(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The page of ours that a field `back` in an address names, for after signing in; the one that everybody starts at where
/// it names none. Never a page of anybody else.
pub fn back_to(query: Option<&str>) -> String {
    let fields = form_urlencoded::parse(query.unwrap_or("").as_bytes());
    let back = fields.into_iter().find(|(name, _)| name == "back").map(|(_, back)| back.into_owned());
    back.filter(|back| is_our_own(back) && is_a_page(back)).unwrap_or_else(|| HOME.to_owned())
}

/// Whether somebody who has just signed in can be led there: not back to signing in, and not to what is only sent to.
fn is_a_page(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or("");
    !["sign-in", "sign-out", "welcome", "assets"].contains(&first)
}

/// Where whoever signed in begins.
pub const HOME: &str = "/today";

/// Whether a path leads to this very origin, whatever a browser makes of it: one slash first, and plain signs only, so
/// that nothing in it begins a host (`//host`, `/\\host`, a tab between them).
pub fn is_our_own(path: &str) -> bool {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "/-_.~".contains(sign);
    path.starts_with('/') && !path.starts_with("//") && path.chars().all(plain) && path.len() <= 200
}

/// The longest address that is gone back to.
const LONGEST_BACK: usize = 1_024;

/// Whether an address, with what follows its path, is of this portal: it begins with one slash, and holds nothing that a browser reads as
/// another beginning.
pub fn is_an_address_of_ours(back: &str) -> bool {
    let rest = back.strip_prefix('/');
    back.len() <= LONGEST_BACK
        && rest.is_some_and(|rest| !rest.starts_with(['/', '\\']))
        && back.chars().all(|sign| sign.is_ascii_graphic() && sign != '\\')
}

/// What is wrong with a form: for each field one sentence that says what to do, in the order of the fields. The
/// person's own words stay in the [`Submitted`] beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mistakes {
    lines: Vec<(&'static str, String)>,
    /// The heading of the summary and the word before each message, where they are not the English ones.
    spoken: Option<(String, String)>,
}

impl Mistakes {
    /// In another language: the heading of the summary, and the word that is read out before each message.
    #[must_use]
    pub fn spoken(self, heading: &str, before: &str) -> Self {
        let before = before.trim_end_matches([':', '：']).to_owned();
        Self { spoken: Some((heading.to_owned(), before)), ..self }
    }

    /// Adds what is wrong with the field of that id. The first thing said about a field stands.
    pub fn add(&mut self, field: &'static str, say: impl Into<String>) {
        if !self.lines.iter().any(|(known, _)| *known == field) {
            self.lines.push((field, say.into()));
        }
    }

    /// Adds what is wrong with no field: with the whole, as where somebody else was quicker.
    pub fn add_whole(&mut self, say: impl Into<String>) {
        self.add("", say);
    }

    /// Whether the form can be taken.
    pub fn none(&self) -> bool {
        self.lines.is_empty()
    }

    /// The message beside that field.
    pub fn beside(&self, field: &str) -> Option<ErrorMessage> {
        self.lines.iter().find(|(known, _)| *known == field).map(|(_, say)| {
            let message = ErrorMessage::new(say);
            match &self.spoken {
                Some((_, before)) => ErrorMessage { prefix: Some(before.clone()), ..message },
                None => message,
            }
        })
    }

    /// The summary at the top; none where nothing is wrong.
    pub fn summary(&self) -> Option<ErrorSummary> {
        let lines = self.lines.iter().map(|(field, say)| ErrorLine {
            content: say.render(),
            href: Some(format!("#{}", if field.is_empty() { "main-content" } else { field })),
        });
        (!self.none()).then(|| {
            let summary = ErrorSummary::new(lines.collect());
            match &self.spoken {
                Some((heading, _)) => ErrorSummary { title: heading.render(), ..summary },
                None => summary,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_keeps_every_word_and_prints_none() {
        let form = Submitted::parse(b"what=+two%0D%0Alines+&site=a&site=b&bad=%ff%00x");
        assert_eq!(form.text("what"), "two\nlines");
        assert_eq!(form.line("what"), "two lines");
        assert_eq!(form.whole("what"), " two\nlines ", "a password's blanks are its own");
        assert_eq!(form.text("site"), "a", "the first value of a name stands");
        assert_eq!(form.line("bad"), "\u{fffd} x");
        assert_eq!(form.text("missing"), "");
        assert!(!format!("{form:?}").contains("two"));
    }

    #[test]
    fn nobody_is_led_to_a_page_of_anybody_else() {
        for (query, page) in [
            (None, HOME),
            (Some(""), HOME),
            (Some("back=%2Fstaff%2Frequests%2FR-7KQ4M2HX"), "/staff/requests/R-7KQ4M2HX"),
            (Some("back=https%3A%2F%2Fother.example%2F"), HOME),
            (Some("back=%2F%2Fother.example"), HOME),
            (Some("back=%2F%5Cother.example"), HOME),
            (Some("back=%2F%09%2Fother.example"), HOME),
            (Some("back=%2Fa%3Fb"), HOME),
            (Some("back=javascript%3Aalert(1)"), HOME),
            (Some("back=%2Fsign-out"), HOME),
            (Some("back=%2Fsign-in%2Fagain"), HOME),
            (Some("back=%2Fwelcome%2FAAAA"), HOME),
            (Some("back=%2Fsign-outs"), "/sign-outs"),
        ] {
            assert_eq!(back_to(query), page, "{query:?}");
        }
    }

    #[test]
    fn whoever_chooses_a_language_goes_back_to_this_portal_alone() {
        for (back, ours) in [
            ("/", true),
            ("/why?t=abc", true),
            ("", false),
            ("//elsewhere.example", false),
            ("/\\elsewhere.example", false),
            ("https://elsewhere.example", false),
            ("/a\r\nSet-Cookie: x", false),
            ("/\tx", false),
        ] {
            assert_eq!(is_an_address_of_ours(back), ours, "{back:?}");
        }
        assert!(!is_an_address_of_ours(&format!("/{}", "a".repeat(LONGEST_BACK))));
    }

    #[test]
    fn a_mistake_is_said_at_the_top_and_beside_its_field() {
        let mut mistakes = Mistakes::default();
        assert!(mistakes.none() && mistakes.summary().is_none());
        mistakes.add("site", "Enter the site’s address");
        mistakes.add("site", "a later remark about the same field");
        let summary = mistakes.summary().unwrap().render().0;
        assert!(summary.contains("href=\"#site\"") && !summary.contains("later"), "{summary}");
        assert!(mistakes.beside("site").is_some() && mistakes.beside("why").is_none());
    }
}
