//! Guests with a sponsor and an end, and supply teachers with a lanyard: for their classes, on their days, taken back at once.

use axum::http::StatusCode;
use engine::PersonNo;
use store::trail::{self, Verified};
use testing::{MONDAY, TestDatabase, databases};

use crate::cards::{Tablet, between, words};
use crate::house::{House, MINUTE_MS};
use crate::school::Answer;
use crate::staff::Staff;

const DAY_MS: i64 = 86_400_000;

const SUPPLY: &str = "name=Sam+Supply&kind=supply&aim=Covers+Year+5&sponsor=Hanna+Example&supervisor=Tess+Example\
    &first=2026-11-23&last=2026-11-23&group-year-5=yes";

async fn school(test: &TestDatabase) -> House {
    House::new(test, &[(6, "head"), (1, "teacher")]).await
}

/// A lanyard as it was printed: the page that its code opens, and its number.
struct Lanyard {
    page: String,
    number: String,
    /// What is typed where there is no camera.
    code: String,
}

async fn lanyard(hanna: &Staff<'_>, form: &str) -> Lanyard {
    let given = hanna.post("/staff/guests/new", form).await;
    assert_eq!(given.status, StatusCode::SEE_OTHER, "{}", given.body);
    let page = hanna.get(given.location()).await;
    assert!(page.body.contains("is a guest until"), "{}", page.body);
    let id = given.location().strip_prefix("/staff/guests?given=").unwrap();
    read(&hanna.post(&format!("/staff/guests/{id}/lanyard"), "").await)
}

/// The lanyard of a document: a camera reads its square, and people its words.
fn read(answer: &Answer) -> Lanyard {
    let text = words(answer);
    let number = between(&text, "Nobody else should see it.", "•").replace(' ', "");
    assert!(number.len() == 6 && number.bytes().all(|sign| sign.is_ascii_digit()), "{number} in {text}");
    let code = between(&text, "portal.example/sign-in/lanyard and type", ".").replace(' ', "");
    Lanyard { page: scanned(answer), number, code }
}

/// What a camera reads on a lanyard: the page drawn as an image, read by zbar, which is Debian's.
fn scanned(answer: &Answer) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.pdf");
    std::fs::write(&file, &answer.bytes).unwrap();
    let page = folder.path().join("page");
    let drawn =
        std::process::Command::new("pdftoppm").args(["-png", "-r", "150"]).args([&file, &page]).status();
    assert!(drawn.unwrap().success());
    let drawing = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
    let drawing =
        drawing.into_iter().find(|path| path.extension().is_some_and(|kind| kind == "png")).unwrap();
    let read =
        std::process::Command::new("zbarimg").args(["--quiet", "--raw"]).arg(drawing).output().unwrap();
    let said = String::from_utf8(read.stdout).unwrap();
    said.trim()
        .strip_prefix("http://portal.example")
        .unwrap_or_else(|| panic!("a camera reads {said:?}"))
        .to_owned()
}

/// Somebody who teaches Year 5 for a day by a lanyard, on a browser of theirs, and whether they are signed in.
pub async fn at_work<'a>(house: &'a House, hanna: &Staff<'_>) -> (Tablet<'a>, bool) {
    let lanyard = lanyard(hanna, SUPPLY).await;
    let mut tablet = Tablet::new(house);
    let answer = tablet.post(&lanyard.page, &format!("number={}", lanyard.number)).await;
    (tablet, signed_in(&answer))
}

fn signed_in(answer: &Answer) -> bool {
    answer.status == StatusCode::SEE_OTHER && answer.location() == "/today"
}

