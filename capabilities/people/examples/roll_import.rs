//! How long a school's roll takes from the file to its preview, to being applied, and undone: `roll_import [PEOPLE]`.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement that prints, and breaks off where something fails"
)]

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::time::Instant;

use kit::permit::Action;
use kit::{Permit, Timestamp, Zone};
use people::duty::{self, Duties};
use people::intake::{self, ApplyImport, Given, ImportRoll};
use people::roster::{Files, Options, Roster};
use testing::MONDAY;

fn permit<A: Action>(subject: A::Subject) -> Permit<A> {
    Duties::built_in().authority().grant(&duty::at_the_command_line(1000), subject, MONDAY).unwrap()
}

/// A made-up school as OneRoster 1.1: one in ten is staff, ten classes a pupil, a parent each.
fn school(people: usize, moved: usize) -> Vec<u8> {
    let mut users = "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,givenName,familyName,agentSourcedIds,grades\n".to_owned();
    let mut enrolments = "sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role\n".to_owned();
    let mut classes = "sourcedId,title,grades,location\n".to_owned();
    let (staff, each) = (people / 10, 30);
    let pupils = (people - staff) / 2;
    let rooms = (pupils * 10).div_ceil(each);
    for class in 0..rooms {
        writeln!(classes, "c{class},Class {class},,Room {}", class % 60).unwrap();
        writeln!(enrolments, "t{class},c{class},s,a{},teacher", class % staff.max(1)).unwrap();
    }
    for one in 0..staff {
        writeln!(users, "a{one},,,true,s,teacher,a{one},Given{one},Family{one},,").unwrap();
    }
    for one in 0..pupils {
        let year = one % 7 + 7 - usize::from(one < moved);
        writeln!(users, "p{one},,,true,s,student,p{one},Given{one},Family{one},g{one},{year}").unwrap();
        writeln!(users, "g{one},,,true,s,guardian,g{one},Other{one},Family{one},,").unwrap();
        for class in 0..10 {
            writeln!(enrolments, "e{one}-{class},c{},s,p{one},student", (one * 10 + class) % rooms).unwrap();
        }
    }
    let manifest = "propertyName,value\noneroster.version,1.1\nfile.users,bulk\n".to_owned();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in
        [("manifest", manifest), ("users", users), ("classes", classes), ("enrollments", enrolments)]
    {
        zip.start_file(format!("{name}.csv"), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let people = std::env::args().nth(1).map_or(2_000, |people| people.parse().unwrap());
    let zone = Zone::named("Europe/London").unwrap();
    for test in testing::databases().await {
        for (what, moved) in [("the first import", 0), ("a new year for a third of the pupils", people / 6)] {
            let bytes = school(people, moved);
            let began = Instant::now();
            let files = Files::of("roll.zip", bytes).unwrap();
            let roster = Roster::read(&files, &Options::default()).unwrap();
            let read = began.elapsed();
            let given = Given { source: None, groups: None, zone: &zone };
            let mut tx = test.db.begin().await.unwrap();
            let import =
                intake::prepare(&mut tx, &permit::<ImportRoll>(()), &roster, &given, MONDAY).await.unwrap();
            tx.commit().await.unwrap();
            let previewed = began.elapsed();
            let later = Timestamp::from_millis(MONDAY.as_millis() + 1);
            let mut tx = test.db.begin().await.unwrap();
            intake::apply(
                &mut tx,
                &permit::<ApplyImport>(import.number),
                None,
                import.summary.held,
                &zone,
                later,
            )
            .await
            .unwrap();
            tx.commit().await.unwrap();
            let tally = import.summary.people;
            println!(
                "{} {what}: {} people ({} come, {} change); read {} ms, to the preview {} ms, applied {} ms",
                test.engine,
                roster.people.len(),
                tally.joins,
                tally.moves,
                read.as_millis(),
                previewed.as_millis(),
                began.elapsed().as_millis(),
            );
        }
    }
}
