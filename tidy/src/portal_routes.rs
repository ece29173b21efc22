//! The reviewed table of the portal's pages: every address that the code serves has its row, with the permit that it needs or why it needs
//! none, and every row an address.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{Complaint, Source, rust_code};

/// Where the table is.
pub const TABLE: &str = "content/portal.toml";
/// What serves the API by a table of its own.
const API: &str = "capabilities/api/src/serve.rs";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// A reason is a sentence.
const SHORTEST_REASON: usize = 20;

/// An address with the ways to come there.
type Served = BTreeMap<String, BTreeSet<String>>;

#[derive(Debug, Deserialize)]
struct Table {
    #[serde(default)]
    route: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    path: String,
    get: Option<Vec<String>>,
    post: Option<Vec<String>>,
    put: Option<Vec<String>>,
    patch: Option<Vec<String>>,
    delete: Option<Vec<String>>,
    open: Option<String>,
    own: Option<String>,
    token: Option<String>,
}

impl Row {
    fn methods(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        let all = [&self.get, &self.post, &self.put, &self.patch, &self.delete];
        METHODS.into_iter().zip(all).filter_map(|(method, permits)| Some((method, permits.as_deref()?)))
    }

    fn reasons(&self) -> Vec<&str> {
        [&self.open, &self.own, &self.token].into_iter().flatten().map(|reason| reason.trim()).collect()
    }
}

#[derive(Debug, Deserialize)]
struct Duties {
    action: Vec<Action>,
}

#[derive(Debug, Deserialize)]
struct Action {
    id: String,
}

/// Complains of addresses that the code serves and the table has not, or the other way round, and of rows that name no permit and no reason.
pub fn portal(table: &Source, duties: &Source, code: &[&Source]) -> Vec<Complaint> {
    let (rows, known): (Table, Duties) = match (toml::from_str(&table.text), toml::from_str(&duties.text)) {
        (Ok(rows), Ok(known)) => (rows, known),
        _ => return vec![Complaint::whole(&table.path, "this table, or that of duties, cannot be read")],
    };
    let actions: BTreeSet<&str> = known.action.iter().map(|action| action.id.as_str()).collect();
    let mut complaints = Vec::new();
    let mut served = Served::new();
    for source in code.iter().filter(|source| is_of_the_portal(&source.path)) {
        complaints.extend(routes(source, &mut served));
    }
    let mut complain = |text: String| complaints.push(Complaint::whole(&table.path, text));
    let mut written = Served::new();
    for row in &rows.route {
        let (path, reasons) = (&row.path, row.reasons());
        let permits: Vec<&String> = row.methods().flat_map(|(_, permits)| permits).collect();
        for action in permits.iter().filter(|action| !actions.contains(action.as_str())) {
            complain(format!("{path} names the action {action}, which {} has not", duties.path));
        }
        match reasons.as_slice() {
            [] if row.methods().any(|(_, permits)| permits.is_empty()) => {
                complain(format!("{path} has no permit, and does not say why it needs none"));
            }
            [] => {}
            [reason] if permits.is_empty() && reason.len() >= SHORTEST_REASON => {}
            _ => complain(format!(
                "{path} has a permit and a reason for none, or two reasons, or one that says nothing"
            )),
        }
        let methods = row.methods().map(|(method, _)| method.to_owned()).collect();
        if written.insert(path.clone(), methods).is_some() {
            complain(format!("{path} is there twice"));
        }
    }
    for (path, methods) in &served {
        let row = written.remove(path).unwrap_or_default();
        if row != *methods {
            complain(format!("{path} is served for {methods:?}, and the table has it for {row:?}"));
        }
    }
    for path in written.keys() {
        complain(format!("{path} is in the table, and nothing serves it"));
    }
    complaints
}

/// Whether a file can serve pages: the metrics and the API have doors and a table of their own.
fn is_of_the_portal(path: &str) -> bool {
    let folder = path.starts_with("capabilities/") || path.starts_with("platform/");
    folder && path.contains("/src/") && path != API
}

