//! What a run takes from outside of its lab, had before the lab is made: a lab has no way out.

use std::path::PathBuf;

use crate::judge::Missing;
use crate::lab::system::{self, Wanted};
use crate::lab::{self, HostSupplies, Placed, Supplies};
use crate::need::{Kind, Mend, Need};
use crate::run::{LabError, Options, Progress};
use crate::tutorial::{Host, Input, InputSource, Tutorial, Upstream};
use crate::upstream::{self, PinError, Places, Reach};

type Observer<'a> = &'a mut dyn FnMut(Progress<'_>);

/// Systems, upstream's tree, inputs; from the cache where they were had before.
///
/// # Errors
/// [`LabError::Missing`] for what can't be had on this machine, [`LabError::Supply`] for what must not be taken.
pub(super) fn gather(
    tutorial: &Tutorial,
    options: &Options,
    observer: Observer<'_>,
) -> Result<Supplies, LabError> {
    let mut hosts = vec![HostSupplies::default(); tutorial.hosts.len()];
    for (host, supplies) in tutorial.hosts.iter().zip(&mut hosts) {
        supplies
            .files
            .extend(checkout(tutorial, host, options, observer)?);
    }
    // After the checkouts: an input may be put into one.
    for input in &tutorial.inputs {
        let placed = input_of(input, options, observer)?;
        hosts[input.host].files.push(placed);
    }
    // Last: a system takes minutes to build, and what can't be had is known at once.
    for (host, supplies) in tutorial.hosts.iter().zip(&mut hosts) {
        supplies.layers = layers(host, options, observer)?;
    }
    Ok(Supplies { hosts })
}

/// Of a host made of a system; none for one made of the machine.
fn layers(
    host: &Host,
    options: &Options,
    observer: Observer<'_>,
) -> Result<Vec<PathBuf>, LabError> {
    let Some(wanted) = Wanted::of(&host.system) else {
        return Ok(Vec::new());
    };
    let stop = options.interrupt.as_ref().map(|it| it.event(false));
    let mut tell = |what: &str| observer(Progress::Preparing(what));
    let layers = system::provide(&wanted, &options.cache, &options.sources, stop, &mut tell)?;
    Ok(layers)
}

/// Where a host's terminals start: in upstream's tree where it is checked out, else at home.
pub(super) fn working_directory(tutorial: &Tutorial, host: &Host) -> String {
    match &tutorial.upstream {
        Some(upstream) if host.checkout => checkout_folder(upstream),
        _ => lab::login_user(&host.user).home,
    }
}

/// As `git clone` would name it, in the home of `user`.
fn checkout_folder(upstream: &Upstream) -> String {
    in_home(upstream::repository_name(&upstream.url))
}

fn in_home(path: &str) -> String {
    format!("{}/{path}", lab::login_user("user").home)
}

fn checkout(
    tutorial: &Tutorial,
    host: &Host,
    options: &Options,
    observer: Observer<'_>,
) -> Result<Option<Placed>, LabError> {
    let Some(of) = tutorial.upstream.as_ref().filter(|_| host.checkout) else {
        return Ok(None);
    };
    let get = |reach| upstream::checkout(&options.places, &of.url, &of.commit, reach);
    Ok(Some(Placed {
        source: had(get, &tree_of(of), observer)?,
        target: checkout_folder(of),
    }))
}

fn input_of(input: &Input, options: &Options, observer: Observer<'_>) -> Result<Placed, LabError> {
    let get = |reach| upstream::input(&options.places, input, reach);
    let target = match input.path.starts_with('/') {
        true => input.path.clone(),
        false => in_home(&input.path),
    };
    Ok(Placed {
        source: had(get, input.source.url(), observer)?,
        target,
    })
}

/// In words, for a list: the spec has the whole commit.
fn tree_of(of: &Upstream) -> String {
    let from = of.github.as_ref().unwrap_or(&of.url);
    format!("the tree of {from} at {:.12}", of.commit)
}

/// What of it is on this machine, and what would be fetched; for a look at it, nothing is.
pub(super) fn needs(tutorial: &Tutorial, places: &Places) -> Vec<Need> {
    let tree = |of: &Upstream| {
        let got = upstream::checkout(places, &of.url, &of.commit, Reach::Machine);
        need(tree_of(of), got.map(drop), &of.url, "git")
    };
    let input = |input: &Input| {
        let got = upstream::input(places, input, Reach::Machine);
        let (url, by) = match &input.source {
            InputSource::Tree { url, .. } => (url, "git"),
            InputSource::File { url, .. } => (url, "curl"),
        };
        need(format!("the input {url}"), got.map(drop), url, by)
    };
    let is_wanted = tutorial.hosts.iter().any(|host| host.checkout);
    let tree = tutorial.upstream.as_ref().filter(|_| is_wanted).map(tree);
    let inputs = tutorial.inputs.iter().map(input);
    tree.into_iter().chain(inputs).collect()
}

/// Whether a place can be reached shows when it has to be, and then it is a skip; what reaches it has to be here.
fn need(what: String, got: Result<(), PinError>, url: &str, by: &str) -> Need {
    match got {
        Ok(()) => Need::met(Kind::Upstream, what, "on this machine"),
        Err(PinError::Unreachable { .. }) if lab::has_program(by) => {
            let found = format!("the first run fetches it by {by} from {url}");
            Need::met(Kind::Upstream, what, found)
        }
        Err(PinError::Unreachable { .. }) => {
            let what = format!("the program {by}, which fetches {what}");
            Need::unmet(Kind::Program, what, Mend::Install(vec![by.to_owned()]))
        }
        Err(error) => Need::unmet(Kind::Upstream, what, Mend::Words(error.to_string())),
    }
}

/// From this machine without a word; else the reader is told what is waited for.
fn had<T>(
    get: impl Fn(Reach) -> Result<T, PinError>,
    what: &str,
    observer: Observer<'_>,
) -> Result<T, LabError> {
    let mut got = get(Reach::Machine);
    if let Err(PinError::Unreachable { .. }) = got {
        observer(Progress::Preparing(&format!("fetching {what}")));
        got = get(Reach::Network);
    }
    got.map_err(|error| match error {
        PinError::Unreachable { url, reason } => LabError::Missing(vec![Missing {
            what: what.to_owned(),
            remedy: format!("{url} must be reachable, or an upstream directory have it ({reason})"),
        }]),
        error => LabError::Supply(error),
    })
}
