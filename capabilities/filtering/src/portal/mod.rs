//! The portal: what anybody at the school may open, without signing in.

pub mod monday;
mod pages;
mod publishing;
pub mod today;
pub(crate) use pages::Carried;
pub use publishing::{Gate, GateHas, NotPublished, Publishes};
pub mod refusal;
pub mod speech;
pub mod views;
pub mod who_did;
pub mod who_sees;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::response::Response;
use engine::catalogue::OpenSite;
use engine::sealed::SealedState;
use engine::ticket::Ticket;
use engine::{Current, FilterPolicy, Step, behalf};
use kit::{Clock, Private, Timestamp, Zone};
use people::Pseudonyms;
use people::account::notices::Telling;
use people::account::{Anybody, Counts, Hashing, House, Ways};
use people::duty::SchoolKind;
use people::intake::Office;
use store::{Actor, Db};
use web::speech::say;
use web::{Page, PageError, Shell, filled};

use crate::always_open::{self, AlwaysOpen};
use crate::asker::Asker;
use crate::sealed::telling::{self, Secret};
pub use refusal::{LogUnavailable, Named, NamedBy, RecentBlocks, Refusal, Soon};

/// What must be said on every page until a live feed of illegal content is loaded.
pub const NO_LIVE_FEED: &str = engine::sealed::NO_LIVE_LIST;

/// What the portal's pages need. Cheap to clone.
#[derive(Clone)]
pub struct Portal {
    /// The records.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// The school's own time, for what people read.
    pub zone: Zone,
    /// What the header says: the school's name.
    pub service: String,
    /// The help sites that are open here: those of the content, without the ones that a school confirms first and has
    /// not.
    pub help: Arc<[OpenSite]>,
    /// Knows who uses an address, and says reasons in words.
    pub filter: Arc<Current>,
    /// Opens the tickets that block pages carry: the key that the gate seals them with.
    pub ticket_key: Private<[u8; 32]>,
    /// Whether a connection from an address can be the gate's own, which speaks for any device.
    pub is_gate: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// Where browsers reach the portal, and which addresses are its own: it is served under no other name.
    pub own: web::OwnAddress,
    /// Knows what a device was last refused.
    pub recent: Arc<dyn RecentBlocks>,
    /// Knows which lists name a site, and since when. Reads files, and is asked where nobody waits for it.
    pub named: Named,
    /// Publishes what a page has changed.
    pub publishes: Arc<dyn Publishes>,
    /// Answers what devices did.
    pub log: activity::Client,
    /// Stand for people and devices until somebody opens identities.
    pub pseudonyms: Pseudonyms,
    /// For how many days the activity log is kept.
    pub keep_days: u32,
    /// Knows how the gate fares.
    pub gate: Arc<dyn Gate>,
    /// What the school wants of its back-ups, and what is being done with them just now.
    pub back_ups: backups::Watching,
    /// What kind of school it is.
    pub kind: SchoolKind,
    /// Hashes the passwords of whoever signs in.
    pub hashing: Hashing,
    /// Counts what tries to sign in come to.
    pub tries: Arc<Counts>,
    /// The ways to sign in beside a password that is kept here.
    pub ways: Ways,
    /// How people are told what waits for them or has happened.
    pub telling: Telling,
    /// What else must be said on every page just now, as while older rules stand in for damaged ones.
    pub notices: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
}

/// The portal's routes behind its guard, with those of capabilities to the right. Serve it with
/// [`into_make_service_with_connect_info::<SocketAddr>`](axum::Router::into_make_service_with_connect_info).
pub fn routes_beside(portal: Portal, more: Router) -> Router {
    let pages = pages::routes()
        .merge(crate::site_request::pages::routes())
        .merge(crate::site_report::pages::routes());
    let pages = pages
        .merge(crate::site_request::staff_pages::routes())
        .merge(crate::site_report::staff_pages::routes())
        .merge(crate::overrides::pages::routes())
        .merge(crate::withheld::pages::routes())
        .merge(crate::site_note::own::routes())
        .merge(crate::desk::pages::routes())
        .merge(crate::lesson::pages::routes())
        .merge(crate::timetable::pages::routes())
        .merge(crate::explain::pages::routes())
        .merge(crate::activity_log::pages::routes())
        .merge(crate::access_trail::pages::routes())
        .merge(crate::list::pages::routes())
        .merge(crate::filter_policy::pages::routes())
        .merge(crate::filter_test::pages::routes())
        .merge(crate::observing::pages::routes())
        .merge(crate::devices::pages::routes())
        .merge(crate::own_words::pages::routes())
        .merge(crate::health::pages::routes())
        .merge(today::routes())
        .merge(who_sees::routes())
        .merge(speech::routes());
    let (own, shell, house) = (portal.own.clone(), portal.clone(), House::from_ref(&portal));
    let filter = Arc::clone(&portal.filter);
    let words = move || Arc::clone(filter.policy().words());
    let office = portal.office();
    let pages =
        pages.with_state(portal).merge(people::account::routes(house)).merge(people::intake::routes(office));
    web::guarded(pages.merge(more), own, Arc::new(move || shell.shell()), Arc::new(words))
}

