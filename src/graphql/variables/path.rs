//! Where in the variables a value stands.

use std::fmt;

/// A path that is only written out when something is wrong there.
pub(super) enum Path<'a> {
    /// A variable.
    Root(&'a str),
    /// A field of an object.
    Field(&'a Path<'a>, &'a str),
    /// An item of a list.
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    /// Lists and objects around the value.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::Root(_) => 0,
            Self::Field(parent, _) | Self::Index(parent, _) => parent.depth() + 1,
        }
    }
}

/// `input/tags/0`; `/` and `~` within a name are escaped as in a JSON pointer.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 64;
        match self {
            Self::Root(name) => f.write_str(name),
            Self::Index(parent, index) => write!(f, "{parent}/{index}"),
            Self::Field(parent, name) => {
                // The names of unknown fields are the client's own, of any length.
                let name: String = name.chars().take(SHOWN).collect();
                write!(f, "{parent}/{}", name.replace('~', "~0").replace('/', "~1"))
            }
        }
    }
}
