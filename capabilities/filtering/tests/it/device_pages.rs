//! Devices are registered, changed and taken off the register at the portal, and the gate goes by it.

use axum::http::StatusCode;
use people::Device;
use store::trail;
use testing::{TestDatabase, databases};

use crate::house::House;
use crate::school::Answer;
use crate::staff::Staff;

const NEW: &str = "/staff/devices/new";

fn said(answer: &Answer) -> String {
    answer.words("main").join(" ")
}

async fn devices(test: &TestDatabase) -> Vec<Device> {
    let mut tx = test.db.read().await.unwrap();
    let all = people::devices(&mut tx).await.unwrap();
    tx.roll_back().await.unwrap();
    all
}

/// What a page's form would send as it stands.
fn form(answer: &Answer, action: &str) -> String {
    let tree = scraper::Html::parse_document(&answer.body);
    let fields = web::check::all(&tree, &format!("form[action='{action}'] input[name]"));
    let fields = fields.iter().map(|field| {
        let part = |name| web::form::in_a_query(field.attr(name).unwrap_or_default());
        format!("{}={}", part("name"), part("value"))
    });
    fields.collect::<Vec<_>>().join("&")
}

async fn verbs(test: &TestDatabase) -> Vec<String> {
    let mut tx = test.db.read().await.unwrap();
    let entries = trail::newest(&mut tx, None, 50).await.unwrap();
    tx.roll_back().await.unwrap();
    let of_devices = entries.iter().filter(|entry| entry.subject_kind == "device");
    of_devices.map(|entry| format!("{} {} {}", entry.actor, entry.verb, entry.subject_id)).collect()
}

#[tokio::test]
async fn a_device_is_registered_changed_and_taken_off_and_the_gate_goes_by_it() {
    for test in databases().await {
        let house = House::new(&test, &[(2, "dsl"), (6, "network-manager")]).await;
        let manager = house.sign_in(6).await;
        let owner = |client: &str| {
            let identity = house.school.current.live().identify(client.parse().unwrap());
            (identity.device.map(|device| device.0), identity.person.map(|person| person.0))
        };
        let body = "name=Laptop+9&person=tess+example&addresses=10.0.0.9%0D%0A3C-22-FB-00-10-2A";
        let added = manager.post(NEW, body).await;
        assert_eq!(
            (added.status, added.location()),
            (StatusCode::SEE_OTHER, "/staff/devices/2"),
            "{}",
            added.body
        );
        assert_eq!(owner("10.0.0.9"), (Some(2), Some(1)), "the gate knows whose it is");
        assert!(house.decides("10.0.0.9", "video.example").0, "a teacher's may");
        let page = manager.get("/staff/devices/2").await;
        assert!(
            said(&page).contains("Tess Example") && said(&page).contains("3c:22:fb:00:10:2a"),
            "{}",
            said(&page)
        );

        // Changed: its form says what it is, and one that stays theirs is not taken from somebody who stays.
        let change = manager.get("/staff/devices/2/change").await;
        assert_eq!(change.value("#person").as_deref(), Some("Tess Example"));
        assert_eq!(change.value("#addresses").as_deref(), Some("10.0.0.9\n3c:22:fb:00:10:2a"));
        let taken = manager.post("/staff/devices/2/change", "name=Laptop+9&addresses=10.0.0.9").await;
        assert!(said(&taken).contains("not taken from them here"), "{}", said(&taken));
        let moved = "name=Laptop+10&person=1&addresses=10.0.0.10&group-pupils=yes";
        let changed = manager.post("/staff/devices/2/change", moved).await;
        assert_eq!(changed.location(), "/staff/devices/2", "{}", changed.body);
        assert_eq!((owner("10.0.0.9"), owner("10.0.0.10")), ((None, None), (Some(2), Some(1))));
        assert!(manager.get("/staff/devices/2").await.body.contains("Pupils"));

        // Off the register, and anew in one step.
        let ended = manager.post("/staff/devices/2/end", "").await;
        assert!(said(&ended).contains("Laptop 10 is off the register."), "{}", said(&ended));
        assert_eq!(owner("10.0.0.10"), (None, None));
        assert_eq!(manager.get("/staff/devices/2").await.status, StatusCode::NOT_FOUND);
        assert_eq!(manager.post("/staff/devices/2/end", "").await.location(), "/staff/devices");
        let anew = manager.post(NEW, &form(&ended, NEW)).await;
        assert_eq!(anew.location(), "/staff/devices/3", "{}", anew.body);
        let all = devices(&test).await;
        let back = all.iter().find(|one| one.number.0 == 3).unwrap();
        assert_eq!(back.person.map(|person| person.0), Some(1));
        assert_eq!(
            (back.name.reveal().as_str(), back.groups.as_slice()),
            ("Laptop 10", &["pupils".to_owned()][..])
        );
        assert_eq!(owner("10.0.0.10"), (Some(3), Some(1)));
        assert_eq!(back.addresses, ["10.0.0.10".parse::<std::net::IpAddr>().unwrap()]);
        assert_eq!(
            verbs(&test).await,
            [
                "person:6 device.add 3",
                "person:6 device.end 2",
                "person:6 device.change 2",
                "person:6 device.add 2"
            ]
        );
        // Whoever reads the register changes nothing of it.
        let dsl = house.sign_in(2).await;
        assert_eq!(dsl.get("/staff/devices/3").await.words("main form").len(), 0);
        for (path, body) in [(NEW, body), ("/staff/devices/3/change", moved), ("/staff/devices/3/end", "")] {
            assert_eq!(dsl.post(path, body).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(devices(&test).await.len(), 2);
    }
}

#[tokio::test]
async fn what_cannot_be_registered_says_what_to_do_and_keeps_what_was_written() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "network-manager")]).await;
        let manager = house.sign_in(6).await;
        for (body, field, says) in [
            ("name=", "name", "Enter what the device is called"),
            ("name=Tablet+3", "name", "Another device is called so already"),
            ("name=x&addresses=10.0.0.3", "addresses", "Tablet 3 has the address 10.0.0.3 already"),
            ("name=x&addresses=10.0.0.300", "addresses", "10.0.0.300 is no address"),
            ("name=x&addresses=127.0.0.1", "addresses", "127.0.0.1 is the address of no device"),
            ("name=x&person=Nobody+Here", "person", "Nobody on the roll is called so"),
        ] {
            let refused = manager.post(NEW, body).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
            let beside = refused.words(&format!("#{field}-error"));
            assert!(beside.first().is_some_and(|said| said.contains(says)), "{body}: {beside:?}");
        }
        let kept = manager.post(NEW, "name=x&addresses=10.0.0.3&group-year-5=yes").await;
        assert_eq!(kept.value("#addresses").as_deref(), Some("10.0.0.3"));
        assert_eq!(kept.words("input#group-year-5[checked]").len(), 1);
        assert_eq!(manager.get("/staff/devices/9/change").await.status, StatusCode::NOT_FOUND);
        assert_eq!(manager.post("/staff/devices/9/change", "name=x").await.status, StatusCode::NOT_FOUND);
        assert_eq!((devices(&test).await.len(), verbs(&test).await.len()), (1, 0));
    }
}

