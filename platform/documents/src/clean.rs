//! What people wrote, made fit for print.

use serde_json::Value;

/// The same data, where every sign of a text can be printed. A drawing (`<svg …`) is ours, and stays as it is.
pub(crate) fn cleaned(data: Value, has_sign: impl Fn(char) -> bool + Copy) -> Value {
    match data {
        Value::String(text) if text.starts_with("<svg ") => Value::String(text),
        Value::String(text) => Value::String(printable(&text, has_sign)),
        Value::Array(all) => all.into_iter().map(|one| cleaned(one, has_sign)).collect(),
        Value::Object(all) => all
            .into_iter()
            .map(|(name, one)| (name, cleaned(one, has_sign)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

fn printable(text: &str, has_sign: impl Fn(char) -> bool) -> String {
    let signs = text.chars().filter_map(|sign| match sign {
        // They would turn around what stands beside a name, or hide a part of it.
        '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
        '\n' => Some(sign),
        // They join and part letters, and have no shape of their own.
        '\u{200c}' | '\u{200d}' => Some(sign),
        sign if sign.is_whitespace() => Some(' '),
        sign if sign.is_control() => None,
        sign if has_sign(sign) => Some(sign),
        _ => Some('?'),
    });
    signs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_no_sign_that_cannot_be_printed_or_that_turns_it_around() {
        let latin = |sign: char| sign.is_ascii_graphic() || sign == 'ŵ';
        for (written, printed) in [
            ("Siwan Tŵ", "Siwan Tŵ"),
            ("a\u{202e}b\u{2066}c\u{200f}", "abc"),
            ("a\u{0}\tb\nc\u{a0}d", "a b\nc d"),
            ("日本 x", "?? x"),
            ("#import \"x\" \\ ] $", "#import \"x\" \\ ] $"),
        ] {
            assert_eq!(printable(written, latin), printed, "{written:?}");
        }
        let data = serde_json::json!({ "a": ["日", 1, null, "<svg 日"], "b": { "c": "日" } });
        let clean = serde_json::json!({ "a": ["?", 1, null, "<svg 日"], "b": { "c": "?" } });
        assert_eq!(cleaned(data, latin), clean);
    }
}
