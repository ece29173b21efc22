//! What the pages about words say.

use kit::Zone;
use maud::{Markup, html};
use web::component::Label as FieldLabel;
use web::component::{
    BackLink, Button, Cell, Hint, Input, InsetText, NotificationBanner, Table, Tag, Textarea,
};
use web::page::moment;
use web::speech::say;
use web::{Mistakes, Page, Submitted, filled, marked};
use words::{Language, SOURCE, Words};

use super::{HelpWords, WordChange};

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
        let of_source = if language.has_portal() {
            source.labels()
        } else {
            source.words().iter().map(|(key, text)| (key.as_str(), text.as_str())).collect()
        };
        let keys: std::collections::BTreeSet<&str> =
            of_source.into_keys().chain(language.labels().into_keys()).collect();
        let of = |key: &str| {
            let said = language.text(key);
            let english = source.text(key).or_else(|| theirs.text(key)).unwrap_or_default();
            Self {
                key: key.to_owned(),
                text: said.unwrap_or(english).to_owned(),
                is_own: said != theirs.text(key),
                // A form for numbers is not one that every language has.
                is_missing: said.is_none() && !words::is_a_form(key),
                english: english.to_owned(),
            }
        };
        let is_said = |label: &Self| label.is_missing || label.is_own || language.text(&label.key).is_some();
        Some(keys.into_iter().map(of).filter(is_said).collect())
    }

    fn is_found(&self, find: &str) -> bool {
        let find = find.to_lowercase();
        [&self.key, &self.english, &self.text].iter().any(|text| text.to_lowercase().contains(&find))
    }
}

/// What whoever reads the page may change.
#[derive(Debug, Clone, Copy)]
pub struct Who {
    /// Labels, but those of help, and who has checked a language.
    pub words: bool,
    /// The labels of help.
    pub help: bool,
}

/// How a label was changed once, and who did.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// Who, as people say it.
    pub by: String,
    /// What was changed.
    pub change: WordChange,
}

/// Where a label is said otherwise.
pub fn address(tag: &str, key: &str) -> String {
    let part = if HelpWords::built_in().have(key) { "help" } else { "labels" };
    format!("/staff/words/{tag}/{part}/{key}")
}

/// So many labels stand on a page: more than a language has for everybody. Of the portal's, which are many more, people find one by a word of it.
const SHOWN: usize = 200;

/// A text in a language, for readers of the screen too.
fn spoken(language: &Language, text: &str) -> Markup {
    let direction = if language.right_to_left { "rtl" } else { "ltr" };
    html! { span lang=(language.tag) dir=(direction) { (text) } }
}

