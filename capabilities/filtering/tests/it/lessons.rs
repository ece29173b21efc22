//! What a teacher does for a lesson at the portal.

use axum::http::StatusCode;
use engine::Step;
use store::trail;
use testing::{MONDAY, databases};

use crate::house::{House, MINUTE_MS};
use crate::roll::imported;
use crate::school::Answer;

const TABLET: &str = "10.0.0.3";
const OPEN: &str = "/staff/lessons/open";

fn form(site: &str, whom: &str, until: &str) -> String {
    format!("site={site}&{whom}&until={until}&reason=Romans+project")
}

/// Why a page says that a site cannot be opened.
fn why(answer: &Answer) -> String {
    answer.words(".govuk-inset-text").join(" ") + &answer.words(".govuk-error-summary a").join(" ")
}

#[tokio::test]
async fn a_teacher_opens_a_site_for_a_class_to_the_end_of_the_lesson_and_it_ends_by_itself() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher")]).await;
        let tess = house.sign_in(1).await;
        house.school.clock.set(MONDAY.plus_millis(5 * MINUTE_MS));
        assert_eq!(tess.get("/today").await.words(".fivebar-bar a[href='/staff/lessons']").len(), 1);
        let empty = tess.get("/staff/lessons").await;
        assert!(empty.body.contains("Nothing is open, closed or paused"), "{}", empty.body);

        let asked = tess.get(OPEN).await;
        let classes = asked.words("select option");
        assert_eq!(classes, ["Choose a class", "Year 5", "Year 6"], "leaves of the roll, and no colleagues");
        assert!(asked.body.contains("To the end of this lesson, 10:00"), "{}", asked.body);
        let nothing = tess.post(OPEN, "").await;
        assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(nothing.words(".govuk-error-summary a").len(), 4);

        // What it would come to is shown first, and nothing is open yet.
        let body = form("www.video.example", "whom=group%3Ayear-5", "lesson");
        let shown = tess.post(OPEN, &body).await;
        assert_eq!(
            (shown.status, shown.words("h1")),
            (StatusCode::OK, vec!["Check before you open it".into()])
        );
        let facts = shown.words(".govuk-summary-list__value");
        assert!(facts.contains(&"10:00 on Monday 23 November 2026".to_owned()), "{facts:?}");
        assert!(facts.iter().any(|fact| fact.starts_with("Closed Video sites")), "{facts:?}");
        assert_eq!(house.decides(TABLET, "www.video.example"), (false, Step::PermittedUse));

        let opened = tess.post(OPEN, &format!("{body}&step=open")).await;
        assert_eq!(opened.location(), "/staff/lessons/opening/1", "{}", opened.body);
        assert_eq!(house.decides(TABLET, "www.video.example"), (true, Step::Override));
        let page = tess.get(opened.location()).await;
        assert!(page.body.contains("The gate goes by this now"), "{}", page.body);
        let list = tess.get("/staff/lessons").await;
        assert_eq!(list.words("tbody th"), ["www.video.example is open"]);

        house.school.clock.set(MONDAY.plus_millis(60 * MINUTE_MS));
        assert_eq!(
            house.decides(TABLET, "www.video.example"),
            (false, Step::PermittedUse),
            "the lesson is over"
        );
        // Signed out after an hour unused or not: what holds is not theirs to keep open.
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 20).await.unwrap();
        let entry = entries.iter().find(|entry| entry.verb == "override.grant").unwrap();
        assert_eq!(entry.actor, "person:1", "{}", test.engine);
        assert!(!entry.detail.contains("Romans"), "words are never in the trail");
    }
}

#[tokio::test]
async fn a_page_of_a_site_opens_all_of_it_over_an_encrypted_connection_and_the_page_says_so() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher")]).await;
        let tess = house.sign_in(1).await;
        let body = form("https%3A%2F%2Fwww.video.example%2Fwatch%3Fv%3Dabc", "whom=group%3Ayear-5", "30");
        let shown = tess.post(OPEN, &body).await;
        assert_eq!(shown.words("h1"), ["Check before you open it"], "{}", shown.body);
        let says = shown.words("main li").join(" ");
        assert!(says.contains("all of www.video.example opens"), "{says}");
        assert!(says.contains("What followed the ? in what you entered is left out"), "{says}");
        assert!(!says.contains("All of www.video.example/watch opens"), "{says}");
        // The whole site is offered in its place, and is looked at first too.
        let hidden = |value: &str| format!("input[name=site][value='{value}']");
        assert!(shown.value(&hidden("www.video.example")).is_some(), "{}", shown.body);
        let whole = tess.post(OPEN, &form("www.video.example", "whom=group%3Ayear-5", "30")).await;
        assert!(
            whole.words("main li").join(" ").contains("All of www.video.example opens"),
            "{}",
            whole.body
        );

        let opened = tess.post(OPEN, &format!("{body}&step=open")).await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
        // It is as was said: by name, as over an encrypted connection, the whole site is open.
        assert_eq!(house.decides(TABLET, "www.video.example"), (true, Step::Override), "{}", test.engine);
        let page = tess.get(opened.location()).await;
        assert!(page.body.contains("Over an encrypted connection"), "{}", page.body);
    }
}

