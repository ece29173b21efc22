//! Takes the faces that documents are set in from the npm packages in `assets/node_modules`. Nothing of them is committed. `make` runs
//! `npm ci` in `assets/` first; a build without it ends with one plain sentence.

use std::fmt::Write as _;
use std::path::PathBuf;

/// What is written with the first face, then with the next where a sign is not in it.
const FACES: [&str; 4] = [
    "@expo-google-fonts/atkinson-hyperlegible-next/400Regular/AtkinsonHyperlegibleNext_400Regular.ttf",
    "@expo-google-fonts/atkinson-hyperlegible-next/700Bold/AtkinsonHyperlegibleNext_700Bold.ttf",
    "@expo-google-fonts/noto-sans/400Regular/NotoSans_400Regular.ttf",
    "@expo-google-fonts/noto-sans-arabic/400Regular/NotoSansArabic_400Regular.ttf",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_TYPST").is_none() {
        return;
    }
    if let Err(problem) = build() {
        println!("cargo::error={problem}");
    }
}

fn build() -> Result<(), String> {
    let env = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set; build with cargo"));
    let here = PathBuf::from(env("CARGO_MANIFEST_DIR")?).join("assets");
    let out = PathBuf::from(env("OUT_DIR")?);
    for watched in ["package-lock.json", "node_modules/.package-lock.json"] {
        println!("cargo::rerun-if-changed={}", here.join(watched).display());
    }
    let mut table = String::from("static FACES: &[&[u8]] = &[\n");
    for (number, face) in FACES.iter().enumerate() {
        let from = here.join("node_modules").join(face);
        let bytes = std::fs::read(&from).map_err(|error| {
            format!(
                "{} cannot be read ({error}). The faces of printed documents come from npm packages: run `make` once, or `npm ci` \
                 in platform/documents/assets, and build again.",
                from.display()
            )
        })?;
        let to = out.join(format!("face-{number}.ttf"));
        std::fs::write(&to, bytes).map_err(|error| format!("writing {}: {error}", to.display()))?;
        let _ = writeln!(table, "    include_bytes!({:?}),", to.display().to_string());
    }
    table.push_str("];\n");
    std::fs::write(out.join("faces.rs"), table)
        .map_err(|error| format!("writing the table of faces: {error}"))
}
