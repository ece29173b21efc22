//! What a network manager does in a week.

use std::collections::BTreeSet;
use std::io::{Read as _, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use journeys::{School, eventually, program};
use serde_json::{Value, json};

use super::pupil::explain;

#[test]
fn a_policy_change_is_live_within_two_seconds_without_a_lost_answer() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-7")?.address.clone();
    let file = school.home().join("changed.toml");
    let text = school.told(&["policy", "export"])?;
    std::fs::write(
        &file,
        format!(
            "{text}\n[[rule]]\ngroup = \"year-7\"\ndo = \"block\"\nsite = \"chess.example\"\nreason = \"For this test\"\nowner = \"The network manager\"\n"
        ),
    )?;
    assert!(!school.dig(&pupil, &["chess.example"])?.contains("NXDOMAIN"));
    let stop = Arc::new(AtomicBool::new(false));
    let (asked, answered) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let load = {
        let (stop, asked, answered) = (Arc::clone(&stop), Arc::clone(&asked), Arc::clone(&answered));
        let (dns, from) = (school.ready.dns, pupil.clone());
        std::thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                asked.fetch_add(1, Ordering::SeqCst);
                let output = Command::new("dig")
                    .args([
                        format!("@{}", dns.ip()),
                        "-p".into(),
                        dns.port().to_string(),
                        "-b".into(),
                        from.clone(),
                    ])
                    .args(["+tries=1", "+time=2", "other.example"])
                    .output();
                if output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("NOERROR")) {
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            }
        })
    };
    let path = file.to_str().context("path")?;
    school.told(&["policy", "check", path])?;
    let applied = Instant::now();
    school.told(&["policy", "apply", path, "--note", "Chess is for after school"])?;
    let live = eventually(Duration::from_secs(10), || {
        school.dig(&pupil, &["chess.example"]).ok()?.contains("NXDOMAIN").then(|| applied.elapsed())
    })
    .context("the change becomes live")?;
    stop.store(true, Ordering::SeqCst);
    load.join().ok().context("the load ran")?;
    // The command itself, with its start, is in this time: the promise is two seconds from its end.
    assert!(live < Duration::from_secs(6), "{live:?}");
    assert_eq!(asked.load(Ordering::SeqCst), answered.load(Ordering::SeqCst), "no answer was lost");
    let history = school.told(&["policy", "history"])?;
    assert!(history.contains("Chess is for after school"), "{history}");
    let differs = school.told(&["policy", "diff", "1", "2"])?;
    assert!(differs.contains("chess.example"), "{differs}");
    assert!(school.told(&["verify"])?.to_lowercase().contains("trail"));
    Ok(())
}

#[test]
fn a_wrong_policy_is_refused_with_every_problem_by_file_and_line() -> Result<()> {
    let school = School::demo()?;
    let file = school.home().join("wrong.toml");
    let text = school.told(&["policy", "export"])?;
    std::fs::write(
        &file,
        format!(
            "{text}\n[[rule]]\ngroup = \"nobody-here\"\ndo = \"block\"\nsite = \"a.example\"\nreason = \"x\"\nowner = \"y\"\n[[rule]]\ngroup = \"nor-here\"\ndo = \"block\"\nsite = \"b.example\"\nreason = \"x\"\nowner = \"y\"\n"
        ),
    )?;
    let output = school.command(&["policy", "apply", file.to_str().context("path")?, "--note", "wrong"])?;
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr);
    for word in ["wrong.toml", "nobody-here", "nor-here"] {
        assert!(said.contains(word), "{said}");
    }
    let last = said.lines().last().context("a closing line")?;
    assert!(last.contains("2 errors, ") && last.ends_with("; nothing was changed"), "{said}");
    let before = said.lines().filter(|line| *line != last);
    let kinds: Vec<bool> = before.map(|line| line.starts_with("error: ")).collect();
    assert!(
        kinds.is_sorted() && kinds.iter().filter(|error| **error).count() == 2,
        "errors stand together: {said}"
    );
    assert!(
        said.lines()
            .all(|line| line == last || line.starts_with("error: ") || line.starts_with("worth a look: "))
    );
    let output =
        school.command(&["--json", "policy", "apply", file.to_str().context("path")?, "--note", "wrong"])?;
    let told: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!((&told["applied"], &told["errors"]), (&json!(false), &json!(2)), "{told}");
    assert_eq!(school.told(&["policy", "history"])?.matches("wrong").count(), 0, "nothing was applied");
    Ok(())
}

