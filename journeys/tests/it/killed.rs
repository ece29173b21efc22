//! `kill -9` in the middle of what changes the records: an import, a newer program upon older records, a back-up, a restore, a move. At
//! many moments: some spread over the time that the work takes, some as soon as a file shows where it is. Afterwards nothing is half done,
//! nothing is lost, and whoever reads what the program says knows what to do next.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use journeys::{School, eventually, init, program};
use store::DatabaseUrl;
use store::orm::{ConnectionTrait as _, Database, DatabaseConnection, Statement};
use testing::postgres::with_database;

fn fivebar(home: &Path, arguments: &[&str]) -> Result<Output> {
    Ok(Command::new(program()?).arg("--home").arg(home).args(arguments).stdin(Stdio::null()).output()?)
}

fn told(home: &Path, arguments: &[&str]) -> Result<String> {
    let output = fivebar(home, arguments)?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(said)
}

/// What a command says, done or not.
fn said(home: &Path, arguments: &[&str]) -> Result<(bool, String)> {
    let output = fivebar(home, arguments)?;
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok((output.status.success(), text))
}

/// When a command is killed.
#[derive(Debug, Clone)]
enum When {
    /// So long after its start.
    After(Duration),
    /// So long after a file whose name begins so is in a folder.
    Seen(PathBuf, String, Duration),
}

impl When {
    fn has_come(&self, begun: Instant, seen: &mut Option<Instant>) -> bool {
        match self {
            Self::After(delay) => begun.elapsed() >= *delay,
            Self::Seen(folder, begins, delay) => {
                if seen.is_none() {
                    let names = fs::read_dir(folder).into_iter().flatten().flatten();
                    let is_there = names
                        .into_iter()
                        .any(|one| one.file_name().to_string_lossy().starts_with(begins.as_str()));
                    *seen = is_there.then(Instant::now);
                }
                seen.is_some_and(|seen| seen.elapsed() >= *delay)
            }
        }
    }
}

/// Starts a command and kills it when the moment has come. Whether it was killed: it may have ended before.
fn killed(home: &Path, arguments: &[&str], when: &When) -> Result<bool> {
    let mut child = Command::new(program()?)
        .arg("--home")
        .arg(home)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let (begun, mut seen) = (Instant::now(), None);
    loop {
        if child.try_wait()?.is_some() {
            return Ok(false);
        }
        if when.has_come(begun, &mut seen) {
            // What `kill -9` sends.
            child.kill()?;
            child.wait()?;
            return Ok(true);
        }
        ensure!(begun.elapsed() < Duration::from_secs(120), "{arguments:?} did not end");
        std::thread::sleep(Duration::from_micros(500));
    }
}

/// So many moments over the time that the work takes when nobody kills it.
fn spread(took: Duration, moments: u32) -> Vec<When> {
    (0..moments).map(|one| When::After(took.mul_f64((f64::from(one) + 0.5) / f64::from(moments)))).collect()
}

/// A database server for these tests, and databases on it.
struct Server {
    runtime: tokio::runtime::Runtime,
    url: String,
    copies: std::cell::Cell<u32>,
}

