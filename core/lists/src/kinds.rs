//! Which categories a list fills, by its name: `content/categories.toml`.

use std::collections::HashMap;

use serde::Deserialize;

/// `content/categories.toml`.
pub const CATEGORIES: &str = include_str!("../../../content/categories.toml");

/// What the names of lists may end in without it being part of what they are called.
pub const ENDINGS: [&str; 10] =
    [".txt", ".hosts", ".list", ".domains", ".dat", ".md", ".urls", ".conf", ".rpz", ".zone"];

/// What the expressions of UT1 are called that find words anywhere in an address, whatever the page is about. They are a
/// list of their own.
pub const WORDS_ANYWHERE: &str = "very_restrictive_expression";

#[derive(Deserialize)]
struct File {
    category: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    #[serde(default)]
    lists: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
}

/// Category ids by the names of lists.
#[derive(Debug, Default)]
pub struct Kinds {
    categories: Vec<String>,
    by_list: HashMap<String, Vec<String>>,
    by_name: HashMap<String, Vec<String>>,
}

/// The content that comes with the program is not what it should be.
#[derive(Debug, thiserror::Error)]
#[error("content/categories.toml, which comes with the program, cannot be read: {0}")]
pub struct KindsError(#[from] toml::de::Error);

impl Kinds {
    /// Reads the content that comes with the program.
    pub fn built_in() -> Result<Self, KindsError> {
        Self::read(CATEGORIES)
    }

    /// Reads content of the form of `content/categories.toml`.
    pub fn read(text: &str) -> Result<Self, KindsError> {
        let file: File = toml::from_str(text)?;
        let mut kinds = Self::default();
        for entry in file.category {
            for list in entry.lists {
                kinds.by_list.entry(list.to_ascii_lowercase()).or_default().push(entry.id.clone());
                // The same name from another source means the same: an archive of UT1 unpacks into a folder of its own name.
                kinds.add_name(list.rsplit('/').next().unwrap_or(&list), &entry.id);
            }
            for name in entry.names {
                kinds.add_name(&name, &entry.id);
            }
            kinds.add_name(&entry.id, &entry.id);
            kinds.categories.push(entry.id);
        }
        Ok(kinds)
    }

    fn add_name(&mut self, name: &str, category: &str) {
        let categories = self.by_name.entry(folded(name)).or_default();
        if !categories.iter().any(|known| known == category) {
            categories.push(category.to_owned());
        }
    }

    /// The categories of the list with that id (`ut1/games`): what is said of this very list, else of its name in any
    /// source. None where nothing is said: then whoever imports must say.
    /// Letter case does not matter, and `_` is `-`.
    pub fn of(&self, id: &str) -> &[String] {
        let id = id.to_ascii_lowercase();
        let name = id.rsplit('/').next().unwrap_or(&id);
        let name = name.strip_suffix(".gz").unwrap_or(name);
        // An id has its ending where two lists in one folder have the same name without it.
        let bare = ENDINGS.iter().find_map(|end| name.strip_suffix(end));
        let words = name.ends_with(WORDS_ANYWHERE).then_some(WORDS_ANYWHERE);
        self.by_list
            .get(&id)
            .or_else(|| self.by_name.get(&folded(name)))
            .or_else(|| self.by_name.get(&folded(bare.or(words)?)))
            .map_or(&[], Vec::as_slice)
    }

    /// Whether there is a category with that id.
    pub fn knows(&self, category: &str) -> bool {
        self.categories.iter().any(|known| known == category)
    }

    /// Every category id, in the order of the content.
    pub fn all(&self) -> &[String] {
        &self.categories
    }
}

/// `File_Sharing` and `file-sharing` are one name.
fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_fills_the_categories_that_the_content_names() {
        let kinds = Kinds::built_in().unwrap();
        for (list, category) in [
            ("ut1/games", "games"),
            ("ut1/drogue", "drugs"),
            ("toulouse/drogue", "drugs"),
            ("toulouse/mixed_adult", "pornography"),
            ("toulouse/agressif", "violence"),
            ("toulouse/agressif", "hate"),
            ("ShadowWhisperer/Adult", "pornography"),
            ("starter/social-media", "social-media"),
            ("incoming/gambling", "gambling"),
            ("incoming/gambling.hosts", "gambling"),
            ("incoming/gambling.txt.gz", "gambling"),
            ("incoming/File_Sharing", "file-sharing"),
            ("ut1/adult", "pornography"),
        ] {
            assert!(kinds.of(list).iter().any(|found| found == category), "{list}: {:?}", kinds.of(list));
        }
        assert!(!kinds.of("ut1/sexual_education").iter().any(|found| found == "pornography"));
        assert!(kinds.of("somewhere/never-heard-of").is_empty());
        for words in ["ut1/adult", "toulouse/adult", "x/games"] {
            for end in ["", ".gz"] {
                let id = format!("{words}.{WORDS_ANYWHERE}{end}");
                assert_eq!(kinds.of(&id), ["words-in-addresses"], "{id}");
            }
        }
    }
}
