//! What the two forms and the two pages read alike.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use web::{Mistakes, PageError, Submitted};
use words::Say;

use crate::reference::Reference;
use crate::site::Site;
use crate::site_request::views::EXAMPLE;

/// The longest words that are taken, in characters.
pub(crate) const LONGEST_WORDS: usize = 2_000;

/// The site in the field `site`, or what is wrong with it; the label `empty` is said where there is nothing.
pub(crate) fn typed_site(say: &Say, form: &Submitted, mistakes: &mut Mistakes, empty: &str) -> Option<Site> {
    let typed = form.line("site");
    let site = Site::typed(&typed);
    if typed.is_empty() {
        mistakes.add("site", say.say(empty));
    } else if site.is_none() {
        mistakes.add("site", say.fill("form.no-site", &[("site", EXAMPLE)]));
    }
    site
}

/// That what somebody wrote is too long.
pub(crate) fn too_long(say: &Say) -> String {
    say.fill("form.too-long", &[("n", &LONGEST_WORDS.to_string())])
}

/// The reference in a page's address. What is none is a page that is not there.
pub(crate) fn reference(path: Result<Path<String>, PathRejection>) -> Result<Reference, PageError> {
    let Path(text) = path.map_err(|_| PageError::NotFound)?;
    text.parse().map_err(|_| PageError::NotFound)
}
