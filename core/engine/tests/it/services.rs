//! Well-known services: what the content says of them, and what a table can say about one or a kind.

use std::collections::{BTreeMap, BTreeSet};

use engine::catalogue::{Catalogue, OpenSite};
use engine::policy::FilterPolicy;
use engine::{HostName, PolicyDocument};
use lists::Sink as _;

use crate::real_lists::{data, unpacked};
use crate::school::{School, catalogue, index, sealed};

const AT: &str = "2026-11-23T12:30:00Z";

/// The services by their sites.
fn sites(catalogue: &Catalogue) -> BTreeMap<&str, &str> {
    catalogue
        .services
        .iter()
        .flat_map(|service| service.domains.iter().map(|site| (site.as_str(), service.id.as_str())))
        .collect()
}

/// The service that a name belongs to.
fn owner<'c>(sites: &BTreeMap<&'c str, &'c str>, name: &str) -> Option<&'c str> {
    let starts = std::iter::once(0).chain(name.match_indices('.').map(|(at, _)| at + 1));
    starts.filter_map(|start| sites.get(&name[start..])).next().copied()
}

#[test]
fn services_are_many_of_twelve_kinds_and_each_has_sites_of_its_own() {
    let catalogue = catalogue();
    assert_eq!(catalogue.service_kinds.len(), 12);
    assert!(catalogue.services.len() >= 150, "{}", catalogue.services.len());
    for kind in &catalogue.service_kinds {
        let count = catalogue.services.iter().filter(|service| service.kind == kind.id).count();
        assert!(count >= 10 && kind.about.ends_with('.') && !kind.name.is_empty(), "{}: {count}", kind.id);
        // One row may name the kind and the category that says the same.
        let is_category = catalogue.category_no(&kind.id).is_some();
        assert!(is_category || kind.id == "learning", "{}", kind.id);
    }
    let sites = sites(&catalogue);
    for service in &catalogue.services {
        let id = &service.id;
        assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{id}");
        assert!(!service.name.is_empty() && !service.domains.is_empty() && !service.kind.is_empty(), "{id}");
        assert!(service.note.is_empty() || service.note.ends_with('.'), "{id}: {}", service.note);
        assert!(service.minimum_age.is_none_or(|age| (3..=18).contains(&age)), "{id}");
        for site in &service.domains {
            let name = HostName::new(site).unwrap_or_else(|| panic!("{id}: {site}"));
            assert!(lists::url::site(name).is_some(), "{id}: {site} is a public suffix");
            // No service lies within another: which of the two is meant would depend on who reads it.
            let above = site.split_once('.').and_then(|(_, above)| owner(&sites, above));
            assert_eq!(above, None, "{id}: {site}");
        }
    }
}

#[test]
fn no_help_site_and_no_essential_is_part_of_a_service() {
    let catalogue = catalogue();
    let sites = sites(&catalogue);
    let open = catalogue.help.iter().chain(&catalogue.essential).flat_map(OpenSite::sites);
    let mut count = 0;
    for (site, _) in open {
        assert_eq!(owner(&sites, site), None, "{site}");
        count += 1;
    }
    assert!(count > 90, "{count}");
}

#[test]
fn no_school_and_no_university_is_part_of_a_service() {
    let Some(data) = data() else { return };
    let catalogue = catalogue();
    let sites = sites(&catalogue);
    let mut names = BTreeSet::new();
    for file in ["uk-education-domains-swot.tsv.gz", "uk-secondary-school-domains.tsv.gz"] {
        let text = String::from_utf8(unpacked(&data.join("schools").join(file))).unwrap();
        names.extend(text.lines().filter_map(|line| line.split('\t').next()).map(str::to_lowercase));
    }
    let text = unpacked(&data.join("schools/world-universities.json.gz"));
    let universities: serde_json::Value = serde_json::from_slice(&text).unwrap();
    for university in universities.as_array().unwrap() {
        let domains = university["domains"].as_array().unwrap().iter();
        names.extend(domains.map(|domain| domain.as_str().unwrap().to_lowercase()));
    }
    assert!(names.len() > 10_000, "{}", names.len());
    let inside: Vec<_> =
        names.iter().filter_map(|name| owner(&sites, name).map(|service| (name, service))).collect();
    assert!(inside.is_empty(), "{inside:?}");
    println!("{} schools and universities, none of them part of a service", names.len());
}

