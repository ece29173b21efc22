//! Tokens at the portal: making one, ending one, and everybody's for whoever looks after the network.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use people::account::SignedIn;
use web::{Mistakes, PageError, Submitted};

use super::actions::{self, AnyTokens, EndAnyToken, EndOwnToken, MakeError, MakeToken, OwnTokens};
use super::model::{ApiToken, Making, Mistake, Secret};
use super::views::{self, Line, Shown};
use crate::Api;
use crate::content::Content;

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/staff/tokens", get(all))
        .route("/staff/tokens/new", get(form).post(make))
        .route("/staff/tokens/{id}/end", post(end))
}

async fn all(State(api): State<Api>, who: SignedIn) -> Result<Response, PageError> {
    listed(&api, &who, None).await
}

async fn listed(
    api: &Api,
    who: &SignedIn,
    made: Option<(&ApiToken, &Secret)>,
) -> Result<Response, PageError> {
    let permit = who.may::<OwnTokens>(())?;
    let mut tx = api.portal.db.read().await.map_err(PageError::unexpected)?;
    let own = actions::own(&mut tx, &permit, who.person()).await.map_err(PageError::unexpected)?;
    let mut others = None;
    if let Ok(permit) = who.may::<AnyTokens>(()) {
        let mut lines = Vec::new();
        let all = actions::all(&mut tx, &permit).await.map_err(PageError::unexpected)?;
        for token in all.into_iter().filter(|token| token.person != who.person()) {
            let by = people::name_of(&mut tx, token.person).await.map_err(PageError::unexpected)?;
            lines.push(Line { token, by });
        }
        others = Some(lines);
    }
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let own = own.into_iter().map(|token| Line { token, by: None }).collect();
    let shown = Shown { own, others, at: who.at(), url: api.url() };
    Ok(who.respond(&views::all(&shown, made, &api.portal.zone)))
}

async fn form(who: SignedIn) -> Result<Response, PageError> {
    who.could::<MakeToken>(())?;
    Ok(who.respond(&views::form(&Submitted::default(), &Mistakes::default())))
}

async fn make(State(api): State<Api>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    who.could::<MakeToken>(())?;
    let ticked = |id: &&str| form.text(&views::field(id)) == "yes";
    let scopes = Content::built_in().scopes().iter().map(|scope| scope.id.as_str()).filter(ticked);
    let making = Making {
        name: form.line("name"),
        scopes: scopes.map(str::to_owned).collect(),
        days: form.text("days").parse().unwrap_or(0),
    };
    let mut random = [0; Secret::BYTES];
    getrandom::fill(&mut random).map_err(|error| PageError::unexpected(error.to_string()))?;
    let secret = Secret::of(random);
    let (mut tx, permit) = who.begin::<MakeToken>(()).await?;
    let maker = (who.person(), who.by_several());
    match actions::make(&mut tx, &permit, maker, &making, &secret).await {
        Ok(token) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            // Told once: it is nowhere but on this page.
            listed(&api, &who, Some((&token, &secret))).await
        }
        Err(MakeError::Store(error)) => Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            let mut mistakes = Mistakes::default();
            let field = match error {
                MakeError::Mistake(Mistake::Name) => "name",
                MakeError::Mistake(Mistake::NoScope) => "scopes",
                MakeError::Mistake(Mistake::Days) => "days",
                _ => "",
            };
            mistakes.add(field, error.to_string());
            Ok(who.respond(&views::form(&form, &mistakes)))
        }
    }
}

async fn end(who: SignedIn, path: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let Path(id) = path.map_err(|_| PageError::NotFound)?;
    let id = id.parse().map_err(|_| PageError::NotFound)?;
    let (tx, ended) = if who.offers::<AnyTokens>() {
        let (mut tx, permit) = who.begin::<EndAnyToken>(()).await?;
        let ended = actions::end_anybodys(&mut tx, &permit, id).await;
        (tx, ended)
    } else {
        let (mut tx, permit) = who.begin::<EndOwnToken>(()).await?;
        let ended = actions::end_own(&mut tx, &permit, who.person(), id).await;
        (tx, ended)
    };
    match ended {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(MakeError::Store(error)) => return Err(PageError::unexpected(error)),
        // It ended meanwhile: the page says so.
        Err(_) => drop(tx),
    }
    Ok(Redirect::to("/staff/tokens").into_response())
}
