//! What somebody should know when they begin, by their duties: from what the records hold, and nothing else.

use std::collections::BTreeSet;

use ::store::Tx;
use ::store::trail::{self, Wanted};
use kit::Timestamp;
use people::access::{self, Due, ReadAccess, ReviewAccess};
use people::account::SignedIn;
use people::duty::{self, Duties, ReadDuties};
use register::task::{Kinds, ReadTasks};
use web::PageError;

use super::Portal;
use crate::activity_log::pages::OpenIdentities;
use crate::desk;
use crate::filter_policy;
use crate::filter_policy::pages::ReadPolicy;
use crate::filter_test::pages::ReadFilterTests;
use crate::filter_test::{self, still_failed, views::TEST_EVERY_MS};
use crate::health::backups;
use crate::health::pages::ReadHealth;
use crate::lasting;
use crate::lesson::actions::{EndAnybodys, ReadLessons, running};
use crate::list::pages::ReadLists;
use crate::list::{self, Status};
use crate::overrides::closing::ReadOverrides;
use crate::site_report::actions::ReadReports;
use crate::site_report::{self, Outcome};
use crate::site_request::State;
use crate::site_request::actions::{self, ReadRequests};
use crate::site_request::agreeing::{self, AgreeRequest};
use crate::withheld::Withheld;
use crate::withheld::deciding::ReadWithheld;

/// One thing to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub words: String,
    /// Where it is, where it has a page.
    pub href: Option<&'static str>,
    /// Why it needs nobody, where it needs nobody; or what else is to be said.
    pub why: Option<String>,
}

/// What somebody should know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Monday {
    /// What they were told and have not looked at.
    pub told: Vec<Line>,
    /// What waits for them.
    pub waiting: Vec<Line>,
    /// Since which day changes are told.
    pub since: String,
    /// What changed.
    pub changed: Vec<Line>,
    /// What they may leave alone.
    pub ignore: Vec<Line>,
}

/// Changes of so many days are told.
const DAYS_BACK: u16 = 7;
const DAY_MS: i64 = 86_400_000;
/// So many entries of the access trail are counted at most.
const COUNTED: u32 = 1_000;
/// So many requests are looked at.
const REQUESTS: u32 = 100;

