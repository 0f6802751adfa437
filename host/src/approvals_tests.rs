//! The life of an approval.

use gatewright_core::api::{ApprovalRequest, ApprovalState, Need};
use gatewright_core::bundle::ApprovalMode;
use gatewright_core::identity::Identity;

use super::{Approvals, Choice, Decision, Refused};
use crate::estimate::{Estimate, Fate, Rows, Why};
use crate::log::{Log, Signer};
use crate::store::Store;
use crate::store::approvals::Stage;

pub(crate) fn person(subject: &str, groups: &[&str]) -> Identity {
    Identity {
        issuer: "https://idp".to_owned(),
        subject: subject.to_owned(),
        groups: groups.iter().map(|g| (*g).to_owned()).collect(),
        claims: serde_json::Map::new(),
        expires_at: u64::MAX,
    }
}

pub(crate) fn request(mode: ApprovalMode) -> ApprovalRequest {
    ApprovalRequest {
        resource: "shop".to_owned(),
        session: "s1".to_owned(),
        principal: "ann".to_owned(),
        issuer: "https://idp".to_owned(),
        role: "support".to_owned(),
        statement: "DELETE FROM orders WHERE id = $1".to_owned(),
        parameters: vec![Some("7".to_owned()), None],
        digest: "d1".to_owned(),
        reason: "deleting".to_owned(),
        approvers: vec!["dba".to_owned()],
        min_approvals: 1,
        expires_s: 60,
        mode,
        policies: vec!["delete".to_owned()],
        needs: vec![need("orders")],
        shape: Some("DELETE FROM orders WHERE id = $1".to_owned()),
        comment_required: false,
        max_grant_s: None,
    }
}

pub(super) fn need(table: &str) -> Need {
    Need { action: "delete".to_owned(), resource: format!("Table::\"shop.public.{table}\"") }
}

pub(super) async fn approvals() -> (tempfile::TempDir, Store, Approvals) {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::testing::open(folder.path()).await.unwrap();
    let approvals = start(&folder, &store).await;
    (folder, store, approvals)
}

async fn start(folder: &tempfile::TempDir, store: &Store) -> Approvals {
    let signer = Signer::open(folder.path()).unwrap();
    Approvals::start(Log::open(store.clone(), signer, folder.path()).await.unwrap())
}

#[tokio::test]
async fn an_approval_is_decided_by_another_and_used_once() {
    let (_folder, _store, approvals) = approvals().await;
    let (asked, state) = approvals.request(request(ApprovalMode::Hold)).await.unwrap();
    assert_eq!((state, asked.id.len()), (ApprovalState::Pending, 8));
    let waiting = tokio::spawn({
        let (approvals, id) = (approvals.clone(), asked.id.clone());
        async move { approvals.wait(&id).await }
    });
    let ann = person("ann", &["support", "dba"]);
    let dan = person("dan", &["dba"]);
    let bob = person("bob", &["support"]);
    let decide = async |who: &Identity| {
        approvals.decide(&asked.id, who, &Choice::once(Decision::Approve, "fine")).await
    };
    assert!(matches!(decide(&ann).await, Err(Refused::Forbidden(_))));
    assert!(matches!(decide(&bob).await, Err(Refused::Unknown(_))), "others do not learn that it exists");
    assert_eq!(approvals.list(&bob, None).await.unwrap().len(), 0);
    assert_eq!(approvals.list(&dan, Some(Stage::Pending)).await.unwrap().len(), 1);
    assert_eq!(approvals.list(&ann, Some(Stage::Pending)).await.unwrap().len(), 1);
    assert_eq!(decide(&dan).await.unwrap().stage, Stage::Approved);
    assert!(matches!(decide(&dan).await, Err(Refused::Conflict(_))));
    let (decided, state) = waiting.await.unwrap().unwrap();
    assert_eq!(
        (state, decided.decided_by, decided.comment.as_deref()),
        (ApprovalState::Approved, vec!["dan".to_owned()], Some("fine"))
    );
    assert!(matches!(approvals.wait(&asked.id).await, Err(Refused::Conflict(_))));
    assert_eq!(approvals.look(&asked.id).await.unwrap().stage, Stage::Used);
    assert!(matches!(approvals.wait("NONE").await, Err(Refused::Unknown(_))));
}

