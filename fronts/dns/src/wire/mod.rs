//! DNS messages as bytes (RFC 1035 §4, RFC 6891): what a device asks, what an upstream answers, what we write back.
//!
//! Nothing here allocates for a question, nothing follows a pointer that does not lead strictly backwards, and no
//! length is believed before it has been compared with what is there.

pub mod answer;
pub mod device;
pub mod life;
pub mod name;
pub mod query;
mod rewrite;
pub mod write;

/// Bytes of a message's header.
pub const HEADER: usize = 12;
/// The largest message we send or ask for over UDP: it fits every path without fragments (DNS flag day 2020).
pub const UDP_BYTES: usize = 1232;
/// The largest message for a device that says nothing of EDNS (RFC 1035 §2.3.4).
pub const PLAIN_UDP_BYTES: usize = 512;

/// The EDNS option that fills a message up (RFC 7830 §3).
pub const PADDING: u16 = 12;
/// The EDNS option that carries a pass of the school's own filter test, from the range for local use (RFC 6891 §9).
pub const TEST_PASS: u16 = 65_311;
/// Padded answers are a multiple of this long (RFC 8467 §4.1).
pub const PADDED_BYTES: usize = 468;

/// Record types that the front treats in a way of their own.
pub mod kind {
    /// IPv4 address.
    pub const A: u16 = 1;
    /// Name server.
    pub const NS: u16 = 2;
    /// The name is another's alias.
    pub const CNAME: u16 = 5;
    /// Start of authority: how long a negative answer lives.
    pub const SOA: u16 = 6;
    /// Host information, the minimal answer to `ANY` (RFC 8482).
    pub const HINFO: u16 = 13;
    /// IPv6 address.
    pub const AAAA: u16 = 28;
    /// A whole tree's alias (RFC 6672).
    pub const DNAME: u16 = 39;
    /// The EDNS pseudo-record (RFC 6891).
    pub const OPT: u16 = 41;
    /// Delegation signer.
    pub const DS: u16 = 43;
    /// Signature.
    pub const RRSIG: u16 = 46;
    /// The next name there is.
    pub const NSEC: u16 = 47;
    /// Zone key.
    pub const DNSKEY: u16 = 48;
    /// The next hashed name there is.
    pub const NSEC3: u16 = 50;
    /// Service binding (RFC 9460).
    pub const SVCB: u16 = 64;
    /// Service binding of the web (RFC 9460).
    pub const HTTPS: u16 = 65;
    /// The first of the types that are no data (RFC 6895 §3.1: 128 to 255), `ANY` among them.
    pub const FIRST_META: u16 = 128;
    /// Everything (RFC 8482).
    pub const ANY: u16 = 255;
}

/// Parameters of service bindings (RFC 9460 §14.3.2).
pub mod service_key {
    /// Those that whoever uses the binding must understand.
    pub const MANDATORY: u16 = 0;
    /// The protocols that are spoken there.
    pub const ALPN: u16 = 1;
    /// The usual protocol is not spoken there.
    pub const NO_DEFAULT_ALPN: u16 = 2;
    /// Keys for Encrypted Client Hello (RFC 9848).
    pub const ECH: u16 = 5;
}

/// Response codes.
pub mod rcode {
    /// No error.
    pub const NOERROR: u8 = 0;
    /// The question could not be read.
    pub const FORMERR: u8 = 1;
    /// The server could not answer.
    pub const SERVFAIL: u8 = 2;
    /// The name does not exist.
    pub const NXDOMAIN: u8 = 3;
    /// Not a kind of question that is answered here.
    pub const NOTIMP: u8 = 4;
    /// A question that is not answered here.
    pub const REFUSED: u8 = 5;
}

/// Extended DNS errors (RFC 8914 §4).
pub mod ede {
    /// Another reason, given in the text.
    pub const OTHER: u16 = 0;
    /// The answer is older than it should be: no upstream gave a newer one.
    pub const STALE_ANSWER: u16 = 3;
    /// The name is blocked by the operator's policy.
    pub const BLOCKED: u16 = 15;
    /// No upstream answered.
    pub const NO_REACHABLE_AUTHORITY: u16 = 22;
    /// An upstream could not be talked to.
    pub const NETWORK_ERROR: u16 = 23;
}

/// Flags in the third byte of a message.
pub mod flag2 {
    /// This is a response.
    pub const QR: u8 = 0x80;
    /// The kind of question.
    pub const OPCODE: u8 = 0x78;
    /// Cut to fit.
    pub const TC: u8 = 0x02;
    /// Recursion desired.
    pub const RD: u8 = 0x01;
}

/// Flags in the fourth byte of a message.
pub mod flag3 {
    /// Recursion available.
    pub const RA: u8 = 0x80;
    /// Authentic data.
    pub const AD: u8 = 0x20;
    /// Checking disabled.
    pub const CD: u8 = 0x10;
    /// The response code.
    pub const RCODE: u8 = 0x0f;
}

/// A big-endian number at `at`.
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|two| u16::from_be_bytes(*two))
}

/// A big-endian number at `at`.
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_be_bytes(*four))
}
