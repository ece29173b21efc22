//! Back-ups as the command line gives them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};
use journeys::{init, program};
use store::orm::{ConnectionTrait as _, Statement};
use store::{DatabaseUrl, Db};

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
    told(
        home,
        &["overrides", "give", site, "--close", "--whom", "everyone", "--for", "1h", "--reason", "a trial"],
    )
}

#[test]
fn a_back_up_tells_on_a_trail_that_was_cut_off_or_written_anew() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    told(
        &home,
        &["init", "--yes", "--school", "Hillside", "--dns", "127.0.0.1:0", "--upstream", "127.0.0.1:9"],
    )?;
    close(&home, "first.example")?;
    // A copy of the records from before, as somebody with the database file could keep it.
    let (records, earlier) = (home.join("hub"), folder.path().join("earlier"));
    fs::create_dir(&earlier)?;
    for file in fs::read_dir(&records)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with("fivebar.db") {
            fs::copy(file.path(), earlier.join(file.file_name()))?;
        }
    }
    close(&home, "second.example")?;
    close(&home, "third.example")?;
    let backup = folder.path().join("school.fivebar-backup");
    let backup = backup.to_string_lossy();
    let said = told(&home, &["backup", &backup])?;
    assert!(said.contains("The activity log and the records of sealed addresses are not in it"), "{said}");
    assert!(said.contains("It is NOT encrypted"), "{said}");
    let said = told(&home, &["verify", &backup])?;
    assert!(said.contains("still has all"), "{said}");

    for file in fs::read_dir(&records)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with("fivebar.db") {
            fs::remove_file(file.path())?;
        }
    }
    for file in fs::read_dir(&earlier)? {
        let file = file?;
        fs::copy(file.path(), records.join(file.file_name()))?;
    }
    let cut = fivebar(&home, &["verify", &backup])?;
    let said = String::from_utf8_lossy(&cut.stderr);
    assert!(!cut.status.success() && said.contains("are missing"), "{said}");
    assert!(told(&home, &["verify"])?.contains("The access trail is whole"), "by itself it looks whole");

    for site in ["other.example", "another.example", "more.example"] {
        close(&home, site)?;
    }
    let anew = fivebar(&home, &["verify", &backup])?;
    let said = String::from_utf8_lossy(&anew.stderr);
    assert!(!anew.status.success() && said.contains("is not the one that the back-up knows"), "{said}");
    Ok(())
}

/// Every file below a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

