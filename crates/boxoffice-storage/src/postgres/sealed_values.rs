//! Sealed values that there is one of in an installation.

use deadpool_postgres::GenericClient;

use super::error::Fault;
use super::row;

pub(super) async fn find(client: &impl GenericClient, name: &str) -> Result<Option<Vec<u8>>, Fault> {
    let select = client.prepare_cached("SELECT value FROM sealed_values WHERE name = $1").await?;
    let found = client.query_opt(&select, &[&name.as_bytes()]).await?;
    found.map(|found| row::get(&found, 0)).transpose()
}

/// The look-up is a statement of its own, so that it sees what another node has committed meanwhile.
pub(super) async fn keep(client: &impl GenericClient, name: &str, value: &[u8]) -> Result<Vec<u8>, Fault> {
    let insert = client
        .prepare_cached("INSERT INTO sealed_values (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .await?;
    client.execute(&insert, &[&name.as_bytes(), &value]).await?;
    let kept = find(client, name).await?;
    kept.ok_or_else(|| Fault::Conflict(format!("sealed value {name} is not there after its insert")))
}

pub(super) async fn replace(client: &impl GenericClient, name: &str, value: &[u8]) -> Result<(), Fault> {
    let insert = client
        .prepare_cached(
            "INSERT INTO sealed_values (name, value) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .await?;
    client.execute(&insert, &[&name.as_bytes(), &value]).await?;
    Ok(())
}
