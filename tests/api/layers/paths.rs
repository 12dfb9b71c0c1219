//! Which paths a Rust source file names: enough of the language to see every import, and no more.
//!
//! Comments, strings and characters are dropped first, so that prose does not count. Code inside a macro call counts
//! like any other; a path inside a string (serde's `with = ".."`) is not seen.

use std::iter::Peekable;
use std::str::Chars;

/// A path as written at `line` (from 1), made absolute: the first segment is `crate` or the name of another crate.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    pub line: usize,
    pub path: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Word(String),
    /// `::`
    Sep,
    Mark(char),
}

#[derive(Debug)]
struct Token {
    line: usize,
    kind: Kind,
}

/// All paths that `source` names. `module` is where the file stands: `["graphql", "job"]` for `src/graphql/job.rs`.
pub fn named_paths(source: &str, module: &[&str]) -> Vec<Named> {
    let tokens = Lexer { rest: source.chars().peekable(), line: 1, tokens: Vec::new() }.run();
    let module = module.iter().map(ToString::to_string).collect();
    let mut reader = Reader { tokens, at: 0, depth: 0, module, inline: Vec::new(), found: Vec::new() };
    reader.run();
    reader.found
}

struct Lexer<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn run(mut self) -> Vec<Token> {
        while let Some(c) = self.bump() {
            match c {
                '/' if self.rest.peek() == Some(&'/') => while self.bump().is_some_and(|c| c != '\n') {},
                '/' if self.rest.peek() == Some(&'*') => self.skip_block_comment(),
                '"' => self.skip_string(),
                '\'' => self.skip_character(),
                ':' if self.rest.peek() == Some(&':') => {
                    self.bump();
                    self.push(Kind::Sep);
                }
                c if c.is_alphanumeric() || c == '_' => self.word(c),
                c if c.is_whitespace() => {}
                c => self.push(Kind::Mark(c)),
            }
        }
        self.tokens
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn push(&mut self, kind: Kind) {
        self.tokens.push(Token { line: self.line, kind });
    }

    /// A name, a number, or the prefix of a string (`r#".."#`, `b".."`) or of a raw name (`r#type`).
    fn word(&mut self, first: char) {
        let mut word = String::from(first);
        while let Some(c) = self.rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
            word.push(c);
        }
        let raw = matches!(word.as_str(), "r" | "br" | "cr");
        match self.rest.peek() {
            Some('"') if raw => self.skip_raw_string(0),
            Some('#') if raw => {
                let mut hashes = 0;
                while self.rest.next_if_eq(&'#').is_some() {
                    hashes += 1;
                }
                if self.rest.peek() == Some(&'"') {
                    self.skip_raw_string(hashes);
                }
            }
            _ => self.push(Kind::Word(word)),
        }
    }

    fn skip_block_comment(&mut self) {
        let mut depth = 0;
        let mut last = '/';
        while let Some(c) = self.bump() {
            match (last, c) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    last = c;
                    continue;
                }
            }
            if depth == 0 {
                return;
            }
            // Neither half of a mark counts again: `/*/` opens and does not close.
            last = ' ';
        }
    }

    fn skip_string(&mut self) {
        while let Some(c) = self.bump() {
            match c {
                '\\' => drop(self.bump()),
                '"' => return,
                _ => {}
            }
        }
    }

    fn skip_raw_string(&mut self, hashes: usize) {
        self.bump();
        let mut seen = None;
        while let Some(c) = self.bump() {
            seen = match (c, seen) {
                ('"', _) => Some(0),
                ('#', Some(n)) => Some(n + 1),
                _ => None,
            };
            if seen == Some(hashes) {
                return;
            }
        }
    }

    /// After a `'`: a character (`'a'`, `'\''`) or a lifetime (`'a`), which ends where its name ends.
    fn skip_character(&mut self) {
        match self.bump() {
            Some('\\') => {
                self.bump();
                while self.bump().is_some_and(|c| c != '\'') {}
            }
            Some(c) if c.is_alphanumeric() || c == '_' => {
                while self.rest.next_if(|c| c.is_alphanumeric() || *c == '_').is_some() {}
                self.rest.next_if_eq(&'\'');
            }
            _ => drop(self.bump()),
        }
    }
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    module: Vec<String>,
    /// The depths at which the inline modules around `at` were opened.
    inline: Vec<usize>,
    found: Vec<Named>,
}

