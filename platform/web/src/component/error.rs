//! What is wrong with a form: beside the field, and gathered at the top of the page.

use maud::{Markup, Render, html};

use super::{Classes, classes};
use crate::speech::say;

/// The message beside one field.
#[derive(Debug, Clone)]
pub struct ErrorMessage {
    /// What to do, as a sentence.
    pub content: Markup,
    /// Its id, which the field names in `aria-describedby`.
    pub id: Option<String>,
    /// Extra classes.
    pub classes: Classes,
    /// The word read out before it; none for none.
    pub prefix: Option<String>,
}

impl ErrorMessage {
    /// A message.
    pub fn new(content: impl Render) -> Self {
        Self {
            content: content.render(),
            id: None,
            classes: Classes::Borrowed(""),
            prefix: Some(say("shell.error")),
        }
    }
}

impl Render for ErrorMessage {
    fn render(&self) -> Markup {
        html! {
            p id=[self.id.as_deref()] class=(classes("govuk-error-message", &[], &self.classes)) {
                @if let Some(prefix) = &self.prefix {
                    span .govuk-visually-hidden { (prefix) ":" } " "
                }
                (self.content)
            }
        }
    }
}

/// One line of a summary: a link to its field where there is one.
#[derive(Debug, Clone)]
pub struct ErrorLine {
    /// The same sentence as beside the field.
    pub content: Markup,
    /// `#` and the field's id.
    pub href: Option<String>,
}

/// Everything that is wrong, at the top of the page. Takes the focus when the page opens: with a script at once,
/// without one because it is the first thing after the skip link and the page's title begins with "Error".
#[derive(Debug, Clone)]
pub struct ErrorSummary {
    /// Its heading.
    pub title: Markup,
    /// A sentence below the heading.
    pub description: Option<Markup>,
    /// The lines.
    pub lines: Vec<ErrorLine>,
    /// Extra classes.
    pub classes: Classes,
    /// Set to leave the focus where it is.
    pub keep_focus: Option<bool>,
}

impl ErrorSummary {
    /// A summary of these lines.
    pub fn new(lines: Vec<ErrorLine>) -> Self {
        Self {
            title: say("page.problem").render(),
            description: None,
            lines,
            classes: Classes::Borrowed(""),
            keep_focus: None,
        }
    }
}

impl Render for ErrorSummary {
    fn render(&self) -> Markup {
        html! {
            div class=(classes("govuk-error-summary", &[], &self.classes))
                data-disable-auto-focus=[self.keep_focus] data-module="govuk-error-summary" {
                div role="alert" {
                    h2 .govuk-error-summary__title { (self.title) }
                    div .govuk-error-summary__body {
                        @if let Some(description) = &self.description { p { (description) } }
                        @if !self.lines.is_empty() {
                            ul .govuk-list.govuk-error-summary__list {
                                @for line in &self.lines {
                                    li {
                                        @match &line.href {
                                            Some(href) => a href=(href) { (line.content) },
                                            None => (line.content),
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
