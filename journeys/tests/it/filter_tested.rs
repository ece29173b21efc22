//! Testing the running filter as each group, and what is kept of it.

use std::process::Output;
use std::time::Duration;

use anyhow::{Context, Result};
use journeys::{School, eventually};
use serde_json::Value;
use testing::servers::NameServer;

/// Runs the test against the school's own gate.
fn test(school: &School, more: &[&str]) -> Result<Output> {
    let (server, proxy) = (school.ready.dns.to_string(), school.ready.proxy.to_string());
    school.command(&[&["--json", "filter-test", "--server", &server, "--proxy", &proxy], more].concat())
}

fn check<'r>(told: &'r Value, id: &str) -> Result<&'r Value> {
    let checks = told.pointer("/report/checks").and_then(Value::as_array).context("checks")?;
    checks.iter().find(|check| check["id"] == id).with_context(|| format!("no check {id}: {told}"))
}

#[test]
fn a_test_asks_the_running_gate_as_each_group_and_is_kept_as_evidence() -> Result<()> {
    let school = School::demo()?;
    let output = test(&school, &[])?;
    let told: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(told["report"]["passed"], true, "{told}");
    assert!(told["report"]["notice"].as_str().is_some_and(|notice| notice.contains("No live")), "{told}");
    for id in [
        "groups-differ",
        "safe-search",
        "help-is-open",
        "firefox-canary",
        "private-relay",
        "designated-resolvers",
        "public-resolvers",
        "proxy",
    ] {
        assert_eq!(check(&told, id)?["outcome"], "passed", "{id}: {told}");
    }
    // Only names for testing are in the sealed tier, and that is said.
    for id in ["sealed-child-abuse", "sealed-terrorism"] {
        assert_eq!(check(&told, id)?["outcome"], "passed-in-part", "{told}");
    }
    // What cannot be tested is said, not passed.
    let pages = check(&told, "offensive-language")?;
    assert_eq!((&pages["outcome"], &pages["asked"]), (&"not-tested".into(), &0.into()));
    // Some categories have no list: those are named, and the check has not passed as a whole.
    let unlawful = check(&told, "unlawful")?;
    assert_eq!(unlawful["outcome"], "passed-in-part", "{told}");
    assert!(unlawful["not-tested"][0].as_str().is_some_and(|what| what.contains("no list in use")), "{told}");
    let categories = check(&told, "categories")?;
    assert_eq!(categories["outcome"], "passed-in-part");
    let asked = categories["asked"].as_u64().context("asked")?;
    let refused = categories["refused"].as_u64().context("refused")?;
    assert!(refused > 100 && asked > refused, "{refused} of {asked}");
    let groups = told["report"]["groups"].as_array().context("groups")?.len() as u64;
    assert_eq!(check(&told, "sealed-terrorism")?["refused"], 2 * groups);
    let row = |id: &str| {
        let rows = told["report"]["rows"].as_array()?;
        rows.iter().find(|row| row["id"] == id).map(|row| row["outcome"].clone())
    };
    assert_eq!((row("UF-F2"), row("UF-F4")), (Some("passed".into()), Some("not-tested".into())));

    // As one group, for a reader; then what was kept.
    let server = school.ready.dns.to_string();
    let said = school.told(&["filter-test", "--server", &server, "--group", "year-7", "--names", "1"])?;
    for words in ["Test 2 of", "as year-7", "passed", "UF-I2", "not tested: not all groups"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let history = school.told(&["filter-test", "history"])?;
    assert_eq!(history.lines().count(), 2, "{history}");
    let shown = school.told(&["filter-test", "show", "1"])?;
    assert!(shown.contains("Test 1 of") && !shown.contains("FAILED"), "{shown}");
    assert!(school.told(&["verify"])?.contains("All 2 tests of the filter are as they were kept"));
    // Every group asked the proxy for what was refused to it, plainly and by CONNECT, and for help.
    let proxy = check(&told, "proxy")?;
    assert!(proxy["refused"].as_u64().is_some_and(|refused| refused >= 4 * groups), "{proxy}");
    Ok(())
}

#[test]
fn a_filter_that_fails_its_test_is_named_with_an_exit_code_of_its_own() -> Result<()> {
    let school = School::demo()?;
    // The leadership opens what devices would go around the filter by.
    let text = school.told(&["policy", "export"])?;
    let file = school.home().join("open.toml");
    let more = "\n[[locked]]\ndo = \"allow\"\nsite = \"use-application-dns.net\"\nset-by = \"leadership\"\nreason = \"To see the test fail\"\n";
    std::fs::write(&file, format!("{text}{more}"))?;
    school.told(&["policy", "apply", file.to_str().context("path")?, "--note", "For this test"])?;
    let canary = |told: &Value| check(told, "firefox-canary").map(|one| one["outcome"].clone());
    let at_once = eventually(Duration::from_secs(10), || {
        let output = test(&school, &["--group", "year-7"]).ok()?;
        let told: Value = serde_json::from_slice(&output.stdout).ok()?;
        (output.status.code() == Some(5) && canary(&told).ok()? == "failed").then_some(told)
    });
    let told = at_once.context("the test sees that the way around is open")?;
    assert_eq!(check(&told, "private-relay")?["outcome"], "passed", "{told}");

    assert!(school.told(&["filter-test", "history"])?.contains("FAILED: firefox-canary (as year-7 alone)"));
    assert!(school.told(&["status"])?.contains("FAILED: firefox-canary"));

    // What answers in the gate's place and knows no passes would be tested as a stranger: it is not tested at all.
    let ordinary = NameServer::dnsmasq(&["--address=/#/192.0.2.1"])?;
    let server = ordinary.address.to_string();
    let output = school.command(&["filter-test", "--server", &server, "--group", "year-7"])?;
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("does not take this school's pass"), "{said}");
    let kept = school.told(&["filter-test", "history"])?.lines().count();
    // Where nothing answers, that is said, and nothing is kept.
    let output = school.command(&["filter-test", "--server", "127.0.0.1:9", "--group", "year-7"])?;
    assert_eq!(output.status.code(), Some(4));
    let output = school.command(&["filter-test", "--group", "nobody-here"])?;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(school.told(&["filter-test", "history"])?.lines().count(), kept);
    Ok(())
}

