//! Whose each part of the home folder is, where the parts run as users of their own. The table of
//! `docs/adr/0002-processes.md` in owners, groups and modes.
//!
//! Root puts this right when the school starts, when a part starts again, and after each command that root gives. It
//! walks folders that a part may write to, so it follows no link and touches no file with a second name elsewhere: a
//! part gone wrong cannot have root give it anything.

use std::ffi::CStr;
use std::fs::{File, Permissions};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::{Gid, Uid, getuid};

use crate::config::Config;
use crate::home::{Home, NOTICES_KEY, make_key};
use crate::process::hand_over;
use crate::process::users::{Account, Users};

/// One part of the home folder: who owns it, which group reaches it, and how far.
struct Place {
    path: PathBuf,
    owner: Uid,
    group: Gid,
    /// The bits of a folder; those with 2000 hand their group on to what is made in them.
    folder: u32,
    /// The bits of a file.
    file: u32,
    /// Whether what is inside is the same.
    deep: bool,
}

impl Place {
    fn new(path: PathBuf, owner: Option<&Account>, group: &Account, folder: u32, file: u32) -> Self {
        let owner = owner.map_or(Uid::from_raw(0), |account| account.uid);
        Self { path, owner, group: group.gid, folder, file, deep: true }
    }
}

/// The table. The gate reads its keys before it leaves root, so no file of the keys is its own.
fn places(home: &Home, users: &Users) -> Vec<Place> {
    let Users { gate, log, hub } = users;
    let run = home.run();
    let shallow = |path: PathBuf| Place {
        path,
        owner: Uid::from_raw(0),
        group: Gid::from_raw(0),
        // Others may pass through, not look.
        folder: 0o711,
        file: 0,
        deep: false,
    };
    vec![
        shallow(home.path().to_owned()),
        shallow(run.clone()),
        Place::new(home.config(), None, hub, 0, 0o640),
        Place::new(home.keys(), None, hub, 0o750, 0o640),
        // Root's alone: the gate reads it before it leaves root, and the hub has no business with it.
        Place { group: Gid::from_raw(0), ..Place::new(home.certificate(), None, hub, 0o700, 0o600) },
        Place::new(home.gate(), Some(hub), gate, 0o2750, 0o640),
        Place::new(home.lists(), Some(hub), hub, 0o700, 0o600),
        Place::new(home.hub(), Some(hub), hub, 0o700, 0o600),
        Place::new(home.log(), Some(log), log, 0o700, 0o600),
        Place::new(activity::pages_folder(&run), Some(gate), log, 0o2770, 0o640),
        Place::new(home.health(), Some(gate), hub, 0o2750, 0o640),
        // Root asks a gate for its sockets, with no right beside its group's.
        Place {
            group: Gid::from_raw(0),
            ..Place::new(hand_over::folder(home), Some(gate), gate, 0o2750, 0o660)
        },
        Place::new(activity::events_folder(&run), Some(log), gate, 0o2750, 0o640),
        Place::new(activity::questions_folder(&run), Some(log), hub, 0o2750, 0o640),
    ]
}

/// Puts everything right.
pub fn settle(home: &Home, users: &Users) -> Result<()> {
    if home.keys().is_dir() {
        make_key(home, NOTICES_KEY)?;
    }
    put_right(&places(home, users))
}

/// Puts right what is this part's own: enough for a part that starts again.
pub fn settle_own(home: &Home, users: &Users, part: &Account) -> Result<()> {
    let own: Vec<Place> = places(home, users).into_iter().filter(|place| place.owner == part.uid).collect();
    put_right(&own)
}

/// After a command of root's: what it made belongs to whoever is to read it. Nothing to do for anybody else, and
/// nothing where the parts have no users of their own.
pub fn settle_after_command(home: &Home) -> Result<()> {
    if !getuid().is_root() || !home.config().is_file() {
        return Ok(());
    }
    let Ok(config) = Config::read(&home.config()) else { return Ok(()) };
    let Some(names) = &config.users else { return Ok(()) };
    match Users::named(names) {
        Ok(users) => settle(home, &users),
        Err(error) => {
            tracing::warn!("{error:#}");
            Ok(())
        }
    }
}

fn put_right(places: &[Place]) -> Result<()> {
    for place in places {
        let why = || format!("cannot give {} to the part that it belongs to", place.path.display());
        match open(place) {
            Ok(Some(Opened::Folder(mut dir))) => folder(&mut dir, place).with_context(why)?,
            Ok(Some(Opened::File(opened))) => file(&opened, place).with_context(why)?,
            Ok(None) => {}
            Err(error) => return Err(error).with_context(why),
        }
    }
    Ok(())
}

enum Opened {
    Folder(Dir),
    File(File),
}

