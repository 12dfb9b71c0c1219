//! What a database's failures mean for docket.

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, error::SqlxError};

use super::Error;

/// What can be done about a failure of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Another transaction was in the way: the same work, run again, may succeed.
    Conflict,
    /// The connection is gone, or could not be made.
    Lost,
    /// The database has too much to do, or no room: nothing was done, and waiting may help.
    Busy(&'static str),
    /// Text that the database cannot store.
    Text,
    /// Anything else: a defect, or a constraint whose name says more where the statement was run.
    Other,
}

impl Fault {
    /// Reads a failure.
    pub(crate) fn of(error: &DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => {
                Self::Busy("The database has too much to do. Try again.")
            }
            DbErr::Conn(RuntimeErr::SqlxError(cause))
            | DbErr::Exec(RuntimeErr::SqlxError(cause))
            | DbErr::Query(RuntimeErr::SqlxError(cause)) => Self::of_driver(cause),
            DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed) | DbErr::Conn(RuntimeErr::Internal(_)) => {
                Self::Lost
            }
            _ => Self::Other,
        }
    }

    /// The same for what the driver says itself.
    pub(crate) fn of_driver(cause: &SqlxError) -> Self {
        match cause {
            SqlxError::Io(_)
            | SqlxError::Tls(_)
            | SqlxError::Protocol(_)
            | SqlxError::PoolClosed
            | SqlxError::WorkerCrashed
            | SqlxError::BeginFailed => Self::Lost,
            SqlxError::PoolTimedOut => Self::Busy("The database has too much to do. Try again."),
            SqlxError::Database(cause) => match cause.code() {
                // SQLSTATEs have five characters, SQLite's result codes at most four digits.
                Some(state) if state.len() == 5 => Self::of_state(&state),
                Some(code) => Self::of_sqlite(&code),
                None => Self::Other,
            },
            _ => Self::Other,
        }
    }

    /// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
    fn of_state(state: &str) -> Self {
        match state {
            // Serialization failure, deadlock, lock not available.
            "40001" | "40P01" | "55P03" => Self::Conflict,
            // Terminated or shut down by the administrator, crashed, starting up, idle for too long.
            "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => Self::Lost,
            "57014" => Self::Busy("The database took too long. Try again."),
            "53100" => Self::Busy("The database's disk is full. Reading goes on; try to write again later."),
            "22021" | "22P05" => Self::Text,
            _ if state.starts_with("08") => Self::Lost,
            _ if state.starts_with("53") => Self::Busy("The database has too much to do. Try again."),
            _ if state.starts_with("58") => Self::Busy("The database's disk does not answer. Try again later."),
            _ => Self::Other,
        }
    }

    /// The low byte is the kind of failure: <https://sqlite.org/rescode.html>.
    fn of_sqlite(code: &str) -> Self {
        match code.parse::<u32>().map(|code| code & 0xff) {
            Ok(5 | 6) => Self::Busy("The database is busy. Try again."),
            Ok(10) => Self::Busy("The database's disk does not answer. Try again later."),
            Ok(13) => Self::Busy("The database's disk is full. Reading goes on; try to write again later."),
            _ => Self::Other,
        }
    }
}

impl Error {
    /// The database does not answer; nothing was done.
    pub(crate) fn database_away() -> Self {
        Self::unavailable("The database is not reachable at the moment. Try again.")
    }
}

/// What the database says becomes [`Error::Unavailable`] when waiting may help and [`Error::Internal`] otherwise.
/// Constraint violations that a client can cause are matched where the statement is run, by constraint name.
impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match Fault::of(&error) {
            Fault::Conflict => {
                tracing::debug!(%error, "transactions were in each other's way");
                Self::unavailable("Somebody else is changing the same thing. Try again.")
            }
            Fault::Lost => {
                tracing::warn!(%error, "the database is not reachable");
                Self::database_away()
            }
            Fault::Busy(message) => {
                tracing::error!(%error, "the database cannot be written or read at the moment");
                Self::unavailable(message)
            }
            Fault::Text => Self::BadRequest("A text holds a NUL character, which cannot be stored.".into()),
            Fault::Other => match error {
                // The row was removed between looking and changing.
                DbErr::RecordNotUpdated => Self::NotFound("object"),
                other => Self::internal(other),
            },
        }
    }
}
