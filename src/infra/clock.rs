//! clock
/// x
#[derive(Clone, Debug, Default)]
pub struct Clock;
impl Clock { /// x
    #[must_use] pub fn now_micros(&self) -> i64 { chrono::Utc::now().timestamp_micros() } }
