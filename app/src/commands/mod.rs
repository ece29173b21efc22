//! One file a command, each short: parse, call the capability that does it, say what became of it.

pub mod activity;
pub mod alive;
pub mod backup;
mod carried;
pub mod certificate;
pub mod context;
pub mod demo;
pub mod dns_name;
pub mod duties;
pub mod explain;
mod fetching;
pub mod filter_test;
mod findings;
mod first_head;
pub mod focus;
pub mod init;
pub mod lasting;
pub mod lists;
pub mod mail;
pub mod manual;
pub mod move_database;
pub mod observe;
pub mod origins;
pub mod overrides;
mod overruled;
pub mod people;
pub mod policy;
pub mod records;
mod replay;
mod report;
pub mod requests;
pub mod roster;
pub mod run;
pub mod scim;
pub mod sealed;
mod secret;
pub mod settle;
pub mod status;
pub mod trail;
mod when;
mod who;
pub mod withhold;
pub mod words;

use std::path::PathBuf;

use anyhow::Result;

use crate::cli::{Cli, Command};
use crate::home::Home;
use crate::output::Output;
use crate::process::ownership;
use context::Context;

/// Runs the command that was given.
pub fn run(cli: Cli) -> Result<()> {
    let output = Output::new(cli.json);
    let home = cli.home;
    let writes = !matches!(
        cli.command,
        Command::Demo(_)
            | Command::Run(_)
            | Command::Settle
            | Command::Alive
            | Command::Completions { .. }
            | Command::Man(_)
    );
    let ended = command(cli.command, home.clone(), output);
    if writes {
        // Also after a command that failed half-way.
        let settled = ownership::settle_after_command(&Home::at(home));
        return ended.and(settled);
    }
    ended
}

fn command(command: Command, home: Option<PathBuf>, output: Output) -> Result<()> {
    match command {
        Command::Demo(asked) => demo::run(home, &asked, output),
        Command::Init(asked) => init::run(Home::at(home), asked, output),
        Command::Run(asked) => run::run(home, &asked, output),
        Command::Settle => settle::run(home, output),
        Command::Alive => alive::run(home, output),
        Command::Policy(asked) => policy::run(&Context::open(home, output)?, asked),
        Command::Lists(asked) => lists::run(&Context::open(home, output)?, asked),
        Command::Duties(asked) => duties::run(&Context::open(home, output)?, asked),
        Command::People(asked) => people::run(&Context::open(home, output)?, asked),
        Command::Certificate(asked) => certificate::run(&Context::open(home, output)?, asked),
        Command::Explain(asked) => explain::run(&Context::open(home, output)?, &asked),
        Command::FilterTest(asked) => filter_test::run(&Context::open(home, output)?, &asked),
        Command::Status(asked) => status::run(&Context::open(home, output)?, &asked),
        Command::Sealed(asked) => sealed::run(&Context::open(home, output)?, asked),
        Command::Requests(asked) => requests::run(&Context::open(home, output)?, asked),
        Command::Overrides(asked) => overrides::run(&Context::open(home, output)?, asked),
        Command::Focus(asked) => focus::run(&Context::open(home, output)?, asked),
        Command::Withhold(asked) => withhold::run(&Context::open(home, output)?, asked),
        Command::Observe(asked) => observe::run(&Context::open(home, output)?, asked),
        Command::Activity(asked) => activity::run(&Context::open(home, output)?, asked),
        Command::Backup(asked) => backup::run(&Context::open(home, output)?, &asked),
        Command::MoveDatabase(asked) => move_database::run(&Context::open(home, output)?, &asked),
        Command::Restore(asked) => backup::restore(home, &asked, output),
        Command::Trail(asked) => trail::run(&Context::open(home, output)?, &asked),
        Command::Verify(asked) => backup::prove(home, &asked, output),
        Command::Mail(asked) => mail::run(&Context::open(home, output)?, &asked),
        Command::Words(asked) => words::run(&Context::open(home, output)?, &asked),
        Command::Completions { shell } => manual::completions(shell),
        Command::Man(asked) => manual::run(&asked, output),
    }
}
