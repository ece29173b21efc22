//! Imports of what other systems export: previewed, applied, undone.

use std::collections::BTreeSet;
use std::path::PathBuf;

use engine::PersonNo;
use kit::permit::Action;
use kit::{Permit, Timestamp, Zone};
use people::duty::{self, Duties, Giving, SchoolKind, Span};
use people::intake::{
    self, ApplyError, ApplyImport, ApplyLeading, Given, Import, ImportRoll, PrepareError, ReadImports,
    ReadRoll, Thing, What, WriteRules,
};
use people::leaving::{self, HandDevice};
use people::relation::{self, MarkError, ReadRelations};
use people::roster::{Files, Options, Roster};
use people::{Kind, RollFile, people as on_the_roll};
use store::trail::{self, Verified};
use store::{Actor, Db};
use testing::{MONDAY, databases};

const HEADER: &str = "id,first name,last name,kind,year,class,last day,children\n";
const SCHOOL: &str = "1,Ada,Example,pupil,7,7B,,\n2,Bo,Example,pupil,8,8A,,\n\
    5,Cy,Example,teacher,,7B;8A,,\n7,Di,Example,parent,,,,1\n";

pub fn permit<A: Action>(subject: A::Subject) -> Permit<A> {
    permit_at(subject, MONDAY)
}

fn permit_at<A: Action>(subject: A::Subject, at: Timestamp) -> Permit<A> {
    Duties::built_in().authority().grant(&duty::at_the_command_line(1000), subject, at).unwrap()
}

pub fn london() -> Zone {
    Zone::named("Europe/London").unwrap()
}

pub fn day(days: i64) -> Timestamp {
    MONDAY.plus_millis(days * 86_400_000)
}

fn table(rows: &str) -> Roster {
    let files = Files::of("school.csv", format!("{HEADER}{rows}").into_bytes()).unwrap();
    Roster::read(&files, &Options::default()).unwrap()
}

async fn prepared(db: &Db, roster: &Roster, at: Timestamp) -> Import {
    let zone = london();
    let groups: BTreeSet<String> =
        ["pupils", "year-7", "year-8", "staff", "teachers"].map(String::from).into();
    let given = Given { source: Some("mis"), groups: Some(&groups), zone: &zone };
    let mut tx = db.begin().await.unwrap();
    let import = intake::prepare(&mut tx, &permit::<ImportRoll>(()), roster, &given, at).await.unwrap();
    tx.commit().await.unwrap();
    import
}

pub async fn apply(
    db: &Db,
    number: i64,
    leavers: Option<usize>,
    at: Timestamp,
) -> Result<Import, ApplyError> {
    let mut tx = db.begin().await.unwrap();
    let leading = permit::<ApplyLeading>(number);
    let applied =
        intake::apply(&mut tx, &permit::<ApplyImport>(number), Some(&leading), leavers, &london(), at)
            .await?;
    tx.commit().await.unwrap();
    Ok(applied)
}

/// The same by somebody who gives no duties.
async fn apply_alone(db: &Db, import: &Import, at: Timestamp) -> Result<Import, ApplyError> {
    let mut tx = db.begin().await.unwrap();
    let permit = permit::<ApplyImport>(import.number);
    intake::apply(&mut tx, &permit, None, import.summary.held, &london(), at).await
}

async fn give(db: &Db, person: PersonNo, duty: &str) {
    let mut tx = db.begin().await.unwrap();
    let giving = Giving {
        person,
        duty: duty.to_owned(),
        span: Span { starts_at: MONDAY, ends_at: None },
        covers: None,
        reason: String::new(),
    };
    let permit = permit::<duty::GiveDuty>(person);
    duty::give(&mut tx, &permit, giving, SchoolKind::Maintained, MONDAY).await.unwrap();
    tx.commit().await.unwrap();
}

async fn imported(db: &Db, rows: &str, at: Timestamp) -> Import {
    let import = prepared(db, &table(rows), at).await;
    apply(db, import.number, import.summary.held, at).await.unwrap()
}

