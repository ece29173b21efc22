//! `activity`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

use activity::export::{Told, Whom};
use activity::log::Damage;
use activity::{Client, ClientError, Event, Search, TimeRange, export};
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use engine::{PersonNo, SealedKey, Step, Verdict};
use kit::Zone;
use kit::nearby::did_you_mean;
use serde_json::json;

use crate::commands::context::Context;
use crate::commands::pseudonym::{self, Pseudonyms};
use crate::commands::{report, when, who};
use crate::home::read_key;
use crate::output::{Failure, Printed, is_unheard};
use crate::process::snapshot::Opened;

#[derive(Debug, Subcommand)]
pub enum Activity {
    /// Find what devices did, newest first.
    Search(ActivityFilter),
    /// Follow what devices do.
    Tail(ActivityFilter),
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

#[derive(Debug, Args, Clone, Default)]
pub struct ActivityFilter {
    /// Only this person, by the pseudonym that a search shows; by name or number where identities are opened.
    #[arg(long)]
    pub person: Option<String>,
    /// Show who persons and devices are. Leaves an entry in the access trail and in the activity log before anything is
    /// shown.
    #[arg(long, requires = "reason")]
    pub open_identities: bool,
    /// Why identities are opened, without anybody's name: it is kept as long as the log.
    #[arg(long, requires = "open_identities")]
    pub reason: Option<String>,
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
    /// At most so many, the newest. A search shows 100 if left out, an export has all.
    #[arg(long)]
    pub limit: Option<u64>,
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
    /// Only from this time on the school's clocks; a day alone is from midnight. Reports by day have whole days in UTC.
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
        Activity::Export { filter, format, output } => {
            write_out(context, &client, &filter, format, output.as_deref())
        }
        Activity::Report { asked, about } => make_report(context, &client, &asked, &about),
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
    let news: Vec<Damage> = (look.damaged.into_iter())
        .filter(|(_, acknowledged)| acknowledged.is_none())
        .map(|(damage, _)| damage)
        .collect();
    if news.is_empty() {
        bail!(
            "nothing of the activity log is damaged that was not acknowledged; `fivebar verify` tells of all"
        );
    }
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.begin().await?;
        let subject = store::Subject::new("activity-log", "damage");
        let detail = json!({ "damage": news });
        let verb = "activity.acknowledge-damage";
        store::trail::changed(&mut tx, &context.actor, verb, &subject, &detail, context.at).await?;
        // Where the log cannot write it down, the trail does not say that it did.
        client.acknowledge_damage(&news, reason).map_err(not_running)?;
        tx.commit().await?;
        anyhow::Ok(())
    })?;
    let bytes: u64 = news.iter().map(Damage::bytes).sum();
    context.output.object(&json!({ "acknowledged": news, "bytes": bytes, "reason": reason }));
    context.output.say(format!(
        "{bytes} damaged bytes in {} places are acknowledged. They stay as they are; `fivebar verify` tells of them, and \
         fails for other damage.",
        news.len()
    ));
    Ok(())
}

pub fn not_running(error: ClientError) -> anyhow::Error {
    Failure::NotRunning(error.to_string()).into()
}

/// What may stand as the step of an event.
fn steps() -> impl Iterator<Item = Step> {
    Step::ALL.into_iter().chain([Step::Front])
}

/// Whom a search is about. A number may be that of somebody who has left the roll.
fn person(context: &Context, written: &str) -> Result<PersonNo> {
    if let Ok(number) = written.parse() {
        return Ok(PersonNo(number));
    }
    match who::on_the_roll(context, written)? {
        Some(person) => Ok(person.number),
        None => bail!("nobody on the roll is called {written:?}; `fivebar people show` lists the roll"),
    }
}

/// What numbers stand for, as far as it may be seen.
struct Shown {
    zone: Zone,
    opened: Opened,
    names: HashMap<PersonNo, String>,
    pseudonyms: Pseudonyms,
    /// Why identities are opened, if they are.
    reason: Option<String>,
}

