//! Buttons, and links that look like one.

use maud::{Markup, Render, html};

use super::{Classes, classes};

/// What a button is in HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ButtonKind {
    /// Sends its form.
    Submit,
    /// Does nothing without a script. Fivebar's pages work without; it is here to be complete.
    Plain,
    /// Empties its form.
    Reset,
    /// A link to the address that looks like a button.
    Link(String),
}

/// A button.
#[derive(Debug, Clone)]
pub struct Button {
    /// What it says.
    pub content: Markup,
    /// What it is.
    pub kind: ButtonKind,
    /// Extra classes, as `govuk-button--secondary`.
    pub classes: Classes,
    /// Its id.
    pub id: Option<String>,
    /// Its name in the form.
    pub name: Option<String>,
    /// Its value in the form.
    pub value: Option<String>,
    /// Whether it is disabled; prefer an explanation.
    pub disabled: bool,
    /// Whether it starts a journey, and shows an arrow.
    pub start: bool,
    /// Whether a second press shortly after the first is ignored.
    pub once: Option<bool>,
    /// Whether the content is more than text, which a start button wraps.
    pub rich: bool,
}

impl Button {
    /// A button that sends its form.
    pub fn new(content: impl Render) -> Self {
        Self {
            content: content.render(),
            kind: ButtonKind::Submit,
            classes: Classes::Borrowed(""),
            id: None,
            name: None,
            value: None,
            disabled: false,
            start: false,
            once: None,
            rich: false,
        }
    }

    /// A link that looks like a button.
    pub fn link(content: impl Render, href: impl Into<String>) -> Self {
        Self { kind: ButtonKind::Link(href.into()), ..Self::new(content) }
    }
}

impl Render for Button {
    fn render(&self) -> Markup {
        let class = classes("govuk-button", &[], &self.classes);
        let class = classes(&class, &[("govuk-button--start", self.start)], "");
        let content = html! {
            @if self.start && self.rich { span { (self.content) } } @else { (self.content) }
            @if self.start {
                svg class="govuk-button__start-icon" xmlns="http://www.w3.org/2000/svg" width="17.5" height="19"
                    viewBox="0 0 33 40" aria-hidden="true" focusable="false" {
                    path fill="currentColor" d="M0 0h13l20 20-20 20H0l20-20z" {}
                }
            }
        };
        let kind = match &self.kind {
            ButtonKind::Link(href) => {
                return html! {
                    a href=(href) role="button" draggable="false" class=(class) data-module="govuk-button"
                        id=[self.id.as_deref()] { (content) }
                };
            }
            ButtonKind::Submit => "submit",
            ButtonKind::Plain => "button",
            ButtonKind::Reset => "reset",
        };
        html! {
            button type=(kind) value=[self.value.as_deref()] name=[self.name.as_deref()] disabled[self.disabled]
                aria-disabled=[self.disabled.then_some("true")] data-prevent-double-click=[self.once]
                class=(class) data-module="govuk-button" id=[self.id.as_deref()] { (content) }
        }
    }
}
