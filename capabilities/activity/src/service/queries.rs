//! Answering questions: one JSON line each, answered by JSON lines; see [`crate::ask`].

use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::ops::ControlFlow;
use std::os::unix::net::UnixStream;
use std::thread::{self, Scope};
use std::time::Duration;

use super::sockets::Listener;
use super::{Service, imports};
use crate::ask::{Ask, Reply};
use crate::entry::{Entry, What};
use crate::event::Event;
use crate::search::{Subject, Whose};
use crate::store::{LogStore as _, StoreError};

/// More questions than this at once are turned away.
const MOST: usize = 64;
const LONGEST_QUESTION: u64 = 1 << 20;
/// Somebody who reads nothing of their answer for so long is let go.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Somebody who asks nothing for so long is let go.
const NEXT_QUESTION: Duration = Duration::from_secs(60);
/// How long a quiet tail takes to notice that the process is to stop …
const TAIL_WAIT: Duration = Duration::from_millis(250);
/// … and after how many such waits it makes sure that somebody still listens.
const STILL_THERE_WAITS: u32 = 8;

/// Answers until the listener is closed.
pub fn serve<'scope>(scope: &'scope Scope<'scope, '_>, service: &'scope Service, listener: &'scope Listener) {
    while let Some((number, stream)) = listener.accept() {
        let answer = move || {
            // Whoever asked may go away at any moment; that is no error of ours.
            drop(converse(service, &stream, listener.connected() > MOST));
            listener.forget(number);
        };
        if thread::Builder::new().name("log-query".to_owned()).spawn_scoped(scope, answer).is_err() {
            listener.forget(number);
        }
    }
}

fn converse(service: &Service, stream: &UnixStream, crowded: bool) -> io::Result<()> {
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    stream.set_read_timeout(Some(NEXT_QUESTION))?;
    let mut questions = BufReader::new(stream);
    let mut out = BufWriter::with_capacity(32 << 10, stream);
    if crowded {
        return say(
            &mut out,
            &Reply::Error("the activity log is answering too many questions; try again".into()),
        )
        .and_then(|()| out.flush());
    }
    let mut line = String::new();
    let mut importing = None;
    loop {
        line.clear();
        if (&mut questions).take(LONGEST_QUESTION).read_line(&mut line)? == 0 || service.stopping() {
            return Ok(());
        }
        match serde_json::from_str::<Ask>(&line) {
            Ok(
                ask @ (Ask::BeginImport { .. }
                | Ask::Import { .. }
                | Ask::FlushImport
                | Ask::EndImport { .. }),
            ) => {
                let reply = imports::take(service, &mut importing, ask);
                say(&mut out, &reply.unwrap_or_else(|error| Reply::Error(error.to_string())))?;
            }
            Ok(ask) => answer(service, ask, &mut out)?,
            Err(error) => say(&mut out, &Reply::Error(format!("the question is not understood: {error}")))?,
        }
        out.flush()?;
    }
}

fn answer(service: &Service, ask: Ask, out: &mut impl io::Write) -> io::Result<()> {
    match ask {
        Ask::Search(search) => {
            let mut broken = None;
            let found = service.log.query(&search, &mut |event| hand_over(out, event, &mut broken));
            finish(out, broken, found.map(Reply::Done))
        }
        Ask::Scan(time) => {
            let mut broken = None;
            let found = service.log.scan(time, &mut |event| hand_over(out, event, &mut broken));
            finish(out, broken, found.map(Reply::Done))
        }
        Ask::Past(asked) => {
            let mut broken = None;
            let found = service.log.past(&asked, &mut |parcel| {
                let head = Reply::Parcel { bytes: parcel.len() as u64 };
                match say(out, &head).and_then(|()| out.write_all(parcel)) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        broken = Some(error);
                        ControlFlow::Break(())
                    }
                }
            });
            finish(out, broken, found.map(Reply::Done))
        }
        Ask::Counts(search) => finish(out, None, service.log.counts(&search).map(Reply::Counts)),
        Ask::Report(report) => finish(out, None, service.log.report(&report).map(Reply::Table)),
        Ask::Tail { search, from_seq } => tail(service, &search, from_seq, out),
        Ask::Refusals { address, limit } => {
            let events = service.log.recent_refusals(address.to_canonical(), limit);
            say(out, &Reply::Refusals(events))
        }
        Ask::Status => say(out, &Reply::Status(Box::new(service.status()))),
        Ask::Entries => finish(out, None, service.log.entries().map(Reply::Entries)),
        Ask::Erase(Subject { whose: Whose::Import(run), .. }) if imports::is_going_on(service, run) => {
            say(out, &Reply::Error(format!("{run} is being brought in; wait for that, or end it")))
        }
        Ask::Erase(subject) => {
            let erased = service.log.erase(subject, service.config.clock.now());
            finish(out, None, erased.map(|events| Reply::Erased { events }))
        }
        Ask::EraseFor { subject, reason } => {
            let erased = service.log.erase_for(subject, &reason, service.config.clock.now());
            finish(out, None, erased.map(|events| Reply::Erased { events }))
        }
        Ask::Imports => say(out, &Reply::Imports(imports::list(service))),
        // Those are answered where the conversation is held.
        Ask::BeginImport { .. } | Ask::Import { .. } | Ask::FlushImport | Ask::EndImport { .. } => Ok(()),
        Ask::OpenIdentities { reason } => {
            let what = What::IdentitiesOpened { reason };
            let done = service.log.note(Entry { at: service.config.clock.now(), what });
            finish(out, None, done.map(|()| Reply::Acknowledged))
        }
        Ask::AcknowledgeDamage { damage, reason } => {
            let done = service.log.acknowledge(&damage, &reason, service.config.clock.now());
            finish(out, None, done.map(|()| Reply::Acknowledged))
        }
    }
}

fn tail(
    service: &Service,
    search: &crate::search::Search,
    from_seq: Option<u64>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let mut follow = match service.log.follow(search, from_seq) {
        Ok(follow) => follow,
        Err(error) => return say(out, &Reply::Error(error.to_string())),
    };
    let mut waits = 0u32;
    while !service.stopping() {
        if waits.is_multiple_of(STILL_THERE_WAITS) {
            // An empty line tells whether the other end is still there.
            out.write_all(b"\n")?;
        }
        waits = waits.wrapping_add(1);
        out.flush()?;
        let mut broken = None;
        let next = service.log.next(&mut follow, TAIL_WAIT, &mut |event| hand_over(out, event, &mut broken));
        if broken.is_some() || next.is_err() {
            return finish(out, broken, next.map(|()| Reply::Done(Default::default())));
        }
    }
    Ok(())
}

fn hand_over(out: &mut impl io::Write, event: Event, broken: &mut Option<io::Error>) -> ControlFlow<()> {
    match say(out, &Reply::Event(Box::new(event))) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            *broken = Some(error);
            ControlFlow::Break(())
        }
    }
}

fn finish(
    out: &mut impl io::Write,
    broken: Option<io::Error>,
    reply: Result<Reply, StoreError>,
) -> io::Result<()> {
    match broken {
        Some(error) => Err(error),
        None => say(out, &reply.unwrap_or_else(|error| Reply::Error(error.to_string()))),
    }
}

fn say(out: &mut impl io::Write, reply: &Reply) -> io::Result<()> {
    serde_json::to_writer(&mut *out, reply)?;
    out.write_all(b"\n")
}
