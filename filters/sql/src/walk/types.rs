//! Types, as casts name them.

use sqlparser::ast::{ArrayElemTypeDef, DataType};

use crate::functions::is_known_type;
use crate::names;

/// Whether any value that is text or JSON can be cast to it.
pub(super) fn takes_any_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Text
        | DataType::Varchar(_)
        | DataType::CharacterVarying(_)
        | DataType::Char(_)
        | DataType::Character(_)
        | DataType::CharVarying(_)
        | DataType::JSONB => true,
        DataType::Custom(name, _) => {
            matches!(names::qualified(name), Ok((_, name)) if matches!(&*name, "name" | "bpchar"))
        }
        _ => false,
    }
}

/// Whether a cast to it runs no function that somebody wrote.
pub(super) fn is_builtin(data_type: &DataType) -> bool {
    match data_type {
        DataType::Custom(name, _) => match names::qualified(name) {
            Ok((None, name)) => is_known_type(&name),
            Ok((Some(schema), name)) => schema == "pg_catalog" && is_known_type(&name),
            Err(_) => false,
        },
        DataType::Array(
            ArrayElemTypeDef::SquareBracket(of, _)
            | ArrayElemTypeDef::Qualified(of, _)
            | ArrayElemTypeDef::AngleBracket(of)
            | ArrayElemTypeDef::Parenthesis(of),
        ) => is_builtin(of),
        DataType::Table(_)
        | DataType::Map(..)
        | DataType::Tuple(_)
        | DataType::Nested(_)
        | DataType::Enum(..)
        | DataType::Set(_)
        | DataType::Struct(..)
        | DataType::Union(_)
        | DataType::Nullable(_)
        | DataType::LowCardinality(_)
        | DataType::Unspecified
        | DataType::Trigger
        | DataType::AnyType => false,
        // Names of other dialects' types could be somebody's types here.
        other => {
            is_known_type(
                other.to_string().to_ascii_lowercase().split(['(', ' ', '[']).next().unwrap_or_default(),
            ) || matches!(
                other,
                DataType::Character(_)
                    | DataType::CharacterVarying(_)
                    | DataType::Numeric(_)
                    | DataType::Decimal(_)
                    | DataType::Dec(_)
                    | DataType::Float(_)
                    | DataType::SmallInt(_)
                    | DataType::Int(_)
                    | DataType::Integer(_)
                    | DataType::BigInt(_)
                    | DataType::Real
                    | DataType::DoublePrecision
                    | DataType::Boolean
            )
        }
    }
}
