//! The program among the other programs of a command line.

use std::fs::File;
use std::io::{Write as _, pipe};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result};
use journeys::{School, program};

/// Runs a command whose reader has gone before it prints.
fn unread(home: &Path, arguments: &[&str], input: &[u8]) -> Result<Output> {
    let (reader, writer) = pipe()?;
    drop(reader);
    run(home, arguments, input, Stdio::from(writer))
}

fn run(home: &Path, arguments: &[&str], input: &[u8], output: Stdio) -> Result<Output> {
    let mut child = Command::new(program()?)
        .arg("--home")
        .arg(home)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(output)
        .stderr(Stdio::piped())
        .spawn()?;
    // A command that ends early need not read it all.
    let _ = child.stdin.take().context("no standard input")?.write_all(input);
    Ok(child.wait_with_output()?)
}

#[test]
fn every_command_ends_quietly_where_nobody_reads_on() -> Result<()> {
    let school = School::demo()?;
    let targets = "a.example\n".repeat(20_000);
    let policy = school.home().join("policy.toml");
    std::fs::write(&policy, school.told(&["policy", "export"])?)?;
    let policy = policy.to_str().context("path")?;
    for arguments in [
        &["completions", "bash"][..],
        &["man"],
        &["man", "policy", "check"],
        &["policy", "show"],
        &["policy", "export"],
        &["policy", "history"],
        &["policy", "check", policy],
        &["lists", "status"],
        &["people", "show"],
        &["explain", "a.example", "--as", "year-5"],
        &["explain", "-", "--as", "year-5"],
        &["overrides", "list"],
        &["requests", "list"],
        &["sealed", "status"],
        &["activity", "search"],
        &["activity", "export"],
        &["activity", "status"],
        &["verify"],
        &["--json", "verify"],
        &["--json", "policy", "history"],
    ] {
        let ended = unread(school.home(), arguments, targets.as_bytes())?;
        assert_eq!(ended.status.code(), Some(141), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
    }
    // What a command changes it changes, whether or not anybody reads of it.
    let give = ["overrides", "give", "a.example", "--whom", "everyone", "--for", "1h", "--reason", "a test"];
    assert_eq!(unread(school.home(), &give, b"")?.status.code(), Some(141));
    assert!(school.told(&["overrides", "list"])?.contains("a.example is open"));
    // And what is wrong is said as ever.
    let wrong = unread(school.home(), &["policy", "show", "--version", "99"], b"")?;
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("no version 99"));
    // A disk that takes nothing is no reader that has gone.
    let full = File::options().write(true).open("/dev/full")?;
    let ended = run(school.home(), &["policy", "export"], b"", Stdio::from(full))?;
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("No space left"), "{ended:?}");
    Ok(())
}

#[test]
fn the_manual_is_printed_page_by_page_or_written_whole() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let fivebar = |arguments: &[&str]| -> Result<Output> {
        Ok(Command::new(program()?).args(arguments).stdin(Stdio::null()).output()?)
    };
    let to = folder.path().join("man1");
    let written = fivebar(&["man", "--to", to.to_str().context("path")?])?;
    assert!(written.status.success(), "{written:?}");
    let page = fivebar(&["man", "policy", "check"])?;
    assert_eq!(page.stdout, std::fs::read(to.join("fivebar-policy-check.1"))?);
    let first = String::from_utf8(fivebar(&["man"])?.stdout)?.replace("\\-", "-");
    for name in first.split_whitespace().filter_map(|word| word.strip_suffix("(1)")) {
        assert!(to.join(format!("{name}.1")).is_file(), "{name}");
    }
    let wrong = fivebar(&["man", "policies"])?;
    assert!(!wrong.status.success() && String::from_utf8_lossy(&wrong.stderr).contains("no page"));
    Ok(())
}

#[test]
fn who_is_asked_about_by_name_is_answered_by_name() -> Result<()> {
    let school = School::demo()?;
    let pupil = school.anyone_in("year-9")?.clone();
    let told =
        school.told(&["explain", "www.tiktok.com", "--as", &pupil.name, "--at", "2026-11-23T10:00"])?;
    assert!(told.contains(&format!("an override for {} to open", pupil.name)), "{told}");
    assert!(!told.contains("this person"), "{told}");
    let told =
        school.told(&["explain", "www.tiktok.com", "--as", &pupil.address, "--at", "2026-11-23T10:00"])?;
    assert!(told.contains(&format!("an override for {} to open", pupil.name)), "{told}");
    Ok(())
}

#[test]
fn what_is_answered_otherwise_than_it_was_asked_is_said() -> Result<()> {
    let school = School::demo()?;
    for (name, is_nobodys) in
        [("_dns.resolver.arpa", true), ("server.internal", true), ("www.bbc.co.uk", false)]
    {
        let told = school.told(&["explain", name, "--as", "year-5"])?;
        assert_eq!(told.contains("nobody's on the internet"), is_nobodys, "{name}: {told}");
    }
    for (site, is_left_out) in [("https://www.youtube.com/watch?v=abc", true), ("bbc.co.uk/bitesize", false)]
    {
        let give =
            ["overrides", "give", site, "--whom", "group:year-5", "--for", "10m", "--reason", "a lesson"];
        let told = school.told(&give)?;
        assert_eq!(told.contains("all of www.youtube.com/watch."), is_left_out, "{site}: {told}");
    }
    Ok(())
}

#[test]
fn init_refuses_two_fronts_on_one_port_and_a_question_that_comes_back() -> Result<()> {
    for (dns, upstream, proxy) in [
        ("0.0.0.0:53", "192.0.2.1:53", "127.0.0.1:53"),
        ("[::]:53", "192.0.2.1:53", "127.0.0.1:53"),
        ("0.0.0.0:53", "127.0.0.1:53", "127.0.0.1:3128"),
        ("[::]:53", "127.0.0.1:53", "127.0.0.1:3128"),
    ] {
        let folder = tempfile::tempdir()?;
        let home = folder.path().join("school");
        let refused = Command::new(program()?)
            .arg("--home")
            .arg(&home)
            .args([
                "init",
                "--yes",
                "--school",
                "Hillside",
                "--dns",
                dns,
                "--upstream",
                upstream,
                "--proxy",
                proxy,
            ])
            .output()?;
        assert_eq!(refused.status.code(), Some(3), "{dns} {upstream} {proxy}: {refused:?}");
        assert!(!home.exists(), "nothing was made");
    }
    Ok(())
}
