//! The vendors' APIs of the examples (`examples/tests/fakes`), in a process of their own.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// All of them; they end with the test.
pub struct Fakes {
    process: Child,
    told: Value,
    http: reqwest::Client,
}

impl Fakes {
    /// Starts them.
    pub fn start() -> Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/tests");
        let mut process = Command::new("python3")
            .args(["-B", "-m", "fakes"])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("python3")?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("its output")?).read_line(&mut line)?;
        let told = serde_json::from_str(&line).context("python3 -m fakes")?;
        Ok(Self { process, told, http: reqwest::Client::new() })
    }

    /// A vendor's address by its name (`ninjaone`, `halopsa`, `pax8`, `microsoft`), or what else was
    /// told: `client_id`, `client_secret`.
    pub fn told(&self, name: &str) -> &str {
        self.told[name].as_str().unwrap_or_else(|| panic!("there is no {name}"))
    }

    /// What goes wrong with the next calls of a vendor's API; see `Fault` in `base.py`.
    pub async fn fail(&self, vendor: &str, fault: Value) -> Result<()> {
        let request = self.http.post(format!("{}/__faults__", self.told(vendor))).json(&fault);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// How long tokens of a vendor are good that are given out from now on.
    pub async fn token_lifetime(&self, vendor: &str, seconds: u32) -> Result<()> {
        let request = self.http.put(format!("{}/__tokens__", self.told(vendor)));
        request.json(&json!({ "lifetime": seconds })).send().await?.error_for_status()?;
        Ok(())
    }

    /// All calls since the start, or since they were asked for the last time: `method`, `path`,
    /// `query`, `token`, `body`, `status`, `time` in seconds.
    pub async fn calls(&self, vendor: &str) -> Result<Vec<Value>> {
        let address = format!("{}/__calls__", self.told(vendor));
        let mut answer: Value = self.http.get(&address).send().await?.json().await?;
        self.http.delete(&address).send().await?.error_for_status()?;
        Ok(serde_json::from_value(answer["calls"].take())?)
    }

    /// An OAuth section for a platform's integration: client credentials at this address.
    pub fn oauth(&self, token_url: &str, parameters: &Value) -> Value {
        json!({
            "flow": "client_credentials", "client_id": self.told("client_id"), "token_url": token_url,
            "client_authentication": "body", "parameters": parameters,
        })
    }
}

impl Drop for Fakes {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
