//! What this binary is inside a lab. Nobody types these.

use std::process::ExitCode;

/// PID 1 of a host.
pub(crate) fn agent() -> ExitCode {
    mdbook_twin::agent::serve()
}

/// PID 1 of a lab.
pub(crate) fn lab_init() -> ExitCode {
    mdbook_twin::lab::init_main()
}

/// PID 1 of what builds and removes systems.
pub(crate) fn lab_work() -> ExitCode {
    mdbook_twin::lab::work_main()
}