pub async fn undone(db: &Db, number: i64, at: Timestamp) -> Import {
    let mut tx = db.begin().await.unwrap();
    let import = intake::prepare_undo(&mut tx, &permit::<ImportRoll>(()), number, at).await.unwrap();
    tx.commit().await.unwrap();
    apply(db, import.number, import.summary.held, at).await.unwrap()
}

/// Everybody on the roll: number, name, groups.
pub async fn roll(db: &Db) -> Vec<(u32, String, Vec<String>)> {
    let mut tx = db.read().await.unwrap();
    let people = on_the_roll(&mut tx).await.unwrap();
    people.into_iter().map(|one| (one.number.0, one.name.into_revealed(), one.groups)).collect()
}

async fn verbs(db: &Db) -> Vec<String> {
    assert!(matches!(trail::verify(db).await.unwrap(), Verified::Whole { .. }));
    let mut tx = db.read().await.unwrap();
    let entries = trail::newest(&mut tx, None, 100).await.unwrap();
    for entry in &entries {
        assert!(!entry.detail.contains("Example") && !entry.detail.contains("7B"), "{}", entry.detail);
    }
    entries.into_iter().rev().map(|entry| entry.verb).collect()
}

/// What somebody is who has proved it by two things.
async fn standing_of(tx: &mut store::Tx, person: PersonNo, at: kit::Timestamp) -> kit::Standing {
    let proof = duty::Proof { at, several: true };
    duty::of_person(tx, person, proof, at).await.unwrap().standing
}

#[tokio::test]
async fn an_import_is_looked_at_before_anything_changes_and_applied_as_one_change() {
    for test in databases().await {
        let import = prepared(&test.db, &table(SCHOOL), MONDAY).await;
        assert_eq!(
            (import.summary.people.joins, import.summary.classes.joins, import.summary.relations.joins),
            (4, 2, 1)
        );
        assert!(roll(&test.db).await.is_empty(), "{}: nothing has changed", test.engine);
        apply(&test.db, import.number, None, MONDAY).await.unwrap();
        let expected = [
            (1, "Ada Example", vec!["pupils", "year-7"]),
            (2, "Bo Example", vec!["pupils", "year-8"]),
            (3, "Cy Example", vec!["staff", "teachers"]),
            (4, "Di Example", vec![]),
        ]
        .map(|(number, name, groups)| {
            (number, name.to_owned(), groups.into_iter().map(str::to_owned).collect())
        });
        assert_eq!(roll(&test.db).await, expected, "{}", test.engine);
        assert!(matches!(apply(&test.db, import.number, None, MONDAY).await, Err(ApplyError::NotWaiting)));

        // The same again changes nothing.
        let again = prepared(&test.db, &table(SCHOOL), day(1)).await;
        assert!(again.summary.is_nothing(), "{}: {:?}", test.engine, again.summary);
        assert_eq!(
            (again.summary.people.same, again.summary.classes.same, again.summary.relations.same),
            (4, 2, 1)
        );
        assert_eq!(verbs(&test.db).await, ["roll.prepare", "roll.import", "roll.prepare"]);
    }
}

