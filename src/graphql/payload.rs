//! Inputs and payloads of mutations. Each mutation has its own types, even where they look alike today: a field can
//! then be added to one without a word to the others.

/// Defines payloads that return the changed object: `payloads! { user: User, "The user."; UserUpdatePayload "..", .. }`; or
/// `job: in place Job`, of an object most of whose fields are read at once.
macro_rules! payloads {
    ($field:ident: in place $object:ty, $field_doc:literal; $($name:ident $doc:literal),+ $(,)?) => {
        $(
            #[doc = $doc]
            #[derive(Clone, Debug, async_graphql::SimpleObject)]
            pub struct $name {
                #[doc = $field_doc]
                $field: $crate::graphql::nodes::InPlace<$object>,
            }

            impl From<$object> for $name {
                fn from($field: $object) -> Self {
                    Self { $field: $crate::graphql::nodes::InPlace($field) }
                }
            }
        )+
    };
    ($field:ident: $object:ty, $field_doc:literal; $($name:ident $doc:literal),+ $(,)?) => {
        $(
            #[doc = $doc]
            #[derive(Clone, Debug, async_graphql::SimpleObject)]
            pub struct $name {
                #[doc = $field_doc]
                $field: $object,
            }

            impl From<$object> for $name {
                fn from($field: $object) -> Self {
                    Self { $field }
                }
            }
        )+
    };
}

/// Defines inputs that only name an object: `id_inputs! { job_id, "Which job."; JobCancelInput "..", .. }`.
macro_rules! id_inputs {
    ($field:ident, $field_doc:literal; $($name:ident $doc:literal),+ $(,)?) => {
        $(
            #[doc = $doc]
            #[derive(Clone, Debug, async_graphql::InputObject)]
            pub struct $name {
                #[doc = $field_doc]
                $field: async_graphql::ID,
            }
        )+
    };
}

pub(super) use {id_inputs, payloads};