impl Shown {
    fn new(context: &Context, filter: &ActivityFilter) -> Result<Self> {
        let reason = match filter.reason.as_deref().map(str::trim) {
            Some("") => bail!("say with --reason why identities are to be opened"),
            reason => reason.filter(|_| filter.open_identities).map(str::to_owned),
        };
        let key = read_key(&context.home, "sealed.key")?;
        let pseudonyms = Pseudonyms::new(key);
        let opened = Opened::open(&context.home.gate(), &SealedKey::new(key))?;
        let zone = Zone::named(&opened.policy.document().calendar.zone).unwrap_or_else(|_| Zone::utc());
        let records = context.records()?;
        let people = context.wait(async {
            let mut tx = records.read().await?;
            let people = people::people(&mut tx).await?;
            tx.roll_back().await?;
            anyhow::Ok(people)
        })?;
        let names = people.into_iter().map(|person| (person.number, person.name.into_revealed())).collect();
        Ok(Self { zone, opened, names, pseudonyms, reason })
    }

    /// Writes down that identities are opened, if they are, before anything is shown.
    fn open(&self, context: &Context, client: &Client, verb: &str, search: &Search) -> Result<()> {
        let Some(reason) = &self.reason else { return Ok(()) };
        let records = context.records()?;
        context.wait(async {
            let mut tx = records.begin().await?;
            let subject = store::Subject::new("activity-log", "identities");
            let detail = json!({ "person": search.person });
            let verb = format!("{verb}-opened");
            store::trail::changed(&mut tx, &context.actor, &verb, &subject, &detail, context.at).await?;
            // Where the log cannot write down why, nothing is opened and the trail does not say that it was.
            client.open_identities(reason).map_err(not_running)?;
            tx.commit().await?;
            anyhow::Ok(())
        })
    }

    /// The number of whom a search is about: anybody's by their pseudonym; by name or number where identities are opened.
    fn person(&self, context: &Context, written: &str) -> Result<PersonNo> {
        if pseudonym::is_one(written) {
            let found = self.pseudonyms.whose(written, self.names.keys().copied());
            return found.with_context(|| format!("nobody here has the pseudonym {written:?}"));
        }
        if self.reason.is_none() {
            bail!(
                "to look for somebody by name or number is to open an identity: add --open-identities --reason WHY, or \
                 give the pseudonym that a search shows"
            );
        }
        person(context, written)
    }

    /// An event as it may be seen.
    fn told(&self, event: Event) -> Told {
        if self.reason.is_some() {
            return Told::new(event, |person| Whom::Number(person.0), |device| Whom::Number(device.0));
        }
        let person = |person| Whom::Pseudonym(self.pseudonyms.person(person));
        let device = |device| Whom::Pseudonym(self.pseudonyms.device(device));
        Told::new(event, person, device)
    }

    /// Who it was, for people.
    fn who(&self, event: &Event) -> String {
        match event.person {
            None => event.client.map(|client| client.to_string()).unwrap_or_default(),
            Some(person) if self.reason.is_none() => self.pseudonyms.person(person),
            Some(person) => {
                self.names.get(&person).cloned().unwrap_or_else(|| format!("person {}", person.0))
            }
        }
    }

    fn search(&self, context: &Context, filter: &ActivityFilter) -> Result<Search> {
        let moment =
            |text: &Option<String>| text.as_deref().map(|text| when::moment(text, &self.zone)).transpose();
        let person = filter.person.as_deref().map(|who| self.person(context, who)).transpose()?;
        let group = match &filter.group {
            Some(id) => Some(self.opened.policy.groups().number(id).with_context(|| {
                let groups = self.opened.policy.groups().all().map(|(_, id, _)| id);
                format!("the policy has no group {id:?}{}", did_you_mean(id, groups, ""))
            })?),
            None => None,
        };
        let verdict = match filter.verdict.as_deref() {
            None => None,
            Some("allow") => Some(Verdict::Allow),
            Some("block") => Some(Verdict::Block),
            Some("scan") => Some(Verdict::Scan),
            Some(other) => bail!("{other:?} is no verdict; use allow, block or scan"),
        };
        let step = match filter.step.as_deref() {
            None => None,
            Some(id) => Some(steps().find(|step| step.id() == id).with_context(|| {
                let ids: Vec<&str> = steps().map(Step::id).collect();
                format!("{id:?} is no step; use one of {}", ids.join(", "))
            })?),
        };
        Ok(Search {
            person,
            client: filter.address,
            group,
            site: filter.site.clone(),
            verdict,
            step,
            time: TimeRange { from: moment(&filter.since)?, to: moment(&filter.until)? },
            limit: filter.limit,
            ..Search::default()
        })
    }

