//! A client of the public API, as somebody outside would write it: one POST for each operation.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{Code, Error};

/// Longer than the longest wait for work.
const PATIENCE: Duration = Duration::from_secs(45);

/// A client with a credential.
#[derive(Clone, Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

/// Why an operation gave no data.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server's answer; the code is one of [`Code`]'s words.
    Refused { code: String, message: String },
    /// No answer, or none that can be understood.
    Unanswered(String),
}

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    data: Value,
    #[serde(default)]
    errors: Vec<Problem>,
}

#[derive(Debug, Deserialize)]
struct Problem {
    message: String,
    #[serde(default)]
    extensions: Extensions,
}

#[derive(Debug, Default, Deserialize)]
struct Extensions {
    #[serde(default)]
    code: String,
}

impl Client {
    /// A client of the server at `address`.
    ///
    /// # Errors
    /// When the system lacks what an HTTP client needs.
    pub fn new(address: SocketAddr, token: &str) -> Result<Self, Fault> {
        // A proxy of the environment is for the world outside.
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).user_agent("docket-demo").build()?;
        Ok(Self { http, url: format!("http://{address}/graphql"), token: token.to_owned() })
    }

    /// The same server with another credential.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// Runs an operation and returns its `data`.
    pub async fn run(&self, document: &str, variables: Value) -> Result<Value, Fault> {
        let body = json!({ "query": document, "variables": variables });
        let request = self.http.post(&self.url).bearer_auth(&self.token).json(&body);
        let answer: Answer = request.send().await?.json().await?;
        match answer.errors.into_iter().next() {
            None => Ok(answer.data),
            Some(Problem { message, extensions }) => Err(Fault::Refused { code: extensions.code, message }),
        }
    }
}

impl Fault {
    /// Whether the server refused with this code.
    pub fn is(&self, code: Code) -> bool {
        matches!(self, Self::Refused { code: found, .. } if found == code.as_str())
    }

    /// Whether the same operation may succeed a little later.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unanswered(_)) || self.is(Code::Unavailable) || self.is(Code::RateLimited)
    }
}

impl From<reqwest::Error> for Fault {
    fn from(error: reqwest::Error) -> Self {
        Self::Unanswered(error.to_string())
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused { code, message } => write!(f, "{code}: {message}"),
            Self::Unanswered(why) => write!(f, "no answer: {why}"),
        }
    }
}

/// For the set-up, which whoever started the demo waits for.
impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::InvalidState(format!("The demo cannot be set up: {fault}"))
    }
}

/// The text at a JSON pointer of an answer. One that is missing is an answer that cannot be understood.
pub(super) fn text(data: &Value, pointer: &str) -> Result<String, Fault> {
    let found = data.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| Fault::Unanswered(format!("the answer has no {pointer}")))
}
