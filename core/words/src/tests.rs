use std::sync::Arc;

use super::*;

/// Labels that count: the table of their forms.
const COUNTED: &[&str] = &["why.count"];

fn is_counted(key: &str) -> bool {
    COUNTED.iter().any(|counted| key.strip_prefix(counted).is_some_and(|rest| rest.starts_with('.')))
}

#[test]
fn every_language_has_every_label_with_what_is_filled_in() {
    for text in CONTENT {
        Language::read(text).unwrap();
    }
    let words = Words::built_in();
    assert_eq!(words.languages().len(), CONTENT.len());
    let source = words.language(SOURCE).unwrap();
    for language in words.languages() {
        let tag = &language.tag;
        assert_eq!(language.version, source.version, "{tag} was made from another English");
        assert_eq!(language.is_draft(), tag != SOURCE, "{tag}: {}", language.standing);
        for (key, text) in source.words().iter().filter(|(key, _)| !is_counted(key)) {
            let theirs = language.words().get(key).unwrap_or_else(|| panic!("{tag} lacks {key}"));
            assert_eq!(words.wrong_with(tag, key, theirs), None, "{tag} {key}");
            assert_eq!(placeholders(theirs), placeholders(text), "{tag} {key}");
        }
        for counted in COUNTED {
            let forms = Form::all_of(tag);
            for form in Form::ALL {
                let text = language.words().get(&format!("{counted}.{}", form.id()));
                assert_eq!(text.is_some(), forms.contains(&form), "{tag} {counted} {form:?}");
                assert!(text.is_none_or(|text| placeholders(text) == ["n"]), "{tag} {counted} {form:?}");
            }
        }
        let odd: Vec<&String> = language
            .words()
            .keys()
            .filter(|key| !source.words().contains_key(*key) && !is_counted(key))
            .collect();
        assert_eq!(odd, Vec::<&String>::new(), "{tag} has labels that nobody asks for");
    }
}

#[test]
fn a_label_is_always_there_and_what_is_filled_in_is_filled_in_once() {
    let words = Words::built_in();
    let welsh = words.speak("cy");
    assert_eq!((welsh.tag(), welsh.direction()), ("cy", "ltr"));
    assert_eq!(words.speak("ur").direction(), "rtl");
    assert_eq!(words.speak("xx").tag(), "en");
    assert_eq!(welsh.say("block.title"), "Mae’r dudalen hon wedi’i rhwystro");
    assert_eq!(welsh.say("no.such"), "no.such");
    assert_eq!(welsh.fill("block.site", &[("site", "{site}.example")]), "Y wefan yw {site}.example.");
    assert_eq!(fill("{a} {b} {", &[("a", "{b}"), ("b", "2")]), "{b} 2 {");
    assert_eq!(words.speak("en").around("block.site", "site"), ("The site is ", "."));
    assert_eq!(welsh.around("link.why", "site"), ("Pam cefais i fy rhwystro?", ""));
    assert_eq!(words.speak("en").count("why.count", 1), "1 site was blocked on this device.");
    assert_eq!(words.speak("pl").count("why.count", 5), "Na tym urządzeniu zablokowano 5 stron.");
    assert_eq!(words.speak("cy").count("why.count", 1), "Cafodd 1 wefan ei rhwystro ar y ddyfais hon.");
}

#[test]
fn a_school_s_own_words_stand_over_the_program_s_and_what_is_wrong_with_them_is_said() {
    let words = Words::built_in();
    let mut own = Own::default();
    own.read("cy", "standing = \"checked by a speaker, May 2027\"\n[block]\ntitle = \"Ddim yma\"\nsite = \"Ddim yma\"\n[no]\nsuch = \"x\"\n")
        .unwrap();
    own.read("xx", "[block]\ntitle = \"?\"\n").unwrap();
    let said: Vec<(String, String)> = own
        .check(&words)
        .into_iter()
        .map(|one| (format!("{} {}", one.language, one.key), one.what))
        .collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].0 == "cy block.site" && said[0].1.contains("{site}"), "{said:?}");
    assert!(said[1].0 == "cy no.such" && said[1].1.contains("no page has such a label"), "{said:?}");
    assert!(said[2].0 == "xx " && said[2].1.contains("no such language"), "{said:?}");
    let theirs = Arc::new(words.with(&own));
    let welsh = theirs.speak("cy");
    assert_eq!(welsh.say("block.title"), "Ddim yma");
    assert_eq!(welsh.say("block.site"), "Y wefan yw {site}.", "what lost its braces is passed over");
    assert!(!welsh.is_draft());
    for odd in ["", "  ", "a\nb", "\u{202e}x"] {
        assert!(words.wrong_with("en", "block.title", odd).is_some(), "{odd:?}");
    }
    assert!(words.wrong_with("en", "block.title", &"a".repeat(LONGEST + 1)).is_some());
    assert!(own.read("cy", "[a]\nb = 1\n").is_err() && own.read("cy", "nonsense").is_err());
}

