//! What devices did, at the portal: over a real activity log.

use axum::http::StatusCode;
use store::trail;
use testing::{MONDAY, databases};

use crate::house::{House, MINUTE_MS};
use crate::school::Answer;

const TABLET: &str = "10.0.0.3";
const ACTIVITY: &str = "/staff/activity";
const OPENING: &str = "/staff/activity/opening";

fn said(answer: &Answer) -> String {
    answer.words("main").join(" ")
}

#[tokio::test]
async fn pseudonyms_stand_for_people_until_identities_are_opened_with_a_reason() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher"), (2, "network-manager"), (6, "dsl")]).await;
        let log = house.log();
        for minute in 0..3 {
            house.visits(&log, TABLET, "games.example", MONDAY.plus_millis(minute * MINUTE_MS));
        }
        house.visits(&log, TABLET, "sealed.example", MONDAY);
        house.visits(&log, TABLET, "childline.org.uk", MONDAY);
        house.visits(&log, "10.0.0.200", "maps.example", MONDAY);
        log.has(5);
        house.school.clock.set(MONDAY.plus_millis(5 * MINUTE_MS));

        let teacher = house.sign_in(1).await;
        assert_eq!(teacher.get(ACTIVITY).await.status, StatusCode::NOT_FOUND);
        let manager = house.sign_in(2).await;
        assert_eq!(manager.get(OPENING).await.status, StatusCode::NOT_FOUND, "not their duty");
        assert_eq!(manager.post(OPENING, "reason=x").await.status, StatusCode::NOT_FOUND);
        assert!(!manager.get(ACTIVITY).await.body.contains(OPENING));
        let all = manager.post(ACTIVITY, "").await;
        let text = said(&all);
        assert!(
            text.contains("P-") && text.contains("D-") && text.contains("by the device register"),
            "{text}"
        );
        assert!(!text.contains("Ada") && !text.contains("Tablet 3"), "{text}");
        assert!(!text.contains("childline"), "visits to help are in no log");
        assert!(!text.contains("sealed.example") && text.contains("Not shown"), "{text}");
        assert!(text.contains("10.0.0.200") && text.contains("nothing is known"), "{text}");

        // A pseudonym finds the same person again, and only them; a name finds nobody without an opening.
        let pseudonym = all.value("button[name=person]").unwrap();
        let theirs = manager.post(ACTIVITY, &format!("person={pseudonym}&site=games.example")).await;
        assert_eq!(theirs.words("tbody tr").len(), 3, "{}", said(&theirs));
        let device = all.value("button[name=device]").unwrap();
        assert_eq!(manager.post(ACTIVITY, &format!("device={device}")).await.words("tbody tr").len(), 4);
        let named = manager.post(ACTIVITY, "person=Ada+Example&device=Tablet+3&address=x&since=soon").await;
        assert_eq!(named.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(named.words(".govuk-error-summary a").len(), 4, "{}", said(&named));
        for (filter, found) in [
            ("group=year-5", 4),
            ("group=year-6", 0),
            ("category=games", 3),
            ("verdict=allow", 1),
            ("address=10.0.0.200", 1),
            ("until=2026-11-23+09%3A00", 0),
            ("since=2026-11-23+09%3A01", 2),
        ] {
            let answer = manager.post(ACTIVITY, filter).await;
            assert_eq!(answer.words("tbody tr").len(), found, "{filter}: {}", said(&answer));
        }

        // Whose duty it is proves again who they are, says why, and leaves it in the trail and in the log.
        let lead = house.sign_in(6).await;
        let asked = lead.get(OPENING).await;
        assert!(said(&asked).contains("nothing takes it out again"), "{}", asked.body);
        let why = lead.post(OPENING, "person=Ada+Example").await;
        assert_eq!(why.status, StatusCode::UNPROCESSABLE_ENTITY);
        let opened = lead.post(OPENING, "person=Ada+Example&reason=A+pupil+told+us").await;
        let text = said(&opened);
        assert!(text.contains("Ada Example") && text.contains("Tablet 3"), "{text}");
        assert_eq!(opened.words("tbody tr").len(), 4, "{text}");
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 5).await.unwrap();
        let entry = entries.iter().find(|entry| entry.verb == "activity.search-opened").unwrap();
        assert_eq!((entry.actor.as_str(), entry.detail.as_str()), ("person:6", r#"{"person":3}"#));
        assert!(entries.iter().all(|entry| !entry.detail.contains("pupil told")), "{}", test.engine);
        let said = format!("{:?}", log.entries());
        assert!(said.contains("A pupil told us"), "{said}");
        house.school.clock.set(MONDAY.plus_millis(20 * MINUTE_MS));
        let stale = lead.post(OPENING, "person=Ada+Example&reason=again").await;
        assert!(stale.status == StatusCode::SEE_OTHER || stale.status.is_client_error(), "{}", stale.body);
        assert!(!stale.body.contains("Tablet 3"));
    }
}