#[tokio::test]
async fn a_site_is_opened_for_lessons_for_some_hours_of_a_week_and_then_two_people_look_at_it() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher"), (2, "teacher")]).await;
        for person in [1, 2] {
            house.sign_in(person).await;
        }
        let body = form("www.video.example", "whom=group%3Ayear-5", "60") + "&step=open";
        let hour = 60 * MINUTE_MS;
        // Two hours on each of three days, by whoever it is.
        for (turn, day) in [0, 0, 1, 1, 2, 2].into_iter().enumerate() {
            let later = if turn % 2 == 0 { 0 } else { hour };
            house.school.clock.set(MONDAY.plus_millis(day * 24 * hour + later));
            let opened = house.sign_in_again(if turn % 2 == 0 { 1 } else { 2 }).await.post(OPEN, &body).await;
            assert_eq!(opened.status, StatusCode::SEE_OTHER, "{} {turn}: {}", test.engine, opened.body);
        }
        house.school.clock.set(MONDAY.plus_millis(3 * 24 * hour));
        let more = house.sign_in_again(1).await.post(OPEN, &body).await;
        assert!(why(&more).contains("Ask for the site"), "{}: {}", test.engine, more.body);
        assert_eq!(house.decides(TABLET, "www.video.example"), (false, Step::PermittedUse));
        // What was of Monday is a week ago, so that as much may be opened again.
        house.school.clock.set(MONDAY.plus_millis(8 * 24 * hour));
        let next = house.sign_in_again(1).await.post(OPEN, &body).await;
        assert_eq!(next.status, StatusCode::SEE_OTHER, "{}: {}", test.engine, next.body);
    }
}

#[tokio::test]
async fn a_pupil_alone_is_named_in_a_form_and_what_is_open_is_ended_now() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher"), (2, "teacher"), (6, "head")]).await;
        let tess = house.sign_in(1).await;
        for (name, say) in [
            ("Ada+Exmple", "Did you mean Ada Example?"),
            ("Nobody+Here+At+All", "Enter the whole name"),
            // A colleague is nobody's suggestion.
            ("Sam+Exmple", "Enter the whole name"),
            ("Sam+Example", "a pupil alone"),
            ("Tess+Example", "a pupil alone"),
        ] {
            let answer = tess.post(OPEN, &form("video.example", &format!("pupil={name}"), "30")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
            assert!(why(&answer).contains(say), "{name}: {}", why(&answer));
        }
        let both = tess.post(OPEN, &form("video.example", "whom=group%3Ayear-5&pupil=Ada", "30")).await;
        assert!(why(&both).contains("not both"), "{}", why(&both));
        let shown = tess.post(OPEN, &form("video.example", "pupil=ada+example", "30")).await;
        assert_eq!(shown.value("input[name=whom]").as_deref(), Some("person:3"), "{}", shown.body);
        let opened = tess.post(OPEN, &form("video.example", "whom=person%3A3&step=open", "30")).await;
        assert!(!opened.location().contains("Ada"), "no name in an address");
        assert_eq!(house.decides(TABLET, "video.example"), (true, Step::Override));

        // Another teacher neither sees it nor ends it; who leads does both.
        let sam = house.sign_in(2).await;
        assert!(!sam.get("/staff/lessons").await.body.contains("video.example"));
        assert_eq!(sam.get(opened.location()).await.location(), "/staff/lessons");
        sam.post(&format!("{}/end", opened.location()), "").await;
        assert_eq!(house.decides(TABLET, "video.example"), (true, Step::Override), "not theirs to end");
        let head = house.sign_in(6).await;
        let list = head.get("/staff/lessons").await;
        assert!(list.words("tbody td").contains(&"Tess Example".to_owned()), "{}", list.body);
        assert_eq!(head.post(&format!("{}/end", opened.location()), "").await.location(), "/staff/lessons");
        assert_eq!(house.decides(TABLET, "video.example"), (false, Step::PermittedUse), "{}", test.engine);
    }
}