#[tokio::test]
async fn who_leaves_and_comes_back_keeps_their_number_and_undoing_gives_back_the_roll_as_it_was() {
    for test in databases().await {
        imported(&test.db, SCHOOL, MONDAY).await;
        let before = roll(&test.db).await;
        // Bo goes, Ada is a year on, Eve comes.
        let second = "1,Ada,Example,pupil,8,8A,,\n9,Eve,Example,pupil,7,7B,,\n5,Cy,Example,teacher,,7B;8A,,\n7,Di,Example,parent,,,,1\n";
        let import = imported(&test.db, second, day(1)).await;
        let tally = import.summary.people;
        assert_eq!((tally.joins, tally.moves, tally.leaves, tally.same), (1, 1, 1, 2), "{}", test.engine);
        let numbers: Vec<u32> = roll(&test.db).await.iter().map(|(number, ..)| *number).collect();
        assert_eq!(numbers, [1, 3, 4, 5]);

        undone(&test.db, import.number, day(2)).await;
        assert_eq!(roll(&test.db).await, before, "{}: as it was", test.engine);
        let again = prepared(&test.db, &table(SCHOOL), day(2)).await;
        assert!(again.summary.is_nothing(), "{}: classes and family too: {:?}", test.engine, again.summary);
        let mut tx = test.db.begin().await.unwrap();
        let twice = intake::prepare_undo(&mut tx, &permit::<ImportRoll>(()), import.number, day(2)).await;
        assert!(matches!(twice, Err(PrepareError::NotApplied)));
        drop(tx);

        // Eve comes after all: she is who she was.
        imported(&test.db, &format!("{SCHOOL}9,Eve,Example,pupil,7,7B,,\n"), day(3)).await;
        assert_eq!(
            roll(&test.db).await.last().map(|(number, name, _)| (*number, name.as_str())),
            Some((5, "Eve Example"))
        );
    }
}

#[tokio::test]
async fn a_newer_difference_takes_the_place_of_one_that_waits_and_an_outdated_one_is_not_applied() {
    for test in databases().await {
        let first = prepared(&test.db, &table(SCHOOL), MONDAY).await;
        let second = prepared(&test.db, &table("1,Ada,Example,pupil,7,,,\n"), MONDAY).await;
        assert!(matches!(apply(&test.db, first.number, None, MONDAY).await, Err(ApplyError::NotWaiting)));
        apply(&test.db, second.number, None, MONDAY).await.unwrap();
        let mut tx = test.db.read().await.unwrap();
        let read = permit::<ReadImports>(());
        let dropped = intake::found(&mut tx, &read, first.number).await.unwrap().unwrap();
        let (kept, _) = intake::changes(&mut tx, &read, first.number, None, (0, 10)).await.unwrap();
        assert_eq!((dropped.state.as_str(), kept.len()), ("dropped", 0), "nothing of people is kept of it");
        drop(tx);

        // A roll file of the school's own changes nothing of them; a marker by hand outdates a difference about it.
        let waiting = prepared(&test.db, &table("1,Ada,Example,pupil,8,,,\n"), MONDAY).await;
        let mut tx = test.db.begin().await.unwrap();
        let file = RollFile::parse("").unwrap();
        assert!(people::import(&mut tx, &Actor::CommandLine(1), &file, MONDAY).await.unwrap().is_nothing());
        tx.commit().await.unwrap();
        let undo = undone(&test.db, second.number, day(1)).await;
        assert_eq!(undo.summary.people.leaves, 1);
        assert!(
            matches!(apply(&test.db, waiting.number, None, day(1)).await, Err(ApplyError::NotWaiting)),
            "the undoing took its place"
        );
    }
}

#[tokio::test]
async fn many_leavers_wait_until_somebody_says_the_number() {
    for test in databases().await {
        let all: String = (1..=30).map(|id| format!("{id},A{id},Example,pupil,5,,,\n")).collect();
        imported(&test.db, &all, MONDAY).await;
        let few: String = (1..=20).map(|id| format!("{id},A{id},Example,pupil,5,,,\n")).collect();
        let import = prepared(&test.db, &table(&few), day(1)).await;
        for said in [None, Some(9)] {
            assert!(
                matches!(apply(&test.db, import.number, said, day(1)).await, Err(ApplyError::Held(10))),
                "{said:?}"
            );
        }
        assert_eq!(roll(&test.db).await.len(), 30, "{}", test.engine);
        apply(&test.db, import.number, Some(10), day(1)).await.unwrap();
        assert_eq!(roll(&test.db).await.len(), 20);
    }
}

