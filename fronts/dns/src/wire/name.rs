//! Names: labels with their lengths, perhaps compressed.

use kit::HostName;

/// The longest name in its wire form (RFC 1035 §2.3.4).
pub const NAME_BYTES: usize = 255;

/// A name as text in lower case, without a dot at the end. A byte that no host name may hold stays what it is, except
/// that a dot inside a label becomes a backslash, so that it cannot pass for the end of one.
#[derive(Clone, Copy)]
pub struct Text {
    bytes: [u8; NAME_BYTES],
    length: usize,
}

impl Text {
    /// No name: the root.
    pub const fn root() -> Self {
        Self { bytes: [0; NAME_BYTES], length: 0 }
    }

    /// The text of an uncompressed wire name without its root label, in lower case already.
    pub fn of_lower_wire(labels: &[u8]) -> Self {
        let mut text = Self::root();
        text.set_lower_wire(labels);
        text
    }

    /// Becomes the text of such a name.
    pub fn set_lower_wire(&mut self, labels: &[u8]) {
        self.length = 0;
        // The first length byte has no dot before it; every other one becomes a dot.
        let Some((&first, rest)) = labels.split_first() else { return };
        let Some(place) = self.bytes.get_mut(..rest.len()) else { return };
        place.copy_from_slice(rest);
        let mut next = usize::from(first);
        if place.contains(&b'.') {
            for byte in place.iter_mut().filter(|byte| **byte == b'.') {
                *byte = b'\\';
            }
        }
        while let Some(byte) = place.get_mut(next) {
            // A length that was rewritten above can only have been 46, a dot's own number.
            let label = if *byte == b'\\' && rest.get(next) == Some(&b'.') {
                usize::from(b'.')
            } else {
                usize::from(*byte)
            };
            *byte = b'.';
            next += label + 1;
        }
        self.length = rest.len();
    }

    /// Adds a label in lower case; false if the name becomes too long.
    fn push_label(&mut self, label: &[u8]) -> bool {
        let dot = usize::from(self.length > 0);
        let end = self.length + dot + label.len();
        // A wire name is two bytes longer than its text: the first length and the root.
        if end + 2 > NAME_BYTES {
            return false;
        }
        let Some(place) = self.bytes.get_mut(self.length..end) else { return false };
        let place = if dot == 1 {
            let Some((first, rest)) = place.split_first_mut() else { return false };
            *first = b'.';
            rest
        } else {
            place
        };
        for (to, from) in place.iter_mut().zip(label) {
            *to = if *from == b'.' { b'\\' } else { from.to_ascii_lowercase() };
        }
        self.length = end;
        true
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&[])
    }

    /// The name the engine judges: this one where it is a host name, else its nearest ancestor that is one. No address
    /// on the web can hold any other name, and whatever is said of an ancestor is said of it. `None` for the root.
    pub fn host(&self) -> Option<HostName<'_>> {
        host(self.as_bytes())
    }
}

/// The name that the engine judges for `bytes`; see [`Text::host`].
pub fn host(bytes: &[u8]) -> Option<HostName<'_>> {
    let mut rest = bytes;
    loop {
        if let Some(name) = std::str::from_utf8(rest).ok().and_then(HostName::new) {
            return Some(name);
        }
        let dot = rest.iter().position(|byte| *byte == b'.')?;
        rest = rest.get(dot + 1..)?;
    }
}

/// Reads a name at `at`, following pointers that lead strictly backwards, to labels that end before whatever points at
/// them begins (RFC 1035 §4.1.4: "a prior occurrence"). Returns its text and where what follows it begins.
pub fn read(message: &[u8], at: usize) -> Option<(Text, usize)> {
    let mut text = Text::root();
    let mut place = at;
    let mut end = None;
    // Every pointer must lead before the run of labels that it ends: a loop is impossible.
    let mut before = at;
    // What a pointer leads to stands whole before the run that the pointer ends. Labels that ran on over it would read
    // otherwise once what follows the run is cut off or written anew.
    let mut message_so_far = message;
    loop {
        let length = *message_so_far.get(place)?;
        match length & 0xc0 {
            0 if length == 0 => return Some((text, end.unwrap_or(place + 1))),
            0 => {
                let label = message_so_far.get(place + 1..place + 1 + usize::from(length))?;
                if !text.push_label(label) {
                    return None;
                }
                place += 1 + usize::from(length);
            }
            0xc0 => {
                let target = usize::from(super::u16_at(message_so_far, place)? & 0x3fff);
                // The header is no name, and it is rewritten for each device: a pointer into it would say something
                // else to the device than it said to us.
                if target >= before || target < super::HEADER {
                    return None;
                }
                end = end.or(Some(place + 2));
                message_so_far = message_so_far.get(..before)?;
                before = target;
                place = target;
            }
            _ => return None,
        }
    }
}

