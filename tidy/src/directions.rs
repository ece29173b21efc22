//! Who may depend on whom: `tidy/order.toml` held against every `Cargo.toml`.

use serde::Deserialize;

use crate::{Complaint, Source, rust_code};

/// The table of `tidy/order.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    layer: Vec<Layer>,
    #[serde(default)]
    exception: Vec<Exception>,
    #[serde(default)]
    unsafe_allowed: Vec<UnsafeAllowed>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layer {
    name: String,
    #[serde(rename = "why")]
    _why: String,
    crates: Vec<String>,
    /// Names of layers, or of single crates.
    uses: Vec<String>,
    #[serde(default = "yes")]
    sideways: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    #[serde(rename = "crate")]
    from: String,
    uses: String,
    #[serde(rename = "why")]
    _why: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnsafeAllowed {
    folder: String,
    #[serde(rename = "why")]
    _why: String,
}

const fn yes() -> bool {
    true
}

impl Order {
    /// Reads the table.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    fn layer_of(&self, name: &str) -> Option<&Layer> {
        self.layer.iter().find(|layer| layer.crates.iter().any(|found| found == name))
    }

    fn may_use(&self, from: &str, to: &str) -> bool {
        if self.exception.iter().any(|exception| exception.from == from && exception.uses == to) {
            return true;
        }
        let (Some(layer), Some(target)) = (self.layer_of(from), self.layer_of(to)) else { return false };
        if layer.name == target.name {
            let place = |name: &str| layer.crates.iter().position(|found| found == name);
            return layer.sideways && place(to) < place(from);
        }
        layer.uses.iter().any(|used| *used == target.name || used == to)
    }

    /// Whether Rust in that file may be unsafe.
    pub fn may_be_unsafe(&self, path: &str) -> bool {
        self.unsafe_allowed.iter().any(|allowed| path.starts_with(&allowed.folder))
    }
}

/// Complains of every dependency between our own crates that the table does not allow, and of crates it does not know.
/// `members` are the paths and texts of the members' `Cargo.toml`.
pub fn directions(order: &Order, members: &[&Source]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let manifests: Vec<(&str, String, toml::Table)> =
        members.iter().filter_map(|source| manifest(source, &mut complaints)).collect();
    let ours: Vec<&str> = manifests.iter().map(|(_, name, _)| name.as_str()).collect();
    for (path, name, table) in &manifests {
        if order.layer_of(name).is_none() {
            complaints.push(Complaint::whole(
                path,
                format!("`{name}` has no place in tidy/order.toml; give it one"),
            ));
            continue;
        }
        for (section, for_tests) in
            [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
        {
            let used =
                table.get(section).and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::keys);
            for to in used.filter(|to| ours.contains(&to.as_str())) {
                let allowed = order.may_use(name, to) || (for_tests && (to == "testing" || to == name));
                if !allowed {
                    let text =
                        format!("`{name}` may not use `{to}` ({section}); tidy/order.toml says who may");
                    complaints.push(Complaint::whole(path, text));
                }
            }
        }
    }
    for name in order.layer.iter().flat_map(|layer| &layer.crates) {
        if !ours.contains(&name.as_str()) {
            let text = format!("names the crate `{name}`, which the workspace does not have; take it out");
            complaints.push(Complaint::whole("tidy/order.toml", text));
        }
    }
    complaints
}

fn manifest<'a>(
    source: &'a Source,
    complaints: &mut Vec<Complaint>,
) -> Option<(&'a str, String, toml::Table)> {
    let table: toml::Table = match toml::from_str(&source.text) {
        Ok(table) => table,
        Err(error) => {
            complaints.push(Complaint::whole(&source.path, format!("is not TOML: {error}")));
            return None;
        }
    };
    let name = table.get("package")?.get("name")?.as_str()?.to_owned();
    Some((&source.path, name, table))
}

