//! Accounts and their authenticators.

use boxoffice_core::account::{AccountChange, AccountOptions, MinimumHdcpType, MinimumLevel};
use boxoffice_core::authenticator::Authenticator;
use boxoffice_core::{Account, AccountId};
use deadpool_postgres::{GenericClient, Transaction};
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::error::Fault;
use super::row;
use crate::storage::apply_change;
use crate::{NewAccount, NewAuthenticator, column};

macro_rules! columns {
    () => {
        "id, environment, name, enabled, balance, widevine, playready, fairplay, clearkey, lenient, \
         one_time, service_keys, max_streams, min_level, created_at, min_hdcp_type"
    };
}

/// Where two nodes take the same number at once, the other one takes the next.
pub(super) async fn create(client: &impl GenericClient, new: &NewAccount) -> Result<Account, Fault> {
    match insert(client, new, "SELECT COALESCE(MAX(id) + 1, $1) AS id FROM accounts").await? {
        Some(account) => Ok(account),
        None => Err(Fault::Conflict("another node took the account's number".to_owned())),
    }
}

/// None, where there is an account already.
pub(super) async fn create_first(
    client: &impl GenericClient,
    new: &NewAccount,
) -> Result<Option<Account>, Fault> {
    insert(client, new, "SELECT $1::int8 AS id WHERE NOT EXISTS (SELECT 1 FROM accounts)").await
}

async fn insert(
    client: &impl GenericClient,
    new: &NewAccount,
    number: &str,
) -> Result<Option<Account>, Fault> {
    let options = &new.options;
    let insert = format!(
        "INSERT INTO accounts (id, environment, name, enabled, balance, widevine, playready, fairplay, \
         clearkey, lenient, one_time, service_keys, max_streams, min_level, created_at, min_hdcp_type) \
         SELECT number.id, $2, $3, true, NULL, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 \
         FROM ({number}) AS number ON CONFLICT DO NOTHING RETURNING id"
    );
    let made = client
        .query_opt(
            &client.prepare_cached(&insert).await?,
            &[
                &i64::from(AccountId::FIRST.0),
                &i64::from(new.environment.number()),
                &new.name.as_bytes(),
                &options.widevine,
                &options.playready,
                &options.fairplay,
                &options.clearkey,
                &options.lenient,
                &options.one_time,
                &options.service_keys,
                &options.max_streams.map(i64::from),
                &level(options),
                &column::from_time(new.created_at),
                &hdcp_type(options),
            ],
        )
        .await?;
    let Some(made) = made else { return Ok(None) };
    let id = AccountId(row::number(&made, 0, "an account's number")?);
    Ok(Some(Account {
        id,
        name: new.name.clone(),
        environment: new.environment,
        enabled: true,
        balance: boxoffice_core::account::Balance::Unlimited,
        options: new.options,
        authenticators: Vec::new(),
        created_at: column::to_time(column::from_time(new.created_at))?,
    }))
}

fn level(options: &AccountOptions) -> Option<i64> {
    options.min_level.map(MinimumLevel::number).map(i64::from)
}

fn hdcp_type(options: &AccountOptions) -> Option<i64> {
    options.min_hdcp_type.map(MinimumHdcpType::number).map(i64::from)
}

pub(super) async fn find(client: &impl GenericClient, id: AccountId) -> Result<Option<Account>, Fault> {
    find_by(client, id, concat!("SELECT ", columns!(), " FROM accounts WHERE id = $1")).await
}

async fn find_by(client: &impl GenericClient, id: AccountId, select: &str) -> Result<Option<Account>, Fault> {
    let number = i64::from(id.0);
    let account = client.prepare_cached(select).await?;
    let authenticators = client
        .prepare_cached(
            "SELECT account, id, hash, scopes, created_at, revoked_at FROM authenticators WHERE account = $1 \
             ORDER BY id",
        )
        .await?;
    let parameters: [&(dyn ToSql + Sync); 1] = [&number];
    let (account, authenticators) = tokio::try_join!(
        client.query_opt(&account, &parameters),
        client.query(&authenticators, &parameters)
    )?;
    let Some(account) = account else { return Ok(None) };
    let mut account = read(&account)?;
    account.authenticators = authenticators.iter().map(read_authenticator).collect::<Result<_, _>>()?;
    Ok(Some(account))
}

