//! Another filter's log, of any kind: no line makes trouble, each is read, said nothing of, or not read, and what is read names a host.
#![no_main]

use activity::import::{Reader, Said, recognise};
use engine::{KnownBy, Origin};
use kit::{Timestamp, Zone};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|log: &[u8]| {
    let _ = recognise(log);
    let now = Timestamp::from_millis(1_795_690_140_000);
    for origin in Origin::ALL {
        let mut reader = Reader::new(origin, Zone::utc(), now);
        let mut all = Vec::new();
        for line in log.split(|byte| *byte == b'\n') {
            if let Said::Request(heard) = reader.line(line) {
                all.push(heard);
            }
            all.extend(std::iter::from_fn(|| reader.ready()));
            assert!(reader.told() <= reader.lines());
        }
        all.extend(std::iter::from_fn(|| reader.end()));
        for heard in all {
            assert!(heard.host().is_some() && (1..=reader.lines()).contains(&heard.line));
            let row = heard.imported(None, None, KnownBy::Nothing);
            assert!(row.path.is_none_or(|path| !path.contains('?')));
        }
    }
});