/// Reads what a file serves. An address that is not written out where it is served is complained of.
fn routes(source: &Source, served: &mut Served) -> Vec<Complaint> {
    const ROUTE: &str = ".route(";
    let code = rust_code::without_words(&source.text);
    let (code, text): (Vec<char>, Vec<char>) = (code.chars().collect(), source.text.chars().collect());
    let plain: String = code.iter().collect();
    let mut complaints = Vec::new();
    for (at, _) in plain.match_indices(ROUTE) {
        // Positions in characters, since words of other languages are spaced out one for one.
        let start = plain.get(..at).map_or(0, |before| before.chars().count()) + ROUTE.len();
        let end = closing(&code, start);
        let (Some(inside), Some(words)) = (code.get(start..end), text.get(start..end)) else { continue };
        let (inside, words): (String, String) = (inside.iter().collect(), words.iter().collect());
        let path =
            words.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"')).map(|(path, _)| path);
        let Some(path) = path.filter(|path| path.starts_with('/')) else {
            let line = plain.get(..at).unwrap_or_default().matches('\n').count() + 1;
            complaints.push(Complaint::at(&source.path, line, "write the address out where it is served"));
            continue;
        };
        let methods = METHODS.into_iter().filter(|method| calls(&inside, method)).map(str::to_owned);
        served.entry(path.to_owned()).or_default().extend(methods);
    }
    complaints
}

/// Where the bracket closes that was open at `start`.
fn closing(code: &[char], start: usize) -> usize {
    let mut depth = 1_usize;
    for (at, sign) in code.iter().enumerate().skip(start) {
        match sign {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    code.len()
}

/// Whether a function of that name, and not one that only ends so, is called.
fn calls(code: &str, name: &str) -> bool {
    code.match_indices(&format!("{name}(")).any(|(at, _)| {
        let before = code.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|sign| !sign.is_alphanumeric() && sign != '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUTIES: &str = "[[action]]\nid = 'list.read'\n[[action]]\nid = 'list.change'\n";
    const CODE: &str = "Router::new()\n.route(\"/\", get(first))\n.route(\n\"/lists/{id}\",\nget(one).merge(post(change).layer(largest)),\n)";

    fn complaints(rows: &str, code: &str) -> Vec<String> {
        let table = Source::new(TABLE, rows);
        let code = Source::new("capabilities/lists/src/pages.rs", code);
        let found = portal(&table, &Source::new("content/duties.toml", DUTIES), &[&code]);
        found.into_iter().map(|complaint| complaint.to_string()).collect()
    }

    fn rows(lists: &str) -> String {
        format!(
            "[[route]]\npath = '/'\nget = []\nopen = 'Whoever comes is told what this is.'\n[[route]]\npath = '/lists/{{id}}'\n{lists}"
        )
    }

    #[test]
    fn a_table_that_says_what_is_served_is_not_complained_of() {
        assert_eq!(
            complaints(&rows("get = ['list.read']\npost = ['list.change']"), CODE),
            Vec::<String>::new()
        );
    }

    #[test]
    fn an_address_without_a_row_or_a_row_without_an_address_is_found() {
        for (lists, code) in [
            ("get = ['list.read']", CODE),
            ("get = ['list.read']\npost = ['list.change']\ndelete = ['list.change']", CODE),
            ("get = ['list.read']\npost = []", CODE),
            ("get = ['list.write']\npost = ['list.change']", CODE),
            ("get = ['list.read']\npost = ['list.change']\nopen = 'Both a permit and a reason.'", CODE),
            ("get = []\npost = []\nopen = 'why'", CODE),
            ("get = ['list.read']\npost = ['list.change']", "x.route(\"/\", get(first))"),
            (
                "get = ['list.read']\npost = ['list.change']\n[[route]]\npath = '/'\nget = []\nopen = 'Whoever comes is told what this is.'",
                CODE,
            ),
        ] {
            assert_eq!(complaints(&rows(lists), code).len(), 1, "{lists}");
        }
    }

    #[test]
    fn an_address_that_is_not_written_out_is_found() {
        let code = format!("{CODE}.route(ELSEWHERE, get(secret))");
        assert_eq!(complaints(&rows("get = ['list.read']\npost = ['list.change']"), &code).len(), 1);
    }
}
