//! What a difference says, without a database.

use super::*;

/// People, classes and relations by their ids.
type All = (BTreeMap<String, Facts>, BTreeMap<String, Class>, BTreeMap<(String, String), Relation>);

fn row(name: &str, kind: Kind, year: Option<i64>) -> PersonRow {
    PersonRow {
        name: name.to_owned(),
        kind: Some(kind),
        year: year.and_then(YearGroup::of_number),
        ..PersonRow::default()
    }
}

fn roster(people: &[(&str, PersonRow)]) -> Roster {
    Roster {
        shape: Shape::Table,
        people: people.iter().map(|(id, row)| ((*id).to_owned(), row.clone())).collect(),
        ..Roster::empty(Shape::Table)
    }
}

fn by(rules: &Rules) -> By<'_> {
    By { rules, groups: None, today: "2026-11-23" }
}

/// What is there once a difference is applied, as the records would hold it.
fn applied(now: &State, changes: &[Change]) -> State {
    let mut next = now.clone();
    for change in changes.iter().filter(|change| change.what != What::Kept) {
        let id = change.outside_id.clone();
        if let (_, Some(facts)) = change.facts() {
            let number = PersonNo(u32::try_from(next.people.len()).unwrap() + 1);
            let number = next.people.get(&id).map_or(number, |(number, _)| *number);
            next.people.insert(id.clone(), (number, facts));
        }
        if let (_, Some(class)) = change.classes() {
            next.classes.insert(id.clone(), class);
        }
        if let (_, Some(relation)) = change.relations() {
            next.relations.insert(pair(&id), relation);
        }
    }
    next
}

fn what(changes: &[Change]) -> Vec<(&str, What)> {
    changes.iter().map(|change| (change.outside_id.as_str(), change.what)).collect()
}

#[test]
fn who_comes_changes_leaves_and_comes_back_is_the_same_person() {
    let rules = Rules::built_in();
    let first = roster(&[("1", row("Ada", Kind::Pupil, Some(7))), ("2", row("Bo", Kind::Pupil, Some(8)))]);
    let (changes, summary) = plan(&State::default(), &first, &by(&rules));
    assert_eq!(what(&changes), [("1", What::Joins), ("2", What::Joins)]);
    assert_eq!((summary.people.joins, summary.held), (2, None));
    let now = applied(&State::default(), &changes);
    assert!(plan(&now, &first, &by(&rules)).1.is_nothing());

    let second = roster(&[("1", row("Ada", Kind::Pupil, Some(8)))]);
    let (changes, _) = plan(&now, &second, &by(&rules));
    assert_eq!(what(&changes), [("1", What::Moves), ("2", What::Leaves)]);
    let (_, ada) = changes[0].facts();
    assert_eq!(ada.unwrap().groups, ["children", "key-stage-3", "pupils", "secondary", "year-8"]);
    let later = applied(&now, &changes);
    assert_eq!(
        later.people["2"].1.last_on.as_deref(),
        Some("2026-11-23"),
        "the day on which they were missed"
    );
    assert!(plan(&later, &second, &by(&rules)).1.is_nothing());

    let (changes, _) = plan(&later, &first, &by(&rules));
    assert_eq!(what(&changes), [("1", What::Moves), ("2", What::Joins)]);
    let back = applied(&later, &changes);
    assert_eq!(back.people["2"].0, now.people["2"].0, "the number is the same");
    assert_eq!(back.people["2"].1.last_on, None);
}

#[test]
fn a_last_day_that_is_over_takes_somebody_off_and_one_to_come_does_not() {
    let rules = Rules::built_in();
    let with = |last: &str| PersonRow { last_on: Some(last.to_owned()), ..row("Ada", Kind::Staff, None) };
    let plan_of = |last: &str| plan(&State::default(), &roster(&[("1", with(last))]), &by(&rules)).0;
    assert!(plan_of("2026-11-22").is_empty(), "who has left already does not come");
    assert_eq!(what(&plan_of("2026-11-23")), [("1", What::Joins)], "the last day is one of theirs");
    let now = applied(&State::default(), &plan_of("2026-12-18"));
    let (changes, _) = plan(&now, &roster(&[("1", with("2026-11-20"))]), &by(&rules));
    assert_eq!(what(&changes), [("1", What::Leaves)]);
}

#[test]
fn who_cannot_be_read_stays_and_many_leavers_wait() {
    let rules = Rules::built_in();
    let all: Vec<(String, PersonRow)> =
        (0..40).map(|id| (id.to_string(), row("A", Kind::Pupil, Some(5)))).collect();
    let all: Vec<(&str, PersonRow)> = all.iter().map(|(id, row)| (id.as_str(), row.clone())).collect();
    let now = applied(&State::default(), &plan(&State::default(), &roster(&all), &by(&rules)).0);
    let mut few = roster(&all[..34]);
    assert_eq!(plan(&now, &few, &by(&rules)).1.held, Some(6));
    few.unread = all[34..].iter().map(|(id, _)| (*id).to_owned()).collect();
    let (changes, summary) = plan(&now, &few, &by(&rules));
    assert!(changes.is_empty() && summary.held.is_none(), "{:?}", what(&changes));
}

