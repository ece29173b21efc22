//! What reading a list came to, line by line refused and why.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::format::Format;

/// Why something in a list was refused. Everything else in the list goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// It has characters that no host name has.
    NotAName,
    /// A label is empty: two dots in a row.
    EmptyLabel,
    /// A label is longer than 63 bytes.
    LabelTooLong,
    /// The name is longer than 253 bytes.
    NameTooLong,
    /// The international name has no ASCII form by UTS 46.
    International,
    /// The last label is a number, but the whole is not an IPv4 address.
    EndsInNumber,
    /// A name of one label, such as `com`, would stand for everything below it; write `*.com` where that is meant.
    WholeTopLevel,
    /// A public suffix that a registry sells names under, such as `co.uk`, would stand for every site below it; write
    /// `*.co.uk` where that is meant.
    PublicSuffix,
    /// A wildcard stands elsewhere than for the first labels.
    WildcardInside,
    /// There is a port.
    Port,
    /// A URL in a list of names.
    PathInNames,
    /// More than one word on the line.
    SeveralWords,
    /// A line in the syntax of another format.
    AnotherFormat,
    /// A line of a hosts file that does not start with an address.
    NoAddress,
    /// A line of a hosts file without a name.
    NoName,
    /// A rule that sends a name somewhere instead of nowhere.
    Rewrite,
    /// The machine's own names: `localhost` and its like.
    LocalName,
    /// A range whose length is not one, or that has bits beyond it.
    NotARange,
    /// A loopback or unspecified address, or a range that holds them.
    SpecialAddress,
    /// A URL with a user name.
    UserName,
    /// A URL that is a whole host but for its fragment, which no request carries.
    Fragment,
    /// A path that is not one, or longer than 2,048 bytes.
    NotAPath,
    /// An expression that is not one.
    Expression,
    /// An expression that needs to look back (`\1`), which cannot be matched in linear time, or a construct that POSIX
    /// leaves undefined.
    ExpressionNotExpressible,
    /// An expression that needs too much memory.
    ExpressionTooLarge,
    /// An expression that matches every address.
    ExpressionMatchesAll,
    /// A rule for what is on a page, or for kinds of requests that only a browser can tell apart.
    BrowserOnly,
    /// A rule with a modifier that is not known, or that says something of devices or kinds of questions, which a list
    /// cannot; it is ignored whole.
    Modifier,
    /// An exception for a pattern, where only names can be taken out of a list.
    ExceptionByPattern,
    /// A pattern with so few characters of its own that it matches too much.
    TooShort,
    /// A setting of another program that says nothing of sites.
    OtherSetting,
    /// Names whose questions go to a resolver of their own.
    Forwarding,
    /// A line that brings in another file, which is imported by itself.
    Include,
    /// A line that closes or opens everything except what is listed.
    Blanket,
    /// A rule by who asks.
    ByWhoAsks,
    /// A rule by a site's name servers.
    ByNameServer,
    /// A record that lies outside its zone.
    OutsideTheZone,
    /// A DNS stamp that cannot be read.
    NotAStamp,
    /// The line is longer than 4,096 bytes.
    LineTooLong,
    /// The line is not UTF-8 text, or holds control characters.
    NotText,
}

/// How often something was refused for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Refused {
    /// How often.
    pub count: u64,
    /// The first lines, at most [`Report::FIRST_LINES`], counted from 1.
    pub first_lines: Vec<u64>,
}

/// What reading one file came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The format it was read in.
    pub format: Format,
    /// How many lines there are.
    pub lines: u64,
    /// How many of them are blank or only a comment.
    pub blank: u64,
    /// How many entries were taken; a line of a hosts file may hold several.
    pub accepted: u64,
    /// How many of the accepted entries the list had given before. Only the index knows, so this is 0 until it is
    /// taken from the list's tally ([`crate::Tally::duplicates`]).
    pub duplicates: u64,
    /// What was refused, by reason.
    pub refused: BTreeMap<Refusal, Refused>,
    /// The public suffixes that were taken because a list may mean all below them
    /// ([`MEANT_SUFFIXES`](crate::MEANT_SUFFIXES)), each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub meant: Vec<String>,
}