/// The portal's own routes alone.
pub fn routes(portal: Portal) -> Router {
    routes_beside(portal, Router::new())
}

impl Portal {
    /// The shell of every page. What must be said stands on each in red, as about the sealed tier; a feed that is fresh now
    /// is stale some day, without anything being published.
    pub(crate) fn shell(&self) -> Shell {
        let sealed = self.filter.policy().sealed().state(self.clock.now());
        Shell {
            service: self.service.clone(),
            notices: (self.notices)().into_iter().chain(sealed_notice(sealed)).collect(),
            links: links(&web::speech::current()),
            signed_in: None,
            spoken: web::speech::shell_here(),
        }
    }

    /// What the pages of the roll need.
    fn office(&self) -> Office {
        let filter = Arc::clone(&self.filter);
        let groups = move || filter.policy().document().groups.iter().map(|group| group.id.clone()).collect();
        // Whoever publishes what pages change publishes the roll.
        let publishes: Arc<dyn people::intake::Publishes> = self.publishes.clone();
        Office { house: House::from_ref(self), publishes, groups: Arc::new(groups) }
    }

    pub(crate) fn respond(&self, page: &Page) -> Response {
        self.shell().respond(page)
    }

    /// Why a site is open to everyone, if it is.
    pub(crate) fn always_open(&self, host: &str) -> Option<AlwaysOpen> {
        let policy = self.filter.policy();
        AlwaysOpen::of(host, policy.catalogue(), &policy.document().help_confirmed)
    }

    /// Whether a site is one of help, so that nothing is kept of who speaks of it.
    pub(crate) fn is_help(&self, host: &str) -> bool {
        always_open::is_help(host, self.filter.policy().catalogue())
    }

    /// Who a visitor is, as far as is known.
    pub(crate) fn asker(&self, visitor: Visitor, who: Anybody) -> Asker {
        let Anybody(signed_in) = who;
        match visitor {
            Visitor::At(address) => Asker::at(address, &self.filter.live().identify(address)),
            Visitor::BehindGate(gate) => Asker::unknown(gate),
        }
        .signed_in_as(signed_in)
    }

    /// Whoever met the block page of a ticket that holds; without one, whoever the visitor is. Where somebody is signed in, they.
    pub(crate) fn asker_with(&self, ticket: &str, visitor: Visitor, who: Anybody, at: Timestamp) -> Asker {
        let Anybody(signed_in) = who;
        let met = self.ticket(ticket, at).map(|ticket| Asker::of(&ticket).signed_in_as(signed_in));
        met.unwrap_or_else(|| self.asker(visitor, who))
    }

    /// Whether a visitor, or whoever met the block page of the ticket that they carry, is the one who asked.
    pub(crate) fn is_asker(&self, asker: &Asker, ticket: &str, visitor: Visitor, who: Anybody) -> bool {
        let by_ticket = self.ticket(ticket, self.clock.now()).map(|ticket| Asker::of(&ticket));
        by_ticket.is_some_and(|other| asker.is_same_as(&other)) || asker.is_same_as(&self.asker(visitor, who))
    }

    /// The way to the page of something that was kept. Where the visitor alone is not known as the asker, the ticket
    /// goes with it.
    pub(crate) fn way_to(
        &self,
        page: &str,
        asker: &Asker,
        ticket: &str,
        (visitor, who): (Visitor, Anybody),
    ) -> String {
        if asker.is_same_as(&self.asker(visitor, who)) {
            page.to_owned()
        } else {
            format!("{page}?t={ticket}")
        }
    }

    fn ticket(&self, text: &str, at: Timestamp) -> Option<Ticket> {
        Ticket::open(self.ticket_key.reveal(), text, at).ok()
    }

    /// Whether an answer may be given that depends on what is sealed, and tells of so many entries of it: as everywhere, ten an hour.
    pub async fn may_answer(
        &self,
        policy: &FilterPolicy,
        actor: &Actor,
        what: &str,
        told: u32,
        at: Timestamp,
    ) -> Result<bool, PageError> {
        if !Secret::of(policy.sealed().state(at)).live {
            return Ok(true);
        }
        let may = telling::may_tell(&self.db, actor, what, told, at).await.map_err(PageError::unexpected)?;
        Ok(may.0)
    }

