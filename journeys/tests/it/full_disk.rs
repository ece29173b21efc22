//! A disk that is full: what the records could not take, the gate does not go by.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use journeys::{School, eventually, init, program};
use serde_json::Value;

/// A small disk of its own, gone when this is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this account or this machine lets nobody, which is said.
    #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
    fn mount(at: &Path) -> Result<Option<Self>> {
        if fs::metadata("/proc/self")?.uid() != 0 {
            println!("skipped: only root can mount a small disk");
            return Ok(None);
        }
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(at).output();
        if mount.is_ok_and(|done| done.status.success()) {
            return Ok(Some(Self(at.to_owned())));
        }
        println!("skipped: this machine lets nobody mount a small disk");
        Ok(None)
    }

    /// Leaves so many bytes free.
    fn fill(&self, leave: u64) -> Result<()> {
        let stat = Command::new("stat").args(["-f", "-c", "%a %S"]).arg(&self.0).output()?;
        let text = String::from_utf8(stat.stdout)?;
        let mut numbers = text.split_whitespace().map_while(|number| number.parse::<u64>().ok());
        let (blocks, size) =
            (numbers.next().context("no free blocks")?, numbers.next().context("no block size")?);
        let bytes = usize::try_from((blocks * size).saturating_sub(leave))?;
        match fs::write(self.0.join("filler"), vec![7u8; bytes]) {
            // Whoever is at work on it took what was free meanwhile: it is as full as can be.
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => Ok(()),
            written => Ok(written?),
        }
    }

    fn empty(&self) -> Result<()> {
        Ok(fs::remove_file(self.0.join("filler"))?)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn fivebar(home: &Path, arguments: &[&str]) -> Result<Output> {
    Ok(Command::new(program()?).arg("--home").arg(home).args(arguments).output()?)
}

/// How many overrides hold by the records, and by what gates read.
fn overrides(home: &Path) -> Result<(usize, usize)> {
    let listed = fivebar(home, &["--json", "overrides", "list"])?;
    let listed = String::from_utf8(listed.stdout)?.lines().filter(|line| line.starts_with('{')).count();
    let current: Value = serde_json::from_slice(&fs::read(home.join("gate/CURRENT"))?)?;
    let current = current.pointer("/published/live/newest/number").context("CURRENT names no live file")?;
    let live: Value = serde_json::from_slice(&fs::read(home.join(format!("gate/live-{current}.json")))?)?;
    let published = live.get("overrides").and_then(Value::as_array).context("no overrides are published")?;
    Ok((listed, published.len()))
}

#[test]
fn what_a_full_disk_kept_out_of_the_records_is_not_enforced() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(disk) = SmallDisk::mount(folder.path())? else { return Ok(()) };
    let home = folder.path().join("school");
    let made = fivebar(
        &home,
        &["init", "--yes", "--school", "Hillside", "--dns", "127.0.0.1:0", "--upstream", "127.0.0.1:9"],
    )?;
    if !made.status.success() {
        bail!("{}", String::from_utf8_lossy(&made.stderr));
    }
    let (mut refused, mut given) = (0, 0);
    for leave in [0, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256] {
        disk.fill(leave << 10)?;
        let site = format!("site-{leave}.example");
        let asked = ["overrides", "give", &site, "--whom", "everyone", "--for", "1h", "--reason", "a trial"];
        let answer = fivebar(&home, &asked)?;
        disk.empty()?;
        if answer.status.success() {
            given += 1
        } else {
            refused += 1
        }
        let said = String::from_utf8_lossy(&answer.stderr);
        assert_eq!(overrides(&home)?, (given, given), "{leave} kB were free: {said}");
    }
    assert!(refused > 0 && given > 0, "{refused} refused, {given} given");
    Ok(())
}

fn told(home: &Path, arguments: &[&str]) -> Result<String> {
    let output = fivebar(home, arguments)?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(said)
}

