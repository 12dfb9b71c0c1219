//! One error type for the whole server.
//!
//! The domain returns [`Error`]; each surface (GraphQL, plain HTTP, and each old API) turns its [`Code`] into a
//! status and a body with an exhaustive match, so that a new failure does not compile until every surface has
//! answered for it. Messages are prose and may change; codes are API and may not.

mod database;

use std::time::Duration;

pub(crate) use database::Fault;

/// What every fallible function of docket returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The stable name of a failure, as clients see it in `extensions.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// No credential, or one that is not (or no longer) valid.
    Unauthenticated,
    /// The caller is known and may not do this.
    Forbidden,
    /// The thing does not exist, or the caller may not know that it does.
    NotFound,
    /// A unique name is taken.
    AlreadyExists,
    /// The thing exists, but its state does not allow the request.
    InvalidState,
    /// An account, or a member's part of it, has too little money.
    InsufficientFunds,
    /// The idempotency key was used before, for something else.
    IdempotencyMismatch,
    /// The worker's lease has expired, was taken back, or belongs to another attempt.
    LeaseLost,
    /// Values of the input are wrong; `fields` says which.
    Invalid,
    /// The request itself cannot be understood.
    BadRequest,
    /// The document asks for more than one request may cost.
    CostExceeded,
    /// Too many requests; `retryAfter` says when to come back.
    RateLimited,
    /// The server cannot answer now; the same request may succeed later.
    Unavailable,
    /// A defect of the server. The log has the cause under the request id.
    Internal,
}

impl Code {
    /// Every code, in the order of their declaration.
    pub const ALL: [Self; 14] = [
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::AlreadyExists,
        Self::InvalidState,
        Self::InsufficientFunds,
        Self::IdempotencyMismatch,
        Self::LeaseLost,
        Self::Invalid,
        Self::BadRequest,
        Self::CostExceeded,
        Self::RateLimited,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The word that clients see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::InvalidState => "INVALID_STATE",
            Self::InsufficientFunds => "INSUFFICIENT_FUNDS",
            Self::IdempotencyMismatch => "IDEMPOTENCY_MISMATCH",
            Self::LeaseLost => "LEASE_LOST",
            Self::Invalid => "INVALID",
            Self::BadRequest => "BAD_REQUEST",
            Self::CostExceeded => "COST_EXCEEDED",
            Self::RateLimited => "RATE_LIMITED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }

    /// The HTTP status of a plain (not GraphQL) answer.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::AlreadyExists
            | Self::InvalidState
            | Self::InsufficientFunds
            | Self::IdempotencyMismatch
            | Self::LeaseLost => 409,
            Self::Invalid | Self::BadRequest | Self::CostExceeded => 400,
            Self::RateLimited => 429,
            Self::Unavailable => 503,
            Self::Internal => 500,
        }
    }
}

/// One wrong value of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where: the field's name as the SDL spells it, followed by a JSON pointer when the fault lies inside a JSON
    /// value (`parameters/seconds`).
    pub path: String,
    /// What is wrong and what would be right, in a sentence.
    pub message: String,
}

/// Why something was not done. Nothing has changed when a function returns one.
#[derive(Clone, Debug)]
pub enum Error {
    /// See [`Code::Unauthenticated`].
    Unauthenticated(String),
    /// See [`Code::Forbidden`].
    Forbidden(String),
    /// The noun that was looked for.
    NotFound(&'static str),
    /// See [`Code::AlreadyExists`]; the field that clashed.
    AlreadyExists(FieldError),
    /// See [`Code::InvalidState`].
    InvalidState(String),
    /// See [`Code::InsufficientFunds`]; the field that asked for the money, with what is needed and what is there.
    InsufficientFunds(FieldError),
    /// See [`Code::IdempotencyMismatch`].
    IdempotencyMismatch,
    /// See [`Code::LeaseLost`].
    LeaseLost,
    /// See [`Code::Invalid`]; never empty.
    Invalid(Vec<FieldError>),
    /// See [`Code::BadRequest`].
    BadRequest(String),
    /// See [`Code::CostExceeded`].
    CostExceeded(String),
    /// See [`Code::RateLimited`].
    RateLimited {
        /// How long to wait before the next try.
        retry_after: Duration,
    },
    /// See [`Code::Unavailable`].
    Unavailable {
        /// What is missing, safe to show.
        message: String,
        /// How long to wait before the next try.
        retry_after: Duration,
    },
    /// See [`Code::Internal`]; the text is for the log only.
    Internal(String),
}

impl Error {
    /// One wrong field.
    pub fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { path: path.into(), message: message.into() }])
    }

    /// A unique value that is taken.
    pub fn taken(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::AlreadyExists(FieldError { path: path.into(), message: message.into() })
    }

    /// Too little money: `message` says how much is needed and how much is there.
    pub fn insufficient(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::InsufficientFunds(FieldError { path: path.into(), message: message.into() })
    }

    /// A defect: `cause` goes to the log, never to the client.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }

    /// Not now: `message` is shown to the client.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable { message: message.into(), retry_after: Duration::from_secs(1) }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Unauthenticated(_) => Code::Unauthenticated,
            Self::Forbidden(_) => Code::Forbidden,
            Self::NotFound(_) => Code::NotFound,
            Self::AlreadyExists(_) => Code::AlreadyExists,
            Self::InvalidState(_) => Code::InvalidState,
            Self::InsufficientFunds(_) => Code::InsufficientFunds,
            Self::IdempotencyMismatch => Code::IdempotencyMismatch,
            Self::LeaseLost => Code::LeaseLost,
            Self::Invalid(_) => Code::Invalid,
            Self::BadRequest(_) => Code::BadRequest,
            Self::CostExceeded(_) => Code::CostExceeded,
            Self::RateLimited { .. } => Code::RateLimited,
            Self::Unavailable { .. } => Code::Unavailable,
            Self::Internal(_) => Code::Internal,
        }
    }

    /// The fields that are wrong; empty for errors that are not about a field.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        match self {
            Self::Invalid(fields) => fields,
            Self::AlreadyExists(field) | Self::InsufficientFunds(field) => std::slice::from_ref(field),
            _ => &[],
        }
    }

    /// When to try again, for the errors that say so.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } | Self::Unavailable { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}

/// The text that a client may see: of an internal error only that there was one.
impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unauthenticated(text)
            | Self::Forbidden(text)
            | Self::InvalidState(text)
            | Self::BadRequest(text)
            | Self::CostExceeded(text)
            | Self::Unavailable { message: text, .. } => f.write_str(text),
            Self::NotFound(noun) => write!(f, "There is no such {noun}, or you may not see it."),
            Self::AlreadyExists(field) | Self::InsufficientFunds(field) => f.write_str(&field.message),
            Self::IdempotencyMismatch => f.write_str(
                "This idempotency key was used before, for something else. Take a new key for each new request, and \
                 send the same content again under the same key.",
            ),
            Self::LeaseLost => {
                f.write_str("The lease is no longer valid: the job was taken back or has finished. Stop working on it.")
            }
            Self::Invalid(fields) => match fields.as_slice() {
                [one] => write!(f, "{}: {}", one.path, one.message),
                many => write!(f, "{} fields are invalid; see extensions.fields.", many.len()),
            },
            Self::RateLimited { .. } => f.write_str("Too many requests. Try again later."),
            Self::Internal(_) => {
                f.write_str("The server failed to answer. The request id identifies this failure in its log.")
            }
        }
    }
}

impl std::error::Error for Error {}
