//! Each part as a system user of its own: what it is, what it can reach, and that everything still works.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use journeys::{School, eventually, program};

/// Users that Debian always has and nobody works as, so that the test makes none: gate, log, hub.
const NAMES: [&str; 3] = ["games", "news", "uucp"];

/// Uid and gid of each, or why this machine cannot try.
fn accounts() -> Result<[(u32, u32); 3], &'static str> {
    if fs::metadata("/proc/self").is_ok_and(|this| this.uid() != 0) {
        return Err("only root can give the parts users of their own");
    }
    if Command::new("setpriv").arg("--version").output().is_err() {
        return Err("setpriv is not installed");
    }
    let known = fs::read_to_string("/etc/passwd").map_err(|_| "there is no /etc/passwd")?;
    let found = NAMES.map(|name| {
        let line = known.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":x:"))?;
        let mut numbers = line.split(':').map_while(|number| number.parse().ok());
        Some((numbers.next()?, numbers.next()?))
    });
    let [Some(gate), Some(log), Some(hub)] = found else {
        return Err("this machine lacks one of the users games, news and uucp");
    };
    Ok([gate, log, hub])
}

/// A school whose parts have users of their own, in a folder that lets them through; names are asked on port 53.
fn set_up(folder: &Path, dns: &str) -> Result<PathBuf> {
    fs::set_permissions(folder, Permissions::from_mode(0o711))?;
    let home = folder.join("hillside");
    let init = Command::new(program()?)
        .arg("--home")
        .arg(&home)
        .args(["init", "--yes", "--school", "Hillside", "--dns", dns, "--proxy", "127.0.0.1:0"])
        .args(["--portal", "127.0.0.1:0", "--upstream", "127.0.0.1:9"])
        .output()?;
    if !init.status.success() {
        bail!("{}", String::from_utf8_lossy(&init.stderr));
    }
    let [gate, log, hub] = NAMES;
    let file = home.join("fivebar.toml");
    let text = fs::read_to_string(&file)?;
    fs::write(&file, format!("{text}\n[users]\ngate = \"{gate}\"\nlog = \"{log}\"\nhub = \"{hub}\"\n"))?;
    Ok(home)
}

/// What must be true of a part's process: every id is its user's, no group and no right beside it.
fn is_only(pid: u32, (uid, gid): (u32, u32)) -> Result<()> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("missing");
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let four = |id: u32| vec![id.to_string(); 4];
    assert_eq!(line("Uid:"), four(uid));
    assert_eq!(line("Gid:"), four(gid));
    assert!(line("Groups:").is_empty(), "{status}");
    for set in ["CapPrm:", "CapEff:", "CapAmb:"] {
        assert_eq!(line(set), ["0000000000000000"], "{set}");
    }
    assert_eq!(line("NoNewPrivs:"), ["1"]);
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let status = fs::read_to_string(thread?.path().join("status")).unwrap_or_default();
        let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        assert!(ids.is_none_or(|ids| ids.split_whitespace().all(|id| id == uid.to_string())), "{status}");
    }
    Ok(())
}

/// Whether a user can read a file, or list a folder. Nothing but the ids is changed: no Landlock stands in the way.
fn can_read((uid, gid): (u32, u32), path: &Path) -> Result<bool> {
    let with = if path.is_dir() { "ls" } else { "cat" };
    let tried = Command::new("setpriv")
        .args(["--reuid", &uid.to_string(), "--regid", &gid.to_string(), "--clear-groups", "--", with])
        .arg(path)
        .output()?;
    Ok(tried.status.success())
}

/// Whether a user can connect to a socket.
fn can_connect((uid, gid): (u32, u32), socket: &Path) -> Result<bool> {
    let tried = Command::new("setpriv")
        .args(["--reuid", &uid.to_string(), "--regid", &gid.to_string(), "--clear-groups", "--"])
        .args(["curl", "-s", "--max-time", "1", "--unix-socket"])
        .arg(socket)
        .arg("http://log/")
        .output()?;
    // 7: could not connect. Anything else is the log not speaking HTTP.
    Ok(tried.status.code() != Some(7))
}