impl Server {
    /// One with an empty database; `None` where tests run without.
    fn start() -> Result<Option<Self>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let places = runtime.block_on(testing::databases::urls());
        let postgres = places.into_iter().find_map(|(_, url)| match url {
            DatabaseUrl::Postgres(url) => Some(url.reveal().clone()),
            DatabaseUrl::Sqlite(_) => None,
        });
        Ok(postgres.map(|url| Self { runtime, url, copies: std::cell::Cell::new(0) }))
    }

    fn run(&self, url: &str, sql: &str) -> Result<()> {
        self.runtime.block_on(async {
            let connection = Database::connect(url).await?;
            let done = connection.execute_unprepared(sql).await;
            connection.close().await?;
            done?;
            anyhow::Ok(())
        })
    }

    /// A new database, a copy of another where one is named.
    fn database(&self, like: Option<&str>) -> Result<String> {
        let name_of = |url: &str| -> Option<String> {
            let before = url.split('?').next()?;
            Some(before.rsplit('/').next()?.to_owned())
        };
        self.copies.set(self.copies.get() + 1);
        let name = format!("{}_{}", name_of(&self.url).context("a name")?, self.copies.get());
        let template = like.and_then(name_of).map(|like| format!(" TEMPLATE {like}")).unwrap_or_default();
        let make = format!("CREATE DATABASE {name}{template}");
        // Whoever was killed is still being seen off by the server.
        eventually(Duration::from_secs(20), || self.run(&with_database(&self.url, "postgres"), &make).ok())
            .context("no new database")?;
        Ok(with_database(&self.url, &name))
    }
}

/// A school to be copied as often as it is killed: its home folder, and its records in a file of it or on a server.
struct Model {
    home: PathBuf,
    server: Option<(Server, String)>,
}

impl Model {
    fn engine(&self) -> &'static str {
        if self.server.is_some() { "PostgreSQL" } else { "SQLite" }
    }

    /// The same school on both engines.
    fn both(folder: &Path, set_up: impl Fn(&Path) -> Result<()>) -> Result<Vec<Self>> {
        let home = folder.join("model");
        init(&home)?;
        set_up(&home)?;
        let mut both = Vec::new();
        if let Some(server) = Server::start()? {
            let other = folder.join("model-on-a-server");
            copy(&home, &other)?;
            let url = server.database(None)?;
            told(&other, &["move-database", "--to", &url])?;
            both.push(Self { home: other, server: Some((server, url)) });
        }
        both.insert(0, Self { home, server: None });
        Ok(both)
    }

    /// A school like it, in a new home.
    fn another(&self, home: &Path) -> Result<Copied> {
        copy(&self.home, home)?;
        let Some((server, like)) = &self.server else {
            return Ok(Copied { home: home.to_owned(), url: None });
        };
        let url = server.database(Some(like))?;
        let file = home.join("fivebar.toml");
        fs::write(&file, fs::read_to_string(&file)?.replace(like, &url))?;
        Ok(Copied { home: home.to_owned(), url: Some(url) })
    }
}

/// A school of which one was killed.
struct Copied {
    home: PathBuf,
    url: Option<String>,
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).output()?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

fn close(home: &Path, site: &str) -> Result<String> {
    let give =
        ["overrides", "give", site, "--close", "--whom", "everyone", "--for", "8h", "--reason", "a trial"];
    told(home, &give)
}

/// The trail is whole, and all that the program keeps is as it was kept.
fn is_whole(home: &Path) -> Result<()> {
    let verified = told(home, &["verify"])?;
    ensure!(verified.contains("The access trail is whole"), "{verified}");
    Ok(())
}

/// What lies in a folder of the back-ups' own.
fn left_in(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    names
        .filter_map(|one| one.file_name().into_string().ok())
        .filter(|name| name.starts_with(".fivebar-backup-"))
        .collect()
}

