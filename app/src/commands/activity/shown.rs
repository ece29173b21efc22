//! Which events are asked for, and what of them may be seen.

use std::collections::HashMap;

use activity::export::{Told, Whom};
use activity::{Client, Event, Search, TimeRange};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use engine::{DeviceNo, Live, Origin, PersonNo, Refusal, SealedKey, Step, Transport, Verdict};
use filtering::activity_log::{self, OpeningError, members_of};
use kit::Zone;
use kit::nearby::did_you_mean;
use people::Pseudonyms;
use people::pseudonym;
use serde_json::{Value, json};

use super::not_running;
use crate::commands::context::Context;
use crate::commands::{when, who};
use crate::home::read_key;
use crate::process::snapshot::Opened;

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
    /// Only this device, by the pseudonym that JSON and exports show; by name or number where identities are opened.
    #[arg(long)]
    pub device: Option<String>,
    /// Only what was decided on the ground of this category, by its id.
    #[arg(long)]
    pub category: Option<String>,
    /// Only this address.
    #[arg(long)]
    pub address: Option<std::net::IpAddr>,
    /// Only this site and what lies below it.
    #[arg(long)]
    pub site: Option<String>,
    /// Only this group, by its id: what people asked for who are in it today or in a group below it, and what its cell or
    /// rule decided.
    #[arg(long)]
    pub group: Option<String>,
    /// Only this verdict: allow, block, scan, or would-block for what was let through while the filter observed only.
    #[arg(long)]
    pub verdict: Option<String>,
    /// Only what this step decided.
    #[arg(long)]
    pub step: Option<String>,
    /// Only questions to the name server that came so: udp, tcp, tls or https.
    #[arg(long)]
    pub transport: Option<String>,
    /// Only from this time on the school's clocks; a day alone, `today` or `yesterday` is from midnight.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only before this time on the school's clocks; a day alone is its midnight, so that nothing of it is shown.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// At most so many, the newest. A search shows 100 if left out, an export has all.
    #[arg(long)]
    pub limit: Option<u64>,
}

/// Whom a search is about. A number may be that of somebody who has left the roll.
fn person(context: &Context, written: &str) -> Result<PersonNo> {
    if let Ok(number) = written.strip_prefix("person:").unwrap_or(written).parse() {
        return Ok(PersonNo(number));
    }
    match who::on_the_roll(context, written)? {
        Some(person) => Ok(person.number),
        None => bail!("nobody on the roll is called {written:?}; `fivebar people show` lists the roll"),
    }
}

/// Writes down that identities are opened, in the access trail and, with the reason, in the activity log.
pub fn write_down(
    context: &Context,
    client: &Client,
    verb: &str,
    subject: &store::Subject,
    detail: &Value,
    reason: &str,
) -> Result<()> {
    let records = context.records()?;
    let (actor, about) = ((&context.actor, verb), (subject, detail));
    let written = context.wait(activity_log::write_down(&records, client, actor, about, reason, context.at));
    written.map_err(|error| match error {
        OpeningError::Log(error) => not_running(error),
        other => other.into(),
    })
}

/// What numbers stand for, as far as it may be seen.
pub struct Shown {
    pub zone: Zone,
    pub opened: Opened,
    names: HashMap<PersonNo, String>,
    device_names: HashMap<DeviceNo, String>,
    pub pseudonyms: Pseudonyms,
    /// Why identities are opened, if they are.
    pub reason: Option<String>,
}

impl Shown {
    pub fn new(context: &Context, filter: &ActivityFilter) -> Result<Self> {
        let reason = match filter.reason.as_deref().map(str::trim) {
            Some("") => bail!("say with --reason why identities are to be opened"),
            reason => reason.filter(|_| filter.open_identities).map(str::to_owned),
        };
        let key = read_key(&context.home, "sealed.key")?;
        let pseudonyms = Pseudonyms::new(key);
        let opened = Opened::open(&context.home.gate(), &SealedKey::new(key))?;
        let zone = Zone::named(&opened.policy.document().calendar.zone).unwrap_or_else(|_| Zone::utc());
        let records = context.records()?;
        // Whoever has left the roll is still in the log.
        let (people, devices) = context.wait(async {
            let mut tx = records.read().await?;
            let names = (people::names(&mut tx).await?, people::device_names(&mut tx).await?);
            tx.roll_back().await?;
            anyhow::Ok(names)
        })?;
        let names = people.into_iter().map(|(number, name)| (number, name.into_revealed())).collect();
        let device_names = devices.into_iter().map(|(number, name)| (number, name.into_revealed())).collect();
        Ok(Self { zone, opened, names, device_names, pseudonyms, reason })
    }

    /// Writes down that identities are opened, if they are, before anything is shown.
    pub fn open(&self, context: &Context, client: &Client, verb: &str, search: &Search) -> Result<()> {
        let Some(reason) = &self.reason else { return Ok(()) };
        let subject = store::Subject::new("activity-log", "identities");
        let mut detail = json!({ "person": search.person });
        if let (Some(device), Some(members)) = (search.device, detail.as_object_mut()) {
            members.insert("device".to_owned(), json!(device));
        }
        write_down(context, client, &format!("{verb}-opened"), &subject, &detail, reason)
    }