/// What a command said that could not do it.
fn refused(home: &Path, arguments: &[&str]) -> Result<String> {
    let output = fivebar(home, arguments)?;
    ensure!(!output.status.success(), "{arguments:?} was done");
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The gate answers as ever: what is listed is refused.
fn the_gate_decides(school: &School) -> Result<()> {
    let answer = school.dig("127.0.0.1", &["+time=2", "www.pornhub.com"])?;
    ensure!(answer.contains("NXDOMAIN"), "{answer}");
    Ok(())
}

#[test]
fn a_full_disk_under_the_records_stops_changes_in_words_and_the_gate_decides_on() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    init(&home)?;
    let hub = home.join("hub");
    let aside = folder.path().join("hub");
    fs::rename(&hub, &aside)?;
    fs::create_dir(&hub)?;
    let Some(disk) = SmallDisk::mount(&hub)? else { return Ok(()) };
    for entry in fs::read_dir(&aside)? {
        let entry = entry?;
        let to = hub.join(entry.file_name());
        let copied = Command::new("cp").arg("-a").arg(entry.path()).arg(to).status()?;
        ensure!(copied.success(), "a copy");
    }
    let school = School::run(&home)?;
    let made = told(&home, &["--json", "people", "scim-token", "directory"])?;
    let made: Value = serde_json::from_str(made.lines().last().context("an object")?)?;
    let text = |field: &str| made.get(field).and_then(Value::as_str).map(str::to_owned).context("a field");
    let (address, bearer) = (text("address")?, format!("authorization: Bearer {}", text("token")?));
    let tell = |name: &str| -> Result<String> {
        let body = format!("{{\"userName\":\"{name}\",\"displayName\":\"{name}\",\"userType\":\"student\"}}");
        let asked = Command::new("curl")
            .args(["--silent", "--noproxy", "*", "--max-time", "60", "--request", "POST", "--data", &body])
            .args(["--header", "content-type: application/scim+json", "--header", &bearer])
            .args(["--write-out", " %{http_code}", &format!("{address}/Users")])
            .output()?;
        Ok(String::from_utf8_lossy(&asked.stdout).into_owned())
    };
    let answer = tell("before")?;
    ensure!(answer.ends_with(" 201"), "{answer}");
    disk.fill(0)?;
    // As many as still find room in what the records have of the disk already, and then none.
    let mut kept = vec!["before".to_owned()];
    let refused_words = (0..3_000)
        .find_map(|number| {
            let name = format!("person-{number}");
            match tell(&name) {
                Ok(answer) if answer.ends_with(" 201") => {
                    kept.push(name);
                    None
                }
                other => Some(other),
            }
        })
        .context("the disk never was full")??;
    ensure!(
        refused_words.ends_with(" 503")
            && refused_words.contains("no room left")
            && refused_words.contains("half done"),
        "{refused_words}"
    );
    the_gate_decides(&school)?;
    let give = [
        "overrides",
        "give",
        "a.example",
        "--close",
        "--whom",
        "everyone",
        "--for",
        "1h",
        "--reason",
        "a trial",
    ];
    let words = refused(&home, &give)?;
    ensure!(words.contains("no room left") && words.contains("make room on the disk"), "{words}");
    the_gate_decides(&school)?;
    disk.empty()?;
    // With room it goes on by itself: nobody has to start anything.
    let again =
        eventually(Duration::from_secs(20), || tell("after").ok().filter(|answer| answer.ends_with(" 201")));
    again.context("it did not go on")?;
    // The hub is at work for a while on all whom it was told of: an unoptimised build takes a minute and more beside other tests.
    let mut said = String::new();
    eventually(Duration::from_secs(240), || {
        told(&home, &give).map_err(|error| said = error.to_string()).ok()
    })
    .with_context(|| format!("nothing can be changed from the command line: {said}"))?;
    the_gate_decides(&school)?;
    ensure!(told(&home, &["verify"])?.contains("The access trail is whole"), "the trail");
    kept.push("after".to_owned());
    for name in &kept {
        let asked = Command::new("curl")
            .args(["--silent", "--noproxy", "*", "--get", "--header", &bearer])
            .args([
                "--data-urlencode",
                &format!("filter=userName eq \"{name}\""),
                &format!("{address}/Users"),
            ])
            .output()?;
        let found: Value = serde_json::from_slice(&asked.stdout)?;
        assert_eq!(found["totalResults"], 1, "{name} was acknowledged");
    }
    school.stop()?;
    Ok(())
}

#[test]
fn a_full_disk_under_the_activity_log_is_said_and_counted_and_the_gate_decides_on() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    init(&home)?;
    let log = home.join("log");
    let Some(disk) = SmallDisk::mount(&log)? else { return Ok(()) };
    let school = School::run(&home)?;
    let status =
        || -> Result<Value> { Ok(serde_json::from_str(&told(&home, &["--json", "activity", "status"])?)?) };
    the_gate_decides(&school)?;
    eventually(Duration::from_secs(10), || {
        status().ok().filter(|status| status["durable"].as_u64() > Some(0))
    })
    .context("nothing was kept")?;
    disk.fill(0)?;
    let mut asked = 0;
    let alarmed = eventually(Duration::from_secs(40), || {
        for _ in 0..50 {
            asked += 1;
            the_gate_decides(&school).ok()?;
        }
        status().ok().filter(|status| !status["alarm"].is_null())
    });
    let last = status()?;
    alarmed.with_context(|| format!("no alarm after {asked} questions: {last}"))?;
    // What a person reads says since when and why, and every question is answered all the while.
    let said = String::from_utf8_lossy(&fivebar(&home, &["status"])?.stdout).into_owned();
    ensure!(said.to_lowercase().contains("cannot be written") || said.contains("No space left"), "{said}");
    the_gate_decides(&school)?;
    disk.empty()?;
    let settled = eventually(Duration::from_secs(40), || {
        the_gate_decides(&school).ok()?;
        let status = status().ok()?;
        let number = |key: &str| status[key].as_u64();
        (status["alarm"].is_null() && number("issued")? == number("durable")? + number("lost")?)
            .then_some(status)
    });
    let last = status()?;
    settled.with_context(|| format!("every event is durable or counted as lost: {last}"))?;
    ensure!(told(&home, &["verify"])?.contains("The access trail is whole"), "the trail");
    school.stop()?;
    Ok(())
}

