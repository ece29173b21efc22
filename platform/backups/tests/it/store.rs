//! Back-ups in a store that others wrote.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use backups::{Archive, Place, PlaceError, Progress, Proof, Roots, S3Address, unwatched};
use testing::MONDAY;

use super::server::{Store, place};

const SCHOOL: &str = "3f9ab01c22";

fn file(folder: &tempfile::TempDir, bytes: usize) -> PathBuf {
    let path = folder.path().join("archive");
    let content: Vec<u8> = (0..bytes).map(|n| u8::try_from((n * 7 + n / 251) % 256).unwrap()).collect();
    fs::write(&path, content).unwrap();
    path
}

#[tokio::test]
async fn a_back_up_goes_to_a_store_comes_back_and_goes() {
    let Some(store) = Store::start(&[]) else { return };
    let place = store.place();
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(place.ready(SCHOOL).await, Err(PlaceError::NotPrepared(_))));
    place.prepare(SCHOOL).await.unwrap();
    place.ready(SCHOOL).await.unwrap();
    assert!(place.ready("0123456789").await.is_err(), "of another school it is no place");
    assert_eq!(place.list(SCHOOL).await.unwrap(), []);

    // A short one at once, a long one in parts, the last of which is short.
    for (number, bytes) in [(0i64, 1_000usize), (1, (12 << 20) + 17)] {
        let archive = Archive::new(SCHOOL, MONDAY.plus_millis(number * 1_000));
        let path = file(&folder, bytes);
        let proof = Proof::of(&path, true).unwrap();
        let seen = Mutex::new(Vec::new());
        place.put(&archive, &path, &proof, &|progress| seen.lock().unwrap().push(progress)).await.unwrap();
        let seen = seen.into_inner().unwrap();
        let whole = u64::try_from(bytes).unwrap();
        assert!(
            seen.contains(&Progress::Sending(whole, whole))
                && seen.contains(&Progress::Reading(whole, whole))
        );
        let back = folder.path().join(format!("back-{number}"));
        assert_eq!(place.get(&archive, None, &back, &unwatched).await.unwrap(), proof);
        assert_eq!(fs::read(&back).unwrap(), fs::read(&path).unwrap());
        assert_eq!(place.still_whole(&archive, None, &unwatched).await.unwrap(), proof);
    }
    let all = place.list(SCHOOL).await.unwrap();
    assert_eq!(all.len(), 2, "oldest first");
    assert!(all[0].made_at < all[1].made_at);
    place.remove(&all[0]).await.unwrap();
    place.remove(&all[0]).await.unwrap();
    assert_eq!(place.list(SCHOOL).await.unwrap(), all[1..]);
    assert!(matches!(place.still_whole(&all[0], None, &unwatched).await, Err(PlaceError::NoSuch(_))));
}

#[tokio::test]
async fn what_was_never_proved_is_no_back_up_and_what_was_changed_there_is_found() {
    let Some(store) = Store::start(&[]) else { return };
    let place = store.place();
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::new(SCHOOL, MONDAY);
    let path = file(&folder, 1_000);
    let proof = Proof::of(&path, true).unwrap();
    // Sent with a proof of something else, as by a machine whose memory is bad.
    let other = Proof { sha256: "0".repeat(64), ..proof.clone() };
    let refused = place.put(&archive, &path, &other, &unwatched).await;
    assert!(matches!(refused, Err(PlaceError::Differs { .. })), "{refused:?}");
    assert_eq!(place.list(SCHOOL).await.unwrap(), []);
    assert_eq!(place.unproved(SCHOOL).await.unwrap(), [], "it is not left there either");

    place.put(&archive, &path, &proof, &unwatched).await.unwrap();
    // Somebody overwrites it: the store does not mind, and we do.
    let changed = Archive::new(SCHOOL, MONDAY.plus_millis(1_000));
    let longer = file(&folder, 1_001);
    let with = Proof::of(&longer, true).unwrap();
    place.put(&changed, &longer, &with, &unwatched).await.unwrap();
    let found = walk(store.folder.path());
    let of = |name: &str| found.iter().find(|path| path.to_string_lossy().contains(name)).unwrap().clone();
    let (whole, bad) = (of(&archive.name()), of(&changed.name()));
    fs::copy(whole, bad).unwrap();
    let looked = place.still_whole(&changed, None, &unwatched).await;
    assert!(matches!(looked, Err(PlaceError::Damaged { .. })), "{looked:?}");
    let back = place.get(&changed, None, &folder.path().join("back"), &unwatched).await;
    assert!(matches!(back, Err(PlaceError::Damaged { .. })), "{back:?}");
}

/// The files in which the store keeps what it was sent.
fn walk(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(walk(&path));
        } else if path.file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            name.ends_with("._S3rver_object") && !name.contains(".proof.")
        }) {
            all.push(path);
        }
    }
    all
}

#[tokio::test]
async fn a_store_that_says_no_is_said_with_what_to_do() {
    let Some(store) = Store::start(&[]) else { return };
    let good = store.address();
    let said = async |address: &S3Address, secret: &str| {
        place(address, secret, Roots::System).prepare(SCHOOL).await.unwrap_err().to_string()
    };
    let no_bucket = S3Address { bucket: "elsewhere".to_owned(), ..good.clone() };
    let said_no = said(&no_bucket, "S3RVER").await;
    assert!(said_no.contains("NoSuchBucket") && said_no.contains("make it at the provider"), "{said_no}");
    let no_key = S3Address { key: "NOBODY".to_owned(), ..good.clone() };
    let said_no = said(&no_key, "S3RVER").await;
    assert!(said_no.contains("InvalidAccessKeyId"), "{said_no}");
    assert!(!said_no.contains("X-Amz") && !said_no.contains("NOBODY"), "{said_no}");
    drop(store);
    let said_no = said(&good, "S3RVER").await;
    assert!(said_no.contains("could not be reached"), "{said_no}");
}

#[tokio::test]
async fn a_store_must_prove_who_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (key, certificate) = (folder.path().join("key.pem"), folder.path().join("cert.pem"));
    let made = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "1",
        ])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output();
    let Ok(made) = made else {
        println!("skipped: openssl is not installed");
        return;
    };
    assert!(made.status.success(), "{made:?}");
    let (key, cert) = (key.to_str().unwrap(), certificate.to_str().unwrap());
    let Some(store) = Store::start(&["--key", key, "--cert", cert]) else { return };
    let address = S3Address { endpoint: format!("https://127.0.0.1:{}", store.port), ..store.address() };
    let stranger: Place = place(&address, "S3RVER", Roots::System);
    let said = stranger.prepare(SCHOOL).await.unwrap_err().to_string();
    assert!(said.contains("no safe connection"), "{said}");
    let known = place(&address, "S3RVER", Roots::of_pem(&fs::read(certificate).unwrap()));
    known.prepare(SCHOOL).await.unwrap();
    known.ready(SCHOOL).await.unwrap();
}
