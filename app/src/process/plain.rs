//! The portal without TLS, for those who do not sign in.

use std::net::{SocketAddr, TcpListener};

use anyhow::Result;
use axum::Router;
use axum_server::Handle;

use crate::process::secure::{ENDING, GREETING, bounded};
use crate::process::stop::Stop;

/// Serves the pages until told to stop. Whoever sends the head of a request drop by drop is not waited for.
pub async fn serve(listener: TcpListener, pages: Router, stop: Stop) -> Result<()> {
    let handle = Handle::new();
    let told = handle.clone();
    tokio::spawn(async move {
        stop.said().await;
        told.graceful_shutdown(Some(ENDING));
    });
    let server = axum_server::from_tcp(listener)?.handle(handle).first_request_timeout(GREETING);
    bounded(server).serve(pages.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn http_2_is_spoken_to_nobody_whose_bounds_are_made_for_http_1() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Stop::on_signals().unwrap();
        tokio::spawn(serve(listener, Router::new(), stop));
        for (sent, answered) in [
            (&b"GET / HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n"[..], "HTTP/1.1 404"),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "HTTP/1.1 400"),
        ] {
            let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
            connection.write_all(sent).await.unwrap();
            let mut answer = Vec::new();
            let read = connection.read_to_end(&mut answer);
            tokio::time::timeout(Duration::from_secs(20), read).await.unwrap().ok();
            let answer = String::from_utf8_lossy(&answer);
            assert!(answer.is_empty() || answer.starts_with(answered), "{answer:?}");
        }
    }
}
