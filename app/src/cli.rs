//! The command line, as people and scripts see it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Carries out a school's online-safety policy, and proves that it does.
#[derive(Debug, Parser)]
#[command(
    name = "fivebar",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done; 1 it could not be done, the message says why and what to do next; 2 the command \
                  line was not understood; 3 what you gave has problems (a policy, a list, a roll), each named by file \
                  and line; 4 the part of Fivebar that is needed is not running."
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
    Demo(Demo),
    /// Set a school up: asks a few questions, then writes fivebar.toml and the keys.
    Init(Init),
    /// Run the school's gate, log and hub until told to stop.
    Run(Run),
    /// The filter policy: check it, apply it, look at it, compare and export it.
    #[command(subcommand)]
    Policy(Policy),
    /// The lists of sites that the policy's categories come from.
    #[command(subcommand)]
    Lists(Lists),
    /// The roll that says which device and address belongs to whom.
    #[command(subcommand)]
    People(People),
    /// Say what would happen to a request, why, and what would change it.
    Explain(Explain),
    /// The sealed tier: load its feed, say who may open its records, open one.
    #[command(subcommand)]
    Sealed(Sealed),
    /// What people asked to have opened, and what they reported.
    #[command(subcommand)]
    Requests(Requests),
    /// Exceptions for a time: open or close a site for a person, a group or everyone.
    #[command(
        subcommand,
        after_help = "An override ends by itself. It never opens what is sealed or locked, and closes no help site. \
                      Opening takes one person in this version: nobody signs in yet, and with sign-in a second must agree."
    )]
    Overrides(Overrides),
    /// Walled gardens for a time: an exam, or a lesson with a list of sites.
    #[command(
        subcommand,
        after_help = "A focus ends by itself. While it holds, its group reaches its sites, help and essentials, and nothing \
                      else; rules that the leadership locked still close. Connections that are open are cut within two \
                      seconds. A site of the garden is open even where the table closes it, and opening takes one person in \
                      this version: nobody signs in yet, and with sign-in a second must agree."
    )]
    Focus(Focus),
    /// Take access from a person for a time, by a decision.
    #[command(
        subcommand,
        after_help = "Help, essentials and the policy's learning sites stay open, and access comes back by itself. Withholding \
                      takes one person; giving access back early takes one in this version, since nobody signs in yet."
    )]
    Withhold(Withhold),
    /// What devices did: search it, follow it, export it.
    #[command(subcommand)]
    Activity(Activity),
    /// Make a verified back-up of what the school decided: records, settings, keys and lists; not the activity log.
    #[command(
        long_about = "Make a verified back-up of what the school decided: its records (policy, roll, requests, overrides, \
                      access trail), settings, keys and lists. The activity log and the records of sealed addresses are \
                      not in it: they have an end of their own, which a back-up must not outlive."
    )]
    Backup(Backup),
    /// Bring a school back from a back-up.
    Restore(Restore),
    /// Prove that the access trail, the records and the published files are whole; or a back-up.
    Verify(Verify),
    /// Print completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// Use this DNS port instead of a free one.
    #[arg(long, default_value_t = 0)]
    pub dns_port: u16,
    /// Use this proxy port instead of a free one.
    #[arg(long, default_value_t = 0)]
    pub proxy_port: u16,
    /// Use this portal port instead of a free one.
    #[arg(long, default_value_t = 0)]
    pub portal_port: u16,
}

