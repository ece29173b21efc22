//! A folder of e2guardian's lists, and the draft that is made of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use lists::Kinds;
use lists::e2guardian::{Band, Room, outside};

/// What was made of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// Parts of a policy: groups, named times, rows and rules.
    pub policy: String,
    /// Parts of a roll: ranges of addresses and their groups.
    pub roll: String,
    /// What was made, a sentence each.
    pub made: Vec<String>,
    /// What was not understood or cannot be said, a sentence each.
    pub not_understood: Vec<String>,
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// A file or folder could not be read.
    #[error("{}: {source}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is too much.
    #[error("{}: there are more than {MOST_FILES} files; give the folder of e2guardian's lists", .0.display())]
    TooMany(PathBuf),
}

/// How many files are looked at, and how deep.
const MOST_FILES: usize = 20_000;
const DEEPEST: usize = 8;
/// A room's file is short; a list's directives stand anywhere in it, and a line is no longer than e2guardian takes.
const MOST_ROOM: u64 = 4 << 20;
const MOST_LINE: u64 = 20_000;
/// Of one room so many lines that are left out are told one by one.
const MOST_LEFT_OUT: usize = 50;

/// Reads the folder and writes the draft. `kinds` says which category a list's name means.
pub fn draft(folder: &Path, kinds: &Kinds) -> Result<Draft, DraftError> {
    let mut files = Vec::new();
    find(folder, 0, &mut files)?;
    files.sort();
    let mut draft = Draft::default();
    let mut timed: BTreeMap<Vec<Band>, Vec<Timed>> = BTreeMap::new();
    let mut taken: Vec<String> = Vec::new();
    for path in &files {
        let place = path.strip_prefix(folder).unwrap_or(path).display().to_string();
        if is_in_rooms(path) {
            draft.room(path, &place, &mut taken)?;
            continue;
        }
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name.ends_with("timelist") {
            draft.blanket(path, &place)?;
        } else if is_list(name) {
            let read = Timed::read(path, &place, kinds)?;
            for why in &read.wrong {
                draft.not_understood.push(format!("{place}: {why}"));
            }
            if read.bands.is_empty() {
                continue;
            }
            if !name.starts_with("banned") && !name.starts_with("localbanned") {
                draft.not_understood.push(format!(
                    "{place}: it opens sites at times ({}), and a rule has no times; write a row of the table, or rules that always open them",
                    words(&read.bands)
                ));
            } else if read.categories.is_empty() {
                draft.not_understood.push(format!(
                    "{place}: it closes {} sites at times ({}), and nothing says what they are; give it a line #listcategory: with the \
                     name of a category (`fivebar lists status` shows them), import it with --category, and run this again",
                    read.own,
                    words(&read.bands)
                ));
            } else {
                timed.entry(read.bands.clone()).or_default().push(read);
            }
        }
    }
    for (number, (bands, lists)) in (1..).zip(timed) {
        draft.row(number, &bands, &lists);
    }
    Ok(draft)
}

