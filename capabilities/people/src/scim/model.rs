//! What a system tells over SCIM, in its one form. Pure.

use std::collections::{BTreeMap, BTreeSet};

use kit::Timestamp;
use serde_json::{Map, Value, json};

use super::schemas::{
    Attribute, EXTERNAL_ID, GROUP, GROUP_ATTRIBUTES, Holds, PUPIL, PUPIL_ATTRIBUTES, USER, USER_ATTRIBUTES,
    field,
};
use crate::content::Content;
use crate::kind::Kind;
use crate::roster::{ClassRow, Complaint, PersonRow, Roster, Shape, day_by_hand};

kit::id_kind!(
    /// The id of what a system keeps over SCIM.
    ResourceId, ResourceKind, "scim"
);
kit::id_kind!(
    /// The id of a system that keeps something.
    ClientId, ClientKind, "client"
);

/// A system that keeps people over SCIM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// Whose ids it goes by: the source.
    pub source: String,
    /// Who made its token, as the trail writes them, and when.
    pub made: (String, Timestamp),
    /// When it last was heard of.
    pub used_at: Option<Timestamp>,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
}

/// A user, or a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// Somebody.
    User,
    /// A class.
    Group,
}

impl Type {
    /// Its id in the records.
    pub const fn id(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
        }
    }

    /// What SCIM calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// Where it is.
    pub const fn endpoint(self) -> &'static str {
        match self {
            Self::User => "Users",
            Self::Group => "Groups",
        }
    }

    /// Its schema.
    pub const fn schema(self) -> &'static str {
        match self {
            Self::User => USER,
            Self::Group => GROUP,
        }
    }

    /// Its own attributes.
    pub const fn attributes(self) -> &'static [Attribute] {
        match self {
            Self::User => USER_ATTRIBUTES,
            Self::Group => GROUP_ATTRIBUTES,
        }
    }

    /// The attribute of that name, of its own or one that all have.
    pub fn attribute(self, name: &str) -> Option<&'static Attribute> {
        let own = self.attributes().iter().find(|one| one.name.eq_ignore_ascii_case(name));
        own.or_else(|| EXTERNAL_ID.name.eq_ignore_ascii_case(name).then_some(&EXTERNAL_ID))
    }
}

/// What is wrong with what a system asks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// A value is none that it could be.
    #[error("{0}")]
    Value(String),
    /// What was sent is not JSON, or no such message.
    #[error("{0}")]
    Syntax(String),
    /// A filter cannot be read.
    #[error("the filter cannot be read: {0}")]
    Filter(&'static str),
    /// A path is none of an attribute.
    #[error("there is no such attribute: {0}")]
    Path(String),
    /// What a path names is not there.
    #[error("nothing is there that the path names")]
    NoTarget,
    /// Another has it.
    #[error("another user of this source has that userName")]
    Taken,
    /// Nothing is there.
    #[error("there is nothing of that id")]
    NotFound,
    /// It was changed since.
    #[error("it was changed since")]
    Changed,
}

/// The longest text that is kept, in characters.
const LONGEST: usize = 400;
/// So many members a group has at the most.
const MEMBERS: usize = 5_000;

/// What a system keeps of one thing.
#[derive(Clone, PartialEq)]
pub struct Resource {
    /// Its id.
    pub id: ResourceId,
    /// What it is.
    pub of: Type,
    /// What was told of it, in its one form.
    pub body: Map<String, Value>,
    /// How often it was written.
    pub version: i64,
    /// When it was made, and last changed.
    pub times: (Timestamp, Timestamp),
}

/// What was sent, in its one form: known attributes by their own names, nothing empty, everything of its type.
pub fn whole(of: Type, sent: &Map<String, Value>) -> Result<Map<String, Value>, Wrong> {
    let mut body = parts(of.attributes(), sent)?;
    if let Some(id) = one(&EXTERNAL_ID, sent)? {
        body.insert(EXTERNAL_ID.name.to_owned(), id);
    }
    if of == Type::User
        && let Some(Value::Object(more)) = field(sent, PUPIL)
    {
        let more = parts(PUPIL_ATTRIBUTES, more)?;
        if !more.is_empty() {
            body.insert(PUPIL.to_owned(), Value::Object(more));
        }
    }
    for attribute in of.attributes().iter().filter(|attribute| attribute.required) {
        if !body.contains_key(attribute.name) {
            return Err(Wrong::Value(format!("{} is missing", attribute.name)));
        }
    }
    Ok(body)
}

