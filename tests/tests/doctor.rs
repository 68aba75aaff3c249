//! `bifrost migrate` and `bifrost doctor`, against real services; settings from files.

use anyhow::{Context, Result};
use bifrost_test_services::{amqp_url, database_url, redis_url};
use bifrost_tests::process::{free_port, run};
use serde_json::Value;
use sqlx::{Connection, Executor, PgConnection};

/// The version that the program needs: the newest of the migrations.
fn newest() -> i64 {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/postgres");
    let names = std::fs::read_dir(folder).expect("migrations").flatten();
    let versions = names.filter_map(|entry| entry.file_name().to_str()?.split('_').next()?.parse().ok());
    versions.max().expect("a migration")
}

/// An empty database; the role of the address owns it.
async fn database() -> Result<(PgConnection, String, String)> {
    let mut admin = PgConnection::connect(&database_url()).await.context("PostgreSQL")?;
    let name = format!("bifrost_doctor_{}", uuid::Uuid::now_v7().simple());
    admin.execute(format!("CREATE DATABASE {name}").as_str()).await?;
    let base = database_url().rsplit_once('/').context("a database name")?.0.to_owned();
    Ok((admin, format!("{base}/{name}"), name))
}

async fn remove(mut admin: PgConnection, name: &str) -> Result<()> {
    admin.execute(format!("DROP DATABASE {name} WITH (FORCE)").as_str()).await?;
    Ok(())
}

fn migrates(url: &str, data: &str, at_once: usize) -> Result<()> {
    let settings = [("DATABASE_URL", url), ("BIFROST_DATA", data)];
    let to = newest();
    let (code, said, error) = run(&["migrate", "--check"], &settings)?;
    assert_eq!(code, 1, "{said}{error}");
    assert!(said.contains(&format!("from version 0 to {to}")) && said.contains("missing  0001"), "{said}");
    assert_eq!(run(&["migrate", "--check"], &settings)?.0, 1, "the first check has changed something");
    // One migrates, the others wait and find it done.
    let ended: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..at_once).map(|_| scope.spawn(|| run(&["migrate"], &settings))).collect();
        all.into_iter().map(|one| one.join().expect("no panic")).collect()
    });
    for one in ended {
        let (code, said, error) = one?;
        assert_eq!(code, 0, "{said}{error}");
    }
    let (code, said, _) = run(&["migrate", "--check"], &settings)?;
    assert_eq!((code, said.trim()), (0, format!("version {to}, up to date").as_str()));
    Ok(())
}

#[test]
fn sqlite_is_migrated() -> Result<()> {
    let data = tempfile::tempdir()?;
    let url = format!("sqlite:{}", data.path().join("some.db").display());
    migrates(&url, data.path().to_str().context("a path")?, 1)
}

#[tokio::test]
async fn postgres_is_migrated_and_a_newer_one_refused() -> Result<()> {
    let (admin, url, name) = database().await?;
    let test = async {
        let data = tempfile::tempdir()?;
        let data = data.path().to_str().context("a path")?;
        migrates(&url, data, 3)?;
        let mut connection = PgConnection::connect(&url).await?;
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'from the future', true, '\\x00', 0)";
        connection.execute(newer).await?;
        let settings = [("DATABASE_URL", url.as_str()), ("BIFROST_DATA", data)];
        for command in [&["migrate", "--check"][..], &["migrate"], &["scheduler"]] {
            let (code, _, error) = run(command, &settings)?;
            assert!(code == 2 && error.contains("9999"), "{command:?} {code}: {error}");
        }
        anyhow::Ok(())
    };
    let result = test.await;
    remove(admin, &name).await?;
    result
}

/// The checks of the doctor by name, and its exit code.
fn doctor(settings: &[(&str, &str)]) -> Result<(i32, Vec<Value>)> {
    let (code, said, error) = run(&["doctor", "--json"], settings)?;
    let checks: Vec<Value> = serde_json::from_str(&said).with_context(|| format!("{said}{error}"))?;
    for (_, value) in settings {
        // No part of an address that is a password.
        let password = value.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
        if let Some((_, password)) = password.and_then(|(user, _)| user.split_once(':')) {
            assert!(!said.contains(password) && !error.contains(password), "{said}{error}");
        }
    }
    Ok((code, checks))
}

fn level<'a>(checks: &'a [Value], name: &str) -> &'a str {
    let found = checks.iter().find(|check| check["name"] == name);
    let check = found.unwrap_or_else(|| panic!("no {name} in {checks:#?}"));
    let level = check["level"].as_str().expect("a level");
    assert_eq!(check["fix"].is_string(), level != "ok", "{check}");
    level
}

