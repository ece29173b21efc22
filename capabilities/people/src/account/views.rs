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
use web::speech::say;
use web::{Mistakes, Page, Submitted, counted, filled, marked};

use super::codes;
use super::door::SignedIn;
use super::link::store::Link;
use super::model::{Name, Session, Token};
use super::passkeys::views::{Asked, NAMES, PROOF_ANSWER, PROOF_STATE, Proving};
use super::provider::Way;
use crate::duty::{Duties, SchoolKind};

/// The form to sign in by.
pub fn sign_in(form: &Submitted, asked: Option<&Asked>, elsewhere: &[Way], mistakes: &Mistakes) -> Page {
    let title = &say("common.sign-in");
    let name = Input {
        error: mistakes.beside("name"),
        value: Some(form.line("name")),
        autocomplete: Some("username".to_owned()),
        autocapitalize: Some("none".to_owned()),
        spellcheck: Some(false),
        ..Input::new("name", Label::new(say("common.name")))
    };
    let password = PasswordInput {
        error: mistakes.beside("password"),
        ..PasswordInput::new("password", Label::new(say("common.password")))
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            form method="post" action="/sign-in" novalidate {
                (back(form))
                (name) (password)
                (Button { once: Some(true), ..Button::new(say("common.sign-in")) })
            }
            @if let Some(asked) = asked {
                (Proving {
                    asked,
                    what: "prove",
                    action: "/sign-in/passkey",
                    names: NAMES,
                    fields: back(form),
                    button: Button { classes: "govuk-button--secondary".into(), ..Button::new(say("sign-in.sign-in-with-a")) },
                })
            }
            (ways_elsewhere(&say("sign-in.sign-in-with"), elsewhere))
            h2 .govuk-heading-m { (say("sign-in.if-you-cannot-sign")) }
            p .govuk-body {
                (say("sign-in.ask-the-network-manager"))
            }
            p .govuk-body {
                (marked!("sign-in.with-a-card-with", link = html! { a .govuk-link href="/sign-in/card" { (say("sign-in.sign-in-with-a-card")) } }, lanyard = html! { a .govuk-link href="/sign-in/lanyard" { (say("sign-in.type-its-code")) } }))
            }
            p .govuk-body { (say("sign-in.you-need-no-name")) }
        },
    )
    .problems(mistakes.summary())
}

/// How the first one comes in, said where nobody holds a duty.
pub fn first_one() -> Markup {
    html! {
        div lang="en" dir="ltr" {
            (InsetText::new(html! {
                "Nobody has a duty at this school yet, so nobody can invite anybody. The head is let in first, at the machine that Fivebar runs on: "
                code { "sudo fivebar people first-head \"Hanna Example\"" } ", with the head’s name. It prints a link by which the head                  chooses a password; the head invites everybody else on these pages."
            }))
        }
    }
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
    let title = &say("sign-in.you-cannot-sign-in");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                (say("sign-in.this-page-came-over"))
            }
            p .govuk-body {
                (marked!("sign-in.if-you-look-after", what = html! { code { "[portal]" } }, whatb = html! { code { "fivebar.toml" } }, whatc = html! { code { "https = \"0.0.0.0:443\"" } }, whatd = html! { code { "url" } }))
            }
        },
    )
}

/// How long to wait, as people say it, for a try that others from elsewhere are counted with.
pub fn wait(millis: i64) -> String {
    filled!("sign-in.from-another-device-you", wait = wait_anywhere(millis))
}

