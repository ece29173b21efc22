//! The units that start the parts under systemd: that they say what systemd understands, how far they shut each part
//! in, and that the program works inside what they leave it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use journeys::{eventually, init, program};
use serde_json::Value;

use crate::parts::{Part, is_there, start as start_part};

const PARTS: [&str; 3] = ["gate", "log", "hub"];

fn units() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/systemd")
}

/// The values of an option in a part's unit, all lines of it together.
fn option(part: &str, name: &str) -> Result<Vec<String>> {
    let text = fs::read_to_string(units().join(format!("fivebar-{part}.service")))?;
    let lines = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    Ok(lines.flat_map(str::split_whitespace).map(str::to_owned).collect())
}

/// The units as they are, with the program under test where the package would have put it.
fn beside(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for unit in fs::read_dir(units())? {
        let unit = unit?.path();
        let text = fs::read_to_string(&unit)?;
        let here = folder.join(unit.file_name().context("a name")?);
        fs::write(&here, text.replace("/usr/bin/fivebar", &program()?.to_string_lossy()))?;
        all.push(here);
    }
    Ok(all)
}

#[test]
fn systemd_understands_every_line_of_the_units() -> Result<()> {
    if !is_there("systemd-analyze") {
        println!("skipped: systemd-analyze is not installed");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let verified =
        Command::new("systemd-analyze").args(["verify", "--man=no"]).args(beside(folder.path())?).output()?;
    let said = String::from_utf8_lossy(&verified.stderr);
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("fivebar")).collect();
    assert!(verified.status.success() && ours.is_empty(), "{said}");
    Ok(())
}

/// What systemd 252 makes of each unit, in tenths: 0 is shut in entirely, 100 not at all. `docs/operations/security.md`
/// says what is left open, and why.
const EXPOSED: [(&str, u32); 4] = [("home", 14), ("gate", 23), ("log", 11), ("hub", 21)];

#[test]
fn each_part_is_shut_in_as_far_as_its_work_allows() -> Result<()> {
    if !is_there("systemd-analyze") {
        println!("skipped: systemd-analyze is not installed");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    beside(folder.path())?;
    for (part, tenths) in EXPOSED {
        let unit = folder.path().join(format!("fivebar-{part}.service"));
        let judged = Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager", &format!("--threshold={tenths}")])
            .arg(&unit)
            .output()?;
        assert!(judged.status.success(), "{part}: {}", String::from_utf8_lossy(&judged.stdout));
    }
    Ok(())
}

/// Starts a part with the rights that its unit leaves it and no other, and waits until it says that it serves.
fn start(home: &Path, part: &str) -> Result<(Part, Value)> {
    let rights: Vec<String> = option(part, "CapabilityBoundingSet")?
        .iter()
        .map(|right| format!("+{}", right.trim_start_matches("CAP_").to_lowercase()))
        .collect();
    let umask = option(part, "UMask")?.concat();
    // As the unit says it: no right beyond those, none to be gained, and the same mask.
    let mut command = Command::new("sh");
    command
        .args(["-c", "umask \"$0\"; exec \"$@\"", &umask, "setpriv", "--no-new-privs"])
        .args(["--bounding-set", &format!("-all,{}", rights.join(","))])
        .args(["--inh-caps", "-all", "--"])
        .arg(program()?)
        .arg("--home")
        .arg(home)
        .args(["--json", "run", "--only", part, "--settled"]);
    let (part, line) = start_part(command)?;
    let ready = serde_json::from_str(&line).with_context(|| format!("{line:?}"))?;
    Ok((part, ready))
}

/// Whether a test can give the parts users of their own, as the packaged school has them.
fn can_be_root() -> bool {
    let root = fs::metadata("/proc/self").is_ok_and(|this| std::os::unix::fs::MetadataExt::uid(&this) == 0);
    root && is_there("setpriv")
}

#[test]
fn the_parts_serve_with_the_rights_that_their_units_leave_them() -> Result<()> {
    if !can_be_root() {
        println!("skipped: only root can give the parts users of their own, with setpriv");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711))?;
    let home = folder.path().join("hillside");
    init(&home)?;
    let fivebar = |arguments: &[&str]| -> Result<Output> {
        Ok(Command::new(program()?).arg("--home").arg(&home).args(arguments).output()?)
    };
    // A home without users of its own is not settled: every part would run as root.
    let refused = fivebar(&["settle"])?;
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("[users]"));
    let file = home.join("fivebar.toml");
    let text = fs::read_to_string(&file)?;
    fs::write(&file, format!("{text}\n[users]\ngate = \"games\"\nlog = \"news\"\nhub = \"uucp\"\n"))?;
    let settled = fivebar(&["settle"])?;
    if !settled.status.success() {
        bail!("{}", String::from_utf8_lossy(&settled.stderr));
    }
    let (_log, _) = start(&home, "log")?;
    let (_hub, hub) = start(&home, "hub")?;
    let (_gate, gate) = start(&home, "gate")?;
    let dns = gate.pointer("/dns/0").and_then(Value::as_str).context("an address")?;
    let port = dns.rsplit(':').next().context("a port")?;
    let answer = Command::new("dig")
        .args(["@127.0.0.1", "-p", port, "+tries=1", "+time=5", "www.pornhub.com"])
        .output()?;
    assert!(String::from_utf8_lossy(&answer.stdout).contains("NXDOMAIN"));
    let page = format!("http://{}/", hub.get("portal").and_then(Value::as_str).context("an address")?);
    let seen = Command::new("curl").args(["-s", "-o", "/dev/null", "-w", "%{http_code}", &page]).output()?;
    assert_eq!(seen.stdout, b"200");
    // The log reads what the gate numbered, whatever mask both were given.
    eventually(Duration::from_secs(20), || {
        let found = fivebar(&["--json", "activity", "search", "--site", "pornhub.com"]).ok()?;
        (!found.stdout.is_empty()).then_some(())
    })
    .context("the log was told")?;
    Ok(())
}

#[test]
fn every_part_has_a_unit_and_starts_only_where_a_school_is_set_up() -> Result<()> {
    for part in PARTS {
        assert_eq!(option(part, "ConditionPathExists")?, ["/var/lib/fivebar/fivebar.toml"], "{part}");
        assert_eq!(option(part, "NoNewPrivileges")?, ["yes"], "{part}");
        assert!(option(part, "ExecStart")?.join(" ").ends_with(&format!("run --only {part} --settled")));
    }
    assert_eq!(
        option("gate", "CapabilityBoundingSet")?,
        ["CAP_NET_BIND_SERVICE", "CAP_SETUID", "CAP_SETGID"]
    );
    assert_eq!(option("log", "PrivateNetwork")?, ["yes"]);
    Ok(())
}
