//! Cards, names and passwords for classes: issued and printed at once, handed out, tried, lost, and used to sign in.

use std::collections::BTreeMap;
use std::process::Command;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use engine::PersonNo;
use kit::permit::Action;
use kit::{Permit, Zone};
use people::account::card::bounds::{Tried, Try};
use people::duty::{self, Duties, Giving, SchoolKind, Span};
use people::intake::{self, ApplyImport, Given, ImportRoll};
use people::roster::{Files, Options, Roster};
use store::trail::{self, Verified};
use testing::{MONDAY, TestDatabase, databases};

use crate::house::{HERE, House};
use crate::school::Answer;
use crate::staff::{Staff, form};

const ROLL: &str = "id,first name,last name,kind,year,class\n\
    101,Una,Otter,pupil,0,Otters\n102,Vic,Otter,pupil,0,Otters\n103,Una,Weasel,pupil,0,Otters\n\
    201,Wyn,Badger,pupil,1,Badgers\n401,Xan,Heron,pupil,4,Herons\n801,Yan,Kestrel,pupil,8,8K\n\
    900,Tamsin,Teacher,teacher,,Otters\n901,Tobias,Teacher,teacher,,Badgers\n";

pub fn permit<A: Action>(subject: A::Subject) -> Permit<A> {
    Duties::built_in().authority().grant(&duty::at_the_command_line(1000), subject, MONDAY).unwrap()
}

/// A school with classes of each age, and whoever issues names.
pub struct Cards {
    pub house: House,
    pub numbers: BTreeMap<String, u8>,
}

impl Cards {
    pub async fn new(test: &TestDatabase) -> Self {
        let house = House::new(test, &[(6, "head"), (1, "teacher")]).await;
        let mut tx = test.db.begin().await.unwrap();
        let files = Files::of("school.csv", ROLL.as_bytes().to_vec()).unwrap();
        let roster = Roster::read(&files, &Options::default()).unwrap();
        let zone = Zone::named("Europe/London").unwrap();
        let given = Given { source: Some("mis"), groups: None, zone: &zone };
        let import =
            intake::prepare(&mut tx, &permit::<ImportRoll>(()), &roster, &given, MONDAY).await.unwrap();
        intake::apply(&mut tx, &permit::<ApplyImport>(import.number), None, None, &zone, MONDAY)
            .await
            .unwrap();
        let people = people::people(&mut tx).await.unwrap();
        let numbers: BTreeMap<String, u8> = people
            .into_iter()
            .map(|one| (one.name.into_revealed(), u8::try_from(one.number.0).unwrap()))
            .collect();
        for teacher in ["Tamsin Teacher", "Tobias Teacher"] {
            let giving = Giving {
                person: PersonNo(numbers[teacher].into()),
                duty: "teacher".to_owned(),
                span: Span { starts_at: MONDAY, ends_at: None },
                covers: None,
                reason: String::new(),
            };
            let permit = permit::<duty::GiveDuty>(giving.person);
            duty::give(&mut tx, &permit, giving, SchoolKind::Maintained, MONDAY).await.unwrap();
        }
        tx.commit().await.unwrap();
        Self { house, numbers }
    }

    /// The page of a class.
    async fn class(&self, who: &Staff<'_>, name: &str) -> String {
        let all = who.get("/staff/cards").await;
        let tree = scraper::Html::parse_document(&all.body);
        let links = web::check::all(&tree, "main a");
        let link = links.into_iter().find(|link| web::check::words(*link) == name);
        link.unwrap_or_else(|| panic!("no class {name} in {}", all.body)).attr("href").unwrap().to_owned()
    }

    fn page_of(&self, class: &str, name: &str) -> String {
        format!("{class}/{}", self.numbers[name])
    }
}

/// The words of a printed document, in the order in which they were set.
pub fn words(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.headers["content-type"], "application/pdf");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cards.pdf");
    std::fs::write(&file, &answer.bytes).unwrap();
    let run = Command::new("pdftotext").args(["-raw", "-enc", "UTF-8"]).arg(&file).arg("-").output().unwrap();
    String::from_utf8(run.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands between two pieces of a text.
pub fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {text}")).1;
    rest.split_once(after).unwrap_or_else(|| panic!("no {after:?} in {rest}")).0.trim()
}

/// The names of the pictures on a card, as printed: `1 cat 2 sun 3 boat`.
fn pictures(card: &str) -> Vec<String> {
    let printed = between(card, "in this order:", "This is yours");
    printed.split(' ').filter(|word| word.parse::<u8>().is_err()).map(str::to_owned).collect()
}

/// A tablet: a browser with cookies of its own.
pub struct Tablet<'a> {
    house: &'a House,
    cookies: BTreeMap<String, String>,
}

impl<'a> Tablet<'a> {
    pub fn new(house: &'a House) -> Self {
        Self { house, cookies: BTreeMap::new() }
    }

    async fn ask(&mut self, request: axum::http::request::Builder, body: &str) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request
            .header("cookie", cookies.join("; "))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        let answer = self.house.school.ask(HERE, request.body(Body::from(body.to_owned())).unwrap()).await;
        for line in answer.headers.get_all("set-cookie") {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.ask(Request::get(path), "").await
    }

