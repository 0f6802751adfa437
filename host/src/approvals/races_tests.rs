//! Races against the real store: whatever order things happen in, each approval is decided once, and its steps tell a
//! story that is possible.

use std::time::Duration;

use gatewright_core::api::{ApprovalRequest, ApprovalState};
use gatewright_core::bundle::ApprovalMode;

use super::tests::{approvals, person, request};
use super::{Choice, Decision, Refused};
use crate::store::Store;
use crate::store::approvals::Stage;

const ROUNDS: usize = 60;

/// The stages that an approval went through, by its steps, which must be what the state machine allows.
async fn stages(store: &Store, id: &str) -> Vec<Stage> {
    let steps = store.approval_steps(id).await.unwrap();
    assert!(steps.is_sorted_by_key(|step| step.at), "time goes forward: {steps:?}");
    let stages: Vec<Stage> = steps.iter().filter_map(|step| Stage::parse(&step.step)).collect();
    for pair in stages.windows(2) {
        let allowed = matches!(
            pair,
            [Stage::Pending, Stage::Approved | Stage::Denied | Stage::Expired | Stage::Withdrawn]
                | [Stage::Approved, Stage::Used | Stage::Expired | Stage::Withdrawn]
        );
        assert!(allowed, "{stages:?}");
    }
    assert_eq!(stages[0], Stage::Pending);
    let row = store.approval(id).await.unwrap().unwrap();
    assert_eq!(stages.last(), Some(&row.stage));
    stages
}

#[tokio::test(flavor = "multi_thread")]
async fn two_approvers_at_once() {
    let (_folder, store, approvals) = approvals().await;
    let (mut approved, mut denied) = (0, 0);
    for round in 0..ROUNDS {
        let (asked, _) = approvals.request(request(ApprovalMode::Hold)).await.unwrap();
        let mut people = tokio::task::JoinSet::new();
        for (who, decision) in
            [("dan", Decision::Approve), ("kim", Decision::Deny), ("dan", Decision::Approve)]
        {
            let (approvals, id) = (approvals.clone(), asked.id.clone());
            people.spawn(async move {
                // Who is first shall not always be the same.
                tokio::time::sleep(Duration::from_micros((round as u64 * 37) % 400)).await;
                approvals.decide(&id, &person(who, &["dba"]), &Choice::once(decision, "")).await
            });
        }
        let answers = people.join_all().await;
        let won: Vec<Stage> = answers.iter().flatten().map(|approval| approval.stage).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| matches!(answer, Ok(_) | Err(Refused::Conflict(_)))));
        assert_eq!(stages(&store, &asked.id).await, [Stage::Pending, won[0]]);
        match won[0] {
            Stage::Approved => approved += 1,
            _ => denied += 1,
        }
    }
    assert_eq!(approved + denied, ROUNDS);
}

