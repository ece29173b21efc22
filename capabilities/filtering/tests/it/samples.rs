//! Every page in every state: empty, typical, longest plausible, each error. Checked for structure here; where
//! `FIVEBAR_SAMPLES` names a folder they are also written there, for a browser to judge.

use axum::http::header::CONTENT_SECURITY_POLICY;
use backups::kept::{Depth, Drill, Made, Problem};
use backups::{Keep, Owed, Rule, Wanted, weekday_of};
use engine::catalogue::OpenSite;
use engine::{Identity, Saying, Step};
use filtering::activity_log::views as activity_views;
use filtering::asker::Asker;
use filtering::filter_test::{self, CheckResult, Content, Kept, Report, views as test_views};
use filtering::health::back_up_views::{BackUps, back_ups};
use filtering::health::backups::BackUp;
use filtering::health::kept_views::kept;
use filtering::list::{List, ListReport, Status, views as list_views};
use filtering::overrides::Whom;
use filtering::own_words::views as words_views;
use filtering::portal::monday::{Line, Monday};
use filtering::portal::today;
use filtering::portal::views::Recent;
use filtering::portal::{NO_LIVE_FEED, NamedBy, Refusal, speech, views};
use filtering::site::Site;
use filtering::site_report::{Kind, Outcome, SiteReport, Tell};
use filtering::site_request::agreeing::{Proposed, Terms};
use filtering::site_request::staff_views::{self, Seen};
use filtering::site_request::{Ask, HowLong, SiteRequest, State};
use filtering::{site_report, site_request};
use http_body_util::BodyExt as _;
use kit::{Ids, Private, Zone};
use people::account::passkeys::views as passkeys;
use people::account::recovery::{self, Recovery};
use people::account::{Name, Token, codes, views as people_views};
use register::approval::{Approval, State as ApprovalState};
use store::retention::{Last, Retention};
use testing::MONDAY;
use web::{Mistakes, Page, Shell, Submitted};
use words::{SOURCE, Say, Words};

use crate::school::help;

const TICKET: &str = "dGhpcyBpcyBub3QgYSB0aWNrZXQ";

fn long_host() -> String {
    format!("{}.{}.example", "a".repeat(63), "b".repeat(63))
}

fn many_helpers() -> Vec<OpenSite> {
    (0..24)
        .map(|number| OpenSite {
            name: format!("A helpline for children and young people in region number {number}"),
            about: "Somebody to talk to, by telephone or online, at any hour. ".repeat(4),
            domains: vec![format!("help{number}.example")],
            ..OpenSite::default()
        })
        .collect()
}

fn refusal(host: &str, step: Step, offer_help: bool, may_ask: bool) -> Refusal {
    Refusal {
        host: Some(host.into()),
        at: MONDAY,
        step,
        saying: Saying {
            reason: "The school's rules do not allow this now: Games.".into(),
            category: Some("Games".into()),
            may_ask,
            offer_help,
            label: "reason.use",
            ..Saying::default()
        },
        category: Some(1),
    }
}

fn named_by(count: usize) -> Vec<NamedBy> {
    (0..count)
        .map(|number| NamedBy {
            list: format!("source-{number}/games"),
            licence: (number % 2 == 0).then(|| "CC BY-SA 4.0".to_owned()),
            first_seen: "2026-11-23".into(),
        })
        .collect()
}

fn request(words: &str, state: State) -> SiteRequest {
    SiteRequest {
        id: Ids::default().make(MONDAY),
        reference: "R-7KQ4M2HX".parse().unwrap(),
        ask: Ask {
            site: Site { host: long_host(), path: None },
            words: Private::new(words.into()),
            how_long: HowLong::Unsure,
            asker: Asker::at([10, 0, 0, 1].into(), &Identity::default()),
        },
        created_at: MONDAY,
        state,
    }
}