    pub async fn post(&mut self, path: &str, body: &str) -> Answer {
        self.ask(Request::post(path), body).await
    }

    /// Shows the tablet a class card; the names that it shows then, with their pages.
    async fn shown(&mut self, code: &str) -> Vec<(String, String)> {
        let led = self.get(&format!("/sign-in/card/{}", code.replace('-', ""))).await;
        assert_eq!((led.status, led.location()), (StatusCode::SEE_OTHER, "/sign-in/card"), "{}", led.body);
        let page = self.get("/sign-in/card").await;
        let tree = scraper::Html::parse_document(&page.body);
        let tiles = web::check::all(&tree, "a.fivebar-tile").into_iter();
        tiles.map(|tile| (web::check::words(tile), tile.attr("href").unwrap().to_owned())).collect()
    }

    /// Presses pictures on the page of a child, one after another.
    async fn press(&mut self, page: &str, pictures: &[impl AsRef<str>]) -> Answer {
        let mut answer = self.get(page).await;
        for picture in pictures {
            let so_far = answer.value("input[name=so-far]").unwrap();
            let form = format!("so-far={}&pick={}", so_far.replace(' ', "+"), picture.as_ref());
            answer = self.post(page, &form).await;
        }
        answer
    }
}

fn is_in(answer: &Answer) -> bool {
    answer.status == StatusCode::SEE_OTHER && answer.location() == "/hello"
}

/// Pictures that are on no card.
const WRONG: [&str; 3] = ["bell", "bell", "bell"];

#[tokio::test]
async fn a_class_is_issued_and_printed_at_once_and_a_five_year_old_signs_in_by_the_card() {
    for test in databases().await {
        let cards = Cards::new(&test).await;
        let hanna = cards.house.sign_in(6).await;
        let class = cards.class(&hanna, "Otters").await;
        let before = hanna.get(&class).await;
        assert!(before.body.contains("3 pupils have nothing to sign in by"), "{}", before.body);
        let form = hanna.get(&format!("{class}/issue")).await;
        assert!(form.body.contains("una.o") && form.body.contains("una.w"), "{}", form.body);

        let printed = hanna.post(&format!("{class}/issue"), "whom=without").await;
        let text = words(&printed);
        for expected in
            ["Names and passwords for Otters", "Una Otter", "Vic Otter", "Una Weasel", "una.o", "Class card"]
        {
            assert!(text.contains(expected), "{}: {expected} in {text}", test.engine);
        }
        let after = hanna.get(&class).await;
        assert_eq!(after.body.matches("Printed, not handed out yet").count(), 3, "{}", after.body);
        assert!(!after.body.contains("nothing to sign in by"));
        hanna.post(&format!("{class}/handing-out"), "").await;
        assert_eq!(hanna.get(&class).await.body.matches("Handed out, 09:00").count(), 3);

        // On a tablet.
        let code = between(&text, "and enter", "The names of the class").to_owned();
        let vic = between(&text, "Vic Otter", "teacher.").to_owned() + " teacher.";
        let mut tablet = Tablet::new(&cards.house);
        let names = tablet.shown(&code).await;
        let called: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(called, ["Una O", "Una W", "Vic"], "{}", test.engine);
        let page = names[2].1.clone();
        let asked = tablet.get(&page).await;
        assert_eq!(asked.words("h1"), ["Vic, press picture 1 of 3"]);
        let wrong = tablet.press(&page, &WRONG).await;
        assert_eq!(wrong.words("[role=alert]"), ["Not quite. Look at your card and try again."]);
        let right = tablet.press(&page, &pictures(&format!("x {vic} This is yours"))).await;
        assert!(is_in(&right), "{}: {}", test.engine, right.body);
        let hello = tablet.get("/hello").await;
        assert_eq!(hello.words("h1"), ["Hello, Vic"]);

        // It opens a pupil's own pages, and nothing else.
        for (page, status) in [
            ("/me", StatusCode::OK),
            ("/today", StatusCode::OK),
            ("/me/codes", StatusCode::NOT_FOUND),
            ("/staff/cards", StatusCode::NOT_FOUND),
            ("/staff/roll", StatusCode::NOT_FOUND),
            ("/staff/lessons", StatusCode::NOT_FOUND),
        ] {
            assert_eq!(tablet.get(page).await.status, status, "{page}");
        }
        // The next child has the tablet: the one before is signed out, whether they did it or not.
        let session = tablet.cookies["fivebar"].clone();
        let una = tablet.press(&names[0].1, &pictures_of(&text, "Una Otter")).await;
        assert!(is_in(&una), "{}", una.body);
        tablet.cookies.insert("fivebar".into(), session);
        assert_eq!(tablet.get("/me").await.status, StatusCode::SEE_OTHER, "the session before has ended");

        // Nothing of what is on a card is in the records, and no name in the trail.
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 200).await.unwrap();
        for entry in &entries {
            assert!(
                !entry.detail.contains("Otter") && !entry.detail.contains(&code.replace('-', "")),
                "{}",
                entry.detail
            );
        }
        assert_eq!(entries.iter().filter(|entry| entry.verb == "card.issue").count(), 3);
        assert!(matches!(trail::verify(&test.db).await.unwrap(), Verified::Whole { .. }));
    }
}