/// How many of what: `1 request`, `3 requests`.
fn many(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

fn line(words: String, href: Option<&'static str>) -> Line {
    Line { words, href, why: None }
}

fn because(words: String, href: Option<&'static str>, why: impl Into<String>) -> Line {
    Line { words, href, why: Some(why.into()) }
}

/// Gathers it for whoever is signed in.
pub(super) async fn gather(tx: &mut Tx, portal: &Portal, who: &SignedIn) -> Result<Monday, PageError> {
    let back = who.at().plus_millis(-i64::from(DAYS_BACK) * DAY_MS);
    let since = portal.zone.day(back).begins;
    let named = portal.zone.local(since).civil().strftime("%A %-d %B").to_string();
    let mut monday = Monday { since: named, ..Monday::default() };
    tasks(tx, who, &mut monday).await?;
    told(tx, who, &mut monday).await?;
    requests(tx, who, since, &mut monday).await?;
    reports(tx, who, since, &mut monday).await?;
    lists(tx, who, since, &mut monday).await?;
    tests(tx, who, since, &mut monday).await?;
    lessons(tx, portal, who, since, &mut monday).await?;
    if who.may::<ReadPolicy>(()).is_ok() {
        let versions = filter_policy::history(tx).await.map_err(PageError::unexpected)?;
        let new = versions.iter().filter(|version| version.at >= since).count();
        if new > 0 {
            let words = many(
                new,
                "version of the filter policy was applied",
                "versions of the filter policy were applied",
            );
            monday.changed.push(line(words, Some("/staff/policy")));
        }
    }
    if who.may::<ReadDuties>(()).is_ok() {
        let permit = who.may::<ReadDuties>(())?;
        let all = duty::all(tx, &permit).await.map_err(PageError::unexpected)?;
        let gaps = duty::gaps(Duties::built_in(), portal.kind, &all, who.at());
        let named: Vec<&str> = gaps.iter().map(|gap| gap.duty.called_in(portal.kind)).collect();
        if !named.is_empty() {
            let words = many(
                named.len(),
                "duty that the school needs is held by nobody",
                "duties that the school needs are held by nobody",
            );
            monday.waiting.push(because(words, Some("/staff/duties"), named.join(", ")));
        }
        nobodys(tx, portal, who, &mut monday).await?;
        let changes = counted(tx, "duty", since).await?;
        if changes > 0 {
            let words = many(changes, "duty was given or ended", "duties were given or ended");
            monday.changed.push(line(words, Some("/staff/duties")));
        }
    }
    reviews(tx, portal, who, since, &mut monday).await?;
    if who.offers::<OpenIdentities>() {
        let opened = opened(tx, since).await?;
        if opened > 0 {
            let words =
                format!("Identities in the activity log were opened {}", many(opened, "time", "times"));
            monday.changed.push(because(words, None, "the access trail says by whom, and the log why"));
        }
    }
    if who.may::<ReadHealth>(()).is_ok() {
        let newest = backups::newest(tx, COUNTED).await.map_err(PageError::unexpected)?;
        match newest.iter().find(|backup| !backup.restored) {
            None => monday
                .waiting
                .push(line("No back-up was ever made of the records".to_owned(), Some("/staff/back-ups"))),
            Some(backup) if backup.at < since => {
                monday.waiting.push(line(
                    "The newest back-up is more than a week old".to_owned(),
                    Some("/staff/back-ups"),
                ));
            }
            Some(_) => monday.ignore.push(because(
                "Back-ups".to_owned(),
                Some("/staff/back-ups"),
                "one was made, and read back, within the last week",
            )),
        }
    }
    Ok(monday)
}

/// What is theirs to do, which the rest of this page tells of by its own words.
async fn tasks(tx: &mut Tx, who: &SignedIn, monday: &mut Monday) -> Result<(), PageError> {
    if who.may::<ReadTasks>(()).is_err() {
        return Ok(());
    }
    let me = desk::me::signed_in(tx, who, who.at()).await.map_err(PageError::unexpected)?;
    let theirs = desk::pages::theirs(tx, &me).await?;
    if theirs.is_empty() {
        return Ok(());
    }
    let late = theirs.iter().filter(|(task, ..)| task.is_late(who.at())).count();
    let words = many(theirs.len(), "task of your work", "tasks of your work");
    let why = (late > 0).then(|| many(late, "of them is late", "of them are late"));
    monday.waiting.push(Line { words, href: Some("/tasks"), why });
    Ok(())
}

/// What waits for a duty that nobody holds: whoever sees who holds which is shown it, since it is on no page of anybody's work.
async fn nobodys(tx: &mut Tx, portal: &Portal, who: &SignedIn, monday: &mut Monday) -> Result<(), PageError> {
    let everybody = desk::me::everybody(tx, who.at()).await.map_err(PageError::unexpected)?;
    let open = register::task::open(tx).await.map_err(PageError::unexpected)?;
    let known = open.iter().filter_map(|task| Some((Kinds::built_in().named(&task.kind)?, task)));
    let theirs: Vec<_> = known.filter(|(kind, task)| task.is_nobodys(kind, &everybody)).collect();
    if theirs.is_empty() {
        return Ok(());
    }
    let duties: BTreeSet<&str> =
        theirs.iter().flat_map(|(kind, _)| kind.duties.iter().map(String::as_str)).collect();
    let named = duties.into_iter().filter_map(|id| Duties::built_in().named(id));
    let named: Vec<&str> =
        named.filter(|duty| duty.is_in(portal.kind)).map(|duty| duty.called_in(portal.kind)).collect();
    let words = many(theirs.len(), "task is nobody’s to do", "tasks are nobody’s to do");
    let why = format!("Give somebody one of these duties: {}", named.join(", "));
    monday.waiting.push(because(words, Some("/staff/duties"), why));
    Ok(())
}

/// What somebody was told and has not looked at.
async fn told(tx: &mut Tx, who: &SignedIn, monday: &mut Monday) -> Result<(), PageError> {
    let unseen = notices::unseen(tx, who.person().0).await.map_err(PageError::unexpected)?;
    monday.told.extend(unseen.iter().filter_map(|notice| {
        let text = notices::Notices::built_in().text(notice.kind)?;
        let words =
            if notice.count > 1 { format!("{} ({})", text.title, notice.count) } else { text.title.clone() };
        Some(because(words, Some(notice.path.path()), text.says.clone()))
    }));
    Ok(())
}

/// How it stands with the review of who may do what.
async fn reviews(
    tx: &mut Tx,
    portal: &Portal,
    who: &SignedIn,
    since: Timestamp,
    monday: &mut Monday,
) -> Result<(), PageError> {
    let Ok(permit) = who.may::<ReadAccess>(()) else { return Ok(()) };
    let href = Some("/staff/access");
    let day = |at: Timestamp| portal.zone.local(at).civil().strftime("%-d %B %Y").to_string();
    match access::stands(tx, &permit, who.at()).await.map_err(PageError::unexpected)? {
        Due::GoesOn(_, left) if who.offers::<ReviewAccess>() => {
            let words = match left {
                0 => "The review of who may do what can be ended".to_owned(),
                left => {
                    format!(
                        "{} still to be looked at in the review of who may do what",
                        many(left, "person", "people")
                    )
                }
            };
            monday.waiting.push(line(words, href));
        }
        Due::Overdue(on) if who.offers::<ReviewAccess>() => {
            let words = format!("The review of who may do what was due on {}", day(on));
            monday.waiting.push(line(words, href));
        }
        Due::On(on) => {
            let words = "The review of who may do what".to_owned();
            monday.ignore.push(because(words, href, format!("the next is due by {}", day(on))));
        }
        Due::GoesOn(..) | Due::Overdue(_) | Due::Nothing => {}
    }
    let ended = counted(tx, "access.end", since).await?;
    if ended > 0 {
        let words =
            many(ended, "review of who may do what was ended", "reviews of who may do what were ended");
        monday.changed.push(line(words, href));
    }
    Ok(())
}

async fn requests(
    tx: &mut Tx,
    who: &SignedIn,
    since: Timestamp,
    monday: &mut Monday,
) -> Result<(), PageError> {
    // Second persons who do not read requests see those alone that wait for them.
    let reads = who.may::<ReadRequests>(()).is_ok();
    if !reads && !who.offers::<AgreeRequest>() {
        return Ok(());
    }
    let (mut new, mut second, mut own, mut answered) = (0_usize, 0_usize, 0_usize, 0_usize);
    for request in actions::list(tx, false, REQUESTS).await.map_err(PageError::unexpected)? {
        match request.state {
            State::Approved { at, .. } | State::Refused { at, .. } => answered += usize::from(at >= since),
            State::Open => {
                let proposed =
                    agreeing::of(tx, &request.reference, who.at()).await.map_err(PageError::unexpected)?;
                match proposed {
                    None => new += 1,
                    Some(proposed) if proposed.by == who.standing().actor().to_string() => own += 1,
                    Some(_) => second += 1,
                }
            }
        }
    }
    let href = Some("/staff/requests");
    if reads && new > 0 {
        monday.waiting.push(line(format!("{} for sites to answer", many(new, "request", "requests")), href));
    }
    if second > 0 {
        let words = format!("{} that another proposed to open", many(second, "request", "requests"));
        if who.offers::<AgreeRequest>() {
            monday.waiting.push(line(format!("{words}, to agree to or not"), href));
        } else {
            monday.ignore.push(because(
                words,
                href,
                "a second person must agree, which your duties do not let you be",
            ));
        }
    }
    if own > 0 {
        let words = format!("{} that you proposed to open", many(own, "request", "requests"));
        monday.ignore.push(because(words, href, "another person must agree, and nothing is open until then"));
    }
    if reads && answered > 0 {
        monday.changed.push(line(many(answered, "request was answered", "requests were answered"), href));
    }
    Ok(())
}

async fn reports(
    tx: &mut Tx,
    who: &SignedIn,
    since: Timestamp,
    monday: &mut Monday,
) -> Result<(), PageError> {
    if who.may::<ReadReports>(()).is_err() {
        return Ok(());
    }
    let (mut new, mut answered) = (0_usize, 0_usize);
    for report in site_report::actions::list(tx, false, REQUESTS).await.map_err(PageError::unexpected)? {
        match report.outcome {
            Outcome::Open => new += 1,
            Outcome::Changed { at, .. } | Outcome::LeftAsItIs { at, .. } => {
                answered += usize::from(at >= since);
            }
        }
    }
    let href = Some("/staff/reports");
    if new > 0 {
        monday
            .waiting
            .push(line(many(new, "report about a site to answer", "reports about sites to answer"), href));
    }
    if answered > 0 {
        monday.changed.push(line(
            many(answered, "report about a site was answered", "reports about sites were answered"),
            href,
        ));
    }
    Ok(())
}

async fn lists(tx: &mut Tx, who: &SignedIn, since: Timestamp, monday: &mut Monday) -> Result<(), PageError> {
    if who.may::<ReadLists>(()).is_err() {
        return Ok(());
    }
    let all = list::status(tx).await.map_err(PageError::unexpected)?;
    let of = |word: &str| all.iter().filter(|status: &&Status| status.word() == word).count();
    let href = Some("/staff/lists");
    let (waiting, failing, held) = (of("waiting"), of("failing"), of("held"));
    if waiting > 0 {
        let words =
            many(waiting, "list whose update waits for a person", "lists whose updates wait for a person");
        monday.waiting.push(line(words, href));
    }
    let read = all.iter().filter(|status| status.list.imported_at >= since).count();
    if read > 0 {
        monday.changed.push(line(many(read, "list was read anew", "lists were read anew"), href));
    }
    if failing > 0 {
        let words = many(failing, "list could not be fetched", "lists could not be fetched");
        monday.ignore.push(because(words, href, "each is tried again by itself, and is in use as it was"));
    }
    if held > 0 {
        let words = many(held, "list is held", "lists are held");
        monday.ignore.push(because(words, href, "somebody decided that, and it is in use as it is"));
    }
    Ok(())
}

async fn tests(tx: &mut Tx, who: &SignedIn, since: Timestamp, monday: &mut Monday) -> Result<(), PageError> {
    if who.may::<ReadFilterTests>(()).is_err() {
        return Ok(());
    }
    let tests = filter_test::newest(tx, COUNTED.min(60)).await.map_err(PageError::unexpected)?;
    let href = Some("/staff/filter-tests");
    let failed = still_failed(&tests).len();
    if failed > 0 {
        let words =
            many(failed, "failed test of the filter that stands", "failed tests of the filter that stand");
        monday.waiting.push(line(words, href));
    }
    match tests.first() {
        None => monday.waiting.push(line("The filter was never tested".to_owned(), href)),
        Some(newest) if who.at().as_millis() - newest.at.as_millis() > TEST_EVERY_MS => {
            monday
                .waiting
                .push(line("The last test of the filter is more than a month old".to_owned(), href));
        }
        Some(newest) if failed == 0 => {
            monday.ignore.push(because(
                "Tests of the filter".to_owned(),
                href,
                format!("the last one, number {}, {}", newest.number, newest.report.in_short()),
            ));
        }
        Some(_) => {}
    }
    let ran = tests.iter().filter(|test| test.at >= since).count();
    if ran > 0 {
        monday.changed.push(line(many(ran, "test of the filter ran", "tests of the filter ran"), href));
    }
    Ok(())
}

async fn lessons(
    tx: &mut Tx,
    portal: &Portal,
    who: &SignedIn,
    since: Timestamp,
    monday: &mut Monday,
) -> Result<(), PageError> {
    if who.may::<ReadLessons>(()).is_err() {
        return Ok(());
    }
    let sees_all = who.offers::<EndAnybodys>();
    let whose = (!sees_all).then_some(who.standing().actor());
    let now = running(tx, whose, who.at()).await.map_err(PageError::unexpected)?;
    let href = Some("/staff/lessons");
    if let Some(last) = now.iter().map(|one| one.span.ends_at).max() {
        let words = many(
            now.len(),
            "thing is open, closed or paused for a lesson",
            "things are open, closed or paused for a lesson",
        );
        let clock = portal.zone.local(last).civil().strftime("%H:%M").to_string();
        monday.ignore.push(because(words, href, format!("each ends by itself, the last at {clock}")));
    }
    if sees_all {
        let due = lasting::not_over::<Withheld>(tx, who.at()).await.map_err(PageError::unexpected)?;
        let due = due.iter().filter(|one| one.review_is_due(who.at())).count();
        if due > 0 {
            let words = many(
                due,
                "decision to withhold access is to be looked at again",
                "decisions to withhold access are to be looked at again",
            );
            if who.offers::<ReadWithheld>() {
                monday.waiting.push(line(words, Some("/staff/withheld")));
            } else {
                monday.ignore.push(because(words, None, "the safeguarding lead and the head look at them"));
            }
        }
        let opened = counted(tx, "override.grant", since).await?;
        if opened > 0 {
            monday.changed.push(line(
                many(
                    opened,
                    "site was opened or closed for a time",
                    "sites were opened or closed for a time",
                ),
                who.offers::<ReadOverrides>().then_some("/staff/overrides"),
            ));
        }
    }
    Ok(())
}

/// How many entries of the access trail tell of such a thing since then.
async fn counted(tx: &mut Tx, verb: &str, since: Timestamp) -> Result<usize, PageError> {
    let wanted = Wanted { since: Some(since), verb: Some(verb), ..Wanted::default() };
    Ok(trail::find(tx, &wanted, COUNTED).await.map_err(PageError::unexpected)?.len())
}

/// How often identities were opened since then.
async fn opened(tx: &mut Tx, since: Timestamp) -> Result<usize, PageError> {
    let wanted = Wanted { since: Some(since), verb: Some("activity"), ..Wanted::default() };
    let entries = trail::find(tx, &wanted, COUNTED).await.map_err(PageError::unexpected)?;
    Ok(entries.iter().filter(|entry| entry.verb.ends_with("-opened")).count())
}
