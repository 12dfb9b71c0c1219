//! Where files' bytes lie: a folder, or a bucket of S3. An object is there as a whole or not at all.

use std::{
    io::{self, ErrorKind, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream::BoxStream};
use object_store::{
    GetOptions, GetRange, GetResultPayload, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
    local::LocalFileSystem, path::Path as Key,
};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncSeekExt},
    sync::{OnceCell, OwnedSemaphorePermit, Semaphore},
};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use crate::error::{Error, Result};

/// Bytes that a folder is given at once, and that an upload keeps in memory.
const LOCAL_PART: usize = 1_048_576;
/// The same for a bucket, which takes at most 10,000 parts, none but the last below 5 MiB.
#[cfg(feature = "s3")]
const BUCKET_PART: usize = 8 * 1_048_576;
/// Bytes that a download keeps in memory.
const READ_AHEAD: usize = 128 * 1024;

/// The object store. Clones share it.
#[derive(Clone, Debug)]
pub struct Storage(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    place: Place,
    store: OnceCell<Arc<dyn ObjectStore>>,
    places: Arc<Semaphore>,
}

#[derive(Debug)]
enum Place {
    Folder(PathBuf),
    #[cfg(feature = "s3")]
    Bucket(String),
}

/// What arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Bytes.
    pub size: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

/// The place of one upload among those that run; given back when it is dropped.
#[derive(Debug)]
pub struct Slot {
    _permit: OwnedSemaphorePermit,
}

impl Storage {
    /// The store at `place`: a folder, which the first upload makes, or `s3://bucket/prefix`. At most `uploads` run at
    /// once.
    #[must_use]
    pub fn new(place: &str, uploads: usize) -> Self {
        let place = match place.split_once("://") {
            #[cfg(feature = "s3")]
            Some(("s3", _)) => Place::Bucket(place.to_owned()),
            Some(("file", path)) => Place::Folder(path.into()),
            _ => Place::Folder(place.into()),
        };
        Self(Arc::new(Inner { place, store: OnceCell::new(), places: Arc::new(Semaphore::new(uploads)) }))
    }

    /// The folder, if it is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.0.place {
            Place::Folder(folder) => Some(folder),
            #[cfg(feature = "s3")]
            Place::Bucket(_) => None,
        }
    }

    /// A place among the uploads.
    ///
    /// Fails with [`Error::Unavailable`] when all are taken: each holds memory.
    pub fn slot(&self) -> Result<Slot> {
        let permit = Arc::clone(&self.0.places).try_acquire_owned();
        let full = |_| Error::unavailable("As many uploads as the server takes are running. Try again.");
        Ok(Slot { _permit: permit.map_err(full)? })
    }

    /// Stores everything that `body` yields. When anything fails, nothing stays.
    ///
    /// Fails with what `body` fails with. When the returned future is dropped, what lies there is cleared; after a crash
    /// [`Storage::clear`] does it.
    pub async fn put(&self, uid: Uuid, mut body: impl Stream<Item = Result<Bytes>> + Send + Unpin) -> Result<Stored> {
        let mut upload = self.store().await?.put_multipart(&key(uid)).await.map_err(unreachable)?;
        let mut hash = Sha256::new();
        let (mut size, mut waiting, mut part) = (0_u64, 0_usize, Vec::new());
        let written = async {
            while let Some(bytes) = body.next().await {
                let bytes = bytes?;
                hash.update(&bytes);
                (size, waiting) = (size + bytes.len() as u64, waiting + bytes.len());
                part.push(bytes);
                if waiting >= self.part() {
                    waiting = 0;
                    upload.put_part(part.drain(..).collect::<PutPayload>()).await.map_err(unreachable)?;
                }
            }
            upload.put_part(part.drain(..).collect::<PutPayload>()).await.map_err(unreachable)?;
            upload.complete().await.map_err(unreachable)
        };
        match written.await {
            Ok(_) => Ok(Stored { size, sha256: hash.finalize().into() }),
            Err(error) => {
                if let Err(error) = upload.abort().await {
                    tracing::warn!(%error, "a broken upload could not be cleared; the sweep tries again");
                }
                Err(error)
            }
        }
    }

    /// The bytes of an object in `range`, which must lie within it.
    ///
    /// Fails with [`Error::Unavailable`] when the store does not give them.
    pub async fn get(&self, uid: Uuid, range: Range<u64>) -> Result<BoxStream<'static, io::Result<Bytes>>> {
        if range.is_empty() {
            return Ok(futures_util::stream::empty().boxed());
        }
        let options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
        let found = self.store().await?.get_opts(&key(uid), options).await.map_err(unreachable)?;
        match found.payload {
            // The library would read it in pieces of 8 KiB, each on another thread.
            GetResultPayload::File(file, _) => {
                let mut file = tokio::fs::File::from_std(file);
                file.seek(SeekFrom::Start(range.start)).await.map_err(|error| unreachable(error.into_store()))?;
                Ok(ReaderStream::with_capacity(file.take(range.end - range.start), READ_AHEAD).boxed())
            }
            GetResultPayload::Stream(stream) => Ok(stream.map(|bytes| bytes.map_err(io::Error::other)).boxed()),
        }
    }

    /// Removes an object and what a crash may have left of its upload. There may be neither.
    pub async fn clear(&self, uid: Uuid) -> Result<()> {
        match self.store().await?.delete(&key(uid)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(unreachable(error)),
        }
        match &self.0.place {
            Place::Folder(folder) => clear_staged(folder.clone(), uid).await,
            // An unfinished upload is no object there, and a rule of the bucket's own life cycle ends it.
            #[cfg(feature = "s3")]
            Place::Bucket(_) => Ok(()),
        }
    }

    fn part(&self) -> usize {
        match &self.0.place {
            Place::Folder(_) => LOCAL_PART,
            #[cfg(feature = "s3")]
            Place::Bucket(_) => BUCKET_PART,
        }
    }

    /// The small secret `name` of this store, which becomes `fresh` when there is none yet: every server that shares the
    /// store has the same.
    pub async fn keep<const N: usize>(&self, name: &str, fresh: [u8; N]) -> Result<[u8; N]> {
        let key = Key::from_iter(["keys", name]);
        let store = self.store().await?;
        self.shut_keys()?;
        let once = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match store.put_opts(&key, Bytes::copy_from_slice(&fresh).into(), once).await {
            Ok(_) => return Ok(fresh),
            Err(object_store::Error::AlreadyExists { .. }) => {}
            Err(error) => return Err(unreachable(error)),
        }
        let kept = store.get(&key).await.map_err(unreachable)?.bytes().await.map_err(unreachable)?;
        kept.as_ref().try_into().map_err(|_| Error::internal(format!("keys/{name} in the file store is broken")))
    }

    /// Only the server's own account may look into the folder of keys. A bucket has rules of its own.
    fn shut_keys(&self) -> Result<()> {
        match &self.0.place {
            Place::Folder(folder) => {
                let mut builder = std::fs::DirBuilder::new();
                builder.recursive(true);
                #[cfg(unix)]
                std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
                builder.create(folder.join("keys")).map_err(|error| unreachable(error.into_store()))
            }
            #[cfg(feature = "s3")]
            Place::Bucket(_) => Ok(()),
        }
    }

    async fn store(&self) -> Result<&Arc<dyn ObjectStore>> {
        self.0.store.get_or_try_init(async || open(&self.0.place)).await
    }
}

