//! Changing part of a resource (RFC 7644, section 3.5.2). Pure.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::filter::{Filter, Path};
use super::model::{Type, Wrong};
use super::schemas::{Attribute, Holds, PUPIL, PUPIL_ATTRIBUTES, field, is_forgotten};

/// So many operations come at once at the most.
const MOST: usize = 1_000;
/// So many terms do the filters of a message have together: each is asked of every member of a group. The systems that there are send one.
const MOST_TERMS: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Add,
    Replace,
    Remove,
}

/// What an operation is about: an attribute, which of its values, and which part of them.
struct Target {
    extension: bool,
    attribute: &'static Attribute,
    filter: Option<Filter>,
    part: Option<&'static Attribute>,
}

/// Carries out the operations of a message on what a resource is, in order. What comes of it is still to be brought into its one form.
pub fn apply(
    of: Type,
    body: &Map<String, Value>,
    message: &Map<String, Value>,
) -> Result<Map<String, Value>, Wrong> {
    let operations = field(message, "Operations").and_then(Value::as_array);
    let operations = operations.ok_or_else(|| Wrong::Syntax("Operations is missing".to_owned()))?;
    if operations.len() > MOST {
        return Err(Wrong::Value(format!("there are more than {MOST} operations")));
    }
    let mut body = body.clone();
    let mut terms = 0;
    for operation in operations {
        let operation =
            operation.as_object().ok_or_else(|| Wrong::Syntax("an operation is no object".to_owned()))?;
        one(of, &mut body, operation, &mut terms)?;
    }
    Ok(body)
}

fn one(
    of: Type,
    body: &mut Map<String, Value>,
    operation: &Map<String, Value>,
    terms: &mut usize,
) -> Result<(), Wrong> {
    let op = field(operation, "op").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let what = match op.as_str() {
        "add" => What::Add,
        "replace" => What::Replace,
        "remove" => What::Remove,
        _ => return Err(Wrong::Syntax("an operation is to add, to replace or to remove".to_owned())),
    };
    let value = field(operation, "value");
    let path = field(operation, "path").and_then(Value::as_str).unwrap_or_default();
    if path.is_empty() {
        let fields = match (what, value) {
            (What::Remove, _) => return Err(Wrong::NoTarget),
            (_, Some(Value::Object(fields))) => fields,
            _ => return Err(Wrong::Value("without a path, the value is an object".to_owned())),
        };
        for (name, value) in fields {
            at(of, body, (what, name), Some(value), terms)?;
        }
        return Ok(());
    }
    at(of, body, (what, path), value, terms)
}

fn at(
    of: Type,
    body: &mut Map<String, Value>,
    (what, path): (What, &str),
    value: Option<&Value>,
    terms: &mut usize,
) -> Result<(), Wrong> {
    let name = path.split(['.', '[']).next().unwrap_or(path);
    if is_forgotten(path) || is_forgotten(name) {
        return Ok(());
    }
    // The whole of what a school's roll says besides.
    if of == Type::User && path.eq_ignore_ascii_case(PUPIL) {
        return match (what, value) {
            (What::Remove, _) => {
                body.remove(PUPIL);
                Ok(())
            }
            (_, Some(Value::Object(fields))) => {
                if what == What::Replace {
                    body.remove(PUPIL);
                }
                for (name, value) in fields.iter().filter(|(name, _)| !is_forgotten(name)) {
                    at(of, body, (What::Replace, &format!("{PUPIL}:{name}")), Some(value), terms)?;
                }
                Ok(())
            }
            _ => Err(Wrong::Value("the value of an extension is an object".to_owned())),
        };
    }
    let target = target(of, path)?;
    *terms = terms.saturating_add(target.filter.as_ref().map_or(0, Filter::terms));
    if *terms > MOST_TERMS {
        return Err(Wrong::Filter("the filters of one message have more than 200 terms together"));
    }
    let holder = if target.extension {
        let more = body.entry(PUPIL).or_insert_with(|| Value::Object(Map::new()));
        more.as_object_mut().ok_or_else(|| Wrong::Value("the extension is no object".to_owned()))?
    } else {
        body
    };
    change(holder, what, &target, value)
}

