//! `filter-test`: asks the running gate as each group, holds what comes against what should, and keeps it as evidence.

mod asking;
mod proxy;
mod testing;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use engine::document::EVERYONE;
use engine::{FilterPolicy, Live, PolicyDocument, SealedKey};
use filtering::filter_test::{self, Answer, CheckResult, Content, Kept, Outcome, Report, sample};
use filtering::observing;
use filtering::publish::Published;
use front_dns::resolver::PASS_SHOWN;
use kit::{Private, Zone};
use serde_json::json;

use crate::commands::context::Context;
use crate::commands::who;
use crate::home::read_key;
use crate::output::Failure;
use crate::process::snapshot::Opened;
use asking::Gate;
use proxy::Proxy;
use testing::{Asking, School, Testing};

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Each question goes to the running gate over the network, with a pass that only this school's key makes: the gate \
                  answers as it would answer somebody of that group. What the gate refuses goes nowhere; what is open is looked up \
                  as any device would. The exit code is 5 where a check failed, or the policy leaves open to children what a published \
                  criterion wants closed. It is a test of what is named: it cannot show that \
                  nothing unsuitable can be reached."
)]
pub struct FilterTest {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the tests that were kept, newest first.
    History {
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show a test that was kept.
    Show {
        /// Its number.
        number: u32,
    },
}

#[derive(Debug, Args)]
struct Asked {
    /// Only as this group, by its id; every group of the policy if left out.
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// Where the gate answers; the first address of [dns] listen if left out.
    #[arg(long)]
    server: Option<SocketAddr>,
    /// Where the web proxy answers; the first address of [proxy] listen if left out.
    #[arg(long)]
    proxy: Option<SocketAddr>,
    /// How many names of each list are asked for.
    #[arg(long, default_value_t = NAMES, value_parser = clap::value_parser!(u16).range(1..=1000))]
    names: u16,
}

/// Runs the command.
pub fn run(context: &Context, asked: &FilterTest) -> Result<()> {
    match &asked.what {
        None => test(context, &asked.asked),
        Some(What::History { limit }) => history(context, *limit),
        Some(What::Show { number }) => show(context, *number),
    }
}

/// What a test is carried out with.
pub struct Keys {
    pub sealed: SealedKey,
    /// Makes passes.
    pub ticket: Private<[u8; 32]>,
}

fn test(context: &Context, asked: &Asked) -> Result<()> {
    let keys = Keys {
        sealed: SealedKey::new(read_key(&context.home, "sealed.key")?),
        ticket: Private::new(read_key(&context.home, "ticket.key")?),
    };
    let kept = carry_out(context, asked, keys)?;
    tell(context, &kept);
    if kept.report.passed {
        return Ok(());
    }
    let (failed, not_met, number) = (kept.report.failed(), kept.report.not_met(), kept.number);
    let failed = match (failed.is_empty(), not_met.is_empty()) {
        (true, true) => "the filter test failed: nothing could be tested".to_owned(),
        (true, false) => format!("not met: {}", not_met.join("; ")),
        (false, true) => format!("the filter test failed: {}", failed.join(", ")),
        (false, false) => {
            format!("the filter test failed: {}; not met: {}", failed.join(", "), not_met.join("; "))
        }
    };
    Err(Failure::TestFailed(format!("{failed}; it is kept as test {number}")).into())
}

/// Tests as every group, and keeps what came of it. Nothing is printed.
pub fn test_everything(context: &Context, keys: Keys) -> Result<Kept> {
    carry_out(context, &Asked { groups: Vec::new(), server: None, proxy: None, names: NAMES }, keys)
}

/// How many names of each list are asked for.
const NAMES: u16 = 3;

fn carry_out(context: &Context, asked: &Asked, keys: Keys) -> Result<Kept> {
    let Keys { sealed: key, ticket } = keys;
    let opened = Opened::open(&context.home.gate(), &key)?;
    opened.report();
    let policy = &opened.policy;
    let groups = groups(context, policy, &asked.groups)?;
    let Some(server) = asked.server.or_else(|| context.config.dns.listen.first().copied().map(reachable))
    else {
        bail!("this school's settings name no address of the gate; say one with --server")
    };
    let listens = context.config.proxy.listen.first().copied().filter(|listens| listens.port() != 0);
    // A gate that is not the one of the settings has a proxy of its own.
    let own = listens.filter(|_| asked.server.is_none()).map(reachable);
    let proxy = asked.proxy.or(own).map(|server| Proxy { server, key: ticket.clone() });
    let mut gate = Gate::at(server, ticket)?;
    is_our_gate(&mut gate, &groups)?;
    let sampled = sampled(context, policy, usize::from(asked.names))?;
    let content = Content::built_in()?;
    let notice = policy.sealed().state(context.at).notice().map(str::to_owned);
    let (live, _) = Live::compile(&opened.live, policy);
    let observing = observing::notice(policy, &live, context.at).map(|notice| format!("The filter {notice}"));
    let bar = context.output.progress(content.checks.len() as u64, "asking the gate");
    let school = School { home: context.home.clone(), key, opened };
    let asking = Asking {
        groups: groups.clone(),
        all_groups: asked.groups.is_empty(),
        adults: content.adults.clone(),
        today: today(context, &school.opened.policy),
    };
    let mut testing = Testing::new(school, gate, sampled, asking, notice.clone(), proxy);
    let mut checks = Vec::new();
    for check in &content.checks {
        checks.push(testing.check(check)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let rows = Report::rows_of(&content, &checks);
    let failed = checks.iter().any(|check| matches!(check.outcome, Outcome::Failed | Outcome::NotMet));
    let report = Report {
        passed: !failed && checks.iter().any(|check| check.asked > 0),
        content: content.version,
        policy: testing.policy_version(),
        groups,
        all_groups: asked.groups.is_empty(),
        server: testing.server().to_string(),
        notice: match (observing, notice) {
            (Some(observing), Some(notice)) => Some(format!("{observing} {notice}")),
            (observing, notice) => observing.or(notice),
        },
        checks,
        rows,
    };
    let records = context.records()?;
    let number = context.wait(async {
        let mut tx = records.begin().await?;
        let number = filter_test::keep(&mut tx, &context.actor, &report, context.at).await?;
        tx.commit().await?;
        anyhow::Ok(number)
    })?;
    Ok(Kept { number, at: context.at, run_by: context.actor.to_string(), report })
}

/// Refuses what answers nothing, and what does not know this school's passes: then whoever asks would be nobody, and the test
/// would be one of strangers.
fn is_our_gate(gate: &mut Gate, groups: &[String]) -> Result<()> {
    let server = gate.server();
    let group = groups.first().map(String::as_str).unwrap_or_default();
    let why = match gate.ask(group, PASS_SHOWN, 1)? {
        Answer::Refused => return Ok(()),
        Answer::Nothing if server.port() == 0 => {
            "the settings let the gate choose its port; `fivebar run` said which, and --server takes it"
                .to_owned()
        }
        Answer::Nothing => {
            format!("no gate answers on {server}; is `fivebar run` running? --server says another address")
        }
        _ => format!(
            "what answers on {server} does not take this school's pass, so it would not be tested as anybody: it is another \
             server, or one of another school, something stands between, or the two clocks are more than a minute apart"
        ),
    };
    Err(Failure::NotRunning(why).into())
}

/// Where an address that is listened on can be reached from here.
fn reachable(listens: SocketAddr) -> SocketAddr {
    let ip: IpAddr = match listens.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listens.port())
}

/// The groups to ask as.
fn groups(context: &Context, policy: &FilterPolicy, asked: &[String]) -> Result<Vec<String>> {
    if asked.is_empty() {
        let all = policy.groups().all().map(|(_, id, _)| id.to_owned());
        let all: Vec<String> = all.filter(|id| id != EVERYONE).collect();
        return Ok(if all.is_empty() { vec![EVERYONE.to_owned()] } else { all });
    }
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.read().await?;
        for group in asked {
            who::must_be_group(&mut tx, group, "").await?;
        }
        tx.roll_back().await?;
        anyhow::Ok(())
    })?;
    Ok(asked.to_vec())
}

