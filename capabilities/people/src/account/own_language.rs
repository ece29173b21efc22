//! In which language somebody is spoken to on the pages of whoever signs in: kept with their account, and in the browser for the pages
//! before.

use axum::Router;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;
use serde_json::json;
use store::{Actor, Subject, trail};
use web::form::{HOME, is_an_address_of_ours};
use web::{PageError, Submitted};

use super::door::SignedIn;
use super::house::House;
use super::store as table;

pub(super) fn routes() -> Router<House> {
    Router::new().route("/me/language", post(choose))
}

async fn choose(State(house): State<House>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    let back = form.text("back");
    let back = if is_an_address_of_ours(back) { back } else { HOME };
    let spoken = web::speech::current();
    let language = spoken.words().language(form.text("to")).filter(|language| language.has_portal());
    let language = language.ok_or(PageError::Unreadable)?;
    let (mut tx, at) = who.begin_own().await?;
    table::set_language(&mut tx, who.session().account, &language.tag)
        .await
        .map_err(PageError::unexpected)?;
    let (actor, subject) = (Actor::Person(who.person().0), Subject::new("person", who.person().0));
    let detail = json!({ "language": language.tag });
    trail::changed(&mut tx, &actor, "account.language", &subject, &detail, at)
        .await
        .map_err(PageError::unexpected)?;
    tx.commit().await.map_err(PageError::unexpected)?;
    let mut response = Redirect::to(back).into_response();
    if let Ok(cookie) = web::speech::cookie(&language.tag, house.by_https).parse() {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}