/// The pictures of somebody among many cards.
fn pictures_of(text: &str, name: &str) -> Vec<String> {
    let card = text.split_once("in this order:").map_or(text, |_| text);
    let from = card.rfind(name).unwrap();
    pictures(&format!("{} This is yours", card[from..].split("This is yours").next().unwrap()))
}

#[tokio::test]
async fn nobody_sees_a_name_of_a_class_without_its_class_card() {
    for test in databases().await {
        let cards = Cards::new(&test).await;
        let hanna = cards.house.sign_in(6).await;
        let class = cards.class(&hanna, "Otters").await;
        let text = words(&hanna.post(&format!("{class}/issue"), "whom=without").await);
        let code = between(&text, "and enter", "The names of the class").to_owned();
        let mut tablet = Tablet::new(&cards.house);
        let first = tablet.get("/sign-in/card").await;
        assert!(first.body.contains("Code of the class") && !first.body.contains("Una"));
        let names = tablet.shown(&code.to_lowercase()).await;
        assert_eq!(names.len(), 3);

        let mut stranger = Tablet::new(&cards.house);
        // A card's own address leads nowhere without the class card; neither does a cookie that somebody made up.
        assert_eq!(stranger.get(&names[0].1).await.location(), "/sign-in/card");
        assert_eq!(stranger.post(&names[0].1, "so-far=cat+cat&pick=cat").await.location(), "/sign-in/card");
        stranger.cookies.insert("fivebar-class".into(), "AAAA".into());
        assert!(!stranger.get("/sign-in/card").await.body.contains("Una"));
        // Guessing at the code waits as guessing at a password does, each code for itself and all of a place together.
        let wrong = stranger.post("/sign-in/card", "code=BCDF-GHJK-LM").await;
        assert!(wrong.body.contains("No class has that code"), "{}", wrong.body);
        assert!(stranger.post("/sign-in/card", "code=aeiou").await.body.contains("Enter the ten letters"));

        // Another class card ends the one before on every device, the cards stay.
        let other = words(&hanna.post(&format!("{class}/class-card"), "").await);
        assert!(!tablet.get("/sign-in/card").await.body.contains("Una"), "{}", test.engine);
        let code = between(&other, "and enter", "The names of the class").to_owned();
        let names = tablet.shown(&code).await;
        assert!(is_in(&tablet.press(&names[2].1, &pictures_of(&text, "Vic Otter")).await));
    }
}

#[tokio::test]
async fn a_stranger_runs_out_of_tries_and_the_class_goes_on() {
    for test in databases().await {
        let cards = Cards::new(&test).await;
        let hanna = cards.house.sign_in(6).await;
        let class = cards.class(&hanna, "Otters").await;
        let text = words(&hanna.post(&format!("{class}/issue"), "whom=without").await);
        let code = between(&text, "and enter", "The names of the class").to_owned();
        let (vic, una) = (pictures_of(&text, "Vic Otter"), pictures_of(&text, "Una Otter"));

        // The class uses a tablet.
        let mut tablet = Tablet::new(&cards.house);
        let names = tablet.shown(&code).await;
        let (una_page, vic_page) = (names[0].1.clone(), names[2].1.clone());
        assert!(is_in(&tablet.press(&una_page, &una).await));

        // A stranger with the class card has ten tries at Vic, whatever browsers they take.
        for number in 0..10 {
            let mut strange = Tablet::new(&cards.house);
            strange.shown(&code).await;
            let said = strange.press(&vic_page, &WRONG).await;
            assert!(said.body.contains("Not quite"), "{}: try {number}: {}", test.engine, said.body);
        }
        let mut strange = Tablet::new(&cards.house);
        strange.shown(&code).await;
        let refused = strange.press(&vic_page, &vic).await;
        assert!(
            refused.body.contains("cannot be used on this device"),
            "{}: the right ones too",
            test.engine
        );
        // Vic goes on where the class is, and that gives the stranger no more tries.
        assert!(is_in(&tablet.press(&vic_page, &vic).await), "{}", test.engine);
        let mut strange = Tablet::new(&cards.house);
        strange.shown(&code).await;
        assert!(strange.press(&vic_page, &vic).await.body.contains("cannot be used on this device"));
        let page = hanna.get(&class).await;
        assert!(page.body.contains("Tried too often elsewhere"), "{}", page.body);
        hanna.post(&format!("{}/tries", cards.page_of(&class, "Vic Otter")), "").await;
        assert!(is_in(&strange.press(&vic_page, &vic).await), "{}: a teacher let it go on", test.engine);

        // On one device of the class, ten tries of one card are enough for a day, and only of that card.
        for _ in 0..10 {
            tablet.press(&vic_page, &WRONG).await;
        }
        assert!(tablet.press(&vic_page, &vic).await.body.contains("tried too often here"));
        assert!(is_in(&tablet.press(&una_page, &una).await));
        cards.house.school.clock.set(MONDAY.plus_millis(86_400_000));
        assert!(is_in(&tablet.press(&vic_page, &vic).await), "{}: the next day", test.engine);
    }
}