#[test]
fn a_check_says_everything_in_one_go_and_whom_a_policy_would_leave_out() -> Result<()> {
    let school = School::demo()?;
    let file = school.home().join("smaller.toml");
    let path = file.to_str().context("path")?;
    let text = school.told(&["policy", "export"])?;
    std::fs::write(
        &file,
        format!(
            "{text}\n[[rule]]\ndo = \"blok\"\nsite = \"a.example\"\n[[locked]]\nset-by = \"leadership\"\ndo = \"block\"\nsite = \"childline.org.uk\"\n[[rule]]\ndo = \"allow\"\nsite = \"childline.org.uk\"\n"
        ),
    )?;
    let output = school.command(&["--json", "policy", "check", path])?;
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr);
    for words in ["unknown variant `blok`", "help (Childline)", "worth a look: "] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let told: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let severities: Vec<&str> = told["problems"]
        .as_array()
        .context("problems")?
        .iter()
        .filter_map(|one| one["severity"].as_str())
        .collect();
    assert_eq!(told["usable"], false);
    assert!(severities.contains(&"error") && severities.contains(&"warning"), "{told}");

    // Without year 9, its pupils would be in no group: that is said before anything is applied, and as it is.
    let without =
        text.replacen("[[group]]\nid = \"year-9\"\nname = \"Year 9\"\nwithin = [\"key-stage-3\"]\n", "", 1);
    assert_ne!(without, text);
    std::fs::write(&file, &without)?;
    let told: Value = serde_json::from_str(&school.told(&["--json", "policy", "check", path])?)?;
    let look = told["worth_a_look"].as_u64().context("how many")?;
    assert_eq!(told["problems"].as_array().map(Vec::len), usize::try_from(look).ok(), "{told}");
    let said = school.told(&["policy", "check", path])?;
    assert!(said.contains(&format!("no errors, {look} things worth a look; nothing was changed")), "{said}");
    for command in [&["policy", "check", path][..], &["policy", "apply", path, "--note", "Year 9 has left"]] {
        let told = school.told(command)?;
        assert!(told.contains("in the group \"year-9\", which this policy does not have"), "{told}");
        assert!(told.contains("would be in no group of the policy"), "{told}");
    }
    Ok(())
}

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
fn lists_are_imported_held_released_and_reported_line_by_line() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-6")?.address.clone();
    let folder = school.home().join("incoming/gambling");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("domains"), "dice.example\nnot a domain at all\n\nDICE2.example\n")?;
    std::fs::write(folder.join("urls"), "mixed.example/casino\n")?;
    let report = school.told(&["--json", "lists", "import", folder.to_str().context("path")?])?;
    let report: serde_json::Value = serde_json::from_str(report.lines().next().context("a line")?)?;
    assert_eq!((&report["lines"], &report["accepted"]), (&json!(5), &json!(3)), "{report}");
    let refused = report["refused"].as_object().context("what was refused")?;
    let lines: Vec<&Value> = refused.values().collect();
    assert_eq!(lines, [&json!({ "count": 1, "first_lines": [2] })], "{report}");
    eventually(Duration::from_secs(5), || {
        (explain(&school, "www.dice.example", &pupil).ok()?["verdict"] == "block").then_some(())
    })
    .context("the list is live")?;
    assert_ne!(explain(&school, "mixed.example", &pupil)?["verdict"], "block");
    assert_eq!(explain(&school, "http://mixed.example/casino/slots", &pupil)?["verdict"], "block");
    let status = school.told(&["--json", "lists", "status"])?;
    let id = status
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find(|list| list.to_string().contains("incoming/gambling"))
        .and_then(|list| list["id"].as_str().map(str::to_owned))
        .context("the list is there")?;
    school.told(&["lists", "hold", &id, "--reason", "Too many complaints"])?;
    std::fs::write(folder.join("domains"), "cards.example\n")?;
    school.told(&["lists", "update"])?;
    assert_eq!(explain(&school, "dice.example", &pupil)?["verdict"], "block", "a held list stays as it was");
    school.told(&["lists", "release", &id, "--reason", "Looked into"])?;
    school.told(&["lists", "update"])?;
    eventually(Duration::from_secs(5), || {
        (explain(&school, "cards.example", &pupil).ok()?["verdict"] == "block").then_some(())
    })
    .context("the update is live")?;
    Ok(())
}

