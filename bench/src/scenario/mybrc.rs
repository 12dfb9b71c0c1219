//! `MyBRC`'s API over as many jobs as the old server had: what it takes to take them over, reading one of them beside
//! GraphQL, long lists, and a change.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use serde_json::json;

use super::read::ask;
use crate::Result;
use crate::client::{get, patch};
use crate::load::{Contender, Plan, Repeat, alternate};
use crate::operations::Expect;
use crate::programs::{Fleet, Programs};
use crate::report::{Cost, Figure, Line};
use crate::requests::graphql;
use crate::world::World;

/// How often GraphQL's processor time the same job through the old API may cost.
const OBJECT_TARGET: f64 = 1.5;
/// How often the processor time of a one-row update a change may cost, the database's included.
const CHANGE_TARGET: f64 = 3.0;
/// Milliseconds of processor time, the database's included, that the first page may cost: on SQLite and on PostgreSQL.
const FIRST_TARGET: [f64; 2] = [2.0, 1.0];
/// The same of a page in the depth, and of one whose filter has an index, of [`OLD_ROWS`] jobs.
const PAGE_TARGET: f64 = 5.0;
/// Seconds that taking over [`OLD_ROWS`] jobs may last.
const IMPORT_TARGET: f64 = 30.0;
/// How many jobs the old server had: the targets in milliseconds and seconds are for so many.
const OLD_ROWS: u32 = 171_609;
/// Users and accounts that share the jobs.
const USERS: u32 = 1_000;
const ACCOUNTS: u32 = 200;
/// Jobs that are changed in turn, each to one amount and back.
const CHANGED: u32 = 500;
/// What the old API shows of a job, by GraphQL.
const JOB: &str = "query Job($number: Int!) { job(dialect: MYBRC, number: $number) { dialectNumber slurm { jobId partition \
                   qos stateCode } submittedAt startedAt finishedAt owner { legacyNumber(dialect: MYBRC) } \
                   account { legacyNumber(dialect: MYBRC) } amount createdAt updatedAt } }";

/// Writes the old tables with so many jobs, and takes them over into docket's database, which no server may have open.
pub fn import(programs: &Programs<'_>, rows: u32) -> Result<Vec<Line>> {
    let folder = programs.place.folder().join("mybrc");
    fs::create_dir(&folder)?;
    write_tables(&folder, rows)?;
    let begin = Instant::now();
    programs.import("mybrc", &folder)?;
    let value = begin.elapsed().as_secs_f64();
    fs::remove_dir_all(&folder)?;
    let each = Figure { value: value * 1e6 / f64::from(rows), unit: "us a job" };
    let whole = Line::figure("MyBRC, import", "docket", Figure { value, unit: "s" });
    let whole = if rows == OLD_ROWS { whole.at_most(IMPORT_TARGET) } else { whole };
    Ok(vec![whole, Line::figure("MyBRC, import", "docket", each)])
}

/// See the module. `rows` jobs were imported.
pub async fn mybrc(plan: Plan, fleet: &Fleet, world: &World, rows: u32, postgres: bool) -> Result<Vec<Line>> {
    let mut lines = one_job(plan, fleet, world).await?;
    lines.extend(pages(plan, fleet, world, (rows, postgres)).await?);
    lines.extend(changes(plan, fleet, world).await?);
    Ok(lines)
}

async fn one_job(plan: Plan, fleet: &Fleet, world: &World) -> Result<Vec<Line>> {
    let numbers = || 2..1_002_u32;
    let old = |number| {
        let request = get(&format!("/mybrc/jobs/{number}/"), &world.admin);
        Expect { request, part: format!("\"jobnumber\":{number},") }
    };
    let new = |number| {
        let request = graphql(Some(&world.admin), JOB, &json!({ "number": number }))?;
        Ok(Expect { request, part: format!("\"dialectNumber\":{number},") })
    };
    let old = ask("docket, MyBRC", &fleet.docket, numbers().map(old).collect());
    let new = ask("docket, GraphQL", &fleet.docket, numbers().map(new).collect::<Result<_>>()?);
    let samples = alternate(plan, &[&old, &new]).await?;
    Ok(vec![
        Line::compared("MyBRC, one job", old.name(), &samples[0], &samples[1], Cost::Server).at_most(OBJECT_TARGET),
        Line::load("MyBRC, one job", new.name(), &samples[1]),
    ])
}

