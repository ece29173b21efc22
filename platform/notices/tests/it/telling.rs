//! What people are told, how often, and when it leaves the school.

use jobs::{Carrier, Carrying, Outbox, Taken};
use kit::{Clock, Private, Timestamp};
use notices::push::{self, Offered, Reach};
use notices::{Hours, Kind, Tell, Ways, Where, address};
use std::sync::{Arc, Mutex};
use store::{Db, trail};
use testing::{MONDAY, TestDatabase, databases};

pub const KEY: [u8; 32] = [7; 32];
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// The key and the secret of a browser.
const P256DH: &str =
    "BLn9b-VR0ca83knDNZ32dCHGyjJp-1riX9ZTN40MqV8K_LpQmLqxC_DoHvqvFXO_nGdAB4W9dogZb_sM-uV4JbY";
const AUTH: &str = "_ordMnz7uTCmrpBTeUV4Bw";

pub async fn tell(db: &Db, person: u32, kind: &str, at: Timestamp) {
    let mut tx = db.begin().await.unwrap();
    let path = Where::Requests;
    let tell = Tell { person, kind: Kind::named(kind).unwrap(), count: 1, path };
    notices::tell(&mut tx, &tell, at).await.unwrap();
    tx.commit().await.unwrap();
}

/// Somebody gives an address and confirms it.
pub async fn with_address(db: &Db, person: u32, given: &str, at: Timestamp) {
    let mut tx = db.begin().await.unwrap();
    notices::set_clock(&mut tx, "Europe/London").await.unwrap();
    address::give(&mut tx, person, given, at).await.unwrap();
    tx.commit().await.unwrap();
    let code = code(db, at).await;
    let mut tx = db.begin().await.unwrap();
    address::confirm(&mut tx, &Private::new(KEY), person, &code, at).await.unwrap();
    tx.commit().await.unwrap();
}

/// The code that is on its way, as a relay would have it.
async fn code(db: &Db, at: Timestamp) -> String {
    let (relay, heard) = crate::relays::Relay::takes_everything().await;
    let outbox = mail_outbox(db, &relay.settings(), at);
    outbox.round().await.unwrap();
    let mail = heard.lock().unwrap().last().cloned().unwrap();
    mail.split("Your code: ").nth(1).unwrap()[..6].to_owned()
}

/// An outbox that sends mail through a relay.
pub fn mail_outbox(db: &Db, settings: &notices::mail::Settings, at: Timestamp) -> Outbox {
    let mail = notices::mail::Mail {
        records: db.clone(),
        relay: crate::relays::relay(settings),
        portal: "https://portal.example".into(),
        key: Private::new(KEY),
    };
    Outbox { records: db.clone(), clock: Clock::set_at(at), carriers: vec![Arc::new(mail)] }
}

/// Stands where a relay or a push service would be: takes whatever is due.
struct Takes(&'static str, Arc<Mutex<Vec<serde_json::Value>>>);

impl Carrier for Takes {
    fn kind(&self) -> &'static str {
        self.0
    }
    fn carry(&self, message: Taken) -> Carrying<'_> {
        Box::pin(async move {
            self.1.lock().unwrap().push(message.body);
            Ok(())
        })
    }
}

/// How many messages of a kind have left by `at`, that had not before.
async fn left(db: &Db, kind: &'static str, at: Timestamp) -> usize {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let carriers: Vec<Arc<dyn Carrier>> = vec![Arc::new(Takes(kind, Arc::clone(&taken)))];
    let outbox = Outbox { records: db.clone(), clock: Clock::set_at(at), carriers };
    outbox.round().await.unwrap();
    let taken = taken.lock().unwrap();
    for body in taken.iter() {
        let text = body.to_string();
        assert!(!text.contains('@') && !text.contains("https"), "a message refers, and says nothing: {text}");
    }
    taken.len()
}

async fn unseen(test: &TestDatabase, person: u32) -> Vec<(&'static str, u32)> {
    let mut tx = test.db.read().await.unwrap();
    let unseen = notices::unseen(&mut tx, person).await.unwrap();
    tx.roll_back().await.unwrap();
    unseen.into_iter().map(|notice| (notice.kind.id(), notice.count)).collect()
}

