//! What the pages of passkeys say.

use kit::{Timestamp, Zone};
use maud::{Markup, Render, html};
use web::component::{Button, Cell, Hint, Input, InsetText, Label, Table, WarningText};
use web::page::moment;
use web::speech::say;
use web::{Mistakes, Page, filled, marked};

use super::model::Passkey;

/// The fields of a passkey's proof that comes along with another form.
pub const PROOF_STATE: &str = "fivebar-passkey-state";
/// What the browser answered, beside it.
pub const PROOF_ANSWER: &str = "fivebar-passkey-answer";

/// What a browser is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// As JSON.
    pub options: String,
    /// The state of it, sealed.
    pub state: String,
}

/// A form by which a passkey proves something. It is hidden until a script finds that the browser has passkeys.
pub(in super::super) struct Proving<'a> {
    pub asked: &'a Asked,
    /// `make` or `prove`.
    pub what: &'static str,
    pub action: &'a str,
    /// What the state and the answer are called in it.
    pub names: (&'static str, &'static str),
    /// What else is in it.
    pub fields: Markup,
    pub button: Button,
}

/// What state and answer are called where a form is about nothing else.
pub(in super::super) const NAMES: (&str, &str) = ("state", "answer");

impl Render for Proving<'_> {
    fn render(&self) -> Markup {
        let (state, answer) = self.names;
        html! {
            form method="post" action=(self.action) novalidate hidden data-fivebar-passkey=(self.what)
                data-fivebar-asked=(self.asked.options) {
                input type="hidden" name=(state) value=(self.asked.state);
                input type="hidden" name=(answer) value="" data-fivebar-answer;
                (self.fields)
                (self.button)
                p .govuk-body role="status" data-fivebar-words=(say("by-itself.that-did-not-work")) {}
            }
        }
    }
}

/// A passkey of somebody's, as their pages show it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// What they call it.
    pub called: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// When somebody last signed in by it.
    pub used_at: Option<Timestamp>,
    /// Whether it was stopped.
    pub stopped: bool,
}

impl From<&Passkey> for Shown {
    fn from(kept: &Passkey) -> Self {
        Self {
            id: kept.id.to_string(),
            called: kept.called.reveal().clone(),
            made_at: kept.made_at,
            used_at: kept.used_at,
            stopped: !kept.holds(),
        }
    }
}

fn name(called: &str, mistakes: &Mistakes) -> Input {
    Input {
        error: mistakes.beside("called"),
        value: Some(called.to_owned()),
        hint: Some(Hint::new(say("passkeys.so-that-you-know"))),
        ..Input::new("called", Label::new(say("passkeys.what-do-you-call")))
    }
}

const STOPPED: &str = "passkeys.stopped-then";

/// One's own passkeys.
pub fn own(kept: &[Shown], asked: Option<&Asked>, called: &str, zone: &Zone, mistakes: &Mistakes) -> Page {
    let title = &say("passkeys.passkeys");
    let rows = kept.iter().map(|one| {
        let used = match (one.stopped, one.used_at) {
            (true, _) => say("passkeys.stopped"),
            (false, None) => say("passkeys.not-yet"),
            (false, Some(at)) => moment(at, zone),
        };
        let change = html! {
            a .govuk-link href={ "/me/passkeys/" (one.id) } {
                (marked!("passkeys.change", hidden = html! { span .govuk-visually-hidden { " " (one.called) } }))
            }
        };
        vec![
            Cell::new(one.called.as_str()),
            Cell::new(moment(one.made_at, zone)),
            Cell::new(used),
            Cell::new(change),
        ]
    });
    let rows: Vec<_> = rows.collect();
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                (say("passkeys.a-passkey-is-kept"))
            }
            @if rows.is_empty() {
                (InsetText::new(say("passkeys.you-have-no-passkey")))
            } @else {
                div .fivebar-scroll tabindex="0" role="region" aria-label=(say("passkeys.your-passkeys")) {
                    (Table {
                        caption: Some(say("passkeys.your-passkeys")),
                        caption_classes: "govuk-visually-hidden".into(),
                        head: [say("passkeys.called"), say("passkeys.made"), say("common.last-used"), say("passkeys.change-it")].map(Cell::new).to_vec(),
                        first_cell_is_header: true,
                        rows,
                        ..Table::default()
                    })
                }
            }
            @match asked {
                Some(asked) => {
                    h2 .govuk-heading-m { (say("passkeys.make-one")) }
                    p .govuk-body {
                        (say("passkeys.on-this-device-on"))
                    }
                    (Proving {
                        asked,
                        what: "make",
                        action: "/me/passkeys",
                        names: NAMES,
                        fields: name(called, mistakes).render(),
                        button: Button { once: Some(true), ..Button::new(say("passkeys.make-a-passkey")) },
                    })
                    noscript { p .govuk-body { (say("passkeys.this-needs-scripts-without")) } }
                }
                None => {
                    p .govuk-body {
                        (say("passkeys.this-portal-is-called"))
                    }
                }
            }
        },
    )
    .before(web::component::BackLink::new("/me"))
    .problems(mistakes.summary())
}

/// What taking one away means for whoever has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// There is another way to prove as much.
    Enough,
    /// Their duties rest from then on.
    DutiesRest,
    /// Their password alone lets them in.
    PasswordAlone,
}

/// One passkey, to be called something else or taken away.
pub fn one(kept: &Shown, called: &str, then: Then, zone: &Zone, mistakes: &Mistakes) -> Page {
    let title = filled!("passkeys.passkey", called = kept.called);
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (marked!("passkeys.made-at", when = moment(kept.made_at, zone))) }
            @if kept.stopped { (WarningText::new(say(STOPPED))) }
            form method="post" action={ "/me/passkeys/" (kept.id) "/name" } novalidate {
                (name(called, mistakes))
                (Button { classes: "govuk-button--secondary".into(), once: Some(true), ..Button::new(say("passkeys.change-the-name")) })
            }
            h2 .govuk-heading-m { (say("passkeys.take-it-away")) }
            p .govuk-body { (say("passkeys.it-signs-you-in")) }
            @match then {
                Then::Enough => {}
                Then::DutiesRest => {
                    (WarningText::new(
                        say("passkeys.nothing-else-proves-as")
                    ))
                }
                Then::PasswordAlone => {
                    (WarningText::new(say("passkeys.after-that-your-password")))
                }
            }
            form method="post" action={ "/me/passkeys/" (kept.id) "/removal" } novalidate {
                (Button {
                    classes: "govuk-button--warning".into(),
                    once: Some(true),
                    ..Button::new(say("passkeys.take-this-passkey-away"))
                })
            }
        },
    )
    .before(web::component::BackLink::new("/me/passkeys"))
    .problems(mistakes.summary())
}
