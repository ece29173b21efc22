//! What whoever signs in does at the portal.

use std::sync::Mutex;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use filtering::reference::Reference;
use filtering::site_request::State;
use filtering::site_request::actions::RefuseRequest;
use kit::Permit;
use kit::permit::Action;
use people::RollFile;
use people::account::{self, Token};
use people::duty::{self, Duties, Giving, SchoolKind, Span};
use store::{Actor, trail};
use testing::{MONDAY, TestDatabase, databases};

use crate::school::{Answer, School, TABLET, UNKNOWN};

/// The machine itself: elsewhere a password would need HTTPS.
pub const HERE: &str = "127.0.0.1";
pub const PASSWORD: &str = "teapots over jupiter";
pub const MINUTE_MS: i64 = 60_000;

const ROLL: &str = "
[[person]]
name = \"Hanna Example\"
groups = [\"pupils\"]
[[person]]
name = \"Lena Example\"
groups = [\"pupils\"]
[[person]]
name = \"Theo Example\"
groups = [\"pupils\"]
";

pub fn permit<A: Action>(subject: A::Subject) -> Permit<A> {
    Duties::built_in().authority().grant(&duty::at_the_command_line(1000), subject, MONDAY).unwrap()
}

/// The cookies of a browser, of which the session's changes as people prove who they are.
pub struct Jar(Mutex<String>);

impl From<String> for Jar {
    fn from(cookie: String) -> Self {
        Self(Mutex::new(cookie))
    }
}

impl Jar {
    /// What is sent now.
    pub fn now(&self) -> String {
        self.0.lock().unwrap().clone()
    }

    /// Takes what an answer puts into the browser of its session.
    pub fn take(&self, answer: &Answer) {
        for line in answer.headers.get_all("set-cookie") {
            let put = line.to_str().unwrap().split(';').next().unwrap().to_owned();
            let name = put.split('=').next().unwrap();
            if !name.ends_with("fivebar") {
                continue;
            }
            let mut held = self.0.lock().unwrap();
            let others = held.split("; ").filter(|one| one.split('=').next() != Some(name));
            *held = others.chain([&*put]).collect::<Vec<_>>().join("; ");
        }
    }
}

/// Somebody with a duty, signed in: what their browser sends.
pub struct Staff<'a> {
    pub school: &'a School,
    pub cookie: Jar,
}

impl Staff<'_> {
    pub async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("cookie", self.cookie.now()).body(Body::empty()).unwrap();
        self.keeping(self.school.ask(HERE, request).await)
    }

    pub async fn post(&self, path: &str, body: &str) -> Answer {
        let request = Request::post(path)
            .header("cookie", self.cookie.now())
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        self.keeping(self.school.ask(HERE, request.body(Body::from(body.to_owned())).unwrap()).await)
    }

    fn keeping(&self, answer: Answer) -> Answer {
        self.cookie.take(&answer);
        answer
    }
}

pub fn form(password: &str) -> String {
    format!("password={}&repeated={}", password.replace(' ', "+"), password.replace(' ', "+"))
}

/// The roll, and the invitation of everybody on it: Hanna is 1, Lena 2, Theo 3.
pub async fn invited(test: &TestDatabase, duties: &[(u32, &str)]) -> Vec<Token> {
    let mut tx = test.db.begin().await.unwrap();
    let roll = RollFile::parse(ROLL).unwrap();
    people::import(&mut tx, &Actor::CommandLine(1000), &roll, MONDAY).await.unwrap();
    for (person, id) in duties {
        let giving = Giving {
            person: engine::PersonNo(*person),
            duty: (*id).to_owned(),
            span: Span { starts_at: MONDAY, ends_at: None },
            covers: None,
            reason: String::new(),
        };
        let permit = permit::<duty::GiveDuty>(giving.person);
        duty::give(&mut tx, &permit, giving, SchoolKind::Maintained, MONDAY).await.unwrap();
    }
    let mut tokens = Vec::new();
    for person in 1..=3_u8 {
        let token = Token::of([person; 32]);
        let name = ["hanna", "lena", "theo"][usize::from(person) - 1];
        let permit = permit::<account::Invite>(engine::PersonNo(person.into()));
        account::invite(&mut tx, &permit, Some(name), &token, MONDAY).await.unwrap();
        tokens.push(token);
    }
    tx.commit().await.unwrap();
    tokens
}