fn report(outcome: Outcome) -> SiteReport {
    SiteReport {
        id: Ids::default().make(MONDAY),
        reference: "P-7KQ4M2HX".parse().unwrap(),
        tell: Tell {
            kind: Kind::ShouldBeClosed,
            site: Site { host: "bad.example".into(), path: None },
            words: Private::default(),
            asker: Asker::at([10, 0, 0, 1].into(), &Identity::default()),
        },
        created_at: MONDAY,
        outcome,
    }
}

/// The pages that a child or a parent meets, in one language.
fn open_samples(say: &Say) -> Vec<(&'static str, Page)> {
    let zone = Zone::named("Europe/London").unwrap();
    let few = help();
    let many = many_helpers();
    let long = "word ".repeat(400);
    let only = |names: &[&'static str]| {
        let mut mistakes = Mistakes::default().spoken(say.say("page.problem"), say.say("page.error"));
        for name in names {
            mistakes.add(name, "Enter what is missing here");
        }
        mistakes
    };
    let long_form = Submitted::of([("site", long_host().as_str()), ("what", &long), ("how-long", "term")]);
    let empty = Submitted::default();
    let recent: Vec<_> = (0..10).map(|_| refusal(&long_host(), Step::PermittedUse, true, true)).collect();
    let plain = [refusal("games.example", Step::School, false, true)];
    let answer = || long.clone();
    let (at, ends_at) = (MONDAY, MONDAY.plus_millis(3_600_000));
    vec![
        ("first", views::first(say, "Fivebar at a village primary")),
        ("why-typical", views::why(say, &plain[0], &named_by(2), TICKET, &few, &zone)),
        (
            "why-may-hurt",
            views::why(
                say,
                &refusal("harm.example", Step::PermittedUse, true, true),
                &[],
                TICKET,
                &few,
                &zone,
            ),
        ),
        (
            "why-longest",
            views::why(
                say,
                &refusal(&long_host(), Step::PermittedUse, true, true),
                &named_by(12),
                TICKET,
                &many,
                &zone,
            ),
        ),
        (
            "why-sealed",
            views::why(say, &refusal("x.example", Step::Sealed, false, false), &[], TICKET, &few, &zone),
        ),
        (
            "why-locked",
            views::why(say, &refusal("x.example", Step::LockedBlock, false, false), &[], TICKET, &[], &zone),
        ),
        ("recent-empty", views::recent(say, &Recent::These(Vec::new()), false, &few, &zone)),
        ("recent-typical", views::recent(say, &Recent::These(plain.to_vec()), false, &few, &zone)),
        ("recent-longest", views::recent(say, &Recent::These(recent.clone()), true, &many, &zone)),
        ("recent-unavailable", views::recent(say, &Recent::NotNow, true, &few, &zone)),
        ("recent-whose", views::recent(say, &Recent::WhoseDevice, true, &few, &zone)),
        ("help-empty", views::help(say, &[])),
        ("help-typical", views::help(say, &few)),
        ("help-longest", views::help(say, &many)),
        ("request-empty", site_request::views::form(say, &empty, &Mistakes::default())),
        ("request-wrong", site_request::views::form(say, &empty, &only(&["site", "what", "how-long"]))),
        ("request-longest", site_request::views::form(say, &long_form, &only(&["what"]))),
        ("request-open", site_request::views::answer(say, &request("Chess club", State::Open), &zone)),
        (
            "request-approved",
            site_request::views::answer(
                say,
                &request(&long, State::Approved { answer: answer(), at, ends_at }),
                &zone,
            ),
        ),
        (
            "request-refused",
            site_request::views::answer(say, &request("x", State::Refused { answer: answer(), at }), &zone),
        ),
        ("report-empty", site_report::views::form(say, &empty, &Mistakes::default())),
        ("report-wrong", site_report::views::form(say, &empty, &only(&["site", "kind", "what"]))),
        ("report-longest", site_report::views::form(say, &long_form, &only(&["what"]))),
        ("report-open", site_report::views::answer(say, &report(Outcome::Open), &zone)),
        (
            "report-changed",
            site_report::views::answer(say, &report(Outcome::Changed { answer: answer(), at }), &zone),
        ),
        (
            "report-left",
            site_report::views::answer(say, &report(Outcome::LeftAsItIs { answer: "No.".into(), at }), &zone),
        ),
    ]
}

