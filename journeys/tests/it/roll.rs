//! A school's own system exports its roll, and the network manager takes it in.

use anyhow::{Context as _, Result};
use journeys::School;
use serde_json::{Value, json};

const FILES: [(&str, &str); 4] = [
    (
        "manifest.csv",
        "propertyName,value\noneroster.version,1.1\nfile.users,bulk\nfile.classes,bulk\nfile.enrollments,bulk\n",
    ),
    (
        "users.csv",
        "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,givenName,familyName,grades,password\n\
         p1,,,true,s,student,ada,Ada,Merrow,9,secret-of-ada\np2,,,true,s,student,bo,Bo,Merrow,oops,\nt1,,,true,s,teacher,cy,Cy,Dale,,\n",
    ),
    ("classes.csv", "sourcedId,title\nc1,9B\n"),
    (
        "enrollments.csv",
        "sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role\n1,c1,s,p1,student\n2,c1,s,t1,teacher\n",
    ),
];

#[test]
fn an_export_is_previewed_applied_and_undone_and_the_gate_follows() -> Result<()> {
    let school = School::demo()?;
    let folder = school.home().join("export");
    std::fs::create_dir(&folder)?;
    for (name, text) in FILES {
        std::fs::write(folder.join(name), text)?;
    }
    let folder = folder.to_str().context("path")?;
    let said = school.told(&["people", "import", folder])?;
    assert!(
        said.contains("people: 2 come, 0 change, 0 go") && said.contains("Ada Merrow: What they are: Pupil"),
        "{said}"
    );
    assert!(
        said.contains("users.csv: line 3: the cell under grades is no year that is known here"),
        "{said}"
    );
    assert!(!said.contains("secret-of-ada"), "{said}");
    assert!(!school.told(&["people", "show"])?.contains("Ada Merrow"), "nothing has changed");

    let told = school.told(&["--json", "people", "import", folder, "--apply"])?;
    let told: Value = serde_json::from_str(told.lines().last().context("an object")?)?;
    assert_eq!(
        (&told["applied"], &told["people"]["joins"], &told["import"]),
        (&json!(true), &json!(2), &json!(2)),
        "{told}"
    );
    // Devices stay in a file of the school's own, which says whose they are by the same ids.
    let devices = school.home().join("devices.toml");
    std::fs::write(&devices, "[[device]]\nname = \"T1\"\nperson = \"p1\"\naddresses = [\"127.0.200.1\"]\n")?;
    school.told(&["people", "import", devices.to_str().context("path")?, "--apply"])?;
    let verdict = |who: &str| -> Result<String> {
        let told =
            school.told(&["--json", "explain", "www.tiktok.com", "--as", who, "--at", "2026-11-23T10:00"])?;
        let told: Value = serde_json::from_str(&told)?;
        Ok(format!("{} {}", told["verdict"].as_str().unwrap_or_default(), told["person"]))
    };
    assert!(verdict("Ada Merrow")?.starts_with("block"), "{}", verdict("Ada Merrow")?);
    assert_eq!(verdict("127.0.200.1")?, verdict("Ada Merrow")?, "by the device's address");
    let shown = school.told(&["people", "show"])?;
    let ada = shown.lines().find(|line| line.contains("Ada Merrow")).context("Ada")?;
    assert!(ada.contains("year-9") && ada.contains("127.0.200.1"), "{ada}");
    let cy = shown.lines().find(|line| line.contains("Cy Dale")).context("Cy")?;
    assert!(cy.contains("teachers"), "{cy}");

    assert!(school.told(&["people", "undo", "2"])?.contains("nothing was changed"));
    school.told(&["people", "undo", "2", "--apply"])?;
    assert!(!school.told(&["people", "show"])?.contains("Merrow"));
    let imports = school.told(&["people", "imports"])?;
    assert!(imports.contains("undone") && imports.contains("undoing of 2"), "{imports}");
    let rules = school.home().join("rules.toml");
    std::fs::write(&rules, "[[rule]]\nkinds = [\"pupil\"]\ngroups = [\"pupils\", \"robotics\"]\n")?;
    let said = school.told(&["people", "rules", rules.to_str().context("path")?, "--apply"])?;
    assert!(said.contains("robotics"), "{said}");
    assert!(school.told(&["people", "rules"])?.contains("the school's own"));
    Ok(())
}