#[test]
fn an_encrypted_back_up_is_opened_by_its_identity_here_and_by_age_itself() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    let set_up =
        ["init", "--yes", "--school", "Hillside", "--dns", "127.0.0.1:0", "--upstream", "127.0.0.1:9"];
    told(&home, &set_up)?;
    close(&home, "first.example")?;
    // The keys are made by age's own program, and nobody's but the head's opens the back-up.
    let stick = folder.path().join("stick");
    fs::create_dir(&stick)?;
    let key_of = |who: &str| -> Result<(String, String)> {
        let file = stick.join(who);
        let made =
            Command::new("age-keygen").arg("-o").arg(&file).output().context("age is not installed")?;
        let said = String::from_utf8(made.stderr)?;
        let public = said.trim().rsplit(' ').next().context("a public key")?.to_owned();
        Ok((public, file.to_str().context("path")?.to_owned()))
    };
    let ((head, heads), (_, others)) = (key_of("head")?, key_of("other")?);
    let backup = stick.join("school.fivebar-backup");
    let backup = backup.to_str().context("path")?;
    let said = told(&home, &["backup", "--to", backup, "--recipient", &head])?;
    assert!(said.contains("It is encrypted to 1 key"), "{said}");
    let wrong = fivebar(&home, &["backup", "--to", "/nowhere/else", "--recipient", "age1nobody"])?;
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
    let left: Vec<_> =
        fs::read_dir(&home)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    assert!(!left.iter().any(|name| name.starts_with(".fivebar-")), "nothing in plain is left: {left:?}");

    // Another program opens it, and finds what the manifest says.
    let opened = Command::new("age").args(["--decrypt", "--identity", &heads, backup]).output()?;
    assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
    assert!(opened.stdout.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]), "what is inside is packed with zstd");
    let refused = Command::new("age").args(["--decrypt", "--identity", &others, backup]).output()?;
    assert!(!refused.status.success());

    let said = told(&home, &["verify", backup, "--identity", &heads])?;
    assert!(said.contains("is whole") && said.contains("still has all"), "{said}");
    let elsewhere = folder.path().join("elsewhere");
    for (identity, words) in
        [(None, "is encrypted; give the file"), (Some(&others), "does not open the back-up")]
    {
        let more: Vec<&str> = identity.iter().flat_map(|file| ["--identity", file.as_str()]).collect();
        for command in ["verify", "restore"] {
            let refused = fivebar(&elsewhere, &[&[command, backup], &more[..]].concat())?;
            let said = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert!(
                !refused.status.success() && (said.contains(words) || command == "verify"),
                "{command}: {said}"
            );
            assert!(!elsewhere.exists(), "nothing was put in place");
        }
    }
    told(&elsewhere, &["restore", backup, "--identity", &heads])?;
    assert!(told(&elsewhere, &["overrides", "list"])?.contains("first.example is closed"));
    assert!(told(&elsewhere, &["verify"])?.contains("The access trail is whole"));
    assert_eq!(files(&elsewhere.join("keys"))?.len(), files(&home.join("keys"))?.len());

    // A back-up that was cut off opens nothing.
    let short = stick.join("short");
    let bytes = fs::read(backup)?;
    fs::write(&short, &bytes[..bytes.len() / 2])?;
    let anew = folder.path().join("anew");
    let refused = fivebar(&anew, &["restore", short.to_str().context("path")?, "--identity", &heads])?;
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("not a whole Fivebar back-up"), "{said}");
    assert!(!anew.exists());
    Ok(())
}

fn copy_records(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with("fivebar.db") {
            fs::copy(file.path(), to.join(file.file_name()))?;
        }
    }
    Ok(())
}

#[test]
fn records_that_were_brought_back_let_nobody_in_by_restore_or_by_hand() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    told(
        &home,
        &["init", "--yes", "--school", "Hillside", "--dns", "127.0.0.1:0", "--upstream", "127.0.0.1:9"],
    )?;
    let roll = folder.path().join("roll.toml");
    fs::write(&roll, "[[person]]\nname = \"Hanna Example\"\ngroups = []\n")?;
    told(&home, &["people", "import", &roll.to_string_lossy(), "--apply"])?;
    told(&home, &["people", "invite", "Hanna Example", "--name", "hanna"])?;
    let earlier = folder.path().join("earlier");
    copy_records(&home.join("hub"), &earlier)?;
    let backup = folder.path().join("school.fivebar-backup");
    told(&home, &["backup", &backup.to_string_lossy()])?;
    // The records go on, and nothing ends by itself.
    let said = told(&home, &["duties", "give", "head", "--to", "Hanna Example", "--reason", "Appointed."])?;
    assert!(!said.contains("brought back"), "{said}");
    let said = told(&home, &["duties", "list"])?;
    assert!(!said.contains("brought back"), "{said}");

    // By hand.
    for file in fs::read_dir(home.join("hub"))? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with("fivebar.db") {
            fs::remove_file(file.path())?;
        }
    }
    copy_records(&earlier, &home.join("hub"))?;
    let said = told(&home, &["duties", "list"])?;
    assert!(said.contains("brought back to an earlier state") && said.contains("1 invitations"), "{said}");
    assert!(!told(&home, &["duties", "list"])?.contains("brought back"), "it is said and done once");
    let invited = told(&home, &["people", "invite", "--everyone"])?;
    assert!(invited.contains("Hanna Example, who signs in by hanna:"), "{invited}");
    assert!(!told(&home, &["duties", "list"])?.contains("brought back"));

    // By the command, in the same home and in another.
    let said = told(&home, &["restore", &backup.to_string_lossy(), "--replace"])?;
    assert!(said.contains("brought back to an earlier state"), "{said}");
    let other = folder.path().join("other");
    let said = told(&other, &["restore", &backup.to_string_lossy()])?;
    assert!(said.contains("1 invitations"), "{said}");
    Ok(())
}

