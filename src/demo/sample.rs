//! The jobs that the demo submits: the same ones in the same order, and no two in a row alike.

use serde_json::{Value, json};

use super::work::Work;

/// Which service the next job is for, over and over.
const TURNS: [Work; 5] = [Work::Pi, Work::WordStats, Work::Pi, Work::WordStats, Work::WordStats];

const TEXTS: [&str; 9] = [
    "A queue is a promise kept in order. Whoever comes first is served first, unless somebody with a better reason \
     comes later.",
    "The lighthouse keeper wrote one line a day: the wind, the ships, the light. After forty years the book held \
     every storm of the coast, and not one word about the keeper.",
    "Rain on the roof, rain on the road, rain on the river that was rain before.",
    "To count is to look twice.\nTo measure is to look twice with somebody else.\nTo repeat a measurement is to look \
     twice with everybody.",
    "The baker, the miller and the farmer argued about who made the bread. The bread, being eaten, said nothing; the \
     mouse, being full, said less.",
    "When the clock of the town hall stopped, the town was on time for nothing and late for nothing, and the \
     clockmaker, who was both, took his time.",
    "Every map leaves something out. A map that left nothing out would be the country, and would have to be folded \
     by hand.",
    "Two rivers met and asked each other the way to the sea. Neither knew, and so they went on together.",
    "The librarian's cat had read, or at least slept on, the whole of natural history, most of law, and the warm \
     half of astronomy.",
];

/// A job to submit.
#[derive(Debug)]
pub(super) struct Sample {
    pub work: Work,
    pub parameters: Value,
    pub priority: i32,
}

impl Sample {
    /// The job of this turn, counted from 0.
    pub fn nth(turn: usize) -> Self {
        let work = TURNS[turn % TURNS.len()];
        let parameters = match work {
            Work::WordStats => json!({ "text": TEXTS[turn % TEXTS.len()], "top": 3 + turn % 3 }),
            Work::Pi => json!({ "samples": 100_000 * (1 + turn % 4), "seconds": 5 + turn % 7 }),
        };
        Self { work, parameters, priority: Self::priority(turn) }
    }

    /// Most jobs are as urgent as any other.
    const fn priority(turn: usize) -> i32 {
        match turn % 12 {
            5 => 10,
            9 => -10,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_three_jobs_show_both_services() {
        let first: Vec<Work> = (0..3).map(|turn| Sample::nth(turn).work).collect();
        assert!(Work::ALL.iter().all(|work| first.contains(work)));
    }

    #[test]
    fn neighbours_differ_and_priorities_vary() {
        for turn in 0..100 {
            let (this, next) = (Sample::nth(turn), Sample::nth(turn + 1));
            assert!(this.work != next.work || this.parameters != next.parameters, "{turn}");
        }
        let urgent = (0..100).filter(|turn| Sample::nth(*turn).priority > 0).count();
        assert!((5..15).contains(&urgent), "{urgent}");
    }
}