#[tokio::test]
async fn whoever_leaves_hands_the_guests_that_they_answer_for_to_another() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "head"), (1, "teacher"), (2, "dsl")]).await;
        let (hanna, sam) = (house.sign_in(6).await, house.sign_in(2).await);
        let guest = "name=Con+Tractor&kind=contractor&aim=Mends+the+boiler&sponsor=Tess+Example&supervisor=Hanna+Example\
            &first=23%2F11%2F2026&last=18%2F12%2F2026";
        let given = hanna.post("/staff/guests/new", guest).await;
        assert_eq!(given.status, StatusCode::SEE_OTHER, "{}", given.body);
        // Tess has left.
        let left =
            crate::house::ROLL.replacen("[[person]]\nname = \"Tess Example\"\ngroups = [\"staff\"]\n", "", 1);
        let mut tx = test.db.begin().await.unwrap();
        let roll = people::RollFile::parse(&left).unwrap();
        people::import(&mut tx, &store::Actor::CommandLine(1000), &roll, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        let page = "/staff/roll/1/leaving";
        let shown = hanna.get(page).await;
        for words in ["Guests they answer for", "Con Tractor", "They answer for this guest"] {
            assert!(shown.body.contains(words), "{}: {words}: {}", test.engine, shown.body);
        }
        assert!(!shown.body.contains("They look after this guest"), "{}", shown.body);
        let form = shown.body.split("/leaving/guests/").nth(1).unwrap().split('"').next().unwrap();
        let hand = format!("{page}/guests/{form}");
        // Whoever gives no guests their days sees what there is, and hands nothing over.
        let read = sam.get(page).await;
        assert!(read.body.contains("The school office gives this guest another"), "{}", read.body);
        assert_eq!(sam.post(&hand, "then=hand&to=Sam+Example").await.status, StatusCode::NOT_FOUND);
        for (to, says) in [
            ("", "Enter the name or number of somebody on the roll"),
            ("Tess+Example", "Enter the name or number of somebody on the roll"),
            ("Ada+Example", "Enter a member of staff who answers for them"),
            ("Con+Tractor", "They leave too, on"),
        ] {
            let refused = hanna.post(&hand, &format!("then=hand&to={to}")).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: {to}", test.engine);
            assert!(refused.body.contains(says), "{to}: {}", refused.body);
        }
        let done = hanna.post(&hand, "then=hand&to=Sam+Example").await;
        assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, page), "{}", done.body);
        assert!(!hanna.get(page).await.body.contains("Con Tractor"), "{}", test.engine);
        assert!(hanna.get("/staff/guests").await.body.contains("Sam Example"), "{}", test.engine);
        let theirs = hanna.get("/staff/roll/2/leaving").await;
        assert!(
            theirs.body.contains("Con Tractor") && theirs.body.contains("They answer for this guest"),
            "{}",
            theirs.body
        );
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 20).await.unwrap();
        let handed = entries.iter().find(|one| one.verb == "guest.hand").unwrap();
        assert!(
            handed.detail.contains("\"from\":1") && handed.detail.contains("\"to\":2"),
            "{}",
            handed.detail
        );
    }
}

