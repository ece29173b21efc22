//! Back-ups that make themselves, and drills that show that they would do.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use journeys::{School, eventually, init, program};
use serde_json::Value;

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

/// What a command that could not do it said, and its exit code.
fn refused(home: &Path, arguments: &[&str]) -> Result<(String, Option<i32>)> {
    let output = fivebar(home, arguments)?;
    ensure!(!output.status.success(), "{arguments:?} was done");
    Ok((String::from_utf8(output.stderr)?, output.status.code()))
}

fn settings(home: &Path, more: &str) -> Result<()> {
    let file = home.join("fivebar.toml");
    let text = fs::read_to_string(&file)?;
    Ok(fs::write(&file, format!("{text}\n{more}\n"))?)
}

fn archives(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "fivebar-backup") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[test]
fn a_back_up_is_made_where_the_rule_says_and_a_drill_shows_that_it_would_do() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (home, disk) = (folder.path().join("school"), folder.path().join("disk"));
    init(&home)?;
    let (said, _) = refused(&home, &["backup", "now"])?;
    assert!(said.contains("has no section [backup]"), "{said}");
    settings(&home, &format!("[backup]\nto = {disk:?}\nkeep-days = 1\nkeep-weeks = 0\nkeep-months = 0\n"))?;
    // The disk is not there; then it is, and nobody said that it is this school's.
    let (said, _) = refused(&home, &["backup", "now"])?;
    assert!(said.contains("there is no such folder") && !disk.exists(), "{said}");
    fs::create_dir(&disk)?;
    let (said, code) = refused(&home, &["backup", "now"])?;
    assert!(said.contains("Is the disk mounted") && code == Some(1), "{said}");
    assert_eq!(fs::read_dir(&disk)?.count(), 0, "a mount point is not filled");
    told(&home, &["backup", "prepare"])?;
    let said = told(&home, &["backup", "now"])?;
    assert!(
        said.contains("was read back there: it is as it was made") && said.contains("NOT encrypted"),
        "{said}"
    );
    assert_eq!(archives(&disk)?.len(), 1);
    let left: Vec<String> =
        fs::read_dir(home.join("hub"))?.filter_map(|one| one.ok()?.file_name().into_string().ok()).collect();
    assert!(!left.iter().any(|name| name == "back-ups" || name == "back-up-now"), "{left:?}");

    let said = told(&home, &["backup", "drill"])?;
    assert!(
        said.contains("would bring the school back") && said.contains("Version 1 of the policy"),
        "{said}"
    );
    assert!(told(&home, &["verify"])?.contains("All 1 drills of back-ups are as they were kept"));
    // The school itself was not touched: nothing says that its records were brought back.
    assert!(!told(&home, &["duties", "list"])?.contains("brought back"));

    // The next one takes the place of the first, by the rule.
    let first = archives(&disk)?;
    let made = eventually(Duration::from_secs(60), || {
        // A name has the second in it.
        let made = fivebar(&home, &["--json", "backup", "now"]).ok()?;
        archives(&disk).ok().filter(|now| made.status.success() && *now != first)
    });
    let now = made.context("the old one stayed")?;
    assert_eq!(now.len(), 1, "one day is kept");

    // Somebody changes a byte of it where it lies.
    let mut bytes = fs::read(&now[0])?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&now[0], bytes)?;
    let (said, code) = refused(&home, &["backup", "drill"])?;
    assert!(said.contains("it is not as it was put there") && code == Some(3), "{said}");
    let listed: Value = serde_json::from_str(&told(&home, &["--json", "backup", "list"])?)?;
    assert_eq!(listed["back_ups"].as_array().map(Vec::len), Some(1));
    let to = folder.path().join("fetched");
    let (said, _) = refused(&home, &["backup", "fetch", "--to", to.to_str().context("path")?])?;
    assert!(said.contains("not as it was put there") && !to.exists(), "{said}");
    Ok(())
}

fn age_key(stick: &Path, who: &str) -> Result<(String, String)> {
    let file = stick.join(who);
    let made = Command::new("age-keygen").arg("-o").arg(&file).output().context("age is not installed")?;
    let said = String::from_utf8(made.stderr)?;
    let public = said.trim().rsplit(' ').next().context("a public key")?.to_owned();
    Ok((public, file.to_str().context("path")?.to_owned()))
}

#[test]
fn an_encrypted_back_up_is_tried_with_an_identity_that_is_brought_and_taken_away() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (home, disk, stick) =
        (folder.path().join("school"), folder.path().join("disk"), folder.path().join("stick"));
    init(&home)?;
    fs::create_dir(&disk)?;
    fs::create_dir(&stick)?;
    let ((head, heads), (_, others)) = (age_key(&stick, "head")?, age_key(&stick, "other")?);
    settings(&home, &format!("[backup]\nto = {disk:?}\nrecipients = [{head:?}]\n"))?;
    told(&home, &["backup", "prepare"])?;
    let said = told(&home, &["backup", "now"])?;
    assert!(said.contains("It is encrypted."), "{said}");
    let (said, code) = refused(&home, &["backup", "drill"])?;
    assert!(said.contains("bring the identity") && code == Some(1), "{said}");
    let (said, _) = refused(&home, &["backup", "drill", "--identity", &others])?;
    assert!(said.contains("does not open the back-up"), "{said}");
    let (said, _) = refused(&home, &["backup", "drill", "--identity", "/nowhere"])?;
    assert!(said.contains("cannot read /nowhere"), "{said}");
    // None of these was a drill.
    assert!(!told(&home, &["verify"])?.contains("drills of back-ups"));
    let said = told(&home, &["backup", "drill", "--identity", &heads])?;
    assert!(said.contains("would bring the school back"), "{said}");
    // Nothing of the identity is left here.
    let secret = fs::read_to_string(&heads)?;
    let secret = secret.lines().find(|line| line.starts_with("AGE-SECRET-KEY")).context("an identity")?;
    assert!(!anything_holds(&home, secret)?);

    // What a store gets is encrypted, or it gets nothing.
    let other = folder.path().join("other");
    init(&other)?;
    settings(
        &other,
        "[backup]\nto = \"s3://school\"\nendpoint = \"http://127.0.0.1:9\"\nkey = \"K\"\nsecret-file = \"keys/s3\"\n",
    )?;
    let (said, code) = refused(&other, &["backup", "now"])?;
    assert!(said.contains("name at least one public key") && code == Some(3), "{said}");
    Ok(())
}

