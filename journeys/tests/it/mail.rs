//! Mail from end to end: the relay of `[mail]`, somebody's address, and a sign-in that is told to them.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result};
use journeys::{School, eventually, init};

const PATIENCE: Duration = Duration::from_secs(30);

/// A relay on this machine that takes every mail; what it took.
fn relay() -> Result<(u16, Arc<Mutex<Vec<String>>>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let (port, taken) = (listener.local_addr()?.port(), Arc::new(Mutex::new(Vec::new())));
    let keeps = Arc::clone(&taken);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let _ = take(stream, &keeps);
        }
    });
    Ok((port, taken))
}

fn take(mut stream: TcpStream, taken: &Mutex<Vec<String>>) -> Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 relay\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let command = line.split_whitespace().next().unwrap_or_default().to_uppercase();
        let answer: &[u8] = match command.as_str() {
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                let mut mail = String::new();
                for line in lines.by_ref() {
                    let line = line?;
                    if line == "." {
                        break;
                    }
                    mail += &(line + "\n");
                }
                taken.lock().ok().context("the mails")?.push(mail);
                b"250 taken\r\n"
            }
            "QUIT" => b"221 good-bye\r\n",
            _ => b"250 ok\r\n",
        };
        stream.write_all(answer)?;
    }
    Ok(())
}

/// A page, or a form sent to it, in the browser of that cookie jar.
fn page(jar: &Path, url: &str, form: Option<&str>) -> Result<String> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--include", "--max-time", "30", "--noproxy", "*"]);
    curl.arg("--cookie").arg(jar).arg("--cookie-jar").arg(jar);
    if let Some(form) = form {
        curl.args(["--header", "Sec-Fetch-Site: same-origin", "--data", form]);
    }
    let output = curl.arg(url).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn somebody_confirms_an_address_and_is_told_there_of_a_sign_in_that_may_not_be_theirs() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("school");
    init(&home)?;
    let (port, taken) = relay()?;
    let portal = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let file = home.join("fivebar.toml");
    let text = fs::read_to_string(&file)?;
    let (before, after) =
        text.split_once("[portal]\nlisten = \"127.0.0.1:0\"\n").context("the portal's section")?;
    let url = format!("http://{portal}");
    let mail = format!(
        "\n[mail]\nrelay = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nfrom = \"fivebar@school.example\"\n"
    );
    fs::write(&file, format!("{before}[portal]\nlisten = \"{portal}\"\nurl = \"{url}\"\n{after}{mail}"))?;
    let school = School::run(&home)?;

    let said = school.told(&["mail", "try", "ada@school.example"])?;
    assert!(said.contains("took a mail for ada@school.example"), "{said}");
    let refused = school.command(&["mail", "try", "ada"])?;
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("none that a mail can go to"), "{refused:?}");

    let roll = folder.path().join("roll.toml");
    fs::write(&roll, "[[person]]\nname = \"Hanna Example\"\ngroups = [\"staff\"]\n")?;
    school.told(&["people", "import", &roll.to_string_lossy(), "--apply"])?;
    school.told(&["duties", "give", "teacher", "--to", "Hanna Example", "--reason", "Appointed."])?;
    let invited = school.told(&["people", "invite", "Hanna Example", "--name", "hanna"])?;
    let link = invited.split_whitespace().find(|word| word.contains("/welcome/")).context("a link")?;
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let password = "teapots+over+jupiter";
    let welcomed = page(&first, link, Some(&format!("password={password}&repeated={password}")))?;
    assert!(welcomed.contains("303"), "{welcomed}");

    let given = page(&first, &format!("{url}/me/notices/address"), Some("address=hanna%40school.example"))?;
    assert!(given.contains("303"), "{given}");
    let newest = |what: &str| {
        let found = eventually(PATIENCE, || {
            let mails = taken.lock().ok()?;
            mails.iter().rev().find(|mail| mail.contains(what)).cloned()
        });
        found.with_context(|| format!("a mail with {what:?}"))
    };
    let mail = newest("Your code: ")?;
    assert!(mail.contains("To: hanna@school.example") && !mail.contains("Hanna"), "{mail}");
    let code = mail.split("Your code: ").nth(1).and_then(|rest| rest.get(..6)).context("a code")?;
    let confirmed = page(&first, &format!("{url}/me/notices/address/code"), Some(&format!("code={code}")))?;
    assert!(confirmed.contains("303"), "{confirmed}");

    // In another browser, at any hour of any day.
    let sign_in = format!("name=hanna&password={password}");
    let signed_in = page(&second, &format!("{url}/sign-in"), Some(&sign_in))?;
    assert!(signed_in.contains("303"), "{signed_in}");
    let mail = newest("Subject: A new sign-in")?;
    assert!(
        mail.contains(&format!("{url}/me\n")) && !mail.contains("Hanna") && !mail.contains("curl"),
        "{mail}"
    );
    let today = page(&first, &format!("{url}/today"), None)?;
    assert!(today.contains("New for you") && today.contains("A new sign-in"), "{today}");
    Ok(())
}
