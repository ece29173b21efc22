//! A form with a file in it (RFC 7578, as browsers send it).
//!
//! Read here and by no crate of its own: what a browser sends is simple, the whole of it is in memory and bounded before it is looked
//! at, and a crate for it brings every character set there is.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{PageError, Submitted};

/// How long a file may take to arrive.
const LONGEST_UPLOAD: Duration = Duration::from_secs(300);
/// How many may be arriving, or be read, at once: each takes memory for its whole length. Nobody but a few people of the office sends
/// any.
const MOST_AT_ONCE: usize = 4;
/// How long another waits for its turn.
const LONGEST_TURN: Duration = Duration::from_secs(5);
/// The places of those.
static ROOM: Semaphore = Semaphore::const_new(MOST_AT_ONCE);
/// More parts than any form of ours has.
const MOST_PARTS: usize = 100;
/// More than the lines before a part are long, in bytes.
const LONGEST_HEAD: usize = 4_096;

/// A form of several parts: its fields, and the one file that somebody chose. Give its route a limit of its own with
/// [`axum::extract::DefaultBodyLimit`]: that of other forms is far below any file.
#[derive(Debug, Default)]
pub struct Uploaded {
    /// The fields.
    pub form: Submitted,
    /// The file, where one was chosen.
    pub file: Option<File>,
}

/// A file that was sent. Printing it shows its size.
pub struct File {
    /// What it is called where it came from: never a path here.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// Its place among those that are read at once, for as long as it is held.
    _place: Option<SemaphorePermit<'static>>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "File({} bytes)", self.bytes.len())
    }
}

impl<S: Send + Sync> FromRequest<S> for Uploaded {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        Self::take(request, state, LONGEST_TURN, LONGEST_UPLOAD).await
    }
}

impl Uploaded {
    async fn take<S: Send + Sync>(
        request: Request,
        state: &S,
        turn: Duration,
        longest: Duration,
    ) -> Result<Self, PageError> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        let boundary = boundary(kind).map(str::to_owned).ok_or(PageError::Unreadable)?;
        // Nobody closes the semaphore. Before a byte of it is taken: who waits here costs nothing.
        let place = tokio::time::timeout(turn, ROOM.acquire()).await.map_err(|_| PageError::Busy)?;
        let mut place = place.ok();
        let body = tokio::time::timeout(longest, Bytes::from_request(request, state)).await;
        let body = body.map_err(|_| PageError::TooSlow)?.map_err(|refused| {
            if refused.status() == StatusCode::PAYLOAD_TOO_LARGE {
                PageError::TooLarge
            } else {
                PageError::Unreadable
            }
        })?;
        let parts = parts(&body, &boundary).ok_or(PageError::Unreadable)?;
        let (mut fields, mut file) = (Vec::new(), None);
        for part in parts {
            match part.file {
                None => {
                    let text = std::str::from_utf8(part.content).map_err(|_| PageError::Unreadable)?;
                    fields.push((part.name, text.to_owned()));
                }
                // A browser sends an empty part where nobody chose a file.
                Some(called) if !called.is_empty() && file.is_none() => {
                    file = Some(File { name: called, bytes: part.content.to_vec(), _place: place.take() });
                }
                Some(_) => {}
            }
        }
        Ok(Self { form: Submitted::of_parts(fields), file })
    }
}

/// What stands between the parts, as the type of the whole says it.
fn boundary(kind: &str) -> Option<&str> {
    let (what, rest) = kind.split_once(';')?;
    if !what.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let said = rest.split(';').filter_map(|one| one.trim().split_once('='));
    let (_, boundary) = said.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?;
    let boundary = boundary.trim_matches('"');
    (1..=70).contains(&boundary.len()).then_some(boundary)
}

/// One part.
struct Part<'b> {
    name: String,
    /// What the file is called, where it is one.
    file: Option<String>,
    content: &'b [u8],
}

/// The parts of a body; none where it is not what it says it is, cut off or too many.
fn parts<'b>(body: &'b [u8], boundary: &str) -> Option<Vec<Part<'b>>> {
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(delimiter.trim_start().as_bytes())?;
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        if parts.len() == MOST_PARTS {
            return None;
        }
        let part = rest.strip_prefix(b"\r\n")?;
        let ends = find(part.get(..LONGEST_HEAD).unwrap_or(part), b"\r\n\r\n")?;
        let (head, content) = part.split_at_checked(ends)?;
        let content = content.strip_prefix(b"\r\n\r\n")?;
        let (content, after) = content.split_at_checked(find(content, delimiter.as_bytes())?)?;
        let (name, file) = named(std::str::from_utf8(head).ok()?)?;
        parts.push(Part { name, file, content });
        rest = after.strip_prefix(delimiter.as_bytes())?;
    }
    Some(parts)
}

