//! What the pages of signing in say.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use kit::{Timestamp, Zone};
use maud::{Markup, Render, html};
use web::component::{
    BackLink, Button, Cell, Hint, Input, InsetText, Label, PasswordInput, SummaryList, SummaryRow, Table,
    WarningText,
};
use web::page::moment;
use web::{Mistakes, Page, Submitted};

use super::codes;
use super::door::SignedIn;
use super::link::store::Link;
use super::model::{Name, Session, Token};
use super::passkeys::views::{Asked, NAMES, PROOF_ANSWER, PROOF_STATE, Proving};
use super::provider::Way;
use crate::duty::{Duties, SchoolKind};

/// The form to sign in by.
pub fn sign_in(form: &Submitted, asked: Option<&Asked>, elsewhere: &[Way], mistakes: &Mistakes) -> Page {
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
            @if let Some(asked) = asked {
                (Proving {
                    asked,
                    what: "prove",
                    action: "/sign-in/passkey",
                    names: NAMES,
                    fields: back(form),
                    button: Button { classes: "govuk-button--secondary".into(), ..Button::new("Sign in with a passkey") },
                })
            }
            (ways_elsewhere("Sign in with", elsewhere))
            h2 .govuk-heading-m { "If you cannot sign in" }
            p .govuk-body {
                "Ask the network manager or the online safety lead for an invitation: with it you choose a new password."
            }
            p .govuk-body {
                "With a card with pictures or short words: " a .govuk-link href="/sign-in/card" { "sign in with a card" } ". With a lanyard: \
                 scan its code."
            }
            p .govuk-body { "You need no name and password to ask for a site, to report one, or to get help." }
        },
    )
    .problems(mistakes.summary())
}

/// Links to providers: links and not forms, since what a form sends is not led on to another site.
fn ways_elsewhere(begin: &str, ways: &[Way]) -> Markup {
    html! {
        @for way in ways {
            p .govuk-body {
                a .govuk-button.govuk-button--secondary role="button" draggable="false" href=(way.href) { (begin) " " (way.name) }
            }
        }
    }
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
                "If you look after the network: give " code { "[portal]" } " in " code { "fivebar.toml" } " a line "
                code { "https = \"0.0.0.0:443\"" } " and the school’s certificate, or put a server that has it before the portal, on \
                 the same machine, and its address into " code { "url" } "."
            }
        },
    )
}

/// How long to wait, as people say it, for a try that others from elsewhere are counted with.
pub fn wait(millis: i64) -> String {
    format!("{}; from another device you can try at once", wait_anywhere(millis))
}

/// The same where all tries are counted together.
pub(super) fn wait_anywhere(millis: i64) -> String {
    let minutes = (millis + 59_999) / 60_000;
    let long = if minutes <= 1 { "a minute".to_owned() } else { format!("{minutes} minutes") };
    format!("That was tried too often. Wait {long}, then try again")
}

/// What somebody is told of how they sign in.
pub struct News<'a> {
    /// The ids of their duties that rest.
    pub resting: &'a BTreeSet<String>,
    /// Whether they should set codes up before they sign out.
    pub set_codes_up: bool,
    /// Whether they have a passkey to prove more by.
    pub has_passkey: bool,
    /// Whether a passkey of theirs was stopped, since there may be a copy of it.
    pub stopped: bool,
    /// The session in which they are told.
    pub session: &'a Session,
    /// Their sessions of late, newest first.
    pub latest: &'a [Session],
    /// Since when somebody proposes to let them in again, as if they had lost everything.
    pub recovering: Option<Timestamp>,
    /// What kind of school it is.
    pub kind: SchoolKind,
    /// The school's own time.
    pub zone: &'a Zone,
}

