//! What most commands need: the home, its settings, its records, who is asking and when.

use std::path::PathBuf;

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
    fn who_calls_sudo_is_who_acts_and_nobody_else_can_be_another() {
        assert_eq!(account(0, Some("1003")), 1003);
        assert_eq!(account(0, None), 0);
        for odd in ["", "-1", "+7", " 7", "root", "7x", "4294967295", "99999999999"] {
            assert_eq!(account(0, Some(odd)), 0, "{odd}");
        }
        assert_eq!(account(1000, Some("1003")), 1000, "only root is whom sudo made");
    }
}