fn open(place: &Place) -> Result<Arc<dyn ObjectStore>> {
    match place {
        Place::Folder(folder) => {
            std::fs::create_dir_all(folder).map_err(|error| unreachable(error.into_store()))?;
            let store = LocalFileSystem::new_with_prefix(folder).map_err(unreachable)?;
            // On the disk and not only on its way there, like everything else that was acknowledged.
            Ok(Arc::new(store.with_fsync(true)))
        }
        #[cfg(feature = "s3")]
        Place::Bucket(url) => {
            // Fails when one is there already, which is as good.
            let _installed = rustls::crypto::ring::default_provider().install_default();
            let refuse = |error: &dyn std::fmt::Display| Error::unavailable(format!("files.store: {error}"));
            let bucket = object_store::aws::AmazonS3Builder::from_env().with_url(url).build();
            let bucket = bucket.map_err(|error| refuse(&error))?;
            let prefix = url.trim_start_matches("s3://").split_once('/').map_or("", |(_, prefix)| prefix);
            Ok(Arc::new(object_store::prefix::PrefixStore::new(bucket, prefix)))
        }
    }
}

/// Spread over 256 folders by the end of the id: its beginning is the time, and would fill one after the other.
fn key(uid: Uuid) -> Key {
    let name = uid.simple().to_string();
    Key::from_iter([&name[30..], &name])
}

/// The library stages what arrives beside the object, as its name, `#` and a number, which it then hides.
async fn clear_staged(folder: PathBuf, uid: Uuid) -> Result<()> {
    let cleared = tokio::task::spawn_blocking(move || {
        let name = uid.simple().to_string();
        let entries = match std::fs::read_dir(folder.join(&name[30..])) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            let staged = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split_once('#'));
            if staged.is_some_and(|(of, _)| of == name) {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    });
    cleared.await.map_err(Error::internal)?.map_err(|error| unreachable(error.into_store()))
}

trait IntoStore {
    fn into_store(self) -> object_store::Error;
}

impl IntoStore for io::Error {
    fn into_store(self) -> object_store::Error {
        object_store::Error::Generic { store: "LocalFileSystem", source: Box::new(self) }
    }
}

/// What the store says becomes something to try again: nothing that a client sent can be the reason.
#[expect(clippy::needless_pass_by_value, reason = "it is what errors are mapped with")]
fn unreachable(error: object_store::Error) -> Error {
    tracing::error!(%error, "the file store failed");
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(cause) = source {
        if cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::StorageFull) {
            return Error::unavailable("The file store is full. Reading goes on; try to upload again later.");
        }
        source = cause.source();
    }
    Error::unavailable("The file store does not answer. Try again later.")
}

#[cfg(all(test, feature = "s3"))]
mod tests;
