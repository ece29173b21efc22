//! Back-ups as the command line gives them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Result, bail};
use journeys::program;

fn fivebar(home: &Path, arguments: &[&str]) -> Result<Output> {
    Ok(Command::new(program()?).arg("--home").arg(home).args(arguments).output()?)
}

fn told(home: &Path, arguments: &[&str]) -> Result<String> {
    let output = fivebar(home, arguments)?;
    if !output.status.success() {
        bail!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn close(home: &Path, site: &str) -> Result<String> {
    told(
        home,
        &["overrides", "give", site, "--close", "--whom", "everyone", "--for", "1h", "--reason", "a trial"],
    )
}

#[test]
fn a_back_up_tells_on_a_trail_that_was_cut_off_or_written_anew() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    told(
        &home,
        &["init", "--yes", "--school", "Hillside", "--dns", "127.0.0.1:0", "--upstream", "127.0.0.1:9"],
    )?;
    close(&home, "first.example")?;
    // A copy of the records from before, as somebody with the database file could keep it.
    let (records, earlier) = (home.join("hub"), folder.path().join("earlier"));
    fs::create_dir(&earlier)?;
    for file in fs::read_dir(&records)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with("fivebar.db") {
            fs::copy(file.path(), earlier.join(file.file_name()))?;
        }
    }
    close(&home, "second.example")?;
    close(&home, "third.example")?;
    let backup = folder.path().join("school.fivebar-backup");
    let backup = backup.to_string_lossy();
    let said = told(&home, &["backup", &backup])?;
    assert!(said.contains("The activity log and the records of sealed addresses are not in it"), "{said}");
    let said = told(&home, &["verify", &backup])?;
    assert!(said.contains("still has all"), "{said}");

    for file in fs::read_dir(&records)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with("fivebar.db") {
            fs::remove_file(file.path())?;
        }
    }
    for file in fs::read_dir(&earlier)? {
        let file = file?;
        fs::copy(file.path(), records.join(file.file_name()))?;
    }
    let cut = fivebar(&home, &["verify", &backup])?;
    let said = String::from_utf8_lossy(&cut.stderr);
    assert!(!cut.status.success() && said.contains("are missing"), "{said}");
    assert!(told(&home, &["verify"])?.contains("The access trail is whole"), "by itself it looks whole");

    for site in ["other.example", "another.example", "more.example"] {
        close(&home, site)?;
    }
    let anew = fivebar(&home, &["verify", &backup])?;
    let said = String::from_utf8_lossy(&anew.stderr);
    assert!(!anew.status.success() && said.contains("is not the one that the back-up knows"), "{said}");
    Ok(())
}
