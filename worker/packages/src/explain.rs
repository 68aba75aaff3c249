//! Why requirements cannot be met, in words that name them.

use crate::metadata::Metadata;
use crate::requirements::{Refusal, Wanted};
use crate::resolve::{Part, Provider, range};
use pep440_rs::Version;
use pep508_rs::{PackageName, Requirement};
use pubgrub::{DerivationTree, External};
use std::collections::BTreeSet;
use std::rc::Rc;
use version_ranges::Ranges;

/// Most sentences of one explanation.
const SENTENCES: usize = 12;

type Tree = DerivationTree<Part, Ranges<Version>, String>;

/// One refusal for each requirement that cannot be met by itself; else one for all that
/// cannot be met together.
pub(crate) fn explain(provider: &Provider, tree: &Tree) -> Vec<Refusal> {
    let alone = hopeless(provider);
    if !alone.is_empty() {
        return alone;
    }
    let mut said = vec![];
    say(provider, tree, &mut said);
    let more = said.len().saturating_sub(SENTENCES);
    said.truncate(SENTENCES);
    if more > 0 {
        said.push(format!("and {more} more reasons"));
    }
    let packages = tree.packages();
    let line = provider
        .wanted
        .iter()
        .find(|one| packages.iter().any(|part| part.package() == Some(&one.requirement.name)))
        .or(provider.wanted.first());
    let (file, line) = line.map_or(("requirements.txt", None), |one| (one.file, Some(one.line)));
    let message = format!("this cannot be installed: {}", said.join("; "));
    vec![Refusal::new(file, line, message)]
}

/// A refusal for each line that leads to a package of which there is nothing to install.
pub(crate) fn hopeless(provider: &Provider) -> Vec<Refusal> {
    let mut refused = vec![];
    for one in &provider.wanted {
        if let Some((way, obstacle)) = obstacle(provider, one) {
            let message = match way.as_slice() {
                [] => obstacle,
                way => format!("{}: {obstacle}", way.join(", ")),
            };
            refused.push(Refusal::new(one.file, one.line, message));
        }
    }
    refused
}

/// The nearest package below a requirement that every version needs and that cannot be
/// installed, with the way to it.
fn obstacle(provider: &Provider, wanted: &Wanted) -> Option<(Vec<String>, String)> {
    let facts = provider.facts.borrow();
    let mut seen = BTreeSet::from([wanted.requirement.name.clone()]);
    let mut next: Vec<(PackageName, Requirement, Vec<String>)> =
        vec![(wanted.requirement.name.clone(), wanted.requirement.clone(), vec![])];
    while !next.is_empty() {
        let mut further = vec![];
        for (name, requirement, way) in next {
            let Some(candidates) = facts.candidates.get(&name) else { continue };
            if let Some(obstacle) = &candidates.obstacle {
                return Some((way, obstacle.clone()));
            }
            let range = range(&requirement);
            let Some(known) = facts.needs.get(&name) else { continue };
            let counts = |need: &Requirement| need.evaluate_markers(provider.markers(), &requirement.extras);
            let is_obstacle =
                |need: &Requirement| facts.candidates.get(&need.name).is_some_and(|c| c.obstacle.is_some());
            let known: Vec<_> = known
                .iter()
                .rev()
                .filter(|(version, _)| range.contains(version))
                .filter_map(|(version, needs)| Some((version, needs.as_ref().ok()?)))
                .collect();
            // An older version that does without what the newest needs is what would be installed.
            let does_without = |(_, metadata): &&(&Version, &Rc<Metadata>)| {
                !metadata.requires.iter().any(|need| counts(need) && is_obstacle(need))
            };
            let Some((version, metadata)) = known.iter().find(does_without).or(known.first()) else {
                continue;
            };
            for need in &metadata.requires {
                if counts(need) && seen.insert(need.name.clone()) {
                    let mut way = way.clone();
                    way.push(format!("`{name}` {version} needs `{}`", plain(need)));
                    further.push((need.name.clone(), need.clone(), way));
                }
            }
        }
        next = further;
    }
    None
}

fn say(provider: &Provider, tree: &Tree, said: &mut Vec<String>) {
    let sentence = match tree {
        DerivationTree::Derived(derived) => {
            say(provider, &derived.cause1, said);
            say(provider, &derived.cause2, said);
            return;
        }
        DerivationTree::External(External::NotRoot(..)) => return,
        DerivationTree::External(External::NoVersions(part, _)) => {
            let Some(name) = part.package() else { return };
            let facts = provider.facts.borrow();
            facts.candidates.get(name).map(|candidates| candidates.offer(name))
        }
        DerivationTree::External(External::Custom(part, versions, reason)) => {
            Some(format!("{part} {versions} {reason}"))
        }
        DerivationTree::External(External::FromDependencyOf(part, versions, on, _)) => {
            dependency(provider, part, versions, on)
        }
    };
    if let Some(sentence) = sentence.filter(|sentence| !sentence.is_empty() && !said.contains(sentence)) {
        said.push(sentence);
    }
}

fn dependency(provider: &Provider, part: &Part, versions: &Ranges<Version>, on: &Part) -> Option<String> {
    let needed = on.package()?;
    let Some(name) = part.package() else {
        let lines = provider.wanted.iter().filter(|one| one.requirement.name == *needed);
        let lines: Vec<_> = lines
            .map(|one| format!("{} line {} asks for `{}`", one.file, one.line, plain(&one.requirement)))
            .collect();
        return Some(lines.join("; "));
    };
    if name == needed {
        return None;
    }
    let facts = provider.facts.borrow();
    let known = facts.needs.get(name)?;
    let mut found = known.iter().rev().filter(|(version, _)| versions.contains(version)).filter_map(
        |(version, needs)| {
            let needs = needs.as_ref().ok()?;
            let need = needs.requires.iter().find(|need| need.name == *needed)?;
            Some(format!("`{name}` {version} needs `{}`", plain(need)))
        },
    );
    let first = found.next()?;
    let others = found.count();
    Some(if others > 0 { format!("{first} (so do {others} other versions, or alike)") } else { first })
}

/// A requirement without its marker.
fn plain(requirement: &Requirement) -> String {
    Requirement { marker: pep508_rs::MarkerTree::TRUE, ..requirement.clone() }.to_string()
}
