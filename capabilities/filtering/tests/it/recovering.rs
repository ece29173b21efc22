//! Two people let somebody in again who has lost password and phone.

use axum::http::StatusCode;
use engine::PersonNo;
use people::duty;
use store::trail;
use testing::{MONDAY, databases};

use crate::school::School;
use crate::staff::{HERE, MINUTE_MS, Staff, form, invited, welcomed};

async fn shown(who: &Staff<'_>, page: &str) -> String {
    who.get(page).await.value("input[name=proposal]").unwrap()
}

#[tokio::test]
async fn two_others_let_somebody_in_again_and_neither_alone() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "network-manager"), (3, "teacher")]).await;
        let school = School::new(&test, None);
        let (head, manager) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        let theo = welcomed(&school, &tokens[2]).await;
        for path in ["/staff/recoveries", "/staff/recoveries/1"] {
            assert_eq!(theo.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        let empty = manager.post("/staff/recoveries", "whose=nobody&reason=").await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(empty.value("input[name=whose]").as_deref(), Some("nobody"));
        let own = manager.post("/staff/recoveries", "whose=lena&reason=me").await;
        assert!(own.body.contains("Nobody lets themselves in again"), "{}", own.body);

        let page = "/staff/recoveries/3";
        let proposed = manager.post("/staff/recoveries", "whose=Theo+Example&reason=Fell+in+the+sea.").await;
        assert_eq!(
            (proposed.status, proposed.location()),
            (StatusCode::SEE_OTHER, page),
            "{}",
            proposed.body
        );
        let twice = head.post("/staff/recoveries", "whose=theo&reason=again").await;
        assert!(twice.body.contains("waits for a second person"), "{}", twice.body);
        let seen = manager.get(page).await;
        assert!(seen.body.contains("another must agree") && seen.value("input[name=proposal]").is_none());
        let body = format!("proposal={}&agreement=I+know+him.", shown(&head, page).await);
        let alone = manager.post(&format!("{page}/agreement"), &body).await;
        assert_eq!(alone.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: one person alone", test.engine);

        let agreed = head.post(&format!("{page}/agreement"), &body).await;
        assert_eq!(agreed.words("h1"), ["You agreed"], "{}", agreed.body);
        assert!(!agreed.body.contains("/welcome/"), "{}: the link is not for whoever agreed", test.engine);
        let not_theirs = head.post(&format!("{page}/link"), "").await;
        assert_eq!(not_theirs.location(), "/staff/recoveries", "{}", not_theirs.body);
        // Whoever proposed it was told, and has the link to hand over.
        assert!(manager.get("/today").await.body.contains("A second person agreed"), "{}", test.engine);
        assert!(manager.get("/staff/recoveries").await.body.contains("Agreed to: hand the link over"));
        assert!(!head.get("/staff/recoveries").await.body.contains("Agreed to: hand the link over"));
        assert!(manager.get(page).await.body.contains("Show the link"), "{}", test.engine);
        let first = manager.post(&format!("{page}/link"), "").await.words("main code").concat();
        let given = manager.post(&format!("{page}/link"), "").await;
        assert_eq!(given.words("h1"), ["Hand this over"], "{}", given.body);
        let first = first.strip_prefix("http://portal.example").unwrap().to_owned();
        let ended = school.post(HERE, &first, &form("cobweb lantern ferry")).await;
        assert_eq!(ended.words("h1"), ["This invitation has ended"], "{}: another ends it", test.engine);
        let link = given.words("main code").concat();
        let link = link.strip_prefix("http://portal.example").unwrap();
        assert_eq!(theo.get("/me").await.status, StatusCode::SEE_OTHER, "{}: his sessions end", test.engine);
        // The password that somebody else may know is nobody's any more.
        let old = format!("name=theo&password={}", crate::staff::PASSWORD.replace(' ', "+"));
        let old = school.post(HERE, "/sign-in", &old).await;
        assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: {}", test.engine, old.body);
        let again = school.post(HERE, link, &form("cobweb lantern ferry")).await;
        assert_eq!(again.location(), "/today", "{}", again.body);
        assert_eq!(
            manager.post(&format!("{page}/link"), "").await.location(),
            "/staff/recoveries",
            "it is used"
        );
        assert_eq!(head.post(&format!("{page}/agreement"), &body).await.status, StatusCode::NOT_FOUND);

        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 30).await.unwrap();
        for (who, verb) in [
            ("person:2", "approval.propose"),
            ("person:1", "approval.agree"),
            ("person:1", "account.recover"),
        ] {
            assert!(entries.iter().any(|one| one.actor == who && one.verb == verb), "{who} {verb}");
        }
        assert!(entries.iter().all(|one| !one.detail.contains("sea") && !one.detail.contains("know")));
    }
}

