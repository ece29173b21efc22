//! What the content files say: categories, services, engines, help sites and essentials, each with its number.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::document::Problem;
use crate::document::target::{Target, read_site};

/// A category of sites.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Category {
    /// Its id, as lists, cells and rules name it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it holds, for the reader.
    #[serde(default)]
    pub about: String,
    /// Whether the law forbids it.
    #[serde(default)]
    pub illegal: bool,
    /// Whether whoever meets it may be in trouble, so that a page offers help first.
    #[serde(default)]
    pub may_hurt: bool,
    /// Whether it is useful or harmless, and never blocked by default.
    #[serde(default)]
    pub neutral: bool,
    /// Whether it harms whoever comes there, whatever the site is: malware, phishing.
    #[serde(default)]
    pub dangerous: bool,
}

impl Category {
    /// Whether what a list says of it is heard even about a service that the permitted-use table names by itself.
    pub const fn is_grave(&self) -> bool {
        self.illegal || self.dangerous
    }
}

/// A kind of well-known online services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServiceKind {
    /// Its id, as cells name it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What is of the kind, for the reader.
    #[serde(default)]
    pub about: String,
}

/// A well-known online service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Service {
    /// Its id, as cells name it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The id of its kind; empty where it has none.
    #[serde(default)]
    pub kind: String,
    /// Its sites, each with everything below it.
    #[serde(default)]
    pub domains: Vec<String>,
    /// The age in years from which its own terms take somebody, where we know it. It decides nothing.
    #[serde(default)]
    pub minimum_age: Option<u8>,
    /// For the reader.
    #[serde(default)]
    pub note: String,
}

/// A service that is open by its nature: help or essential.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OpenSite {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it is, for the reader.
    #[serde(default)]
    pub about: String,
    /// Its sites, each with everything below it.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Sites that stand for themselves alone.
    #[serde(default)]
    pub exact: Vec<String>,
    /// Whether each school decides, with its safeguarding lead, if it is open at all: it is where the policy document
    /// names it under `help-confirmed`.
    #[serde(default)]
    pub confirm_first: bool,
    /// Sites of others that it needs (a chat's servers), each with everything below it.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Of an essential: whether visits are not held against anybody, as those to help never are.
    #[serde(default)]
    pub unobserved: bool,
    /// The ports at which it is, for an essential that is only a part of what its hosts serve; empty for all. Where no
    /// port is seen, as in a name server, it is at each.
    #[serde(default)]
    pub ports: Vec<u16>,
}

impl OpenSite {
    /// Every site of it, and whether it stands for itself alone.
    pub fn sites(&self) -> impl Iterator<Item = (&str, bool)> {
        let below = self.domains.iter().chain(&self.needs).map(|site| (site.as_str(), false));
        below.chain(self.exact.iter().map(|site| (site.as_str(), true)))
    }

    /// Whether it may be at the port that was asked for.
    pub fn is_at(&self, port: Option<u16>) -> bool {
        self.ports.is_empty() || port.is_none_or(|port| self.ports.contains(&port))
    }
}

/// A search engine, or YouTube, that answers without what is not for children under a name of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Engine {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its hosts, each for itself and for `www.` before it.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Hosts that stand for themselves alone.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The name that always answers safely.
    pub target: String,
    /// The name that leaves out less. Where there is one, the engine follows what the policy says of YouTube.
    #[serde(default)]
    pub moderate: Option<String>,
    /// The field that says so in a request for a page.
    #[serde(default)]
    pub header: Option<String>,
    /// What says so in a page's query, as `name=value`.
    #[serde(default)]
    pub parameter: Option<String>,
    /// For the reader.
    #[serde(default)]
    pub note: String,
}

impl Engine {
    /// Every host of it. None stands for what is below it.
    pub fn every_host(&self) -> impl Iterator<Item = String> + '_ {
        let domains = self.domains.iter().flat_map(|domain| [domain.clone(), format!("www.{domain}")]);
        domains.chain(self.hosts.iter().cloned())
    }

    /// The names it answers safely under.
    fn targets(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.target.as_str()).chain(self.moderate.as_deref())
    }
}

/// The id of the category of engines that cannot be held to safe search.
pub(crate) const UNSAFE_SEARCH: &str = "unsafe-search";

/// The id of the essential that is the school's own portal.
pub(crate) const PORTAL: &str = "portal";

/// The id of the essential that is the school's own network.
const OWN_NETWORK: &str = "own-network";

