//! The forms that languages have for numbers, by Unicode CLDR's plural rules for whole numbers (release 48), for the languages there are.

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// Of none, where a language has one.
    Zero,
    /// Of one.
    One,
    /// Of two, where a language has one.
    Two,
    /// Of a few.
    Few,
    /// Of many.
    Many,
    /// Of every other number. Every language has it.
    Other,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Zero, Self::One, Self::Two, Self::Few, Self::Many, Self::Other];

    /// The name in files.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Zero => "zero",
            Self::One => "one",
            Self::Two => "two",
            Self::Few => "few",
            Self::Many => "many",
            Self::Other => "other",
        }
    }

    /// The one that a language has for that number.
    pub fn of(tag: &str, n: u64) -> Self {
        let (tens, units) = (n % 100, n % 10);
        match tag {
            "cy" => match n {
                0 => Self::Zero,
                1 => Self::One,
                2 => Self::Two,
                3 => Self::Few,
                6 => Self::Many,
                _ => Self::Other,
            },
            "ar" => match (n, tens) {
                (0, _) => Self::Zero,
                (1, _) => Self::One,
                (2, _) => Self::Two,
                (_, 3..=10) => Self::Few,
                (_, 11..=99) => Self::Many,
                _ => Self::Other,
            },
            "pl" => match (n, units, tens) {
                (1, ..) => Self::One,
                (_, 2..=4, tens) if !(12..=14).contains(&tens) => Self::Few,
                _ => Self::Many,
            },
            "ro" => match (n, tens) {
                (1, _) => Self::One,
                (0, _) | (_, 1..=19) => Self::Few,
                _ => Self::Other,
            },
            // Of none as of one.
            "bn" | "gu" | "pa" if n <= 1 => Self::One,
            // As in Portugal; in Brazil none is as one.
            "pt" | "en" | "so" | "tr" | "ur" if n == 1 => Self::One,
            _ => Self::Other,
        }
    }

    /// Those that a language has: which a label that counts must have.
    pub fn all_of(tag: &str) -> Vec<Self> {
        let mut forms: Vec<Self> = (0..=120).map(|n| Self::of(tag, n)).chain([Self::Other]).collect();
        forms.sort_unstable();
        forms.dedup();
        forms
    }
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn each_language_has_its_forms() {
        for (tag, n, form) in [
            ("en", 0, "other"),
            ("en", 1, "one"),
            ("en", 2, "other"),
            ("cy", 0, "zero"),
            ("cy", 2, "two"),
            ("cy", 3, "few"),
            ("cy", 4, "other"),
            ("cy", 6, "many"),
            ("ar", 0, "zero"),
            ("ar", 2, "two"),
            ("ar", 3, "few"),
            ("ar", 11, "many"),
            ("ar", 100, "other"),
            ("ar", 103, "few"),
            ("pl", 1, "one"),
            ("pl", 2, "few"),
            ("pl", 5, "many"),
            ("pl", 12, "many"),
            ("pl", 22, "few"),
            ("pl", 21, "many"),
            ("ro", 0, "few"),
            ("ro", 1, "one"),
            ("ro", 19, "few"),
            ("ro", 20, "other"),
            ("ro", 101, "few"),
            ("bn", 0, "one"),
            ("bn", 2, "other"),
            ("pt", 1, "one"),
            ("pt", 0, "other"),
            ("ur", 1, "one"),
            ("so", 7, "other"),
        ] {
            assert_eq!(Form::of(tag, n).id(), form, "{tag} {n}");
        }
        assert_eq!(Form::all_of("ar").len(), 6);
        assert_eq!(Form::all_of("pl"), [Form::One, Form::Few, Form::Many, Form::Other]);
        assert_eq!(Form::all_of("tr"), [Form::One, Form::Other]);
    }
}
