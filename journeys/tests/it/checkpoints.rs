//! Checkpoints of the access trail, as the data protection officer keeps them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};
use journeys::{init, program};
use serde_json::Value;

fn fivebar(home: &Path, arguments: &[&str]) -> Result<Output> {
    Ok(Command::new(program()?).arg("--home").arg(home).args(arguments).output()?)
}

fn told(home: &Path, arguments: &[&str]) -> Result<String> {
    let output = fivebar(home, arguments)?;
    if !output.status.success() {
        bail!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn close(home: &Path, site: &str) -> Result<String> {
    let give =
        ["overrides", "give", site, "--close", "--whom", "everyone", "--for", "1h", "--reason", "a trial"];
    told(home, &give)
}

/// Does to the records what somebody could who has the database file and knows how the chain is made: around the triggers,
/// with every hash worked out anew.
fn with_the_file(home: &Path, from: i64, cut: bool) -> Result<()> {
    use store::orm::ConnectionTrait;
    let records = store::DatabaseUrl::sqlite(home.join("hub/fivebar.db"));
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let db = store::Db::open(&records).await?;
        let mut tx = db.begin().await?;
        for trigger in ["trail_unchanged", "trail_kept", "trail_in_line"] {
            tx.conn().execute_unprepared(&format!("DROP TRIGGER IF EXISTS {trigger}")).await?;
        }
        let mut entries = store::trail::newest(&mut tx, None, 10_000).await?;
        entries.reverse();
        let mut prev = store::trail::NOTHING_BEFORE.to_owned();
        for mut entry in entries {
            if cut && entry.seq >= from {
                tx.conn().execute_unprepared(&format!("DELETE FROM trail WHERE seq = {}", entry.seq)).await?;
                continue;
            }
            if entry.seq == from {
                entry.actor = "command-line:4242".to_owned();
            }
            entry.prev = prev;
            entry.hash = entry.true_hash();
            prev = entry.hash.clone();
            let sql = format!(
                "UPDATE trail SET actor = '{}', prev = '{}', hash = '{}' WHERE seq = {}",
                entry.actor, entry.prev, entry.hash, entry.seq
            );
            tx.conn().execute_unprepared(&sql).await?;
        }
        tx.commit().await?;
        db.close().await?;
        Ok(())
    })
}

#[test]
fn a_checkpoint_outside_tells_on_a_trail_that_was_rewritten_with_every_hash_made_anew() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    init(&home)?;
    close(&home, "first.example")?;
    let kept = folder.path().join("checkpoint.txt");
    let kept = kept.to_str().context("path")?;
    let made: Value = serde_json::from_str(&told(&home, &["--json", "trail", "checkpoint", "--to", kept])?)?;
    let entries = made["checkpoint"]["entries"].as_i64().context("how many entries")?;
    assert!(fivebar(&home, &["trail", "checkpoint", "--to", kept])?.stderr.len() > 1, "none is written over");
    close(&home, "second.example")?;
    // What is printed is the same statement as what is written.
    let printed = folder.path().join("printed.txt");
    fs::write(&printed, told(&home, &["trail", "checkpoint"])?)?;
    let printed = printed.to_str().context("path")?;
    for file in [kept, printed] {
        let said = told(&home, &["verify", "--checkpoint", file])?;
        assert!(said.contains("still has all"), "{said}");
    }

    let refused = |words: &str| -> Result<()> {
        let whole = told(&home, &["--json", "verify"])?;
        assert!(whole.contains("\"trail\":{\"entries\""), "by itself it looks whole: {whole}");
        let output = fivebar(&home, &["verify", "--checkpoint", kept])?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains(words) && said.contains("data protection officer"), "{said}");
        Ok(())
    };
    with_the_file(&home, entries, false)?;
    refused(&format!("entry {entries} of the access trail"))?;
    with_the_file(&home, entries, true)?;
    refused("the last 1 of them are missing")?;

    // One that was made up for the new trail is signed with another key, or does not fit its signature.
    let text = fs::read_to_string(kept)?;
    fs::write(kept, text.replace("entries: ", "entries: 1"))?;
    let output = fivebar(&home, &["verify", "--checkpoint", kept])?;
    assert!(String::from_utf8_lossy(&output.stderr).contains("altered after it was signed"), "{output:?}");
    fs::remove_file(home.join("keys/checkpoint.key"))?;
    let made_up = folder.path().join("made-up.txt");
    let made_up = made_up.to_str().context("path")?;
    told(&home, &["trail", "checkpoint", "--to", made_up])?;
    assert!(told(&home, &["verify", "--checkpoint", made_up])?.contains("still has all"));
    let output = fivebar(&home, &["verify", "--checkpoint", printed])?;
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not this home's"), "{output:?}");
    Ok(())
}
