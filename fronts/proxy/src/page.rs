//! The pages that the proxy itself answers with: why something is blocked and what helps, and what went wrong.
//!
//! Each is whole in itself, works without scripts, and never repeats what the browser sent but the host's name, which
//! can hold nothing but letters, digits and `- _ .`.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::Saying;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};
use words::Say;

use crate::config::HelpLine;

const STYLE: &str = "body{font:1.125rem/1.6 system-ui,sans-serif;max-width:40rem;margin:0 auto;padding:1.5rem;\
color:#0b0c0c;background:#fff}h1{font-size:1.75rem;line-height:1.25;overflow-wrap:anywhere}\
h2{font-size:1.25rem;margin-top:2rem}a{color:#1d4f91}a:focus{outline:3px solid #0b0c0c;background:#fd0}\
li{margin:.5rem 0}.why{border-inline-start:.5rem solid #1d4f91;padding:.25rem 1rem}\
bdi{overflow-wrap:anywhere}nav{margin-top:2rem;border-top:1px solid #b1b4b6}nav ul{list-style:none;padding:0}\
nav li{display:inline-block;margin:.25rem 0;margin-inline-end:1rem}nav a{display:inline-block;min-height:1.5rem}";

static STYLE_HASH: LazyLock<String> = LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE)));

/// What the browser would rather have in place of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A page.
    Page,
    /// A picture inside a page.
    Image,
    /// A style sheet.
    Style,
    /// A script.
    Script,
}

/// Guesses from what the browser accepts and from the path.
pub fn wanted(accept: &[u8], path: &str) -> Wanted {
    let path = path.split('?').next().unwrap_or_default();
    if accept.starts_with(b"image/") {
        Wanted::Image
    } else if accept.starts_with(b"text/css") {
        Wanted::Style
    } else if accept.starts_with(b"text/html") || !path.ends_with(".js") {
        Wanted::Page
    } else {
        Wanted::Script
    }
}

/// One answer of the proxy's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The status code.
    pub status: u16,
    /// The body's type.
    pub kind: &'static str,
    /// The body.
    pub body: String,
    /// A word for `Proxy-Status` (RFC 9209), where it fits.
    pub error: Option<&'static str>,
}

/// Everything the block page says.
#[derive(Debug, Clone, Copy)]
pub struct Blocked<'a> {
    /// The language of whoever meets it.
    pub say: &'a Say,
    /// The host, as it may be shown; empty where a sealed entry spoke, which no page repeats.
    pub host: &'a str,
    /// The decision in words.
    pub saying: &'a Saying,
    /// Who helps.
    pub help: &'a [HelpLine],
    /// The portal's address.
    pub portal: &'a str,
    /// The signed, ending token of the decision.
    pub ticket: &'a str,
}

/// The page of a blocked request.
pub fn blocked(about: &Blocked<'_>, wanted: Wanted) -> Page {
    let error = Some("http_request_denied");
    let small = |kind, body: &str| Page { status: 403, kind, body: body.to_owned(), error };
    match wanted {
        Wanted::Image => {
            small("image/svg+xml", "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"/>")
        }
        Wanted::Style => small("text/css; charset=utf-8", "/* blocked by the school's filter */"),
        Wanted::Script => small("text/javascript; charset=utf-8", "// blocked by the school's filter"),
        Wanted::Page => {
            let say = about.say;
            let body =
                shell(say.tag(), say.direction(), say.say("block.title"), &blocked_body(about)).into_string();
            Page { status: 403, kind: "text/html; charset=utf-8", body, error }
        }
    }
}

fn blocked_body(about: &Blocked<'_>) -> Markup {
    let Blocked { say, host, saying, help, portal, ticket } = about;
    let link = |what: &str| format!("{portal}/{what}?t={ticket}");
    let (reason, spoken) = saying.reason_in(say);
    let (before, after) = say.around("block.site", "site");
    let (kind_before, kind_after) = say.around("block.kind", "kind");
    html! {
        h1 { (say.say("block.title")) }
        @if saying.offer_help { (help_lines(say, "block.talk-now", help)) }
        p.why lang=[other(say, spoken)] dir=[other(say, spoken).map(|_| "auto")] { (reason) }
        @if !host.is_empty() { p {
            (before) bdi { strong { (host) } } (after)
            @if let Some(category) = &saying.category {
                " " (kind_before) bdi lang=[other(say, words::SOURCE)] { (category) } (kind_after)
            }
        } }
        h2 { (say.say("block.helps")) }
        ul {
            li { a href=(link("why")) { (say.say("block.why")) } }
            @if saying.may_ask { li { a href=(link("requests")) { (say.say("block.ask")) } } }
            li { a href=(link("reports")) { (say.say("block.report")) } }
            li { a href={ (portal) "/who-sees" } { (say.say("block.who")) } }
        }
        p { (say.say("block.adult")) }
        @if !saying.offer_help { (help_lines(say, "block.talk", help)) }
        (languages(about))
    }
}

/// The language of something, where it is not the page's own.
fn other<'s>(say: &Say, tag: &'s str) -> Option<&'s str> {
    (say.tag() != tag).then_some(tag)
}

