//! A field for a password, with a button that shows what was typed where scripts run.

use maud::{Markup, Render, html};

use super::field::described;
use super::{Classes, ErrorMessage, Hint, Label, classes};
use crate::speech::say;

/// A field for a password. What was typed never comes back in a page.
#[derive(Debug, Clone)]
pub struct PasswordInput {
    /// Its id, which a summary links to.
    pub id: String,
    /// Its name in the form.
    pub name: String,
    /// Its label.
    pub label: Label,
    /// Help below the label.
    pub hint: Option<Hint>,
    /// What is wrong with it.
    pub error: Option<ErrorMessage>,
    /// Extra classes of the field.
    pub classes: Classes,
    /// Ids of what else describes it.
    pub described_by: Option<String>,
    /// What a browser's keeper of passwords may do: `current-password` or `new-password`.
    pub autocomplete: &'static str,
    /// The button's words in another language.
    pub words: Option<ShowWords>,
}

/// What the button says, in other words than the script's own English ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShowWords {
    /// `Show`.
    pub show: String,
    /// `Hide`.
    pub hide: String,
    /// `Show password`, for who cannot see the field beside it.
    pub show_label: String,
    /// `Hide password`, the same.
    pub hide_label: String,
    /// Read out once it is shown.
    pub shown: String,
    /// Read out once it is hidden.
    pub hidden: String,
}

impl ShowWords {
    /// What is said in the language that is spoken; `None` where that is what the script says by itself.
    fn here() -> Option<Self> {
        let english = words::Say::default();
        let of = |label: &dyn Fn(&str) -> String| Self {
            show: label("shell.show"),
            hide: label("shell.hide"),
            show_label: label("shell.show-password"),
            hide_label: label("shell.hide-password"),
            shown: label("shell.password-shown"),
            hidden: label("shell.password-hidden"),
        };
        let (here, scripts) = (of(&say), of(&|key: &str| english.say(key).to_owned()));
        (here != scripts).then_some(here)
    }
}

impl PasswordInput {
    /// A field of that name for the password that somebody has, whose id is its name.
    pub fn new(name: impl Into<String>, label: Label) -> Self {
        let name = name.into();
        Self {
            id: name.clone(),
            name,
            label,
            hint: None,
            error: None,
            classes: Classes::Borrowed(""),
            described_by: None,
            autocomplete: "current-password",
            words: ShowWords::here(),
        }
    }
}

impl Render for PasswordInput {
    fn render(&self) -> Markup {
        let (before, described_by) =
            described(&self.id, self.described_by.as_deref(), self.hint.as_ref(), self.error.as_ref());
        let class = classes(
            "govuk-input govuk-password-input__input govuk-js-password-input-input",
            &[],
            &self.classes,
        );
        let failed = self.error.is_some();
        let class = classes(&class, &[("govuk-input--error", failed)], "");
        let group =
            classes("govuk-form-group", &[("govuk-form-group--error", failed)], "govuk-password-input");
        let words = self.words.as_ref();
        let (show, label) =
            words.map_or(("Show", "Show password"), |words| (words.show.as_str(), words.show_label.as_str()));
        html! {
            div class=(group) data-module="govuk-password-input"
                "data-i18n.show-password"=[words.map(|words| &words.show)]
                "data-i18n.hide-password"=[words.map(|words| &words.hide)]
                "data-i18n.show-password-aria-label"=[words.map(|words| &words.show_label)]
                "data-i18n.hide-password-aria-label"=[words.map(|words| &words.hide_label)]
                "data-i18n.password-shown-announcement"=[words.map(|words| &words.shown)]
                "data-i18n.password-hidden-announcement"=[words.map(|words| &words.hidden)] {
                (self.label.of(Some(&self.id)))
                (before)
                div .govuk-input__wrapper .govuk-password-input__wrapper {
                    input class=(class) id=(self.id) name=(self.name) type="password" spellcheck="false"
                        aria-describedby=[described_by] autocomplete=(self.autocomplete) autocapitalize="none";
                    button type="button"
                        class="govuk-button govuk-button--secondary govuk-password-input__toggle \
                               govuk-js-password-input-toggle"
                        data-module="govuk-button" aria-controls=(self.id) aria-label=(label) hidden {
                        (show)
                    }
                }
            }
        }
    }
}
