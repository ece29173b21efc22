//! What is past its rule goes, and nothing else, on both engines.

use std::collections::BTreeSet;

use store::columns::columns;
use store::orm::{ConnectionTrait as _, Statement};
use store::retention::{Kept, Last, Retention, carry_out, keep_last, last};
use store::trail::{self, Verified};
use store::{Actor, Db, Subject};
use testing::{MONDAY, databases};

const JOB: Actor = Actor::Job("retention");
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// A row of each table that has a rule: the table, the length that counts, the column by which a row is found, and how one is written whose
/// days count from `{at}`.
const ROWS: &[(&str, &str, &str, &str)] = &[
    (
        "site_request",
        "request",
        "id",
        "INSERT INTO site_request (id, reference, host, words, state, answered_by, answered_at, created_at) VALUES ('{id}', 'r{id}', 'x.example', 'w', 'refused', 'person:1', {at}, 1)",
    ),
    // Nobody ever answered.
    (
        "site_request",
        "request-unanswered",
        "id",
        "INSERT INTO site_request (id, reference, host, words, state, created_at) VALUES ('{id}', 'r{id}', 'x.example', 'w', 'open', {at})",
    ),
    (
        "site_report",
        "request-unanswered",
        "id",
        "INSERT INTO site_report (id, reference, kind, host, words, state, created_at) VALUES ('{id}', 'r{id}', 'open', 'x.example', 'w', 'open', {at})",
    ),
    (
        "approval",
        "exception-unanswered",
        "id",
        "INSERT INTO approval (id, kind, subject, terms, reason, proposed_by, proposed_at, lapses_at, state) VALUES ('{id}', 'k', '{id}', '{}', 'w', 'person:1', {at}, 9000000000000, 'waiting')",
    ),
    (
        "emergency",
        "exception-unanswered",
        "id",
        "INSERT INTO approval (id, kind, subject, terms, reason, proposed_by, proposed_at, lapses_at, state, answered_at) VALUES ('a{id}', 'k', 'a{id}', '{}', 'w', 'person:1', 1, 2, 'lapsed', 2); INSERT INTO emergency (id, approval, kind, subject, made, reason, opened_by, opened_at, ends_at) VALUES ('{id}', 'a{id}', 'k', '{id}', 'm', 'w', 'person:1', {at}, {at} + 1000)",
    ),
    (
        "roll_import",
        "roll-import-unanswered",
        "number",
        "INSERT INTO roll_import (number, source, shape, state, summary, made_by, made_at) VALUES ({n}, 's{id}', 'table', 'waiting', '{}', 'person:1', {at}); INSERT INTO roll_import_change (import, place, thing, outside_id, what) VALUES ({n}, 1, 'person', 'x', 'joins')",
    ),
    (
        "site_report",
        "request",
        "id",
        "INSERT INTO site_report (id, reference, kind, host, words, state, answered_by, answered_at, created_at) VALUES ('{id}', 'r{id}', 'open', 'x.example', 'w', 'refused', 'person:1', {at}, 1)",
    ),
    (
        "override",
        "exception",
        "id",
        "INSERT INTO override (id, number, subject_kind, subject_id, verdict, target, reason, granted_by, starts_at, ends_at, created_at) VALUES ('{id}', {n}, 'everyone', '', 'block', 'x.example', 'w', 'person:1', 1, {at}, 1)",
    ),
    // Withdrawn before its time: that moment counts, not the end it would have had.
    (
        "override",
        "exception",
        "id",
        "INSERT INTO override (id, number, subject_kind, subject_id, verdict, target, reason, granted_by, starts_at, ends_at, withdrawn_by, withdrawn_at, created_at) VALUES ('{id}', {n}, 'everyone', '', 'block', 'x.example', 'w', 'person:1', 1, 9000000000000, 'person:1', {at}, 1)",
    ),
    (
        "focus",
        "exception",
        "id",
        "INSERT INTO focus (id, number, name, audience, sites, reason, made_by, starts_at, ends_at, created_at) VALUES ('{id}', {n}, 'n', 'a', 's', 'w', 'person:1', 1, {at}, 1)",
    ),
    (
        "withheld",
        "exception",
        "id",
        "INSERT INTO withheld (id, number, person, reason, made_by, starts_at, ends_at, created_at) VALUES ('{id}', {n}, 1, 'w', 'person:1', 1, {at}, 1)",
    ),
    (
        "approval",
        "exception",
        "id",
        "INSERT INTO approval (id, kind, subject, terms, reason, proposed_by, proposed_at, lapses_at, state, answered_at) VALUES ('{id}', 'k', '{id}', '{}', 'w', 'person:1', 1, 2, 'lapsed', {at})",
    ),
    (
        "emergency",
        "exception",
        "id",
        "INSERT INTO approval (id, kind, subject, terms, reason, proposed_by, proposed_at, lapses_at, state, answered_at) VALUES ('a{id}', 'k', 'a{id}', '{}', 'w', 'person:1', 1, 2, 'lapsed', {at}); INSERT INTO emergency (id, approval, kind, subject, made, reason, opened_by, opened_at, ends_at, verdict, reviewed_by, reviewed_at, review) VALUES ('{id}', 'a{id}', 'k', '{id}', 'm', 'w', 'person:1', 1, 2, 'right', 'person:2', {at}, 'w')",
    ),
    (
        "roll_import",
        "roll-import",
        "number",
        "INSERT INTO roll_import (number, source, shape, state, summary, made_by, made_at, answered_by, answered_at) VALUES ({n}, 's{id}', 'table', 'applied', '{}', 'person:1', 1, 'person:1', {at}); INSERT INTO roll_import_change (import, place, thing, outside_id, what) VALUES ({n}, 1, 'person', 'x', 'joins')",
    ),
    (
        "duty_assignment",
        "duty",
        "id",
        "INSERT INTO duty_assignment (id, person, duty, starts_at, ends_at, reason, given_by, created_at) VALUES ('{id}', 1, 'head', 1, {at}, 'w', 'person:1', 1)",
    ),
    (
        "duty_assignment",
        "duty",
        "id",
        "INSERT INTO duty_assignment (id, person, duty, starts_at, reason, given_by, created_at, ended_by, ended_at) VALUES ('{id}', 1, 'head', 1, 'w', 'person:1', 1, 'person:1', {at})",
    ),
    (
        "access_review",
        "duty",
        "number",
        "INSERT INTO access_review (number, started_at, started_by, ended_at, ended_by) VALUES ({n}, 1, 'person:1', {at}, 'person:1'); INSERT INTO access_review_line (review, person, what, reason, seen, by_whom, at) VALUES ({n}, 1, 'keep', 'w', 's', 'person:2', 1)",
    ),
    (
        "task",
        "task",
        "id",
        "INSERT INTO task (id, kind, subject, path, owner, opened_at, due_at, escalated, state, closed_by, closed_at) VALUES ('{id}', 'k', '{id}', '/x', 'duty:head', 1, 2, 0, 'done', 'person:1', {at})",
    ),
    (
        "account",
        "account",
        "id",
        "{leaver}; INSERT INTO account (id, person, name, created_by, created_at) VALUES ('{id}', {n}, 'n{id}', 'person:1', 1)",
    ),
    (
        "account_worry",
        "worry",
        "id",
        "INSERT INTO account_worry (id, what, told_at) VALUES ('{id}', 'password', {at})",
    ),
    (
        "word_change",
        "words",
        "id",
        "INSERT INTO word_change (id, language, label, now, changed_by, changed_at) VALUES ('{id}', 'en', 'help.danger', 'w', 'person:1', {at})",
    ),
    (
        "code_app",
        "account",
        "account",
        "{leaver}; {account}; INSERT INTO code_app (account, secret, last_step, made_at) VALUES ('{id}', 's', 0, 1)",
    ),
    (
        "recovery_code",
        "account",
        "account",
        "{leaver}; {account}; INSERT INTO recovery_code (hash, account, made_at) VALUES ('h{id}', '{id}', 1)",
    ),
    (
        "passkey",
        "account",
        "account",
        "{leaver}; {account}; INSERT INTO passkey (id, account, credential, called, key, made_at) VALUES ('k{id}', '{id}', 'c{id}', 'w', '{}', 1)",
    ),
    (
        "sign_in_link",
        "account",
        "account",
        "{leaver}; {account}; INSERT INTO sign_in_link (system, subject, account, made_at, used_at) VALUES ('google', 's{id}', '{id}', 1, 1)",
    ),
    (
        "log_in_card",
        "account",
        "id",
        "{leaver}; INSERT INTO log_in_card (id, person, way, length, hash, issued_by, issued_at, state, said_by, said_at, strange) VALUES ('{id}', {n}, 'pictures', 3, 'h', 'person:1', 1, 'ended', 'person:1', 1, 0)",
    ),
    (
        "class_card",
        "account",
        "id",
        "INSERT INTO class_card (id, whose_class, hash, made_by, made_at, ended_by, ended_at, strange) VALUES ('{id}', '9{id}', 'h{id}', 'person:1', 1, 'person:1', {at}, 0)",
    ),
    (
        "guest",
        "account",
        "id",
        "{leaver}; INSERT INTO guest (id, person, sponsor, supervisor, aim, starts_at, ends_at, given_by, given_at) VALUES ('{id}', {n}, 1, 1, 'w', 1, 2, 'person:1', 1); INSERT INTO lanyard (id, guest, hash, pin, classes, made_by, made_at) VALUES ('l{id}', '{id}', 'h{id}', 'p', '[]', 'person:1', 1)",
    ),
    (
        "taught",
        "account",
        "person",
        "{leaver}; INSERT INTO taught (person, rules, version, taught_on, said_by, said_at) VALUES ({n}, 'r', 'v', '2020-01-01', 'person:1', 1)",
    ),
    (
        "notice_choice",
        "account",
        "person",
        "{leaver}; INSERT INTO notice_choice (person, kind, mail, push, chosen_at) VALUES ({n}, 'k', 1, 1, 1)",
    ),
    (
        "notice_quiet",
        "account",
        "person",
        "{leaver}; INSERT INTO notice_quiet (person, from_minute, until_minute, weekends, chosen_at) VALUES ({n}, 1, 2, 1, 1)",
    ),
    (
        "invitation",
        "sign-in",
        "hash",
        "INSERT INTO invitation (hash, person, given_by, given_at, ends_at) VALUES ('{id}', 1, 'person:1', 1, {at})",
    ),
    (
        "invitation",
        "sign-in",
        "hash",
        "INSERT INTO invitation (hash, person, given_by, given_at, ends_at, used_at) VALUES ('{id}', 1, 'person:1', 1, 9000000000000, {at})",
    ),
    (
        "session",
        "sign-in",
        "hash",
        "INSERT INTO session (hash, account, how, agent, made_at, proved_at, seen_at, ends_at) VALUES ('{id}', 'one', 'password', 'a', 1, 1, 1, {at})",
    ),
    (
        "session",
        "sign-in",
        "hash",
        "INSERT INTO session (hash, account, how, agent, made_at, proved_at, seen_at, ends_at, ended_by, ended_at) VALUES ('{id}', 'one', 'password', 'a', 1, 1, 1, 9000000000000, 'person:1', {at})",
    ),
    (
        "sign_in_failure",
        "sign-in",
        "whom",
        "INSERT INTO sign_in_failure (whom, place, failures, last_at) VALUES ('{id}', 'p', 1, {at})",
    ),
    (
        "scim_client",
        "sign-in",
        "id",
        "INSERT INTO scim_client (id, source, hash, made_by, made_at, ended_by, ended_at) VALUES ('{id}', 's', 'h{id}', 'person:1', 1795000000000, 'person:1', {at})",
    ),
    (
        "scim_client",
        "sign-in-lapsed",
        "id",
        "INSERT INTO scim_client (id, source, hash, made_by, made_at) VALUES ('{id}', 's{id}', 'h{id}', 'person:1', {at})",
    ),
    (
        "api_token",
        "sign-in",
        "id",
        "INSERT INTO api_token (id, person, name, prefix, hash, scopes, several, made_at, ends_at) VALUES ('{id}', 1, 'n', 'p', 'h{id}', '[]', 1, 1, {at})",
    ),
    (
        "api_token",
        "sign-in",
        "id",
        "INSERT INTO api_token (id, person, name, prefix, hash, scopes, several, made_at, ends_at, ended_by, ended_at) VALUES ('{id}', 1, 'n', 'p', 'h{id}', '[]', 1, 1, 9000000000000, 'person:1', {at})",
    ),
    (
        "api_answer",
        "a-day",
        "token",
        "INSERT INTO api_answer (token, key, asked, status, body, at) VALUES ('{id}', 'k', 'a', 200, 'b', {at})",
    ),
    (
        "webhook_delivery",
        "a-month",
        "id",
        "INSERT INTO webhook_delivery (id, webhook, event, body, made_at, state, tries) VALUES ('{id}', 'w', 'e', '{}', {at}, 'done', 1)",
    ),
    (
        "outbox",
        "outbox",
        "id",
        "INSERT INTO outbox (id, kind, body, made_at, due_at, tries, state, ended_at) VALUES ('{id}', 'mail', '{}', 1, 1, 1, 'done', {at})",
    ),
    (
        "notice",
        "notice",
        "id",
        "INSERT INTO notice (id, person, kind, count, path, at, last_at, seen_at) VALUES ('{id}', 1, 'k', 1, '/', 1, 9000000000000, {at})",
    ),
    // Nobody looked at it.
    (
        "notice",
        "notice-unseen",
        "id",
        "INSERT INTO notice (id, person, kind, count, path, at, last_at) VALUES ('{id}', 1, 'k{id}', 1, '/', 1, {at})",
    ),
];

