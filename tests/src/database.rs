//! A real PostgreSQL database for one test.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Made empty, and dropped with [`Database::drop_now`]; the cluster itself lives as long as the test run.
pub struct Database {
    name: String,
    admin: String,
}

impl Database {
    /// Needs `QUINTANT_TEST_DATABASE_URL`, which `cargo xtask test` sets.
    pub async fn create() -> Self {
        let admin = std::env::var("QUINTANT_TEST_DATABASE_URL").expect("run the tests with `cargo xtask test`");
        let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let database = Self { name, admin };
        database.administer(format!("CREATE DATABASE {}", database.name)).await;
        database
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn url(&self) -> String {
        let mut url = url::Url::parse(&self.admin).unwrap();
        url.set_path(&self.name);
        url.into()
    }

    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url()).await.unwrap()
    }

    pub async fn drop_now(&self) {
        self.administer(format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }

    /// One number.
    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&mut self.connect().await).await.unwrap()
    }

    /// One column of numbers, in the statement's order.
    pub async fn numbers(&self, sql: &'static str) -> Vec<i64> {
        sqlx::query_scalar(sql).fetch_all(&mut self.connect().await).await.unwrap()
    }

    /// As [`Database::numbers`], of a statement that was put together.
    pub async fn numbers_by(&self, sql: &str) -> Vec<i64> {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(&mut self.connect().await).await.unwrap()
    }

    /// One column of texts, in the statement's order.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(&mut self.connect().await).await.unwrap()
    }

    /// One column of bytes.
    pub async fn bytes(&self, sql: &'static str) -> Vec<Vec<u8>> {
        sqlx::query_scalar(sql).fetch_all(&mut self.connect().await).await.unwrap()
    }

    /// As [`Database::bytes`], of a statement that was put together.
    pub async fn bytes_by(&self, sql: &str) -> Vec<Vec<u8>> {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(&mut self.connect().await).await.unwrap()
    }

    /// The rows of a table without what names them, a keyed hash as `#` and its bytes, in a stable order.
    pub async fn rows(&self, table: &str) -> Vec<String> {
        let statement = format!(
            "SELECT string_agg(k || '=' || CASE WHEN v LIKE '\\\\x%' THEN '#' || length(v) / 2 - 1 ELSE v END, ' ' ORDER BY place)
             FROM {table} t, jsonb_each_text(to_jsonb(t)) AS c(k, v)
             JOIN information_schema.columns i ON i.table_schema || '.' || i.table_name = '{table}' AND i.column_name = k,
             LATERAL (SELECT i.ordinal_position AS place) p
             WHERE k NOT IN ('source_id', 'key', 'epoch') AND v IS NOT NULL GROUP BY t.source_id, t.key ORDER BY 1"
        );
        sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(&mut self.connect().await).await.unwrap()
    }

    /// As [`Database::numbers`], with a source's name as `$1`.
    pub async fn numbers_of(&self, source: &str, sql: &'static str) -> Vec<i64> {
        sqlx::query_scalar(sql).bind(source).fetch_all(&mut self.connect().await).await.unwrap()
    }

    /// Changes what no command changes.
    pub async fn execute(&self, sql: &'static str) {
        sqlx::query(sql).execute(&mut self.connect().await).await.unwrap();
    }

    /// As [`Database::execute`], of a statement that was put together.
    pub async fn execute_by(&self, sql: &str) {
        sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut self.connect().await).await.unwrap();
    }

    /// Every row of every table of a schema as text, in a stable order.
    pub async fn dump(&self, schema: &str) -> String {
        let mut connection = self.connect().await;
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = $1 AND table_name !~ '_e-?[0-9]+$' ORDER BY 1",
        )
        .bind(schema)
        .fetch_all(&mut connection)
        .await
        .unwrap();
        let mut text = String::new();
        for table in tables {
            let statement = format!("SELECT t::text FROM {schema}.{table} t ORDER BY t::text");
            let rows: Vec<String> =
                sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(&mut connection).await.unwrap();
            text.push_str(&format!("{schema}.{table}\n{}\n", rows.join("\n")));
        }
        text
    }

    /// What a back-up holds, as SQL, by `pg_dump` with these arguments.
    pub fn back_up(&self, arguments: &[&str]) -> String {
        let output = program("pg_dump").args(arguments).arg(self.url()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What another login gets by it, and whether `pg_dump` was content.
    pub fn try_to_back_up(&self, arguments: &[&str], url: &str) -> (bool, String) {
        let output = program("pg_dump").args(arguments).arg(url).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    }

    /// Brings a back-up into this database, which is empty.
    pub fn restore(&self, sql: &str) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, sql).unwrap();
        let mut psql = program("psql");
        psql.args(["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file"]).arg(file.path());
        let output = psql.arg(self.url()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    async fn administer(&self, statement: String) {
        let mut connection = PgConnection::connect(&self.admin).await.unwrap();
        sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    }
}

/// One of PostgreSQL's own, of the server's version.
fn program(name: &str) -> Command {
    let folder = std::env::var_os("QUINTANT_TEST_POSTGRES_BIN").expect("run the tests with `cargo xtask test`");
    Command::new(Path::new(&folder).join(name))
}
