//! The fields of a job, and what may stand in them.

use serde_json::Value;

use crate::compat::form::Fields;
use crate::compat::moment::{self, Moment};
use crate::compat::numbered::whole;

/// What is wrong, by field.
pub(super) type Wrong = Vec<(&'static str, String)>;

/// What a body says of a job; what is absent was not said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct JobBody {
    pub(super) slurm_id: Option<String>,
    pub(super) user: Option<String>,
    pub(super) account: Option<String>,
    pub(super) submitted: Option<Moment>,
    pub(super) started: Option<Moment>,
    pub(super) finished: Option<Moment>,
    pub(super) amount: Option<String>,
    pub(super) state: Option<String>,
    pub(super) partition: Option<String>,
    pub(super) qos: Option<String>,
    pub(super) nodes: Vec<String>,
    pub(super) cpus: Option<i32>,
    pub(super) nodes_requested: Option<i32>,
    pub(super) nodes_allocated: Option<i32>,
    pub(super) raw_hours: Option<f64>,
    pub(super) cpu_hours: Option<f64>,
}

/// Reads a body. Names that are none are passed over; of several values of one name the last one counts.
pub(super) fn read(body: &Fields, required: &[&str]) -> Result<JobBody, Wrong> {
    let mut reader = Reader { body, required, wrong: Vec::new() };
    let job = JobBody {
        slurm_id: reader.field("jobslurmid", text),
        user: reader.field("userid", text),
        account: reader.field("accountid", text),
        submitted: reader.field("submitdate", date).flatten(),
        started: reader.field("startdate", date).flatten(),
        finished: reader.field("enddate", date).flatten(),
        amount: reader.field("amount", amount),
        state: reader.field("jobstatus", text),
        partition: reader.field("partition", text),
        qos: reader.field("qos", text),
        nodes: reader.field("nodes", |value| Ok(nodes(value))).unwrap_or_default(),
        cpus: reader.field("num_cpus", integer),
        nodes_requested: reader.field("num_req_nodes", integer),
        nodes_allocated: reader.field("num_alloc_nodes", integer),
        raw_hours: reader.field("raw_time", float),
        cpu_hours: reader.field("cpu_time", float),
    };
    if reader.wrong.is_empty() { Ok(job) } else { Err(reader.wrong) }
}

struct Reader<'a> {
    body: &'a Fields,
    required: &'a [&'a str],
    wrong: Wrong,
}

impl Reader<'_> {
    fn field<T>(&mut self, name: &'static str, read: fn(&Value) -> Result<T, String>) -> Option<T> {
        let required = self.required.contains(&name);
        let given = self.body.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value);
        let problem = match given {
            None if required => "This field is required.".to_owned(),
            Some(Value::Null) if required => "This field may not be null.".to_owned(),
            None | Some(Value::Null) => return None,
            // A form has no other way to say nothing.
            Some(Value::String(text)) if text.trim().is_empty() && !required => return None,
            Some(value) => match read(value) {
                Ok(value) => return Some(value),
                Err(problem) => problem,
            },
        };
        self.wrong.push((name, problem));
        None
    }
}

fn text(value: &Value) -> Result<String, String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return Err("Not a valid string.".to_owned()),
    };
    if text.contains('\0') {
        return Err("Null characters are not allowed.".to_owned());
    }
    if text.is_empty() { Err("This field may not be blank.".to_owned()) } else { Ok(text) }
}

/// A moment. Slurm says 1970 of what did not happen.
fn date(value: &Value) -> Result<Option<Moment>, String> {
    let at = value.as_str().and_then(|text| moment::read(text.trim())).ok_or_else(|| moment::SHAPE.to_owned())?;
    Ok(Some(at).filter(|at| at.timestamp() != 0))
}

fn amount(value: &Value) -> Result<String, String> {
    decimal(&text(value)?)
}

