//! The pages of giving adults a way in, in every state.

use engine::PersonNo;
use kit::{Private, Zone};
use people::Kind;
use people::account::inviting::views::{self, Listed};
use people::account::inviting::{Adult, WayIn};
use people::account::views::Second;
use people::account::{Name, Token, recovery};
use people::duty::SchoolKind;
use testing::MONDAY;
use web::{Mistakes, Page, Submitted};

fn adult(number: u32, way_in: WayIn, needs_two: bool) -> Adult {
    let name = Name::typed(&format!("adelaide.longestname{number}"));
    let has = matches!(way_in, WayIn::Has | WayIn::Invited { .. });
    Adult {
        person: PersonNo(number),
        name: Private::new(format!(
            "Adelaide-Marguerite {}Longest-Name-Thereis",
            "Example ".repeat(number as usize % 3)
        )),
        kind: Kind::ALL.get(number as usize % 9).copied().filter(|kind| *kind != Kind::Pupil),
        sign_in: name.clone().filter(|_| has),
        proposed: name.filter(|_| !has),
        way_in,
        needs_two,
    }
}

pub fn samples() -> Vec<(&'static str, Page)> {
    let zone = Zone::named("Europe/London").unwrap();
    let (nothing, empty) = (Mistakes::default(), Submitted::default());
    let ended = WayIn::Ended { given_at: MONDAY };
    let invited = WayIn::Invited { given_at: MONDAY, ends_at: MONDAY.plus_millis(86_400_000) };
    let all: Vec<Adult> = [
        (WayIn::None, false),
        (WayIn::None, false),
        (ended, false),
        (invited, false),
        (WayIn::Has, false),
        (WayIn::Has, true),
        (ended, true),
    ]
    .into_iter()
    .zip(1..)
    .map(|((way_in, two), number)| adult(number, way_in, two))
    .collect();
    let listed = |adults: &[Adult], form: &Submitted, mistakes: &Mistakes| {
        views::all(&Listed { adults, kind: None, most: 60, zone: &zone }, form, mistakes)
    };
    let mut wrong = Mistakes::default();
    wrong.add("who", "Tick whom to print a slip for");
    let mut taken = Mistakes::default();
    taken.add("name", "Somebody else signs in by that name; choose another");
    let token = Token::of([7; 32]);
    let link = format!("https://portal.a-school-with-a-long-name.example/welcome/{}", token.reveal());
    let name = Name::typed("adelaide.longestname").unwrap();
    let typed = Submitted::of([("name", "hanna")]);
    let one = |way_in| views::one(&adult(1, way_in, false), &empty, &nothing, &zone);
    let ends_at = MONDAY.plus_millis(86_400_000);
    let sign_in = people::account::views::sign_in(&empty, None, &[], &nothing);
    let resting: std::collections::BTreeSet<String> = ["head".to_owned(), "dsl".to_owned()].into();
    let rests =
        |second| people::account::views::rests(&resting, second, SchoolKind::Maintained, "/staff/requests");
    let ada = Private::new("Adelaide-Marguerite Longest-Name-Thereis".to_owned());
    vec![
        ("staff-rests", rests(Second::None)),
        ("staff-rests-codes", rests(Second::Codes)),
        ("staff-rests-passkey", rests(Second::Passkey)),
        ("staff-recovery-agreed", recovery::views::agreed(Some(&ada), Some(&ada))),
        ("staff-recovery-ready", recovery::views::ready(PersonNo(3), Some(&ada))),
        ("sign-in-first", sign_in.with(people::account::views::first_one())),
        ("staff-ways-in", listed(&all, &empty, &nothing)),
        ("staff-ways-in-wrong", listed(&all, &Submitted::of([("kind", "")]), &wrong)),
        ("staff-ways-in-nobody", listed(&[], &empty, &nothing)),
        ("staff-invitation", one(WayIn::None)),
        ("staff-invitation-ended", one(ended)),
        ("staff-invitation-another", one(invited)),
        ("staff-invitation-has", one(WayIn::Has)),
        ("staff-invitation-taken", views::one(&adult(1, WayIn::None, false), &typed, &taken, &zone)),
        (
            "staff-invitation-made",
            views::made(&adult(1, invited, false), &name, (link.as_str(), &token), ends_at, &zone),
        ),
        ("staff-invitation-two", views::needs_two(&adult(1, ended, true))),
        ("staff-invitation-pupil", views::for_pupils(PersonNo(3))),
        ("staff-invitation-over", views::over(&adult(1, ended, false))),
    ]
}
