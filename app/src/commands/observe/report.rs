//! `observe report`: what would have been refused while the filter observed only.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::ops::ControlFlow;

use activity::{Client, Event, Search, TimeRange};
use anyhow::{Result, bail};
use clap::Args;
use engine::{FilterPolicy, KnownBy, PersonNo, Refusal, SealedKey, Step, Verdict};
use filtering::lasting;
use filtering::observing::Observing;
use kit::{Timestamp, Zone};
use serde::Serialize;
use serde_json::json;

use super::led::{self, Led};
use crate::commands::activity::not_running;
use crate::commands::context::Context;
use crate::commands::lasting::shown;
use crate::commands::when;
use crate::home::read_key;
use crate::process::snapshot::Opened;

#[derive(Debug, Args)]
#[command(
    after_help = "A page is a question to the name server and a request to the proxy, where devices use both, so requests are \
                  counted and not pages. People are counted, never named. What the other filter refused it answered by \
                  itself: nobody here can see that."
)]
pub struct Asked {
    /// From this time on the school's clocks; a day alone, `today` or `yesterday` is from midnight; since the filter observes only, if left out.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this time on the school's clocks.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How many sites to show.
    #[arg(long, default_value_t = 20)]
    examples: usize,
}

/// So many sites are told apart; requests to further ones are counted together.
const MOST_SITES: usize = 100_000;
/// So many people are told apart for a site, a group or a category.
const MOST_PEOPLE: usize = 10_000;

/// Runs the command.
pub fn run(context: &Context, asked: &Asked) -> Result<()> {
    let key = SealedKey::new(read_key(&context.home, "sealed.key")?);
    let opened = Opened::open(&context.home.gate(), &key)?;
    let policy = &opened.policy;
    let zone = Zone::named(&policy.document().calendar.zone).unwrap_or_else(|_| Zone::utc());
    let records = context.records()?;
    let ever: Vec<Observing> = context.wait(async {
        let mut tx = records.read().await?;
        let ever = lasting::newest(&mut tx, 1).await?;
        tx.roll_back().await?;
        anyhow::Ok(ever)
    })?;
    let moment =
        |text: &Option<String>| text.as_deref().map(|text| when::past(text, &zone, context.at)).transpose();
    let since = match moment(&asked.since)?.or_else(|| ever.first().map(|one| one.span.starts_at)) {
        Some(since) => since,
        None => bail!(
            "the filter never observed only, so there is nothing to report; `fivebar observe start` begins"
        ),
    };
    let time = TimeRange { from: Some(since), to: moment(&asked.until)? };
    if time.to.is_some_and(|to| to <= since) {
        bail!("the time ends before it begins; give --until a moment after --since")
    }

    let client = Client::new(&context.home.run());
    let counts = client.counts(&Search { time, ..Search::default() }).map_err(not_running)?;
    // What was brought in from another filter's log nobody asked of this one.
    let elsewhere = Search { time, step: Some(Step::Elsewhere), ..Search::default() };
    let requests = counts.events.saturating_sub(client.counts(&elsewhere).map_err(not_running)?.events);
    let mut tally = Tally::default();
    let search = Search { verdict: Some(Verdict::WouldBlock), time, ..Search::default() };
    let answered = client
        .search(&search, |event| {
            tally.take(&event);
            ControlFlow::Continue(())
        })
        .map_err(not_running)?;
    let found = tally.end(policy, asked.examples);
    let led = led::find(&client, policy, &opened.live.roll, time)?;
    let about = About { since, until: time.to, damaged: answered.damaged_bytes, requests };
    context.output.object(&json!({
        "since": since.to_string(), "until": time.to.map(|to| to.to_string()), "requests": requests,
        "damaged_bytes": answered.damaged_bytes, "would_block": found, "would_lead": led, "cannot_be_known": CANNOT_BE_KNOWN,
    }));
    say(context, &found, &led, &about, &zone);
    Ok(())
}

/// What frames the report.
struct About {
    since: Timestamp,
    until: Option<Timestamp>,
    damaged: u64,
    requests: u64,
}

/// Said in every report, so that nobody takes it for more than it is.
const CANNOT_BE_KNOWN: &str = "What the other filter refuses it answers itself, so what is open here and closed there is not in \
                               this log. To see it, bring its own log in (`fivebar activity import`) and hold the policy against that \
                               (`fivebar policy replay FILE --brought-in`).";

/// Whoever asked: a person, or a device of nobody known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Asker {
    Person(PersonNo),
    Device(Option<IpAddr>),
}

impl Asker {
    const fn of(event: &Event) -> Self {
        match event.person {
            Some(person) => Self::Person(person),
            None => Self::Device(event.client),
        }
    }
}