#[test]
fn a_back_up_for_which_there_is_no_room_is_none_and_says_so() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (home, place) = (folder.path().join("school"), folder.path().join("disk"));
    init(&home)?;
    fs::create_dir(&place)?;
    let Some(disk) = SmallDisk::mount(&place)? else { return Ok(()) };
    let file = home.join("fivebar.toml");
    let text = fs::read_to_string(&file)?;
    fs::write(&file, format!("{text}\n[backup]\nto = {place:?}\n"))?;
    told(&home, &["backup", "prepare"])?;
    let names = || -> Result<Vec<String>> {
        let mut names: Vec<String> =
            fs::read_dir(&place)?.filter_map(|one| one.ok()?.file_name().into_string().ok()).collect();
        names.retain(|name| name != "filler");
        names.sort();
        Ok(names)
    };
    let before = names()?;
    for leave in [0, 4, 16] {
        disk.fill(leave << 10)?;
        let words = refused(&home, &["backup", "now"])?;
        ensure!(words.contains("No space left on device"), "{leave} kB: {words}");
        ensure!(words.contains("make room there") || words.contains("there is room"), "{leave} kB: {words}");
        let words = refused(&home, &["backup", "--to", place.join("by-hand").to_str().context("path")?])?;
        ensure!(words.contains("No space left") || words.contains("no room left"), "{leave} kB: {words}");
        disk.empty()?;
        assert_eq!(names()?, before, "{leave} kB: nothing that could pass for a back-up, and nothing else");
        ensure!(told(&home, &["verify"])?.contains("The access trail is whole"), "the trail");
    }
    let status = told(&home, &["--json", "backup", "list"])?;
    ensure!(!status.contains(".fivebar-backup"), "{status}");
    Ok(())
}

#[test]
fn a_limit_on_the_length_of_files_stops_changes_in_words_and_half_of_none_is_kept() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    init(&home)?;
    // Whoever may mount nothing may meet a limit of their account: what is longer is refused, as by a quota.
    let limited = |kilobytes: u64, arguments: &[&str]| -> Result<Output> {
        let begin = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", kilobytes * 2);
        Ok(Command::new("sh")
            .args(["-c", &begin, "sh"])
            .arg(program()?)
            .arg("--home")
            .arg(&home)
            .args(arguments)
            .output()?)
    };
    let (mut refused, mut given) = (0, 0);
    for kilobytes in [4, 8, 16, 32, 64, 128, 512, 100_000] {
        let site = format!("site-{kilobytes}.example");
        let give = [
            "overrides",
            "give",
            &site,
            "--close",
            "--whom",
            "everyone",
            "--for",
            "1h",
            "--reason",
            "a trial",
        ];
        let answer = limited(kilobytes, &give)?;
        let said = String::from_utf8_lossy(&answer.stderr).into_owned();
        if answer.status.success() {
            given += 1;
        } else {
            refused += 1;
            let plainly =
                ["no room left", "File too large", "there is room"].iter().any(|words| said.contains(words));
            ensure!(plainly, "{kilobytes} kB: {said}");
        }
        assert_eq!(overrides(&home)?, (given, given), "{kilobytes} kB: {said}");
    }
    ensure!(refused > 0 && given > 0, "{refused} refused, {given} given");
    let target = folder.path().join("school.fivebar-backup");
    let to = target.to_str().context("path")?;
    let answer = limited(64, &["backup", "--to", to])?;
    let said = String::from_utf8_lossy(&answer.stderr).into_owned();
    ensure!(!answer.status.success() && !target.exists(), "{said}");
    ensure!(said.contains("File too large") || said.contains("no room left"), "{said}");
    ensure!(told(&home, &["verify"])?.contains("The access trail is whole"), "the trail");
    Ok(())
}
