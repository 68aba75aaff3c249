//! `make bench`: measures the platform beside what it is compared with, in one run, and
//! writes `target/bench/summary.json` and `docs/benchmarks.md`.

mod client;
mod document;
mod engines;
mod environment;
mod lab;
mod process;
mod python;
mod sections;
mod server;
mod stats;
mod summary;
mod targets;
mod workspace;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use python::Python;
use sections::{Section, scaling};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use summary::Summary;

/// Measures the platform. Build it with `--release`, beside the program `bifrost`.
///
/// Writes `target/bench/summary.json` and `docs/benchmarks.md` when all sections were
/// measured, `target/bench/partial.json` otherwise. Exit code: 0 when all that was
/// asked for was measured, 1 otherwise; a figure beyond its bound is no failure.
#[derive(Parser)]
#[command(name = "bifrost-bench", max_term_width = 100)]
struct Cli {
    /// Only these sections, separated by commas.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Section>,
    /// A shorter run: fewer samples, the same figures less certain.
    #[arg(long)]
    quick: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

/// Parts that run in processes of their own.
#[derive(Subcommand)]
enum Part {
    #[command(hide = true)]
    Load(scaling::Load),
}

/// What all sections share.
pub struct Bench {
    /// Fewer samples.
    pub quick: bool,
    /// `target/bench`.
    pub out: PathBuf,
    /// The program `bifrost` of the same build.
    pub program: PathBuf,
    /// Native interpreters.
    pub pythons: Vec<Python>,
}

impl Bench {
    fn open(quick: bool) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("bifrost");
        ensure!(program.exists(), "`bifrost` of the same build is missing; use `make bench`");
        let out = root().join("target/bench");
        std::fs::create_dir_all(out.join("cache"))?;
        Ok(Self { quick, out: out.canonicalize()?, program, pythons: python::installed()? })
    }

    /// Where compiled code is kept.
    pub fn cache(&self) -> PathBuf {
        self.out.join("cache")
    }

    /// One of two numbers of samples.
    pub fn samples(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }
}

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.part {
        Some(Part::Load(load)) => load.execute().map(|()| true),
        None => measure(&cli.only, cli.quick),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// True when everything was measured that was asked for.
fn measure(only: &[Section], quick: bool) -> Result<bool> {
    let bench = Bench::open(quick)?;
    let mut summary = Summary::default();
    summary.settings(sections::one_thread()?.block_on(environment::settings(&bench))?);
    let chosen = Section::ALL.into_iter().filter(|section| only.is_empty() || only.contains(section));
    for section in chosen {
        let began = Instant::now();
        eprint!("{section:?} … ");
        match section.measure(&bench, &mut summary) {
            Ok(()) => eprintln!("{:.0} s", began.elapsed().as_secs_f64()),
            Err(error) => {
                eprintln!("failed: {error:#}");
                summary.missing(&format!("{section:?}"), format!("{error:#}"));
            }
        }
    }
    let name = if only.is_empty() { "summary.json" } else { "partial.json" };
    let document = serde_json::to_string_pretty(&summary.document())?;
    std::fs::write(bench.out.join(name), document + "\n").context(name)?;
    if only.is_empty() {
        let text = document::render(&summary);
        std::fs::write(root().join("docs/benchmarks.md"), text).context("docs/benchmarks.md")?;
    }
    print!("{}", summary.table());
    println!("Details are in target/bench/{name}.");
    Ok(summary.all_missing().is_empty())
}