/// Reads the path of an operation.
fn target(of: Type, path: &str) -> Result<Target, Wrong> {
    let no = || Wrong::Path(path.chars().filter(|sign| !sign.is_control()).take(100).collect());
    let (before, filter, part) = match path.split_once('[') {
        None => (path, None, None),
        Some((before, rest)) => {
            let (filter, after) = rest.rsplit_once(']').ok_or_else(no)?;
            let part = match after {
                "" => None,
                after => Some(after.strip_prefix('.').ok_or_else(no)?.to_ascii_lowercase()),
            };
            (before, Some(Filter::parse(filter)?), part)
        }
    };
    let read = Path::parse(before).ok_or_else(no)?;
    let attribute = if read.extension && of == Type::User {
        PUPIL_ATTRIBUTES.iter().find(|one| one.name.eq_ignore_ascii_case(&read.attribute))
    } else {
        of.attribute(&read.attribute)
    };
    let attribute = attribute.ok_or_else(no)?;
    if filter.is_some() && !attribute.several {
        return Err(no());
    }
    let part = match (part.or(read.part), attribute.holds) {
        (None, _) => None,
        (Some(part), Holds::Parts(parts)) => {
            Some(parts.iter().find(|one| one.name.eq_ignore_ascii_case(&part)).ok_or_else(no)?)
        }
        (Some(_), _) => return Err(no()),
    };
    Ok(Target { extension: read.extension, attribute, filter, part })
}

fn change(
    holder: &mut Map<String, Value>,
    what: What,
    target: &Target,
    value: Option<&Value>,
) -> Result<(), Wrong> {
    let name = target.attribute.name;
    if what == What::Remove {
        return remove(holder, target, value);
    }
    let value = value.ok_or_else(|| Wrong::Value(format!("{name}: the value is missing")))?;
    if target.attribute.several {
        return several(holder, what, target, value);
    }
    match (target.part, target.attribute.holds, value) {
        (Some(part), ..) => {
            let parts = holder.entry(name).or_insert_with(|| Value::Object(Map::new()));
            let parts = parts.as_object_mut().ok_or(Wrong::NoTarget)?;
            parts.insert(part.name.to_owned(), value.clone());
        }
        // Parts that are named are written, and the others stay.
        (None, Holds::Parts(attributes), Value::Object(given)) if what == What::Add => {
            let parts = holder.entry(name).or_insert_with(|| Value::Object(Map::new()));
            let parts = parts.as_object_mut().ok_or(Wrong::NoTarget)?;
            for attribute in attributes {
                if let Some(value) = field(given, attribute.name) {
                    parts.insert(attribute.name.to_owned(), value.clone());
                }
            }
        }
        _ => {
            holder.insert(name.to_owned(), value.clone());
        }
    }
    Ok(())
}

fn several(holder: &mut Map<String, Value>, what: What, target: &Target, value: &Value) -> Result<(), Wrong> {
    let name = target.attribute.name;
    let given = match value {
        Value::Array(list) => list.clone(),
        other => vec![other.clone()],
    };
    let list = holder.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    let list = list.as_array_mut().ok_or(Wrong::NoTarget)?;
    let Some(filter) = &target.filter else {
        if what == What::Replace {
            list.clear();
        }
        list.extend(given);
        return Ok(());
    };
    let mut any = false;
    for one in list.iter_mut() {
        let Some(fields) = one.as_object_mut().filter(|fields| filter.holds(fields)) else { continue };
        any = true;
        match (target.part, value) {
            (Some(part), value) => {
                fields.insert(part.name.to_owned(), value.clone());
            }
            (None, Value::Object(given)) => fields.extend(given.clone()),
            (None, _) => return Err(Wrong::Value(format!("{name} is no object"))),
        }
    }
    if any { Ok(()) } else { Err(Wrong::NoTarget) }
}

