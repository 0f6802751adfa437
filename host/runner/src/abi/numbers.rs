//! Numbers of the ABI.

/// What a hostcall answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// Done.
    Ok = 0,
    /// There is no such thing.
    NotFound = 1,
    /// An argument is out of its range, or names what is not there.
    BadArgument = 2,
    /// A value has no serialized form.
    SerializationFailure = 3,
    /// A serialized value cannot be read.
    ParseFailure = 4,
    /// A pointer or size leaves the guest's memory, or the guest gave no memory for an answer.
    InvalidMemoryAccess = 6,
    /// The queue holds nothing.
    Empty = 7,
    /// Somebody else changed the value.
    CasMismatch = 8,
    /// The host could not do it.
    InternalFailure = 10,
    /// The host does not do that.
    Unimplemented = 12,
}

/// What a callback decides about the bytes that it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// They go on.
    Continue,
    /// They wait.
    Pause,
}

impl Action {
    /// As the callback returned it: whatever is not Continue holds the bytes back.
    pub(crate) fn of(number: u32) -> Self {
        if number == 0 { Self::Continue } else { Self::Pause }
    }
}

/// Who closed a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Peer {
    /// Not known.
    Unknown = 0,
    /// This proxy.
    Local = 1,
    /// The other end.
    Remote = 2,
}

/// Level of a log message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Level {
    Trace = 0,
    Debug = 1,
    Info = 2,
    Warn = 3,
    Error = 4,
    Critical = 5,
}

impl Level {
    /// By its number.
    pub(crate) fn of(number: u32) -> Option<Self> {
        [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Critical]
            .into_iter()
            .find(|level| *level as u32 == number)
    }
}

/// Kinds of buffers.
pub(crate) mod buffer {
    pub(crate) const HTTP_REQUEST_BODY: u32 = 0;
    pub(crate) const HTTP_RESPONSE_BODY: u32 = 1;
    pub(crate) const DOWNSTREAM: u32 = 2;
    pub(crate) const UPSTREAM: u32 = 3;
    pub(crate) const CALL_RESPONSE_BODY: u32 = 4;
    pub(crate) const GRPC_MESSAGE: u32 = 5;
    pub(crate) const VM_CONFIGURATION: u32 = 6;
    pub(crate) const PLUGIN_CONFIGURATION: u32 = 7;
    pub(crate) const FOREIGN_ARGUMENTS: u32 = 8;
}

/// Kinds of header maps.
pub(crate) mod map {
    pub(crate) const REQUEST_HEADERS: u32 = 0;
    pub(crate) const REQUEST_TRAILERS: u32 = 1;
    pub(crate) const RESPONSE_HEADERS: u32 = 2;
    pub(crate) const RESPONSE_TRAILERS: u32 = 3;
    pub(crate) const GRPC_INITIAL_METADATA: u32 = 4;
    pub(crate) const GRPC_TRAILING_METADATA: u32 = 5;
    pub(crate) const CALL_RESPONSE_HEADERS: u32 = 6;
    pub(crate) const CALL_RESPONSE_TRAILERS: u32 = 7;
}

/// Kinds of streams.
pub(crate) mod stream {
    pub(crate) const HTTP_REQUEST: u32 = 0;
    pub(crate) const HTTP_RESPONSE: u32 = 1;
    pub(crate) const DOWNSTREAM: u32 = 2;
    pub(crate) const UPSTREAM: u32 = 3;
}
