//! Every tutorial has a twin that runs.
