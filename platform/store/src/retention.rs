//! How long what the records hold is kept, as `content/retention.toml` says it, and erasing what is past that.
//!
//! A rule is data: which moments of a row the days count from. The access trail has none, here or in the database, which refuses; a row that
//! another still points to stays until that one is gone. What goes from a table goes with an entry in the trail, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use kit::{Actor, Timestamp};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use serde::Deserialize;
use serde_json::json;

use crate::db::Db;
use crate::error::StoreError;
use crate::schema::{self, Table};
use crate::trail::{self, Subject};
use crate::tx::Tx;

/// The rules that come with the program.
const BUILT_IN: &str = include_str!("../../../content/retention.toml");
/// So many rows of a table go in one transaction: a change that somebody makes waits no longer than that.
const AT_ONCE: u32 = 1_000;
const DAY_MS: i64 = 86_400_000;
/// The word of erasing in the trail.
const ERASED: &str = "retention.erase";

/// What is kept for how long.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Of which day the rules are.
    pub version: String,
    /// What they rest on.
    pub source: String,
    /// How many days each kind is kept.
    pub days: BTreeMap<String, u32>,
    /// What is said of each table.
    pub table: BTreeMap<String, Kept>,
}

/// What is said of one table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// What people call what is in it.
    pub called: String,
    /// How long it is kept, in a sentence.
    pub says: String,
    /// By which rules rows go: any one is enough.
    #[serde(default)]
    pub rule: Vec<Rule>,
    /// The table together with whose rows they go.
    pub with: Option<String>,
    /// By which other work of the program they go.
    pub elsewhere: Option<String>,
    /// Why they stay.
    pub in_use: Option<String>,
    /// Why no rule is carried out yet.
    pub not_yet: Option<String>,
    /// The column with a number of which none may be given twice: the newest row stays.
    pub numbered: Option<String>,
}

/// When rows go.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// How long they are kept: a name of [`Retention::days`].
    pub days: String,
    /// The moments from which on; the first that is filled in counts.
    #[serde(default)]
    pub after: Vec<String>,
    /// Who must have left for so long: the column with their number, `account.person` for whoever has the account in `account`.
    pub leaving: Option<String>,
    /// Rows with one of these values in that column stay.
    #[serde(default)]
    pub unless: BTreeMap<String, Vec<String>>,
    /// Only rows go in which this moment is not filled in.
    pub without: Option<String>,
}

/// Why the rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// They cannot be read.
    #[error("content/retention.toml cannot be read: {0}")]
    Unreadable(#[from] toml::de::Error),
    /// A table's part makes no sense.
    #[error("content/retention.toml, {table}: {why}")]
    Table {
        /// Which table.
        table: String,
        /// What is wrong.
        why: String,
    },
    /// The records failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Retention {
    /// The rules that come with the program.
    pub fn built_in() -> Result<Self, RetentionError> {
        Self::parse(BUILT_IN)
    }

    /// Reads rules.
    pub fn parse(text: &str) -> Result<Self, RetentionError> {
        let read: Self = toml::from_str(text)?;
        for (name, kept) in &read.table {
            read.check(kept).map_err(|why| RetentionError::Table { table: name.clone(), why })?;
        }
        Ok(read)
    }

    fn check(&self, kept: &Kept) -> Result<(), String> {
        let said = [&kept.with, &kept.elsewhere, &kept.in_use, &kept.not_yet];
        let ways = said.into_iter().flatten().count() + usize::from(!kept.rule.is_empty());
        if ways != 1 {
            return Err("say one of rule, with, elsewhere, in_use and not_yet".to_owned());
        }
        for rule in &kept.rule {
            if self.days.get(&rule.days).is_none_or(|days| *days == 0) {
                return Err(format!("{:?} is no number of days", rule.days));
            }
            if rule.after.is_empty() == rule.leaving.is_none() {
                return Err("a rule goes by moments (after) or by whoever has left (leaving)".to_owned());
            }
        }
        match &kept.with {
            Some(with) if self.table.get(with).is_none_or(|with| with.rule.is_empty()) => {
                Err(format!("{with:?} has no rule by which its rows go"))
            }
            _ => Ok(()),
        }
    }

    /// The tables whose rows go with those of another.
    fn with<'a>(&'a self, table: &'a str) -> impl Iterator<Item = &'a str> {
        let theirs = move |kept: &Kept| kept.with.as_deref() == Some(table);
        self.table.iter().filter(move |(_, kept)| theirs(kept)).map(|(name, _)| name.as_str())
    }

    /// Until when a row must have ended to go, by a rule.
    fn before(&self, rule: &Rule, at: Timestamp) -> Timestamp {
        let days = self.days.get(&rule.days).copied().unwrap_or(u32::MAX);
        at.plus_millis(-i64::from(days) * DAY_MS)
    }
}

