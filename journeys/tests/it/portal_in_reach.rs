//! Whoever is shown a block page can follow its links, whatever else is closed to them: to read why, to ask, to report.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use journeys::{School, eventually};
use serde_json::Value;

use super::pupil::explain;

/// Open to year 9, and no learning site.
const SITE: &str = "www.nationalgeographic.com";

/// How long a decision takes to reach a busy gate.
const LIVE: Duration = Duration::from_secs(5);

/// The block page of the site, once the device gets one.
fn block_page(school: &School, from: &str) -> Result<String> {
    let page = eventually(LIVE, || {
        school.curl(from, &school.page_of(SITE), &[]).ok().filter(|page| page.contains(" 403 "))
    });
    page.context("a block page")
}

/// The links of a block page that lead to the portal, by the page they lead to.
fn link_to(page: &str, portal: &str, what: &str) -> Result<String> {
    let mut links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let start = format!("{portal}/{what}?t=");
    links
        .find(|link| link.starts_with(&start))
        .map(str::to_owned)
        .with_context(|| format!("{start} in {page}"))
}

/// Follows a link as a browser that was given the proxy by hand does: through the proxy.
fn follow(school: &School, from: &str, link: &str) -> Result<String> {
    let page = school.curl(from, link, &[])?;
    ensure!(page.contains("200 OK"), "{link} leads nowhere: {page}");
    Ok(page)
}

/// Sends a form of the portal through the proxy; the page with its answer.
fn send(school: &School, from: &str, portal: &str, to: &str, form: &str) -> Result<String> {
    let sent = school.curl(from, &format!("{portal}{to}"), &["-d", form])?;
    let place =
        sent.lines().find_map(|line| line.strip_prefix("location: ")).with_context(|| sent.clone())?;
    follow(school, from, &format!("{portal}{}", place.trim()))
}

/// Reads why, and reports the site, by the links of the block page.
fn reads_why_and_reports(school: &School, from: &str, portal: &str) -> Result<()> {
    let page = block_page(school, from)?;
    let why = follow(school, from, &link_to(&page, portal, "why")?)?;
    ensure!(why.contains(SITE), "{why}");
    let report = link_to(&page, portal, "reports")?;
    ensure!(follow(school, from, &report)?.contains(SITE), "the form knows the site");
    let (_, ticket) = report.split_once("?t=").context("a ticket")?;
    let told = format!("site={SITE}&kind=should-be-open&what=for+maths&t={ticket}");
    let kept = send(school, from, portal, "/reports", &told)?;
    ensure!(kept.contains(SITE), "{kept}");
    Ok(())
}

/// What decides about a target for the device.
fn step(school: &School, target: &str, from: &str) -> Result<String> {
    let told = explain(school, target, from)?;
    Ok(told.get("step").and_then(Value::as_str).context("a step")?.to_owned())
}

#[test]
fn a_class_in_an_exam_reads_why_asks_and_reports_through_the_proxy() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-9")?.address.clone();
    let portal = format!("http://{}", school.ready.portal);
    let start = ["focus", "start", "year-9", "--name", "Maths mock", "--no-sites", "--for", "1h"];
    school.told(&[&start[..], &["--reason", "The mock exam"]].concat())?;
    reads_why_and_reports(&school, &pupil, &portal)?;

    let ask = link_to(&block_page(&school, &pupil)?, &portal, "requests")?;
    assert!(follow(&school, &pupil, &ask)?.contains(SITE), "the form knows the site");
    let (_, ticket) = ask.split_once("?t=").context("a ticket")?;
    let form = format!("site={SITE}&what=for+maths&how-long=day&t={ticket}");
    assert!(send(&school, &pupil, &portal, "/requests", &form)?.contains("Request sent"));
    let waiting = school.told(&["--json", "requests", "list"])?;
    assert_eq!(waiting.lines().filter(|line| line.contains(SITE)).count(), 2, "{waiting}");

    let told = explain(&school, &format!("{portal}/"), &pupil)?;
    assert_eq!(
        (told["step"].as_str(), told["verdict"].as_str()),
        (Some("essential"), Some("allow")),
        "{told}"
    );
    assert!(told["reason"].as_str().is_some_and(|why| why.contains("online-safety pages")), "{told}");
    // It is the portal that is open, and not what else this machine serves: the made-up web is at the same address.
    let web = school.ready.web.context("a made-up web")?;
    assert!(block_page(&school, &pupil)?.contains(" 403 "), "{SITE} leads to the portal's address too");
    let elsewhere = school.curl(&pupil, &format!("http://{}:9/", web.ip()), &[])?;
    assert!(!elsewhere.contains("200 OK"), "{elsewhere}");

    // Of all this the activity log knows the refusals of the site, the last of them too, and no visit to the portal.
    assert!(school.curl(&pupil, "http://last.example/", &[])?.contains(" 403 "));
    let seen = || school.told(&["--json", "activity", "search", "--address", &pupil]).ok();
    let events = eventually(LIVE, || seen().filter(|events| events.contains("last.example")))
        .context("the last refusal in the log")?;
    assert!(events.contains(SITE), "{events}");
    assert!(!events.contains("/reports") && !events.contains("/why"), "{events}");
    // What else is at the portal's address is seen like anything.
    let host = format!("{:?}", school.ready.portal.ip().to_string());
    assert_eq!(events.lines().filter(|event| event.contains(&host)).count(), 1, "{events}");
    Ok(())
}

