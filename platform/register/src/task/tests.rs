//! Whose a task is, and what they may do to it.

use super::*;
use crate::task::Kinds;

fn kinds(done: &str) -> Kinds {
    Kinds::parse(&format!(
        "version = '1'\nsource = 'ours'\n[digest]\nat = '07:30'\n[[kind]]\nid = 'look'\nname = 'Look'\nabout = 'at it'\n\
         duties = ['dsl', 'head']\nclock = '1 school day'\ndone = '{done}'\ntell = 'digest'\n\
         [[kind.escalate]]\nafter = '1 school day'\nto = ['chair']\n"
    ))
    .unwrap()
}

fn task(owner: Option<&str>) -> Task {
    Task {
        id: kit::Ids::default().make(Timestamp::from_millis(1)),
        kind: "look".into(),
        subject: "thing-1".into(),
        path: "/things/1".into(),
        owner: owner.map(|owner| owner.parse().unwrap()),
        not_by: Some("person:9".into()),
        opened_at: Timestamp::from_millis(1),
        due_at: Timestamp::from_millis(100),
        escalated: 0,
        state: State::Open,
    }
}

fn me(person: u32, duties: &[&str], covers: &[(u32, &str)]) -> Me {
    Me {
        person,
        duties: duties.iter().map(|&duty| duty.to_owned()).collect(),
        covers: covers.iter().map(|&(person, duty)| (person, duty.to_owned())).collect(),
    }
}

#[test]
fn a_task_is_theirs_who_have_it_who_stand_in_and_whose_duty_it_is() {
    let kinds = kinds("by-hand");
    let kind = kinds.named("look").unwrap();
    for (owner, escalated, who, whose) in [
        (None, 0, me(1, &["dsl"], &[]), Some(Whose::Duty)),
        (None, 0, me(1, &["teacher"], &[]), None),
        (None, 0, me(1, &["chair"], &[]), None),
        (None, 1, me(1, &["chair"], &[]), Some(Whose::Late)),
        (Some("person:1"), 0, me(1, &[], &[]), Some(Whose::Mine)),
        (Some("person:2"), 0, me(1, &["dsl"], &[]), None),
        (Some("person:2"), 0, me(1, &["dsl"], &[(2, "dsl")]), Some(Whose::Cover)),
        (Some("person:2"), 0, me(1, &["teacher"], &[(2, "teacher")]), None),
        (Some("person:2"), 1, me(1, &["chair"], &[]), Some(Whose::Late)),
        (Some("duty:head"), 0, me(1, &["dsl"], &[]), None),
        (Some("duty:head"), 0, me(1, &["head"], &[]), Some(Whose::Duty)),
        // Whose work it looks at has nothing of it, whatever they hold.
        (None, 1, me(9, &["dsl", "head", "chair"], &[(2, "dsl")]), None),
        (Some("person:9"), 0, me(9, &["dsl"], &[]), None),
    ] {
        let task = Task { escalated, ..task(owner) };
        assert_eq!(task.whose(kind, &who), whose, "{owner:?} {escalated} {who:?}");
    }
}

#[test]
fn a_task_is_nobodys_where_nobody_holds_a_duty_that_could_do_it() {
    let kinds = kinds("by-hand");
    let kind = kinds.named("look").unwrap();
    let (dsl, teacher, own) = (me(1, &["dsl"], &[]), me(2, &["teacher"], &[]), me(9, &["dsl", "head"], &[]));
    for (owner, everybody, nobodys) in [
        (None, vec![], true),
        (None, vec![dsl.clone(), teacher.clone()], false),
        (None, vec![teacher.clone()], true),
        // Whose work it looks at is the only one left.
        (None, vec![own, teacher], true),
        (Some("duty:head"), vec![dsl.clone()], true),
        (Some("person:2"), vec![dsl], true),
    ] {
        assert_eq!(task(owner).is_nobodys(kind, &everybody), nobodys, "{owner:?} {everybody:?}");
    }
}

#[test]
fn what_is_done_to_a_task_is_done_by_whose_it_is_with_words() {
    let kinds = kinds("by-hand");
    let (kind, at) = (kinds.named("look").unwrap(), Timestamp::from_millis(50));
    let (dsl, teacher, own) = (me(1, &["dsl"], &[]), me(2, &["teacher"], &[]), me(9, &["dsl"], &[]));
    assert_eq!(task(None).take(kind, &teacher), Err(Refused::NotTheirs));
    assert_eq!(task(None).take(kind, &own), Err(Refused::NotYourOwn));
    let taken = task(None).take(kind, &dsl).unwrap();
    assert_eq!(taken.owner, Some(Owner::Person(1)));
    assert_eq!(taken.clone().done(kind, &dsl, "  ", at), Err(Refused::NoWords));
    let done = taken.done(kind, &dsl, " Looked. ", at).unwrap();
    assert_eq!(done.state, State::Done(Ending { by: "person:1".into(), at, words: "Looked.".into() }));
    assert_eq!(done.clone().take(kind, &dsl), Err(Refused::NotOpen { was: "done" }));
    assert_eq!(done.settled(&Actor::Job("x"), at), Err(Refused::NotOpen { was: "done" }));
    let dropped = task(None).dropped(kind, &dsl, "Twice the same.", at).unwrap();
    assert_eq!(dropped.state.id(), "dropped");
}

#[test]
fn a_task_is_handed_to_whoever_holds_one_of_its_duties() {
    let kinds = kinds("by-hand");
    let kind = kinds.named("look").unwrap();
    let dsl = me(1, &["dsl"], &[]);
    let duties = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect::<BTreeSet<_>>();
    for (to, theirs, expected) in [
        ("duty:head", duties(&[]), Ok(())),
        ("duty:chair", duties(&[]), Ok(())),
        ("duty:teacher", duties(&[]), Err(Refused::NotForThem)),
        ("person:2", duties(&["head"]), Ok(())),
        ("person:2", duties(&["teacher"]), Err(Refused::NotForThem)),
        ("person:9", duties(&["head"]), Err(Refused::NotYourOwn)),
    ] {
        let handed = task(None).hand(kind, &dsl, to.parse().unwrap(), &theirs);
        assert_eq!(
            handed.as_ref().map(|task| task.owner.as_ref().map(Owner::to_string)).map_err(|why| *why),
            expected.map(|()| Some(to.to_owned())),
            "{to}"
        );
    }
}

#[test]
fn what_is_settled_elsewhere_is_not_said_to_be_done_here() {
    let kinds = kinds("by-itself");
    let (kind, at) = (kinds.named("look").unwrap(), Timestamp::from_millis(50));
    let dsl = me(1, &["dsl"], &[]);
    assert_eq!(task(None).done(kind, &dsl, "Yes.", at), Err(Refused::ByItself));
    assert_eq!(task(None).dropped(kind, &dsl, "No.", at), Err(Refused::ByItself));
    assert_eq!(task(None).settled(&Actor::Job("x"), at).unwrap().state.id(), "done");
}

#[test]
fn an_owner_reads_as_it_is_written() {
    for owner in ["duty:dsl", "person:12"] {
        assert_eq!(owner.parse::<Owner>().unwrap().to_string(), owner);
    }
    for wrong in ["", "duty:", "person:x", "group:year-9", "dsl"] {
        assert_eq!(wrong.parse::<Owner>(), Err(NotAnOwner), "{wrong}");
    }
}
