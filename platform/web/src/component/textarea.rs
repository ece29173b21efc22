//! Several lines of text.

use maud::{Markup, Render, html};

use super::field::{described, form_group};
use super::{Classes, ErrorMessage, Hint, Label, classes};

/// Several lines of text.
#[derive(Debug, Clone)]
pub struct Textarea {
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
    pub value: String,
    /// How many lines it shows.
    pub rows: u32,
    /// Extra classes of the field.
    pub classes: Classes,
    /// Extra classes of the group around it.
    pub group_classes: Classes,
    /// Ids of what else describes it.
    pub described_by: Option<String>,
    /// What a browser may fill in.
    pub autocomplete: Option<String>,
    /// Whether the browser checks spelling.
    pub spellcheck: Option<bool>,
    /// Whether it is disabled.
    pub disabled: bool,
}

impl Textarea {
    /// An empty field of that name, whose id is its name.
    pub fn new(name: impl Into<String>, label: Label) -> Self {
        let name = name.into();
        Self {
            id: name.clone(),
            name,
            label,
            hint: None,
            error: None,
            value: String::new(),
            rows: 5,
            classes: Classes::Borrowed(""),
            group_classes: Classes::Borrowed(""),
            described_by: None,
            autocomplete: None,
            spellcheck: None,
            disabled: false,
        }
    }
}

impl Render for Textarea {
    fn render(&self) -> Markup {
        let (before, described_by) =
            described(&self.id, self.described_by.as_deref(), self.hint.as_ref(), self.error.as_ref());
        let class =
            classes("govuk-textarea", &[("govuk-textarea--error", self.error.is_some())], &self.classes);
        let content = html! {
            (self.label.of(Some(&self.id)))
            (before)
            textarea class=(class) id=(self.id) name=(self.name) rows=(self.rows) spellcheck=[self.spellcheck]
                disabled[self.disabled] aria-describedby=[described_by]
                autocomplete=[self.autocomplete.as_deref()] { (self.value) }
        };
        form_group(self.error.is_some(), &self.group_classes, &content)
    }
}
