//! Focus and withheld access: made with a reason, published to the gate, ended by themselves or before, never deleted.

use engine::PersonNo;
use engine::live::LiveDocument;
use filtering::focus::{self, Plan};
use filtering::lasting::{self, Span, State, WithdrawError};
use filtering::observing;
use filtering::overrides::{self, Grant, Whom};
use filtering::publish::{Published, RecordsError, Scope};
use filtering::withheld::{self, Decision};
use people::RollFile;
use store::{Actor, Tx};
use testing::{MONDAY, databases};

use crate::publishing::{Folders, apply, carries_out, left_out, publish};
use crate::school::POLICY;

const TEACHER: Actor = Actor::CommandLine(1001);
const HOUR_MS: i64 = 3_600_000;

const ROLL: &str = r#"
[[person]]
id = "p-1"
name = "Ada Ashbourne"
groups = ["pupils"]
"#;

/// The one person of the roll.
const ADA: PersonNo = PersonNo(1);

fn hours(from: i64, until: i64) -> Span {
    Span { starts_at: MONDAY.plus_millis(from * HOUR_MS), ends_at: MONDAY.plus_millis(until * HOUR_MS) }
}

fn exam() -> Plan {
    Plan {
        name: "Maths mock".into(),
        group: "pupils".into(),
        sites: vec!["exam.example".into(), "maps.example/uk".into()],
        reason: "the mock exam".into(),
        span: hours(0, 1),
    }
}

fn decision() -> Decision {
    Decision {
        person: ADA,
        reason: "shared a password twice".into(),
        starts_at: MONDAY,
        ends_at: Some(MONDAY.plus_millis(HOUR_MS)),
        review_at: None,
    }
}

async fn roll(tx: &mut Tx) {
    let roll = RollFile::parse(ROLL).unwrap();
    people::import(tx, &TEACHER, &roll, MONDAY).await.unwrap();
}

async fn verbs(tx: &mut Tx, at_most: u32) -> Vec<(String, String)> {
    let entries = store::trail::newest(tx, None, at_most).await.unwrap();
    entries.into_iter().rev().map(|entry| (entry.verb, entry.detail)).collect()
}