/// Rows that nothing ends yet: what waits for an answer until it has waited too long, the others however old they are.
const OPEN: &[(&str, &str, &str)] = &[
    (
        "site_request",
        "id",
        "INSERT INTO site_request (id, reference, host, words, state, created_at) VALUES ('open', 'open', 'x.example', 'w', 'open', 1795000000000)",
    ),
    (
        "approval",
        "id",
        "INSERT INTO approval (id, kind, subject, terms, reason, proposed_by, proposed_at, lapses_at, state) VALUES ('open', 'k', 'open', '{}', 'w', 'person:1', 1795000000000, 9000000000000, 'waiting')",
    ),
    (
        "outbox",
        "id",
        "INSERT INTO outbox (id, kind, body, made_at, due_at, tries, state) VALUES ('open', 'mail', '{}', 1, 1, 1, 'waiting')",
    ),
    (
        "webhook_delivery",
        "id",
        "INSERT INTO webhook_delivery (id, webhook, event, body, made_at, state, tries) VALUES ('open', 'w', 'e', '{}', 1, 'waiting', 1)",
    ),
    (
        "task",
        "id",
        "INSERT INTO task (id, kind, subject, path, owner, opened_at, due_at, escalated, state) VALUES ('open', 'k', 'open', '/x', 'duty:head', 1, 2, 0, 'open')",
    ),
    (
        "duty_assignment",
        "id",
        "INSERT INTO duty_assignment (id, person, duty, starts_at, reason, given_by, created_at) VALUES ('open', 1, 'head', 1, 'w', 'person:1', 1)",
    ),
    (
        "access_review",
        "started_by",
        "INSERT INTO access_review (number, started_at, started_by) VALUES (1, 1, 'open')",
    ),
    (
        "scim_client",
        "id",
        "INSERT INTO scim_client (id, source, hash, made_by, made_at) VALUES ('open', 's', 'open', 'person:1', 1795000000000)",
    ),
    (
        "account",
        "id",
        "INSERT INTO person (id, number, key, name, groups, joined_at) VALUES ('popen', 90001, 'kopen', 'N', '', 1); INSERT INTO account (id, person, name, created_by, created_at) VALUES ('open', 90001, 'open', 'person:1', 1)",
    ),
];

