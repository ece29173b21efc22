//! Reports about sites, and answering them.

use filtering::site_report::actions::{self, AnswerError, AnswerReport, ReadReports};
use filtering::site_report::{Outcome, SiteReport};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use web::sentence;

use crate::door::{Call, Done, Publish, Told};
use crate::operation::{Gives, Operation, of};
use crate::paging::page_of;
use crate::problem::Problem;
use crate::requests::reference;
use crate::{Api, handled, input, people_ops};

/// So many of the newest are listed.
const LISTED: u32 = 5_000;

/// A report about a site.
#[derive(Serialize, ToSchema)]
pub(crate) struct Report {
    /// Its reference.
    reference: String,
    /// The site.
    site: String,
    /// What is wrong with it.
    #[schema(value_type = ReportKind)]
    kind: &'static str,
    /// What somebody saw, in their own words; null without the scope requests.words.
    words: Option<String>,
    /// The id of whoever was signed in there or, where nobody was, of whoever the network knows the device as, who may not have held it;
    /// null where nobody knows, and without the scope people.read.
    reported_by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    reported_at: String,
    /// Where it stands.
    #[schema(value_type = ReportState)]
    state: &'static str,
    /// What whoever reported it was told.
    answer: Option<String>,
    /// When it was answered.
    #[schema(format = DateTime)]
    answered_at: Option<String>,
}

/// What is wrong with a site.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it is described, and written as the portal writes it")]
pub(crate) enum ReportKind {
    ShouldBeClosed,
    ShouldBeOpen,
    Other,
}

/// Where a report stands.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it is described, and written as the portal writes it")]
pub(crate) enum ReportState {
    Open,
    Changed,
    Left,
}

/// How a report is answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportAnswer {
    /// Whether something was changed because of it.
    changed: bool,
    /// The answer, for whoever reported it.
    #[schema(inline)]
    answer: input::Line<1000>,
}

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list-reports",
        summary: "Reports about sites, newest first",
        about: "What people tell about sites: that one should be closed, or should not be, or something else that they saw.",
        query: &["state"],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<Report>),
        handler: handled!(list),
    },
    Operation {
        id: "answer-report",
        summary: "Answer a report",
        about: "Whoever reported it reads the answer. Closing the site is done at the portal.",
        query: &[],
        takes: Some(of::<ReportAnswer>),
        status: 200,
        gives: Gives::One(of::<Report>),
        handler: handled!(answer),
    },
];

fn told(api: &Api, call: &Call, report: &SiteReport) -> Report {
    let tell = &report.tell;
    let (state, answer, at) = match &report.outcome {
        Outcome::Open => ("open", None, None),
        Outcome::Changed { answer, at } => ("changed", Some(answer), Some(at)),
        Outcome::LeftAsItIs { answer, at } => ("left", Some(answer), Some(at)),
    };
    let teller = tell.asker.whoever().filter(|_| call.has("people.read"));
    Report {
        reference: report.reference.to_string(),
        site: tell.site.host.clone(),
        kind: tell.kind.id(),
        words: call.has("requests.words").then(|| tell.words.reveal().clone()),
        reported_by: teller.map(|person| people_ops::person_id(api, person)),
        reported_at: report.created_at.to_string(),
        state,
        answer: answer.cloned(),
        answered_at: at.map(ToString::to_string),
    }
}

async fn list(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, _) = call.read::<ReadReports>(api, ()).await?;
    let wanted = match call.asked("state") {
        None => None,
        Some("open") => Some(true),
        Some("answered") => Some(false),
        Some(_) => return Err(Problem::unreadable("state is open or answered")),
    };
    let mut reports = actions::list(&mut tx, wanted == Some(true), LISTED).await?;
    tx.roll_back().await?;
    reports.retain(|one| wanted.is_none_or(|open| (one.outcome == Outcome::Open) == open));
    let lines = reports.iter().map(|report| told(api, call, report)).collect();
    page_of(api, call, lines, |line: &Report| line.reference.clone(), |line| json!(line))
}

async fn answer(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (reference, answering) = (reference(call)?, call.message::<ReportAnswer>()?);
    let (mut tx, permit) = call.begin::<AnswerReport>(api, reference).await?;
    let answered =
        actions::answer(&mut tx, &permit, answering.changed, &answering.answer.0, permit.at()).await;
    let report = answered.map_err(|error| match error {
        AnswerError::NotFound => Problem::not_found(),
        AnswerError::Store(error) => error.into(),
        other => Problem::not_now(sentence(&other.to_string())),
    })?;
    let told = Told::ok(json!(told(api, call, &report)));
    Ok(Done::changed(tx, &permit, Publish::Nothing, told))
}
