use super::*;

const GOOD: &str = r#"
[school]
name = "Hillside"
[dns]
listen = ["127.0.0.1:5353"]
upstreams = ["127.0.0.1:5300"]
[proxy]
listen = ["127.0.0.1:3128"]
[portal]
listen = "127.0.0.1:8080"
"#;

#[test]
fn a_short_file_is_enough() {
    let config = Config::parse(GOOD).unwrap();
    assert_eq!((config.activity.keep_days, config.lists.update), (90, Every::Day));
    assert_eq!(config.records.database, "sqlite:hub/fivebar.db");
    assert_eq!(Config::parse(&toml::to_string(&config).unwrap()).unwrap().dns.cache_mb, 32);
}

#[test]
fn every_problem_is_said_at_once_with_its_line() {
    let text = GOOD
        .replace("Hillside", " ")
        .replace("upstreams = [\"127.0.0.1:5300\"]", "upstreams = [\"127.0.0.1:5353\"]\nthreads = 0")
        + "[activity]\nkeep-days = 0\n";
    let problems = Config::parse(&text).unwrap_err();
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [3, 6, 7, 13], "{problems:?}");
}

#[test]
fn the_portal_and_the_proxy_cannot_share_a_port() {
    let with = |portal: &str| Config::parse(&GOOD.replace("127.0.0.1:8080", portal));
    for shared in ["127.0.0.1:3128", "0.0.0.0:3128", "[::]:3128"] {
        let problems = with(shared).unwrap_err();
        assert_eq!(problems.len(), 1, "{shared}: {problems:?}");
        assert!(problems[0].line == 10 && problems[0].what.contains("another port"), "{problems:?}");
    }
    assert!(with("127.0.0.2:3128").is_ok() && with("127.0.0.1:0").is_ok());
}

#[test]
fn no_two_fronts_want_the_same_port_of_an_address_and_no_question_comes_back() {
    let with = |dns: &str, upstream: &str, proxy: &str| {
        let text = GOOD.replace("[\"127.0.0.1:5353\"]", dns);
        let text = text.replace("127.0.0.1:5300", upstream).replace("127.0.0.1:3128", proxy);
        Config::parse(&text).map_or_else(
            |problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
            |_| Vec::new(),
        )
    };
    let (any, here, six) = ("[\"0.0.0.0:53\"]", "[\"127.0.0.1:53\"]", "[\"[::]:53\"]");
    for (dns, upstream, proxy) in [
        (any, "192.0.2.1:53", "127.0.0.1:53"),
        (here, "192.0.2.1:53", "0.0.0.0:53"),
        (six, "192.0.2.1:53", "127.0.0.1:53"),
        (here, "192.0.2.1:53", "[::]:53"),
        (any, "127.0.0.1:53", "127.0.0.1:3128"),
        (six, "127.0.0.1:53", "127.0.0.1:3128"),
        (six, "[::1]:53", "127.0.0.1:3128"),
        ("[\"0.0.0.0:53\", \"127.0.0.1:53\"]", "192.0.2.1:53", "127.0.0.1:3128"),
        ("[\"127.0.0.1:8080\"]", "192.0.2.1:53", "127.0.0.1:3128"),
    ] {
        let problems = with(dns, upstream, proxy);
        assert_eq!(problems.len(), 1, "{dns} {upstream} {proxy}: {problems:?}");
        assert!(problems[0].starts_with("line "), "{problems:?}");
    }
    for (dns, upstream, proxy) in [
        (any, "192.0.2.1:53", "127.0.0.1:3128"),
        ("[\"0.0.0.0:53\", \"[::]:53\"]", "192.0.2.1:53", "127.0.0.1:3128"),
        (any, "192.0.2.1:53", "[::1]:53"),
        (here, "127.0.0.53:53", "127.0.0.2:53"),
    ] {
        assert_eq!(with(dns, upstream, proxy), Vec::<String>::new(), "{dns} {upstream} {proxy}");
    }
}