fn filled(sql: &str, id: &str, number: i64, at: i64) -> String {
    let leaver = "INSERT INTO person (id, number, key, name, groups, joined_at, left_at) VALUES ('p{id}', {n}, 'k{id}', 'N', '', 1, {at})";
    let account = "INSERT INTO account (id, person, name, created_by, created_at) VALUES ('{id}', {n}, 'n{id}', 'person:1', 1)";
    sql.replace("{leaver}", leaver)
        .replace("{account}", account)
        .replace("{id}", id)
        .replace("{n}", &number.to_string())
        .replace("{at}", &at.to_string())
}

async fn write(db: &Db, sql: &str) {
    let tx = db.begin().await.unwrap();
    tx.conn().execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    tx.commit().await.unwrap();
}

async fn count(db: &Db, from: &str) -> i64 {
    let tx = db.read().await.unwrap();
    let sql = format!("SELECT count(*) AS n FROM {from}");
    let row = tx.conn().query_one_raw(Statement::from_string(tx.backend(), sql)).await.unwrap();
    row.unwrap().try_get("", "n").unwrap()
}

async fn somebody(db: &Db) {
    write(db, "INSERT INTO person (id, number, key, name, groups, joined_at) VALUES ('one', 1, 'one', 'N', '', 1); INSERT INTO account (id, person, name, created_by, created_at) VALUES ('one', 1, 'one', 'person:1', 1)").await;
}

