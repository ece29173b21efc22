//! Events into columns.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use activity::columns::Row;
use activity::event::fact_number;
use arrow::array::{
    ArrayRef, BooleanBuilder, Int64Builder, RecordBatch, StringBuilder, TimestampMillisecondBuilder,
    UInt16Builder, UInt32Builder, UInt64Builder,
};
use arrow::error::ArrowError;
use engine::Transport;
use kit::Host;

use crate::order::{Key, Who};
use crate::schema::{SCHEMA, site_of};

/// Sites that have been looked up; more than this begin anew.
const SITES: usize = 100_000;
/// The same of addresses as text.
const ADDRESSES: usize = 20_000;

/// Gathers events.
#[derive(Debug)]
pub struct Rows {
    keys: Vec<Key>,
    person: UInt32Builder,
    device: UInt32Builder,
    client: StringBuilder,
    at: TimestampMillisecondBuilder,
    seq: UInt64Builder,
    run: UInt64Builder,
    number_less_seq: Int64Builder,
    front: StringBuilder,
    verdict: StringBuilder,
    known_by: StringBuilder,
    step: StringBuilder,
    rule: UInt32Builder,
    fact: UInt16Builder,
    category: UInt16Builder,
    list: UInt16Builder,
    grp: UInt16Builder,
    beside: UInt16Builder,
    host: StringBuilder,
    host_is_address: BooleanBuilder,
    site: StringBuilder,
    path: StringBuilder,
    searched: StringBuilder,
    agent: StringBuilder,
    bytes: UInt64Builder,
    sent: UInt64Builder,
    record: UInt64Builder,
    transport: StringBuilder,
    sites: HashMap<String, usize>,
    addresses: HashMap<IpAddr, String>,
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            person: UInt32Builder::new(),
            device: UInt32Builder::new(),
            client: StringBuilder::new(),
            at: TimestampMillisecondBuilder::new().with_timezone("UTC"),
            seq: UInt64Builder::new(),
            run: UInt64Builder::new(),
            number_less_seq: Int64Builder::new(),
            front: StringBuilder::new(),
            verdict: StringBuilder::new(),
            known_by: StringBuilder::new(),
            step: StringBuilder::new(),
            rule: UInt32Builder::new(),
            fact: UInt16Builder::new(),
            category: UInt16Builder::new(),
            list: UInt16Builder::new(),
            grp: UInt16Builder::new(),
            beside: UInt16Builder::new(),
            host: StringBuilder::new(),
            host_is_address: BooleanBuilder::new(),
            site: StringBuilder::new(),
            path: StringBuilder::new(),
            searched: StringBuilder::new(),
            agent: StringBuilder::new(),
            bytes: UInt64Builder::new(),
            sent: UInt64Builder::new(),
            record: UInt64Builder::new(),
            transport: StringBuilder::new(),
            sites: HashMap::default(),
            addresses: HashMap::default(),
        }
    }
}

