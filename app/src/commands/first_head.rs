//! The first head: a person on the roll, the duty, and the invitation by which they come in. Whoever comes after is invited at the portal.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow, bail};
use engine::PersonNo;
use filtering::publish::Scope;
use kit::Private;
use people::account::{self, Invite, Token, inviting};
use people::duty::{self, Duties, Giving, ReadDuties, Span};
use people::intake::by_hand::{Edit, Hand, prepare};
use people::intake::{self, ApplyImport, Given, ImportRoll};
use people::{Kind, people_called};
use serde_json::{Value, json};
use store::Tx;

use crate::commands::context::Context;
use crate::commands::lasting::school_zone;
use crate::commands::people::policy_in_force;
use crate::commands::records::commit_and_publish;
use crate::process::portal;

/// The duty.
const HEAD: &str = "head";
/// Why they have it, for whoever looks back.
const REASON: &str = "Named where the school was set up.";

/// Who was let in first.
pub struct FirstHead {
    person: PersonNo,
    name: Private<String>,
    sign_in: String,
    link: String,
}

impl FirstHead {
    /// What is said of it, for whoever is at the machine.
    pub fn lines(&self) -> String {
        format!(
            "{} has the head's duty, and signs in by the name {}. Give them this link yourself, to open within a day and once:\n{}\n\
             Whoever opens it first is taken for them. They invite everybody else at the portal: People, Who has a way in.",
            self.name.reveal(),
            self.sign_in,
            self.link
        )
    }

    /// The same for programs.
    pub fn object(&self) -> Value {
        json!({ "person": self.person, "name": self.sign_in, "link": self.link })
    }
}

/// Runs the command.
pub fn run(context: &Context, name: &str) -> Result<()> {
    let head = put(context, name)?;
    context.output.say_lines(head.lines());
    context.output.object(&head.object());
    Ok(())
}

/// Puts the first head on the roll where nobody is called so, gives them the duty, and invites them. Refused where somebody holds it: heads
/// that come after are given the duty by whoever gives duties.
pub fn put(context: &Context, name: &str) -> Result<FirstHead> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        bail!("say who the head is, as in \"Hanna Example\"")
    }
    let mut random = [0; Token::BYTES];
    getrandom::fill(&mut random).map_err(|error| anyhow!("the machine has no random numbers: {error}"))?;
    let token = Token::of(random);
    let url = portal::url_now(&context.home, &context.config)?;
    let policy = policy_in_force(context)?;
    let groups: Option<BTreeSet<String>> =
        policy.map(|policy| policy.groups.into_iter().map(|group| group.id).collect());
    let read = context.permit::<ReadDuties>(())?;
    let records = context.records()?;
    context.wait(async {
        let mut tx = records.begin().await?;
        let held = duty::all(&mut tx, &read).await?;
        if held.iter().any(|one| one.given.duty == HEAD && one.is_not_over(context.at)) {
            bail!("somebody is the head already: `fivebar duties list` says who; `fivebar people invite WHO` lets them in")
        }
        let person = on_the_roll(context, &mut tx, &name, groups.as_ref()).await?;
        let kind = context.config.school.kind;
        if Duties::built_in().given_in(kind).all(|duty| duty.id != HEAD) {
            bail!("a school of this kind has no head among its duties")
        }
        let span = Span { starts_at: context.at, ends_at: None };
        let giving =
            Giving { person, duty: HEAD.to_owned(), span, covers: None, reason: REASON.to_owned() };
        duty::give(&mut tx, &context.permit(person)?, giving, kind, context.at).await?;
        let sign_in = match account::of(&mut tx, person).await? {
            Some(_) => None,
            None => inviting::propose(&mut tx, person).await?,
        };
        let permit = context.permit::<Invite>(person)?;
        let sign_in = sign_in.as_ref().map(account::Name::reveal);
        let account = account::invite(&mut tx, &permit, sign_in, &token, context.at).await?;
        commit_and_publish(context, tx, Scope::Live).await?;
        anyhow::Ok(FirstHead {
            person,
            name: Private::new(name.clone()),
            sign_in: account.name.reveal().to_owned(),
            link: format!("{url}/welcome/{}", token.reveal()),
        })
    })
}

/// The one person of that name; put on the roll as staff where there is none.
async fn on_the_roll(
    context: &Context,
    tx: &mut Tx,
    name: &str,
    groups: Option<&BTreeSet<String>>,
) -> Result<PersonNo> {
    let called = |all: Vec<people::Person>| all.into_iter().map(|one| one.number).collect::<Vec<_>>();
    match called(people_called(tx, name).await?).as_slice() {
        [person] => return Ok(*person),
        [] => {}
        _ => bail!(
            "several people on the roll are called so: `fivebar duties give head --to NUMBER` names one"
        ),
    }
    let (given, family) = name.rsplit_once(' ').unwrap_or((name, ""));
    let edit = Edit {
        given: given.to_owned(),
        family: family.to_owned(),
        kind: Some(Kind::Staff),
        ..Edit::default()
    };
    let zone = school_zone(tx).await?;
    let told = Given { source: None, groups, zone: &zone };
    let permit = context.permit::<ImportRoll>(())?;
    let import = prepare(tx, &permit, None, &Hand::Write(edit), &told, context.at).await?;
    let permit = context.permit::<ApplyImport>(import.number)?;
    intake::apply(tx, &permit, None, None, &zone, context.at).await?;
    match called(people_called(tx, name).await?).as_slice() {
        [person] => Ok(*person),
        _ => bail!("they could not be put on the roll; import it, and give them the duty"),
    }
}
