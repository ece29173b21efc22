//! A made-up internet for the demo: a name server that knows every name, and one web server that answers for all of
//! them. It exists only so that `fivebar demo` works on a machine without a network; nothing else uses it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::http::HeaderMap;
use axum::response::Html;
use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use maud::{DOCTYPE, html};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// Where the made-up internet stands.
#[derive(Debug, Clone, Copy)]
pub struct Internet {
    /// The name server, over UDP and TCP.
    pub names: SocketAddr,
    /// The web server of every site.
    pub web: SocketAddr,
}

/// Starts it on the current runtime; it ends with the process.
pub async fn start() -> Result<Internet> {
    let (udp, tcp) = name_sockets().await?;
    let names = udp.local_addr()?;
    let udp = Arc::new(udp);
    tokio::spawn(answer_datagrams(udp));
    tokio::spawn(answer_streams(tcp));
    // Port 80 makes the addresses look like ordinary ones; only root may have it.
    let web = match TcpListener::bind((Ipv4Addr::LOCALHOST, 80)).await {
        Ok(web) => web,
        Err(_) => {
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port for the made-up web")?
        }
    };
    let address = web.local_addr()?;
    let pages = axum::Router::new().fallback(page);
    tokio::spawn(async move { axum::serve(web, pages).await });
    Ok(Internet { names, web: address })
}

/// One port that is free for both UDP and TCP.
async fn name_sockets() -> Result<(UdpSocket, TcpListener)> {
    for _ in 0..32 {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        if let Ok(tcp) = TcpListener::bind(udp.local_addr()?).await {
            return Ok((udp, tcp));
        }
    }
    anyhow::bail!("no port is free for both UDP and TCP on 127.0.0.1")
}

async fn answer_datagrams(socket: Arc<UdpSocket>) {
    let mut buffer = vec![0u8; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        if let Some(answer) = buffer.get(..length).and_then(answer) {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

async fn answer_streams(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer_stream(stream));
    }
}

async fn answer_stream(mut stream: TcpStream) -> Option<()> {
    loop {
        let length = stream.read_u16().await.ok()?;
        let mut question = vec![0; usize::from(length)];
        stream.read_exact(&mut question).await.ok()?;
        let answer = answer(&question)?;
        stream.write_u16(u16::try_from(answer.len()).ok()?).await.ok()?;
        stream.write_all(&answer).await.ok()?;
    }
}

/// Every name is on this machine; every other type of record is empty.
fn answer(question: &[u8]) -> Option<Vec<u8>> {
    let question = Message::from_vec(question).ok()?;
    let mut answer = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
    answer.metadata.recursion_desired = question.metadata.recursion_desired;
    answer.metadata.recursion_available = true;
    answer.metadata.response_code = ResponseCode::NoError;
    for asked in &question.queries {
        answer.add_query(asked.clone());
        if asked.query_type() == RecordType::A {
            answer.add_answer(Record::from_rdata(asked.name().clone(), 60, RData::A(A(Ipv4Addr::LOCALHOST))));
        }
    }
    answer.to_vec().ok()
}

async fn page(headers: HeaderMap) -> Html<String> {
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("a site");
    Html(
        html! {
            (DOCTYPE)
            html lang="en-GB" {
                head { meta charset="utf-8"; title { "A made-up page of " (host) } }
                body {
                    h1 { "A made-up page of " (host) }
                    p { "The gate let this request through. The page comes from the demo's made-up internet." }
                }
            }
        }
        .into_string(),
    )
}
