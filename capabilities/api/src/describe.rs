//! The description of the API (OpenAPI 3.1), made of the reviewed table, the operations and their types. It is kept as
//! `docs/api/openapi.json`, and a test holds the two equal, so that a change of the API is read before it is made.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};
use utoipa::openapi::path::{
    HttpMethod, Operation as Described, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, SchemaFormat, SchemaType, Type as Kind};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HeaderBuilder, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder,
    PathsBuilder, Ref, RefOr, Required, Response, ResponseBuilder, ResponsesBuilder, Schema,
};

use crate::content::{Content, Route};
use crate::operation::{self, Gives, Operation, Schemas, of};
use crate::paging::{MOST, USUAL};
use crate::problem::ProblemBody;
use crate::serve::{BASE, LONGEST_KEY};

/// What stands in an address in place of a name in braces: its pattern, and what it is.
const PARTS: [(&str, &str, &str); 8] = [
    ("reference", "^[RP]-[23456789ABCDEFGHJKMNPQRSTVWXYZ]{8}$", "The request’s reference"),
    ("lesson", "^lesson_[0-9a-hjkmnp-tv-z]{16}$", "The id of what holds for a lesson"),
    ("version", "^policy_[0-9a-hjkmnp-tv-z]{16}$", "The id of a version of the policy"),
    ("test", "^test_[0-9a-hjkmnp-tv-z]{16}$", "The id of a test"),
    ("device", "^device_[0-9a-hjkmnp-tv-z]{16}$", "The device’s id"),
    ("guest", "^guest_[0-9a-f]{32}$", "The id of a guest’s stay"),
    ("webhook", "^webhook_[0-9a-f]{32}$", "The webhook’s id"),
    ("delivery", "^delivery_[0-9a-f]{32}$", "The delivery’s id"),
];

/// The description as text.
pub fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let mut text = serde_json::to_string_pretty(&described()).unwrap_or_default();
        text.push('\n');
        text
    });
    &TEXT
}

/// The description.
pub fn described() -> Value {
    let mut schemas = Schemas::new();
    let problem = of::<ProblemBody>(&mut schemas);
    let mut paths: BTreeMap<String, PathItem> = BTreeMap::new();
    for route in Content::built_in().routes() {
        let Some(method) = method(&route.method) else { continue };
        let described = match operation::all().find(|operation| operation.id == route.id) {
            Some(operation) => of_operation(route, operation, &problem, &mut schemas),
            None if route.open.is_some() => of_description(),
            None => continue,
        };
        let item = PathItem::new(method, described);
        let path = format!("{BASE}{}", route.path);
        match paths.get_mut(&path) {
            Some(known) => known.merge_operations(item),
            None => {
                paths.insert(path, item);
            }
        }
    }
    let all = paths.into_iter().fold(PathsBuilder::new(), |all, (path, item)| all.path(path, item));
    let mut components = ComponentsBuilder::new()
        .security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    for (name, schema) in schemas {
        components = components.schema(name, schema);
    }
    let api: OpenApi = OpenApiBuilder::new()
        .info(InfoBuilder::new().title("Fivebar").version("1").description(Some(ABOUT)).build())
        .paths(all.build())
        .components(Some(components.build()))
        .build();
    let mut described = serde_json::to_value(api).unwrap_or_default();
    as_one(&mut described);
    described
}

/// A type that stands inside another, with words of its own, is written by the library as two that must both hold, of which the second is an
/// object. Here it is one again.
fn as_one(value: &mut Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(as_one),
        Value::Object(members) => {
            members.values_mut().for_each(as_one);
            let both = members.get("allOf").and_then(Value::as_array).map(Vec::as_slice);
            let Some([Value::Object(inside), Value::Object(words)]) = both else { return };
            if words.keys().all(|key| key == "description" || key == "type") {
                let mut one = inside.clone();
                one.extend(words.get("description").map(|words| ("description".to_owned(), words.clone())));
                *members = one;
            }
        }
        _ => {}
    }
}

const ABOUT: &str = "What a school’s portal does, for other programs. A token acts for whoever made it: it can do what its scopes say and \
what its maker’s duties allow at that moment, whichever is less. What needs a fresh proof of who somebody is is done at the portal. Times are \
RFC 3339 in UTC. Ids tell nothing and stay the same. Fields that are not described are refused in what is sent, and may be added to what is \
answered. A POST with an Idempotency-Key is answered once: the same again gives the same answer for 24 hours.";

fn method(method: &str) -> Option<HttpMethod> {
    Some(match method {
        "GET" => HttpMethod::Get,
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        _ => return None,
    })
}

fn of_description() -> Described {
    let any = ObjectBuilder::new().description(Some("This description")).build();
    let content = ContentBuilder::new().schema(Some(Schema::Object(any))).build();
    let response =
        ResponseBuilder::new().description("This description").content("application/json", content);
    OperationBuilder::new()
        .operation_id(Some("describe"))
        .summary(Some("This description"))
        .description(Some("It needs no token."))
        .securities(Some([SecurityRequirement::default()]))
        .responses(ResponsesBuilder::new().response("200", response.build()).build())
        .build()
}

