//! Words set apart from the rest of a page.

use maud::{Markup, Render, html};

use super::{Classes, classes, heading};
use crate::speech::say;

/// A consequence the reader must not overlook.
#[derive(Debug, Clone)]
pub struct WarningText {
    /// What it says.
    pub content: Markup,
    /// The word read out for the sign.
    pub sign: String,
    /// Extra classes.
    pub classes: Classes,
}

impl WarningText {
    /// A warning.
    pub fn new(content: impl Render) -> Self {
        Self { content: content.render(), sign: say("shell.warning"), classes: Classes::Borrowed("") }
    }
}

impl Render for WarningText {
    fn render(&self) -> Markup {
        html! {
            div class=(classes("govuk-warning-text", &[], &self.classes)) {
                span .govuk-warning-text__icon aria-hidden="true" { "!" }
                strong .govuk-warning-text__text {
                    span .govuk-visually-hidden { (self.sign) } " "
                    (self.content)
                }
            }
        }
    }
}

/// A quotation or an aside.
#[derive(Debug, Clone)]
pub struct InsetText {
    /// What it says.
    pub content: Markup,
    /// Its id.
    pub id: Option<String>,
    /// Extra classes.
    pub classes: Classes,
}

impl InsetText {
    /// An inset text.
    pub fn new(content: impl Render) -> Self {
        Self { content: content.render(), id: None, classes: Classes::Borrowed("") }
    }
}

impl Render for InsetText {
    fn render(&self) -> Markup {
        html! {
            div id=[self.id.as_deref()] class=(classes("govuk-inset-text", &[], &self.classes)) { (self.content) }
        }
    }
}

/// News about the page as a whole.
#[derive(Debug, Clone)]
pub struct NotificationBanner {
    /// What it says: whole markup; see [`NotificationBanner::saying`] for one line.
    pub content: Markup,
    /// Whether something the person did has worked.
    pub success: bool,
    /// Its heading; `Important` or `Success` by default.
    pub title: Option<Markup>,
    /// The level of its heading.
    pub title_level: u8,
    /// The id of its heading.
    pub title_id: String,
    /// Its role; `region`, or `alert` for a success.
    pub role: Option<String>,
    /// Extra classes.
    pub classes: Classes,
    /// Set to leave the focus where it is.
    pub keep_focus: Option<bool>,
}

impl NotificationBanner {
    /// A banner around markup.
    pub fn new(content: impl Render) -> Self {
        Self {
            content: content.render(),
            success: false,
            title: None,
            title_level: 2,
            title_id: "govuk-notification-banner-title".to_owned(),
            role: None,
            classes: Classes::Borrowed(""),
            keep_focus: None,
        }
    }

    /// A banner of one line.
    pub fn saying(line: impl Render) -> Self {
        Self::new(html! { p .govuk-notification-banner__heading { (line) } })
    }
}

impl Render for NotificationBanner {
    fn render(&self) -> Markup {
        let class = classes(
            "govuk-notification-banner",
            &[("govuk-notification-banner--success", self.success)],
            &self.classes,
        );
        let role = self.role.as_deref().unwrap_or(if self.success { "alert" } else { "region" });
        let default = if self.success { "shell.success" } else { "shell.important" };
        let title = self.title.clone().unwrap_or_else(|| say(default).render());
        html! {
            div class=(class) role=(role) aria-labelledby=(self.title_id) data-module="govuk-notification-banner"
                data-disable-auto-focus=[self.keep_focus] {
                div .govuk-notification-banner__header {
                    (heading(self.title_level, "govuk-notification-banner__title", Some(&self.title_id), &title))
                }
                div .govuk-notification-banner__content { (self.content) }
            }
        }
    }
}

/// Says that something is done. Its title is the page's heading.
#[derive(Debug, Clone)]
pub struct Panel {
    /// What is done.
    pub title: Markup,
    /// What goes with it, as a reference.
    pub content: Option<Markup>,
    /// The level of its heading.
    pub level: u8,
    /// Extra classes.
    pub classes: Classes,
}

impl Panel {
    /// A panel.
    pub fn new(title: impl Render) -> Self {
        Self { title: title.render(), content: None, level: 1, classes: Classes::Borrowed("") }
    }
}

impl Render for Panel {
    fn render(&self) -> Markup {
        let plain = !self.classes.contains("govuk-panel--interruption");
        html! {
            div class=(classes("govuk-panel", &[("govuk-panel--confirmation", plain)], &self.classes)) {
                (heading(self.level, "govuk-panel__title", None, &self.title))
                @if let Some(content) = &self.content { div .govuk-panel__body { (content) } }
            }
        }
    }
}

/// What some readers want and most do not. The browser opens and closes it without a script.
#[derive(Debug, Clone)]
pub struct Details {
    /// What it is about.
    pub summary: Markup,
    /// What it says.
    pub content: Markup,
    /// Its id.
    pub id: Option<String>,
    /// Whether it begins open.
    pub open: bool,
    /// Extra classes.
    pub classes: Classes,
}

impl Details {
    /// Closed details.
    pub fn new(summary: impl Render, content: impl Render) -> Self {
        Self {
            summary: summary.render(),
            content: content.render(),
            id: None,
            open: false,
            classes: Classes::Borrowed(""),
        }
    }
}

impl Render for Details {
    fn render(&self) -> Markup {
        html! {
            details id=[self.id.as_deref()] class=(classes("govuk-details", &[], &self.classes)) open[self.open] {
                summary .govuk-details__summary {
                    span .govuk-details__summary-text { (self.summary) }
                }
                div .govuk-details__text { (self.content) }
            }
        }
    }
}

/// A state in one word.
#[derive(Debug, Clone)]
pub struct Tag {
    /// The word.
    pub content: Markup,
    /// Extra classes, as `govuk-tag--green`. The colour alone says nothing.
    pub classes: Classes,
}

impl Tag {
    /// A tag of that colour class.
    pub fn new(content: impl Render, classes: impl Into<Classes>) -> Self {
        Self { content: content.render(), classes: classes.into() }
    }
}

impl Render for Tag {
    fn render(&self) -> Markup {
        html! { strong class=(classes("govuk-tag", &[], &self.classes)) { (self.content) } }
    }
}

/// Says how finished the service is.
#[derive(Debug, Clone)]
pub struct PhaseBanner {
    /// The phase.
    pub tag: Tag,
    /// What it means for the reader.
    pub content: Markup,
    /// Extra classes.
    pub classes: Classes,
}

impl Render for PhaseBanner {
    fn render(&self) -> Markup {
        let tag = Tag {
            content: self.tag.content.clone(),
            classes: classes("govuk-phase-banner__content__tag", &[], &self.tag.classes).into(),
        };
        html! {
            div class=(classes("govuk-phase-banner govuk-width-container", &[], &self.classes)) {
                p .govuk-phase-banner__content {
                    (tag) " "
                    span .govuk-phase-banner__text { (self.content) }
                }
            }
        }
    }
}
