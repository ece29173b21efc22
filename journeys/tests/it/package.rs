//! The Debian package, made as `make package` makes it, with the program under test inside. Installing, upgrading and
//! removing it under a real systemd is `scripts/try-package.sh`, which needs root and a Debian mirror.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};
use journeys::program;

use crate::parts::is_there;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What a command prints; an error where it fails.
fn told(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        bail!(
            "{command:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Makes the package of the program under test in that folder.
fn made(folder: &Path) -> Result<PathBuf> {
    let script = root().join("scripts/package.sh");
    let path =
        told(Command::new(script).arg("--program").arg(program()?).arg("--quick").arg("--to").arg(folder))?;
    Ok(PathBuf::from(path.trim()))
}

fn can_pack() -> bool {
    is_there("dpkg-deb") && is_there("objdump")
}

#[test]
fn the_package_has_the_program_its_units_and_its_manual() -> Result<()> {
    if !can_pack() {
        println!("skipped: dpkg-deb or objdump is not installed");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let package = made(folder.path())?;
    let unpacked = folder.path().join("unpacked");
    told(Command::new("dpkg-deb").arg("-R").arg(&package).arg(&unpacked))?;
    for (ours, theirs) in [
        ("packaging/systemd", "usr/lib/systemd/system"),
        ("packaging/sysusers.d", "usr/lib/sysusers.d"),
        ("packaging/tmpfiles.d", "usr/lib/tmpfiles.d"),
        ("content/examples", "usr/share/doc/fivebar/examples"),
    ] {
        for file in fs::read_dir(root().join(ours))? {
            let file = file?;
            let there = unpacked.join(theirs).join(file.file_name());
            assert_eq!(fs::read(file.path())?, fs::read(&there)?, "{}", there.display());
        }
    }
    for page in ["fivebar", "fivebar-run", "fivebar-settle", "fivebar-policy-check"] {
        assert!(unpacked.join(format!("usr/share/man/man1/{page}.1.gz")).is_file(), "{page}");
    }
    for file in ["usr/share/bash-completion/completions/fivebar", "usr/share/doc/fivebar/copyright"] {
        assert!(fs::metadata(unpacked.join(file))?.len() > 500, "{file}");
    }
    // The program in it is the program, stripped of what a debugger reads.
    let says = told(Command::new(unpacked.join("usr/bin/fivebar")).arg("--version"))?;
    assert_eq!(says, told(Command::new(program()?).arg("--version"))?);
    let version = told(Command::new("dpkg-deb").arg("--field").arg(&package).arg("Version"))?;
    assert_eq!(says.trim(), format!("fivebar {}", version.trim()));
    // Nothing of the package is a file that somebody edits, so an upgrade asks nobody.
    assert!(!unpacked.join("DEBIAN/conffiles").exists() && !unpacked.join("etc").exists());
    for script in ["postinst", "prerm", "postrm"] {
        told(Command::new("sh").arg("-n").arg(unpacked.join("DEBIAN").join(script)))?;
    }
    Ok(())
}

#[test]
fn the_same_sources_make_the_same_package() -> Result<()> {
    if !can_pack() {
        println!("skipped: dpkg-deb or objdump is not installed");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let first = fs::read(made(&folder.path().join("one"))?)?;
    assert!(first == fs::read(made(&folder.path().join("two"))?)?, "the two packages differ");
    Ok(())
}

#[test]
fn the_container_has_all_that_the_program_needs_and_runs_without_rights() -> Result<()> {
    let text = fs::read_to_string(root().join("packaging/Containerfile"))?;
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    assert_eq!(line("FROM"), "FROM scratch");
    assert_eq!(line("USER"), "USER 10530:10530");
    assert!(line("VOLUME").contains("/var/lib/fivebar") && line("HEALTHCHECK").contains("\"alive\""));
    let is_root =
        fs::metadata("/proc/self").is_ok_and(|this| std::os::unix::fs::MetadataExt::uid(&this) == 0);
    if !is_root || !is_there("ldd") || !is_there("strip") || !is_there("chroot") {
        println!("skipped: only root can try what the container holds, with ldd, strip and chroot");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let gathered = folder.path().join("container");
    told(
        Command::new(root().join("scripts/container.sh"))
            .arg("--program")
            .arg(program()?)
            .arg("--gather")
            .arg(&gathered),
    )?;
    // Nothing but what was gathered, and the container's own user.
    let says = told(
        Command::new("chroot")
            .arg("--userspec=10530:10530")
            .arg(gathered.join("root"))
            .args(["/usr/bin/fivebar", "--version"]),
    )?;
    assert_eq!(says, told(Command::new(program()?).arg("--version"))?);
    Ok(())
}
