//! Requests for sites, and what is open for a time.

use filtering::lasting;
use filtering::overrides::{Override, Whom};
use filtering::reference::Reference;
use filtering::site_request::actions::{self, AnswerError, ReadRequests, RefuseRequest};
use filtering::site_request::agreeing::{self, AgreeError, AgreeRequest, ProposeRequest, Proposed, Terms};
use filtering::site_request::{SiteRequest, State};
use kit::Private;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Tx;
use utoipa::ToSchema;
use web::sentence;

use crate::door::{Call, Done, Publish, Told};
use crate::operation::{Gives, Operation, of};
use crate::paging::page_of;
use crate::problem::Problem;
use crate::{Api, handled, input, people_ops};

/// So many of the newest are listed.
const LISTED: u32 = 5_000;

/// A request for a site.
#[derive(Serialize, ToSchema)]
pub(crate) struct Request {
    /// Its reference.
    reference: String,
    /// The site.
    site: String,
    /// For how long somebody asks.
    #[schema(value_type = HowLong)]
    how_long: &'static str,
    /// Why somebody asks, in their own words; null without the scope requests.words.
    words: Option<String>,
    /// The id of whoever asked; null where nobody knows, and without the scope people.read.
    asked_by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    asked_at: String,
    /// Where it stands.
    #[schema(value_type = RequestState)]
    state: &'static str,
    /// What the asker was told.
    answer: Option<String>,
    /// When it was answered.
    #[schema(format = DateTime)]
    answered_at: Option<String>,
    /// Until when the site is open.
    #[schema(format = DateTime)]
    ends_at: Option<String>,
    /// What waits for a second person.
    proposal: Option<ProposalTold>,
}

/// For how long.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it is described, and written as the portal writes it")]
pub(crate) enum HowLong {
    Lesson,
    Day,
    Week,
    Term,
    Unsure,
}

/// Where a request stands.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it is described, and written as the portal writes it")]
pub(crate) enum RequestState {
    Open,
    Approved,
    Refused,
}

/// What waits for a second person.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProposalTold {
    /// Its id.
    id: String,
    /// For whom the site would be opened: group: and a group's id, everyone, or person.
    whom: String,
    /// Until when.
    #[schema(format = DateTime)]
    ends_at: String,
    /// Until when it can be agreed to.
    #[schema(format = DateTime)]
    lapses_at: String,
    /// Whether the token's maker proposed it, and so cannot agree.
    own: bool,
}

/// Why a request is refused.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refusal {
    /// Why, for whoever asked.
    #[schema(inline)]
    reason: input::Line<1000>,
}

/// What is proposed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proposing {
    /// For whom: group: and a group's id, everyone, or a person's id.
    #[schema(inline)]
    whom: input::Whom,
    /// Until when, in the future.
    #[schema(inline)]
    ends_at: input::Moment,
    /// What opening it would risk, and why that is worth it.
    #[schema(inline)]
    risk: input::Line<1000>,
}

/// What is agreed to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Agreeing {
    /// The proposal that was read.
    #[schema(inline)]
    proposal: input::Proposal,
    /// Why, for whoever asked.
    #[schema(inline)]
    reason: input::Line<1000>,
}

/// Something that is open or closed for a time.
#[derive(Serialize, ToSchema)]
pub(crate) struct OverrideTold {
    /// Its id.
    id: String,
    /// The site.
    site: String,
    /// Whether it opens or closes.
    #[schema(value_type = Effect)]
    effect: &'static str,
    /// For whom: group: and a group's id, everyone, or person.
    whom: String,
    /// From when.
    #[schema(format = DateTime)]
    starts_at: String,
    /// Until when.
    #[schema(format = DateTime)]
    ends_at: String,
}

/// Whether something opens or closes.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it is described, and written as the portal writes it")]
pub(crate) enum Effect {
    Allow,
    Block,
}

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list-requests",
        summary: "Requests for sites, newest first",
        about: "What people ask to have opened.",
        query: &["state"],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<Request>),
        handler: handled!(list),
    },
    Operation {
        id: "read-request",
        summary: "One request",
        about: "With its answer, or what waits for a second person.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::One(of::<Request>),
        handler: handled!(one),
    },
    Operation {
        id: "refuse-request",
        summary: "Refuse a request",
        about: "The site stays closed, and whoever asked reads why. Not while a proposal waits for its second person.",
        query: &[],
        takes: Some(of::<Refusal>),
        status: 200,
        gives: Gives::One(of::<Request>),
        handler: handled!(refuse),
    },
    Operation {
        id: "propose-request",
        summary: "Propose to open a site",
        about: "Nothing is opened yet: a second person agrees, at the portal.",
        query: &[],
        takes: Some(of::<Proposing>),
        status: 200,
        gives: Gives::One(of::<Request>),
        handler: handled!(propose),
    },
    Operation {
        id: "withdraw-proposal",
        summary: "Take a proposal back",
        about: "Whoever proposed it may.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::One(of::<Request>),
        handler: handled!(withdraw),
    },
    Operation {
        id: "agree-request",
        summary: "Agree to a proposal, as the second person",
        about: "It needs a fresh proof of who somebody is, so a token is answered at-the-portal. It stands here so that a program can say so. \
                Whoever proposed can never agree.",
        query: &[],
        takes: Some(of::<Agreeing>),
        status: 200,
        gives: Gives::One(of::<Request>),
        handler: handled!(agree),
    },
    Operation {
        id: "list-overrides",
        summary: "What is open or closed for a time",
        about: "Everything that holds now or will.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<OverrideTold>),
        handler: handled!(overrides),
    },
];

