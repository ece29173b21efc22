//! The filter: its lists, its policy, its tests, how it fares, its back-ups.

use std::time::Duration;

use backups::kept as back_ups;
use filtering::filter_policy::{ReadPolicy, actions as policy};
use filtering::filter_test::{self, ReadFilterTests};
use filtering::health::{self, ReadHealth, backups as by_hand};
use filtering::list::{self, ReadLists};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::door::{Call, Done, Told};
use crate::operation::{Gives, Operation, of};
use crate::paging::page_of;
use crate::problem::Problem;
use crate::{Api, handled};

/// How long the log is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many tests and back-ups are looked through.
const LOOKED_BACK: u32 = 2_000;
/// How many tests are looked at for failures that stand.
const TESTS: u32 = 60;

/// A list in use.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListTold {
    /// Its id: source and name.
    id: String,
    /// Rises with every update.
    version: u32,
    /// The categories that it fills, by id.
    categories: Vec<String>,
    /// How it fares: active, held, waiting or failing.
    #[schema(value_type = ListState)]
    state: &'static str,
    /// How many entries were taken.
    entries: u64,
    /// When it was read.
    #[schema(format = DateTime)]
    read_at: String,
    /// Why it was held or released, or why its last update waits.
    note: Option<String>,
}

/// How a list fares.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it is described, and written as the portal writes it")]
pub(crate) enum ListState {
    Active,
    Held,
    Waiting,
    Failing,
}

/// A version of the policy.
#[derive(Serialize, ToSchema)]
pub(crate) struct PolicyVersion {
    /// Its id.
    id: String,
    /// What people call it by: version 1, 2, and so on.
    number: u32,
    /// Why it was applied.
    note: String,
    /// When.
    #[schema(format = DateTime)]
    applied_at: String,
    /// Its whole text; null in lists.
    text: Option<String>,
}

/// A test of the filter.
#[derive(Serialize, ToSchema)]
pub(crate) struct FilterTest {
    /// Its id.
    id: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Whether all was as it should be.
    passed: bool,
    /// What each check came to.
    checks: Vec<FilterCheck>,
}

/// What one check of a test came to.
#[derive(Serialize, ToSchema)]
pub(crate) struct FilterCheck {
    /// The check's id.
    id: String,
    /// What it shows.
    title: String,
    /// What it came to, in a word.
    outcome: String,
    /// How many questions were asked.
    asked: u64,
    /// How many came out otherwise than they should.
    failed: u64,
}

/// How everything fares.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// When it was looked at.
    #[schema(format = DateTime)]
    at: String,
    /// Each part, the worst first.
    parts: Vec<HealthPart>,
}

/// How a part fares.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthPart {
    /// The part.
    part: String,
    /// How well it is.
    #[schema(value_type = Level)]
    level: &'static str,
    /// What is so.
    says: String,
    /// What to do.
    remedy: Option<String>,
}

/// How well something is.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it is described, and written as it is said")]
pub(crate) enum Level {
    Well,
    Look,
    Broken,
}

/// A back-up.
#[derive(Serialize, ToSchema)]
pub(crate) struct BackUpTold {
    /// Its id.
    id: String,
    /// When it was made.
    #[schema(format = DateTime)]
    made_at: String,
    /// Its size.
    bytes: u64,
    /// Whether it is encrypted.
    encrypted: bool,
    /// Whether it is there still.
    kept: bool,
}

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "list-lists",
        summary: "Lists in use",
        about: "Which lists the filter goes by, and how each fares.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<ListTold>),
        handler: handled!(lists),
    },
    Operation {
        id: "list-policy-versions",
        summary: "Versions of the filter policy, newest first",
        about: "Without their texts.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<PolicyVersion>),
        handler: handled!(versions),
    },
    Operation {
        id: "read-policy-version",
        summary: "One version of the filter policy",
        about: "With its text, as it was applied.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::One(of::<PolicyVersion>),
        handler: handled!(version),
    },
    Operation {
        id: "list-filter-tests",
        summary: "Tests of the filter, newest first",
        about: "What the running gate really answered, held against what it should.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<FilterTest>),
        handler: handled!(tests),
    },
    Operation {
        id: "read-filter-test",
        summary: "One test of the filter",
        about: "",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::One(of::<FilterTest>),
        handler: handled!(test),
    },
    Operation {
        id: "read-health",
        summary: "How the filter fares",
        about: "The gate, the log, lists, tests and back-ups, the worst first.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::One(of::<Health>),
        handler: handled!(fares),
    },
    Operation {
        id: "list-back-ups",
        summary: "Back-ups that were made by rule, newest first",
        about: "Where each lies is not told.",
        query: &[],
        takes: None,
        status: 200,
        gives: Gives::Many(of::<BackUpTold>),
        handler: handled!(made),
    },
];

