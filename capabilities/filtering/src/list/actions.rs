//! Taking lists into use.

use std::path::Path;

use ::store::{Actor, StoreError, Subject, Tx, trail};
use kit::Timestamp;
use lists::Gathered;
use serde_json::json;

use super::files::{FileError, Found, bare_name};
use super::intake::Intake;
use super::model::{List, ListReport, RefusedPart, State};
use super::refusal::ImportError;
use super::store;
use super::text::{BUILT_IN, ReadIntoError, Text};
use super::updates::place_of;
use super::web;

/// What became of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// As it is in use now.
    pub list: List,
    /// Whether it is another version than before.
    pub changed: bool,
    /// The files of it that could not be used.
    pub parts: Vec<RefusedPart>,
    /// The public suffixes of which it closes all below, because their registry keeps them for one kind. Known where it was
    /// read now.
    pub meant: Vec<String>,
}

/// Takes a list into use. `categories` in place of what its name says. Publish afterwards.
pub async fn import(
    tx: &mut Tx,
    actor: &Actor,
    kept: &Path,
    found: &Found,
    categories: Option<&[String]>,
    intake: &mut Intake,
    at: Timestamp,
) -> Result<Imported, ImportError> {
    // A list keeps its id for as long as it is read from the same place, whatever appears beside it.
    let id = store::id_from(tx, &found.source).await?.unwrap_or_else(|| found.id.clone());
    // Before it is read: what nobody says the kind of is never unpacked.
    let settled = settle(tx, id, &found.source, categories, intake).await?;
    let text = found.read(kept, intake.limits.unpacked)?;
    take(tx, actor, kept, settled, &text, intake, Watched::APerson, at).await
}

/// What became of a list that comes with the program, by its id.
pub type BuiltIn = (String, Result<Imported, ImportError>);

/// Takes lists that come with the program into use, or back into it: those with these ids, or all. Publish afterwards.
pub async fn import_built_in(
    tx: &mut Tx,
    actor: &Actor,
    kept: &Path,
    only: &[String],
    intake: &mut Intake,
    at: Timestamp,
) -> Result<Vec<BuiltIn>, StoreError> {
    let mut all = Vec::new();
    for (id, text) in Text::built_in().into_iter().filter(|(id, _)| only.is_empty() || only.contains(id)) {
        let outcome = match settle(tx, id.clone(), BUILT_IN, None, intake).await {
            Ok(settled) => take(tx, actor, kept, settled, &text, intake, Watched::APerson, at).await,
            Err(error) => Err(error),
        };
        if let Err(ImportError::Store(error)) = outcome {
            return Err(error);
        }
        all.push((id, outcome));
    }
    Ok(all)
}

/// The ids of the lists that come with the program.
pub fn built_in() -> Vec<String> {
    Text::built_in().into_iter().map(|(id, _)| id).collect()
}

/// What is known of a list before it is read.
pub(super) struct Settled {
    id: String,
    source: String,
    categories: Vec<String>,
    /// As it is in use.
    before: Option<List>,
}

/// Whether a list may be taken under that name, and which categories it fills.
pub(super) async fn settle(
    tx: &mut Tx,
    id: String,
    source: &str,
    categories: Option<&[String]>,
    intake: &Intake,
) -> Result<Settled, ImportError> {
    let before = store::one(tx, &id).await?;
    if let Some(other) = &before
        && other.source != source
        && (other.source == BUILT_IN || web::is_web(&other.source) || place_of(other).is_ok())
    {
        return Err(ImportError::SameName { id, other: other.source.clone() });
    }
    if before.as_ref().is_some_and(|before| before.state == State::Held) {
        return Err(ImportError::Held { id });
    }
    let categories: Vec<String> = match (categories, &before) {
        (Some(given), _) => given.to_vec(),
        (None, Some(before)) => before.categories.clone(),
        (None, None) => intake.kinds.of(&id).to_vec(),
    };
    if let Some(unknown) = categories.iter().find(|category| !intake.kinds.knows(category)) {
        return Err(ImportError::UnknownCategory(unknown.clone()));
    }
    if categories.is_empty() {
        return Err(ImportError::NoCategory { id });
    }
    Ok(Settled { id, source: source.to_owned(), categories, before })
}