#[derive(Debug, Args)]
pub struct Init {
    /// Ask nothing: take what is given here and the defaults for the rest.
    #[arg(long)]
    pub yes: bool,
    /// The school's name.
    #[arg(long)]
    pub school: Option<String>,
    /// Where devices ask for names; may be given several times.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub dns: Vec<SocketAddr>,
    /// Where names are looked up; may be given several times.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub upstream: Vec<SocketAddr>,
    /// Where browsers send their requests; may be given several times.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub proxy: Vec<SocketAddr>,
    /// Where the portal's pages are.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub portal: Option<SocketAddr>,
    /// Which example policy to start from.
    #[arg(long, value_enum)]
    pub example: Option<ExamplePolicy>,
    /// The records' database instead of the built-in one, as in postgres://fivebar@/fivebar.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Run each part as a system user of its own (fivebar-gate, fivebar-log, fivebar-hub), and make those that are
    /// missing with useradd. Needs root, now and for `run`.
    #[arg(long)]
    pub users: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExamplePolicy {
    /// Nursery to sixth form, with staff, governors and guests.
    School,
    /// A village primary school.
    VillagePrimary,
}

#[derive(Debug, Args)]
pub struct Run {
    /// Start only this part; without it all three start and are kept running.
    #[arg(long, value_enum)]
    pub only: Option<Part>,
    /// Kept by the parent process, so that a part that starts again has the same addresses.
    #[arg(long, hide = true)]
    pub bind_dns: Vec<SocketAddr>,
    #[arg(long, hide = true)]
    pub bind_proxy: Vec<SocketAddr>,
    #[arg(long, hide = true)]
    pub bind_portal: Option<SocketAddr>,
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

#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Say every problem of a policy file, or that it has none.
    Check {
        /// The policy file.
        file: PathBuf,
    },
    /// Make a policy file the school's filter policy; it is live within two seconds.
    Apply {
        /// The policy file.
        file: PathBuf,
        /// Why it is changed; kept with the version for good.
        #[arg(long)]
        note: String,
    },
    /// Show the policy that is in force as a person reads it.
    Show {
        /// An earlier version.
        #[arg(long)]
        version: Option<u32>,
    },
    /// Say in sentences how two versions, or a version and a file, differ.
    Diff {
        /// A version number or a file.
        old: String,
        /// A version number or a file; the version in force if left out.
        new: Option<String>,
    },
    /// Write a version out as a policy file.
    Export {
        /// An earlier version.
        #[arg(long)]
        version: Option<u32>,
        /// The file to write; standard output if left out.
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
    /// List every version with who, when and why.
    History,
}

#[derive(Debug, Subcommand)]
pub enum Lists {
    /// Read lists from files or folders and put them to use.
    Import {
        /// Files or folders, in squidGuard, hosts, plain or wildcard form, also packed with gzip.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// The category of what is read, instead of the one its name says.
        #[arg(long)]
        category: Option<String>,
    },
    /// Read lists again from where they came from.
    Update {
        /// Only these lists.
        lists: Vec<String>,
    },
    /// Show every list: where from, how many names, how old, and whether it is active, held or has an update waiting.
    Status {
        /// Show the lists that were taken out of use instead: when, by whom and why.
        #[arg(long)]
        removed: bool,
    },
    /// Keep a list as it is: updates wait.
    Hold {
        /// The list.
        list: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Let a held list be updated again.
    Release {
        /// The list.
        list: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Take a list out of use. Its history stays.
    Remove {
        /// The list.
        list: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum People {
    /// Read a roll and show what it would change; with --apply, change it.
    Import {
        /// The roll.
        file: PathBuf,
        /// Really change the roll.
        #[arg(long)]
        apply: bool,
    },
    /// Show the roll.
    Show,
}

#[derive(Debug, Args)]
pub struct Explain {
    /// A host, an address or a URL; - reads many from standard input, one a line.
    pub target: String,
    /// Who asks: a person's name, a group's id or an address.
    #[arg(long = "as", value_name = "PERSON|GROUP|ADDRESS")]
    pub who: String,
    /// When, on the school's clocks, as in 2026-11-23T10:30; a day alone is the beginning of its first lesson; now if left
    /// out.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Sealed {
    /// Load entries: a host or a web address a line. They are hashed as they are read, never printed and never kept.
    Import {
        /// The feed; - reads it from standard input.
        file: PathBuf,
        /// It is a live feed.
        #[arg(long, requires = "fresh_for", conflicts_with = "test", required_unless_present = "test")]
        live: bool,
        /// For how many days a live feed counts as fresh.
        #[arg(long, value_name = "DAYS", requires = "live")]
        fresh_for: Option<u32>,
        /// When a live feed was made, on the school's clocks, as in 2026-11-23T10:30; now if left out.
        #[arg(long, value_name = "TIME", requires = "live")]
        as_of: Option<String>,
        /// They are entries for testing, made up and no secret.
        #[arg(long)]
        test: bool,
        /// Take an update that has shrunk as it is, instead of keeping what was there before.
        #[arg(long, requires = "reason")]
        replace: bool,
        /// Why entries are given up; kept for good.
        #[arg(long, requires = "replace")]
        reason: Option<String>,
    },
    /// Show how the tier stands: its feed, its gaps, who may open records and how many there are.
    Status,
    /// The people to whom the gate encrypts what it refused: duties such as head, dsl and police.
    #[command(subcommand)]
    Recipients(Recipients),
    /// The encrypted records of what was refused.
    #[command(subcommand)]
    Records(SealedRecords),
    /// Open one record. The access trail has its entry before anything is shown.
    Open {
        /// The reference that stands in the activity log, as in S-7KQ4-M2HX-9TRB.
        reference: activity::sealed::RecordRef,
        /// The file with your identity; - reads it from standard input.
        #[arg(long, value_name = "FILE")]
        identity: PathBuf,
        /// Why; kept for good.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Recipients {
    /// Add somebody. Without --key a new identity is made and given once: whoever loses it can open nothing.
    Add {
        /// Their duty, as in head, dsl or police; nobody's name.
        name: String,
        /// Their public key, where they have one already, as in age1….
        #[arg(long)]
        key: Option<String>,
        /// Write the new identity to this file, on a stick that is kept locked away, instead of printing it.
        #[arg(long, value_name = "FILE", conflicts_with = "key")]
        identity_file: Option<PathBuf>,
    },
    /// Show everybody.
    List,
    /// Remove somebody: records from now on are not for them; earlier ones still are.
    Remove {
        /// Their duty.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum SealedRecords {
    /// List them by reference and time. What was asked for is not shown.
    List,
}

#[derive(Debug, Subcommand)]
pub enum Requests {
    /// Show what waits for an answer.
    List {
        /// Show answered ones too.
        #[arg(long)]
        all: bool,
    },
    /// Open the site for whoever asked, until a time; or say that a report was acted on.
    Approve {
        /// The reference, as in R-7KQ4M2HX, or P-… for a report.
        reference: String,
        /// For whom instead of the asker: person:12, group:year-9 or everyone.
        #[arg(long, value_name = "WHOM")]
        whom: Option<filtering::overrides::Whom>,
        #[command(flatten)]
        end: End,
        /// Why; the asker reads it.
        #[arg(long)]
        reason: String,
    },
    /// Keep the site closed; or say that a report changes nothing.
    Refuse {
        /// The reference, as in R-7KQ4M2HX, or P-… for a report.
        reference: String,
        /// Why; the asker reads it.
        #[arg(long)]
        reason: String,
    },
}

/// When something ends that lasts a while.
#[derive(Debug, Args, Clone, Default)]
pub struct End {
    /// For how long, as in 45m, 2h or 3d.
    #[arg(long = "for", value_name = "DURATION", conflicts_with = "until")]
    pub lasts: Option<String>,
    /// Until when on the school's clocks, with the time, as in 2026-11-23T15:30.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
}

/// From when until when something lasts a while.
#[derive(Debug, Args, Clone, Default)]
pub struct Span {
    /// From when on the school's clocks, as in 2026-11-23T13:30; a day alone is from midnight; now if left out.
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    #[command(flatten)]
    pub end: End,
}

/// Which of what lasts a while is shown.
#[derive(Debug, Args, Clone, Copy, Default)]
pub struct Which {
    /// Show those that are over, too.
    #[arg(long)]
    pub all: bool,
    /// Show those that are over alone: when each ended, and whether by itself or by whom and why.
    #[arg(long, conflicts_with = "all")]
    pub ended: bool,
}

#[derive(Debug, Subcommand)]
pub enum Overrides {
    /// Open a site at once, or close one, until a time; the gate has it within a second.
    Give {
        /// The site with everything below it, or a part of one, as in bbc.co.uk/bitesize. Of a secure page the gate sees
        /// the host alone, so a part of a site opens all of it there.
        target: String,
        /// For whom: person:12, group:year-9 or everyone.
        #[arg(long, value_name = "WHOM")]
        whom: filtering::overrides::Whom,
        /// Close the site instead of opening it.
        #[arg(long)]
        close: bool,
        #[command(flatten)]
        span: Span,
        /// Why; whoever meets a closed site reads it.
        #[arg(long)]
        reason: String,
    },
    /// Show the overrides that hold or will; or what is over, and why.
    List(Which),
    /// End an override before its time.
    End {
        /// Its number, as `list` shows it.
        number: u32,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Focus {
    /// Start a walled garden for a group or a room, now or at a time.
    Start {
        /// The group or room, by its id in the policy, as in year-9; or everyone.
        group: String,
        /// What people call it, as in "Maths mock"; whoever asks why a site is closed may read it.
        #[arg(long)]
        name: String,
        /// A site that stays open, or a part of one, as in bbc.co.uk/bitesize; may be given several times.
        #[arg(long = "site", value_name = "SITE")]
        sites: Vec<String>,
        /// A file with a site on each line; # begins a remark.
        #[arg(long, value_name = "FILE")]
        sites_from: Option<PathBuf>,
        /// Leave nothing open but help and essentials: an exam without the web.
        #[arg(long, conflicts_with_all = ["sites", "sites_from"])]
        no_sites: bool,
        #[command(flatten)]
        span: Span,
        /// Why; kept with it.
        #[arg(long)]
        reason: String,
    },
    /// Show what holds or will; or what is over, and why.
    List(Which),
    /// End a focus before its time.
    End {
        /// Its number, as `list` shows it.
        number: u32,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Withhold {
    /// Take a person's access away, now or at a time.
    Start {
        /// The person: a name, or the number that `fivebar people show` shows.
        person: String,
        #[command(flatten)]
        span: Span,
        /// When somebody must look at the decision again, on the school's clocks, as in 2026-12-04, from midnight. Where no end
        /// is given, it ends four weeks later if nobody has.
        #[arg(long, value_name = "TIME")]
        review: Option<String>,
        /// Why; kept in the records, and shown to nobody else.
        #[arg(long)]
        reason: String,
    },
    /// Show whose access is withheld, or will be, and what is due for review; or what is over, and why.
    List(Which),
    /// Give access back before its time.
    End {
        /// Its number, as `list` shows it.
        number: u32,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Activity {
    /// Find what devices did, newest first.
    Search(ActivityFilter),
    /// Follow what devices do.
    Tail(ActivityFilter),
    /// Write what devices did as CSV, or as JSON lines with --json.
    Export {
        #[command(flatten)]
        filter: ActivityFilter,
        /// The file to write; standard output if left out.
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
    /// Show how much is kept, how much is waiting and exactly how much was lost.
    Status,
}

#[derive(Debug, Args, Clone, Default)]
pub struct ActivityFilter {
    /// Only this person, by name or number.
    #[arg(long)]
    pub person: Option<String>,
    /// Only this address.
    #[arg(long)]
    pub address: Option<std::net::IpAddr>,
    /// Only this site and what lies below it.
    #[arg(long)]
    pub site: Option<String>,
    /// Only what a group's cell or rule decided, by the group's id.
    #[arg(long)]
    pub group: Option<String>,
    /// Only this verdict: allow, block or scan.
    #[arg(long)]
    pub verdict: Option<String>,
    /// Only what this step decided.
    #[arg(long)]
    pub step: Option<String>,
    /// Only from this time on the school's clocks; a day alone is from midnight.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only before this time on the school's clocks; a day alone is its midnight, so that nothing of it is shown.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct Backup {
    /// The file to write.
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub struct Restore {
    /// The back-up.
    pub file: PathBuf,
    /// Replace a school that is already in the home folder; it is moved aside, not deleted. Its activity log, which no
    /// back-up has, stays in use.
    #[arg(long)]
    pub replace: bool,
}

#[derive(Debug, Args)]
pub struct Verify {
    /// A back-up to verify instead of the running school, and to compare the school's access trail with.
    pub file: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_makes_sense() {
        super::Cli::command().debug_assert();
    }
}
