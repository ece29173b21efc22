//! What the pages about tokens say.

use kit::{Private, Timestamp, Zone};
use maud::{Markup, html};
use web::component::{
    BackLink, Button, ButtonKind, Cell, Choice, Hint, Input, InsetText, Label, Select, Table, WarningText,
};
use web::page::moment;
use web::speech::say;
use web::{Mistakes, Page, Submitted, marked};

use super::model::{ApiToken, Secret};
use crate::content::Content;

/// A token as a page shows it, and who made it where that is somebody else.
#[derive(Debug, Clone)]
pub struct Line {
    /// The token.
    pub token: ApiToken,
    /// Who made it.
    pub by: Option<Private<String>>,
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Whoever looks at it has these.
    pub own: Vec<Line>,
    /// Those of others, for whoever may see them.
    pub others: Option<Vec<Line>>,
    /// When.
    pub at: Timestamp,
    /// Where the API is.
    pub url: String,
}

/// The field of a scope in the form.
pub fn field(scope: &str) -> String {
    format!("scope-{}", scope.replace('.', "-"))
}

/// The tokens there are, and one that was just made.
pub fn all(shown: &Shown, made: Option<(&ApiToken, &Secret)>, zone: &Zone) -> Page {
    let title = &say("tokens.tokens-for-other-programs");
    let content = html! {
        h1 .govuk-heading-l { (title) }
        @if let Some((token, secret)) = made { (fresh(token, secret, &shown.url, zone)) }
        p .govuk-body {
            (say("tokens.by-a-token-another"))
        }
        p .govuk-body {
            a .govuk-link href="/api" { (say("tokens.how-another-program-begins")) }
        }
        (Button { kind: ButtonKind::Link("/staff/tokens/new".into()), ..Button::new(say("tokens.make-a-token")) })
        h2 .govuk-heading-m { (say("tokens.your-tokens")) }
        (lines(&shown.own, &say("tokens.your-tokens-newest-first"), shown.at, zone))
        @if let Some(others) = &shown.others {
            h2 .govuk-heading-m { (say("tokens.tokens-of-others")) }
            (lines(others, &say("tokens.tokens-of-others-newest"), shown.at, zone))
        }
    };
    Page::new(title, content).before(BackLink::new("/today"))
}

fn fresh(token: &ApiToken, secret: &Secret, url: &str, zone: &Zone) -> Markup {
    html! {
        (WarningText::new(say("tokens.copy-the-token-now")))
        p .govuk-body { (marked!("tokens.token-for-which-holds", name = token.name, when = moment(token.ends_at, zone))) br; code .fivebar-host { (secret.reveal()) } }
        p .govuk-body { (say("common.address")) br; code .fivebar-host { (url) } }
    }
}

fn lines(lines: &[Line], caption: &str, at: Timestamp, zone: &Zone) -> Markup {
    let of_others = lines.iter().any(|line| line.by.is_some());
    let mut head = vec![
        say("tokens.program"),
        say("tokens.begins-with"),
        say("tokens.may"),
        say("tokens.made"),
        say("common.last-used"),
        say("common.where-it-stands"),
    ];
    if of_others {
        head.insert(1, say("tokens.made-by"));
    }
    let rows = lines.iter().map(|Line { token, by }| {
        let used = token.used_at.map_or_else(|| say("tokens.never"), |at| moment(at, zone));
        let mut row = vec![
            Cell::new(&token.name),
            Cell::new(html! { code .fivebar-host { (token.prefix) "…" } }),
            Cell::new(scopes(token)),
            Cell::new(moment(token.made_at, zone)),
            Cell::new(used),
            Cell::new(stands(token, at, zone)),
        ];
        if of_others {
            row.insert(
                1,
                Cell::new(
                    by.as_ref().map_or_else(|| say("common.somebody-who-has-left"), |by| by.reveal().clone()),
                ),
            );
        }
        row
    });
    html! {
        @if lines.is_empty() { (InsetText::new(say("tokens.there-is-none"))) } @else {
            div .fivebar-scroll tabindex="0" role="region" aria-label=(caption) {
                (Table {
                    caption: Some(caption.to_owned()), caption_classes: "govuk-visually-hidden".into(),
                    head: head.iter().map(Cell::new).collect(), rows: rows.collect(), ..Table::default()
                })
            }
        }
    }
}