fn parts(attributes: &[Attribute], sent: &Map<String, Value>) -> Result<Map<String, Value>, Wrong> {
    let mut body = Map::new();
    for attribute in attributes {
        if let Some(value) = one(attribute, sent)? {
            body.insert(attribute.name.to_owned(), value);
        }
    }
    Ok(body)
}

fn one(attribute: &Attribute, sent: &Map<String, Value>) -> Result<Option<Value>, Wrong> {
    let Some(value) = field(sent, attribute.name) else { return Ok(None) };
    if !attribute.several {
        // Some systems send one value as a list of one.
        let value = value.as_array().map_or(value, |list| list.first().unwrap_or(&Value::Null));
        return single(attribute, value);
    }
    let list = match value {
        Value::Array(list) => list.as_slice(),
        Value::Null => &[],
        other => std::slice::from_ref(other),
    };
    if list.len() > MEMBERS {
        return Err(Wrong::Value(format!("{} has more than {MEMBERS} values", attribute.name)));
    }
    let mut kept: Vec<Value> = Vec::new();
    let mut seen = BTreeSet::new();
    for value in list {
        let Some(value) = single(attribute, value)? else { continue };
        if seen.insert(value.to_string()) {
            kept.push(value);
        }
    }
    Ok((!kept.is_empty()).then_some(Value::Array(kept)))
}

/// A value of an attribute in its one form; none where it is empty.
pub fn single(attribute: &Attribute, value: &Value) -> Result<Option<Value>, Wrong> {
    let not = |what: &str| Err(Wrong::Value(format!("{} is no {what}", attribute.name)));
    match (attribute.holds, value) {
        (_, Value::Null) => Ok(None),
        (Holds::Text, Value::String(text)) => {
            if text.chars().count() > LONGEST || text.chars().any(char::is_control) {
                return not(&format!("text of up to {LONGEST} signs on one line"));
            }
            Ok((!text.is_empty()).then(|| value.clone()))
        }
        (Holds::Text, Value::Number(number)) => Ok(Some(number.to_string().into())),
        (Holds::Text, _) => not("text"),
        (Holds::Flag, Value::Bool(_)) => Ok(Some(value.clone())),
        // As one well-known system writes it.
        (Holds::Flag, Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true.into())),
        (Holds::Flag, Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false.into())),
        (Holds::Flag, _) => not("boolean"),
        // It follows from the id.
        (Holds::User, _) => Ok(None),
        (Holds::Parts(attributes), Value::Object(sent)) => {
            let body = parts(attributes, sent)?;
            for attribute in attributes.iter().filter(|attribute| attribute.required) {
                if !body.contains_key(attribute.name) {
                    return Err(Wrong::Value(format!("{} is missing", attribute.name)));
                }
            }
            Ok((!body.is_empty()).then_some(Value::Object(body)))
        }
        (Holds::Parts(_), _) => not("object"),
    }
}

impl Resource {
    /// What no two users of a source have; groups go by their id.
    pub fn name(&self) -> String {
        match self.of {
            Type::User => self.text("userName").unwrap_or_default().to_lowercase(),
            Type::Group => self.id.to_string(),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name)?.as_str()
    }

    /// Its mark in `ETag` and `If-Match`.
    pub fn tag(&self) -> String {
        format!("W/\"{}\"", self.version)
    }

    /// Where it is.
    pub fn location(&self, base: &str) -> String {
        format!("{base}/{}/{}", self.of.endpoint(), self.id)
    }

