//! In which language the answer to a request is said.
//!
//! The guard works out the language once for each request, before any page is, and everything that is said while the request is answered
//! is said in it: [`say`] gives a label, [`filled!`](crate::filled) and [`marked!`](crate::marked) one with something filled in,
//! [`counted!`](crate::counted) the form for a number. Outside of an answer (a command, a job, a test that asks for nothing else)
//! everything is said in English, in the program's own words. Why the language is not handed from page to component to component is told
//! in ADR 23.

use std::cell::RefCell;
use std::future::Future;

use axum::http::Method;
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE, HeaderMap, HeaderName};
use axum::http::request::Parts;
use maud::{Markup, PreEscaped, Render as _};
use words::{Say, Words};

use crate::form::HOME;
use crate::page::{OtherLanguage, Spoken};

/// What remembers a choice. There is nothing in it but the tag of a language.
const COOKIE_NAME: &str = "fivebar-language";
/// The same over HTTPS: a browser keeps it for this host alone.
const SECURE_COOKIE_NAME: &str = "__Host-fivebar-language";
/// For how long, in seconds: a year.
const REMEMBERED: u32 = 365 * 86_400;

tokio::task_local! {
    static SPEAKING: RefCell<Speaking>;
}

/// The language of an answer, and where whoever asks is.
#[derive(Debug, Clone)]
pub struct Speaking {
    say: Say,
    /// The page that a choice of language leads back to.
    here: String,
}

impl Speaking {
    /// What somebody chose before in this browser, or what it asks for, of the languages that the portal is there in.
    pub fn to(words: &std::sync::Arc<Words>, parts: &Parts) -> Self {
        let accepted = text(&parts.headers, &ACCEPT_LANGUAGE);
        let say = words.speak_at_portal(chosen(text(&parts.headers, &COOKIE)), accepted);
        let here = if parts.method == Method::GET {
            parts.uri.path_and_query().map_or(HOME, |path| path.as_str())
        } else {
            parts.uri.path()
        };
        Self { say, here: here.to_owned() }
    }

    /// A language, at the page that everybody begins at.
    pub fn of(say: Say) -> Self {
        Self { say, here: HOME.to_owned() }
    }
}

/// A header's text; empty where there is none.
pub fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
}

/// What was chosen before, among a browser's cookies. Of two that say so neither counts, as with every cookie.
pub fn chosen(cookies: &str) -> Option<&str> {
    let pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    let mut tags =
        pairs.filter(|(name, _)| *name == COOKIE_NAME || *name == SECURE_COOKIE_NAME).map(|(_, tag)| tag);
    tags.next().filter(|_| tags.next().is_none())
}

/// The cookie that remembers a choice.
pub fn cookie(tag: &str, by_https: bool) -> String {
    let (name, secure) = if by_https { (SECURE_COOKIE_NAME, "; Secure") } else { (COOKIE_NAME, "") };
    format!("{name}={tag}; Path=/; Max-Age={REMEMBERED}; HttpOnly; SameSite=Lax{secure}")
}

/// Answers in a language.
pub async fn speaking<F: Future>(speaking: Speaking, answer: F) -> F::Output {
    SPEAKING.scope(RefCell::new(speaking), answer).await
}

/// The same where nothing is waited for.
pub fn spoken_in<T>(say: Say, answer: impl FnOnce() -> T) -> T {
    SPEAKING.sync_scope(RefCell::new(Speaking::of(say)), answer)
}

/// What is printed, which is in English whoever asks for it.
pub fn in_english<T>(print: impl FnOnce() -> T) -> T {
    spoken_in(Say::default(), print)
}

/// From here on the answer is said in the language of that tag, where the portal is there in it: what somebody keeps with their account.
pub fn turn_to(tag: &str) {
    let turn = |speaking: &RefCell<Speaking>| {
        if let Ok(mut speaking) = speaking.try_borrow_mut() {
            let words = std::sync::Arc::clone(speaking.say.words());
            if words.language(tag).is_some_and(words::Language::has_portal) {
                speaking.say = words.speak(tag);
            }
        }
    };
    // Outside of an answer there is nothing to turn.
    let _ = SPEAKING.try_with(turn);
}