/// Requests, and who made them.
#[derive(Debug, Default)]
pub(super) struct Sum {
    pub requests: u64,
    pub people: HashSet<Asker>,
}

impl Sum {
    fn add(&mut self, asker: Asker) {
        self.add_many(asker, 1);
    }

    pub fn add_many(&mut self, asker: Asker, requests: u64) {
        self.requests += requests;
        if self.people.len() < MOST_PEOPLE {
            self.people.insert(asker);
        }
    }
}

/// A site, and why it would be refused to whoever asked for it last.
#[derive(Debug)]
struct SiteSum {
    sum: Sum,
    step: Step,
    category: Option<u16>,
    list: Option<u16>,
    groups: BTreeMap<Option<u16>, u64>,
}

/// What passes by, added up. No name is kept, and no number leaves it.
#[derive(Debug, Default)]
struct Tally {
    all: Sum,
    groups: HashMap<Option<u16>, Sum>,
    categories: HashMap<Option<u16>, Sum>,
    steps: BTreeMap<Step, Sum>,
    sites: HashMap<String, SiteSum>,
    more: u64,
    led_inside: u64,
}

/// The report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Found {
    /// How many requests would have been refused.
    requests: u64,
    /// Of how many people, and devices of nobody known.
    people: usize,
    groups: Vec<Counted>,
    categories: Vec<Counted>,
    /// By the step that spoke.
    steps: Vec<Counted>,
    /// To how many sites.
    sites: usize,
    /// Requests to sites beyond those that are told apart.
    more: u64,
    examples: Vec<Example>,
    /// Answers of the school's own name server that led inside, which here would be refused: often another filter's page.
    led_inside: u64,
}

/// How many of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Counted {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub name: String,
    pub requests: u64,
    pub people: usize,
}

/// A site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Example {
    host: String,
    requests: u64,
    people: usize,
    step: Step,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<String>,
    /// The groups whose cell or rule closes it, most requests first.
    groups: Vec<String>,
}

impl Tally {
    fn take(&mut self, event: &Event) {
        // The school's own test is nobody's visit.
        if event.known_by == KnownBy::FilterTest {
            return;
        }
        if event.refusal == Some(Refusal::Inside) {
            self.led_inside += 1;
            return;
        }
        let asker = Asker::of(event);
        let group = event.group.map(|group| group.0);
        self.all.add(asker);
        self.groups.entry(group).or_default().add(asker);
        self.categories.entry(event.category).or_default().add(asker);
        self.steps.entry(event.step).or_default().add(asker);
        let Some(host) = &event.host else { return };
        if !self.sites.contains_key(host) && self.sites.len() >= MOST_SITES {
            self.more += 1;
            return;
        }
        let site = self.sites.entry(host.clone()).or_insert_with(|| SiteSum {
            sum: Sum::default(),
            step: event.step,
            category: event.category,
            list: event.list,
            groups: BTreeMap::new(),
        });
        site.sum.add(asker);
        *site.groups.entry(group).or_default() += 1;
    }

    fn end(self, policy: &FilterPolicy, examples: usize) -> Found {
        let group_id =
            |number: Option<u16>| number.and_then(|number| group(policy, number).map(|(id, _)| id));
        let group_name = |number: Option<u16>| {
            number.and_then(|number| group(policy, number)).map_or("everyone".to_owned(), |(_, name)| name)
        };
        let category = |number: u16| policy.catalogue().category(number);
        let list = |number: u16| policy.index().lists().get(usize::from(number)).map(|list| list.id.clone());
        let groups =
            self.groups.iter().map(|(number, sum)| sum.counted(group_id(*number), group_name(*number)));
        let categories = self.categories.iter().filter_map(|(number, sum)| {
            let known = category((*number)?)?;
            Some(sum.counted(Some(known.id.clone()), known.name.clone()))
        });
        let steps = self
            .steps
            .iter()
            .map(|(step, sum)| sum.counted(Some(step.id().to_owned()), words_of(*step).to_owned()));
        let (groups, categories, steps) = (most_first(groups), most_first(categories), most_first(steps));
        let mut sites: Vec<(String, SiteSum)> = self.sites.into_iter().collect();
        let told_apart = sites.len();
        sites.sort_by(|(one, its), (other, others)| {
            (others.sum.requests, one).cmp(&(its.sum.requests, other))
        });
        sites.truncate(examples);
        let examples = sites.into_iter().map(|(host, site)| {
            let mut groups: Vec<(Option<u16>, u64)> = site.groups.into_iter().collect();
            groups.sort_by_key(|(number, requests)| (std::cmp::Reverse(*requests), *number));
            Example {
                host,
                requests: site.sum.requests,
                people: site.sum.people.len(),
                step: site.step,
                category: site.category.and_then(category).map(|known| known.name.clone()),
                list: site.list.and_then(list),
                groups: groups.into_iter().map(|(number, _)| group_name(number)).collect(),
            }
        });
        Found {
            requests: self.all.requests,
            people: self.all.people.len(),
            groups,
            categories,
            steps,
            sites: told_apart,
            more: self.more,
            examples: examples.collect(),
            led_inside: self.led_inside,
        }
    }
}