#[tokio::test]
async fn a_supply_teacher_acts_for_the_classes_of_the_lanyard_on_its_day_alone() {
    for test in databases().await {
        let house = school(&test).await;
        let hanna = house.sign_in(6).await;
        let lanyard = lanyard(&hanna, SUPPLY).await;
        let list = hanna.get("/staff/guests").await;
        for expected in ["Sam Supply", "Covers Year 5", "Hanna Example", "Tess Example", "Year 5"] {
            assert!(list.body.contains(expected), "{}: {expected}: {}", test.engine, list.body);
        }
        // The code alone opens nothing, and says nothing of whose it is.
        let mut tablet = Tablet::new(&house);
        let asked = tablet.get(&lanyard.page).await;
        assert!(asked.body.contains("Six digits") && !asked.body.contains("Sam"), "{}", asked.body);
        let wrong = tablet.post(&lanyard.page, "number=000000").await;
        assert!(wrong.body.contains("not right") || lanyard.number == "000000", "{}", wrong.body);
        let spaced = format!("number={}+{}", &lanyard.number[..3], &lanyard.number[3..]);
        assert!(signed_in(&tablet.post(&lanyard.page, &spaced).await), "{}", test.engine);
        assert!(tablet.get("/today").await.body.contains("For a lesson"));

        // Year 5 is theirs, Year 6 and a pupil of it are not; nor is anything else of the staff.
        let form = tablet.get("/staff/lessons/open").await;
        assert!(form.body.contains("Year 5") && !form.body.contains("Year 6"), "{}", form.body);
        for (whom, theirs) in [
            ("person%3A3", true),
            ("group%3Ayear-5", true),
            ("group%3Ayear-6", false),
            ("person%3A5", false),
            ("group%3Apupils", false),
            ("person%3A7", false),
        ] {
            let form = format!("site=video.example&whom={whom}&until=30&reason=A+film&step=open");
            let opened = tablet.post("/staff/lessons/open", &form).await;
            assert_eq!(
                opened.status == StatusCode::SEE_OTHER,
                theirs,
                "{}: {whom}: {}",
                test.engine,
                opened.body
            );
        }
        let paused = tablet.post("/staff/lessons/pause", "pupil=Cy+Example&until=30&reason=x").await;
        assert_ne!(paused.status, StatusCode::SEE_OTHER, "{}", paused.body);
        let paused = tablet.post("/staff/lessons/pause", "pupil=Ada+Example&until=30&reason=x").await;
        assert_eq!(paused.status, StatusCode::SEE_OTHER, "{}", paused.body);
        let listed = tablet.post("/staff/lessons/list", "whom=group%3Ayear-6&sites=&until=30&reason=x").await;
        assert_ne!(listed.status, StatusCode::SEE_OTHER);
        for page in ["/staff/cards", "/staff/roll", "/staff/activity", "/staff/guests", "/staff/requests"] {
            assert_eq!(tablet.get(page).await.status, StatusCode::NOT_FOUND, "{page}");
        }
        // With the day it is over, whatever is still open in a browser.
        house.school.clock.set(MONDAY.plus_millis(14 * 60 * MINUTE_MS + 59 * MINUTE_MS));
        assert!(signed_in(&tablet.post(&lanyard.page, &format!("number={}", lanyard.number)).await));
        assert_eq!(tablet.get("/staff/lessons").await.status, StatusCode::OK, "23:59");
        house.school.clock.set(MONDAY.plus_millis(15 * 60 * MINUTE_MS));
        assert_eq!(
            tablet.get("/staff/lessons").await.status,
            StatusCode::SEE_OTHER,
            "{}: midnight",
            test.engine
        );
        assert!(tablet.get(&lanyard.page).await.body.contains("does not hold now"));
        assert!(
            tablet
                .post(&lanyard.page, &format!("number={}", lanyard.number))
                .await
                .body
                .contains("does not hold")
        );
    }
}

#[tokio::test]
async fn where_there_is_no_camera_the_code_of_a_lanyard_is_typed() {
    for test in databases().await {
        let house = school(&test).await;
        let hanna = house.sign_in(6).await;
        let lanyard = lanyard(&hanna, SUPPLY).await;
        let mut computer = Tablet::new(&house);
        assert!(computer.get("/sign-in").await.body.contains("/sign-in/lanyard"));
        assert!(computer.get("/sign-in/lanyard").await.body.contains("Twelve letters"));
        for (typed, said) in [
            ("", "Enter the twelve letters"),
            ("BCDF-GHJK-LMNP", "No lanyard has that code"),
            ("x", "Enter the"),
        ] {
            let wrong = computer.post("/sign-in/lanyard", &format!("code={typed}")).await;
            assert!(wrong.body.contains(said), "{}: {typed}: {}", test.engine, wrong.body);
        }
        let typed = lanyard.code.to_lowercase().replace('-', "+");
        let known = computer.post("/sign-in/lanyard", &format!("code={typed}")).await;
        assert_eq!(known.location(), lanyard.page, "{}: as the camera leads", test.engine);
        assert!(signed_in(&computer.post(known.location(), &format!("number={}", lanyard.number)).await));

        // Nobody tries codes one after the other.
        let mut stranger = Tablet::new(&house);
        for _ in 0..6 {
            stranger.post("/sign-in/lanyard", "code=BCDF-GHJK-LMNP").await;
        }
        let waits = stranger.post("/sign-in/lanyard", "code=BCDF-GHJK-LMNP").await;
        assert!(waits.body.contains("tried too often"), "{}: {}", test.engine, waits.body);
    }
}