/// A list that needs somebody.
fn erased(problem: &str) -> Last {
    let rows = [("session", 1_204), ("outbox", 17), ("site_request", 3)];
    let erased = rows.into_iter().map(|(table, rows)| (table.to_owned(), rows)).collect();
    Last { at_ms: MONDAY.as_millis(), erased, problem: problem.to_owned() }
}

fn rule_of_back_ups() -> Rule {
    Rule {
        wanted: Some(Wanted {
            from_minute: 150,
            days: ["monday", "thursday"].iter().filter_map(|day| weekday_of(day)).collect(),
        }),
        keep: Keep::default(),
        drill_every_days: 90,
        place: "s3://a-bucket-with-a-long-name/and-a-folder".into(),
        encrypted: true,
    }
}

fn made_back_ups() -> Vec<Made> {
    let made = |number: i64, removed| Made {
        name: format!("fivebar-3f9ab01c22-{number}"),
        made_at: MONDAY.plus_millis(-number * 86_400_000),
        place: "s3://a-bucket-with-a-long-name/and-a-folder at s3.eu-west-2.amazonaws.com".into(),
        bytes: 12_345_678,
        sha256: "ab".repeat(32),
        encrypted: true,
        entries: 4_000,
        took_ms: 65_000,
        left_out: "the certificate of encrypted DNS, which root alone may read.".into(),
        removed_at: removed,
    };
    vec![made(1, None), made(8, Some(MONDAY))]
}

fn drills_of_back_ups() -> Vec<Drill> {
    let drill = |number, depth, passed| Drill {
        number,
        at: MONDAY,
        run_by: "job:back-ups".into(),
        backup: "fivebar-3f9ab01c22-1".into(),
        depth,
        passed,
        took_ms: 125_000,
        says: "Restored: 31 files, 4211 rows in 40 tables, every one as it was written. ".repeat(3),
    };
    vec![drill(3, Depth::Restored, false), drill(2, Depth::Restored, true), drill(1, Depth::Read, true)]
}

fn too_short() -> Mistakes {
    let mut mistakes = Mistakes::default();
    mistakes.add("password", "Enter 12 characters or more");
    mistakes
}

fn lost_braces() -> Mistakes {
    let mut mistakes = Mistakes::default();
    mistakes.add("text", "In braces must stand {site}, and there stands none");
    mistakes
}

fn words_page(tag: &str, find: &str, mistakes: &Mistakes) -> Page {
    let words = Words::built_in();
    let labels = words_views::Label::all(&words, tag).unwrap();
    let may = words_views::Who { words: true, help: true };
    words_views::language(words.language(tag).unwrap(), &labels, find, may, &Submitted::default(), mistakes)
}

fn words_label(tag: &str, is_said: bool, mistakes: &Mistakes) -> Page {
    let words = Words::built_in();
    let labels = words_views::Label::all(&words, tag).unwrap();
    let label = labels.iter().find(|label| label.key == "block.site").unwrap();
    let form = Submitted::of([("text", "My own words without the braces")]);
    let change = |before: Option<&str>, now: Option<&str>| words_views::Earlier {
        by: "Hanna Example".into(),
        change: filtering::own_words::WordChange {
            id: "word-change_0190163d8694739baea5966c26f8ad91".parse().unwrap(),
            language: tag.into(),
            label: label.key.clone(),
            before: before.map(str::to_owned),
            now: now.map(str::to_owned),
            by: "person:6".into(),
            at: MONDAY,
        },
    };
    let earlier = [change(Some("It is {site}."), None), change(None, Some("It is {site}."))];
    let zone = kit::Zone::named("Europe/London").unwrap();
    words_views::label(words.language(tag).unwrap(), label, (&earlier, &zone), is_said, &form, mistakes)
}

