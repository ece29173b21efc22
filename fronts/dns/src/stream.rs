//! DNS over streams (RFC 7766), both ways: devices that ask over TCP, and upstreams whose answers did not fit a
//! datagram. One thread; it decides nothing and hands every message to a thread that answers.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use crate::inbox::{Inbox, Letter};
use crate::resolver::{STREAM_PATIENCE_MS, Ticket};

/// How long a device may be silent, and how long a message of its may take (RFC 7766 §6.2.3).
const IDLE: Duration = Duration::from_secs(10);
/// How long a device may take to accept an answer.
const SLOW: Duration = Duration::from_secs(10);
/// How many questions of one connection may wait at once; more are read when some are answered (RFC 7766 §6.2.1.1).
const PIPELINED: usize = 32;

/// Where the answer to a question over a stream goes. The connection stays open while any is held.
#[derive(Clone)]
pub struct Reply {
    answers: mpsc::Sender<Vec<u8>>,
    /// One of the questions that the connection may have waiting; given back with the answer.
    _place: Arc<OwnedSemaphorePermit>,
}

impl Reply {
    /// Gives the answer. A device that does not read its answers loses them.
    pub fn give(self, bytes: Vec<u8>) {
        // The channel has room for every question that may wait.
        let _ = self.answers.try_send(bytes);
    }

    /// There is no answer, and the connection is not worth keeping: an empty message says so.
    pub fn close(self) {
        let _ = self.answers.try_send(Vec::new());
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
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the thread that serves streams.
pub fn start(
    listeners: Vec<TcpListener>,
    inboxes: Vec<Arc<Inbox>>,
    connections: usize,
) -> io::Result<Streams> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let (orders, mut ordered) = mpsc::unbounded_channel();
    let (stop, mut stopped) = oneshot::channel();
    let listeners = {
        let _inside = runtime.enter();
        listeners.into_iter().map(tokio::net::TcpListener::from_std).collect::<io::Result<Vec<_>>>()?
    };
    let work = async move {
        let connections = Arc::new(Semaphore::new(connections));
        for listener in listeners {
            tokio::spawn(accept(listener, inboxes.clone(), Arc::clone(&connections)));
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
    Ok(Streams { orders, stop: Some(stop), thread: Some(thread) })
}

impl Streams {
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

async fn accept(listener: tokio::net::TcpListener, inboxes: Vec<Arc<Inbox>>, connections: Arc<Semaphore>) {
    let mut next = 0usize;
    loop {
        // With every place taken nothing more is accepted; the kernel's queue holds the next.
        let Ok(place) = Arc::clone(&connections).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, device)) => {
                next = next.wrapping_add(1);
                let Some(inbox) = inboxes.get(next % inboxes.len().max(1)).map(Arc::clone) else { return };
                tokio::spawn(async move {
                    serve(stream, device, inbox).await;
                    drop(place);
                });
            }
            // Out of descriptors: some connection must end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Serves one device until it is silent for too long, closes, or sends what is no message.
async fn serve(stream: TcpStream, device: SocketAddr, inbox: Arc<Inbox>) {
    let _ = stream.set_nodelay(true);
    let (mut read, write) = stream.into_split();
    let (answers, answered) = mpsc::channel(PIPELINED + 1);
    let mut writer = tokio::spawn(write_answers(write, answered));
    let waiting = Arc::new(Semaphore::new(PIPELINED));
    let client = device.ip().to_canonical();
    loop {
        let Ok(permit) = Arc::clone(&waiting).acquire_owned().await else { break };
        tokio::select! {
            message = timeout(IDLE, read_message(&mut read)) => {
                let Ok(Ok(bytes)) = message else { break };
                inbox.put(Letter::Question { bytes, client, to: Reply { answers: answers.clone(), _place: Arc::new(permit) } });
            }
            _ = &mut writer => return,
        }
    }
    // Answers that are still to come are written before the connection ends.
    drop(answers);
    let _ = timeout(IDLE, writer).await;
}

async fn write_answers(mut write: OwnedWriteHalf, mut answers: mpsc::Receiver<Vec<u8>>) {
    while let Some(answer) = answers.recv().await {
        let Some(frame) = frame(&answer) else { return };
        if !matches!(timeout(SLOW, write.write_all(&frame)).await, Ok(Ok(()))) {
            return;
        }
    }
}

/// A message behind its length, in one piece (RFC 7766 §8). `None` for an empty one.
fn frame(message: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(message.len()).ok().filter(|length| *length > 0)?;
    let mut frame = Vec::with_capacity(message.len() + 2);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(message);
    Some(frame)
}

async fn read_message(read: &mut OwnedReadHalf) -> io::Result<Vec<u8>> {
    let length = usize::from(read.read_u16().await?);
    let mut message = vec![0; length];
    read.read_exact(&mut message).await?;
    Ok(message)
}

async fn ask_upstream(order: Order) {
    let Order { upstream, ticket, bytes, inbox } = order;
    let talk = async {
        let (mut read, mut write) = TcpStream::connect(upstream).await?.into_split();
        let frame = frame(&bytes).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        write.write_all(&frame).await?;
        read_message(&mut read).await
    };
    let answer = timeout(Duration::from_millis(STREAM_PATIENCE_MS), talk).await;
    let bytes = answer.ok().and_then(Result::ok);
    inbox.put(Letter::Answer { ticket, bytes });
}
