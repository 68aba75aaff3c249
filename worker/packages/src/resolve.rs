//! Chooses a version of everything that a workspace needs.

use crate::candidates::Candidates;
use crate::explain;
use crate::index::{File, Index, IndexError};
use crate::metadata::Metadata;
use crate::requirements::{Refusal, Wanted};
use crate::target::Target;
use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::{ExtraName, PackageName, Requirement, VersionOrUrl};
use pubgrub::{
    Dependencies, DependencyConstraints, DependencyProvider, PackageResolutionStatistics, PubGrubError,
};
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use version_ranges::Ranges;

/// Most packages that are looked at; the largest known sets have about a hundred.
pub const MAX_LOOKED_AT: usize = 500;
/// Most versions whose needs are read.
const MAX_VERSIONS: usize = 5_000;
/// When so many versions of one package did not fit, the needs of the next are asked for ahead.
const UNLUCKY: usize = 2;
const AHEAD: usize = 16;
/// When so many versions of one package need what cannot be installed, no older one is looked for:
/// it would be years old.
const MAX_OBSTRUCTED: usize = 100;

/// What there is to choose a version of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The workspace itself.
    Workspace,
    /// A package.
    Package(PackageName),
    /// What an extra adds to a package, in the package's version.
    Extra(PackageName, ExtraName),
}

impl Part {
    /// The package that it is of.
    pub fn package(&self) -> Option<&PackageName> {
        match self {
            Self::Workspace => None,
            Self::Package(name) | Self::Extra(name, _) => Some(name),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workspace => write!(f, "the workspace"),
            Self::Package(name) => write!(f, "`{name}`"),
            Self::Extra(name, extra) => write!(f, "`{name}[{extra}]`"),
        }
    }
}

/// Why there is no choice.
#[derive(Debug)]
pub enum Unresolved {
    /// It is up to the author.
    Refused(Vec<Refusal>),
    /// It is up to the index.
    Index(IndexError),
    /// It would take too much.
    TooMuch(String),
}

/// What was chosen.
pub struct Chosen {
    /// The wheel.
    pub file: File,
    /// What the index says that it says of itself.
    pub metadata: Metadata,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error("{0}")]
    TooMuch(String),
}

type Needs = Result<Rc<Metadata>, String>;

/// What is learned on the way.
#[derive(Default)]
pub(crate) struct Facts {
    pub candidates: BTreeMap<PackageName, Rc<Candidates>>,
    pub needs: HashMap<PackageName, BTreeMap<Version, Needs>>,
    pre_releases: HashSet<PackageName>,
    /// How many versions of a package need something of which there is nothing to install.
    obstructed: HashMap<PackageName, usize>,
}

pub(crate) struct Provider {
    index: Arc<Index>,
    target: Target,
    handle: Handle,
    pub wanted: Vec<Wanted>,
    pub facts: RefCell<Facts>,
    deadline: Instant,
}

/// Chooses versions; blocks, so it needs a thread of its own.
///
/// # Errors
/// See [`Unresolved`].
pub fn resolve(
    index: Arc<Index>,
    target: Target,
    wanted: Vec<Wanted>,
    patience: Duration,
    handle: Handle,
) -> Result<Vec<Chosen>, Unresolved> {
    let wanted: Vec<_> =
        wanted.into_iter().filter(|one| one.requirement.evaluate_markers(&target.markers, &[])).collect();
    let deadline = Instant::now() + patience;
    let provider = Provider { index, target, handle, wanted, facts: RefCell::default(), deadline };
    let root = Version::new([0]);
    match pubgrub::resolve(&provider, Part::Workspace, root) {
        Ok(solution) => {
            let mut chosen = vec![];
            for (part, version) in solution {
                let Part::Package(name) = part else { continue };
                let Some(file) = provider.candidates(&name)?.versions.get(&version).cloned().flatten() else {
                    continue;
                };
                let metadata = provider.needs(&name, &version, &file)?.map_err(Unresolved::TooMuch)?;
                chosen.push(Chosen { file, metadata: (*metadata).clone() });
            }
            chosen.sort_by(|a, b| a.file.name.package.cmp(&b.file.name.package));
            Ok(chosen)
        }
        Err(PubGrubError::NoSolution(tree)) => Err(Unresolved::Refused(explain::explain(&provider, &tree))),
        Err(
            PubGrubError::ErrorChoosingVersion { source, .. }
            | PubGrubError::ErrorRetrievingDependencies { source, .. }
            | PubGrubError::ErrorInShouldCancel(source),
        ) => Err(provider.stopped(source)),
    }
}

impl From<Stop> for Unresolved {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Index(error) => Self::Index(error),
            Stop::TooMuch(text) => Self::TooMuch(text),
        }
    }
}

/// The versions that a requirement takes.
pub(crate) fn range(requirement: &Requirement) -> Ranges<Version> {
    specifiers(requirement).cloned().map_or_else(Ranges::full, Ranges::from)
}

