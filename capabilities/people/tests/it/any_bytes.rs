//! What must hold of any bytes that somebody gives as a roll, or asks over SCIM.

use people::roster::{Files, Options, Roster};
use people::scim::{Filter, Type, patch, whole};
use serde_json::Value;

/// Whatever they are, they are read or refused, and every complaint has words. The first byte is a name to give them under.
pub fn roster_holds(bytes: &[u8]) {
    const NAMES: [&str; 4] = ["roll.csv", "users.csv", "student.csv", "manifest.csv"];
    let Some((first, rest)) = bytes.split_first() else { return };
    let name = NAMES[usize::from(*first) % NAMES.len()];
    let Ok(files) = Files::of(name, rest.to_vec()) else { return };
    for kind in [None, Some(people::Kind::Pupil)] {
        match Roster::read(&files, &Options { kind, ..Options::default() }) {
            Ok(roster) => {
                let known = |id: &String| roster.people.contains_key(id) || roster.unread.contains(id);
                for class in roster.classes.iter().flatten().map(|(_, class)| class) {
                    assert!(class.pupils.iter().chain(&class.teachers).all(known));
                }
                for (pupil, adult) in roster.relations.iter().flatten().map(|(pair, _)| pair) {
                    assert!(known(pupil) && known(adult) && pupil != adult);
                }
                assert!(
                    roster
                        .people
                        .values()
                        .all(|person| !person.name.is_empty() && !person.name.contains('\n'))
                );
            }
            Err(complaints) => {
                assert!(complaints.iter().all(|one| !one.what.is_empty()) && !complaints.is_empty())
            }
        }
    }
}

/// Whatever a system asks, it is understood or refused: a filter is asked of what was sent, and a change leaves a resource in its one form.
pub fn scim_holds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let filter = Filter::parse(first);
    for of in [Type::User, Type::Group] {
        let name = if of == Type::User { "userName" } else { "displayName" };
        let mut body = serde_json::Map::new();
        body.insert(name.to_owned(), Value::String("ada".to_owned()));
        body.insert("members".to_owned(), serde_json::json!([{ "value": "u1" }, { "value": "u2" }]));
        let Ok(body) = whole(of, &body) else { return };
        if let Ok(filter) = &filter {
            filter.holds(&body);
        }
        let Ok(Value::Object(message)) = serde_json::from_str(rest) else { continue };
        for sent in [whole(of, &message), patch(of, &body, &message).and_then(|body| whole(of, &body))] {
            let Ok(sent) = sent else { continue };
            assert!(sent.contains_key(name), "what must be there is there");
            assert_eq!(whole(of, &sent).as_ref(), Ok(&sent), "its one form is one");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_and_tables_of_odd_cells_hold(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            cells in proptest::collection::vec("[0-9a-cA-Z,;\"\n= /]{0,12}", 0..60),
        ) {
            super::roster_holds(&bytes);
            for (first, header) in [
                "id,name,kind,year,class,born,children\n",
                "sourcedId,orgSourcedIds,username,role,grade,givenName,familyName\n",
                "SIS ID,Username,Birthdate,Grade,Status\n",
            ].into_iter().enumerate() {
                let mut text = vec![u8::try_from(first).unwrap()];
                text.extend(header.bytes());
                text.extend(cells.join(",").bytes());
                super::roster_holds(&text);
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_asked_over_scim_holds(
            filter in "[a-z]{0,8}( (eq|co|pr|and|or|not|\\(|\\)|\\[|\\]|\"x\"|true|7)){0,8}",
            op in "(add|replace|remove|grow)",
            path in "(userName|name|name\\.givenName|members|members\\[value eq \"u1\"\\]|active|emails|[a-z.\\[\\]]{0,8})",
            value in "(null|true|7|\"x\"|\\[\\]|\\[\\{\"value\":\"u3\"\\}\\]|\\{\"givenName\":\"A\"\\})",
        ) {
            super::scim_holds(filter.as_bytes());
            let path = path.replace('"', "\\\"");
            let operation = format!("{{\"op\":\"{op}\",\"path\":\"{path}\",\"value\":{value}}}");
            super::scim_holds(format!("{filter}\n{{\"Operations\":[{operation}]}}").as_bytes());
        }
    }

    #[test]
    fn the_corpus_holds() {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/roster");
        let mut held = 0;
        for entry in std::fs::read_dir(corpus).unwrap() {
            super::roster_holds(&std::fs::read(entry.unwrap().path()).unwrap());
            held += 1;
        }
        assert!(held >= 6, "{held}");
    }
}
