use super::*;
use proptest::prelude::*;

fn now() -> Timestamp {
    Timestamp::parse("2026-11-26T12:00:00Z").unwrap()
}

/// Everything that a log tells, in a short form: line, moment, address, user, method, what was asked for, verdict.
fn told(origin: Origin, log: &str) -> (Vec<String>, Vec<(u64, Why)>) {
    let mut reader = Reader::new(origin, Zone::named("Europe/London").unwrap(), now());
    let (mut all, mut unread) = (Vec::new(), Vec::new());
    let short = |heard: &Heard| {
        let client = heard.client.map_or_else(|| "-".to_owned(), |client| client.to_string());
        format!(
            "{} {} {client} {} {} {}{} {} {}",
            heard.line,
            heard.at,
            heard.user.as_deref().unwrap_or("-"),
            heard.front.id(),
            heard.host,
            heard.path.as_deref().unwrap_or(""),
            heard.verdict.id(),
            heard.bytes
        )
    };
    for line in log.split('\n') {
        match reader.line(line.as_bytes()) {
            Said::Request(heard) => all.push(short(&heard)),
            Said::Nothing => {}
            Said::Unread(why) => unread.push((reader.lines(), why)),
        }
        while let Some(heard) = reader.ready() {
            assert!(heard.line <= reader.told());
            all.push(short(&heard));
        }
    }
    while let Some(heard) = reader.end() {
        all.push(short(&heard));
    }
    (all, unread)
}

#[test]
fn squids_own_form_is_read() {
    let log = "\
1795690140.123    145 10.0.0.7 TCP_MISS/200 4512 GET http://www.example.org/a/b?q=1 ada HIER_DIRECT/192.0.2.1 text/html
1795690141.000      0 10.0.0.8 TCP_DENIED/403 3900 GET http://games.example.com/ - HIER_NONE/- text/html
1795690142.500  60145 2001:db8::9 TCP_TUNNEL/200 90211 CONNECT www.example.net:443 - HIER_DIRECT/192.0.2.9 -
1795690143.000      1 10.0.0.8 TCP_DENIED/407 3900 GET http://www.example.org/ - HIER_NONE/- text/html
1795690144.000      1 10.0.0.8 NONE/400 3900 GET error:invalid-request - HIER_NONE/- text/html
1795690145.000      1 laptop.school TCP_MEM_HIT/200 12 POST http://192.0.2.7:8080 SCHOOL%5Cben HIER_NONE/- text/html [User-Agent: x]
not a line of squid";
    let (all, unread) = told(Origin::Squid, log);
    assert_eq!(
        all,
        [
            "1 2026-11-26T10:49:00.123Z 10.0.0.7 ada proxy www.example.org/a/b?q=1 allow 4512",
            "2 2026-11-26T10:49:01Z 10.0.0.8 - proxy games.example.com/ block 3900",
            "3 2026-11-26T10:49:02.5Z 2001:db8::9 - connect www.example.net allow 90211",
            "6 2026-11-26T10:49:05Z - SCHOOL\\ben proxy 192.0.2.7/ allow 12",
        ]
    );
    assert_eq!(unread, [(4, Why::SignIn), (5, Why::Host), (7, Why::Form)]);
}

#[test]
fn squids_other_forms_are_read() {
    let log = "\
10.0.0.7 - ada [26/Nov/2026:10:49:00 +0000] \"GET http://www.example.org/ HTTP/1.1\" 200 4512 \"-\" \"Mozilla/5.0 (X11)\" TCP_MISS:HIER_DIRECT
10.0.0.8 - - [26/Nov/2026:11:49:00 +0100] \"CONNECT www.example.net:443 HTTP/1.1\" 403 39 TCP_DENIED:HIER_NONE";
    let (all, unread) = told(Origin::Squid, log);
    assert_eq!(
        all,
        [
            "1 2026-11-26T10:49:00Z 10.0.0.7 ada proxy www.example.org/ allow 4512",
            "2 2026-11-26T10:49:00Z 10.0.0.8 - connect www.example.net block 39",
        ]
    );
    assert_eq!(unread, []);
}

