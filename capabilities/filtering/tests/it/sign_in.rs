//! Signing in under attack: held-back forms, guessing, restored records, look-alikes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::routing::post;
use engine::PersonNo;
use filtering::site_request::actions;
use http_body::Frame;
use kit::Private;
use people::RollFile;
use people::account::{self, EndSessions, House, InviteError, Proved, SignedIn, Token, Trying};
use people::duty;
use store::{Actor, trail};
use testing::{MONDAY, TestDatabase, databases};
use tokio::sync::oneshot;
use web::PageError;

use crate::school::{Answer, KEY, School, TABLET};
use crate::staff::{HERE, MINUTE_MS, PASSWORD, Staff, cookie, form, invited, permit, shown, welcomed};

const RIGHT: &str = "name=hanna&password=teapots+over+jupiter";
const WRONG: &str = "name=hanna&password=wrong+words+entirely";

/// A form whose second half comes when somebody says so, and who says when it is waited for.
struct Held {
    first: Option<Bytes>,
    waited_for: Option<oneshot::Sender<()>>,
    rest: Option<oneshot::Receiver<Bytes>>,
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if let Some(waited_for) = self.waited_for.take() {
            waited_for.send(()).unwrap();
        }
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        let Poll::Ready(rest) = Pin::new(rest).poll(context) else { return Poll::Pending };
        self.rest = None;
        Poll::Ready(Some(Ok(Frame::data(rest.unwrap()))))
    }
}

/// Sends a form, does something while its second half is held back, then sends the rest.
async fn held_back(who: &Staff<'_>, path: &str, body: &str, meanwhile: impl Future<Output = ()>) -> Answer {
    let (first, rest) = body.split_at(body.len() / 2);
    let ((asked, waited_for), (send, rest_of)) = (oneshot::channel(), oneshot::channel());
    let held =
        Held { first: Some(Bytes::from(first.to_owned())), waited_for: Some(asked), rest: Some(rest_of) };
    let request = Request::post(path)
        .header("cookie", who.cookie.now())
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(Body::new(held))
        .unwrap();
    let rest = Bytes::from(rest.to_owned());
    let between = async move {
        waited_for.await.unwrap();
        meanwhile.await;
        send.send(rest).unwrap();
    };
    tokio::join!(who.school.ask(HERE, request), between).0
}

async fn end_duties(test: &TestDatabase) {
    let mut tx = test.db.begin().await.unwrap();
    for held in duty::all(&mut tx, &permit::<duty::ReadDuties>(())).await.unwrap() {
        if held.ended.is_none() {
            duty::end(&mut tx, &permit::<duty::EndDuty>(held.id), MONDAY).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
}

async fn ask_for_a_site(school: &School) -> String {
    let sent = school.post(TABLET, "/requests", "site=games.example&what=chess&how-long=day").await;
    format!("/staff{}", sent.location())
}

async fn waiting(test: &TestDatabase) -> usize {
    let mut tx = test.db.read().await.unwrap();
    actions::list(&mut tx, true, 10).await.unwrap().len()
}

#[tokio::test]
async fn a_form_that_is_held_back_acts_as_of_its_last_byte() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "head")]).await;
        let school = School::new(&test, None);
        let page = format!("{}/refusal", ask_for_a_site(&school).await);
        let (hanna, lena) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        // The session ends while the form is on its way.
        let gone = held_back(&lena, &page, "refusal=held+back", async {
            lena.post("/sign-out", "").await;
        });
        assert_eq!(gone.await.status, StatusCode::UNAUTHORIZED, "{}", test.engine);
        // The duty does.
        let gone = held_back(&hanna, &page, "refusal=held+back", end_duties(&test)).await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND, "{}", test.engine);
        // So much time passes that nobody would be signed in any more.
        let late = held_back(&hanna, "/sign-out", "a=b", async {
            school.clock.set(MONDAY.plus_millis(31 * MINUTE_MS))
        });
        assert_eq!(late.await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(waiting(&test).await, 1, "{}: what was held back was done", test.engine);
    }
}

