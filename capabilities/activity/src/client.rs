//! Asking the log process, from the command line or the hub. Blocking; one connection a question.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::Origin;
use engine::replay::Batch;

use crate::ask::{Ask, Counts, Reply};
use crate::columns::Table;
use crate::entry::Entry;
use crate::event::Event;
use crate::import::Imported;
use crate::log::{Damage, Import, Known};
use crate::page::Run;
use crate::past::{self, Asked};
use crate::report::Report;
use crate::sealed::Handed;
use crate::search::{Search, Subject, TimeRange};
use crate::service::Status;
use crate::store::{Answered, Appended};

/// How long the log may take to say anything at all. A search over a long time reads at some hundred thousand events a
/// second.
const PATIENCE: Duration = Duration::from_secs(120);

/// A question names so much damage at most; more make further questions.
const DAMAGE_A_QUESTION: usize = 200;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers on the socket.
    #[error("the activity log does not answer on {}: {why}; is `fivebar run` running, and may this user read it?", .path.display())]
    NotThere {
        /// The socket.
        path: PathBuf,
        /// What the machine said.
        why: io::Error,
    },
    /// The connection broke.
    #[error("the activity log stopped answering: {0}")]
    Broken(#[from] io::Error),
    /// The log said something else.
    #[error("the activity log answered in a way this program does not know; are both of the same version?")]
    Unexpected,
    /// The log refused.
    #[error("{0}")]
    Refused(String),
}

/// Where to ask.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

impl Client {
    /// The log whose sockets lie in `run_dir`.
    pub fn new(run_dir: &Path) -> Self {
        Self { socket: crate::query_socket(run_dir) }
    }

    /// The events a search finds, newest first, one by one; breaking ends it.
    pub fn search(
        &self,
        search: &Search,
        each: impl FnMut(Event) -> ControlFlow<()>,
    ) -> Result<Answered, ClientError> {
        self.events(&Ask::Search(search.clone()), Some(PATIENCE), each)
    }

    /// Every event of a time, oldest first, one by one: for export.
    pub fn scan(
        &self,
        time: TimeRange,
        each: impl FnMut(Event) -> ControlFlow<()>,
    ) -> Result<Answered, ClientError> {
        self.events(&Ask::Scan(time), Some(PATIENCE), each)
    }

