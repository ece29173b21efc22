//! `activity import`: another filter's log, as activity.

mod file;
mod known;
mod people;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use activity::client::Importing;
use activity::event::{LONGEST_AGENT, LONGEST_PATH};
use activity::import::{Heard, Imported, LONGEST_HANDED, Said, Sealing, Why};
use activity::log::{Import, Known};
use activity::page::Run;
use activity::sealed::{Handed, RecordRef};
use activity::store::Appended;
use activity::{Client, Subject, TimeRange, Whose};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use engine::live::LiveDocument;
use engine::{
    Decision, DeviceNo, Fact, FilterPolicy, Front, Identity, KnownBy, Live, Origin, PersonNo, Request,
    SealedKey, Step,
};
use kit::{Timestamp, Zone};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::not_running;
use crate::commands::context::Context;
use crate::home::read_key;
use crate::output::Failure;
use crate::process::snapshot::Opened;
use file::Source;
use people::Asker;

#[derive(Debug, Args)]
#[command(
    after_help = "What comes in is marked with the kind of log it is from, and decided nothing here: searches show it with the step \
                  `elsewhere`, reports leave it out, and `policy replay` holds it against a draft. Visits to help sites stay \
                  outside, and so does what is older than the log is kept. The same file adds nothing a second time, packed or not, \
                  and one that has grown or that was broken off adds what is new. A file that cannot be read to its end is told \
                  of, the others come in, and the command fails. Requests for what is sealed here are kept as the filter keeps \
                  its own: encrypted for those named by `sealed recipients`, in a row that names no site. Nothing here tells of \
                  them; whoever has both the file and the log finds rows without a site. Somebody is taken to be who had signed in to that filter, where the roll has their \
                  key, else nobody: who had an address then is not known. `--by-address` says that addresses have not changed. A file that ends in .gz is unpacked."
)]
pub struct Asked {
    /// The files, rotated ones too, each of one kind of log.
    #[arg(required_unless_present = "undo", conflicts_with = "undo")]
    pub files: Vec<PathBuf>,
    /// What kind of log they are.
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    pub format: Format,
    /// Take an address for the device that has it on the roll today, where that was on the roll by then. Right only where
    /// addresses are fixed and were the same then: else one child's visits are put down to another.
    #[arg(long)]
    pub by_address: bool,
    /// Take out again what an import brought in, by its name.
    #[arg(long, value_name = "NAME")]
    pub undo: Option<String>,
}

/// The kind of log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Find out from the first lines.
    Auto,
    /// Zeek's dns.log, in columns or as JSON.
    ZeekDns,
    /// Zeek's http.log, in columns or as JSON.
    ZeekHttp,
    /// Squid's access.log: native, common or combined.
    Squid,
    /// e2guardian's or DansGuardian's access.log.
    E2guardian,
    /// AdGuard Home's querylog.json.
    AdguardHome,
    /// Pi-hole's pihole-FTL.db, or its pihole.log.
    PiHole,
}

impl Format {
    fn origin(self) -> Option<Origin> {
        Some(match self {
            Self::Auto => return None,
            Self::ZeekDns => Origin::ZeekDns,
            Self::ZeekHttp => Origin::ZeekHttp,
            Self::Squid => Origin::Squid,
            Self::E2guardian => Origin::E2guardian,
            Self::AdguardHome => Origin::AdguardHome,
            Self::PiHole => Origin::PiHole,
        })
    }
}

/// Requests that go to the log together, by how long their texts are.
const TOGETHER: usize = 128 << 10;
/// Of lines that are not read so many are named for each reason.
const NAMED: usize = 3;
const A_DAY_MS: i64 = 86_400_000;

