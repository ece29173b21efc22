//! Values that a log line, an error or a panic must never show.

use std::fmt;

/// Something personal or secret. It has no `Display`, its `Debug` shows only that something is there, and it is not
/// serialised; taking it out is one visible word, [`Private::reveal`].
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Search for this word to see where personal things are used.
    pub const fn reveal(&self) -> &T {
        &self.0
    }

    /// The value itself, ending the protection.
    pub fn into_revealed(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(private)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_value_cannot_be_seen_in_a_debug_line() {
        let words = Private::new("what a child wrote".to_owned());
        assert_eq!(format!("{words:?} {:?}", Some(&words)), "(private) Some((private))");
        assert_eq!(words.reveal(), "what a child wrote");
    }
}