#[tokio::test]
async fn no_form_of_a_teacher_tells_what_parents_are_called_or_may_reach() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher"), (6, "school-office")]).await;
        let office = house.sign_in(6).await;
        let table = "id,first name,last name,kind,year,class\n1,Eve,Dale,pupil,5,5B\n2,Di,Dale,parent,,\n";
        let page = imported(&office, table).await;
        let applied = office.post(&format!("{page}/application"), "").await;
        assert_eq!(applied.location(), page, "{}", applied.body);
        let tess = house.sign_in(1).await;
        for (name, say) in [
            ("Eve+Dal", "Did you mean Eve Dale?"),
            ("Di+Dal", "Enter the whole name"),
            ("Di+Dale", "a pupil alone"),
        ] {
            let answer = tess.post(OPEN, &form("video.example", &format!("pupil={name}"), "30")).await;
            assert!(why(&answer).contains(say), "{}: {name}: {}", test.engine, why(&answer));
            assert!(!why(&answer).contains("Di Dale"), "{name}");
        }
        let pupil = tess.post("/staff/explain", "site=video.example&person=Eve+Dale").await;
        assert_eq!(pupil.status, StatusCode::OK, "{}", pupil.body);
        let parent = tess.post("/staff/explain", "site=video.example&person=Di+Dale").await;
        assert_eq!(parent.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(why(&parent).contains("about pupils and about yourself"), "{}", why(&parent));
    }
}

#[tokio::test]
async fn a_teacher_opens_no_more_than_the_policy_opens_to_them_or_asks_them_about() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher")]).await;
        let tess = house.sign_in(1).await;
        for (site, may, say) in [
            ("video.example", true, ""),
            ("forum.example", true, ""),
            ("closed.example", true, ""),
            ("games.example", false, "does not open this site to you either"),
            ("blog.example", false, "does not open this site to you either"),
            ("harm.example", false, "takes two people"),
            ("vpn.example", false, "takes two people"),
            ("shared.example", false, "takes two people"),
            ("unheard-of.example", false, "open for them already"),
            ("github.io", false, "open for them already"),
        ] {
            let answer = tess.post(OPEN, &form(site, "whom=group%3Ayear-5&step=open", "15")).await;
            assert_eq!(answer.status == StatusCode::SEE_OTHER, may, "{site}: {}", answer.body);
            if !may {
                assert!(why(&answer).contains(say), "{site}: {}", why(&answer));
            }
        }
        for (body, say) in [
            (form("co.uk", "whom=group%3Ayear-5", "15"), "is not one site"),
            (form("video.example", "whom=group%3Ayear-5", "999"), "Select until when"),
            (form("video.example", "whom=group%3Apupils", "15"), "one of the classes"),
            (form("video.example", "whom=group%3Astaff", "15"), "one of the classes"),
            (form("video.example", "whom=group%3Aguests", "15"), "one of the classes"),
            (form("video.example", "whom=everyone", "15"), "one of the classes"),
        ] {
            let answer = tess.post(OPEN, &body).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
            assert!(why(&answer).contains(say), "{body}: {}", why(&answer));
        }
        // Outside lessons there is none to go to the end of.
        house.school.clock.set(MONDAY.plus_millis(-30 * MINUTE_MS));
        assert!(!tess.get(OPEN).await.body.contains("To the end of this lesson"));
    }
}

#[tokio::test]
async fn what_is_sealed_and_what_is_locked_are_refused_in_the_same_words_and_asking_in_bulk_ends() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher"), (2, "teacher")]).await;
        let tess = house.sign_in(1).await;
        let mut pages = Vec::new();
        for site in ["sealed.example", "locked.example"] {
            let answer = tess.post(OPEN, &form(site, "whom=group%3Ayear-5&step=open", "15")).await;
            assert_eq!(answer.status, StatusCode::OK);
            assert!(!answer.body.contains("governors"), "{}", answer.body);
            pages.push(answer.body.replace(site, "SITE").split("<main").nth(1).unwrap().to_owned());
        }
        assert_eq!(pages[0], pages[1], "{}", test.engine);
        for place in 2..=3 {
            let site = format!("a{place}.sealed.example");
            tess.post(OPEN, &form(&site, "whom=group%3Ayear-5", "15")).await;
        }
        for site in ["sealed.example", "locked.example", "video.example"] {
            let answer = tess.post(OPEN, &form(site, "whom=group%3Ayear-5", "15")).await;
            assert!(why(&answer).contains("Try again in an hour"), "{site}: {}", why(&answer));
        }
        // A colleague's lesson goes on.
        let sam = house.sign_in(2).await;
        let opened = sam.post(OPEN, &form("video.example", "whom=group%3Ayear-5&step=open", "15")).await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 30).await.unwrap();
        assert_eq!(entries.iter().filter(|entry| entry.verb == "sealed.asked").count(), 3);
        assert!(entries.iter().all(|entry| !entry.detail.contains("sealed.example")));
    }
}