#[tokio::test]
async fn only_one_of_many_waiters_gets_it() {
    let (_folder, _store, approvals) = approvals().await;
    let (asked, _) = approvals.request(request(ApprovalMode::Hold)).await.unwrap();
    let mut waiters = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (approvals, id) = (approvals.clone(), asked.id.clone());
        waiters.spawn(async move { approvals.wait(&id).await.is_ok() });
    }
    tokio::task::yield_now().await;
    approvals
        .decide(&asked.id, &person("dan", &["dba"]), &Choice::once(Decision::Approve, ""))
        .await
        .unwrap();
    let got = waiters.join_all().await.into_iter().filter(|got| *got).count();
    assert_eq!(got, 1);
}

#[tokio::test]
async fn denied_and_withdrawn_are_final() {
    let (_folder, _store, approvals) = approvals().await;
    let dan = person("dan", &["dba"]);
    let (asked, _) = approvals.request(request(ApprovalMode::Hold)).await.unwrap();
    approvals.decide(&asked.id, &dan, &Choice::once(Decision::Deny, "no")).await.unwrap();
    assert_eq!(approvals.wait(&asked.id).await.unwrap().1, ApprovalState::Denied);
    assert_eq!(approvals.withdraw(&asked.id).await.unwrap().1, ApprovalState::Denied);
    let (asked, _) = approvals.request(request(ApprovalMode::Hold)).await.unwrap();
    assert_eq!(approvals.withdraw(&asked.id).await.unwrap().1, ApprovalState::Withdrawn);
    assert!(matches!(
        approvals.decide(&asked.id, &dan, &Choice::once(Decision::Approve, "")).await,
        Err(Refused::Conflict(_))
    ));
    // A session that ends withdraws what it holds, and nothing else.
    let (held, _) = approvals.request(request(ApprovalMode::Hold)).await.unwrap();
    let (retried, _) = approvals.request(request(ApprovalMode::Retry)).await.unwrap();
    approvals.session_ended("s1").await.unwrap();
    assert_eq!(approvals.look(&held.id).await.unwrap().stage, Stage::Withdrawn);
    assert_eq!(approvals.look(&retried.id).await.unwrap().stage, Stage::Pending);
}

#[tokio::test]
async fn it_takes_as_many_people_as_the_policy_says() {
    let (_folder, _store, approvals) = approvals().await;
    let two = ApprovalRequest { min_approvals: 2, ..request(ApprovalMode::Hold) };
    let (asked, _) = approvals.request(two).await.unwrap();
    let (dan, eve) = (person("dan", &["dba"]), person("eve", &["dba"]));
    let first = approvals.decide(&asked.id, &dan, &Choice::once(Decision::Approve, "")).await.unwrap();
    assert_eq!(first.stage, Stage::Pending);
    assert!(matches!(
        approvals.decide(&asked.id, &dan, &Choice::once(Decision::Approve, "")).await,
        Err(Refused::Conflict(_))
    ));
    let second = approvals.decide(&asked.id, &eve, &Choice::once(Decision::Approve, "")).await.unwrap();
    assert_eq!(
        (second.stage, second.decided_by),
        (Stage::Approved, vec!["dan".to_owned(), "eve".to_owned()])
    );
}

#[tokio::test]
async fn retry_takes_up_what_is_open() {
    let (folder, store, approvals) = approvals().await;
    let (asked, _) = approvals.request(request(ApprovalMode::Retry)).await.unwrap();
    let (again, state) = approvals.request(request(ApprovalMode::Retry)).await.unwrap();
    assert_eq!((&again.id, state), (&asked.id, ApprovalState::Pending));
    approvals
        .decide(&asked.id, &person("dan", &["dba"]), &Choice::once(Decision::Approve, ""))
        .await
        .unwrap();
    // It survives a restart of the host.
    store.close().await;
    let approvals = start(&folder, &crate::testing::open(folder.path()).await.unwrap()).await;
    // Somebody else's, or another command's, is another.
    let other = ApprovalRequest { principal: "bob".to_owned(), ..request(ApprovalMode::Retry) };
    assert_ne!(approvals.request(other).await.unwrap().0.id, asked.id);
    let other = ApprovalRequest { digest: "d2".to_owned(), ..request(ApprovalMode::Retry) };
    assert_ne!(approvals.request(other).await.unwrap().0.id, asked.id);
    assert_ne!(approvals.request(request(ApprovalMode::Hold)).await.unwrap().0.id, asked.id);
    let (used, state) = approvals.request(request(ApprovalMode::Retry)).await.unwrap();
    assert_eq!((&used.id, state), (&asked.id, ApprovalState::Approved));
    // Once only.
    let (fresh, state) = approvals.request(request(ApprovalMode::Retry)).await.unwrap();
    assert_eq!(state, ApprovalState::Pending);
    assert_ne!(fresh.id, asked.id);
}

