//! What the content files say: categories, services, help sites and essentials, each with its number.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::document::Problem;
use crate::document::target::{Target, read_site};

/// A category of sites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Category {
    /// Its id, as lists, cells and rules name it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether a child may be hurt by it, so that a page offers help first.
    #[serde(default)]
    pub harm: bool,
}

/// A well-known online service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Service {
    /// Its id, as cells name it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its sites, each with everything below it.
    #[serde(default)]
    pub sites: Vec<String>,
}

/// A site that is open by its nature: help or essential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OpenSite {
    /// What people call it.
    pub name: String,
    /// The host names, each with everything below it.
    pub sites: Vec<String>,
}

/// The content the engine compiles a document against.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Catalogue {
    /// The categories; a category's number is its place.
    pub categories: Vec<Category>,
    /// The services; a service's number is its place.
    pub services: Vec<Service>,
    /// Help sites.
    pub help: Vec<OpenSite>,
    /// Essential sites.
    pub essential: Vec<OpenSite>,
}

impl Catalogue {
    /// The number of the category with that id.
    pub fn category_no(&self, id: &str) -> Option<u16> {
        self.categories.iter().position(|category| category.id == id).and_then(|place| u16::try_from(place).ok())
    }

    /// The category with that number.
    pub fn category(&self, number: u16) -> Option<&Category> {
        self.categories.get(usize::from(number))
    }

    /// The number of the service with that id.
    pub fn service_no(&self, id: &str) -> Option<u16> {
        self.services.iter().position(|service| service.id == id).and_then(|place| u16::try_from(place).ok())
    }

    /// What is wrong with the content itself: an id twice, a site that is none.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut ids: HashMap<&str, u32> = HashMap::new();
        for id in self.categories.iter().map(|category| category.id.as_str()) {
            *ids.entry(id).or_default() += 1;
        }
        for (id, _) in ids.iter().filter(|(_, times)| **times > 1) {
            problems.push(Problem::error(0, format!("the category {id:?} is there twice"), "Remove one of them."));
        }
        let sites = self.services.iter().flat_map(|service| &service.sites);
        let sites = sites.chain(self.help.iter().chain(&self.essential).flat_map(|open| &open.sites));
        for site in sites {
            match read_site(site) {
                Ok(Target::Site(_) | Target::Address(_)) => {}
                Ok(_) => {}
                Err(error) => problems.push(Problem::error(0, error.message, error.remedy)),
            }
        }
        problems
    }
}