    /// It as it is told back to whoever keeps it.
    pub fn told(&self, base: &str) -> Map<String, Value> {
        let mut told = self.body.clone();
        let mut schemas = vec![self.of.schema()];
        if told.contains_key(PUPIL) {
            schemas.push(PUPIL);
        }
        if let Some(Value::Array(members)) = told.get_mut("members") {
            for member in members.iter_mut().filter_map(Value::as_object_mut) {
                let id = member.get("value").and_then(Value::as_str).unwrap_or_default();
                let location = format!("{base}/{}/{id}", Type::User.endpoint());
                member.insert("$ref".to_owned(), location.into());
            }
        }
        let moment = |at: Timestamp| at.to_string();
        told.insert("schemas".to_owned(), json!(schemas));
        told.insert("id".to_owned(), self.id.to_string().into());
        told.insert(
            "meta".to_owned(),
            json!({
                "resourceType": self.of.name(), "created": moment(self.times.0), "lastModified": moment(self.times.1),
                "location": self.location(base), "version": self.tag(),
            }),
        );
        told
    }

    /// The ids of a group's members.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        let members = self.body.get("members").and_then(Value::as_array);
        members.into_iter().flatten().filter_map(|member| member.get("value")?.as_str())
    }

    /// Takes somebody out of a group. `false` where they are not in it.
    pub fn without(&mut self, id: &str) -> bool {
        let Some(Value::Array(members)) = self.body.get_mut("members") else { return false };
        let before = members.len();
        members.retain(|member| member.get("value").and_then(Value::as_str) != Some(id));
        let differs = members.len() != before;
        if members.is_empty() {
            self.body.remove("members");
        }
        differs
    }
}