/// The lines of JSON that a command tells.
fn told_lines(school: &School, arguments: &[&str]) -> Result<Vec<Value>> {
    let told = school.told(arguments)?;
    Ok(told.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

#[test]
fn which_list_names_a_site_since_when_and_under_which_licence_is_told_everywhere() -> Result<()> {
    let school = School::demo()?;
    let folder = school.home().join("incoming");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("gambling.txt");
    let path = file.to_str().context("path")?;
    std::fs::write(&file, "# License: CC0-1.0\ndice.example\ncards.example\n")?;
    school.told(&["lists", "import", path])?;
    let why = told_lines(&school, &["--json", "lists", "why", "http://www.dice.example/x"])?;
    let one = why.first().context("a list names it")?;
    assert_eq!(
        (why.len(), &one["list"], &one["licence"]),
        (1, &json!("incoming/gambling"), &json!("CC0-1.0"))
    );
    assert_eq!(one["entry"], "dice.example and all below it");
    assert!(one["first_seen"].as_str().is_some_and(|day| day.len() == 10) && one["gone"] == false, "{one}");
    let pupil = school.anyone_in("year-6")?.address.clone();
    let explained = explain(&school, "dice.example", &pupil)?;
    assert_eq!(explained["named_by"][0]["list"], "incoming/gambling", "{explained}");

    // What has changed between two versions; and what is gone is remembered.
    std::fs::write(&file, "# License: CC0-1.0\ncards.example\nchips.example\n")?;
    school.told(&["lists", "import", path, "--licence", "our own contract"])?;
    let changes = told_lines(&school, &["--json", "lists", "changes", "incoming/gambling"])?;
    let changes = changes.first().context("changes")?;
    assert_eq!((&changes["added"], &changes["removed"], &changes["kept"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(changes["added_examples"], json!(["chips.example and all below it"]));
    let gone = told_lines(&school, &["--json", "lists", "why", "dice.example"])?;
    assert_eq!(gone.first().map(|one| one["gone"].clone()), Some(json!(true)));
    let stays = told_lines(&school, &["--json", "lists", "why", "cards.example"])?;
    assert_eq!(stays.first().map(|one| one["licence"].clone()), Some(json!("our own contract")));
    assert!(school.told(&["lists", "why", "nowhere.example"])?.contains("No list names"));

    // Damage to it is found, and stops nothing.
    assert!(school.told(&["verify"])?.contains("Since when"));
    std::fs::write(school.home().join("lists/.origins"), b"damaged")?;
    let output = school.command(&["verify"])?;
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("since when lists hold their entries"));
    assert_eq!(explain(&school, "cards.example", &pupil)?["verdict"], "block");
    assert!(school.told(&["lists", "why", "dice.example"])?.contains("stands in"));
    school.told(&["lists", "update"])?;
    school.told(&["verify"])?;
    Ok(())
}

#[test]
fn times_and_rooms_of_e2guardian_are_drafted_and_what_is_not_understood_is_said() -> Result<()> {
    let school = School::demo()?;
    let folder = school.home().join("e2guardian");
    std::fs::create_dir_all(folder.join("bannedrooms"))?;
    std::fs::write(
        folder.join("bannedsitelist"),
        "#listcategory: \"Games\"\n#time: 9 0 17 0 01234\nplay.example\n",
    )?;
    std::fs::write(folder.join("bannedtimelist"), "22 0 24 0 01234\n")?;
    std::fs::write(folder.join("bannedrooms/library"), "#Library\n10.2.0.0/24\n#ENDLIST\n#BLOCK\n")?;
    let to = school.home().join("draft");
    let (from, into) = (folder.to_str().context("path")?, to.to_str().context("path")?);
    let output = school.command(&["--json", "policy", "from-e2guardian", from, "--to", into])?;
    assert_eq!(output.status.code(), Some(3), "something was not understood: {output:?}");
    let told: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(told["made"].as_array().map(Vec::len), Some(2), "{told}");
    assert!(told["not_understood"].to_string().contains("bannedtimelist"), "{told}");
    assert!(std::fs::read_to_string(to.join("policy-part.toml"))?.contains("e2guardian-1"));
    assert!(std::fs::read_to_string(to.join("roll-part.toml"))?.contains("10.2.0.0/24"));
    // What somebody may have worked on is never written over.
    let again = school.command(&["policy", "from-e2guardian", from, "--to", into])?;
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("another folder"));
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
fn one_wrong_path_or_name_stops_no_other_and_a_mistake_is_taken_out() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-6")?.address.clone();
    let folder = school.home().join("incoming/gambling");
    std::fs::create_dir_all(&folder)?;
    let names: String = (0..200).map(|number| format!("dice{number}.example\n")).collect();
    std::fs::write(folder.join("domains"), format!("{names}co.uk\nd\0ice.example\n"))?;
    let (folder, missing) = (folder.display().to_string(), school.home().join("incoming/nope"));
    let lines = |output: &std::process::Output| -> Vec<serde_json::Value> {
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    };

    let missing = missing.display().to_string();
    let output = school.command(&["--json", "lists", "import", &missing, &folder])?;
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said.matches("No such file").count(), 1, "{said}");
    let told = lines(&output);
    assert!(told.len() == 2 && told[0]["problem"].is_string(), "{told:?}");
    assert_eq!((&told[1]["accepted"], &told[1]["id"]), (&200.into(), &"incoming/gambling".into()));
    assert_eq!(told[1]["refused"]["public-suffix"]["first_lines"][0], 201);
    assert_eq!(told[1]["refused"]["not-text"]["count"], 1);
    assert_eq!(explain(&school, "dice7.example", &pupil)?["verdict"], "block");

    // A name that is no list is refused alike by every command, with what is near.
    for asked in [
        &["update"][..],
        &["hold", "--reason", "x"],
        &["release", "--reason", "x"],
        &["remove", "--reason", "x"],
    ] {
        for (id, said) in [
            ("incoming/gamblin", "no list \"incoming/gamblin\" in use; did you mean incoming/gambling?"),
            ("nosuch", "no list \"nosuch\" in use; `fivebar lists status` shows them"),
        ] {
            let output = school.command(&[&["lists"][..], asked, &[id]].concat())?;
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert_eq!(
                (output.status.code(), &*output.stdout),
                (Some(1), &b""[..]),
                "{asked:?}: {complaint}"
            );
            assert!(complaint.contains(said), "{asked:?}: {complaint}");
        }
    }
    // The others are read.
    let output = school.command(&["--json", "lists", "update", "gambling", "incoming/gambling"])?;
    assert_eq!(output.status.code(), Some(3));
    let told = lines(&output);
    assert!(told[0]["problem"].as_str().is_some_and(|said| said.contains("incoming/gambling")), "{told:?}");
    assert_eq!(told[1]["changed"], false);

    // An update that halves it waits, and is seen to.
    std::fs::write(format!("{folder}/domains"), "dice7.example\n")?;
    assert_eq!(school.command(&["lists", "update"])?.status.code(), Some(3));
    let state = || -> Result<Option<String>> {
        let status = school.command(&["--json", "lists", "status"])?;
        let list = lines(&status).into_iter().find(|list| list["id"] == "incoming/gambling");
        Ok(list.and_then(|list| list["state"].as_str().map(str::to_owned)))
    };
    assert_eq!(state()?.as_deref(), Some("waiting"));

    school.told(&["lists", "remove", "incoming/gambling", "--reason", "Imported by mistake"])?;
    let removed = school.told(&["--json", "lists", "status", "--removed"])?;
    let removed: serde_json::Value = serde_json::from_str(removed.lines().next().context("a line")?)?;
    assert_eq!(removed["reason"], "Imported by mistake", "{removed}");
    assert_eq!(removed["proved"], true, "{removed}");
    assert_eq!(state()?, None);
    assert_ne!(explain(&school, "dice7.example", &pupil)?["verdict"], "block");

    // What is published and damaged is published again by the remedy that is named, where the hub does not come first.
    let hub = school.pid_of("hub").context("the hub runs")?.to_string();
    Command::new("kill").args(["-STOP", &hub]).status()?;
    for file in std::fs::read_dir(school.home().join("gate"))? {
        let path = file?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("lists")) {
            // In its place, not in it: the gate has the file mapped.
            std::fs::remove_file(&path)?;
            std::fs::write(&path, "damaged")?;
        }
    }
    let verified = school.command(&["verify"])?;
    assert!(!verified.status.success());
    assert!(String::from_utf8_lossy(&verified.stderr).contains("fivebar lists update"));
    let updated = school.told(&["lists", "update"]);
    Command::new("kill").args(["-CONT", &hub]).status()?;
    updated?;
    school.told(&["verify"])?;
    Ok(())
}

#[test]
fn a_hang_up_signal_reads_the_lists_again() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-6")?.address.clone();
    let folder = school.home().join("incoming/gambling");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("domains"), "dice.example\n")?;
    school.told(&["lists", "import", folder.to_str().context("path")?])?;
    std::fs::write(folder.join("domains"), "dice.example\ncards.example\n")?;
    Command::new("kill").arg("-HUP").arg(school.ready.pid.to_string()).status()?;
    eventually(Duration::from_secs(20), || {
        school.dig(&pupil, &["cards.example"]).ok()?.contains("NXDOMAIN").then_some(())
    })
    .context("the list was read again")?;
    Ok(())
}