fn of_operation(route: &Route, operation: &Operation, problem: &str, schemas: &mut Schemas) -> Described {
    let needs = route.scope.as_deref().unwrap_or("none");
    let about = format!("{}\n\nScope: {needs}. Permit: {}.", operation.about, route.permit.join(" or "));
    let mut described = OperationBuilder::new()
        .operation_id(Some(operation.id))
        .summary(Some(operation.summary))
        .description(Some(about.trim()))
        .security(SecurityRequirement::new("token", Vec::<String>::new()));
    let mut codes = vec![400, 401, 403, 408, 413, 421, 429, 500, 503];
    let parts = PARTS.iter().filter(|(name, ..)| route.path.contains(&format!("{{{name}}}")));
    for (name, pattern, about) in parts {
        described = described.parameter(in_path(name, pattern, about));
        if !codes.contains(&404) {
            codes.push(404);
        }
    }
    for name in operation.query {
        described = described.parameter(in_query(name));
    }
    if operation.is_many() {
        described = described.parameter(in_query("limit")).parameter(in_query("cursor"));
        codes.push(409);
    }
    if route.method != "GET" {
        codes.extend([409].iter().filter(|code| !codes.contains(code)).copied().collect::<Vec<_>>());
    }
    if route.method == "POST" {
        described = described.parameter(key());
        codes.push(422);
    }
    if let Some(takes) = operation.takes {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(takes(schemas)))).build();
        let body =
            RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True));
        described = described.request_body(Some(body.build()));
        codes.push(415);
    }
    let mut responses =
        ResponsesBuilder::new().response(operation.status.to_string(), gives(operation, schemas));
    codes.sort_unstable();
    for code in codes {
        responses = responses.response(code.to_string(), wrong(code, problem));
    }
    described.responses(responses.build()).build()
}

fn gives(operation: &Operation, schemas: &mut Schemas) -> Response {
    let schema: RefOr<Schema> = match operation.gives {
        Gives::One(of) => Ref::from_schema_name(of(schemas)).into(),
        Gives::Many(of) => {
            let items = ArrayBuilder::new().items(Ref::from_schema_name(of(schemas))).build();
            let next = ObjectBuilder::new()
                .schema_type(SchemaType::from_iter([Kind::String, Kind::Null]))
                .description(Some("The cursor of the next page; null on the last"))
                .build();
            let page = ObjectBuilder::new()
                .property("items", items)
                .property("next", next)
                .required("items")
                .required("next");
            Schema::Object(page.build()).into()
        }
    };
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(operation.summary).content("application/json", content).build()
}

/// How an answer that says why there is no other is described.
fn wrong(code: u16, problem: &str) -> Response {
    let says = match code {
        400 => "The request cannot be understood",
        401 => "There is no token that holds",
        403 => {
            "The token or its maker may not do this, it is done at the portal, or the connection is not private"
        }
        404 => "There is no such thing",
        408 => "The message took too long to arrive",
        409 => "It is understood, and cannot be done as things stand",
        413 => "The message is too large",
        415 => "The message is no JSON",
        421 => "It was asked for under another name than the portal’s",
        422 => "The Idempotency-Key stands for another request",
        429 => "Too many requests in this minute",
        500 => "Something that nobody foresaw",
        _ => "Something that is needed does not answer just now",
    };
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(problem))).build();
    let mut response = ResponseBuilder::new().description(says).content("application/problem+json", content);
    if code == 429 {
        let seconds = ObjectBuilder::new().schema_type(Kind::Integer).minimum(Some(1)).build();
        let header = HeaderBuilder::new()
            .schema(Some(seconds))
            .description(Some("After how many seconds to ask again"));
        response = response.header("Retry-After", header.build());
    }
    response.build()
}

fn in_path(name: &str, pattern: &str, about: &str) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Kind::String).pattern(Some(pattern)).build();
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(about))
        .schema(Some(schema))
        .build()
}

fn in_query(name: &str) -> Parameter {
    let text = || ObjectBuilder::new().schema_type(Kind::String);
    let (schema, about) = match name {
        "limit" => (
            ObjectBuilder::new()
                .schema_type(Kind::Integer)
                .minimum(Some(1))
                .maximum(Some(f64::from(u32::try_from(MOST).unwrap_or(0))))
                .default(Some(json!(USUAL))),
            "How many there are on a page",
        ),
        "cursor" => (
            text().pattern(Some("^[A-Za-z0-9_-]{56,400}$")),
            "Where the page begins, as the page before it says under next",
        ),
        "state" => (
            text().enum_values(Some(["open", "answered"])),
            "Those that wait for an answer, or those that have one",
        ),
        "days" => (
            ObjectBuilder::new()
                .schema_type(Kind::Integer)
                .minimum(Some(1))
                .maximum(Some(31.0))
                .default(Some(json!(7))),
            "How many days, today the last",
        ),
        "since" => {
            (text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))), "From this moment on")
        }
        _ => (text(), ""),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(about))
        .schema(Some(schema.build()))
        .build()
}

fn key() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Kind::String)
        .pattern(Some("^[!-~]+$"))
        .min_length(Some(1))
        .max_length(Some(LONGEST_KEY));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("A key of your own: the same request under the same key is done once, and answered alike for 24 hours"))
        .schema(Some(schema.build()))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_and_every_part_of_an_address_is_described() {
        let api = described();
        assert_eq!(api["openapi"], "3.1.0");
        let mut operations = 0;
        for (path, item) in api["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                operations += 1;
                let responses = operation["responses"].as_object().unwrap();
                assert!(responses.keys().any(|code| code.starts_with('2')), "{method} {path}");
                let parts = path.matches('{').count();
                let described = operation["parameters"].as_array().into_iter().flatten();
                assert_eq!(described.filter(|one| one["in"] == "path").count(), parts, "{path}");
            }
        }
        assert_eq!(operations, Content::built_in().routes().len());
    }
}
