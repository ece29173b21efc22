//! What must hold of recovery whatever bytes a segment consists of. The fuzz target `log_recovery` runs this too.

use activity::batch::Stored;
use activity::frame::{self, Kind, Piece};
use activity::log::segment;

/// Panics where something does not hold. An even first byte: the rest is a segment as it stands. An odd one: the rest is
/// cut at each `0xff 0xfe` into the bodies of frames with good checksums, each beginning with its kind, so that what
/// lies behind the checksum is reached.
pub fn holds(bytes: &[u8]) {
    let Some((how, rest)) = bytes.split_first() else { return };
    if how % 2 == 0 {
        segment_holds(rest);
        return;
    }
    let mut made = Vec::new();
    for body in split(rest) {
        let Some((kind, body)) = body.split_first() else { continue };
        let kind = [Kind::Events, Kind::Opening, Kind::Closing, Kind::Entry][usize::from(kind % 4)];
        frame::push(&mut made, kind, |out| out.extend_from_slice(body));
    }
    segment_holds(&made);
}

fn split(bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(2).position(|pair| pair == [0xff, 0xfe]) {
        parts.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    parts.push(rest);
    parts
}

fn segment_holds(bytes: &[u8]) {
    let first = segment::recover(bytes, 1);
    let whole = first.contents.bytes as usize;
    assert_eq!(whole + first.cut_bytes as usize, bytes.len(), "what is not cut is kept");
    assert!(first.damaged_bytes as usize <= whole);

    let again = segment::recover(&bytes[..whole], 1);
    assert_eq!(again.cut_bytes, 0, "what was cut once is whole");
    assert_eq!(
        (again.contents, &again.runs, again.damaged_bytes),
        (first.contents, &first.runs, first.damaged_bytes)
    );

    // Whoever reads the segment sees no event that recovery did not count.
    let mut seen = 0;
    for piece in frame::pieces(&bytes[..whole]) {
        if let Piece::Whole(frame) = piece
            && frame.kind == Kind::Events
            && let Some(stored) = Stored::parse(frame.body)
        {
            seen += stored.events().count() as u64;
        }
    }
    assert!(seen <= first.contents.next_seq - first.contents.first_seq);

    // What is appended after the cut is found, and nothing before it changes.
    let mut longer = bytes[..whole].to_vec();
    frame::push(&mut longer, Kind::Entry, |out| out.extend_from_slice(b"next"));
    let after = segment::recover(&longer, 1);
    assert_eq!((after.cut_bytes, after.damaged_bytes), (0, first.damaged_bytes));
    assert_eq!((after.contents.next_seq, &after.runs), (first.contents.next_seq, &first.runs));
}

#[cfg(test)]
mod tests {
    use activity::batch;
    use activity::event::encode_erased;

    use super::*;

    /// The inputs kept in `fuzz/corpus/log_recovery`: everything below, and what fuzzing found since.
    #[test]
    fn every_kept_input_of_the_fuzz_target_holds() {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/log_recovery");
        let mut replayed = 0;
        for file in std::fs::read_dir(&corpus).unwrap() {
            holds(&std::fs::read(file.unwrap().path()).unwrap());
            replayed += 1;
        }
        assert!(replayed >= 10, "{replayed} inputs in {}", corpus.display());
    }

    fn events(first_seq: u64, run: u64, first: u64) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(&first_seq.to_le_bytes());
        out.extend_from_slice(&run.to_le_bytes());
        batch::write_head(&mut out, first, 1_000, 2);
        encode_erased(&mut out, 0, 3);
        encode_erased(&mut out, 1, -3);
        out
    }

    /// Makes the hand-made inputs; run with `FIVEBAR_MAKE_CORPUS` set to a folder.
    #[test]
    fn hand_made_inputs_hold() {
        let mut inputs: Vec<(&str, Vec<u8>)> = Vec::new();
        let opening = br#"{"first_seq":1,"runs":[["00000000000000aa",{"accounted":[[1,4]],"durable":4,"lost":0,"settled_before":0,"last_at":5}]]}"#;
        let mut whole = Vec::new();
        frame::push(&mut whole, Kind::Opening, |out| out.extend_from_slice(opening));
        frame::push(&mut whole, Kind::Events, |out| out.extend_from_slice(&events(5, 0xaa, 5)));
        frame::push(&mut whole, Kind::Events, |out| out.extend_from_slice(&events(7, 0xab, 1)));
        frame::push(&mut whole, Kind::Closing, |out| out.extend_from_slice(&[1; 32]));
        let plain = |bytes: &[u8]| [&[0], bytes].concat();
        inputs.push(("whole", plain(&whole)));
        inputs.push(("torn-head", plain(&whole[..whole.len() - 38])));
        inputs.push(("torn-body", plain(&whole[..whole.len() - 3])));
        inputs.push(("zeros-after", plain(&[&whole[..], &[0; 64]].concat())));
        inputs.push(("zeros-between", plain(&[&whole[..], &[0; 64], &whole].concat())));
        inputs.push(("frame-in-a-frame", plain(&[&[9, 1, 0, 0, 7, 7, 7, 7], &whole[..]].concat())));
        inputs.push(("longest-length", plain(&[&[0, 0, 16, 0, 1, 2, 3, 4, 1, 1], &whole[..]].concat())));
        let mut bent = whole.clone();
        bent[150] ^= 1;
        inputs.push(("bent-middle", plain(&bent)));
        inputs.push(("nothing", vec![0]));
        let parts = |bodies: &[&[u8]]| [&[1][..], &bodies.join(&[0xff, 0xfe][..])].concat();
        let body = |kind: u8, body: &[u8]| [&[kind], body].concat();
        let last_place = body(0, &events(u64::MAX / 2, 1, u64::MAX - 1));
        let beyond = body(0, &events(u64::MAX, 1, 1));
        inputs.push(("made-whole", parts(&[&body(1, opening), &body(0, &events(5, 0xaa, 5))])));
        inputs.push(("made-last-places", parts(&[&last_place, &beyond, &last_place])));
        inputs.push(("made-twice", parts(&[&body(0, &events(1, 1, 1)), &body(0, &events(1, 1, 1))])));
        inputs
            .push(("made-short", parts(&[&body(0, &events(1, 1, 1)[..38]), &body(1, b"{"), &body(2, b"")])));
        let greedy = br#"{"first_seq":0,"runs":[["ffffffffffffffff",{"accounted":[[0,18446744073709551615],[5,1]],"durable":18446744073709551615,"last_at":null}]]}"#;
        inputs.push(("made-greedy", parts(&[&body(1, greedy), &body(0, &events(1, u64::MAX, 7))])));
        for (_, input) in &inputs {
            holds(input);
        }
        if let Ok(folder) = std::env::var("FIVEBAR_MAKE_CORPUS") {
            for (name, input) in &inputs {
                std::fs::write(std::path::Path::new(&folder).join(name), input).unwrap();
            }
        }
    }
}
