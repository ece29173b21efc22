//! `sealed`.

mod arguments;

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use activity::sealed::{Identity, RecordRef, SealedRecord, Shelf, is_public_key};
use anyhow::{Context as _, Result, bail};
use engine::live::Kept;
use engine::{PersonNo, Problem, SealedKey};
use filtering::publish::Scope;
use filtering::sealed::{self, How, Kind};
use kit::{Timestamp, Zone};
use serde_json::json;

use crate::commands::context::Context;
use crate::commands::records::{Content, commit_and_publish, is_kept, left_out};
use crate::commands::secret::no_secret;
use crate::commands::when;
use crate::home::read_key;
use crate::output::Failure;
use crate::process::snapshot::catalogue;

pub use arguments::{Recipients, Sealed, SealedRecords};

/// What is said wherever it matters that nobody could open a record.
pub const NOBODY: &str = "Nobody is named who may open records of sealed addresses, so none are made. Blocking is the same. \
                          `fivebar sealed recipients add head` names somebody.";

/// A feed is no longer than this; the largest known are a few megabytes.
const MOST_BYTES: u64 = 256 << 20;

/// Runs the command.
pub fn run(context: &Context, asked: Sealed) -> Result<()> {
    match asked {
        Sealed::Import { file, live, fresh_for, as_of, replace, reason, .. } => {
            let kind = match fresh_for {
                Some(fresh_for_days) if live => {
                    let as_of = as_of.map_or(Ok(context.at), |text| moment(context, &text))?;
                    Kind::Live { as_of, fresh_for_days }
                }
                _ => Kind::Test,
            };
            import(context, &file, kind, reason.as_deref().filter(|_| replace))
        }
        Sealed::Status => status(context),
        Sealed::Recipients(Recipients::Add { name, key, identity_file }) => {
            add(context, &name, key, identity_file.as_deref())
        }
        Sealed::Recipients(Recipients::List) => list_recipients(context),
        Sealed::Recipients(Recipients::Remove { name }) => remove(context, &name),
        Sealed::Records(SealedRecords::List) => list_records(context),
        Sealed::Open { reference, identity, reason } => open(context, reference, &identity, &reason),
    }
}

/// A time on the school's clocks.
fn moment(context: &Context, text: &str) -> Result<Timestamp> {
    let records = context.records()?;
    let version = context.wait(async {
        let mut tx = records.read().await?;
        let version = filtering::filter_policy::current(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok(version)
    })?;
    let document = version.and_then(|version| version.document().ok());
    let zone =
        document.and_then(|document| Zone::named(&document.calendar.zone).ok()).unwrap_or_else(Zone::utc);
    when::moment(text, &zone)
}

fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(MOST_BYTES).read_to_string(&mut text)
    } else {
        fs::File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text))
    };
    read.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text)
}

