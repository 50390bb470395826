//! A folder with a configuration, as an operator has one, for the `quintant` program.

use std::path::{Path, PathBuf};

use quintant_upstreams::configuration::{Options, write_configuration};
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::services::Services;

use crate::host::{WORK_ON_CODE, read_only};
use crate::program::{Ran, Serving, quintant, quintant_told};
use crate::{TOKEN, code_cache, plugins};

pub struct Site {
    folder: tempfile::TempDir,
    environment: Vec<(&'static str, String)>,
}

impl Site {
    /// With this `quintant.toml`; the token is in `github.token`.
    pub fn new(text: &str) -> Self {
        let site = Self::empty();
        site.write("quintant.toml", text);
        site.write("github.token", TOKEN);
        site
    }

    /// For an organisation that ends now, with its teams and roster; release waits to be started.
    pub fn for_organisation(organisation: &Organisation, url: &str) -> Self {
        let site = Self::written(organisation, url, &options());
        site.write("quintant.toml", &read_only(&site.text(), WORK_ON_CODE));
        site
    }

    /// As [`Site::for_organisation`], with each of its services as a source.
    pub fn for_services(services: &Services) -> Self {
        let (organisation, url) = (services.github.organisation(), services.github.url());
        Self::written(organisation, url, &services.configured(options()))
    }

    fn written(organisation: &Organisation, url: &str, options: &Options) -> Self {
        let site = Self::empty();
        write_configuration(organisation, site.folder(), url, options).unwrap();
        site.edit("data_dir = \"data\"", "url = { file = \"database.url\" }");
        site.edit("[calendar]", &format!("{}[calendar]", code_cache()));
        site
    }

    fn empty() -> Self {
        // In /tmp, where an embedded database can reach its data as another user, by a path that fits a socket.
        Self { folder: tempfile::tempdir_in("/tmp").unwrap(), environment: Vec::new() }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder().join(name), text).unwrap();
    }

    /// Replaces a text in the configuration, which must be there.
    pub fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.configuration()).unwrap();
        assert!(text.contains(from), "`{from}` is not in\n{text}");
        self.write("quintant.toml", &text.replace(from, to));
    }

    /// The configuration as it is.
    pub fn text(&self) -> String {
        std::fs::read_to_string(self.configuration()).unwrap()
    }

    /// Sets a variable of the program's environment.
    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.environment.push((name, value.into()));
    }

    /// Runs the program to its end. Blocks: what it talks to must run on other threads.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.with_everything(arguments, quintant)
    }

    /// As [`Site::run`], with a text on its standard input.
    pub fn run_told(&self, arguments: &[&str], input: &str) -> Ran {
        self.with_everything(arguments, |arguments, environment| quintant_told(arguments, environment, input))
    }

    pub fn serve(&self) -> Serving {
        self.serve_with(&[])
    }

    pub fn serve_with(&self, arguments: &[&str]) -> Serving {
        self.with_everything(arguments, Serving::start)
    }

    fn configuration(&self) -> PathBuf {
        self.folder().join("quintant.toml")
    }

    fn with_everything<T>(&self, arguments: &[&str], run: impl Fn(&[&str], &[(&str, &str)]) -> T) -> T {
        let configuration = self.configuration();
        let arguments = [&["--config", configuration.to_str().unwrap()], arguments].concat();
        let environment: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        run(&arguments, &environment)
    }
}

fn options() -> Options {
    Options {
        listen: "127.0.0.1:0".to_owned(),
        plugin: plugins().join("github.wasm").display().to_string(),
        release_start: "manual".to_owned(),
        ..Options::default()
    }
}