fn help_lines(say: &Say, title: &str, help: &[HelpLine]) -> Markup {
    let english = other(say, words::SOURCE);
    html! {
        @if !help.is_empty() {
            h2 { (say.say(title)) }
            ul lang=[english] dir=[english.map(|_| "ltr")] {
                @for line in help { li { a href=(line.url) { (line.name) } ": " (line.how) } }
            }
        }
    }
}

/// The same page in other languages, each by its own name: at the portal, which remembers the choice. The page that is blocked cannot.
fn languages(about: &Blocked<'_>) -> Markup {
    let Blocked { say, portal, ticket, .. } = about;
    html! {
        nav aria-label=(say.say("page.languages")) {
            ul {
                @for language in say.words().languages() {
                    @let (tag, name) = (&language.tag, &language.name);
                    li {
                        @if tag == say.tag() {
                            span lang=(tag) aria-current="true" { (name) }
                        } @else {
                            a lang=(tag) hreflang=(tag) dir=(if language.right_to_left { "rtl" } else { "ltr" })
                                href={ (portal) "/language?to=" (tag) "&back=%2Fwhy%3Ft%3D" (ticket) } { (name) }
                        }
                    }
                }
            }
        }
        @if say.is_draft() {
            p { (say.say("page.draft")) }
            p lang="en" dir="ltr" { (say.in_english("page.draft")) }
        }
    }
}

/// A page that says in one sentence what went wrong, and what to do.
pub fn trouble(status: u16, title: &str, sentence: &str, error: Option<&'static str>) -> Page {
    let body = html! {
        h1 { (title) }
        p.why { (sentence) }
        p { "If this goes on, tell the school's technician what you see here." }
    };
    Page {
        status,
        kind: "text/html; charset=utf-8",
        body: shell("en-GB", "ltr", title, &body).into_string(),
        error,
    }
}

fn shell(tag: &str, direction: &str, title: &str, body: &Markup) -> Markup {
    let tag = if tag == words::SOURCE { "en-GB" } else { tag };
    html! {
        (DOCTYPE)
        html lang=(tag) dir=(direction) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    }
}

/// The words of a status that this proxy sends.
const fn words(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        417 => "Expectation Failed",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "Answer",
    }
}

impl Page {
    /// Appends the whole answer to `out`; `head` leaves the body out, `close` says that the connection ends.
    pub fn write(&self, out: &mut Vec<u8>, head: bool, close: bool) {
        use std::io::Write as _;
        let Self { status, kind, body, error } = self;
        let length = body.len();
        // Writing to a Vec cannot fail.
        let _ = write!(
            out,
            "HTTP/1.1 {status} {}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nCache-Control: no-store\r\n\
             X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: \
             default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'\r\n",
            words(*status),
            *STYLE_HASH,
        );
        if let Some(error) = error {
            let _ = write!(out, "Proxy-Status: fivebar; error={error}\r\n");
        }
        if *status == 405 {
            out.extend_from_slice(b"Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, CONNECT\r\n");
        }
        if close {
            out.extend_from_slice(b"Connection: close\r\n");
        }
        out.extend_from_slice(b"\r\n");
        if !head {
            out.extend_from_slice(body.as_bytes());
        }
    }
}
