//! Timetables at the portal: one's own week, a class's, and the lesson of now where a site is opened for it.

use axum::http::StatusCode;
use kit::Zone;
use people::intake::{self, ApplyImport, Given, ImportRoll};
use people::roster::{Files, Options, Roster};
use testing::{MONDAY, databases};

use crate::cards::{Cards, permit};

const LESSONS: &str =
    "Class,Day,Period,Room\nOtters,Mon,P1,Blue room\nOtters,Tue,2,Hall\nBadgers,Mon,1,Red room\n";

#[tokio::test]
async fn a_teacher_sees_their_week_and_the_lesson_of_now_where_they_open_a_site() {
    for test in databases().await {
        let cards = Cards::new(&test).await;
        let files = Files::of("lessons.csv", LESSONS.as_bytes().to_vec()).unwrap();
        let told = Roster::read(&files, &Options::default()).unwrap();
        let zone = Zone::named("Europe/London").unwrap();
        let given = Given { source: None, groups: None, zone: &zone };
        let mut tx = test.db.begin().await.unwrap();
        let import =
            intake::prepare(&mut tx, &permit::<ImportRoll>(()), &told, &given, MONDAY).await.unwrap();
        intake::apply(&mut tx, &permit::<ApplyImport>(import.number), None, None, &zone, MONDAY)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let tamsin = cards.house.sign_in(cards.numbers["Tamsin Teacher"]).await;
        let own = tamsin.get("/staff/timetable").await;
        assert_eq!(own.status, StatusCode::OK, "{}", own.body);
        let said = own.words("main").join(" ");
        for part in ["Now:", "Otters", "in Blue room", "until 10:00"] {
            assert!(said.contains(part), "{}: {part}: {said}", test.engine);
        }
        assert!(said.contains("Hall") && !said.contains("Red room"), "{said}");
        let form = tamsin.get("/staff/lessons/open").await;
        assert!(form.body.contains("Blue room"), "{}: {}", test.engine, form.body);
        let tree = scraper::Html::parse_document(&own.body);
        let links = web::check::all(&tree, "main a");
        let badgers = links.iter().find(|link| web::check::words(**link) == "Badgers").unwrap();
        let week = tamsin.get(badgers.attr("href").unwrap()).await;
        let said = week.words("main").join(" ");
        assert!(said.contains("Taught by Tobias Teacher") && said.contains("Red room"), "{said}");
        // Another's week is for whoever sees the roll.
        let of = format!("/staff/timetable/of/{}", cards.numbers["Tobias Teacher"]);
        assert_eq!(tamsin.get(&of).await.status, StatusCode::NOT_FOUND);
        let hanna = cards.house.sign_in(6).await;
        let theirs = hanna.get(&of).await;
        assert!(theirs.body.contains("Red room") && !theirs.body.contains("Blue room"), "{}", theirs.body);
        for nothing in ["/staff/timetable/class/class_1", "/staff/timetable/of/9999"] {
            assert_eq!(hanna.get(nothing).await.status, StatusCode::NOT_FOUND, "{nothing}");
        }
        // Between lessons there is none.
        let ten = MONDAY.plus_millis(3_600_000);
        cards.house.school.clock.set(ten);
        let tamsin = cards.house.sign_in_on(cards.numbers["Tamsin Teacher"], ten).await;
        let own = tamsin.get("/staff/timetable").await;
        assert!(
            own.body.contains("Your week") && !own.body.contains("Now:"),
            "{}: {}",
            test.engine,
            own.body
        );
    }
}
