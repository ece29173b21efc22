//! What most commands need: the home, its settings, its records, who is asking and when.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use kit::permit::Action;
use kit::{Clock, Permit, Timestamp};
use people::duty::Duties;
use store::{Actor, DatabaseUrl, Db};

use crate::config::Config;
use crate::home::Home;
use crate::output::Output;
use crate::process::brought_back;

/// A school that has been set up, as one command sees it.
pub struct Context {
    pub home: Home,
    pub config: Config,
    pub output: Output,
    /// When the command was given; read once.
    pub at: Timestamp,
    /// Who gave it.
    pub actor: Actor,
    runtime: tokio::runtime::Runtime,
}

impl Context {
    /// Opens the home folder and its settings.
    pub fn open(given: Option<PathBuf>, output: Output) -> Result<Self> {
        let home = Home::existing(given)?;
        let config = Config::read(&home.config())?;
        Self::of(home, config, output)
    }

    /// The same for a home whose settings are at hand.
    pub fn of(home: Home, config: Config, output: Output) -> Result<Self> {
        Ok(Self {
            home,
            config,
            output,
            at: Clock::System.now(),
            actor: command_line(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .context("cannot start a runtime")?,
        })
    }

    /// The permit to do `A` to `subject`, for whoever gave the command.
    pub fn permit<A: Action>(&self, subject: A::Subject) -> Result<Permit<A>> {
        let Actor::CommandLine(account) = self.actor else { bail!("nobody is at the command line") };
        let standing = people::duty::at_the_command_line(account);
        Ok(Duties::built_in().authority().grant::<A>(&standing, subject, self.at)?)
    }

    /// Runs asynchronous work to its end.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Where the records are.
    pub fn database(&self) -> Result<DatabaseUrl> {
        database_url(&self.home, &self.config)
    }

    /// Opens the records. Where they were brought back to an earlier state, says what ended with that.
    pub fn records(&self) -> Result<Db> {
        let url = self.database()?;
        let records = self.wait(Db::open(&url)).context("cannot open the records")?;
        if let Some(ended) = self.wait(brought_back::look(&self.home, &records, self.at))? {
            self.output.say_lines(format!(
                "The records were brought back to an earlier state, so nothing in them lets anybody in any more: {} sessions, {} \
                 invitations and {} passwords have ended.\nInvite everybody anew: `fivebar people invite --everyone`.",
                ended.sessions, ended.invitations, ended.passwords
            ));
        }
        Ok(records)
    }
}

/// Where a home's records are: a path that is not absolute is one inside the home.
pub fn database_url(home: &Home, config: &Config) -> Result<DatabaseUrl> {
    database_at(home, &config.records.database)
}

/// The database at an address as the settings write it: a SQLite file's path begins at the home folder.
pub fn database_at(home: &Home, address: &str) -> Result<DatabaseUrl> {
    Ok(match address.parse::<DatabaseUrl>()? {
        DatabaseUrl::Sqlite(path) => DatabaseUrl::sqlite(home.path().join(path)),
        other => other,
    })
}

/// Refuses a SQLite file outside the hub's folder: the hub writes there and nowhere else, so it could not open a file in another place, or keep what
/// SQLite puts beside it. Whatever links lead to is what counts; neither the folder nor the file need be there yet.
pub fn in_the_hub(home: &Home, records: &DatabaseUrl) -> Result<()> {
    let Some(file) = records.file() else { return Ok(()) };
    let folder = file.parent().and_then(real);
    let is_inside = folder.zip(real(&home.hub())).is_some_and(|(folder, hub)| folder.starts_with(hub));
    // A file that is there already may itself be a link.
    let is_link = file.symlink_metadata().is_ok_and(|seen| seen.file_type().is_symlink());
    if is_inside && !is_link {
        return Ok(());
    }
    bail!(
        "{}: the hub may open a SQLite file in {} alone, so a school there could not start; name one in it, such as \
         sqlite:hub/records.db. Nothing was changed",
        file.display(),
        home.hub().display()
    )
}

/// Where a path leads: of what is there by its links, and what is not there yet below that. `None` where it goes up again.
fn real(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    let there = path.ancestors().find_map(|there| Some((there, there.canonicalize().ok()?)));
    let (there, real) = there?;
    let rest = path.strip_prefix(there).ok()?;
    rest.components().all(|part| matches!(part, Component::Normal(_))).then(|| real.join(rest))
}

/// Whoever runs this process: for root under sudo the account that sudo was called from, since otherwise everybody would be
/// root. That is what sudo says; whoever is root could say otherwise.
pub fn command_line() -> Actor {
    let sudo = std::env::var("SUDO_UID").ok();
    Actor::CommandLine(account(nix::unistd::getuid().as_raw(), sudo.as_deref()))
}

/// The account behind a process.
fn account(own: u32, sudo: Option<&str>) -> u32 {
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match sudo.filter(digits).and_then(|text| text.parse().ok()) {
        // All ones stands for no account at all.
        Some(caller) if own == 0 && caller != u32::MAX => caller,
        _ => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_in_a_file_are_in_the_hub_s_folder_whatever_links_and_dots_say() {
        let folder = tempfile::tempdir().unwrap();
        let (elsewhere, school) = (folder.path().join("elsewhere"), folder.path().join("school"));
        std::fs::create_dir(&elsewhere).unwrap();
        let home = Home::at(Some(school.clone()));
        let fits = |address: &str| in_the_hub(&home, &database_at(&home, address).unwrap());
        // Before there is a school, and after.
        for is_there in [false, true] {
            if is_there {
                std::fs::create_dir_all(home.hub()).unwrap();
                std::os::unix::fs::symlink(&elsewhere, home.hub().join("out")).unwrap();
                std::os::unix::fs::symlink(elsewhere.join("it.db"), home.hub().join("link.db")).unwrap();
            }
            let absolute = format!("sqlite:{}", home.hub().join("records.db").display());
            for address in ["sqlite:hub/records.db", "sqlite:hub/more/records.db", &absolute] {
                assert!(fits(address).is_ok(), "{is_there}: {address}");
            }
            let outside = format!("sqlite:{}", elsewhere.join("records.db").display());
            for address in [
                "sqlite:records.db",
                "sqlite:hub/../records.db",
                "sqlite:hubs/records.db",
                "sqlite:log/hub/r.db",
                &outside,
            ] {
                let refused = fits(address).unwrap_err().to_string();
                assert!(refused.contains("sqlite:hub/records.db"), "{is_there}: {address}: {refused}");
            }
            assert!(fits("postgres://fivebar@localhost/fivebar").is_ok());
        }
        for address in ["sqlite:hub/out/records.db", "sqlite:hub/link.db"] {
            assert!(fits(address).is_err(), "{address}");
        }
    }

    #[test]
    fn who_calls_sudo_is_who_acts_and_nobody_else_can_be_another() {
        assert_eq!(account(0, Some("1003")), 1003);
        assert_eq!(account(0, None), 0);
        for odd in ["", "-1", "+7", " 7", "root", "7x", "4294967295", "99999999999"] {
            assert_eq!(account(0, Some(odd)), 0, "{odd}");
        }
        assert_eq!(account(1000, Some("1003")), 1000, "only root is whom sudo made");
    }
}
