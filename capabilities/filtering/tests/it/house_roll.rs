//! One person by hand, duties, reviews of who may do what, and what whoever leaves hands over, at the portal.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, StatusCode};
use kit::Clock;
use people::RollFile;
use store::{Actor, trail};
use testing::{MONDAY, TestDatabase, databases};

use crate::roll::{TABLE, imported};
use crate::school::School;
use crate::staff::{HERE, MINUTE_MS, Staff, invited, welcomed};

async fn applied(staff: &Staff<'_>, text: &str) {
    let page = imported(staff, text).await;
    apply(staff, &page).await;
}

async fn apply(staff: &Staff<'_>, page: &str) {
    let done = staff.post(&format!("{page}/application"), "").await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, page), "{}", done.body);
}

async fn devices(test: &TestDatabase, text: &str) {
    let mut tx = test.db.begin().await.unwrap();
    let elsewhere = people::kept_elsewhere(&mut tx).await.unwrap();
    // The three who sign in are of the roll file too.
    let own = ["Hanna", "Lena", "Theo"]
        .map(|name| format!("[[person]]\nname = \"{name} Example\"\ngroups = [\"pupils\"]\n"));
    let file = RollFile::parse_beside(&format!("{}{text}", own.concat()), &elsewhere).unwrap();
    people::import(&mut tx, &Actor::CommandLine(1), &file, MONDAY).await.unwrap();
    tx.commit().await.unwrap();
}

fn forms(body: &str, which: &str) -> Vec<String> {
    let tree = scraper::Html::parse_document(body);
    let forms = web::check::all(&tree, &format!("form[action*='{which}']"));
    forms.iter().map(|form| form.attr("action").unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_mistake_stands_in_the_form_that_was_sent_and_an_empty_one_ends_nothing() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "deputy-dsl"), (2, "online-safety-lead")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        let page = head.get("/staff/roll/2/leaving").await;
        let both = forms(&page.body, "/leaving/duties/");
        assert_eq!(both.len(), 2);
        // The second form is sent with words that mean nobody: they stand in it, and the mistake beside them.
        let wrong = head.post(&both[1], "then=hand&to=Nobody+Atall").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let tree = scraper::Html::parse_document(&wrong.body);
        let in_form = |action: &str, selector: &str| {
            web::check::all(&tree, &format!("form[action='{action}'] {selector}")).len()
        };
        assert_eq!(in_form(&both[1], "input[value='Nobody Atall']"), 1, "{}: {}", test.engine, wrong.body);
        assert_eq!(
            (in_form(&both[0], ".govuk-error-message"), in_form(&both[1], ".govuk-error-message")),
            (0, 1)
        );
        assert_eq!(wrong.value("#to").as_deref(), Some("Nobody Atall"), "the summary leads there");
        // Nothing chosen is no choice: the duty goes on.
        for empty in ["", "to=", "then=hand&to="] {
            let said = head.post(&both[0], empty).await;
            assert_eq!(said.status, StatusCode::UNPROCESSABLE_ENTITY, "{empty}");
        }
        assert_eq!(head.get("/staff/roll/2/leaving").await.words("h3").len(), 2, "{}", test.engine);
        let ended = head.post(&both[0], "then=end").await;
        assert_eq!(ended.location(), "/staff/roll/2/leaving", "{}", ended.body);
        assert_eq!(head.get("/staff/roll/2/leaving").await.words("h3").len(), 1);
    }
}

