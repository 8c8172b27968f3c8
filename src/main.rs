//! The command line: opens the window, or runs without one.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