/// Erases what is past its rule, table by table, those that point to others first; gives how many rows of each went. Each table's go in one
/// transaction after the other, with an entry in the trail. What cannot be erased in one table does not keep the next from it.
pub async fn carry_out(
    db: &Db,
    rules: &Retention,
    actor: &Actor,
    at: Timestamp,
) -> Result<BTreeMap<String, u64>, RetentionError> {
    let mut reading = db.read().await?;
    let shape = schema::tables(&mut reading).await?;
    reading.roll_back().await?;
    let mut erased = BTreeMap::new();
    let mut failed = None;
    for name in order(&shape) {
        let Some(kept) = rules.table.get(name).filter(|kept| !kept.rule.is_empty()) else { continue };
        let due = Due { rules, shape: &shape, name, kept, at };
        match due.erase(db, actor, &mut erased).await {
            Ok(()) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(erased),
    }
}

/// The tables in an order in which each comes before those that it points to; itself it may point to.
fn order(shape: &BTreeMap<String, Table>) -> Vec<&str> {
    let mut left: BTreeSet<&str> = shape.keys().map(String::as_str).collect();
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let pointed_to = |name: &str| {
            left.iter().any(|other| {
                *other != name
                    && shape
                        .get(*other)
                        .is_some_and(|table| table.points_to.iter().any(|(_, there, _)| there == name))
            })
        };
        let mut next: Vec<&str> = left.iter().copied().filter(|name| !pointed_to(name)).collect();
        if next.is_empty() {
            // In a circle it does not matter which is first: what is pointed to stays.
            next.extend(left.first());
        }
        for name in next {
            left.remove(name);
            order.push(name);
        }
    }
    order
}

/// What is to go from one table.
struct Due<'a> {
    rules: &'a Retention,
    shape: &'a BTreeMap<String, Table>,
    name: &'a str,
    kept: &'a Kept,
    at: Timestamp,
}

