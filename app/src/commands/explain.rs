//! `explain`: what would happen to a request, why, and what would change it.

use std::io::{self, BufRead, BufWriter, Write};
use std::net::IpAddr;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use engine::explain::{flip, flip_in, trace_in};
use engine::{FilterPolicy, Identity, Live, Request, SealedKey, Step};
use filtering::explain::{Target, identity_in, identity_of_person};
use filtering::sealed::telling::Secret;
use kit::nearby::did_you_mean;
use kit::{LocalTime, Private, Timestamp, Zone};
use serde_json::{Value, json};

use crate::commands::context::Context;
use crate::commands::origins::{self, Told};
use crate::commands::secret::Budget;
use crate::commands::{when, who};
use crate::home::read_key;
use crate::output::{Failure, Printed};
use crate::process::snapshot::Opened;

#[derive(Debug, Args)]
pub struct Explain {
    /// A host, an address or a URL; - reads many from standard input, one a line, and prints JSON, one line for each. Where
    /// some are none of these, all others are answered all the same and the exit code is 3.
    pub target: String,
    /// Who asks: a person's name, a group's id or an address.
    #[arg(long = "as", value_name = "PERSON|GROUP|ADDRESS")]
    pub who: String,
    /// When, on the school's clocks, as in 2026-11-23T10:30; a day alone is the beginning of its first lesson; now if left
    /// out.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
}

/// Runs the command.
pub fn run(context: &Context, asked: &Explain) -> Result<()> {
    let key = SealedKey::new(read_key(&context.home, "sealed.key")?);
    let opened = Opened::open(&context.home.gate(), &key)?;
    opened.report();
    let policy = opened.policy;
    let (live, _) = Live::compile(&opened.live, &policy);
    let (identity, name) = identity(context, &policy, &live, &asked.who)?;
    let zone = Zone::named(&policy.document().calendar.zone).unwrap_or_else(|_| Zone::utc());
    let at = match &asked.at {
        Some(text) => at_school(context, &policy, text, &zone)?,
        None => context.at,
    };
    let question = Question { policy: &policy, live: &live, identity: &identity, at: zone.local(at) };
    let secret = Secret::of(question.policy.sealed().state(context.at));
    // Without a live feed there is nothing to keep secret, and records that cannot be read are no reason to be silent.
    let budget = secret.live.then(|| Budget::open(context, "explain")).transpose()?;
    if asked.target == "-" {
        let given = question.stream(|step, host| {
            let Some(budget) = &budget else { return Ok(()) };
            budget.check()?;
            if secret.is_told_by(step, host) { budget.tell(1) } else { Ok(()) }
        })?;
        if given.not_understood > 0 {
            let Given { lines, not_understood } = given;
            let are = if not_understood == 1 { "is" } else { "are" };
            return Err(Failure::Problems(format!(
                "{not_understood} of {lines} lines {are} no host, address or web address; each has its answer, with a \"problem\""
            ))
            .into());
        }
        return Ok(());
    }
    let Some(target) = Target::read(&asked.target) else {
        bail!(
            "{:?} is not a host, an address or a web address; write it like www.bbc.co.uk or http://www.bbc.co.uk/news",
            asked.target
        )
    };
    let mut answer = question.one(&target);
    if asked.at.is_some()
        && let Some(answer) = answer.as_object_mut()
    {
        answer.insert("at".to_owned(), at.to_string().into());
    }
    if let Some(budget) = &budget
        && answer.get("step").and_then(Value::as_str) == Some(Step::Sealed.id())
        && secret.is_told_by(Step::Sealed, &target.host)
    {
        budget.tell(1)?;
    }
    let known = origins::about(
        &context.home,
        question.policy.index(),
        &target.host,
        target.address,
        target.path.as_deref(),
    );
    let told = match &known {
        Ok(known) => &*known.told,
        Err(_) => &[],
    };
    let named: Vec<Value> = told.iter().filter(|told| !told.is_gone).map(Told::object).collect();
    if let Some(answer) = answer.as_object_mut().filter(|_| !named.is_empty()) {
        answer.insert("named_by".to_owned(), named.into());
    }
    context.output.object(&answer);
    say(context, &answer, name.as_ref());
    for told in told.iter().filter(|told| !told.is_gone) {
        context.output.say(format!("  named by {}", told.line()));
    }
    let behind = known.as_ref().map_or_else(|error| Some(error.to_string()), |known| known.behind.clone());
    if let Some(behind) = behind {
        context.output.say(format!("  since when lists name it cannot be said for certain: {behind}"));
    }
    say_router(context, &asked.who);
    say_nobodys(context, &target);
    Ok(())
}

