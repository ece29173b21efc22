//! A disk that is full: what the records could not take, the gate does not go by.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};
use journeys::program;
use serde_json::Value;

/// A small disk of its own, gone when this is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(at).output();
        mount.is_ok_and(|done| done.status.success()).then(|| Self(at.to_owned()))
    }

    /// Leaves so many bytes free.
    fn fill(&self, leave: u64) -> Result<()> {
        let stat = Command::new("stat").args(["-f", "-c", "%a %S"]).arg(&self.0).output()?;
        let text = String::from_utf8(stat.stdout)?;
        let mut numbers = text.split_whitespace().map_while(|number| number.parse::<u64>().ok());
        let (blocks, size) =
            (numbers.next().context("no free blocks")?, numbers.next().context("no block size")?);
        let bytes = usize::try_from((blocks * size).saturating_sub(leave))?;
        fs::write(self.0.join("filler"), vec![7u8; bytes])?;
        Ok(())
    }

    fn empty(&self) -> Result<()> {
        Ok(fs::remove_file(self.0.join("filler"))?)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn fivebar(home: &Path, arguments: &[&str]) -> Result<Output> {
    Ok(Command::new(program()?).arg("--home").arg(home).args(arguments).output()?)
}

/// How many overrides hold by the records, and by what gates read.
fn overrides(home: &Path) -> Result<(usize, usize)> {
    let listed = fivebar(home, &["--json", "overrides", "list"])?;
    let listed = String::from_utf8(listed.stdout)?.lines().filter(|line| line.starts_with('{')).count();
    let current: Value = serde_json::from_slice(&fs::read(home.join("gate/CURRENT"))?)?;
    let current = current.pointer("/published/live/newest/number").context("CURRENT names no live file")?;
    let live: Value = serde_json::from_slice(&fs::read(home.join(format!("gate/live-{current}.json")))?)?;
    let published = live.get("overrides").and_then(Value::as_array).context("no overrides are published")?;
    Ok((listed, published.len()))
}

#[test]
fn what_a_full_disk_kept_out_of_the_records_is_not_enforced() -> Result<()> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        println!("skipped: only root can mount a small disk");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let Some(disk) = SmallDisk::mount(folder.path()) else {
        println!("skipped: this machine lets nobody mount a small disk");
        return Ok(());
    };
    let home = folder.path().join("school");
    let made = fivebar(
        &home,
        &["init", "--yes", "--school", "Hillside", "--dns", "127.0.0.1:0", "--upstream", "127.0.0.1:9"],
    )?;
    if !made.status.success() {
        bail!("{}", String::from_utf8_lossy(&made.stderr));
    }
    let (mut refused, mut given) = (0, 0);
    for leave in [0, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256] {
        disk.fill(leave << 10)?;
        let site = format!("site-{leave}.example");
        let asked = ["overrides", "give", &site, "--whom", "everyone", "--for", "1h", "--reason", "a trial"];
        let answer = fivebar(&home, &asked)?;
        disk.empty()?;
        if answer.status.success() {
            given += 1
        } else {
            refused += 1
        }
        let said = String::from_utf8_lossy(&answer.stderr);
        assert_eq!(overrides(&home)?, (given, given), "{leave} kB were free: {said}");
    }
    assert!(refused > 0 && given > 0, "{refused} refused, {given} given");
    Ok(())
}
