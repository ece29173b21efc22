//! "Who sees what I do?", for everyone, in a hundred words at three reading ages.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use maud::html;
use serde::Deserialize;
use web::Page;

use super::Portal;
use super::views::back;

const BUILT_IN: &str = include_str!("../../../../content/who-sees.toml");
/// What stands in a text for how long the activity log is kept.
const DAYS: &str = "{days}";

pub(super) fn routes() -> Router<Portal> {
    Router::new().route("/who-sees", get(show))
}

/// The same at one reading age.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Its id, for links to it.
    pub id: String,
    /// For whom.
    pub title: String,
    /// What to say before it; empty for nothing.
    pub about: String,
    /// The words.
    pub paragraphs: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "source")]
    _source: String,
    text: Vec<Text>,
}

/// The texts that are compiled in, for the youngest first.
pub fn texts() -> &'static [Text] {
    static TEXTS: LazyLock<Vec<Text>> =
        LazyLock::new(|| toml::from_str::<File>(BUILT_IN).map(|file| file.text).unwrap_or_default());
    &TEXTS
}

async fn show(State(portal): State<Portal>) -> Response {
    portal.respond(&page(portal.keep_days))
}

/// The page of a school that keeps its activity log for so many days.
pub fn page(keep_days: u32) -> Page {
    let title = "Who sees what I do?";
    let days = keep_days.to_string();
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { "The same thing, told three times. Read the one you like best." }
            @for text in texts() {
                h2 .govuk-heading-m id=(text.id) { (text.title) }
                @if !text.about.is_empty() { p .govuk-body { em { (text.about) } } }
                @for paragraph in &text.paragraphs { p .govuk-body { (paragraph.replace(DAYS, &days)) } }
            }
            h2 .govuk-heading-m { "If you want to talk to somebody" }
            p .govuk-body { a .govuk-link href="/help" { "Get help" } ". Nobody is shown that you did." }
        },
    )
    .before(back())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_three_reading_ages_is_told_in_a_hundred_words() {
        let file: File = toml::from_str(BUILT_IN).unwrap();
        assert_eq!(
            file.text.iter().map(|text| text.id.as_str()).collect::<Vec<_>>(),
            ["young", "older", "adult"]
        );
        for text in &file.text {
            let words = text.paragraphs.iter().flat_map(|paragraph| paragraph.split_whitespace()).count();
            assert!((80..=100).contains(&words), "{} has {words} words", text.id);
            assert!(text.paragraphs.iter().any(|paragraph| paragraph.contains(DAYS)), "{}", text.id);
        }
    }

    #[test]
    fn the_youngest_are_told_in_short_sentences_and_short_words() {
        let Some(young) = texts().first() else { panic!("there are no texts") };
        for sentence in young.paragraphs.iter().flat_map(|paragraph| paragraph.split_terminator(['.', '?'])) {
            assert!(sentence.split_whitespace().count() <= 20, "{sentence}");
        }
        let letters = |word: &str| word.chars().filter(|sign| sign.is_alphabetic()).count();
        let long = young
            .paragraphs
            .iter()
            .flat_map(|paragraph| paragraph.split_whitespace())
            .filter(|word| letters(word) > 9);
        assert!(long.count() <= 1, "long words");
    }
}