#[tokio::test]
async fn a_device_is_handed_on_by_whoever_leaves_alone_and_to_a_leaver_only_knowingly() {
    for test in databases().await {
        let tokens =
            invited(&test, &[(1, "head"), (2, "school-office"), (3, "data-protection-officer")]).await;
        let school = School::new(&test, None);
        let (head, office) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        let other = welcomed(&school, &tokens[2]).await;
        let leaving = TABLE
            .replace("children\n", "children,last day\n")
            .replace(",4,\n", ",4,,\n")
            .replace(",5,\n", ",5,,\n");
        let leaving = leaving.replace(",9,\n", ",9,,2026-12-18\n").replace(",,,,1\n", ",,,,1,\n");
        applied(&head, &leaving).await;
        devices(
            &test,
            "[[device]]\nname = \"laptop-1\"\naddress = \"10.3.0.1\"\nperson = \"5\"\n\
                        [[device]]\nname = \"laptop-2\"\naddress = \"10.3.0.2\"\nperson = \"Lena Example\"\n",
        )
        .await;
        // Cy is person 6 and leaves; Lena is 2 and stays. Who reads the roll and has nothing to do with devices sees none.
        assert!(!other.get("/staff/roll/6/leaving").await.body.contains("laptop-1"), "{}", test.engine);
        assert!(!office.get("/staff/roll/2/leaving").await.body.contains("laptop-2"));
        let page = office.get("/staff/roll/6/leaving").await;
        assert!(page.body.contains("laptop-1") && page.body.contains("until 2026-12-18"), "{}", page.body);
        let form = forms(&page.body, "/leaving/devices/").remove(0);
        let stays = form.replace("/roll/6/", "/roll/2/").replace("/devices/1", "/devices/2");
        let refused = office.post(&stays, "then=hand&to=3").await;
        assert!(refused.body.contains("They do not leave"), "{}: {}", test.engine, refused.body);

        // Bo is to have it, and leaves too.
        let bo = leaving.replace("2,Bo,Bell,pupil,8,8A,5,,\n", "2,Bo,Bell,pupil,8,8A,5,,2026-12-01\n");
        applied(&head, &bo).await;
        let asked = office.post(&form, "then=hand&to=bo+bell").await;
        assert!(asked.body.contains("They leave too, on 2026-12-01"), "{}", asked.body);
        let knowing = asked.value("input[name=knowing]").unwrap();
        let another = office.post(&form, &format!("then=hand&to=3&knowing={knowing}")).await;
        assert_eq!(another.location(), "/staff/roll/6/leaving", "whoever stays is asked of nobody");
        let mut tx = test.db.read().await.unwrap();
        let owner =
            people::devices(&mut tx).await.unwrap().into_iter().find(|one| one.name.reveal() == "laptop-1");
        assert_eq!(owner.unwrap().person.map(|one| one.0), Some(3), "{}", test.engine);
    }
}

#[tokio::test]
async fn a_court_s_order_is_shown_while_no_system_exports_the_parent() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "dsl"), (2, "network-manager")]).await;
        let school = School::new(&test, None);
        let (lead, manager) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        applied(&manager, TABLE).await;
        lead.post("/staff/roll/4/adults/7", "responsibility=no&restricted=yes").await;
        applied(&manager, &TABLE.replace("7,Di,Bell,parent,,,,1\n", "")).await;
        let seen = lead.get("/staff/roll/4").await;
        assert!(
            seen.body.contains("A court restricts this contact") && seen.body.contains("(not on the roll)"),
            "{}: {}",
            test.engine,
            seen.body
        );
        // It can still be marked, and taken back.
        let done = lead.post("/staff/roll/4/adults/7", "responsibility=no&restricted=no").await;
        assert_eq!(done.location(), "/staff/roll/4", "{}", done.body);
        assert!(!lead.get("/staff/roll/4").await.body.contains("Di Bell"), "{}", test.engine);
    }
}

/// A body whose last piece comes so much later.
struct Slow {
    pieces: Vec<Bytes>,
    clock: Clock,
}

impl HttpBody for Slow {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        let piece = self.pieces.pop();
        if self.pieces.is_empty() {
            self.clock.set(MONDAY.plus_millis(5 * MINUTE_MS));
        }
        Poll::Ready(piece.map(|piece| Ok(http_body::Frame::data(piece))))
    }
}