impl Render for News<'_> {
    fn render(&self) -> Markup {
        let duties: Vec<&str> = self.resting.iter().map(|id| called(id, self.kind)).collect();
        let began =
            |one: &Session| format!("{}, with {}", moment(one.made_at, self.zone), one.agent.reveal());
        let others = || self.latest.iter().filter(|one| one.hash != self.session.hash);
        let since: Vec<String> =
            others().filter(|one| one.made_at > self.session.made_at).map(began).collect();
        let before = others().find(|one| one.made_at <= self.session.made_at).map(began);
        html! {
            @if let Some(at) = self.recovering {
                (WarningText::new(format!(
                    "Two people may be about to let you in again, as somebody who lost password and phone: proposed at {}. Whoever gets the link \
                     can be you.",
                    moment(at, self.zone)
                )))
                form method="post" action="/me/recovery/objection" novalidate {
                    (Button { classes: "govuk-button--warning".into(), ..Button::new("Say no: I have lost nothing") })
                }
            }
            @if self.stopped {
                (WarningText::new(html! {
                    "Somebody signed in by one of your passkeys as if there were a copy of it, and was refused. "
                    a .govuk-link href="/me/passkeys" { "Take it away and make another" } ", and tell the network manager."
                }))
            }
            @if !duties.is_empty() {
                (WarningText::new(html! {
                    "You signed in with one proof alone, so what you do as " (duties.join(", ")) " rests. "
                    @if self.has_passkey {
                        a .govuk-link href="/sign-in/again" { "Prove it by your passkey" } ", and it is yours again."
                    } @else {
                        a .govuk-link href="/me/codes" { "Set up codes on your phone" } ", "
                        a .govuk-link href="/me/passkeys" { "make a passkey" } ", or sign in again with one."
                    }
                }))
            } @else if self.set_codes_up {
                (WarningText::new(html! {
                    "Your duties need a second proof. Before you sign out, "
                    a .govuk-link href="/me/codes" { "set up codes on your phone" } " or "
                    a .govuk-link href="/me/passkeys" { "make a passkey" } ": next time a password alone is not enough."
                }))
            }
            @if !since.is_empty() {
                (InsetText::new(html! {
                    "Since you signed in here, you also signed in at " (since.join("; and at ")) ". "
                    a .govuk-link href="/me" { "If that was not you" } ", end it and tell the network manager."
                }))
            }
            @if let Some(before) = before {
                p .govuk-body { "You last signed in before at " (before) "." }
            }
        }
    }
}

/// What a duty is called.
fn called(id: &str, kind: SchoolKind) -> &str {
    Duties::built_in().named(id).map_or(id, |duty| duty.called_in(kind))
}

/// The form to prove again by who one is.
pub fn again(
    form: &Submitted,
    has_codes: bool,
    asked: Option<&Asked>,
    elsewhere: &[Way],
    mistakes: &Mistakes,
) -> Page {
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
                @if has_codes { (codes::views::beside_a_password("code", &Mistakes::default())) }
                (Button { once: Some(true), ..Button::new("Continue") })
            }
            @if let Some(asked) = asked {
                (Proving {
                    asked,
                    what: "prove",
                    action: "/sign-in/again/passkey",
                    names: NAMES,
                    fields: back(form),
                    button: Button { classes: "govuk-button--secondary".into(), ..Button::new("Continue with a passkey") },
                })
            }
            (ways_elsewhere("Continue with", elsewhere))
        },
    )
    .problems(mistakes.summary())
}

/// The field of a proof that comes along with a form.
pub const PROOF: &str = "fivebar-proof";
/// The field of the code that goes with it, where somebody has an app for codes.
pub const PROOF_CODE: &str = "fivebar-code";

/// Said to whoever would take away the only way in that they have.
pub fn only_way() -> Page {
    let title = "This is the only way in that you have";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                "Nothing has been changed. " a .govuk-link href="/me/passkeys" { "Make a passkey" } " first, or ask for an invitation and choose a                  password."
            }
            p .govuk-body { a .govuk-link href="/me" { "Back to your page" } }
        },
    )
}

/// Said to whoever would change by what they sign in and signed in by less than they could.
pub fn other_proof_first(has_passkey: bool) -> Page {
    let title = "Show your second proof first";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                "You signed in with one proof alone. Whoever has learned it could be you, so by what you sign in is changed only by whoever shows                  the second one too."
            }
            @if has_passkey {
                p .govuk-body { a .govuk-link href="/sign-in/again?back=%2Fme%2Fpasskeys" { "Prove it by your passkey" } }
            } @else {
                p .govuk-body { "Sign out, and sign in again with a code." }
            }
            p .govuk-body {
                "If you have lost it, ask the head or the online safety lead: two people together can let you in again."
            }
        },
    )
}

/// By what somebody may prove again who they are.
#[derive(Debug, Clone, Copy)]
pub struct Ways<'a> {
    /// Whether they have an app for codes.
    pub has_codes: bool,
    /// What their browser is asked to prove it by, where they have a passkey.
    pub asked: Option<&'a Asked>,
    /// Whether there are providers at which people sign in.
    pub elsewhere: bool,
}

