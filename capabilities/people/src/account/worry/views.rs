//! What those pages say.

use engine::PersonNo;
use kit::{Private, Zone};
use maud::html;
use web::component::{
    BackLink, Button, Hint, Input, InsetText, Label, Legend, Panel, Radio, Radios, SummaryList, SummaryRow,
    Textarea,
};
use web::page::moment;
use web::speech::say;
use web::{Mistakes, Page, Submitted, marked};

use super::content::Worries;
use super::model::Worry;

/// What helps at once, and the form.
pub fn form(is_signed_in: bool, form: &Submitted, mistakes: &Mistakes) -> Page {
    let content = Worries::built_in();
    let answers = content.all().iter().map(|what| Radio::new(what.id.as_str(), what.name.as_str())).collect();
    let what = Radios {
        error: mistakes.beside("what"),
        ..Radios::new("what", Legend::new(say("worry.what-happened")), answers, form.text("what"))
    };
    let name = Input {
        error: mistakes.beside("name"),
        hint: Some(Hint::new(if is_signed_in {
            say("worry.leave-it-empty-if")
        } else {
            say("worry.the-name-that-you")
        })),
        value: Some(form.text("name").to_owned()).filter(|text| !text.is_empty()),
        classes: "govuk-input--width-20".into(),
        autocomplete: Some("off".to_owned()),
        spellcheck: Some(false),
        ..Input::new("name", Label::new(say("worry.whose-account-or-optional")))
    };
    let words = Textarea {
        error: mistakes.beside("words"),
        hint: Some(Hint::new(say("worry.never-write-a-password"))),
        value: form.text("words").to_owned(),
        ..Textarea::new("words", Label::new(say("worry.what-else-should")))
    };
    let title = &say("worry.something-is-wrong");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (say("worry.say-so-at-once")) }
            // What happened with an account may be what somebody did to a child.
            p .govuk-body { a .govuk-link href="/help" { (say("first.help")) } }
            h2 .govuk-heading-m { (say("worry.first")) }
            ul .govuk-list.govuk-list--bullet { @for line in content.first() { li { (line) } } }
            form method="post" action="/worry" novalidate {
                (what)
                (name)
                (words)
                @if is_signed_in {
                    (InsetText::new(say("worry.you-are-signed-out-when")))
                }
                (Button { once: Some(true), ..Button::new(say("worry.say-it-now")) })
            }
        },
    )
    .problems(mistakes.summary())
}

/// What became of the other sessions of whoever told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    /// They were not signed in.
    NotSignedIn,
    /// They are signed in nowhere else any more.
    Ended,
    /// They end once they have proved again who they are: whoever found a browser open would otherwise end its owner's.
    Asks,
}

/// Said once it was told: what helps in that case.
pub fn told(what: &str, elsewhere: Elsewhere) -> Page {
    let title = &say("worry.thank-you-for-saying");
    let first = Worries::built_in().named(what).map_or("", |what| what.first.as_str());
    Page::new(
        title,
        html! {
            (Panel { content: Some(html! { (say("worry.somebody-who-looks")) }), ..Panel::new(title) })
            h2 .govuk-heading-m { (say("worry.what-you-can-do")) }
            ul .govuk-list.govuk-list--bullet {
                li { a .govuk-link href="/help" { (say("first.help")) } }
                @if !first.is_empty() { li { (first) } }
                @match elsewhere {
                    Elsewhere::Ended => li { (say("worry.you-are-signed-out")) },
                    Elsewhere::Asks => {},
                    Elsewhere::NotSignedIn => li {
                        (marked!("worry.and-sign-out-everywhere", link = html! { a .govuk-link href="/sign-in" { (say("common.sign-in")) } }))
                    },
                }
                @if elsewhere != Elsewhere::NotSignedIn {
                    li { a .govuk-link href="/me" { (say("worry.see-where-you-are")) } }
                }
            }
            @if elsewhere == Elsewhere::Asks {
                p .govuk-body { (say("worry.you-are-still-signed")) }
                form method="post" action="/me/sessions/end-others" novalidate {
                    (Button { once: Some(true), ..Button::new(say("worry.sign-me-out")) })
                }
            }
        },
    )
}

/// Said where a great many came at once.
pub fn too_many() -> Page {
    let title = &say("worry.please-say-it-to");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (say("worry.a-great-many-people")) }
        },
    )
}

/// A worry, for whoever looks into it.
#[derive(Debug)]
pub struct Seen<'a> {
    /// It.
    pub worry: &'a Worry,
    /// Who told it, where they were signed in.
    pub by: Option<Private<String>>,
    /// Whose account it is about, where that is known.
    pub about: Option<(PersonNo, Private<String>)>,
    /// Whether whoever looks may sign them out.
    pub may_end: bool,
    /// Whether they see the roll.
    pub sees_roll: bool,
}

/// One.
pub fn one(seen: &Seen<'_>, zone: &Zone) -> Page {
    let title = &say("worry.somebody-says-that");
    let Seen { worry, .. } = seen;
    let what = Worries::built_in().named(&worry.said.what);
    let said = |text: &Option<Private<String>>| {
        text.as_ref().map_or_else(|| say("health.nothing"), |text| text.reveal().clone())
    };
    let by = seen.by.as_ref().map_or_else(|| say("worry.somebody-who-was-not"), |name| name.reveal().clone());
    let about = seen.about.as_ref();
    let rows = vec![
        SummaryRow::new(
            say("recovery.what-happened"),
            what.map_or(worry.said.what.as_str(), |what| what.name.as_str()),
        ),
        SummaryRow::new(say("worry.told"), moment(worry.at, zone)),
        SummaryRow::new(say("policy.by"), by),
        SummaryRow::new(say("worry.whose-account-or"), said(&worry.said.name)),
        SummaryRow::new(say("worry.what-they-say-besides"), said(&worry.said.words)),
    ];
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            (SummaryList::new(rows))
            @match about {
                Some((person, name)) => {
                    p .govuk-body {
                        (marked!("worry.it-is-about-the", name = html! {
                            @if seen.sees_roll {
                                a .govuk-link href={ "/staff/roll/" (person.0) } { (name.reveal()) }
                            } @else { (name.reveal()) }
                        }))
                    }
                    @if seen.may_end {
                        form method="post" action={ "/staff/worries/" (worry.id) "/end-sessions" } novalidate {
                            (Button { once: Some(true), ..Button::new(say("worry.sign-them-out")) })
                        }
                        p .govuk-body { (say("worry.then-they-choose")) }
                    }
                }
                None => p .govuk-body { (say("worry.no-account-here-is")) },
            }
            p .govuk-body {
                (marked!("worry.when-you-know-what", link = html! { a .govuk-link href="/tasks" { (say("worry.your-work")) } }))
            }
        },
    )
    .before(BackLink::new("/tasks"))
}