#[test]
fn each_part_is_a_user_of_its_own_that_reaches_only_what_is_its_own() -> Result<()> {
    let [gate, log, hub] = match accounts() {
        Ok(accounts) => accounts,
        Err(why) => {
            println!("skipped: {why}");
            return Ok(());
        }
    };
    let folder = tempfile::tempdir()?;
    let home = set_up(folder.path(), "127.53.7.53:53")?;
    let school = School::run(&home)?;
    assert_eq!(school.ready.dns.port(), 53, "bound before root was left");
    let parts = [("gate", gate), ("log", log), ("hub", hub)];
    for (part, account) in parts {
        is_only(school.pid_of(part).context(part)?, account)?;
    }
    assert!(school.dig("127.0.0.1", &["www.pornhub.com"])?.contains("NXDOMAIN"));
    assert!(school.curl("127.0.0.1", "http://www.pornhub.com/", &[])?.contains(" 403 "));
    let events =
        || school.told(&["--json", "activity", "search", "--site", "pornhub.com"]).unwrap_or_default();
    eventually(Duration::from_secs(10), || (!events().is_empty()).then_some(()))
        .context("the log was told")?;

    // Who can read what, by owners and modes alone.
    let segment =
        fs::read_dir(home.join("log"))?.find_map(|file| Some(file.ok()?.path())).context("a file")?;
    let list =
        fs::read_dir(home.join("lists"))?.find_map(|file| Some(file.ok()?.path())).context("a list")?;
    for (what, readers) in [
        (home.join("fivebar.toml"), vec![hub]),
        (home.join("keys/ticket.key"), vec![hub]),
        (home.join("keys/sealed.key"), vec![hub]),
        (home.join("gate/CURRENT"), vec![gate, hub]),
        (home.join("hub"), vec![hub]),
        (home.join("hub/fivebar.db"), vec![hub]),
        (list, vec![hub]),
        (home.join("log"), vec![log]),
        (segment, vec![log]),
        (home.join("run/pages"), vec![gate, log]),
        (home.clone(), vec![]),
    ] {
        for (part, account) in parts {
            assert_eq!(can_read(account, &what)?, readers.contains(&account), "{part}: {}", what.display());
        }
    }
    for (socket, users) in [
        (home.join("run/events/log.sock"), vec![gate, log]),
        (home.join("run/questions/log.sock"), vec![hub, log]),
    ] {
        for (part, account) in parts {
            assert_eq!(
                can_connect(account, &socket)?,
                users.contains(&account),
                "{part}: {}",
                socket.display()
            );
        }
    }

    // Killed, each comes back as its user, the gate on port 53 again.
    for (part, account) in parts {
        let before = school.pid_of(part).context(part)?;
        Command::new("kill").arg("-KILL").arg(before.to_string()).status()?;
        let again = || {
            let pid = school.pid_of(part).filter(|pid| *pid != before)?;
            is_user(pid, account.0).then_some(pid)
        };
        is_only(eventually(Duration::from_secs(20), again).context(part)?, account)?;
    }
    eventually(Duration::from_secs(20), || {
        school.dig("127.0.0.1", &["+time=1", "www.pornhub.com"]).ok()?.contains("NXDOMAIN").then_some(())
    })
    .context("the gate answers again")?;
    Ok(())
}

fn is_user(pid: u32, uid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|status| {
        status.contains(&format!("Uid:\t{uid}\t{uid}\t{uid}\t{uid}")) && status.contains("NoNewPrivs:\t1")
    })
}

