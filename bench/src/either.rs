//! One text for two databases.

/// Runs the same code with whichever database a value holds. sqlx's types differ by database and its traits are long to
/// name as bounds, so that the code is written once and compiled twice.
macro_rules! either {
    ($kind:ident, $value:expr, $database:ident => $code:expr) => {
        match $value {
            $kind::Sqlite($database) => $code,
            $kind::Postgres($database) => $code,
        }
    };
}
