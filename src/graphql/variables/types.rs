//! The input types of a schema, read from its SDL.

use std::collections::HashMap;

use async_graphql::parser;
use async_graphql::parser::types::{BaseType, InputValueDefinition, Type, TypeKind, TypeSystemDefinition};

use super::listed;

/// Input types by name.
#[derive(Debug)]
pub(in crate::graphql) struct InputTypes(HashMap<String, InputType>);

#[derive(Debug)]
pub(super) enum InputType {
    Int,
    Float,
    String,
    Boolean,
    Id,
    /// A scalar that the resolver reads itself.
    Any,
    Enum(Vec<String>),
    Object(InputObject),
}

#[derive(Debug)]
pub(super) struct InputObject {
    pub(super) fields: Vec<InputField>,
    pub(super) one_of: bool,
}

#[derive(Debug)]
pub(super) struct InputField {
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) has_default: bool,
}

impl InputObject {
    pub(super) fn field(&self, name: &str) -> Option<&InputField> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl InputTypes {
    /// The input types of an SDL.
    pub(in crate::graphql) fn of(sdl: &str) -> Result<Self, parser::Error> {
        let builtin = [
            ("Int", InputType::Int),
            ("Float", InputType::Float),
            ("String", InputType::String),
            ("Boolean", InputType::Boolean),
            ("ID", InputType::Id),
        ];
        let mut types: HashMap<_, _> = builtin.into_iter().map(|(name, ty)| (name.to_owned(), ty)).collect();
        for definition in parser::parse_schema(sdl)?.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let definition = definition.node;
            let ty = match definition.kind {
                TypeKind::Enum(ty) => {
                    InputType::Enum(ty.values.into_iter().map(|value| value.node.value.node.to_string()).collect())
                }
                TypeKind::InputObject(ty) => InputType::Object(InputObject {
                    fields: ty.fields.into_iter().map(|field| InputField::from(field.node)).collect(),
                    one_of: definition.directives.iter().any(|directive| directive.node.name.node == "oneOf"),
                }),
                _ => continue,
            };
            types.insert(definition.name.node.to_string(), ty);
        }
        Ok(Self(types))
    }

    /// A type by name. Validation has refused names that are no input types, so an unknown one is a custom scalar.
    pub(super) fn get(&self, name: &str) -> &InputType {
        self.0.get(name).unwrap_or(&InputType::Any)
    }

    /// What a value of this type looks like, for people.
    pub(super) fn expected(&self, ty: &Type) -> String {
        match &ty.base {
            BaseType::List(item) => format!("a list, each item {}", self.expected(item)),
            BaseType::Named(name) => match self.get(name) {
                InputType::Int => "an Int, a whole number from -2147483648 to 2147483647".to_owned(),
                InputType::Float => "a Float, a number".to_owned(),
                InputType::String => "a String".to_owned(),
                InputType::Boolean => "a Boolean, true or false".to_owned(),
                InputType::Id => "an ID, a string".to_owned(),
                InputType::Any => format!("a value of {name}"),
                InputType::Enum(values) => format!("one of {}", listed(values.iter().map(String::as_str))),
                InputType::Object(object) => {
                    format!("an object with {}", listed(object.fields.iter().map(|field| field.name.as_str())))
                }
            },
        }
    }
}

impl From<InputValueDefinition> for InputField {
    fn from(field: InputValueDefinition) -> Self {
        Self { name: field.name.node.to_string(), ty: field.ty.node, has_default: field.default_value.is_some() }
    }
}
