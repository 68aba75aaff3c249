//! A rolling restart: each worker is asked to end, drains, and is started again, while
//! runs come in. Nobody may notice.

use crate::storm::World;
use anyhow::Result;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The workers.
const WORKERS: [&str; 2] = ["worker-1", "worker-2"];
/// More than the longest run of the load, and less than a worker's patience.
const DRAINED: Duration = Duration::from_secs(24);
/// Between two restarts.
const PAUSE: Duration = Duration::from_secs(3);

/// Restarts the workers in turn for as long as `lasts`, at least each once.
///
/// # Errors
/// When a worker does not drain in time.
pub async fn restart(world: &World, lasts: Duration) -> Result<()> {
    let until = Instant::now() + lasts;
    let mut turn = 0;
    while turn < WORKERS.len() || Instant::now() < until {
        sleep(PAUSE).await;
        let worker = WORKERS[turn % WORKERS.len()];
        let asked = Instant::now();
        let process = world.platform.process(worker);
        process.terminate(DRAINED).await?;
        println!("  {worker} drained in {:.1} s", asked.elapsed().as_secs_f64());
        process.start()?;
        turn += 1;
    }
    Ok(())
}
