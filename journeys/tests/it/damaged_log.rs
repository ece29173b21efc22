//! A disk that gives back what was not written: in the activity log, its entries, its pages and the sealed records.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use journeys::{School, eventually};
use serde_json::Value;

fn flip(path: &Path, place: impl FnOnce(usize) -> usize) -> Result<()> {
    let mut bytes = fs::read(path).with_context(|| path.display().to_string())?;
    let place = place(bytes.len());
    *bytes.get_mut(place).context("the file is that long")? ^= 1;
    Ok(fs::write(path, bytes)?)
}

fn status(school: &School) -> Result<Value> {
    Ok(serde_json::from_str(&school.told(&["--json", "activity", "status"])?)?)
}

fn found(school: &School) -> Result<u64> {
    Ok(school.told(&["--json", "activity", "export"])?.lines().count() as u64)
}

/// What `verify` says on standard error and in JSON, once it has ended with the code for problems.
fn refused(school: &School) -> Result<(String, Value)> {
    let text = school.command(&["verify"])?;
    let json = school.command(&["--json", "verify"])?;
    assert_eq!((text.status.code(), json.status.code()), (Some(3), Some(3)), "{text:?}");
    let object = String::from_utf8_lossy(&json.stdout).lines().next().map(serde_json::from_str::<Value>);
    Ok((String::from_utf8_lossy(&text.stderr).into_owned(), object.context("an object")??))
}

#[test]
fn a_byte_changed_on_the_disk_is_counted_said_and_fails_verify() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    journeys::init(&home)?;
    let school = School::run(&home)?;
    for number in 0..40 {
        school.dig("127.0.0.1", &[&format!("q{number}.example")])?;
    }
    let before = eventually(Duration::from_secs(20), || {
        status(&school).ok().filter(|status| status["durable"].as_u64() >= Some(40))
    });
    let before = before.context("forty events are on disk")?;
    assert!(school.told(&["verify"])?.contains("The activity log is whole"));
    school.stop()?;

    let log = home.join("log");
    let segment = log.join("append-00000000000000000001.log");
    flip(&segment, |length| length / 2)?;
    let school = School::run(&home)?;
    let notice = school.ready.notice.clone().unwrap_or_default();
    assert!(notice.contains("were damaged on disk and are lost"), "{notice}");
    let after = status(&school)?;
    let kept = found(&school)?;
    assert_eq!(school.told(&["--json", "activity", "export", "--limit", "7"])?.lines().count(), 7);
    assert!(kept > 0 && after["damaged"].as_u64() > Some(0), "{after}");
    assert_eq!(after["durable"].as_u64(), Some(kept), "{after}; before: {before}");
    assert_eq!(after["issued"].as_u64(), Some(kept + after["lost"].as_u64().unwrap_or(0)), "{after}");
    assert!(school.told(&["activity", "status"])?.contains("were on disk and were damaged there"));
    let (said, object) = refused(&school)?;
    assert!(said.contains("log/append-00000000000000000001.log"), "{said}");
    assert_eq!(object["activity"]["whole"], false, "{object}");

    // Seen once and acknowledged, it is told and fails no check again.
    let none = school.command(&["activity", "acknowledge-damage", "--reason", " "])?;
    assert_eq!(none.status.code(), Some(1), "{none:?}");
    let reason = "The disk was changed; nothing can bring it back.";
    let done = school.told(&["activity", "acknowledge-damage", "--reason", reason])?;
    assert!(done.contains("are acknowledged"), "{done}");
    let told = school.told(&["verify"])?;
    assert!(told.contains(&format!("{reason}\n")) && told.contains("which was acknowledged"), "{told}");
    let object: Value =
        serde_json::from_str(school.told(&["--json", "verify"])?.lines().next().unwrap_or(""))?;
    assert_eq!(object["activity"]["whole"], false, "{object}");
    assert_eq!(object["activity"]["damaged"][0]["acknowledged"], true, "{object}");
    assert_eq!(object["activity"]["damaged"][0]["said"][0]["reason"], reason, "{object}");
    assert_eq!(status(&school)?["damaged"], after["damaged"], "it is still counted");
    assert_eq!(status(&school)?["at_least"], false);
    let again = school.command(&["activity", "acknowledge-damage", "--reason", reason])?;
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    school.stop()?;
    // Other damage is news.
    flip(&segment, |length| length / 2 + 1)?;
    let mut verify = std::process::Command::new(journeys::program()?);
    let verify = verify.arg("--home").arg(&home).arg("verify").output()?;
    assert_eq!(verify.status.code(), Some(3), "{verify:?}");

    // The other files, each said by its name.
    flip(&log.join("entries.log"), |_| 20)?;
    fs::write(log.join("sealed.log"), [7; 660])?;
    let pages = home.join("run/pages");
    fs::create_dir_all(&pages)?;
    fs::write(pages.join("gate-00000000000000aa.page"), [1; 4096])?;
    let verify = std::process::Command::new(journeys::program()?)
        .arg("--home")
        .arg(&home)
        .args(["--json", "verify"])
        .output()?;
    assert_eq!(verify.status.code(), Some(3), "{verify:?}");
    let object: Value =
        serde_json::from_str(String::from_utf8_lossy(&verify.stdout).lines().next().unwrap_or(""))?;
    assert_eq!(object["sealed"]["whole"], false, "{object}");
    assert_eq!(object["sealed"]["damaged_bytes"], 660, "{object}");
    let files: Vec<&str> = (object["activity"]["damaged"].as_array().into_iter().flatten())
        .filter_map(|one| one["file"].as_str())
        .collect();
    let all =
        ["log/append-00000000000000000001.log", "log/entries.log", "run/pages/gate-00000000000000aa.page"];
    assert_eq!(files, all, "{object}");
    Ok(())
}

