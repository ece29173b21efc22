//! Pages of lists: a limit, and a cursor in which nothing can be read.

use serde_json::{Value, json};

use crate::Api;
use crate::door::{Call, Done, Told};
use crate::problem::Problem;

/// The most that one page has.
pub(crate) const MOST: usize = 200;
/// What one has where nothing is said.
pub(crate) const USUAL: usize = 50;

/// How many are asked for.
pub(crate) fn limit(call: &Call) -> Result<usize, Problem> {
    let wrong = || Problem::unreadable(format!("limit is a whole number from 1 to {MOST}"));
    match call.asked("limit") {
        None => Ok(USUAL),
        Some(text) => {
            // Nothing but digits: a sign or a blank is no number here.
            let digits = !text.is_empty() && text.bytes().all(|sign| sign.is_ascii_digit());
            let number: usize = text.parse().map_err(|_| wrong())?;
            if digits && (1..=MOST).contains(&number) { Ok(number) } else { Err(wrong()) }
        }
    }
}

/// After what the page begins, as whoever made the cursor wrote it.
pub(crate) fn after(api: &Api, call: &Call) -> Result<Option<String>, Problem> {
    let Some(text) = call.asked("cursor") else { return Ok(None) };
    let opened = api.opaque.open(&purpose(call), text).and_then(|bytes| String::from_utf8(bytes).ok());
    opened.map(Some).ok_or_else(|| {
        Problem::not_now(
            "That cursor is not one of this list, or it has ended: ask for the list from its beginning",
        )
    })
}

fn purpose(call: &Call) -> String {
    format!("cursor {} {}", call.route.id, call.token.id)
}

/// A page of what there is, and where the next begins.
pub(crate) fn told(api: &Api, call: &Call, items: Vec<Value>, next: Option<String>) -> Result<Done, Problem> {
    let no_randomness = || Problem::unexpected("the machine gives no randomness");
    let next = match next {
        None => None,
        Some(next) => Some(api.opaque.seal(&purpose(call), next.as_bytes()).ok_or_else(no_randomness)?),
    };
    Ok(Done::Told(Told::ok(json!({ "items": items, "next": next }))))
}

/// A page of a list that is whole in memory. Each has a key that stays its own.
pub(crate) fn page_of<T>(
    api: &Api,
    call: &Call,
    all: Vec<T>,
    key: impl Fn(&T) -> String,
    tell: impl Fn(&T) -> Value,
) -> Result<Done, Problem> {
    let (limit, after) = (limit(call)?, after(api, call)?);
    let begins = match after {
        None => 0,
        Some(after) => {
            let place = all.iter().position(|one| key(one) == after);
            let place = place
                .ok_or_else(|| Problem::not_now("The list has changed: ask for it from its beginning"))?;
            place + 1
        }
    };
    let page: Vec<&T> = all.iter().skip(begins).take(limit).collect();
    let more = begins + page.len() < all.len();
    let next = page.last().filter(|_| more).map(|last| key(last));
    told(api, call, page.into_iter().map(tell).collect(), next)
}
