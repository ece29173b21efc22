//! One address has many spellings: a rule that blocks meets them all, one that opens none that is only meant.

use crate::school::School;

const AT: &str = "2026-03-02T10:00:00Z";

fn says(school: &School, host: &str, target: &str) -> String {
    school.says(&["pupils"], &format!("{host}{target}"), AT)
}

fn rule(effect: &str, target: &str) -> School {
    School::of(&format!(
        "form = 1\ntitle = \"A school\"\nversion = 1\n[[group]]\nid = \"pupils\"\nname = \"Pupils\"\n\
         [[rule]]\ndo = \"{effect}\"\n{target}\nreason = \"Said so.\"\nowner = \"The head\"\n"
    ))
}

#[test]
fn a_rule_that_blocks_a_part_of_a_site_blocks_every_spelling_of_it() {
    for (url, target) in [
        ("shared.test/x/y.html", "//x/y.html"),
        ("prefix.test/bad/dir/", "/bad//dir/z"),
        ("prefix.test/bad/dir/", "/bad%2Fdir/z"),
        ("prefix.test/bad/dir", "/x%2F..%2Fbad/dir"),
        ("www.video.test/watch?v=abc", "/watch?v=%61bc"),
        ("www.video.test/watch?v=abc", "/watch%3fv=abc"),
        ("odd.test/a{b}/x", "/a%7Bb%7D/x"),
        ("odd.test/q?s='a'", "/q?s=%27a%27"),
        ("odd.test/caf\u{e9}/x", "/caf%C3%A9/x"),
        ("odd.test/a b/x", "/a%20b/x"),
        ("odd.test/s?q=caf\u{e9}", "/s?q=caf%C3%A9"),
        ("odd.test/a%2Fb", "/a/b/c"),
        ("odd.test/(x)", "/%28x%29"),
        ("odd.test/x.jpg", "/x.jpg;a"),
        ("odd.test/x.jpg", "/x.jpg%20"),
        ("odd.test/x.jpg", "/x.jpg%3Ba?q=1"),
        ("odd.test/a/x.jpg", "/a;b/x.jpg%0A"),
    ] {
        let school = rule("block", &format!("url = \"{url}\""));
        let host = url.split('/').next().unwrap();
        assert_eq!(says(&school, host, target), "block: school", "{url} {target}");
    }
    let school = rule("block", "expression = \"/bad/\"");
    assert_eq!(says(&school, "odd.test", "/x%2Fbad%2Fy"), "block: school");
}

#[test]
fn a_rule_that_opens_opens_nothing_that_is_only_meant() {
    let open =
        |target: &str, path: &str| says(&rule("allow", target), "odd.test", path).ends_with(": school");
    let part = "url = \"odd.test/good/dir\"";
    assert!(open(part, "/good/dir/x") && open(part, "/g%6Fod//dir"));
    for path in ["/good/dir;x", "/good;x/dir", "/good%2Fdir", "/x%2F..%2Fgood/dir", "/good/dir%2F..%2Fbad"] {
        assert!(!open(part, path), "{path}");
    }
    assert!(!open("expression = \"/good/\"\non = \"odd.test\"", "/x%2Fgood%2Fy"));
    // What opens as it stands and is blocked in another reading is contested by the rule that blocks.
    let both = School::of(
        "form = 1\ntitle = \"A school\"\nversion = 1\n[[group]]\nid = \"pupils\"\nname = \"Pupils\"\n\
         [[rule]]\ndo = \"allow\"\nurl = \"odd.test/good\"\nreason = \"a\"\nowner = \"b\"\n\
         [[rule]]\ndo = \"block\"\nurl = \"odd.test/private\"\nreason = \"a\"\nowner = \"b\"\n",
    );
    assert_eq!(says(&both, "odd.test", "/good/..%2Fprivate"), "block: school");
    assert_eq!(says(&both, "odd.test", "/good/x"), "allow: school");
}

#[test]
fn an_expression_that_blocks_may_be_about_the_very_spelling() {
    for (expression, target) in
        [("//", "/a//b"), ("%2e%2e", "/a/%2e%2e/b"), ("/\\./", "/a/./b"), ("^odd\\.test/A%20B", "/a%20b")]
    {
        let school = rule("block", &format!("expression = '{expression}'"));
        assert_eq!(says(&school, "odd.test", target), "block: school", "{expression} {target}");
    }
    let school = rule("block", "expression = '//'");
    assert_ne!(says(&school, "odd.test", "/a/b"), "block: school");
    let school = rule("allow", "expression = '//'\non = \"odd.test\"");
    assert_ne!(says(&school, "odd.test", "/a//b"), "allow: school", "what opens is asked with one form");
}

#[test]
fn an_address_that_leads_to_a_blocked_one_is_blocked_and_opens_nothing() {
    let others = ["[64:ff9b::c000:201]", "[64:ff9b:1::c000:201]", "[2002:c000:201::1]", "[::192.0.2.1]"];
    let same = ["192.0.2.1", "0xc0.0.513", "3221225985", "[::ffff:c000:201]"];
    let blocks = rule("block", "site = \"192.0.2.1\"");
    let opens = rule("allow", "site = \"192.0.2.1\"");
    for host in others.into_iter().chain(same) {
        for path in ["", "/", "/x"] {
            assert_eq!(says(&blocks, host, path), "block: school", "{host}{path}");
        }
    }
    for host in same {
        assert_eq!(says(&opens, host, "/"), "allow: school", "{host}");
    }
    for host in others {
        assert_ne!(says(&opens, host, "/"), "allow: school", "{host}");
    }
    let school = rule("block", "expression = '^192\\.0\\.2\\.1/games'");
    assert_eq!(says(&school, "[64:ff9b::c000:201]", "/games"), "block: school");
    let itself = rule("allow", "site = \"64:ff9b::c000:201\"");
    assert_eq!(says(&itself, "[64:ff9b::c000:201]", "/"), "allow: school");
}
