//! What somebody may have meant who wrote what there is not.

/// How many are offered.
const OFFERED: usize = 3;

/// Those of `all` that are close to what was written, and only the closest. Letter case and all marks between letters and
/// digits do not count, and a part of a name is close to it.
pub fn nearby<'a>(written: &str, all: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = plain(written);
    let mut close: Vec<(usize, &str)> =
        all.into_iter().filter_map(|one| distance(&wanted, &plain(one)).map(|far| (far, one))).collect();
    close.sort_unstable();
    // The closest are meant, and nothing that is further.
    let nearest = close.first().map(|(far, _)| *far);
    close.retain(|(far, _)| Some(*far) == nearest);
    close.truncate(OFFERED);
    close.into_iter().map(|(_, one)| one).collect()
}

/// The same as the end of a sentence: `; did you mean group:year-9 or group:year-10?`, or nothing. `before` stands before
/// each.
pub fn did_you_mean<'a>(written: &str, all: impl IntoIterator<Item = &'a str>, before: &str) -> String {
    let close: Vec<String> = nearby(written, all).into_iter().map(|one| format!("{before}{one}")).collect();
    match close.as_slice() {
        [] => String::new(),
        [one] => format!("; did you mean {one}?"),
        [first @ .., last] => format!("; did you mean {} or {last}?", first.join(", ")),
    }
}

fn plain(text: &str) -> String {
    text.chars().filter(|sign| sign.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How far apart two words are, where that is near: the slips of the finger between them, and for a part of a word one
/// more than for the nearest slip.
fn distance(wanted: &str, other: &str) -> Option<usize> {
    let length = wanted.chars().count();
    if length == 0 {
        return None;
    }
    let slips = strsim::osa_distance(wanted, other);
    // In a short word one slip is much.
    if slips <= length.div_ceil(4) {
        return Some(slips);
    }
    (length >= 3 && other.contains(wanted)).then_some(length.div_ceil(4) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_close_is_offered_and_what_is_not_is_not() {
        let groups = ["pupils", "year-9", "year-10", "sixth-form", "staff"];
        for (written, offered) in [
            ("Year 9", "; did you mean year-9?"),
            ("yaer-10", "; did you mean year-10?"),
            ("sixthform", "; did you mean sixth-form?"),
            ("stuff", "; did you mean staff?"),
            ("year", "; did you mean year-9?"),
            ("form", "; did you mean sixth-form?"),
            ("governors", ""),
            ("", ""),
        ] {
            assert_eq!(did_you_mean(written, groups, ""), offered, "{written}");
        }
        assert_eq!(nearby("example", ["Ada Example", "Bo Other"]), ["Ada Example"]);
    }
}
