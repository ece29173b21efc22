//! What a device remembers of a class, in a cookie that only we can read and make.

use axum::http::header::HeaderValue;

use super::super::from::{Cookies, From};
use super::super::house::House;
use super::super::seal;
use super::model::ClassCardId;

/// For how long a device remembers its class: a school year.
const DAYS: i64 = 370;
const PURPOSE: &str = "class device";
const COOKIE: &str = "-class";

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

impl House {
    /// The device that a browser's cookies speak of.
    pub(super) fn class_device(&self, cookies: &Cookies) -> Option<Device> {
        let opened = seal::open(&self.key, PURPOSE, cookies.only(&self.called(COOKIE))?)?;
        let text = String::from_utf8(opened).ok()?;
        let mut parts = text.split(' ');
        let (class, which, known) = (parts.next()?.parse().ok()?, parts.next()?.to_owned(), parts.next()?);
        Some(Device { class, which, known: known == "known" })
    }

    /// The cookie by which a device is known again.
    pub(super) fn device_cookie(&self, device: &Device) -> Option<HeaderValue> {
        let known = if device.known { "known" } else { "strange" };
        let text = format!("{} {} {known}", device.class, device.which);
        self.cookie(COOKIE, &seal::seal(&self.key, PURPOSE, text.as_bytes())?, DAYS * 86_400)
    }

    /// The cookie that takes it away.
    pub(super) fn forget_device(&self) -> Option<HeaderValue> {
        self.cookie(COOKIE, "", 0)
    }
}

/// Whether a browser is on a device that remembers a class.
pub(in super::super) fn is_class_device(house: &House, from: &From) -> bool {
    house.class_device(&from.cookies).is_some()
}
