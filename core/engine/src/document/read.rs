//! Reading a document from TOML, item by item, so that every mistake is reported and not the first alone.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IntoDeserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Line, Problem};
use super::table::{Group, Locked, Rule, Use};
use super::{CalendarSection, FORM, PolicyDocument, SealedSection, WithheldSection};

/// The keys that stand before any section.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Head {
    form: u32,
    title: String,
    version: u32,
    #[serde(default)]
    note: String,
    #[serde(default)]
    unidentified: Option<String>,
    #[serde(default)]
    essential: Vec<String>,
    #[serde(default)]
    help_confirmed: Vec<String>,
}

impl PolicyDocument {
    /// Reads a document. Every mistake of form is reported together; whether the ids it names exist is for
    /// [`PolicyDocument::check`].
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader { text, problems: Vec::new() };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            reader.complain(error, 0..0);
        }
        if !errors.is_empty() {
            return Err(reader.problems);
        }
        let mut sections = table.into_inner();
        let groups = reader.items(&mut sections, "group", |item: &mut Group, line| item.line = line);
        let uses = reader.items(&mut sections, "use", |item: &mut Use, line| item.line = line);
        let locked = reader.items(&mut sections, "locked", |item: &mut Locked, line| item.line = line);
        let rules = reader.items(&mut sections, "rule", |item: &mut Rule, line| item.line = line);
        let sealed = reader.section(&mut sections, "sealed", |_: &mut SealedSection, _| {});
        let withheld =
            reader.section(&mut sections, "withheld", |item: &mut WithheldSection, line| item.line = line);
        let calendar =
            reader.section(&mut sections, "calendar", |item: &mut CalendarSection, line| item.line = line);
        let rest = Spanned::new(0..0, DeValue::Table(sections));
        let head = reader.value::<Head>(rest);
        match head {
            Some(head) if reader.problems.is_empty() => {
                if head.form != FORM {
                    return Err(vec![Problem::error(
                        1,
                        format!(
                            "this is form {} of a policy document, and this program reads form {FORM}",
                            head.form
                        ),
                        "Use the program that wrote it, or a newer one.",
                    )]);
                }
                Ok(Self {
                    form: head.form,
                    title: head.title,
                    version: head.version,
                    note: head.note,
                    unidentified: head.unidentified,
                    essential: head.essential,
                    help_confirmed: head.help_confirmed,
                    sealed: sealed.unwrap_or_default(),
                    withheld: withheld.unwrap_or_default(),
                    calendar: calendar.unwrap_or_default(),
                    groups,
                    uses,
                    locked,
                    rules,
                })
            }
            _ => {
                reader.problems.sort_by_key(|problem| problem.line);
                Err(reader.problems)
            }
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

impl<'t> Reader<'t> {
    /// Takes the array of tables of that name out of the document.
    fn items<T: DeserializeOwned>(
        &mut self,
        sections: &mut DeTable<'t>,
        name: &str,
        place: impl Fn(&mut T, Line),
    ) -> Vec<T> {
        let Some(value) = sections.remove(name) else { return Vec::new() };
        let span = value.span();
        let DeValue::Array(array) = value.into_inner() else {
            let line = self.line(span.start);
            self.problems.push(Problem::error(
                line,
                format!("{name} is written once for each item"),
                format!("Begin every one with [[{name}]] on a line of its own."),
            ));
            return Vec::new();
        };
        let mut items = Vec::new();
        for item in array {
            let line = Line(self.line(item.span().start));
            if let Some(mut item) = self.value::<T>(item) {
                place(&mut item, line);
                items.push(item);
            }
        }
        items
    }

    /// Takes the table of that name out of the document.
    fn section<T: DeserializeOwned>(
        &mut self,
        sections: &mut DeTable<'t>,
        name: &str,
        place: impl Fn(&mut T, Line),
    ) -> Option<T> {
        let value = sections.remove(name)?;
        let line = Line(self.line(value.span().start));
        let mut section = self.value::<T>(value)?;
        place(&mut section, line);
        Some(section)
    }

    fn value<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'t>>) -> Option<T> {
        let span = value.span();
        match T::deserialize(value.into_deserializer()) {
            Ok(value) => Some(value),
            Err(error) => {
                self.complain(&error, span);
                None
            }
        }
    }

    fn complain(&mut self, error: &toml::de::Error, around: std::ops::Range<usize>) {
        let start = error.span().map_or(around.start, |span| span.start);
        let message = error.message().replace('\n', " ");
        let remedy = if message.starts_with("unknown field") {
            "Correct the spelling, or remove the line."
        } else if message.starts_with("missing field") {
            "Add the line."
        } else if message.starts_with("unknown variant") {
            "Write one of the words it names."
        } else {
            "Compare it with the example in content/examples."
        };
        let line = self.line(start);
        self.problems.push(Problem::error(line, message, remedy));
    }

    /// The line, from 1, of a place in the text.
    fn line(&self, place: usize) -> u32 {
        let before = self.text.as_bytes().get(..place).unwrap_or_default();
        u32::try_from(before.iter().filter(|&&byte| byte == b'\n').count())
            .map_or(u32::MAX, |lines| lines + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Cell;

    #[test]
    fn a_document_is_read() {
        let text = r#"
form = 1
title = "A village primary"
version = 3

[[group]]
id = "pupils"
name = "Pupils"

[[use]]
id = "shopping"
activity = "Shopping"
categories = ["shopping"]
[use.cells]
pupils = "not-allowed"
staff = { times = ["lunch"] }
"#;
        let document = PolicyDocument::parse(text).unwrap();
        assert_eq!(document.uses[0].cells["staff"], Cell::Times(vec!["lunch".into()]));
        assert_eq!(document.groups[0].line.0, 6);
        let written = document.to_toml();
        assert_eq!(PolicyDocument::parse(&written).as_ref(), Ok(&document), "{written}");
        assert_eq!(PolicyDocument::parse(&written).unwrap().to_toml(), written);
    }

    #[test]
    fn every_mistake_is_reported_with_its_line() {
        let text = "form = 1\ntitle = \"x\"\n\n[[group]]\nid = \"a\"\nnmae = \"A\"\n\n[[rule]]\ndo = \"alow\"\nsite = \"a.example\"\n";
        let problems = PolicyDocument::parse(text).unwrap_err();
        let lines: Vec<u32> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(problems.len(), 3, "{problems:#?}");
        assert!(lines.contains(&6) && lines.contains(&9), "{problems:#?}");
        assert!(problems.iter().any(|p| p.message.contains("version")), "{problems:#?}");
    }
}
