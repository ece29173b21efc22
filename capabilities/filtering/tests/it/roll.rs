//! The roll at the portal: who is on it, imports with their preview, and what whoever leaves hands over.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use testing::{MONDAY, databases};

use crate::school::{Answer, School};
use crate::staff::{HERE, Staff, invited, welcomed};

pub const TABLE: &str = "id,first name,last name,kind,year,class,shoe size,children\n\
    1,Ada,Bell,pupil,7,7B,4,\n2,Bo,Bell,pupil,8,8A,5,\n5,Cy,Dale,teacher,,7B,9,\n7,Di,Bell,parent,,,,1\n";

/// Sends a file as the form does.
pub async fn sent(staff: &Staff<'_>, name: &str, bytes: &[u8], fields: &[(&str, &str)]) -> Answer {
    let mut body = Vec::new();
    for (field, value) in fields {
        body.extend(
            format!("--b\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    let head = "--b\r\nContent-Disposition: form-data; name=\"roll\"; filename=\"";
    body.extend(format!("{head}{name}\"\r\nContent-Type: text/csv\r\n\r\n").bytes());
    body.extend(bytes);
    body.extend(b"\r\n--b--\r\n");
    let request = Request::post("/staff/roll/import")
        .header("cookie", staff.cookie.now())
        .header("content-type", "multipart/form-data; boundary=b")
        .header("sec-fetch-site", "same-origin");
    staff.school.ask(HERE, request.body(Body::from(body)).unwrap()).await
}

pub async fn imported(staff: &Staff<'_>, text: &str) -> String {
    let answer = sent(staff, "export.csv", text.as_bytes(), &[("source", "mis")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.location().to_owned()
}

#[tokio::test]
async fn a_roll_is_sent_looked_at_applied_and_undone_at_the_portal() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (2, "school-office"), (3, "teacher")]).await;
        let school = School::new(&test, None);
        let office = welcomed(&school, &tokens[1]).await;
        assert!(office.get("/today").await.words(".fivebar-bar a").contains(&"People".to_owned()));
        let nothing = sent(&office, "", b"", &[]).await;
        assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(nothing.body.contains("Select the file"), "{}", nothing.body);

        let page = imported(&office, TABLE).await;
        let preview = office.get(&page).await;
        assert_eq!(preview.words("h1"), ["Import 1: what would change"]);
        assert!(preview.words("h2").contains(&"Who comes".to_owned()), "{}", preview.body);
        assert!(
            preview.body.contains("Ada Bell") && preview.body.contains("Not used: shoe size"),
            "{}",
            preview.body
        );
        assert!(
            !office.get("/staff/roll").await.body.contains("Ada Bell"),
            "{}: nothing has changed",
            test.engine
        );
        let classes = office.get(&format!("{page}?show=class-joins")).await;
        assert!(classes.body.contains("In it from now on: Ada Bell"), "{}", classes.body);

        let asked = office.get(&format!("{page}/application")).await;
        assert_eq!(asked.words("h2").last().map(String::as_str), Some("Apply it?"));
        let done = office.post(&format!("{page}/application"), "").await;
        assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, page.as_str()));
        let roll = office.get("/staff/roll?kind=pupil").await;
        assert!(roll.body.contains("Ada Bell") && !roll.body.contains("Di Bell"), "{}", roll.body);
        let found = office.post("/staff/roll", "words=dale").await;
        assert!(
            found.body.contains("Cy Dale") && !found.body.contains("Ada Bell"),
            "{}: {}",
            test.engine,
            found.body
        );

        // Ada is person 4, after the three who sign in.
        let ada = office.get("/staff/roll/4").await;
        assert!(ada.body.contains("Year 7, Key stage 3") && ada.body.contains("7B"), "{}", ada.body);
        assert!(ada.body.contains("Di Bell"), "the office sees whose parent somebody is");

        let undoing = office.post(&format!("{page}/undoing"), "").await;
        let back = undoing.location().to_owned();
        let preview = office.get(&back).await;
        assert!(preview.words("h2").contains(&"Who leaves".to_owned()), "{}", preview.body);
        office.post(&format!("{back}/application"), "").await;
        assert!(!office.get("/staff/roll").await.body.contains("Ada Bell"), "{}: undone", test.engine);

        // Whoever may not is told that there is nothing here; a proof that is old is asked for again.
        let teacher = welcomed(&school, &tokens[2]).await;
        for path in ["/staff/roll", "/staff/roll/4", "/staff/roll/import", &page, "/staff/roll/4/leaving"] {
            assert_eq!(teacher.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(sent(&teacher, "a.csv", b"id\n", &[]).await.status, StatusCode::NOT_FOUND);
        school.clock.set(MONDAY.plus_millis(11 * 60_000));
        let again = office.get(&format!("{page}/application")).await;
        assert!(again.location().starts_with("/sign-in/again"), "{:?}", again.headers);
    }
}

#[tokio::test]
async fn a_preview_names_who_is_there_already_by_no_other_system() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        let table = format!("{TABLE}9,Hanna,Example,staff,,,,\n");
        let page = imported(&head, &table).await;
        let preview = head.get(&page).await;
        assert!(preview.body.contains("Somebody called so is on the roll already"), "{}", preview.body);
        let links = preview.words(".govuk-warning-text a");
        assert_eq!(links, ["Hanna Example"], "{}", test.engine);
        head.post(&format!("{page}/application"), "").await;
        // Whom a system keeps is told apart by its own ids.
        let page = imported(&head, &table.replace("Bo,Bell", "Bob,Bell")).await;
        let preview = head.get(&page).await;
        assert!(!preview.body.contains("Somebody called so"), "{}: {}", test.engine, preview.body);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_taken_says_what_to_do_and_changes_nothing() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        for (name, bytes, says) in [
            ("a.csv", &b"id,name\n1,Zo\xeb\n"[..], "UTF-8"),
            ("a.csv", b"colour\nblue\n", "no column is known as people"),
            ("a.zip", b"PK\x03\x04nonsense", "cannot be unpacked"),
            ("a.csv", b"", "empty"),
        ] {
            let answer = sent(&head, name, bytes, &[]).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{says}");
            assert!(answer.body.contains(says), "{says}: {}", answer.body);
        }
        let named = sent(&head, "a.csv", TABLE.as_bytes(), &[("source", "Ours & theirs")]).await;
        assert!(named.body.contains("A source is called by small letters"), "{}", named.body);
        let large =
            sent(&head, "a.csv", &vec![b'a'; people::roster::LARGEST_UPLOAD_BYTES + 100_000], &[]).await;
        assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
        // Which limit it is, and what to do.
        let says = large.words(".govuk-error-message").join(" ");
        assert!(says.contains("larger than 16 MB") && says.contains("one zip archive"), "{}", large.body);

        // A column that was read wrong is corrected, and the next file is read so.
        let columns = "source=mis&column-id=id&column-given=first+name&column-family=last+name&column-kind=kind&column-year=year&was-class=1&column-class=";
        let remembered = head.post("/staff/roll/import/columns", columns).await;
        let said = remembered.words("main").join(" ");
        assert!(said.contains("Remembered for mis") && said.contains("first name"), "{said}");
        assert!(said.contains("Class There is no such column"), "{said}");
        let page = imported(&head, TABLE).await;
        let preview = head.get(&page).await;
        assert!(preview.body.contains("Not used: class, shoe size"), "{}", preview.body);
        let dropped = head.post(&format!("{page}/drop"), "").await;
        assert_eq!(dropped.location(), "/staff/roll/import");
        assert!(head.get(&page).await.body.contains("Dropped"), "{}", test.engine);
    }
}

