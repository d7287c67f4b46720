//! What a run takes from outside of its lab, had before the lab is made: a lab has no way out.

use crate::lab::{HostSupplies, Supplies};
use crate::run::{LabError, Options, Progress};
use crate::tutorial::Tutorial;

/// Systems, upstream's tree, inputs; from the cache where they were had before.
///
/// # Errors
/// [`LabError::Missing`] for what can't be had on this machine.
pub(super) fn gather(
    tutorial: &Tutorial,
    _options: &Options,
    _observer: &mut dyn FnMut(Progress<'_>),
) -> Result<Supplies, LabError> {
    let hosts = tutorial.hosts.iter();
    Ok(Supplies {
        hosts: hosts.map(|_| HostSupplies::default()).collect(),
    })
}