/// The language that is spoken.
pub fn current() -> Say {
    let inside = SPEAKING.try_with(|speaking| Some(speaking.try_borrow().ok()?.say.clone()));
    inside.ok().flatten().unwrap_or_default()
}

/// The label with that key.
pub fn say(key: &str) -> String {
    current().say(key).to_owned()
}

/// A label of the portal where there is one, and otherwise a text of the content: what a school's content adds has no label here.
pub fn say_or(key: &str, text: &str) -> String {
    let say = current();
    let label = say.say(key);
    if label == key { text.to_owned() } else { label.to_owned() }
}

/// The label with what stands in braces filled in.
pub fn fill(key: &str, with: &[(&str, String)]) -> String {
    current().fill(key, &borrowed(with))
}

/// The label in the form for so many, with what stands in braces filled in: `n` is the number.
pub fn count(key: &str, n: u64, with: &[(&str, String)]) -> String {
    let number = n.to_string();
    let mut all = borrowed(with);
    all.push(("n", number.as_str()));
    current().count_with(key, n, &all)
}

/// The label as markup, with markup in its braces. The label is escaped, and what is filled in was when it was made.
pub fn mark(key: &str, with: &[(&str, Markup)]) -> Markup {
    let say = current();
    let with: Vec<(&str, &str)> = with.iter().map(|(name, value)| (*name, value.0.as_str())).collect();
    PreEscaped(words::fill(&say.say(key).render().0, &with))
}

