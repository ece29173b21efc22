//! Back-ups in a folder.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use backups::{Archive, Folder, Place, PlaceError, Proof, unwatched};
use testing::MONDAY;

const SCHOOL: &str = "3f9ab01c22";

#[tokio::test]
async fn a_folder_where_a_disk_should_be_mounted_is_never_filled() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Place::Folder(Folder::at(folder.path().join("disk")));
    for refused in [missing.prepare(SCHOOL).await, missing.ready(SCHOOL).await] {
        assert!(matches!(refused, Err(PlaceError::NoFolder(_))), "{refused:?}");
    }
    assert!(!folder.path().join("disk").exists(), "nothing is made in its stead");
    // The mount point is there, and the disk is not.
    let place = Place::Folder(Folder::at(folder.path()));
    let refused = place.ready(SCHOOL).await.unwrap_err().to_string();
    assert!(refused.contains("Is the disk mounted"), "{refused}");
    place.prepare(SCHOOL).await.unwrap();
    place.ready(SCHOOL).await.unwrap();
}

#[tokio::test]
async fn a_back_up_in_a_folder_is_its_owners_alone_and_what_is_half_written_is_none() {
    let (from, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = Place::Folder(Folder::at(folder.path()));
    place.prepare(SCHOOL).await.unwrap();
    let file = from.path().join("archive");
    fs::write(&file, vec![7; 3_000_000]).unwrap();
    let proof = Proof::of(&file, false).unwrap();
    let archive = Archive::new(SCHOOL, MONDAY);
    // What an earlier try left.
    fs::write(folder.path().join(format!("{}.partial", archive.name())), b"half").unwrap();
    place.put(&archive, &file, &proof, &unwatched).await.unwrap();
    let there = folder.path().join(archive.name());
    assert_eq!(fs::metadata(&there).unwrap().permissions().mode() & 0o777, 0o600);
    // A name alone makes no back-up, and neither does a folder of that name.
    let other = Archive::new(SCHOOL, MONDAY.plus_millis(1_000));
    fs::write(folder.path().join(other.name()), b"half").unwrap();
    fs::create_dir(folder.path().join(Archive::new(SCHOOL, MONDAY.plus_millis(2_000)).name())).unwrap();
    assert_eq!(place.list(SCHOOL).await.unwrap(), std::slice::from_ref(&archive));
    assert_eq!(place.list("0000000000").await.unwrap(), [], "of another school there is none");
    assert_eq!(place.unproved(SCHOOL).await.unwrap(), [other]);
    // Whoever changes the archive can change the proof beside it, and not what the records kept when it was made.
    let made = |sha256: &str| backups::kept::Made {
        name: archive.name(),
        made_at: MONDAY,
        place: String::new(),
        bytes: proof.bytes,
        sha256: sha256.to_owned(),
        encrypted: false,
        entries: 1,
        took_ms: 1,
        left_out: String::new(),
        removed_at: None,
    };
    assert_eq!(place.still_whole(&archive, Some(&made(&proof.sha256)), &unwatched).await.unwrap(), proof);
    let looked = place.still_whole(&archive, Some(&made(&"0".repeat(64))), &unwatched).await;
    assert!(matches!(looked, Err(PlaceError::Damaged { .. })), "{looked:?}");
    // One bit.
    let mut bytes = fs::read(&there).unwrap();
    bytes[1_234_567] ^= 1;
    fs::write(&there, bytes).unwrap();
    let looked = place.still_whole(&archive, None, &unwatched).await;
    assert!(matches!(looked, Err(PlaceError::Damaged { .. })), "{looked:?}");
    place.remove(&archive).await.unwrap();
    assert_eq!(place.list(SCHOOL).await.unwrap(), []);
}
