//! What a workspace asks for: `requirements.txt` and `[project.dependencies]` of
//! `pyproject.toml`, and nothing that would fetch from elsewhere or run anything.

use pep508_rs::{Requirement, VerbatimUrl, VersionOrUrl};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// The file of requirements, one a line.
pub const REQUIREMENTS: &str = "requirements.txt";
/// The file whose `[project.dependencies]` count.
pub const PYPROJECT: &str = "pyproject.toml";
/// Largest size of either file, in bytes.
const FILE_BYTES: usize = 256 << 10;
/// Most requirements of a workspace.
pub const MAX_REQUIREMENTS: usize = 500;
/// Longest requirement, in bytes; what would be shown of it in an error is cut at `SHOWN_CHARS`.
const REQUIREMENT_BYTES: usize = 2_000;
const SHOWN_CHARS: usize = 100;

/// The files of a workspace that say what it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirements {
    /// `requirements.txt`, if there is one.
    pub requirements: Option<String>,
    /// `pyproject.toml`, if there is one.
    pub pyproject: Option<String>,
}

/// One requirement, and where it stands.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Name of the file.
    pub file: &'static str,
    /// Its line in that file, from 1.
    pub line: u32,
    /// Name, extras, versions and marker; never a URL.
    pub requirement: Requirement,
}

/// Why a requirement cannot be met, for its author.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Name of the file.
    pub file: String,
    /// Line in that file, where one is at fault.
    pub line: Option<u32>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Refusal {
    /// A refusal of one line.
    pub fn new(file: &str, line: impl Into<Option<u32>>, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: line.into(), message: message.into() }
    }
}

impl Requirements {
    /// True when nothing is asked for in any way.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_none() && self.pyproject.is_none()
    }

    /// All requirements.
    ///
    /// # Errors
    /// Every line that cannot be accepted.
    pub fn read(&self) -> Result<Vec<Wanted>, Vec<Refusal>> {
        let (mut wanted, mut refused) = (vec![], vec![]);
        if let Some(text) = &self.requirements
            && is_small(REQUIREMENTS, text, &mut refused)
        {
            for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
                let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
                let line = without_comment(line).trim();
                if !line.is_empty() {
                    add(REQUIREMENTS, number, line, &mut wanted, &mut refused);
                }
            }
        }
        if let Some(text) = &self.pyproject
            && is_small(PYPROJECT, text, &mut refused)
        {
            match dependencies(text) {
                Ok(lines) => {
                    for (line, text) in lines {
                        add(PYPROJECT, line, text.trim(), &mut wanted, &mut refused);
                    }
                }
                Err(refusal) => refused.push(refusal),
            }
        }
        if wanted.len() > MAX_REQUIREMENTS {
            let last = &wanted[MAX_REQUIREMENTS];
            let message = format!("a workspace may have {MAX_REQUIREMENTS} requirements");
            refused.push(Refusal::new(last.file, last.line, message));
        }
        if refused.is_empty() { Ok(wanted) } else { Err(refused) }
    }
}

fn is_small(file: &str, text: &str, refused: &mut Vec<Refusal>) -> bool {
    if text.len() > FILE_BYTES {
        refused.push(Refusal::new(file, None, format!("larger than {} KiB", FILE_BYTES >> 10)));
    }
    text.len() <= FILE_BYTES
}

/// A comment begins a line, or follows a space: a `#` within a word is none.
fn without_comment(line: &str) -> &str {
    let begins = |(at, _): &(usize, &str)| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    line.match_indices('#').find(begins).map_or(line, |(at, _)| &line[..at])
}

fn add(file: &'static str, line: u32, text: &str, wanted: &mut Vec<Wanted>, refused: &mut Vec<Refusal>) {
    match parse(text) {
        Ok(requirement) => wanted.push(Wanted { file, line, requirement }),
        Err(message) => refused.push(Refusal::new(file, line, message)),
    }
}

