//! What must hold of any bytes that somebody gives as a roll.

use people::roster::{Files, Options, Roster};

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
