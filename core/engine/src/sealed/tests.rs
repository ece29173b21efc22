use super::*;

fn key() -> SealedKey {
    SealedKey::new([7; 32])
}

fn sealed() -> Sealed {
    let mut writer = SealedWriter::new(key(), Feed::Test);
    writer.host("sealed-whole.example").unwrap();
    writer.host("192.0.2.66").unwrap();
    writer.prefix("https://shared.example/Gallery/").unwrap();
    writer.exact("http://www.exact.example:80/page?id=7#x").unwrap();
    writer.finish()
}

#[test]
fn entries_are_found_in_every_form() {
    let sealed = sealed();
    for (host, path, want) in [
        ("sealed-whole.example", "/", true),
        ("deep.below.sealed-whole.example", "/x", true),
        ("notsealed-whole.example", "/", false),
        ("192.0.2.66", "/", true),
        ("shared.example", "/", false),
        ("shared.example", "/gallery", true),
        ("www.shared.example", "/GALLERY/1?x", true),
        ("shared.example", "/gallery2", false),
        ("other.example", "/gallery", false),
        ("exact.example", "/page?id=7", true),
        ("exact.example", "/page?id=8", false),
        ("exact.example", "/page", false),
    ] {
        assert_eq!(sealed.holds_host(host) || sealed.holds_path(host, path), want, "{host}{path}");
    }
    assert_eq!(sealed.shared_hosts(), 2);
}

#[test]
fn an_exemption_at_above_or_below_an_entry_is_noticed() {
    let sealed = sealed();
    for (site, want) in [
        ("example", true),
        ("sealed-whole.example", true),
        ("a.sealed-whole.example", true),
        ("shared.example", true),
        ("www.shared.example", true),
        ("a.shared.example", false),
        ("other.example", false),
        ("whole.example", false),
    ] {
        assert_eq!(sealed.is_covered_by(HostName::new(site).unwrap()), want, "{site}");
    }
}

#[test]
fn published_entries_open_with_their_key_alone_and_unchanged() {
    let published = sealed().publish();
    let again = Sealed::open(key(), &published).unwrap();
    assert!(again.holds_host("sealed-whole.example"));
    assert_eq!(again.publish(), published);
    assert!(matches!(Sealed::open(SealedKey::new([8; 32]), &published), Err(Unverifiable)));
    let mut fewer = published.clone();
    fewer.hashes.pop();
    assert!(matches!(Sealed::open(key(), &fewer), Err(Unverifiable)));
    let mut relabelled = published.clone();
    relabelled.feed = Feed::Live { as_of: Timestamp::from_millis(0), fresh_for_ms: i64::MAX };
    assert!(matches!(Sealed::open(key(), &relabelled), Err(Unverifiable)));
    let text = serde_json::to_string(&published).unwrap();
    assert!(!text.contains("example") && !format!("{published:?} {again:?}").contains("example"));
}

#[test]
fn the_state_says_what_a_school_must_know() {
    let live = |at: i64| {
        let feed = Feed::Live { as_of: Timestamp::from_millis(1_000), fresh_for_ms: 500 };
        SealedWriter::new(key(), feed).finish().state(Timestamp::from_millis(at))
    };
    assert_eq!(live(1_500), SealedState::Live);
    assert_eq!(live(1_501), SealedState::Stale);
    assert_eq!(sealed().state(Timestamp::from_millis(0)).notice(), Some(NO_LIVE_LIST));
    assert_eq!(Sealed::never_configured().state(Timestamp::from_millis(0)), SealedState::NeverConfigured);
    assert!(SealedState::Stale.may_serve() && !SealedState::Unverifiable.may_serve());
}

#[test]
fn a_shrunken_version_keeps_what_the_earlier_one_held() {
    let earlier = sealed();
    let mut writer =
        SealedWriter::new(key(), Feed::Live { as_of: Timestamp::from_millis(0), fresh_for_ms: 1 });
    writer.host("sealed-whole.example").unwrap();
    writer.exact("https://exact.example/page?id=9").unwrap();
    assert!(writer.lacks(&earlier) > 0);
    let both = writer.finish_with(&earlier);
    assert!(both.holds_host("sealed-whole.example") && both.holds_host("192.0.2.66"));
    assert!(both.holds_path("shared.example", "/gallery/1"));
    assert!(both.holds_path("exact.example", "/page?id=7") && both.holds_path("exact.example", "/page?id=9"));
    assert_eq!(both.shared_hosts(), 2, "a host that both hold in part is one");
    let mut same = SealedWriter::new(key(), Feed::Test);
    for host in ["sealed-whole.example", "192.0.2.66"] {
        same.line(host).unwrap();
    }
    assert!(same.lacks(&sealed()) > 0);
    same.line("shared.example/Gallery").unwrap();
    same.line("http://exact.example/page?id=7").unwrap();
    assert_eq!(same.lacks(&sealed()), 0);
}

#[test]
fn a_line_of_a_feed_is_a_host_or_a_url() {
    let mut writer = SealedWriter::new(key(), Feed::Test);
    for line in
        ["whole.example", "http://root.example/", "https://bare.example", "[2001:db8::7]", "part.example/a/b"]
    {
        writer.line(line).unwrap();
    }
    writer.line("https://query.example/page?x=1").unwrap();
    for wrong in ["", "two words", "http://", "/only/a/path", "a..b"] {
        assert_eq!(writer.line(wrong), Err(SealedEntryError), "{wrong}");
    }
    let sealed = writer.finish();
    for whole in ["whole.example", "root.example", "bare.example", "2001:db8::7"] {
        assert!(sealed.holds_host(whole), "{whole}");
    }
    assert!(sealed.holds_path("part.example", "/a/b/c") && !sealed.holds_path("part.example", "/a"));
    assert!(
        sealed.holds_path("query.example", "/page?x=1") && !sealed.holds_path("query.example", "/page?x=2")
    );
}

#[test]
fn recipients_are_used_as_they_were_vouched_for_or_not_at_all() {
    let keys = vec!["age1one".to_owned(), "age1two".to_owned()];
    let published = Recipients::seal(&key(), keys.clone());
    assert_eq!(published.open(&key()), Ok(keys.as_slice()));
    assert_eq!(published.open(&SealedKey::new([8; 32])), Err(Unverifiable));
    let text = serde_json::to_string(&published).unwrap();
    for changed in [text.replace("age1two", "age1six"), text.replace(",\"age1two\"", "")] {
        assert_ne!(changed, text);
        let changed: Recipients = serde_json::from_str(&changed).unwrap();
        assert_eq!(changed.open(&key()), Err(Unverifiable));
    }
    assert_eq!(Recipients::default().open(&key()), Ok([].as_slice()));
}