#[test]
fn the_pages_of_whoever_signs_in_are_there_in_english_and_welsh_label_for_label() {
    for text in PORTAL {
        Language::read(text).unwrap();
    }
    let words = Words::built_in();
    let there: Vec<&str> =
        words.languages().iter().filter(|one| one.has_portal()).map(|one| one.tag.as_str()).collect();
    assert_eq!(there, ["en", "cy"]);
    let (english, welsh) = (words.language("en").unwrap(), words.language("cy").unwrap());
    for (key, text) in english.portal.iter().filter(|(key, _)| !is_a_form(key)) {
        let theirs = welsh.portal.get(key).unwrap_or_else(|| panic!("Welsh lacks {key}"));
        assert_eq!(words.wrong_with("cy", key, theirs), None, "{key}");
        assert_eq!(placeholders(theirs), placeholders(text), "{key}");
    }
    for language in [english, welsh] {
        let forms = Form::all_of(&language.tag);
        for (key, text) in &language.portal {
            assert!(!language.words.contains_key(key), "{key} is a label of the pages for everybody too");
            assert!(text.trim() == text && !text.is_empty(), "{key}: {text:?}");
            let source = english.portal.keys().any(|known| {
                known == key || is_a_form(key) && is_a_form(known) && table(known) == table(key)
            });
            assert!(source, "{key} is not in the English");
            if is_a_form(key) {
                let of = |form: &Form| language.portal.contains_key(&format!("{}.{}", table(key), form.id()));
                assert!(
                    Form::ALL.iter().all(|form| of(form) == forms.contains(form)),
                    "{} {key}",
                    language.tag
                );
            }
        }
    }
    // A language in which those pages are not there lacks none of them, and takes none of a school's own.
    assert!(words.missing("pl").is_empty() && words.missing("cy").iter().all(|key| is_a_form(key)));
    assert!(
        words.wrong_with("pl", "shell.sign-out", "x").is_some_and(|say| say.contains("English and Welsh"))
    );
    for (asked, spoken) in [("pl", "en"), ("cy", "cy"), ("pl,cy;q=0.5", "cy"), ("", "en")] {
        assert_eq!(words.speak_at_portal(None, asked).tag(), spoken, "{asked}");
    }
    let mut own = Own::default();
    own.make("cy", &label("shell.sign-out", Some("Mynd adref")));
    assert!(own.check(&words).is_empty());
    assert_eq!(Arc::new(words.with(&own)).speak("cy").say("shell.sign-out"), "Mynd adref");
}

fn table(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(table, _)| table)
}

fn label(key: &str, text: Option<&str>) -> Change {
    Change::Label { key: key.to_owned(), text: text.map(str::to_owned) }
}

#[test]
fn who_has_checked_a_language_is_said_in_one_line_and_taken_back() {
    let (words, mut own) = (Words::built_in(), Own::default());
    let by = Change::Standing(Some("checked by the school's interpreter, May 2027".to_owned()));
    assert_eq!(words.wrong_with_change("pl", &by), None);
    for odd in ["", " ", "a\nb", "\u{202e}x"] {
        assert!(words.wrong_with_change("pl", &Change::Standing(Some(odd.to_owned()))).is_some(), "{odd:?}");
    }
    own.make("pl", &by);
    let said = words.with(&own);
    assert!(!said.language("pl").unwrap().is_draft() && words.language("pl").unwrap().is_draft());
    own.make("pl", &Change::Standing(None));
    assert!(own.is_empty());
}

#[test]
fn what_a_school_says_is_written_as_it_is_read_and_taken_back_whole() {
    let mut own = Own::default();
    assert_eq!(own.make("ur", &label("block.title", Some("بند \"ہے\""))), None);
    own.make("ur", &label("why.count.one", Some("{n}")));
    let text = own.written("ur");
    let mut again = Own::default();
    again.read("ur", &text).unwrap();
    assert_eq!(again, own);
    assert_eq!(own.make("ur", &label("block.title", None)).as_deref(), Some("بند \"ہے\""));
    own.make("ur", &label("why.count.one", None));
    assert!(own.is_empty() && own.written("ur").is_empty());
}