/// One content file.
#[derive(Deserialize)]
struct ContentFile {
    #[serde(default, rename = "category")]
    categories: Vec<Category>,
    #[serde(default, rename = "service-kind")]
    service_kinds: Vec<ServiceKind>,
    #[serde(default, rename = "service")]
    services: Vec<Service>,
    #[serde(default)]
    help: Vec<OpenSite>,
    #[serde(default)]
    essential: Vec<OpenSite>,
    #[serde(default, rename = "engine")]
    engines: Vec<Engine>,
}

/// The content the engine compiles a document against.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Catalogue {
    /// The categories; a category's number is its place.
    pub categories: Vec<Category>,
    /// The kinds of services; a kind's number is its place.
    #[serde(default)]
    pub service_kinds: Vec<ServiceKind>,
    /// The services; a service's number is its place.
    pub services: Vec<Service>,
    /// Help sites.
    pub help: Vec<OpenSite>,
    /// Essential sites.
    pub essential: Vec<OpenSite>,
    /// Search engines that can be held to safe search.
    #[serde(default)]
    pub engines: Vec<Engine>,
}

impl Catalogue {
    /// The content that comes with the program, compiled into it. Parsing costs about a millisecond: done once.
    pub fn built_in() -> Result<Self, Vec<Problem>> {
        Self::parse([
            ("content/categories.toml", crate::content::CATEGORIES),
            ("content/services.toml", crate::content::SERVICES),
            ("content/safe-search.toml", crate::content::SAFE_SEARCH),
            ("content/help.toml", crate::content::HELP),
            ("content/essential.toml", crate::content::ESSENTIAL),
        ])
    }

    /// Reads content files, each named for its complaints. A file may hold categories, services, engines, help and essentials;
    /// what it says besides is for others.
    pub fn parse<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Result<Self, Vec<Problem>> {
        let mut all = Self::default();
        let mut problems = Vec::new();
        for (name, text) in files {
            match toml::from_str::<ContentFile>(text) {
                Ok(file) => {
                    all.categories.extend(file.categories);
                    all.service_kinds.extend(file.service_kinds);
                    all.services.extend(file.services);
                    all.help.extend(file.help);
                    all.essential.extend(file.essential);
                    all.engines.extend(file.engines);
                }
                Err(error) => {
                    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
                    let line = before.matches('\n').count() + 1;
                    problems.push(Problem::error(
                        u32::try_from(line).unwrap_or(u32::MAX),
                        format!("{name}: {}", error.message()),
                        "Compare it with the content that came with the program.",
                    ));
                }
            }
        }
        problems.extend(all.check());
        if problems.is_empty() { Ok(all) } else { Err(problems) }
    }

    /// The same with the school's own portal as its last essential: `hosts` are names, each without what lies below it,
    /// and addresses with or without a port. What is none is left out, so that no published file can keep a gate from
    /// deciding. Visits under a name are not observed. At an address other services may be: only the port makes it the
    /// portal, and whoever sees the port says which visits are not observed. `*.zone` stands for names that the school's own
    /// servers answer for: without them devices find neither each other nor where to sign in.
    pub fn with_portal(self: &Arc<Self>, hosts: &[String]) -> Arc<Self> {
        let (mut names, mut addresses) = (Vec::new(), BTreeMap::<Vec<u16>, Vec<String>>::new());
        let mut zones = Vec::new();
        for host in hosts {
            if let Some(zone) = host.strip_prefix("*.") {
                zones.extend(read_site(zone).is_ok().then(|| zone.to_owned()));
            } else if let Ok(at) = host.parse::<SocketAddr>() {
                addresses.entry(vec![at.port()]).or_default().push(at.ip().to_canonical().to_string());
            } else if kit::address::literal(host).is_some() {
                addresses.entry(Vec::new()).or_default().push(host.clone());
            } else if read_site(host).is_ok() {
                names.push(host.clone());
            }
        }
        let named = (!names.is_empty()).then_some((Vec::new(), names, true));
        let mut all = Self::clone(self);
        if !zones.is_empty() {
            all.essential.push(OpenSite {
                id: OWN_NETWORK.to_owned(),
                name: "this school's own network".to_owned(),
                about: "Names that the school's own servers answer for.".to_owned(),
                domains: zones,
                ..OpenSite::default()
            });
        }
        let at = addresses.into_iter().map(|(ports, hosts)| (ports, hosts, false));
        all.essential.extend(named.into_iter().chain(at).map(|(ports, hosts, unobserved)| {
            OpenSite {
                id: PORTAL.to_owned(),
                name: "this school's online-safety pages".to_owned(),
                about: "Where block pages lead: why a page was blocked, asking for it, reporting, and help."
                    .to_owned(),
                exact: hosts,
                unobserved,
                ports,
                ..OpenSite::default()
            }
        }));
        Arc::new(all)
    }