async fn mark_seen(test: &TestDatabase, person: u32, at: Timestamp) {
    let mut tx = test.db.begin().await.unwrap();
    notices::mark_seen(&mut tx, person, None, at).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_nobody_has_looked_at_is_counted_up_and_sent_once() {
    for test in databases().await {
        with_address(&test.db, 1, "ada@school.example", MONDAY).await;
        for minute in 0..5 {
            tell(&test.db, 1, "request.waiting", MONDAY.plus_millis(minute * MINUTE_MS)).await;
        }
        tell(&test.db, 2, "request.waiting", MONDAY).await;
        assert_eq!(unseen(&test, 1).await, [("request.waiting", 5)], "{}", test.engine);
        assert_eq!(left(&test.db, "notice.mail", MONDAY.plus_millis(HOUR_MS)).await, 1, "{}", test.engine);

        // Looked at, and another comes within the hour: it waits for its end.
        mark_seen(&test, 1, MONDAY.plus_millis(6 * MINUTE_MS)).await;
        assert_eq!(unseen(&test, 1).await, []);
        assert_eq!(unseen(&test, 2).await, [("request.waiting", 1)], "somebody else's are theirs");
        tell(&test.db, 1, "request.waiting", MONDAY.plus_millis(10 * MINUTE_MS)).await;
        assert_eq!(left(&test.db, "notice.mail", MONDAY.plus_millis(59 * MINUTE_MS)).await, 0);
        assert_eq!(left(&test.db, "notice.mail", MONDAY.plus_millis(HOUR_MS)).await, 1);

        // Still not looked at a day later: one more goes.
        tell(&test.db, 1, "request.waiting", MONDAY.plus_millis(2 * HOUR_MS)).await;
        assert_eq!(left(&test.db, "notice.mail", MONDAY.plus_millis(8 * HOUR_MS)).await, 0);
        let tuesday = MONDAY.plus_millis(25 * HOUR_MS);
        tell(&test.db, 1, "request.waiting", tuesday).await;
        assert_eq!(left(&test.db, "notice.mail", tuesday).await, 1, "{}", test.engine);
        assert_eq!(unseen(&test, 1).await, [("request.waiting", 3)]);
    }
}

#[tokio::test]
async fn what_was_never_sent_holds_up_nothing_that_comes_after_it() {
    for test in databases().await {
        with_address(&test.db, 1, "ada@school.example", MONDAY).await;
        // Looked at before the mail left, it never leaves; and another comes within the hour.
        tell(&test.db, 1, "request.waiting", MONDAY).await;
        mark_seen(&test, 1, MONDAY.plus_millis(MINUTE_MS)).await;
        let (relay, heard) = crate::relays::Relay::takes_everything().await;
        mail_outbox(&test.db, &relay.settings(), MONDAY.plus_millis(2 * MINUTE_MS)).round().await.unwrap();
        assert_eq!(heard.lock().unwrap().len(), 0, "{}", test.engine);
        let soon = MONDAY.plus_millis(5 * MINUTE_MS);
        tell(&test.db, 1, "request.waiting", soon).await;
        assert_eq!(left(&test.db, "notice.mail", soon).await, 1, "{}: at once", test.engine);

        // What waited for the end of a night and was looked at in it: the next waits for the same morning, and no hour longer.
        mark_seen(&test, 1, soon).await;
        let night = MONDAY.plus_millis(13 * HOUR_MS);
        tell(&test.db, 1, "request.waiting", night).await;
        mark_seen(&test, 1, night.plus_millis(MINUTE_MS)).await;
        tell(&test.db, 1, "request.waiting", night.plus_millis(2 * MINUTE_MS)).await;
        // Both are due in the same moment; of the first, a relay hears nothing.
        let quiet = notices::Notices::built_in().quiet();
        let london = kit::Zone::named("Europe/London").unwrap();
        let morning = quiet.over(&london, night);
        assert_eq!(left(&test.db, "notice.mail", morning.plus_millis(-1)).await, 0);
        assert_eq!(left(&test.db, "notice.mail", morning).await, 2, "{}", test.engine);
    }
}

#[tokio::test]
async fn quiet_hours_hold_what_can_wait_and_nothing_else() {
    for test in databases().await {
        with_address(&test.db, 1, "ada@school.example", MONDAY).await;
        let friday_night = MONDAY.plus_millis((4 * 24 + 10) * HOUR_MS);
        tell(&test.db, 1, "request.waiting", friday_night).await;
        tell(&test.db, 1, "account.new-sign-in", friday_night).await;
        assert_eq!(
            left(&test.db, "notice.mail", friday_night).await,
            1,
            "{}: what is urgent goes",
            test.engine
        );
        let monday = MONDAY.plus_millis(7 * 24 * HOUR_MS);
        assert_eq!(left(&test.db, "notice.mail", monday.plus_millis(-91 * MINUTE_MS)).await, 0);
        assert_eq!(
            left(&test.db, "notice.mail", monday.plus_millis(-90 * MINUTE_MS)).await,
            1,
            "at half past seven"
        );

        // Hours of one's own.
        let mut tx = test.db.begin().await.unwrap();
        let hours = Hours { from_minute: 9 * 60, until_minute: 12 * 60, weekends: false };
        notices::choose_quiet(&mut tx, 1, hours, monday).await.unwrap();
        assert_eq!(notices::quiet_of(&mut tx, 1).await.unwrap(), hours);
        tx.commit().await.unwrap();
        mark_seen(&test, 1, monday).await;
        tell(&test.db, 1, "request.waiting", monday).await;
        assert_eq!(left(&test.db, "notice.mail", monday.plus_millis(179 * MINUTE_MS)).await, 0);
        assert_eq!(
            left(&test.db, "notice.mail", monday.plus_millis(3 * HOUR_MS)).await,
            1,
            "{}",
            test.engine
        );
    }
}

#[tokio::test]
async fn people_are_told_by_the_ways_they_chose_and_that_reach_them() {
    for test in databases().await {
        // Without an address and a browser, at the portal alone.
        tell(&test.db, 1, "request.waiting", MONDAY).await;
        assert_eq!(left(&test.db, "notice.mail", MONDAY).await, 0);
        mark_seen(&test, 1, MONDAY).await;

        with_address(&test.db, 1, "ada@school.example", MONDAY).await;
        let mut tx = test.db.begin().await.unwrap();
        for name in ["Phone", "Laptop"] {
            let endpoint = format!("https://push.example/{name}");
            let offered = Offered { endpoint: &endpoint, key: P256DH, auth: AUTH, called: name };
            push::subscribe(&mut tx, 1, &offered, Reach::Public, MONDAY).await.unwrap();
        }
        tx.commit().await.unwrap();
        tell(&test.db, 1, "request.waiting", MONDAY).await;
        assert_eq!(left(&test.db, "notice.mail", MONDAY).await, 1, "{}", test.engine);
        assert_eq!(left(&test.db, "notice.push", MONDAY).await, 2, "one to each browser");

        for (ways, mails, pushes) in [
            (Ways { mail: true, push: false }, 1, 0),
            (Ways { mail: false, push: true }, 0, 2),
            (Ways { mail: false, push: false }, 0, 0),
        ] {
            let at = MONDAY.plus_millis(2 * HOUR_MS);
            let kind = Kind::named("account.new-sign-in").unwrap();
            let mut tx = test.db.begin().await.unwrap();
            notices::choose(&mut tx, 1, &[(kind, ways)], at).await.unwrap();
            tx.commit().await.unwrap();
            mark_seen(&test, 1, at).await;
            tell(&test.db, 1, "account.new-sign-in", at).await;
            let later = at.plus_millis(12 * HOUR_MS);
            assert_eq!(left(&test.db, "notice.mail", later).await, mails, "{}: {ways:?}", test.engine);
            assert_eq!(left(&test.db, "notice.push", later).await, pushes, "{}: {ways:?}", test.engine);
        }
        let mut tx = test.db.read().await.unwrap();
        let verbs: Vec<_> =
            trail::newest(&mut tx, None, 20).await.unwrap().into_iter().map(|entry| entry.verb).collect();
        for verb in ["notice.choose", "notice.subscribe", "notice.give-address", "notice.confirm-address"] {
            assert!(verbs.iter().any(|one| one == verb), "{verb}: {verbs:?}");
        }
    }
}

#[tokio::test]
async fn an_address_is_nobodys_until_its_code_comes_back() {
    for test in databases().await {
        let (db, key) = (&test.db, Private::new(KEY));
        let mut tx = db.begin().await.unwrap();
        assert!(matches!(
            address::give(&mut tx, 1, "ada@school.example\r\nBcc: bo@school.example", MONDAY).await,
            Err(address::AddressError::NotOne)
        ));
        address::give(&mut tx, 1, "ada@school.example", MONDAY).await.unwrap();
        assert!(matches!(
            address::give(&mut tx, 1, "bo@school.example", MONDAY.plus_millis(MINUTE_MS)).await,
            Err(address::AddressError::TooSoon)
        ));
        tx.commit().await.unwrap();
        tell(db, 1, "account.new-sign-in", MONDAY).await;
        let right = code(db, MONDAY).await;
        assert_eq!(
            left(db, "notice.mail", MONDAY.plus_millis(HOUR_MS)).await,
            0,
            "nothing but the code went"
        );
        let wrong = if right == "000000" { "000001" } else { "000000" };
        for _ in 0..4 {
            let mut tx = db.begin().await.unwrap();
            let tried = address::confirm(&mut tx, &key, 1, wrong, MONDAY).await;
            assert!(matches!(tried, Err(address::CodeError::NotRight)));
            tx.commit().await.unwrap();
        }
        let mut tx = db.begin().await.unwrap();
        // Somebody else's page takes no code of theirs.
        assert!(address::confirm(&mut tx, &key, 2, &right, MONDAY).await.is_err());
        let late = MONDAY.plus_millis(30 * MINUTE_MS);
        assert!(matches!(
            address::confirm(&mut tx, &key, 1, &right, late).await,
            Err(address::CodeError::Ended)
        ));
        address::confirm(&mut tx, &key, 1, &format!(" {} {}", &right[..3], &right[3..]), MONDAY)
            .await
            .unwrap();
        let now = address::of(&mut tx, 1).await.unwrap();
        assert_eq!(now.confirmed.unwrap().reveal(), "ada@school.example");
        assert!(now.asked.is_none() && address::confirm(&mut tx, &key, 1, &right, MONDAY).await.is_err());
        tx.commit().await.unwrap();

        // After five wrong ones even the right one is none.
        let later = MONDAY.plus_millis(HOUR_MS);
        let mut tx = db.begin().await.unwrap();
        address::give(&mut tx, 1, "new@school.example", later).await.unwrap();
        tx.commit().await.unwrap();
        let right = code(db, later).await;
        let wrong = if right == "000000" { "000001" } else { "000000" };
        for _ in 0..5 {
            let mut tx = db.begin().await.unwrap();
            let _ = address::confirm(&mut tx, &key, 1, wrong, later).await;
            tx.commit().await.unwrap();
        }
        let mut tx = db.begin().await.unwrap();
        let tried = address::confirm(&mut tx, &key, 1, &right, later).await;
        assert!(matches!(tried, Err(address::CodeError::Ended)), "{}", test.engine);
        assert_eq!(address::forget(&mut tx, 1).await.unwrap(), 1);
        assert!(address::of(&mut tx, 1).await.unwrap().confirmed.is_none());
    }
}

const fn offered(endpoint: &str) -> Offered<'_> {
    Offered { endpoint, key: P256DH, auth: AUTH, called: "" }
}

