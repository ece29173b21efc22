//! Searches: what the log asks of frames, asked of columns.

use std::io;
use std::ops::ControlFlow;

use activity::ask::Counts;
use activity::columns::{ColumnFile, Wanted};
use activity::search::Site;
use activity::store::Each;
use activity::{Subject, TimeRange, Whose};
use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::Int64Type;
use datafusion::common::ScalarValue;
use datafusion::functions::string::expr_fn::ends_with;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::col;
use kit::Timestamp;

use crate::engine::Engine;
use crate::schema::site_of;
use crate::texts::text;
use crate::view::View;

/// A question for no more than so many events has the best of them kept while it is answered; any other is answered for so
/// many places at a time. Either way no more than these are in memory at once.
const PLACES: u64 = 200_000;
const BEST: u64 = 20_000;

/// Hands over what is wanted of a file; how many.
pub fn read(engine: &Engine, file: &ColumnFile, wanted: &Wanted<'_>, each: &mut Each<'_>) -> io::Result<u64> {
    let table = engine.table(&[file]);
    let mut found = 0;
    for (first_seq, next_seq) in windows(wanted) {
        let places = col("seq").gt_eq(lit(first_seq)).and(col("seq").lt(lit(next_seq)));
        let condition = condition(wanted).and(places);
        let left = wanted.at_most.map(|most| most.saturating_sub(found));
        if left == Some(0) {
            break;
        }
        let question = async {
            let all = engine.context().read_table(table.clone())?.filter(condition)?;
            let sorted = all.sort(vec![col("seq").sort(!wanted.newest_first, false)])?;
            sorted.limit(0, left.and_then(|left| usize::try_from(left).ok()))
        };
        let mut flow = ControlFlow::Continue(());
        engine.run(question, &mut |batch| {
            let events = View::of(batch).events().ok_or(io::ErrorKind::InvalidData)?;
            for event in events {
                found += 1;
                flow = each(event.ok_or(io::ErrorKind::InvalidData)?);
                if flow.is_break() {
                    break;
                }
            }
            Ok(flow)
        })?;
        if flow.is_break() {
            break;
        }
    }
    Ok(found)
}

/// Counts what is wanted of a file.
pub fn count_events(
    engine: &Engine,
    file: &ColumnFile,
    wanted: &Wanted<'_>,
    counts: &mut Counts,
) -> io::Result<()> {
    let table = engine.table(&[file]);
    let words = ["verdict", "step", "front", "transport"];
    let question = async {
        let all = engine.context().read_table(table)?.filter(condition(wanted))?;
        all.aggregate(words.map(col).to_vec(), vec![count(lit(1)).alias("events")])
    };
    engine.run(question, &mut |batch| {
        add_counts(batch, counts).ok_or(io::ErrorKind::InvalidData)?;
        Ok(ControlFlow::Continue(()))
    })
}

fn add_counts(batch: &RecordBatch, counts: &mut Counts) -> Option<()> {
    let number = batch.column_by_name("events")?.as_primitive_opt::<Int64Type>()?;
    let word = |name| batch.column_by_name(name)?.as_string_opt::<i32>();
    let (verdicts, steps, fronts) = (word("verdict")?, word("step")?, word("front")?);
    let transports = word("transport")?;
    for row in 0..batch.num_rows() {
        let events = u64::try_from(number.value(row)).ok()?;
        counts.events += events;
        for (by, words) in
            [(&mut counts.by_verdict, verdicts), (&mut counts.by_step, steps), (&mut counts.by_front, fronts)]
        {
            *by.entry(text(words, row)?.to_owned()).or_default() += events;
        }
        if let Some(word) = text(transports, row) {
            *counts.by_transport.entry(word.to_owned()).or_default() += events;
        }
    }
    Some(())
}

