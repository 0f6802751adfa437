//! Numbers of the proxy-wasm ABI 0.2.1.

pub(crate) mod status {
    pub(crate) const OK: i32 = 0;
    pub(crate) const NOT_FOUND: i32 = 1;
    pub(crate) const BAD_ARGUMENT: i32 = 2;
    pub(crate) const CAS_MISMATCH: i32 = 8;
    pub(crate) const UNIMPLEMENTED: i32 = 12;
}

pub(crate) mod buffer {
    pub(crate) const DOWNSTREAM: i32 = 2;
    pub(crate) const UPSTREAM: i32 = 3;
    pub(crate) const CALL_RESPONSE_BODY: i32 = 4;
    pub(crate) const VM_CONFIGURATION: i32 = 6;
    pub(crate) const PLUGIN_CONFIGURATION: i32 = 7;
}

pub(crate) mod map {
    pub(crate) const CALL_RESPONSE_HEADERS: i32 = 6;
}

/// `proxy_on_downstream_data` and the like: the bytes may go on.
pub(crate) const CONTINUE: i32 = 0;