#[expect(
    clippy::too_many_arguments,
    reason = "the one place where a list's text, name and categories come together"
)]
pub(super) async fn take(
    tx: &mut Tx,
    actor: &Actor,
    kept: &Path,
    settled: Settled,
    text: &Text,
    intake: &mut Intake,
    watched: Watched,
    at: Timestamp,
) -> Result<Imported, ImportError> {
    let Settled { id, source, categories, before } = settled;
    let id = id.as_str();
    let sha256 = text.sha256()?;
    if let Some(before) = &before
        && before.sha256 == sha256
        && before.categories == categories
        && before.source == source
    {
        store::wait(tx, id, None).await?;
        let parts = refused_parts(text)?;
        // What is kept may be damaged or gone; the text at hand is the same.
        let used = text.without(&parts);
        if !used.is_kept(kept, id, before.version) {
            used.keep(kept, id, before.version)?;
        }
        return Ok(Imported { list: before.clone(), changed: false, parts, meant: Vec::new() });
    }
    let room = intake.room(tx, id).await?;
    let mut gathered = Gathered::new(intake.seed, room.bytes);
    let (report, parts, meant) = read_parts(text, &mut gathered).map_err(|error| match error {
        ReadIntoError::File(error) => ImportError::File(error),
        ReadIntoError::Full(_) if room.is_shared => {
            ImportError::TooMuchTogether { id: id.to_owned(), most: intake.limits.together as u64 }
        }
        ReadIntoError::Full(path) => FileError::TooMuch { path, most: intake.limits.gathered as u64 }.into(),
    })?;
    // A part that is no list takes its siblings with it only where it has none.
    if let Some(refused) = parts.first()
        && parts.len() == text.files().len()
    {
        // A list that is one file has its name in its source.
        let is_named =
            Path::new(&source).file_name().is_some_and(|name| bare_name(Path::new(name)) == refused.file);
        let file = if is_named { source } else { format!("{source} ({})", refused.file) };
        return Err(ImportError::Foreign { file, why: refused.why });
    }
    if report.accepted == 0 {
        return Err(ImportError::Nothing { id: id.to_owned(), lines: report.lines });
    }
    let had = before.map(|before| before.report.accepted);
    if let Some(before) = had
        && changes_too_much(before, report.accepted, watched)
    {
        let id = id.to_owned();
        return Err(ImportError::ChangesTooMuch { id, path: source, before, now: report.accepted });
    }
    let version = store::highest(tx, id).await? + 1;
    // The text first: a version in the records always has its text, and a text without its record is written over.
    text.without(&parts).keep(kept, id, version)?;
    let list = List {
        id: id.to_owned(),
        version,
        categories,
        source,
        state: State::Active,
        sha256,
        report,
        imported_at: at,
    };
    store::put(tx, &list).await?;
    store::wait(tx, id, None).await?;
    let detail = json!({
        "version": version,
        "sha256": list.sha256,
        "accepted": list.report.accepted,
        "refused": list.report.refused_count(),
    });
    trail::changed(tx, actor, "list.import", &Subject::new("list", id), &detail, at).await?;
    Text::forget_before(kept, id, version);
    intake.keep(id, version, gathered);
    Ok(Imported { list, changed: true, parts, meant })
}

/// The files of a list that are in another format, or no list at all.
fn refused_parts(text: &Text) -> Result<Vec<RefusedPart>, FileError> {
    let mut refused = Vec::new();
    for file in text.files() {
        if let Err(why) = file.format()? {
            refused.push(RefusedPart { file: file.name.clone(), why });
        }
    }
    Ok(refused)
}

/// What reading every file of a list came to, what was refused as a whole, and which suffixes are meant.
type Parts = (ListReport, Vec<RefusedPart>, Vec<String>);

/// Reads every file of a list. Of those that are refused as a whole, every line is.
fn read_parts(text: &Text, gathered: &mut Gathered) -> Result<Parts, ReadIntoError> {
    gathered.reserve_for_text(text.bytes());
    let (mut report, mut refused, mut meant) = (ListReport::default(), Vec::new(), Vec::new());
    for file in text.files() {
        match file.read_into(gathered)? {
            Ok(one) => {
                report.add(&one);
                meant.extend(one.meant);
            }
            Err(why) => {
                report.add_refused(file.lines()?);
                refused.push(RefusedPart { file: file.name.clone(), why });
            }
        }
    }
    Ok((report, refused, meant))
}

/// Whether somebody looks at what comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watched {
    /// Somebody imports this very list, or it came with the program and was looked at there.
    APerson,
    /// One person at the portal takes its update, who has seen how much it would close. What takes much out opens sites, and waits.
    AtThePortal,
    /// It is read again as a matter of routine.
    Nobody,
}

/// A list with fewer entries than this may change as it likes.
const SMALL: u64 = 100;

/// Whether a list loses more than half of its entries or becomes more than ten times as long: a download that failed
/// halfway, or another list under the same name. Who looks at it knows better; one person alone for what closes.
const fn changes_too_much(before: u64, now: u64, watched: Watched) -> bool {
    let (loses, grows) = (before >= SMALL && now < before / 2, before >= SMALL && now / 10 > before);
    match watched {
        Watched::APerson => false,
        Watched::AtThePortal => loses,
        Watched::Nobody => loses || grows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_that_changes_too_much_waits_for_a_person() {
        for (before, now, too_much) in [
            (500, 249, true),
            (500, 250, false),
            (500, 5_000, false),
            (500, 5_010, true),
            // A small list may change as it likes.
            (99, 1, false),
            (99, 5_000, false),
        ] {
            assert_eq!(changes_too_much(before, now, Watched::Nobody), too_much, "{before} to {now}");
            let opens = too_much && now < before;
            assert_eq!(
                changes_too_much(before, now, Watched::AtThePortal),
                opens,
                "{before} to {now}, by one"
            );
            assert!(!changes_too_much(before, now, Watched::APerson), "{before} to {now}, imported");
        }
    }
}
