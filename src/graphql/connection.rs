//! Relay connections.

use async_graphql::SimpleObject;

/// Where a page lies in its list.
#[derive(Clone, Debug, SimpleObject)]
pub struct PageInfo {
    /// Whether more items follow the page.
    has_next_page: bool,
    /// Whether items precede the page.
    has_previous_page: bool,
    /// The cursor of the first item.
    start_cursor: Option<String>,
    /// The cursor of the last item: pass it as `after` to get the next page.
    end_cursor: Option<String>,
}

impl PageInfo {
    pub(super) fn new(
        has_next_page: bool,
        has_previous_page: bool,
        mut cursors: impl DoubleEndedIterator<Item = String>,
    ) -> Self {
        let start_cursor = cursors.next();
        let end_cursor = cursors.next_back().or_else(|| start_cursor.clone());
        Self { has_next_page, has_previous_page, start_cursor, end_cursor }
    }
}

/// Defines the connection and edge types of a noun: `connection!(JobConnection, JobEdge, Job, "jobs")`. A node with a
/// table of quick fields is marked: `connection!(JobConnection, JobEdge, Job, "jobs", quick)`.
macro_rules! connection {
    ($connection:ident, $edge:ident, $node:ty, $nouns:literal) => {
        $crate::graphql::connection::connection!($connection, $edge, $node, $nouns, quick);

        impl $crate::graphql::nodes::quick::Quick for $node {}
    };
    ($connection:ident, $edge:ident, $node:ty, $nouns:literal, quick) => {
        #[doc = concat!("A page of ", $nouns, ".")]
        #[derive(Debug)]
        pub struct $connection {
            nodes: Vec<$node>,
            cursors: Vec<String>,
            has_next: bool,
            has_previous: bool,
            total: Option<i64>,
        }

        impl $connection {
            /// A page of rows as the domain found it, each with its cursor and as a node; `total` is there when it was
            /// asked for.
            pub(super) fn of<R>(
                found: $crate::page::Page<R>,
                cursor: impl Fn(&R) -> String,
                node: impl FnMut(R) -> $node,
                total: Option<i64>,
            ) -> Self {
                let cursors = found.rows.iter().map(cursor).collect();
                let nodes = found.rows.into_iter().map(node).collect();
                Self { nodes, cursors, has_next: found.has_next, has_previous: found.has_previous, total }
            }
        }

        #[doc = concat!("A page of ", $nouns, ".")]
        #[async_graphql::Object]
        impl $connection {
            /// The items with their cursors.
            async fn edges(&self) -> $crate::graphql::nodes::Nodes<Vec<$edge<'_>>> {
                let pairs = self.nodes.iter().zip(&self.cursors);
                $crate::graphql::nodes::Nodes(pairs.map(|(node, cursor)| $edge { node, cursor }).collect())
            }

            /// The items alone.
            async fn nodes(&self) -> $crate::graphql::nodes::Nodes<&[$node]> {
                $crate::graphql::nodes::Nodes(&self.nodes)
            }

            /// Where the page lies in the list.
            async fn page_info(&self) -> $crate::graphql::connection::PageInfo {
                $crate::graphql::connection::PageInfo::new(
                    self.has_next,
                    self.has_previous,
                    self.cursors.iter().cloned(),
                )
            }

            /// How many items the whole list has. Counting reads all of them: ask only when it is needed.
            async fn total_count(&self) -> Option<$crate::graphql::scalar::Long> {
                self.total.map($crate::graphql::scalar::Long)
            }
        }

        #[doc = concat!("One item in a page of ", $nouns, ".")]
        #[derive(Clone, Copy, Debug)]
        pub struct $edge<'a> {
            node: &'a $node,
            cursor: &'a str,
        }

        #[doc = concat!("One item in a page of ", $nouns, ".")]
        #[async_graphql::Object]
        impl $edge<'_> {
            /// The item.
            async fn node(&self) -> &$node {
                self.node
            }

            /// The item's place in the list.
            async fn cursor(&self) -> &str {
                self.cursor
            }
        }

        impl $crate::graphql::nodes::quick::Quick for $edge<'_> {
            fn quick(
                field: &async_graphql::parser::types::Field,
            ) -> Option<$crate::graphql::nodes::quick::Reader<'_, Self>> {
                use $crate::graphql::nodes::quick::{Shape, Shown};

                match field.name.node.as_str() {
                    "cursor" => Some(Box::new(|edge: &Self, _| Some(edge.cursor.shown()))),
                    "node" => {
                        let shape = Shape::<$node>::of(&field.selection_set.node)?;
                        Some(Box::new(move |edge: &Self, ctx| shape.read(edge.node, ctx)))
                    }
                    _ => None,
                }
            }
        }
    };
}

pub(super) use connection;