#[tokio::test]
async fn whoever_has_a_card_makes_no_new_devices_to_guess_at_another() {
    for test in databases().await {
        let cards = Cards::new(&test).await;
        let hanna = cards.house.sign_in(6).await;
        let class = cards.class(&hanna, "Otters").await;
        let text = words(&hanna.post(&format!("{class}/issue"), "whom=without").await);
        let code = between(&text, "and enter", "The names of the class").to_owned();
        let (vic, una) = (pictures_of(&text, "Vic Otter"), pictures_of(&text, "Una Otter"));
        let (mut tries, mut pages) = (0, Vec::new());
        // Una signs in on browser after browser, and tries Vic's card on each until it takes no more.
        for _ in 0..8 {
            let mut device = Tablet::new(&cards.house);
            let names = device.shown(&code).await;
            pages = vec![names[0].1.clone(), names[2].1.clone()];
            assert!(is_in(&device.press(&pages[0], &una).await), "{}", test.engine);
            for _ in 0..10 {
                if !device.press(&pages[1], &WRONG).await.body.contains("Not quite") {
                    break;
                }
                tries += 1;
            }
        }
        assert!(tries <= 30, "{}: {tries} tries in a day", test.engine);
        // Vic waits for the teacher, who learns of it.
        let mut tablet = Tablet::new(&cards.house);
        tablet.shown(&code).await;
        assert!(!is_in(&tablet.press(&pages[1], &vic).await), "{}", test.engine);
        assert!(hanna.get(&class).await.body.contains("Tried too often"), "{}", test.engine);
        hanna.post(&format!("{}/tries", cards.page_of(&class, "Vic Otter")), "").await;
        assert!(is_in(&tablet.press(&pages[1], &vic).await), "{}: a teacher let it go on", test.engine);
    }
}

#[tokio::test]
async fn a_tablet_of_a_class_keeps_it_whatever_link_it_is_shown() {
    for test in databases().await {
        let cards = Cards::new(&test).await;
        let hanna = cards.house.sign_in(6).await;
        let (otters, badgers) = (cards.class(&hanna, "Otters").await, cards.class(&hanna, "Badgers").await);
        let text = words(&hanna.post(&format!("{otters}/issue"), "whom=without").await);
        let other = words(&hanna.post(&format!("{badgers}/issue"), "whom=without").await);
        let code = |text: &str| between(text, "and enter", "The names of the class").replace('-', "");
        let mut tablet = Tablet::new(&cards.house);
        let vic_page = tablet.shown(&code(&text)).await[2].1.clone();
        let vic = pictures_of(&text, "Vic Otter");
        assert!(is_in(&tablet.press(&vic_page, &vic).await));

        // A link to another class asks, and changes nothing.
        let asked = tablet.get(&format!("/sign-in/card/{}", code(&other))).await;
        assert_eq!(asked.words("h1"), ["Show another class?"], "{}", test.engine);
        assert!(!asked.headers.contains_key("set-cookie"));
        assert!(tablet.get("/sign-in/card").await.body.contains("Vic"));
        assert_eq!(
            tablet.get(&format!("/sign-in/card/{}", code(&text))).await.location(),
            "/sign-in/card",
            "its own"
        );

        // Somebody presses it, and then that it is not their class. Wrong tries of strangers have closed the card to devices that it does
        // not know.
        tablet.post("/sign-in/card", &format!("code={}", code(&other))).await;
        assert!(tablet.get("/sign-in/card").await.body.contains("Wyn"), "{}", test.engine);
        tablet.post("/sign-in/card/forget", "").await;
        assert!(tablet.get("/sign-in/card").await.body.contains("Code of the class"));
        for _ in 0..10 {
            let mut strange = Tablet::new(&cards.house);
            strange.shown(&code(&text)).await;
            strange.press(&vic_page, &WRONG).await;
        }
        tablet.shown(&code(&text)).await;
        assert!(
            is_in(&tablet.press(&vic_page, &vic).await),
            "{}: the class is still known to it",
            test.engine
        );
    }
}

#[test]
fn the_whole_of_a_class_is_bounded_on_strange_devices() {
    let tried = Tried { here: (0, MONDAY), strange: 0, class: 40, today: 0 };
    assert_eq!(tried.another(false, MONDAY), Try::NotOfTheClass);
    assert_eq!(tried.another(true, MONDAY), Try::Yes);
}

