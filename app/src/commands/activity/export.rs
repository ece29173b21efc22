//! `activity export`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use activity::{Client, Search, export};
use anyhow::{Context as _, Result, bail};

use super::shown::{ActivityFilter, Shown};
use super::{Form, not_running};
use crate::commands::context::Context;
use crate::output::Printed;

/// Runs the command.
pub fn write_out(
    context: &Context,
    client: &Client,
    filter: &ActivityFilter,
    format: Form,
    output: Option<&Path>,
) -> Result<()> {
    let shown = Shown::new(context, filter)?;
    let search = shown.search(context, filter)?;
    if format == Form::Parquet {
        return write_parquet(context, client, &shown, &search, output);
    }
    shown.open(context, client, "activity.export", &search)?;
    let mut out: Box<dyn Write> = match output {
        Some(file) => Box::new(BufWriter::new(file_of_ones_own(file)?)),
        None => Box::new(BufWriter::new(Printed)),
    };
    let json = context.output.is_json();
    if !json {
        out.write_all(export::CSV_HEAD.as_bytes())?;
    }
    let (mut written, mut failed) = (0u64, None);
    client
        .search(&search, |event| {
            let told = shown.told(event);
            let done =
                if json { export::write_json(&mut out, &told) } else { export::write_csv(&mut out, &told) };
            match done {
                Ok(()) => {
                    written += 1;
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })
        .map_err(not_running)?;
    if let Some(error) = failed {
        return Err(error).context("cannot write the export");
    }
    out.flush()?;
    if let Some(file) = output {
        context.output.say(format!("{written} events are in {}.", file.display()));
    }
    Ok(())
}

/// Writes an export as columns. A Parquet file ends with what makes it readable, so it cannot go down a pipe.
fn write_parquet(
    context: &Context,
    client: &Client,
    shown: &Shown,
    search: &Search,
    output: Option<&Path>,
) -> Result<()> {
    let Some(path) = output else { bail!("say with --output which file to write as Parquet") };
    if context.output.is_json() {
        bail!("--json asks for JSON lines and --format parquet for a file of columns; give one of them");
    }
    shown.open(context, client, "activity.export", search)?;
    let file = file_of_ones_own(path)?;
    let mut out = columns::Export::begin(file).context("cannot write the export")?;
    let (mut written, mut failed) = (0u64, None);
    client
        .search(search, |event| match out.add(&shown.told(event)) {
            Ok(()) => {
                written += 1;
                ControlFlow::Continue(())
            }
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        })
        .map_err(not_running)?;
    match failed {
        Some(error) => return Err(error).context("cannot write the export"),
        None => out.end().context("cannot write the export")?,
    }
    context.output.say(format!("{written} events are in {}.", path.display()));
    Ok(())
}

/// A file that nobody but its owner may read: what devices did stands in it. One that is there keeps what others may do.
fn file_of_ones_own(path: &Path) -> Result<File> {
    let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.with_context(|| format!("cannot write {}", path.display()))
}
