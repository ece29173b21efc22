//! Events as CSV and as JSON lines, one at a time, for spreadsheets and other tools.

use std::fmt;
use std::io::{self, Write};

use engine::{DeviceNo, PersonNo};
use serde::Serialize;

use crate::event::Event;

/// The first line of the CSV form.
pub const CSV_HEAD: &str = "seq,at,front,client,person,device,known_by,host,path,agent,verdict,step,rule,category,list,group,bytes,sent,record,refusal,searched,origin,transport,person_name,device_name\n";

/// Whose an event is, as somebody may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Whom {
    /// The number in the log, which is the roll's.
    Number(u32),
    /// What stands for it.
    Pseudonym(String),
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => fmt::Display::fmt(number, f),
            Self::Pseudonym(text) => f.write_str(text),
        }
    }
}

/// An event as it leaves the log for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// The event without its person and device.
    #[serde(flatten)]
    pub event: Event,
    /// The person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Whom>,
    /// The device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<Whom>,
    /// What the person is called, where identities are opened and the roll knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_name: Option<String>,
    /// What the device is called, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
}

impl Told {
    /// With what stands for the person and the device.
    pub fn new(
        mut event: Event,
        person: impl FnOnce(PersonNo) -> Whom,
        device: impl FnOnce(DeviceNo) -> Whom,
    ) -> Self {
        let (person, device) = (event.person.take().map(person), event.device.take().map(device));
        Self { event, person, device, person_name: None, device_name: None }
    }

    /// With what the person and the device are called beside their numbers.
    #[must_use]
    pub fn named(self, person: Option<String>, device: Option<String>) -> Self {
        Self { person_name: person, device_name: device, ..self }
    }
}

/// Writes one event as a JSON line.
pub fn write_json(out: &mut impl Write, told: &Told) -> io::Result<()> {
    serde_json::to_writer(&mut *out, told)?;
    out.write_all(b"\n")
}

/// Writes one event as a CSV line (RFC 4180; `\n` ends a line). A text that a spreadsheet would take for a formula gets
/// an apostrophe before it: paths and agents are what a device chose to send.
pub fn write_csv(out: &mut impl Write, told: &Told) -> io::Result<()> {
    let Told { event, person, device, person_name, device_name } = told;
    write!(out, "{},{},{},", event.seq, event.at, event.front)?;
    maybe(out, event.client)?;
    maybe(out, person.as_ref())?;
    maybe(out, device.as_ref())?;
    write!(out, "{},", event.known_by.id())?;
    for text in [&event.host, &event.path, &event.agent] {
        field(out, text.as_deref().unwrap_or_default())?;
        out.write_all(b",")?;
    }
    write!(out, "{},{},{},", event.verdict.id(), event.step.id(), event.rule.0)?;
    maybe(out, event.category)?;
    maybe(out, event.list)?;
    maybe(out, event.group.map(|group| group.0))?;
    write!(out, "{},", event.bytes)?;
    maybe(out, event.sent)?;
    maybe(out, event.record)?;
    write!(out, "{},", event.refusal.map_or("", engine::Refusal::id))?;
    field(out, event.searched.as_deref().unwrap_or_default())?;
    write!(out, ",{},", event.origin.map_or("", engine::Origin::id))?;
    write!(out, "{},", event.transport.map_or("", engine::Transport::id))?;
    field(out, person_name.as_deref().unwrap_or_default())?;
    out.write_all(b",")?;
    field(out, device_name.as_deref().unwrap_or_default())?;
    out.write_all(b"\n")
}

fn maybe(out: &mut impl Write, value: Option<impl std::fmt::Display>) -> io::Result<()> {
    value.map_or(Ok(()), |value| write!(out, "{value}"))?;
    out.write_all(b",")
}

fn field(out: &mut impl Write, text: &str) -> io::Result<()> {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if !formula && !text.contains([',', '"', '\n', '\r']) {
        return out.write_all(text.as_bytes());
    }
    write!(out, "\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_csv_survives_commas_quotes_and_spreadsheets() {
        let text = r#"{"seq":9,"at":"2026-11-23T10:49:00Z","front":"proxy","client":"127.0.0.7","person":7,"known_by":"device-register","host":"www.example.org","path":"/a,b","searched":"+ chess, rules","agent":"=cmd|\"x\"","verdict":"block","step":"school","rule":3,"fact":"host","bytes":0}"#;
        let event: Event = serde_json::from_str(text).unwrap();
        let mut out = CSV_HEAD.as_bytes().to_vec();
        let told = Told::new(event, |person| Whom::Number(person.0), |device| Whom::Number(device.0));
        write_csv(&mut out, &told).unwrap();
        let out = String::from_utf8(out).unwrap();
        let (head, line) = out.trim_end().split_once('\n').unwrap();
        assert_eq!(
            line,
            "9,2026-11-23T10:49:00Z,proxy,127.0.0.7,7,,device-register,www.example.org,\"/a,b\",\"'=cmd|\"\"x\"\"\",block,school,3,,,,0,,,,\"'+ chess, rules\",,,,"
        );
        assert_eq!(head.split(',').count(), 25);
        let mut json = Vec::new();
        write_json(&mut json, &told).unwrap();
        let value = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&json), value(text.as_bytes()));

        // A name is what somebody wrote on the roll, and no formula either.
        let told = told.named(Some("=Prue, Pupil".to_owned()), Some("Tablet 7".to_owned()));
        let (mut line, mut json) = (Vec::new(), Vec::new());
        write_csv(&mut line, &told).unwrap();
        assert!(line.ends_with(b",\"'=Prue, Pupil\",Tablet 7\n"));
        write_json(&mut json, &told).unwrap();
        assert_eq!(value(&json)["person_name"], "=Prue, Pupil");
        assert_eq!((&value(&json)["person"], &value(&json)["device_name"]), (&7.into(), &"Tablet 7".into()));
    }
}
