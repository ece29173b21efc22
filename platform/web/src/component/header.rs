//! The header for services outside GOV.UK: no crown, no logotype.

use maud::{Markup, Render, html};

use super::{Classes, classes};

/// The generic header.
#[derive(Debug, Clone)]
pub struct GenericHeader {
    /// The name of the service.
    pub logo: Markup,
    /// Where the name leads.
    pub href: String,
    /// Extra classes.
    pub classes: Classes,
    /// Replaces the classes of the container.
    pub container_classes: Option<String>,
}

impl GenericHeader {
    /// A header with this name that leads to the first page.
    pub fn new(logo: impl Render) -> Self {
        Self {
            logo: logo.render(),
            href: "/".to_owned(),
            classes: Classes::Borrowed(""),
            container_classes: None,
        }
    }
}

impl Render for GenericHeader {
    fn render(&self) -> Markup {
        let container = self.container_classes.as_deref().unwrap_or("govuk-width-container");
        html! {
            div class=(classes("govuk-generic-header", &[], &self.classes)) {
                div class=(classes("govuk-generic-header__container", &[], container)) {
                    div .govuk-generic-header__logo {
                        a .govuk-generic-header__homepage-link href=(self.href) { (self.logo) }
                    }
                }
            }
        }
    }
}
