//! The workspaces that are measured.

use anyhow::Result;
use bifrost_builder::read_folder;
use bifrost_core::Source;
use std::path::{Path, PathBuf};

/// Modules that hold no workflow.
const MODULES: usize = 80;
/// Modules with a workflow each.
const FLOWS: usize = 20;

/// The workflow of [`hundred`] that prints and returns the edit.
pub const EDITED: &str = "workflows/flow_00.py::flow_00";
/// Its file.
pub const EDITED_FILE: &str = "workflows/flow_00.py";

/// The folder with the small workspace.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("workspace")
}

/// The small workspace.
///
/// # Errors
/// When it cannot be read.
pub fn small() -> Result<Source> {
    read_folder(&folder())
}

/// A workspace of 100 files whose file [`EDITED_FILE`] says `edit`.
///
/// # Errors
/// Never in practice: all paths are plain.
pub fn hundred(edit: u64) -> Result<Source> {
    let mut source = Source::default();
    for index in 0..MODULES {
        source.insert(format!("modules/area_{index:02}.py"), module(index).into_bytes())?;
    }
    for index in 0..FLOWS {
        source.insert(format!("workflows/flow_{index:02}.py"), flow(index, edit).into_bytes())?;
    }
    Ok(source)
}

/// The content of [`EDITED_FILE`] at this edit.
pub fn edited(edit: u64) -> String {
    flow(0, edit)
}

/// What a module of a real workspace has: imports, types, a pattern, functions.
fn module(index: usize) -> String {
    let earlier =
        if index == 0 { String::new() } else { format!("from modules import area_{:02}\n", index - 1) };
    format!(
        r#""""Customers, tickets and reports of area {index}."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
{earlier}

class State(Enum):
    OPEN = "open"
    WAITING = "waiting"
    CLOSED = "closed"


_REFERENCE = re.compile(r"^AREA{index}-(?P<year>\d{{4}})-(?P<number>\d+)$")


@dataclass
class Ticket:
    reference: str
    customer: str
    opened: datetime
    state: State = State.OPEN
    tags: list[str] = field(default_factory=list)

    def age(self, now: datetime) -> timedelta:
        return now - self.opened

    def is_late(self, now: datetime, hours: int = {hours}) -> bool:
        return self.state is not State.CLOSED and self.age(now) > timedelta(hours=hours)


@dataclass(frozen=True)
class Report:
    area: int
    late: tuple[str, ...]
    counts: dict[str, int]

    def as_dict(self) -> dict:
        return {{"area": self.area, "late": list(self.late), "counts": self.counts}}


def parse(reference: str) -> tuple[int, int]:
    """Year and number of a reference."""
    match = _REFERENCE.match(reference)
    if match is None:
        raise ValueError(f"not a reference of area {index}: {{reference!r}}")
    return int(match["year"]), int(match["number"])


def report(tickets: list[Ticket], now: datetime) -> Report:
    """What is late, and how many there are of each state."""
    counts: dict[str, int] = {{}}
    for ticket in tickets:
        counts[ticket.state.value] = counts.get(ticket.state.value, 0) + 1
    late = tuple(sorted(ticket.reference for ticket in tickets if ticket.is_late(now)))
    return Report({index}, late, counts)
"#,
        hours = 4 + index % 48,
    )
}

fn flow(index: usize, edit: u64) -> String {
    let edit = if index == 0 { edit } else { 0 };
    let areas: Vec<usize> = (0..4).map(|part| (index * 4 + part) % MODULES).collect();
    let imports: String = areas.iter().map(|area| format!("from modules import area_{area:02}\n")).collect();
    let names: Vec<String> = areas.iter().map(|area| format!("area_{area:02}")).collect();
    format!(
        r#""""Workflow {index}."""

import logging
from datetime import datetime, timedelta

from bifrost import workflow
{imports}
log = logging.getLogger(__name__)

AREAS = [{names}]
EDIT = {edit}


@workflow(category="Reports", tags=["bench"])
async def flow_{index:02}(customer: str = "Example", days: int = 3) -> dict:
    """Reports the late tickets of four areas."""
    log.info("edit %d", EDIT)
    now = datetime(2025, 1, 15)
    reports = []
    for area in AREAS:
        tickets = [area.Ticket(f"T-{{n}}", customer, now - timedelta(days=days, hours=n)) for n in range(5)]
        reports.append(area.report(tickets, now).as_dict())
    return {{"edit": EDIT, "reports": reports}}
"#,
        names = names.join(", "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_changes_one_file() {
        let (one, two) = (hundred(1).expect("source"), hundred(2).expect("source"));
        assert_eq!(one.files().len(), 100);
        let different = one.files().iter().filter(|(path, content)| two.files().get(*path) != Some(content));
        assert_eq!(different.map(|(path, _)| path.as_str()).collect::<Vec<_>>(), [EDITED_FILE]);
        assert_eq!(two.files()[EDITED_FILE], edited(2).into_bytes());
    }
}
