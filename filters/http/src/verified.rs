//! What a filter of Envoy's own verified before this one: `jwt_authn` puts a token's claims into the request's dynamic
//! metadata, which other filters write and no agent can.

use std::collections::BTreeMap;

use prost::Message as _;
use prost_types::value::Kind;
use prost_types::{Struct, Value as Protobuf};
use serde_json::{Map, Number, Value};

/// Where the filter writes.
const NAMESPACE: &str = "envoy.filters.http.jwt_authn";
/// Numbers of a protobuf `Struct` are doubles; up to here they are whole without doubt.
const MOST_EXACT: f64 = 9_007_199_254_740_992.0;

/// `envoy.config.core.v3.Metadata`, as far as it matters.
#[derive(Clone, PartialEq, prost::Message)]
struct Metadata {
    #[prost(btree_map = "string, message", tag = "1")]
    filter_metadata: BTreeMap<String, Struct>,
}

/// The claims that `jwt_authn` put under its `payload_in_metadata`, out of the request's dynamic metadata
/// (`envoy.config.core.v3.Metadata`); `None` where it verified no token.
#[must_use]
pub fn claims(metadata: &[u8], payload: &str) -> Option<Map<String, Value>> {
    let mut metadata = Metadata::decode(metadata).ok()?;
    let mut of_filter = metadata.filter_metadata.remove(NAMESPACE)?;
    match of_filter.fields.remove(payload)?.kind? {
        Kind::StructValue(claims) => Some(object(claims)),
        _ => None,
    }
}

fn object(from: Struct) -> Map<String, Value> {
    from.fields.into_iter().map(|(name, value)| (name, json(value))).collect()
}

fn json(from: Protobuf) -> Value {
    match from.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(value)) => Value::Bool(value),
        Some(Kind::StringValue(text)) => Value::String(text),
        Some(Kind::NumberValue(number)) => self::number(number),
        Some(Kind::StructValue(members)) => Value::Object(object(members)),
        Some(Kind::ListValue(list)) => Value::Array(list.values.into_iter().map(json).collect()),
    }
}

fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= MOST_EXACT {
        // INVARIANT: whole and small enough, so nothing is lost.
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use prost_types::ListValue;
    use serde_json::json;

    use super::*;

    fn of(kind: Kind) -> Protobuf {
        Protobuf { kind: Some(kind) }
    }

    fn fields<const N: usize>(all: [(&str, Kind); N]) -> Struct {
        Struct { fields: all.into_iter().map(|(name, kind)| (name.to_owned(), of(kind))).collect() }
    }

    fn metadata(namespace: &str, payload: &str) -> Vec<u8> {
        let text = |text: &str| Kind::StringValue(text.to_owned());
        let groups = ListValue { values: vec![of(text("support"))] };
        let claims = fields([
            ("sub", text("ann")),
            ("exp", Kind::NumberValue(1_900_000_000.0)),
            ("rate", Kind::NumberValue(0.5)),
            ("none", Kind::NumberValue(f64::NAN)),
            ("groups", Kind::ListValue(groups)),
            ("more", Kind::StructValue(fields([("ok", Kind::BoolValue(true))]))),
        ]);
        let all = fields([(payload, Kind::StructValue(claims)), ("text", text("ann"))]);
        let filter_metadata = BTreeMap::from([(namespace.to_owned(), all)]);
        Metadata { filter_metadata }.encode_to_vec()
    }

    #[test]
    fn the_claims_are_read_as_json() {
        let claims = claims(&metadata(NAMESPACE, "jwt_payload"), "jwt_payload").unwrap();
        let expected = json!({
            "sub": "ann", "exp": 1_900_000_000, "rate": 0.5, "none": null, "groups": ["support"], "more": { "ok": true },
        });
        assert_eq!(Value::Object(claims), expected);
    }

    #[test]
    fn nothing_else_counts() {
        let good = metadata(NAMESPACE, "jwt_payload");
        assert_eq!(claims(&good, "other"), None);
        assert_eq!(claims(&good, "text"), None);
        assert_eq!(claims(&metadata("envoy.lb", "jwt_payload"), "jwt_payload"), None);
        for cut in [0, 1, good.len() / 2, good.len() - 1] {
            assert_eq!(claims(good.get(..cut).unwrap_or_default(), "jwt_payload"), None, "{cut}");
        }
        assert_eq!(claims(b"{\"sub\":\"ann\"}", "jwt_payload"), None);
    }
}
