//! One server per SQLite file.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use crate::error::{Error, Result};

/// Held by `docket serve` while it runs; the operating system lets go of it when the process ends, however it ends.
///
/// The command line writes beside a running server and takes no lock: SQLite's own locking is enough for single
/// writes. Two servers would each sweep, and each believe that it knows every commit.
#[derive(Debug)]
pub struct ServeLock {
    _file: File,
}

impl ServeLock {
    /// Takes the lock of the database at `path`. Fails with [`Error::InvalidState`] when a server holds it.
    pub fn take(path: &Path) -> Result<Self> {
        let lock_path = Self::path_of(path);
        let file = File::options().create(true).append(true).open(&lock_path).map_err(|error| {
            Error::unavailable(format!("The lock file {} cannot be opened: {error}", lock_path.display()))
        })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::InvalidState(format!(
                "Another docket serves {} already. Stop it first, or give this one another database.",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => {
                Err(Error::unavailable(format!("The lock file {} cannot be locked: {error}", lock_path.display())))
            }
        }
    }

    /// Beside the file itself, whatever links lead to it: one database has one lock.
    fn path_of(path: &Path) -> PathBuf {
        let mut name = path.canonicalize().unwrap_or_else(|_| path.to_owned()).into_os_string();
        name.push("-lock");
        PathBuf::from(name)
    }
}
