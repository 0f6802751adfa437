//! Broken files, and what is said about them.

use std::path::Path;

use gatewright_core::bundle::{Enforcement, http};

use super::Loaded;
use super::identity::Identity;

/// A sound file; tests break it line by line.
const SOUND: &str = r#"version: 1
host:
  listen: 127.0.0.1:8420
  public_url: http://127.0.0.1:8420
  data: ./data
  filter_token: { env: GATEWRIGHT_FILTER_TOKEN }
identity:
  providers:
    - issuer: https://idp.example
      audiences: [gatewright]
      jwks: { file: jwks.json }
policies: policies
resources:
  - name: shop
    kind: postgres
    target: { address: 127.0.0.1:5432 }
    database: shop
    roles:
      - name: support
        password: { env: SHOP_SUPPORT_PASSWORD }
    masks:
      - columns: ["*.email"]
        method: partial
"#;

fn faults(text: &str) -> String {
    match Loaded::parse(Path::new("dir/gatewright.yaml"), text) {
        Ok(_) => "none".to_owned(),
        Err(faults) => faults.to_string(),
    }
}

#[track_caller]
fn expect(from: &str, to: &str, parts: &[&str]) {
    assert!(SOUND.contains(from), "the sound file has no `{from}`");
    let said = faults(&SOUND.replacen(from, to, 1));
    for part in parts {
        assert!(said.contains(part), "`{part}` is missing in: {said}");
    }
}

#[test]
fn retention_is_about_what_there_is() {
    let with = |section: &str| {
        format!("  filter_token: {{ env: GATEWRIGHT_FILTER_TOKEN }}\n  retention:\n{section}")
    };
    let token = "  filter_token: { env: GATEWRIGHT_FILTER_TOKEN }";
    let rule =
        "    rules: [{ name: month, resources: [shop], older_than: 30d }, { name: rest, older_than: 1y }]\n";
    let sound = format!(
        "{rule}    max_size: 20GiB\n    holds: [{{ name: case-7, resources: [shop], from: 2026-01-01 }}]\n"
    );
    assert_eq!(faults(&SOUND.replacen(token, &with(&sound), 1)), "none");
    expect(token, &with("    holds: [{ name: typo, resources: [shpo] }]\n"), &["holds[0]", "no API `shpo`"]);
    let first =
        "    rules: [{ name: all, older_than: 1y }, { name: month, resources: [shop], older_than: 30d }]\n";
    expect(token, &with(first), &["host.retention.rules[0]", "never reached"]);
    expect(token, &with("    rules: [{ name: r, older_than: soon }]\n"), &["`soon` is not a duration"]);
    expect(token, &with("    max_size: 20GB\n"), &["`20GB` is not a size"]);
    expect(token, &with("    holds: [{ name: h, from: yesterday }]\n"), &["`yesterday` is not a day"]);
}