#[tokio::test]
async fn each_rule_erases_what_is_past_it_and_keeps_what_is_not() {
    let rules = Retention::built_in().unwrap();
    for test in databases().await {
        somebody(&test.db).await;
        for (_, _, sql) in OPEN {
            write(&test.db, sql).await;
        }
        let mut number = 100;
        let mut wanted = Vec::new();
        for (place, (table, days, key, sql)) in ROWS.iter().enumerate() {
            let over = MONDAY.as_millis() - i64::from(rules.days[*days]) * DAY_MS;
            for (name, at, stays) in [("past", over - HOUR_MS, false), ("recent", over + HOUR_MS, true)] {
                number += 1;
                let id = format!("{name}{place}");
                write(&test.db, &filled(sql, &id, number, at)).await;
                let value =
                    if matches!(*key, "number" | "person") { number.to_string() } else { format!("'{id}'") };
                wanted.push((format!("\"{table}\" WHERE \"{key}\" = {value}"), i64::from(stays)));
            }
        }
        for (from, _) in &wanted {
            assert_eq!(count(&test.db, from).await, 1, "{}: {from}", test.engine);
        }
        let erased = carry_out(&test.db, &rules, &JOB, MONDAY).await.unwrap();
        for (from, stays) in &wanted {
            assert_eq!(count(&test.db, from).await, *stays, "{}: {from}", test.engine);
        }
        for (table, key, _) in OPEN {
            assert_eq!(count(&test.db, &format!("\"{table}\" WHERE \"{key}\" = 'open'")).await, 1, "{table}");
        }
        // What belongs to a row goes with it, and what does not stays.
        for (with, of, many) in [
            ("roll_import_change", "roll_import", 2),
            ("access_review_line", "access_review", 1),
            ("lanyard", "guest", 1),
        ] {
            assert_eq!((erased[with], erased[of]), (many, many), "{}: {with}", test.engine);
            assert_eq!(u64::try_from(count(&test.db, with).await).unwrap(), many, "{}: {with}", test.engine);
        }
        // Once is enough.
        assert_eq!(carry_out(&test.db, &rules, &JOB, MONDAY).await.unwrap(), [].into(), "{}", test.engine);
        // A year later all that has ended is gone.
        let later = MONDAY.plus_millis(2 * HOUR_MS);
        let erased = carry_out(&test.db, &rules, &JOB, later).await.unwrap();
        assert_eq!(erased["session"], 2, "{}: {erased:?}", test.engine);
    }
}

