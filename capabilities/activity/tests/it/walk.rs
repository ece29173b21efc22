//! The whole walk: sink, socket, segment, search, tail.

use std::ops::ControlFlow;

use activity::{Search, Sink, TimeRange};
use engine::{GroupNo, PersonNo, Step, Verdict};

use crate::house::{House, Visit, at, until};

#[test]
fn what_a_gate_records_is_found_by_every_search_that_it_fits() {
    let house = House::new();
    let log = house.log();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    Visit::to("www.example.org").record(&sink);
    Visit { person: 8, at: at("2026-11-23T10:50:00Z"), ..Visit::refused("games.example.net") }.record(&sink);
    until("both are durable", || sink.counts().taken == 2);

    let hosts = |search: Search| -> Vec<String> {
        house.found(&search).into_iter().filter_map(|event| event.host).collect()
    };
    let all = Search::default();
    assert_eq!(hosts(all.clone()), ["games.example.net", "www.example.org"], "newest first");
    assert_eq!(hosts(Search { limit: Some(1), ..all.clone() }), ["games.example.net"]);
    assert_eq!(hosts(Search { person: Some(PersonNo(7)), ..all.clone() }), ["www.example.org"]);
    assert_eq!(hosts(Search { verdict: Some(Verdict::Block), ..all.clone() }), ["games.example.net"]);
    assert_eq!(hosts(Search { site: Some("Example.ORG.".into()), ..all.clone() }), ["www.example.org"]);
    assert_eq!(hosts(Search { site: Some("ample.org".into()), ..all.clone() }), [""; 0]);
    assert_eq!(hosts(Search { group: Some(GroupNo(4)), ..all.clone() }).len(), 2);
    assert_eq!(hosts(Search { group: Some(GroupNo(5)), ..all.clone() }), [""; 0]);
    let of_five = Search { group: Some(GroupNo(5)), ..all.clone() };
    let members = vec![PersonNo(9), PersonNo(7)];
    assert_eq!(hosts(Search { members, ..of_five.clone() }), ["www.example.org"], "whoever's cell won");
    let member_devices = vec![engine::DeviceNo(107)];
    assert_eq!(hosts(Search { member_devices, ..of_five }).len(), 1);
    assert_eq!(hosts(Search { step: Some(Step::Sealed), ..all.clone() }), [""; 0]);
    let time = TimeRange { from: Some(at("2026-11-23T10:50:00Z")), to: None };
    assert_eq!(hosts(Search { time, ..all.clone() }), ["games.example.net"]);
    assert_eq!(house.client().counts(&all).unwrap().by_verdict["block"], 1);

    let event = &house.found(&Search { person: Some(PersonNo(7)), ..all })[0];
    assert_eq!(
        serde_json::to_string(event).unwrap(),
        r#"{"seq":1,"at":"2026-11-23T10:49:00.123Z","front":"proxy","client":"127.0.0.7","person":7,"device":107,"known_by":"device-register","host":"www.example.org","path":"/a/page","agent":"Browser/1.0","verdict":"allow","step":"permitted-use","rule":11,"fact":"host","category":3,"list":2,"group":4,"bytes":512}"#
    );
    let refusals = house.client().recent_refusals([127, 0, 0, 7].into(), 5).unwrap();
    assert_eq!(
        refusals.iter().filter_map(|event| event.host.as_deref()).collect::<Vec<_>>(),
        ["games.example.net"]
    );
    drop(sink);
    log.stop();
}

#[test]
fn a_tail_hands_over_what_comes_as_it_comes() {
    let house = House::new();
    let log = house.log();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    Visit::to("before.example").record(&sink);
    until("it is durable", || sink.counts().taken == 1);
    let client = house.client();
    let (to_us, seen) = std::sync::mpsc::channel();
    let tail = std::thread::spawn(move || {
        let search = Search { verdict: Some(Verdict::Block), ..Search::default() };
        client.tail(&search, Some(1), |event| match to_us.send(event.host) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        })
    });
    for host in ["one.example", "two.example"] {
        Visit::to("allowed.example").record(&sink);
        Visit::refused(host).record(&sink);
        let patience = std::time::Duration::from_secs(20);
        assert_eq!(seen.recv_timeout(patience).unwrap().as_deref(), Some(host));
    }
    drop(sink);
    log.stop();
    tail.join().unwrap().unwrap();
}
