//! A reader of server-sent events.

use std::collections::VecDeque;

use serde_json::Value;
use tokio::time::timeout;

use super::PATIENCE;

/// An open stream.
pub struct Stream {
    response: reqwest::Response,
    buffer: String,
    /// What came and was not asked for yet; none is the end.
    items: VecDeque<Option<Item>>,
}

/// One thing that came.
struct Item {
    id: Option<String>,
    data: Value,
}

impl Stream {
    /// Opens it. The answer's head comes before the subscription has begun: what happens meanwhile is missed unless
    /// the document says `after`.
    pub async fn open(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        Self { response, buffer: String::new(), items: VecDeque::new() }
    }

    /// The next whole response, or none when the stream has completed.
    pub async fn next(&mut self) -> Option<Value> {
        self.next_with_id().await.map(|(_, data)| data)
    }

    /// The same with the id that resumes after it.
    pub async fn next_with_id(&mut self) -> Option<(Option<String>, Value)> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return item.map(|item| (item.id, item.data));
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("something arrives");
            let chunk = chunk.expect("an open stream").expect("the stream says that it is complete");
            self.buffer.push_str(std::str::from_utf8(&chunk).expect("whole characters"));
            while let Some(end) = self.buffer.find("\n\n") {
                self.items.extend(read(&self.buffer[..end]));
                self.buffer.drain(..end + 2);
            }
        }
    }

    /// The next item's data under one root field; panics on errors.
    pub async fn item(&mut self, field: &str) -> Value {
        let mut response = self.next().await.expect("another item");
        assert!(response.get("errors").is_none(), "{response}");
        response["data"][field].take()
    }

    /// The code of an error that ends the stream.
    pub async fn code(&mut self) -> String {
        super::client::code(&self.next().await.expect("an error"))
    }
}

/// Of a frame: nothing for a comment, none for `complete`, else what it carries.
fn read(frame: &str) -> VecDeque<Option<Item>> {
    let field = |name: &str| {
        let value = frame.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.map(str::trim_start)
    };
    match field("event") {
        None => VecDeque::new(),
        Some("complete") => [None].into(),
        Some(_) => {
            let data = serde_json::from_str(field("data").expect("data")).expect("JSON");
            [Some(Item { id: field("id").map(str::to_owned), data })].into()
        }
    }
}