async fn found(who: &Staff<'_>, words: &str) -> Vec<String> {
    let page = who.post("/staff/devices", &format!("words={}", web::form::in_a_query(words))).await;
    page.words("tbody th")
}

#[tokio::test]
async fn a_device_is_found_by_name_address_and_owner_and_no_name_stands_in_an_address() {
    for test in databases().await {
        let house = House::new(&test, &[(6, "network-manager")]).await;
        let manager = house.sign_in(6).await;
        for body in [
            "name=Board+of+9A&addresses=10.0.1.7+3c:22:fb:00:10:2a",
            "name=Board+of+9B&addresses=10.0.1.8",
            "name=Laptop&person=Bo+Example&addresses=10.0.1.9",
        ] {
            assert_eq!(manager.post(NEW, body).await.status, StatusCode::SEE_OTHER);
        }
        for (words, devices) in [
            ("board", vec!["Board of 9A", "Board of 9B"]),
            ("BOARD 9b", vec!["Board of 9B"]),
            ("10.0.1.", vec!["Board of 9A", "Board of 9B", "Laptop"]),
            ("3C22.FB00.102A", vec!["Board of 9A"]),
            ("bo example", vec!["Laptop"]),
            ("ada", vec!["Tablet 3"]),
            ("laptop ada", vec![]),
            ("%", vec!["Tablet 3", "Board of 9A", "Board of 9B", "Laptop"]),
        ] {
            assert_eq!(found(&manager, words).await, devices, "{words} on {}", test.engine);
        }
        let none = manager.post("/staff/devices", "words=zzz").await;
        assert!(said(&none).contains("No registered device fits that."), "{}", said(&none));
        assert!(!manager.get("/staff/devices").await.body.contains("method=\"get\""));
    }
}
