//! Secrets that a program prints: password managers, agents of secret stores, a company's own.

use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

/// Longest output, in bytes.
const MOST: u64 = 64 * 1024;

/// What the program prints. It runs in the configuration's folder, without a shell and without input; what it says of
/// errors is not repeated, since it may be half of a secret.
pub(super) async fn run(argv: &[String], folder: &Path) -> Result<String, String> {
    let (program, arguments) = argv.split_first().ok_or("there is no program")?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|cause| format!("it cannot be started: {cause}"))?;
    let mut output = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let read = stdout.take(MOST.saturating_add(1)).read_to_end(&mut output).await;
        read.map_err(|cause| format!("its output cannot be read: {cause}"))?;
    }
    if output.len() as u64 > MOST {
        return Err(format!("it prints more than {MOST} bytes"));
    }
    let status = child.wait().await.map_err(|cause| cause.to_string())?;
    if !status.success() {
        return Err(format!("it ended with {status}; run it by hand, as the host's user, to see why"));
    }
    let text = String::from_utf8(output).map_err(|_| "what it prints is not UTF-8".to_owned())?;
    Ok(super::sources::without_line_end(&text).to_owned())
}
