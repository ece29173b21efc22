//! Some names of each list in use, other ones each day.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use lists::{Entry, Says};

use crate::list::files::FileError;
use crate::list::model::List;
use crate::list::text::Text;

/// A name of a list, with the category that the list fills.
pub type Sampled = BTreeMap<String, Vec<String>>;

/// Takes at most `most` names of a list into `into`, under each category that it fills. Which they are depends on `seed` (a
/// day, say) and on nothing else. Costs reading the list. Addresses, parts of sites and expressions are passed over: a name
/// server is not asked for those.
pub fn sample(
    kept: &Path,
    list: &List,
    most: usize,
    seed: &str,
    into: &mut Sampled,
) -> Result<(), FileError> {
    let mut found = Lowest { most, seed, names: BTreeMap::new() };
    for file in Text::kept(kept, &list.id, list.version)?.files() {
        // What cannot be read is told where lists are looked after; a test asks for what can.
        let _ = file.read_into(&mut |says: Says, entry: Entry<'_>| found.take(says, &entry));
    }
    for category in &list.categories {
        let names = into.entry(category.clone()).or_default();
        names.extend(found.names.values().filter(|name| !names.contains(*name)).cloned().collect::<Vec<_>>());
    }
    Ok(())
}

/// The hosts of an engine that are asked for: its first name and that with `www.`, or its first two hosts, which is what people use; those of `besides`
/// that are its; and another one, chosen by `seed`, so that in time all are.
pub fn of_engine(hosts: &[String], besides: &[String], seed: &str) -> Vec<String> {
    let first = |host: &&String| hosts.iter().take(2).any(|one| one == *host) || besides.contains(*host);
    let (mut chosen, rest): (Vec<&String>, Vec<&String>) = hosts.iter().partition(first);
    chosen.extend(rest.into_iter().min_by_key(|host| {
        let mut hasher = DefaultHasher::new();
        (seed, host.as_str()).hash(&mut hasher);
        hasher.finish()
    }));
    chosen.into_iter().cloned().collect()
}

/// The names whose hashes are lowest, so that no more than those are held.
struct Lowest<'s> {
    most: usize,
    seed: &'s str,
    names: BTreeMap<u64, String>,
}

impl Lowest<'_> {
    fn take(&mut self, says: Says, entry: &Entry<'_>) {
        let (Says::Listed | Says::ListedImportant, Entry::Below(name) | Entry::Exact(name)) = (says, entry)
        else {
            return;
        };
        let mut hasher = DefaultHasher::new();
        (self.seed, name.as_str()).hash(&mut hasher);
        let hash = hasher.finish();
        if self.names.len() >= self.most {
            match self.names.last_key_value() {
                Some((last, _)) if hash < *last => drop(self.names.pop_last()),
                _ => return,
            }
        }
        self.names.insert(hash, name.as_str().to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::HostName;

    #[test]
    fn of_an_engine_the_names_that_people_use_are_asked_for_and_another_each_day() {
        let catalogue = engine::Catalogue::built_in().unwrap();
        let besides = ["www.google.co.uk".to_owned()];
        let of = |id: &str, day: &str| {
            let engine = catalogue.engines.iter().find(|engine| engine.id == id).unwrap();
            of_engine(&engine.every_host().collect::<Vec<_>>(), &besides, day)
        };
        let monday = of("google", "2026-11-23");
        assert_eq!(monday.len(), 4);
        assert_eq!(monday[..3], ["google.com", "www.google.com", "www.google.co.uk"]);
        assert_ne!(monday[3], of("google", "2026-11-24")[3]);
        assert_eq!(of("youtube", "2026-11-23")[..2], ["www.youtube.com", "m.youtube.com"]);
        assert_eq!(of("ecosia", "2026-11-23"), ["ecosia.org", "www.ecosia.org"]);
        assert_eq!(of("brave", "2026-11-23"), ["search.brave.com"]);
    }

    #[test]
    fn the_same_day_takes_the_same_names_whatever_their_order_and_another_day_others() {
        let names: Vec<String> = (0..500).map(|number| format!("site-{number}.example")).collect();
        let of = |seed: &str, names: &mut dyn Iterator<Item = &String>| {
            let mut lowest = Lowest { most: 3, seed, names: BTreeMap::new() };
            for name in names {
                lowest.take(Says::Listed, &Entry::Below(HostName::new(name).unwrap()));
            }
            lowest.names.into_values().collect::<Vec<_>>()
        };
        let monday = of("2026-11-23", &mut names.iter());
        assert_eq!(monday.len(), 3);
        assert_eq!(monday, of("2026-11-23", &mut names.iter().rev()));
        assert_ne!(monday, of("2026-11-24", &mut names.iter()));
    }
}
