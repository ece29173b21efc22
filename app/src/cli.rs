//! The command line, as people and scripts see it. What each command is given stands with the command.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::commands::{
    activity, backup, certificate, demo, duties, explain, filter_test, focus, init, lists, mail, manual,
    move_database, observe, overrides, people, policy, requests, run, sealed, status, trail, withhold, words,
};

/// Carries out a school's online-safety policy, and proves that it does.
#[derive(Debug, Parser)]
#[command(
    name = "fivebar",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done; 1 it could not be done, the message says why and what to do next; 2 the command \
                  line was not understood; 3 what you gave has problems (a policy, a list, a roll), each named by file \
                  and line; 4 the part of Fivebar that is needed is not running; 5 the filter test found something wrong; 6 the back-ups are not as [backup] wants them; 141 whoever read what it printed had gone: what \
                  it changes it has changed all the same."
)]
pub struct Cli {
    /// The folder that holds everything of this school.
    #[arg(long, global = true, env = "FIVEBAR_HOME", value_name = "FOLDER")]
    pub home: Option<PathBuf>,
    /// Print JSON, one object a line, for scripts.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a made-up school to try things on; nothing of it touches your network.
    Demo(demo::Demo),
    /// Set a school up: asks a few questions, then writes fivebar.toml and the keys.
    Init(init::Init),
    /// Run the school's gate, log and hub until told to stop.
    Run(run::Run),
    /// Say how the school's filter fares: its three parts, what they do, and what wants looking at.
    Status(status::Status),
    /// Ask each part of a running school something, and say which do not answer: for whoever watches over the machine.
    Alive,
    /// Give each part of the home folder to the system user that it belongs to: the units do so before they start a part.
    Settle,
    /// The filter policy: check it, apply it, look at it, compare and export it.
    #[command(subcommand)]
    Policy(policy::Policy),
    /// The lists of sites that the policy's categories come from.
    #[command(subcommand)]
    Lists(lists::Lists),
    /// The roll that says which device and address belongs to whom.
    #[command(subcommand)]
    People(people::People),
    /// Who holds which duty at the school, and so what they may do at the portal.
    #[command(subcommand)]
    Duties(duties::Duties),
    /// The certificate that encrypted DNS shows devices.
    #[command(subcommand)]
    Certificate(certificate::Certificate),
    /// Say what would happen to a request, why, and what would change it.
    Explain(explain::Explain),
    /// Test the running filter as each group, hold it against published criteria, and keep the result as evidence.
    FilterTest(filter_test::FilterTest),
    /// The sealed tier: load its feed, say who may open its records, open one.
    #[command(subcommand)]
    Sealed(sealed::Sealed),
    /// What people asked to have opened, and what they reported.
    #[command(subcommand)]
    Requests(requests::Requests),
    /// Exceptions for a time: open or close a site for a person, a group or everyone.
    #[command(
        subcommand,
        after_help = "An override ends by itself. It never opens what is sealed or locked, and closes no help site. \
                      Here opening takes one person, since whoever has this machine has all of it; at the portal two must agree."
    )]
    Overrides(overrides::Overrides),
    /// Walled gardens for a time: an exam, or a lesson with a list of sites.
    #[command(
        subcommand,
        after_help = "A focus ends by itself. While it holds, its group reaches its sites, help and essentials, and nothing \
                      else; rules that the leadership locked still close. Connections that are open are cut within two \
                      seconds. A site of the garden is open even where the table closes it. It takes one person here, \
                      since whoever has this machine has all of it; at the portal a teacher keeps a class to a list of sites \
                      for a lesson, alone, within what a lesson may open."
    )]
    Focus(focus::Asked),
    /// Take access from a person for a time, by a decision.
    #[command(
        subcommand,
        after_help = "Help, essentials and the policy's learning sites stay open, and access comes back by itself. Withholding \
                      takes one person; giving access back early takes one here, since whoever has this machine has all of it."
    )]
    Withhold(withhold::Withhold),
    /// Run beside the filter that the school still has: decide and note down, refuse nothing but illegal content.
    #[command(
        subcommand,
        after_help = "It always ends, after 90 days at most, and then the filter refuses. Until then another filter must do the \
                      filtering: `fivebar filter-test` fails, and `status`, the portal and metrics say so. Beginning takes \
                      one person, and is done here alone: the portal shows it, and begins and ends none."
    )]
    Observe(observe::Observe),
    /// What devices did: search it, follow it, export it.
    #[command(subcommand)]
    Activity(activity::Activity),
    /// Make a verified back-up of what the school decided: records, settings, keys and lists; not the activity log.
    #[command(
        long_about = "Make a verified back-up of what the school decided: its records (policy, roll, requests, overrides, \
                      access trail), settings, keys and lists. The activity log and the records of sealed addresses are \
                      not in it: they have an end of their own, which a back-up must not outlive."
    )]
    Backup(backup::Backup),
    /// Bring a school back from a back-up.
    Restore(backup::AskedRestore),
    /// Carry the records of a school that is stopped across to another database, and prove that they arrived.
    #[command(
        after_help = "The old records stay as they are. A PostgreSQL database must be there and empty; `createdb` makes one. An \
                      address with a password is better given as `-` and typed or piped in, since others can list what commands \
                      were given."
    )]
    MoveDatabase(move_database::MoveDatabase),
    /// Mail by which people are told that something waits for them.
    #[command(subcommand)]
    Mail(mail::Mail),
    /// What the pages say that anybody meets: in other languages, and in the school's own words.
    #[command(subcommand)]
    Words(words::Asked),
    /// The access trail: show who did what, and sign how far it has come.
    #[command(subcommand)]
    Trail(trail::Trail),
    /// Prove that the access trail, the records and the published files are whole; or a back-up, or that a checkpoint still holds.
    Verify(backup::Verify),
    /// Print completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print a manual page, or write them all to a folder.
    Man(manual::Manual),
}

/// A part of Fivebar: a process of its own with only its own secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Part {
    /// Answers devices; no database.
    Gate,
    /// Keeps the activity log and answers questions about it.
    Log,
    /// The portal and the records.
    Hub,
}

impl Part {
    pub const fn id(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Log => "log",
            Self::Hub => "hub",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_makes_sense() {
        super::Cli::command().debug_assert();
    }
}
