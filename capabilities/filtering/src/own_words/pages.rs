//! The pages about the words of pages.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use kit::permit::Action;
use people::account::SignedIn;
use web::form::fields;
use web::{Mistakes, PageError, Submitted, sentence};
use words::{Change, Words};

use super::actions::{ChangeHelpWords, ChangeWords, ReadWords, changes, written_down};
use super::views::{self, Label, Who};
use super::{HelpWords, OwnWords};
use crate::portal::who_did::who_did;
use crate::portal::{NotPublished, Portal};

/// So long a page waits for the hub to go by what it has published.
const PATIENCE: Duration = Duration::from_millis(2_500);
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route("/staff/words", get(languages))
        .route("/staff/words/{language}", get(language))
        .route("/staff/words/{language}/standing", post(standing))
        .route("/staff/words/{language}/labels/{label}", get(label).post(say))
        .route("/staff/words/{language}/help/{label}", get(help_label).post(say_help))
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
    let may = Who { words: who.offers::<ChangeWords>(), help: who.offers::<ChangeHelpWords>() };
    Ok(who.respond(&views::language(language, &labels, &find, may, form, mistakes)))
}

type LabelPath = Result<Path<(String, String)>, PathRejection>;

async fn label(
    State(portal): State<Portal>,
    who: SignedIn,
    path: LabelPath,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    who.could::<ChangeWords>(())?;
    shown(&portal, &who, path, false, query.as_deref()).await
}

async fn help_label(
    State(portal): State<Portal>,
    who: SignedIn,
    path: LabelPath,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    who.could::<ChangeHelpWords>(())?;
    shown(&portal, &who, path, true, query.as_deref()).await
}

async fn say(
    State(portal): State<Portal>,
    who: SignedIn,
    path: LabelPath,
    form: Submitted,
) -> Result<Response, PageError> {
    who.could::<ChangeWords>(())?;
    said::<ChangeWords>(&portal, &who, path, false, &form).await
}

async fn say_help(
    State(portal): State<Portal>,
    who: SignedIn,
    path: LabelPath,
    form: Submitted,
) -> Result<Response, PageError> {
    who.could::<ChangeHelpWords>(())?;
    said::<ChangeHelpWords>(&portal, &who, path, true, &form).await
}

/// The language and the label of a path, where it is one of the labels that the path is for: those of help, or the others.
fn named(path: LabelPath, of_help: bool) -> Result<(String, String), PageError> {
    let Path((tag, key)) = path.map_err(|_| PageError::NotFound)?;
    if HelpWords::built_in().have(&key) == of_help { Ok((tag, key)) } else { Err(PageError::NotFound) }
}

async fn shown(
    portal: &Portal,
    who: &SignedIn,
    path: LabelPath,
    of_help: bool,
    query: Option<&str>,
) -> Result<Response, PageError> {
    let at = named(path, of_help)?;
    let is_said = query == Some("said=yes");
    label_page(portal, who, &at, is_said, &Submitted::default(), &Mistakes::default()).await
}

async fn label_page(
    portal: &Portal,
    who: &SignedIn,
    (tag, key): &(String, String),
    is_said: bool,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let policy = portal.filter.policy();
    let labels = Label::all(policy.words(), tag).ok_or(PageError::NotFound)?;
    let label = labels.iter().find(|one| one.key == *key).ok_or(PageError::NotFound)?;
    let language = policy.words().language(tag).ok_or(PageError::NotFound)?;
    let mut tx = portal.db.read().await.map_err(PageError::unexpected)?;
    let mut earlier = Vec::new();
    for change in changes(&mut tx, tag, key).await.map_err(PageError::unexpected)? {
        let by = who_did(&mut tx, &change.by).await.map_err(PageError::unexpected)?;
        earlier.push(views::Earlier { by, change });
    }
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::label(language, label, (&earlier, &portal.zone), is_said, form, mistakes)))
}

/// What a form says, on one line; nothing where the program's own words are to stand there again.
fn meant(form: &Submitted) -> Option<String> {
    (form.text("step") != "unset").then(|| form.line("text"))
}

async fn said<A: Action<Subject = ()>>(
    portal: &Portal,
    who: &SignedIn,
    path: LabelPath,
    of_help: bool,
    form: &Submitted,
) -> Result<Response, PageError> {
    let at = named(path, of_help)?;
    let change = Change::Label { key: at.1.clone(), text: meant(form) };
    let mut mistakes = Mistakes::default();
    if make::<A>(portal, who, &at.0, change, &mut mistakes).await? {
        let address = views::address(&at.0, &at.1);
        return Ok(Redirect::to(&format!("{address}?said=yes")).into_response());
    }
    label_page(portal, who, &at, false, form, &mistakes).await
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
    if make::<ChangeWords>(&portal, &who, &tag, Change::Standing(meant(&form)), &mut mistakes).await? {
        return Ok(Redirect::to("/staff/words").into_response());
    }
    language_page(&portal, &who, &tag, "", &form, &mistakes)
}

/// Makes a change, publishes it, and waits a moment until pages say it; `false` where something is wrong with it.
async fn make<A: Action<Subject = ()>>(
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
    let (mut tx, permit) = who.begin::<A>(()).await?;
    let in_use = portal.filter.policy();
    written_down(&mut tx, permit.actor(), &words, in_use.words(), permit.at())
        .await
        .map_err(PageError::unexpected)?;
    match portal.publishes.words(tx, words, permit.at()).await {
        Ok(()) => {
            let follows = async {
                while Arc::ptr_eq(&in_use, &portal.filter.policy()) {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            };
            // Where it takes longer, the page says so by what it shows.
            let _ = tokio::time::timeout(PATIENCE, follows).await;
            Ok(true)
        }
        Err(NotPublished::CannotBe(why)) => {
            mistakes.add("text", why);
            Ok(false)
        }
        Err(error) => Err(PageError::unexpected(error)),
    }
}