/// Runs the command. A file that cannot be read keeps none of the others from coming in.
pub fn run(context: &Context, client: &Client, asked: &Asked) -> Result<()> {
    if let Some(name) = &asked.undo {
        return undo(context, client, name);
    }
    let bringing = Bringing::new(context, client, asked.by_address)?;
    let mut failed = Vec::new();
    for path in &asked.files {
        match bringing.bring(asked.format.origin(), path) {
            Ok(None) => {}
            Ok(Some(what)) => failed.push((path, what)),
            // Without the log nothing else comes in either.
            Err(error) if matches!(error.downcast_ref(), Some(Failure::NotRunning(_))) => {
                return Err(error.context(format!(
                    "{} was not brought in to its end; `fivebar activity imports` tells what of it is in, and bringing it in \
                     again goes on with it",
                    path.display()
                )));
            }
            Err(error) => failed.push((path, format!("it was not brought in: {error:#}"))),
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    for (path, what) in &failed {
        context.output.object(&json!({ "file": path, "problem": what }));
    }
    let lines = failed.iter().map(|(path, what)| format!("{}: {what}", path.display())).collect();
    let closing = format!(
        "{} of {} files could not be read whole. Everything that could be read is in.",
        failed.len(),
        asked.files.len()
    );
    let found: Vec<Value> =
        failed.iter().map(|(path, what)| json!({ "file": path, "problem": what })).collect();
    Err(Failure::Found { lines, closing, found: json!({ "not_read_whole": found }) }.into())
}

/// What was brought in, for people.
pub fn list(context: &Context, client: &Client) -> Result<()> {
    let imports = client.imports().map_err(not_running)?;
    for import in &imports {
        context.output.object(import);
        let state = match import {
            Import { undone: true, .. } => "taken out again",
            Import { going_on: true, .. } => "in so far; it is being brought in",
            Import { whole: false, .. } => {
                "in so far; broken off: bring the file in again to go on, or take out what is in"
            }
            _ => "",
        };
        let Import { run, origin, at, events, .. } = import;
        context.output.say(format!("{run}  {at}  {:<12} {events} events  {state}", origin.id()).trim_end());
    }
    if imports.is_empty() {
        context.output.say("Nothing was brought in from another filter's log.");
    }
    Ok(())
}

fn undo(context: &Context, client: &Client, name: &str) -> Result<()> {
    let imports = client.imports().map_err(not_running)?;
    let of_name = |import: &&Import| import.run.to_string() == name;
    let Some(import) = imports.iter().find(of_name) else {
        bail!("there is no import called {name:?}; `fivebar activity imports` lists those there are")
    };
    if import.undone {
        bail!("{name} has been taken out already");
    }
    trail(context, "activity.import-undone", import.run, &json!({ "origin": import.origin }))?;
    let subject = Subject { whose: Whose::Import(import.run), time: TimeRange::default() };
    let events = client.erase(subject).map_err(not_running)?;
    context.output.object(&json!({ "undone": import.run, "events": events }));
    context.output.say(format!(
        "{events} events were taken out of the activity log again. Encrypted records of what is sealed are evidence: they stay \
         until `keep-sealed-days`, should there be any."
    ));
    Ok(())
}

fn trail(context: &Context, verb: &str, run: Run, detail: &Value) -> Result<()> {
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.begin().await?;
        let subject = store::Subject::new("activity-import", run.to_string());
        store::trail::changed(&mut tx, &context.actor, verb, &subject, detail, context.at).await?;
        tx.commit().await?;
        anyhow::Ok(())
    })
}

/// What is needed for bringing logs in.
struct Bringing<'c> {
    context: &'c Context,
    client: &'c Client,
    /// The policy in force with its sealed entries. Nothing that is said tells what they hold.
    policy: FilterPolicy,
    /// To whom records of what is sealed are encrypted, and what they say of the policy: its version and publication.
    recipients: Vec<String>,
    version: (u32, u64),
    live: Live,
    zone: Zone,
    askers: people::Askers,
    /// What is older the log would not keep.
    oldest: Timestamp,
}

/// What came of a file.
#[derive(Debug, Default)]
struct Told {
    lines: u64,
    /// Up to which line all is told.
    upto: u64,
    read: u64,
    /// Left out: visits to help sites.
    help: u64,
    /// Left out: older than the log is kept.
    too_old: u64,
    /// Left out: later than now.
    later: u64,
    /// Of those brought in, how many are of nobody known.
    unidentified: u64,
    unread: BTreeMap<Why, (u64, Vec<u64>)>,
}

impl<'c> Bringing<'c> {
    fn new(context: &'c Context, client: &'c Client, by_address: bool) -> Result<Self> {
        let key = SealedKey::new(read_key(&context.home, "sealed.key")?);
        let opened = Opened::open(&context.home.gate(), &key)?;
        let version = (opened.version, opened.published.generation);
        let Opened { policy, recipients, .. } = opened;
        let live = Live::compile(&LiveDocument::default(), &policy).0;
        let zone = Zone::named(&policy.document().calendar.zone).unwrap_or_else(|_| Zone::utc());
        let status = client.status().map_err(not_running)?;
        let oldest = context.at.plus_millis(-i64::from(status.keep_days).saturating_mul(A_DAY_MS));
        let askers = people::Askers::on_the_roll(context, by_address)?;
        Ok(Self { context, client, policy, recipients, version, live, zone, askers, oldest })
    }