fn specifiers(requirement: &Requirement) -> Option<&VersionSpecifiers> {
    match &requirement.version_or_url {
        Some(VersionOrUrl::VersionSpecifier(specifiers)) => Some(specifiers),
        _ => None,
    }
}

impl Provider {
    /// Why there is no choice when looking for one was stopped: the requirements that lead to what
    /// cannot be installed, as far as that was seen.
    fn stopped(&self, stop: Stop) -> Unresolved {
        let text = match stop {
            Stop::TooMuch(text) => text,
            Stop::Index(error) => return Unresolved::Index(error),
        };
        let mut refused = explain::hopeless(self);
        if refused.is_empty() {
            return Unresolved::TooMuch(text);
        }
        for refusal in &mut refused {
            refusal.message = format!("{}; {text}", refusal.message);
        }
        Unresolved::Refused(refused)
    }

    /// Counts a version of a package that needs what cannot be installed.
    fn note_obstructed(&self, name: &PackageName, requirements: &[Requirement]) {
        let mut facts = self.facts.borrow_mut();
        let is_obstacle = |need: &Requirement| {
            facts.candidates.get(&need.name).is_some_and(|found| found.obstacle.is_some())
        };
        if requirements.iter().any(is_obstacle) {
            *facts.obstructed.entry(name.clone()).or_default() += 1;
        }
    }

    pub fn markers(&self) -> &pep508_rs::MarkerEnvironment {
        &self.target.markers
    }

    pub fn candidates(&self, name: &PackageName) -> Result<Rc<Candidates>, Stop> {
        if let Some(found) = self.facts.borrow().candidates.get(name) {
            return Ok(found.clone());
        }
        if self.facts.borrow().candidates.len() >= MAX_LOOKED_AT {
            return Err(Stop::TooMuch(format!("more than {MAX_LOOKED_AT} packages would be needed")));
        }
        let found = match Candidates::provided(name, &self.target) {
            Some(found) => found,
            None => match self.handle.block_on(self.index.page(name)) {
                Ok(page) => Candidates::of(name, &page, &self.target),
                Err(IndexError::Missing) => Candidates::missing(name),
                Err(error) => return Err(error.into()),
            },
        };
        let found = Rc::new(found);
        self.facts.borrow_mut().candidates.insert(name.clone(), found.clone());
        Ok(found)
    }

    /// What one version says of itself; the inner error is why it cannot be installed.
    fn needs(&self, name: &PackageName, version: &Version, file: &File) -> Result<Needs, Stop> {
        if let Some(known) = self.facts.borrow().needs.get(name).and_then(|known| known.get(version)) {
            return Ok(known.clone());
        }
        if self.facts.borrow().needs.values().map(BTreeMap::len).sum::<usize>() >= MAX_VERSIONS {
            let text = format!(
                "more than {MAX_VERSIONS} versions would have to be looked at; say more precisely which"
            );
            return Err(Stop::TooMuch(text));
        }
        let bytes = self.handle.block_on(self.index.metadata(file))?;
        let needs = Metadata::parse(&bytes).and_then(|metadata| {
            if metadata.name != *name || metadata.version != *version {
                return Err(format!("has the metadata of `{}` {}", metadata.name, metadata.version));
            }
            if !self.target.takes(metadata.requires_python.as_deref()) {
                return Err(format!("is not for Python {}", self.target.markers.python_version()));
            }
            Ok(Rc::new(metadata))
        });
        let mut facts = self.facts.borrow_mut();
        facts.needs.entry(name.clone()).or_default().insert(version.clone(), needs.clone());
        Ok(needs)
    }

    /// The requirements of a part in one version, those of other extras and platforms left out.
    fn requirements(&self, metadata: &Metadata, extra: Option<&ExtraName>) -> Vec<Requirement> {
        let markers = &self.target.markers;
        let plain = |requirement: &&Requirement| requirement.evaluate_markers(markers, &[]);
        let added = |requirement: &&Requirement| {
            extra.is_none_or(|extra| {
                !plain(requirement) && requirement.evaluate_markers(markers, std::slice::from_ref(extra))
            })
        };
        metadata
            .requires
            .iter()
            .filter(|r| if extra.is_none() { plain(r) } else { added(r) })
            .cloned()
            .collect()
    }