    fn event(&self, context: &Context, event: Event) {
        if context.output.is_json() {
            context.output.object(&self.told(event));
            return;
        }
        let civil = self.zone.local(event.at).civil();
        let who = self.who(&event);
        let category = event
            .category
            .and_then(|number| self.opened.policy.catalogue().category(number))
            .map_or("", |category| category.id.as_str());
        let about = event.refusal.map_or(category, |refusal| refusal.id());
        let ended = event
            .sent
            .map_or_else(String::new, |sent| format!("  ended: {sent} bytes sent, {} received", event.bytes));
        context.output.say(format!(
            "{civil:.0}  {:<24} {:<7} {:<5} {}{}  ({} {about}){ended}",
            who,
            event.front,
            event.verdict.id(),
            event
                .host
                .clone()
                .or_else(|| event.record.map(|record| record.to_string()))
                .unwrap_or_else(|| "-".to_owned()),
            event.path.as_deref().unwrap_or(""),
            event.step,
        ));
    }
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
    let report = report::report(asked, search.person, search.time)?;
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
    report::show(context, client, &report, group, person)
}

fn write_out(
    context: &Context,
    client: &Client,
    filter: &ActivityFilter,
    format: Form,
    output: Option<&std::path::Path>,
) -> Result<()> {
    let shown = Shown::new(context, filter)?;
    let search = shown.search(context, filter)?;
    if format == Form::Parquet {
        return write_parquet(context, client, &shown, &search, output);
    }
    shown.open(context, client, "activity.export", &search)?;
    let mut out: Box<dyn Write> = match output {
        Some(file) => Box::new(BufWriter::new(
            File::create(file).with_context(|| format!("cannot write {}", file.display()))?,
        )),
        None => Box::new(BufWriter::new(Printed)),
    };
    let json = context.output.is_json();
    if !json {
        out.write_all(export::CSV_HEAD.as_bytes())?;
    }
    let (mut written, mut failed) = (0u64, None);
    client
        .search(&search, |event| {
            let told = shown.told(event);
            let done =
                if json { export::write_json(&mut out, &told) } else { export::write_csv(&mut out, &told) };
            match done {
                Ok(()) => {
                    written += 1;
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })
        .map_err(not_running)?;
    if let Some(error) = failed {
        return Err(error).context("cannot write the export");
    }
    out.flush()?;
    if let Some(file) = output {
        context.output.say(format!("{written} events are in {}.", file.display()));
    }
    Ok(())
}

/// Writes an export as columns. A Parquet file ends with what makes it readable, so it cannot go down a pipe.
fn write_parquet(
    context: &Context,
    client: &Client,
    shown: &Shown,
    search: &Search,
    output: Option<&std::path::Path>,
) -> Result<()> {
    let Some(path) = output else { bail!("say with --output which file to write as Parquet") };
    if context.output.is_json() {
        bail!("--json asks for JSON lines and --format parquet for a file of columns; give one of them");
    }
    shown.open(context, client, "activity.export", search)?;
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut out = columns::Export::begin(file).context("cannot write the export")?;
    let (mut written, mut failed) = (0u64, None);
    client
        .search(search, |event| match out.add(&shown.told(event)) {
            Ok(()) => {
                written += 1;
                ControlFlow::Continue(())
            }
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        })
        .map_err(not_running)?;
    match failed {
        Some(error) => return Err(error).context("cannot write the export"),
        None => out.end().context("cannot write the export")?,
    }
    context.output.say(format!("{written} events are in {}.", path.display()));
    Ok(())
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
        "inexact_runs": accounts.inexact_runs, "events_kept": status.last_seq.saturating_sub(status.first_seq.saturating_sub(1)),
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
