//! The shape of the records, step by step: forward only, in Rust, all pending steps in one transaction.
//!
//! A migration that has been released is never edited; the next number changes what it made. Each is a function of the
//! engine that returns statements, so the two shapes are written side by side, and a test holds them equal.

mod m0001_first;
mod m0002_filtering;
mod m0003_focus_withheld;
mod m0004_sealed;
mod m0005_policy_kept;
mod m0006_list_web;
mod m0007_filter_test;
mod m0008_dns_name;
mod m0009_observing;
mod m0010_device_hardware;
mod m0011_house;
mod m0012_roll;
mod m0013_sign_in;
mod m0014_code_app;
mod m0015_other_ways;
mod m0016_house_kept;
mod m0017_accounts;
mod m0018_back_up;
mod m0019_outbox;
mod m0020_register;
mod m0021_notices;
mod m0022_api;
mod m0024_timetable;
mod m0025_worries;
mod m0026_language;
mod m0027_invitation;
mod m0028_signed_in;
mod m0029_words;
mod m0030_came;

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::db::{Db, file_error};
use crate::error::StoreError;
use crate::url::DatabaseUrl;

/// One step.
struct Migration {
    number: i64,
    name: &'static str,
    statements: fn(DbBackend) -> Vec<String>,
}

/// Every step, in order.
const ALL: &[Migration] = &[
    Migration { number: 1, name: "first", statements: m0001_first::statements },
    Migration { number: 2, name: "filtering", statements: m0002_filtering::statements },
    Migration { number: 3, name: "focus-withheld", statements: m0003_focus_withheld::statements },
    Migration { number: 4, name: "sealed", statements: m0004_sealed::statements },
    Migration { number: 5, name: "policy-kept", statements: m0005_policy_kept::statements },
    Migration { number: 6, name: "list-web", statements: m0006_list_web::statements },
    Migration { number: 7, name: "filter-test", statements: m0007_filter_test::statements },
    Migration { number: 8, name: "dns-name", statements: m0008_dns_name::statements },
    Migration { number: 9, name: "observing", statements: m0009_observing::statements },
    Migration { number: 10, name: "device-hardware", statements: m0010_device_hardware::statements },
    Migration { number: 11, name: "house", statements: m0011_house::statements },
    Migration { number: 12, name: "roll", statements: m0012_roll::statements },
    Migration { number: 13, name: "sign-in", statements: m0013_sign_in::statements },
    Migration { number: 14, name: "code-app", statements: m0014_code_app::statements },
    Migration { number: 15, name: "other-ways", statements: m0015_other_ways::statements },
    Migration { number: 16, name: "house-kept", statements: m0016_house_kept::statements },
    Migration { number: 17, name: "accounts", statements: m0017_accounts::statements },
    Migration { number: 18, name: "back-up", statements: m0018_back_up::statements },
    Migration { number: 19, name: "outbox", statements: m0019_outbox::statements },
    Migration { number: 20, name: "register", statements: m0020_register::statements },
    Migration { number: 21, name: "notices", statements: m0021_notices::statements },
    Migration { number: 22, name: "api", statements: m0022_api::statements },
    Migration { number: 24, name: "timetable", statements: m0024_timetable::statements },
    Migration { number: 25, name: "worries", statements: m0025_worries::statements },
    Migration { number: 26, name: "language", statements: m0026_language::statements },
    Migration { number: 27, name: "invitation", statements: m0027_invitation::statements },
    Migration { number: 28, name: "signed in", statements: m0028_signed_in::statements },
    Migration { number: 29, name: "words", statements: m0029_words::statements },
    Migration { number: 30, name: "came", statements: m0030_came::statements },
];

/// The table that says which a database has had.
pub(crate) const STEPS: &str = "schema_migration";

/// The number of the newest shape this program knows.
pub fn newest() -> i64 {
    ALL.last().map_or(0, |migration| migration.number)
}

/// Runs what is pending. Cost when nothing is: two short queries.
pub(crate) async fn bring_up_to_date(db: &Db) -> Result<(), StoreError> {
    let seen = shape(db.writer()).await?;
    refuse_newer(db, seen)?;
    if seen == Some(newest()) {
        return Ok(());
    }
    if let (DatabaseUrl::Sqlite(path), Some(seen)) = (db.url(), seen) {
        let mut copy = path.as_os_str().to_owned();
        copy.push(format!(".before-m{:04}", seen + 1));
        if !std::path::Path::new(&copy).exists() {
            // Under another name until it is whole: a copy that was cut off is none.
            let mut unfinished = copy.clone();
            unfinished.push(".unfinished");
            let (unfinished, copy) = (std::path::Path::new(&unfinished), std::path::Path::new(&copy));
            if unfinished.exists() {
                std::fs::remove_file(unfinished).map_err(|source| file_error(unfinished, source))?;
            }
            crate::backup::copy_sqlite(path, unfinished).await?;
            std::fs::rename(unfinished, copy).map_err(|source| file_error(copy, source))?;
        }
    }
    // Programs that start together write one after the other.
    let tx = db.begin().await?;
    tx.conn()
        .execute_unprepared(
            "CREATE TABLE IF NOT EXISTS schema_migration (number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)",
        )
        .await?;
    // Another program may have been first.
    let seen = shape(tx.conn()).await?;
    refuse_newer(db, seen)?;
    for migration in ALL.iter().filter(|migration| migration.number > seen.unwrap_or(0)) {
        for statement in (migration.statements)(tx.backend()) {
            tx.conn().execute_unprepared(&statement).await?;
        }
        let row = Statement::from_string(
            tx.backend(),
            format!(
                "INSERT INTO schema_migration (number, name) VALUES ({}, '{}')",
                migration.number, migration.name
            ),
        );
        tx.conn().execute_raw(row).await?;
    }
    tx.commit().await
}

/// Refuses what is not ours, and records of a newer program.
pub(crate) async fn refuse_newer_or_none(db: &Db) -> Result<(), StoreError> {
    let seen = shape(db.reader()).await?;
    refuse_newer(db, seen)?;
    seen.map(drop).ok_or_else(|| StoreError::NotOurs { place: db.url().to_string() })
}

/// Refuses records that must be brought up to date first.
pub(crate) async fn refuse_older(db: &Db) -> Result<(), StoreError> {
    match shape(db.reader()).await? {
        Some(found) if found < newest() => {
            Err(StoreError::TooOld { place: db.url().to_string(), found, known: newest() })
        }
        _ => Ok(()),
    }
}

fn refuse_newer(db: &Db, seen: Option<i64>) -> Result<(), StoreError> {
    match seen {
        Some(found) if found > newest() => {
            Err(StoreError::TooNew { place: db.url().to_string(), found, known: newest() })
        }
        _ => Ok(()),
    }
}

/// The newest migration the database has had; `None` where it has none of our tables.
pub(crate) async fn shape(connection: &impl ConnectionTrait) -> Result<Option<i64>, StoreError> {
    let backend = connection.get_database_backend();
    let asked = match backend {
        DbBackend::Postgres => "SELECT 1 AS x WHERE to_regclass('schema_migration') IS NOT NULL",
        _ => "SELECT 1 AS x FROM sqlite_master WHERE type = 'table' AND name = 'schema_migration'",
    };
    if connection.query_one_raw(Statement::from_string(backend, asked)).await?.is_none() {
        return Ok(None);
    }
    let newest = Statement::from_string(backend, "SELECT max(number) AS newest FROM schema_migration");
    match connection.query_one_raw(newest).await? {
        Some(row) => Ok(row.try_get::<Option<i64>>("", "newest")?),
        None => Ok(None),
    }
}
