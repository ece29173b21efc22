//! Changes alone, as OneRoster's `delta` tells them, and timetables: laid upon what is there, so that nobody leaves by not being named.

use std::io::{Cursor, Write as _};

use people::intake::{self, Given, Import, ImportRoll, PrepareError};
use people::roster::{Files, Options, Roster, Shape};
use people::timetable;
use store::Db;
use testing::databases;

use crate::intake::{apply, day, london, permit, roll, undone};

const USERS: &str = "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,givenName,familyName,grades,agentSourcedIds\n";

fn read(files: &[(&str, String)]) -> Roster {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    let bytes = archive.finish().unwrap().into_inner();
    Roster::read(&Files::of("export.zip", bytes).unwrap(), &Options::default()).unwrap()
}

fn manifest(how: &str) -> (&'static str, String) {
    let files = ["users", "classes", "enrollments", "academicSessions"];
    let lines = files.map(|file| format!("file.{file},{how}\n"));
    (
        "manifest.csv",
        format!("propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\n{}", lines.concat()),
    )
}

/// Ada, Bo and Cy are in 7B with their teacher Di, in periods 1 and 3 of the autumn.
fn whole() -> Roster {
    let users = "u1,,,true,s1,student,a,Ada,Bell,7,\nu2,,,true,s1,student,b,Bo,Bell,7,\nu3,,,true,s1,student,c,Cy,Dale,8,\n\
                 t1,,,true,s1,teacher,d,Di,Dale,,\n";
    read(&[
        manifest("bulk"),
        ("users.csv", format!("{USERS}{users}")),
        (
            "classes.csv",
            "sourcedId,status,dateLastModified,title,location,termSourcedIds,periods\nc1,,,7B,Lab 1,a1,\"1,3\"\nc2,,,8A,,,\n".to_owned(),
        ),
        (
            "enrollments.csv",
            "sourcedId,status,dateLastModified,classSourcedId,userSourcedId,role\ne1,,,c1,u1,student\ne2,,,c1,u2,student\n\
             e3,,,c1,t1,teacher\ne4,,,c2,u3,student\ne5,,,c2,t1,teacher\n"
                .to_owned(),
        ),
        ("academicSessions.csv", "sourcedId,title,type,startDate,endDate\na1,Autumn,term,2026-09-02,2026-12-18\n".to_owned()),
    ])
}

/// Bo has gone, Ada has another name and is out of 7B, Eve is new in it.
fn changes(at: &str) -> Roster {
    let users = format!(
        "u1,active,{at},true,s1,student,a,Ada,Otter,7,\nu2,tobedeleted,{at},true,s1,student,b,Bo,Bell,7,\n\
         u5,active,{at},true,s1,student,e,Eve,Dale,7,\n"
    );
    read(&[
        manifest("delta"),
        ("users.csv", format!("{USERS}{users}")),
        (
            "classes.csv",
            "sourcedId,status,dateLastModified,title,location,termSourcedIds,periods\n".to_owned(),
        ),
        (
            "enrollments.csv",
            format!(
                "sourcedId,status,dateLastModified,classSourcedId,userSourcedId,role\ne1,tobedeleted,{at},c1,u1,student\n\
                 e9,active,{at},c1,u5,student\n"
            ),
        ),
        ("academicSessions.csv", "sourcedId,title,type,startDate,endDate\n".to_owned()),
    ])
}

async fn prepared(db: &Db, roster: &Roster, source: Option<&str>) -> Result<Import, PrepareError> {
    let zone = london();
    let given = Given { source, groups: None, zone: &zone };
    let mut tx = db.begin().await.unwrap();
    let import = intake::prepare(&mut tx, &permit::<ImportRoll>(()), roster, &given, day(0)).await?;
    tx.commit().await.unwrap();
    Ok(import)
}

async fn names(db: &Db) -> Vec<String> {
    let mut names: Vec<String> = roll(db).await.into_iter().map(|(_, name, _)| name).collect();
    names.sort();
    names
}

