//! What gates go by is damaged on the disk: the last good of it stands in, it is said, and the hub puts it right.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use journeys::{School, eventually, program};
use serde_json::Value;

/// Closed by the lists from the beginning.
const LISTED: &str = "www.pornhub.com";
/// Closed by a list that is imported second, and by an override.
const SECOND: &str = "second-list.example";
const OVERRIDDEN: &str = "overridden.example";
const BEHIND: &str = "is damaged, so it goes by what it was told before";

fn signal(signal: &str, pid: u32) -> Result<()> {
    Command::new("kill").arg(signal).arg(pid.to_string()).status()?;
    Ok(())
}

/// The newest file of a part, and its number.
fn newest(home: &Path, part: &str) -> Result<(PathBuf, u64)> {
    let current: Value = serde_json::from_slice(&fs::read(home.join("gate/CURRENT"))?)?;
    let number = current
        .pointer(&format!("/published/{part}/newest/number"))
        .and_then(Value::as_u64)
        .context("no number")?;
    let end = if part == "lists" { "idx" } else { "json" };
    Ok((home.join(format!("gate/{part}-{number}.{end}")), number))
}

fn generation(home: &Path) -> Option<u64> {
    let current: Value = serde_json::from_slice(&fs::read(home.join("gate/CURRENT")).ok()?).ok()?;
    current.pointer("/published/generation")?.as_u64()
}

#[derive(Debug, Clone, Copy)]
enum Harm {
    CutShort,
    /// One bit in the middle.
    BitFlipped,
    WrongVersion,
    Gone,
}

/// Damages a file beside its place and renames it there, as a restored or half-written file would be. What a gate has
/// mapped stays as it was.
fn damage(path: &Path, harm: Harm) -> Result<()> {
    let mut bytes = fs::read(path)?;
    match harm {
        Harm::Gone => return Ok(fs::remove_file(path)?),
        Harm::CutShort => bytes.truncate(bytes.len() / 2),
        Harm::BitFlipped => {
            let middle = bytes.len() / 2;
            *bytes.get_mut(middle).context("empty")? ^= 1;
        }
        Harm::WrongVersion => {
            for (place, byte) in bytes.iter_mut().zip(*b"fivebar lists 9\n") {
                *place = byte;
            }
        }
    }
    let beside = path.with_extension("damaged");
    fs::write(&beside, bytes)?;
    Ok(fs::rename(beside, path)?)
}

fn portal_says(school: &School) -> Option<bool> {
    let page =
        Command::new("curl").args(["-s", &format!("http://{}/", school.ready.portal)]).output().ok()?;
    let page = String::from_utf8_lossy(&page.stdout).into_owned();
    page.contains("Filtering at this school").then(|| page.contains(BEHIND))
}

fn is_refused(school: &School, name: &str) -> Result<bool> {
    Ok(school.dig("127.0.0.1", &[name])?.contains("NXDOMAIN"))
}

/// A school with a second publication of every part, in which a list and an override close two more sites.
fn school_with_history(folder: &Path) -> Result<School> {
    let home = folder.join("hillside");
    journeys::init(&home)?;
    let list = folder.join("gambling.txt");
    fs::write(&list, format!("{SECOND}\n"))?;
    let school = School::run(&home)?;
    school.told(&["lists", "import", list.to_str().context("path")?, "--category", "pornography"])?;
    let give = ["overrides", "give", OVERRIDDEN, "--close", "--whom", "everyone", "--for", "2h"];
    school.told(&[&give[..], &["--reason", "a trial"]].concat())?;
    for name in [LISTED, SECOND, OVERRIDDEN] {
        eventually(Duration::from_secs(10), || is_refused(&school, name).ok()?.then_some(()))
            .with_context(|| format!("{name} is closed"))?;
    }
    Ok(school)
}

#[test]
fn each_damaged_file_of_the_newest_publication_gives_way_to_the_one_before_and_is_put_right() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let school = school_with_history(folder.path())?;
    let home = school.home().to_owned();
    for (file, harm) in [
        ("policy", Harm::CutShort),
        ("policy", Harm::BitFlipped),
        ("lists", Harm::CutShort),
        ("lists", Harm::BitFlipped),
        ("lists", Harm::WrongVersion),
        ("lists", Harm::Gone),
        ("live", Harm::BitFlipped),
        ("live", Harm::Gone),
        ("CURRENT", Harm::CutShort),
        ("CURRENT", Harm::BitFlipped),
        ("CURRENT.copy", Harm::Gone),
    ] {
        let what = format!("{file} {harm:?}");
        // Every file has one before it that is whole, and what is damaged now is the newest alone.
        let before = generation(&home).context("nothing is published")?;
        let path = match file {
            "CURRENT" | "CURRENT.copy" => home.join("gate").join(file),
            part => newest(&home, part)?.0,
        };
        // The hub stands still, so that the gate has to do without it.
        let hub = school.pid_of("hub").context("the hub runs")?;
        signal("-STOP", hub)?;
        damage(&path, harm)?;
        let gate = school.pid_of("gate").context("the gate runs")?;
        signal("-KILL", gate)?;
        let back = eventually(Duration::from_secs(20), || {
            let other = school.pid_of("gate")? != gate;
            (other && is_refused(&school, LISTED).ok()?).then_some(())
        });
        // What was not damaged is not older than it was.
        let kept = (is_refused(&school, SECOND)?, is_refused(&school, OVERRIDDEN)?);
        let listed = school.told(&["lists", "status"]);
        let verified = school.command(&["verify"])?;
        signal("-CONT", hub)?;
        back.with_context(|| format!("{what}: the gate comes back"))?;
        assert!(listed?.contains("What gates go by is damaged"), "{what}");
        assert_eq!(verified.status.code(), Some(3), "{what}");
        if file != "lists" && !kept.0 || file != "live" && !kept.1 {
            bail!("{what}: {kept:?}");
        }
        eventually(Duration::from_secs(30), || {
            let healed = generation(&home)? > before && school.command(&["verify"]).ok()?.status.success();
            (healed && !portal_says(&school)?).then_some(())
        })
        .with_context(|| format!("{what}: the hub publishes again"))?;
        for name in [LISTED, SECOND, OVERRIDDEN] {
            eventually(Duration::from_secs(10), || is_refused(&school, name).ok()?.then_some(()))
                .with_context(|| format!("{what}: {name} is closed again"))?;
        }
    }
    Ok(())
}