#[test]
fn a_policy_that_asks_for_nothing_does_not_meet_the_criteria_and_the_test_says_for_whom() -> Result<()> {
    let school = School::demo()?;
    // Everything as the policy says, and it says nothing: no safe search, and the ways around and what harms are open.
    let mut text = include_str!("../../../content/examples/demo.toml").to_owned();
    for (from, to) in [
        (
            r#"search = { everyone = "on", staff = "off", governors = "off" }"#,
            r#"search = { everyone = "off" }"#,
        ),
        (
            r#"youtube = { everyone = "strict", sixth-form = "moderate", staff = "off", governors = "off" }"#,
            r#"youtube = { everyone = "off" }"#,
        ),
        (
            "categories = [\"proxies-vpn\", \"encrypted-dns\", \"remote-control\"]\ncells = { everyone = \"not-allowed\" }",
            "categories = [\"proxies-vpn\", \"encrypted-dns\", \"remote-control\"]\ncells = { everyone = \"allowed\" }",
        ),
        (
            "categories = [\"gambling\", \"drugs\", \"alcohol-tobacco-vaping\", \"weapons\"]\nservice-kinds = [\"gambling\"]\ncells = { everyone = \"not-allowed\" }",
            "categories = [\"gambling\", \"drugs\", \"alcohol-tobacco-vaping\", \"weapons\"]\nservice-kinds = [\"gambling\"]\ncells = { pupils = \"not-allowed\", staff = \"allowed\", guests = \"allowed\" }",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let file = school.home().join("nothing.toml");
    std::fs::write(&file, text)?;
    school.told(&["policy", "apply", file.to_str().context("path")?, "--note", "For this test"])?;
    let at_once = eventually(Duration::from_secs(60), || {
        let output = test(&school, &["--names", "1"]).ok()?;
        let told: Value = serde_json::from_slice(&output.stdout).ok()?;
        // A test that began before the gate had the policy met both.
        let is_there = check(&told, "safe-search").ok()?["outcome"] == "not-met"
            && check(&told, "categories").ok()?["failed"] == 0;
        (output.status.code() == Some(5) && is_there).then_some((told, output))
    });
    let (told, output) = at_once.context("the test sees what the policy leaves open")?;
    assert_eq!(told["report"]["passed"], false, "{told}");
    for (id, what) in [
        ("safe-search", "search engines without safe search (search under [safe-search])"),
        ("safe-search", "YouTube without restricted mode (youtube under [safe-search])"),
        ("proxies-vpn", "the category proxies-vpn"),
        ("public-resolvers", "dns.google"),
        ("categories", "the category proxies-vpn"),
        ("categories", "the category drugs"),
    ] {
        let found = check(&told, id)?;
        // The gate does what the policy says: it is the policy that asks for nothing.
        assert_eq!((&found["outcome"], &found["failed"]), (&"not-met".into(), &0.into()), "{found}");
        let open = found["left-open"].as_array().context("left open")?;
        let open = open.iter().find(|one| one["what"] == what).with_context(|| format!("{what}: {found}"))?;
        let groups: Vec<&str> =
            open["groups"].as_array().context("groups")?.iter().filter_map(Value::as_str).collect();
        // Staff may have it so. Drugs are closed to pupils here, and to nobody else.
        assert!(groups.contains(&"guests") && !groups.contains(&"staff"), "{groups:?}");
        assert!(!groups.contains(&"teachers") && !groups.contains(&"governors"), "{groups:?}");
        assert_eq!(groups.contains(&"year-7"), what != "the category drugs", "{groups:?}");
        assert!(open["setting"].as_str().is_some_and(|why| !why.is_empty()), "{open}");
    }
    let rows = told["report"]["rows"].as_array().context("rows")?;
    for id in ["DF-3.11", "UF-F14", "UF-F2", "DF-3.6", "UF-C"] {
        let row = rows.iter().find(|row| row["id"] == id).context(id)?;
        // Where the relays' own names are open too, a check of the row has failed besides.
        assert!(["not-met", "failed"].iter().any(|outcome| row["outcome"] == **outcome), "{row}");
        let why = row["not-met"][0].as_str().unwrap_or_default();
        assert!(why.starts_with("the policy leaves ") && why.contains(" open for "), "{row}");
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("not met: ") && said.contains("safe search is off"), "{said}");
    let number = told["number"].as_u64().context("a number")?.to_string();
    let shown = school.told(&["filter-test", "show", &number])?;
    assert!(shown.contains("DF-3.11  NOT MET") && shown.contains("not met: the policy leaves"), "{shown}");
    let status = school.told(&["status"])?;
    assert!(status.contains("NOT MET: ") && status.contains("search under [safe-search]"), "{status}");
    // As staff alone nothing is demanded, which is said and is no whole pass. What browsers are to be told is missing all the same.
    let output = test(&school, &["--group", "staff", "--names", "1"])?;
    let told: Value = serde_json::from_slice(&output.stdout)?;
    let checks = told["report"]["checks"].as_array().context("checks")?;
    assert!(checks.iter().all(|check| check["outcome"] != "not-met"), "{told}");
    assert_eq!(check(&told, "safe-search")?["outcome"], "passed-in-part", "{told}");
    Ok(())
}

#[test]
fn the_hub_tests_the_filter_by_itself_and_says_where_it_cannot() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    journeys::init(&home)?;
    let upstream = NameServer::dnsmasq(&["--address=/#/192.0.2.1"])?;
    let file = home.join("fivebar.toml");
    let text = std::fs::read_to_string(&file)?.replace("127.0.0.1:9", &upstream.address.to_string());
    let wanted = "\n[filter-test]\nafter-changes = true\n";
    std::fs::write(&file, format!("{text}{wanted}"))?;
    // The settings do not say on which port the gate answers.
    let school = School::run(&home)?;
    let problem = eventually(Duration::from_secs(60), || {
        let told: Value = serde_json::from_str(&school.told(&["--json", "status"]).ok()?).ok()?;
        told["filter_test_problem"].as_str().map(str::to_owned)
    });
    assert!(problem.context("status says why it was not tested")?.contains("choose its port"));
    school.stop()?;
    let port = std::net::UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
    let text = text.replacen("127.0.0.1:0", &format!("127.0.0.1:{port}"), 1);
    std::fs::write(&file, format!("{text}{wanted}"))?;
    let school = School::run(&home)?;
    let history = eventually(Duration::from_secs(120), || {
        let history = school.told(&["filter-test", "history"]).ok()?;
        history.contains("job:filter-test").then_some(history)
    });
    let history = history.context("the hub tested by itself")?;
    assert_eq!(history.lines().count(), 1, "{history}");
    let status: Value = serde_json::from_str(&school.told(&["--json", "status"])?)?;
    assert!(status["filter_test_problem"].is_null() && status["filter_test"]["number"] == 1, "{status}");
    Ok(())
}