/// Copies the labels of the name at `at`, which [`read`] has read, without pointers and without the root. Letters that
/// stand before `lower_until` are lowered.
pub fn copy(message: &[u8], at: usize, lower_until: usize, into: &mut Vec<u8>) -> Option<()> {
    let mut place = at;
    loop {
        let length = *message.get(place)?;
        if length & 0xc0 == 0xc0 {
            // Every pointer leads backwards, or the name would not have been read.
            place = Some(usize::from(super::u16_at(message, place)? & 0x3fff)).filter(|to| *to < place)?;
            continue;
        }
        if length == 0 {
            return Some(());
        }
        let end = place + 1 + usize::from(length);
        let start = into.len();
        into.extend_from_slice(message.get(place..end)?);
        if place < lower_until {
            into.get_mut(start..)?.make_ascii_lowercase();
        }
        place = end;
    }
}

/// Lowers the letters of the labels that stand at `at` itself, up to a pointer or the root.
pub fn lower_in_place(message: &mut [u8], at: usize) {
    let mut place = at;
    while let Some(&length @ 1..=63) = message.get(place) {
        let end = place + 1 + usize::from(length);
        if let Some(label) = message.get_mut(place + 1..end) {
            label.make_ascii_lowercase();
        }
        place = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(wire: &[u8]) -> String {
        String::from_utf8_lossy(Text::of_lower_wire(wire).as_bytes()).into_owned()
    }

    #[test]
    fn wire_labels_become_text() {
        assert_eq!(text(b"\x03www\x07example\x03org"), "www.example.org");
        assert_eq!(text(b""), "");
        assert_eq!(text(b"\x03a.b\x03org"), "a\\b.org");
        let long = [&[46u8][..], &[b'a'; 46], &[46], &[b'b'; 46], &[3], b"org"].concat();
        assert_eq!(text(&long), format!("{}.{}.org", "a".repeat(46), "b".repeat(46)));
    }

    #[test]
    fn a_name_with_odd_bytes_is_judged_by_its_nearest_ancestor() {
        for (wire, host) in [
            (&b"\x03a b\x07example\x03org"[..], Some("example.org")),
            (b"\x03a.b\x07example\x03org", Some("example.org")),
            (b"\x02\xff\xfe\x03org", Some("org")),
            (b"\x01_\x03org", Some("_.org")),
            (b"\x03a b", None),
            (b"", None),
        ] {
            assert_eq!(Text::of_lower_wire(wire).host().map(HostName::as_str), host);
        }
    }

    #[test]
    fn rfc1035_4_1_4_pointers_lead_backwards_only() {
        let message = |rest: &[u8]| [&[0; 12][..], rest].concat();
        let chain = message(b"\x03org\x00\x03Www\xc0\x0c\xc0\x11\xc0\x19\xc0\x1d");
        let (name, end) = read(&chain, 17).unwrap();
        assert_eq!((name.as_bytes(), end), (&b"www.org"[..], 23));
        assert_eq!(read(&chain, 23).unwrap().0.as_bytes(), b"www.org");
        assert!(read(&chain, 25).is_none(), "to itself");
        assert!(read(&chain, 27).is_none(), "forwards");
        // A run of labels that leads back into itself.
        let run = message(b"\x01a\x01b\xc0\x0c");
        assert!(read(&run, 12).is_none());
        assert!(read(&run, 14).is_none(), "the pointer leads before the run, then into it again");
        let over = message(b"\x08abc\xc0\x0cdef\0");
        assert!(read(&over, 16).is_none(), "what is pointed at runs on over the pointer");
        assert!(read(&over, 12).is_some());
        assert!(read(&message(b"\xc0\x04"), 12).is_none(), "into the header");
    }

    #[test]
    fn rfc1035_2_3_4_a_name_has_at_most_255_bytes() {
        let label = [&[63u8][..], &[b'a'; 63]].concat();
        let fits = [label.repeat(3), [&[61u8][..], &[b'b'; 61], &[0]].concat()].concat();
        assert_eq!((fits.len(), read(&fits, 0).unwrap().1), (255, 255));
        let over = [label.repeat(3), [&[62u8][..], &[b'b'; 62], &[0]].concat()].concat();
        assert!(read(&over, 0).is_none());
    }
}
