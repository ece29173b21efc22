//! Columns of texts: as they are, or as places among those that there are.

use arrow::array::{Array, AsArray as _, Int32Array, StringArray};
use arrow::datatypes::{DataType, Int32Type};

/// A column of texts.
#[derive(Debug, Clone, Copy)]
pub enum Texts<'a> {
    /// Each row has its own.
    Plain(&'a StringArray),
    /// Each row has the place of one.
    Placed {
        /// The rows.
        places: &'a Int32Array,
        /// What they name.
        texts: &'a StringArray,
    },
}

/// The type of the second kind.
pub fn placed() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

impl<'a> Texts<'a> {
    /// The column, if it is one of texts.
    pub fn of(column: &'a dyn Array) -> Option<Self> {
        if let Some(plain) = column.as_string_opt() {
            return Some(Self::Plain(plain));
        }
        let placed = column.as_dictionary_opt::<Int32Type>()?;
        Some(Self::Placed { places: placed.keys(), texts: placed.values().as_string_opt()? })
    }

    /// Whether a row has one.
    pub fn is_there(&self, row: usize) -> bool {
        match self {
            Self::Plain(column) => column.is_valid(row),
            Self::Placed { places, .. } => places.is_valid(row),
        }
    }

    /// Whether no row has one.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Plain(column) => column.null_count() == column.len(),
            Self::Placed { places, .. } => places.null_count() == places.len(),
        }
    }

    /// That of a row.
    pub fn at(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::Plain(column) => text(column, row),
            Self::Placed { places, texts } => text(texts, place(places, row)?),
        }
    }
}

/// What follows from each text of a column: worked out once for each that is placed, and otherwise where it is another than
/// the one before.
#[derive(Debug)]
pub struct Once<'a, T> {
    texts: Texts<'a>,
    placed: Vec<Option<T>>,
    last: Option<(&'a str, T)>,
}

impl<'a, T: Copy> Once<'a, T> {
    /// Nothing is known yet.
    pub fn of(texts: Texts<'a>) -> Self {
        let placed = match texts {
            Texts::Plain(_) => Vec::new(),
            Texts::Placed { texts, .. } => vec![None; texts.len()],
        };
        Self { texts, placed, last: None }
    }

    /// Whether a row has a text.
    pub fn is_there(&self, row: usize) -> bool {
        self.texts.is_there(row)
    }

    /// What follows from that of a row; none where it has none.
    pub fn at(&mut self, row: usize, work_out: impl FnOnce(&'a str) -> T) -> Option<T> {
        match self.texts {
            Texts::Plain(column) => {
                let text = text(column, row)?;
                if let Some((last, found)) = self.last
                    && last == text
                {
                    return Some(found);
                }
                let found = work_out(text);
                self.last = Some((text, found));
                Some(found)
            }
            Texts::Placed { places, texts } => {
                let place = place(places, row)?;
                let known = self.placed.get_mut(place)?;
                if known.is_none() {
                    *known = Some(work_out(text(texts, place)?));
                }
                *known
            }
        }
    }
}

fn place(places: &Int32Array, row: usize) -> Option<usize> {
    places.is_valid(row).then(|| places.value(row)).and_then(|place| usize::try_from(place).ok())
}

/// The text in a row.
pub fn text(column: &StringArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

#[cfg(test)]
mod tests {
    use arrow::array::DictionaryArray;

    use super::*;

    #[test]
    fn both_kinds_say_the_same_and_each_text_is_looked_at_once_where_it_is_placed() {
        let all = [Some("b"), None, Some("a"), Some("a"), Some("b"), Some("")];
        let plain: StringArray = all.into_iter().collect();
        let placed: DictionaryArray<Int32Type> = all.into_iter().collect();
        let mut asked = Vec::new();
        for column in [&plain as &dyn Array, &placed] {
            let texts = Texts::of(column).unwrap();
            let mut once = Once::of(texts);
            let mut looked = 0;
            for (row, text) in all.into_iter().enumerate() {
                assert_eq!((texts.at(row), once.is_there(row)), (text, text.is_some()));
                let length = once.at(row, |text| {
                    looked += 1;
                    text.len()
                });
                assert_eq!(length, text.map(str::len));
            }
            asked.push(looked);
            assert!(!texts.is_empty());
        }
        assert_eq!(asked, [4, 3]);
        let none: StringArray = [None::<&str>; 3].into_iter().collect();
        assert!(Texts::of(&none).unwrap().is_empty());
        assert!(Texts::of(&Int32Array::from(vec![1])).is_none());
    }
}
