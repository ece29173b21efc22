//! A network manager changes the policy: it is checked, refused with its reasons, or live at once.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use journeys::{School, eventually};
use serde_json::{Value, json};

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