/// Starts the gate alone, and stops it after `meanwhile`: what it said when it was ready, and in the service log.
fn gate_alone(home: &Path, meanwhile: impl FnOnce(SocketAddr) -> Result<()>) -> Result<(Value, String)> {
    let mut gate = Command::new(program()?)
        .args(["--home", home.to_str().context("path")?, "--json", "run", "--only", "gate"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    let mut out = BufReader::new(gate.stdout.take().context("no output")?);
    out.read_line(&mut line)?;
    let ready: Option<Value> = serde_json::from_str(&line).ok();
    let dns = ready.as_ref().and_then(|ready| ready.pointer("/dns/0")?.as_str()?.parse().ok());
    let done = dns.map(meanwhile);
    signal("-TERM", gate.id())?;
    let said = String::from_utf8_lossy(&gate.wait_with_output()?.stderr).into_owned();
    done.with_context(|| format!("it did not start: {said}"))??;
    Ok((ready.context("it said nothing")?, said))
}

#[test]
fn a_gate_that_goes_by_something_older_says_so_when_it_starts_and_after() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let school = school_with_history(folder.path())?;
    let home = school.home().to_owned();
    school.stop()?;
    for part in ["policy", "lists", "live"] {
        let (path, _) = newest(&home, part)?;
        let whole = fs::read(&path)?;
        damage(&path, Harm::CutShort)?;
        let (ready, said) = gate_alone(&home, |_| Ok(()))?;
        assert!(ready["behind"].as_str().is_some_and(|behind| behind.contains(BEHIND)), "{part}: {ready}");
        assert!(said.contains("What was published last is damaged") && said.contains("stand in"), "{said}");
        fs::write(&path, whole)?;
    }
    Ok(())
}

#[test]
fn every_page_says_so_for_as_long_as_the_records_cannot_be_published_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let school = school_with_history(folder.path())?;
    let home = school.home().to_owned();
    let (path, _) = newest(&home, "lists")?;
    // The kept text of a list is gone as well, so the index cannot be built.
    let kept = home.join("lists/starter");
    let aside = folder.path().join("aside");
    fs::rename(&kept, &aside)?;
    damage(&path, Harm::BitFlipped)?;
    let says = |wanted: bool| {
        eventually(Duration::from_secs(20), || (portal_says(&school)? == wanted).then_some(()))
    };
    says(true).context("every page says so")?;
    assert!(is_refused(&school, LISTED)?, "the gate goes by what was before");
    fs::rename(&aside, &kept)?;
    says(false).context("it is put right, and no page says so any more")?;
    assert!(school.command(&["verify"])?.status.success());
    Ok(())
}

#[test]
fn sealed_entries_never_go_back_unseen() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("hillside");
    journeys::init(&home)?;
    let feed = folder.path().join("feed.txt");
    let command = |arguments: &[&str]| -> Result<std::process::Output> {
        Ok(Command::new(program()?).arg("--home").arg(&home).args(arguments).stdin(Stdio::null()).output()?)
    };
    let import = |text: &str| -> Result<()> {
        fs::write(&feed, text)?;
        let path = feed.to_str().context("path")?;
        let imported = command(&["sealed", "import", path, "--live", "--fresh-for", "7"])?;
        if !imported.status.success() {
            bail!("{}", String::from_utf8_lossy(&imported.stderr));
        }
        Ok(())
    };
    import("made-up-first.example\n")?;
    import("made-up-first.example\nmade-up-second.example\n")?;
    // The policy file before the newest holds one entry less. Where only the newest's document is damaged, its sealed
    // entries are taken all the same.
    let (path, _) = newest(&home, "policy")?;
    let whole = fs::read(&path)?;
    let text = String::from_utf8(whole.clone())?;
    fs::write(&path, text.replacen("\"document\":\"", "\"document\":\"=", 1))?;
    let ready = gate_alone(&home, |dns| {
        let answer = Command::new("dig")
            .args([&format!("@{}", dns.ip()), "-p", &dns.port().to_string(), "made-up-second.example"])
            .args(["+tries=1", "+time=5"])
            .output()?;
        let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
        assert!(answer.contains("NXDOMAIN"), "{answer}");
        Ok(())
    })?;
    assert!(ready.0["behind"].is_string(), "{ready:?}");
    fs::write(&path, whole)?;
    // Where the newest cannot be read at all, nothing says that the file before has the same entries.
    damage(&newest(&home, "policy")?.0, Harm::CutShort)?;
    let gate = command(&["run", "--only", "gate"])?;
    let said = String::from_utf8_lossy(&gate.stderr).into_owned();
    assert!(!gate.status.success() && said.contains("cannot be verified"), "{said}");
    // With the hub, it is published again from what is kept, and nothing that was sealed is open in between.
    let school = eventually(Duration::from_secs(20), || School::run(&home).ok()).context("it starts")?;
    assert!(is_refused(&school, "made-up-second.example")?);
    Ok(())
}
