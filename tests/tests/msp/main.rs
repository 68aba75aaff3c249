//! The workspace of a managed service provider (`examples/msp`) as an administrator sets it up and
//! lives with it, in real sandboxes, against the vendors' APIs on this machine: with pages, refusals
//! for the rate, tokens that end, connections that break. What came of it is looked at here and there.

mod accounts;
mod events;
mod reports;
mod sync;
mod tenants;
#[path = "../wheels/mod.rs"]
mod wheels;
mod world;

use accounts::{forms, people};
use anyhow::Result;
use events::{inventory, scheduled, triage};
use reports::reports;
use std::time::{Duration, Instant};
use sync::{customers, licenses, sites};
use tenants::{as_a_customer, own_tenant};
use world::World;

/// Seconds that a token of NinjaOne is good.
const LIFETIME: u32 = 15;

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_a_managed_service_provider() -> Result<()> {
    let world = World::start().await?;
    world.fakes.token_lifetime("ninjaone", LIFETIME).await?;
    let begun = Instant::now();
    customers(&world).await?;
    sites(&world).await?;
    licenses(&world).await?;
    people(&world).await?;
    forms(&world).await?;
    reports(&world).await?;
    // What NinjaOne gave at first has ended by now.
    tokio::time::sleep(Duration::from_secs(LIFETIME.into()).saturating_sub(begun.elapsed())).await;
    // The platform may have renewed it before its end.
    let early = world.seen("ninjaone").await?.sign_ins();
    scheduled(&world).await?;
    inventory(&world).await?;
    triage(&world).await?;
    as_a_customer(&world).await?;
    own_tenant(&world).await?;
    let seen = world.seen("ninjaone").await?;
    let refused = seen.0.iter().filter(|call| call["status"] == 401).count();
    let most = begun.elapsed().as_secs() / 10 + 2;
    let sign_ins = early + seen.sign_ins();
    println!("{} calls of NinjaOne with {sign_ins} sign-ins, {refused} refused", seen.0.len());
    assert!(sign_ins >= 1 && sign_ins as u64 <= most, "{sign_ins} sign-ins");
    assert!(refused <= sign_ins, "a token that has ended is used once at most");
    Ok(())
}
