//! What a job would cost, before it is submitted.

use entity::Amount;
use uuid::Uuid;

use super::Price;
use crate::{
    app::App,
    domain::{check::Faults, job::terms::Terms, server, service},
    error::Result,
    viewer::Viewer,
};

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The price, processors multiplied in.
    pub price: Price,
    /// Seconds that one attempt may run; none without a bound.
    pub max_run_seconds: Option<i32>,
    /// What would be held.
    pub hold: Amount,
}

/// What would be held for a job of this service. Whoever sees the service may ask.
pub async fn estimate(
    app: &App,
    viewer: &Viewer,
    service_id: Uuid,
    cpus: i32,
    max_run_seconds: Option<i32>,
) -> Result<Estimate> {
    let service = service::get(app, viewer, service_id).await?;
    if let Some(server_id) = service.server_id {
        return Err(server::elsewhere(app, server_id).await?);
    }
    let mut faults = Faults::default();
    let terms = Terms::of(&service, Some(cpus), max_run_seconds, &mut faults);
    faults.into_result()?;
    Ok(Estimate { price: terms.price, max_run_seconds: terms.max_run_seconds, hold: terms.hold })
}