#[tokio::test]
async fn a_focus_reaches_the_gate_and_ends_by_itself_or_before_and_is_kept() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        apply(&mut tx, POLICY, "the first").await.unwrap();
        let made = focus::actions::start(&mut tx, &TEACHER, exam(), MONDAY).await.unwrap();
        let later = Plan { name: "Rivers".into(), span: hours(3, 4), ..exam() };
        let later = focus::actions::start(&mut tx, &TEACHER, later, MONDAY).await.unwrap();
        assert_eq!((made.number, later.number), (1, 2));
        let published;
        (published, tx) = publish(&database, tx, &folders, Scope::Everything).await;
        let live = published.live(&folders.gate).unwrap();
        assert_eq!(live.focus, [made.published(), later.published()]);
        assert!(
            !std::fs::read_to_string(published.live_path(&folders.gate)).unwrap().contains("the mock exam"),
            "why stays in the records"
        );

        // By itself: nothing needs to be published for it, and the next publication leaves it out.
        assert_eq!(made.state(made.plan.span.ends_at), State::Over);
        let after = lasting::not_over::<focus::Focus>(&mut tx, made.plan.span.ends_at).await.unwrap();
        assert_eq!(after, std::slice::from_ref(&later));

        // Before: with a reason, once.
        let end = lasting::end::<focus::Focus>;
        let unexplained = end(&mut tx, &TEACHER, 2, "", MONDAY).await;
        assert!(matches!(unexplained, Err(WithdrawError::NoReason)));
        end(&mut tx, &TEACHER, 2, "The room is taken.", MONDAY).await.unwrap();
        let twice = end(&mut tx, &TEACHER, 2, "again", MONDAY).await;
        assert!(matches!(twice, Err(WithdrawError::Over { number: 2, .. })));
        let over = end(&mut tx, &TEACHER, 1, "too late", made.plan.span.ends_at).await;
        assert!(matches!(over, Err(WithdrawError::Over { number: 1, .. })));
        let unknown = end(&mut tx, &TEACHER, 9, "no such", MONDAY).await;
        assert!(matches!(unknown, Err(WithdrawError::NotFound { number: 9, .. })));
        let now;
        (now, tx) = publish(&database, tx, &folders, Scope::Live).await;
        assert_eq!(now.live(&folders.gate).unwrap().focus, [made.published()]);

        let all = lasting::newest::<focus::Focus>(&mut tx, 10).await.unwrap();
        assert_eq!(all.iter().map(|one| one.number).collect::<Vec<_>>(), [2, 1]);
        let how = all[0].withdrawn.clone().unwrap();
        assert_eq!((how.by.as_str(), how.at), ("command-line:1001", MONDAY));
        assert_eq!(how.reason.as_deref(), Some("The room is taken."));
        assert_eq!(all[1], made);
        let trail = verbs(&mut tx, 3).await;
        let names: Vec<_> = trail.iter().map(|(verb, _)| verb.as_str()).collect();
        assert_eq!(names, ["focus.start", "focus.start", "focus.end"]);
        assert!(trail[0].1.contains("\"sites\":2") && !trail[0].1.contains("exam"), "{}", trail[0].1);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn withheld_access_is_published_as_a_number_and_comes_back() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        apply(&mut tx, POLICY, "the first").await.unwrap();
        let start = withheld::actions::start;
        let nobody = start(&mut tx, &TEACHER, decision(), MONDAY).await;
        assert!(matches!(nobody, Err(withheld::StartError::NobodyThere(ADA))));
        roll(&mut tx).await;
        let short = start(&mut tx, &TEACHER, decision(), MONDAY).await.unwrap();
        let review = MONDAY.plus_millis(2 * HOUR_MS);
        let open = Decision { ends_at: None, review_at: Some(review), ..decision() };
        let open = start(&mut tx, &TEACHER, open, MONDAY).await.unwrap();
        let endless = Decision { ends_at: None, ..decision() };
        let endless = start(&mut tx, &TEACHER, endless, MONDAY).await;
        assert!(matches!(endless, Err(withheld::StartError::Refused(withheld::Refused::NoEnd))));

        let published;
        (published, tx) = publish(&database, tx, &folders, Scope::Everything).await;
        assert_eq!(published.live(&folders.gate).unwrap().withheld, [short.published(), open.published()]);
        let text = std::fs::read_to_string(published.live_path(&folders.gate)).unwrap();
        assert!(!text.contains("password") && !text.contains("Ashbourne"), "{text}");

        let not_over = lasting::not_over::<withheld::Withheld>;
        let still = not_over(&mut tx, short.span.ends_at).await.unwrap();
        assert_eq!(still, std::slice::from_ref(&open));
        assert!(open.review_is_due(review));
        assert_eq!(not_over(&mut tx, open.span.ends_at).await.unwrap(), [], "nobody is forgotten");
        lasting::end::<withheld::Withheld>(&mut tx, &TEACHER, 2, "Talked with the family.", review)
            .await
            .unwrap();
        assert_eq!(not_over(&mut tx, review).await.unwrap(), []);
        let kept = lasting::newest::<withheld::Withheld>(&mut tx, 10).await.unwrap();
        assert_eq!(kept[0].state(review), State::Withdrawn);
        assert_eq!(kept[1], short);
        let trail = verbs(&mut tx, 3).await;
        let names: Vec<_> = trail.iter().map(|(verb, _)| verb.as_str()).collect();
        assert_eq!(names, ["withheld.start", "withheld.start", "withheld.end"]);
        assert!(trail.iter().all(|(_, detail)| !detail.contains("password")), "{trail:?}");
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn observing_only_reaches_the_gate_with_its_end_and_there_is_one_at_a_time() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        apply(&mut tx, POLICY, "the first").await.unwrap();
        let start = observing::actions::start;
        let plan = |from, until| observing::Plan {
            reason: "Beside the county's filter".into(),
            span: hours(from, until),
        };
        let before = verbs(&mut tx, 100).await.len();
        for refused in [
            observing::Plan { reason: " ".into(), ..plan(0, 1) },
            plan(0, 24 * 90 + 1),
            plan(-2, -1),
            plan(1, 0),
        ] {
            assert!(matches!(
                start(&mut tx, &TEACHER, refused, MONDAY).await,
                Err(observing::StartError::Refused(_))
            ));
        }
        assert_eq!(verbs(&mut tx, 100).await.len(), before, "what is refused leaves no entry");
        let made = start(&mut tx, &TEACHER, plan(0, 24 * 90), MONDAY).await.unwrap();
        let second = start(&mut tx, &TEACHER, plan(0, 1), MONDAY).await;
        assert!(matches!(second, Err(observing::StartError::Already { number: 1, .. })));

        let published;
        (published, tx) = publish(&database, tx, &folders, Scope::Everything).await;
        assert_eq!(published.live(&folders.gate).unwrap().observing, [made.published()]);
        let text = std::fs::read_to_string(published.live_path(&folders.gate)).unwrap();
        assert!(!text.contains("county"), "why stays in the records: {text}");

        lasting::end::<observing::Observing>(&mut tx, &TEACHER, 1, "We move today.", MONDAY).await.unwrap();
        let now;
        (now, tx) = publish(&database, tx, &folders, Scope::Live).await;
        assert_eq!(now.live(&folders.gate).unwrap().observing, []);
        // The next one ends by itself, which is written down once.
        let again = start(&mut tx, &TEACHER, plan(0, 1), MONDAY).await.unwrap();
        let (since, end) = (MONDAY, again.span.ends_at);
        assert!(!lasting::has_ended(&mut tx, since, end.plus_millis(-1)).await.unwrap());
        assert_eq!(lasting::say_ended(&mut tx, since, end).await.unwrap(), 1);
        assert!(!lasting::has_ended(&mut tx, since, end).await.unwrap());
        let trail = verbs(&mut tx, 4).await;
        let names: Vec<_> = trail.iter().map(|(verb, _)| verb.as_str()).collect();
        assert_eq!(names, ["observing.start", "observing.end", "observing.start", "observing.over"]);
        assert!(trail.iter().all(|(_, detail)| !detail.contains("county")), "{trail:?}");
        let kept = lasting::newest::<observing::Observing>(&mut tx, 10).await.unwrap();
        assert_eq!(kept.iter().map(|one| one.number).collect::<Vec<_>>(), [2, 1], "nothing is deleted");
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_refused_leaves_no_row_and_no_entry() {
    for database in databases().await {
        let mut tx = database.db.begin().await.unwrap();
        roll(&mut tx).await;
        let before = verbs(&mut tx, 100).await.len();
        for plan in [
            Plan { reason: " ".into(), ..exam() },
            Plan { name: String::new(), ..exam() },
            Plan { group: "person:1".into(), ..exam() },
            Plan { sites: vec!["not a site".into()], ..exam() },
            Plan { span: hours(1, 0), ..exam() },
            Plan { span: hours(-2, -1), ..exam() },
        ] {
            assert!(focus::actions::start(&mut tx, &TEACHER, plan, MONDAY).await.is_err());
        }
        let long = Decision { ends_at: Some(MONDAY.plus_millis(lasting::LONGEST_MS + 1)), ..decision() };
        for decision in [Decision { reason: String::new(), ..decision() }, long] {
            assert!(withheld::actions::start(&mut tx, &TEACHER, decision, MONDAY).await.is_err());
        }
        assert_eq!(lasting::newest::<focus::Focus>(&mut tx, 10).await.unwrap(), []);
        assert_eq!(lasting::newest::<withheld::Withheld>(&mut tx, 10).await.unwrap(), []);
        assert_eq!(verbs(&mut tx, 100).await.len(), before);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn what_no_gate_could_carry_out_is_said_before_it_is_published() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let mut tx = database.db.begin().await.unwrap();
        apply(&mut tx, POLICY, "the first").await.unwrap();
        (_, tx) = publish(&database, tx, &folders, Scope::Everything).await;
        let before = Published::read(&folders.gate).unwrap();
        let refused = async |tx: &mut Tx, new: LiveDocument| match carries_out(&folders, tx, &new).await {
            Err(RecordsError::LeftOut(why)) => why,
            other => panic!("{other:?}"),
        };
        let lost = Plan { group: "year-99".into(), ..exam() };
        let lost = focus::actions::start(&mut tx, &TEACHER, lost, MONDAY).await.unwrap();
        let why =
            refused(&mut tx, LiveDocument { focus: vec![lost.published()], ..LiveDocument::default() }).await;
        assert!(why.contains("year-99"), "{why}");
        let sealed = Plan { sites: vec!["sealed-test-iwf.fivebar.example".into()], ..exam() };
        let sealed = focus::actions::start(&mut tx, &TEACHER, sealed, MONDAY).await.unwrap();
        let why =
            refused(&mut tx, LiveDocument { focus: vec![sealed.published()], ..LiveDocument::default() })
                .await;
        assert!(why.contains("nobody may open"), "{why}");
        let grant = Grant {
            whom: Whom::Group("no-such".into()),
            effect: engine::document::Effect::Allow,
            target: "chess.example/openings".into(),
            reason: "chess club".into(),
            span: hours(0, 1),
            request: None,
        };
        let grant = overrides::actions::grant(&mut tx, &TEACHER, grant, MONDAY).await.unwrap();
        let new = LiveDocument { overrides: vec![grant.published()], ..LiveDocument::default() };
        let why = refused(&mut tx, new).await;
        assert!(why.contains("no-such"), "{why}");
        let fine = focus::actions::start(&mut tx, &TEACHER, exam(), MONDAY).await.unwrap();
        let fine = LiveDocument { focus: vec![fine.published()], ..LiveDocument::default() };
        carries_out(&folders, &mut tx, &fine).await.unwrap();
        assert_eq!(Published::read(&folders.gate).unwrap(), before, "asking publishes nothing");

        // A later policy that has lost the group leaves the rest as it is, and says what falls away.
        let without = POLICY.replace("id = \"pupils\"", "id = \"children\"");
        apply(&mut tx, &without, "another word").await.unwrap();
        let lost = left_out(&folders, &mut tx).await;
        assert!(lost.iter().any(|one| one.why.contains("no group \"pupils\"")), "{lost:?}");
    }
}

