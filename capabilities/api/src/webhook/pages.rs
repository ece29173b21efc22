//! Webhooks at the portal.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use people::account::SignedIn;
use people::programs::{AddWebhooks, ChangeWebhooks, ReadWebhooks};
use web::{Mistakes, PageError, Submitted};

use super::actions::{self, WebhookError};
use super::model::{Mistake, Webhook, WebhookId, WebhookSecret};
use super::views::{self, One};
use crate::Api;
use crate::content::Content;

/// How many deliveries are shown.
const SHOWN: u64 = 30;

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/staff/webhooks", get(all))
        .route("/staff/webhooks/new", get(form).post(add))
        .route("/staff/webhooks/{id}", get(one))
        .route("/staff/webhooks/{id}/secret", post(renew))
        .route("/staff/webhooks/{id}/test", post(test))
        .route("/staff/webhooks/{id}/resume", post(resume))
        .route("/staff/webhooks/{id}/end", post(end))
        .route("/staff/webhooks/{id}/deliveries/{delivery}/again", post(again))
}

fn id(path: Result<Path<String>, PathRejection>) -> Result<WebhookId, PageError> {
    let Path(text) = path.map_err(|_| PageError::NotFound)?;
    text.parse().map_err(|_| PageError::NotFound)
}

async fn all(State(api): State<Api>, who: SignedIn) -> Result<Response, PageError> {
    let permit = who.may::<ReadWebhooks>(())?;
    let mut tx = api.portal.db.read().await.map_err(PageError::unexpected)?;
    let all = actions::all(&mut tx, &permit).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    Ok(who.respond(&views::all(&all, who.offers::<ChangeWebhooks>(), &api.portal.zone)))
}

async fn form(who: SignedIn) -> Result<Response, PageError> {
    who.could::<AddWebhooks>(())?;
    Ok(who.respond(&views::form(&Submitted::default(), &Mistakes::default())))
}

async fn add(State(api): State<Api>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    who.could::<AddWebhooks>(())?;
    let ticked = |id: &&str| form.text(&views::field(id)) == "yes";
    let events = Content::built_in().events().iter().map(|event| event.id.as_str()).filter(ticked);
    let events: Vec<String> = events.map(str::to_owned).collect();
    let (mut tx, permit) = who.begin::<AddWebhooks>(()).await?;
    match actions::add(&mut tx, &permit, &api.opaque, &form.line("url"), &events).await {
        Ok((webhook, secret)) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            // Told once: it is nowhere but on this page.
            shown(&api, &who, &webhook, Some(&secret), &Mistakes::default()).await
        }
        Err(WebhookError::Store(error)) => Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            let mut mistakes = Mistakes::default();
            let field = match error {
                WebhookError::Mistake(Mistake::Url) => "url",
                WebhookError::Mistake(Mistake::NoEvent) => "events",
                _ => "",
            };
            mistakes.add(field, error.to_string());
            Ok(who.respond(&views::form(&form, &mistakes)))
        }
    }
}

async fn one(
    State(api): State<Api>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let id = id(path)?;
    again_shown(&api, &who, id, None, &Mistakes::default()).await
}

async fn again_shown(
    api: &Api,
    who: &SignedIn,
    id: WebhookId,
    secret: Option<&WebhookSecret>,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let permit = who.may::<ReadWebhooks>(())?;
    let mut tx = api.portal.db.read().await.map_err(PageError::unexpected)?;
    let found = actions::one(&mut tx, &permit, id).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    shown(api, who, &found.ok_or(PageError::NotFound)?, secret, mistakes).await
}

async fn shown(
    api: &Api,
    who: &SignedIn,
    webhook: &Webhook,
    secret: Option<&WebhookSecret>,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    let permit = who.may::<ReadWebhooks>(())?;
    let mut tx = api.portal.db.read().await.map_err(PageError::unexpected)?;
    let deliveries = actions::deliveries(&mut tx, &permit, webhook.id, SHOWN).await;
    let deliveries = deliveries.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let one = One {
        webhook,
        deliveries: &deliveries,
        secret,
        may_change: who.offers::<ChangeWebhooks>(),
        at: who.at(),
    };
    Ok(who.respond(&views::one(&one, mistakes, &api.portal.zone)))
}

async fn renew(
    State(api): State<Api>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let id = id(path)?;
    let (mut tx, permit) = who.begin::<AddWebhooks>(()).await?;
    match actions::renew(&mut tx, &permit, &api.opaque, id).await {
        Ok((webhook, secret)) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            shown(&api, &who, &webhook, Some(&secret), &Mistakes::default()).await
        }
        Err(error) => refused(&api, &who, id, error).await,
    }
}

/// What is said where nothing was done.
async fn refused(
    api: &Api,
    who: &SignedIn,
    id: WebhookId,
    error: WebhookError,
) -> Result<Response, PageError> {
    match error {
        WebhookError::Store(error) => Err(PageError::unexpected(error)),
        WebhookError::NotThere => Ok(Redirect::to("/staff/webhooks").into_response()),
        error => {
            let mut mistakes = Mistakes::default();
            mistakes.add_whole(error.to_string());
            again_shown(api, who, id, None, &mistakes).await
        }
    }
}

fn to(id: WebhookId) -> Response {
    Redirect::to(&format!("/staff/webhooks/{id}")).into_response()
}

async fn test(
    State(api): State<Api>,
    who: SignedIn,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    let id = id(path)?;
    let (mut tx, permit) = who.begin::<ChangeWebhooks>(()).await?;
    match actions::test(&mut tx, &permit, id).await {
        Ok(_) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(error) => {
            drop(tx);
            return refused(&api, &who, id, error).await;
        }
    }
    Ok(to(id))
}

async fn resume(who: SignedIn, path: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let id = id(path)?;
    let (mut tx, permit) = who.begin::<AddWebhooks>(()).await?;
    match actions::resume(&mut tx, &permit, id).await {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(WebhookError::Store(error)) => return Err(PageError::unexpected(error)),
        // Somebody else was quicker: the page says how it stands.
        Err(_) => drop(tx),
    }
    Ok(to(id))
}

async fn end(who: SignedIn, path: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let id = id(path)?;
    let (mut tx, permit) = who.begin::<ChangeWebhooks>(()).await?;
    match actions::end(&mut tx, &permit, id).await {
        Ok(_) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(WebhookError::Store(error)) => return Err(PageError::unexpected(error)),
        Err(_) => drop(tx),
    }
    Ok(Redirect::to("/staff/webhooks").into_response())
}

async fn again(
    State(api): State<Api>,
    who: SignedIn,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, PageError> {
    let Path((id, delivery)) = path.map_err(|_| PageError::NotFound)?;
    let id: WebhookId = id.parse().map_err(|_| PageError::NotFound)?;
    let delivery = delivery.parse().map_err(|_| PageError::NotFound)?;
    let (mut tx, permit) = who.begin::<ChangeWebhooks>(()).await?;
    match actions::again(&mut tx, &permit, id, delivery).await {
        Ok(_) => tx.commit().await.map_err(PageError::unexpected)?,
        Err(error) => {
            drop(tx);
            return refused(&api, &who, id, error).await;
        }
    }
    Ok(to(id))
}
