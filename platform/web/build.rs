//! Takes style, script and fonts of the pages from the npm packages in `assets/node_modules`, patches the style, and
//! refuses to go on when something that belongs to GOV.UK alone (its typeface, its crest) is left in it.
//!
//! Nothing of the packages is committed. `make` runs `npm ci` in `assets/` first; a build without it ends with one
//! plain sentence.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

const FRONTEND: &str = "govuk-frontend/dist/govuk";
const FONTS: &str = "@fontsource/atkinson-hyperlegible-next";
/// The parts of the face, which a browser fetches where a page has one of their signs: what English is written with, and what
/// Welsh and the languages of many homes have besides. The signs are those of the package's own style sheet.
const PARTS: [&str; 2] = ["latin", "latin-ext"];
/// The script that a browser runs beside the pages.
const WORKER: &str = "notices-worker.js";
const FAMILY: &str = "Atkinson Hyperlegible Next,arial,sans-serif";

fn main() {
    if let Err(problem) = build() {
        println!("cargo::error={problem}");
    }
}

/// Our own style without what it says to whoever reads it: nobody's phone needs that.
fn without_comments(style: &str) -> String {
    let mut parts = style.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + part.split_once("*/").map_or("", |(_, rest)| rest.trim_start()))
}

fn build() -> Result<(), String> {
    let here = PathBuf::from(env("CARGO_MANIFEST_DIR")?).join("assets");
    let out = PathBuf::from(env("OUT_DIR")?);
    for watched in [
        "fivebar.css",
        "fivebar.svg",
        "passkeys.js",
        "notices.js",
        "worker.js",
        "package-lock.json",
        "node_modules/.package-lock.json",
    ] {
        println!("cargo::rerun-if-changed={}", here.join(watched).display());
    }
    println!("cargo::rerun-if-changed=build.rs");

    let modules = here.join("node_modules");
    let script = read(&modules.join(FRONTEND).join("govuk-frontend.min.js"))?;
    let style = patched(&text(read(&modules.join(FRONTEND).join("govuk-frontend.min.css"))?)?)?;
    let own = without_comments(&text(read(&here.join("fivebar.css"))?)?);

    let icon = read(&here.join("fivebar.svg"))?;

    let mut files = Vec::new();
    let mut faces = String::new();
    for weight in [400, 700] {
        let sheet = text(read(&modules.join(FONTS).join(format!("{weight}.css")))?)?;
        for part in PARTS {
            let file = format!("atkinson-hyperlegible-next-{part}-{weight}-normal.woff2");
            let signs = signs_of(&sheet, &file).ok_or_else(|| {
                format!("{FONTS} does not say for which signs {file} is: look at what has changed before changing build.rs")
            })?;
            let content = read(&modules.join(FONTS).join("files").join(&file))?;
            let name =
                add(&mut files, &out, &format!("atkinson-{part}-{weight}"), "woff2", "font/woff2", &content)?;
            let _ = write!(
                faces,
                "@font-face{{font-family:Atkinson Hyperlegible Next;font-style:normal;font-weight:{weight};\
                 font-display:fallback;src:url(/assets/{name}) format(\"woff2\");unicode-range:{signs}}}"
            );
        }
    }
    // One file, so that a page is few requests.
    let script = without_source_map(&text(script)?)
        + &text(read(&here.join("passkeys.js"))?)?
        + &text(read(&here.join("notices.js"))?)?;
    let script =
        add(&mut files, &out, "components", "js", "text/javascript; charset=utf-8", script.as_bytes())?;
    let whole = format!("{faces}{style}\n{own}");
    let style = add(&mut files, &out, "fivebar", "css", "text/css; charset=utf-8", whole.as_bytes())?;

    let icon = add(&mut files, &out, "fivebar", "svg", "image/svg+xml", &icon)?;

    // A browser asks for it again by the name that it was given once.
    let worker = read(&here.join("worker.js"))?;
    add_named(&mut files, &out, WORKER, "text/javascript; charset=utf-8", &worker)?;

    let mut table = format!(
        "/// The style sheet's file name.\npub const STYLE: &str = {style:?};\n\
         /// The script's file name.\npub const SCRIPT: &str = {script:?};\n\
         /// The icon's file name.\npub const ICON: &str = {icon:?};\n\
         /// The file name of what shows notices where no page is open.\npub const WORKER: &str = {WORKER:?};\n\
         pub(crate) static FILES: &[File] = &[\n"
    );
    for (name, kind, path) in &files {
        let small = if kind.starts_with("font/") {
            "None".to_owned()
        } else {
            format!("Some(include_bytes!({:?}).as_slice())", format!("{path}.gz"))
        };
        let _ = writeln!(table, "    ({name:?}, {kind:?}, include_bytes!({path:?}), {small}),");
    }
    table.push_str("];\n");
    fs::write(out.join("assets.rs"), table).map_err(|error| format!("writing the table of assets: {error}"))
}

