//! Key seeds and their contents.

use std::sync::Arc;

use boxoffice_core::AccountId;
use boxoffice_core::key_ring::KeyId;
use boxoffice_storage::{
    AddedSeed, Content, ContentNames, NewSeed, RecordedContent, RemovedAccountKey, RetiredSeed, SeedId,
    SeedKind, Storage,
};
use jiff::Timestamp;

use crate::account_keys::{account_key, account_with_key};
use crate::backend::on_every_database;

on_every_database! {
    a_seed_is_resealed_only_if_it_is_as_it_was_read,
    a_seed_with_contents_is_retired_by_force_only,
    a_tag_is_recorded_once_and_deleted_for_good,
    a_tag_without_names_takes_them_once,
    an_account_has_one_seed_that_answers_for_any_kid,
    contents_are_listed_in_pages,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn new_seed(account: AccountId, kind: SeedKind) -> NewSeed {
    let (sealed, created_at) = (vec![7; 60], at(1_700_000_000));
    NewSeed { account, kind, imported: false, sealed, account_key: KeyId(1), created_at }
}

async fn add(storage: &dyn Storage, account: AccountId, kind: SeedKind) -> SeedId {
    match storage.add_seed(new_seed(account, kind)).await.unwrap() {
        AddedSeed::Added(id) => id,
        other => panic!("{other:?}"),
    }
}

fn content(seed: SeedId, tag: u8, content_id: &str, track: &str) -> Content {
    Content {
        seed,
        tag: [tag; 8],
        names: Some(ContentNames { content_id: content_id.as_bytes().to_vec(), track: track.to_owned() }),
        created_at: at(1_700_000_001),
        deleted_at: None,
    }
}

async fn an_account_has_one_seed_that_answers_for_any_kid(storage: Arc<dyn Storage>) {
    let account = account_with_key(&*storage).await;
    let other = account_with_key(&*storage).await;
    let native = add(&*storage, account, SeedKind::Native).await;
    let open = add(&*storage, account, SeedKind::Open).await;
    let second = storage.add_seed(new_seed(account, SeedKind::PlayReady)).await.unwrap();
    assert_eq!(second, AddedSeed::OpenSeedExists(open));
    add(&*storage, other, SeedKind::PlayReady).await;
    assert_eq!(storage.retire_seed(open, at(1), false).await.unwrap(), RetiredSeed::Retired);
    assert_eq!(storage.retire_seed(open, at(1), false).await.unwrap(), RetiredSeed::Unknown);
    let third = add(&*storage, account, SeedKind::PlayReady).await;
    let seeds = storage.seeds(Some(account)).await.unwrap();
    let found: Vec<_> = seeds.iter().map(|seed| (seed.id, seed.seed.kind, seed.retired_at)).collect();
    assert_eq!(
        found,
        [
            (native, SeedKind::Native, None),
            (open, SeedKind::Open, Some(at(1))),
            (third, SeedKind::PlayReady, None)
        ]
    );
    assert_eq!(seeds[0].seed, new_seed(account, SeedKind::Native));
    assert_eq!(storage.seeds(None).await.unwrap().len(), 4);
    let sealed_elsewhere = NewSeed { account_key: KeyId(9), ..new_seed(account, SeedKind::Native) };
    assert_eq!(storage.add_seed(sealed_elsewhere).await.unwrap(), AddedSeed::AccountKeyGone);
}

async fn a_seed_is_resealed_only_if_it_is_as_it_was_read(storage: Arc<dyn Storage>) {
    let account = account_with_key(&*storage).await;
    let seed = add(&*storage, account, SeedKind::Native).await;
    let removed = storage.remove_account_key(account, KeyId(1)).await.unwrap();
    assert_eq!(removed, RemovedAccountKey::InUse { rows: 1 });
    assert!(!storage.reseal_seed(seed, vec![7; 60], KeyId(2), vec![8; 60]).await.unwrap(), "no such key");
    assert!(storage.add_account_key(account_key(account, 2, 1)).await.unwrap());
    assert!(!storage.reseal_seed(seed, vec![6; 60], KeyId(2), vec![8; 60]).await.unwrap(), "not as read");
    assert!(storage.reseal_seed(seed, vec![7; 60], KeyId(2), vec![8; 60]).await.unwrap());
    let found = storage.seeds(Some(account)).await.unwrap().remove(0).seed;
    assert_eq!((found.account_key, found.sealed), (KeyId(2), vec![8; 60]));
    let removed = storage.remove_account_key(account, KeyId(1)).await.unwrap();
    assert_eq!(removed, RemovedAccountKey::Removed);
}

async fn a_tag_is_recorded_once_and_deleted_for_good(storage: Arc<dyn Storage>) {
    let account = account_with_key(&*storage).await;
    let seed = add(&*storage, account, SeedKind::Native).await;
    let records: Vec<_> = (0..8)
        .map(|_| {
            let storage = Arc::clone(&storage);
            tokio::spawn(
                async move { storage.record_content(content(seed, 1, "movie", "HD")).await.unwrap() },
            )
        })
        .collect();
    let mut recorded = 0;
    for record in records {
        match record.await.unwrap() {
            RecordedContent::Recorded => recorded += 1,
            other => assert_eq!(other, RecordedContent::Existing(content(seed, 1, "movie", "HD"))),
        }
    }
    assert_eq!(recorded, 1);
    // Another name with this tag sees whose it is.
    let other = storage.record_content(content(seed, 1, "other", "HD")).await.unwrap();
    assert_eq!(other, RecordedContent::Existing(content(seed, 1, "movie", "HD")));
    storage.record_content(content(seed, 2, "movie", "SD")).await.unwrap();
    assert_eq!(storage.delete_content(account, b"movie", at(5)).await.unwrap(), 2);
    assert_eq!(storage.delete_content(account, b"movie", at(6)).await.unwrap(), 0);
    let deleted = Content { deleted_at: Some(at(5)), ..content(seed, 1, "movie", "HD") };
    let again = storage.record_content(content(seed, 1, "movie", "HD")).await.unwrap();
    assert_eq!(again, RecordedContent::Existing(deleted.clone()));
    let found = storage.contents(seed, vec![[9; 8], [1; 8]]).await.unwrap();
    assert_eq!(found, [None, Some(deleted)]);
}

async fn a_tag_without_names_takes_them_once(storage: Arc<dyn Storage>) {
    let account = account_with_key(&*storage).await;
    let seed = add(&*storage, account, SeedKind::Native).await;
    let nameless = Content { names: None, ..content(seed, 1, "", "") };
    let first = storage.record_content(nameless.clone()).await.unwrap();
    assert_eq!(first, RecordedContent::Recorded);
    let again = storage.record_content(nameless.clone()).await.unwrap();
    assert_eq!(again, RecordedContent::Existing(nameless));
    let named = storage.record_content(content(seed, 1, "movie", "HD")).await.unwrap();
    assert_eq!(named, RecordedContent::Recorded);
    let other = storage.record_content(content(seed, 1, "other", "HD")).await.unwrap();
    assert_eq!(other, RecordedContent::Existing(content(seed, 1, "movie", "HD")));
}

async fn a_seed_with_contents_is_retired_by_force_only(storage: Arc<dyn Storage>) {
    let account = account_with_key(&*storage).await;
    let seed = add(&*storage, account, SeedKind::Native).await;
    storage.record_content(content(seed, 1, "movie", "HD")).await.unwrap();
    storage.record_content(content(seed, 2, "other", "HD")).await.unwrap();
    storage.delete_content(account, b"other", at(5)).await.unwrap();
    assert_eq!(storage.retire_seed(seed, at(9), false).await.unwrap(), RetiredSeed::HasContents(1));
    assert_eq!(storage.retire_seed(seed, at(9), true).await.unwrap(), RetiredSeed::Retired);
    let late = storage.record_content(content(seed, 3, "movie", "SD")).await.unwrap();
    assert_eq!(late, RecordedContent::SeedGone);
    let nowhere = storage.record_content(content(SeedId(999), 3, "movie", "SD")).await.unwrap();
    assert_eq!(nowhere, RecordedContent::SeedGone);
}

async fn contents_are_listed_in_pages(storage: Arc<dyn Storage>) {
    let account = account_with_key(&*storage).await;
    let other = account_with_key(&*storage).await;
    let seeds = [
        add(&*storage, account, SeedKind::Native).await,
        add(&*storage, other, SeedKind::Native).await,
        add(&*storage, account, SeedKind::Native).await,
    ];
    for seed in seeds {
        for tag in 1..=3 {
            storage.record_content(content(seed, tag, "movie", "HD")).await.unwrap();
        }
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = storage.list_contents(account, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.seed, last.tag));
        seen.extend(page.iter().map(|content| (content.seed, content.tag[0])));
    }
    let expected: Vec<_> =
        [seeds[0], seeds[2]].into_iter().flat_map(|seed| (1..=3).map(move |tag| (seed, tag))).collect();
    assert_eq!(seen, expected);
}
