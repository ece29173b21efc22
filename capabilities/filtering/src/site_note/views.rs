//! What both forms show alike.

use maud::{Markup, html};
use web::page::host;
use web::{Page, Submitted};

use crate::always_open::AlwaysOpen;

/// What whoever asks for a site that is open to everyone is told. Nothing of it is kept.
pub(crate) fn always_open(site: &str, open: AlwaysOpen) -> Page {
    let title = "You can open this site";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (host(site)) }
            p .govuk-body { (open.words()) " What you wrote was not kept." }
            p .govuk-body { "If it does not open, tell any adult at the school that the internet is not working." }
            p .govuk-body { a .govuk-link href="/help" { "Get help" } }
        },
    )
}

/// What whoever speaks of a site of help is told: it was kept, and not who they are.
pub(crate) fn of_help(site: &str) -> Page {
    let title = "Sent without your name";
    Page::new(
        title,
        html! {
            h1 .govuk-heading-l { (title) }
            p .govuk-body { (host(site)) }
            p .govuk-body {
                "Thank you. Somebody at the school will look at it. This site gives help, so the school does not keep who wrote \
                 or from which device, and no answer can be shown here."
            }
            p .govuk-body { "If you need help now, there are other ways." }
            p .govuk-body { a .govuk-link href="/help" { "Get help" } }
        },
    )
}

/// The ticket that led to a form goes on with it, so that what is sent is put down to whoever met the block page.
pub(crate) fn carried(form: &Submitted) -> Markup {
    let ticket = form.text("t");
    html! { @if !ticket.is_empty() { input type="hidden" name="t" value=(ticket); } }
}
