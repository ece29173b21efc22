//! Which well-known services a request is about, for whoever explains it.

use kit::Host;

use super::{FilterPolicy, Kind};
use crate::catalogue::Service;
use crate::decision::Reason;
use crate::request::Request;
use crate::targets::Hashed;

impl FilterPolicy {
    /// The well-known services that the host, or a name it leads through, belongs to, in the catalogue's order.
    pub(crate) fn services_of(&self, request: &Request<'_>) -> Vec<&Service> {
        let mut numbers = Vec::new();
        let host = match request.host {
            Host::Name(name) => Some(name),
            Host::Address(_) => None,
        };
        for name in host.into_iter().chain(request.chain.iter().copied()) {
            let hashed = Hashed::new(name.as_str(), self.index.hasher());
            self.targets.sites(&hashed, None, |entry| {
                if let Some(Kind::Service(number)) = self.entries.get(entry as usize).map(|entry| entry.kind)
                {
                    numbers.push(number);
                }
            });
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().filter_map(|number| self.catalogue.service(number)).collect()
    }

    /// Whether the reason is a row of the table that spoke about this service, and not about a category.
    pub(crate) fn speaks_by(&self, reason: &Reason, service: &Service) -> bool {
        let row = self
            .entry(reason.rule)
            .filter(|entry| entry.kind == Kind::Use && reason.list.is_none())
            .and_then(|entry| self.document.uses.get(entry.place as usize));
        row.is_some_and(|row| row.services.contains(&service.id) || row.service_kinds.contains(&service.kind))
    }
}
