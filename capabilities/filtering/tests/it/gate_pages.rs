//! The pages about lists, policy, tests, devices and health; what a Monday begins with; and what all pages of the gate weigh.

use axum::http::StatusCode;
use axum::http::header::CONTENT_SECURITY_POLICY;
use engine::Catalogue;
use filtering::withheld::{Decision, actions};
use filtering::{filter_policy, sealed};
use std::sync::Arc;
use store::{Actor, Subject, trail};
use testing::{MONDAY, TestDatabase, databases};

use crate::house::{HERE, House, MINUTE_MS};
use crate::school::{Answer, POLICY, UNKNOWN};
use crate::staff::Staff;

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

fn said(answer: &Answer) -> String {
    answer.words("main").join(" ")
}

/// Applies a policy to the records: what gates go by is another matter.
async fn apply(test: &TestDatabase, text: &str, note: &str, days: i64) {
    let mut tx = test.db.begin().await.unwrap();
    let catalogue = Arc::new(Catalogue::built_in().unwrap());
    let sealed = Arc::new(sealed::test_entries(engine::SealedKey::new([1; 32])).unwrap());
    let at = MONDAY.plus_millis(days * DAY_MS);
    filter_policy::apply(&mut tx, &Actor::Person(6), text, note, &catalogue, &sealed, at).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_governor_reads_what_changed_in_the_policy_by_group_and_not_what_anybody_did() {
    for test in databases().await {
        let house = House::new(&test, &[(2, "governor"), (6, "head")]).await;
        let governor = house.sign_in(2).await;
        assert!(said(&governor.get("/staff/policy").await).contains("No policy has been applied yet."));
        apply(&test, POLICY, "The first one", -10).await;
        let more =
            format!("{POLICY}\n[[rule]]\ndo = \"allow\"\ngroup = \"pupils\"\nsite = \"maps.example\"\n");
        apply(&test, &more, "Maps for geography", -1).await;
        let all = governor.get("/staff/policy").await;
        assert_eq!(all.words("tbody th"), ["Version 2 , in force", "Version 1"], "{}", said(&all));
        assert!(said(&all).contains("Hanna Example") && said(&all).contains("Maps for geography"));
        let changed = governor.get("/staff/policy/2").await;
        assert_eq!(changed.words("h3"), ["Pupils"], "{}", said(&changed));
        assert!(said(&changed).contains("A school rule was added: allow maps.example for pupils."));
        assert!(said(&governor.get("/staff/policy/1").await).contains("It is the first version"));
        assert!(said(&governor.get("/staff/policy/2/since/1").await).contains("since version 1"));
        // What it permits, by group and activity, under the number of its version.
        let uses = format!(
            "{more}\n[[use]]\nid = \"games\"\nactivity = \"Online games\"\ncategories = [\"games\"]\n\
             cells = {{ everyone = \"not-allowed\", pupils = {{ permission = \"class teacher\" }} }}\n"
        );
        apply(&test, &uses, "The table", 0).await;
        let table = governor.get("/staff/policy/3/table").await;
        assert_eq!(table.words("h1"), ["What is permitted: policy, version 3"]);
        assert_eq!(table.words("thead th"), ["Activity", "Everyone", "Pupils"], "{}", said(&table));
        assert_eq!(table.words("tbody th")[0], "Online games");
        assert_eq!(table.words("tbody td")[..2], ["Not allowed", "With permission: class teacher"]);
        assert!(said(&governor.get("/staff/policy/3").await).contains("as a table to read and print"));
        assert_eq!(governor.get("/staff/policy/4/table").await.status, StatusCode::NOT_FOUND);
        for path in
            ["/staff/policy/4", "/staff/policy/x", "/staff/activity", "/staff/devices", "/staff/lessons"]
        {
            assert_eq!(governor.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        let today = said(&governor.get("/today").await);
        assert!(today.contains("What changed since Monday 16 November"), "{today}");
        assert!(today.contains("2 versions of the filter policy were applied"), "{today}");
        assert!(!today.contains("request"), "what is not their duty is not on their page: {today}");
    }
}

#[tokio::test]
async fn the_register_the_lists_the_tests_and_the_health_say_so_where_there_is_nothing() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "network-manager")]).await;
        let manager = house.sign_in(6).await;
        for (path, say) in [
            ("/staff/lists", "No list is in use"),
            ("/staff/filter-tests", "The filter was never tested."),
            ("/staff/observe", "it does not observe only"),
            ("/staff/back-ups", "No back-up was ever made"),
            ("/staff/kept", "Nothing was erased by itself yet."),
            ("/staff/health", "It does not run: devices get no answers from it."),
        ] {
            let answer = manager.get(path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert!(said(&answer).contains(say), "{path}: {}", said(&answer));
        }
        let devices = manager.get("/staff/devices").await;
        assert_eq!(devices.words("tbody tr").len(), 1);
        assert!(said(&devices).contains("Tablet 3 Ada Example 10.0.0.3"), "{}", said(&devices));
        assert!(said(&manager.get("/staff/devices?page=9").await).contains("There is no such page."));
        assert_eq!(manager.get("/staff/filter-tests/1").await.status, StatusCode::NOT_FOUND);
        let mut tx = test.db.begin().await.unwrap();
        let detail = serde_json::json!({ "encrypted": true, "entries": 12 });
        let subject = Subject::new("backup", "x");
        trail::changed(&mut tx, &Actor::CommandLine(0), "backup.make", &subject, &detail, MONDAY)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let backups = manager.get("/staff/back-ups").await;
        assert!(
            said(&backups).contains("09:00 on Monday 23 November 2026 Made, and read back Encrypted 12"),
            "{}",
            said(&backups)
        );
    }
}

