//! The `quintant` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    quintant::app::main()
}
