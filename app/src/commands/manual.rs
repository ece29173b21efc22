//! `man` and `completions`: what the program says of itself.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Args, CommandFactory};
use serde_json::json;

use crate::cli::Cli;
use crate::output::{Output, Printed};

#[derive(Debug, Args)]
pub struct Manual {
    /// Which page, as in `policy check` or fivebar-policy-check; the first one if left out.
    pub name: Vec<String>,
    /// Write every page to this folder instead, which is made where it is missing.
    #[arg(long, value_name = "FOLDER", conflicts_with = "name")]
    pub to: Option<PathBuf>,
}

/// Prints a page, or writes them all.
pub fn run(asked: &Manual, output: Output) -> Result<()> {
    let program = program();
    if let Some(folder) = &asked.to {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let many = write_all(&program, folder)?;
        output.say(format!(
            "{many} pages are in {}; `man -l {}` shows the first.",
            folder.display(),
            first(folder)
        ));
        output.object(&json!({ "folder": folder, "pages": many }));
        return Ok(());
    }
    Printed.write_all(&page(find(&program, &asked.name)?)?)?;
    Ok(())
}

fn first(folder: &Path) -> String {
    folder.join("fivebar.1").display().to_string()
}

/// Prints the completions for a shell.
pub fn completions(shell: clap_complete::Shell) -> Result<()> {
    // The generator cannot fail half-way, and its text can go nowhere but to memory without one.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "fivebar", &mut text);
    Printed.write_all(&text)?;
    Ok(())
}

/// All commands by the names of their pages. `help` has none: it prints what these pages say.
fn program() -> clap::Command {
    let mut program = without_help(Cli::command());
    program.build();
    program
}

fn without_help(command: clap::Command) -> clap::Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help)
}

/// The command that a page is about.
fn find<'c>(program: &'c clap::Command, name: &[String]) -> Result<&'c clap::Command> {
    let written = name.join("-");
    let wanted = written.strip_prefix("fivebar").map_or(&*written, |rest| rest.trim_start_matches('-'));
    let mut found = program;
    let mut rest = wanted;
    while !rest.is_empty() {
        let next = found.get_subcommands().find_map(|one| {
            let rest = rest.strip_prefix(one.get_name())?;
            (rest.is_empty() || rest.starts_with('-')).then(|| (one, rest.trim_start_matches('-')))
        });
        let Some((one, left)) = next else {
            let there: Vec<&str> = found.get_subcommands().map(clap::Command::get_name).collect();
            bail!(
                "there is no page {:?}; of {} there are {}",
                name.join(" "),
                page_name(found),
                there.join(", ")
            )
        };
        (found, rest) = (one, left);
    }
    Ok(found)
}

fn page(command: &clap::Command) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    Ok(text)
}

fn page_name(command: &clap::Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

/// Writes the page of a command and of all below it; gives how many.
fn write_all(command: &clap::Command, folder: &Path) -> Result<usize> {
    let path = folder.join(format!("{}.1", page_name(command)));
    fs::write(&path, page(command)?).with_context(|| format!("cannot write {}", path.display()))?;
    command.get_subcommands().try_fold(1, |many, one| Ok(many + write_all(one, folder)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_that_a_page_names_can_be_printed() {
        let folder = tempfile::tempdir().unwrap();
        let many = write_all(&program(), folder.path()).unwrap();
        let mut named = 0;
        for entry in fs::read_dir(folder.path()).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap().replace("\\-", "-");
            for name in text.split_whitespace().filter_map(|word| word.strip_suffix("(1)")) {
                assert!(folder.path().join(format!("{name}.1")).is_file(), "{name}");
                let again = find(&program(), &[name.to_owned()]).map(page_name).unwrap();
                assert_eq!(again, name);
                named += 1;
            }
        }
        assert_eq!(named + 1, many, "every page but the first is named by the one above it");
    }

    #[test]
    fn a_page_is_found_by_its_words_or_its_name() {
        let program = program();
        for (words, wanted) in [
            (&[][..], "fivebar"),
            (&["fivebar"], "fivebar"),
            (&["policy", "check"], "fivebar-policy-check"),
            (&["fivebar-policy-check"], "fivebar-policy-check"),
            (&["fivebar", "sealed", "recipients", "add"], "fivebar-sealed-recipients-add"),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(page_name(find(&program, &words).unwrap()), wanted);
        }
        let said = find(&program, &["policy".to_owned(), "chekc".to_owned()]).unwrap_err().to_string();
        assert!(said.contains("no page \"policy chekc\"") && said.contains("check, apply"), "{said}");
    }
}
