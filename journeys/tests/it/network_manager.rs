//! What else a network manager does in a week.

use std::collections::BTreeSet;
use std::io::{Read as _, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use journeys::{School, eventually, program};
use serde_json::{Value, json};

#[test]
fn people_and_groups_are_found_however_they_are_written_or_what_is_near_is_said() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-9")?.clone();
    let explained = school.told(&["--json", "explain", "a.example", "--as", &pupil.name.to_uppercase()])?;
    assert!(explained.contains("verdict"), "{explained}");
    let give = ["overrides", "give", "a.example", "--for", "1h", "--reason", "for this test", "--whom"];
    let refused = |whom: &str| -> Result<String> {
        let output = school.command(&[&give[..], &[whom]].concat())?;
        assert_eq!(output.status.code(), Some(1), "{whom}");
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let said = refused("person:999")?;
    assert!(
        said.contains("nobody on the roll has the number 999; the numbers on it are from 1 to "),
        "{said}"
    );
    let said = refused("group:yaer-9")?;
    assert!(said.contains("did you mean group:year-9?"), "{said}");
    let said = refused("group:Year 9")?;
    assert!(said.contains("Year 9 is written group:year-9"), "{said}");
    assert!(school.told(&["overrides", "list", "--all"])?.contains("No override was ever given"));

    // Who may be meant is said to whoever asks, and is in no error.
    let nearly = format!("{}x", pupil.name);
    let output =
        school.command(&["withhold", "start", &nearly, "--for", "1h", "--reason", "for this test"])?;
    assert!(!output.status.success());
    let asked = format!("Did you mean {}", pupil.name);
    assert!(String::from_utf8_lossy(&output.stdout).contains(&asked), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains(&format!("mean {}", pupil.name)), "{output:?}");

    // A day without a time is a school day's first lesson where something is asked, and no end.
    let told = school.told(&["explain", "a.example", "--as", "year-9", "--at", "2026-11-23"])?;
    assert!(told.contains("At 08:50 on 2026-11-23, when the first lesson begins"), "{told}");
    let output = school.command(&[
        "withhold",
        "start",
        &pupil.name,
        "--until",
        "2026-12-04",
        "--reason",
        "for this test",
    ])?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("--until 2026-12-04T15:30, or --until 2026-12-05T00:00"), "{said}");
    Ok(())
}