/// Somebody as they are told: a person is nobody's to know here.
pub(crate) fn whom(whom: &Whom) -> String {
    match whom {
        Whom::Person(_) => "person".to_owned(),
        other => other.to_string(),
    }
}

fn told(api: &Api, call: &Call, request: &SiteRequest, proposed: Option<&Proposed>) -> Request {
    let ask = &request.ask;
    let (answer, answered_at, ends_at) = match &request.state {
        State::Open => (None, None, None),
        State::Approved { answer, at, ends_at } => {
            (Some(answer.clone()), Some(at.to_string()), Some(ends_at.to_string()))
        }
        State::Refused { answer, at } => (Some(answer.clone()), Some(at.to_string()), None),
    };
    let asker = ask.asker.whoever().filter(|_| call.has("people.read"));
    let own = format!("person:{}", call.person().0);
    Request {
        reference: request.reference.to_string(),
        site: ask.site.host.clone(),
        how_long: ask.how_long.id(),
        words: call.has("requests.words").then(|| ask.words.reveal().clone()),
        asked_by: asker.map(|person| people_ops::person_id(api, person)),
        asked_at: request.created_at.to_string(),
        state: request.state.id(),
        answer,
        answered_at,
        ends_at,
        proposal: proposed.map(|proposed| ProposalTold {
            id: proposed.id.to_string(),
            whom: whom(&proposed.terms.whom),
            ends_at: proposed.terms.ends_at.to_string(),
            lapses_at: proposed.lapses_at.to_string(),
            own: proposed.by == own,
        }),
    }
}

pub(crate) fn reference(call: &Call) -> Result<Reference, Problem> {
    let text = call.part("reference");
    let reference: Reference = text.parse().map_err(|_| Problem::not_found())?;
    // In an address it has one form.
    if reference.as_str() == text { Ok(reference) } else { Err(Problem::not_found()) }
}

async fn list(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, _) = call.read::<ReadRequests>(api, ()).await?;
    let wanted = match call.asked("state") {
        None => None,
        Some("open") => Some(true),
        Some("answered") => Some(false),
        Some(_) => return Err(Problem::unreadable("state is open or answered")),
    };
    let mut requests = actions::list(&mut tx, wanted == Some(true), LISTED).await?;
    requests.retain(|one| wanted.is_none_or(|open| (one.state == State::Open) == open));
    let mut lines = Vec::new();
    for request in requests {
        let proposed = match request.state {
            State::Open => agreeing::of(&mut tx, &request.reference, call.at).await.map_err(unagreed)?,
            _ => None,
        };
        lines.push(told(api, call, &request, proposed.as_ref()));
    }
    tx.roll_back().await?;
    page_of(api, call, lines, |line| line.reference.clone(), |line| json!(line))
}

async fn one(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, _) = call.read::<ReadRequests>(api, ()).await?;
    let told = found(&mut tx, api, call, &reference(call)?).await?;
    tx.roll_back().await?;
    Ok(Done::Told(told))
}

async fn found(tx: &mut Tx, api: &Api, call: &Call, reference: &Reference) -> Result<Told, Problem> {
    let request = actions::find(tx, reference).await?.ok_or_else(Problem::not_found)?;
    let proposed = match request.state {
        State::Open => agreeing::of(tx, reference, call.at).await.map_err(unagreed)?,
        _ => None,
    };
    Ok(Told::ok(json!(told(api, call, &request, proposed.as_ref()))))
}

fn unanswered(error: AnswerError) -> Problem {
    match error {
        AnswerError::NotFound => Problem::not_found(),
        AnswerError::Store(error) => error.into(),
        AnswerError::NotOpen(_) => Problem::not_now("This request has been answered already"),
        AnswerError::NoSite { why, .. } => Problem::not_now(why),
        AnswerError::Grant(filtering::overrides::GrantError::Store(error)) => error.into(),
        AnswerError::Grant(filtering::overrides::GrantError::NobodyThere(_)) => {
            Problem::not_now("Nobody on the roll is that person")
        }
        other => Problem::not_now(sentence(&other.to_string())),
    }
}

