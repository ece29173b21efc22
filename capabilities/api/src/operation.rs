//! What each route takes, gives and does. The description is made of this, and requests are answered by it.

use std::future::Future;
use std::pin::Pin;

use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use crate::Api;
use crate::door::{Call, Done};
use crate::problem::Problem;
use crate::{activity_ops, devices, filter, lessons, people_ops, reports, requests, webhook_ops};

pub(crate) type Handled<'a> = Pin<Box<dyn Future<Output = Result<Done, Problem>> + Send + 'a>>;

/// The schemas of a type and of all that it is made of.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// A type of the description: puts its schemas among the others, and gives its name.
pub type Type = fn(&mut Schemas) -> String;

/// What a route gives.
#[derive(Clone, Copy)]
pub enum Gives {
    /// One thing.
    One(Type),
    /// A page of many.
    Many(Type),
}

/// One operation.
pub struct Operation {
    /// Its id, the same as that of its row in the reviewed table.
    pub id: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What else whoever uses it must know.
    pub about: &'static str,
    /// Which of the parameters after `?` it takes, beside those of a page.
    pub query: &'static [&'static str],
    /// What it takes as a message.
    pub takes: Option<Type>,
    /// The status when it went well.
    pub status: u16,
    /// What it gives.
    pub gives: Gives,
    pub(crate) handler: for<'a> fn(&'a Api, &'a Call) -> Handled<'a>,
}

impl Operation {
    /// Whether it gives a page of many.
    pub const fn is_many(&self) -> bool {
        matches!(self.gives, Gives::Many(_))
    }
}

/// The type of the description that a Rust type is.
pub fn of<T: ToSchema>(all: &mut Schemas) -> String {
    all.push((T::name().into_owned(), T::schema()));
    T::schemas(all);
    T::name().into_owned()
}

/// A handler of an operation.
#[macro_export]
#[doc(hidden)]
macro_rules! handled {
    ($does:path) => {{
        fn handled<'a>(api: &'a $crate::Api, call: &'a $crate::door::Call) -> $crate::operation::Handled<'a> {
            Box::pin($does(api, call))
        }
        handled
    }};
}

/// Every operation, in the order of the description.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    let groups: [&'static [Operation]; 9] = [
        crate::answers::OPERATIONS,
        requests::OPERATIONS,
        reports::OPERATIONS,
        lessons::OPERATIONS,
        filter::OPERATIONS,
        devices::OPERATIONS,
        people_ops::OPERATIONS,
        activity_ops::OPERATIONS,
        webhook_ops::OPERATIONS,
    ];
    groups.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::content::Content;

    #[test]
    fn every_operation_has_its_row_in_the_reviewed_table_and_every_row_its_operation() {
        let described: BTreeSet<&str> = all().map(|operation| operation.id).collect();
        assert_eq!(described.len(), all().count(), "an operation is there twice");
        let rows: BTreeSet<&str> = Content::built_in()
            .routes()
            .iter()
            .filter(|row| row.open.is_none())
            .map(|row| row.id.as_str())
            .collect();
        assert_eq!(described, rows);
    }
}