/// The form to prove by who one is in the middle of another: what was written there goes along, and is sent where it was meant to go.
pub fn prove_here(path: &str, form: &Submitted, ways: &Ways<'_>, mistakes: &Mistakes) -> Page {
    let Ways { has_codes, asked, elsewhere } = *ways;
    let title = "Enter your password to go on";
    let ours = [PROOF, PROOF_CODE, PROOF_STATE, PROOF_ANSWER];
    let kept = html! {
        @for (name, words) in form.fields().filter(|(name, _)| !ours.contains(name)) {
            input type="hidden" name=(name) value=(words);
        }
    };
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
                (kept)
                (password)
                @if has_codes { (codes::views::beside_a_password(PROOF_CODE, &Mistakes::default())) }
                (Button { once: Some(true), ..Button::new("Continue") })
            }
            @if let Some(asked) = asked {
                (Proving {
                    asked,
                    what: "prove",
                    action: path,
                    names: (PROOF_STATE, PROOF_ANSWER),
                    fields: kept,
                    button: Button { classes: "govuk-button--secondary".into(), ..Button::new("Continue with a passkey") },
                })
            }
            @if elsewhere {
                p .govuk-body {
                    "If you have no password here, "
                    a .govuk-link href="/sign-in/again" target="_blank" rel="noopener" { "prove it in another window" }
                    ", come back to this one, and continue without one."
                }
            }
        },
    )
    .status(StatusCode::UNAUTHORIZED)
    .problems(mistakes.summary())
}

/// The form to choose a password by.
pub fn welcome(token: &Token, name: &Name, shortest: usize, mistakes: &Mistakes) -> Page {
    let title = "Choose a password";
    let (first, again) = two_fields(shortest, mistakes);
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { "You sign in by the name " strong { (name.reveal()) } "." }
            form method="post" action={ "/welcome/" (token.reveal()) } novalidate {
                // A keeper of passwords files it under this.
                input type="hidden" name="name" value=(name.reveal()) autocomplete="username";
                (first) (again)
                (Button { once: Some(true), ..Button::new("Keep this password and sign in") })
            }
        },
    )
    .problems(mistakes.summary())
}

/// The fields of a password that is chosen.
fn two_fields(shortest: usize, mistakes: &Mistakes) -> (PasswordInput, PasswordInput) {
    let field = |id: &'static str, label: &str| PasswordInput {
        error: mistakes.beside(id),
        autocomplete: "new-password",
        ..PasswordInput::new(id, Label::new(label))
    };
    let first = PasswordInput {
        hint: Some(Hint::new(format!(
            "{shortest} characters or more. Three or four words that do not belong together are easy to keep and hard to guess. No names: \
             not yours, not the school’s."
        ))),
        ..field("password", "Password")
    };
    (first, field("repeated", "The same again"))
}

/// Changing one's own password.
pub fn own_password(name: &Name, shortest: usize, mistakes: &Mistakes) -> Page {
    let title = "Change your password";
    let (first, again) = two_fields(shortest, mistakes);
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { "You sign in by the name " strong { (name.reveal()) } ". Wherever else you are signed in, you are signed out." }
            form method="post" action="/me/password" novalidate {
                input type="hidden" name="name" value=(name.reveal()) autocomplete="username";
                (first) (again)
                (Button { once: Some(true), ..Button::new("Change it") })
            }
        },
    )
    .before(BackLink::new("/me"))
    .problems(mistakes.summary())
}

/// Said to whom the school gives their password.
pub fn password_is_given() -> Page {
    let title = "Your password";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { "The school gives you your password or card. If somebody else knows it, tell your teacher: they make you another." }
        },
    )
    .before(BackLink::new("/me"))
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
pub(super) fn me(
    who: &SignedIn,
    sessions: &[Session],
    links: &[(String, Link)],
    failed: &Failed,
    kind: SchoolKind,
    zone: &Zone,
) -> Page {
    let duties: Vec<&str> = who.standing().duties().map(|id| called(id, kind)).collect();
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
            (who.news())
            p .govuk-body { a .govuk-link href="/me/notices" { "How you are told what waits for you" } }
            @for (words, href) in who.own_pages() { p .govuk-body { a .govuk-link href=(href) { (words) } } }
            p .govuk-body { a .govuk-link href="/me/password" { "Change your password" } }
            p .govuk-body { a .govuk-link href="/me/passkeys" { "Your passkeys" } }
            p .govuk-body {
                a .govuk-link href="/me/codes" {
                    @if who.has_codes() { "Codes on your phone, and your recovery codes" } @else { "Set up codes on your phone" }
                }
            }
            @if !links.is_empty() {
                h2 .govuk-heading-m { "Where else you sign in by" }
                @for (name, link) in links {
                    p .govuk-body {
                        (name) ", since " (moment(link.made_at, zone)) ", last at " (moment(link.used_at, zone)) "."
                    }
                    form method="post" action={ "/me/links/" (link.system) "/removal" } novalidate {
                        (Button { classes: "govuk-button--secondary".into(), once: Some(true), ..Button::new(format!("Forget me at {name}")) })
                    }
                }
            }
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
