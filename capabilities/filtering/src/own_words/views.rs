//! What the pages about words say.

use maud::{Markup, html};
use web::component::{
    BackLink, Button, Cell, Hint, Input, InsetText, Label as FieldLabel, NotificationBanner, Table, Tag,
    Textarea,
};
use web::{Mistakes, Page, Submitted};
use words::{Language, SOURCE, Words};

/// A label as it is said, beside its English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its key.
    pub key: String,
    /// What the program says in English.
    pub english: String,
    /// What the page says in the language: the English where the language lacks it.
    pub text: String,
    /// Whether the school says it otherwise than the program.
    pub is_own: bool,
    /// Whether the language lacks it.
    pub is_missing: bool,
}

impl Label {
    /// Every label of a language as it is in use, in the order of their keys; nothing where there is no such language.
    pub fn all(in_use: &Words, tag: &str) -> Option<Vec<Self>> {
        let program = Words::built_in();
        let (language, theirs) = (in_use.language(tag)?, program.language(tag)?);
        let source = program.language(SOURCE)?;
        let keys: std::collections::BTreeSet<&String> =
            source.words().keys().chain(language.words().keys()).collect();
        let of = |key: &String| {
            let said = language.words().get(key);
            let english = source.words().get(key).or_else(|| theirs.words().get(key));
            let english = english.cloned().unwrap_or_default();
            Self {
                key: key.clone(),
                text: said.unwrap_or(&english).clone(),
                is_own: said != theirs.words().get(key),
                // A form for numbers is not one that every language has.
                is_missing: said.is_none() && !key.contains(".count."),
                english,
            }
        };
        let is_said =
            |label: &Self| label.is_missing || label.is_own || language.words().contains_key(&label.key);
        Some(keys.into_iter().map(of).filter(is_said).collect())
    }

    fn is_found(&self, find: &str) -> bool {
        let find = find.to_lowercase();
        [&self.key, &self.english, &self.text].iter().any(|text| text.to_lowercase().contains(&find))
    }
}

/// A text in a language, for readers of the screen too.
fn spoken(language: &Language, text: &str) -> Markup {
    let direction = if language.right_to_left { "rtl" } else { "ltr" };
    html! { span lang=(language.tag) dir=(direction) { (text) } }
}

/// Which languages there are.
pub fn languages(in_use: &Words) -> Page {
    let title = "Words and languages";
    let rows = in_use.languages().iter().map(|language| {
        let labels = Label::all(in_use, &language.tag).unwrap_or_default();
        let own = labels.iter().filter(|label| label.is_own).count();
        let missing = labels.iter().filter(|label| label.is_missing).count();
        vec![
            Cell::new(html! {
                a .govuk-link href={ "/staff/words/" (language.tag) } { (spoken(language, &language.name)) }
            }),
            Cell::new(if language.tag == SOURCE {
                "The school’s and the program’s own".to_owned()
            } else {
                language.standing.clone()
            }),
            Cell::new(own.to_string()),
            Cell::new(missing.to_string()),
        ]
    });
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body {
            "What pupils and parents read without signing in: the block page, why it was blocked, asking for a site, reporting one, getting help. \
             Every label can say something else here, and every page says it within seconds."
        }
        p .govuk-body {
            "Translations are drafts until somebody who speaks the language has read them. Say here who did, and the pages stop calling them drafts."
        }
        div .fivebar-scroll tabindex="0" role="region" aria-label="Languages" {
            (Table {
                caption: Some("Languages".to_owned()),
                caption_classes: "govuk-table__caption--m".into(),
                head: ["Language", "Checked by", "In your own words", "Missing, so in English"].map(Cell::new).to_vec(),
                rows: rows.collect(),
                first_cell_is_header: true,
                ..Table::default()
            })
        }
    };
    Page::new(title, content).before(BackLink::new("/today"))
}

