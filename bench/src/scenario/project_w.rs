//! Project-W's API: the list and the full view of 1,000 jobs, and the memory that a recording of almost a GiB costs on
//! its way in.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Result;
use crate::client::{Connection, get};
use crate::programs::Fleet;
use crate::report::{Figure, Line};
use crate::server::Server;
use crate::world::World;

/// Jobs that are listed and looked at.
const JOBS: usize = 1_000;
/// Milliseconds of the server's processor time for all their numbers.
const LIST_TARGET: f64 = 20.0;
/// The same for all of what is shown of them.
const INFO_TARGET: f64 = 10.0;
/// How often each is asked for.
const TIMES: u32 = 50;
/// Millions of bytes that an upload may add to the server's memory.
const MEMORY_TARGET: f64 = 64.0;
/// Bytes of the recording: as many whole MiB as go below the bound of a GiB.
const RECORDING: usize = 1_023 * 1_048_576;
const CHUNK: usize = 65_536;
const START: &str = "--xyz\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\n";
const END: &str = "\r\n--xyz--\r\n";

/// See above.
pub async fn project_w(fleet: &Fleet, world: &World) -> Result<Vec<Line>> {
    let docket = &fleet.docket;
    let mut connection = Connection::open(docket.address).await?;
    let mut numbers = Vec::with_capacity(JOBS);
    for _ in 0..JOBS {
        let body = format!("{START}sound{END}");
        let request = format!("{}{body}", head(&world.user, body.len()));
        let answer = connection.send_json(request.as_bytes()).await?;
        let number = answer["jobId"].as_i64().ok_or_else(|| format!("no job was made: {answer}"))?;
        numbers.push(number.to_string());
    }
    let list = cost(docket, &mut connection, &get("/api/jobs/list", &world.user)).await?;
    let path = format!("/api/jobs/info?jobIds={}", numbers.join(","));
    let info = cost(docket, &mut connection, &get(&path, &world.user)).await?;
    let memory = upload(docket, &world.user).await?;
    let line = |scenario, value, unit| Line::figure(scenario, "docket, Project-W", Figure { value, unit });
    Ok(vec![
        line("list of 1,000 jobs", list, "ms of CPU").at_most(LIST_TARGET),
        line("info of 1,000 jobs", info, "ms of CPU").at_most(INFO_TARGET),
        line("upload of a GiB", memory, "MB").at_most(MEMORY_TARGET),
    ])
}

fn head(token: &str, length: usize) -> String {
    format!(
        "POST /api/jobs/submit HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\
         content-type: multipart/form-data; boundary=xyz\r\ncontent-length: {length}\r\n\r\n"
    )
}

/// Milliseconds of the server's processor time per request, after a few that warm up.
async fn cost(server: &Server, connection: &mut Connection, request: &[u8]) -> Result<f64> {
    for _ in 0..3 {
        connection.send(request).await?;
    }
    let begin = server.cpu()?;
    for _ in 0..TIMES {
        connection.send(request).await?;
    }
    Ok(server.cpu()?.since(begin).server.as_secs_f64() * 1e3 / f64::from(TIMES))
}

/// Sends a large recording, and gives the millions of bytes that the server grew by at most meanwhile.
async fn upload(server: &Server, token: &str) -> Result<f64> {
    let before = server.resident()?;
    let mut most = before;
    let mut stream = TcpStream::connect(server.address).await?;
    stream.write_all(head(token, START.len() + RECORDING + END.len()).as_bytes()).await?;
    stream.write_all(START.as_bytes()).await?;
    let chunk = vec![b'x'; CHUNK];
    for number in 0..RECORDING / CHUNK {
        stream.write_all(&chunk).await?;
        if number % 64 == 0 {
            most = most.max(server.resident()?);
        }
    }
    stream.write_all(END.as_bytes()).await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    if answer != *b"HTTP/1.1 200" {
        return Err(format!("a large recording was answered with {}", String::from_utf8_lossy(&answer)).into());
    }
    let more = most.max(server.resident()?).saturating_sub(before);
    Ok(f64::from(u32::try_from(more / 1000).unwrap_or(u32::MAX)) / 1e3)
}
