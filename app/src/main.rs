//! The `fivebar` program: config, command line, and the one place that wires everything together.

mod cli;
mod commands;
mod config;
mod demo;
mod home;
mod output;
mod process;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    start_service_log();
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The chain reads as one sentence: what could not be done, then why.
            let words: Vec<String> = error.chain().map(ToString::to_string).collect();
            let _ = std::io::Write::write_fmt(
                &mut std::io::stderr().lock(),
                format_args!("fivebar: {}\n", output::harmless(&words.join(": "))),
            );
            ExitCode::from(output::exit_code(&error))
        }
    }
}

/// The service log goes to standard error: how the program fares, never what anybody did.
fn start_service_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("FIVEBAR_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,fivebar=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .compact()
        .init();
}