#[test]
fn explain_reads_many_targets_and_answers_each_on_a_line() -> Result<()> {
    let school = School::demo()?;
    let mut child = Command::new(program()?)
        .arg("--home")
        .arg(school.home())
        .args(["--json", "explain", "-", "--as", "year-5"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut targets = child.stdin.take().context("stdin")?;
    let writer = std::thread::spawn(move || {
        for number in 0..20_000 {
            if writeln!(targets, "site{number}.example").is_err() {
                break;
            }
        }
        let _ = targets.write_all(b"not a host at all\n\xff\xfe\n\nlast.example\n");
    });
    let output = child.wait_with_output()?;
    writer.join().ok().context("written")?;
    assert_eq!(output.status.code(), Some(3), "three of the lines are no targets");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.lines().count(), 20_004, "one answer a line, whatever the line is");
    for line in [text.lines().next(), text.lines().nth(19_999)] {
        let told: serde_json::Value = serde_json::from_str(line.context("line")?)?;
        assert!(told["verdict"].is_string() && told["step"].is_string(), "{told}");
        assert!(told["change"]["words"].is_string() && told["known_by"].is_string(), "{told}");
    }
    for place in 20_000..20_003 {
        let wrong: serde_json::Value = serde_json::from_str(text.lines().nth(place).context("line")?)?;
        assert!(wrong["problem"].is_string(), "{wrong}");
    }
    Ok(())
}

#[test]
fn what_the_proxy_refuses_itself_is_found_in_the_log_with_who_sent_it_and_why() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-10")?;
    let page = school.curl(&pupil.address, "http://mail.example.org:25/inbox?q=private", &[])?;
    assert!(page.contains(" 403 ") && page.contains("This port is closed"), "{page}");
    school.curl(&pupil.address, "http://ssh.example.org:22/", &["-p"])?;
    school.curl(&pupil.address, "http://10.1.2.3/", &[])?;
    let mut client = std::net::TcpStream::connect(school.ready.proxy)?;
    client.write_all(b"\x16\x03\x01 not for any log\r\n\r\n")?;
    client.read_to_end(&mut Vec::new())?;

    let search = ["--json", "activity", "search", "--verdict", "block", "--step", "front"];
    let rows = eventually(Duration::from_secs(10), || {
        let told = school.told(&search).ok()?;
        let rows: Vec<Value> = told.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        (rows.len() == 4).then_some(rows)
    })
    .context("four refusals are in the log")?;
    // Each connection hands its own rows over: which of four comes first is no promise.
    let seen: BTreeSet<(&str, &str, &str, bool)> = rows
        .iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap_or("-");
            (text("front"), text("refusal"), text("host"), row["client"] == pupil.address)
        })
        .collect();
    assert_eq!(
        seen,
        BTreeSet::from([
            ("proxy", "port", "mail.example.org", true),
            ("connect", "port", "ssh.example.org", true),
            ("proxy", "inside", "10.1.2.3", true),
            ("proxy", "not-http", "-", false),
        ])
    );
    let shown = school.told(&["activity", "search", "--step", "front"])?;
    assert!(shown.contains("(front port)") && !shown.contains(&pupil.name), "{shown}");
    // Who it was is a pseudonym, the same in every line, until somebody opens identities, which leaves its entries first.
    let theirs: BTreeSet<&str> = rows
        .iter()
        .filter(|row| row["client"] == pupil.address)
        .filter_map(|row| row["person"].as_str())
        .collect();
    let pseudonym = *theirs.first().context("the pupil's rows have a pseudonym")?;
    assert!(
        theirs.len() == 1 && pseudonym.starts_with("P-") && shown.contains(pseudonym),
        "{theirs:?} {shown}"
    );
    let found = school.told(&["activity", "search", "--step", "front", "--person", pseudonym])?;
    assert_eq!(
        found.lines().count(),
        shown.lines().filter(|line| line.contains(pseudonym)).count(),
        "{found}"
    );
    let by_name = school.command(&["activity", "search", "--person", &pupil.name])?;
    assert!(!by_name.status.success());
    let unreasoned = school.command(&["activity", "search", "--open-identities"])?;
    assert!(!unreasoned.status.success());
    let opening = [
        "activity",
        "search",
        "--step",
        "front",
        "--person",
        &pupil.name,
        "--open-identities",
        "--reason",
        "A parent asked.",
    ];
    assert!(school.told(&opening)?.contains(&pupil.name));
    let trail = openings(&school)?;
    assert!(
        trail.len() == 1 && !trail[0].contains(&pupil.name) && !trail[0].contains("A parent asked."),
        "{trail:?}"
    );
    assert!(!shown.contains("private") && !shown.contains("not for any log"), "{shown}");
    // A report counts the same, of what has not been packed too.
    let top = school.told(&["--json", "activity", "report", "top-blocked", "--most", "3"])?;
    let top: Vec<Value> = top.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(top.iter().any(|row| row["site"] == "example.org" && row["requests"] == 2), "{top:?}");
    let days = school.told(&["activity", "report", "site", "--site", "example.org"])?;
    assert!(days.contains("requests") && days.lines().count() > 1, "{days}");
    let none = school.command(&["activity", "report", "search-terms", "--term", "%"])?;
    assert!(!none.status.success());
    Ok(())
}

