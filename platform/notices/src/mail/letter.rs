//! One mail: plain text, with nothing in it but what the content says and where the portal is.

use std::time::{Duration, UNIX_EPOCH};

use kit::{Private, Timestamp};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};

use super::settings::{Settings, is_a_line};
use crate::content::KindText;
use crate::model::Where;

/// A mail before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Where it goes.
    pub to: Private<String>,
    /// Its subject.
    pub subject: String,
    /// What it says; a code is in it.
    pub body: Private<String>,
}

impl Letter {
    /// A notice.
    pub fn of_notice(to: Private<String>, text: &KindText, page: Where, portal: &str) -> Self {
        let portal = portal.trim_end_matches('/');
        let body = format!(
            "{}\n\n{portal}{}\n\nHow you are told, and how to stop it: {portal}{}\n",
            text.says,
            page.path(),
            Where::Notices.path(),
        );
        Self { to, subject: text.title.clone(), body: Private::new(body) }
    }

    /// The code by which somebody proves that the address is theirs.
    pub(crate) fn of_code(to: Private<String>, code: &Private<String>, portal: &str) -> Self {
        let portal = portal.trim_end_matches('/');
        let body = format!(
            "Your code: {}\n\nEnter it at {portal}{} within half an hour, and notices come to this address from then on.\n\nIf you did \
             not ask for it, somebody mistook your address for theirs: do nothing, and nothing more comes.\n",
            code.reveal(),
            Where::Notices.path(),
        );
        Self { to, subject: "Your code for notices".to_owned(), body: Private::new(body) }
    }

    /// A mail that somebody at the command line sends to see whether it arrives.
    pub fn of_trial(to: Private<String>, portal: &str) -> Self {
        let body = format!(
            "This was sent to see whether mail from Fivebar arrives. It does.\n\n{}\n",
            portal.trim_end_matches('/')
        );
        Self { to, subject: "Mail from Fivebar arrives".to_owned(), body: Private::new(body) }
    }

    /// The message as it goes over the line. The same id gives the same `Message-ID`, so that one which is carried twice is told as the
    /// same. Nothing given to it can begin a header of its own.
    pub(super) fn message(
        &self,
        settings: &Settings,
        (id, portal): (&str, &str),
        at: Timestamp,
    ) -> Option<Message> {
        let from = settings.from.parse().ok()?;
        let name = settings.name.clone().filter(|name| is_a_line(name));
        let host = url::Url::parse(portal).ok().and_then(|url| url.host_str().map(str::to_owned));
        let host = host.filter(|host| host.is_ascii()).unwrap_or_else(|| "portal.invalid".to_owned());
        let plain: String =
            id.chars().filter(|sign| sign.is_ascii_alphanumeric() || *sign == '_' || *sign == '-').collect();
        let millis = u64::try_from(at.as_millis()).ok()?;
        let header = |name, value: &str| {
            HeaderName::new_from_ascii(str::to_owned(name))
                .ok()
                .map(|name| HeaderValue::new(name, value.to_owned()))
        };
        Message::builder()
            .from(Mailbox::new(name, from))
            .to(Mailbox::new(None, self.to.reveal().parse().ok()?))
            .subject(self.subject.clone())
            .date(UNIX_EPOCH + Duration::from_millis(millis))
            .message_id(Some(format!("<{plain}@{host}>")))
            // No machine answers a machine (RFC 3834), and no list keeps it.
            .raw_header(header("Auto-Submitted", "auto-generated")?)
            .raw_header(header("X-Auto-Response-Suppress", "All")?)
            .header(ContentType::TEXT_PLAIN)
            .body(self.body.reveal().clone())
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Notices;

    const AT: Timestamp = Timestamp::from_millis(1_795_424_400_000);

    fn settings(name: Option<&str>) -> Settings {
        let text = "relay = \"smtp.school.example\"\nfrom = \"fivebar@school.example\"\n";
        Settings { name: name.map(str::to_owned), ..toml::from_str(text).unwrap() }
    }

    fn notice(to: &str) -> Letter {
        let text = Notices::built_in().named("request.waiting").unwrap();
        Letter::of_notice(Private::new(to.to_owned()), text, Where::Requests, "https://portal.example/")
    }

    fn sent(letter: &Letter, settings: &Settings, id: &str) -> Option<String> {
        let message = letter.message(settings, (id, "https://portal.example"), AT)?;
        Some(String::from_utf8(message.formatted()).unwrap())
    }

    #[test]
    fn a_mail_is_the_content_and_the_portals_address_and_nothing_else() {
        let text =
            sent(&notice("ada@school.example"), &settings(Some("Hillside – Fivebar")), "message_1").unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        for line in [
            "To: ada@school.example",
            "Subject: A request waits",
            "Message-ID: <message_1@portal.example>",
            "Auto-Submitted: auto-generated",
            "Date: Mon, 23 Nov 2026 09:00:00 +0000",
        ] {
            assert!(head.lines().any(|one| one == line), "{line}: {head}");
        }
        let text = Notices::built_in().named("request.waiting").unwrap();
        let whole = format!(
            "{}\r\n\r\nhttps://portal.example/staff/requests\r\n\r\nHow you are told, and how to stop it: \
             https://portal.example/me/notices\r\n",
            text.says
        );
        assert_eq!(body, whole);
        assert_eq!(
            sent(&notice("ada@school.example"), &settings(None), "message_1"),
            sent(&notice("ada@school.example"), &settings(None), "message_1"),
            "the same id is the same mail"
        );
    }

    #[test]
    fn nothing_that_is_configured_or_given_begins_a_header() {
        let odd = [
            "A\r\nBcc: bo@other.example",
            "A\nBcc: bo@other.example",
            "A\rBcc: bo@other.example",
            "\r\n\r\nBody",
        ];
        for odd in odd {
            for (letter, settings, id) in [
                (notice("ada@school.example"), settings(Some(odd)), "message_1"),
                (notice(&format!("ada@school.example{odd}")), settings(None), "message_1"),
                (notice(odd), settings(None), "message_1"),
                (
                    notice("ada@school.example"),
                    Settings { from: odd.to_owned(), ..settings(None) },
                    "message_1",
                ),
                (notice("ada@school.example"), settings(None), odd),
                (
                    Letter { subject: odd.to_owned(), ..notice("ada@school.example") },
                    settings(None),
                    "message_1",
                ),
            ] {
                // Either it is no mail at all, or the line stands within another header.
                let Some(text) = sent(&letter, &settings, id) else { continue };
                let (head, _) = text.split_once("\r\n\r\n").unwrap();
                let known = [
                    "From",
                    "To",
                    "Subject",
                    "Date",
                    "Message-ID",
                    "Auto-Submitted",
                    "X-Auto-Response-Suppress",
                    "Content-Type",
                    "Content-Transfer-Encoding",
                    "MIME-Version",
                ];
                for line in head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])) {
                    assert!(!line.contains(['\r', '\n']), "{line:?}");
                    let name = line.split(':').next().unwrap();
                    assert!(known.contains(&name), "{odd:?} began {line:?}");
                }
            }
        }
    }
}
