//! `activity`.

mod count;
mod erase;
mod export;
pub mod import;
pub mod shown;

use std::ops::ControlFlow;
use std::path::PathBuf;

use activity::log::{Damage, Loss};
use activity::{Client, ClientError, Search};
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use engine::PersonNo;
use kit::Zone;
use serde_json::json;

use crate::commands::context::Context;
use crate::commands::report;
use crate::output::{Failure, is_unheard};
use shown::{ActivityFilter, Shown};

#[derive(Debug, Subcommand)]
pub enum Activity {
    /// Find what devices did, newest first.
    Search(ActivityFilter),
    /// Follow what devices do.
    Tail(ActivityFilter),
    /// Count what devices did, by verdict or by what else tells it apart.
    Count {
        #[command(flatten)]
        filter: ActivityFilter,
        /// By what. With --json there is a count by each.
        #[arg(long, value_enum, default_value_t = count::By::Verdict)]
        by: count::By,
    },
    /// Write what devices did as CSV, as a Parquet file, or as JSON lines with --json.
    Export {
        #[command(flatten)]
        filter: ActivityFilter,
        /// The form of the file.
        #[arg(long, value_enum, default_value_t = Form::Csv)]
        format: Form,
        /// The file to write; standard output if left out.
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
    /// Make a report over all that is kept: one person, a site over a term, what was blocked most, search terms.
    Report {
        #[command(flatten)]
        asked: report::Asked,
        #[command(flatten)]
        about: About,
    },
    /// Show how much is kept of one person, device or address; with --apply, erase it: from every answer and every file.
    #[command(after_help = erase::WHAT_STAYS)]
    Erase(erase::Asked),
    /// Bring in the logs of another filter, marked as such: Zeek, squid, e2guardian, AdGuard Home, Pi-hole.
    Import(import::Asked),
    /// List what was brought in, with the names that `import --undo` takes.
    Imports,
    /// Show how much is kept, how much is waiting and exactly how much was lost.
    Status,
    /// Say that damage of the log has been seen and why nothing more is to be done. Nothing is deleted, `verify` goes on
    /// telling of it, and fails for it no more; other damage fails it as before.
    AcknowledgeDamage {
        /// Why nothing more is to be done, without anybody's name: it is kept as long as the log.
        #[arg(long)]
        reason: String,
    },
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// For spreadsheets.
    Csv,
    /// For DuckDB, pandas and other tools that read columns.
    Parquet,
}

/// Whom and when a report is about.
#[derive(Debug, Args, Clone, Default)]
pub struct About {
    /// For `person`: by the pseudonym that a search shows; by name or number where identities are opened.
    #[arg(long)]
    pub person: Option<String>,
    /// Show who persons are. Leaves an entry in the access trail and in the activity log before anything is shown.
    #[arg(long, requires = "reason")]
    pub open_identities: bool,
    /// Why identities are opened, without anybody's name: it is kept as long as the log.
    #[arg(long, requires = "open_identities")]
    pub reason: Option<String>,
    /// Only from this time on the school's clocks; a day alone, `today` or `yesterday` is from midnight. Reports by day have whole days
    /// of the school.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only before this time on the school's clocks; a day alone is its midnight.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
}

/// How many events a search shows where nothing is said.
const SEARCH_SHOWS: u64 = 100;

/// Runs the command.
pub fn run(context: &Context, asked: Activity) -> Result<()> {
    let client = Client::new(&context.home.run());
    match asked {
        Activity::Search(filter) => {
            let shown = Shown::new(context, &filter)?;
            let limit = filter.limit.or(Some(SEARCH_SHOWS));
            let search = Search { limit, ..shown.search(context, &filter)? };
            shown.open(context, &client, "activity.search", &search)?;
            let mut found = 0u64;
            let answered = client.search(&search, |event| {
                found += 1;
                shown.event(context, event);
                go_on()
            });
            answered.map_err(not_running)?;
            if found == 0 {
                context.output.say("Nothing was found. Leave a filter out, or widen the time.");
            }
            Ok(())
        }
        Activity::Tail(filter) => {
            let shown = Shown::new(context, &filter)?;
            let search = Search { limit: None, ..shown.search(context, &filter)? };
            shown.open(context, &client, "activity.tail", &search)?;
            client
                .tail(&search, None, |event| {
                    shown.event(context, event);
                    go_on()
                })
                .map_err(not_running)
        }
        Activity::Count { filter, by } => count::run(context, &client, &filter, by),
        Activity::Export { filter, format, output } => {
            export::write_out(context, &client, &filter, format, output.as_deref())
        }
        Activity::Report { asked, about } => make_report(context, &client, &asked, &about),
        Activity::Erase(asked) => erase::run(context, &client, &asked),
        Activity::Import(asked) => import::run(context, &client, &asked),
        Activity::Imports => import::list(context, &client),
        Activity::Status => status(context, &client),
        Activity::AcknowledgeDamage { reason } => acknowledge_damage(context, &client, &reason),
    }
}

/// As long as somebody reads what is printed.
fn go_on() -> ControlFlow<()> {
    if is_unheard() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

fn acknowledge_damage(context: &Context, client: &Client, reason: &str) -> Result<()> {
    let reason = reason.trim();
    if reason.is_empty() {
        bail!("say with --reason why nothing more is to be done about it");
    }
    let look = activity::log::look(&context.home.log(), &context.home.run())
        .context("cannot read the activity log")?;
    let lost: Vec<Loss> = (look.lost.into_iter())
        .filter(|(_, acknowledged)| acknowledged.is_none())
        .map(|(loss, _)| loss)
        .collect();
    let mut news: Vec<Damage> = (look.damaged.into_iter())
        .filter(|(_, acknowledged)| acknowledged.is_none())
        .map(|(damage, _)| damage)
        .collect();
    let places = news.len();
    for loss in lost.iter().map(Loss::as_damage) {
        if !news.contains(&loss) {
            news.push(loss);
        }
    }
    if news.is_empty() {
        bail!(
            "nothing of the activity log is damaged that was not acknowledged; `fivebar verify` tells of all"
        );
    }
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.begin().await?;
        let subject = store::Subject::new("activity-log", "damage");
        let detail = json!({ "damage": news, "lost": lost });
        let verb = "activity.acknowledge-damage";
        store::trail::changed(&mut tx, &context.actor, verb, &subject, &detail, context.at).await?;
        // Where the log cannot write it down, the trail does not say that it did.
        client.acknowledge_damage(&news, reason).map_err(not_running)?;
        tx.commit().await?;
        anyhow::Ok(())
    })?;
    let bytes: u64 = news.iter().map(Damage::bytes).sum();
    context.output.object(&json!({ "acknowledged": news, "lost": lost, "bytes": bytes, "reason": reason }));
    let events: u64 = lost.iter().map(|loss| loss.events).sum();
    let events = if events > 0 { format!(", and that {events} events are lost,") } else { String::new() };
    context.output.say(format!(
        "{bytes} damaged bytes in {places} places{events} are acknowledged. They stay as they are; `fivebar verify` tells of them, \
         and fails for other damage."
    ));
    Ok(())
}

