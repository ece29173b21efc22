//! Answering programs. Every request goes the same way, in this order, before an operation sees it:
//!
//! 1. the name under which it was asked, so that no page of somebody else's can reach it by a name that was made to lead here;
//! 2. whether the connection is private: a token that others can read is one that others have;
//! 3. the token, in the header `Authorization` and nowhere else; no cookie is looked at;
//! 4. how often that token asked in this minute;
//! 5. the scope of the route;
//! 6. what stands after `?`: what is not known is refused, so that nothing is passed over that somebody relies on;
//! 7. the message: its kind, its size, and for how long it is waited for;
//! 8. whether the same was asked under the same `Idempotency-Key` before.
//!
//! What the maker's duties permit is asked last, in the transaction of the work itself.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRef as _, RawPathParams, Request};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, MethodRouter, any};
use filtering::portal::NotPublished;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kit::Timestamp;
use web::Encrypted;
use web::guard::{LARGEST_BODY_BYTES, LONGEST_WAIT};

use crate::content::{Content, Route};
use crate::door::{Call, Done, Publish, Told};
use crate::operation::{self, Operation};
use crate::problem::{Kind, Problem};
use crate::token::{ApiToken, Secret, actions as tokens};
use crate::{Api, answers, describe};

/// Where the API begins.
pub(crate) const BASE: &str = "/api/v1";

/// The longest `Idempotency-Key`.
pub(crate) const LONGEST_KEY: usize = 100;

/// The API by the reviewed table: an operation without a row is not there.
pub(crate) fn routes(api: Api) -> Router {
    let mut by_path: BTreeMap<&'static str, MethodRouter> = BTreeMap::new();
    for route in Content::built_in().routes() {
        let methods = by_path.remove(route.path.as_str()).unwrap_or_default();
        by_path.insert(&route.path, with(methods, route, &api));
    }
    let mut router = Router::new();
    for (path, methods) in by_path {
        router = router.route(&format!("{BASE}{path}"), methods.fallback(wrong_method));
    }
    let own = api.portal.own.clone();
    router
        .route(BASE, any(nothing))
        .route(&format!("{BASE}/"), any(nothing))
        .route(&format!("{BASE}/{{*rest}}"), any(nothing))
        .layer(from_fn(move |request: Request, next: Next| {
            let is_ours = own.is_meant(&request);
            async move {
                let answer = if is_ours {
                    next.run(request).await
                } else {
                    Problem::of(Kind::OtherName).into_response()
                };
                guarded(answer)
            }
        }))
}

fn with(methods: MethodRouter, route: &'static Route, api: &Api) -> MethodRouter {
    let Some(filter) = filter(&route.method) else { return methods };
    if route.open.is_some() {
        return methods.on(filter, description);
    }
    let Some(operation) = operation::all().find(|operation| operation.id == route.id) else { return methods };
    let api = api.clone();
    methods.on(filter, move |params: Result<RawPathParams, RawPathParamsRejection>, request: Request| {
        let api = api.clone();
        async move {
            match answer(&api, (route, operation), params, request).await {
                Ok(told) => json(&told),
                Err(problem) => problem.into_response(),
            }
        }
    })
}

fn filter(method: &str) -> Option<MethodFilter> {
    [("GET", MethodFilter::GET), ("POST", MethodFilter::POST), ("PUT", MethodFilter::PUT)]
        .into_iter()
        .find(|(known, _)| *known == method)
        .map(|(_, filter)| filter)
}

async fn description() -> Response {
    ([(CONTENT_TYPE, "application/json")], describe::text()).into_response()
}

async fn wrong_method() -> Response {
    Problem::of(Kind::WrongMethod).into_response()
}

async fn nothing() -> Response {
    Problem::not_found().into_response()
}

/// Nothing of it is kept, framed, sniffed, or shown to another site.
fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn json(told: &Told) -> Response {
    let status = StatusCode::from_u16(told.status).unwrap_or(StatusCode::OK);
    (status, [(CONTENT_TYPE, "application/json")], told.body.to_string()).into_response()
}