async fn lists(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, _) = call.read::<ReadLists>(api, ()).await?;
    let all = list::status(&mut tx).await?;
    tx.roll_back().await?;
    let tell = |one: &list::Status| {
        json!(ListTold {
            id: one.list.id.clone(),
            version: one.list.version,
            categories: one.list.categories.clone(),
            state: one.word(),
            entries: one.list.report.accepted,
            read_at: one.list.imported_at.to_string(),
            note: one.waits.clone().or_else(|| one.note.clone()),
        })
    };
    page_of(api, call, all, |one| one.list.id.clone(), tell)
}

fn version_id(api: &Api, number: u32) -> String {
    api.opaque.id("policy", &number.to_string())
}

fn of_version(api: &Api, version: &policy::Version, whole: bool) -> PolicyVersion {
    PolicyVersion {
        id: version_id(api, version.number),
        number: version.number,
        note: version.note.clone(),
        applied_at: version.at.to_string(),
        text: whole.then(|| version.text.clone()),
    }
}

async fn versions(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, _) = call.read::<ReadPolicy>(api, ()).await?;
    let all = policy::history(&mut tx).await?;
    tx.roll_back().await?;
    page_of(api, call, all, |one| one.number.to_string(), |one| json!(of_version(api, one, false)))
}

async fn version(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, _) = call.read::<ReadPolicy>(api, ()).await?;
    let all = policy::history(&mut tx).await?;
    tx.roll_back().await?;
    let named = all.iter().map(|one| (one.number.to_string(), one));
    let one = api.opaque.which("policy", call.part("version"), named).ok_or_else(Problem::not_found)?;
    Ok(Done::Told(Told::ok(json!(of_version(api, one, true)))))
}

/// The id of a test.
pub(crate) fn test_id(api: &Api, number: &str) -> String {
    api.opaque.id("test", number)
}

fn of_test(api: &Api, kept: &filter_test::Kept) -> FilterTest {
    let rows = kept.report.checks.iter().map(|check| FilterCheck {
        id: check.id.clone(),
        title: check.title.clone(),
        outcome: check.outcome.words().to_lowercase(),
        asked: check.asked,
        failed: check.failed,
    });
    FilterTest {
        id: test_id(api, &kept.number.to_string()),
        at: kept.at.to_string(),
        passed: kept.report.passed,
        checks: rows.collect(),
    }
}

async fn tests(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, _) = call.read::<ReadFilterTests>(api, ()).await?;
    let all = filter_test::newest(&mut tx, LOOKED_BACK).await?;
    tx.roll_back().await?;
    page_of(api, call, all, |one| one.number.to_string(), |one| json!(of_test(api, one)))
}

async fn test(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, _) = call.read::<ReadFilterTests>(api, ()).await?;
    let all = filter_test::newest(&mut tx, LOOKED_BACK).await?;
    tx.roll_back().await?;
    let named = all.iter().map(|one| (one.number.to_string(), one));
    let one = api.opaque.which("test", call.part("test"), named).ok_or_else(Problem::not_found)?;
    Ok(Done::Told(Told::ok(json!(of_test(api, one)))))
}

async fn fares(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, _) = call.read::<ReadHealth>(api, ()).await?;
    let portal = &api.portal;
    let log = portal.log.clone();
    let asked = tokio::task::spawn_blocking(move || log.status_within(PATIENCE).ok());
    let lists = list::status(&mut tx).await?;
    let tests = filter_test::newest(&mut tx, TESTS).await?;
    let not_tested = filter_test::problem(&mut tx).await?;
    let backups = by_hand::newest(&mut tx, 50).await?;
    let known = back_ups::known(&mut tx).await?;
    let erased = store::retention::last(&mut tx).await?;
    tx.roll_back().await?;
    let (log, gate) = (asked.await.unwrap_or_default(), portal.gate.health());
    let seen = health::Seen {
        at: call.at,
        gate: gate.as_ref(),
        log: log.as_ref(),
        lists: &lists,
        tests: &tests,
        not_tested: not_tested.as_deref(),
        backup: backups.iter().find(|backup| !backup.restored),
        by_rule: portal.back_ups.rule.as_ref().map(|rule| (rule, &known)),
        erased: erased.as_ref(),
        zone: &portal.zone,
    };
    let parts = health::items(&seen).into_iter().map(|item| HealthPart {
        part: item.what.to_owned(),
        level: match item.level {
            health::Level::Broken => "broken",
            health::Level::Look => "look",
            health::Level::Well => "well",
        },
        says: item.says,
        remedy: item.remedy,
    });
    let told = Health { at: call.at.to_string(), parts: parts.collect() };
    Ok(Done::Told(Told::ok(json!(told))))
}

async fn made(api: &Api, call: &Call) -> Result<Done, Problem> {
    let (mut tx, _) = call.read::<ReadHealth>(api, ()).await?;
    let all = back_ups::newest(&mut tx, LOOKED_BACK).await?;
    tx.roll_back().await?;
    let tell = |one: &back_ups::Made| {
        json!(BackUpTold {
            id: api.opaque.id("backup", &one.name),
            made_at: one.made_at.to_string(),
            bytes: one.bytes,
            encrypted: one.encrypted,
            kept: one.removed_at.is_none(),
        })
    };
    page_of(api, call, all, |one| one.name.clone(), tell)
}
