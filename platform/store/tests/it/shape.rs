//! The shape of the records: the two engines agree on it, and `columns.toml` speaks of all of it.

use std::collections::BTreeSet;

use store::columns::columns;
use store::schema;
use testing::databases;

#[tokio::test]
async fn every_column_is_classified_and_every_classification_has_its_column() {
    let said = columns().unwrap();
    let classified: BTreeSet<(String, String)> = said
        .table
        .iter()
        .flat_map(|(table, columns)| columns.keys().map(|column| (table.clone(), column.clone())))
        .collect();
    for test in databases().await {
        let mut tx = test.db.read().await.unwrap();
        let there: BTreeSet<(String, String)> = schema::tables(&mut tx)
            .await
            .unwrap()
            .iter()
            .flat_map(|(name, table)| table.columns.keys().map(|column| (name.clone(), column.clone())))
            .collect();
        let missing: Vec<_> = there.difference(&classified).collect();
        assert!(missing.is_empty(), "{}: columns.toml says nothing of {missing:?}", test.engine);
        let gone: Vec<_> = classified.difference(&there).collect();
        assert!(gone.is_empty(), "{}: columns.toml speaks of what is not there: {gone:?}", test.engine);
    }
}

#[tokio::test]
async fn a_column_that_nobody_classified_is_noticed() {
    for test in databases().await {
        let tx = test.db.begin().await.unwrap();
        store::orm::ConnectionTrait::execute_unprepared(
            tx.conn(),
            "ALTER TABLE person ADD COLUMN nickname TEXT",
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        let mut tx = test.db.read().await.unwrap();
        let tables = schema::tables(&mut tx).await.unwrap();
        assert!(tables["person"].columns.contains_key("nickname"), "{}", test.engine);
        assert!(!columns().unwrap().table["person"].contains_key("nickname"));
    }
}

#[test]
fn every_column_is_kept_by_a_rule_that_is_written_down() {
    let said = columns().unwrap();
    for (table, columns) in &said.table {
        for (name, column) in columns {
            assert!(said.kept.contains_key(&column.kept), "{table}.{name} is kept by {:?}", column.kept);
        }
    }
}

#[test]
fn the_trail_holds_nothing_that_would_have_to_be_erased() {
    use store::columns::Sensitivity;
    for (name, column) in &columns().unwrap().table["trail"] {
        assert!(column.is <= Sensitivity::Pseudonym, "trail.{name} is {:?}", column.is);
    }
}

#[tokio::test]
async fn both_engines_end_up_with_the_same_shape() {
    let mut shapes = Vec::new();
    for test in databases().await {
        let mut tx = test.db.read().await.unwrap();
        shapes.push((test.engine, schema::tables(&mut tx).await.unwrap()));
    }
    let [(_, sqlite), (_, postgres)] = &shapes[..] else {
        println!("skipped: there is no second engine to compare with");
        return;
    };
    assert_eq!(sqlite.keys().collect::<Vec<_>>(), postgres.keys().collect::<Vec<_>>());
    for (name, table) in sqlite {
        assert_eq!(table, &postgres[name], "{name}: left on SQLite, right on PostgreSQL");
        assert!(!table.unique.is_empty(), "{name} has no primary key");
    }
}
