//! Every file of the real lists, in one import.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::support::{data, head, ids, name, unpacked};
use lists::{Foreign, IndexBuilder, ListIndex, Report, Seed, detect, read};

fn files() -> Option<Vec<PathBuf>> {
    let folder = data("domains")?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .flat_map(|source| std::fs::read_dir(source.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    Some(files)
}

/// Source and name, as in `ut1/games`.
fn id(file: &Path) -> String {
    let source = file.parent().and_then(Path::file_name).unwrap().to_str().unwrap();
    format!("{source}/{}", file.file_name().unwrap().to_str().unwrap().split('.').next().unwrap())
}

#[test]
fn every_file_loads_in_one_import_or_is_refused_as_a_whole_with_its_format() {
    let Some(files) = files() else { return };
    let mut builder = IndexBuilder::new(Seed([1; 16]));
    let mut reports: Vec<(String, Report)> = Vec::new();
    let mut foreign = Vec::new();
    let mut first_names: Vec<(String, String)> = Vec::new();
    for file in &files {
        let path = file.to_str().unwrap();
        let text = unpacked(file);
        let id = id(file);
        match detect(path, &text) {
            Ok(format) => {
                let mut writer = builder.list(head(&format!("{id} {}", format.id()))).unwrap();
                let mut first = None;
                let mut sink = |says: lists::Says, entry: lists::Entry<'_>| {
                    if let (None, lists::Entry::Below(name) | lists::Entry::Exact(name)) = (&first, entry) {
                        first = Some(name.as_str().to_owned());
                    }
                    lists::Sink::take(&mut writer, says, entry);
                };
                let report = read(&text, format, &mut sink);
                let label = format!("{id} {}", format.id());
                first_names.extend(first.map(|first| (label.clone(), first)));
                reports.push((label, report));
            }
            Err(why) => foreign.push((id, why)),
        }
    }
    let index = ListIndex::open(Arc::new(builder.build().unwrap())).unwrap();
    println!("{:<52} {:>8} {:>6} {:>8} {:>7} refused", "list", "lines", "blank", "accepted", "again");
    let mut sums = [0u64; 3];
    for ((id, report), list) in reports.iter().zip(index.lists()) {
        let refused: Vec<String> = report
            .refused
            .iter()
            .map(|(why, refused)| format!("{why:?} {} (lines {:?})", refused.count, refused.first_lines))
            .collect();
        println!(
            "{id:<52} {:>8} {:>6} {:>8} {:>7} {}",
            report.lines,
            report.blank,
            report.accepted,
            list.tally.duplicates,
            refused.join(", ")
        );
        sums[0] += report.lines;
        sums[1] += report.accepted;
        sums[2] += report.refused_count();
        assert!(report.accepted > 0, "{id}");
        assert!(report.refused_count() * 20 <= report.lines, "{id} refuses more than one line in twenty");
    }
    println!(
        "{} lists: {} lines, {} accepted, {} refused; {index:?}",
        reports.len(),
        sums[0],
        sums[1],
        sums[2]
    );
    for (id, why) in &foreign {
        println!("{id}: {why}");
    }
    let foreign: Vec<(&str, Foreign)> = foreign.iter().map(|(id, why)| (id.as_str(), *why)).collect();
    assert_eq!(foreign, [("psl/public_suffix_list", Foreign::PublicSuffixes),]);
    for (id, first) in &first_names {
        assert!(
            ids(&index, index.name(name(first)).iter().copied()).contains(&id.as_str()),
            "{first} of {id}"
        );
    }
    index.verify().unwrap();
}

#[test]
fn the_same_list_in_three_formats_knows_the_same_names() {
    let Some(files) = files() else { return };
    let folder = files[0].parent().unwrap().parent().unwrap().join("blocklistproject");
    for (hosts, others) in [
        ("drugs.hosts.gz", &["drugs-ags.txt.gz", "drugs-dnsmasq.txt.gz"][..]),
        ("tiktok.hosts.gz", &["tiktok-ags.txt.gz", "tiktok-dnsmasq.txt.gz"]),
        ("redirect.hosts.gz", &["redirect-ags.txt.gz"]),
    ] {
        let mut names = Vec::new();
        let text = unpacked(&folder.join(hosts));
        lists::read_file(hosts, &text, &mut |_: lists::Says, entry: lists::Entry<'_>| {
            if let lists::Entry::Exact(name) = entry {
                names.push(name.as_str().to_owned());
            }
        })
        .unwrap();
        for other in others {
            let mut builder = IndexBuilder::new(Seed([3; 16]));
            let mut writer = builder.list(head(other)).unwrap();
            let report = lists::read_file(other, &unpacked(&folder.join(other)), &mut writer).unwrap();
            let index = ListIndex::open(Arc::new(builder.build().unwrap())).unwrap();
            let unknown: Vec<&String> =
                names.iter().filter(|text| index.name(name(text)).is_empty()).collect();
            println!(
                "{other}: {} of {} names, {} refused",
                names.len() - unknown.len(),
                names.len(),
                report.refused_count()
            );
            assert!(names.len() > 100, "{hosts}");
            assert_eq!(unknown, [""; 0], "{other} against {hosts}");
            assert_eq!(report.refused, Default::default(), "{other}");
        }
    }
}
