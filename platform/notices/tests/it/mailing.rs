//! Mail through relays that behave and misbehave.

use std::time::{Duration, Instant};

use jobs::Round;
use kit::Private;
use notices::mail::{LONGEST, Letter, Tls, Trouble};
use testing::{MONDAY, databases};

use crate::relays::{Does, Relay, relay, settings};
use crate::telling::{mail_outbox, tell, with_address};

fn letter() -> Letter {
    Letter::of_trial(Private::new("ada@school.example".into()), "https://portal.example")
}

/// What sending through a relay comes to that does this.
async fn tried(does: Does, tls: Tls) -> (Trouble, Duration) {
    let (there, heard) = Relay::that(does).await;
    let settings = settings("127.0.0.1", there.address.port(), tls);
    let relay = notices::mail::Relay { longest: Duration::from_millis(300), ..relay(&settings) };
    let began = Instant::now();
    let trouble = relay.send(&letter(), "message_1", "https://portal.example", MONDAY).await.unwrap_err();
    assert_eq!(*heard.lock().unwrap(), Vec::<String>::new());
    (trouble, began.elapsed())
}

#[tokio::test]
async fn a_relay_that_says_nothing_is_left_after_a_while_at_every_step() {
    assert_eq!(LONGEST, Duration::from_secs(30));
    for (does, tls) in [
        (Does::Nothing, Tls::None),
        (Does::Nothing, Tls::Starttls),
        // It waits for TLS, which never comes.
        (Does::Nothing, Tls::Wrapped),
        (Does::NothingAtData, Tls::None),
    ] {
        let (trouble, took) = tried(does, tls).await;
        assert!(matches!(trouble, Trouble::Silent { .. }), "{does:?} {tls:?}: {trouble}");
        assert!(took < Duration::from_secs(10), "{does:?} {tls:?}: {took:?}");
        assert!(trouble.to_string().contains("did not answer"), "{trouble}");
    }
}

#[tokio::test]
async fn nothing_is_sent_that_others_could_read() {
    let (trouble, _) = tried(Does::Takes, Tls::Starttls).await;
    assert!(matches!(trouble, Trouble::NoStartTls(_)), "it offers none: {trouble}");
    let (trouble, _) = tried(Does::RefusesTls, Tls::Starttls).await;
    assert!(matches!(trouble, Trouble::NotSafe { .. }), "it refuses: {trouble}");
    let (trouble, _) = tried(Does::Takes, Tls::Wrapped).await;
    assert!(
        matches!(trouble, Trouble::NotSafe { .. } | Trouble::NotReached { .. }),
        "it speaks no TLS: {trouble}"
    );
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_what_is_refused_for_good_is_not() {
    for test in databases().await {
        with_address(&test.db, 1, "ada@school.example", MONDAY).await;
        for (number, (does, expected)) in [
            (Does::Recipient("450 4.2.1 mailbox busy"), Round { again: 1, ..Round::default() }),
            (Does::Recipient("550 5.1.1 no such user"), Round { given_up: 1, ..Round::default() }),
            (Does::Recipient("530 5.7.0 authentication required"), Round { again: 1, ..Round::default() }),
            (Does::Whole("451 4.3.0 later"), Round { again: 1, ..Round::default() }),
            (Does::Whole("554 5.7.1 looks like junk"), Round { given_up: 1, ..Round::default() }),
            (Does::Greets("421 4.3.2 busy"), Round { again: 1, ..Round::default() }),
            (Does::Greets("554 5.7.1 not you"), Round { again: 1, ..Round::default() }),
            (Does::Takes, Round { carried: 1, ..Round::default() }),
        ]
        .into_iter()
        .enumerate()
        {
            // A day lies between, so that each is sent, and what was tried again before is given up or carried elsewhere.
            let at = MONDAY.plus_millis(i64::try_from(number).unwrap() * 86_400_000 * 7);
            let (quiet, _) = Relay::takes_everything().await;
            mail_outbox(&test.db, &quiet.settings(), at).round().await.unwrap();
            let mut tx = test.db.begin().await.unwrap();
            notices::mark_seen(&mut tx, 1, None, at).await.unwrap();
            tx.commit().await.unwrap();
            tell(&test.db, 1, "request.waiting", at).await;
            let (relay, _) = Relay::that(does).await;
            let round = mail_outbox(&test.db, &relay.settings(), at).round().await.unwrap();
            assert_eq!(round, expected, "{}: {does:?}", test.engine);
        }
    }
}

#[tokio::test]
async fn nobody_there_is_tried_again_and_said_in_words() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let relay = relay(&settings("127.0.0.1", free.port(), Tls::None));
    let trouble = relay.send(&letter(), "message_1", "https://portal.example", MONDAY).await.unwrap_err();
    assert!(matches!(trouble, Trouble::NotReached { .. }), "{trouble}");
    assert!(trouble.to_string().contains(&format!("127.0.0.1:{}", free.port())), "{trouble}");
    let odd = Letter { to: Private::new("a\r\nRCPT TO:<b@c.example>".into()), ..letter() };
    assert!(matches!(relay.send(&odd, "1", "", MONDAY).await, Err(Trouble::NoMail(_))));
}

