//! What should be somebody's task just now, read from the records.

use ::store::{StoreError, Tx};
use backups::kept;
use kit::Timestamp;
use register::emergency;
use register::task::Opening;

use crate::filter_policy;
use crate::filter_test::{self, still_failed, views::TEST_EVERY_MS};
use crate::lasting::second_pages::Pages;
use crate::lasting::{self, second};
use crate::list;
use crate::overrides::Override;
use crate::site_report;
use crate::site_request::actions;
use crate::site_request::agreeing::{self, AgreeError};
use crate::withheld::Withheld;

/// The kinds whose tasks are done once nothing here speaks for them any more.
pub const FOLLOWED: [&str; 12] = [
    "site-request",
    "site-report",
    "second-person",
    "withheld-second",
    "withheld-review",
    "filter-test-due",
    "filter-test-failed",
    "access-review",
    "cards-renewal",
    "roll-waits",
    "drill-failed",
    "list-waiting",
    "list-held",
];

/// A week.
const WEEK_MS: i64 = 7 * 86_400_000;
/// So many requests wait at once, at most, before no more of them become tasks.
const REQUESTS: u32 = 10_000;
/// So many tests are looked at for one that failed and stands.
const TESTS: u32 = 60;

/// What waits, each as the task that it should be.
pub async fn facts(tx: &mut Tx, at: Timestamp) -> Result<Vec<Opening>, StoreError> {
    let mut found = Vec::new();
    requests(tx, at, &mut found).await?;
    for report in site_report::actions::list(tx, true, REQUESTS).await? {
        let path = format!("/staff/reports/{}", report.reference);
        found.push(fact("site-report", report.id.to_string(), &path));
    }
    seconds::<Override>(tx, "second-person", at, &mut found).await?;
    seconds::<Withheld>(tx, "withheld-second", at, &mut found).await?;
    for one in lasting::not_over::<Withheld>(tx, at).await? {
        if let Some(review_at) = one.review_at.filter(|_| one.review_is_due(at)) {
            let path = format!("/staff/withheld/{}", one.number);
            found.push(fact("withheld-review", format!("{}@{}", one.id, review_at.as_millis()), &path));
        }
    }
    tests(tx, at, &mut found).await?;
    if let Some(on) = people::access::overdue(tx, at).await? {
        found.push(fact("access-review", format!("due:{}", on.as_millis()), "/staff/access"));
    }
    if let Some(drill) = kept::known(tx).await?.drilled.filter(|drill| !drill.passed) {
        found.push(fact("drill-failed", format!("drill:{}", drill.number), "/staff/back-ups"));
    }
    for id in people::account::worry::lately(tx, at).await? {
        found.push(fact("account-worry", id.to_string(), &format!("/staff/worries/{id}")));
    }
    // Once a week at the most for each account: who was asked on Monday is not asked again on Tuesday.
    let week = at.as_millis().div_euclid(WEEK_MS);
    for (account, person) in people::account::in_many_browsers(tx, at).await? {
        found.push(fact("account-shared", format!("{account}@{week}"), &format!("/staff/roll/{}", person.0)));
    }
    for number in people::intake::kept_back(tx).await? {
        found.push(fact("roll-waits", format!("import:{number}"), &format!("/staff/roll/imports/{number}")));
    }
    for (of, oldest) in people::account::card::due_for_renewal(tx, at).await? {
        found.push(fact(
            "cards-renewal",
            format!("{of}@{}", oldest.as_millis()),
            &format!("/staff/cards/{of}"),
        ));
    }
    for status in list::status(tx).await? {
        let kind = match status.word() {
            "waiting" => "list-waiting",
            "held" => "list-held",
            _ => continue,
        };
        let subject = format!("{}@{}", status.list.id, status.list.version);
        found.push(fact(kind, subject, "/staff/lists"));
    }
    Ok(found)
}

/// What is proposed to end before its time, each a task for its second person.
async fn seconds<T: Pages>(
    tx: &mut Tx,
    kind: &'static str,
    at: Timestamp,
    found: &mut Vec<Opening>,
) -> Result<(), StoreError> {
    for one in lasting::not_over::<T>(tx, at).await? {
        if let Some(proposed) = second::of(tx, &one, at).await? {
            let path = format!("{}/{}", T::PAGES, one.number());
            let opening = fact(kind, proposed.id.to_string(), &path);
            found.push(Opening { not_by: Some(proposed.proposed_by), ..opening });
        }
    }
    Ok(())
}

fn fact(kind: &'static str, subject: String, path: &str) -> Opening {
    Opening { kind, subject, path: path.to_owned(), due_at: None, not_by: None }
}

async fn requests(tx: &mut Tx, at: Timestamp, found: &mut Vec<Opening>) -> Result<(), StoreError> {
    for request in actions::list(tx, true, REQUESTS).await? {
        let path = format!("/staff/requests/{}", request.reference);
        found.push(fact("site-request", request.id.to_string(), &path));
        let proposed = match agreeing::of(tx, &request.reference, at).await {
            Ok(proposed) => proposed.filter(|proposed| at < proposed.lapses_at),
            Err(AgreeError::Store(error)) => return Err(error),
            // What else may be wrong with a proposal is no failure of the records.
            Err(_) => None,
        };
        let Some(proposed) = proposed else { continue };
        // Whoever looks at what was opened alone is that second person. Found right, it ends when it ends, and what was proposed waits for its
        // second person anew: the task that there was before is done.
        let alone = emergency::of_approval(tx, proposed.id).await?;
        let subject = match alone.map(|alone| alone.reviewed) {
            None => Some(proposed.id.to_string()),
            Some(Some(review)) => Some(format!("{}@{}", proposed.id, review.at.as_millis())),
            Some(None) => None,
        };
        if let Some(subject) = subject {
            found.push(Opening { not_by: Some(proposed.by), ..fact("second-person", subject, &path) });
        }
    }
    Ok(())
}

async fn tests(tx: &mut Tx, at: Timestamp, found: &mut Vec<Opening>) -> Result<(), StoreError> {
    const PATH: &str = "/staff/filter-tests";
    // Before a policy is in force there is nothing to test.
    if filter_policy::current(tx).await?.is_none() {
        return Ok(());
    }
    let tests = filter_test::newest(tx, TESTS).await?;
    match tests.first() {
        None => found.push(fact("filter-test-due", "after:none".to_owned(), PATH)),
        Some(newest) if at.as_millis().saturating_sub(newest.at.as_millis()) > TEST_EVERY_MS => {
            found.push(fact("filter-test-due", format!("after:{}", newest.number), PATH));
        }
        Some(_) => {}
    }
    for failed in still_failed(&tests) {
        found.push(fact("filter-test-failed", format!("test:{}", failed.number), PATH));
    }
    Ok(())
}
