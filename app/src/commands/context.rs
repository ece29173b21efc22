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

    /// Opens the records.
    pub fn records(&self) -> Result<Db> {
        let url = self.database()?;
        self.wait(Db::open(&url)).context("cannot open the records")
    }
}

/// Where a home's records are: a path that is not absolute is one inside the home.
pub fn database_url(home: &Home, config: &Config) -> Result<DatabaseUrl> {
    let url: DatabaseUrl = config.records.database.parse()?;
    Ok(match url {
        DatabaseUrl::Sqlite(path) => DatabaseUrl::sqlite(home.path().join(path)),
        other => other,
    })
}

/// Whoever runs this process.
pub fn command_line() -> Actor {
    Actor::CommandLine(nix::unistd::getuid().as_raw())
}
