//! `COPY … FROM STDIN (FORMAT binary)`: how rows that are certainly new are written, at a fraction of what an `INSERT` of them costs.

use std::borrow::Cow;

use sqlx::{Postgres, Transaction};

use super::StoreError;
use super::fact::Digest;

/// Signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// One value of a row.
#[derive(Clone)]
pub(super) enum Field<'a> {
    Null,
    /// `bytea` and `text` look the same.
    Bytes(Cow<'a, [u8]>),
    Bigint(i64),
    Double(f64),
    Integer(i32),
    Boolean(bool),
}

/// Rows on their way into a table.
pub(super) struct Copy {
    statement: &'static str,
    bytes: Vec<u8>,
}

impl Copy {
    /// `statement` names the table and, in the order of each row's fields, its columns.
    pub(super) fn new(statement: &'static str) -> Self {
        Self { statement, bytes: HEADER.to_vec() }
    }

    pub(super) fn row<const COLUMNS: usize>(&mut self, fields: [Field<'_>; COLUMNS]) {
        let columns = i16::try_from(COLUMNS).expect("a table has at most 1600 columns");
        self.bytes.extend_from_slice(&columns.to_be_bytes());
        for field in fields {
            match field {
                Field::Null => self.bytes.extend_from_slice(&(-1_i32).to_be_bytes()),
                Field::Bytes(bytes) => self.value(&bytes),
                Field::Double(number) => self.value(&number.to_be_bytes()),
                Field::Bigint(number) => self.value(&number.to_be_bytes()),
                Field::Integer(number) => self.value(&number.to_be_bytes()),
                Field::Boolean(is_true) => self.value(&[u8::from(is_true)]),
            }
        }
    }

    fn value(&mut self, bytes: &[u8]) {
        let length = i32::try_from(bytes.len()).expect("what a page brings is bounded far below two gigabytes");
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(bytes);
    }
}

/// Writes the rows of one transaction. Whoever stops waiting stops nothing: it goes on to its end, and is then rolled back. A `COPY` that
/// was dropped half-way would leave its connection out of step, and the next user of the connection with the answers to somebody else.
pub(super) async fn send(
    mut transaction: Transaction<'static, Postgres>,
    copies: Vec<Copy>,
) -> Result<Transaction<'static, Postgres>, StoreError> {
    if copies.is_empty() {
        return Ok(transaction);
    }
    let sending = tokio::spawn(async move {
        for mut copy in copies {
            copy.bytes.extend_from_slice(&TRAILER);
            let mut rows = transaction.copy_in_raw(copy.statement).await?;
            rows.send(copy.bytes).await?;
            rows.finish().await?;
        }
        Ok(transaction)
    });
    sending.await.expect("nothing in it panics, and nobody aborts it")
}

impl<'a> From<&'a Digest> for Field<'a> {
    fn from(digest: &'a Digest) -> Self {
        Field::Bytes(Cow::Borrowed(digest))
    }
}

impl<'a> From<&'a str> for Field<'a> {
    fn from(text: &'a str) -> Self {
        Field::Bytes(Cow::Borrowed(text.as_bytes()))
    }
}

impl From<Vec<u8>> for Field<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Field::Bytes(Cow::Owned(bytes))
    }
}

impl From<f64> for Field<'_> {
    fn from(number: f64) -> Self {
        Field::Double(number)
    }
}

impl From<i64> for Field<'_> {
    fn from(number: i64) -> Self {
        Field::Bigint(number)
    }
}

impl From<i32> for Field<'_> {
    fn from(number: i32) -> Self {
        Field::Integer(number)
    }
}

impl From<bool> for Field<'_> {
    fn from(is_true: bool) -> Self {
        Field::Boolean(is_true)
    }
}

impl<'a, T: Into<Field<'a>>> From<Option<T>> for Field<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Field::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_its_field_count_and_each_field_behind_its_length() {
        let mut copy = Copy::new("COPY raw.sample FROM STDIN (FORMAT binary)");
        copy.row([Field::from(7), Field::from(-2_i64), true.into(), "é".into(), (&[9; 16]).into(), None::<i32>.into()]);
        copy.row([Field::from(0.5), vec![7_u8].into()]);
        let mut expected = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
        expected.extend([0, 6]);
        expected.extend([0, 0, 0, 4, 0, 0, 0, 7]);
        expected.extend([0, 0, 0, 8, 255, 255, 255, 255, 255, 255, 255, 254]);
        expected.extend([0, 0, 0, 1, 1]);
        expected.extend([0, 0, 0, 2, 0xc3, 0xa9]);
        expected.extend([0, 0, 0, 16]);
        expected.extend([9; 16]);
        expected.extend([255, 255, 255, 255]);
        expected.extend([0, 2, 0, 0, 0, 8, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7]);
        assert_eq!(copy.bytes, expected);
    }
}
