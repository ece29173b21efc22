//! Which categories a list fills, by where it comes from.

use std::collections::HashMap;

use serde::Deserialize;

/// The part of `content/categories.toml` that says which lists fill which categories.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    by_list: HashMap<String, Vec<String>>,
    by_name: HashMap<String, Vec<String>>,
}

/// `content/categories.toml` is not as it should be.
#[derive(Debug, thiserror::Error)]
#[error("content/categories.toml: {0}")]
pub struct MappingError(#[from] toml::de::Error);

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

impl Mapping {
    /// Reads the text of `content/categories.toml`.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let file: File = toml::from_str(text)?;
        let mut mapping = Self::default();
        for category in file.category {
            for list in &category.lists {
                mapping.by_list.entry(list.to_ascii_lowercase()).or_default().push(category.id.clone());
                // The same name from another source means the same.
                mapping.add_name(last(list), &category.id);
            }
            for name in &category.names {
                mapping.add_name(name, &category.id);
            }
            mapping.add_name(&category.id, &category.id);
        }
        Ok(mapping)
    }

    /// The ids of the categories that a list fills: by its whole id (`ut1/drogue`), else by its name alone (`drogue`).
    /// Letter case does not matter. None where nothing is known of it.
    pub fn categories(&self, list_id: &str) -> &[String] {
        let id = list_id.to_ascii_lowercase();
        let found = self.by_list.get(&id).or_else(|| self.by_name.get(&folded(last(&id))));
        found.map_or(&[], Vec::as_slice)
    }

    fn add_name(&mut self, name: &str, category: &str) {
        let categories = self.by_name.entry(folded(name)).or_default();
        if !categories.iter().any(|known| known == category) {
            categories.push(category.to_owned());
        }
    }
}

fn last(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// `File_Sharing` and `file-sharing` are one name.
fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

/// The id of the list that a file belongs to, from its path: source and name. In squidGuard's layout the name is the
/// folder's (`…/ut1/games/domains` is `ut1/games`); otherwise it is the file's without its endings (`…/ut1/games.urls.gz`
/// is `ut1/games` too, and `hosts/drugs.hosts` is `hosts/drugs`).
pub fn list_id(path: &str) -> String {
    let mut parts: Vec<&str> =
        path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
    let file = parts.pop().unwrap_or("");
    let bare = bare_name(file);
    if !matches!(bare, "domains" | "urls" | "expressions" | "expression" | "very_restrictive_expression") {
        parts.push(bare);
    }
    let name = parts.pop().unwrap_or(bare);
    match parts.pop() {
        Some(source) => format!("{source}/{name}"),
        None => name.to_owned(),
    }
}

fn bare_name(file: &str) -> &str {
    let mut name = file;
    for ending in [
        ".gz",
        ".txt",
        ".list",
        ".dat",
        ".md",
        ".domains",
        ".urls",
        ".expressions",
        ".very_restrictive_expression",
        ".hosts",
    ] {
        name = name.strip_suffix(ending).filter(|rest| !rest.is_empty()).unwrap_or(name);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_named_after_its_source_and_folder_or_file() {
        for (path, id) in [
            ("/home/x/ut1/games/domains", "ut1/games"),
            ("blacklists/games/urls.gz", "blacklists/games"),
            ("ut1/games.domains.gz", "ut1/games"),
            ("ut1/adult.very_restrictive_expression.gz", "ut1/adult"),
            ("blocklistproject/drugs.hosts.gz", "blocklistproject/drugs"),
            ("shadowwhisperer/Wild_Chat.txt.gz", "shadowwhisperer/Wild_Chat"),
            ("games.txt", "games"),
            ("hosts", "hosts"),
            ("domains", "domains"),
        ] {
            assert_eq!(list_id(path), id, "{path}");
        }
    }

    #[test]
    fn a_list_fills_the_categories_of_its_id_or_of_its_name() {
        let mapping = Mapping::parse(
            "[[category]]\nid = 'drugs'\nlists = ['ut1/drogue']\nnames = ['narcotics']\n\
             [[category]]\nid = 'hate'\nlists = ['ut1/agressif']\n[[category]]\nid = 'violence'\nlists = ['ut1/agressif']\n",
        )
        .unwrap();
        for (list, expected) in [
            ("ut1/drogue", vec!["drugs"]),
            ("other/Drogue", vec!["drugs"]),
            ("x/narcotics", vec!["drugs"]),
            ("starter/hate", vec!["hate"]),
            ("ut1/agressif", vec!["hate", "violence"]),
            ("x/nothing", vec![]),
        ] {
            assert_eq!(mapping.categories(list), expected, "{list}");
        }
    }
}
