//! One table of comma-separated values: its first line, its rows with their lines, and cells that are held to be plain text.

use super::Complaint;
use super::files::whole;
use crate::content::plain;

/// More than any cell of a roll is long, in characters.
const LONGEST_CELL: usize = 300;
/// More rows than any table of a school has.
const MOST_ROWS: usize = 500_000;
/// More complaints than anybody reads.
const MOST_COMPLAINTS: usize = 1_000;

/// A table that was read.
pub(super) struct Table {
    file: String,
    header: Vec<String>,
    rows: Vec<(u64, csv::StringRecord)>,
    complaints: Vec<Complaint>,
}

/// One row of it.
pub(super) struct Row<'t> {
    table: &'t Table,
    line: u64,
    cells: &'t csv::StringRecord,
}

/// The first line of a table, or nothing of what is none.
pub(super) fn header_of(bytes: &[u8]) -> Vec<String> {
    let Some(first) = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next() else { return Vec::new() };
    Table::read("", first).map(|table| table.header).unwrap_or_default()
}

impl Table {
    /// Reads a table. Its text must be UTF-8.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Self, Complaint> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let wrong = |line: u64, what: &str| Complaint { file: file.to_owned(), line, what: what.to_owned() };
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(wrong(0, "the file is in UTF-16; save it as “CSV UTF-8”, and give that"));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.iter().filter(|&&byte| byte == b'\n').count() as u64 + 1;
            wrong(
                line,
                "a letter is not in UTF-8, so a name would be kept wrong; save the file as “CSV UTF-8”, and give that",
            )
        })?;
        if text.contains('\0') {
            return Err(wrong(0, "the file is no text; give the table as CSV, not as a workbook"));
        }
        let first = text.lines().next().unwrap_or("");
        let times = |sign: char| first.matches(sign).count();
        let delimiter = [(';', b';'), ('\t', b'\t')]
            .into_iter()
            .find(|(sign, _)| times(*sign) > times(','))
            .map_or(b',', |(_, byte)| byte);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text.as_bytes());
        let mut table =
            Self { file: file.to_owned(), header: Vec::new(), rows: Vec::new(), complaints: Vec::new() };
        for record in reader.records() {
            let Ok(record) = record else {
                table.complaints.push(wrong(0, "a row cannot be read"));
                continue;
            };
            let line = record.position().map_or(0, csv::Position::line);
            if table.header.is_empty() {
                table.header = record.iter().map(|cell| cell.trim().to_owned()).collect();
            } else if record.iter().any(|cell| !cell.trim().is_empty()) {
                table.rows.push((line, record));
            }
            if table.rows.len() > MOST_ROWS {
                return Err(wrong(line, "the table is longer than any school's"));
            }
        }
        if table.header.iter().all(String::is_empty) {
            return Err(wrong(1, "the table is empty; its first line must say what each column holds"));
        }
        Ok(table)
    }

    /// Its file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The names of its columns.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// What could not be read.
    pub fn complaints(&self) -> &[Complaint] {
        self.complaints.get(..MOST_COMPLAINTS).unwrap_or(&self.complaints)
    }

    /// Its rows.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, cells)| Row { table: self, line: *line, cells })
    }

    /// Whether it has that column.
    pub fn has(&self, column: &str) -> bool {
        self.place(column).is_some()
    }

    /// Complains of each of those columns that it has not.
    pub fn must_have(&self, columns: &[&str]) -> Result<(), Vec<Complaint>> {
        let missing: Vec<Complaint> = columns
            .iter()
            .filter(|column| !self.has(column))
            .map(|column| Complaint {
                file: self.file.clone(),
                line: 1,
                what: format!("the column {column} is missing; export the file again with all its columns"),
            })
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(missing) }
    }

    /// Every value of those columns.
    pub fn values<'t>(&'t self, columns: &[&str]) -> Vec<&'t str> {
        let places: Vec<usize> = columns.iter().filter_map(|column| self.place(column)).collect();
        let of = |cells: &'t csv::StringRecord| {
            places.iter().filter_map(|&place| cells.get(place)).collect::<Vec<_>>()
        };
        self.rows.iter().flat_map(|(_, cells)| of(cells)).map(str::trim).collect()
    }

    /// A complaint about the whole.
    pub fn complaint(&self, what: impl Into<String>) -> Complaint {
        whole(&self.file, what)
    }

    fn place(&self, column: &str) -> Option<usize> {
        if column.is_empty() {
            return None;
        }
        let exact = self.header.iter().position(|head| head.eq_ignore_ascii_case(column));
        exact.or_else(|| self.header.iter().position(|head| plain(head) == plain(column)))
    }
}

impl<'t> Row<'t> {
    /// Its line, from 1.
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// Whether it has as many cells as the first line; empty ones too many do not count.
    pub fn is_whole(&self) -> bool {
        let columns = self.table.header.len();
        self.cells.len() == columns
            || (self.cells.len() > columns
                && self.cells.iter().skip(columns).all(|cell| cell.trim().is_empty()))
    }

    /// A cell's text without the space around it; none where it is empty or there is no such column. An error where it could do harm.
    pub fn text(&self, column: &str) -> Result<Option<&'t str>, String> {
        let Some(place) = self.table.place(column) else { return Ok(None) };
        let text = self.cells.get(place).unwrap_or("").trim();
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = |why: &str| Err(format!("the cell under {column} {why}"));
        if text.starts_with(['=', '@', '+', '-', '|']) {
            // A spreadsheet that such a list is ever opened in would carry it out.
            return wrong("begins like a formula of a spreadsheet; write plain text");
        }
        if text.chars().any(char::is_control) {
            return wrong("goes over the end of its line; a quotation mark is missing, or one is too many");
        }
        if text.chars().count() > LONGEST_CELL {
            return wrong("is longer than anything of the kind");
        }
        Ok(Some(text))
    }

    /// The same where it must not be empty.
    pub fn must(&self, column: &str) -> Result<&'t str, String> {
        self.text(column)?.ok_or_else(|| format!("the cell under {column} is empty"))
    }

    /// Several in one cell, with commas or semicolons between them.
    pub fn several(&self, column: &str) -> Result<Vec<&'t str>, String> {
        let text = self.text(column)?.unwrap_or("");
        Ok(text.split([',', ';']).map(str::trim).filter(|one| !one.is_empty()).collect())
    }
}
