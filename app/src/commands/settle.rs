//! `settle`: gives each part of the home folder to the system user that it belongs to.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::json;

use crate::config::Config;
use crate::home::Home;
use crate::output::Output;
use crate::process::ownership;
use crate::process::users::{Users, advice};

/// Runs the command. Units do this before they start a part, so that no part needs the rights for it.
pub fn run(given: Option<PathBuf>, output: Output) -> Result<()> {
    let home = Home::existing(given)?;
    home.make_folders()?;
    let config = Config::read(&home.config())?;
    let Some(users) = Users::to_become(&config)? else {
        bail!(
            "fivebar.toml has no section [users], so every part would run as whoever starts it. {}",
            advice()
        );
    };
    users.can_reach(&home)?;
    ownership::settle(&home, &users)?;
    output.say(format!("Each part of {} belongs to its own system user.", home.path().display()));
    output.object(&json!({ "home": home.path(), "users": config.users }));
    Ok(())
}