/// Gives somebody one duty more.
pub async fn give(test: &TestDatabase, person: u32, id: &str) {
    let mut tx = test.db.begin().await.unwrap();
    let giving = Giving {
        person: engine::PersonNo(person),
        duty: id.to_owned(),
        span: Span { starts_at: MONDAY, ends_at: None },
        covers: None,
        reason: String::new(),
    };
    let permit = permit::<duty::GiveDuty>(giving.person);
    duty::give(&mut tx, &permit, giving, SchoolKind::Maintained, MONDAY).await.unwrap();
    tx.commit().await.unwrap();
}

/// Another invitation of somebody who has one already, as after they were given a duty.
pub async fn invited_anew(test: &TestDatabase, person: u8) -> Token {
    let mut tx = test.db.begin().await.unwrap();
    let token = Token::of([person + 100; 32]);
    let permit = permit::<account::Invite>(engine::PersonNo(person.into()));
    account::invite(&mut tx, &permit, None, &token, MONDAY).await.unwrap();
    tx.commit().await.unwrap();
    token
}

/// Ends what duties somebody holds.
pub async fn end(test: &TestDatabase, person: u32) {
    let mut tx = test.db.begin().await.unwrap();
    for held in duty::all(&mut tx, &permit::<duty::ReadDuties>(())).await.unwrap() {
        if held.given.person.0 == person && held.ended.is_none() {
            duty::end(&mut tx, &permit::<duty::EndDuty>(held.id), MONDAY).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
}

pub async fn welcomed<'a>(school: &'a School, token: &Token) -> Staff<'a> {
    let answer = school.post(HERE, &format!("/welcome/{}", token.reveal()), &form(PASSWORD)).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/today"), "{}", answer.body);
    Staff { school, cookie: cookie(&answer).into() }
}

/// What a second person's form carries: the proposal that they were shown.
pub async fn shown(who: &Staff<'_>, page: &str) -> String {
    let asked = who.get(&format!("{page}/agreement")).await;
    asked.value("input[name=proposal]").unwrap_or_default()
}

pub fn cookie(answer: &Answer) -> String {
    let line = answer.headers["set-cookie"].to_str().unwrap();
    assert!(line.contains("HttpOnly") && line.contains("SameSite=Lax"), "{line}");
    line.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_invitation_is_used_once_and_signs_in() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let page = format!("/welcome/{}", tokens[0].reveal());
        let asked = school.get(HERE, &page).await;
        assert_eq!(asked.words("h1"), ["Choose a password"]);
        let weak = school.post(HERE, &page, &form("hanna")).await;
        assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
        let twice =
            school.post(HERE, &page, "password=teapots+over+jupiter&repeated=teapots+over+mars+x").await;
        assert!(twice.body.contains("Enter the same password twice"));
        assert!(!twice.body.contains("teapots"), "a password never comes back in a page");

        let head = welcomed(&school, &tokens[0]).await;
        assert_eq!(head.get("/today").await.words("h1"), ["Today"]);
        let me = head.get("/me").await;
        assert!(me.words(".govuk-summary-list__value").contains(&"Headteacher".to_owned()), "{}", me.body);
        let again = school.post(HERE, &page, &form(PASSWORD)).await;
        assert_eq!(again.words("h1"), ["This invitation has ended"]);

        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 3).await.unwrap();
        let verbs: Vec<_> = entries.iter().map(|entry| (entry.actor.as_str(), entry.verb.as_str())).collect();
        assert_eq!(
            verbs[..2],
            [("person:1", "session.begin"), ("person:1", "account.choose-password")],
            "{}",
            test.engine
        );
    }
}