const NO_LINKS: OFlag = OFlag::O_NOFOLLOW.union(OFlag::O_CLOEXEC).union(OFlag::O_NONBLOCK);

/// Opens a place by its path. The folders above are root's own.
fn open(place: &Place) -> Result<Option<Opened>> {
    let path: &Path = &place.path;
    match Dir::open(path, NO_LINKS | OFlag::O_DIRECTORY, Mode::empty()) {
        Ok(dir) => Ok(Some(Opened::Folder(dir))),
        Err(Errno::ENOENT) => Ok(None),
        Err(Errno::ENOTDIR) => {
            let opened = nix::fcntl::open(path, NO_LINKS, Mode::empty())?;
            Ok(Some(Opened::File(File::from(opened))))
        }
        Err(error) => Err(error.into()),
    }
}

fn folder(dir: &mut Dir, place: &Place) -> Result<()> {
    give(dir.as_fd(), place, place.folder)?;
    if !place.deep {
        return Ok(());
    }
    let mut inside = Vec::new();
    for entry in dir.iter() {
        let entry = entry?;
        let name = entry.file_name();
        if name != c"."
            && name != c".."
            && matches!(entry.file_type(), Some(Type::Directory | Type::File) | None)
        {
            inside.push(name.to_owned());
        }
    }
    for name in inside {
        within(dir, &name, place)?;
    }
    Ok(())
}

/// One entry of a folder. What has gone meanwhile, or is no plain file or folder, is left alone.
fn within(dir: &Dir, name: &CStr, place: &Place) -> Result<()> {
    let opened = match openat(dir, name, NO_LINKS, Mode::empty()) {
        Ok(opened) => File::from(opened),
        Err(Errno::ENOENT | Errno::ELOOP | Errno::ENXIO) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if opened.metadata()?.is_dir() {
        return folder(&mut Dir::from_fd(opened.into())?, place);
    }
    file(&opened, place)
}

fn file(opened: &File, place: &Place) -> Result<()> {
    let seen = opened.metadata()?;
    // A second name may be one outside this folder, put there by a part to gain what it names.
    if seen.is_file() && seen.nlink() == 1 { give(opened.as_fd(), place, place.file) } else { Ok(()) }
}

/// Owner first: it takes bits away that the mode then brings back.
fn give(opened: impl AsFd, place: &Place, mode: u32) -> Result<()> {
    let held = File::from(opened.as_fd().try_clone_to_owned()?);
    let seen = held.metadata()?;
    if (seen.uid(), seen.gid()) != (place.owner.as_raw(), place.group.as_raw()) {
        fchown(&held, Some(place.owner.as_raw()), Some(place.group.as_raw()))?;
    }
    if seen.mode() & 0o7777 != mode {
        held.set_permissions(Permissions::from_mode(mode))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn root_gives_nothing_away_that_a_part_has_only_linked_to() {
        if !getuid().is_root() {
            println!("skipped: only root can give files away");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("part/inner")).unwrap();
        fs::create_dir(at("elsewhere")).unwrap();
        for file in ["part/own", "part/inner/own", "elsewhere/secret", "elsewhere/other", "elsewhere/third"] {
            fs::write(at(file), "").unwrap();
            fs::set_permissions(at(file), Permissions::from_mode(0o600)).unwrap();
        }
        symlink(at("elsewhere"), at("part/folder")).unwrap();
        symlink(at("elsewhere/secret"), at("part/file")).unwrap();
        fs::hard_link(at("elsewhere/other"), at("part/inner/second-name")).unwrap();
        symlink(at("elsewhere/third"), at("whole")).unwrap();
        let place = |name: &str| Place {
            path: at(name),
            owner: Uid::from_raw(64_001),
            group: Gid::from_raw(64_002),
            folder: 0o2750,
            file: 0o640,
            deep: true,
        };
        put_right(&[place("part"), place("missing")]).unwrap();
        assert!(put_right(&[place("whole")]).is_err(), "a link in the place of a whole part is said");
        let seen = |name: &str| {
            let seen = fs::metadata(at(name)).unwrap();
            (seen.uid(), seen.gid(), seen.mode() & 0o7777)
        };
        for name in ["part", "part/inner"] {
            assert_eq!(seen(name), (64_001, 64_002, 0o2750), "{name}");
        }
        for name in ["part/own", "part/inner/own"] {
            assert_eq!(seen(name), (64_001, 64_002, 0o640), "{name}");
        }
        for name in ["elsewhere/secret", "elsewhere/other", "elsewhere/third"] {
            assert_eq!(seen(name), (0, 0, 0o600), "{name}");
        }
        assert_eq!(seen("elsewhere").0, 0);
    }
}