fn odd_list() -> list_views::Line {
    let list = List {
        id: format!("source/{}", "games-".repeat(12)),
        version: 3,
        categories: vec!["games".into()],
        source: format!("https://{}/list.txt", long_host()),
        state: filtering::list::State::Active,
        sha256: String::new(),
        report: ListReport { accepted: 1_000_000, ..ListReport::default() },
        imported_at: MONDAY,
    };
    let status = Status { list, note: None, waits: Some("word ".repeat(40)), web: None };
    list_views::Line { status, about: "Games".into() }
}

/// A test that failed.
fn failed_test() -> Kept {
    let content = Content::built_in().unwrap();
    let mut checks: Vec<CheckResult> = content.checks.iter().map(CheckResult::of).collect();
    checks[0].count(filter_test::Answer::Records, false, || filter_test::Asked {
        group: "year-9".into(),
        name: long_host(),
        category: Some("games".into()),
        answer: filter_test::Answer::Records,
        should: "refused, since the table says so.".into(),
    });
    checks[1].leave_open("search engines", "year-9", "search is off");
    let report = Report {
        passed: false,
        content: content.version.clone(),
        policy: 2,
        groups: vec!["year-9".into()],
        all_groups: false,
        server: "127.0.0.1:53".into(),
        notice: Some(NO_LIVE_FEED.into()),
        rows: Report::rows_of(&content, &checks),
        checks,
    };
    Kept { number: 7, at: MONDAY, run_by: "job:filter-test".into(), report }
}

