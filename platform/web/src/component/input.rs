//! One line of text.

use maud::{Markup, Render, html};

use super::field::{described, form_group};
use super::{Classes, ErrorMessage, Hint, Label, classes};

/// A sign before or after the field, as `£`. Not read out: the label must say it too.
#[derive(Debug, Clone)]
pub struct Affix {
    /// The sign.
    pub content: Markup,
    /// Extra classes.
    pub classes: Classes,
}

/// One line of text.
#[derive(Debug, Clone)]
pub struct Input {
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
    /// What stands in it: after a failed form, the person's own words.
    pub value: Option<String>,
    /// `text`, `email`, `url`…
    pub kind: String,
    /// Extra classes of the field.
    pub classes: Classes,
    /// Extra classes of the group around it.
    pub group_classes: Classes,
    /// Ids of what else describes it.
    pub described_by: Option<String>,
    /// What a browser may fill in.
    pub autocomplete: Option<String>,
    /// Whether the browser makes capitals.
    pub autocapitalize: Option<String>,
    /// The keyboard to show.
    pub inputmode: Option<String>,
    /// A pattern the browser checks.
    pub pattern: Option<String>,
    /// Whether the browser checks spelling.
    pub spellcheck: Option<bool>,
    /// Whether it is disabled.
    pub disabled: bool,
    /// A sign before it.
    pub prefix: Option<Affix>,
    /// A sign after it.
    pub suffix: Option<Affix>,
    /// Extra classes of the wrapper that signs bring.
    pub wrapper_classes: Classes,
}

impl Input {
    /// An empty field of that name, whose id is its name.
    pub fn new(name: impl Into<String>, label: Label) -> Self {
        let name = name.into();
        Self {
            id: name.clone(),
            name,
            label,
            hint: None,
            error: None,
            value: None,
            kind: "text".to_owned(),
            classes: Classes::Borrowed(""),
            group_classes: Classes::Borrowed(""),
            described_by: None,
            autocomplete: None,
            autocapitalize: None,
            inputmode: None,
            pattern: None,
            spellcheck: None,
            disabled: false,
            prefix: None,
            suffix: None,
            wrapper_classes: Classes::Borrowed(""),
        }
    }
}

impl Render for Input {
    fn render(&self) -> Markup {
        let (before, described_by) =
            described(&self.id, self.described_by.as_deref(), self.hint.as_ref(), self.error.as_ref());
        let class = classes("govuk-input", &[], &self.classes);
        let class = classes(&class, &[("govuk-input--error", self.error.is_some())], "");
        let field = html! {
            input class=(class) id=(self.id) name=(self.name) type=(self.kind) spellcheck=[self.spellcheck]
                value=[self.value.as_deref()] disabled[self.disabled] aria-describedby=[described_by]
                autocomplete=[self.autocomplete.as_deref()] autocapitalize=[self.autocapitalize.as_deref()]
                pattern=[self.pattern.as_deref()] inputmode=[self.inputmode.as_deref()];
        };
        let content = html! {
            (self.label.of(Some(&self.id)))
            (before)
            @if self.prefix.is_some() || self.suffix.is_some() {
                div class=(classes("govuk-input__wrapper", &[], &self.wrapper_classes)) {
                    @if let Some(affix) = &self.prefix { (sign("govuk-input__prefix", affix)) }
                    (field)
                    @if let Some(affix) = &self.suffix { (sign("govuk-input__suffix", affix)) }
                }
            } @else {
                (field)
            }
        };
        form_group(self.error.is_some(), &self.group_classes, &content)
    }
}

fn sign(base: &str, affix: &Affix) -> Markup {
    html! {
        div class=(classes(base, &[], &affix.classes)) aria-hidden="true" { (affix.content) }
    }
}
