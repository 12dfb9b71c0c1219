//! Every setting, with its bounds and its default.

use ipnet::IpNet;
use std::net::SocketAddr;

use super::check::{
    any, base_url, client_url, database_url, domains, files_store, hosts, log_filter, mailbox, origins, redirect,
    redirect_with_token, server_name, within,
};
use super::named::{numbers, partitions};
use super::{ContentType, Hidden, LogFormat, MailSecurity, MybrcProfile, setting::settings};

// Durations are u32, so that both `Duration` and the signed seconds of the database take them without a fallible cast.
settings! {
    /// Everything that can be set. The default is what runs when nothing is said.
    Config {
        /// Where the server listens: address and port. Port 0 takes any free one.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080)), any;
        /// The address under which clients reach the server: links and the check of `Origin` use it. Without a slash
        /// at the end. Follows `listen` when it is not set.
        public_url: String = "http://127.0.0.1:8080".to_owned(), base_url;
        /// The name of this server in full service names. 1 to 64 letters, digits, `.`, `_` or `-`.
        server_name: String = "localhost".to_owned(), server_name;
        /// The proxies whose `X-Forwarded-*` headers are believed: addresses or networks (`10.0.0.0/8`).
        trusted_proxies: Vec<IpNet> = Vec::new(), any;
        /// Web origins (`https://lab.example.org`) whose pages may write, besides the server's own.
        cors_origins: Vec<String> = Vec::new(), origins;
        /// Whether a caller without credentials sees the services.
        anonymous_reads_services: bool = true, any;
    }

    /// Where the data is.
    database: Database {
        /// `sqlite://path`: a file, relative to the working directory, or `sqlite:///absolute/path`. Or
        /// `postgres://user:password@host:port/database`, with libpq's options after `?` (`sslmode=verify-full`).
        url: String = "sqlite://docket.db".to_owned(), database_url;
        /// Connections that read. 1 to 64.
        readers: u32 = 4, within(1, 64);
        /// Connections that write, on PostgreSQL; a SQLite file has one. Three more listen and watch. 1 to 64.
        writers: u32 = 8, within(1, 64);
    }

    /// What the server says about itself, on stderr.
    log: Log {
        /// Lines for people (`text`) or for machines (`json`).
        format: LogFormat = LogFormat::Text, any;
        /// Which events are logged: a level, or directives such as `info,docket=debug`.
        filter: String = "info".to_owned(), log_filter;
    }

    /// Limits of the listener.
    http: Http {
        /// Connections open at once; further ones are answered 503. 1 to 65536.
        connections: usize = 4096, within(1, 65_536);
        /// Seconds in which a request's head must have arrived. 1 to 300.
        header_seconds: u32 = 10, within(1, 300);
        /// Bytes of a request's body. 1 KiB to 64 MiB.
        body_bytes: usize = 1_048_576, within(1024, 67_108_864);
        /// Seconds in which a request's body must have arrived. 1 to 3600.
        body_seconds: u32 = 30, within(1, 3600);
        /// Seconds in which a request must be answered; streams are exempt. 1 to 3600.
        request_seconds: u32 = 60, within(1, 3600);
        /// Seconds that open requests get to finish after a signal to stop. 0 to 3600.
        shutdown_seconds: u32 = 25, within(0, 3600);
        /// Subscriptions open on one websocket. 1 to 10000.
        streams_per_socket: usize = 100, within(1, 10_000);
        /// Seconds in which a websocket must send `connection_init`. 1 to 300.
        socket_init_seconds: u32 = 10, within(1, 300);
        /// Seconds between the signs of life on an idle stream. 1 to 300.
        keepalive_seconds: u32 = 15, within(1, 300);
    }

    /// Limits of one GraphQL document.
    graphql: Graphql {
        /// Bytes of the document. 256 B to 1 MiB.
        document_bytes: usize = 65_536, within(256, 1_048_576);
        /// Tokens of the document. 10 to 100000.
        tokens: usize = 10_000, within(10, 100_000);
        /// Depth of nested fields. 3 to 50.
        depth: usize = 12, within(3, 50);
        /// Cost of one request, as `extensions.cost` counts it. 10 to 1000000.
        cost: u32 = 1000, within(10, 1_000_000);
        /// Points of cost that one caller may spend in a minute on this server; 0 sets no bound. 0 to 100000000, and
        /// otherwise at least `cost`.
        cost_per_minute: u32 = 0, within(0, 100_000_000);
        /// Aliased fields. 0 to 1000.
        aliases: usize = 30, within(0, 1000);
        /// Directives on one element. 1 to 50.
        directives: usize = 5, within(1, 50);
        /// Documents that are kept parsed and checked. 1 to 100000.
        cached_documents: usize = 1024, within(1, 100_000);
    }

    /// How jobs are worked on.
    jobs: Jobs {
        /// Seconds that a worker holds a job without a heartbeat. 1 to 86400.
        lease_seconds: u32 = 30, within(1, 86_400);
        /// Seconds between two heartbeats, as workers are told. 1 to 3600, and less than `lease_seconds`.
        heartbeat_seconds: u32 = 10, within(1, 3600);
        /// Seconds between two searches for expired leases. 1 to 3600.
        sweep_seconds: u32 = 5, within(1, 3600);
        /// Attempts that a job gets when its service does not say. 1 to 100.
        max_attempts: u32 = 3, within(1, 100);
        /// Seconds that one attempt may run when its service does not say. 1 to 2592000 (30 days).
        max_run_seconds: u32 = 3600, within(1, 2_592_000);
        /// Seconds to wait before the second attempt; doubled before each further one. 0 to 86400.
        backoff_seconds: u32 = 5, within(0, 86_400);
        /// Bytes of a job's parameters as JSON. 1 KiB to 16 MiB, and less than `http.body_bytes`.
        parameters_bytes: usize = 262_144, within(1024, 16_777_216);
        /// Bytes of a job's results as JSON. 1 KiB to 16 MiB, and less than `http.body_bytes`.
        results_bytes: usize = 786_432, within(1024, 16_777_216);
    }

    /// Files that people and workers bring.
    files: Files {
        /// Where they lie: a folder, relative to the working directory, made by the first upload. In a build with the
        /// feature `s3` also `s3://bucket/prefix`, with the access in the usual `AWS_` variables.
        store: String = "docket-files".to_owned(), files_store;
        /// Bytes of one file. 1 KiB to 50 GiB.
        upload_bytes: u64 = 1_073_741_824, within(1024, 53_687_091_200);
        /// Seconds that one upload may take. 1 to 86400.
        upload_seconds: u32 = 3600, within(1, 86_400);
        /// Uploads at once; each takes up to 8 MiB of memory, in a folder 1 MiB. 1 to 1000.
        uploads: usize = 32, within(1, 1000);
        /// Hours after which a file that is attached to nothing is deleted. 1 to 8760.
        unattached_hours: u32 = 24, within(1, 8760);
        /// Bytes of such files that one user may have. 1 KiB to 1 PiB.
        unattached_bytes: u64 = 10_737_418_240, within(1024, 1_125_899_906_842_624);
    }

    /// The log of events and its followers.
    events: Events {
        /// Days after which events are deleted. 1 to 3650.
        retention_days: u32 = 30, within(1, 3650);
        /// Milliseconds between two looks for events of other processes. 10 to 60000.
        poll_millis: u32 = 500, within(10, 60_000);
        /// Events that a slow reader may lag behind before it is told of a gap and fed from the log. One ring of the
        /// newest events serves all readers: at up to some 2 KiB each it bounds their memory. 10 to 100000.
        lag_events: usize = 1000, within(10, 100_000);
    }

    /// How other servers are asked what they offer. Nobody is asked before an admin has registered a server.
    federation: Federation {
        /// The hosts at which servers may be registered, without a port; none named lets admins register any.
        hosts: Vec<String> = Vec::new(), hosts;
        /// Seconds between two probes of a server that answers; they grow to an hour while it does not. 5 to 86400.
        probe_seconds: u32 = 60, within(5, 86_400);
        /// Seconds that one probe may take in all. 1 to 50.
        timeout_seconds: u32 = 10, within(1, 50);
        /// Seconds between two searches for servers that are due. 1 to 3600.
        look_seconds: u32 = 5, within(1, 3600);
        /// Bytes of all answers of one probe. 1 KiB to 64 MiB.
        answer_bytes: usize = 4_194_304, within(1024, 67_108_864);
        /// Services that are taken from one server; further ones are left out. 1 to 10000.
        services: usize = 1000, within(1, 10_000);
    }

    /// How long a login lasts.
    sessions: Sessions {
        /// Hours without a request after which a session ends. 1 to 8760, and at most `absolute_hours`.
        idle_hours: u32 = 168, within(1, 8760);
        /// Hours after which a session ends in any case. 1 to 8760.
        absolute_hours: u32 = 720, within(1, 8760);
    }

    /// Mail: links to activate accounts and to set new passwords.
    mail: Mail {
        /// The mail server's name or address. Without one, mails become files in `mail.folder`.
        host: String = String::new(), any;
        /// Its port; 0 is the usual one: 465 with `tls`, 587 with `starttls`, 25 with `none`. 0 to 65535.
        port: u32 = 0, within(0, 65_535);
        /// `tls` from the first byte, `starttls` (and nothing is sent without it), or `none`.
        security: MailSecurity = MailSecurity::Tls, any;
        /// The name to log in with; without one docket does not log in.
        username: String = String::new(), any;
        /// Its password: only as the variable `DOCKET_MAIL_PASSWORD`. It is never shown.
        password: Hidden = Hidden::default(), any;
        /// A file that holds the password instead; a line break at its end does not count.
        password_file: String = String::new(), any;
        /// A file with certificates (PEM) that are trusted beside the usual ones.
        ca_file: String = String::new(), any;
        /// The sender: `docket@example.org`, or `docket <docket@example.org>`.
        from: String = "docket@localhost".to_owned(), mailbox;
        /// Seconds that an attempt to hand a mail over may take. 1 to 60.
        timeout_seconds: u32 = 10, within(1, 60);
        /// Hours after which a mail that nobody takes is given up; one with a link sooner, when the link ends. 1 to 168.
        give_up_hours: u32 = 24, within(1, 168);
        /// Milliseconds between two looks for mails that are due. 100 to 3600000.
        poll_millis: u32 = 1000, within(100, 3_600_000);
        /// The folder for mails when there is no mail server, relative to the working directory.
        folder: String = "docket-mail".to_owned(), any;
        /// A folder with templates that stand in for the built-in ones, file by file.
        templates: String = String::new(), any;
    }

    /// Tries an hour, over all servers of a database; 0 sets no bound. A counter empties evenly.
    limits: Limits {
        /// Wrong log-ins from one address. 0 to 1000000.
        log_ins_per_address: u32 = 300, within(0, 1_000_000);
        /// Wrong log-ins to one account from one address. 0 to 1000000.
        log_ins_per_account_and_address: u32 = 20, within(0, 1_000_000);
        /// Wrong log-ins to one account from all addresses that are new to its user. 0 to 1000000.
        log_ins_per_account: u32 = 100, within(0, 1_000_000);
        /// Sign-ups from one address. 0 to 1000000.
        sign_ups_per_address: u32 = 30, within(0, 1_000_000);
        /// Mails that one address has sent to people: resent activations, links to set a password. 0 to 1000000.
        mails_per_address: u32 = 60, within(0, 1_000_000);
        /// Such mails to one person. 0 to 1000000.
        mails_per_account: u32 = 6, within(0, 1_000_000);
        /// Wrong secrets of OAuth clients from one address. 0 to 1000000.
        wrong_secrets_per_address: u32 = 300, within(0, 1_000_000);
    }

    /// Short-lived tokens for programs, by OAuth 2.
    oauth: Oauth {
        /// Whether clients may send a user's name and password for a token (RFC 6749, 4.3), and so see both.
        password_grant: bool = false, any;
        /// Seconds after which such a token ends. 60 to 2592000.
        token_seconds: u32 = 3600, within(60, 2_592_000);
    }

    /// What is remembered of what people did.
    audit: Audit {
        /// Days after which entries of the audit are deleted. 1 to 36500.
        retention_days: u32 = 365, within(1, 36_500);
    }

    /// How passwords are hashed (Argon2id) and what they must be.
    passwords: Passwords {
        /// KiB of memory of one hash. 8192 to 1048576; 19456 is the least that OWASP recommends.
        memory_kib: u32 = 19_456, within(8192, 1_048_576);
        /// Passes over that memory. 1 to 10.
        iterations: u32 = 2, within(1, 10);
        /// Hashes computed at once; 0 is one for each core. 0 to 64.
        parallel: usize = 0, within(0, 64);
        /// Callers that may wait for a hash; further ones are told to come back. 1 to 10000.
        waiting: usize = 64, within(1, 10_000);
        /// Characters that a new password must have. 6 to 128.
        min_length: usize = 8, within(6, 128);
        /// How hard a new password must be to guess, as zxcvbn estimates it: 0 takes any, 1 stops the very common ones, 2
        /// what a log-in form withstands, 3 and 4 what a stolen hash does. 0 to 4.
        min_score: u32 = 2, within(0, 4);
    }

    /// Who may sign up, and what a mailed link is good for.
    sign_up: SignUp {
        /// Whether people sign up by themselves.
        enabled: bool = true, any;
        /// The domains (`example.org`) of the addresses that may sign up; none lets all.
        email_domains: Vec<String> = Vec::new(), domains;
        /// Whether who has not confirmed the address may log in.
        unverified_may_log_in: bool = true, any;
        /// Whether who has not confirmed the address may submit jobs.
        unverified_may_submit: bool = false, any;
        /// Whether answers tell that an address has an account, or has none.
        reveals_users: bool = false, any;
        /// Hours for which a link to confirm an address is good. 1 to 8760.
        activation_hours: u32 = 24, within(1, 8760);
        /// Hours for which a link to set a new password is good. 1 to 168.
        reset_hours: u32 = 1, within(1, 168);
        /// Whether callers get an account without a name, for as long as they use it.
        anonymous_users: bool = false, any;
        /// Days without a sign of life after which such an account is deleted, if it has no jobs. 1 to 3650.
        anonymous_days: u32 = 30, within(1, 3650);
    }

    /// The old API of Project-W.
    project_w as "compat.project_w" at "/api": ProjectW {
        /// Where its web page is, which mails link to; it may end in `/#`. The server's `public_url` when it is empty.
        client_url: String = String::new(), client_url;
        /// The domains of the addresses that may sign up there; none lets all.
        email_domains: Vec<String> = Vec::new(), domains;
        /// Whether people sign up there.
        sign_up: bool = true, any;
        /// Minutes after which a log-in made there ends. 5 to 525600.
        session_minutes: u32 = 60, within(5, 525_600);
        /// Which version it says that it is.
        version: String = "0.2.0".to_owned(), any;
        /// Bytes of a form that brings a transcript. 1 KiB to 64 MiB.
        result_bytes: usize = 67_108_864, within(1024, 67_108_864);
    }

    /// The old API of TopChef.
    topchef as "compat.topchef" at "/topchef", anonymous_as: Topchef {
        /// What `GET /` says: where the documentation is.
        documentation_url: String = "https://topchef.readthedocs.io".to_owned(), any;
        /// Who looks after the server.
        maintainer_name: String = "docket".to_owned(), any;
        /// Where to write to.
        maintainer_email: String = "root@localhost".to_owned(), any;
        /// Where its sources are.
        source_repository: String = "https://localhost/docket".to_owned(), any;
        /// Which version it is.
        version: String = "0.1dev".to_owned(), any;
        /// Bytes of a body that brings parameters or results. 1 KiB to 64 MiB.
        body_bytes: usize = 16_777_216, within(1024, 67_108_864);
    }

    /// The old API of backrest.
    backrest as "compat.backrest" at "/-": Backrest {
        /// What stands before `/-/` in the links of its mails. The server's `public_url` when it is empty.
        client_url: String = String::new(), client_url;
        /// Whether people sign up there.
        sign_up: bool = true, any;
        /// Whether its answers tell that an address has an account, or has none, as the old ones did.
        reveals_users: bool = true, any;
        /// Where who has confirmed an account is sent: a path below `client_url`, or an address.
        redirect_signup: String = "/#/welcome".to_owned(), redirect;
        /// Where who has confirmed a new address is sent.
        redirect_email: String = "/#/email-changed".to_owned(), redirect;
        /// Where a link to set a new password leads; `%s` stands for what the link carries.
        redirect_reset: String = "/#/reset/%s".to_owned(), redirect_with_token;
        /// Bytes of a body that brings content, with the file in it. 1 KiB to 64 MiB.
        body_bytes: usize = 33_554_432, within(1024, 67_108_864);
        /// The types of content, a table `[[compat.backrest.content]]` each: its `name`, whether its path is `plural`,
        /// the field that brings a `file`, and a JSON `schema` of its own fields, as a table or in a file.
        content: Vec<ContentType> = Vec::new(), any;
    }

    /// The old API of Mobyle2.
    mobyle2 as "compat.mobyle2" at "/mobyle2": Mobyle2 {}

    /// The old API of MyBRC.
    mybrc as "compat.mybrc" at "/mybrc", anonymous_as: Mybrc {
        /// What its answers follow: the document of the API (`documented`), or the program behind it (`as-built`).
        profile: MybrcProfile = MybrcProfile::Documented, any;
    }

    /// The old API of the REST service that MyBRC's Slurm plugins call.
    mybrc_rest as "compat.mybrc_rest" at "/mybrc-rest", anonymous_as: MybrcRest {
        /// The cluster's partitions with their numbers in MyBRC, -128 to 127, and what else is known of them:
        /// `savio=1`, or `savio=1 nodes=160 cores=3200 price=0.75 shared`. A name that is not here has the number 0.
        partitions: Vec<String> = Vec::new(), partitions;
        /// The qualities of service with their numbers in MyBRC, -32768 to 32767: `savio_normal=1`.
        qos: Vec<String> = Vec::new(), numbers(-32_768, 32_767);
        /// The states of jobs with their numbers in MyBRC, -128 to 127: `COMPLETED=4`.
        states: Vec<String> = Vec::new(), numbers(-128, 127);
        /// Seconds for which a check that lets a job in keeps its cost free on the account, until the job is reported; 0
        /// keeps nothing free. At most a day.
        reserve_on_check_seconds: u32 = 0, within(0, 86_400);
        /// Whether every check whose question is right lets the job in, whatever the account has.
        allow_all_jobs: bool = false, any;
    }
}
