//! What a pupil, a teacher and a frightened child meet.

use std::time::Duration;

use anyhow::{Context, Result};
use journeys::{School, eventually};
use serde_json::Value;

/// Explains a target to scripts.
pub fn explain(school: &School, target: &str, who: &str) -> Result<Value> {
    Ok(serde_json::from_str(&school.told(&["--json", "explain", target, "--as", who])?)?)
}

#[test]
fn a_pupil_is_refused_by_dns_and_by_proxy_alike_and_told_why() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-5")?.address.clone();
    for host in
        ["www.bet365.com", "www.pornhub.com", "www.bbc.co.uk", "en.wikipedia.org", "www.childline.org.uk"]
    {
        let told = explain(&school, host, &pupil)?;
        let blocked = told["verdict"] == "block";
        let answer = school.dig(&pupil, &[host])?;
        assert_eq!(answer.contains("NXDOMAIN"), blocked, "{host}: {told} {answer}");
        let page = school.curl(&pupil, &school.page_of(host), &[])?;
        assert_eq!(page.contains(" 403 "), blocked, "{host}: {told} {page}");
        assert_eq!(page.contains("200 OK"), !blocked, "{host}: {told} {page}");
        if blocked {
            assert!(answer.contains("EDE: 15"), "{answer}");
            assert!(page.contains("/why?t="), "{page}");
            let tunnel = school.curl(&pupil, &format!("https://{host}/"), &[])?;
            assert!(tunnel.contains(" 403 "), "{tunnel}");
        }
    }
    let told = explain(&school, "www.pornhub.com", &pupil)?;
    assert_eq!(told["verdict"], "block");
    assert!(told["categories"].as_array().is_some_and(|categories| !categories.is_empty()), "{told}");
    assert!(told["list"].is_string() && told["step"].is_string() && told["reason"].is_string(), "{told}");
    assert!(told["passed"].as_array().is_some_and(|steps| !steps.is_empty()), "{told}");
    Ok(())
}

#[test]
fn a_visit_to_a_help_site_leaves_nothing_that_tells_who() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-8")?.address.clone();
    let page =
        school.curl(&pupil, &school.page_of("www.childline.org.uk"), &["-A", "a-browser-to-look-for"])?;
    assert!(page.contains("200 OK"), "{page}");
    school.dig(&pupil, &["www.childline.org.uk"])?;
    // Another request of the same device, so that we know when the log has caught up.
    school.dig(&pupil, &["marker.example"])?;
    let found = eventually(Duration::from_secs(10), || {
        let lines = school.told(&["--json", "activity", "search", "--address", &pupil]).ok()?;
        lines.contains("marker.example").then_some(lines)
    })
    .context("the marker reached the log")?;
    assert!(!found.contains("childline"), "{found}");
    // Nor do the files of the log hold it.
    for file in std::fs::read_dir(school.home().join("log"))? {
        let bytes = std::fs::read(file?.path())?;
        for needle in [&b"childline"[..], b"a-browser-to-look-for"] {
            assert!(!bytes.windows(needle.len()).any(|window| window == needle));
        }
    }
    Ok(())
}

#[test]
fn the_link_on_the_block_page_says_why_and_tells_nothing_by_itself() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-9")?.address.clone();
    let host = "www.bet365.com";
    assert_eq!(explain(&school, host, &pupil)?["verdict"], "block");
    let page = school.curl(&pupil, &format!("http://{host}/"), &[])?;
    let link = page
        .split("href=\"")
        .filter_map(|rest| rest.split('"').next())
        .find(|link| link.contains("/why?t="))
        .context("the block page links to the portal")?
        .replace("&amp;", "&");
    assert!(!link.contains("miniclip"), "the link tells nothing: {link}");
    let why = std::process::Command::new("curl").args(["-s", "--interface", &pupil, &link]).output()?;
    let why = String::from_utf8_lossy(&why.stdout);
    assert!(why.contains(host), "{why}");
    Ok(())
}

/// Where a page's link or an answer leads.
fn found(text: &str, before: &str, after: char) -> Option<String> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split(after).next()?.trim().replace("&amp;", "&"))
}

