//! The names of the tests that exist, as the test runner would print them, read from the sources.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use regex::Regex;
use syn::{Attribute, Item};

use crate::{Complaint, Source};

/// Calls `found` for every test in the items, with its path of modules.
fn visit_items(items: &[Item], modules: &[String], found: &mut impl FnMut(&[String], String)) {
    for item in items {
        match item {
            Item::Fn(function) if function.attrs.iter().any(is_test) => {
                found(modules, function.sig.ident.to_string());
            }
            Item::Mod(module) => {
                let mut inner = modules.to_vec();
                inner.push(module.ident.to_string());
                if let Some((_, items)) = &module.content {
                    visit_items(items, &inner, found);
                }
            }
            // `proptest! { #[test] fn name(…) … }`, and any macro of ours that writes tests in the same way.
            Item::Macro(item) => {
                for name in tests_in_tokens(&item.mac.tokens) {
                    found(modules, name);
                }
            }
            _ => {}
        }
    }
}

/// `#[test]`, `#[tokio::test]`, `#[tokio::test(…)]`.
fn is_test(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|segment| segment.ident == "test")
}

/// Names of functions under `#[…test…]` among a macro's tokens, at any depth.
fn tests_in_tokens(tokens: &TokenStream) -> Vec<String> {
    let mut names = Vec::new();
    let (mut pending, mut after_fn) = (false, false);
    for token in tokens.clone() {
        match token {
            TokenTree::Group(group) => {
                let inner = group.stream();
                let attribute = group.delimiter() == Delimiter::Bracket;
                if attribute && inner.to_string().split(['(', ' ', ':']).any(|word| word == "test") {
                    pending = true;
                } else {
                    names.extend(tests_in_tokens(&inner));
                }
            }
            TokenTree::Ident(word) if word == "fn" => after_fn = true,
            TokenTree::Ident(word) if after_fn => {
                if pending {
                    names.push(word.to_string());
                }
                (pending, after_fn) = (false, false);
            }
            _ => {}
        }
    }
    names
}

/// The tests of one Rust file. `package` is the crate's name and `inside` the file's path from the crate's folder.
/// A name is `package::module::…::test`; an integration binary counts as a module (`it`).
pub fn rust_tests(package: &str, inside: &str, source: &Source) -> Result<BTreeSet<String>, Complaint> {
    let file = syn::parse_file(&source.text)
        .map_err(|error| Complaint::whole(&source.path, format!("does not parse: {error}")))?;
    let mut modules = vec![package.to_owned()];
    modules.extend(modules_of(inside));
    let mut names = BTreeSet::new();
    visit_items(&file.items, &modules, &mut |modules, name| {
        names.insert(format!("{}::{name}", modules.join("::")));
    });
    Ok(names)
}

/// The modules that a file's path stands for: `src/a/b.rs` is `a::b`, `tests/it/c.rs` is `it::c`.
fn modules_of(inside: &str) -> Vec<String> {
    let path = inside.strip_suffix(".rs").unwrap_or(inside);
    let path = path.strip_prefix("src/").or_else(|| path.strip_prefix("tests/")).unwrap_or(path);
    let mut modules: Vec<String> = path.split('/').map(str::to_owned).collect();
    if modules.last().is_some_and(|last| matches!(last.as_str(), "lib" | "main" | "mod")) {
        modules.pop();
    }
    modules
}

/// The titles of the tests in one script for the browser: `path > title`.
pub fn browser_tests(source: &Source) -> BTreeSet<String> {
    let Ok(pattern) = Regex::new(r#"(?m)\b(?:test|it)\(\s*(?:'([^'\n]+)'|"([^"\n]+)"|`([^`\n]+)`)"#) else {
        return BTreeSet::new();
    };
    pattern
        .captures_iter(&source.text)
        .filter_map(|captures| {
            captures.iter().skip(1).flatten().next().map(|title| title.as_str().to_owned())
        })
        .map(|title| format!("{} > {title}", source.path))
        .collect()
}

/// What is said of each test that `whose` names and that does not exist, with one of its last name that does.
pub fn missing(whose: &str, named: &[String], tests: &BTreeSet<String>) -> impl Iterator<Item = String> {
    named.iter().filter(move |test| !tests.contains(*test)).map(move |test| no_such_test(whose, test, tests))
}

fn no_such_test(whose: &str, test: &str, tests: &BTreeSet<String>) -> String {
    let last = test.rsplit("::").next().unwrap_or(test);
    let near = tests.iter().find(|found| found.rsplit("::").next() == Some(last));
    match near {
        Some(near) => format!("{whose}: there is no test `{test}`; did you mean `{near}`?"),
        None => format!("{whose}: there is no test `{test}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_named_as_the_runner_names_them() {
        let text = r#"
            #[test]
            fn at_the_top() {}
            fn helper() {}
            mod tests {
                /// With a remark.
                #[tokio::test(flavor = "multi_thread")]
                async fn in_a_module() {}
                #[cfg(test)]
                fn not_a_test() {}
                proptest! {
                    #![proptest_config(Config::with_cases(9))]
                    #[test]
                    fn a_property(x in 0..9) { fn inner() {} }
                    fn helper(x: u8) -> u8 { x }
                }
            }
        "#;
        let names = rust_tests("engine", "src/policy/mod.rs", &Source::new("", text)).unwrap();
        let expected = [
            "engine::policy::at_the_top",
            "engine::policy::tests::a_property",
            "engine::policy::tests::in_a_module",
        ];
        assert_eq!(names.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_path_stands_for_its_modules() {
        for (inside, modules) in [
            ("src/lib.rs", vec![]),
            ("src/main.rs", vec![]),
            ("src/a/b.rs", vec!["a", "b"]),
            ("src/a/mod.rs", vec!["a"]),
            ("tests/it/main.rs", vec!["it"]),
            ("tests/it/c.rs", vec!["it", "c"]),
        ] {
            assert_eq!(modules_of(inside), modules, "{inside}");
        }
    }

    #[test]
    fn a_file_that_does_not_parse_is_a_complaint() {
        let complaint = rust_tests("a", "src/lib.rs", &Source::new("src/lib.rs", "fn (")).unwrap_err();
        assert!(complaint.text.contains("does not parse"), "{complaint}");
    }

    #[test]
    fn browser_tests_are_named_by_their_titles() {
        let text = "test('asks for a site', async () => {});\n  test(\"it's blocked\", f);\nlatest('no');";
        let names = browser_tests(&Source::new("journeys/browser/a.mjs", text));
        let expected = ["journeys/browser/a.mjs > asks for a site", "journeys/browser/a.mjs > it's blocked"];
        assert_eq!(names.into_iter().collect::<Vec<_>>(), expected);
    }
}
