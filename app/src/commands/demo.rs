//! `demo`: a made-up school with a made-up internet, started by one command.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use activity::sealed::Identity;
use anyhow::{Context as _, Result};
use clap::Args;
use filtering::publish::Scope;
use people::RollFile;
use store::Tx;

use crate::commands::context::Context;
use crate::commands::init::ExamplePolicy;
use crate::commands::init::{Answers, set_up};
use crate::commands::records::commit_and_publish;
use crate::commands::sealed;
use crate::config::{AnswersInside, Config, Inside};
use crate::demo::internet::{self, Internet};
use crate::home::Home;
use crate::output::Output;
use crate::process::lock;
use crate::process::supervisor::{self, Bind, Person, Ready};

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

/// The roll of the made-up school.
const ROLL: &str = include_str!("../../../content/examples/demo-roll.toml");

/// Runs the command. A home that is given is kept and found again; without one, a folder is made and removed.
pub fn run(given: Option<PathBuf>, asked: &Demo, output: Output) -> Result<()> {
    let (home, temporary) = match given {
        Some(path) => (Home::at(Some(path)), None),
        None => {
            let folder = tempfile::Builder::new().prefix("fivebar-demo-").tempdir()?;
            (Home::at(Some(folder.path().join("school"))), Some(folder))
        }
    };
    home.make_folders()?;
    let _held = lock::hold_school(&home)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let internet = runtime.block_on(internet::start())?;
    if home.config().exists() {
        reopen(&home, internet)?;
    } else {
        found(&home, asked, internet, output)?;
    }
    // The path must hold from wherever the parts are started.
    let home = Home::existing(Some(home.path().to_owned()))?;
    let config = Config::read(&home.config())?;
    let bind = crate::commands::run::fixed(&config, Bind::default())?;
    let ended = runtime.block_on(supervisor::run(&home, bind, |ready| {
        let mut line = ready.line();
        if let Some(fields) = line.as_object_mut() {
            fields.insert("web".to_owned(), internet.web.to_string().into());
        }
        output.object(&line);
        things_to_try(&home, ready, internet, output);
    }));
    drop(temporary);
    ended
}

/// Sets the made-up school up.
fn found(home: &Home, asked: &Demo, internet: Internet, output: Output) -> Result<()> {
    let here = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut answers = Answers::with(
        "The made-up school of Fivebar's demo".to_owned(),
        Some(vec![here(asked.dns_port)]),
        vec![internet.names],
        Some(vec![here(asked.proxy_port)]),
        Some(here(asked.portal_port)),
        None,
        ExamplePolicy::School,
    );
    answers.config.proxy.inside = vec![inside(internet)];
    // The made-up internet is on this machine.
    answers.config.dns.answers_inside = AnswersInside::Pass;
    (answers.config.dns.tls, answers.config.dns.https) = (Some(here(0)), Some(here(0)));
    answers.config.dns.name = Some("dns.school.example".to_owned());
    output.say("Setting up the made-up school…");
    set_up(home, &answers, output)?;
    let context = Context::of(home.clone(), answers.config, output)?;
    let roll = RollFile::parse(ROLL).map_err(|problems| {
        anyhow::anyhow!(
            "the demo's roll has problems: {}",
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        )
    })?;
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.begin().await?;
        people::import(&mut tx, &context.actor, &roll, context.at).await?;
        for duty in ["head", "dsl"] {
            add_recipient(&context, &mut tx, duty).await?;
        }
        commit_and_publish(&context, tx, Scope::Policy).await?;
        anyhow::Ok(())
    })
}

/// Somebody who may open the demo's sealed records. A school keeps identities away from the machine; a made-up one has
/// nowhere else to put them.
async fn add_recipient(context: &Context, tx: &mut Tx, duty: &str) -> Result<()> {
    let identity = Identity::generate();
    let folder = context.home.path().join("demo-identities");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    sealed::write_identity(&folder.join(format!("{duty}.txt")), duty, &identity)?;
    filtering::sealed::add_recipient(tx, &context.actor, duty, &identity.public(), context.at).await?;
    Ok(())
}

/// A demo that is started again has another made-up internet, at other ports.
fn reopen(home: &Home, internet: Internet) -> Result<()> {
    let mut config = Config::read(&home.config())?;
    config.dns.upstreams = vec![internet.names];
    // The made-up internet is on this machine.
    config.dns.answers_inside = AnswersInside::Pass;
    config.proxy.inside = vec![inside(internet)];
    std::fs::write(home.config(), toml::to_string(&config)?).context("cannot write the demo's settings")
}

fn inside(internet: Internet) -> Inside {
    Inside { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port: internet.web.port() }
}

/// Three commands that each show something, as they can be pasted.
fn things_to_try(home: &Home, ready: &Ready, internet: Internet, output: Output) {
    let anyone =
        |group: &str| -> Option<&Person> { ready.people.iter().find(|person| person.group == group) };
    let (Some(pupil), Some(teacher), Some(dns), Some(proxy), Some(portal)) =
        (anyone("year-5"), anyone("teachers"), ready.dns.first(), ready.proxy.first(), ready.portal)
    else {
        return;
    };
    let port = if internet.web.port() == 80 { String::new() } else { format!(":{}", internet.web.port()) };
    output.say(format!(
        "\nThe made-up school is open: {} people, each with a device of their own.",
        ready.people.len()
    ));
    output.say(format!(
        "The portal is at http://{portal}/ ; the proxy's PAC file at http://{proxy}/proxy.pac\n"
    ));
    output.say(format!(
        "{}, Year 5, asks for a betting site: the name is refused, with the reason.",
        pupil.name
    ));
    output.say(format!("  $ dig @{} -p {} -b {} www.bet365.com", dns.ip(), dns.port(), pupil.address));
    output.say("The same pupil opens it in a browser: a page says why, what helps, and how to ask for it.");
    output.say(format!(
        "  $ curl -s -i --interface {} -x http://{proxy} http://www.bet365.com/",
        pupil.address
    ));
    output.say(format!("{}, a teacher, opens an encyclopaedia.", teacher.name));
    output.say(format!(
        "  $ curl -s -i --interface {} -x http://{proxy} http://en.wikipedia.org{port}/",
        teacher.address
    ));
    output.say("To sign in at the portal as the head of it, in another window:");
    output.say(format!("  $ fivebar --home {} people first-head \"Hedy Example\"", home.path().display()));
    output.say(format!("\n{}", ready.notices().unwrap_or_default()));
    output.say("Ctrl-C closes the school.");
}
