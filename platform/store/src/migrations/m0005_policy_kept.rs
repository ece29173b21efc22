//! Versions of the policy are never changed or removed, as the trail's entries are not.

use sea_orm::DbBackend;

pub fn statements(backend: DbBackend) -> Vec<String> {
    let all: &[&str] = match backend {
        DbBackend::Postgres => &[
            "CREATE FUNCTION policy_version_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION 'a version of the policy is never changed or removed'; END $$",
            "CREATE TRIGGER policy_version_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_version
             FOR EACH STATEMENT EXECUTE FUNCTION policy_version_refuse()",
        ],
        _ => &[
            "CREATE TRIGGER policy_version_unchanged BEFORE UPDATE ON policy_version
             BEGIN SELECT RAISE(ABORT, 'a version of the policy is never changed'); END",
            "CREATE TRIGGER policy_version_kept BEFORE DELETE ON policy_version
             BEGIN SELECT RAISE(ABORT, 'a version of the policy is never removed'); END",
            // An INSERT OR REPLACE would delete the row it collides with, and no trigger on deleting would see it.
            "CREATE TRIGGER policy_version_once BEFORE INSERT ON policy_version
             BEGIN
                SELECT RAISE(ABORT, 'a version of the policy is never replaced')
                WHERE EXISTS (SELECT 1 FROM policy_version WHERE number = NEW.number);
             END",
        ],
    };
    all.iter().map(|&statement| statement.to_owned()).collect()
}
