//! Columns as events again.

use std::net::IpAddr;

use activity::Event;
use activity::event::fact_of;
use activity::sealed::RecordRef;
use arrow::array::{Array as _, ArrowPrimitiveType, AsArray as _, BooleanArray, PrimitiveArray, RecordBatch};
use arrow::datatypes::{TimestampMillisecondType, UInt16Type, UInt32Type, UInt64Type};
use engine::{
    DeviceNo, Front, GroupNo, KnownBy, Origin, PersonNo, Refusal, RuleRef, Step, Transport, Verdict,
};
use kit::Timestamp;

use crate::texts::{Once, Texts};

/// A batch with every column of the schema, by name.
#[derive(Debug)]
pub struct View<'a> {
    batch: &'a RecordBatch,
}

type Numbers<'a, T> = Option<&'a PrimitiveArray<T>>;

impl<'a> View<'a> {
    /// Looks at a batch.
    pub const fn of(batch: &'a RecordBatch) -> Self {
        Self { batch }
    }

    fn numbers<T: ArrowPrimitiveType>(&self, name: &str) -> Numbers<'a, T> {
        self.batch.column_by_name(name)?.as_primitive_opt()
    }

    fn texts(&self, name: &str) -> Option<Texts<'a>> {
        Texts::of(self.batch.column_by_name(name)?.as_ref())
    }

    /// Persons.
    pub fn persons(&self) -> Numbers<'a, UInt32Type> {
        self.numbers("person")
    }

    /// Devices.
    pub fn devices(&self) -> Numbers<'a, UInt32Type> {
        self.numbers("device")
    }

    /// Addresses of devices.
    pub fn clients(&self) -> Option<Texts<'a>> {
        self.texts("client")
    }

    /// Moments.
    pub fn moments(&self) -> Numbers<'a, TimestampMillisecondType> {
        self.numbers("decided_at")
    }

    /// Places.
    pub fn places(&self) -> Numbers<'a, UInt64Type> {
        self.numbers("seq")
    }

    /// Gate runs.
    pub fn runs(&self) -> Numbers<'a, UInt64Type> {
        self.numbers("run")
    }

    /// Groups.
    pub fn groups(&self) -> Numbers<'a, UInt16Type> {
        self.numbers("grp")
    }

    /// Bytes that were sent back.
    pub fn bytes(&self) -> Numbers<'a, UInt64Type> {
        self.numbers("bytes")
    }

    /// Verdicts.
    pub fn verdicts(&self) -> Option<Texts<'a>> {
        self.texts("verdict")
    }

    /// Sites.
    pub fn sites(&self) -> Option<Texts<'a>> {
        self.texts("site")
    }

    /// Steps.
    pub fn steps(&self) -> Option<Texts<'a>> {
        self.texts("step")
    }

    /// How surely it is known who asked.
    pub fn known_by(&self) -> Option<Texts<'a>> {
        self.texts("known_by")
    }

    /// What was searched for.
    pub fn searched(&self) -> Option<Texts<'a>> {
        self.texts("searched")
    }

    /// Which rows are requests of people and devices that our own gate decided: neither erased, nor asked by the school's
    /// own test of its filter, nor brought in from another filter's log. Reports are about these.
    pub fn asked_of_us(&self) -> Option<BooleanArray> {
        let (fronts, known_by, steps) = (self.fronts()?, self.known_by()?, self.steps()?);
        let (mut known_by, mut steps) = (Once::of(known_by), Once::of(steps));
        let mut is_one = |row| {
            fronts.is_there(row)
                && known_by.at(row, |word| word == KnownBy::FilterTest.id()) != Some(true)
                && steps.at(row, |word| word == Step::Elsewhere.id()) != Some(true)
        };
        Some((0..self.batch.num_rows()).map(|row| Some(is_one(row))).collect())
    }

    /// Fronts; none where an event has been erased.
    pub fn fronts(&self) -> Option<Texts<'a>> {
        self.texts("front")
    }

    /// The events in order, `None` for those that have been erased; `None` where the batch is not of this form.
    pub fn events(&self) -> Option<impl Iterator<Item = Option<Event>> + use<'a>> {
        let (persons, devices, clients) = (self.persons()?, self.devices()?, self.clients()?);
        let (moments, places, fronts) = (self.moments()?, self.places()?, self.fronts()?);
        let (mut fronts, mut verdicts) = (Once::of(fronts), Once::of(self.verdicts()?));
        let (mut known_by, mut steps) = (Once::of(self.known_by()?), Once::of(self.steps()?));
        let mut clients = Once::of(clients);
        let (rules, facts) = (self.numbers::<UInt32Type>("rule")?, self.numbers::<UInt16Type>("fact")?);
        let short = |name| self.numbers::<UInt16Type>(name);
        let (categories, lists, groups, besides) =
            (short("category")?, short("list")?, short("grp")?, short("beside")?);
        let (hosts, paths, agents) = (self.texts("host")?, self.texts("path")?, self.texts("agent")?);
        let (searched, transports) = (self.searched()?, self.texts("transport")?);
        let long = |name| self.numbers::<UInt64Type>(name);
        let (bytes, sent, records) = (long("bytes")?, long("sent")?, long("record")?);
        let event = move |row: usize| {
            let front = fronts.at(row, Front::from_id)??;
            let step = steps.at(row, |word| called(word, Step::from_number, Step::id))??;
            let rule = RuleRef(number(rules, row)?);
            Some(Event {
                seq: number(places, row)?,
                at: Timestamp::from_millis(number(moments, row)?),
                front: front.id().to_owned(),
                client: clients.at(row, |text| text.parse::<IpAddr>().ok()).flatten(),
                person: number(persons, row).map(PersonNo),
                device: number(devices, row).map(DeviceNo),
                known_by: known_by.at(row, |word| called(word, KnownBy::from_number, KnownBy::id))??,
                host: hosts.at(row).map(str::to_owned),
                path: paths.at(row).map(str::to_owned),
                searched: searched.at(row).map(str::to_owned),
                agent: agents.at(row).map(str::to_owned),
                transport: transports.at(row).and_then(Transport::from_id),
                verdict: verdicts.at(row, |word| called(word, Verdict::from_number, Verdict::id))??,
                step,
                rule,
                refusal: Refusal::of(step, rule),
                origin: Origin::of(step, rule),
                fact: fact_of(u64::from(number(facts, row)?))?,
                category: number(categories, row),
                list: number(lists, row),
                group: number(groups, row).map(GroupNo),
                beside: number(besides, row).map(GroupNo),
                bytes: number(bytes, row)?,
                record: number(records, row).and_then(RecordRef::from_number),
                sent: number(sent, row),
            })
        };
        Some((0..self.batch.num_rows()).map(event))
    }
}

/// The number in a row.
pub fn number<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>, row: usize) -> Option<T::Native> {
    column.is_valid(row).then(|| column.value(row))
}

/// What has that word, of what has a small number.
pub fn called<T: Copy>(
    word: &str,
    from_number: impl Fn(u8) -> Option<T>,
    id: impl Fn(T) -> &'static str,
) -> Option<T> {
    (0..16).filter_map(from_number).find(|&known| id(known) == word)
}
