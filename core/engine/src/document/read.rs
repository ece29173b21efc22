//! Reading a document from TOML, item by item, so that every mistake is reported and not the first alone.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IntoDeserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::calendar::{CalendarSection, Lesson, NamedTime, On, Term};
use super::problem::{Line, Lines, Problem};
use super::safe_search::SafeSearchSection;
use super::table::{Group, Locked, Rule, Use};
use super::{FORM, HeadLines, PolicyDocument, SealedSection, WithheldSection};

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

impl Head {
    /// What stands for keys that could not be read.
    fn unread() -> Self {
        Self {
            form: FORM,
            title: "?".to_owned(),
            version: 0,
            note: String::new(),
            unidentified: None,
            essential: Vec::new(),
            help_confirmed: Vec::new(),
        }
    }
}

impl PolicyDocument {
    /// Reads a document. Every mistake of form is reported together; whether the ids it names exist is for
    /// [`PolicyDocument::check`].
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        match Self::read(text) {
            (Some(document), problems) if problems.is_empty() => Ok(document),
            (_, problems) => Err(problems),
        }
    }

    /// Reads as much of a document as can be read, beside every mistake of form, so that what is wrong with the rest can
    /// be said in one go. What could not be read is left out; a group or a time is then there by its id alone, since
    /// others name it. A document with a mistake is only to be looked at, never to be used. `None` where what was left
    /// out would make others look wrong.
    pub fn read(text: &str) -> (Option<Self>, Vec<Problem>) {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut reader =
            Reader { text, problems: Vec::new(), is_apart: !errors.is_empty(), is_nameless: false };
        for error in &errors {
            reader.complain(error, 0..0);
        }
        let mut sections = table.into_inner();
        let groups = reader.named(&mut sections, "group", |item: &mut Group, line| item.line = line);
        let uses = reader.items(&mut sections, "use", |item: &mut Use, line| item.line = line);
        let locked = reader.items(&mut sections, "locked", |item: &mut Locked, line| item.line = line);
        let rules = reader.items(&mut sections, "rule", |item: &mut Rule, line| item.line = line);
        let sealed = reader.section(&mut sections, "sealed", |_: &mut SealedSection, _| {});
        let withheld =
            reader.section(&mut sections, "withheld", |item: &mut WithheldSection, line| item.line = line);
        let safe_search =
            reader
                .section(&mut sections, "safe-search", |item: &mut SafeSearchSection, line| item.line = line);
        let calendar = reader.calendar(&mut sections);
        let lines = HeadLines {
            unidentified: Line(reader.line_of(&sections, "unidentified")),
            essential: reader.lines_of(&sections, "essential"),
        };
        let rest = Spanned::new(0..0, DeValue::Table(sections));
        let head = reader.value::<Head>(rest).unwrap_or_else(Head::unread);
        if head.form != FORM {
            let message = format!(
                "this is form {} of a policy document, and this program reads form {FORM}",
                head.form
            );
            let problem = Problem::error(1, message, "Use the program that wrote it, or a newer one.");
            return (None, vec![problem]);
        }
        let document = Self {
            form: head.form,
            title: head.title,
            version: head.version,
            note: head.note,
            unidentified: head.unidentified,
            essential: head.essential,
            help_confirmed: head.help_confirmed,
            sealed: sealed.unwrap_or_default(),
            withheld: withheld.unwrap_or_default(),
            safe_search: safe_search.unwrap_or_default(),
            calendar,
            groups,
            uses,
            locked,
            rules,
            lines,
        };
        reader.problems.sort_by_key(|problem| problem.line);
        ((!reader.is_nameless).then_some(document), reader.problems)
    }
}

/// An item that others name.
trait Named: Sized {
    /// What stands for one that could not be read, where its id could.
    fn by_id(item: Id) -> Self;
}

/// What can be read of an item in spite of its mistakes.
#[derive(Deserialize)]
struct Id {
    id: String,
    #[serde(default)]
    within: Vec<String>,
}

impl Named for Group {
    fn by_id(item: Id) -> Self {
        let Id { id, within } = item;
        Self { name: id.clone(), id, within, unknown: None, note: None, line: Line(0) }
    }
}

impl Named for NamedTime {
    fn by_id(item: Id) -> Self {
        let (from, to) = ("00:00".to_owned(), "24:00".to_owned());
        Self { id: item.id, name: None, days: Vec::new(), from, to, on: On::AnyDay, line: Line(0) }
    }
}

struct Reader<'t> {
    text: &'t str,
    problems: Vec<Problem>,
    /// Whether the text itself is not of the form, so that what seems to be missing may stand there.
    is_apart: bool,
    /// Whether something that others name has been lost with its name.
    is_nameless: bool,
}

