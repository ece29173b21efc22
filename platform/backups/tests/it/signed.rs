//! How what is sent to a store is signed, judged by Amazon's own library: `tests/judges/signed.py` stands before the store and lets through
//! only what botocore would have signed the same way.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

use backups::{Archive, Place, PlaceError, Proof, Roots, S3Address, unwatched};
use testing::MONDAY;

use super::server::{Store, place};

const SCHOOL: &str = "3f9ab01c22";
/// With signs that a signature must not stumble over.
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY=EXAMPLE";

/// The judge before a store; it ends with this.
struct Judge {
    child: Child,
    _open: ChildStdin,
    port: u16,
    said: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Drop for Judge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Judge {
    /// `None` where it is not installed, which is said.
    fn before(store: &Store, address: &S3Address) -> Option<Self> {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/judges");
        let python = here.join("venv/bin/python");
        if !python.is_file() {
            println!("skipped: botocore is not installed; `scripts/set-up.sh test` installs it");
            return None;
        }
        let mut child = Command::new(python)
            .arg(here.join("signed.py"))
            .args([&address.key, &address.region, &store.port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut open = child.stdin.take().unwrap();
        writeln!(open, "{SECRET}").unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next().unwrap().unwrap().parse().unwrap();
        let said = Arc::new(Mutex::new(BTreeMap::new()));
        let heard = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *heard.lock().unwrap().entry(line).or_default() += 1;
            }
        });
        Some(Self { child, _open: open, port, said })
    }

    /// How many requests were judged so.
    fn said(&self, what: &str) -> usize {
        self.said.lock().unwrap().get(what).copied().unwrap_or(0)
    }
}

#[tokio::test]
async fn what_goes_to_a_store_is_signed_as_amazons_own_library_signs_it() {
    let Some(store) = Store::start(&[]) else { return };
    let plain = store.address();
    let Some(judge) = Judge::before(&store, &plain) else { return };
    let address = S3Address { endpoint: format!("http://127.0.0.1:{}", judge.port), ..plain };
    let good: Place = place(&address, SECRET, Roots::System);
    good.prepare(SCHOOL).await.unwrap();
    good.ready(SCHOOL).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    // A short one at once, and one in parts.
    for (number, bytes) in [(0i64, 1_000usize), (1, (11 << 20) + 17)] {
        fs::write(&path, vec![u8::try_from(number).unwrap(); bytes]).unwrap();
        let archive = Archive::new(SCHOOL, MONDAY.plus_millis(number * 1_000));
        let proof = Proof::of(&path, true).unwrap();
        good.put(&archive, &path, &proof, &unwatched).await.unwrap();
        let back = folder.path().join(format!("back-{number}"));
        assert_eq!(good.get(&archive, None, &back, &unwatched).await.unwrap(), proof);
        good.remove(&archive).await.unwrap();
    }
    for (what, at_least) in [("PUT right", 6), ("GET right", 6), ("POST right", 2), ("DELETE right", 3)] {
        assert!(judge.said(what) >= at_least, "{what}: {:?}", judge.said);
    }
    let wrong: usize =
        ["PUT wrong", "GET wrong", "POST wrong", "DELETE wrong"].iter().map(|what| judge.said(what)).sum();
    assert_eq!(wrong, 0, "{:?}", judge.said);

    // It judges: another secret, another region, another key are each refused, and that is said plainly.
    let other_region = S3Address { region: "eu-west-2".to_owned(), ..address.clone() };
    let other_key = S3Address { key: "NOBODY".to_owned(), ..address.clone() };
    for (address, secret) in [(&address, "another"), (&other_region, SECRET), (&other_key, SECRET)] {
        let refused = place(address, secret, Roots::System).prepare(SCHOOL).await;
        assert!(
            matches!(&refused, Err(PlaceError::Refused { status: 403, code, .. }) if code == "SignatureDoesNotMatch"),
            "{refused:?}"
        );
        let words = refused.unwrap_err().to_string();
        assert!(!words.contains("X-Amz") && !words.contains(secret), "{words}");
    }
    assert!(judge.said("PUT wrong") >= 3, "{:?}", judge.said);
}
