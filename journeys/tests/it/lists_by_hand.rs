//! A network manager's lists: brought in from files and folders, held, released, looked at and taken out.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use journeys::{School, eventually};
use serde_json::{Value, json};

use super::pupil::explain;

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
