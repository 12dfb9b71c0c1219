//! Cursors come back as what they were made of, and nothing else is taken for one.

use proptest::prelude::*;

use super::*;

/// A table of its own: pages know none of docket's.
mod row {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "row")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub key: i64,
        pub title: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// An order whose key is given.
#[derive(Clone, Copy, Debug)]
enum Keyed<'a> {
    Id,
    Int(i64),
    Text(&'a str),
}

impl Order<row::Entity> for Keyed<'_> {
    fn column(self) -> Option<row::Column> {
        match self {
            Self::Id => None,
            Self::Int(_) => Some(row::Column::Key),
            Self::Text(_) => Some(row::Column::Title),
        }
    }

    fn id(self) -> row::Column {
        row::Column::Id
    }

    fn descending(self) -> bool {
        false
    }

    fn key(self, _: &row::Model) -> Option<Key> {
        match self {
            Self::Id => None,
            Self::Int(number) => Some(Key::Int(number)),
            Self::Text(text) => Some(Key::Text(text.to_owned())),
        }
    }

    fn row_id(self, row: &row::Model) -> i64 {
        row.id
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
    cursor(order, &row::Model { id, key: 0, title: String::new() })
}

fn read(order: Keyed<'_>, text: &str) -> Option<ValueTuple> {
    decode::<row::Entity, _>(order, text, "after").ok()
}

proptest! {
    #[test]
    fn a_cursor_comes_back_as_what_it_was_made_of(id: i64, number: i64, text: String) {
        // No database has a key with a NUL character, and PostgreSQL takes none in a question.
        prop_assert_eq!(read(Keyed::Text(""), &made(Keyed::Text(&format!("{text}\0")), id)), None);
        let text = text.replace('\0', "");
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

/// A cursor is no secret: anybody can write one.
#[test]
fn a_forged_cursor_is_refused_before_it_reaches_the_database() {
    let forged = |content: &str| URL_SAFE_NO_PAD.encode(content);
    let orders = [Keyed::Id, Keyed::Int(0), Keyed::Text("")];
    let right = [r#"["row","d",null,1]"#, r#"["row","i",5,1]"#, r#"["row","t","x",1]"#];
    for (order, right) in orders.into_iter().zip(right) {
        assert!(read(order, &forged(right)).is_some(), "{right}");
    }
    let other_key = [
        [r#"["row","d",5,1]"#, r#"["row","d","x",1]"#],
        [r#"["row","i","5",1]"#, r#"["row","i",null,1]"#],
        [r#"["row","t",5,1]"#, r#"["row","t",null,1]"#],
    ];
    for (order, wrong) in orders.into_iter().zip(other_key) {
        let other_table = right.map(|right| right.replace("row", "job"));
        let older = r#"["d",null,1]"#.to_owned();
        for wrong in wrong.iter().map(ToString::to_string).chain(other_table).chain([older]) {
            assert_eq!(read(order, &forged(&wrong)), None, "{wrong} under {order:?}");
        }
    }
}
