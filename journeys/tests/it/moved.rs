//! A school's records carried to PostgreSQL and back.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result};
use journeys::{School, init, program};
use store::DatabaseUrl;

fn fivebar(home: &Path, arguments: &[&str], typed: &str) -> Result<Output> {
    let mut child = Command::new(program()?)
        .arg("--home")
        .arg(home)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().context("no standard input")?.write_all(typed.as_bytes())?;
    Ok(child.wait_with_output()?)
}

fn told(home: &Path, arguments: &[&str], typed: &str) -> Result<String> {
    let output = fivebar(home, arguments, typed)?;
    let (said, wrong) = (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr));
    anyhow::ensure!(output.status.success(), "{arguments:?}: {said}{wrong}");
    Ok(said)
}

#[test]
fn a_school_moves_to_postgresql_and_back_and_runs_on() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let places = runtime.block_on(testing::databases::urls());
    let Some((_, DatabaseUrl::Postgres(server))) = places.into_iter().find(|(_, url)| url.file().is_none())
    else {
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    init(&home)?;
    let close = [
        "overrides",
        "give",
        "first.example",
        "--close",
        "--whom",
        "everyone",
        "--for",
        "1h",
        "--reason",
        "a trial",
    ];
    told(&home, &close, "")?;
    let before = told(&home, &["--json", "trail", "show"], "")?;

    // A school that runs is not moved.
    let school = School::run(&home)?;
    let refused = fivebar(&home, &["move-database", "--to", "-"], server.reveal())?;
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("stop the school first"), "{refused:?}");
    school.stop()?;

    let said = told(&home, &["move-database", "--to", "-"], &format!("{}\n", server.reveal()))?;
    assert!(said.contains("every one as it was"), "{said}");
    assert!(std::fs::read_to_string(home.join("fivebar.toml"))?.contains(server.reveal().as_str()));
    let old = home.join("hub/fivebar.db");
    assert!(old.is_file(), "the old records stay");
    std::fs::rename(&old, folder.path().join("old.db"))?;

    let school = School::run(&home)?;
    assert!(school.told(&["overrides", "list"])?.contains("first.example"));
    assert!(school.told(&["verify"])?.contains("The access trail is whole"));
    school.told(&[
        "overrides",
        "give",
        "second.example",
        "--close",
        "--whom",
        "everyone",
        "--for",
        "1h",
        "--reason",
        "more",
    ])?;
    school.stop()?;

    let occupied = fivebar(&home, &["move-database", "--to", server.reveal()], "")?;
    assert!(
        String::from_utf8_lossy(&occupied.stderr).contains("the records are there already"),
        "{occupied:?}"
    );
    told(&home, &["move-database", "--to", "sqlite:hub/back.db"], "")?;
    let school = School::run(&home)?;
    assert!(school.told(&["overrides", "list"])?.contains("second.example"));
    let after = school.told(&["--json", "trail", "show"])?;
    assert_eq!(after.matches("records.move").count(), 2, "{after}");
    assert!(!before.contains("records.move"));
    school.stop()?;
    Ok(())
}
