//! One entry of the access trail, and its hash. Pure.

use std::fmt;

use kit::{Actor, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What stands as the hash before the first entry.
pub const NOTHING_BEFORE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Says what is hashed, and in which form, so that no other bytes can pass for an entry. Another form is another tag.
const DOMAIN: &[u8] = b"fivebar access trail entry, form 1\n";

/// What an entry is about: a kind of thing and which one, by an id that says nothing about a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    kind: &'static str,
    id: String,
}

impl Subject {
    /// The thing of that kind with that id.
    pub fn new(kind: &'static str, id: impl fmt::Display) -> Self {
        Self { kind, id: id.to_string() }
    }

    /// The kind.
    pub const fn kind(&self) -> &'static str {
        self.kind
    }

    /// Which one.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// One entry as it stands in the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who, as [`Actor`] writes it.
    pub actor: String,
    /// What they did.
    pub verb: String,
    /// To what kind of thing.
    pub subject_kind: String,
    /// To which one.
    pub subject_id: String,
    /// What else a reader needs: canonical JSON of ids, numbers and hashes.
    pub detail: String,
    /// The hash of the entry before.
    pub prev: String,
    /// SHA-256 of all of the above, in hexadecimal.
    pub hash: String,
}

impl Entry {
    /// The entry that follows the one whose hash is `prev`.
    pub fn after(
        seq: i64,
        prev: String,
        actor: &Actor,
        verb: &str,
        subject: &Subject,
        detail: &Value,
        at: Timestamp,
    ) -> Self {
        let mut entry = Self {
            seq,
            at,
            actor: actor.to_string(),
            verb: verb.to_owned(),
            subject_kind: subject.kind.to_owned(),
            subject_id: subject.id.clone(),
            detail: canonical(detail),
            prev,
            hash: String::new(),
        };
        entry.hash = entry.true_hash();
        entry
    }

    /// What this entry's hash must be: SHA-256 over a domain tag and then each field, the hash before included, as a
    /// four-byte big-endian length and its bytes. Lengths keep two entries from meaning the same bytes.
    pub fn true_hash(&self) -> String {
        let mut sha = Sha256::new();
        sha.update(DOMAIN);
        let mut put = |bytes: &[u8]| {
            sha.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            sha.update(bytes);
        };
        put(&self.seq.to_be_bytes());
        put(&self.at.as_millis().to_be_bytes());
        put(self.actor.as_bytes());
        put(self.verb.as_bytes());
        put(self.subject_kind.as_bytes());
        put(self.subject_id.as_bytes());
        put(self.detail.as_bytes());
        put(self.prev.as_bytes());
        hex(&sha.finalize())
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// JSON in one form: keys in the order of their bytes, no spaces. Nobody's choice of map changes it.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| key.as_bytes());
            let inside: Vec<String> = members
                .into_iter()
                .map(|(key, member)| format!("{}:{}", Value::from(key.as_str()), canonical(member)))
                .collect();
            format!("{{{}}}", inside.join(","))
        }
        Value::Array(items) => {
            let inside: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", inside.join(","))
        }
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry() -> Entry {
        let detail = json!({"version": 3, "from": {"b": [2, 1], "a": "\"quoted\""}});
        let at = Timestamp::from_millis(1_790_000_000_000);
        let subject = Subject::new("policy-version", 3);
        Entry::after(1, NOTHING_BEFORE.to_owned(), &Actor::Person(7), "policy.apply", &subject, &detail, at)
    }

    #[test]
    fn an_entry_s_detail_has_one_form() {
        assert_eq!(entry().detail, r#"{"from":{"a":"\"quoted\"","b":[2,1]},"version":3}"#);
    }

    /// The form on disk is a promise: this hash was computed apart from this program, in Python, over the bytes the
    /// documentation of `true_hash` describes.
    #[test]
    fn an_entry_s_hash_is_the_documented_one() {
        assert_eq!(entry().hash, "a0d9cf171ba201d6aa1d5ce9ce9dd1fe4687c8fa209a9ceb531fccba89d29379");
    }

    #[test]
    fn every_field_is_under_the_hash() {
        let whole = entry();
        let altered: [fn(&mut Entry); 8] = [
            |e| e.seq += 1,
            |e| e.at = e.at.plus_millis(1),
            |e| e.actor.push('1'),
            |e| e.verb.push('x'),
            |e| e.subject_kind.push('x'),
            |e| e.subject_id.push('0'),
            |e| e.detail.push(' '),
            |e| e.prev = e.prev.replacen('0', "1", 1),
        ];
        for alter in altered {
            let mut changed = whole.clone();
            alter(&mut changed);
            assert_ne!(changed.true_hash(), whole.hash);
        }
        // Moving a letter from one field to the next is not the same entry either.
        let mut moved = whole.clone();
        moved.actor = "person:".to_owned();
        moved.verb = "7policy.apply".to_owned();
        assert_ne!(moved.true_hash(), whole.hash);
    }
}
