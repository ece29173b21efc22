//! The ways to sign in beside a password that is kept here.

use std::sync::Arc;

use kit::Timestamp;

use super::directory::Directory;
use super::once::Once;
use super::provider::Provider;

/// The ways to sign in beside a password that is kept here. Cheap to clone.
#[derive(Clone)]
pub struct Ways {
    pub(super) once: Once,
    pub(super) providers: Arc<[Provider]>,
    pub(super) directory: Option<Directory>,
}

impl Ways {
    /// Passkeys alone; nothing that was begun before `since` is finished.
    pub fn since(since: Timestamp) -> Self {
        Self { once: Once::since(since), providers: Arc::new([]), directory: None }
    }

    /// With these providers of single sign-on, in their order.
    #[must_use]
    pub fn with_providers(self, providers: impl IntoIterator<Item = Provider>) -> Self {
        Self { providers: providers.into_iter().collect(), ..self }
    }

    /// With the school's directory.
    #[must_use]
    pub fn with_directory(self, directory: Directory) -> Self {
        Self { directory: Some(directory), ..self }
    }
}
