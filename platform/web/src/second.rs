//! What several forms share: words that somebody must write, and the answer of a second person.

use maud::{Markup, Render, html};

use crate::component::{Button, Hint, Label, Textarea};
use crate::{Mistakes, Submitted, filled};

/// The longest words that anybody is asked for, in signs.
pub const LONGEST_WORDS: usize = 2_000;

/// The field of the second person's words who agrees.
pub const AGREEMENT: &str = "agreement";
/// The field of the second person's words who does not.
pub const DISAGREEMENT: &str = "disagreement";

/// An error's words as a sentence of their own.
pub fn sentence(words: &str) -> String {
    let mut signs = words.chars();
    signs.next().map_or_else(String::new, |first| first.to_uppercase().chain(signs).collect())
}

/// Minds that a field has words, and not too many; `empty` is said where it has none.
pub fn checked_words(form: &Submitted, field: &'static str, empty: &str, mistakes: &mut Mistakes) {
    let words = form.text(field);
    if words.is_empty() {
        mistakes.add(field, empty);
    } else if words.chars().count() > LONGEST_WORDS {
        mistakes.add(field, filled!("common.shorten-this", n = LONGEST_WORDS));
    }
}

/// A field for words, with what was written in it and what was wrong with that.
pub fn words_field(
    id: &'static str,
    label: impl Into<String>,
    hint: impl Into<String>,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Textarea {
    let hint = hint.into();
    Textarea {
        hint: (!hint.is_empty()).then(|| Hint::new(hint)),
        error: mistakes.beside(id),
        value: form.text(id).to_owned(),
        rows: 3,
        ..Textarea::new(id, Label::new(label.into()))
    }
}

/// What a second person is asked: to agree to what is proposed, or not, each with words. The form names the proposal that it was made for,
/// so that nobody agrees to what they were not shown.
#[derive(Debug)]
pub struct SecondPerson<'a> {
    /// The page that answers below it, as in `/staff/requests/R-7`: at `…/agreement` and `…/disagreement`.
    pub page: &'a str,
    /// The proposal's id.
    pub proposal: String,
    /// What the words of whoever agrees are asked by, with a hint that may be empty, and the button.
    pub agree: [String; 3],
    /// The same of whoever does not.
    pub disagree: [String; 3],
    /// What was written.
    pub form: &'a Submitted,
    /// What was wrong with it.
    pub mistakes: &'a Mistakes,
}

impl Render for SecondPerson<'_> {
    fn render(&self) -> Markup {
        let answer = |field: &'static str, [label, hint, button]: &[String; 3], classes: &'static str| {
            let button = Button { once: Some(true), classes: classes.into(), ..Button::new(button.as_str()) };
            html! {
                form method="post" action={ (self.page) "/" (field) } novalidate {
                    input type="hidden" name="proposal" value=(self.proposal);
                    (words_field(field, label.as_str(), hint.as_str(), self.form, self.mistakes))
                    (button)
                }
            }
        };
        html! {
            (answer(AGREEMENT, &self.agree, ""))
            (answer(DISAGREEMENT, &self.disagree, "govuk-button--secondary"))
        }
    }
}

/// Taking back what one proposed.
pub fn take_back(page: &str, button: impl Into<String>) -> Markup {
    let button =
        Button { once: Some(true), classes: "govuk-button--secondary".into(), ..Button::new(button.into()) };
    html! { form method="post" action={ (page) "/withdrawal" } novalidate { (button) } }
}
