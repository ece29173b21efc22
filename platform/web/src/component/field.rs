//! What surrounds a field: its label, its hint, its message, and the group of several.

use maud::{Markup, Render, html};

use super::{Classes, ErrorMessage, classes};

/// A field's label.
#[derive(Debug, Clone)]
pub struct Label {
    /// What it says.
    pub content: Markup,
    /// Extra classes.
    pub classes: Classes,
    /// Whether it is the page's only heading.
    pub is_page_heading: bool,
}

impl Label {
    /// A label.
    pub fn new(content: impl Render) -> Self {
        Self { content: content.render(), classes: Classes::Borrowed(""), is_page_heading: false }
    }

    /// The label of the field with that id.
    pub fn of(&self, id: Option<&str>) -> Markup {
        if self.content.0.is_empty() {
            return Markup::default();
        }
        let label = html! {
            label class=(classes("govuk-label", &[], &self.classes)) for=[id] { (self.content) }
        };
        html! {
            @if self.is_page_heading { h1 .govuk-label-wrapper { (label) } } @else { (label) }
        }
    }
}

/// A sentence of help below a label.
#[derive(Debug, Clone)]
pub struct Hint {
    /// What it says.
    pub content: Markup,
    /// Its id, which the field names in `aria-describedby`.
    pub id: Option<String>,
    /// Extra classes.
    pub classes: Classes,
}

impl Hint {
    /// A hint.
    pub fn new(content: impl Render) -> Self {
        Self { content: content.render(), id: None, classes: Classes::Borrowed("") }
    }
}

impl Render for Hint {
    fn render(&self) -> Markup {
        html! {
            div id=[self.id.as_deref()] class=(classes("govuk-hint", &[], &self.classes)) { (self.content) }
        }
    }
}

/// What a group of fields is about.
#[derive(Debug, Clone)]
pub struct Legend {
    /// What it says.
    pub content: Markup,
    /// Extra classes.
    pub classes: Classes,
    /// Whether it is the page's only heading.
    pub is_page_heading: bool,
}

impl Legend {
    /// A legend.
    pub fn new(content: impl Render) -> Self {
        Self { content: content.render(), classes: Classes::Borrowed(""), is_page_heading: false }
    }
}

/// Fields that belong together.
#[derive(Debug, Clone, Default)]
pub struct Fieldset {
    /// What they are about.
    pub legend: Option<Legend>,
    /// Ids of what describes the whole group.
    pub described_by: Option<String>,
    /// Extra classes.
    pub classes: Classes,
    /// A role, as `group`.
    pub role: Option<String>,
    /// The fields.
    pub content: Markup,
}

impl Render for Fieldset {
    fn render(&self) -> Markup {
        html! {
            fieldset class=(classes("govuk-fieldset", &[], &self.classes)) role=[self.role.as_deref()]
                aria-describedby=[self.described_by.as_deref()] {
                @if let Some(legend) = &self.legend {
                    legend class=(classes("govuk-fieldset__legend", &[], &legend.classes)) {
                        @if legend.is_page_heading {
                            h1 .govuk-fieldset__heading { (legend.content) }
                        } @else {
                            (legend.content)
                        }
                    }
                }
                (self.content)
            }
        }
    }
}

/// Hint and message of a field as they stand before it, and the ids it names in `aria-describedby`.
pub(super) fn described(
    id: &str,
    described_by: Option<&str>,
    hint: Option<&Hint>,
    error: Option<&ErrorMessage>,
) -> (Markup, Option<String>) {
    let mut ids: Vec<String> = described_by.map(str::to_owned).into_iter().collect();
    let hint = hint.map(|hint| Hint { id: Some(format!("{id}-hint")), ..hint.clone() });
    let error = error.map(|error| ErrorMessage { id: Some(format!("{id}-error")), ..error.clone() });
    ids.extend(hint.iter().filter_map(|hint| hint.id.clone()));
    ids.extend(error.iter().filter_map(|error| error.id.clone()));
    let markup = html! {
        @if let Some(hint) = &hint { (hint) }
        @if let Some(error) = &error { (error) }
    };
    (markup, (!ids.is_empty()).then(|| ids.join(" ")))
}

/// The group around one field.
pub(super) fn form_group(failed: bool, extra: &str, content: &Markup) -> Markup {
    html! {
        div class=(classes("govuk-form-group", &[("govuk-form-group--error", failed)], extra)) { (content) }
    }
}
