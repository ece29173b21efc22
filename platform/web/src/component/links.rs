//! Where a person is, and the ways back.

use maud::{Markup, Render, html};

use super::{Classes, classes};
use crate::speech::say;

/// The way to the page before.
#[derive(Debug, Clone)]
pub struct BackLink {
    /// What it says.
    pub content: Markup,
    /// Where it leads.
    pub href: String,
    /// Extra classes.
    pub classes: Classes,
}

impl BackLink {
    /// A link back to `href`.
    pub fn new(href: impl Into<String>) -> Self {
        Self { content: say("page.back").render(), href: href.into(), classes: Classes::Borrowed("") }
    }
}

impl Render for BackLink {
    fn render(&self) -> Markup {
        html! { a href=(self.href) class=(classes("govuk-back-link", &[], &self.classes)) { (self.content) } }
    }
}

/// The way past the header, for keyboards.
#[derive(Debug, Clone)]
pub struct SkipLink {
    /// What it says.
    pub content: Markup,
    /// `#` and the id of the main part.
    pub href: String,
    /// Extra classes.
    pub classes: Classes,
}

impl SkipLink {
    /// A link to the part with that id.
    pub fn new(content: impl Render, href: impl Into<String>) -> Self {
        Self { content: content.render(), href: href.into(), classes: Classes::Borrowed("") }
    }
}

impl Render for SkipLink {
    fn render(&self) -> Markup {
        html! {
            a href=(self.href) class=(classes("govuk-skip-link", &[], &self.classes))
                data-module="govuk-skip-link" { (self.content) }
        }
    }
}

/// One step of the way.
#[derive(Debug, Clone)]
pub struct Crumb {
    /// What it says.
    pub content: Markup,
    /// Where it leads; none for the page itself.
    pub href: Option<String>,
}

/// The way from the first page to this one.
#[derive(Debug, Clone)]
pub struct Breadcrumbs {
    /// The steps.
    pub crumbs: Vec<Crumb>,
    /// Whether small screens see only first and last.
    pub collapse: bool,
    /// Extra classes.
    pub classes: Classes,
    /// What the landmark is called.
    pub label: String,
}

impl Breadcrumbs {
    /// The way through these steps.
    pub fn new(crumbs: Vec<Crumb>) -> Self {
        Self { crumbs, collapse: false, classes: Classes::Borrowed(""), label: say("shell.breadcrumb") }
    }
}

impl Render for Breadcrumbs {
    fn render(&self) -> Markup {
        let class = classes("govuk-breadcrumbs", &[], &self.classes);
        let class = classes(&class, &[("govuk-breadcrumbs--collapse-on-mobile", self.collapse)], "");
        html! {
            nav class=(class) aria-label=(self.label) {
                ol .govuk-breadcrumbs__list {
                    @for crumb in &self.crumbs {
                        @match &crumb.href {
                            Some(href) => li .govuk-breadcrumbs__list-item {
                                a .govuk-breadcrumbs__link href=(href) { (crumb.content) }
                            },
                            None => li .govuk-breadcrumbs__list-item aria-current="page" { (crumb.content) },
                        }
                    }
                }
            }
        }
    }
}
