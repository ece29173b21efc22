//! Which lists name a site, or named it: since when, and under which licence they are held.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use filtering::explain::Target;
use filtering::publish::origins::{self, Opened};
use front_sys::map::MappedFile;
use kit::HostName;
use lists::origins::{Day, Origin, Sought};
use lists::{ListIndex, Says};
use serde_json::{Value, json};

use crate::commands::context::Context;
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
    pub first_seen: Date,
    since: Option<Date>,
    left: Option<Date>,
    pub is_gone: bool,
}

/// A day on which something happened, or the latest on which it can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Date {
    /// As in `2026-11-23`.
    day: String,
    is_latest_possible: bool,
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.day)?;
        if self.is_latest_possible { f.write_str(" or earlier") } else { Ok(()) }
    }
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
        let date = |day: Day| {
            let is_latest_possible = found.list.is_latest_possible(day);
            Date { day: day.to_string(), is_latest_possible }
        };
        Self {
            list: found.list.id.clone(),
            licence: found.list.licence.clone(),
            entry: found.entry.to_string(),
            says: found.says,
            first_seen: date(seen.first),
            since: (seen.since != seen.first).then(|| date(seen.since)),
            left: seen.left.map(date),
            is_gone: seen.gone,
        }
    }

    /// Whether it puts the site into its list now.
    pub fn lists_it(&self) -> bool {
        !self.is_gone && self.says.excepts().is_empty()
    }

    pub fn object(&self) -> Value {
        let since = self.since.as_ref().unwrap_or(&self.first_seen);
        let dates =
            [("first_seen", Some(&self.first_seen)), ("since", Some(since)), ("left", self.left.as_ref())];
        let or_earlier = dates.iter().filter(|(_, date)| date.is_some_and(|date| date.is_latest_possible));
        json!({
            "list": self.list,
            "licence": self.licence,
            "entry": self.entry,
            "exception": !self.says.excepts().is_empty(),
            "first_seen": self.first_seen.day,
            "since": since.day,
            "left": self.left.as_ref().map(|left| &left.day),
            "gone": self.is_gone,
            // Which of these days are the latest possible: what was known before them is lost.
            "or_earlier": or_earlier.map(|(name, _)| *name).collect::<Vec<_>>(),
        })
    }

    /// Whether a day of it is not known for certain.
    fn is_unsure(&self) -> bool {
        let dates = [Some(&self.first_seen), self.since.as_ref(), self.left.as_ref()];
        dates.into_iter().flatten().any(|date| date.is_latest_possible)
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
        let unsure = if self.is_unsure() { " (what was known before that day is lost)" } else { "" };
        format!("{list}: {says}{entry}; {when}{unsure}; {licence}")
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