/// Which languages there are.
pub fn languages(in_use: &Words) -> Page {
    let title = &say("own-words.words-and-languages");
    let rows = in_use.languages().iter().map(|language| {
        let labels = Label::all(in_use, &language.tag).unwrap_or_default();
        let own = labels.iter().filter(|label| label.is_own).count();
        let missing = labels.iter().filter(|label| label.is_missing).count();
        vec![
            Cell::new(html! {
                a .govuk-link href={ "/staff/words/" (language.tag) } { (spoken(language, &language.name)) }
            }),
            Cell::new(if language.tag == SOURCE {
                say("own-words.the-schools-and-the")
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
            (say("own-words.what-pupils-and-parents"))
        }
        p .govuk-body {
            (say("own-words.translations-are-drafts-until"))
        }
        div .fivebar-scroll tabindex="0" role="region" aria-label=(say("own-words.languages")) {
            (Table {
                caption: Some(say("own-words.languages")),
                caption_classes: "govuk-table__caption--m".into(),
                head: [say("own-words.language"), say("own-words.checked-by"), say("own-words.in-your-own-words"), say("own-words.missing-so-in-english")].map(Cell::new).to_vec(),
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
    may: Who,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Page {
    let title = filled!("own-words.words", name = language.name);
    let address = format!("/staff/words/{}", language.tag);
    let is_source = language.tag == SOURCE;
    let found: Vec<&Label> = labels.iter().filter(|label| find.is_empty() || label.is_found(find)).collect();
    let more = found.len() > SHOWN;
    let rows = found.iter().take(SHOWN).map(|label| {
        let name = html! {
            @if if HelpWords::built_in().have(&label.key) { may.help } else { may.words } {
                a .govuk-link href=(self::address(&language.tag, &label.key)) { (label.key) }
            } @else { (label.key) }
            @if label.is_own { br; (Tag::new(say("own-words.your-own"), "")) }
            @if label.is_missing { br; (Tag::new(say("own-words.missing"), "govuk-tag--yellow")) }
        };
        let said = if label.is_missing {
            html! { (label.text) }
        } else {
            spoken(language, &label.text)
        };
        let mut cells = vec![Cell::new(name), Cell::new(said)];
        if !is_source {
            cells.push(Cell::new(&label.english));
        }
        cells
    });
    let mut head = vec![Cell::new(say("own-words.label")), Cell::new(say("own-words.what-the-pages-say"))];
    if !is_source {
        head.push(Cell::new(say("own-words.in-english")));
    }
    let mut search = Input::new("find", FieldLabel::new(say("own-words.find-a-label")));
    search.hint = Some(Hint::new(say("own-words.a-word-of-the")));
    search.value = Some(find.to_owned()).filter(|find| !find.is_empty());
    search.classes = "govuk-input--width-20".into();
    let content = html! {
        h1 .govuk-heading-l { (title) }
        @if !is_source && may.words {
            (checked_by(language, &address, form, mistakes))
        } @else if !is_source {
            p .govuk-body { (marked!("own-words.checked-by-2", standing = language.standing)) }
        }
        h2 .govuk-heading-m { (say("own-words.labels")) }
        form method="get" action=(address) novalidate {
            (search)
            (Button { classes: "govuk-button--secondary".into(), ..Button::new(say("common.find")) })
        }
        @if more { p .govuk-body { (filled!("own-words.only-the-first", n = SHOWN)) } }
        @if found.is_empty() {
            (InsetText::new(say("own-words.no-label-has-that")))
        } @else {
            div .fivebar-scroll tabindex="0" role="region" aria-label=(say("own-words.labels")) {
                (Table {
                    caption: Some(filled!("own-words.labels-2", n = found.len())),
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
    let mut who = Input::new("text", FieldLabel::new(say("own-words.who-has-checked-it")));
    who.hint = Some(Hint::new(say("own-words.as-in-the-schools")));
    let said = form.line("text");
    who.value =
        Some(if mistakes.none() { language.standing.clone() } else { said }).filter(|text| !text.is_empty());
    who.error = mistakes.beside("text");
    who.autocomplete = Some("off".to_owned());
    html! {
        form method="post" action={ (address) "/standing" } novalidate {
            (who)
            div .govuk-button-group {
                (Button::new(say("own-words.say-who-has-checked")))
                (Button { name: Some("step".to_owned()), value: Some("unset".to_owned()), classes: "govuk-button--secondary".into(), ..Button::new(say("own-words.nobody-has")) })
            }
        }
    }
}

/// One label, to be said otherwise.
pub fn label(
    language: &Language,
    label: &Label,
    (earlier, zone): (&[Earlier], &Zone),
    is_said: bool,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Page {
    let title = filled!("own-words.say-otherwise", key = label.key);
    let back = format!("/staff/words/{}", language.tag);
    let address = address(&language.tag, &label.key);
    let braces: Vec<&str> = words::placeholders(&label.english);
    let mut hint = say("own-words.one-line-every-page");
    if !braces.is_empty() {
        let all: Vec<String> = braces.iter().map(|name| format!("{{{name}}}")).collect();
        hint = filled!("own-words.keep-the-page-fills", hint, all = all.join(", "));
    }
    let said = form.line("text");
    let mut text = Textarea::new("text", FieldLabel::new(say("own-words.what-the-pages-shall")));
    text.hint = Some(Hint::new(hint));
    text.value = if mistakes.none() { label.text.clone() } else { said };
    text.error = mistakes.beside("text");
    text.rows = 3;
    let content = html! {
        @if is_said {
            (NotificationBanner { success: true, ..NotificationBanner::saying(say("own-words.it-is-said-pages")) })
        }
        h1 .govuk-heading-l { (title) }
        @if language.tag != SOURCE {
            p .govuk-body { (marked!("own-words.in-english-2", english = label.english)) }
        }
        p .govuk-body {
            (marked!("own-words.the-pages-say-now", text = html! { strong { (spoken(language, &label.text)) } }))
            @if label.is_own { " " (say("own-words.in-your-own-words-2")) } "."
        }
        form method="post" action=(address) novalidate {
            div lang=(language.tag) { (text) }
            div .govuk-button-group {
                (Button::new(say("own-words.say-this")))
                @if label.is_own {
                    (Button { name: Some("step".to_owned()), value: Some("unset".to_owned()), classes: "govuk-button--secondary".into(), ..Button::new(say("own-words.take-the-programs-own")) })
                }
            }
        }
        (what_it_said(language, &address, earlier, zone))
    };
    Page::new(title, content).before(BackLink::new(back)).problems(mistakes.summary())
}

/// What a label said before, with the way back to each text that is not said now.
fn what_it_said(language: &Language, address: &str, earlier: &[Earlier], zone: &Zone) -> Markup {
    let rows = earlier.iter().map(|Earlier { by, change }| {
        let before = match &change.before {
            Some(text) => html! {
                (spoken(language, text))
                form method="post" action=(address) novalidate {
                    input type="hidden" name="text" value=(text);
                    (Button {
                        classes: "govuk-button--secondary govuk-!-margin-top-2 govuk-!-margin-bottom-0".into(),
                        ..Button::new(say("own-words.say-this-again"))
                    })
                }
            },
            None => html! { (say("own-words.the-programs-own")) },
        };
        let now = match &change.now {
            Some(text) => spoken(language, text),
            None => html! { (say("own-words.the-programs-own")) },
        };
        vec![Cell::new(moment(change.at, zone)), Cell::new(by), Cell::new(before), Cell::new(now)]
    });
    html! {
        @if !earlier.is_empty() {
            h2 .govuk-heading-m { (say("own-words.how-it-was-changed")) }
            div .fivebar-scroll tabindex="0" role="region" aria-label=(say("own-words.how-it-was-changed")) {
                (Table {
                    caption: Some(say("own-words.how-it-was-changed")),
                    caption_classes: "govuk-visually-hidden".into(),
                    head: [
                        say("own-words.when"), say("own-words.by-whom"), say("own-words.it-said"), say("own-words.it-was-to-say"),
                    ].map(Cell::new).to_vec(),
                    rows: rows.collect(),
                    first_cell_is_header: true,
                    ..Table::default()
                })
            }
        }
    }
}
