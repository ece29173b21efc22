//! Something that holds for names and for all below them, the longest name first.

use std::collections::HashMap;

/// What holds for each of some zones.
#[derive(Debug, Clone)]
pub struct Zones<T>(HashMap<Box<str>, T>);

impl<T> Default for Zones<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Zones<T> {
    /// Says what holds for a zone. The name is as [`crate::host::normalise_host_name`] gives it.
    pub fn put(&mut self, zone: &str, what: T) {
        self.0.insert(zone.into(), what);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What holds for a name in lower case: by itself, or by the longest name above it. One look for each of its labels.
    pub fn of(&self, name: &str) -> Option<&T> {
        if self.0.is_empty() {
            return None;
        }
        let above = name.match_indices('.').filter_map(|(dot, _)| name.get(dot + 1..));
        std::iter::once(name).chain(above).find_map(|name| self.0.get(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_above_a_name_holds() {
        let mut zones = Zones::default();
        assert_eq!(zones.of("a.example"), None);
        zones.put("example", 1);
        zones.put("a.example", 2);
        for (name, expected) in [
            ("a.example", Some(&2)),
            ("x.y.a.example", Some(&2)),
            ("ba.example", Some(&1)),
            ("example", Some(&1)),
            ("example.org", None),
            ("", None),
        ] {
            assert_eq!(zones.of(name), expected, "{name}");
        }
    }
}