#[test]
fn ports_are_numbers_or_spans_and_anything_else_is_said_with_its_line() {
    let with =
        |ports: &str| Config::parse(&GOOD.replace("[portal]", &format!("connect-ports = {ports}\n[portal]")));
    let config = with("[443, \"9000-9010\"]").unwrap();
    assert_eq!(config.proxy.connect_ports.as_ref().unwrap().len(), 2);
    assert!(Config::parse(&toml::to_string(&config).unwrap()).is_ok());
    for odd in ["[]", "[0]", "[\"90-80\"]", "[70000]", "[\"https\"]", "443"] {
        let problems = with(odd).unwrap_err();
        assert_eq!(problems.len(), 1, "{odd}: {problems:?}");
        assert!(problems[0].line == 9 || problems[0].line == 7, "{odd}: {problems:?}");
        assert!(problems[0].what.contains("port") || problems[0].what.contains("sequence"), "{problems:?}");
    }
}

#[test]
fn encrypted_dns_has_ports_of_its_own_a_name_and_a_certificate_with_its_key() {
    let with = |lines: &str| Config::parse(&GOOD.replace("[proxy]", &format!("{lines}\n[proxy]")));
    let good = with("tls = \"[::]:853\"\nhttps = \"0.0.0.0:443\"\nname = \"dns.school.example\"").unwrap();
    assert!(good.dns.is_encrypted() && Config::parse(&toml::to_string(&good).unwrap()).is_ok());
    assert!(!Config::parse(GOOD).unwrap().dns.is_encrypted());
    for odd in [
        "tls = \"127.0.0.1:5353\"",
        "https = \"0.0.0.0:8080\"",
        "https = \"[::]:3128\"",
        "tls = \"127.0.0.1:853\"\nhttps = \"0.0.0.0:853\"",
        "certificate = \"/etc/dns.pem\"",
        "key = \"/etc/dns.key\"",
        "name = \"DNS.school.example\"",
        "name = \"dns school\"",
        "name = \"127.0.0.1\"",
        "tls = \"853\"",
    ] {
        let problems = with(odd).unwrap_err();
        assert_eq!(problems.len(), 1, "{odd}: {problems:?}");
        assert!((7..=8).contains(&problems[0].line), "{odd}: {problems:?}");
    }
}

#[test]
fn an_unknown_key_or_section_is_named() {
    let problems = Config::parse(&(GOOD.replace("name =", "nmae =") + "[prxy]\n")).unwrap_err();
    assert!(
        problems.iter().any(|problem| problem.what.contains("prxy") && problem.line == 11),
        "{problems:?}"
    );
    assert!(
        problems.iter().any(|problem| problem.what.contains("nmae") && problem.line == 3),
        "{problems:?}"
    );
}

#[test]
fn a_key_that_is_there_twice_is_said_with_both_lines() {
    let text = GOOD.replace("name = \"Hillside\"", "name = \"Hillside\"\nname = \"Hilltop\"")
        + "[dns]\nthreads = 2\n";
    let said: Vec<String> = Config::parse(&text).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "line 4: name is there twice in [school], first in line 3; keep one of the two lines",
            "line 12: the section [dns] begins a second time, first in line 5; put both into one",
        ]
    );
}

#[test]
fn what_is_not_toml_is_said_with_its_line() {
    let problems = Config::parse("[school]\nname = \n").unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].line, 2, "{problems:?}");
}

#[test]
fn all_that_is_wrong_with_mail_is_said_together_and_a_password_stands_elsewhere() {
    let with = |lines: &str| {
        let url = GOOD.replace("[portal]", "[portal]\nurl = \"https://portal.example\"");
        Config::parse(&format!("{url}[mail]\n{lines}\n"))
    };
    let good = "relay = \"smtp.school.example\"\nfrom = \"fivebar@school.example\"\ntls = \"starttls\"\nuser = \"fivebar\"\n\
                secret = \"mail.secret\"";
    let config = with(good).unwrap();
    assert_eq!(config.mail.as_ref().map(|mail| mail.port()), Some(587));
    assert_eq!(Config::parse(&toml::to_string(&config).unwrap()).unwrap().mail, config.mail);
    assert_eq!(Config::parse(GOOD).unwrap().mail, None);
    let problems =
        with("relay = \"smtp.school.example\"\nfrom = \"a\\nb\"\ntls = \"none\"\nuser = \"x\"").unwrap_err();
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [15, 16, 14], "{problems:?}");
    assert!(with(&good.replace("secret", "password")).is_err());
    let without = Config::parse(&format!("{GOOD}[mail]\n{good}\n")).unwrap_err();
    assert!(without.len() == 1 && without[0].what.contains("the portal its address"), "{without:?}");
    assert!(Config::parse(&format!("{GOOD}[notices]\nallow-local = true\n")).unwrap().notices.allow_local);
}
