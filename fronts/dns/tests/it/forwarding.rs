//! Names of the school's own network: who is asked for them, and what may not lead there.

use front_dns::Forward;

use crate::ground::{Bench, HERE, question, read, record, respond, wire};

const A: u16 = 1;
const PTR: u16 = 12;

fn school_zones() -> Bench {
    let forward = Forward {
        zones: vec!["school.test".to_owned(), "10.in-addr.arpa".to_owned(), "local".to_owned()],
        upstreams: vec!["198.51.100.1:53".parse().unwrap(), "198.51.100.2:53".parse().unwrap()],
    };
    let other = Forward {
        zones: vec!["lab.school.test".to_owned()],
        upstreams: vec!["198.51.100.3:53".parse().unwrap()],
    };
    Bench::forwarding(2, 64, &[forward, other])
}

/// Which upstreams were asked until the question was given up.
fn asked(bench: &mut Bench, name: &str, kind: u16) -> Vec<usize> {
    assert_eq!(bench.ask(&question(name, kind)), None, "{name}");
    let mut all = Vec::new();
    for _ in 0..60 {
        all.extend(bench.sent.drain(..).map(|(way, _)| way.upstream));
        bench.pass_ms(100);
    }
    all.sort_unstable();
    all.dedup();
    all
}

#[test]
fn each_zone_is_asked_of_its_own_servers_and_of_no_others() {
    for (name, kind, servers) in [
        ("www.example.org", A, &[0, 1][..]),
        ("school.test", A, &[2, 3]),
        ("dc1.ad.school.test", A, &[2, 3]),
        ("bench.lab.school.test", A, &[4]),
        ("notschool.test", A, &[0, 1]),
        ("7.1.0.10.in-addr.arpa", PTR, &[2, 3]),
        ("printer.local", A, &[2, 3]),
    ] {
        assert_eq!(asked(&mut school_zones(), name, kind), servers, "{name}");
    }
}

#[test]
fn rfc6761_names_of_no_ones_on_the_internet_are_answered_here() {
    let mut bench = Bench::new();
    for (name, kind, code) in [
        ("printer.local", A, 3),
        ("7.1.0.10.in-addr.arpa", PTR, 3),
        ("7.1.168.192.in-addr.arpa", PTR, 3),
        ("hidden.onion", A, 3),
        ("server.internal", A, 3),
        ("name.gns.alt", A, 3),
        ("wpad", A, 3),
        ("localhost", 16, 0),
        ("router.home.arpa", A, 3),
        ("_dns.resolver.arpa", 64, 0),
    ] {
        let answer = bench.ask(&question(name, kind)).unwrap_or_else(|| panic!("{name} is answered"));
        let answer = read(&answer);
        assert_eq!(u16::from(answer.metadata.response_code), code, "{name}");
        assert!(answer.answers.is_empty() && answer.authorities.len() == 1, "{name}");
    }
    assert!(bench.sent.is_empty());
    assert_eq!(bench.events.all().len(), 10, "each leaves its row");
}

#[test]
fn an_answer_of_the_internets_that_leads_inside_is_refused_and_one_of_the_schools_is_not() {
    for (address, refused) in [
        ([10, 0, 0, 7], true),
        ([192, 168, 1, 1], true),
        ([127, 0, 0, 1], true),
        ([169, 254, 1, 1], true),
        ([0, 0, 0, 0], true),
        ([93, 184, 216, 34], false),
    ] {
        let mut bench = school_zones();
        let answer = bench.resolve(&question("rebind.example", A), 0, &[record(HERE, A, 300, &address)]);
        assert_eq!(answer[3] & 15 == 3, refused, "{address:?}");
        // From the cache too.
        let again = bench.ask(&question("rebind.example", A)).unwrap();
        assert_eq!(again[3] & 15 == 3, refused, "{address:?}");
        let told = bench.events.all();
        assert!(told.len() == 2 && told.iter().all(|told| told.verdict.is_block() == refused));
        // A name through which it leads there is no better.
        let chain = [record(HERE, 5, 300, &wire("x.example")), record(&wire("x.example"), A, 300, &address)];
        let answer = bench.resolve(&question("chain.example", A), 0, &chain);
        assert_eq!(answer[3] & 15 == 3, refused, "{address:?}");
    }
    let mut bench = school_zones();
    let answer = bench.resolve(&question("files.school.test", A), 0, &[record(HERE, A, 300, &[10, 0, 0, 7])]);
    assert_eq!(answer[3] & 15, 0);
    // What the school opens by name may lead where it likes: the school's own names that the internet's servers hold.
    let opened = "[[rule]]\ndo = \"allow\"\nsite = \"intranet.example\"\nreason = \"Ours.\"\n";
    assert!(bench.school.swap_policy(crate::ground::policy(opened)).is_empty());
    let answer = bench.resolve(&question("intranet.example", A), 0, &[record(HERE, A, 300, &[10, 0, 0, 7])]);
    assert_eq!(answer[3] & 15, 0);
    // A filter that observes only passes it on: it may be the page of the filter that stands, whose answer it is.
    let mut bench = school_zones();
    bench.observe(60_000);
    let answer = bench.resolve(&question("rebind.example", A), 0, &[record(HERE, A, 300, &[10, 0, 0, 7])]);
    assert_eq!(answer[3] & 15, 0);
    assert_eq!(bench.events.all()[0].verdict, engine::Verdict::WouldBlock);
    // Without that care nothing is refused.
    let mut bench = Bench::new();
    assert_eq!(bench.ask(&question("rebind.example", A)), None);
    bench.upstream(|question| respond(question, 0, &[record(HERE, A, 300, &[10, 0, 0, 7])]));
    assert_eq!(bench.replies.pop().unwrap().1[3] & 15, 0);
}

#[test]
fn rfc6761_6_3_localhost_is_the_device_itself() {
    let mut bench = Bench::new();
    for name in ["localhost", "www.localhost"] {
        for (kind, address) in [(A, "127.0.0.1"), (28, "::1")] {
            let answer = read(&bench.ask(&question(name, kind)).unwrap());
            let found: Vec<String> = answer.answers.iter().map(|record| record.data.to_string()).collect();
            assert_eq!(found, [address], "{name}");
        }
    }
    assert!(bench.sent.is_empty(), "nobody was asked");
}

#[test]
fn a_zone_of_the_schools_own_goes_before_what_is_nobodys() {
    let zones = vec!["internal".to_owned()];
    let forward = Forward { zones, upstreams: vec!["198.51.100.1:53".parse().unwrap()] };
    let mut bench = Bench::forwarding(2, 64, &[forward]);
    assert_eq!(asked(&mut bench, "dc1.ad.internal", A), [2]);
}

#[test]
fn rfc8880_what_tells_a_device_how_ipv4_is_reached_is_let_through_and_nothing_else_at_that_address() {
    let addresses = [record(HERE, A, 60, &[192, 0, 0, 170]), record(HERE, A, 60, &[192, 0, 0, 171])];
    let mut bench = school_zones();
    let answer = read(&bench.resolve(&question("ipv4only.arpa", A), 0, &addresses));
    assert_eq!(answer.answers.len(), 2, "{answer}");
    assert!(bench.events.all().iter().all(|told| !told.verdict.is_block()));
    for (name, data) in [("www.example.org", [192, 0, 0, 170]), ("ipv4only.arpa", [10, 0, 0, 1])] {
        let mut bench = school_zones();
        let answer = bench.resolve(&question(name, A), 0, &[record(HERE, A, 60, &data)]);
        assert_eq!(answer[3] & 15, 3, "{name}");
    }
}
