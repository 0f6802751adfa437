//! The reader of request targets and the templates, on any bytes: no panic, and what goes on reads to the same.
#![no_main]

use std::sync::LazyLock;

use gatewright_http::path::{Target, Templates};
use libfuzzer_sys::fuzz_target;

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| {
    let get = Some("GET");
    let templates = [
        (get, "/"),
        (get, "/customers/{id}"),
        (get, "/customers/me"),
        (get, "/files/{path...}"),
        (get, "/files/private/{path...}"),
        (get, "/Reports/{year}/Run"),
    ];
    Templates::compile(&templates).expect("they are in no conflict")
});

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Templates::compile(&[(None, text), (Some("GET"), "/a/{x}/b"), (None, "/{y}/b/{z...}")]);
    }
    let Ok(target) = Target::read(data) else { return };
    let canonical = target.canonical();
    let again = Target::read(canonical.as_bytes()).expect("what is canonical is read");
    assert_eq!(again, target);
    assert_eq!(again.canonical(), canonical);
    assert_eq!(TEMPLATES.match_("GET", &again), TEMPLATES.match_("GET", &target));
    for segment in target.segments() {
        assert!(!segment.is_empty() && segment != "." && segment != "..");
        assert!(!segment.contains(['/', '\\', ';', '\0']));
    }
});