#[tokio::test]
async fn the_head_is_let_in_again_with_somebody_who_stands_over_them() {
    for test in databases().await {
        let duties = [(1, "head"), (2, "network-manager"), (3, "dsl")];
        let tokens = invited(&test, &duties).await;
        let school = School::new(&test, None);
        welcomed(&school, &tokens[0]).await;
        let (manager, dsl) = (welcomed(&school, &tokens[1]).await, welcomed(&school, &tokens[2]).await);
        let page = "/staff/recoveries/1";
        manager.post("/staff/recoveries", "whose=hanna&reason=Lost.").await;
        let body = format!("proposal={}&agreement=I+know+her.", shown(&dsl, page).await);
        let told = dsl.post(&format!("{page}/agreement"), &body).await;
        assert!(
            told.body.contains("one of the two must be another who stands over"),
            "{}: {}",
            test.engine,
            told.body
        );
        crate::staff::give(&test, 3, "chair").await;
        let agreed = dsl.post(&format!("{page}/agreement"), &body).await;
        assert_eq!(agreed.words("h1"), ["You agreed"], "{}: {}", test.engine, agreed.body);
    }
}

#[tokio::test]
async fn nobody_who_could_give_duties_is_let_in_again_by_two_who_stand_below_them() {
    for test in databases().await {
        let duties = [(1, "chair"), (2, "network-manager"), (3, "online-safety-lead")];
        let tokens = invited(&test, &duties).await;
        let school = School::new(&test, None);
        let chair = welcomed(&school, &tokens[0]).await;
        let (manager, lead) = (welcomed(&school, &tokens[1]).await, welcomed(&school, &tokens[2]).await);
        let page = "/staff/recoveries/1";
        manager.post("/staff/recoveries", "whose=hanna&reason=She+rang.").await;
        let body = format!("proposal={}&agreement=I+know+her+voice.", shown(&lead, page).await);
        let told = lead.post(&format!("{page}/agreement"), &body).await;
        assert!(told.body.contains("one of the two must be another who stands over"), "{}", told.body);
        // Not even the head stands over the chair.
        crate::staff::give(&test, 3, "head").await;
        let told = lead.post(&format!("{page}/agreement"), &body).await;
        assert!(
            told.body.contains("fivebar people invite WHO --lost-phone"),
            "{}: {}",
            test.engine,
            told.body
        );
        assert_eq!(manager.post(&format!("{page}/link"), "").await.location(), "/staff/recoveries");
        assert_eq!(chair.get("/staff/duties").await.status, StatusCode::OK, "{}: she is in", test.engine);
    }
}