fn remove(holder: &mut Map<String, Value>, target: &Target, value: Option<&Value>) -> Result<(), Wrong> {
    let name = target.attribute.name;
    let named: Option<BTreeSet<&str>> = value
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(|one| field(one.as_object()?, "value")?.as_str()).collect());
    match (&target.filter, target.part, named) {
        (None, None, Some(named)) if target.attribute.several && !named.is_empty() => {
            // As one well-known system says whom it takes out of a group.
            if let Some(list) = holder.get_mut(name).and_then(Value::as_array_mut) {
                list.retain(|one| {
                    let id = one.as_object().and_then(|one| field(one, "value")).and_then(Value::as_str);
                    !id.is_some_and(|id| named.contains(id))
                });
            }
        }
        (None, None, _) => {
            holder.remove(name);
        }
        (None, Some(part), _) => {
            if let Some(fields) = holder.get_mut(name).and_then(Value::as_object_mut) {
                fields.remove(part.name);
            }
        }
        (Some(filter), part, _) => {
            let list = holder.get_mut(name).and_then(Value::as_array_mut).ok_or(Wrong::NoTarget)?;
            match part {
                None => list.retain(|one| !one.as_object().is_some_and(|one| filter.holds(one))),
                Some(part) => {
                    for one in list.iter_mut().filter_map(Value::as_object_mut) {
                        if filter.holds(one) {
                            one.remove(part.name);
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::model::whole;

    fn patched(of: Type, body: &Value, operations: Value) -> Result<Value, Wrong> {
        let message = json!({ "Operations": operations });
        let body = apply(of, body.as_object().unwrap(), message.as_object().unwrap())?;
        whole(of, &body).map(Value::Object)
    }

    #[test]
    fn an_operation_adds_replaces_or_removes_what_its_path_names() {
        let ada = json!({
            "userName": "ada", "active": true, "name": { "givenName": "Ada", "familyName": "Bell" }, PUPIL: { "year": "7" },
        });
        let year = format!("{PUPIL}:year");
        for (operations, at, expected) in [
            (json!([{ "op": "Replace", "path": "active", "value": "False" }]), "/active", json!(false)),
            (
                json!([{ "op": "add", "value": { "active": false, "displayName": "A" } }]),
                "/displayName",
                json!("A"),
            ),
            (
                json!([{ "op": "add", "path": "name", "value": { "givenName": "Eve" } }]),
                "/name",
                json!({ "givenName": "Eve", "familyName": "Bell" }),
            ),
            (
                json!([{ "op": "replace", "path": "name", "value": { "givenName": "Eve" } }]),
                "/name",
                json!({ "givenName": "Eve" }),
            ),
            (
                json!([{ "op": "replace", "path": "name.familyName", "value": "Dale" }]),
                "/name/familyName",
                json!("Dale"),
            ),
            (json!([{ "op": "remove", "path": "name.familyName" }]), "/name", json!({ "givenName": "Ada" })),
            (
                json!([{ "op": "replace", "value": { "name.familyName": "Dale" } }]),
                "/name/familyName",
                json!("Dale"),
            ),
            (
                json!([{ "op": "replace", "path": year, "value": "8" }]),
                "/urn:fivebar:params:scim:schemas:extension:1.0:Person/year",
                json!("8"),
            ),
            (
                json!([{ "op": "add", "value": { PUPIL: { "schemas": [PUPIL], "lastOn": "2027-07-21" } } }]),
                "/urn:fivebar:params:scim:schemas:extension:1.0:Person",
                json!({ "year": "7", "lastOn": "2027-07-21" }),
            ),
            (
                json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "a@b.example" }]),
                "/userName",
                json!("ada"),
            ),
        ] {
            let body = patched(Type::User, &ada, operations.clone()).unwrap();
            assert_eq!(body.pointer(at), Some(&expected), "{operations}");
        }
        let gone = patched(
            Type::User,
            &ada,
            json!([{ "op": "remove", "path": PUPIL }, { "op": "remove", "path": "name" }]),
        );
        assert_eq!(gone.unwrap(), json!({ "userName": "ada", "active": true }));
    }

    #[test]
    fn members_come_and_go_one_by_one() {
        let class = json!({ "displayName": "7B", "members": [{ "value": "u1" }, { "value": "u2" }] });
        let members = |operations: Value| {
            let body = patched(Type::Group, &class, operations).unwrap();
            let members = body.get("members").and_then(Value::as_array).cloned().unwrap_or_default();
            members.iter().map(|one| one["value"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let add =
            json!([{ "op": "add", "path": "members", "value": [{ "value": "u3" }, { "value": "u1" }] }]);
        assert_eq!(members(add), ["u1", "u2", "u3"]);
        assert_eq!(members(json!([{ "op": "remove", "path": "members[value eq \"u1\"]" }])), ["u2"]);
        assert_eq!(
            members(json!([{ "op": "remove", "path": "members", "value": [{ "value": "u2" }] }])),
            ["u1"]
        );
        assert_eq!(
            members(json!([{ "op": "replace", "path": "members", "value": [{ "value": "u9" }] }])),
            ["u9"]
        );
        assert!(members(json!([{ "op": "remove", "path": "members" }])).is_empty());
    }

    #[test]
    fn the_filters_of_a_message_are_bounded_together() {
        let class = json!({ "displayName": "7B", "members": [{ "value": "u1" }, { "value": "u2" }] });
        let filter = |terms: usize| vec!["value eq \"u1\""; terms].join(" or ");
        let removes = |each: usize, times: usize| {
            let one = json!({ "op": "remove", "path": format!("members[{}]", filter(each)) });
            Value::Array(vec![one; times])
        };
        assert!(patched(Type::Group, &class, removes(50, 4)).is_ok());
        let many = patched(Type::Group, &class, removes(50, 5)).unwrap_err();
        assert!(many.to_string().contains("more than 200 terms"), "{many}");
        // However it is said.
        let paths: Map<String, Value> = (0..5)
            .map(|one| (format!("members[{} or value eq \"{one}\"]", filter(50)), json!({ "type": "x" })))
            .collect();
        assert!(patched(Type::Group, &class, json!([{ "op": "replace", "value": paths }])).is_err());
    }

    #[test]
    fn what_names_nothing_is_refused_and_nothing_is_half_done() {
        let ada = json!({ "userName": "ada" });
        for (operations, is) in [
            (json!([{ "op": "remove", "path": "userName" }]), "userName is missing"),
            (json!([{ "op": "replace", "path": "shoeSize", "value": 4 }]), "no such attribute: shoeSize"),
            (json!([{ "op": "replace", "path": "name.shoe", "value": "4" }]), "no such attribute"),
            (json!([{ "op": "replace", "path": "active[value eq 1]", "value": true }]), "no such attribute"),
            (json!([{ "op": "remove" }]), "nothing is there"),
            (json!([{ "op": "grow", "path": "active" }]), "to add, to replace or to remove"),
            (json!([{ "op": "add", "path": "active" }]), "the value is missing"),
            (json!("no list"), "Operations is missing"),
        ] {
            let error = patched(Type::User, &ada, operations.clone()).unwrap_err().to_string();
            assert!(error.contains(is), "{operations}: {error}");
        }
        let class = json!({ "displayName": "7B" });
        let none = json!([{ "op": "replace", "path": "members[value eq \"u1\"].value", "value": "u2" }]);
        assert_eq!(patched(Type::Group, &class, none), Err(Wrong::NoTarget));
    }
}