#[test]
fn headers_of_traces_are_for_the_collector_alone() {
    let token = "  filter_token: { env: GATEWRIGHT_FILTER_TOKEN }";
    let with = |section: &str| format!("{token}\n  tracing: {section}");
    let guide = include_str!("../../../docs/operating.md");
    let example = guide.split("  tracing:\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let line = |line: &str| format!("    {}\n", line.trim_start().trim_start_matches("# "));
    let example: String = example.lines().map(line).collect();
    assert!(example.contains("    headers:") && example.contains("    ratio:"), "{example}");
    for sound in [&*format!("\n{example}"), "{}", "{ endpoint: \"http://collector.example:4318\", ratio: 1 }"]
    {
        assert_eq!(faults(&SOUND.replacen(token, &with(sound), 1)), "none", "{sound}");
    }
    let headers = "headers: { authorization: { env: A } }";
    for endpoint in ["", "endpoint: \"http://collector.example:4318\", "] {
        let section = with(&format!("{{ {endpoint}{headers} }}"));
        expect(token, &section, &["host.tracing.endpoint", "others could read them"]);
    }
    let name = "{ endpoint: \"https://collector.example\", headers: { \"a b\": { env: A } } }";
    expect(token, &with(name), &["host.tracing.headers.a b", "the name of a header"]);
    expect(token, &with("{ ratio: 1.5 }"), &["found 1.5, expected a number from 0 to 1"]);
}

#[test]
fn examples_of_the_documentation_are_sound() {
    let guide = include_str!("../../../docs/host.md");
    let blocks = guide.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let blocks: Vec<&str> = blocks.collect();
    let people = blocks.iter().find(|block| block.starts_with("people:")).unwrap();
    let of_receivers =
        |block: &&&str| ["notifications:", "siem:"].iter().any(|section| block.starts_with(section));
    let receivers: Vec<&&str> = blocks.iter().filter(of_receivers).collect();
    assert!(receivers.len() >= 4, "{receivers:?}");
    for block in receivers {
        assert_eq!(faults(&format!("{SOUND}{people}{block}")), "none", "{block}");
    }
}

#[test]
fn the_sound_file_is_sound() {
    assert_eq!(faults(SOUND), "none");
    let loaded = Loaded::parse(Path::new("dir/gatewright.yaml"), SOUND).unwrap();
    assert_eq!(loaded.data(), Path::new("dir/./data"));
    let shop = loaded.resource("shop").unwrap();
    assert_eq!(shop.catalogue_role().unwrap().target(), "support");
}

#[test]
fn people_are_told_from_agents() {
    let people = |text: &str| format!("people: {text}\npolicies: policies");
    let sound =
        "{ issuer: \"https://idp.example\", client_id: pages, client_secret: { env: S }, session: 1h }";
    assert_eq!(faults(&SOUND.replacen("policies: policies", &people(sound), 1)), "none");
    let with = |tokens: &str| sound.replace("session: 1h", &format!("tokens: {tokens}"));
    for tokens in ["{ enabled: false }", "{ max_lifetime: 1d }", "{ max_lifetime: 366d, lifetime: 366d }"] {
        assert_eq!(faults(&SOUND.replacen("policies: policies", &people(&with(tokens)), 1)), "none");
    }
    let cases = [
        (sound.replace("idp.example", "other.example"), "people.issuer", "is not one of"),
        (sound.replace("pages", "gatewright"), "people.client_id", "an agent could decide"),
        (
            sound.replace("session: 1h", "audiences: [x, gatewright]"),
            "people.audiences",
            "an agent could decide",
        ),
        (sound.replace("session: 1h", "audiences: []"), "people.audiences", "at least one"),
        (sound.replace("{ env: S }", "{ }"), "people.client_secret", "expected one of"),
        (with("{ max_lifetime: 400d }"), "people.tokens.max_lifetime", "`366d` at most"),
        (with("{ max_lifetime: 1s }"), "people.tokens.max_lifetime", "a minute at least"),
        (with("{ max_lifetime: 7d, lifetime: 8d }"), "people.tokens.lifetime", "which is 7days"),
        (with("{ lifetime: 0s }"), "people.tokens.lifetime", "a minute at least"),
        (with("{ max: 7d }"), "people.tokens", "max_lifetime"),
    ];
    for (text, field, message) in cases {
        expect("policies: policies", &people(&text), &[field, message]);
    }
}

#[test]
fn types_are_checked_where_they_stand() {
    expect(
        "127.0.0.1:8420\n",
        "localhost\n",
        &["gatewright.yaml:3:11:", "`host.listen`", "`localhost`", "expected an IP"],
    );
    expect("http://127", "ftp://127", &["gatewright.yaml:4:15:", "`host.public_url`", "expected `http"]);
    expect(
        "kind: postgres",
        "kind: oracle",
        &["gatewright.yaml:15:11:", "resources[0].kind", "oracle", "postgres"],
    );
    expect("method: partial", "method: fuzzy", &["gatewright.yaml:23:17:", "masks[0].method", "redact"]);
    expect("\"*.email\"", "\"email\"", &["gatewright.yaml:22:19:", "columns[0]", "expected `table.column`"]);
    expect("version: 1", "version: one", &["gatewright.yaml:1:10:", "`version`"]);
}

#[test]
fn unknown_and_missing_fields_are_named() {
    expect("  data: ./data", "  dta: ./data", &["gatewright.yaml:5:3:", "dta", "expected one of", "data"]);
    expect("    database: shop\n", "", &["gatewright.yaml:", "resources[0]", "missing field `database`"]);
    expect(
        "{ address: 127.0.0.1:5432 }",
        "{ host: x }",
        &["gatewright.yaml:16:", "resources[0].target", "host"],
    );
    expect(
        "{ address: 127.0.0.1:5432 }",
        "{}",
        &["gatewright.yaml:16:", "resources[0].target", "exactly one of"],
    );
}

#[test]
fn sense_is_checked_too() {
    expect("version: 1", "version: 2", &["gatewright.yaml:1:10:", "`version`", "expected 1"]);
    expect("[gatewright]", "[]", &["gatewright.yaml:10:18:", "providers[0].audiences", "at least one"]);
    expect("{ file: jwks.json }", "{}", &["gatewright.yaml:11:13:", "providers[0].jwks", "exactly one of"]);
    expect(
        "{ env: GATEWRIGHT_FILTER_TOKEN }",
        "{}",
        &["gatewright.yaml:6:17:", "host.filter_token", "{ env: NAME }"],
    );
    expect(
        "    masks:",
        "    catalogue: { role: boss }\n    masks:",
        &["gatewright.yaml:21:24:", "`boss`", "`support`"],
    );
    expect(
        "    masks:",
        "    limits: { max_message: 64MiB }\n    masks:",
        &["gatewright.yaml:21:", "at most"],
    );
    expect(
        "jwks: {",
        "algorithms: [HS256]\n      jwks: {",
        &["gatewright.yaml:11:20:", "algorithms[0]", "HS256"],
    );
}

#[test]
fn declared_functions_are_checked_where_they_stand() {
    let with = |section: &str| {
        faults(&SOUND.replacen("    masks:", &format!("    functions: {section}\n    masks:"), 1))
    };
    assert_eq!(with("[public.initials, 'Other.Odd Name']"), "none");
    for (section, parts) in [
        ("[initials]", ["gatewright.yaml:21:17:", "resources[0].functions[0]", "expected `schema.function`"]),
        ("[public.*]", ["gatewright.yaml:21:17:", "functions[0]", "without `*`"]),
        ("['public.f(int)']", ["gatewright.yaml:21:17:", "functions[0]", "without arguments"]),
        ("[a.f, pg_catalog.lower]", ["gatewright.yaml:21:22:", "functions[1]", "the server's own"]),
        ("[a.f, a.f]", ["gatewright.yaml:21:22:", "functions[1]", "twice"]),
        ("public.f", ["gatewright.yaml:21:16:", "functions", "list"]),
    ] {
        let said = with(section);
        for part in parts {
            assert!(said.contains(part), "`{part}` is missing in: {said}");
        }
    }
}

#[test]
fn detectors_are_compiled_where_they_stand() {
    let with = |section: &str| {
        faults(&SOUND.replacen("    masks:", &format!("    detectors:{section}\n    masks:"), 1))
    };
    assert_eq!(with(" { enabled: all }"), "none");
    assert_eq!(
        with(" { enabled: [email, us_ssn], custom: [{ name: employee, pattern: 'E-[0-9]{6}' }] }"),
        "none"
    );
    for (section, parts) in [
        (" { enabled: some }", ["gatewright.yaml:21:", "detectors.enabled", "`all` or a list"]),
        (" { enabled: [mail] }", ["gatewright.yaml:21:", "detectors.enabled", "payment_card"]),
        (
            "\n      custom:\n        - name: x\n          pattern: '('",
            ["gatewright.yaml:24:20:", "custom[0].pattern", "unclosed group"],
        ),
        (
            "\n      custom:\n        - name: x\n          pattern: 'a*'",
            ["gatewright.yaml:24:20:", "custom[0].pattern", "empty text"],
        ),
        (" { custom: [{ name: email, pattern: a }] }", ["gatewright.yaml:21:", "custom[0].name", "another"]),
        (" { custom: [{ name: 'a b', pattern: a }] }", ["gatewright.yaml:21:", "custom[0].name", "letters"]),
        (
            " { custom: [{ name: x, pattern: a }, { name: x, pattern: b }] }",
            ["gatewright.yaml:21:", "custom[1].name", "twice"],
        ),
    ] {
        let said = with(section);
        for part in parts {
            assert!(said.contains(part), "`{part}` is missing in: {said}");
        }
    }
}

#[test]
fn the_shop_example_is_sound() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/shop/gatewright.yaml"));
    let loaded = Loaded::read(path).unwrap();
    crate::policies::load(&loaded.policies(), true).unwrap();
}

