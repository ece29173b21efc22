//! Records of sealed addresses, from the gate to the disk.

use std::collections::BTreeSet;

use activity::sealed::{Identity, NotOpened, Shelf};
use activity::{Event, Search, Sink};
use engine::Step;

use crate::house::{House, Visit, until};

fn sealed(host: &str) -> Visit {
    Visit { step: Step::Sealed, category: None, ..Visit::refused(host) }
}

fn holds(house: &House, text: &str) -> bool {
    house.files().iter().any(|(_, bytes)| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
}

fn rows(house: &House) -> Vec<Event> {
    house.found(&Search { step: Some(Step::Sealed), ..Search::default() })
}

#[test]
fn a_row_leads_to_a_record_that_only_its_recipients_open_and_the_address_is_in_no_file() {
    let house = House::new();
    let log = house.log();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    let [head, dsl, other] = [(); 3].map(|()| Identity::generate());
    sink.write_sealed_to(&[head.public(), dsl.public()], 3, 12).unwrap();
    sealed("sealed-whole.example").record(&sink);
    Visit::to("www.example.org").record(&sink);
    until("both are durable", || sink.counts().taken == 2);

    let found = rows(&house);
    assert_eq!((found.len(), found[0].host.as_deref(), found[0].path.as_deref()), (1, None, None));
    let reference = found[0].record.unwrap();
    let encrypted = Shelf::find(&house.log_dir(), reference).unwrap().unwrap();
    let record = head.open(&encrypted).unwrap();
    assert_eq!(dsl.open(&encrypted).as_ref(), Ok(&record));
    assert_eq!(other.open(&encrypted), Err(NotOpened::NotForThis));
    assert_eq!(
        (record.host.as_str(), record.path.as_deref(), record.client, record.policy, record.generation),
        ("sealed-whole.example", Some("/a/page?q=secret"), Some([127, 0, 0, 7].into()), 3, 12)
    );
    assert_eq!((record.person.unwrap().0, record.device.unwrap().0), (7, 107));
    drop(sink);
    log.stop();
    assert!(holds(&house, "www.example.org"), "this test would not notice");
    for text in ["sealed-whole", "q=secret"] {
        assert!(!holds(&house, text), "{text}");
    }
}

#[test]
fn a_device_that_hammers_costs_a_few_records_and_every_request_is_counted() {
    let house = House::new();
    let log = house.log();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    let head = Identity::generate();
    sink.write_sealed_to(&[head.public()], 1, 1).unwrap();
    for number in 0..3_000 {
        sealed("sealed-whole.example").record(&sink);
        sealed(&format!("n{number}.sealed-whole.example")).record(&sink);
    }
    sink.stop();
    until("all rows are durable", || rows(&house).len() == 6_000);
    log.stop();
    let shown = Shelf::look(&house.log_dir()).unwrap();
    assert_eq!(shown.records.len(), 20);
    assert!(shown.bytes < 32 << 10, "{} bytes", shown.bytes);
    assert_eq!(shown.records.iter().map(|record| record.hits).sum::<u64>(), 6_000);
    assert_eq!(shown.records.iter().map(|record| record.others).sum::<u64>(), 3_000 - 19);
    assert_eq!((shown.not_kept, shown.damaged_bytes), (0, 0));
}

#[test]
fn every_row_finds_its_record_whenever_the_log_comes_and_goes() {
    let house = House::new();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    let head = Identity::generate();
    sink.write_sealed_to(&[head.public()], 1, 1).unwrap();
    sealed("before.example").record(&sink);
    let log = house.log();
    until("what waited is durable", || sink.counts().taken == 1);
    sealed("during.example").record(&sink);
    until("it is durable", || sink.counts().taken == 2);
    log.stop();
    sealed("away.example").record(&sink);
    let log = house.log();
    until("what waited is durable", || sink.counts().taken == 3);
    let found = rows(&house);
    let hosts: BTreeSet<String> = found
        .iter()
        .map(|row| Shelf::find(&house.log_dir(), row.record.unwrap()).unwrap().unwrap())
        .map(|encrypted| head.open(&encrypted).unwrap().host)
        .collect();
    assert_eq!(hosts.into_iter().collect::<Vec<_>>(), ["away.example", "before.example", "during.example"]);
    assert_eq!(Shelf::look(&house.log_dir()).unwrap().records.len(), 3);
    drop(sink);
    log.stop();
}

#[test]
fn without_recipients_the_rows_are_the_same_and_refer_to_nothing() {
    let house = House::new();
    let log = house.log();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    assert!(sink.write_sealed_to(&["age1notakey".to_owned()], 1, 1).is_err());
    sealed("sealed-whole.example").record(&sink);
    until("it is durable", || sink.counts().taken == 1);
    let found = rows(&house);
    assert_eq!((found.len(), found[0].record, found[0].person.map(|person| person.0)), (1, None, Some(7)));
    assert_eq!(Shelf::look(&house.log_dir()).unwrap(), activity::sealed::Shown::default());
    drop(sink);
    log.stop();
    assert!(!holds(&house, "sealed-whole"));
}

#[test]
fn a_record_opens_with_another_age_program_as_well() {
    if std::process::Command::new("age").arg("--version").output().is_err() {
        eprintln!("skipped: the age program is not installed (Debian's package `age`)");
        return;
    }
    let house = House::new();
    let log = house.log();
    let sink = Sink::start(&house.run_dir(), house.clock.now()).unwrap();
    let [head, dsl] = [(); 2].map(|()| Identity::generate());
    sink.write_sealed_to(&[head.public(), dsl.public()], 1, 1).unwrap();
    sealed("sealed-whole.example").record(&sink);
    until("it is durable", || sink.counts().taken == 1);
    let encrypted = Shelf::find(&house.log_dir(), rows(&house)[0].record.unwrap()).unwrap().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let [identity, record] = ["dsl.txt", "record.age"].map(|name| elsewhere.path().join(name));
    std::fs::write(&identity, dsl.secret().reveal()).unwrap();
    std::fs::write(&record, encrypted).unwrap();
    let opened =
        std::process::Command::new("age").arg("-d").arg("-i").args([&identity, &record]).output().unwrap();
    let text = String::from_utf8(opened.stdout).unwrap();
    assert!(
        text.contains("\"host\":\"sealed-whole.example\""),
        "{text} {}",
        String::from_utf8_lossy(&opened.stderr)
    );
    drop(sink);
    log.stop();
}
