//! Names that stand for everything below them and not for themselves.

use std::collections::BTreeSet;

use kit::HostName;

use super::names::check_below;
use crate::entry::{Entry, Says, Sink};
use crate::report::{Refusal, Report};

/// Gathers such names until a file is read: a name below another one is then covered by it, and must not be taken out.
#[derive(Debug, Default)]
pub(crate) struct Under {
    names: BTreeSet<String>,
    /// The length of all of them.
    bytes: usize,
}

impl Under {
    pub(crate) fn take(&mut self, name: HostName<'_>, report: &mut Report) -> Result<(), Refusal> {
        check_below(name, Says::ListedBut, report)?;
        if self.names.insert(name.as_str().to_owned()) {
            self.bytes += name.as_str().len();
        }
        Ok(())
    }

    /// How many bytes of memory they take.
    pub(crate) fn held_bytes(&self) -> usize {
        self.bytes + self.names.len() * 2 * size_of::<String>()
    }

    /// Gives what was gathered.
    pub(crate) fn finish(&self, sink: &mut impl Sink) {
        for text in &self.names {
            let covered = text
                .match_indices('.')
                .any(|(dot, _)| text.get(dot + 1..).is_some_and(|above| self.names.contains(above)));
            if let (false, Some(name)) = (covered, HostName::new(text)) {
                sink.take(Says::ListedBut, Entry::Below(name));
                sink.take(Says::ButNot, Entry::Exact(name));
            }
        }
    }
}