#[tokio::test]
async fn a_browser_is_one_persons_and_nobody_has_more_than_ten() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        let one = "https://push.example/one";
        push::subscribe(&mut tx, 1, &offered(one), Reach::Public, MONDAY).await.unwrap();
        push::subscribe(&mut tx, 2, &offered(one), Reach::Public, MONDAY).await.unwrap();
        assert_eq!(push::of(&mut tx, 1).await.unwrap(), [], "on a shared computer the last one has it");
        let theirs = push::of(&mut tx, 2).await.unwrap();
        assert_eq!((theirs.len(), theirs[0].called.reveal().as_str()), (1, "A browser"));
        assert!(!push::unsubscribe(&mut tx, 1, theirs[0].id, MONDAY).await.unwrap());
        assert!(push::unsubscribe(&mut tx, 2, theirs[0].id, MONDAY).await.unwrap());
        for number in 0..push::MOST {
            let endpoint = format!("https://push.example/{number}");
            push::subscribe(&mut tx, 1, &offered(&endpoint), Reach::Public, MONDAY).await.unwrap();
        }
        let more =
            push::subscribe(&mut tx, 1, &offered("https://push.example/x"), Reach::Public, MONDAY).await;
        assert!(matches!(more, Err(push::SubscribeError::TooMany)), "{}", test.engine);
        for odd in [
            Offered { key: "AAAA", ..offered("https://push.example/y") },
            Offered { key: &P256DH.replace("BLn9", "BLn8"), ..offered("https://push.example/y") },
            Offered { auth: "AAAA", ..offered("https://push.example/y") },
            offered("http://push.example/y"),
            offered("https://127.0.0.1/y"),
            offered("https://169.254.169.254/latest"),
        ] {
            let refused = push::subscribe(&mut tx, 3, &odd, Reach::Public, MONDAY).await;
            assert!(
                matches!(refused, Err(push::SubscribeError::NotOne | push::SubscribeError::Inside)),
                "{odd:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_comes_as_a_message_is_told_too() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        let kind = Kind::named("task.due").unwrap();
        let tell = Tell { person: 4, kind, count: 2, path: Where::Tasks };
        jobs::put(&mut tx, &tell, MONDAY, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        let carriers: Vec<Arc<dyn Carrier>> = vec![Arc::new(notices::School { records: test.db.clone() })];
        let outbox = Outbox { records: test.db.clone(), clock: Clock::set_at(MONDAY), carriers };
        assert_eq!(outbox.round().await.unwrap().carried, 1);
        assert_eq!(unseen(&test, 4).await, [("task.due", 2)], "{}", test.engine);
    }
}
