//! What is in `deploy/`, checked as far as it can be without containers: settings and
//! commands that exist, images that are pinned, secrets that are made.

use anyhow::{Context, Result};
use bifrost_tests::process::run;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use yaml_rust2::{Yaml, YamlLoader};

fn deploy(file: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy")).join(file)
}

fn compose() -> Result<Yaml> {
    let text = std::fs::read_to_string(deploy("compose.yaml"))?;
    YamlLoader::load_from_str(&text)?.into_iter().next().context("an empty file")
}

/// A mapping with what its `<<` merges in.
fn mapping(yaml: &Yaml) -> BTreeMap<String, Yaml> {
    let mut all = BTreeMap::new();
    let Some(hash) = yaml.as_hash() else { return all };
    for (key, value) in hash {
        match key.as_str() {
            Some("<<") => {
                for (key, value) in mapping(value) {
                    all.entry(key).or_insert(value);
                }
            }
            Some(key) => {
                all.insert(key.to_owned(), value.clone());
            }
            None => panic!("{key:?} is no text"),
        }
    }
    all
}

fn texts(yaml: Option<&Yaml>) -> Vec<String> {
    let list = yaml.and_then(Yaml::as_vec).cloned().unwrap_or_default();
    list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// The variables that a command of the program has, from its help.
fn variables(command: &str) -> Result<BTreeSet<String>> {
    let (code, help, error) = run(&[command, "--help"], &[])?;
    anyhow::ensure!(code == 0, "there is no `bifrost {command}`: {error}");
    let named = help.split("[env: ").skip(1);
    Ok(named.filter_map(|rest| rest.split(['=', ']']).next().map(str::to_owned)).collect())
}

/// Services that run the program: name, definition.
fn ours(services: &BTreeMap<String, Yaml>) -> Vec<(String, BTreeMap<String, Yaml>)> {
    let all = services.iter().map(|(name, service)| (name.clone(), mapping(service)));
    all.filter(|(_, service)| service["image"].as_str().is_some_and(|image| image.starts_with("bifrost:")))
        .collect()
}

#[test]
fn every_setting_and_command_exists() -> Result<()> {
    let compose = compose()?;
    let services = mapping(&compose["services"]);
    let ours = ours(&services);
    let names: Vec<_> = ours.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["api", "migrate", "scheduler", "worker"]);
    for (name, service) in &ours {
        let command = texts(service.get("command"));
        let known = variables(&command[0])?;
        assert!(known.contains("DATABASE_URL"), "{name}: {known:?}");
        let secrets = texts(service.get("secrets"));
        for (variable, value) in mapping(&service["environment"]) {
            let plain = variable.strip_suffix("_FILE").unwrap_or(&variable);
            // The scheduler needs some settings of the others no more than they do harm.
            let elsewhere = variables("up")?;
            assert!(known.contains(plain) || elsewhere.contains(plain), "{name}: nothing reads {variable}");
            if let Some(file) = value.as_str().and_then(|path| path.strip_prefix("/run/secrets/")) {
                assert!(variable.ends_with("_FILE"), "{name}: {variable}");
                assert!(secrets.iter().any(|secret| secret == file), "{name} does not get the secret {file}");
            }
        }
        for hardening in ["read_only", "cap_drop", "security_opt", "stop_grace_period"] {
            assert!(service.contains_key(hardening), "{name} lacks {hardening}");
        }
    }
    Ok(())
}

#[test]
fn services_depend_on_what_exists_and_images_are_pinned() -> Result<()> {
    let compose = compose()?;
    let services = mapping(&compose["services"]);
    let (secrets, volumes) = (mapping(&compose["secrets"]), mapping(&compose["volumes"]));
    for (name, service) in &services {
        let service = mapping(service);
        let image = service["image"].as_str().context("an image")?;
        let tag = image.rsplit_once(':').map(|(_, tag)| tag).unwrap_or_default();
        let digits = tag.chars().filter(char::is_ascii_digit).count();
        assert!(digits >= 3 && tag.contains('.'), "{name}: {image} is not pinned");
        for other in mapping(service.get("depends_on").unwrap_or(&Yaml::Null)).keys() {
            assert!(services.contains_key(other), "{name} depends on {other}");
        }
        for secret in texts(service.get("secrets")) {
            assert!(secrets.contains_key(&secret), "{name}: no secret {secret}");
        }
        for volume in texts(service.get("volumes")) {
            let (source, _) = volume.split_once(':').context("a target")?;
            match source.strip_prefix("./") {
                Some(file) => assert!(deploy(file).exists(), "{name}: no file {file}"),
                None => assert!(volumes.contains_key(source), "{name}: no volume {source}"),
            }
        }
    }
    // Runs may go on longer than the program lets them by default, and are not cut before.
    let worker = mapping(&services["worker"]);
    let drain: u64 =
        mapping(&worker["environment"])["BIFROST_DRAIN_SECONDS"].as_str().context("a text")?.parse()?;
    let grace =
        worker["stop_grace_period"].as_str().and_then(|text| text.strip_suffix('s')).context("seconds")?;
    assert!(grace.parse::<u64>()? > drain + 5);
    Ok(())
}