#[tokio::test]
async fn a_class_teacher_gives_another_card_to_their_own_class_alone_and_what_is_lost_ends() {
    for test in databases().await {
        let cards = Cards::new(&test).await;
        let hanna = cards.house.sign_in(6).await;
        let (otters, badgers) = (cards.class(&hanna, "Otters").await, cards.class(&hanna, "Badgers").await);
        let text = words(&hanna.post(&format!("{otters}/issue"), "whom=without").await);
        let code = between(&text, "and enter", "The names of the class").to_owned();
        let mut tablet = Tablet::new(&cards.house);
        let names = tablet.shown(&code).await;
        let vic_page = names[2].1.clone();
        assert!(is_in(&tablet.press(&vic_page, &pictures_of(&text, "Vic Otter")).await));

        let tamsin = cards.house.sign_in(cards.numbers["Tamsin Teacher"]).await;
        let own = tamsin.get("/staff/cards").await;
        assert!(own.body.contains("Otters") && !own.body.contains("Badgers") && !own.body.contains("year-5"));
        let wyn = cards.page_of(&badgers, "Wyn Badger");
        let vic = cards.page_of(&otters, "Vic Otter");
        // Another's class, a child of another's class under one's own, and issuing to all are not there.
        for (page, form) in [
            (badgers.clone(), None),
            (format!("{otters}/issue"), None),
            (format!("{otters}/issue"), Some("whom=everybody")),
            (format!("{wyn}/card"), Some("")),
            (format!("{wyn}/place"), Some("place=lost")),
            (cards.page_of(&otters, "Wyn Badger") + "/card", Some("")),
            ("/staff/accounts/rules".to_owned(), None),
        ] {
            let answer = match form {
                Some(form) => tamsin.post(&page, form).await,
                None => tamsin.get(&page).await,
            };
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}: {page}", test.engine);
        }
        // Lost: it holds no more, and whoever was signed in by it is out.
        let noted = tamsin.post(&format!("{vic}/place"), "place=lost").await;
        assert_eq!(noted.status, StatusCode::SEE_OTHER, "{}", noted.body);
        assert_eq!(tablet.get("/me").await.status, StatusCode::SEE_OTHER);
        assert!(!tablet.get("/sign-in/card").await.body.contains("Vic"));
        assert!(tamsin.get(&otters).await.body.contains("Lost: it holds no more"));
        let text = words(&tamsin.post(&format!("{vic}/card"), "").await);
        assert!(text.contains("For Vic Otter") && !text.contains("Una Otter"), "{text}");
        let names = tablet.shown(&code).await;
        assert_ne!(names[2].1, vic_page, "another card");
        assert!(is_in(&tablet.press(&names[2].1, &pictures_of(&text, "Vic Otter")).await));
        // Taken back and handed out again, it holds.
        for place in ["taken-back", "handed"] {
            tamsin.post(&format!("{vic}/place"), &format!("place={place}")).await;
        }
        assert!(tablet.get("/sign-in/card").await.body.contains("Vic"));
        for nonsense in ["place=replaced", "place=ended", "place=issued"] {
            let answer = tamsin.post(&format!("{vic}/place"), nonsense).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{nonsense}");
        }
    }
}

#[tokio::test]
async fn at_a_screen_that_a_teacher_left_nobody_prints_what_another_signs_in_by() {
    for test in databases().await {
        let cards = Cards::new(&test).await;
        let hanna = cards.house.sign_in(6).await;
        let otters = cards.class(&hanna, "Otters").await;
        hanna.post(&format!("{otters}/issue"), "whom=without").await;
        let tamsin = cards.house.sign_in(cards.numbers["Tamsin Teacher"]).await;
        let vic = cards.page_of(&otters, "Vic Otter");
        cards.house.school.clock.set(MONDAY.plus_millis(11 * 60_000));
        for (who, page) in [
            (&tamsin, format!("{vic}/card")),
            (&tamsin, format!("{otters}/class-card")),
            (&hanna, format!("{vic}/card")),
        ] {
            let asked = who.post(&page, "").await;
            assert_ne!(asked.headers["content-type"], "application/pdf", "{}: {page}", test.engine);
            assert!(asked.body.contains("type=\"password\""), "it asks who they are: {}", asked.body);
        }
        // What puts nobody in another's place goes on as before, and bears its moment.
        assert_eq!(tamsin.post(&format!("{vic}/place"), "place=handed").await.status, StatusCode::SEE_OTHER);
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 100).await.unwrap();
        let noted = entries.iter().find(|entry| entry.verb == "card.note").unwrap();
        assert_eq!(noted.at, MONDAY.plus_millis(11 * 60_000));
        assert_eq!(entries.iter().filter(|entry| entry.verb == "card.issue").count(), 3, "{}", test.engine);
        assert_eq!(entries.iter().filter(|entry| entry.verb == "card.make-class-card").count(), 1);
    }
}

#[tokio::test]
async fn what_the_youngest_sign_in_by_is_made_anew_each_school_year() {
    for test in databases().await {
        let cards = Cards::new(&test).await;
        let hanna = cards.house.sign_in(6).await;
        let (otters, eights) = (cards.class(&hanna, "Otters").await, cards.class(&hanna, "8K").await);
        for class in [&otters, &eights] {
            hanna.post(&format!("{class}/issue"), "whom=without").await;
        }
        let due = async |days: i64| {
            let mut tx = test.db.begin().await.unwrap();
            filtering::desk::keep_up(&mut tx, MONDAY.plus_millis(days * 86_400_000)).await.unwrap();
            let open = register::task::open(&mut tx).await.unwrap();
            tx.commit().await.unwrap();
            let renewals = open.into_iter().filter(|task| task.kind == "cards-renewal");
            renewals.map(|task| task.path).collect::<Vec<_>>()
        };
        assert_eq!(due(364).await, Vec::<String>::new(), "{}", test.engine);
        // Those of year 8 choose their own, which is changed by no calendar.
        assert_eq!(due(365).await, std::slice::from_ref(&otters), "{}", test.engine);
        assert_eq!(due(366).await.len(), 1, "one task, however often it is looked at");
        cards.house.school.clock.set(MONDAY.plus_millis(366 * 86_400_000));
        let hanna = cards.house.sign_in_on(6, MONDAY.plus_millis(366 * 86_400_000)).await;
        words(&hanna.post(&format!("{otters}/issue"), "whom=everybody").await);
        assert_eq!(due(367).await, Vec::<String>::new(), "{}: done by itself", test.engine);
    }
}