#[test]
fn the_end_of_the_log_that_was_cut_away_fails_verify_after_it_was_repaired_and_status_tells() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    journeys::init(&home)?;
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let settings = home.join("fivebar.toml");
    let text = fs::read_to_string(&settings)?;
    fs::write(&settings, format!("{text}\n[metrics]\nlisten = \"{free}\"\n"))?;
    let school = School::run(&home)?;
    for number in 0..40 {
        school.dig("127.0.0.1", &[&format!("q{number}.example")])?;
    }
    let before = eventually(Duration::from_secs(20), || {
        status(&school).ok().filter(|status| status["durable"].as_u64() >= Some(40))
    });
    before.context("forty events are on disk")?;
    assert!(!school.told(&["status"])?.contains("DAMAGED"));
    school.stop()?;

    let segment = home.join("log/append-00000000000000000001.log");
    let bytes = fs::read(&segment)?;
    fs::write(&segment, bytes.get(..bytes.len() * 2 / 3).context("two thirds")?)?;
    let school = School::run(&home)?;
    let lost = status(&school)?["damaged"].as_u64().context("damaged")?;
    assert!(lost > 0);
    // The start has repaired the file: every byte of it is a record. What was there is not, for good.
    let (said, object) = refused(&school)?;
    for words in [
        &format!("{lost} events that had been written to log/append-00000000000000000001.log"),
        "were found missing at 20",
        "cannot be brought back",
        "acknowledge-damage",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(object["activity"]["whole"], false, "{object}");
    assert_eq!(object["activity"]["lost"][0]["events"], lost, "{object}");
    assert_eq!(object["activity"]["lost"][0]["acknowledged"], false, "{object}");
    // Its parts serve one after the other once it runs again.
    let told =
        eventually(Duration::from_secs(20), || school.told(&["status"]).ok()).context("all is running")?;
    assert!(told.contains(&format!("DAMAGED: {lost} events that were on disk are lost")), "{told}");
    let object: Value = serde_json::from_str(&school.told(&["--json", "status"])?)?;
    assert_eq!((&object["log"]["damaged"], &object["log"]["lost"]), (&lost.into(), &lost.into()), "{object}");
    let page = || {
        let url = format!("http://{free}/metrics");
        let output = std::process::Command::new("curl").args(["-s", &url]).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.contains("fivebar_log_events").then_some(text)
    };
    let numbers = eventually(Duration::from_secs(20), page).context("the numbers come")?;
    for name in ["lost", "damaged"] {
        let line = format!("fivebar_log_events_{name}_total {lost}\n");
        assert!(numbers.contains(&line), "{line}: {numbers}");
    }

    let reason = "The disk was changed; nothing can bring it back.";
    school.told(&["activity", "acknowledge-damage", "--reason", reason])?;
    let told = school.told(&["verify"])?;
    assert!(told.contains("which was acknowledged at") && told.contains(reason), "{told}");
    assert!(!told.contains("The activity log is whole"), "{told}");
    Ok(())
}