/// Where one text first stands in another.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = wanted.first()?;
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let place = from + rest.iter().position(|byte| byte == first)?;
        if text.get(place..)?.starts_with(wanted) {
            return Some(place);
        }
        from = place + 1;
    }
}

/// The name of a part's field, and of its file, by the lines before it.
fn named(head: &str) -> Option<(String, Option<String>)> {
    let said = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let (_, said) = said.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-disposition"))?;
    let said = said.trim().strip_prefix("form-data")?;
    // Browsers write a quotation mark in a name as %22, so a name ends at the first.
    let value = |name: &str| {
        let (_, rest) = said.split_once(&format!("; {name}=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    Some((value("name")?, value("filename")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "--xy\r\nContent-Disposition: form-data; name=\"source\"\r\n\r\nmis\r\n\
        --xy\r\nContent-Disposition: form-data; name=\"roll\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\nid\r\n--x\r\n1\r\n\
        --xy--\r\n";

    fn read(body: &str) -> Option<Vec<(String, Option<String>, String)>> {
        let parts = parts(body.as_bytes(), "xy")?;
        let text = |part: &Part<'_>| String::from_utf8_lossy(part.content).into_owned();
        Some(parts.iter().map(|part| (part.name.clone(), part.file.clone(), text(part))).collect())
    }

    #[test]
    fn a_form_of_several_parts_is_read_as_browsers_send_it() {
        let (name, file, content) = &read(BODY).unwrap()[1];
        assert_eq!(
            (name.as_str(), file.as_deref(), content.as_str()),
            ("roll", Some("a.csv"), "id\r\n--x\r\n1")
        );
        assert_eq!(read(BODY).unwrap()[0].2, "mis");
        assert_eq!(read("--xy--\r\n").unwrap(), []);
        let no_file =
            "--xy\r\nContent-Disposition: form-data; name=\"roll\"; filename=\"\"\r\n\r\n\r\n--xy--";
        assert_eq!(read(no_file).unwrap(), [("roll".to_owned(), Some(String::new()), String::new())]);
        for (kind, found) in [
            ("multipart/form-data; boundary=xy", Some("xy")),
            ("multipart/form-data; charset=utf-8; boundary=\"xy\"", Some("xy")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("text/plain; boundary=xy", None),
        ] {
            assert_eq!(boundary(kind), found, "{kind}");
        }
    }

    #[tokio::test]
    async fn so_many_files_are_taken_at_once_and_another_waits_its_turn_and_not_for_ever() {
        let request = |body: axum::body::Body| {
            let kind = "multipart/form-data; boundary=xy";
            Request::post("/").header("content-type", kind).body(body).unwrap()
        };
        let soon = Duration::from_millis(1);
        let taken = async || Uploaded::take(request(BODY.into()), &(), soon, LONGEST_UPLOAD).await;
        let mut held = Vec::new();
        for _ in 0..MOST_AT_ONCE {
            held.push(taken().await.unwrap());
        }
        // A file that was sent keeps its place until it has been read.
        assert!(matches!(taken().await, Err(PageError::Busy)));
        held.pop();
        held.push(taken().await.unwrap());
        drop(held);
        // One that never comes whole is not waited for, and leaves its place.
        let never = axum::body::Body::new(Never);
        let waits = Uploaded::take(request(never), &(), soon, soon).await;
        assert!(matches!(waits, Err(PageError::TooSlow)));
        assert_eq!(ROOM.available_permits(), MOST_AT_ONCE);
    }

    /// A body that never comes.
    struct Never;

    impl axum::body::HttpBody for Never {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
            std::task::Poll::Pending
        }
    }

    #[test]
    fn a_body_that_is_cut_off_at_any_place_or_too_many_is_refused() {
        for cut in 0..BODY.len() - 4 {
            assert!(read(&BODY[..cut]).is_none(), "{cut}: {:?}", &BODY[..cut]);
        }
        let part = "--xy\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n";
        assert!(read(&format!("{}--xy--", part.repeat(MOST_PARTS))).is_some());
        assert!(read(&format!("{}--xy--", part.repeat(MOST_PARTS + 1))).is_none());
        let long = format!(
            "--xy\r\nX: {}\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--xy--",
            "y".repeat(5_000)
        );
        assert!(read(&long).is_none());
        assert!(read("--xy\r\nContent-Type: text/plain\r\n\r\nb\r\n--xy--").is_none());
    }
}
