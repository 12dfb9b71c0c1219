//! Moments as Django REST framework reads and writes them: MyBRC, and the service that its Slurm plugins call.

use chrono::{DateTime, FixedOffset, NaiveDate, SecondsFormat, Timelike, Utc};

/// A moment in UTC.
pub(super) type Moment = DateTime<Utc>;

/// What is said of text that is none.
pub(super) const SHAPE: &str = "Datetime has wrong format. Use one of these formats instead: \
                                YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";

/// Reads `2018-06-05T13:27:35.5-07:00`: a blank may stand for the T, seconds and zone may be left out, and without a zone
/// it is UTC. A bare date is none.
pub(super) fn read(text: &str) -> Option<Moment> {
    fixed(text).map(|at| at.to_utc())
}

/// The same moment as the framework writes what it has just read: with the offset that it came with.
pub(super) fn echo(text: &str) -> Option<String> {
    let at = fixed(text)?;
    let precision = if at.nanosecond() == 0 { SecondsFormat::Secs } else { SecondsFormat::Micros };
    Some(at.to_rfc3339_opts(precision, true))
}

fn fixed(text: &str) -> Option<DateTime<FixedOffset>> {
    let (date, rest) = text.split_once(['T', ' '])?;
    let date = self::date(date)?;
    let end = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(end);
    let (clock, fraction) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (clock, None),
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (short(parts.next()?)?, short(parts.next()?)?);
    let second = parts.next().map(short);
    let (second, fraction) = match (second, fraction) {
        (None, None) => (0, ""),
        (Some(second), fraction) => (second?, fraction.unwrap_or("0")),
        (None, Some(_)) => return None,
    };
    if parts.next().is_some() || fraction.len() > 12 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let micros = if fraction.is_empty() { 0 } else { format!("{fraction:0<6}")[..6].parse().ok()? };
    date.and_hms_micro_opt(hour, minute, second, micros)?.and_local_timezone(offset(zone)?).single()
}

/// The same where a bare date means its midnight: in filters.
pub(super) fn read_filter(text: &str) -> Option<Moment> {
    let text = text.trim();
    read(text).or_else(|| Some(date(text)?.and_hms_opt(0, 0, 0)?.and_utc()))
}

fn date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('-');
    let year = parts.next().filter(|year| year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (month, day) = (short(parts.next()?)?, short(parts.next()?)?);
    if parts.next().is_some() {
        return None;
    }
    NaiveDate::from_ymd_opt(year.parse().ok()?, month, day)
}

/// One or two digits.
fn short(text: &str) -> Option<u32> {
    let fits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// `Z`, nothing, `+07`, `+0700` or `-07:00`.
fn offset(zone: &str) -> Option<FixedOffset> {
    if zone.is_empty() || zone == "Z" {
        return FixedOffset::east_opt(0);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 => digits.split_at_checked(2)?,
        5 => digits.split_once(':')?,
        _ => return None,
    };
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes) = (short(hours)?, short(minutes)?);
    let minutes = (hours < 24 && minutes < 60).then(|| i32::try_from(hours * 60 + minutes).ok())??;
    FixedOffset::east_opt(sign * minutes * 60)
}

/// Writes one: microseconds only where there are some.
pub(super) fn write(text: &str) -> String {
    let Ok(moment) = DateTime::parse_from_rfc3339(text) else { return text.to_owned() };
    let precision = if moment.nanosecond() == 0 { SecondsFormat::Secs } else { SecondsFormat::Micros };
    moment.to_utc().to_rfc3339_opts(precision, true)
}

/// Writes one to the second: MyBRC's database kept no fractions.
pub(super) fn write_seconds(text: &str) -> String {
    let Ok(moment) = DateTime::parse_from_rfc3339(text) else { return text.to_owned() };
    moment.to_utc().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The second that one lies in.
pub(super) fn second(moment: Moment) -> Moment {
    moment.with_nanosecond(0).unwrap_or(moment)
}

/// As operations take one.
pub(super) fn of(moment: Moment) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Without a zone, for tests of the reader.
#[cfg(test)]
fn naive(text: &str) -> chrono::NaiveDateTime {
    text.parse().expect("a moment")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_read_as_the_old_server_did() {
        for (text, utc) in [
            ("2018-06-05T13:27:35Z", "2018-06-05T13:27:35"),
            ("2018-06-05 13:27", "2018-06-05T13:27:00"),
            ("2018-6-5T1:2:3", "2018-06-05T01:02:03"),
            ("2018-06-05T13:27:35.5-07:00", "2018-06-05T20:27:35.5"),
            ("2018-06-05T13:27:35.123456789+0530", "2018-06-05T07:57:35.123456"),
            ("2018-06-05T13:27:35+02", "2018-06-05T11:27:35"),
        ] {
            assert_eq!(read(text).map(|at| at.naive_utc()), Some(naive(utc)), "{text}");
        }
        let bad = [
            "",
            "2018-06-05",
            "2018-02-30T00:00",
            "2018-06-05T25:00",
            "2018-06-05T13",
            "18-06-05T13:00",
            "T",
            "é T 1:1",
            "2018-06-05T13:27:35 ",
            "2018-06-05T13:27:35+7",
            "2018-06-05T13:27.5",
        ];
        for text in bad {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read_filter("2018-06-05").map(|at| at.naive_utc()), Some(naive("2018-06-05T00:00:00")));
    }

    #[test]
    fn an_echo_keeps_the_offset() {
        for (text, echoed) in [
            ("2018-06-05 13:27", "2018-06-05T13:27:00Z"),
            ("2018-06-05T01:39:29-07:00", "2018-06-05T01:39:29-07:00"),
            ("2018-06-05T13:27:35.5+0530", "2018-06-05T13:27:35.500000+05:30"),
            ("2018-06-05T13:27:35+00:00", "2018-06-05T13:27:35Z"),
        ] {
            assert_eq!(echo(text).as_deref(), Some(echoed), "{text}");
        }
    }

    #[test]
    fn microseconds_are_written_where_there_are_some() {
        assert_eq!(write("2018-06-05T13:27:35.000000Z"), "2018-06-05T13:27:35Z");
        assert_eq!(write("2018-06-05T13:27:35.500000Z"), "2018-06-05T13:27:35.500000Z");
        assert_eq!(write_seconds("2018-06-05T13:27:35.999999Z"), "2018-06-05T13:27:35Z");
    }
}