/// Loads a feed and publishes it in one transaction. What the feed holds is in this process's memory only.
fn import(context: &Context, file: &Path, kind: Kind, replace: Option<&str>) -> Result<()> {
    let text = read(file)?;
    let key = SealedKey::new(read_key(&context.home, "sealed.key")?);
    let catalogue = catalogue()?;
    let records = context.records()?;
    let (imported, left_out, published) = context.wait(async {
        let mut tx = records.begin().await?;
        let kept = context.home.lists();
        // What cannot be verified is not in force; whatever is left out then is so because of this feed.
        let sealed = match sealed::in_force(&mut tx, &kept, key.clone()).await {
            Ok(sealed) => Arc::new(sealed),
            Err(_) => no_secret(context)?,
        };
        let before =
            LeftOut::beside(context, &mut tx, Content { catalogue: catalogue.clone(), sealed }).await?;
        let imported =
            sealed::import(&mut tx, &context.actor, &kept, key, &catalogue, &text, kind, replace, context.at)
                .await?;
        let sealed = Arc::new(imported.sealed.clone());
        let mut left_out =
            LeftOut::beside(context, &mut tx, Content { catalogue: catalogue.clone(), sealed }).await?;
        left_out.since(&before);
        let published = commit_and_publish(context, tx, Scope::Policy).await?;
        anyhow::Ok((imported, left_out, published))
    })?;
    let version = &imported.version;
    let refused: Vec<_> = imported
        .reading
        .iter()
        .map(|(why, refused)| json!({ "why": why.id(), "count": refused.count, "first_lines": refused.first_lines }))
        .collect();
    context.output.object(&json!({
        "version": version.number,
        "kind": kind.id(),
        "lines": version.lines,
        "accepted": version.accepted,
        "refused": refused,
        "how": version.how.id(),
        "lacking": imported.lacking,
        "shared_hosts": imported.sealed.shared_hosts(),
        "fresh_until": version.fresh_until().map(|at| at.to_string()),
        "policy_left_out": left_out.rules.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "overrides_left_out": left_out.numbers(Kept::Override),
        "focus_left_out": left_out.numbers(Kept::Focus),
        "generation": published.generation,
    }));
    context.output.say(format!(
        "{} of {} lines are in force as a {} feed; a running gate has them within two seconds.",
        version.accepted,
        version.lines,
        kind.id()
    ));
    for (why, refused) in &imported.reading {
        let lines: Vec<String> = refused.first_lines.iter().map(ToString::to_string).collect();
        let more = if refused.count > refused.first_lines.len() as u64 { ", …" } else { "" };
        context.output.say(format!(
            "    {} × {} (line {}{more})",
            refused.count,
            why.words(),
            lines.join(", ")
        ));
    }
    match version.how {
        How::Joined => context.output.say(format!(
            "The update has shrunk: it lacks {} of what was in force. All of that is kept beside it. If entries were really \
             taken off, load it again with --replace --reason \"…\".",
            imported.lacking
        )),
        How::Replaced if imported.lacking > 0 => {
            context.output.say(format!("{} entries that were in force before are given up.", imported.lacking));
        }
        How::Replaced => {}
    }
    if imported.lost_earlier {
        context.output.say("What was in force before could not be verified, so nothing of it was kept.");
    }
    for problem in &left_out.rules {
        context.output.say(format!("left out of the policy in force: {problem}"));
    }
    for number in left_out.numbers(Kept::Override) {
        context.output.say(format!(
            "no gate carries out override {number} any more, since these entries cover what it opens; `fivebar overrides end \
             {number} --reason WHY` ends it."
        ));
    }
    for number in left_out.numbers(Kept::Focus) {
        context.output.say(format!(
            "no gate carries out focus {number} whole any more, since these entries cover a site of it; `fivebar focus end \
             {number} --reason WHY` ends it."
        ));
    }
    Ok(())
}

/// What gates leave out beside some sealed entries.
struct LeftOut {
    /// Rules of the policy in force.
    rules: Vec<Problem>,
    /// What was given for a time.
    records: Vec<engine::live::LeftOut>,
}

impl LeftOut {
    async fn beside(context: &Context, tx: &mut store::Tx, content: Content) -> Result<Self> {
        let Some(version) = filtering::filter_policy::current(tx).await? else {
            return Ok(Self { rules: Vec::new(), records: Vec::new() });
        };
        let (_, mut rules) =
            filtering::filter_policy::check(&version.text, &content.catalogue, &content.sealed, None);
        rules.retain(Problem::is_error);
        Ok(Self { rules, records: left_out(context, tx, &content).await? })
    }

    /// Leaves what was left out before. Whoever loads a feed knows what is in it, and no more: what entries before it cover
    /// is told within the budget alone, by the commands that list it.
    fn since(&mut self, before: &Self) {
        self.rules.retain(|rule| !before.rules.contains(rule));
        self.records.retain(|one| !before.records.contains(one));
    }

    /// The numbers of what is left out of one kind.
    fn numbers(&self, what: Kept) -> Vec<u32> {
        let mut numbers: Vec<u32> =
            self.records.iter().filter(|one| one.what == what).map(|one| one.number).collect();
        numbers.dedup();
        numbers
    }
}