#[tokio::test]
async fn words_for_another_system_are_drawn_for_each_shown_once_and_kept_nowhere() {
    for test in databases().await {
        let cards = Cards::new(&test).await;
        let hanna = cards.house.sign_in(6).await;
        let (otters, badgers) = (cards.class(&hanna, "Otters").await, cards.class(&hanna, "Badgers").await);
        let page = format!("{otters}/elsewhere");
        assert!(hanna.get(&otters).await.body.contains(&page));
        let wrong = hanna.post(&page, "system=&form=letters&count=2").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(wrong.words(".govuk-error-message").len(), 3, "{}", wrong.body);
        let tamsin = cards.house.sign_in(cards.numbers["Tamsin Teacher"]).await;
        assert_eq!(tamsin.get(&format!("{badgers}/elsewhere")).await.status, StatusCode::NOT_FOUND);
        let made = async || {
            let made = tamsin.post(&page, "system=Number+games&form=sentence&count=3").await;
            assert_eq!(
                (made.status, made.headers["cache-control"].to_str().unwrap()),
                (StatusCode::OK, "no-store")
            );
            let words = made.words("tbody td");
            assert_eq!(words.len(), 3, "{}", made.body);
            assert!(
                words.iter().all(|words| words.ends_with('.') && words.split(' ').count() == 4),
                "{words:?}"
            );
            words
        };
        let (first, second) = (made().await, made().await);
        assert_ne!(first, second, "{}: each time others", test.engine);
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 50).await.unwrap();
        let said: Vec<_> = entries.iter().filter(|one| one.verb == "account.words-elsewhere").collect();
        assert_eq!(said.len(), 2);
        assert!(
            said.iter().all(|one| one.detail == "{\"form\":\"sentence\",\"pupils\":3,\"words\":3}"),
            "{}",
            said[0].detail
        );
    }
}

#[tokio::test]
async fn what_is_issued_rises_with_age_words_then_passwords_then_ones_own() {
    for test in databases().await {
        let cards = Cards::new(&test).await;
        let hanna = cards.house.sign_in(6).await;
        let issue = async |class: &str| {
            let page = cards.class(&hanna, class).await;
            words(&hanna.post(&format!("{page}/issue"), "whom=without").await)
        };
        // Year 1: two short words, typed.
        let text = issue("Badgers").await;
        let secret = between(&text, "Your secret words:", "This is yours").to_owned();
        assert_eq!(secret.split(' ').count(), 2, "{text}");
        let mut tablet = Tablet::new(&cards.house);
        let names = tablet.shown(between(&text, "and enter", "The names of the class")).await;
        let wrong = tablet.post(&names[0].1, "words=acorn+acorn").await;
        assert!(wrong.body.contains("Not quite"), "{}", wrong.body);
        let typed = secret.to_uppercase().replace(' ', "++-");
        assert!(
            is_in(&tablet.post(&names[0].1, &format!("words={typed}")).await),
            "{}: {secret}",
            test.engine
        );

        // Year 4: a password that was made, at the door that everybody uses.
        let text = issue("Herons").await;
        assert!(!text.contains("Class card"), "{text}");
        let password = between(&text, "what stands between its words:", "Learn it").to_owned();
        let sign_in = async |password: &str| {
            let form = format!("name=xan.h&password={}&back=", password.replace(' ', "+"));
            cards.house.school.post(HERE, "/sign-in", &form).await
        };
        assert!(sign_in("acorn-zip-22").await.body.contains("not right"));
        assert_eq!(sign_in(&password).await.status, StatusCode::SEE_OTHER, "{}: {text}", test.engine);

        // Year 8: a link, and a password of ten characters that they choose.
        let text = issue("8K").await;
        let link = between(&text, "http://portal.example", "For you alone").replace(' ', "");
        let choose = async |password: &str| {
            let form = format!("password={password}&repeated={password}");
            cards.house.school.post(HERE, &link, &form).await
        };
        let short = choose("ferrycoot").await;
        assert!(short.body.contains("Use 10 characters or more"), "{link}: {}", short.body);
        assert!(choose("yankestrel77").await.body.contains("tries first"), "their own name");
        assert_eq!(choose("lantern+ferry").await.status, StatusCode::SEE_OTHER);

        // A member of staff in a pupil's group is an adult all the same: fifteen.
        let invited = people::account::Token::of([77; 32]);
        let mut tx = test.db.begin().await.unwrap();
        let tess = permit::<people::account::Invite>(PersonNo(1));
        people::account::invite(&mut tx, &tess, Some("tess"), &invited, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        let page = cards.house.school.get(HERE, &format!("/welcome/{}", invited.reveal())).await;
        assert!(page.body.contains("15 characters or more"), "{}", page.body);
    }
}

#[tokio::test]
async fn slips_of_adults_speak_of_no_children() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "head"), (1, "school-office")]).await;
        let office = house.sign_in(1).await;
        let page = office.get("/staff/cards/staff").await;
        assert!(page.body.contains("1 person has nothing to sign in by"), "{}: {}", test.engine, page.body);
        assert!(!page.body.contains("pupil has nothing"), "{}", page.body);
        let text = words(&office.post("/staff/cards/staff/issue", "whom=without").await);
        assert!(text.contains("to whom it names") && !text.contains("child"), "{}: {text}", test.engine);
        let children = office.get("/staff/cards/year-5").await;
        assert!(children.body.contains("2 pupils have nothing to sign in by"), "{}", children.body);
    }
}

