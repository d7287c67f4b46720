//! Every tutorial has a twin that runs.

pub mod readme;
