//! Running beside the filter that a school still has: everything is decided and noted down, and nothing is refused.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use journeys::{School, eventually};
use serde_json::Value;

/// A decision is live a second after the command that made it. A busy machine gets a little longer to ask.
const LIVE: Duration = Duration::from_secs(3);

/// A site that the table closes to pupils, and one of the sealed tier's own for testing.
const CLOSED: &str = "www.bet365.com";
const SEALED: &str = "sealed-test-iwf.fivebar.example";

fn told(school: &School, arguments: &[&str]) -> Result<Vec<Value>> {
    let lines = school.told(&[&["--json"], arguments].concat())?;
    Ok(lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// Whether name server and proxy both let the device through to the site.
fn becomes(school: &School, from: &str, host: &str, open: bool, within: Duration) -> Result<()> {
    let is_open = || {
        let answer = school.dig(from, &[host]).ok()?;
        let page = school.curl(from, &school.page_of(host), &[]).ok()?;
        let (name, page) = (answer.contains("NOERROR"), page.contains("200 OK"));
        (name == open && page == open).then_some(())
    };
    eventually(within, is_open)
        .with_context(|| format!("{host} becomes {} for {from}", if open { "open" } else { "closed" }))
}

/// The events of that verdict about a site, once there are so many.
fn found(school: &School, verdict: &str, site: &str, at_least: usize) -> Result<Vec<Value>> {
    let look = || {
        let all = told(school, &["activity", "search", "--verdict", verdict, "--site", site]).ok()?;
        (all.len() >= at_least).then_some(all)
    };
    eventually(Duration::from_secs(20), look)
        .with_context(|| format!("{at_least} {verdict} events of {site}"))
}

fn portal(school: &School) -> Result<String> {
    let page = Command::new("curl").args(["-s", &format!("http://{}/", school.ready.portal)]).output()?;
    Ok(String::from_utf8_lossy(&page.stdout).into_owned())
}

#[test]
fn beside_another_filter_nothing_is_refused_but_what_is_sealed_and_a_report_says_what_would_be() -> Result<()>
{
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    let school = School::demo_at(&home)?;
    let pupil = school.anyone_in("year-9")?.clone();
    let other = school.anyone_in("year-7")?.clone();
    becomes(&school, &pupil.address, CLOSED, false, LIVE)?;
    assert!(school.told(&["observe", "show"])?.contains("it does not observe only"));
    let nothing = school.command(&["observe", "report"])?;
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("never observed only"));

    // It has an end, within ninety days, and one at a time.
    let start = |end: &[&str]| {
        school.command(&[&["observe", "start"], end, &["--reason", "Beside the county's filter"]].concat())
    };
    for (end, code, said) in
        [(&["--for", "91d"][..], 1, "90 days at most"), (&[], 2, "<--for <DURATION>|--until <TIME>>")]
    {
        let refused = start(end)?;
        let complaint = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(code), "{complaint}");
        assert!(complaint.contains(said), "{complaint}");
    }
    let started = start(&["--for", "30d"])?;
    let said = String::from_utf8_lossy(&started.stdout).into_owned();
    assert!(started.status.success() && said.contains("OBSERVES ONLY"), "{said}");
    let twice = start(&["--for", "1d"])?;
    assert!(String::from_utf8_lossy(&twice.stderr).contains("is there already"));

    // What was refused is let through, by name server and proxy, with no block page; the sealed tier is as ever.
    becomes(&school, &pupil.address, CLOSED, true, LIVE)?;
    let page = school.curl(&pupil.address, &school.page_of(CLOSED), &[])?;
    assert!(page.contains("200 OK") && !page.contains("blocked"), "{page}");
    school.dig(&other.address, &[CLOSED])?;
    assert!(school.dig(&pupil.address, &[SEALED])?.contains("NXDOMAIN"));
    let sealed = school.curl(&pupil.address, &school.page_of(SEALED), &[])?;
    assert!(sealed.contains("403 Forbidden"), "{sealed}");

    // The log says what it was.
    let events = found(&school, "would-block", CLOSED, 3)?;
    assert!(events.iter().all(|event| event["step"] == "permitted-use"), "{events:?}");
    let csv = school.told(&["activity", "export", "--verdict", "would-block"])?;
    assert!(csv.lines().count() > 3 && csv.contains(",would-block,"), "{csv}");

    // Wherever somebody could think that the filter refuses, it is said.
    let explained = told(&school, &["explain", CLOSED, "--as", &pupil.address])?;
    assert_eq!(explained[0]["verdict"], "would-block", "{explained:?}");
    assert!(explained[0]["observing-until"].is_string(), "{explained:?}");
    assert!(school.told(&["explain", CLOSED, "--as", &pupil.address])?.contains("NOT CARRIED OUT"));
    let explained = told(&school, &["explain", SEALED, "--as", &pupil.address])?;
    assert_eq!(explained[0]["verdict"], "block", "{explained:?}");
    let status = eventually(Duration::from_secs(10), || {
        school.told(&["status"]).ok().filter(|said| said.contains("OBSERVES ONLY until"))
    });
    let status = status.context("the status says so")?;
    assert!(!status.contains("begins to refuse"), "a month before: {status}");
    assert!(portal(&school)?.contains("OBSERVES ONLY until"));
    let exam =
        ["focus", "start", "year-9", "--name", "Mock", "--no-sites", "--for", "1h", "--reason", "Exam"];
    assert!(school.told(&exam)?.contains("NOT CARRIED OUT until"));
    assert!(school.dig(&pupil.address, &["en.wikipedia.org"])?.contains("NOERROR"));

    // A test of a filter that does not refuse has failed.
    let server = school.ready.dns.to_string();
    let test = school.command(&["--json", "filter-test", "--server", &server, "--names", "1"])?;
    let report: Value = serde_json::from_slice(&test.stdout)?;
    assert_eq!(test.status.code(), Some(5), "{report}");
    let checks = report["report"]["checks"].as_array().context("checks")?;
    let outcome = |id: &str| checks.iter().find(|check| check["id"] == id).map(|check| &check["outcome"]);
    assert_eq!(outcome("carried-out"), Some(&"failed".into()), "{report}");
    assert_eq!(outcome("categories"), Some(&"failed".into()), "{report}");
    assert_eq!(outcome("sealed-child-abuse"), Some(&"passed-in-part".into()), "the sealed tier refuses");
    assert!(
        report["report"]["notice"].as_str().is_some_and(|said| said.contains("OBSERVES ONLY")),
        "{report}"
    );

    // What would differ, with counts and no names.
    let of_two = eventually(Duration::from_secs(20), || {
        let report = told(&school, &["observe", "report"]).ok()?.into_iter().next()?;
        let sites = report["would_block"]["examples"].as_array()?;
        let site = sites.iter().find(|site| site["host"] == CLOSED)?.clone();
        (site["people"] == 2).then_some((report, site))
    });
    let (report, site) = of_two.context("two people asked for the site")?;
    let would = &report["would_block"];
    assert!(would["requests"].as_u64() >= Some(3), "{report}");
    assert_eq!(site["step"], "permitted-use", "{report}");
    assert!(site["category"].is_string() && site["groups"].as_array().is_some_and(|all| !all.is_empty()));
    for said in ["groups", "categories", "steps"] {
        assert!(would[said].as_array().is_some_and(|all| !all.is_empty()), "{said}: {report}");
    }
    // An engine is answered as it is, and whom safe search would have led is counted: a pupil, no teacher, and nobody to whom it
    // would have been closed, as to the year in the exam.
    let teacher = school.anyone_in("teachers")?.clone();
    for from in [&other.address, &teacher.address, &pupil.address] {
        let answer = school.dig(from, &["www.google.co.uk"])?;
        assert!(answer.contains("NOERROR") && !answer.contains("forcesafesearch"), "{answer}");
    }
    school.dig(&teacher.address, &["www.example.org"])?;
    found(&school, "allow", "www.example.org", 1)?;
    let report = told(&school, &["observe", "report"])?;
    let led = &report[0]["would_lead"];
    assert_eq!((led["requests"].as_u64(), led["people"].as_u64()), (Some(1), Some(1)), "{led}");
    assert_eq!(led["engines"][0]["name"], "Google", "{led}");
    let said = school.told(&["observe", "report"])?;
    assert!(said.contains("Safe search would have led 1 request by 1 person or device"), "{said}");

    // Another site, so that one is more than is shown.
    assert!(school.dig(&pupil.address, &["www.pornhub.com"])?.contains("NOERROR"));
    let of_more = eventually(Duration::from_secs(20), || {
        let said = school.told(&["observe", "report", "--examples", "1"]).ok()?;
        said.contains("more sites").then_some(said)
    });
    let said = of_more.context("more than one site")?;
    for words in
        ["would have been refused, and went through", "By group", "By category", "more sites", "Not known:"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    for name in [&pupil.name, &pupil.address, &other.name] {
        assert!(!said.contains(name.as_str()), "{name}: {said}");
    }

    // A gate that starts anew observes on, and says so first of all.
    school.stop()?;
    let school = School::demo_at(&home)?;
    let notice = school.ready.notice.clone().context("a notice")?;
    assert!(notice.starts_with("OBSERVES ONLY until"), "{notice}");
    becomes(&school, &pupil.address, CLOSED, true, LIVE)?;
    // Ended before its time, with a reason, it refuses at once.
    school.told(&["focus", "end", "1", "--reason", "The exam was put off"])?;
    school.told(&["observe", "stop", "--reason", "The contract has ended"])?;
    becomes(&school, &pupil.address, CLOSED, false, LIVE)?;
    found(&school, "block", CLOSED, 1)?;
    let again = school.command(&["observe", "stop", "--reason", "again"])?;
    assert!(String::from_utf8_lossy(&again.stderr).contains("does not observe only"));
    assert!(school.told(&["observe", "show", "--ended"])?.contains("The contract has ended"));
    assert!(school.told(&["verify"])?.contains("access trail is whole"));
    Ok(())
}

#[test]
fn observing_only_ends_by_itself_and_the_end_is_announced_before() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-9")?.address.clone();
    let ends_at = kit::Clock::System.now().plus_millis(20_000).to_string();
    school.told(&["observe", "start", "--until", &ends_at, "--reason", "Beside the county's filter"])?;
    becomes(&school, &pupil, CLOSED, true, LIVE)?;
    let near = eventually(Duration::from_secs(10), || {
        school.told(&["status"]).ok().filter(|said| said.contains("it begins to refuse"))
    });
    near.context("the end is announced")?;
    becomes(&school, &pupil, CLOSED, false, Duration::from_secs(40)).context("it ends by itself")?;
    assert!(kit::Clock::System.now().to_string() >= ends_at, "not before its time");
    assert!(school.told(&["observe", "show"])?.contains("it does not observe only"));
    let ended = told(&school, &["observe", "show", "--ended"])?;
    assert_eq!(ended[0]["ended_why"], "its time had come", "{ended:?}");
    eventually(Duration::from_secs(10), || {
        let status = told(&school, &["status"]).ok()?;
        status[0]["observing"].is_null().then_some(())
    })
    .context("nothing is announced any more")?;
    Ok(())
}