pub fn not_running(error: ClientError) -> anyhow::Error {
    Failure::NotRunning(error.to_string()).into()
}

fn make_report(context: &Context, client: &Client, asked: &report::Asked, about: &About) -> Result<()> {
    let filter = ActivityFilter {
        person: about.person.clone(),
        open_identities: about.open_identities,
        reason: about.reason.clone(),
        since: about.since.clone(),
        until: about.until.clone(),
        ..ActivityFilter::default()
    };
    let shown = Shown::new(context, &filter)?;
    let search = shown.search(context, &filter)?;
    let zone = shown.opened.policy.document().calendar.zone.as_str();
    let zone = if Zone::named(zone).is_ok() { zone } else { "UTC" };
    let report = report::report(asked, search.person, search.time, zone)?;
    let groups = shown.opened.policy.groups();
    let group = |number: u64| {
        let number = u16::try_from(number).ok()?;
        groups.all().find(|(group, ..)| group.0 == number).map(|(_, id, _)| id.to_owned())
    };
    shown.open(context, client, "activity.report", &search)?;
    let person = |number: u64| match u32::try_from(number).map(PersonNo) {
        Ok(person) if shown.reason.is_none() => shown.pseudonyms.person(person).into(),
        _ => number.into(),
    };
    report::show(context, client, &report, &shown.zone, group, person)
}

fn status(context: &Context, client: &Client) -> Result<()> {
    let status = client.status().map_err(not_running)?;
    let accounts = &status.accounts;
    let open = |of: fn(&activity::log::OpenRun) -> u64| accounts.open.iter().map(of).sum::<u64>();
    let issued = accounts.issued + open(|run| run.issued);
    let durable = (accounts.durable + open(|run| run.durable)).saturating_sub(accounts.damaged);
    let lost = accounts.lost + open(|run| run.lost) + accounts.damaged;
    let in_flight = open(|run| run.owed);
    context.output.object(&json!({
        "issued": issued, "durable": durable, "lost": lost, "waiting": issued.saturating_sub(durable + lost),
        "in_flight": in_flight, "damaged": accounts.damaged, "at_least": accounts.at_least,
        "imported": accounts.imported, "imported_damaged": accounts.imported_damaged, "inexact_runs": accounts.inexact_runs, "events_kept": status.last_seq.saturating_sub(status.first_seq.saturating_sub(1)),
        "bytes": status.bytes, "keep_days": status.keep_days, "alarm": status.alarm, "help": status.help,
        "sync_us_p50": status.sync_us_p50, "sync_us_p99": status.sync_us_p99,
    }));
    context.output.say(format!(
        "{issued} events were given out by gates: {durable} are on disk, {}{lost} were lost and counted, {} are on their way.",
        if accounts.at_least { "at least " } else { "" },
        issued.saturating_sub(durable + lost)
    ));
    if accounts.damaged > 0 {
        context.output.say(format!(
            "{} of the lost were on disk and were damaged there. Run `fivebar verify`, keep a copy of the folder `log`, and \
             have the disk looked at.",
            accounts.damaged
        ));
    }
    if accounts.imported > 0 {
        context.output.say(format!(
            "{} more events were brought in from other filters' logs; `fivebar activity imports` lists them.",
            accounts.imported
        ));
    }
    if accounts.imported_damaged > 0 {
        context.output.say(format!(
            "{} events that were brought in were damaged on disk since, which is no loss of a gate. Take their import out and bring \
             its file in again.",
            accounts.imported_damaged
        ));
    }
    if in_flight > 0 {
        context.output.say(format!(
            "{in_flight} requests are being carried out; each becomes an event when it is over, or is counted as lost."
        ));
    }
    context.output.say(format!(
        "{} bytes in {} files are kept, for {} days. Writing to disk takes {} µs, at worst {} µs.",
        status.bytes, status.segments, status.keep_days, status.sync_us_p50, status.sync_us_p99
    ));
    if let Some(alarm) = &status.alarm {
        context.output.say(format!(
            "ALARM since {}: events cannot be written: {}. Make room; gates keep what they can meanwhile.",
            alarm.since, alarm.why
        ));
    }
    Ok(())
}