fn house(test: &TestDatabase) -> House {
    House {
        db: test.db.clone(),
        clock: testing::clock(),
        zone: kit::Zone::utc(),
        kind: people::duty::SchoolKind::Maintained,
        shell: Arc::new(web::Shell::default),
        url: "http://portal.example".into(),
        by_https: false,
        key: Private::new(KEY),
        hashing: account::Hashing::new(),
        counts: Arc::default(),
        ways: account::Ways::since(MONDAY),
        telling: account::notices::Telling::default(),
        visitor: Arc::new(|_| Ok(HERE.parse().unwrap())),
        offered: Arc::new(|_| Vec::new()),
        own: &[],
    }
}

#[tokio::test]
async fn a_network_asks_whose_a_name_and_a_password_are_under_the_doors_own_bounds() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        welcomed(&school, &tokens[0]).await;
        let house = house(&test);
        let ask = async |name: &str, password: &str, place: &str| {
            let (name, password) = (Private::new(name.to_owned()), Private::new(password.to_owned()));
            let asked = account::Asked { name, password, place: place.parse().unwrap() };
            house.whose_secret(&asked, MONDAY).await.unwrap()
        };
        let no = |answer: account::Answer| match answer {
            account::Answer::No(say) => say,
            account::Answer::Yes(person) => panic!("it is {person:?}"),
        };
        let yes = account::Answer::Yes(PersonNo(1));
        assert_eq!(ask("HANNA ", PASSWORD, "10.1.0.1").await, yes, "{}", test.engine);
        // The same words whether there is such a name, and nothing to tell them apart by.
        let (wrong, nobody) =
            (no(ask("hanna", "x", "10.1.0.2").await), no(ask("nobody", PASSWORD, "10.1.0.2").await));
        assert_eq!(wrong, nobody);
        for _ in 0..4 {
            no(ask("hanna", "x", "10.1.0.2").await);
        }
        assert!(no(ask("hanna", PASSWORD, "10.1.0.2").await).contains("too often"), "{}", test.engine);
        assert_eq!(ask("hanna", PASSWORD, "10.1.0.1").await, yes, "nobody makes another place wait");
        // Who has left is nobody.
        let mut tx = test.db.begin().await.unwrap();
        people::import(
            &mut tx,
            &Actor::CommandLine(1000),
            &RollFile::parse("[[person]]\nname = \"Somebody Else\"\ngroups = [\"staff\"]\n").unwrap(),
            MONDAY,
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(no(ask("hanna", PASSWORD, "10.1.0.1").await), wrong);
    }
}

/// Does something to people's duties, and begins a change after that.
async fn begins_late(State(house): State<House>, who: SignedIn) -> Result<&'static str, PageError> {
    who.could::<EndSessions>(PersonNo(2))?;
    let mut tx = house.db.begin().await.unwrap();
    for held in duty::all(&mut tx, &permit::<duty::ReadDuties>(())).await.unwrap() {
        duty::end(&mut tx, &permit::<duty::EndDuty>(held.id), MONDAY).await.unwrap();
    }
    tx.commit().await.unwrap();
    who.begin::<EndSessions>(PersonNo(2)).await?;
    Ok("it began")
}

#[tokio::test]
async fn a_change_is_permitted_in_its_own_transaction_and_nobody_is_signed_in_without_the_guard() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let head = welcomed(&School::new(&test, None), &tokens[0]).await.cookie.now();
        let own = web::OwnAddress { url: "http://portal.example".into(), is_own: Arc::new(|_| false) };
        let routes = Router::new().route("/late", post(begins_late)).with_state(house(&test));
        let asked = || Request::post("/late").header("cookie", &head).body(Body::empty()).unwrap();
        let bare = tower::ServiceExt::oneshot(routes.clone(), asked()).await.unwrap();
        assert_eq!(bare.status(), StatusCode::INTERNAL_SERVER_ERROR, "without the guard nobody is signed in");
        let guarded =
            web::guarded(routes, own, Arc::new(web::Shell::default), Arc::new(words::Words::built_in));
        let answer = tower::ServiceExt::oneshot(guarded, asked()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{}", test.engine);
    }
}

