//! Reading `roll.toml`, mistake by mistake. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::Range;

use engine::HardwareAddress;
use engine::document::Problem;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IntoDeserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A roll as a file says it: in one form, without contradictions, each person, device, address and range once.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RollFile {
    /// The people.
    pub people: Vec<PersonLine>,
    /// The devices.
    pub devices: Vec<DeviceLine>,
    /// The ranges of addresses.
    pub ranges: Vec<RangeLine>,
}

/// One `[[person]]`.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonLine {
    /// Where it stands in the file, from 1.
    pub line: u32,
    /// What the school's own system calls them; their name where it says nothing.
    pub key: String,
    /// Their name.
    pub name: String,
    /// Their groups, by id, in order and each once.
    pub groups: Vec<String>,
}

/// One `[[device]]`.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceLine {
    /// Where it stands in the file, from 1.
    pub line: u32,
    /// What the school calls it.
    pub name: String,
    /// Its fixed addresses, in order and each once.
    pub addresses: Vec<IpAddr>,
    /// Its hardware addresses, in order and each once.
    pub hardware: Vec<HardwareAddress>,
    /// The key of the person whose it is.
    pub person: Option<String>,
    /// Its own groups, by id, in order and each once.
    pub groups: Vec<String>,
}

/// One `[[range]]`.
#[derive(Clone, PartialEq, Eq)]
pub struct RangeLine {
    /// Where it stands in the file, from 1.
    pub line: u32,
    /// The range, as in `10.4.0.0/16`.
    pub range: String,
    /// What the school calls it.
    pub name: String,
    /// The groups of whoever uses it, by id, in order and each once.
    pub groups: Vec<String>,
}

/// A roll is people: a debug line shows how many, never who.
impl std::fmt::Debug for RollFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { people, devices, ranges } = self;
        write!(f, "RollFile({} people, {} devices, {} ranges)", people.len(), devices.len(), ranges.len())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonText {
    id: Option<String>,
    name: String,
    #[serde(default)]
    groups: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviceText {
    name: String,
    address: Option<Spanned<String>>,
    #[serde(default)]
    addresses: Vec<Spanned<String>>,
    mac: Option<Spanned<String>>,
    #[serde(default)]
    macs: Vec<Spanned<String>>,
    person: Option<Spanned<String>>,
    #[serde(default)]
    groups: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeText {
    range: Spanned<String>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    groups: Vec<String>,
}

impl RollFile {
    /// Every group that somebody or something is put in, with the line that does it.
    pub fn groups(&self) -> impl Iterator<Item = (&str, u32)> {
        let people = self.people.iter().map(|one| (&one.groups, one.line));
        let devices = self.devices.iter().map(|one| (&one.groups, one.line));
        let ranges = self.ranges.iter().map(|one| (&one.groups, one.line));
        people
            .chain(devices)
            .chain(ranges)
            .flat_map(|(groups, line)| groups.iter().map(move |group| (group.as_str(), line)))
    }

    /// Reads a roll. Every mistake is reported, with its line and what to do; no message repeats a name or an address.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        Self::parse_beside(text, &BTreeSet::new())
    }

    /// The same where devices may also be those of people whom another source keeps, by their keys.
    pub fn parse_beside(text: &str, elsewhere: &BTreeSet<String>) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader { text, problems: Vec::new() };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            reader.not_toml(error);
        }
        if !errors.is_empty() {
            return Err(reader.problems);
        }
        let mut sections = table.into_inner();
        let people = reader.items::<PersonText>(&mut sections, "person");
        let devices = reader.items::<DeviceText>(&mut sections, "device");
        let ranges = reader.items::<RangeText>(&mut sections, "range");
        for (name, value) in &sections {
            let line = reader.line(value.span().start.min(name.span().start));
            let remedy = "A roll holds [[person]], [[device]] and [[range]].";
            reader.problems.push(Problem::error(line, "this is not part of a roll", remedy));
        }
        let people = reader.people(people);
        let devices = reader.devices(devices, &people, elsewhere);
        let ranges = reader.ranges(ranges);
        if reader.problems.is_empty() {
            return Ok(Self { people, devices, ranges });
        }
        reader.problems.sort_by_key(|problem| problem.line);
        Err(reader.problems)
    }

    /// A warning for each group that `known` does not know (the filter policy's groups, usually), at the first line
    /// that names it. Nobody is put into such a group until the policy has it.
    pub fn unknown_groups(&self, known: impl Fn(&str) -> bool) -> Vec<Problem> {
        let named = (self.people.iter().map(|one| (one.line, &one.groups)))
            .chain(self.devices.iter().map(|one| (one.line, &one.groups)))
            .chain(self.ranges.iter().map(|one| (one.line, &one.groups)));
        let mut first: BTreeMap<&str, (u32, usize)> = BTreeMap::new();
        for (line, groups) in named {
            for group in groups {
                let entry = first.entry(group).or_insert((line, 0));
                entry.0 = entry.0.min(line);
                entry.1 += 1;
            }
        }
        let mut problems: Vec<Problem> = first
            .into_iter()
            .filter(|(group, _)| !known(group))
            .map(|(group, (line, times))| {
                Problem::warning(
                    line,
                    format!("the policy has no group {group:?}, which the roll names {}", how_often(times)),
                    "Correct the id, or add the group to the policy.",
                )
            })
            .collect();
        problems.sort_by_key(|problem| problem.line);
        problems
    }
}

