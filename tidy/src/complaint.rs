//! What a check says when it fails.

use std::fmt;

/// One thing that is wrong: where, what, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Complaint {
    /// The file, from the root of the repository.
    pub path: String,
    /// The line, counted from 1; 0 where the complaint is about the whole file.
    pub line: usize,
    /// What is wrong and what to do next.
    pub text: String,
}

impl Complaint {
    /// A complaint about one line.
    pub fn at(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, text: text.into() }
    }

    /// A complaint about a file as a whole.
    pub fn whole(path: &str, text: impl Into<String>) -> Self {
        Self::at(path, 0, text)
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.text),
            line => write!(f, "{}:{line}: {}", self.path, self.text),
        }
    }
}

/// The complaints as one text, a line each, in order; `None` when there are none.
pub fn report(mut complaints: Vec<Complaint>) -> Option<String> {
    if complaints.is_empty() {
        return None;
    }
    complaints.sort();
    complaints.dedup();
    Some(complaints.iter().map(|complaint| format!("  {complaint}\n")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_sorted_and_says_each_thing_once() {
        let twice = Complaint::at("b.rs", 3, "wrong");
        let report = report(vec![twice.clone(), Complaint::whole("a.rs", "too long"), twice]).unwrap();
        assert_eq!(report, "  a.rs: too long\n  b.rs:3: wrong\n");
    }

    #[test]
    fn nothing_wrong_is_no_report() {
        assert_eq!(report(Vec::new()), None);
    }
}