#[tokio::test]
async fn nobody_signs_in_where_others_could_read_the_password() {
    for test in databases().await {
        let tokens = invited(&test, &[]).await;
        let school = School::new(&test, None);
        for (path, body) in [
            ("/sign-in".to_owned(), "name=hanna&password=x".to_owned()),
            (format!("/welcome/{}", tokens[0].reveal()), form(PASSWORD)),
        ] {
            for answer in [school.get(UNKNOWN, &path).await, school.post(UNKNOWN, &path, &body).await] {
                assert_eq!(answer.status, StatusCode::FORBIDDEN);
                assert_eq!(answer.words("h1"), ["You cannot sign in from here"]);
            }
        }
        // Over TLS to the portal itself nobody reads along.
        let encrypted = Request::get("/sign-in").extension(web::Encrypted).body(Body::empty()).unwrap();
        assert_eq!(school.ask(UNKNOWN, encrypted).await.words("h1"), ["Sign in"]);
    }
}

#[tokio::test]
async fn no_page_tells_whether_there_is_such_an_account() {
    for test in databases().await {
        let tokens = invited(&test, &[]).await;
        let school = School::new(&test, None);
        welcomed(&school, &tokens[0]).await;
        let mut pages = Vec::new();
        for name in ["hanna", "lena", "nobody"] {
            let mut tried = Vec::new();
            for _ in 0..7 {
                let answer = school
                    .post(HERE, "/sign-in", &format!("name={name}&password=wrong+words+entirely"))
                    .await;
                assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
                tried.push(
                    answer.body.replace(name, "NAME").replace(|sign: char| sign.is_ascii_hexdigit(), ""),
                );
            }
            assert_ne!(tried[5], tried[0], "after five it must wait");
            pages.push(tried);
        }
        assert_eq!(pages[0], pages[1], "{}: somebody without a password", test.engine);
        assert_eq!(pages[0], pages[2], "{}: nobody at all", test.engine);

        // Whoever guesses waits; the right password waits with them from there, and from nowhere else.
        let right = "name=hanna&password=teapots+over+jupiter";
        assert_eq!(school.post(HERE, "/sign-in", right).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(school.post("127.0.0.2", "/sign-in", right).await.status, StatusCode::SEE_OTHER);
        school.clock.set(MONDAY.plus_millis(16 * MINUTE_MS));
        let answer = school.post(HERE, "/sign-in", &format!("{right}&back=%2Fme")).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/me"));
        let elsewhere = school.post(HERE, "/sign-in", &format!("{right}&back=%2F%2Fother.example")).await;
        assert_eq!(elsewhere.location(), "/today");
    }
}

#[tokio::test]
async fn a_session_ends_by_itself_or_by_hand_and_with_the_roll() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let first = welcomed(&school, &tokens[0]).await;
        let right = "name=hanna&password=teapots+over+jupiter";
        let second =
            Staff { school: &school, cookie: cookie(&school.post(HERE, "/sign-in", right).await).into() };
        let me = second.get("/me").await;
        assert_eq!(me.words("tbody tr").len(), 2, "{}", me.body);
        let tree = scraper::Html::parse_document(&me.body);
        let end =
            web::check::all(&tree, "form[action^='/me/sessions/']")[0].attr("action").unwrap().to_owned();
        assert_eq!(second.post(&end, "").await.location(), "/me");
        let away = first.get("/today").await;
        assert_eq!((away.status, away.location()), (StatusCode::SEE_OTHER, "/sign-in?back=%2Ftoday"));
        let form = first.post("/staff/requests/R-7KQ4M2HX/refusal", "refusal=no").await;
        assert_eq!(
            (form.status, form.words("h1")),
            (StatusCode::UNAUTHORIZED, vec!["You have been signed out".into()])
        );

        // Used every quarter of an hour it lasts; unused for half an hour it has ended.
        for quarter in 1..=4 {
            school.clock.set(MONDAY.plus_millis(quarter * 15 * MINUTE_MS));
            assert_eq!(second.get("/today").await.status, StatusCode::OK, "{quarter}");
        }
        school.clock.set(MONDAY.plus_millis(90 * MINUTE_MS));
        assert_eq!(second.get("/today").await.status, StatusCode::SEE_OTHER);

        // Whoever leaves the roll is out at once.
        let third =
            Staff { school: &school, cookie: cookie(&school.post(HERE, "/sign-in", right).await).into() };
        assert_eq!(third.get("/today").await.status, StatusCode::OK);
        let mut tx = test.db.begin().await.unwrap();
        let left = RollFile::parse("[[person]]\nname = \"Lena Example\"\ngroups = []\n").unwrap();
        people::import(&mut tx, &Actor::CommandLine(1000), &left, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(third.get("/today").await.status, StatusCode::SEE_OTHER, "{}", test.engine);
        assert_eq!(school.post(HERE, "/sign-in", right).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn opening_a_site_takes_two_people() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "online-safety-lead"), (2, "head")]).await;
        let school = School::new(&test, None);
        let sent =
            school.post(TABLET, "/requests", "site=games.example&what=chess+club&how-long=lesson").await;
        let reference = sent.location().strip_prefix("/requests/").unwrap().to_owned();
        let page = format!("/staff/requests/{reference}");

        let theo = welcomed(&school, &tokens[2]).await;
        for path in ["/staff/requests", &page, &format!("{page}/agreement")] {
            let answer = theo.get(path).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "no duty, no page: {path}");
        }
        assert_eq!(theo.post(&format!("{page}/refusal"), "refusal=no").await.status, StatusCode::NOT_FOUND);
        assert!(!theo.get("/today").await.body.contains("/staff/requests"));

        let lead = welcomed(&school, &tokens[1]).await;
        assert!(lead.get("/today").await.body.contains("1 request"));
        assert_eq!(lead.get("/staff/requests").await.words("tbody th"), ["games.example"]);
        let failed =
            lead.post(&format!("{page}/proposal"), "whom=person%3A12&until=ever&risk=my+words").await;
        assert_eq!(failed.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(failed.value("textarea[name=risk]").as_deref(), Some("my words"));
        let proposed = lead
            .post(&format!("{page}/proposal"), "whom=group%3Apupils&until=hour&risk=Low.+A+chess+site.")
            .await;
        assert_eq!(
            (proposed.status, proposed.location()),
            (StatusCode::SEE_OTHER, &*page),
            "{}",
            proposed.body
        );

        // Two duties are still one person.
        let own = lead.post(&format!("{page}/agreement"), "agreement=yes").await;
        assert_eq!(own.status, StatusCode::UNPROCESSABLE_ENTITY);
        let mut tx = test.db.read().await.unwrap();
        let open = filtering::site_request::actions::list(&mut tx, true, 10).await.unwrap();
        assert_eq!(open.len(), 1, "{}: one person opened a site", test.engine);
        drop(tx);

        let head = welcomed(&school, &tokens[0]).await;
        school.clock.set(MONDAY.plus_millis(11 * MINUTE_MS));
        let stale = head.get(&format!("{page}/agreement")).await;
        let again = format!("/sign-in/again?back={}", page.replace('/', "%2F") + "%2Fagreement");
        assert_eq!((stale.status, stale.location()), (StatusCode::SEE_OTHER, &*again));
        let proof =
            "password=teapots+over+jupiter&back=".to_owned() + &page.replace('/', "%2F") + "%2Fagreement";
        let proved = head.post("/sign-in/again", &proof).await;
        assert_eq!(proved.location(), format!("{page}/agreement"));
        let asked = head.get(proved.location()).await;
        assert!(asked.body.contains("Low. A chess site.") && asked.body.contains("Lena Example"));
        // Whoever proposed it puts another in its place meanwhile: what was read is not what would be agreed to.
        let before = shown(&head, &page).await;
        lead.post(&format!("{page}/withdrawal"), "").await;
        lead.post(&format!("{page}/proposal"), "whom=everyone&until=month&risk=Low.").await;
        let old = format!("proposal={before}&agreement=For+chess+club.");
        let switched = head.post(&format!("{page}/agreement"), &old).await;
        assert_eq!(switched.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(switched.body.contains("has changed since you opened this page"), "{}", switched.body);
        lead.post(&format!("{page}/withdrawal"), "").await;
        lead.post(&format!("{page}/proposal"), "whom=group%3Apupils&until=hour&risk=Low.").await;
        let words = format!("proposal={}&agreement=For+chess+club.", shown(&head, &page).await);
        let agreed = head.post(&format!("{page}/agreement"), &words).await;
        assert_eq!((agreed.status, agreed.location()), (StatusCode::SEE_OTHER, &*page), "{}", agreed.body);
        let twice = head.post(&format!("{page}/agreement"), &words).await;
        assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);

        let mut tx = test.db.read().await.unwrap();
        let reference = reference.parse().unwrap();
        let request = filtering::site_request::actions::find(&mut tx, &reference).await.unwrap().unwrap();
        let State::Approved { answer, ends_at, .. } = request.state else { panic!("{:?}", request.state) };
        assert_eq!((answer.as_str(), ends_at), ("For chess club.", MONDAY.plus_millis(71 * MINUTE_MS)));
        let entries = trail::newest(&mut tx, None, 30).await.unwrap();
        for (who, verb) in [
            ("person:2", "approval.propose"),
            ("person:1", "approval.agree"),
            ("person:1", "site-request.approve"),
        ] {
            assert!(entries.iter().any(|one| one.actor == who && one.verb == verb), "{who} {verb}");
        }
        assert!(entries.iter().all(|one| !one.detail.contains("chess")), "words are never in the trail");
        // Whoever asked reads the answer.
        let asker = school.get(TABLET, sent.location()).await;
        assert_eq!(asker.words("h1"), ["Request approved"]);
    }
}