async fn answer(
    api: &Api,
    (route, operation): (&'static Route, &'static Operation),
    params: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Result<Told, Problem> {
    let (parts, body) = request.into_parts();
    let at = api.portal.clock.now();
    let token = who(api, &parts, at).await?;
    if let Err(seconds) = api.rates.one(&token.id.to_string(), api.a_minute, at) {
        return Err(too_many(seconds));
    }
    if let Some(scope) = route.scope.as_deref().filter(|scope| !token.has(scope)) {
        return Err(Problem::saying(Kind::NoScope, format!("It needs the scope {scope}")));
    }
    let path = params.map_err(|_| Problem::not_found())?;
    let path: BTreeMap<String, String> =
        path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let query = asked(operation, parts.uri.query().unwrap_or(""))?;
    let body = message(operation, &parts.headers, body).await?;
    let key = key(&parts)?;
    let call = Call { route, token, at, path, query, body };
    let Some(key) = key else { return finish(api, (operation.handler)(api, &call).await?, None).await };
    let asked = answers::asked(route.id.as_str(), parts.uri.path(), &call.body);
    let mut tx = api.portal.db.read().await?;
    let kept = answers::kept(&mut tx, api, (call.token.id, &key), at).await?;
    tx.roll_back().await?;
    match kept {
        Some(kept) if kept.asked == asked => Ok(kept.told),
        Some(_) => Err(Problem::of(Kind::KeyUsed)),
        None => {
            let done = (operation.handler)(api, &call).await?;
            finish(api, done, Some((&call, &key, &asked))).await
        }
    }
}

fn too_many(seconds: i64) -> Problem {
    tracing::warn!("A program asks too often, and waits");
    Problem { retry_after: Some(seconds), ..Problem::of(Kind::TooMany) }
}

/// The token that comes with a request.
async fn who(api: &Api, parts: &Parts, at: Timestamp) -> Result<ApiToken, Problem> {
    let house = people::account::House::from_ref(&api.portal);
    let address = (house.visitor)(parts).map_err(Problem::unexpected)?;
    if parts.extensions.get::<Encrypted>().is_none() && !address.is_loopback() {
        return Err(Problem::of(Kind::NotPrivate));
    }
    let secret = bearer(&parts.headers).and_then(Secret::read);
    let known = match &secret {
        Some(secret) => tokens::known(&api.portal.db, secret, at).await?,
        None => None,
    };
    if let Some(token) = known {
        return Ok(token);
    }
    let place = format!("stranger {}", kit::address::place_of(address));
    match api.rates.one(&place, Content::built_in().limits.strangers_a_minute.max(api.a_minute), at) {
        Ok(()) => {
            tracing::warn!("A program came without a token that holds");
            Err(Problem::of(Kind::NoToken))
        }
        Err(seconds) => Err(too_many(seconds)),
    }
}

/// What the one header `Authorization` carries. Two of them are none.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let line = lines.next().filter(|_| lines.next().is_none())?.to_str().ok()?;
    let (kind, token) = line.split_once(' ')?;
    kind.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// What stands after `?`: each name once, and none that is not known.
fn asked(operation: &Operation, query: &str) -> Result<BTreeMap<String, String>, Problem> {
    let paged: &[&str] = if operation.is_many() { &["limit", "cursor"] } else { &[] };
    let mut all = BTreeMap::new();
    for (name, value) in web::form::fields(query) {
        if !operation.query.iter().chain(paged).any(|known| *known == name) {
            return Err(Problem::unreadable("After ? stands something that this does not take"));
        }
        if all.insert(name, value).is_some() {
            return Err(Problem::unreadable("After ? something stands twice"));
        }
    }
    Ok(all)
}

/// The whole message, of its kind, where one is taken.
async fn message(operation: &Operation, headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let reading = Limited::new(body, LARGEST_BODY_BYTES).collect();
    let read = tokio::time::timeout(waits(), reading).await.map_err(|_| Problem::of(Kind::TooSlow))?;
    let body = read.map_err(|error| {
        let too_large = error.is::<LengthLimitError>();
        if too_large {
            Problem::of(Kind::TooLarge)
        } else {
            Problem::unreadable("The message did not arrive whole")
        }
    })?;
    let body = body.to_bytes();
    if operation.takes.is_none() {
        if body.is_empty() {
            return Ok(body);
        }
        return Err(Problem::unreadable("This takes no message"));
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    if kind.eq_ignore_ascii_case("application/json") { Ok(body) } else { Err(Problem::of(Kind::WrongType)) }
}

const fn waits() -> Duration {
    LONGEST_WAIT
}

/// The `Idempotency-Key` of a request that changes something.
fn key(parts: &Parts) -> Result<Option<String>, Problem> {
    if parts.method != Method::POST {
        return Ok(None);
    }
    let mut keys = parts.headers.get_all("idempotency-key").iter();
    let (Some(key), rest) = (keys.next(), keys.next()) else { return Ok(None) };
    let text = key.to_str().unwrap_or("");
    let fits =
        !text.is_empty() && text.len() <= LONGEST_KEY && text.bytes().all(|sign| sign.is_ascii_graphic());
    if fits && rest.is_none() {
        Ok(Some(text.to_owned()))
    } else {
        Err(Problem::unreadable(format!("Idempotency-Key is one key of 1 to {LONGEST_KEY} plain signs")))
    }
}

/// Keeps what was changed, together with the answer for its key, and publishes it.
async fn finish(api: &Api, done: Done, key: Option<(&Call, &String, &String)>) -> Result<Told, Problem> {
    let (mut tx, (actor, at), publish, told) = match done {
        Done::Told(told) => return Ok(told),
        Done::Changed { tx, by, publish, told } => (tx, by, publish, told),
    };
    if let Some((call, key, asked)) = key {
        answers::keep(&mut tx, api, (call.token.id, key), asked, &told, at).await?;
    }
    let portal = &api.portal;
    let published = match publish {
        Publish::Nothing => {
            tx.commit().await?;
            Ok(())
        }
        Publish::Live(new) => portal.publishes.live(tx, *new, actor, at).await,
        Publish::Roll => {
            let roll = people::intake::Publishes::roll(&*portal.publishes, tx, actor, at).await;
            roll.map_err(|error| NotPublished::Failed(Box::new(error)))
        }
    };
    match published {
        Ok(()) => Ok(told),
        Err(NotPublished::CannotBe(why)) => Err(Problem::not_now(why)),
        Err(NotPublished::Failed(error)) => {
            let reference = web::error::logged(error.as_ref());
            Err(Problem::saying(
                Kind::Unavailable,
                format!("It could not be published. Its reference is {reference}"),
            ))
        }
    }
}
