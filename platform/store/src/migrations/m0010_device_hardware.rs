//! Hardware addresses of registered devices, by which a router may tell them.

use sea_orm::DbBackend;

const CHANGES: &[&str] = &[
    "CREATE TABLE device_hardware (
        address TEXT NOT NULL PRIMARY KEY,
        device BIGINT NOT NULL REFERENCES device (number)
    )",
    "CREATE INDEX device_hardware_device ON device_hardware (device)",
];

pub fn statements(_: DbBackend) -> Vec<String> {
    CHANGES.iter().map(|&statement| statement.to_owned()).collect()
}