    /// The number of the device that a search is about, likewise.
    pub fn device(&self, written: &str) -> Result<DeviceNo> {
        if pseudonym::is_a_device(written) {
            let found = self.pseudonyms.which(written);
            return found.with_context(|| format!("no device here has the pseudonym {written:?}"));
        }
        if self.reason.is_none() {
            bail!(
                "to look for a device by name or number is to open an identity: add --open-identities --reason WHY, or give \
                 the pseudonym that `activity search --json` shows"
            );
        }
        let written = written.strip_prefix("device:").unwrap_or(written);
        if let Ok(number) = written.parse() {
            return Ok(DeviceNo(number));
        }
        let mut called =
            self.device_names.iter().filter(|(_, name)| name.eq_ignore_ascii_case(written.trim()));
        match (called.next(), called.next()) {
            (Some((number, _)), None) => Ok(*number),
            (None, _) => bail!("no device of the register is called {written:?}"),
            _ => {
                let mut numbers: Vec<u32> = (self.device_names.iter())
                    .filter(|(_, name)| name.eq_ignore_ascii_case(written.trim()))
                    .map(|(number, _)| number.0)
                    .collect();
                numbers.sort_unstable();
                let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                bail!("several devices are or were called so; say which by number: {}", numbers.join(", "))
            }
        }
    }

    /// The number of whom a search is about: anybody's by their pseudonym; by name or number where identities are opened.
    pub fn person(&self, context: &Context, written: &str) -> Result<PersonNo> {
        if pseudonym::is_a_persons(written) {
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
    pub fn told(&self, event: Event) -> Told {
        if self.reason.is_some() {
            let person = event.person.and_then(|person| self.names.get(&person).cloned());
            let device = event.device.and_then(|device| self.device_names.get(&device).cloned());
            return Told::new(event, |person| Whom::Number(person.0), |device| Whom::Number(device.0))
                .named(person, device);
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

    /// The search that a filter asks for.
    pub fn search(&self, context: &Context, filter: &ActivityFilter) -> Result<Search> {
        let moment = |text: &Option<String>| {
            text.as_deref().map(|text| when::past(text, &self.zone, context.at)).transpose()
        };
        let person = filter.person.as_deref().map(|who| self.person(context, who)).transpose()?;
        let device = filter.device.as_deref().map(|which| self.device(which)).transpose()?;
        let category = match &filter.category {
            Some(id) => Some(self.opened.policy.catalogue().category_no(id).with_context(|| {
                let all = self.opened.policy.catalogue().categories.iter();
                format!("there is no category {id:?}{}", did_you_mean(id, all.map(|one| one.id.as_str()), ""))
            })?),
            None => None,
        };
        let group = match &filter.group {
            Some(id) => Some(self.opened.policy.groups().number(id).with_context(|| {
                let groups = self.opened.policy.groups().all().map(|(_, id, _)| id);
                format!("the policy has no group {id:?}{}", did_you_mean(id, groups, ""))
            })?),
            None => None,
        };
        let (members, member_devices) = group.map_or_else(Default::default, |group| {
            let (live, _) = Live::compile(&self.opened.live, &self.opened.policy);
            members_of(&live, group)
        });
        let verdict = match filter.verdict.as_deref() {
            None => None,
            Some(word) => {
                Some(Verdict::ALL.into_iter().find(|verdict| verdict.id() == word).with_context(|| {
                    format!("{word:?} is no verdict; use allow, block, scan or would-block")
                })?)
            }
        };
        let step = match filter.step.as_deref() {
            None => None,
            Some(id) => Some(Step::all_in_the_log().find(|step| step.id() == id).with_context(|| {
                let ids: Vec<&str> = Step::all_in_the_log().map(Step::id).collect();
                format!("{id:?} is no step; use one of {}", ids.join(", "))
            })?),
        };
        let transport = match filter.transport.as_deref() {
            None => None,
            Some(word) => Some(
                Transport::from_id(word)
                    .with_context(|| format!("no question comes by {word:?}; use udp, tcp, tls or https"))?,
            ),
        };
        Ok(Search {
            person,
            device,
            category,
            client: filter.address,
            group,
            members,
            member_devices,
            site: filter.site.clone(),
            verdict,
            step,
            transport,
            time: TimeRange { from: moment(&filter.since)?, to: moment(&filter.until)? },
            limit: filter.limit,
            ..Search::default()
        })
    }

    /// Shows an event.
    pub fn event(&self, context: &Context, event: Event) {
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
        let about = event.refusal.map(Refusal::id).or(event.origin.map(Origin::id)).unwrap_or(category);
        let searched =
            event.searched.as_ref().map_or_else(String::new, |words| format!("  searched: {words:?}"));
        let ended = event
            .sent
            .map_or_else(String::new, |sent| format!("  ended: {sent} bytes sent, {} received", event.bytes));
        // What came in a datagram, as nearly all does, needs no word.
        let front = match event.transport.filter(|transport| *transport != Transport::Udp) {
            Some(transport) => format!("{}/{}", event.front, transport.id()),
            None => event.front.clone(),
        };
        context.output.say(format!(
            "{civil:.0}  {:<24} {:<9} {:<5} {}{}  ({} {about}){searched}{ended}",
            who,
            front,
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
