//! Where the log is final: up to there nothing can appear any more.
//!
//! Places are drawn before a transaction commits, so that on PostgreSQL a later place may be there before an earlier one.
//! Who passes over such a hole loses an event for ever. Most holes are filled a moment later; what was drawn by a
//! transaction that failed stays a hole, which shows when every transaction that could fill it has ended. The order of
//! places is the order of causes: who changes a job waits for its row first and draws afterwards, so that a job's
//! revisions rise with their places. (The numbers of transactions have no such order: a transaction gets its own with
//! the first row that it locks, and may then wait for a younger one.)

/// See the module.
#[derive(Debug)]
pub(super) struct Seam {
    /// Everything up to here is final.
    place: i64,
    hole: Option<Hole>,
}

/// What keeps the log from being final.
#[derive(Debug)]
struct Hole {
    /// What was the newest place when it was looked at.
    top: i64,
    /// When no transaction before this one runs any more, nothing up to `top` can appear. Every transaction that drew a
    /// place up to `top` has an older number: it had changed a row before it drew.
    until: i64,
}

impl Seam {
    pub(super) const fn new(place: i64) -> Self {
        Self { place, hole: None }
    }

    /// The last place that is final.
    pub(super) const fn place(&self) -> i64 {
        self.place
    }

    /// How many of these places, which are all that are there after the seam's, in their order, are final now; the seam
    /// moves behind them. `oldest` is the oldest transaction that ran when they were read; `None` says that places are
    /// drawn in the order of commits.
    pub(super) fn settle(&mut self, places: &[i64], oldest: Option<i64>) -> usize {
        let Some(oldest) = oldest else {
            self.place = places.last().copied().unwrap_or(self.place);
            return places.len();
        };
        let passed = self.hole.take_if(|hole| oldest >= hole.until).map_or(self.place, |hole| hole.top);
        let mut settled = 0;
        for place in places {
            if *place > passed && *place != self.place + 1 {
                break;
            }
            self.place = *place;
            settled += 1;
        }
        self.hole.take_if(|hole| hole.top <= self.place);
        settled
    }

    /// Whether somebody has looked already at when the hole will be final.
    pub(super) const fn is_dated(&self) -> bool {
        self.hole.is_some()
    }

    /// Notes that up to `top` everything is final once no transaction older than `until` runs.
    pub(super) const fn date(&mut self, top: i64, until: i64) {
        self.hole = Some(Hole { top, until });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_order_is_final_at_once() {
        let mut seam = Seam::new(4);
        assert_eq!(seam.settle(&[7, 9], None), 2);
        assert_eq!(seam.place(), 9);
        assert_eq!(seam.settle(&[], None), 0);
        assert_eq!(seam.place(), 9);
    }

    #[test]
    fn nothing_passes_a_hole_until_it_is_filled() {
        let mut seam = Seam::new(4);
        assert_eq!(seam.settle(&[5, 7, 8], Some(100)), 1);
        assert_eq!(seam.place(), 5);
        assert_eq!(seam.settle(&[6, 7, 8], Some(100)), 3);
        assert_eq!(seam.place(), 8);
    }

    #[test]
    fn a_hole_that_nobody_can_fill_any_more_is_passed() {
        let mut seam = Seam::new(4);
        assert_eq!(seam.settle(&[6, 7], Some(100)), 0);
        seam.date(7, 105);
        assert_eq!(seam.settle(&[6, 7, 9], Some(104)), 0, "104 may still fill it");
        assert!(seam.is_dated());
        assert_eq!(seam.settle(&[6, 7, 9], Some(105)), 2, "and 8 is a hole of its own");
        assert_eq!(seam.place(), 7);
        assert!(!seam.is_dated());
    }

    #[test]
    fn a_date_is_forgotten_when_the_hole_was_filled() {
        let mut seam = Seam::new(4);
        assert_eq!(seam.settle(&[6], Some(100)), 0);
        seam.date(6, 105);
        assert_eq!(seam.settle(&[5, 6], Some(101)), 2);
        assert!(!seam.is_dated(), "the next hole has a date of its own");
    }
}
