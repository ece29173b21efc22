//! The system users that the parts run as, one each. A part begins as root, opens what needs that (its sockets, its
//! keys), and becomes its user before it reads the first byte of anybody else.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use nix::sys::prctl;
use nix::unistd::{Gid, Uid, User, getuid, setgroups, setresgid, setresuid};

use crate::cli::Part;
use crate::config::{self, Config};
use crate::home::Home;

/// A system user, as the machine knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub uid: Uid,
    pub gid: Gid,
}

/// The user of each part.
#[derive(Debug, Clone)]
pub struct Users {
    pub gate: Account,
    pub log: Account,
    pub hub: Account,
}

impl Users {
    /// Those that `run` has to become: none where the settings name none. Who names them must start as root.
    pub fn to_become(config: &Config) -> Result<Option<Self>> {
        let Some(names) = &config.users else { return Ok(None) };
        if !getuid().is_root() {
            bail!(
                "[users] in fivebar.toml gives each part a system user of its own, which root alone can do. Start `fivebar run` as root: \
                 every part leaves root before it reads a device's first byte. Or take [users] out, and all parts run as you."
            );
        }
        Self::named(names).map(Some)
    }

    /// The users of these names. All that are missing are said at once, with the lines that make them.
    pub fn named(names: &config::Users) -> Result<Self> {
        let missing = missing(names)?;
        if !missing.is_empty() {
            bail!(
                "[users] in fivebar.toml names system users that this machine does not have. As root, make them:\n{}",
                lines_that_make(&missing)
            );
        }
        let users =
            Self { gate: account(&names.gate)?, log: account(&names.log)?, hub: account(&names.hub)? };
        let [gate, log, hub] = [&users.gate, &users.log, &users.hub];
        for account in [gate, log, hub] {
            if account.uid.is_root() || account.gid.as_raw() == 0 {
                bail!(
                    "[users] in fivebar.toml names {}, who has the rights of root; name another",
                    account.name
                );
            }
        }
        for (one, other) in [(gate, log), (gate, hub), (log, hub)] {
            if one.uid == other.uid || one.gid == other.gid {
                bail!(
                    "[users] in fivebar.toml: {} and {} share a user or a main group, so each could read what is the other's; give each its own",
                    one.name,
                    other.name
                );
            }
        }
        Ok(users)
    }

    /// The user of one part.
    pub const fn of(&self, part: Part) -> &Account {
        match part {
            Part::Gate => &self.gate,
            Part::Log => &self.log,
            Part::Hub => &self.hub,
        }
    }

    /// Refuses a home that the users cannot reach because a folder above it lets nobody through.
    pub fn can_reach(&self, home: &Home) -> Result<()> {
        for above in home.path().ancestors().skip(1) {
            let mode =
                fs::metadata(above).with_context(|| format!("cannot look at {}", above.display()))?.mode();
            if mode & 0o001 == 0 {
                bail!(
                    "{0} lets others not pass, so {1} cannot reach {2}. `chmod o+x {0}` lets them through, or keep the school elsewhere, as in /var/lib/fivebar.",
                    above.display(),
                    self.gate.name,
                    home.path().display()
                );
            }
        }
        Ok(())
    }
}

impl Account {
    /// Makes this process the user, for good: no other groups, no capability, and no way to gain rights by running
    /// another program. Every thread changes, those to come too.
    pub fn take_on(&self) -> Result<()> {
        let refused = |what: &'static str| format!("cannot become {}: {what}", self.name);
        setgroups(&[]).with_context(|| refused("the other groups stay"))?;
        setresgid(self.gid, self.gid, self.gid).with_context(|| refused("the group stays"))?;
        setresuid(self.uid, self.uid, self.uid).with_context(|| refused("the user stays"))?;
        prctl::set_no_new_privs().with_context(|| refused("new rights could be gained"))?;
        // Whoever started us can have told the kernel to keep capabilities over this.
        let status = fs::read_to_string("/proc/self/status").with_context(|| refused("cannot look"))?;
        if capabilities(&status).any(|held| held != 0) {
            bail!(
                "cannot become {}: this process keeps capabilities of root. Start `fivebar run` without keep-caps.",
                self.name
            );
        }
        tracing::info!(user = %self.name, "Runs as its own user");
        Ok(())
    }
}

