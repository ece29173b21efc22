//! What the pages of notices say.

use kit::{Timestamp, Zone};
use maud::{Markup, html};
use notices::address::{Addresses, HOLDS_MS};
use notices::push::Subscription;
use notices::{Chosen, Hours, Notice, Notices, Ways};
use web::component::{
    Button, Cell, Choice, Hint, Input, InsetText, Label, Legend, Radio, Radios, Select, Table, Tag,
};
use web::page::moment;
use web::speech::{say, say_or};
use web::{Mistakes, Page, Submitted, marked};

use super::label;

/// How somebody is told just now.
pub struct Own<'a> {
    /// Of each kind.
    pub chosen: Vec<Chosen>,
    /// When not.
    pub quiet: Hours,
    /// Where their mail goes.
    pub addresses: Addresses,
    /// By which browsers.
    pub browsers: Vec<Subscription>,
    /// Whether they are more than a pupil.
    pub is_staff: bool,
    /// Whether the school sends mail.
    pub mail: bool,
    /// What a browser subscribes for, where the school sends to browsers.
    pub push: Option<String>,
    /// The school's own time.
    pub zone: &'a Zone,
    /// Now.
    pub at: Timestamp,
}

/// Both ways, one, or none, as the form has them.
const WAYS: [(&str, Ways, &str); 4] = [
    ("both", Ways { mail: true, push: true }, "telling.by-both"),
    ("mail", Ways { mail: true, push: false }, "telling.by-e-mail"),
    ("push", Ways { mail: false, push: true }, "telling.by-browser"),
    ("portal", Ways { mail: false, push: false }, "telling.at-the-portal"),
];

/// What an answer of the form stands for.
pub(super) fn ways_of(answer: &str) -> Option<Ways> {
    WAYS.iter().find(|(value, ..)| *value == answer).map(|(_, ways, _)| *ways)
}

/// How one is told.
pub fn own(own: &Own<'_>, form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = &say("telling.how-you-are-told");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                (marked!("telling.when-something-waits-for", link = html! { a .govuk-link href="/me/notices/all" { (say("telling.everything-that-you-were")) } }))
            }
            @if own.is_staff {
                p .govuk-body {
                    (say("telling.you-can-be-told"))
                }
                (addresses(own, form, mistakes))
                (browsers(own))
                (choices(own, form, mistakes))
            } @else {
                (InsetText::new(say("telling.nothing-is-sent-to")))
            }
            h2 .govuk-heading-m { (say("telling.try-it")) }
            p .govuk-body { (say("telling.it-is-at-the")) }
            form method="post" action="/me/notices/trial" novalidate {
                (Button { classes: "govuk-button--secondary".into(), once: Some(true), ..Button::new(say("telling.send-me-one-now")) })
            }
        },
    )
    .problems(mistakes.summary())
}

fn addresses(own: &Own<'_>, form: &Submitted, mistakes: &Mistakes) -> Markup {
    let asked = own.addresses.asked.as_ref().filter(|(_, asked)| own.at < asked.plus_millis(HOLDS_MS));
    let address = Input {
        kind: "email".into(),
        error: mistakes.beside("address"),
        value: Some(form.text("address").to_owned()),
        autocomplete: Some("email".to_owned()),
        spellcheck: Some(false),
        hint: Some(Hint::new(say("telling.a-code-goes-there"))),
        ..Input::new("address", Label::new(say("telling.e-mail-address")))
    };
    let code = Input {
        error: mistakes.beside("code"),
        autocomplete: Some("one-time-code".to_owned()),
        spellcheck: Some(false),
        classes: "govuk-input--width-10".into(),
        hint: Some(Hint::new(say("telling.six-digits-from-the"))),
        ..Input::new("code", Label::new(say("common.code")))
    };
    html! {
        h2 .govuk-heading-m { (say("telling.by-e-mail")) }
        @if !own.mail {
            (InsetText::new(say("telling.the-school-sends-no")))
        } @else {
            @if let Some(confirmed) = &own.addresses.confirmed {
                p .govuk-body { (marked!("telling.notices-go-to", confirmed = html! { strong { (confirmed.reveal()) } })) }
                form method="post" action="/me/notices/address/removal" novalidate {
                    (Button { classes: "govuk-button--secondary".into(), once: Some(true), ..Button::new(say("telling.send-me-no-mail")) })
                }
            }
            @if let Some((asked, _)) = asked {
                p .govuk-body { (marked!("telling.a-code-was-sent", asked = html! { strong { (asked.reveal()) } })) }
                form method="post" action="/me/notices/address/code" novalidate {
                    (code)
                    (Button { once: Some(true), ..Button::new(say("telling.this-address-is-mine")) })
                }
            }
            form method="post" action="/me/notices/address" novalidate {
                (address)
                (Button { classes: "govuk-button--secondary".into(), once: Some(true), ..Button::new(say("telling.send-a-code-there")) })
            }
        }
    }
}

