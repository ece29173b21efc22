//! Runs a command with a PostgreSQL server of its own: `postgres-for-tests make test-inner` sets
//! `FIVEBAR_TEST_POSTGRES` for it, stops the server when it ends, and ends as it ended. Without a command it prints the
//! address and serves until its input closes.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a command for people and makefiles")]

use std::process::{Command, ExitCode};

use testing::postgres::{Postgres, SERVER, StartError, WITHOUT};

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let program = words.next();
    if std::env::var(SERVER).is_ok_and(|url| !url.is_empty()) {
        // Somebody started one already.
        return program.map_or(ExitCode::SUCCESS, |program| run(Command::new(program).args(words)));
    }
    let server = match Postgres::start() {
        Ok(server) => server,
        Err(StartError::NotInstalled) if std::env::var(WITHOUT).is_ok_and(|value| value == "1") => {
            eprintln!("skipped: PostgreSQL is not installed and {WITHOUT}=1; the tests use SQLite alone");
            return program.map_or(ExitCode::SUCCESS, |program| run(Command::new(program).args(words)));
        }
        Err(error) => {
            eprintln!("postgres-for-tests: {error}");
            return ExitCode::FAILURE;
        }
    };
    match program {
        Some(program) => run(Command::new(program).args(words).env(SERVER, server.url())),
        None => {
            println!("{}", server.url());
            let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
            ExitCode::SUCCESS
        }
    }
}

fn run(command: &mut Command) -> ExitCode {
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("postgres-for-tests: {error}");
            ExitCode::FAILURE
        }
    }
}
