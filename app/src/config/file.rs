//! Reading the file's sections, and saying where in it something is wrong.

use std::fmt;

use serde::de::DeserializeOwned;

/// One thing that is wrong with the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Counted from 1; 0 where it is not about a line.
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.what),
            line => write!(f, "line {line}: {}", self.what),
        }
    }
}

pub(super) fn section<T: DeserializeOwned>(
    table: &toml::Table,
    text: &str,
    name: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let Some(value) = table.get(name) else {
        problems.push(Problem { line: 0, what: format!("the section [{name}] is missing") });
        return None;
    };
    match value.clone().try_into::<T>() {
        Ok(section) => Some(section),
        Err(error) => {
            let message = error.message().to_owned();
            let key = message.split('`').nth(1).map(str::to_owned).or_else(|| {
                // The key of a wrong value stands on a line of its own below the message.
                error.to_string().lines().find_map(|line| {
                    line.trim()
                        .strip_prefix("in `")
                        .and_then(|rest| rest.strip_suffix('`'))
                        .map(str::to_owned)
                })
            });
            problems.push(Problem {
                line: line_of(text, name, key.as_deref()),
                what: format!("[{name}] {message}"),
            });
            None
        }
    }
}

pub(super) fn optional<T: DeserializeOwned + Default>(
    table: &toml::Table,
    text: &str,
    name: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    if table.contains_key(name) { section(table, text, name, problems) } else { Some(T::default()) }
}

/// What keeps the file from being read at all.
pub(super) fn not_toml(text: &str, error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or_default();
    let line = line_at(text, span.start);
    if !error.message().starts_with("duplicate key") {
        return Problem { line, what: format!("this is not TOML: {}", error.message()) };
    }
    let key = text.get(span).unwrap_or_default().trim().trim_matches('"');
    let is_head = text.lines().nth(line.saturating_sub(1)).is_some_and(|line| line.trim().starts_with('['));
    let section = section_at(text, line);
    let first = if is_head { line_of(text, key, None) } else { line_of(text, section, Some(key)) };
    let what = if is_head {
        format!("the section [{key}] begins a second time, first in line {first}; put both into one")
    } else {
        format!("{key} is there twice in [{section}], first in line {first}; keep one of the two lines")
    };
    Problem { line, what }
}

/// The section that a line is in.
fn section_at(text: &str, line: usize) -> &str {
    let heads = text.lines().take(line).filter_map(|line| line.trim().strip_prefix('['));
    heads.last().and_then(|rest| rest.trim_start_matches('[').split(']').next()).unwrap_or("").trim()
}

/// The line a byte offset is in, from 1.
fn line_at(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

/// The line of a key in a section, or of the section's head; 0 if neither stands in the text.
pub(super) fn line_of(text: &str, section: &str, key: Option<&str>) -> usize {
    let mut inside = false;
    let mut head = 0;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix('[') {
            let name = rest.trim_start_matches('[').split(']').next().unwrap_or("").trim();
            inside = name == section || name.starts_with(&format!("{section}."));
            if name == section && head == 0 {
                head = index + 1;
            }
        } else if inside
            && let Some(key) = key
            && line.split('=').next().is_some_and(|before| before.trim().trim_matches('"') == key)
        {
            return index + 1;
        }
    }
    head
}