#[tokio::test]
async fn a_monday_begins_with_what_waits_what_changed_and_what_may_be_left_alone() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher"), (2, "online-safety-lead"), (6, "head")]).await;
        house.school.post(UNKNOWN, "/requests", "site=games.example&what=chess&how-long=day").await;
        let mut tx = test.db.begin().await.unwrap();
        let decision = Decision {
            person: engine::PersonNo(5),
            reason: "Shared a password".into(),
            starts_at: MONDAY.plus_millis(-DAY_MS),
            ends_at: None,
            review_at: Some(MONDAY.plus_millis(MINUTE_MS)),
        };
        actions::start(&mut tx, &Actor::CommandLine(0), decision, MONDAY.plus_millis(-DAY_MS)).await.unwrap();
        tx.commit().await.unwrap();
        house.school.clock.set(MONDAY.plus_millis(2 * MINUTE_MS));

        let teacher = house.sign_in(1).await;
        assert!(said(&teacher.get("/today").await).contains("Nothing waits for you."));
        let open = "site=video.example&whom=group%3Ayear-5&until=30&reason=Romans&step=open";
        assert_eq!(teacher.post("/staff/lessons/open", open).await.status, StatusCode::SEE_OTHER);
        let today = said(&teacher.get("/today").await);
        assert!(
            today.contains(
                "1 thing is open, closed or paused for a lesson : each ends by itself, the last at 09:32"
            ),
            "{today}"
        );

        let lead = house.sign_in(2).await;
        let today = said(&lead.get("/today").await);
        for part in [
            "1 request for sites to answer",
            "1 decision to withhold access is to be looked at again",
            "The filter was never tested",
            "No back-up was ever made of the records",
            "that the school needs are held by nobody : Designated safeguarding lead",
            "1 site was opened or closed for a time",
            "3 duties were given or ended",
        ] {
            assert!(today.contains(part), "{part}: {today}");
        }
        house.school.post(UNKNOWN, "/requests", "site=play.example&what=chess&how-long=day").await;
        let list = lead.get("/staff/requests").await;
        let tree = scraper::Html::parse_document(&list.body);
        let page = web::check::all(&tree, "tbody a")[0].attr("href").unwrap().to_owned();
        lead.post(&format!("{page}/proposal"), "whom=everyone&until=hour&risk=Low.").await;
        let today = said(&lead.get("/today").await);
        assert!(today.contains("1 request that you proposed to open : another person must agree"), "{today}");
        let head = house.sign_in(6).await;
        assert!(
            said(&head.get("/today").await)
                .contains("1 request that another proposed to open, to agree to or not")
        );
    }
}

