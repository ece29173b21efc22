//! Moving in from e2guardian: the draft is a policy's parts, and decides as e2guardian did.

use std::fs;
use std::sync::Arc;

use engine::live::{RangeEntry, Roll};
use engine::{Current, FilterPolicy, Front, Host, HostName, LiveDocument, PolicyDocument, Request, Sealed};
use filtering::e2guardian::draft;
use filtering::list::Kinds;
use kit::Timestamp;
use lists::{IndexBuilder, ListHead, ListIndex, Seed};

use crate::school::catalogue;

const POLICY: &str =
    "form = 1\ntitle = \"Moved in\"\nversion = 1\n\n[calendar]\nzone = \"Europe/London\"\n\n";

fn index() -> Arc<ListIndex> {
    let mut builder = IndexBuilder::new(Seed([1; 16]));
    let head = ListHead { id: "games".into(), categories: vec!["games".into()], ..ListHead::default() };
    lists::read(b"play.example\n", lists::Format::Domains, &mut builder.list(head).unwrap());
    Arc::new(ListIndex::open(Arc::new(builder.build().unwrap())).unwrap())
}

#[test]
fn times_and_rooms_of_e2guardian_become_rows_groups_and_ranges() {
    let folder = tempfile::tempdir().unwrap();
    let place = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    place("bannedsitelist", "#listcategory: \"Games\"\n#time: 9 0 17 0 01234\nplay.example\n");
    place("bannedurllist", "#time: 9 0 17 0 01234\n.Include</etc/e2guardian/lists/vendor/games/urls>\n");
    place("bannedregexpurllist", "##time: 9 0 17 0 01234\nchess\n");
    place("group2/bannedsitelist", "#time: 17 0 9 0 01234\n#time: 8 0 9 0 6\nsomething.example\n");
    place("exceptionsitelist", "#time: 12 0 13 0 01234\na.example\n");
    place("bannedtimelist", "# none\n22 0 24 0 01234\n");
    place("bannedrooms/default", "#Untitled room\n#192.168.42.42\n");
    place(
        "bannedrooms/library",
        "#The \"old\" library\n10.2.0.0/24\n#ENDLIST\n#BLOCK\n#SITELIST\nbooks.example\n#ENDLIST\n",
    );
    place(
        "bannedrooms/exam",
        "#Exam room\n10.3.0.1-10.3.0.2\nfe80::1%eth0\n10.3.0.9-10.3.0.3\nfd00:3::/64\n",
    );
    place("bannedrooms/Makefile.am", "all:\n");

    let draft = draft(folder.path(), &Kinds::built_in().unwrap()).unwrap();
    assert_eq!(draft.made.len(), 4, "{:?}", draft.made);
    for part in [
        "Untitled room",
        "group2/bannedsitelist: #time: 17 0 9 0 01234: it ends before it begins",
        "group2/bannedsitelist: it closes 1 sites at times (08:00 to 09:00 on sun)",
        "exceptionsitelist: it opens sites at times",
        "bannedtimelist: it closes the whole internet at times (22:00 to 24:00",
        "bannedrooms/exam: line 3 is left out: it is an address on one cable alone",
        "bannedrooms/exam: line 4 is left out: it is a range that ends before it begins",
    ] {
        assert!(
            draft.not_understood.iter().any(|why| why.contains(part)),
            "{part}: {:?}",
            draft.not_understood
        );
    }
    assert_eq!(draft.not_understood.len(), 7, "{:?}", draft.not_understood);

    // It is a policy, without a problem, and decides so.
    let text = format!("{POLICY}{}", draft.policy);
    let document = PolicyDocument::parse(&text).unwrap_or_else(|problems| panic_with(&text, &problems));
    let sealed = Arc::new(Sealed::never_configured());
    let policy = FilterPolicy::compile(&document, &catalogue(), index(), &sealed).unwrap();
    let roll: toml::Table = draft.roll.parse().unwrap();
    let ranges = roll["range"].as_array().unwrap().iter().map(|range| RangeEntry {
        range: range["range"].as_str().unwrap().to_owned(),
        groups: range["groups"]
            .as_array()
            .unwrap()
            .iter()
            .map(|id| id.as_str().unwrap().to_owned())
            .collect(),
        person: None,
    });
    let live = LiveDocument {
        roll: Roll { ranges: ranges.collect(), ..Roll::default() },
        ..LiveDocument::default()
    };
    let (current, problems) = Current::new(policy, &live);
    assert_eq!(problems, []);
    // Thursday at ten, at 17:00, and Saturday at ten.
    let [lesson, evening, weekend] = ["2026-11-26T10:00:00Z", "2026-11-26T17:00:00Z", "2026-11-28T10:00:00Z"]
        .map(|at| Timestamp::parse(at).unwrap());
    for (host, from, at, blocked) in [
        ("play.example", "10.9.0.1", lesson, true),
        ("play.example", "10.9.0.1", evening, false),
        ("play.example", "10.9.0.1", weekend, false),
        ("other.example", "10.9.0.1", lesson, false),
        ("other.example", "10.2.0.9", lesson, true),
        ("books.example", "10.2.0.9", lesson, false),
        ("www.books.example", "10.2.0.9", weekend, false),
        ("books.example", "10.3.0.2", lesson, true),
        ("other.example", "10.3.0.3", lesson, false),
        ("other.example", "fd00:3::9", lesson, true),
        ("other.example", "fd00:4::9", lesson, false),
    ] {
        let held = current.hold(at);
        let identity = held.identify(from.parse().unwrap());
        let request = Request {
            host: Host::Name(HostName::new(host).unwrap()),
            port: None,
            path: None,
            as_sent: None,
            chain: &[],
            addresses: &[],
            identity: &identity,
            front: Front::Dns,
        };
        assert_eq!(held.decide(&request).verdict.is_block(), blocked, "{host} from {from} at {at}");
    }
}

#[expect(clippy::panic, reason = "a draft that is no policy is a failure")]
fn panic_with<T>(text: &str, problems: &[engine::Problem]) -> T {
    panic!("{problems:?}\n{text}")
}
