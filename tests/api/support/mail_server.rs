//! A mail server on loopback: the real protocol (RFC 5321, 4954, 3207), and every way in which one can be in the way.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use docket::config;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use super::{PATIENCE, mail_text::Mail};

/// What the server does with the next mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Takes them.
    Take,
    /// Knows nobody of that name: 550.
    Refuse,
    /// Not now: 451.
    Defer,
    /// Takes the connection and says nothing at all.
    Stall,
    /// Goes away in the middle.
    Drop,
    /// Takes the mail and goes away before it says so.
    DropAfter,
}

/// One mail that arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    pub mail: Mail,
    pub raw: String,
    /// What the client logged in with.
    pub login: Option<(String, String)>,
    pub encrypted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tls {
    No,
    Offered,
    Wrapped,
}

/// It ends when this is dropped.
pub struct MailServer {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    folder: TempDir,
    task: JoinHandle<()>,
}

struct Shared {
    behaviour: Mutex<Behaviour>,
    received: watch::Sender<Vec<Received>>,
    /// Connections so far.
    sessions: watch::Sender<usize>,
    login: Option<(String, String)>,
    tls: Tls,
    acceptor: TlsAcceptor,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl MailServer {
    /// Without TLS and without log-in.
    pub async fn new() -> Self {
        Self::start(None, Tls::No).await
    }

    /// Takes mail only of those who log in with this name and password.
    pub async fn with_login(name: &str, password: &str) -> Self {
        Self::start(Some((name.to_owned(), password.to_owned())), Tls::No).await
    }

    /// The same after STARTTLS, and nothing before it.
    pub async fn with_starttls(name: &str, password: &str) -> Self {
        Self::start(Some((name.to_owned(), password.to_owned())), Tls::Offered).await
    }

    /// The same with TLS from the first byte.
    pub async fn with_tls(name: &str, password: &str) -> Self {
        Self::start(Some((name.to_owned(), password.to_owned())), Tls::Wrapped).await
    }

    async fn start(login: Option<(String, String)>, tls: Tls) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        std::fs::write(folder.path().join("ca.pem"), made.cert.pem()).expect("written");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("versions").with_no_client_auth();
        let config = config.with_single_cert(vec![made.cert.der().clone()], key).expect("they fit");
        let shared = Arc::new(Shared {
            behaviour: Mutex::new(Behaviour::Take),
            received: watch::Sender::new(Vec::new()),
            sessions: watch::Sender::new(0),
            login,
            tls,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self { address, shared, folder, task }
    }

    /// The settings by which docket finds it.
    pub fn settings(&self) -> config::Mail {
        config::Mail {
            host: "localhost".to_owned(),
            port: self.address.port().into(),
            from: "Docket <docket@lab.example.org>".to_owned(),
            security: match self.shared.tls {
                Tls::No => config::MailSecurity::None,
                Tls::Offered => config::MailSecurity::StartTls,
                Tls::Wrapped => config::MailSecurity::Tls,
            },
            username: self.shared.login.as_ref().map_or_else(String::new, |login| login.0.clone()),
            password: self.shared.login.as_ref().map_or("", |login| &*login.1).into(),
            ca_file: self.folder.path().join("ca.pem").display().to_string(),
            poll_millis: 3_600_000,
            ..config::Mail::default()
        }
    }

    pub fn behave(&self, behaviour: Behaviour) {
        *self.shared.behaviour.lock().expect("nobody panicked") = behaviour;
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.received.borrow().clone()
    }

    /// The only mail; panics with several.
    pub fn only(&self) -> Received {
        let mut received = self.received();
        assert_eq!(received.len(), 1, "{received:?}");
        received.remove(0)
    }

    /// The newest mail to an address, as soon as there is one.
    pub async fn mail_to(&self, address: &str) -> Mail {
        let mut received = self.shared.received.subscribe();
        let to = |all: &Vec<Received>| {
            let to = |one: &&Received| one.to.iter().any(|to| to == address);
            all.iter().rev().find(to).map(|one| one.mail.clone())
        };
        let all = timeout(PATIENCE, received.wait_for(|all| to(all).is_some())).await;
        to(&all.expect("a mail in time").expect("the server is there")).expect("it was waited for")
    }

    /// Until so many connections were made.
    pub async fn met(&self, sessions: usize) {
        let mut count = self.shared.sessions.subscribe();
        let met = timeout(PATIENCE, count.wait_for(|count| *count >= sessions)).await;
        met.expect("a connection in time").expect("the server is there");
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut sessions = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.sessions.send_modify(|count| *count += 1);
        let shared = Arc::clone(&shared);
        // What a client does wrong ends its session, as it does everywhere.
        sessions.spawn(async move { drop(connection(stream, &shared).await) });
    }
}

async fn connection(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    if shared.tls == Tls::Wrapped {
        let stream = shared.acceptor.accept(stream).await?;
        let mut session = Session::new(stream, shared, true);
        session.say("220 mail.example.org").await?;
        session.run().await?;
        return Ok(());
    }
    let mut session = Session::new(stream, shared, false);
    session.say("220 mail.example.org").await?;
    if session.run().await? == End::StartTls {
        let stream = shared.acceptor.accept(session.stream.into_inner()).await?;
        Session::new(stream, shared, true).run().await?;
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum End {
    Quit,
    StartTls,
}

struct Session<'a, S> {
    stream: BufReader<S>,
    shared: &'a Shared,
    encrypted: bool,
    login: Option<(String, String)>,
    from: String,
    to: Vec<String>,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Session<'a, S> {
    fn new(stream: S, shared: &'a Shared, encrypted: bool) -> Self {
        let stream = BufReader::new(stream);
        Self { stream, shared, encrypted, login: None, from: String::new(), to: Vec::new() }
    }

    async fn say(&mut self, line: &str) -> std::io::Result<()> {
        let behaviour = *self.shared.behaviour.lock().expect("nobody panicked");
        if behaviour == Behaviour::Stall {
            std::future::pending::<()>().await;
        }
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }

    async fn hear(&mut self) -> std::io::Result<Option<String>> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).await?;
        Ok((read > 0).then(|| line.trim_end_matches("\r\n").to_owned()))
    }

    async fn run(&mut self) -> std::io::Result<End> {
        while let Some(line) = self.hear().await? {
            let behaviour = *self.shared.behaviour.lock().expect("nobody panicked");
            let word = line.split(' ').next().unwrap_or_default().to_uppercase();
            let may_send = self.shared.login.is_none() || self.login.is_some();
            match &*word {
                "EHLO" => self.greet().await?,
                "STARTTLS" if self.shared.tls == Tls::Offered && !self.encrypted => {
                    self.say("220 go on").await?;
                    return Ok(End::StartTls);
                }
                "AUTH" => self.log_in(&line).await?,
                "MAIL" if !may_send => self.say("530 log in first").await?,
                "MAIL" if behaviour == Behaviour::Drop => return Ok(End::Quit),
                "MAIL" => {
                    self.from = between(&line);
                    self.say("250 ok").await?;
                }
                "RCPT" if behaviour == Behaviour::Refuse => self.say("550 5.1.1 nobody of this name").await?,
                "RCPT" if behaviour == Behaviour::Defer => self.say("451 4.3.0 come back later").await?,
                "RCPT" => {
                    self.to.push(between(&line));
                    self.say("250 ok").await?;
                }
                "DATA" => {
                    self.take().await?;
                    if behaviour == Behaviour::DropAfter {
                        return Ok(End::Quit);
                    }
                    self.say("250 taken").await?;
                }
                "QUIT" => {
                    self.say("221 bye").await?;
                    return Ok(End::Quit);
                }
                _ => self.say("502 not here").await?,
            }
        }
        Ok(End::Quit)
    }

    async fn greet(&mut self) -> std::io::Result<()> {
        self.say("250-mail.example.org").await?;
        if self.shared.tls == Tls::Offered && !self.encrypted {
            self.say("250-STARTTLS").await?;
        } else if self.shared.login.is_some() {
            self.say("250-AUTH PLAIN LOGIN").await?;
        }
        self.say("250 8BITMIME").await
    }

    /// AUTH PLAIN with what follows it, or LOGIN with its two questions.
    async fn log_in(&mut self, line: &str) -> std::io::Result<()> {
        let words: Vec<&str> = line.split(' ').collect();
        let told = |text: &str| {
            let bytes = STANDARD.decode(text).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let login = if words.get(1) == Some(&"PLAIN") {
            let said = told(words.get(2).unwrap_or(&""));
            let mut parts = said.split('\0').skip(1).map(str::to_owned);
            (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
        } else {
            self.say("334 VXNlcm5hbWU6").await?;
            let name = told(&self.hear().await?.unwrap_or_default());
            self.say("334 UGFzc3dvcmQ6").await?;
            (name, told(&self.hear().await?.unwrap_or_default()))
        };
        if self.shared.login.as_ref() == Some(&login) {
            self.login = Some(login);
            return self.say("235 welcome").await;
        }
        self.say("535 5.7.8 wrong name or password").await
    }

    async fn take(&mut self) -> std::io::Result<()> {
        self.say("354 go on").await?;
        let mut raw = String::new();
        while let Some(line) = self.hear().await? {
            if line == "." {
                break;
            }
            raw.push_str(line.strip_prefix('.').unwrap_or(&line));
            raw.push_str("\r\n");
        }
        let received = Received {
            from: std::mem::take(&mut self.from),
            to: std::mem::take(&mut self.to),
            mail: Mail::read(&raw),
            raw,
            login: self.login.clone(),
            encrypted: self.encrypted,
        };
        self.shared.received.send_modify(|all| all.push(received));
        Ok(())
    }
}

/// What stands in `<..>`.
fn between(line: &str) -> String {
    let rest = line.split_once('<').map_or("", |(_, rest)| rest);
    rest.split('>').next().unwrap_or_default().to_owned()
}