/// Complains of `unsafe` where the table does not allow it. The compiler forbids it too; this also holds for files
/// that no crate compiles today, and for a crate that quietly changes its lints.
pub fn unsafe_code(order: &Order, source: &Source) -> Vec<Complaint> {
    if order.may_be_unsafe(&source.path) {
        return Vec::new();
    }
    let code = rust_code::without_words(&source.text);
    code.lines()
        .enumerate()
        .filter(|(_, line)| {
            line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe")
        })
        .map(|(index, _)| {
            Complaint::at(
                &source.path,
                index + 1,
                "`unsafe` belongs in fronts/sys alone; add a safe call there",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = r#"
        [[layer]]
        name = "core"
        why = ""
        crates = ["kit", "engine"]
        uses = []
        [[layer]]
        name = "fronts"
        why = ""
        crates = ["dns", "proxy"]
        uses = ["core"]
        sideways = false
        [[layer]]
        name = "platform"
        why = ""
        crates = ["store"]
        uses = ["kit"]
        [[exception]]
        crate = "proxy"
        uses = "store"
        why = ""
        [[unsafe_allowed]]
        folder = "fronts/sys/"
        why = ""
    "#;

    fn cargo(name: &str, section: &str, uses: &[&str]) -> Source {
        let mut text = format!("[package]\nname = \"{name}\"\n[{section}]\nserde = \"1\"\n");
        uses.iter().for_each(|used| text.push_str(&format!("{used}.workspace = true\n")));
        Source::new(&format!("{name}/Cargo.toml"), &text)
    }

    /// The complaints about `name` using `uses`, in a workspace where the other crates use nothing.
    fn of(name: &str, section: &str, uses: &[&str]) -> Vec<String> {
        let all: Vec<Source> =
            ["kit", "engine", "dns", "proxy", "store"]
                .into_iter()
                .map(|other| {
                    if other == name { cargo(name, section, uses) } else { cargo(other, "dependencies", &[]) }
                })
                .collect();
        let members: Vec<&Source> = all.iter().collect();
        directions(&Order::parse(ORDER).unwrap(), &members).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn arrows_point_inwards() {
        for (name, uses, allowed) in [
            ("engine", "kit", true),
            ("kit", "engine", false),
            ("dns", "engine", true),
            ("engine", "dns", false),
            ("dns", "proxy", false),
            ("store", "kit", true),
            ("store", "engine", false),
            ("dns", "store", false),
            ("proxy", "store", true),
        ] {
            assert_eq!(of(name, "dependencies", &[uses]).is_empty(), allowed, "{name} uses {uses}");
        }
    }

    #[test]
    fn dependencies_for_tests_and_builds_are_looked_at_too() {
        assert_eq!(of("engine", "dev-dependencies", &["dns"]).len(), 1);
        assert_eq!(of("engine", "build-dependencies", &["dns"]).len(), 1);
        assert!(of("engine", "dev-dependencies", &["kit"]).is_empty());
    }

    #[test]
    fn a_crate_without_a_place_and_a_place_without_a_crate_are_both_wrong() {
        let stranger = cargo("stranger", "dependencies", &[]);
        let found = directions(&Order::parse(ORDER).unwrap(), &[&stranger]);
        assert!(found.iter().any(|c| c.text.contains("`stranger` has no place")), "{found:?}");
        assert!(found.iter().any(|c| c.text.contains("names the crate `kit`")), "{found:?}");
    }

    #[test]
    fn unsafe_code_outside_its_crate_is_found_and_prose_about_it_is_not() {
        let order = Order::parse(ORDER).unwrap();
        let bad = "fn f() {\n    unsafe { g() }\n}";
        for (path, text, count) in [
            ("fronts/dns/src/udp.rs", bad, 1),
            ("fronts/sys/src/udp.rs", bad, 0),
            ("fronts/dns/src/udp.rs", "// unsafe\nlet a = \"unsafe-inline\"; #![deny(unsafe_code)]", 0),
        ] {
            assert_eq!(unsafe_code(&order, &Source::new(path, text)).len(), count, "{path}: {text}");
        }
        assert_eq!(unsafe_code(&order, &Source::new("a.rs", bad))[0].line, 2);
    }
}