/// A page, how it is asked for, and what it may weigh in bytes.
async fn pages(who: &Staff<'_>) -> Vec<(&'static str, Answer)> {
    const OPEN: &str = "/staff/lessons/open";
    let mut all = Vec::new();
    for (name, path) in [
        ("staff-today-full", "/today"),
        ("staff-lessons", "/staff/lessons"),
        ("staff-lesson-open", OPEN),
        ("staff-lesson-list", "/staff/lessons/list"),
        ("staff-lesson-pause", "/staff/lessons/pause"),
        ("staff-lesson-one", "/staff/lessons/opening/1"),
        ("staff-explain", "/staff/explain"),
        ("staff-activity", "/staff/activity"),
        ("staff-activity-days", "/staff/activity/days"),
        ("staff-activity-opening", "/staff/activity/opening"),
        ("staff-policy", "/staff/policy"),
        ("staff-policy-one", "/staff/policy/2"),
        ("staff-lists", "/staff/lists"),
        ("staff-filter-tests", "/staff/filter-tests"),
        ("staff-observe", "/staff/observe"),
        ("staff-devices", "/staff/devices"),
        ("staff-back-ups", "/staff/back-ups"),
        ("staff-kept-never", "/staff/kept"),
        ("staff-health", "/staff/health"),
    ] {
        all.push((name, who.get(path).await));
    }
    for (name, path, body) in [
        ("staff-lesson-wrong", OPEN, ""),
        ("staff-lesson-preview", OPEN, "site=video.example&whom=group%3Ayear-6&until=30&reason=Romans"),
        ("staff-lesson-refused", OPEN, "site=games.example&whom=group%3Ayear-6&until=30&reason=Romans"),
        ("staff-lesson-never", OPEN, "site=locked.example&whom=group%3Ayear-6&until=30&reason=Romans"),
        ("staff-lesson-list-wrong", "/staff/lessons/list", ""),
        ("staff-lesson-pause-wrong", "/staff/lessons/pause", ""),
        ("staff-explained", "/staff/explain", "site=www.games.example&group=year-5"),
        ("staff-explain-wrong", "/staff/explain", ""),
        ("staff-activity-found", "/staff/activity", ""),
        ("staff-activity-nothing", "/staff/activity", "site=nobody.example"),
        ("staff-activity-wrong", "/staff/activity", "person=Ada&since=soon"),
        ("staff-activity-opened", "/staff/activity/opening", "reason=A+pupil+told+us"),
        ("staff-activity-opening-wrong", "/staff/activity/opening", ""),
    ] {
        all.push((name, who.post(path, body).await));
    }
    all
}

/// What a browser that has nothing of ours yet fetches beside an English page, in bytes as they are sent.
fn first_weight() -> usize {
    let packed = |content: &[u8]| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut out, content).unwrap();
        out.finish().unwrap().len()
    };
    web::assets::all()
        .filter(|(name, ..)| !name.contains("latin-ext"))
        .map(|(_, kind, content)| if kind.starts_with("font/") { content.len() } else { packed(content) })
        .sum()
}

/// Every page of the gate in a school at work: well made (the school's own `ask` sees to that), light, and of few parts.
#[tokio::test]
async fn every_page_of_the_gate_is_well_made_light_and_of_few_parts() {
    let folder = std::env::var_os("FIVEBAR_SAMPLES").map(std::path::PathBuf::from);
    for test in databases().await {
        let house = House::new(&test, &[(1, "teacher"), (1, "head"), (1, "network-manager")]).await;
        let log = house.log();
        for place in 0..200_i64 {
            house.visits(
                &log,
                "10.0.0.3",
                &format!("a-rather-long-name-{place}.games.example"),
                MONDAY.plus_millis(place),
            );
        }
        log.has(200);
        apply(&test, POLICY, "The first one", -10).await;
        apply(&test, &format!("{POLICY}\n[[rule]]\ndo = \"block\"\nsite = \"b.example\"\n"), "Another", -1)
            .await;
        house.school.clock.set(MONDAY.plus_millis(MINUTE_MS));
        let who = house.sign_in(1).await;
        let open = "site=video.example&whom=group%3Ayear-5&until=30&reason=Romans&step=open";
        assert_eq!(who.post("/staff/lessons/open", open).await.status, StatusCode::SEE_OTHER);
        let mut all = pages(&who).await;
        all.push(("who-sees", house.school.get(HERE, "/who-sees").await));
        let first = house.school.get(HERE, "/").await;
        let weight = first_weight() + first.body.len();
        assert!(weight <= 60_000, "the first screen has {weight} bytes");
        for (name, page) in &all {
            assert!(page.body.starts_with("<!DOCTYPE"), "{name} is no page: {} {}", page.status, page.body);
            assert!(page.body.len() <= 30_000, "{name} has {} bytes", page.body.len());
            // The page itself, and what it asks for besides: style, icon, one script; two faces of English come with the style.
            let parts = page.words("link[href], script[src]").len() + page.body.matches("import {").count();
            assert!(1 + parts + 2 <= 6, "{name} has {parts} parts");
            assert!(page.words("img, iframe, video, object").is_empty(), "{name}");
            if let Some(folder) = &folder {
                std::fs::create_dir_all(folder.join("assets")).unwrap();
                std::fs::write(folder.join(format!("{name}.html")), &page.body).unwrap();
                let policy = page.headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
                std::fs::write(folder.join(format!("{name}.csp")), policy).unwrap();
            }
        }
    }
}
