//! What a run takes from outside of its lab, had before the lab is made: a lab has no way out.

use std::path::PathBuf;

use crate::lab::system::{self, Wanted};
use crate::lab::{HostSupplies, Supplies};
use crate::run::{LabError, Options, Progress};
use crate::tutorial::{Host, Tutorial};

/// Systems, upstream's tree, inputs; from the cache where they were had before.
///
/// # Errors
/// [`LabError::Missing`] for what can't be had on this machine.
pub(super) fn gather(
    tutorial: &Tutorial,
    options: &Options,
    observer: &mut dyn FnMut(Progress<'_>),
) -> Result<Supplies, LabError> {
    let mut supplies = Supplies::default();
    for host in &tutorial.hosts {
        supplies.hosts.push(HostSupplies {
            layers: layers(host, options, observer)?,
            files: Vec::new(),
        });
    }
    Ok(supplies)
}

/// Of a host made of a system; none for one made of the machine.
fn layers(
    host: &Host,
    options: &Options,
    observer: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<PathBuf>, LabError> {
    let Some(wanted) = Wanted::of(&host.system) else {
        return Ok(Vec::new());
    };
    let stop = options.interrupt.as_ref().map(|it| it.event(false));
    let mut tell = |what: &str| observer(Progress::Preparing(what));
    let layers = system::provide(&wanted, &options.cache, &options.sources, stop, &mut tell)?;
    Ok(layers)
}
