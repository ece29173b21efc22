//! Facts, each with its name, and what can be done about them.

use maud::{Markup, Render, html};

use super::{Classes, classes, heading};

/// A link beside a fact.
#[derive(Debug, Clone)]
pub struct Action {
    /// What it says.
    pub content: Markup,
    /// Where it leads.
    pub href: String,
    /// What it is about, read out after it.
    pub about: Option<String>,
    /// Extra classes.
    pub classes: Classes,
}

/// One fact.
#[derive(Debug, Clone)]
pub struct SummaryRow {
    /// Its name.
    pub key: Markup,
    /// The fact.
    pub value: Markup,
    /// What can be done.
    pub actions: Vec<Action>,
    /// Extra classes of row, name, fact and links.
    pub classes: [Classes; 4],
}

impl SummaryRow {
    /// A fact without links.
    pub fn new(key: impl Render, value: impl Render) -> Self {
        Self { key: key.render(), value: value.render(), actions: Vec::new(), classes: Default::default() }
    }
}

/// A frame with a title around the facts.
#[derive(Debug, Clone)]
pub struct Card {
    /// Its title.
    pub title: Option<Markup>,
    /// The level of its title.
    pub level: u8,
    /// What can be done with the whole.
    pub actions: Vec<Action>,
    /// Extra classes of frame, title and links.
    pub classes: [Classes; 3],
}

/// Facts, each with its name.
#[derive(Debug, Clone, Default)]
pub struct SummaryList {
    /// The facts.
    pub rows: Vec<SummaryRow>,
    /// A frame around them.
    pub card: Option<Card>,
    /// Extra classes.
    pub classes: Classes,
}

impl SummaryList {
    /// A list without a frame.
    pub fn new(rows: Vec<SummaryRow>) -> Self {
        Self { rows, card: None, classes: Classes::Borrowed("") }
    }
}

fn link(action: &Action, card: Option<&Markup>) -> Markup {
    html! {
        a class=(classes("govuk-link", &[], &action.classes)) href=(action.href) {
            (action.content)
            @if action.about.is_some() || card.is_some() {
                span .govuk-visually-hidden {
                    @if let Some(about) = &action.about { " " (about) }
                    @if let Some(title) = card { " (" (title) ")" }
                }
            }
        }
    }
}

fn links(actions: &[Action], card: Option<&Markup>, list: &str, item: &str) -> Markup {
    match actions {
        [one] => link(one, card),
        several => html! {
            ul class=(list) { @for action in several { li class=(item) { (link(action, card)) } } }
        },
    }
}

impl Render for SummaryList {
    fn render(&self) -> Markup {
        let title = self.card.as_ref().and_then(|card| card.title.as_ref());
        let any_actions = self.rows.iter().any(|row| !row.actions.is_empty());
        let list = html! {
            dl class=(classes("govuk-summary-list", &[], &self.classes)) {
                @for row in &self.rows {
                    @let [row_extra, key_extra, value_extra, actions_extra] = &row.classes;
                    div class=(classes("govuk-summary-list__row",
                        &[("govuk-summary-list__row--no-actions", any_actions && row.actions.is_empty())], row_extra)) {
                        dt class=(classes("govuk-summary-list__key", &[], key_extra)) { (row.key) }
                        dd class=(classes("govuk-summary-list__value", &[], value_extra)) { (row.value) }
                        @if !row.actions.is_empty() {
                            dd class=(classes("govuk-summary-list__actions", &[], actions_extra)) {
                                (links(&row.actions, title, "govuk-summary-list__actions-list",
                                    "govuk-summary-list__actions-list-item"))
                            }
                        }
                    }
                }
            }
        };
        match &self.card {
            Some(card) => framed(card, &list),
            None => list,
        }
    }
}

fn framed(card: &Card, list: &Markup) -> Markup {
    let [frame_extra, title_extra, actions_extra] = &card.classes;
    let actions = classes("govuk-summary-card__actions", &[], actions_extra);
    html! {
        div class=(classes("govuk-summary-card", &[], frame_extra)) {
            div .govuk-summary-card__title-wrapper {
                @if let Some(title) = &card.title {
                    (heading(card.level, &classes("govuk-summary-card__title", &[], title_extra), None, title))
                }
                @match card.actions.as_slice() {
                    [] => {},
                    [one] => div class=(actions) { (link(one, card.title.as_ref())) },
                    several => (links(several, card.title.as_ref(), &actions, "govuk-summary-card__action")),
                }
            }
            div .govuk-summary-card__content { (list) }
        }
    }
}