/// The lessons of 7B: period and room; and how many its teacher has.
async fn lessons(db: &Db) -> (Vec<(String, Option<String>)>, usize) {
    let mut tx = db.read().await.unwrap();
    let classes = intake::classes(&mut tx).await.unwrap();
    let class = classes.iter().find(|class| class.name == "7B").unwrap();
    let (_, teachers, lessons) =
        timetable::of_class(&mut tx, class.id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(teachers.len(), 1);
    let people = people::people(&mut tx).await.unwrap();
    let di = people.iter().find(|one| one.name.reveal() == "Di Dale").unwrap().number;
    let theirs = timetable::of_teacher(&mut tx, di).await.unwrap().len();
    (lessons.into_iter().map(|one| (one.slot.period, one.slot.room)).collect(), theirs)
}

#[tokio::test]
async fn changes_alone_take_nobody_off_the_roll_but_whom_they_say_has_gone() {
    for test in databases().await {
        let unknown = prepared(&test.db, &changes("2026-11-20T10:00:00Z"), None).await;
        assert!(matches!(unknown, Err(PrepareError::NothingBefore)), "{}: {unknown:?}", test.engine);
        let first = prepared(&test.db, &whole(), None).await.unwrap();
        apply(&test.db, first.number, None, day(0)).await.unwrap();

        let told = changes("2026-11-20T10:00:00Z");
        assert!(told.changes.is_some() && told.people.len() == 2);
        let import = prepared(&test.db, &told, None).await.unwrap();
        let people = import.summary.people;
        assert_eq!((people.joins, people.moves, people.leaves, people.same), (1, 1, 1, 2), "{}", test.engine);
        assert!(import.summary.changes && import.summary.classes.leaves == 0);
        apply(&test.db, import.number, None, day(0)).await.unwrap();
        assert_eq!(names(&test.db).await, ["Ada Otter", "Cy Dale", "Di Dale", "Eve Dale"], "{}", test.engine);
        let mut tx = test.db.read().await.unwrap();
        let people = people::people(&mut tx).await.unwrap();
        for (name, classes) in
            [("Ada Otter", vec![]), ("Eve Dale", vec!["7B"]), ("Di Dale", vec!["7B", "8A"])]
        {
            let number = people.iter().find(|one| one.name.reveal() == name).unwrap().number;
            let theirs: Vec<String> =
                intake::taught(&mut tx, number).await.unwrap().into_iter().map(|one| one.name).collect();
            assert_eq!(theirs, classes, "{}: {name}", test.engine);
        }
        tx.roll_back().await.unwrap();

        // What is older than what was taken is refused, and the same again changes nothing.
        let older = prepared(&test.db, &changes("2026-11-19T10:00:00Z"), None).await;
        assert!(matches!(older, Err(PrepareError::Older)), "{}: {older:?}", test.engine);
        let again = prepared(&test.db, &told, None).await.unwrap();
        assert!(again.summary.is_nothing(), "{}: {:?}", test.engine, again.summary);
        undone(&test.db, import.number, day(1)).await;
        assert_eq!(names(&test.db).await, ["Ada Bell", "Bo Bell", "Cy Dale", "Di Dale"], "{}", test.engine);
    }
}

/// Whose rows were changed then, all of them.
fn whole_of(at: &str) -> Roster {
    let users = format!(
        "u1,,{at},true,s1,student,a,Ada,Bell,7,\nu2,,{at},true,s1,student,b,Bo,Bell,7,\nu3,,{at},true,s1,student,c,Cy,Dale,8,\n"
    );
    let only_people = "propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\nfile.users,bulk\n";
    read(&[("manifest.csv", only_people.to_owned()), ("users.csv", format!("{USERS}{users}"))])
}

#[tokio::test]
async fn a_day_that_lies_ahead_makes_no_later_change_an_older_one_and_undoing_takes_it_back() {
    for test in databases().await {
        let applied = async |roster: &Roster| {
            let import = prepared(&test.db, roster, None).await?;
            apply(&test.db, import.number, None, day(0)).await.unwrap();
            Ok::<_, PrepareError>(import)
        };
        // An end that a system writes far ahead counts as tomorrow.
        let far = applied(&whole_of("2062-01-01T00:00:00Z")).await.unwrap();
        assert_eq!(far.summary.as_of, Some(day(1).as_millis()), "{}", test.engine);
        let soon = changes(&day(2).to_string());
        assert!(soon.as_of.is_some_and(|at| at > day(1).as_millis()), "{:?}", soon.as_of);
        let soon = applied(&soon).await.unwrap();
        assert_eq!(soon.summary.as_of, Some(day(1).as_millis()), "{}", test.engine);
        let older = prepared(&test.db, &changes("2026-11-20T10:00:00Z"), None).await;
        assert!(matches!(older, Err(PrepareError::Older)), "{}: {older:?}", test.engine);

        // A whole export is how things stand: changes since then come after it, whatever was told before.
        let whole = applied(&whole_of("2026-11-18T10:00:00Z")).await.unwrap();
        let later = applied(&changes("2026-11-21T10:00:00Z")).await.unwrap();
        let between = prepared(&test.db, &changes("2026-11-20T10:00:00Z"), None).await;
        assert!(matches!(between, Err(PrepareError::Older)), "{}: {between:?}", test.engine);
        // Undone, it has never come: what lies between can be taken, and then it again.
        undone(&test.db, later.number, day(0)).await;
        let between = applied(&changes("2026-11-20T10:00:00Z")).await;
        assert!(between.is_ok(), "{}: {between:?}", test.engine);
        let before = prepared(&test.db, &changes("2026-11-17T10:00:00Z"), None).await;
        assert!(matches!(before, Err(PrepareError::Older)), "{}: {before:?}", test.engine);
        undone(&test.db, between.unwrap().number, day(0)).await;
        // With the whole export undone too, what was told before it counts again.
        undone(&test.db, whole.number, day(0)).await;
        let again = prepared(&test.db, &changes("2026-11-21T10:00:00Z"), None).await;
        assert!(matches!(again, Err(PrepareError::Older)), "{}: {again:?}", test.engine);
    }
}

#[tokio::test]
async fn a_preview_that_nobody_applies_is_forgotten_with_its_names_and_its_number_given_to_no_other() {
    let rules = store::retention::Retention::built_in().unwrap();
    for test in databases().await {
        let left = prepared(&test.db, &whole(), None).await.unwrap();
        let erased = async |days: i64| {
            store::retention::carry_out(&test.db, &rules, &store::Actor::Job("retention"), day(days))
                .await
                .unwrap()
        };
        assert!(erased(29).await.is_empty(), "{}: somebody may apply it still", test.engine);
        let gone = erased(31).await;
        assert_eq!(gone.get("roll_import"), Some(&1), "{}: {gone:?}", test.engine);
        assert!(gone.get("roll_import_change").is_some_and(|rows| *rows > 3), "{gone:?}");
        let next = prepared(&test.db, &whole(), None).await.unwrap();
        assert_eq!(next.number, left.number + 1, "{}: the trail names the first", test.engine);
        apply(&test.db, next.number, None, day(0)).await.unwrap();
        assert!(erased(31).await.is_empty(), "{}: what was applied can be undone for a year", test.engine);
    }
}

#[tokio::test]
async fn a_timetable_comes_with_the_classes_or_by_itself_and_is_looked_at_and_undone_like_a_roll() {
    for test in databases().await {
        let lesson = |period: &str, room: Option<&str>| (period.to_owned(), room.map(str::to_owned));
        let nowhere = Files::of("lessons.csv", b"class,period\n7B,1\n".to_vec()).unwrap();
        let nowhere = Roster::read(&nowhere, &Options::default()).unwrap();
        assert!(matches!(prepared(&test.db, &nowhere, None).await, Err(PrepareError::NothingBefore)));
        let first = prepared(&test.db, &whole(), None).await.unwrap();
        apply(&test.db, first.number, None, day(0)).await.unwrap();
        let both = vec![lesson("1", Some("Lab 1")), lesson("3", Some("Lab 1"))];
        assert_eq!(lessons(&test.db).await, (both.clone(), 2), "{}", test.engine);

        let table = "Class,Day,Period,Room\n7b,Mon,2,Hall\n8A,Tue,4,\n9Z,Wed,1,\n";
        let told =
            Roster::read(&Files::of("lessons.csv", table.into()).unwrap(), &Options::default()).unwrap();
        assert_eq!(told.shape, Shape::Timetable);
        let import = prepared(&test.db, &told, None).await.unwrap();
        assert_eq!(import.source, "oneroster", "the only source that has classes");
        assert!(import.summary.people.leaves == 0 && import.summary.people.same == 4, "{:?}", import.summary);
        assert_eq!((import.summary.classes.moves, import.summary.classes.leaves), (2, 0));
        assert!(
            import.summary.complaints.iter().any(|one| one.what.contains("is called like: 1.")),
            "{:?}",
            import.summary
        );
        assert_eq!(lessons(&test.db).await.0, both, "nothing has changed");
        apply(&test.db, import.number, None, day(0)).await.unwrap();
        assert_eq!(lessons(&test.db).await, (vec![lesson("2", Some("Hall"))], 2), "{}", test.engine);
        undone(&test.db, import.number, day(1)).await;
        assert_eq!(lessons(&test.db).await, (both, 2), "{}", test.engine);
    }
}
