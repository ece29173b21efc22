//! What both forms show alike.

use maud::{Markup, html};
use web::Submitted;

/// The ticket that led to a form goes on with it, so that what is sent is put down to whoever met the block page.
pub(crate) fn carried(form: &Submitted) -> Markup {
    let ticket = form.text("t");
    html! { @if !ticket.is_empty() { input type="hidden" name="t" value=(ticket); } }
}