/// Our own research measured against what AdGuard offers to block, of which nothing is copied.
#[test]
fn most_of_what_another_filter_names_is_known() {
    let Some(data) = data() else { return };
    let catalogue = catalogue();
    let sites = sites(&catalogue);
    let text = unpacked(&data.join("services/adguard-blocked-services.json.gz"));
    let theirs: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let (mut services, mut known, mut rules, mut met) = (0, 0, 0, 0);
    let mut missing = Vec::new();
    for service in theirs.as_array().unwrap() {
        let names: Vec<&str> = service["rules"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|rule| rule.as_str()?.strip_prefix("||"))
            .map(|rest| rest.split(['^', '$', '/']).next().unwrap())
            .collect();
        let here = names.iter().filter(|name| owner(&sites, name).is_some()).count();
        services += 1;
        rules += names.len();
        met += here;
        if here == 0 {
            missing.push(service["id"].as_str().unwrap().to_owned());
        } else {
            known += 1;
        }
    }
    println!(
        "{known} of {services} services are known here, with {met} of their {rules} names; not: {missing:?}"
    );
    assert!(known * 100 >= services * 80, "{known} of {services}: {missing:?}");
}

const HEAD: &str = r#"form = 1
title = "Services"
version = 1
unidentified = "pupils"
[[group]]
id = "pupils"
name = "Pupils"
[[group]]
id = "staff"
name = "Staff"
[[group]]
id = "marketing"
name = "Marketing"
within = ["staff"]
"#;

fn row(id: &str, about: &str, cells: &str) -> String {
    format!("[[use]]\nid = \"{id}\"\nactivity = \"{id}\"\n{about}\ncells = {{ {cells} }}\n")
}

fn written(rows: &[String]) -> School {
    School::of(&format!("{HEAD}{}", rows.concat()))
}

#[test]
fn a_row_is_about_every_service_of_a_kind_and_explain_names_the_one() {
    let school = written(&[row("social", "service-kinds = [\"social-media\"]", "pupils = \"not-allowed\"")]);
    for site in ["www.instagram.com", "scontent.cdninstagram.com", "facebook.com", "m.tiktok.com"] {
        assert_eq!(school.says(&["pupils"], site, AT), "block: permitted-use", "{site}");
        assert_eq!(school.says(&["staff"], site, AT), "allow: unknown", "{site}");
    }
    let trace = school.ask(&["pupils"], "www.instagram.com", AT);
    assert_eq!(
        trace.reason,
        "social: not allowed for Pupils (service \"Instagram\", category \"Social media\")."
    );
    assert_eq!(trace.services, ["instagram"]);
    assert_eq!(trace.decision.reason.category, catalogue().category_no("social-media"));
    let trace = school.ask(&["staff"], "www.instagram.com", AT);
    assert!(trace.passed.iter().any(|one| one.why.contains("about Instagram")), "{:?}", trace.passed);
    // A name that only ends alike is no part of it.
    assert_eq!(school.says(&["pupils"], "notinstagram.com", AT), "allow: unknown");
}

#[test]
fn a_service_s_own_row_speaks_in_place_of_its_kind_s() {
    let kind = row("social", "service-kinds = [\"social-media\"]", "everyone = \"not-allowed\"");
    let own = row("ours", "services = [\"instagram\"]", "marketing = \"allowed\"");
    let school = written(&[kind, own]);
    assert_eq!(school.says(&["marketing"], "www.instagram.com", AT), "allow: permitted-use");
    assert_eq!(school.says(&["marketing"], "www.facebook.com", AT), "block: permitted-use");
    assert_eq!(school.says(&["staff"], "www.instagram.com", AT), "block: permitted-use");
}

#[test]
fn a_kind_is_heard_beside_categories_and_the_stricter_holds() {
    let open = row("chat", "service-kinds = [\"messaging\"]", "everyone = \"allowed\"");
    let closed = row("malware", "categories = [\"malware\"]", "everyone = \"not-allowed\"");
    let school = listed("malware", &[open, closed.clone()]);
    // Harmful files lie on good sites: what a list says of a part holds there, whatever the site may.
    for (target, want) in [
        ("discordapp.com/attachments/good", "allow: permitted-use"),
        ("discordapp.com/attachments/bad", "block: permitted-use"),
        ("discordapp.com", "allow: permitted-use"),
        ("whatsapp.com", "block: permitted-use"),
    ] {
        assert_eq!(school.says(&["pupils"], target, AT), want, "{target}");
    }
    // The own row of a service stands before what lists say of its sites, and not before what they say of a part.
    let own = row("ours", "services = [\"discord\", \"whatsapp\"]", "everyone = \"allowed\"");
    let school = listed("malware", &[own.clone(), closed]);
    assert_eq!(school.says(&["pupils"], "discordapp.com/attachments/bad", AT), "block: permitted-use");
    // What is dangerous or unlawful counts whoever's it is; what is neither is the school's own business.
    assert_eq!(school.says(&["pupils"], "whatsapp.com", AT), "block: permitted-use");
    for (category, want) in [("fraud", "block: permitted-use"), ("adverts-trackers", "allow: permitted-use")]
    {
        let about = format!("categories = [\"{category}\"]");
        let school = listed(category, &[own.clone(), row("closed", &about, "everyone = \"not-allowed\"")]);
        assert_eq!(school.says(&["pupils"], "whatsapp.com", AT), want, "{category}");
    }
}

