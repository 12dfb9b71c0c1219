//! Limits for those who try too much, counted in the database, so that every server of it counts with the others.
//!
//! A counter is filled by each try and empties evenly over an hour (the generic cell rate algorithm): who has used up an
//! hour's tries gets the next one as soon as one has run out, and not all of them at the full hour.
//!
//! Log-ins are counted three times. *By address* there is room for a whole laboratory behind one. *By account and address*
//! there is little: that is where somebody guesses. *By account over all addresses* there is a bound against guessing from
//! many places; an address from which the account's user has logged in before does not fall under it, so that strangers
//! cannot keep an owner out who comes from where he always comes from. Right passwords cost nothing.

use std::{net::IpAddr, time::Duration};

use entity::{
    Time,
    audit_entry::{self, Action},
    limit_counter,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, prelude::Expr};
use sha2::{Digest, Sha256};

use crate::{
    app::App,
    db::{Tx, raw},
    error::{Error, Result},
    origin::Client,
};

/// Microseconds in which a full counter empties.
const WINDOW: i64 = 3_600_000_000;
/// Days for which an address from which somebody logged in is known.
const KNOWN_DAYS: i64 = 90;
/// Rows removed in one transaction.
const BATCH: u64 = 1_000;

/// A counter, and how many tries an hour it takes; 0 counts nothing.
#[derive(Clone, Debug)]
struct Counter {
    name: String,
    most: u32,
    /// Whether a try that was none empties it.
    emptied: bool,
}

impl Counter {
    fn new(name: String, most: u32) -> Self {
        Self { name, most, emptied: false }
    }

    /// Microseconds that one try takes to run out.
    fn step(&self) -> i64 {
        WINDOW / i64::from(self.most.max(1))
    }
}

/// The tries that a request has taken, to give them back when it turns out to be none.
#[derive(Clone, Debug, Default)]
pub struct Taken(Vec<Counter>);

