//! From stage to stage.

use gatewright_core::api::{CredentialReply, CredentialRequest, Problem};
use gatewright_core::bundle::RecordingMode;
use gatewright_core::call::{HostReply, HostRequest};

use super::{Env, Exchange, Io, Stage};
use crate::reply::Refusal;

impl Exchange {
    /// Goes as far as it can.
    pub(super) fn advance(&mut self, env: Env<'_>, io: &mut Io) {
        loop {
            let step = match &self.stage {
                Stage::Start | Stage::Approval(_) | Stage::Passed | Stage::Refused => return,
                Stage::Identity => self.identify(env, io, false),
                Stage::Keys { digest, until } => {
                    let renewed = env.plane.is_some_and(|plane| plane.digest() != digest);
                    if !renewed && env.now < *until {
                        return;
                    }
                    self.identify(env, io, true)
                }
                Stage::Body if !self.asked.complete && !self.asked.upgrade => return,
                Stage::Body => Ok(Stage::Policy),
                Stage::Policy => self.decide(env, io),
                Stage::Credential(asking) => {
                    let Some(serving) = &mut self.serving else { return };
                    if serving.plane.api.credential_headers.is_empty() {
                        Ok(Stage::Recording)
                    } else if let Some(credential) = serving.agent.credential(env.now) {
                        serving.credential = Some(credential);
                        Ok(Stage::Recording)
                    } else if asking.is_some() {
                        return;
                    } else {
                        let request = CredentialRequest {
                            resource: serving.plane.name.clone(),
                            agent: serving.agent.presented.clone(),
                            source: self.peer.ip().to_owned(),
                        };
                        Ok(Stage::Credential(Some(self.call(HostRequest::Credential(request), io))))
                    }
                }
                Stage::Recording => match self.recorded() {
                    Ok(false) => return,
                    Ok(true) => self.forward(env, io),
                    Err(refusal) => Err(refusal),
                },
            };
            match step {
                Ok(stage) => self.stage = stage,
                Err(refusal) => self.refuse(&refusal, env, io),
            }
        }
    }

    /// Takes a piece of the body, up to the cap.
    pub(super) fn take_body(&mut self, piece: &[u8], end: bool, env: Env<'_>, io: &mut Io) {
        let plane = self.serving.as_ref().map(|serving| &serving.plane).or(env.plane);
        let most = plane.map_or(1 << 20, |plane| plane.limits.max_message as usize);
        if self.asked.body.len().saturating_add(piece.len()) > most {
            self.refuse(&too_large(most), env, io);
            return;
        }
        self.asked.body.extend_from_slice(piece);
        self.asked.complete |= end;
    }

    /// Whether what must be recorded before the request goes on is.
    fn recorded(&self) -> Result<bool, Refusal> {
        let Some(serving) = &self.serving else { return Ok(false) };
        let visit = serving.visit.borrow();
        if visit.is_condemned() {
            return Err(Refusal::new(503, "the host does not take this session's recording; try again")
                .retry_after(1));
        }
        let recording = &serving.plane.recording;
        Ok(match recording.mode {
            RecordingMode::Strict => visit.durable() >= self.answer.recorded_at,
            RecordingMode::Buffered => {
                visit.recorded().saturating_sub(visit.durable()) <= u64::from(recording.max_unacknowledged)
            }
        })
    }

    /// The host gave the target's credential, or did not.
    pub(super) fn credential_answered(&mut self, reply: &HostReply, env: Env<'_>, io: &mut Io) {
        let Some(serving) = &mut self.serving else { return };
        if reply.status == 200
            && let Ok(credential) = serde_json::from_slice::<CredentialReply>(&reply.body)
        {
            // One that is about to expire serves for a second all the same: whoever gives so short ones is not asked for
            // each request.
            let credential = CredentialReply {
                expires_at: credential.expires_at.max(env.now.saturating_add(11_000)),
                ..credential
            };
            serving.credential = Some(serving.agent.keep_credential(credential));
            self.stage = Stage::Recording;
            return;
        }
        let problem = serde_json::from_slice::<Problem>(&reply.body).ok();
        let detail = problem.map(|problem| problem.detail).unwrap_or_default();
        let refusal = match reply.status {
            401 => Refusal::new(401, detail),
            403 => Refusal::new(403, detail),
            _ => Refusal::new(
                503,
                format!(
                    "the target's credential cannot be had from the gate's host now; try again in a few seconds. {detail}"
                ),
            )
            .retry_after(3),
        };
        self.refuse(&refusal, env, io);
    }
}

pub(super) fn too_large(most: usize) -> Refusal {
    Refusal::new(
        413,
        format!(
            "the body is larger than {most} bytes, which is the most that this gate inspects; send less at a time"
        ),
    )
}