#[test]
fn what_a_court_restricts_is_never_taken_away_by_a_file() {
    let rules = Rules::built_in();
    let people = [("1", row("Ada", Kind::Pupil, Some(7))), ("8", row("Ed", Kind::Parent, None))];
    let mut told = roster(&people);
    let key = ("1".to_owned(), "8".to_owned());
    let related =
        crate::roster::RelationRow { relation: "father".into(), responsibility: None, restricted: None };
    told.relations = Some([(key.clone(), related)].into());
    let mut now = applied(&State::default(), &plan(&State::default(), &told, &by(&rules)).0);
    let known = now.relations.get_mut(&key).unwrap();
    (known.restricted, known.responsibility) = (true, Some(false));
    assert!(plan(&now, &told, &by(&rules)).1.is_nothing(), "what a person marked stays");
    told.relations = Some(BTreeMap::new());
    let (changes, _) = plan(&now, &told, &by(&rules));
    assert_eq!(what(&changes), [("1\u{1f}8", What::Kept)]);
}

#[test]
fn undoing_leaves_alone_what_somebody_changed_since() {
    let rules = Rules::built_in();
    let first = roster(&[("1", row("Ada", Kind::Pupil, Some(7))), ("2", row("Bo", Kind::Pupil, Some(8)))]);
    let (changes, _) = plan(&State::default(), &first, &by(&rules));
    let mut now = applied(&State::default(), &changes);
    now.people.get_mut("2").unwrap().1.groups.push("closer-watch".to_owned());
    let (back, summary) = undo(&now, &changes);
    assert_eq!(what(&back), [("1", What::Leaves), ("2", What::Kept)]);
    assert_eq!((summary.people.leaves, summary.people.kept), (1, 1));
    assert_eq!(back[1].after, back[1].before);
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    fn people() -> impl Strategy<Value = Roster> {
        let person = ("[A-D]", 0_usize..3, proptest::option::of(7_i64..12), proptest::option::of(20_u8..28));
        let class =
            proptest::collection::btree_map("[xyz]", proptest::collection::btree_set("[0-9]", 0..6), 0..3);
        let family = proptest::option::of(proptest::collection::btree_map(
            ("[0-9]", "[0-9]"),
            proptest::bool::ANY,
            0..4,
        ));
        let all = proptest::collection::btree_map("[0-9]", person, 0..10);
        (all, proptest::option::of(class), family).prop_map(|(people, classes, family)| {
            let kind = |index: usize| [Kind::Pupil, Kind::Staff, Kind::Parent][index];
            let rows: BTreeMap<String, PersonRow> = people
                .into_iter()
                .map(|(id, (name, index, year, last))| {
                    let last_on = last.map(|day| format!("2026-11-{day}"));
                    let year = year.filter(|_| index == 0);
                    (id, PersonRow { last_on, ..row(&name, kind(index), year) })
                })
                .collect();
            let there = |id: &String| rows.contains_key(id);
            let classes = classes.map(|classes| {
                let of = |members: BTreeSet<String>| ClassRow {
                    name: "A class".to_owned(),
                    pupils: members.into_iter().filter(there).collect(),
                    ..ClassRow::default()
                };
                classes.into_iter().map(|(id, members)| (id, of(members))).collect()
            });
            let relations = family.map(|family| {
                let of = |((pupil, adult), restricted): ((String, String), bool)| {
                    let told = crate::roster::RelationRow {
                        relation: "parent".to_owned(),
                        restricted: Some(restricted),
                        ..Default::default()
                    };
                    (pupil != adult && there(&pupil) && there(&adult)).then_some(((pupil, adult), told))
                };
                family.into_iter().filter_map(of).collect()
            });
            Roster { classes, relations, people: rows, ..roster(&[]) }
        })
    }

    /// What anybody at the school would see of it.
    fn seen(state: &State) -> All {
        let people = state.people.iter().filter(|(_, (_, facts))| facts.here);
        let people = people.map(|(id, (_, facts))| (id.clone(), facts.clone())).collect();
        let classes = state.classes.iter().filter(|(_, class)| class.here);
        let classes = classes.map(|(id, class)| (id.clone(), class.clone())).collect();
        let relations = state.relations.iter().filter(|(_, one)| one.here);
        (people, classes, relations.map(|(id, one)| (id.clone(), one.clone())).collect())
    }

    proptest! {
        #[test]
        fn an_import_twice_is_an_import_once_and_undone_gives_back_the_roll_as_it_was(
            before in people(), then in people()
        ) {
            let rules = Rules::built_in();
            let (changes, _) = plan(&State::default(), &before, &by(&rules));
            let start = applied(&State::default(), &changes);
            let (changes, _) = plan(&start, &then, &by(&rules));
            let after = applied(&start, &changes);
            prop_assert!(plan(&after, &then, &by(&rules)).1.is_nothing(), "a second time changes something");
            let (back, summary) = undo(&after, &changes);
            prop_assert_eq!(summary.people.kept + summary.classes.kept + summary.relations.kept, 0);
            prop_assert!(seen(&applied(&after, &back)) == seen(&start), "the roll is not as it was");
        }
    }
}
