//! Days of the school's calendar, as a text can ask for them.

use std::sync::Arc;

use arrow::array::{AsArray as _, Date32Array};
use arrow::datatypes::{DataType, TimeUnit, TimestampMillisecondType};
use datafusion::common::DataFusionError;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use kit::time::Day;
use kit::{Timestamp, Zone};

/// `daily` of events.
pub const OF_EVENTS: &str = "select site, day_in(decided_at) as day, grp, verdict, count(*) as n, sum(bytes) as bytes \
     from some_events group by site, day_in(decided_at), grp, verdict";
/// `daily` of parts of days.
pub const OF_SUMS: &str = "select site, day_in(begins_at) as day, grp, verdict, n, bytes from some_sums";

/// `day_in`: the day of a moment, in a zone. Moments of one day that follow each other cost next to nothing.
pub fn day_in(zone: &Zone) -> ScalarUDF {
    let moment = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    let zone = zone.clone();
    let days = move |given: &[ColumnarValue]| {
        let given = ColumnarValue::values_to_arrays(given)?;
        let moments = given.first().and_then(|array| array.as_primitive_opt::<TimestampMillisecondType>());
        let moments = moments.ok_or_else(|| DataFusionError::Internal("a day of no moment".to_owned()))?;
        let mut last: Option<Day> = None;
        let mut day_of = |at: i64| {
            let at = Timestamp::from_millis(at);
            let day = last.filter(|day| day.begins <= at && at < day.ends).unwrap_or_else(|| zone.day(at));
            last = Some(day);
            day.number
        };
        let days = moments.iter().map(|at| at.map(&mut day_of));
        Ok(ColumnarValue::Array(Arc::new(days.collect::<Date32Array>())))
    };
    create_udf("day_in", vec![moment], DataType::Date32, Volatility::Immutable, Arc::new(days))
}