fn unagreed(error: AgreeError) -> Problem {
    match error {
        AgreeError::Request(error) => unanswered(error),
        AgreeError::Store(error) | AgreeError::Approval(register::approval::AnswerError::Store(error)) => {
            error.into()
        }
        other => Problem::not_now(sentence(&other.to_string())),
    }
}

async fn refuse(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (reference, refusal) = (reference(call)?, call.message::<Refusal>()?);
    let (mut tx, permit) = call.begin::<RefuseRequest>(api, reference.clone()).await?;
    if agreeing::of(&mut tx, &reference, permit.at()).await.map_err(unagreed)?.is_some() {
        return Err(Problem::not_now(
            "A second person’s answer is awaited: take the proposal back, or let them answer",
        ));
    }
    actions::refuse(&mut tx, &permit, &refusal.reason.0, permit.at()).await.map_err(unanswered)?;
    let told = found(&mut tx, api, call, &reference).await?;
    Ok(Done::changed(tx, &permit, Publish::Nothing, told))
}

async fn propose(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (reference, proposing) = (reference(call)?, call.message::<Proposing>()?);
    let (mut tx, permit) = call.begin::<ProposeRequest>(api, reference.clone()).await?;
    let whom = named(api, &mut tx, &proposing.whom.0).await?;
    let terms = Terms { whom, ends_at: proposing.ends_at.0, risk: Private::new(proposing.risk.0) };
    agreeing::propose(&mut tx, &permit, terms, permit.at()).await.map_err(unagreed)?;
    let told = found(&mut tx, api, call, &reference).await?;
    Ok(Done::changed(tx, &permit, Publish::Nothing, told))
}

/// Whom a program names: a group that the policy has, everyone, or somebody by their id.
async fn named(api: &Api, tx: &mut Tx, text: &str) -> Result<Whom, Problem> {
    if text.starts_with("person_") {
        let person = people_ops::person_of(api, tx, text).await?;
        return person.map(Whom::Person).ok_or_else(|| Problem::not_now("Nobody on the roll is that person"));
    }
    match text.parse() {
        Ok(Whom::Group(id)) if api.portal.filter.policy().groups().number(&id).is_none() => {
            Err(Problem::not_now("The policy has no such group"))
        }
        Ok(whom) => Ok(whom),
        Err(_) => Err(Problem::unreadable("whom is group: and a group’s id, everyone, or a person’s id")),
    }
}

async fn withdraw(api: &Api, call: &Call) -> Result<Done, Problem> {
    let reference = reference(call)?;
    let (mut tx, permit) = call.begin::<ProposeRequest>(api, reference.clone()).await?;
    if actions::find(&mut tx, &reference).await?.is_none() {
        return Err(Problem::not_found());
    }
    // What was opened alone closes with it, at the gates too.
    let closed = agreeing::withdraw(&mut tx, &permit, permit.at()).await.map_err(unagreed)?;
    let told = found(&mut tx, api, call, &reference).await?;
    let publish = if closed { Publish::Live(Box::default()) } else { Publish::Nothing };
    Ok(Done::changed(tx, &permit, publish, told))
}

async fn agree(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (reference, agreeing_to) = (reference(call)?, call.message::<Agreeing>()?);
    let (mut tx, permit) = call.begin::<AgreeRequest>(api, reference.clone()).await?;
    let shown = agreeing_to.proposal.0.parse().map_err(|_| Problem::not_found())?;
    let agreed = agreeing::agree(&mut tx, &permit, shown, &agreeing_to.reason.0, permit.at()).await;
    let (_, made) = agreed.map_err(unagreed)?;
    let told = found(&mut tx, api, call, &reference).await?;
    let new = engine::LiveDocument { overrides: vec![made.published()], ..engine::LiveDocument::default() };
    Ok(Done::changed(tx, &permit, Publish::Live(Box::new(new)), told))
}

async fn overrides(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, _) = call.read::<ReadRequests>(api, ()).await?;
    let all = lasting::not_over::<Override>(&mut tx, call.at).await?;
    tx.roll_back().await?;
    let tell = |one: &Override| {
        json!(OverrideTold {
            id: one.id.to_string(),
            site: one.grant.target.clone(),
            effect: one.grant.effect.id(),
            whom: whom(&one.grant.whom),
            starts_at: one.grant.span.starts_at.to_string(),
            ends_at: one.grant.span.ends_at.to_string(),
        })
    };
    page_of(api, call, all, |one| one.id.to_string(), tell)
}
