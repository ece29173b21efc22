//! A fixture's options, which notice what nobody asked for: an option that a component does not take makes the fixture
//! unsupported, by name, instead of being overlooked.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use maud::{Markup, PreEscaped, Render as _};
use serde_json::{Map, Value};

pub struct Options<'a> {
    map: Option<&'a Map<String, Value>>,
    at: String,
    taken: RefCell<BTreeSet<&'static str>>,
    left: Rc<RefCell<BTreeSet<String>>>,
}

impl<'a> Options<'a> {
    pub fn new(value: &'a Value) -> (Self, Rc<RefCell<BTreeSet<String>>>) {
        let left = Rc::default();
        (Self::below(Some(value), String::new(), &left), left)
    }

    fn below(value: Option<&'a Value>, at: String, left: &Rc<RefCell<BTreeSet<String>>>) -> Self {
        if let Some(other) = value.filter(|value| !value.is_object()) {
            left.borrow_mut().insert(format!("{at} given as {other}"));
        }
        Self { map: value.and_then(Value::as_object), at, taken: RefCell::default(), left: Rc::clone(left) }
    }

    fn path(&self, name: &str) -> String {
        if self.at.is_empty() { name.to_owned() } else { format!("{}.{name}", self.at) }
    }

    pub fn refuse(&self, what: &str) {
        self.left.borrow_mut().insert(what.to_owned());
    }

    /// The option, unless it is absent or null.
    pub fn value(&self, name: &'static str) -> Option<&'a Value> {
        self.taken.borrow_mut().insert(name);
        self.map.and_then(|map| map.get(name)).filter(|value| !value.is_null())
    }

    /// As text; nothing where JavaScript finds it false.
    pub fn text(&self, name: &'static str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) if number.as_f64() != Some(0.0) => Some(number.to_string()),
            _ => None,
        }
    }

    /// As text, also when it is empty or zero.
    pub fn any_text(&self, name: &'static str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    pub fn flag(&self, name: &'static str) -> bool {
        self.maybe(name).unwrap_or(false)
    }

    pub fn maybe(&self, name: &'static str) -> Option<bool> {
        self.value(name)?.as_bool()
    }

    pub fn number(&self, name: &'static str) -> Option<u32> {
        self.value(name)?.as_u64()?.try_into().ok()
    }

    pub fn classes(&self) -> std::borrow::Cow<'static, str> {
        self.text("classes").unwrap_or_default().into()
    }

    /// The markup option where it is there, else the text option.
    pub fn content(&self, html: &'static str, text: &'static str) -> Option<Markup> {
        let (html, text) = (self.text(html), self.any_text(text));
        html.map(PreEscaped).or_else(|| text.map(|text| text.render()))
    }

    /// The options below that one; none where JavaScript finds it false.
    pub fn nested(&self, name: &'static str) -> Option<Self> {
        let value = self.value(name).filter(|value| !matches!(value, Value::Bool(false)))?;
        Some(Self::below(Some(value), self.path(name), &self.left))
    }

    /// Whether that list has null or false things in it, which upstream passes over but counts.
    pub fn has_holes(&self, name: &'static str) -> bool {
        let things = self.value(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        things.iter().any(|thing| !thing.is_object())
    }

    /// One set of options for each thing in that list; null and false ones are passed over, as upstream does.
    pub fn each(&self, name: &'static str) -> Vec<Self> {
        let things = self.value(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let things = things.iter().filter(|thing| thing.is_object());
        things.map(|thing| Self::below(Some(thing), self.path(name), &self.left)).collect()
    }

    /// The cells of each row.
    pub fn rows(&self, name: &'static str) -> Vec<Vec<Self>> {
        let rows = self.value(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let rows = rows.iter().filter_map(Value::as_array);
        rows.map(|row| row.iter().map(|cell| Self::below(Some(cell), self.path(name), &self.left)).collect())
            .collect()
    }
}

impl Drop for Options<'_> {
    fn drop(&mut self) {
        let taken = self.taken.borrow();
        for (name, value) in self.map.into_iter().flatten() {
            if !taken.contains(name.as_str()) && !value.is_null() {
                self.left.borrow_mut().insert(self.path(name));
            }
        }
    }
}
