//! Rows and columns.

use maud::{Markup, Render, html};

use super::{Classes, classes};

/// One cell.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    /// What stands in it.
    pub content: Markup,
    /// `numeric`, for figures.
    pub format: Option<String>,
    /// Extra classes.
    pub classes: Classes,
    /// How many columns it takes.
    pub colspan: Option<u32>,
    /// How many rows it takes.
    pub rowspan: Option<u32>,
}

impl Cell {
    /// A cell of text.
    pub fn new(content: impl Render) -> Self {
        Self { content: content.render(), ..Self::default() }
    }

    /// A cell with a figure.
    pub fn number(content: impl Render) -> Self {
        Self { format: Some("numeric".to_owned()), ..Self::new(content) }
    }
}

/// Rows and columns.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// What the table shows.
    pub caption: Option<String>,
    /// Extra classes of the caption.
    pub caption_classes: Classes,
    /// The names of the columns.
    pub head: Vec<Cell>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// Whether the first cell names its row.
    pub first_cell_is_header: bool,
    /// Extra classes.
    pub classes: Classes,
}

impl Render for Table {
    fn render(&self) -> Markup {
        let format = |base: &str, cell: &Cell| {
            let format = cell.format.as_ref().map(|format| format!("{base}--{format}")).unwrap_or_default();
            classes(&classes(base, &[(&format, !format.is_empty())], ""), &[], &cell.classes)
        };
        html! {
            table class=(classes("govuk-table", &[], &self.classes)) {
                @if let Some(caption) = &self.caption {
                    caption class=(classes("govuk-table__caption", &[], &self.caption_classes)) { (caption) }
                }
                @if !self.head.is_empty() {
                    thead .govuk-table__head {
                        tr .govuk-table__row {
                            @for cell in &self.head {
                                th scope="col" class=(format("govuk-table__header", cell)) colspan=[cell.colspan]
                                    rowspan=[cell.rowspan] { (cell.content) }
                            }
                        }
                    }
                }
                tbody .govuk-table__body {
                    @for row in &self.rows {
                        tr .govuk-table__row {
                            @for (index, cell) in row.iter().enumerate() {
                                @if index == 0 && self.first_cell_is_header {
                                    th scope="row" class=(classes("govuk-table__header", &[], &cell.classes))
                                        colspan=[cell.colspan] rowspan=[cell.rowspan] { (cell.content) }
                                } @else {
                                    td class=(format("govuk-table__cell", cell)) colspan=[cell.colspan]
                                        rowspan=[cell.rowspan] { (cell.content) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