#[tokio::test]
async fn the_school_changes_a_rule_within_what_is_offered_and_a_class_is_taught_its_rules() {
    for test in databases().await {
        let cards = Cards::new(&test).await;
        let hanna = cards.house.sign_in(6).await;
        let otters = cards.class(&hanna, "Otters").await;
        let rules = "/staff/accounts/rules";
        assert!(hanna.get(rules).await.body.contains("A card with 3 pictures"));
        let below = hanna.post(&format!("{rules}/early-years"), "way=pictures&length=2").await;
        assert_eq!(below.words(".govuk-error-message"), ["Error: Enter a number from 3 to 5"]);
        let other = hanna.post(&format!("{rules}/early-years"), "way=own&length=15").await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(
            hanna.post(&format!("{rules}/adults"), "way=own&length=14").await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
        hanna.post(&format!("{otters}/issue"), "whom=without").await;
        let set = hanna.post(&format!("{rules}/early-years"), "way=pictures&length=4").await;
        assert_eq!(set.location(), rules, "{}", set.body);
        assert!(
            hanna.get(&otters).await.body.contains("The rule for their age says: A card with 4 pictures")
        );
        let text = words(&hanna.post(&format!("{}/card", cards.page_of(&otters, "Vic Otter")), "").await);
        assert_eq!(pictures_of(&text, "Vic Otter").len(), 4, "{text}");

        // What the class was taught: by whom, on which day, which version.
        assert!(hanna.get(&otters).await.body.contains("3 pupils were not taught the rules"));
        let tamsin = cards.house.sign_in(cards.numbers["Tamsin Teacher"]).await;
        let taught = otters.replace("/staff/cards/", "/staff/taught/");
        let form = tamsin.get(&taught).await;
        assert!(form.body.contains("I ask a grown-up") && form.body.contains("23/11/2026"), "{}", form.body);
        let (vic, una) = (cards.numbers["Vic Otter"], cards.numbers["Una Otter"]);
        for (form, why) in [
            ("on=2026-11-23".to_owned(), "Choose who was taught"),
            (format!("on=2026-11-24&pupil-{vic}=yes"), "not to come"),
            (format!("on=2024-11-24&pupil-{vic}=yes"), "not to come"),
            (format!("on=yesterday&pupil-{vic}=yes"), "not to come"),
            ("on=2026-11-23&pupil-1=yes".to_owned(), "changed meanwhile"),
        ] {
            let answer = tamsin.post(&taught, &form).await;
            assert!(answer.body.contains(why), "{form}: {}", answer.body);
        }
        let said = tamsin.post(&taught, &format!("on=2026-11-20&pupil-{vic}=yes&pupil-{una}=yes")).await;
        assert_eq!(said.location(), otters, "{}", said.body);
        assert!(tamsin.get(&otters).await.body.contains("1 pupil was not taught the rules"));
        assert!(tamsin.get(&taught).await.body.contains("taught on 2026-11-20"));
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 100).await.unwrap();
        let said: Vec<_> = entries.iter().filter(|entry| entry.verb == "taught.say").collect();
        assert!(
            said.len() == 2 && said[0].detail.contains("\"version\":\"1\""),
            "{}: {:?}",
            test.engine,
            said[0].detail
        );
    }
}