/// What a process may use or take up of root's rights, from its `/proc/…/status`.
fn capabilities(status: &str) -> impl Iterator<Item = u64> {
    status.lines().filter_map(|line| {
        let held = ["CapPrm:", "CapEff:", "CapAmb:"].iter().find_map(|name| line.strip_prefix(name))?;
        Some(u64::from_str_radix(held.trim(), 16).unwrap_or(u64::MAX))
    })
}

fn account(name: &str) -> Result<Account> {
    let user = look_up(name)?.with_context(|| format!("there is no system user called {name}"))?;
    Ok(Account { name: user.name, uid: user.uid, gid: user.gid })
}

fn look_up(name: &str) -> Result<Option<User>> {
    User::from_name(name).with_context(|| format!("cannot look up the system user {name}"))
}

/// Which of the users the machine does not have.
fn missing(names: &config::Users) -> Result<Vec<&str>> {
    let mut missing = Vec::new();
    for name in names.all() {
        if look_up(name)?.is_none() {
            missing.push(name);
        }
    }
    Ok(missing)
}

/// What `useradd` is told: a user who owns nothing, cannot sign in and is in a group alone.
fn arguments(name: &str) -> [&str; 8] {
    [
        "--system",
        "--user-group",
        "--no-create-home",
        "--home-dir",
        "/nonexistent",
        "--shell",
        "/usr/sbin/nologin",
        name,
    ]
}

fn lines_that_make(missing: &[&str]) -> String {
    let lines: Vec<String> =
        missing.iter().map(|name| format!("  useradd {}", arguments(name).join(" "))).collect();
    lines.join("\n")
}

/// Makes the users that are missing, as whoever sets the school up has asked; returns their names.
pub fn make_missing(names: &config::Users) -> Result<Vec<String>> {
    if !getuid().is_root() {
        bail!(
            "--users gives each part a system user of its own, which root alone can do: run `fivebar init` as root"
        );
    }
    let missing = missing(names)?;
    for name in &missing {
        let done = Command::new("useradd").args(arguments(name)).output().with_context(|| {
            format!("cannot run useradd. Make the users by other means:\n{}", lines_that_make(&missing))
        })?;
        if !done.status.success() {
            bail!("useradd did not make {name}: {}", String::from_utf8_lossy(&done.stderr).trim());
        }
    }
    Ok(missing.into_iter().map(str::to_owned).collect())
}

/// What somebody who runs everything as root is told.
pub fn advice() -> String {
    let names = config::Users::default();
    format!(
        "All three parts run as root. To give each a system user of its own, make the users\n{}\nand put a line with [users] \
         at the end of fivebar.toml.",
        lines_that_make(&names.all())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_user_is_said_with_the_line_that_makes_it() {
        let names = config::Users { gate: "no-such-user-here".to_owned(), ..config::Users::default() };
        let said = Users::named(&names).unwrap_err().to_string();
        assert!(said.contains("\n  useradd --system --user-group --no-create-home"), "{said}");
        assert!(said.contains("/usr/sbin/nologin no-such-user-here"), "{said}");
    }

    #[test]
    fn root_and_one_user_for_two_parts_are_refused() {
        let named = |gate: &str, log: &str, hub: &str| {
            let names = config::Users { gate: gate.to_owned(), log: log.to_owned(), hub: hub.to_owned() };
            Users::named(&names).unwrap_err().to_string()
        };
        assert!(named("root", "root", "root").contains("rights of root"));
        if look_up("daemon").unwrap().is_none() || look_up("games").unwrap().is_none() {
            println!("skipped: this machine has no users daemon and games");
            return;
        }
        assert!(named("games", "daemon", "games").contains("share a user"));
    }

    #[test]
    fn capabilities_are_read_from_what_the_kernel_says() {
        let status = "Name:\tfivebar\nCapInh:\t0000000000000400\nCapPrm:\t0000000000000400\nCapEff:\t0000000000000000\nCapAmb:\t0\n";
        assert_eq!(capabilities(status).collect::<Vec<_>>(), [0x400, 0, 0]);
    }
}