/// Pages of signing in, and those of whoever did.
fn staff_samples() -> Vec<(&'static str, Page)> {
    let rule = rule_of_back_ups();
    let no_back_ups =
        BackUps { rule: Some(&rule), owed: &[], now: None, made: &[], drills: &[], by_hand: &[] };
    let (made, drills) = (made_back_ups(), drills_of_back_ups());
    let problem =
        Problem { at: MONDAY, why: "/srv/back-ups: there is no such folder".into(), no_backup: true };
    let by_hand = [BackUp {
        at: MONDAY,
        by: "command-line:1000".into(),
        encrypted: false,
        entries: Some(12),
        restored: false,
    }];
    let zone = Zone::named("Europe/London").unwrap();
    let (empty, nothing) = (Submitted::default(), Mistakes::default());
    let long = "word ".repeat(400);
    let only = |names: &[&'static str]| {
        let mut mistakes = Mistakes::default();
        for name in names {
            mistakes.add(name, "Enter what is missing here");
        }
        mistakes
    };
    let (token, name) = (Token::of([3; 32]), Name::typed("a.example").unwrap());
    let (at, ends_at) = (MONDAY, MONDAY.plus_millis(3_600_000));
    let proposed = |own_words: &str| Proposed {
        id: Ids::default().make(MONDAY),
        terms: Terms { whom: Whom::Group("year-9".into()), ends_at, risk: Private::new(own_words.into()) },
        by: "person:1".into(),
        at,
        lapses_at: ends_at,
    };
    let seen = |own, answering| Seen {
        sees_asker: true,
        own,
        may_refuse: true,
        may_propose: true,
        may_agree: true,
        may_open_alone: false,
        answering,
        holds: None,
        about: None,
        alone: Vec::new(),
        groups: (7..=13).map(|year| (format!("year-{year}"), format!("Year {year}"))).collect(),
        asker: Some(Private::new("Ada Example".into())),
        device_of: own.then(|| Private::new("Cy Example".into())),
        whom: Some(Private::new("Bo Example".into())),
        proposer: Some(Private::new("Bo Example".into())),
    };
    let before = Approval {
        id: Ids::default().make(MONDAY),
        kind: "request.approve".into(),
        subject: String::new(),
        terms: serde_json::Value::Null,
        reason: String::new(),
        proposed_by: "person:1".into(),
        proposed_at: at,
        lapses_at: ends_at,
        state: ApprovalState::Refused { by: "person:2".into(), at, words: long.clone() },
    };
    let secret = codes::CodeSecret::of([7; 20]);
    let recovery_of = || Recovery {
        person: engine::PersonNo(3),
        approval: Approval { reason: long.clone(), state: ApprovalState::Waiting, ..before.clone() },
    };
    let ada = || Some(Private::new("Ada Example".to_owned()));
    let waits = || recovery::views::Line { recovery: recovery_of(), name: ada() };
    let recovering =
        |own| recovery::views::Shown { recovery: recovery_of(), name: ada(), proposer: ada(), own };
    let open = request("Chess club", State::Open);
    let longest = request(&long, State::Approved { answer: long.clone(), at, ends_at });
    let one = |request: &SiteRequest, proposed: Option<&Proposed>, seen: &Seen, mistakes: &Mistakes| {
        staff_views::one(request, proposed, std::slice::from_ref(&before), seen, &empty, mistakes, &zone)
    };
    let line = |request: &SiteRequest, proposed| staff_views::Line {
        request: request.clone(),
        proposed,
        alone: false,
    };
    let asked = passkeys::Asked { options: "{}".into(), state: "AAAA".into() };
    let elsewhere = ["Google", "the school’s own account"].map(|name| people::account::provider::Way {
        name: name.into(),
        href: "/sign-in/with/google?back=%2Ftoday".into(),
    });
    let passkey = |stopped| passkeys::Shown {
        id: "passkey_018f6d2c-5b6e-7cc3-98c4-dc0c0c07398f".into(),
        called: if stopped { "Key".into() } else { long.clone() },
        made_at: MONDAY,
        used_at: Some(MONDAY),
        stopped,
    };
    vec![
        ("sign-in", people_views::sign_in(&empty, Some(&asked), &elsewhere, &nothing)),
        ("sign-in-wrong", people_views::sign_in(&empty, Some(&asked), &[], &only(&["name", "password"]))),
        ("sign-in-not-private", people_views::not_private()),
        ("welcome", people_views::welcome(&token, &name, 15, &nothing)),
        ("welcome-wrong", people_views::welcome(&token, &name, 10, &only(&["password", "repeated"]))),
        ("welcome-ended", people_views::no_welcome()),
        ("sign-in-code", codes::views::code(&empty, &nothing)),
        ("sign-in-code-wrong", codes::views::code(&empty, &only(&["code"]))),
        (
            "staff-codes-set-up",
            codes::views::set_up(
                &secret,
                ("AAAA", "/me"),
                "Fivebar at a village primary",
                &name,
                &only(&["code"]),
            ),
        ),
        ("staff-codes", codes::views::there(MONDAY, 1, &zone, &nothing)),
        (
            "staff-recovery-codes",
            codes::views::recovery(&vec![Private::new("7KQ4-M2HX-9TRB".into()); 10], "/me"),
        ),
        ("staff-recoveries-empty", recovery::views::all(&[], &empty, &only(&["whose", "reason"]), &zone)),
        ("staff-recoveries", recovery::views::all(&[waits(), waits()], &empty, &nothing, &zone)),
        ("staff-recovery-own", recovery::views::one(&recovering(true), &empty, &nothing, &zone)),
        (
            "staff-recovery",
            recovery::views::one(&recovering(false), &empty, &only(&["agreement", "disagreement"]), &zone),
        ),
        ("staff-recovery-link", recovery::views::link(None, "https://portal.example/welcome/AAAA")),
        (
            "staff-prove-here",
            people_views::prove_here(
                "/staff",
                &Submitted::of([("agreement", long.as_str())]),
                &people_views::Ways { has_codes: true, asked: Some(&asked), elsewhere: true },
                &only(&[people_views::PROOF]),
            ),
        ),
        ("staff-again", people_views::again(&empty, true, Some(&asked), &elsewhere, &only(&["password"]))),
        ("staff-only-way", people_views::only_way()),
        ("staff-other-proof-first", people_views::other_proof_first(true)),
        ("passkeys-empty", passkeys::own(&[], Some(&asked), "", &zone, &nothing)),
        ("passkeys-none-here", passkeys::own(&[], None, "", &zone, &nothing)),
        (
            "passkeys",
            passkeys::own(&[passkey(false), passkey(true)], Some(&asked), &long, &zone, &only(&["called"])),
        ),
        (
            "passkey",
            passkeys::one(&passkey(false), &long, passkeys::Then::DutiesRest, &zone, &only(&["called"])),
        ),
        (
            "passkey-stopped",
            passkeys::one(&passkey(true), "Key", passkeys::Then::PasswordAlone, &zone, &nothing),
        ),
        ("staff-requests-empty", staff_views::waiting(&[], &zone)),
        (
            "staff-requests",
            staff_views::waiting(
                &[line(&open, None), line(&open, Some(proposed("risk"))), line(&longest, None)],
                &zone,
            ),
        ),
        ("staff-request", one(&open, None, &seen(false, false), &nothing)),
        (
            "staff-request-wrong",
            one(&open, None, &seen(false, false), &only(&["whom", "until", "risk", "refusal"])),
        ),
        ("staff-request-own", one(&open, Some(&proposed("risk")), &seen(true, false), &nothing)),
        ("staff-request-second", one(&open, Some(&proposed(&long)), &seen(false, false), &nothing)),
        (
            "staff-request-agreeing",
            one(&open, Some(&proposed("risk")), &seen(false, true), &only(&["agreement", "disagreement"])),
        ),
        ("staff-request-answered", one(&longest, None, &seen(false, false), &nothing)),
        ("staff-today-empty", today::page(&Monday::default(), &[])),
        (
            "staff-today",
            today::page(
                &Monday {
                    told: vec![Line {
                        words: "A request waits (3)".into(),
                        href: Some("/staff/requests"),
                        why: Some(long.clone()),
                    }],
                    waiting: vec![Line {
                        words: "12 requests".into(),
                        href: Some("/staff/requests"),
                        why: None,
                    }],
                    since: "Monday 16 November".into(),
                    changed: vec![Line { words: long.clone(), href: None, why: Some(long.clone()) }],
                    ignore: vec![Line {
                        words: "Back-ups".into(),
                        href: Some("/"),
                        why: Some("made".into()),
                    }],
                },
                &[("Lists of sites".into(), "/staff/lists".into())],
            ),
        ),
        (
            "staff-own-password",
            people_views::own_password(&Name::typed("h.example").unwrap(), 12, &too_short()),
        ),
        ("staff-password-is-given", people_views::password_is_given()),
        ("staff-words", words_views::languages(&Words::built_in())),
        ("staff-words-none", words_page("ar", "zzzz", &Mistakes::default())),
        ("staff-words-welsh", words_page("cy", "", &Mistakes::default())),
        ("staff-words-arabic-label", words_label("ar", true, &Mistakes::default())),
        ("staff-words-label-wrong", words_label("cy", false, &lost_braces())),
        ("staff-lists-odd", list_views::all(&[odd_list()], &[], &zone)),
        ("staff-back-ups-none", back_ups(&BackUps { rule: None, ..no_back_ups }, &zone)),
        ("staff-back-ups-empty", back_ups(&no_back_ups, &zone)),
        (
            "staff-back-ups",
            back_ups(
                &BackUps {
                    owed: &[Owed::Failed(problem.clone()), Owed::DrillDue(None)],
                    now: Some("putting it where it lies, 40 %"),
                    made: &made,
                    drills: &drills,
                    by_hand: &by_hand,
                    ..no_back_ups
                },
                &zone,
            ),
        ),
        ("staff-kept", kept(&Retention::built_in().unwrap(), Some(&erased("")), &zone)),
        (
            "staff-kept-not-all",
            kept(&Retention::built_in().unwrap(), Some(&erased("the database refused: a lock")), &zone),
        ),
        ("staff-filter-test", test_views::one(&failed_test(), &zone)),
        (
            "staff-filter-tests-failed",
            test_views::all(&[failed_test()], Some("the gate did not answer"), MONDAY, &zone),
        ),
        ("staff-days", activity_views::days(&[("2026-11-23".into(), 900, 70)], Some(&[(long_host(), 70)]))),
    ]
}