#[test]
fn what_was_past_its_time_is_not_brought_back_by_a_restore() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    init(&home)?;
    let records = home.join("hub/fivebar.db");
    let run = |sql: &str| -> Result<Option<i64>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let db = Db::open(&DatabaseUrl::sqlite(&records)).await?;
            let tx = db.begin().await?;
            let backend = tx.backend();
            let row = tx.conn().query_one_raw(Statement::from_string(backend, sql)).await?;
            tx.commit().await?;
            db.close().await?;
            Ok(row.map(|row| row.try_get("", "n")).transpose()?)
        })
    };
    // What somebody said more than a school year ago, and yesterday: as on the day of the back-up both were kept.
    let day = 86_400_000_i64;
    let now = kit::Clock::System.now().as_millis();
    for (id, told_at) in [("old", now - 400 * day), ("new", now - day)] {
        run(&format!(
            "INSERT INTO account_worry (id, what, words, told_at) VALUES ('account-worry_{id}', 'lost', 'Bo has my card', {told_at})
             RETURNING 1 AS n"
        ))?;
    }
    let backup = folder.path().join("it.fivebar-backup");
    let backup = backup.to_str().context("a path")?;
    told(&home, &["backup", "--to", backup])?;
    assert_eq!(run("SELECT count(*) AS n FROM account_worry")?, Some(2), "a back-up erases nothing");
    let said = told(&home, &["restore", backup, "--replace"])?;
    assert!(said.contains("1 entries in it were past their time and were erased again"), "{said}");
    assert_eq!(run("SELECT count(*) AS n FROM account_worry")?, Some(1));
    assert_eq!(run("SELECT count(*) AS n FROM account_worry WHERE id = 'account-worry_new'")?, Some(1));
    ensure!(told(&home, &["verify"])?.contains("The access trail is whole"), "the trail");
    Ok(())
}

#[test]
fn a_school_is_restored_into_the_database_that_is_named_and_its_settings_name_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    init(&home)?;
    close(&home, "games.example")?;
    let backup = folder.path().join("it.fivebar-backup");
    let backup = backup.to_str().context("a path")?;
    told(&home, &["backup", "--to", backup])?;
    let other = folder.path().join("other");
    // Where the hub could not open them, nothing is begun.
    for address in
        ["sqlite:records.db".to_owned(), format!("sqlite:{}", folder.path().join("r.db").display())]
    {
        let refused = fivebar(&other, &["restore", backup, "--database", &address])?;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        ensure!(
            !refused.status.success() && said.contains("the hub may open a SQLite file in"),
            "{address}: {said}"
        );
        ensure!(!other.exists(), "{address}: nothing was changed");
    }
    told(&other, &["restore", backup, "--database", "sqlite:hub/records.db"])?;
    ensure!(
        other.join("hub/records.db").is_file() && !other.join("hub/fivebar.db").exists(),
        "where they are"
    );
    let settings = fs::read_to_string(other.join("fivebar.toml"))?;
    ensure!(settings.contains("database = \"sqlite:hub/records.db\""), "{settings}");
    ensure!(
        told(&other, &["overrides", "list"])?.contains("games.example"),
        "the records that were restored"
    );
    // The school that was backed up is as it was.
    ensure!(
        told(&home, &["overrides", "list"])?.contains("games.example")
            && !home.join("hub/records.db").exists(),
        "here"
    );
    // In place of another: what was there is kept aside, and the new file is used.
    told(&other, &["restore", backup, "--replace", "--database", "sqlite:hub/again.db"])?;
    let settings = fs::read_to_string(other.join("fivebar.toml"))?;
    ensure!(
        settings.contains("database = \"sqlite:hub/again.db\"") && other.join("hub/again.db").is_file(),
        "{settings}"
    );
    Ok(())
}
