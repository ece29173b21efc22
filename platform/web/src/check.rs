//! What every page must be, checked on the page read back as a browser reads it.

use std::collections::BTreeSet;

use scraper::{ElementRef, Html, Selector};

/// Everything wrong with a page's structure; empty where all is well. What needs a browser (contrast, focus, zoom) is
/// checked in one.
pub fn page(html: &str) -> Vec<String> {
    let tree = Html::parse_document(html);
    let mut wrong = Vec::new();
    let mut demand = |holds: bool, what: String| {
        if !holds {
            wrong.push(what);
        }
    };
    demand(tree.errors.is_empty(), format!("the parser had to repair it: {:?}", tree.errors));
    demand(
        one(&tree, "html").and_then(|html| html.attr("lang")).is_some_and(is_language),
        "its language is not said".into(),
    );
    for (what, selector) in [("main part", "main#main-content"), ("h1", "h1"), ("title", "head > title")] {
        demand(all(&tree, selector).len() == 1, format!("it has not exactly one {what}"));
    }
    demand(
        one(&tree, "main h1").is_some_and(|h1| !words(h1).is_empty()),
        "its h1 is empty or outside main".into(),
    );
    demand(
        one(&tree, "a.govuk-skip-link").is_some_and(|link| link.attr("href") == Some("#main-content")),
        "no way past the header".into(),
    );
    let mut ids = BTreeSet::new();
    for id in all(&tree, "[id]").into_iter().filter_map(|element| element.attr("id")) {
        demand(ids.insert(id), format!("the id {id:?} is there twice"));
    }
    let mut last = 1;
    for heading in all(&tree, "h1, h2, h3, h4, h5, h6") {
        let level = heading.value().name().as_bytes().get(1).map_or(1, |digit| digit.saturating_sub(b'0'));
        // The heading of an error summary stands before the h1, which is how the pattern is built.
        demand(level <= last + 1, format!("a heading skips a level: {:?}", words(heading)));
        last = level;
    }
    for field in all(&tree, "input:not([type=hidden]), textarea, select") {
        let id = field.attr("id").unwrap_or("");
        let labels = all(&tree, &format!("label[for='{id}']"));
        demand(
            labels.len() == 1 && labels.iter().all(|label| !words(*label).is_empty()),
            format!("the field {id:?} has not one label"),
        );
        for described in field.attr("aria-describedby").unwrap_or("").split_whitespace() {
            demand(
                ids.contains(described),
                format!("the field {id:?} is described by {described:?}, which is not there"),
            );
        }
    }
    for link in all(&tree, "a[href]") {
        let href = link.attr("href").unwrap_or("");
        demand(!words(link).is_empty(), format!("the link to {href:?} has no words"));
        if let Some(id) = href.strip_prefix('#') {
            demand(ids.contains(id), format!("a link leads to {href:?}, which is not there"));
        }
    }
    demand(all(&tree, "[style], [onclick], style").is_empty(), "it carries style or handlers inside".into());
    for form in all(&tree, "form") {
        demand(
            form.attr("action").is_some_and(|to| to.starts_with('/')),
            "a form has no address of ours".into(),
        );
        demand(
            form.attr("novalidate").is_some(),
            "a form lets the browser's own messages replace ours".into(),
        );
    }
    for table in all(&tree, "table") {
        demand(
            Selector::parse("caption").is_ok_and(|caption| table.select(&caption).next().is_some()),
            "a table has no caption".into(),
        );
    }
    if let Some(summary) = one(&tree, ".govuk-error-summary") {
        demand(
            one(&tree, "head > title").is_some_and(|title| {
                let (title, english) =
                    (words(title), one(&tree, "html").and_then(|html| html.attr("lang")) == Some("en-GB"));
                // In another language it is that language's word for it.
                if english { title.starts_with("Error: ") } else { title.contains(": ") }
            }),
            "its title hides the problem".into(),
        );
        demand(
            Selector::parse("a").is_ok_and(|link| summary.select(&link).next().is_some()),
            "its summary leads nowhere".into(),
        );
    }
    wrong
}

/// Whether a text is the tag of a language, as `en-GB` or `ur`.
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    parts.next().is_some_and(|first| {
        matches!(first.len(), 2 | 3) && first.bytes().all(|sign| sign.is_ascii_lowercase())
    }) && parts
        .all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|sign| sign.is_ascii_alphanumeric()))
}

/// What a page says, piece by piece as its words stand in it: what its elements hold, and what the names of its parts say. What is marked as
/// another language than the page's is left out.
pub fn said(html: &str) -> Vec<String> {
    let tree = Html::parse_document(html);
    let own = one(&tree, "html").and_then(|html| html.attr("lang")).unwrap_or("").to_owned();
    let other = |element: ElementRef<'_>| element.attr("lang").is_some_and(|tag| tag != own);
    let mut said = Vec::new();
    for text in tree.tree.nodes().filter(|node| node.value().is_text()) {
        let above: Vec<ElementRef<'_>> = text.ancestors().filter_map(ElementRef::wrap).collect();
        let unread = |element: &ElementRef<'_>| matches!(element.value().name(), "script" | "style" | "code");
        if above.iter().any(|element| unread(element) || other(*element)) {
            continue;
        }
        let words = text.value().as_text().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        said.extend(words.filter(|words| !words.is_empty()));
    }
    for name in ["aria-label", "alt", "title", "placeholder"] {
        let named = all(&tree, &format!("[{name}]"));
        said.extend(named.into_iter().filter_map(|element| element.attr(name)).map(str::to_owned));
    }
    said
}

/// What a page says alike in two languages, where it has a word in it: names, addresses, what somebody wrote, and what nobody translated.
pub fn alike(one: &str, other: &str) -> BTreeSet<String> {
    let is_word =
        |piece: &str| piece.split(|sign: char| !sign.is_alphabetic()).any(|word| word.chars().count() > 2);
    let there: BTreeSet<String> = said(one).into_iter().collect();
    said(other).into_iter().filter(|piece| is_word(piece) && there.contains(piece)).collect()
}

/// All elements that match.
pub fn all<'a>(tree: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    Selector::parse(selector).map(|selector| tree.select(&selector).collect()).unwrap_or_default()
}

fn one<'a>(tree: &'a Html, selector: &str) -> Option<ElementRef<'a>> {
    all(tree, selector).into_iter().next()
}

/// An element's words, on one line.
pub fn words(element: ElementRef<'_>) -> String {
    element.text().flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}
