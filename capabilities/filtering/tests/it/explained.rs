//! Asking at the portal why a site is open or closed.

use axum::http::StatusCode;
use testing::databases;

use crate::house::House;
use crate::school::Answer;

const EXPLAIN: &str = "/staff/explain";

fn said(answer: &Answer) -> String {
    answer.words("main").join(" ")
}

#[tokio::test]
async fn the_answer_is_in_words_with_each_question_its_lists_and_the_policy() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher"), (6, "online-safety-lead")]).await;
        let tess = house.sign_in(1).await;
        assert_eq!(tess.get("/today").await.words(".fivebar-bar a[href='/staff/explain']").len(), 1);
        let answer = tess.post(EXPLAIN, "site=www.games.example&group=year-5").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let text = said(&answer);
        for part in [
            "Closed: www.games.example",
            "Online games: not allowed for",
            "Does it give help? Not a help site.",
            "What does the permitted-use table say?",
            "games",
            "2026-11-23",
            "an override for Year 5 to open www.games.example until a time",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        // Another moment, and a person who is called by their name.
        let ada = tess.post(EXPLAIN, "site=video.example&person=ada+example&when=2026-11-28+12%3A00").await;
        assert!(said(&ada).contains("12:00 on Saturday 28 November 2026"), "{}", ada.body);
        assert!(said(&ada).contains("an override for Ada Example to open"), "{}", ada.body);
        let odd = tess.post(EXPLAIN, "site=&person=Sam+Example&when=noon").await;
        assert_eq!(odd.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(odd.words(".govuk-error-summary a").len(), 3, "{}", said(&odd));
        assert_eq!(odd.value("input[name=when]").as_deref(), Some("noon"));
        // A device is not a teacher's to ask about, and whoever may is told.
        let device = tess.post(EXPLAIN, "site=video.example&device=10.0.0.3").await;
        assert_eq!(device.status, StatusCode::UNPROCESSABLE_ENTITY);
        let lead = house.sign_in(6).await;
        let device = lead.post(EXPLAIN, "site=video.example&device=10.0.0.3").await;
        assert!(said(&device).contains("The device at 10.0.0.3"), "{}", device.body);
        let colleague = lead.post(EXPLAIN, "site=video.example&person=Sam+Example").await;
        assert!(said(&colleague).starts_with("Open: video.example"), "{}", said(&colleague));
    }
}

#[tokio::test]
async fn whoever_teaches_by_a_lanyard_learns_nothing_of_people_beyond_their_classes() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "head"), (1, "teacher")]).await;
        let hanna = house.sign_in(6).await;
        let (mut supply, signed_in) = crate::guests::at_work(&house, &hanna).await;
        assert!(signed_in, "{}", test.engine);
        let form = supply.get(EXPLAIN).await;
        assert!(form.body.contains("Year 5") && !form.body.contains("Year 6"), "{}", form.body);
        let theirs = supply.post(EXPLAIN, "site=video.example&person=Ada+Example").await;
        assert_eq!(theirs.status, StatusCode::OK, "{}", said(&theirs));
        let group = supply.post(EXPLAIN, "site=video.example&group=year-6").await;
        assert_eq!(group.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", said(&group));
        // A pupil of another class, a colleague, a number of somebody, and nobody at all: one answer.
        let mut answers = std::collections::BTreeSet::new();
        for whom in ["Cy+Example", "Hanna+Example", "Nobody+Atall"] {
            let answer = supply.post(EXPLAIN, &format!("site=video.example&person={whom}")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{whom}");
            answers.insert(answer.words(".govuk-error-message"));
        }
        assert_eq!(answers.len(), 1, "{}: {answers:?}", test.engine);
        let tess = house.sign_in(1).await;
        let (colleague, nobody) = (
            tess.post(EXPLAIN, "site=video.example&person=Sam+Example").await,
            tess.post(EXPLAIN, "site=video.example&person=Nobody+Atall").await,
        );
        assert_eq!(colleague.words(".govuk-error-message"), nobody.words(".govuk-error-message"));
        assert_eq!(tess.post(EXPLAIN, "site=video.example&person=Cy+Example").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn what_is_sealed_says_no_more_and_three_answers_an_hour_are_all() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher")]).await;
        let tess = house.sign_in(1).await;
        for place in 0..3 {
            let answer = tess.post(EXPLAIN, &format!("site=a{place}.sealed.example&group=year-5")).await;
            let text = said(&answer);
            assert!(text.contains("Illegal content: nobody at this school can open it."), "{text}");
            assert!(
                !text.contains("Lists that name it") && text.contains("No change that anybody"),
                "{text}"
            );
        }
        for site in ["a11.sealed.example", "video.example"] {
            let answer = tess.post(EXPLAIN, &format!("site={site}&group=year-5")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", test.engine);
            assert!(said(&answer).contains("No answer can be given just now"), "{}", said(&answer));
        }
    }
}
