//! A mail as programs read it.

use base64::{Engine, engine::general_purpose::STANDARD};

/// A mail: its head and its bodies, decoded.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Names in lower case, and values.
    pub head: Vec<(String, String)>,
    pub text: String,
    pub html: Option<String>,
}

impl Mail {
    /// Reads what went over the wire.
    pub fn read(raw: &str) -> Self {
        let (head, body) = parts_of(raw);
        let kind = value(&head, "content-type");
        let Some((_, boundary)) = kind.split_once("boundary=\"") else {
            return Self { text: decoded(&head, body), html: None, head };
        };
        let boundary = format!("--{}", boundary.trim_end_matches('"'));
        let parts: Vec<(String, String)> = body
            .split(&boundary)
            .skip(1)
            .filter(|part| !part.starts_with("--"))
            .map(|part| {
                let (head, body) = parts_of(part.trim_start());
                (value(&head, "content-type"), decoded(&head, body.trim_end_matches("\r\n")))
            })
            .collect();
        let of = |kind: &str| parts.iter().find(|part| part.0.starts_with(kind)).map(|part| part.1.clone());
        Self { head, text: of("text/plain").expect("a text"), html: of("text/html") }
    }

    /// A value of the head; panics without one or with several.
    pub fn value(&self, name: &str) -> String {
        let count = self.head.iter().filter(|(own, _)| own == name).count();
        assert_eq!(count, 1, "{name} stands {count} times in {:?}", self.head);
        value(&self.head, name)
    }

    pub fn subject(&self) -> String {
        self.value("subject")
    }

    /// The only link in the text that has a secret.
    pub fn link(&self) -> String {
        let words = self.text.split_whitespace();
        let links: Vec<&str> = words.filter(|word| word.starts_with("http") && word.contains("token=")).collect();
        let [link] = links[..] else { panic!("{links:?} in {}", self.text) };
        link.to_owned()
    }

    /// The secret in that link.
    pub fn token(&self) -> String {
        self.link().split_once("token=").expect("a token").1.to_owned()
    }
}

fn parts_of(raw: &str) -> (Vec<(String, String)>, &str) {
    let (head, body) = raw.split_once("\r\n\r\n").unwrap_or((raw, ""));
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let head = unfolded.lines().filter_map(|line| line.split_once(": "));
    (head.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect(), body)
}

fn value(head: &[(String, String)], name: &str) -> String {
    head.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

fn decoded(head: &[(String, String)], body: &str) -> String {
    let bytes = match &*value(head, "content-transfer-encoding") {
        "quoted-printable" => unquoted(body),
        "base64" => STANDARD.decode(body.replace("\r\n", "")).expect("base64"),
        _ => body.as_bytes().to_vec(),
    };
    String::from_utf8(bytes).expect("UTF-8").replace("\r\n", "\n")
}

/// RFC 2045, 6.7.
fn unquoted(body: &str) -> Vec<u8> {
    let joined = body.replace("=\r\n", "");
    let (mut bytes, mut rest) = (Vec::new(), joined.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        if *first == b'='
            && let Some(hex) = after.get(..2)
        {
            let hex = std::str::from_utf8(hex).expect("two digits");
            bytes.push(u8::from_str_radix(hex, 16).expect("two digits"));
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}
