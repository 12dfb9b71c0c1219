//! The body of an upload on its way in: bounded in time, in bytes, and in what stands between the parts of the form.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::{Stream, TryStreamExt, stream::try_unfold};
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};

/// Bytes that are no part's: what stands before the first one, and the head of each.
const BETWEEN: usize = 65_536;
/// Bytes that are given out at once while no part is read.
const PIECE: usize = 8_192;
/// Stands for the count while a part is read.
const INSIDE: usize = usize::MAX;

/// What bounds a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How long nothing may come.
    pub(super) pause: Duration,
    /// Until when all must have come.
    pub(super) end: Instant,
    /// How much it may be, in bytes.
    pub(super) bytes: u64,
}

/// Whether a part of the form is being read, and else how much came since the last one. The library that reads the form
/// keeps what is between parts in memory, however much it is, and looks through all of it each time that more comes.
#[derive(Clone, Debug, Default)]
pub(super) struct Between(Arc<AtomicUsize>);

impl Between {
    /// The head of a part was read: what comes now is its content.
    pub(super) fn ends(&self) {
        self.0.store(INSIDE, Ordering::Relaxed);
    }

    /// A part was read to its end.
    pub(super) fn begins(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Takes what may be given out of some bytes; nothing if too much stands between the parts already.
    fn take(&self, bytes: &mut Bytes) -> Option<Bytes> {
        let so_far = self.0.load(Ordering::Relaxed);
        if so_far == INSIDE {
            return Some(std::mem::take(bytes));
        }
        let taken = bytes.split_to(bytes.len().min(PIECE));
        let so_far = so_far + taken.len();
        self.0.store(so_far, Ordering::Relaxed);
        (so_far <= BETWEEN).then_some(taken)
    }
}

/// The body within these bounds: who sends nothing for long, or all too much, is not waited for.
pub(super) fn bounded(body: Body, bounds: Bounds, between: &Between) -> Body {
    let state = (body.into_data_stream(), 0_u64);
    let whole = try_unfold(state, move |(mut body, before)| async move {
        let wait = bounds.pause.min(bounds.end.saturating_duration_since(Instant::now()));
        let next = timeout(wait, body.try_next()).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
        let Some(bytes) = next.map_err(io::Error::other)? else { return Ok(None) };
        let so_far = before + bytes.len() as u64;
        if so_far > bounds.bytes {
            return Err(io::Error::other("the form is too long"));
        }
        Ok(Some((bytes, (body, so_far))))
    });
    Body::from_stream(in_pieces(Box::pin(whole), between.clone()))
}

/// The same bytes one piece a look. The reader of forms takes all that it can have before it looks for a part.
fn in_pieces<S>(body: S, between: Between) -> impl Stream<Item = io::Result<Bytes>> + Send
where
    S: Stream<Item = io::Result<Bytes>> + Send + Unpin,
{
    try_unfold((body, Bytes::new(), between), |(mut body, mut rest, between)| async move {
        yield_now().await;
        while rest.is_empty() {
            let Some(bytes) = body.try_next().await? else { return Ok(None) };
            rest = bytes;
        }
        let taken = between.take(&mut rest);
        let taken = taken.ok_or_else(|| io::Error::other("too much stands between the parts of the form"))?;
        Ok(Some((taken, (body, rest, between))))
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use futures_util::stream;

    use super::*;

    async fn given(pieces: usize, between: &Between) -> (usize, bool) {
        let mebibyte = Bytes::from(vec![b'x'; 1_048_576]);
        let body = stream::iter((0..pieces).map(|_| Ok(mebibyte.clone())));
        let mut body = Box::pin(in_pieces(body, between.clone()));
        let mut bytes = 0;
        loop {
            match body.try_next().await {
                Ok(Some(piece)) => bytes += piece.len(),
                Ok(None) => return (bytes, true),
                Err(_) => return (bytes, false),
            }
        }
    }

    #[tokio::test]
    async fn little_may_stand_between_parts_and_much_inside() {
        let between = Between::default();
        assert_eq!(given(1, &between).await, (BETWEEN, false));
        between.ends();
        assert_eq!(given(4, &between).await, (4 * 1_048_576, true));
        between.begins();
        assert_eq!(given(1, &between).await, (BETWEEN, false));
    }
}