impl Due<'_> {
    async fn erase(
        &self,
        db: &Db,
        actor: &Actor,
        erased: &mut BTreeMap<String, u64>,
    ) -> Result<(), RetentionError> {
        loop {
            // Whoever looks first keeps nobody from writing where there is nothing to do.
            let mut reading = db.read().await?;
            let some = self.some(&mut reading).await?;
            reading.roll_back().await?;
            if some.is_empty() {
                return Ok(());
            }
            let mut tx = db.begin().await?;
            let gone = self.erase_some(&mut tx).await?;
            let rows = gone.get(self.name).copied().unwrap_or(0);
            if rows == 0 {
                tx.roll_back().await?;
                return Ok(());
            }
            let days: BTreeMap<&str, u32> = (self.kept.rule.iter())
                .filter_map(|rule| Some((rule.days.as_str(), *self.rules.days.get(&rule.days)?)))
                .collect();
            let detail = json!({ "rows": gone, "days": days, "rules": self.rules.version });
            trail::changed(&mut tx, actor, ERASED, &Subject::new("retention", self.name), &detail, self.at)
                .await?;
            tx.commit().await?;
            for (table, rows) in gone {
                *erased.entry(table).or_default() += rows;
            }
            if rows < u64::from(AT_ONCE) {
                return Ok(());
            }
        }
    }

    /// The rows that are due, by what the engine knows each by.
    async fn some(&self, tx: &mut Tx) -> Result<Vec<String>, StoreError> {
        let id = row_id(tx);
        let (condition, values) = self.condition();
        let sql = format!(
            "SELECT CAST({id} AS TEXT) AS id FROM \"{0}\" WHERE {condition} LIMIT {AT_ONCE}",
            self.name
        );
        let rows = tx.conn().query_all_raw(Statement::from_sql_and_values(tx.backend(), sql, values)).await?;
        rows.iter().map(|row| Ok(row.try_get("", "id")?)).collect()
    }

    /// Erases some of them with what goes with them, and says how many rows of each table went.
    async fn erase_some(&self, tx: &mut Tx) -> Result<BTreeMap<String, u64>, StoreError> {
        let some = self.some(tx).await?;
        let mut gone = BTreeMap::new();
        if some.is_empty() {
            return Ok(gone);
        }
        let id = row_id(tx);
        let cast = if tx.backend() == DbBackend::Postgres { "tid" } else { "INTEGER" };
        let places: Vec<String> = (1..=some.len()).map(|place| format!("CAST(${place} AS {cast})")).collect();
        let these = format!("{id} IN ({})", places.join(", "));
        let values: Vec<Value> = some.into_iter().map(Value::from).collect();
        for other in self.rules.with(self.name) {
            let points_to = self.shape.get(other).map(|table| &table.points_to);
            for (here, _, its) in points_to.into_iter().flatten().filter(|(_, there, _)| there == self.name) {
                let sql = format!(
                    "DELETE FROM \"{other}\" WHERE \"{here}\" IN (SELECT \"{its}\" FROM \"{0}\" WHERE {these})",
                    self.name
                );
                let went = delete(tx, sql, values.clone()).await?;
                *gone.entry(other.to_owned()).or_default() += went;
            }
        }
        let sql = format!("DELETE FROM \"{}\" WHERE {these}", self.name);
        let went = delete(tx, sql, values).await?;
        gone.insert(self.name.to_owned(), went);
        gone.retain(|_, rows| *rows > 0);
        Ok(gone)
    }

    /// The condition under which a row goes, and its values.
    fn condition(&self) -> (String, Vec<Value>) {
        let mut values: Vec<Value> = Vec::new();
        let rules: Vec<String> = self.kept.rule.iter().map(|rule| self.past(rule, &mut values)).collect();
        let mut all = vec![format!("({})", rules.join(" OR "))];
        if let Some(number) = &self.kept.numbered {
            all.push(format!("\"{number}\" < (SELECT max(\"{number}\") FROM \"{}\")", self.name));
        }
        let goes_with: BTreeSet<&str> = self.rules.with(self.name).collect();
        for (other, table) in self.shape.iter().filter(|(other, _)| !goes_with.contains(other.as_str())) {
            for (here, _, its) in table.points_to.iter().filter(|(_, there, _)| there == self.name) {
                all.push(format!(
                    "NOT EXISTS (SELECT 1 FROM \"{other}\" AS pointing WHERE pointing.\"{here}\" = \"{0}\".\"{its}\")",
                    self.name
                ));
            }
        }
        (all.join(" AND "), values)
    }

    /// One rule's.
    fn past(&self, rule: &Rule, values: &mut Vec<Value>) -> String {
        let table = self.name;
        values.push(self.rules.before(rule, self.at).as_millis().into());
        let before = format!("${}", values.len());
        let quoted = |column: &String| format!("\"{table}\".\"{column}\"");
        let ended = match (&rule.leaving, rule.after.as_slice()) {
            (Some(leaving), _) => {
                let still = format!("(person.left_at IS NULL OR person.left_at >= {before})");
                match leaving.split_once('.') {
                    Some((account, _)) => format!(
                        "NOT EXISTS (SELECT 1 FROM account JOIN person ON person.number = account.person \
                         WHERE account.id = \"{table}\".\"{account}\" AND {still})"
                    ),
                    None => format!(
                        "NOT EXISTS (SELECT 1 FROM person WHERE person.number = \"{table}\".\"{leaving}\" AND {still})"
                    ),
                }
            }
            (None, [one]) => format!("{} < {before}", quoted(one)),
            (None, some) => {
                let some: Vec<String> = some.iter().map(quoted).collect();
                format!("COALESCE({}) < {before}", some.join(", "))
            }
        };
        let mut all = vec![ended];
        all.extend(rule.without.iter().map(|moment| format!("{} IS NULL", quoted(moment))));
        for (column, stay) in &rule.unless {
            let places: Vec<String> = stay
                .iter()
                .map(|value| {
                    values.push(value.clone().into());
                    format!("${}", values.len())
                })
                .collect();
            all.push(format!("\"{table}\".\"{column}\" NOT IN ({})", places.join(", ")));
        }
        format!("({})", all.join(" AND "))
    }
}

