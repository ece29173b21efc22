//! What systems ask over SCIM, under `/scim/v2`, and the page on which a token is made.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, Path, RawQuery, Request, State};
use axum::http::header::{AUTHORIZATION, IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use kit::Timestamp;
use serde_json::{Map, Value};
use web::{Encrypted, Mistakes, PageError, Submitted, sentence};

use super::actions::{self, ClientError, Failed, How, KeepOverScim, Worked};
use super::answers::{Asked, answer, error, failed, resource};
use super::model::{Client, Type, Wrong};
use super::schemas::{config, field, resource_types, schemas};
use super::store as table;
use super::views;
use crate::account::{SignedIn, Token};
use crate::intake::pages::Office;

pub(crate) fn routes() -> Router<Office> {
    // What a system asks is answered as SCIM answers, also where it is nothing.
    let scim = |routes: MethodRouter<Office>| {
        routes.fallback(async || error(StatusCode::METHOD_NOT_ALLOWED, None, "that cannot be done here"))
    };
    Router::new()
        .route("/staff/roll/scim", get(page).post(make))
        .route("/staff/roll/scim/{name}/end", post(end))
        .route("/scim/v2/ServiceProviderConfig", scim(get(provider)))
        .route("/scim/v2/Schemas", scim(get(every_schema)))
        .route("/scim/v2/Schemas/{id}", scim(get(one_schema)))
        .route("/scim/v2/ResourceTypes", scim(get(every_type)))
        .route("/scim/v2/ResourceTypes/{id}", scim(get(one_type)))
        .route("/scim/v2/.search", scim(post(search)))
        .route("/scim/v2/{kind}", scim(get(list).post(create)))
        .route("/scim/v2/{kind}/.search", scim(post(search_kind)))
        .route("/scim/v2/{kind}/{id}", scim(get(one).put(put).patch(change).delete(delete)))
        .route("/scim/v2/{kind}/{id}/{*rest}", scim(get(nothing)))
}

/// How often a change is worked out anew where somebody else was quicker.
const TRIES: u8 = 5;

async fn nothing() -> Response {
    error(StatusCode::NOT_FOUND, None, "there is nothing here")
}

/// An answer that says why there is no other.
type Refused = Box<Response>;

fn refused(why: impl Into<Failed>) -> Refused {
    Box::new(failed(&why.into()))
}

/// A request of a system that is known.
struct Called {
    client: Client,
    base: String,
    headers: HeaderMap,
    at: Timestamp,
    body: Bytes,
}

impl Called {
    /// Who asks, by the token that comes with it: over a connection on which nobody else can read it.
    async fn of(office: &Office, request: Request) -> Result<Self, Refused> {
        let house = &office.house;
        let (parts, body) = request.into_parts();
        let broken = |failure: PageError| Box::new(failure.into_response());
        let encrypted = parts.extensions.get::<Encrypted>().is_some();
        if !encrypted && !(house.visitor)(&parts).map_err(broken)?.is_loopback() {
            let detail = "a token is taken over HTTPS alone, since anybody on the way could read it; end this one, and make another";
            return Err(Box::new(error(StatusCode::FORBIDDEN, None, detail)));
        }
        let named = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = named.and_then(|value| {
            let (kind, token) = value.split_once(' ')?;
            kind.eq_ignore_ascii_case("bearer").then(|| Token::read(token.trim())).flatten()
        });
        let nobody = || {
            tracing::warn!("A directory came without a token that holds");
            Box::new(error(StatusCode::UNAUTHORIZED, None, "no such token, or it was ended"))
        };
        let at = house.clock.now();
        let known = actions::known(&house.db, &token.ok_or_else(nobody)?, at).await;
        let client = known.map_err(refused)?.ok_or_else(nobody)?;
        let headers = parts.headers.clone();
        let body = Bytes::from_request(Request::from_parts(parts, body), &()).await.map_err(|rejected| {
            Box::new(error(rejected.status(), None, "the message is too large, or did not arrive whole"))
        })?;
        // As of now: what was sent may have taken its time to arrive.
        let at = house.clock.now();
        Ok(Self { client, base: format!("{}/scim/v2", house.url), headers, at, body })
    }

    fn header(&self, name: axum::http::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The message that was sent.
    fn message(&self) -> Result<Map<String, Value>, Failed> {
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(message)) => Ok(message),
            _ => Err(Wrong::Syntax("the message is no JSON object".to_owned()).into()),
        }
    }
}

fn of(kind: &str) -> Result<Type, Refused> {
    let known = [Type::User, Type::Group].into_iter().find(|of| of.endpoint() == kind);
    known.ok_or_else(|| Box::new(error(StatusCode::NOT_FOUND, None, "there is nothing here")))
}

/// What an address asks for after `?`.
fn asked(query: Option<&str>) -> Result<Asked, Refused> {
    let fields = web::form::fields(query.unwrap_or(""));
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    Asked::read(&field).map_err(refused)
}

