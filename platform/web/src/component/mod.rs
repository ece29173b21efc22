//! The parts that pages are made of: one type each, rendered by maud, which cannot forget to escape or to close a tag.
//!
//! The markup is that of the npm package `govuk-frontend`, and a test compares each type with that package's own
//! fixtures and prints how many of them it can express. What none of them takes is free attributes: they are how a
//! page would slip past its content security policy.

mod button;
mod error;
mod field;
mod header;
mod input;
mod links;
mod notice;
mod password_input;
mod radios;
mod select;
mod summary_list;
mod table;
mod textarea;

pub use button::{Button, ButtonKind};
pub use error::{ErrorLine, ErrorMessage, ErrorSummary};
pub use field::{Fieldset, Hint, Label, Legend};
pub use header::GenericHeader;
pub use input::{Affix, Input};
pub use links::{BackLink, Breadcrumbs, Crumb, SkipLink};
pub use notice::{Details, InsetText, NotificationBanner, Panel, PhaseBanner, Tag, WarningText};
pub use password_input::{PasswordInput, ShowWords};
pub use radios::{Radio, RadioItem, Radios};
pub use select::{Choice, Select};
pub use summary_list::{Action, Card, SummaryList, SummaryRow};
pub use table::{Cell, Table};
pub use textarea::Textarea;

use std::borrow::Cow;

use maud::{Markup, html};

/// Extra classes, separated by spaces.
pub type Classes = Cow<'static, str>;

/// `base`, then every name whose condition holds, then the extra classes.
fn classes(base: &str, when: &[(&str, bool)], extra: &str) -> String {
    let mut all = base.to_owned();
    for (name, _) in when.iter().filter(|(_, holds)| *holds) {
        all.push(' ');
        all.push_str(name);
    }
    if !extra.is_empty() {
        all.push(' ');
        all.push_str(extra);
    }
    all
}

/// A heading of level 1 to 6.
fn heading(level: u8, class: &str, id: Option<&str>, content: &Markup) -> Markup {
    html! {
        @match level {
            1 => h1 class=(class) id=[id] { (content) },
            2 => h2 class=(class) id=[id] { (content) },
            3 => h3 class=(class) id=[id] { (content) },
            4 => h4 class=(class) id=[id] { (content) },
            5 => h5 class=(class) id=[id] { (content) },
            _ => h6 class=(class) id=[id] { (content) },
        }
    }
}