#[tokio::test]
async fn a_second_person_who_does_not_agree_leaves_the_request_waiting() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "network-manager")]).await;
        let school = School::new(&test, None);
        let sent = school.post(TABLET, "/requests", "site=games.example&what=chess&how-long=day").await;
        let reference = sent.location().strip_prefix("/requests/").unwrap().to_owned();
        let page = format!("/staff/requests/{reference}");
        let manager = welcomed(&school, &tokens[1]).await;
        let head = welcomed(&school, &tokens[0]).await;
        let proposal = "whom=everyone&until=month&risk=None.";
        manager.post(&format!("{page}/proposal"), proposal).await;
        let blocked = manager.post(&format!("{page}/refusal"), "refusal=no").await;
        assert_eq!(blocked.status, StatusCode::UNPROCESSABLE_ENTITY, "it waits for somebody else now");
        // A network manager is no second person, whoever proposed it.
        assert_eq!(manager.get(&format!("{page}/agreement")).await.status, StatusCode::NOT_FOUND);
        let words = format!("proposal={}&disagreement=For+one+class+only.", shown(&head, &page).await);
        head.post(&format!("{page}/disagreement"), &words).await;
        let after = manager.get(&page).await;
        assert!(after.body.contains("For one class only."), "{}", after.body);
        manager.post(&format!("{page}/proposal"), proposal).await;
        assert_eq!(manager.post(&format!("{page}/withdrawal"), "").await.location(), page);
        let refused = manager.post(&format!("{page}/refusal"), "refusal=Play+at+home.").await;
        assert_eq!(refused.status, StatusCode::SEE_OTHER, "{}", refused.body);
        assert_eq!(school.get(TABLET, sent.location()).await.words("h1"), ["Request refused"]);
    }
}