#[tokio::test]
async fn a_table_with_headings_that_nobody_knows_is_read_once_somebody_says_which_is_which() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        let table = b"Child;NC Yr Grp;Birthday\nAda Bell;5;2016-03-02\nBo Bell;6;2015-03-02\n";
        let asked = sent(&head, "a.csv", table, &[]).await;
        assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
        let headings = asked.words("#column-name option");
        assert_eq!(headings.len(), 5, "{headings:?}");
        assert!(headings.contains(&"NC Yr Grp".to_owned()), "{headings:?}");
        assert!(asked.body.contains("go by name and date of birth"), "{}", asked.body);
        let fields = [
            ("kind", "pupil"),
            ("column-id", "none"),
            ("column-name", "is:Child"),
            ("column-year", "is:NC Yr Grp"),
            ("column-born", "is:Birthday"),
        ];
        let taken = sent(&head, "a.csv", table, &fields).await;
        assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.body);
        let preview = head.get(taken.location()).await;
        assert!(preview.body.contains("Ada Bell") && preview.body.contains("Year 5"), "{}", preview.body);
        // It is remembered for the next file of the same kind.
        let again = sent(&head, "b.csv", table, &[("kind", "pupil")]).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.body);
    }
}

#[tokio::test]
async fn what_a_leaver_had_is_handed_over_on_one_page() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "head"), (1, "dsl"), (2, "deputy-dsl")]).await;
        let school = School::new(&test, None);
        let head = welcomed(&school, &tokens[0]).await;
        let page = imported(&head, TABLE).await;
        head.post(&format!("{page}/application"), "").await;

        let own = head.get("/staff/roll/2/leaving").await;
        assert_eq!(own.words("h3"), ["Deputy designated safeguarding lead"]);
        let tree = scraper::Html::parse_document(&own.body);
        let form =
            web::check::all(&tree, "form[action*='/leaving/duties/']")[0].attr("action").unwrap().to_owned();
        let wrong = head.post(&form, "then=hand&to=Nobody+Atall").await;
        assert!(wrong.body.contains("Enter the name or number of somebody on the roll"), "{}", wrong.body);
        let done = head.post(&form, "then=hand&to=cy+dale").await;
        assert_eq!(done.location(), "/staff/roll/2/leaving", "{}", done.body);
        assert!(head.get("/staff/roll/2/leaving").await.body.contains("Nothing is left to hand over"));
        let cy = head.get("/staff/roll/6/leaving").await;
        assert_eq!(cy.words("h3"), ["Deputy designated safeguarding lead"], "{}", test.engine);

        // Cy leaves: the next file does not name them. What they held is shown as open, and handed on.
        let without = TABLE.replace("5,Cy,Dale,teacher,,7B,9,\n", "");
        let page = imported(&head, &without).await;
        head.post(&format!("{page}/application"), "").await;
        let cy = head.get("/staff/roll/6/leaving").await;
        assert!(cy.body.contains("has left: they are signed out"), "{}", cy.body);
        assert_eq!(cy.words("h3"), ["Deputy designated safeguarding lead"], "{}", test.engine);
        let tree = scraper::Html::parse_document(&cy.body);
        let form =
            web::check::all(&tree, "form[action*='/leaving/duties/']")[0].attr("action").unwrap().to_owned();
        assert!(head.post(&form, "then=end").await.body.contains("Enter who takes this over"));
        head.post(&form, "then=hand&to=3").await;
        assert!(head.get("/staff/roll/6/leaving").await.body.contains("Nothing is left"), "{}", test.engine);
    }
}

