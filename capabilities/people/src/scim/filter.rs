//! Filters (RFC 7644, section 3.4.2.2): read once, asked of each resource as it is told. Pure.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::model::Wrong;
use super::schemas::{GROUP, PUPIL, USER, field};

/// The longest filter, in bytes.
const LONGEST: usize = 2_000;
/// How deep parentheses go.
const DEEPEST: u8 = 10;

/// A filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Both hold.
    And(Box<Filter>, Box<Filter>),
    /// One of the two holds.
    Or(Box<Filter>, Box<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// Something is there.
    Present(Path),
    /// Something is as said.
    Is(Path, Operator, Value),
    /// One of several values fits.
    Has(Path, Box<Filter>),
}

/// An attribute, and perhaps one of its parts: small letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The schema that it is of, where it is that of an extension.
    pub extension: bool,
    /// The attribute.
    pub attribute: String,
    /// A part of it.
    pub part: Option<String>,
}

/// How two are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// They are the same.
    Equal,
    /// They differ.
    Unequal,
    /// The second stands in the first.
    Contains,
    /// The first begins with the second.
    Begins,
    /// The first ends with the second.
    Ends,
    /// The first is greater.
    Greater,
    /// It is greater, or the same.
    NotLess,
    /// It is less.
    Less,
    /// It is less, or the same.
    NotGreater,
}

impl Operator {
    fn of(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "eq" => Self::Equal,
            "ne" => Self::Unequal,
            "co" => Self::Contains,
            "sw" => Self::Begins,
            "ew" => Self::Ends,
            "gt" => Self::Greater,
            "ge" => Self::NotLess,
            "lt" => Self::Less,
            "le" => Self::NotGreater,
            _ => return None,
        })
    }
}

impl Path {
    /// Reads an attribute's path, without brackets: `userName`, `name.givenName`, or either after the id of a schema and a colon.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let after = |schema: &str| {
            let rest = lower.strip_prefix(&schema.to_ascii_lowercase())?;
            if rest.is_empty() { Some("") } else { rest.strip_prefix(':') }
        };
        let (extension, rest) = match (after(PUPIL), after(USER).or_else(|| after(GROUP))) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => (false, lower.as_str()),
        };
        let (attribute, part) = match rest.split_once('.') {
            Some((attribute, part)) => (attribute, Some(part)),
            None => (rest, None),
        };
        let plain = |name: &str| {
            let mut signs = name.chars();
            signs.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '$')
                && signs.all(|sign| sign.is_ascii_alphanumeric() || "-_$".contains(sign))
        };
        // The extension itself has no attribute.
        let whole = extension && attribute.is_empty() && part.is_none();
        let fits = whole || (plain(attribute) && part.is_none_or(plain));
        fits.then(|| Self { extension, attribute: attribute.to_owned(), part: part.map(str::to_owned) })
    }

    /// The values that it names: of several, each.
    fn values<'a>(&self, of: &'a Map<String, Value>) -> Vec<&'a Value> {
        let of = if self.extension { field(of, PUPIL).and_then(Value::as_object) } else { Some(of) };
        let Some(found) = of.and_then(|of| field(of, &self.attribute)) else { return Vec::new() };
        let each = match found {
            Value::Array(list) => list.iter().collect(),
            other => vec![other],
        };
        match &self.part {
            None => each,
            Some(part) => each.into_iter().filter_map(|one| field(one.as_object()?, part)).collect(),
        }
    }
}