/// The same over a list of that category that names a part of one service and the whole of another.
fn listed(category: &str, rows: &[String]) -> School {
    let mut builder = lists::IndexBuilder::new(lists::Seed([3; 16]));
    let head = lists::ListHead {
        id: format!("test/{category}"),
        name: format!("Test list of {category}"),
        categories: vec![category.to_owned()],
        ..lists::ListHead::default()
    };
    let mut list = builder.list(head).unwrap();
    let name = |text| HostName::new(text).unwrap();
    list.take(lists::Says::Listed, lists::Entry::Path(name("discordapp.com"), "/attachments/bad"));
    list.take(lists::Says::Listed, lists::Entry::Below(name("whatsapp.com")));
    let index = lists::ListIndex::open(std::sync::Arc::new(builder.build().unwrap())).unwrap();
    let document = PolicyDocument::parse(&format!("{HEAD}{}", rows.concat())).unwrap();
    let policy =
        FilterPolicy::compile(&document, &catalogue(), std::sync::Arc::new(index), &sealed()).unwrap();
    School { live: engine::Live::empty(&policy), policy }
}

#[test]
fn a_rule_that_opens_a_category_sets_the_kind_that_says_the_same_aside() {
    let kind = row("chat", "service-kinds = [\"messaging\"]", "everyone = \"not-allowed\"");
    let rule = "[[rule]]\ndo = \"allow\"\ncategory = \"messaging\"\ngroup = \"staff\"\n";
    let school = listed("messaging", &[kind, rule.to_owned()]);
    assert_eq!(school.says(&["pupils"], "whatsapp.com", AT), "block: permitted-use");
    assert_eq!(school.says(&["staff"], "whatsapp.com", AT), "allow: school");
    // The rule is about what lists hold: a service that none of them names stays as its kind.
    assert_eq!(school.says(&["staff"], "telegram.org", AT), "block: permitted-use");
}

#[test]
fn a_service_or_kind_that_is_not_there_is_told_with_what_may_be_meant() {
    for (about, message) in [
        (
            "services = [\"instagramm\"]",
            "service \"instagramm\", which the content does not have; did you mean instagram?",
        ),
        ("services = [\"Whats App\"]", "did you mean whatsapp?"),
        (
            "service-kinds = [\"social\"]",
            "kind of services \"social\", which the content does not have; did you mean social-media?",
        ),
        ("categories = [\"gaems\"]", "did you mean games?"),
        ("services = [\"no-such-thing-at-all\"]", "which the content does not have"),
    ] {
        let text = format!("{HEAD}{}", row("x", about, "pupils = \"not-allowed\""));
        let document = PolicyDocument::parse(&text).unwrap();
        let problems = FilterPolicy::compile(&document, &catalogue(), index(), &sealed()).unwrap_err();
        assert!(problems.iter().any(|one| one.is_error() && one.message.contains(message)), "{problems:#?}");
    }
    let text = format!("{HEAD}{}", row("x", "services = [\"youtube\"]", "pupil = \"not-allowed\""));
    let document = PolicyDocument::parse(&text).unwrap();
    let problems = FilterPolicy::compile(&document, &catalogue(), index(), &sealed()).unwrap_err();
    assert!(problems[0].message.contains("no group; did you mean pupils?"), "{problems:#?}");
}

#[test]
fn content_that_contradicts_itself_is_refused() {
    let kind = "[[service-kind]]\nid = 'k'\nname = 'K'\n";
    let service = |id: &str, kind: &str, site: &str| {
        format!("[[service]]\nid = '{id}'\nname = 'S'\nkind = '{kind}'\ndomains = ['{site}']\n")
    };
    for (text, message) in [
        (format!("{kind}{}", service("a", "q", "a.example")), "of the kind \"q\", which there is not"),
        (format!("{kind}{kind}"), "kind of services \"k\" is there twice"),
        (
            format!("{kind}{}{}", service("a", "k", "a.example"), service("a", "k", "b.example")),
            "service \"a\" is there twice",
        ),
        (
            format!("{kind}{}{}", service("a", "k", "a.example"), service("b", "k", "a.example")),
            "site of a service \"a.example\" is there twice",
        ),
        (format!("{kind}{}", service("a", "k", "a b")), "is not a site"),
    ] {
        let problems = Catalogue::parse([("services.toml", text.as_str())]).unwrap_err();
        assert!(problems.iter().any(|one| one.message.contains(message)), "{problems:#?}");
    }
}