impl Report {
    /// How many line numbers are kept for each reason.
    pub const FIRST_LINES: usize = 5;

    pub(crate) const fn new(format: Format) -> Self {
        Self {
            format,
            lines: 0,
            blank: 0,
            accepted: 0,
            duplicates: 0,
            refused: BTreeMap::new(),
            meant: Vec::new(),
        }
    }

    pub(crate) fn refuse(&mut self, line: u64, why: Refusal) {
        let refused = self.refused.entry(why).or_default();
        refused.count += 1;
        if refused.first_lines.len() < Self::FIRST_LINES {
            refused.first_lines.push(line);
        }
    }

    pub(crate) fn meant(&mut self, suffix: &str) {
        if self.meant.iter().all(|known| known != suffix) {
            self.meant.push(suffix.to_owned());
        }
    }

    /// How much was refused in all.
    pub fn refused_count(&self) -> u64 {
        self.refused.values().map(|refused| refused.count).sum()
    }
}

impl Refusal {
    /// What a person is told.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotAName => "has characters that no host name has",
            Self::EmptyLabel => "has two dots in a row",
            Self::LabelTooLong => "has a part longer than 63 characters",
            Self::NameTooLong => "is longer than 253 characters",
            Self::International => "is an international name without a valid form",
            Self::EndsInNumber => "ends in a number but is not an address",
            Self::WholeTopLevel => {
                "would stand for a whole top-level domain; write *.name where that is meant"
            }
            Self::PublicSuffix => {
                "would stand for every site below a public suffix; write *.name where that is meant"
            }
            Self::WildcardInside => "has a wildcard elsewhere than at the start",
            Self::Port => "has a port",
            Self::PathInNames => "is a URL in a list of names",
            Self::SeveralWords => "has more than one word",
            Self::AnotherFormat => "is in the syntax of another format",
            Self::NoAddress => "does not start with an address",
            Self::NoName => "has an address but no name",
            Self::Rewrite => "sends a name elsewhere instead of nowhere, which a list cannot do",
            Self::LocalName => "is one of the machine's own names",
            Self::NotARange => "is not a range of addresses",
            Self::SpecialAddress => "covers loopback or unspecified addresses",
            Self::UserName => "is a URL with a user name",
            Self::Fragment => "is a whole host but for its fragment, which no request carries",
            Self::NotAPath => "has a path that is not one or is longer than 2,048 characters",
            Self::Expression => "is not a valid expression",
            Self::ExpressionNotExpressible => "uses a construct that cannot be matched safely",
            Self::ExpressionTooLarge => "is an expression that needs too much memory",
            Self::ExpressionMatchesAll => "is an expression that matches every address",
            Self::BrowserOnly => "speaks of parts of pages, which only a browser can tell apart",
            Self::Modifier => {
                "has a modifier that a list of names cannot carry out, so the rule is ignored whole"
            }
            Self::ExceptionByPattern => {
                "is an exception for a pattern; only names can be taken out of a list"
            }
            Self::TooShort => "is a pattern of so few characters that it matches too much",
            Self::OtherSetting => "is a setting that says nothing of sites",
            Self::Forwarding => "sends questions to another resolver, which belongs in the settings",
            Self::Include => "brings in another file; import that file too",
            Self::Blanket => "closes or opens everything else, which belongs in the policy",
            Self::ByWhoAsks => "is a rule by who asks, which belongs in the policy",
            Self::ByNameServer => "is a rule by a site's name servers, which the filter does not ask for",
            Self::OutsideTheZone => "lies outside the zone",
            Self::NotAStamp => "is a DNS stamp that cannot be read",
            Self::LineTooLong => "is longer than 4,096 characters",
            Self::NotText => "is not UTF-8 text",
        }
    }
}
