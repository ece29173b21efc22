//! `[backup]`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use backups::{Folder, Keep, Patience, Place, Roots, Rule, S3, S3Address, Wanted, minute_of, weekday_of};
use kit::{Clock, Private};
use serde::{Deserialize, Serialize};
use store::backup::BackupKey;

use super::Config;
use crate::home::Home;

/// Back-ups that are made by themselves; none, if left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Backup {
    /// Where they lie: a folder away from this machine's own disk, as in `/srv/back-ups`, or `s3://bucket/folder`.
    pub to: String,
    /// When one is made, on the school's clocks, as in `02:30`. One that was missed is made at the next start. Never by itself if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// On which days, as in `["monday", "thursday"]`; on every day if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<Vec<String>>,
    /// The public keys, as in `age1…`, whose identities open them. Without one they are not encrypted, which a store does not get.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// The newest of how many days are kept.
    #[serde(default = "keep_days")]
    pub keep_days: u16,
    /// And of how many weeks.
    #[serde(default = "keep_weeks")]
    pub keep_weeks: u16,
    /// And of how many months.
    #[serde(default = "keep_months")]
    pub keep_months: u16,
    /// How many days may lie between drills, in which one is restored to try it.
    #[serde(default = "drill_every_days")]
    pub drill_every_days: u16,
    /// Of a store: its web address, as in `https://s3.eu-west-2.amazonaws.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Of a store: its region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Of a store: the key's name, which is no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Of a store: the file in the home folder with the secret that belongs to the key, as in `keys/back-ups-s3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// Of a store: whether the bucket stands in the host's name. Most stores take it in the path, which is used if left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bucket_in_host: bool,
}

fn keep_days() -> u16 {
    Keep::default().days
}
fn keep_weeks() -> u16 {
    Keep::default().weeks
}
fn keep_months() -> u16 {
    Keep::default().months
}
const fn drill_every_days() -> u16 {
    90
}

/// Every day, as `days` has them.
const EVERY_DAY: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl Backup {
    fn store_address(&self) -> Option<S3Address> {
        let (bucket, prefix) = S3Address::of(&self.to)?;
        Some(S3Address {
            endpoint: self.endpoint.clone()?,
            region: self.region.clone().unwrap_or_else(|| "us-east-1".to_owned()),
            bucket,
            prefix,
            path_style: !self.bucket_in_host,
            key: self.key.clone()?,
        })
    }

    /// Whether they lie in a store.
    pub fn is_store(&self) -> bool {
        self.to.starts_with("s3://")
    }

    /// The folder that the hub must be able to write to.
    pub fn folder(&self) -> Option<PathBuf> {
        (!self.is_store()).then(|| PathBuf::from(&self.to))
    }

    /// The keys; the file was checked.
    pub fn keys(&self) -> Vec<BackupKey> {
        self.recipients.iter().filter_map(|key| key.parse().ok()).collect()
    }

    /// What the school wants, for whoever makes them and for whoever looks after it.
    pub fn rule(&self) -> Rule {
        let days: Vec<&str> = match &self.days {
            Some(days) => days.iter().map(String::as_str).collect(),
            None => EVERY_DAY.to_vec(),
        };
        let wanted = self.at.as_deref().and_then(minute_of).map(|from_minute| Wanted {
            from_minute,
            days: days.iter().filter_map(|day| weekday_of(day)).collect(),
        });
        Rule {
            wanted,
            keep: Keep { days: self.keep_days, weeks: self.keep_weeks, months: self.keep_months },
            drill_every_days: self.drill_every_days,
            place: self.to.clone(),
            encrypted: !self.recipients.is_empty(),
        }
    }

    /// Where they lie. The secret of a store is read now.
    pub fn place(&self, home: &Home) -> Result<Place> {
        if let Some(folder) = self.folder() {
            return Ok(Place::Folder(Folder::at(folder)));
        }
        let Some(address) = self.store_address() else { bail!("[backup] names no store that can be used") };
        let file = home.path().join(self.secret_file.clone().unwrap_or_default());
        let secret = std::fs::read_to_string(&file).with_context(|| {
            format!("cannot read {}; it holds the secret of the key in [backup], on one line", file.display())
        })?;
        let secret = Private::new(secret.trim().to_owned());
        Ok(Place::Store(S3::at(&address, secret, Roots::System, Patience::default(), Clock::System)?))
    }
}

impl Config {
    pub(super) fn check_backup(&self, say: &mut dyn FnMut(&str, &str, String)) {
        let Some(backup) = &self.backup else { return };
        let mut say = |key: &str, what: String| say("backup", key, what);
        if let Some(at) = backup.at.as_deref().filter(|at| minute_of(at).is_none()) {
            say(
                "at",
                format!("{at:?} is no time of the day; write it as hours and minutes, such as \"02:30\""),
            );
        }
        for odd in backup.days.iter().flatten().filter(|day| weekday_of(day).is_none()) {
            say("days", format!("{odd:?} is no day of the week; write it as \"monday\""));
        }
        if backup.days.as_ref().is_some_and(Vec::is_empty) {
            say("days", "name at least one day, or leave this out for every day".to_owned());
        }
        for odd in backup.recipients.iter().filter(|key| key.parse::<BackupKey>().is_err()) {
            say(
                "recipients",
                format!("{odd:?} is no public key; one begins with age1 and is printed by `age-keygen -y`"),
            );
        }
        if backup.drill_every_days == 0 {
            say("drill-every-days", "try a restore at least now and then: 90 is once a term".to_owned());
        }
        if !backup.is_store() {
            if !backup.to.starts_with('/') {
                say(
                    "to",
                    format!(
                        "{:?} is neither a whole path, such as \"/srv/back-ups\", nor s3://bucket/folder",
                        backup.to
                    ),
                );
            }
            let of_a_store = [
                ("endpoint", backup.endpoint.is_some()),
                ("region", backup.region.is_some()),
                ("key", backup.key.is_some()),
                ("secret-file", backup.secret_file.is_some()),
            ];
            for (key, _) in of_a_store.iter().filter(|(_, given)| *given) {
                say(key, "this is about a store, and `to` is a folder; take it out".to_owned());
            }
            return;
        }
        if S3Address::of(&backup.to).is_none() {
            say(
                "to",
                format!("{:?} names no bucket; write it as s3://bucket or s3://bucket/folder", backup.to),
            );
        }
        for (key, missing) in [
            ("endpoint", backup.endpoint.is_none()),
            ("key", backup.key.is_none()),
            ("secret-file", backup.secret_file.is_none()),
        ] {
            if missing {
                say(key, format!("a store needs {key} as well"));
            }
        }
        let in_keys = |file: &PathBuf| {
            let mut parts = file.components();
            parts.next().is_some_and(|first| first.as_os_str() == "keys")
                && parts.clone().count() == 1
                && parts.all(|part| matches!(part, std::path::Component::Normal(_)))
        };
        if backup.secret_file.as_ref().is_some_and(|file| !in_keys(file)) {
            say(
                "secret-file",
                "the secret belongs into a file in keys/, which the hub alone reads, such as \"keys/back-ups-s3\""
                    .to_owned(),
            );
        }
        if backup.recipients.is_empty() {
            say(
                "recipients",
                "a back-up has the roll and the keys in it, and a store is somebody else's machine: name at least one public key. \
                 `age-keygen` makes one; keep its identity on paper or on a stick, away from here"
                    .to_owned(),
            );
        }
    }
}