#[tokio::test]
async fn words_are_kept_where_a_form_comes_later_than_its_proof_holds() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "network-manager")]).await;
        let school = School::new(&test, None);
        let page = ask_for_a_site(&school).await;
        let (head, manager) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        let proposed = manager.post(&format!("{page}/proposal"), "whom=everyone&until=day&risk=None.").await;
        assert_eq!(proposed.status, StatusCode::SEE_OTHER, "{}", proposed.body);
        let agreement = format!("{page}/agreement");
        let written =
            format!("proposal={}&agreement=For+%22chess%22%0D%0Aon+Monday.", shown(&head, &page).await);
        school.clock.set(MONDAY.plus_millis(11 * MINUTE_MS));

        let asked = head.post(&agreement, &written).await;
        assert_eq!(asked.status, StatusCode::UNAUTHORIZED);
        assert_eq!(asked.words("h1"), ["Enter your password to go on"]);
        assert!(!asked.headers.contains_key("location"), "words are never in an address");
        assert_eq!(asked.value("input[name=agreement]").unwrap(), "For \"chess\"\non Monday.");
        let tree = scraper::Html::parse_document(&asked.body);
        assert_eq!(web::check::all(&tree, "main form")[0].attr("action"), Some(&*agreement));
        let wrong = head.post(&agreement, &format!("{written}&fivebar-proof=wrong+words+entirely")).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(wrong.value("input[name=agreement]").unwrap(), "For \"chess\"\non Monday.");
        assert!(!wrong.body.contains("wrong words"), "a password never comes back");
        assert_eq!(waiting(&test).await, 1);

        let done = head.post(&agreement, &format!("{written}&fivebar-proof=teapots+over+jupiter")).await;
        assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, &*page), "{}", done.body);
        assert_eq!(waiting(&test).await, 0, "{}", test.engine);
        // Guessing by this way is counted as by any other.
        school.clock.set(MONDAY.plus_millis(25 * MINUTE_MS));
        for _ in 0..5 {
            head.post("/sign-in/again", "password=wrong+words+entirely").await;
        }
        let sixth = head.post("/me/sessions/end-others", "fivebar-proof=teapots+over+jupiter").await;
        assert!(sixth.body.contains("That was tried too often"), "{}", sixth.body);
    }
}

#[tokio::test]
async fn many_tries_at_once_are_no_more_than_one_after_the_other() {
    for test in databases().await {
        let tokens = invited(&test, &[]).await;
        let school = School::new(&test, None);
        welcomed(&school, &tokens[0]).await;
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let router = school.router.clone();
            let mut request = Request::post("/sign-in")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(Body::from(WRONG))
                .unwrap();
            let from = std::net::SocketAddr::new(HERE.parse().unwrap(), 50_000);
            request.extensions_mut().insert(axum::extract::ConnectInfo(from));
            all.spawn(async move { tower::ServiceExt::oneshot(router, request).await.unwrap().status() });
        }
        assert!(all.join_all().await.iter().all(|status| *status == StatusCode::UNPROCESSABLE_ENTITY));
        let judged = |outcome| school.tries.all().iter().find(|(id, _)| *id == outcome).unwrap().1;
        assert_eq!((judged("wrong"), judged("must-wait")), (5, 15), "{}", test.engine);
    }
}

#[tokio::test]
async fn what_was_proved_with_an_old_password_is_no_proof_once_there_is_another() {
    for test in databases().await {
        let tokens = invited(&test, &[]).await;
        let school = School::new(&test, None);
        welcomed(&school, &tokens[0]).await;
        let hash =
            account::Hashing::new().hash("here", Private::new(PASSWORD.to_owned())).await.unwrap().unwrap();
        let mut tx = test.db.begin().await.unwrap();
        let (first, second) = (Token::of([11; 32]), Token::of([12; 32]));
        let link = permit::<account::Invite>(PersonNo(1));
        account::invite(&mut tx, &link, None, &first, MONDAY).await.unwrap();
        let words = Private::new(PASSWORD.to_owned());
        let (old, _) = account::welcome(&mut tx, &first, (&words, ""), &hash, MONDAY).await.unwrap();
        let old = account::Account { password: Some(hash), ..old };
        let trying = Trying { whom: "w".into(), place: "p".into(), crowd: None, everywhere: false };
        let before = Token::of([15; 32]);
        let proved = || Proved {
            account: &old,
            how: "password",
            proofs: 1,
            agent: Private::default(),
            trying: &trying,
            before: None,
        };
        let session =
            account::sign_in(&mut tx, proved(), &Token::of([13; 32]), MONDAY).await.unwrap().unwrap();
        let by = (&trying, false);
        assert!(account::prove_again(&mut tx, (&session, &before), &old, by, MONDAY).await.unwrap());
        let twice = account::prove_again(&mut tx, (&session, &Token::of([16; 32])), &old, by, MONDAY).await;
        assert!(!twice.unwrap(), "{}: it goes by another token already", test.engine);
        let session = account::Session { hash: before.hash(), ..session };
        // While it is hashed, they choose another.
        account::invite(&mut tx, &link, None, &second, MONDAY).await.unwrap();
        let other = account::Hashing::new().hash("here", words.clone()).await.unwrap().unwrap();
        account::welcome(&mut tx, &second, (&words, ""), &other, MONDAY).await.unwrap();
        let late = account::prove_again(&mut tx, (&session, &Token::of([17; 32])), &old, by, MONDAY).await;
        assert!(!late.unwrap());
        let late = account::sign_in(&mut tx, proved(), &Token::of([14; 32]), MONDAY).await.unwrap();
        assert!(late.is_none(), "{}", test.engine);
    }
}

