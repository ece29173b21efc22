//! Debian's squidGuard beside us: the same folders, 10,000 URLs, each asked about one category. Every difference must
//! fall into a class that is explained here; a new one fails the test.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::support::{data, head, unpacked};
use kit::HostName;
use lists::url::{CanonicalHost, canonical};
use lists::{Format, IndexBuilder, ListIndex, ListNo, Seed, read};

const URLS: usize = 10_000;

/// One category's files.
#[derive(Default)]
struct Category {
    name: String,
    domains: Vec<String>,
    urls: Vec<String>,
    has_expressions: bool,
}

/// A small generator (SplitMix64), so that a failure repeats.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }
    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

#[test]
fn squidguard_and_the_index_agree_but_for_explained_differences() {
    let Some(ut1) = data("domains/ut1") else { return };
    let Some(popular) = data("domains/popular/alexa-2016-top100k.txt.gz") else { return };
    if !Path::new("/usr/bin/squidGuard").exists() {
        println!("skipped: Debian's squidGuard is not installed (apt-get install squidguard)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (categories, index, regexes) = load(&ut1, folder.path());
    let popular: Vec<String> =
        String::from_utf8(unpacked(&popular)).unwrap().lines().map(str::to_owned).collect();
    let asked = questions(&categories, &popular);
    let theirs = ask_squidguard(folder.path(), &categories, &asked);

    let mut agree = [0usize; 2];
    let mut classes: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    let mut unexplained = Vec::new();
    for ((number, url), theirs) in asked.iter().zip(theirs) {
        let ours = knows(&index, &regexes, *number, url);
        if ours == theirs {
            agree[usize::from(ours)] += 1;
            continue;
        }
        match explain(&categories[*number], url, ours) {
            Some(class) => {
                let entry = classes.entry(class).or_insert((0, url.clone()));
                entry.0 += 1;
            }
            None => unexplained.push(format!("{}: {url}: we say {ours}", categories[*number].name)),
        }
    }
    println!("squidGuard: {} asked; both know {}, neither {}", asked.len(), agree[1], agree[0]);
    for (class, (count, example)) in &classes {
        println!("  {count:>5} {class} (such as {example})");
    }
    let shown = &unexplained[..unexplained.len().min(40)];
    assert!(unexplained.is_empty(), "{} without an explanation: {shown:#?}", unexplained.len());
    assert!(agree[0] > 1_000 && agree[1] > 3_000, "{agree:?}");
}

/// Lays the folders out as squidGuard wants them, and loads the same text into an index.
fn load(ut1: &Path, folder: &Path) -> (Vec<Category>, ListIndex, Vec<Vec<regex::Regex>>) {
    let mut files: Vec<_> = std::fs::read_dir(ut1).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut by_name: BTreeMap<String, Category> = BTreeMap::new();
    let mut texts: BTreeMap<String, Vec<(Format, Vec<u8>)>> = BTreeMap::new();
    for file in files {
        let base = file.file_name().unwrap().to_str().unwrap().trim_end_matches(".gz").to_owned();
        let (name, kind) = base.split_once('.').unwrap();
        let (format, file_name) = match kind {
            "domains" => (Format::Domains, "domains"),
            "urls" => (Format::Urls, "urls"),
            _ => (Format::Expressions, "expressions"),
        };
        let text = unpacked(&file);
        let category = by_name.entry(name.to_owned()).or_default();
        category.name = name.to_owned();
        let lines =
            || String::from_utf8(text.clone()).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
        match format {
            Format::Domains => category.domains = lines(),
            Format::Urls => category.urls = lines(),
            _ => category.has_expressions = true,
        }
        let place = folder.join("db").join(name);
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join(file_name), &text).unwrap();
        texts.entry(name.to_owned()).or_default().push((format, text));
    }
    let mut builder = IndexBuilder::new(Seed([2; 16]));
    for (name, texts) in &texts {
        let mut list = builder.list(head(name)).unwrap();
        for (format, text) in texts {
            read(text, *format, &mut list);
        }
    }
    let index = ListIndex::open(Arc::new(builder.build().unwrap())).unwrap();
    let regexes = (0..by_name.len())
        .map(|number| {
            let mine = index.expressions().iter().filter(|(list, _)| usize::from(list.0) == number);
            mine.map(|(_, expression)| regex::Regex::new(expression).unwrap()).collect()
        })
        .collect();
    (by_name.into_values().collect(), index, regexes)
}

/// URLs made of entries, what lies below and above them, look-alikes, and popular names, each with a category.
fn questions(categories: &[Category], popular: &[String]) -> Vec<(usize, String)> {
    let mut random = Random(11);
    let mut asked = Vec::new();
    while asked.len() < URLS {
        let number = random.below(categories.len());
        let category = &categories[number];
        let url = if random.below(8) == 0 {
            format!("{}/", random.of(popular))
        } else if !category.urls.is_empty() && (category.domains.is_empty() || random.below(3) == 0) {
            let entry = random.of(&category.urls);
            match random.below(9) {
                0 => format!("{entry}x"),
                1 => format!("{entry}/more?a=1"),
                2 => entry.to_ascii_uppercase(),
                3 => format!("www.{entry}"),
                4 => format!("sub.{entry}"),
                5 => format!("{}/", entry.split('/').next().unwrap()),
                6 => entry.chars().take(entry.len() - 1).collect(),
                7 => entry.replacen('/', ":8080/", 1),
                _ => entry.clone(),
            }
        } else {
            let entry = random.of(&category.domains);
            let host = match random.below(9) {
                0 => format!("www.{entry}"),
                1 => format!("a.b.{entry}"),
                2 => entry.split_once('.').map_or(entry.as_str(), |(_, parent)| parent).to_owned(),
                3 => format!("not{entry}"),
                4 => format!("{entry}.example"),
                5 => entry.to_ascii_uppercase(),
                6 => format!("{entry}."),
                _ => entry.clone(),
            };
            format!("{host}/{}", random.of(&["", "index.html", "a/b?c=d"]))
        };
        // squidGuard reads one line of words.
        if url.contains([' ', '\t']) || canonical(&format!("http://{url}")).is_none() {
            continue;
        }
        asked.push((number, format!("http://{url}")));
    }
    asked
}

/// Whether the category knows the URL, as the engine would ask.
fn knows(index: &ListIndex, regexes: &[Vec<regex::Regex>], number: usize, url: &str) -> bool {
    // An expression that blocks is asked with the URL as it was sent too.
    let as_sent = url.strip_prefix("http://").unwrap();
    let url = canonical(url).unwrap();
    let list = ListNo(u16::try_from(number).unwrap());
    let holds = |set: &lists::ListSetNo| index.set(*set).contains(&list);
    let (text, known) = match &url.host {
        CanonicalHost::Name(name) => {
            (name.clone(), index.name(HostName::new(name).unwrap()).iter().any(holds))
        }
        CanonicalHost::Address(address) => {
            (address.to_string(), index.address(*address).as_ref().is_some_and(holds))
        }
    };
    let host = HostName::new(&text).unwrap();
    let port = url.port.map_or(String::new(), |port| format!(":{port}"));
    let subject = format!("{host}{port}{}", url.path);
    known
        || index.path(host, &url.path).iter().any(holds)
        || regexes[number]
            .iter()
            .any(|expression| expression.is_match(&subject) || expression.is_match(as_sent))
}

/// Asks squidGuard, where each category has a client address of its own.
fn ask_squidguard(folder: &Path, categories: &[Category], asked: &[(usize, String)]) -> Vec<bool> {
    let db = folder.join("db");
    let mut config = format!("dbhome {}\nlogdir {}\n", db.display(), folder.display());
    for (number, category) in categories.iter().enumerate() {
        writeln!(config, "src s{number} {{\n ip 10.0.0.{}\n}}", number + 1).unwrap();
        writeln!(config, "dest c{number} {{").unwrap();
        for (have, key, file) in [
            (!category.domains.is_empty(), "domainlist", "domains"),
            (!category.urls.is_empty(), "urllist", "urls"),
            (category.has_expressions, "expressionlist", "expressions"),
        ] {
            if have {
                writeln!(config, " {key} {}/{file}", category.name).unwrap();
            }
        }
        config.push_str("}\n");
    }
    config.push_str("acl {\n");
    for number in 0..categories.len() {
        writeln!(config, " s{number} {{\n  pass !c{number} all\n  redirect http://blocked.invalid/\n }}")
            .unwrap();
    }
    config.push_str(" default {\n  pass all\n }\n}\n");
    let file = folder.join("squidGuard.conf");
    std::fs::write(&file, config).unwrap();
    let built =
        Command::new("/usr/bin/squidGuard").arg("-c").arg(&file).args(["-C", "all"]).output().unwrap();
    assert!(built.status.success(), "{built:?}");
    let mut child = Command::new("/usr/bin/squidGuard")
        .arg("-c")
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines: String =
        asked.iter().map(|(number, url)| format!("{url} 10.0.0.{}/- - GET\n", number + 1)).collect();
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, lines.as_bytes()));
    let answer = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let answers: Vec<bool> =
        String::from_utf8(answer.stdout).unwrap().lines().map(|line| line.starts_with("OK")).collect();
    assert_eq!(answers.len(), asked.len(), "squidGuard answers each line; see its log");
    answers
}

