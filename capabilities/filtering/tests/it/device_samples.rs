//! The device register, in every state.

use engine::{DeviceNo, HardwareAddress, PersonNo};
use filtering::devices::views::{self, Line, Paged};
use kit::{Private, Zone};
use people::{Device, Range};
use testing::MONDAY;
use web::{Mistakes, Page, Submitted};

fn line(number: u32, owner: Option<&str>) -> Line {
    let device = Device {
        number: DeviceNo(number),
        name: Private::new(format!("Laptop trolley B {}", "x".repeat(80))),
        addresses: vec!["10.3.0.14".parse().unwrap(), "fd00:3::14".parse().unwrap()],
        hardware: HardwareAddress::parse("3c:22:fb:00:10:2a").into_iter().collect(),
        person: owner.map(|_| PersonNo(3)),
        groups: vec!["year-5".into(), "tablets".into()],
        joined_at: MONDAY,
    };
    Line { device, owner: owner.map(|name| Private::new(name.to_owned())) }
}

/// Each with its name.
pub fn samples() -> Vec<(&'static str, Page)> {
    let zone = Zone::named("Europe/London").unwrap();
    let named = |id: &str| format!("Year {}", id.rsplit('-').next().unwrap_or(id));
    let ranges = [Range { range: "10.4.0.0/16".into(), name: "Hall".into(), groups: vec!["year-5".into()] }];
    let groups: Vec<_> = (1..=13).map(|year| (format!("year-{year}"), format!("Year {year}"))).collect();
    let paged = |many, words| Paged { page: 1, pages: 100, many, words };
    let lines = || vec![line(3, Some("Ada Example")), line(14, None)];
    let mut wrong = Mistakes::default();
    for field in ["name", "person", "addresses"] {
        wrong.add(field, "Enter what is missing here");
    }
    let written = Submitted::of([("name", "Tablet 3"), ("addresses", "10.0.0.300"), ("group-year-5", "yes")]);
    vec![
        ("staff-devices-none", views::all(&[], &[], &paged(0, ""), &named, true, &zone)),
        ("staff-devices-many", views::all(&lines(), &ranges, &paged(5_000, ""), &named, true, &zone)),
        ("staff-devices-found", views::all(&lines(), &[], &paged(5_000, "10.3"), &named, false, &zone)),
        ("staff-devices-found-none", views::all(&[], &[], &paged(0, "zzz"), &named, true, &zone)),
        ("staff-device", views::one(&line(3, Some("Ada Example")), &named, true, &zone)),
        ("staff-device-read", views::one(&line(3, None), &named, false, &zone)),
        ("staff-device-ended", views::ended(&line(3, Some("Ada Example")), &named, &zone)),
        ("staff-device-new", views::form(None, &groups, &Submitted::default(), &Mistakes::default())),
        ("staff-device-wrong", views::form(Some(DeviceNo(3)), &groups, &written, &wrong)),
    ]
}