impl Rows {
    /// How many are gathered.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Takes one in.
    pub fn add(&mut self, row: &Row<'_>) {
        let Row { seq, run, event } = row;
        let kept = event.kept.as_ref();
        let at = event.at.as_millis();
        let who = kept.map_or_else(Who::default, |kept| {
            Who::of(kept.person.map(|person| person.0), kept.device.map(|device| device.0), kept.client)
        });
        self.keys.push(Key { who, at, seq: *seq });
        self.person.append_option(kept.and_then(|kept| kept.person).map(|person| person.0));
        self.device.append_option(kept.and_then(|kept| kept.device).map(|device| device.0));
        self.address(kept.and_then(|kept| kept.client));
        self.at.append_value(at);
        self.seq.append_value(*seq);
        self.run.append_value(run.0);
        self.number_less_seq.append_value(event.number.wrapping_sub(*seq) as i64);
        self.front.append_option(kept.map(|kept| kept.front.id()));
        self.verdict.append_option(kept.map(|kept| kept.verdict.id()));
        self.known_by.append_option(kept.map(|kept| kept.known_by.id()));
        self.step.append_option(kept.map(|kept| kept.step.id()));
        self.rule.append_option(kept.map(|kept| kept.rule.0));
        // A kind below 8 and an index below 256.
        self.fact.append_option(kept.map(|kept| fact_number(kept.fact) as u16));
        self.category.append_option(kept.and_then(|kept| kept.category));
        self.list.append_option(kept.and_then(|kept| kept.list));
        self.grp.append_option(kept.and_then(|kept| kept.group).map(|group| group.0));
        self.beside.append_option(kept.and_then(|kept| kept.beside).map(|group| group.0));
        self.host(kept.and_then(|kept| kept.host));
        self.path.append_option(kept.and_then(|kept| kept.path));
        self.searched.append_option(kept.and_then(|kept| kept.searched));
        self.agent.append_option(kept.and_then(|kept| kept.agent));
        self.bytes.append_option(kept.map(|kept| kept.bytes));
        self.sent.append_option(kept.and_then(|kept| kept.sent));
        self.record.append_option(kept.and_then(|kept| kept.record).map(|record| record.number()));
        self.transport.append_option(kept.and_then(|kept| kept.transport).map(Transport::id));
    }

    fn address(&mut self, address: Option<IpAddr>) {
        let Some(address) = address else { return self.client.append_null() };
        if self.addresses.len() >= ADDRESSES && !self.addresses.contains_key(&address) {
            self.addresses.clear();
        }
        self.client.append_value(self.addresses.entry(address).or_insert_with(|| address.to_string()));
    }

    fn host(&mut self, host: Option<Host<'_>>) {
        match host {
            None => {
                self.host.append_null();
                self.host_is_address.append_null();
                self.site.append_null();
            }
            Some(Host::Address(address)) => {
                let text = address.to_string();
                self.host.append_value(&text);
                self.host_is_address.append_value(true);
                self.site.append_value(&text);
            }
            Some(Host::Name(name)) => {
                let name = name.as_str();
                self.host.append_value(name);
                self.host_is_address.append_value(false);
                let start = self.site_start(name);
                self.site.append_value(name.get(start..).unwrap_or(name));
            }
        }
    }

    fn site_start(&mut self, name: &str) -> usize {
        if let Some(&start) = self.sites.get(name) {
            return start;
        }
        let start = site_of(name).map_or(0, |site| name.len() - site.len());
        if self.sites.len() >= SITES {
            self.sites.clear();
        }
        self.sites.insert(name.to_owned(), start);
        start
    }

    /// The keys and the events gathered so far, in the order they came; begins anew.
    pub fn take(&mut self) -> Result<(Vec<Key>, RecordBatch), ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.person.finish()),
            Arc::new(self.device.finish()),
            Arc::new(self.client.finish()),
            Arc::new(self.at.finish()),
            Arc::new(self.seq.finish()),
            Arc::new(self.run.finish()),
            Arc::new(self.number_less_seq.finish()),
            Arc::new(self.front.finish()),
            Arc::new(self.verdict.finish()),
            Arc::new(self.known_by.finish()),
            Arc::new(self.step.finish()),
            Arc::new(self.rule.finish()),
            Arc::new(self.fact.finish()),
            Arc::new(self.category.finish()),
            Arc::new(self.list.finish()),
            Arc::new(self.grp.finish()),
            Arc::new(self.beside.finish()),
            Arc::new(self.host.finish()),
            Arc::new(self.host_is_address.finish()),
            Arc::new(self.site.finish()),
            Arc::new(self.path.finish()),
            Arc::new(self.searched.finish()),
            Arc::new(self.agent.finish()),
            Arc::new(self.bytes.finish()),
            Arc::new(self.sent.finish()),
            Arc::new(self.record.finish()),
            Arc::new(self.transport.finish()),
        ];
        let keys = std::mem::take(&mut self.keys);
        RecordBatch::try_new(Arc::clone(&SCHEMA), columns).map(|batch| (keys, batch))
    }
}
