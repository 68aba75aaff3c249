//! The services that the environment names: database, queue, bus, objects, mail.

use super::Check;
use crate::engines::EngineArgs;
use bifrost_core::ports::Objects;
use bifrost_notify::{Mailer, Security};
use bifrost_store::{S3Objects, diagnose, migrate};
use chrono::{TimeDelta, Utc};
use std::path::Path;
use std::time::Duration;

/// How long a service may take for one check.
const PATIENCE: Duration = Duration::from_secs(10);
/// Oldest PostgreSQL, as it says it: 15.0.
const POSTGRES_LEAST: i64 = 150_000;
/// Oldest RabbitMQ with everything that quorum queues need.
const RABBIT_LEAST: (u32, u32) = (3, 10);
/// Oldest Redis.
const REDIS_LEAST: (u32, u32) = (6, 2);
/// Each process may have so many connections to the database.
const CONNECTIONS: i64 = 16;
/// Leases last for seconds; clocks that differ by more than this make them unreliable.
const SKEW: (TimeDelta, TimeDelta) = (TimeDelta::milliseconds(500), TimeDelta::seconds(5));

/// Checks the services.
pub async fn check(engines: &EngineArgs, data: &Path) -> Vec<Check> {
    let (database, queue, bus, objects, mail) =
        tokio::join!(database(engines, data), queue(engines), bus(engines), objects(engines), mail(engines));
    [database, queue, bus, objects, vec![master_key(engines), mail]].into_iter().flatten().collect()
}

async fn patiently<T>(
    asked: impl Future<Output = bifrost_core::Result<T>>,
) -> std::result::Result<T, String> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(format!("{error:#}")),
        Err(_) => Err(format!("no answer in {} s", PATIENCE.as_secs())),
    }
}

/// Major and minor of a version such as `4.1.3` or `7.4-rc1`.
fn version(text: &str) -> (u32, u32) {
    let number = |part: &str| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    };
    let mut parts = text.split('.').map(number);
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

async fn database(engines: &EngineArgs, data: &Path) -> Vec<Check> {
    let url = engines.database.url(data);
    let mut checks = Vec::new();
    if url.starts_with("sqlite:") {
        checks.push(Check::ok("database", "SQLite: for one machine, with fsync at every commit"));
    } else {
        match patiently(diagnose::postgres(&url)).await {
            Ok(server) => postgres(&server, &mut checks),
            Err(error) => {
                let fix = "start PostgreSQL, and check host, role and password of DATABASE_URL";
                return vec![Check::fail("database", error, fix)];
            }
        }
    }
    checks.push(match patiently(migrate::plan(&url)).await {
        Ok(plan) if plan.pending.is_empty() => {
            Check::ok("database.version", format!("version {}, up to date", plan.to))
        }
        Ok(plan) => {
            let found = format!("version {}, this program needs {}", plan.from, plan.to);
            Check::warn("database.version", found, "run `bifrost migrate`; servers do it at their start")
        }
        Err(error) => {
            Check::fail("database.version", error, "use the program that migrated it, or a newer one")
        }
    });
    checks
}

fn postgres(server: &diagnose::Postgres, checks: &mut Vec<Check>) {
    let found = format!("PostgreSQL {}.{}", server.version / 10_000, server.version % 10_000);
    checks.push(if server.version < POSTGRES_LEAST {
        Check::fail("database", found, "use PostgreSQL 15 or later")
    } else {
        Check::ok("database", found)
    });
    let role = &server.role;
    checks.push(if server.is_superuser || server.bypasses_rls {
        let what = if server.is_superuser { "is a superuser" } else { "has BYPASSRLS" };
        let fix = "make a role with NOSUPERUSER NOBYPASSRLS that owns the database, and use it";
        Check::fail(
            "database.role",
            format!("{role} {what}: tenants are not kept apart by the database"),
            fix,
        )
    } else if server.may_create {
        Check::ok("database.role", format!("{role} is bound by row-level security"))
    } else {
        let fix = "run `bifrost migrate` with the owner's role, or GRANT CREATE ON SCHEMA public";
        Check::warn("database.role", format!("{role} may not migrate"), fix)
    });
    let durable = format!("fsync={} synchronous_commit={}", server.fsync, server.synchronous_commit);
    checks.push(if server.fsync != "on" || server.synchronous_commit == "off" {
        let fix = "set fsync=on and synchronous_commit=on: accepted runs are lost on power failure";
        Check::fail("database.durability", durable, fix)
    } else {
        Check::ok("database.durability", durable)
    });
    let connections = format!("{} for all processes, up to {CONNECTIONS} each", server.connections);
    checks.push(if server.connections < 3 * CONNECTIONS {
        Check::warn("database.connections", connections, "raise max_connections to 16 for each process")
    } else {
        Check::ok("database.connections", connections)
    });
    let skew = (Utc::now() - server.clock).abs();
    let found = format!("{} ms between database and this machine", skew.num_milliseconds());
    let fix = "keep both clocks right with NTP: leases and schedules go by them";
    checks.push(match skew {
        skew if skew > SKEW.1 => Check::fail("clock", found, fix),
        skew if skew > SKEW.0 => Check::warn("clock", found, fix),
        _ => Check::ok("clock", found),
    });
}

