//! Sending mail: to a mail server, or, where none is set, into a folder.

use std::{path::PathBuf, time::Duration};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType},
    },
    transport::smtp::{
        Error as SmtpError,
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use tokio::{
    io::AsyncWriteExt,
    sync::{Mutex, OnceCell},
    time::timeout,
};
use uuid::Uuid;

use super::{
    clock::Clock,
    letter::{Letter, Letters},
    seal::SealKey,
    secret::random_bytes,
    storage::Storage,
};
use crate::{
    config::{Mail, MailSecurity},
    error::{Error, Result},
};

/// The name of the sealing key in the file store.
const KEY: &str = "mail";
/// Longest reason that is kept, in characters: mail servers can be talkative.
const REASON: usize = 300;

/// What sends mail, and what it is written with.
#[derive(Debug)]
pub struct Mailer {
    /// The templates.
    pub letters: Letters,
    from: Mailbox,
    way: Way,
    limit: Duration,
    key: OnceCell<SealKey>,
}

#[derive(Debug)]
enum Way {
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
    /// And whether the log has said so.
    Folder(PathBuf, Mutex<bool>),
}

/// Why a mail did not go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// For people, one line.
    pub reason: String,
    /// Whether another attempt is in vain.
    pub for_good: bool,
}

impl Undelivered {
    /// Not now.
    pub fn for_now(reason: impl std::fmt::Display) -> Self {
        Self { reason: line(&reason.to_string()), for_good: false }
    }

    /// Never.
    pub fn for_good(reason: impl std::fmt::Display) -> Self {
        Self { reason: line(&reason.to_string()), for_good: true }
    }
}

fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(REASON).collect()
}

/// Reads an address as one that can stand in a mail: what a mail cannot carry in its head is none.
#[must_use]
pub fn address(text: &str) -> Option<Address> {
    text.parse().ok()
}

impl Mailer {
    /// What these settings say. Connects to nobody.
    ///
    /// Fails with [`Error::Invalid`] when a file that they name cannot be used.
    pub fn new(settings: &Mail) -> Result<Self> {
        let broken = |broken: Vec<super::letter::Broken>| {
            let lines: Vec<String> = broken.into_iter().map(|broken| broken.0).collect();
            Error::invalid("mail.templates", lines.join("\n"))
        };
        let from = settings.from.parse().map_err(|error| Error::invalid("mail.from", format!("{error}")))?;
        let limit = Duration::from_secs(settings.timeout_seconds.into());
        let way = if settings.host.is_empty() {
            Way::Folder(settings.folder.clone().into(), Mutex::new(false))
        } else {
            Way::Smtp(Box::new(transport(settings, limit)?))
        };
        let letters = Letters::load(&settings.templates).map_err(broken)?;
        Ok(Self { letters, from, way, limit, key: OnceCell::new() })
    }

    /// How long an attempt may take.
    #[must_use]
    pub const fn limit(&self) -> Duration {
        self.limit
    }

    /// What mails that wait are sealed with. It lies beside the files, where every server of a database finds it, and not
    /// in the database.
    pub async fn key(&self, storage: &Storage) -> Result<&SealKey> {
        let make = || async {
            let bytes = storage.keep(KEY, random_bytes()).await?;
            Ok(SealKey::new(&bytes))
        };
        self.key.get_or_try_init(make).await
    }

    /// Hands a letter to the mail server, which answers for it from then on. `uid` names it: a mail that is sent twice,
    /// because an answer was lost, is the same mail.
    pub async fn send(&self, uid: Uuid, to: &Address, letter: &Letter, clock: &Clock) -> Result<(), Undelivered> {
        let message = self.compose(uid, to, letter, clock).map_err(Undelivered::for_good)?;
        match &self.way {
            Way::Smtp(transport) => match timeout(self.limit, transport.send(message)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(refusal(&error)),
                Err(_) => Err(Undelivered::for_now(format!("no answer of the mail server within {:?}", self.limit))),
            },
            Way::Folder(folder, said) => {
                let mut said = said.lock().await;
                if !std::mem::replace(&mut *said, true) {
                    tracing::warn!(
                        folder = %folder.display(),
                        "no mail server is set (mail.host): mails become files in this folder, links and all"
                    );
                }
                let name = format!("{}-{}.eml", clock.now().format("%Y%m%dT%H%M%S"), uid.simple());
                let written = write(folder, &name, &message.formatted()).await;
                written.map_err(|error| Undelivered::for_now(format!("{}: {error}", folder.display())))
            }
        }
    }

    fn compose(
        &self,
        uid: Uuid,
        to: &Address,
        letter: &Letter,
        clock: &Clock,
    ) -> Result<Message, lettre::error::Error> {
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(letter.subject.clone())
            .date(clock.now().into())
            .message_id(Some(format!("<{}@{}>", uid.simple(), self.from.email.domain())));
        match &letter.html {
            None => message.singlepart(part(ContentType::TEXT_PLAIN, &letter.text)),
            Some(html) => message.multipart(
                MultiPart::alternative()
                    .singlepart(part(ContentType::TEXT_PLAIN, &letter.text))
                    .singlepart(part(ContentType::TEXT_HTML, html)),
            ),
        }
    }
}

/// Quoted-printable: every mail program reads it, no server breaks its lines, and links stay legible to those who look.
fn part(kind: ContentType, text: &str) -> SinglePart {
    let encoding = ContentTransferEncoding::QuotedPrintable;
    let body = Body::new_with_encoding(text.to_owned(), encoding).unwrap_or_else(Body::new);
    SinglePart::builder().header(kind).body(body)
}

fn transport(settings: &Mail, limit: Duration) -> Result<AsyncSmtpTransport<Tokio1Executor>> {
    let host = settings.host.clone();
    let tls = || -> Result<TlsParameters> {
        let mut tls = TlsParameters::builder(host.clone());
        if !settings.ca_file.is_empty() {
            let wrong = |error: String| Error::invalid("mail.ca_file", format!("{}: {error}", settings.ca_file));
            let pem = std::fs::read(&settings.ca_file).map_err(|error| wrong(error.to_string()))?;
            tls = tls.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| wrong(error.to_string()))?);
        }
        tls.build().map_err(|error| Error::invalid("mail.host", error.to_string()))
    };
    let (tls, usual) = match settings.security {
        MailSecurity::Tls => (Tls::Wrapper(tls()?), 465),
        MailSecurity::StartTls => (Tls::Required(tls()?), 587),
        MailSecurity::None => (Tls::None, 25),
    };
    let port = if settings.port == 0 { usual } else { u16::try_from(settings.port).unwrap_or(usual) };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host);
    if let Some(password) = settings.password()? {
        builder = builder.credentials(Credentials::new(settings.username.clone(), password));
    }
    Ok(builder.port(port).tls(tls).timeout(Some(limit)).build())
}

/// A refusal of this mail is for good; one of the log-in is about the settings, and may be over when they are right.
fn refusal(error: &SmtpError) -> Undelivered {
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        reason = format!("{reason}: {inner}");
        source = inner.source();
    }
    let code = error.status().map_or(0, u16::from);
    if error.is_permanent() && !(530..=539).contains(&code) {
        Undelivered::for_good(reason)
    } else {
        Undelivered::for_now(reason)
    }
}

/// Whole or not at all, and for the server's own account only: what stands in it opens accounts.
async fn write(folder: &std::path::Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    tokio::fs::create_dir_all(folder).await?;
    let (part, whole) = (folder.join(format!(".{name}")), folder.join(name));
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(&part).await?;
    file.write_all(bytes).await?;
    file.sync_all().await?;
    tokio::fs::rename(part, whole).await
}