#[test]
fn a_secret_never_stands_in_the_file() {
    let said = faults(&SOUND.replacen("{ env: SHOP_SUPPORT_PASSWORD }", "hunter2", 1));
    assert!(said.contains("gatewright.yaml:20:") && said.contains("roles[0].password"), "{said}");
    assert!(!said.contains("hunter2"), "the message repeats the secret: {said}");
}

#[test]
fn the_environment_fills_in() {
    let text = SOUND.replacen("listen: 127.0.0.1:8420", "listen: ${GW_TEST_NOT_SET:-127.0.0.1:1}", 1);
    assert_eq!(faults(&text), "none");
    let said = faults(&SOUND.replacen("127.0.0.1:8420\n", "${GW_TEST_NOT_SET}\n", 1));
    assert!(said.contains("gatewright.yaml:3:") && said.contains("GW_TEST_NOT_SET"), "{said}");
}

/// The same with an API.
fn with_api(identity: &str, more: &str) -> String {
    format!(
        "{SOUND}apis:\n  - name: api\n    target: {{ address: 127.0.0.1:8000 }}\n    identity: {identity}\n{more}"
    )
}

#[test]
fn sources_of_identity_are_words_or_words_with_what_they_need() {
    let sources = |text: &str| -> Vec<http::IdentitySource> {
        let loaded = Loaded::parse(Path::new("gatewright.yaml"), &with_api(text, "")).unwrap();
        loaded.api("api").unwrap().identity.value.iter().map(Identity::compiled).collect()
    };
    let payload = |name: &str| http::IdentitySource::JwtAuthn { payload: name.to_owned() };
    assert_eq!(
        sources("[bearer, { header: X-Token }, { cookie: Sid }]"),
        [
            http::IdentitySource::Bearer {},
            http::IdentitySource::Header { name: "x-token".into() },
            http::IdentitySource::Cookie { name: "Sid".into() },
        ]
    );
    assert_eq!(sources("[mtls]"), [http::IdentitySource::Mtls { groups: Default::default() }]);
    assert_eq!(
        sources("[{ mtls: { groups: { \"spiffe://a/b\": [c] } } }]"),
        [http::IdentitySource::Mtls { groups: [("spiffe://a/b".into(), vec!["c".into()])].into() }]
    );
    assert_eq!(sources("[jwt_authn]"), [payload("jwt_payload")]);
    assert_eq!(sources("[{ jwt_authn: { payload_in_metadata: p } }]"), [payload("p")]);
    for (identity, parts) in [
        ("[]", &["apis[0].identity", "at least one"][..]),
        ("[password]", &["password", "bearer"]),
        ("[header]", &["apis[0].identity"]),
        ("[{ header: Cookie }]", &["identity[0]", "`Cookie`"]),
        ("[{ header: \"a b\" }]", &["identity[0]", "`a b`"]),
        ("[bearer, { cookie: \"a;b\" }]", &["identity[1]", "`a;b`"]),
        ("[{ mtls: { group: {} } }]", &["group", "groups"]),
        ("[{ jwt_authn: { payload_in_metadata: \"\" } }]", &["identity[0]", "payload_in_metadata"]),
    ] {
        let said = faults(&with_api(identity, ""));
        for part in parts {
            assert!(said.contains(part), "`{part}` is missing in: {said}");
        }
    }
}