#[tokio::test]
async fn a_roll_of_our_own_form_is_taken_over_by_id_and_keeps_its_devices() {
    let own = "[[person]]\nid = \"1\"\nname = \"Ada E.\"\ngroups = [\"pupils\"]\n[[person]]\nid = \"x\"\nname = \"Xan Example\"\n\
        [[device]]\nname = \"tablet-1\"\naddress = \"10.3.0.1\"\nperson = \"1\"\n";
    for test in databases().await {
        let put = async |text: &str| {
            let mut tx = test.db.begin().await.unwrap();
            let elsewhere = people::kept_elsewhere(&mut tx).await.unwrap();
            let file = RollFile::parse_beside(text, &elsewhere).unwrap();
            let changes = people::import(&mut tx, &Actor::CommandLine(1), &file, MONDAY).await.unwrap();
            tx.commit().await.unwrap();
            changes
        };
        put(own).await;
        let import = imported(&test.db, SCHOOL, MONDAY).await;
        assert_eq!((import.summary.people.joins, import.summary.people.moves), (3, 1), "{}", test.engine);
        let now = roll(&test.db).await;
        assert_eq!((now[0].0, now[0].1.as_str()), (1, "Ada Example"), "the number is the same");
        assert_eq!(now.len(), 5, "whom the source does not know is none of its affair");
        assert!(
            put(own).await.is_nothing(),
            "{}: the file changes nothing of whom the source keeps",
            test.engine
        );

        // Without its people the file still says whose the devices are.
        let devices = "[[device]]\nname = \"tablet-1\"\naddress = \"10.3.0.1\"\nperson = \"5\"\n";
        let changes = put(devices).await;
        assert_eq!((changes.people.removed, changes.devices.changed), (1, 1), "{}", test.engine);
        let mut tx = test.db.read().await.unwrap();
        assert_eq!(people::devices(&mut tx).await.unwrap()[0].person, Some(PersonNo(4)));
        drop(tx);

        undone(&test.db, import.number, day(1)).await;
        let left = roll(&test.db).await;
        assert_eq!(
            left.iter().map(|(number, name, _)| (*number, name.as_str())).collect::<Vec<_>>(),
            [(1, "Ada E.")]
        );
    }
}

