//! Events into columns. A text that comes again is kept once, and rows have its place: most hosts, agents and addresses do.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use activity::columns::Row;
use activity::event::fact_number;
use arrow::array::{
    ArrayRef, BooleanBuilder, DictionaryArray, Int32Builder, Int64Builder, RecordBatch, StringArray,
    StringBuilder, TimestampMillisecondBuilder, UInt16Builder, UInt32Builder, UInt64Builder,
};
use arrow::compute::cast;
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;
use engine::{Front, KnownBy, Step, Transport, Verdict};
use kit::Host;
use kit::hash::Seeded;

use crate::order::{Key, Who};
use crate::schema::{PLACED, SCHEMA, site_of};

/// Numbers that the words of an event's fields have: all are smaller.
const WORDS: u8 = 16;

/// A column of texts, each kept once however many rows have it.
#[derive(Debug, Default)]
struct Placed {
    rows: Int32Builder,
    texts: StringBuilder,
    kept: i32,
}

impl Placed {
    /// Keeps a text; its place.
    fn keep(&mut self, text: &str) -> i32 {
        self.texts.append_value(text);
        self.kept += 1;
        self.kept - 1
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        self.kept = 0;
        let texts = Arc::new(self.texts.finish());
        Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(self.rows.finish(), texts)?))
    }
}

/// The same of texts that are met again.
#[derive(Debug, Default)]
struct Met {
    column: Placed,
    places: HashMap<Box<str>, i32, Seeded>,
}

impl Met {
    fn place(&mut self, text: &str) -> i32 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = self.column.keep(text);
        self.places.insert(text.into(), place);
        place
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        self.places.clear();
        self.column.finish()
    }
}

/// The places of a host and of its site.
type HostAndSite = (i32, i32);