async fn from_behind(school: &School, named: &[&str], body: &str) -> Answer {
    let mut request = Request::post("/sign-in")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin");
    for named in named {
        request = request.header("x-forwarded-for", *named);
    }
    school.ask(HERE, request.body(Body::from(body.to_owned())).unwrap()).await
}

#[tokio::test]
async fn who_tries_is_whom_this_machine_s_own_server_names_last_and_nobody_else_is_believed() {
    for test in databases().await {
        let tokens = invited(&test, &[]).await;
        welcomed(&School::new(&test, None), &tokens[0]).await;
        let school = School::by_https(&test);
        for number in 0..6 {
            let named = format!("192.0.2.{number}, 198.51.100.7");
            from_behind(&school, &["203.0.113.1", &named], WRONG).await;
        }
        let told = from_behind(&school, &["198.51.100.7"], RIGHT).await;
        assert!(told.body.contains("tried too often"), "{}", test.engine);
        let other = from_behind(&school, &["198.51.100.7, 198.51.100.8"], RIGHT).await;
        assert_eq!(other.status, StatusCode::SEE_OTHER, "{}", other.body);
        let line = other.headers["set-cookie"].to_str().unwrap();
        assert!(line.starts_with("__Host-fivebar=") && line.ends_with("; Secure"), "{line}");

        // Without such a server anybody on this machine could write the line.
        let plain = School::new(&test, None);
        for number in 0..6 {
            from_behind(&plain, &[&format!("192.0.2.{number}")], "name=lena&password=wrong+words+entirely")
                .await;
        }
        let told = from_behind(&plain, &["192.0.2.99"], "name=lena&password=x").await;
        assert!(told.body.contains("tried too often"), "{}", test.engine);
    }
}

#[tokio::test]
async fn a_proof_too_is_asked_for_only_where_nobody_else_can_read_it() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        for (method, path) in [("GET", "/sign-in/again"), ("POST", "/sign-in/again"), ("POST", "/sign-out")] {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("cookie", head.cookie.now())
                .header("content-type", "application/x-www-form-urlencoded");
            let body = Body::from("password=teapots+over+jupiter&fivebar-proof=teapots+over+jupiter");
            let answer = school.ask("10.0.0.99", request.body(body).unwrap()).await;
            assert_eq!(answer.words("h1"), ["You cannot sign in from here"], "{method} {path}");
        }
    }
}

#[tokio::test]
async fn somebody_s_own_browser_does_not_wait_for_whoever_guesses_at_the_same_address() {
    for test in databases().await {
        let tokens = invited(&test, &[]).await;
        let school = School::new(&test, None);
        let page = format!("/welcome/{}", tokens[0].reveal());
        let first = school.post(HERE, &page, &form(PASSWORD)).await;
        let mut lines = first.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
        let known = lines.find(|line| line.starts_with("fivebar-known=")).unwrap();
        assert!(known.contains("HttpOnly") && known.contains("Max-Age=15552000"), "{known}");
        let known = known.split(';').next().unwrap().to_owned();
        for _ in 0..6 {
            school.post(HERE, "/sign-in", WRONG).await;
        }
        assert!(school.post(HERE, "/sign-in", RIGHT).await.body.contains("tried too often"));
        let with = |body: &'static str, cookie: &str| {
            let request = Request::post("/sign-in")
                .header("content-type", "application/x-www-form-urlencoded")
                .header("cookie", cookie);
            school.ask(HERE, request.body(Body::from(body)).unwrap())
        };
        assert_eq!(with(RIGHT, &known).await.status, StatusCode::SEE_OTHER, "{}", test.engine);
        // It is known to one person, and is no way round: five tries, and then it waits like any other.
        let made_up = format!("fivebar-known={}", "A".repeat(43));
        assert!(with(RIGHT, &made_up).await.body.contains("tried too often"));
        for _ in 0..6 {
            with(WRONG, &known).await;
        }
        assert!(with(RIGHT, &known).await.body.contains("tried too often"));
        // What they were told of the tries, and only they.
        school.clock.set(MONDAY.plus_millis(20 * MINUTE_MS));
        let hanna =
            Staff { school: &school, cookie: cookie(&school.post(HERE, "/sign-in", RIGHT).await).into() };
        school.post("127.0.0.3", "/sign-in", WRONG).await;
        let me = hanna.get("/me").await;
        assert!(me.body.contains("5 tries before you signed in here, and 1 try since"), "{}", me.body);
    }
}