impl<'t> Reader<'t> {
    /// Takes the array of tables of that name out of the document, each with its line.
    fn tables(&mut self, sections: &mut DeTable<'t>, name: &str) -> Vec<(Spanned<DeValue<'t>>, Line)> {
        let short = name.rsplit('.').next().unwrap_or(name);
        let Some(value) = sections.remove(short) else { return Vec::new() };
        let span = value.span();
        let DeValue::Array(array) = value.into_inner() else {
            let line = self.line(span.start);
            self.problems.push(Problem::error(
                line,
                format!("{short} is written once for each item"),
                format!("Begin every one with [[{name}]] on a line of its own."),
            ));
            self.is_nameless = true;
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in array {
            let line = Line(self.line(item.span().start));
            tables.push((item, line));
        }
        tables
    }

    /// Takes the items of that name out of the document; those with a mistake are left out.
    fn items<T: DeserializeOwned>(
        &mut self,
        sections: &mut DeTable<'t>,
        name: &str,
        place: impl Fn(&mut T, Line),
    ) -> Vec<T> {
        let mut items = Vec::new();
        for (item, line) in self.tables(sections, name) {
            if let Some(mut item) = self.value::<T>(item) {
                place(&mut item, line);
                items.push(item);
            }
        }
        items
    }

    /// The same for items that others name: one with a mistake is there by its id alone.
    fn named<T: DeserializeOwned + Named>(
        &mut self,
        sections: &mut DeTable<'t>,
        name: &str,
        place: impl Fn(&mut T, Line),
    ) -> Vec<T> {
        let mut items = Vec::new();
        for (item, line) in self.tables(sections, name) {
            let by_id = Id::deserialize(item.clone().into_deserializer());
            let read = self.value::<T>(item);
            match read.or_else(|| by_id.ok().map(T::by_id)) {
                Some(mut item) => {
                    place(&mut item, line);
                    items.push(item);
                }
                None => self.is_nameless = true,
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

    /// Takes `[calendar]` out of the document, item by item.
    fn calendar(&mut self, sections: &mut DeTable<'t>) -> CalendarSection {
        let Some(value) = sections.remove("calendar") else { return CalendarSection::default() };
        let (span, line) = (value.span(), Line(self.line(value.span().start)));
        let mut inner = match value.into_inner() {
            DeValue::Table(inner) => inner,
            other => {
                self.is_nameless = true;
                return self.value::<CalendarSection>(Spanned::new(span, other)).unwrap_or_default();
            }
        };
        let terms = self.items(&mut inner, "calendar.term", |item: &mut Term, line| item.line = line);
        let lessons = self.items(&mut inner, "calendar.lesson", |item: &mut Lesson, line| item.line = line);
        let times = self.named(&mut inner, "calendar.time", |item: &mut NamedTime, line| item.line = line);
        let closed_lines = self.lines_of(&inner, "closed");
        let bank_holiday_lines = self.lines_of(&inner, "bank-holidays");
        let rest = self.value::<CalendarSection>(Spanned::new(span, DeValue::Table(inner)));
        CalendarSection {
            terms,
            lessons,
            times,
            closed_lines,
            bank_holiday_lines,
            line,
            ..rest.unwrap_or_default()
        }
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
        let line = self.line(start);
        let remedy = if message.starts_with("unknown field") {
            "Correct the spelling, or remove the line."
        } else if message.starts_with("missing field") {
            if self.is_apart {
                return;
            }
            "Add the line."
        } else if message.starts_with("unknown variant") {
            "Write one of the words it names."
        } else if message.starts_with("duplicate key") {
            "Keep one of the two lines."
        } else {
            "Compare it with the example in content/examples."
        };
        // A line that should begin a section begins none: whatever it names is lost.
        let text = self.text.lines().nth(usize::try_from(line).unwrap_or(0).saturating_sub(1));
        self.is_nameless |= self.is_apart && text.is_some_and(|text| text.trim_start().starts_with('['));
        self.problems.push(Problem::error(line, message, remedy));
    }

    /// The line of the value of that name; 0 where it is not there.
    fn line_of(&self, sections: &DeTable<'t>, name: &str) -> u32 {
        sections.get(name).map_or(0, |value| self.line(value.span().start))
    }

    /// The lines of the items of the array of that name.
    fn lines_of(&self, sections: &DeTable<'t>, name: &str) -> Lines {
        match sections.get(name).map(Spanned::get_ref) {
            Some(DeValue::Array(items)) => {
                Lines(items.iter().map(|item| self.line(item.span().start)).collect())
            }
            _ => Lines::default(),
        }
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