#[tokio::test]
async fn a_lanyard_is_taken_back_at_once_and_another_ends_the_one_before() {
    for test in databases().await {
        let house = school(&test).await;
        let hanna = house.sign_in(6).await;
        let first = lanyard(&hanna, SUPPLY).await;
        let number = format!("number={}", first.number);
        let mut tablet = Tablet::new(&house);
        assert!(signed_in(&tablet.post(&first.page, &number).await));
        let list = hanna.get("/staff/guests").await;
        let tree = scraper::Html::parse_document(&list.body);
        let actions: Vec<String> = web::check::all(&tree, "main form")
            .into_iter()
            .filter_map(|form| form.attr("action").map(str::to_owned))
            .filter(|action| action.starts_with("/staff/guests/"))
            .collect();
        let to = |what: &str| actions.iter().find(|action| action.ends_with(what)).unwrap().clone();
        // Whoever found it chose a password of their own meanwhile.
        let mut tx = test.db.read().await.unwrap();
        let people = people::people(&mut tx).await.unwrap();
        let sam = people.into_iter().find(|one| one.name.reveal() == "Sam Supply").unwrap().number;
        let account = people::account::of(&mut tx, sam).await.unwrap().unwrap();
        tx.roll_back().await.unwrap();
        let chosen = tablet.post("/me/password", &crate::staff::form("cobweb lantern ferry")).await;
        assert_eq!(chosen.location(), "/me", "{}", chosen.body);
        let sign_in = format!("name={}&password=cobweb+lantern+ferry&back=", account.name.reveal());
        let in_by_it = house.school.post(crate::house::HERE, "/sign-in", &sign_in).await;
        assert_eq!(in_by_it.status, StatusCode::SEE_OTHER, "{}", in_by_it.body);
        // Somebody took a photograph of it: another.
        let second = read(&hanna.post(&to("lanyard"), "").await);
        assert!(
            second.page != first.page && tablet.get("/staff/lessons").await.status == StatusCode::SEE_OTHER
        );
        assert!(tablet.post(&first.page, &number).await.body.contains("does not hold"), "{}", test.engine);
        let refused = house.school.post(crate::house::HERE, "/sign-in", &sign_in).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: {}", test.engine, refused.body);
        assert!(signed_in(&tablet.post(&second.page, &format!("number={}", second.number)).await));
        // And taken back: out in that moment, off the roll, the duty over.
        let ended = hanna.post(&to("end"), "").await;
        assert_eq!(ended.location(), "/staff/guests", "{}", ended.body);
        assert_eq!(tablet.get("/staff/lessons").await.status, StatusCode::SEE_OTHER, "{}", test.engine);
        assert!(tablet.get(&second.page).await.body.contains("does not hold"));
        assert!(hanna.get("/staff/guests").await.body.contains("Over"));
        let mut tx = test.db.read().await.unwrap();
        assert!(people::people(&mut tx).await.unwrap().iter().all(|one| one.name.reveal() != "Sam Supply"));
        let again = hanna.post(&to("end"), "").await;
        assert!(again.body.contains("no guest any more"), "{}", again.body);
        for entry in trail::newest(&mut tx, None, 100).await.unwrap() {
            assert!(
                !entry.detail.contains("Supply") && !entry.detail.contains(&second.number),
                "{}",
                entry.detail
            );
        }
        assert!(matches!(trail::verify(&test.db).await.unwrap(), Verified::Whole { .. }));
    }
}

#[tokio::test]
async fn the_number_of_a_lanyard_is_guessed_at_a_few_times_wherever_whoever_guesses_is() {
    for test in databases().await {
        let house = school(&test).await;
        let hanna = house.sign_in(6).await;
        let lanyard = lanyard(&hanna, SUPPLY).await;
        let wrong = if lanyard.number == "123456" { "number=654321" } else { "number=123456" };
        for _ in 0..5 {
            assert!(
                Tablet::new(&house).post(&lanyard.page, wrong).await.body.contains("not right"),
                "{}",
                test.engine
            );
        }
        let right = format!("number={}", lanyard.number);
        let said = Tablet::new(&house).post(&lanyard.page, &right).await;
        assert!(said.body.contains("tried too often"), "{}", said.body);
        house.school.clock.set(MONDAY.plus_millis(MINUTE_MS));
        assert!(signed_in(&Tablet::new(&house).post(&lanyard.page, &right).await));
    }
}