#[test]
fn how_agents_come_in_is_checked_too() {
    let tls = |more: &str| format!("    listen_tls: {{ certificate: a.pem, key: a.key{more} }}\n");
    assert_eq!(faults(&with_api("[mtls]", &tls(", client_ca: ca.pem"))), "none");
    assert_eq!(faults(&with_api("[bearer]", &tls(""))), "none");
    let said = faults(&with_api("[bearer, mtls]", &tls("")));
    assert!(said.contains("apis[0].listen_tls") && said.contains("client_ca"), "{said}");
    for upgrade in ["CONNECT", "web socket", "\"\""] {
        let said = faults(&with_api("[bearer]", &format!("    upgrades: [{upgrade}]\n")));
        assert!(said.contains("apis[0].upgrades[0]"), "{upgrade}: {said}");
    }
}

#[test]
fn tls_with_targets_is_what_they_can_speak() {
    let target = |text: &str| format!("target: {{ {text} }}");
    let database = |tls: &str| SOUND.replace(&target("address: 127.0.0.1:5432"), &target(tls));
    for tls in ["none", "direct", "request"] {
        assert_eq!(faults(&database(&format!("address: \"db.internal:5432\", tls: {tls}"))), "none");
    }
    for tls in ["direct", "request"] {
        let own = format!("address: \"127.0.0.1:5432\", tls: {tls}, ca: ca.pem");
        assert_eq!(faults(&database(&own)), "none");
    }
    let said = faults(&database("address: \"127.0.0.1:5432\", ca: ca.pem"));
    assert!(said.contains("resources[0].target") && said.contains("`tls: request`"), "{said}");
    let said = faults(&with_api("[bearer]", "").replace(":8000 }", ":8000, tls: direct, ca: ca.pem }"));
    assert!(said.contains("apis[0].target.ca"), "{said}");
    let said = faults(&database("unix: /run/.s.PGSQL.5432, tls: request"));
    assert!(said.contains("resources[0].target") && said.contains("leave out `tls`"), "{said}");
    let said = faults(&with_api("[bearer]", "").replace(":8000 }", ":8000, tls: request }"));
    assert!(said.contains("apis[0].target.tls") && said.contains("`direct`"), "{said}");
}