/// What an engine itself knows a row by, for as long as a transaction lasts.
fn row_id(tx: &Tx) -> &'static str {
    match tx.backend() {
        DbBackend::Postgres => "ctid",
        _ => "rowid",
    }
}

async fn delete(tx: &mut Tx, sql: String, values: Vec<Value>) -> Result<u64, StoreError> {
    let statement = Statement::from_sql_and_values(tx.backend(), sql, values);
    Ok(tx.conn().execute_raw(statement).await?.rows_affected())
}

/// When it was carried out last, and how much went: in a setting, for whoever looks at the school.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
pub struct Last {
    /// When, in milliseconds.
    pub at_ms: i64,
    /// How many rows of each table went.
    pub erased: BTreeMap<String, u64>,
    /// What kept it from some of it; empty where nothing did.
    #[serde(default)]
    pub problem: String,
}

/// The setting that holds it.
const LAST: &str = "retention-last";

/// Keeps when it was carried out.
pub async fn keep_last(tx: &mut Tx, last: &Last) -> Result<(), StoreError> {
    let text = serde_json::to_string(last).unwrap_or_default();
    let sql = "INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    let statement = Statement::from_sql_and_values(tx.backend(), sql, [LAST.into(), text.into()]);
    tx.conn().execute_raw(statement).await?;
    Ok(())
}

/// When it was carried out last; `None` where it never was.
pub async fn last(tx: &mut Tx) -> Result<Option<Last>, StoreError> {
    let sql = "SELECT value FROM setting WHERE key = $1";
    let row =
        tx.conn().query_one_raw(Statement::from_sql_and_values(tx.backend(), sql, [LAST.into()])).await?;
    let Some(row) = row else { return Ok(None) };
    let text: String = row.try_get("", "value")?;
    let unreadable = StoreError::Unreadable { table: "setting", column: "value", why: "no JSON of erasing" };
    serde_json::from_str(&text).map(Some).map_err(|_| unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_one_thing_and_a_rule_has_its_days() {
        let with = |more: &str| {
            Retention::parse(&format!(
                "version = \"1\"\nsource = \"s\"\n[days]\nshort = 1\n[table.a]\ncalled = \"A\"\nsays = \"a\"\n{more}\n"
            ))
        };
        for (good, more) in [
            (true, "rule = [{ after = [\"x\"], days = \"short\" }]"),
            (true, "in_use = \"yes\""),
            (false, ""),
            (false, "in_use = \"yes\"\nnot_yet = \"no\""),
            (false, "rule = [{ after = [\"x\"], days = \"long\" }]"),
            (false, "rule = [{ days = \"short\" }]"),
            (false, "rule = [{ after = [\"x\"], leaving = \"y\", days = \"short\" }]"),
            (false, "with = \"b\""),
        ] {
            assert_eq!(with(more).is_ok(), good, "{more}");
        }
    }

    #[test]
    fn what_points_to_others_goes_first() {
        let to = |there: &str| Table {
            points_to: [("x".to_owned(), there.to_owned(), "id".to_owned())].into(),
            ..Table::default()
        };
        let shape = BTreeMap::from([
            ("a".to_owned(), Table::default()),
            ("b".to_owned(), to("a")),
            ("c".to_owned(), to("b")),
            ("d".to_owned(), to("d")),
        ]);
        assert_eq!(order(&shape), ["c", "d", "b", "a"]);
    }
}