impl Reader {
    fn run(&mut self) {
        while self.at < self.tokens.len() {
            match self.kind(0) {
                Some(Kind::Mark('{')) => self.depth += 1,
                Some(Kind::Mark('}')) => self.close(),
                // `use <` is the list of captured lifetimes of an `impl` type.
                Some(Kind::Word(word)) if word == "use" && self.kind(1) != Some(&Kind::Mark('<')) => {
                    self.at += 1;
                    self.tree(&mut Vec::new());
                    continue;
                }
                Some(Kind::Word(word)) if word == "mod" => self.open_module(),
                Some(Kind::Word(_) | Kind::Sep) => {
                    self.inline_path();
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    fn kind(&self, ahead: usize) -> Option<&Kind> {
        self.tokens.get(self.at + ahead).map(|token| &token.kind)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |token| token.line)
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if self.inline.last() == Some(&self.depth) {
            self.inline.pop();
            self.module.pop();
        }
    }

    /// At `mod`: `mod tests {` moves what `super` means one level down; `mod job;` changes nothing.
    fn open_module(&mut self) {
        if let (Some(Kind::Word(name)), Some(Kind::Mark('{'))) = (self.kind(1), self.kind(2)) {
            let name = name.clone();
            self.module.push(name);
            self.inline.push(self.depth);
        }
    }

    /// One branch of a `use` tree: `a::b::{c, d as e, *}`; stops before the `,`, `}` or `;` that ends it.
    fn tree(&mut self, path: &mut Vec<String>) {
        let (line, before) = (self.line(), path.len());
        loop {
            match self.kind(0) {
                Some(Kind::Word(word)) if word == "as" => self.at += 2,
                Some(Kind::Word(word)) => {
                    path.push(word.clone());
                    self.at += 1;
                }
                Some(Kind::Sep) => self.at += 1,
                Some(Kind::Mark('*')) => {
                    path.push("*".into());
                    self.at += 1;
                }
                Some(Kind::Mark('{')) => {
                    self.group(path);
                    break;
                }
                _ => {
                    self.record(line, path);
                    break;
                }
            }
        }
        path.truncate(before);
    }

    fn group(&mut self, path: &mut Vec<String>) {
        while matches!(self.kind(0), Some(Kind::Mark('{' | ','))) {
            self.at += 1;
            if self.kind(0) != Some(&Kind::Mark('}')) {
                self.tree(path);
            }
        }
        self.at += 1;
    }

    /// A path in an expression, a type or an attribute. A word alone is a local name and of no interest.
    fn inline_path(&mut self) {
        let (line, mut path) = (self.line(), Vec::new());
        // `Vec<T>::new`: what follows a type is no path of its own.
        let of_a_type =
            self.kind(0) == Some(&Kind::Sep) && self.at > 0 && self.tokens[self.at - 1].kind == Kind::Mark('>');
        loop {
            match (self.kind(0), self.kind(1)) {
                (Some(Kind::Word(word)), next) => {
                    path.push(word.clone());
                    let more = next == Some(&Kind::Sep);
                    self.at += 1;
                    if !more {
                        break;
                    }
                }
                (Some(Kind::Sep), Some(Kind::Word(_))) => self.at += 1,
                _ => {
                    self.at += 1;
                    break;
                }
            }
        }
        if path.len() > 1 && !of_a_type {
            self.record(line, &path);
        }
    }

    fn record(&mut self, line: usize, path: &[String]) {
        let mut rest = path;
        let mut absolute: Vec<String> = Vec::new();
        match path.first().map(String::as_str) {
            None => return,
            Some("crate" | "docket") => rest = &path[1..],
            Some("self" | "super") => {
                absolute.clone_from(&self.module);
                while let Some(word @ ("self" | "super")) = rest.first().map(String::as_str) {
                    if word == "super" {
                        absolute.pop();
                    }
                    rest = &rest[1..];
                }
            }
            Some(_) => {
                self.found.push(Named { line, path: path.to_vec() });
                return;
            }
        }
        absolute.insert(0, "crate".into());
        // `use crate::http::{self}` names `crate::http`.
        absolute.extend(rest.iter().filter(|segment| *segment != "self").cloned());
        self.found.push(Named { line, path: absolute });
    }
}
