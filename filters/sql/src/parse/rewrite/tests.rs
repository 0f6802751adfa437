#![allow(clippy::unwrap_used, reason = "tests may panic")]

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::rewrite;

fn rewritten(sql: &str) -> String {
    let mut tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().unwrap();
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF));
    let tokens = rewrite(tokens);
    tokens.iter().map(|token| token.token.to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn spellings_become_those_that_the_parser_knows() {
    for (from, to) in [
        ("SELECT a FROM t FOR no key UPDATE OF t, s.u NOWAIT", "SELECT a FROM t FOR UPDATE NOWAIT"),
        ("SELECT a FROM t WHERE a BETWEEN SYMMETRIC 2 AND 1", "SELECT a FROM t WHERE a BETWEEN 2 AND 1"),
        ("SELECT a FROM ONLY t, ONLY (s.u)", "SELECT a FROM t , s . u"),
        ("UPDATE ONLY t SET a = 1", "UPDATE t SET a = 1"),
        ("(TABLE t) UNION ALL TABLE ONLY s.u", "( SELECT * FROM t ) UNION ALL SELECT * FROM s . u"),
        ("INSERT INTO t TABLE u", "INSERT INTO t SELECT * FROM u"),
        ("SELECT (a).* FROM t", "SELECT ( a ) . \"*\0\" FROM t"),
        (
            "SELECT trim(both from a), trim('x' from b)",
            "SELECT pg_catalog . btrim ( a ) , pg_catalog . btrim ( 'x' , b )",
        ),
        ("SELECT f(a := 1, VARIADIC b)", "SELECT f ( a => 1 , b )"),
        (
            "SELECT * FROM ROWS FROM (f(1), g(2)) WITH ORDINALITY x",
            "SELECT * FROM LATERAL ( SELECT * FROM f ( 1 ) , g ( 2 ) ) x",
        ),
        (
            "WITH RECURSIVE t AS (SELECT 1) SEARCH DEPTH FIRST BY a, b SET c CYCLE a SET d TO 1 DEFAULT 0 USING e SELECT 1",
            "WITH RECURSIVE t AS ( SELECT 1 ) SELECT 1",
        ),
        ("FETCH c", "FETCH ALL FROM c"),
        ("MOVE BACKWARD 2 IN c", "FETCH ALL FROM c"),
        ("VACUUM (ANALYZE, PARALLEL 2) s.t (a, b)", "VACUUM s . t"),
        ("VACUUM FULL t, u", "VACUUM"),
        ("ANALYSE VERBOSE t", "ANALYZE t"),
        ("COPY t (a) FROM STDIN WITH (FREEZE on, HEADER match)", "COPY t ( a ) FROM STDIN"),
        (
            "BEGIN ISOLATION LEVEL SERIALIZABLE, NOT DEFERRABLE",
            "BEGIN ISOLATION LEVEL SERIALIZABLE , READ WRITE",
        ),
        ("SET CONSTRAINTS a, s.b DEFERRED", "SET constraints TO DEFERRED"),
        ("CREATE SEQUENCE s START WITH 1 INCREMENT BY -2", "CREATE SEQUENCE s"),
        ("CREATE VIEW v AS SELECT 1 WITH LOCAL CHECK OPTION", "CREATE VIEW v AS SELECT 1"),
        (
            "CREATE TABLE t (LIKE s.u INCLUDING ALL EXCLUDING DEFAULTS, a int)",
            "CREATE TABLE t ( FOREIGN KEY ( like ) REFERENCES s . u , a int )",
        ),
        ("CREATE TABLE t AS SELECT 1 WITH NO DATA", "CREATE TABLE t AS SELECT 1"),
        ("SELECT inet '::1' << cidr '::/0'", "SELECT '::1' << '::/0'"),
        ("DELETE FROM t WHERE CURRENT OF c", "DELETE FROM t WHERE ctid IS NOT NULL"),
        ("SELECT xmlelement(NAME a, b)", "SELECT xmlelement ( 'a' , b )"),
    ] {
        assert_eq!(rewritten(from), to, "{from}");
    }
}

#[test]
fn what_may_be_a_name_or_more_stays() {
    for text in [
        "SELECT exclude ties",
        "SELECT c . only ( t ) , c . inet '1' , 1 AS only FROM t",
        "SELECT inet , current FROM point",
        "SELECT a FROM t FETCH FIRST 2 ROWS ONLY",
        "SET TRANSACTION READ ONLY",
        "CREATE TABLE t ( a int )",
        "LOCK TABLE t",
        "SELECT a INTO TABLE t",
        "INSERT INTO trim ( a ) VALUES ( 1 )",
        "SELECT trim ( a )",
        "WITH t AS ( SELECT 1 ) SEARCH DEPTH FIRST BY a SET b SELECT 1",
        "FETCH 1 FROM c INTO d",
        "VACUUM t , ( SELECT 1 )",
        "VACUUM ( FULL f ( $1 ) ) t",
        "COPY t FROM STDIN WHERE a > 1",
        "COPY ( SELECT a FROM stdin ) TO STDOUT WHERE a",
        "CREATE SEQUENCE s OWNED BY t . a",
        "SELECT \"only\" FROM \"table\"",
    ] {
        assert_eq!(rewritten(text), text);
    }
}

#[test]
fn every_spelling_is_looked_for() {
    for (from, _) in super::SPELLINGS {
        let mut tokens = Tokenizer::new(&PostgreSqlDialect {}, from).tokenize_with_location().unwrap();
        tokens.retain(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF));
        assert!(super::begins_rule(&tokens), "{from}");
    }
}
