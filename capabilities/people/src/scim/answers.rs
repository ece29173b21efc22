//! How things are told back: lists, parts of a resource, and errors. Pure.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use axum::response::{IntoResponse as _, Response};
use kit::Unavailable;
use serde_json::{Map, Value, json};

use super::actions::Failed;
use super::filter::{Filter, Path};
use super::model::{Resource, Wrong};
use super::schemas::{MOST, field};

const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// What of a list, and of each thing in it, is asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Asked {
    /// Which.
    pub filter: Option<Filter>,
    /// From which on, from 1.
    pub start: usize,
    /// How many.
    pub count: usize,
    /// These attributes alone.
    pub attributes: Vec<Path>,
    /// All but these.
    pub excluded: Vec<Path>,
}

impl Asked {
    /// Reads what is asked for, by the names of its fields.
    pub fn read(field: &dyn Fn(&str) -> Option<String>) -> Result<Self, Wrong> {
        let number = |name: &str, otherwise: i64| match field(name) {
            None => Ok(otherwise),
            Some(text) => {
                text.trim().parse::<i64>().map_err(|_| Wrong::Value(format!("{name} is no whole number")))
            }
        };
        let paths = |name: &str| -> Vec<Path> {
            let all = field(name).unwrap_or_default();
            all.split(',').filter_map(|one| Path::parse(one.trim())).collect()
        };
        let filter = field("filter").map(|text| Filter::parse(&text)).transpose()?;
        let most = i64::try_from(MOST).unwrap_or(i64::MAX);
        Ok(Self {
            filter,
            // Less than the first is the first, and fewer than none is none (RFC 7644, section 3.4.2.4).
            start: usize::try_from(number("startIndex", 1)?.max(1)).unwrap_or(usize::MAX),
            count: usize::try_from(number("count", 100)?.clamp(0, most)).unwrap_or(0),
            attributes: paths("attributes"),
            excluded: paths("excludedAttributes"),
        })
    }

    /// A list of what is asked for of all there is.
    pub fn list(&self, all: Vec<Map<String, Value>>) -> Response {
        let fits = |one: &Map<String, Value>| self.filter.as_ref().is_none_or(|filter| filter.holds(one));
        let all: Vec<Map<String, Value>> = all.into_iter().filter(fits).collect();
        let total = all.len();
        let page = all.into_iter().skip(self.start - 1).take(self.count);
        let page: Vec<Value> = page.map(|one| Value::Object(self.part(one))).collect();
        answer(
            StatusCode::OK,
            &json!({
                "schemas": [LIST], "totalResults": total, "startIndex": self.start, "itemsPerPage": page.len(), "Resources": page,
            }),
        )
    }

