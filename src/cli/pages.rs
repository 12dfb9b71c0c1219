//! Whole lists, read page by page.

use crate::error::Result;
use crate::page::{MAX_SIZE, Page, PageRequest};

/// Every row, by asking for one full page after the other.
pub(super) async fn all<T>(
    fetch: impl AsyncFn(PageRequest) -> Result<Page<T>>,
    cursor: impl Fn(&T) -> String,
) -> Result<Vec<T>> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = fetch(PageRequest::new(Some(MAX_SIZE), None, after, None)?).await?;
        rows.extend(page.rows);
        after = rows.last().filter(|_| page.has_next).map(&cursor);
        if after.is_none() {
            return Ok(rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn every_page_is_read_once() {
        let asked = Cell::new(0);
        let fetch = async |_| {
            asked.set(asked.get() + 1);
            Ok(Page { rows: vec![asked.get()], has_next: asked.get() < 3, has_previous: false })
        };
        assert_eq!(all(fetch, ToString::to_string).await.expect("nothing fails"), [1, 2, 3]);
        assert_eq!(asked.get(), 3);
    }
}
