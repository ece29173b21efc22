//! Illegal content: refused to everyone, recorded for the few who must know, and told to nobody else. All names are made
//! up.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use journeys::{School, eventually, program};
use serde_json::Value;

const WHOLE: &str = "made-up-sealed.example";
/// Asked for until the feed is in force. What is asked for before it is sealed is a row like any other, so no other name is.
const MARKER: &str = "marker-of-the-feed.example";
const PATH: &str = "/gallery-of-nothing?page=7";

/// A made-up feed outside the home, gone when this is dropped.
pub fn feed(text: &str) -> Result<(tempfile::TempDir, String)> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("feed.txt");
    std::fs::write(&path, text)?;
    let path = path.to_str().context("path")?.to_owned();
    Ok((folder, path))
}

pub fn lines(text: &str) -> Result<Vec<Value>> {
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

pub fn one(text: &str) -> Result<Value> {
    lines(text)?.pop().context("nothing was printed")
}

/// Every file below a folder; sockets are none.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()? {
            kind if kind.is_dir() => found.extend(files(&entry.path())?),
            kind if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    Ok(found)
}

/// The files below the home that hold a text in plain.
pub fn holding(home: &Path, text: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in files(home)? {
        // A file may go while we look: the records' log of writes does.
        let Ok(bytes) = std::fs::read(&path) else { continue };
        if bytes.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text.as_bytes())) {
            found.push(path);
        }
    }
    Ok(found)
}

/// What the access trail says of the sealed tier, oldest first: verb and subject.
fn trail(home: &Path) -> Result<Vec<(String, String)>> {
    let records = store::DatabaseUrl::sqlite(home.join("hub/fivebar.db"));
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let db = store::Db::look(&records).await?;
        let mut tx = db.read().await?;
        let entries = store::trail::newest(&mut tx, None, 200).await?;
        tx.roll_back().await?;
        let sealed = entries.into_iter().rev().filter(|entry| entry.verb.starts_with("sealed."));
        Ok(sealed.map(|entry| (entry.verb, entry.subject_id)).collect())
    })
}

