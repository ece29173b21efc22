//! An S3-compatible store.
//!
//! What is sent is signed by `rusty-s3` as an address that holds for some minutes; the secret itself is never sent. Long back-ups go in
//! parts. A store keeps one name once it is written, so what is there counts only once it has been read back: see [`super::Proof`].

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use hyper::Method;
use hyper::body::Bytes;
use kit::{Clock, Private};
use rusty_s3::actions::{CreateMultipartUpload, ListObjectsV2};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::folder::{Sum, hex};
use super::sending::{Answer, Patience, Roots, Sender};
use super::{LONGEST_SMALL, PlaceError, Progress, Watch};

/// For how long a signed address holds. Some stores refuse more than their own clock allows; a piece needs far less.
const HOLDS: Duration = Duration::from_secs(900);
/// The length of a part: the shortest that stores take is 5 MiB, and one is held in memory at a time.
const PART_BYTES: usize = 16 << 20;
/// More parts than that no store takes.
const MOST_PARTS: u64 = 10_000;
/// The longest answer in XML that is read: a thousand names are far shorter.
const LONGEST_XML: u64 = 4 << 20;
/// So many pages of a thousand names each are read.
const MOST_PAGES: usize = 100;

/// Where a store is, as `fivebar.toml` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Address {
    /// Its web address.
    pub endpoint: String,
    /// Its region, which is signed too.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What all names begin with: empty, or a folder's name.
    pub prefix: String,
    /// Whether the bucket stands in the path, as with stores that have no name for each bucket.
    pub path_style: bool,
    /// Who asks.
    pub key: String,
}

impl S3Address {
    /// The bucket and the prefix of `s3://bucket/prefix`.
    pub fn of(to: &str) -> Option<(String, String)> {
        let (bucket, prefix) =
            to.strip_prefix("s3://")?.split_once('/').unwrap_or((to.strip_prefix("s3://")?, ""));
        let plain = |text: &str| {
            text.chars().all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_' | '.'))
        };
        let is_name = |text: &str| !text.is_empty() && text != "." && text != ".." && plain(text);
        let prefix = prefix.trim_end_matches('/');
        let good = is_name(bucket) && (prefix.is_empty() || prefix.split('/').all(is_name));
        good.then(|| (bucket.to_owned(), prefix.to_owned()))
    }

    fn bucket(&self) -> Result<Bucket, PlaceError> {
        let no_address =
            |why: String| PlaceError::NoAddress(format!("{:?} is no store's address: {why}", self.endpoint));
        let endpoint: Url =
            self.endpoint.parse().map_err(|error: url::ParseError| no_address(error.to_string()))?;
        // What is sent is encrypted already; but whoever reads a signed address on the way could use it for its minutes.
        let is_here = match endpoint.host() {
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if endpoint.scheme() != "https" && !is_here {
            return Err(no_address("write https://; http is taken for this very machine alone".to_owned()));
        }
        let style = if self.path_style { UrlStyle::Path } else { UrlStyle::VirtualHost };
        Bucket::new(endpoint, style, self.bucket.clone(), self.region.clone())
            .map_err(|error| no_address(error.to_string()))
    }
}

/// A store, with the secret by which it knows the school. Printing it shows no secret.
#[derive(Clone)]
pub struct S3 {
    bucket: Bucket,
    prefix: String,
    key: String,
    secret: Private<String>,
    sender: Sender,
    clock: Clock,
    part_bytes: usize,
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "S3({})", self.words())
    }
}

impl S3 {
    /// The store at an address.
    pub fn at(
        address: &S3Address,
        secret: Private<String>,
        roots: Roots,
        patience: Patience,
        clock: Clock,
    ) -> Result<Self, PlaceError> {
        let prefix = if address.prefix.is_empty() { String::new() } else { format!("{}/", address.prefix) };
        Ok(Self {
            bucket: address.bucket()?,
            prefix,
            key: address.key.clone(),
            secret,
            sender: Sender { patience, roots },
            clock,
            part_bytes: PART_BYTES,
        })
    }