#[test]
fn each_form_of_e2guardian_is_read() {
    let log = [
        "2026.6.5 9:42:32 ada 10.0.0.7 http://www.example.org/x?y=1  GET 4512 0  1 200 text/html - Pupils Mozilla/5.0 (X11) - - -".to_owned(),
        "2026.6.5 9:42:33 - 10.0.0.8 http://games.example.com *DENIED* Banned site: games.example.com GET 0 0 Games 2 403 - - Pupils".to_owned(),
        "\"2026.11.5 9:42:32\",\"ada\",\"10.0.0.7\",\"http://www.example.org/a,b\",\"*EXCEPTION* Site, \"\"in\"\" list\",\"GET\",\"77\",\"0\",\"\",\"1\",\"200\",\"text/html\",\"\",\"Pupils\",\"Agent, one\"".to_owned(),
        "1795690141.000      0 10.0.0.8 TCP_DENIED/403 3900 GET http://games.example.com/ ada DEFAULT_PARENT/127.0.0.1 text/html".to_owned(),
        "1795690141.000,0,10.0.0.8,TCP_MISS/200,3900,GET,http://www.example.org/,,DEFAULT_PARENT/127.0.0.1,text/html".to_owned(),
        ["2026.11.5 9:42:32", "10.0.0.9", "10.0.0.9", "https://games.example.com:443", "*DENIED* Weighted phrase", "CONNECT", "0", "120", "Games", "2", "403", "-", "", "Pupils", "Mozilla/5.0", ""].join("\t"),
        ["1795690142.000", "proxy1", "ben", "10.0.0.7", "", "http://shop.example.com/s?k=pen", "GET", "403", "9", "text/html", "Mozilla/5.0", "", "12", "", "500", "Banned site", "0", "Shopping", "Pupils", "1"].join("\t"),
        ["1795690143.000", "proxy1", "ben", "10.0.0.7", "", "http://www.example.org/", "GET", "403", "9", "text/html", "Mozilla/5.0", "", "12", "", "0", "", "0", "", "Pupils", "1", "", ""].join("\t"),
        "2026.13.5 9:42:32 ada 10.0.0.7 http://www.example.org/ GET 4512".to_owned(),
        "nothing of the kind".to_owned(),
    ];
    let (all, unread) = told(Origin::E2guardian, &log.join("\n"));
    assert_eq!(
        all,
        [
            "1 2026-06-05T08:42:32Z 10.0.0.7 ada proxy www.example.org/x?y=1 allow 4512",
            "2 2026-06-05T08:42:33Z 10.0.0.8 - proxy games.example.com/ block 0",
            "3 2026-11-05T09:42:32Z 10.0.0.7 ada proxy www.example.org/a,b allow 77",
            "4 2026-11-26T10:49:01Z 10.0.0.8 ada proxy games.example.com/ block 3900",
            "5 2026-11-26T10:49:01Z 10.0.0.8 - proxy www.example.org/ allow 3900",
            "6 2026-11-05T09:42:32Z 10.0.0.9 - connect games.example.com block 0",
            "7 2026-11-26T10:49:02Z 10.0.0.7 ben proxy shop.example.com/s?k=pen block 9",
            "8 2026-11-26T10:49:03Z 10.0.0.7 ben proxy www.example.org/ allow 9",
        ]
    );
    assert_eq!(unread, [(9, Why::Time), (10, Why::Time)]);
}