#[tokio::test]
async fn what_its_owner_has_looked_at_does_not_go_and_a_second_carrying_is_the_same_mail() {
    for test in databases().await {
        with_address(&test.db, 1, "ada@school.example", MONDAY).await;
        tell(&test.db, 1, "request.waiting", MONDAY).await;
        let mut tx = test.db.begin().await.unwrap();
        notices::mark_seen(&mut tx, 1, None, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        let (relay, heard) = Relay::takes_everything().await;
        let round = mail_outbox(&test.db, &relay.settings(), MONDAY).round().await.unwrap();
        assert_eq!((round.carried, heard.lock().unwrap().len()), (1, 0), "{}", test.engine);

        // The first relay fails after it was told the whole mail; the next gets the same under the same id.
        let at = MONDAY.plus_millis(7_200_000);
        tell(&test.db, 1, "request.waiting", at).await;
        let (failing, _) = Relay::that(Does::Whole("451 4.3.0 later")).await;
        mail_outbox(&test.db, &failing.settings(), at).round().await.unwrap();
        let mut ids = Vec::new();
        for minutes in [1, 2] {
            let (relay, heard) = Relay::takes_everything().await;
            let outbox = mail_outbox(&test.db, &relay.settings(), at.plus_millis(minutes * 60_000));
            outbox.round().await.unwrap();
            let heard = heard.lock().unwrap();
            ids.extend(
                heard
                    .iter()
                    .filter_map(|mail| mail.lines().find(|line| line.starts_with("Message-ID")))
                    .map(str::to_owned),
            );
        }
        assert_eq!(ids.len(), 1, "{}: carried once where it was taken", test.engine);
        assert!(ids[0].ends_with("@portal.example>"), "{ids:?}");
    }
}

#[tokio::test]
async fn what_is_urgent_goes_though_somebody_who_is_signed_in_as_its_owner_has_looked_at_it() {
    for test in databases().await {
        with_address(&test.db, 1, "ada@school.example", MONDAY).await;
        for kind in ["account.token-made", "request.waiting"] {
            tell(&test.db, 1, kind, MONDAY).await;
        }
        let (failing, _) = Relay::that(Does::Whole("451 4.3.0 later")).await;
        mail_outbox(&test.db, &failing.settings(), MONDAY).round().await.unwrap();
        let mut tx = test.db.begin().await.unwrap();
        notices::mark_seen(&mut tx, 1, None, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        let (relay, heard) = Relay::takes_everything().await;
        mail_outbox(&test.db, &relay.settings(), MONDAY.plus_millis(120_000)).round().await.unwrap();
        let heard = heard.lock().unwrap();
        assert_eq!(heard.len(), 1, "{}: {heard:?}", test.engine);
        assert!(heard[0].contains("token"), "{heard:?}");
    }
}

#[tokio::test]
async fn whoever_reads_the_old_address_is_told_that_it_changes() {
    for test in databases().await {
        with_address(&test.db, 1, "old@school.example", MONDAY).await;
        let later = MONDAY.plus_millis(3_600_000);
        with_address(&test.db, 1, "new@school.example", later).await;
        let (relay, heard) = Relay::takes_everything().await;
        mail_outbox(&test.db, &relay.settings(), later).round().await.unwrap();
        let mails = heard.lock().unwrap().clone();
        assert_eq!(mails.len(), 1, "{}: {mails:?}", test.engine);
        assert!(mails[0].contains("To: old@school.example"), "{}", mails[0]);
        assert!(!mails[0].contains("new@school.example"), "{}", mails[0]);
    }
}