/// A roll of so many people in the form that a school's own system exports.
fn roll(folder: &Path, people: u32) -> Result<()> {
    fs::create_dir(folder)?;
    let mut users = String::from(
        "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,givenName,familyName,grades\n",
    );
    let mut enrolled = String::from("sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role\n");
    for number in 0..people {
        writeln!(users, "p{number},,,true,s,student,u{number},Given{number},Family{number},9")?;
        writeln!(enrolled, "e{number},c{},s,p{number},student", number % 60)?;
    }
    let classes: String = (0..60).map(|class| format!("c{class},9-{class}\n")).collect();
    for (name, text) in [
        ("manifest.csv", "propertyName,value\noneroster.version,1.1\nfile.users,bulk\nfile.classes,bulk\nfile.enrollments,bulk\n".to_owned()),
        ("users.csv", users),
        ("classes.csv", format!("sourcedId,title\n{classes}")),
        ("enrollments.csv", enrolled),
    ] {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}

/// How many people are on the roll.
fn on_the_roll(home: &Path) -> Result<usize> {
    Ok(told(home, &["people", "show"])?.matches("Family").count())
}

#[test]
fn an_import_that_is_killed_changes_everybody_or_nobody_and_can_be_given_again() -> Result<()> {
    const PEOPLE: u32 = 2_000;
    let folder = tempfile::tempdir()?;
    let export = folder.path().join("export");
    roll(&export, PEOPLE)?;
    let export = export.to_str().context("path")?;
    let import = ["people", "import", export, "--apply"];
    for model in Model::both(folder.path(), |_| Ok(()))? {
        let trial = model.another(&folder.path().join(format!("{}-trial", model.engine())))?;
        let begun = Instant::now();
        told(&trial.home, &import)?;
        let took = begun.elapsed();
        assert_eq!(on_the_roll(&trial.home)?, PEOPLE as usize);
        let (mut kills, mut nobody, mut everybody) = (0, 0, 0);
        for (round, when) in spread(took, 10).into_iter().enumerate() {
            let school = model.another(&folder.path().join(format!("{}-{round}", model.engine())))?;
            kills += usize::from(killed(&school.home, &import, &when)?);
            // The first to look may be the school itself as it starts.
            if round % 3 == 0 {
                School::run(&school.home)?.stop()?;
            }
            is_whole(&school.home)?;
            let (people, imports) = (on_the_roll(&school.home)?, told(&school.home, &["people", "imports"])?);
            match people {
                0 => {
                    assert!(!imports.contains("applied"), "{when:?}: {imports}");
                    nobody += 1;
                }
                2_000 => {
                    assert!(imports.contains("applied"), "{when:?}: {imports}");
                    everybody += 1;
                }
                some => bail!("{}, {when:?}: {some} of them are on the roll", model.engine()),
            }
            // Given again it does what is missing, and nothing twice.
            told(&school.home, &import)?;
            assert_eq!(on_the_roll(&school.home)?, PEOPLE as usize, "{when:?}");
            is_whole(&school.home)?;
        }
        assert!(
            kills >= 6 && nobody > 0,
            "{}: {kills} kills, {nobody} nobody, {everybody} everybody",
            model.engine()
        );
    }
    Ok(())
}

/// What the steps to today's records made since the sixteenth, taken away again: records as a program of that time left them.
const AS_THEY_WERE: &[&str] = &[
    "ALTER TABLE account DROP COLUMN came_at",
    "ALTER TABLE account DROP COLUMN password_by",
    "DROP TABLE word_change",
    "DROP INDEX site_request_signed_in",
    "DROP INDEX site_report_signed_in",
    "ALTER TABLE site_request DROP COLUMN signed_in",
    "ALTER TABLE site_report DROP COLUMN signed_in",
    "ALTER TABLE invitation DROP COLUMN proofs",
    "ALTER TABLE account DROP COLUMN language",
    "DROP TABLE account_worry",
    "DROP TABLE class_slot",
    "DROP TABLE webhook_delivery",
    "DROP TABLE webhook",
    "DROP TABLE api_answer",
    "DROP TABLE api_token",
    "ALTER TABLE account DROP COLUMN programs_from",
    "DROP TABLE notice_clock",
    "DROP TABLE push_subscription",
    "DROP TABLE notice_address",
    "DROP TABLE notice_quiet",
    "DROP TABLE notice_choice",
    "DROP TABLE notice",
    "DROP TABLE emergency",
    "DROP TABLE task",
    "DROP TABLE outbox",
    "DROP TABLE back_up_drill",
    "DROP TABLE back_up",
    "DROP TABLE taught",
    "DROP TABLE lanyard",
    "DROP TABLE guest",
    "DROP TABLE class_card",
    "DROP TABLE log_in_card",
    "DELETE FROM schema_migration WHERE number > 16",
];

async fn shape(connection: &DatabaseConnection) -> Result<i64> {
    let newest = "SELECT max(number) AS n FROM schema_migration";
    let row =
        connection.query_one_raw(Statement::from_string(connection.get_database_backend(), newest)).await?;
    Ok(row.context("no shape")?.try_get("", "n")?)
}

/// What SQLite itself says of a file.
fn integrity(runtime: &tokio::runtime::Runtime, url: &str) -> Result<String> {
    runtime.block_on(async {
        let connection = Database::connect(url).await?;
        let asked = Statement::from_string(connection.get_database_backend(), "PRAGMA integrity_check");
        let row = connection.query_one_raw(asked).await?.context("no answer")?;
        connection.close().await?;
        Ok(row.try_get_by_index(0)?)
    })
}

#[test]
fn a_newer_program_that_is_killed_over_older_records_leaves_them_older_or_newer_and_goes_on() -> Result<()> {
    const OLDER: i64 = 16;
    let folder = tempfile::tempdir()?;
    let export = folder.path().join("export");
    roll(&export, 500)?;
    let export = export.to_str().context("path")?.to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let older = |url: &str| -> Result<()> {
        runtime.block_on(async {
            let connection = Database::connect(url).await?;
            for statement in AS_THEY_WERE {
                connection.execute_unprepared(statement).await.with_context(|| (*statement).to_owned())?;
            }
            assert_eq!(shape(&connection).await?, OLDER);
            connection.close().await?;
            anyhow::Ok(())
        })
    };
    let look = |url: &str| -> Result<i64> {
        runtime.block_on(async {
            let connection = Database::connect(url).await?;
            let seen = shape(&connection).await?;
            connection.close().await?;
            Ok(seen)
        })
    };
    let file_url = |file: &Path| format!("sqlite:{}?mode=rw", file.display());
    let set_up = |home: &Path| {
        told(home, &["people", "import", &export, "--apply"])?;
        close(home, "first.example").map(drop)
    };
    // What opens the records and says something of them.
    let open = ["overrides", "list"];
    for model in Model::both(folder.path(), set_up)? {
        let records = |school: &Copied| {
            school.url.clone().unwrap_or_else(|| file_url(&school.home.join("hub/fivebar.db")))
        };
        let model_url = model.server.as_ref().map(|(_, url)| url.clone());
        older(&model_url.unwrap_or_else(|| file_url(&model.home.join("hub/fivebar.db"))))?;
        let trial = model.another(&folder.path().join(format!("{}-trial", model.engine())))?;
        let begun = Instant::now();
        told(&trial.home, &open)?;
        let took = begun.elapsed();
        assert_eq!(look(&records(&trial))?, store::newest_shape());
        let mut moments = spread(took, 12);
        if model.server.is_none() {
            // The copy of before, half written and whole, and then the change itself.
            let seen = |name: &str, after: u64| {
                When::Seen(
                    PathBuf::from("hub"),
                    format!("fivebar.db.before-m0017{name}"),
                    Duration::from_micros(after),
                )
            };
            moments.extend([
                seen(".unfinished", 0),
                seen(".unfinished", 1_000),
                seen(".unfinished", 4_000),
                seen(".unfinished", 8_000),
            ]);
            moments.extend([
                seen(".unfinished", 15_000),
                seen(".unfinished", 30_000),
                seen(".unfinished", 60_000),
            ]);
        }
        let (mut kills, mut stayed) = (0, 0);
        for (round, when) in moments.into_iter().enumerate() {
            let school = model.another(&folder.path().join(format!("{}-{round}", model.engine())))?;
            let when = match when {
                When::Seen(inside, name, after) => When::Seen(school.home.join(inside), name, after),
                after @ When::After(_) => after,
            };
            kills += usize::from(killed(&school.home, &open, &when)?);
            match look(&records(&school))? {
                OLDER => stayed += 1,
                now if now == store::newest_shape() => {}
                between => bail!("{}, {when:?}: the records are of shape {between}", model.engine()),
            }
            // The copy of before is whole where there is one.
            let before = school.home.join("hub/fivebar.db.before-m0017");
            if before.exists() {
                assert_eq!(look(&file_url(&before))?, OLDER, "{when:?}");
            }
            if round % 3 == 0 {
                School::run(&school.home)?.stop()?;
            }
            assert!(told(&school.home, &open)?.contains("first.example"), "{when:?}");
            assert_eq!(look(&records(&school))?, store::newest_shape());
            is_whole(&school.home)?;
            if model.server.is_none() {
                assert_eq!(integrity(&runtime, &file_url(&before))?, "ok", "{when:?}: the copy of before");
            }
        }
        assert!(
            kills >= 8 && stayed > 0,
            "{}: {kills} kills, {stayed} left them as they were",
            model.engine()
        );
    }
    Ok(())
}

#[test]
fn a_back_up_that_is_killed_is_none_and_leaves_nothing_in_plain_behind() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let export = folder.path().join("export");
    roll(&export, 500)?;
    let export = export.to_str().context("path")?.to_owned();
    let set_up = |home: &Path| {
        told(home, &["people", "import", &export, "--apply"])?;
        close(home, "first.example").map(drop)
    };
    for model in Model::both(folder.path(), set_up)? {
        let school = model.another(&folder.path().join(model.engine()))?;
        let place = folder.path().join(format!("{}-place", model.engine()));
        fs::create_dir(&place)?;
        let target = |round: usize| place.join(format!("{round}.fivebar-backup"));
        let path =
            |round: usize| -> Result<String> { Ok(target(round).to_str().context("path")?.to_owned()) };
        let begun = Instant::now();
        told(&school.home, &["backup", "--to", &path(1_000)?])?;
        let mut moments = spread(begun.elapsed(), 10);
        let begun =
            |after| When::Seen(place.clone(), ".fivebar-backup-".to_owned(), Duration::from_millis(after));
        moments.extend([begun(0), begun(20), begun(60)]);
        let (mut kills, mut left) = (0, 0);
        for (round, when) in moments.into_iter().enumerate() {
            kills += usize::from(killed(&school.home, &["backup", "--to", &path(round)?], &when)?);
            left += left_in(&place).len();
            if target(round).exists() {
                let (done, verified) = said(&school.home, &["verify", &path(round)?])?;
                assert!(done && verified.contains("still has all"), "{when:?}: {verified}");
            }
            is_whole(&school.home)?;
        }
        assert!(kills >= 6 && left > 0, "{}: {kills} kills, {left} left something", model.engine());
        // The next one that is made removes what the others left.
        told(&school.home, &["backup", "--to", &path(1_001)?])?;
        for folder in [&place, &school.home, &school.home.join("hub")] {
            assert_eq!(left_in(folder), Vec::<String>::new(), "{}: {}", model.engine(), folder.display());
        }
        let (done, verified) = said(&school.home, &["verify", &path(1_001)?])?;
        assert!(done, "{verified}");

        // The same for those that are made by rule.
        let disk = folder.path().join(format!("{}-disk", model.engine()));
        fs::create_dir(&disk)?;
        let file = school.home.join("fivebar.toml");
        let text = fs::read_to_string(&file)?;
        fs::write(&file, format!("{text}\n[backup]\nto = {disk:?}\n"))?;
        told(&school.home, &["backup", "prepare"])?;
        let begun = Instant::now();
        told(&school.home, &["backup", "now"])?;
        for when in spread(begun.elapsed(), 5) {
            // A name has the second in it.
            std::thread::sleep(Duration::from_millis(1_100));
            killed(&school.home, &["backup", "now"], &when)?;
            is_whole(&school.home)?;
        }
        std::thread::sleep(Duration::from_millis(1_100));
        told(&school.home, &["backup", "now"])?;
        assert!(told(&school.home, &["backup", "drill"])?.contains("would bring the school back"));
        assert!(!school.home.join("hub/back-ups").exists(), "what was worked out is gone");
    }
    Ok(())
}

