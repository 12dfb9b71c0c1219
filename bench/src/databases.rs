//! The databases of a run: docket's own, and the floor's copies of it.

mod postgres;

use std::fs;
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, PgConnection, SqliteConnection};

use crate::Result;
use crate::cpu::Worker;
use postgres::Cluster;

/// What they are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// docket's.
    Docket,
    /// The floor's.
    Floor,
    /// That of the floor that has no group commit.
    FloorSingle,
}

impl Name {
    /// As a part of a file's name or a database's.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Docket => "docket",
            Self::Floor => "floor",
            Self::FloorSingle => "floor_single",
        }
    }
}

/// Where they are.
pub enum Databases {
    /// Files in a folder.
    Sqlite(PathBuf),
    /// Databases of a PostgreSQL cluster.
    Postgres(Box<Cluster>),
}

/// A connection of the harness's own, for what neither server does.
pub enum Connection {
    /// To a file.
    Sqlite(SqliteConnection),
    /// To a database of the cluster.
    Postgres(PgConnection),
}

impl Databases {
    /// Files in `folder`, or databases beside the one that `url` names. Nothing is made yet.
    pub async fn find(url: Option<&str>, folder: &Path) -> Result<Self> {
        match url {
            Some(url) => Ok(Self::Postgres(Box::new(Cluster::find(url).await?))),
            None => Ok(Self::Sqlite(folder.to_owned())),
        }
    }

    /// Makes docket's database, empty. (docket makes a file by itself.)
    pub async fn create(&self) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(cluster) => cluster.create().await,
        }
    }

    /// How a program finds a database.
    pub fn url(&self, name: Name) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}", file(folder, name).display()),
            Self::Postgres(cluster) => cluster.url(name),
        }
    }

    /// Where their work is done.
    pub fn worker(&self) -> Worker {
        match self {
            Self::Sqlite(_) => Worker::Within,
            Self::Postgres(cluster) => cluster.worker,
        }
    }

    /// Whether a commit can be shared by requests, so that it makes sense to do without.
    pub fn has_group_commit(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Copies docket's database, which no process may have open, for the floors.
    pub async fn copy(&self) -> Result<()> {
        match self {
            Self::Sqlite(folder) => copy_files(folder),
            Self::Postgres(cluster) => cluster.copy().await,
        }
    }

    /// A connection to docket's database, beside the running server.
    pub async fn open(&self) -> Result<Connection> {
        match self {
            Self::Sqlite(folder) => {
                let options = SqliteConnectOptions::new().filename(file(folder, Name::Docket));
                Ok(Connection::Sqlite(options.connect().await?))
            }
            Self::Postgres(cluster) => cluster.open().await.map(Connection::Postgres),
        }
    }

    /// Removes what the folder's end does not remove.
    pub async fn remove(&self) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(cluster) => cluster.remove().await,
        }
    }
}

fn copy_files(folder: &Path) -> Result<()> {
    let from = file(folder, Name::Docket);
    let journal = from.with_extension("db-wal");
    if journal.exists() && journal.metadata()?.len() > 0 {
        return Err("docket left a journal behind, so its database file alone is not whole".into());
    }
    for name in [Name::Floor, Name::FloorSingle] {
        fs::copy(&from, file(folder, name))?;
    }
    Ok(())
}

fn file(folder: &Path, name: Name) -> PathBuf {
    folder.join(name.word()).with_extension("db")
}