#[test]
fn the_doctor_is_content_with_this_machine() -> Result<()> {
    let data = tempfile::tempdir()?;
    let (code, checks) = doctor(&[("BIFROST_DATA", data.path().to_str().context("a path")?)])?;
    assert_eq!(code, 0, "{checks:#?}");
    for name in ["kernel.memfd", "kernel.overcommit", "database", "queue", "bus", "objects"] {
        assert_eq!(level(&checks, name), "ok", "{checks:#?}");
    }
    assert_eq!(level(&checks, "database.version"), "warn");
    let (code, text, _) = run(&["doctor"], &[("BIFROST_DATA", "/proc/nowhere")])?;
    assert!(code == 1 && text.contains("FAIL") && text.contains("BIFROST_DATA"), "{code} {text}");
    Ok(())
}

#[tokio::test]
async fn the_doctor_sees_what_is_wrong_with_services() -> Result<()> {
    let (admin, url, name) = database().await?;
    let result = services(&url).await;
    remove(admin, &name).await?;
    result
}

async fn services(superuser: &str) -> Result<()> {
    let data = tempfile::tempdir()?;
    let data = data.path().to_str().context("a path")?;
    let amqp = amqp_url();
    let redis = redis_url();
    let settings = [
        ("BIFROST_DATA", data),
        ("DATABASE_URL", superuser),
        ("AMQP_URL", amqp.as_str()),
        ("REDIS_URL", redis.as_str()),
    ];
    let (code, checks) = doctor(&settings)?;
    assert_eq!(code, 1, "{checks:#?}");
    assert_eq!(level(&checks, "database.role"), "fail", "the role of the tests is a superuser");
    for name in ["database", "clock", "queue", "queue.quorum", "bus"] {
        assert_eq!(level(&checks, name), "ok", "{checks:#?}");
    }
    assert_eq!(level(&checks, "master_key"), "warn");
    let broker = checks.iter().find(|check| check["name"] == "queue").context("queue")?;
    let version =
        broker["found"].as_str().and_then(|text| text.strip_prefix("RabbitMQ ")).context("a version")?;
    assert!(version.starts_with(|c: char| c.is_ascii_digit()), "{version}");

    let closed = free_port()?;
    let (database, queue, bus, store) = (
        format!("postgres://someone:a-password-of-postgres@127.0.0.1:{closed}/x"),
        format!("amqp://someone:a-password-of-rabbit@127.0.0.1:{closed}"),
        format!("redis://someone:a-password-of-redis@127.0.0.1:{closed}"),
        format!("http://127.0.0.1:{closed}"),
    );
    let settings = [
        ("BIFROST_DATA", data),
        ("DATABASE_URL", database.as_str()),
        ("AMQP_URL", queue.as_str()),
        ("REDIS_URL", bus.as_str()),
        ("S3_ENDPOINT", store.as_str()),
        ("S3_BUCKET", "nowhere"),
        ("S3_ACCESS_KEY_ID", "someone"),
        ("S3_SECRET_ACCESS_KEY", "a-secret-of-s3"),
    ];
    let (code, checks) = doctor(&settings)?;
    assert_eq!(code, 1);
    for name in ["database", "queue", "bus", "objects"] {
        assert_eq!(level(&checks, name), "fail", "{checks:#?}");
    }
    assert!(!format!("{checks:?}").contains("a-secret-of-s3"));
    Ok(())
}

#[test]
fn settings_come_from_files_too() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).to_str().map(str::to_owned).context("a path");
    let (file, named, other) = (path("url")?, path("named.db")?, path("other.db")?);
    std::fs::write(&file, format!("sqlite:{named}\n"))?;
    let data = path("data")?;
    let settings = [("DATABASE_URL_FILE", file.as_str()), ("BIFROST_DATA", data.as_str())];
    assert_eq!(run(&["migrate"], &settings)?.0, 0);
    assert!(std::fs::exists(&named)?, "the file's database was not used");
    let both = [settings[0], settings[1], ("DATABASE_URL", &*format!("sqlite:{other}"))];
    assert_eq!(run(&["migrate", "--check"], &both)?.0, 1, "the variable itself counts first");
    let (code, help, _) = run(&["migrate", "--help"], &settings)?;
    assert!(code == 0 && !help.contains("named.db"), "{help}");
    let missing = [("DATABASE_URL_FILE", "/nowhere/url"), ("BIFROST_DATA", data.as_str())];
    let (code, _, error) = run(&["migrate"], &missing)?;
    assert!(code == 2 && error.contains("/nowhere/url") && error.contains("DATABASE_URL_FILE"), "{error}");
    Ok(())
}
