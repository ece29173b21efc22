//! Requests and reports are answered, and whoever asked sees it.

use engine::PersonNo;
use engine::live::Subject;
use filtering::lasting::{self, WithdrawError};
use filtering::overrides::{self, GrantError, Refused, Whom};
use filtering::reference::Reference;
use filtering::site_report::actions::AnswerReport;
use filtering::site_request::actions::{
    AnswerError, ApproveRequest, RefuseRequest, approve, find, list, refuse,
};
use filtering::site_request::{NotOpen, SiteRequest, State};
use kit::Permit;
use people::duty::{Duties, at_the_command_line};
use store::Actor;
use testing::{MONDAY, TestDatabase, databases};

use crate::school::{School, TABLET, UNKNOWN};
use crate::staff::permit;

const NETWORK_MANAGER: Actor = Actor::CommandLine(1000);
const HOUR_MS: i64 = 3_600_000;

pub fn approving(reference: &Reference) -> Permit<ApproveRequest> {
    Duties::built_in().authority().grant(&at_the_command_line(1000), reference.clone(), MONDAY).unwrap()
}

fn refusing(reference: &Reference) -> Permit<RefuseRequest> {
    Duties::built_in().authority().grant(&at_the_command_line(1000), reference.clone(), MONDAY).unwrap()
}

async fn asked(school: &School, database: &TestDatabase, from: &str) -> SiteRequest {
    let sent = school.post(from, "/requests", "site=games.example&what=chess+club&how-long=lesson").await;
    let place = sent.location().to_owned();
    let mut tx = database.db.read().await.unwrap();
    let open = list(&mut tx, true, 100).await.unwrap();
    open.into_iter().find(|request| place.ends_with(request.reference.as_str())).unwrap()
}