#[test]
fn secrets_are_made_once_and_fit_together() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let make = || -> Result<BTreeMap<String, String>> {
        let made = std::process::Command::new("sh").arg(deploy("secrets.sh")).arg(folder.path()).output()?;
        anyhow::ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let files = std::fs::read_dir(folder.path())?.flatten();
        files
            .map(|file| {
                Ok((file.file_name().to_string_lossy().into(), std::fs::read_to_string(file.path())?))
            })
            .collect()
    };
    let first = make()?;
    assert_eq!(first, make()?, "the second time changed a secret");
    let compose = compose()?;
    for (name, secret) in mapping(&compose["secrets"]) {
        let file = mapping(&secret)["file"]
            .as_str()
            .and_then(|path| path.strip_prefix("secrets/"))
            .map(str::to_owned);
        let file = file.with_context(|| format!("{name} has no file"))?;
        assert!(first.get(&file).is_some_and(|text| !text.is_empty()), "{file} is not made");
    }
    assert!(first["database_url"].contains(&first["bifrost_password"]));
    assert!(first["amqp_url"].contains(&first["rabbitmq_password"]));
    assert!(first["rabbitmq.conf"].contains(&first["rabbitmq_password"]));
    assert!(
        first["redis.conf"].contains(&first["redis_password"])
            && first["redis_url"].contains(&first["redis_password"])
    );
    assert!(first["garage.env"].contains(&first["s3_secret_access_key"]));
    // The program takes them as they are.
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let settings = [("BIFROST_MASTER_KEY_FILE", path("master_key")), ("BIFROST_DATA", path("data"))];
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (_, report, _) = run(&["doctor"], &settings)?;
    assert!(report.contains("from the environment"), "{report}");
    Ok(())
}

#[test]
fn the_image_is_built_with_all_that_the_build_reads() -> Result<()> {
    let ignored = std::fs::read_to_string(deploy("Dockerfile.dockerignore"))?;
    let root = deploy("..");
    for folder in ["client", "host", "migrations", "sdk-python", "tests", "wit", "worker"] {
        assert!(root.join(folder).is_dir(), "there is no {folder}");
        assert!(ignored.lines().any(|line| line == format!("!{folder}")), "{folder} is left out");
    }
    let text = std::fs::read_to_string(deploy("Dockerfile"))?;
    for program in ["npm", "python3", "g++"] {
        assert!(text.split_whitespace().any(|word| word == program), "{program} is not installed");
    }
    Ok(())
}

#[test]
fn the_image_holds_one_program_that_has_its_commands() -> Result<()> {
    let text = std::fs::read_to_string(deploy("Dockerfile"))?;
    let (_, image) = text.split_once("\nFROM scratch\n").context("the last stage starts from nothing")?;
    let copies: Vec<_> =
        image.lines().filter(|line| line.starts_with("COPY") || line.starts_with("ADD")).collect();
    assert_eq!(copies, ["COPY --from=build /image /"]);
    assert!(image.contains("\nUSER 65532:65532\n"), "it runs as root");
    let known = variables("up")?;
    for line in image.lines().map(|line| line.trim_start_matches("ENV ").trim()) {
        if let Some((name, _)) = line.split_once('=')
            && name.starts_with("BIFROST_")
        {
            assert!(known.contains(name), "nothing reads {name}");
        }
    }
    for command in ["up", "health"] {
        assert!(image.contains(&format!("\"{command}\"]")), "{command}");
        variables(command)?;
    }
    Ok(())
}
