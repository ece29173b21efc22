//! Somebody is erased from the activity log, and whoever looks after the data sees who did it and who opened what.

use std::time::Duration;

use anyhow::{Context, Result};
use journeys::{School, eventually};
use serde_json::Value;

fn objects(lines: &str) -> Vec<Value> {
    lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

const WHY: &str = "Asked for under article 17";

fn with<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &["--open-identities", "--reason", WHY]].concat()
}

#[test]
fn a_pupil_is_erased_and_the_trail_says_who_looked_and_who_erased() -> Result<()> {
    let school = School::demo()?;
    let (pupil, other) = (school.anyone_in("year-8")?, school.anyone_in("year-7")?);
    for (who, host) in [(pupil, "erased.example"), (pupil, "games.example"), (other, "kept.example")] {
        school.dig(&who.address, &[host])?;
    }
    let all = || school.told(&["--json", "activity", "search"]).map(|lines| objects(&lines));
    let found = |host: &str| Ok::<_, anyhow::Error>(all()?.into_iter().find(|event| event["host"] == host));
    let event = eventually(Duration::from_secs(10), || {
        found("kept.example").ok().flatten()?;
        found("games.example").ok().flatten()?;
        found("erased.example").ok().flatten()
    })
    .context("the questions reached the log")?;
    let person = event["person"].as_str().context("a pseudonym")?.to_owned();
    let device = event["device"].as_str().context("a device's pseudonym")?.to_owned();
    assert_eq!((&event["person_name"], &event["device_name"]), (&Value::Null, &Value::Null));

    // Search by device and category; by a device's number only where identities are opened.
    let of_device = objects(&school.told(&["--json", "activity", "search", "--device", &device])?);
    assert!(of_device.len() == 2 && of_device.iter().all(|event| event["device"] == device.as_str()));
    assert!(!school.command(&["activity", "search", "--device", "1"])?.status.success());
    let close = school.command(&["activity", "search", "--category", "gamez"])?;
    let said = String::from_utf8_lossy(&close.stderr).into_owned();
    assert!(!close.status.success() && said.contains("did you mean") && said.contains("games"), "{said}");
    let none = objects(&school.told(&["--json", "activity", "search", "--category", "games"])?);
    assert!(none.iter().all(|event| event["category"].is_u64()), "{none:?}");

    // By group: whoever is in it or below, whosever cell decided.
    let of_group = |group: &str| {
        let lines = school.told(&["--json", "activity", "search", "--group", group])?;
        anyhow::Ok(objects(&lines).len())
    };
    assert_eq!((of_group("year-8")?, of_group("year-7")?, of_group("pupils")?), (2, 1, 3));
    assert_eq!(of_group("staff")?, 0);

    // Opened, a name stands beside its number, in JSON and in CSV.
    let lines = school.told(&with(&["--json", "activity", "search", "--person", &pupil.name]))?;
    let open = objects(&lines);
    assert_eq!(open.len(), 2, "{lines}");
    assert!(open.iter().all(|event| event["person_name"] == pupil.name.as_str()), "{lines}");
    let number = open[0]["person"].as_u64().context("a number")?.to_string();
    let device_name = open[0]["device_name"].as_str().context("a device's name")?.to_owned();
    let by_name =
        objects(&school.told(&with(&["--json", "activity", "search", "--device", &device_name]))?);
    assert_eq!(by_name.len(), 2);
    let csv = school.told(&with(&["activity", "export", "--person", &number]))?;
    assert!(csv.contains(&format!(",{},{device_name}\n", pupil.name)), "{csv}");
    let closed = school.told(&["activity", "export"])?;
    assert!(
        !closed.contains(&pupil.name) && closed.lines().skip(1).all(|line| line.ends_with(",,")),
        "{closed}"
    );

    // A preview erases nothing.
    let erase = ["activity", "erase", &person, "--reason", WHY];
    let said = school.told(&erase)?;
    assert!(said.contains("keeps 2 events") && said.contains("Nothing was changed"), "{said}");
    assert!(found("erased.example")?.is_some());
    let json = |more: &[&str]| {
        let lines = school.told(&[&["--json"][..], &erase, more].concat())?;
        objects(&lines).pop().context("an object")
    };
    let done = json(&["--apply"])?;
    assert_eq!((&done["events"], &done["erased"], &done["applied"]), (&2.into(), &2.into(), &true.into()));
    assert!(
        done["first_at"].is_string() && done["stays"].as_str().is_some_and(|text| text.contains("evidence"))
    );
    assert!(found("erased.example")?.is_none() && found("kept.example")?.is_some());
    for file in std::fs::read_dir(school.home().join("log"))? {
        let bytes = std::fs::read(file?.path())?;
        assert!(!bytes.windows(14).any(|window| window == b"erased.example"));
    }
    assert_eq!(json(&["--apply"])?["erased"], 0, "once more does nothing");
    let kept = std::fs::read(school.home().join("log/entries.log"))?;
    assert!(kept.windows(WHY.len()).any(|window| window == WHY.as_bytes()), "the log has the reason");
    // By address, whosever it is.
    let by_address =
        school.told(&["--json", "activity", "erase", &other.address, "--reason", WHY, "--apply"])?;
    assert_eq!(objects(&by_address)[0]["erased"], 1, "{by_address}");
    assert!(found("kept.example")?.is_none());
    assert!(!school.command(&["activity", "erase", "Nobody Here", "--reason", WHY])?.status.success());

    // The trail: by verb, about whom, with names only where they are opened, and no reason or address in it.
    let trail = |more: &[&str]| school.told(&[&["--json", "trail", "show"], more].concat());
    let about = format!("person:{number}");
    let erasures = objects(&trail(&["--about", &about])?);
    let verbs: Vec<&str> = erasures.iter().filter_map(|entry| entry["verb"].as_str()).collect();
    assert_eq!(verbs, ["activity.erase-previewed", "activity.erase", "activity.erase-previewed"]);
    assert_eq!(erasures[1]["detail"]["events"], 2);
    let lines = trail(&["--verb", "activity.search-opened"])?;
    assert!(lines.contains("activity.search-opened") && !lines.contains(&pupil.name), "{lines}");
    let everything = trail(&["--limit", "10000"])?;
    for gone in [WHY, &pupil.address, &other.address, &pupil.name] {
        assert!(!everything.contains(gone), "{gone}");
    }
    let own = objects(&trail(&["--verb", "activity", "--limit", "1"])?);
    let actor = own[0]["actor"].as_str().context("an actor")?;
    assert!(actor.starts_with("command-line:"), "{actor}");
    assert!(!objects(&trail(&["--actor", actor, "--since", "yesterday"])?).is_empty());
    assert!(objects(&trail(&["--actor", "job:none"])?).is_empty());
    assert!(!school.command(&["trail", "show", "--about", "person"])?.status.success());
    let named = school.told(&with(&["--json", "trail", "show", "--about", &about]))?;
    assert_eq!(objects(&named)[0]["names"][&about], pupil.name.as_str(), "{named}");
    assert_eq!(objects(&trail(&["--limit", "1"])?)[0]["verb"], "trail.show-opened");
    let text = school.told(&with(&["trail", "show", "--verb", "activity.erase"]))?;
    assert!(text.contains(&format!("{about} is {}", pupil.name)), "{text}");
    assert!(school.command(&["verify"])?.status.success());
    Ok(())
}
