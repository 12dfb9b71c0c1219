//! What a caller may spend in a minute: `graphql.cost_per_minute`, off by default.
//!
//! Points flow back evenly, so that a caller who has spent all of them waits for what the next request needs and not for
//! the end of a minute. Each server counts by itself: behind a balancer a caller has as many budgets as there are servers.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use entity::Time;
use governor::{
    Quota, RateLimiter, clock, middleware::StateInformationMiddleware, nanos::Nanos, state::keyed::HashMapStateStore,
};

use super::{Caller, Origin};
use crate::{
    error::{Error, Result},
    infra::clock::Clock,
    viewer::Viewer,
};

/// Charges between two clearings of those who have all their points back.
const CLEAR_EVERY: u32 = 10_000;

/// Where a caller stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Points in a minute.
    pub limit: u32,
    /// Points left.
    pub remaining: u32,
    /// When all of them are back, if nothing more is spent.
    pub reset_at: Time,
}

/// What the present request took, as resolvers find it in their context.
#[derive(Clone, Copy, Debug)]
pub(super) struct RateSpent {
    /// Its points.
    pub cost: u32,
    /// What is left.
    pub standing: Standing,
}

/// Who pays: a user whatever the credential, so that more tokens are no more budget; a runner; else an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Payer {
    User(i64),
    Runner(i64),
    Address(Option<IpAddr>),
}

/// The server's time, as the limiter reads it.
#[derive(Clone, Debug)]
struct Ticks(Clock);

impl clock::Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(u64::try_from(self.0.now_micros()).unwrap_or(0).saturating_mul(1_000))
    }
}

/// The budgets of all callers.
#[derive(Debug)]
pub(super) struct Rates {
    limiter: RateLimiter<Payer, HashMapStateStore<Payer>, Ticks, StateInformationMiddleware>,
    clock: Clock,
    limit: NonZeroU32,
    charges: AtomicU32,
}

impl Rates {
    /// Budgets of `limit` points a minute.
    pub(super) fn new(limit: NonZeroU32, clock: Clock) -> Self {
        let (quota, ticks) = (Quota::per_minute(limit), Ticks(clock.clone()));
        let limiter = RateLimiter::new(quota, HashMapStateStore::default(), ticks);
        Self { limiter, clock, limit, charges: AtomicU32::new(1) }
    }

    /// Takes the cost of a request from its caller's budget; none for the operator, who has no bound, and on the older
    /// REST APIs, which had none: what their routes cost is not in their clients' hands.
    ///
    /// Fails with [`Error::RateLimited`], taking nothing, when too little is left.
    pub(super) fn spend(&self, caller: &Caller, cost: u32) -> Result<Option<Standing>> {
        let Some(payer) = payer(caller) else { return Ok(None) };
        if self.charges.fetch_add(1, Ordering::Relaxed).is_multiple_of(CLEAR_EVERY) {
            self.limiter.retain_recent();
        }
        let cost = NonZeroU32::new(cost).unwrap_or(NonZeroU32::MIN);
        let spent = self.limiter.check_key_n(&payer, cost).map_err(|_| {
            Error::CostExceeded(format!("The request costs {cost} points, and a minute has {}.", self.limit))
        })?;
        match spent {
            Ok(left) => Ok(Some(self.standing(left.remaining_burst_capacity()))),
            Err(refused) => {
                let now = clock::Clock::now(&Ticks(self.clock.clone()));
                let retry_after = refused.wait_time_from(now).max(Duration::from_secs(1));
                Err(Error::RateLimited { retry_after })
            }
        }
    }

    fn standing(&self, remaining: u32) -> Standing {
        let limit = self.limit.get();
        let missing = i64::from(limit.saturating_sub(remaining));
        let reset_at = Time(self.clock.now_micros() + missing * 60_000_000 / i64::from(limit));
        Standing { limit, remaining, reset_at }
    }
}

fn payer(caller: &Caller) -> Option<Payer> {
    if caller.origin != Origin::GraphQl {
        return None;
    }
    match &caller.viewer {
        Viewer::Operator => None,
        Viewer::User(viewer) => Some(Payer::User(viewer.user.id)),
        Viewer::Runner(runner) => Some(Payer::Runner(runner.id)),
        Viewer::Anonymous => Some(Payer::Address(caller.client.address.map(network))),
    }
}

/// Of IPv6 the first 64 bits: whoever has one address there has the others, too.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::Client;

    fn caller(address: &str) -> Caller {
        Caller {
            viewer: Viewer::Anonymous,
            origin: Origin::GraphQl,
            request_id: String::new(),
            client: Client { address: address.parse().ok(), user_agent: None },
            resume: None,
        }
    }

    #[test]
    fn points_are_spent_and_come_back() {
        let clock = Clock::new();
        let rates = Rates::new(NonZeroU32::new(60).expect("not zero"), clock.clone());
        let spend = |cost| rates.spend(&caller("192.0.2.1"), cost);
        let left = spend(50).expect("enough").expect("a budget");
        assert_eq!((left.limit, left.remaining), (60, 10));
        let refused = spend(20).expect_err("too much");
        assert!(matches!(refused, Error::RateLimited { retry_after } if retry_after <= Duration::from_secs(10)));
        clock.advance(Duration::from_secs(10));
        assert!(spend(20).is_ok());
        assert!(matches!(spend(61), Err(Error::CostExceeded(_))));
    }

    #[test]
    fn who_has_a_network_has_one_budget() {
        let rates = Rates::new(NonZeroU32::new(60).expect("not zero"), Clock::new());
        assert!(rates.spend(&caller("2001:db8::1"), 60).is_ok());
        assert!(rates.spend(&caller("2001:db8::ffff:2"), 60).is_err());
        assert!(rates.spend(&caller("2001:db8:0:1::1"), 60).is_ok());
        assert!(rates.spend(&caller("192.0.2.1"), 60).is_ok());
        assert!(rates.spend(&caller("192.0.2.2"), 60).is_ok());
    }
}
