//! `activity report`.

use activity::columns::Table;
use activity::{Client, Report, TimeRange};
use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use engine::PersonNo;
use kit::{Timestamp, Zone};
use serde_json::{Map, Value};

use crate::commands::context::Context;

/// Which report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// What one person did: each site, how often, how much, and from when to when.
    Person,
    /// On which days a site was asked for, by the group whose cell or rule decided; `-` is what was decided for everyone.
    Site,
    /// What was blocked most often, by the group whose cell or rule decided; `-` is what was decided for everyone.
    TopBlocked,
    /// Searches with a term in them, as far as they travelled without encryption.
    SearchTerms,
}

#[derive(Debug, Args, Clone)]
pub struct Asked {
    /// Which report.
    #[arg(value_enum)]
    pub name: Name,
    /// For `site`: the site, as somebody registered it, such as example.org.
    #[arg(long)]
    pub site: Option<String>,
    /// For `search-terms`: the term.
    #[arg(long)]
    pub term: Option<String>,
    /// For `top-blocked`: how many sites of each group.
    #[arg(long, default_value_t = 10)]
    pub most: u32,
}

/// The report that was asked for.
pub fn report(asked: &Asked, person: Option<PersonNo>, time: TimeRange, zone: &str) -> Result<Report> {
    let zone = zone.to_owned();
    Ok(match asked.name {
        Name::Person => match person {
            Some(person) => Report::Person { person, time },
            None => bail!("say with --person whom the report is about"),
        },
        Name::Site => match &asked.site {
            Some(site) => Report::Site { site: site.clone(), time, zone },
            None => bail!("say with --site which site the report is about, such as example.org"),
        },
        Name::TopBlocked => Report::TopBlocked { most: asked.most, time, zone },
        Name::SearchTerms => match &asked.term {
            Some(term) => Report::SearchTerms { term: term.clone(), time },
            None => bail!("say with --term what was searched for"),
        },
    })
}

/// Makes the report and shows it, with moments as the school's clocks showed them; `group` gives a group's id, and `person` what is shown of a person.
pub fn show(
    context: &Context,
    client: &Client,
    report: &Report,
    zone: &Zone,
    group: impl Fn(u64) -> Option<String>,
    person: impl Fn(u64) -> Value,
) -> Result<()> {
    report.sql().context("this report cannot be made")?;
    let mut table = client.report(report).map_err(super::activity::not_running)?;
    for row in &mut table.rows {
        for (column, value) in table.columns.iter().zip(row) {
            let number = value.as_u64();
            match (column.as_str(), number) {
                ("grp", Some(number)) => *value = group(number).map_or(Value::Null, Value::from),
                ("person", Some(number)) => *value = person(number),
                _ => {}
            }
        }
    }
    for row in &table.rows {
        let named =
            table.columns.iter().map(|column| if column == "grp" { "group" } else { column.as_str() });
        let object: Map<String, Value> = named.map(str::to_owned).zip(row.iter().cloned()).collect();
        context.output.object(&object);
    }
    for line in lines(&table, zone) {
        context.output.say(line);
    }
    Ok(())
}

/// A table as people read it: a line of names, then the rows, in columns.
fn lines(table: &Table, zone: &Zone) -> Vec<String> {
    if table.rows.is_empty() {
        return vec!["Nothing was found. Widen the time, or ask for something else.".to_owned()];
    }
    let text = |(column, value): (&String, &Value)| match (value, column.ends_with("_at")) {
        (Value::Null, _) => "-".to_owned(),
        (Value::String(text), true) => local(text, zone),
        (Value::String(text), false) => text.clone(),
        (other, _) => other.to_string(),
    };
    let names = table
        .columns
        .iter()
        .map(|name| if name == "grp" { "group".to_owned() } else { name.replace('_', " ") });
    let mut all: Vec<Vec<String>> = vec![names.collect()];
    all.extend(table.rows.iter().map(|row| table.columns.iter().zip(row).map(text).collect()));
    let width =
        |place: usize| all.iter().filter_map(|row| row.get(place)).map(|text| text.chars().count()).max();
    let widths: Vec<usize> = (0..table.columns.len()).map(|place| width(place).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all.iter().map(line).collect()
}

/// A moment as the school's clocks showed it.
fn local(text: &str, zone: &Zone) -> String {
    Timestamp::parse(text).map_or_else(|| text.to_owned(), |at| format!("{:.0}", zone.local(at).civil()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn moments_are_those_of_the_schools_clocks_and_days_stay_as_they_are() {
        let table = Table {
            columns: ["day", "grp", "first_at"].map(str::to_owned).into(),
            rows: vec![vec![json!("2026-06-01"), Value::Null, json!("2026-05-31T23:10:00.5Z")]],
        };
        let lines = lines(&table, &Zone::named("Europe/London").unwrap());
        let words: Vec<Vec<&str>> = lines
            .iter()
            .map(|line| line.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect())
            .collect();
        assert_eq!(words, [["day", "group", "first at"], ["2026-06-01", "-", "2026-06-01T00:10:00"]]);
    }
}