fn scopes(token: &ApiToken) -> Markup {
    let all = Content::built_in().scopes();
    let name = |id: &String| {
        all.iter().find(|scope| scope.id == *id).map_or_else(|| id.clone(), |scope| scope.name.clone())
    };
    html! { ul .govuk-list { @for scope in &token.scopes { li { (name(scope)) } } } }
}

fn stands(token: &ApiToken, at: Timestamp, zone: &Zone) -> Markup {
    html! {
        @match &token.ended {
            Some((at, _)) => { (marked!("tokens.ended-at", when = moment(*at, zone))) }
            None if !token.holds(at) => { (marked!("tokens.ended-by-itself-at", when = moment(token.ends_at, zone))) }
            None => {
                p .govuk-body { (marked!("tokens.holds-until", when = moment(token.ends_at, zone))) }
                form method="post" action={ "/staff/tokens/" (token.id) "/end" } novalidate {
                    (Button { classes: "govuk-button--secondary".into(), ..Button::new(html! {
                        (marked!("tokens.end-it", hidden = html! { span .govuk-visually-hidden { ": " (token.name) " " (token.prefix) } }))
                    }) })
                }
            },
        }
    }
}

/// The form by which one is made.
pub fn form(form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = &say("tokens.make-a-token");
    let mut name = Input::new("name", Label::new(say("tokens.which-program-uses-it")));
    name.hint = Some(Hint::new(say("tokens.as-in-wall-display")));
    name.error = mistakes.beside("name");
    name.value = Some(form.line("name")).filter(|text| !text.is_empty());
    let longest = Content::built_in().limits.longest_days.to_string();
    let choices = [
        ("7", say("tokens.a-week")),
        ("30", say("tokens.30-days")),
        ("90", say("tokens.90-days")),
        (longest.as_str(), say("tokens.a-year")),
    ];
    let choices = choices.map(|(days, words)| Choice::new(days, words));
    let chosen = Some(form.text("days")).filter(|days| !days.is_empty()).unwrap_or("90");
    let mut days = Select::new("days", Label::new(say("tokens.for-how-long-does")), choices.to_vec(), chosen);
    days.error = mistakes.beside("days");
    let wrong = mistakes
        .beside("scopes")
        .map(|error| web::component::ErrorMessage { id: Some("scopes-error".into()), ..error });
    let described = wrong.as_ref().map(|_| "scopes-error");
    let group = if wrong.is_some() { "govuk-form-group govuk-form-group--error" } else { "govuk-form-group" };
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body { (say("tokens.tick-as-little-as")) }
        form method="post" action="/staff/tokens/new" novalidate {
            (name)
            (days)
            div class=(group) {
                fieldset .govuk-fieldset id="scopes" tabindex="-1" aria-describedby=[described] {
                    legend .govuk-fieldset__legend.govuk-fieldset__legend--m { (say("tokens.what-may-it-do")) }
                    @if let Some(wrong) = &wrong { (wrong) }
                    div .govuk-checkboxes.govuk-checkboxes--small {
                        @for scope in Content::built_in().scopes() {
                            @let field = field(&scope.id);
                            @let hint = format!("{field}-hint");
                            div .govuk-checkboxes__item {
                                input .govuk-checkboxes__input type="checkbox" id=(field) name=(field) value="yes"
                                    checked[form.text(&field) == "yes"] aria-describedby=(hint);
                                label .govuk-label.govuk-checkboxes__label for=(field) { (scope.name) }
                                div .govuk-hint.govuk-checkboxes__hint id=(hint) { (scope.about) }
                            }
                        }
                    }
                }
            }
            (Button::new(say("tokens.make-the-token")))
        }
    };
    Page::new(title, content).before(BackLink::new("/staff/tokens")).problems(mistakes.summary())
}