fn status(context: &Context) -> Result<()> {
    let key = SealedKey::new(read_key(&context.home, "sealed.key")?);
    let records = context.records()?;
    let (version, entries, recipients) = context.wait(async {
        let mut tx = records.read().await?;
        let version = sealed::newest_feed(&mut tx).await?;
        let entries = sealed::in_force(&mut tx, &context.home.lists(), key).await;
        let recipients = sealed::recipients(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok((version, entries, recipients))
    })?;
    let shown = Shelf::look(&context.home.log()).context("cannot read the sealed records")?;
    let (state, shared) = match &entries {
        Ok(entries) => (entries.state(context.at), entries.shared_hosts()),
        Err(_) => (engine::SealedState::Unverifiable, 0),
    };
    let names: Vec<&str> = recipients.iter().map(|recipient| recipient.name.as_str()).collect();
    context.output.object(&json!({
        "state": state,
        "notice": state.notice(),
        "feed": version.as_ref().map(|version| json!({
            "version": version.number, "kind": version.kind.id(), "loaded_at": version.at.to_string(),
            "fresh_until": version.fresh_until().map(|at| at.to_string()), "lines": version.lines,
            "accepted": version.accepted, "refused": version.refused, "how": version.how.id(),
        })),
        "shared_hosts": shared,
        "recipients": names,
        "records": shown.records.len(),
        "not_kept": shown.not_kept,
        "damaged_bytes": shown.damaged_bytes,
        "bytes": shown.bytes,
    }));
    match &version {
        None => context.output.say("Only the program's own entries for testing are in force."),
        Some(version) => context.output.say(format!(
            "Version {} of the feed is in force ({}, loaded {}{}): {} of {} lines{}.",
            version.number,
            version.kind.id(),
            version.at,
            version.fresh_until().map(|until| format!(", fresh until {until}")).unwrap_or_default(),
            version.accepted,
            version.lines,
            if version.how == How::Joined { ", and what the version before held" } else { "" },
        )),
    }
    if shared > 0 {
        context.output.say(format!(
            "{shared} hosts are sealed only in part: where no more than a name is seen, the policy's `shared-hosts` decides."
        ));
    }
    if let Some(notice) = state.notice() {
        context.output.say(notice);
    }
    if names.is_empty() {
        context.output.say(NOBODY);
    } else {
        context.output.say(format!("Records can be opened by: {}.", names.join(", ")));
    }
    context.output.say(format!(
        "{} records are kept; {} requests have none because too many came at once.",
        shown.records.len(),
        shown.not_kept
    ));
    Ok(())
}

fn add(context: &Context, name: &str, key: Option<String>, identity_file: Option<&Path>) -> Result<()> {
    let identity = if key.is_none() { Some(Identity::generate()) } else { None };
    let public = match (key, &identity) {
        (Some(key), _) if !is_public_key(&key) => {
            bail!("{key:?} is not a public key; one begins with age1 and is printed by `age-keygen -y`")
        }
        (Some(key), _) => key,
        (None, Some(identity)) => identity.public(),
        (None, None) => bail!("there is no key"),
    };
    if let (Some(file), Some(identity)) = (identity_file, &identity) {
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let folder =
            fs::canonicalize(folder).with_context(|| format!("there is no folder {}", folder.display()))?;
        if folder.starts_with(context.home.path()) {
            bail!(
                "{} is inside the school's home: whoever has the machine would have the identity. Choose a stick that is kept locked away.",
                file.display()
            );
        }
        write_identity(file, name, identity)?;
    }
    let records = context.records()?;
    let added = context.wait(async {
        let mut tx = records.begin().await?;
        sealed::add_recipient(&mut tx, &context.actor, name, &public, context.at).await?;
        commit_and_publish(context, tx, Scope::Policy).await?;
        anyhow::Ok(())
    });
    // Somebody who is in the records needs the identity, whether or not the gate knows of it yet.
    let late = match added {
        Ok(()) => None,
        Err(error) if is_kept(&error) => Some(error),
        Err(error) => {
            if let (Some(file), Some(_)) = (identity_file, &identity) {
                // An identity that opens nothing would only mislead.
                let _ = fs::remove_file(file);
            }
            return Err(error);
        }
    };
    let printed = identity.as_ref().filter(|_| identity_file.is_none()).map(Identity::secret);
    context.output.object(&json!({
        "name": name,
        "key": public,
        "identity": printed.as_ref().map(|secret| secret.reveal().clone()),
        "identity_file": identity_file,
    }));
    context.output.say(format!(
        "From now on {name} can open what the gate records of sealed addresses. Public key: {public}"
    ));
    match (&printed, identity_file) {
        (Some(secret), _) => context.output.say(format!(
            "This is the identity, shown this once and kept nowhere here. Print it or put it on a stick, and lock it away:\n{}",
            secret.reveal()
        )),
        (None, Some(file)) => context.output.say(format!(
            "The identity is in {} and nowhere else. Lock it away; whoever loses it can open nothing.",
            file.display()
        )),
        (None, None) => {}
    }
    late.map_or(Ok(()), Err)
}

/// Writes an identity to a new file that only its owner may read.
pub fn write_identity(file: &Path, name: &str, identity: &Identity) -> Result<()> {
    let mut out = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("cannot write {} as a new file", file.display()))?;
    writeln!(out, "# Opens sealed records of Fivebar, for: {name}\n# public key: {}", identity.public())?;
    writeln!(out, "{}", identity.secret().reveal())?;
    out.sync_all()?;
    Ok(())
}

fn list_recipients(context: &Context) -> Result<()> {
    let records = context.records()?;
    let recipients = context.wait(async {
        let mut tx = records.read().await?;
        let recipients = sealed::recipients(&mut tx).await?;
        tx.roll_back().await?;
        anyhow::Ok(recipients)
    })?;
    for recipient in &recipients {
        context.output.object(
            &json!({ "name": recipient.name, "key": recipient.key, "added_at": recipient.added_at.to_string() }),
        );
        context.output.say(format!("{:<16} {}  since {}", recipient.name, recipient.key, recipient.added_at));
    }
    if recipients.is_empty() {
        context.output.say(NOBODY);
    }
    Ok(())
}