#[tokio::test]
async fn one_password_for_many_names_is_slowed_down_where_it_comes_from_and_nowhere_else() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        let at = |place: &str, whom: u32| Trying {
            whom: format!("whom {whom}"),
            place: place.to_owned(),
            crowd: Some(place.to_owned()),
            everywhere: false,
        };
        for whom in 0..201 {
            assert_eq!(at("there", whom).begin(&mut tx, MONDAY).await.unwrap(), None, "{whom}");
        }
        assert_eq!(at("there", 999).begin(&mut tx, MONDAY).await.unwrap(), Some(1_000));
        assert_eq!(at("elsewhere", 999).begin(&mut tx, MONDAY).await.unwrap(), None);
        let own = Trying { crowd: None, ..at("a browser of theirs", 7) };
        assert_eq!(own.begin(&mut tx, MONDAY).await.unwrap(), None, "{}", test.engine);
        let later = MONDAY.plus_millis(2 * MINUTE_MS);
        assert_eq!(at("there", 999).begin(&mut tx, later).await.unwrap(), None, "nobody is shut out");
    }
}

#[tokio::test]
async fn nothing_of_restored_records_lets_anybody_in() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        let mut tx = test.db.begin().await.unwrap();
        let ended = account::end_all(&mut tx, &Actor::Job("a test"), MONDAY).await.unwrap().unwrap();
        assert_eq!((ended.sessions, ended.invitations, ended.passwords), (1, 2, 1), "{}", test.engine);
        assert_eq!(account::end_all(&mut tx, &Actor::Job("a test"), MONDAY).await.unwrap(), None);
        assert_eq!(account::everybody(&mut tx).await.unwrap().len(), 3);
        let newest = trail::newest(&mut tx, None, 1).await.unwrap();
        assert_eq!(newest[0].verb, "account.end-all");
        tx.commit().await.unwrap();
        assert_eq!(head.get("/me").await.status, StatusCode::SEE_OTHER);
        assert_eq!(school.post(HERE, "/sign-in", RIGHT).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let link = school.get(HERE, &format!("/welcome/{}", tokens[1].reveal())).await;
        assert_eq!(link.words("h1"), ["This invitation has ended"]);
    }
}

#[tokio::test]
async fn a_leaver_s_name_is_free_again_and_no_name_looks_like_another_s() {
    for test in databases().await {
        invited(&test, &[]).await;
        let mut tx = test.db.begin().await.unwrap();
        let roll = "[[person]]\nname = \"Lena Example\"\ngroups = []\n[[person]]\nname = \"Nora Example\"\ngroups = []\n";
        let roll = RollFile::parse(roll).unwrap();
        people::import(&mut tx, &Actor::CommandLine(1000), &roll, MONDAY).await.unwrap();
        let nora = people::people_called(&mut tx, "Nora Example").await.unwrap()[0].number;
        let token = Token::of([9; 32]);
        for (name, refused) in [
            ("lena", "somebody else signs in by that name"),
            ("1ena", "looks the same"),
            ("le.na", "looks the same"),
        ] {
            let link = permit::<account::Invite>(nora);
            let error = account::invite(&mut tx, &link, Some(name), &token, MONDAY).await.unwrap_err();
            assert!(error.to_string().contains(refused), "{name}: {error}");
            assert!(matches!(error, InviteError::NameTaken | InviteError::LooksTheSame));
        }
        let link = permit::<account::Invite>(nora);
        let given = account::invite(&mut tx, &link, Some("hanna"), &token, MONDAY).await.unwrap();
        assert_eq!((given.person, given.name.reveal()), (nora, "hanna"), "{}", test.engine);
        let entries = trail::newest(&mut tx, None, 2).await.unwrap();
        let verbs: Vec<_> = entries.iter().map(|one| (one.verb.as_str(), one.subject_id.as_str())).collect();
        assert_eq!(verbs[1], ("account.close", "1"), "{verbs:?}");
    }
}

