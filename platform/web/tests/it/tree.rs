//! A page as a tree, written so that two spellings of the same tree are the same text.

use scraper::{Html, Node};

/// Elements with their attributes in order, classes and text with single spaces, nothing else.
pub fn normalised(html: &str) -> String {
    let tree = Html::parse_fragment(html);
    let mut out = String::new();
    for child in tree.root_element().children() {
        write(child, 0, &mut out);
    }
    out
}

fn write(node: ego_tree::NodeRef<'_, Node>, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    match node.value() {
        Node::Text(text) => {
            let words: Vec<_> = text.split_whitespace().collect();
            if !words.is_empty() {
                out.push_str(&format!("{indent}{:?}\n", words.join(" ")));
            }
        }
        Node::Element(element) => {
            let mut attributes: Vec<String> = element
                .attrs()
                .map(|(name, value)| {
                    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
                    format!(" {name}={value:?}")
                })
                .collect();
            attributes.sort();
            out.push_str(&format!("{indent}<{}{}>\n", element.name(), attributes.concat()));
            for child in node.children() {
                write(child, depth + 1, out);
            }
        }
        _ => {}
    }
}