/// Whose try it is: the address, of IPv6 the network of 64 bits that one caller has for itself.
fn place(client: &Client) -> String {
    match client.address {
        None => "-".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// A text of a caller's, such as an address that may be somebody's: nobody can read it out of a counter's name.
fn digest(text: &str) -> String {
    use std::fmt::Write;
    let digest = Sha256::digest(text.trim().to_lowercase().as_bytes());
    digest[..16].iter().fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}

/// Takes a try to log in, before the password is looked at: what fails at the same time counts, too. `user_id` is who is
/// meant, if that is anybody; a name that nobody has is counted in the same way.
///
/// Fails with RATE_LIMITED when too many were wrong.
pub async fn log_in(app: &App, client: &Client, login: &str, user_id: Option<i64>) -> Result<Taken> {
    let limits = &app.config.limits;
    let account = user_id.map_or_else(|| digest(login), |id| format!("u{id}"));
    let place = place(client);
    let by_both = format!("log_in/account/{account}/{place}");
    let mut counters = vec![
        Counter::new(format!("log_in/address/{place}"), limits.log_ins_per_address),
        Counter { emptied: true, ..Counter::new(by_both, limits.log_ins_per_account_and_address) },
    ];
    if !is_known(app, client, user_id).await? {
        counters.push(Counter::new(format!("log_in/account/{account}"), limits.log_ins_per_account));
    }
    take(app, counters).await
}

/// Whether this user has logged in from this address before.
async fn is_known(app: &App, client: &Client, user_id: Option<i64>) -> Result<bool> {
    let address = client.address.map(|address| address.to_string());
    let since = Time(app.clock.now_micros()).plus_seconds(-86_400 * KNOWN_DAYS);
    // Also for nobody, and from nowhere: the same work, whoever is meant.
    let entry = audit_entry::Entity::find()
        .select_only()
        .column(audit_entry::Column::Id)
        .filter(audit_entry::Column::ActorId.eq(user_id.unwrap_or(0)))
        .filter(audit_entry::Column::Action.eq(Action::SessionCreated))
        .filter(audit_entry::Column::Address.eq(address.unwrap_or_default()))
        .filter(audit_entry::Column::CreatedAt.gt(since))
        .limit(1);
    Ok(entry.into_tuple::<i64>().one(app.db.read()).await?.is_some())
}

/// Takes a sign-up of an address, and the mail that it sends (`to`), be it that somebody has an account already.
///
/// Fails with RATE_LIMITED.
pub async fn sign_up(app: &App, client: &Client, to: &str) -> Result<()> {
    let limits = &app.config.limits;
    let by_address = Counter::new(format!("sign_up/address/{}", place(client)), limits.sign_ups_per_address);
    let by_account = Counter::new(format!("sign_up/account/{}", digest(to)), limits.mails_per_account);
    take(app, vec![by_address, by_account]).await.map(|_| ())
}

/// Takes an account without a name. Apart from sign-ups, so that a lab behind one address can still sign up.
///
/// Fails with RATE_LIMITED.
pub async fn anonymous(app: &App, client: &Client) -> Result<()> {
    let name = format!("anonymous/address/{}", place(client));
    take(app, vec![Counter::new(name, app.config.limits.sign_ups_per_address)]).await.map(|_| ())
}

/// Takes a mail that a caller wants to be sent to somebody (`to`: an address, whether it is known here or not).
///
/// Fails with RATE_LIMITED.
pub async fn mail(app: &App, client: &Client, to: &str) -> Result<()> {
    let limits = &app.config.limits;
    let by_address = Counter::new(format!("mail/address/{}", place(client)), limits.mails_per_address);
    let by_account = Counter::new(format!("mail/account/{}", digest(to)), limits.mails_per_account);
    take(app, vec![by_address, by_account]).await.map(|_| ())
}

/// Takes a question whether somebody has an address (`to`). Apart from mails, so that who asks in vain can still be written
/// to.
///
/// Fails with RATE_LIMITED.
pub async fn taken(app: &App, client: &Client, to: &str) -> Result<()> {
    let limits = &app.config.limits;
    let by_address = Counter::new(format!("taken/address/{}", place(client)), limits.mails_per_address);
    let by_account = Counter::new(format!("taken/account/{}", digest(to)), limits.mails_per_account);
    take(app, vec![by_address, by_account]).await.map(|_| ())
}

/// Takes a wrong secret of an OAuth client. Right ones are not counted: of 256 random bits nobody guesses any, and this
/// only keeps noise down.
///
/// Fails with RATE_LIMITED.
pub async fn wrong_secret(app: &App, client: &Client) -> Result<()> {
    let name = format!("oauth/address/{}", place(client));
    take(app, vec![Counter::new(name, app.config.limits.wrong_secrets_per_address)]).await.map(|_| ())
}

/// Fills all of these counters, or, when one is full, those before it only: who is stopped for the address is not counted
/// against the account.
async fn take(app: &App, counters: Vec<Counter>) -> Result<Taken> {
    let counted: Vec<Counter> = counters.into_iter().filter(|counter| counter.most > 0).collect();
    if counted.is_empty() {
        return Ok(Taken::default());
    }
    let full = app.db.write(counted.clone(), |tx, counters| {
        Box::pin(async move {
            for counter in counters {
                if let Some(wait) = fill(tx, counter).await? {
                    return Ok(Some(wait));
                }
            }
            Ok(None)
        })
    });
    match full.await? {
        None => Ok(Taken(counted)),
        Some(retry_after) => Err(Error::RateLimited { retry_after }),
    }
}

/// Fills a counter by one try, or says how long to wait until it takes one.
async fn fill(tx: &Tx, counter: &Counter) -> Result<Option<Duration>> {
    let (now, step) = (tx.now.0, counter.step());
    let sql = "INSERT INTO limit_counter (name, empty_at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET empty_at = \
               CASE WHEN limit_counter.empty_at > ? THEN limit_counter.empty_at ELSE ? END + ? \
               WHERE limit_counter.empty_at <= ?";
    let last = now + WINDOW - step;
    let values = [counter.name.clone().into(), (now + step).into(), now.into(), now.into(), step.into(), last.into()];
    let filled = tx.db.execute_raw(raw(tx.db.get_database_backend(), sql, values)).await?;
    if filled.rows_affected() > 0 {
        return Ok(None);
    }
    let row = limit_counter::Entity::find_by_id(counter.name.clone()).one(&tx.db).await?;
    let micros = row.map_or(0, |row| row.empty_at.0 - last);
    Ok(Some(Duration::from_micros(u64::try_from(micros).unwrap_or(0).max(1_000_000))))
}

/// Gives tries back that were none, in the transaction of what succeeded. What was wrong from here before is forgotten;
/// what was wrong from elsewhere is not.
pub async fn give_back(tx: &Tx, taken: &Taken) -> Result<()> {
    use sea_orm::ExprTrait;
    for counter in &taken.0 {
        let own = limit_counter::Entity::update_many().filter(limit_counter::Column::Name.eq(counter.name.clone()));
        let left = if counter.emptied {
            Expr::val(tx.now.0)
        } else {
            Expr::col(limit_counter::Column::EmptyAt).sub(counter.step())
        };
        own.col_expr(limit_counter::Column::EmptyAt, left).exec(&tx.db).await?;
    }
    Ok(())
}

/// The same by itself, where nothing else is written.
pub async fn forgive(app: &App, taken: Taken) -> Result<()> {
    if taken.0.is_empty() {
        return Ok(());
    }
    app.db.write(taken, |tx, taken| Box::pin(give_back(tx, taken))).await
}

/// Removes a batch of the counters that are empty, and says how many those were.
pub async fn prune(app: &App) -> Result<u64> {
    let now = Time(app.clock.now_micros());
    let empty = limit_counter::Entity::find().select_only().column(limit_counter::Column::Name);
    let empty = empty.filter(limit_counter::Column::EmptyAt.lt(now)).limit(BATCH);
    let names: Vec<String> = empty.into_tuple().all(app.db.read()).await?;
    if names.is_empty() {
        return Ok(0);
    }
    app.db
        .write(names, |tx, names| {
            Box::pin(async move {
                let empty =
                    limit_counter::Entity::delete_many().filter(limit_counter::Column::Name.is_in(names.clone()));
                // It may have been filled since it was found.
                let empty = empty.filter(limit_counter::Column::EmptyAt.lt(tx.now));
                Ok(empty.exec(&tx.db).await?.rows_affected)
            })
        })
        .await
}