/// Ends every duty of a person.
async fn left(test: &TestDatabase, person: u32) {
    let mut tx = test.db.begin().await.unwrap();
    for one in duty::all(&mut tx, &permit::<duty::ReadDuties>(())).await.unwrap() {
        if one.given.person.0 == person {
            duty::end(&mut tx, &permit::<duty::EndDuty>(one.id), MONDAY).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_somebody_proposed_who_may_no_longer_waits_for_nobody() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "network-manager"), (3, "online-safety-lead")]).await;
        let school = School::new(&test, None);
        let sent = school.post(TABLET, "/requests", "site=games.example&what=chess&how-long=day").await;
        let page = format!("/staff{}", sent.location());
        let (head, manager) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        let proposal = "whom=everyone&until=month&risk=None.";
        manager.post(&format!("{page}/proposal"), proposal).await;
        let words = format!("proposal={}&agreement=Yes.", shown(&head, &page).await);
        left(&test, 2).await;
        let agreed = head.post(&format!("{page}/agreement"), &words).await;
        assert_eq!(agreed.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: {}", test.engine, agreed.body);
        assert!(agreed.body.contains("Nothing waits for an answer here"), "{}", agreed.body);
        // Another proposes it in its place.
        let lead = welcomed(&school, &tokens[2]).await;
        let again = lead.post(&format!("{page}/proposal"), proposal).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.body);
        let words = format!("proposal={}&agreement=Yes.", shown(&head, &page).await);
        assert_eq!(head.post(&format!("{page}/agreement"), &words).await.location(), page);
    }
}

