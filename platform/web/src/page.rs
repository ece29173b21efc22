//! The shell around every page.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use kit::{Private, Timestamp, Zone};
use maud::{DOCTYPE, Markup, PreEscaped, Render as _, html};

use crate::assets;
use crate::component::{ErrorLine, ErrorSummary, GenericHeader, SkipLink};

/// What every page of one portal shares.
#[derive(Debug, Clone, Default)]
pub struct Shell {
    /// The name in the header and at the end of every title.
    pub service: String,
    /// What must be said on every page, in red, before anything else; nothing where there is nothing to warn of.
    pub notices: Vec<String>,
    /// The links at the foot: their words and addresses.
    pub links: Vec<(String, String)>,
    /// Who is signed in, where somebody is.
    pub signed_in: Option<SignedIn>,
    /// The language of the page and the shell's own words in it; English where none is said.
    pub spoken: Option<Spoken>,
}

/// The language that a page is in, with what the shell itself says.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// Its tag (BCP 47).
    pub tag: String,
    /// Whether it is written from right to left.
    pub right_to_left: bool,
    /// The way past the header.
    pub skip: String,
    /// What the window's title begins with where a form was not right.
    pub error: String,
    /// What the ways back are called.
    pub way_back: String,
    /// What the links at the foot are called.
    pub footer: String,
    /// What the menu of languages is called.
    pub languages: String,
    /// Every language there is.
    pub others: Vec<OtherLanguage>,
    /// What is said of the words themselves at the foot: in the language, and in English.
    pub note: Option<(String, String)>,
}

/// A language that the page is there in.
#[derive(Debug, Clone)]
pub struct OtherLanguage {
    /// Its tag.
    pub tag: String,
    /// What those who speak it call it.
    pub name: String,
    /// Whether it is written from right to left.
    pub right_to_left: bool,
    /// Where the page is in it; `None` for the one that it is in.
    pub href: Option<String>,
}

impl Spoken {
    const fn direction(right_to_left: bool) -> &'static str {
        if right_to_left { "rtl" } else { "ltr" }
    }

    /// The menu: each language by its own name, since whoever needs it may read no other.
    fn menu(&self) -> Markup {
        html! {
            nav .fivebar-languages aria-label=(self.languages) {
                ul {
                    @for other in &self.others {
                        li {
                            @match &other.href {
                                None => span lang=(other.tag) aria-current="true" { (other.name) },
                                Some(href) => a .govuk-link lang=(other.tag) hreflang=(other.tag)
                                    dir=(Self::direction(other.right_to_left)) href=(href) { (other.name) },
                            }
                        }
                    }
                }
            }
            @if let Some((own, english)) = &self.note {
                p .fivebar-note { (own) }
                p .fivebar-note lang="en" dir="ltr" { (english) }
            }
        }
    }
}

/// Who is signed in, for the top of their pages.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Their name.
    pub name: Private<String>,
    /// Where they may go: words and addresses.
    pub links: Vec<(String, String)>,
}

/// Said where a form is not on its page any more.
const CHANGED: &str = "What this was about has changed since you opened it, so nothing was kept. This page shows how it stands now.";

/// One page.
#[derive(Debug, Clone)]
pub struct Page {
    /// What it is called: the beginning of the window's title. The same as its `h1`, as a rule.
    pub title: String,
    /// What stands before the main part, as a way back.
    pub before: Markup,
    /// What went wrong with a form, at the top.
    pub problems: Option<ErrorSummary>,
    /// The page itself, with its one `h1`.
    pub content: Markup,
    /// What the browser is told.
    pub status: StatusCode,
    /// Whether it does without the school's typeface and scripts: for a page that must be there at once on a slow phone.
    pub light: bool,
}

impl Page {
    /// A page that went well.
    pub fn new(title: impl Into<String>, content: Markup) -> Self {
        Self {
            title: title.into(),
            before: Markup::default(),
            problems: None,
            content,
            status: StatusCode::OK,
            light: false,
        }
    }

    /// Without the typeface and scripts.
    #[must_use]
    pub const fn light(mut self) -> Self {
        self.light = true;
        self
    }

    /// With something before the main part, as a way back.
    #[must_use]
    pub fn before(mut self, before: impl maud::Render) -> Self {
        self.before = before.render();
        self
    }

    /// With what went wrong. The title says so too, because it is what a screen reader says first. Where a field is gone that something is wrong
    /// with, since somebody else has answered meanwhile, that is said instead.
    #[must_use]
    pub fn problems(mut self, problems: Option<ErrorSummary>) -> Self {
        if problems.is_some() {
            self.status = StatusCode::UNPROCESSABLE_ENTITY;
        }
        self.problems = problems.map(|mut problems| {
            let here = |line: &ErrorLine| match line.href.as_deref() {
                Some("#main-content") | None => true,
                Some(href) => self.content.0.contains(&format!("id=\"{}\"", href.trim_start_matches('#'))),
            };
            let before = problems.lines.len();
            problems.lines.retain(here);
            if problems.lines.len() < before {
                let whole = Some("#main-content".to_owned());
                problems.lines.push(ErrorLine { content: CHANGED.render(), href: whole });
            }
            problems
        });
        self
    }