/// The same where all tries are counted together.
pub(super) fn wait_anywhere(millis: i64) -> String {
    let minutes = (millis + 59_999) / 60_000;
    let long = counted!("sign-in.minutes-count", minutes.max(1));
    filled!("sign-in.that-was-tried-too", long)
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
        let duties: Vec<String> = self.resting.iter().map(|id| called(id, self.kind)).collect();
        let began = |one: &Session| {
            filled!("sign-in.with", when = moment(one.made_at, self.zone), agent = one.agent.reveal())
        };
        let others = || self.latest.iter().filter(|one| one.hash != self.session.hash);
        let since: Vec<String> =
            others().filter(|one| one.made_at > self.session.made_at).map(began).collect();
        let before = others().find(|one| one.made_at <= self.session.made_at).map(began);
        html! {
            @if let Some(at) = self.recovering {
                (WarningText::new(filled!("sign-in.two-people-may-be", when = moment(at, self.zone))))
                form method="post" action="/me/recovery/objection" novalidate {
                    (Button { classes: "govuk-button--warning".into(), ..Button::new(say("sign-in.say-no-i-have")) })
                }
            }
            @if self.stopped {
                (WarningText::new(html! {
                    (marked!("sign-in.somebody-signed-in-by", link = html! { a .govuk-link href="/me/passkeys" { (say("sign-in.take-it-away-and")) } }))
                }))
            }
            @if !duties.is_empty() {
                (WarningText::new(html! {
                    (marked!("sign-in.you-signed-in-with", duties = duties.join(", "))) " "
                    @if self.has_passkey {
                        (marked!("sign-in.and-it-is-yours", link = html! { a .govuk-link href="/sign-in/again" { (say("sign-in.prove-it-by-your")) } }))
                    } @else {
                        (marked!("sign-in.or-sign-in-again", link = html! { a .govuk-link href="/me/codes" { (say("sign-in.set-up-codes-on")) } }, linkb = html! { a .govuk-link href="/me/passkeys" { (say("sign-in.make-a-passkey")) } }))
                    }
                }))
            } @else if self.set_codes_up {
                (WarningText::new(html! {
                    (marked!("sign-in.your-duties-need-a", link = html! { a .govuk-link href="/me/codes" { (say("sign-in.set-up-codes-on-your")) } }, linkb = html! { a .govuk-link href="/me/passkeys" { (say("sign-in.make-a-passkey")) } }))
                }))
            }
            @if !since.is_empty() {
                (InsetText::new(html! {
                    (marked!("sign-in.since-you-signed-in", since = since.join(&format!("{} ", say("sign-in.and-at"))), link = html! { a .govuk-link href="/me" { (say("sign-in.if-that-was-not")) } }))
                }))
            }
            @if let Some(before) = before {
                p .govuk-body { (marked!("sign-in.you-last-signed-in", before)) }
            }
        }
    }
}

/// What a duty is called.
fn called(id: &str, kind: SchoolKind) -> String {
    Duties::built_in().named(id).map_or_else(|| id.to_owned(), |duty| duty.said_in(kind))
}

/// The form to prove again by who one is.
pub fn again(
    form: &Submitted,
    has_codes: bool,
    asked: Option<&Asked>,
    elsewhere: &[Way],
    mistakes: &Mistakes,
) -> Page {
    let title = &say("sign-in.enter-your-password-again");
    let password = PasswordInput {
        error: mistakes.beside("password"),
        ..PasswordInput::new("password", Label::new(say("common.password")))
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                (say("sign-in.what-comes-next-is"))
            }
            form method="post" action="/sign-in/again" novalidate {
                (back(form))
                (password)
                @if has_codes { (codes::views::beside_a_password("code", &Mistakes::default())) }
                (Button { once: Some(true), ..Button::new(say("common.continue")) })
            }
            @if let Some(asked) = asked {
                (Proving {
                    asked,
                    what: "prove",
                    action: "/sign-in/again/passkey",
                    names: NAMES,
                    fields: back(form),
                    button: Button { classes: "govuk-button--secondary".into(), ..Button::new(say("sign-in.continue-with-a-passkey")) },
                })
            }
            (ways_elsewhere(&say("sign-in.continue-with"), elsewhere))
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
    let title = &say("sign-in.this-is-the-only");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                (marked!("sign-in.nothing-has-been-changed", link = html! { a .govuk-link href="/me/passkeys" { (say("sign-in.make-a-passkey-2")) } }))
            }
            p .govuk-body { a .govuk-link href="/me" { (say("sign-in.back-to-your-page")) } }
        },
    )
}

/// Said to whoever would change by what they sign in and signed in by less than they could.
pub fn other_proof_first(has_passkey: bool) -> Page {
    let title = &say("sign-in.show-your-second-proof");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                (say("sign-in.you-signed-in-with-one"))
            }
            @if has_passkey {
                p .govuk-body { a .govuk-link href="/sign-in/again?back=%2Fme%2Fpasskeys" { (say("sign-in.prove-it-by-your")) } }
            } @else {
                p .govuk-body { (say("sign-in.sign-out-and-sign")) }
            }
            p .govuk-body {
                (say("sign-in.if-you-have-lost"))
            }
        },
    )
}

/// What somebody has beside a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Second {
    /// A passkey.
    Passkey,
    /// Codes of an app.
    Codes,
    /// Nothing.
    None,
}