#[tokio::test]
async fn whoever_was_let_in_again_lets_nobody_in_and_gives_no_duties_for_some_days() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "network-manager"), (3, "online-safety-lead")]).await;
        let school = School::new(&test, None);
        let (head, manager) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        welcomed(&school, &tokens[2]).await;
        let page = "/staff/recoveries/3";
        manager.post("/staff/recoveries", "whose=theo&reason=Lost.").await;
        let body = format!("proposal={}&agreement=I+know+him.", shown(&head, page).await);
        head.post(&format!("{page}/agreement"), &body).await;
        let link = manager.post(&format!("{page}/link"), "").await.words("main code").concat();
        let link = link.strip_prefix("http://portal.example").unwrap();
        let theo = school.post(HERE, link, &form("cobweb lantern ferry")).await;
        let theo = Staff { school: &school, cookie: crate::staff::cookie(&theo).into() };
        // He neither proposes nor agrees.
        let refused = theo.post("/staff/recoveries", "whose=lena&reason=Lost.").await;
        assert!(refused.body.contains("lets in nobody for some days"), "{}: {}", test.engine, refused.body);
        head.post("/staff/recoveries", "whose=lena&reason=Lost.").await;
        let page = "/staff/recoveries/2";
        let body = format!("proposal={}&agreement=I+know+her.", shown(&theo, page).await);
        let refused = theo.post(&format!("{page}/agreement"), &body).await;
        assert!(refused.body.contains("lets in nobody for some days"), "{}: {}", test.engine, refused.body);
        // Nor does he give or end a duty, by whatever he holds, until the days are over.
        crate::staff::give(&test, 3, "chair").await;
        let given = theo.post("/staff/duties/leader/holders", "to=2&reason=x").await;
        assert!(given.body.contains("you give and end no duties"), "{}: {}", test.engine, given.body);
        for (days, rests) in [(0, true), (6, true), (7, false)] {
            let at = MONDAY.plus_millis(days * 86_400_000);
            let mut tx = test.db.begin().await.unwrap();
            let proof = duty::Proof { at, several: true };
            let stands = duty::of_person(&mut tx, PersonNo(3), proof, at).await.unwrap().standing;
            let authority = duty::Duties::built_in().authority();
            let permit = authority.grant::<duty::GiveDuty>(&stands, PersonNo(2), at).unwrap();
            let giving = duty::Giving {
                person: PersonNo(2),
                duty: "leader".to_owned(),
                span: duty::Span { starts_at: at, ends_at: None },
                covers: None,
                reason: String::new(),
            };
            let given = duty::give(&mut tx, &permit, giving, duty::SchoolKind::Maintained, at).await;
            assert_eq!(matches!(given, Err(duty::DutyError::Rests)), rests, "{}: {days} days", test.engine);
            assert_eq!(given.is_ok(), !rests, "{}: {days} days", test.engine);
        }
    }
}

#[tokio::test]
async fn whoever_it_is_about_is_told_and_says_no() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "network-manager"), (3, "teacher")]).await;
        let school = School::new(&test, None);
        let (head, manager) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        let theo = welcomed(&school, &tokens[2]).await;
        manager.post("/staff/recoveries", "whose=theo&reason=He+asked+me.").await;
        let body = format!("proposal={}&agreement=yes", shown(&head, "/staff/recoveries/3").await);
        let today = theo.get("/today").await;
        assert!(today.body.contains("Two people may be about to let you in again"), "{}", today.body);
        assert_eq!(theo.post("/me/recovery/objection", "").await.location(), "/today");
        assert!(!theo.get("/today").await.body.contains("Two people"));
        let late = head.post("/staff/recoveries/3/agreement", &body).await;
        assert_eq!(late.status, StatusCode::NOT_FOUND, "{}", test.engine);

        // A proposal ends after a day, and can be taken back or refused before.
        for (who, what, words) in [(&manager, "withdrawal", ""), (&head, "disagreement", "disagreement=No.")]
        {
            manager.post("/staff/recoveries", "whose=theo&reason=Again.").await;
            let words = if words.is_empty() {
                String::new()
            } else {
                format!("proposal={}&{words}", shown(&head, "/staff/recoveries/3").await)
            };
            let answer = who.post(&format!("/staff/recoveries/3/{what}"), &words).await;
            assert_eq!(answer.location(), "/staff/recoveries", "{what}: {}", answer.body);
            assert!(head.get("/staff/recoveries").await.body.contains("Nobody waits"), "{what}");
        }
        // Whoever may not propose it any more proposed nothing.
        manager.post("/staff/recoveries", "whose=theo&reason=Again.").await;
        assert!(!head.get("/staff/recoveries").await.body.contains("Nobody waits"));
        crate::staff::end(&test, 2).await;
        assert!(head.get("/staff/recoveries").await.body.contains("Nobody waits"), "{}", test.engine);
        head.post("/staff/recoveries", "whose=theo&reason=Again.").await;
        head.post("/staff/recoveries/3/withdrawal", "").await;
        crate::staff::give(&test, 2, "network-manager").await;
        school.clock.set(MONDAY.plus_millis(11 * MINUTE_MS));
        manager.post("/staff/recoveries", "whose=theo&reason=Again.").await;
        assert!(head.get("/staff/recoveries").await.body.contains("Nobody waits"), "a proof comes first");
    }
}
