//! Setting a school up: a few questions, then the file, the keys, the records, the starter lists and the first policy.

use std::io::{self, BufRead, IsTerminal, Write};
use std::net::SocketAddr;
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use nix::unistd::getuid;

use crate::commands::context::Context;
use crate::commands::first_head;
use crate::config::{
    Activity, AnswersInside, Config, Dns, Lists, Metrics, Portal, Proxy, Records, School, Users,
    default_cache_mb, default_rate, this_machine,
};
use crate::home::{Home, NOTICES_KEY, make_key};
use crate::output::{Failure, Output};
use crate::process::users;

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
    /// Who the head is: they are put on the roll, and the link is printed by which they come in at the portal.
    #[arg(long, value_name = "NAME")]
    pub head: Option<String>,
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
    /// A secondary school with a sixth form.
    Secondary,
}

/// Runs the command.
pub fn run(home: Home, asked: Init, output: Output) -> Result<()> {
    if home.config().exists() {
        bail!(
            "{} is already a school's home. Edit its fivebar.toml to change addresses, or choose another folder with --home.",
            home.path().display()
        );
    }
    let answers = if asked.yes { Answers::given(asked)? } else { Answers::by_asking(asked)? };
    let problems = answers.config.problems();
    if !problems.is_empty() {
        // What `run` would refuse is refused before anything is made.
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        return Err(Failure::Problems(lines.join("\n")).into());
    }
    if let Some(names) = &answers.config.users {
        for made in users::make_missing(names)? {
            output.say(format!("The system user {made} was made."));
        }
    }
    set_up(&home, &answers, output)?;
    let context = Context::of(home.clone(), answers.config.clone(), output)?;
    let head = answers.head.as_deref().map(|name| first_head::put(&context, name)).transpose();
    output.say_lines(format!(
        "{} is set up in {}.\nNext: `fivebar --home {} run` starts it; then point one device at it and try.\n\
         Say who may open what the gate records of illegal content: `fivebar sealed recipients add head`, and again for dsl.\n{}",
        answers.config.school.name,
        home.path().display(),
        home.path().display(),
        engine::sealed::NO_LIVE_LIST,
    ));
    // The school is set up, whatever comes of it.
    let head = match head {
        Ok(Some(head)) => {
            output.say_lines(head.lines());
            Some(head.object())
        }
        Ok(None) => {
            output.say_lines(format!(
                "Nobody can sign in at the portal yet. `fivebar --home {} people first-head NAME` lets the head in, who invites the others.",
                home.path().display()
            ));
            None
        }
        Err(error) => {
            output.say_lines(format!(
                "The head was not let in ({error}). Start the school, then: `fivebar --home {} people first-head NAME`.",
                home.path().display()
            ));
            None
        }
    };
    if answers.config.users.is_none() && getuid().is_root() {
        output.say_lines(users::advice());
    }
    output.object(&serde_json::json!({
        "home": home.path(), "school": answers.config.school.name, "head": head,
    }));
    Ok(())
}

/// What a school decides when it is set up.
pub struct Answers {
    pub config: Config,
    pub policy: ExamplePolicy,
    /// Who the head is, where that was said.
    pub head: Option<String>,
}

/// Writes everything; the file last, so that a folder with a file is a whole school.
pub fn set_up(home: &Home, answers: &Answers, output: Output) -> Result<()> {
    home.make_folders()?;
    for key in ["ticket.key", "sealed.key", NOTICES_KEY, crate::commands::trail::KEY] {
        make_key(home, key)?;
    }
    crate::commands::records::first_records(home, &answers.config, answers.policy, output)?;
    let text = toml::to_string(&answers.config).context("the settings cannot be written as TOML")?;
    let file = home.config();
    let unfinished = file.with_extension("toml.tmp");
    let mut out = std::fs::File::create(&unfinished)
        .with_context(|| format!("cannot write {}", unfinished.display()))?;
    out.write_all(b"# What this machine needs to know. What the school decides is kept in its records.\n\n")?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&unfinished, &file).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(())
}

impl Answers {
    fn given(asked: Init) -> Result<Self> {
        let Some(school) = asked.school else {
            bail!("--yes asks nothing, so the school's name must be given: --school \"Hillside Primary\"");
        };
        let upstreams = if asked.upstream.is_empty() { present_name_servers() } else { asked.upstream };
        if upstreams.is_empty() {
            bail!(
                "this machine names no server in /etc/resolv.conf; say where names are looked up: --upstream ADDRESS:53"
            );
        }
        Ok(Self::with(
            school,
            Some(asked.dns).filter(|given| !given.is_empty()),
            upstreams,
            Some(asked.proxy).filter(|given| !given.is_empty()),
            asked.portal,
            asked.database,
            asked.example.unwrap_or(ExamplePolicy::School),
        )
        .with_users(asked.users)
        .with_head(asked.head))
    }

