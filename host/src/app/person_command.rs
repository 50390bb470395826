//! `quintant privacy`: what is printed depends on nothing that is stored.

use std::io::{BufRead, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;

use super::build::App;
use super::command::Format;
use crate::pseudonym::Recipient;

/// What one person may ask for. The answer is the same whether anybody is known by that name or not.
#[derive(Subcommand)]
pub(super) enum PrivacyArguments {
    /// Delete what is stored of a person, and store nothing more of them; they leave the sizes of teams with the next release.
    ///
    /// What is released stays as it is. Opting out holds for every account of the person that the roster names, now or later.
    OptOut {
        #[command(flatten)]
        person: PersonArgument,
        /// Let their later facts in again; what was deleted stays away.
        #[arg(long)]
        undo: bool,
    },
    /// Delete what is stored of a person, once: nothing from before now is read again, what comes later is stored.
    Erase {
        #[command(flatten)]
        person: PersonArgument,
    },
    /// Write what is stored about a person into a file that the holder of a key alone can read (with `age --decrypt`).
    Export {
        #[command(flatten)]
        person: PersonArgument,
        /// The reader's public key, `age1…`, as `age-keygen` prints it.
        #[arg(long, value_name = "KEY")]
        recipient: Recipient,
        /// A new file.
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
    },
}

#[derive(Args)]
pub(super) struct PersonArgument {
    /// As `person` in the roster, or `SOURCE:ACCOUNT`; `-` reads it from standard input, so that no shell remembers it.
    #[arg(value_name = "PERSON")]
    person: String,
}

impl PersonArgument {
    fn text(&self) -> anyhow::Result<String> {
        if self.person != "-" {
            return Ok(self.person.trim().to_owned());
        }
        let mut line = String::new();
        let mut input = std::io::stdin().lock();
        if input.is_terminal() {
            eprintln!("whom? (as in the roster, or SOURCE:ACCOUNT)");
        }
        input.read_line(&mut line).context("standard input cannot be read")?;
        anyhow::ensure!(!line.trim().is_empty(), "standard input names nobody");
        Ok(line.trim().to_owned())
    }
}

/// Does it, and says that it is done.
pub(super) async fn privacy(app: &App, arguments: &PrivacyArguments, format: Format) -> anyhow::Result<bool> {
    let done = match arguments {
        PrivacyArguments::OptOut { person, undo: false } => {
            app.opt_out(&person.text()?).await?;
            "done: nothing is stored of whoever is called so, and nothing will be"
        }
        PrivacyArguments::OptOut { person, undo: true } => {
            app.undo_opt_out(&person.text()?).await?;
            "done: what whoever is called so does from now on is stored"
        }
        PrivacyArguments::Erase { person } => {
            app.erase(&person.text()?).await?;
            "done: nothing is stored of whoever is called so, and nothing from before now will be"
        }
        PrivacyArguments::Export { person, recipient, output } => {
            let cannot = || format!("`{}` cannot be written", output.display());
            let new = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(output);
            let mut file = new.with_context(cannot)?;
            let written = async {
                let sealed = app.export(&person.text()?, recipient).await?;
                file.write_all(&sealed).and_then(|()| file.sync_all()).with_context(cannot)
            };
            if let Err(error) = written.await {
                std::fs::remove_file(output).with_context(cannot)?;
                return Err(error);
            }
            "done: the file holds what is stored of whoever is called so; the recipient's key opens it"
        }
    };
    match format {
        Format::Text => println!("{done}"),
        Format::Json => println!("{}", json!({ "ok": true })),
    }
    Ok(true)
}