    /// The same with parts of another length.
    #[must_use]
    pub fn with_parts_of(self, part_bytes: usize) -> Self {
        Self { part_bytes: part_bytes.max(1), ..self }
    }

    pub(super) fn words(&self) -> String {
        let host = self.bucket.base_url().host_str().unwrap_or_default();
        format!("s3://{}/{} at {host}", self.bucket.name(), self.prefix)
    }

    fn credentials(&self) -> Credentials {
        Credentials::new(self.key.clone(), self.secret.reveal().clone())
    }

    fn object(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Sends, again and again where it may help, and gives the answer where it is a good one. The address is signed anew for each
    /// try, since a signature ends.
    async fn ask(
        &self,
        method: Method,
        sign: &(dyn Fn(&jiff::Timestamp) -> Url + Send + Sync),
        body: Bytes,
    ) -> Result<Answer, PlaceError> {
        let mut pause = self.sender.patience.pause;
        let mut tries = 0;
        loop {
            let now = jiff::Timestamp::from_millisecond(self.clock.now().as_millis()).unwrap_or_default();
            let url = sign(&now);
            let error = match self.sender.send(&method, &url, body.clone()).await {
                Ok(answer) if (200..300).contains(&answer.status) => return Ok(answer),
                Ok(answer) => refused(url.host_str().unwrap_or_default(), answer).await,
                Err(error) => error,
            };
            if tries >= self.sender.patience.again || !helps_to_wait(&error) {
                return Err(error);
            }
            tries += 1;
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
    }

    pub(super) async fn prepare(&self, mark: &str) -> Result<(), PlaceError> {
        // Whatever a back-up will need is tried now, while a person looks on.
        let trial = format!("{mark}.trial");
        self.put_small(&trial, b"A trial.\n").await?;
        if self.small(&trial).await?.as_deref() != Some(b"A trial.\n") {
            return Err(PlaceError::Differs { name: trial });
        }
        self.names(&trial).await?;
        self.remove(&trial).await?;
        self.put_small(
            mark,
            b"Fivebar keeps back-ups of a school here, and writes none where this file is missing.\n",
        )
        .await
    }

    /// All names that begin with that.
    pub(super) async fn names(&self, begin: &str) -> Result<Vec<String>, PlaceError> {
        let credentials = self.credentials();
        let begin = self.object(begin);
        let (mut names, mut token) = (Vec::new(), None::<String>);
        for _ in 0..MOST_PAGES {
            let sign = |now: &jiff::Timestamp| {
                let mut list = self.bucket.list_objects_v2(Some(&credentials));
                list.with_prefix(begin.as_str());
                if let Some(token) = &token {
                    list.with_continuation_token(token.as_str());
                }
                list.sign_with_time(HOLDS, now)
            };
            let text = self.ask(Method::GET, &sign, Bytes::new()).await?.text(LONGEST_XML).await?;
            let text = in_the_namespace(&String::from_utf8_lossy(&text));
            let listed = ListObjectsV2::parse_response(&text).map_err(|error| self.not_understood(&error))?;
            names.extend(
                listed
                    .contents
                    .into_iter()
                    .filter_map(|one| one.key.strip_prefix(&self.prefix).map(str::to_owned)),
            );
            token = listed.next_continuation_token;
            if token.is_none() {
                return Ok(names);
            }
        }
        Err(self.not_understood(&"it names more and more"))
    }

    fn not_understood(&self, why: &dyn std::fmt::Display) -> PlaceError {
        let host = self.bucket.base_url().host_str().unwrap_or_default().to_owned();
        PlaceError::NotUnderstood { host, why: why.to_string() }
    }

    async fn open(&self, name: &str) -> Result<Answer, PlaceError> {
        let (credentials, object) = (self.credentials(), self.object(name));
        let sign = |now: &jiff::Timestamp| {
            self.bucket.get_object(Some(&credentials), &object).sign_with_time(HOLDS, now)
        };
        self.ask(Method::GET, &sign, Bytes::new()).await
    }

    pub(super) async fn small(&self, name: &str) -> Result<Option<Vec<u8>>, PlaceError> {
        match self.open(name).await {
            Ok(answer) => Ok(Some(answer.text(LONGEST_SMALL).await?)),
            Err(PlaceError::Refused { status: 404, code, .. }) if code != "NoSuchBucket" => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn put_small(&self, name: &str, text: &[u8]) -> Result<(), PlaceError> {
        let (credentials, object) = (self.credentials(), self.object(name));
        let sign = |now: &jiff::Timestamp| {
            self.bucket.put_object(Some(&credentials), &object).sign_with_time(HOLDS, now)
        };
        self.ask(Method::PUT, &sign, Bytes::copy_from_slice(text)).await?.text(LONGEST_XML).await.map(drop)
    }

    pub(super) async fn remove(&self, name: &str) -> Result<(), PlaceError> {
        let (credentials, object) = (self.credentials(), self.object(name));
        let sign = |now: &jiff::Timestamp| {
            self.bucket.delete_object(Some(&credentials), &object).sign_with_time(HOLDS, now)
        };
        match self.ask(Method::DELETE, &sign, Bytes::new()).await {
            Ok(answer) => answer.text(LONGEST_XML).await.map(drop),
            Err(PlaceError::Refused { status: 404, code, .. }) if code != "NoSuchBucket" => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn put(
        &self,
        name: &str,
        file: &Path,
        bytes: u64,
        watch: Watch<'_>,
    ) -> Result<(), PlaceError> {
        let failed = |source| PlaceError::File { path: file.to_owned(), source };
        let source = File::open(file).map_err(failed)?;
        // Longer parts where there would be too many.
        let part_bytes =
            self.part_bytes.max(usize::try_from(bytes.div_ceil(MOST_PARTS)).unwrap_or(usize::MAX));
        let mut next = || -> Result<Bytes, PlaceError> {
            let mut part = Vec::with_capacity(part_bytes.min(usize::try_from(bytes).unwrap_or(part_bytes)));
            (&source).take(part_bytes as u64).read_to_end(&mut part).map_err(failed)?;
            Ok(Bytes::from(part))
        };
        if bytes <= part_bytes as u64 {
            self.put_small(name, &next()?).await?;
            watch(Progress::Sending(bytes, bytes));
            return Ok(());
        }
        let upload = self.begin(name).await?;
        let sent = self.send_parts(name, &upload, &mut next, bytes, watch).await;
        if sent.is_err() {
            // Parts that nobody wants are kept, and paid for, until they are told off.
            let (credentials, object) = (self.credentials(), self.object(name));
            let sign = |now: &jiff::Timestamp| {
                let abort = self.bucket.abort_multipart_upload(Some(&credentials), &object, &upload);
                abort.sign_with_time(HOLDS, now)
            };
            let _ = self.ask(Method::DELETE, &sign, Bytes::new()).await;
        }
        sent
    }

    async fn begin(&self, name: &str) -> Result<String, PlaceError> {
        let (credentials, object) = (self.credentials(), self.object(name));
        let sign = |now: &jiff::Timestamp| {
            self.bucket.create_multipart_upload(Some(&credentials), &object).sign_with_time(HOLDS, now)
        };
        let text = self.ask(Method::POST, &sign, Bytes::new()).await?.text(LONGEST_XML).await?;
        let text = in_the_namespace(&String::from_utf8_lossy(&text));
        let begun =
            CreateMultipartUpload::parse_response(&text).map_err(|error| self.not_understood(&error))?;
        Ok(begun.upload_id().to_owned())
    }

    async fn send_parts(
        &self,
        name: &str,
        upload: &str,
        next: &mut (dyn FnMut() -> Result<Bytes, PlaceError> + Send),
        bytes: u64,
        watch: Watch<'_>,
    ) -> Result<(), PlaceError> {
        let (credentials, object) = (self.credentials(), self.object(name));
        let (mut tags, mut sent) = (Vec::new(), 0u64);
        for number in 1..=u16::MAX {
            let part = next()?;
            if part.is_empty() {
                break;
            }
            let sign = |now: &jiff::Timestamp| {
                let part = self.bucket.upload_part(Some(&credentials), &object, number, upload);
                part.sign_with_time(HOLDS, now)
            };
            sent += part.len() as u64;
            let answer = self.ask(Method::PUT, &sign, part).await?;
            let tag =
                answer.etag.clone().ok_or_else(|| self.not_understood(&"it names no ETag of a part"))?;
            answer.text(LONGEST_XML).await?;
            tags.push(tag);
            watch(Progress::Sending(sent, bytes));
        }
        let complete = || {
            let tags = tags.iter().map(String::as_str);
            self.bucket.complete_multipart_upload(Some(&credentials), &object, upload, tags)
        };
        let sign = |now: &jiff::Timestamp| complete().sign_with_time(HOLDS, now);
        let answer = self.ask(Method::POST, &sign, Bytes::from(complete().body())).await?;
        // A store may say 200 and then, in the text, that it failed.
        let text = answer.text(LONGEST_XML).await?;
        let text = String::from_utf8_lossy(&text);
        match word(&text, "Code") {
            Some(code) if text.contains("<Error") => Err(self.not_understood(&code)),
            _ => Ok(()),
        }
    }

    /// Reads all of it.
    pub(super) async fn sum(&self, name: &str, bytes: u64, watch: Watch<'_>) -> Result<Sum, PlaceError> {
        self.read(name, None, bytes, watch).await
    }

    pub(super) async fn get(
        &self,
        name: &str,
        to: &Path,
        bytes: u64,
        watch: Watch<'_>,
    ) -> Result<Sum, PlaceError> {
        let failed = |source| PlaceError::File { path: to.to_owned(), source };
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(to).map_err(failed)?;
        let sum = self.read(name, Some((&mut file, to)), bytes, watch).await?;
        file.sync_all().map_err(failed)?;
        Ok(sum)
    }

    async fn read(
        &self,
        name: &str,
        mut to: Option<(&mut File, &Path)>,
        bytes: u64,
        watch: Watch<'_>,
    ) -> Result<Sum, PlaceError> {
        let mut answer = self.open(name).await?;
        if answer.length.is_some_and(|length| length > bytes) {
            return Err(PlaceError::Damaged { name: name.to_owned() });
        }
        let (mut hash, mut done) = (Sha256::new(), 0u64);
        while let Some(piece) = answer.piece().await? {
            done += piece.len() as u64;
            if done > bytes {
                return Err(PlaceError::Damaged { name: name.to_owned() });
            }
            hash.update(&piece);
            if let Some((file, path)) = &mut to {
                let failed = |source| PlaceError::File { path: path.to_owned(), source };
                file.write_all(&piece).map_err(failed)?;
            }
            watch(Progress::Reading(done, bytes));
        }
        Ok((hex(&hash.finalize()), done))
    }
}

/// What the store says no with.
async fn refused(host: &str, answer: Answer) -> PlaceError {
    let status = answer.status;
    let text = answer.text(LONGEST_XML).await.unwrap_or_default();
    let code = word(&String::from_utf8_lossy(&text), "Code").unwrap_or_default();
    PlaceError::Refused { host: host.to_owned(), status, code }
}

/// The namespace of S3's answers.
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// An answer whose first element is in S3's namespace: stores that others wrote name another, or none.
fn in_the_namespace(text: &str) -> String {
    let begins = text.match_indices('<').map(|(place, _)| place + 1).find(|place| {
        text.get(*place..).is_some_and(|rest| rest.starts_with(|sign: char| sign.is_ascii_alphabetic()))
    });
    let parts = begins.and_then(|begins| {
        let (before, element) = text.split_at_checked(begins)?;
        let ends = element.find('>')?;
        let (head, rest) = element.split_at_checked(ends)?;
        // `<Name/>` has nothing in it that anybody reads.
        let name = head.split(|sign: char| !sign.is_ascii_alphanumeric()).next()?;
        (!head.ends_with('/')).then(|| format!("{before}{name} xmlns=\"{NAMESPACE}\"{rest}"))
    });
    parts.unwrap_or_else(|| text.to_owned())
}

/// A word of S3's own in an answer: letters alone, so that no page of somebody else's gets into an error.
fn word(text: &str, element: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{element}>"))?;
    let (word, _) = rest.split_once('<')?;
    (word.len() <= 64 && word.chars().all(|sign| sign.is_ascii_alphanumeric())).then(|| word.to_owned())
}

/// Whether trying again may come to something else.
fn helps_to_wait(error: &PlaceError) -> bool {
    match error {
        PlaceError::NotReached { .. } | PlaceError::Silent { .. } => true,
        PlaceError::Refused { status, .. } => *status >= 500 || *status == 429,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(endpoint: &str) -> S3Address {
        S3Address {
            endpoint: endpoint.to_owned(),
            region: "eu-west-2".to_owned(),
            bucket: "school".to_owned(),
            prefix: "fivebar".to_owned(),
            path_style: true,
            key: "KEY".to_owned(),
        }
    }

    #[test]
    fn a_store_is_named_by_bucket_and_folder_and_nothing_climbs_out_of_it() {
        for (to, named) in [
            ("s3://school", Some(("school", ""))),
            ("s3://school/", Some(("school", ""))),
            ("s3://school/fivebar/one/", Some(("school", "fivebar/one"))),
            ("s3://", None),
            ("s3://school/../other", None),
            ("s3://school//x", None),
            ("s3://school/a?b", None),
            ("/srv/disk", None),
        ] {
            let named = named.map(|(bucket, prefix)| (bucket.to_owned(), prefix.to_owned()));
            assert_eq!(S3Address::of(to), named, "{to}");
        }
    }

    #[test]
    fn a_store_is_spoken_to_over_tls_unless_it_is_on_this_machine() {
        for (endpoint, good) in [
            ("https://s3.eu-west-2.amazonaws.com", true),
            ("http://127.0.0.1:9000", true),
            ("http://localhost:9000", true),
            ("http://store.school.example", false),
            ("ftp://store.school.example", false),
            ("store.school.example", false),
        ] {
            assert_eq!(address(endpoint).bucket().is_ok(), good, "{endpoint}");
        }
    }

    #[test]
    fn an_answer_is_read_whatever_namespace_a_store_names() {
        let body =
            "<Name>school</Name><KeyCount>1</KeyCount><Contents><Key>a</Key></Contents></ListBucketResult>";
        for head in [
            "<?xml version=\"1.0\"?>\n<ListBucketResult>",
            "<ListBucketResult xmlns=\"http://doc.s3.amazonaws.com/2006-03-01/\">",
            "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">",
        ] {
            let text = in_the_namespace(&format!("{head}{body}"));
            let listed = ListObjectsV2::parse_response(&text).unwrap();
            assert_eq!(listed.contents[0].key, "a", "{head}");
        }
        for odd in ["", "<", "<a", "no answer", "<a/>"] {
            assert_eq!(in_the_namespace(odd), odd);
        }
    }

    #[test]
    fn printing_a_store_shows_no_secret() {
        let secret = Private::new("whispered".to_owned());
        let store = S3::at(
            &address("https://s3.example"),
            secret,
            Roots::System,
            Patience::default(),
            Clock::default(),
        )
        .unwrap();
        let shown = format!("{store:?}");
        assert!(shown.contains("s3://school/fivebar/ at s3.example"), "{shown}");
        assert!(!shown.contains("whispered") && !shown.contains("KEY"), "{shown}");
    }
}