/// All that a source keeps, as a roll. Whoever is not active has left; what cannot be read of somebody is named by how many it is so of,
/// since nobody sees lines.
pub fn roster(resources: &[Resource]) -> Roster {
    let mut roster = Roster::empty(Shape::Scim);
    let content = Content::built_in();
    let mut unknown: BTreeMap<&'static str, usize> = BTreeMap::new();
    let users = resources.iter().filter(|one| one.of == Type::User);
    for user in users.filter(|user| user.body.get("active") != Some(&Value::Bool(false))) {
        let more = user.body.get(PUPIL).and_then(Value::as_object);
        let more = |name: &str| more.and_then(|more| more.get(name)?.as_str());
        let name = user.body.get("name").and_then(Value::as_object);
        let name = |part: &str| name.and_then(|name| name.get(part)?.as_str()).map(str::to_owned);
        let both =
            [name("givenName"), name("familyName")].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let whole = [user.text("displayName").map(str::to_owned), name("formatted"), Some(both)];
        let mut whole = whole.into_iter().flatten().filter(|name| !name.trim().is_empty());
        let kind = user.text("userType").and_then(|written| {
            let kind = content.kind_called(written);
            if kind.is_none() {
                *unknown.entry("userType").or_default() += 1;
            }
            kind
        });
        let year = more("year").and_then(|written| {
            content.year_called(written).unwrap_or_else(|_| {
                *unknown.entry("year").or_default() += 1;
                None
            })
        });
        let mut day = |name: &'static str| {
            let written = more(name)?;
            let day = day_by_hand(written);
            if day.is_none() {
                *unknown.entry(name).or_default() += 1;
            }
            day
        };
        let row = PersonRow {
            name: whole.next().unwrap_or_else(|| user.text("userName").unwrap_or_default().to_owned()),
            given: name("givenName"),
            family: name("familyName"),
            kind,
            year: year.filter(|_| kind == Some(Kind::Pupil)),
            born_on: day("bornOn"),
            first_on: day("firstOn"),
            last_on: day("lastOn"),
        };
        roster.people.insert(user.id.to_string(), row);
    }
    let kind_of = |id: &str| roster.people.get(id).map(|row| row.kind);
    let mut classes = BTreeMap::new();
    for group in resources.iter().filter(|one| one.of == Type::Group) {
        let of = |wanted: fn(Option<Kind>) -> bool| -> BTreeSet<String> {
            group.members().filter(|id| kind_of(id).is_some_and(wanted)).map(str::to_owned).collect()
        };
        let pupils = of(|kind| kind == Some(Kind::Pupil));
        if pupils.is_empty() {
            continue;
        }
        let teachers = of(|kind| matches!(kind, Some(Kind::Staff | Kind::Supply | Kind::Trainee)));
        let name = group.text("displayName").unwrap_or_default().to_owned();
        classes.insert(group.id.to_string(), ClassRow { name, pupils, teachers, ..ClassRow::default() });
    }
    roster.classes = Some(classes);
    for (what, count) in unknown {
        let what = format!("{what} is nothing that is known here, of {count}; they are taken without it");
        roster.complaints.push(Complaint { file: "SCIM".to_owned(), line: 0, what });
    }
    roster.tidy();
    roster
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn user(number: i64, value: Value) -> Resource {
        let at = Timestamp::from_millis(0);
        Resource {
            id: kit::Ids::default().make(Timestamp::from_millis(number)),
            of: Type::User,
            body: whole(Type::User, &sent(value)).unwrap(),
            version: 1,
            times: (at, at),
        }
    }

    #[test]
    fn what_is_sent_has_one_form_and_what_the_roll_has_no_use_for_is_not_kept() {
        let body = whole(
            Type::User,
            &sent(json!({
                "USERNAME": "ada", "active": "False", "emails": [{ "value": "ada@school.example" }], "password": "secret",
                "name": { "givenName": "Ada", "familyName": null }, "displayName": "",
                PUPIL: { "year": 7 },
            })),
        )
        .unwrap();
        let expected = json!({
            "userName": "ada", "active": false, "name": { "givenName": "Ada" }, PUPIL: { "year": "7" },
        });
        assert_eq!(Value::Object(body), expected);
        for (of, wrong) in [
            (Type::User, json!({})),
            (Type::User, json!({ "userName": "" })),
            (Type::User, json!({ "userName": "a", "active": 7 })),
            (Type::User, json!({ "userName": "a\u{7}" })),
            (Type::User, json!({ "userName": "a", "name": "Ada" })),
            (Type::Group, json!({ "members": [] })),
            (Type::Group, json!({ "displayName": "7B", "members": [{}] })),
        ] {
            assert!(matches!(whole(of, &sent(wrong.clone())), Err(Wrong::Value(_))), "{wrong}");
        }
    }

    #[test]
    fn who_is_not_active_has_left_and_a_group_with_a_pupil_is_a_class() {
        let users = [
            user(
                1,
                json!({ "userName": "a", "displayName": "Ada Example", "userType": "Student", PUPIL: { "year": "7", "lastOn": "soon" } }),
            ),
            user(
                2,
                json!({ "userName": "b", "name": { "givenName": "Bo", "familyName": "Example" }, "userType": "teacher", PUPIL: { "year": "9" } }),
            ),
            user(3, json!({ "userName": "c", "active": false, "userType": "pupil" })),
            user(4, json!({ "userName": "d", "userType": "wizard" })),
        ];
        let group = |number: i64, members: &[&Resource]| {
            let members: Vec<Value> =
                members.iter().map(|one| json!({ "value": one.id.to_string() })).collect();
            let body = whole(Type::Group, &sent(json!({ "displayName": "7B", "members": members }))).unwrap();
            Resource { of: Type::Group, body, ..user(number, json!({ "userName": "x" })) }
        };
        let all: Vec<Resource> = users
            .iter()
            .cloned()
            .chain([group(8, &[&users[0], &users[1], &users[2], &users[3]]), group(9, &[&users[1]])])
            .collect();
        let roster = roster(&all);
        let names: Vec<&str> = roster.people.values().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["Ada Example", "Bo Example", "d"]);
        let rows: Vec<_> =
            roster.people.values().map(|row| (row.kind, row.year.map(|year| year.number()))).collect();
        assert_eq!(rows, [(Some(Kind::Pupil), Some(7)), (Some(Kind::Staff), None), (None, None)]);
        let classes = roster.classes.unwrap();
        let class = classes.values().next().unwrap();
        assert_eq!(
            (classes.len(), class.pupils.len(), class.teachers.len()),
            (1, 1, 1),
            "the staff's own group is no class"
        );
        let said: Vec<String> = roster.complaints.iter().map(|one| one.what.clone()).collect();
        assert_eq!(said.len(), 2);
        assert!(said.iter().all(|what| !what.contains("wizard") && !what.contains("soon")), "{said:?}");
    }
}
