//! The store on a bucket: the one that `DOCKET_TEST_S3` names (`s3://bucket/prefix`), with the access in the usual `AWS_`
//! variables. `./test s3` starts a stand-in and sets it.

use futures_util::{StreamExt, TryStreamExt, stream};

use super::*;
use crate::infra::secret;

/// More than two parts, and no whole number of them.
const LARGE: usize = 2 * BUCKET_PART + 12_345;

fn bucket() -> Storage {
    let place = std::env::var("DOCKET_TEST_S3").expect("DOCKET_TEST_S3 names a bucket; `./test s3` starts one");
    Storage::new(&place, 4)
}

/// Bytes that are not the same anywhere near.
fn bytes(length: usize) -> Bytes {
    (0..length).map(|place| (place % 251) as u8 ^ (place / 65_536) as u8).collect()
}

fn in_pieces(bytes: &Bytes) -> impl Stream<Item = Result<Bytes>> + Send + Unpin + use<> {
    let pieces: Vec<_> = bytes.chunks(100_000).map(Bytes::copy_from_slice).map(Ok).collect();
    stream::iter(pieces)
}

async fn read(storage: &Storage, uid: Uuid, range: Range<u64>) -> Result<Vec<u8>> {
    let pieces = storage.get(uid, range).await?;
    pieces.map_err(Error::internal).try_fold(Vec::new(), async |all, piece| Ok([all, piece.to_vec()].concat())).await
}

#[tokio::test]
async fn a_large_object_comes_back_whole_and_in_ranges() {
    let storage = bucket();
    let (uid, sent) = (secret::uid(), bytes(LARGE));
    let stored = storage.put(uid, in_pieces(&sent)).await.expect("is stored");
    let expected = Stored { size: LARGE as u64, sha256: Sha256::digest(&sent).into() };
    assert_eq!(stored, expected);
    assert!(read(&storage, uid, 0..LARGE as u64).await.expect("is read") == sent, "what came back differs");
    let seam = BUCKET_PART as u64 - 3..BUCKET_PART as u64 + 3;
    let around = &sent[BUCKET_PART - 3..BUCKET_PART + 3];
    assert_eq!(read(&storage, uid, seam).await.expect("is read"), around);
    storage.clear(uid).await.expect("is cleared");
    storage.clear(uid).await.expect("nothing is there, which is no fault");
    let gone = read(&storage, uid, 0..1).await.expect_err("is gone");
    assert!(matches!(gone, Error::Unavailable { .. }), "{gone}");
}

#[tokio::test]
async fn an_empty_object_is_one() {
    let storage = bucket();
    let uid = secret::uid();
    let stored = storage.put(uid, stream::iter([])).await.expect("is stored");
    assert_eq!(stored, Stored { size: 0, sha256: Sha256::digest(b"").into() });
    assert_eq!(read(&storage, uid, 0..0).await.expect("is read"), b"");
    storage.clear(uid).await.expect("is cleared");
}

#[tokio::test]
async fn nothing_stays_of_an_upload_that_breaks() {
    let storage = bucket();
    let uid = secret::uid();
    let broken =
        in_pieces(&bytes(BUCKET_PART + 1)).chain(stream::iter([Err(Error::invalid("body", "It ends early."))]));
    let error = storage.put(uid, broken.boxed()).await.expect_err("breaks");
    assert!(error.to_string().contains("It ends early."), "{error}");
    read(&storage, uid, 0..1).await.expect_err("there is no such object");
}

#[tokio::test]
async fn all_servers_on_a_bucket_keep_one_secret() {
    let (first, second) = (bucket(), bucket());
    let name = secret::uid().to_string();
    let kept = first.keep(&name, [1; 32]).await.expect("is kept");
    assert_eq!((kept, second.keep(&name, [2; 32]).await.expect("is kept")), ([1; 32], [1; 32]));
}
