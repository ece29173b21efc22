//! DNS over streams (RFC 7766), both ways: devices that ask over TCP, and upstreams whose answers did not fit a
//! datagram. One thread; it decides nothing and hands every message to a thread that answers.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::desk::Desk;
use crate::inbox::{Inbox, Letter};
use crate::rate::Pace;
use crate::resolver::{STREAM_PATIENCE_MS, Source, Ticket};
use crate::wire::write::Transport;

/// How patient a stream without encryption is (RFC 7766 §6.2.3): making a new one costs a device little.
const PATIENCE: Patience = Patience {
    idle: Duration::from_secs(10),
    message: Duration::from_secs(10),
    slow: Duration::from_secs(10),
};
/// Answers that are ready at once are written together up to about so many bytes.
const TOGETHER_BYTES: usize = 16 << 10;
/// How many questions of one connection may wait at once; more are read when some are answered (RFC 7766 §6.2.1.1).
const PIPELINED: usize = 32;

/// An answer on its way, with the place of its question among those that its connection may have waiting: that is free only
/// when the answer has been taken, so that there is always room for it.
pub type Answer = (Vec<u8>, Option<Arc<OwnedSemaphorePermit>>);

/// Where the answer to a question over a stream goes. The connection stays open while any is held.
#[derive(Clone)]
pub struct Reply {
    answers: mpsc::Sender<Answer>,
    /// Where it is left to be given out with others; it goes straight to the connection without one.
    desk: Option<Arc<Desk>>,
    /// One of the questions that the connection may have waiting; given back with the answer.
    place: Option<Arc<OwnedSemaphorePermit>>,
}

impl Reply {
    /// Goes into that channel, which has room for it.
    pub fn new(answers: mpsc::Sender<Answer>, place: Option<OwnedSemaphorePermit>) -> Self {
        Self { answers, desk: None, place: place.map(Arc::new) }
    }

    /// Goes into that channel, which has room for it, with all that wait at the desk.
    pub const fn at_desk(desk: Arc<Desk>, answers: mpsc::Sender<Answer>) -> Self {
        Self { answers, desk: Some(desk), place: None }
    }

    /// Gives the answer.
    pub fn give(self, bytes: Vec<u8>) {
        match self.desk {
            Some(desk) => desk.put(self.answers, bytes),
            // The channel has room for every question that may wait.
            None => drop(self.answers.try_send((bytes, self.place))),
        }
    }

    /// There is no answer, and the connection is not worth keeping: an empty message says so.
    pub fn close(self) {
        self.give(Vec::new());
    }
}

/// A question to an upstream.
pub struct Order {
    /// Where to.
    pub upstream: SocketAddr,
    /// Which question.
    pub ticket: Ticket,
    /// The message.
    pub bytes: Vec<u8>,
    /// Who wants the answer.
    pub inbox: Arc<Inbox>,
}

/// Takes orders for the stream thread.
pub type OrderSender = mpsc::UnboundedSender<Order>;

/// The stream thread. Dropping it stops it.
pub struct Streams {
    orders: OrderSender,
    /// While it says yes, connections are taken.
    open: watch::Sender<bool>,
    places: Arc<Semaphore>,
    connections: usize,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the thread that serves streams.
pub fn start(
    listeners: Vec<TcpListener>,
    inboxes: Vec<Arc<Inbox>>,
    connections: usize,
    pace: &Pace,
) -> io::Result<Streams> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let (orders, mut ordered) = mpsc::unbounded_channel();
    let (stop, mut stopped) = oneshot::channel();
    let listeners = {
        let _inside = runtime.enter();
        listeners.into_iter().map(tokio::net::TcpListener::from_std).collect::<io::Result<Vec<_>>>()?
    };
    let open = watch::Sender::new(true);
    let places = Arc::new(Semaphore::new(connections));
    let (all, pace) = (Arc::clone(&places), pace.clone());
    let listeners: Vec<_> = listeners.into_iter().map(|listener| (listener, open.subscribe())).collect();
    let work = async move {
        for (listener, mut closed) in listeners {
            let (inboxes, places, pace) = (inboxes.clone(), Arc::clone(&all), pace.clone());
            tokio::spawn(async move {
                tokio::select! {
                    () = accept(listener, inboxes, places, pace) => {}
                    _ = closed.changed() => {}
                }
            });
        }
        loop {
            tokio::select! {
                _ = &mut stopped => return,
                order = ordered.recv() => match order {
                    Some(order) => drop(tokio::spawn(ask_upstream(order))),
                    None => return,
                },
            }
        }
    };
    let thread =
        std::thread::Builder::new().name("dns-streams".to_owned()).spawn(move || runtime.block_on(work))?;
    Ok(Streams { orders, open, places, connections, stop: Some(stop), thread: Some(thread) })
}

impl Streams {
    /// Takes no more connections; those there are go on.
    pub fn leave(&self) {
        self.open.send_replace(false);
    }

    /// Whether nothing more is taken, and nothing that was taken is open.
    pub fn has_left(&self) -> bool {
        // Who takes connections holds the other end, and a place for the next one.
        self.open.receiver_count() == 0 && self.places.available_permits() >= self.connections
    }

