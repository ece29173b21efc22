//! One of many.

use maud::{Markup, Render, html};

use super::field::{described, form_group};
use super::{Classes, ErrorMessage, Hint, Label, classes};

/// One answer of many.
#[derive(Debug, Clone)]
pub struct Choice {
    /// What it says.
    pub content: Markup,
    /// Its value in the form; its words where it has none.
    pub value: Option<String>,
    /// Whether it is chosen.
    pub selected: bool,
    /// Whether it is disabled.
    pub disabled: bool,
}

impl Choice {
    /// An answer that is not chosen.
    pub fn new(value: impl Into<String>, content: impl Render) -> Self {
        Self { content: content.render(), value: Some(value.into()), selected: false, disabled: false }
    }
}

/// One of many. Radios are easier where there are few.
#[derive(Debug, Clone)]
pub struct Select {
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
    /// The answers.
    pub items: Vec<Choice>,
    /// Extra classes of the field.
    pub classes: Classes,
    /// Extra classes of the group around it.
    pub group_classes: Classes,
    /// Ids of what else describes it.
    pub described_by: Option<String>,
    /// Whether it is disabled.
    pub disabled: bool,
}

impl Select {
    /// A question with its answers; `chosen` is the value that stands.
    pub fn new(name: impl Into<String>, label: Label, items: Vec<Choice>, chosen: &str) -> Self {
        let name = name.into();
        let items = items.into_iter().map(|item| {
            let selected = item.selected || (!chosen.is_empty() && item.value.as_deref() == Some(chosen));
            Choice { selected, ..item }
        });
        Self {
            id: name.clone(),
            name,
            label,
            hint: None,
            error: None,
            items: items.collect(),
            classes: Classes::Borrowed(""),
            group_classes: Classes::Borrowed(""),
            described_by: None,
            disabled: false,
        }
    }
}

impl Render for Select {
    fn render(&self) -> Markup {
        let (before, described_by) =
            described(&self.id, self.described_by.as_deref(), self.hint.as_ref(), self.error.as_ref());
        let class = classes("govuk-select", &[], &self.classes);
        let class = classes(&class, &[("govuk-select--error", self.error.is_some())], "");
        let content = html! {
            (self.label.of(Some(&self.id)))
            (before)
            select class=(class) id=(self.id) name=(self.name) disabled[self.disabled]
                aria-describedby=[described_by] {
                @for item in &self.items {
                    option value=[item.value.as_deref()] selected[item.selected] disabled[item.disabled] {
                        (item.content)
                    }
                }
            }
        };
        form_group(self.error.is_some(), &self.group_classes, &content)
    }
}
