//! Names that stand for everything below them and not for themselves.

use std::collections::BTreeSet;

use kit::HostName;

use crate::entry::{Entry, Says, Sink};

/// Gathers such names until a file is read: a name below another one is then covered by it, and must not be taken out.
#[derive(Debug, Default)]
pub(crate) struct Under(BTreeSet<String>);

impl Under {
    pub(crate) fn take(&mut self, name: HostName<'_>) {
        self.0.insert(name.as_str().to_owned());
    }

    /// Gives what was gathered.
    pub(crate) fn finish(&self, sink: &mut impl Sink) {
        for text in &self.0 {
            let covered = text
                .match_indices('.')
                .any(|(dot, _)| text.get(dot + 1..).is_some_and(|above| self.0.contains(above)));
            if let (false, Some(name)) = (covered, HostName::new(text)) {
                sink.take(Says::ListedBut, Entry::Below(name));
                sink.take(Says::ButNot, Entry::Exact(name));
            }
        }
    }
}