fn how_often(times: usize) -> String {
    match times {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

struct Reader<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

impl<'t> Reader<'t> {
    fn items<T: DeserializeOwned>(&mut self, sections: &mut DeTable<'t>, name: &str) -> Vec<(u32, T)> {
        let Some(value) = sections.remove(name) else { return Vec::new() };
        let span = value.span();
        let DeValue::Array(array) = value.into_inner() else {
            let remedy = format!("Begin every one with [[{name}]] on a line of its own.");
            let line = self.line(span.start);
            self.problems.push(Problem::error(line, format!("{name} is written once for each"), remedy));
            return Vec::new();
        };
        let mut items = Vec::new();
        for item in array {
            let span = item.span();
            let line = self.line(span.start);
            match T::deserialize(item.into_deserializer()) {
                Ok(item) => items.push((line, item)),
                Err(error) => self.complain(&error, span),
            }
        }
        items
    }

    fn people(&mut self, texts: Vec<(u32, PersonText)>) -> Vec<PersonLine> {
        let mut seen = Once::default();
        let mut people = Vec::new();
        for (line, text) in texts {
            let name = text.name.trim().to_owned();
            if name.is_empty() {
                self.wrong(line, "a person has no name", "Write it, as in name = \"…\".");
                continue;
            }
            let with_id = text.id.is_some();
            let key = text.id.map_or_else(|| name.clone(), |id| id.trim().to_owned());
            if key.is_empty() {
                self.wrong(line, "a person's id is empty", "Write it, or remove the line.");
                continue;
            }
            if let Some(before) = seen.line_of(&key, line) {
                let remedy = match with_id {
                    true => "Give each person an id of their own, or remove one of the two.",
                    false => "Give each an id, since two people may have one name; or remove one of the two.",
                };
                self.wrong(line, format!("the person of line {before} is there again"), remedy);
                continue;
            }
            let groups = self.groups(line, text.groups);
            people.push(PersonLine { line, key, name, groups });
        }
        people
    }

    fn devices(
        &mut self,
        texts: Vec<(u32, DeviceText)>,
        people: &[PersonLine],
        elsewhere: &BTreeSet<String>,
    ) -> Vec<DeviceLine> {
        let people = people.iter().map(|person| person.key.as_str());
        let keys: BTreeSet<&str> = people.chain(elsewhere.iter().map(String::as_str)).collect();
        let (mut names, mut places, mut cards) = (Once::default(), Once::default(), Once::default());
        let mut devices = Vec::new();
        for (line, text) in texts {
            let name = text.name.trim().to_owned();
            if name.is_empty() {
                self.wrong(line, "a device has no name", "Write it, as in name = \"tablet-14\".");
                continue;
            }
            if let Some(before) = names.line_of(&name, line) {
                let remedy = "Give each device a name of its own, or remove one of the two.";
                self.wrong(line, format!("the device of line {before} is there again"), remedy);
                continue;
            }
            let mut addresses = BTreeSet::new();
            for text in text.address.into_iter().chain(text.addresses) {
                let at = self.line(text.span().start);
                let Ok(address) = text.get_ref().trim().parse::<IpAddr>() else {
                    self.wrong(at, "this is not an address", "Write it as in 10.3.0.14 or fd00:3::14.");
                    continue;
                };
                let address = address.to_canonical();
                if let Some(before) = places.line_of(&address.to_string(), at) {
                    let remedy = "An address belongs to one device: correct one of the two.";
                    self.wrong(at, format!("the address of line {before} is there again"), remedy);
                    continue;
                }
                addresses.insert(address);
            }
            let mut hardware = BTreeSet::new();
            for text in text.mac.into_iter().chain(text.macs) {
                let at = self.line(text.span().start);
                let Some(address) = HardwareAddress::parse(text.get_ref()) else {
                    self.wrong(at, "this is not a hardware address", "Write it as in 3c:22:fb:00:10:2a.");
                    continue;
                };
                if let Some(before) = cards.line_of(&address.to_string(), at) {
                    let remedy = "A hardware address belongs to one device: correct one of the two.";
                    self.wrong(at, format!("the hardware address of line {before} is there again"), remedy);
                    continue;
                }
                hardware.insert(address);
            }
            let person = text.person.map(|person| (self.line(person.span().start), person.into_inner()));
            if let Some((at, _)) = person.as_ref().filter(|(_, person)| !keys.contains(person.trim())) {
                let remedy = "Write the id of a [[person]] of this file; the name, for one without an id.";
                self.wrong(*at, "the device is said to be somebody's who is not on this roll", remedy);
            }
            let person = person.map(|(_, person)| person.trim().to_owned());
            let groups = self.groups(line, text.groups);
            devices.push(DeviceLine {
                line,
                name,
                addresses: addresses.into_iter().collect(),
                hardware: hardware.into_iter().collect(),
                person,
                groups,
            });
        }
        devices
    }

    fn ranges(&mut self, texts: Vec<(u32, RangeText)>) -> Vec<RangeLine> {
        let mut seen = Once::default();
        let mut ranges = Vec::new();
        for (line, text) in texts {
            let at = self.line(text.range.span().start);
            let range = match whole_range(text.range.get_ref().trim()) {
                Ok(range) => range,
                Err(RangeMistake::NotOne) => {
                    self.wrong(
                        at,
                        "this is not a range of addresses",
                        "Write it as in 10.4.0.0/16 or fd00:4::/48.",
                    );
                    continue;
                }
                Err(RangeMistake::Inside(whole)) => {
                    self.wrong(
                        at,
                        "the address is inside the range, not its first",
                        format!("Write {whole}."),
                    );
                    continue;
                }
            };
            if let Some(before) = seen.line_of(&range, at) {
                let remedy = "Remove one of the two, and give the other the groups of both.";
                self.wrong(at, format!("the range of line {before} is there again"), remedy);
                continue;
            }
            let groups = self.groups(line, text.groups);
            ranges.push(RangeLine { line, range, name: text.name.trim().to_owned(), groups });
        }
        ranges
    }

    /// Groups in order and each once; an id is small letters, digits and `-`, as in a policy.
    fn groups(&mut self, line: u32, groups: Vec<String>) -> Vec<String> {
        let mut all = BTreeSet::new();
        for group in groups {
            let group = group.trim().to_owned();
            let is_id =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
            if group.is_empty() || !group.bytes().all(is_id) {
                let remedy = "Write the group's id, as in \"year-7\": small letters, digits and -.";
                self.wrong(line, "a group is not named by its id", remedy);
                continue;
            }
            all.insert(group);
        }
        all.into_iter().collect()
    }

    fn wrong(&mut self, line: u32, message: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem::error(line, message, remedy));
    }

    /// The text cannot be read at all.
    fn not_toml(&mut self, error: &toml::de::Error) {
        let line = self.line(error.span().map_or(0, |span| span.start));
        let remedy = "Compare it with the lines around it: a quote, bracket or = is missing or too many.";
        self.wrong(line, "this is not written as TOML", remedy);
    }

    /// A mistake of form. The reader's own words are kept only where they do not repeat what somebody wrote.
    fn complain(&mut self, error: &toml::de::Error, around: Range<usize>) {
        let line = self.line(error.span().map_or(around.start, |span| span.start));
        let said = error.message().replace('\n', " ");
        let (message, remedy) = if said.starts_with("unknown field") {
            (said, "Correct the spelling, or remove the line.")
        } else if said.starts_with("missing field") {
            (said, "Add the line.")
        } else if let (true, Some((_, expected))) =
            (said.starts_with("invalid"), said.split_once(", expected "))
        {
            (
                format!("something else stands here than {expected}"),
                "Compare it with the example in the guide.",
            )
        } else {
            ("something else belongs here".to_owned(), "Compare it with the example in the guide.")
        };
        self.wrong(line, message, remedy);
    }

    /// The line, from 1, of a place in the text.
    fn line(&self, place: usize) -> u32 {
        let before = self.text.as_bytes().get(..place).unwrap_or_default();
        u32::try_from(before.iter().filter(|&&byte| byte == b'\n').count())
            .map_or(u32::MAX, |lines| lines + 1)
    }
}

/// Remembers the line at which each text was first seen.
#[derive(Default)]
struct Once(BTreeMap<String, u32>);

impl Once {
    /// The line of the first, where `text` was seen before.
    fn line_of(&mut self, text: &str, line: u32) -> Option<u32> {
        if let Some(&before) = self.0.get(text) {
            return Some(before);
        }
        self.0.insert(text.to_owned(), line);
        None
    }
}

enum RangeMistake {
    NotOne,
    /// An address inside the range stands where its first should; this would be the whole range.
    Inside(String),
}

/// The range in one form. A bare address is the range of itself.
fn whole_range(text: &str) -> Result<String, RangeMistake> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().map_err(|_| RangeMistake::NotOne)?;
    let width: u32 = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        Some(bits) => bits.parse().ok().filter(|bits| *bits <= width).ok_or(RangeMistake::NotOne)?,
        None => width,
    };
    let first: IpAddr = match address {
        IpAddr::V4(v4) => std::net::Ipv4Addr::from_bits(masked(v4.to_bits().into(), 32 - bits) as u32).into(),
        IpAddr::V6(v6) => std::net::Ipv6Addr::from_bits(masked(v6.to_bits(), 128 - bits)).into(),
    };
    let whole = format!("{first}/{bits}");
    if first == address { Ok(whole) } else { Err(RangeMistake::Inside(whole)) }
}

/// The number with its `free` lowest bits cleared.
fn masked(number: u128, free: u32) -> u128 {
    number.checked_shr(free).and_then(|kept| kept.checked_shl(free)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
