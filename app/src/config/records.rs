//! Where the records are, as the settings say it.

use std::io::Read as _;

use anyhow::{Context as _, Result};

/// The longest address that is read.
const LONGEST: u64 = 4_096;

/// The address of a database as it was given; for `-`, what stands on standard input, so that a password in it is on no command line.
pub fn address_or_typed(given: &str) -> Result<String> {
    if given != "-" {
        return Ok(given.to_owned());
    }
    let mut address = String::new();
    std::io::stdin().take(LONGEST).read_to_string(&mut address).context("cannot read the address")?;
    Ok(address.trim().to_owned())
}

/// The settings with another address of the records, everything else in them as it was.
pub fn with_database(text: &str, address: &str) -> String {
    let line = format!("database = {}", toml::Value::String(address.to_owned()));
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let head = lines.iter().position(|line| line.trim() == "[records]");
    let Some(head) = head else {
        if lines.last().is_some_and(|last| !last.trim().is_empty()) {
            lines.push(String::new());
        }
        lines.extend(["[records]".to_owned(), line]);
        return lines.join("\n") + "\n";
    };
    let is_database = |line: &String| {
        line.trim_start().strip_prefix("database").is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let inside = lines.iter().skip(head + 1).take_while(|line| !line.trim_start().starts_with('['));
    match inside.enumerate().find(|(_, line)| is_database(line)).map(|(place, _)| head + 1 + place) {
        Some(place) => {
            if let Some(old) = lines.get_mut(place) {
                *old = line;
            }
        }
        None => lines.insert(head + 1, line),
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_name_the_new_records_and_are_otherwise_as_they_were() {
        let new = "postgres://hub:a\"b@localhost/school";
        let said = "database = 'postgres://hub:a\"b@localhost/school'";
        for (before, after) in [
            ("[portal]\nlisten = \"x\"\n", format!("[portal]\nlisten = \"x\"\n\n[records]\n{said}\n")),
            (
                "[records]\n# here\ndatabase = \"sqlite:a\" # old\n[dns]\n",
                format!("[records]\n# here\n{said}\n[dns]\n"),
            ),
            ("[records]\n[other]\ndatabase = 1\n", format!("[records]\n{said}\n[other]\ndatabase = 1\n")),
        ] {
            let changed = with_database(before, new);
            assert_eq!(changed, after);
            let table: toml::Table = toml::from_str(&changed).unwrap();
            assert_eq!(table["records"]["database"].as_str(), Some(new));
        }
    }
}
