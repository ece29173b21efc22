//! Which lists name a site, or named it: since when, and under which licence they are held.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use filtering::publish::origins::{self, Opened};
use front_sys::map::MappedFile;
use kit::HostName;
use lists::origins::{Origin, Sought};
use lists::{ListIndex, Says};
use serde_json::{Value, json};

use crate::commands::context::Context;
use crate::commands::explain::Target;
use crate::home::Home;
use crate::process::snapshot::map_lists;

/// What one entry of a list says.
#[derive(Debug, Clone)]
pub struct Told {
    pub list: String,
    pub licence: Option<String>,
    /// The entry in words.
    entry: String,
    says: Says,
    /// As in `2026-11-23`.
    pub first_seen: String,
    since: Option<String>,
    left: Option<String>,
    pub is_gone: bool,
}

/// What is known of a site, and why it is not as new as it should be.
#[derive(Debug, Default)]
pub struct Known {
    pub told: Vec<Told>,
    pub behind: Option<String>,
}

/// What lists say of a site, and said.
pub fn about(
    home: &Home,
    index: &ListIndex,
    host: &str,
    address: Option<IpAddr>,
    path: Option<&str>,
) -> Result<Known, origins::OriginsError> {
    let Opened { origins, behind } = origins::open(&home.lists(), &|path| map(path))?;
    let mut sought = Sought::default();
    if let Some(name) = HostName::new(host) {
        sought = sought.known_to(index, name, path);
        if address.is_none() {
            sought = sought.host(name);
        }
    }
    if let Some(address) = address {
        sought = sought.address(address);
    }
    // It was found whole when it was opened.
    let found = origins.find(origins.lists(), &sought).unwrap_or_default();
    let mut told: Vec<Told> = found.iter().map(Told::of).collect();
    told.sort_by(|one, other| {
        (one.is_gone, &one.list, &one.entry).cmp(&(other.is_gone, &other.list, &other.entry))
    });
    Ok(Known { told, behind: behind.map(|error| error.to_string()) })
}

/// Whether the newest file is whole, and of how many lists it is; none where it was never written.
pub fn prove(home: &Home) -> Result<Option<usize>, String> {
    match origins::open(&home.lists(), &|path| map(path)) {
        Ok(Opened { origins, behind: None }) => Ok(Some(origins.lists().len())),
        Ok(Opened { behind: Some(why), .. }) => Err(why.to_string()),
        Err(origins::OriginsError::Never) => Ok(None),
        Err(why) => Err(why.to_string()),
    }
}

fn map(path: &Path) -> std::io::Result<lists::Image> {
    Ok(Arc::new(MappedFile::open(path)?))
}

impl Told {
    fn of(found: &Origin<'_, '_>) -> Self {
        let seen = found.seen;
        Self {
            list: found.list.id.clone(),
            licence: found.list.licence.clone(),
            entry: found.entry.to_string(),
            says: found.says,
            first_seen: seen.first.to_string(),
            since: (seen.since != seen.first).then(|| seen.since.to_string()),
            left: seen.left.map(|left| left.to_string()),
            is_gone: seen.gone,
        }
    }

    /// Whether it puts the site into its list now.
    pub fn lists_it(&self) -> bool {
        !self.is_gone && self.says.excepts().is_empty()
    }

    pub fn object(&self) -> Value {
        json!({
            "list": self.list,
            "licence": self.licence,
            "entry": self.entry,
            "exception": !self.says.excepts().is_empty(),
            "first_seen": self.first_seen,
            "since": self.since.as_ref().unwrap_or(&self.first_seen),
            "left": self.left,
            "gone": self.is_gone,
        })
    }

    pub fn line(&self) -> String {
        let Self { list, entry, first_seen, .. } = self;
        let says = if self.says.excepts().is_empty() { "" } else { "an exception, " };
        let when = match (&self.since, &self.left, self.is_gone) {
            (_, Some(left), true) => format!("first seen on {first_seen}, gone since {left}"),
            (Some(since), Some(left), false) => {
                format!("first seen on {first_seen}, gone on {left}, back since {since}")
            }
            _ => format!("first seen on {first_seen}"),
        };
        let licence = self.licence.as_ref().map_or_else(
            || "its licence is not said (`lists import --licence` says it)".to_owned(),
            |licence| format!("licence {licence}"),
        );
        format!("{list}: {says}{entry}; {when}; {licence}")
    }
}

/// `lists why`.
pub fn why(context: &Context, site: &str) -> Result<()> {
    let Some(target) = Target::read(site) else {
        bail!("{site:?} is not a host, an address or a web address; write it like www.bbc.co.uk")
    };
    let index = map_lists(&context.home.gate())?;
    let known = about(&context.home, &index, &target.host, target.address, target.path.as_deref())?;
    let in_use: Vec<&str> = index.lists().iter().map(|list| list.id.as_str()).collect();
    if known.told.is_empty() {
        context.output.say(format!("No list names {}, and none that is remembered did.", target.host));
    }
    for told in &known.told {
        context.output.object(&told.object());
        context.output.say(told.line());
    }
    if let Some(behind) = &known.behind {
        context.output.object(&json!({ "problem": behind }));
        context.output.say(format!("What was kept before stands in: {behind}"));
    }
    // What decides is the index: where the days are behind it, that is said.
    let unknown = known.told.iter().filter(|told| told.lists_it() && !in_use.contains(&&*told.list));
    for told in unknown {
        context.output.say(format!("{} is not in use in what is published.", told.list));
    }
    Ok(())
}