#[tokio::test]
async fn a_class_is_kept_to_a_list_and_a_pupil_s_access_is_paused_until_the_lesson_ends() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher")]).await;
        let tess = house.sign_in(1).await;
        let list = "/staff/lessons/list";
        let body =
            |sites: &str| format!("whom=group%3Ayear-5&open=sites&sites={sites}&until=lesson&reason=Romans");
        let harm = tess.post(list, &body("maps.example%0Aharm.example")).await;
        assert!(
            why(&harm).contains("harm.example: Opening") && why(&harm).contains("takes two people"),
            "{}",
            why(&harm)
        );
        assert_eq!(harm.value("textarea").as_deref(), Some("maps.example\nharm.example"));
        let none = tess.post(list, &body("")).await;
        assert!(why(&none).contains("one on each line"), "{}", why(&none));
        let started = tess.post(list, &body("maps.example%0Avideo.example")).await;
        assert_eq!(started.location(), "/staff/lessons/list/1", "{}", started.body);
        assert_eq!(house.decides(TABLET, "maps.example"), (true, Step::Focus));
        assert_eq!(house.decides(TABLET, "video.example"), (true, Step::Focus));
        assert_eq!(house.decides(TABLET, "other.example"), (false, Step::Focus));
        // What a list closes now is no ground for a list that opens it.
        let again = tess.post(list, &body("maps.example%0Aharm.example")).await;
        assert!(why(&again).contains("takes two people"), "{}", why(&again));
        let shown = tess.post(OPEN, &form("other.example", "whom=group%3Ayear-5", "15")).await;
        assert!(why(&shown).contains("Romans holds for them now"), "{}", why(&shown));
        tess.post("/staff/lessons/list/1/end", "").await;
        assert!(house.decides(TABLET, "other.example").0);
        let exam = tess.post(list, "whom=group%3Ayear-5&open=none&until=lesson&reason=Exam").await;
        assert_eq!(exam.location(), "/staff/lessons/list/2", "{}", exam.body);
        assert_eq!(house.decides(TABLET, "maps.example"), (false, Step::Focus));
        let during = tess.post(list, &body("harm.example")).await;
        assert!(why(&during).contains("takes two people"), "{}", why(&during));
        tess.post("/staff/lessons/list/2/end", "").await;

        let pause = "/staff/lessons/pause";
        let colleague = tess.post(pause, "pupil=Hanna+Example&until=15&reason=x").await;
        assert!(why(&colleague).contains("a pupil alone"), "{}", why(&colleague));
        let paused = tess.post(pause, "pupil=Ada+Example&until=lesson&reason=Phone+out").await;
        assert_eq!(paused.location(), "/staff/lessons/pause/1", "{}", paused.body);
        assert_eq!(house.decides(TABLET, "maps.example"), (false, Step::Withheld));
        assert_eq!(house.decides(TABLET, "childline.org.uk"), (true, Step::Help));
        house.school.clock.set(MONDAY.plus_millis(60 * MINUTE_MS));
        assert!(house.decides(TABLET, "maps.example").0, "{}", test.engine);
    }
}

#[tokio::test]
async fn without_the_duty_there_is_no_such_page() {
    for test in databases().await {
        let house = House::new(&test, &[(2, "digital-leader"), (6, "network-manager")]).await;
        for (person, paths) in [
            (
                2,
                &["/staff/lessons", OPEN, "/staff/lessons/list", "/staff/lessons/pause", "/staff/explain"][..],
            ),
            (6, &[OPEN, "/staff/lessons/pause"]),
        ] {
            let who = house.sign_in(person).await;
            for path in paths {
                assert_eq!(who.get(path).await.status, StatusCode::NOT_FOUND, "{person} {path}");
                assert!(who.post(path, "").await.status.is_client_error(), "{person} {path}");
            }
        }
    }
}
