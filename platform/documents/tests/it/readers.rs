//! What poppler, qpdf and pikepdf make of our documents. All are Debian's (`poppler-utils`, `qpdf`, `python3-pikepdf`).

use std::path::Path;
use std::process::Command;

use documents::{DocumentError, Template, pdf};
use kit::Timestamp;
use serde_json::{Value, json};

/// 23 November 2026, 09:00.
const AT: Timestamp = Timestamp::from_millis(1_795_424_400_000);

const CARDS: Template =
    Template { name: "cards", text: include_str!("../../../../content/documents/cards.typ") };
const SLIPS: Template =
    Template { name: "slips", text: include_str!("../../../../content/documents/slips.typ") };
const LANYARD: Template =
    Template { name: "lanyard", text: include_str!("../../../../content/documents/lanyard.typ") };

const SQUARE: &str =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\"><path d=\"M1,1h6v6h-6z\"/></svg>";

fn card(name: &str, rest: Value) -> Value {
    let mut card = json!({ "name": name, "sign-in": "a.example", "keep": "Keep it safe.", "where": "Open http://portal.example and press Sign in.", "words": "" });
    card.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    card
}

fn cards(cards: Vec<Value>) -> Value {
    json!({
        "title": "Cards for Otters", "about": "Six cards.", "school": "Hillside", "printed": "23 November 2026",
        "class": { "drawing": SQUARE, "address": "https://portal.example/sign-in/card", "code": "BCDF-GHJK-LM" },
        "teacher": ["Teach the rules first."], "cards": cards,
    })
}

fn pictures(name: &str) -> Value {
    let pictures: Vec<Value> =
        ["cat", "sun", "boat"].map(|word| json!({ "word": word, "drawing": SQUARE })).into();
    card(name, json!({ "way": "pictures", "pictures": pictures }))
}

fn run(program: &str, words: &[&str]) -> String {
    let run = Command::new(program).args(words).output();
    let run = run.unwrap_or_else(|error| panic!("{program}: {error}; scripts/set-up.sh test installs it"));
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{program} {words:?}: {said}{}", String::from_utf8_lossy(&run.stderr));
    said
}

/// A document in a folder of its own.
struct Printed(tempfile::TempDir);

