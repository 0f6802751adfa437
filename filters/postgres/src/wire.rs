//! Messages of the protocol, version 3.0 and 3.2.

pub mod backend;
mod error_fields;
mod frame;
pub mod frontend;
mod reader;
mod writer;

pub use error_fields::ErrorFields;
pub use frame::{Frame, FrameError, Header, header};
pub use reader::Reader;
pub use writer::Writer;