fn remove(context: &Context, name: &str) -> Result<()> {
    let records = context.records()?;
    let left = context.wait(async {
        let mut tx = records.begin().await?;
        sealed::remove_recipient(&mut tx, &context.actor, name, context.at).await?;
        let left = sealed::recipients(&mut tx).await?.len();
        commit_and_publish(context, tx, Scope::Policy).await?;
        anyhow::Ok(left)
    })?;
    context.output.object(&json!({ "name": name, "removed": true, "left": left }));
    context
        .output
        .say(format!("Records from now on are not for {name}; earlier ones still open with that identity."));
    if left == 0 {
        context.output.say(NOBODY);
    }
    Ok(())
}

fn list_records(context: &Context) -> Result<()> {
    let shown = Shelf::look(&context.home.log()).context("cannot read the sealed records")?;
    for record in &shown.records {
        context.output.object(&json!({
            "reference": record.reference, "at": record.at.to_string(), "last_at": record.last_at.to_string(),
            "requests": record.hits, "for_other_hosts": record.others,
        }));
        context.output.say(format!(
            "{}  {}  {} request{}{}",
            record.reference,
            record.at,
            record.hits,
            if record.hits == 1 { "" } else { "s" },
            if record.others > 0 {
                format!(", {} of them for other sealed hosts that no record names", record.others)
            } else {
                String::new()
            },
        ));
    }
    if shown.records.is_empty() {
        context.output.say("There are no records.");
    }
    if shown.damaged_bytes > 0 {
        context.output.say(format!("{} bytes of the file are damaged.", shown.damaged_bytes));
    }
    Ok(())
}

/// Opens a record: the entry in the access trail first, then what it says.
fn open(context: &Context, reference: RecordRef, file: &Path, reason: &str) -> Result<()> {
    let Some(encrypted) =
        Shelf::find(&context.home.log(), reference).context("cannot read the sealed records")?
    else {
        bail!("there is no record {reference}; `fivebar sealed records list` shows those there are");
    };
    let identity = Identity::read(&read(file)?).with_context(|| format!("cannot use {}", file.display()))?;
    let opened = identity.open(&encrypted);
    let records = context.records()?;
    let name = context.wait(async {
        let mut tx = records.begin().await?;
        let key = identity.public();
        let text = reference.to_string();
        sealed::write_opening(&mut tx, &context.actor, &text, reason, &key, opened.is_ok(), context.at)
            .await?;
        let person = opened.as_ref().ok().and_then(|record| record.person);
        let name = match person {
            Some(number) => name_of(&mut tx, number).await?,
            None => None,
        };
        tx.commit().await?;
        anyhow::Ok(name)
    })?;
    match opened {
        Ok(record) => {
            context.output.object(&record);
            say(context, &record, name);
            Ok(())
        }
        Err(error) => {
            Err(Failure::Problems(format!("{error}; the access trail says that it was tried")).into())
        }
    }
}

async fn name_of(tx: &mut store::Tx, number: PersonNo) -> Result<Option<String>> {
    let people = people::people(tx).await?;
    Ok(people.into_iter().find(|one| one.number == number).map(|one| one.name.into_revealed()))
}

fn say(context: &Context, record: &SealedRecord, name: Option<String>) {
    let line = |what: &str, value: String| context.output.say(format!("{what:<12} {value}"));
    line("host", record.host.clone());
    if let Some(path) = &record.path {
        line("path", path.clone());
    }
    if !record.chain.is_empty() {
        line("led to", record.chain.join(", "));
    }
    line("at", record.at.to_string());
    line("front", record.front.clone());
    line("address", record.client.map(|client| client.to_string()).unwrap_or_default());
    if let Some(device) = record.device {
        line("device", device.0.to_string());
    }
    if let Some(person) = record.person {
        line("person", format!("{} {}", person.0, name.unwrap_or_default()));
    }
    line("known by", record.known_by.id().to_owned());
    if let Some(agent) = &record.agent {
        line("browser", agent.clone());
    }
    if let Some(elsewhere) = &record.elsewhere {
        let did = if elsewhere.verdict.is_block() { "refused it" } else { "let it through" };
        line(
            "decided by",
            format!("another filter, which {did}: its log ({}) was brought in", elsewhere.origin.id()),
        );
    }
    line("policy", format!("version {}, publication {}", record.policy, record.generation));
    context.output.say(
        "An address or a register says which device asked, not who sat at it. Do not open the site: tell the police or the \
         Internet Watch Foundation.",
    );
}