impl Printed {
    fn of(template: &Template, data: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        match pdf(template, data, AT) {
            Ok(bytes) => std::fs::write(folder.path().join("it.pdf"), bytes).unwrap(),
            Err(DocumentError::NotAccessible { complaints, .. }) => panic!("{:?}", complaints.reveal()),
            Err(error) => panic!("{error}"),
        }
        if let Some(keep) = std::env::var_os("FIVEBAR_DOCUMENTS") {
            let to = Path::new(&keep).join(format!("{}.pdf", template.name));
            std::fs::copy(folder.path().join("it.pdf"), to).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> String {
        self.0.path().join("it.pdf").display().to_string()
    }

    /// The words, as somebody who copies them gets them, on one line.
    fn words(&self) -> String {
        let words = run("pdftotext", &["-enc", "UTF-8", &self.path(), "-"]);
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The tag tree: kinds and words for pictures; and what is said of the whole.
    fn tags(&self) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tags.py");
        run("/usr/bin/python3", &[script, &self.path()])
    }
}

#[test]
fn a_document_is_whole_and_says_what_it_is_to_other_peoples_readers() {
    let link = card(
        "Jo Example",
        json!({ "way": "own", "link": "https://portal.example/welcome/x", "until": "Monday", "drawing": SQUARE }),
    );
    let words = card("Bo Example", json!({ "way": "words", "words": "sun boat" }));
    let printed = Printed::of(&CARDS, &cards(vec![pictures("Ada Example"), words, link]));
    assert!(run("qpdf", &["--check", &printed.path()]).contains("No syntax or stream encoding errors"));
    let about = run("pdfinfo", &[&printed.path()]);
    for line in
        ["Title:           Cards for Otters", "Tagged:          yes", "Creator:         Fivebar", "A4"]
    {
        assert!(about.contains(line), "{line} in {about}");
    }
    let said = printed.words();
    for words in ["Class card", "BCDF-GHJK-LM", "Ada Example", "1 cat", "3 boat", "sun boat"] {
        assert!(said.contains(words), "{words} in {said}");
    }
    // A long address has line ends where there is no blank.
    assert!(said.replace(' ', "").contains("https://portal.example/welcome/x"), "{said}");

    let tags = printed.tags();
    for line in [
        "marked\tTrue",
        "language\ten-GB",
        "title\tCards for Otters",
        "pdfuaid:part\t1",
        "pdfaid:part\t2",
        "pdfaid:conformance\tA",
        "Picture 2: sun",
    ] {
        assert!(tags.contains(line), "{line} in {tags}");
    }
    let kinds = |kind: &str| tags.lines().filter(|line| line.split('\t').nth(1) == Some(kind)).count();
    assert_eq!(kinds("H1"), 1, "{tags}");
    // The class card, what to do first, and one of each child.
    assert_eq!(kinds("H2"), 5, "{tags}");
    let figures: Vec<&str> = tags.lines().filter(|line| line.split('\t').nth(1) == Some("Figure")).collect();
    assert_eq!(figures.len(), 5, "{tags}");
    assert!(figures.iter().all(|line| line.split('\t').nth(2).is_some_and(|alt| !alt.is_empty())), "{tags}");
}

#[test]
fn what_people_wrote_is_data_and_never_template() {
    let names = [
        "#import \"@preview/x:1.0.0\": *",
        "] #read(\"/etc/passwd\") [",
        "$x$ \\ *bold* _under_ `raw` <label> @ref",
        "= Heading // not a comment",
        "Siân Llŷr Ŵyn",
        "Zoë O’Neil-Đặng",
    ];
    let printed = Printed::of(&CARDS, &cards(names.iter().map(|name| pictures(name)).collect()));
    let said = printed.words();
    for name in names {
        assert!(said.contains(name), "{name} in {said}");
    }
    let headings = printed.tags().lines().filter(|line| line.split('\t').nth(1) == Some("H1")).count();
    assert_eq!(headings, 1);
}

#[test]
fn names_in_other_scripts_are_printed_or_replaced_and_turn_nothing_around() {
    // As its holder writes it; with a sign that would turn the line around; in a script that no face has.
    let data = cards(vec![
        pictures("عائشہ خان"),
        pictures("Bo \u{202e}elpmaxE"),
        pictures("日本 Example"),
        pictures("Оксана Αννα Đặng"),
    ]);
    let said = Printed::of(&CARDS, &data).words();
    // A reader may give the letters of Arabic in their joined forms, in either order; the others as they stand.
    let arabic = |sign: char| matches!(sign, '\u{600}'..='\u{6ff}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}');
    assert!(said.chars().filter(|sign| arabic(*sign)).count() >= 7, "{said}");
    for name in ["Bo elpmaxE", "?? Example", "Оксана Αννα Đặng"] {
        assert!(said.contains(name), "{name} in {said}");
    }
}

#[test]
fn a_lanyard_and_its_number_are_printed_apart() {
    let data = json!({
        "title": "Lanyard", "school": "Hillside", "printed": "23 November 2026", "name": "Sam Example", "what": "Supply teacher",
        "drawing": SQUARE, "days": "Monday 23 November 2026", "classes": "Year 5, Year 6", "pin": "482 913",
        "address": "portal.example/sign-in/lanyard", "code": "BCDF-GHJK-LMNP",
        "notes": ["It ends with the day."],
    });
    let printed = Printed::of(&LANYARD, &data);
    let said = printed.words();
    let (lanyard, pocket) = said.split_once("To keep in a pocket").unwrap();
    assert!(lanyard.contains("Year 5, Year 6") && !lanyard.contains("482"), "{said}");
    assert!(
        lanyard.contains("BCDF-GHJK-LMNP") && lanyard.contains("portal.example/sign-in/lanyard"),
        "{said}"
    );
    assert!(pocket.contains("482 913") && !pocket.contains("BCDF"), "{said}");
    assert!(printed.tags().contains("pdfuaid:part\t1"));
}

#[test]
fn slips_for_adults_are_printed_each_with_its_own_link() {
    let slip =
        |name: &str, link: &str| json!({ "name": name, "sign-in": "sam.e", "drawing": SQUARE, "link": link });
    let data = json!({
        "title": "Ways in", "school": "Hillside", "printed": "23 November 2026", "until": "24 November 2026 at 09:00",
        "address": "https://portal.example",
        "slips": [slip("Sam Example", "https://portal.example/welcome/A"), slip("Tess Example", "https://portal.example/welcome/B")],
    });
    let printed = Printed::of(&SLIPS, &data);
    let said = printed.words();
    // A link is broken into lines.
    let tight: String = said.split_whitespace().collect();
    let has = |words: &str| tight.contains(words);
    assert!(
        has("SamExample") && has("portal.example/welcome/A") && has("portal.example/welcome/B"),
        "{said}"
    );
    assert!(said.contains("until 24 November 2026") && !said.contains("child"), "{said}");
    assert!(printed.tags().contains("pdfuaid:part\t1"));
}

#[test]
fn what_would_not_be_accessible_and_what_reaches_out_is_no_document() {
    let refused = |text: &'static str| match pdf(&Template { name: "made-up", text }, &json!({}), AT) {
        Err(DocumentError::NotAccessible { complaints, .. }) => complaints.into_revealed().join("; "),
        Ok(_) => panic!("it was printed: {text}"),
        Err(error) => panic!("{error}"),
    };
    let titled = "#set document(title: \"x\")\n#set text(lang: \"en\")\n";
    for (rest, why) in [
        ("#read(\"/etc/passwd\")", "access"),
        ("#read(\"../x\")", ""),
        ("#import \"/other.typ\": x", "access"),
        ("#import \"@preview/cetz:0.3.0\": x", "access"),
        ("#image(bytes(\"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'/>\"))", "alt"),
    ] {
        let said = refused(Box::leak(format!("{titled}{rest}").into_boxed_str()));
        assert!(!said.is_empty() && said.contains(why), "{rest}: {said}");
    }
    assert!(refused("= No title").contains("title"));
}

#[test]
fn an_error_says_nothing_of_what_was_to_be_printed() {
    let template = Template { name: "made-up", text: "#panic(json(\"/data.json\").name)" };
    let error = pdf(&template, &json!({ "name": "Ada Example" }), AT).unwrap_err();
    assert_eq!(error.to_string(), "the document made-up cannot be printed: 1 complaints");
    assert!(!format!("{error:?}").contains("Ada"));
}
