//! How long an answer that we wrote may be kept, for those who keep it by the rules of HTTP.

use super::{HEADER, flag3, kind, name, rcode, u16_at, u32_at};

/// The seconds for which all of an answer holds (RFC 8484 §5.1): the shortest life of its answer section or, where that
/// is empty, what its SOA says of a negative answer (RFC 2308 §5). 0 where nothing says it, and for errors.
pub fn life_s(message: &[u8]) -> u32 {
    read(message).unwrap_or(0)
}

fn read(message: &[u8]) -> Option<u32> {
    let code = message.get(3)? & flag3::RCODE;
    if code != rcode::NOERROR && code != rcode::NXDOMAIN {
        return None;
    }
    let mut at = HEADER;
    for _ in 0..u16_at(message, 4)? {
        at = name::read(message, at)?.1 + 4;
    }
    let answers = u16_at(message, 6)?;
    let negative = answers == 0;
    let mut shortest = None;
    for _ in 0..if negative { u16_at(message, 8)? } else { answers } {
        let body = name::read(message, at)?.1;
        at = body + 10 + usize::from(u16_at(message, body + 8)?);
        let mut life = u32_at(message, body + 4)?;
        if negative {
            if u16_at(message, body)? != kind::SOA {
                continue;
            }
            life = life.min(u32_at(message, at.checked_sub(4)?)?);
        }
        shortest = Some(shortest.map_or(life, |shortest: u32| shortest.min(life)));
    }
    shortest
}
