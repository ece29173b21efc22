//! What people meet in the portal.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use engine::{Saying, Step};
use filtering::portal::{NO_LIVE_FEED, Refusal};
use testing::{MONDAY, databases};

use crate::answers::approving;
use crate::school::{GATE, KEY, School, TABLET, UNKNOWN};

const FORM: &str = "site=https%3A%2F%2FChess.example%2Fplay%3Fq%3Dsecret&what=For+chess+club&how-long=week";

#[tokio::test]
async fn the_notice_stands_on_every_page_while_no_live_feed_is_loaded() {
    for database in databases().await {
        let school = School::new(&database, Some(Vec::new()));
        for path in ["/", "/why", "/requests", "/reports", "/help", "/who-sees"] {
            let answer = school.get(UNKNOWN, path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert_eq!(answer.words(".fivebar-notice"), [NO_LIVE_FEED], "{path}");
        }
        let foreign = Request::post("/requests").header("sec-fetch-site", "cross-site").body(Body::empty());
        for (answer, status) in [
            (school.get(UNKNOWN, "/nope").await, StatusCode::NOT_FOUND),
            (school.get(UNKNOWN, "/assets/nope").await, StatusCode::NOT_FOUND),
            (school.get(UNKNOWN, "/requests/R-22222222").await, StatusCode::NOT_FOUND),
            (school.post(UNKNOWN, "/help", "").await, StatusCode::METHOD_NOT_ALLOWED),
            (school.post(UNKNOWN, "/requests", &"x".repeat(70_000)).await, StatusCode::PAYLOAD_TOO_LARGE),
            (school.ask(UNKNOWN, foreign.unwrap()).await, StatusCode::FORBIDDEN),
        ] {
            assert_eq!(answer.status, status);
            assert_eq!(answer.words(".fivebar-notice"), [NO_LIVE_FEED], "{status}");
        }
        let health = school.get(UNKNOWN, "/health").await;
        assert_eq!((health.status, health.body.as_str()), (StatusCode::OK, "ok\n"), "{}", database.engine);
    }
}

#[tokio::test]
async fn a_ticket_says_why_and_leads_to_asking_with_the_site_filled_in() {
    for database in databases().await {
        let school = School::new(&database, Some(Vec::new()));
        let ticket = school.ticket("games.example", TABLET);
        let why = school.get(TABLET, &format!("/why?t={ticket}")).await;
        assert_eq!(why.words("h1"), ["Why this was blocked"]);
        assert!(why.body.contains("Games are for home."), "{}", why.body);
        assert!(why.words(".govuk-summary-list__value").contains(&"games.example".to_owned()));
        assert!(why.body.contains("09:00 on Monday 23 November 2026"));
        assert!(!why.body.contains("fivebar-help"), "games hurt nobody");
        let ask = school.get(TABLET, &format!("/requests?t={ticket}")).await;
        assert_eq!(ask.value("input[name=site]").as_deref(), Some("games.example"));

        // An hour later the ticket has ended, and the page says what it can.
        school.clock.set(MONDAY.plus_millis(3_600_000));
        let ended = school.get(TABLET, &format!("/why?t={ticket}")).await;
        assert_eq!(ended.status, StatusCode::OK);
        assert!(ended.body.contains("has ended") && !ended.body.contains("games.example"));
        let made_up = school.get(TABLET, "/why?t=AAAA").await;
        assert!(made_up.body.contains("has ended"));
    }
}

#[tokio::test]
async fn what_may_hurt_puts_help_first() {
    for database in databases().await {
        let school = School::new(&database, Some(Vec::new()));
        let ticket = school.ticket("harm.example", TABLET);
        let why = school.get(TABLET, &format!("/why?t={ticket}")).await;
        let headings = why.words("h2");
        assert_eq!(headings[0], "Are you all right?");
        let help = why.body.find("https://childline.org.uk/").unwrap();
        let site = why.body.find("harm.example").unwrap();
        assert!(help < site, "help stands before anything about the site");
    }
}

#[tokio::test]
async fn the_page_says_which_lists_name_a_site_and_nothing_of_it_where_help_comes_first() {
    for database in databases().await {
        let school = School::new(&database, None);
        let ticket = school.ticket("play.example", TABLET);
        let why = school.get(TABLET, &format!("/why?t={ticket}")).await;
        // The other list that names it fills another category.
        assert!(why.body.contains("the list games, since 2026-11-23 (licence: MIT)"), "{}", why.body);
        assert!(!why.body.contains("the list harm"));
        let ticket = school.ticket("harm.example", TABLET);
        assert!(!school.get(TABLET, &format!("/why?t={ticket}")).await.body.contains("Named by"));
    }
}

#[tokio::test]
async fn without_a_ticket_a_device_sees_its_own_last_refusals() {
    for database in databases().await {
        let saying = Saying { reason: "Games are for home.".into(), may_ask: true, ..Saying::default() };
        let refusal = |host: &str, step| Refusal {
            host: Some(host.into()),
            at: MONDAY,
            step,
            saying: saying.clone(),
            category: None,
        };
        let recent = vec![refusal("games.example", Step::School), refusal("sealed.example", Step::Sealed)];
        let answer = School::new(&database, Some(recent)).get(UNKNOWN, "/why").await;
        assert_eq!(answer.words("tbody th"), ["games.example", "Not shown"]);
        assert!(!answer.body.contains("sealed.example"), "nothing reveals a sealed entry");
        let nothing = School::new(&database, Some(Vec::new())).get(UNKNOWN, "/why").await;
        assert!(nothing.body.contains("Nothing was blocked on this device lately."));
        let away = School::new(&database, None).get(UNKNOWN, "/why").await;
        assert_eq!(away.status, StatusCode::OK);
        assert!(away.body.contains("Try again in a few minutes."));
    }
}

#[tokio::test]
async fn a_failed_form_comes_back_with_the_person_s_words() {
    for database in databases().await {
        let school = School::new(&database, None);
        let again =
            school.post(TABLET, "/requests", "site=the+chess+one&what=%3Cb%3Emy+words&how-long=ever").await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(again.value("input[name=site]").as_deref(), Some("the chess one"));
        assert_eq!(again.value("textarea").as_deref(), Some("<b>my words"));
        let summary = again.words(".govuk-error-summary a");
        assert_eq!(
            summary,
            ["Enter the site’s address, like www.example.org", "Select how long you need the site"]
        );
        let empty = school.post(TABLET, "/requests", "").await;
        assert_eq!(empty.words(".govuk-error-summary a").len(), 3);
        let report = school.post(TABLET, "/reports", "site=chess.example&kind=other&what=").await;
        assert_eq!(report.words(".govuk-error-summary a"), ["Enter what is wrong"]);
        let long = format!("site=chess.example&how-long=day&what={}", "x".repeat(2_001));
        let long = school.post(TABLET, "/requests", &long).await;
        assert_eq!(long.value("textarea").unwrap().len(), 2_001, "even too many words are kept");
    }
}

#[tokio::test]
async fn asking_for_a_help_site_is_answered_at_once_and_kept_nowhere() {
    for database in databases().await {
        let school = School::new(&database, None);
        for form in [
            "site=childline.org.uk&what=it+hurts&how-long=day",
            "site=https%3A%2F%2Fwww.Childline.org.uk%2Fget-support",
        ] {
            let answer = school.post(TABLET, "/requests", form).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
            assert!(
                answer.body.contains("This is always open to you, and no visit is recorded."),
                "{}",
                answer.body
            );
            assert!(!answer.body.contains("it hurts"));
        }
        let mut tx = database.db.read().await.unwrap();
        assert!(filtering::site_request::actions::list(&mut tx, false, 10).await.unwrap().is_empty());
        assert!(store::trail::newest(&mut tx, None, 10).await.unwrap().is_empty());
        tx.roll_back().await.unwrap();

        // One that was kept by a version before is taken out, and no exception is made of it.
        let mut tx = database.db.begin().await.unwrap();
        let ask = filtering::site_request::Ask {
            site: filtering::site::Site::typed("childline.org.uk").unwrap(),
            words: kit::Private::new("it hurts".into()),
            how_long: filtering::site_request::HowLong::Day,
            asker: filtering::asker::Asker::at(TABLET.parse().unwrap(), &engine::Identity::default()),
        };
        let actor = store::Actor::Job("portal");
        let kept = filtering::site_request::actions::raise(&mut tx, &actor, ask, MONDAY).await.unwrap();
        let catalogue = crate::school::catalogue();
        let open = filtering::site_request::actions::forget_always_open(
            &mut tx,
            &actor,
            &kept.reference,
            &catalogue,
            &[],
            MONDAY,
        );
        assert_eq!(open.await.unwrap(), Some(filtering::always_open::AlwaysOpen::Help));
        assert!(filtering::site_request::actions::list(&mut tx, false, 10).await.unwrap().is_empty());
        let entries = store::trail::newest(&mut tx, None, 1).await.unwrap();
        assert_eq!(
            (entries[0].verb.as_str(), entries[0].detail.contains("childline")),
            ("site-request.forget", false)
        );
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_not_one_site_is_not_kept_and_not_approved() {
    for database in databases().await {
        let school = School::new(&database, None);
        for (site, said) in [
            ("co.uk", "Write the one that is needed, like name.co.uk."),
            ("https%3A%2F%2Fac.uk%2Fcourses", "Write the one that is needed, like name.ac.uk."),
            ("127.0.0.1", "no site of the internet. Write the name of a site"),
            ("http%3A%2F%2F192.168.1.1%2Fadmin", "no site of the internet"),
            ("printer.local", "no site of the internet"),
            ("localhost", "Enter the site’s address, like www.example.org"),
        ] {
            let answer =
                school.post(TABLET, "/requests", &format!("site={site}&what=work&how-long=day")).await;
            assert!(answer.body.contains(said), "{site}: {}", answer.body);
        }
        let mut tx = database.db.begin().await.unwrap();
        assert!(filtering::site_request::actions::list(&mut tx, false, 10).await.unwrap().is_empty());

        // One that was kept by a version before is not approved, and whoever answers is told what to do.
        let ask = filtering::site_request::Ask {
            site: filtering::site::Site::typed("co.uk").unwrap(),
            words: kit::Private::new("work".into()),
            how_long: filtering::site_request::HowLong::Day,
            asker: filtering::asker::Asker::at(TABLET.parse().unwrap(), &engine::Identity::default()),
        };
        let actor = store::Actor::Job("portal");
        let kept = filtering::site_request::actions::raise(&mut tx, &actor, ask, MONDAY).await.unwrap();
        let everyone = Some(filtering::overrides::Whom::Everyone);
        let until = MONDAY.plus_millis(3_600_000);
        let permit = approving(&kept.reference);
        let refused =
            filtering::site_request::actions::approve(&mut tx, &permit, everyone, "for work", until, MONDAY);
        let refused = refused.await.unwrap_err().to_string();
        let remedy = format!(
            "Refuse the request and say what to ask for: `fivebar requests refuse {}",
            kept.reference
        );
        assert!(refused.starts_with("co.uk is not one site") && refused.contains(&remedy), "{refused}");
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn must_hold_2_who_reports_a_help_site_or_asks_for_an_unconfirmed_one_is_not_kept() {
    for database in databases().await {
        let school = School::new(&database, None);
        let catalogue = crate::school::catalogue();
        let unconfirmed = catalogue.help.iter().find(|help| help.confirm_first).unwrap();
        let unconfirmed = unconfirmed.sites().next().unwrap().0;
        let ticket = school.ticket("games.example", TABLET);
        let report = |site: &str| format!("site={site}&kind=should-be-open&what=It+does+not+open&t={ticket}");
        let ask = format!("site={unconfirmed}&what=to+talk&how-long=day&t={ticket}");
        for (path, form) in [
            ("/reports", report("www.childline.org.uk")),
            ("/reports", report(unconfirmed)),
            ("/requests", ask),
        ] {
            let answer = school.post(TABLET, path, &form).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
            assert_eq!(answer.words("h1"), ["Sent without your name"]);
        }
        // The site and the words are there for whoever sees to it, and nothing of who it was.
        let mut tx = database.db.read().await.unwrap();
        let told = filtering::site_report::actions::list(&mut tx, true, 10).await.unwrap();
        let asked = filtering::site_request::actions::list(&mut tx, true, 10).await.unwrap();
        let entries = store::trail::newest(&mut tx, None, 10).await.unwrap();
        tx.roll_back().await.unwrap();
        assert_eq!((told.len(), asked.len(), entries.len()), (2, 1, 3));
        assert_eq!(told[1].tell.words.reveal(), "It does not open");
        let askers = told.iter().map(|one| one.tell.asker).chain(asked.iter().map(|one| one.ask.asker));
        for asker in askers {
            assert_eq!(
                (asker.person, asker.device, asker.address.to_string().as_str()),
                (None, None, "0.0.0.0")
            );
        }
        assert!(
            entries.iter().all(|entry| entry.actor == "job:portal" && !entry.detail.contains("childline"))
        );
        // Their pages are shown to nobody, not even to whoever sent them.
        for place in [format!("/reports/{}", told[0].reference), format!("/requests/{}", asked[0].reference)]
        {
            assert_eq!(school.get(TABLET, &place).await.status, StatusCode::NOT_FOUND, "{place}");
            let with_ticket = school.get(TABLET, &format!("{place}?t={ticket}")).await;
            assert_eq!(with_ticket.status, StatusCode::NOT_FOUND, "{place}");
        }
        // Any other site is kept with who asks, so that they see the answer.
        let sent = school.post(TABLET, "/reports", &report("chess.example")).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn a_request_is_kept_and_shown_to_whoever_asked_only() {
    for database in databases().await {
        let school = School::new(&database, None);
        let sent = school.post(TABLET, "/requests", FORM).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        let place = sent.location().to_owned();
        assert!(!place.contains("chess"), "no name in an address");
        let shown = school.get(TABLET, &place).await;
        assert_eq!(shown.words("h1"), ["Request sent"]);
        let facts = shown.words(".govuk-summary-list__value");
        assert_eq!(facts[..4], ["Waiting for an answer", "chess.example", "For chess club", "This week"]);
        assert!(!shown.body.contains("secret"), "a query can hold what somebody searched for");
        assert!(place.ends_with(&shown.words(".govuk-panel__body strong")[0]));
        for (from, path) in
            [(UNKNOWN, place.as_str()), (TABLET, "/requests/R-22222222"), (TABLET, "/requests/x")]
        {
            assert_eq!(school.get(from, path).await.status, StatusCode::NOT_FOUND, "{from} {path}");
        }
        let report = school.post(UNKNOWN, "/reports", "site=bad.example&kind=should-be-closed&what=").await;
        let place = report.location().to_owned();
        assert_eq!(school.get(UNKNOWN, &place).await.words("h1"), ["Report sent"]);
        assert_eq!(school.get(TABLET, &place).await.status, StatusCode::NOT_FOUND);
        // The trail has both, and nobody's words.
        let mut tx = database.db.read().await.unwrap();
        let entries = store::trail::newest(&mut tx, None, 10).await.unwrap();
        let verbs: Vec<_> = entries.iter().map(|entry| (entry.verb.as_str(), entry.actor.as_str())).collect();
        assert_eq!(verbs, [("site-report.file", "job:portal"), ("site-request.raise", "job:portal")]);
        assert!(
            entries.iter().all(|entry| !entry.detail.contains("chess") && !entry.detail.contains("example"))
        );
    }
}

#[tokio::test]
async fn what_comes_by_way_of_the_gate_is_put_down_to_whom_the_gate_names_and_else_to_nobody() {
    for database in databases().await {
        let saying = Saying { reason: "Games are for home.".into(), may_ask: true, ..Saying::default() };
        let refusal = Refusal {
            host: Some("games.example".into()),
            at: MONDAY,
            step: Step::School,
            saying,
            category: None,
        };
        let school = School::new(&database, Some(vec![refusal]));
        let word = |client: &str, at| engine::behalf::speak_for(&KEY, client.parse().unwrap(), at);
        let (now, old) = (word(TABLET, MONDAY), word(TABLET, MONDAY.plus_millis(-90_000)));
        let send = |path: &str, words: &[&str], body: Option<&str>| {
            let mut request = match body {
                Some(_) => Request::post(path).header("content-type", "application/x-www-form-urlencoded"),
                None => Request::get(path),
            };
            for word in words {
                request = request.header("fivebar-client", *word);
            }
            request.body(Body::from(body.unwrap_or_default().to_owned())).unwrap()
        };
        let changed = now.replace("10.0.0.12", "10.0.0.13");
        for (words, person) in [
            (&[now.as_str()][..], Some(12)),
            (&[], None),
            (&[TABLET], None),
            (&[&old], None),
            (&[&changed], None),
            (&[&now, &now], None),
        ] {
            let sent = school.ask(GATE, send("/requests", words, Some(FORM))).await;
            assert_eq!(sent.status, StatusCode::SEE_OTHER, "{words:?}");
            let place = sent.location().to_owned();
            let mut tx = database.db.read().await.unwrap();
            let kept = filtering::site_request::actions::list(&mut tx, true, 100).await.unwrap();
            let kept = kept.iter().find(|kept| place.ends_with(&kept.reference.to_string())).unwrap();
            let asker = kept.ask.asker;
            assert_eq!(asker.person.map(|person| person.0), person, "{words:?}");
            assert_eq!(asker.device.is_some(), person.is_some(), "{words:?}");
            tx.roll_back().await.unwrap();
            assert_eq!(school.ask(GATE, send(&place, words, None)).await.words("h1"), ["Request sent"]);
            let directly = school.get(TABLET, &place).await.status;
            assert_eq!(directly == StatusCode::OK, person.is_some(), "{words:?}");
            let why = school.ask(GATE, send("/why", words, None)).await;
            assert_eq!(why.body.contains("games.example"), person.is_some(), "{words:?}");
            assert_eq!(why.body.contains("cannot tell which device"), person.is_none(), "{words:?}");
        }
        // Nobody who comes directly gets another's page by saying who they are.
        let lie = school.ask(UNKNOWN, send("/why", &[TABLET], None)).await;
        assert!(!lie.body.contains("cannot tell which device"));
    }
}

#[tokio::test]
async fn a_ticket_says_who_asks_and_shows_them_the_answer() {
    for database in databases().await {
        let school = School::new(&database, Some(Vec::new()));
        let ticket = school.ticket("games.example", TABLET);
        for (path, form) in [("/requests", FORM), ("/reports", "site=a.example&kind=should-be-open&what=")] {
            let page = school.get(GATE, &format!("{path}?t={ticket}")).await;
            assert_eq!(
                page.value("input[name=t]").as_deref(),
                Some(ticket.as_str()),
                "the form carries it on"
            );
            assert_eq!(school.get(GATE, path).await.value("input[name=t]"), None);
            let wrong = school.post(GATE, path, &format!("site=&t={ticket}")).await;
            assert_eq!(wrong.value("input[name=t]").as_deref(), Some(ticket.as_str()), "a mistake keeps it");
            let sent = school.post(GATE, path, &format!("{form}&t={ticket}")).await;
            let place = sent.location().to_owned();
            let (bare, _) = place.split_once('?').expect("the gate's address alone shows nobody's page");
            assert_eq!(school.get(GATE, &place).await.status, StatusCode::OK);
            assert_eq!(school.get(GATE, bare).await.status, StatusCode::NOT_FOUND);
            assert_eq!(school.get(TABLET, bare).await.status, StatusCode::OK);
            let mine = school.post(TABLET, path, &format!("{form}&t={ticket}")).await;
            assert!(!mine.location().contains('?'), "a device that is known needs no ticket");
        }
        let mut tx = database.db.read().await.unwrap();
        let asked = filtering::site_request::actions::list(&mut tx, true, 10).await.unwrap();
        let told = filtering::site_report::actions::list(&mut tx, true, 10).await.unwrap();
        tx.roll_back().await.unwrap();
        let askers: Vec<_> =
            asked.iter().map(|one| one.ask.asker).chain(told.iter().map(|one| one.tell.asker)).collect();
        assert_eq!(askers.len(), 4);
        for asker in askers {
            let who = (asker.person.map(|person| person.0), asker.device.map(|device| device.0));
            assert_eq!((who, asker.address.to_string()), ((Some(12), Some(4)), TABLET.to_owned()));
        }
        // A ticket that has ended says nothing.
        school.clock.set(MONDAY.plus_millis(3_600_000));
        school.post(GATE, "/requests", &format!("{FORM}&t={ticket}")).await;
        let mut tx = database.db.read().await.unwrap();
        let asked = filtering::site_request::actions::list(&mut tx, true, 10).await.unwrap();
        assert_eq!(asked.iter().filter(|one| one.ask.asker.person.is_none()).count(), 1);
    }
}

#[tokio::test]
async fn a_form_from_another_site_changes_nothing() {
    for database in databases().await {
        let school = School::new(&database, None);
        let request = Request::post("/requests")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "cross-site")
            .body(Body::from(FORM))
            .unwrap();
        assert_eq!(school.ask(TABLET, request).await.status, StatusCode::FORBIDDEN);
        let mut tx = database.db.read().await.unwrap();
        assert_eq!(filtering::site_request::actions::list(&mut tx, false, 10).await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn one_device_cannot_fill_the_queue() {
    for database in databases().await {
        let school = School::new(&database, None);
        for _ in 0..40 {
            assert_eq!(school.post(UNKNOWN, "/requests", FORM).await.status, StatusCode::SEE_OTHER);
        }
        let refused = school.post(UNKNOWN, "/requests", FORM).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.value("textarea").as_deref(), Some("For chess club"));
        assert_eq!(school.post(TABLET, "/requests", FORM).await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn a_form_that_cannot_be_kept_comes_back_with_the_words() {
    for database in databases().await {
        let school = School::new(&database, None);
        database.db.clone().close().await.unwrap();
        for (path, body) in
            [("/requests", FORM), ("/reports", "site=a.example&kind=other&what=For+chess+club")]
        {
            let answer = school.post(TABLET, path, body).await;
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", database.engine);
            assert_eq!(answer.value("textarea").as_deref(), Some("For chess club"));
            assert!(
                answer.words(".govuk-error-summary a")[0].starts_with("This could not be sent just now.")
            );
        }
        let health = school.get(TABLET, "/health").await;
        assert_eq!(health.status, StatusCode::SERVICE_UNAVAILABLE);
    }
}

#[tokio::test]
async fn whatever_an_address_says_gets_a_page() {
    for database in databases().await {
        let school = School::new(&database, Some(Vec::new()));
        for (path, status) in [
            ("/why?t=a&t=b&x=%ff", StatusCode::OK),
            ("/why?t", StatusCode::OK),
            ("/requests?t=%00", StatusCode::OK),
            ("/requests/%ff", StatusCode::NOT_FOUND),
            ("/reports/R-7KQ4M2HX", StatusCode::NOT_FOUND),
            ("/nowhere", StatusCode::NOT_FOUND),
        ] {
            let answer = school.get(UNKNOWN, path).await;
            assert_eq!(answer.status, status, "{path}");
            assert!(answer.body.starts_with("<!DOCTYPE"), "{path}: {}", answer.body);
        }
    }
}