/// Places that are asked for one after the other.
fn windows(wanted: &Wanted<'_>) -> Vec<(u64, u64)> {
    let Wanted { first_seq, next_seq, .. } = *wanted;
    if wanted.at_most.is_some_and(|most| most <= BEST) {
        return vec![(first_seq, next_seq)];
    }
    let step = usize::try_from(PLACES).unwrap_or(usize::MAX);
    let starts = (first_seq..next_seq).step_by(step);
    let mut windows: Vec<_> =
        starts.map(|start| (start, start.saturating_add(PLACES).min(next_seq))).collect();
    if wanted.newest_first {
        windows.reverse();
    }
    windows
}

/// What must hold of a row.
pub fn condition(wanted: &Wanted<'_>) -> Expr {
    let search = wanted.filter.search();
    let mut all = vec![col("front").is_not_null()];
    all.extend(time(search.time));
    let mut equals = |name: &str, value: Option<ScalarValue>| {
        all.extend(value.map(|value| col(name).eq(lit(value))));
    };
    equals("person", search.person.map(|person| ScalarValue::from(person.0)));
    equals("device", search.device.map(|device| ScalarValue::from(device.0)));
    equals("client", search.client.map(|client| ScalarValue::from(client.to_string())));
    equals("verdict", search.verdict.map(|verdict| ScalarValue::from(verdict.id())));
    equals("step", search.step.map(|step| ScalarValue::from(step.id())));
    equals("transport", search.transport.map(|transport| ScalarValue::from(transport.id())));
    equals("category", search.category.map(ScalarValue::from));
    equals("list", search.list.map(ScalarValue::from));
    equals("front", wanted.filter.front().map(|front| ScalarValue::from(front.id())));
    if let Some(group) = search.group {
        let decided = col("grp").eq(lit(group.0)).or(col("beside").eq(lit(group.0)));
        let people = search.members.iter().map(|person| lit(person.0)).collect();
        let devices = search.member_devices.iter().map(|device| lit(device.0)).collect();
        let asked = [("person", people), ("device", devices)].map(|(name, of): (&str, Vec<Expr>)| {
            // What has neither is of no list.
            col(name).is_not_null().and(col(name).in_list(of, false))
        });
        all.push(asked.into_iter().fold(decided, Expr::or));
    }
    all.extend(wanted.filter.site().map(within));
    all.extend(wanted.hidden.iter().map(|subject| covered(subject).is_not_true()));
    all.into_iter().reduce(Expr::and).unwrap_or_else(|| lit(true))
}

fn moment(at: Timestamp) -> Expr {
    lit(ScalarValue::TimestampMillisecond(Some(at.as_millis()), Some("UTC".into())))
}

fn time(range: TimeRange) -> impl Iterator<Item = Expr> {
    let from = range.from.map(|from| col("decided_at").gt_eq(moment(from)));
    from.into_iter().chain(range.to.map(|to| col("decided_at").lt(moment(to))))
}

/// Whether a host lies within a site.
fn within(site: &Site) -> Expr {
    match site {
        Site::Address(address) => col("host_is_address").and(col("host").eq(lit(address.to_string()))),
        Site::Name(name) => {
            let below = ends_with(col("host"), lit(format!(".{name}")));
            let name_only = col("host_is_address").is_false();
            match site_of(name) {
                // Whatever has the site lies within it.
                Some(of_all) if of_all == name => name_only.and(col("site").eq(lit(of_all))),
                Some(of_all) => {
                    let exact = col("host").eq(lit(name.as_str())).or(below);
                    name_only.and(col("site").eq(lit(of_all))).and(exact)
                }
                None => name_only.and(col("host").eq(lit(name.as_str())).or(below)),
            }
        }
    }
}

/// Whether an event is a subject's; null where that cannot be said.
pub fn covered(subject: &Subject) -> Expr {
    let whose = match subject.whose {
        Whose::Person(person) => col("person").eq(lit(person.0)),
        Whose::Device(device) => col("device").eq(lit(device.0)),
        Whose::Client(client) => col("client").eq(lit(client.to_string())),
        Whose::Import(run) => col("run").eq(lit(run.0)),
    };
    time(subject.time).fold(whose, Expr::and)
}
