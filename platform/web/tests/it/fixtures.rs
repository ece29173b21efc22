//! Every fixture of the npm package `govuk-frontend` for the components we have: its options go in, and what comes out
//! must be upstream's own HTML. Those with an option that we do not take are counted and named, never skipped in silence.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use maud::{Markup, Render as _};
use serde_json::Value;
use web::component::*;

use super::options::Options;
use super::tree::normalised;

type Build = fn(&Options<'_>) -> Markup;

const COMPONENTS: &[(&str, Build)] = &[
    ("back-link", back_link),
    ("breadcrumbs", breadcrumbs),
    ("button", button),
    ("details", details),
    ("error-message", |options| error_message(options).render()),
    ("error-summary", error_summary),
    ("fieldset", |options| fieldset(options).render()),
    ("generic-header", generic_header),
    ("hint", |options| hint(options).render()),
    ("input", input),
    ("inset-text", inset_text),
    ("label", |options| {
        let target = options.text("for");
        label(options).of(target.as_deref())
    }),
    ("notification-banner", notification_banner),
    ("panel", panel),
    ("password-input", password_input),
    ("phase-banner", phase_banner),
    ("radios", radios),
    ("select", select),
    ("skip-link", skip_link),
    ("summary-list", summary_list),
    ("table", table),
    ("tag", |options| tag(options).render()),
    ("textarea", textarea),
    ("warning-text", warning_text),
];

/// How many of the fixtures we could express when this was last changed. It must not fall.
const AT_LEAST: usize = 345;

/// Why an option is not taken, by the last part of its name.
const REASONS: &[(&str, &str)] = &[
    ("attributes", "free attributes are how a page would slip past its content security policy"),
    ("holes", "a typed list has no empty places that count"),
    ("value", "a password never comes back in a page"),
    ("actions", "no page of ours interrupts a journey"),
];

#[test]
fn components_render_what_upstream_renders() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/node_modules/govuk-frontend/dist/govuk");
    if !package.join("components").is_dir() {
        println!("skipped: govuk-frontend is not installed; run `npm ci` in platform/web/assets");
        return;
    }
    let (mut all, mut same) = (0, 0);
    let mut wrong = String::new();
    let mut unexplained = BTreeSet::new();
    for (name, build) in COMPONENTS {
        let path = package.join("components").join(name).join("fixtures.json");
        let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let fixtures = file["fixtures"].as_array().unwrap();
        let mut unsupported: BTreeMap<String, usize> = BTreeMap::new();
        let mut equal = 0;
        for fixture in fixtures {
            let (options, left) = Options::new(&fixture["options"]);
            let ours = build(&options);
            drop(options);
            let left = left.borrow();
            if !left.is_empty() {
                for option in left.iter() {
                    *unsupported.entry(option.clone()).or_default() += 1;
                    if !REASONS.iter().any(|(known, _)| option.rsplit('.').next() == Some(known)) {
                        unexplained.insert(format!("{name}: {option}"));
                    }
                }
                continue;
            }
            let (ours, theirs) = (normalised(&ours.0), normalised(fixture["html"].as_str().unwrap()));
            if ours == theirs {
                equal += 1;
            } else {
                wrong += &format!("\n{name} / {}\nours:\n{ours}\nupstream:\n{theirs}\n", fixture["name"]);
            }
        }
        println!("{name:20} {equal:3} of {:3} fixtures the same; not taken: {unsupported:?}", fixtures.len());
        all += fixtures.len();
        same += equal;
    }
    println!("{same} of {all} fixtures of {} components the same", COMPONENTS.len());
    for (option, reason) in REASONS {
        println!("not taken: {option}: {reason}");
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(unexplained.is_empty(), "options that are not taken without a reason: {unexplained:?}");
    assert!(same >= AT_LEAST, "only {same} fixtures are the same; it was {AT_LEAST}");
}

fn back_link(o: &Options<'_>) -> Markup {
    let mut link = BackLink::new(o.text("href").unwrap_or_else(|| "#".to_owned()));
    link.classes = o.classes();
    link.content = o.content("html", "text").filter(|words| !words.0.is_empty()).unwrap_or(link.content);
    link.render()
}

fn password_input(o: &Options<'_>) -> Markup {
    let (name, id, label, hint, error) = field(o);
    let show = o.text("showPasswordText");
    let words = [
        o.text("hidePasswordText"),
        o.text("showPasswordAriaLabelText"),
        o.text("hidePasswordAriaLabelText"),
        o.text("passwordShownAnnouncementText"),
        o.text("passwordHiddenAnnouncementText"),
    ];
    let words = show.map(|show| {
        let [hide, show_label, hide_label, shown, hidden] = words.map(Option::unwrap_or_default);
        ShowWords { show, hide, show_label, hide_label, shown, hidden }
    });
    let autocomplete = match o.text("autocomplete").as_deref() {
        None | Some("current-password") => "current-password",
        Some("new-password") => "new-password",
        Some(other) => panic!("a new kind of password: {other}"),
    };
    PasswordInput {
        id,
        hint,
        error,
        classes: o.classes(),
        described_by: o.text("describedBy"),
        autocomplete,
        words,
        ..PasswordInput::new(name, label)
    }
    .render()
}

fn skip_link(o: &Options<'_>) -> Markup {
    let href = o.text("href").unwrap_or_else(|| "#content".to_owned());
    let mut link = SkipLink::new(o.content("html", "text").unwrap_or_default(), href);
    link.classes = o.classes();
    link.render()
}

fn breadcrumbs(o: &Options<'_>) -> Markup {
    let crumbs = o.each("items").into_iter().map(|item| Crumb {
        content: item.content("html", "text").unwrap_or_default(),
        href: item.text("href"),
    });
    let mut way = Breadcrumbs::new(crumbs.collect());
    way.collapse = o.flag("collapseOnMobile");
    way.classes = o.classes();
    way.label = o.text("labelText").unwrap_or(way.label);
    way.render()
}

fn button(o: &Options<'_>) -> Markup {
    let rich = o.text("html").is_some();
    let mut button = Button::new(o.content("html", "text").unwrap_or_default());
    button.rich = rich;
    button.classes = o.classes();
    button.id = o.text("id");
    button.name = o.text("name");
    button.value = o.text("value");
    button.disabled = o.flag("disabled");
    button.start = o.flag("isStartButton");
    button.once = o.maybe("preventDoubleClick");
    button.kind = match (o.text("href"), o.text("type").as_deref()) {
        (Some(href), _) => ButtonKind::Link(href),
        (None, None | Some("submit")) => ButtonKind::Submit,
        (None, Some("button")) => ButtonKind::Plain,
        (None, Some("reset")) => ButtonKind::Reset,
        (None, Some(other)) => panic!("a new type of button: {other}"),
    };
    button.render()
}

fn details(o: &Options<'_>) -> Markup {
    let summary = o.content("summaryHtml", "summaryText").unwrap_or_default();
    let mut details = Details::new(summary, o.content("html", "text").unwrap_or_default());
    details.id = o.text("id");
    details.open = o.flag("open");
    details.classes = o.classes();
    details.render()
}

fn error_message(o: &Options<'_>) -> ErrorMessage {
    let mut message = ErrorMessage::new(o.content("html", "text").unwrap_or_default());
    message.id = o.text("id");
    message.classes = o.classes();
    message.prefix = match o.value("visuallyHiddenText") {
        None => message.prefix,
        Some(_) => o.text("visuallyHiddenText"),
    };
    message
}

fn error_summary(o: &Options<'_>) -> Markup {
    let lines = o.each("errorList").into_iter().map(|line| ErrorLine {
        content: line.content("html", "text").unwrap_or_default(),
        href: line.text("href"),
    });
    let mut summary = ErrorSummary::new(lines.collect());
    summary.title = o.content("titleHtml", "titleText").unwrap_or_default();
    summary.description = o.content("descriptionHtml", "descriptionText");
    summary.classes = o.classes();
    summary.keep_focus = o.maybe("disableAutoFocus");
    summary.render()
}

fn fieldset(o: &Options<'_>) -> Fieldset {
    Fieldset {
        legend: o.nested("legend").and_then(|legend| {
            let (classes, is_page_heading) = (legend.classes(), legend.flag("isPageHeading"));
            let content = legend.content("html", "text")?;
            Some(Legend { content, classes, is_page_heading })
        }),
        described_by: o.text("describedBy"),
        classes: o.classes(),
        role: o.text("role"),
        content: o.content("html", "html").unwrap_or_default(),
    }
}

fn generic_header(o: &Options<'_>) -> Markup {
    let mut header = GenericHeader::new(o.content("logoHtml", "logoText").unwrap_or_default());
    header.href = o.text("url").unwrap_or(header.href);
    header.classes = o.classes();
    header.container_classes = o.text("containerClasses");
    header.render()
}

fn hint(o: &Options<'_>) -> Hint {
    let mut hint = Hint::new(o.content("html", "text").unwrap_or_default());
    hint.id = o.text("id");
    hint.classes = o.classes();
    hint
}

fn label(o: &Options<'_>) -> Label {
    let mut label = Label::new(o.content("html", "text").unwrap_or_default());
    label.classes = o.classes();
    label.is_page_heading = o.flag("isPageHeading");
    label
}

fn field(o: &Options<'_>) -> (String, String, Label, Option<Hint>, Option<ErrorMessage>) {
    let name = o.any_text("name").unwrap_or_default();
    let id = o.text("id").unwrap_or_else(|| name.clone());
    let label = o.nested("label").map_or_else(|| Label::new(""), |below| label(&below));
    let hint = o.nested("hint").map(|below| hint(&below));
    (name, id, label, hint, o.nested("errorMessage").map(|below| error_message(&below)))
}

fn group_classes(o: &Options<'_>) -> Classes {
    o.nested("formGroup").map(|group| group.classes()).unwrap_or_default()
}

fn affix(o: &Options<'_>, name: &'static str) -> Option<Affix> {
    let below = o.nested(name)?;
    let classes = below.classes();
    let content = below.content("html", "text").filter(|content| !content.0.is_empty())?;
    Some(Affix { content, classes })
}

fn input(o: &Options<'_>) -> Markup {
    let (name, id, label, hint, error) = field(o);
    Input {
        id,
        hint,
        error,
        value: o.any_text("value"),
        kind: o.text("type").unwrap_or_else(|| "text".to_owned()),
        classes: o.classes(),
        group_classes: group_classes(o),
        described_by: o.text("describedBy"),
        autocomplete: o.text("autocomplete"),
        autocapitalize: o.text("autocapitalize"),
        inputmode: o.text("inputmode"),
        pattern: o.text("pattern"),
        spellcheck: o.maybe("spellcheck"),
        disabled: o.flag("disabled"),
        prefix: affix(o, "prefix"),
        suffix: affix(o, "suffix"),
        wrapper_classes: o.nested("inputWrapper").map(|below| below.classes()).unwrap_or_default(),
        ..Input::new(name, label)
    }
    .render()
}

fn textarea(o: &Options<'_>) -> Markup {
    let (name, id, label, hint, error) = field(o);
    Textarea {
        id,
        hint,
        error,
        value: o.any_text("value").unwrap_or_default(),
        rows: o.number("rows").unwrap_or(5),
        classes: o.classes(),
        group_classes: group_classes(o),
        described_by: o.text("describedBy"),
        autocomplete: o.text("autocomplete"),
        spellcheck: o.maybe("spellcheck"),
        disabled: o.flag("disabled"),
        ..Textarea::new(name, label)
    }
    .render()
}

fn inset_text(o: &Options<'_>) -> Markup {
    let mut inset = InsetText::new(o.content("html", "text").unwrap_or_default());
    inset.id = o.text("id");
    inset.classes = o.classes();
    inset.render()
}

fn notification_banner(o: &Options<'_>) -> Markup {
    let mut banner = match (o.text("html"), o.text("text")) {
        (Some(html), _) => NotificationBanner::new(maud::PreEscaped(html)),
        (None, Some(text)) => NotificationBanner::saying(text),
        (None, None) => NotificationBanner::new(""),
    };
    banner.success = o.text("type").as_deref() == Some("success");
    banner.title = o.content("titleHtml", "titleText");
    banner.title_level = o.text("titleHeadingLevel").and_then(|level| level.parse().ok()).unwrap_or(2);
    banner.title_id = o.text("titleId").unwrap_or(banner.title_id);
    banner.role = o.text("role");
    banner.classes = o.classes();
    banner.keep_focus = o.maybe("disableAutoFocus");
    banner.render()
}

fn panel(o: &Options<'_>) -> Markup {
    let mut panel = Panel::new(o.content("titleHtml", "titleText").unwrap_or_default());
    panel.content = o.content("html", "text").filter(|content| !content.0.is_empty());
    panel.level = o.text("headingLevel").and_then(|level| level.parse().ok()).unwrap_or(1);
    panel.classes = o.classes();
    panel.render()
}

fn tag(o: &Options<'_>) -> Tag {
    Tag::new(o.content("html", "text").unwrap_or_default(), o.classes())
}

fn phase_banner(o: &Options<'_>) -> Markup {
    PhaseBanner {
        tag: o.nested("tag").map_or_else(|| Tag::new("", ""), |below| tag(&below)),
        content: o.content("html", "text").unwrap_or_default(),
        classes: o.classes(),
    }
    .render()
}

fn radio(o: &Options<'_>, chosen: Option<&str>) -> RadioItem {
    if let Some(word) = o.text("divider") {
        return RadioItem::Divider(word);
    }
    let mut radio = Radio::new(o.any_text("value").unwrap_or_default(), "");
    radio.label.content = o.content("html", "text").unwrap_or_default();
    radio.label.classes = o.nested("label").map(|below| below.classes()).unwrap_or_default();
    radio.id = o.text("id");
    radio.hint = o.nested("hint").map(|below| hint(&below)).filter(|hint| !hint.content.0.is_empty());
    radio.disabled = o.flag("disabled");
    radio.conditional = o.nested("conditional").and_then(|below| below.text("html")).map(maud::PreEscaped);
    radio.checked = match o.maybe("checked") {
        Some(checked) => checked,
        None => chosen.is_some_and(|chosen| chosen == radio.value),
    };
    RadioItem::Radio(Box::new(radio))
}

fn radios(o: &Options<'_>) -> Markup {
    if o.has_holes("items") {
        o.refuse("items.holes");
    }
    let chosen = o.text("value");
    Radios {
        name: o.any_text("name").unwrap_or_default(),
        id_prefix: o.text("idPrefix"),
        items: o.each("items").iter().map(|item| radio(item, chosen.as_deref())).collect(),
        fieldset: o.nested("fieldset").map(|below| fieldset(&below)),
        hint: o.nested("hint").map(|below| hint(&below)),
        error: o.nested("errorMessage").map(|below| error_message(&below)),
        classes: o.classes(),
        group_classes: group_classes(o),
    }
    .render()
}

fn select(o: &Options<'_>) -> Markup {
    if o.has_holes("items") {
        o.refuse("items.holes");
    }
    let name = o.any_text("name").unwrap_or_default();
    let chosen = o.text("value");
    let items = o.each("items").into_iter().map(|item| {
        let value = match item.value("value") {
            Some(Value::Bool(flag)) => Some(flag.to_string()),
            _ => item.any_text("value"),
        };
        let words = item.any_text("text").unwrap_or_default();
        let is_chosen = chosen.is_some() && chosen.as_deref() == Some(value.as_deref().unwrap_or(&words));
        Choice {
            content: words.render(),
            selected: item.maybe("selected").unwrap_or(is_chosen),
            disabled: item.flag("disabled"),
            value,
        }
    });
    Select {
        id: o.text("id").unwrap_or_else(|| name.clone()),
        label: o.nested("label").map_or_else(|| Label::new(""), |below| label(&below)),
        hint: o.nested("hint").map(|below| hint(&below)),
        error: o.nested("errorMessage").map(|below| error_message(&below)),
        items: items.collect(),
        classes: o.classes(),
        group_classes: group_classes(o),
        described_by: o.text("describedBy"),
        disabled: o.flag("disabled"),
        name,
    }
    .render()
}

fn actions(o: Option<Options<'_>>) -> (Vec<Action>, Classes) {
    let Some(o) = o else { return Default::default() };
    let actions = o.each("items").into_iter().map(|item| Action {
        content: item.content("html", "text").unwrap_or_default(),
        href: item.text("href").unwrap_or_default(),
        about: item.text("visuallyHiddenText"),
        classes: item.classes(),
    });
    (actions.collect(), o.classes())
}

fn summary_list(o: &Options<'_>) -> Markup {
    let part = |row: &Options<'_>, name: &'static str| {
        let below = row.nested(name);
        below.map_or_else(Default::default, |below| {
            (below.content("html", "text").unwrap_or_default(), below.classes())
        })
    };
    let rows = o.each("rows").into_iter().map(|row| {
        let ((key, key_extra), (value, value_extra)) = (part(&row, "key"), part(&row, "value"));
        let (actions, actions_extra) = actions(row.nested("actions"));
        SummaryRow { key, value, actions, classes: [row.classes(), key_extra, value_extra, actions_extra] }
    });
    let card = o.nested("card").map(|card| {
        let title = card.nested("title");
        let (actions, actions_extra) = actions(card.nested("actions"));
        Card {
            level: title
                .as_ref()
                .and_then(|title| title.number("headingLevel"))
                .map_or(2, |level| level as u8),
            classes: [
                card.classes(),
                title.as_ref().map(Options::classes).unwrap_or_default(),
                actions_extra,
            ],
            title: title.map(|title| title.content("html", "text").unwrap_or_default()),
            actions,
        }
    });
    SummaryList { rows: rows.collect(), card, classes: o.classes() }.render()
}

fn cell(o: &Options<'_>) -> Cell {
    Cell {
        content: o.content("html", "text").unwrap_or_default(),
        format: o.text("format"),
        classes: o.classes(),
        colspan: o.number("colspan"),
        rowspan: o.number("rowspan"),
    }
}

fn table(o: &Options<'_>) -> Markup {
    Table {
        caption: o.text("caption"),
        caption_classes: o.text("captionClasses").unwrap_or_default().into(),
        head: o.each("head").iter().map(cell).collect(),
        rows: o.rows("rows").iter().map(|row| row.iter().map(cell).collect()).collect(),
        first_cell_is_header: o.flag("firstCellIsHeader"),
        classes: o.classes(),
    }
    .render()
}

fn warning_text(o: &Options<'_>) -> Markup {
    let mut warning = WarningText::new(o.content("html", "text").unwrap_or_default());
    warning.sign = o.text("iconFallbackText").unwrap_or(warning.sign);
    warning.classes = o.classes();
    warning.render()
}