/// Gathers events.
#[derive(Debug)]
pub struct Rows {
    keys: Vec<Key>,
    person: UInt32Builder,
    device: UInt32Builder,
    client: Placed,
    at: TimestampMillisecondBuilder,
    seq: UInt64Builder,
    run: UInt64Builder,
    number_less_seq: Int64Builder,
    front: Int32Builder,
    verdict: Int32Builder,
    known_by: Int32Builder,
    step: Int32Builder,
    rule: UInt32Builder,
    fact: UInt16Builder,
    category: UInt16Builder,
    list: UInt16Builder,
    grp: UInt16Builder,
    beside: UInt16Builder,
    host: Placed,
    host_is_address: BooleanBuilder,
    site: Met,
    path: Placed,
    searched: Placed,
    agent: Met,
    bytes: UInt64Builder,
    sent: UInt64Builder,
    record: UInt64Builder,
    transport: Int32Builder,
    clients: HashMap<IpAddr, i32, Seeded>,
    names: HashMap<Box<str>, HostAndSite, Seeded>,
    addresses: HashMap<IpAddr, HostAndSite, Seeded>,
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            person: UInt32Builder::new(),
            device: UInt32Builder::new(),
            client: Placed::default(),
            at: TimestampMillisecondBuilder::new().with_timezone("UTC"),
            seq: UInt64Builder::new(),
            run: UInt64Builder::new(),
            number_less_seq: Int64Builder::new(),
            front: Int32Builder::new(),
            verdict: Int32Builder::new(),
            known_by: Int32Builder::new(),
            step: Int32Builder::new(),
            rule: UInt32Builder::new(),
            fact: UInt16Builder::new(),
            category: UInt16Builder::new(),
            list: UInt16Builder::new(),
            grp: UInt16Builder::new(),
            beside: UInt16Builder::new(),
            host: Placed::default(),
            host_is_address: BooleanBuilder::new(),
            site: Met::default(),
            path: Placed::default(),
            searched: Placed::default(),
            agent: Met::default(),
            bytes: UInt64Builder::new(),
            sent: UInt64Builder::new(),
            record: UInt64Builder::new(),
            transport: Int32Builder::new(),
            clients: HashMap::default(),
            names: HashMap::default(),
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
        self.client(kept.and_then(|kept| kept.client));
        self.at.append_value(at);
        self.seq.append_value(*seq);
        self.run.append_value(run.0);
        self.number_less_seq.append_value(event.number.wrapping_sub(*seq) as i64);
        self.front.append_option(kept.map(|kept| kept.front as i32));
        self.verdict.append_option(kept.map(|kept| kept.verdict as i32));
        self.known_by.append_option(kept.map(|kept| kept.known_by as i32));
        self.step.append_option(kept.map(|kept| kept.step as i32));
        self.rule.append_option(kept.map(|kept| kept.rule.0));
        // A kind below 8 and an index below 256.
        self.fact.append_option(kept.map(|kept| fact_number(kept.fact) as u16));
        self.category.append_option(kept.and_then(|kept| kept.category));
        self.list.append_option(kept.and_then(|kept| kept.list));
        self.grp.append_option(kept.and_then(|kept| kept.group).map(|group| group.0));
        self.beside.append_option(kept.and_then(|kept| kept.beside).map(|group| group.0));
        self.host(kept.and_then(|kept| kept.host));
        let path = kept.and_then(|kept| kept.path).map(|path| self.path.keep(path));
        self.path.rows.append_option(path);
        let searched = kept.and_then(|kept| kept.searched).map(|words| self.searched.keep(words));
        self.searched.rows.append_option(searched);
        let agent = kept.and_then(|kept| kept.agent).map(|agent| self.agent.place(agent));
        self.agent.column.rows.append_option(agent);
        self.bytes.append_option(kept.map(|kept| kept.bytes));
        self.sent.append_option(kept.and_then(|kept| kept.sent));
        self.record.append_option(kept.and_then(|kept| kept.record).map(|record| record.number()));
        self.transport.append_option(kept.and_then(|kept| kept.transport).map(|transport| transport as i32));
    }

    fn client(&mut self, address: Option<IpAddr>) {
        let Self { client, clients, .. } = self;
        let place = address
            .map(|address| *clients.entry(address).or_insert_with(|| client.keep(&address.to_string())));
        client.rows.append_option(place);
    }

    fn host(&mut self, host: Option<Host<'_>>) {
        let places = match host {
            None => None,
            Some(Host::Address(address)) => Some(match self.addresses.get(&address) {
                Some(places) => *places,
                None => {
                    let text = address.to_string();
                    let places = (self.host.keep(&text), self.site.place(&text));
                    self.addresses.insert(address, places);
                    places
                }
            }),
            Some(Host::Name(name)) => Some(match self.names.get(name.as_str()) {
                Some(places) => *places,
                None => {
                    let name = name.as_str();
                    let places = (self.host.keep(name), self.site.place(site_of(name).unwrap_or(name)));
                    self.names.insert(name.into(), places);
                    places
                }
            }),
        };
        self.host.rows.append_option(places.map(|(host, _)| host));
        self.site.column.rows.append_option(places.map(|(_, site)| site));
        self.host_is_address.append_option(host.map(|host| matches!(host, Host::Address(_))));
    }

    /// The keys and the events gathered so far, in the order they came, with texts in their places; begins anew.
    pub fn take(&mut self) -> Result<(Vec<Key>, RecordBatch), ArrowError> {
        self.clients.clear();
        self.names.clear();
        self.addresses.clear();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.person.finish()),
            Arc::new(self.device.finish()),
            self.client.finish()?,
            Arc::new(self.at.finish()),
            Arc::new(self.seq.finish()),
            Arc::new(self.run.finish()),
            Arc::new(self.number_less_seq.finish()),
            words(&mut self.front, Front::from_number, Front::id)?,
            words(&mut self.verdict, Verdict::from_number, Verdict::id)?,
            words(&mut self.known_by, KnownBy::from_number, KnownBy::id)?,
            words(&mut self.step, Step::from_number, Step::id)?,
            Arc::new(self.rule.finish()),
            Arc::new(self.fact.finish()),
            Arc::new(self.category.finish()),
            Arc::new(self.list.finish()),
            Arc::new(self.grp.finish()),
            Arc::new(self.beside.finish()),
            self.host.finish()?,
            Arc::new(self.host_is_address.finish()),
            self.site.finish()?,
            self.path.finish()?,
            self.searched.finish()?,
            self.agent.finish()?,
            Arc::new(self.bytes.finish()),
            Arc::new(self.sent.finish()),
            Arc::new(self.record.finish()),
            words(
                &mut self.transport,
                |number| Transport::ALL.get(usize::from(number)).copied(),
                Transport::id,
            )?,
        ];
        let keys = std::mem::take(&mut self.keys);
        RecordBatch::try_new(Arc::clone(&PLACED), columns).map(|batch| (keys, batch))
    }
}

/// A column of words, whose numbers are their places.
fn words<T>(
    rows: &mut Int32Builder,
    from_number: impl Fn(u8) -> Option<T>,
    id: impl Fn(T) -> &'static str,
) -> Result<ArrayRef, ArrowError> {
    let words = (0..WORDS).map(|number| from_number(number).map_or("", &id));
    let words = Arc::new(StringArray::from_iter_values(words));
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(rows.finish(), words)?))
}

/// The same events with each text in its row.
pub fn plain(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(SCHEMA.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type()));
    RecordBatch::try_new(Arc::clone(&SCHEMA), columns.collect::<Result<_, _>>()?)
}