#[test]
fn adguard_homes_questions_are_read() {
    let log = r#"{"IP":"10.0.0.7","T":"2026-11-26T12:55:56.519796+03:00","QH":"games.example.com","QT":"A","QC":"IN","CP":"","Answer":"Qz+BgAABAAEAAAAAAmFuBnlhbmRleAJydQAAAQABwAwAAQABAAAACgAEAAAAAA==","Result":{"IsFiltered":true,"Reason":3,"Rule":"||games.","FilterID":1},"Elapsed":837429}
{"T":"2026-11-26T09:55:57Z","QH":"WWW.Example.org","QT":"HTTPS","QC":"IN","CP":"doh","CID":"ada-tablet","Upstream":"https://192.0.2.1/dns-query","Answer":"not base64","IP":"2001:db8::7","Result":{},"Elapsed":1}
{"IP":"10.0.0.7","T":"2026-11-26T09:55:58Z","QH":"www.google.com","QT":"A","QC":"IN","Result":{"IsFiltered":true,"Reason":7},"Elapsed":1}
{"Question":"LgBAAABAAAAAAA","Time":"2020-11-13T12:41:25.970861+03:00","IP":"127.0.0.1","Result":{}}
{"IP":"10.0.0.7","T":"2026-11-26T09:55:58Z","QH":"7.0.0.10.in-addr.arpa","QT":"PTR","QC":"IN","Result":{},"Elapsed":1}
{"IP":"10.0.0.7","T":"2026-11-26T"#;
    let (all, unread) = told(Origin::AdguardHome, log);
    assert_eq!(
        all,
        [
            "1 2026-11-26T09:55:56.519Z 10.0.0.7 - dns games.example.com block 0",
            "2 2026-11-26T09:55:57Z 2001:db8::7 - dns www.example.org allow 0",
            "3 2026-11-26T09:55:58Z 10.0.0.7 - dns www.google.com allow 0",
        ]
    );
    assert_eq!(unread, [(4, Why::Form), (5, Why::Host), (6, Why::Form)]);
}

#[test]
fn pi_holes_text_is_read_with_what_became_of_each_question() {
    let log = "\
Nov  5 10:49:00 dnsmasq[123]: query[A] www.example.org from 10.0.0.7
Nov  5 10:49:00 dnsmasq[123]: forwarded www.example.org to 192.0.2.1
Nov  5 10:49:00 dnsmasq[123]: reply www.example.org is 192.0.2.7
Nov  5 10:49:01 dnsmasq[123]: query[AAAA] ads.example.com from 10.0.0.8
Nov  5 10:49:01 dnsmasq[123]: gravity blocked ads.example.com is ::
Nov  5 10:49:02 dnsmasq[123]: 17 10.0.0.7/51234 query[A] games.example.com from 10.0.0.7
Nov  5 10:49:02 dnsmasq[123]: 17 10.0.0.7/51234 exactly denied games.example.com is 0.0.0.0
Nov  5 10:49:03 dnsmasq[123]: query[A] bad.example.com from 10.0.0.7
Nov  5 10:49:03 dnsmasq[123]: regex black-word bad.example.com is 0.0.0.0
Nov  5 10:49:04 dnsmasq[123]: query[PTR] 7.0.0.10.in-addr.arpa from 127.0.0.1
Nov  5 10:49:05 dnsmasq[123]: query[A] late.example.com from 10.0.0.7
Nov  5 10:49:05 dnsmasq-dhcp[123]: DHCPACK(eth0) 10.0.0.7
what is this";
    let (all, unread) = told(Origin::PiHole, log);
    assert_eq!(
        all,
        [
            "1 2026-11-05T10:49:00Z 10.0.0.7 - dns www.example.org allow 0",
            "4 2026-11-05T10:49:01Z 10.0.0.8 - dns ads.example.com block 0",
            "6 2026-11-05T10:49:02Z 10.0.0.7 - dns games.example.com block 0",
            "8 2026-11-05T10:49:03Z 10.0.0.7 - dns bad.example.com block 0",
            "11 2026-11-05T10:49:05Z 10.0.0.7 - dns late.example.com allow 0",
        ]
    );
    assert_eq!(unread, [(10, Why::Host), (13, Why::Form)]);
}

#[test]
fn a_pi_holes_database_says_what_became_of_a_question() {
    let query = |status, domain: &str| Query {
        id: 9,
        timestamp: 1_795_690_140.25,
        status,
        domain: domain.to_owned(),
        client: "10.0.0.7".to_owned(),
    };
    let heard = query(1, "ads.example.com").heard().unwrap();
    assert_eq!((heard.line, heard.at.to_string().as_str()), (9, "2026-11-26T10:49:00.25Z"));
    assert_eq!(heard.verdict, Verdict::Block);
    let open: Vec<i64> = (0..20).filter(|status| !is_blocked(*status)).collect();
    assert_eq!(open, [0, 2, 3, 12, 13, 14, 17, 19]);
    assert_eq!(query(2, "printer").heard(), Err(Why::Host));
    let never = Query { timestamp: f64::NAN, ..query(2, "www.example.org") };
    assert_eq!(never.heard(), Err(Why::Time));
}

#[test]
fn zeeks_columns_and_objects_are_read() {
    let log = "\
#separator \\x09
#set_separator\t,
#empty_field\t(empty)
#unset_field\t-
#path\thttp
#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tmethod\thost\turi\tuser_agent\tresponse_body_len\tusername
1795690140.123456\tC1\t10.0.0.7\t1040\t192.0.2.9\t80\tGET\tWWW.Example.org:8080\t/a\\x20b?q=owls\tAgent\t77\t-
1795690140.123456\tC1\t10.0.0.7\t1040\t192.0.2.9\t80\tGET\t-\t/\t-\t-\tada
1795690140.123456\tC1\t10.0.0.7\t1040\t192.0.2.9\t3128\tCONNECT\t-\twww.example.net:443\t-\t0\t-
XXXXXXXXXX.XXXXXX\tC1\t10.0.0.7\t1040\t192.0.2.9\t80\tGET\twww.example.org\t/\t-\t0\t-
1795690140.123456\tC1";
    let (all, unread) = told(Origin::ZeekHttp, log);
    assert_eq!(
        all,
        [
            "7 2026-11-26T10:49:00.123Z 10.0.0.7 - proxy www.example.org/a%20b?q=owls allow 77",
            "8 2026-11-26T10:49:00.123Z 10.0.0.7 - proxy 192.0.2.9/ allow 0",
            "9 2026-11-26T10:49:00.123Z 10.0.0.7 - connect www.example.net allow 0",
        ]
    );
    assert_eq!(unread, [(10, Why::Time), (11, Why::Host)]);
    let (none, unread) = told(Origin::ZeekDns, log);
    assert!(none.is_empty() && unread.len() == 5 && unread.iter().all(|(_, why)| *why == Why::Kind));

    let objects = r#"{"ts":1795690140.5,"id.orig_h":"10.0.0.7","query":"www.example.org","rcode_name":"NXDOMAIN"}
{"ts":"2026-11-26T10:49:00.5Z","id.orig_h":"10.0.0.7","query":"example.org"}
{"ts":1,"query":"printer"}
{"ts":}"#;
    let (all, unread) = told(Origin::ZeekDns, objects);
    assert_eq!(
        all,
        [
            "1 2026-11-26T10:49:00.5Z 10.0.0.7 - dns www.example.org allow 0",
            "2 2026-11-26T10:49:00.5Z 10.0.0.7 - dns example.org allow 0",
        ]
    );
    assert_eq!(unread, [(3, Why::Host), (4, Why::Form)]);
}

#[test]
fn a_log_is_recognised_by_its_first_lines() {
    for (log, origin) in [
        ("#separator \\x09\n#path\tdns\n#fields\tts\n", Some(Origin::ZeekDns)),
        ("#separator \\x09\n#path\thttp\n", Some(Origin::ZeekHttp)),
        ("#path\tssl\n", None),
        ("{\"ts\":1,\"id.orig_h\":\"10.0.0.7\",\"query\":\"a.example\"}", Some(Origin::ZeekDns)),
        ("{\"T\":\"2026-11-26T09:55:57Z\",\"QH\":\"www.example.org\"}", Some(Origin::AdguardHome)),
        ("\n\nNov  5 10:49:00 dnsmasq[123]: started\n", Some(Origin::PiHole)),
        (
            "1795690140.123 1 10.0.0.7 TCP_MISS/200 4 GET http://www.example.org/ - HIER_NONE/- -",
            Some(Origin::Squid),
        ),
        (
            "2026.6.5 9:42:32 ada 10.0.0.7 http://www.example.org/ GET 4512 0 1 200 - - x -",
            Some(Origin::E2guardian),
        ),
        ("Dear diary,\nnothing happened today.\n", None),
        ("", None),
    ] {
        assert_eq!(recognise(log.as_bytes()), origin, "{log:?}");
    }
}

#[test]
fn zeeks_real_logs_are_read_but_for_names_of_the_local_network() {
    let data = std::env::var_os("FIVEBAR_DATA").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        Into::into,
    );
    for (name, origin, least) in [
        ("zeek-m57-long-dns.log.gz", Origin::ZeekDns, 50),
        ("zeek-ipv6-dns.log.gz", Origin::ZeekDns, 50),
        ("zeek-m57-long-http.log.gz", Origin::ZeekHttp, 95),
        ("zeek-ctu-sme-11-vm-win7ad-http.log.gz", Origin::ZeekHttp, 95),
    ] {
        let path = data.join("traffic").join(name);
        let Ok(unpacked) = std::process::Command::new("zcat").arg(&path).output() else { return };
        if !unpacked.status.success() {
            eprintln!("skipped: {} is not there", path.display());
            return;
        }
        // Their times are masked; one of ours stands in.
        let log = String::from_utf8_lossy(&unpacked.stdout).replace("XXXXXXXXXX.XXXXXX", "1795690140.123456");
        assert_eq!(recognise(log.as_bytes()), Some(origin));
        let (all, unread) = told(origin, &log);
        let lines = all.len() + unread.len();
        let count = |wanted| unread.iter().filter(|(_, why)| *why == wanted).count();
        println!(
            "{name}: {} of {lines} read, {} name no host of the web, {} have another form",
            all.len(),
            count(Why::Host),
            count(Why::Form)
        );
        assert!(all.len() * 100 >= lines * least, "{name}: {} of {lines}", all.len());
        assert_eq!(count(Why::Host), unread.len(), "{name}: {unread:?}");
    }
}

