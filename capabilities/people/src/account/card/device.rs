//! What a device remembers of classes, in a cookie that only we can read and make.

use axum::http::header::HeaderValue;

use super::super::from::{Cookies, From};
use super::super::house::House;
use super::super::seal;
use super::model::ClassCardId;

/// For how long a device remembers its class: a school year.
const DAYS: i64 = 370;
const PURPOSE: &str = "class device";
const COOKIE: &str = "-class";
/// So many classes share a device.
const MOST: usize = 8;

/// A device on which a class card was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Device {
    /// The class card.
    pub class: ClassCardId,
    /// Which device, among those of the class.
    pub which: String,
    /// Whether somebody of the class has signed in on it by a card.
    pub known: bool,
}

impl Device {
    /// A device on which a class card is shown for the first time. `None` where the machine gives no randomness.
    pub fn new(class: ClassCardId) -> Option<Self> {
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random).ok()?;
        let which = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(Self { class, which, known: false })
    }
}

/// What a browser remembers of classes: a device for each class card that was shown to it, and whose names it shows. A device that is known for
/// its class stays so, whatever else somebody shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Devices {
    shown: Option<ClassCardId>,
    all: Vec<Device>,
}

impl Devices {
    /// The one whose class is shown.
    pub fn shown(&self) -> Option<&Device> {
        self.of(self.shown?)
    }

    /// The one of a class card.
    pub fn of(&self, class: ClassCardId) -> Option<&Device> {
        self.all.iter().find(|device| device.class == class)
    }

    /// With this one, whose class is shown from now on. Of too many, one that is strange to its class is forgotten first, then the one that was
    /// shown longest ago.
    pub fn showing(mut self, device: Device) -> Self {
        self.shown = Some(device.class);
        self.all.retain(|one| one.class != device.class);
        if self.all.len() >= MOST {
            let oldest = self.all.iter().rposition(|one| !one.known).unwrap_or(MOST.saturating_sub(1));
            self.all.remove(oldest);
        }
        self.all.insert(0, device);
        self
    }

    /// With no class shown. None is forgotten.
    pub fn showing_none(self) -> Self {
        Self { shown: None, ..self }
    }

    fn text(&self) -> String {
        let mut text = self.shown.map_or_else(|| "-".to_owned(), |class| class.to_string());
        for device in &self.all {
            let known = if device.known { "known" } else { "strange" };
            text.push_str(&format!(";{} {} {known}", device.class, device.which));
        }
        text
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        let shown = match parts.next()? {
            "-" => None,
            class => Some(class.parse().ok()?),
        };
        let device = |part: &str| {
            let mut parts = part.split(' ');
            let (class, which, known) =
                (parts.next()?.parse().ok()?, parts.next()?.to_owned(), parts.next()?);
            Some(Device { class, which, known: known == "known" })
        };
        Some(Self { shown, all: parts.map(device).collect::<Option<_>>()? })
    }
}

impl House {
    /// The devices that a browser's cookie speaks of.
    pub(super) fn class_devices(&self, cookies: &Cookies) -> Devices {
        let opened = cookies.only(&self.called(COOKIE)).and_then(|kept| seal::open(&self.key, PURPOSE, kept));
        let text = opened.and_then(|opened| String::from_utf8(opened).ok());
        text.and_then(|text| Devices::read(&text)).unwrap_or_default()
    }

    /// The cookie by which they are known again.
    pub(super) fn devices_cookie(&self, devices: &Devices) -> Option<HeaderValue> {
        self.cookie(COOKIE, &seal::seal(&self.key, PURPOSE, devices.text().as_bytes())?, DAYS * 86_400)
    }
}

/// Whether a browser is on a device that remembers a class.
pub(in super::super) fn is_class_device(house: &House, from: &From) -> bool {
    !house.class_devices(&from.cookies).all.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(known: bool) -> Device {
        let class = kit::Ids::default().make(kit::Timestamp::from_millis(1));
        Device { known, ..Device::new(class).unwrap() }
    }

    #[test]
    fn a_device_keeps_each_class_that_it_was_shown_and_forgets_strange_ones_first() {
        let known = device(true);
        let mut devices = Devices::default().showing(known.clone());
        for _ in 0..20 {
            devices = devices.showing(device(false));
        }
        assert_eq!(devices.all.len(), MOST);
        assert_eq!(
            devices.of(known.class),
            Some(&known),
            "twenty cards that somebody showed it change nothing"
        );
        assert_ne!(devices.shown(), Some(&known));
        assert_eq!(Devices::read(&devices.text()), Some(devices.clone()));
        let hidden = devices.showing_none();
        assert_eq!((hidden.shown(), hidden.of(known.class)), (None, Some(&known)));
        assert_eq!(Devices::read(&hidden.text()), Some(hidden.clone()));
        assert_eq!(hidden.showing(known.clone()).shown(), Some(&known));
        for nonsense in ["", "x", "-;x", "-;a b"] {
            assert_eq!(Devices::read(nonsense), None, "{nonsense}");
        }
    }
}