#[test]
fn every_table_says_how_long_it_is_kept_and_every_rule_is_tried() {
    let (rules, columns) = (Retention::built_in().unwrap(), columns().unwrap());
    let said: BTreeSet<&String> = rules.table.keys().collect();
    let there: BTreeSet<&String> = columns.table.keys().collect();
    assert_eq!(said, there, "content/retention.toml on the left, columns.toml on the right");
    let tried: BTreeSet<(&str, &str)> = ROWS.iter().map(|(table, days, ..)| (*table, *days)).collect();
    for (name, table) in &columns.table {
        let kept = &rules.table[name];
        for rule in &kept.rule {
            for column in table.values() {
                let same = rule.days == column.kept || rule.days.starts_with(&format!("{}-", column.kept));
                assert!(same, "{name} goes after {:?} and columns.toml says {:?}", rule.days, column.kept);
            }
            let columns =
                rule.after.iter().chain(rule.unless.keys()).chain(&rule.without).chain(&kept.numbered);
            let leaving = rule.leaving.as_ref().map(|leaving| leaving.split('.').next().unwrap().to_owned());
            for column in columns.chain(&leaving) {
                assert!(table.contains_key(column), "{name} has no column {column:?}");
            }
            assert!(
                tried.contains(&(name.as_str(), rule.days.as_str())),
                "no row tries {:?} of {name}",
                rule.days
            );
        }
        // A rule with a length is carried out, or it is said why not.
        let has_length = table.values().any(|column| rules.days.contains_key(&column.kept));
        let Kept { rule, with, elsewhere, not_yet, .. } = kept;
        let said = !rule.is_empty() || with.is_some() || elsewhere.is_some() || not_yet.is_some();
        assert!(!has_length || said, "{name} has a rule with a length, and nothing carries it out");
    }
    assert!(rules.table["trail"].in_use.is_some(), "the trail is never erased");
}