/// Reads a log as each kind, and looks at what comes of it.
fn read_as_each<'a>(lines: impl Iterator<Item = &'a [u8]> + Clone) {
    for origin in Origin::ALL {
        let mut reader = Reader::new(origin, Zone::utc(), now());
        let mut all = Vec::new();
        for line in lines.clone() {
            if let Said::Request(heard) = reader.line(line) {
                all.push(heard);
            }
            all.extend(std::iter::from_fn(|| reader.ready()));
            assert!(reader.told() <= reader.lines());
        }
        all.extend(std::iter::from_fn(|| reader.end()));
        for heard in all {
            assert!(heard.line >= 1 && heard.line <= reader.lines());
            assert!(heard.host().is_some(), "{:?}", heard.host);
            let row = heard.imported(None, None, KnownBy::Nothing);
            assert!(row.path.is_none_or(|path| !path.contains('?')));
        }
    }
}

#[test]
fn the_fuzz_corpus_is_read() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/import_lines");
    let mut files = 0;
    for file in std::fs::read_dir(corpus).unwrap() {
        let log = std::fs::read(file.unwrap().path()).unwrap();
        assert!(recognise(&log).is_some());
        read_as_each(log.split(|byte| *byte == b'\n'));
        files += 1;
    }
    assert!(files > 0);
}

proptest! {
    #[test]
    fn no_line_makes_trouble(
        lines in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..200),
                "[0-9.:/A-Z_a-z,\"\\[\\] {}#-]{0,120}".prop_map(String::into_bytes),
                "(1795690140\\.1|2026\\.6\\.5 9:42:32|\\{\"T\":\"2026-11-26T09:55:57Z\",\"QH\":\"|#fields\t|Nov  5 10:49:00 dnsmasq\\[1\\]: )[ \ta-zA-Z0-9:/?.\",*%-]{0,90}"
                    .prop_map(String::into_bytes),
            ],
            0..12,
        )
    ) {
        read_as_each(lines.iter().map(Vec::as_slice));
        let _ = recognise(&lines.join(&b'\n'));
    }
}