#[tokio::test]
async fn time_runs_out() {
    let (_folder, _store, approvals) = approvals().await;
    let brief = |mode| ApprovalRequest { expires_s: 3, ..request(mode) };
    let (approved, _) = approvals.request(brief(ApprovalMode::Retry)).await.unwrap();
    let dan = person("dan", &["dba"]);
    approvals.decide(&approved.id, &dan, &Choice::once(Decision::Approve, "")).await.unwrap();
    // Asked last, so that the other's time is over as well when this one's is, however slow the machine.
    let (held, _) = approvals.request(brief(ApprovalMode::Hold)).await.unwrap();
    let started = std::time::Instant::now();
    assert_eq!(approvals.wait(&held.id).await.unwrap().1, ApprovalState::Expired);
    assert!(started.elapsed().as_secs() < 8);
    // What was approved and not used expires as well.
    assert_ne!(approvals.request(brief(ApprovalMode::Retry)).await.unwrap().0.id, approved.id);
    assert_eq!(approvals.look(&approved.id).await.unwrap().stage, Stage::Expired);
    assert!(matches!(
        approvals.decide(&held.id, &dan, &Choice::once(Decision::Approve, "")).await,
        Err(Refused::Conflict(_))
    ));
}

#[tokio::test]
async fn an_approval_that_nobody_may_give_is_refused() {
    let (_folder, _store, approvals) = approvals().await;
    let nobody = ApprovalRequest { approvers: vec![], ..request(ApprovalMode::Hold) };
    assert!(matches!(approvals.request(nobody).await, Err(Refused::Senseless(_))));
}

#[tokio::test]
async fn a_policy_may_want_to_know_why() {
    let (_folder, store, approvals) = approvals().await;
    let asks = ApprovalRequest { comment_required: true, ..request(ApprovalMode::Hold) };
    let (asked, _) = approvals.request(asks).await.unwrap();
    let dan = person("dan", &["dba"]);
    for silent in ["", " \n"] {
        let refused = approvals.decide(&asked.id, &dan, &Choice::once(Decision::Deny, silent)).await;
        assert!(matches!(refused, Err(Refused::Senseless(_))));
    }
    let escape = Choice::once(Decision::Deny, "no\u{1b}[2J");
    assert!(matches!(approvals.decide(&asked.id, &dan, &escape).await, Err(Refused::Senseless(_))));
    let long = Choice::once(Decision::Deny, &"no".repeat(1_000));
    assert!(matches!(approvals.decide(&asked.id, &dan, &long).await, Err(Refused::Senseless(_))));
    assert_eq!(approvals.look(&asked.id).await.unwrap().stage, Stage::Pending);
    let denied =
        approvals.decide(&asked.id, &dan, &Choice::once(Decision::Deny, " because \n")).await.unwrap();
    assert_eq!((denied.stage, denied.comment.as_deref()), (Stage::Denied, Some("because")));
    assert!(denied.request.comment_required, "it is kept");
    let steps = store.approval_steps(&asked.id).await.unwrap();
    let steps: Vec<_> = steps.iter().map(|step| (step.step.as_str(), step.subject.as_str())).collect();
    assert_eq!(steps, [("pending", "ann"), ("deny", "dan"), ("denied", "dan")]);
}

