//! What must hold of any bytes where a head is expected. The fuzz target `http_head` runs [`holds`] too, and its
//! corpus is replayed here.

use front_proxy::body::{Follow, Framing};
use front_proxy::head::{Kind, MOST_FIELDS, Parts, Scan, read, scan};
use front_proxy::{request, response};

/// Reads the bytes as a request and as an answer, whole and in pieces, and compares with another reader.
pub fn holds(bytes: &[u8]) {
    let mut seen = 0;
    let found = scan(bytes, &mut seen);
    let mut trickled = Ok(Scan::More);
    let mut seen = 0;
    for so_far in 0..=bytes.len().min(2048) {
        trickled = scan(&bytes[..so_far], &mut seen);
        if trickled != Ok(Scan::More) {
            break;
        }
    }
    if bytes.len() <= 2048 && matches!(found, Ok(Scan::Ends(_))) {
        assert_eq!(found, trickled, "the end does not depend on how the bytes come");
    }
    follows(bytes);
    let Ok(Scan::Ends(end)) = found else { return };
    let head = &bytes[..end];
    let mut parts = Parts::default();
    if read(head, Kind::Request, &mut parts).is_ok() {
        is_clean(head, &parts);
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut other = httparse::Request::new(&mut fields);
        // The other reader refuses a target that is not UTF-8 at once; here `understand` refuses what is not ASCII.
        if std::str::from_utf8(parts.words[1].of(head)).is_ok() {
            assert_eq!(other.parse(head), Ok(httparse::Status::Complete(end)));
            assert_eq!(other.method.map(str::as_bytes), Some(parts.words[0].of(head)));
            assert_eq!(other.path.map(str::as_bytes), Some(parts.words[1].of(head)));
            same_fields(other.headers, head, &parts);
        }
        if let Ok(ask) = request::understand(head, &parts) {
            let lengths = parts.fields.iter().filter(|field| is_framing(field.name.of(head))).count();
            assert!(lengths <= 1, "one length at most");
            assert_eq!(lengths == 0, ask.framing == Framing::None);
        }
    }
    if read(head, Kind::Response, &mut parts).is_ok() {
        is_clean(head, &parts);
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut other = httparse::Response::new(&mut fields);
        // The other reader is stricter about the words after the number, which nobody reads.
        if other.parse(head) == Ok(httparse::Status::Complete(end)) {
            same_fields(other.headers, head, &parts);
        }
        let _ = response::understand(head, &parts, false);
    }
}

fn is_framing(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"transfer-encoding")
}

fn is_clean(head: &[u8], parts: &Parts) {
    assert!(parts.fields.len() <= MOST_FIELDS);
    for field in &parts.fields {
        for part in [field.name.of(head), field.value.of(head)] {
            assert!(!part.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
        }
    }
}

fn same_fields(other: &[httparse::Header<'_>], head: &[u8], parts: &Parts) {
    assert_eq!(other.len(), parts.fields.len());
    for (theirs, ours) in other.iter().zip(&parts.fields) {
        assert_eq!((theirs.name.as_bytes(), theirs.value), (ours.name.of(head), ours.value.of(head)));
    }
}

/// Chunks end at the same place however they come.
fn follows(bytes: &[u8]) {
    let run = |step: usize| {
        let mut follow = Follow::new(Framing::Chunked);
        let mut at = 0;
        for piece in bytes.chunks(step) {
            match follow.take(piece) {
                Ok(taken) => at += taken,
                Err(_) => return None,
            }
            if follow.is_done() {
                break;
            }
        }
        Some((at, follow.is_done()))
    };
    assert_eq!(run(1), run(bytes.len().max(1)));
}

#[test]
fn the_corpus_of_the_fuzz_target_holds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/http_head");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 40, "{} files", files.len());
    for file in files {
        holds(&std::fs::read(&file).unwrap());
    }
}