/// What a message asks for.
fn asked_by(message: &Map<String, Value>) -> Result<Asked, Refused> {
    let text = |name: &str| match field(message, name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(list) => Some(list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")),
        _ => None,
    };
    Asked::read(&text).map_err(refused)
}

/// What comes of asking: the answer either way.
fn whole(answered: Result<Response, Refused>) -> Response {
    answered.unwrap_or_else(|refused| *refused)
}

async fn provider(State(office): State<Office>, request: Request) -> Response {
    whole(Called::of(&office, request).await.map(|called| answer(StatusCode::OK, &config(&called.base))))
}

async fn every_schema(State(office): State<Office>, request: Request) -> Response {
    whole(Called::of(&office, request).await.map(|called| everything(schemas(&called.base))))
}

async fn every_type(State(office): State<Office>, request: Request) -> Response {
    whole(Called::of(&office, request).await.map(|called| everything(resource_types(&called.base))))
}

fn everything(all: Vec<Value>) -> Response {
    let all = all.into_iter().filter_map(|one| match one {
        Value::Object(one) => Some(one),
        _ => None,
    });
    Asked { start: 1, count: usize::MAX, ..Asked::default() }.list(all.collect())
}

async fn one_schema(State(office): State<Office>, Path(id): Path<String>, request: Request) -> Response {
    whole(Called::of(&office, request).await.map(|called| by_id(schemas(&called.base), &id)))
}

async fn one_type(State(office): State<Office>, Path(id): Path<String>, request: Request) -> Response {
    whole(Called::of(&office, request).await.map(|called| by_id(resource_types(&called.base), &id)))
}

fn by_id(all: Vec<Value>, id: &str) -> Response {
    let found = all.iter().find(|one| one.get("id").and_then(Value::as_str) == Some(id));
    found.map_or_else(|| failed(&Wrong::NotFound.into()), |one| answer(StatusCode::OK, one))
}

async fn list(
    State(office): State<Office>,
    Path(kind): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let answered = async {
        let called = Called::of(&office, request).await?;
        let (of, asked) = (of(&kind)?, asked(query.as_deref())?);
        listed(&office, &called, Some(of), &asked).await
    };
    whole(answered.await)
}

async fn search(State(office): State<Office>, request: Request) -> Response {
    let answered = async {
        let called = Called::of(&office, request).await?;
        let asked = asked_by(&called.message().map_err(refused)?)?;
        listed(&office, &called, None, &asked).await
    };
    whole(answered.await)
}

async fn search_kind(State(office): State<Office>, Path(kind): Path<String>, request: Request) -> Response {
    let answered = async {
        let called = Called::of(&office, request).await?;
        let asked = asked_by(&called.message().map_err(refused)?)?;
        listed(&office, &called, Some(of(&kind)?), &asked).await
    };
    whole(answered.await)
}

async fn listed(
    office: &Office,
    called: &Called,
    of: Option<Type>,
    asked: &Asked,
) -> Result<Response, Refused> {
    let mut tx = office.house.db.read().await.map_err(refused)?;
    let all = table::all(&mut tx, &called.client.source, of).await.map_err(refused)?;
    tx.roll_back().await.map_err(refused)?;
    Ok(asked.list(all.iter().map(|one| one.told(&called.base)).collect()))
}

async fn one(
    State(office): State<Office>,
    Path((kind, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let answered = async {
        let called = Called::of(&office, request).await?;
        let (of, asked) = (of(&kind)?, asked(query.as_deref())?);
        let mut tx = office.house.db.read().await.map_err(refused)?;
        let found = actions::found(&mut tx, &called.client, of, &id).await.map_err(refused)?;
        tx.roll_back().await.map_err(refused)?;
        if called
            .header(IF_NONE_MATCH)
            .is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == found.tag()))
        {
            return Ok(StatusCode::NOT_MODIFIED.into_response());
        }
        Ok(resource(StatusCode::OK, &found, &called.base, &asked))
    };
    whole(answered.await)
}

async fn create(
    State(office): State<Office>,
    Path(kind): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let answered = async {
        let called = Called::of(&office, request).await?;
        let (of, asked) = (of(&kind)?, asked(query.as_deref())?);
        let message = called.message().map_err(refused)?;
        let mut tx = office.house.db.begin().await.map_err(refused)?;
        let made = actions::create(&mut tx, &called.client, of, &message, called.at).await;
        let made = made.map_err(refused)?;
        tx.commit().await.map_err(refused)?;
        Ok(resource(StatusCode::CREATED, &made, &called.base, &asked))
    };
    whole(answered.await)
}

async fn put(
    State(office): State<Office>,
    path: Path<(String, String)>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    whole(changed(&office, path, query.as_deref(), request, false).await)
}

async fn change(
    State(office): State<Office>,
    path: Path<(String, String)>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    whole(changed(&office, path, query.as_deref(), request, true).await)
}

async fn changed(
    office: &Office,
    Path((kind, id)): Path<(String, String)>,
    query: Option<&str>,
    request: Request,
    part: bool,
) -> Result<Response, Refused> {
    let called = Called::of(office, request).await?;
    let (of, asked) = (of(&kind)?, asked(query)?);
    let message = called.message().map_err(refused)?;
    let how = if part { How::Part(message) } else { How::Whole(message) };
    let seen = called.header(IF_MATCH);
    for _ in 0..TRIES {
        let mut tx = office.house.db.read().await.map_err(refused)?;
        let old = actions::found(&mut tx, &called.client, of, &id).await.map_err(refused)?;
        tx.roll_back().await.map_err(refused)?;
        let how = how.clone();
        let worked = tokio::task::spawn_blocking(move || Worked::out(old, &how)).await;
        let broken = |error| Box::new(PageError::unexpected(error).into_response());
        let worked = worked.map_err(broken)?.map_err(refused)?;
        let mut tx = office.house.db.begin().await.map_err(refused)?;
        let changed = actions::change(&mut tx, &called.client, worked, seen, called.at).await;
        if let Some(changed) = changed.map_err(refused)? {
            tx.commit().await.map_err(refused)?;
            return Ok(resource(StatusCode::OK, &changed, &called.base, &asked));
        }
        // Somebody else was quicker: it is worked out anew of what it is now.
        tx.roll_back().await.map_err(refused)?;
    }
    Err(refused(Wrong::Changed))
}

async fn delete(
    State(office): State<Office>,
    Path((kind, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    let answered = async {
        let called = Called::of(&office, request).await?;
        let of = of(&kind)?;
        let mut tx = office.house.db.begin().await.map_err(refused)?;
        let seen = called.header(IF_MATCH);
        let deleted = actions::delete(&mut tx, &called.client, (of, &id), seen, called.at).await;
        deleted.map_err(refused)?;
        tx.commit().await.map_err(refused)?;
        Ok(StatusCode::NO_CONTENT.into_response())
    };
    whole(answered.await)
}

async fn page(State(office): State<Office>, who: SignedIn) -> Result<Response, PageError> {
    shown(&office, &who, None, &Submitted::default(), &Mistakes::default()).await
}

async fn shown(
    office: &Office,
    who: &SignedIn,
    made: Option<(&Client, &Token)>,
    form: &Submitted,
    mistakes: &Mistakes,
) -> Result<Response, PageError> {
    who.could::<KeepOverScim>(())?;
    let mut tx = office.house.db.read().await.map_err(PageError::unexpected)?;
    let clients = actions::clients(&mut tx).await.map_err(PageError::unexpected)?;
    tx.roll_back().await.map_err(PageError::unexpected)?;
    let address = format!("{}/scim/v2", office.house.url);
    Ok(who.respond(&views::page(&clients, made, &address, form, mistakes, &office.house.zone)))
}

async fn make(State(office): State<Office>, who: SignedIn, form: Submitted) -> Result<Response, PageError> {
    let mut random = [0; Token::BYTES];
    getrandom::fill(&mut random).map_err(|error| PageError::unexpected(error.to_string()))?;
    let token = Token::of(random);
    let (mut tx, permit) = who.begin::<KeepOverScim>(()).await?;
    match actions::make_client(&mut tx, &permit, form.text("name"), &token, permit.at()).await {
        Ok(client) => {
            tx.commit().await.map_err(PageError::unexpected)?;
            // Told once: it is nowhere but on this page.
            shown(&office, &who, Some((&client, &token)), &Submitted::default(), &Mistakes::default()).await
        }
        Err(ClientError::Store(error)) => Err(PageError::unexpected(error)),
        Err(error) => {
            drop(tx);
            let mut mistakes = Mistakes::default();
            mistakes.add("name", sentence(&error.to_string()));
            shown(&office, &who, None, &form, &mistakes).await
        }
    }
}

async fn end(
    State(_): State<Office>,
    who: SignedIn,
    path: Result<Path<String>, axum::extract::rejection::PathRejection>,
) -> Result<Response, PageError> {
    let name = crate::intake::pages::number(path)?;
    let (mut tx, permit) = who.begin::<KeepOverScim>(()).await?;
    match actions::end_client(&mut tx, &permit, &name, permit.at()).await {
        Ok(()) => tx.commit().await.map_err(PageError::unexpected)?,
        // It was ended meanwhile: the page says so.
        Err(ClientError::NotThere | ClientError::Name | ClientError::Taken) => drop(tx),
        Err(ClientError::Store(error)) => return Err(PageError::unexpected(error)),
    }
    Ok(axum::response::Redirect::to("/staff/roll/scim").into_response())
}