fn anything_holds(folder: &Path, text: &str) -> Result<bool> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if anything_holds(&path, text)? {
                return Ok(true);
            }
        } else if path.is_file() && fs::read(&path)?.windows(text.len()).any(|some| some == text.as_bytes()) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[test]
fn the_hub_makes_one_that_was_missed_tries_it_and_is_loud_where_it_cannot() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (home, disk) = (folder.path().join("school"), folder.path().join("disk"));
    init(&home)?;
    fs::create_dir(&disk)?;
    settings(&home, &format!("[backup]\nto = {disk:?}\nat = \"00:00\"\n"))?;
    // Nobody prepared the place.
    let school = School::run(&home)?;
    let failed = eventually(Duration::from_secs(60), || {
        let seen: Value = serde_json::from_slice(&school.command(&["--json", "status"]).ok()?.stdout).ok()?;
        let owed = seen["back_ups"]["owed"].as_array()?.first()?.as_str()?.to_owned();
        owed.contains("Is the disk mounted").then_some(owed)
    });
    assert!(failed.is_some(), "status is not loud");
    assert_eq!(school.command(&["status"])?.status.code(), Some(6));
    assert_eq!(archives(&disk)?.len(), 0);
    school.told(&["backup", "prepare"])?;
    school.stop()?;

    // The next start, long after midnight: what was missed is made, and, not being encrypted, tried.
    let school = School::run(&home)?;
    let drilled = eventually(Duration::from_secs(120), || {
        let said = school.told(&["--json", "trail", "show"]).ok()?;
        said.contains("backup.drill").then_some(said)
    });
    let said = drilled.context("nothing was tried")?;
    assert!(said.contains("job:back-ups"), "{said}");
    assert_eq!(archives(&disk)?.len(), 1);
    let seen: Value = serde_json::from_str(&school.told(&["--json", "status"])?)?;
    assert_eq!(seen["back_ups"]["owed"].as_array().map(Vec::len), Some(0), "{seen}");
    // Somebody takes it away: the next drill finds it, and says so as long as it stands.
    for archive in archives(&disk)? {
        fs::remove_file(archive)?;
    }
    let (said, code) = refused(&home, &["backup", "drill"])?;
    assert!(said.contains("no back-up of this school lies in") && code == Some(3), "{said}");
    assert_eq!(school.command(&["status"])?.status.code(), Some(6));
    school.stop()?;
    Ok(())
}

#[test]
fn whoever_sends_the_head_of_a_request_drop_by_drop_is_not_waited_for() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    init(&home)?;
    let school = School::run(&home)?;
    let mut stream = TcpStream::connect(school.ready.portal)?;
    // The pace of the drops: nothing comes back meanwhile.
    stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    let (began, mut head) = (
        Instant::now(),
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ".iter().chain(std::iter::repeat(&b'a')),
    );
    let ended = loop {
        let drop = [*head.next().context("a drop")?];
        if stream.write_all(&drop).is_err() {
            break true;
        }
        match stream.read(&mut [0; 512]) {
            // Closed, or told that it took too long and closed then.
            Ok(0) => break true,
            Ok(_) => {}
            Err(error)
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(_) => break true,
        }
        if began.elapsed() > Duration::from_secs(60) {
            break false;
        }
    };
    assert!(ended, "the portal waits for ever");
    // Whoever else comes is answered meanwhile and afterwards.
    assert!(school.curl("127.0.0.1", &school.page_of("/"), &[]).is_ok() || school.told(&["alive"]).is_ok());
    school.stop()?;
    Ok(())
}

#[test]
fn records_are_not_moved_to_where_the_hub_could_not_open_them() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (home, elsewhere) = (folder.path().join("school"), folder.path().join("elsewhere"));
    init(&home)?;
    fs::create_dir(&elsewhere)?;
    let before = fs::read_to_string(home.join("fivebar.toml"))?;
    std::os::unix::fs::symlink(&elsewhere, home.join("hub/link"))?;
    for to in [
        format!("sqlite:{}", elsewhere.join("records.db").display()),
        "sqlite:records.db".to_owned(),
        "sqlite:hub/../records.db".to_owned(),
        "sqlite:hub/link/records.db".to_owned(),
    ] {
        let (said, _) = refused(&home, &["move-database", "--to", &to])?;
        assert!(
            said.contains("the hub may open a SQLite file in") && said.contains("Nothing was changed"),
            "{to}: {said}"
        );
    }
    assert_eq!(fs::read_to_string(home.join("fivebar.toml"))?, before);
    assert_eq!(fs::read_dir(&elsewhere)?.count(), 0);
    told(&home, &["move-database", "--to", "sqlite:hub/records.db"])?;
    assert!(told(&home, &["verify"])?.contains("The access trail is whole"));
    Ok(())
}
