//! What a template can reach: itself, its data and our faces.

use std::sync::LazyLock;

use kit::{Private, Timestamp, Zone};
use serde_json::Value;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use crate::{DocumentError, Template};

include!(concat!(env!("OUT_DIR"), "/faces.rs"));

static FONTS: LazyLock<Vec<Font>> =
    LazyLock::new(|| FACES.iter().flat_map(|face| Font::iter(Bytes::new(*face))).collect());
static BOOK: LazyLock<LazyHash<FontBook>> =
    LazyLock::new(|| LazyHash::new(FontBook::from_fonts(FONTS.iter())));
static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));

/// Whether some face has a sign.
pub(crate) fn has_sign(sign: char) -> bool {
    FONTS.iter().any(|font| font.info().coverage.contains(sign.into()))
}

/// One template with its data.
struct OneDocument {
    main: Source,
    data: (FileId, Bytes),
}

impl World for OneDocument {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &BOOK
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() { Ok(self.main.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let (data, bytes) = &self.data;
        if id == *data { Ok(bytes.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        FONTS.get(index).cloned()
    }

    /// None: what a document says of time is in its data.
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

pub(crate) fn pdf(template: &Template, data: Value, at: Timestamp) -> Result<Vec<u8>, DocumentError> {
    let refused = |complaints| DocumentError::NotAccessible {
        name: template.name,
        complaints: Private::new(complaints),
    };
    let id = |path: &str| {
        let path = VirtualPath::new(path).map_err(|error| refused(vec![error.to_string()]))?;
        Ok(RootedPath::new(VirtualRoot::Project, path).intern())
    };
    let world = OneDocument {
        main: Source::new(id("main.typ")?, template.text.to_owned()),
        data: (id("data.json")?, Bytes::from_string(data.to_string())),
    };
    let standards = PdfStandards::new(&[PdfStandard::A_2a, PdfStandard::Ua_1])
        .map_err(|error| refused(vec![error.message().to_string()]))?;
    let moment = Zone::utc().local(at).civil();
    let part = |number: i8| u8::try_from(number).unwrap_or(0);
    let date = Datetime::from_ymd_hms(
        moment.year().into(),
        part(moment.month()),
        part(moment.day()),
        part(moment.hour()),
        part(moment.minute()),
        part(moment.second()),
    );
    let options = PdfOptions {
        creator: Smart::Custom(Some("Fivebar".to_owned())),
        timestamp: date.map(typst_pdf::Timestamp::new_utc),
        standards,
        ..PdfOptions::default()
    };
    let said = |all: &[SourceDiagnostic]| refused(all.iter().map(|one| one.message.to_string()).collect());
    let set = typst::compile(&world).output.map_err(|all| said(&all));
    let printed = set.and_then(|document| typst_pdf::pdf(&document, &options).map_err(|all| said(&all)));
    // What was worked out for this document is nobody's afterwards, and takes no memory.
    typst::comemo::evict(0);
    printed
}