/// Said to whoever asks for what is theirs by a duty that rests.
pub fn rests(resting: &BTreeSet<String>, second: Second, kind: SchoolKind, path: &str) -> Page {
    let duties: Vec<String> = resting.iter().map(|id| called(id, kind)).collect();
    let back = web::form::in_a_query(path);
    let title = &say("resting.this-needs-your-second");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                (filled!("resting.you-signed-in-with", duties = duties.join(", ")))
            }
            @match second {
                Second::Passkey => p .govuk-body {
                    (marked!("resting.and-you-come-back", link = html! {
                        a .govuk-link href={ "/sign-in/again?back=" (back) } { (say("resting.prove-it-by-your")) }
                    }))
                },
                Second::Codes => p .govuk-body {
                    (marked!("resting.and-you-come-back", link = html! {
                        a .govuk-link href={ "/sign-in/again?back=" (back) } { (say("resting.enter-your-password")) }
                    }))
                },
                Second::None => {
                    p .govuk-body {
                        (marked!(
                            "resting.which-takes-two-minutes",
                            codes = html! { a .govuk-link href={ "/me/codes?back=" (back) } { (say("resting.set-up-codes-on")) } },
                            passkey = html! { a .govuk-link href="/me/passkeys" { (say("resting.make-a-passkey")) } }
                        ))
                    }
                    p .govuk-body { a .govuk-link href=(path) { (say("resting.open-this-page-again")) } }
                }
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
    let title = &say("sign-in.enter-your-password-to");
    let ours = [PROOF, PROOF_CODE, PROOF_STATE, PROOF_ANSWER];
    let kept = html! {
        @for (name, words) in form.fields().filter(|(name, _)| !ours.contains(name)) {
            input type="hidden" name=(name) value=(words);
        }
    };
    let password = PasswordInput {
        error: mistakes.beside(PROOF),
        ..PasswordInput::new(PROOF, Label::new(say("common.password")))
    };
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body {
                (say("sign-in.it-is-more-than"))
            }
            form method="post" action=(path) novalidate {
                (kept)
                (password)
                @if has_codes { (codes::views::beside_a_password(PROOF_CODE, &Mistakes::default())) }
                (Button { once: Some(true), ..Button::new(say("common.continue")) })
            }
            @if let Some(asked) = asked {
                (Proving {
                    asked,
                    what: "prove",
                    action: path,
                    names: (PROOF_STATE, PROOF_ANSWER),
                    fields: kept,
                    button: Button { classes: "govuk-button--secondary".into(), ..Button::new(say("sign-in.continue-with-a-passkey")) },
                })
            }
            @if elsewhere {
                p .govuk-body {
                    (marked!("sign-in.if-you-have-no", link = html! { a .govuk-link href="/sign-in/again" target="_blank" rel="noopener" { (say("sign-in.prove-it-in-another")) } }))
                }
            }
        },
    )
    .status(StatusCode::UNAUTHORIZED)
    .problems(mistakes.summary())
}

/// The form to choose a password by.
pub fn welcome(token: &Token, name: &Name, shortest: usize, mistakes: &Mistakes) -> Page {
    let title = &say("sign-in.choose-a-password");
    let (first, again) = two_fields(shortest, mistakes);
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (marked!("sign-in.you-sign-in-by", name = html! { strong { (name.reveal()) } })) }
            form method="post" action={ "/welcome/" (token.reveal()) } novalidate {
                // A keeper of passwords files it under this.
                input type="hidden" name="name" value=(name.reveal()) autocomplete="username";
                (first) (again)
                (Button { once: Some(true), ..Button::new(say("sign-in.keep-this-password-and")) })
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
        hint: Some(Hint::new(filled!("sign-in.characters-or-more-three", shortest))),
        ..field("password", &say("common.password"))
    };
    (first, field("repeated", &say("sign-in.the-same-again")))
}

/// Changing one's own password.
pub fn own_password(name: &Name, shortest: usize, mistakes: &Mistakes) -> Page {
    let title = &say("sign-in.change-your-password");
    let (first, again) = two_fields(shortest, mistakes);
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (marked!("sign-in.you-sign-in-by-the", name = html! { strong { (name.reveal()) } })) }
            form method="post" action="/me/password" novalidate {
                input type="hidden" name="name" value=(name.reveal()) autocomplete="username";
                (first) (again)
                (Button { once: Some(true), ..Button::new(say("sign-in.change-it")) })
            }
        },
    )
    .before(BackLink::new("/me"))
    .problems(mistakes.summary())
}

