//! Processor time, read from `/proc`.

use std::fs;
use std::time::Duration;

use crate::Result;

/// The unit of the times in `/proc/<pid>/stat`. The kernel reports 100 ticks a second to programs on every
/// architecture that docket is built for, whatever its own timer runs at.
const TICK: Duration = Duration::from_millis(10);

/// Where a server's database works.
#[derive(Clone, Copy, Debug)]
pub enum Worker {
    /// Inside the server's own process.
    Within,
    /// In processes of this machine.
    Beside(Postmaster),
    /// Where nobody here can see it.
    Elsewhere,
}

/// Processor time in user and kernel mode.
#[derive(Clone, Copy, Debug)]
pub struct Cpu {
    /// The server's process, all threads.
    pub server: Duration,
    /// The database's own processes: nothing for a database within the server, none for one that cannot be seen.
    pub database: Option<Duration>,
}

impl Cpu {
    /// What has been used so far by the process `server` and by its database.
    pub fn now(server: u32, database: Worker) -> Result<Self> {
        let database = match database {
            Worker::Within => Some(Duration::ZERO),
            Worker::Beside(postmaster) => Some(postmaster.used()?),
            Worker::Elsewhere => None,
        };
        Ok(Self { server: Stat::of(server)?.own, database })
    }

    /// What has been used since an earlier moment.
    pub fn since(self, earlier: Self) -> Self {
        let database = self.database.zip(earlier.database).map(|(now, then)| now.saturating_sub(then));
        Self { server: self.server.saturating_sub(earlier.server), database }
    }

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        let database = self.database.zip(other.database).map(|(one, other)| one + other);
        Self { server: self.server + other.server, database }
    }
}

/// The parent of all processes of a PostgreSQL cluster.
#[derive(Clone, Copy, Debug)]
pub struct Postmaster(u32);

impl Postmaster {
    /// The parent of the process that serves a connection to `database`. None when the process of that number is
    /// something else: then the cluster runs on another machine, or behind a wall.
    pub fn of_backend(pid: u32, database: &str) -> Option<Self> {
        let title = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let title = String::from_utf8_lossy(&title);
        let ours = title.starts_with("postgres:") && title.contains(database);
        ours.then(|| Stat::of(pid).ok().map(|stat| Self(stat.parent))).flatten()
    }

    /// The time of the whole cluster: of the living processes, and of those that have ended, which the system adds up
    /// in their parent.
    fn used(self) -> Result<Duration> {
        let mut sum = Stat::of(self.0)?.whole();
        for entry in fs::read_dir("/proc")? {
            let pid = entry?.file_name().to_str().and_then(|name| name.parse().ok());
            // What cannot be read has ended since the folder was.
            let stat = pid.and_then(|pid| Stat::of(pid).ok());
            sum += stat.filter(|stat| stat.parent == self.0).map_or(Duration::ZERO, |stat| stat.whole());
        }
        Ok(sum)
    }
}

/// What the system says of a process.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// The process's own time.
    own: Duration,
    /// That of its children which have ended.
    ended: Duration,
}

impl Stat {
    fn of(pid: u32) -> Result<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat"))?)
    }

    fn parse(text: &str) -> Result<Self> {
        // The second field is the program's name in parentheses, which may itself contain spaces.
        let (_, fields) = text.rsplit_once(')').ok_or("/proc/<pid>/stat has an unknown form")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let number = |at: usize| -> Result<u32> { Ok(fields.get(at).ok_or("/proc/<pid>/stat is too short")?.parse()?) };
        let time = |at: usize| -> Result<Duration> { Ok(TICK * (number(at)? + number(at + 1)?)) };
        Ok(Self { parent: number(1)?, own: time(11)?, ended: time(13)? })
    }

    fn whole(&self) -> Duration {
        self.own + self.ended
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Cpu, Postmaster, Stat, Worker};

    #[test]
    fn a_name_with_spaces_and_parentheses_shifts_no_field() {
        let text = "42 (a (bad) name) S 7 42 42 0 -1 4194560 1 2 3 4 100 50 30 20 20 0 1 0 99";
        let expected = Stat { parent: 7, own: Duration::from_millis(1_500), ended: Duration::from_millis(500) };
        assert_eq!(Stat::parse(text).expect("a right line"), expected);
        assert!(Stat::parse("42 (short) S 7").is_err());
    }

    #[test]
    fn this_process_is_no_backend_of_a_database() {
        assert!(Postmaster::of_backend(std::process::id(), "bench").is_none());
    }

    #[test]
    fn the_time_of_a_database_that_cannot_be_seen_stays_unknown() {
        let begin = Cpu::now(std::process::id(), Worker::Elsewhere).expect("this process");
        assert!(begin.since(begin).and(begin).database.is_none());
        let begin = Cpu::now(std::process::id(), Worker::Within).expect("this process");
        assert_eq!(begin.since(begin).database, Some(Duration::ZERO));
    }
}