    /// The number of the category with that id.
    pub fn category_no(&self, id: &str) -> Option<u16> {
        self.categories
            .iter()
            .position(|category| category.id == id)
            .and_then(|place| u16::try_from(place).ok())
    }

    /// The category with that number.
    pub fn category(&self, number: u16) -> Option<&Category> {
        self.categories.get(usize::from(number))
    }

    /// The number of the service with that id.
    pub fn service_no(&self, id: &str) -> Option<u16> {
        self.services.iter().position(|service| service.id == id).and_then(|place| u16::try_from(place).ok())
    }

    /// The service with that number.
    pub fn service(&self, number: u16) -> Option<&Service> {
        self.services.get(usize::from(number))
    }

    /// The number of the kind of services with that id.
    pub fn service_kind_no(&self, id: &str) -> Option<u16> {
        self.service_kinds.iter().position(|kind| kind.id == id).and_then(|place| u16::try_from(place).ok())
    }

    /// What is wrong with the content itself: an id twice, a kind that is not there, a site that is none or belongs to
    /// two services.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(twice("category", self.categories.iter().map(|category| category.id.as_str())));
        problems.extend(twice("kind of services", self.service_kinds.iter().map(|kind| kind.id.as_str())));
        problems.extend(twice("service", self.services.iter().map(|service| service.id.as_str())));
        let sites = self.services.iter().flat_map(|service| &service.domains).map(String::as_str);
        problems.extend(twice("site of a service", sites));
        for service in self.services.iter().filter(|service| !service.kind.is_empty()) {
            if self.service_kind_no(&service.kind).is_none() {
                problems.push(Problem::error(
                    0,
                    format!(
                        "the service {:?} is of the kind {:?}, which there is not",
                        service.id, service.kind
                    ),
                    "Correct the kind, or add a [[service-kind]].",
                ));
            }
        }
        self.check_engines(&mut problems);
        let sites = self.services.iter().flat_map(|service| &service.domains).map(String::as_str);
        let open = self.help.iter().chain(&self.essential).flat_map(OpenSite::sites).map(|(site, _)| site);
        for site in sites.chain(open) {
            if let Err(error) = read_site(site) {
                problems.push(Problem::error(0, error.message, error.remedy));
            }
        }
        problems
    }
}

impl Catalogue {
    /// What is wrong with the engines: a host twice, a name that is none, a name to lead to that is led on itself, and what
    /// could not stand in a request.
    fn check_engines(&self, problems: &mut Vec<Problem>) {
        problems.extend(twice("engine", self.engines.iter().map(|engine| engine.id.as_str())));
        let hosts: Vec<String> = self.engines.iter().flat_map(Engine::every_host).collect();
        problems.extend(twice("host of an engine", hosts.iter().map(String::as_str)));
        let is_name = |name: &str| matches!(read_site(name), Ok(Target::Site(read)) if read == name);
        let is_word = |text: &str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let mut complain = |engine: &Engine, what: &str| {
            problems.push(Problem::error(
                0,
                format!("the engine {:?} {what}", engine.id),
                "Correct content/safe-search.toml.",
            ));
        };
        for engine in &self.engines {
            if engine.every_host().next().is_none() || !engine.every_host().all(|host| is_name(&host)) {
                complain(engine, "has no host, or one that is no name");
            }
            if !engine.targets().all(|target| is_name(target) && !hosts.iter().any(|host| host == target)) {
                complain(engine, "leads to what is no name, or is led on itself");
            }
            if !engine.header.as_deref().is_none_or(is_word) {
                complain(engine, "has a header that is no name of one");
            }
            let parameter = engine.parameter.as_deref();
            if !parameter
                .is_none_or(|text| text.split_once('=').is_some_and(|(a, b)| is_word(a) && is_word(b)))
            {
                complain(engine, "has a parameter that is not written name=value");
            }
        }
    }
}

/// A complaint for each id that is there more than once.
fn twice<'a>(word: &str, ids: impl Iterator<Item = &'a str>) -> Vec<Problem> {
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for id in ids {
        *times.entry(id).or_default() += 1;
    }
    times
        .into_iter()
        .filter(|(_, times)| *times > 1)
        .map(|(id, _)| Problem::error(0, format!("the {word} {id:?} is there twice"), "Remove one of them."))
        .collect()
}