fn explain_many(school: &School, targets: &str) -> Result<Output> {
    let mut child = Command::new(program()?)
        .arg("--home")
        .arg(school.home())
        .args(["--json", "explain", "-", "--as", "teachers"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().context("no standard input")?;
    std::io::Write::write_all(&mut input, targets.as_bytes())?;
    drop(input);
    Ok(child.wait_with_output()?)
}

fn is_refused(school: &School, from: &str, host: &str) -> Result<bool> {
    Ok(school.dig(from, &[host])?.contains("NXDOMAIN"))
}

#[test]
fn a_sealed_site_is_refused_to_everyone_and_only_its_recipients_learn_what_it_was() -> Result<()> {
    let school = School::demo()?;
    let (folder, path) =
        feed(&format!("# made up\n{WHOLE}\n{MARKER}\nco.uk\nwww.childline.org.uk\nnot an entry\n"))?;
    let output = school.told(&["--json", "sealed", "import", &path, "--live", "--fresh-for", "7"])?;
    drop(folder);
    let imported = one(&output)?;
    assert_eq!((&imported["lines"], &imported["accepted"]), (&5.into(), &2.into()), "{imported}");
    assert!(!output.contains("made-up") && !output.contains("childline"), "{output}");
    assert_eq!(imported["refused"].as_array().map(Vec::len), Some(3), "{imported}");

    let pupil = school.anyone_in("year-5")?.address.clone();
    eventually(Duration::from_secs(10), || is_refused(&school, &pupil, MARKER).ok()?.then_some(()))
        .context("the feed reached the gate")?;
    // Head, governors, everybody: one of each group, by name and by page, the site itself and what lies below it.
    let mut groups: Vec<&str> = school.ready.people.iter().map(|person| person.group.as_str()).collect();
    groups.sort_unstable();
    groups.dedup();
    for group in groups {
        let from = &school.anyone_in(group)?.address;
        for host in [WHOLE.to_owned(), format!("www.{WHOLE}")] {
            assert!(is_refused(&school, from, &host)?, "{group}");
            let page = school.curl(from, &format!("http://{host}{PATH}"), &[])?;
            assert!(page.contains(" 403 ") && !page.contains(WHOLE), "{group}: {page}");
        }
        assert!(school.curl(from, &format!("https://{WHOLE}/"), &[])?.contains(" 403 "), "{group}");
    }
    assert!(!is_refused(&school, &pupil, "www.childline.org.uk")?, "no feed closes a helpline");
    let portal = Command::new("curl").args(["-s", &format!("http://{}/", school.ready.portal)]).output()?;
    assert!(!String::from_utf8_lossy(&portal.stdout).contains("No live IWF"), "a fresh live feed is loaded");

    // Each row refers to a record that is there.
    let rows = eventually(Duration::from_secs(10), || {
        let rows = lines(
            &school.told(&["--json", "activity", "search", "--step", "sealed", "--limit", "500"]).ok()?,
        );
        rows.ok().filter(|rows| rows.iter().any(|row| row["front"] == "connect"))
    })
    .context("the refusals reached the log")?;
    let records = lines(&school.told(&["--json", "sealed", "records", "list"])?)?;
    for row in &rows {
        assert!(row["host"].is_null() && row["path"].is_null(), "{row}");
        assert!(records.iter().any(|record| record["reference"] == row["record"]), "{row}");
    }
    let row = rows
        .iter()
        .find(|row| row["front"] == "proxy" && row["client"] == pupil.as_str())
        .context("the pupil's page is in the log")?;
    let reference = row["record"].as_str().context("a reference")?;

    // Head and DSL can open it; somebody who was named later cannot, and the trail has both.
    let identity = |duty: &str| {
        let path = school.home().join("demo-identities").join(format!("{duty}.txt"));
        path.to_str().map(str::to_owned).context("path")
    };
    for duty in ["head", "dsl"] {
        let opened = one(&school.told(&[
            "--json",
            "sealed",
            "open",
            reference,
            "--identity",
            &identity(duty)?,
            "--reason",
            "to tell the police",
        ])?)?;
        assert_eq!(opened["client"], pupil.as_str(), "{opened}");
        assert!(opened["host"].as_str().is_some_and(|host| host.ends_with(WHOLE)), "{opened}");
    }
    let elsewhere = tempfile::tempdir()?;
    let late = elsewhere.path().join("late.txt");
    let late = late.to_str().context("path")?;
    school.told(&["sealed", "recipients", "add", "deputy-head", "--identity-file", late])?;
    let inside = school.home().join("hub/deputy.txt");
    let refused = school.command(&[
        "sealed",
        "recipients",
        "add",
        "deputy-dsl",
        "--identity-file",
        inside.to_str().context("path")?,
    ])?;
    assert!(!refused.status.success() && !inside.exists(), "an identity is never kept inside the home");
    let wrong = school.command(&["sealed", "open", reference, "--identity", late, "--reason", "to see"])?;
    assert_eq!(wrong.status.code(), Some(3));
    let said = [wrong.stdout, wrong.stderr].concat();
    assert!(!String::from_utf8_lossy(&said).contains("made-up"), "nothing is shown");
    let openings: Vec<(String, String)> =
        trail(school.home())?.into_iter().filter(|(verb, _)| verb.starts_with("sealed.open")).collect();
    let entry = |verb: &str| (verb.to_owned(), reference.to_owned());
    assert_eq!(openings, [entry("sealed.open"), entry("sealed.open"), entry("sealed.open-refused")]);

    // The address stands nowhere in plain, running or stopped.
    for text in [WHOLE, "gallery-of-nothing"] {
        let found = holding(school.home(), text)?;
        assert!(found.is_empty(), "{text}: {found:?}");
    }
    let verified = one(&school.told(&["--json", "verify"])?)?;
    assert_eq!(verified["sealed"]["whole"], true, "{verified}");
    assert_eq!(verified["sealed"]["recipients"], 3, "{verified}");
    Ok(())
}

#[test]
fn asking_in_bulk_which_sites_are_sealed_ends_after_ten_and_leaves_entries() -> Result<()> {
    let school = School::demo()?;
    let hosts: Vec<String> = (0..15).map(|number| format!("made-up-{number}.example")).collect();
    let (_folder, path) = feed(&hosts.join("\n"))?;
    school.told(&["sealed", "import", &path, "--live", "--fresh-for", "7"])?;
    // Sites that are not sealed and entries for testing count for nothing.
    let mut harmless = String::new();
    for number in 0..40 {
        harmless.push_str(&format!("harmless-{number}.example\nwww.sealed-test-iwf.fivebar.example\n"));
    }
    let answered = explain_many(&school, &harmless)?;
    assert!(answered.status.success());
    assert_eq!(answered.stdout.iter().filter(|byte| **byte == b'\n').count(), 80);
    assert!(!trail(school.home())?.iter().any(|(verb, _)| verb.starts_with("sealed.asked")));

    let asked = explain_many(&school, &hosts.join("\n"))?;
    assert!(!asked.status.success());
    let told = lines(&String::from_utf8(asked.stdout)?)?;
    assert_eq!(told.len(), 10, "{told:?}");
    assert!(told.iter().all(|answer| answer["step"] == "sealed"), "{told:?}");
    assert!(String::from_utf8_lossy(&asked.stderr).contains("access trail"));
    // Nor does asking again, or one by one, tell more.
    assert!(explain_many(&school, &hosts[12])?.stdout.is_empty());
    let single = school.command(&["explain", &hosts[12], "--as", "teachers"])?;
    assert!(!single.status.success() && single.stdout.is_empty());
    // An answer about a site that is not sealed would tell which are.
    let harmless = school.command(&["explain", "harmless.example", "--as", "teachers"])?;
    assert!(harmless.stdout.is_empty() && harmless.stderr == single.stderr);
    let verbs: Vec<String> = trail(school.home())?
        .into_iter()
        .map(|(verb, _)| verb)
        .filter(|verb| verb.starts_with("sealed.asked"))
        .collect();
    let mut wanted = vec!["sealed.asked".to_owned(); 10];
    wanted.push("sealed.asked-in-bulk".to_owned());
    assert_eq!(verbs, wanted);
    let found = holding(school.home(), "made-up-")?;
    assert!(found.is_empty(), "no entry says what was asked: {found:?}");
    Ok(())
}

#[test]
fn no_command_tells_of_more_than_ten_sealed_sites_an_hour() -> Result<()> {
    let school = School::demo()?;
    let hosts: Vec<String> = (0..15).map(|number| format!("made-up-{number}.example")).collect();
    let (_folder, path) = feed(&hosts.join("\n"))?;
    school.told(&["sealed", "import", &path, "--live", "--fresh-for", "7"])?;
    let give = |host: &str, more: &[&str]| {
        let give = ["overrides", "give", host, "--whom", "group:year-9", "--for", "1h", "--reason", "a test"];
        school.command(&[&give[..], more].concat())
    };
    let focus = |host: &str| {
        let focus = ["focus", "start", "year-9", "--name", "A test", "--site", host, "--for", "1h"];
        school.command(&[&focus[..], &["--reason", "a test"]].concat())
    };
    let elsewhere = tempfile::tempdir()?;
    let check = |hosts: &[String], command: &[&str]| -> Result<Output> {
        let mut text = school.told(&["policy", "export"])?;
        for host in hosts {
            text.push_str(&format!(
                "\n[[rule]]\ndo = \"allow\"\nsite = \"{host}\"\nreason = \"A test.\"\nowner = \"Nobody\"\n"
            ));
        }
        let file = elsewhere.path().join("policy.toml");
        std::fs::write(&file, text)?;
        school.command(&[&["policy"], command, &[file.to_str().context("path")?]].concat())
    };
    let said = |output: Output| -> Result<String> {
        assert!(!output.status.success());
        Ok(String::from_utf8([output.stdout, output.stderr].concat())?)
    };
    let covered = |output: Output| Ok::<_, anyhow::Error>(said(output)?.matches("nobody may open").count());
    let asked = || -> Result<usize> {
        Ok(trail(school.home())?.iter().filter(|(verb, _)| verb == "sealed.asked").count())
    };
    // Entries for testing count for nothing.
    let test = "sealed-test-iwf.fivebar.example".to_owned();
    assert_eq!(covered(give(&test, &[])?)?, 1);
    assert_eq!(covered(check(std::slice::from_ref(&test), &["check"])?)?, 1);
    assert_eq!(asked()?, 0);
    assert_eq!(covered(give(&hosts[0], &[])?)?, 1);
    assert_eq!(covered(focus(&hosts[1])?)?, 1);
    assert_eq!(covered(check(&[&hosts[2..5], std::slice::from_ref(&test)].concat(), &["check"])?)?, 4);
    assert_eq!(covered(check(&hosts[5..7], &["apply", "--note", "a test"])?)?, 2);
    assert_eq!(asked()?, 7);
    // More than are left are not told at all, and spend what is left.
    let in_bulk = said(check(&hosts[7..11], &["check"])?)?;
    assert!(in_bulk.contains("access trail") && !in_bulk.contains("nobody may open"), "{in_bulk}");
    for host in [&hosts[12], "harmless.example"] {
        assert_eq!(said(give(host, &[])?)?, in_bulk, "{host}");
        assert_eq!(said(focus(host)?)?, in_bulk, "{host}");
        assert_eq!(said(check(&[host.to_owned()], &["check"])?)?, in_bulk, "{host}");
        assert_eq!(said(school.command(&["explain", host, "--as", "teachers"])?)?, in_bulk, "{host}");
    }
    // Closing tells nothing, so it is always possible.
    assert!(give("harmless.example", &["--close"])?.status.success());
    assert_eq!(asked()?, 7);
    let bulk = trail(school.home())?.iter().filter(|(verb, _)| verb == "sealed.asked-in-bulk").count();
    assert_eq!(bulk, 1);
    let found = holding(school.home(), "made-up-")?;
    assert!(found.is_empty(), "no entry says what was asked: {found:?}");
    Ok(())
}

#[test]
fn an_exception_that_a_feed_covers_is_named_to_who_loads_it_and_never_listed_as_holding() -> Result<()> {
    let school = School::demo_heard("info")?;
    let give = ["overrides", "give", "--whom", "everyone", "--for", "1h", "--reason", "a test"];
    for site in ["made-up-given.example", "harmless.example", "made-up-closed.example"] {
        let close: &[&str] = if site.contains("closed") { &["--close"] } else { &[] };
        school.told(&[&give[..], &[site], close].concat())?;
    }
    let garden = ["focus", "start", "year-9", "--name", "A test", "--site", "harmless.example", "--site"];
    school.told(&[&garden[..], &["made-up-garden.example", "--for", "1h", "--reason", "a test"]].concat())?;
    let hosts: Vec<String> = (0..9).map(|number| format!("made-up-{number}.example")).collect();
    let feed_of = |more: &[&str]| {
        feed(&hosts.iter().map(String::as_str).chain(more.iter().copied()).collect::<Vec<_>>().join("\n"))
    };
    let (_folder, path) =
        feed_of(&["made-up-given.example", "made-up-closed.example", "made-up-garden.example"])?;
    let load = |path: &str| -> Result<Value> {
        let output = school.told(&["--json", "sealed", "import", path, "--live", "--fresh-for", "7"])?;
        assert!(!output.contains("made-up"), "{output}");
        one(&output)
    };
    let loaded = load(&path)?;
    assert_eq!(loaded["overrides_left_out"], serde_json::json!([1]), "{loaded}");
    assert_eq!(loaded["focus_left_out"], serde_json::json!([1]), "{loaded}");
    // Whoever loads less knows less: what only entries from before cover is not named to them.
    let (_folder, smaller) = feed("made-up-0.example\nanother-made-up.example\n")?;
    let again = load(&smaller)?;
    assert_eq!(
        (&again["how"], &again["overrides_left_out"]),
        (&"joined".into(), &serde_json::json!([])),
        "{again}"
    );

    let asked = || -> Result<usize> {
        Ok(trail(school.home())?.iter().filter(|(verb, _)| verb == "sealed.asked").count())
    };
    let states = |command: &str| -> Result<Vec<(Value, Value)>> {
        let listed = lines(&school.told(&["--json", command, "list"])?)?;
        let mut states: Vec<(u64, (Value, Value))> = listed
            .iter()
            .map(|one| {
                (
                    one["number"].as_u64().unwrap_or_default(),
                    (one["state"].clone(), one["carried_out"].clone()),
                )
            })
            .collect();
        states.sort_by_key(|(number, _)| *number);
        Ok(states.into_iter().map(|(_, state)| state).collect())
    };
    assert_eq!(asked()?, 0);
    let now = |carried: bool| (Value::from("now"), Value::from(carried));
    // Closing what is sealed is carried out like any other closing.
    let left_out = (Value::from("left-out"), Value::from(false));
    assert_eq!(states("overrides")?, [left_out, now(true), now(true)]);
    assert_eq!(asked()?, 1);
    let told = school.told(&["overrides", "list"])?;
    assert_eq!(told.matches("holds now").count(), 2, "{told}");
    assert!(told.contains("is carried out by no gate: it would open a host that nobody may open"), "{told}");
    assert_eq!(asked()?, 2);
    let told = school.told(&["focus", "list"])?;
    assert!(told.contains("though not whole") && !told.contains("garden.example is"), "{told}");
    assert_eq!(asked()?, 3);
    // Neither the service log of the gate nor an answer after the tenth tells which they are.
    for host in &hosts[..7] {
        school.told(&["explain", host, "--as", "teachers"])?;
    }
    assert_eq!(asked()?, 10);
    let untold = (Value::from("now"), Value::Null);
    assert_eq!(states("overrides")?, [untold.clone(), untold.clone(), now(true)]);
    assert_eq!(states("focus")?, [untold]);
    let told = school.told(&["overrides", "list"])?;
    assert_eq!(told.matches("whether gates carry it out cannot be told for now").count(), 2, "{told}");
    assert!(!told.contains("nobody may open"), "{told}");
    assert_eq!(asked()?, 10);
    eventually(Duration::from_secs(10), || school.heard().ok()?.contains("is left out").then_some(()))
        .context("the gate says that something is left out")?;
    assert!(!school.heard()?.contains("nobody may open"), "and not what");
    Ok(())
}

#[test]
fn a_stale_feed_alarms_everywhere_and_goes_on_blocking_and_a_shrunken_one_keeps_the_union() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-9")?.address.clone();
    let hosts: Vec<String> = (0..20).map(|number| format!("made-up-{number}.example")).collect();
    let (_folder, path) = feed(&hosts.join("\n"))?;
    let old = ["--live", "--as-of", "2026-01-05", "--fresh-for", "7"];
    school.told(&[&["sealed", "import", &path][..], &old].concat())?;
    let refused = |host: &str| {
        eventually(Duration::from_secs(10), || is_refused(&school, &pupil, host).ok()?.then_some(()))
    };
    refused(&hosts[19]).context("a stale feed goes on blocking")?;
    let status = one(&school.told(&["--json", "sealed", "status"])?)?;
    assert_eq!(status["state"], "stale", "{status}");
    let page = |words: &str| {
        eventually(Duration::from_secs(10), || {
            let portal = Command::new("curl")
                .args(["-s", &format!("http://{}/", school.ready.portal)])
                .output()
                .ok()?;
            String::from_utf8_lossy(&portal.stdout).contains(words).then_some(())
        })
    };
    page("terrorist lists are out of date").context("the portal alarms")?;

    let (_folder, path) = feed(&hosts[..3].join("\n"))?;
    let shrunk = one(&school.told(&["--json", "sealed", "import", &path, "--live", "--fresh-for", "7"])?)?;
    assert_eq!(shrunk["how"], "joined", "{shrunk}");
    refused(&hosts[19]).context("the union is kept")?;
    let status = one(&school.told(&["--json", "sealed", "status"])?)?;
    assert_eq!((&status["state"], &status["notice"]), (&"live".into(), &Value::Null), "{status}");
    assert!(is_refused(&school, &pupil, &hosts[0])?);

    // A person gives them up, and says why.
    let replaced = ["--live", "--fresh-for", "7", "--replace", "--reason", "the issuer took them off"];
    let replaced = one(&school.told(&[&["--json", "sealed", "import", &path][..], &replaced].concat())?)?;
    assert_eq!(replaced["how"], "replaced", "{replaced}");
    eventually(Duration::from_secs(10), || (!is_refused(&school, &pupil, &hosts[19]).ok()?).then_some(()))
        .context("it is given up")?;
    Ok(())
}

#[test]
fn a_gate_whose_sealed_entries_were_changed_refuses_to_start() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("hillside");
    let command = |arguments: &[&str]| -> Result<Output> {
        Ok(Command::new(program()?).arg("--home").arg(&home).args(arguments).stdin(Stdio::null()).output()?)
    };
    let init = command(&[
        "init",
        "--yes",
        "--school",
        "Hillside",
        "--dns",
        "127.0.0.1:0",
        "--proxy",
        "127.0.0.1:0",
        "--portal",
        "127.0.0.1:0",
        "--upstream",
        "127.0.0.1:9",
    ])?;
    assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
    // Nobody is named yet: that is said, and costs nothing but the records.
    let status = String::from_utf8(command(&["sealed", "status"])?.stdout)?;
    assert!(status.contains("Nobody is named") && status.contains("No live IWF"), "{status}");
    let verified = String::from_utf8(command(&["verify"])?.stdout)?;
    assert!(verified.contains("Nobody is named"), "{verified}");
    let (_folder, path) = feed(WHOLE)?;
    assert!(command(&["sealed", "import", &path, "--live", "--fresh-for", "7"])?.status.success());

    let published = files(&home.join("gate"))?
        .into_iter()
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("policy-")))
        .max_by_key(|path| std::fs::metadata(path).and_then(|about| about.modified()).ok())
        .context("nothing was published")?;
    let text = std::fs::read_to_string(&published)?;
    // One digit of one hash.
    let place = text.find("\"hashes\":[\"").context("no hashes")? + 11;
    let mut bent = text.clone().into_bytes();
    bent[place] = if bent[place] == b'0' { b'1' } else { b'0' };
    std::fs::write(&published, &bent)?;
    let gate = command(&["run", "--only", "gate"])?;
    assert!(!gate.status.success());
    let said = String::from_utf8_lossy(&gate.stderr).into_owned();
    assert!(said.contains("cannot be verified"), "{said}");
    assert_eq!(command(&["verify"])?.status.code(), Some(3));
    // Loading the feed again from its source puts it right.
    assert!(command(&["sealed", "import", &path, "--live", "--fresh-for", "7"])?.status.success());
    assert!(command(&["verify"])?.status.success());
    let school = School::run(&home)?;
    if !is_refused(&school, "127.0.0.9", WHOLE)? {
        bail!("the feed is in force again");
    }
    Ok(())
}