/// A name that is nobody's on the internet is open or closed like any other, and yet no server is asked for it.
fn say_nobodys(context: &Context, target: &Target) {
    let is_own = |zone: &String| {
        target
            .host
            .strip_suffix(zone.as_str())
            .is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    if target.address.is_none()
        && front_dns::is_nobodys(&target.host)
        && !context.config.dns.forwards().any(|(zones, _)| zones.iter().any(is_own))
    {
        context.output.say(
            "  the name is nobody's on the internet: the gate answers by itself that there is nothing, or that it is the device \
             itself, and asks no server ([[dns.forward]] names one of your own)",
        );
    }
}

/// A router that passes questions on is many devices, which the gate cannot tell apart unless the router does.
fn say_router(context: &Context, who: &str) {
    let routers = &context.config.dns.routers;
    if who.parse().is_ok_and(|address: IpAddr| routers.contains(&address)) {
        context.output.say(format!(
            "  {who} stands in [dns] routers: a device behind it that it tells apart is decided for by its own address, and all others are decided for like this"
        ));
    }
}

/// The moment that is asked about. A day without a time is meant as a school day: the beginning of its first lesson, and
/// that is said.
fn at_school(context: &Context, policy: &FilterPolicy, text: &str, zone: &Zone) -> Result<Timestamp> {
    let Some(day) = when::day(text) else { return when::moment(text, zone) };
    let Some(minutes) = policy.calendar().first_lesson() else {
        bail!(
            "{text} is a day without a time, and the policy's calendar has no lessons; write a time too, as in {day}T10:30"
        )
    };
    let (hour, minute) = (i8::try_from(minutes / 60)?, i8::try_from(minutes % 60)?);
    context.output.say(format!("At {hour:02}:{minute:02} on {day}, when the first lesson begins:"));
    Ok(zone.moment(day.at(hour, minute, 0, 0)))
}

struct Question<'a> {
    policy: &'a FilterPolicy,
    live: &'a Live,
    identity: &'a Identity,
    at: LocalTime,
}

impl Question<'_> {
    fn request<'r>(&'r self, target: &'r Target) -> Option<Request<'r>> {
        target.request(self.identity)
    }

    fn one(&self, target: &Target) -> Value {
        let Some(request) = self.request(target) else { return json!({ "problem": "not a host" }) };
        let trace = engine::explain::trace(self.policy, self.live, &request, self.at);
        let change = flip(self.policy, self.live, &request, self.at);
        let mut answer = serde_json::to_value(&trace).unwrap_or_default();
        if let Some(fields) = answer.as_object_mut() {
            fields.insert("target".to_owned(), target.host.clone().into());
            fields.insert("change".to_owned(), serde_json::to_value(change).unwrap_or_default());
            fields.insert("known_by".to_owned(), self.identity.known_by.id().into());
        }
        answer
    }

    /// Many targets, one a line; one JSON line each, in their order, with the same fields as for one.
    /// `before` is told the step and the host before each answer, and may end it all.
    fn stream(&self, before: impl Fn(Step, &str) -> Result<()>) -> Result<Given> {
        let moment = self.policy.moment(self.at);
        let mut lines = io::stdin().lock();
        let mut out = BufWriter::with_capacity(1 << 16, Printed);
        let mut given = Given::default();
        let mut line = Vec::new();
        loop {
            line.clear();
            if lines.read_until(b'\n', &mut line).context("cannot read standard input")? == 0 {
                break;
            }
            // Whatever a line is, it gets its answer: scripts pair them by number.
            let text = String::from_utf8_lossy(&line);
            let text = text.trim();
            given.lines += 1;
            let target = std::str::from_utf8(&line).ok().and_then(Target::read);
            match target.as_ref().and_then(|target| self.request(target)) {
                Some(request) => {
                    let trace = trace_in(self.policy, self.live, &request, &moment);
                    if trace.step == Step::Sealed {
                        out.flush()?;
                    }
                    before(trace.step, target.as_ref().map_or("", |target| &target.host))?;
                    out.write_all(b"{\"target\":")?;
                    serde_json::to_writer(&mut out, text)?;
                    out.write_all(b",")?;
                    // The trace is an object: its opening brace is replaced by the target's, and the rest follows it.
                    let change = flip_in(self.policy, self.live, &request, self.at, &moment);
                    let rest = serde_json::to_vec(&trace)?;
                    out.write_all(
                        rest.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or(b""),
                    )?;
                    out.write_all(b",\"change\":")?;
                    serde_json::to_writer(&mut out, &change)?;
                    out.write_all(b",\"known_by\":")?;
                    serde_json::to_writer(&mut out, self.identity.known_by.id())?;
                    out.write_all(b"}")?;
                }
                None => {
                    given.not_understood += 1;
                    serde_json::to_writer(
                        &mut out,
                        &json!({ "target": text, "problem": "this is not a host, an address or a web address" }),
                    )?;
                }
            }
            out.write_all(b"\n")?;
        }
        out.flush()?;
        Ok(given)
    }
}