fn browsers(own: &Own<'_>) -> Markup {
    let rows = own.browsers.iter().map(|one| {
        let remove = html! {
            form method="post" action={ "/me/notices/subscriptions/" (one.id) "/removal" } novalidate {
                button .fivebar-plain type="submit" {
                    (marked!("telling.take-away", hidden = html! { span .govuk-visually-hidden { " " (one.called.reveal()) } }))
                }
            }
        };
        vec![
            Cell::new(one.called.reveal()),
            Cell::new(moment(one.made_at, own.zone)),
            Cell::new(one.sent_at.map_or_else(|| say("telling.nothing-yet"), |at| moment(at, own.zone))),
            Cell::new(remove),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let called = Input {
        hint: Some(Hint::new(say("telling.so-that-you-know"))),
        ..Input::new("called", Label::new(say("telling.what-do-you-call")))
    };
    html! {
        h2 .govuk-heading-m { (say("telling.by-browser")) }
        @if rows.is_empty() {
            p .govuk-body { (say("telling.no-browser-tells-you")) }
        } @else {
            div .fivebar-scroll tabindex="0" role="region" aria-label=(say("telling.browsers-that-tell-you")) {
                (Table {
                    caption: Some(say("telling.browsers-that-tell-you")),
                    caption_classes: "govuk-visually-hidden".into(),
                    head: [say("telling.browser"), say("common.since"), say("telling.last-sent"), say("telling.take-it-away")].map(Cell::new).to_vec(),
                    first_cell_is_header: true,
                    rows,
                    ..Table::default()
                })
            }
        }
        @if let Some(key) = &own.push {
            p .govuk-body {
                (say("telling.a-phone-or-a"))
            }
            form method="post" action="/me/notices/subscriptions" novalidate hidden data-fivebar-push=(key) {
                @for name in ["endpoint", "key", "auth"] {
                    input type="hidden" name=(name) value="" data-fivebar-push-part=(name);
                }
                (called)
                (Button { classes: "govuk-button--secondary".into(), ..Button::new(say("telling.tell-me-by-this")) })
                p .govuk-body role="status" data-fivebar-words=(say("by-itself.that-did-not-work-browser")) {}
            }
        }
    }
}

fn choices(own: &Own<'_>, form: &Submitted, mistakes: &Mistakes) -> Markup {
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let field = |name: &'static str, label: &str, minute: u16| Input {
        error: mistakes.beside(name),
        value: Some(match form.text(name) {
            "" => time(minute),
            typed => typed.to_owned(),
        }),
        classes: "govuk-input--width-5".into(),
        ..Input::new(name, Label::new(label))
    };
    let weekends = match form.text("weekends") {
        "" if own.quiet.weekends => "yes",
        "" => "no",
        other => other,
    };
    html! {
        form method="post" action="/me/notices" novalidate {
            h2 .govuk-heading-m { (say("telling.when-not")) }
            p .govuk-body { (say("telling.in-these-hours-nothing")) }
            (field("from", &say("telling.quiet-from"), own.quiet.from_minute))
            (field("until", &say("common.until"), own.quiet.until_minute))
            (Radios::new(
                "weekends",
                Legend::new(say("telling.quiet-on-saturdays-and")),
                vec![Radio::new("yes", say("telling.yes-the-whole-day")), Radio::new("no", say("telling.no-only-in-the"))],
                weekends,
            ))
            h2 .govuk-heading-m { (say("telling.of-what-and-how")) }
            @for one in &own.chosen {
                @let now = WAYS.iter().find(|(_, ways, _)| *ways == one.ways).map_or("", |(value, ..)| *value);
                @let now = match form.text(&one.kind.id) { "" => now, typed => typed };
                (Select::new(
                    one.kind.id.as_str(),
                    Label::new(say_or(&label(&one.kind.id, "about"), &one.kind.about)),
                    WAYS.iter().map(|(value, _, words)| Choice::new(*value, say(words))).collect(),
                    now,
                ))
            }
            (Button { once: Some(true), ..Button::new(say("telling.keep-this")) })
        }
    }
}

/// Everything that somebody was told.
pub fn all(told: &[Notice], zone: &Zone) -> Page {
    let title = &say("telling.what-you-were-told");
    let rows = told.iter().filter_map(|notice| {
        let text = Notices::built_in().text(notice.kind)?;
        let what = html! {
            a .govuk-link href=(notice.path.path()) { (say_or(&label(&text.id, "title"), &text.title)) }
            @if notice.count > 1 { " (" (notice.count) ")" }
            br;
            (say_or(&label(&text.id, "says"), &text.says))
        };
        let seen = match notice.seen_at {
            Some(at) => html! { (moment(at, zone)) },
            None => html! { (Tag::new(say("telling.new"), "")) },
        };
        Some(vec![Cell::new(moment(notice.last_at, zone)), Cell::new(what), Cell::new(seen)])
    });
    let rows: Vec<_> = rows.collect();
    let any_new = told.iter().any(|notice| notice.seen_at.is_none());
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            @if rows.is_empty() {
                (InsetText::new(say("telling.you-were-told-nothing")))
            } @else {
                div .fivebar-scroll tabindex="0" role="region" aria-label=(title) {
                    (Table {
                        caption: Some(title.to_owned()),
                        caption_classes: "govuk-visually-hidden".into(),
                        head: [say("common.when"), say("common.what"), say("telling.looked-at")].map(Cell::new).to_vec(),
                        first_cell_is_header: true,
                        rows,
                        ..Table::default()
                    })
                }
            }
            @if any_new { (seen_them("/me/notices/all")) }
            p .govuk-body { a .govuk-link href="/me/notices" { (say("telling.how-you-are-told")) } }
        },
    )
}

/// The button by which somebody says that they have looked at what they were told.
pub fn seen_them(back: &str) -> Markup {
    html! {
        form method="post" action="/me/notices/all/seen" novalidate {
            input type="hidden" name="back" value=(back);
            (Button { classes: "govuk-button--secondary".into(), once: Some(true), ..Button::new(say("telling.i-have-looked-at")) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_stands_for_other_ways() {
        for mail in [true, false] {
            for push in [true, false] {
                let ways = Ways { mail, push };
                assert_eq!(WAYS.iter().filter(|(_, known, _)| *known == ways).count(), 1);
            }
        }
        assert!(ways_of("both").is_some_and(|ways| ways.mail && ways.push) && ways_of("").is_none());
    }
}
