//! Which database the settings name.

use std::path::Path;

use super::{Database, mask_url};

impl Database {
    /// Whether the URL names a PostgreSQL database.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        ["postgres:", "postgresql:"].iter().any(|scheme| self.url.starts_with(scheme))
    }

    /// The file that the URL names; none with a database server.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        let rest = self.url.strip_prefix("sqlite:")?;
        Some(Path::new(rest.strip_prefix("//").unwrap_or(rest)))
    }

    /// The database as people call it: the file, or the URL without its password.
    #[must_use]
    pub fn place(&self) -> String {
        self.path().map_or_else(|| mask_url(&self.url), |path| path.display().to_string())
    }
}
