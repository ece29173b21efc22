//! Which events are asked for, and what of them may be seen.

use std::collections::HashMap;

use activity::export::{Told, Whom};
use activity::{Client, Event, Search, TimeRange};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use engine::{Origin, PersonNo, Refusal, SealedKey, Step, Transport, Verdict};
use kit::Zone;
use kit::nearby::did_you_mean;
use serde_json::json;

use super::not_running;
use crate::commands::context::Context;
use crate::commands::pseudonym::{self, Pseudonyms};
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
    /// Only this address.
    #[arg(long)]
    pub address: Option<std::net::IpAddr>,
    /// Only this site and what lies below it.
    #[arg(long)]
    pub site: Option<String>,
    /// Only what a group's cell or rule decided, by the group's id.
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
    if let Ok(number) = written.parse() {
        return Ok(PersonNo(number));
    }
    match who::on_the_roll(context, written)? {
        Some(person) => Ok(person.number),
        None => bail!("nobody on the roll is called {written:?}; `fivebar people show` lists the roll"),
    }
}

/// What numbers stand for, as far as it may be seen.
pub struct Shown {
    pub zone: Zone,
    pub opened: Opened,
    names: HashMap<PersonNo, String>,
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
    pub fn open(&self, context: &Context, client: &Client, verb: &str, search: &Search) -> Result<()> {
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
    pub fn told(&self, event: Event) -> Told {
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

    /// The search that a filter asks for.
    pub fn search(&self, context: &Context, filter: &ActivityFilter) -> Result<Search> {
        let moment = |text: &Option<String>| {
            text.as_deref().map(|text| when::past(text, &self.zone, context.at)).transpose()
        };
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
            client: filter.address,
            group,
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
