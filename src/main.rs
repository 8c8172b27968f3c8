//! The command line: open the window, or run without one.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
