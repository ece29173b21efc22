//! What the pages of signing in say.

use axum::http::StatusCode;
use kit::Zone;
use maud::{Markup, html};
use web::component::{
    Button, Cell, Hint, Input, InsetText, Label, PasswordInput, SummaryList, SummaryRow, Table, WarningText,
};
use web::page::moment;
use web::{Mistakes, Page, Submitted};

use super::door::SignedIn;
use super::model::{Name, Session, Token};
use crate::duty::{Duties, SchoolKind};

/// The form to sign in by.
pub fn sign_in(form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = "Sign in";
    let name = Input {
        error: mistakes.beside("name"),
        value: Some(form.line("name")),
        autocomplete: Some("username".to_owned()),
        autocapitalize: Some("none".to_owned()),
        spellcheck: Some(false),
        ..Input::new("name", Label::new("Name"))
    };
    let password = PasswordInput {
        error: mistakes.beside("password"),
        ..PasswordInput::new("password", Label::new("Password"))
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            form method="post" action="/sign-in" novalidate {
                (back(form))
                (name) (password)
                (Button { once: Some(true), ..Button::new("Sign in") })
            }
            h2 .govuk-heading-m { "If you cannot sign in" }
            p .govuk-body {
                "Ask the network manager or the online safety lead for an invitation: with it you choose a new password."
            }
            p .govuk-body { "You need no name and password to ask for a site, to report one, or to get help." }
        },
    )
    .problems(mistakes.summary())
}

/// Said where a password would go over a connection that others can read.
pub fn not_private() -> Page {
    let title = "You cannot sign in from here";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                "This page came over a connection that others on the network could read, and a password must not. Open \
                 it by an address that begins with https, or on the machine that Fivebar runs on."
            }
            p .govuk-body {
                "If you look after the network: put a server with the school’s certificate before the portal, on the same \
                 machine, and its https address into " code { "[portal] url" } " in " code { "fivebar.toml" } "."
            }
        },
    )
}

/// How long to wait, as people say it.
pub fn wait(millis: i64) -> String {
    let minutes = (millis + 59_999) / 60_000;
    let long = if minutes <= 1 { "a minute".to_owned() } else { format!("{minutes} minutes") };
    format!("That was tried too often. Wait {long}, then try again; from another device you can try at once")
}

/// The form to prove again by who one is.
pub fn again(form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = "Enter your password again";
    let password = PasswordInput {
        error: mistakes.beside("password"),
        ..PasswordInput::new("password", Label::new("Password"))
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                "What comes next is only for you, so that nobody can do it at a screen that you left for a moment."
            }
            form method="post" action="/sign-in/again" novalidate {
                (back(form))
                (password)
                (Button { once: Some(true), ..Button::new("Continue") })
            }
        },
    )
    .problems(mistakes.summary())
}

/// The field of a proof that comes along with a form.
pub const PROOF: &str = "fivebar-proof";

/// The form to prove by who one is in the middle of another: what was written there goes along, and is sent where it was meant to go.
pub fn prove_here(path: &str, form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = "Enter your password to go on";
    let password =
        PasswordInput { error: mistakes.beside(PROOF), ..PasswordInput::new(PROOF, Label::new("Password")) };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                "It is more than ten minutes since you last proved that it is you. Nothing has been changed yet. What you wrote is kept \
                 on this page, and is sent when you continue."
            }
            form method="post" action=(path) novalidate {
                @for (name, words) in form.fields().filter(|(name, _)| *name != PROOF) {
                    input type="hidden" name=(name) value=(words);
                }
                (password)
                (Button { once: Some(true), ..Button::new("Continue") })
            }
        },
    )
    .status(StatusCode::UNAUTHORIZED)
    .problems(mistakes.summary())
}