fn parse(text: &str) -> Result<Requirement, String> {
    let shown: String =
        text.chars().take(SHOWN_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let only = "write a name and its versions, such as `requests>=2.32`";
    if text.len() > REQUIREMENT_BYTES {
        return Err(format!("`{shown}…` is longer than {REQUIREMENT_BYTES} bytes"));
    }
    if text.contains("${") {
        return Err(format!("`{shown}`: variables are not expanded; {only}"));
    }
    if text.ends_with('\\') {
        return Err(format!("`{shown}`: a requirement is one line; join it with the next"));
    }
    let option = text.split_whitespace().find(|word| word.starts_with('-'));
    if let Some(option) = option.filter(|option| text.starts_with('-') || option.starts_with("--")) {
        let name = option.split('=').next().unwrap_or(option);
        return Err(match name {
            "--hash" => format!(
                "`{shown}`: take `--hash` out; the hash of what is installed is kept with each version anyway"
            ),
            "-r" | "--requirement" | "-c" | "--constraint" => {
                format!("`{shown}`: other files are not read; copy the requirements that it names here")
            }
            "-i" | "--index-url" | "--extra-index-url" | "-f" | "--find-links" | "--no-index"
            | "--trusted-host" => {
                format!(
                    "`{shown}`: packages come from the index that the administrator has set; take `{name}` out"
                )
            }
            "-e" | "--editable" => {
                format!("`{shown}`: put the code into the workspace itself, and take this line out")
            }
            _ => format!("`{shown}`: options are not taken; {only}"),
        });
    }
    let is_path = text.starts_with(['.', '/', '~']) || text.contains("://") || text.contains('\\');
    if is_path || text.ends_with(".whl") || text.ends_with(".tar.gz") || text.contains("git+") {
        return Err(format!(
            "`{shown}`: packages come from the index alone, not from a path or an address; {only}"
        ));
    }
    let requirement = Requirement::<VerbatimUrl>::from_str(text).map_err(|error| {
        let reason = error.message.to_string();
        let reason = reason.lines().next().unwrap_or_default().trim_end_matches('.');
        format!("`{shown}` is not a requirement: {reason}; {only}")
    })?;
    if let Some(VersionOrUrl::Url(_)) = requirement.version_or_url {
        return Err(format!("`{shown}`: packages come from the index alone, not from an address; {only}"));
    }
    Ok(requirement)
}

#[derive(Deserialize)]
struct Pyproject {
    project: Option<Project>,
}

#[derive(Deserialize)]
struct Project {
    #[serde(default)]
    dependencies: Vec<toml::Spanned<String>>,
    dynamic: Option<Vec<toml::Spanned<String>>>,
}

/// The strings of `[project.dependencies]`, each with its line.
fn dependencies(text: &str) -> Result<Vec<(u32, String)>, Refusal> {
    let line = |at: usize| {
        let before = text.get(..at).unwrap_or(text);
        u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX)
    };
    let pyproject: Pyproject = toml::from_str(text).map_err(|error| {
        let at = error.span().map(|span| line(span.start));
        Refusal::new(
            PYPROJECT,
            at,
            format!("this is not TOML as `pyproject.toml` has it: {}", error.message()),
        )
    })?;
    let Some(project) = pyproject.project else { return Ok(vec![]) };
    if let Some(dynamic) = project.dynamic.iter().flatten().find(|field| field.get_ref() == "dependencies") {
        let message = "nothing is built that could say what the dependencies are; list them in `[project.dependencies]`";
        return Err(Refusal::new(PYPROJECT, line(dynamic.span().start), message));
    }
    Ok(project.dependencies.into_iter().map(|d| (line(d.span().start), d.into_inner())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirements(text: &str) -> Requirements {
        Requirements { requirements: Some(text.to_owned()), pyproject: None }
    }

    fn refusal(text: &str) -> String {
        let refused = requirements(&format!("idna\n{text}\n")).read().expect_err(text);
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert_eq!((refused[0].file.as_str(), refused[0].line), (REQUIREMENTS, Some(2)), "{text}");
        refused[0].message.clone()
    }

    #[test]
    fn names_versions_extras_markers_and_comments_are_taken() {
        let text = "\u{feff}# all of them\n\nrequests[socks]>=2.31,<3  # why\r\nhttpx==0.28.*; python_version >= '3.8'\nZope.Interface ~= 7.0\nfoo===1.0\nbar (>=1)\n";
        let wanted = requirements(text).read().expect("accepted");
        let shown: Vec<_> = wanted.iter().map(|w| (w.line, w.requirement.name.to_string())).collect();
        let names = [(3, "requests"), (4, "httpx"), (5, "zope-interface"), (6, "foo"), (7, "bar")];
        assert_eq!(shown, names.map(|(line, name)| (line, name.to_owned())));
        assert_eq!(wanted[0].requirement.extras[0].to_string(), "socks");
    }

    #[test]
    fn whatever_leads_elsewhere_is_refused_by_its_line() {
        for (text, fix) in [
            ("-r /etc/passwd", "copy the requirements"),
            ("-r/etc/passwd", "options are not taken"),
            ("--requirement=other.txt", "copy the requirements"),
            ("-c constraints.txt", "copy the requirements"),
            ("-e .", "into the workspace"),
            ("--editable git+https://example.org/x", "into the workspace"),
            ("--index-url https://example.org/simple", "take `--index-url` out"),
            ("--extra-index-url=https://example.org/simple", "take `--extra-index-url` out"),
            ("--find-links file:///", "take `--find-links` out"),
            ("requests --hash=sha256:00", "take `--hash` out"),
            ("requests --config-settings=x=y", "options are not taken"),
            ("--pre", "options are not taken"),
            ("git+ext::sh -c id", "from the index alone"),
            ("git+https://example.org/x.git", "from the index alone"),
            ("x @ https://example.org/x-1-py3-none-any.whl", "from the index alone"),
            ("x @ file:///etc/passwd", "from the index alone"),
            ("x @ ../x", "from the index alone"),
            ("./x", "from the index alone"),
            ("/x", "from the index alone"),
            ("C:\\x", "from the index alone"),
            ("x-1.0-py3-none-any.whl", "from the index alone"),
            ("${ENV}", "variables are not expanded"),
            ("requests==${VERSION}", "variables are not expanded"),
            ("requests \\", "one line"),
            ("requests==", "is not a requirement"),
            ("!", "is not a requirement"),
            ("requests; os.system('id')", "is not a requirement"),
            ("\0", "is not a requirement"),
            (&"a".repeat(3000), "longer than"),
        ] {
            let message = refusal(text);
            assert!(message.contains(fix), "{text}: {message}");
        }
    }

    #[test]
    fn dependencies_of_a_project_have_their_lines() {
        let text = "[build-system]\nrequires = [\"evil\"]\n[project]\nname = \"x\"\ndependencies = [\n  \"requests\",\n  \"x @ https://example.org\",\n]\n[tool.other]\ny = 1\n";
        let read = |text: &str| Requirements { requirements: None, pyproject: Some(text.into()) }.read();
        let refused = read(text).expect_err("an address");
        assert_eq!((refused[0].file.as_str(), refused[0].line), (PYPROJECT, Some(7)));
        let wanted = read(&text.replace("x @ https://example.org", "httpx")).expect("names");
        assert_eq!(wanted.iter().map(|w| w.line).collect::<Vec<_>>(), [6, 7]);
        assert!(read("[tool.x]\n").expect("no project").is_empty());
        let refused = read("[project]\ndynamic = ['version',\n'dependencies']").expect_err("dynamic");
        assert_eq!(refused[0].line, Some(3));
        for broken in ["[project", "[project]\ndependencies = 3", "[project]\ndependencies = { a = 1 }"] {
            let refused = read(broken).expect_err(broken);
            assert!(refused[0].line.is_some_and(|line| line <= 2), "{refused:?}");
        }
    }

    #[test]
    fn there_may_be_many_but_not_any_number() {
        let lines = |count| (0..count).map(|n| format!("package-{n}\n")).collect::<String>();
        assert_eq!(requirements(&lines(MAX_REQUIREMENTS)).read().expect("many").len(), MAX_REQUIREMENTS);
        let refused = requirements(&lines(MAX_REQUIREMENTS + 3)).read().expect_err("too many");
        assert_eq!(refused[0].line, Some(501));
        let refused = requirements(&"#".repeat(FILE_BYTES + 1)).read().expect_err("too large");
        assert!(refused[0].message.contains("larger than"));
    }
}
