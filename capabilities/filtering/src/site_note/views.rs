//! What both forms show alike.

use maud::{Markup, html};
use web::page::host;
use web::{Page, Submitted, marked};
use words::{SOURCE, Say};

use crate::always_open::AlwaysOpen;
use crate::site::host_of_part;

/// What whoever asks for a site that is open to everyone is told. Nothing of it is kept.
pub(crate) fn always_open(say: &Say, site: &str, open: AlwaysOpen) -> Page {
    let title = say.say("answer.is-open");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (host(site)) }
            @if say.tag() == SOURCE { p .govuk-body { (open.words()) } }
            p .govuk-body { (say.say("answer.not-kept")) }
            p .govuk-body { a .govuk-link href="/help" { (say.say("link.help")) } }
        },
    )
}

/// What whoever speaks of a site of help is told: it was kept, and not who they are.
pub(crate) fn of_help(say: &Say, site: &str) -> Page {
    let title = say.say("answer.no-name");
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (host(site)) }
            p .govuk-body { (say.say("answer.no-name-say")) }
            p .govuk-body { a .govuk-link href="/help" { (say.say("link.help")) } }
        },
    )
}

/// The ticket that led to a form goes on with it, so that what is sent is put down to whoever met the block page.
pub(crate) fn carried(form: &Submitted) -> Markup {
    let ticket = form.text("t");
    html! { @if !ticket.is_empty() { input type="hidden" name="t" value=(ticket); } }
}

/// What naming a part of a site comes to: over an encrypted connection nobody sees pages. Nothing where the whole of a site is named.
pub(crate) fn of_a_part(target: &str) -> Option<Markup> {
    let whole = host_of_part(target)?;
    Some(marked!("overrides.over-an-encrypted", site = host(whole), part = host(target)))
}
