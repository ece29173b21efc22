//! Which language whoever comes is spoken to in.

/// What they chose, else what their browser asks for most, else the first. Languages are told by their first part: `pt-BR` is spoken to in `pt`.
pub fn choose<'t>(tags: &[&'t str], chosen: Option<&str>, accepted: &str) -> &'t str {
    let known = |tag: &str| {
        let first = tag.split(['-', '_']).next().unwrap_or("");
        tags.iter().copied().find(|known| known.eq_ignore_ascii_case(first))
    };
    if let Some(tag) = chosen.and_then(known) {
        return tag;
    }
    let mut best: Option<(u16, &'t str)> = None;
    for one in accepted.split(',').take(MOST) {
        let (tag, quality) = one.split_once(';').unwrap_or((one, ""));
        let Some(tag) = known(tag.trim()) else { continue };
        let quality = quality_of(quality);
        // Between two that are liked as well, the one that is said first.
        if quality > 0 && best.is_none_or(|(best, _)| quality > best) {
            best = Some((quality, tag));
        }
    }
    best.map_or_else(|| tags.first().copied().unwrap_or(""), |(_, tag)| tag)
}

/// More languages than anybody asks for.
const MOST: usize = 32;

/// How much one is liked, in thousandths: `q=0.8`, with three digits at most. What is no number is not liked at all.
fn quality_of(text: &str) -> u16 {
    let Some(number) = text.trim().strip_prefix("q=") else { return 1000 };
    let (whole, part) = number.trim().split_once('.').unwrap_or((number.trim(), ""));
    let digits: String = part.chars().chain("000".chars()).take(3).collect();
    match (whole, digits.parse::<u16>()) {
        ("1", _) => 1000,
        ("0", Ok(thousandths)) => thousandths,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::choose;

    const TAGS: [&str; 4] = ["en", "cy", "ur", "pt"];

    #[test]
    fn whoever_comes_is_spoken_to_in_what_they_chose_or_like_best() {
        for (chosen, accepted, tag) in [
            (None, "", "en"),
            (None, "ur", "ur"),
            (None, "ur-PK,ur;q=0.9,en;q=0.8", "ur"),
            (None, "en-GB,en;q=0.9,cy;q=0.8", "en"),
            (None, "fr-FR,fr;q=0.9,cy;q=0.3,en;q=0.2", "cy"),
            (None, "de, *;q=0.5", "en"),
            (None, "cy;q=0, ur;q=0.1", "ur"),
            (None, "PT-br", "pt"),
            (None, "en;q=nonsense, ur;q=0.1", "ur"),
            (Some("cy"), "ur", "cy"),
            (Some("xx"), "ur", "ur"),
            (Some(""), "ur", "ur"),
        ] {
            assert_eq!(choose(&TAGS, chosen, accepted), tag, "{chosen:?} {accepted:?}");
        }
        assert_eq!(choose(&[], None, "ur"), "");
    }
}