#[test]
fn a_restore_that_is_killed_says_so_and_given_again_brings_the_school_back() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for model in Model::both(folder.path(), |home| close(home, "kept.example").map(drop))? {
        let backup = folder.path().join(format!("{}.fivebar-backup", model.engine()));
        let backup = backup.to_str().context("path")?;
        told(&model.home, &["backup", "--to", backup])?;
        close(&model.home, "later.example")?;
        let restore = ["restore", backup, "--replace"];
        let trial = model.another(&folder.path().join(format!("{}-trial", model.engine())))?;
        let begun = Instant::now();
        told(&trial.home, &restore)?;
        let mut moments = spread(begun.elapsed(), 10);
        let seen = |name: &str, after: u64| {
            When::Seen(PathBuf::new(), name.to_owned(), Duration::from_micros(after))
        };
        moments.extend(
            [0, 500, 2_000, 5_000, 10_000, 20_000, 40_000, 80_000]
                .map(|after| seen("restore-unfinished", after)),
        );
        moments.extend([0, 300, 1_000].map(|after| seen("before-restore-", after)));
        let (mut kills, mut broken_off) = (0, 0);
        for (round, when) in moments.into_iter().enumerate() {
            let school = model.another(&folder.path().join(format!("{}-{round}", model.engine())))?;
            let when = match when {
                When::Seen(_, name, after) => When::Seen(school.home.clone(), name, after),
                after @ When::After(_) => after,
            };
            kills += usize::from(killed(&school.home, &restore, &when)?);
            let (works, listed) = said(&school.home, &["overrides", "list"])?;
            if works {
                // It is the school of before or the one that was brought back, whole.
                let brought_back = !listed.contains("later.example");
                assert!(listed.contains("kept.example"), "{}, {when:?}: {listed}", model.engine());
                // Brought back, and killed before it was published for gates: the start does that, or the command that is named.
                let (done, verified) = said(&school.home, &["verify"])?;
                assert!(verified.contains("The access trail is whole"), "{when:?}: {verified}");
                let named = verified.contains("nothing has been published yet")
                    && verified.contains("`fivebar lists update`");
                assert!(done || (brought_back && named), "{when:?}: {verified}");
                if !done {
                    School::run(&school.home)?.stop()?;
                    is_whole(&school.home)?;
                }
                if brought_back {
                    assert!(
                        told(&school.home, &["--json", "trail", "show"])?.contains("backup.restore"),
                        "{when:?}"
                    );
                }
            } else {
                broken_off += 1;
                assert!(
                    listed.contains("a restore into") && listed.contains("was broken off"),
                    "{when:?}: {listed}"
                );
                let (started, why) = said(&school.home, &["run"])?;
                assert!(
                    !started && why.contains("`fivebar restore` with the same back-up again"),
                    "{when:?}: {why}"
                );
            }
            // Whoever was killed may have left a program of the server's at work for a moment.
            let again = eventually(Duration::from_secs(30), || {
                let (done, words) = said(&school.home, &restore).ok()?;
                if !done && !words.contains("in use") {
                    return Some(Err(words));
                }
                done.then_some(Ok(()))
            });
            if let Some(Err(words)) = again {
                bail!("{}, {when:?}: {words}", model.engine());
            }
            again.with_context(|| format!("{when:?}: in use for half a minute"))?.ok();
            let listed = told(&school.home, &["overrides", "list"])?;
            assert!(
                listed.contains("kept.example") && !listed.contains("later.example"),
                "{when:?}: {listed}"
            );
            is_whole(&school.home)?;
            assert_eq!(left_in(&school.home), Vec::<String>::new(), "{when:?}");
            // The back-up's settings name the database of the school that it was made of, which is another's.
            if let Some(url) = &school.url {
                let settings = fs::read_to_string(school.home.join("fivebar.toml"))?;
                assert!(settings.contains(url), "{when:?}: {settings}");
            }
            if round % 6 == 0 {
                School::run(&school.home)?.stop()?;
            }
        }
        assert!(kills >= 8 && broken_off > 0, "{}: {kills} kills, {broken_off} broken off", model.engine());
    }
    Ok(())
}