async fn queue(engines: &EngineArgs) -> Vec<Check> {
    let Some(url) = &engines.amqp else {
        return vec![Check::ok("queue", "in this process (`bifrost up`); several processes need AMQP_URL")];
    };
    let answer = match patiently(diagnose::rabbit_version(url)).await {
        Ok(found) => found,
        Err(error) => {
            return vec![Check::fail("queue", error, "start RabbitMQ, and check the host of AMQP_URL")];
        }
    };
    let found = format!("RabbitMQ {}", answer.as_deref().unwrap_or("of a version that TLS hides"));
    let old = answer.as_deref().is_some_and(|text| version(text) < RABBIT_LEAST);
    let mut checks = vec![if old {
        Check::fail("queue", found, "use RabbitMQ 3.10 or later")
    } else {
        Check::ok("queue", found)
    }];
    checks.push(match patiently(diagnose::rabbit_quorum(url)).await {
        Ok(()) => Check::ok("queue.quorum", "a quorum queue was made, confirmed a message, and was removed"),
        Err(error) => {
            let fix = "check user, password and virtual host, and grant configure, write and read";
            Check::fail("queue.quorum", error, fix)
        }
    });
    checks
}

async fn bus(engines: &EngineArgs) -> Vec<Check> {
    let Some(url) = &engines.redis else {
        let alone = "in this process (`bifrost up`); several processes need REDIS_URL";
        return vec![if engines.amqp.is_some() {
            Check::warn("bus", alone, "set REDIS_URL; without it live events do not reach other processes")
        } else {
            Check::ok("bus", alone)
        }];
    };
    vec![match patiently(diagnose::redis_version(url)).await {
        Ok(text) if version(&text) < REDIS_LEAST => {
            Check::fail("bus", format!("Redis {text}"), "use Redis 6.2 or later")
        }
        Ok(text) => Check::ok("bus", format!("Redis {text}")),
        Err(error) => Check::fail("bus", error, "start Redis, and check host and password of REDIS_URL"),
    }]
}

async fn objects(engines: &EngineArgs) -> Vec<Check> {
    let Some(options) = engines.s3.options() else {
        return vec![if engines.amqp.is_some() {
            let fix = "set S3_BUCKET, or share the data folder between all machines";
            Check::warn("objects", "files below the data folder", fix)
        } else {
            Check::ok("objects", "files below the data folder")
        }];
    };
    let bucket = options.bucket.clone();
    let tried = patiently(async {
        let store = S3Objects::connect(options).await?;
        let key = format!("doctor/{}", uuid::Uuid::now_v7().simple());
        store.put(&key, b"bifrost".to_vec()).await?;
        let read = store.get(&key).await?;
        store.delete(&key).await?;
        Ok(read)
    });
    vec![match tried.await {
        Ok(Some(read)) if read == b"bifrost" => {
            Check::ok("objects", format!("bucket {bucket}: written, read and deleted"))
        }
        Ok(_) => {
            Check::fail("objects", "what was written was not read back", "use a store that is consistent")
        }
        Err(error) => {
            let fix = "make the bucket, and let the credentials list, read, write and delete in it";
            Check::fail("objects", error, fix)
        }
    }]
}

async fn mail(engines: &EngineArgs) -> Check {
    let Some(settings) = engines.smtp.settings() else {
        return Check::ok("mail", "none; notifications by mail need BIFROST_SMTP_HOST and BIFROST_SMTP_FROM");
    };
    let found = format!("{}:{}", settings.host, settings.port);
    let is_open = settings.security == Security::None;
    let checked = match Mailer::new(&settings) {
        Ok(mailer) => match tokio::time::timeout(PATIENCE, mailer.check()).await {
            Ok(checked) => checked,
            Err(_) => Err(format!("no answer in {} s", PATIENCE.as_secs())),
        },
        Err(error) => Err(error.to_string()),
    };
    match checked {
        Ok(()) if is_open && settings.credentials.is_some() => {
            let fix = "set BIFROST_SMTP_SECURITY to starttls or tls: the password is sent in the open";
            Check::warn("mail", format!("{found} without TLS"), fix)
        }
        Ok(()) => Check::ok("mail", found),
        Err(error) => {
            let fix = "check host, port, security, user and password of BIFROST_SMTP_*";
            Check::fail("mail", format!("{found}: {error}"), fix)
        }
    }
}

fn master_key(engines: &EngineArgs) -> Check {
    if engines.keys.master_key.is_some() {
        Check::ok("master_key", "from the environment")
    } else if engines.amqp.is_some() {
        let fix = "set BIFROST_MASTER_KEY (openssl rand -base64 32) to the same value for all processes";
        Check::warn("master_key", "a file below each process's data folder", fix)
    } else {
        Check::ok("master_key", "a file below the data folder; keep a copy of it with the backup")
    }
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version("4.1.3"), (4, 1));
        assert_eq!(version("3.10.25"), (3, 10));
        assert_eq!(version("7.4-rc1"), (7, 4));
        assert!(version("3.9.0") < version("3.10.0"));
        assert_eq!(version("unknown"), (0, 0));
    }
}
