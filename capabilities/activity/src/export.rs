//! Events as CSV and as JSON lines, one at a time, for spreadsheets and other tools.

use std::io::{self, Write};

use crate::event::Event;

/// The first line of the CSV form.
pub const CSV_HEAD: &str = "seq,at,front,client,person,device,known_by,host,path,agent,verdict,step,rule,category,list,group,bytes,sent,record,refusal\n";

/// Writes one event as a JSON line.
pub fn write_json(out: &mut impl Write, event: &Event) -> io::Result<()> {
    serde_json::to_writer(&mut *out, event)?;
    out.write_all(b"\n")
}

/// Writes one event as a CSV line (RFC 4180; `\n` ends a line). A text that a spreadsheet would take for a formula gets
/// an apostrophe before it: paths and agents are what a device chose to send.
pub fn write_csv(out: &mut impl Write, event: &Event) -> io::Result<()> {
    write!(out, "{},{},{},", event.seq, event.at, event.front)?;
    maybe(out, event.client)?;
    maybe(out, event.person.map(|person| person.0))?;
    maybe(out, event.device.map(|device| device.0))?;
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
    writeln!(out, "{}", event.refusal.map_or("", engine::Refusal::id))
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
        let text = r#"{"seq":9,"at":"2026-11-23T10:49:00Z","front":"proxy","client":"127.0.0.7","person":7,"known_by":"device-register","host":"www.example.org","path":"/a,b","agent":"=cmd|\"x\"","verdict":"block","step":"school","rule":3,"fact":"host","bytes":0}"#;
        let event: Event = serde_json::from_str(text).unwrap();
        let mut out = CSV_HEAD.as_bytes().to_vec();
        write_csv(&mut out, &event).unwrap();
        let out = String::from_utf8(out).unwrap();
        let (head, line) = out.trim_end().split_once('\n').unwrap();
        assert_eq!(
            line,
            "9,2026-11-23T10:49:00Z,proxy,127.0.0.7,7,,device-register,www.example.org,\"/a,b\",\"'=cmd|\"\"x\"\"\",block,school,3,,,,0,,,"
        );
        assert_eq!(head.split(',').count(), 20);
        let mut json = Vec::new();
        write_json(&mut json, &event).unwrap();
        assert_eq!(String::from_utf8(json).unwrap().trim_end(), text);
    }
}