/// Some names of each list in use. Reading large lists takes seconds.
fn sampled(context: &Context, policy: &FilterPolicy, names: usize) -> Result<sample::Sampled> {
    let records = context.records()?;
    let lists = context.wait(async {
        let mut tx = records.read().await?;
        let lists = filtering::list::in_use(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok(lists)
    })?;
    let today = today(context, policy);
    let mut sampled = sample::Sampled::new();
    let bar = context.output.progress(lists.len() as u64, "reading lists");
    for list in &lists {
        sample::sample(&context.home.lists(), list, names, &today, &mut sampled)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(sampled)
}

/// The day at the school, by which the names are chosen.
fn today(context: &Context, policy: &FilterPolicy) -> String {
    let zone = Zone::named(&policy.document().calendar.zone).unwrap_or_else(|_| Zone::utc());
    zone.local(context.at).date().to_string()
}

fn tell(context: &Context, kept: &Kept) {
    let Kept { number, at, run_by, report } = kept;
    let out = context.output;
    out.object(&json!({ "number": number, "at": at.to_string(), "by": run_by, "report": report }));
    out.say(format!(
        "Test {number} of {at}: the gate at {} under version {} of the policy, as {}.",
        report.server,
        report.policy,
        if report.groups.len() > 6 {
            format!("{} groups", report.groups.len())
        } else {
            report.groups.join(", ")
        }
    ));
    if let Some(notice) = &report.notice {
        out.say(notice);
    }
    for check in &report.checks {
        say_check(context, check);
    }
    out.say("\nWhat that says of the published criteria (what is left to people stands behind it):");
    for row in &report.rows {
        let by = row.by.as_deref().map(|by| format!("; the rest: {by}")).unwrap_or_default();
        out.say(format!("  {:<8} {:<10} {}{by}", row.id, row.outcome.words(), row.words));
        for why in &row.not_met {
            out.say(format!("           not met: {why}"));
        }
    }
}

fn say_check(context: &Context, check: &CheckResult) {
    let out = context.output;
    let counted = match check.asked {
        0 => String::new(),
        asked => format!(" ({asked} questions, {} refused)", check.refused),
    };
    out.say(format!("\n{:<10} {}{counted}", check.outcome.words(), check.title));
    for failure in &check.failures {
        out.say(format!("  as {}: {} {}", failure.group, failure.name, failure.should));
    }
    for open in &check.left_open {
        out.say(format!("  not met: {open}"));
    }
    let told = check.failures.len() as u64;
    if check.failed > told {
        out.say(format!("  … and {} more", check.failed - told));
    }
    for what in &check.not_tested {
        out.say(format!("  not tested: {what}"));
    }
}

/// The school's own time, by the policy that is published; UTC where none is.
fn zone(context: &Context) -> Zone {
    let folder = context.home.gate();
    let published = Published::read(&folder).ok().flatten();
    let text = published.and_then(|published| published.policy(&folder).ok()).map(|policy| policy.document);
    let document = text.and_then(|text| PolicyDocument::parse(&text).ok());
    document.and_then(|document| Zone::named(&document.calendar.zone).ok()).unwrap_or_else(Zone::utc)
}

fn history(context: &Context, limit: u32) -> Result<()> {
    let records = context.records()?;
    let all = context.wait(async {
        let mut tx = records.read().await?;
        let all = filter_test::newest(&mut tx, limit).await?;
        tx.roll_back().await?;
        anyhow::Ok(all)
    })?;
    if all.is_empty() {
        context.output.say("The filter was never tested here. `fivebar filter-test` tests it.");
    }
    let zone = zone(context);
    for Kept { number, at, run_by, report } in all {
        let (failed, outcome) = (report.failed(), report.in_short());
        let local = zone.local(at).civil().strftime("%Y-%m-%d %H:%M").to_string();
        context.output.say(format!("{number:>4}  {local}  {run_by}  policy {}  {outcome}", report.policy));
        context.output.object(&json!({
            "number": number, "at": at.to_string(), "by": run_by, "policy": report.policy,
            "passed": report.passed, "failed": failed, "not_met": report.not_met(), "in_short": report.in_short(),
        }));
    }
    Ok(())
}

fn show(context: &Context, number: u32) -> Result<()> {
    let records = context.records()?;
    let found = context.wait(async {
        let mut tx = records.read().await?;
        let found = filter_test::kept(&mut tx, number).await?;
        tx.roll_back().await?;
        anyhow::Ok(found)
    })?;
    let Some(kept) = found else {
        bail!("there is no test {number}; `fivebar filter-test history` lists them")
    };
    tell(context, &kept);
    Ok(())
}
