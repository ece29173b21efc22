//! Another program of the school, let in by a token, and judged by the test suite of others.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use journeys::{School, init};

const ROLL: &str = "[[person]]\nname = \"Hanna Example\"\ngroups = []\n[[person]]\nname = \"Ada Example\"\ngroups = []\n\
    [[device]]\nname = \"Tablet 3\"\nperson = \"Ada Example\"\naddresses = [\"10.0.0.3\"]\n";

/// A school whose head signs in, and a token of theirs with every scope.
fn school(home: &Path) -> Result<(School, String)> {
    init(home)?;
    // A judge asks far oftener than a program of a school.
    let config = home.join("fivebar.toml");
    let text = std::fs::read_to_string(&config)?.replace("[portal]\n", "[portal]\napi-a-minute = 1000000\n");
    std::fs::write(&config, text)?;
    let school = School::run(home)?;
    let roll = home.join("roll.toml");
    std::fs::write(&roll, ROLL)?;
    school.told(&["people", "import", &roll.display().to_string(), "--apply"])?;
    for duty in ["head", "network-manager"] {
        school.told(&["duties", "give", duty, "--to", "Hanna Example", "--reason", "Appointed."])?;
    }
    let said = school.told(&["people", "invite", "Hanna Example", "--name", "hanna"])?;
    let welcome =
        said.split("/welcome/").nth(1).and_then(|rest| rest.split_whitespace().next()).context("a link")?;
    let portal = format!("http://{}", school.ready.portal);
    let form = |path: &str, cookie: &str, body: &str| -> Result<String> {
        let asked = Command::new("curl")
            .args(["--silent", "--noproxy", "*", "--include", "--header", "sec-fetch-site: same-origin"])
            .args(["--header", &format!("cookie: {cookie}"), "--data", body, &format!("{portal}{path}")])
            .output()?;
        Ok(String::from_utf8_lossy(&asked.stdout).into_owned())
    };
    let welcomed = form(
        &format!("/welcome/{welcome}"),
        "",
        "password=teapots+over+jupiter&repeated=teapots+over+jupiter",
    )?;
    let cookie =
        welcomed.split("set-cookie: ").nth(1).and_then(|rest| rest.split(';').next()).context("a session")?;
    let page = form("/staff/tokens/new", cookie, "name=Judge&days=7")?;
    let scopes = page.split("name=\"scope-").skip(1).filter_map(|rest| rest.split('"').next());
    let ticked: String = scopes.map(|scope| format!("&scope-{scope}=yes")).collect();
    let made = form("/staff/tokens/new", cookie, &format!("name=Judge&days=7{ticked}"))?;
    let token = made.split("fivebar_").nth(1).and_then(|rest| rest.get(..43)).context("a token")?;
    Ok((school, format!("fivebar_{token}")))
}

#[test]
fn schemathesis_finds_nothing_wrong_with_the_api() -> Result<()> {
    // `scripts/set-up.sh test` makes it.
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("api");
    let judge = folder.join("venv/bin/schemathesis");
    if !judge.is_file() {
        println!("skipped: schemathesis is not installed; `scripts/set-up.sh test` installs it");
        return Ok(());
    }
    let home = tempfile::tempdir()?;
    let (school, token) = school(&home.path().join("school"))?;
    // It looks for it where it is run.
    std::fs::copy(folder.join("hooks.py"), home.path().join("hooks.py"))?;
    let judged = Command::new(judge)
        .current_dir(home.path())
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .args(["run", &format!("http://{}/api/v1/openapi.json", school.ready.portal)])
        .args([
            "--header",
            &format!("Authorization: Bearer {token}"),
            "--checks",
            "all",
            "--max-examples",
            "20",
        ])
        .args(["--no-color", "--no-shrink"])
        .env("NO_PROXY", "*")
        .output()?;
    let said = String::from_utf8_lossy(&judged.stdout);
    println!("{said}");
    ensure!(judged.status.success(), "{said}{}", String::from_utf8_lossy(&judged.stderr));
    Ok(())
}
