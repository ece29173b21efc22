//! The content that comes with the program, compiled into it.

pub use lists::CATEGORIES;

/// `content/services.toml`.
pub const SERVICES: &str = include_str!("../../../content/services.toml");
/// `content/safe-search.toml`.
pub const SAFE_SEARCH: &str = include_str!("../../../content/safe-search.toml");
/// `content/search-engines.toml`.
pub const SEARCH_ENGINES: &str = include_str!("../../../content/search-engines.toml");
/// `content/help.toml`.
pub const HELP: &str = include_str!("../../../content/help.toml");
/// `content/essential.toml`.
pub const ESSENTIAL: &str = include_str!("../../../content/essential.toml");
/// `content/examples/demo.toml`: the default policy, of a made-up primary and secondary school.
pub const DEMO_POLICY: &str = include_str!("../../../content/examples/demo.toml");
/// `content/examples/st-neot.toml`: a village primary school's tables.
pub const VILLAGE_PRIMARY_POLICY: &str = include_str!("../../../content/examples/st-neot.toml");
/// `content/examples/abbey.toml`: a secondary school's written rules.
pub const SECONDARY_POLICY: &str = include_str!("../../../content/examples/abbey.toml");
