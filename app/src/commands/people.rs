//! `people`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Subcommand;
use engine::{PersonNo, PolicyDocument, Problem};
use filtering::filter_policy;
use filtering::publish::Scope;
use kit::Private;
use people::RollFile;
use people::account::{self, Account, EndSessions, Invite, InviteError, Safe, Token};
use serde_json::json;
use store::{Subject, trail};

use crate::commands::context::Context;
use crate::commands::dns_name;
use crate::commands::findings::{Findings, NOTHING_CHANGED, with};
use crate::commands::first_head;
use crate::commands::records::commit_and_publish;
use crate::commands::roster::{self, Told};
use crate::commands::scim;
use crate::commands::who;
use crate::process::portal;

#[derive(Debug, Subcommand)]
pub enum People {
    /// Read a roll and show what it would change; with --apply, change it.
    ///
    /// A roll is what another system exports (OneRoster 1.1 or 1.2, School Data Sync V1, V2 or V2.1: a zip file or a folder; or one table, as
    /// CSV, with one person a row), or a file of Fivebar's own for devices and ranges, and for people where no other system keeps them.
    Import {
        /// The roll: a zip file, a folder, a CSV file; or TOML with [[person]] (name, groups), [[device]] (name, addresses, macs, person) and [[range]] (range, groups).
        file: PathBuf,
        /// Really change the roll.
        #[arg(long)]
        apply: bool,
        #[command(flatten)]
        told: Told,
    },
    /// List the imports of other systems' rolls, newest first.
    Imports,
    /// Show what undoing an import would change; with --apply, undo it.
    ///
    /// Whatever somebody has changed since stays as it is, and is named.
    Undo {
        /// The import's number, which `fivebar people imports` shows.
        number: i64,
        /// Really undo it.
        #[arg(long)]
        apply: bool,
        /// How many people leave, where they are so many that it must be said.
        #[arg(long, value_name = "NUMBER")]
        leavers: Option<usize>,
    },
    /// Show the rules by which imported people join groups of the filter policy, or write the school's own.
    Rules {
        /// The school's own rules: TOML with [[rule]]. They take the place of all that come with the program.
        file: Option<PathBuf>,
        /// Really write them.
        #[arg(long)]
        apply: bool,
        /// Go back to those that come with the program.
        #[arg(long, conflicts_with = "file")]
        built_in: bool,
    },
    /// Show the roll.
    Show,
    /// Invite somebody to choose the password that they sign in to the portal by.
    ///
    /// Prints a link that holds for a day and once; hand it over in person. Whoever has a password already chooses a new one by it, and
    /// is signed out everywhere.
    Invite {
        /// Whom: a person's name, number or id.
        #[arg(required_unless_present = "everyone")]
        who: Option<String>,
        /// What they sign in by, where they have no name for it yet.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// They have lost the phone that shows their codes, and the codes on paper: take both away, with their password, their passkeys and
        /// what links them to accounts elsewhere. The invitation alone lets them in, to choose another password and set codes up anew.
        #[arg(long, conflicts_with = "everyone")]
        lost_phone: bool,
        /// Everybody who has a name to sign in by already: after a restore, which ends every password.
        #[arg(long, conflicts_with_all = ["who", "name"])]
        everyone: bool,
    },
    /// Let the first head in: put them on the roll where nobody is called so, give them the head's duty, and print their invitation.
    ///
    /// For a school in which nobody holds a duty yet. Everybody else is invited at the portal.
    FirstHead {
        /// Who the head is.
        name: String,
    },
    /// Sign somebody out of the portal everywhere, now: a phone or a computer of theirs is lost, or somebody else sat at it.
    SignOut {
        /// Whom: a person's name, number or id.
        who: String,
    },
    /// Let another system keep people of the roll over SCIM 2.0, and print the token that it comes with; without a name, list which there are.
    ///
    /// What it tells is held against what it told before, as an import is: `fivebar people imports` lists it, and it can be undone.
    ScimToken {
        /// What you call the system, as in entra. The same name again goes on with what it kept before.
        name: Option<String>,
        /// End its token. Whom it keeps stays on the roll.
        #[arg(long, requires = "name")]
        end: bool,
    },
    /// Give a person or a device a name of their own for encrypted DNS, or take all of theirs back.
    ///
    /// Whoever asks through the name is known to be them, on any network. It is shown once: only its hash is kept. Give it again
    /// for each device; --revoke takes all of them back.
    DnsName {
        /// Whose: a person's name, number or id; device:NAME for a device on the roll that is nobody's.
        who: String,
        /// Take every name back that they were given.
        #[arg(long)]
        revoke: bool,
    },
}