#[tokio::test]
async fn what_ends_by_itself_is_listed_and_leaves_its_own_entry_once() {
    const ALWAYS: kit::Timestamp = kit::Timestamp::from_millis(i64::MIN);
    for database in databases().await {
        let mut tx = database.db.begin().await.unwrap();
        roll(&mut tx).await;
        let grant = Grant {
            whom: Whom::Person(ADA),
            effect: engine::document::Effect::Block,
            target: "games.example".into(),
            reason: "homework".into(),
            span: hours(0, 2),
            request: None,
        };
        let nobody = Grant { whom: Whom::Person(PersonNo(999)), ..grant.clone() };
        let refused = overrides::actions::grant(&mut tx, &TEACHER, nobody, MONDAY).await;
        assert!(matches!(refused, Err(overrides::GrantError::NobodyThere(PersonNo(999)))), "{refused:?}");
        let given = overrides::actions::grant(&mut tx, &TEACHER, grant, MONDAY).await.unwrap();
        let exam = focus::actions::start(&mut tx, &TEACHER, exam(), MONDAY).await.unwrap();
        let early = focus::actions::start(&mut tx, &TEACHER, self::exam(), MONDAY).await.unwrap();
        let taken = withheld::actions::start(&mut tx, &TEACHER, decision(), MONDAY).await.unwrap();
        let half = MONDAY.plus_millis(HOUR_MS / 2);
        lasting::end::<focus::Focus>(&mut tx, &TEACHER, early.number, "The room is taken.", half)
            .await
            .unwrap();

        let before = MONDAY.plus_millis(HOUR_MS - 1);
        assert!(!lasting::has_ended(&mut tx, ALWAYS, before).await.unwrap(), "{}", database.engine);
        assert_eq!(lasting::say_ended(&mut tx, ALWAYS, before).await.unwrap(), 0);
        let after = MONDAY.plus_millis(HOUR_MS + 5);
        assert!(lasting::has_ended(&mut tx, before, after).await.unwrap());
        assert_eq!(lasting::say_ended(&mut tx, before, after).await.unwrap(), 2);
        // Whoever looks again, from wherever, finds them said.
        assert_eq!(lasting::say_ended(&mut tx, ALWAYS, after).await.unwrap(), 0);
        let entries = store::trail::newest(&mut tx, None, 2).await.unwrap();
        let said: Vec<_> =
            entries.iter().rev().map(|one| (one.verb.as_str(), one.subject_id.clone(), one.at)).collect();
        assert_eq!(
            said,
            [("focus.over", exam.id.to_string(), after), ("withheld.over", taken.id.to_string(), after)]
        );
        for entry in &entries {
            assert_eq!(entry.actor, "job:time");
            let ended_at = MONDAY.plus_millis(HOUR_MS).as_millis();
            assert_eq!(entry.detail, format!("{{\"ended_at\":{ended_at}}}"), "{}", database.engine);
        }

        let ended = lasting::ended::<focus::Focus>(&mut tx, after, 10).await.unwrap();
        assert_eq!(ended.iter().map(|one| one.number).collect::<Vec<_>>(), [exam.number, early.number]);
        assert_eq!(
            ended.iter().map(|one| one.state(after)).collect::<Vec<_>>(),
            [State::Over, State::Withdrawn]
        );
        assert_eq!(lasting::ended::<withheld::Withheld>(&mut tx, after, 10).await.unwrap().len(), 1);
        assert!(lasting::ended::<overrides::Override>(&mut tx, after, 10).await.unwrap().is_empty());
        let later = given.grant.span.ends_at;
        assert_eq!(lasting::ended::<overrides::Override>(&mut tx, later, 10).await.unwrap().len(), 1);
    }
}
