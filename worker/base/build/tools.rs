//! The pinned tools, in a virtual environment of this build directory.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the tools are.
pub struct Tools {
    folder: PathBuf,
    /// What was installed: the text of `requirements.txt`.
    pub pinned: String,
}

impl Tools {
    /// Installs what `requirements.txt` names, once per build directory. Each file must
    /// have one of the hashes that are written there.
    pub fn install(root: &Path, out: &Path) -> Result<Self> {
        let requirements = root.join("worker/base/requirements.txt");
        let pinned = std::fs::read_to_string(&requirements)?;
        let folder = out.join("tools");
        let stamp = folder.join("requirements.installed");
        if !std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == pinned) {
            let python = std::env::var("BIFROST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
            run(Command::new(python).args(["-m", "venv", "--clear"]).arg(&folder))?;
            run(Command::new(folder.join("bin/python"))
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .args(["--require-hashes", "--only-binary", ":all:", "--requirement"])
                .arg(&requirements))?;
            std::fs::write(stamp, &pinned)?;
        }
        Ok(Self { folder, pinned })
    }

    /// Unpacks what a file of requirements names into a folder, for the base's interpreter.
    /// Nothing is compiled or executed; each file must have one of the hashes.
    pub fn unpack(&self, requirements: &Path, folder: &Path) -> Result<()> {
        // A package with a compiled part has no wheel for every platform, but one for this.
        const INTERPRETER: [&str; 8] = [
            "--python-version",
            "3.14",
            "--implementation",
            "cp",
            "--abi",
            "cp314",
            "--platform",
            "manylinux2014_x86_64",
        ];
        run(Command::new(self.folder.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"])
            .args(["--require-hashes", "--only-binary", ":all:", "--no-compile"])
            .args(INTERPRETER)
            .arg("--requirement")
            .arg(requirements)
            .arg("--target")
            .arg(folder))
    }

    /// componentize-py in this working directory.
    pub fn componentize(&self, out: &Path, directory: &Path) -> Result<Command> {
        // An empty environment keeps packages of the building machine out of the guest.
        let empty = out.join("empty");
        std::fs::create_dir_all(empty.join("lib/python3/site-packages"))?;
        let mut command = Command::new(self.folder.join("bin/componentize-py"));
        command.current_dir(directory).env("VIRTUAL_ENV", &empty).env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(command)
    }
}

/// Runs a command to its end.
///
/// # Errors
/// When it does not succeed, with what it wrote.
pub fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("could not start {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
