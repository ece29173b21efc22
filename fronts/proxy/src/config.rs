//! What the proxy is told before it starts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use engine::test_pass::Passes;
use kit::Private;

use crate::address::Opening;
use crate::ports::Ports;

/// Everything the proxy needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen. A port of 0 takes a free one; [`crate::Running::addresses`] says which.
    pub listen: Vec<SocketAddr>,
    /// How many threads serve; 0 for one a core.
    pub threads: usize,
    /// The DNS servers that the proxy asks for the addresses of a site, each with its port.
    pub upstreams: Vec<SocketAddr>,
    /// Zones of the school's own, each for itself and all below it, and who answers for them.
    pub forward: Vec<(Vec<String>, Vec<SocketAddr>)>,
    /// The ports that `CONNECT` may name.
    pub connect_ports: Ports,
    /// The ports that a plain address may name. What is opened inside by its port needs no place here.
    pub web_ports: Ports,
    /// Services of the school's own that may be reached through the proxy. The portal belongs here, and nothing is
    /// open by default.
    pub allow_private: Vec<Opening>,
    /// Other sockets of the gate, such as its DNS port: never reachable through the proxy. Its own are added.
    pub own: Vec<SocketAddr>,
    /// The portal's address, as `http://portal.school.example`, without a slash at the end.
    pub portal: String,
    /// Where the portal listens. It is told for which device a request is; nobody else is.
    pub portal_at: Option<SocketAddr>,
    /// The name under which devices ask the gate over encrypted DNS, lower case: what lies below it can be a person's secret.
    pub dns_name: Option<String>,
    /// Who helps a child, in the order to show them. Shown first where the ground is one that may hurt.
    pub help: Vec<HelpLine>,
    /// The name the gate gives itself in `Via`; `None` sends no such field.
    pub via: Option<String>,
    /// What the PAC file says.
    pub pac: Pac,
    /// The key of the tickets on the block page; the portal holds the same.
    pub ticket_key: Private<[u8; 32]>,
    /// Who takes passes of the school's own filter test ([`engine::test_pass`]); without it nobody tests.
    pub passes: Option<Arc<Passes>>,
    /// How long a ticket may be used.
    pub ticket_life: Duration,
    /// What bounds one client and all of them.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            threads: 0,
            upstreams: Vec::new(),
            forward: Vec::new(),
            connect_ports: Ports::for_tunnels(),
            web_ports: Ports::for_pages(),
            allow_private: Vec::new(),
            own: Vec::new(),
            portal: String::new(),
            portal_at: None,
            dns_name: None,
            help: Vec::new(),
            via: Some("fivebar".to_owned()),
            pac: Pac::default(),
            ticket_key: Private::new([0; 32]),
            passes: None,
            ticket_life: Duration::from_secs(24 * 3600),
            limits: Limits::default(),
        }
    }
}

/// One helpline on the block page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpLine {
    /// Its name.
    pub name: String,
    /// How to reach it, in words: a telephone number, a text code, opening hours.
    pub how: String,
    /// Its page.
    pub url: String,
}

/// What the PAC file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pac {
    /// The proxy as browsers reach it, `host:port`; `None` for the address at which the file was asked for.
    pub proxy: Option<String>,
    /// The school's own domains, which browsers reach directly, each with everything below it.
    pub direct: Vec<String>,
}

/// What bounds one client and all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections at one time; more get a clear 503.
    pub connections: usize,
    /// From the first byte of a request to the end of its head.
    pub head: Duration,
    /// How long a connection may stay between requests.
    pub idle: Duration,
    /// How long a connection to an origin may take to open.
    pub connect: Duration,
    /// How long an origin may take to begin its answer, and how long a body may stand still.
    pub origin: Duration,
    /// How long a tunnel or WebSocket may stand still.
    pub tunnel_idle: Duration,
    /// How long a DNS question of the proxy's own may take.
    pub resolve: Duration,
    /// How many unused connections to origins a thread keeps.
    pub kept_origins: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            head: Duration::from_secs(15),
            idle: Duration::from_secs(75),
            connect: Duration::from_secs(10),
            origin: Duration::from_secs(60),
            tunnel_idle: Duration::from_secs(30 * 60),
            resolve: Duration::from_secs(5),
            kept_origins: 512,
        }
    }
}

/// A configuration that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Nowhere to listen.
    #[error("the proxy has no address to listen on; give at least one, such as 127.0.0.1:3128")]
    NoListener,
    /// No DNS servers.
    #[error("the proxy has no DNS server to ask; give at least one, with its port")]
    NoUpstream,
    /// A text that a script or a header will hold has a character it may not have.
    #[error("{what} may not hold {found:?}; use letters, digits and - _ . : [ ] / only")]
    Character {
        /// Which setting.
        what: &'static str,
        /// The character.
        found: char,
    },
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {error}; is another program using it?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the machine said.
        error: std::io::Error,
    },
    /// A thread or its runtime cannot be started.
    #[error("cannot start a thread of the proxy: {0}")]
    Thread(std::io::Error),
}

impl Config {
    /// Finds what cannot work before anything starts.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.listen.is_empty() {
            return Err(ConfigError::NoListener);
        }
        if self.upstreams.is_empty() {
            return Err(ConfigError::NoUpstream);
        }
        plain("the portal's address", &self.portal)?;
        plain("the name in Via", self.via.as_deref().unwrap_or_default())?;
        plain("the proxy's address in the PAC file", self.pac.proxy.as_deref().unwrap_or_default())?;
        self.pac.direct.iter().try_for_each(|domain| plain("a direct domain of the PAC file", domain))
    }
}

fn plain(what: &'static str, text: &str) -> Result<(), ConfigError> {
    let odd = |c: &char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '[' | ']' | '/'));
    text.chars().find(odd).map_or(Ok(()), |found| Err(ConfigError::Character { what, found }))
}
