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
    let mut server = axum_server::from_tcp(listener)?.handle(handle).first_request_timeout(GREETING);
    bounded(&mut server);
    server.serve(pages.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