#[test]
fn lists_in_the_forms_of_other_filters_are_taken_with_their_exceptions() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-6")?.address.clone();
    let folder = school.home().join("incoming");
    std::fs::create_dir_all(&folder)?;
    let lists = [
        (
            "gambling.txt",
            "! Title: Dice\n||dice.example^\n@@||rules.dice.example^\n||cards.example^$important\n@@||cards.example^\n||poker*.example^\n||spoken.example^$client=staff\n",
        ),
        ("dating.conf", "address=/dates.example/0.0.0.0\nserver=/other.example/192.0.2.1\n"),
        (
            "malware.rpz",
            "$TTL 60\n@ SOA ns. a. 1 2 3 4 5\nbad.example CNAME .\n*.bad.example CNAME .\n*.low.example CNAME .\n",
        ),
        ("vpn.md", "# relays\n\nsdns://BQcAAAAAAAAAC2Rucy5leGFtcGxlCi9kbnMtcXVlcnk\n"),
    ];
    for (name, text) in lists {
        std::fs::write(folder.join(name), text)?;
    }
    let told = school.told(&["--json", "lists", "import", folder.to_str().context("path")?])?;
    let reports: Vec<Value> = told.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let formats: BTreeSet<&str> = reports
        .iter()
        .flat_map(|report| report["files"].as_array().into_iter().flatten().chain([report]))
        .filter_map(|report| report["format"].as_str())
        .collect();
    assert!(["adguard", "dnsmasq", "rpz", "stamps"].iter().all(|format| formats.contains(format)), "{told}");
    let verdict = |host: &str| -> Result<String> {
        Ok(explain(&school, host, &pupil)?["verdict"].as_str().unwrap_or_default().to_owned())
    };
    eventually(Duration::from_secs(5), || (verdict("dice.example").ok()? == "block").then_some(()))
        .context("the lists are live")?;
    for (host, closed) in [
        ("www.dice.example", true),
        ("rules.dice.example", false),
        ("more.rules.dice.example", false),
        ("cards.example", true),
        ("poker7.example", true),
        ("spoken.example", false),
        ("dates.example", true),
        ("bad.example", true),
        ("x.bad.example", true),
        ("low.example", false),
        ("x.low.example", true),
    ] {
        assert_eq!(verdict(host)? == "block", closed, "{host}");
    }
    Ok(())
}