impl Sum {
    pub fn counted(&self, id: Option<String>, name: String) -> Counted {
        Counted { id, name, requests: self.requests, people: self.people.len() }
    }
}

pub(super) fn most_first(all: impl Iterator<Item = Counted>) -> Vec<Counted> {
    let mut all: Vec<Counted> = all.collect();
    all.sort_by(|one, other| (other.requests, &one.name).cmp(&(one.requests, &other.name)));
    all
}

fn group(policy: &FilterPolicy, number: u16) -> Option<(String, String)> {
    let found = policy.groups().all().find(|(group, ..)| group.0 == number);
    found.map(|(_, id, name)| (id.to_owned(), name.to_owned()))
}

/// The step that spoke, as a reason.
const fn words_of(step: Step) -> &'static str {
    match step {
        Step::LockedBlock => "locked by leadership or trust",
        Step::Withheld => "access withheld from the person",
        Step::Focus => "outside a focus",
        Step::Override => "closed by an override",
        Step::School => "a rule of the school",
        Step::PermittedUse => "the permitted-use table",
        Step::Unknown => "sites that no list knows",
        Step::Content => "what is on the page",
        Step::Sealed | Step::Help | Step::Essential | Step::LockedAllow | Step::Front | Step::Elsewhere => {
            "another step"
        }
    }
}

fn say(context: &Context, found: &Found, led: &Led, about: &About, zone: &Zone) {
    let out = context.output;
    let until = about.until.map(|to| format!(" until {}", shown(to, zone))).unwrap_or_default();
    let since = shown(about.since, zone);
    if found.requests == 0 {
        out.say(format!(
            "Of {} since {since}{until}, none would have been refused.",
            counted(about.requests, "request", "requests")
        ));
    } else {
        out.say(format!(
            "Of {} since {since}{until}, {} by {} to {} would have been refused, and went through:",
            counted(about.requests, "request", "requests"),
            found.requests,
            counted(found.people as u64, "person or device", "people or devices"),
            counted(found.sites as u64, "site", "sites"),
        ));
        table(context, "By group", &found.groups);
        table(context, "By category", &found.categories);
        table(context, "By reason", &found.steps);
        out.say("\nSites");
        for example in &found.examples {
            out.say(format!(
                "  {:<40} {:>8} by {}",
                example.host,
                example.requests,
                counted(example.people as u64, "person or device", "people or devices")
            ));
            let category =
                example.category.as_ref().map(|category| format!(": {category}")).unwrap_or_default();
            let list = example.list.as_ref().map(|list| format!(", list {list}")).unwrap_or_default();
            out.say(format!(
                "      {}{category}{list}; for {}",
                words_of(example.step),
                example.groups.join(", ")
            ));
        }
        let left = found.sites.saturating_sub(found.examples.len());
        if left > 0 || found.more > 0 {
            out.say(format!("  … and {left} more sites; --examples shows more."));
        }
    }
    if found.led_inside > 0 {
        out.say(format!(
            "\n{} from this gate's own name servers led to addresses inside the school or to none, and were passed on. Where \
             the other filter is the name server that this gate asks, that is how many filters refuse. They will be refused \
             here too once the filter refuses.",
            counted(found.led_inside, "answer", "answers")
        ));
    }
    led::say(context, led);
    if about.damaged > 0 {
        out.say(format!(
            "{} bytes of the log are damaged, and what was in them is not counted.",
            about.damaged
        ));
    }
    out.say(format!("\nNot known: {CANNOT_BE_KNOWN}"));
}

fn table(context: &Context, title: &str, rows: &[Counted]) {
    if rows.is_empty() {
        return;
    }
    context.output.say(format!("\n{title}"));
    for row in rows {
        context.output.say(format!(
            "  {:<40} {:>8} by {}",
            row.name,
            row.requests,
            counted(row.people as u64, "person or device", "people or devices")
        ));
    }
}

pub(super) fn counted(many: u64, one: &str, more: &str) -> String {
    format!("{many} {}", if many == 1 { one } else { more })
}
