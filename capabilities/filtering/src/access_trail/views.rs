//! What the page of the access trail says.

use kit::{Private, Zone};
use maud::{Markup, html};
use people::duty::Duties;
use store::trail::Entry;
use web::component::{BackLink, Button, Cell, Hint, Input, InsetText, Label, Table};
use web::page::moment;
use web::speech::say;
use web::{Mistakes, Page, Submitted};

/// An entry, with who that was.
#[derive(Debug, Clone)]
pub struct Line {
    /// It.
    pub entry: Entry,
    /// Who did it.
    pub by: Private<String>,
}

/// What was found.
#[derive(Debug, Clone, Copy)]
pub struct Looked<'a> {
    /// The entries, newest first.
    pub lines: &'a [Line],
    /// The entry before which there are older ones, where there are.
    pub older: Option<i64>,
    /// Whether these are not the newest.
    pub further: bool,
}

/// The page.
pub fn page(looked: &Looked<'_>, form: &Submitted, mistakes: &Mistakes, zone: &Zone) -> Page {
    let title = &say("trail.the-access-trail");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (say("trail.each-entry-is-chained")) }
            form method="post" action="/staff/trail" novalidate {
                (field("who", "trail.by-whom", "trail.a-name-as-on", form, mistakes))
                (field("what", "trail.what-was-done", "trail.the-word-in-the", form, mistakes))
                (field("from", "trail.from-the-day", "trail.as-in", form, mistakes))
                (field("until", "trail.to-the-day", "trail.as-in", form, mistakes))
                (Button::new(say("trail.look")))
            }
            @if looked.lines.is_empty() {
                @if mistakes.none() { (InsetText::new(say("trail.there-is-no-entry"))) }
            } @else {
                (found(looked.lines, zone))
                @if let Some(before) = looked.older { (further(form, before)) }
            }
            @if looked.further {
                p .govuk-body { a .govuk-link href="/staff/trail" { (say("trail.the-newest")) } }
            }
        },
    )
    .before(BackLink::new("/today"))
    .problems(mistakes.summary())
}

fn field(id: &'static str, label: &str, hint: &str, form: &Submitted, mistakes: &Mistakes) -> Input {
    Input {
        hint: Some(Hint::new(say(hint))),
        error: mistakes.beside(id),
        value: Some(form.line(id)),
        classes: "govuk-input--width-20".into(),
        spellcheck: Some(false),
        autocomplete: Some("off".to_owned()),
        ..Input::new(id, Label::new(say(label)))
    }
}

/// What comes after, with all that is looked for.
fn further(form: &Submitted, before: i64) -> Markup {
    html! {
        form method="post" action="/staff/trail" novalidate {
            input type="hidden" name="before" value=(before);
            @for field in ["who", "what", "from", "until"] {
                input type="hidden" name=(field) value=(form.line(field));
            }
            (Button { classes: "govuk-button--secondary".into(), ..Button::new(say("trail.older-entries")) })
        }
    }
}

fn found(lines: &[Line], zone: &Zone) -> Markup {
    let caption = say("trail.entries-newest-first");
    let rows = lines.iter().map(|line| {
        let entry = &line.entry;
        vec![
            Cell::new(moment(entry.at, zone)),
            Cell::new(line.by.reveal()),
            Cell::new(html! {
                @if let Some(said) = in_words(&entry.verb) { (said) br; }
                code .fivebar-host { (entry.verb) }
            }),
            Cell::new(html! {
                code .fivebar-host { (entry.subject_kind) " " (entry.subject_id) }
            }),
            Cell::new(html! { code .fivebar-host { (entry.detail) } }),
        ]
    });
    let table = Table {
        caption: Some(caption.clone()),
        caption_classes: "govuk-table__caption--m".into(),
        head: ["common.when", "trail.by-whom", "trail.what-was-done", "trail.about", "trail.and-besides"]
            .map(|label| Cell::new(say(label)))
            .to_vec(),
        rows: rows.collect(),
        first_cell_is_header: true,
        ..Table::default()
    };
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label=(caption) { (table) }
    }
}

/// What was done, where the reviewed table of duties and actions has words for it.
fn in_words(verb: &str) -> Option<&'static str> {
    let verb = verb.strip_prefix("site-").unwrap_or(verb);
    Duties::built_in().table().find(|(id, ..)| *id == verb).map(|(_, name, ..)| name)
}
