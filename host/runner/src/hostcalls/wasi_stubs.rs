//! What WASI preview 1 has besides, and filters do not get: there are no files and no sockets.

use wasmtime::Linker;

use super::wasi::BADF;
use crate::state::State;

const NOENT: i32 = 44;
const NOSYS: i32 = 52;
const NOTSUP: i32 = 58;

/// Calls that answer without looking at their arguments.
pub(super) fn define(linker: &mut Linker<State>, space: &str) -> wasmtime::Result<()> {
    macro_rules! stub {
        ($($name:literal => $answer:expr, ($($ty:ty),*));* $(;)?) => {
            $(linker.func_wrap(space, $name, |$(_: $ty),*| -> i32 { $answer })?;)*
        };
    }
    stub! {
        "args_get" => 0, (i32, i32);
        "sched_yield" => 0, ();
        "poll_oneoff" => 0, (i32, i32, i32, i32);
        "fd_prestat_get" => BADF, (i32, i32);
        "fd_prestat_dir_name" => BADF, (i32, i32, i32);
        "path_open" => NOENT, (i32, i32, i32, i32, i32, i64, i64, i32, i32);
        "fd_read" => NOSYS, (i32, i32, i32, i32);
        "fd_seek" => NOSYS, (i32, i64, i32, i32);
        "fd_close" => NOSYS, (i32);
        "fd_tell" => NOTSUP, (i32, i32);
        "fd_sync" => NOTSUP, (i32);
        "fd_datasync" => NOTSUP, (i32);
        "fd_advise" => NOTSUP, (i32, i64, i64, i32);
        "fd_allocate" => NOTSUP, (i32, i64, i64);
        "fd_fdstat_set_flags" => NOTSUP, (i32, i32);
        "fd_fdstat_set_rights" => NOTSUP, (i32, i64, i64);
        "fd_filestat_get" => NOTSUP, (i32, i32);
        "fd_filestat_set_size" => NOTSUP, (i32, i64);
        "fd_filestat_set_times" => NOTSUP, (i32, i64, i64, i32);
        "fd_pread" => NOTSUP, (i32, i32, i32, i64, i32);
        "fd_pwrite" => NOTSUP, (i32, i32, i32, i64, i32);
        "fd_readdir" => NOTSUP, (i32, i32, i32, i64, i32);
        "fd_renumber" => NOTSUP, (i32, i32);
        "path_create_directory" => NOTSUP, (i32, i32, i32);
        "path_filestat_get" => NOTSUP, (i32, i32, i32, i32, i32);
        "path_filestat_set_times" => NOTSUP, (i32, i32, i32, i32, i64, i64, i32);
        "path_link" => NOTSUP, (i32, i32, i32, i32, i32, i32, i32);
        "path_readlink" => NOTSUP, (i32, i32, i32, i32, i32, i32);
        "path_remove_directory" => NOTSUP, (i32, i32, i32);
        "path_rename" => NOTSUP, (i32, i32, i32, i32, i32, i32);
        "path_symlink" => NOTSUP, (i32, i32, i32, i32, i32);
        "path_unlink_file" => NOTSUP, (i32, i32, i32);
        "proc_raise" => NOTSUP, (i32);
        "sock_accept" => NOTSUP, (i32, i32, i32);
        "sock_recv" => NOTSUP, (i32, i32, i32, i32, i32, i32);
        "sock_send" => NOTSUP, (i32, i32, i32, i32, i32);
        "sock_shutdown" => NOTSUP, (i32, i32);
    }
    Ok(())
}
