//! Grants: what they cover, and what they do not.

use gatewright_core::api::{ApprovalRequest, ApprovalState};
use gatewright_core::bundle::ApprovalMode;
use gatewright_core::identity::Identity;

use super::tests::{approvals, need, person, request};
use super::{Approvals, Choice, Decision, NewGrant, Refused};
use crate::store::approvals::Stage;

fn with_grant(seconds: u64) -> Choice {
    Choice { grant_s: Some(seconds), ..Choice::once(Decision::Approve, "go on") }
}

async fn asks(approvals: &Approvals, change: impl FnOnce(&mut ApprovalRequest)) -> ApprovalState {
    let mut request = request(ApprovalMode::Hold);
    request.digest = "another".to_owned();
    change(&mut request);
    approvals.request(request).await.unwrap().1
}

/// An approval that came with a grant; its id, and the grant's.
async fn granted(approvals: &Approvals, request: ApprovalRequest, seconds: u64) -> (String, String) {
    let (asked, _) = approvals.request(request).await.unwrap();
    let dan = person("dan", &["dba", "other"]);
    let decided = approvals.decide(&asked.id, &dan, &with_grant(seconds)).await.unwrap();
    assert_eq!(decided.stage, Stage::Approved);
    let grants = approvals.grants(&dan, true).await.unwrap();
    (asked.id, grants[0].id.clone())
}

#[tokio::test]
async fn it_covers_the_same_kind_by_the_same_agent_and_nothing_else() {
    use ApprovalState::{Approved, Pending};
    let (_folder, store, approvals) = approvals().await;
    let (asked, grant) = granted(&approvals, request(ApprovalMode::Hold), 60).await;
    let mut other = request(ApprovalMode::Hold);
    other.digest = "another".to_owned();
    other.parameters = vec![Some("8".to_owned())];
    let (covered, state) = approvals.request(other).await.unwrap();
    assert_eq!((state, covered.stage, covered.grant.as_ref()), (Approved, Stage::Used, Some(&grant)));
    assert_eq!(covered.decided_by, ["dan"]);
    // Once used it is used up, as any approval is.
    assert!(matches!(approvals.wait(&covered.id).await, Err(Refused::Conflict(_))));
    assert_eq!(approvals.withdraw(&covered.id).await.unwrap().1, Approved);

    let elsewhere: [fn(&mut ApprovalRequest); 9] = [
        |r| r.principal = "bob".to_owned(),
        |r| r.issuer = "https://other".to_owned(),
        |r| r.role = "owner".to_owned(),
        |r| r.resource = "bank".to_owned(),
        |r| r.shape = Some("DELETE FROM orders WHERE id > $1".to_owned()),
        |r| r.shape = None,
        |r| r.needs.push(need("customers")),
        // The policies changed since: others may approve now, or more people must.
        |r| r.approvers = vec!["security".to_owned()],
        |r| r.min_approvals = 2,
    ];
    for change in elsewhere {
        assert_eq!(asks(&approvals, change).await, Pending);
    }
    assert_eq!(asks(&approvals, |r| r.max_grant_s = Some(0)).await, Pending);
    assert_eq!(asks(&approvals, |r| r.needs.clear()).await, Approved);

    let steps = store.grant_steps(&grant).await.unwrap();
    let told: Vec<_> = steps.iter().map(|step| (step.step.as_str(), step.subject.as_str())).collect();
    assert_eq!(told, [("active", "dan"), ("used", "ann"), ("used", "ann")]);
    assert_eq!(steps[1].detail, covered.id);
    assert_eq!(approvals.look_at_grant(&grant, &person("dan", &[])).await.unwrap().approval, Some(asked));
    let steps = store.approval_steps(&covered.id).await.unwrap();
    let told: Vec<_> = steps.iter().map(|step| step.step.as_str()).collect();
    assert_eq!(told, ["pending", "approved", "used"]);
    assert_eq!(steps[1].detail, format!("grant {grant}"));
}