#[test]
fn a_pupil_whose_access_is_withheld_reads_why_and_reports_through_the_proxy() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-9")?.clone();
    let portal = format!("http://{}", school.ready.portal);
    let start = ["withhold", "start", &pupil.name, "--for", "5d", "--reason", "Shared a password twice"];
    school.told(&start)?;
    reads_why_and_reports(&school, &pupil.address, &portal)?;
    assert_eq!(step(&school, &format!("{portal}/"), &pupil.address)?, "essential");
    Ok(())
}

/// Says in the settings where the portal listens, and how browsers reach it.
fn set_portal(home: &Path, listen: &str, url: &str) -> Result<()> {
    let file = home.join("fivebar.toml");
    let settings = std::fs::read_to_string(&file)?;
    // Everything else listens on several addresses, and has no address of its own on the web.
    let is_portals = |line: &&str| line.starts_with("listen = \"") || line.starts_with("url = ");
    let others: Vec<&str> = settings.lines().filter(|line| !is_portals(line)).collect();
    let said = format!("[portal]\nlisten = \"{listen}\"\nurl = \"{url}\"");
    ensure!(settings.contains("[portal]"), "{settings}");
    Ok(std::fs::write(file, others.join("\n").replace("[portal]", &said))?)
}

#[test]
fn a_portal_with_a_name_is_found_in_an_exam_and_under_its_new_name_after_a_restart() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    let first = School::demo_at(&home)?;
    let (listen, pupil) = (first.ready.portal, first.anyone_in("year-9")?.address.clone());
    let start = ["focus", "start", "year-9", "--name", "Maths mock", "--no-sites", "--for", "1h"];
    first.told(&[&start[..], &["--reason", "The mock exam"]].concat())?;
    assert_eq!(step(&first, &listen.ip().to_string(), &pupil)?, "essential");
    first.stop()?;

    let mut before = listen.ip().to_string();
    for name in ["safety.hillside.example", "help.hillside.example"] {
        let portal = format!("http://{name}:{}", listen.port());
        set_portal(&home, &listen.to_string(), &portal)?;
        let school = School::demo_at(&home)?;
        let answer =
            eventually(LIVE, || school.dig(&pupil, &[name]).ok().filter(|answer| answer.contains("NOERROR")));
        answer.with_context(|| format!("the name server knows {name} in an exam"))?;
        for (target, decides) in [
            (name, "essential"),
            (&*format!("x.{name}"), "focus"),
            ("hillside.example", "focus"),
            (&before, "focus"),
        ] {
            assert_eq!(step(&school, target, &pupil)?, decides, "{target}, the portal being {name}");
        }
        assert!(school.dig(&pupil, &[SITE])?.contains("NXDOMAIN"), "everything else is closed");
        reads_why_and_reports(&school, &pupil, &portal)?;
        before = name.to_owned();
        school.stop()?;
    }
    Ok(())
}
