//! What pupils search for, as far as it travels without encryption: it is in the activity log and nowhere else.

use std::time::Duration;

use anyhow::{Context, Result};
use journeys::{School, eventually};
use serde_json::Value;

const SEARCH: &str = "w/index.php?title=Special:Search&search=Wombat+burrows%2C+how+deep%3F";
const WORDS: &str = "Wombat burrows, how deep?";

/// The objects of an answer in JSON lines.
fn objects(lines: &str) -> Vec<Value> {
    lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn what_a_pupil_searches_for_is_found_and_a_helpline_tells_nothing() -> Result<()> {
    let school = School::demo_heard("trace")?;
    let pupil = school.anyone_in("year-8")?.address.clone();
    let page = school.curl(&pupil, &format!("{}{SEARCH}", school.page_of("en.wikipedia.org")), &[])?;
    assert!(page.contains("200 OK"), "{page}");
    // A site with no search that we know of, a search that is only being typed, and a helpline's own search.
    for (host, path) in [
        ("www.bbc.co.uk", "sport?colour=quokkacolour"),
        ("en.wikipedia.org", "w/api.php?search=quokkatyped"),
        ("www.childline.org.uk", "search/?q=quokkasecret&search=quokkasecret"),
        ("www.childline.org.uk", "w/index.php?search=quokkasecret"),
    ] {
        school.curl(&pupil, &format!("{}{path}", school.page_of(host)), &[])?;
    }
    school.dig(&pupil, &["marker.example"])?;
    let found = eventually(Duration::from_secs(10), || {
        let lines = school.told(&["--json", "activity", "search", "--address", &pupil]).ok()?;
        lines.contains("marker.example").then_some(lines)
    })
    .context("the marker reached the log")?;
    let searched: Vec<Value> =
        objects(&found).into_iter().filter(|event| event["searched"].is_string()).collect();
    assert_eq!(searched.len(), 1, "{found}");
    assert_eq!(searched[0]["searched"], WORDS);
    assert_eq!(
        (&searched[0]["host"], &searched[0]["path"]),
        (&"en.wikipedia.org".into(), &"/w/index.php".into())
    );
    assert!(!found.contains("quokka"), "{found}");

    let report = school.told(&["--json", "activity", "report", "search-terms", "--term", "BURROWS"])?;
    let rows = objects(&report);
    assert_eq!(rows.len(), 1, "{report}");
    assert_eq!((&rows[0]["searched"], &rows[0]["site"]), (&WORDS.into(), &"wikipedia.org".into()));
    let pseudonym = rows[0]["person"].as_str().context("a pseudonym")?;
    assert_eq!(searched[0]["person"], pseudonym);
    let seen = school.told(&["activity", "search", "--address", &pupil])?;
    assert!(seen.contains(&format!("searched: {WORDS:?}")), "{seen}");

    let csv = school.told(&["activity", "export"])?;
    assert!(
        csv.lines().next().context("a head")?.ends_with("origin,transport,person_name,device_name"),
        "{csv}"
    );
    assert!(csv.contains(",\"Wombat burrows, how deep?\","), "{csv}");
    let file = school.home().join("export.parquet");
    school.told(&["activity", "export", "--format", "parquet", "-o", file.to_str().context("a path")?])?;
    assert!(std::fs::metadata(&file)?.len() > 0);

    // The words are in the log's own files and in no others; those at the helpline are in none.
    let heard = school.heard()?;
    assert!(!heard.contains("ombat") && !heard.contains("quokka"), "{heard}");
    let mut kept = 0;
    for file in std::fs::read_dir(school.home().join("log"))? {
        let bytes = std::fs::read(file?.path())?;
        let holds = |needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
        kept += usize::from(holds("Wombat burrows"));
        assert!(!holds("quokka") && !holds("childline"));
    }
    assert_eq!(kept, 1);
    Ok(())
}
