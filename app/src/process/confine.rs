//! Each process may touch only its own folders, whatever bytes an outsider sends it: Landlock (Linux 5.13 and newer)
//! takes the rest of the file system away before the first packet is read. No rights are needed for it.

use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus,
};

/// Tells one start of the machine from another: what a gate has numbered can be relied on to the last event unless the
/// machine went down meanwhile.
pub const MACHINE_START: &str = "/proc/sys/kernel/random/boot_id";

/// What a process may reach of the file system, besides what it already holds open.
#[derive(Debug, Default)]
pub struct Reach {
    /// Folders it may read.
    pub read: Vec<PathBuf>,
    /// Folders it may read and write.
    pub write: Vec<PathBuf>,
    /// Folders whose programs it may run.
    pub run: Vec<PathBuf>,
}

/// How much of it the kernel enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confined {
    /// All of it.
    Fully,
    /// Some of it: the kernel is older than what we ask for.
    Partly,
    /// Nothing: the kernel has no Landlock.
    Not,
}

/// Takes everything but `reach` away from this process and all its threads to come, for good. Call it before threads
/// are started: a running thread keeps what it had.
pub fn confine(reach: &Reach) -> anyhow::Result<Confined> {
    let abi = ABI::V3;
    let all = AccessFs::from_all(abi);
    let mut rules =
        Ruleset::default().set_compatibility(CompatLevel::BestEffort).handle_access(all)?.create()?;
    let read_only = AccessFs::ReadFile | AccessFs::ReadDir;
    let also_run = read_only | AccessFs::Execute;
    for (paths, access) in [(&reach.read, read_only), (&reach.write, all), (&reach.run, also_run)] {
        for path in paths {
            // A folder that is not there (no /etc/ssl on a small machine) needs no right.
            if let Ok(fd) = PathFd::new(path) {
                let access: BitFlags<AccessFs> =
                    if path.is_dir() { access } else { access & AccessFs::from_file(abi) };
                rules = rules.add_rule(PathBeneath::new(fd, access))?;
            }
        }
    }
    Ok(match rules.restrict_self()?.ruleset {
        RulesetStatus::FullyEnforced => Confined::Fully,
        RulesetStatus::PartiallyEnforced => Confined::Partly,
        RulesetStatus::NotEnforced => Confined::Not,
    })
}