#[test]
fn a_move_that_is_killed_leaves_the_school_in_one_place_and_can_be_given_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let export = folder.path().join("export");
    roll(&export, 500)?;
    let export = export.to_str().context("path")?.to_owned();
    let set_up = |home: &Path| {
        told(home, &["people", "import", &export, "--apply"])?;
        close(home, "first.example").map(drop)
    };
    let models = Model::both(folder.path(), set_up)?;
    let [file, served] = &*models else {
        return Ok(());
    };
    let (server, _) = served.server.as_ref().context("a server")?;
    for model in [file, served] {
        let to = || match model.server {
            None => server.database(None),
            Some(_) => Ok("sqlite:hub/moved.db".to_owned()),
        };
        let trial = model.another(&folder.path().join(format!("{}-trial", model.engine())))?;
        let begun = Instant::now();
        told(&trial.home, &["move-database", "--to", &to()?])?;
        let mut moments = spread(begun.elapsed(), 12);
        let seen = |name: &str| When::Seen(PathBuf::new(), name.to_owned(), Duration::ZERO);
        moments.extend([
            seen("fivebar.toml.before-move"),
            seen("fivebar.toml.before-move"),
            seen("fivebar.toml.tmp"),
        ]);
        let (mut kills, mut old, mut new) = (0, 0, 0);
        for (round, when) in moments.into_iter().enumerate() {
            let school = model.another(&folder.path().join(format!("{}-{round}", model.engine())))?;
            // What the copy was made from was moved itself.
            let _ = fs::remove_file(school.home.join("fivebar.toml.before-move"));
            let when = match when {
                When::Seen(_, name, after) => When::Seen(school.home.clone(), name, after),
                after @ When::After(_) => after,
            };
            let to = to()?;
            let order = ["move-database", "--to", &to];
            kills += usize::from(killed(&school.home, &order, &when)?);
            let names_it = fs::read_to_string(school.home.join("fivebar.toml"))?.contains(&to);
            if names_it {
                new += 1
            } else {
                old += 1
            }
            let runs_first = round % 4 == 3;
            if runs_first {
                // Whoever starts it where it is finds everything.
                let running = School::run(&school.home)?;
                assert!(running.told(&["overrides", "list"])?.contains("first.example"), "{when:?}");
                close(&school.home, "second.example")?;
                running.stop()?;
            }
            is_whole(&school.home)?;
            assert_eq!(on_the_roll(&school.home)?, 500, "{when:?}");
            if names_it {
                continue;
            }
            let (moved, words) = said(&school.home, &order)?;
            if moved {
                assert!(words.contains("every one as it was"), "{when:?}: {words}");
                assert!(fs::read_to_string(school.home.join("fivebar.toml"))?.contains(&to), "{when:?}");
            } else {
                // They had arrived, and the school went on where it was: nobody may mix up the two.
                assert!(runs_first && words.contains("name an empty database"), "{when:?}: {words}");
            }
            is_whole(&school.home)?;
            assert_eq!(on_the_roll(&school.home)?, 500, "{when:?}");
            let moves = told(&school.home, &["--json", "trail", "show"])?.matches("records.move").count();
            let before = usize::from(model.server.is_some());
            assert_eq!(moves, before + usize::from(moved), "{when:?}: once in the trail");
        }
        assert!(kills >= 8 && old > 0, "{}: {kills} kills, {old} old, {new} new", model.engine());
    }
    Ok(())
}