/// The form to choose a password by.
pub fn welcome(token: &Token, name: &Name, mistakes: &Mistakes) -> Page {
    let title = "Choose a password";
    let field = |id: &'static str, label: &str| PasswordInput {
        error: mistakes.beside(id),
        autocomplete: "new-password",
        ..PasswordInput::new(id, Label::new(label))
    };
    let first = PasswordInput {
        hint: Some(Hint::new(
            "15 characters or more. Three or four words that do not belong together are easy to keep and hard to guess. No names: not \
             yours, not the school’s.",
        )),
        ..field("password", "Password")
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { "You sign in by the name " strong { (name.reveal()) } "." }
            form method="post" action={ "/welcome/" (token.reveal()) } novalidate {
                // A keeper of passwords files it under this.
                input type="hidden" name="name" value=(name.reveal()) autocomplete="username";
                (first) (field("repeated", "The same again"))
                (Button { once: Some(true), ..Button::new("Keep this password and sign in") })
            }
        },
    )
    .problems(mistakes.summary())
}

/// Said where an invitation holds no more.
pub fn no_welcome() -> Page {
    let title = "This invitation has ended";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { "An invitation holds for one day and can be used once. A newer one ends it too." }
            p .govuk-body { "Ask whoever gave it to you for another." }
            p .govuk-body { a .govuk-link href="/sign-in" { "Sign in" } " if you have chosen a password already." }
        },
    )
}

/// How many tries to sign in with somebody's name failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failed {
    /// Between their session before and this one.
    pub before: u32,
    /// Since this one began.
    pub since: u32,
}

impl Failed {
    fn in_words(self) -> Option<String> {
        let tries = |count: u32| if count == 1 { "1 try".to_owned() } else { format!("{count} tries") };
        Some(match (self.before, self.since) {
            (0, 0) => return None,
            (before, 0) => format!("{} before you signed in here", tries(before)),
            (0, since) => format!("{} since you signed in here", tries(since)),
            (before, since) => {
                format!("{} before you signed in here, and {} since", tries(before), tries(since))
            }
        })
    }
}

/// Who one is here, and where one is signed in.
pub fn me(who: &SignedIn, sessions: &[Session], failed: &Failed, kind: SchoolKind, zone: &Zone) -> Page {
    let duties: Vec<&str> = who
        .standing()
        .duties()
        .filter_map(|id| Duties::built_in().named(id))
        .map(|duty| duty.called_in(kind))
        .collect();
    let duties = if duties.is_empty() { "None".to_owned() } else { duties.join(", ") };
    let title = "You";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            (SummaryList::new(vec![
                SummaryRow::new("Name", who.name().reveal()),
                SummaryRow::new("Your duties", duties),
            ]))
            h2 .govuk-heading-m { "Where you are signed in" }
            (InsetText::new("If you do not know one of these, end it and tell the network manager."))
            @if let Some(failed) = failed.in_words() {
                (WarningText::new(format!(
                    "Somebody tried to sign in with your name and a wrong password: {failed}. If that was not you, tell the network manager."
                )))
            }
            (table(who, sessions, zone))
            @if sessions.len() > 1 {
                form method="post" action="/me/sessions/end-others" novalidate {
                    (Button { classes: "govuk-button--secondary".into(), once: Some(true), ..Button::new("End all others") })
                }
            }
        },
    )
}

fn table(who: &SignedIn, sessions: &[Session], zone: &Zone) -> Markup {
    let rows = sessions.iter().map(|one| {
        let here = one.hash == who.session().hash;
        let end = html! {
            @if here { "This is where you are" } @else {
                form method="post" action={ "/me/sessions/" (one.hash) "/end" } novalidate {
                    button .fivebar-plain type="submit" {
                        "End" span .govuk-visually-hidden { " the one on " (one.agent.reveal()) }
                    }
                }
            }
        };
        vec![
            Cell::new(one.agent.reveal()),
            Cell::new(moment(one.made_at, zone)),
            Cell::new(moment(one.seen_at, zone)),
            Cell::new(end),
        ]
    });
    let rows = rows.collect();
    html! {
        div .fivebar-scroll tabindex="0" role="region" aria-label="Where you are signed in" {
            (Table {
                caption: Some("Where you are signed in".to_owned()),
                caption_classes: "govuk-visually-hidden".into(),
                head: ["With", "Since", "Last used", "End it"].map(Cell::new).to_vec(),
                first_cell_is_header: true,
                rows,
                ..Table::default()
            })
        }
    }
}

/// Where to go on, carried along.
fn back(form: &Submitted) -> Markup {
    html! { input type="hidden" name="back" value=(form.text("back")); }
}