/// A decimal number that is not negative, of at most eleven digits, two of them after the point.
pub(super) fn decimal(text: &str) -> Result<String, String> {
    let unsigned = text.trim_start_matches(['-', '+']);
    let (units, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if units.len() + fraction.len() == 0 || !digits(units) || !digits(fraction) || text.len() > unsigned.len() + 1 {
        return Err("A valid number is required.".to_owned());
    }
    let units = units.trim_start_matches('0');
    if fraction.len() > 2 {
        return Err("Ensure that there are no more than 2 decimal places.".to_owned());
    }
    if units.len() + fraction.len() > 11 {
        return Err("Ensure that there are no more than 11 digits in total.".to_owned());
    }
    let (units, fraction) =
        (if units.is_empty() { "0" } else { units }, if fraction.is_empty() { "0" } else { fraction });
    if text.starts_with('-') && (units, fraction.trim_matches('0')) != ("0", "") {
        return Err("Ensure this value is greater than or equal to 0.".to_owned());
    }
    Ok(format!("{units}.{fraction}"))
}

fn integer(value: &Value) -> Result<i32, String> {
    let number = match value {
        Value::String(text) => whole(text),
        Value::Number(number) => whole(&number.to_string()),
        _ => None,
    };
    let number = number.ok_or_else(|| "A valid integer is required.".to_owned())?;
    if number < 0 {
        return Err("Ensure this value is greater than or equal to 0.".to_owned());
    }
    i32::try_from(number).map_err(|_| format!("Ensure this value is less than or equal to {}.", i32::MAX))
}

fn float(value: &Value) -> Result<f64, String> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_f64(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite()).ok_or_else(|| "A valid number is required.".to_owned())
}

/// Names of nodes. The scripts send other things in a form, which never counted.
fn nodes(value: &Value) -> Vec<String> {
    let Value::Array(nodes) = value else { return Vec::new() };
    let names = nodes.iter().filter_map(|node| node.get("name").unwrap_or(node).as_str());
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(value: &Value) -> Fields {
        value.as_object().expect("an object").clone().into_iter().collect()
    }

    #[test]
    fn amounts_have_eleven_digits_and_two_places() {
        for (text, right) in
            [("1", "1.0"), ("001.5", "1.5"), ("-0.00", "0.00"), (".5", "0.5"), ("999999999.99", "999999999.99")]
        {
            assert_eq!(decimal(text).as_deref(), Ok(right), "{text}");
        }
        for wrong in ["", ".", "-", "1e3", "NaN", "--1", "1.234", "9999999999.99", "-1", "1,5", "١"] {
            assert!(decimal(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_a_script_sends_in_a_form_is_read_as_far_as_it_counts() {
        let form = body(&json!({ "nodes": "['n0001.savio1']", "num_cpus": "20", "raw_time": "0.5", "enddate": "" }));
        let read = read(&form, &[]).expect("it is right");
        assert_eq!(read, JobBody { cpus: Some(20), raw_hours: Some(0.5), ..JobBody::default() });
    }

    #[test]
    fn everything_that_is_wrong_is_told() {
        let wrong = read(
            &body(
                &json!({ "jobslurmid": null, "accountid": [], "amount": "x", "startdate": "2020-01-01", "num_cpus": -1,
                "cpu_time": "NaN", "nodes": 5 }),
            ),
            &["jobslurmid", "userid"],
        );
        let names: Vec<_> = wrong.expect_err("much is wrong").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["jobslurmid", "userid", "accountid", "startdate", "amount", "num_cpus", "cpu_time"]);
    }

    #[test]
    fn what_did_not_happen_was_in_1970() {
        let read =
            read(&body(&json!({ "startdate": "1970-01-01T00:00:00+00:00", "nodes": [{ "name": "n1" }, "n2"] })), &[]);
        assert_eq!(read, Ok(JobBody { nodes: vec!["n1".to_owned(), "n2".to_owned()], ..JobBody::default() }));
    }
}