/// The labels of a language.
pub fn language(
    language: &Language,
    labels: &[Label],
    find: &str,
    may_change: bool,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Page {
    let title = format!("Words: {}", language.name);
    let address = format!("/staff/words/{}", language.tag);
    let is_source = language.tag == SOURCE;
    let found: Vec<&Label> = labels.iter().filter(|label| find.is_empty() || label.is_found(find)).collect();
    let rows = found.iter().map(|label| {
        let name = html! {
            @if may_change { a .govuk-link href={ (address) "/labels/" (label.key) } { (label.key) } } @else { (label.key) }
            @if label.is_own { br; (Tag::new("Your own", "")) }
            @if label.is_missing { br; (Tag::new("Missing", "govuk-tag--yellow")) }
        };
        let said = if label.is_missing { html! { (label.text) } } else { spoken(language, &label.text) };
        let mut cells = vec![Cell::new(name), Cell::new(said)];
        if !is_source {
            cells.push(Cell::new(&label.english));
        }
        cells
    });
    let mut head = vec![Cell::new("Label"), Cell::new("What the pages say")];
    if !is_source {
        head.push(Cell::new("In English"));
    }
    let mut search = Input::new("find", FieldLabel::new("Find a label"));
    search.hint = Some(Hint::new("A word of the page, or of the label’s name"));
    search.value = Some(find.to_owned()).filter(|find| !find.is_empty());
    search.classes = "govuk-input--width-20".into();
    let content = html! {
        h1 .govuk-heading-l { (title) }
        @if !is_source && may_change {
            (checked_by(language, &address, form, mistakes))
        } @else if !is_source {
            p .govuk-body { "Checked by: " (language.standing) }
        }
        h2 .govuk-heading-m { "Labels" }
        form method="get" action=(address) {
            (search)
            (Button { classes: "govuk-button--secondary".into(), ..Button::new("Find") })
        }
        @if found.is_empty() {
            (InsetText::new("No label has that in it."))
        } @else {
            div .fivebar-scroll tabindex="0" role="region" aria-label="Labels" {
                (Table {
                    caption: Some(format!("{} labels", found.len())),
                    caption_classes: "govuk-visually-hidden".into(),
                    head,
                    rows: rows.collect(),
                    first_cell_is_header: true,
                    ..Table::default()
                })
            }
        }
    };
    Page::new(title, content).before(BackLink::new("/staff/words")).problems(mistakes.summary())
}

fn checked_by(language: &Language, address: &str, form: &Submitted, mistakes: &Mistakes) -> Markup {
    let mut who = Input::new("text", FieldLabel::new("Who has checked it, and when"));
    who.hint = Some(Hint::new(
        "As in “the school’s Polish interpreter, May 2027”. Name no pupil: every page shows it",
    ));
    let said = form.line("text");
    who.value =
        Some(if mistakes.none() { language.standing.clone() } else { said }).filter(|text| !text.is_empty());
    who.error = mistakes.beside("text");
    who.autocomplete = Some("off".to_owned());
    html! {
        form method="post" action={ (address) "/standing" } novalidate {
            (who)
            div .govuk-button-group {
                (Button::new("Say who has checked it"))
                (Button { name: Some("step".to_owned()), value: Some("unset".to_owned()), classes: "govuk-button--secondary".into(), ..Button::new("Nobody has") })
            }
        }
    }
}

/// One label, to be said otherwise.
pub fn label(
    language: &Language,
    label: &Label,
    is_said: bool,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Page {
    let title = format!("Say “{}” otherwise", label.key);
    let back = format!("/staff/words/{}", language.tag);
    let braces: Vec<&str> = words::placeholders(&label.english);
    let mut hint = "One line. Every page says it within seconds, block pages too".to_owned();
    if !braces.is_empty() {
        let all: Vec<String> = braces.iter().map(|name| format!("{{{name}}}")).collect();
        hint = format!("{hint}. Keep {}: the page fills that in", all.join(", "));
    }
    let said = form.line("text");
    let mut text = Textarea::new("text", FieldLabel::new("What the pages shall say"));
    text.hint = Some(Hint::new(hint));
    text.value = if mistakes.none() { label.text.clone() } else { said };
    text.error = mistakes.beside("text");
    text.rows = 3;
    let content = html! {
        @if is_said {
            (NotificationBanner { success: true, ..NotificationBanner::saying("It is said. Pages that are open show it when they are loaded again") })
        }
        h1 .govuk-heading-l { (title) }
        @if language.tag != SOURCE {
            p .govuk-body { "In English: " (label.english) }
        }
        p .govuk-body {
            "The pages say now: " strong { (spoken(language, &label.text)) }
            @if label.is_own { " (in your own words)" } "."
        }
        form method="post" action={ (back) "/labels/" (label.key) } novalidate {
            div lang=(language.tag) { (text) }
            div .govuk-button-group {
                (Button::new("Say this"))
                @if label.is_own {
                    (Button { name: Some("step".to_owned()), value: Some("unset".to_owned()), classes: "govuk-button--secondary".into(), ..Button::new("Take the program’s own words again") })
                }
            }
        }
    };
    Page::new(title, content).before(BackLink::new(back)).problems(mistakes.summary())
}