#[tokio::test]
async fn it_ends_when_it_is_revoked_or_its_time_is_over() {
    let (_folder, store, approvals) = approvals().await;
    let (_, grant) = granted(&approvals, request(ApprovalMode::Hold), 60).await;
    let eve = person("eve", &["sales"]);
    assert!(matches!(approvals.revoke(&grant, &eve, "", None).await, Err(Refused::Unknown(_))));
    assert!(matches!(approvals.look_at_grant(&grant, &eve).await, Err(Refused::Unknown(_))));
    assert_eq!(approvals.grants(&eve, false).await.unwrap(), []);
    assert_eq!(asks(&approvals, |_| {}).await, ApprovalState::Approved);
    let kim = person("kim", &["dba"]);
    assert_eq!(approvals.revoke(&grant, &kim, "enough", None).await.unwrap().state, "revoked");
    assert_eq!(asks(&approvals, |_| {}).await, ApprovalState::Pending);
    assert!(matches!(approvals.revoke(&grant, &kim, "", None).await, Err(Refused::Conflict(_))));

    let brief = ApprovalRequest { digest: "brief".to_owned(), ..request(ApprovalMode::Hold) };
    let (_, grant) = granted(&approvals, brief, 1).await;
    assert_eq!(asks(&approvals, |_| {}).await, ApprovalState::Approved);
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!(asks(&approvals, |_| {}).await, ApprovalState::Pending);
    assert_eq!(approvals.look_at_grant(&grant, &kim).await.unwrap().state, "expired");
    let last = store.grant_steps(&grant).await.unwrap().pop().unwrap();
    assert_eq!((last.step.as_str(), last.subject.as_str()), ("expired", ""));
    assert_eq!(approvals.grants(&kim, true).await.unwrap(), []);
    assert_eq!(approvals.grants(&kim, false).await.unwrap().len(), 2);
}

#[tokio::test]
async fn policies_limit_it() {
    let (_folder, _store, approvals) = approvals().await;
    let dan = person("dan", &["dba"]);
    let ask = async |most: Option<u64>| {
        let request = ApprovalRequest { max_grant_s: most, ..request(ApprovalMode::Hold) };
        approvals.request(request).await.unwrap().0.id
    };
    for (most, wanted) in [(Some(0), 1), (Some(60), 61), (None, 8 * 3_600 + 1), (None, 0)] {
        let id = ask(most).await;
        let refused = approvals.decide(&id, &dan, &with_grant(wanted)).await;
        assert!(matches!(refused, Err(Refused::Senseless(_))), "{most:?} {wanted}");
        // Nothing of it was taken: neither the vote nor the offer.
        assert_eq!(approvals.look(&id).await.unwrap().decided_by, Vec::<String>::new());
    }
    let deny = Choice { grant_s: Some(60), ..Choice::once(Decision::Deny, "") };
    let id = ask(None).await;
    assert!(matches!(approvals.decide(&id, &dan, &deny).await, Err(Refused::Senseless(_))));
    assert_eq!(approvals.grants(&dan, false).await.unwrap(), []);
}

#[tokio::test]
async fn four_eyes_give_it_together() {
    let (_folder, _store, approvals) = approvals().await;
    let two = || ApprovalRequest { min_approvals: 2, ..request(ApprovalMode::Hold) };
    let (dan, kim) = (person("dan", &["dba"]), person("kim", &["dba"]));
    // One of them approves this one only.
    let (asked, _) = approvals.request(two()).await.unwrap();
    approvals.decide(&asked.id, &dan, &with_grant(60)).await.unwrap();
    assert_eq!(approvals.grants(&dan, true).await.unwrap(), []);
    approvals.decide(&asked.id, &kim, &Choice::once(Decision::Approve, "")).await.unwrap();
    assert_eq!(approvals.grants(&dan, true).await.unwrap(), []);
    // Both offer; the shorter offer counts.
    let (asked, _) = approvals.request(two()).await.unwrap();
    approvals.decide(&asked.id, &dan, &with_grant(600)).await.unwrap();
    approvals.decide(&asked.id, &kim, &with_grant(60)).await.unwrap();
    let grant = approvals.grants(&dan, true).await.unwrap().remove(0);
    assert_eq!((grant.expires_at - grant.created_at, grant.granters.len()), (60_000, 2));
    assert_eq!(approvals.request(two()).await.unwrap().1, ApprovalState::Approved);
}