fn borrowed<'a>(with: &'a [(&'a str, String)]) -> Vec<(&'a str, &'a str)> {
    with.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// The label of a key with texts filled in, by name: `filled!("passkeys.passkey", called = name)`.
#[macro_export]
macro_rules! filled {
    ($key:expr, $($name:ident $(= $value:expr)?),+ $(,)?) => {
        $crate::speech::fill($key, &[$((stringify!($name), $crate::filled!(@ $name $(, $value)?).to_string())),+])
    };
    (@ $name:ident, $value:expr) => { $value };
    (@ $name:ident) => { $name };
}

/// The label of a key with markup filled in, by name: `marked!("request.if-it-cannot-wait", link)`.
#[macro_export]
macro_rules! marked {
    ($key:expr, $($name:ident $(= $value:expr)?),+ $(,)?) => {
        $crate::speech::mark($key, &[$((stringify!($name), ::maud::html! { ($crate::filled!(@ $name $(, $value)?)) })),+])
    };
}

/// The label of a key in the form for a number, which stands in it as `{n}`: `counted!("work.late-count", n)`.
#[macro_export]
macro_rules! counted {
    ($key:expr, $n:expr $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::speech::count($key, u64::try_from($n).unwrap_or_default(), &[$((stringify!($name), $value.to_string())),*])
    };
}

/// What the shell says in a language. The choice of another is a link: whoever is signed in keeps theirs with their account, and is shown
/// a form instead.
pub fn shell(say: &Say, here: &str, portal: bool) -> Spoken {
    let label = |key: &str| say.say(key).to_owned();
    let there = say.words().languages().iter().filter(|language| !portal || language.has_portal());
    let others = there.map(|language| OtherLanguage {
        tag: language.tag.clone(),
        name: language.name.clone(),
        right_to_left: language.right_to_left,
        href: (language.tag != say.tag())
            .then(|| format!("/language?to={}&back={}", language.tag, crate::form::in_a_query(here))),
    });
    Spoken {
        tag: say.tag().to_owned(),
        right_to_left: say.direction() == "rtl",
        skip: label("page.skip"),
        error: label("page.error"),
        way_back: label("page.way-back"),
        footer: label("page.footer"),
        languages: label("page.languages"),
        others: others.collect(),
        here: here.to_owned(),
        note: say.is_draft().then(|| (label("page.draft"), say.in_english("page.draft").to_owned())),
    }
}

/// What the shell of the pages of whoever signs in says, in the language that is spoken; `None` where nobody asks for a page.
pub fn shell_here() -> Option<Spoken> {
    let here = SPEAKING.try_with(|speaking| Some(speaking.try_borrow().ok()?.clone())).ok().flatten()?;
    Some(shell(&here.say, &here.here, true))
}

#[cfg(test)]
mod tests {
    use maud::html;

    use super::*;

    fn welsh() -> Say {
        Words::built_in().speak("cy")
    }

    #[test]
    fn an_answer_is_said_in_one_language_and_what_is_said_outside_of_one_in_english() {
        assert_eq!(say("page.back"), "Back");
        assert_eq!(spoken_in(welsh(), || say("page.back")), "Yn ôl");
        spoken_in(Say::default(), || {
            assert_eq!(say("page.back"), "Back");
            turn_to("cy");
            assert_eq!(say("page.back"), "Yn ôl");
            for other in ["ur", "xx", ""] {
                turn_to(other);
                assert_eq!(say("page.back"), "Yn ôl", "{other:?}: the portal is not there in it");
            }
        });
        turn_to("cy");
        assert_eq!(say("page.back"), "Back");
        assert_eq!(say_or("no.such", "Its own text"), "Its own text");
    }

    #[tokio::test]
    async fn two_answers_at_once_are_each_said_in_their_own() {
        let one = speaking(Speaking::of(welsh()), async {
            tokio::task::yield_now().await;
            say("page.back")
        });
        let other = speaking(Speaking::of(Say::default()), async {
            tokio::task::yield_now().await;
            say("page.back")
        });
        assert_eq!(tokio::join!(one, other), ("Yn ôl".to_owned(), "Back".to_owned()));
    }

    #[test]
    fn what_is_filled_into_markup_is_escaped_once_and_the_label_too() {
        let name = "<b>";
        assert_eq!(marked!("block.site", site = name).0, "The site is &lt;b&gt;.");
        assert_eq!(
            marked!("block.site", site = html! { a href="/" { "x" } }).0,
            "The site is <a href=\"/\">x</a>."
        );
        let site = "{site}.example";
        assert_eq!(filled!("block.site", site), "The site is {site}.example.");
        assert_eq!(counted!("why.count", 2_usize), "2 sites were blocked on this device.");
        assert_eq!(
            spoken_in(welsh(), || counted!("why.count", 1_u64)),
            "Cafodd 1 wefan ei rhwystro ar y ddyfais hon."
        );
    }

    #[test]
    fn dates_are_said_as_each_language_says_them() {
        let (at, zone) = (kit::Timestamp::from_millis(1_795_430_940_000), kit::Zone::utc());
        let said = || {
            use crate::page;
            [page::moment(at, &zone), page::day(at, &zone), page::weekday(at, &zone), page::second(at, &zone)]
        };
        assert_eq!(
            said(),
            [
                "10:49 on Monday 23 November 2026",
                "23 November 2026",
                "Monday 23 November",
                "Mon 23 Nov 10:49:00"
            ]
        );
        assert_eq!(
            spoken_in(welsh(), said),
            [
                "10:49 ddydd Llun 23 Tachwedd 2026",
                "23 Tachwedd 2026",
                "dydd Llun 23 Tachwedd",
                "Llun 23 Tach 10:49:00"
            ]
        );
    }

    #[test]
    fn a_choice_is_found_among_other_cookies() {
        assert_eq!(chosen("a=b; fivebar-language=cy; c=d"), Some("cy"));
        assert_eq!(chosen("__Host-fivebar-language=ur"), Some("ur"));
        assert_eq!(chosen("fivebar-language=cy; fivebar-language=ur"), None);
        assert_eq!(chosen("fivebar-languages=cy"), None);
        assert_eq!(chosen(""), None);
    }
}
