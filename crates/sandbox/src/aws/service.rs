//! The four services: how each is spoken to, and how each words the refusals that all of them have.

use std::time::Duration;

use super::answers::Exception;
use super::keys::Key;
use super::{ACCOUNT, REGION, grafana, parameters, secrets, sts};

/// How a service is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Paths and JSON.
    Rest,
    /// One path, the action in a header, JSON.
    Json,
    /// Forms and XML.
    Query,
}

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// The control plane of Amazon Managed Grafana.
    Grafana,
    /// Secrets Manager.
    Secrets,
    /// The parameters of Systems Manager.
    Parameters,
    /// Who asks, and keys of roles.
    Sts,
}

/// The name of an action, if one of the services has it.
pub(crate) fn action(name: &str) -> Option<&'static str> {
    Service::ALL.iter().flat_map(|service| service.actions()).copied().find(|action| *action == name)
}

impl Service {
    /// All of them.
    pub(super) const ALL: [Service; 4] = [Service::Grafana, Service::Secrets, Service::Parameters, Service::Sts];

    /// The service of a header `X-Amz-Target`, by what stands before the action.
    pub(super) fn of_target(name: &str) -> Option<Service> {
        match name {
            "secretsmanager" => Some(Service::Secrets),
            "AmazonSSM" => Some(Service::Parameters),
            _ => None,
        }
    }

    /// How it is spoken to.
    pub(super) fn protocol(self) -> Protocol {
        match self {
            Service::Grafana => Protocol::Rest,
            Service::Secrets | Service::Parameters => Protocol::Json,
            Service::Sts => Protocol::Query,
        }
    }

    /// Its name in signatures and in IAM.
    pub(super) fn name(self) -> &'static str {
        match self {
            Service::Grafana => "grafana",
            Service::Secrets => "secretsmanager",
            Service::Parameters => "ssm",
            Service::Sts => "sts",
        }
    }

    /// The actions that it answers.
    pub(super) fn actions(self) -> &'static [&'static str] {
        match self {
            Service::Grafana => grafana::ACTIONS,
            Service::Secrets => secrets::ACTIONS,
            Service::Parameters => parameters::ACTIONS,
            Service::Sts => sts::ACTIONS,
        }
    }

    /// There were too many calls; it may say how long to wait.
    pub(super) fn throttled(self, wait: Option<Duration>) -> Exception {
        let mut exception = match self {
            Service::Grafana => Exception::throttled(),
            Service::Secrets | Service::Parameters => Exception::new(400, "ThrottlingException", "Rate exceeded"),
            Service::Sts => Exception::new(400, "Throttling", "Rate exceeded"),
        };
        exception.retry_after = wait.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        exception
    }

    /// It broke down.
    pub(super) fn failed(self, message: impl Into<String>) -> Exception {
        let code = match self {
            Service::Grafana => "InternalServerException",
            Service::Secrets => "InternalServiceError",
            Service::Parameters => "InternalServerError",
            Service::Sts => "InternalFailure",
        };
        Exception::new(500, code, message)
    }

    /// A quota is used up.
    pub(super) fn used_up(self, workspace: &str) -> Exception {
        let told = "the quota of this is used up";
        match self {
            Service::Grafana => Exception::quota("workspace", workspace, told),
            Service::Secrets => Exception::new(400, "LimitExceededException", told),
            Service::Parameters => Exception::new(400, "ParameterLimitExceeded", told),
            Service::Sts => Exception::new(400, "LimitExceeded", told),
        }
    }

    /// A temporary key ended.
    pub(super) fn expired(self) -> Exception {
        let code = match self {
            Service::Grafana | Service::Secrets | Service::Parameters => "ExpiredTokenException",
            Service::Sts => "ExpiredToken",
        };
        Exception::new(403, code, "The security token included in the request is expired")
    }

    /// A signature is not taken.
    pub(super) fn unsigned(self, message: impl Into<String>) -> Exception {
        let code = match self {
            Service::Grafana | Service::Secrets | Service::Parameters => "InvalidSignatureException",
            Service::Sts => "SignatureDoesNotMatch",
        };
        Exception::new(403, code, message)
    }

    /// IAM does not allow somebody an action; nobody is named where nobody signed.
    pub(super) fn denied(self, who: Option<&Key>, action: &str, resource: &str) -> Exception {
        let code = match self {
            Service::Grafana | Service::Secrets | Service::Parameters => "AccessDeniedException",
            Service::Sts => "AccessDenied",
        };
        let action = format!("{}:{action}", self.name());
        let told = match who {
            Some(key) => format!(
                "User: {} is not authorized to perform: {action} on resource: {resource} because no identity-based \
                 policy allows the {action} action",
                key.arn
            ),
            None => format!("Not authorized to perform {action}"),
        };
        Exception::new(403, code, told)
    }

    /// What IAM calls the thing that a call is about: the id in its path, or what its body names.
    pub(super) fn resource(self, id: Option<&str>, named: &str) -> String {
        match (self, id, named) {
            (Service::Grafana, id, _) => {
                format!("arn:aws:grafana:{REGION}:{ACCOUNT}:/workspaces/{}", id.unwrap_or("*"))
            }
            (Service::Secrets | Service::Parameters | Service::Sts, _, "") => "*".into(),
            (Service::Parameters, _, name) if !name.starts_with("arn:") => {
                format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{}", name.trim_start_matches('/'))
            }
            (Service::Secrets | Service::Parameters | Service::Sts, _, name) => name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_refuses_in_its_own_words() {
        let words = |service: Service| {
            [
                service.throttled(None).code,
                service.failed("").code,
                service.used_up("").code,
                service.expired().code,
                service.unsigned("").code,
                service.denied(None, "X", "*").code,
            ]
            .join(" ")
        };
        for (service, told) in [
            (
                Service::Grafana,
                "ThrottlingException InternalServerException ServiceQuotaExceededException ExpiredTokenException \
                 InvalidSignatureException AccessDeniedException",
            ),
            (
                Service::Secrets,
                "ThrottlingException InternalServiceError LimitExceededException ExpiredTokenException \
                 InvalidSignatureException AccessDeniedException",
            ),
            (
                Service::Parameters,
                "ThrottlingException InternalServerError ParameterLimitExceeded ExpiredTokenException \
                 InvalidSignatureException AccessDeniedException",
            ),
            (
                Service::Sts,
                "Throttling InternalFailure LimitExceeded ExpiredToken SignatureDoesNotMatch AccessDenied",
            ),
        ] {
            assert_eq!(words(service), told);
        }
    }

    #[test]
    fn a_denial_names_who_what_and_where() {
        let key = Key::of_role("arn:aws:iam::123456789012:role/team/ci", "run", 0);
        let told = Service::Parameters.denied(
            Some(&key),
            "GetParameter",
            &Service::Parameters.resource(None, "/amg/token"),
        );
        assert_eq!(
            told.message,
            "User: arn:aws:sts::123456789012:assumed-role/ci/run is not authorized to perform: ssm:GetParameter on \
             resource: arn:aws:ssm:us-east-1:123456789012:parameter/amg/token because no identity-based policy allows \
             the ssm:GetParameter action"
        );
    }
}