    /// The lists that put a refused site into the category that was the ground. Nothing of what a child may be hurt by: the
    /// page is about help then.
    pub(crate) async fn named_by(&self, refusal: &Refusal) -> Vec<NamedBy> {
        let (Some(category), Some(host)) = (refusal.category, refusal.host.clone()) else {
            return Vec::new();
        };
        if refusal.step == Step::Sealed || refusal.saying.offer_help {
            return Vec::new();
        }
        let named = Arc::clone(&self.named);
        let mut named = tokio::task::spawn_blocking(move || named(&host)).await.unwrap_or_default();
        let policy = self.filter.policy();
        let fills = |id: &str| {
            let numbers = (0u16..).zip(policy.index().lists());
            numbers
                .filter(|(_, list)| list.id == id)
                .any(|(number, _)| policy.categories_of(number).contains(&category))
        };
        named.retain(|one| fills(&one.list));
        named
    }

    /// The refusal that a ticket tells of; nothing without a ticket, or with one that has ended.
    pub(crate) fn refusal(&self, ticket: &str, at: Timestamp) -> Option<Refusal> {
        Some(Refusal::of(self.ticket(ticket, at)?, &self.filter))
    }
}

impl FromRef<Portal> for House {
    fn from_ref(portal: &Portal) -> Self {
        let (shell, from) = (portal.clone(), portal.clone());
        Self {
            db: portal.db.clone(),
            clock: portal.clock.clone(),
            zone: portal.zone.clone(),
            kind: portal.kind,
            shell: Arc::new(move || shell.shell()),
            url: portal.own.url.trim_end_matches('/').to_owned(),
            by_https: portal.own.url.starts_with("https://"),
            key: portal.ticket_key.clone(),
            hashing: portal.hashing.clone(),
            counts: Arc::clone(&portal.tries),
            ways: portal.ways.clone(),
            telling: portal.telling.clone(),
            visitor: Arc::new(move |parts| match from.visitor(parts)? {
                Visitor::At(address) | Visitor::BehindGate(address) => Ok(address),
            }),
            offered: Arc::new(today::offered),
            own: &[("What you asked for and reported, and the answers", "/me/asked")],
        }
    }
}

/// What is said on every page of the sealed tier; nothing while all is well with it.
fn sealed_notice(state: SealedState) -> Option<String> {
    let key = match state {
        SealedState::Live => return None,
        SealedState::NeverConfigured | SealedState::TestEntries => "shell.no-live-list",
        SealedState::Stale => "shell.stale-lists",
        SealedState::Unverifiable => "shell.lists-not-verified",
    };
    Some(say(key))
}

/// The links at the foot of every page.
fn links(say: &words::Say) -> Vec<(String, String)> {
    let links = [
        ("link.why", "/why"),
        ("link.ask", "/requests"),
        ("link.report", "/reports"),
        ("link.help", "/help"),
        ("link.who", "/who-sees"),
        ("link.worry", "/worry"),
        ("link.staff", web::error::SIGN_IN),
    ];
    links.map(|(key, href)| (say.say(key).to_owned(), href.to_owned())).to_vec()
}

/// What is said when a form was right and could not be kept. The error is logged once, here.
pub(crate) fn not_kept(error: &(dyn std::error::Error + 'static)) -> String {
    let reference = web::error::logged(error);
    filled!("not-so.this-could-not-be", reference = reference)
}

/// Where whoever asks for a page is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Visitor {
    /// At this address: the connection's own, or the one that the gate vouches for.
    At(IpAddr),
    /// Somewhere behind the gate, whose address this is. Who that is nobody says, so nothing is put down to anybody.
    BehindGate(IpAddr),
}

impl FromRequestParts<Portal> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, PageError> {
        portal.visitor(parts)
    }
}

impl Portal {
    fn visitor(&self, parts: &Parts) -> Result<Visitor, PageError> {
        let connected = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = connected
            .map(|ConnectInfo(address)| address.ip().to_canonical())
            .ok_or_else(|| PageError::unexpected("the portal was started without its visitors' addresses"))?;
        // Whatever the gate did not say about now, once, under the key that only it and the portal hold, was not said.
        let mut words = parts.headers.get_all(behalf::FIELD).iter();
        let word = words.next().filter(|_| words.next().is_none()).and_then(|word| word.to_str().ok());
        let (key, now) = (self.ticket_key.reveal(), self.clock.now());
        if let Some(client) = word.and_then(|word| behalf::spoken_for(key, word, now)) {
            return Ok(Visitor::At(client));
        }
        Ok(if (self.is_gate)(peer) { Visitor::BehindGate(peer) } else { Visitor::At(peer) })
    }
}
