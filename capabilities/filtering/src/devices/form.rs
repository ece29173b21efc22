//! The form about a device, both ways: what somebody wrote as what is to be said of it, and what is said of one as a form.

use std::net::IpAddr;

use ::store::{StoreError, Tx};
use engine::{HardwareAddress, PersonNo};
use kit::Private;
use people::Device;
use people::device::Facts;
use web::speech::say;
use web::{Mistakes, Submitted, filled};

/// So many addresses a device has at most, as for a program.
const MOST_ADDRESSES: usize = 20;

/// The field that is ticked for a group.
pub fn ticked(group: &str) -> String {
    format!("group-{group}")
}

/// What a form says of a device; what is wrong with it goes to `mistakes`. `groups` are the ids of those of the policy.
pub async fn read(
    tx: &mut Tx,
    form: &Submitted,
    groups: &[String],
    mistakes: &mut Mistakes,
) -> Result<Facts, StoreError> {
    let name = form.line("name");
    if name.is_empty() || name.chars().count() > 100 {
        mistakes.add("name", say("devices.enter-what-it-is"));
    }
    let person = person(tx, &form.line("person"), mistakes).await?;
    let (addresses, hardware) = addresses(form.text("addresses"), mistakes);
    let groups = groups.iter().filter(|group| form.text(&ticked(group)) == "yes").cloned().collect();
    Ok(Facts { name: Private::new(name), addresses, hardware, person, groups })
}

/// Whose it is: a name or a number of the roll; nobody's where nothing is written.
async fn person(tx: &mut Tx, written: &str, mistakes: &mut Mistakes) -> Result<Option<PersonNo>, StoreError> {
    if written.is_empty() {
        return Ok(None);
    }
    if let Ok(number) = written.parse().map(PersonNo)
        && people::person(tx, number).await?.is_some()
    {
        return Ok(Some(number));
    }
    match people::people_called(tx, written).await?.as_slice() {
        [one] => return Ok(Some(one.number)),
        [] => mistakes.add("person", say("devices.nobody-on-the-roll")),
        _ => mistakes.add("person", say("devices.several-people-are-called")),
    }
    Ok(None)
}

/// Addresses as people write them, with blanks, commas or line ends between them: fixed ones, and those of network cards.
fn addresses(written: &str, mistakes: &mut Mistakes) -> (Vec<IpAddr>, Vec<HardwareAddress>) {
    let (mut fixed, mut hardware) = (Vec::new(), Vec::new());
    let words = written.split(|sign: char| sign.is_whitespace() || matches!(sign, ',' | ';'));
    for word in words.filter(|word| !word.is_empty()) {
        match (word.parse::<IpAddr>(), HardwareAddress::parse(word)) {
            (Ok(address), _) => fixed.push(address),
            (_, Some(address)) => hardware.push(address),
            _ => {
                let word: String = word.chars().take(40).collect();
                mistakes.add("addresses", filled!("devices.is-no-address", address = word));
            }
        }
    }
    if fixed.len() > MOST_ADDRESSES || hardware.len() > MOST_ADDRESSES {
        mistakes.add("addresses", filled!("devices.enter-at-most-addresses", n = MOST_ADDRESSES));
    }
    (fixed, hardware)
}

/// A device as the form that would say the same of it. `owner` is what stands for whose it is: a name that one person alone has, or
/// their number.
pub fn of(device: &Device, owner: &str) -> Submitted {
    let groups: Vec<String> = device.groups.iter().map(|group| ticked(group)).collect();
    let addresses = written(device);
    let fields = [("name", device.name.reveal().as_str()), ("person", owner), ("addresses", &addresses)];
    Submitted::of(fields.into_iter().chain(groups.iter().map(|field| (field.as_str(), "yes"))))
}

/// Every address of a device, one a line.
pub fn written(device: &Device) -> String {
    let fixed = device.addresses.iter().map(ToString::to_string);
    let all: Vec<String> = fixed.chain(device.hardware.iter().map(ToString::to_string)).collect();
    all.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them_and_what_is_none_is_named() {
        let mut mistakes = Mistakes::default();
        let (fixed, hardware) =
            addresses("10.0.0.3, fd00::7;\n3C-22-FB-00-10-2A 3c22.fb00.102b", &mut mistakes);
        assert!(mistakes.none());
        assert_eq!(fixed, ["10.0.0.3", "fd00::7"].map(|text| text.parse::<IpAddr>().unwrap()));
        let read: Vec<String> = hardware.iter().map(ToString::to_string).collect();
        assert_eq!(read, ["3c:22:fb:00:10:2a", "3c:22:fb:00:10:2b"]);
        for (written, wrong) in [("10.0.0.300", true), ("ff:ff:ff:ff:ff:ff", true), ("", false)] {
            let mut mistakes = Mistakes::default();
            addresses(written, &mut mistakes);
            assert_eq!(!mistakes.none(), wrong, "{written}");
        }
        let many = (1..=21).map(|last| format!("10.0.0.{last}")).collect::<Vec<_>>().join(" ");
        let mut mistakes = Mistakes::default();
        addresses(&many, &mut mistakes);
        assert!(mistakes.beside("addresses").is_some());
    }
}