#[tokio::test(flavor = "multi_thread")]
async fn four_eyes_at_once_are_two_people() {
    let (_folder, store, approvals) = approvals().await;
    for _ in 0..ROUNDS {
        let two = ApprovalRequest { min_approvals: 2, ..request(ApprovalMode::Hold) };
        let (asked, _) = approvals.request(two).await.unwrap();
        let mut people = tokio::task::JoinSet::new();
        for who in ["dan", "dan", "dan", "kim"] {
            let (approvals, id) = (approvals.clone(), asked.id.clone());
            let choice = Choice::once(Decision::Approve, "");
            people.spawn(async move { approvals.decide(&id, &person(who, &["dba"]), &choice).await.is_ok() });
        }
        let taken = people.join_all().await.into_iter().filter(|taken| *taken).count();
        assert_eq!(taken, 2, "each person counts once");
        assert_eq!(stages(&store, &asked.id).await, [Stage::Pending, Stage::Approved]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn expiry_against_approval_and_use() {
    let (_folder, store, approvals) = approvals().await;
    let mut rounds = tokio::task::JoinSet::new();
    for round in 0..ROUNDS as i64 {
        let (approvals, store) = (approvals.clone(), store.clone());
        rounds.spawn(async move {
            let brief = ApprovalRequest { expires_s: 5, ..request(ApprovalMode::Hold) };
            let (asked, _) = approvals.request(brief).await.unwrap();
            let waiter = tokio::spawn({
                let (approvals, id) = (approvals.clone(), asked.id.clone());
                async move { approvals.wait(&id).await }
            });
            // Around the moment at which it expires, most of them close to it, and some so far that a slow machine does
            // not make all of them late.
            let at = asked.expires_at.saturating_add_signed((round - 30).pow(3) / 6);
            tokio::time::sleep(Duration::from_millis(at.saturating_sub(crate::time::now()))).await;
            let choice = Choice::once(Decision::Approve, "");
            let decided = approvals.decide(&asked.id, &person("dan", &["dba"]), &choice).await;
            let (_, told) = waiter.await.unwrap().unwrap();
            let stages = stages(&store, &asked.id).await;
            match decided {
                Ok(_) => assert!(stages.contains(&Stage::Approved)),
                Err(refused) => {
                    assert!(matches!(refused, Refused::Conflict(_)), "{refused}");
                    assert_eq!(stages, [Stage::Pending, Stage::Expired]);
                }
            }
            // What the filter is told is what is written: it runs if, and only if, it is used.
            assert_eq!(told == ApprovalState::Approved, stages.contains(&Stage::Used), "{told:?} {stages:?}");
            stages
        });
    }
    let all = rounds.join_all().await;
    let used = all.iter().filter(|stages| stages.contains(&Stage::Used)).count();
    assert!(used > 0 && used < all.len(), "both happen, or this tests nothing: {used} of {}", all.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawal_against_approval_and_use() {
    let (_folder, store, approvals) = approvals().await;
    for round in 0..ROUNDS as u64 {
        let (asked, _) = approvals.request(request(ApprovalMode::Hold)).await.unwrap();
        let waiter = tokio::spawn({
            let (approvals, id) = (approvals.clone(), asked.id.clone());
            async move { approvals.wait(&id).await }
        });
        let decide = tokio::spawn({
            let (approvals, id) = (approvals.clone(), asked.id.clone());
            let choice = Choice::once(Decision::Approve, "");
            async move { approvals.decide(&id, &person("dan", &["dba"]), &choice).await }
        });
        tokio::time::sleep(Duration::from_micros(round * 25)).await;
        let (_, withdrawn) = approvals.withdraw(&asked.id).await.unwrap();
        let decided = decide.await.unwrap();
        let (_, told) = waiter.await.unwrap().unwrap();
        let stages = stages(&store, &asked.id).await;
        assert_eq!(told, withdrawn, "both sides of the filter are told the same: {stages:?}");
        assert_eq!(told == ApprovalState::Approved, stages.contains(&Stage::Used), "{stages:?}");
        assert_eq!(decided.is_ok(), stages.contains(&Stage::Approved), "{stages:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn revocation_against_use() {
    let (_folder, store, approvals) = approvals().await;
    let dan = person("dan", &["dba"]);
    for _ in 0..ROUNDS / 4 {
        let (asked, _) = approvals.request(request(ApprovalMode::Hold)).await.unwrap();
        let choice = Choice { grant_s: Some(60), ..Choice::once(Decision::Approve, "") };
        approvals.decide(&asked.id, &dan, &choice).await.unwrap();
        let grant = approvals.grants(&dan, true).await.unwrap().remove(0);
        let agent = tokio::spawn({
            let approvals = approvals.clone();
            async move {
                let mut uses = 0;
                while approvals.request(request(ApprovalMode::Hold)).await.unwrap().1
                    == ApprovalState::Approved
                {
                    uses += 1;
                }
                uses
            }
        });
        tokio::time::sleep(Duration::from_millis(5)).await;
        approvals.revoke(&grant.id, &dan, "", None).await.unwrap();
        assert_eq!(approvals.request(request(ApprovalMode::Hold)).await.unwrap().1, ApprovalState::Pending);
        let uses = agent.await.unwrap();
        let steps = store.grant_steps(&grant.id).await.unwrap();
        let used = steps.iter().filter(|step| step.step == "used").count();
        assert_eq!(used, uses, "each use is recorded");
        assert_eq!(steps.last().unwrap().step, "revoked", "and none after the end");
    }
}

crate::testing::on_postgres_too!(
    two_approvers_at_once,
    four_eyes_at_once_are_two_people,
    expiry_against_approval_and_use,
    withdrawal_against_approval_and_use,
    revocation_against_use,
);