/// The first page, one in the middle, and one of each filter; the last filter has no index.
async fn pages(plan: Plan, fleet: &Fleet, world: &World, (rows, postgres): (u32, bool)) -> Result<Vec<Line>> {
    let middle = format!("?page={}", (rows / 200).max(1));
    let filters: [(&str, &str); 9] = [
        ("MyBRC, first page", ""),
        ("MyBRC, deep page", &middle),
        ("MyBRC, by user", "?userid=7"),
        ("MyBRC, by account", "?accountid=7"),
        ("MyBRC, by status", "?status=2"),
        ("MyBRC, by slurm id", "?jobslurmid=7"),
        ("MyBRC, by partition", "?partition=3"),
        ("MyBRC, by qos", "?qos=5"),
        ("MyBRC, by amount", "?amount=12.25"),
    ];
    let asked: Vec<Repeat<'_>> = filters
        .iter()
        .map(|(_, query)| {
            let request = get(&format!("/mybrc/jobs/{query}"), &world.admin);
            let page: Rc<[Expect]> = Rc::from([Expect { request, part: "\"jobnumber\":[".to_owned() }]);
            ask("docket, MyBRC", &fleet.docket, page)
        })
        .collect();
    let contenders: Vec<&dyn Contender> = asked.iter().map(|one| one as &dyn Contender).collect();
    let samples = alternate(plan, &contenders).await?;
    let mut lines = Vec::new();
    for ((scenario, query), sample) in filters.iter().zip(&samples) {
        lines.push(Line::compared(scenario, "docket, MyBRC", sample, &samples[0], Cost::ServerAndDatabase));
        let whole = Line::whole_cost(scenario, "docket, MyBRC", sample);
        let target = match *query {
            // Nothing is promised of what has no index.
            "?amount=12.25" => None,
            "" => Some(FIRST_TARGET[usize::from(postgres)]),
            _ => Some(PAGE_TARGET).filter(|_| rows == OLD_ROWS),
        };
        lines.extend(whole.map(|line| match target {
            Some(target) => line.at_most(target),
            None => line,
        }));
    }
    Ok(lines)
}

async fn changes(plan: Plan, fleet: &Fleet, world: &World) -> Result<Vec<Line>> {
    // The second half of the list takes back what the first one does: each request changes something.
    let turns = || (0..2 * CHANGED).map(|turn| (2 + turn % CHANGED, 1 + turn / CHANGED));
    let change = |path: String, amount: u32, part: &str| {
        let request = patch(&path, &world.admin, &json!({ "amount": amount }))?;
        Ok(Expect { request, part: format!("\"amount\":{amount}{part}") })
    };
    let old = turns().map(|(number, amount)| change(format!("/mybrc/jobs/{number}/"), amount, ".0"));
    let floor = turns().map(|(number, amount)| change(format!("/recorded/{number}"), amount, ""));
    let old = ask("docket, MyBRC", &fleet.docket, old.collect::<Result<_>>()?);
    let rows: Rc<[Expect]> = floor.collect::<Result<_>>()?;
    let floor = ask("floor", &fleet.floor, Rc::clone(&rows));
    let single = fleet.floor_single.as_ref().map(|single| ask("floor, single commits", single, rows));
    let mut contenders: Vec<&dyn Contender> = vec![&old, &floor];
    contenders.extend(single.iter().map(|single| single as &dyn Contender));
    let samples = alternate(plan, &contenders).await?;
    let scenario = "MyBRC, change of amount";
    let docket = Line::compared(scenario, old.name(), &samples[0], &samples[1], Cost::ServerAndDatabase);
    let others = contenders.iter().zip(&samples).skip(1);
    Ok(std::iter::once(docket.at_most(CHANGE_TARGET))
        .chain(others.map(|(contender, sample)| Line::load(scenario, contender.name(), sample)))
        .collect())
}

/// The four tables as the old database exports them.
fn write_tables(folder: &Path, rows: u32) -> Result<()> {
    const AT: &str = "2018-06-05 13:27:34";
    let mut users = "UserID,UserName,UserMetadata,Email,LDAPUID,Created,Updated\n".to_owned();
    for number in 1..=USERS {
        writeln!(users, "{number},user{number},none,user{number}@example.org,{},{AT},{AT}", 40_000 + number)?;
    }
    fs::write(folder.join("users.csv"), users)?;
    let mut accounts =
        "AccountID,AccountName,AccountAllocation,AccountBalance,Type,Description,Created,Updated\n".to_owned();
    let mut members = "id,UserID,AccountID,UserAllocation,UserBalance,Created,Updated\n".to_owned();
    for number in 1..=ACCOUNTS {
        writeln!(accounts, "{number},fc_{number},1000000,1000000,FCA,An account,{AT},{AT}")?;
    }
    for number in 1..=USERS {
        writeln!(members, "{number},{number},{},1000,1000,{AT},{AT}", 1 + number % ACCOUNTS)?;
    }
    fs::write(folder.join("accounts.csv"), accounts)?;
    fs::write(folder.join("useraccountassociations.csv"), members)?;
    let mut jobs = BufWriter::new(File::create(folder.join("jobs.csv"))?);
    writeln!(
        jobs,
        "JobNumber,JobSlurmID,SubmitDate,StartDate,EndDate,UserID,AccountID,Amount,JobStatus,Partition,QOS,Created,Updated"
    )?;
    for number in 1..=rows {
        let (user, account) = (1 + number % USERS, 1 + number % USERS % ACCOUNTS);
        let amount = f64::from(number % 400) / 4.0;
        writeln!(
            jobs,
            "{number},{number},2017-07-18 08:39:29,2017-07-19 08:39:29,2017-07-20 08:39:29,{user},{account},{amount},{},{},{},\
             {AT},{AT}",
            1 + number % 8,
            1 + number % 12,
            1 + number % 20
        )?;
    }
    Ok(jobs.flush()?)
}