#[tokio::test]
async fn an_answer_from_the_command_line_ends_what_waits_for_a_second_person() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "network-manager")]).await;
        let school = School::new(&test, None);
        let sent = school.post(TABLET, "/requests", "site=games.example&what=chess&how-long=day").await;
        let page = format!("/staff{}", sent.location());
        let (head, manager) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        manager.post(&format!("{page}/proposal"), "whom=everyone&until=month&risk=None.").await;
        let words = format!("proposal={}&agreement=Yes.", shown(&head, &page).await);
        let mut tx = test.db.begin().await.unwrap();
        let reference: Reference = sent.location().strip_prefix("/requests/").unwrap().parse().unwrap();
        let refusing = permit::<RefuseRequest>(reference);
        filtering::site_request::actions::refuse(&mut tx, &refusing, "Play at home.", MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        let late = head.post(&format!("{page}/agreement"), &words).await;
        assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", test.engine);
        let shown = head.get(&page).await;
        assert!(shown.body.contains("A proposal was overtaken by the answer"), "{}", shown.body);
        let mut tx = test.db.read().await.unwrap();
        assert!(
            !register::approval::is_overdue(&mut tx, MONDAY.plus_millis(i64::from(u32::MAX))).await.unwrap()
        );
    }
}

#[tokio::test]
async fn a_second_person_sees_what_waits_for_them_and_no_more() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "online-safety-governor"), (2, "network-manager")]).await;
        let school = School::new(&test, None);
        let mut pages = Vec::new();
        for site in ["games.example", "play.example"] {
            let body = format!("site={site}&what=chess&how-long=day");
            let sent = school.post(TABLET, "/requests", &body).await;
            pages.push(format!("/staff{}", sent.location()));
        }
        let (governor, manager) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        let before = governor.get("/today").await;
        assert!(!before.body.contains("1 request") && before.words("h1") == ["Today"], "{}", before.body);
        assert!(governor.get("/staff/requests").await.body.contains("Nothing waits for an answer"));
        for path in [pages[0].clone(), format!("{}/agreement", pages[0])] {
            assert_eq!(governor.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        manager.post(&format!("{}/proposal", pages[0]), "whom=group%3Apupils&until=hour&risk=Low.").await;
        assert!(governor.get("/today").await.body.contains("1 request"));
        assert_eq!(governor.get("/staff/requests").await.words("tbody th"), ["games.example"]);
        let seen = governor.get(&format!("{}/agreement", pages[0])).await;
        assert!(seen.body.contains("Low.") && !seen.body.contains("Who asked"), "{}", seen.body);
        assert_eq!(governor.get(&pages[1]).await.status, StatusCode::NOT_FOUND);
        let refused = governor.post(&format!("{}/refusal", pages[0]), "refusal=no").await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", test.engine);
        let words = format!("proposal={}&agreement=Yes.", shown(&governor, &pages[0]).await);
        let agreed = governor.post(&format!("{}/agreement", pages[0]), &words).await;
        assert_eq!(
            (agreed.status, agreed.location()),
            (StatusCode::SEE_OTHER, "/staff/requests"),
            "{}",
            agreed.body
        );
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_and_takes_the_cookie_away() {
    for test in databases().await {
        let tokens = invited(&test, &[]).await;
        let school = School::new(&test, None);
        let who = welcomed(&school, &tokens[0]).await;
        let foreign = Request::post("/sign-out")
            .header("cookie", who.cookie.now())
            .header("sec-fetch-site", "cross-site");
        let foreign = school.ask(HERE, foreign.body(Body::empty()).unwrap()).await;
        assert_eq!(foreign.status, StatusCode::FORBIDDEN);
        let out = who.post("/sign-out", "").await;
        assert_eq!(out.location(), "/sign-in");
        assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
        assert_eq!(out.headers["clear-site-data"], "\"cache\"");
        assert_eq!(who.get("/me").await.status, StatusCode::SEE_OTHER, "{}", test.engine);
    }
}
