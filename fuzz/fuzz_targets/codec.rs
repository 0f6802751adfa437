//! Every reader of the codec, on any bytes: no panic, and what is written reads back.
#![no_main]

use gatewright_postgres::wire::{ErrorFields, Frame, backend, frontend, header};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = frontend::startup(data);
    let _ = frontend::parse(data);
    let _ = frontend::bind(data);
    let _ = frontend::execute(data);
    let _ = frontend::kind_and_name(data);
    let _ = frontend::one_string(data);
    let _ = backend::authentication(data);
    let _ = backend::row_description(data);
    let _ = backend::data_row(data);
    if let Some(fields) = ErrorFields::parse(data) {
        let mut out = Vec::new();
        fields.write(b'E', &mut out);
        assert_eq!(ErrorFields::parse(&out[5..]), Some(fields));
    }
    if let Some(frontend::Startup::Start(message)) = frontend::startup(data) {
        let mut out = Vec::new();
        message.write(&mut out);
        assert_eq!(frontend::startup(&out), Some(frontend::Startup::Start(message)));
    }
    let mut rest = data;
    while let Ok(Some(header)) = header(rest) {
        let Some((_, tail)) = Frame::split(header, rest) else { break };
        rest = tail;
    }
});