    /// Brings a file in; what of it could not be read.
    fn bring(&self, origin: Option<Origin>, path: &Path) -> Result<Option<String>> {
        let mut source = Source::open(self.context, path, origin)?;
        let imports = self.client.imports().map_err(not_running)?;
        let (run, file, from) = known::run_of(&source, &imports)?;
        let origin = source.origin();
        if let Some(before) = from.filter(|import| import.file == file && import.whole) {
            self.say_again(before, path);
            return Ok(None);
        }
        let detail = json!({ "origin": origin, "bytes": file.bytes, "sha256": file.digest });
        trail(self.context, "activity.import", run, &detail)?;
        let importing = self.client.import(run, origin, file.clone()).map_err(not_running)?;
        let (version, generation) = self.version;
        let sealing = Sealing::new(&self.recipients, version, generation, Instant::now())?;
        let mut sending = Sending { importing, sealing, run, origin, rows: Vec::new(), size: 0 };
        let mut told = Told::default();
        let bar = self.context.output.progress(source.length(&file)?, "bytes brought in");
        // What the log has already is read again where another line may tell more about it, and counts once.
        let read = source.read(&self.zone, self.context.at, &mut |said, upto, at_byte| {
            bar.set_position(at_byte);
            self.take(said, &mut told, &mut sending)?;
            told.upto = upto;
            sending.send_if_due(upto)
        });
        bar.finish_and_clear();
        told.lines = source.lines();
        let broken = match read {
            Ok(()) => None,
            Err(error) if matches!(error.downcast_ref(), Some(Failure::NotRunning(_))) => return Err(error),
            Err(error) => Some(error),
        };
        let taken = match &broken {
            None => sending.end(file, told.lines),
            Some(_) => sending.break_off(told.upto),
        }?;
        self.say(run, origin, path, &told, taken);
        if source.is_unfinished() {
            self.context.output.say("The last line has no end yet and is left for the next time.");
        }
        if let Some(error) = broken {
            return Ok(Some(format!(
                "after {} of its lines it could not be read any further, and what was read is in: {error:#}",
                told.lines
            )));
        }
        Ok(told.unread.get(&Why::Damaged).map(|(many, first)| {
            let first: Vec<String> = first.iter().map(ToString::to_string).collect();
            format!("{many} requests of it {} (the first: {})", Why::Damaged.words(), first.join(", "))
        }))
    }

    fn take(&self, said: (u64, Said), told: &mut Told, sending: &mut Sending) -> Result<()> {
        match said {
            (_, Said::Nothing) => {}
            (line, Said::Unread(why)) => {
                let (many, lines) = told.unread.entry(why).or_default();
                *many += 1;
                if lines.len() < NAMED {
                    lines.push(line);
                }
            }
            (_, Said::Request(heard)) => {
                told.read += 1;
                if heard.at < self.oldest {
                    told.too_old += 1;
                } else if heard.at > self.context.at {
                    told.later += 1;
                } else {
                    let decided = self.decide(&heard);
                    if decided.is_some_and(|decided| decided.obligations.unobserved) {
                        told.help += 1;
                        return Ok(());
                    }
                    let Asker { person, device, known_by } = self.askers.who(&heard);
                    told.unidentified += u64::from(person.is_none() && device.is_none());
                    match decided.filter(|decided| decided.reason.step == Step::Sealed) {
                        Some(decided) => {
                            sending.add_sealed(&heard, decided.reason.fact, (person, device, known_by));
                        }
                        None => sending.add(heard.imported(person, device, known_by)),
                    }
                }
            }
        }
        Ok(())
    }

    /// What our own policy says of it: whether nobody may observe it, since it is a visit to a help site, or it is sealed.
    fn decide(&self, heard: &Heard) -> Option<Decision> {
        let identity = Identity::default();
        let request = Request {
            host: heard.host()?,
            port: None,
            path: heard.path.as_deref(),
            as_sent: None,
            chain: &[],
            addresses: &[],
            identity: &identity,
            front: Front::Proxy,
        };
        let at = self.zone.local(heard.at);
        Some(engine::decide(&self.policy, &self.live, &request, at))
    }

    fn say_again(&self, before: &Import, path: &Path) {
        let Import { run, origin, events, .. } = before;
        self.context.output.object(&json!({
            "import": run, "origin": origin, "file": path, "added": 0, "already": events,
        }));
        self.context.output.say(format!(
            "{} has been brought in before, as {run}: nothing was added. `fivebar activity import --undo {run}` takes it out.",
            path.display()
        ));
    }