fn env(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} is not set; build with cargo"))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| {
        format!(
            "{} cannot be read ({error}). The pages' style and fonts come from npm packages: run `make` once, \
             or `npm ci` in platform/web/assets, and build again.",
            path.display()
        )
    })
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "a style or script file is not UTF-8".to_owned())
}

/// The upstream style sheet without GOV.UK's typeface and crest.
fn patched(css: &str) -> Result<String, String> {
    let mut css = without_source_map(css);
    let mut faces = 0;
    while let Some(at) = css.find("@font-face{") {
        let end = css.get(at..).and_then(|rest| rest.find('}')).ok_or("a font face without an end")?;
        css.replace_range(at..=at + end, "");
        faces += 1;
    }
    if faces != 2 {
        return Err(format!(
            "govuk-frontend's style sheet has {faces} @font-face blocks and not 2: look at what has changed before \
             changing build.rs"
        ));
    }
    let mut css = css.replace("GDS Transport,arial,sans-serif", FAMILY);
    const CREST: &str = ".govuk-footer__copyright-logo:before{";
    while let Some(at) = css.find(CREST) {
        let end = css.get(at..).and_then(|rest| rest.find('}')).ok_or("a rule without an end")?;
        css.replace_range(at..=at + end, "");
    }
    for left in ["GDS", "govuk-crest", "url("] {
        if let Some(at) = css.find(left) {
            let around: String = css.chars().skip(at.saturating_sub(40)).take(120).collect();
            return Err(format!(
                "{left:?} is left in the style sheet after patching, near {around:?}; it must not be embedded"
            ));
        }
    }
    Ok(css)
}

fn without_source_map(file: &str) -> String {
    let end = file.rfind("/*# sourceMappingURL").or_else(|| file.rfind("//# sourceMappingURL"));
    end.and_then(|end| file.get(..end)).unwrap_or(file).to_owned()
}

/// The signs for which a file of the face is, as the package's style sheet says.
fn signs_of(sheet: &str, file: &str) -> Option<String> {
    let face = sheet.split("@font-face").find(|face| face.contains(&format!("/{file}")))?;
    let signs = face.split("unicode-range:").nth(1)?.split(';').next()?.trim();
    let is_plain = signs.chars().all(|sign| sign.is_ascii_alphanumeric() || "+,- ".contains(sign));
    (is_plain && !signs.is_empty()).then(|| signs.replace(' ', ""))
}

/// Writes one file under a name that carries its content's hash, so that browsers may keep it for ever.
fn add(
    files: &mut Vec<(String, String, String)>,
    out: &Path,
    stem: &str,
    extension: &str,
    kind: &str,
    content: &[u8],
) -> Result<String, String> {
    // FNV-1a: a name for a version, not a protection.
    let hash = content.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let name = format!("{stem}-{hash:016x}.{extension}");
    add_named(files, out, &name, kind, content)?;
    Ok(name)
}

/// Writes one file under that name.
fn add_named(
    files: &mut Vec<(String, String, String)>,
    out: &Path,
    name: &str,
    kind: &str,
    content: &[u8],
) -> Result<(), String> {
    let path = out.join(name);
    let written = |error| format!("writing {}: {error}", path.display());
    fs::write(&path, content).map_err(written)?;
    if !kind.starts_with("font/") {
        // Once, here, so that serving it costs nothing.
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let packed = packed.write_all(content).and_then(|()| packed.finish()).map_err(written)?;
        fs::write(out.join(format!("{name}.gz")), packed).map_err(written)?;
    }
    files.push((name.to_owned(), kind.to_owned(), path.display().to_string()));
    Ok(())
}
