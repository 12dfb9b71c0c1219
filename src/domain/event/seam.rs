//! Where the log is final: up to there nothing can appear any more.
//!
//! Places are drawn before a transaction commits, so that on PostgreSQL a later place may be there before an earlier one.
//! Who passes over such a hole loses an event for ever. Most holes are filled a moment later; what was drawn by a
//! transaction that failed stays a hole, which shows when every transaction that could fill it has ended. Those are the
//! ones that have begun to write to the log: each holds a lock on its table from before it draws a place to its end. The
//! order of places is the order of causes: who changes a job waits for its row first and draws afterwards, so that a
//! job's revisions rise with their places. (The numbers of transactions have no such order: a transaction gets its own
//! with the first row that it locks, and may then wait for a younger one.)

use std::collections::BTreeSet;

/// Transactions that have written to the log and have not ended, by the names that the database has for them.
pub(super) type Writers = BTreeSet<String>;

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
    /// Who wrote just after that: when all of these have ended, nothing up to `top` can appear.
    writers: Writers,
}

impl Seam {
    pub(super) const fn new(place: i64) -> Self {
        Self { place, hole: None }
    }

    /// The last place that is final.
    pub(super) const fn place(&self) -> i64 {
        self.place
    }

    /// Notes that the places are drawn in the order of commits: all that are there are final.
    pub(super) fn settle_all(&mut self, places: &[i64]) -> usize {
        self.place = places.last().copied().unwrap_or(self.place);
        places.len()
    }

    /// How many of these places, which are all that are there after the seam's, in their order, are final now; the seam
    /// moves behind them. `passed` says that nobody can fill the hole any more, and was found out before they were read.
    pub(super) fn settle(&mut self, places: &[i64], passed: bool) -> usize {
        let up_to = self.hole.take_if(|_| passed).map_or(self.place, |hole| hole.top);
        let mut settled = 0;
        for place in places {
            if *place > up_to && *place != self.place + 1 {
                break;
            }
            self.place = *place;
            settled += 1;
        }
        self.hole.take_if(|hole| hole.top <= self.place);
        settled
    }

    /// Who could fill the hole, when that was noted.
    pub(super) fn writers(&self) -> Option<&Writers> {
        self.hole.as_ref().map(|hole| &hole.writers)
    }

    /// Notes who could fill what is missing up to `top`: who writes to the log now, after `top` was seen.
    pub(super) fn note(&mut self, top: i64, writers: Writers) {
        self.hole = Some(Hole { top, writers });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writers() -> Writers {
        ["3/7".to_owned()].into()
    }

    #[test]
    fn what_is_written_in_order_is_final_at_once() {
        let mut seam = Seam::new(4);
        assert_eq!(seam.settle_all(&[7, 9]), 2);
        assert_eq!(seam.place(), 9);
        assert_eq!(seam.settle_all(&[]), 0);
        assert_eq!(seam.place(), 9);
    }

    #[test]
    fn nothing_passes_a_hole_until_it_is_filled() {
        let mut seam = Seam::new(4);
        assert_eq!(seam.settle(&[5, 7, 8], false), 1);
        assert_eq!(seam.place(), 5);
        assert_eq!(seam.settle(&[6, 7, 8], false), 3);
        assert_eq!(seam.place(), 8);
    }

    #[test]
    fn a_hole_that_nobody_can_fill_any_more_is_passed() {
        let mut seam = Seam::new(4);
        assert_eq!(seam.settle(&[6, 7], false), 0);
        seam.note(7, writers());
        assert_eq!(seam.settle(&[6, 7, 9], false), 0, "somebody may still fill it");
        assert_eq!(seam.writers(), Some(&writers()));
        assert_eq!(seam.settle(&[6, 7, 9], true), 2, "and 8 is a hole of its own");
        assert_eq!(seam.place(), 7);
        assert_eq!(seam.writers(), None);
    }

    #[test]
    fn a_note_is_forgotten_when_the_hole_was_filled() {
        let mut seam = Seam::new(4);
        assert_eq!(seam.settle(&[6], false), 0);
        seam.note(6, writers());
        assert_eq!(seam.settle(&[5, 6], false), 2);
        assert_eq!(seam.writers(), None, "the next hole has writers of its own");
    }
}
