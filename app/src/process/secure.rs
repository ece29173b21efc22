//! The portal over HTTPS, for those who sign in.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::{Extension, Router};
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use front_dns::Certificate;
use kit::Clock;
use web::Encrypted;

use crate::config::Config;
use crate::home::Home;
use crate::process::certificate::{Files, Shows, to_show};
use crate::process::stop::Stop;
use crate::process::supervisor::Bind;

/// How long whoever connects may take to say what they speak.
pub const GREETING: Duration = Duration::from_secs(10);
/// How long the head of a request may take, the time between two of one connection included.
const HEAD: Duration = Duration::from_secs(30);
/// How long answers under way may take once it is time to stop.
pub const ENDING: Duration = Duration::from_secs(5);

/// Where it is served, and what shows browsers that it is the school's.
pub struct Secure {
    listener: TcpListener,
    certificate: Option<Certificate>,
}

impl Secure {
    /// Listens, and reads a certificate of the school's own; `None` where the school has no portal over HTTPS. Ports and keys may
    /// be root's.
    pub fn listen(home: &Home, config: &Config, bind: &Bind) -> Result<Option<Self>> {
        let Some(address) = bind.portal_https.or(config.portal.https) else { return Ok(None) };
        let listener = TcpListener::bind(address)
            .with_context(|| format!("cannot serve the portal on {address}; is another program using it?"))?;
        listener.set_nonblocking(true)?;
        let mut secure = Self { listener, certificate: None };
        if !Files::of(home, config, Shows::Portal).made {
            secure.is_shown(home, config, bind)?;
        }
        Ok(Some(secure))
    }

    /// Reads the certificate that is made here, or makes it: as the hub's own user, whose file it is.
    pub fn is_shown(&mut self, home: &Home, config: &Config, bind: &Bind) -> Result<()> {
        if self.certificate.is_none() {
            let shown = to_show(home, config, bind, Shows::Portal, Clock::System.now())?;
            self.certificate = shown.map(|(_, certificate)| certificate);
        }
        Ok(())
    }

    /// Where browsers find it.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves the pages until told to stop.
    pub async fn serve(self, pages: Router, stop: Stop) -> Result<()> {
        let Some(certificate) = self.certificate else { bail!("the portal has no certificate to show") };
        let spoken = certificate.server(&["http/1.1"]).context("cannot speak TLS")?;
        let handle = Handle::new();
        let told = handle.clone();
        tokio::spawn(async move {
            stop.said().await;
            told.graceful_shutdown(Some(ENDING));
        });
        let pages = pages.layer(Extension(Encrypted)).into_make_service_with_connect_info::<SocketAddr>();
        let server = axum_server::from_tcp_rustls(self.listener, RustlsConfig::from_config(spoken))?
            .handle(handle)
            .first_request_timeout(GREETING);
        bounded(server).serve(pages).await?;
        Ok(())
    }
}

/// Bounds the head of every request, also of those after the first of a connection, and speaks HTTP/1 alone, for which those bounds are made.
/// A body is bounded by the guard of the pages.
pub fn bounded<A: axum_server::Address, C>(
    mut server: axum_server::Server<A, C>,
) -> axum_server::Server<A, C> {
    server.http_builder().http1().header_read_timeout(HEAD);
    server.http1_only()
}
