//! What was found in a file that somebody gave, in one form for every command: a line each, which says first of what kind it
//! is, what is only worth a look before what is wrong, and a closing line with how many there are.

use std::path::Path;

use engine::Problem;
use serde_json::{Value, json};

use crate::output::Failure;

/// The problems of one file.
#[derive(Debug)]
pub struct Findings {
    file: String,
    problems: Vec<Problem>,
}

impl Findings {
    /// The problems of `file`, in the order of its lines, errors last.
    pub fn of(file: &Path, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| (problem.is_error(), problem.line));
        Self { file: file.display().to_string(), problems }
    }

    /// A line each.
    pub fn lines(&self) -> Vec<String> {
        let line = |problem: &Problem| {
            let kind = if problem.is_error() { "error" } else { "worth a look" };
            format!("{kind}: {}: {problem}", self.file)
        };
        self.problems.iter().map(line).collect()
    }

    /// How many there are and what became of it: `2 errors, 3 things worth a look; nothing was changed`.
    pub fn closing(&self, became: &str) -> String {
        let errors = match self.errors() {
            0 => "no errors".to_owned(),
            1 => "1 error".to_owned(),
            many => format!("{many} errors"),
        };
        let look = match self.worth_a_look() {
            0 => "nothing worth a look".to_owned(),
            1 => "1 thing worth a look".to_owned(),
            many => format!("{many} things worth a look"),
        };
        format!("{errors}, {look}; {became}")
    }

    /// The failure that they are, where nothing was changed because of them.
    pub fn failure(&self) -> Failure {
        Failure::Found { lines: self.lines(), closing: self.closing(NOTHING_CHANGED), found: self.fields() }
    }

    /// The same for scripts: the fields that every command has.
    pub fn fields(&self) -> Value {
        json!({
            "file": self.file, "problems": self.problems, "errors": self.errors(),
            "worth_a_look": self.worth_a_look(),
        })
    }

    fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.is_error()).count()
    }

    fn worth_a_look(&self) -> usize {
        self.problems.len() - self.errors()
    }
}

/// How a closing line ends where a file was only looked at, or could not be used.
pub const NOTHING_CHANGED: &str = "nothing was changed";

/// The fields of both objects.
pub fn with(mut fields: Value, more: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (fields.as_object_mut(), more) {
        fields.extend(more);
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_says_its_kind_and_the_last_one_how_many_there_are() {
        let found = Findings::of(
            Path::new("policy.toml"),
            vec![
                Problem::error(3, "that is wrong", "Correct it."),
                Problem::warning(7, "that does nothing", "Remove it."),
                Problem::warning(0, "something is missing", "Add it."),
            ],
        );
        assert_eq!(
            found.lines(),
            [
                "worth a look: policy.toml: something is missing. Add it.",
                "worth a look: policy.toml: line 7: that does nothing. Remove it.",
                "error: policy.toml: line 3: that is wrong. Correct it.",
            ]
        );
        assert_eq!(found.closing(NOTHING_CHANGED), "1 error, 2 things worth a look; nothing was changed");
        assert_eq!((&found.fields()["errors"], &found.fields()["worth_a_look"]), (&1.into(), &2.into()));
        let nothing = Findings::of(Path::new("a"), Vec::new());
        assert_eq!(
            nothing.closing("it can be applied"),
            "no errors, nothing worth a look; it can be applied"
        );
    }
}