fn words(bands: &[Band]) -> String {
    bands.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn find(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), DraftError> {
    let failed = |source| DraftError::Read { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        if files.len() >= MOST_FILES {
            return Err(DraftError::TooMany(folder.to_owned()));
        }
        if kind.is_file() {
            files.push(entry.path());
        } else if kind.is_dir() && depth < DEEPEST {
            find(&entry.path(), depth + 1, files)?;
        }
    }
    Ok(())
}

/// Whether the file lies in a folder of rooms: `bannedrooms`, as e2guardian has it.
fn is_in_rooms(path: &Path) -> bool {
    let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    folder.is_some_and(|name| name.ends_with("rooms")) && !file.starts_with("Makefile")
}

fn is_list(name: &str) -> bool {
    ["sitelist", "siteiplist", "urllist", "regexpurllist", "sitelistwithbypass", "urllistwithbypass"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// A list, as far as its directives go.
struct Timed {
    place: String,
    bands: Vec<Band>,
    categories: Vec<String>,
    /// How many entries it has of its own.
    own: usize,
    wrong: Vec<String>,
}

impl Timed {
    fn read(path: &Path, place: &str, kinds: &Kinds) -> Result<Self, DraftError> {
        let mut list = Self {
            place: place.to_owned(),
            bands: Vec::new(),
            categories: Vec::new(),
            own: 0,
            wrong: Vec::new(),
        };
        let (mut called, mut included) = (None, Vec::new());
        each_line(path, &mut |line| {
            if let Some(time) = line.strip_prefix("#time:") {
                match Band::parse(time) {
                    // The last one counts.
                    Ok(band) => list.bands = vec![band],
                    Err(why) => list.wrong.push(format!("#time:{time}: {why}")),
                }
            } else if let Some(category) = line.strip_prefix("#listcategory:") {
                called = category.split('"').nth(1).map(str::to_owned);
            } else if let Some(other) = line.strip_prefix(".Include<").and_then(|rest| rest.split('>').next())
            {
                included.push(other.to_owned());
            } else if !line.starts_with('#') && !line.is_empty() {
                list.own += 1;
            }
        })?;
        // A name of several words is written with hyphens in ours.
        let of = |name: &str| kinds.of(&name.trim().replace(' ', "-")).to_vec();
        if let Some(categories) = called.as_deref().map(of).filter(|found| !found.is_empty()) {
            list.categories = categories;
        } else {
            // What it brings in says what it is about: `vendor/games/domains`.
            for other in &included {
                let parts: Vec<&str> = other.rsplit('/').take(2).collect();
                let name = match parts.as_slice() {
                    ["domains" | "urls" | "expressions", folder] => *folder,
                    [file, ..] => *file,
                    [] => continue,
                };
                let found = of(name);
                if found.is_empty() && !list.bands.is_empty() {
                    list.wrong.push(format!("nothing says what {other}, which it brings in, is a list of"));
                }
                list.categories.extend(found);
            }
            if list.own > 0 && !list.bands.is_empty() && !list.categories.is_empty() {
                list.wrong.push(format!(
                    "nothing says what its {} entries of its own are; they hold at the same times only where they are imported into \
                     the same category",
                    list.own
                ));
            }
        }
        list.categories.sort();
        list.categories.dedup();
        Ok(list)
    }
}

/// The trimmed lines of a file, of which none is longer than e2guardian takes.
fn each_line(path: &Path, take: &mut dyn FnMut(&str)) -> Result<(), DraftError> {
    let failed = |source| DraftError::Read { path: path.to_owned(), source };
    let mut reader = BufReader::new(File::open(path).map_err(failed)?);
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.by_ref().take(MOST_LINE).read_until(b'\n', &mut line).map_err(failed)? == 0 {
            return Ok(());
        }
        if let Ok(text) = std::str::from_utf8(&line) {
            take(text.trim());
        }
    }
}

impl Draft {
    fn room(&mut self, path: &Path, place: &str, taken: &mut Vec<String>) -> Result<(), DraftError> {
        let failed = |source| DraftError::Read { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        File::open(path).and_then(|file| file.take(MOST_ROOM).read_to_end(&mut bytes)).map_err(failed)?;
        let text = String::from_utf8_lossy(&bytes);
        let Some(room) = Room::parse(&text) else {
            self.not_understood.push(format!("{place}: its first line is no name of a room (#Name)"));
            return Ok(());
        };
        for (line, why) in room.left_out.iter().take(MOST_LEFT_OUT) {
            self.not_understood.push(format!("{place}: line {line} is left out: it {why}"));
        }
        if let Some(more) = room.left_out.len().checked_sub(MOST_LEFT_OUT).filter(|more| *more > 0) {
            self.not_understood.push(format!("{place}: {more} more lines are left out"));
        }
        if room.ranges.is_empty() {
            self.not_understood
                .push(format!("{place}: the room {} has no addresses, so it is left out", room.name));
            return Ok(());
        }
        let id = free_id(&room.name, taken);
        let inner = format!("{id}-opened");
        let opens = !room.sites.is_empty() || !room.urls.is_empty();
        let named = |id: &str, name: &str, within: &str| {
            let within = if within.is_empty() { String::new() } else { format!("within = [{within:?}]\n") };
            format!("[[group]]\nid = {id:?}\nname = {}\n{within}\n", quoted(name))
        };
        self.policy.push_str(&named(&id, &room.name, ""));
        // What is open there is a rule for a group within, so that it goes before what closes all.
        let whose = if opens { &inner } else { &id };
        if opens {
            self.policy.push_str(&named(&inner, &format!("{}, what is opened there", room.name), &id));
        }
        if room.closed {
            let _ = write!(
                self.policy,
                "[[rule]]\ndo = \"block\"\ngroup = {id:?}\nexpression = \".*\"\nreason = \"The internet is closed in this room.\"\n\n"
            );
        }
        for (key, all) in [("site", &room.sites), ("url", &room.urls)] {
            for one in all {
                let _ = write!(
                    self.policy,
                    "[[rule]]\ndo = \"allow\"\ngroup = {inner:?}\n{key} = {}\nreason = \"Open in this room.\"\n\n",
                    quoted(one)
                );
            }
        }
        for range in &room.ranges {
            let _ = write!(
                self.roll,
                "[[range]]\nrange = {range:?}\nname = {}\ngroups = [{whose:?}]\n\n",
                quoted(&room.name)
            );
        }
        let closed = if room.closed { "everything else closed" } else { "nothing else closed" };
        self.made.push(format!(
            "{place}: the group {id} for the room {}, {} ranges of addresses in the roll, {} sites and parts of sites opened, {closed}",
            room.name,
            room.ranges.len(),
            room.sites.len() + room.urls.len(),
        ));
        Ok(())
    }

    /// Times at which e2guardian lets nothing through.
    fn blanket(&mut self, path: &Path, place: &str) -> Result<(), DraftError> {
        let mut bands = Vec::new();
        let mut wrong = Vec::new();
        each_line(path, &mut |line| {
            if line.is_empty() || line.starts_with('#') {
                return;
            }
            match Band::parse(line) {
                Ok(band) => bands.push(band),
                Err(why) => wrong.push(format!("{line}: {why}")),
            }
        })?;
        self.not_understood.extend(wrong.into_iter().map(|why| format!("{place}: {why}")));
        if !bands.is_empty() {
            self.not_understood.push(format!(
                "{place}: it closes the whole internet at times ({}), which a policy says of kinds of sites alone; give the rows of the \
                 table these times, or hold a group to a focus",
                words(&bands)
            ));
        }
        Ok(())
    }

    /// A row of the table for all lists that close at the same times.
    fn row(&mut self, number: usize, bands: &[Band], lists: &[Timed]) {
        let open = outside(bands);
        let ids: Vec<String> = (1..=open.len()).map(|place| format!("e2guardian-{number}-{place}")).collect();
        for (band, id) in open.iter().zip(&ids) {
            self.policy.push_str(&band.toml(id));
            self.policy.push('\n');
        }
        let mut categories: Vec<&String> = lists.iter().flat_map(|list| &list.categories).collect();
        categories.sort();
        categories.dedup();
        let cell = if ids.is_empty() {
            "\"not-allowed\"".to_owned()
        } else {
            let ids: Vec<String> = ids.iter().map(|id| format!("{id:?}")).collect();
            format!("{{ times = [{}] }}", ids.join(", "))
        };
        let _ = write!(
            self.policy,
            "[[use]]\nid = \"e2guardian-{number}\"\nactivity = {}\ncategories = {categories:?}\n[use.cells]\neveryone = {cell}\n\n",
            quoted(&format!("Sites that e2guardian closed {}", words(bands)))
        );
        for list in lists {
            self.made.push(format!(
                "{}: closed {}, as the row e2guardian-{number} of the table, for {}; `fivebar lists import` takes its sites once its \
                 line #time: is taken out",
                list.place,
                words(bands),
                list.categories.join(", ")
            ));
        }
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A group's id of a room's name: `Room 12, upstairs` is `room-room-12-upstairs`.
fn free_id(name: &str, taken: &mut Vec<String>) -> String {
    let mut id = String::from("room");
    for word in
        name.to_ascii_lowercase().split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
    {
        if id.len() + word.len() < 40 {
            id.push('-');
            id.push_str(word);
        }
    }
    let base = id.clone();
    let mut number = 1;
    while taken.contains(&id) {
        number += 1;
        id = format!("{base}-{number}");
    }
    taken.push(id.clone());
    id
}
