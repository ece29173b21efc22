//! One of a few.

use maud::{Markup, Render, html};

use super::field::{described, form_group};
use super::{Classes, ErrorMessage, Fieldset, Hint, Label, Legend, classes};

/// One answer.
#[derive(Debug, Clone)]
pub struct Radio {
    /// What it says.
    pub label: Label,
    /// Its value in the form.
    pub value: String,
    /// Its id; made from the group's by default.
    pub id: Option<String>,
    /// Help below it.
    pub hint: Option<Hint>,
    /// Whether it is chosen.
    pub checked: bool,
    /// Whether it is disabled.
    pub disabled: bool,
    /// What is asked further when it is chosen; shown always where there is no script.
    pub conditional: Option<Markup>,
}

impl Radio {
    /// An answer that is not chosen.
    pub fn new(value: impl Into<String>, label: impl Render) -> Self {
        Self {
            label: Label::new(label),
            value: value.into(),
            id: None,
            hint: None,
            checked: false,
            disabled: false,
            conditional: None,
        }
    }
}

/// An answer, or a word between answers.
#[derive(Debug, Clone)]
pub enum RadioItem {
    /// An answer.
    Radio(Box<Radio>),
    /// A word between answers, as "or".
    Divider(String),
}

/// One of a few.
#[derive(Debug, Clone)]
pub struct Radios {
    /// Its name in the form.
    pub name: String,
    /// What the ids begin with; the name by default. The first answer has it as its whole id, so that a summary can
    /// link to it.
    pub id_prefix: Option<String>,
    /// The answers.
    pub items: Vec<RadioItem>,
    /// The question. Without one there is no fieldset.
    pub fieldset: Option<Fieldset>,
    /// Help below the question.
    pub hint: Option<Hint>,
    /// What is wrong.
    pub error: Option<ErrorMessage>,
    /// Extra classes.
    pub classes: Classes,
    /// Extra classes of the group around it.
    pub group_classes: Classes,
}

impl Radios {
    /// A question with its answers; `chosen` is the value that stands.
    pub fn new(name: impl Into<String>, legend: Legend, answers: Vec<Radio>, chosen: &str) -> Self {
        let items = answers.into_iter().map(|answer| {
            let checked = answer.checked || (!chosen.is_empty() && answer.value == chosen);
            RadioItem::Radio(Box::new(Radio { checked, ..answer }))
        });
        Self {
            name: name.into(),
            id_prefix: None,
            items: items.collect(),
            fieldset: Some(Fieldset { legend: Some(legend), ..Fieldset::default() }),
            hint: None,
            error: None,
            classes: Classes::Borrowed(""),
            group_classes: Classes::Borrowed(""),
        }
    }

    fn item(&self, id: &str, radio: &Radio) -> Markup {
        let id = radio.id.as_deref().unwrap_or(id);
        let conditional_id = format!("conditional-{id}");
        let hint_id = radio.hint.as_ref().map(|_| format!("{id}-item-hint"));
        let label = Label {
            classes: classes("govuk-radios__label", &[], &radio.label.classes).into(),
            ..radio.label.clone()
        };
        html! {
            div .govuk-radios__item {
                input .govuk-radios__input id=(id) name=(self.name) type="radio" value=(radio.value)
                    checked[radio.checked] disabled[radio.disabled]
                    data-aria-controls=[radio.conditional.as_ref().map(|_| &conditional_id)]
                    aria-describedby=[hint_id.as_ref()];
                (label.of(Some(id)))
                @if let Some(hint) = &radio.hint {
                    (Hint {
                        id: hint_id.clone(),
                        classes: classes("govuk-radios__hint", &[], &hint.classes).into(),
                        ..hint.clone()
                    })
                }
            }
            @if let Some(conditional) = &radio.conditional {
                div class=(classes(
                    "govuk-radios__conditional",
                    &[("govuk-radios__conditional--hidden", !radio.checked)],
                    "",
                )) id=(conditional_id) { (conditional) }
            }
        }
    }
}

impl Render for Radios {
    fn render(&self) -> Markup {
        let prefix = self.id_prefix.as_deref().unwrap_or(&self.name);
        let outer = self.fieldset.as_ref().and_then(|fieldset| fieldset.described_by.as_deref());
        let (before, described_by) = described(prefix, outer, self.hint.as_ref(), self.error.as_ref());
        let inner = html! {
            (before)
            div class=(classes("govuk-radios", &[], &self.classes)) data-module="govuk-radios" {
                @for (index, item) in self.items.iter().enumerate() {
                    @match item {
                        RadioItem::Divider(word) => div .govuk-radios__divider { (word) },
                        RadioItem::Radio(radio) => (self.item(&numbered(prefix, index), radio)),
                    }
                }
            }
        };
        let content = match &self.fieldset {
            Some(fieldset) => Fieldset { described_by, content: inner, ..fieldset.clone() }.render(),
            None => inner,
        };
        form_group(self.error.is_some(), &self.group_classes, &content)
    }
}

fn numbered(prefix: &str, index: usize) -> String {
    if index == 0 { prefix.to_owned() } else { format!("{prefix}-{}", index + 1) }
}