pub(super) async fn all(client: &impl GenericClient) -> Result<Vec<Account>, Fault> {
    let select = client.prepare_cached(concat!("SELECT ", columns!(), " FROM accounts ORDER BY id")).await?;
    let mut accounts: Vec<Account> =
        client.query(&select, &[]).await?.iter().map(read).collect::<Result<_, _>>()?;
    let select = client
        .prepare_cached(
            "SELECT account, id, hash, scopes, created_at, revoked_at FROM authenticators ORDER BY account, id",
        )
        .await?;
    // Both come ordered by account, so that one pass gives each its own.
    let mut waiting = accounts.iter_mut().peekable();
    for row in client.query(&select, &[]).await? {
        let owner: u32 = row::number(&row, 0, "an account's number")?;
        while waiting.peek().is_some_and(|account| account.id.0 < owner) {
            waiting.next();
        }
        if let Some(account) = waiting.peek_mut().filter(|account| account.id.0 == owner) {
            account.authenticators.push(read_authenticator(&row)?);
        }
    }
    Ok(accounts)
}

pub(super) async fn change(
    transaction: &Transaction<'_>,
    id: AccountId,
    change: &AccountChange,
) -> Result<Option<Account>, Fault> {
    // The row is locked, so no debit comes between the read and the write.
    let select = concat!("SELECT ", columns!(), " FROM accounts WHERE id = $1 FOR UPDATE");
    let Some(mut account) = find_by(transaction, id, select).await? else { return Ok(None) };
    apply_change(&mut account, change);
    let options = &account.options;
    let update = transaction
        .prepare_cached(
            "UPDATE accounts SET enabled = $2, balance = $3, widevine = $4, playready = $5, fairplay = $6, \
             clearkey = $7, lenient = $8, one_time = $9, service_keys = $10, max_streams = $11, min_level = $12, \
             min_hdcp_type = $13 WHERE id = $1",
        )
        .await?;
    transaction
        .execute(
            &update,
            &[
                &i64::from(id.0),
                &account.enabled,
                &column::from_balance(account.balance),
                &options.widevine,
                &options.playready,
                &options.fairplay,
                &options.clearkey,
                &options.lenient,
                &options.one_time,
                &options.service_keys,
                &options.max_streams.map(i64::from),
                &level(options),
                &hdcp_type(options),
            ],
        )
        .await?;
    Ok(Some(account))
}

pub(super) async fn add_authenticator(
    client: &impl GenericClient,
    account: AccountId,
    new: &NewAuthenticator,
) -> Result<Option<u64>, Fault> {
    let insert = client
        .prepare_cached(
            "INSERT INTO authenticators (account, hash, scopes, created_at) \
             SELECT id, $2, $3, $4 FROM accounts WHERE id = $1 RETURNING id",
        )
        .await?;
    let made = client
        .query_opt(
            &insert,
            &[
                &i64::from(account.0),
                &new.hash.as_slice(),
                &column::from_scopes(new.scopes),
                &column::from_time(new.created_at),
            ],
        )
        .await?;
    made.map(|made| row::number(&made, 0, "an authenticator's number")).transpose()
}

pub(super) async fn revoke_authenticator(
    client: &impl GenericClient,
    id: u64,
    at: Timestamp,
) -> Result<bool, Fault> {
    let Ok(id) = i64::try_from(id) else { return Ok(false) };
    let update = client
        .prepare_cached("UPDATE authenticators SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
        .await?;
    Ok(client.execute(&update, &[&id, &column::from_time(at)]).await? == 1)
}

fn read(from: &Row) -> Result<Account, Fault> {
    let min_level: Option<i64> = row::get(from, 13)?;
    let min_hdcp_type: Option<i64> = row::get(from, 15)?;
    let max_streams: Option<i64> = row::get(from, 12)?;
    Ok(Account {
        id: AccountId(row::number(from, 0, "an account's number")?),
        name: row::text(from, 2)?,
        environment: column::to_environment(row::get(from, 1)?)?,
        enabled: row::get(from, 3)?,
        balance: column::to_balance(row::get(from, 4)?)?,
        options: AccountOptions {
            widevine: row::get(from, 5)?,
            playready: row::get(from, 6)?,
            fairplay: row::get(from, 7)?,
            clearkey: row::get(from, 8)?,
            lenient: row::get(from, 9)?,
            one_time: row::get(from, 10)?,
            service_keys: row::get(from, 11)?,
            max_streams: max_streams
                .map(|most| column::to_number("a number of streams", most))
                .transpose()?,
            min_level: min_level.map(column::to_level).transpose()?,
            min_hdcp_type: min_hdcp_type.map(column::to_hdcp_type).transpose()?,
        },
        authenticators: Vec::new(),
        created_at: column::to_time(row::get(from, 14)?)?,
    })
}

fn read_authenticator(from: &Row) -> Result<Authenticator, Fault> {
    let revoked_at: Option<i64> = row::get(from, 5)?;
    Ok(Authenticator {
        id: row::number(from, 1, "an authenticator's number")?,
        hash: row::array(from, 2, "an authenticator's hash")?,
        scopes: column::to_scopes(row::get(from, 3)?),
        created_at: column::to_time(row::get(from, 4)?)?,
        revoked_at: revoked_at.map(column::to_time).transpose()?,
    })
}
