//! What somebody should know when they begin, by their duties: from what the records hold, and nothing else.

use std::collections::BTreeSet;

use ::store::Tx;
use ::store::trail::{self, Wanted};
use axum::extract::FromRef as _;
use kit::Timestamp;
use people::access::{self, Due, ReadAccess, ReviewAccess};
use people::account::{House, Invite, SignedIn, inviting};
use people::duty::{self, Duties, ReadDuties};
use people::programs::ReadTrail;
use register::task::{Kinds, ReadTasks};
use web::speech::{say, say_or};
use web::{PageError, counted, filled};

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
use crate::own_words::actions::ReadWords;
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
    let named = web::page::weekday(since, &portal.zone);
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
            let words = counted!("monday.versions-count", new);
            monday.changed.push(line(words, Some("/staff/policy")));
        }
    }
    if who.may::<ReadDuties>(()).is_ok() {
        let permit = who.may::<ReadDuties>(())?;
        let all = duty::all(tx, &permit).await.map_err(PageError::unexpected)?;
        let gaps = duty::gaps(Duties::built_in(), portal.kind, &all, who.at());
        let named: Vec<String> = gaps.iter().map(|gap| gap.duty.said_in(portal.kind)).collect();
        if !named.is_empty() {
            let words = counted!("monday.gaps-count", named.len());
            monday.waiting.push(because(words, Some("/staff/duties"), named.join(", ")));
        }
        nobodys(tx, portal, who, &mut monday).await?;
        let changes = entries_of(tx, "duty", since).await?;
        if changes > 0 {
            let words = counted!("monday.duties-count", changes);
            monday.changed.push(line(words, Some("/staff/duties")));
        }
    }
    ways_in(tx, portal, who, &mut monday).await?;
    words_changed(tx, who, since, &mut monday).await?;
    reviews(tx, portal, who, since, &mut monday).await?;
    if who.offers::<OpenIdentities>() {
        let opened = opened(tx, since).await?;
        if opened > 0 {
            let words = counted!("monday.opened-count", opened);
            let href = who.offers::<ReadTrail>().then_some("/staff/trail");
            monday.changed.push(because(words, href, say("monday.the-access-trail-says")));
        }
    }
    if who.may::<ReadHealth>(()).is_ok() {
        let newest = backups::newest(tx, COUNTED).await.map_err(PageError::unexpected)?;
        match newest.iter().find(|backup| !backup.restored) {
            None => monday.waiting.push(line(say("monday.no-back-up-was"), Some("/staff/back-ups"))),
            Some(backup) if backup.at < since => {
                monday.waiting.push(line(say("monday.the-newest-back-up"), Some("/staff/back-ups")));
            }
            Some(_) => monday.ignore.push(because(
                say("monday.back-ups"),
                Some("/staff/back-ups"),
                say("monday.one-was-made-and"),
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
    let words = counted!("monday.tasks-count", theirs.len());
    let why = (late > 0).then(|| counted!("monday.late-count", late));
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
    let named: Vec<String> =
        named.filter(|duty| duty.is_in(portal.kind)).map(|duty| duty.said_in(portal.kind)).collect();
    let words = counted!("monday.nobodys-count", theirs.len());
    let why = filled!("monday.give-somebody-one-of", duties = named.join(", "));
    monday.waiting.push(because(words, Some("/staff/duties"), why));
    Ok(())
}

/// What somebody was told and has not looked at.
async fn told(tx: &mut Tx, who: &SignedIn, monday: &mut Monday) -> Result<(), PageError> {
    let unseen = notices::unseen(tx, who.person().0).await.map_err(PageError::unexpected)?;
    monday.told.extend(unseen.iter().filter_map(|notice| {
        let text = notices::Notices::built_in().text(notice.kind)?;
        let title = say_or(&people::account::notices::label(&text.id, "title"), &text.title);
        let words = if notice.count > 1 { format!("{title} ({})", notice.count) } else { title };
        let says = say_or(&people::account::notices::label(&text.id, "says"), &text.says);
        Some(because(words, Some(notice.path.path()), says))
    }));
    Ok(())
}

/// Who of the staff cannot sign in, for whoever gives a way in.
async fn ways_in(tx: &mut Tx, portal: &Portal, who: &SignedIn, monday: &mut Monday) -> Result<(), PageError> {
    if !who.offers::<Invite>() {
        return Ok(());
    }
    let directory = House::from_ref(portal).checks_in_a_directory();
    let missing =
        inviting::of_the_staff_without(tx, directory, who.at()).await.map_err(PageError::unexpected)?;
    if missing > 0 {
        let words = counted!("monday.ways-in-count", missing);
        monday.waiting.push(line(words, Some("/staff/ways-in")));
    }
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
    let day = |at: Timestamp| web::page::day(at, &portal.zone);
    match access::stands(tx, &permit, who.at()).await.map_err(PageError::unexpected)? {
        Due::GoesOn(_, left) if who.offers::<ReviewAccess>() => {
            let words = match left {
                0 => say("monday.the-review-of-who"),
                left => {
                    counted!("monday.people-count", left)
                }
            };
            monday.waiting.push(line(words, href));
        }
        Due::Overdue(on) if who.offers::<ReviewAccess>() => {
            let words = filled!("monday.the-review-of-who-may", on = day(on));
            monday.waiting.push(line(words, href));
        }
        Due::On(on) => {
            let words = say("monday.the-review-of-who-may-do");
            monday.ignore.push(because(words, href, filled!("monday.the-next-is-due", on = day(on))));
        }
        Due::GoesOn(..) | Due::Overdue(_) | Due::Nothing => {}
    }
    let ended = entries_of(tx, "access.end", since).await?;
    if ended > 0 {
        let words = counted!("monday.reviews-count", ended);
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
    let all = agreeing::all(tx, who.at()).await.map_err(PageError::unexpected)?;
    for request in actions::list(tx, false, REQUESTS).await.map_err(PageError::unexpected)? {
        match request.state {
            State::Approved { at, .. } | State::Refused { at, .. } => answered += usize::from(at >= since),
            State::Open => match all.get(&request.id.to_string()) {
                None => new += 1,
                Some(proposed) if proposed.by == who.standing().actor().to_string() => own += 1,
                Some(_) => second += 1,
            },
        }
    }
    let href = Some("/staff/requests");
    if reads && new > 0 {
        monday.waiting.push(line(counted!("monday.requests-count", new), href));
    }
    if second > 0 {
        let words = counted!("monday.second-count", second);
        if who.offers::<AgreeRequest>() {
            monday.waiting.push(line(filled!("monday.to-agree-to", words), href));
        } else {
            monday.ignore.push(because(words, href, say("monday.a-second-person-must")));
        }
    }
    if own > 0 {
        let words = counted!("monday.own-count", own);
        monday.ignore.push(because(words, href, say("monday.another-person-must-agree")));
    }
    if reads && answered > 0 {
        monday.changed.push(line(counted!("monday.answered-count", answered), href));
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
        monday.waiting.push(line(counted!("monday.reports-count", new), href));
    }
    if answered > 0 {
        monday.changed.push(line(counted!("monday.answered-reports-count", answered), href));
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
        let words = counted!("monday.updates-count", waiting);
        monday.waiting.push(line(words, href));
    }
    let read = all.iter().filter(|status| status.list.imported_at >= since).count();
    if read > 0 {
        monday.changed.push(line(counted!("monday.lists-read-count", read), href));
    }
    if failing > 0 {
        let words = counted!("monday.lists-failing-count", failing);
        monday.ignore.push(because(words, href, say("monday.each-is-tried-again")));
    }
    if held > 0 {
        let words = counted!("monday.lists-held-count", held);
        monday.ignore.push(because(words, href, say("monday.somebody-decided-that-and")));
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
        let words = counted!("monday.tests-failed-count", failed);
        monday.waiting.push(line(words, href));
    }
    match tests.first() {
        None => monday.waiting.push(line(say("monday.the-filter-was-never"), href)),
        Some(newest) if who.at().as_millis() - newest.at.as_millis() > TEST_EVERY_MS => {
            monday.waiting.push(line(say("monday.the-last-test-of"), href));
        }
        Some(newest) if failed == 0 => {
            monday.ignore.push(because(
                say("monday.tests-of-the-filter"),
                href,
                filled!(
                    "monday.the-last-one-number",
                    number = newest.number,
                    found = newest.report.in_short()
                ),
            ));
        }
        Some(_) => {}
    }
    let ran = tests.iter().filter(|test| test.at >= since).count();
    if ran > 0 {
        monday.changed.push(line(counted!("monday.tests-ran-count", ran), href));
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
        let words = counted!("monday.lessons-count", now.len());
        let clock = portal.zone.local(last).civil().strftime("%H:%M").to_string();
        monday.ignore.push(because(words, href, filled!("monday.each-ends-by-itself", clock)));
    }
    if sees_all {
        let due = lasting::not_over::<Withheld>(tx, who.at()).await.map_err(PageError::unexpected)?;
        let due = due.iter().filter(|one| one.review_is_due(who.at())).count();
        if due > 0 {
            let words = counted!("monday.withheld-count", due);
            if who.offers::<ReadWithheld>() {
                monday.waiting.push(line(words, Some("/staff/withheld")));
            } else {
                monday.ignore.push(because(words, None, say("monday.the-safeguarding-lead-and")));
            }
        }
        let opened = entries_of(tx, "override.grant", since).await?;
        if opened > 0 {
            let href = who.offers::<ReadOverrides>().then_some("/staff/overrides");
            monday.changed.push(line(counted!("monday.sites-count", opened), href));
        }
    }
    Ok(())
}

/// How often a label of the pages was said otherwise.
async fn words_changed(
    tx: &mut Tx,
    who: &SignedIn,
    since: Timestamp,
    monday: &mut Monday,
) -> Result<(), PageError> {
    if who.offers::<ReadWords>() {
        let changes = entries_of(tx, "words.change", since).await?;
        if changes > 0 {
            monday.changed.push(line(counted!("monday.words-count", changes), Some("/staff/words")));
        }
    }
    Ok(())
}

/// How many entries of the access trail tell of such a thing since then.
async fn entries_of(tx: &mut Tx, verb: &str, since: Timestamp) -> Result<usize, PageError> {
    let wanted = Wanted { since: Some(since), verb: Some(verb), ..Wanted::default() };
    Ok(trail::find(tx, &wanted, COUNTED).await.map_err(PageError::unexpected)?.len())
}

/// How often identities were opened since then.
async fn opened(tx: &mut Tx, since: Timestamp) -> Result<usize, PageError> {
    let wanted = Wanted { since: Some(since), verb: Some("activity"), ..Wanted::default() };
    let entries = trail::find(tx, &wanted, COUNTED).await.map_err(PageError::unexpected)?;
    Ok(entries.iter().filter(|entry| entry.verb.ends_with("-opened")).count())
}