/// The pages of whoever signs in, in the language that is spoken.
pub fn house_samples() -> Vec<(&'static str, Page)> {
    staff_samples()
        .into_iter()
        .chain(crate::roll_samples::samples())
        .chain(crate::roll_samples::house_samples())
        .chain(crate::card_samples::samples())
        .chain(crate::inviting_samples::samples())
        .chain(crate::account_samples::samples())
        .chain(crate::desk_samples::samples())
        .chain(crate::notice_samples::samples())
        .chain(crate::report_samples::samples())
        .chain(crate::override_samples::samples())
        .chain(crate::withheld_samples::samples())
        .chain(crate::access_trail::samples())
        .collect()
}

#[tokio::test]
async fn every_page_in_every_state_is_well_made() {
    let shell = Shell {
        service: "Fivebar at a village primary".into(),
        notices: vec![NO_LIVE_FEED.into()],
        links: vec![("Get help".into(), "/help".into())],
        ..Shell::default()
    };
    let staff = Shell {
        signed_in: Some(web::page::SignedIn {
            name: Private::new("A. Name-That Is-Longer Than-Most-Names-Are".into()),
            links: [("Today", "/today"), ("Requests", "/staff/requests")]
                .map(|(words, href)| (words.into(), href.into()))
                .into(),
        }),
        ..shell.clone()
    };
    let folder = std::env::var_os("FIVEBAR_SAMPLES").map(std::path::PathBuf::from);
    let words = Words::built_in();
    let mut all: Vec<(String, Page, Shell)> = Vec::new();
    for language in words.languages() {
        let say = words.speak(&language.tag);
        let shell = Shell { spoken: Some(speech::spoken(&say, "/why")), ..shell.clone() };
        let named =
            |name: &str| if say.tag() == SOURCE { name.to_owned() } else { format!("{name}-{}", say.tag()) };
        all.extend(open_samples(&say).into_iter().map(|(name, page)| (named(name), page, shell.clone())));
    }
    for tag in ["en", "cy"] {
        let said = web::speech::spoken_in(words.speak(tag), || {
            let spoken = web::speech::shell_here();
            let (staff, shell) =
                (Shell { spoken: spoken.clone(), ..staff.clone() }, Shell { spoken, ..shell.clone() });
            let of = |name: &str| if name.starts_with("staff") { staff.clone() } else { shell.clone() };
            let named = |name: &str| if tag == SOURCE { name.to_owned() } else { format!("{name}-{tag}") };
            house_samples().into_iter().map(|(name, page)| (named(name), page, of(name))).collect::<Vec<_>>()
        });
        all.extend(said);
    }
    // A browser looks at the languages that differ most in script and direction; the structure of all is looked at here.
    let seen = |name: &str| {
        let other = words.languages().iter().find(|language| name.ends_with(&format!("-{}", language.tag)));
        other.is_none_or(|language| ["cy", "ur", "ar", "pl"].contains(&language.tag.as_str()))
    };
    for (name, page, shell) in all {
        let tag = shell.spoken.as_ref().map_or(SOURCE, |spoken| spoken.tag.as_str());
        let response = web::speech::spoken_in(words.speak(tag), || shell.respond(&page));
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let html = std::str::from_utf8(&body).unwrap();
        assert_eq!(web::check::page(html), Vec::<String>::new(), "{name}");
        if let Some(folder) = folder.as_ref().filter(|_| seen(&name)) {
            std::fs::create_dir_all(folder.join("assets")).unwrap();
            std::fs::write(folder.join(format!("{name}.html")), html).unwrap();
            std::fs::write(folder.join(format!("{name}.csp")), policy).unwrap();
        }
    }
    if let Some(folder) = &folder {
        for (name, _, content) in web::assets::all() {
            std::fs::write(folder.join("assets").join(name), content).unwrap();
        }
    }
}
