//! Servers of one database tell each other that the log of events grew.
//!
//! A notice is a hint: it says who wrote, not what, and the log is polled in any case, because notices do not pass
//! through a pooler of transactions and are lost with a connection. It is sent outside the transactions that it tells
//! of, and seldom: PostgreSQL takes a lock of the whole server for each commit that notifies.

use std::{sync::Arc, time::Duration};

use sea_orm::sqlx::{
    self, PgPool,
    postgres::{PgListener, PgPoolOptions},
};
use tokio_util::sync::CancellationToken;

use super::Postgres;
use crate::infra::rng;

/// The channel.
const CHANNEL: &str = "docket_events";
/// Between two notices of one server.
const SELDOM: Duration = Duration::from_millis(50);
/// Between two tries to listen.
const AGAIN: Duration = Duration::from_secs(1);

impl Postgres {
    /// Tells and listens until `stop`.
    pub(in crate::db) async fn keep_in_touch(self: Arc<Self>, stop: CancellationToken) {
        let pool = PgPoolOptions::new()
            .max_connections(2)
            .min_connections(0)
            .test_before_acquire(false)
            .connect_lazy_with(self.open.lasting());
        // No two servers have the same, and whoever has hears its own notices as those of others, which costs a look.
        let name = format!("{:08x}", rng::draw_seed());
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.tell(&pool, &name) => {}
            () = self.listen(&pool, &name) => {}
        }
        pool.close().await;
    }

    async fn tell(&self, pool: &PgPool, name: &str) {
        let mut commits = self.commits.subscribe();
        while commits.changed().await.is_ok() {
            let told = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(name).execute(pool).await;
            if let Err(error) = told {
                tracing::debug!(%error, "the other servers are not told of new events; they will find them");
            }
            tokio::time::sleep(SELDOM).await;
        }
    }

    async fn listen(&self, pool: &PgPool, name: &str) {
        loop {
            if let Err(error) = self.hear(pool, name).await {
                tracing::debug!(%error, "the notices of other servers are not heard; trying again");
            }
            // Whatever was said meanwhile was not heard.
            self.hint();
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Until the connection is lost.
    async fn hear(&self, pool: &PgPool, name: &str) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        while let Some(notice) = listener.try_recv().await? {
            if notice.payload() != name {
                self.hint();
            }
        }
        Ok(())
    }
}
