//! A web server on loopback that says exactly what a test wants, well or badly.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with one request.
#[derive(Debug, Clone)]
pub enum Says {
    /// These bytes, and then it ends the connection.
    This(Vec<u8>),
    /// These bytes, and then nothing more.
    ThenNothing(Vec<u8>),
    /// These bytes, and then one more again and again, for as long as somebody listens.
    ThenDrips(Vec<u8>),
}

/// A server that answers requests in order, the last answer again and again. It goes with its test.
pub struct Server {
    pub address: SocketAddr,
    answers: Arc<Mutex<VecDeque<Says>>>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub async fn start() -> Self {
        Self::on("127.0.0.1:0".parse().unwrap(), None).await
    }

    /// On that address, with TLS where it is given.
    pub async fn on(at: SocketAddr, tls: Option<tokio_rustls::TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (answers, heard) = (Arc::new(Mutex::new(VecDeque::new())), Arc::new(Mutex::new(Vec::new())));
        let (says, hears) = (Arc::clone(&answers), Arc::clone(&heard));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (says, hears, tls) = (Arc::clone(&says), Arc::clone(&hears), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => answer(stream, &says, &hears).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => answer(stream, &says, &hears).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        Self { address, answers, heard }
    }

    /// What it says to the requests to come.
    pub fn says(&self, answers: impl IntoIterator<Item = Says>) {
        *self.answers.lock().unwrap() = answers.into_iter().collect();
    }

    /// The heads of the requests since this was asked last, in lower case.
    pub fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }
}

async fn answer(
    mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    says: &Mutex<VecDeque<Says>>,
    hears: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    hears.lock().unwrap().push(String::from_utf8_lossy(&head).to_lowercase());
    let says = {
        let mut says = says.lock().unwrap();
        if says.len() > 1 { says.pop_front()? } else { says.front().cloned()? }
    };
    match says {
        Says::This(bytes) => stream.write_all(&bytes).await.ok()?,
        Says::ThenNothing(bytes) => {
            stream.write_all(&bytes).await.ok()?;
            stream.flush().await.ok()?;
            // Until the other side goes.
            while stream.read_u8().await.is_ok() {}
        }
        Says::ThenDrips(bytes) => {
            stream.write_all(&bytes).await.ok()?;
            loop {
                stream.write_all(b"a").await.ok()?;
                stream.flush().await.ok()?;
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        }
    }
    stream.shutdown().await.ok()
}

/// A whole answer with a body and headers besides.
pub fn ok(headers: &str, body: &[u8]) -> Says {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n", body.len());
    Says::This([head.as_bytes(), body].concat())
}

/// An answer without a body.
pub fn status(line: &str, headers: &str) -> Says {
    Says::This(format!("HTTP/1.1 {line}\r\n{headers}content-length: 0\r\n\r\n").into_bytes())
}

pub fn sent_on(to: &str) -> Says {
    status("302 Found", &format!("location: {to}\r\n"))
}

/// One that ends the connection by itself.
pub async fn accepts_and_goes() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    // Nobody is there any more.
    assert!(TcpStream::connect(address).await.is_err());
    address
}
