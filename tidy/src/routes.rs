//! The reviewed table of the API: every route has a permit that the table of duties knows, or says why it is open; the description has
//! the very same routes; and nothing of `/api` is served but by the table.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::{Complaint, Source, rust_code};

/// Where the table is.
pub const TABLE: &str = "content/api.toml";
/// The one file that serves by it.
const SERVES: &str = "capabilities/api/src/serve.rs";
/// The page about the API, which anybody may read.
const PAGE: &str = "\"/api\"";

#[derive(Debug, Deserialize)]
struct Table {
    #[serde(default)]
    scope: Vec<Named>,
    #[serde(default)]
    route: Vec<Route>,
}

#[derive(Debug, Deserialize)]
struct Named {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Duties {
    action: Vec<Named>,
}

#[derive(Debug, Deserialize)]
struct Route {
    id: String,
    path: String,
    scope: Option<String>,
    #[serde(default)]
    permit: Vec<String>,
    open: Option<String>,
}

/// Complains of rows without a permit or a reason, of permits and scopes that there are not, and of what the description and the table do
/// not both have.
pub fn table(api: &Source, duties: &Source, description: &Source) -> Vec<Complaint> {
    let (table, known): (Table, Duties) = match (toml::from_str(&api.text), toml::from_str(&duties.text)) {
        (Ok(table), Ok(duties)) => (table, duties),
        _ => return vec![Complaint::whole(&api.path, "this table, or that of duties, cannot be read")],
    };
    let actions: BTreeSet<&str> = known.action.iter().map(|action| action.id.as_str()).collect();
    let scopes: BTreeSet<&str> = table.scope.iter().map(|scope| scope.id.as_str()).collect();
    let mut complaints = Vec::new();
    let mut complain = |text: String| complaints.push(Complaint::whole(&api.path, text));
    for route in &table.route {
        let reason = route.open.as_deref().unwrap_or("").trim();
        if route.permit.is_empty() && reason.len() < 20 {
            complain(format!("{} has no permit, and does not say why it needs none", route.id));
        }
        for action in route.permit.iter().filter(|action| !actions.contains(action.as_str())) {
            complain(format!("{} names the action {action}, which {} has not", route.id, duties.path));
        }
        if route.scope.as_deref().is_some_and(|scope| !scopes.contains(scope)) {
            complain(format!("{} names a scope that there is not", route.id));
        }
        let described = description.text.contains(&format!("\"/api/v1{}\"", route.path))
            && description.text.contains(&format!("\"operationId\": \"{}\"", route.id));
        if !described {
            complain(format!("{} is not in {}", route.id, description.path));
        }
    }
    let operations = description.text.matches("\"operationId\": ").count();
    if operations != table.route.len() {
        complain(format!(
            "{} describes {operations} operations, and the table has {}",
            description.path,
            table.route.len()
        ));
    }
    complaints
}

/// Complains of a route of the API that is written into code instead of the table.
pub fn served(source: &Source) -> Vec<Complaint> {
    if source.path == SERVES || source.path.contains("/tests/") || source.path.starts_with("tidy/") {
        return Vec::new();
    }
    let code = rust_code::without_words(&source.text);
    let lines = code.lines().zip(source.text.lines()).enumerate();
    let is_one = |(code, text): &(&str, &str)| {
        code.contains(".route(") && text.contains("\"/api") && !text.contains(PAGE)
    };
    lines
        .filter(|(_, both)| is_one(both))
        .map(|(index, _)| {
            let text = format!("a route of the API has its row in {TABLE}, and is served by it");
            Complaint::at(&source.path, index + 1, text)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUTIES: &str = "[[action]]\nid = 'list.read'\n";

    fn complaints(table_text: &str, description: &str) -> usize {
        let api = Source::new(TABLE, table_text);
        let duties = Source::new("content/duties.toml", DUTIES);
        table(&api, &duties, &Source::new("docs/api/openapi.json", description)).len()
    }

    #[test]
    fn a_route_without_a_permit_or_a_description_is_found() {
        let described = "\"/api/v1/lists\": { \"operationId\": \"list-lists\" }";
        let row = |more: &str| {
            format!(
                "[[scope]]\nid = 's'\n[[route]]\nid = 'list-lists'\nmethod = 'GET'\npath = '/lists'\n{more}"
            )
        };
        assert_eq!(complaints(&row("scope = 's'\npermit = ['list.read']"), described), 0);
        assert_eq!(complaints(&row("open = 'It says nothing of the school.'"), described), 0);
        for more in [
            "",
            "permit = []",
            "open = 'why'",
            "permit = ['list.write']",
            "scope = 't'\npermit = ['list.read']",
        ] {
            assert_eq!(complaints(&row(more), described), 1, "{more}");
        }
        // Not described, and one described that is not in the table.
        assert_eq!(complaints(&row("permit = ['list.read']"), "{}"), 2);
        assert_eq!(
            complaints(&row("permit = ['list.read']"), &format!("{described} \"operationId\": \"other\"")),
            1
        );
    }

    #[test]
    fn a_route_of_the_api_beside_the_table_is_found() {
        let text = "Router::new().route(\"/api/v1/secret\", get(secret))";
        assert_eq!(served(&Source::new("capabilities/api/src/page.rs", text)).len(), 1);
        assert_eq!(served(&Source::new(SERVES, text)).len(), 0);
        let page = "Router::new().route(\"/api\", get(page))";
        assert_eq!(served(&Source::new("capabilities/api/src/page.rs", page)).len(), 0);
    }
}