#[tokio::test]
async fn whoever_reads_on_or_takes_it_out_has_every_event_once() {
    for test in databases().await {
        let house = House::new(&test, &[(2, "network-manager")]).await;
        let log = house.log();
        // Many of one moment, so that a page ends among them.
        for place in 0..120_i64 {
            house.visits(&log, TABLET, &format!("s{place}.games.example"), MONDAY.plus_millis(place / 40));
        }
        log.has(120);
        house.school.clock.set(MONDAY.plus_millis(MINUTE_MS));
        let manager = house.sign_in(2).await;
        let mut seen = Vec::new();
        let mut body = "site=games.example".to_owned();
        for _ in 0..5 {
            let page = manager.post(ACTIVITY, &body).await;
            assert_eq!(page.status, StatusCode::OK, "{}", page.body);
            seen.extend(page.words("tbody .fivebar-host"));
            let (Some(older), Some(shown)) =
                (page.value("input[name=older]"), page.value("input[name=shown]"))
            else {
                break;
            };
            body = format!("site=games.example&older={older}&shown={shown}");
        }
        assert_eq!(seen.len(), 120, "{}", test.engine);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 120);

        let file = manager.post(ACTIVITY, "site=games.example&as=csv").await;
        assert!(file.headers["content-type"].to_str().unwrap().starts_with("text/csv"));
        let name = file.headers["content-disposition"].to_str().unwrap();
        assert_eq!(name, "attachment; filename=\"activity-2026-11-23.csv\"");
        assert_eq!(file.body.lines().count(), 121);
        assert!(file.body.contains("\"'=Browser/1.0\""), "no cell is a formula");
        assert!(file.body.contains(",P-") && !file.body.contains("Ada"), "pseudonyms go out as well");
        let mut tx = test.db.read().await.unwrap();
        let entries = store::trail::newest(&mut tx, None, 5).await.unwrap();
        let entry = entries.iter().find(|entry| entry.verb == "activity.export").unwrap();
        assert_eq!(
            (entry.actor.as_str(), entry.detail.as_str()),
            ("person:2", "{\"events\":120}"),
            "{}",
            test.engine
        );
    }
}

#[tokio::test]
async fn what_was_blocked_is_counted_by_day_in_a_chart_beside_its_table() {
    for test in databases().await {
        let house = House::new(&test, &[(2, "network-manager")]).await;
        let manager = house.sign_in(2).await;
        // While the log does not answer, its pages say so and nothing else is lost.
        for (answer, say) in [
            (manager.post(ACTIVITY, "site=games.example").await, "does not answer just now"),
            (manager.get("/staff/activity/days").await, "does not answer just now"),
        ] {
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(said(&answer).contains(say), "{}", said(&answer));
        }
        let log = house.log();
        for (host, days) in
            [("games.example", 0), ("games.example", 1), ("video.example", 1), ("maps.example", 1)]
        {
            house.visits(&log, TABLET, host, MONDAY.plus_millis(-days * 24 * 60 * MINUTE_MS));
        }
        log.has(4);
        let page = manager.get("/staff/activity/days").await;
        let rows = page.words("tbody tr");
        assert_eq!(rows[5..], ["2026-11-22 3 2", "2026-11-23 1 1"], "{}", said(&page));
        assert_eq!(rows.len(), 7);
        let bars = page.words("svg text");
        assert_eq!(bars[bars.len() - 2..], ["2026-11-23", "1"], "{bars:?}");
    }
}