/// What was given to be answered, a line each.
#[derive(Debug, Clone, Copy, Default)]
struct Given {
    lines: u64,
    not_understood: u64,
}

/// Whom the question is about: an address as the gate would identify it, a group as somebody known only to be in it, or
/// a person by name or number.
fn identity(
    context: &Context,
    policy: &FilterPolicy,
    live: &Live,
    who: &str,
) -> Result<(Identity, Option<Private<String>>)> {
    if let Ok(address) = who.parse::<IpAddr>() {
        let identity = live.identify(address);
        let name = identity.person.map(|person| who::name_of(context, person)).transpose()?.flatten();
        return Ok((identity, name));
    }
    if let Some(identity) = identity_in(policy, who) {
        return Ok((identity, None));
    }
    let Some(person) = who::on_the_roll(context, who)? else {
        bail!(
            "{who:?} is nobody on the roll, no group of the policy and no address{}; `fivebar people show` lists the roll",
            did_you_mean(who, policy.groups().all().map(|(_, id, _)| id), "")
        )
    };
    let identity = identity_of_person(policy, live, &person);
    Ok((identity, Some(person.name)))
}

/// The answer for people. The engine knows nobody's name and says "this person"; where a name is known, it is said.
fn say(context: &Context, answer: &Value, name: Option<&Private<String>>) {
    let named = |text: &str| match name {
        Some(name) => text.replace("this person", name.reveal()),
        None => text.to_owned(),
    };
    let text = |field: &str| named(answer.get(field).and_then(Value::as_str).unwrap_or_default());
    context.output.say(format!("{}: {}", text("verdict"), text("reason")));
    if let Some(until) = answer.get("observing-until").and_then(Value::as_str) {
        context.output.say(format!(
            "  NOT CARRIED OUT: the filter observes only until {until}; until then nothing but illegal content is refused"
        ));
    }
    context.output.say(format!("  decided at step {}", text("step")));
    let categories: Vec<&str> = answer
        .get("categories")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !categories.is_empty() {
        context.output.say(format!("  categories: {}", categories.join(", ")));
    }
    let services: Vec<&str> = answer
        .get("services")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !services.is_empty() {
        context.output.say(format!("  services: {}", services.join(", ")));
    }
    if let Some(why) = answer.get("safe-search").and_then(|said| said.get("why")).and_then(Value::as_str) {
        context.output.say(format!("  {why}"));
    }
    if !text("list").is_empty() {
        context.output.say(format!("  list: {}", text("list")));
    }
    for passed in answer.get("passed").and_then(Value::as_array).into_iter().flatten() {
        let part = |field: &str| named(passed.get(field).and_then(Value::as_str).unwrap_or_default());
        context.output.say(format!("  before: {:<14} {}", part("step"), part("why")));
    }
    match answer.get("change").and_then(|change| change.get("words")).and_then(Value::as_str) {
        Some(words) => {
            context.output.say(format!("  the smallest change that would flip it: {}", named(words)));
        }
        None => context.output.say("  no change that anybody at the school may make would flip it"),
    }
}