#[tokio::test]
async fn a_guest_has_somebody_who_answers_for_them_an_aim_and_an_end_that_comes_by_itself() {
    for test in databases().await {
        let house = school(&test).await;
        let hanna = house.sign_in(6).await;
        let guest = "name=Gail+Guest&kind=visitor&aim=Talks+about+rivers&sponsor=Hanna+Example&supervisor=Tess+Example\
            &first=2026-11-24&last=2026-11-25";
        for (form, field) in [
            (guest.replace("Gail+Guest", ""), "name"),
            (guest.replace("kind=visitor&", ""), "kind"),
            (guest.replace("kind=visitor", "kind=pupil"), "kind"),
            (guest.replace("Talks+about+rivers", ""), "aim"),
            (guest.replace("sponsor=Hanna+Example", "sponsor=Nobody"), "sponsor"),
            // A pupil answers for nobody.
            (guest.replace("sponsor=Hanna+Example", "sponsor=Ada+Example"), "sponsor"),
            (guest.replace("supervisor=Tess+Example", "supervisor=Bo+Example"), "supervisor"),
            (guest.replace("first=2026-11-24", "first=soon"), "first"),
            (guest.replace("last=2026-11-25", "last=2026-11-22"), "last"),
            (guest.replace("last=2026-11-25", "last=2028-11-22"), "last"),
            (format!("{guest}&group-year-5=yes"), "classes"),
            (SUPPLY.replace("last=2026-11-23", "last=2026-12-01"), "last"),
        ] {
            let refused = hanna.post("/staff/guests/new", &form).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
            let tree = scraper::Html::parse_document(&refused.body);
            let links = web::check::all(&tree, ".govuk-error-summary a");
            let links: Vec<&str> = links.iter().filter_map(|link| link.attr("href")).collect();
            assert_eq!(links, [format!("#{field}")], "{}: {form}", test.engine);
        }
        let given = hanna.post("/staff/guests/new", guest).await;
        assert!(given.location().starts_with("/staff/guests?given="), "{}", given.body);
        // Sent twice, it is said that they are there.
        let twice = hanna.post("/staff/guests/new", guest).await;
        assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", test.engine);
        assert!(twice.body.contains("is a guest on those days already"), "{}", twice.body);
        let number = {
            let mut tx = test.db.read().await.unwrap();
            let people = people::people(&mut tx).await.unwrap();
            people.iter().find(|one| one.name.reveal() == "Gail Guest").unwrap().number
        };
        assert!(number > PersonNo(6));
        // A roll file that does not know the guest takes nobody off for it.
        let mut tx = test.db.begin().await.unwrap();
        let roll = people::RollFile::parse(crate::house::ROLL).unwrap();
        let changes = people::import(&mut tx, &store::Actor::CommandLine(1000), &roll, MONDAY).await.unwrap();
        assert_eq!(changes.people.removed, 0, "{}", test.engine);
        // Their last day is over: off the roll by itself.
        let job = store::Actor::Job("last-days");
        let at = MONDAY.plus_millis(2 * DAY_MS + 14 * 60 * MINUTE_MS);
        assert_eq!(people::intake::end_days(&mut tx, &job, at).await.unwrap(), 0, "the last evening");
        let at = MONDAY.plus_millis(2 * DAY_MS + 15 * 60 * MINUTE_MS);
        assert_eq!(people::intake::end_days(&mut tx, &job, at).await.unwrap(), 1, "{}", test.engine);
        tx.commit().await.unwrap();
        // A teacher gives nobody days.
        let tess = house.sign_in(1).await;
        assert_eq!(tess.get("/staff/guests").await.status, StatusCode::NOT_FOUND);
        assert_eq!(tess.post("/staff/guests/new", guest).await.status, StatusCode::NOT_FOUND);
    }
}