#[tokio::test]
async fn a_change_bears_the_moment_at_which_it_was_permitted_however_slow_its_file() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        let first = "--b\r\nContent-Disposition: form-data; name=\"source\"\r\n\r\nmis\r\n--b\r\nContent-Disposition: form-data; \
                     name=\"roll\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n";
        let pieces = vec![Bytes::from(format!("{TABLE}\r\n--b--\r\n")), Bytes::from(first)];
        let request = Request::post("/staff/roll/import")
            .header("cookie", head.cookie.now())
            .header("content-type", "multipart/form-data; boundary=b")
            .header("sec-fetch-site", "same-origin")
            .body(Body::new(Slow { pieces, clock: school.clock.clone() }))
            .unwrap();
        let answer = school.ask(HERE, request).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let mut tx = test.db.read().await.unwrap();
        let newest = trail::newest(&mut tx, None, 1).await.unwrap();
        let made = (newest[0].verb.as_str(), newest[0].at);
        assert_eq!(made, ("roll.prepare", MONDAY.plus_millis(5 * MINUTE_MS)), "{}", test.engine);
    }
}

#[tokio::test]
async fn one_person_is_added_corrected_moved_and_brought_back_by_hand() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "teacher")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        applied(&head, TABLE).await;
        // Somebody new, looked at first, applied, undone.
        let wrong = head.post("/staff/roll/new", "given=&family=&kind=pupil&born=soon").await;
        assert!(wrong.body.contains("Enter a day, as in 18/12/2026"), "{}", wrong.body);
        let nameless = head.post("/staff/roll/new", "given=&family=&kind=pupil").await;
        assert!(nameless.body.contains("Enter their name"), "{}", nameless.body);
        let form = head.get("/staff/roll/new").await;
        let tree = scraper::Html::parse_document(&form.body);
        let classes = web::check::all(&tree, "select[name=joins] option");
        let class = |name: &str| {
            let found = classes.iter().find(|one| web::check::words(**one) == name).unwrap();
            found.attr("value").unwrap().to_owned()
        };
        let (seven, eight) = (class("7B"), class("8A"));
        let new = head
            .post(
                "/staff/roll/new",
                &format!("given=Eve&family=Newly&kind=pupil&year=7&joins={seven}&born=2%2F3%2F2015"),
            )
            .await;
        let page = new.location().to_owned();
        let preview = head.get(&page).await;
        assert!(
            preview.body.contains("Eve Newly") && preview.body.contains("One person, by hand"),
            "{}",
            preview.body
        );
        assert!(
            !head.post("/staff/roll", "words=newly").await.body.contains("/staff/roll/8"),
            "nothing has changed"
        );
        apply(&head, &page).await;
        let eve = head.get("/staff/roll/8").await;
        assert!(eve.body.contains("7B") && eve.body.contains("Year 7"), "{}: {}", test.engine, eve.body);
        assert!(eve.body.contains("no import changes them"), "{}", eve.body);
        // An import of the system changes nothing of her, though it rewrites her class.
        applied(&head, &TABLE.replace("2,Bo,Bell,pupil,8,8A", "2,Bo,Bell,pupil,8,7B")).await;
        assert!(head.get("/staff/roll/8").await.body.contains("7B"), "{}: she is in it still", test.engine);
        let found = head.post("/staff/roll", &format!("words=&kind=pupil&class={seven}")).await;
        assert!(
            found.body.contains("Eve Newly")
                && found.body.contains("Bo Bell")
                && !found.body.contains("Cy Dale")
        );

        applied(&head, TABLE).await;
        // Ada is corrected: the year is kept, whatever imports say, and the class she moves to.
        let asked = head.post("/staff/roll/4/change", "given=Ada&family=Bell&kind=pupil&year=8").await;
        assert!(asked.body.contains("Select what holds when"), "{}", asked.body);
        let corrected = head
            .post(
                "/staff/roll/4/change",
                &format!("given=Ada&family=Bell&kind=pupil&year=8&leaves={seven}&joins={eight}&keep=keep"),
            )
            .await;
        let page = corrected.location().to_owned();
        assert!(head.get(&page).await.body.contains("Kept by hand from now on"), "{}", test.engine);
        apply(&head, &page).await;
        let again = imported(&head, TABLE).await;
        let preview = head.get(&again).await;
        assert!(!preview.body.contains("Ada Bell"), "{}: {}", test.engine, preview.body);
        apply(&head, &again).await;
        let ada = head.get("/staff/roll/4").await;
        assert!(
            ada.body.contains("Year 8") && ada.body.contains("8A") && !ada.body.contains("7B"),
            "{}",
            ada.body
        );
        // Let go, the next import writes it again.
        let released = head.post("/staff/roll/4/kept", "field=year").await;
        apply(&head, released.location()).await;
        let again = imported(&head, TABLE).await;
        assert!(head.get(&again).await.body.contains("Year 8 becomes Year 7"), "{}", test.engine);

        // A last day that is over takes them off the roll at once; undone, they are back.
        let gone = head
            .post(
                "/staff/roll/5/change",
                "given=Bo&family=Bell&kind=pupil&year=8&last=1%2F11%2F2026&keep=keep",
            )
            .await;
        let page = gone.location().to_owned();
        assert!(head.get(&page).await.words("h2").contains(&"Who leaves".to_owned()));
        apply(&head, &page).await;
        assert!(head.get("/staff/roll/5").await.body.contains("They have left"), "{}", test.engine);
        applied(&head, TABLE).await;
        assert!(
            head.get("/staff/roll/5").await.body.contains("They have left"),
            "kept, though the file names them"
        );
        let back = head.post("/staff/roll/5/return", "keep=yes").await;
        apply(&head, back.location()).await;
        applied(&head, &TABLE.replace("2,Bo,Bell,pupil,8,8A,5,\n", "")).await;
        let bo = head.get("/staff/roll/5").await;
        assert!(
            !bo.body.contains("They have left"),
            "{}: kept, though the file is silent: {}",
            test.engine,
            bo.body
        );

        let teacher = welcomed(&school, &tokens[1]).await;
        for path in
            ["/staff/roll/new", "/staff/roll/4/change", "/staff/duties", "/staff/access", "/staff/roll/scim"]
        {
            assert_eq!(teacher.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
}

#[tokio::test]
async fn duties_are_given_covered_and_ended_and_never_to_oneself_or_to_a_child() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "governor")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        applied(&head, TABLE).await;
        let all = head.get("/staff/duties").await;
        assert!(
            all.body.contains("nobody holds it") && all.body.contains("Designated safeguarding lead"),
            "{}",
            all.body
        );
        let give = "/staff/duties/dsl/holders";
        for (to, says) in [
            ("1", "Nobody gives themselves a duty"),
            ("ada+bell", "The roll says that they are: Pupil"),
            ("di+bell", "The roll says that they are: Parent"),
            ("nobody+atall", "Enter the name or number of somebody on the roll"),
        ] {
            let refused = head.post(give, &format!("to={to}&reason=appointed")).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{to}");
            assert!(refused.body.contains(says), "{}: {to}: {}", test.engine, refused.body);
        }
        let why = head.post(give, "to=cy+dale&until=1%2F1%2F2026").await;
        assert!(why.body.contains("Enter why"), "{}", why.body);
        let past = head.post(give, "to=cy+dale&until=1%2F1%2F2026&reason=appointed").await;
        assert!(past.body.contains("It must end after it starts"), "{}", past.body);
        let given = head.post(give, "to=cy+dale&reason=appointed").await;
        assert_eq!(given.location(), "/staff/duties/dsl", "{}", given.body);
        let twice = head.post(give, "to=cy+dale&reason=appointed").await;
        assert!(twice.body.contains("They hold that duty in that time already"), "{}", twice.body);

        // Theo stands in until Friday, and no longer.
        let page = head.get("/staff/duties/dsl").await;
        let tree = scraper::Html::parse_document(&page.body);
        let holder = web::check::all(&tree, "a[href*='/holders/']")[0].attr("href").unwrap().to_owned();
        let endless = head.post(&format!("{holder}/cover"), "to=theo+example&reason=away").await;
        assert!(endless.body.contains("Cover needs an end"), "{}", endless.body);
        let own = head.post(&format!("{holder}/cover"), "to=cy+dale&until=27%2F11%2F2026&reason=away").await;
        assert!(own.body.contains("Nobody stands in for themselves"), "{}", own.body);
        let covered =
            head.post(&format!("{holder}/cover"), "to=theo+example&until=27%2F11%2F2026&reason=away").await;
        assert_eq!(covered.location(), "/staff/duties/dsl", "{}", covered.body);
        assert!(head.get("/staff/duties/dsl").await.body.contains("standing in for another"));
        school.clock.set(MONDAY.plus_millis(5 * 86_400_000));
        let head = {
            let again = school
                .post(HERE, "/sign-in", &format!("name=hanna&{}", crate::staff::form(crate::staff::PASSWORD)))
                .await;
            Staff { school: &school, cookie: crate::staff::cookie(&again).into() }
        };
        crate::staff::give(&test, 1, "teacher").await;
        let mut tx = test.db.read().await.unwrap();
        let permit = crate::staff::permit::<people::duty::ReadDuties>(());
        let held = people::duty::all(&mut tx, &permit).await.unwrap();
        let at = MONDAY.plus_millis(5 * 86_400_000);
        let dsl: Vec<u32> = held
            .iter()
            .filter(|one| one.given.duty == "dsl" && one.holds(at))
            .map(|one| one.given.person.0)
            .collect();
        assert_eq!(dsl, [6], "{}: the cover has ended by itself", test.engine);
        drop(tx);
        // A session of one proof gives nothing.
        assert_eq!(head.post(&format!("{holder}/end"), "end=yes").await.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn nobody_looks_at_pupils_one_by_one_who_hold_no_duty() {
    for test in databases().await {
        // The roll says of nobody what they are: Ada is in Year 5, which is enough.
        let house = crate::house::House::new(&test, &[(6, "head"), (1, "teacher")]).await;
        house.sign_in(3).await;
        house.sign_in(1).await;
        let head = house.sign_in(6).await;
        let begun = head.post("/staff/access", "").await;
        let page = head.get(begun.location()).await;
        assert!(page.body.contains("hold no duty: 1."), "{}: {}", test.engine, page.body);
        assert!(!page.body.contains("Ada Example") && page.body.contains("Tess Example"), "{}", page.body);
        assert_eq!(head.get("/staff/access/1/people/3").await.location(), "/staff/access/1");
    }
}

#[tokio::test]
async fn a_child_of_whom_the_roll_says_the_year_alone_is_given_no_duty_of_an_adult() {
    for test in databases().await {
        // A roll file says of nobody what they are: Ada is in Year 5 by her groups.
        let house = crate::house::House::new(&test, &[(6, "head")]).await;
        let head = house.sign_in(6).await;
        for (duty, whom) in [("deputy-dsl", "3"), ("teacher", "ada+example"), ("governor", "5")] {
            let refused =
                head.post(&format!("/staff/duties/{duty}/holders"), &format!("to={whom}&reason=x")).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: {duty}", test.engine);
            assert!(refused.body.contains("The roll says that they are: Pupil"), "{duty}: {}", refused.body);
        }
        for (duty, whom) in [("digital-leader", "3"), ("deputy-dsl", "2")] {
            let given =
                head.post(&format!("/staff/duties/{duty}/holders"), &format!("to={whom}&reason=x")).await;
            assert_eq!(given.status, StatusCode::SEE_OTHER, "{}: {duty}: {}", test.engine, given.body);
        }
    }
}

#[tokio::test]
async fn a_review_goes_from_one_to_the_next_is_resumed_and_kept() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "online-safety-lead"), (3, "network-manager")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        let lead = welcomed(&school, &tokens[1]).await;
        let manager = welcomed(&school, &tokens[2]).await;
        assert!(lead.get("/today").await.body.contains("the next is due by 2 April 2027"), "{}", test.engine);
        let begun = lead.post("/staff/access", "").await;
        assert_eq!(begun.location(), "/staff/access/1", "{}", begun.body);
        assert_eq!(lead.post("/staff/access", "").await.location(), "/staff/access", "one goes on already");
        assert!(head.get("/today").await.body.contains("3 people still to be looked at"), "{}", test.engine);
        let screen = lead.get("/staff/access/1/people/1").await;
        assert!(
            screen.body.contains("Give a duty to somebody") && screen.body.contains("Last at"),
            "{}",
            screen.body
        );
        let nothing = lead.post("/staff/access/1/people/1", "").await;
        assert!(nothing.body.contains("Select what becomes of it"), "{}", nothing.body);
        let why = lead.post("/staff/access/1/people/3", "verdict=change").await;
        assert!(why.body.contains("Enter why"), "{}", why.body);
        // Whoever does not give duties ends none by this way either.
        assert!(!screen.body.contains("End all of it"));
        let end = lead.post("/staff/access/1/people/3", "verdict=end&reason=Left+the+team").await;
        assert!(
            end.body.contains("Only whoever gives duties ends them here"),
            "{}: {}",
            test.engine,
            end.body
        );
        let next = lead.post("/staff/access/1/people/1", "verdict=keep").await;
        assert_eq!(next.location(), "/staff/access/1/people/3", "nobody is led to themselves");
        // Nobody reviews themselves, whoever sends the form.
        assert_eq!(lead.post("/staff/access/1/people/2", "verdict=keep").await.location(), "/staff/access/1");
        assert!(lead.get("/staff/access/1").await.body.contains("another must look at"), "{}", test.engine);
        let early = lead.post("/staff/access/1/end", "").await;
        assert!(early.body.contains("People who are still to be looked at: 2"), "{}", early.body);
        // Another goes on where the first stopped.
        assert!(head.get("/staff/access/1").await.body.contains("1 of 3 were looked at"));
        let next = head.post("/staff/access/1/people/3", "verdict=end&reason=Left+the+team").await;
        assert_eq!(next.location(), "/staff/access/1/people/2", "{}", next.body);
        assert_eq!(
            manager.get("/staff/devices").await.status,
            StatusCode::SEE_OTHER,
            "{}: signed out in that moment",
            test.engine
        );
        head.post("/staff/access/1/people/2", "verdict=change&reason=Rooms+no+more").await;
        assert_eq!(head.post("/staff/access/1/end", "").await.location(), "/staff/access/1");
        let kept = head.get("/staff/access/1").await;
        for words in ["Left the team", "Rooms no more", "To be changed", "Network manager"] {
            assert!(kept.body.contains(words), "{}: {words}: {}", test.engine, kept.body);
        }
        assert_eq!(head.post("/staff/access/1/people/2", "verdict=keep").await.location(), "/staff/access/1");
        assert!(head.get("/today").await.body.contains("the next is due by 2 April 2027"));
        school.clock.set(MONDAY.plus_millis(131 * 86_400_000));
        let mut tx = test.db.read().await.unwrap();
        let permit = people::duty::Duties::built_in()
            .authority()
            .grant::<people::access::ReadAccess>(&standing(&test).await, (), MONDAY)
            .unwrap();
        let due =
            people::access::stands(&mut tx, &permit, MONDAY.plus_millis(131 * 86_400_000)).await.unwrap();
        assert_eq!(
            due,
            people::access::Due::Overdue(MONDAY.plus_millis(130 * 86_400_000)),
            "{}",
            test.engine
        );
    }
}

async fn standing(test: &TestDatabase) -> kit::Standing {
    let mut tx = test.db.read().await.unwrap();
    let proof = people::duty::Proof { at: MONDAY, several: true };
    people::duty::of_person(&mut tx, engine::PersonNo(1), proof, MONDAY).await.unwrap().standing
}