#[test]
fn the_page_for_schools_says_what_the_rules_say() {
    let page = include_str!("../../../../docs/operations/retention.md");
    for Kept { called, says, elsewhere, in_use, not_yet, .. } in Retention::built_in().unwrap().table.values()
    {
        let why = [elsewhere, in_use, not_yet].into_iter().flatten().next();
        let why = why.map(|why| format!(" {why} |")).unwrap_or_default();
        let row = format!("\n| {called} | {says} |{why}\n");
        assert!(page.contains(&row), "docs/operations/retention.md lacks{row}");
    }
}

#[tokio::test]
async fn what_another_row_points_to_and_the_newest_number_stay() {
    let rules = Retention::built_in().unwrap();
    for test in databases().await {
        somebody(&test.db).await;
        let (long_ago, now) = (MONDAY.as_millis() - 3_000 * DAY_MS, MONDAY.as_millis());
        // Asked long ago, and what came of it holds still.
        write(&test.db, &filled(ROWS[0].3, "asked", 1, long_ago)).await;
        let opened = format!(
            "INSERT INTO override (id, number, subject_kind, subject_id, verdict, target, reason, granted_by, starts_at, ends_at, request, created_at) VALUES ('opened', 9, 'everyone', '', 'allow', 'x.example', 'w', 'person:1', 1, {now}, 'asked', 1)"
        );
        write(&test.db, &opened).await;
        // Ended long ago, and no other was given since: its number would be given again.
        write(&test.db, &filled("INSERT INTO focus (id, number, name, audience, sites, reason, made_by, starts_at, ends_at, created_at) VALUES ('{id}', {n}, 'n', 'a', 's', 'w', 'person:1', 1, {at}, 1)", "last", 4, long_ago)).await;
        assert_eq!(carry_out(&test.db, &rules, &JOB, MONDAY).await.unwrap(), [].into(), "{}", test.engine);
        // A year after the opening ended another has the newest number, and both go, the asking on the same day.
        write(
            &test.db,
            &filled(
                ROWS.iter().find(|(table, ..)| *table == "override").unwrap().3,
                "newer",
                10,
                now + 300 * DAY_MS,
            ),
        )
        .await;
        let later = MONDAY.plus_millis(367 * DAY_MS);
        let erased = carry_out(&test.db, &rules, &JOB, later).await.unwrap();
        assert_eq!(
            erased,
            [("override".to_owned(), 1), ("site_request".to_owned(), 1)].into(),
            "{}",
            test.engine
        );
    }
}

#[tokio::test]
async fn erasing_leaves_its_entry_without_names_and_the_trail_whole() {
    let rules = Retention::built_in().unwrap();
    for test in databases().await {
        let nothing = carry_out(&test.db, &rules, &JOB, MONDAY).await.unwrap();
        assert_eq!(nothing, [].into());
        let long_ago = MONDAY.as_millis() - 100 * DAY_MS;
        // More than go at once.
        let sql = ROWS.iter().find(|(table, ..)| *table == "outbox").unwrap().3;
        let all: Vec<String> = (0..2_500).map(|one| filled(sql, &format!("m{one}"), one, long_ago)).collect();
        write(&test.db, &all.join(";")).await;
        let erased = carry_out(&test.db, &rules, &JOB, MONDAY).await.unwrap();
        assert_eq!(erased["outbox"], 2_500, "{}", test.engine);
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, Some(&Subject::new("retention", "outbox")), 9).await.unwrap();
        let said: Vec<(&str, &str)> =
            entries.iter().map(|entry| (entry.verb.as_str(), entry.actor.as_str())).collect();
        assert_eq!(said, [("retention.erase", "job:retention"); 3], "{}", test.engine);
        assert!(entries[0].detail.contains("\"rows\":{\"outbox\":500}"), "{}", entries[0].detail);
        let Verified::Whole { entries: 3, .. } = trail::verify(&test.db).await.unwrap() else {
            panic!("{}: the trail is not whole", test.engine);
        };
    }
}

#[tokio::test]
async fn when_it_was_carried_out_last_is_known() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        assert_eq!(last(&mut tx).await.unwrap(), None);
        for at_ms in [1, 2] {
            let done = Last { at_ms, erased: [("outbox".to_owned(), 3)].into(), problem: String::new() };
            keep_last(&mut tx, &done).await.unwrap();
            assert_eq!(last(&mut tx).await.unwrap(), Some(done), "{}", test.engine);
        }
        tx.commit().await.unwrap();
    }
}
