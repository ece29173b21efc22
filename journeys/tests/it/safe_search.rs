//! Two groups search by their own rule: the made-up school, asked by clients that nobody here wrote.

use std::process::Command;

use anyhow::{Context, Result, bail};
use journeys::School;

/// The lines of dig's answer section.
fn answers(said: &str) -> Vec<String> {
    let lines = said.lines().filter(|line| !line.is_empty() && !line.starts_with(';'));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn two_groups_search_each_by_their_own_rule() -> Result<()> {
    let school = School::demo()?;
    let (pupil, teacher) = (school.anyone_in("year-8")?, school.anyone_in("teachers")?);
    let sixth_former = school.anyone_in("year-12")?;
    let stranger = "127.0.0.201";
    // Each has its own answer, whoever asked before.
    for _ in 0..2 {
        for (host, target) in [
            ("www.google.co.uk", "forcesafesearch.google.com."),
            ("www.bing.com", "strict.bing.com."),
            ("duckduckgo.com", "safe.duckduckgo.com."),
            ("www.youtube.com", "restrict.youtube.com."),
        ] {
            for asker in [pupil.address.as_str(), stranger] {
                let said = school.dig(asker, &[host, "A", "+dnssec", "+adflag"])?;
                if host == "www.youtube.com" && asker == stranger {
                    // Closed to guests or not, a device that nothing is known of never has the other answer.
                    continue;
                }
                let [alias, address] = &answers(&said)[..] else { bail!("{said}") };
                assert!(
                    alias.starts_with(&format!("{host}. "))
                        && alias.ends_with(&format!(" IN CNAME {target}")),
                    "{said}"
                );
                assert!(address.starts_with(target) && address.ends_with(" IN A 127.0.0.1"), "{said}");
                assert!(
                    !said.contains("RRSIG") && !said.contains(" ad;") && !said.contains(" ad "),
                    "{said}"
                );
            }
            let said = school.dig(&teacher.address, &[host, "A"])?;
            let [address] = &answers(&said)[..] else { bail!("{said}") };
            assert!(address.starts_with(&format!("{host}. ")) && address.contains(" IN A "), "{said}");
        }
    }
    let said = school.dig(&sixth_former.address, &["m.youtube.com", "A"])?;
    assert!(said.contains("CNAME\trestrictmoderate.youtube.com."), "{said}");
    // No service binding leads past it, and the safe name is a name as any other.
    let said = school.dig(&pupil.address, &["www.google.co.uk", "HTTPS"])?;
    assert!(said.contains("status: NOERROR") && said.contains("ANSWER: 0"), "{said}");
    let said = school.dig(&pupil.address, &["forcesafesearch.google.com", "A"])?;
    assert!(!said.contains("CNAME") && said.contains("ANSWER: 1"), "{said}");
    // A school's own work at the same company is left alone.
    let said = school.dig(&pupil.address, &["classroom.google.com", "A"])?;
    assert!(!said.contains("CNAME") && said.contains("ANSWER: 1"), "{said}");
    // An engine that cannot be held to it is closed to pupils, and open to staff.
    let said = school.dig(&pupil.address, &["html.duckduckgo.com", "A"])?;
    assert!(said.contains("status: NXDOMAIN") && said.contains("EDE: 15"), "{said}");
    let said = school.dig(&teacher.address, &["html.duckduckgo.com", "A"])?;
    assert!(said.contains("status: NOERROR"), "{said}");
    // Over TLS as well.
    let (dot, trusted) =
        (school.ready.dot.context("no DoT")?, school.ready.certificate.clone().context("none")?);
    let said = Command::new("kdig")
        .args(["@127.0.0.1", "-p", &dot.port().to_string(), "-b", &pupil.address, "+timeout=5", "+tls"])
        .arg(format!("+tls-ca={}", trusted.display()))
        .args(["+tls-hostname=dns.school.example", "www.google.co.uk"])
        .output()?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("forcesafesearch.google.com."), "{said}");
    // The proxy goes the same way, and staff can read why.
    let page = school.curl(&pupil.address, &school.page_of("www.google.co.uk"), &[])?;
    assert!(page.contains("A made-up page of www.google.co.uk"), "{page}");
    let why = school.told(&["explain", "www.google.co.uk", "--as", "year-8"])?;
    assert!(why.contains("Google: safe search is on, because the policy says so for everyone. The host leads to forcesafesearch.google.com."), "{why}");
    let why = school.told(&["explain", "www.youtube.com", "--as", stranger])?;
    assert!(why.contains("nothing is known of who asks"), "{why}");
    Ok(())
}