    /// What of a resource is asked for. Its id and what it is are always told.
    pub fn part(&self, mut one: Map<String, Value>) -> Map<String, Value> {
        let always = |name: &str| ["id", "schemas", "meta"].contains(&name);
        if !self.attributes.is_empty() {
            let mut kept: Map<String, Value> = one
                .iter()
                .filter(|(name, _)| always(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            for path in &self.attributes {
                keep(&one, &mut kept, path);
            }
            return kept;
        }
        for path in self.excluded.iter().filter(|path| !always(&path.attribute)) {
            leave_out(&mut one, path);
        }
        one
    }
}

/// The name of a field of an object, as it is written there.
fn named(of: &Map<String, Value>, name: &str) -> Option<String> {
    of.keys().find(|known| known.eq_ignore_ascii_case(name)).cloned()
}

fn keep(from: &Map<String, Value>, kept: &mut Map<String, Value>, path: &Path) {
    if path.extension {
        let Some(name) = named(from, super::schemas::PUPIL) else { return };
        let Some(inner) = from.get(&name).and_then(Value::as_object) else { return };
        if path.attribute.is_empty() {
            kept.insert(name, Value::Object(inner.clone()));
            return;
        }
        let into = kept.entry(name).or_insert_with(|| Value::Object(Map::new()));
        if let (Some(into), Some(attribute)) = (into.as_object_mut(), named(inner, &path.attribute))
            && let Some(value) = inner.get(&attribute)
        {
            into.insert(attribute, value.clone());
        }
        return;
    }
    let Some(name) = named(from, &path.attribute) else { return };
    let Some(value) = from.get(&name) else { return };
    match (&path.part, value) {
        (Some(part), Value::Object(parts)) => {
            let into = kept.entry(name).or_insert_with(|| Value::Object(Map::new()));
            if let (Some(into), Some(value)) = (into.as_object_mut(), field(parts, part)) {
                into.insert(named(parts, part).unwrap_or_default(), value.clone());
            }
        }
        _ => {
            kept.insert(name, value.clone());
        }
    }
}

fn leave_out(of: &mut Map<String, Value>, path: &Path) {
    if path.extension {
        let Some(name) = named(of, super::schemas::PUPIL) else { return };
        if path.attribute.is_empty() {
            of.remove(&name);
        } else if let Some(inner) = of.get_mut(&name).and_then(Value::as_object_mut)
            && let Some(attribute) = named(inner, &path.attribute)
        {
            inner.remove(&attribute);
        }
        return;
    }
    let Some(name) = named(of, &path.attribute) else { return };
    match (&path.part, of.get_mut(&name)) {
        (Some(part), Some(Value::Object(parts))) => {
            if let Some(part) = named(parts, part) {
                parts.remove(&part);
            }
        }
        _ => {
            of.remove(&name);
        }
    }
}

/// An answer of this content.
pub(super) fn answer(status: StatusCode, body: &Value) -> Response {
    let mut response = (status, body.to_string()).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
    response
}

/// A resource, as far as it is asked for.
pub(super) fn resource(status: StatusCode, one: &Resource, base: &str, asked: &Asked) -> Response {
    let mut response = answer(status, &Value::Object(asked.part(one.told(base))));
    if let Ok(tag) = HeaderValue::try_from(one.tag()) {
        response.headers_mut().insert(ETAG, tag);
    }
    if status == StatusCode::CREATED
        && let Ok(location) = HeaderValue::try_from(one.location(base))
    {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// An error, in its own form.
pub(super) fn error(status: StatusCode, kind: Option<&str>, detail: &str) -> Response {
    let mut body = json!({ "schemas": [ERROR], "status": status.as_u16().to_string(), "detail": detail });
    if let (Some(kind), Some(fields)) = (kind, body.as_object_mut()) {
        fields.insert("scimType".to_owned(), kind.into());
    }
    let mut response = answer(status, &body);
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// What is told of what could not be done.
pub(super) fn failed(why: &Failed) -> Response {
    let wrong = match why {
        Failed::Wrong(wrong) => wrong,
        Failed::Store(store) => {
            let reference = web::error::logged(store);
            let (status, why) = match Unavailable::among(store) {
                Some(Unavailable::OutOfReach) => {
                    (StatusCode::SERVICE_UNAVAILABLE, "The records do not answer just now")
                }
                Some(Unavailable::Full) => {
                    (StatusCode::SERVICE_UNAVAILABLE, "There is no room left on the server")
                }
                Some(Unavailable::Busy) => {
                    (StatusCode::SERVICE_UNAVAILABLE, "Something large is being written just now")
                }
                None => (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"),
            };
            let detail = format!(
                "{why}. Nothing is half done. Try again in a moment; if it goes on, tell the school: {reference}"
            );
            return error(status, None, &detail);
        }
    };
    let (status, kind) = match wrong {
        Wrong::Value(_) => (StatusCode::BAD_REQUEST, Some("invalidValue")),
        Wrong::Syntax(_) => (StatusCode::BAD_REQUEST, Some("invalidSyntax")),
        Wrong::Filter(_) => (StatusCode::BAD_REQUEST, Some("invalidFilter")),
        Wrong::Path(_) => (StatusCode::BAD_REQUEST, Some("invalidPath")),
        Wrong::NoTarget => (StatusCode::BAD_REQUEST, Some("noTarget")),
        Wrong::Taken => (StatusCode::CONFLICT, Some("uniqueness")),
        Wrong::NotFound => (StatusCode::NOT_FOUND, None),
        Wrong::Changed => (StatusCode::PRECONDITION_FAILED, None),
    };
    error(status, kind, &wrong.to_string())
}