#[test]
fn what_root_does_stays_readable_for_the_part_that_needs_it() -> Result<()> {
    let [gate, _, hub] = match accounts() {
        Ok(accounts) => accounts,
        Err(why) => {
            println!("skipped: {why}");
            return Ok(());
        }
    };
    let folder = tempfile::tempdir()?;
    let home = set_up(folder.path(), "127.53.8.53:0")?;
    let school = School::run(&home)?;
    let lists = folder.path().join("extra");
    fs::create_dir_all(lists.join("gambling"))?;
    fs::write(lists.join("gambling/domains"), "bets-of-the-test.example\n")?;
    fs::set_permissions(&lists, Permissions::from_mode(0o700))?;
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../content/examples/st-neot.toml");
    let backup = folder.path().join("backup");
    let text = |path: &Path| path.to_string_lossy().into_owned();
    for command in [
        vec!["lists", "import", &text(&lists)],
        vec!["policy", "export", "--output", &text(&folder.path().join("exported.toml"))],
        vec!["policy", "apply", example, "--note", "Another for this test"],
        vec!["lists", "update"],
        vec!["explain", "bets-of-the-test.example", "--as", "127.0.0.1"],
        vec!["requests", "list"],
        vec!["people", "show"],
        vec!["activity", "status"],
        vec!["activity", "search"],
        vec!["backup", &text(&backup)],
        vec!["verify"],
        vec!["verify", &text(&backup)],
    ] {
        school.told(&command)?;
    }
    // What was published is the hub's to replace and the gate's to read, and the gate reads it.
    for file in fs::read_dir(home.join("gate"))? {
        let seen = file?.metadata()?;
        assert_eq!((seen.uid(), seen.gid(), seen.mode() & 0o7777), (hub.0, gate.1, 0o640));
    }
    for part in ["hub", "lists"] {
        for file in fs::read_dir(home.join(part))? {
            assert_eq!(file?.metadata()?.uid(), hub.0, "{part}");
        }
    }
    eventually(Duration::from_secs(10), || {
        school
            .dig("127.0.0.1", &["+time=1", "bets-of-the-test.example"])
            .ok()?
            .contains("NXDOMAIN")
            .then_some(())
    })
    .context("the gate reads what root published")?;
    // The hub opens the records, and publishes, after root has been at them.
    let before = school.pid_of("hub").context("the hub")?;
    Command::new("kill").arg("-KILL").arg(before.to_string()).status()?;
    let page = format!("http://{}/", school.ready.portal);
    eventually(Duration::from_secs(20), || {
        school.pid_of("hub").filter(|pid| *pid != before)?;
        let seen = Command::new("curl")
            .args(["-s", "-o", "/dev/null", "-w", "%{http_code}", &page])
            .output()
            .ok()?;
        (seen.stdout == b"200").then_some(())
    })
    .context("the portal is back")?;
    assert!(school.stop()?.success());

    let restored = Command::new(program()?)
        .arg("--home")
        .arg(&home)
        .args(["restore", &text(&backup), "--replace"])
        .output()?;
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let school = School::run(&home)?;
    is_only(school.pid_of("hub").context("the hub")?, hub)?;
    assert!(school.dig("127.0.0.1", &["bets-of-the-test.example"])?.contains("NXDOMAIN"));
    Ok(())
}

#[test]
fn what_is_missing_for_users_of_their_own_is_said_with_what_to_do() -> Result<()> {
    if let Err(why) = accounts() {
        println!("skipped: {why}");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let home = set_up(folder.path(), "127.0.0.1:0")?;
    let run = || -> Result<String> {
        let ended = Command::new(program()?).arg("--home").arg(&home).arg("run").output()?;
        assert!(!ended.status.success());
        Ok(String::from_utf8_lossy(&ended.stderr).into_owned())
    };
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700))?;
    let said = run()?;
    assert!(said.contains(&format!("`chmod o+x {}`", folder.path().display())), "{said}");
    let file = home.join("fivebar.toml");
    fs::write(&file, fs::read_to_string(&file)?.replace("\"games\"", "\"no-such-user-here\""))?;
    let said = run()?;
    assert!(said.contains("\n  useradd --system") && said.contains("nologin no-such-user-here"), "{said}");
    Ok(())
}
