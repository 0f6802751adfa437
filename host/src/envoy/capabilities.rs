//! What a module may do in the proxy, and what the proxy must tell it: exactly what each filter uses.
//!
//! The SDK links more into a module than a filter calls (gRPC, queues, foreign functions): code that ever ran in there
//! against our will could not use it. The other way round, a callback that is left out is one that Envoy does not call,
//! and what it would have looked at passes unseen: `gatewright doctor` looks for that.

use std::fmt::Write as _;

/// Of every filter.
const COMMON: &[&str] = &[
    "clock_time_get",
    "environ_get",
    "environ_sizes_get",
    "fd_write",
    "proc_exit",
    "proxy_close_stream",
    "proxy_continue_stream",
    "proxy_get_buffer_bytes",
    "proxy_get_current_time_nanoseconds",
    "proxy_get_header_map_value",
    "proxy_get_property",
    "proxy_http_call",
    "proxy_log",
    "proxy_on_configure",
    "proxy_on_context_create",
    "proxy_on_delete",
    "proxy_on_done",
    "proxy_on_http_call_response",
    "proxy_on_log",
    "proxy_on_tick",
    "proxy_on_vm_start",
    "proxy_set_buffer_bytes",
    "proxy_set_effective_context",
    "proxy_set_property",
    "proxy_set_tick_period_milliseconds",
    "random_get",
];

const POSTGRES: &[&str] = &[
    "proxy_get_shared_data",
    "proxy_on_downstream_connection_close",
    "proxy_on_downstream_data",
    "proxy_on_new_connection",
    "proxy_on_upstream_connection_close",
    "proxy_on_upstream_data",
    "proxy_set_shared_data",
];

const HTTP: &[&str] = &[
    "proxy_get_header_map_pairs",
    "proxy_on_request_body",
    "proxy_on_request_headers",
    "proxy_on_request_trailers",
    "proxy_on_response_body",
    "proxy_on_response_headers",
    "proxy_on_response_trailers",
    "proxy_remove_header_map_value",
    "proxy_replace_header_map_value",
    "proxy_send_local_response",
];

/// The names that a filter needs, sorted; every one is either imported or exported by its module.
pub(crate) fn of(filter: &str) -> Vec<&'static str> {
    let own = if filter == super::HTTP_FILTER { HTTP } else { POSTGRES };
    let mut all = [COMMON, own].concat();
    all.sort_unstable();
    all
}

/// As a field of `vm_config`, each line behind so many spaces.
pub(super) fn yaml(filter: &str, indent: usize) -> String {
    let mut text = format!(
        "{:indent$}# Exactly what the filter uses. Leave none out: a callback that is missing is one that sees nothing.\n\
         {:indent$}capability_restriction_config:\n{:indent$}  allowed_capabilities:\n",
        "", "", ""
    );
    for name in of(filter) {
        // INVARIANT: writing to a string cannot fail.
        let _ = writeln!(text, "{:indent$}    {name}: {{}}", "");
    }
    text
}