    fn say(&self, run: Run, origin: Origin, path: &Path, told: &Told, taken: Appended) {
        let out = self.context.output;
        let Told { lines, read, help, too_old, later, unidentified, unread, .. } = told;
        let unread_lines: u64 = unread.values().map(|(many, _)| many).sum();
        let reasons: BTreeMap<&str, Value> = (unread.iter())
            .map(|(why, (many, first))| (why.id(), json!({ "lines": many, "first": first })))
            .collect();
        out.object(&json!({
            "import": run, "origin": origin, "file": path, "lines": lines, "read": read, "added": taken.events,
            "already": taken.repeated, "unidentified": unidentified, "unread": reasons,
            "left_out": { "help": help, "too_old": too_old, "later_than_now": later },
        }));
        out.say(format!(
            "{}: {} requests of a log of {} are in the activity log now, as {run}{}.",
            path.display(),
            taken.events,
            origin.id(),
            if taken.repeated > 0 {
                format!("; {} were there already", taken.repeated)
            } else {
                String::new()
            },
        ));
        if self.recipients.is_empty() {
            out.say("Nobody is named who could open records of what is sealed, so none are kept, should there be any (`fivebar sealed recipients add`).");
        }
        if *unidentified > 0 {
            out.say(format!("{unidentified} of those read are of nobody known: nobody on the roll had signed in. `--by-address` goes by devices too, where addresses are fixed."));
        }
        for (many, what) in [
            (help, "visits to help sites, of which nothing is ever kept"),
            (too_old, "requests older than the activity log is kept (`keep-days` in fivebar.toml)"),
            (later, "requests later than now"),
        ] {
            if *many > 0 {
                out.say(format!("Left out: {many} {what}."));
            }
        }
        if unread_lines > 0 {
            out.say(format!("{unread_lines} of {lines} lines were not read:"));
        }
        for (why, (many, first)) in unread {
            let first: Vec<String> = first.iter().map(ToString::to_string).collect();
            out.say(format!("  {many} because {} (the first: line {})", why.words(), first.join(", ")));
        }
    }
}

/// Requests on their way to the log.
struct Sending {
    importing: Importing,
    sealing: Sealing,
    run: Run,
    origin: Origin,
    rows: Vec<Imported>,
    size: usize,
}

impl Sending {
    fn add(&mut self, mut row: Imported) {
        let cut = |text: &mut Option<String>, longest: usize| {
            if let Some(text) = text {
                text.truncate(text.floor_char_boundary(longest));
            }
        };
        cut(&mut row.path, LONGEST_PATH);
        cut(&mut row.agent, LONGEST_AGENT);
        let texts = [row.host.as_ref(), row.path.as_ref(), row.agent.as_ref(), row.searched.as_ref()];
        self.size += 200 + texts.into_iter().flatten().map(String::len).sum::<usize>();
        self.rows.push(row);
    }

    /// A request of which something is sealed.
    fn add_sealed(
        &mut self,
        heard: &Heard,
        fact: Fact,
        whose: (Option<PersonNo>, Option<DeviceNo>, KnownBy),
    ) {
        let reference = reference_of(self.run, heard.line);
        if let Some(row) = self.sealing.row(heard, self.origin, fact, whose, reference) {
            self.size += LONGEST_HANDED;
            self.add(row);
        }
    }

    fn send_if_due(&mut self, told: u64) -> Result<()> {
        if self.size < TOGETHER {
            return Ok(());
        }
        let records = self.sealing.encrypted();
        self.send(told, records)
    }

    fn send(&mut self, told: u64, records: Vec<Handed>) -> Result<()> {
        self.size = 0;
        self.importing.take(std::mem::take(&mut self.rows), told, records).map_err(not_running)
    }

    fn end(mut self, file: Known, lines: u64) -> Result<Appended> {
        let records = self.sealing.end();
        self.send(lines, records)?;
        self.importing.end(file, lines).map_err(not_running)
    }

    /// The file can be read no further: what was read of it comes in.
    fn break_off(mut self, told: u64) -> Result<Appended> {
        let records = self.sealing.end();
        self.send(told, records)?;
        self.importing.break_off().map_err(not_running)
    }
}

/// The reference of a record that a line begins: the same each time, and no more than the row's own number tells.
fn reference_of(run: Run, line: u64) -> RecordRef {
    let digest = Sha256::new()
        .chain_update(b"fivebar sealed record of an import\n")
        .chain_update(run.0.to_le_bytes())
        .chain_update(line.to_le_bytes())
        .finalize();
    RecordRef::scattered(u64::from_le_bytes(digest.first_chunk::<8>().copied().unwrap_or_default()))
}

/// The file as it is known again.
fn known(bytes: u64, digest: &[u8]) -> Known {
    Known { bytes, digest: digest.iter().map(|byte| format!("{byte:02x}")).collect() }
}