/// Runs the command.
pub fn run(context: &Context, asked: People) -> Result<()> {
    match asked {
        People::Import { file, apply, told: _ } if roster::is_own_form(&file) => {
            import(context, &file, apply)
        }
        People::Import { file, apply, told } => roster::import(context, &file, &told, apply),
        People::Imports => roster::list(context),
        People::Undo { number, apply, leavers } => roster::undo(context, number, apply, leavers),
        People::Rules { file, apply, built_in } => roster::rules(context, file, apply, built_in),
        People::Show => show(context),
        People::Invite { who: Some(who), name, lost_phone, .. } => {
            invite(context, &who, name.as_deref(), lost_phone)
        }
        People::Invite { .. } => invite_everyone(context),
        People::FirstHead { name } => first_head::run(context, &name),
        People::SignOut { who } => sign_out(context, &who),
        People::ScimToken { name, end } => scim::run(context, name.as_deref(), end),
        People::DnsName { who, revoke } => dns_name::run(context, &who, revoke),
    }
}

fn import(context: &Context, file: &Path, apply: bool) -> Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let roll = match RollFile::parse_beside(&text, &roster::kept_elsewhere(context)?) {
        Ok(roll) => roll,
        Err(problems) => {
            let found = Findings::of(file, problems);
            context.output.object(&with(found.fields(), json!({ "usable": false, "applied": false })));
            return Err(found.failure().into());
        }
    };
    let records = context.records()?;
    let changes = context.wait(async {
        if !apply {
            let mut tx = records.read().await?;
            let changes = people::compare(&mut tx, &roll).await?;
            tx.roll_back().await?;
            return anyhow::Ok(changes);
        }
        let mut tx = records.begin().await?;
        let changes = people::import(&mut tx, &context.actor, &roll, context.at).await?;
        commit_and_publish(context, tx, Scope::Live).await?;
        Ok(changes)
    })?;
    for (what, counts) in
        [("people", &changes.people), ("devices", &changes.devices), ("ranges", &changes.ranges)]
    {
        context.output.say(format!(
            "{what}: {} added, {} changed, {} removed, {} as before",
            counts.added, counts.changed, counts.removed, counts.same
        ));
    }
    let strangers = strangers(context, &roll)?;
    let found =
        Findings::of(file, strangers.iter().map(|(group, lines)| in_no_group(group, lines)).collect());
    for line in found.lines() {
        context.output.say(line);
    }
    if apply {
        context.output.say(found.closing("the roll is in force"));
    } else {
        context.output.say(found.closing(NOTHING_CHANGED));
        context.output.say("Give the command again with --apply to change the roll.");
    }
    context.output.object(&with(
        found.fields(),
        json!({ "usable": true, "applied": apply, "changes": changes, "unknown_groups": strangers }),
    ));
    Ok(())
}

fn invite(context: &Context, who: &str, name: Option<&str>, lost_phone: bool) -> Result<()> {
    let Some(person) = who::on_the_roll(context, who)? else {
        bail!("nobody on the roll has that name, number or id; `fivebar people show` lists them")
    };
    let invited = invite_one(context, person.number, name, lost_phone)?;
    context.output.say(format!(
        "They sign in by the name {}. Within a day, open this once:",
        invited.account.name.reveal()
    ));
    context.output.say(&invited.link);
    context.output.say("Hand it over in person: whoever opens it first chooses the password.");
    context.output.object(&invited.object());
    Ok(())
}

fn sign_out(context: &Context, who: &str) -> Result<()> {
    let Some(person) = who::on_the_roll(context, who)? else {
        bail!("nobody on the roll has that name, number or id; `fivebar people show` lists them")
    };
    let permit = context.permit::<EndSessions>(person.number)?;
    let records = context.records()?;
    let ended = context.wait(async {
        let mut tx = records.begin().await?;
        let ended = account::end_everywhere(&mut tx, &permit, context.at).await?;
        tx.commit().await?;
        anyhow::Ok(ended)
    })?;
    context.output.say(match ended {
        0 => "They were signed in nowhere.".to_owned(),
        1 => "They were signed in at one place, and are signed out.".to_owned(),
        many => format!("They were signed in at {many} places, and are signed out."),
    });
    context.output.object(&json!({ "person": person.number, "ended": ended }));
    Ok(())
}

/// Everybody who had a way in.
fn invite_everyone(context: &Context) -> Result<()> {
    let records = context.records()?;
    let everybody = context.wait(async {
        let mut tx = records.read().await?;
        let everybody = account::everybody(&mut tx).await?;
        let names: BTreeMap<PersonNo, Private<String>> = people::names(&mut tx).await?.into_iter().collect();
        tx.roll_back().await?;
        anyhow::Ok(
            everybody.into_iter().map(|person| (person, names.get(&person).cloned())).collect::<Vec<_>>(),
        )
    })?;
    if everybody.is_empty() {
        context
            .output
            .say("Nobody on the roll has a name to sign in by yet: `fivebar people invite WHO --name NAME`.");
    }
    for (person, name) in everybody {
        let invited = invite_one(context, person, None, false)?;
        let called = name.unwrap_or_default();
        context.output.say(format!(
            "{}, who signs in by {}:",
            called.reveal(),
            invited.account.name.reveal()
        ));
        context.output.say(&invited.link);
        context.output.object(&invited.object());
    }
    context.output.say("Each holds for a day and once. Hand them over in person: whoever opens one first chooses the password.");
    Ok(())
}

/// Somebody who was invited.
struct Invited {
    account: Account,
    link: String,
}

