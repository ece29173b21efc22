//! What those pages say.

use engine::PersonNo;
use kit::{Private, Zone};
use maud::html;
use web::component::{
    BackLink, Button, Hint, Input, InsetText, Label, Legend, Panel, Radio, Radios, SummaryList, SummaryRow,
    Textarea,
};
use web::page::moment;
use web::{Mistakes, Page, Submitted};

use super::content::Worries;
use super::model::Worry;

const TITLE: &str = "Something is wrong with an account or a device";

/// What helps at once, and the form.
pub fn form(is_signed_in: bool, form: &Submitted, mistakes: &Mistakes) -> Page {
    let content = Worries::built_in();
    let answers = content.all().iter().map(|what| Radio::new(what.id.as_str(), what.name.as_str())).collect();
    let what = Radios {
        error: mistakes.beside("what"),
        ..Radios::new("what", Legend::new("What happened?"), answers, form.text("what"))
    };
    let name = Input {
        error: mistakes.beside("name"),
        hint: Some(Hint::new(if is_signed_in {
            "Leave it empty if it is about your own account"
        } else {
            "The name that you sign in by, if it is about your account. You need not say it"
        })),
        value: Some(form.text("name").to_owned()).filter(|text| !text.is_empty()),
        classes: "govuk-input--width-20".into(),
        autocomplete: Some("off".to_owned()),
        spellcheck: Some(false),
        ..Input::new("name", Label::new("Whose account, or which device? (optional)"))
    };
    let words = Textarea {
        error: mistakes.beside("words"),
        hint: Some(Hint::new("Never write a password here")),
        value: form.text("words").to_owned(),
        ..Textarea::new("words", Label::new("What else should somebody know? (optional)"))
    };
    Page::new(
        TITLE,
        html! {
            h1 .govuk-heading-l { (TITLE) }
            p .govuk-body { "Say so at once, whoever you are, also if you are not sure. Somebody who looks after accounts looks at it." }
            h2 .govuk-heading-m { "First" }
            ul .govuk-list.govuk-list--bullet { @for line in content.first() { li { (line) } } }
            form method="post" action="/worry" novalidate {
                (what)
                (name)
                (words)
                @if is_signed_in {
                    (InsetText::new("You are signed out everywhere else in the moment in which you send this."))
                }
                (Button { once: Some(true), ..Button::new("Say it now") })
            }
        },
    )
    .problems(mistakes.summary())
}

/// Said once it was told: what helps in that case.
pub fn told(what: &str, is_signed_in: bool) -> Page {
    let title = "Thank you for saying so";
    let first = Worries::built_in().named(what).map_or("", |what| what.first.as_str());
    Page::new(
        title,
        html! {
            (Panel { content: Some(html! { "Somebody who looks after accounts has it now" }), ..Panel::new(title) })
            h2 .govuk-heading-m { "What you can do now" }
            ul .govuk-list.govuk-list--bullet {
                @if !first.is_empty() { li { (first) } }
                @if is_signed_in {
                    li { "You are signed out everywhere else." }
                    li { a .govuk-link href="/me" { "See where you are signed in, and choose another password" } }
                } @else {
                    li { a .govuk-link href="/sign-in" { "Sign in" } ", and sign out everywhere else there. If your password does not work any more, tell somebody at the school office." }
                }
            }
        },
    )
}

/// Said where a great many came at once.
pub fn too_many() -> Page {
    let title = "Please say it to somebody";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { "A great many people have just told us that something is wrong, so this was not written down. Go to the school office, or tell a teacher, now." }
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
    let title = "Somebody says that something is wrong";
    let Seen { worry, .. } = seen;
    let what = Worries::built_in().named(&worry.said.what);
    let said = |text: &Option<Private<String>>| {
        text.as_ref().map_or("Nothing", |text| text.reveal().as_str()).to_owned()
    };
    let by = seen.by.as_ref().map_or("Somebody who was not signed in", |name| name.reveal().as_str());
    let about = seen.about.as_ref();
    let rows = vec![
        SummaryRow::new("What happened", what.map_or(worry.said.what.as_str(), |what| what.name.as_str())),
        SummaryRow::new("Told", moment(worry.at, zone)),
        SummaryRow::new("By", by),
        SummaryRow::new("Whose account or which device", said(&worry.said.name)),
        SummaryRow::new("What they say besides", said(&worry.said.words)),
    ];
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            (SummaryList::new(rows))
            @match about {
                Some((person, name)) => {
                    p .govuk-body {
                        "It is about the account of "
                        @if seen.sees_roll {
                            a .govuk-link href={ "/staff/roll/" (person.0) } { (name.reveal()) }
                        } @else { (name.reveal()) }
                        "."
                    }
                    @if seen.may_end {
                        form method="post" action={ "/staff/worries/" (worry.id) "/end-sessions" } novalidate {
                            (Button { once: Some(true), ..Button::new("Sign them out everywhere") })
                        }
                        p .govuk-body { "Then they choose another password, or get another card: whoever told this may not be whose account it is, so ask them first." }
                    }
                }
                None => p .govuk-body { "No account here is called so." },
            }
            p .govuk-body { "When you know what it was, say on " a .govuk-link href="/tasks" { "your work" } " what was done." }
        },
    )
    .before(BackLink::new("/tasks"))
}