#[tokio::test]
async fn a_card_ends_with_its_holders_leaving_and_with_records_that_were_brought_back() {
    for test in databases().await {
        let cards = Cards::new(&test).await;
        let hanna = cards.house.sign_in(6).await;
        let otters = cards.class(&hanna, "Otters").await;
        let text = words(&hanna.post(&format!("{otters}/issue"), "whom=without").await);
        let code = between(&text, "and enter", "The names of the class").to_owned();
        let mut tablet = Tablet::new(&cards.house);
        let names = tablet.shown(&code).await;
        assert!(is_in(&tablet.press(&names[2].1, &pictures_of(&text, "Vic Otter")).await));
        // Vic leaves: the next file of the source names everybody else.
        let without: String =
            ROLL.lines().filter(|line| !line.contains("Vic")).map(|line| format!("{line}\n")).collect();
        let files = Files::of("school.csv", without.into_bytes()).unwrap();
        let roster = Roster::read(&files, &Options::default()).unwrap();
        let zone = Zone::named("Europe/London").unwrap();
        let given = Given { source: Some("mis"), groups: None, zone: &zone };
        let mut tx = test.db.begin().await.unwrap();
        let import =
            intake::prepare(&mut tx, &permit::<ImportRoll>(()), &roster, &given, MONDAY).await.unwrap();
        let leavers = import.summary.held;
        intake::apply(&mut tx, &permit::<ApplyImport>(import.number), None, leavers, &zone, MONDAY)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(tablet.get("/me").await.status, StatusCode::SEE_OTHER, "{}", test.engine);
        assert!(!tablet.get("/sign-in/card").await.body.contains("Vic"));
        assert_eq!(tablet.get(&names[2].1).await.location(), "/sign-in/card");
        // Records that were brought back: nobody comes in by what was printed before.
        let mut tx = test.db.begin().await.unwrap();
        people::account::end_all(&mut tx, &store::Actor::Job("made-up"), MONDAY).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        assert!(!tablet.get("/sign-in/card").await.body.contains("Una"), "{}", test.engine);
        assert_eq!(tablet.get(&names[0].1).await.location(), "/sign-in/card");
    }
}

/// The link of a printed slip: it is broken into lines.
fn slip(answer: &Answer) -> String {
    between(&words(answer), "http://portal.example", "For you alone").replace(' ', "")
}

/// Whether somebody signs in by a name and a password.
async fn comes_in(house: &House, name: &str, password: &str) -> bool {
    let form = format!("name={name}&password={}&back=", password.replace(' ', "+"));
    house.school.post(HERE, "/sign-in", &form).await.status == StatusCode::SEE_OTHER
}

#[tokio::test]
async fn a_slip_that_is_lost_or_printed_anew_ends_the_password_that_was_chosen_by_it() {
    for test in databases().await {
        let cards = Cards::new(&test).await;
        let hanna = cards.house.sign_in(6).await;
        let page = cards.class(&hanna, "8K").await;
        let yan = cards.page_of(&page, "Yan Kestrel");
        for ends in ["lost", "another"] {
            let link = slip(&hanna.post(&format!("{yan}/card"), "").await);
            let chosen = cards.house.school.post(HERE, &link, &form("lantern ferry")).await;
            assert_eq!(chosen.status, StatusCode::SEE_OTHER, "{ends}: {}", chosen.body);
            assert!(comes_in(&cards.house, "yan.k", "lantern ferry").await, "{}: {ends}", test.engine);
            match ends {
                "lost" => hanna.post(&format!("{yan}/place"), "place=lost").await,
                _ => hanna.post(&format!("{yan}/card"), "").await,
            };
            assert!(!comes_in(&cards.house, "yan.k", "lantern ferry").await, "{}: {ends}", test.engine);
        }
    }
}

#[tokio::test]
async fn a_slip_that_was_printed_before_a_duty_opens_nothing_after_it() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "head"), (1, "school-office")]).await;
        let office = house.sign_in(1).await;
        let link = slip(&office.post("/staff/cards/staff/2/card", "").await);
        crate::staff::give(&test, 2, "deputy-dsl").await;
        let late = house.school.post(HERE, &link, &form("cobweb lantern ferry")).await;
        assert_eq!(late.words("h1"), ["This invitation has ended"], "{}: {}", test.engine, late.body);
        // Invited by whoever may, after the duty: that is two proofs.
        let sam = house.sign_in_anew(2).await;
        assert_eq!(sam.get("/staff/activity").await.status, StatusCode::OK, "{}", test.engine);
    }
}

#[tokio::test]
async fn what_was_chosen_by_a_slip_before_a_duty_ends_with_the_duty() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "head"), (1, "school-office")]).await;
        let office = house.sign_in(1).await;
        let link = slip(&office.post("/staff/cards/staff/2/card", "").await);
        let opened = house.school.post(HERE, &link, &form("cobweb lantern ferry")).await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
        let sam = Staff { school: &house.school, cookie: crate::staff::cookie(&opened).into() };
        assert_eq!(sam.get("/me").await.status, StatusCode::OK);
        crate::staff::give(&test, 2, "deputy-dsl").await;
        assert_eq!(sam.get("/me").await.status, StatusCode::SEE_OTHER, "{}: signed out", test.engine);
        assert!(!comes_in(&house, "sam.e", "cobweb lantern ferry").await, "{}", test.engine);
        // A second duty takes nothing from whoever has chosen their own since.
        let sam = house.sign_in_anew(2).await;
        crate::staff::give(&test, 2, "online-safety-lead").await;
        assert_eq!(sam.get("/staff/activity").await.status, StatusCode::OK, "{}", test.engine);
    }
}

#[tokio::test]
async fn an_invitation_that_was_used_before_a_duty_is_one_proof_after_it() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "head")]).await;
        let sam = house.sign_in(2).await;
        crate::staff::give(&test, 2, "deputy-dsl").await;
        assert_eq!(sam.get("/me").await.status, StatusCode::OK, "{}", test.engine);
        let rests = sam.get("/staff/activity").await;
        assert_eq!(rests.words("h1"), ["This needs your second proof"], "{}: {}", test.engine, rests.body);
    }
}
