//! What a request owes the activity log is paid, however the request ends.

use std::io::Write as _;
use std::net::{Shutdown, TcpListener, TcpStream};

use super::setting::{Setting, block, eventually, read_head, status};

fn setting() -> (Setting, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let setting = Setting::with(&block("games.example"), |config| config.allow_private[0].ports.push(port));
    (setting, listener)
}

/// A plain request whose origin has read it and says nothing.
fn stalled(setting: &Setting, listener: &TcpListener, host: &str) -> (TcpStream, TcpStream) {
    let target = format!("{host}:{}", listener.local_addr().unwrap().port());
    let mut client = setting.raw();
    client.write_all(format!("GET http://{target}/x HTTP/1.1\r\nHost: {target}\r\n\r\n").as_bytes()).unwrap();
    let (mut origin, _) = listener.accept().unwrap();
    read_head(&mut origin);
    (client, origin)
}

#[test]
fn whatever_becomes_of_a_request_its_event_is_owed_and_then_paid() {
    let (setting, listener) = setting();
    let closed = super::setting::free_ports::<1>()[0];
    for (args, wanted) in [
        (vec![setting.url("site.example", "/small")], 200),
        (vec![setting.url("games.example", "/small")], 403),
        (vec!["http://no-such-name.invalid/".to_owned()], 502),
        (vec!["http://rebound.example/".to_owned()], 403),
        (vec!["-p".to_owned(), setting.url("site.example", "/small")], 200),
        (vec![format!("http://site.example:{closed}/")], 403),
    ] {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let answer = setting.curl(&args);
        assert_eq!(status(&answer), wanted, "{answer}");
    }
    eventually(|| (setting.log.owed() == (0, 0)).then_some(()));
    // The client goes away while its origin thinks, and the other way about.
    let (client, origin) = stalled(&setting, &listener, "site.example");
    assert_eq!(setting.log.owed(), (1, 0));
    client.shutdown(Shutdown::Both).unwrap();
    drop((client, origin));
    let (client, origin) = stalled(&setting, &listener, "site.example");
    drop(origin);
    eventually(|| (setting.log.owed() == (0, 0)).then_some(()));
    drop(client);
}

#[test]
fn a_visit_to_a_help_site_is_counted_when_it_begins_and_owes_nothing() {
    let (setting, listener) = setting();
    let _stalled = stalled(&setting, &listener, "help.example");
    assert_eq!(setting.log.owed(), (0, 0));
    assert_eq!(setting.log.lines(), ["proxy allow help - - - 0"]);
}

#[test]
fn what_is_open_when_the_proxy_stops_is_told() {
    let (setting, listener) = setting();
    let open: Vec<_> = (0..20).map(|_| stalled(&setting, &listener, "site.example")).collect();
    assert_eq!(setting.log.owed(), (20, 0));
    let Setting { proxy, log, .. } = setting;
    proxy.stop();
    assert_eq!(log.owed(), (0, 0));
    assert_eq!(log.lines().len(), 20);
    drop(open);
}