#[test]
fn what_a_pupil_asks_for_through_the_proxy_is_theirs_and_opens_for_them() -> Result<()> {
    let school = School::demo()?;
    let (first, second) = (school.anyone_in("year-9")?, school.anyone_in("year-5")?);
    let portal = format!("http://{}", school.ready.portal);
    let host = "www.bet365.com";
    let blocked =
        |from: &str| -> Result<bool> { Ok(school.curl(from, &school.page_of(host), &[])?.contains(" 403 ")) };
    for (pupil, with_ticket) in [(first, true), (second, false)] {
        let from = &pupil.address;
        // A browser that was given the proxy by hand asks it for the portal as well.
        let page = school.curl(from, &school.page_of(host), &[])?;
        assert!(page.contains(" 403 "), "{page}");
        let link = found(&page, "href=\"http://", '"').context("a link")?;
        let ticket = link.split("?t=").nth(1).context("a ticket")?;
        let why = school.curl(from, &format!("{portal}/why?t={ticket}"), &[])?;
        assert!(why.contains("200 OK") && why.contains(host), "{why}");
        let own = eventually(Duration::from_secs(10), || {
            school.curl(from, &format!("{portal}/why"), &[]).ok().filter(|why| why.contains(host))
        });
        own.context("the pupil's own refusals are shown through the proxy")?;
        let carried = if with_ticket { format!("&t={ticket}") } else { String::new() };
        let form = format!("site={host}&what=for+maths&how-long=day{carried}");
        let sent = school.curl(
            from,
            &format!("{portal}/requests"),
            &["-d", &form, "-H", "Fivebar-Client: 127.0.0.9"],
        )?;
        let place = found(&sent, "location: ", '\n').context("the request is kept")?;
        let shown = school.curl(from, &format!("{portal}{place}"), &[])?;
        assert!(shown.contains("Request sent"), "{shown}");
        // Directly it is the same device; anybody else's it is not.
        let directly = std::process::Command::new("curl")
            .args(["-s", "--interface", from, &format!("{portal}{place}")])
            .output()?;
        assert!(String::from_utf8_lossy(&directly.stdout).contains("Request sent"));
        let other = school.anyone_in("year-8")?;
        assert!(school.curl(&other.address, &format!("{portal}{place}"), &[])?.contains(" 404 "));

        if with_ticket {
            assert!(!school.curl(&other.address, &format!("{portal}/why"), &[])?.contains(host));
        }
        let reference = place.rsplit('/').next().context("a reference")?;
        let listed = school.told(&["--json", "requests", "list"])?;
        let listed =
            listed.lines().find(|line| line.contains(reference)).context("it waits for an answer")?;
        let request: Value = serde_json::from_str(listed)?;
        let answered = school.told(&[
            "--json",
            "requests",
            "approve",
            reference,
            "--for",
            "1h",
            "--reason",
            "for maths",
        ])?;
        let answered: Value = serde_json::from_str(answered.trim())?;
        assert_eq!(answered["whom"], format!("person:{}", request["person"]), "{answered}");
        let opened = eventually(Duration::from_secs(10), || (!blocked(from).ok()?).then_some(()));
        opened.context("the site opens for the pupil who asked")?;
        assert!(blocked(&other.address)?, "and for nobody else");
        if with_ticket {
            assert!(blocked(&second.address)?, "and for nobody else");
        }
    }
    Ok(())
}

#[test]
fn nothing_hides_the_notice_while_no_live_feed_is_loaded() -> Result<()> {
    let school = School::demo()?;
    let foreign = &["-d", "site=a.example", "-H", "Origin: http://elsewhere.example"][..];
    for (path, more, status) in [
        ("/", &[][..], "200"),
        ("/why", &[], "200"),
        ("/requests", &[], "200"),
        ("/reports", &[], "200"),
        ("/help", &[], "200"),
        ("/nope", &[], "404"),
        ("/assets/nope", &[], "404"),
        ("/requests/R-22222222", &[], "404"),
        ("/help", &["-d", "site=a.example"], "405"),
        ("/requests", foreign, "403"),
    ] {
        let page = std::process::Command::new("curl")
            .args(["-s", "-i", &format!("http://{}{path}", school.ready.portal)])
            .args(more)
            .output()?;
        let page = String::from_utf8_lossy(&page.stdout);
        assert!(page.contains(&format!("HTTP/1.1 {status} ")), "{path}: {page}");
        assert!(
            page.contains("No live IWF or police terrorist list. Do not use this as your only filter."),
            "{path}: {page}"
        );
    }
    Ok(())
}

#[test]
fn a_name_that_was_made_to_lead_to_the_portal_reads_and_sends_nothing() -> Result<()> {
    let school = School::demo()?;
    let portal = school.ready.portal;
    let ask = |host: &str, path: &str, more: &[&str]| -> Result<String> {
        let output = std::process::Command::new("curl")
            .args(["-s", "-i", "-H", &format!("Host: {host}"), &format!("http://{portal}{path}")])
            .args(more)
            .output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    for host in [portal.to_string(), format!("localhost:{}", portal.port())] {
        assert!(ask(&host, "/why", &[])?.contains("HTTP/1.1 200 "), "{host}");
    }
    let form = ["-d", "site=chess.example&what=x&how-long=day", "-H", "Origin: http://rebound.example"];
    for (path, more) in [("/why", &[][..]), ("/requests", &form)] {
        let page = ask("rebound.example", path, more)?;
        assert!(page.contains("HTTP/1.1 421 ") && !page.contains("rebound"), "{page}");
        assert!(page.contains(&format!("http://{portal}")), "the right address is said: {page}");
    }
    assert_eq!(school.told(&["--json", "requests", "list"])?, "", "nothing was asked in anybody's name");
    Ok(())
}

#[test]
fn a_sealed_site_is_refused_to_everyone_and_kept_out_of_the_log() -> Result<()> {
    let school = School::demo()?;
    // An entry for testing: every school's gate has it.
    let host = "sealed-test-iwf.fivebar.example";
    for group in ["year-2", "year-11", "teachers", "governors"] {
        let from = school.anyone_in(group)?.address.clone();
        let told = explain(&school, &format!("www.{host}"), &from)?;
        assert_eq!(
            (told["verdict"].as_str(), told["step"].as_str()),
            (Some("block"), Some("sealed")),
            "{told}"
        );
        assert!(told["change"].is_null(), "nobody at the school can open it: {told}");
        assert!(school.dig(&from, &[host])?.contains("NXDOMAIN"));
        assert!(school.curl(&from, &format!("http://{host}/"), &[])?.contains(" 403 "));
    }
    let pupil = school.anyone_in("year-2")?.address.clone();
    school.dig(&pupil, &["marker.example"])?;
    let found = eventually(Duration::from_secs(10), || {
        let lines = school.told(&["--json", "activity", "search", "--address", &pupil]).ok()?;
        lines.contains("marker.example").then_some(lines)
    })
    .context("the marker reached the log")?;
    assert!(found.lines().filter(|line| line.contains("\"sealed\"")).count() >= 2, "{found}");
    assert!(!found.contains("sealed-test"), "the log row holds a reference only: {found}");
    Ok(())
}