    fn by_asking(asked: Init) -> Result<Self> {
        if !io::stdin().is_terminal() {
            bail!(
                "nobody is there to answer questions. Use --yes and give the answers: see `fivebar init --help`."
            );
        }
        let mut lines = io::stdin().lock().lines();
        let mut ask = |question: &str, usual: &str| -> Result<String> {
            let mut out = io::stderr().lock();
            write!(out, "{question} [{usual}]: ")?;
            out.flush()?;
            let line = lines.next().transpose()?.unwrap_or_default();
            let line = line.trim();
            Ok(if line.is_empty() { usual.to_owned() } else { line.to_owned() })
        };
        let school = match asked.school {
            Some(name) => name,
            None => ask("What is the school called?", "Our school")?,
        };
        let dns = addresses(&mut ask, asked.dns, "Where do devices ask for names?", "0.0.0.0:53")?;
        let usual =
            present_name_servers().first().map_or_else(|| "192.0.2.53:53".to_owned(), ToString::to_string);
        let upstream =
            addresses(&mut ask, asked.upstream, "Which name server answers for the internet?", &usual)?;
        let proxy =
            addresses(&mut ask, asked.proxy, "Where do browsers send their requests?", "0.0.0.0:3128")?;
        let portal = match asked.portal {
            Some(given) => given,
            None => one(&mut ask, "Where are the portal's pages?", "0.0.0.0:8080")?,
        };
        let policy = match asked.example {
            Some(given) => given,
            None => match ask(
                "Start from the policy of a whole `school`, a `village-primary` or a `secondary`?",
                "school",
            )?
            .as_str()
            {
                "village-primary" => ExamplePolicy::VillagePrimary,
                "secondary" => ExamplePolicy::Secondary,
                _ => ExamplePolicy::School,
            },
        };
        let users = asked.users
            || getuid().is_root()
                && ask(
                    "Shall each part run as a system user of its own, made now where it is missing?",
                    "yes",
                )?
                .starts_with(['y', 'Y']);
        let head = match asked.head {
            Some(head) => Some(head),
            None => {
                Some(ask("Who is the head? They get a link to come in by, and invite the others", LATER)?)
            }
        };
        Ok(Self::with(school, Some(dns), upstream, Some(proxy), Some(portal), asked.database, policy)
            .with_users(users)
            .with_head(head.filter(|head| head != LATER)))
    }

    /// The answers, with the usual ones where none is given.
    pub fn with(
        school: String,
        dns: Option<Vec<SocketAddr>>,
        upstreams: Vec<SocketAddr>,
        proxy: Option<Vec<SocketAddr>>,
        portal: Option<SocketAddr>,
        database: Option<String>,
        policy: ExamplePolicy,
    ) -> Self {
        let any = |port| SocketAddr::from(([0, 0, 0, 0], port));
        Self {
            config: Config {
                school: School { name: school, kind: people::duty::SchoolKind::default() },
                dns: Dns {
                    listen: dns.unwrap_or_else(|| vec![any(53)]),
                    upstreams,
                    threads: None,
                    cache_mb: default_cache_mb(),
                    answers_inside: AnswersInside::default(),
                    routers: Vec::new(),
                    forward: Vec::new(),
                    rate: default_rate(),
                    rate_except: this_machine(),
                    tls: None,
                    https: None,
                    name: None,
                    certificate: None,
                    key: None,
                },
                proxy: Proxy {
                    listen: proxy.unwrap_or_else(|| vec![any(3128)]),
                    threads: None,
                    inside: Vec::new(),
                    direct: Vec::new(),
                    connect_ports: None,
                    web_ports: None,
                },
                portal: Portal {
                    listen: portal.unwrap_or_else(|| any(8080)),
                    https: None,
                    url: None,
                    certificate: None,
                    key: None,
                    api_a_minute: None,
                },
                records: database.map_or_else(Records::default, |database| Records { database }),
                activity: Activity::default(),
                metrics: Metrics::default(),
                filter_test: Default::default(),
                sign_in: Default::default(),
                mail: None,
                notices: Default::default(),
                backup: None,
                lists: Lists::default(),
                users: None,
            },
            policy,
            head: None,
        }
    }

    /// With the first head, where somebody said who that is.
    fn with_head(mut self, head: Option<String>) -> Self {
        self.head = head;
        self
    }

    /// Each part as a system user of its own, where `users` says so.
    fn with_users(mut self, users: bool) -> Self {
        self.config.users = users.then(Users::default);
        self
    }
}

/// What is answered by whoever says it another time.
const LATER: &str = "later";

type Ask<'a> = dyn FnMut(&str, &str) -> Result<String> + 'a;

/// Asks until what is answered can be read.
fn one<T: FromStr>(ask: &mut Ask<'_>, question: &str, usual: &str) -> Result<T> {
    loop {
        let answer = ask(question, usual)?;
        match answer.parse() {
            Ok(value) => return Ok(value),
            Err(_) => {
                writeln!(io::stderr().lock(), "{answer:?} is not an address with a port, like {usual}.")?
            }
        }
    }
}

fn addresses(
    ask: &mut Ask<'_>,
    given: Vec<SocketAddr>,
    question: &str,
    usual: &str,
) -> Result<Vec<SocketAddr>> {
    if given.is_empty() { Ok(vec![one(ask, question, usual)?]) } else { Ok(given) }
}

/// The name servers this machine uses itself: the school's provider, as a rule. Addresses of this machine are left out,
/// since the gate may come to stand there.
fn present_name_servers() -> Vec<SocketAddr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    name_servers(&text)
}

fn name_servers(text: &str) -> Vec<SocketAddr> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver")?.trim().parse::<std::net::IpAddr>().ok())
        .filter(|address| !address.is_loopback())
        .map(|address| SocketAddr::new(address, 53))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_present_name_servers_are_those_outside_this_machine() {
        let text = "# from the router\nnameserver 127.0.0.53\nnameserver 192.0.2.1\n nameserver 2001:db8::53\nsearch school.example\n";
        let found: Vec<String> = name_servers(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["192.0.2.1:53", "[2001:db8::53]:53"]);
    }
}
