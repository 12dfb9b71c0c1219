//! The programs that are measured, and the folder that they keep their files in.

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Result;
use crate::server::{Server, free_address};

/// The password of the first admin of the seeded database. It lives as long as the folder does.
pub const ADMIN_PASSWORD: &str = "bench: a password nobody else needs";

/// An ordinary user, who makes services, owns all jobs and asks for them.
pub const USER: &str = "bench";

/// That user's password.
pub const USER_PASSWORD: &str = "bench: another password nobody needs";

/// Where the executables are, and a folder that is removed at the end.
pub struct Programs {
    docket: PathBuf,
    folder: TempDir,
}

/// The servers under load. They run side by side; each is idle while another one is measured.
pub struct Fleet {
    /// docket.
    pub docket: Server,
    /// The floor with group commit, as docket has it.
    pub floor: Server,
    /// The floor with a transaction for every request.
    pub floor_single: Server,
}

impl Fleet {
    /// Stops them all.
    pub fn stop(self) -> Result<()> {
        self.docket.stop()?;
        self.floor.stop()?;
        self.floor_single.stop()
    }
}

impl Programs {
    /// Finds docket's executable: the one given, or the one beside this program, which is built first if cargo runs us,
    /// so that what is measured is the code that is there.
    pub fn find(given: Option<PathBuf>) -> Result<Self> {
        let own = env::current_exe()?;
        let beside = own.parent().ok_or("this program is in no folder")?;
        if given.is_none() {
            build(beside.ends_with("release"))?;
        }
        let docket = given.unwrap_or_else(|| beside.join("docket"));
        if !docket.is_file() {
            let path = docket.display();
            return Err(format!("{path} is not there; build docket first, or name it with DOCKET_BIN").into());
        }
        // Beside the build and not in the system's temporary folder, which may lie in memory, where a commit costs
        // nothing.
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(beside)?;
        Ok(Self { docket: docket.canonicalize()?, folder })
    }

    /// Starts docket on its database.
    pub fn docket(&self) -> Result<Server> {
        let address = free_address()?;
        let mut command = self.docket_command();
        command.arg("serve").env("DOCKET_LISTEN", address.to_string()).env("DOCKET_ADMIN_PASSWORD", ADMIN_PASSWORD);
        Server::start("docket", address, "/readyz", command, &self.log("docket"))
    }

    /// Makes [`USER`] by docket's own command line, which works beside a running server.
    pub fn make_user(&self) -> Result<()> {
        let mut command = self.docket_command();
        command.args(["user", "create", USER, "--role", "service-author", "--password-stdin"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        let mut stdin = child.stdin.take().ok_or("the child has no standard input")?;
        writeln!(stdin, "{USER_PASSWORD}")?;
        drop(stdin);
        let status = child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("docket user create: {status}").into()) }
    }

    /// The file of docket's database.
    pub fn database(&self) -> PathBuf {
        self.file("docket")
    }

    fn docket_command(&self) -> Command {
        let mut command = Command::new(&self.docket);
        // Nothing that the caller has set for another docket may leak into this one.
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DOCKET_")) {
            command.env_remove(name);
        }
        let url = format!("sqlite://{}", self.database().display());
        command.current_dir(self.folder.path()).env("DOCKET_DATABASE_URL", url);
        command
    }

    /// Starts the floor on its copy of the database.
    pub fn floor(&self) -> Result<Server> {
        self.start_floor("floor", &[])
    }

    /// Starts docket and both floors.
    pub fn fleet(&self) -> Result<Fleet> {
        Ok(Fleet {
            docket: self.docket()?,
            floor: self.floor()?,
            floor_single: self.start_floor("floor-single", &["--single-commits"])?,
        })
    }

    /// Copies docket's database, which no process may have open, for both floors.
    pub fn copy_database(&self) -> Result<()> {
        let file = self.file("docket");
        let journal = file.with_extension("db-wal");
        if journal.exists() && journal.metadata()?.len() > 0 {
            return Err("docket left a journal behind, so its database file alone is not whole".into());
        }
        for name in ["floor", "floor-single"] {
            fs::copy(&file, self.file(name))?;
        }
        Ok(())
    }

    fn start_floor(&self, name: &'static str, options: &[&str]) -> Result<Server> {
        let address = free_address()?;
        let mut command = Command::new(env::current_exe()?);
        command.args(["floor", "--listen", &address.to_string()]).arg("--database").arg(self.file(name)).args(options);
        Server::start(name, address, "/readyz", command, &self.log(name))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name).with_extension("db")
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.path().join(name).with_extension("log")
    }
}

fn build(release: bool) -> Result<()> {
    let Some(cargo) = env::var_os("CARGO") else { return Ok(()) };
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "docket", "--bin", "docket"]);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    if release {
        command.arg("--release");
    }
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err("docket does not build".into()) }
}