#[tokio::test]
async fn a_court_s_restriction_is_seen_by_those_who_may() {
    for test in databases().await {
        let tokens = invited(&test, &[(1, "dsl"), (2, "network-manager"), (1, "head")]).await;
        let school = School::new(&test, None);
        let (lead, manager) = (welcomed(&school, &tokens[0]).await, welcomed(&school, &tokens[1]).await);
        let page = imported(&manager, TABLE).await;
        manager.post(&format!("{page}/application"), "").await;
        let marking = "/staff/roll/4/adults/7";
        assert_eq!(lead.get(marking).await.words("h1"), ["Parental responsibility and contact"]);
        let half = lead.post(marking, "restricted=yes").await;
        assert_eq!(half.status, StatusCode::UNPROCESSABLE_ENTITY);
        let done = lead.post(marking, "responsibility=no&restricted=yes").await;
        assert_eq!(done.location(), "/staff/roll/4", "{}", done.body);
        let seen = lead.get("/staff/roll/4").await;
        assert!(
            seen.body.contains("A court restricts this contact") && seen.body.contains("no parental"),
            "{}",
            seen.body
        );
        let hidden = manager.get("/staff/roll/4").await;
        assert!(
            !hidden.body.contains("court") && !hidden.body.contains("Di Bell"),
            "{}: {}",
            test.engine,
            hidden.body
        );
        assert_eq!(manager.get(marking).await.status, StatusCode::NOT_FOUND);
        // Nor in a preview.
        let preview = imported(&manager, &TABLE.replace(",,,,1\n", ",,,,2\n")).await;
        let seen = manager.get(&format!("{preview}?show=relation-kept")).await;
        // The page asks in which column it stands, and says of nobody that it does.
        let said = seen.body.replace("Contact restricted by a court", "");
        assert!(!said.contains("court") && !said.contains("Di Bell, of"), "{}", seen.body);
    }
}
