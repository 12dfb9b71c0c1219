//! Cursors come back as what they were made of, and nothing else is taken for one.

use entity::runner_service;
use proptest::prelude::*;

use super::*;

/// An order whose key is given.
#[derive(Clone, Copy, Debug)]
enum Keyed<'a> {
    Id,
    Int(i64),
    Text(&'a str),
}

impl Order<runner_service::Entity> for Keyed<'_> {
    fn column(self) -> Option<runner_service::Column> {
        (!matches!(self, Self::Id)).then_some(runner_service::Column::ServiceId)
    }

    fn id(self) -> runner_service::Column {
        runner_service::Column::RunnerId
    }

    fn descending(self) -> bool {
        false
    }

    fn key(self, _: &runner_service::Model) -> Option<Key> {
        match self {
            Self::Id => None,
            Self::Int(number) => Some(Key::Int(number)),
            Self::Text(text) => Some(Key::Text(text.to_owned())),
        }
    }

    fn row_id(self, row: &runner_service::Model) -> i64 {
        row.runner_id
    }

    fn word(self) -> &'static str {
        match self {
            Self::Id => "d",
            Self::Int(_) => "i",
            Self::Text(_) => "t",
        }
    }
}

fn made(order: Keyed<'_>, id: i64) -> String {
    cursor(order, &runner_service::Model { runner_id: id, service_id: 0 })
}

fn read(order: Keyed<'_>, text: &str) -> Option<ValueTuple> {
    decode::<runner_service::Entity, _>(order, text, "after").ok()
}

proptest! {
    #[test]
    fn a_cursor_comes_back_as_what_it_was_made_of(id: i64, number: i64, text: String) {
        let (by_id, by_int, by_text) = (Keyed::Id, Keyed::Int(number), Keyed::Text(&text));
        prop_assert_eq!(read(by_id, &made(by_id, id)), Some(ValueTuple::One(id.into())));
        prop_assert_eq!(read(by_int, &made(by_int, id)), Some(ValueTuple::Two(number.into(), id.into())));
        prop_assert_eq!(read(by_text, &made(by_text, id)), Some(ValueTuple::Two(text.clone().into(), id.into())));
        for (order, other) in [(by_id, by_int), (by_int, by_text), (by_text, by_id)] {
            prop_assert_eq!(read(other, &made(order, id)), None);
            prop_assert_eq!(read(order, &made(other, id)), None);
        }
    }

    #[test]
    fn any_text_is_a_cursor_or_is_refused(text: String, bytes: Vec<u8>) {
        for text in [text, URL_SAFE_NO_PAD.encode(bytes)] {
            prop_assert_eq!(read(Keyed::Id, &text), None);
            prop_assert_eq!(read(Keyed::Text(""), &text), None);
        }
    }
}