#[test]
fn a_starter_list_that_was_taken_out_is_brought_back() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-6")?.address.clone();
    // From the list itself: a site that it names and nothing else closes.
    let listed = include_str!("../../../content/starter/gambling.txt");
    let services = include_str!("../../../content/services.toml");
    let alone = |line: &&str| {
        line.contains('.') && !line.starts_with('#') && !services.contains(&format!("\"{line}\""))
    };
    let site = listed.lines().find(alone).context("a site")?;
    let gambling = || -> Result<Value> {
        let status = school.told(&["--json", "lists", "status"])?;
        let mut lists = status.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        Ok(lists.find(|list| list["id"] == "starter/gambling").unwrap_or_default())
    };
    assert_eq!(
        (explain(&school, site, &pupil)?["verdict"].as_str(), gambling()?["version"].as_u64()),
        (Some("block"), Some(1))
    );
    let said = school.told(&["lists", "remove", "starter/gambling", "--reason", "The maths club"])?;
    assert!(said.contains("`fivebar lists import --built-in starter/gambling` brings it back"), "{said}");
    assert_eq!(gambling()?, Value::Null);
    assert_ne!(explain(&school, site, &pupil)?["verdict"], "block");

    // A slip of the finger is told what is near; another name, what there is.
    for (name, said) in [
        ("gamblng", "no list \"gamblng\" comes with the program; did you mean gambling?"),
        ("incoming/own", "no list \"incoming/own\" comes with the program: adverts-trackers, "),
    ] {
        let output = school.command(&["lists", "import", "--built-in", name])?;
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && complaint.contains(said), "{complaint}");
    }
    // With it, what is right is taken all the same.
    let output = school.command(&[
        "--json",
        "lists",
        "import",
        "--built-in",
        "gamblng",
        "gambling",
        "starter/games",
    ])?;
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let told: Vec<Value> = told.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let changed: Vec<(&Value, &Value)> = told.iter().map(|line| (&line["id"], &line["changed"])).collect();
    assert_eq!(
        changed,
        [
            (&json!("gamblng"), &Value::Null),
            (&json!("starter/gambling"), &json!(true)),
            (&json!("starter/games"), &json!(false))
        ]
    );
    assert_eq!(
        (explain(&school, site, &pupil)?["verdict"].as_str(), gambling()?["version"].as_u64()),
        (Some("block"), Some(2))
    );

    // Without a name, all are read.
    let all = school.told(&["--json", "lists", "import", "--built-in"])?;
    assert!(all.lines().count() > 20 && all.lines().all(|line| line.contains("\"changed\":false")), "{all}");
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
