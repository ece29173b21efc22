//! What stands on the printed slips of adults.

use documents::Template;
use kit::Timestamp;
use serde_json::{Value, json};
use web::page::moment;

use super::super::card::square;
use super::super::house::PrintedAt;
use super::super::model::Token;

/// Slips with which adults choose their first password.
pub(super) const SLIPS: Template =
    Template { name: "slips", text: include_str!("../../../../../content/documents/slips.typ") };

/// One slip.
pub(super) struct OnSlip<'a> {
    /// Whose.
    pub name: &'a str,
    /// The name that they sign in by.
    pub sign_in: &'a str,
    /// The token of the link.
    pub token: &'a Token,
}

/// The document's data.
pub(super) fn data(slips: &[OnSlip<'_>], ends_at: Timestamp, printed: &PrintedAt<'_>) -> Value {
    let title = match slips {
        [one] => format!("A way in for {}", one.name),
        _ => "Ways in for the school’s adults".to_owned(),
    };
    let slips = slips.iter().map(|one| {
        let link = super::super::welcome_link(printed.url, one.token);
        json!({ "name": one.name, "sign-in": one.sign_in, "drawing": square(&link), "link": link })
    });
    json!({
        "title": title,
        "school": printed.school,
        "printed": format!("Printed at {}", moment(printed.at, printed.zone)),
        "until": moment(ends_at, printed.zone),
        "address": printed.url,
        "slips": slips.collect::<Vec<_>>(),
    })
}
