//! What a user and a group are over SCIM, and what the program says of itself. Only what the roll has a use for: neither addresses nor
//! telephone numbers are kept, whoever sends them. Pure.

use serde_json::{Map, Value, json};

/// The schema of users.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of groups.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// What a school's roll says besides.
pub const PUPIL: &str = "urn:fivebar:params:scim:schemas:extension:1.0:Person";
const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

/// So many are listed at once at the most.
pub const MOST: usize = 200;

/// What an attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A text.
    Text,
    /// Yes or no.
    Flag,
    /// The address of a user.
    User,
    /// Attributes of its own.
    Parts(&'static [Attribute]),
}

/// An attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub holds: Holds,
    /// Whether it holds several.
    pub several: bool,
    /// Whether it must be there.
    pub required: bool,
    /// Whether no two of a source have the same.
    pub unique: bool,
    about: &'static str,
}

const fn text(name: &'static str, about: &'static str) -> Attribute {
    Attribute { name, holds: Holds::Text, several: false, required: false, unique: false, about }
}

/// A user's own attributes.
pub const USER_ATTRIBUTES: &[Attribute] = &[
    Attribute { required: true, unique: true, ..text("userName", "What the system calls them.") },
    Attribute {
        holds: Holds::Parts(&[
            text("formatted", "The whole name."),
            text("familyName", "The family name."),
            text("givenName", "The given name."),
        ]),
        ..text("name", "Their name.")
    },
    text("displayName", "Their name as people see it; it goes before all others."),
    text(
        "userType",
        "What they are at the school: pupil, staff, supply, volunteer, contractor, trainee, parent, governor, visitor.",
    ),
    Attribute {
        holds: Holds::Flag,
        ..text("active", "Whether they are at the school; yes where nobody says otherwise.")
    },
];

/// What a school's roll says besides.
pub const PUPIL_ATTRIBUTES: &[Attribute] = &[
    text("year", "The year group of a pupil, as in 7 or reception."),
    text("bornOn", "The date of birth, as in 2015-03-02."),
    text("firstOn", "The first day, as in 2026-09-01."),
    text("lastOn", "The last day, as in 2027-07-21; at the midnight after it they have left."),
];

/// A group's own attributes.
pub const GROUP_ATTRIBUTES: &[Attribute] = &[
    Attribute { required: true, ..text("displayName", "What the class is called.") },
    Attribute {
        holds: Holds::Parts(&[
            Attribute { required: true, ..text("value", "The id of a user.") },
            Attribute { holds: Holds::User, ..text("$ref", "The address of that user.") },
        ]),
        several: true,
        ..text(
            "members",
            "Who is in it. A group with a pupil in it is a class; whoever works at the school teaches it.",
        )
    },
];

/// What every resource has, and whoever keeps it writes.
pub const EXTERNAL_ID: Attribute = text("externalId", "What the system itself calls it.");

fn schema_of(attribute: &Attribute) -> Value {
    let mut told = json!({
        "name": attribute.name, "multiValued": attribute.several, "description": attribute.about,
        "required": attribute.required, "caseExact": false, "mutability": "readWrite", "returned": "default",
        "uniqueness": if attribute.unique { "server" } else { "none" },
    });
    let (kind, more) = match attribute.holds {
        Holds::Text => ("string", None),
        Holds::Flag => ("boolean", None),
        Holds::User => ("reference", Some(("referenceTypes", json!(["User"])))),
        Holds::Parts(parts) => {
            ("complex", Some(("subAttributes", parts.iter().map(schema_of).collect::<Value>())))
        }
    };
    if let Some(fields) = told.as_object_mut() {
        fields.insert("type".to_owned(), kind.into());
        if let Some((name, value)) = more {
            fields.insert(name.to_owned(), value);
        }
        if attribute.holds == Holds::User {
            fields.insert("caseExact".to_owned(), true.into());
        }
    }
    told
}

fn meta(kind: &str, location: String) -> Value {
    json!({ "resourceType": kind, "location": location })
}

/// Every schema, by id.
pub fn schemas(base: &str) -> Vec<Value> {
    [
        (USER, "User", "Somebody of the roll.", USER_ATTRIBUTES),
        (GROUP, "Group", "A class.", GROUP_ATTRIBUTES),
        (PUPIL, "Person", "What a school's roll says besides.", PUPIL_ATTRIBUTES),
    ]
    .into_iter()
    .map(|(id, name, about, attributes)| {
        json!({
            "schemas": [SCHEMA], "id": id, "name": name, "description": about,
            "attributes": attributes.iter().map(schema_of).collect::<Value>(),
            "meta": meta("Schema", format!("{base}/Schemas/{id}")),
        })
    })
    .collect()
}

/// Every type of resource.
pub fn resource_types(base: &str) -> Vec<Value> {
    let user = json!({
        "schemas": [RESOURCE_TYPE], "id": "User", "name": "User", "endpoint": "/Users", "description": "Somebody of the roll.",
        "schema": USER, "schemaExtensions": [{ "schema": PUPIL, "required": false }],
        "meta": meta("ResourceType", format!("{base}/ResourceTypes/User")),
    });
    let group = json!({
        "schemas": [RESOURCE_TYPE], "id": "Group", "name": "Group", "endpoint": "/Groups", "description": "A class.",
        "schema": GROUP, "meta": meta("ResourceType", format!("{base}/ResourceTypes/Group")),
    });
    vec![user, group]
}

/// What the program can do over SCIM.
pub fn config(base: &str) -> Value {
    json!({
        "schemas": [CONFIG],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": MOST },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": true },
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "Token", "primary": true,
            "description": "A token that is made at the portal, under People, and shown once.",
        }],
        "meta": meta("ServiceProviderConfig", format!("{base}/ServiceProviderConfig")),
    })
}

/// Whether a name is an attribute of the core schemas, or the schema of an extension, that is not kept here: what is sent of it is taken
/// and forgotten, since the systems that schools have send it whatever they are told.
pub fn is_forgotten(name: &str) -> bool {
    const FORGOTTEN: &[&str] = &[
        "nickname",
        "profileurl",
        "title",
        "preferredlanguage",
        "locale",
        "timezone",
        "password",
        "emails",
        "phonenumbers",
        "ims",
        "photos",
        "addresses",
        "groups",
        "entitlements",
        "roles",
        "x509certificates",
        "schemas",
        "id",
        "meta",
    ];
    let name = name.to_ascii_lowercase();
    FORGOTTEN.contains(&name.as_str())
        || name.starts_with("urn:ietf:params:scim:schemas:extension:enterprise:2.0:user")
}

/// A field of an object, without regard to the case of its name.
pub fn field<'a>(of: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    of.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
