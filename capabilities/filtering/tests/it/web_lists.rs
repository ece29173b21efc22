//! Lists from a web address: what a server may say and do, and what becomes of the list that is in use.

use std::io::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use filtering::list::web::{
    self, Answer, Asked, Checksum, Downloads, Every, FetchError, Fetched, Fetcher, Patience, Roots,
    WebAddress,
};
use filtering::list::{self, ImportError, Imported, Limits, Status};
use kit::Timestamp;
use sha2::Digest as _;
use store::Tx;
use testing::{MONDAY, databases};

use crate::publishing::{ACTOR, Folders, intake};
use crate::web_server::{Says, Server, accepts_and_goes, ok, sent_on, status};

const MOST: u64 = 1 << 20;
const LATER: Timestamp = MONDAY.plus_millis(60_000);

pub fn fetcher() -> Fetcher {
    Fetcher::new(MOST)
}

pub fn names(count: usize) -> Vec<u8> {
    (0..count).map(|number| format!("site{number}.example\n")).collect::<String>().into_bytes()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn asked(url: &str) -> Asked {
    Asked { address: WebAddress::parse(url).unwrap(), name: None, checksum: None }
}

#[expect(clippy::panic, reason = "a test that cannot go on has failed")]
fn sent(answer: Answer) -> Fetched {
    match answer {
        Answer::Sent(fetched) => fetched,
        Answer::Unchanged => panic!("nothing was known before"),
    }
}

pub type Outcomes = Vec<(String, Result<Imported, ImportError>)>;

/// As `lists import URL` does it.
pub async fn import(tx: &mut Tx, folders: &Folders, asked: &Asked) -> Outcomes {
    let nobody = |_: u64, _: Option<u64>| {};
    let kept = &folders.kept;
    let fetched = fetcher().fetch(&asked.address, None, asked.checksum.as_ref(), kept, &nobody).await;
    let fetched = sent(fetched.unwrap());
    let games = ["games".to_owned()];
    let categories = (!asked.address.file_name().contains(".tar")).then_some(&games[..]);
    web::import(tx, &ACTOR, kept, asked, fetched, categories, &mut intake(), MONDAY).await.unwrap()
}

/// As `lists update` does it.
pub async fn update(
    tx: &mut Tx,
    folders: &Folders,
    fetcher: &Fetcher,
    at: Timestamp,
) -> Vec<(list::List, Result<Imported, ImportError>)> {
    let wanted = web::wanted(tx, &folders.kept, &[]).await.unwrap();
    let downloads = web::fetch_all(fetcher, &wanted, &folders.kept, &|_, _| {}).await;
    list::update(tx, &ACTOR, &folders.kept, &[], &downloads, &mut intake(), at).await.unwrap()
}

async fn only(tx: &mut Tx) -> Status {
    let mut all = list::status(tx).await.unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// A server with a list of 300 names in use, and what a test does with it, on each database engine.
async fn with_list(test: impl AsyncFn(&Folders, &Server, &mut Tx)) {
    for database in databases().await {
        let folders = Folders::of(&database);
        let server = Server::start().await;
        let mut tx = database.db.begin().await.unwrap();
        server.says([ok("etag: \"one\"\r\nlast-modified: Mon, 23 Nov 2026 08:00:00 GMT\r\n", &names(300))]);
        let outcomes = import(&mut tx, &folders, &asked(&server.url("games.txt"))).await;
        assert!(outcomes.iter().all(|(_, outcome)| outcome.as_ref().unwrap().changed), "{outcomes:?}");
        server.heard();
        test(&folders, &server, &mut tx).await;
        tx.roll_back().await.unwrap();
    }
}

/// As the hub does it for somebody at the portal.
async fn take_waiting(tx: &mut Tx, folders: &Folders) -> Result<Imported, ImportError> {
    let id = "127.0.0.1/games";
    let wanted = web::wanted(tx, &folders.kept, &[id.to_owned()]).await.unwrap();
    let downloads = web::fetch_all(&fetcher(), &wanted, &folders.kept, &|_, _| {}).await;
    let mut intake = intake().looked_at(id);
    let (kept, actor) = (&folders.kept, store::Actor::Person(6));
    list::take_waiting(tx, &actor, kept, id, &downloads, &mut intake, LATER).await.unwrap().unwrap()
}

#[tokio::test]
async fn one_person_takes_what_closes_much_and_not_what_takes_much_out() {
    with_list(async |folders, server, tx| {
        let other = |bytes: &[u8]| ok("etag: \"two\"\r\n", bytes);
        // More than ten times as long: nobody takes it by itself, and one person does.
        server.says([other(&names(4_000)), other(&names(4_000))]);
        let updated = update(tx, folders, &fetcher(), LATER).await;
        assert!(matches!(updated[0].1, Err(ImportError::ChangesTooMuch { .. })), "{updated:?}");
        assert!(only(tx).await.waits.is_some());
        let taken = take_waiting(tx, folders).await.unwrap();
        assert_eq!((taken.list.version, taken.list.report.accepted), (2, 4_000));
        let now = only(tx).await;
        assert_eq!((now.waits, now.web.unwrap().problem), (None, None));
        // What takes most of it out opens what it closed: it waits for whoever is at the machine.
        server.says([other(&names(100)), other(&names(100))]);
        update(tx, folders, &fetcher(), LATER).await;
        let refused = take_waiting(tx, folders).await;
        assert!(matches!(refused, Err(ImportError::ChangesTooMuch { now: 100, .. })), "{refused:?}");
        let now = only(tx).await;
        assert_eq!((now.list.version, now.list.report.accepted), (2, 4_000), "it is used as it was");
        assert!(now.waits.unwrap().contains("from 4000 entries to 100"));
        let entries = store::trail::newest(tx, None, 9).await.unwrap();
        let by: Vec<_> = entries.iter().filter(|entry| entry.verb == "list.import").collect();
        assert_eq!((by[0].actor.as_str(), by.len()), ("person:6", 2));
    })
    .await;
}

#[tokio::test]
async fn a_list_is_fetched_again_only_where_the_server_has_another_version() {
    with_list(async |folders, server, tx| {
        let first = only(tx).await;
        assert_eq!((first.list.id.as_str(), first.list.report.accepted), ("127.0.0.1/games", 300));
        assert_eq!(first.list.source, server.url("games.txt"));
        let web = first.web.clone().unwrap();
        assert_eq!((web.tried_at, web.changed_at, web.failures), (MONDAY, Some(MONDAY), 0));

        // 304: nothing changed, and the next one is asked for with the same words.
        server.says([status("304 Not Modified", "")]);
        for _ in 0..2 {
            let (_, outcome) = update(tx, folders, &fetcher(), LATER).await.remove(0);
            assert!(!outcome.unwrap().changed);
            let head = server.heard().remove(0);
            assert!(head.contains("if-none-match: \"one\"\r\n"), "{head}");
            assert!(head.contains("if-modified-since: mon, 23 nov 2026 08:00:00 gmt\r\n"), "{head}");
        }
        let web = only(tx).await.web.unwrap();
        assert_eq!((web.tried_at, web.changed_at), (LATER, Some(MONDAY)));

        // Another version under another tag.
        server.says([ok("etag: \"two\"\r\n", &names(310))]);
        let (_, outcome) = update(tx, folders, &fetcher(), LATER).await.remove(0);
        assert!(outcome.unwrap().changed);
        server.heard();
        let second = only(tx).await;
        assert_eq!((second.list.version, second.list.report.accepted), (2, 310));
        assert_eq!(second.web.unwrap().changed_at, Some(LATER));
        server.says([status("304 Not Modified", "")]);
        update(tx, folders, &fetcher(), LATER).await;
        let head = server.heard().remove(0);
        assert!(head.contains("if-none-match: \"two\"") && !head.contains("if-modified-since"), "{head}");

        // What is kept is gone: it is asked for as if nothing were known.
        std::fs::remove_dir_all(folders.kept.join("127.0.0.1/games/2")).unwrap();
        server.says([ok("etag: \"two\"\r\n", &names(310))]);
        let (_, outcome) = update(tx, folders, &fetcher(), LATER).await.remove(0);
        assert!(!outcome.unwrap().changed);
        assert!(!server.heard().remove(0).contains("if-none-match"));
        assert!(folders.kept.join("127.0.0.1/games/2/games.txt").is_file());
    })
    .await;
}

#[tokio::test]
async fn whatever_a_server_does_the_list_in_use_stays_and_the_status_says_why() {
    with_list(async |folders, server, tx| {
        let url = server.url("games.txt");
        let long = names(100_000);
        let short_of = |bytes: &[u8]| {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", bytes.len() + 500);
            Says::This([head.as_bytes(), bytes].concat())
        };
        let endless =
            Says::ThenDrips([b"HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\n", &long[..]].concat());
        let patience = Patience {
            connect: Duration::from_secs(5),
            silence: Duration::from_millis(300),
            whole: Duration::from_secs(20),
        };
        let fetcher = Fetcher { patience, ..fetcher() };
        let hurried = Fetcher {
            patience: Patience {
                silence: Duration::from_secs(20),
                whole: Duration::from_millis(300),
                ..patience
            },
            ..fetcher.clone()
        };
        let head = || b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n".to_vec();
        let page = b"<!doctype html><html><body><p>Log in to this network</p></body></html>";
        let cases: Vec<(Vec<Says>, &Fetcher, &str, bool)> = vec![
            (vec![status("404 Not Found", "")], &fetcher, "answered 404 Not Found", false),
            (vec![status("503 Service Unavailable", "")], &fetcher, "answered 503", false),
            (vec![Says::This(b"SSH-2.0-x\r\n".to_vec())], &fetcher, "gave no proper answer", false),
            (vec![ok("", &long)], &fetcher, "larger than 1 MiB", false),
            (vec![endless], &fetcher, "larger than 1 MiB", false),
            (vec![short_of(&names(300))], &fetcher, "before the list was whole", false),
            (vec![Says::ThenNothing(Vec::new())], &fetcher, "sent nothing for", false),
            (vec![Says::ThenNothing(head())], &fetcher, "sent nothing for", false),
            (vec![Says::ThenDrips(head())], &hurried, "was not whole after", false),
            (vec![sent_on(&url)], &fetcher, "sent on more than 5 times", false),
            (vec![sent_on("ftp://127.0.0.1/x")], &fetcher, "what is no web address", false),
            (vec![sent_on("file:///etc/passwd")], &fetcher, "what is no web address", false),
            (vec![ok("", &packed(&names(300))[..200])], &fetcher, "is cut short", false),
            // These came whole, and somebody has to look at them.
            (vec![ok("etag: \"page\"\r\n", page)], &fetcher, "web page", true),
            (vec![ok("etag: \"none\"\r\n", b"")], &fetcher, "not one of its 0 lines", true),
            (vec![ok("etag: \"few\"\r\n", &names(100))], &fetcher, "from 300 entries to 100", true),
        ];
        let before = only(tx).await;
        for (number, (says, fetcher, why, waits)) in cases.into_iter().enumerate() {
            server.says(says);
            server.heard();
            let (_, outcome) = update(tx, folders, fetcher, LATER).await.remove(0);
            let said = outcome.unwrap_err().to_string();
            assert!(said.contains(why), "{said}: {why}");
            // It is asked for with what was said of the version in use, never of the one that was not taken.
            assert!(server.heard()[0].contains("if-none-match: \"one\""), "{why}");
            let now = only(tx).await;
            assert_eq!(now.list, before.list, "{why}");
            assert_eq!((now.waits.is_some(), now.word()), (waits, if waits { "waiting" } else { "failing" }));
            let web = now.web.unwrap();
            assert_eq!((web.failures as usize, web.changed_at), (number + 1, Some(MONDAY)));
            assert!(web.problem.unwrap().contains(why), "{why}");
        }
        // Nothing but the list is on the disk.
        let kept: Vec<_> =
            std::fs::read_dir(&folders.kept).unwrap().map(|at| at.unwrap().file_name()).collect();
        assert_eq!(kept, ["127.0.0.1"]);

        // A server that is as it was clears everything.
        server.says([status("304 Not Modified", "")]);
        update(tx, folders, &fetcher, LATER).await;
        let now = only(tx).await;
        assert_eq!((now.word(), now.waits), ("active", None));
        assert_eq!(now.web.map(|web| (web.failures, web.problem)), Some((0, None)));

        // A person takes what an update leaves to a person.
        server.says([ok("etag: \"few\"\r\n", &names(100))]);
        let (_, outcome) = import(tx, folders, &asked(&url)).await.remove(0);
        assert_eq!(outcome.unwrap().list.report.accepted, 100);
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_gone_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let gone = format!("http://{}/games.txt", accepts_and_goes().await);
    let error = fetch(&fetcher(), &gone, None, folder.path()).await.unwrap_err();
    assert!(matches!(&error, FetchError::NotReached { host, .. } if host == "127.0.0.1"), "{error}");
    let error = fetch(&fetcher(), "http://no-such-name.invalid/x", None, folder.path()).await.unwrap_err();
    assert!(matches!(&error, FetchError::NoSuchName { .. }), "{error}");
}

async fn fetch(
    fetcher: &Fetcher,
    url: &str,
    checksum: Option<&Checksum>,
    beside: &std::path::Path,
) -> Result<Answer, FetchError> {
    fetcher.fetch(&WebAddress::parse(url).unwrap(), None, checksum, beside, &|_, _| {}).await
}

#[tokio::test]
async fn a_list_is_followed_where_it_is_sent_on_to_but_never_deeper_inside() {
    let folder = tempfile::tempdir().unwrap();
    let (server, other) = (Server::start().await, Server::start().await);
    server.says([
        sent_on("/b"),
        status("301 Moved", "location: c?d=e\r\n"),
        sent_on(&other.url("games.txt")),
    ]);
    other.says([ok("", b"a.example\n")]);
    fetch(&fetcher(), &server.url("a"), None, folder.path()).await.unwrap();
    let asked: Vec<String> =
        server.heard().iter().map(|head| head.lines().next().unwrap().to_owned()).collect();
    assert_eq!(asked, ["get /a http/1.1", "get /b http/1.1", "get /c?d=e http/1.1"]);
    assert!(other.heard()[0].contains(&format!("host: {}\r\n", other.address)));

    // From an address of the network to this machine itself.
    let Some(own) = own_address() else { return };
    let outside = Server::on((own, 0).into(), None).await;
    outside.says([sent_on(&server.url("admin"))]);
    let error = fetch(&fetcher(), &outside.url("x"), None, folder.path()).await.unwrap_err();
    assert!(matches!(&error, FetchError::SentInside(host) if host == "127.0.0.1"), "{error}");
    assert_eq!(server.heard(), Vec::<String>::new(), "it was never asked");
    // The other way round is outwards.
    outside.says([ok("", b"a.example\n")]);
    server.says([sent_on(&outside.url("x"))]);
    fetch(&fetcher(), &server.url("a"), None, folder.path()).await.unwrap();
    // What says a checksum is no way inside either.
    outside.says([ok("", b"a.example\n")]);
    let place = Checksum::SaidAt(WebAddress::parse(&server.url("sums")).unwrap());
    let error = fetch(&fetcher(), &outside.url("x"), Some(&place), folder.path()).await.unwrap_err();
    assert!(matches!(error, FetchError::SentInside(_)), "{error}");
}

/// The address that this machine has on a network, where it has one.
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
fn own_address() -> Option<IpAddr> {
    let own = std::net::UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("192.0.2.1:9")?;
        Ok(socket.local_addr()?.ip())
    });
    let own = own.ok().filter(|own| !own.is_loopback());
    if own.is_none() {
        println!("skipped: this machine has no address but its own");
    }
    own
}

#[tokio::test]
async fn a_list_must_match_its_checksum() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    let list = names(300);
    let sum = sha256(&list);
    let said_at = Checksum::SaidAt(WebAddress::parse(&server.url("SHA256SUMS")).unwrap());
    let is = |sum: &str| Checksum::Is(sum.parse().unwrap());
    let other = "0".repeat(64);
    for (checksum, sums, fits) in [
        (is(&sum.to_uppercase()), None, Ok(())),
        (is(&other), None, Err("its SHA-256 is")),
        (said_at.clone(), Some(format!("{other}  other.txt\n{sum}  games.txt\n")), Ok(())),
        (said_at.clone(), Some(format!("{other}  games.txt\n")), Err("its SHA-256 is")),
        (said_at.clone(), Some("<html>Gone</html>".to_owned()), Err("says no SHA-256 of it")),
        (said_at.clone(), Some("x".repeat(2 << 20)), Err("larger than 1 MiB")),
    ] {
        server.says([ok("", &list)].into_iter().chain(sums.map(|sums| ok("", sums.as_bytes()))));
        let outcome = fetch(&fetcher(), &server.url("games.txt"), Some(&checksum), folder.path()).await;
        match (outcome, fits) {
            (Ok(Answer::Sent(_)), Ok(())) => {}
            (Err(error), Err(why)) => assert!(error.to_string().contains(why), "{error}"),
            (outcome, fits) => panic!("{outcome:?}, not {fits:?}"),
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn what_a_list_must_match_is_kept_and_stands_in_the_trail() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let server = Server::start().await;
        let mut tx = database.db.begin().await.unwrap();
        let list = names(300);
        server.says([ok("", &list)]);
        let checksum = Some(Checksum::Is(sha256(&list).parse().unwrap()));
        let asked = Asked { checksum, name: Some("county/games".to_owned()), ..asked(&server.url("g?v=1")) };
        let (id, outcome) = import(&mut tx, &folders, &asked).await.remove(0);
        assert!(outcome.unwrap().changed && id == "county/games", "{id}");
        let entries = store::trail::newest(&mut tx, None, 2).await.unwrap();
        let verbs: Vec<&str> = entries.iter().map(|entry| entry.verb.as_str()).collect();
        assert_eq!(verbs, ["list.checksum", "list.import"]);
        // An update that is another list fails, however good it looks.
        server.says([ok("", &names(301))]);
        let (_, outcome) = update(&mut tx, &folders, &fetcher(), LATER).await.remove(0);
        let said = outcome.unwrap_err().to_string();
        assert!(said.contains("its SHA-256 is"), "{said}");
        assert_eq!(only(&mut tx).await.list.report.accepted, 300);
        // No other list takes its name, and held it is not asked for.
        let other = Asked { address: WebAddress::parse(&server.url("other")).unwrap(), ..asked.clone() };
        let games = ["games".to_owned()];
        let same = web::ready(&mut tx, &other, Some(&games), &intake()).await;
        assert!(matches!(same, Err(ImportError::SameName { .. })), "{same:?}");
        list::hold(&mut tx, &ACTOR, "county/games", "exams", LATER).await.unwrap();
        server.heard();
        let (_, outcome) = update(&mut tx, &folders, &fetcher(), LATER).await.remove(0);
        assert!(matches!(outcome, Err(ImportError::Held { .. })));
        assert_eq!(server.heard(), Vec::<String>::new());
        tx.roll_back().await.unwrap();
    }
}

#[tokio::test]
async fn a_list_is_due_by_the_rhythm_and_sooner_after_a_failure() {
    with_list(async |folders, server, tx| {
        let minutes = |minutes: i64| MONDAY.plus_millis(minutes * 60_000);
        let is_due = async |tx: &mut Tx, every, at| {
            let due = web::due(tx, &folders.kept, every, at).await.unwrap();
            assert!(due.iter().all(|one| one.address.to_string() == server.url("games.txt")));
            due.len() == 1
        };
        for (every, after) in [(Every::Hour, 60), (Every::Day, 1_440), (Every::Week, 7 * 1_440)] {
            assert!(!is_due(tx, every, minutes(after).plus_millis(-1)).await, "{every:?}");
            assert!(is_due(tx, every, minutes(after)).await, "{every:?}");
        }
        assert!(!is_due(tx, Every::Off, minutes(1_000_000)).await);
        server.says([status("503 Busy", "")]);
        for (tried, next) in [(1_440, 1_455), (1_455, 1_485), (1_485, 1_545)] {
            let due = web::due(tx, &folders.kept, Every::Day, minutes(tried)).await.unwrap();
            let downloads = web::fetch_all(&fetcher(), &due, &folders.kept, &|_, _| {}).await;
            list::update_fetched(tx, &ACTOR, &folders.kept, &downloads, &mut intake(), minutes(tried))
                .await
                .unwrap();
            assert!(!is_due(tx, Every::Day, minutes(next).plus_millis(-1)).await);
            assert!(is_due(tx, Every::Day, minutes(next)).await);
        }
        // A list that was taken out of use meanwhile does not come back.
        let due = web::due(tx, &folders.kept, Every::Day, minutes(9_999)).await.unwrap();
        server.says([ok("", &names(310))]);
        let downloads = web::fetch_all(&fetcher(), &due, &folders.kept, &|_, _| {}).await;
        list::remove(tx, &ACTOR, "127.0.0.1/games", "a mistake", LATER).await.unwrap();
        let updated =
            list::update_fetched(tx, &ACTOR, &folders.kept, &downloads, &mut intake(), LATER).await.unwrap();
        assert_eq!((updated.len(), list::status(tx).await.unwrap().len()), (0, 0));
    })
    .await;
}

fn archive(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        // Written as it is: a name that leads out of the archive among them.
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        tar.append(&header, &content[..]).unwrap();
    }
    packed(&tar.into_inner().unwrap())
}

#[tokio::test]
async fn an_archive_is_many_lists_that_are_fetched_once() {
    for database in databases().await {
        let folders = Folders::of(&database);
        let server = Server::start().await;
        let mut tx = database.db.begin().await.unwrap();
        let files = |games: usize| {
            archive(&[
                ("ut1-all/games/domains", names(games)),
                ("ut1-all/games/urls", b"a.example/play\n".to_vec()),
                ("ut1-all/games/usage", b"black\n".to_vec()),
                ("ut1-all/gambling/domains.gz", packed(&names(200))),
                ("ut1-all/never-heard-of/domains", names(5)),
                ("ut1-all/README", b"words\n".to_vec()),
                ("ut1-all/.hidden/domains", names(5)),
                ("../../../../etc/games/domains", names(5)),
            ])
        };
        server.says([ok("etag: \"one\"\r\n", &files(50_000))]);
        let asked = Asked { name: Some("ut1".to_owned()), ..asked(&server.url("ut1-all.tar.gz")) };
        let outcomes = import(&mut tx, &folders, &asked).await;
        let ids: Vec<(&str, bool)> =
            outcomes.iter().map(|(id, outcome)| (id.as_str(), outcome.is_ok())).collect();
        assert_eq!(ids, [("ut1/gambling", true), ("ut1/games", true), ("ut1/never-heard-of", false)]);
        assert!(matches!(outcomes[2].1, Err(ImportError::NoCategory { .. })));
        let status_of = async |tx: &mut Tx, id: &str| {
            list::status(tx).await.unwrap().into_iter().find(|one| one.list.id == id).unwrap()
        };
        let games = status_of(&mut tx, "ut1/games").await;
        assert_eq!(games.list.report.accepted, 50_001);
        assert_eq!(games.list.source, format!("{}#ut1-all/games", asked.address));

        // One request for all, and one list that changed.
        server.says([status("304 Not Modified", "")]);
        server.heard();
        assert!(
            update(&mut tx, &folders, &fetcher(), LATER).await.iter().all(|(_, outcome)| outcome.is_ok())
        );
        let heads = server.heard();
        assert!(heads.len() == 1 && heads[0].contains("if-none-match: \"one\""), "{heads:?}");
        server.says([ok("etag: \"two\"\r\n", &files(50_010))]);
        let updated = update(&mut tx, &folders, &fetcher(), LATER).await;
        let changed: Vec<(&str, bool)> = (updated.iter())
            .map(|(list, outcome)| (list.id.as_str(), outcome.as_ref().unwrap().changed))
            .collect();
        assert_eq!(changed, [("ut1/gambling", false), ("ut1/games", true)]);

        // Cut short, or with a list too few: what is in use stays.
        let whole = files(50_020);
        server.says([ok("", &whole[..whole.len() / 2])]);
        for (_, outcome) in update(&mut tx, &folders, &fetcher(), LATER).await {
            let said = outcome.unwrap_err().to_string();
            assert!(said.contains("is cut short"), "{said}");
        }
        server.says([ok("etag: \"three\"\r\n", &archive(&[("ut1-all/games/domains", names(50_010))]))]);
        let updated = update(&mut tx, &folders, &fetcher(), LATER).await;
        let said = updated[0].1.as_ref().unwrap_err().to_string();
        assert!(said.contains("not there any more"), "{said}");
        assert!(updated[1].1.as_ref().unwrap().changed);
        assert_eq!(status_of(&mut tx, "ut1/gambling").await.word(), "waiting");
        server.heard();
        update(&mut tx, &folders, &fetcher(), LATER).await;
        assert!(server.heard()[0].contains("if-none-match: \"two\""), "until all of it was taken");
        // Nor may it unpack to more than a list may be.
        let mut small = intake().within(Limits { unpacked: 1 << 16, ..Limits::default() });
        server.says([ok("", &files(50_010))]);
        let nobody = |_: u64, _: Option<u64>| {};
        let fetched =
            sent(fetcher().fetch(&asked.address, None, None, &folders.kept, &nobody).await.unwrap());
        let refused =
            web::import(&mut tx, &ACTOR, &folders.kept, &asked, fetched, None, &mut small, LATER).await;
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("unpacked"), "{said}");
        tx.roll_back().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_must_prove_who_it_is_and_may_not_send_on_to_where_nobody_does() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let server =
        Server::on("127.0.0.1:0".parse().unwrap(), Some(tokio_rustls::TlsAcceptor::from(Arc::new(config))))
            .await;
    server.says([ok("", b"a.example\n")]);
    let trusting = Fetcher { roots: Roots::of_pem(made.cert.pem().as_bytes()), ..fetcher() };
    let port = server.address.port();
    let url = format!("https://localhost:{port}/games.txt");
    fetch(&trusting, &url, None, folder.path()).await.unwrap();
    // The machine does not trust it.
    let error = fetch(&fetcher(), &url, None, folder.path()).await.unwrap_err();
    let is_no_machine_of_ours = matches!(error, FetchError::NoRoots(_));
    assert!(
        is_no_machine_of_ours || error.to_string().contains("is not one that this machine trusts"),
        "{error}"
    );
    // It may answer for its own name alone.
    let by_address = format!("https://127.0.0.1:{port}/games.txt");
    let error = fetch(&trusting, &by_address, None, folder.path()).await.unwrap_err();
    assert!(error.to_string().ends_with("its certificate is for another name"), "{error}");
    let nobody = Fetcher { roots: Roots::of_pem(b"no certificate"), ..fetcher() };
    let error = fetch(&nobody, &url, None, folder.path()).await.unwrap_err();
    assert!(matches!(error, FetchError::NoRoots(_)), "{error}");
    let plain = Server::start().await;
    plain.says([ok("", b"a.example\n")]);
    server.heard();
    server.says([sent_on(&plain.url("games.txt"))]);
    let error = fetch(&trusting, &url, None, folder.path()).await.unwrap_err();
    assert!(matches!(error, FetchError::SentDownwards(_)), "{error}");
    // Nor is a checksum believed that anybody could have changed.
    server.says([ok("", b"a.example\n")]);
    let place = Checksum::SaidAt(WebAddress::parse(&plain.url("sums")).unwrap());
    let error = fetch(&trusting, &url, Some(&place), folder.path()).await.unwrap_err();
    assert!(matches!(error, FetchError::SentDownwards(_)), "{error}");
    assert_eq!(plain.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn whoever_gives_up_midway_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start().await;
    let start = [b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n", &names(500)[..]].concat();
    server.says([Says::ThenNothing(start)]);
    let (some, mut came) = tokio::sync::watch::channel((0, None));
    let watch = move |bytes: u64, of: Option<u64>| {
        let _ = some.send((bytes, of));
    };
    let address = WebAddress::parse(&server.url("games.txt")).unwrap();
    let fetcher = fetcher();
    tokio::select! {
        outcome = fetcher.fetch(&address, None, None, folder.path(), &watch) => panic!("{outcome:?}"),
        _ = came.wait_for(|(bytes, _)| *bytes > 1_000) => {}
    }
    assert_eq!(came.borrow().1, Some(99_999));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(Downloads::new().len(), 0);
}