    /// Every request of a time, many at once, for a replay. They come by file, the oldest first, and within one by person and
    /// time or by time alone.
    pub fn past(
        &self,
        asked: &Asked,
        each: impl FnMut(&Batch<'_>) -> ControlFlow<()>,
    ) -> Result<Answered, ClientError> {
        self.past_within(asked, PATIENCE, each)
    }

    /// The same for whoever would rather go on without than wait so long for the next.
    pub fn past_within(
        &self,
        asked: &Asked,
        patience: Duration,
        mut each: impl FnMut(&Batch<'_>) -> ControlFlow<()>,
    ) -> Result<Answered, ClientError> {
        let mut stream = self.ask(&Ask::Past(*asked), Some(patience))?;
        let mut answered = Answered::default();
        let mut parcel = Vec::new();
        loop {
            match next(&mut stream)? {
                Some(Reply::Parcel { bytes }) => {
                    let length = usize::try_from(bytes).ok().filter(|length| *length <= past::LONGEST);
                    parcel.resize(length.ok_or(ClientError::Unexpected)?, 0);
                    stream.read_exact(&mut parcel)?;
                    let batch = past::read(&parcel).ok_or(ClientError::Unexpected)?;
                    answered.events += batch.rows.len() as u64;
                    if each(&batch).is_break() {
                        return Ok(answered);
                    }
                }
                Some(Reply::Done(done)) => return Ok(done),
                Some(Reply::Error(error)) => return Err(ClientError::Refused(error)),
                None | Some(_) => return Err(ClientError::Unexpected),
            }
        }
    }

    /// What a search finds from now on, or from a place on, until `each` breaks or the log process ends.
    pub fn tail(
        &self,
        search: &Search,
        from_seq: Option<u64>,
        each: impl FnMut(Event) -> ControlFlow<()>,
    ) -> Result<(), ClientError> {
        self.events(&Ask::Tail { search: search.clone(), from_seq }, None, each).map(|_| ())
    }

    /// How many events a search finds.
    pub fn counts(&self, search: &Search) -> Result<Counts, ClientError> {
        match self.one(&Ask::Counts(search.clone()))? {
            Reply::Counts(counts) => Ok(counts),
            _ => Err(ClientError::Unexpected),
        }
    }

    /// A report over everything that is kept.
    pub fn report(&self, report: &Report) -> Result<Table, ClientError> {
        match self.one(&Ask::Report(report.clone()))? {
            Reply::Table(table) => Ok(table),
            _ => Err(ClientError::Unexpected),
        }
    }

    /// The last refusals of an address, newest first; sixteen are kept.
    pub fn recent_refusals(&self, address: IpAddr, limit: usize) -> Result<Vec<Event>, ClientError> {
        match self.one(&Ask::Refusals { address, limit })? {
            Reply::Refusals(events) => Ok(events),
            _ => Err(ClientError::Unexpected),
        }
    }

    /// How the log fares, and what it lost.
    pub fn status(&self) -> Result<Status, ClientError> {
        match self.one(&Ask::Status)? {
            Reply::Status(status) => Ok(*status),
            _ => Err(ClientError::Unexpected),
        }
    }

    /// The same for whoever would rather hear nothing than wait.
    pub fn status_within(&self, patience: Duration) -> Result<Status, ClientError> {
        match next(&mut self.ask(&Ask::Status, Some(patience))?)? {
            Some(Reply::Status(status)) => Ok(*status),
            _ => Err(ClientError::Unexpected),
        }
    }

    /// What the log says about itself, oldest first: losses, deletions, repairs.
    pub fn entries(&self) -> Result<Vec<Entry>, ClientError> {
        match self.one(&Ask::Entries)? {
            Reply::Entries(entries) => Ok(entries),
            _ => Err(ClientError::Unexpected),
        }
    }

    /// Erases somebody's events; how many there were. It returns when they are gone from every file, which takes about
    /// as long as reading and writing them all. The caller checks that it may be asked and leaves an entry in the trail.
    pub fn erase(&self, subject: Subject) -> Result<u64, ClientError> {
        self.erased(&Ask::Erase(subject))
    }

    /// The same, and has it written down why. No name, address or words of anybody may stand in the reason: nothing takes
    /// it out again.
    pub fn erase_for(&self, subject: Subject, reason: &str) -> Result<u64, ClientError> {
        self.erased(&Ask::EraseFor { subject, reason: reason.to_owned() })
    }

    fn erased(&self, ask: &Ask) -> Result<u64, ClientError> {
        let mut stream = self.ask(ask, None)?;
        match next(&mut stream)? {
            Some(Reply::Erased { events }) => Ok(events),
            Some(Reply::Error(error)) => Err(ClientError::Refused(error)),
            _ => Err(ClientError::Unexpected),
        }
    }

    /// Has it written down that identities are opened. The caller leaves an entry in the trail, and shows nothing before.
    pub fn open_identities(&self, reason: &str) -> Result<(), ClientError> {
        match self.one(&Ask::OpenIdentities { reason: reason.to_owned() })? {
            Reply::Acknowledged => Ok(()),
            _ => Err(ClientError::Unexpected),
        }
    }

    /// Has it written down that this damage was seen. The caller leaves an entry in the trail.
    pub fn acknowledge_damage(&self, damage: &[Damage], reason: &str) -> Result<(), ClientError> {
        for damage in damage.chunks(DAMAGE_A_QUESTION) {
            let ask = Ask::AcknowledgeDamage { damage: damage.to_vec(), reason: reason.to_owned() };
            match self.one(&ask)? {
                Reply::Acknowledged => {}
                _ => return Err(ClientError::Unexpected),
            }
        }
        Ok(())
    }

    /// What was brought in from other filters' logs, oldest first.
    pub fn imports(&self) -> Result<Vec<Import>, ClientError> {
        match self.one(&Ask::Imports)? {
            Reply::Imports(imports) => Ok(imports),
            _ => Err(ClientError::Unexpected),
        }
    }

    /// Begins to bring a log in, or goes on with one. The caller leaves an entry in the trail.
    pub fn import(&self, run: Run, origin: Origin, file: Known) -> Result<Importing, ClientError> {
        let stream = self.ask(&Ask::BeginImport { run, origin, file }, Some(PATIENCE))?;
        let mut importing = Importing { stream, taken: Appended::default() };
        match importing.reply()? {
            Reply::Acknowledged => Ok(importing),
            _ => Err(ClientError::Unexpected),
        }
    }

    fn ask(&self, ask: &Ask, patience: Option<Duration>) -> Result<BufReader<UnixStream>, ClientError> {
        let connect = || {
            let mut stream = UnixStream::connect(&self.socket)?;
            stream.set_read_timeout(patience)?;
            let mut line = serde_json::to_vec(ask)?;
            line.push(b'\n');
            stream.write_all(&line)?;
            Ok(stream)
        };
        connect()
            .map(BufReader::new)
            .map_err(|why: io::Error| ClientError::NotThere { path: self.socket.clone(), why })
    }

    fn one(&self, ask: &Ask) -> Result<Reply, ClientError> {
        match next(&mut self.ask(ask, Some(PATIENCE))?)? {
            Some(Reply::Error(error)) => Err(ClientError::Refused(error)),
            Some(reply) => Ok(reply),
            None => Err(ClientError::Unexpected),
        }
    }

    fn events(
        &self,
        ask: &Ask,
        patience: Option<Duration>,
        mut each: impl FnMut(Event) -> ControlFlow<()>,
    ) -> Result<Answered, ClientError> {
        let mut stream = self.ask(ask, patience)?;
        let mut answered = Answered::default();
        loop {
            match next(&mut stream)? {
                Some(Reply::Event(event)) => {
                    answered.events += 1;
                    if each(*event).is_break() {
                        return Ok(answered);
                    }
                }
                Some(Reply::Done(done)) => return Ok(done),
                Some(Reply::Error(error)) => return Err(ClientError::Refused(error)),
                // A tail ends with the log process; anything else was cut short.
                None if matches!(ask, Ask::Tail { .. }) => return Ok(answered),
                None | Some(_) => return Err(ClientError::Unexpected),
            }
        }
    }
}

/// A log that is being brought in.
#[derive(Debug)]
pub struct Importing {
    stream: BufReader<UnixStream>,
    taken: Appended,
}

impl Importing {
    /// Hands requests over, with the encrypted records that they refer to; up to the line `told` there are no others.
    pub fn take(&mut self, rows: Vec<Imported>, told: u64, sealed: Vec<Handed>) -> Result<(), ClientError> {
        self.say(&Ask::Import { rows, told, sealed })
    }

    /// The file cannot be read any further: what was handed over is in when this returns. How many requests were new, and
    /// how many the log had already.
    pub fn break_off(mut self) -> Result<Appended, ClientError> {
        self.say(&Ask::FlushImport)?;
        Ok(self.taken)
    }

    /// That was all: how many requests were new, and how many the log had already.
    pub fn end(mut self, file: Known, lines: u64) -> Result<Appended, ClientError> {
        self.say(&Ask::EndImport { file, lines })?;
        Ok(self.taken)
    }

    fn say(&mut self, ask: &Ask) -> Result<(), ClientError> {
        let mut line = serde_json::to_vec(ask).map_err(io::Error::from)?;
        line.push(b'\n');
        self.stream.get_mut().write_all(&line)?;
        match self.reply()? {
            Reply::Taken(taken) => {
                self.taken.events += taken.events;
                self.taken.repeated += taken.repeated;
                Ok(())
            }
            _ => Err(ClientError::Unexpected),
        }
    }

    fn reply(&mut self) -> Result<Reply, ClientError> {
        match next(&mut self.stream)? {
            Some(Reply::Error(error)) => Err(ClientError::Refused(error)),
            Some(reply) => Ok(reply),
            None => Err(ClientError::Unexpected),
        }
    }
}

fn next(stream: &mut BufReader<UnixStream>) -> Result<Option<Reply>, ClientError> {
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if !line.trim().is_empty() {
            return serde_json::from_str(&line).map(Some).map_err(|_| ClientError::Unexpected);
        }
    }
}
