//! A directory keeps people of the roll over SCIM, judged by the test suite of others.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use journeys::{School, eventually};
use serde_json::Value;

fn token(school: &School, name: &str) -> Result<(String, String)> {
    let said = school.told(&["--json", "people", "scim-token", name])?;
    let said: Value = serde_json::from_str(said.lines().last().context("an object")?)?;
    let text = |field: &str| said.get(field).and_then(Value::as_str).map(str::to_owned).context("a field");
    Ok((text("address")?, text("token")?))
}

#[test]
fn scim2_tester_finds_nothing_wrong() -> Result<()> {
    // `scripts/set-up.sh test` makes it.
    let python = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scim/venv/bin/python");
    if !python.is_file() {
        println!("skipped: scim2-tester is not installed; `scripts/set-up.sh test` installs it");
        return Ok(());
    }
    let school = School::demo()?;
    let (address, token) = token(&school, "judge")?;
    let judge = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scim/judge.py");
    let judged = Command::new(python).arg(judge).args([&address, &token]).output()?;
    let said = String::from_utf8_lossy(&judged.stdout);
    println!("{said}");
    assert!(judged.status.success(), "{said}{}", String::from_utf8_lossy(&judged.stderr));
    assert!(said.lines().last().is_some_and(|line| !line.starts_with("0 right")), "{said}");
    Ok(())
}

#[test]
fn whom_a_directory_tells_is_on_the_roll_within_a_minute_and_gone_when_it_says_so() -> Result<()> {
    let school = School::demo()?;
    let (address, token) = token(&school, "directory")?;
    let ask = |method: &str, path: &str, body: &str| -> Result<Value> {
        let asked = Command::new("curl")
            .args([
                "--silent",
                "--noproxy",
                "*",
                "--request",
                method,
                "--header",
                "content-type: application/scim+json",
            ])
            .args(["--header", &format!("authorization: Bearer {token}"), "--data", body])
            .arg(format!("{address}/{path}"))
            .output()?;
        Ok(serde_json::from_slice(&asked.stdout)?)
    };
    let made =
        ask("POST", "Users", r#"{"userName":"merrow","displayName":"Ada Merrow","userType":"student"}"#)?;
    let id = made["id"].as_str().context("an id")?;
    let is_there = |wanted: bool| {
        let shown = school.told(&["people", "show"]).ok()?;
        (shown.contains("Ada Merrow") == wanted).then_some(())
    };
    eventually(Duration::from_secs(60), || is_there(true)).context("she is not on the roll")?;
    let patch = r#"{"Operations":[{"op":"replace","path":"active","value":false}]}"#;
    assert_eq!(ask("PATCH", &format!("Users/{id}"), patch)?["active"], false);
    eventually(Duration::from_secs(60), || is_there(false)).context("she is on the roll still")?;
    assert!(school.told(&["people", "imports"])?.contains("scim-directory"));
    school.told(&["people", "scim-token", "directory", "--end"])?;
    assert_eq!(ask("GET", "Users", "")?["status"], "401");
    Ok(())
}