impl Filter {
    /// Reads a filter.
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        if text.len() > LONGEST {
            return Err(Wrong::Filter("it is too long"));
        }
        let mut reading = Reading { rest: text.trim() };
        let filter = reading.either(DEEPEST)?;
        if !reading.rest.is_empty() {
            return Err(Wrong::Filter("something stands after its end"));
        }
        Ok(filter)
    }

    /// How many comparisons asking it once can take.
    pub fn terms(&self) -> usize {
        match self {
            Self::And(one, other) | Self::Or(one, other) => one.terms().saturating_add(other.terms()),
            Self::Not(one) | Self::Has(_, one) => one.terms(),
            Self::Present(_) | Self::Is(..) => 1,
        }
    }

    /// Whether it holds of a resource, or of one of several values.
    pub fn holds(&self, of: &Map<String, Value>) -> bool {
        match self {
            Self::And(one, other) => one.holds(of) && other.holds(of),
            Self::Or(one, other) => one.holds(of) || other.holds(of),
            Self::Not(one) => !one.holds(of),
            Self::Present(path) => path.values(of).iter().any(|value| !value.is_null()),
            Self::Is(path, Operator::Unequal, wanted) => {
                let values = path.values(of);
                values.iter().all(|value| !compares(value, Operator::Equal, wanted))
            }
            Self::Is(path, operator, wanted) => {
                path.values(of).iter().any(|value| compares(value, *operator, wanted))
            }
            Self::Has(path, filter) => {
                path.values(of).iter().any(|value| value.as_object().is_some_and(|value| filter.holds(value)))
            }
        }
    }
}

/// Compares a value of a resource with one of a filter. Texts are compared without their case, as the schemas say.
fn compares(value: &Value, operator: Operator, wanted: &Value) -> bool {
    // Of an attribute with parts its value is meant.
    let value = value.as_object().and_then(|parts| field(parts, "value")).unwrap_or(value);
    let ordering = match (value, wanted) {
        (Value::String(one), Value::String(other)) => {
            let (one, other) = (one.to_lowercase(), other.to_lowercase());
            match operator {
                Operator::Contains => return one.contains(&other),
                Operator::Begins => return one.starts_with(&other),
                Operator::Ends => return one.ends_with(&other),
                _ => one.cmp(&other),
            }
        }
        (Value::Bool(one), Value::Bool(other)) if operator == Operator::Equal => return one == other,
        (Value::Number(one), Value::Number(other)) => match one.as_f64().zip(other.as_f64()) {
            Some((one, other)) => one.total_cmp(&other),
            None => return false,
        },
        _ => return false,
    };
    match operator {
        Operator::Equal => ordering == Ordering::Equal,
        Operator::Greater => ordering == Ordering::Greater,
        Operator::NotLess => ordering != Ordering::Less,
        Operator::Less => ordering == Ordering::Less,
        Operator::NotGreater => ordering != Ordering::Greater,
        _ => false,
    }
}

struct Reading<'a> {
    rest: &'a str,
}

impl<'a> Reading<'a> {
    fn either(&mut self, deep: u8) -> Result<Filter, Wrong> {
        let mut filter = self.both(deep)?;
        while self.takes_word("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.both(deep)?));
        }
        Ok(filter)
    }

    fn both(&mut self, deep: u8) -> Result<Filter, Wrong> {
        let mut filter = self.one(deep)?;
        while self.takes_word("and") {
            filter = Filter::And(Box::new(filter), Box::new(self.one(deep)?));
        }
        Ok(filter)
    }