/// Why the two differ: what squidGuard does, and what we do on purpose.
fn explain(category: &Category, url: &str, ours: bool) -> Option<&'static str> {
    let bare = url.strip_prefix("http://")?.to_ascii_lowercase();
    let host = bare.split(['/', ':', '?']).next()?.trim_end_matches('.').to_owned();
    let without_www = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_owned();
    let on_host: BTreeSet<&String> = category
        .urls
        .iter()
        .filter(|entry| {
            without_www(&entry.split('/').next().unwrap_or("").to_ascii_lowercase()) == without_www(&host)
        })
        .collect();
    let dotted = category.domains.iter().any(|entry| {
        entry.strip_prefix('.').is_some_and(|name| host == name || host.ends_with(&format!(".{name}")))
    });
    if ours {
        if dotted {
            return Some(
                "we know more: `.name` is the name and all below; squidGuard never matches such an entry",
            );
        }
        if on_host.iter().any(|entry| entry.starts_with("www.")) {
            return Some("we know more: a URL entry with `www.` also covers the site without it");
        }
        if on_host.iter().any(|entry| entry.contains('#')) {
            return Some("we know more: no request carries a fragment, so a URL entry is taken without it");
        }
        if on_host.iter().any(|entry| entry.contains('%')) || bare.contains('%') {
            return Some("we know more: percent-encoded characters are compared in one form");
        }
        if category.domains.iter().any(|entry| entry.eq_ignore_ascii_case(&host) && !entry.is_ascii()) {
            return Some("we know more: international names are compared in their ASCII form");
        }
        // An entry that starts the URL, with another entry that starts with it: squidGuard compares a URL only with the
        // entry that sorts next to it.
        let starts = |entry: &str| bare.starts_with(&entry.to_ascii_lowercase());
        let has_longer = |entry: &str| {
            let entry = entry.to_ascii_lowercase();
            on_host
                .iter()
                .any(|other| other.len() > entry.len() && other.to_ascii_lowercase().starts_with(&entry))
        };
        if on_host.iter().any(|entry| starts(entry) && has_longer(entry)) {
            return Some(
                "we know more: squidGuard misses an entry when a longer one that starts with it sorts between",
            );
        }
        return None;
    }
    if category.domains.iter().any(|entry| host.starts_with(&format!("{}.", entry.to_ascii_lowercase()))) {
        return Some(
            "squidGuard knows more: it takes `name.other` for `name` at the edge of its tree; that is somebody else's site",
        );
    }
    if on_host.iter().any(|entry| entry.contains('#')) {
        return Some(
            "squidGuard knows more: an entry of a whole host with a fragment, which we refuse rather than widen",
        );
    }
    None
}