    /// Takes orders.
    pub fn sender(&self) -> OrderSender {
        self.orders.clone()
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("The thread of DNS streams ended in a panic");
        }
    }
}

async fn accept(
    listener: tokio::net::TcpListener,
    inboxes: Vec<Arc<Inbox>>,
    connections: Arc<Semaphore>,
    pace: Pace,
) {
    let mut next = 0usize;
    loop {
        // With every place taken nothing more is accepted; the kernel's queue holds the next.
        let Ok(place) = Arc::clone(&connections).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, device)) => {
                next = next.wrapping_add(1);
                let Some(inbox) = inboxes.get(next % inboxes.len().max(1)).map(Arc::clone) else { return };
                let source = Source::of(device.ip().to_canonical(), Transport::Tcp);
                let pace = pace.clone();
                tokio::spawn(async move {
                    let _ = stream.set_nodelay(true);
                    let (read, write) = stream.into_split();
                    serve(read, write, Asker { source, inbox, pace }, PATIENCE).await;
                    drop(place);
                });
            }
            // Out of descriptors: some connection must end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Who asks over a stream, how, and which thread answers.
#[derive(Clone)]
pub struct Asker {
    /// The device, and how it asks.
    pub source: Source,
    /// The thread that answers.
    pub inbox: Arc<Inbox>,
    /// How much its address may ask.
    pub pace: Pace,
}

/// How patient a stream is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How long a device may be silent between two messages.
    pub idle: Duration,
    /// How long a message of its may take from its first byte on.
    pub message: Duration,
    /// How long it may take to accept an answer.
    pub slow: Duration,
}

/// Serves one device until it is silent for too long, closes, or sends what is no message.
pub async fn serve<R, W>(mut read: R, write: W, asker: Asker, patience: Patience)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (answers, answered) = mpsc::channel(PIPELINED + 1);
    let mut writer = tokio::spawn(write_answers(write, answered, patience.slow));
    let waiting = Arc::new(Semaphore::new(PIPELINED));
    let Asker { source, inbox, pace } = asker;
    loop {
        let Ok(permit) = Arc::clone(&waiting).acquire_owned().await else { break };
        tokio::select! {
            message = next_message(&mut read, patience) => {
                let Some(bytes) = message else { break };
                // Nothing more is read of this connection until it is its address's turn.
                if !pace.turn(source.client).await {
                    break;
                }
                inbox.put(Letter::Question { bytes, source, to: Reply::new(answers.clone(), Some(permit)) });
            }
            _ = &mut writer => return,
        }
    }
    // Answers that are still to come are written before the connection ends.
    drop(answers);
    let _ = timeout(patience.idle, writer).await;
}

async fn write_answers(
    mut write: impl AsyncWrite + Unpin,
    mut answers: mpsc::Receiver<Answer>,
    slow: Duration,
) {
    let mut frames = Vec::new();
    while let Some((answer, _)) = answers.recv().await {
        frames.clear();
        let mut is_whole = frame(&answer, &mut frames);
        // What else is ready leaves with it.
        while is_whole && frames.len() < TOGETHER_BYTES {
            let Ok((answer, _)) = answers.try_recv() else { break };
            is_whole = frame(&answer, &mut frames);
        }
        let written = timeout(slow, async {
            write.write_all(&frames).await?;
            write.flush().await
        });
        if !matches!(written.await, Ok(Ok(()))) {
            return;
        }
        if !is_whole {
            break;
        }
    }
    let _ = timeout(slow, write.shutdown()).await;
}

/// Adds a message behind its length (RFC 7766 §8). False for an empty one.
fn frame(message: &[u8], frames: &mut Vec<u8>) -> bool {
    let Some(length) = u16::try_from(message.len()).ok().filter(|length| *length > 0) else { return false };
    frames.extend_from_slice(&length.to_be_bytes());
    frames.extend_from_slice(message);
    true
}

/// The next message; `None` where the device closes, is silent or too slow.
async fn next_message(read: &mut (impl AsyncRead + Unpin), patience: Patience) -> Option<Vec<u8>> {
    let first = timeout(patience.idle, read.read_u8()).await.ok()?.ok()?;
    timeout(patience.message, read_rest(read, first)).await.ok()?.ok()
}

async fn read_rest(read: &mut (impl AsyncRead + Unpin), first: u8) -> io::Result<Vec<u8>> {
    let length = usize::from(u16::from_be_bytes([first, read.read_u8().await?]));
    let mut message = vec![0; length];
    read.read_exact(&mut message).await?;
    Ok(message)
}

async fn ask_upstream(order: Order) {
    let Order { upstream, ticket, bytes, inbox } = order;
    let talk = async {
        let (mut read, mut write) = TcpStream::connect(upstream).await?.into_split();
        let mut framed = Vec::with_capacity(bytes.len() + 2);
        if !frame(&bytes, &mut framed) {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        write.write_all(&framed).await?;
        let first = read.read_u8().await?;
        read_rest(&mut read, first).await
    };
    let answer = timeout(Duration::from_millis(STREAM_PATIENCE_MS), talk).await;
    let bytes = answer.ok().and_then(Result::ok);
    inbox.put(Letter::Answer { ticket, bytes });
}
