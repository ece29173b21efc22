//! The log process: keeps the activity log and answers questions about it. It may touch `log/` and `run/`, nothing else.

use std::sync::Arc;

use anyhow::Result;

use crate::config::Config;
use crate::home::Home;
use crate::process::confine::{MACHINE_START, Reach, confine};
use crate::process::stop::Stop;
use crate::process::supervisor::Ready;
use crate::process::users::Account;

/// Runs until told to stop.
pub fn run(
    home: &Home,
    config: &Config,
    user: Option<&Account>,
    when_ready: impl FnOnce(&Ready),
) -> Result<()> {
    user.map_or(Ok(()), Account::take_on)?;
    let confined = confine(&Reach {
        read: vec![MACHINE_START.into()],
        write: vec![home.log(), home.run()],
        ..Reach::default()
    })?;
    tracing::info!(?confined, "The log may touch its own folders only");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let guard = runtime.enter();
    let stop = Stop::on_signals()?;
    drop(guard);
    let mut service = activity::Config::new(&home.log(), &home.run());
    service.routers.clone_from(&config.dns.routers);
    service.log.keep_days = config.activity.keep_days;
    service.log.keep_sealed_days = config.activity.keep_sealed_days;
    service.log.columns = Some(Arc::new(columns::Parquet::default()));
    let flag = stop.flag();
    let told = stop.clone();
    let worker = std::thread::Builder::new().name("log".to_owned()).spawn(move || {
        let ended = activity::service::run(service, flag);
        told.now();
        ended
    })?;
    // It serves once its socket takes a question.
    let client = activity::Client::new(&home.run());
    while !worker.is_finished() && client.status().is_err() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    if !worker.is_finished() {
        let damaged = client.status().map_or(0, |status| status.accounts.damaged);
        let damaged = (damaged > 0).then(|| {
            format!("{damaged} events of the activity log were damaged on disk and are lost: see `fivebar verify`.")
        });
        when_ready(&Ready { pid: std::process::id(), damaged, ..Ready::default() });
    }
    runtime.block_on(stop.said());
    worker.join().map_err(|_| anyhow::anyhow!("the log ended in a panic"))??;
    Ok(())
}
