//! `fivebar.toml`: what the machine needs to know. One typed struct a section; everything is checked before anything
//! starts, and all problems are said together, each with its line and what to do.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use filtering::list::web::Every;
use serde::{Deserialize, Serialize};
use toml::de::DeTable;

use crate::output::Failure;

mod backup;
mod check;
mod dns;
mod file;
mod filter_test;
mod mail;
mod metrics;
mod proxy;
mod records;
mod sign_in;

pub use backup::Backup;
pub use dns::{AnswersInside, Dns, default_cache_mb, default_rate, this_machine};
pub use file::Problem;
use file::{line_of, not_toml, optional, section};
pub use filter_test::FilterTest;
pub use mail::Notices;
pub use metrics::Metrics;
pub use proxy::{Inside, Port, Proxy};
pub use records::{address_or_typed, with_database};
pub use sign_in::SignIn;

/// The whole file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    pub school: School,
    pub dns: Dns,
    pub proxy: Proxy,
    pub portal: Portal,
    #[serde(default)]
    pub records: Records,
    #[serde(default)]
    pub activity: Activity,
    #[serde(default)]
    pub lists: Lists,
    #[serde(default, skip_serializing_if = "Metrics::is_off")]
    pub metrics: Metrics,
    #[serde(default, skip_serializing_if = "FilterTest::is_off")]
    pub filter_test: FilterTest,
    #[serde(default, skip_serializing_if = "SignIn::is_off")]
    pub sign_in: SignIn,
    /// Nobody is told anything by mail where this is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<notices::mail::Settings>,
    #[serde(default, skip_serializing_if = "Notices::is_usual")]
    pub notices: Notices,
    /// No back-up is made by itself where this is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Backup>,
    /// The parts run as whoever starts them where this is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Users>,
}

/// Whose school it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct School {
    /// As it stands on pages.
    pub name: String,
    /// Who governs it: `maintained`, `academy-trust` or `sole-proprietor`. It says which duties there are.
    #[serde(default)]
    pub kind: people::duty::SchoolKind,
}

/// The portal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Portal {
    /// Where its pages are.
    pub listen: SocketAddr,
    /// Where the same pages are over HTTPS, and people can sign in from; nowhere if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https: Option<SocketAddr>,
    /// How browsers reach it, as in `https://fivebar.school.example`; the listening address if left out, that of HTTPS first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The certificate of HTTPS with what signed it, as PEM; one that devices must be told to trust is made if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// The certificate's private key, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// How many requests one token of the API may make in a minute; 300 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_a_minute: Option<u32>,
}

/// The records.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Records {
    /// `sqlite:` with a path inside the home folder, or `postgres://…`.
    #[serde(default = "default_database")]
    pub database: String,
}

/// The activity log.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Activity {
    /// How long events are kept.
    #[serde(default = "default_keep_days")]
    pub keep_days: u32,
    /// How long encrypted records of sealed addresses are kept.
    #[serde(default = "default_keep_sealed_days")]
    pub keep_sealed_days: u32,
}

/// The lists.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Lists {
    /// How often those from the web are fetched again: `hourly`, `daily`, `weekly`, or `off` for never by themselves.
    pub update: Every,
}

/// The system users that the parts run as, one each. An empty section takes the usual names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Users {
    /// Reads bytes of devices.
    pub gate: String,
    /// Keeps the activity log.
    pub log: String,
    /// Keeps the records.
    pub hub: String,
}

impl Default for Users {
    fn default() -> Self {
        let name = |part: &str| format!("fivebar-{part}");
        Self { gate: name("gate"), log: name("log"), hub: name("hub") }
    }
}

impl Users {
    /// All three.
    pub fn all(&self) -> [&str; 3] {
        [&self.gate, &self.log, &self.hub]
    }
}

/// Where the records are when the settings do not say.
pub fn default_database() -> String {
    "sqlite:hub/fivebar.db".to_owned()
}
const fn default_keep_days() -> u32 {
    90
}
const fn default_keep_sealed_days() -> u32 {
    366
}
impl Default for Records {
    fn default() -> Self {
        Self { database: default_database() }
    }
}
impl Default for Activity {
    fn default() -> Self {
        Self { keep_days: default_keep_days(), keep_sealed_days: default_keep_sealed_days() }
    }
}

/// What the file may hold.
const SECTIONS: [&str; 14] = [
    "school",
    "dns",
    "proxy",
    "portal",
    "records",
    "activity",
    "lists",
    "metrics",
    "filter-test",
    "sign-in",
    "mail",
    "notices",
    "backup",
    "users",
];

impl Config {
    /// Reads and checks the file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).map_err(|problems| {
            let lines: Vec<String> =
                problems.iter().map(|problem| format!("{}: {problem}", path.display())).collect();
            Failure::Problems(lines.join("\n")).into()
        })
    }

    /// Parses and checks, gathering every problem of every section.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let (_, wrong) = DeTable::parse_recoverable(text);
        if !wrong.is_empty() {
            return Err(wrong.iter().map(|error| not_toml(text, error)).collect());
        }
        let table: toml::Table = toml::from_str(text).map_err(|error| vec![not_toml(text, &error)])?;
        let mut problems = Vec::new();
        for key in table.keys() {
            if !SECTIONS.contains(&key.as_str()) {
                problems.push(Problem {
                    line: line_of(text, key, None),
                    what: format!("there is no section called {key:?}; take it out or correct its name"),
                });
            }
        }
        let school = section::<School>(&table, text, "school", &mut problems);
        let dns = section::<Dns>(&table, text, "dns", &mut problems);
        let proxy = section::<Proxy>(&table, text, "proxy", &mut problems);
        let portal = section::<Portal>(&table, text, "portal", &mut problems);
        let records = optional::<Records>(&table, text, "records", &mut problems);
        let activity = optional::<Activity>(&table, text, "activity", &mut problems);
        let lists = optional::<Lists>(&table, text, "lists", &mut problems);
        let metrics = optional::<Metrics>(&table, text, "metrics", &mut problems);
        let filter_test = optional::<FilterTest>(&table, text, "filter-test", &mut problems);
        let sign_in = optional::<SignIn>(&table, text, "sign-in", &mut problems);
        let mail = table
            .contains_key("mail")
            .then(|| section::<notices::mail::Settings>(&table, text, "mail", &mut problems));
        let notices = optional::<Notices>(&table, text, "notices", &mut problems);
        let backup =
            table.contains_key("backup").then(|| section::<Backup>(&table, text, "backup", &mut problems));
        let users =
            table.contains_key("users").then(|| section::<Users>(&table, text, "users", &mut problems));
        let (Some(school), Some(dns), Some(proxy), Some(portal)) = (school, dns, proxy, portal) else {
            return Err(problems);
        };
        let (Some(records), Some(activity), Some(lists), Some(metrics), Some(filter_test)) =
            (records, activity, lists, metrics, filter_test)
        else {
            return Err(problems);
        };
        let (Some(sign_in), Some(notices)) = (sign_in, notices) else {
            return Err(problems);
        };
        let (mail, backup, users) = (mail.flatten(), backup.flatten(), users.flatten());
        let config = Self {
            school,
            dns,
            proxy,
            portal,
            records,
            activity,
            lists,
            metrics,
            filter_test,
            sign_in,
            mail,
            notices,
            backup,
            users,
        };
        config.check(text, &mut problems);
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// What is wrong with settings that come from no file.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.check("", &mut problems);
        problems
    }
}

#[cfg(test)]
mod tests;