#[tokio::test]
async fn who_leaves_is_nothing_in_that_moment_and_what_they_had_is_told() {
    for test in databases().await {
        imported(&test.db, SCHOOL, MONDAY).await;
        let teacher = PersonNo(3);
        let standing = async |at| {
            let mut tx = test.db.read().await.unwrap();
            let standing = standing_of(&mut tx, teacher, at).await;
            standing.duties().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(standing(MONDAY).await, ["staff"], "{}: as the roll says", test.engine);
        let mut tx = test.db.begin().await.unwrap();
        let giving = Giving {
            person: teacher,
            duty: "dsl".to_owned(),
            span: Span { starts_at: MONDAY, ends_at: None },
            covers: None,
            reason: String::new(),
        };
        let permit_to_give = permit::<duty::GiveDuty>(teacher);
        duty::give(&mut tx, &permit_to_give, giving, SchoolKind::Maintained, MONDAY).await.unwrap();
        let devices = RollFile::parse_beside(
            "[[device]]\nname = \"laptop\"\naddress = \"10.3.0.9\"\nperson = \"5\"\n",
            &BTreeSet::from(["5".to_owned()]),
        );
        people::import(&mut tx, &Actor::CommandLine(1), &devices.unwrap(), MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(standing(MONDAY).await, ["dsl", "staff"]);

        let gaps = async |at| {
            let mut tx = test.db.read().await.unwrap();
            let all = duty::all(&mut tx, &permit::<duty::ReadDuties>(())).await.unwrap();
            let gaps = duty::gaps(Duties::built_in(), SchoolKind::Maintained, &all, at);
            gaps.into_iter().any(|gap| gap.duty.id == "dsl")
        };
        assert!(!gaps(MONDAY).await);
        // The last day is Tuesday: that day is one of theirs, and at midnight it is over.
        let leaving_on = SCHOOL.replace("7B;8A,,", "7B;8A,2026-11-24,");
        let import = imported(&test.db, &leaving_on, MONDAY).await;
        let job = Actor::Job("last-days");
        let end = async |at| {
            let mut tx = test.db.begin().await.unwrap();
            let ended = intake::end_days(&mut tx, &job, at).await.unwrap();
            tx.commit().await.unwrap();
            ended
        };
        let midnight = Timestamp::parse("2026-11-25T00:00:00Z").unwrap();
        assert_eq!(end(midnight.plus_millis(-1)).await, 0);
        assert_eq!(standing(midnight.plus_millis(-1)).await, ["dsl", "staff"]);
        assert_eq!(end(midnight).await, 1, "{}", test.engine);
        assert_eq!(standing(midnight).await, Vec::<String>::new());
        assert!(gaps(midnight).await, "{}: a duty that the school needs is open", test.engine);
        let mut tx = test.db.read().await.unwrap();
        let roll = people::gate_roll(&mut tx).await.unwrap();
        assert_eq!(roll.devices[0].person, None, "their device is nobody's to the gate");
        let left =
            leaving::left_behind(&mut tx, &permit::<ReadRoll>(()), teacher, true, midnight).await.unwrap();
        assert_eq!((left.duties.len(), left.devices.len()), (1, 1), "{}: to be handed over", test.engine);
        drop(tx);
        assert!(import.summary.people.moves == 1 && import.summary.people.leaves == 0);

        let mut tx = test.db.begin().await.unwrap();
        let hand = permit::<HandDevice>(left.devices[0].number);
        assert!(
            leaving::hand_device(&mut tx, &hand, teacher, (Some(PersonNo(99)), false), midnight)
                .await
                .is_err()
        );
        leaving::hand_device(&mut tx, &hand, teacher, (None, false), midnight).await.unwrap();
        let left =
            leaving::left_behind(&mut tx, &permit::<ReadRoll>(()), teacher, true, midnight).await.unwrap();
        assert!(left.devices.is_empty());
    }
}

#[tokio::test]
async fn undoing_gives_back_the_duties_that_a_wrong_file_took() {
    for test in databases().await {
        imported(&test.db, SCHOOL, MONDAY).await;
        give(&test.db, PersonNo(3), "head").await;
        give(&test.db, PersonNo(3), "teacher").await;
        let held = async |duty, at| {
            let mut tx = test.db.read().await.unwrap();
            standing_of(&mut tx, PersonNo(3), at).await.holds(duty)
        };
        let without = "1,Ada,Example,pupil,7,7B,,\n";
        let wrong = imported(&test.db, without, day(1)).await;
        assert!(!held("teacher", day(1)).await && !held("head", day(1)).await, "{}", test.engine);
        undone(&test.db, wrong.number, day(2)).await;
        assert!(held("teacher", day(2)).await, "{}", test.engine);
        // What needs a second proof gives nobody but whoever gives duties.
        assert!(!held("head", day(2)).await, "{}", test.engine);
        // What somebody had a day before comes back to nobody by an old import that is undone.
        let wrong = imported(&test.db, without, day(3)).await;
        undone(&test.db, wrong.number, day(4).plus_millis(1)).await;
        assert!(!held("teacher", day(5)).await, "{}", test.engine);
    }
}

#[tokio::test]
async fn nobody_alone_takes_off_the_roll_who_leads() {
    for test in databases().await {
        imported(&test.db, SCHOOL, MONDAY).await;
        let teacher = PersonNo(3);
        give(&test.db, teacher, "dsl").await;
        for (rows, why) in [
            (SCHOOL.replace("5,Cy,Example,teacher,,7B;8A,,\n", ""), "gone"),
            (SCHOOL.replace("7B;8A,,", "7B;8A,2026-12-18,"), "a last day"),
            (SCHOOL.replace("5,Cy,Example,teacher,", "5,Cy,Example,visitor,"), "something else"),
        ] {
            let import = prepared(&test.db, &table(&rows), day(1)).await;
            let refused = apply_alone(&test.db, &import, day(1)).await;
            assert!(matches!(refused, Err(ApplyError::Leading(1))), "{}: {why}: {refused:?}", test.engine);
        }
        // Once whoever gives duties has ended the duty, anybody who applies imports may.
        let mut tx = test.db.begin().await.unwrap();
        let all = duty::all(&mut tx, &permit::<duty::ReadDuties>(())).await.unwrap();
        duty::end(&mut tx, &permit::<duty::EndDuty>(all[0].id), day(2)).await.unwrap();
        tx.commit().await.unwrap();
        let rows = SCHOOL.replace("5,Cy,Example,teacher,,7B;8A,,\n", "");
        let import = prepared(&test.db, &table(&rows), day(2)).await;
        apply_alone(&test.db, &import, day(2)).await.unwrap();
    }
}

#[tokio::test]
async fn many_pupils_who_become_something_else_wait_like_leavers() {
    for test in databases().await {
        let rows = |kind| (0..12).map(|id| format!("{id},P{id},Example,{kind},,,,\n")).collect::<String>();
        imported(&test.db, &rows("pupil"), MONDAY).await;
        let import = prepared(&test.db, &table(&rows("staff")), day(1)).await;
        assert_eq!((import.summary.grown, import.summary.held), (12, Some(12)), "{}", test.engine);
        let held = apply(&test.db, import.number, None, day(1)).await;
        assert!(matches!(held, Err(ApplyError::Held(12))), "{held:?}");
    }
}

#[tokio::test]
async fn a_court_s_restriction_is_marked_by_a_person_and_kept_by_every_file() {
    for test in databases().await {
        imported(&test.db, SCHOOL, MONDAY).await;
        let mut tx = test.db.begin().await.unwrap();
        let (ada, di) = (PersonNo(1), PersonNo(4));
        // The command line has no say in it.
        let standing = duty::at_the_command_line(1000);
        let refused =
            Duties::built_in().authority().grant::<relation::MarkRelation>(&standing, (ada, di), MONDAY);
        assert!(refused.is_err());
        let read = permit::<ReadRelations>(ada);
        let family = relation::of_person(&mut tx, &read, Some(Kind::Pupil), MONDAY).await.unwrap();
        assert_eq!((family.len(), family[0].person, family[0].restricted), (1, di, false), "{}", test.engine);
        let of_di = relation::of_person(&mut tx, &permit::<ReadRelations>(di), Some(Kind::Parent), MONDAY)
            .await
            .unwrap();
        assert_eq!(of_di[0].person, ada);
        tx.commit().await.unwrap();

        // The head may: a person of the roll with the duty.
        let mut tx = test.db.begin().await.unwrap();
        let giving = Giving {
            person: PersonNo(3),
            duty: "head".to_owned(),
            span: Span { starts_at: MONDAY, ends_at: None },
            covers: None,
            reason: String::new(),
        };
        duty::give(&mut tx, &permit::<duty::GiveDuty>(PersonNo(3)), giving, SchoolKind::Maintained, MONDAY)
            .await
            .unwrap();
        let head = standing_of(&mut tx, PersonNo(3), MONDAY).await;
        let mark = |between| {
            Duties::built_in().authority().grant::<relation::MarkRelation>(&head, between, MONDAY).unwrap()
        };
        relation::mark(&mut tx, &mark((ada, di)), Some(false), true, MONDAY).await.unwrap();
        let none = relation::mark(&mut tx, &mark((PersonNo(2), di)), None, true, MONDAY).await;
        assert!(matches!(none, Err(MarkError::NotRelated)));
        tx.commit().await.unwrap();
        assert!(prepared(&test.db, &table(SCHOOL), day(1)).await.summary.is_nothing(), "{}", test.engine);

        // Another pupil has a parent in the file, and Ada has none any more.
        let without = SCHOOL.replace("parent,,,,1", "parent,,,,2");
        let import = imported(&test.db, &without, day(1)).await;
        let tally = import.summary.relations;
        assert_eq!((tally.joins, tally.leaves, tally.kept), (1, 0, 1), "{}", test.engine);
        let mut tx = test.db.begin().await.unwrap();
        let read = permit_at::<ReadRelations>(ada, day(1));
        let family = relation::of_person(&mut tx, &read, Some(Kind::Pupil), day(1)).await.unwrap();
        assert_eq!((family[0].restricted, family[0].responsibility), (true, Some(false)));
    }
}

#[tokio::test]
async fn rules_and_columns_of_the_schools_own_are_kept() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        let write = permit::<WriteRules>(());
        assert!(intake::write_rules(&mut tx, &write, Some("[[rule]]\ngroups = []"), MONDAY).await.is_err());
        let own = "[[rule]]\nclasses = [\"7b\"]\nkinds = [\"pupil\"]\ngroups = [\"year-7\", \"robotics\"]\n";
        intake::write_rules(&mut tx, &write, Some(own), MONDAY).await.unwrap();
        let columns = [("given".to_owned(), "Forename".to_owned())].into();
        intake::remember_columns(&mut tx, &permit::<ImportRoll>(()), "mis", &columns, MONDAY).await.unwrap();
        assert_eq!(intake::remembered_columns(&mut tx, "mis").await.unwrap(), columns);
        assert!(intake::remembered_columns(&mut tx, "other").await.unwrap().is_empty());
        tx.commit().await.unwrap();
        let import = imported(&test.db, SCHOOL, MONDAY).await;
        assert_eq!(import.summary.strangers, ["robotics"], "{}", test.engine);
        let groups: Vec<_> = roll(&test.db).await.into_iter().map(|(.., groups)| groups).collect();
        assert_eq!(groups, [vec!["year-7".to_owned()], vec![], vec![], vec![]]);
        let mut tx = test.db.begin().await.unwrap();
        intake::write_rules(&mut tx, &write, None, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        let import = prepared(&test.db, &table(SCHOOL), MONDAY).await;
        assert_eq!(import.summary.people.moves, 3, "{}: back to those of the content", test.engine);
    }
}

#[tokio::test]
async fn microsofts_own_samples_are_imported_and_undone() {
    let given = std::env::var_os("FIVEBAR_DATA").map(PathBuf::from);
    let place =
        given.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"));
    let place = place.join("roster/microsoft-sds");
    if !place.is_dir() {
        println!("skipped: there is no roster data");
        return;
    }
    for test in databases().await {
        let mut at = Timestamp::parse("2021-10-04T09:00:00Z").unwrap();
        for (folder, people) in
            [("SDS_v2.1", 8), ("SDS_v2", 29), ("SDS_Format/100_Users", 98), ("UK_Format/25_Users", 24)]
        {
            at = at.plus_millis(60_000);
            let files = Files::open(&place.join(folder)).unwrap();
            let roster = Roster::read(&files, &Options::default()).unwrap();
            let import = prepared(&test.db, &roster, at).await;
            apply(&test.db, import.number, import.summary.held, at).await.unwrap();
            assert_eq!(roll(&test.db).await.len(), people, "{} {folder}", test.engine);
            assert!(
                prepared(&test.db, &roster, at).await.summary.is_nothing(),
                "{} {folder}: a second time",
                test.engine
            );
            undone(&test.db, import.number, at.plus_millis(1)).await;
            assert!(roll(&test.db).await.is_empty(), "{} {folder}: undone", test.engine);
        }
        let mut tx = test.db.read().await.unwrap();
        let read = permit::<ReadImports>(());
        let imports = intake::list(&mut tx, &read, 100).await.unwrap();
        let last = imports.iter().find(|import| import.state == "applied").unwrap();
        let (gone, count) =
            intake::changes(&mut tx, &read, last.number, Some((Thing::Person, What::Leaves)), (0, 5))
                .await
                .unwrap();
        assert_eq!((gone.len(), count), (5, 24));
    }
}
