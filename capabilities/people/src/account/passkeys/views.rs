//! What the pages of passkeys say.

use kit::{Timestamp, Zone};
use maud::{Markup, Render, html};
use web::component::{Button, Cell, Hint, Input, InsetText, Label, Table, WarningText};
use web::page::moment;
use web::{Mistakes, Page};

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
                p .govuk-body role="status" data-fivebar-words="That did not work, or you stopped it. Try again, or go on without a passkey." {}
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
        hint: Some(Hint::new("So that you know it from others, as in “My phone”")),
        ..Input::new("called", Label::new("What do you call it?"))
    }
}

const STOPPED: &str = "It counted backwards when somebody signed in by it, as it does where there is a copy. It signs in nobody any more: \
                       take it away, make another, and tell the network manager.";

/// One's own passkeys.
pub fn own(kept: &[Shown], asked: Option<&Asked>, called: &str, zone: &Zone, mistakes: &Mistakes) -> Page {
    let title = "Passkeys";
    let rows = kept.iter().map(|one| {
        let used = match (one.stopped, one.used_at) {
            (true, _) => "Stopped".to_owned(),
            (false, None) => "Not yet".to_owned(),
            (false, Some(at)) => moment(at, zone),
        };
        let change = html! {
            a .govuk-link href={ "/me/passkeys/" (one.id) } {
                "Change" span .govuk-visually-hidden { " " (one.called) }
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
                "A passkey is kept by your phone, your laptop or a small key, and opens with your finger, your face or a PIN. With it you need no \
                 password and no code, and nobody can ask you for it on a page that only looks like this one."
            }
            @if rows.is_empty() {
                (InsetText::new("You have no passkey here."))
            } @else {
                div .fivebar-scroll tabindex="0" role="region" aria-label="Your passkeys" {
                    (Table {
                        caption: Some("Your passkeys".to_owned()),
                        caption_classes: "govuk-visually-hidden".into(),
                        head: ["Called", "Made", "Last used", "Change it"].map(Cell::new).to_vec(),
                        first_cell_is_header: true,
                        rows,
                        ..Table::default()
                    })
                }
            }
            @match asked {
                Some(asked) => {
                    h2 .govuk-heading-m { "Make one" }
                    p .govuk-body {
                        "On this device, on your phone beside it, or on a key that you plug in: your browser asks which. Make two, so that you \
                         come in when one is lost. Make none on a device that others use by the same PIN."
                    }
                    (Proving {
                        asked,
                        what: "make",
                        action: "/me/passkeys",
                        names: NAMES,
                        fields: name(called, mistakes).render(),
                        button: Button { once: Some(true), ..Button::new("Make a passkey") },
                    })
                    noscript { p .govuk-body { "This needs scripts. Without them, sign in with your password and a code." } }
                }
                None => {
                    p .govuk-body {
                        "This portal is called by an address of the network, or comes without HTTPS, and passkeys are made for a name that is safe: ask \
                         the network manager to give it one."
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
    let title = format!("Passkey: {}", kept.called);
    Page::new(
        title.clone(),
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { "Made at " (moment(kept.made_at, zone)) "." }
            @if kept.stopped { (WarningText::new(STOPPED)) }
            form method="post" action={ "/me/passkeys/" (kept.id) "/name" } novalidate {
                (name(called, mistakes))
                (Button { classes: "govuk-button--secondary".into(), once: Some(true), ..Button::new("Change the name") })
            }
            h2 .govuk-heading-m { "Take it away" }
            p .govuk-body { "It signs you in no more, wherever it is. What keeps it still lists it until you delete it there too." }
            @match then {
                Then::Enough => {}
                Then::DutiesRest => {
                    (WarningText::new(
                        "Nothing else proves as much for you here: what your duties let you do rests until you have set codes up or made another \
                         passkey."
                    ))
                }
                Then::PasswordAlone => {
                    (WarningText::new("After that your password alone lets you in, and whoever learns it too."))
                }
            }
            form method="post" action={ "/me/passkeys/" (kept.id) "/removal" } novalidate {
                (Button {
                    classes: "govuk-button--warning".into(),
                    once: Some(true),
                    ..Button::new("Take this passkey away")
                })
            }
        },
    )
    .before(web::component::BackLink::new("/me/passkeys"))
    .problems(mistakes.summary())
}