    fn constraints<'r>(
        &self,
        requirements: impl Iterator<Item = &'r Requirement>,
    ) -> Vec<(Part, Ranges<Version>)> {
        let mut all: Vec<(Part, Ranges<Version>)> = vec![];
        for requirement in requirements {
            if specifiers(requirement).is_some_and(|s| s.iter().any(|s| s.any_prerelease())) {
                self.facts.borrow_mut().pre_releases.insert(requirement.name.clone());
            }
            let range = range(requirement);
            self.look_ahead(&requirement.name, &range);
            all.push((Part::Package(requirement.name.clone()), range.clone()));
            for extra in &requirement.extras {
                all.push((Part::Extra(requirement.name.clone(), extra.clone()), range.clone()));
            }
        }
        // Each part once: of several requirements on one, all count.
        let mut merged: Vec<(Part, Ranges<Version>)> = vec![];
        for (part, range) in all {
            match merged.iter_mut().find(|(known, _)| *known == part) {
                Some((_, known)) => *known = known.intersection(&range),
                None => merged.push((part, range)),
            }
        }
        merged
    }

    /// Asks for a package that will be needed, and for the needs of the version that is likely.
    fn look_ahead(&self, name: &PackageName, range: &Ranges<Version>) {
        if self.target.provided.contains_key(name) || self.facts.borrow().candidates.contains_key(name) {
            return;
        }
        let (index, target, name, range) =
            (self.index.clone(), self.target.clone(), name.clone(), range.clone());
        self.handle.spawn(async move {
            let Ok(page) = index.page(&name).await else { return };
            let candidates = Candidates::of(&name, &page, &target);
            let file =
                candidates.newest(&range, false).and_then(|version| candidates.versions[version].clone());
            if let Some(file) = file {
                let _ = index.metadata(&file).await;
            }
        });
    }

    /// Asks for the needs of the versions that come next, when those before did not fit.
    fn look_further(&self, candidates: &Candidates, range: &Ranges<Version>) {
        let files = candidates.versions.iter().rev().filter(|(version, _)| range.contains(version));
        for file in files.take(AHEAD).filter_map(|(_, file)| file.clone()) {
            let index = self.index.clone();
            self.handle.spawn(async move {
                let _ = index.metadata(&file).await;
            });
        }
    }
}

impl DependencyProvider for Provider {
    type P = Part;
    type V = Version;
    type VS = Ranges<Version>;
    type M = String;
    type Err = Stop;
    /// Parts with one version first, then those that cause conflicts, then extras.
    type Priority = (bool, u32, bool, Reverse<usize>);

    fn prioritize(
        &self,
        part: &Part,
        range: &Self::VS,
        statistics: &PackageResolutionStatistics,
    ) -> Self::Priority {
        let is_single = range.as_singleton().is_some() || *part == Part::Workspace;
        let known = part.package().and_then(|name| self.facts.borrow().candidates.get(name).cloned());
        let left =
            known.map_or(0, |known| known.versions.keys().filter(|version| range.contains(version)).count());
        (is_single || left == 1, statistics.conflict_count(), matches!(part, Part::Extra(..)), Reverse(0))
    }

    fn choose_version(&self, part: &Part, range: &Self::VS) -> Result<Option<Version>, Stop> {
        let Some(name) = part.package() else { return Ok(Some(Version::new([0]))) };
        let candidates = self.candidates(name)?;
        let facts = self.facts.borrow();
        if facts.obstructed.get(name).is_some_and(|count| *count >= MAX_OBSTRUCTED) {
            return Ok(None);
        }
        let tried = facts.needs.get(name).map_or(0, BTreeMap::len);
        if tried >= UNLUCKY && tried % (AHEAD / 2) == UNLUCKY {
            self.look_further(&candidates, range);
        }
        Ok(candidates.newest(range, facts.pre_releases.contains(name)).cloned())
    }

    fn get_dependencies(
        &self,
        part: &Part,
        version: &Version,
    ) -> Result<Dependencies<Part, Self::VS, String>, Stop> {
        let (name, extra) = match part {
            Part::Workspace => {
                let constraints = self.constraints(self.wanted.iter().map(|one| &one.requirement));
                return Ok(Dependencies::Available(constraints.into_iter().collect()));
            }
            Part::Package(name) => (name, None),
            Part::Extra(name, extra) => (name, Some(extra)),
        };
        let candidates = self.candidates(name)?;
        let mut constraints = vec![];
        if extra.is_some() {
            constraints.push((Part::Package(name.clone()), Ranges::singleton(version.clone())));
        }
        // What every run has needs nothing else.
        if let Some(Some(file)) = candidates.versions.get(version) {
            match self.needs(name, version, file)? {
                Ok(metadata) => {
                    let requirements = self.requirements(&metadata, extra);
                    if extra.is_none() {
                        self.note_obstructed(name, &requirements);
                    }
                    constraints.extend(self.constraints(requirements.iter()));
                }
                Err(reason) => return Ok(Dependencies::Unavailable(reason)),
            }
        }
        Ok(Dependencies::Available(constraints.into_iter().collect::<DependencyConstraints<_, _>>()))
    }

    fn should_cancel(&self) -> Result<(), Stop> {
        if Instant::now() > self.deadline {
            return Err(Stop::TooMuch("it takes too long; say more precisely which versions".to_owned()));
        }
        Ok(())
    }
}
