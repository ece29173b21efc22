//! Trying a policy on what devices asked for before it is anybody's policy.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use journeys::{School, eventually};
use serde_json::Value;

/// The policy in force with something more, in a file of the school's.
fn draft(school: &School, name: &str, more: &str) -> Result<PathBuf> {
    let file = school.home().join(name);
    std::fs::write(&file, format!("{}{more}", school.told(&["policy", "export"])?))?;
    Ok(file)
}

fn rule(how: &str, site: &str, group: &str) -> String {
    format!(
        "\n[[rule]]\ndo = \"{how}\"\nsite = \"{site}\"\ngroup = \"{group}\"\nreason = \"To try\"\nowner = \"The network manager\"\n"
    )
}

#[test]
fn a_draft_says_what_it_would_have_done_to_past_requests_and_changes_nothing() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-7")?.address.clone();
    let teacher = school.anyone_in("teachers")?.address.clone();
    for _ in 0..3 {
        school.dig(&pupil, &["chess.example"])?;
    }
    school.dig(&teacher, &["chess.example"])?;
    school.dig(&pupil, &["other.example"])?;
    let kept = |site: &str, at_least: usize| {
        let found = school.told(&["--json", "activity", "search", "--site", site]).ok()?;
        (found.lines().count() >= at_least).then_some(())
    };
    eventually(Duration::from_secs(20), || kept("chess.example", 4).and(kept("other.example", 1)))
        .context("the log has what was asked for")?;

    let file = draft(&school, "stricter.toml", &rule("block", "chess.example", "year-7"))?;
    let path = file.to_str().context("path")?;
    let told: Value = serde_json::from_str(&school.told(&["--json", "policy", "replay", path])?)?;
    let replayed = &told["replayed"];
    assert!(replayed["compared"].as_u64().is_some_and(|many| many >= 5), "{told}");
    assert_eq!(replayed["newly-open"]["requests"], 0, "{told}");
    let closed = &replayed["newly-blocked"];
    assert_eq!(closed["requests"], 3, "{told}");
    assert_eq!(closed["examples"][0]["host"], "chess.example", "{told}");
    assert_eq!(closed["examples"][0]["people"], 1, "{told}");
    let groups: Vec<&str> =
        closed["groups"].as_array().context("groups")?.iter().filter_map(|one| one["id"].as_str()).collect();
    assert!(groups.contains(&"year-7") && !groups.contains(&"staff"), "{groups:?}");

    // For a reader: both reasons, and that nothing happened.
    let said = school.told(&["policy", "replay", path, "--examples", "1"])?;
    for words in
        ["Newly blocked: 3 requests to 1 site", "chess.example  3 times by 1 person", "in force:", "draft:"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(said.contains("Newly open: nothing."), "{said}");
    assert_eq!(school.told(&["policy", "history"])?.lines().count(), 1);
    assert!(!school.dig(&pupil, &["chess.example"])?.contains("NXDOMAIN"));

    // With the same safe search nothing is said of it. With another, who would be led otherwise is counted.
    assert!(told["safe_search"].is_null() && !said.contains("Safe search"), "{said}");
    school.dig(&pupil, &["www.google.co.uk"])?;
    eventually(Duration::from_secs(20), || kept("www.google.co.uk", 1))
        .context("the search is in the log")?;
    let demo = include_str!("../../../content/examples/demo.toml");
    let on = r#"search = { everyone = "on", staff = "off", governors = "off" }"#;
    assert!(demo.contains(on));
    let loose = school.home().join("loose.toml");
    std::fs::write(&loose, demo.replace(on, r#"search = { everyone = "off" }"#))?;
    let loose = loose.to_str().context("path")?;
    let told: Value = serde_json::from_str(&school.told(&["--json", "policy", "replay", loose])?)?;
    let led = &told["safe_search"];
    assert_eq!((&led["no_longer"]["requests"], &led["newly"]["requests"]), (&1.into(), &0.into()), "{told}");
    assert_eq!(led["no_longer"]["engines"][0]["name"], "Google", "{told}");
    assert_eq!(told["replayed"]["newly-open"]["requests"], 0, "{told}");
    let looser = school.told(&["policy", "replay", loose])?;
    for words in ["no longer led there: 1 request by 1 person or device", "Not compared: what an engine"] {
        assert!(looser.contains(words), "{words}: {looser}");
    }

    // Before anything was asked for there is nothing to compare, and that is said.
    let said = school.told(&["policy", "replay", path, "--since", "2020-01-01", "--until", "2020-01-02"])?;
    assert!(said.contains("Nothing to compare"), "{said}");
    // A draft with mistakes is told as `policy check` tells it.
    let wrong = draft(&school, "wrong.toml", &rule("block", "a.example", "nobody-here"))?;
    let output = school.command(&["policy", "replay", wrong.to_str().context("path")?])?;
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nobody-here"));
    Ok(())
}
