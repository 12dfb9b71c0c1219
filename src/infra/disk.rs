//! How much room there is on a disk.

use std::{io, path::Path};

/// The disk under a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Bytes that this process may still fill.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}

/// The disk that holds `path`, or will when it is made.
///
/// Fails when there is no way to know, as on systems that are not Unix.
pub fn under(path: &Path) -> io::Result<Disk> {
    let here = Path::new(".");
    let there = path.ancestors().find(|path| path.exists()).unwrap_or(here);
    room(if there.as_os_str().is_empty() { here } else { there })
}

#[cfg(unix)]
fn room(path: &Path) -> io::Result<Disk> {
    let found = rustix::fs::statvfs(path)?;
    Ok(Disk {
        free: found.f_bavail.saturating_mul(found.f_frsize),
        total: found.f_blocks.saturating_mul(found.f_frsize),
    })
}

#[cfg(not(unix))]
fn room(_: &Path) -> io::Result<Disk> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_lies_on_the_disk_of_the_one_above() {
        let folder = tempfile::tempdir().expect("a folder");
        let disk = under(&folder.path().join("a/b")).expect("it can be asked");
        assert!(disk.total > 0 && disk.free <= disk.total, "{disk:?}");
        assert_eq!(under(folder.path()).expect("it can be asked").total, disk.total);
    }
}