impl Invited {
    fn object(&self) -> serde_json::Value {
        json!({ "person": self.account.person, "name": self.account.name.reveal(), "link": self.link })
    }
}

fn invite_one(context: &Context, person: PersonNo, name: Option<&str>, lost_phone: bool) -> Result<Invited> {
    let mut random = [0; Token::BYTES];
    getrandom::fill(&mut random).map_err(|error| anyhow!("the machine has no random numbers: {error}"))?;
    let token = Token::of(random);
    let link = format!("{}/welcome/{}", portal::url_now(&context.home, &context.config)?, token.reveal());
    let permit = context.permit::<Invite>(person)?;
    let records = context.records()?;
    let account = context.wait(async {
        let mut tx = records.begin().await?;
        if lost_phone && let Some(account) = account::of(&mut tx, person).await? {
            // Whoever has the phone may be signed in on it.
            let ended = account::make_safe(&mut tx, permit.actor(), &account, Safe::Lost, context.at).await?;
            let subject = Subject::new("person", person.0);
            let detail = json!({ "account": account.id.to_string(), "ended": ended.sessions });
            trail::changed(&mut tx, permit.actor(), "account.lost", &subject, &detail, context.at).await?;
        }
        let account = account::invite(&mut tx, &permit, name, &token, context.at).await.map_err(|error| {
            match error {
                InviteError::NoName if name.is_none() => {
                    anyhow!(
                        "they have no name to sign in by yet; say which with --name, as in --name a.example"
                    )
                }
                other => other.into(),
            }
        })?;
        tx.commit().await?;
        anyhow::Ok(account)
    })?;
    Ok(Invited { account, link })
}

/// That a group is none of the policy's.
fn in_no_group(group: &str, lines: &[u32]) -> Problem {
    let (first, more) = (lines.first().copied().unwrap_or(0), lines.len().saturating_sub(1));
    let more = match more {
        0 => String::new(),
        1 => ", which 1 more line names".to_owned(),
        many => format!(", which {many} more lines name"),
    };
    Problem::warning(
        first,
        format!(
            "the policy has no group {group:?}{more}, and whoever is in no other group meets what a stranger meets"
        ),
        "Correct the roll, or add the group to the policy.",
    )
}

/// The groups that the roll names and the policy in force does not have, with the lines that name them.
fn strangers(context: &Context, roll: &RollFile) -> Result<BTreeMap<String, Vec<u32>>> {
    let Some(policy) = policy_in_force(context)? else { return Ok(BTreeMap::new()) };
    let known: BTreeSet<&str> =
        policy.groups.iter().map(|group| group.id.as_str()).chain(["everyone"]).collect();
    let mut strangers: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (group, line) in roll.groups().filter(|(group, _)| !known.contains(group)) {
        strangers.entry(group.to_owned()).or_default().push(line);
    }
    Ok(strangers)
}

/// The policy in force, where there is one.
pub fn policy_in_force(context: &Context) -> Result<Option<PolicyDocument>> {
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.read().await?;
        let version = filter_policy::current(&mut tx).await?;
        tx.roll_back().await?;
        // A version in the records was read before it was kept.
        Ok(version.and_then(|version| PolicyDocument::parse(&version.text).ok()))
    })
}

fn show(context: &Context) -> Result<()> {
    let records = context.records()?;
    let (people, devices, ranges) = context.wait(async {
        let mut tx = records.read().await?;
        let all =
            (people::people(&mut tx).await?, people::devices(&mut tx).await?, people::ranges(&mut tx).await?);
        tx.roll_back().await?;
        anyhow::Ok(all)
    })?;
    if people.is_empty() && devices.is_empty() && ranges.is_empty() {
        context.output.say("The roll is empty. `fivebar people import PATH --apply` fills it.");
    }
    for person in &people {
        let own: Vec<String> = devices
            .iter()
            .filter(|device| device.person == Some(person.number))
            .flat_map(|device| device.addresses.iter().map(ToString::to_string))
            .collect();
        context.output.say(format!(
            "{:<5} {:<30} {:<30} {}",
            person.number.0,
            person.name.reveal(),
            person.groups.join(", "),
            own.join(", ")
        ));
        context.output.object(&json!({ "number": person.number, "name": person.name.reveal(), "groups": person.groups, "addresses": own }));
    }
    for device in devices.iter().filter(|device| device.person.is_none()) {
        let at: Vec<String> = device.addresses.iter().map(ToString::to_string).collect();
        context.output.say(format!(
            "device {:<24} {:<30} {}",
            device.name.reveal(),
            device.groups.join(", "),
            at.join(", ")
        ));
        let hardware: Vec<String> = device.hardware.iter().map(ToString::to_string).collect();
        context.output.object(&json!({
            "device": device.number, "name": device.name.reveal(), "groups": device.groups, "addresses": at, "macs": hardware,
        }));
    }
    for range in &ranges {
        context.output.say(format!(
            "range  {:<24} {:<30} {}",
            range.range,
            range.groups.join(", "),
            range.name
        ));
        context.output.object(&json!({ "range": range.range, "name": range.name, "groups": range.groups }));
    }
    Ok(())
}
