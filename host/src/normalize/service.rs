//! Which configured service a build, a deployment or an incident is about.

use std::collections::BTreeMap;

use crate::config::{DEFAULT_PRODUCTION, Service};
use crate::model::{FactBody, RawFact, RawKey, ServiceRef, glob_match};

/// The configured services; of several that fit, the first one in the file.
#[derive(Debug, Clone, Default)]
pub struct Services(Vec<Service>);

impl Services {
    pub fn new(services: Vec<Service>) -> Self {
        Self(services)
    }

    /// What judged facts call a pipeline or a service that none covers, and how many do. Nothing where none is configured.
    pub fn unmapped(&self, facts: &[RawFact]) -> BTreeMap<String, u32> {
        let mut unmapped = BTreeMap::new();
        if self.0.is_empty() {
            return unmapped;
        }
        for fact in facts {
            let (name, key) = match &fact.body {
                FactBody::Build(build) => (&build.service, &build.pipeline.key),
                FactBody::Deployment(deployment) => (&deployment.service.name, &deployment.service.key.key),
                FactBody::Incident(incident) => (&incident.service.name, &incident.service.key.key),
                _ => continue,
            };
            if name.is_none() {
                *unmapped.entry(key.text().to_owned()).or_default() += 1;
            }
        }
        unmapped
    }

    /// By the pipeline that was run.
    pub(super) fn of_pipeline(&self, pipeline: &RawKey) -> Option<&Service> {
        self.0.iter().find(|service| fits(&service.pipelines, pipeline.text()))
    }

    /// By its name, else as a pipeline, else as a repository, else by the repository that it came from.
    pub(super) fn of(&self, service: &RawKey, repository: Option<&RawKey>) -> Option<&Service> {
        let text = service.text();
        let by_name = self.0.iter().find(|service| service.name.as_str() == text);
        let by_repository = |text| self.0.iter().find(|service| fits(&service.repositories, text));
        by_name
            .or_else(|| self.of_pipeline(service))
            .or_else(|| by_repository(text))
            .or_else(|| by_repository(repository?.text()))
    }
}

/// Writes down what the configuration calls it, and says whether the environment is one of production.
pub(super) fn resolve(
    services: &Services,
    reference: &mut ServiceRef<RawKey>,
    repository: Option<&RawKey>,
    environment: Option<&RawKey>,
) -> bool {
    let service = services.of(&reference.key.key, repository);
    reference.name = service.map(|service| service.name.clone());
    reference.owner = service.map(|service| service.team.clone());
    let environment = environment.map_or("", RawKey::text);
    match service {
        Some(service) => fits(&service.production, environment),
        None => glob_match(DEFAULT_PRODUCTION, environment),
    }
}

fn fits(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| glob_match(pattern, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services() -> Services {
        let service = |name: &str, pipelines: &[&str], repositories: &[&str], production: &[&str]| {
            let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
            Service {
                name: name.parse().unwrap(),
                team: "amber".parse().unwrap(),
                repositories: texts(repositories),
                pipelines: texts(pipelines),
                production: texts(production),
            }
        };
        Services::new(vec![
            service("payments-api", &["payments/*"], &["octo/payments-api"], &["prod*"]),
            service("search", &["*"], &["octo/*"], &["live"]),
        ])
    }

    fn resolved(service: &str, repository: Option<&str>, environment: &str) -> (Option<String>, bool) {
        let key = RawKey::new(service).into();
        let mut reference = ServiceRef { key, name: None, owner: None };
        let (repository, environment) = (repository.map(RawKey::new), RawKey::new(environment));
        let production = resolve(&services(), &mut reference, repository.as_ref(), Some(&environment));
        (reference.name.map(String::from), production)
    }

    #[test]
    fn a_name_comes_before_a_pipeline_before_a_repository() {
        let named = |name: &str, production| (Some(name.to_owned()), production);
        assert_eq!(resolved("payments-api", None, "Production"), named("payments-api", true));
        assert_eq!(resolved("search", None, "prod"), named("search", false));
        assert_eq!(resolved("payments/deploy", None, "staging"), named("payments-api", false));
        assert_eq!(resolved("Payments-API", None, "live"), named("search", true));
    }

    #[test]
    fn the_repository_that_it_came_from_is_the_last_resort() {
        let mut services = services();
        services.0.remove(1);
        let find = |service: &str, repository: Option<&str>| {
            services
                .of(&RawKey::new(service), repository.map(RawKey::new).as_ref())
                .map(|service| service.name.as_str())
        };
        assert_eq!(find("octo/payments-api", None), Some("payments-api"));
        assert_eq!(find("deploy", Some("octo/payments-api")), Some("payments-api"));
        assert_eq!(find("deploy", Some("octo/other")), None);
    }

    #[test]
    fn what_no_service_covers_is_in_production_by_the_usual_name() {
        let mut reference = ServiceRef { key: RawKey::new("x").into(), name: None, owner: None };
        let mut production =
            |environment: &str| resolve(&Services::default(), &mut reference, None, Some(&RawKey::new(environment)));
        assert_eq!([production("production"), production("PROD-eu"), production("preprod")], [true, true, false]);
    }
}
