//! Repeatable randomness, for computations. Secrets and ids come from [`secret`](super::secret).

use rand::{Rng, SeedableRng, rngs::SmallRng};

/// 2^32.
const STEPS: f64 = 4_294_967_296.0;

/// A stream of numbers that is the same whenever it is begun with the same seed (by the same
/// docket on the same kind of machine).
#[derive(Debug)]
pub struct SeededRng(SmallRng);

impl SeededRng {
    /// Begins the stream of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    /// The next point of the unit square, each coordinate from 0 (included) to 1 (excluded) in steps of 2^-32.
    pub fn point(&mut self) -> (f64, f64) {
        let (x, y): (u32, u32) = self.0.random();
        (f64::from(x) / STEPS, f64::from(y) / STEPS)
    }
}

/// A seed for a stream that need not be repeated, and can be when its seed was noted.
#[must_use]
pub fn draw_seed() -> u32 {
    u32::from_le_bytes(super::secret::random_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_names_its_stream() {
        let points = |seed| {
            let mut rng = SeededRng::new(seed);
            std::array::from_fn::<_, 100, _>(|_| rng.point()).map(|(x, y)| (x.to_bits(), y.to_bits()))
        };
        assert_eq!(points(1), points(1));
        assert_ne!(points(1), points(2));
    }

    #[test]
    fn points_lie_in_the_square_and_all_over_it() {
        let mut rng = SeededRng::new(3);
        let mut quarters = [0; 4];
        for _ in 0..1_000 {
            let (x, y) = rng.point();
            assert!((0.0..1.0).contains(&x) && (0.0..1.0).contains(&y));
            quarters[usize::from(x < 0.5) + 2 * usize::from(y < 0.5)] += 1;
        }
        assert!(quarters.iter().all(|count| (200..300).contains(count)), "{quarters:?}");
    }
}