    fn one(&mut self, deep: u8) -> Result<Filter, Wrong> {
        let Some(deep) = deep.checked_sub(1) else {
            return Err(Wrong::Filter("its parentheses go too deep"));
        };
        if self.takes_word("not") {
            if !self.rest.starts_with('(') {
                return Err(Wrong::Filter("`not` stands before a parenthesis"));
            }
            return Ok(Filter::Not(Box::new(self.one(deep)?)));
        }
        if self.takes('(') {
            let inner = self.either(deep)?;
            return if self.takes(')') {
                Ok(inner)
            } else {
                Err(Wrong::Filter("a parenthesis is not closed"))
            };
        }
        let end = self.rest.find(|sign: char| sign.is_whitespace() || "[]()".contains(sign));
        let (path, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let path = Path::parse(path).filter(|path| !path.attribute.is_empty());
        let path = path.ok_or(Wrong::Filter("no attribute stands where one should"))?;
        self.rest = rest;
        if self.takes('[') {
            let inner = self.either(deep)?;
            return if self.takes(']') {
                Ok(Filter::Has(path, Box::new(inner)))
            } else {
                Err(Wrong::Filter("a bracket is not closed"))
            };
        }
        let word = self.word();
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(path));
        }
        let operator = Operator::of(word).ok_or(Wrong::Filter("it compares in no way that is known"))?;
        Ok(Filter::Is(path, operator, self.value()?))
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, sign: char) -> bool {
        self.space();
        let after = self.rest.strip_prefix(sign);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn word(&mut self) -> &'a str {
        self.space();
        let end = self.rest.find(|sign: char| !sign.is_ascii_alphanumeric()).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// Takes that word, where it comes next and a space or a parenthesis after it.
    fn takes_word(&mut self, word: &str) -> bool {
        self.space();
        let before = self.rest;
        let next = self.word();
        let ends = self.rest.starts_with(|sign: char| sign.is_whitespace() || sign == '(');
        if next.eq_ignore_ascii_case(word) && ends {
            self.space();
            return true;
        }
        self.rest = before;
        false
    }

    fn value(&mut self) -> Result<Value, Wrong> {
        self.space();
        let no = || Wrong::Filter("no value stands where one should");
        let end = if self.rest.starts_with('"') {
            // To the next sign for its end that no other stands before.
            let mut before = false;
            let closing = self.rest.char_indices().skip(1).find(|(_, sign)| {
                let closes = *sign == '"' && !before;
                before = *sign == '\\' && !before;
                closes
            });
            closing.ok_or_else(no)?.0 + 1
        } else {
            self.rest
                .find(|sign: char| sign.is_whitespace() || ")]".contains(sign))
                .unwrap_or(self.rest.len())
        };
        let (written, rest) = self.rest.split_at_checked(end).ok_or_else(no)?;
        self.rest = rest;
        let value: Value = serde_json::from_str(written).map_err(|_| no())?;
        if value.is_object() || value.is_array() { Err(no()) } else { Ok(value) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_filter_holds_of_what_it_says() {
        let ada = json!({
            "userName": "Ada@School.example", "active": true, "name": { "familyName": "Example" }, "meta": { "lastModified": "2026-11-23T08:00:00Z" },
            "members": [{ "value": "u1" }, { "value": "u2", "type": "User" }], PUPIL: { "year": "7" },
        });
        let ada = ada.as_object().unwrap();
        for (filter, holds) in [
            ("userName eq \"ada@school.example\"", true),
            ("USERNAME EQ \"ada@school.example\"", true),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"ADA\"", true),
            ("userName eq \"bo\"", false),
            ("userName ne \"bo\" and active eq true", true),
            ("userName eq \"bo\" or name.familyName co \"xamp\"", true),
            ("userName eq \"bo\" or userName ew \"example\" and active eq false", false),
            ("(userName eq \"bo\" or userName ew \"example\") and active eq true", true),
            ("not (active eq true)", false),
            ("not(active eq false)", true),
            ("nickName pr", false),
            ("nickName eq \"x\"", false),
            ("nickName ne \"x\"", true),
            ("name pr", true),
            ("members eq \"u2\"", true),
            ("members.value eq \"u3\"", false),
            ("members[value eq \"u2\" and type eq \"User\"]", true),
            ("members[value eq \"u1\" and type eq \"User\"]", false),
            ("meta.lastModified gt \"2026-11-22T00:00:00Z\"", true),
            ("meta.lastModified le \"2026-11-22T00:00:00Z\"", false),
            (&format!("{PUPIL}:year eq \"7\""), true),
            ("userName eq \"a \\\" b\"", false),
            ("active eq \"true\"", false),
        ] {
            assert_eq!(Filter::parse(filter).map(|filter| filter.holds(ada)), Ok(holds), "{filter}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let deep = format!("{}active eq true{}", "(".repeat(40), ")".repeat(40));
        let long = format!("userName eq \"{}\"", "x".repeat(LONGEST));
        for filter in [
            "",
            "userName",
            "userName eq",
            "userName eq ada",
            "userName is \"ada\"",
            "eq \"ada\"",
            "(active eq true",
            "active eq true)",
            "active eq true active eq true",
            "members[value eq \"u1\"",
            "not active eq true",
            "userName eq {}",
            "a..b eq 1",
            "userName eq \"ada",
            &deep,
            &long,
        ] {
            assert!(matches!(Filter::parse(filter), Err(Wrong::Filter(_))), "{filter}");
        }
    }
}
