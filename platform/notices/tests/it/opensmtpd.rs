//! Through Debian's opensmtpd.

use std::time::Duration;

use kit::Private;
use notices::mail::{Letter, Relay, Tls, Trouble};
use testing::{MONDAY, databases};

use crate::relays::{relay, settings};
use crate::smtpd::Smtpd;
use crate::telling::{mail_outbox, tell, with_address};
use crate::tls;

#[tokio::test]
async fn a_notice_arrives_in_a_mailbox_and_says_nothing_about_anybody() {
    let Some(smtpd) = Smtpd::start() else { return };
    for (number, test) in databases().await.into_iter().enumerate() {
        with_address(&test.db, 1, "ada@school.example", MONDAY).await;
        tell(&test.db, 1, "request.waiting", MONDAY).await;
        let outbox = mail_outbox(&test.db, &settings("127.0.0.1", smtpd.port, Tls::None), MONDAY);
        assert_eq!(outbox.round().await.unwrap().carried, 1, "{}", test.engine);
        let mails = smtpd.mails(number + 1);
        for mail in mails {
            for line in
                ["To: ada@school.example", "Subject: A request waits", "Auto-Submitted: auto-generated"]
            {
                assert!(mail.lines().any(|one| one == line), "{line}: {mail}");
            }
            assert!(mail.contains("https://portal.example/staff/requests"), "{mail}");
        }
    }
}

#[tokio::test]
async fn opensmtpd_behind_tls_takes_what_is_meant_for_it_and_refuses_what_is_not() {
    let Some(smtpd) = Smtpd::start() else { return };
    let (certificate, _, acceptor) = tls::made();
    let port = smtpd.behind_tls(acceptor).await;
    let letter = |to: &str| Letter::of_trial(Private::new(to.to_owned()), "https://portal.example");
    let safe = Relay {
        roots: Some(certificate.into_bytes()),
        longest: Duration::from_secs(20),
        ..relay(&settings("localhost", port, Tls::Wrapped))
    };
    let url = "https://portal.example";
    safe.send(&letter("ada@school.example"), "message_1", url, MONDAY).await.unwrap();
    assert!(smtpd.mails(1)[0].contains("Subject: Mail from Fivebar arrives"));
    let refused = safe.send(&letter("ada@refused.example"), "message_2", url, MONDAY).await.unwrap_err();
    assert!(matches!(refused, Trouble::Refused { .. }), "{refused}");
    // Whom nobody trusts is sent nothing.
    let unknown = Relay { roots: None, ..safe };
    let not_safe = unknown.send(&letter("ada@school.example"), "message_3", url, MONDAY).await.unwrap_err();
    assert!(matches!(not_safe, Trouble::NotSafe { .. }), "{not_safe}");
    assert_eq!(smtpd.mails(1).len(), 1);
}