#[tokio::test]
async fn all_other_sessions_end_at_once() {
    for test in databases().await {
        let tokens = invited(&test, &[]).await;
        let school = School::new(&test, None);
        let first = welcomed(&school, &tokens[0]).await;
        let mut others = Vec::new();
        for _ in 0..2 {
            others.push(Staff {
                school: &school,
                cookie: cookie(&school.post(HERE, "/sign-in", RIGHT).await).into(),
            });
        }
        assert_eq!(first.get("/me").await.words("tbody tr").len(), 3);
        assert_eq!(first.post("/me/sessions/end-others", "").await.location(), "/me");
        let me = first.get("/me").await;
        assert_eq!(me.words("tbody tr").len(), 1);
        assert!(!me.body.contains("End all others"), "{}", test.engine);
        for other in &others {
            assert_eq!(other.get("/me").await.status, StatusCode::SEE_OTHER);
        }
        // Half an hour later, whoever finds the browser must prove that they are its owner.
        let again =
            Staff { school: &school, cookie: cookie(&school.post(HERE, "/sign-in", RIGHT).await).into() };
        school.clock.set(MONDAY.plus_millis(25 * MINUTE_MS));
        let asked = first.post("/me/sessions/end-others", "").await;
        assert!(asked.body.contains("Enter your password to go on"), "{}: {}", test.engine, asked.body);
        assert_eq!(again.get("/me").await.status, StatusCode::OK, "{}: nothing has ended", test.engine);
    }
}

#[tokio::test]
async fn a_session_goes_by_another_token_after_each_proof_and_ends_where_its_browser_signs_in_anew() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        let with = |cookie: String| Staff { school: &school, cookie: cookie.into() };

        // On the page for it.
        let seen = head.cookie.now();
        school.clock.set(MONDAY.plus_millis(25 * MINUTE_MS));
        let wrong = head.post("/sign-in/again", "password=wrong+words+entirely").await;
        assert_eq!((wrong.status, head.cookie.now()), (StatusCode::UNPROCESSABLE_ENTITY, seen.clone()));
        let proved = head.post("/sign-in/again", "password=teapots+over+jupiter&back=%2Fme").await;
        assert_eq!(proved.location(), "/me", "{}: {}", test.engine, proved.body);
        assert_ne!(head.cookie.now(), seen);
        assert_eq!(with(seen).get("/me").await.status, StatusCode::SEE_OTHER, "what was seen opens nothing");
        assert_eq!(head.get("/me").await.status, StatusCode::OK, "{}", test.engine);

        // Beside a form, whatever comes of that.
        let seen = head.cookie.now();
        school.clock.set(MONDAY.plus_millis(50 * MINUTE_MS));
        let proof = "fivebar-proof=teapots+over+jupiter";
        let nothing = head.post("/staff/recoveries/99/agreement", &format!("{proof}&agreement=x")).await;
        assert_ne!(nothing.status, StatusCode::SEE_OTHER, "{}: {}", test.engine, nothing.body);
        assert_ne!(head.cookie.now(), seen);
        assert_eq!(with(seen).get("/me").await.status, StatusCode::SEE_OTHER, "{}", test.engine);
        assert_eq!(head.get("/me").await.words("tbody tr").len(), 1, "{}: it is one session", test.engine);

        // Whoever signs in in this browser ends what was there.
        let before = head.cookie.now();
        let anew = head.post("/sign-in", RIGHT).await;
        assert_eq!(anew.status, StatusCode::SEE_OTHER, "{}", anew.body);
        assert_eq!(with(before).get("/me").await.status, StatusCode::SEE_OTHER, "{}", test.engine);
        assert_eq!(head.get("/me").await.status, StatusCode::OK, "{}", test.engine);
    }
}