#[test]
fn shadow_mode_is_said_in_one_way_only() {
    let enforcement = |lines: &str| {
        let text = SOUND.replacen("    database: shop\n", &format!("    database: shop\n{lines}"), 1);
        let loaded = Loaded::parse(Path::new("dir/gatewright.yaml"), &text).unwrap();
        loaded.config.enforcement().map(|(_, enforcement)| enforcement).next().unwrap()
    };
    assert_eq!(enforcement(""), Enforcement::Enforce);
    assert_eq!(enforcement("    enforcement: enforce\n    masking: enforce\n"), Enforcement::Enforce);
    assert_eq!(enforcement("    enforcement: shadow\n"), Enforcement::Shadow);
    assert_eq!(enforcement("    enforcement: shadow\n    masking: enforce\n"), Enforcement::Shadow);
    assert_eq!(enforcement("    enforcement: shadow\n    masking: shadow\n"), Enforcement::ShadowMasks);
    let at = "    database: shop\n";
    for wrong in ["Shadow", "off", "\"shadow \"", "true", "[shadow]"] {
        let lines = format!("{at}    enforcement: {wrong}\n");
        expect(at, &lines, &["gatewright.yaml:18", "resources[0].enforcement"]);
    }
    expect(at, &format!("{at}    enforcement: dark\n"), &["enforce", "shadow", "dark"]);
    let alone = format!("{at}    masking: shadow\n");
    expect(at, &alone, &["gatewright.yaml:18", "resources[0].masking", "beside `enforcement: shadow`"]);
    let beside = format!("{at}    masking: shadow\n    enforcement: enforce\n");
    expect(at, &beside, &["resources[0].masking"]);
    let api = "apis:\n  - name: api\n    target: { address: 127.0.0.1:9 }\n    masking: shadow\nresources:\n";
    expect("resources:\n", api, &["gatewright.yaml:16", "apis[0].masking"]);
}

#[test]
fn groups_of_claims_are_for_somebody_in_particular() {
    let rule = |rule: &str| format!("audiences: [gatewright]\n      groups:\n        - {rule}");
    let sound =
        rule("{ groups: [ci], claims: { repository: acme/shop, ref: [refs/heads/main, refs/tags/v*] } }");
    assert_eq!(faults(&SOUND.replacen("audiences: [gatewright]", &sound, 1)), "none");
    for (wrong, field, message) in [
        ("{ groups: [ci], claims: {} }", "groups[0].claims", "everybody with a token"),
        ("{ groups: [], claims: { a: b } }", "groups[0].groups", "at least one group"),
        ("{ groups: [ci], claims: { a: [] } }", "groups[0].claims.a", "at least one value"),
        ("{ groups: [ci], claims: { a: '*' } }", "groups[0].claims.a", "only at the end"),
        ("{ groups: [ci], claims: { a: 'x*y' } }", "groups[0].claims.a", "only at the end"),
        ("{ groups: [ci], claims: { a: 'x**' } }", "groups[0].claims.a", "only at the end"),
    ] {
        expect("audiences: [gatewright]", &rule(wrong), &["gatewright.yaml:12", field, message]);
    }
}
