//! What can be wrong with a document by itself. What it names in the catalogue is checked as it is compiled.

use std::collections::HashSet;

use super::problem::Problem;
use super::table::Effect;
use super::target::{Target, TargetText, read_site};
use super::{Line, PolicyDocument};

impl PolicyDocument {
    /// Everything wrong with the document that can be seen without lists and catalogue.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.title.trim().is_empty() {
            problems.push(Problem::error(0, "the policy has no title", "Write title = \"…\"."));
        }
        for site in self.essential.iter().chain(&self.withheld.learning_sites) {
            if let Err(error) = read_site(site) {
                problems.push(Problem::error(self.withheld.line.0, error.message, error.remedy));
            }
        }
        let mut rows = HashSet::new();
        for row in &self.uses {
            if !rows.insert(row.id.as_str()) {
                problems.push(Problem::error(
                    row.line.0,
                    format!("the row {:?} is there twice", row.id),
                    "Give one of them another id.",
                ));
            }
            if row.seen_by_gate && row.is_about_nothing() {
                problems.push(Problem::error(
                    row.line.0,
                    format!("the row {:?} names no category and no service", row.id),
                    "Name what it is about, or write seen-by-gate = false for what only people can watch.",
                ));
            }
            if row.seen_by_gate && row.cells.is_empty() {
                problems.push(Problem::error(
                    row.line.0,
                    format!("the row {:?} has no cells", row.id),
                    "Write a cell for at least one group.",
                ));
            }
        }
        for rule in &self.rules {
            target(&TargetText::from(rule), rule.effect, rule.line, &mut problems);
        }
        for rule in &self.locked {
            target(&TargetText::from(rule), rule.effect, rule.line, &mut problems);
        }
        problems
    }
}

fn target(text: &TargetText, effect: Effect, line: Line, problems: &mut Vec<Problem>) {
    match text.read() {
        Err(error) => problems.push(Problem::error(line.0, error.message, error.remedy)),
        Ok(Target::Expression { on: None, .. }) if effect == Effect::Allow => problems.push(Problem::error(
            line.0,
            "an expression that allows must say on which site",
            "Add on = \"example.org\".",
        )),
        Ok(Target::Site(name)) if effect == Effect::Allow && !name.contains('.') => {
            problems.push(Problem::warning(
                line.0,
                format!("the rule opens everything that ends in .{name}"),
                "Name the sites themselves if that is not meant.",
            ));
        }
        Ok(_) => {}
    }
}
