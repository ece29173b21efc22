//! Charts as inline SVG. Each stands beside a table that says the same in figures, and is hidden from nobody: its words say what it
//! shows, and its bars take the page's own colours.

use maud::{Markup, Render, html};

use crate::filled;

const WIDTH: u64 = 640;
const ROW: u64 = 34;
const BAR: u64 = 22;
/// Where bars begin: names stand before them.
const LEFT: u64 = 230;
/// Room for the figure after the longest bar.
const RIGHT: u64 = 80;
/// A name is cut to this many characters.
const LONGEST_NAME: usize = 24;

/// Bars from left to right, one a row.
#[derive(Debug, Clone)]
pub struct BarChart {
    /// What it shows, for whoever does not see it.
    pub about: String,
    /// Each row's name and figure.
    pub rows: Vec<(String, u64)>,
}

impl BarChart {
    /// A chart.
    pub fn new(about: impl Into<String>, rows: Vec<(String, u64)>) -> Self {
        Self { about: about.into(), rows }
    }
}

/// A name as far as there is room for it.
fn shortened(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

impl Render for BarChart {
    fn render(&self) -> Markup {
        let most = self.rows.iter().map(|(_, figure)| *figure).max().unwrap_or(0).max(1);
        let room = WIDTH - LEFT - RIGHT;
        let height = ROW * self.rows.len().max(1) as u64;
        html! {
            svg .fivebar-chart role="img" aria-label=(filled!("by-itself.the-table-says-it", about = self.about))
                viewBox={ "0 0 " (WIDTH) " " (height) } xmlns="http://www.w3.org/2000/svg" {
                @for (place, (name, figure)) in (0u64..).zip(&self.rows) {
                    @let top = place * ROW;
                    // In 128 bits nothing overflows, and the longest bar has all the room.
                    @let length = u64::try_from(u128::from(*figure) * u128::from(room) / u128::from(most)).unwrap_or(room);
                    text x=(LEFT - 10) y=(top + 18) text-anchor="end" { (shortened(name)) }
                    rect x=(LEFT) y=(top + 2) width=(length.max(1)) height=(BAR) {}
                    text x=(LEFT + length + 8) y=(top + 18) { (figure) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_figures_and_none_is_missing() {
        let rows = [("a", 10), ("b", 5), ("c", 0)].map(|(name, figure)| (name.to_owned(), figure));
        let text = BarChart::new("Blocked", rows.to_vec()).render().0;
        let widths: Vec<&str> = text
            .split("<rect")
            .skip(1)
            .filter_map(|rect| rect.split("width=\"").nth(1)?.split('"').next())
            .collect();
        assert_eq!(widths, ["330", "165", "1"]);
        assert!(text.contains("aria-label=\"Blocked: the table says it in figures\""));
        assert_eq!(BarChart::new("Nothing", Vec::new()).render().0.matches("<rect").count(), 0);
        let long = BarChart::new("Long", vec![("ä".repeat(40), u64::MAX)]).render().0;
        assert!(long.contains('…') && long.contains(&u64::MAX.to_string()));
    }
}
