//! Pages of jobs whose parameters or results are large: a page ends early rather than taking all of them into memory.

use std::collections::HashMap;

use entity::job::{self, Columns, Part};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::{app::App, error::Result, page::Page};

/// Bytes of the parameters and results of one page; a job that has more by itself is a page of its own.
pub const PAGE_BYTES: i64 = 4_194_304;

/// Cuts a page to what may be in memory at once, and reads what its rows have left where it is.
pub(super) async fn filled(app: &App, page: Page<Part>, backwards: bool, columns: Columns) -> Result<Page<Part>> {
    let mut page = cut(page, backwards);
    let left: Vec<i64> = page.rows.iter().filter(|part| part.is_left(columns)).map(|part| part.row.id).collect();
    if left.is_empty() {
        return Ok(page);
    }
    let bodies = columns.bodies().with(Columns::of(&[job::Column::Id]));
    let query = bodies.select(job::Entity::find().filter(job::Column::Id.is_in(left)));
    let read: Vec<Part> = query.into_model().all(app.db.read()).await?;
    let mut read: HashMap<i64, Part> = read.into_iter().map(|part| (part.row.id, part)).collect();
    page.rows.retain_mut(|part| {
        if !part.is_left(columns) {
            return true;
        }
        // One that is not there any more was removed in between.
        let Some(bodies) = read.remove(&part.row.id) else { return false };
        part.row.parameters = bodies.row.parameters;
        part.row.results = bodies.row.results;
        part.columns = columns;
        true
    });
    Ok(page)
}

/// The rows up to the bound, from the end at which the page begins.
fn cut(mut page: Page<Part>, backwards: bool) -> Page<Part> {
    let mut bytes = 0;
    let mut fits = |part: &Part| {
        bytes += part.size;
        bytes <= PAGE_BYTES
    };
    let rows = page.rows.iter();
    let count = if backwards {
        rows.rev().take_while(|part| fits(part)).count()
    } else {
        rows.take_while(|part| fits(part)).count()
    };
    let count = count.max(1);
    if count >= page.rows.len() {
        return page;
    }
    if backwards {
        page.rows.drain(..page.rows.len() - count);
        page.has_previous = true;
    } else {
        page.rows.truncate(count);
        page.has_next = true;
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(sizes: &[i64]) -> Page<Part> {
        let part = |size: &i64| Part { columns: Columns::NONE, row: job::Model::blank(), size: *size };
        Page { rows: sizes.iter().map(part).collect(), has_next: false, has_previous: false }
    }

    #[test]
    fn a_page_is_cut_where_it_would_be_too_large() {
        let half = PAGE_BYTES / 2;
        let sizes = |page: &Page<Part>| page.rows.iter().map(|part| part.size).collect::<Vec<_>>();
        let whole = cut(page(&[half, half]), false);
        assert_eq!((sizes(&whole), whole.has_next), (vec![half, half], false));
        let first = cut(page(&[half, half, 1]), false);
        assert_eq!((sizes(&first), first.has_next, first.has_previous), (vec![half, half], true, false));
        let last = cut(page(&[1, half, half]), true);
        assert_eq!((sizes(&last), last.has_next, last.has_previous), (vec![half, half], false, true));
        let one = cut(page(&[3 * half, 1]), false);
        assert_eq!((sizes(&one), one.has_next), (vec![3 * half], true));
        assert!(cut(page(&[]), true).rows.is_empty());
    }
}