#[tokio::test]
async fn what_others_asked_for_is_not_there() {
    let (_folder, _store, approvals) = approvals().await;
    let (asked, _) = approvals.request(request(ApprovalMode::Hold)).await.unwrap();
    let looks = async |who: Identity| approvals.look_as(&asked.id, &who).await.is_ok();
    assert!(looks(person("ann", &[])).await && looks(person("dan", &["dba"])).await);
    assert!(!looks(person("eve", &["sales"])).await);
    // The same subject at another issuer is somebody else.
    assert!(!looks(Identity { issuer: "https://other".to_owned(), ..person("ann", &[]) }).await);
}

#[tokio::test]
async fn an_estimate_is_made_for_those_who_are_asked() {
    let (_folder, store, approvals) = approvals().await;
    let estimate = Estimate::Rows(Rows { count: 1_200, are: Fate::Changed, generic: false });
    let made = std::cell::Cell::new(0);
    let ask = async |request: ApprovalRequest| {
        let make = async |_| {
            made.set(made.get() + 1);
            Some(estimate)
        };
        approvals.request_with(request, make).await
    };
    let (asked, _) = ask(request(ApprovalMode::Hold)).await.unwrap();
    let (dan, ann) = (person("dan", &["dba"]), person("ann", &["dba"]));
    let seen = async |who: &Identity| approvals.look_as(&asked.id, who).await.unwrap().estimate;
    assert_eq!(seen(&dan).await, Some(estimate));
    assert_eq!(approvals.list(&dan, None).await.unwrap()[0].estimate, Some(estimate));
    // Whoever chooses the condition would learn from it what is masked.
    assert_eq!(seen(&ann).await, None);
    assert_eq!(approvals.list(&ann, None).await.unwrap()[0].estimate, None);

    // It is a part of what was asked for: nobody decides about another.
    let other = Estimate::NotKnown(Why::Late);
    let text = serde_json::to_string(&other).unwrap();
    store.tamper(format!("UPDATE approval_estimates SET estimate = '{text}'")).await;
    let refused = approvals.decide(&asked.id, &dan, &Choice::once(Decision::Approve, "")).await;
    assert!(matches!(refused, Err(Refused::Conflict(_))), "{refused:?}");
    let text = serde_json::to_string(&estimate).unwrap();
    store.tamper(format!("UPDATE approval_estimates SET estimate = '{text}'")).await;
    let offer = Choice { grant_s: Some(60), ..Choice::once(Decision::Approve, "") };
    approvals.decide(&asked.id, &dan, &offer).await.unwrap();

    // Where nobody is asked, the database is not either.
    assert_eq!(made.get(), 1);
    assert_eq!(ask(request(ApprovalMode::Hold)).await.unwrap().1, ApprovalState::Approved);
    let retried = || ApprovalRequest { shape: None, digest: "r".to_owned(), ..request(ApprovalMode::Retry) };
    let (first, _) = ask(retried()).await.unwrap();
    let (again, _) = ask(retried()).await.unwrap();
    assert_eq!((again.id, again.estimate, made.get()), (first.id, Some(estimate), 2));

    // Who went away meanwhile needs nobody.
    store
        .tamper(
            "INSERT INTO sessions (id, resource, principal, issuer, role, source, opened_at, closed_at, statements, head_seq,
             head_hash, last_at, heard_at) VALUES ('s2', 'shop', 'ann', 'i', 'support', '', 1, 2, 0, 0, '', 2, 2)",
        )
        .await;
    let gone = |mode| ApprovalRequest {
        session: "s2".to_owned(),
        shape: None,
        digest: "g".to_owned(),
        ..request(mode)
    };
    assert!(matches!(ask(gone(ApprovalMode::Hold)).await, Err(Refused::Conflict(_))));
    assert!(ask(gone(ApprovalMode::Retry)).await.is_ok(), "that one comes again");
}

crate::testing::on_postgres_too!(
    an_estimate_is_made_for_those_who_are_asked,
    an_approval_is_decided_by_another_and_used_once,
    only_one_of_many_waiters_gets_it,
    denied_and_withdrawn_are_final,
    it_takes_as_many_people_as_the_policy_says,
    retry_takes_up_what_is_open,
    time_runs_out,
    an_approval_that_nobody_may_give_is_refused,
    a_policy_may_want_to_know_why,
    what_others_asked_for_is_not_there,
);