/// Said to whom the school gives their password.
pub fn password_is_given() -> Page {
    let title = &say("sign-in.your-password");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (say("sign-in.the-school-gives-you")) }
        },
    )
    .before(BackLink::new("/me"))
}

/// Said where an invitation holds no more.
pub fn no_welcome() -> Page {
    let title = &say("sign-in.this-invitation-has-ended");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (say("sign-in.an-invitation-holds-for")) }
            p .govuk-body { (say("sign-in.ask-whoever-gave-it")) }
            p .govuk-body { (marked!("sign-in.if-you-have-chosen", link = html! { a .govuk-link href="/sign-in" { (say("common.sign-in")) } })) }
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
        let tries = |many: u32| counted!("sign-in.tries-count", many);
        Some(match (self.before, self.since) {
            (0, 0) => return None,
            (before, 0) => filled!("sign-in.before-you-signed-in", tries = tries(before)),
            (0, since) => filled!("sign-in.since-you-signed-in-here", tries = tries(since)),
            (before, since) => {
                filled!("sign-in.before-you-signed-in-here", before = tries(before), since = tries(since))
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
    let duties: Vec<String> = who.standing().duties().map(|id| called(id, kind)).collect();
    let duties = if duties.is_empty() { say("common.none") } else { duties.join(", ") };
    let title = &say("sign-in.you");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            (SummaryList::new(vec![
                SummaryRow::new(say("common.name"), who.name().reveal()),
                SummaryRow::new(say("sign-in.your-duties"), duties),
            ]))
            (who.news())
            p .govuk-body { a .govuk-link href="/me/notices" { (say("sign-in.how-you-are-told")) } }
            @for (words, href) in who.own_pages() { p .govuk-body { a .govuk-link href=(href) { (words) } } }
            p .govuk-body { a .govuk-link href="/me/password" { (say("sign-in.change-your-password")) } }
            p .govuk-body { a .govuk-link href="/me/passkeys" { (say("sign-in.your-passkeys")) } }
            p .govuk-body {
                a .govuk-link href="/me/codes" {
                    @if who.has_codes() { (say("sign-in.codes-on-your-phone")) } @else { (say("sign-in.set-up-codes-on")) }
                }
            }
            @if !links.is_empty() {
                h2 .govuk-heading-m { (say("sign-in.where-else-you-sign")) }
                @for (name, link) in links {
                    p .govuk-body {
                        (marked!("sign-in.since-last-at", name, when = moment(link.made_at, zone), whenb = moment(link.used_at, zone)))
                    }
                    form method="post" action={ "/me/links/" (link.system) "/removal" } novalidate {
                        (Button { classes: "govuk-button--secondary".into(), once: Some(true), ..Button::new(filled!("sign-in.forget-me-at", name)) })
                    }
                }
            }
            h2 .govuk-heading-m { (say("sign-in.where-you-are-signed")) }
            (InsetText::new(say("sign-in.if-you-do-not")))
            @if let Some(failed) = failed.in_words() {
                (WarningText::new(filled!("sign-in.somebody-tried-to-sign", failed)))
            }
            (table(who, sessions, zone))
            @if sessions.len() > 1 {
                form method="post" action="/me/sessions/end-others" novalidate {
                    (Button { classes: "govuk-button--secondary".into(), once: Some(true), ..Button::new(say("sign-in.end-all-others")) })
                }
            }
        },
    )
}

fn table(who: &SignedIn, sessions: &[Session], zone: &Zone) -> Markup {
    let rows = sessions.iter().map(|one| {
        let here = one.hash == who.session().hash;
        let end = html! {
            @if here { (say("sign-in.this-is-where-you")) } @else {
                form method="post" action={ "/me/sessions/" (one.hash) "/end" } novalidate {
                    button .fivebar-plain type="submit" {
                        (marked!("sign-in.end", hidden = html! { span .govuk-visually-hidden { " " (marked!("sign-in.the-one-on", agent = one.agent.reveal())) } }))
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
        div .fivebar-scroll tabindex="0" role="region" aria-label=(say("sign-in.where-you-are-signed")) {
            (Table {
                caption: Some(say("sign-in.where-you-are-signed")),
                caption_classes: "govuk-visually-hidden".into(),
                head: [say("sign-in.with-2"), say("common.since"), say("common.last-used"), say("common.end-it")].map(Cell::new).to_vec(),
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