#[tokio::test]
async fn without_a_shape_it_is_for_the_very_same_command() {
    let (_folder, _store, approvals) = approvals().await;
    let shapeless = |digest: &str| ApprovalRequest {
        shape: None,
        digest: digest.to_owned(),
        ..request(ApprovalMode::Hold)
    };
    granted(&approvals, shapeless("d1"), 60).await;
    assert_eq!(approvals.request(shapeless("d1")).await.unwrap().1, ApprovalState::Approved);
    assert_eq!(approvals.request(shapeless("d2")).await.unwrap().1, ApprovalState::Pending);
}

#[tokio::test]
async fn what_is_pending_in_the_mode_retry_is_covered_when_it_is_sent_again() {
    let (_folder, _store, approvals) = approvals().await;
    let retried = || ApprovalRequest { digest: "r".to_owned(), ..request(ApprovalMode::Retry) };
    let (pending, state) = approvals.request(retried()).await.unwrap();
    assert_eq!(state, ApprovalState::Pending);
    granted(&approvals, request(ApprovalMode::Hold), 60).await;
    let (again, state) = approvals.request(retried()).await.unwrap();
    assert_eq!((again.id, state), (pending.id, ApprovalState::Approved));
}

fn new_grant() -> NewGrant {
    NewGrant {
        resource: "shop".to_owned(),
        principal: "ann".to_owned(),
        issuer: "https://idp".to_owned(),
        role: "support".to_owned(),
        statement: "DELETE FROM orders WHERE id = $1".to_owned(),
        shape: "DELETE FROM orders WHERE id = $1".to_owned(),
        seconds: 60,
        comment: "cleaning up".to_owned(),
        token: None,
    }
}

#[tokio::test]
async fn it_may_be_given_before_anything_is_asked_for() {
    let (_folder, _store, approvals) = approvals().await;
    let dan = person("dan", &["dba"]);
    let give = async |new: NewGrant, who: &Identity, of: &[&str]| {
        approvals.grant(new, who, of.iter().map(|group| (*group).to_owned()).collect()).await
    };
    assert!(matches!(give(new_grant(), &dan, &[]).await, Err(Refused::Forbidden(_))));
    let ann = person("ann", &["dba"]);
    assert!(matches!(give(new_grant(), &ann, &["dba"]).await, Err(Refused::Forbidden(_))));
    let silent = NewGrant { comment: " ".to_owned(), ..new_grant() };
    assert!(matches!(give(silent, &dan, &["dba"]).await, Err(Refused::Senseless(_))));
    let forever = NewGrant { seconds: u64::MAX, ..new_grant() };
    assert!(matches!(give(forever, &dan, &["dba"]).await, Err(Refused::Senseless(_))));
    // Somebody who may approve other things gives one that is good for nothing.
    let sue = person("sue", &["api-owners"]);
    give(new_grant(), &sue, &["api-owners"]).await.unwrap();
    assert_eq!(asks(&approvals, |_| {}).await, ApprovalState::Pending);
    let grant = give(new_grant(), &dan, &["dba"]).await.unwrap();
    assert_eq!(asks(&approvals, |_| {}).await, ApprovalState::Approved);
    assert_eq!(asks(&approvals, |r| r.min_approvals = 2).await, ApprovalState::Pending);
    // The agent may give it up.
    approvals.revoke(&grant.id, &person("ann", &[]), "", None).await.unwrap();
    assert_eq!(asks(&approvals, |_| {}).await, ApprovalState::Pending);
}

crate::testing::on_postgres_too!(
    it_covers_the_same_kind_by_the_same_agent_and_nothing_else,
    it_ends_when_it_is_revoked_or_its_time_is_over,
    policies_limit_it,
    four_eyes_give_it_together,
    without_a_shape_it_is_for_the_very_same_command,
    what_is_pending_in_the_mode_retry_is_covered_when_it_is_sent_again,
    it_may_be_given_before_anything_is_asked_for,
);
