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