#[test]
fn a_group_that_the_policy_lacks_is_said_when_a_roll_is_imported() -> Result<()> {
    let school = School::demo()?;
    let roll = school.home().join("roll.toml");
    std::fs::write(
        &roll,
        "[[person]]\nid = \"p-1\"\nname = \"Ada Merrow\"\ngroups = [\"year9\"]\n[[device]]\nname = \"T1\"\nperson = \"p-1\"\naddresses = [\"127.0.200.1\"]\n",
    )?;
    let said = school.told(&["people", "import", roll.to_str().context("path")?, "--apply"])?;
    assert!(said.contains("roll.toml: line 1: the policy has no group \"year9\""), "{said}");
    assert!(said.contains("no errors, 1 thing worth a look; the roll is in force"), "{said}");
    let told: Value = serde_json::from_str(&school.told(&[
        "--json",
        "people",
        "import",
        roll.to_str().context("path")?,
    ])?)?;
    assert_eq!(
        (&told["applied"], &told["worth_a_look"], &told["errors"]),
        (&json!(false), &json!(1), &json!(0))
    );
    let wrong = school.home().join("wrong-roll.toml");
    std::fs::write(&wrong, "[[person]]\nid = \"p-1\"\n")?;
    let output = school.command(&["--json", "people", "import", wrong.to_str().context("path")?])?;
    let told: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!((output.status.code(), &told["usable"]), (Some(3), &json!(false)), "{told}");
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: "), "{output:?}");
    // The pupil meets no less of a filter than a device that nobody knows.
    for site in ["minecraft.net", "www.tiktok.com"] {
        let verdict = |who| -> Result<String> {
            let told = school.told(&["--json", "explain", site, "--as", who, "--at", "2026-11-23T10:00"])?;
            let told: serde_json::Value = serde_json::from_str(&told)?;
            Ok(told["verdict"].as_str().unwrap_or_default().to_owned())
        };
        assert_eq!(verdict("Ada Merrow")?, verdict("127.0.200.2")?, "{site}");
        assert_eq!(verdict("Ada Merrow")?, "block", "{site}");
    }
    Ok(())
}

#[test]
fn nobody_is_told_that_a_site_is_open_or_closed_which_is_not() -> Result<()> {
    let school = School::demo()?;
    let file = school.home().join("locked.toml");
    let text = school.told(&["policy", "export"])?;
    let lock = "[[locked]]\nset-by = \"leadership\"\ndo = \"block\"\nsite = \"locked.example\"\nreason = \"Agreed in May\"\n";
    std::fs::write(&file, format!("{text}\n{lock}"))?;
    school.told(&["policy", "apply", file.to_str().context("path")?, "--note", "A lock"])?;
    let give = |site: &str, more: &[&str]| -> Result<String> {
        let end = ["--for", "1h", "--reason", "For this test"];
        let words: Vec<&str> = ["overrides", "give", site, "--whom", "everyone"]
            .iter()
            .chain(more)
            .chain(&end)
            .copied()
            .collect();
        let output = school.command(&words)?;
        assert!(!output.status.success(), "{site}");
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let said = give("locked.example", &[])?;
    assert!(
        said.contains("locked.example stays closed for everyone")
            && said.contains("take it out of the policy"),
        "{said}"
    );
    let said = give("www.childline.org.uk", &["--close"])?;
    assert!(said.contains("a place of help") && said.contains("no override closes it"), "{said}");
    assert!(!school.told(&["overrides", "list"])?.contains("holds now"));
    // A focus opens sites, and nobody's whole suffix.
    let focus =
        ["focus", "start", "year-10", "--name", "Mock", "--for", "1h", "--reason", "For this test", "--site"];
    for site in ["co.uk", "10.0.0.1", "printer.local"] {
        let words: Vec<&str> = focus.iter().copied().chain([site]).collect();
        let output = school.command(&words)?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success()
                && said.contains("no site of the internet") | said.contains("is not one site"),
            "{said}"
        );
    }
    Ok(())
}

/// What the access trail says of opened identities.
fn openings(school: &School) -> Result<Vec<String>> {
    let url = store::DatabaseUrl::sqlite(school.home().join("hub/fivebar.db"));
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let db = store::Db::look(&url).await?;
        let mut tx = db.read().await?;
        let entries = store::trail::newest(&mut tx, None, 100).await?;
        tx.roll_back().await?;
        let opened = entries.into_iter().filter(|entry| entry.verb.ends_with("-opened"));
        Ok(opened.map(|entry| format!("{entry:?}")).collect())
    })
}
