//! ErrorResponse and NoticeResponse carry values: of keys, of what could not be cast, of what a trigger raised.
//! Where a statement may meet masked columns, only what cannot carry a value passes.

use crate::wire::ErrorFields;

/// Fields that name things and carry no value: severity, SQLSTATE, position, schema, table, column, type,
/// constraint, and the server's source place.
const NAMES: [u8; 12] = [b'S', b'V', b'C', b'P', b's', b't', b'c', b'd', b'n', b'F', b'L', b'R'];

/// Appends the message (`E` or `N`) with every field taken out that may carry a value. `None` where it is
/// malformed.
pub(crate) fn hush(tag: u8, body: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut fields = ErrorFields::parse(body)?;
    let code = String::from_utf8_lossy(fields.field(b'C')).into_owned();
    fields.retain(|field| NAMES.contains(&field));
    fields.set(b'M', &format!("{} (SQLSTATE {code}; details withheld)", meaning(&code)));
    fields.set(b'H', "The statement touches masked columns, so the database's own words, which may quote values, are withheld by Gatewright.");
    fields.write(tag, out);
    Some(())
}

/// What the class of an SQLSTATE says (PostgreSQL, Appendix A).
fn meaning(code: &str) -> &'static str {
    match code {
        "23505" => "duplicate key value violates a unique constraint",
        "23503" => "a foreign key constraint is violated",
        "23502" => "a null value violates a not-null constraint",
        "23514" => "a check constraint is violated",
        "22P02" => "a value has the wrong form for its type",
        "22003" => "a number is out of range",
        "22012" => "division by zero",
        "25P02" => "current transaction is aborted, commands ignored until end of transaction block",
        "57014" => "the statement was cancelled",
        "42703" => "a column does not exist",
        "42P01" => "a relation does not exist",
        "42883" => "a function or operator does not exist for these types",
        "42601" => "syntax error",
        "42501" => "permission denied by the database",
        _ => match code.get(..2).unwrap_or_default() {
            "00" => "notice",
            "01" => "warning",
            "08" => "connection error",
            "21" => "a sub-query returned more than one row",
            "22" => "data error",
            "23" => "a constraint is violated",
            "25" => "invalid transaction state",
            "40" => "the transaction was rolled back",
            "42" => "syntax error or unknown name",
            "53" => "the database lacks resources",
            "54" => "a limit of the database is exceeded",
            "55" => "an object is not in the required state",
            "57" => "the operator intervened",
            _ => "error",
        },
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn no_value_passes() {
        let secret = "123-45-6789";
        let fields = ErrorFields::new("ERROR", "23505", &format!("duplicate key {secret}"))
            .with(b'D', &format!("Key (ssn)=({secret}) already exists."))
            .with(b'W', secret)
            .with(b'q', secret)
            .with(b'n', "customers_ssn_key");
        let (mut raw, mut out) = (Vec::new(), Vec::new());
        fields.write(b'E', &mut raw);
        assert!(hush(b'E', raw.get(5..).unwrap_or_default(), &mut out).is_some());
        let text = String::from_utf8_lossy(&out);
        assert!(!text.contains(secret), "{text}");
        assert!(text.contains("23505") && text.contains("customers_ssn_key"), "{text}");
        assert!(hush(b'E', b"Sno end", &mut Vec::new()).is_none());
    }
}
