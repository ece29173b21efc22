//! A school with servers of its own: Debian's bind9 holds its directory's zone, as a domain controller would.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use journeys::{School, eventually, init};
use serde_json::Value;
use testing::servers::NameServer;

/// bind9 with those zones, each by its records; it answers for the first.
fn named(folder: &Path, zones: &[(&str, &str)]) -> Result<NameServer> {
    std::fs::create_dir_all(folder)?;
    let place = folder.display();
    let file = folder.join("named.conf");
    for (zone, records) in zones {
        let head = "$TTL 300\n@ IN SOA ns.school.lan. dns.school.lan. 1 3600 900 604800 120\n@ IN NS ns.school.lan.\n";
        std::fs::write(folder.join(zone), format!("{head}{records}"))?;
    }
    let mut written = Ok(());
    let server = NameServer::start(|port| {
        let mut configuration = format!(
            "options {{ directory \"{place}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none;
             recursion no; session-keyfile none; empty-zones-enable no; }};\ncontrols {{ }};\n"
        );
        for (zone, _) in zones {
            configuration += &format!("zone \"{zone}\" {{ type primary; file \"{place}/{zone}\"; }};\n");
        }
        written = std::fs::write(&file, configuration);
        let mut command = Command::new("/usr/sbin/named");
        command.args(["-f", "-n", "1", "-c"]).arg(&file);
        command
    });
    written?;
    let server = server.context("named does not start")?;
    let probe = zones.first().map_or("", |(zone, _)| zone);
    let port = server.address.port().to_string();
    eventually(Duration::from_secs(30), || {
        let asked = ["@127.0.0.1", "-p", &port, "+norecurse", "+tries=1", "+time=1", probe, "SOA"];
        let output = Command::new("dig").args(asked).output().ok()?;
        String::from_utf8_lossy(&output.stdout).contains("status: NOERROR").then_some(())
    })
    .context("named does not answer")?;
    Ok(server)
}

fn school(home: &Path, internet: &NameServer, more: &str) -> Result<School> {
    init(home)?;
    let file = home.join("fivebar.toml");
    let text = std::fs::read_to_string(&file)?.replace("127.0.0.1:9", &internet.address.to_string());
    std::fs::write(&file, format!("{text}\n{more}"))?;
    School::run(home)
}

#[test]
fn local_names_and_reverse_names_go_on_working_beside_the_filter() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let own = named(
        &folder.path().join("own"),
        &[
            (
                "school.lan",
                "ns IN A 10.0.0.5\ndc1 IN A 10.0.0.5\nfiles IN CNAME dc1\n_ldap._tcp IN SRV 0 100 389 dc1.school.lan.\n",
            ),
            ("10.in-addr.arpa", "5.0.0 IN PTR dc1.school.lan.\n"),
        ],
    )?;
    let internet = named(
        &folder.path().join("internet"),
        &[
            ("example.org", "www IN A 93.184.216.34\nrebind IN A 10.0.0.5\n"),
            ("school.lan", "dc1 IN A 198.51.100.9\n"),
        ],
    )?;
    let forward = format!(
        "[[dns.forward]]\nzones = [\"School.LAN\", \"10.in-addr.arpa\"]\nupstreams = [\"{}\"]\n",
        own.address
    );
    let school = school(&folder.path().join("school"), &internet, &forward)?;
    let short = |question: &[&str]| -> Result<String> {
        let question: Vec<&str> = question.iter().chain(&["+short"]).copied().collect();
        Ok(school.dig("127.0.0.1", &question)?.trim().to_owned())
    };
    assert_eq!(short(&["dc1.school.lan"])?, "10.0.0.5");
    assert_eq!(short(&["files.school.lan"])?, "dc1.school.lan.\n10.0.0.5");
    assert_eq!(short(&["_ldap._tcp.school.lan", "SRV"])?, "0 100 389 dc1.school.lan.");
    assert_eq!(short(&["-x", "10.0.0.5"])?, "dc1.school.lan.");
    // Nobody is kept from the school's own network, whatever the table says of sites that no list knows.
    let told = school.told(&["--json", "explain", "dc1.school.lan", "--as", "127.0.0.1"])?;
    let told: Value = serde_json::from_str(&told)?;
    assert_eq!(
        (told["verdict"].as_str(), told["step"].as_str()),
        (Some("allow"), Some("essential")),
        "{told}"
    );
    // The internet's answers stay outside, and the row says why.
    assert_eq!(short(&["www.example.org"])?, "93.184.216.34");
    let refused = school.dig("127.0.0.1", &["rebind.example.org"])?;
    assert!(refused.contains("NXDOMAIN") && refused.contains("EDE: 15"), "{refused}");
    let row = eventually(Duration::from_secs(10), || {
        let told = school.told(&["--json", "activity", "search", "--site", "rebind.example.org"]).ok()?;
        serde_json::from_str::<Value>(told.lines().next()?).ok()
    })
    .context("the refusal is in the log")?;
    assert_eq!((row["step"].as_str(), row["refusal"].as_str()), (Some("front"), Some("inside")), "{row}");
    Ok(())
}

#[test]
fn a_zone_that_is_the_whole_internets_or_a_ring_is_refused_with_its_line() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    init(&home)?;
    let file = home.join("fivebar.toml");
    let text = std::fs::read_to_string(&file)?;
    for (zones, said) in [
        ("[\"co.uk\"]", "co.uk holds names of the whole internet"),
        ("[\"a b\"]", "\"a b\" is no name"),
        ("[]", "needs at least one zone"),
        ("[\"school.lan\", \"SCHOOL.lan.\"]", "is forwarded twice"),
    ] {
        std::fs::write(
            &file,
            format!("{text}\n[[dns.forward]]\nzones = {zones}\nupstreams = [\"127.0.0.1:5399\"]\n"),
        )?;
        let output = Command::new(journeys::program()?).arg("--home").arg(&home).arg("run").output()?;
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains(said) && told.contains("fivebar.toml:"), "{told}");
    }
    Ok(())
}
