//! The pages about the words of pages.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use people::account::SignedIn;
use web::form::fields;
use web::{Mistakes, PageError, Submitted};
use words::{Change, Words};

use super::OwnWords;
use super::actions::{ChangeWords, ReadWords, written_down};
use super::views::{self, Label};
use crate::portal::{NotPublished, Portal};
use crate::site_request::staff_pages::sentence;

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/staff/words", get(languages))
        .route("/staff/words/{language}", get(language))
        .route("/staff/words/{language}/standing", post(standing))
        .route("/staff/words/{language}/labels/{label}", get(label).post(say))
}

async fn languages(State(portal): State<Portal>, who: SignedIn) -> Result<Response, PageError> {
    who.may::<ReadWords>(())?;
    let policy = portal.filter.policy();
    Ok(who.respond(&views::languages(policy.words())))
}

async fn language(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let Path(tag) = path.map_err(|_| PageError::NotFound)?;
    let fields = fields(query.as_deref().unwrap_or(""));
    let field =
        |name: &str| fields.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value.as_str());
    language_page(&portal, &who, &tag, field("find"), &Submitted::default(), &Mistakes::default())
}

fn language_page(
    portal: &Portal,
    who: &SignedIn,
    tag: &str,
    find: &str,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    who.may::<ReadWords>(())?;
    let policy = portal.filter.policy();
    let labels = Label::all(policy.words(), tag).ok_or(PageError::NotFound)?;
    let language = policy.words().language(tag).ok_or(PageError::NotFound)?;
    let find: String = find.trim().chars().take(100).collect();
    let may_change = who.offers::<ChangeWords>();
    Ok(who.respond(&views::language(language, &labels, &find, may_change, form, mistakes)))
}

async fn label(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    who.could::<ChangeWords>(())?;
    let Path((tag, key)) = path.map_err(|_| PageError::NotFound)?;
    let is_said = query.as_deref() == Some("said=yes");
    label_page(&portal, &who, &tag, &key, is_said, &Submitted::default(), &Mistakes::default())
}

fn label_page(
    portal: &Portal,
    who: &SignedIn,
    tag: &str,
    key: &str,
    is_said: bool,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let policy = portal.filter.policy();
    let labels = Label::all(policy.words(), tag).ok_or(PageError::NotFound)?;
    let label = labels.iter().find(|one| one.key == key).ok_or(PageError::NotFound)?;
    let language = policy.words().language(tag).ok_or(PageError::NotFound)?;
    Ok(who.respond(&views::label(language, label, is_said, form, mistakes)))
}

/// What a form says, on one line; nothing where the program's own words are to stand there again.
fn meant(form: &Submitted) -> Option<String> {
    (form.text("step") != "unset").then(|| form.line("text"))
}

async fn say(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<(String, String)>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    who.could::<ChangeWords>(())?;
    let Path((tag, key)) = path.map_err(|_| PageError::NotFound)?;
    let change = Change::Label { key: key.clone(), text: meant(&form) };
    let mut mistakes = Mistakes::default();
    if make(&portal, &who, &tag, change, &mut mistakes).await? {
        return Ok(Redirect::to(&format!("/staff/words/{tag}/labels/{key}?said=yes")).into_response());
    }
    label_page(&portal, &who, &tag, &key, false, &form, &mistakes)
}

async fn standing(
    State(portal): State<Portal>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
    form: Submitted,
) -> Result<Response, PageError> {
    who.could::<ChangeWords>(())?;
    let Path(tag) = path.map_err(|_| PageError::NotFound)?;
    let mut mistakes = Mistakes::default();
    if make(&portal, &who, &tag, Change::Standing(meant(&form)), &mut mistakes).await? {
        return Ok(Redirect::to("/staff/words").into_response());
    }
    language_page(&portal, &who, &tag, "", &form, &mistakes)
}

/// Makes a change and publishes it; `false` where something is wrong with it.
async fn make(
    portal: &Portal,
    who: &SignedIn,
    tag: &str,
    change: Change,
    mistakes: &mut Mistakes,
) -> Result<bool, PageError> {
    let program = Words::built_in();
    let labels = Label::all(&program, tag).ok_or(PageError::NotFound)?;
    if let Change::Label { key, .. } = &change
        && !labels.iter().any(|label| label.key == *key)
    {
        return Err(PageError::NotFound);
    }
    if let Some(wrong) = program.wrong_with_change(tag, &change) {
        mistakes.add("text", sentence(&wrong));
        return Ok(false);
    }
    let words = OwnWords { language: tag.to_owned(), change };
    let (mut tx, permit) = who.begin::<ChangeWords>(()).await?;
    written_down(&mut tx, permit.actor(), &words, permit.at()).await.map_err(PageError::unexpected)?;
    match portal.publishes.words(tx, words, permit.at()).await {
        Ok(()) => Ok(true),
        Err(NotPublished::CannotBe(why)) => {
            mistakes.add("text", why);
            Ok(false)
        }
        Err(error) => Err(PageError::unexpected(error)),
    }
}