#[tokio::test]
async fn an_approval_makes_an_override_that_ends_and_is_shown_to_the_asker() {
    for database in databases().await {
        let school = School::new(&database, None);
        let request = asked(&school, &database, TABLET).await;
        let mut tx = database.db.begin().await.unwrap();
        let ends_at = MONDAY.plus_millis(HOUR_MS);
        let (answered, made) =
            approve(&mut tx, &approving(&request.reference), None, "For chess club.", ends_at, MONDAY)
                .await
                .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(answered.state.id(), "approved");
        let published = made.published();
        assert_eq!(published.subject, Subject::Person(PersonNo(12)), "for whoever asked and nobody else");
        assert_eq!((published.number, published.ends_at), (1, ends_at));
        let shown = school.get(TABLET, &format!("/requests/{}", request.reference)).await;
        assert_eq!(shown.words("h1"), ["Request approved"]);
        assert_eq!(shown.words(".govuk-inset-text"), ["For chess club."]);
        assert!(shown.body.contains("10:00 on Monday 23 November 2026"));

        let mut tx = database.db.begin().await.unwrap();
        let again = refuse(&mut tx, &refusing(&request.reference), "no", MONDAY).await.unwrap_err();
        assert!(matches!(again, AnswerError::NotOpen(NotOpen { was: "approved" })), "{again}");
        assert_eq!(lasting::not_over::<overrides::Override>(&mut tx, MONDAY).await.unwrap().len(), 1);
        assert_eq!(
            lasting::not_over::<overrides::Override>(&mut tx, ends_at).await.unwrap().len(),
            0,
            "it ends"
        );
        let withdraw = lasting::end::<overrides::Override>;
        let unexplained = withdraw(&mut tx, &NETWORK_MANAGER, made.number, " ", MONDAY).await;
        assert!(matches!(unexplained, Err(WithdrawError::NoReason)));
        withdraw(&mut tx, &NETWORK_MANAGER, made.number, "The club is off.", MONDAY).await.unwrap();
        assert_eq!(lasting::not_over::<overrides::Override>(&mut tx, MONDAY).await.unwrap().len(), 0);
        let twice = withdraw(&mut tx, &NETWORK_MANAGER, made.number, "again", MONDAY).await;
        assert!(matches!(twice, Err(WithdrawError::Over { number: 1, .. })));
        let unknown = withdraw(&mut tx, &NETWORK_MANAGER, 99, "no such", MONDAY).await;
        assert!(matches!(unknown, Err(WithdrawError::NotFound { number: 99, .. })));
        let ended = find(&mut tx, &request.reference).await.unwrap().unwrap();
        assert!(
            matches!(ended.state, State::Approved { ends_at, .. } if ends_at == MONDAY),
            "the asker reads when it really ended"
        );
        let kept = lasting::newest::<overrides::Override>(&mut tx, 10).await.unwrap();
        let how = kept[0].withdrawn.as_ref().unwrap();
        assert_eq!(how.reason.as_deref(), Some("The club is off."), "nothing is deleted");
        let verbs: Vec<_> = store::trail::newest(&mut tx, None, 4).await.unwrap();
        let verbs: Vec<_> = verbs.iter().map(|entry| entry.verb.as_str()).collect();
        assert_eq!(
            verbs,
            ["override.withdraw", "site-request.approve", "override.grant", "site-request.raise"]
        );
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_leaves_everything_as_it_was() {
    for database in databases().await {
        let school = School::new(&database, None);
        let request = asked(&school, &database, UNKNOWN).await;
        let ends_at = MONDAY.plus_millis(HOUR_MS);
        let mut tx = database.db.begin().await.unwrap();
        let reference = &request.reference;
        let nobody = approve(&mut tx, &approving(reference), None, "yes", ends_at, MONDAY).await;
        assert!(matches!(nobody, Err(AnswerError::NobodyKnown)), "a weak identity opens nothing");
        let pupils = Some(Whom::Group("pupils".into()));
        let empty = approve(&mut tx, &approving(reference), pupils.clone(), "  ", ends_at, MONDAY).await;
        assert!(matches!(empty, Err(AnswerError::NoReason)));
        let past = approve(&mut tx, &approving(reference), pupils.clone(), "yes", MONDAY, MONDAY).await;
        assert!(matches!(
            past,
            Err(AnswerError::Grant(GrantError::Refused(Refused::Lasting(
                lasting::Refused::OverBeforeItBegins
            ))))
        ));
        let unknown = "R-22222222".parse().unwrap();
        let unknown = refuse(&mut tx, &refusing(&unknown), "no", MONDAY).await;
        assert!(matches!(unknown, Err(AnswerError::NotFound)));
        drop(tx);
        let shown = school.get(UNKNOWN, &format!("/requests/{reference}")).await;
        assert_eq!(shown.words("h1"), ["Request sent"]);
        let mut tx = database.db.begin().await.unwrap();
        approve(&mut tx, &approving(reference), pupils, "yes", ends_at, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_refusal_and_a_report_s_answer_are_shown_with_their_reason() {
    for database in databases().await {
        let school = School::new(&database, None);
        let request = asked(&school, &database, TABLET).await;
        let sent =
            school.post(TABLET, "/reports", "site=bad.example&kind=should-be-closed&what=saw+it").await;
        let place = sent.location().to_owned();
        let reference = place.trim_start_matches("/reports/").parse().unwrap();
        let mut tx = database.db.begin().await.unwrap();
        refuse(&mut tx, &refusing(&request.reference), "Not in lessons.", MONDAY).await.unwrap();
        let answer = filtering::site_report::actions::answer;
        let permit = permit::<AnswerReport>(reference);
        answer(&mut tx, &permit, true, "It is closed now.", MONDAY).await.unwrap();
        assert!(answer(&mut tx, &permit, false, "again", MONDAY).await.is_err());
        assert_eq!(list(&mut tx, true, 10).await.unwrap().len(), 0);
        assert_eq!(list(&mut tx, false, 10).await.unwrap().len(), 1);
        tx.commit().await.unwrap();
        let shown = school.get(TABLET, &format!("/requests/{}", request.reference)).await;
        assert_eq!(shown.words("h1"), ["Request refused"]);
        assert_eq!(shown.words(".govuk-inset-text"), ["Not in lessons."]);
        let shown = school.get(TABLET, &place).await;
        assert_eq!(shown.words(".govuk-inset-text"), ["It is closed now."]);
    }
}