    /// With that status.
    #[must_use]
    pub const fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

/// Permission for one page's own two scripts: fresh random bytes for every response.
struct Nonce(String);

impl Nonce {
    /// Where the machine gives no randomness there is no nonce, and the page goes without scripts.
    fn fresh() -> Option<Self> {
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    fn policy(nonce: Option<&Self>) -> String {
        let script = nonce.map_or("'none'".to_owned(), |Self(nonce)| format!("'nonce-{nonce}'"));
        format!(
            "default-src 'none'; script-src {script}; style-src 'self'; font-src 'self'; img-src 'self'; \
             worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    }
}

impl Shell {
    /// The page inside the shell, with its content security policy. It is never kept by a cache.
    pub fn respond(&self, page: &Page) -> Response {
        let nonce = Nonce::fresh();
        let mut response = (page.status, Html(self.html(page, nonce.as_ref()).0)).into_response();
        let headers = response.headers_mut();
        if let Ok(policy) = HeaderValue::try_from(Nonce::policy(nonce.as_ref())) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY"));
        response
    }

    fn html(&self, page: &Page, nonce: Option<&Nonce>) -> Markup {
        let spoken = self.spoken.as_ref();
        let says = |own: fn(&Spoken) -> &str, english: &'static str| spoken.map_or(english, own).to_owned();
        let failed =
            if page.problems.is_some() { says(|own| &own.error, "Error:") + " " } else { String::new() };
        // English is said to be Britain's, as before there was another.
        let tag = spoken.map_or("en-GB", |own| if own.tag == "en" { "en-GB" } else { &own.tag });
        let direction = spoken.filter(|own| own.right_to_left).map(|_| "rtl");
        html! {
            (DOCTYPE)
            html lang=(tag) dir=[direction] .govuk-template {
                head {
                    meta charset="utf-8";
                    title { (failed) (page.title) " – " (self.service) }
                    meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
                    meta name="theme-color" content="#23543f";
                    link rel="stylesheet" href={ "/assets/" (assets::STYLE) };
                    link rel="icon" type="image/svg+xml" href={ "/assets/" (assets::ICON) };
                }
                body .govuk-template__body.fivebar-light[page.light] {
                    @if !page.light { (scripts(nonce)) }
                    (SkipLink::new(says(|own| &own.skip, "Skip to main content"), "#main-content"))
                    (self.header())
                    div .govuk-width-container {
                        @if !page.before.0.is_empty() {
                            nav aria-label=(says(|own| &own.way_back, "Way back")) { (page.before) }
                        }
                        main .govuk-main-wrapper #main-content {
                            div .govuk-grid-row {
                                div .govuk-grid-column-two-thirds {
                                    @if let Some(problems) = &page.problems { (problems) }
                                    (page.content)
                                }
                            }
                        }
                    }
                    (self.footer())
                }
            }
        }
    }

    fn header(&self) -> Markup {
        html! {
            header .govuk-template__header {
                @for notice in &self.notices {
                    div .fivebar-notice {
                        div .govuk-width-container { p { (notice) } }
                    }
                }
                (GenericHeader::new(&self.service))
                @if let Some(who) = &self.signed_in { (who.bar()) }
            }
        }
    }

    fn footer(&self) -> Markup {
        html! {
            footer .govuk-template__footer {
                div .fivebar-footer {
                    div .govuk-width-container {
                        @if let Some(spoken) = &self.spoken { (spoken.menu()) }
                        @if !self.links.is_empty() {
                            nav aria-label=(self.spoken.as_ref().map_or("Footer", |own| &own.footer)) {
                                ul {
                                    @for (words, href) in &self.links {
                                        li { a .govuk-link href=(href) { (words) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

impl SignedIn {
    fn bar(&self) -> Markup {
        html! {
            nav .fivebar-bar aria-label="Your pages" {
                div .govuk-width-container {
                    ul {
                        @for (words, href) in &self.links {
                            li { a .govuk-link href=(href) { (words) } }
                        }
                    }
                    p { a .govuk-link href="/me" { (self.name.reveal()) } }
                    form method="post" action="/sign-out" novalidate { button .fivebar-plain type="submit" { "Sign out" } }
                }
            }
        }
    }
}

/// Marks the page as one with scripts, before anything is painted, and wakes the components when it is there.
fn scripts(nonce: Option<&Nonce>) -> Markup {
    let Some(Nonce(nonce)) = nonce else { return Markup::default() };
    let wake = format!(
        "import {{ initAll, passkeys, notices }} from '/assets/{}'; initAll(); passkeys(); notices();",
        assets::SCRIPT
    );
    html! {
        script nonce=(nonce) {
            (PreEscaped("document.body.className += ' js-enabled' + \
                ('noModule' in HTMLScriptElement.prototype ? ' govuk-frontend-supported' : '');"))
        }
        script type="module" nonce=(nonce) { (PreEscaped(wake)) }
    }
}

/// A moment as people say it, in the school's own time: `10:49 on Monday 23 November 2026`.
pub fn moment(at: Timestamp, zone: &Zone) -> String {
    zone.local(at).civil().strftime("%H:%M on %A %-d %B %Y").to_string()
}

/// A host or an address as people type it, which may break anywhere so that it never pushes a page sideways.
pub fn host(text: &str) -> Markup {
    html! { span .fivebar-host { (text) } }.render()
}

impl IntoResponse for Page {
    /// In the bare shell, for what happens before a portal's own shell is known.
    fn into_response(self) -> Response {
        Shell { service: "Fivebar".to_owned(), ..Shell::default() }.respond(&self)
    }
}
